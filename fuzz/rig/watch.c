/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c -- the claims, checked on what goes in and out of the engines and on nothing inside of them.
 *
 * The witness reads every message that is delivered with the shipped decoder and remembers what could be a proof. It
 * takes more for a proof than an engine does (it knows no states), so what it refutes is wrong for certain.
 *
 *   W-1  at any instant at most one host runs the guest (I1)
 *   W-2  every page and the device state are equal when the target resumes the guest (I3)
 *   W-3  GRANT is said only when GRANTED is in the source's journal (H-1)
 *   W-4  from the issue of GRANTED on, the source runs the guest only after ABORTED, or claimed (H-2)
 *   W-5  the target runs the guest only with OWNER in its journal, and OWNER is written only for a GRANT of the attempt
 *        that it is READY for, or for its operator (H-4)
 *   W-6  ABORTED is said only with BURNED in the target's journal (H-5); STARTED only with OWNER
 *   W-7  the source frees its copy, and reports "completed", only after STARTED
 *   W-8  a guest that runs is never destroyed, but for a claim that outranks it (H-9): by a source that was away and hears
 *        STARTED, or by a target that hears of a claim at the source
 *   W-9  one outcome (after UNKNOWN a second), with a status of the table and a reason; "completed" alone has none
 *   W-10 an action's number is higher than those before it */
#include "fuzz/claim.h"
#include "fuzz/reach.h"
#include "fuzz/rig/rig.h"
#include "wire/frame.h"

#include <string.h>

static bool has(const struct rig *rig, enum rig_side side, enum ferry_record_kind kind)
{
    return rig->hosts[side].records[kind].size != 0;
}

/* ---- what is said ---- */

/* False: these bytes are no message (a preface, or garbage of a peer). */
static bool read(struct ferry_bytes bytes, struct wire_message *message)
{
    if (bytes.size < WIRE_FRAME_HEADER_SIZE) {
        return false;
    }
    const struct wire_frame frame = wire_frame_parse(bytes.data);
    if (frame.head_size > bytes.size - WIRE_FRAME_HEADER_SIZE ||
        wire_frame_verify(bytes.data) != FERRY_OK) {
        return false;
    }
    const struct ferry_bytes payload = {
        .data = bytes.data + WIRE_FRAME_HEADER_SIZE, .size = frame.head_size};
    return wire_message_decode((enum wire_type)frame.type, payload, message) == FERRY_OK;
}

static void watch_said(struct rig *rig, enum rig_side side, struct ferry_bytes bytes)
{
    struct rig_witness *witness = &rig->witness;
    struct wire_message message;
    if (!read(bytes, &message)) {
        return;
    }
    if (side == RIG_SOURCE) {
        if (message.type == WIRE_GRANT) {
            claim(has(rig, RIG_SOURCE, FERRY_RECORD_GRANTED), "GRANT is sent before it is durable");
            witness->grant_said = true;
        }
        return;
    }
    switch ((int)message.type) {
    case WIRE_READY:
        witness->ready_attempt = message.body.ready.attempt;
        witness->ready_epoch = message.body.ready.epoch;
        return;
    case WIRE_ABORTED:
        claim(has(rig, RIG_TARGET, FERRY_RECORD_BURNED), "ABORTED is said before it is durable");
        return;
    case WIRE_STARTED:
        claim(has(rig, RIG_TARGET, FERRY_RECORD_OWNER), "STARTED is said by no owner");
        return;
    default: return;
    }
}

static void heard_by_source(struct rig_witness *witness, const struct wire_message *message)
{
    if (message->type == WIRE_ABORTED && message->body.attempt.epoch == RIG_EPOCH) {
        witness->aborted_heard = true;
    }
    if (message->type == WIRE_STARTED && message->body.started.epoch == RIG_EPOCH + 1) {
        witness->started_heard = true;
    }
}

static void heard_by_target(struct rig *rig, const struct wire_message *message)
{
    struct rig_witness *witness = &rig->witness;
    /* READY need not have been said: its connection may have been lost just then. */
    if (rig_target_state(rig) == FERRY_TARGET_READY && witness->ready_attempt == 0) {
        witness->ready_attempt = witness->loaded_attempt;
        witness->ready_epoch = witness->loaded_epoch;
    }
    if (message->type == WIRE_GRANT && message->body.attempt.attempt != 0 &&
        message->body.attempt.attempt == witness->ready_attempt &&
        message->body.attempt.epoch == witness->ready_epoch) {
        witness->granted = true;
    }
    if (message->type == WIRE_END && message->body.end.moved == WIRE_END_CLAIMED) {
        witness->source_claimed = true;
    }
    const bool voided = message->type == WIRE_ABORT &&
                        message->body.attempt.epoch == witness->ready_epoch &&
                        message->body.attempt.attempt >= witness->ready_attempt;
    if (voided && !witness->owner_issued) {
        witness->ready_attempt = 0;
    }
}

/* Cut into frames as the engine cuts them: on the newest connection, from its beginning, up to the first error. */
void rig_watch_delivery(
    struct rig *rig, enum rig_side to, uint32_t attach, struct ferry_bytes bytes)
{
    static uint8_t buffers[2][WIRE_READER_CAPACITY];
    struct rig_heard *heard = &rig->heard[to];
    if (attach > heard->attach) {
        *heard = (struct rig_heard){
            .attach = attach, .reader = {.buffer = buffers[to], .capacity = sizeof(buffers[to])}
        };
    }
    bool found = attach == heard->attach && !heard->broken;
    while (found) {
        struct wire_message message;
        heard->broken = wire_reader_next(&heard->reader, &bytes, &found, &message) != FERRY_OK;
        if (found && !heard->broken) {
            rig_say(rig, to, "hears %s", wire_type_name(message.type));
            if (to == RIG_SOURCE) {
                heard_by_source(&rig->witness, &message);
            } else {
                heard_by_target(rig, &message);
            }
        }
    }
}

/* ---- what is done ---- */

static void watch_persist(struct rig *rig, enum rig_side side, const struct ferry_action *action)
{
    struct rig_witness *witness = &rig->witness;
    switch (action->record_kind) {
    case FERRY_RECORD_GRANTED:
        claim(side == RIG_SOURCE, "a target grants");
        witness->grant_issued = true;
        return;
    case FERRY_RECORD_OWNER:
        claim(side == RIG_TARGET, "a source takes ownership");
        claim(witness->granted || witness->claimed, "a target takes what was not granted");
        claim(!has(rig, RIG_TARGET, FERRY_RECORD_BURNED), "a target takes what it has burned");
        witness->owner_issued = true;
        witness->owned_once = true;
        return;
    case FERRY_RECORD_BURNED:
        claim(
            !has(rig, RIG_TARGET, FERRY_RECORD_OWNER) || witness->source_claimed,
            "a target burns what it owns");
        witness->burn_issued = true;
        return;
    case FERRY_RECORD_CLAIMED: witness->claim_issued = true; return;
    case FERRY_RECORD_SESSION:
    case FERRY_RECORD_ENDED: return;
    }
}

static void watch_resume_at_target(struct rig *rig)
{
    const struct rig_host *source = &rig->hosts[RIG_SOURCE];
    const struct rig_host *target = &rig->hosts[RIG_TARGET];
    claim(has(rig, RIG_TARGET, FERRY_RECORD_OWNER), "a target runs a guest without owning it");
    claim(target->guest_alive, "a target runs a guest that it does not have");
    if (rig->options.absent[RIG_SOURCE] || target->runs) {
        return;
    }
    claim(
        memcmp(source->tags, target->tags, rig->options.pages * sizeof(source->tags[0])) == 0,
        "a page differs when the target resumes the guest");
    claim(
        source->device_state == target->device_state,
        "the device state differs when the target resumes the guest");
}

static void watch_outcome(struct rig *rig, const struct ferry_action *action)
{
    struct rig_witness *witness = &rig->witness;
    const struct ferry_outcome *outcome = action->outcome;
    claim(
        witness->outcomes == 0 || witness->outcome.kind == FERRY_OUTCOME_UNKNOWN,
        "a second outcome");
    claim(
        outcome->kind > FERRY_OUTCOME_NONE && outcome->kind <= FERRY_OUTCOME_UNKNOWN,
        "an outcome that is none");
    const bool completed = outcome->kind == FERRY_OUTCOME_COMPLETED;
    claim(outcome->status < FERRY_STATUS_COUNT, "an outcome with a status that is none");
    claim((outcome->status == FERRY_OK) == completed, "an outcome without a cause");
    claim(
        memchr(outcome->reason, 0, sizeof(outcome->reason)) != NULL && outcome->reason[0] != '\0',
        "an outcome without a reason");
    claim(!completed || witness->started_heard, "completed, though nobody said STARTED");
    witness->completed = completed;
    witness->outcomes++;
    witness->outcome = *outcome;
    reach_outcome(outcome->kind, outcome->status);
}

static void watch_free(struct rig *rig, enum rig_side side)
{
    const bool outranked = side == RIG_SOURCE
                               ? rig->hosts[side].incarnation > 0 && rig->witness.started_heard
                               : rig->witness.source_claimed;
    claim(!rig->hosts[side].runs || outranked, "a guest that runs is destroyed");
    claim(
        side == RIG_TARGET || rig->witness.started_heard,
        "the source frees its copy before STARTED");
}

void rig_watch_action(struct rig *rig, enum rig_side side, const struct ferry_action *action)
{
    struct rig_witness *witness = &rig->witness;
    if (action->id != 0) {
        claim(action->id > rig->hosts[side].newest_action, "an action's number was there before");
        rig->hosts[side].newest_action = action->id;
    }
    switch ((int)action->kind) {
    case FERRY_ACTION_SEND_CONTROL: watch_said(rig, side, action->bytes); return;
    case FERRY_ACTION_PERSIST: watch_persist(rig, side, action); return;
    case FERRY_ACTION_LOAD_STATE:
        witness->ready_attempt = 0;
        witness->loaded_attempt = action->attempt;
        witness->loaded_epoch = action->epoch;
        return;
    case FERRY_ACTION_FREE_GUEST: watch_free(rig, side); return;
    case FERRY_ACTION_FINISHED: watch_outcome(rig, action); return;
    case FERRY_ACTION_RESUME:
        if (side == RIG_TARGET) {
            watch_resume_at_target(rig);
        } else {
            const bool out = witness->grant_issued || has(rig, RIG_SOURCE, FERRY_RECORD_GRANTED);
            claim(
                !out || witness->aborted_heard || witness->claim_issued,
                "the source runs the guest after a grant, without proof");
        }
        return;
    default: return;
    }
}

void rig_watch_order(struct rig *rig, enum rig_side side, const struct ferry_event *order)
{
    if (order->kind == FERRY_EVENT_CLAIM) {
        rig->witness.claimed = rig->witness.claimed || side == RIG_TARGET;
        rig->witness.claim_issued = rig->witness.claim_issued || side == RIG_SOURCE;
    }
}

/* What a daemon had asked for and not got is forgotten with it; what its journal holds is not. */
void rig_watch_restart(struct rig *rig, enum rig_side side)
{
    struct rig_witness *witness = &rig->witness;
    if (side == RIG_SOURCE) {
        witness->grant_issued = has(rig, side, FERRY_RECORD_GRANTED);
        witness->outcomes = 0; /* a daemon that starts again reports again */
    } else {
        witness->ready_attempt = 0;
        witness->granted = false;
        witness->owner_issued = has(rig, side, FERRY_RECORD_OWNER);
    }
}

void rig_watch_record(struct rig *rig, enum rig_side side, enum ferry_record_kind kind)
{
    if (side == RIG_SOURCE && kind == FERRY_RECORD_GRANTED) {
        rig->witness.grant_durable = true;
    }
}

void rig_watch_trace(void *context, const struct ferry_trace_event *event)
{
    struct rig *rig = context;
    if (event->kind == FERRY_TRACE_PROTOCOL_ERROR) {
        const int64_t status = event->field[0];
        claim(status > FERRY_OK && status < FERRY_STATUS_COUNT, "a protocol error without a name");
        rig->witness.protocol_errors++;
        rig_say(
            rig,
            event->target ? RIG_TARGET : RIG_SOURCE,
            "finds an error: %s",
            ferry_status_sentence((enum ferry_status)status));
    }
}

/* ---- after each step ---- */

static uint32_t records_bits(const struct rig *rig)
{
    return (has(rig, RIG_SOURCE, FERRY_RECORD_GRANTED) ? 1U : 0U) |
           (has(rig, RIG_TARGET, FERRY_RECORD_OWNER) ? 2U : 0U) |
           (has(rig, RIG_TARGET, FERRY_RECORD_BURNED) ? 4U : 0U);
}

void rig_watch_step(struct rig *rig)
{
    const bool here = rig->hosts[RIG_SOURCE].runs && !rig->options.absent[RIG_SOURCE];
    const bool there = rig->hosts[RIG_TARGET].runs;
    claim(!here || !there, "two hosts run the guest");
    uint32_t links = 0;
    for (uint32_t i = 0; i < RIG_ATTACHES; i++) {
        links += rig->attaches[i].up[RIG_SOURCE] || rig->attaches[i].up[RIG_TARGET];
    }
    reach_tuple(&(struct reach_tuple){
        .source = rig_source_state(rig),
        .target = rig_target_state(rig),
        .links = links,
        .records = records_bits(rig),
        .runs = here    ? 1
                : there ? 2
                        : 0,
    });
}

/* ---- at the end ---- */

void rig_watch_end(struct rig *rig)
{
    const struct rig_witness *witness = &rig->witness;
    const bool here = rig->hosts[RIG_SOURCE].runs;
    const bool there = rig->hosts[RIG_TARGET].runs;
    claim(rig->source == NULL || rig->source_closed, "a source that does not end");
    claim(rig->target == NULL || rig->target_closed, "a target that does not end");
    claim(here != there || witness->guest_lost, "nobody runs the guest, though no host killed it");
    claim(!there || rig->hosts[RIG_TARGET].guest_alive, "the guest runs where its process is not");
    for (uint32_t i = 0; i < rig->step_count; i++) {
        claim(rig->steps[i].held, "something is left to happen");
    }
}
