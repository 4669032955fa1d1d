/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd.h -- small things about file descriptors, clocks and random numbers that every room of the
 * host needs, each done right once: short writes, EINTR, close-on-exec, passing descriptors.
 */
#ifndef FERRY_HOST_BASE_FD_H
#define FERRY_HOST_BASE_FD_H

#include "engine/host/base/error.h"
#include "ferry/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* CLOCK_MONOTONIC: the time that is handed to the engine. */
ferry_time_ns host_now(void);
/* CLOCK_REALTIME: for logs, events and certificates only. */
ferry_time_ns host_wall_clock(void);

/* Closes *fd if it is one, and makes it -1. */
void fd_close(int *fd);
FERRY_NODISCARD
enum host_code fd_set_nonblocking(int fd, struct host_error *error);

/* All of it, whatever signals and short transfers come between; for blocking descriptors. */
FERRY_NODISCARD
enum host_code fd_write_all(int fd, const void *data, size_t size, struct host_error *error);
/* Exactly `size` bytes; CLOSED if the end comes before. */
FERRY_NODISCARD
enum host_code fd_read_all(int fd, void *data, size_t size, struct host_error *error);

/* A whole small file with a zero behind it; LIMIT beyond max_size. To be freed by the caller. */
FERRY_NODISCARD
enum host_code file_read(
    const char *path, size_t max_size, char **text_out, size_t *size_out, struct host_error *error);

/* Makes the folder and those above it, with this mode for what is new. */
FERRY_NODISCARD
enum host_code folder_make(const char *path, mode_t mode, struct host_error *error);

/* From the kernel; never fails but on kernels without getrandom, where it aborts. */
void host_random(void *data, size_t size);

/* -- descriptors across a Unix socket ----------------------------------------------------------- */

#define FD_PASS_MAX 8

/* One message with its descriptors (they stay the caller's). Blocks as the socket does; IO with
 * EAGAIN's text on a socket that does not block and is full. */
FERRY_NODISCARD
enum host_code fd_send(
    int socket,
    const void *data,
    size_t size,
    const int *fds,
    size_t fd_count,
    struct host_error *error);

/* What came with a message. */
struct fd_received {
    size_t size; /* bytes; 0: the other side closed */
    size_t fd_count;
    int fds[FD_PASS_MAX]; /* the receiver's now, close-on-exec */
};

/* One message of at most `size` bytes and FD_PASS_MAX descriptors. A message or a list of
 * descriptors that was cut is PROTOCOL, and what came of it is closed. */
FERRY_NODISCARD
enum host_code fd_receive(
    int socket,
    void *data,
    size_t size,
    struct fd_received *received_out,
    struct host_error *error);

/* -- shared memory ------------------------------------------------------------------------------ */

enum fd_huge { FD_HUGE_NONE = 0, FD_HUGE_TRANSPARENT, FD_HUGE_EXPLICIT };

/* A memfd of `size` bytes, sealed against growing and shrinking, so that no one who holds it can
 * make the others fault. EXPLICIT takes 2 MiB pages from the pool; MEMORY says so if it is empty. */
FERRY_NODISCARD
enum host_code memory_create(
    const char *name, uint64_t size, enum fd_huge huge, int *fd_out, struct host_error *error);

/* Maps all of a memfd that came from somebody else; its size must be `size` and it must be sealed
 * against shrinking, or PROTOCOL. */
FERRY_NODISCARD
enum host_code
memory_map(int fd, uint64_t size, bool writable, void **address_out, struct host_error *error);
void memory_unmap(void *address, uint64_t size); /* NULL is fine */

#endif
