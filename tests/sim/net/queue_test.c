/* SPDX-License-Identifier: Apache-2.0 */
/* queue_test.c -- the event queue gives its order whatever the order of insertion. */
#include "sim/net/queue.h"

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

static void each_key_decides_when_those_before_it_are_equal(void **state)
{
    (void)state;
    /* in the order in which they must come out; .cookie is the expectation */
    const struct net_item sorted[] = {
        {.at_ns = 1, .kind = NET_ITEM_TIMER,   .host = 9, .stream = 9, .cookie = 0},
        {.at_ns = 2, .kind = NET_ITEM_RELEASE, .host = 9, .stream = 9, .cookie = 1},
        {.at_ns = 2, .kind = NET_ITEM_ARRIVE,  .host = 0, .stream = 9, .cookie = 2},
        {.at_ns = 2, .kind = NET_ITEM_ARRIVE,  .host = 1, .stream = 0, .cookie = 3},
        {.at_ns = 2, .kind = NET_ITEM_ARRIVE,  .host = 1, .stream = 1, .cookie = 4},
        {.at_ns = 2, .kind = NET_ITEM_TIMER,   .host = 0, .stream = 0, .cookie = 5},
    };
    enum { COUNT = sizeof(sorted) / sizeof(sorted[0]) };
    for (uint32_t start = 0; start < COUNT; start++) {
        for (uint32_t stride = 1; stride < COUNT; stride += 4) { /* 1 and 5: both walk over all */
            struct net_queue queue = {0};
            for (uint32_t i = 0; i < COUNT; i++) {
                net_queue_push(&queue, &sorted[(start + i * stride) % COUNT]);
            }
            for (uint32_t i = 0; i < COUNT; i++) {
                assert_int_equal(net_queue_front(&queue)->cookie, i);
                net_queue_pop(&queue);
            }
            assert_null(net_queue_front(&queue));
            net_queue_deinit(&queue);
        }
    }
}

static void equals_come_out_first_in_first_out(void **state)
{
    (void)state;
    struct net_queue queue = {0};
    for (uint32_t i = 0; i < 1000; i++) {
        struct net_item item = {.at_ns = i % 7, .kind = NET_ITEM_TIMER, .cookie = i};
        net_queue_push(&queue, &item);
    }
    uint64_t last = 0;
    int64_t last_ns = -1;
    for (uint32_t i = 0; i < 1000; i++) {
        const struct net_item *front = net_queue_front(&queue);
        assert_true(front->at_ns > last_ns || (front->at_ns == last_ns && front->cookie > last));
        last_ns = front->at_ns;
        last = front->cookie;
        net_queue_pop(&queue);
    }
    assert_null(net_queue_front(&queue));
    net_queue_deinit(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_decides_when_those_before_it_are_equal),
        cmocka_unit_test(equals_come_out_first_in_first_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
