/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.c -- a workload taken apart into sources, their gates, and the two paced kinds (sweep and
 * uniform).
 */
#include "model/source.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* What is being built, and the gates around the place where we are. */
struct builder {
    struct model_sources *sources;
    uint64_t page_count;
    uint64_t page_size;
    uint64_t next_page; /* where the next set begins */
    uint64_t seed;
    struct model_gate gates[MODEL_GATES_MAX]; /* outer to inner */
    uint32_t gate_count;
};

/* Source `index` has a generator of its own. */
static void seed_source(struct model_source *source, size_t index, uint64_t seed)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "source %zu", index);
    model_rng_init(&source->rng, seed, name);
}

static void draw_ahead(struct model_source *source)
{
    for (unsigned i = 0; i < MODEL_AHEAD && source->pages > 0; i++) {
        source->ahead[i] = source->base + model_rng_below(&source->rng, source->pages);
    }
}

static struct model_source *add_source(struct builder *builder, enum model_workload_kind kind)
{
    assert(builder->sources->count < MODEL_SOURCES_MAX);
    const size_t index = builder->sources->count;
    struct model_source *source = &builder->sources->list[index];
    builder->sources->count++;
    *source = (struct model_source){.kind = kind, .next = MODEL_TIME_NEVER};
    source->pages = builder->page_count;
    source->pacer.next = MODEL_TIME_NEVER;
    source->gate_count = builder->gate_count;
    for (uint32_t i = 0; i < builder->gate_count; i++) {
        source->gates[i] = builder->gates[builder->gate_count - 1 - i];
    }
    seed_source(source, index, builder->seed);
    return source;
}

static void
add_set(struct builder *builder, enum model_workload_kind kind, const struct model_write_set *set)
{
    struct model_source *source = add_source(builder, kind);
    source->base = builder->next_page;
    source->pages = set->size_bytes / builder->page_size;
    source->pages += set->size_bytes % builder->page_size != 0 ? 1 : 0;
    builder->next_page += source->pages;
    if (kind == MODEL_WORKLOAD_UNIFORM) {
        draw_ahead(source);
    }
    model_pacer_init(&source->pacer, set->rate, MODEL_WRITE_BYTES, 0);
    model_source_carry_out(source);
}

static void push_gate(struct builder *builder, struct model_gate gate)
{
    assert(builder->gate_count < MODEL_GATES_MAX);
    builder->gates[builder->gate_count] = gate;
    builder->gate_count++;
}

static void add_burst(struct builder *builder, const struct model_workload_spec *spec)
{
    push_gate(
        builder,
        (struct model_gate){
            .period = spec->burst.on_ns + spec->burst.off_ns,
            .offset = 0,
            .on = spec->burst.on_ns,
        });
    add_set(builder, MODEL_WORKLOAD_UNIFORM, &spec->burst.set);
    builder->gate_count--;
}

static void add_curve(struct builder *builder, const struct model_workload_spec *spec)
{
    struct model_source *source = add_source(builder, MODEL_WORKLOAD_CURVE);
    source->curve.points = spec->curve.points;
    source->curve.count = spec->curve.count;
    uint64_t seed = model_rng_next(&source->rng);
    model_permutation_init(&source->curve.permutation, builder->page_count, seed);
}

static bool add_plain(struct builder *builder, const struct model_workload_spec *spec)
{
    bool added = true;
    switch (spec->kind) {
    case MODEL_WORKLOAD_IDLE: break;
    case MODEL_WORKLOAD_SWEEP: add_set(builder, spec->kind, &spec->sweep); break;
    case MODEL_WORKLOAD_UNIFORM: add_set(builder, spec->kind, &spec->uniform); break;
    case MODEL_WORKLOAD_HOTSET:
        add_set(builder, MODEL_WORKLOAD_UNIFORM, &spec->hotset.hot);
        add_set(builder, MODEL_WORKLOAD_UNIFORM, &spec->hotset.cold);
        break;
    case MODEL_WORKLOAD_BURST: add_burst(builder, spec); break;
    case MODEL_WORKLOAD_CURVE: add_curve(builder, spec); break;
    case MODEL_WORKLOAD_REPLAY:
        added = model_source_replay_init(add_source(builder, spec->kind), spec->replay.trace);
        break;
    case MODEL_WORKLOAD_PHASES: break;
    }
    return added;
}

/* model_workload_check() has bounded the depth. */
static bool add_workload( // NOLINT(misc-no-recursion)
    struct builder *builder,
    const struct model_workload_spec *spec)
{
    if (spec->kind != MODEL_WORKLOAD_PHASES) {
        return add_plain(builder, spec);
    }
    struct model_gate gate = {0};
    for (size_t i = 0; i < spec->phases.count; i++) {
        gate.period += spec->phases.list[i].for_ns;
    }
    for (size_t i = 0; i < spec->phases.count; i++) {
        gate.on = spec->phases.list[i].for_ns;
        push_gate(builder, gate);
        if (!add_workload(builder, spec->phases.list[i].workload)) {
            return false;
        }
        builder->gate_count--;
        gate.offset += gate.on;
    }
    return true;
}

/* An upper bound of the sources in a workload. */
static size_t count_sources(const struct model_workload_spec *spec) // NOLINT(misc-no-recursion)
{
    if (spec->kind != MODEL_WORKLOAD_PHASES) {
        return spec->kind == MODEL_WORKLOAD_HOTSET ? 2 : 1;
    }
    size_t count = 0;
    for (size_t i = 0; i < spec->phases.count; i++) {
        count += count_sources(spec->phases.list[i].workload);
    }
    return count;
}

bool model_sources_init(
    struct model_sources *sources,
    const struct model_workload_spec *spec,
    uint64_t page_count,
    uint64_t page_size,
    uint64_t seed)
{
    *sources = (struct model_sources){0};
    size_t count = count_sources(spec);
    assert(count > 0); /* no phases at all do not pass the check */
    sources->list = calloc(count, sizeof(*sources->list));
    if (sources->list == NULL) {
        return false;
    }
    struct builder builder = {
        .sources = sources,
        .page_count = page_count,
        .page_size = page_size,
        .seed = seed,
    };
    if (!add_workload(&builder, spec)) {
        model_sources_deinit(sources);
        return false;
    }
    return true;
}

void model_sources_reseed(struct model_sources *sources, uint64_t seed)
{
    for (size_t i = 0; i < sources->count; i++) {
        seed_source(&sources->list[i], i, seed);
        if (sources->list[i].kind == MODEL_WORKLOAD_UNIFORM) {
            draw_ahead(&sources->list[i]); /* those drawn ahead were not written yet */
        }
    }
}

void model_sources_deinit(struct model_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        free(sources->list[i].replay.ends);
    }
    free(sources->list);
    *sources = (struct model_sources){0};
}

void model_sources_collected(struct model_sources *sources, int64_t guest_time, bool logging)
{
    for (size_t i = 0; i < sources->count; i++) {
        struct model_source *source = &sources->list[i];
        if (source->kind == MODEL_WORKLOAD_CURVE) {
            int64_t local = model_source_local(source, guest_time);
            model_source_curve_restart(source, local, logging);
        }
    }
}

int64_t model_source_local(const struct model_source *source, int64_t guest_time)
{
    int64_t time = guest_time;
    for (uint32_t i = source->gate_count; i > 0; i--) {
        const struct model_gate *gate = &source->gates[i - 1];
        int64_t within = time % gate->period - gate->offset;
        within = within < 0 ? 0 : within;
        within = within > gate->on ? gate->on : within;
        time = time / gate->period * gate->on + within;
    }
    return time;
}

/* Finds the shift at the pacer's local time, and how far it holds. Past the end of time there is no
 * write. */
static void find_shift(struct model_source *source)
{
    int64_t local = source->pacer.next;
    int64_t time = local;
    int64_t room = MODEL_TIME_NEVER - local;
    for (uint32_t i = 0; i < source->gate_count; i++) {
        const struct model_gate *gate = &source->gates[i];
        /* A write at the very end of an on-time belongs to it, not to the next one. */
        int64_t cycle = time > 0 ? (time - 1) / gate->on : 0;
        int64_t within = time - cycle * gate->on;
        room = gate->on - within < room ? gate->on - within : room;
        if (__builtin_mul_overflow(cycle, gate->period, &time) ||
            __builtin_add_overflow(time, gate->offset + within, &time)) {
            source->pacer.next = MODEL_TIME_NEVER;
            return;
        }
    }
    source->shift = time - local;
    source->local_end = local + room;
}

void model_source_carry_out(struct model_source *source)
{
    if (source->pacer.next != MODEL_TIME_NEVER && source->gate_count > 0) {
        if (source->pacer.next > source->local_end || source->local_end == 0) {
            find_shift(source);
        }
    }
    if (source->pacer.next >= MODEL_TIME_NEVER - source->shift) {
        source->next = MODEL_TIME_NEVER;
    } else {
        source->next = source->pacer.next + source->shift;
    }
}

uint64_t model_source_take(struct model_source *source)
{
    assert(source->next != MODEL_TIME_NEVER);
    uint64_t page = 0;
    switch (source->kind) {
    case MODEL_WORKLOAD_SWEEP:
        page = source->base + source->at;
        source->at = source->at + 1 == source->pages ? 0 : source->at + 1;
        model_pacer_step(&source->pacer);
        break;
    case MODEL_WORKLOAD_UNIFORM:
        page = source->ahead[source->at];
        source->ahead[source->at] = source->base + model_rng_below(&source->rng, source->pages);
        source->at = (source->at + 1) % MODEL_AHEAD;
        model_pacer_step(&source->pacer);
        break;
    case MODEL_WORKLOAD_CURVE: page = model_source_curve_take(source); break;
    case MODEL_WORKLOAD_REPLAY: page = model_source_replay_take(source); break;
    case MODEL_WORKLOAD_IDLE:
    case MODEL_WORKLOAD_HOTSET:
    case MODEL_WORKLOAD_BURST:
    case MODEL_WORKLOAD_PHASES: assert(false); break; /* these have been taken apart */
    }
    model_source_carry_out(source);
    return page;
}
