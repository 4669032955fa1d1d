/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_expects.c -- what must hold at the end; an entry about a fleet becomes one for each. */
#include "sim/scenario/keys.h"
#include "sim/scenario/resolve.h"

#include <string.h>

static const struct {
    const char *selector;
    enum scenario_expect_kind kind;
} kinds[] = {
    {"move",    SCENARIO_EXPECT_MOVE   },
    {"drain",   SCENARIO_EXPECT_DRAIN  },
    {"guest",   SCENARIO_EXPECT_GUEST  },
    {"clients", SCENARIO_EXPECT_CLIENTS},
    {"session", SCENARIO_EXPECT_SESSION},
};

const char *scenario_session_state_name(enum scenario_session_state state)
{
    return key_word_name(session_state_words, (unsigned)state);
}

static enum scenario_expect_kind kind_of(const struct record *record)
{
    for (size_t index = 0; index < sizeof(kinds) / sizeof(kinds[0]); index++) {
        if (strcmp(kinds[index].selector, record->table->selector) == 0) {
            return kinds[index].kind;
        }
    }
    return SCENARIO_EXPECT_MOVE;
}

/* The expectations grow as entries are expanded; the arena keeps the outgrown array until the end.
 */
static void add_expect(struct resolve *resolve, const struct scenario_expect *expect)
{
    struct scenario *scenario = resolve->scenario;
    if (scenario->expect_count == SCENARIO_EXPECTS_MAX) {
        parse_error(
            resolve->parse,
            expect->mark,
            "more than %zu expectations, counting each guest of a fleet",
            (size_t)SCENARIO_EXPECTS_MAX);
        return;
    }
    if (scenario->expect_count == resolve->expect_capacity) {
        size_t capacity = resolve->expect_capacity == 0 ? 16 : resolve->expect_capacity * 2;
        struct scenario_expect *grown = arena_take(resolve->parse->arena, capacity, sizeof(*grown));
        if (scenario->expect_count != 0) {
            memcpy(grown, scenario->expects, scenario->expect_count * sizeof(*grown));
        }
        scenario->expects = grown;
        resolve->expect_capacity = capacity;
    }
    scenario->expects[scenario->expect_count++] = *expect;
}

static struct scenario_bound bound(const struct record *record, const char *key)
{
    const struct value *value = record_value(record, key);
    return value->bad ? (struct scenario_bound){0} : value->bound;
}

/* An expectation which nothing could miss is a slip. */
static void check_says_something(
    struct resolve *resolve, const struct record *record, struct scenario_mark mark)
{
    bool says = false;
    for (size_t index = 0; index < record->count; index++) {
        const struct value *value = &record->values[index];
        says = says || (value->given && strcmp(value->key->name, record->table->selector) != 0);
    }
    if (!says) {
        parse_error(
            resolve->parse,
            mark,
            "this expectation about a %s expects nothing",
            record->table->selector);
    }
}

static void
expect_moves(struct resolve *resolve, const struct record *record, struct scenario_expect expect)
{
    const struct value *reason = record_value(record, "reason");
    expect.outcomes = (unsigned)record_number(record, "outcome");
    expect.reason = reason->given && !reason->bad ? reason->text : NULL;
    expect.rule = (enum ferry_rule)record_number(record, "rule");
    expect.blackout = bound(record, "blackout");
    expect.predicted_blackout = bound(record, "predicted_blackout");
    expect.total = bound(record, "total");
    expect.queued = bound(record, "queued");
    expect.rounds = bound(record, "rounds");
    expect.aborted_attempts = bound(record, "aborted_attempts");
    expect.reconnects = bound(record, "reconnects");
    expect.wire_bytes = bound(record, "wire_bytes");
    expect.resent = bound(record, "resent");
    check_says_something(resolve, record, expect.mark);
    struct scenario_move_ref *refs = NULL;
    size_t count = resolve_moves(resolve, record_value(record, "move"), &refs);
    for (size_t index = 0; index < count; index++) {
        expect.move = refs[index];
        add_expect(resolve, &expect);
    }
}

static void
expect_drains(struct resolve *resolve, const struct record *record, struct scenario_expect expect)
{
    expect.moved = bound(record, "moved");
    expect.not_moved = bound(record, "not_moved");
    expect.total = bound(record, "total");
    check_says_something(resolve, record, expect.mark);
    size_t *steps = NULL;
    size_t count = resolve_drains(resolve, record_value(record, "drain"), &steps);
    for (size_t index = 0; index < count; index++) {
        expect.move.step = steps[index];
        add_expect(resolve, &expect);
    }
}

/* The guests which a value names; NULL: told. */
static const struct named *guests_of(struct resolve *resolve, const struct value *value)
{
    if (value->bad) {
        return NULL;
    }
    return names_need(&resolve->guests, resolve->parse, value->text, value->mark);
}

static void
read_place(struct resolve *resolve, const struct record *record, struct scenario_expect *expect)
{
    const struct value *on = record_value(record, "on");
    const struct value *paused_on = record_value(record, "paused_on");
    if (on->given && paused_on->given) {
        parse_error(resolve->parse, paused_on->mark, "'on' and 'paused_on' do not go together");
        return;
    }
    if (paused_on->given) {
        expect->place = SCENARIO_PLACE_PAUSED;
        expect->hosts = arena_take(resolve->parse->arena, 1, sizeof(size_t));
        expect->hosts[0] = resolve_host(resolve, paused_on);
        expect->host_count = 1;
    } else if (on->is_word) {
        expect->place = SCENARIO_PLACE_LOST;
    } else {
        expect->place = SCENARIO_PLACE_RUNNING;
        expect->hosts = resolve_host_list(resolve, on, &expect->host_count);
    }
}

static void
expect_guests(struct resolve *resolve, const struct record *record, struct scenario_expect expect)
{
    check_says_something(resolve, record, expect.mark);
    read_place(resolve, record, &expect);
    const struct named *named = guests_of(resolve, record_value(record, "guest"));
    for (size_t index = 0; named != NULL && index < named->count; index++) {
        expect.guest = named->first + index;
        add_expect(resolve, &expect);
    }
}

static void
expect_clients(struct resolve *resolve, const struct record *record, struct scenario_expect expect)
{
    expect.sent = bound(record, "sent");
    expect.failed = bound(record, "failed");
    expect.longest_gap = bound(record, "longest_gap");
    expect.p99 = bound(record, "p99");
    check_says_something(resolve, record, expect.mark);
    const struct value *clients = record_value(record, "clients");
    const struct named *named = guests_of(resolve, clients);
    for (size_t index = 0; named != NULL && index < named->count; index++) {
        expect.guest = named->first + index;
        if (!resolve->scenario->guests[expect.guest].clients.present) {
            parse_error(
                resolve->parse,
                clients->mark,
                "guest '%s' has no clients",
                resolve->scenario->guests[expect.guest].name);
            return;
        }
        add_expect(resolve, &expect);
    }
}

static void
expect_sessions(struct resolve *resolve, const struct record *record, struct scenario_expect expect)
{
    expect.session = (enum scenario_session_state)record_number(record, "state");
    expect.hosts = arena_take(resolve->parse->arena, 1, sizeof(size_t));
    expect.hosts[0] = resolve_host(resolve, record_value(record, "on"));
    expect.host_count = 1;
    struct scenario_move_ref *refs = NULL;
    size_t count = resolve_moves(resolve, record_value(record, "session"), &refs);
    for (size_t index = 0; index < count; index++) {
        expect.move = refs[index];
        add_expect(resolve, &expect);
    }
}

void resolve_expects(struct resolve *resolve)
{
    const struct value *list = record_value(resolve->root, "expect");
    for (size_t index = 0; index < list->count; index++) {
        const struct item *item = &list->items[index];
        if (item->record == NULL) {
            continue;
        }
        struct scenario_expect expect = {
            .kind = kind_of(item->record),
            .move = {.guest = SCENARIO_NONE, .step = SCENARIO_NONE},
            .guest = SCENARIO_NONE,
            .mark = item->mark,
        };
        switch (expect.kind) {
        case SCENARIO_EXPECT_MOVE: expect_moves(resolve, item->record, expect); break;
        case SCENARIO_EXPECT_DRAIN: expect_drains(resolve, item->record, expect); break;
        case SCENARIO_EXPECT_GUEST: expect_guests(resolve, item->record, expect); break;
        case SCENARIO_EXPECT_CLIENTS: expect_clients(resolve, item->record, expect); break;
        case SCENARIO_EXPECT_SESSION: expect_sessions(resolve, item->record, expect); break;
        }
    }
}
