/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.c -- the one place through which every event goes: numbered, hashed, handed to the result.
 *
 * The hash takes named integers in a fixed byte order and the bytes of names, never a struct, so
 * that it is the same for every compiler, optimisation level and sanitizer. Each event's hash is
 * the seed of the next one's: two runs which differ once differ from there on.
 */
#include "sim/world/log.h"

#include "sim/world/state.h"

#include <string.h>
#include <xxhash.h>

#define LOG_INTEGERS (5 + SIM_EVENT_FIELDS)

static void put_u64(uint8_t *out, uint64_t value)
{
    for (unsigned byte = 0; byte < 8; byte++) {
        out[byte] = (uint8_t)(value >> (8 * byte));
    }
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
    /* the terminating zero separates one name from the next */
    return XXH64(text, strlen(text) + 1, hash);
}

static uint64_t hash_event(uint64_t hash, const struct sim_event *event)
{
    uint8_t bytes[8 * LOG_INTEGERS];
    size_t used = 0;
    const uint64_t integers[5] = {
        event->number,
        (uint64_t)event->at_ns,
        (uint64_t)event->side,
        event->host,
        event->migration,
    };
    for (size_t i = 0; i < 5; i++) {
        put_u64(bytes + used, integers[i]);
        used += 8;
    }
    for (size_t i = 0; i < SIM_EVENT_FIELDS; i++) {
        if (event->field_name[i] != NULL) {
            put_u64(bytes + used, (uint64_t)event->field[i]);
            used += 8;
        }
    }
    hash = XXH64(bytes, used, hash);
    hash = hash_text(hash, event->kind);
    return event->text == NULL ? hash : hash_text(hash, event->text);
}

void log_event(struct world *world, const struct sim_event *event)
{
    struct sim_event complete = *event;
    world->events++;
    complete.number = world->events;
    complete.at_ns = world_now(world);
    complete.hash = hash_event(world->hash, &complete);
    world->hash = complete.hash;
    sim_result_event(world->result, &complete);
}

uint32_t log_digest(const void *data, size_t size)
{
    return (uint32_t)XXH64(data, size, 0);
}
