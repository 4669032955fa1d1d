/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work.c -- which pages are written next: sweep, uniform, hot set; and the filling at the start.
 *
 * Sets lie from the first owned page up, the hot one before the cold one. With two vCPUs each has
 * every other page of a set and half of its rate.
 */
#include "engine/host/guest/guest.h"

#define PERCENT 100U

uint64_t random_next(struct worker *worker)
{
    worker->random += 0x9e3779b97f4a7c15ULL;
    return page_mix(worker->random);
}

/* The page with number `draw` % n among the n pages of the set that are this vCPU's. */
uint64_t work_draw_page(struct worker *worker, const struct set *set, uint64_t draw)
{
    const uint32_t vcpus = HOST->vcpus;
    const uint64_t own = set->pages / vcpus;
    const uint64_t shift = (worker->number + vcpus - set->first % vcpus) % vcpus;
    return set->first + draw % own * vcpus + shift;
}

static uint64_t whole_pages(uint64_t bytes)
{
    const uint64_t step = (uint64_t)GUEST_PAGE_SIZE * HOST->vcpus;
    return (bytes + step - 1) / step * HOST->vcpus;
}

static uint64_t share_of(uint64_t rate)
{
    return rate == GUEST_RATE_FLAT_OUT ? rate : rate / HOST->vcpus;
}

static uint64_t set_pages(void)
{
    const uint64_t most = (HOST->pages - pages_first()) / HOST->vcpus * HOST->vcpus;
    const uint64_t pages = whole_pages(HOST->size);
    return pages == 0 || pages > most ? most : pages;
}

bool work_holds(uint64_t page)
{
    return HOST->workload != GUEST_IDLE && page >= pages_first() &&
           page < pages_first() + set_pages();
}

void work_begin(struct worker *worker)
{
    struct set *hot = &worker->sets[0];
    struct set *cold = &worker->sets[1];
    worker->random = page_mix(HOST->seed + worker->number + 1);
    worker->fill_next = pages_first();
    worker->scan_next = pages_first();
    hot->first = pages_first();
    hot->pages = HOST->workload == GUEST_IDLE ? 0 : set_pages();
    hot->pace.rate = share_of(HOST->rate);
    if (HOST->workload == GUEST_HOTSET) {
        const uint64_t left = HOST->pages - hot->first - hot->pages;
        const uint64_t wanted = whole_pages(HOST->cold_size);
        cold->first = hot->first + hot->pages;
        cold->pages = wanted < left ? wanted : left / HOST->vcpus * HOST->vcpus;
        cold->pace.rate = share_of(HOST->cold_rate);
    }
    if (HOST->workload == GUEST_SORT) {
        sort_begin(worker);
    }
}

bool work_fill(struct worker *worker)
{
    const uint64_t end = HOST->pages;
    for (uint32_t done = 0; done < BATCH_FILL; worker->fill_next++) {
        const uint64_t page = worker->fill_next;
        if (page >= end) {
            return false;
        }
        const bool own = page % HOST->vcpus == worker->number;
        const bool sorted = HOST->workload == GUEST_SORT && work_holds(page);
        /* the same pages for each seed, spread evenly */
        if (own && !sorted && page_mix(page ^ HOST->seed) % PERCENT < HOST->nonzero_percent) {
            page_fill(worker, page);
            done++;
        }
    }
    return true;
}

static void write_one(struct worker *worker, struct set *set)
{
    switch ((enum guest_workload)HOST->workload) {
    case GUEST_SWEEP: page_write(worker, work_draw_page(worker, set, set->cursor++)); return;
    case GUEST_UNIFORM:
    case GUEST_HOTSET: page_write(worker, work_draw_page(worker, set, random_next(worker))); return;
    case GUEST_KV: kv_write(worker, set); return;
    case GUEST_SORT: sort_page(worker); return;
    case GUEST_IDLE: return;
    }
}

bool work_step(struct worker *worker, uint64_t pace_now)
{
    bool more = false;
    for (uint32_t i = 0; i < 2; i++) {
        struct set *set = &worker->sets[i];
        if (set->pages < HOST->vcpus || set->pace.rate == 0) {
            continue;
        }
        uint64_t due = pace_due(&set->pace, pace_now);
        const uint64_t now = due < BATCH_WRITES ? due : BATCH_WRITES;
        for (uint64_t k = 0; k < now; k++) {
            write_one(worker, set);
        }
        if (set->pace.rate != GUEST_RATE_FLAT_OUT) {
            set->pace.due = due - now;
        }
        more = more || due > now || set->pace.rate == GUEST_RATE_FLAT_OUT;
    }
    return more;
}
