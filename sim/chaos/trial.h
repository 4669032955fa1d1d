/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trial.h -- one run under faults, and what it proves.
 *
 *   ok          everything that was expected holds, every guest runs, every migration has ended
 *   unwinnable  nothing was violated, and a guest does not run, or a migration cannot end, by a rule
 *               which is named; the world's checkers have verified its excuse
 *   violated    an invariant or an expectation does not hold, or something does not end and no rule
 *               says why
 *   broken      the run did not come to its end: the world gave up, or the process died
 * A time-out is no verdict: a run has a budget of events, and one that uses it up is broken.
 */
#ifndef FERRY_SIM_CHAOS_TRIAL_H
#define FERRY_SIM_CHAOS_TRIAL_H

#include "sim/world/world.h"

#include <stdbool.h>
#include <stdint.h>

typedef int trial_run_fn(
    const struct scenario *scenario,
    const struct sim_run_options *options,
    struct sim_result *result);

/* Events after which a run is given up as one that never ends: tiny runs have some thousands. */
#define TRIAL_EVENTS_MAX UINT64_C(200000)

enum trial_verdict {
    TRIAL_OK = 0,
    TRIAL_UNWINNABLE,
    TRIAL_VIOLATED,
    TRIAL_BROKEN,
    TRIAL_VERDICTS,
};

/* Why a run could not be won. */
enum trial_rule {
    TRIAL_RULE_NONE = 0,
    TRIAL_RULE_HOST_CRASHED, /* the guest died with the host that it ran on */
    TRIAL_RULE_JOURNAL_LOST, /* a journal was lost after the grant: only an operator can decide */
    TRIAL_RULE_HOST_GONE,    /* the only one that knows does not come back */
    TRIAL_RULES,
};

#define TRIAL_OUTCOMES     6 /* of enum ferry_outcome_kind, NONE too */
#define TRIAL_MESSAGE_SIZE 320

struct trial {
    enum trial_verdict verdict;
    enum trial_rule rule;
    char id[16]; /* of the first failure: "I3", "E1", "end", "error", "crash"; "" */
    char message[TRIAL_MESSAGE_SIZE];
    int64_t at_ns;
    uint64_t hash;
    uint64_t events;
    int64_t virtual_ns;
    uint32_t migrations;
    uint16_t outcomes[TRIAL_OUTCOMES];
};

struct trial_options {
    trial_run_fn *run;
    enum sim_network network;
    uint64_t seed;
    FILE *log;             /* NULL, or where its events go */
    uint64_t reseed_event; /* as in struct sim_run_options */
    uint64_t reseed;
};

/* Runs and judges in this process. false: the world could not begin. */
bool trial_run(
    const struct scenario *scenario, const struct trial_options *options, struct trial *trial);

/* Judges a run that has been made already. */
void trial_judge(const struct sim_result *result, struct trial *trial);

/* The instant in a line of a log of events: `number seconds side ...`. */
int64_t trial_log_time(const char *line);

const char *trial_verdict_name(enum trial_verdict verdict); /* "violated" */
const char *trial_rule_text(enum trial_rule rule);          /* a sentence */

/*
 * Whether two failures are the same: their ids (an expectation's place in its file does not count),
 * and their messages without the numbers, names and places that change when a scenario does.
 */
bool trial_same_failure(const struct trial *one, const struct trial *other);

/* Whether it is an expectation that fails, and no invariant. */
bool trial_is_expectation(const struct trial *trial);

#endif
