/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.h -- one message on the network, as both ends of a channel share it.
 */
#ifndef FERRY_SIM_WORLD_MESSAGE_H
#define FERRY_SIM_WORLD_MESSAGE_H

#include "ferry/stream.h"
#include "model/payload.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum message_kind { MESSAGE_BYTES = 1, MESSAGE_BATCH, MESSAGE_BARRIER };

enum segment_kind { SEGMENT_HEAD = 1, SEGMENT_PAGES, SEGMENT_STATE };

struct segment {
    enum segment_kind kind;
    uint32_t digest; /* STATE: of these bytes */
    uint64_t offset; /* STATE */
    uint64_t size;   /* HEAD, STATE: bytes; PAGES: pages */
};

/* One message on the network: its bytes, or heads and page contents. */
struct message {
    enum message_kind kind;
    bool sent;
    uint64_t wire_bytes;
    int64_t issued_at;
    int64_t begun_at; /* it became the first of its stream */
    uint8_t *bytes;   /* control bytes, preface, or the heads of a batch in order */
    size_t size;
    size_t capacity;
    /* payload */
    uint64_t action_id;
    struct ferry_batch batch; /* its bitmap is borrowed until the batch has been sent */
    uint64_t *zeros;          /* by word of the window: pages that were zero at the issue */
    uint64_t first_word;
    uint64_t word_count;
    uint32_t round;
    uint32_t attempt;
    uint64_t pages; /* data pages */
    uint64_t zero_pages;
    uint32_t digest; /* running, of the bodies */
    uint32_t state;  /* content of the device state that travels */
    struct segment *segments;
    size_t segment_count;
    size_t segment_capacity;
    struct model_payload *contents;
    /* how far the receiver is */
    size_t segment_at;
    uint64_t segment_used;
    size_t bytes_used;
    struct message *next;
};

struct message_queue {
    struct message *first;
    struct message *last;
};

struct message *message_create(enum message_kind kind);
void message_destroy(struct message *message); /* NULL is fine */
void message_add_bytes(struct message *message, const void *data, size_t size);
struct segment *message_add_segment(struct message *message, enum segment_kind kind, uint64_t size);
void messages_push(struct message_queue *queue, struct message *message);
struct message *messages_pop(struct message_queue *queue); /* NULL: empty */
void messages_clear(struct message_queue *queue);
void messages_condemn(struct message_queue *queue, struct message_queue *condemned);

#endif
