/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest.c -- the guest's clock, its dirty log, and the merge of its sources.
 *
 * The clock is a line through an anchor: at real time `anchor_real` guest time is `anchor_guest`,
 * and passes at percent / 100 from there. A first-write fault moves the anchor's real time on by
 * what it costs: all later guest times then come that much later. While it is being paid for, the
 * line lies below what has been reached already, and the guest simply does nothing. Stopping keeps
 * what is left of a fault to pay for after the next start.
 *
 * The two directions agree exactly: guest time g has been reached by real time r if and only if
 * real_of(g) <= r.
 */
#include "model/guest.h"

#include "model/bits.h"
#include "model/rng.h"
#include "model/source.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PPM UINT64_C(1000000)

struct model_guest {
    char *name;
    struct model_memory *memory;
    struct model_sources sources;
    uint64_t *dirty; /* the log, while logging */
    uint64_t dirty_pages;
    uint64_t writes;
    int64_t fault_ns;
    uint32_t zeroed_ppm;
    int64_t stalled;
    int64_t now;     /* real time of the last advance */
    int64_t reached; /* guest time, never less */
    int64_t anchor_real;
    int64_t anchor_guest;
    int64_t debt; /* of the last stop: real time of a fault still to pay for */
    uint32_t percent;
    uint32_t guest_id;
    bool running;
    bool logging;
    bool failed;
};

/* Real time at which the running guest reaches this guest time. */
static int64_t real_of(const struct model_guest *guest, int64_t guest_time)
{
    int64_t work = guest_time - guest->anchor_guest;
    if (guest->percent == 100) {
        return guest->anchor_real + work;
    }
    return guest->anchor_real + (work * 100 + guest->percent - 1) / guest->percent;
}

/* Guest time up to which a running guest gets by `now`, were there no further fault. */
static int64_t guest_of(const struct model_guest *guest, int64_t now)
{
    int64_t passed = now - guest->anchor_real;
    if (passed < 0) {
        return INT64_MIN; /* in a fault */
    }
    if (guest->percent == 100) {
        return guest->anchor_guest + passed;
    }
    return guest->anchor_guest + passed * guest->percent / 100;
}

struct model_guest *model_guest_create(const struct model_guest_config *config)
{
    uint64_t pages = model_memory_page_count(config->memory);
    uint64_t page_size = model_memory_page_size(config->memory);
    if (config->fault_ns < 0 || config->zeroed_ppm > PPM ||
        model_workload_check(config->workload, pages, page_size) != MODEL_WORKLOAD_OK) {
        return NULL;
    }
    struct model_guest *guest = calloc(1, sizeof(*guest));
    if (guest == NULL) {
        return NULL;
    }
    guest->memory = config->memory;
    guest->guest_id = model_memory_guest_id(config->memory);
    guest->fault_ns = config->fault_ns;
    guest->zeroed_ppm = config->zeroed_ppm;
    guest->percent = 100;
    guest->now = INT64_MIN;
    size_t name_size = strlen(config->name) + 1;
    guest->name = malloc(name_size);
    uint64_t seed = model_rng_derive(config->seed, config->name);
    bool made = model_sources_init(&guest->sources, config->workload, pages, page_size, seed);
    if (guest->name == NULL || !made) {
        model_guest_destroy(guest);
        return NULL;
    }
    memcpy(guest->name, config->name, name_size);
    return guest;
}

void model_guest_destroy(struct model_guest *guest)
{
    if (guest == NULL) {
        return;
    }
    model_sources_deinit(&guest->sources);
    free(guest->dirty);
    free(guest->name);
    free(guest);
}

/* Puts the page into the log. true: it is the first write since the last collection. */
static bool log_write(struct model_guest *guest, uint64_t page)
{
    if (!guest->logging) {
        return false;
    }
    uint64_t *word = &guest->dirty[page / MODEL_WORD_PAGES];
    uint64_t bit = model_bit(page);
    if ((*word & bit) != 0) {
        return false;
    }
    *word |= bit;
    guest->dirty_pages++;
    return true;
}

static bool write_page(struct model_guest *guest, uint64_t page)
{
    guest->writes++;
    if (guest->writes > MODEL_WRITE_NUMBER_MAX) {
        return false;
    }
    if (guest->zeroed_ppm > 0 && model_mix(guest->writes) % PPM < guest->zeroed_ppm) {
        model_memory_place_zero(guest->memory, page, 1);
        return true;
    }
    uint64_t tag = model_tag_written(guest->guest_id, guest->writes);
    return model_memory_write(guest->memory, page, tag);
}

/* The source whose write comes first, of equal ones the first in the list; *second_out is when
 * another one is due. */
static struct model_source *first_source(struct model_guest *guest, int64_t *second_out)
{
    struct model_source *first = NULL;
    *second_out = MODEL_TIME_NEVER;
    for (size_t i = 0; i < guest->sources.count; i++) {
        struct model_source *source = &guest->sources.list[i];
        if (first == NULL) {
            first = source;
        } else if (source->next < first->next) {
            *second_out = first->next;
            first = source;
        } else if (source->next < *second_out) {
            *second_out = source->next;
        }
    }
    return first;
}

/* All writes due by guest time `until` and by real time `now`. */
static void run(struct model_guest *guest, int64_t until, int64_t now)
{
    int64_t allowed = guest_of(guest, now);
    allowed = allowed < until ? allowed : until;
    while (!guest->failed) {
        int64_t second = 0;
        struct model_source *source = first_source(guest, &second);
        if (source == NULL || source->next > allowed || source->next == MODEL_TIME_NEVER) {
            return;
        }
        do {
            int64_t at = source->next;
            if (source->kind == MODEL_WORKLOAD_UNIFORM) {
                model_memory_expect_writes(
                    guest->memory,
                    model_source_ahead(source, MODEL_AHEAD - 1),
                    model_source_ahead(source, MODEL_AHEAD / 2));
            }
            uint64_t page = model_source_take(source);
            guest->reached = at > guest->reached ? at : guest->reached;
            if (!write_page(guest, page)) {
                guest->failed = true;
                return;
            }
            if (log_write(guest, page) && guest->fault_ns > 0) {
                guest->anchor_real += guest->fault_ns;
                guest->stalled += guest->fault_ns;
                allowed = guest_of(guest, now);
                allowed = allowed < until ? allowed : until;
            }
        } while (source->next <= allowed && source->next < second);
    }
}

bool model_guest_advance(struct model_guest *guest, int64_t now)
{
    assert(now >= guest->now);
    guest->now = now;
    if (guest->running) {
        run(guest, MODEL_TIME_NEVER - 1, now);
        int64_t time = guest_of(guest, now);
        guest->reached = time > guest->reached ? time : guest->reached;
    }
    return !guest->failed;
}

bool model_guest_reach(struct model_guest *guest, int64_t guest_time, int64_t now, int64_t *at_out)
{
    assert(now >= guest->now);
    if (guest_time < guest->reached) {
        *at_out = guest->now;
        return true;
    }
    if (!guest->running) {
        guest->now = now;
        return false;
    }
    run(guest, guest_time, now);
    int64_t at = real_of(guest, guest_time);
    if (at > now) { /* faults on the way there have taken the time, or there was not enough of it */
        model_guest_advance(guest, now);
        return false;
    }
    guest->reached = guest_time;
    guest->now = at > guest->now ? at : guest->now;
    *at_out = guest->now;
    return true;
}

void model_guest_start(struct model_guest *guest, int64_t now)
{
    model_guest_advance(guest, now);
    if (guest->running) {
        return;
    }
    guest->running = true;
    guest->anchor_guest = guest->reached;
    guest->anchor_real = now + guest->debt;
}

void model_guest_stop(struct model_guest *guest, int64_t now)
{
    model_guest_advance(guest, now);
    if (!guest->running) {
        return;
    }
    int64_t free_at = real_of(guest, guest->reached);
    guest->debt = free_at > now ? free_at - now : 0;
    guest->running = false;
}

void model_guest_throttle(struct model_guest *guest, int64_t now, uint32_t percent)
{
    assert(percent >= 1 && percent <= 100);
    bool was_running = guest->running;
    model_guest_stop(guest, now);
    guest->percent = percent;
    if (was_running) {
        model_guest_start(guest, now);
    }
}

void model_guest_begin_logging(struct model_guest *guest, int64_t now)
{
    model_guest_advance(guest, now);
    size_t words = (size_t)model_memory_word_count(guest->memory);
    free(guest->dirty);
    guest->dirty = calloc(words, sizeof(*guest->dirty));
    if (guest->dirty == NULL) {
        guest->failed = true;
        return;
    }
    guest->dirty_pages = 0;
    guest->logging = true;
    model_sources_collected(&guest->sources, guest->reached, true);
}

static void drop_log(struct model_guest *guest)
{
    free(guest->dirty);
    guest->dirty = NULL;
    guest->dirty_pages = 0;
    guest->logging = false;
    model_sources_collected(&guest->sources, guest->reached, false);
}

void model_guest_end_logging(struct model_guest *guest, int64_t now)
{
    model_guest_advance(guest, now);
    drop_log(guest);
}

uint64_t model_guest_collect(struct model_guest *guest, int64_t now, uint64_t *bitmap_out)
{
    model_guest_advance(guest, now);
    size_t size = (size_t)model_memory_word_count(guest->memory) * sizeof(*guest->dirty);
    if (!guest->logging) { /* only after begin_logging found no memory, and then the guest has
                              failed */
        assert(guest->failed);
        memset(bitmap_out, 0, size);
        return 0;
    }
    uint64_t pages = guest->dirty_pages;
    memcpy(bitmap_out, guest->dirty, size);
    memset(guest->dirty, 0, size);
    guest->dirty_pages = 0;
    model_sources_collected(&guest->sources, guest->reached, true);
    return pages;
}

bool model_guest_write_page(struct model_guest *guest, int64_t now, uint64_t page)
{
    model_guest_advance(guest, now);
    if (!write_page(guest, page)) {
        guest->failed = true;
    } else {
        log_write(guest, page);
    }
    return !guest->failed;
}

void model_guest_rehome(struct model_guest *guest, struct model_memory *memory)
{
    assert(!guest->running);
    assert(model_memory_page_count(memory) == model_memory_page_count(guest->memory));
    assert(model_memory_page_size(memory) == model_memory_page_size(guest->memory));
    assert(model_memory_guest_id(memory) == guest->guest_id);
    drop_log(guest);
    guest->memory = memory;
}

void model_guest_reseed(struct model_guest *guest, int64_t now, uint64_t seed)
{
    (void)model_guest_advance(guest, now); /* a failure stays, and is told by the next one */
    model_sources_reseed(&guest->sources, model_rng_derive(seed, guest->name));
}

bool model_guest_running(const struct model_guest *guest)
{
    return guest->running;
}

bool model_guest_logging(const struct model_guest *guest)
{
    return guest->logging;
}

bool model_guest_failed(const struct model_guest *guest)
{
    return guest->failed;
}

int64_t model_guest_now(const struct model_guest *guest)
{
    return guest->now;
}

int64_t model_guest_time(const struct model_guest *guest)
{
    return guest->reached;
}

uint64_t model_guest_writes(const struct model_guest *guest)
{
    return guest->writes;
}

int64_t model_guest_stalled(const struct model_guest *guest)
{
    return guest->stalled;
}

uint64_t model_guest_dirty(const struct model_guest *guest)
{
    return guest->dirty_pages;
}

struct model_memory *model_guest_memory(const struct model_guest *guest)
{
    return guest->memory;
}

const char *model_guest_name(const struct model_guest *guest)
{
    return guest->name;
}
