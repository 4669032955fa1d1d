/* SPDX-License-Identifier: Apache-2.0 */
/* files_test.c -- the journal on a real disk: found again, locked, without space, without rights. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "engine/host/journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct bench {
    char folder[40];
    char path[64];
    struct loop *loop;
    struct journal *journal;
    struct host_error error;
    int done;
    enum host_code code;
};

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);

    (void)snprintf(bench->folder, sizeof bench->folder, "/tmp/ferry-journal-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    (void)snprintf(bench->path, sizeof bench->path, "%s/a/journal", bench->folder);
    assert_int_equal(loop_create(&bench->loop, NULL), HOST_OK);
    *state = bench;
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    journal_close(bench->journal);
    loop_destroy(bench->loop);
    (void)nftw(bench->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(bench);
    return 0;
}

static enum host_code open_journal(struct bench *bench, struct journal **journal_out)
{
    const struct journal_options options = {.loop = bench->loop, .folder = bench->path};

    return journal_open(&options, journal_out, &bench->error);
}

static void on_done(void *context, enum host_code code, const struct host_error *error)
{
    struct bench *bench = context;

    (void)error;
    bench->done++;
    bench->code = code;
}

static enum host_code
write_and_wait(struct bench *bench, const struct journal_transaction *transaction)
{
    const enum host_code code =
        journal_write(bench->journal, transaction, on_done, bench, &bench->error);

    if (code != HOST_OK) {
        return code;
    }
    while (!journal_idle(bench->journal)) {
        assert_int_equal(loop_turn(bench->loop, FERRY_TIME_NEVER, NULL), HOST_OK);
    }
    return bench->code;
}

static enum host_code write_record(struct bench *bench, uint64_t session)
{
    static const uint8_t bytes[100] = {1, 2, 3};
    const struct ferry_record record = {
        .kind = FERRY_RECORD_SESSION, .bytes = {.data = bytes, .size = sizeof bytes}
    };

    return write_and_wait(
        bench,
        &(struct journal_transaction){
            .session = {.high = session, .low = 1},
            .role = JOURNAL_ROLE_TARGET,
            .record = &record,
    });
}

static enum host_code forget(struct bench *bench, uint64_t session)
{
    return write_and_wait(
        bench,
        &(struct journal_transaction){
            .session = {.high = session, .low = 1},
            .role = JOURNAL_ROLE_TARGET,
            .forget = true,
    });
}

static void journal_is_made_private_and_found_again(void **state)
{
    struct bench *bench = *state;
    struct stat found;

    assert_int_equal(open_journal(bench, &bench->journal), HOST_OK);
    assert_int_equal(write_record(bench, 5), HOST_OK);
    assert_true(journal_last_write_time(bench->journal) > 0);
    const uint64_t id = journal_id(bench->journal);

    journal_close(bench->journal);
    assert_int_equal(stat(bench->path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0700);
    assert_int_equal(open_journal(bench, &bench->journal), HOST_OK);
    assert_true(journal_id(bench->journal) == id);
    assert_int_equal(journal_incarnation(bench->journal), 2);
    assert_non_null(journal_session_at(bench->journal, 0));
    assert_null(journal_session_at(bench->journal, 1));
}

static void second_opener_is_refused_until_the_first_is_gone(void **state)
{
    struct bench *bench = *state;
    struct journal *second = NULL;

    assert_int_equal(open_journal(bench, &bench->journal), HOST_OK);
    assert_int_equal(open_journal(bench, &second), HOST_LOCKED);
    assert_non_null(strstr(bench->error.next_step, "/lock"));
    assert_int_equal(write_record(bench, 1), HOST_OK); /* the first is not disturbed */
    journal_close(bench->journal);
    assert_int_equal(open_journal(bench, &bench->journal), HOST_OK);
}

/* A child opens it, writes, and is killed between one write and the next. */
static void killed_daemon_leaves_a_journal_that_opens(void **state)
{
    struct bench *bench = *state;
    int pipes[2];
    char byte = 0;
    int status = 0;

    assert_int_equal(pipe(pipes), 0);
    const pid_t pid = fork();

    if (pid == 0) {
        if (open_journal(bench, &bench->journal) != HOST_OK) {
            _exit(1);
        }
        for (uint64_t i = 1;; i++) {
            if (write_record(bench, i) != HOST_OK || write(pipes[1], "x", 1) != 1) {
                _exit(1);
            }
        }
    }
    (void)close(pipes[1]);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(read(pipes[0], &byte, 1), 1);
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    unsigned reported = 20;

    while (read(pipes[0], &byte, 1) == 1) {
        reported++;
    }
    (void)close(pipes[0]);
    assert_int_equal(open_journal(bench, &bench->journal), HOST_OK);
    unsigned found = 0;

    while (journal_session_at(bench->journal, found) != NULL) {
        found++;
    }
    assert_in_range(found, reported, reported + 1);
}

static void what_is_no_journal_is_refused_and_left_alone(void **state)
{
    struct bench *bench = *state;
    char path[96];
    struct stat found;

    assert_int_equal(open_journal(bench, &bench->journal), HOST_OK);
    journal_close(bench->journal);
    bench->journal = NULL;
    (void)snprintf(path, sizeof path, "%s/journal", bench->path);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(open_journal(bench, &bench->journal), HOST_DAMAGED);
    assert_non_null(strstr(bench->error.text, bench->path));
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_size, 0);
}

static void file_in_the_way_is_named(void **state)
{
    struct bench *bench = *state;
    int fd = -1;

    (void)snprintf(bench->path, sizeof bench->path, "%s/file", bench->folder);
    fd = open(bench->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_not_equal(open_journal(bench, &bench->journal), HOST_OK);
    assert_non_null(strstr(bench->error.text, bench->path));
}

/* A file system of 3 MiB holds one log of 2 MiB, and not the next beside it. */
static void full_file_system_is_named_and_the_journal_stays_good(void **state)
{
    struct bench *bench = *state;

    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", bench->folder, "tmpfs", 0, "size=3m") != 0) {
        print_message("skipped: a file system of its own needs root: %s\n", strerror(errno));
        skip();
    }
    assert_int_equal(open_journal(bench, &bench->journal), HOST_OK);
    uint64_t n = 1;

    while (n < 3000 && write_record(bench, n) == HOST_OK && forget(bench, n - 1) == HOST_OK) {
        n++;
    }
    assert_true(n > 100 && n < 3000);
    assert_int_equal(journal_takes_sessions(bench->journal, &bench->error), HOST_DISK_FULL);
    assert_non_null(strstr(bench->error.next_step, "make room"));
    journal_close(bench->journal);
    bench->journal = NULL;

    /* Even a start needs space: it says so, and what is there is found once there is some. */
    assert_int_equal(open_journal(bench, &bench->journal), HOST_DISK_FULL);
    assert_int_equal(mount(NULL, bench->folder, NULL, MS_REMOUNT, "size=16m"), 0);
    assert_int_equal(open_journal(bench, &bench->journal), HOST_OK);
    assert_non_null(journal_session_at(bench->journal, 0));
    assert_true(journal_session_at(bench->journal, 0)->session.high == n - 1);
    journal_close(bench->journal);
    bench->journal = NULL;
    assert_int_equal(umount2(bench->folder, MNT_DETACH), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(journal_is_made_private_and_found_again),
        TEST(second_opener_is_refused_until_the_first_is_gone),
        TEST(killed_daemon_leaves_a_journal_that_opens),
        TEST(what_is_no_journal_is_refused_and_left_alone),
        TEST(file_in_the_way_is_named),
        TEST(full_file_system_is_named_and_the_journal_stays_good),
    };

    return cmocka_run_group_tests_name("journal/files", tests, NULL, NULL);
}
