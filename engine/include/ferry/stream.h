/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h -- framing of one payload stream: a pure encoder and a pure decoder, one instance a
 * connection.
 *
 * Whoever moves the bytes (a worker thread of a host, the simulated stream) owns the instance.
 * Payload never passes through it: the encoder yields head bytes to send and names guest ranges to
 * send after them; the decoder, fed with head bytes, says where the next n bytes of payload belong
 * after it has checked every bound.
 *
 * What travels (docs/protocol.md has the bytes):
 *   PREFACE, then batches.
 *   A batch = BEGIN, any number of PAGES frames (or one or more STATE frames), END.
 *   BARRIER n closes round n on this stream. Rounds come one by one: a stream takes batches of one
 *   round only, until its barrier; after that, of the next. Every stream gets every barrier, also
 *   of a round that an aborted attempt cut short.
 * A PAGES frame has one head with the extents (page runs, each all data or all zero) of up to
 * FERRY_FRAME_PAGES_MAX data pages, and then the bodies of its data pages, in order. An isolated
 * page costs 2-3 bytes of framing.
 *
 * Digest: the mover computes a 32-bit digest of each body it sends or receives and hands it in; END
 * carries the running digest (chained with ferry_digest_chain), so that a batch which was damaged
 * under the link's checksum is not received. Real hosts use ferry_crc32c over the bytes; the
 * simulated world digests its generation tags. */
#ifndef FERRY_STREAM_H
#define FERRY_STREAM_H

#include "ferry/limits.h"
#include "ferry/status.h"
#include "ferry/types.h"

/* ---- what both sides must know before the first byte ---- */

struct ferry_stream_shape {
    struct ferry_session_id session;
    uint32_t attach;    /* number of this (re)connection of the migration, from 1 */
    uint16_t stream;    /* from 0 */
    uint32_t page_size; /* bytes */
    uint16_t region_count;
    const struct ferry_region *regions; /* borrowed for the life of the encoder or decoder */
    uint64_t device_state_max;          /* bytes */
};

/* ---- connection prefaces: each connection, control or payload, opens with one ---- */

enum ferry_role { FERRY_ROLE_CONTROL = 1, FERRY_ROLE_PAYLOAD = 2 };

struct ferry_preface {
    enum ferry_role role;
    uint16_t version_min; /* of the protocol, as the opening side speaks it */
    uint16_t version_max;
    struct ferry_session_id session;
    uint32_t attach;
    uint16_t stream; /* 0 on a control connection */
};

#define FERRY_PREFACE_SIZE 40U

void ferry_preface_encode(
    const struct ferry_preface *preface, uint8_t bytes_out[FERRY_PREFACE_SIZE]);
/* PEER_FRAME (magic), PEER_CHECKSUM, PEER_VALUE. Which versions it offers is for the target's engine to
 * judge, in OPEN: only that can answer. preface_out is untouched on failure.
 */
FERRY_NODISCARD
enum ferry_status
ferry_preface_decode(const uint8_t bytes[FERRY_PREFACE_SIZE], struct ferry_preface *preface_out);

/* ---- digests ---- */

uint32_t
ferry_crc32c(uint32_t crc, const void *data, size_t size); /* Castagnoli; start with 0; chainable */
uint32_t ferry_digest_chain(uint32_t running, uint32_t body_digest, uint64_t body_bytes);

/* ---- encoder ---- */

/* Says which of the pages [first, first + 64) that are set in `wanted` are entirely zero now (bit i
 * = page first + i). The page index is flat over all regions; first is a multiple of 64. Called
 * when the frame's head is made: that instant is the content instant of the pages called zero. */
typedef uint64_t (*ferry_zero_scan)(void *context, uint64_t first_page, uint64_t wanted);

/* One batch: the set pages of the window [first_page, end_page) of `bitmap` (bit i of word w = page
 * 64w + i), all in one region. */
struct ferry_batch {
    uint64_t number; /* counts up over the whole migration, from 1 */
    uint32_t round;
    uint32_t attempt;       /* 0 while the guest runs */
    const uint64_t *bitmap; /* borrowed until the batch's end; NULL: all pages of the window */
    uint64_t first_page;
    uint64_t end_page;
    uint64_t
        state_size; /* device state instead of pages: its size; then first_page = end_page = 0 */
    uint32_t state_digest; /* of all of it */
    /* The part [state_first, state_end) of it, so that all streams share the load; state_end 0: all of it. */
    uint64_t state_first;
    uint64_t state_end;
};

enum ferry_piece_kind {
    FERRY_PIECE_HEAD = 1, /* send these bytes */
    FERRY_PIECE_BODY,     /* send these guest pages, then call ferry_encoder_sent() */
    FERRY_PIECE_STATE,    /* send these bytes of the device state, then call ferry_encoder_sent() */
    FERRY_PIECE_DONE,     /* the batch is complete; counts are in the piece */
};

struct ferry_piece {
    enum ferry_piece_kind kind;
    struct ferry_bytes head; /* HEAD: valid until the next call */
    uint64_t first_page;     /* BODY: flat index */
    uint32_t page_count;     /* BODY */
    uint64_t offset;         /* STATE */
    uint64_t bytes; /* BODY and STATE: payload bytes; DONE: all bytes of the batch with framing */
    uint64_t pages; /* DONE: data pages */
    uint64_t zero_pages; /* DONE */
    uint32_t digest;     /* DONE: running digest of the batch's bodies */
};

struct ferry_encoder; /* opaque */

FERRY_NODISCARD
enum ferry_status ferry_encoder_create(
    const struct ferry_allocator *allocator,
    const struct ferry_stream_shape *shape,
    ferry_zero_scan scan,
    void *scan_context,
    struct ferry_encoder **encoder_out);
void ferry_encoder_destroy(struct ferry_encoder *encoder); /* NULL is fine */
/* Queue the next thing to encode; only when the last one is DONE (a barrier: when its head was
 * yielded). USAGE_STATE otherwise, USAGE_CONFIG for a bad window, a number that does not count up,
 * or a round that is not the stream's current one. */
FERRY_NODISCARD
enum ferry_status
ferry_encoder_batch(struct ferry_encoder *encoder, const struct ferry_batch *batch);
FERRY_NODISCARD
enum ferry_status
ferry_encoder_barrier(struct ferry_encoder *encoder, uint32_t round, uint32_t attempt);
/* False: nothing to send. The first piece ever is the preface. */
bool ferry_encoder_next(struct ferry_encoder *encoder, struct ferry_piece *piece_out);
/* The BODY or STATE piece last yielded has been read, with this digest of its content. */
void ferry_encoder_sent(struct ferry_encoder *encoder, uint32_t digest);

/* ---- decoder (the preface has already been read by the acceptor, which had to route the
 * connection) ---- */

enum ferry_item_kind {
    FERRY_ITEM_FILL =
        1, /* put up to `fill_size` received bytes at `fill`, call ferry_decoder_filled() */
    FERRY_ITEM_PLACE, /* receive `bytes` into these guest pages, call ferry_decoder_placed() */
    FERRY_ITEM_ZERO,  /* make these pages zero (skip those that are); nothing to call */
    FERRY_ITEM_STATE, /* receive `bytes` of device state at `offset`, call ferry_decoder_placed() */
    FERRY_ITEM_BATCH, /* batch complete and its digest matches: report it to the target engine */
    FERRY_ITEM_BARRIER, /* barrier reached on this stream: report it; the decoder now holds */
    FERRY_ITEM_HOLD, /* next round's payload may not be placed yet: wait for ferry_decoder_release()
                      */
    FERRY_ITEM_ERROR, /* protocol error in `status`; the decoder stays here */
};

struct ferry_item {
    enum ferry_item_kind kind;
    uint8_t *fill;
    size_t fill_size; /* 1 .. */
    uint64_t first_page;
    uint64_t page_count;
    uint64_t offset;
    uint64_t bytes; /* PLACE, STATE: payload bytes; BATCH: all bytes with framing */
    uint64_t batch; /* BATCH: number */
    uint32_t round; /* PLACE, ZERO, BATCH, BARRIER */
    uint32_t attempt;
    uint32_t digest;          /* BATCH: running digest of its bodies */
    uint64_t pages;           /* BATCH */
    uint64_t zero_pages;      /* BATCH */
    uint64_t state_size;      /* BATCH of device state: its whole size, else 0 */
    uint64_t state_bytes;     /* BATCH of device state: of it, in this batch */
    uint32_t state_digest;    /* STATE, BATCH of device state: as the source announced it */
    enum ferry_status status; /* ERROR */
};

struct ferry_decoder; /* opaque */

/* `round` is the first round whose payload may be placed at once (the target engine knows it). */
FERRY_NODISCARD
enum ferry_status ferry_decoder_create(
    const struct ferry_allocator *allocator,
    const struct ferry_stream_shape *shape,
    uint32_t round,
    struct ferry_decoder **decoder_out);
void ferry_decoder_destroy(struct ferry_decoder *decoder); /* NULL is fine */
void ferry_decoder_next(struct ferry_decoder *decoder, struct ferry_item *item_out);
void ferry_decoder_filled(struct ferry_decoder *decoder, size_t size); /* 1 .. fill_size */
void ferry_decoder_placed(
    struct ferry_decoder *decoder, uint32_t digest); /* after PLACE and STATE */
/* placed() in two steps, for who receives many extents with one system call: taken() says that the
 * bytes of the PLACE or STATE item will be put there, and the next item of the frame can be had at
 * once; digest() hands in digest and size of each, in order, when they are there, before the next
 * FILL is filled. */
void ferry_decoder_taken(struct ferry_decoder *decoder);
void ferry_decoder_digest(struct ferry_decoder *decoder, uint32_t digest, uint64_t bytes);
/* All streams have passed the barrier of round - 1: payload of `round` may be placed. */
void ferry_decoder_release(struct ferry_decoder *decoder, uint32_t round);

#endif
