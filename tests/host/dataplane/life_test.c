/* SPDX-License-Identifier: Apache-2.0 */
/* life_test.c -- workers begin, are full, are stopped wherever they are, and end. */
#include "rig.h"
#include "tests/host/support/check.h"

#include <string.h>
#include <unistd.h>

static void expect_closed(struct mailbox *mailbox)
{
    assert_int_equal(mailbox_next(mailbox).kind, DATAPLANE_REPORT_CLOSED);
}

/* A sender whose other end nobody reads. */
static struct dataplane_sender *lonely_sender(struct rig *rig, uint64_t rate, int *fd_out)
{
    int fds[2];
    struct dataplane_sender *sender = NULL;
    rig_connect(RIG_TCP, fds);
    const struct dataplane_sender_config config = {
        .shape = rig->shape,
        .memory = rig->memories[0],
        .connection = transport_connection_plain(fds[0]),
        .rate = rate,
        .post = mailbox_post,
        .post_context = &rig->out,
    };
    assert_int_equal(dataplane_sender_create(&config, &sender), FERRY_OK);
    *fd_out = fds[1];
    return sender;
}

static struct rig *full_rig(void)
{
    struct rig *rig = rig_create(&(struct rig_options){.pages = 8192});
    for (uint64_t page = 0; page < rig_pages(rig); page++) {
        rig_fill_page(rig, page, 1);
    }
    rig_mark_all(rig);
    return rig;
}

static enum ferry_status
send_window(struct dataplane_sender *sender, const struct rig *rig, uint64_t number)
{
    const struct ferry_batch batch = {
        .number = number, .bitmap = rig->bitmap, .first_page = 0, .end_page = 8192};
    return dataplane_sender_batch(sender, &batch, number, NULL);
}

static void sender_that_is_blocked_stops(void **unused)
{
    (void)unused;
    struct rig *rig = full_rig();
    int fd = -1;
    struct dataplane_sender *sender = lonely_sender(rig, FERRY_RATE_UNLIMITED, &fd);
    struct dataplane_report report;
    assert_int_equal(send_window(sender, rig, 1), FERRY_OK);
    assert_false(mailbox_try(&rig->out, 50 * FERRY_MILLISECOND, &report));

    dataplane_sender_stop(sender);
    expect_closed(&rig->out);

    assert_int_equal(send_window(sender, rig, 2), FERRY_USAGE_STATE);
    dataplane_sender_destroy(sender);
    (void)close(fd);
    rig_destroy(rig);
}

static void sender_without_rate_waits_and_stops(void **unused)
{
    (void)unused;
    struct rig *rig = full_rig();
    int fd = -1;
    struct dataplane_sender *sender = lonely_sender(rig, 0, &fd);
    assert_int_equal(send_window(sender, rig, 1), FERRY_OK);
    assert_int_equal(dataplane_sender_counts(sender).wire_bytes, 0);

    dataplane_sender_stop(sender);
    expect_closed(&rig->out);

    dataplane_sender_destroy(sender);
    (void)close(fd);
    rig_destroy(rig);
}

static void queue_that_is_full_says_so(void **unused)
{
    (void)unused;
    struct rig *rig = full_rig();
    int fd = -1;
    struct dataplane_sender *sender = lonely_sender(rig, 0, &fd);
    enum ferry_status status = FERRY_OK;
    uint64_t number = 0;
    /* One may be with the worker already. */
    for (; status == FERRY_OK && number < DATAPLANE_QUEUE_MAX + 2; number++) {
        status = send_window(sender, rig, number + 1);
    }

    assert_int_equal(status, FERRY_LIMIT_SIZE);
    assert_true(number > DATAPLANE_QUEUE_MAX);
    dataplane_sender_destroy(sender);
    expect_closed(&rig->out);
    (void)close(fd);
    rig_destroy(rig);
}

static void batch_that_cannot_be_encoded_ends_the_stream(void **unused)
{
    (void)unused;
    struct rig *rig = full_rig();
    const struct ferry_batch batch = {
        .number = 1, .bitmap = rig->bitmap, .first_page = 8, .end_page = 8};
    assert_int_equal(dataplane_sender_batch(rig->senders[0], &batch, 1, NULL), FERRY_OK);

    const struct dataplane_report report = mailbox_next(&rig->out);

    assert_int_equal(report.event.kind, FERRY_EVENT_DETACHED);
    assert_int_equal(report.event.status, FERRY_USAGE_CONFIG);
    rig_destroy(rig);
}

static void sender_whose_peer_goes_away_says_so_once(void **unused)
{
    (void)unused;
    struct rig *rig = full_rig();
    int fd = -1;
    struct dataplane_sender *sender = lonely_sender(rig, FERRY_RATE_UNLIMITED, &fd);
    assert_int_equal(send_window(sender, rig, 1), FERRY_OK);
    (void)close(fd);

    const struct dataplane_report report = mailbox_next(&rig->out);

    assert_int_equal(report.event.kind, FERRY_EVENT_DETACHED);
    assert_int_equal(report.event.status, FERRY_WORLD_LINK);
    assert_string_not_equal(report.reason, "");
    expect_closed(&rig->out);
    dataplane_sender_destroy(sender);
    rig_destroy(rig);
}

static void receiver_that_hears_nothing_stops(void **unused)
{
    (void)unused;
    struct rig *rig = full_rig();
    dataplane_receiver_stop(rig->receivers[0]);
    expect_closed(&rig->in);
    dataplane_receiver_destroy(rig->receivers[0]);
    rig->receivers[0] = NULL;
    rig_destroy(rig);
}

static void receiver_that_is_held_stops(void **unused)
{
    (void)unused;
    struct rig *rig = full_rig();
    assert_int_equal(dataplane_sender_barrier(rig->senders[0], 0, 0), FERRY_OK);
    assert_int_equal(mailbox_next(&rig->in).event.kind, FERRY_EVENT_BARRIER_REACHED);
    dataplane_receiver_stop(rig->receivers[0]);
    expect_closed(&rig->in);
    dataplane_receiver_destroy(rig->receivers[0]);
    rig->receivers[0] = NULL;
    rig_destroy(rig);
}

static void shape_of_another_guest_is_refused(void **unused)
{
    (void)unused;
    struct rig *rig = full_rig();
    int fds[2];
    struct dataplane_sender *sender = NULL;
    rig_connect(RIG_PAIR, fds);
    struct transport_connection *connection = transport_connection_plain(fds[0]);
    struct ferry_region regions[RIG_REGIONS] = {rig->regions[0], rig->regions[1]};
    struct dataplane_sender_config config = {
        .shape = rig->shape,
        .memory = rig->memories[0],
        .connection = connection,
        .post = mailbox_post,
        .post_context = &rig->out,
    };
    regions[1].pages++;
    config.shape.regions = regions;

    assert_int_equal(dataplane_sender_create(&config, &sender), FERRY_USAGE_CONFIG);
    config.shape.page_size *= 2;
    assert_int_equal(dataplane_sender_create(&config, &sender), FERRY_USAGE_CONFIG);

    transport_connection_destroy(connection);
    (void)close(fds[1]);
    rig_destroy(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sender_that_is_blocked_stops),
        cmocka_unit_test(sender_without_rate_waits_and_stops),
        cmocka_unit_test(queue_that_is_full_says_so),
        cmocka_unit_test(batch_that_cannot_be_encoded_ends_the_stream),
        cmocka_unit_test(sender_whose_peer_goes_away_says_so_once),
        cmocka_unit_test(receiver_that_hears_nothing_stops),
        cmocka_unit_test(receiver_that_is_held_stops),
        cmocka_unit_test(shape_of_another_guest_is_refused),
    };
    return cmocka_run_group_tests_name("life_test", tests, NULL, NULL);
}
