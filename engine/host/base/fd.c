/* SPDX-License-Identifier: Apache-2.0 */
/* fd.c -- descriptors, clocks, random numbers, small files. */
#include "engine/host/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static ferry_time_ns clock_time(clockid_t clock)
{
    struct timespec time;

    if (clock_gettime(clock, &time) != 0) {
        abort(); /* both clocks are in every kernel */
    }
    return (ferry_time_ns)time.tv_sec * FERRY_SECOND + time.tv_nsec;
}

ferry_time_ns host_now(void)
{
    return clock_time(CLOCK_MONOTONIC);
}

ferry_time_ns host_wall_clock(void)
{
    return clock_time(CLOCK_REALTIME);
}

void fd_close(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

enum host_code fd_set_nonblocking(int fd, struct host_error *error)
{
    const int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        return host_fail_errno(error, errno, "descriptor %d", fd);
    }
    return HOST_OK;
}

enum host_code fd_write_all(int fd, const void *data, size_t size, struct host_error *error)
{
    const uint8_t *bytes = data;

    while (size > 0) {
        const ssize_t written = write(fd, bytes, size);

        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return host_fail_errno(error, errno, "writing");
        }
        bytes += written;
        size -= (size_t)written;
    }
    return HOST_OK;
}

enum host_code fd_read_all(int fd, void *data, size_t size, struct host_error *error)
{
    uint8_t *bytes = data;

    while (size > 0) {
        const ssize_t got = read(fd, bytes, size);

        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            return host_fail_errno(error, errno, "reading");
        }
        if (got == 0) {
            return host_fail(error, HOST_CLOSED, "reading: %zu bytes are missing at the end", size);
        }
        bytes += got;
        size -= (size_t)got;
    }
    return HOST_OK;
}

/* Reads until the end or one byte more than allowed: files may grow while they are read. */
static enum host_code
read_to_end(int fd, size_t max_size, char **text_out, size_t *size_out, struct host_error *error)
{
    size_t capacity = max_size < 65536 ? max_size + 2 : 65536;
    size_t size = 0;
    char *text = malloc(capacity);

    while (text != NULL) {
        if (size + 1 >= capacity) {
            char *larger = realloc(text, capacity * 2);

            if (larger == NULL) {
                break;
            }
            text = larger;
            capacity *= 2;
        }
        const ssize_t got = read(fd, text + size, capacity - size - 1);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            const int number = errno;

            free(text);
            return host_fail_errno(error, number, "reading");
        }
        size += (size_t)got;
        if (size > max_size) {
            free(text);
            return host_fail(error, HOST_LIMIT, "larger than %zu bytes", max_size);
        }
        if (got == 0) {
            text[size] = '\0';
            *text_out = text;
            *size_out = size;
            return HOST_OK;
        }
    }
    free(text);
    return host_fail(error, HOST_MEMORY, "no memory to read it");
}

enum host_code file_read(
    const char *path, size_t max_size, char **text_out, size_t *size_out, struct host_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) {
        return host_fail_errno(error, errno, "%s", path);
    }
    const enum host_code code = read_to_end(fd, max_size, text_out, size_out, error);

    fd_close(&fd);
    if (code != HOST_OK) {
        host_error_prefix(error, "%s", path);
    }
    return code;
}

static enum host_code make_one(const char *path, mode_t mode, struct host_error *error)
{
    struct stat found;

    if (mkdir(path, mode) == 0) {
        return HOST_OK;
    }
    if (errno != EEXIST) {
        return host_fail_errno(error, errno, "%s: making the folder", path);
    }
    if (stat(path, &found) != 0) {
        return host_fail_errno(error, errno, "%s", path);
    }
    if (!S_ISDIR(found.st_mode)) {
        return host_fail(error, HOST_EXISTS, "%s: is there, and is no folder", path);
    }
    return HOST_OK;
}

enum host_code folder_make(const char *path, mode_t mode, struct host_error *error)
{
    char part[PATH_MAX];
    const size_t length = strlen(path);

    if (length == 0 || length >= sizeof part) {
        return host_fail(error, HOST_USAGE, "a path of %zu bytes", length);
    }
    enum host_code code = HOST_OK;

    for (size_t i = 1; i <= length && code == HOST_OK; i++) {
        if ((path[i] == '/' && path[i - 1] != '/') || i == length) {
            memcpy(part, path, i);
            part[i] = '\0';
            code = make_one(part, mode, error);
        }
    }
    return code;
}

void host_random(void *data, size_t size)
{
    uint8_t *bytes = data;

    while (size > 0) {
        const ssize_t got = getrandom(bytes, size, 0);

        if (got < 0 && errno != EINTR) {
            abort();
        }
        if (got > 0) {
            bytes += got;
            size -= (size_t)got;
        }
    }
}
