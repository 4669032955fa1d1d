/* SPDX-License-Identifier: Apache-2.0 */
/* queue.c -- the steps of a run, ordered by (time, order of scheduling), and the deadlines of both engines.
 *
 * Claim: time goes on. An engine that asks again and again for a deadline which has come already would spin on a host. */
#include "fuzz/claim.h"
#include "fuzz/rig/rig.h"

#include <stdlib.h>

/* Ticks at one instant: each side may have some reasons of its own, never so many. */
#define IDLE_TICKS_MAX 64U

struct rig_step *
rig_schedule(struct rig *rig, ferry_time_ns at, enum rig_step_kind kind, enum rig_side side)
{
    claim(rig->step_count < RIG_STEPS_MAX, "more is under way than an engine may have asked for");
    struct rig_step *step = &rig->steps[rig->step_count];
    rig->step_count++;
    rig->order++;
    *step = (struct rig_step){
        .at = at,
        .order = rig->order,
        .kind = kind,
        .side = side,
        .life = rig->hosts[side].life,
    };
    return step;
}

/* UINT32_MAX: none that can happen. */
static uint32_t first(const struct rig *rig)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < rig->step_count; i++) {
        const struct rig_step *a = &rig->steps[i];
        const struct rig_step *b = best == UINT32_MAX ? NULL : &rig->steps[best];
        if (!a->held && (b == NULL || a->at < b->at || (a->at == b->at && a->order < b->order))) {
            best = i;
        }
    }
    return best;
}

static ferry_time_ns deadline(const struct rig *rig)
{
    ferry_time_ns at = FERRY_TIME_NEVER;
    if (rig->source != NULL) {
        at = ferry_source_deadline(rig->source);
    }
    if (rig->target != NULL) {
        const ferry_time_ns other = ferry_target_deadline(rig->target);
        at = other < at ? other : at;
    }
    return at;
}

static void carry_out(struct rig *rig, struct rig_step *step)
{
    switch (step->kind) {
    case RIG_STEP_REPORT:
        rig_journal_lands(rig, step);
        rig_feed(rig, step->side, &step->event);
        return;
    case RIG_STEP_ATTACHED: rig_attached(rig, step); return;
    case RIG_STEP_GONE: rig_gone(rig, step); return;
    case RIG_STEP_CONTROL: rig_control(rig, step); return;
    case RIG_STEP_SEND: rig_batch_leaves(rig, step); return;
    case RIG_STEP_PAYLOAD: rig_payload_arrives(rig, step); return;
    case RIG_STEP_DRAIN: rig_drain(rig, step); return;
    }
}

static void take(struct rig *rig, uint32_t index)
{
    struct rig_step now = rig->steps[index];
    if (rig_is_cut(rig, &now)) {
        rig->steps[index].held = true;
        return;
    }
    rig->step_count--;
    rig->steps[index] = rig->steps[rig->step_count];
    /* On the wire the ends decide whether they still care; all else dies with its daemon. */
    if (now.on_wire || now.life == rig->hosts[now.side].life) {
        carry_out(rig, &now);
    }
    free(now.bytes);
    rig->idle_ticks = 0;
}

static void tick(struct rig *rig)
{
    const struct ferry_event event = {.kind = FERRY_EVENT_TICK};
    if (rig->idle_since != rig->now) {
        rig->idle_since = rig->now;
        rig->idle_ticks = 0;
    }
    rig->idle_ticks++;
    claim(rig->idle_ticks <= IDLE_TICKS_MAX, "an engine asks for the same instant again and again");
    rig_feed(rig, RIG_SOURCE, &event);
    rig_feed(rig, RIG_TARGET, &event);
}

bool rig_step(struct rig *rig)
{
    const ferry_time_ns timer = deadline(rig);
    const uint32_t index = first(rig);
    ferry_time_ns at = timer;
    bool step_first = false;
    if (index != UINT32_MAX && rig->steps[index].at <= timer) {
        at = rig->steps[index].at;
        step_first = true;
    }
    if (at == FERRY_TIME_NEVER) {
        return false;
    }
    rig->now = at > rig->now ? at : rig->now;
    rig->steps_done++;
    if (step_first) {
        take(rig, index);
    } else {
        tick(rig);
    }
    rig_watch_step(rig);
    return true;
}

static ferry_time_ns next_at(const struct rig *rig)
{
    const ferry_time_ns timer = deadline(rig);
    const uint32_t index = first(rig);
    return index != UINT32_MAX && rig->steps[index].at < timer ? rig->steps[index].at : timer;
}

void rig_advance(struct rig *rig, ferry_time_ns duration)
{
    const ferry_time_ns until = rig->now + duration;
    while (next_at(rig) <= until && rig_step(rig)) {
    }
    rig->now = until > rig->now ? until : rig->now;
}

void rig_let_go(struct rig *rig)
{
    for (uint32_t i = 0; i < rig->step_count; i++) {
        struct rig_step *step = &rig->steps[i];
        if (step->held && !rig_is_cut(rig, step)) {
            step->held = false;
            step->at = step->at > rig->now ? step->at : rig->now;
        }
    }
}

void rig_drop_steps(struct rig *rig, enum rig_side side)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < rig->step_count; i++) {
        struct rig_step *step = &rig->steps[i];
        if (step->side == side && !step->on_wire) {
            free(step->bytes);
        } else {
            rig->steps[kept] = *step;
            kept++;
        }
    }
    rig->step_count = kept;
}

/* What is on the wire of a connection that both ends have forgotten. */
void rig_drop_attach(struct rig *rig, uint32_t number)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < rig->step_count; i++) {
        if (rig->steps[i].on_wire && rig->steps[i].attach == number) {
            free(rig->steps[i].bytes);
        } else {
            rig->steps[kept] = rig->steps[i];
            kept++;
        }
    }
    rig->step_count = kept;
}
