/* SPDX-License-Identifier: Apache-2.0 */
/* decoder_fuzz.c -- whatever bytes arrive, the payload decoder and the control reader keep within their bounds.
 *
 * An input is four bytes that say how, and then what a peer sends:
 *   0  flags: 1 control connection (else payload), 2 make every frame's checksum right first, 4 bodies are not among the
 *      bytes, 8 coarse pages, 16 all bodies of a frame are received at once,
 *      32 a connection's preface comes first
 *   1  chunk size, and
 *   2  the one after it, in turn; 0 = as much as there is
 *   3  first round
 *
 * Claims, checked in every run:
 *   - a place to fill is the decoder's own buffer and not empty;
 *   - what is placed or made zero lies in one region and comes in rising order within a batch;
 *   - device state comes in order and within its limit;
 *   - BATCH counts what was yielded; batch numbers rise; nothing comes of a round that was not released;
 *   - without new bytes the number of items is bounded by one head; the first error stays;
 *   - nothing is allocated after create;
 *   - a control message that is accepted encodes to the very bytes that it came in.
 *
 * By hand: build with the preset `fuzz`, then fuzz_decoder -dict=fuzz/decoder.dict fuzz/corpus/decoder */
#include "ferry/stream.h"
#include "fuzz/claim.h"
#include "fuzz/input/mutate.h"
#include "wire/frame.h"
#include "wire/message.h"

#include <stdlib.h>
#include <string.h>

#define FLAG_CONTROL   1U
#define FLAG_SEAL      2U
#define FLAG_NO_BODIES 4U
#define FLAG_COARSE    8U
#define FLAG_AT_ONCE   16U
#define FLAG_PREFACE   32U
#define PREAMBLE       4U

/* Two varints an extent, at least two bytes; and the frame's own report. */
#define ITEMS_MAX (FERRY_STREAM_HEAD_MAX / 2 + 4)

/* Data extents of one frame. */
#define OWED_MAX FERRY_FRAME_PAGES_MAX

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's own name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const struct mutate_rules fuzz_rules = {.form = MUTATE_FRAMES, .header = PREAMBLE};

/* ---- the input ---- */

struct input {
    uint8_t flags;
    uint8_t chunk[2];
    uint8_t round;
    size_t turn;
    uint8_t *bytes;
    size_t size;
};

/* Walks the frames as far as they are whole and makes their checksums right, so that the fuzzer's changes get past them. */
static void seal_frames(const struct input *input)
{
    size_t at = 0;
    while (input->size - at >= WIRE_FRAME_HEADER_SIZE) {
        const struct wire_frame frame = wire_frame_parse(input->bytes + at);
        const size_t left = input->size - at - WIRE_FRAME_HEADER_SIZE;
        if (frame.head_size > left) {
            return;
        }
        wire_frame_seal(&frame, input->bytes + at);
        size_t body = (input->flags & FLAG_NO_BODIES) != 0 ? 0 : frame.body_bytes;
        if (body > left - frame.head_size) {
            body = left - frame.head_size;
        }
        at += WIRE_FRAME_HEADER_SIZE + frame.head_size + body;
    }
}

/* Size of the next chunk, 1 .. left. */
static size_t next_chunk(struct input *input, size_t left)
{
    const size_t chunk = input->chunk[input->turn % 2];
    input->turn++;
    return chunk == 0 || chunk > left ? left : chunk;
}

/* ---- the payload decoder ---- */

static size_t blocks;

static void *allocate(void *context, size_t size)
{
    (void)context;
    blocks++;
    return calloc(1, size);
}

static void release(void *context, void *memory, size_t size)
{
    (void)context;
    (void)size;
    blocks--;
    free(memory);
}

static const struct ferry_region regions[] = {
    {.guest_address = 0,          .pages = 100 },
    {.guest_address = 1ULL << 32, .pages = 5000},
};

struct world {
    struct ferry_stream_shape shape;
    struct ferry_decoder *decoder;
    uint32_t released;
    uint32_t round; /* of the batch under way, by the barriers seen */
    uint64_t last_batch;
    /* the batch under way: */
    uint64_t position;
    uint64_t region_end;
    uint64_t pages;
    uint64_t zero_pages;
    uint64_t state_bytes;
    uint64_t state_next; /* offset behind what came */
    uint64_t body_received;
    /* bodies that were taken, and are received later: */
    uint64_t owed[OWED_MAX];
    size_t owed_count;
    size_t owed_next;
};

static void begin_batch(struct world *world)
{
    world->position = 0;
    world->region_end = 0;
    world->pages = 0;
    world->zero_pages = 0;
    world->state_bytes = 0;
    world->state_next = 0;
}

static void check_range(struct world *world, const struct ferry_item *item)
{
    holds(item->page_count > 0);
    holds(item->first_page >= world->position);
    const uint64_t first_end = regions[0].pages;
    const uint64_t all_end = first_end + regions[1].pages;
    const uint64_t end = item->first_page < first_end ? first_end : all_end;
    holds(item->first_page < end && item->page_count <= end - item->first_page);
    holds(world->region_end == 0 || world->region_end == end);
    world->region_end = end;
    world->position = item->first_page + item->page_count;
    if (item->kind == FERRY_ITEM_PLACE) {
        holds(item->bytes == item->page_count * world->shape.page_size);
    } else {
        world->zero_pages += item->page_count;
    }
}

static void check_batch(struct world *world, const struct ferry_item *item)
{
    holds(item->batch > world->last_batch);
    holds(item->round == world->round && item->round <= world->released);
    holds(item->pages == world->pages && item->zero_pages == world->zero_pages);
    holds(item->state_bytes == world->state_bytes && world->state_next <= item->state_size);
    holds((item->state_size != 0) == (item->state_bytes != 0));
    holds(item->bytes > world->pages * world->shape.page_size + world->state_bytes);
    world->last_batch = item->batch;
    begin_batch(world);
}

/* What is to be placed: pages, or a part of the device state, without holes. */
static void check_body(struct world *world, const struct ferry_item *item)
{
    if (item->kind == FERRY_ITEM_STATE) {
        holds(world->state_bytes == 0 || item->offset == world->state_next);
        holds(item->offset <= world->shape.device_state_max);
        holds(item->bytes > 0 && item->bytes <= world->shape.device_state_max - item->offset);
        world->state_bytes += item->bytes;
        world->state_next = item->offset + item->bytes;
    } else {
        check_range(world, item);
        world->pages += item->page_count;
    }
}

/* Takes bytes of a body, or none of them if bodies are left out; *done_out: it is complete. */
static size_t
receive_body(struct world *world, struct input *input, uint64_t size, size_t at, bool *done_out)
{
    const uint64_t left = size - world->body_received;
    size_t taken = 0;
    if ((input->flags & FLAG_NO_BODIES) != 0) {
        world->body_received = size;
    } else {
        taken = next_chunk(input, input->size - at);
        taken = taken < left ? taken : (size_t)left;
        world->body_received += taken;
    }
    *done_out = world->body_received == size;
    if (*done_out) {
        world->body_received = 0;
    }
    return taken;
}

/* PLACE or STATE: received now, or noted for later. */
static size_t
take_body(struct world *world, struct input *input, const struct ferry_item *item, size_t at)
{
    bool done = false;
    size_t taken = 0;
    if (world->body_received == 0) {
        check_body(world, item);
    }
    if ((input->flags & FLAG_AT_ONCE) != 0) {
        holds(world->owed_count < OWED_MAX);
        world->owed[world->owed_count] = item->bytes;
        world->owed_count++;
        ferry_decoder_taken(world->decoder);
        return 0;
    }
    taken = receive_body(world, input, item->bytes, at, &done);
    if (done) {
        ferry_decoder_placed(world->decoder, 0);
    }
    return taken;
}

/* The oldest of the bodies that were noted. */
static size_t receive_owed(struct world *world, struct input *input, size_t at)
{
    bool done = false;
    const uint64_t size = world->owed[world->owed_next];
    const size_t taken = receive_body(world, input, size, at, &done);
    if (done) {
        ferry_decoder_digest(world->decoder, 0, size);
        world->owed_next++;
        if (world->owed_next == world->owed_count) {
            world->owed_next = 0;
            world->owed_count = 0;
        }
    }
    return taken;
}

static void check_error(struct world *world, const struct ferry_item *item)
{
    struct ferry_item again;
    holds(ferry_status_category(item->status) == FERRY_CATEGORY_PEER);
    ferry_decoder_release(world->decoder, UINT32_MAX);
    ferry_decoder_next(world->decoder, &again);
    holds(again.kind == FERRY_ITEM_ERROR && again.status == item->status);
}

static size_t
fill(struct world *world, struct input *input, const struct ferry_item *item, size_t at)
{
    holds(item->fill_size > 0 && item->fill_size <= FERRY_STREAM_HEAD_MAX);
    if (world->owed_count > 0) {
        return receive_owed(world, input, at);
    }
    size_t taken = next_chunk(input, input->size - at);
    taken = taken < item->fill_size ? taken : item->fill_size;
    memcpy(item->fill, input->bytes + at, taken);
    ferry_decoder_filled(world->decoder, taken);
    return taken;
}

/* One item; returns the bytes that it took. *over_out: nothing more will come. */
static size_t step(struct world *world, struct input *input, size_t at, bool *over_out)
{
    struct ferry_item item;
    const bool dry = at == input->size;
    const bool bodies = (input->flags & FLAG_NO_BODIES) == 0;
    ferry_decoder_next(world->decoder, &item);
    switch (item.kind) {
    case FERRY_ITEM_FILL:
        *over_out = dry && (bodies || world->owed_count == 0);
        return *over_out ? 0 : fill(world, input, &item, at);
    case FERRY_ITEM_PLACE:
    case FERRY_ITEM_STATE:
        *over_out = dry && bodies;
        return *over_out ? 0 : take_body(world, input, &item, at);
    case FERRY_ITEM_ZERO: check_range(world, &item); return 0;
    case FERRY_ITEM_BATCH: check_batch(world, &item); return 0;
    case FERRY_ITEM_BARRIER:
        holds(item.round == world->round);
        world->round++;
        return 0;
    case FERRY_ITEM_HOLD:
        holds(world->round > world->released);
        ferry_decoder_release(world->decoder, world->released); /* released before: no news */
        world->released++;
        ferry_decoder_release(world->decoder, world->released);
        return 0;
    case FERRY_ITEM_ERROR:
        check_error(world, &item);
        *over_out = true;
        return 0;
    }
    abort();
}

static void *allocate_nothing(void *context, size_t size)
{
    (void)context;
    (void)size;
    return NULL;
}

/* What is no decoder is refused with a name, and leaves nothing behind. */
static void check_create(const struct ferry_stream_shape *shape)
{
    const struct ferry_allocator none = {.allocate = allocate_nothing, .release = release};
    const struct ferry_allocator some = {.allocate = allocate, .release = release};
    struct ferry_stream_shape bad = *shape;
    struct ferry_decoder *decoder = NULL;
    bad.region_count = 0;
    holds(ferry_decoder_create(&none, shape, 0, &decoder) == FERRY_LIMIT_MEMORY);
    holds(ferry_decoder_create(&some, &bad, 0, &decoder) == FERRY_USAGE_CONFIG);
    holds(ferry_decoder_create(&some, shape, UINT32_MAX, &decoder) == FERRY_USAGE_CONFIG);
    holds(decoder == NULL && blocks == 0);
    ferry_decoder_destroy(decoder);
}

static void fuzz_payload(struct input *input)
{
    const struct ferry_allocator allocator = {.allocate = allocate, .release = release};
    struct world world = {
        .shape =
            {
                    .session = {.high = 1, .low = 2},
                    .attach = 1,
                    .page_size = (input->flags & FLAG_COARSE) != 0 ? 2U << 20 : 4096,
                    .region_count = 2,
                    .regions = regions,
                    .device_state_max = 2U << 20,
                    },
        .released = input->round,
        .round = input->round,
    };
    blocks = 0;
    check_create(&world.shape);
    holds(ferry_decoder_create(&allocator, &world.shape, input->round, &world.decoder) == FERRY_OK);
    bool over = false;
    size_t at = 0;
    size_t idle = 0;
    while (!over) {
        const size_t taken = step(&world, input, at, &over);
        at += taken;
        idle = taken > 0 ? 0 : idle + 1;
        holds(idle <= ITEMS_MAX + OWED_MAX);
        holds(blocks == 1);
    }
    ferry_decoder_destroy(world.decoder);
    holds(blocks == 0);
}

/* ---- the control reader ---- */

static void check_message(const struct wire_reader *reader, const struct wire_message *message)
{
    static uint8_t again[WIRE_READER_CAPACITY];
    size_t size = 0;
    holds(wire_message_encode(message, again, sizeof(again), &size) == FERRY_OK);
    holds(size == reader->consumed && memcmp(again, reader->buffer, size) == 0);
    const size_t room = size;
    holds(wire_message_encode(message, again, room - 1, &size) == FERRY_LIMIT_SIZE);
    holds(wire_message_encode(message, again, 8, &size) == FERRY_LIMIT_SIZE && size == room);
    const bool later = wire_message_attempt(message) != 0;
    holds(!later || (message->type != WIRE_PING && message->type != WIRE_OPEN));
    holds(wire_type_name(message->type)[0] != '?');
}

/* A type that is none has no name and no fields. */
static void check_refused(const struct wire_reader *reader)
{
    const enum wire_type type = (enum wire_type)wire_frame_parse(reader->buffer).type;
    struct wire_message message;
    if (strcmp(wire_type_name(type), "?") == 0) {
        const struct ferry_bytes nothing = {.data = reader->buffer, .size = 0};
        holds(wire_message_decode(type, nothing, &message) == FERRY_PEER_FRAME);
    }
}

/* What opens a connection: refused, or it encodes to the very bytes that it came in. False: refused. */
static bool take_preface(struct input *input, size_t *at)
{
    struct ferry_preface preface;
    uint8_t again[FERRY_PREFACE_SIZE];
    if (input->size < FERRY_PREFACE_SIZE) {
        return false;
    }
    if ((input->flags & FLAG_SEAL) != 0) {
        const uint32_t checksum = ferry_crc32c(0, input->bytes, FERRY_PREFACE_SIZE - 4);
        for (uint32_t i = 0; i < 4; i++) {
            input->bytes[FERRY_PREFACE_SIZE - 4 + i] = (uint8_t)(checksum >> (8 * i));
        }
    }
    const enum ferry_status status = ferry_preface_decode(input->bytes, &preface);
    if (status != FERRY_OK) {
        holds(ferry_status_category(status) == FERRY_CATEGORY_PEER);
        return false;
    }
    ferry_preface_encode(&preface, again);
    holds(memcmp(again, input->bytes, sizeof(again)) == 0);
    *at = FERRY_PREFACE_SIZE;
    return true;
}

static void fuzz_control(struct input *input)
{
    static uint8_t buffer[WIRE_READER_CAPACITY];
    struct wire_reader reader = {.buffer = buffer, .capacity = sizeof(buffer)};
    wire_reader_reset(&reader);
    size_t at = 0;
    while (at < input->size) {
        struct ferry_bytes bytes = {
            .data = input->bytes + at, .size = next_chunk(input, input->size - at)};
        bool found = true;
        at += bytes.size;
        while (found) {
            struct wire_message message;
            const enum ferry_status status = wire_reader_next(&reader, &bytes, &found, &message);
            if (status != FERRY_OK) {
                holds(!found && ferry_status_category(status) == FERRY_CATEGORY_PEER);
                check_refused(&reader);
                holds(wire_reader_next(&reader, &bytes, &found, &message) == status);
                return;
            }
            if (found) {
                check_message(&reader, &message);
            }
        }
        holds(bytes.size == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < PREAMBLE) {
        return 0;
    }
    struct input input = {
        .flags = data[0],
        .chunk = {data[1], data[2]},
        .round = data[3],
        .size = size - PREAMBLE,
    };
    input.bytes = malloc(input.size + 1); /* of its own: the sanitizer sees every byte too far */
    holds(input.bytes != NULL);
    memcpy(input.bytes, data + PREAMBLE, input.size);
    uint8_t *const all = input.bytes;
    size_t at = 0;
    if ((input.flags & FLAG_PREFACE) == 0 || take_preface(&input, &at)) {
        input.bytes += at;
        input.size -= at;
        if ((input.flags & FLAG_SEAL) != 0) {
            seal_frames(&input);
        }
        if ((input.flags & FLAG_CONTROL) != 0) {
            fuzz_control(&input);
        } else {
            fuzz_payload(&input);
        }
    }
    free(all);
    return 0;
}
