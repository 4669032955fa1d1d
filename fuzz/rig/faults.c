/* SPDX-License-Identifier: Apache-2.0 */
/* faults.c -- what can go wrong with hosts and wires, and the healing after which everything has to end.
 *
 * Healing gives back what a data centre gives back: networks carry, daemons start again from their journals, disks
 * write, the guest is idle and the limit one that can be kept. It breaks connections that lost or repeated bytes, which
 * TCP does not do. It gives back no journal that lost a record and no guest that died. */
#include "fuzz/claim.h"
#include "fuzz/rig/rig.h"

#include <string.h>

/* What was on its way into the journal is there, in its order, or nothing of it. */
static void settle_writes(struct rig *rig, enum rig_side side, bool land)
{
    const struct rig_step *last = NULL;
    bool more = land;
    while (more) {
        const struct rig_step *next = NULL;
        for (uint32_t i = 0; i < rig->step_count; i++) {
            const struct rig_step *step = &rig->steps[i];
            const bool mine = step->kind == RIG_STEP_REPORT && step->side == side;
            const bool later = last == NULL || step->at > last->at ||
                               (step->at == last->at && step->order > last->order);
            const bool earlier = next == NULL || step->at < next->at ||
                                 (step->at == next->at && step->order < next->order);
            if (mine && later && earlier) {
                next = step;
            }
        }
        more = next != NULL;
        if (more) {
            rig_journal_lands(rig, next);
            last = next;
        }
    }
    rig->hosts[side].journal_at = rig->now;
}

void rig_crash(struct rig *rig, enum rig_side side, bool guest_survives, bool writes_land)
{
    struct rig_host *host = &rig->hosts[side];
    if (!host->up || rig->options.absent[side]) {
        return;
    }
    rig_say(rig, side, guest_survives ? "its daemon crashes" : "it crashes, its guests die");
    settle_writes(rig, side, writes_land);
    host->up = false;
    host->life++;
    rig_drop_steps(rig, side);
    rig_close_up_to(rig, side, UINT32_MAX);
    if (!guest_survives && host->guest_alive) {
        rig->witness.guest_lost = true;
        host->guest_alive = false;
        host->runs = false;
    }
    if (side == RIG_SOURCE) {
        ferry_source_destroy(rig->source);
        rig->source = NULL;
    } else {
        ferry_target_destroy(rig->target);
        rig->target = NULL;
    }
    claim(host->allocated == 0, "an engine leaves memory behind");
}

/* A daemon that lives knows what it has asked its journal for, and reads that. */
static void read_own_writes(struct rig *rig)
{
    settle_writes(rig, RIG_TARGET, true);
    for (uint32_t i = 0; i < rig->step_count; i++) {
        struct rig_step *step = &rig->steps[i];
        if (step->kind == RIG_STEP_REPORT && step->side == RIG_TARGET) {
            step->record_lands = false;
            step->forgets = false;
        }
    }
}

void rig_revive_target(struct rig *rig)
{
    read_own_writes(rig);
    rig_close_up_to(rig, RIG_TARGET, 0);
    ferry_target_destroy(rig->target);
    rig->target = NULL;
    rig_make_target(rig);
}

void rig_restart(struct rig *rig, enum rig_side side)
{
    struct rig_host *host = &rig->hosts[side];
    struct ferry_record records[RIG_RECORD_KINDS];
    if (host->up || rig->options.absent[side]) {
        return;
    }
    rig_say(rig, side, "its daemon starts");
    host->up = true;
    host->journal = RIG_JOURNAL_GOOD;
    host->needs_restart = false;
    memset(host->tampers, 0, sizeof(host->tampers));
    rig_watch_restart(rig, side);
    if (rig_records(rig, side, records) == 0) {
        return; /* a daemon without a session: nothing to do */
    }
    if (side == RIG_TARGET) {
        rig_revive_target(rig);
    } else {
        host->incarnation++;
        rig_make_source(rig);
    }
}

void rig_cut(struct rig *rig, enum rig_side towards, uint16_t path, bool cut)
{
    const uint16_t bit = (uint16_t)(1U << path);
    uint16_t *mask = &rig->ways[towards].cut;
    rig_say(
        rig,
        towards,
        cut ? "nothing reaches it over network %u" : "network %u reaches it again",
        path);
    *mask = (uint16_t)(cut ? *mask | bit : *mask & ~bit);
    rig_let_go(rig);
}

static void reset_attach(struct rig *rig, struct rig_attach *attach)
{
    for (uint32_t side = 0; side < 2; side++) {
        if (attach->number != 0 && attach->open[side]) {
            struct rig_step gone = {
                .side = (enum rig_side)side, .attach = attach->number, .kind = RIG_STEP_GONE};
            rig_gone(rig, &gone);
        }
    }
}

void rig_reset(struct rig *rig)
{
    rig_say(rig, RIG_SOURCE, "all connections break");
    for (uint32_t i = 0; i < RIG_ATTACHES; i++) {
        reset_attach(rig, &rig->attaches[i]);
    }
}

void rig_heal(struct rig *rig)
{
    rig_say(rig, RIG_SOURCE, "everything is healed");
    for (uint32_t side = 0; side < 2; side++) {
        struct rig_way *way = &rig->ways[side];
        *way = (struct rig_way){0};
    }
    rig_let_go(rig);
    rig_guest_writes(rig);
    rig->options.dirty_pages_per_ms = 0;
    for (uint32_t side = 0; side < 2; side++) {
        struct rig_host *host = &rig->hosts[side];
        if (host->needs_restart) { /* a daemon whose journal failed has to start again */
            rig_crash(rig, (enum rig_side)side, true, true);
        }
        host->journal = RIG_JOURNAL_GOOD;
        host->journal_delay = 0;
        memset(host->tampers, 0, sizeof(host->tampers));
        rig_restart(rig, (enum rig_side)side);
    }
    if (rig->witness.tampered) {
        rig_reset(rig);
    }
    rig_order(
        rig,
        RIG_SOURCE,
        &(struct ferry_event){.kind = FERRY_EVENT_SET_BLACKOUT_LIMIT, .duration_ns = FERRY_SECOND});
    rig_order(
        rig,
        RIG_SOURCE,
        &(struct ferry_event){.kind = FERRY_EVENT_SET_BANDWIDTH_CAP, .rate = FERRY_RATE_UNLIMITED});
}
