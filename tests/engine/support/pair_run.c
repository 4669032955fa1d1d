/* SPDX-License-Identifier: Apache-2.0 */
/* pair_run.c -- the queue of steps, ordered by (time, order of scheduling), and the deadlines of
 * both objects. */
#include "support/pair_internal.h"

/* ---- steps ---- */

struct step *
pair_schedule(struct pair *pair, ferry_time_ns at, enum step_kind kind, enum pair_side side)
{
    assert_true(pair->step_count < STEPS_MAX);
    struct step *step = &pair->steps[pair->step_count++];
    *step = (struct step){
        .at = at,
        .order = ++pair->order,
        .kind = kind,
        .side = side,
        .life = pair->life[side],
        .path = UINT16_MAX,
    };
    return step;
}

void pair_feed(struct pair *pair, enum pair_side side, const struct ferry_event *event)
{
    if (!pair->alive[side]) {
        return;
    }
    enum ferry_status status = FERRY_OK;
    if (side == PAIR_SOURCE && pair->source != NULL) {
        status = ferry_source_input(pair->source, event, pair->now);
    } else if (side == PAIR_TARGET && pair->target != NULL) {
        status = ferry_target_input(pair->target, event, pair->now);
    }
    assert_true(status == FERRY_OK || status == FERRY_USAGE_STATE); /* it has closed meanwhile */
    pair_take_actions(pair, side);
}

/* ---- running ---- */

static ferry_time_ns deadline(const struct pair *pair)
{
    ferry_time_ns at = FERRY_TIME_NEVER;
    if (pair->source != NULL && pair->alive[PAIR_SOURCE]) {
        at = ferry_source_deadline(pair->source);
    }
    if (pair->target != NULL && pair->alive[PAIR_TARGET]) {
        const ferry_time_ns other = ferry_target_deadline(pair->target);
        at = other < at ? other : at;
    }
    return at;
}

static void event_arrives(struct pair *pair, const struct step *step)
{
    const bool wire =
        step->event.kind == FERRY_EVENT_CONTROL_BYTES || step->event.kind == FERRY_EVENT_ATTACHED;
    if (wire && (step->event.attach != pair->attach || !pair->connected)) {
        return;
    }
    const bool newcomer = step->event.kind == FERRY_EVENT_ATTACHED && step->side == PAIR_TARGET;
    if (newcomer && pair_target_state(pair) == FERRY_TARGET_CLOSED) {
        pair_revive_target(pair);
    }
    pair_feed(pair, step->side, &step->event);
}

static void carry_out(struct pair *pair, struct step *step)
{
    if (step->life == pair->life[step->side]) {
        switch (step->kind) {
        case STEP_EVENT: event_arrives(pair, step); break;
        case STEP_BATCH_SENT: pair_batch_sent(pair, step); break;
        case STEP_BATCH_ARRIVED: pair_batch_arrived(pair, step); break;
        case STEP_BARRIER: pair_barrier_sent(pair, step); break;
        }
    }
    free(step->bytes);
}

/* UINT32_MAX: none that can happen. */
static uint32_t first_step(const struct pair *pair)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < pair->step_count; i++) {
        const struct step *a = &pair->steps[i];
        if (a->held) {
            continue;
        }
        const struct step *b = best == UINT32_MAX ? NULL : &pair->steps[best];
        if (b == NULL || a->at < b->at || (a->at == b->at && a->order < b->order)) {
            best = i;
        }
    }
    return best;
}

static ferry_time_ns next_at(const struct pair *pair)
{
    const ferry_time_ns timer = deadline(pair);
    const uint32_t first = first_step(pair);
    if (first == UINT32_MAX) {
        return timer;
    }
    return pair->steps[first].at < timer ? pair->steps[first].at : timer;
}

bool pair_step(struct pair *pair)
{
    const ferry_time_ns at = next_at(pair);
    if (at == FERRY_TIME_NEVER) {
        return false;
    }
    pair->now = at > pair->now ? at : pair->now;
    const uint32_t index = first_step(pair);
    if (index != UINT32_MAX && pair->steps[index].at <= pair->now) {
        struct step *step = &pair->steps[index];
        if (pair_is_cut(pair, step->path, step->from)) {
            step->held = true;
        } else {
            struct step now = *step;
            *step = pair->steps[--pair->step_count];
            carry_out(pair, &now);
        }
    } else {
        const struct ferry_event tick = {.kind = FERRY_EVENT_TICK};
        pair_feed(pair, PAIR_SOURCE, &tick);
        pair_feed(pair, PAIR_TARGET, &tick);
    }
    assert_true(pair_running(pair) <= 1);
    return true;
}

void pair_advance(struct pair *pair, ferry_time_ns duration)
{
    const ferry_time_ns until = pair->now + duration;
    while (next_at(pair) <= until && pair_step(pair)) {
    }
    pair->now = until;
}

void pair_sleep(struct pair *pair, ferry_time_ns duration)
{
    pair->now += duration;
}

void pair_run_until_source(struct pair *pair, enum ferry_source_state state)
{
    const ferry_time_ns until = pair->now + HOUR;
    while (pair_source_state(pair) != state) {
        if (!pair_step(pair) || pair->now > until) {
            fail_msg("the source never came to %s", ferry_source_state_name(state));
        }
    }
}

void pair_run_until_target(struct pair *pair, enum ferry_target_state state)
{
    const ferry_time_ns until = pair->now + HOUR;
    while (pair_target_state(pair) != state) {
        if (!pair_step(pair) || pair->now > until) {
            fail_msg("the target never came to %s", ferry_target_state_name(state));
        }
    }
}

void pair_run_until_outcome(struct pair *pair)
{
    const ferry_time_ns until = pair->now + 2 * HOUR;
    while (pair->outcomes == 0) {
        if (!pair_step(pair) || pair->now > until) {
            fail_msg("no outcome");
        }
    }
}

void pair_run_to_end(struct pair *pair)
{
    const ferry_time_ns until = pair->now + 2 * HOUR;
    while (pair->now < until && pair_step(pair)) {
    }
}
