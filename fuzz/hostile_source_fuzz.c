/* SPDX-License-Identifier: Apache-2.0 */
/* hostile_source_fuzz.c -- a real target, and a source that is an input. It never runs a guest that was not granted to it,
 * takes bounded memory, names each error, and ends when the source is gone. The claims are rig/watch.c's; the input is
 * hostile.h's script. */
#include "fuzz/claim.h"
#include "fuzz/hostile.h"
#include "fuzz/input/frames.h"
#include "fuzz/input/mutate.h"

#include <stdlib.h>
#include <string.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's own name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const struct mutate_rules fuzz_rules = {
    .form = MUTATE_SCRIPT,
    .header = 1,
    .bodies = FRAMES_BODIES_TAGS,
    .kinds = HOSTILE_KINDS,
    .frames = HOSTILE_FRAMES,
    .payload = HOSTILE_PAYLOAD,
    .arguments = 6,
};

static void connect(struct hostile *hostile, struct script_record *record)
{
    const int8_t delta = (int8_t)script_u8(record);
    const uint16_t streams = (uint16_t)(script_u8(record) % (RIG_STREAMS_MAX + 1U));
    const uint32_t number = (uint32_t)(uint64_t)((int64_t)hostile->attach + delta + 1);
    if (number == 0 || !hostile->rig->hosts[RIG_TARGET].up) {
        return;
    }
    hostile->attach = number;
    memset(hostile->sums, 0, sizeof(hostile->sums));
    rig_attach_open(hostile->rig, number, 0, streams);
}

static void add_sum(
    struct hostile *hostile,
    uint16_t stream,
    uint32_t attempt,
    const struct ferry_piece *piece,
    uint32_t digest)
{
    struct wire_stream_sum *sum = &hostile->sums[stream];
    if (attempt == 0) {
        return;
    }
    if (hostile->sum_attempt != attempt) {
        hostile->sum_attempt = attempt;
        memset(hostile->sums, 0, sizeof(hostile->sums));
    }
    sum->batches++;
    sum->bytes += piece->bytes;
    sum->digest = ferry_digest_chain(sum->digest, digest, piece->bytes);
}

/* Pages, device state, or a barrier, by the shipped encoder; what it refuses is not sent. */
static void
send_right(struct hostile *hostile, uint16_t stream, const struct ferry_batch *batch, bool barrier)
{
    struct rig_attach *attach = rig_attach_find(hostile->rig, hostile->attach);
    if (attach == NULL || stream >= attach->stream_count || !attach->open[RIG_SOURCE] ||
        hostile->rig->step_count + 64 > RIG_STEPS_MAX) {
        return;
    }
    struct rig_stream *own = &attach->streams[stream];
    const enum ferry_status status =
        barrier ? ferry_encoder_barrier(own->encoder, batch->round, batch->attempt)
                : ferry_encoder_batch(own->encoder, batch);
    if (status != FERRY_OK) {
        return;
    }
    uint8_t *bytes = NULL;
    size_t size = 0;
    uint32_t digest = 0;
    const struct ferry_piece piece = rig_encode(hostile->rig, own, &bytes, &size, &digest);
    if (!barrier) {
        add_sum(hostile, stream, batch->attempt, &piece, digest);
    }
    rig_payload(hostile->rig, attach, stream, (struct ferry_bytes){.data = bytes, .size = size});
    free(bytes);
}

static void send_batch(struct hostile *hostile, struct script_record *record, bool state)
{
    const uint16_t stream = script_u8(record) % RIG_STREAMS_MAX;
    const uint64_t first = script_u8(record) % hostile->rig->options.pages;
    const uint64_t count = script_u8(record) % hostile->rig->options.pages + 1U;
    const uint64_t end = first + count;
    hostile->batch++;
    hostile->bitmap = UINT64_MAX;
    struct ferry_batch batch = {
        .number = hostile->batch,
        .round = hostile->round,
        .attempt = script_u8(record) % 4U,
    };
    if (state) {
        batch.state_size = 4000;
        batch.attempt += batch.attempt == 0;
        batch.state_digest = ferry_crc32c(
            0,
            &hostile->rig->hosts[RIG_SOURCE].device_state,
            sizeof(hostile->rig->hosts[RIG_SOURCE].device_state));
    } else {
        batch.bitmap = &hostile->bitmap;
        batch.first_page = first;
        batch.end_page = end < hostile->rig->options.pages ? end : hostile->rig->options.pages;
    }
    hostile->attempt = batch.attempt > hostile->attempt ? batch.attempt : hostile->attempt;
    send_right(hostile, stream, &batch, false);
}

static void send_barriers(struct hostile *hostile, struct script_record *record)
{
    const uint8_t only = script_u8(record);
    const struct ferry_batch batch = {.round = hostile->round, .attempt = script_u8(record) % 4U};
    for (uint16_t i = 0; i < RIG_STREAMS_MAX; i++) {
        if (only == 0 || (uint8_t)(only % RIG_STREAMS_MAX) == i) {
            send_right(hostile, i, &batch, true);
        }
    }
    hostile->round += only == 0;
}

static void say_manifest(struct hostile *hostile, struct script_record *record)
{
    struct wire_message message;
    memset(&message, 0, sizeof(message));
    message.type = WIRE_MANIFEST;
    struct wire_manifest *manifest = &message.body.manifest;
    const uint32_t attempt = script_u8(record) % 4U;
    const struct rig_attach *attach = rig_attach_find(hostile->rig, hostile->attach);
    *manifest = (struct wire_manifest){
        .attempt = attempt == 0 ? hostile->attempt + (hostile->attempt == 0) : attempt,
        .epoch = RIG_EPOCH,
        .round = hostile->round,
        .stream_count =
            (uint16_t)(attach == NULL || attach->stream_count == 0 ? 1U : attach->stream_count),
    };
    const uint8_t changes = script_u8(record);
    if ((changes & 1U) == 0) {
        manifest->state_size = 4000;
        manifest->state_digest = ferry_crc32c(
            0,
            &hostile->rig->hosts[RIG_SOURCE].device_state,
            sizeof(hostile->rig->hosts[RIG_SOURCE].device_state));
    }
    for (uint16_t i = 0; i < manifest->stream_count; i++) {
        manifest->streams[i] = hostile->sums[i];
        manifest->streams[i].batches += (changes >> 1 & 1U);
        manifest->streams[i].digest ^= (changes >> 2 & 1U);
    }
    hostile->attempt = manifest->attempt;
    hostile_say(hostile, message);
}

static void send_payload(struct hostile *hostile, struct script_record *record)
{
    static uint8_t frames[UINT16_MAX];
    struct rig_attach *attach = rig_attach_find(hostile->rig, hostile->attach);
    const uint16_t stream = script_u8(record) % RIG_STREAMS_MAX;
    if (attach == NULL || stream >= attach->stream_count || record->size == 0 ||
        hostile->rig->step_count + 64 > RIG_STEPS_MAX) {
        return;
    }
    memcpy(frames, record->bytes, record->size);
    frames_seal(frames, record->size, FRAMES_BODIES_TAGS);
    rig_payload(
        hostile->rig, attach, stream, (struct ferry_bytes){.data = frames, .size = record->size});
}

static void act(struct hostile *hostile, uint32_t kind, struct script_record record)
{
    switch (kind) {
    case HOSTILE_CONNECT: connect(hostile, &record); return;
    case HOSTILE_BATCH: send_batch(hostile, &record, false); return;
    case HOSTILE_STATE: send_batch(hostile, &record, true); return;
    case HOSTILE_BARRIER: send_barriers(hostile, &record); return;
    case HOSTILE_MANIFEST: say_manifest(hostile, &record); return;
    case HOSTILE_PAYLOAD: send_payload(hostile, &record); return;
    default: return;
    }
}

static bool done(const struct hostile *hostile)
{
    return hostile->rig->target == NULL || hostile->rig->target_closed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script_record header = {.bytes = data, .size = size};
    const struct rig_options options = {
        .absent = {[RIG_SOURCE] = true},
        .pages = RIG_PAGES_MAX,
        .streams = (uint16_t)(1U + script_u8(&header) % RIG_STREAMS_MAX),
        .paths = 1,
    };
    struct hostile hostile = {.rig = rig_create(&options), .engine = RIG_TARGET};
    hostile_run(&hostile, script_of(header.bytes, header.size), act);
    hostile_end(&hostile, done);
    const struct rig_witness *witness = &hostile.rig->witness;
    claim(done(&hostile), "a target whose source is gone does not end");
    claim(
        !hostile.rig->hosts[RIG_TARGET].runs || witness->owned_once,
        "a target runs a guest that nobody granted");
    rig_destroy(hostile.rig);
    return 0;
}
