/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workload.h -- how a guest writes to its memory, as a plain value.
 *
 * A scenario file is parsed into this; guest.h turns it into page writes. Nothing here is owned:
 * arrays, sub-workloads and traces are borrowed and must outlive every guest that was made from the
 * value.
 *
 * Meanings. Sets lie from page 0 up, disjoint, in the order in which they are mentioned (hot before
 * cold, an earlier phase before a later one). A rate of r bytes a second is r/4096 page writes a
 * second of guest time whatever the page size is, so that a fleet with coarse pages has the same
 * number of writes. Guest time stops while the guest is paused. The workload of a phase sees only
 * the time in which its phase is on: a sweep goes on where it was, no write is lost at the edge of
 * a phase, and the mean rate is exact. `curve` and `replay` have no set: they address the whole
 * memory.
 */
#ifndef MODEL_WORKLOAD_H
#define MODEL_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model_trace;

/* Bytes that one page write stands for in a rate. */
#define MODEL_WRITE_BYTES UINT64_C(4096)

/* Largest `seconds` of a rate: six decimals of a quantity survive, and period arithmetic stays in
 * 64 bits. */
#define MODEL_RATE_SECONDS_MAX UINT64_C(1000000)

/* No rate is over one page write a nanosecond. */
#define MODEL_RATE_BYTES_MAX (MODEL_WRITE_BYTES * UINT64_C(1000000000))

/* Phases within phases: deeper nesting is refused. */
#define MODEL_PHASE_DEPTH_MAX 8

/* Write sources of one guest (a hotset has two, phases have the sum of their parts). */
#define MODEL_SOURCES_MAX 64

/* An exact rate: `amount` in every `seconds` seconds. 0.1 MiB/s is {1048576, 10}. amount 0 is
 * "never"; seconds is 1 to MODEL_RATE_SECONDS_MAX, and 0 counts as 1 so that {.amount = n} means
 * what it says. */
struct model_rate {
    uint64_t amount;
    uint64_t seconds;
};

enum model_workload_kind {
    MODEL_WORKLOAD_IDLE = 1,
    MODEL_WORKLOAD_SWEEP,   /* in order, wraps */
    MODEL_WORKLOAD_UNIFORM, /* independent draws */
    MODEL_WORKLOAD_HOTSET,  /* two disjoint uniform sets */
    MODEL_WORKLOAD_BURST,   /* uniform while on; begins on */
    MODEL_WORKLOAD_PHASES,  /* one after the other, repeated */
    MODEL_WORKLOAD_CURVE,   /* unique dirty pages against time since the last collection */
    MODEL_WORKLOAD_REPLAY,  /* a recorded dirty log, repeated */
};

/* A set of pages that is written at a rate. The size is rounded up to whole pages. */
struct model_write_set {
    uint64_t size_bytes;
    struct model_rate rate; /* bytes */
};

struct model_curve_point {
    int64_t t_ns;
    uint64_t pages;
};

struct model_workload_spec;

struct model_phase {
    int64_t for_ns; /* at least 1 */
    const struct model_workload_spec *workload;
};

struct model_workload_spec {
    enum model_workload_kind kind;
    union {
        struct model_write_set sweep;
        struct model_write_set uniform;
        struct {
            struct model_write_set hot;
            struct model_write_set cold;
        } hotset;
        struct {
            struct model_write_set set;
            int64_t on_ns;  /* at least 1 */
            int64_t off_ns; /* at least 0 */
        } burst;
        struct {
            const struct model_phase *list;
            size_t count;
        } phases;
        struct {
            const struct model_curve_point
                *points; /* t increasing, pages not decreasing; (0,0) is implied */
            size_t count;
        } curve;
        struct {
            const char *path; /* as written in the scenario; the model does not open it */
            const struct model_trace *trace; /* loaded by whoever read the scenario */
        } replay;
    };
};

enum model_workload_status {
    MODEL_WORKLOAD_OK,
    MODEL_WORKLOAD_BAD_KIND,
    MODEL_WORKLOAD_BAD_RATE,  /* seconds or bytes a second over their limits */
    MODEL_WORKLOAD_EMPTY_SET, /* a rate over 0 on a set without pages */
    MODEL_WORKLOAD_TOO_LARGE, /* the sets, the curve or the trace exceed the memory */
    MODEL_WORKLOAD_BAD_TIMES, /* a length that must be positive is not, or a cycle over 2^61 ns */
    MODEL_WORKLOAD_BAD_CURVE, /* points out of order, or none */
    MODEL_WORKLOAD_TOO_DEEP,  /* phases nested over MODEL_PHASE_DEPTH_MAX */
    MODEL_WORKLOAD_TOO_MANY,  /* over MODEL_SOURCES_MAX write sources */
    MODEL_WORKLOAD_NO_TRACE,  /* replay without a loaded trace */
    MODEL_WORKLOAD_TRACE_MISMATCH /* the trace was recorded with another number or size of pages */
};

/* Can a guest with this memory run this workload? The first thing wrong is reported. */
enum model_workload_status model_workload_check(
    const struct model_workload_spec *spec, uint64_t page_count, uint64_t page_size);

/* One sentence for a status. Never NULL. */
const char *model_workload_status_text(enum model_workload_status status);

#endif
