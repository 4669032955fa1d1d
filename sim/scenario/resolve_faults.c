/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_faults.c -- when something happens, and what goes wrong. */
#include "sim/scenario/keys.h"
#include "sim/scenario/resolve.h"

#include <string.h>

static enum scenario_fault_kind kind_of(const struct record *record)
{
    for (size_t index = 0; index < scenario_catalogue_count(); index++) {
        const struct scenario_catalogue_row *row = scenario_catalogue_row(index);
        if (row->kind != 0 && strcmp(row->key, record->table->selector) == 0) {
            return row->kind;
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

/* A share of parts per billion, in parts per million; 0: the row is not there. */
static uint32_t read_share(struct resolve *resolve, const struct record *record, const char *key)
{
    const struct value *share = record_find(record, key);
    if (share == NULL) {
        return 0;
    }
    if (share->number % 1000 != 0) {
        parse_error(resolve->parse, share->mark, "%s: the smallest step is 1 ppm, 0.0001 %%", key);
    }
    return (uint32_t)(share->number / 1000);
}

/* The one of these rows that this kind of fault has. */
static int64_t
first_time(const struct record *record, const char *const *keys, size_t count, int64_t otherwise)
{
    for (size_t index = 0; index < count; index++) {
        otherwise = time_or(record, keys[index], otherwise);
    }
    return otherwise;
}

static void
read_version(struct resolve *resolve, const struct record *record, struct scenario_fault *fault)
{
    const struct value *highest = record_value(record, "protocol_max");
    fault->version_min = (uint16_t)record_number(record, "protocol");
    fault->version_max = highest->given ? (uint16_t)highest->number : fault->version_min;
    if (fault->version_max < fault->version_min) {
        parse_error(
            resolve->parse, highest->mark, "protocol_max: '%s' is below protocol", highest->text);
    }
}

/* How much, whatever it is of. */
static void
read_amount(struct resolve *resolve, const struct record *record, struct scenario_fault *fault)
{
    static const char *const shares[] = {"cpu", "corrupt", "clock_fast", "clock_slow"};
    static const char *const sizes[] = {"memory_taken", "burst", "device_burst"};
    static const char *const delays[] = {
        "journal_delay", "stray_for", "clock_forward", "clock_back"};
    static const char *const latencies[] = {"latency", "jitter"};

    fault->loss_ppm = read_share(resolve, record, "loss");
    for (size_t index = 0; index < sizeof(shares) / sizeof(shares[0]); index++) {
        fault->share_ppm += read_share(resolve, record, shares[index]);
    }
    for (size_t index = 0; index < sizeof(sizes) / sizeof(sizes[0]); index++) {
        const struct value *size = record_find(record, sizes[index]);
        fault->bytes = size == NULL ? fault->bytes : size->number;
    }
    fault->delay = first_time(record, delays, sizeof(delays) / sizeof(delays[0]), 0);
    fault->latency = first_time(record, latencies, sizeof(latencies) / sizeof(latencies[0]), 0);
    if (fault->kind == SCENARIO_FAULT_NET_BANDWIDTH) {
        fault->bandwidth = record_number(record, "bandwidth");
    } else if (fault->kind == SCENARIO_FAULT_GUEST_RATE) {
        fault->bandwidth = record_number(record, "extra_rate");
    } else if (fault->kind == SCENARIO_FAULT_VERSION) {
        read_version(resolve, record, fault);
    }
}

static void
read_ways(struct resolve *resolve, const struct record *record, struct scenario_fault *fault)
{
    if (fault->kind == SCENARIO_FAULT_NET_PARTITION) {
        read_direction(resolve, record_value(record, "partition")->record, fault);
    }
    if (fault->kind == SCENARIO_FAULT_NET_BACKGROUND) {
        const struct record *flow = record_value(record, "background")->record;
        read_direction(resolve, flow, fault);
        fault->bandwidth = flow == NULL ? 0 : record_number(flow, "rate");
    }
}

/* Only what fits into the guest can be written at once. */
static void
read_guest(struct resolve *resolve, const struct record *record, struct scenario_fault *fault)
{
    const struct value *name = record_find(record, "guest");
    if (name == NULL || name->bad || name->text == NULL) {
        return;
    }
    const struct named *named =
        names_need(&resolve->guests, resolve->parse, name->text, name->mark);
    if (named == NULL) {
        return;
    }
    if (named->fleet && named->count != 1) {
        parse_error(
            resolve->parse,
            name->mark,
            "'%s' is a fleet of %zu guests; name one of them",
            named->name,
            named->count);
        return;
    }
    fault->guest = named->first;
    const struct scenario_guest *guest = &resolve->scenario->guests[fault->guest];
    if (fault->bytes > guest->memory) {
        parse_error(
            resolve->parse,
            record->mark,
            "%s: more than the memory of guest '%s'",
            record->table->selector,
            guest->name);
    }
}

static struct scenario_fault read_fault(struct resolve *resolve, const struct item *item)
{
    static const char *const lasting[] = {
        "pause_for",
        "journal_fail_for",
        "journal_doubt_for",
        "disk_full_for",
        "down_for",
        "clog_for",
        "refuse_for",
    };
    const struct record *record = item->record;
    struct scenario_fault fault = {
        .kind = kind_of(record),
        .when = resolve_trigger(resolve, record),
        .host = SCENARIO_NONE,
        .network = SCENARIO_NONE,
        .guest = SCENARIO_NONE,
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
    fault.duration = first_time(
        record, lasting, sizeof(lasting) / sizeof(lasting[0]), time_or(record, "for", 0));
    read_amount(resolve, record, &fault);
    read_guest(resolve, record, &fault);
    read_ways(resolve, record, &fault);
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
