/* SPDX-License-Identifier: Apache-2.0 */
/* i7_story.c -- the second half of I7: a migration's events tell the same story as its statistics.
 *
 * Compared: rounds, one by one, with ROUND_BEGUN and ROUND_ENDED; zero pages with pages; bytes on the wire with the sum of
 * the rounds and with the whole batches that left (equal, unless a connection was lost: a report
 * that came after that is dropped, and the bytes were counted by the network alone); aborted
 * attempts with ATTEMPT_ABORTED and with how long the guest really stood still; reconnects with
 * LINK_UP; parts of the blackout with its total, and that with what the world saw; the OUTCOME
 * event with the object. Tolerance of times across hosts: one round trip of the largest control
 * messages (on a slow network these take longer than its latency) + 100 us, since a source
 * can but estimate what happens at the target. */
#include "sim/check/i7_story.h"

#include <inttypes.h>
#include <stdlib.h>

#define TOLERANCE ((ferry_time_ns)100 * FERRY_MICROSECOND)

/* ---- listening ---- */

static struct story_round *round_slot(struct story *story)
{
    if (story->rounds_ended >= FERRY_ROUNDS_KEPT - 1) {
        return NULL;
    }
    story->rounds = sim_check_grow(
        story->rounds,
        &story->round_capacity,
        (size_t)story->rounds_ended + 1,
        sizeof(*story->rounds));
    return &story->rounds[story->rounds_ended];
}

static void round_begun(struct story *story, const struct ferry_trace_event *event)
{
    struct story_round *round = round_slot(story);

    story->round_open = true;
    if (round != NULL) {
        *round = (struct story_round){
            .pages = (uint64_t)event->field[1],
            .attempt = (uint32_t)event->field[2],
        };
    }
}

static void round_ended(struct story *story, const struct ferry_trace_event *event)
{
    struct story_round *round = round_slot(story);

    if (round != NULL) {
        round->bytes = (uint64_t)event->field[1];
        round->zero_pages = (uint64_t)event->field[2];
        round->duration_ns = event->field[3];
    }
    story->round_bytes += (uint64_t)event->field[1];
    story->rounds_ended++;
    story->round_open = false;
}

static void attempt_aborted(struct story *story, const struct ferry_trace_event *event)
{
    if (story->aborts < FERRY_ATTEMPTS_MAX) {
        story->told[story->aborts] = (struct story_abort){
            .attempt = (uint32_t)event->field[0],
            .paused_ns = event->field[2],
        };
    }
    story->aborts++;
}

static void pause_ended(struct story *story, const struct sim_observation *seen)
{
    story->paused = false;
    if (story->pauses < STORY_PAUSES_MAX) {
        story->seen[story->pauses++] = (struct story_abort){
            .attempt = seen->attempt,
            .paused_ns = seen->at_ns - story->paused_at,
            .ended_at = seen->at_ns,
        };
    }
}

static void traced(struct story *story, const struct ferry_trace_event *event)
{
    if (event->target) {
        return;
    }
    if (event->kind == FERRY_TRACE_ROUND_BEGUN) {
        round_begun(story, event);
    } else if (event->kind == FERRY_TRACE_ROUND_ENDED) {
        round_ended(story, event);
    } else if (event->kind == FERRY_TRACE_ATTEMPT_ABORTED) {
        attempt_aborted(story, event);
    } else if (event->kind == FERRY_TRACE_LINK_UP) {
        story->links_up++;
    } else if (event->kind == FERRY_TRACE_LINK_DOWN) {
        story->links_down++;
    } else if (event->kind == FERRY_TRACE_OUTCOME) {
        story->outcome_traced = true;
        for (int i = 0; i < 4; i++) {
            story->outcome_fields[i] = event->field[i];
        }
    }
}

void story_observe(struct story *story, const struct sim_observation *seen)
{
    if (seen->kind == SIM_OBSERVED_TRACE) {
        traced(story, seen->trace);
    } else if (seen->kind == SIM_OBSERVED_PAYLOAD && seen->payload == SIM_PAYLOAD_BATCH) {
        story->batch_bytes += seen->bytes;
    } else if (seen->kind == SIM_OBSERVED_ATTEMPT_PAUSED) {
        story->paused = true;
        story->paused_at = seen->at_ns;
    } else if (seen->kind == SIM_OBSERVED_ATTEMPT_RESUMED && story->paused) {
        pause_ended(story, seen);
    }
}

void story_restart(struct story *story)
{
    story->restarted = true;
    story->round_open = false;
    story->rounds_ended = 0;
    story->round_bytes = 0;
    story->links_up = 0;
    story->links_down = 0;
    story->aborts = 0;
    story->pauses = 0;
    story->outcome_traced = false;
}

void story_deinit(struct story *story)
{
    free(story->rounds);
    *story = (struct story){0};
}

/* ---- comparing ---- */

static ferry_time_ns distance(ferry_time_ns a, ferry_time_ns b)
{
    return a > b ? a - b : b - a;
}

static bool same_round(const struct story_round *told, const struct ferry_round *round)
{
    return told->pages == round->pages && told->bytes == round->bytes &&
           told->zero_pages == round->zero_pages && told->duration_ns == round->duration_ns &&
           told->attempt == round->attempt && round->final == (round->attempt != 0);
}

static void compare_rounds(
    const struct story *story, const struct story_judge *judge, const struct ferry_outcome *outcome)
{
    if (story->rounds_ended != outcome->round_count || story->round_open) {
        sim_check_fail(
            judge->checks,
            &judge->about,
            "%u rounds ended in the events%s, %u stand in the outcome",
            (unsigned)story->rounds_ended,
            story->round_open ? " and one is open" : "",
            (unsigned)outcome->round_count);
        return;
    }
    for (uint32_t i = 0; i < outcome->round_count && i < FERRY_ROUNDS_KEPT - 1; i++) {
        if (!same_round(&story->rounds[i], &outcome->rounds[i])) {
            sim_check_fail(
                judge->checks,
                &judge->about,
                "round %u: the events tell of %" PRIu64 " pages, %" PRIu64 " bytes, %" PRIu64
                " zero pages, the outcome of %" PRIu64 ", %" PRIu64 ", %" PRIu64
                " (or they differ in time or attempt)",
                (unsigned)i,
                story->rounds[i].pages,
                story->rounds[i].bytes,
                story->rounds[i].zero_pages,
                outcome->rounds[i].pages,
                outcome->rounds[i].bytes,
                outcome->rounds[i].zero_pages);
            return;
        }
        if (outcome->rounds[i].zero_pages > outcome->rounds[i].pages) {
            sim_check_fail(
                judge->checks,
                &judge->about,
                "round %u: %" PRIu64 " zero pages of %" PRIu64 " pages",
                (unsigned)i,
                outcome->rounds[i].zero_pages,
                outcome->rounds[i].pages);
            return;
        }
    }
    if (outcome->kind == FERRY_OUTCOME_COMPLETED && outcome->round_count != 0) {
        const uint32_t kept =
            outcome->round_count < FERRY_ROUNDS_KEPT ? outcome->round_count : FERRY_ROUNDS_KEPT;

        if (!outcome->rounds[kept - 1].final) {
            sim_check_fail(
                judge->checks, &judge->about, "completed, but the last round is not a final one");
        }
    }
}

static void compare_bytes(
    const struct story *story, const struct story_judge *judge, const struct ferry_outcome *outcome)
{
    const bool undisturbed =
        story->links_down == 0 && outcome->dropped_reports == 0 && !story->restarted;

    if (outcome->wire_bytes != story->round_bytes) {
        sim_check_fail(
            judge->checks,
            &judge->about,
            "the outcome tells of %" PRIu64 " bytes on the wire, its rounds of %" PRIu64,
            outcome->wire_bytes,
            story->round_bytes);
    }
    if (outcome->wire_bytes > story->batch_bytes ||
        (undisturbed && outcome->wire_bytes != story->batch_bytes)) {
        sim_check_fail(
            judge->checks,
            &judge->about,
            "the outcome tells of %" PRIu64 " bytes on the wire, the network carried %" PRIu64,
            outcome->wire_bytes,
            story->batch_bytes);
    }
    if (outcome->resent_bytes > outcome->wire_bytes) {
        sim_check_fail(
            judge->checks,
            &judge->about,
            "%" PRIu64 " bytes were sent again, but only %" PRIu64 " were sent",
            outcome->resent_bytes,
            outcome->wire_bytes);
    }
    if (outcome->reconnects != (story->links_up != 0 ? story->links_up - 1 : 0)) {
        sim_check_fail(
            judge->checks,
            &judge->about,
            "%u connections came up, the outcome tells of %u reconnects",
            (unsigned)story->links_up,
            (unsigned)outcome->reconnects);
    }
}

/* By how much the engine's times may be wrong, because the clocks were. */
static ferry_time_ns
clock_error(const struct story_judge *judge, ferry_time_ns begun, ferry_time_ns ended)
{
    const struct sim_pause pause = {
        .from = judge->from,
        .to = judge->to,
        .begun_ns = begun,
        .ended_ns = ended,
    };

    return judge->faults == NULL ? 0 : sim_faults_clock_error(judge->faults, &pause);
}

/* How long the guest stood still in this attempt; 0: it never did, the attempt ended before the
 * vCPUs had stopped. */
static struct story_abort true_pause(const struct story *story, uint32_t attempt)
{
    for (uint32_t i = 0; i < story->pauses; i++) {
        if (story->seen[i].attempt == attempt) {
            return story->seen[i];
        }
    }
    return (struct story_abort){.paused_ns = 0};
}

static void compare_aborts(
    const struct story *story, const struct story_judge *judge, const struct ferry_outcome *outcome)
{
    const uint32_t count =
        outcome->aborted_count < FERRY_ATTEMPTS_MAX ? outcome->aborted_count : FERRY_ATTEMPTS_MAX;

    if (count != (story->aborts < FERRY_ATTEMPTS_MAX ? story->aborts : FERRY_ATTEMPTS_MAX)) {
        sim_check_fail(
            judge->checks,
            &judge->about,
            "the events tell of %u aborted attempts, the outcome of %u",
            (unsigned)story->aborts,
            (unsigned)outcome->aborted_count);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct ferry_aborted_attempt *aborted = &outcome->aborted[i];
        const struct story_abort *told = &story->told[i];
        const struct story_abort seen = true_pause(story, aborted->attempt);
        const ferry_time_ns truth = seen.paused_ns;
        const ferry_time_ns tolerance =
            TOLERANCE + clock_error(judge, seen.ended_at - truth, seen.ended_at);

        const bool known = aborted->attempt != judge->rolled_back;

        if (aborted->attempt != told->attempt || aborted->paused_ns != told->paused_ns ||
            (known && distance(aborted->paused_ns, truth) > tolerance) ||
            aborted->reason == FERRY_OK) {
            sim_check_fail(
                judge->checks,
                &judge->about,
                "aborted attempt %u: paused for %s in the outcome, %s in its event, %s in truth "
                "(or its number or reason differs)",
                (unsigned)aborted->attempt,
                sim_check_time(aborted->paused_ns).text,
                sim_check_time(told->paused_ns).text,
                sim_check_time(truth).text);
        }
    }
}

static ferry_time_ns sum_of_parts(const struct ferry_blackout *blackout)
{
    return blackout->capture_ns + blackout->collect_ns + blackout->transfer_ns + blackout->load_ns +
           blackout->ready_ns + blackout->grant_persist_ns + blackout->grant_ns +
           blackout->owner_persist_ns + blackout->resume_ns;
}

static void compare_blackout(const struct story_judge *judge, const struct sim_observation *seen)
{
    const struct ferry_blackout *blackout = &seen->outcome->blackout;
    const ferry_time_ns tolerance =
        seen->round_trip_ns + TOLERANCE + clock_error(judge, judge->paused_at, seen->at_ns);

    if (distance(blackout->total_ns, seen->blackout_ns) > tolerance && judge->fault == NULL) {
        sim_check_fail(
            judge->checks,
            &judge->about,
            "the outcome tells of a blackout of %s, the guest stood still for %s; %s of error are "
            "allowed",
            sim_check_time(blackout->total_ns).text,
            sim_check_time(seen->blackout_ns).text,
            sim_check_time(tolerance).text);
    }
    /* Stop-and-copy pauses before anything was measured: there is nothing to predict from. */
    const struct ferry_verdict *verdict = &seen->outcome->verdict;
    /* A guest without anything to send, at no cost, over no distance: 0 is its prediction. */
    const bool nothing = verdict->transfer_bytes == 0 && verdict->fixed_costs == 0;
    if (seen->outcome->predicted_blackout_ns <= 0 && !nothing &&
        verdict->rule != FERRY_RULE_STOP_AND_COPY) {
        sim_check_fail(
            judge->checks, &judge->about, "completed without a prediction of the blackout");
    }
    if (seen->outcome->verdict.rule == FERRY_RULE_NONE) {
        sim_check_fail(
            judge->checks, &judge->about, "completed without a rule that decided the switch");
    }
}

/* True of any life, also one that began in the middle. */
static void compare_always(
    const struct story *story, const struct story_judge *judge, const struct sim_observation *seen)
{
    const struct ferry_outcome *outcome = seen->outcome;
    const struct ferry_blackout *blackout = &outcome->blackout;
    const ferry_time_ns error = clock_error(judge, judge->started_at, seen->at_ns);

    if (sum_of_parts(blackout) != blackout->total_ns) {
        sim_check_fail(
            judge->checks,
            &judge->about,
            "the parts of the blackout add up to %s, its total is %s",
            sim_check_time(sum_of_parts(blackout)).text,
            sim_check_time(blackout->total_ns).text);
    }
    if (outcome->total_ns + error < blackout->total_ns ||
        outcome->total_ns > seen->at_ns - judge->started_at + error) {
        sim_check_fail(
            judge->checks,
            &judge->about,
            "the outcome tells of %s in total, with a blackout of %s; since its start %s have "
            "passed",
            sim_check_time(outcome->total_ns).text,
            sim_check_time(blackout->total_ns).text,
            sim_check_time(seen->at_ns - judge->started_at).text);
    }
    if (!story->outcome_traced || story->outcome_fields[0] != (int64_t)outcome->kind ||
        story->outcome_fields[1] != (int64_t)outcome->status ||
        story->outcome_fields[2] != outcome->total_ns ||
        story->outcome_fields[3] != blackout->total_ns) {
        sim_check_fail(
            judge->checks,
            &judge->about,
            "the OUTCOME event %s",
            story->outcome_traced ? "differs from the outcome" : "is missing");
    }
}

void story_compare(
    const struct story *story, const struct story_judge *judge, const struct sim_observation *seen)
{
    compare_always(story, judge, seen);
    if (story->restarted) {
        return;
    }
    compare_rounds(story, judge, seen->outcome);
    compare_bytes(story, judge, seen->outcome);
    compare_aborts(story, judge, seen->outcome);
    if (seen->outcome->kind == FERRY_OUTCOME_COMPLETED) {
        compare_blackout(judge, seen);
    }
}
