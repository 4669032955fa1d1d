/* SPDX-License-Identifier: Apache-2.0 */
/* prefault.h -- makes fresh memory ahead of the payload that will be placed in it.
 *
 * The first write to a page of a new guest costs several times what receiving the page costs: the
 * kernel has to find a page and clear it. A helper thread does that for the pages in front of the
 * frontier (the end of what was placed up to now, over all streams: windows come in rising order),
 * while earlier pages arrive. Receivers that overtake it make their pages themselves, by writing to
 * them, so both share the work.
 *
 * Memory that stays zero must not be made. So the helper goes ahead only where memory is dense: by a
 * quarter of the data pages that came since the last zero page, at most PREFAULT_AHEAD. What it makes
 * in vain is never more than a quarter of what was needed. */
#ifndef FERRY_HOST_DATAPLANE_PREFAULT_H
#define FERRY_HOST_DATAPLANE_PREFAULT_H

#include "ferry/types.h"

/* Bytes. Ahead: more than the windows of the engine (10 ms of a fast link). Gap: what a receiver
 * takes next, and should not wait for. */
#define PREFAULT_AHEAD ((uint64_t)64 << 20)
#define PREFAULT_GAP   ((uint64_t)1 << 20)
#define PREFAULT_STEP  ((uint64_t)512 << 10)

struct dataplane_memory;
struct prefault;

/* One for each guest's memory. NULL: no memory. */
struct prefault *prefault_create(struct dataplane_memory *memory);
void prefault_destroy(struct prefault *prefault); /* joins the helper; NULL is fine */

/* Payload comes for these pages, which were not used before. Any thread. */
void prefault_placed(struct prefault *prefault, uint64_t first_page, uint64_t count);
/* Zero pages came. Any thread. */
void prefault_zeros(struct prefault *prefault);

#endif
