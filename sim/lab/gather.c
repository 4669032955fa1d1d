/* SPDX-License-Identifier: Apache-2.0 */
/* gather.c -- an outcome as a daemon tells it (docs/json.md) back into the outcome object, so that the
 * judge and the reports of the simulated world serve here too. */
#include "sim/lab/lab.h"

#include <math.h>
#include <string.h>

static int64_t nanoseconds(const json_t *object, const char *key)
{
    return (int64_t)llround(json_number_value(json_object_get(object, key)) * 1e9);
}

static uint64_t count_of(const json_t *object, const char *key)
{
    const json_int_t value = json_integer_value(json_object_get(object, key));
    return value < 0 ? 0 : (uint64_t)value;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static enum ferry_outcome_kind kind_of(const char *word)
{
    static const struct {
        const char *word;
        enum ferry_outcome_kind kind;
    } kinds[] = {
        {"completed", FERRY_OUTCOME_COMPLETED},
        {"failed",    FERRY_OUTCOME_FAILED   },
        {"cancelled", FERRY_OUTCOME_CANCELLED},
        {"refused",   FERRY_OUTCOME_REFUSED  },
        {"unknown",   FERRY_OUTCOME_UNKNOWN  },
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].word, word) == 0) {
            return kinds[i].kind;
        }
    }
    return FERRY_OUTCOME_NONE;
}

static enum ferry_rule rule_of(const char *word)
{
    for (unsigned rule = FERRY_RULE_NONE; rule <= FERRY_RULE_SWITCH_ANYWAY; rule++) {
        if (strcmp(ferry_rule_name((enum ferry_rule)rule), word) == 0) {
            return (enum ferry_rule)rule;
        }
    }
    return FERRY_RULE_NONE;
}

static struct ferry_blackout take_blackout(const json_t *told)
{
    const json_t *parts = json_object_get(told, "blackout_parts");
    return (struct ferry_blackout){
        .total_ns = nanoseconds(told, "blackout_s"),
        .capture_ns = nanoseconds(parts, "capture_s"),
        .collect_ns = nanoseconds(parts, "collect_s"),
        .transfer_ns = nanoseconds(parts, "transfer_s"),
        .load_ns = nanoseconds(parts, "load_s"),
        .ready_ns = nanoseconds(parts, "ready_s"),
        .grant_persist_ns = nanoseconds(parts, "grant_persist_s"),
        .grant_ns = nanoseconds(parts, "grant_s"),
        .owner_persist_ns = nanoseconds(parts, "owner_persist_s"),
        .resume_ns = nanoseconds(parts, "resume_s"),
    };
}

static uint32_t take_rounds(const json_t *list, struct ferry_round rounds[FERRY_ROUNDS_KEPT])
{
    size_t index = 0;
    const json_t *entry = NULL;
    json_array_foreach(list, index, entry)
    {
        if (index < FERRY_ROUNDS_KEPT) {
            rounds[index] = (struct ferry_round){
                .pages = count_of(entry, "pages"),
                .zero_pages = count_of(entry, "zero_pages"),
                .bytes = count_of(entry, "bytes"),
                .duration_ns = nanoseconds(entry, "seconds"),
                .dirty_after = count_of(entry, "dirty_after"),
                .final = json_is_true(json_object_get(entry, "final")),
            };
        }
    }
    return (uint32_t)index;
}

static void take_aborted(const json_t *list, struct ferry_outcome *outcome)
{
    size_t index = 0;
    const json_t *entry = NULL;
    json_array_foreach(list, index, entry)
    {
        if (index < FERRY_ATTEMPTS_MAX) {
            outcome->aborted[index] = (struct ferry_aborted_attempt){
                .attempt = (uint32_t)count_of(entry, "attempt"),
                .paused_ns = nanoseconds(entry, "paused_s"),
                .predicted_ns = nanoseconds(entry, "predicted_s"),
            };
        }
    }
    outcome->aborted_count = (uint32_t)index;
}

/* I5 in the real world: the blackout that was measured, against the limit in force. */
static void judge_limit(struct lab *lab, uint32_t index, const struct ferry_outcome *outcome)
{
    const struct sim_migration *migration = &lab->result->migrations[index];
    const struct scenario_step *step = &lab->scenario->steps[migration->step];
    if (outcome->kind != FERRY_OUTCOME_COMPLETED || lab->scenario->fault_count != 0 ||
        step->options.blackout_limit == SCENARIO_FOREVER ||
        outcome->verdict.rule == FERRY_RULE_SWITCH_ANYWAY ||
        outcome->verdict.rule == FERRY_RULE_OPERATOR) {
        return;
    }
    for (size_t i = 0; i < lab->scenario->step_count; i++) {
        if (lab->scenario->steps[i].kind == SCENARIO_STEP_SET) {
            return; /* the limit may have been another one */
        }
    }
    if (outcome->blackout.total_ns > step->options.blackout_limit) {
        sim_result_fail(
            lab->result,
            "I5",
            lab_elapsed(lab),
            index,
            "guest %s stood still for %.3f ms; the limit is %.3f ms",
            lab->scenario->guests[migration->guest].name,
            (double)outcome->blackout.total_ns / 1e6,
            (double)step->options.blackout_limit / 1e6);
    }
}

void lab_gather_outcome(struct lab *lab, uint32_t migration, const json_t *told)
{
    static struct ferry_round rounds[FERRY_ROUNDS_KEPT];
    if (told == NULL) {
        return;
    }
    const json_t *list = json_object_get(told, "rounds");
    struct ferry_outcome outcome = {
        .kind = kind_of(text_of(told, "outcome")),
        .restarted = json_is_null(list),
        .total_ns = nanoseconds(told, "total_s"),
        .wire_bytes = count_of(told, "wire_bytes"),
        .predicted_blackout_ns = nanoseconds(told, "predicted_blackout_s"),
        .blackout = take_blackout(told),
        .verdict.rule = rule_of(text_of(told, "rule")),
        .rounds = rounds,
    };
    (void)snprintf(outcome.reason, sizeof(outcome.reason), "%s", text_of(told, "reason"));
    outcome.round_count = take_rounds(list, rounds);
    take_aborted(json_object_get(told, "aborted_attempts"), &outcome);
    sim_result_outcome(lab->result, migration, &outcome);
    judge_limit(lab, migration, &outcome);
}
