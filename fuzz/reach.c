/* SPDX-License-Identifier: Apache-2.0 */
/* reach.c -- see reach.h. libFuzzer finds the counters by the name of their section, and clears them before each
 * run. */
#include "fuzz/reach.h"

#include "ferry/outcome.h"
#include "ferry/source.h"
#include "ferry/target.h"

#include <string.h>

#define SOURCES  (FERRY_SOURCE_CLOSED + 1U)
#define TARGETS  (FERRY_TARGET_CLOSED + 1U)
#define LINKS    3U
#define RECORDS  8U
#define RUNS     3U
#define TUPLES   (SOURCES * TARGETS * LINKS * RECORDS * RUNS)
#define KINDS    (FERRY_OUTCOME_UNKNOWN + 1U)
#define OUTCOMES (KINDS * FERRY_STATUS_COUNT)

_Static_assert(
    TUPLES + OUTCOMES <= REACH_MAX, "each tuple and each outcome has a counter of its own");

__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[REACH_MAX];

static uint32_t bound(uint32_t value, uint32_t count)
{
    return value < count ? value : count - 1;
}

void reach_tuple(const struct reach_tuple *tuple)
{
    uint32_t index = bound(tuple->source, SOURCES);
    index = index * TARGETS + bound(tuple->target, TARGETS);
    index = index * LINKS + bound(tuple->links, LINKS);
    index = index * RECORDS + bound(tuple->records, RECORDS);
    index = index * RUNS + bound(tuple->runs, RUNS);
    counters[index] = 1;
}

void reach_outcome(uint32_t kind, uint32_t status)
{
    counters[TUPLES + bound(kind, KINDS) * FERRY_STATUS_COUNT + bound(status, FERRY_STATUS_COUNT)] =
        1;
}

size_t reach_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < REACH_MAX; i++) {
        count += counters[i] != 0;
    }
    return count;
}

void reach_clear(void)
{
    memset(counters, 0, sizeof(counters));
}
