/* SPDX-License-Identifier: Apache-2.0 */
/* disk.c -- the disk in memory. */
#include "tests/host/journal/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512U

/* Counts an operation; what it returns other than 0 has not happened. */
static int operate(struct disk *disk)
{
    const uint64_t number = disk->operations++;

    if (number >= disk->dead_at) {
        return EIO;
    }
    if (number == disk->fail_at || (disk->fail_on && number > disk->fail_at)) {
        return disk->fail_number;
    }
    return 0;
}

static int disk_open_folder(void *context, const char *path)
{
    struct disk *disk = context;

    (void)path;
    if (disk->locked) {
        return EWOULDBLOCK;
    }
    disk->locked = true;
    return 0;
}

static void disk_close_folder(void *context)
{
    struct disk *disk = context;

    disk->locked = false;
}

static int disk_read_log(void *context, size_t max_size, uint8_t **data_out, size_t *size_out)
{
    struct disk *disk = context;

    if (disk->named_cached < 0) {
        return ENOENT;
    }
    const struct disk_file *file = &disk->files[disk->named_cached];

    if (file->cached_size > max_size) {
        return EFBIG;
    }
    *data_out = malloc(file->cached_size + 1);
    memcpy(*data_out, file->cached, file->cached_size);
    *size_out = file->cached_size;
    return 0;
}

static int disk_create_next(void *context)
{
    struct disk *disk = context;
    const int failed = operate(disk);

    if (failed == 0) {
        if (disk->file_count == sizeof disk->files / sizeof disk->files[0]) {
            abort(); /* a test with more logs than the table has */
        }
        disk->next = (int)disk->file_count;
        disk->file_count++;
    }
    return failed;
}

static void put(struct disk_file *file, uint64_t offset, const void *data, size_t size)
{
    if (offset + size > file->cached_size) {
        file->cached = realloc(file->cached, offset + size);
        memset(file->cached + file->cached_size, 0, offset + size - file->cached_size);
        file->cached_size = offset + size;
    }
    memcpy(file->cached + offset, data, size);
}

static void sync_file(struct disk_file *file)
{
    file->durable = realloc(file->durable, file->cached_size + 1);
    if (file->cached_size > 0) {
        memcpy(file->durable, file->cached, file->cached_size);
    }
    file->durable_size = file->cached_size;
}

static int disk_write_next(void *context, const void *data, size_t size)
{
    struct disk *disk = context;
    const int failed = operate(disk);

    if (failed == 0 && disk->full) {
        return ENOSPC;
    }
    if (failed == 0) {
        put(&disk->files[disk->next], 0, data, size);
    }
    return failed;
}

static int disk_sync_next(void *context)
{
    struct disk *disk = context;
    const int failed = operate(disk);

    if (failed == 0) {
        sync_file(&disk->files[disk->next]);
    }
    return failed;
}

static int disk_adopt_next(void *context)
{
    struct disk *disk = context;
    const int failed = operate(disk);

    if (failed == 0) {
        disk->named_cached = disk->next;
        disk->log = disk->next;
        disk->next = -1;
    }
    return failed;
}

static int disk_sync_folder(void *context)
{
    struct disk *disk = context;
    const int failed = operate(disk);

    if (failed == 0) {
        disk->named_durable = disk->named_cached;
    }
    return failed;
}

static int disk_write_log(void *context, uint64_t offset, const void *data, size_t size)
{
    struct disk *disk = context;
    const int failed = operate(disk);

    if (failed == 0) {
        put(&disk->files[disk->log], offset, data, size);
    }
    return failed;
}

static int disk_sync_log(void *context)
{
    struct disk *disk = context;
    const int failed = operate(disk);

    if (failed == 0) {
        sync_file(&disk->files[disk->log]);
        disk->syncs++;
    }
    return failed;
}

void disk_init(struct disk *disk)
{
    memset(disk, 0, sizeof *disk);
    disk->named_cached = -1;
    disk->named_durable = -1;
    disk->log = -1;
    disk->next = -1;
    disk->fail_at = DISK_NEVER;
    disk->dead_at = DISK_NEVER;
    disk->io = (struct journal_io){
        .context = disk,
        .open_folder = disk_open_folder,
        .close_folder = disk_close_folder,
        .read_log = disk_read_log,
        .create_next = disk_create_next,
        .write_next = disk_write_next,
        .sync_next = disk_sync_next,
        .adopt_next = disk_adopt_next,
        .sync_folder = disk_sync_folder,
        .write_log = disk_write_log,
        .sync_log = disk_sync_log,
    };
}

void disk_deinit(struct disk *disk)
{
    for (size_t i = 0; i < disk->file_count; i++) {
        free(disk->files[i].cached);
        free(disk->files[i].durable);
    }
}

static bool toss(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return (*seed >> 40 & 1) != 0;
}

/* What is left of a file: of each sector the old or the new. */
static void settle(struct disk_file *file, uint64_t *seed)
{
    const size_t size =
        file->durable_size > file->cached_size || (file->durable_size > 0 && toss(seed))
            ? file->durable_size
            : file->cached_size;
    uint8_t *left = calloc(1, size + 1);

    for (size_t at = 0; at < size; at += SECTOR) {
        const size_t length = size - at < SECTOR ? size - at : SECTOR;
        const bool old = toss(seed);

        for (size_t i = at; i < at + length; i++) {
            if (old || i >= file->cached_size) {
                left[i] = i < file->durable_size ? file->durable[i] : 0;
            } else {
                left[i] = file->cached[i];
            }
        }
    }
    free(file->cached);
    file->cached = left;
    file->cached_size = size;
    sync_file(file);
}

void disk_crash(struct disk *disk, uint64_t seed)
{
    for (size_t i = 0; i < disk->file_count; i++) {
        settle(&disk->files[i], &seed);
    }
    if (disk->named_cached != disk->named_durable) {
        if (toss(&seed)) {
            disk->named_durable = disk->named_cached;
        } else {
            disk->named_cached = disk->named_durable;
        }
    }
    disk->log = -1;
    disk->next = -1;
    disk->locked = false;
    disk->fail_at = DISK_NEVER;
    disk->fail_on = false;
    disk->dead_at = DISK_NEVER;
}

uint8_t *disk_bytes(struct disk *disk, size_t *size_out)
{
    struct disk_file *file = &disk->files[disk->named_cached];

    *size_out = file->cached_size;
    return file->cached;
}
