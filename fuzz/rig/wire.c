/* SPDX-License-Identifier: Apache-2.0 */
/* wire.c -- attaches: each is a control connection and some streams over one path, and has two ends that are opened,
 * told, and closed one by one. Several may be open at once, as after a reconnection whose older connection still has
 * something under way; an engine has to tell them apart by their numbers.
 *
 * A connection keeps its order. A cut holds what is on the wire, as TCP would, and healed it goes on. Bytes that
 * vanish from a live connection, or come twice, are no TCP: the witness remembers it, and healing breaks the
 * connection. */
#include "fuzz/claim.h"
#include "fuzz/rig/rig.h"
#include "wire/frame.h"

#include <stdlib.h>
#include <string.h>

static enum rig_side other(enum rig_side side)
{
    return side == RIG_SOURCE ? RIG_TARGET : RIG_SOURCE;
}

struct rig_attach *rig_attach_find(struct rig *rig, uint32_t number)
{
    for (uint32_t i = 0; i < RIG_ATTACHES; i++) {
        if (number != 0 && rig->attaches[i].number == number) {
            return &rig->attaches[i];
        }
    }
    return NULL;
}

bool rig_is_cut(const struct rig *rig, const struct rig_step *step)
{
    return step->on_wire && (rig->ways[step->side].cut >> step->path & 1U) != 0;
}

/* ---- on the wire ---- */

static struct rig_step *
put(struct rig *rig,
    enum rig_step_kind kind,
    const struct rig_attach *attach,
    enum rig_side side,
    ferry_time_ns *arrived_at)
{
    ferry_time_ns at = rig->now + RIG_LATENCY;
    at = at > *arrived_at ? at : *arrived_at;
    *arrived_at = at;
    struct rig_step *step = rig_schedule(rig, at, kind, side);
    step->on_wire = true;
    step->path = attach->path;
    step->attach = attach->number;
    return step;
}

struct rig_step *rig_put_on_wire(
    struct rig *rig,
    enum rig_step_kind kind,
    const struct rig_attach *attach,
    enum rig_side side,
    ferry_time_ns *arrived_at)
{
    struct rig_way *way = &rig->ways[side];
    if (way->drop != 0) {
        way->drop--;
        rig->witness.tampered = true;
        rig_say(rig, other(side), "what it sends is lost");
        return NULL;
    }
    if (way->delay != 0) {
        const ferry_time_ns until = rig->now + way->delay;
        *arrived_at = *arrived_at > until ? *arrived_at : until;
        way->delay = 0;
    }
    return put(rig, kind, attach, side, arrived_at);
}

/* ---- opening and closing ---- */

void rig_attach_free(struct rig *rig, struct rig_attach *attach)
{
    if (attach->number != 0) {
        rig_drop_attach(rig, attach->number);
    }
    rig_streams_close(attach, RIG_SOURCE);
    rig_streams_close(attach, RIG_TARGET);
    *attach = (struct rig_attach){0};
}

/* A slot for a new attach: the oldest is given up if there is none. */
static struct rig_attach *slot(struct rig *rig)
{
    struct rig_attach *oldest = &rig->attaches[0];
    for (uint32_t i = 0; i < RIG_ATTACHES; i++) {
        struct rig_attach *attach = &rig->attaches[i];
        if (attach->number == 0 || (!attach->open[0] && !attach->open[1])) {
            rig_attach_free(rig, attach);
            return attach;
        }
        oldest = attach->number < oldest->number ? attach : oldest;
    }
    rig_attach_free(rig, oldest);
    return oldest;
}

void rig_attach_open(struct rig *rig, uint32_t number, uint16_t path, uint16_t streams)
{
    struct rig_attach *attach = rig_attach_find(rig, number);
    claim(attach == NULL || rig->options.absent[RIG_SOURCE], "two attaches of one number");
    attach = attach == NULL ? slot(rig) : attach;
    rig_attach_free(rig, attach);
    claim(streams <= RIG_STREAMS_MAX, "an attach with more streams than were configured");
    attach->number = number;
    attach->path = path;
    attach->stream_count = streams;
    attach->open[RIG_SOURCE] = true;
    attach->open[RIG_TARGET] = true;
    rig_streams_open(rig, attach);
    if (!rig->hosts[RIG_TARGET].up) {
        attach->open[RIG_TARGET] = false;
        (void)put(rig, RIG_STEP_GONE, attach, RIG_SOURCE, &attach->arrived_at[RIG_SOURCE]);
        return;
    }
    if (rig->options.absent[RIG_TARGET]) {
        rig->asked_attach = number; /* whoever plays the target accepts it, or not */
        return;
    }
    (void)put(rig, RIG_STEP_ATTACHED, attach, RIG_TARGET, &attach->arrived_at[RIG_TARGET]);
}

void rig_attach_close(struct rig *rig, struct rig_attach *attach, enum rig_side side)
{
    if (!attach->open[side]) {
        return;
    }
    attach->open[side] = false;
    rig_streams_close(attach, side);
    const enum rig_side peer = other(side);
    if (attach->open[peer]) {
        (void)put(rig, RIG_STEP_GONE, attach, peer, &attach->arrived_at[peer]);
    }
}

void rig_close_up_to(struct rig *rig, enum rig_side side, uint32_t number)
{
    for (uint32_t i = 0; i < RIG_ATTACHES; i++) {
        struct rig_attach *attach = &rig->attaches[i];
        if (attach->number != 0 && attach->number <= number) {
            rig_attach_close(rig, attach, side);
        }
    }
}

/* ---- arriving ---- */

void rig_attached(struct rig *rig, const struct rig_step *step)
{
    struct rig_attach *attach = rig_attach_find(rig, step->attach);
    if (attach == NULL || !attach->open[step->side]) {
        return;
    }
    attach->up[step->side] = true;
    rig_say(rig, step->side, "attach %u is up", attach->number);
    if (step->side == RIG_TARGET) {
        if (rig->hosts[RIG_TARGET].up && (rig->target == NULL || rig->target_closed)) {
            rig_revive_target(rig);
        }
        if (!rig->options.absent[RIG_SOURCE]) {
            (void)put(rig, RIG_STEP_ATTACHED, attach, RIG_SOURCE, &attach->arrived_at[RIG_SOURCE]);
        }
    }
    rig_feed(
        rig,
        step->side,
        &(struct ferry_event){.kind = FERRY_EVENT_ATTACHED, .attach = step->attach});
}

void rig_gone(struct rig *rig, const struct rig_step *step)
{
    struct rig_attach *attach = rig_attach_find(rig, step->attach);
    if (attach == NULL || !attach->open[step->side]) {
        return;
    }
    rig_say(rig, step->side, "attach %u is broken", attach->number);
    attach->up[step->side] = false;
    const struct ferry_event event = {
        .kind = FERRY_EVENT_DETACHED, .attach = step->attach, .status = FERRY_WORLD_LINK};
    if (step->side == RIG_SOURCE) {
        attach->open[RIG_SOURCE] = false;
        rig_streams_close(attach, RIG_SOURCE);
    }
    /* The target's streams stay until it says DETACH: it has to know what was placed. */
    rig_feed(rig, step->side, &event);
}

void rig_control(struct rig *rig, const struct rig_step *step)
{
    struct rig_attach *attach = rig_attach_find(rig, step->attach);
    if (attach == NULL || !attach->open[step->side]) {
        return;
    }
    uint32_t times = 1;
    if (rig->ways[step->side].repeat != 0) {
        rig->ways[step->side].repeat--;
        rig->witness.tampered = true;
        times = 2;
    }
    /* Bytes of exactly this length: the sanitizer sees every read behind them. */
    for (uint32_t i = 0; i < times; i++) {
        const struct ferry_bytes bytes = {.data = step->bytes, .size = step->size};
        rig_watch_delivery(rig, step->side, step->attach, bytes);
        if (rig->listener != NULL) {
            rig->listener(rig->listener_context, step->side, UINT16_MAX, bytes);
        }
        rig_feed(
            rig,
            step->side,
            &(struct ferry_event){
                .kind = FERRY_EVENT_CONTROL_BYTES, .attach = step->attach, .bytes = bytes});
    }
}

/* ---- sending ---- */

static bool is_preface(struct ferry_bytes bytes)
{
    struct ferry_preface preface;
    return bytes.size == FERRY_PREFACE_SIZE &&
           ferry_preface_decode(bytes.data, &preface) == FERRY_OK;
}

void rig_send_control(
    struct rig *rig, enum rig_side from, uint32_t number, struct ferry_bytes bytes)
{
    struct rig_attach *attach = rig_attach_find(rig, number);
    const enum rig_side to = other(from);
    if (attach == NULL || !attach->open[from] || bytes.size == 0 ||
        (from == RIG_SOURCE && is_preface(bytes))) { /* the acceptor eats it */
        return;
    }
    struct rig_step *step =
        rig_put_on_wire(rig, RIG_STEP_CONTROL, attach, to, &attach->arrived_at[to]);
    if (step == NULL) {
        return;
    }
    step->bytes = malloc(bytes.size);
    claim(step->bytes != NULL, "no memory for a message");
    memcpy(step->bytes, bytes.data, bytes.size);
    step->size = bytes.size;
}
