/* SPDX-License-Identifier: Apache-2.0 */
/* windows.c -- see windows.h. Cutting costs one look at each bitmap word of a round; everything
 * else is linear in the windows touched. */
#include "memory/windows.h"

#include "base/assert.h"
#include "base/bits.h"

#include <string.h>

void memory_windows_init(
    struct memory_windows *windows, const struct ferry_region *regions, uint16_t region_count)
{
    memset(windows, 0, sizeof(*windows));
    uint64_t end = 0;
    for (uint16_t i = 0; i < region_count; i++) {
        end += regions[i].pages;
        windows->region_end[i] = end;
    }
    windows->region_count = region_count;
    windows->end = end;
    windows->cursor = end;
}

void memory_windows_begin(struct memory_windows *windows, const uint64_t *bitmap, uint64_t pages)
{
    FERRY_ASSERT(memory_windows_all_acknowledged(windows));
    windows->bitmap = bitmap;
    windows->cursor = 0;
    windows->left = pages;
    windows->first = 0;
    windows->used = 0;
}

static struct memory_window *slot(struct memory_windows *windows, uint32_t index)
{
    return &windows->table[(windows->first + index) % FERRY_BATCHES_MAX];
}

/* Gives back free slots at the ring's old end. */
static void trim(struct memory_windows *windows)
{
    while (windows->used != 0 && slot(windows, 0)->state == MEMORY_WINDOW_FREE) {
        windows->first = (windows->first + 1) % FERRY_BATCHES_MAX;
        windows->used--;
    }
}

void memory_windows_void(struct memory_windows *windows)
{
    for (uint32_t i = 0; i < windows->used; i++) {
        struct memory_window *window = slot(windows, i);
        if (window->state == MEMORY_WINDOW_AGAIN) {
            /* mark: memory-voided -- what was to be sent again belongs to an aborted attempt */
            window->state = MEMORY_WINDOW_FREE;
        }
    }
    windows->again = 0;
    windows->cursor = windows->end;
    windows->left = 0;
    trim(windows);
}

bool memory_windows_all_issued(const struct memory_windows *windows)
{
    return windows->left == 0 && windows->again == 0;
}

bool memory_windows_all_sent(const struct memory_windows *windows)
{
    for (uint32_t i = 0; i < windows->used; i++) {
        const uint8_t state = windows->table[(windows->first + i) % FERRY_BATCHES_MAX].state;
        if (state == MEMORY_WINDOW_ISSUED || state == MEMORY_WINDOW_PLACED) {
            return false;
        }
    }
    return true;
}

bool memory_windows_all_acknowledged(const struct memory_windows *windows)
{
    return memory_windows_all_issued(windows) && windows->live == 0;
}

static struct memory_window *
append(struct memory_windows *windows, uint32_t attach, uint16_t stream)
{
    if (windows->used == FERRY_BATCHES_MAX) {
        return NULL;
    }
    struct memory_window *window = slot(windows, windows->used);
    windows->used++;
    windows->live++;
    *window = (struct memory_window){
        .number = ++windows->last_number,
        .attach = attach,
        .stream = stream,
        .state = MEMORY_WINDOW_ISSUED,
    };
    return window;
}

static uint64_t region_end_after(const struct memory_windows *windows, uint64_t page)
{
    for (uint16_t i = 0; i < windows->region_count; i++) {
        if (page < windows->region_end[i]) {
            return windows->region_end[i];
        }
    }
    return windows->end;
}

/* Advances the cursor over at most pages_max set pages of one region. */
static void cut(struct memory_windows *windows, uint64_t pages_max, struct memory_window *window)
{
    const uint64_t first = base_bitmap_next(windows->bitmap, windows->cursor, windows->end);
    FERRY_ASSERT(first < windows->end); /* the world's count of set pages is right */
    const uint64_t end = region_end_after(windows, first);
    uint64_t position = first;
    uint64_t pages = 0;
    while (position < end && pages < pages_max) {
        const uint32_t shift = (uint32_t)(position % BASE_WORD_BITS);
        uint64_t span = BASE_WORD_BITS - shift;
        if (span > end - position) {
            span = end - position;
        }
        const uint64_t word =
            (windows->bitmap[position / BASE_WORD_BITS] >> shift) & base_low_mask((uint32_t)span);
        const uint32_t set = base_popcount(word);
        if (pages + set > pages_max) {
            const uint64_t taken = base_lowest_set(word, (uint32_t)(pages_max - pages));
            position += base_highest_bit(taken) + 1;
            pages = pages_max;
        } else {
            position += span;
            pages += set;
        }
    }
    window->first_page = first;
    window->end_page = position;
    window->pages = pages;
    windows->cursor = position;
    FERRY_ASSERT(pages <= windows->left);
    windows->left -= pages;
}

/* A window that was lost goes out again as it was, under a new number, at the ring's young end
 * (W-2). */
static struct memory_window *
issue_again(struct memory_windows *windows, uint32_t attach, uint16_t stream)
{
    for (uint32_t i = 0; i < windows->used; i++) {
        struct memory_window *old = slot(windows, i);
        if (old->state != MEMORY_WINDOW_AGAIN) {
            continue;
        }
        const struct memory_window lost = *old;
        /* mark: memory-sent-again -- a lost window goes out again */
        old->state = MEMORY_WINDOW_FREE;
        windows->again--;
        trim(windows);
        struct memory_window *window = append(windows, attach, stream);
        /* What is to be sent again stands before all else in the ring: its own slot came free. */
        FERRY_ASSERT(window != NULL);
        /* cppcheck-suppress nullPointerRedundantCheck */
        window->first_page = lost.first_page;
        /* cppcheck-suppress nullPointerRedundantCheck */
        window->end_page = lost.end_page;
        /* cppcheck-suppress nullPointerRedundantCheck */
        window->pages = lost.pages;
        /* cppcheck-suppress nullPointerRedundantCheck */
        window->device_state = lost.device_state;
        return window;
    }
    return NULL;
}

struct memory_window *memory_windows_issue(
    struct memory_windows *windows, uint64_t pages_max, uint32_t attach, uint16_t stream)
{
    FERRY_ASSERT(pages_max != 0);
    if (windows->again != 0) {
        return issue_again(windows, attach, stream);
    }
    if (windows->left == 0) {
        return NULL;
    }
    struct memory_window *window = append(windows, attach, stream);
    if (window != NULL) {
        cut(windows, pages_max, window);
    }
    return window;
}

struct memory_window *memory_windows_issue_state(
    struct memory_windows *windows, uint64_t first, uint64_t end, uint32_t attach, uint16_t stream)
{
    struct memory_window *window = append(windows, attach, stream);
    if (window != NULL) {
        window->device_state = true;
        window->first_page = first;
        window->end_page = end;
    }
    return window;
}

struct memory_window *memory_windows_issue_probe(
    struct memory_windows *windows, uint64_t first, uint64_t end, uint32_t attach, uint16_t stream)
{
    struct memory_window *window = append(windows, attach, stream);
    if (window != NULL) {
        window->probe = true;
        window->first_page = first;
        window->end_page = end;
    }
    return window;
}

bool memory_windows_sent(
    struct memory_windows *windows,
    uint64_t number,
    uint64_t bytes,
    uint64_t zero_pages,
    struct memory_window *window_out)
{
    for (uint32_t i = 0; i < windows->used; i++) {
        struct memory_window *window = slot(windows, i);
        if (window->number != number) {
            continue;
        }
        if (window->state != MEMORY_WINDOW_ISSUED && window->state != MEMORY_WINDOW_PLACED) {
            return false;
        }
        window->bytes = bytes;
        window->zero_pages = zero_pages;
        *window_out = *window;
        if (window->state == MEMORY_WINDOW_PLACED) {
            window->state = MEMORY_WINDOW_FREE;
            windows->live--;
            trim(windows);
        } else {
            window->state = MEMORY_WINDOW_SENT;
        }
        return true;
    }
    return false;
}

uint64_t memory_windows_acknowledge(
    struct memory_windows *windows, uint32_t attach, uint16_t stream, uint64_t number)
{
    uint64_t pages = 0;
    for (uint32_t i = 0; i < windows->used; i++) {
        struct memory_window *window = slot(windows, i);
        if (window->number > number) {
            break; /* numbers rise along the ring */
        }
        if (window->attach != attach || window->stream != stream) {
            continue;
        }
        if (window->state == MEMORY_WINDOW_SENT) {
            window->state = MEMORY_WINDOW_FREE;
            windows->live--;
            pages += window->pages;
        } else if (window->state == MEMORY_WINDOW_ISSUED) {
            /* mark: memory-placed-before-sent -- acknowledged before it was reported as sent */
            window->state = MEMORY_WINDOW_PLACED;
            pages += window->pages;
        }
    }
    trim(windows);
    return pages;
}

struct memory_requeued memory_windows_requeue(struct memory_windows *windows)
{
    struct memory_requeued requeued = {0};
    for (uint32_t i = 0; i < windows->used; i++) {
        struct memory_window *window = slot(windows, i);
        if (window->probe && window->state != MEMORY_WINDOW_FREE) {
            window->state = MEMORY_WINDOW_FREE;
            windows->live--;
            continue;
        }
        if (window->state == MEMORY_WINDOW_SENT) {
            requeued.bytes += window->bytes;
            requeued.zero_pages += window->zero_pages;
        }
        if (window->state == MEMORY_WINDOW_SENT || window->state == MEMORY_WINDOW_ISSUED) {
            window->state = MEMORY_WINDOW_AGAIN;
            windows->live--;
            windows->again++;
            requeued.windows++;
        } else if (window->state == MEMORY_WINDOW_PLACED) {
            /* mark: memory-placed-without-report -- its report was lost, but it is there */
            window->state = MEMORY_WINDOW_FREE;
            windows->live--;
        }
    }
    trim(windows);
    return requeued;
}
