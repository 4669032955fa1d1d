/* SPDX-License-Identifier: Apache-2.0 */
/* state_walk_test.c -- every message and every order in every state of the source.
 *
 * A message has a place in a state, or it is a named protocol error that costs the connection;
 * never an assert, and before a grant never the guest. The tables here say it again, independently
 * of state_table.c. */
#include "support/harness.h"
#include "support/pair.h"

#include <stdlib.h>
#include <string.h>

#define AT(state) (1U << FERRY_SOURCE_##state)
#define LIVE      (AT(OPENING) | AT(COPYING) | AT(PAUSING) | AT(SENDING) | AT(RESUMING))
#define OUT       (AT(GRANTING) | AT(GRANTED) | AT(BURNING) | AT(UNKNOWN))
#define ALL       (LIVE | OUT | AT(CLOSING))

static uint32_t places(enum wire_type type)
{
    switch (type) {
    case WIRE_PONG:
    case WIRE_RESUMED:
    case WIRE_LOST:
    case WIRE_ACK:
    case WIRE_ABORTED:
    case WIRE_FAILED: return ALL;
    case WIRE_READY: return OUT | AT(RESUMING) | AT(CLOSING); /* earlier: of what it has not got */
    case WIRE_ACCEPT:
    case WIRE_REFUSE: return AT(OPENING) | AT(CLOSING);
    case WIRE_STARTED: return AT(GRANTED) | AT(UNKNOWN) | AT(CLOSING);
    case WIRE_CLOSED: return AT(CLOSING);
    case WIRE_OPEN:
    case WIRE_RESUME:
    case WIRE_MANIFEST:
    case WIRE_ABORT:
    case WIRE_GRANT:
    case WIRE_BURN:
    case WIRE_END:
    case WIRE_PING: return 0; /* a source's own */
    }
    return 0;
}

static void run_on(struct pair *pair, uint32_t state)
{
    if ((1U << state & LIVE) != 0) { /* granted, it may wait for an answer for ever */
        pair_run_to_end(pair);
        assert_int_equal(pair_running(pair), 1);
        assert_int_equal(pair_different_pages(pair), 0);
    }
}

static void message_has_a_place_or_is_a_protocol_error(void **unused)
{
    (void)unused;
    for (uint32_t state = FERRY_SOURCE_OPENING; state < FERRY_SOURCE_CLOSED; state++) {
        for (size_t i = 0; i < pair_type_count; i++) {
            const enum wire_type type = pair_types[i];
            struct pair *pair = pair_create_at_source((enum ferry_source_state)state);
            const uint64_t errors = pair_trace_count(pair, FERRY_TRACE_PROTOCOL_ERROR);
            const uint64_t downs = pair_trace_count(pair, FERRY_TRACE_LINK_DOWN);
            const struct wire_message message = pair_plausible(pair, type);

            pair_forge(pair, PAIR_SOURCE, &message);

            const bool place = (places(type) & 1U << state) != 0;
            if (pair_trace_count(pair, FERRY_TRACE_PROTOCOL_ERROR) - errors != !place) {
                fail_msg(
                    "%s in %s is %s",
                    wire_type_name(type),
                    ferry_source_state_name((enum ferry_source_state)state),
                    place ? "called an error" : "taken");
            }
            if (!place) {
                const struct ferry_trace_event *error = pair_last(pair, FERRY_TRACE_PROTOCOL_ERROR);
                assert_status((enum ferry_status)error->field[0], FERRY_PEER_UNEXPECTED);
                assert_true(pair_trace_count(pair, FERRY_TRACE_LINK_DOWN) > downs);
            }
            run_on(pair, state);
            pair_destroy(pair);
        }
    }
}

/* One read of a socket may hold thousands of them. */
static void thousand_messages_at_once_cost_the_connection_at_most(void **unused)
{
    (void)unused;
    enum { COUNT = 1000 };
    uint8_t *bytes = malloc((size_t)COUNT * 2048);
    assert_non_null(bytes);
    for (uint32_t state = FERRY_SOURCE_OPENING; state < FERRY_SOURCE_CLOSED; state++) {
        for (size_t i = 0; i < pair_type_count; i++) {
            struct pair *pair = pair_create_at_source((enum ferry_source_state)state);
            const struct wire_message message = pair_plausible(pair, pair_types[i]);
            size_t size = 0;
            assert_status(wire_message_encode(&message, bytes, 2048, &size), FERRY_OK);
            for (size_t n = 1; n < COUNT; n++) {
                memcpy(bytes + n * size, bytes, size);
            }

            pair_forge_bytes(
                pair, PAIR_SOURCE, (struct ferry_bytes){.data = bytes, .size = COUNT * size});

            run_on(pair, state);
            pair_destroy(pair);
        }
    }
    free(bytes);
}

/* ---- orders ---- */

struct order {
    enum ferry_event_kind kind;
    uint32_t taken;
    uint32_t too_late;
};

static const struct order orders[] = {
    {FERRY_EVENT_CANCEL,
     LIVE | AT(GRANTING) | AT(BURNING),
     AT(GRANTED) | AT(UNKNOWN) | AT(CLOSING)      },
    {FERRY_EVENT_SET_BANDWIDTH_CAP,  LIVE | OUT, 0},
    {FERRY_EVENT_SET_BLACKOUT_LIMIT, LIVE | OUT, 0},
    {FERRY_EVENT_SWITCH_NOW,         LIVE,       0},
    {FERRY_EVENT_CLAIM,              OUT,        0},
    {FERRY_EVENT_BURN,               0,          0},
};

static void order_is_carried_out_or_refused_by_name(void **unused)
{
    (void)unused;
    for (uint32_t state = FERRY_SOURCE_OPENING; state < FERRY_SOURCE_CLOSED; state++) {
        for (size_t i = 0; i < COUNT_OF(orders); i++) {
            struct pair *pair = pair_create_at_source((enum ferry_source_state)state);
            if (orders[i].kind == FERRY_EVENT_CLAIM) {
                pair_crash(pair, PAIR_TARGET, false); /* that is what a claim states */
            }
            const uint64_t refused = pair_trace_count(pair, FERRY_TRACE_COMMAND_REFUSED);

            const enum ferry_status status = pair_command(
                pair,
                PAIR_SOURCE,
                (struct ferry_event){
                    .kind = orders[i].kind, .rate = 50000000, .duration_ns = FERRY_SECOND});

            const uint32_t bit = 1U << state;
            const enum ferry_status expected = (orders[i].taken & bit) != 0 ? FERRY_OK
                                               : (orders[i].too_late & bit) != 0
                                                   ? FERRY_USAGE_TOO_LATE
                                                   : FERRY_USAGE_STATE;
            if (status != expected) {
                print_error(
                    "%s in %s: ",
                    ferry_event_name(orders[i].kind),
                    ferry_source_state_name((enum ferry_source_state)state));
            }
            assert_status(status, expected);
            assert_int_equal(
                pair_trace_count(pair, FERRY_TRACE_COMMAND_REFUSED) - refused,
                status == FERRY_OK ? 0 : 1);
            pair_run_to_end(pair);
            assert_true(pair_outcomes(pair) >= 1);
            pair_destroy(pair);
        }
    }
}

static void closed_source_takes_nothing(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&(struct pair_options){0});
    pair_assert_completed(pair);
    for (uint32_t kind = FERRY_EVENT_ATTACHED; kind <= FERRY_EVENT_BURN; kind++) {
        const struct ferry_event event = {.kind = (enum ferry_event_kind)kind};
        assert_status(
            ferry_source_input(pair_source(pair), &event, pair_now(pair)), FERRY_USAGE_STATE);
        assert_status(
            ferry_target_input(pair_target(pair), &event, pair_now(pair)), FERRY_USAGE_STATE);
    }
    assert_true(ferry_source_deadline(pair_source(pair)) == FERRY_TIME_NEVER);
    assert_true(ferry_target_deadline(pair_target(pair)) == FERRY_TIME_NEVER);
    pair_destroy(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_has_a_place_or_is_a_protocol_error),
        cmocka_unit_test(thousand_messages_at_once_cost_the_connection_at_most),
        cmocka_unit_test(order_is_carried_out_or_refused_by_name),
        cmocka_unit_test(closed_source_takes_nothing),
    };
    return cmocka_run_group_tests_name("source state walk", tests, NULL, NULL);
}
