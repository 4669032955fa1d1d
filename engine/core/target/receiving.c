/* SPDX-License-Identifier: Apache-2.0 */
/* receiving.c -- what was placed, round by round, and whether an attempt is complete.
 *
 * R-1 A round is closed when every stream of the newest attach has passed its barrier; only then
 * may the next be placed. R-2 An attempt is complete when, for each stream, batches, bytes and
 * running digest are those of the manifest, and the device state is here with the digest that the
 * manifest names. Less than the manifest: wait. Anything else: it is wrong. R-3 A report of an
 * older attach counts until its DETACH is done, and never after. */
#include "base/assert.h"
#include "target/internal.h"

#include <string.h>

/* So often a stream may make no sense before the source is to blame, and not the wire. */
#define DAMAGE_MAX 3U

static void acknowledge(struct ferry_target *target)
{
    struct wire_message message = {.type = WIRE_ACK};
    struct wire_ack *ack = &message.body.ack;
    *ack = (struct wire_ack){
        .attach = target->streams_attach,
        .round = target->round_done,
        .stream_count = target->stream_count,
    };
    for (uint16_t i = 0; i < target->stream_count; i++) {
        ack->last_batch[i] = target->streams[i].last_batch;
    }
    target_send(target, &message);
}

void target_receiving_begin_attach(struct ferry_target *target, uint32_t attach, uint16_t streams)
{
    memset(target->streams, 0, sizeof(target->streams));
    for (uint16_t i = 0; i < streams; i++) {
        target->streams[i].barrier = WIRE_ROUND_NONE;
    }
    target->streams_attach = attach;
    target->stream_count = streams;
    target->shape.attach = attach;
}

/* Something of the newest attach is here: the source has heard what the table said. */
static void take_over(struct ferry_target *target, uint32_t attach)
{
    if (attach == target->next_attach && attach != target->streams_attach) {
        /* mark: target-takes-over -- the first word on new streams: the old table is done with */
        target_receiving_begin_attach(target, attach, target->next_stream_count);
    }
}

static struct target_stream *stream_of(struct ferry_target *target, const struct ferry_event *event)
{
    take_over(target, event->attach);
    if (event->attach != target->streams_attach || event->stream >= target->stream_count) {
        /* mark: target-stale-report -- a report of a stream that does not count any more */
        target->dropped_reports++;
        target_trace(target, FERRY_TRACE_REPORT_DROPPED, (int64_t)event->batch, event->kind, 0, 0);
        return NULL;
    }
    return &target->streams[event->stream];
}

void target_receiving_fail(struct ferry_target *target, enum ferry_status status, const char *text)
{
    target_trace(target, FERRY_TRACE_PROTOCOL_ERROR, status, 0, target->state, 0);
    target_send(
        target,
        &(struct wire_message){
            .type = WIRE_FAILED,
            .body.failed =
                {
                              .code = (uint16_t)wire_code_of_status(status),
                              .text = {.data = (const uint8_t *)text, .size = strlen(text)},
                              },
    });
}

static void load(struct ferry_target *target)
{
    target_set_state(target, FERRY_TARGET_LOADING, FERRY_EVENT_BATCH_PLACED);
    target->attempt.load_begun = target->now;
    target_ask(
        target,
        TARGET_PENDING_LOAD,
        (struct ferry_action){
            .kind = FERRY_ACTION_LOAD_STATE,
            .attempt = target->attempt.number,
            .epoch = target->handover.epoch,
            .state_size = target->attempt.manifest.state_size,
        },
        target->config.action_limit);
}

/* 1: complete, 0: not yet, -1: what is here is not what was sent. */
static int compare_stream(
    const struct target_stream *stream, const struct wire_stream_sum *sum, uint32_t attempt)
{
    const struct wire_stream_sum none = {0};
    const struct wire_stream_sum *here = stream->sum_attempt == attempt ? &stream->sum : &none;
    if (here->batches < sum->batches) {
        return 0;
    }
    const bool equal =
        here->batches == sum->batches && here->bytes == sum->bytes && here->digest == sum->digest;
    return equal ? 1 : -1;
}

static void check_complete(struct ferry_target *target)
{
    const struct target_attempt *attempt = &target->attempt;
    if (target->state != FERRY_TARGET_RECEIVING || attempt->number == 0 ||
        attempt->manifest_attach != target->streams_attach) {
        return;
    }
    for (uint16_t i = 0; i < attempt->manifest.stream_count; i++) {
        const int result =
            compare_stream(&target->streams[i], &attempt->manifest.streams[i], attempt->number);
        if (result < 0) {
            /* mark: target-manifest-differs -- what is here is not what was sent */
            target_receiving_fail(
                target, FERRY_PEER_MANIFEST, ferry_status_sentence(FERRY_PEER_MANIFEST));
            return;
        }
        if (result == 0) {
            return;
        }
    }
    if (attempt->manifest.state_size != 0) {
        const bool here = attempt->state_attempt == attempt->number &&
                          attempt->state_size == attempt->manifest.state_size &&
                          attempt->state_bytes >= attempt->state_size &&
                          attempt->state_digest == attempt->manifest.state_digest;
        if (!here) {
            /* mark: target-state-differs -- the device state is not the one announced */
            target_receiving_fail(
                target, FERRY_PEER_MANIFEST, "the device state is not the one announced");
            return;
        }
    }
    load(target);
}

/* Parts come on any stream, and some again after a lost connection: what is counted twice does no
 * harm, since the manifest's sums say that every batch of this connection is here, and what an older
 * one acknowledged had been placed. */
static void place_state(struct target_attempt *attempt, const struct ferry_event *event)
{
    const bool same = attempt->state_attempt == event->attempt &&
                      attempt->state_size == event->state_size &&
                      attempt->state_digest == event->state_digest;
    attempt->state_attempt = event->attempt;
    attempt->state_size = event->state_size;
    attempt->state_digest = event->state_digest;
    attempt->state_bytes = same ? attempt->state_bytes + event->state_bytes : event->state_bytes;
}

void target_receiving_batch(struct ferry_target *target, const struct ferry_event *event)
{
    target->begun = true;
    struct target_stream *stream = stream_of(target, event);
    if (stream == NULL) {
        return;
    }
    FERRY_ASSERT(event->batch > stream->last_batch); /* the decoder has checked it */
    stream->last_batch = event->batch;
    if (event->attempt != 0) {
        if (stream->sum_attempt != event->attempt) {
            stream->sum_attempt = event->attempt;
            stream->sum = (struct wire_stream_sum){0};
        }
        stream->sum.batches++;
        stream->sum.bytes += event->wire_bytes;
        stream->sum.digest =
            ferry_digest_chain(stream->sum.digest, event->digest, event->wire_bytes);
    }
    if (event->state_size != 0) {
        place_state(&target->attempt, event);
    }
    acknowledge(target);
    check_complete(target);
}

void target_receiving_barrier(struct ferry_target *target, const struct ferry_event *event)
{
    target->begun = true;
    struct target_stream *stream = stream_of(target, event);
    if (stream == NULL) {
        return;
    }
    stream->barrier = event->round;
    for (uint16_t i = 0; i < target->stream_count; i++) {
        const uint32_t barrier = target->streams[i].barrier;
        if (barrier == WIRE_ROUND_NONE || barrier < event->round) {
            return;
        }
    }
    target->round_done = event->round;
    target_tell(
        target,
        (struct ferry_action){
            .kind = FERRY_ACTION_RELEASE_ROUND,
            .attach = target->streams_attach,
            .round = event->round + 1,
        });
    acknowledge(target);
    const bool slow = target->persist_ns > target->config.journal_estimate;
    if (slow && target->state == FERRY_TARGET_RECEIVING && event->attempt == 0 &&
        target->pending[TARGET_PENDING_PERSIST_SESSION].id == 0) {
        /* mark: target-journal-measured-again -- the journal was slow once: is it still? */
        target_opening_persist(target);
    }
}

void target_receiving_error(struct ferry_target *target, const struct ferry_event *event)
{
    if (stream_of(target, event) == NULL) {
        return;
    }
    target->damaged++;
    if (target->damaged <= DAMAGE_MAX) {
        /* Perhaps damaged on its way, under the link's own checksum (a flipped bit in a frame's
         * header looks like anything): a new connection sends again what is not acknowledged. */
        target_trace(target, FERRY_TRACE_PROTOCOL_ERROR, event->status, 0, target->state, 0);
        /* mark: target-stream-damaged -- a damaged stream: a new connection */
        target_attach_drop(target);
        return;
    }
    /* mark: target-stream-nonsense -- too much damage: the source is to blame */
    target_receiving_fail(target, event->status, ferry_status_sentence(event->status));
}

void target_receiving_manifest(struct ferry_target *target, const struct wire_message *message)
{
    const struct wire_manifest *manifest = &message->body.manifest;
    const bool mine = manifest->epoch == target->handover.epoch &&
                      manifest->attempt > target->handover.attempt &&
                      target->state == FERRY_TARGET_RECEIVING;
    if (!mine) {
        /* mark: target-stale-manifest -- a manifest of an aborted attempt is dropped */
        target_trace(
            target,
            FERRY_TRACE_STALE_MESSAGE,
            WIRE_MANIFEST,
            manifest->attempt,
            target->handover.attempt,
            0);
        return;
    }
    take_over(target, target->attach);
    if (manifest->stream_count != target->stream_count ||
        manifest->state_size > target->config.device_state_max) {
        /* mark: target-manifest-refused -- a manifest of other streams, or of too large a state */
        target_violation(target, FERRY_PEER_VALUE, WIRE_MANIFEST);
        return;
    }
    target->attempt.number = manifest->attempt;
    target->attempt.manifest_attach = target->streams_attach;
    target->attempt.manifest = *manifest;
    check_complete(target);
}

void target_receiving_loaded(struct ferry_target *target, enum ferry_status status)
{
    if (target->state != FERRY_TARGET_LOADING) {
        return;
    }
    if (status != FERRY_OK) {
        /* mark: target-load-failed -- the device state could not be loaded */
        target_set_state(target, FERRY_TARGET_RECEIVING, FERRY_EVENT_DONE);
        target->attempt.number = 0;
        target_receiving_fail(target, FERRY_WORLD_GUEST, "the device state could not be loaded");
        return;
    }
    target->attempt.load_ns = target->now - target->attempt.load_begun;
    target_owning_step(target, HANDOVER_IN_LOADED, target->attempt.number, target->handover.epoch);
}

void target_receiving_void(struct ferry_target *target, uint32_t attempt)
{
    if (target->attempt.state_attempt <= attempt) {
        target->attempt.state_attempt = 0;
    }
    if (target->attempt.number > attempt) {
        return;
    }
    /* mark: target-attempt-void -- an attempt is void: what came for it is dropped */
    target_abandon(target, TARGET_PENDING_LOAD);
    target->attempt.number = 0;
    if (target->state == FERRY_TARGET_LOADING || target->state == FERRY_TARGET_READY) {
        target_set_state(target, FERRY_TARGET_RECEIVING, FERRY_EVENT_CONTROL_BYTES);
    }
}
