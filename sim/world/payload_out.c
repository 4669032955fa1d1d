/* SPDX-License-Identifier: Apache-2.0 */
/*
 * payload_out.c -- the sending end of a stream: batches become messages of their true size.
 *
 * A batch lives from its issue to its last byte on the link, and the guest goes on writing
 * meanwhile. So three things happen at three times:
 *   at the issue   the zero scan: which pages are zero is decided once, for all pages of the batch. A second encoder, the
 *                  sizer, runs ahead and says how many bytes the batch takes on the wire
 *   while it goes  nothing
 *   last byte      the encoder proper runs with the remembered zero pages. Each run of pages is read at an instant of its
 *                  own between the first and the last byte: the guest is advanced from one to the next. A page that is
 *                  written before its instant travels with the new content, one written after it with the old; either
 *                  way it is in the next collection, and if it were not, the comparison at the resume would tell
 * The encoder must come to the size which the sizer said: both are the engine's code, and the
 * round's bitmap must not have changed since.
 */
#include "model/bits.h"
#include "sim/fault/fault.h"
#include "sim/world/attachment.h"
#include "sim/world/channel.h"
#include "sim/world/guest.h"
#include "sim/world/host.h"
#include "sim/world/log.h"
#include "sim/world/memory.h"
#include "sim/world/message.h"
#include "sim/world/move.h"
#include "sim/world/observe.h"
#include "sim/world/payload.h"
#include "sim/world/side.h"
#include "sim/world/state.h"

#include <stdlib.h>

static uint64_t scan_at_issue(void *context, uint64_t first_page, uint64_t wanted)
{
    const struct channel *channel = context;
    struct message *message = channel->encoding;
    const struct model_memory *memory = model_guest_memory(channel->move->guest->model);
    const uint64_t word = first_page / 64;
    const uint64_t zero = model_memory_zero_word(memory, word) & wanted;

    message->zeros[word - message->first_word] |= zero;
    return zero;
}

static uint64_t scan_remembered(void *context, uint64_t first_page, uint64_t wanted)
{
    const struct channel *channel = context;
    const struct message *message = channel->encoding;

    return message->zeros[first_page / 64 - message->first_word] & wanted;
}

static void make_shape(struct channel *channel)
{
    const struct move *move = channel->move;

    channel->shape = (struct ferry_stream_shape){
        .session = move->session,
        .attach = channel->attach->number,
        .stream = channel->stream,
        .page_size = move->guest->spec->page,
        .region_count = (uint16_t)move->guest->region_count,
        .regions = move->guest->regions,
        .device_state_max = FERRY_DEVICE_STATE_MAX,
    };
}

/* The stream stands: its first bytes are the preface. */
void payload_out_open(struct channel *channel)
{
    struct world *world = channel->world;
    struct ferry_piece piece;

    make_shape(channel);
    if (ferry_encoder_create(
            &world->allocator, &channel->shape, scan_remembered, channel, &channel->encoder) !=
            FERRY_OK ||
        ferry_encoder_create(
            &world->allocator, &channel->shape, scan_at_issue, channel, &channel->sizer) !=
            FERRY_OK) {
        world_error(world, "no encoder can be made for a stream");
        return;
    }
    struct message *message = message_create(MESSAGE_BYTES);
    if (!ferry_encoder_next(channel->sizer, &piece) ||
        !ferry_encoder_next(channel->encoder, &piece) || piece.kind != FERRY_PIECE_HEAD) {
        world_error(world, "an encoder does not begin with its preface");
    } else {
        message_add_bytes(message, piece.head.data, piece.head.size);
    }
    message->wire_bytes = message->size;
    channel_send(channel, NET_INITIATOR, message);
}

void payload_out_close(struct channel *channel)
{
    ferry_encoder_destroy(channel->encoder);
    ferry_encoder_destroy(channel->sizer);
    channel->encoder = NULL;
    channel->sizer = NULL;
}

/* ---- at the issue ---- */

/* How many bytes it takes, and how many pages it has. */
static void measure(struct channel *channel, struct message *message)
{
    struct ferry_piece piece;

    channel->encoding = message;
    while (ferry_encoder_next(channel->sizer, &piece)) {
        switch (piece.kind) {
        case FERRY_PIECE_HEAD: message->wire_bytes += piece.head.size; break;
        case FERRY_PIECE_BODY:
        case FERRY_PIECE_STATE:
            message->wire_bytes += piece.bytes;
            ferry_encoder_sent(channel->sizer, 0);
            break;
        case FERRY_PIECE_DONE:
            message->pages = piece.pages;
            message->zero_pages = piece.zero_pages;
            break;
        }
    }
    channel->encoding = NULL;
}

static struct channel *stream_of(const struct side *side, uint32_t attach_number, uint16_t stream)
{
    const struct attach *attach = attachment_find(side->move, attach_number);

    if (attach == NULL || stream >= attach->streams) {
        return NULL;
    }
    struct channel *channel = attach->payload[stream];
    return channel->ends[NET_INITIATOR].over || channel->encoder == NULL ? NULL : channel;
}

void payload_out_batch(struct side *side, const struct ferry_action *action)
{
    struct channel *channel = stream_of(side, action->attach, action->stream);

    if (channel == NULL) {
        return; /* the connection has just broken: DETACHED is on its way */
    }
    guest_advance(side->move->guest, world_now(side->world));
    struct message *message = message_create(MESSAGE_BATCH);
    message->action_id = action->id;
    message->batch = action->batch;
    message->round = action->batch.round;
    message->attempt = action->batch.attempt;
    if (action->batch.state_size == 0) {
        message->first_word = action->batch.first_page / 64;
        message->word_count = (action->batch.end_page + 63) / 64 - message->first_word;
        message->zeros = world_allocate(message->word_count * sizeof *message->zeros);
    } else {
        const struct instance *instance = instance_of_move(side->move, false);
        message->state = instance == NULL ? 0 : instance->state;
    }
    if (ferry_encoder_batch(channel->sizer, &message->batch) != FERRY_OK) {
        world_error(side->world, "the encoder does not take a batch of the engine's");
        message_destroy(message);
        return;
    }
    measure(channel, message);
    channel_send(channel, NET_INITIATOR, message);
}

void payload_out_barrier(struct side *side, const struct ferry_action *action)
{
    struct attach *attach = attachment_find(side->move, action->attach);

    if (attach == NULL) {
        return;
    }
    for (uint16_t stream = 0; stream < attach->streams; stream++) {
        struct channel *channel = stream_of(side, action->attach, stream);
        if (channel == NULL) {
            continue;
        }
        struct message *message = message_create(MESSAGE_BARRIER);
        message->round = action->round;
        message->attempt = action->attempt;
        if (ferry_encoder_barrier(channel->sizer, action->round, action->attempt) != FERRY_OK) {
            world_error(side->world, "the encoder does not take a barrier of the engine's");
            message_destroy(message);
            return;
        }
        measure(channel, message);
        channel_send(channel, NET_INITIATOR, message);
    }
}

/* ---- the last byte ---- */

/* The instant at which page number `index` of the message is read. */
static int64_t instant_of(const struct message *message, uint64_t index, int64_t now)
{
    const uint64_t span = (uint64_t)(now - message->begun_at);

    return message->begun_at + (int64_t)model_mul_div(span, index, message->pages);
}

static uint32_t read_pages(
    struct channel *channel,
    struct message *message,
    const struct ferry_piece *piece,
    uint64_t done)
{
    struct guest *guest = channel->move->guest;
    const struct instance *instance = instance_of_move(channel->move, false);
    const int64_t now = world_now(channel->world);

    if (instance == NULL || instance->memory == NULL) {
        world_error(channel->world, "the engine sends pages of a guest that is not here");
        return 0;
    }
    if (guest->live == instance) {
        guest_advance(guest, instant_of(message, done, now));
    }
    if (!model_payload_append(
            message->contents, instance->memory, piece->first_page, piece->page_count)) {
        world_error(channel->world, "no memory for the contents of a batch");
        return 0;
    }
    (void)message_add_segment(message, SEGMENT_PAGES, piece->page_count);
    return payload_digest(
        message->contents, instance->memory, piece->first_page, done, piece->page_count);
}

static uint32_t read_state(struct message *message, const struct ferry_piece *piece)
{
    struct segment *segment = message_add_segment(message, SEGMENT_STATE, piece->bytes);

    segment->offset = piece->offset;
    segment->digest = (uint32_t)(message->state ^ (piece->offset * 0x9e3779b1U) ^ piece->bytes);
    return segment->digest;
}

static void encode(struct channel *channel, struct message *message)
{
    struct ferry_piece piece;
    uint64_t bytes = 0;
    uint64_t done = 0;

    channel->encoding = message;
    while (ferry_encoder_next(channel->encoder, &piece)) {
        switch (piece.kind) {
        case FERRY_PIECE_HEAD:
            message_add_bytes(message, piece.head.data, piece.head.size);
            bytes += piece.head.size;
            break;
        case FERRY_PIECE_BODY:
            ferry_encoder_sent(channel->encoder, read_pages(channel, message, &piece, done));
            done += piece.page_count;
            bytes += piece.bytes;
            break;
        case FERRY_PIECE_STATE:
            ferry_encoder_sent(channel->encoder, read_state(message, &piece));
            bytes += piece.bytes;
            break;
        case FERRY_PIECE_DONE: message->digest = piece.digest; break;
        }
    }
    channel->encoding = NULL;
    if (bytes != message->wire_bytes) {
        world_error(channel->world, "a batch has another size than when it was issued");
    }
}

static void observe_payload(
    struct channel *channel,
    const struct message *message,
    enum sim_payload payload,
    uint64_t bytes)
{
    observe(
        channel->world,
        (struct sim_observation){
            .kind = SIM_OBSERVED_PAYLOAD,
            .migration = channel->move->index,
            .stream = channel->stream,
            .payload = payload,
            .bytes = bytes,
            .begun_ns = message->begun_at,
            .ended_ns = world_now(channel->world),
        });
}

static void batch_sent(struct channel *channel, const struct message *message)
{
    const struct attach *attach = channel->attach;

    if (message->batch.state_size != 0) {
        trigger_phase(channel->move, SCENARIO_PHASE_STATE_SENT, message->attempt);
    }
    struct side *side = side_of_serial(channel->move, false, attach->serial[NET_INITIATOR]);
    if (side == NULL || attach->broken[NET_INITIATOR]) {
        return;
    }
    side_post(
        side,
        &(struct ferry_event){
            .kind = FERRY_EVENT_BATCH_SENT,
            .action_id = message->action_id,
            .attach = attach->number,
            .stream = channel->stream,
            .round = message->round,
            .attempt = message->attempt,
            .batch = message->batch.number,
            .wire_bytes = message->wire_bytes,
            .pages = message->pages,
            .zero_pages = message->zero_pages,
            .digest = message->digest,
        });
}

void payload_out_sent(struct channel *channel, struct message *message)
{
    if (message->kind == MESSAGE_BYTES) {
        return; /* a preface is part of connecting, not of what a cap is for */
    }
    enum ferry_status status = FERRY_OK;
    if (channel->encoder == NULL) {
        return;
    }
    if (message->kind == MESSAGE_BATCH) {
        message->contents = model_payload_create();
        status = ferry_encoder_batch(channel->encoder, &message->batch);
    } else {
        status = ferry_encoder_barrier(channel->encoder, message->round, message->attempt);
    }
    if (status != FERRY_OK) {
        world_error(channel->world, "the encoder does not take what it took when it was issued");
        return;
    }
    encode(channel, message);
    LOG(channel->world,
        .side = SIM_SIDE_SOURCE,
        .host = channel->move->from->index,
        .migration = channel->move->index,
        .kind = message->kind == MESSAGE_BATCH ? "BATCH_SENT" : "BARRIER_SENT",
        .field_name = {"stream", "number", "bytes", "digest"},
        .field = {
            channel->stream,
            message->kind == MESSAGE_BATCH ? (int64_t)message->batch.number : message->round,
            (int64_t)message->wire_bytes,
            message->digest});
    observe_payload(
        channel,
        message,
        message->kind == MESSAGE_BATCH ? SIM_PAYLOAD_BATCH : SIM_PAYLOAD_FRAMING,
        message->wire_bytes);
    if (message->kind == MESSAGE_BATCH) {
        batch_sent(channel, message);
    }
}

/* What is still to leave of the first message. */
static uint64_t left_of(const struct channel *channel, const struct message *message)
{
    uint64_t waiting = 0;

    for (const struct message *later = message->next; later != NULL; later = later->next) {
        waiting += later->wire_bytes;
    }
    const uint64_t unsent = net_unsent_bytes(channel->world->net, channel->conn, NET_INITIATOR);
    const uint64_t left = unsent > waiting ? unsent - waiting : 0;

    return left < message->wire_bytes ? left : message->wire_bytes;
}

void payload_out_so_far(const struct channel *channel)
{
    const struct message *message = channel->ends[NET_INITIATOR].unsent;

    if (message == NULL || message->kind == MESSAGE_BYTES) {
        return;
    }
    observe(
        channel->world,
        (struct sim_observation){
            .kind = SIM_OBSERVED_PAYLOAD_SO_FAR,
            .migration = channel->move->index,
            .stream = channel->stream,
            .bytes = message->wire_bytes - left_of(channel, message),
        });
}

void payload_out_cut(struct channel *channel)
{
    const struct message *message = channel->ends[NET_INITIATOR].unsent;

    if (message == NULL || message->kind == MESSAGE_BYTES) {
        return;
    }
    const uint64_t left = left_of(channel, message);
    const uint64_t gone = message->wire_bytes - left;

    observe_payload(channel, message, SIM_PAYLOAD_CUT, left == 0 ? 0 : gone);
}
