/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk.h -- a disk in memory that forgets, like a real one, what was not synced.
 *
 * Each file has what the kernel's cache holds and what is durable, in sectors of 512 bytes; the
 * name `journal` has both too. A crash decides by a seed, for each sector that was not synced,
 * whether it reached the disk, and likewise for the rename. Each call counts as one operation; one
 * of them can be made to fail, and from one of them on the machine can be dead.
 */
#ifndef TESTS_HOST_JOURNAL_DISK_H
#define TESTS_HOST_JOURNAL_DISK_H

#include "engine/host/journal/journal_io.h"

#include <stdatomic.h>

#define DISK_NEVER UINT64_MAX

struct disk_file {
    uint8_t *cached;
    size_t cached_size;
    uint8_t *durable;
    size_t durable_size;
};

struct disk {
    struct journal_io io;
    struct disk_file files[256]; /* each log of a journal's life */
    size_t file_count;
    int named_cached; /* index of the file that `journal` names; -1 none */
    int named_durable;
    int log; /* open for writing */
    int next;
    bool locked;
    _Atomic uint64_t operations; /* that write */
    uint64_t fail_at;            /* this operation fails ... */
    int fail_number;             /* ... with this errno, and does nothing */
    bool fail_on;                /* all later ones too */
    bool full;                   /* no space for a new log */
    uint64_t dead_at;            /* this operation and all later ones never happen */
    uint64_t syncs;              /* of the open log */
};

void disk_init(struct disk *disk);
void disk_deinit(struct disk *disk);
/* Power off and on: nothing is open, nothing fails. */
void disk_crash(struct disk *disk, uint64_t seed);
/* The bytes of the file `journal` as a reader sees them. */
uint8_t *disk_bytes(struct disk *disk, size_t *size_out);

#endif
