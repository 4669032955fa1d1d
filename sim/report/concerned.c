/* SPDX-License-Identifier: Apache-2.0 */
/* concerned.c -- chooses the migration and the events that explain why a run did not pass. */
#include "sim/report/concerned.h"

#include "sim/report/memory.h"

uint32_t concerned_migration(const struct sim_result *result)
{
    for (size_t i = 0; i < result->failure_count; i++) {
        if (result->failures[i].migration < result->migration_count) {
            return result->failures[i].migration;
        }
    }
    for (size_t i = 0; i < result->migration_count; i++) {
        if (result->migrations[i].outcome.kind != FERRY_OUTCOME_COMPLETED) {
            return (uint32_t)i;
        }
    }
    return result->migration_count == 0 ? SIM_RESULT_NONE : (uint32_t)(result->migration_count - 1);
}

/* ---- the last events, merged from the newest back ---- */

struct sides {
    const struct sim_recent *recent[SIM_SIDES];
    uint64_t taken[SIM_SIDES]; /* so many of each, from the newest back */
};

static const struct sim_event *peek(const struct sides *sides, size_t side)
{
    const struct sim_recent *recent = sides->recent[side];
    const uint64_t taken = sides->taken[side];

    if (recent == NULL || taken >= recent->count || taken >= SIM_RESULT_RECENT) {
        return NULL;
    }
    return &recent->events[(recent->count - 1 - taken) % SIM_RESULT_RECENT];
}

/* The newest events of the three rings, merged, the newest first. */
static size_t
last_events(struct sides *sides, const struct sim_event *events[static CONCERNED_EVENTS])
{
    size_t count = 0;

    while (count < CONCERNED_EVENTS) {
        const struct sim_event *newest = NULL;
        size_t from = 0;

        for (size_t side = 0; side < SIM_SIDES; side++) {
            const struct sim_event *event = peek(sides, side);

            if (event != NULL && (newest == NULL || event->number > newest->number)) {
                newest = event;
                from = side;
            }
        }
        if (newest == NULL) {
            break;
        }
        events[count++] = newest;
        sides->taken[from]++;
    }
    return count;
}

static size_t recent_events(
    const struct sim_result *result,
    uint32_t migration,
    const struct sim_event *events[static CONCERNED_EVENTS])
{
    struct sides sides = {
        .recent[SIM_SIDE_WORLD] = sim_result_recent(result, SIM_RESULT_NONE, SIM_SIDE_WORLD)};

    if (migration != SIM_RESULT_NONE) {
        sides.recent[SIM_SIDE_SOURCE] = sim_result_recent(result, migration, SIM_SIDE_SOURCE);
        sides.recent[SIM_SIDE_TARGET] = sim_result_recent(result, migration, SIM_SIDE_TARGET);
    }
    return last_events(&sides, events);
}

struct sim_ending *concerned_ending(const struct sim_result *result, uint32_t migration)
{
    const struct sim_event *events[CONCERNED_EVENTS];
    struct sim_ending *ending = report_take(1, sizeof *ending);

    ending->count = recent_events(result, migration, events);
    for (size_t i = 0; i < ending->count; i++) {
        ending->events[i] = *events[i];
    }
    return ending;
}

bool concerned_at_outcome(const struct sim_result *result, uint32_t migration)
{
    if (result->alarmed || result->verdict == SIM_VERDICT_ERROR || migration == SIM_RESULT_NONE ||
        result->migrations[migration].ending == NULL) {
        return false;
    }
    for (size_t i = 0; i < result->failure_count; i++) {
        if (result->failures[i].migration == migration) {
            return true;
        }
    }
    return false;
}

size_t concerned_events(
    const struct sim_result *result,
    uint32_t migration,
    const struct sim_event *events[CONCERNED_EVENTS])
{
    if (!concerned_at_outcome(result, migration)) {
        return recent_events(result, migration, events);
    }
    const struct sim_ending *ending = result->migrations[migration].ending;

    for (size_t i = 0; i < ending->count; i++) {
        events[i] = &ending->events[i];
    }
    return ending->count;
}
