/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_measured.c -- the two sources that follow a recording of a real guest.
 *
 * Curve: n(t) unique dirty pages t after a collection, linear between points. Page i of the
 * permutation is written at the first nanosecond at which n(t) >= i + 1, so at every instant
 * exactly floor(n(t)) pages are dirty.
 *
 * Replay: the pages of an interval in a random order, one in each of as many equal parts of the
 * interval, at a random place in its part: nothing bunches, and the last is written at the
 * interval's end at the latest. So a collection at the time of a trace line finds exactly the pages
 * of that line.
 */
#include "model/source.h"

#include <assert.h>
#include <stdlib.h>

/* When page number `curve.reached` is due, or never. Moves the segment on. */
static void curve_schedule(struct model_source *source)
{
    struct model_source_curve *curve = &source->curve;
    uint64_t due = curve->reached + 1;
    while (curve->segment < curve->count && curve->points[curve->segment].pages < due) {
        curve->segment++;
    }
    if (curve->segment == curve->count) {
        source->pacer.next = MODEL_TIME_NEVER;
        return;
    }
    struct model_curve_point right = curve->points[curve->segment];
    struct model_curve_point left = {0};
    if (curve->segment > 0) {
        left = curve->points[curve->segment - 1];
    }
    uint64_t length = (uint64_t)(right.t_ns - left.t_ns);
    uint64_t into = model_mul_div_up(due - left.pages, length, right.pages - left.pages);
    source->pacer.next = curve->since + left.t_ns + (int64_t)into;
}

void model_source_curve_restart(struct model_source *source, int64_t local_time, bool logging)
{
    source->curve.segment = 0;
    source->curve.reached = 0;
    source->curve.since = local_time;
    source->local_end = 0; /* `next` may lie before the one that was due: look at the gates again */
    source->pacer.next = MODEL_TIME_NEVER;
    if (logging) {
        curve_schedule(source);
    }
    model_source_carry_out(source);
}

uint64_t model_source_curve_take(struct model_source *source)
{
    struct model_source_curve *curve = &source->curve;
    uint64_t page = model_permutation_at(&curve->permutation, curve->reached);
    curve->reached++;
    curve_schedule(source);
    return page;
}

static const struct model_trace_interval *replay_interval(const struct model_source *source)
{
    return &source->replay.trace->intervals[source->replay.interval];
}

static void replay_schedule(struct model_source *source)
{
    struct model_source_replay *replay = &source->replay;
    const struct model_trace_interval *interval = replay_interval(source);
    int64_t start = replay->interval == 0 ? 0 : interval[-1].end_ns;
    uint64_t length = (uint64_t)(interval->end_ns - start);
    uint64_t jitter = model_rng_below(&source->rng, length);
    model_wide into = ((model_wide)replay->played * length + jitter) / interval->page_count;
    source->pacer.next = replay->base + start + 1 + (int64_t)into;
}

/* Begins with the current interval, or the next one that has pages. There is one in the trace. */
static void replay_begin(struct model_source *source)
{
    struct model_source_replay *replay = &source->replay;
    while (replay_interval(source)->page_count == 0) {
        replay->interval++;
        if (replay->interval == replay->trace->interval_count) {
            replay->base += replay->trace->intervals[replay->interval - 1].end_ns;
            replay->interval = 0;
        }
    }
    const struct model_trace_interval *interval = replay_interval(source);
    const struct model_trace_run *runs = replay->trace->runs + interval->first_run;
    uint64_t pages = 0;
    for (uint64_t i = 0; i < interval->run_count; i++) {
        pages += runs[i].count;
        replay->ends[i] = pages;
    }
    assert(pages == interval->page_count);
    replay->played = 0;
    uint64_t seed = model_rng_next(&source->rng);
    model_permutation_init(&replay->permutation, pages, seed);
    replay_schedule(source);
}

bool model_source_replay_init(struct model_source *source, const struct model_trace *trace)
{
    uint64_t runs_max = 0;
    for (uint64_t i = 0; i < trace->interval_count; i++) {
        uint64_t runs = trace->intervals[i].run_count;
        runs_max = runs > runs_max ? runs : runs_max;
    }
    source->replay.trace = trace;
    if (runs_max == 0) {
        return true; /* a guest that never wrote */
    }
    source->replay.ends = calloc((size_t)runs_max, sizeof(*source->replay.ends));
    if (source->replay.ends == NULL) {
        return false;
    }
    replay_begin(source);
    model_source_carry_out(source);
    return true;
}

uint64_t model_source_replay_take(struct model_source *source)
{
    struct model_source_replay *replay = &source->replay;
    const struct model_trace_interval *interval = replay_interval(source);
    uint64_t index = model_permutation_at(&replay->permutation, replay->played);
    /* The first run whose end is past the index. */
    uint64_t low = 0;
    uint64_t high = interval->run_count - 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (replay->ends[middle] > index) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    const struct model_trace_run *run = &replay->trace->runs[interval->first_run + low];
    uint64_t page = run->first + run->count - (replay->ends[low] - index);
    replay->played++;
    if (replay->played < interval->page_count) {
        replay_schedule(source);
        return page;
    }
    replay->interval++;
    if (replay->interval == replay->trace->interval_count) {
        replay->base += interval->end_ns;
        replay->interval = 0;
    }
    replay_begin(source);
    return page;
}
