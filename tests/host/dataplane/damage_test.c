/* SPDX-License-Identifier: Apache-2.0 */
/* damage_test.c -- a stream that was changed, cut, or made by somebody hostile: a named error, and an
 * end in bounded time. */
#include "rig.h"
#include "tests/host/support/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TAPE_MAX ((size_t)1 << 20)

/* What a sender sends, as bytes without the preface. */
struct tape {
    size_t size;
    uint8_t *bytes;
};

static struct rig *small_rig(void)
{
    struct rig *rig = rig_create(&(struct rig_options){.pages = 64, .pages_above = 64});
    for (uint64_t page = 0; page < 20; page += 3) {
        rig_fill_page(rig, page, 9);
    }
    rig_mark_all(rig);
    return rig;
}

/* Two batches of an attempt and a barrier, from a sender of its own into a tape. */
static void record(struct rig *rig, struct tape *tape)
{
    int fds[2];
    struct dataplane_sender *sender = NULL;
    struct ferry_stream_shape shape = rig->shape;
    tape->bytes = malloc(TAPE_MAX);
    assert_non_null(tape->bytes);
    rig_connect(RIG_PAIR, fds);
    const struct dataplane_sender_config config = {
        .shape = shape,
        .memory = rig->memories[0],
        .connection = transport_connection_plain(fds[0]),
        .rate = FERRY_RATE_UNLIMITED,
        .post = mailbox_post,
        .post_context = &rig->out,
    };
    assert_int_equal(dataplane_sender_create(&config, &sender), FERRY_OK);
    for (uint64_t i = 0; i < 2; i++) {
        const struct ferry_batch batch = {
            .number = i + 1,
            .attempt = 1,
            .bitmap = rig->bitmap,
            .first_page = i * 32,
            .end_page = i * 32 + 32,
        };
        assert_int_equal(dataplane_sender_batch(sender, &batch, i, NULL), FERRY_OK);
        assert_int_equal(mailbox_next(&rig->out).event.kind, FERRY_EVENT_BATCH_SENT);
    }
    assert_int_equal(dataplane_sender_barrier(sender, 0, 1), FERRY_OK);
    uint8_t preface[FERRY_PREFACE_SIZE];
    assert_int_equal(recv(fds[1], preface, sizeof(preface), MSG_WAITALL), sizeof(preface));
    /* The barrier has 16 bytes of header and two of head: read until it is here. */
    static const uint8_t barrier[] = {2, 0, 0, 0, 68, 0};
    for (tape->size = 0;;) {
        const ssize_t size = read(fds[1], tape->bytes + tape->size, TAPE_MAX - tape->size);
        assert_true(size > 0);
        tape->size += (size_t)size;
        if (tape->size > 18 &&
            memcmp(tape->bytes + tape->size - 18, barrier, sizeof(barrier)) == 0) {
            break;
        }
    }
    dataplane_sender_stop(sender);
    assert_int_equal(mailbox_next(&rig->out).kind, DATAPLANE_REPORT_CLOSED);
    dataplane_sender_destroy(sender);
    (void)close(fds[1]);
}

/* A receiver of its own; its connection's other end is *fd_out. */
static struct dataplane_receiver *make_receiver(struct rig *rig, int *fd_out)
{
    int fds[2];
    struct dataplane_receiver *receiver = NULL;
    rig_connect(RIG_PAIR, fds);
    const struct dataplane_receiver_config config = {
        .shape = rig->shape,
        .memory = rig->memories[1],
        .state = rig->state[1],
        .state_capacity = 4096,
        .connection = transport_connection_plain(fds[1]),
        .post = mailbox_post,
        .post_context = &rig->in,
    };
    assert_int_equal(dataplane_receiver_create(&config, &receiver), FERRY_OK);
    *fd_out = fds[0];
    return receiver;
}

static void write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        const ssize_t written = send(fd, data, size, MSG_NOSIGNAL);
        if (written < 0) {
            return; /* the receiver has had enough */
        }
        data += written;
        size -= (size_t)written;
    }
}

/* Sends these bytes and closes; returns the report that ended it, before CLOSED. */
static struct dataplane_report feed(struct rig *rig, const uint8_t *data, size_t size)
{
    int fd = -1;
    struct dataplane_receiver *receiver = make_receiver(rig, &fd);
    write_all(fd, data, size);
    (void)close(fd);
    struct dataplane_report last = {.kind = 0};
    struct dataplane_report report = mailbox_next(&rig->in);
    while (report.kind != DATAPLANE_REPORT_CLOSED) {
        last = report;
        report = mailbox_next(&rig->in);
    }
    dataplane_receiver_destroy(receiver);
    return last;
}

static void byte_by_byte_is_placed(void **unused)
{
    (void)unused;
    struct rig *rig = small_rig();
    struct tape tape;
    int fd = -1;
    record(rig, &tape);
    struct dataplane_receiver *receiver = make_receiver(rig, &fd);
    for (size_t i = 0; i < tape.size; i++) {
        write_all(fd, tape.bytes + i, 1);
    }
    assert_int_equal(mailbox_next(&rig->in).event.kind, FERRY_EVENT_BATCH_PLACED);
    assert_int_equal(mailbox_next(&rig->in).event.kind, FERRY_EVENT_BATCH_PLACED);
    assert_int_equal(mailbox_next(&rig->in).event.kind, FERRY_EVENT_BARRIER_REACHED);
    assert_true(rig_equal(rig));
    dataplane_receiver_stop(receiver);
    assert_int_equal(mailbox_next(&rig->in).kind, DATAPLANE_REPORT_CLOSED);
    dataplane_receiver_destroy(receiver);
    (void)close(fd);
    free(tape.bytes);
    rig_destroy(rig);
}

static void cut_at_any_byte_is_an_error(void **unused)
{
    (void)unused;
    struct rig *rig = small_rig();
    struct tape tape;
    record(rig, &tape);
    for (size_t size = 0; size < tape.size; size += size < 80 || size + 80 > tape.size ? 1 : 509) {
        const struct dataplane_report last = feed(rig, tape.bytes, size);
        assert_int_equal(last.event.kind, FERRY_EVENT_DETACHED);
        assert_int_equal(last.event.status, FERRY_WORLD_LINK);
        assert_string_not_equal(last.reason, "");
    }
    free(tape.bytes);
    rig_destroy(rig);
}

static void changed_byte_of_a_paused_batch_is_found(void **unused)
{
    (void)unused;
    struct rig *rig = small_rig();
    struct tape tape;
    record(rig, &tape);
    for (size_t at = 0; at + 20 < tape.size; at += at < 80 ? 1 : 1021) {
        tape.bytes[at] ^= 0x40;
        const struct dataplane_report last = feed(rig, tape.bytes, tape.size);
        tape.bytes[at] ^= 0x40;
        assert_int_equal(last.event.kind, FERRY_EVENT_STREAM_ERROR);
        assert_int_equal(ferry_status_category(last.event.status), FERRY_CATEGORY_PEER);
    }
    free(tape.bytes);
    rig_destroy(rig);
}

static void garbage_is_an_error_with_a_name(void **unused)
{
    (void)unused;
    struct rig *rig = small_rig();
    uint8_t garbage[4096];
    memset(garbage, 0xff, sizeof(garbage));

    const struct dataplane_report last = feed(rig, garbage, sizeof(garbage));

    assert_int_equal(last.event.kind, FERRY_EVENT_STREAM_ERROR);
    assert_string_equal(last.reason, ferry_status_sentence(last.event.status));
    rig_destroy(rig);
}

/* More device state than the rig's receivers have room for. */
static void too_much_device_state_is_refused(void **unused)
{
    (void)unused;
    struct rig *rig = small_rig();
    uint8_t *state = calloc(1, RIG_STATE_MAX + 1);
    const struct ferry_batch batch = {.number = 1, .attempt = 1, .state_size = RIG_STATE_MAX + 1};
    assert_non_null(state);
    assert_int_equal(dataplane_sender_batch(rig->senders[0], &batch, 1, state), FERRY_OK);

    const struct dataplane_report report = mailbox_next(&rig->in);

    assert_int_equal(report.event.kind, FERRY_EVENT_STREAM_ERROR);
    assert_int_equal(report.event.status, FERRY_LIMIT_SIZE);
    rig_destroy(rig);
    free(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(byte_by_byte_is_placed),
        cmocka_unit_test(cut_at_any_byte_is_an_error),
        cmocka_unit_test(changed_byte_of_a_paused_batch_is_found),
        cmocka_unit_test(garbage_is_an_error_with_a_name),
        cmocka_unit_test(too_much_device_state_is_refused),
    };
    return cmocka_run_group_tests_name("damage_test", tests, NULL, NULL);
}
