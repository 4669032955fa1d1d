/* SPDX-License-Identifier: Apache-2.0 */
/*
 * payload_in.c -- the receiving end of a stream: what arrives goes through the engine's decoder into
 * the guest's memory.
 *
 * The decoder asks for head bytes and says where payload belongs; what it is told to be a page must
 * be a page in the message, and as many. What is placed is reported after it is in the memory, in
 * the order of the stream. A held decoder leaves the rest of the input where it is.
 */
#include "sim/world/attachment.h"
#include "sim/world/channel.h"
#include "sim/world/guest.h"
#include "sim/world/host.h"
#include "sim/world/log.h"
#include "sim/world/message.h"
#include "sim/world/move.h"
#include "sim/world/payload.h"
#include "sim/world/side.h"
#include "sim/world/state.h"

#include <string.h>

uint32_t payload_digest(
    struct model_payload *contents,
    const struct model_memory *memory,
    uint64_t first_page,
    uint64_t skip,
    uint64_t count)
{
    if (!model_memory_has_bytes(memory)) {
        return model_payload_digest(contents, skip, count);
    }
    const size_t size = (size_t)model_memory_page_size(memory);
    uint32_t crc = 0;
    for (uint64_t page = first_page; page < first_page + count; page++) {
        crc = ferry_crc32c(crc, model_memory_const_bytes(memory, page), size);
    }
    return crc;
}

static struct side *side_of(const struct channel *channel)
{
    return side_of_serial(channel->move, true, channel->attach->serial[NET_ACCEPTOR]);
}

static bool make_decoder(struct channel *channel)
{
    struct side *side = side_of(channel);
    struct ferry_stream_shape shape;

    if (channel->decoder != NULL) {
        return true;
    }
    if (side == NULL || ferry_target_shape(side->target_engine) == NULL) {
        return false;
    }
    shape = *ferry_target_shape(side->target_engine);
    shape.attach = channel->attach->number;
    shape.stream = channel->stream;
    return ferry_decoder_create(
               &channel->world->allocator,
               &shape,
               ferry_target_round(side->target_engine),
               &channel->decoder) == FERRY_OK;
}

void payload_in_close(struct channel *channel)
{
    ferry_decoder_destroy(channel->decoder);
    channel->decoder = NULL;
    messages_clear(&channel->in);
}

/* ---- taking apart what came ---- */

/* The segment which comes next, or NULL. Messages that are used up go. */
static struct segment *current(struct channel *channel)
{
    struct message *message = channel->in.first;

    while (message != NULL && message->segment_at == message->segment_count) {
        message_destroy(messages_pop(&channel->in));
        message = channel->in.first;
    }
    return message == NULL ? NULL : &message->segments[message->segment_at];
}

static void use(struct channel *channel, uint64_t amount)
{
    struct message *message = channel->in.first;

    message->segment_used += amount;
    if (message->segment_used == message->segments[message->segment_at].size) {
        message->segment_at++;
        message->segment_used = 0;
    }
}

enum step { STEP_ON, STEP_WAIT, STEP_BROKEN };

static enum step fill(struct channel *channel, const struct ferry_item *item)
{
    const struct segment *segment = current(channel);

    if (segment == NULL) {
        return STEP_WAIT;
    }
    if (segment->kind != SEGMENT_HEAD) {
        return STEP_BROKEN;
    }
    struct message *message = channel->in.first;
    const uint64_t left = segment->size - message->segment_used;
    const size_t size = left < item->fill_size ? (size_t)left : item->fill_size;
    memcpy(item->fill, message->bytes + message->bytes_used, size);
    message->bytes_used += size;
    use(channel, size);
    ferry_decoder_filled(channel->decoder, size);
    return STEP_ON;
}

static enum step place(struct channel *channel, const struct ferry_item *item)
{
    const struct segment *segment = current(channel);
    const struct instance *instance = instance_of_move(channel->move, true);

    if (segment == NULL || instance == NULL || segment->kind != SEGMENT_PAGES ||
        segment->size - channel->in.first->segment_used < item->page_count) {
        return STEP_BROKEN;
    }
    struct model_payload *contents = channel->in.first->contents;
    uint32_t digest = 0;
    if (!model_memory_has_bytes(instance->memory)) {
        digest = payload_digest(contents, instance->memory, item->first_page, 0, item->page_count);
    }
    if (!model_payload_place(contents, instance->memory, item->first_page, item->page_count)) {
        world_error(channel->world, "the contents of a batch cannot be placed");
        return STEP_BROKEN;
    }
    if (model_memory_has_bytes(instance->memory)) {
        digest = payload_digest(contents, instance->memory, item->first_page, 0, item->page_count);
    }
    use(channel, item->page_count);
    ferry_decoder_placed(channel->decoder, digest);
    return STEP_ON;
}

static enum step place_state(struct channel *channel, const struct ferry_item *item)
{
    const struct segment *segment = current(channel);

    if (segment == NULL || segment->kind != SEGMENT_STATE || segment->offset != item->offset ||
        segment->size != item->bytes) {
        return STEP_BROKEN;
    }
    const uint32_t digest = segment->digest;
    use(channel, item->bytes);
    ferry_decoder_placed(channel->decoder, digest);
    return STEP_ON;
}

static enum step zero(struct channel *channel, const struct ferry_item *item)
{
    const struct instance *instance = instance_of_move(channel->move, true);

    if (instance == NULL) {
        return STEP_BROKEN;
    }
    model_memory_place_zero(instance->memory, item->first_page, item->page_count);
    return STEP_ON;
}

/* ---- reports ---- */

static void log_placed(
    const struct channel *channel, const char *kind, uint64_t number, const struct ferry_item *item)
{
    LOG(channel->world,
        .side = SIM_SIDE_TARGET,
        .host = channel->move->to->index,
        .migration = channel->move->index,
        .kind = kind,
        .field_name = {"stream", "number", "bytes", "digest"},
        .field = {channel->stream, (int64_t)number, (int64_t)item->bytes, item->digest});
}

static void
report(struct channel *channel, enum ferry_event_kind kind, const struct ferry_item *item)
{
    struct side *side = side_of(channel);

    if (side == NULL || channel->attach->broken[NET_ACCEPTOR]) {
        return;
    }
    side_post(
        side,
        &(struct ferry_event){
            .kind = kind,
            .status = item->status,
            .attach = channel->attach->number,
            .stream = channel->stream,
            .round = item->round,
            .attempt = item->attempt,
            .batch = item->batch,
            .wire_bytes = item->bytes,
            .pages = item->pages,
            .zero_pages = item->zero_pages,
            .digest = item->digest,
            .state_size = item->state_size,
            .state_bytes = item->state_bytes,
            .state_digest = item->state_digest,
        });
}

static void batch_placed(struct channel *channel, const struct ferry_item *item)
{
    struct instance *instance = instance_of_move(channel->move, true);

    if (item->state_size != 0 && instance != NULL && channel->in.first != NULL) {
        instance->arriving = channel->in.first->state;
        instance->arriving_attempt = item->attempt;
    }
    log_placed(channel, "BATCH_PLACED", item->batch, item);
    world_progress(channel->world);
    report(channel, FERRY_EVENT_BATCH_PLACED, item);
}

static void broken(struct channel *channel, enum ferry_status status)
{
    const struct ferry_item item = {.status = status};

    log_placed(channel, "STREAM_ERROR", (uint64_t)status, &item);
    messages_clear(&channel->in);
    report(channel, FERRY_EVENT_STREAM_ERROR, &item);
}

static enum step take(struct channel *channel, const struct ferry_item *item)
{
    switch (item->kind) {
    case FERRY_ITEM_FILL: return fill(channel, item);
    case FERRY_ITEM_PLACE: return place(channel, item);
    case FERRY_ITEM_ZERO: return zero(channel, item);
    case FERRY_ITEM_STATE: return place_state(channel, item);
    case FERRY_ITEM_BATCH: batch_placed(channel, item); return STEP_ON;
    case FERRY_ITEM_BARRIER:
        log_placed(channel, "BARRIER_REACHED", item->round, item);
        report(channel, FERRY_EVENT_BARRIER_REACHED, item);
        return STEP_ON;
    case FERRY_ITEM_HOLD: return STEP_WAIT;
    case FERRY_ITEM_ERROR: break;
    }
    broken(channel, item->status);
    return STEP_WAIT;
}

void payload_in_arrived(struct channel *channel)
{
    enum step step = STEP_ON;

    if (channel->ends[NET_ACCEPTOR].over) {
        return;
    }
    if (!make_decoder(channel)) {
        broken(channel, FERRY_PEER_UNEXPECTED);
        return;
    }
    while (step == STEP_ON && !channel->world->over) {
        struct ferry_item item = {0};
        ferry_decoder_next(channel->decoder, &item);
        step = take(channel, &item);
    }
    if (step == STEP_BROKEN) {
        broken(channel, FERRY_PEER_FRAME);
    }
}

void payload_in_release(struct side *side, const struct ferry_action *action)
{
    for (struct attach *attach = side->move->attaches; attach != NULL; attach = attach->next) {
        if (attach->serial[NET_ACCEPTOR] != side->serial || attach->broken[NET_ACCEPTOR]) {
            continue;
        }
        for (uint16_t stream = 0; stream < attach->streams; stream++) {
            struct channel *channel = attach->payload[stream];
            if (channel != NULL && channel->decoder != NULL) {
                ferry_decoder_release(channel->decoder, action->round);
                payload_in_arrived(channel);
            }
        }
    }
}
