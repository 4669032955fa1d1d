/* SPDX-License-Identifier: Apache-2.0 */
/* hostile_test.c -- a source that lies or talks nonsense. It may lose its own guest; it never makes
 * this target run anything that was not granted, nor makes it fall over.
 *
 * Whole messages in the wrong state are state_walk_test. */
#include "support/harness.h"
#include "support/pair.h"

#include <string.h>

static enum ferry_status last_error(const struct pair *pair)
{
    return (enum ferry_status)pair_last(pair, FERRY_TRACE_PROTOCOL_ERROR)->field[0];
}

static void garbage_costs_the_connection_in_every_state(void **unused)
{
    (void)unused;
    uint8_t bytes[200];
    uint64_t random = 7;
    for (uint32_t state = FERRY_TARGET_WAITING; state < FERRY_TARGET_CLOSED; state++) {
        for (int round = 0; round < 10; round++) {
            struct pair *pair = pair_create_at_target((enum ferry_target_state)state);
            const bool ran = pair_runs(pair, PAIR_TARGET);
            for (size_t i = 0; i < sizeof(bytes); i++) {
                bytes[i] = (uint8_t)harness_random(&random);
            }
            const uint64_t errors = pair_trace_count(pair, FERRY_TRACE_PROTOCOL_ERROR);

            pair_forge_bytes(
                pair, PAIR_TARGET, (struct ferry_bytes){.data = bytes, .size = sizeof(bytes)});

            assert_int_equal(pair_trace_count(pair, FERRY_TRACE_PROTOCOL_ERROR) - errors, 1);
            assert_int_equal(ferry_status_category(last_error(pair)), FERRY_CATEGORY_PEER);
            assert_true(pair_runs(pair, PAIR_TARGET) == ran);
            pair_destroy(pair);
        }
    }
}

/* An honest source behind it comes back on a new connection, and completes. */
static void garbage_in_the_middle_costs_an_honest_source_time_only(void **unused)
{
    (void)unused;
    static const enum ferry_target_state states[] = {
        FERRY_TARGET_RECEIVING, FERRY_TARGET_LOADING, FERRY_TARGET_READY, FERRY_TARGET_RUNNING};
    static const uint8_t bytes[64] = {0};
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        struct pair *pair = pair_create_at_target(states[i]);
        pair_forge_bytes(
            pair, PAIR_TARGET, (struct ferry_bytes){.data = bytes, .size = sizeof(bytes)});
        pair_assert_completed(pair);
        pair_destroy(pair);
    }
}

static void grant_without_ready_or_of_another_attempt_or_epoch_starts_nothing(void **unused)
{
    (void)unused;
    static const struct wire_attempt rows[] = {
        {1,          1},
        {2,          1},
        {1,          2},
        {UINT32_MAX, 1}
    };
    static const enum ferry_target_state states[] = {
        FERRY_TARGET_RECEIVING, FERRY_TARGET_LOADING, FERRY_TARGET_READY, FERRY_TARGET_BURNED};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t j = 0; j < COUNT_OF(states); j++) {
            if (i == 0 && states[j] == FERRY_TARGET_READY) {
                continue; /* that one is a grant */
            }
            struct pair *pair = pair_create_at_target(states[j]);
            const struct wire_message grant = {.type = WIRE_GRANT, .body.attempt = rows[i]};

            pair_forge(pair, PAIR_TARGET, &grant);

            assert_int_equal(pair_target_state(pair), states[j]);
            assert_int_equal(pair_trace_count(pair, FERRY_TRACE_OWNER_ISSUED), 0);
            pair_destroy(pair);
        }
    }
}

/* Found by fuzz/hostile_source: the burn was durable, its session was not, and the journal could not be read again. */
static void burn_before_the_session_is_durable_is_refused(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_target(FERRY_TARGET_PREPARING);
    struct wire_message resume = pair_plausible(pair, WIRE_RESUME);
    resume.body.resume.phase = WIRE_SOURCE_BURN;
    assert_false(pair_has_record(pair, PAIR_TARGET, FERRY_RECORD_SESSION));

    pair_forge(pair, PAIR_TARGET, &resume);
    pair_advance(pair, 600 * FERRY_MICROSECOND);

    assert_int_equal(last_error(pair), FERRY_PEER_UNEXPECTED);
    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_BURN_ISSUED), 0);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void abort_of_another_epoch_voids_nothing(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_target(FERRY_TARGET_READY);
    const struct wire_message abort = {
        .type = WIRE_ABORT, .body.attempt = {1, 9}
    };
    pair_forge(pair, PAIR_TARGET, &abort);
    assert_int_equal(pair_target_state(pair), FERRY_TARGET_READY);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

/* ---- manifests that lie ---- */

static struct pair *all_sent_no_manifest(void)
{
    struct pair *pair =
        pair_create(&(struct pair_options){.ram_pages = 64, .dirty_pages_per_ms = 1});
    pair_drop(pair, WIRE_MANIFEST, 1);
    pair_run_until_source(pair, FERRY_SOURCE_SENDING);
    pair_advance(pair, 50 * FERRY_MILLISECOND);
    assert_int_equal(pair_sent(pair, WIRE_MANIFEST), 1);
    return pair;
}

static void manifest_that_lies_is_never_ready(void **unused)
{
    (void)unused;
    static const struct wire_stream_sum rows[] = {
        {.batches = 0,          .bytes = 0,  .digest = 0}, /* less than came */
        {.batches = 1,          .bytes = 17, .digest = 0},
        {.batches = 2,          .bytes = 1,  .digest = 1}, /* other bytes, other digest */
        {.batches = UINT64_MAX, .bytes = 0,  .digest = 0}, /* more than will come: waits */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pair *pair = all_sent_no_manifest();
        struct wire_message manifest = pair_plausible(pair, WIRE_MANIFEST);
        manifest.body.manifest.streams[0] = rows[i];

        pair_forge(pair, PAIR_TARGET, &manifest);

        assert_int_equal(pair_target_state(pair), FERRY_TARGET_RECEIVING);
        const bool waits = rows[i].batches > 2;
        assert_int_equal(pair_sent(pair, WIRE_FAILED), waits ? 0 : 1);
        if (!waits) {
            assert_status(last_error(pair), FERRY_PEER_MANIFEST);
        }
        pair_run_to_end(pair);
        assert_int_equal(pair_running(pair), 1);
        assert_int_equal(pair_different_pages(pair), 0);
        pair_destroy(pair);
    }
}

static void manifest_with_another_number_of_streams_is_an_error(void **unused)
{
    (void)unused;
    struct pair *pair = all_sent_no_manifest();
    struct wire_message manifest = pair_plausible(pair, WIRE_MANIFEST);
    manifest.body.manifest.stream_count = 2;

    pair_forge(pair, PAIR_TARGET, &manifest);

    assert_status(last_error(pair), FERRY_PEER_VALUE);
    pair_assert_completed(pair); /* the honest one says it again, over a new connection */
    pair_destroy(pair);
}

static void manifest_of_an_old_attempt_or_another_epoch_changes_nothing(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_target(FERRY_TARGET_READY);
    struct wire_message manifest = pair_plausible(pair, WIRE_MANIFEST);
    pair_forge(pair, PAIR_TARGET, &manifest);
    manifest.body.manifest.attempt = 9;
    manifest.body.manifest.epoch = 9;
    pair_forge(pair, PAIR_TARGET, &manifest);
    assert_int_equal(pair_target_state(pair), FERRY_TARGET_READY);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

/* ---- other guests' words ---- */

static void resume_of_another_session_hears_lost_and_changes_nothing(void **unused)
{
    (void)unused;
    for (int what = 0; what < 4; what++) {
        struct pair *pair = pair_create_at_target(FERRY_TARGET_READY);
        struct wire_message resume = pair_plausible(pair, WIRE_RESUME);
        struct wire_resume *body = &resume.body.resume;
        body->guest_id += what == 0;
        body->epoch += what == 1;
        body->source_journal_id += what == 2;
        body->target_journal_id += what == 3;
        pair_drop(pair, WIRE_LOST, 1);

        pair_forge(pair, PAIR_TARGET, &resume);

        assert_int_equal(pair_sent(pair, WIRE_LOST), 1);
        assert_int_equal(pair_target_state(pair), FERRY_TARGET_READY);
        pair_assert_completed(pair);
        pair_destroy(pair);
    }
}

static void too_many_streams_are_refused_on_every_connection(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_target(FERRY_TARGET_RECEIVING);
    struct wire_message open = pair_plausible(pair, WIRE_OPEN);
    open.body.open.guest_id = 8; /* said again, and of another guest */
    pair_forge(pair, PAIR_TARGET, &open);
    assert_status(last_error(pair), FERRY_PEER_UNEXPECTED);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void opener_that_may_be_away_for_ever_does_not_wrap_the_limit(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_target(FERRY_TARGET_WAITING);
    struct wire_message open = pair_plausible(pair, WIRE_OPEN);
    open.body.open.abandon_after = INT64_MAX;

    pair_forge(pair, PAIR_TARGET, &open);
    pair_run_until_target(pair, FERRY_TARGET_RECEIVING);
    pair_crash(pair, PAIR_SOURCE, false);
    pair_advance(pair, 1000000 * FERRY_SECOND);

    assert_int_equal(pair_target_state(pair), FERRY_TARGET_RECEIVING);
    pair_destroy(pair);
}

static void end_that_disagrees_about_the_owner_keeps_guest_and_records(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_target(FERRY_TARGET_RUNNING);
    const struct wire_message end = {
        .type = WIRE_END, .body.end = {.attempt = 1, .epoch = 1, .moved = 0}
    };

    /* A source that was dead when an operator claimed the guest here does not know: it is told once. */
    pair_forge(pair, PAIR_TARGET, &end);
    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_PROTOCOL_ERROR), 0);
    pair_forge(pair, PAIR_TARGET, &end);

    assert_status(last_error(pair), FERRY_PEER_UNEXPECTED);
    assert_true(pair_runs(pair, PAIR_TARGET));
    assert_true(pair_has_record(pair, PAIR_TARGET, FERRY_RECORD_OWNER));
    pair_assert_completed(pair);
    pair_destroy(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(garbage_costs_the_connection_in_every_state),
        cmocka_unit_test(garbage_in_the_middle_costs_an_honest_source_time_only),
        cmocka_unit_test(grant_without_ready_or_of_another_attempt_or_epoch_starts_nothing),
        cmocka_unit_test(burn_before_the_session_is_durable_is_refused),
        cmocka_unit_test(abort_of_another_epoch_voids_nothing),
        cmocka_unit_test(manifest_that_lies_is_never_ready),
        cmocka_unit_test(manifest_with_another_number_of_streams_is_an_error),
        cmocka_unit_test(manifest_of_an_old_attempt_or_another_epoch_changes_nothing),
        cmocka_unit_test(resume_of_another_session_hears_lost_and_changes_nothing),
        cmocka_unit_test(too_many_streams_are_refused_on_every_connection),
        cmocka_unit_test(opener_that_may_be_away_for_ever_does_not_wrap_the_limit),
        cmocka_unit_test(end_that_disagrees_about_the_owner_keeps_guest_and_records),
    };
    return cmocka_run_group_tests_name("hostile source", tests, NULL, NULL);
}
