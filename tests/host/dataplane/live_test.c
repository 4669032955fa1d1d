/* SPDX-License-Identifier: Apache-2.0 */
/* live_test.c -- rounds while a guest writes: barriers keep old copies from overwriting newer ones, and
 * the last round, with the guest paused, makes both memories equal. */
#include "rig.h"
#include "tests/host/support/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct guest {
    struct rig *rig;
    pthread_t thread;
    atomic_bool stop;
    uint8_t *written; /* a byte a page: written since the last collection */
};

/* Writes into pages here and there, and notes which, as a dirty log does. */
static void *run(void *context)
{
    struct guest *guest = context;
    uint64_t value = 12345;
    while (!atomic_load(&guest->stop)) {
        value = value * 6364136223846793005U + 1442695040888963407U;
        const uint64_t page = (value >> 33) % rig_pages(guest->rig);
        uint8_t *bytes = rig_source_page(guest->rig, page);
        __atomic_store_n(&guest->written[page], 1, __ATOMIC_SEQ_CST);
        if (value % 16 == 0) {
            memset(bytes, 0, 4096);
        } else {
            memcpy(bytes + (value >> 20) % 4088, &value, sizeof(value));
        }
        __atomic_store_n(&guest->written[page], 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

static void collect(struct guest *guest)
{
    for (uint64_t page = 0; page < rig_pages(guest->rig); page++) {
        if (__atomic_exchange_n(&guest->written[page], 0, __ATOMIC_SEQ_CST) != 0) {
            rig_mark(guest->rig, page);
        }
    }
}

static void move_live(enum rig_link link, uint16_t streams)
{
    struct rig *rig =
        rig_create(&(struct rig_options){.link = link, .streams = streams, .pages = 2048});
    struct guest guest = {.rig = rig, .written = calloc(1, rig_pages(rig))};
    assert_non_null(guest.written);
    for (uint64_t page = 0; page < rig_pages(rig); page++) {
        rig_fill_page(rig, page, 3);
    }
    assert_int_equal(pthread_create(&guest.thread, NULL, run, &guest), 0);
    rig_mark_all(rig);
    for (int round = 0; round < 6; round++) {
        rig_round(rig, 0);
        collect(&guest);
    }
    atomic_store(&guest.stop, true);
    assert_int_equal(pthread_join(guest.thread, NULL), 0);
    collect(&guest);
    memset(rig->state[0], 0x5a, RIG_STATE_MAX);
    rig_send_state(rig, RIG_STATE_MAX, 1);
    rig_round(rig, 1);

    assert_true(rig_equal(rig));
    assert_memory_equal(rig->state[0], rig->state[1], RIG_STATE_MAX);
    free(guest.written);
    rig_destroy(rig);
}

static void guest_that_writes_arrives_equal_after_a_paused_round(void **unused)
{
    (void)unused;
    move_live(RIG_TCP, 1);
}

static void guest_that_writes_arrives_equal_over_several_streams(void **unused)
{
    (void)unused;
    move_live(RIG_TCP, 4);
}

static void guest_that_writes_arrives_equal_over_tls(void **unused)
{
    (void)unused;
    move_live(RIG_TLS, 2);
}

/* ---- barriers ---- */

static void next_round_waits_behind_the_barrier_until_it_is_released(void **unused)
{
    (void)unused;
    struct rig *rig = rig_create(&(struct rig_options){.pages = 256, .pages_above = 64});
    struct dataplane_report report;
    rig_fill_page(rig, 0, 1);
    rig_mark(rig, 0);
    struct ferry_batch batch = {
        .number = 1, .bitmap = rig->bitmap, .first_page = 0, .end_page = 64};
    assert_int_equal(dataplane_sender_batch(rig->senders[0], &batch, 1, NULL), FERRY_OK);
    assert_int_equal(dataplane_sender_barrier(rig->senders[0], 0, 0), FERRY_OK);
    batch.number = 2;
    batch.round = 1;
    assert_int_equal(dataplane_sender_batch(rig->senders[0], &batch, 2, NULL), FERRY_OK);

    assert_int_equal(mailbox_next(&rig->in).event.kind, FERRY_EVENT_BATCH_PLACED);
    assert_int_equal(mailbox_next(&rig->in).event.kind, FERRY_EVENT_BARRIER_REACHED);
    assert_int_equal(mailbox_next(&rig->out).event.kind, FERRY_EVENT_BATCH_SENT);
    assert_int_equal(mailbox_next(&rig->out).event.kind, FERRY_EVENT_BATCH_SENT);
    assert_false(mailbox_try(&rig->in, 50 * FERRY_MILLISECOND, &report));
    dataplane_receiver_release(rig->receivers[0], 1);
    report = mailbox_next(&rig->in);

    assert_int_equal(report.event.kind, FERRY_EVENT_BATCH_PLACED);
    assert_int_equal(report.event.round, 1);
    rig_destroy(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guest_that_writes_arrives_equal_after_a_paused_round),
        cmocka_unit_test(guest_that_writes_arrives_equal_over_several_streams),
        cmocka_unit_test(guest_that_writes_arrives_equal_over_tls),
        cmocka_unit_test(next_round_waits_behind_the_barrier_until_it_is_released),
    };
    return cmocka_run_group_tests_name("live_test", tests, hosts_set_up, hosts_tear_down);
}
