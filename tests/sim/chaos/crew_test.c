/* SPDX-License-Identifier: Apache-2.0 */
/* crew_test.c -- workers that die, hang and print; every job is reported once. */
#include "sim/chaos/crew.h"

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JOBS    200U
#define FIRST   1000U
#define CRASHES (FIRST + 17)
#define EXITS   (FIRST + 60)
#define HANGS   (FIRST + 100)

struct seen {
    bool misbehave;
    unsigned times[JOBS];
    struct trial trials[JOBS];
    unsigned count;
};

static void work(void *context, uint64_t job, struct trial *trial)
{
    const struct seen *seen = context;

    *trial = (struct trial){.verdict = TRIAL_OK, .events = job * 3};
    (void)printf("job %u\n", (unsigned)job);
    if (seen->misbehave && job == CRASHES) {
        (void)fprintf(stderr, "first line\nwhat the assert said\n");
        (void)signal(SIGABRT, SIG_DFL);
        abort();
    }
    if (seen->misbehave && job == EXITS) {
        _exit(9);
    }
    while (seen->misbehave && job == HANGS) {
        (void)pause();
    }
}

static void done(void *context, uint64_t job, const struct trial *trial)
{
    struct seen *seen = context;

    assert_in_range(job, FIRST, FIRST + JOBS - 1);
    seen->times[job - FIRST]++;
    seen->trials[job - FIRST] = *trial;
    seen->count++;
}

static struct crew_config config_for(struct seen *seen)
{
    struct crew_config config = {
        .workers = 3,
        .first = FIRST,
        .count = JOBS,
        .patience_s = 1,
        .context = seen,
        .work = work,
        .done = done,
    };

    (void)sigemptyset(&config.watched);
    (void)sigemptyset(&config.old_mask);
    return config;
}

static void every_job_is_done_once(void **unused)
{
    struct seen seen = {.misbehave = false};
    const struct crew_config config = config_for(&seen);

    (void)unused;
    assert_int_equal(crew_run(&config), 0);
    for (unsigned i = 0; i < JOBS; i++) {
        assert_int_equal(seen.times[i], 1);
        assert_int_equal(seen.trials[i].events, (FIRST + i) * 3);
    }
}

static void dead_and_hanging_workers_take_one_job_with_them(void **unused)
{
    struct seen seen = {.misbehave = true};
    const struct crew_config config = config_for(&seen);

    (void)unused;
    assert_int_equal(crew_run(&config), 0);
    for (unsigned i = 0; i < JOBS; i++) {
        const bool broken = FIRST + i == CRASHES || FIRST + i == EXITS || FIRST + i == HANGS;

        assert_int_equal(seen.times[i], 1);
        assert_int_equal(seen.trials[i].verdict, broken ? TRIAL_BROKEN : TRIAL_OK);
    }
    assert_string_equal(seen.trials[CRASHES - FIRST].id, "crash");
    assert_non_null(strstr(seen.trials[CRASHES - FIRST].message, "signal 6"));
    assert_non_null(strstr(seen.trials[CRASHES - FIRST].message, ": what the assert said"));
    assert_non_null(strstr(seen.trials[EXITS - FIRST].message, "status 9"));
    assert_string_equal(seen.trials[HANGS - FIRST].id, "hang");
}

static void a_process_for_each_job_does_them_all(void **unused)
{
    struct seen seen = {.misbehave = false};
    struct crew_config config = config_for(&seen);

    (void)unused;
    config.one_job_each = true;
    config.count = 20;
    assert_int_equal(crew_run(&config), 0);
    assert_int_equal(seen.count, 20);
}

static void no_job_begins_after_the_time(void **unused)
{
    struct seen seen = {.misbehave = false};
    struct crew_config config = config_for(&seen);

    (void)unused;
    config.for_ns = 1;
    assert_int_equal(crew_run(&config), 0);
    assert_int_equal(seen.count, 0);
}

static void pending_signal_ends_the_crew(void **unused)
{
    struct seen seen = {.misbehave = false};
    struct crew_config config = config_for(&seen);

    (void)unused;
    (void)sigaddset(&config.watched, SIGUSR1);
    (void)sigprocmask(SIG_BLOCK, &config.watched, NULL);
    (void)raise(SIGUSR1);
    assert_int_equal(crew_run(&config), SIGUSR1);
    (void)sigprocmask(SIG_UNBLOCK, &config.watched, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_is_done_once),
        cmocka_unit_test(dead_and_hanging_workers_take_one_job_with_them),
        cmocka_unit_test(a_process_for_each_job_does_them_all),
        cmocka_unit_test(no_job_begins_after_the_time),
        cmocka_unit_test(pending_signal_ends_the_crew),
    };

    return cmocka_run_group_tests_name("crew", tests, NULL, NULL);
}
