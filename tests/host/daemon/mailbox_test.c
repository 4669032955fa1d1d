/* SPDX-License-Identifier: Apache-2.0 */
/* mailbox_test.c -- reports of workers: in order, none lost, none waiting for ever. */
#include "engine/host/daemon/mailbox.h"

#include "engine/host/base/fd.h"
#include "tests/host/support/check.h"

#include <pthread.h>

#define ITEMS 5000U

struct taker {
    uint32_t next;
    bool in_order;
};

static void take(void *context, const void *item)
{
    struct taker *taker = context;
    const uint32_t *number = item;

    taker->in_order = taker->in_order && *number == taker->next;
    taker->next++;
}

static void *put_many(void *context)
{
    for (uint32_t i = 0; i < ITEMS; i++) {
        if (!mailbox_put(context, &i)) {
            return context;
        }
    }
    return NULL;
}

static void everything_arrives_in_order_through_a_small_box(void **state)
{
    (void)state;
    struct taker taker = {.in_order = true};
    struct mailbox mailbox;
    struct loop *loop = NULL;
    pthread_t thread;
    assert_int_equal(loop_create(&loop, NULL), HOST_OK);
    assert_int_equal(mailbox_init(&mailbox, loop, sizeof(uint32_t), 7, take, &taker), HOST_OK);
    assert_int_equal(pthread_create(&thread, NULL, put_many, &mailbox), 0);

    while (taker.next < ITEMS) {
        assert_int_equal(loop_turn(loop, host_now() + 5 * FERRY_SECOND, NULL), HOST_OK);
    }

    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(taker.in_order);
    mailbox_deinit(&mailbox);
    loop_destroy(loop);
}

static void nobody_waits_for_room_in_a_box_that_drops(void **state)
{
    (void)state;
    struct taker taker = {.in_order = true};
    struct mailbox mailbox;
    struct loop *loop = NULL;
    pthread_t thread;
    void *refused = NULL;
    assert_int_equal(loop_create(&loop, NULL), HOST_OK);
    assert_int_equal(mailbox_init(&mailbox, loop, sizeof(uint32_t), 7, take, &taker), HOST_OK);
    assert_int_equal(pthread_create(&thread, NULL, put_many, &mailbox), 0);

    mailbox_drop(&mailbox);

    assert_int_equal(pthread_join(thread, &refused), 0);
    assert_non_null(refused);
    mailbox_deinit(&mailbox); /* hands out what was taken in before */
    assert_true(taker.next <= 7);
    assert_true(taker.in_order);
    loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_arrives_in_order_through_a_small_box),
        cmocka_unit_test(nobody_waits_for_room_in_a_box_that_drops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
