/* SPDX-License-Identifier: Apache-2.0 */
/* files.c -- the journal's files on a real disk. */
#include "engine/host/base/fd.h"
#include "engine/host/journal/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct files {
    int folder;
    int lock;
    int log;
    int next;
};

static void files_close(void *context)
{
    struct files *files = context;

    fd_close(&files->log);
    fd_close(&files->next);
    fd_close(&files->lock);
    fd_close(&files->folder);
}

/* The lock belongs to the open file, and goes with the process however that ends. */
static int take_lock(struct files *files)
{
    char text[32];

    files->lock = openat(files->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (files->lock < 0 || flock(files->lock, LOCK_EX | LOCK_NB) != 0) {
        return errno;
    }
    const int size = snprintf(text, sizeof text, "%ld\n", (long)getpid());

    /* For people alone: what holds is the lock, not the number. */
    if (ftruncate(files->lock, 0) != 0 || pwrite(files->lock, text, (size_t)size, 0) != size) {
        return 0;
    }
    return 0;
}

static int files_open(void *context, const char *path)
{
    struct files *files = context;
    struct host_error error;

    if (folder_make(path, 0700, &error) != HOST_OK) {
        return error.code == HOST_DISK_FULL ? ENOSPC : errno;
    }
    files->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (files->folder < 0) {
        return errno;
    }
    const int failed = take_lock(files);

    if (failed != 0) {
        files_close(files);
    }
    return failed;
}

static int read_whole(int fd, size_t size, uint8_t **data_out)
{
    uint8_t *data = malloc(size == 0 ? 1 : size);
    size_t done = 0;

    if (data == NULL) {
        return ENOMEM;
    }
    while (done < size) {
        const ssize_t got = pread(fd, data + done, size - done, (off_t)done);

        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            const int failed = got == 0 ? EIO : errno;

            free(data);
            return failed;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    *data_out = data;
    return 0;
}

static int files_read_log(void *context, size_t max_size, uint8_t **data_out, size_t *size_out)
{
    struct files *files = context;
    struct stat found;
    int fd = openat(files->folder, JOURNAL_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0) {
        return errno;
    }
    int failed = fstat(fd, &found) != 0 ? errno : 0;

    if (failed == 0 && !S_ISREG(found.st_mode)) {
        failed = EINVAL;
    }
    if (failed == 0 && (uint64_t)found.st_size > max_size) {
        failed = EFBIG;
    }
    if (failed == 0) {
        failed = read_whole(fd, (size_t)found.st_size, data_out);
        *size_out = (size_t)found.st_size;
    }
    fd_close(&fd);
    return failed;
}

static int files_create_next(void *context)
{
    struct files *files = context;

    fd_close(&files->next);
    files->next = openat(
        files->folder,
        JOURNAL_NAME_NEW,
        O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
        0600);
    return files->next < 0 ? errno : 0;
}

static int write_at(int fd, uint64_t offset, const uint8_t *data, size_t size)
{
    while (size > 0) {
        const ssize_t written = pwrite(fd, data, size, (off_t)offset);

        if (written < 0 && errno != EINTR) {
            return errno;
        }
        if (written > 0) {
            data += written;
            offset += (uint64_t)written;
            size -= (size_t)written;
        }
    }
    return 0;
}

static int files_write_next(void *context, const void *data, size_t size)
{
    const struct files *files = context;

    return write_at(files->next, 0, data, size);
}

static int files_sync_next(void *context)
{
    const struct files *files = context;

    return fsync(files->next) != 0 ? errno : 0;
}

static int files_adopt_next(void *context)
{
    struct files *files = context;

    if (renameat(files->folder, JOURNAL_NAME_NEW, files->folder, JOURNAL_NAME) != 0) {
        return errno;
    }
    fd_close(&files->log);
    files->log = files->next;
    files->next = -1;
    return 0;
}

static int files_sync_folder(void *context)
{
    const struct files *files = context;

    return fsync(files->folder) != 0 ? errno : 0;
}

static int files_write_log(void *context, uint64_t offset, const void *data, size_t size)
{
    const struct files *files = context;

    return write_at(files->log, offset, data, size);
}

static int files_sync_log(void *context)
{
    const struct files *files = context;

    return fdatasync(files->log) != 0 ? errno : 0;
}

int journal_files_create(struct journal_io *io_out)
{
    struct files *files = malloc(sizeof *files);

    if (files == NULL) {
        return ENOMEM;
    }
    *files = (struct files){.folder = -1, .lock = -1, .log = -1, .next = -1};
    *io_out = (struct journal_io){
        .context = files,
        .open_folder = files_open,
        .close_folder = files_close,
        .read_log = files_read_log,
        .create_next = files_create_next,
        .write_next = files_write_next,
        .sync_next = files_sync_next,
        .adopt_next = files_adopt_next,
        .sync_folder = files_sync_folder,
        .write_log = files_write_log,
        .sync_log = files_sync_log,
    };
    return 0;
}

void journal_files_destroy(struct journal_io *io)
{
    if (io->context != NULL) {
        files_close(io->context);
        free(io->context);
        io->context = NULL;
    }
}
