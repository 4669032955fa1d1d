/* SPDX-License-Identifier: Apache-2.0 */
/* prefault.c -- see prefault.h.
 *
 * The lock guards the numbers, not the memory: making a page that somebody else makes at the same
 * time is harmless, and so is making one that is there. */
#include "engine/host/dataplane/prefault.h"

#include "engine/host/dataplane/memory_internal.h"
#include "engine/host/dataplane/worker.h"

#include <stdlib.h>
#include <sys/mman.h>

struct prefault {
    struct worker worker;
    struct dataplane_memory *memory;
    uint64_t frontier; /* guarded by the lock, as all below: end of what was placed */
    uint64_t dense;    /* data pages since the last zero page */
    uint64_t next;     /* the helper has made what it will make below this page */
    bool refused;      /* there is no helper, or the kernel does not know how */
};

static uint64_t pages_of(const struct prefault *prefault, uint64_t bytes)
{
    const uint64_t pages = bytes / prefault->memory->page_size;
    return pages > 0 ? pages : 1;
}

/* The next pages to be made; 0: none. The lock is held. */
static uint64_t next_step(struct prefault *prefault, uint64_t *first_out)
{
    const struct dataplane_memory *memory = prefault->memory;
    const uint64_t most = pages_of(prefault, PREFAULT_AHEAD);
    const uint64_t gap = pages_of(prefault, PREFAULT_GAP);
    const uint64_t ahead = prefault->dense / 4 < most ? prefault->dense / 4 : most;
    const uint64_t end = prefault->frontier + ahead;
    if (ahead <= gap) {
        return 0;
    }
    if (prefault->next < prefault->frontier + gap) {
        prefault->next = prefault->frontier + gap;
    }
    while (prefault->next < end && prefault->next < memory->pages) {
        const uint64_t step = pages_of(prefault, PREFAULT_STEP);
        const uint64_t left = end - prefault->next;
        const uint64_t run = memory_unused_run(memory, prefault->next, left < step ? left : step);
        *first_out = prefault->next;
        prefault->next += run > 0 ? run : 1;
        if (run > 0) {
            return run;
        }
    }
    return 0;
}

static bool make(const struct dataplane_memory *memory, uint64_t first_page, uint64_t count)
{
#if defined(MADV_POPULATE_WRITE)
    uint8_t *pages = dataplane_memory_at(memory, first_page);
    return madvise(pages, count * memory->page_size, MADV_POPULATE_WRITE) == 0;
#else
    (void)memory;
    (void)first_page;
    return count == 0;
#endif
}

static void *run(void *context)
{
    struct prefault *prefault = context;
    uint64_t first = 0;
    (void)pthread_mutex_lock(&prefault->worker.lock);
    while (!prefault->worker.stop && !prefault->refused) {
        const uint64_t count = next_step(prefault, &first);
        if (count == 0) {
            worker_wait(&prefault->worker, FERRY_TIME_NEVER);
            continue;
        }
        (void)pthread_mutex_unlock(&prefault->worker.lock);
        const bool made = make(prefault->memory, first, count);
        (void)pthread_mutex_lock(&prefault->worker.lock);
        /* No such call in this kernel, or no memory: whoever needs the page will hear of it. */
        prefault->refused = !made;
    }
    (void)pthread_mutex_unlock(&prefault->worker.lock);
    return NULL;
}

struct prefault *prefault_create(struct dataplane_memory *memory)
{
    struct prefault *prefault = calloc(1, sizeof(*prefault));
    if (prefault == NULL || !worker_init(&prefault->worker)) {
        free(prefault);
        return NULL;
    }
    prefault->memory = memory;
    return prefault;
}

void prefault_destroy(struct prefault *prefault)
{
    if (prefault != NULL) {
        worker_stop(&prefault->worker);
        worker_deinit(&prefault->worker);
        free(prefault);
    }
}

void prefault_placed(struct prefault *prefault, uint64_t first_page, uint64_t count)
{
    const uint64_t end = first_page + count;
    (void)pthread_mutex_lock(&prefault->worker.lock);
    prefault->dense += count;
    if (end > prefault->frontier) {
        prefault->frontier = end;
    }
    if (!prefault->refused && prefault->dense / 4 > pages_of(prefault, PREFAULT_GAP)) {
        if (!prefault->worker.started) {
            prefault->refused = !worker_start(&prefault->worker, run, prefault, "ferry-touch");
        }
        (void)pthread_cond_signal(&prefault->worker.wake);
    }
    (void)pthread_mutex_unlock(&prefault->worker.lock);
}

void prefault_zeros(struct prefault *prefault)
{
    (void)pthread_mutex_lock(&prefault->worker.lock);
    prefault->dense = 0;
    (void)pthread_mutex_unlock(&prefault->worker.lock);
}
