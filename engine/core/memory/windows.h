/* SPDX-License-Identifier: Apache-2.0 */
/* windows.h -- which parts of a round's bitmap were sent, and which of them the target has.
 *
 *   bitmap of the round   ....XXXX.X..XXX|XX.XXXX..X|.....XXXXX....X..
 *                         window 17      | window 18 | not cut yet (cursor)
 *
 * A window is a stretch of the bitmap that is sent as one batch on one stream. It is in exactly one
 * state:
 *   ISSUED (handed to the stream) -> SENT (its last byte left) -> free, when the target placed it
 *   ISSUED -> PLACED -> free, when the target is quicker than the stream's own report
 *   ISSUED, SENT -> AGAIN on a lost connection: first on the next one, with new numbers
 *
 * A probe is a window beside the round's bitmap: all pages of a stretch that the target has already.
 * It is waited for like the others, counts no pages, and is not sent again when it is lost.
 *
 * W-1 Every set page of the round is in exactly one window or ahead of the cursor.
 * W-2 Windows of one stream are acknowledged in the order of their numbers.
 * W-3 No window crosses a region.
 * W-4 The table never grows: it is full, or it is not. */
#ifndef MEMORY_WINDOWS_H
#define MEMORY_WINDOWS_H

#include "ferry/limits.h"
#include "ferry/types.h"

enum memory_window_state {
    MEMORY_WINDOW_FREE = 0,
    MEMORY_WINDOW_ISSUED,
    MEMORY_WINDOW_SENT,
    MEMORY_WINDOW_AGAIN,
    MEMORY_WINDOW_PLACED, /* acknowledged before its own stream reported it sent */
};

struct memory_window {
    uint64_t number; /* of its batch */
    uint64_t first_page;
    uint64_t end_page;
    uint64_t pages;      /* set in it */
    uint64_t zero_pages; /* known when SENT */
    uint64_t bytes;      /* on the wire, known when SENT */
    uint32_t attach;
    uint16_t stream;
    uint8_t state;     /* enum memory_window_state */
    bool device_state; /* the guest's device state instead of pages */
    bool probe;        /* pages that the target has already, sent to measure the bandwidth */
};

struct memory_windows {
    struct memory_window
        table[FERRY_BATCHES_MAX]; /* a ring in order of issue; freed slots inside are skipped */
    uint32_t first;
    uint32_t used;  /* slots from first on that may be in use */
    uint32_t again; /* windows in state AGAIN */
    uint32_t live;  /* windows in state ISSUED, SENT or PLACED */
    uint64_t last_number;
    const uint64_t *bitmap; /* borrowed from the world, stable during the round */
    uint64_t cursor;
    uint64_t end;  /* pages of the guest */
    uint64_t left; /* set pages ahead of the cursor */
    uint16_t region_count;
    uint64_t region_end[FERRY_REGIONS_MAX]; /* flat index of the first page after region i */
};

void memory_windows_init(
    struct memory_windows *windows, const struct ferry_region *regions, uint16_t region_count);
/* A new round: nothing may be live or waiting to be sent again. */
void memory_windows_begin(struct memory_windows *windows, const uint64_t *bitmap, uint64_t pages);
/* What is ahead of the cursor, and what waits to be sent again, is given up; what is live stays. */
void memory_windows_void(struct memory_windows *windows);

/* True when every page of the round has been issued (not necessarily acknowledged). */
bool memory_windows_all_issued(const struct memory_windows *windows);
/* True when nothing is ISSUED. */
bool memory_windows_all_sent(const struct memory_windows *windows);
/* True when every page of the round has been acknowledged. */
bool memory_windows_all_acknowledged(const struct memory_windows *windows);

/* The next stretch to send, with at most pages_max set pages; NULL: all issued, or the table is
 * full. The slot is ISSUED with a new number. */
struct memory_window *memory_windows_issue(
    struct memory_windows *windows, uint64_t pages_max, uint32_t attach, uint16_t stream);
/* Bytes [first, end) of the device state as a batch of its own (in first_page and end_page). NULL:
 * the table is full. */
struct memory_window *memory_windows_issue_state(
    struct memory_windows *windows, uint64_t first, uint64_t end, uint32_t attach, uint16_t stream);

/* All pages of [first, end), in one region, as a probe. NULL: the table is full. */
struct memory_window *memory_windows_issue_probe(
    struct memory_windows *windows, uint64_t first, uint64_t end, uint32_t attach, uint16_t stream);

/* The stream reports batch `number` as sent. False: it was abandoned meanwhile. The window as it is
 * then goes to *window_out. */
bool memory_windows_sent(
    struct memory_windows *windows,
    uint64_t number,
    uint64_t bytes,
    uint64_t zero_pages,
    struct memory_window *window_out);
/* Stream `stream` of `attach` placed everything up to batch `number`. Returns set pages newly
 * acknowledged. */
uint64_t memory_windows_acknowledge(
    struct memory_windows *windows, uint32_t attach, uint16_t stream, uint64_t number);
struct memory_requeued {
    uint32_t windows;
    uint64_t bytes;      /* of these, what had been sent */
    uint64_t zero_pages; /* counted in it */
};
/* The connections are gone, and what the target placed has been acknowledged: what is live must be
 * sent again. */
struct memory_requeued memory_windows_requeue(struct memory_windows *windows);

#endif
