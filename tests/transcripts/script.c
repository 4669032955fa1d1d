/* SPDX-License-Identifier: Apache-2.0 */
/* script.c -- see script.h. One function for each family of orders; the first that knows an order
 * carries it out. */
#include "transcripts/script.h"

#include "support/harness.h"
#include "support/pair.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 16

struct script {
    FILE *out;
    struct pair *pair;
    struct pair_options options;
    enum ferry_status last; /* of the last operator's order */
    long spoken;
    const char *words[WORDS_MAX];
    int count;
    char line[256];
};

struct script *script_create(FILE *out)
{
    struct script *script = calloc(1, sizeof(*script));
    if (script != NULL) {
        script->out = out;
    }
    return script;
}

void script_destroy(struct script *script)
{
    if (script->pair != NULL) {
        pair_destroy(script->pair);
    }
    free(script);
}

bool script_spoke(struct script *script)
{
    const long at = ftell(script->out);
    const bool spoke = at != script->spoken;
    script->spoken = at;
    return spoke;
}

static bool is(const struct script *script, int word, const char *text)
{
    return word < script->count && strcmp(script->words[word], text) == 0;
}

static uint64_t number(const struct script *script, int word)
{
    return word < script->count ? strtoull(script->words[word], NULL, 10) : 0;
}

static enum pair_side side_of(const struct script *script, int word)
{
    return is(script, word, "target") ? PAIR_TARGET : PAIR_SOURCE;
}

static bool names_side(const struct script *script, int word)
{
    return is(script, word, "source") || is(script, word, "target");
}

/* ---- create ---- */

static bool set_flag(struct pair_options *options, const char *word)
{
    if (strcmp(word, "refuse") == 0) {
        options->refuse = true;
    } else if (strcmp(word, "stop-and-copy") == 0) {
        options->mode = FERRY_MODE_STOP_AND_COPY;
        options->blackout_limit = FERRY_TIME_NEVER;
    } else if (strcmp(word, "keep-trying") == 0) {
        options->on_no_convergence = FERRY_KEEP_TRYING;
    } else if (strcmp(word, "switch-anyway") == 0) {
        options->on_no_convergence = FERRY_SWITCH_ANYWAY;
    } else {
        return false;
    }
    return true;
}

static bool set_number(struct pair_options *options, const char *word)
{
    const char *equal = strchr(word, '=');
    if (equal == NULL) {
        return false;
    }
    const size_t length = (size_t)(equal - word);
    const uint64_t value = strtoull(equal + 1, NULL, 10);
    if (strncmp(word, "ram", length) == 0) {
        options->ram_pages = (uint32_t)value;
    } else if (strncmp(word, "zero", length) == 0) {
        options->zero_pages = (uint32_t)value;
    } else if (strncmp(word, "dirty", length) == 0) {
        options->dirty_pages_per_ms = (uint32_t)value;
    } else if (strncmp(word, "span", length) == 0) {
        options->dirty_span = (uint32_t)value;
    } else if (strncmp(word, "streams", length) == 0) {
        options->streams = (uint16_t)value;
    } else if (strncmp(word, "networks", length) == 0) {
        options->paths = (uint16_t)value;
    } else if (strncmp(word, "speed", length) == 0) {
        options->bytes_per_second = value;
    } else if (strncmp(word, "limit_ms", length) == 0) {
        options->blackout_limit = (ferry_time_ns)value * FERRY_MILLISECOND;
    } else if (strncmp(word, "give_up_s", length) == 0) {
        options->give_up_after = (ferry_time_ns)value * FERRY_SECOND;
    } else if (strncmp(word, "free", length) == 0) {
        options->target_memory = value;
    } else {
        return false;
    }
    return true;
}

static const char *create(struct script *script)
{
    script->options = (struct pair_options){.log = script->out};
    for (int i = 1; i < script->count; i++) {
        if (!set_flag(&script->options, script->words[i]) &&
            !set_number(&script->options, script->words[i])) {
            return "no such option";
        }
    }
    if (script->pair != NULL) {
        return "there is a pair already";
    }
    script->pair = pair_create(&script->options);
    return NULL;
}

/* ---- time ---- */

static const char *run_until(struct script *script)
{
    if (is(script, 2, "outcome")) {
        pair_run_until_outcome(script->pair);
        return NULL;
    }
    for (int state = FERRY_SOURCE_OPENING; is(script, 2, "source") && state <= FERRY_SOURCE_CLOSED;
         state++) {
        if (is(script, 3, ferry_source_state_name((enum ferry_source_state)state))) {
            pair_run_until_source(script->pair, (enum ferry_source_state)state);
            return NULL;
        }
    }
    for (int state = FERRY_TARGET_WAITING; is(script, 2, "target") && state <= FERRY_TARGET_CLOSED;
         state++) {
        if (is(script, 3, ferry_target_state_name((enum ferry_target_state)state))) {
            pair_run_until_target(script->pair, (enum ferry_target_state)state);
            return NULL;
        }
    }
    return "until what?";
}

static bool order_time(struct script *script, const char **wrong)
{
    if (is(script, 0, "run") && is(script, 1, "until")) {
        *wrong = run_until(script);
    } else if (is(script, 0, "run") && is(script, 1, "to")) {
        pair_run_to_end(script->pair);
    } else if (is(script, 0, "advance") && script->count == 3) {
        const ferry_time_ns unit = is(script, 2, "s")    ? FERRY_SECOND
                                   : is(script, 2, "ms") ? FERRY_MILLISECOND
                                                         : FERRY_MICROSECOND;
        pair_advance(script->pair, (ferry_time_ns)number(script, 1) * unit);
    } else {
        return false;
    }
    return true;
}

/* ---- faults ---- */

static bool order_network(struct script *script)
{
    const bool cut = is(script, 0, "cut");
    if (cut || is(script, 0, "heal")) {
        if (script->count > 1) {
            pair_cut_path(script->pair, (uint16_t)number(script, 1), cut);
        } else {
            pair_cut(script->pair, cut);
        }
    } else if (is(script, 0, "reset")) {
        pair_reset(script->pair);
    } else if (is(script, 0, "speed")) {
        pair_set_speed(script->pair, number(script, 1));
    } else if (is(script, 0, "damage")) {
        pair_corrupt_next_batch(script->pair);
    } else {
        return false;
    }
    return true;
}

static bool lose(struct script *script)
{
    for (size_t i = 0; i < pair_type_count; i++) {
        if (is(script, 1, wire_type_name(pair_types[i]))) {
            pair_drop(script->pair, pair_types[i], (uint32_t)number(script, 2));
            return true;
        }
    }
    return false;
}

static bool order_host(struct script *script)
{
    if (is(script, 0, "lose")) {
        return lose(script);
    }
    if (is(script, 0, "crash") && names_side(script, 1)) {
        pair_crash(script->pair, side_of(script, 1), is(script, 2, "daemon"));
    } else if (is(script, 0, "restart") && names_side(script, 1)) {
        pair_restart(script->pair, side_of(script, 1));
    } else if (is(script, 0, "reinstall") && names_side(script, 1)) {
        pair_reinstall(script->pair, side_of(script, 1));
    } else if (is(script, 0, "break") && is(script, 1, "journal")) {
        pair_fail_journal(script->pair, side_of(script, 2));
    } else {
        return false;
    }
    return true;
}

/* ---- the operator ---- */

static bool order_operator(struct script *script)
{
    struct ferry_event event = {0};
    enum pair_side side = PAIR_SOURCE;
    if (is(script, 0, "cancel")) {
        event.kind = FERRY_EVENT_CANCEL;
    } else if (is(script, 0, "switch")) {
        event.kind = FERRY_EVENT_SWITCH_NOW;
    } else if (is(script, 0, "claim")) {
        event.kind = FERRY_EVENT_CLAIM;
        side = side_of(script, 1);
    } else if (is(script, 0, "burn")) {
        event.kind = FERRY_EVENT_BURN;
        side = PAIR_TARGET;
    } else if (is(script, 0, "limit")) {
        event.kind = FERRY_EVENT_SET_BLACKOUT_LIMIT;
        event.duration_ns = (ferry_time_ns)number(script, 1) * FERRY_MILLISECOND;
    } else {
        return false;
    }
    script->last = pair_command(script->pair, side, event);
    return true;
}

/* ---- expectations ---- */

static bool guest_is_at(const struct script *script, const char *where)
{
    const bool source = pair_runs(script->pair, PAIR_SOURCE);
    const bool target = pair_runs(script->pair, PAIR_TARGET);
    return strcmp(where, "source") == 0   ? source && !target
           : strcmp(where, "target") == 0 ? target && !source
                                          : !target && !source;
}

static bool holds(const struct script *script)
{
    if (is(script, 1, "outcome") && script->count == 3) {
        return is(script, 2, ferry_outcome_name(pair_outcome(script->pair)->kind));
    }
    if (is(script, 1, "guest") && script->count == 4) {
        return guest_is_at(script, script->words[3]);
    }
    if (is(script, 1, "same")) {
        return pair_different_pages(script->pair) == 0;
    }
    if (is(script, 1, "refused")) {
        return script->last != FERRY_OK;
    }
    if (is(script, 1, "source")) {
        return is(script, 2, ferry_source_state_name(pair_source_state(script->pair)));
    }
    return is(script, 1, "target") &&
           is(script, 2, ferry_target_state_name(pair_target_state(script->pair)));
}

static const char *carry_out(struct script *script, const char *line)
{
    (void)snprintf(script->line, sizeof(script->line), "%s", line);
    script->count = 0;
    char *rest = script->line;
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
        if (word[0] != '\0' && script->count < WORDS_MAX) {
            script->words[script->count++] = word;
        }
    }
    if (is(script, 0, "create")) {
        return create(script);
    }
    if (script->pair == NULL) {
        return "create comes first";
    }
    if (is(script, 0, "expect")) {
        return holds(script) ? NULL : "is not so";
    }
    const char *wrong = NULL;
    const bool known = order_time(script, &wrong) || order_network(script) || order_host(script) ||
                       order_operator(script);
    return known ? wrong : "no such order";
}

const char *script_order(struct script *script, const char *line)
{
    (void)script_spoke(script);
    const char *wrong = carry_out(script, line);
    if (script->pair != NULL) {
        pair_log_flush(script->pair);
    }
    return wrong;
}
