/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest_writes.c -- what faults make a guest write, on top of its workload.
 *
 * vCPUs write only while they run, devices also while those stand still, until they are drained: a
 * VMM drains them before it captures their state and before the last collection, and nothing may be
 * written from then on. What comes too late is written as soon as the guest runs again, wherever
 * that is: so a burst that hits a pause is lost in no run.
 */
#include "sim/world/guest.h"
#include "sim/world/host.h"
#include "sim/world/state.h"
#include "sim/world/timers.h"

/* How often a steady rate is turned into pages. */
#define TICK_NS          INT64_C(1000000)
#define TICKS_PER_SECOND UINT64_C(1000)

static void write_pages(struct guest *guest, uint64_t first, uint64_t count)
{
    const int64_t now = world_now(guest->world);
    bool fine = true;

    guest_advance(guest, now);
    for (uint64_t i = 0; i < count && fine; i++) {
        fine = model_guest_write_page(guest->model, now, (first + i) % guest->pages);
    }
    if (!fine) {
        world_error(guest->world, "the memory of a modelled guest ran out");
    }
}

static bool runs(const struct guest *guest)
{
    return guest->model != NULL && model_guest_running(guest->model);
}

void guest_pay(struct guest *guest)
{
    const uint64_t owed = guest->owed_pages;

    guest->owed_pages = 0;
    if (owed > 0) {
        write_pages(guest, 0, owed);
    }
}

/* The pages are the same ones every time: the largest debt has all of them. */
static void owe(struct guest *guest, uint64_t bytes)
{
    const uint64_t page = guest->spec->page;
    const uint64_t pages = bytes / page + (bytes % page != 0 ? 1 : 0);

    guest->owed_pages = guest->owed_pages > pages ? guest->owed_pages : pages;
}

void guest_burst(struct guest *guest, uint64_t bytes)
{
    owe(guest, bytes);
    if (runs(guest)) {
        guest_pay(guest);
    }
}

void guest_device_writes(struct guest *guest, uint64_t bytes)
{
    const struct instance *instance = guest->live;
    const bool works = instance != NULL && instance->host->up && instance->host->paused == 0;

    owe(guest, bytes);
    if (runs(guest) || (works && !guest->drained)) {
        guest_pay(guest);
    }
}

static void tick(void *owner, uint64_t argument)
{
    struct guest *guest = owner;
    struct world *world = guest->world;

    (void)argument;
    guest->extra_ticks = guest->extra_rate > 0;
    if (guest->extra_rate == 0) {
        return;
    }
    if (runs(guest)) {
        guest->extra_part += guest->extra_rate / TICKS_PER_SECOND;
        const uint64_t pages = guest->extra_part / guest->spec->page;
        guest->extra_part %= guest->spec->page;
        write_pages(guest, guest->extra_page, pages);
        guest->extra_page = (guest->extra_page + pages) % guest->pages;
    }
    (void)timer_at(world, NET_NO_HOST, world_now(world) + TICK_NS, tick, guest, 0);
}

void guest_set_extra(struct guest *guest, uint64_t bytes_per_second)
{
    struct world *world = guest->world;

    guest->extra_rate = bytes_per_second;
    if (bytes_per_second > 0 && !guest->extra_ticks) {
        guest->extra_ticks = true;
        (void)timer_at(world, NET_NO_HOST, world_now(world) + TICK_NS, tick, guest, 0);
    }
}
