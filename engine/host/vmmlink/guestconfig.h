/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guestconfig.h -- a guest's configuration: what it is made of, and the text that moves with it.
 *
 * The text is lines "key value", in any order, each key at most once:
 *
 *   ferry-guest 1              the first line: the version of this text
 *   memory 1073741824          bytes: 64 MiB .. 8 GiB, a multiple of 2 MiB
 *   vcpus 1                    1 or 2
 *   workload hotset            idle sweep uniform hotset kv sort
 *   size 134217728             bytes that the workload writes to (hotset: the hot set)
 *   rate 104857600             bytes a second, a page write stands for 4096; "max": flat out
 *   cold_size / cold_rate      the second set of a hotset
 *   nonzero 100                percent of the memory that is filled at the start
 *   seed 1                     of all draws
 *   huge_pages none            none transparent explicit
 *   prefault no                no yes: memory is touched before the process says hello
 *   dirty log                  log ring: how KVM tells what was written
 *   disk /path/disk.raw        an existing raw image; left out: no disk
 *   disk_read_only no          no yes
 *   disk_rate 0                bytes a second that the workload writes to the disk
 *   tap tap0                   the guest's network interface on each host; left out: none
 *
 * Daemons take it as opaque bytes; `ferry vm run` builds it, ferry-vmm reads it.
 */
#ifndef FERRY_VMMLINK_GUESTCONFIG_H
#define FERRY_VMMLINK_GUESTCONFIG_H

#include "ferry/limits.h"
#include "ferry/types.h"

#define GUESTCONFIG_MEMORY_MIN  (64ULL << 20)
#define GUESTCONFIG_MEMORY_MAX  (8ULL << 30)
#define GUESTCONFIG_MEMORY_STEP (2ULL << 20)
#define GUESTCONFIG_VCPUS_MAX   2U
/* No more than this: a page write each nanosecond. Above it stands "max". */
#define GUESTCONFIG_RATE_MAX (4096ULL * 1000000000ULL)
/* Rate: as fast as it can. */
#define GUESTCONFIG_RATE_FLAT_OUT UINT64_MAX
#define GUESTCONFIG_PATH_MAX      255
#define GUESTCONFIG_TAP_MAX       15
#define GUESTCONFIG_REASON_MAX    200

enum guestconfig_workload {
    GUESTCONFIG_IDLE = 1,
    GUESTCONFIG_SWEEP,   /* writes its set in order, wraps */
    GUESTCONFIG_UNIFORM, /* writes pages of its set drawn independently */
    GUESTCONFIG_HOTSET,  /* two disjoint uniform sets */
    GUESTCONFIG_KV,      /* a table with skewed keys: reads, checks, updates */
    GUESTCONFIG_SORT,    /* fills its set with draws, sorts it, checks the order, again */
};
enum guestconfig_huge {
    GUESTCONFIG_HUGE_NONE = 1,
    GUESTCONFIG_HUGE_TRANSPARENT,
    GUESTCONFIG_HUGE_EXPLICIT
};
enum guestconfig_dirty { GUESTCONFIG_DIRTY_LOG = 1, GUESTCONFIG_DIRTY_RING };

struct guestconfig {
    uint64_t memory;
    uint32_t vcpus;
    enum guestconfig_workload workload;
    uint64_t size;
    uint64_t rate;
    uint64_t cold_size;
    uint64_t cold_rate;
    uint32_t nonzero_percent;
    uint64_t seed;
    enum guestconfig_huge huge_pages;
    bool prefault;
    enum guestconfig_dirty dirty;
    char disk[GUESTCONFIG_PATH_MAX + 1]; /* "": none */
    bool disk_read_only;
    uint64_t disk_rate;
    char tap[GUESTCONFIG_TAP_MAX + 1]; /* "": none */
};

/* An idle guest of 128 MiB and one vCPU. */
struct guestconfig guestconfig_default(void);

/* Is every field in its bounds, and do the sets fit the memory? reason gets a sentence otherwise. */
bool guestconfig_check(const struct guestconfig *config, char reason[GUESTCONFIG_REASON_MAX]);

/* The text, checked first; false with a reason when a field is out of its bounds. */
bool guestconfig_encode(
    const struct guestconfig *config,
    char text[FERRY_GUEST_CONFIG_MAX],
    size_t *size_out,
    char reason[GUESTCONFIG_REASON_MAX]);

/* Reads and checks; keys left out have their defaults. The reason names the line. */
bool guestconfig_decode(
    struct ferry_bytes text, struct guestconfig *config_out, char reason[GUESTCONFIG_REASON_MAX]);

/* Sets one key from its text ("size", "128 MiB" or bytes): what command lines use. Nothing but this
 * field is checked. */
bool guestconfig_set(
    struct guestconfig *config,
    const char *key,
    const char *value,
    char reason[GUESTCONFIG_REASON_MAX]);

#endif
