/* SPDX-License-Identifier: Apache-2.0 */
/* journal_test.c -- what the journal keeps, what it refuses, and what a failing disk makes of it. */
#include "tests/host/journal/support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    struct bench *bench = bench_create();

    *state = bench;
    return bench_open(bench) == HOST_OK ? 0 : -1;
}

static int teardown(void **state)
{
    bench_destroy(*state);
    return 0;
}

static void reopened_finds_the_records_of_open_sessions(void **state)
{
    struct bench *bench = *state;

    for (unsigned n = 0; n < 4; n++) {
        assert_int_equal(bench_write_and_wait(bench, n), HOST_OK);
    }
    char *before = bench_text(bench);

    assert_int_equal(bench_open(bench), HOST_OK);

    char *after = bench_text(bench);
    const struct journal_session *session =
        journal_session_find(bench->journal, bench_session(0), JOURNAL_ROLE_SOURCE);

    assert_string_equal(before, after);
    assert_non_null(session);
    assert_int_equal(session->record_count, 3);
    assert_non_null(journal_record_find(session, FERRY_RECORD_GRANTED));
    assert_null(journal_record_find(session, FERRY_RECORD_BURNED));
    free(before);
    free(after);
}

static void forgotten_session_leaves_its_guest(void **state)
{
    struct bench *bench = *state;

    for (unsigned n = 0; n < 6; n++) {
        assert_int_equal(bench_write_and_wait(bench, n), HOST_OK);
    }
    assert_int_equal(bench_open(bench), HOST_OK);

    const struct journal_guest *guest = journal_guest_by_name(bench->journal, "guest0");

    assert_null(journal_session_at(bench->journal, 0));
    assert_non_null(guest);
    assert_true(guest->epoch == 1);
    assert_int_equal(guest->config.size, 100);
    assert_ptr_equal(journal_guest_by_id(bench->journal, guest->guest_id), guest);
}

static void each_opening_counts_the_incarnation_and_keeps_the_id(void **state)
{
    struct bench *bench = *state;
    const uint64_t id = journal_id(bench->journal);

    assert_int_equal(journal_incarnation(bench->journal), 1);
    for (unsigned n = 2; n < 5; n++) {
        assert_int_equal(bench_open(bench), HOST_OK);
        assert_int_equal(journal_incarnation(bench->journal), n);
        assert_true(journal_id(bench->journal) == id && id != 0);
    }
}

static void a_record_costs_one_sync(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(bench_write_and_wait(bench, 0), HOST_OK);
    const uint64_t before = bench->disk.operations;
    const uint64_t syncs = bench->disk.syncs;

    assert_int_equal(bench_write_and_wait(bench, 1), HOST_OK);

    assert_int_equal(bench->disk.operations - before, 2); /* one write, one fdatasync */
    assert_int_equal(bench->disk.syncs - syncs, 1);
}

static void waiting_records_share_a_sync_in_their_order(void **state)
{
    struct bench *bench = *state;
    const uint64_t syncs = bench->disk.syncs;

    for (unsigned n = 0; n < 12; n++) {
        assert_int_equal(bench_write(bench, n), HOST_OK);
    }
    bench_settle(bench);

    assert_int_equal(bench->good, 12);
    assert_true(bench->disk.syncs - syncs <= 2);
}

static void more_than_a_log_holds_goes_on_in_a_new_one(void **state)
{
    struct bench *bench = *state;
    const size_t logs = bench->disk.file_count;

    for (unsigned n = 0; n < 600; n++) {
        assert_int_equal(bench_write_and_wait(bench, n), HOST_OK);
    }
    char *before = bench_text(bench);

    assert_true(bench->disk.file_count > logs + 2);
    assert_int_equal(bench_open(bench), HOST_OK);
    char *after = bench_text(bench);

    assert_string_equal(before, after);
    assert_non_null(journal_guest_at(bench->journal, 49));
    free(before);
    free(after);
}

static void second_daemon_is_refused(void **state)
{
    struct bench *bench = *state;
    struct journal *second = NULL;
    const struct journal_options options = {
        .loop = bench->loop, .folder = "/nowhere", .io = &bench->disk.io};

    assert_int_equal(journal_open(&options, &second, &bench->error), HOST_LOCKED);
    assert_non_null(strstr(bench->error.text, "another ferryd"));
    assert_true(bench->error.next_step[0] != '\0');
    assert_null(second);
}

static void failed_sync_refuses_new_sessions_and_serves_open_ones(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(bench_write_and_wait(bench, 0), HOST_OK);
    assert_int_equal(bench_write_and_wait(bench, 1), HOST_OK);
    bench->disk.fail_at = bench->disk.operations + 1; /* the fdatasync */
    bench->disk.fail_number = EIO;

    assert_int_equal(bench_write_and_wait(bench, 2), HOST_IO);

    assert_int_equal(journal_takes_sessions(bench->journal, &bench->error), HOST_JOURNAL_CLOSED);
    assert_int_equal(bench_write(bench, 6), HOST_JOURNAL_CLOSED);
    assert_non_null(strstr(bench->error.next_step, "restart"));
    assert_int_equal(bench_write_and_wait(bench, 4), HOST_OK);

    /* The failed record is not in what was written anew, and the restarted daemon is whole. */
    assert_int_equal(bench_open(bench), HOST_OK);
    const struct journal_session *session = journal_session_at(bench->journal, 0);

    assert_null(journal_record_find(session, FERRY_RECORD_GRANTED));
    assert_non_null(journal_record_find(session, FERRY_RECORD_ENDED));
    assert_int_equal(journal_takes_sessions(bench->journal, NULL), HOST_OK);
}

static void failed_sync_is_never_tried_again(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(bench_write_and_wait(bench, 0), HOST_OK);
    const uint64_t before = bench->disk.operations;

    bench->disk.fail_at = before + 1;
    bench->disk.fail_number = EIO;
    assert_int_equal(bench_write_and_wait(bench, 1), HOST_IO);

    assert_int_equal(bench->disk.operations - before, 2);
}

/* Writes the story until a transaction is not taken, or fails; returns its number. */
static unsigned write_until_refused(struct bench *bench)
{
    unsigned n = 0;

    while (n < 600 && bench_write_and_wait(bench, n) == HOST_OK) {
        n++;
    }
    assert_true(n < 600);
    return n;
}

static void full_disk_refuses_new_sessions_by_name_and_loses_nothing(void **state)
{
    struct bench *bench = *state;

    bench->disk.full = true;
    const unsigned n = write_until_refused(bench);
    char *before = bench_text(bench);

    assert_int_equal(n % 6, 0); /* the beginning of a session */
    assert_int_equal(journal_takes_sessions(bench->journal, &bench->error), HOST_DISK_FULL);
    assert_non_null(strstr(bench->error.next_step, "make room"));
    bench->disk.full = false;
    assert_int_equal(bench_open(bench), HOST_OK);
    char *after = bench_text(bench);

    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void full_disk_still_takes_records_of_open_sessions(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(bench_write_and_wait(bench, 1000 * 6), HOST_OK);
    bench->disk.full = true;
    (void)write_until_refused(bench);

    assert_int_equal(bench_write_and_wait(bench, 1000 * 6 + 1), HOST_OK);
    assert_int_equal(bench_write_and_wait(bench, 1000 * 6 + 2), HOST_OK);
}

static void space_made_again_lets_sessions_begin(void **state)
{
    struct bench *bench = *state;

    bench->disk.full = true;
    const unsigned n = write_until_refused(bench);

    bench->disk.full = false;
    (void)bench_write(bench, n); /* may still be refused: it makes the journal look */
    bench_settle(bench);

    assert_int_equal(bench_write_and_wait(bench, n), HOST_OK);
    assert_int_equal(journal_takes_sessions(bench->journal, NULL), HOST_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            reopened_finds_the_records_of_open_sessions, setup, teardown),
        cmocka_unit_test_setup_teardown(forgotten_session_leaves_its_guest, setup, teardown),
        cmocka_unit_test_setup_teardown(
            each_opening_counts_the_incarnation_and_keeps_the_id, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_costs_one_sync, setup, teardown),
        cmocka_unit_test_setup_teardown(
            waiting_records_share_a_sync_in_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(
            more_than_a_log_holds_goes_on_in_a_new_one, setup, teardown),
        cmocka_unit_test_setup_teardown(second_daemon_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(
            failed_sync_refuses_new_sessions_and_serves_open_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(failed_sync_is_never_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(
            full_disk_refuses_new_sessions_by_name_and_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(
            full_disk_still_takes_records_of_open_sessions, setup, teardown),
        cmocka_unit_test_setup_teardown(space_made_again_lets_sessions_begin, setup, teardown),
    };

    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
