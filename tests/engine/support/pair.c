/* SPDX-License-Identifier: Apache-2.0 */
/* pair.c -- see pair.h. */
#include "support/pair_internal.h"

/* ---- lifetime ---- */

static void *allocate(void *context, size_t size)
{
    struct pair *pair = context;
    pair->allocated += (int64_t)size;
    return calloc(1, size);
}

static void release(void *context, void *memory, size_t size)
{
    struct pair *pair = context;
    pair->allocated -= (int64_t)size;
    free(memory);
}

struct ferry_allocator pair_allocator(struct pair *pair)
{
    return (struct ferry_allocator){.allocate = allocate, .release = release, .context = pair};
}

struct ferry_target_config pair_target_config(struct pair *pair)
{
    struct ferry_target_config config = ferry_target_config_default();
    config.allocator = pair_allocator(pair);
    config.trace = (struct ferry_trace_sink){.emit = pair_trace, .context = pair};
    config.session = (struct ferry_session_id){1, 2};
    config.journal_id = pair->journal_id[PAIR_TARGET];
    config.memory_free = pair->options.target_memory;
    config.refuse = pair->options.refuse;
    config.refuse_status = FERRY_REFUSED_BUSY;
    if (pair->options.hold_limit != 0) {
        config.hold_limit = pair->options.hold_limit;
    }
    if (pair->options.adjust_target != NULL) {
        pair->options.adjust_target(&config);
    }
    return config;
}

void pair_make_target(struct pair *pair)
{
    const struct ferry_target_config config = pair_target_config(pair);
    assert_int_equal(ferry_target_create(&config, pair->now, &pair->target), FERRY_OK);
}

struct ferry_source_config pair_source_config(struct pair *pair)
{
    static const struct ferry_path ranked[] = {{1}, {2}, {3}, {4}};
    static const struct ferry_path equal[] = {{1}, {1}, {1}, {1}};
    struct ferry_source_config config = ferry_source_config_default();
    const struct pair_options *options = &pair->options;
    config.allocator = pair_allocator(pair);
    config.trace = (struct ferry_trace_sink){.emit = pair_trace, .context = pair};
    config.session = (struct ferry_session_id){1, 2};
    config.guest_id = 7;
    config.epoch = 1;
    config.journal_id = pair->journal_id[PAIR_SOURCE];
    config.incarnation = pair->incarnation;
    config.guest_name = (struct ferry_bytes){.data = (const uint8_t *)"db1", .size = 3};
    config.region_count = 1;
    config.regions = &pair->region;
    config.device_state_estimate = options->state_size;
    config.path_count = options->paths;
    config.paths = options->equal_paths ? equal : ranked;
    config.streams = options->streams;
    config.mode = options->mode;
    config.on_no_convergence = options->on_no_convergence;
    config.blackout_limit = options->blackout_limit;
    config.give_up_after = options->give_up_after;
    config.costs = (struct ferry_switch_costs){
        .pause = 100 * FERRY_MICROSECOND,
        .capture = 200 * FERRY_MICROSECOND,
        .collect = 20 * FERRY_MICROSECOND,
        .load = 200 * FERRY_MICROSECOND,
        .grant_persist = 500 * FERRY_MICROSECOND,
        .owner_persist = 500 * FERRY_MICROSECOND,
        .resume = 50 * FERRY_MICROSECOND,
        .round_trip = 200 * FERRY_MICROSECOND,
    };
    if (options->adjust_source != NULL) {
        options->adjust_source(&config);
    }
    return config;
}

static void fill_defaults(struct pair_options *options)
{
#define UNSET(field, value) options->field = options->field != 0 ? options->field : (value)
    UNSET(ram_pages, 64);
    UNSET(streams, 1);
    UNSET(paths, 1);
    UNSET(mode, FERRY_MODE_PRECOPY);
    UNSET(on_no_convergence, FERRY_GIVE_UP);
    UNSET(
        blackout_limit,
        options->mode == FERRY_MODE_STOP_AND_COPY ? FERRY_TIME_NEVER : 300 * FERRY_MILLISECOND);
    UNSET(give_up_after, HOUR);
    UNSET(latency, 100 * FERRY_MICROSECOND);
    UNSET(bytes_per_second, 100000000);
    UNSET(dirty_span, options->ram_pages);
    UNSET(journal_cost, 500 * FERRY_MICROSECOND);
    UNSET(target_memory, 1ULL << 40);
    UNSET(state_size, 5000);
#undef UNSET
}

struct pair *pair_create(const struct pair_options *options)
{
    struct pair *pair = calloc(1, sizeof(*pair));
    assert_non_null(pair);
    pair->options = *options;
    fill_defaults(&pair->options);
    assert_true(pair->options.ram_pages <= PAIR_PAGES_MAX);
    pair->region.pages = pair->options.ram_pages;
    pair->rate = FERRY_RATE_UNLIMITED;
    for (int side = 0; side < 2; side++) {
        pair->alive[side] = true;
        pair->journal_cost[side] = pair->options.journal_cost;
        pair->journal_id[side] = 100 + (uint64_t)side;
    }
    for (uint32_t i = 0; i < pair->options.ram_pages - pair->options.zero_pages; i++) {
        pair->tags[PAIR_SOURCE][i] = ++pair->next_tag;
    }
    pair->guest_alive[PAIR_SOURCE] = true;
    pair->runs[PAIR_SOURCE] = true;
    pair->now = FERRY_MILLISECOND;
    pair->dirtied_until = pair->now;
    const struct ferry_source_config config = pair_source_config(pair);
    assert_int_equal(ferry_source_create(&config, pair->now, &pair->source), FERRY_OK);
    pair_make_target(pair);
    pair_take_actions(pair, PAIR_SOURCE);
    return pair;
}

void pair_destroy(struct pair *pair)
{
    for (uint32_t i = 0; i < pair->step_count; i++) {
        free(pair->steps[i].bytes);
    }
    pair_wire_close(pair);
    ferry_source_destroy(pair->source);
    ferry_target_destroy(pair->target);
    assert_int_equal(pair->allocated, 0);
    assert_true(pair_running(pair) <= 1);
    free(pair);
}

/* ---- questions ---- */

const struct ferry_outcome *pair_outcome(const struct pair *pair)
{
    return &pair->outcome;
}

uint32_t pair_outcomes(const struct pair *pair)
{
    return pair->outcomes;
}

enum ferry_source_state pair_source_state(const struct pair *pair)
{
    return pair->source == NULL ? FERRY_SOURCE_CLOSED : ferry_source_state(pair->source);
}

enum ferry_target_state pair_target_state(const struct pair *pair)
{
    return pair->target == NULL ? FERRY_TARGET_CLOSED : ferry_target_state(pair->target);
}

struct ferry_source *pair_source(struct pair *pair)
{
    return pair->source;
}

struct ferry_target *pair_target(struct pair *pair)
{
    return pair->target;
}

bool pair_runs(const struct pair *pair, enum pair_side side)
{
    return pair->runs[side];
}

uint32_t pair_running(const struct pair *pair)
{
    return (uint32_t)pair->runs[PAIR_SOURCE] + (uint32_t)pair->runs[PAIR_TARGET];
}

uint32_t pair_different_pages(const struct pair *pair)
{
    return pair->different;
}

bool pair_has_record(const struct pair *pair, enum pair_side side, enum ferry_record_kind kind)
{
    return pair->records[side][kind].size != 0;
}

ferry_time_ns pair_now(const struct pair *pair)
{
    return pair->now;
}

ferry_time_ns pair_true_blackout(const struct pair *pair)
{
    return pair->true_blackout;
}

uint64_t pair_trace_count(const struct pair *pair, enum ferry_trace_kind kind)
{
    return pair->traces[kind];
}

uint64_t pair_payload_bytes(const struct pair *pair)
{
    return pair->payload_bytes;
}

const struct ferry_trace_event *pair_last(const struct pair *pair, enum ferry_trace_kind kind)
{
    return &pair->last[kind];
}

uint32_t pair_sent(const struct pair *pair, enum wire_type type)
{
    assert_true((uint32_t)type < PAIR_TYPES);
    return pair->sent[type];
}

uint32_t pair_actions(const struct pair *pair, enum pair_side side, enum ferry_action_kind kind)
{
    return pair->actions[side][kind];
}

uint32_t pair_digest(const struct pair *pair)
{
    return pair->digest;
}

uint32_t pair_attach_number(const struct pair *pair)
{
    return pair->attach;
}

bool pair_guest_alive(const struct pair *pair, enum pair_side side)
{
    return pair->guest_alive[side];
}
