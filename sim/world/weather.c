/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weather.c -- what a network does to the bytes themselves: corruption under the checksum.
 *
 * A byte of a message changes on its way although TCP's checksum is right: of a page, of the device
 * state, or of the heads and control messages around them. What it hits is drawn with a generator
 * of its own, so that runs without such a fault draw nothing. Ferry's digests are over what the
 * receiver has, so they differ; if nobody looked, the comparison at the resume would tell.
 */
#include "sim/world/weather.h"

#include "sim/world/attachment.h"
#include "sim/world/channel.h"
#include "sim/world/log.h"
#include "sim/world/message.h"
#include "sim/world/move.h"
#include "sim/world/state.h"

#define MILLION UINT64_C(1000000)

/* One time in so many heads are hit rather than what lies between them. */
#define HEADS_ONE_IN UINT64_C(4)

static struct segment *state_of(struct message *message)
{
    for (size_t i = 0; i < message->segment_count; i++) {
        if (message->segments[i].kind == SEGMENT_STATE) {
            return &message->segments[i];
        }
    }
    return NULL;
}

static const char *damage(struct world *world, struct message *message)
{
    const uint64_t pages = message->contents == NULL ? 0 : model_payload_pages(message->contents);
    struct segment *state = state_of(message);

    if ((pages > 0 || state != NULL) && model_rng_below(&world->weather, HEADS_ONE_IN) != 0) {
        if (pages > 0) {
            model_payload_corrupt(message->contents, model_rng_below(&world->weather, pages));
            return "page";
        }
        state->digest ^= 1;
        message->state ^= 1;
        return "device state";
    }
    if (message->size == 0) {
        return NULL;
    }
    const uint64_t bit = model_rng_below(&world->weather, 8 * (uint64_t)message->size);
    message->bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    return message->kind == MESSAGE_BYTES ? "control" : "head";
}

void weather_damage(struct channel *channel, struct message *message)
{
    struct world *world = channel->world;

    if (channel->attach == NULL) {
        return;
    }
    const uint32_t ppm = world->corrupt_ppm[channel->attach->network];
    if (ppm == 0 || model_rng_below(&world->weather, MILLION) >= ppm) {
        return;
    }
    const char *what = damage(world, message);
    if (what != NULL) {
        LOG(world,
            .side = SIM_SIDE_WORLD,
            .host = SIM_RESULT_NONE,
            .migration = channel->move->index,
            .kind = "CORRUPTED",
            .field_name = {"attach", "stream", "bytes"},
            .field = {channel->attach->number, channel->stream, (int64_t)message->wire_bytes},
            .text = what);
    }
}
