/* SPDX-License-Identifier: Apache-2.0 */
/* trial.c -- from a result to a verdict. */
#include "sim/chaos/trial.h"

#include "sim/report/judge.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_fault(const struct scenario *scenario, enum scenario_fault_kind kind, bool for_good)
{
    for (size_t i = 0; i < scenario->fault_count; i++) {
        const struct scenario_fault *fault = &scenario->faults[i];

        if (fault->kind == kind && (!for_good || fault->restart_after == SCENARIO_FOREVER)) {
            return true;
        }
    }
    return false;
}

static void fail(struct trial *trial, enum trial_verdict verdict, const char *id, const char *text)
{
    trial->verdict = verdict;
    (void)snprintf(trial->id, sizeof trial->id, "%s", id);
    (void)snprintf(trial->message, sizeof trial->message, "%s", text);
}

/* The rule by which this guest need not run; NONE: there is none. */
static enum trial_rule rule_for(const struct scenario *scenario, enum scenario_place place)
{
    const bool reinstalled = has_fault(scenario, SCENARIO_FAULT_HOST_REINSTALL, false);
    const bool crashed = has_fault(scenario, SCENARIO_FAULT_HOST_CRASH, false) ||
                         has_fault(scenario, SCENARIO_FAULT_HOST_CRASH_KEPT, false);

    if (place == SCENARIO_PLACE_LOST && (crashed || reinstalled)) {
        return TRIAL_RULE_HOST_CRASHED;
    }
    if (reinstalled) {
        return TRIAL_RULE_JOURNAL_LOST;
    }
    return has_fault(scenario, SCENARIO_FAULT_HOST_CRASH, true) ? TRIAL_RULE_HOST_GONE
                                                                : TRIAL_RULE_NONE;
}

static void judge_guests(const struct sim_result *result, struct trial *trial)
{
    const struct scenario *scenario = result->scenario;
    char text[160];

    for (size_t i = 0; i < scenario->guest_count && trial->verdict != TRIAL_VIOLATED; i++) {
        const enum scenario_place place = result->guests[i].place;

        if (place == SCENARIO_PLACE_RUNNING) {
            continue;
        }
        trial->verdict = TRIAL_UNWINNABLE;
        trial->rule = rule_for(scenario, place);
        if (trial->rule == TRIAL_RULE_NONE) {
            (void)snprintf(
                text,
                sizeof text,
                "guest %s does not run at the end, and no fault says why",
                scenario->guests[i].name);
            fail(trial, TRIAL_VIOLATED, "end", text);
        }
    }
}

static void judge_ends(const struct sim_result *result, struct trial *trial)
{
    for (size_t i = 0; i < result->migration_count && trial->verdict != TRIAL_VIOLATED; i++) {
        const enum ferry_outcome_kind kind = result->migrations[i].outcome.kind;

        if (kind == FERRY_OUTCOME_NONE) {
            fail(trial, TRIAL_VIOLATED, "end", "a migration has not ended");
        } else if (kind == FERRY_OUTCOME_UNKNOWN) {
            trial->verdict = TRIAL_UNWINNABLE;
            trial->rule = rule_for(result->scenario, SCENARIO_PLACE_PAUSED);
            if (trial->rule == TRIAL_RULE_NONE) {
                fail(
                    trial,
                    TRIAL_VIOLATED,
                    "end",
                    "what became of a migration is unknown, and no fault says why");
            }
        }
    }
}

void trial_judge(const struct sim_result *result, struct trial *trial)
{
    *trial = (struct trial){
        .hash = result->hash,
        .events = result->events,
        .virtual_ns = result->virtual_ns,
        .migrations = (uint32_t)result->migration_count,
    };
    for (size_t i = 0; i < result->migration_count; i++) {
        trial->outcomes[result->migrations[i].outcome.kind]++;
    }
    if (result->verdict != SIM_VERDICT_PASS && result->failure_count > 0) {
        const struct sim_failure_note *first = &result->failures[0];

        fail(
            trial,
            result->verdict == SIM_VERDICT_ERROR ? TRIAL_BROKEN : TRIAL_VIOLATED,
            first->id,
            first->message);
        trial->at_ns = first->at_ns;
        return;
    }
    trial->at_ns = result->virtual_ns;
    judge_ends(result, trial);
    judge_guests(result, trial);
}

bool trial_run(
    const struct scenario *scenario, const struct trial_options *options, struct trial *trial)
{
    const struct sim_run_options run_options = {
        .seed = options->seed,
        .network = options->network,
        .reseed_event = options->reseed_event,
        .reseed = options->reseed,
        .event_limit = TRIAL_EVENTS_MAX,
    };
    struct sim_result result;

    sim_result_init(&result, scenario, options->seed);
    result.log = options->log;
    const bool begun = options->run(scenario, &run_options, &result) == 0;

    if (begun) {
        sim_judge(&result);
        trial_judge(&result, trial);
    }
    sim_result_deinit(&result);
    return begun;
}

int64_t trial_log_time(const char *line)
{
    const char *text = strchr(line, ' ');
    char *end = NULL;

    if (text == NULL) {
        return 0;
    }
    int64_t ns = strtoll(text, &end, 10) * INT64_C(1000000000);

    if (*end == '.') {
        int64_t scale = INT64_C(100000000);

        for (end++; *end >= '0' && *end <= '9'; end++) {
            ns += (*end - '0') * scale;
            scale /= 10;
        }
    }
    return ns;
}

const char *trial_verdict_name(enum trial_verdict verdict)
{
    switch (verdict) {
    case TRIAL_OK: return "ok";
    case TRIAL_UNWINNABLE: return "unwinnable";
    case TRIAL_VIOLATED: return "violated";
    case TRIAL_BROKEN: return "broken";
    case TRIAL_VERDICTS: break;
    }
    return "?";
}

const char *trial_rule_text(enum trial_rule rule)
{
    switch (rule) {
    case TRIAL_RULE_NONE: return "";
    case TRIAL_RULE_HOST_CRASHED: return "a guest died with the host that it ran on";
    case TRIAL_RULE_JOURNAL_LOST:
        return "a host lost its journal after the grant: only an operator can decide";
    case TRIAL_RULE_HOST_GONE: return "the host that knows does not come back";
    case TRIAL_RULES: break;
    }
    return "?";
}

/* ---- the same failure ---- */

/* `E1`: the message begins with `file:line: `, and its number is its place in the file. */
bool trial_is_expectation(const struct trial *trial)
{
    return trial->id[0] == 'E' && isdigit((unsigned char)trial->id[1]) != 0;
}

static const char *text_of(const struct trial *trial)
{
    if (!trial_is_expectation(trial)) {
        return trial->message;
    }
    const char *space = strstr(trial->message, ": ");

    return space == NULL ? trial->message : space + 2;
}

static const char *skip_number(const char *text)
{
    static const char *const units[] = {" ns", " us", " ms", " s", " min", " h"};

    while (isdigit((unsigned char)*text) != 0 ||
           (*text == '.' && isdigit((unsigned char)text[1]) != 0)) {
        text++;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        const size_t length = strlen(units[i]);

        if (strncmp(text, units[i], length) == 0 && isalnum((unsigned char)text[length]) == 0) {
            return text + length;
        }
    }
    return text;
}

bool trial_same_failure(const struct trial *one, const struct trial *other)
{
    const char *left = text_of(one);
    const char *right = text_of(other);

    if (one->verdict != other->verdict ||
        trial_is_expectation(one) != trial_is_expectation(other) ||
        (!trial_is_expectation(one) && strcmp(one->id, other->id) != 0)) {
        return false;
    }
    while (*left != '\0' && *right != '\0') {
        if (isdigit((unsigned char)*left) != 0 && isdigit((unsigned char)*right) != 0) {
            left = skip_number(left);
            right = skip_number(right);
        } else if (*left == *right) {
            left++;
            right++;
        } else {
            return false;
        }
    }
    return *left == *right;
}
