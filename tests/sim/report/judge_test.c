/* SPDX-License-Identifier: Apache-2.0 */
/* judge_test.c -- each kind of expectation: one that holds, and one that does not and says so. */
#include "sim/report/judge.h"

#include "sample.h"

#include <stdlib.h>
#include <string.h>

static void expectations_that_hold_pass(void **unused)
{
    static const char *const holding[] = {
        "  - {move: g, outcome: completed}\n",
        "  - {move: g, outcome: [failed, completed]}\n",
        "  - {move: g, blackout: <= 45 ms, total: 1 s .. 2 s, queued: 250 ms}\n",
        "  - {move: g, predicted_blackout: < 41 ms, rounds: 2, aborted_attempts: 1}\n",
        "  - {move: g, wire_bytes: 3741000 B, resent: 4 KiB, reconnects: 1}\n",
        "  - {move: g, rule: within-limit, reason: runs at the target}\n",
        "  - {guest: g, on: h2}\n",
        "  - {guest: g, on: [h1, h2]}\n",
        "  - {clients: g, sent: 2000, failed: <= 3, longest_gap: < 46 ms, p99: 200 us}\n",
    };

    (void)unused;
    for (size_t i = 0; i < sizeof holding / sizeof holding[0]; i++) {
        struct sample sample;

        sample_make(&sample, holding[i]);
        sim_judge(&sample.result);
        if (sample.result.failure_count > 0) {
            print_error("%s -> %s\n", holding[i], sample.result.failures[0].message);
        }
        assert_int_equal(sample.result.verdict, SIM_VERDICT_PASS);
        sample_free(&sample);
    }
}

static void expectations_that_do_not_hold_say_what_came(void **unused)
{
    static const struct {
        const char *expect;
        const char *message;
    } cases[] = {
        {"  - {move: g, outcome: failed}\n",
         "sample.yaml:16: move g: expected outcome failed, but it is completed: the guest runs at "
         "the target"                                                                       },
        {"  - {move: g, outcome: [failed, refused]}\n",
         "sample.yaml:16: move g: expected outcome failed or refused, but it is completed: the "
         "guest runs at the target"                                                         },
        {"  - {move: g, blackout: < 45 ms}\n",
         "sample.yaml:16: move g: expected blackout < 45 ms, but it was 45 ms (45000000 ns)"},
        {"  - {move: g, total: <= 1 s}\n",
         "sample.yaml:16: move g: expected total <= 1 s, but it was 1.00 s (1000000001 ns)" },
        {"  - {move: g, queued: 0 s}\n",
         "sample.yaml:16: move g: expected queued 0 s, but it was 250 ms (250000000 ns)"    },
        {"  - {move: g, predicted_blackout: '> 1 s'}\n",
         "sample.yaml:16: move g: expected predicted_blackout > 1 s, but it was 40 ms (40000000 "
         "ns)"                                                                              },
        {"  - {move: g, rounds: 3}\n",
         "sample.yaml:16: move g: expected rounds 3, but it was 2 (2)"                      },
        {"  - {move: g, aborted_attempts: 0}\n",
         "sample.yaml:16: move g: expected aborted_attempts 0, but it was 1 (1)"            },
        {"  - {move: g, reconnects: '> 1'}\n",
         "sample.yaml:16: move g: expected reconnects > 1, but it was 1 (1)"                },
        {"  - {move: g, wire_bytes: <= 1 MiB}\n",
         "sample.yaml:16: move g: expected wire_bytes <= 1 MiB, but it was 3.57 MiB (3741000 "
         "bytes)"                                                                           },
        {"  - {move: g, resent: 0 B}\n",
         "sample.yaml:16: move g: expected resent 0 B, but it was 4 KiB (4096 bytes)"       },
        {"  - {move: g, rule: stalled}\n",
         "sample.yaml:16: move g: expected rule stalled, but within-limit fired"            },
        {"  - {move: g, reason: journal}\n",
         "sample.yaml:16: move g: expected a reason with \"journal\", but it is \"the guest runs "
         "at "
         "the target\""                                                                     },
        {"  - {guest: g, on: h1}\n",
         "sample.yaml:16: guest g: expected it running on h1, but it is running on h2"      },
        {"  - {clients: g, failed: 0}\n",
         "sample.yaml:16: clients of g: expected failed 0, but it was 3 (3)"                },
        {"  - {clients: g, longest_gap: <= 45 ms}\n",
         "sample.yaml:16: clients of g: expected longest_gap <= 45 ms, but it was 45.2 ms "
         "(45200000 "
         "ns)"                                                                              },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sample sample;

        sample_make(&sample, cases[i].expect);
        sim_judge(&sample.result);
        assert_int_equal(sample.result.verdict, SIM_VERDICT_FAIL);
        assert_int_equal(sample.result.failure_count, 1);
        assert_string_equal(sample.result.failures[0].id, "E1");
        assert_string_equal(sample.result.failures[0].message, cases[i].message);
        sample_free(&sample);
    }
}

static void failure_of_a_move_is_dated_at_its_end_and_names_it(void **unused)
{
    struct sample sample;

    (void)unused;
    sample_make(&sample, "  - {move: g, outcome: completed}\n  - {move: g, rounds: 1}\n");
    sim_judge(&sample.result);

    assert_int_equal(sample.result.failure_count, 1);
    assert_string_equal(sample.result.failures[0].id, "E2");
    assert_int_equal(sample.result.failures[0].at_ns, 2250000001);
    assert_int_equal(sample.result.failures[0].migration, 0);
    sample_free(&sample);
}

static void blackout_of_a_move_that_failed_is_within_no_bound(void **unused)
{
    struct sample sample;
    const struct ferry_outcome failed = {.kind = FERRY_OUTCOME_FAILED, .reason = "cut"};

    (void)unused;
    sample_make(&sample, "  - {move: g, blackout: <= 1 s}\n");
    sim_result_outcome(&sample.result, 0, &failed);
    sim_judge(&sample.result);

    assert_int_equal(sample.result.failure_count, 1);
    assert_string_equal(
        sample.result.failures[0].message,
        "sample.yaml:16: move g: expected blackout <= 1 s, but none was measured: it is failed");
    sample_free(&sample);
}

static void move_that_never_began_fails_its_expectation(void **unused)
{
    struct sample sample;

    (void)unused;
    sample_make(&sample, "  - {move: g, outcome: completed}\n");
    sample.result.migrations[0].step = 99;
    sim_judge(&sample.result);

    assert_int_equal(sample.result.failure_count, 1);
    assert_non_null(strstr(sample.result.failures[0].message, "it never began"));
    sample_free(&sample);
}

static void guest_that_is_lost_is_on_no_host(void **unused)
{
    struct sample sample;

    (void)unused;
    sample_make(&sample, "  - {guest: g, on: h2}\n");
    sample.result.guests[0] =
        (struct sim_guest_end){.place = SCENARIO_PLACE_LOST, .host = SIM_RESULT_NONE};
    sim_judge(&sample.result);

    assert_string_equal(
        sample.result.failures[0].message,
        "sample.yaml:16: guest g: expected it running on h2, but it is lost");
    sample_free(&sample);
}

static void guest_that_waits_on_the_right_host_does_not_run_there(void **unused)
{
    struct sample sample;

    (void)unused;
    sample_make(&sample, "  - {guest: g, on: h2}\n");
    sample.result.guests[0].place = SCENARIO_PLACE_PAUSED;
    sim_judge(&sample.result);

    assert_string_equal(
        sample.result.failures[0].message,
        "sample.yaml:16: guest g: expected it running on h2, but it is paused on h2");
    sample_free(&sample);
}

static void session_is_asked_of_the_host_that_is_named(void **unused)
{
    static const struct {
        const char *expect;
        const char *message; /* NULL: holds */
    } cases[] = {
        {"  - {session: g, on: h2, state: owned}\n",  NULL                     },
        {"  - {session: g, on: h1, state: none}\n",   NULL                     },
        {"  - {session: g, on: h1, state: owned}\n",
         "sample.yaml:16: session of g: expected owned at h1, but it is none"  },
        {"  - {session: g, on: h2, state: burned}\n",
         "sample.yaml:16: session of g: expected burned at h2, but it is owned"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sample sample;

        sample_make(&sample, cases[i].expect);
        sim_judge(&sample.result);
        assert_int_equal(sample.result.failure_count, cases[i].message == NULL ? 0 : 1);
        if (cases[i].message != NULL) {
            assert_string_equal(sample.result.failures[0].message, cases[i].message);
        }
        sample_free(&sample);
    }
}

/* The sample's move, taken for one of a drain, and a second one of the same which failed. */
static void make_drain(struct sample *sample)
{
    const struct ferry_outcome failed = {.kind = FERRY_OUTCOME_FAILED, .total_ns = 3000000000};

    sample_make(sample, "  - {move: g, outcome: completed}\n");
    sample->scenario->steps[0].kind = SCENARIO_STEP_DRAIN;
    sample->scenario->steps[0].host = 0;
    sample->scenario->expects[0].kind = SCENARIO_EXPECT_DRAIN;
    const uint32_t second = sim_result_add_migration(&sample->result, 0, 1, 0, 1);

    sample->result.migrations[second].asked_at_ns = 1000000000;
    sample->result.migrations[second].queued_ns = 500000000;
    sim_result_outcome(&sample->result, second, &failed);
}

static void drain_counts_its_moves_and_lasts_until_the_last_one(void **unused)
{
    struct sample sample;

    (void)unused;
    make_drain(&sample);
    struct scenario_expect *expect = &sample.scenario->expects[0];

    expect->moved = (struct scenario_bound){.set = true, .low = 1, .high = 1};
    expect->not_moved = (struct scenario_bound){.set = true, .low = 1, .high = 1};
    expect->total = (struct scenario_bound){.set = true, .low = 3500000000, .high = 3500000000};
    sim_judge(&sample.result);
    assert_int_equal(sample.result.failure_count, 0);

    expect->moved = (struct scenario_bound){.set = true, .low = 2, .high = 2, .text = "2"};
    expect->not_moved = (struct scenario_bound){.set = true, .low = 0, .high = 0, .text = "0"};
    expect->total = (struct scenario_bound){.set = true, .high = 1, .text = "<= 1 ns"};
    sim_judge(&sample.result);
    assert_int_equal(sample.result.failure_count, 3);
    assert_string_equal(
        sample.result.failures[0].message,
        "sample.yaml:16: drain h1: expected moved 2, but it was 1 (1)");
    assert_string_equal(
        sample.result.failures[2].message,
        "sample.yaml:16: drain h1: expected total <= 1 ns, but it was 3.50 s (3500000000 ns)");
    sample_free(&sample);
}

static void run_that_ended_in_an_error_is_not_judged(void **unused)
{
    struct sample sample;

    (void)unused;
    sample_make(&sample, "  - {move: g, outcome: failed}\n");
    sim_result_error(&sample.result, 0, "no progress");
    sim_judge(&sample.result);

    assert_int_equal(sample.result.failure_count, 1);
    sample_free(&sample);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(expectations_that_hold_pass),
        cmocka_unit_test(expectations_that_do_not_hold_say_what_came),
        cmocka_unit_test(failure_of_a_move_is_dated_at_its_end_and_names_it),
        cmocka_unit_test(blackout_of_a_move_that_failed_is_within_no_bound),
        cmocka_unit_test(move_that_never_began_fails_its_expectation),
        cmocka_unit_test(guest_that_is_lost_is_on_no_host),
        cmocka_unit_test(guest_that_waits_on_the_right_host_does_not_run_there),
        cmocka_unit_test(session_is_asked_of_the_host_that_is_named),
        cmocka_unit_test(drain_counts_its_moves_and_lasts_until_the_last_one),
        cmocka_unit_test(run_that_ended_in_an_error_is_not_judged),
    };

    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
