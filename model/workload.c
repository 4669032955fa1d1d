/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workload.c -- can a guest run this workload? Everything that source.c relies on is checked here,
 * so that it may add and multiply without looking.
 */
#include "model/workload.h"

#include "model/trace.h"

#define CYCLE_NS_MAX (INT64_C(1) << 61)

struct budget {
    uint64_t pages_left; /* for disjoint sets */
    uint64_t page_count;
    uint64_t page_size;
    unsigned sources;
};

static enum model_workload_status count_source(struct budget *budget)
{
    budget->sources++;
    return budget->sources > MODEL_SOURCES_MAX ? MODEL_WORKLOAD_TOO_MANY : MODEL_WORKLOAD_OK;
}

static enum model_workload_status
check_set(const struct model_write_set *set, struct budget *budget)
{
    const struct model_rate *rate = &set->rate;
    uint64_t seconds = rate->seconds == 0 ? 1 : rate->seconds;
    if (seconds > MODEL_RATE_SECONDS_MAX || rate->amount > MODEL_RATE_BYTES_MAX * seconds) {
        return MODEL_WORKLOAD_BAD_RATE;
    }
    uint64_t pages = set->size_bytes / budget->page_size;
    pages += set->size_bytes % budget->page_size != 0 ? 1 : 0;
    if (pages == 0 && rate->amount > 0) {
        return MODEL_WORKLOAD_EMPTY_SET;
    }
    if (pages > budget->pages_left) {
        return MODEL_WORKLOAD_TOO_LARGE;
    }
    budget->pages_left -= pages;
    return count_source(budget);
}

static enum model_workload_status
check_burst(const struct model_workload_spec *spec, struct budget *budget)
{
    if (spec->burst.on_ns < 1 || spec->burst.off_ns < 0 || spec->burst.on_ns > CYCLE_NS_MAX / 2 ||
        spec->burst.off_ns > CYCLE_NS_MAX / 2) {
        return MODEL_WORKLOAD_BAD_TIMES;
    }
    return check_set(&spec->burst.set, budget);
}

static enum model_workload_status
check_curve(const struct model_workload_spec *spec, struct budget *budget)
{
    struct model_curve_point last = {0};
    for (size_t i = 0; i < spec->curve.count; i++) {
        struct model_curve_point point = spec->curve.points[i];
        bool origin = i == 0 && point.t_ns == 0 && point.pages == 0;
        if (!origin && (point.t_ns <= last.t_ns || point.pages < last.pages)) {
            return MODEL_WORKLOAD_BAD_CURVE;
        }
        last = point;
    }
    if (spec->curve.count == 0) {
        return MODEL_WORKLOAD_BAD_CURVE;
    }
    if (last.t_ns > CYCLE_NS_MAX) {
        return MODEL_WORKLOAD_BAD_TIMES;
    }
    if (last.pages > budget->page_count) {
        return MODEL_WORKLOAD_TOO_LARGE;
    }
    return count_source(budget);
}

static enum model_workload_status
check_replay(const struct model_workload_spec *spec, struct budget *budget)
{
    const struct model_trace *trace = spec->replay.trace;
    if (trace == NULL) {
        return MODEL_WORKLOAD_NO_TRACE;
    }
    if (trace->page_count != budget->page_count || trace->page_size != budget->page_size) {
        return MODEL_WORKLOAD_TRACE_MISMATCH;
    }
    return count_source(budget);
}

/* All but phases: those are walked by check(). */
static enum model_workload_status
check_plain(const struct model_workload_spec *spec, struct budget *budget)
{
    enum model_workload_status status = MODEL_WORKLOAD_BAD_KIND;
    switch (spec->kind) {
    case MODEL_WORKLOAD_IDLE: status = MODEL_WORKLOAD_OK; break;
    case MODEL_WORKLOAD_SWEEP: status = check_set(&spec->sweep, budget); break;
    case MODEL_WORKLOAD_UNIFORM: status = check_set(&spec->uniform, budget); break;
    case MODEL_WORKLOAD_HOTSET:
        status = check_set(&spec->hotset.hot, budget);
        if (status == MODEL_WORKLOAD_OK) {
            status = check_set(&spec->hotset.cold, budget);
        }
        break;
    case MODEL_WORKLOAD_BURST: status = check_burst(spec, budget); break;
    case MODEL_WORKLOAD_CURVE: status = check_curve(spec, budget); break;
    case MODEL_WORKLOAD_REPLAY: status = check_replay(spec, budget); break;
    case MODEL_WORKLOAD_PHASES: break;
    }
    return status;
}

/* Recursion ends at MODEL_PHASE_DEPTH_MAX, whatever the spec looks like. */
static enum model_workload_status check( // NOLINT(misc-no-recursion)
    const struct model_workload_spec *spec,
    struct budget *budget,
    unsigned depth)
{
    if (spec->kind != MODEL_WORKLOAD_PHASES) {
        return check_plain(spec, budget);
    }
    if (depth == MODEL_PHASE_DEPTH_MAX) {
        return MODEL_WORKLOAD_TOO_DEEP;
    }
    if (spec->phases.count == 0) {
        return MODEL_WORKLOAD_BAD_TIMES;
    }
    int64_t cycle = 0;
    for (size_t i = 0; i < spec->phases.count; i++) {
        const struct model_phase *phase = &spec->phases.list[i];
        if (phase->for_ns < 1 || phase->for_ns > CYCLE_NS_MAX - cycle) {
            return MODEL_WORKLOAD_BAD_TIMES;
        }
        cycle += phase->for_ns;
        enum model_workload_status status = check(phase->workload, budget, depth + 1);
        if (status != MODEL_WORKLOAD_OK) {
            return status;
        }
    }
    return MODEL_WORKLOAD_OK;
}

enum model_workload_status model_workload_check(
    const struct model_workload_spec *spec, uint64_t page_count, uint64_t page_size)
{
    struct budget budget = {
        .pages_left = page_count,
        .page_count = page_count,
        .page_size = page_size,
    };
    return check(spec, &budget, 0);
}

const char *model_workload_status_text(enum model_workload_status status)
{
    const char *text = "unknown status";
    switch (status) {
    case MODEL_WORKLOAD_OK: text = "the workload fits"; break;
    case MODEL_WORKLOAD_BAD_KIND: text = "the workload has no valid kind"; break;
    case MODEL_WORKLOAD_BAD_RATE:
        text = "the rate is over one page write a nanosecond, or has too many decimals";
        break;
    case MODEL_WORKLOAD_EMPTY_SET: text = "a set of size 0 cannot be written to at a rate"; break;
    case MODEL_WORKLOAD_TOO_LARGE: text = "the workload's sets exceed the memory"; break;
    case MODEL_WORKLOAD_BAD_TIMES:
        text = "a time must be positive, and a cycle under 73 years";
        break;
    case MODEL_WORKLOAD_BAD_CURVE:
        text = "a curve needs points with increasing times and pages that do not decrease";
        break;
    case MODEL_WORKLOAD_TOO_DEEP: text = "phases are nested too deeply"; break;
    case MODEL_WORKLOAD_TOO_MANY: text = "the workload has too many parts"; break;
    case MODEL_WORKLOAD_NO_TRACE: text = "the trace has not been loaded"; break;
    case MODEL_WORKLOAD_TRACE_MISMATCH:
        text = "the trace was recorded with another number or size of pages";
        break;
    }
    return text;
}
