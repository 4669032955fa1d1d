/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h -- inside of guest.c: one stream of page writes, as (guest time, page) in order of time.
 *
 * A workload falls apart into such sources: a hotset is two, phases are those of all their parts.
 * Each has a local time of its own, which passes only while its phases and bursts are on; gates say
 * how local time lies in guest time. So a source knows nothing of phases: it writes at local times,
 * and the gates carry them outward.
 *
 * Invariants. `next` never decreases and is MODEL_TIME_NEVER when there is no further write.
 * Sources share no state and no random draws, so what one does never depends on when another was
 * asked.
 */
#ifndef MODEL_SOURCE_H
#define MODEL_SOURCE_H

#include "model/bits.h"
#include "model/pacer.h"
#include "model/rng.h"
#include "model/trace.h"
#include "model/workload.h"

/* Local time passes in [offset, offset + on) of each period of the time outside. */
struct model_gate {
    int64_t period;
    int64_t offset;
    int64_t on;
};

/* Draws ahead of a uniform source, a power of two. A random write to a huge guest misses the caches
 * twice (which leaf, and its tags); knowing the pages some writes before hides most of that. Draws
 * come in the same order all the same. */
#define MODEL_AHEAD 16U

#define MODEL_GATES_MAX (MODEL_PHASE_DEPTH_MAX + 1)

struct model_source_curve {
    const struct model_curve_point *points;
    size_t count;
    size_t segment;                       /* the point at whose left we are */
    int64_t since;                        /* local time of the last collection */
    uint64_t reached;                     /* pages written since */
    struct model_permutation permutation; /* of all pages */
};

struct model_source_replay {
    const struct model_trace *trace;
    int64_t base;      /* local time at which this pass through the trace began */
    uint64_t interval; /* being played */
    uint64_t played;   /* pages of it already written */
    uint64_t *ends;    /* pages of its runs up to and with run i; owned */
    struct model_permutation permutation;
};

struct model_source {
    int64_t next;  /* guest time of the next write */
    int64_t shift; /* guest time - local time, up to local_end */
    int64_t local_end;
    enum model_workload_kind kind; /* SWEEP, UNIFORM, CURVE or REPLAY */
    uint64_t base;                 /* first page of the set */
    uint64_t pages;
    uint64_t at; /* sweep: where it is in the set; uniform: which of `ahead` is next */
    uint64_t ahead[MODEL_AHEAD]; /* uniform: pages already drawn, so that memory can be fetched in
                                    time */
    struct model_pacer pacer;    /* in local time; curve and replay set its `next` themselves */
    struct model_rng rng;
    struct model_source_curve curve;
    struct model_source_replay replay;
    struct model_gate gates[MODEL_GATES_MAX]; /* inner to outer */
    uint32_t gate_count;
};

struct model_sources {
    struct model_source *list;
    size_t count;
};

/* Takes a checked workload apart. false: no memory. */
bool model_sources_init(
    struct model_sources *sources,
    const struct model_workload_spec *spec,
    uint64_t page_count,
    uint64_t page_size,
    uint64_t seed);
void model_sources_deinit(struct model_sources *sources);

/* From now on the draws are those of another seed. */
void model_sources_reseed(struct model_sources *sources, uint64_t seed);

/* A collection (or the beginning of logging) at this guest time; curves begin anew. logging: false
 * ends them. */
void model_sources_collected(struct model_sources *sources, int64_t guest_time, bool logging);

/* The page that a uniform source writes `distance` writes after its next one, 0 to MODEL_AHEAD - 1.
 */
static inline uint64_t model_source_ahead(const struct model_source *source, uint64_t distance)
{
    return source->ahead[(source->at + distance) % MODEL_AHEAD];
}

/* The page of the source's next write; `next` moves on to the one after it. */
uint64_t model_source_take(struct model_source *source);

/* After pacer.next was changed: carries it out into `next`. Looks at the gates. */
void model_source_carry_out(struct model_source *source);

/* How far local time is at a guest time. */
int64_t model_source_local(const struct model_source *source, int64_t guest_time);

/* source_measured.c: curve and replay. */
bool model_source_replay_init(struct model_source *source, const struct model_trace *trace);
void model_source_curve_restart(struct model_source *source, int64_t local_time, bool logging);
uint64_t model_source_curve_take(struct model_source *source);
uint64_t model_source_replay_take(struct model_source *source);

#endif
