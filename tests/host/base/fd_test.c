/* SPDX-License-Identifier: Apache-2.0 */
/* fd_test.c -- descriptors across a socket, shared memory, small files. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "engine/host/base/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SIZE ((uint64_t)65536)

static void memory_is_shared_with_whoever_gets_its_descriptor(void **unused)
{
    int ends[2];
    int memory = -1;
    struct fd_received received;
    char text[8];
    void *here = NULL;
    void *there = NULL;

    (void)unused;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(memory_create("test", SIZE, FD_HUGE_NONE, &memory, NULL), HOST_OK);
    assert_int_equal(fd_send(ends[0], "ram", 3, &memory, 1, NULL), HOST_OK);
    assert_int_equal(fd_receive(ends[1], text, sizeof text, &received, NULL), HOST_OK);
    assert_int_equal(received.size, 3);
    assert_int_equal(received.fd_count, 1);
    assert_true((fcntl(received.fds[0], F_GETFD) & FD_CLOEXEC) != 0);

    assert_int_equal(memory_map(memory, SIZE, true, &here, NULL), HOST_OK);
    assert_int_equal(memory_map(received.fds[0], SIZE, false, &there, NULL), HOST_OK);
    memcpy((char *)here + 4096, "hello", 6);
    assert_string_equal((const char *)there + 4096, "hello");

    memory_unmap(here, SIZE);
    memory_unmap(there, SIZE);
    fd_close(&memory);
    fd_close(&received.fds[0]);
    fd_close(&ends[0]);
    fd_close(&ends[1]);
    assert_int_equal(memory, -1);
}

static void message_that_was_cut_is_refused(void **unused)
{
    int ends[2];
    struct fd_received received;
    char text[2];

    (void)unused;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(fd_send(ends[0], "long", 4, NULL, 0, NULL), HOST_OK);
    assert_int_equal(fd_receive(ends[1], text, sizeof text, &received, NULL), HOST_PROTOCOL);
    fd_close(&ends[0]);
    assert_int_equal(fd_receive(ends[1], text, sizeof text, &received, NULL), HOST_OK);
    assert_int_equal(received.size, 0);
    fd_close(&ends[1]);
}

static void memory_that_may_shrink_or_has_another_size_is_refused(void **unused)
{
    void *address = NULL;
    int good = -1;
    int open = memfd_create("open", MFD_CLOEXEC);

    (void)unused;
    assert_true(open >= 0);
    assert_int_equal(ftruncate(open, (off_t)SIZE), 0);
    assert_int_equal(memory_map(open, SIZE, true, &address, NULL), HOST_PROTOCOL);
    assert_int_equal(memory_create("test", SIZE, FD_HUGE_NONE, &good, NULL), HOST_OK);
    assert_int_equal(memory_map(good, 2 * SIZE, true, &address, NULL), HOST_PROTOCOL);
    assert_int_not_equal(ftruncate(good, 0), 0);
    assert_null(address);
    fd_close(&open);
    fd_close(&good);
}

static void files_are_read_up_to_a_bound(void **unused)
{
    char folder[] = "/tmp/ferry-fd-XXXXXX";
    char path[64];
    char deep[64];
    char *text = NULL;
    size_t size = 0;
    struct host_error error;

    (void)unused;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/f", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_int_equal(fd_write_all(fd, "12345", 5, NULL), HOST_OK);
    fd_close(&fd);
    assert_int_equal(file_read(path, 5, &text, &size, &error), HOST_OK);
    assert_int_equal(size, 5);
    assert_string_equal(text, "12345");
    free(text);
    assert_int_equal(file_read(path, 4, &text, &size, &error), HOST_LIMIT);
    assert_non_null(strstr(error.text, path));
    (void)snprintf(deep, sizeof deep, "%s/f/x", folder);
    assert_int_equal(folder_make(deep, 0700, &error), HOST_EXISTS);
    (void)snprintf(deep, sizeof deep, "%s/a/b", folder);
    assert_int_equal(folder_make(deep, 0700, NULL), HOST_OK);
    assert_int_equal(folder_make(deep, 0700, NULL), HOST_OK);
    assert_int_equal(rmdir(deep), 0);
    (void)snprintf(deep, sizeof deep, "%s/a", folder);
    assert_int_equal(rmdir(deep), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_shared_with_whoever_gets_its_descriptor),
        cmocka_unit_test(message_that_was_cut_is_refused),
        cmocka_unit_test(memory_that_may_shrink_or_has_another_size_is_refused),
        cmocka_unit_test(files_are_read_up_to_a_bound),
    };

    return cmocka_run_group_tests_name("base/fd", tests, NULL, NULL);
}
