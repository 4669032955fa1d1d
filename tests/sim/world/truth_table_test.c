/* SPDX-License-Identifier: Apache-2.0 */
/*
 * truth_table_test.c -- what dies, when, and what must hold then: the failure truth table of pre-copy, a row a case.
 *
 * Every row is a whole run with all invariants checked; a host that comes back does so after 5 s, a network after 3 s.
 */
#include "play.h"

#define BUSY    "{kind: uniform, size: 8 MiB, rate: 20 MiB/s}"
#define BACK    ", crash: true, restart_after: 5 s"
#define NEVER   ", crash: true"
#define DAEMON  ", daemon_crash: true, restart_after: 5 s"
#define AGAIN   ", reinstall: true, restart_after: 5 s"
#define JOURNAL ", journal_fail_for: 1 s"

enum on { NOWHERE = -1, ON_SOURCE = 0, ON_TARGET = 1 };

struct row {
    const char *phase;
    const char *fault; /* "host: h1, crash: true" */
    enum ferry_outcome_kind outcome;
    enum scenario_place place;
    enum on on;
    enum scenario_session_state
        source; /* the session in the journals at the end; 0: not looked at */
    enum scenario_session_state target;
};

/* clang-format off */
#define DONE    FERRY_OUTCOME_COMPLETED
#define FAILED  FERRY_OUTCOME_FAILED
#define UNKNOWN FERRY_OUTCOME_UNKNOWN
#define RUNS    SCENARIO_PLACE_RUNNING
#define WAITS   SCENARIO_PLACE_PAUSED
#define LOST    SCENARIO_PLACE_LOST
#define NONE    SCENARIO_SESSION_NONE
static const struct row rows[] = {
    /* target, before the grant: the guest runs on at the source */
    {"connecting", "host: h2" NEVER,  FAILED,  RUNS,  ON_SOURCE, 0,    0   },
    {"round",      "host: h2" BACK,   FAILED,  RUNS,  ON_SOURCE, NONE, NONE},
    {"round",      "host: h2" NEVER,  FAILED,  RUNS,  ON_SOURCE, 0,    0   },
    {"paused",     "host: h2" BACK,   FAILED,  RUNS,  ON_SOURCE, NONE, NONE},
    {"state-sent", "host: h2" NEVER,  FAILED,  RUNS,  ON_SOURCE, 0,    0   },
    {"round",      "host: h2" AGAIN,  FAILED,  RUNS,  ON_SOURCE, 0,    0   },
    /* source, before the grant: the guest is gone as with any crash, the target cleans up */
    {"round",      "host: h1" BACK,   FAILED,  LOST,  NOWHERE,   NONE, NONE},
    {"paused",     "host: h1" BACK,   FAILED,  LOST,  NOWHERE,   NONE, NONE},
    {"ready",      "host: h1" BACK,   FAILED,  LOST,  NOWHERE,   NONE, NONE},
    {"granting",   "host: h1" BACK,   FAILED,  LOST,  NOWHERE,   NONE, NONE},
    /* source, granted and GRANT not delivered: it returns and grants again */
    {"granted",    "host: h1" BACK,   DONE,    RUNS,  ON_TARGET, NONE, NONE},
    {"granted",    "host: h1" NEVER,  UNKNOWN, WAITS, ON_TARGET, 0,    0   },
    /* source, GRANT delivered: the guest runs at the target */
    {"delivered",  "host: h1" BACK,   DONE,    RUNS,  ON_TARGET, NONE, NONE},
    {"delivered",  "host: h1" NEVER,  DONE,    RUNS,  ON_TARGET, 0,    0   },
    {"owned",      "host: h1" BACK,   DONE,    RUNS,  ON_TARGET, NONE, NONE},
    {"closing",    "host: h1" BACK,   DONE,    RUNS,  ON_TARGET, NONE, NONE},
    /* target, after the grant and before it owned the guest: it burns, the source resumes */
    {"granted",    "host: h2" BACK,   FAILED,  RUNS,  ON_SOURCE, NONE, NONE},
    {"delivered",  "host: h2" BACK,   FAILED,  RUNS,  ON_SOURCE, NONE, NONE},
    {"delivered",  "host: h2" NEVER,  UNKNOWN, WAITS, ON_SOURCE, SCENARIO_SESSION_UNKNOWN, 0},
    /* target, after it owned the guest: as any crash, the source never resumes its old memory */
    {"owned",      "host: h2" BACK,   DONE,    LOST,  NOWHERE,   NONE, NONE},
    {"started",    "host: h2" BACK,   DONE,    LOST,  NOWHERE,   NONE, NONE},
    /* target reinstalled after the grant: LOST is no proof */
    {"granted",    "host: h2" AGAIN,  UNKNOWN, WAITS, ON_SOURCE, SCENARIO_SESSION_UNKNOWN, NONE},
    {"delivered",  "host: h2" AGAIN,  UNKNOWN, WAITS, ON_SOURCE, SCENARIO_SESSION_UNKNOWN, NONE},
    /* a daemon alone: the guest lives on, where it belongs */
    {"round",      "host: h1" DAEMON, FAILED,  RUNS,  ON_SOURCE, NONE, NONE},
    {"paused",     "host: h1" DAEMON, FAILED,  RUNS,  ON_SOURCE, NONE, NONE},
    {"granted",    "host: h1" DAEMON, DONE,    RUNS,  ON_TARGET, NONE, NONE},
    {"delivered",  "host: h2" DAEMON, DONE,    RUNS,  ON_TARGET, NONE, NONE},
    {"owned",      "host: h2" DAEMON, DONE,    RUNS,  ON_TARGET, NONE, NONE},
    {"ready",      "host: h2" DAEMON, FAILED,  RUNS,  ON_SOURCE, NONE, NONE},
    /* the source's journal fails at the grant: only ABORTED from the target brings it back */
    {"granting",   "host: h1" JOURNAL, FAILED, RUNS,  ON_SOURCE, 0,    0   },
};
/* clang-format on */

static void run_row(const struct row *row)
{
    char fault[160];

    (void)snprintf(
        fault, sizeof fault, "  - {when: {move: g1, phase: %s}, %s}\n", row->phase, row->fault);
    struct play run = play(&(struct play_options){.workload = BUSY, .faults = fault});
    const struct sim_migration *move = &run.result.migrations[0];
    print_message("%s: %s\n", row->phase, row->fault);

    play_expect_pass(&run);
    assert_int_equal(play_count(&run, "PHASE", NULL), 1);
    assert_int_equal(move->outcome.kind, row->outcome);
    assert_int_equal(run.result.guests[0].place, row->place);
    if (row->on != NOWHERE) {
        assert_int_equal(run.result.guests[0].host, row->on);
    }
    if (row->source != 0) {
        assert_int_equal(move->source_session, row->source);
    }
    if (row->target != 0) {
        assert_int_equal(move->target_session, row->target);
    }
    play_end(&run);
}

static void every_row_of_the_table_holds(void **unused)
{
    (void)unused;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        run_row(&rows[i]);
    }
}

static void a_network_that_fails_for_a_while_only_delays(void **unused)
{
    (void)unused;
    static const char *const phases[] = {
        "connecting",
        "opening",
        "round",
        "paused",
        "state-sent",
        "ready",
        "granting",
        "granted",
        "delivered",
        "owned",
        "started",
        "closing"};

    for (size_t i = 0; i < COUNT_OF(phases); i++) {
        char fault[200];
        (void)snprintf(
            fault,
            sizeof fault,
            "  - {when: {move: g1, phase: %s}, network: a, down_for: 3 s}\n"
            "  - {when: {move: g1, phase: %s}, network: b, reset: true}\n",
            phases[i],
            phases[i]);
        struct play run = play(&(struct play_options){.workload = BUSY, .faults = fault});
        print_message("network a down at %s\n", phases[i]);

        play_expect_pass(&run);
        assert_int_equal(run.result.migrations[0].outcome.kind, FERRY_OUTCOME_COMPLETED);
        play_end(&run);
    }
}

static void networks_that_are_gone_for_good_leave_the_guest_at_the_source(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .workload = BUSY,
        .faults = "  - {when: {move: g1, phase: round}, network: a, down_for: forever}\n"
                  "  - {when: {move: g1, phase: round}, network: b, down_for: forever}\n",
    });

    play_expect_pass(&run);
    assert_int_equal(run.result.migrations[0].outcome.kind, FERRY_OUTCOME_FAILED);
    assert_int_equal(run.result.migrations[0].outcome.status, FERRY_TIMEOUT_RECONNECT);
    assert_int_equal(run.result.guests[0].host, 0);
    assert_int_equal(play_count(&run, "GUEST_FREED", "target"), 1);
    play_end(&run);
}

static void a_target_that_burned_alone_answers_a_late_source_from_its_journal(void **unused)
{
    (void)unused;
    struct play run = play(&(struct play_options){
        .workload = BUSY,
        .faults = "  - {when: {move: g1, phase: round}, network: a, down_for: 300 s}\n"
                  "  - {when: {move: g1, phase: round}, network: b, down_for: 300 s}\n",
    });

    play_expect_pass(&run);
    assert_int_equal(run.result.migrations[0].outcome.kind, FERRY_OUTCOME_FAILED);
    assert_non_null(play_line(&run, NULL, "JOURNAL_DURABLE", "BURNED"));
    assert_int_equal(run.result.migrations[0].source_session, SCENARIO_SESSION_NONE);
    assert_int_equal(run.result.migrations[0].target_session, SCENARIO_SESSION_NONE);
    play_end(&run);
}

static void an_operator_decides_where_nobody_else_can(void **unused)
{
    (void)unused;
    struct play claimed_here = play(&(struct play_options){
        .steps = "  - {at: 100 s, claim: g1, on: h1}\n",
        .faults = "  - {when: {move: g1, phase: delivered}, host: h2, crash: true}\n",
    });
    struct play claimed_there = play(&(struct play_options){
        .steps = "  - {at: 100 s, claim: g1, on: h2}\n",
        .faults = "  - {when: {move: g1, phase: ready}, host: h1, crash: true}\n",
    });
    struct play burned = play(&(struct play_options){
        .steps = "  - {at: 100 s, burn: g1, on: h2}\n",
        .faults = "  - {when: {move: g1, phase: ready}, host: h1, crash: true}\n",
    });

    play_expect_pass(&claimed_here);
    play_expect_pass(&claimed_there);
    play_expect_pass(&burned);
    assert_int_equal(claimed_here.result.guests[0].place, SCENARIO_PLACE_RUNNING);
    assert_int_equal(claimed_here.result.guests[0].host, 0);
    assert_int_equal(claimed_there.result.guests[0].place, SCENARIO_PLACE_RUNNING);
    assert_int_equal(claimed_there.result.guests[0].host, 1);
    assert_int_equal(burned.result.guests[0].place, SCENARIO_PLACE_LOST);
    play_end(&claimed_here);
    play_end(&claimed_there);
    play_end(&burned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table_holds),
        cmocka_unit_test(a_network_that_fails_for_a_while_only_delays),
        cmocka_unit_test(networks_that_are_gone_for_good_leave_the_guest_at_the_source),
        cmocka_unit_test(a_target_that_burned_alone_answers_a_late_source_from_its_journal),
        cmocka_unit_test(an_operator_decides_where_nobody_else_can),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
