/* SPDX-License-Identifier: Apache-2.0 */
/* hostile.c -- see hostile.h. */
#include "fuzz/hostile.h"

#include "fuzz/claim.h"
#include "fuzz/input/frames.h"
#include "fuzz/input/values.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS_MAX  96U
#define STEPS_MAX    4000U
#define STEPS_TO_END 20000U

/* ---- messages that an honest peer could say ---- */

static struct wire_open plausible_open(const struct hostile *hostile, struct script_record *changes)
{
    struct wire_open open = {
        .version_min = FERRY_PROTOCOL_VERSION_MIN,
        .version_max = (uint16_t)(FERRY_PROTOCOL_VERSION_MAX + script_u8(changes)),
        .guest_id = RIG_GUEST,
        .epoch = (uint64_t)RIG_EPOCH + script_u8(changes),
        .source_journal_id = 100,
        .page_size = FERRY_PAGE_SIZE_MIN << script_u8(changes) % 4U,
        .mode = FERRY_MODE_PRECOPY,
        .abandon_after = (ferry_time_ns)script_power(changes, 63),
        .guest_name = {.data = (const uint8_t *)"db1", .size = 3},
        .region_count = 1,
    };
    open.streams = (uint16_t)(1U + script_u8(changes) % FERRY_STREAMS_MAX);
    open.streams = changes->size == 0 ? hostile->rig->options.streams : open.streams;
    open.regions[0].pages = hostile->rig->options.pages + script_u8(changes);
    return open;
}

static struct wire_resume
plausible_resume(const struct hostile *hostile, struct script_record *changes)
{
    return (struct wire_resume){
        .guest_id = RIG_GUEST,
        .epoch = RIG_EPOCH,
        .source_journal_id = 100,
        .target_journal_id = 101,
        .attempt = hostile->attempt,
        .phase = (uint8_t)(WIRE_SOURCE_COPYING + script_u8(changes) % WIRE_SOURCE_ENDED),
        .round = hostile->round,
        .streams = hostile->rig->options.streams,
    };
}

static struct wire_resumed
plausible_resumed(const struct hostile *hostile, struct script_record *changes)
{
    const uint8_t back = script_u8(changes);
    struct wire_resumed resumed = {
        .attach = hostile->attach,
        .phase = (uint8_t)(WIRE_TARGET_RECEIVING + script_u8(changes) % WIRE_TARGET_UNDECIDED),
        .attempt = hostile->attempt,
        .epoch = RIG_EPOCH,
        .target_journal_id = 101,
        .round = WIRE_ROUND_NONE,
        .stream_count = hostile->rig->options.streams,
    };
    const struct rig_attach *old = rig_attach_find(hostile->rig, hostile->attach - 1U - back % 3U);
    if (old != NULL) {
        resumed.old_attach = old->number;
        for (uint16_t i = 0; i < old->stream_count; i++) {
            resumed.last_batch[i] = old->streams[i].last_batch;
            resumed.round = old->streams[i].barrier;
        }
    }
    return resumed;
}

static struct wire_ack plausible_ack(const struct hostile *hostile, struct script_record *changes)
{
    struct wire_ack ack = {
        .attach = hostile->attach,
        .round = WIRE_ROUND_NONE,
        .stream_count = hostile->rig->options.streams,
    };
    const struct rig_attach *attach = rig_attach_find(hostile->rig, hostile->attach);
    for (uint16_t i = 0; attach != NULL && i < attach->stream_count; i++) {
        ack.last_batch[i] = attach->streams[i].last_batch + script_u8(changes);
        ack.round = attach->streams[i].barrier + script_u8(changes);
    }
    return ack;
}

/* Attempt, then epoch: the first two changes. */
static struct wire_attempt
plausible_attempt(const struct hostile *hostile, struct script_record *changes)
{
    const int64_t moved = (int64_t)hostile->attempt + (int8_t)script_u8(changes);
    const uint32_t attempt = (uint32_t)(uint64_t)moved;
    return (struct wire_attempt){
        .attempt = attempt == 0 ? 1 : attempt,
        .epoch = (uint64_t)RIG_EPOCH + script_u8(changes),
    };
}

static void plausible_of_target(
    const struct hostile *hostile, struct wire_message *message, struct script_record *changes)
{
    static const struct ferry_bytes why = {.data = (const uint8_t *)"because", .size = 7};
    struct wire_attempt attempt = {0};
    switch ((int)message->type) {
    case WIRE_ACCEPT:
        message->body.accept = (struct wire_accept){
            .version = (uint16_t)(FERRY_PROTOCOL_VERSION_MAX + script_u8(changes)),
            .features = script_u8(changes),
            .target_journal_id = 101U + script_u8(changes),
            .persist_ns = (ferry_time_ns)script_power(changes, 63),
            .load_ns = (ferry_time_ns)script_power(changes, 63),
            .resume_ns = (ferry_time_ns)script_power(changes, 63),
        };
        return;
    case WIRE_REFUSE:
        message->body.refuse =
            (struct wire_refuse){.code = (uint16_t)(1U + script_u8(changes)), .text = why};
        return;
    case WIRE_FAILED:
        message->body.failed =
            (struct wire_failed){.code = (uint16_t)(1U + script_u8(changes)), .text = why};
        return;
    case WIRE_RESUMED: message->body.resumed = plausible_resumed(hostile, changes); return;
    case WIRE_ACK: message->body.ack = plausible_ack(hostile, changes); return;
    case WIRE_PONG:
        message->body.pong = (struct wire_pong){
            .nonce = script_u8(changes), .persist_ns = (ferry_time_ns)script_power(changes, 63)};
        return;
    case WIRE_READY:
        attempt = plausible_attempt(hostile, changes);
        message->body.ready = (struct wire_ready){
            .attempt = attempt.attempt,
            .epoch = attempt.epoch,
            .load_ns = (ferry_time_ns)script_power(changes, 63),
        };
        return;
    case WIRE_STARTED:
        attempt = plausible_attempt(hostile, changes);
        message->body.started = (struct wire_started){
            .attempt = attempt.attempt,
            .epoch = attempt.epoch + 1,
            .alive = (uint8_t)(script_u8(changes) % 2U == 0),
            .owner_persist_ns = (ferry_time_ns)script_power(changes, 63),
            .resume_ns = (ferry_time_ns)script_power(changes, 63),
            .running_for_ns = (ferry_time_ns)script_power(changes, 63),
        };
        return;
    default: message->body.attempt = plausible_attempt(hostile, changes); return; /* ABORTED */
    }
}

struct wire_message
hostile_plausible(const struct hostile *hostile, uint8_t type, struct script_record *changes)
{
    static const enum wire_type of_source[] = {
        WIRE_OPEN, WIRE_RESUME, WIRE_ABORT, WIRE_GRANT, WIRE_BURN, WIRE_END, WIRE_PING};
    static const enum wire_type of_target[] = {
        WIRE_ACCEPT,
        WIRE_REFUSE,
        WIRE_RESUMED,
        WIRE_LOST,
        WIRE_ACK,
        WIRE_READY,
        WIRE_STARTED,
        WIRE_ABORTED,
        WIRE_FAILED,
        WIRE_CLOSED,
        WIRE_PONG};
    struct wire_message message;
    memset(&message, 0, sizeof(message));
    if (hostile->engine == RIG_SOURCE) {
        message.type = of_target[type % (sizeof(of_target) / sizeof(of_target[0]))];
        plausible_of_target(hostile, &message, changes);
        return message;
    }
    message.type = of_source[type % (sizeof(of_source) / sizeof(of_source[0]))];
    switch ((int)message.type) {
    case WIRE_OPEN: message.body.open = plausible_open(hostile, changes); break;
    case WIRE_RESUME: message.body.resume = plausible_resume(hostile, changes); break;
    case WIRE_PING: message.body.ping.nonce = script_u8(changes); break;
    case WIRE_END: {
        const uint8_t moved = script_u8(changes);
        const struct wire_attempt attempt = plausible_attempt(hostile, changes);
        message.body.end = (struct wire_end){
            .attempt = attempt.attempt, .epoch = attempt.epoch, .moved = moved % 2U};
        break;
    }
    default: message.body.attempt = plausible_attempt(hostile, changes); break;
    }
    return message;
}

/* ---- saying ---- */

void hostile_bytes(struct hostile *hostile, uint32_t number, struct ferry_bytes bytes)
{
    struct rig_attach *attach = rig_attach_find(hostile->rig, number);
    if (attach == NULL || bytes.size == 0 || hostile->rig->step_count + 64 > RIG_STEPS_MAX) {
        return;
    }
    struct rig_step *step = rig_put_on_wire(
        hostile->rig,
        RIG_STEP_CONTROL,
        attach,
        hostile->engine,
        &attach->arrived_at[hostile->engine]);
    if (step != NULL) {
        step->bytes = malloc(bytes.size);
        claim(step->bytes != NULL, "no memory for a message");
        memcpy(step->bytes, bytes.data, bytes.size);
        step->size = bytes.size;
    }
}

void hostile_say(struct hostile *hostile, struct wire_message message)
{
    static uint8_t frame[WIRE_READER_CAPACITY];
    size_t size = 0;
    if (!values_fit(&message)) {
        return;
    }
    claim(
        wire_message_encode(&message, frame, sizeof(frame), &size) == FERRY_OK,
        "a message does not fit a frame");
    hostile_bytes(hostile, hostile->attach, (struct ferry_bytes){.data = frame, .size = size});
}

static void say_frames(struct hostile *hostile, const struct script_record *record)
{
    static uint8_t frames[UINT16_MAX];
    memcpy(frames, record->bytes, record->size);
    frames_seal(frames, record->size, FRAMES_BODIES_NONE);
    hostile_bytes(
        hostile, hostile->attach, (struct ferry_bytes){.data = frames, .size = record->size});
}

static void order(struct hostile *hostile, struct script_record *record)
{
    static const enum ferry_event_kind orders[] = {
        FERRY_EVENT_CANCEL,
        FERRY_EVENT_SWITCH_NOW,
        FERRY_EVENT_SET_BLACKOUT_LIMIT,
        FERRY_EVENT_SET_BANDWIDTH_CAP,
        FERRY_EVENT_BURN,
        FERRY_EVENT_CLAIM,
    };
    const bool source = hostile->engine == RIG_SOURCE;
    enum ferry_event_kind kind = orders[script_u8(record) % 6U];
    if (source != (kind != FERRY_EVENT_BURN) && kind != FERRY_EVENT_CLAIM) {
        kind = source ? FERRY_EVENT_CANCEL : FERRY_EVENT_BURN;
    }
    const struct ferry_event event = {
        .kind = kind,
        .duration_ns = (ferry_time_ns)script_power(record, 40),
        .rate = script_power(record, 40),
    };
    rig_order(hostile->rig, hostile->engine, &event);
}

/* ---- scripts ---- */

static void tamper(struct hostile *hostile, struct script_record *record)
{
    const uint32_t kind = 1U + script_u8(record) % (RIG_ACTION_KINDS - 1U);
    const uint8_t flags = script_u8(record);
    hostile->rig->hosts[hostile->engine].tampers[kind] = (struct rig_tamper){
        .times = 1,
        .fails = (flags & 1U) != 0,
        .mute = (flags & 2U) != 0,
        .delay = (ferry_time_ns)script_power(record, 24) * FERRY_MICROSECOND,
    };
}

bool hostile_common(struct hostile *hostile, uint32_t kind, struct script_record record)
{
    struct rig *rig = hostile->rig;
    struct rig_host *host = &rig->hosts[hostile->engine];
    const struct ferry_bytes bytes = {.data = record.bytes, .size = record.size};
    switch (kind) {
    case HOSTILE_TIME:
        rig_advance(rig, (ferry_time_ns)script_power(&record, 26) * FERRY_MICROSECOND);
        return true;
    case HOSTILE_BREAK: rig_reset(rig); return true;
    case HOSTILE_SAY: {
        const uint8_t type = script_u8(&record);
        hostile_say(hostile, hostile_plausible(hostile, type, &record));
        return true;
    }
    case HOSTILE_FRAMES: say_frames(hostile, &record); return true;
    case HOSTILE_RAW: hostile_bytes(hostile, hostile->attach, bytes); return true;
    case HOSTILE_OLD: hostile_bytes(hostile, hostile->attach - 1U, bytes); return true;
    case HOSTILE_CRASH: {
        const uint8_t flags = script_u8(&record);
        rig_crash(rig, hostile->engine, (flags & 1U) != 0, (flags & 2U) != 0);
        return true;
    }
    case HOSTILE_RESTART: rig_restart(rig, hostile->engine); return true;
    case HOSTILE_JOURNAL:
        host->journal = (enum rig_journal)(script_u8(&record) % 3U);
        host->journal_delay = (ferry_time_ns)script_power(&record, 24) * FERRY_MICROSECOND;
        return true;
    case HOSTILE_TAMPER: tamper(hostile, &record); return true;
    case HOSTILE_ORDER: order(hostile, &record); return true;
    default: return false;
    }
}

void hostile_run(struct hostile *hostile, struct script script, hostile_act act)
{
    struct script_record record;
    uint32_t records = 0;
    while (records < RECORDS_MAX && hostile->rig->steps_done < STEPS_MAX &&
           script_next(&script, &record)) {
        const uint32_t kind = (record.kind & ~HOSTILE_AT_ONCE) % HOSTILE_KINDS;
        records++;
        if (!hostile_common(hostile, kind, record)) {
            act(hostile, kind, record);
        }
        rig_watch_step(hostile->rig);
        if ((record.kind & HOSTILE_AT_ONCE) == 0) {
            rig_advance(hostile->rig, FERRY_MILLISECOND);
        }
    }
}

void hostile_end(struct hostile *hostile, bool (*done)(const struct hostile *hostile))
{
    struct rig *rig = hostile->rig;
    rig_heal(rig);
    rig_reset(rig);
    uint32_t steps = 0;
    while (!done(hostile) && rig_step(rig)) {
        steps++;
        claim(steps < STEPS_TO_END, "an engine whose peer is gone does not end");
    }
}
