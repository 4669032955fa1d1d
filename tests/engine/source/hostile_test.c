/* SPDX-License-Identifier: Apache-2.0 */
/* hostile_test.c -- a target that lies or talks nonsense. Before a grant it can end its own
 * migration and nothing else: a named error, and the guest runs on at the source, untouched.
 *
 * Whole messages in the wrong state are state_walk_test. */
#include "support/harness.h"
#include "support/pair.h"
#include "wire/frame.h"

#include <string.h>

static const enum ferry_source_state live[] = {
    FERRY_SOURCE_OPENING, FERRY_SOURCE_COPYING, FERRY_SOURCE_PAUSING, FERRY_SOURCE_SENDING};

static void assert_untouched(struct pair *pair)
{
    pair_run_to_end(pair);
    assert_true(pair_runs(pair, PAIR_SOURCE));
    assert_false(pair_runs(pair, PAIR_TARGET));
    assert_int_equal(pair_outcomes(pair), 1);
    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_GRANT_ISSUED), 0);
}

/* Bytes that make no sense may be the wire's fault three times: the source asks again. Whoever goes
 * on with them is at fault. */
static void talk_nonsense(struct pair *pair, struct ferry_bytes bytes)
{
    do {
        pair_forge_bytes(pair, PAIR_SOURCE, bytes);
    } while (pair_outcomes(pair) == 0 && pair_step(pair));
}

static void nonsense_that_comes_once_is_asked_for_again(void **unused)
{
    (void)unused;
    uint8_t bytes[200];
    memset(bytes, 0x5a, sizeof(bytes));
    struct pair *pair = pair_create_at_source(FERRY_SOURCE_COPYING);

    pair_forge_bytes(pair, PAIR_SOURCE, (struct ferry_bytes){.data = bytes, .size = sizeof(bytes)});

    pair_assert_completed(pair);
    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_PROTOCOL_ERROR), 1);
    pair_destroy(pair);
}

static void garbage_is_a_named_error_and_the_guest_is_untouched(void **unused)
{
    (void)unused;
    uint8_t bytes[200];
    uint64_t random = 99;
    for (uint32_t round = 0; round < 200; round++) {
        struct pair *pair = pair_create_at_source(live[round % COUNT_OF(live)]);
        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (uint8_t)harness_random(&random);
        }

        talk_nonsense(pair, (struct ferry_bytes){.data = bytes, .size = sizeof(bytes)});

        assert_untouched(pair);
        assert_int_equal(ferry_status_category(pair_outcome(pair)->status), FERRY_CATEGORY_PEER);
        pair_destroy(pair);
    }
}

static void huge_length_is_refused_before_it_is_buffered(void **unused)
{
    (void)unused;
    /* length, type, section, checksum: see wire/frame.h */
    const struct wire_message ping = {.type = WIRE_PONG};
    uint8_t frame[64];
    size_t size = 0;
    assert_status(wire_message_encode(&ping, frame, sizeof(frame), &size), FERRY_OK);
    const uint32_t honest = wire_frame_parse(frame).head_size;
    for (size_t i = 0; i < size; i++) {
        memset(frame, 0xff, sizeof(frame));
        assert_status(wire_message_encode(&ping, frame, sizeof(frame), &size), FERRY_OK);
        frame[i] = 0xff;
        if (wire_frame_parse(frame).head_size <= honest) {
            continue;
        }
        struct pair *pair = pair_create_at_source(FERRY_SOURCE_COPYING);
        talk_nonsense(pair, (struct ferry_bytes){.data = frame, .size = size});
        assert_untouched(pair);
        assert_status(pair_outcome(pair)->status, FERRY_PEER_LENGTH);
        pair_destroy(pair);
    }
}

static void half_a_frame_then_silence_is_silence(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(
        &(struct pair_options){.ram_pages = 4096, .paths = 2, .bytes_per_second = 5000000});
    pair_run_until_source(pair, FERRY_SOURCE_COPYING);
    pair_cut_way(pair, 0, PAIR_TARGET, true);
    const struct wire_message ack = pair_plausible(pair, WIRE_ACK);
    uint8_t frame[128];
    size_t size = 0;
    assert_status(wire_message_encode(&ack, frame, sizeof(frame), &size), FERRY_OK);

    /* One byte each 100 ms: bytes are no sign of life, messages are. */
    for (size_t i = 0; i + 1 < size && pair_attach_number(pair) == 1; i++) {
        pair_forge_bytes(pair, PAIR_SOURCE, (struct ferry_bytes){.data = frame + i, .size = 1});
        pair_advance(pair, 100 * FERRY_MILLISECOND);
    }

    assert_true(pair_attach_number(pair) > 1);
    assert_true(pair_now(pair) < 1300 * FERRY_MILLISECOND);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void acknowledgement_of_batches_never_sent_is_an_error(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_source(FERRY_SOURCE_COPYING);
    struct wire_message ack = pair_plausible(pair, WIRE_ACK);
    ack.body.ack.last_batch[0] = 1000000;

    pair_forge(pair, PAIR_SOURCE, &ack);

    assert_untouched(pair);
    assert_status(pair_outcome(pair)->status, FERRY_PEER_VALUE);
    pair_destroy(pair);
}

static void acknowledgement_of_rounds_and_streams_that_are_not_changes_nothing(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_source(FERRY_SOURCE_COPYING);
    struct wire_message ack = pair_plausible(pair, WIRE_ACK);
    ack.body.ack.round = 17;
    ack.body.ack.stream_count = FERRY_STREAMS_MAX;

    pair_forge(pair, PAIR_SOURCE, &ack);
    ack.body.ack.attach = 99;
    pair_forge(pair, PAIR_SOURCE, &ack);

    pair_assert_completed(pair);
    pair_destroy(pair);
}

/* Found by fuzz/hostile_target: the barrier was held for passed, never sent, and the next round's batch broke the stream. */
static void acknowledgement_of_a_barrier_not_sent_yet_changes_nothing(void **unused)
{
    (void)unused;
    for (size_t j = 0; j < COUNT_OF(live); j++) {
        struct pair *pair = pair_create_at_source(live[j]);
        struct wire_message ack = pair_plausible(pair, WIRE_ACK);
        ack.body.ack.round = live[j] < FERRY_SOURCE_PAUSING ? 0 : 1;

        pair_forge(pair, PAIR_SOURCE, &ack);

        pair_assert_completed(pair);
        pair_destroy(pair);
    }
}

/* Found by fuzz/hostile_target: what was sent again had no barrier behind it, and the next round's batch broke the stream. */
static void resumed_that_has_closed_a_round_but_not_its_batches_breaks_no_stream(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_source(FERRY_SOURCE_COPYING);
    while (pair_actions(pair, PAIR_SOURCE, FERRY_ACTION_SEND_BARRIER) == 0) {
        assert_true(pair_step(pair));
    }
    pair_reset(pair);
    while (pair_sent(pair, WIRE_RESUME) == 0) {
        assert_true(pair_step(pair));
    }
    struct wire_message resumed = pair_plausible(pair, WIRE_RESUMED);
    resumed.body.resumed.old_attach = 1;
    resumed.body.resumed.round = 0;

    pair_forge(pair, PAIR_SOURCE, &resumed);

    pair_run_to_end(pair);
    assert_int_equal(pair_running(pair), 1);
    assert_int_equal(pair_outcomes(pair), 1);
    pair_destroy(pair);
}

static void ready_for_what_it_has_not_got_is_never_granted(void **unused)
{
    (void)unused;
    static const struct wire_ready rows[] = {
        {.attempt = 1,          .epoch = 1}, /* before the manifest */
        {.attempt = 2,          .epoch = 1}, /* of an attempt to come */
        {.attempt = UINT32_MAX, .epoch = 1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t j = 0; j < COUNT_OF(live); j++) {
            struct pair *pair = pair_create_at_source(live[j]);
            const struct wire_message ready = {.type = WIRE_READY, .body.ready = rows[i]};

            pair_forge(pair, PAIR_SOURCE, &ready);

            assert_untouched(pair);
            assert_status(pair_outcome(pair)->status, FERRY_PEER_UNEXPECTED);
            pair_destroy(pair);
        }
    }
}

static void ready_of_another_epoch_changes_nothing(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&(struct pair_options){0});
    pair_drop(pair, WIRE_READY, 1);
    pair_run_until_target(pair, FERRY_TARGET_READY);
    pair_advance(pair, 200 * FERRY_MICROSECOND);
    const struct wire_message ready = {
        .type = WIRE_READY, .body.ready = {.attempt = 1, .epoch = 9}
    };

    pair_forge(pair, PAIR_SOURCE, &ready);

    assert_int_equal(pair_source_state(pair), FERRY_SOURCE_SENDING);
    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_STALE_MESSAGE), 1);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void started_before_a_grant_frees_nothing(void **unused)
{
    (void)unused;
    for (size_t j = 0; j < COUNT_OF(live); j++) {
        struct pair *pair = pair_create_at_source(live[j]);
        const struct wire_message started = pair_plausible(pair, WIRE_STARTED);

        pair_forge(pair, PAIR_SOURCE, &started);

        assert_untouched(pair);
        assert_true(pair_guest_alive(pair, PAIR_SOURCE));
        assert_status(pair_outcome(pair)->status, FERRY_PEER_UNEXPECTED);
        pair_destroy(pair);
    }
}

static void started_or_aborted_of_another_attempt_or_epoch_changes_nothing(void **unused)
{
    (void)unused;
    static const struct wire_started rows[] = {
        {.attempt = 2, .epoch = 2, .alive = 1},
        {.attempt = 1, .epoch = 1, .alive = 1},
        {.attempt = 1, .epoch = 3, .alive = 1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pair *pair = pair_create_at_source(FERRY_SOURCE_GRANTED);
        const struct wire_message started = {.type = WIRE_STARTED, .body.started = rows[i]};
        pair_forge(pair, PAIR_SOURCE, &started);
        assert_int_equal(pair_source_state(pair), FERRY_SOURCE_GRANTED);
        pair_destroy(pair);
    }
    struct pair *pair = pair_create_at_source(FERRY_SOURCE_GRANTED);
    const struct wire_message aborted = {
        .type = WIRE_ABORTED, .body.attempt = {.attempt = 1, .epoch = 2}
    };
    pair_forge(pair, PAIR_SOURCE, &aborted);
    assert_int_equal(pair_source_state(pair), FERRY_SOURCE_GRANTED);
    assert_int_equal(pair_running(pair), 0);
    pair_destroy(pair);
}

/* Sums of what it tells must not overflow: with the sanitizers on, this is where it shows. */
static void durations_of_centuries_spoil_figures_and_nothing_else(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_source(FERRY_SOURCE_OPENING);
    struct wire_message accept = pair_plausible(pair, WIRE_ACCEPT);
    accept.body.accept.persist_ns = INT64_MAX;
    accept.body.accept.load_ns = INT64_MAX;
    accept.body.accept.resume_ns = INT64_MAX;
    pair_forge(pair, PAIR_SOURCE, &accept);
    pair_run_to_end(pair);
    assert_int_equal(pair_running(pair), 1);
    pair_destroy(pair);

    pair = pair_create_at_source(FERRY_SOURCE_COPYING);
    struct wire_message pong = pair_plausible(pair, WIRE_PONG);
    pong.body.pong.persist_ns = INT64_MAX;
    pair_forge(pair, PAIR_SOURCE, &pong);
    pong.body.pong.nonce = UINT64_MAX;
    pair_forge(pair, PAIR_SOURCE, &pong);
    pair_run_to_end(pair);
    assert_int_equal(pair_running(pair), 1);
    pair_destroy(pair);

    pair = pair_create(&(struct pair_options){0});
    pair_drop(pair, WIRE_READY, 1);
    pair_run_until_target(pair, FERRY_TARGET_READY);
    pair_advance(pair, 200 * FERRY_MICROSECOND);
    struct wire_message ready = pair_plausible(pair, WIRE_READY);
    ready.body.ready.load_ns = INT64_MAX;
    pair_forge(pair, PAIR_SOURCE, &ready);
    pair_drop(pair, WIRE_STARTED, 1);
    pair_run_until_target(pair, FERRY_TARGET_RUNNING);
    struct wire_message started = pair_plausible(pair, WIRE_STARTED);
    started.body.started.owner_persist_ns = INT64_MAX;
    started.body.started.resume_ns = INT64_MAX;
    started.body.started.running_for_ns = INT64_MAX;
    pair_forge(pair, PAIR_SOURCE, &started);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

/* Found by fuzz/hostile_target: ENDED was written behind the forgetting of its session, and no restart could read it. */
static void started_after_lost_writes_nothing(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_source(FERRY_SOURCE_COPYING);
    pair_crash(pair, PAIR_SOURCE, false);
    pair_restart(pair, PAIR_SOURCE);
    pair_drop(pair, WIRE_END, 1000);
    pair_advance(pair, FERRY_MILLISECOND);
    assert_int_equal(pair_source_state(pair), FERRY_SOURCE_CLOSING);
    const struct wire_message lost = {.type = WIRE_LOST};
    const struct wire_message started = pair_plausible(pair, WIRE_STARTED);

    pair_forge(pair, PAIR_SOURCE, &lost);
    pair_forge(pair, PAIR_SOURCE, &started);

    assert_false(pair_has_record(pair, PAIR_SOURCE, FERRY_RECORD_ENDED));
    pair_run_to_end(pair);
    assert_false(pair_has_record(pair, PAIR_SOURCE, FERRY_RECORD_ENDED));
    pair_destroy(pair);
}

static void anything_after_closed_is_ignored(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < pair_type_count; i++) {
        struct pair *pair = pair_create(&(struct pair_options){0});
        pair_run_until_source(pair, FERRY_SOURCE_CLOSING);
        const struct wire_message closed = {.type = WIRE_CLOSED};
        const struct wire_message message = pair_plausible(pair, pair_types[i]);
        pair_advance(pair, FERRY_MILLISECOND / 2 + FERRY_MILLISECOND / 10);

        pair_forge(pair, PAIR_SOURCE, &closed);
        pair_forge(pair, PAIR_SOURCE, &closed);
        pair_forge(pair, PAIR_SOURCE, &message);

        pair_run_to_end(pair);
        pair_assert_outcome(pair, FERRY_OUTCOME_COMPLETED, FERRY_OK);
        assert_int_equal(pair_outcomes(pair), 1);
        assert_true(pair_runs(pair, PAIR_TARGET));
        pair_destroy(pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nonsense_that_comes_once_is_asked_for_again),
        cmocka_unit_test(garbage_is_a_named_error_and_the_guest_is_untouched),
        cmocka_unit_test(huge_length_is_refused_before_it_is_buffered),
        cmocka_unit_test(half_a_frame_then_silence_is_silence),
        cmocka_unit_test(acknowledgement_of_batches_never_sent_is_an_error),
        cmocka_unit_test(acknowledgement_of_rounds_and_streams_that_are_not_changes_nothing),
        cmocka_unit_test(acknowledgement_of_a_barrier_not_sent_yet_changes_nothing),
        cmocka_unit_test(resumed_that_has_closed_a_round_but_not_its_batches_breaks_no_stream),
        cmocka_unit_test(ready_for_what_it_has_not_got_is_never_granted),
        cmocka_unit_test(ready_of_another_epoch_changes_nothing),
        cmocka_unit_test(started_before_a_grant_frees_nothing),
        cmocka_unit_test(started_or_aborted_of_another_attempt_or_epoch_changes_nothing),
        cmocka_unit_test(durations_of_centuries_spoil_figures_and_nothing_else),
        cmocka_unit_test(started_after_lost_writes_nothing),
        cmocka_unit_test(anything_after_closed_is_ignored),
    };
    return cmocka_run_group_tests_name("hostile target", tests, NULL, NULL);
}
