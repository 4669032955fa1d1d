/* SPDX-License-Identifier: Apache-2.0 */
/* state_walk_test.c -- every message and every order in every state of the target.
 *
 * A message has a place in a state, or it is a named protocol error that costs the connection;
 * never an assert, and never a guest that runs without a grant. The tables here say it again,
 * independently of state_table.c. */
#include "support/harness.h"
#include "support/pair.h"

#include <stdlib.h>
#include <string.h>

#define AT(state) (1U << FERRY_TARGET_##state)
#define BEFORE    (AT(RECEIVING) | AT(LOADING) | AT(READY))
#define OWN       (AT(OWNING) | AT(STARTING) | AT(RUNNING))
#define BURNT     (AT(BURNING) | AT(BURNED))
#define ALL       (AT(WAITING) | AT(PREPARING) | BEFORE | OWN | BURNT | AT(CLEANING) | AT(LOST))

static uint32_t places(enum wire_type type)
{
    switch (type) {
    case WIRE_PING:
    case WIRE_RESUME: return ALL;
    case WIRE_OPEN:
        return AT(WAITING) | AT(PREPARING) | AT(RECEIVING) | BURNT | AT(LOST) | AT(CLEANING);
    case WIRE_MANIFEST: return BEFORE | BURNT | AT(CLEANING);
    case WIRE_ABORT: return BEFORE | BURNT | OWN | AT(CLEANING);
    case WIRE_GRANT:
    case WIRE_BURN: return BEFORE | BURNT | OWN;
    /* moved as the pair sees it: a target that owns the guest and does not run it yet disagrees */
    case WIRE_END:
        return AT(PREPARING) | BEFORE | BURNT | AT(RUNNING) | AT(STARTING) | AT(CLEANING) |
               AT(LOST);
    case WIRE_ACCEPT:
    case WIRE_REFUSE:
    case WIRE_RESUMED:
    case WIRE_LOST:
    case WIRE_ACK:
    case WIRE_READY:
    case WIRE_STARTED:
    case WIRE_ABORTED:
    case WIRE_FAILED:
    case WIRE_CLOSED:
    case WIRE_PONG: return 0; /* a target's own */
    }
    return 0;
}

/* A forged GRANT, ABORT or END is a source that lies about itself: who runs the guest then is its
 * doing. */
static bool lies(enum wire_type type)
{
    return type == WIRE_GRANT || type == WIRE_ABORT || type == WIRE_END;
}

static void message_has_a_place_or_is_a_protocol_error(void **unused)
{
    (void)unused;
    for (uint32_t state = FERRY_TARGET_WAITING; state < FERRY_TARGET_CLOSED; state++) {
        for (size_t i = 0; i < pair_type_count; i++) {
            const enum wire_type type = pair_types[i];
            struct pair *pair = pair_create_at_target((enum ferry_target_state)state);
            const uint64_t errors = pair_trace_count(pair, FERRY_TRACE_PROTOCOL_ERROR);
            const struct wire_message message = pair_plausible(pair, type);
            const bool ran = pair_runs(pair, PAIR_TARGET);

            pair_forge(pair, PAIR_TARGET, &message);

            const bool place = (places(type) & 1U << state) != 0;
            if (pair_trace_count(pair, FERRY_TRACE_PROTOCOL_ERROR) - errors != !place) {
                fail_msg(
                    "%s in %s is %s",
                    wire_type_name(type),
                    ferry_target_state_name((enum ferry_target_state)state),
                    place ? "called an error" : "taken");
            }
            if (!place) {
                const struct ferry_trace_event *error = pair_last(pair, FERRY_TRACE_PROTOCOL_ERROR);
                assert_status((enum ferry_status)error->field[0], FERRY_PEER_UNEXPECTED);
            }
            assert_int_equal(pair_runs(pair, PAIR_TARGET), ran); /* H-4: nothing starts on a word */
            const bool told = (1U << state & BURNT) == 0; /* there, the answer is always lost */
            if (told && !lies(type)) {
                pair_run_to_end(pair);
                if (pair_running(pair) != 1) {
                    fail_msg(
                        "%s in %s: the guest runs nowhere, %s",
                        wire_type_name(type),
                        ferry_target_state_name((enum ferry_target_state)state),
                        pair_outcome(pair)->reason);
                }
                assert_int_equal(pair_different_pages(pair), 0);
            }
            pair_destroy(pair);
        }
    }
}

static void thousand_messages_at_once_cost_the_connection_at_most(void **unused)
{
    (void)unused;
    enum { COUNT = 1000 };
    uint8_t *bytes = malloc((size_t)COUNT * 2048);
    assert_non_null(bytes);
    for (uint32_t state = FERRY_TARGET_WAITING; state < FERRY_TARGET_CLOSED; state++) {
        for (size_t i = 0; i < pair_type_count; i++) {
            struct pair *pair = pair_create_at_target((enum ferry_target_state)state);
            const struct wire_message message = pair_plausible(pair, pair_types[i]);
            size_t size = 0;
            assert_status(wire_message_encode(&message, bytes, 2048, &size), FERRY_OK);
            for (size_t n = 1; n < COUNT; n++) {
                memcpy(bytes + n * size, bytes, size);
            }

            pair_forge_bytes(
                pair, PAIR_TARGET, (struct ferry_bytes){.data = bytes, .size = COUNT * size});

            assert_true(pair_running(pair) <= 1);
            if (!lies(pair_types[i]) && (1U << state & BURNT) == 0) {
                pair_run_to_end(pair);
            }
            pair_destroy(pair);
        }
    }
    free(bytes);
}

struct order {
    enum ferry_event_kind kind;
    uint32_t taken;
    uint32_t too_late;
};

static const struct order orders[] = {
    {FERRY_EVENT_CLAIM,              AT(READY),      AT(RECEIVING) | AT(LOADING) | OWN | BURNT},
    {FERRY_EVENT_BURN,               BEFORE | BURNT, OWN                                      },
    {FERRY_EVENT_CANCEL,             0,              0                                        },
    {FERRY_EVENT_SET_BANDWIDTH_CAP,  0,              0                                        },
    {FERRY_EVENT_SET_BLACKOUT_LIMIT, 0,              0                                        },
    {FERRY_EVENT_SWITCH_NOW,         0,              0                                        },
};

static void order_is_carried_out_or_refused_by_name(void **unused)
{
    (void)unused;
    for (uint32_t state = FERRY_TARGET_WAITING; state < FERRY_TARGET_CLOSED; state++) {
        for (size_t i = 0; i < COUNT_OF(orders); i++) {
            struct pair *pair = pair_create_at_target((enum ferry_target_state)state);
            if (orders[i].kind == FERRY_EVENT_CLAIM) {
                pair_crash(pair, PAIR_SOURCE, false); /* that is what a claim states */
            }

            const enum ferry_status status =
                pair_command(pair, PAIR_TARGET, (struct ferry_event){.kind = orders[i].kind});

            const uint32_t bit = 1U << state;
            const enum ferry_status expected = (orders[i].taken & bit) != 0 ? FERRY_OK
                                               : (orders[i].too_late & bit) != 0
                                                   ? FERRY_USAGE_TOO_LATE
                                                   : FERRY_USAGE_STATE;
            if (status != expected) {
                print_error(
                    "%s in %s: ",
                    ferry_event_name(orders[i].kind),
                    ferry_target_state_name((enum ferry_target_state)state));
            }
            assert_status(status, expected);
            pair_run_to_end(pair);
            if (orders[i].kind == FERRY_EVENT_CLAIM && status == FERRY_OK) {
                assert_true(pair_runs(pair, PAIR_TARGET));
            }
            pair_destroy(pair);
        }
    }
}

/* Reports of the host, of the other side or of nothing: dropped and counted, never taken for
 * another's. */
static void report_of_no_action_is_dropped_and_counted(void **unused)
{
    (void)unused;
    static const enum ferry_event_kind kinds[] = {
        FERRY_EVENT_DONE,
        FERRY_EVENT_BATCH_PLACED,
        FERRY_EVENT_BARRIER_REACHED,
        FERRY_EVENT_STREAM_ERROR,
    };
    for (uint32_t state = FERRY_TARGET_WAITING; state < FERRY_TARGET_CLOSED; state++) {
        for (size_t i = 0; i < COUNT_OF(kinds); i++) {
            struct pair *pair = pair_create_at_target((enum ferry_target_state)state);
            const uint64_t dropped = pair_trace_count(pair, FERRY_TRACE_REPORT_DROPPED);

            pair_event(
                pair,
                PAIR_TARGET,
                (struct ferry_event){.kind = kinds[i], .action_id = 999, .attach = 999});

            assert_int_equal(pair_trace_count(pair, FERRY_TRACE_REPORT_DROPPED) - dropped, 1);
            assert_int_equal(pair_target_state(pair), state);
            pair_destroy(pair);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_has_a_place_or_is_a_protocol_error),
        cmocka_unit_test(thousand_messages_at_once_cost_the_connection_at_most),
        cmocka_unit_test(order_is_carried_out_or_refused_by_name),
        cmocka_unit_test(report_of_no_action_is_dropped_and_counted),
    };
    return cmocka_run_group_tests_name("target state walk", tests, NULL, NULL);
}
