/* SPDX-License-Identifier: Apache-2.0 */
/* holes.h -- a sender's zero scan: which pages are zero, without touching those that were never
 * there.
 *
 * What is data stays data, and is remembered for all workers (memory_use); nobody punches holes into
 * a guest's memory, and if somebody did, a scan would read zeros. Each worker has a cursor which
 * remembers the last stretch that the file called a hole. A hole may be filled by the guest at any time, so what is known of holes lasts for one batch: its
 * pages were collected from the dirty log before the batch began, and so a write after the hole was
 * seen is in the log of the next round. */
#ifndef FERRY_HOST_DATAPLANE_HOLES_H
#define FERRY_HOST_DATAPLANE_HOLES_H

#include "engine/host/dataplane/memory.h"

struct holes {
    struct dataplane_memory *memory;
    uint64_t from; /* flat pages [from, to) are all `data`, or all hole */
    uint64_t to;
    bool data;
};

void holes_init(struct holes *holes, struct dataplane_memory *memory);
/* A batch begins: holes have to be asked for anew. */
void holes_forget(struct holes *holes);
/* A ferry_zero_scan; the context is the cursor. */
uint64_t holes_scan(void *context, uint64_t first_page, uint64_t wanted);

#endif
