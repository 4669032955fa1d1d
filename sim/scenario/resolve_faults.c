/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_faults.c -- when something happens, and what goes wrong. */
#include "sim/scenario/keys.h"
#include "sim/scenario/resolve.h"

#include <string.h>

static const struct {
    const char *selector;
    enum scenario_fault_kind kind;
} kinds[] = {
    {"crash",            SCENARIO_FAULT_HOST_CRASH    },
    {"pause_for",        SCENARIO_FAULT_HOST_PAUSE    },
    {"reinstall",        SCENARIO_FAULT_HOST_REINSTALL},
    {"daemon_crash",     SCENARIO_FAULT_DAEMON_CRASH  },
    {"journal_fail_for", SCENARIO_FAULT_JOURNAL_FAIL  },
    {"journal_delay",    SCENARIO_FAULT_JOURNAL_SLOW  },
    {"down_for",         SCENARIO_FAULT_NET_DOWN      },
    {"reset",            SCENARIO_FAULT_NET_RESET     },
    {"refuse_for",       SCENARIO_FAULT_NET_REFUSE    },
    {"bandwidth",        SCENARIO_FAULT_NET_BANDWIDTH },
    {"latency",          SCENARIO_FAULT_NET_LATENCY   },
    {"loss",             SCENARIO_FAULT_NET_LOSS      },
    {"partition",        SCENARIO_FAULT_NET_PARTITION },
    {"background",       SCENARIO_FAULT_NET_BACKGROUND},
};

const char *scenario_fault_kind_name(enum scenario_fault_kind kind)
{
    for (size_t index = 0; index < sizeof(kinds) / sizeof(kinds[0]); index++) {
        if (kinds[index].kind == kind) {
            return kinds[index].selector;
        }
    }
    return "?";
}

static enum scenario_fault_kind kind_of(const struct record *record)
{
    for (size_t index = 0; index < sizeof(kinds) / sizeof(kinds[0]); index++) {
        if (strcmp(kinds[index].selector, record->table->selector) == 0) {
            return kinds[index].kind;
        }
    }
    return SCENARIO_FAULT_HOST_CRASH;
}

const char *scenario_phase_name(enum scenario_phase phase)
{
    return key_word_name(phase_words, (unsigned)phase);
}

static void
read_phase(struct resolve *resolve, const struct record *record, struct scenario_trigger *trigger)
{
    const struct value *round = record_value(record, "round");
    const struct value *attempt = record_value(record, "attempt");
    trigger->move = resolve_move(resolve, record_value(record, "move"));
    trigger->phase = (enum scenario_phase)record_number(record, "phase");
    trigger->round = (uint32_t)round->number;
    trigger->attempt = (uint32_t)attempt->number;
    if (record_value(record, "phase")->bad) {
        return;
    }
    if (round->given && trigger->phase != SCENARIO_PHASE_ROUND) {
        parse_error(resolve->parse, round->mark, "round goes with 'phase: round' only");
    }
    if (attempt->given && trigger->phase < SCENARIO_PHASE_PAUSED) {
        parse_error(
            resolve->parse, attempt->mark, "attempt goes with the phases from 'paused' on only");
    }
}

struct scenario_trigger resolve_trigger(struct resolve *resolve, const struct record *record)
{
    const struct value *at = record_value(record, "at");
    const struct value *when = record_value(record, "when");
    const struct value *after = record_value(record, "after");
    struct scenario_trigger trigger = {
        .on_phase = when->given,
        .at = (int64_t)at->number,
        .move = {.guest = SCENARIO_NONE, .step = SCENARIO_NONE},
        .after = (int64_t)after->number,
    };
    if (at->given && when->given) {
        parse_error(resolve->parse, when->mark, "'at' and 'when' do not go together");
    } else if (!at->given && !when->given) {
        parse_error(
            resolve->parse,
            record->mark,
            "this %s has no time; give it 'at' or 'when'",
            table_find(record->table, "id") != NULL ? "step" : "fault");
    }
    if (after->given && !when->given) {
        parse_error(resolve->parse, after->mark, "'after' goes with 'when' only");
    }
    if (when->record != NULL) {
        read_phase(resolve, when->record, &trigger);
    }
    const struct value *end = record_value(resolve->root, "end");
    if (at->given && end->given && !end->bad && trigger.at > (int64_t)end->number) {
        parse_error(
            resolve->parse, at->mark, "at: '%s' is after the end, '%s'", at->text, end->text);
    }
    return trigger;
}

/* A time that a row gives, or none; NULL rows are those of other kinds of fault. */
static int64_t time_or(const struct record *record, const char *key, int64_t otherwise)
{
    const struct value *value = record_find(record, key);
    return value == NULL ? otherwise : (int64_t)value->number;
}

static void
read_direction(struct resolve *resolve, const struct record *way, struct scenario_fault *fault)
{
    if (way == NULL) {
        return;
    }
    const struct value *to = record_value(way, "to");
    fault->from = resolve_host(resolve, record_value(way, "from"));
    fault->to = resolve_host(resolve, to);
    if (fault->from == SCENARIO_NONE || fault->to == SCENARIO_NONE) {
        return;
    }
    const char *from_name = resolve->scenario->hosts[fault->from].name;
    const char *to_name = resolve->scenario->hosts[fault->to].name;
    if (fault->from == fault->to) {
        parse_error(resolve->parse, to->mark, "'from' and 'to' are the same host, '%s'", to_name);
    } else if (!resolve_joined(resolve, fault->network, fault->from, fault->to)) {
        parse_error(
            resolve->parse,
            to->mark,
            "%s%s%s joins '%s' and '%s'",
            fault->network == SCENARIO_NONE ? "no network" : "network '",
            fault->network == SCENARIO_NONE ? "" : resolve->scenario->networks[fault->network].name,
            fault->network == SCENARIO_NONE ? "" : "' not",
            from_name,
            to_name);
    }
}

static void
read_change(struct resolve *resolve, const struct record *record, struct scenario_fault *fault)
{
    const struct value *loss = record_find(record, "loss");
    if (fault->kind == SCENARIO_FAULT_NET_BANDWIDTH) {
        fault->bandwidth = record_number(record, "bandwidth");
    }
    if (loss != NULL) {
        fault->loss_ppm = (uint32_t)(loss->number / 1000);
        if (loss->number % 1000 != 0) {
            parse_error(resolve->parse, loss->mark, "loss: the smallest step is 1 ppm, 0.0001 %%");
        }
    }
    fault->latency = time_or(record, "latency", 0);
    fault->delay = time_or(record, "journal_delay", 0);
    if (fault->kind == SCENARIO_FAULT_NET_PARTITION) {
        read_direction(resolve, record_value(record, "partition")->record, fault);
    }
    if (fault->kind == SCENARIO_FAULT_NET_BACKGROUND) {
        const struct record *flow = record_value(record, "background")->record;
        read_direction(resolve, flow, fault);
        fault->bandwidth = flow == NULL ? 0 : record_number(flow, "rate");
    }
}

static struct scenario_fault read_fault(struct resolve *resolve, const struct item *item)
{
    const struct record *record = item->record;
    struct scenario_fault fault = {
        .kind = kind_of(record),
        .when = resolve_trigger(resolve, record),
        .host = SCENARIO_NONE,
        .network = SCENARIO_NONE,
        .from = SCENARIO_NONE,
        .to = SCENARIO_NONE,
        .restart_after = time_or(record, "restart_after", SCENARIO_FOREVER),
        .mark = item->mark,
    };
    const struct value *host = record_find(record, "host");
    const struct value *network = record_find(record, "network");
    if (host != NULL) {
        fault.host = resolve_host(resolve, host);
    }
    if (network != NULL) {
        fault.network = resolve_network(resolve, network);
    }
    fault.duration = time_or(record, "for", 0);
    static const char *const lasting[] = {
        "pause_for", "journal_fail_for", "down_for", "refuse_for"};
    for (size_t index = 0; index < sizeof(lasting) / sizeof(lasting[0]); index++) {
        fault.duration = time_or(record, lasting[index], fault.duration);
    }
    read_change(resolve, record, &fault);
    return fault;
}

void resolve_faults(struct resolve *resolve)
{
    struct scenario *scenario = resolve->scenario;
    const struct value *list = record_value(resolve->root, "faults");
    scenario->faults = arena_take(resolve->parse->arena, list->count, sizeof(*scenario->faults));
    for (size_t index = 0; index < list->count; index++) {
        if (list->items[index].record != NULL) {
            scenario->faults[scenario->fault_count++] = read_fault(resolve, &list->items[index]);
        }
    }
}
