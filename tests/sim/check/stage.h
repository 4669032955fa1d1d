/* SPDX-License-Identifier: Apache-2.0 */
/* stage.h -- a small cluster on which a test plays what a world would say: two guests of 100
 * pages, three hosts, guest 0 on
 * host 0 and guest 1 on host 1, both with epoch 1. What a test does not say about is in order. */
#ifndef FERRY_TESTS_SIM_CHECK_STAGE_H
#define FERRY_TESTS_SIM_CHECK_STAGE_H

#include "sim/check/check.h"

#include <stdio.h>
#include <string.h>

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define MS              FERRY_MILLISECOND

struct stage {
    struct sim_checks *checks;
    ferry_time_ns now;
};

static inline void say(struct stage *stage, struct sim_observation seen)
{
    seen.at_ns = stage->now;
    sim_checks_observe(stage->checks, &seen);
}

/* SAY(stage, GUEST_RUNNING, .guest = 0, .host = 1, .epoch = 2) */
#define SAY(stage, what, ...) \
    say((stage), (struct sim_observation){.kind = SIM_OBSERVED_##what, __VA_ARGS__})

static inline struct stage stage_begin(void)
{
    static const uint64_t pages[] = {100, 100};
    static const char *const guests[] = {"db1", "web1"};
    static const char *const hosts[] = {"h1", "h2", "h3"};
    const struct sim_check_context context = {
        .host_count = 3,
        .guest_count = 2,
        .guest_pages = pages,
        .guest_names = guests,
        .host_names = hosts,
    };
    struct stage stage = {.checks = sim_checks_create(&context)};

    SAY(&stage, GUEST_RUNNING, .guest = 0, .host = 0, .epoch = 1);
    SAY(&stage, GUEST_RUNNING, .guest = 1, .host = 1, .epoch = 1);
    return stage;
}

/* ---- one migration: number 0, guest 0, from host 0 to host 1, limit 300 ms ---- */

static inline void stage_start(struct stage *stage)
{
    SAY(stage,
        MIGRATION_STARTED,
        .from = 0,
        .to = 1,
        .mode = FERRY_MODE_PRECOPY,
        .on_no_convergence = FERRY_GIVE_UP,
        .blackout_limit = 300 * MS,
        .bandwidth_cap = FERRY_RATE_UNLIMITED,
        .streams = 2,
        .drain = SIM_CHECK_NONE);
}

static inline void stage_pause(struct stage *stage, uint32_t attempt)
{
    SAY(stage, GUEST_STOPPED, .host = 0, .stop = SIM_STOP_PAUSED);
    SAY(stage, ATTEMPT_PAUSED, .attempt = attempt);
}

static inline void stage_abort(struct stage *stage, uint32_t attempt)
{
    SAY(stage, ATTEMPT_RESUMED, .attempt = attempt);
    SAY(stage, GUEST_RUNNING, .host = 0, .epoch = 1);
}

static inline void stage_compare(struct stage *stage, uint32_t attempt)
{
    SAY(stage,
        RESUMED_AT_TARGET,
        .attempt = attempt,
        .epoch = 2,
        .total_pages = 100,
        .compared_pages = 100,
        .source_state_digest = 7,
        .target_state_digest = 7);
}

static inline void stage_resume(struct stage *stage, uint32_t attempt)
{
    stage_compare(stage, attempt);
    SAY(stage, GUEST_RUNNING, .host = 1, .epoch = 2);
}

static inline void stage_trace(struct stage *stage, const struct ferry_trace_event *event)
{
    struct ferry_trace_event copy = *event;

    copy.at = stage->now;
    SAY(stage, TRACE, .trace = &copy);
}

/* TELL(stage, VERDICT, FERRY_DECIDE_SWITCH, FERRY_RULE_OPERATOR) */
#define TELL(stage, what, ...) \
    stage_trace(               \
        (stage), &(struct ferry_trace_event){.kind = FERRY_TRACE_##what, .field = {__VA_ARGS__}})

/* ---- what came of it ---- */

static inline size_t failures_of(const struct stage *stage, const char *id)
{
    size_t count = 0;

    for (size_t i = 0; i < sim_checks_failure_count(stage->checks); i++) {
        if (strcmp(sim_checks_failure(stage->checks, i)->id, id) == 0) {
            count++;
        }
    }
    return count;
}

/* `id` has failed `count` times, and, if it has, a message contains `words` (NULL: any). */
static inline void
expect_failures(const struct stage *stage, const char *id, size_t count, const char *words)
{
    bool said = words == NULL || count == 0;

    for (size_t i = 0; i < sim_checks_failure_count(stage->checks); i++) {
        const struct sim_failure *failure = sim_checks_failure(stage->checks, i);

        if (strcmp(failure->id, id) == 0) {
            if (count == 0) {
                print_error("%s: %s\n", failure->id, failure->message);
            }
            said = said || strstr(failure->message, words) != NULL;
        }
    }
    assert_int_equal(failures_of(stage, id), count);
    assert_true(said);
}

/* Ends the test's stage; nothing but `id` may have failed (NULL: nothing at all). */
static inline void stage_end(struct stage *stage, const char *id)
{
    for (size_t i = 0; i < sim_checks_failure_count(stage->checks); i++) {
        const struct sim_failure *failure = sim_checks_failure(stage->checks, i);

        if (id == NULL || strcmp(failure->id, id) != 0) {
            fail_msg("%s: %s", failure->id, failure->message);
        }
    }
    sim_checks_destroy(stage->checks);
}

#endif
