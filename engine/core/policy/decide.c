/* SPDX-License-Identifier: Apache-2.0 */
/* decide.c -- switch over, go on, or give up: one verdict at each live round's end.
 *
 * The rules, the first one that applies decides:
 *
 *   attempts       as many attempts as are allowed were opened                  -> no convergence
 *   operator       switch over now                                              -> SWITCH
 *   stop-and-copy  the mode has no live rounds                                  -> SWITCH
 *   within-limit   the prediction is within the limit                           -> SWITCH
 *   give-up-after  the time given has passed                                    -> no convergence
 *   backing-off    within the limit or stop-and-copy, but not yet again         -> CONTINUE
 *   stalled        best prediction over the limit, fell < 1 % in 10 live rounds -> no convergence
 *   shrinking      otherwise                                                    -> CONTINUE
 *
 *   no convergence: give-up      GIVE_UP
 *                   keep-trying  stalled: CONTINUE; otherwise GIVE_UP
 *                   switch-anyway SWITCH, with the rule switch-anyway and the one above as its
 * cause
 *
 * Why within-limit comes before give-up-after: the copy is done but for a pause that the operator
 * allowed; to throw it away at that moment helps nobody. Why nobody waits for a smaller remainder
 * than the one at hand: within the limit there is nothing to gain that was asked for, and each
 * further round costs bandwidth and time; switch-anyway and the operator's order promise to pause
 * at that very round's end. Whoever wants less asks for a lower limit. Why a verdict keeps no clock
 * of its own: the same samples in the same order give the same verdicts, in every world. */
#include "ferry/limits.h"
#include "predict.h"

__extension__ typedef unsigned __int128 wide;

/* Rounds in a row that must look hopeless before the early warning: one may be a burst. */
#define WARN_ROUNDS 2U

static bool passed(ferry_time_ns now, ferry_time_ns since, ferry_time_ns duration)
{
    if (duration == FERRY_TIME_NEVER) {
        return false;
    }
    return now >= since &&
           (uint64_t)now - (uint64_t)since >= (uint64_t)(duration > 0 ? duration : 0);
}

/* `now` is lower than `before` by less than one hundredth of `before` (or is not lower). */
static bool fell_less_than_one_percent(uint64_t before, uint64_t now)
{
    return now >= before || (wide)(before - now) * 100 < before;
}

/* Live rounds without a verdict (none, as the source asks today) count with the best known before
 * them. */
static void
remember_prediction(struct ferry_policy_memory *memory, uint32_t round, ferry_time_ns predicted)
{
    const uint32_t size = FERRY_STALL_ROUNDS + 1;
    ferry_time_ns best = predicted;

    if (memory->any) {
        const ferry_time_ns before = memory->best[memory->last_round % size];
        const uint32_t passed_rounds = round > memory->last_round ? round - memory->last_round : 0;

        for (uint32_t i = 1; i < passed_rounds && i < size; i++) {
            memory->best[(round - i) % size] = before;
        }
        memory->rounds_seen =
            passed_rounds < size - memory->rounds_seen ? memory->rounds_seen + passed_rounds : size;
        best = before < predicted ? before : predicted;
    } else {
        memory->rounds_seen = 1;
    }
    if (!memory->any || round > memory->last_round) {
        memory->last_round = round;
    }
    memory->best[memory->last_round % size] = best;
    memory->any = true;
}

static ferry_time_ns best_prediction(const struct ferry_policy_memory *memory)
{
    return memory->best[memory->last_round % (FERRY_STALL_ROUNDS + 1)];
}

static bool is_stalled(const struct ferry_policy_memory *memory, ferry_time_ns limit)
{
    const uint32_t size = FERRY_STALL_ROUNDS + 1;
    const ferry_time_ns best = best_prediction(memory);
    ferry_time_ns before;

    if (memory->rounds_seen < size || best <= limit) {
        return false;
    }
    before =
        memory->best[(memory->last_round + 1) % size]; /* the oldest kept: FERRY_STALL_ROUNDS ago */
    return fell_less_than_one_percent((uint64_t)before, (uint64_t)best);
}

/* Early warning, once: what must be sent does not get less although all of the link is used, or the
 * limit is below what no transfer can change. Seven eighths: the dead time between two rounds makes
 * a guest that fills the link look slower than the link. */
static bool early_warning(
    const struct ferry_policy_samples *samples,
    const struct ferry_prediction *prediction,
    struct ferry_policy_memory *memory)
{
    const bool full = (wide)samples->dirty_bytes_per_second * 8 >= (wide)prediction->bandwidth * 7;
    const bool known = memory->last_remaining != 0;
    bool hopeless = prediction->fixed > samples->blackout_limit;

    if (known && full &&
        fell_less_than_one_percent(memory->last_remaining, samples->remaining_bytes)) {
        memory->diverging_rounds++;
    } else {
        memory->diverging_rounds = 0;
    }
    memory->last_remaining = samples->remaining_bytes;
    hopeless = hopeless || memory->diverging_rounds >= WARN_ROUNDS;
    if (memory->warned || !hopeless || prediction->blackout <= samples->blackout_limit) {
        return false;
    }
    memory->warned = true;
    return true;
}

static void
conclude(struct ferry_verdict *verdict, enum ferry_decision decision, enum ferry_rule rule)
{
    verdict->decision = decision;
    verdict->rule = rule;
}

static void no_convergence(
    struct ferry_verdict *verdict,
    enum ferry_no_convergence on_no_convergence,
    enum ferry_rule cause)
{
    if (on_no_convergence == FERRY_SWITCH_ANYWAY) {
        /* mark: policy-switches-anyway -- no convergence, and it shall switch anyway */
        conclude(verdict, FERRY_DECIDE_SWITCH, FERRY_RULE_SWITCH_ANYWAY);
        verdict->cause = cause;
    } else if (on_no_convergence == FERRY_KEEP_TRYING && cause == FERRY_RULE_STALLED) {
        /* mark: policy-keeps-trying -- no progress, and it shall keep trying */
        conclude(verdict, FERRY_DECIDE_CONTINUE, cause);
    } else {
        conclude(verdict, FERRY_DECIDE_GIVE_UP, cause);
    }
}

static void apply_rules(
    const struct ferry_policy_samples *samples,
    const struct ferry_policy_memory *memory,
    struct ferry_verdict *verdict)
{
    const bool at_once = samples->mode == FERRY_MODE_STOP_AND_COPY;
    /* A prediction of NEVER is within no limit, not even within none: nothing moves. */
    const bool within = verdict->predicted_blackout != FERRY_TIME_NEVER &&
                        verdict->predicted_blackout <= samples->blackout_limit;
    const bool ready = at_once || within;

    if (samples->attempts >= FERRY_ATTEMPTS_MAX) {
        no_convergence(verdict, samples->on_no_convergence, FERRY_RULE_ATTEMPTS);
    } else if (samples->switch_now) {
        conclude(verdict, FERRY_DECIDE_SWITCH, FERRY_RULE_OPERATOR);
    } else if (ready && samples->now >= samples->not_before) {
        conclude(
            verdict,
            FERRY_DECIDE_SWITCH,
            at_once ? FERRY_RULE_STOP_AND_COPY : FERRY_RULE_WITHIN_LIMIT);
    } else if (passed(samples->now, samples->started_at, samples->give_up_after)) {
        no_convergence(verdict, samples->on_no_convergence, FERRY_RULE_GIVE_UP_AFTER);
    } else if (ready) {
        conclude(verdict, FERRY_DECIDE_CONTINUE, FERRY_RULE_BACKING_OFF);
    } else if (is_stalled(memory, samples->blackout_limit)) {
        no_convergence(verdict, samples->on_no_convergence, FERRY_RULE_STALLED);
    } else {
        conclude(verdict, FERRY_DECIDE_CONTINUE, FERRY_RULE_SHRINKING);
    }
}

struct ferry_verdict
ferry_policy_decide(const struct ferry_policy_samples *samples, struct ferry_policy_memory *memory)
{
    const struct ferry_prediction prediction = ferry_predict(samples);
    struct ferry_verdict verdict = {
        .predicted_blackout = prediction.blackout,
        .blackout_limit = samples->blackout_limit,
        .fixed_costs = prediction.fixed,
        .transfer_bytes = prediction.bytes,
        .bandwidth = prediction.bandwidth,
        .dirty_bytes_per_second = samples->dirty_bytes_per_second,
        .live_rounds = samples->live_rounds,
    };

    remember_prediction(memory, samples->live_rounds, prediction.blackout);
    verdict.best_predicted = best_prediction(memory);
    if (samples->mode == FERRY_MODE_PRECOPY) {
        verdict.will_not_converge = early_warning(samples, &prediction, memory);
    }
    apply_rules(samples, memory, &verdict);
    if (verdict.rule == FERRY_RULE_BACKING_OFF) {
        /* mark: policy-backing-off -- within the limit, but an attempt failed a moment ago */
        ferry_policy_refuted(
            memory); /* within the limit, but not to be used: no best to hope for */
    }
    return verdict;
}

void ferry_policy_refuted(struct ferry_policy_memory *memory)
{
    memory->any = false;
    memory->rounds_seen = 0;
}

const char *ferry_rule_name(enum ferry_rule rule)
{
    switch (rule) {
    case FERRY_RULE_NONE: return "none";
    case FERRY_RULE_STOP_AND_COPY: return "stop-and-copy";
    case FERRY_RULE_WITHIN_LIMIT: return "within-limit";
    case FERRY_RULE_OPERATOR: return "operator";
    case FERRY_RULE_SHRINKING: return "shrinking";
    case FERRY_RULE_BACKING_OFF: return "backing-off";
    case FERRY_RULE_STALLED: return "stalled";
    case FERRY_RULE_GIVE_UP_AFTER: return "give-up-after";
    case FERRY_RULE_ATTEMPTS: return "attempts";
    case FERRY_RULE_SWITCH_ANYWAY: return "switch-anyway";
    }
    return "invalid";
}
