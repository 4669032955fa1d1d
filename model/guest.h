/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest.h -- a running guest: a workload that writes to a memory, a dirty log, and a time of its
 * own.
 *
 * Nothing happens until somebody asks: model_guest_advance() carries out all writes that fall at or
 * before the given real time, and every call that takes `now` does so first. Results do not depend
 * on how often it is called. Real times must not go back.
 *
 * Guest time stands still while the guest is stopped, while it waits for a first-write fault, and
 * runs at p % under a throttle. Writes are evenly spaced in guest time, by exact integer
 * arithmetic, and a write at an instant is done at that instant, before a collection at the same
 * one. While the dirty log is on, the first write to a page after its collection costs `fault_ns`
 * of real time: the brownout of a migration.
 *
 * Invariants. Every write since the last collection (or since logging began) is in the log; a write
 * after a collection is in the next one. Each write has a number of its own, also across hosts, so
 * its tag is unique; which of them leave zeros follows from their numbers alone.
 */
#ifndef MODEL_GUEST_H
#define MODEL_GUEST_H

#include "model/memory.h"
#include "model/workload.h"

struct model_guest;

struct model_guest_config {
    const char *name; /* together with the seed it decides every draw */
    uint64_t seed;
    const struct model_workload_spec *workload; /* borrowed, also what it points to */
    struct model_memory *memory;                /* borrowed; where the guest is now */
    int64_t fault_ns;    /* first write to a page after its collection; 0: free */
    uint32_t zeroed_ppm; /* so many of a million writes leave a page of zeros, as a freed one is */
};

/* A stopped guest at guest time 0. NULL: the workload does not fit the memory (see
 * model_workload_check), the config is out of range, or memory is short. */
struct model_guest *model_guest_create(const struct model_guest_config *config);
void model_guest_destroy(struct model_guest *guest); /* NULL is fine; the memory stays */

/* Does what the guest did up to `now`. false: storage ran out (it stays false then: the run is
 * worth nothing). */
bool model_guest_advance(struct model_guest *guest, int64_t now);

void model_guest_start(
    struct model_guest *guest, int64_t now); /* vCPUs run; no effect if they do */
void model_guest_stop(
    struct model_guest *guest, int64_t now); /* vCPUs stop; no effect if they are */

/* The guest runs at this percentage, 1 to 100 (100: no throttle). */
void model_guest_throttle(struct model_guest *guest, int64_t now, uint32_t percent);

/* The dirty log. Beginning protects all pages: the log is empty. */
void model_guest_begin_logging(struct model_guest *guest, int64_t now);
void model_guest_end_logging(struct model_guest *guest, int64_t now);

/* Reads the log and protects again in one step. bitmap_out has model_memory_word_count() words, all
 * of them are overwritten. Gives the number of dirty pages. Logging must be on. */
uint64_t model_guest_collect(struct model_guest *guest, int64_t now, uint64_t *bitmap_out);

/* A write that does not come from the workload: a device, or the VMM itself. It is logged, and
 * costs the guest nothing. */
bool model_guest_write_page(struct model_guest *guest, int64_t now, uint64_t page);

/* The guest, stopped, is now in another memory (it has been moved there). Logging goes off; guest
 * time, the number of writes and the workload go on. */
void model_guest_rehome(struct model_guest *guest, struct model_memory *memory);

/* Other randomness from now on: what happened so far stays, what is still to be drawn is drawn from
 * another seed. For asking at which moment a run was decided. */
void model_guest_reseed(struct model_guest *guest, int64_t now, uint64_t seed);

/* Questions about the time up to the last advance. */
bool model_guest_running(const struct model_guest *guest);
bool model_guest_logging(const struct model_guest *guest);
bool model_guest_failed(const struct model_guest *guest);     /* storage ran out */
int64_t model_guest_now(const struct model_guest *guest);     /* real time of the last advance */
int64_t model_guest_time(const struct model_guest *guest);    /* guest time then */
uint64_t model_guest_writes(const struct model_guest *guest); /* writes so far */
int64_t model_guest_stalled(const struct model_guest *guest); /* real time lost in faults so far */
uint64_t model_guest_dirty(const struct model_guest *guest);  /* pages in the log now */
struct model_memory *model_guest_memory(const struct model_guest *guest);
const char *model_guest_name(const struct model_guest *guest);

/* Does what the guest did until its time reaches `guest_time`, but not past real time `now`. true:
 * it was reached, and *at_out is the real time of that (`now` if it was before the last advance).
 * For those who wait for the guest to get something done (clients.h). */
bool model_guest_reach(struct model_guest *guest, int64_t guest_time, int64_t now, int64_t *at_out);

#endif
