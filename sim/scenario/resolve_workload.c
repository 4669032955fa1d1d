/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_workload.c -- a workload as the model wants it; traces are read, each file once. */
#include "model/trace.h"
#include "model/workload.h"
#include "sim/scenario/resolve.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* Largest recording, bytes on disk. */
#define TRACE_SIZE_MAX ((off_t)256 * 1024 * 1024)

static struct model_write_set read_set(const struct record *record)
{
    return (struct model_write_set){
        .size_bytes = record_number(record, "size"),
        .rate = record_value(record, "rate")->rate,
    };
}

const struct model_trace *resolve_trace(struct resolve *resolve, const struct value *value)
{
    struct scenario *scenario = resolve->scenario;
    if (value->bad) {
        return NULL;
    }
    const char *path = resolve_beside(resolve, value->text);
    for (size_t index = 0; index < scenario->trace_count; index++) {
        if (strcmp(resolve->trace_paths[index], path) == 0) {
            return scenario->traces[index];
        }
    }
    if (scenario->trace_count == SCENARIO_TRACES_MAX) {
        parse_error(
            resolve->parse,
            value->mark,
            "trace: more than %zu different traces in one scenario",
            (size_t)SCENARIO_TRACES_MAX);
        return NULL;
    }
    struct stat about;
    const char *problem = stat(path, &about) != 0          ? strerror(errno)
                          : !S_ISREG(about.st_mode)        ? "not a file"
                          : about.st_size > TRACE_SIZE_MAX ? "too large"
                                                           : NULL;
    struct model_trace_error error = {0};
    struct model_trace *trace = problem == NULL ? model_trace_load(path, &error) : NULL;
    if (problem != NULL) {
        parse_error(
            resolve->parse, value->mark, "trace: cannot read '%s': %s", quote(path).text, problem);
    } else if (trace == NULL) {
        parse_error(
            resolve->parse,
            value->mark,
            "trace: '%s' is no dirty log: line %llu: %s",
            quote(path).text,
            (unsigned long long)error.line,
            error.text);
    }
    /* A file that cannot be read is remembered too: it is told once. */
    resolve->trace_paths[scenario->trace_count] = path;
    scenario->traces[scenario->trace_count++] = trace;
    return trace;
}

static void check_trace_fits(
    struct resolve *resolve,
    const struct value *value,
    const struct model_trace *trace,
    uint64_t memory,
    uint64_t page)
{
    char recorded[32];
    char wanted[32];
    if (trace == NULL) {
        return;
    }
    const char *what = "memory";
    uint64_t recorded_size = trace->page_count * trace->page_size;
    if (recorded_size != memory) {
        quantity_format(QUANTITY_SIZE, recorded_size, recorded, sizeof(recorded));
        quantity_format(QUANTITY_SIZE, memory, wanted, sizeof(wanted));
    } else if (trace->page_size != page) {
        what = "pages";
        quantity_format(QUANTITY_SIZE, trace->page_size, recorded, sizeof(recorded));
        quantity_format(QUANTITY_SIZE, page, wanted, sizeof(wanted));
    } else {
        return;
    }
    parse_error(
        resolve->parse,
        value->mark,
        "trace: '%s' was recorded with %s of %s, this guest has %s",
        quote(value->text).text,
        what,
        recorded,
        wanted);
}

static void
read_curve(struct resolve *resolve, const struct value *list, struct model_workload_spec *spec)
{
    struct model_curve_point *points =
        arena_take(resolve->parse->arena, list->count, sizeof(*points));
    size_t count = 0;
    for (size_t index = 0; index < list->count; index++) {
        const struct record *record = list->items[index].record;
        if (record != NULL) {
            points[count++] = (struct model_curve_point){
                .t_ns = record_time(record, "t"),
                .pages = record_number(record, "pages"),
            };
        }
    }
    spec->curve.points = points;
    spec->curve.count = count;
}

/* What the tables let through and the model would not take. */
struct surroundings {
    uint64_t pages;
    uint64_t page;
};

static struct model_workload_spec *
build(struct resolve *resolve, const struct record *record, struct surroundings guest);

// NOLINTNEXTLINE(misc-no-recursion): bounded by YAML_DEPTH_MAX
static void read_phases(
    struct resolve *resolve,
    const struct value *list,
    struct surroundings guest,
    struct model_workload_spec *spec)
{
    struct model_phase *phases = arena_take(resolve->parse->arena, list->count, sizeof(*phases));
    size_t count = 0;
    for (size_t index = 0; index < list->count; index++) {
        const struct record *record = list->items[index].record;
        const struct value *workload = record == NULL ? NULL : record_value(record, "workload");
        if (workload != NULL && workload->record != NULL) {
            phases[count++] = (struct model_phase){
                .for_ns = record_time(record, "for"),
                .workload = build(resolve, workload->record, guest),
            };
        }
    }
    spec->phases.list = phases;
    spec->phases.count = count;
}

static void read_replay(
    struct resolve *resolve,
    const struct value *value,
    struct surroundings guest,
    struct model_workload_spec *spec)
{
    spec->replay.path = value->text;
    spec->replay.trace = resolve_trace(resolve, value);
    check_trace_fits(resolve, value, spec->replay.trace, guest.pages * guest.page, guest.page);
}

static struct model_workload_spec *
// NOLINTNEXTLINE(misc-no-recursion): bounded by YAML_DEPTH_MAX
build(struct resolve *resolve, const struct record *record, struct surroundings guest)
{
    struct model_workload_spec *spec = arena_take(resolve->parse->arena, 1, sizeof(*spec));
    spec->kind = (enum model_workload_kind)record_number(record, "kind");
    switch (spec->kind) {
    case MODEL_WORKLOAD_IDLE: break;
    case MODEL_WORKLOAD_SWEEP: spec->sweep = read_set(record); break;
    case MODEL_WORKLOAD_UNIFORM: spec->uniform = read_set(record); break;
    case MODEL_WORKLOAD_HOTSET: {
        const struct record *hot = record_value(record, "hot")->record;
        const struct record *cold = record_value(record, "cold")->record;
        spec->hotset.hot = hot == NULL ? (struct model_write_set){0} : read_set(hot);
        spec->hotset.cold = cold == NULL ? (struct model_write_set){0} : read_set(cold);
        break;
    }
    case MODEL_WORKLOAD_BURST:
        spec->burst.set = read_set(record);
        spec->burst.on_ns = record_time(record, "on");
        spec->burst.off_ns = record_time(record, "off");
        break;
    case MODEL_WORKLOAD_PHASES:
        read_phases(resolve, record_value(record, "phases"), guest, spec);
        break;
    case MODEL_WORKLOAD_CURVE: read_curve(resolve, record_value(record, "points"), spec); break;
    case MODEL_WORKLOAD_REPLAY:
        read_replay(resolve, record_value(record, "trace"), guest, spec);
        break;
    }
    return spec;
}

struct model_workload_spec *resolve_workload(
    struct resolve *resolve, const struct record *record, uint64_t pages, uint64_t page)
{
    size_t errors = resolve->parse->errors->count + resolve->parse->errors->suppressed;
    struct model_workload_spec *spec =
        build(resolve, record, (struct surroundings){.pages = pages, .page = page});
    /* The model's own check speaks of the whole; it is asked only when the parts are good. */
    bool told = resolve->parse->errors->count + resolve->parse->errors->suppressed != errors;
    if (told || record_is_bad(record)) {
        return NULL;
    }
    enum model_workload_status status = model_workload_check(spec, pages, page);
    if (status != MODEL_WORKLOAD_OK) {
        parse_error(resolve->parse, record->mark, "%s", model_workload_status_text(status));
        return NULL;
    }
    return spec;
}
