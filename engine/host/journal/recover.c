/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recover.c -- what a log says after whatever happened to it.
 *
 * Transactions are read in the order of their numbers; one good copy of the two is enough. Where a
 * number has no good copy the log has ended, unless
 *
 *     - a good transaction further on was written when the missing one was known to be durable, or
 *     - the log began with more transactions than were found:
 *
 * then something that was reported durable is gone, and the journal must not open. Later
 * transactions that do not know of the missing one were in the same batch, whose one fdatasync
 * never ended; sectors reach the disk in any order. They were never reported, and are dropped.
 */
#include "engine/host/journal/internal.h"

#include <inttypes.h>

struct scan {
    const uint8_t *data;
    size_t size;
    uint64_t log;
    bool log_known;
};

static bool
good_frame(const struct scan *scan, size_t at, struct frame_head *head_out, size_t *size_out)
{
    return frame_check(scan->data + at, scan->size - at, head_out, size_out) &&
           (!scan->log_known || head_out->log == scan->log);
}

/* The frame with this number at `at`, or, if its first copy is bad, its twin behind it. */
static bool find_frame(
    const struct scan *scan,
    uint64_t sequence,
    size_t at,
    size_t *found_out,
    struct frame_head *head_out,
    size_t *size_out)
{
    const size_t end = at + JOURNAL_FRAME_MAX + JOURNAL_SECTOR;

    for (size_t here = at; here < end && here < scan->size; here += JOURNAL_SECTOR) {
        if (good_frame(scan, here, head_out, size_out) && head_out->sequence == sequence) {
            *found_out = here;
            return true;
        }
    }
    return false;
}

/* Does anything behind `at` know that transaction `sequence` was durable? */
static bool is_missed(const struct scan *scan, uint64_t sequence, size_t at)
{
    struct frame_head head;
    size_t size = 0;

    for (; at < scan->size; at += JOURNAL_SECTOR) {
        if (good_frame(scan, at, &head, &size) && head.durable >= sequence) {
            return true;
        }
    }
    return false;
}

static bool is_blank(const struct scan *scan, size_t at)
{
    for (; at < scan->size; at++) {
        if (scan->data[at] != 0) {
            return false;
        }
    }
    return true;
}

static enum host_code
apply(const struct scan *scan, size_t at, struct tables *tables, struct host_error *error)
{
    struct change *change = NULL;
    const enum host_code code = frame_decode(scan->data + at, &change);

    if (code == HOST_MEMORY || (code == HOST_OK && !tables_reserve(tables, 1, 1))) {
        change_destroy(change);
        return host_fail(error, HOST_MEMORY, "no memory for the journal's tables");
    }
    if (code != HOST_OK) {
        (void)host_fail(
            error, HOST_DAMAGED, "the transaction at byte %zu is none that this ferryd knows", at);
        host_error_step(error, "start the newer ferryd that wrote this journal");
        return HOST_DAMAGED;
    }
    tables_apply(tables, change);
    change_destroy(change);
    return HOST_OK;
}

static enum host_code damaged(struct host_error *error, size_t at, uint64_t sequence)
{
    (void)host_fail(
        error,
        HOST_DAMAGED,
        "transaction %" PRIu64 ", at byte %zu, was durable and cannot be read any more",
        sequence,
        at);
    host_error_step(
        error,
        "check the disk, keep a copy of the folder; restore the journal from a backup, or, if you "
        "know of each guest of this host where it runs, move the folder away and start anew");
    return HOST_DAMAGED;
}

enum host_code journal_recover(
    const uint8_t *data,
    size_t size,
    struct tables *tables,
    struct recovery *recovery_out,
    struct host_error *error)
{
    struct scan scan = {.data = data, .size = size};
    struct recovery recovery = {.frames = 0};
    uint64_t sequence = 1;
    size_t at = 0;

    for (;;) {
        struct frame_head head;
        struct frame_head twin;
        size_t found = 0;
        size_t length = 0;
        size_t twin_length = 0;

        if (!find_frame(&scan, sequence, at, &found, &head, &length)) {
            break;
        }
        scan.log = head.log;
        scan.log_known = true;
        HOST_TRY(apply(&scan, found, tables, error));
        const bool first = found == at;

        at = found + length;
        if (first && good_frame(&scan, at, &twin, &twin_length) && twin.sequence == sequence) {
            at += length;
        } else {
            recovery.repaired++;
            at += first ? length : 0;
        }
        sequence++;
    }
    if (sequence == 1 || sequence <= tables->snapshot_frames || is_missed(&scan, sequence, at)) {
        return damaged(error, at, sequence);
    }
    recovery.frames = sequence - 1;
    recovery.torn_at = at < size && !is_blank(&scan, at) ? at : 0;
    *recovery_out = recovery;
    return HOST_OK;
}
