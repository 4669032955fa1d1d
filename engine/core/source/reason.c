/* SPDX-License-Identifier: Apache-2.0 */
/* reason.c -- why it ended so, in one sentence with the numbers that decided it. */
#include "base/text.h"
#include "source/internal.h"

static void add_verdict(struct base_text *text, const struct ferry_verdict *verdict)
{
    base_text_add(text, "; best predicted blackout ");
    base_text_add_duration(text, verdict->best_predicted);
    base_text_add(text, " against a limit of ");
    base_text_add_duration(text, verdict->blackout_limit);
    base_text_add(text, ", dirtying ");
    base_text_add_rate(text, verdict->dirty_bytes_per_second);
    base_text_add(text, " over ");
    base_text_add_rate(text, verdict->bandwidth);
    base_text_add(text, " after ");
    base_text_add_u64(text, verdict->live_rounds);
    base_text_add(text, " rounds");
}

/* What was predicted says little where it was not kept: how long the guest stood still does. */
static void add_attempts(struct base_text *text, const struct ferry_outcome *outcome)
{
    const uint32_t kept =
        outcome->aborted_count < FERRY_ATTEMPTS_MAX ? outcome->aborted_count : FERRY_ATTEMPTS_MAX;
    ferry_time_ns longest = 0;
    for (uint32_t i = 0; i < kept; i++) {
        longest = outcome->aborted[i].paused_ns > longest ? outcome->aborted[i].paused_ns : longest;
    }
    base_text_add(text, "; ");
    base_text_add_u64(text, outcome->aborted_count);
    base_text_add(text, " attempts, aborted after up to ");
    base_text_add_duration(text, longest);
}

static void add_where(const struct ferry_source *source, struct base_text *text)
{
    if (source->outcome.kind == FERRY_OUTCOME_UNKNOWN) {
        base_text_add(
            text,
            source->handover.phase == HANDOVER_BURNING
                ? "; the guest is paused here until the target says that it has burned the session"
                : "; granted: only the target, or an operator, can say where the guest is");
    } else if (source->ending.moved) {
        base_text_add(text, "; the guest is the target's, and its copy here is gone");
    } else if (!source->guest_alive) {
        base_text_add(
            text,
            "; the guest died with this host; it is its to start unless claimed at the target");
    } else {
        base_text_add(text, "; the guest runs on at the source");
    }
}

static void add_completed(const struct ferry_source *source, struct base_text *text)
{
    const struct ferry_blackout *blackout = &source->outcome.blackout;
    if (source->ending.died) {
        base_text_add(
            text, "the target owns the guest, which died there with its host; start it there");
        return;
    }
    base_text_add(text, "the guest runs at the target");
    if (blackout->total_ns != 0) {
        base_text_add(text, "; blackout ");
        base_text_add_duration(text, blackout->total_ns);
        if (source->outcome.predicted_blackout_ns != 0) { /* stop-and-copy predicts nothing */
            base_text_add(text, ", predicted ");
            base_text_add_duration(text, source->outcome.predicted_blackout_ns);
        }
    }
}

void source_reason_write(const struct ferry_source *source, struct ferry_outcome *outcome)
{
    struct base_text text;
    base_text_init(&text, outcome->reason, sizeof(outcome->reason));
    if (outcome->kind == FERRY_OUTCOME_COMPLETED) {
        add_completed(source, &text);
        return;
    }
    base_text_add(&text, ferry_status_sentence(outcome->status));
    if (source->ending.peer_text_size != 0) {
        base_text_add(&text, ": ");
        base_text_add_bytes(
            &text,
            (struct ferry_bytes){
                .data = (const uint8_t *)source->ending.peer_text,
                .size = source->ending.peer_text_size,
            });
    }
    const enum ferry_rule rule = outcome->verdict.rule;
    const bool by_policy = rule == FERRY_RULE_STALLED || rule == FERRY_RULE_GIVE_UP_AFTER ||
                           rule == FERRY_RULE_ATTEMPTS;
    if (by_policy && outcome->verdict.decision == FERRY_DECIDE_GIVE_UP) {
        if (rule == FERRY_RULE_ATTEMPTS) {
            add_attempts(&text, outcome);
        }
        add_verdict(&text, &outcome->verdict);
    }
    add_where(source, &text);
}
