/* SPDX-License-Identifier: Apache-2.0 */
/* act.c -- what a host does with each action: the world's half of the contract in ferry/action.h, as small as it can be
 * and still be true.
 *
 * A journal write is there, or not, when it is reported, and not when it was asked for: a crash in between loses it, or
 * not, as the input says. */
#include "fuzz/claim.h"
#include "fuzz/rig/rig.h"

#include <stdlib.h>
#include <string.h>

#define COST         (50 * FERRY_MICROSECOND)
#define COST_JOURNAL (500 * FERRY_MICROSECOND)
#define STATE_SIZE   4000U
#define ACTIONS_MAX  (4U * FERRY_ACTIONS_MAX)

/* ---- the guest ---- */

void rig_guest_writes(struct rig *rig)
{
    const uint32_t rate = rig->options.dirty_pages_per_ms;
    if (!rig->hosts[RIG_SOURCE].runs || rate == 0) {
        rig->dirtied_until = rig->now;
        return;
    }
    const ferry_time_ns each = FERRY_MILLISECOND / rate;
    uint32_t writes = 0;
    while (rig->dirtied_until + each <= rig->now && writes < rig->options.pages) {
        const uint64_t page = rig->next_dirty % rig->options.pages;
        rig->next_dirty++;
        rig->next_tag++;
        rig->hosts[RIG_SOURCE].tags[page] = rig->next_tag;
        rig->dirty |= 1ULL << page;
        rig->dirtied_until += each;
        writes++;
    }
    if (writes == rig->options.pages) { /* all of it, more than once */
        rig->dirtied_until = rig->now;
    }
}

/* ---- reports ---- */

/* NULL: there will be none. */
static struct rig_step *report(
    struct rig *rig,
    enum rig_side side,
    const struct ferry_action *action,
    ferry_time_ns cost,
    struct ferry_event event)
{
    struct rig_tamper *tamper = &rig->hosts[side].tampers[action->kind];
    event.action_id = action->id;
    if (tamper->times != 0) {
        tamper->times--;
        cost += tamper->delay;
        if (tamper->fails && event.status == FERRY_OK) {
            event.status = FERRY_WORLD_GUEST;
        }
        if (tamper->mute) {
            rig->hosts[side].needs_restart = true;
            return NULL;
        }
    }
    struct rig_step *step = rig_schedule(rig, rig->now + cost, RIG_STEP_REPORT, side);
    step->event = event;
    return step;
}

static void
done(struct rig *rig, enum rig_side side, const struct ferry_action *action, ferry_time_ns cost)
{
    (void)report(rig, side, action, cost, (struct ferry_event){.kind = FERRY_EVENT_DONE});
}

static void put_in_log(struct rig_host *host, struct rig_step *step)
{
    step->at = step->at > host->journal_at ? step->at : host->journal_at;
    host->journal_at = step->at;
}

static void forget(struct rig *rig, enum rig_side side, const struct ferry_action *action)
{
    struct rig_host *host = &rig->hosts[side];
    const struct ferry_event event = {.kind = FERRY_EVENT_DONE};
    struct rig_step *step = report(rig, side, action, host->journal_delay, event);
    if (step != NULL) {
        step->forgets = true;
        put_in_log(host, step);
    }
}

static void persist(struct rig *rig, enum rig_side side, const struct ferry_action *action)
{
    struct rig_host *host = &rig->hosts[side];
    const bool fails = host->journal != RIG_JOURNAL_GOOD;
    struct ferry_event event = {
        .kind = FERRY_EVENT_DONE, .status = fails ? FERRY_WORLD_JOURNAL : FERRY_OK};
    struct rig_step *step = report(rig, side, action, COST_JOURNAL + host->journal_delay, event);
    host->needs_restart = host->needs_restart || fails;
    if (step == NULL) {
        host->needs_restart = true;
        return;
    }
    claim(
        action->bytes.size > 0 && action->bytes.size <= FERRY_RECORD_MAX,
        "a record is larger than a record may be");
    put_in_log(host, step);
    step->record = action->record_kind;
    step->record_lands = host->journal != RIG_JOURNAL_FAILS;
    step->bytes = malloc(action->bytes.size);
    claim(step->bytes != NULL, "no memory for a record");
    memcpy(step->bytes, action->bytes.data, action->bytes.size);
    step->size = action->bytes.size;
    if (step->event.status != FERRY_OK) {
        host->needs_restart = true;
    }
}

void rig_journal_lands(struct rig *rig, const struct rig_step *step)
{
    struct rig_host *host = &rig->hosts[step->side];
    if (step->forgets) {
        memset(host->records, 0, sizeof(host->records));
    } else if (step->record != 0 && step->record_lands) {
        struct rig_record *record = &host->records[step->record];
        memcpy(record->bytes, step->bytes, step->size);
        record->size = step->size;
        rig_watch_record(rig, step->side, step->record);
    }
}

static void collect(struct rig *rig, const struct ferry_action *action)
{
    rig_guest_writes(rig);
    const uint64_t all = rig->options.pages == 64 ? UINT64_MAX : (1ULL << rig->options.pages) - 1;
    const uint64_t found = action->round == 0 ? all : rig->dirty;
    rig->dirty = 0;
    rig->bitmap = action->keep ? rig->bitmap | found : found;
    (void)report(
        rig,
        RIG_SOURCE,
        action,
        COST,
        (struct ferry_event){
            .kind = FERRY_EVENT_COLLECTED,
            .bitmap = &rig->bitmap,
            .dirty_pages = (uint64_t)__builtin_popcountll(rig->bitmap),
            .new_pages = (uint64_t)__builtin_popcountll(found),
        });
}

static void capture(struct rig *rig, const struct ferry_action *action)
{
    rig->state_sent++;
    rig->hosts[RIG_SOURCE].device_state = rig->state_sent;
    (void)report(
        rig,
        RIG_SOURCE,
        action,
        2 * COST,
        (struct ferry_event){
            .kind = FERRY_EVENT_STATE_CAPTURED,
            .state_size = STATE_SIZE,
            .state_digest = ferry_crc32c(0, &rig->state_sent, sizeof(rig->state_sent)),
        });
}

/* ---- actions ---- */

static void act_on_guest(struct rig *rig, enum rig_side side, const struct ferry_action *action)
{
    struct rig_host *host = &rig->hosts[side];
    const struct rig_tamper *tamper = &host->tampers[action->kind];
    const bool fails = tamper->times != 0 && tamper->fails;
    switch ((int)action->kind) {
    case FERRY_ACTION_PAUSE:
        rig_guest_writes(rig);
        host->runs = host->runs && fails;
        done(rig, side, action, 2 * COST);
        return;
    case FERRY_ACTION_RESUME:
        rig_guest_writes(rig);
        host->runs = host->runs || !fails;
        rig->witness.guest_lost = rig->witness.guest_lost || fails;
        done(rig, side, action, COST);
        return;
    case FERRY_ACTION_FREE_GUEST:
        host->guest_alive = false;
        host->runs = false;
        done(rig, side, action, 0);
        return;
    case FERRY_ACTION_PREPARE_GUEST:
        memset(host->tags, 0, sizeof(host->tags));
        host->guest_alive = true;
        done(rig, side, action, COST);
        return;
    case FERRY_ACTION_LOAD_STATE:
        host->device_state = rig->state_received;
        done(rig, side, action, 2 * COST);
        return;
    default: return;
    }
}

static void act_on_link(struct rig *rig, enum rig_side side, const struct ferry_action *action)
{
    switch ((int)action->kind) {
    case FERRY_ACTION_ATTACH:
        rig_attach_open(rig, action->attach, action->path, action->streams);
        return;
    case FERRY_ACTION_DETACH:
        rig_close_up_to(rig, side, action->attach);
        done(rig, side, action, 0);
        return;
    case FERRY_ACTION_PROBE: {
        const uint32_t bit = 1U << action->path;
        const bool bad = ((rig->ways[0].cut | rig->ways[1].cut) & bit) != 0;
        struct ferry_event event = {
            .kind = FERRY_EVENT_DONE, .status = bad ? FERRY_WORLD_LINK : FERRY_OK};
        (void)report(rig, side, action, bad ? FERRY_SECOND : 2 * RIG_LATENCY, event);
        return;
    }
    case FERRY_ACTION_SEND_CONTROL:
        rig_send_control(rig, side, action->attach, action->bytes);
        return;
    case FERRY_ACTION_SEND_BATCH: rig_send_batch(rig, action); return;
    case FERRY_ACTION_SEND_BARRIER: rig_send_barrier(rig, action); return;
    case FERRY_ACTION_RELEASE_ROUND: rig_release_round(rig, action->attach, action->round); return;
    default: return;
    }
}

static void closed(struct rig *rig, enum rig_side side)
{
    rig_close_up_to(rig, side, UINT32_MAX);
    if (side == RIG_SOURCE) {
        rig->source_closed = true;
    } else {
        rig->target_closed = true;
    }
}

static void act(struct rig *rig, enum rig_side side, const struct ferry_action *action)
{
    switch (action->kind) {
    case FERRY_ACTION_ATTACH:
    case FERRY_ACTION_DETACH:
    case FERRY_ACTION_PROBE:
    case FERRY_ACTION_SEND_CONTROL:
    case FERRY_ACTION_SEND_BATCH:
    case FERRY_ACTION_SEND_BARRIER:
    case FERRY_ACTION_RELEASE_ROUND: act_on_link(rig, side, action); return;
    case FERRY_ACTION_PREPARE_GUEST:
    case FERRY_ACTION_PAUSE:
    case FERRY_ACTION_RESUME:
    case FERRY_ACTION_LOAD_STATE:
    case FERRY_ACTION_FREE_GUEST: act_on_guest(rig, side, action); return;
    case FERRY_ACTION_COLLECT: collect(rig, action); return;
    case FERRY_ACTION_CAPTURE_STATE: capture(rig, action); return;
    case FERRY_ACTION_PERSIST: persist(rig, side, action); return;
    case FERRY_ACTION_FORGET_SESSION: forget(rig, side, action); return;
    case FERRY_ACTION_CLOSED: closed(rig, side); return;
    case FERRY_ACTION_SET_RATE:
    case FERRY_ACTION_STOP_LOGGING:
    case FERRY_ACTION_THROTTLE:
    case FERRY_ACTION_ANNOUNCE:
    case FERRY_ACTION_FINISHED: return;
    }
    claim(false, "an action that is none");
}

static bool next_action(struct rig *rig, enum rig_side side, struct ferry_action *action)
{
    if (!rig->hosts[side].up) {
        return false;
    }
    if (side == RIG_SOURCE) {
        return rig->source != NULL && ferry_source_next_action(rig->source, action);
    }
    return rig->target != NULL && ferry_target_next_action(rig->target, action);
}

void rig_take_actions(struct rig *rig, enum rig_side side)
{
    struct ferry_action action;
    uint32_t count = 0;
    while (next_action(rig, side, &action)) {
        count++;
        claim(count <= ACTIONS_MAX, "one input leads to actions without end");
        rig_say_action(rig, side, &action);
        rig_watch_action(rig, side, &action);
        act(rig, side, &action);
    }
}
