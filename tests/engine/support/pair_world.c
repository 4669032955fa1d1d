/* SPDX-License-Identifier: Apache-2.0 */
/* pair_world.c -- the two hosts: a guest that dirties pages in order, a journal each, and what
 * every action does.
 *
 * The world's half of the contract in ferry/action.h, as small as it can be and still be true. */
#include "support/pair_internal.h"

/* ---- the guest ---- */

void pair_guest_dirty(struct pair *pair)
{
    const uint32_t rate = pair->options.dirty_pages_per_ms;
    if (pair->runs[PAIR_SOURCE] && rate != 0) {
        const ferry_time_ns each = FERRY_MILLISECOND / rate;
        while (pair->dirtied_until + each <= pair->now) {
            const uint64_t page = pair->next_dirty++ % pair->options.dirty_span;
            pair->tags[PAIR_SOURCE][page] = ++pair->next_tag;
            pair->dirty[page / 64] |= 1ULL << (page % 64);
            pair->dirtied_until += each;
        }
    }
    if (!pair->runs[PAIR_SOURCE] || rate == 0) {
        pair->dirtied_until = pair->now;
    }
}

/* ---- actions ---- */

/* The report of an action, unless a test has tampered with it. */
static void report(
    struct pair *pair,
    enum pair_side side,
    const struct ferry_action *action,
    ferry_time_ns cost,
    struct ferry_event event)
{
    struct pair_tamper *tamper = &pair->tampers[side][action->kind];
    event.action_id = action->id;
    if (tamper->times != 0) {
        tamper->times--;
        event.status = tamper->status != FERRY_OK ? tamper->status : event.status;
        cost += tamper->delay;
        if (tamper->mute) {
            return;
        }
    }
    pair_schedule(pair, pair->now + cost, STEP_EVENT, side)->event = event;
}

static void
done(struct pair *pair, enum pair_side side, const struct ferry_action *action, ferry_time_ns cost)
{
    report(pair, side, action, cost, (struct ferry_event){.kind = FERRY_EVENT_DONE});
}

static void persist(struct pair *pair, enum pair_side side, const struct ferry_action *action)
{
    struct ferry_event event = {.kind = FERRY_EVENT_DONE};
    if (pair->journal_broken[side]) {
        event.status = FERRY_WORLD_JOURNAL;
    } else {
        struct record *record = &pair->records[side][action->record_kind];
        memcpy(record->bytes, action->bytes.data, action->bytes.size);
        record->size = action->bytes.size;
    }
    report(pair, side, action, pair->journal_cost[side], event);
}

static void resume(struct pair *pair, enum pair_side side, const struct ferry_action *action)
{
    pair_guest_dirty(pair);
    if (side == PAIR_TARGET && !pair->runs[side]) {
        for (uint32_t i = 0; i < pair->options.ram_pages; i++) {
            pair->different += pair->tags[PAIR_SOURCE][i] != pair->tags[PAIR_TARGET][i];
        }
        pair->true_blackout = pair->now + 50000 - pair->paused_at;
    }
    struct ferry_event event = {.kind = FERRY_EVENT_DONE};
    if (side == PAIR_SOURCE && pair->paused_at != 0 && !pair->runs[side]) {
        const ferry_time_ns runs_at = pair->now + 50 * FERRY_MICROSECOND;
        event.duration_ns = runs_at > pair->paused_at ? runs_at - pair->paused_at : 0;
    }
    pair->runs[side] = true;
    assert_true(pair_running(pair) <= 1);
    report(pair, side, action, 50 * FERRY_MICROSECOND, event);
}

static void collect(struct pair *pair, const struct ferry_action *action)
{
    pair_guest_dirty(pair);
    const uint32_t words = (pair->options.ram_pages + 63) / 64;
    uint64_t total = 0;
    uint64_t fresh = 0;
    for (uint32_t i = 0; i < words; i++) {
        uint64_t found = pair->dirty[i];
        if (action->round == 0) {
            const uint32_t left = pair->options.ram_pages - 64 * i;
            found = left >= 64 ? UINT64_MAX : (1ULL << left) - 1;
        }
        pair->dirty[i] = 0;
        pair->bitmap[i] = action->keep ? pair->bitmap[i] | found : found;
        total += (uint64_t)__builtin_popcountll(pair->bitmap[i]);
        fresh += (uint64_t)__builtin_popcountll(found);
    }
    report(
        pair,
        PAIR_SOURCE,
        action,
        20 * FERRY_MICROSECOND,
        (struct ferry_event){
            .kind = FERRY_EVENT_COLLECTED,
            .bitmap = pair->bitmap,
            .dirty_pages = total,
            .new_pages = fresh,
        });
}

static void capture(struct pair *pair, const struct ferry_action *action)
{
    pair->state_now++;
    report(
        pair,
        PAIR_SOURCE,
        action,
        200 * FERRY_MICROSECOND,
        (struct ferry_event){
            .kind = FERRY_EVENT_STATE_CAPTURED,
            .state_size = pair->options.state_size,
            .state_digest = pair_tag_digest(&pair->state_now, 1),
        });
}

static void finished(struct pair *pair, const struct ferry_action *action)
{
    pair->outcome = *action->outcome;
    pair->outcomes++;
    pair_say(
        pair,
        PAIR_SOURCE,
        "finished %s: %s",
        ferry_outcome_name(action->outcome->kind),
        action->outcome->reason);
}

static void act_source(struct pair *pair, const struct ferry_action *action)
{
    switch (action->kind) {
    case FERRY_ACTION_ATTACH: pair_attach(pair, action); return;
    case FERRY_ACTION_PROBE:
        if (!pair_is_cut(pair, action->path, PAIR_SOURCE)) {
            done(pair, PAIR_SOURCE, action, 2 * pair->options.latency);
        }
        return;
    case FERRY_ACTION_SEND_BATCH:
        if (action->attach == pair->attach && pair->connected) {
            pair_send_batch(pair, action);
        }
        return;
    case FERRY_ACTION_SEND_BARRIER: pair_send_barrier(pair, action); return;
    case FERRY_ACTION_SET_RATE: pair->rate = action->rate; return;
    case FERRY_ACTION_COLLECT: collect(pair, action); return;
    case FERRY_ACTION_PAUSE:
        pair_guest_dirty(pair);
        pair->runs[PAIR_SOURCE] = false;
        pair->paused_at = pair->now + 100 * FERRY_MICROSECOND;
        done(pair, PAIR_SOURCE, action, 100 * FERRY_MICROSECOND);
        return;
    case FERRY_ACTION_CAPTURE_STATE: capture(pair, action); return;
    case FERRY_ACTION_STOP_LOGGING:
    case FERRY_ACTION_THROTTLE: return;
    case FERRY_ACTION_FINISHED: finished(pair, action); return;
    case FERRY_ACTION_DETACH:
    case FERRY_ACTION_SEND_CONTROL:
    case FERRY_ACTION_RELEASE_ROUND:
    case FERRY_ACTION_PREPARE_GUEST:
    case FERRY_ACTION_RESUME:
    case FERRY_ACTION_LOAD_STATE:
    case FERRY_ACTION_ANNOUNCE:
    case FERRY_ACTION_FREE_GUEST:
    case FERRY_ACTION_PERSIST:
    case FERRY_ACTION_FORGET_SESSION:
    case FERRY_ACTION_CLOSED: break;
    }
    fail_msg("the source asked for %s", ferry_action_name(action->kind));
}

static void act_both(struct pair *pair, enum pair_side side, const struct ferry_action *action)
{
    switch (action->kind) {
    case FERRY_ACTION_SEND_CONTROL: pair_send_control(pair, side, action); return;
    case FERRY_ACTION_DETACH:
        if (action->attach >= pair->attach && pair->connected) {
            const enum pair_side other = side == PAIR_SOURCE ? PAIR_TARGET : PAIR_SOURCE;
            if (!pair_is_cut(pair, pair->path, side)) {
                const struct ferry_event gone = {
                    .kind = FERRY_EVENT_DETACHED,
                    .attach = pair->attach,
                    .status = FERRY_WORLD_LINK};
                pair_schedule(pair, pair->now + pair->options.latency, STEP_EVENT, other)->event =
                    gone;
            }
            pair_wire_close(pair);
        }
        done(pair, side, action, 0);
        return;
    case FERRY_ACTION_RESUME: resume(pair, side, action); return;
    case FERRY_ACTION_PERSIST: persist(pair, side, action); return;
    case FERRY_ACTION_FORGET_SESSION:
        memset(pair->records[side], 0, sizeof(pair->records[side]));
        done(pair, side, action, 0);
        return;
    case FERRY_ACTION_FREE_GUEST:
        pair->guest_alive[side] = false;
        pair->runs[side] = false;
        done(pair, side, action, 0);
        return;
    case FERRY_ACTION_RELEASE_ROUND: pair_release_round(pair, action->round); return;
    case FERRY_ACTION_PREPARE_GUEST:
        memset(pair->tags[PAIR_TARGET], 0, sizeof(pair->tags[PAIR_TARGET]));
        pair->guest_alive[PAIR_TARGET] = true;
        done(pair, side, action, FERRY_MILLISECOND);
        return;
    case FERRY_ACTION_LOAD_STATE: done(pair, side, action, 200 * FERRY_MICROSECOND); return;
    case FERRY_ACTION_ANNOUNCE: return;
    case FERRY_ACTION_CLOSED: /* the object stays, so that tests can look at it */
        pair->ended++;
        return;
    case FERRY_ACTION_ATTACH:
    case FERRY_ACTION_PROBE:
    case FERRY_ACTION_SEND_BATCH:
    case FERRY_ACTION_SEND_BARRIER:
    case FERRY_ACTION_SET_RATE:
    case FERRY_ACTION_COLLECT:
    case FERRY_ACTION_STOP_LOGGING:
    case FERRY_ACTION_PAUSE:
    case FERRY_ACTION_THROTTLE:
    case FERRY_ACTION_CAPTURE_STATE:
    case FERRY_ACTION_FINISHED: act_source(pair, action); return;
    }
}
static void remember(struct pair *pair, enum pair_side side, const struct ferry_action *action)
{
    const int64_t numbers[] = {
        side,
        pair->now,
        action->kind,
        (int64_t)action->id,
        action->attach,
        action->path,
        action->stream,
        action->round,
        action->attempt,
        (int64_t)action->batch.number,
        (int64_t)action->batch.first_page,
        (int64_t)action->batch.end_page,
    };
    pair->actions[side][action->kind]++;
    pair->digest = ferry_crc32c(pair->digest, numbers, sizeof(numbers));
    if (action->bytes.size != 0) {
        pair->digest = ferry_crc32c(pair->digest, action->bytes.data, action->bytes.size);
    }
}

void pair_take_actions(struct pair *pair, enum pair_side side)
{
    struct ferry_action action;
    while (side == PAIR_SOURCE
               ? pair->source != NULL && ferry_source_next_action(pair->source, &action)
               : pair->target != NULL && ferry_target_next_action(pair->target, &action)) {
        remember(pair, side, &action);
        pair_describe(pair, side, &action);
        act_both(pair, side, &action);
    }
}
