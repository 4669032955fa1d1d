/* SPDX-License-Identifier: Apache-2.0 */
/* copy.c -- the rounds: collect, send (sending.c), close with a barrier, decide.
 *
 *                                    another round
 *   IDLE --first collection--> COLLECTING ------------> SENDING
 *                               |    ^  ^                  | all acknowledged, barrier closed
 *                   switch over |    |  +------------------+
 *                               v    | keeps the bitmap
 *                            DECIDED +------------ DRAINING
 *        (the attempt collects once  |                ^
 *         more, then SENDING)        +---- aborted ---+
 *
 * C-1 A collection replaces the bitmap only when every page of it is acknowledged; otherwise it is
 *     added to it.
 * C-2 Round n + 1 begins only after the target has closed round n: an old copy can never overwrite
 *     a newer one.
 * C-3 The decision falls here and only here, at a round's end, with the collection's count in
 *     hand. */
#include "base/assert.h"
#include "source/internal.h"

/* Framing of a page in the prediction: more than what an isolated page really costs. */
#define FRAMING_BYTES 4U
/* When nothing at all was ever measured (a guest of zero pages): a slow link of today. The attempt's
 * guard keeps the limit if even that was too much. */
#define ASSUMED_BANDWIDTH 125000000ULL

bool source_copy_paused_phase(const struct ferry_source *source)
{
    return source->state == FERRY_SOURCE_PAUSING || source->state == FERRY_SOURCE_SENDING;
}

void source_copy_start(struct ferry_source *source)
{
    if (source->config.mode == FERRY_MODE_STOP_AND_COPY) {
        /* Nothing has been measured, so nothing is predicted; the verdict says which rule it was.
         */
        struct ferry_policy_samples samples;
        source_copy_samples(source, &samples);
        samples.switch_now = false; /* it does so anyway */
        source->outcome.verdict = ferry_policy_decide(&samples, &source->copy.policy);
        source_attempt_open(source, 0);
        return;
    }
    source_set_state(source, FERRY_SOURCE_COPYING, FERRY_EVENT_DONE);
    source_copy_collect(source, false);
}

void source_copy_collect(struct ferry_source *source, bool keep)
{
    source->copy.state = COPY_COLLECTING;
    source_ask(
        source,
        PENDING_COLLECT,
        (struct ferry_action){
            .kind = FERRY_ACTION_COLLECT,
            .round = source->copy.bitmap == NULL ? 0 : source->copy.round + 1,
            .keep = keep,
        },
        source->config.action_limit);
}

/* ---- history ---- */

static void store_round(struct ferry_source *source)
{
    struct ferry_outcome *outcome = &source->outcome;
    const uint32_t slot =
        outcome->round_count < FERRY_ROUNDS_KEPT ? outcome->round_count : FERRY_ROUNDS_KEPT - 1;
    source->rounds[slot] = source->copy.round_now;
    outcome->round_count++;
}

void source_copy_begin_round(struct ferry_source *source, bool final)
{
    struct copy *copy = &source->copy;
    const bool first = source->outcome.round_count == 0;
    if (!first) {
        copy->round++;
    }
    copy->state = COPY_SENDING;
    copy->round_open = true;
    copy->barrier_attach = 0;
    copy->issued_attach = 0;
    copy->collect_at = source->now;
    copy->acknowledged_pages = 0;
    copy->round_begun = source->now;
    copy->round_now = (struct ferry_round){
        .pages = copy->bitmap_pages,
        .final = final,
        .attempt = final ? source->handover.attempt : 0,
    };
    memory_windows_begin(&copy->windows, copy->bitmap, copy->bitmap_pages);
    source_trace(
        source,
        FERRY_TRACE_ROUND_BEGUN,
        copy->round,
        (int64_t)copy->bitmap_pages,
        copy->round_now.attempt,
        0);
}

void source_copy_end_round(struct ferry_source *source, uint64_t dirty_after)
{
    struct ferry_round *round = &source->copy.round_now;
    round->dirty_after = dirty_after;
    source->copy.round_open = false;
    store_round(source);
    source_trace(
        source,
        FERRY_TRACE_ROUND_ENDED,
        source->copy.round,
        (int64_t)round->bytes,
        (int64_t)round->zero_pages,
        round->duration_ns);
}

/* ---- the decision ---- */

static ferry_time_ns cost(ferry_time_ns measured, ferry_time_ns estimate)
{
    return measured != 0 ? measured : estimate;
}

struct ferry_switch_costs source_copy_costs(const struct ferry_source *source)
{
    const struct ferry_switch_costs *measured = &source->measured;
    const struct ferry_switch_costs *estimate = &source->config.costs;
    return (struct ferry_switch_costs){
        .pause = cost(measured->pause, estimate->pause),
        .capture = cost(measured->capture, estimate->capture),
        .collect = cost(measured->collect, estimate->collect),
        .load = cost(measured->load, estimate->load),
        .grant_persist = cost(measured->grant_persist, estimate->grant_persist),
        .owner_persist = cost(measured->owner_persist, estimate->owner_persist),
        .resume = cost(measured->resume, estimate->resume),
        .round_trip = cost(source_link_round_trip(source), estimate->round_trip),
    };
}

void source_copy_samples(
    const struct ferry_source *source, struct ferry_policy_samples *samples_out)
{
    const struct ferry_source_config *config = &source->config;
    const struct copy *copy = &source->copy;
    const uint64_t bandwidth = source_copy_bandwidth(source);
    *samples_out = (struct ferry_policy_samples){
        .now = source->now,
        .started_at = source->created_at,
        .give_up_after = config->give_up_after,
        .blackout_limit = config->blackout_limit,
        .mode = config->mode,
        .on_no_convergence = config->on_no_convergence,
        .live_rounds = copy->live_rounds,
        .attempts = source->handover.attempt,
        .not_before = source->attempt.not_before,
        .switch_now = source->switch_now,
        .remaining_bytes = source_scale(copy->bitmap_pages, config->page_size + FRAMING_BYTES, 1),
        .state_bytes = source->attempt.state_size != 0 ? source->attempt.state_size
                                                       : config->device_state_estimate,
        .dirty_bytes_per_second = copy->dirty_rate,
        .bandwidth = bandwidth != 0 ? bandwidth : ASSUMED_BANDWIDTH,
        .cap = config->bandwidth_cap,
        .costs = source_copy_costs(source),
    };
}

/* What an attempt measured while its host stood still must not count for ever: what a cost lies
 * above its estimate is forgotten by an eighth a round. If it is really so slow, the next attempt
 * measures it again, and attempts are counted. */
static void forget(ferry_time_ns *measured, ferry_time_ns estimate)
{
    if (*measured > estimate) {
        *measured -= (*measured - estimate + 7) / 8;
    }
}

static void forget_costs(struct ferry_source *source)
{
    const struct ferry_switch_costs *estimate = &source->config.costs;
    forget(&source->measured.pause, estimate->pause);
    forget(&source->measured.capture, estimate->capture);
    forget(&source->measured.collect, estimate->collect);
    forget(&source->measured.load, estimate->load);
}

/* Would another round help if it left nothing at all? If not, only time does, in which what was
 * measured in a bad moment is measured again. */
static bool
rounds_are_in_vain(const struct ferry_policy_samples *samples, const struct ferry_verdict *verdict)
{
    struct ferry_policy_samples nothing = *samples;
    nothing.remaining_bytes = 0;
    return ferry_policy_predict(&nothing) > verdict->blackout_limit;
}

/* Under a verdict that more rounds cannot change soon, a round is not shorter than the time between
 * two pings: looking at the dirty log thousands of times a second would only slow the guest, and so
 * each round has news of the round trip. */
static ferry_time_ns patience(
    const struct ferry_source *source,
    const struct ferry_policy_samples *samples,
    const struct ferry_verdict *verdict)
{
    const ferry_time_ns wait = source_link_ping_interval(source);
    if (verdict->rule == FERRY_RULE_BACKING_OFF) {
        const ferry_time_ns rest = samples->not_before - samples->now;
        return rest < wait ? rest : wait;
    }
    return verdict->rule == FERRY_RULE_STALLED || rounds_are_in_vain(samples, verdict) ? wait : 0;
}

static void decide(struct ferry_source *source)
{
    struct copy *copy = &source->copy;
    struct ferry_policy_samples samples;
    source_copy_samples(source, &samples);
    const bool warned = copy->policy.warned;
    const struct ferry_verdict verdict = ferry_policy_decide(&samples, &copy->policy);
    source->outcome.verdict = verdict;
    source_trace(
        source,
        FERRY_TRACE_VERDICT,
        verdict.decision,
        verdict.rule,
        verdict.predicted_blackout,
        verdict.best_predicted);
    if (verdict.will_not_converge && !warned) {
        source_trace(
            source,
            FERRY_TRACE_NO_CONVERGENCE,
            copy->round,
            verdict.predicted_blackout,
            (int64_t)(verdict.dirty_bytes_per_second & INT64_MAX),
            (int64_t)(verdict.bandwidth & INT64_MAX));
    }
    switch (verdict.decision) {
    case FERRY_DECIDE_CONTINUE:
        if (source->measured.grant_persist > source->config.costs.grant_persist &&
            source->pending[PENDING_PERSIST_SESSION].id == 0) {
            /* mark: source-journal-measured-again -- the journal was slow once: is it still? */
            source_opening_persist(source); /* slow when it was measured: is it still? */
        }
        source_copy_begin_round(source, false);
        source_bandwidth_plan_probe(source, &samples);
        copy->collect_at = source->now + patience(source, &samples, &verdict);
        forget_costs(source);
        return;
    case FERRY_DECIDE_SWITCH:
        copy->state = COPY_DECIDED;
        source_attempt_open(source, verdict.predicted_blackout);
        return;
    case FERRY_DECIDE_GIVE_UP:
        /* mark: source-give-up -- it does not converge: given up */
        copy->state = COPY_DECIDED;
        source_ending_decide(
            source,
            FERRY_OUTCOME_FAILED,
            verdict.rule == FERRY_RULE_ATTEMPTS        ? FERRY_LIMIT_ATTEMPTS
            : verdict.rule == FERRY_RULE_GIVE_UP_AFTER ? FERRY_TIMEOUT_GIVE_UP
                                                       : FERRY_LIMIT_NO_CONVERGENCE);
        return;
    }
    FERRY_ASSERT(false); /* no such decision */
}

static void learn_from_collection(
    struct ferry_source *source, const struct ferry_event *event, ferry_time_ns took)
{
    struct copy *copy = &source->copy;
    const ferry_time_ns interval = source->now - copy->collected_at;
    if (copy->live_rounds != 0 && interval > 0) {
        copy->dirty_rate = source_scale(
            source_scale(event->new_pages, source->config.page_size, 1),
            NS_PER_SECOND,
            (uint64_t)interval);
    }
    /* The pause's collection finds little: the cheapest one seen is the closest to it. */
    if (copy->live_rounds != 0 &&
        (source->measured.collect == 0 || took < source->measured.collect)) {
        source->measured.collect = took;
    }
}

void source_copy_collected(struct ferry_source *source, const struct ferry_event *event)
{
    struct copy *copy = &source->copy;
    if (event->status != FERRY_OK) {
        /* mark: source-collect-failed -- the dirty log could not be read */
        source_ending_decide(source, FERRY_OUTCOME_FAILED, FERRY_WORLD_GUEST);
        return;
    }
    const bool first = copy->bitmap == NULL;
    copy->bitmap = event->bitmap;
    copy->bitmap_pages = event->dirty_pages;
    if (source->state == FERRY_SOURCE_PAUSING) {
        copy->collected_at = source->now;
        source_attempt_collected(source);
        return;
    }
    FERRY_ASSERT(source->state == FERRY_SOURCE_COPYING); /* whoever leaves it abandons this */
    if (first) {
        copy->collected_at = source->now;
        source_copy_begin_round(source, false);
        return;
    }
    learn_from_collection(source, event, source->now - source->pending[PENDING_COLLECT].issued_at);
    copy->collected_at = source->now;
    if (copy->round_open) { /* an attempt may have been aborted before it began its round */
        source_copy_end_round(source, event->dirty_pages);
    }
    decide(source);
}
