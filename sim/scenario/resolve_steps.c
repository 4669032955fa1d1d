/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve_steps.c -- what operators do.
 *
 * Two passes: first who is moved and drained by which step, then everything which refers to a
 * migration, also to one that stands further down in the file.
 */
#include "sim/scenario/resolve.h"
#include "sim/scenario/resolve_place.h"

#include <string.h>

static const struct {
    const char *selector;
    enum scenario_step_kind kind;
} kinds[] = {
    {"move",       SCENARIO_STEP_MOVE      },
    {"cancel",     SCENARIO_STEP_CANCEL    },
    {"set",        SCENARIO_STEP_SET       },
    {"switch_now", SCENARIO_STEP_SWITCH_NOW},
    {"drain",      SCENARIO_STEP_DRAIN     },
    {"claim",      SCENARIO_STEP_CLAIM     },
    {"burn",       SCENARIO_STEP_BURN      },
};

static enum scenario_step_kind kind_of(const struct record *record)
{
    for (size_t index = 0; index < sizeof(kinds) / sizeof(kinds[0]); index++) {
        if (strcmp(kinds[index].selector, record->table->selector) == 0) {
            return kinds[index].kind;
        }
    }
    return SCENARIO_STEP_MOVE;
}

const char *scenario_step_kind_name(enum scenario_step_kind kind)
{
    for (size_t index = 0; index < sizeof(kinds) / sizeof(kinds[0]); index++) {
        if (kinds[index].kind == kind) {
            return kinds[index].selector;
        }
    }
    return "?";
}

/* What a move or drain names: the guests or the hosts. NULL: told, or another kind of step. */
static const struct named *subject_of(struct resolve *resolve, const struct record *record)
{
    enum scenario_step_kind kind = kind_of(record);
    if (kind != SCENARIO_STEP_MOVE && kind != SCENARIO_STEP_DRAIN) {
        return NULL;
    }
    const struct value *value = record_value(record, record->table->selector);
    if (value->bad) {
        return NULL;
    }
    const struct names *names = kind == SCENARIO_STEP_MOVE ? &resolve->guests : &resolve->hosts;
    return names_need(names, resolve->parse, value->text, value->mark);
}

static size_t *read_networks(struct resolve *resolve, const struct value *value, size_t *count_out)
{
    size_t *list = arena_take(resolve->parse->arena, value->count, sizeof(*list));
    *count_out = 0;
    if (value->count > FERRY_PATHS_MAX) {
        parse_error(resolve->parse, value->mark, "networks: at most %d at once", FERRY_PATHS_MAX);
    }
    for (size_t index = 0; index < value->count; index++) {
        const struct item *item = &value->items[index];
        const struct named *named =
            names_need(&resolve->networks, resolve->parse, item->name, item->mark);
        if (named != NULL) {
            list[(*count_out)++] = named->first;
        }
    }
    return list;
}

static struct scenario_move_options
read_options(struct resolve *resolve, const struct record *record)
{
    const int64_t usual_limit = 300 * FERRY_MILLISECOND;
    struct scenario_move_options options = {
        .mode = (enum ferry_mode)record_number(record, "mode"),
        .on_no_convergence = (enum ferry_no_convergence)record_number(record, "on_no_convergence"),
        .give_up_after = record_time(record, "give_up_after"),
        .streams = (uint32_t)record_number(record, "streams"),
        .bandwidth_cap = record_number(record, "bandwidth_cap"),
        .batch = record_time(record, "batch"),
    };
    const struct value *limit = record_value(record, "blackout_limit");
    options.blackout_limit =
        options.mode == FERRY_MODE_STOP_AND_COPY ? SCENARIO_FOREVER : usual_limit;
    if (limit->given && !limit->bad) {
        options.blackout_limit = (int64_t)limit->number;
    }
    options.networks =
        read_networks(resolve, record_value(record, "networks"), &options.network_count);
    return options;
}

static void
add_step(struct resolve *resolve, const struct record *record, const struct scenario_step *step)
{
    struct scenario *scenario = resolve->scenario;
    size_t number = scenario->step_count++;
    resolve->steps[number] = record;
    scenario->steps[number] = *step;
    if (step->kind == SCENARIO_STEP_MOVE) {
        scenario->steps[number].move.step = number;
        if (resolve->moves_of_guest[step->move.guest]++ == 0) {
            resolve->move_of_guest[step->move.guest] = number;
        }
    }
    if (step->kind == SCENARIO_STEP_DRAIN && resolve->drains_of_host[step->host]++ == 0) {
        resolve->drain_of_host[step->host] = number;
    }
}

/* First pass: the steps which one entry becomes. */
static void expand(struct resolve *resolve, const struct item *item)
{
    const struct record *record = item->record;
    const struct value *id = record_value(record, "id");
    struct scenario_step step = {
        .kind = kind_of(record),
        .id = id->given && !id->bad ? id->text : NULL,
        .move = {.guest = SCENARIO_NONE, .step = SCENARIO_NONE},
        .host = SCENARIO_NONE,
        .mark = item->mark,
    };
    const struct named *subject = subject_of(resolve, record);
    bool mover = step.kind == SCENARIO_STEP_MOVE || step.kind == SCENARIO_STEP_DRAIN;
    size_t count = subject == NULL ? 1 : subject->count;
    if (mover) {
        step.options = read_options(resolve, record);
    }
    if (resolve->scenario->step_count + count > SCENARIO_STEPS_MAX) {
        parse_error(
            resolve->parse,
            item->mark,
            "more than %zu steps, counting each guest of a fleet",
            (size_t)SCENARIO_STEPS_MAX);
        return;
    }
    if (step.id != NULL) {
        names_add(
            &resolve->ids,
            (struct named){
                .name = step.id,
                .first = resolve->scenario->step_count,
                .count = mover && subject == NULL ? 0 : count,
                .mark = id->mark});
    }
    for (size_t index = 0; index < count && (subject != NULL || !mover); index++) {
        if (step.kind == SCENARIO_STEP_MOVE) {
            step.move.guest = subject->first + index;
        } else if (step.kind == SCENARIO_STEP_DRAIN) {
            step.host = subject->first + index;
            step.parallel = (uint32_t)record_number(record, "parallel");
        }
        add_step(resolve, record, &step);
    }
}

static void check_ids(struct resolve *resolve)
{
    for (size_t index = 0; index < resolve->ids.count; index++) {
        const struct named *id = &resolve->ids.items[index];
        if (names_find(&resolve->guests, id->name) != NULL ||
            names_find(&resolve->hosts, id->name) != NULL) {
            parse_error(
                resolve->parse,
                id->mark,
                "id '%s' is the name of a guest or host already; choose another",
                quote(id->name).text);
        }
    }
}

static void
read_set(struct resolve *resolve, const struct record *record, struct scenario_step *step)
{
    const struct value *cap = record_value(record, "bandwidth_cap");
    const struct value *limit = record_value(record, "blackout_limit");
    step->set_bandwidth_cap = cap->given;
    step->set_blackout_limit = limit->given;
    step->options.bandwidth_cap = cap->number;
    step->options.blackout_limit = (int64_t)limit->number;
    if (!cap->given && !limit->given) {
        parse_error(
            resolve->parse,
            step->mark,
            "this step sets nothing; give it 'bandwidth_cap' or 'blackout_limit'");
    }
}

/* An order to a migration which cannot have begun. */
static void check_order(struct resolve *resolve, const struct scenario_step *step)
{
    if (step->move.step == SCENARIO_NONE) {
        return;
    }
    const struct scenario_step *moved = &resolve->scenario->steps[step->move.step];
    if (!step->when.on_phase && !moved->when.on_phase && step->when.at < moved->when.at) {
        char begins[32];
        quantity_format(QUANTITY_TIME, (uint64_t)moved->when.at, begins, sizeof(begins));
        parse_error(
            resolve->parse,
            step->mark,
            "this %s comes before its migration, which begins at %s",
            scenario_step_kind_name(step->kind),
            begins);
    }
}

/* Second pass: everything that refers to something. */
static void complete(struct resolve *resolve, size_t number)
{
    struct scenario_step *step = &resolve->scenario->steps[number];
    const struct record *record = resolve->steps[number];
    bool again = number > 0 && resolve->steps[number - 1] == record; /* one entry, several steps */
    struct scenario_step *before = again ? step - 1 : NULL;
    step->when = again ? before->when : resolve_trigger(resolve, record);
    switch (step->kind) {
    case SCENARIO_STEP_MOVE:
        step->host = again ? before->host : resolve_host(resolve, record_value(record, "to"));
        break;
    case SCENARIO_STEP_DRAIN: break;
    case SCENARIO_STEP_SET:
        read_set(resolve, record, step);
        step->move = resolve_move(resolve, record_value(record, "set"));
        break;
    case SCENARIO_STEP_CANCEL:
    case SCENARIO_STEP_SWITCH_NOW:
    case SCENARIO_STEP_CLAIM:
    case SCENARIO_STEP_BURN:
        step->move = resolve_move(resolve, record_value(record, record->table->selector));
        if (step->kind == SCENARIO_STEP_CLAIM || step->kind == SCENARIO_STEP_BURN) {
            step->host = resolve_host(resolve, record_value(record, "on"));
        }
        break;
    }
    if (step->when.on_phase && !again && step->kind == SCENARIO_STEP_MOVE &&
        step->when.move.step == number) {
        parse_error(resolve->parse, step->mark, "this step waits for itself");
    }
}

void resolve_steps(struct resolve *resolve)
{
    struct scenario *scenario = resolve->scenario;
    struct scenario_arena *arena = resolve->parse->arena;
    const struct value *list = record_value(resolve->root, "steps");
    size_t total = 0;
    for (size_t index = 0; index < list->count; index++) {
        const struct record *record = list->items[index].record;
        if (record != NULL) {
            const struct names *names =
                kind_of(record) == SCENARIO_STEP_DRAIN ? &resolve->hosts : &resolve->guests;
            const char *name = record_value(record, record->table->selector)->text;
            const struct named *named = name == NULL ? NULL : names_find(names, name);
            total += named == NULL ? 1 : named->count;
        }
    }
    total = total < SCENARIO_STEPS_MAX ? total : SCENARIO_STEPS_MAX;
    scenario->steps = arena_take(arena, total, sizeof(*scenario->steps));
    // NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers
    resolve->steps = arena_take(arena, total, sizeof(*resolve->steps));
    size_t guests = scenario->guest_count;
    size_t hosts = scenario->host_count;
    resolve->moves_of_guest = arena_take(arena, guests, sizeof(size_t));
    resolve->move_of_guest = arena_take(arena, guests, sizeof(size_t));
    resolve->drains_of_host = arena_take(arena, hosts, sizeof(size_t));
    resolve->drain_of_host = arena_take(arena, hosts, sizeof(size_t));
    names_open(&resolve->ids, resolve->parse, "id", list->count);
    for (size_t index = 0; index < list->count; index++) {
        if (list->items[index].record != NULL) {
            expand(resolve, &list->items[index]);
        }
    }
    names_seal(&resolve->ids, resolve->parse);
    check_ids(resolve);
    for (size_t index = 0; index < scenario->step_count; index++) {
        complete(resolve, index);
    }
    for (size_t index = 0; index < scenario->step_count; index++) {
        check_order(resolve, &scenario->steps[index]);
    }
    resolve_drain_targets(resolve);
    check_ways(resolve);
}
