/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lab.h -- an experiment: a scenario as text, run whole, and its numbers beside the closed forms of model/oracle.h.
 *
 * Each run has a process of its own (SimGrid permits one engine a process) and gives back plain numbers. A run in which
 * the scenario is invalid or an invariant does not hold fails the test: a number of a broken run proves nothing.
 *
 * What a closed form leaves out and a real protocol has, so that the two can be compared to one page a round:
 * - a page on the wire is its 4096 bytes and its share of the framing: lab_copy() takes the average of the run itself,
 *   and framing_test.c holds that average to the 8 bytes which are allowed;
 * - after the last batch of a round the barrier goes to the target and its acknowledgement comes back before the next
 *   collection: LAB_DEAD_BYTES of link time even at latency 0, in which the guest dirties and no page is sent. This is
 *   dead_s. The collection, the decision and the pause itself take no time with `costs: none`.
 */
#ifndef FERRY_TESTS_SIM_ORACLE_LAB_H
#define FERRY_TESTS_SIM_ORACLE_LAB_H

#include "ferry/outcome.h"
#include "model/oracle.h"
#include "sim/world/world.h"

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define LAB_PAGE 4096.0
/* The barrier's frame one way and the acknowledgement the other way. */
#define LAB_DEAD_BYTES     68.0
#define LAB_ROUNDS_MAX     FERRY_ROUNDS_KEPT
#define LAB_MIGRATIONS_MAX 8U

struct lab_migration {
    enum ferry_outcome_kind outcome;
    enum ferry_rule rule;
    enum ferry_rule cause;
    int64_t started_at_ns;
    int64_t total_ns;
    int64_t blackout_ns;
    uint64_t wire_bytes;
    uint32_t round_count;
    struct ferry_round rounds[LAB_ROUNDS_MAX];
};

struct lab_run {
    bool done;
    enum sim_verdict verdict;
    char failure[256]; /* the first one: "I3: ..." */
    size_t migration_count;
    struct lab_migration migrations[LAB_MIGRATIONS_MAX];
};

struct lab_options {
    enum sim_network network;
    uint64_t seed; /* 0: 1 */
    bool may_fail; /* the caller looks at verdict and failure */
};

/* Both networks, for loops: the same must come out on each. */
extern const enum sim_network lab_networks[2];

/* Runs it; the result is valid until the next call. */
const struct lab_run *lab_run(const struct lab_options *options, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* cmocka's group setup: what SimGrid does once is paid for once. */
int lab_prepare(void **unused);

/* The average framing of a page, all rounds together; bytes. */
double lab_framing(const struct lab_migration *migration);
/* Pages of round 0 that crossed the link as data. */
double lab_first_pages(const struct lab_migration *migration);
/* The oracle's view of this migration over a link of so many bytes a second. */
struct model_oracle_copy lab_copy(const struct lab_migration *migration, double bytes_per_second);

/* Rounds as the oracle iterates them, from round 0's pages on; each with the framing that a page of this very round has
 * (a dense round takes a tenth of a sparse one's). Fails the test unless each round has as many pages as the oracle's,
 * within one page for each round so far: a round is a whole number of pages, and what it is off makes the next one
 * longer, times `steepness`, the largest pages dirtied while a page is sent. */
void lab_check_rounds(
    const struct lab_migration *migration,
    double bytes_per_second,
    model_oracle_dirty dirty,
    const void *guest,
    double steepness);

/* Fails the test, with `what` and `index` in the message, unless value is within slack of expected. */
void lab_within(double value, double expected, double slack, const char *what, size_t index);

static inline double lab_seconds(int64_t ns)
{
    return (double)ns / 1e9;
}

#endif
