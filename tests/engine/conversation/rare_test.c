/* SPDX-License-Identifier: Apache-2.0 */
/* rare_test.c -- what neither an ordinary fault nor chance comes to: reports that never come, bytes
 * that make no sense again and again, words of another epoch. Each is a marked branch (check-marks) that
 * no scenario and no seed has reached. */
#include "support/harness.h"
#include "support/pair.h"

static const struct pair_options ordinary = {.ram_pages = 256, .dirty_pages_per_ms = 1};

/* ---- reports that fail or never come ---- */

static void guest_that_cannot_be_run_again_fails_the_migration(void **unused)
{
    (void)unused;
    for (int mute = 0; mute < 2; mute++) {
        struct pair *pair = pair_create_at_source(FERRY_SOURCE_SENDING);
        pair_tamper(
            pair,
            PAIR_SOURCE,
            FERRY_ACTION_RESUME,
            (struct pair_tamper){.times = 1, .status = FERRY_WORLD_GUEST, .mute = mute != 0});
        pair_drop(pair, WIRE_READY, 1000);
        pair_drop(pair, WIRE_MANIFEST, 1000); /* so the guard of the limit aborts */

        pair_run_until_outcome(pair);

        assert_int_equal(pair_outcome(pair)->kind, FERRY_OUTCOME_FAILED);
        assert_status(pair_outcome(pair)->status, FERRY_WORLD_GUEST);
        pair_run_to_end(pair);
        assert_false(pair_runs(pair, PAIR_TARGET));
        pair_destroy(pair);
    }
}

static void claim_that_is_not_durable_in_time_stays_in_doubt(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_source(FERRY_SOURCE_UNKNOWN);
    pair_crash(pair, PAIR_TARGET, false); /* fenced */
    pair_delay_journal(pair, PAIR_SOURCE, 10000 * FERRY_SECOND);

    assert_status(
        pair_command(pair, PAIR_SOURCE, (struct ferry_event){.kind = FERRY_EVENT_CLAIM}), FERRY_OK);
    pair_advance(pair, 1000 * FERRY_SECOND);

    assert_int_equal(pair_source_state(pair), FERRY_SOURCE_UNKNOWN);
    assert_int_equal(pair_running(pair), 0);
    pair_destroy(pair);
}

static void report_of_a_batch_that_nobody_knows_is_dropped(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_run_until_source(pair, FERRY_SOURCE_COPYING);

    pair_event(
        pair, PAIR_SOURCE, (struct ferry_event){.kind = FERRY_EVENT_BATCH_SENT, .batch = 99999});

    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_REPORT_DROPPED), 1);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

/* ---- damage, again and again ---- */

static void target_whose_bytes_never_make_sense_is_to_blame(void **unused)
{
    (void)unused;
    static const uint8_t nonsense[32] = {0x55};
    struct pair *pair = pair_create(&ordinary);
    pair_set_speed(pair, 1000);
    for (int i = 0; i < 4; i++) {
        pair_run_until_source(pair, FERRY_SOURCE_COPYING);
        pair_forge_bytes(
            pair, PAIR_SOURCE, (struct ferry_bytes){.data = nonsense, .size = sizeof(nonsense)});
        pair_advance(pair, FERRY_SECOND);
    }

    assert_int_equal(pair_outcome(pair)->kind, FERRY_OUTCOME_FAILED);
    assert_int_equal(ferry_status_category(pair_outcome(pair)->status), FERRY_CATEGORY_PEER);
    assert_true(pair_runs(pair, PAIR_SOURCE));
    pair_destroy(pair);
}

static void source_whose_streams_never_make_sense_is_to_blame(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&ordinary);
    pair_set_speed(pair, 1000);
    for (int i = 0; i < 4; i++) {
        pair_run_until_source(pair, FERRY_SOURCE_COPYING);
        pair_event(
            pair,
            PAIR_TARGET,
            (struct ferry_event){
                .kind = FERRY_EVENT_STREAM_ERROR,
                .attach = pair_attach_number(pair),
                .status = FERRY_PEER_CHECKSUM,
            });
        pair_advance(pair, FERRY_SECOND);
    }

    assert_int_equal(pair_sent(pair, WIRE_FAILED), 1);
    assert_int_equal(pair_outcome(pair)->kind, FERRY_OUTCOME_FAILED);
    assert_true(pair_runs(pair, PAIR_SOURCE));
    pair_destroy(pair);
}

/* ---- words of another session, or of none ---- */

static void order_to_burn_and_end_of_another_epoch_change_nothing(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_target(FERRY_TARGET_READY);
    const struct wire_message burn = {
        .type = WIRE_BURN, .body.attempt = {1, 9}
    };
    const struct wire_message end = {
        .type = WIRE_END, .body.end = {.attempt = 1, .epoch = 9}
    };

    pair_forge(pair, PAIR_TARGET, &burn);
    pair_forge(pair, PAIR_TARGET, &end);

    assert_int_equal(pair_target_state(pair), FERRY_TARGET_READY);
    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_STALE_MESSAGE), 2);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void device_state_that_is_not_the_one_announced_is_never_loaded(void **unused)
{
    (void)unused;
    struct pair_options options = {.ram_pages = 64, .streams = 2};
    struct pair *pair = pair_create(&options);
    pair_drop(pair, WIRE_MANIFEST, 1);
    pair_run_until_source(pair, FERRY_SOURCE_SENDING);
    pair_advance(pair, 50 * FERRY_MILLISECOND);
    pair_event(
        pair,
        PAIR_TARGET,
        (struct ferry_event){
            .kind = FERRY_EVENT_BATCH_PLACED,
            .attach = pair_attach_number(pair),
            .batch = pair_actions(pair, PAIR_SOURCE, FERRY_ACTION_SEND_BATCH), /* stream 1 has it */
            .state_size = 5000,
            .state_bytes = 5000,
            .state_digest = 1,
        });
    assert_int_equal(pair_sent(pair, WIRE_FAILED), 0);

    pair_reset(pair); /* on a new connection the manifest is said again, and its sums are right */
    pair_run_to_end(pair);

    assert_int_equal(pair_sent(pair, WIRE_FAILED), 1);
    assert_true(pair_runs(pair, PAIR_SOURCE));
    pair_destroy(pair);
}

static void answer_of_another_journal_proves_nothing(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_source(FERRY_SOURCE_GRANTED);
    struct wire_message resumed = pair_plausible(pair, WIRE_RESUMED);
    resumed.body.resumed.target_journal_id++;
    pair_drop(pair, WIRE_RESUMED, 1000);
    pair_drop(pair, WIRE_STARTED, 1000);
    pair_reset(pair);
    pair_advance(pair, 50 * FERRY_MILLISECOND); /* it asks on a new connection */
    resumed.body.resumed.attach = pair_attach_number(pair);

    pair_forge(pair, PAIR_SOURCE, &resumed);

    assert_int_equal(pair_source_state(pair), FERRY_SOURCE_UNKNOWN);
    assert_false(pair_runs(pair, PAIR_SOURCE));
    pair_destroy(pair);
}

static void allow_two_streams(struct ferry_target_config *config)
{
    config->streams_max = 2;
}

static void resume_with_too_many_streams_costs_the_connection(void **unused)
{
    (void)unused;
    struct pair_options options = ordinary;
    options.adjust_target = allow_two_streams;
    struct pair *pair = pair_create(&options);
    pair_run_until_target(pair, FERRY_TARGET_RECEIVING);
    struct wire_message resume = pair_plausible(pair, WIRE_RESUME);
    resume.body.resume.streams = 3;

    pair_forge(pair, PAIR_TARGET, &resume);

    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_PROTOCOL_ERROR), 1);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guest_that_cannot_be_run_again_fails_the_migration),
        cmocka_unit_test(claim_that_is_not_durable_in_time_stays_in_doubt),
        cmocka_unit_test(report_of_a_batch_that_nobody_knows_is_dropped),
        cmocka_unit_test(target_whose_bytes_never_make_sense_is_to_blame),
        cmocka_unit_test(source_whose_streams_never_make_sense_is_to_blame),
        cmocka_unit_test(order_to_burn_and_end_of_another_epoch_change_nothing),
        cmocka_unit_test(device_state_that_is_not_the_one_announced_is_never_loaded),
        cmocka_unit_test(answer_of_another_journal_proves_nothing),
        cmocka_unit_test(resume_with_too_many_streams_costs_the_connection),
    };
    return cmocka_run_group_tests_name("rare", tests, NULL, NULL);
}
