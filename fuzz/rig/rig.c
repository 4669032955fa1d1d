/* SPDX-License-Identifier: Apache-2.0 */
/* rig.c -- lifetime of the rig, the configurations of its engines, and the one door to each of them.
 *
 * The limits are shorter than a host's, so that a run has few steps; none of them is so short that an honest peer could
 * not keep it. */
#include "fuzz/rig/rig.h"

#include "fuzz/claim.h"

#include <stdlib.h>
#include <string.h>

/* An engine's object: the tables of limits.h, and nothing that a peer could make larger. */
#define ENGINE_BYTES_MAX ((size_t)1 << 20)

/* ---- memory ---- */

/* Engines' objects are too large for the sanitizer's quick allocator: a block is kept for the next run, at exactly its
 * size, so that the sanitizer still sees each byte too far. */
static struct {
    void *memory;
    size_t size;
    bool used;
} kept[24];

static void *keep_allocate(size_t size)
{
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (kept[i].memory == NULL) {
            kept[i].memory = malloc(size);
            kept[i].size = size;
        }
        if (!kept[i].used && kept[i].size == size && kept[i].memory != NULL) {
            kept[i].used = true;
            return memset(kept[i].memory, 0, size);
        }
    }
    return calloc(1, size);
}

static void keep_release(void *memory)
{
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (kept[i].memory == memory) {
            kept[i].used = false;
            return;
        }
    }
    free(memory);
}

static void *allocate(void *context, size_t size)
{
    struct rig_host *host = context;
    claim(!host->sealed, "an engine allocates after its creation");
    host->allocated += size;
    claim(host->allocated <= ENGINE_BYTES_MAX, "an engine takes more memory than its tables need");
    return keep_allocate(size);
}

static void release(void *context, void *memory, size_t size)
{
    struct rig_host *host = context;
    claim(host->allocated >= size, "an engine gives back more memory than it took");
    host->allocated -= size;
    keep_release(memory);
}

static void *allocate_stream(void *context, size_t size)
{
    struct rig *rig = context;
    rig->decoders++;
    return keep_allocate(size);
}

static void release_stream(void *context, void *memory, size_t size)
{
    struct rig *rig = context;
    (void)size;
    rig->decoders--;
    keep_release(memory);
}

struct ferry_allocator rig_stream_allocator(struct rig *rig)
{
    return (struct ferry_allocator){
        .allocate = allocate_stream, .release = release_stream, .context = rig};
}

/* ---- configurations ---- */

static struct ferry_source_config source_config(struct rig *rig)
{
    static const struct ferry_path paths[RIG_PATHS_MAX] = {{1}, {2}};
    struct ferry_source_config config = ferry_source_config_default();
    struct rig_host *host = &rig->hosts[RIG_SOURCE];
    config.allocator =
        (struct ferry_allocator){.allocate = allocate, .release = release, .context = host};
    config.trace = (struct ferry_trace_sink){.emit = rig_watch_trace, .context = rig};
    config.session = (struct ferry_session_id){RIG_SESSION_HIGH, RIG_SESSION_LOW};
    config.guest_id = RIG_GUEST;
    config.epoch = RIG_EPOCH;
    config.journal_id = host->journal_id;
    config.incarnation = host->incarnation;
    config.guest_name = (struct ferry_bytes){.data = (const uint8_t *)"db1", .size = 3};
    config.region_count = 1;
    config.regions = &rig->region;
    config.device_state_estimate = 4096;
    config.path_count = rig->options.paths;
    config.paths = paths;
    config.streams = rig->options.streams;
    config.mode = rig->options.mode;
    config.on_no_convergence = rig->options.on_no_convergence;
    config.blackout_limit = rig->options.blackout_limit;
    config.give_up_after = 20 * FERRY_SECOND;
    config.reconnect_limit = 5 * FERRY_SECOND;
    config.action_limit = 3 * FERRY_SECOND;
    config.unknown_after = 4 * FERRY_SECOND;
    config.close_limit = 10 * FERRY_SECOND;
    config.costs = (struct ferry_switch_costs){
        .pause = 100 * FERRY_MICROSECOND,
        .capture = 100 * FERRY_MICROSECOND,
        .collect = 20 * FERRY_MICROSECOND,
        .load = 100 * FERRY_MICROSECOND,
        .grant_persist = 500 * FERRY_MICROSECOND,
        .owner_persist = 500 * FERRY_MICROSECOND,
        .resume = 50 * FERRY_MICROSECOND,
        .round_trip = 200 * FERRY_MICROSECOND,
    };
    return config;
}

static struct ferry_target_config target_config(struct rig *rig)
{
    struct ferry_target_config config = ferry_target_config_default();
    struct rig_host *host = &rig->hosts[RIG_TARGET];
    config.allocator =
        (struct ferry_allocator){.allocate = allocate, .release = release, .context = host};
    config.trace = (struct ferry_trace_sink){.emit = rig_watch_trace, .context = rig};
    config.session = (struct ferry_session_id){RIG_SESSION_HIGH, RIG_SESSION_LOW};
    config.journal_id = host->journal_id;
    config.memory_free = (uint64_t)RIG_PAGES_MAX * FERRY_PAGE_SIZE_MIN;
    config.device_state_max = 2U << 20;
    config.streams_max = RIG_STREAMS_MAX;
    config.orphan_limit = 8 * FERRY_SECOND;
    config.hold_limit = 30 * FERRY_SECOND;
    config.action_limit = 3 * FERRY_SECOND;
    config.announce_count = 2;
    return config;
}

size_t rig_records(struct rig *rig, enum rig_side side, struct ferry_record *records)
{
    size_t count = 0;
    for (uint32_t kind = FERRY_RECORD_SESSION; kind < RIG_RECORD_KINDS; kind++) {
        const struct rig_record *record = &rig->hosts[side].records[kind];
        if (record->size != 0) {
            records[count] = (struct ferry_record){
                .kind = (enum ferry_record_kind)kind,
                .bytes = {.data = record->bytes, .size = record->size},
            };
            count++;
        }
    }
    return count;
}

/* A daemon that starts: new, or from its journal. */
void rig_make_target(struct rig *rig)
{
    struct ferry_record records[RIG_RECORD_KINDS];
    const size_t count = rig_records(rig, RIG_TARGET, records);
    struct ferry_target_config config = target_config(rig);
    struct rig_host *host = &rig->hosts[RIG_TARGET];
    config.refuse = count == 0 && host->guest_alive; /* a daemon takes no guest that it has */
    config.refuse_status = FERRY_REFUSED_OWNER;
    enum ferry_status status = FERRY_OK;
    host->sealed = false;
    if (count == 0) {
        status = ferry_target_create(&config, rig->now, &rig->target);
    } else {
        status = ferry_target_restart(
            &config, records, count, host->guest_alive, rig->now, &rig->target);
    }
    claim(status == FERRY_OK, "a target does not start from its own journal");
    host->sealed = true;
    host->newest_action = 0;
    rig->target_closed = false;
    rig->heard[RIG_TARGET] = (struct rig_heard){0};
    rig_take_actions(rig, RIG_TARGET);
}

void rig_make_source(struct rig *rig)
{
    struct ferry_record records[RIG_RECORD_KINDS];
    const size_t count = rig_records(rig, RIG_SOURCE, records);
    const struct ferry_source_config config = source_config(rig);
    struct rig_host *host = &rig->hosts[RIG_SOURCE];
    enum ferry_status status = FERRY_OK;
    host->sealed = false;
    if (count == 0) {
        status = ferry_source_create(&config, rig->now, &rig->source);
    } else {
        status = ferry_source_restart(
            &config, records, count, host->guest_alive, rig->now, &rig->source);
    }
    claim(status == FERRY_OK, "a source does not start from its own journal");
    host->sealed = true;
    host->newest_action = 0;
    rig->source_closed = false;
    rig->heard[RIG_SOURCE] = (struct rig_heard){0};
    rig_take_actions(rig, RIG_SOURCE);
}

/* ---- lifetime ---- */

struct rig *rig_create(const struct rig_options *options)
{
    static struct rig_step steps[RIG_STEPS_MAX];
    struct rig *rig = calloc(1, sizeof(*rig));
    claim(rig != NULL, "no memory for the rig");
    rig->steps = steps;
    rig->options = *options;
    rig->options.log = options->log != NULL ? options->log : fuzz_transcript;
    rig->region.pages = options->pages;
    rig->now = FERRY_MILLISECOND;
    rig->dirtied_until = rig->now;
    for (uint32_t side = 0; side < 2; side++) {
        rig->hosts[side].up = true;
        rig->hosts[side].journal_id = 100 + side;
    }
    struct rig_host *source = &rig->hosts[RIG_SOURCE];
    for (uint32_t i = 0; i + options->zero_pages < options->pages; i++) {
        rig->next_tag++;
        source->tags[i] = rig->next_tag;
    }
    source->guest_alive = true;
    source->runs = true;
    rig->idle_since = rig->now;
    if (!options->absent[RIG_SOURCE]) {
        rig_make_source(rig);
    }
    return rig;
}

void rig_destroy(struct rig *rig)
{
    for (uint32_t i = 0; i < rig->step_count; i++) {
        free(rig->steps[i].bytes);
    }
    rig->step_count = 0;
    for (uint32_t i = 0; i < RIG_ATTACHES; i++) {
        rig_attach_free(rig, &rig->attaches[i]);
    }
    ferry_source_destroy(rig->source);
    ferry_target_destroy(rig->target);
    for (uint32_t side = 0; side < 2; side++) {
        claim(rig->hosts[side].allocated == 0, "an engine leaves memory behind");
    }
    claim(rig->decoders == 0, "an encoder or decoder leaves memory behind");
    free(rig);
}

/* ---- doors ---- */

static enum ferry_status input(struct rig *rig, enum rig_side side, const struct ferry_event *event)
{
    if (!rig->hosts[side].up) {
        return FERRY_OK;
    }
    if (side == RIG_SOURCE && rig->source != NULL) {
        return ferry_source_input(rig->source, event, rig->now);
    }
    if (side == RIG_TARGET && rig->target != NULL) {
        return ferry_target_input(rig->target, event, rig->now);
    }
    return FERRY_OK;
}

void rig_feed(struct rig *rig, enum rig_side side, const struct ferry_event *event)
{
    const enum ferry_status status = input(rig, side, event);
    claim(
        status == FERRY_OK || status == FERRY_USAGE_STATE,
        "an engine refuses what its world reports");
    rig_take_actions(rig, side);
}

void rig_order(struct rig *rig, enum rig_side side, const struct ferry_event *order)
{
    rig_watch_order(rig, side, order);
    const enum ferry_status status = input(rig, side, order);
    claim(
        status == FERRY_OK || ferry_status_category(status) == FERRY_CATEGORY_USAGE,
        "an order is refused without a reason");
    rig_take_actions(rig, side);
}

uint32_t rig_source_state(const struct rig *rig)
{
    return rig->source == NULL ? 0 : (uint32_t)ferry_source_state(rig->source);
}

uint32_t rig_target_state(const struct rig *rig)
{
    return rig->target == NULL ? 0 : (uint32_t)ferry_target_state(rig->target);
}
