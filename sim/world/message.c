/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.c -- one message on the network, as both ends of a channel share it.
 *
 * The network carries sizes; what the bytes are travels here. A payload message is a row of
 * segments: head bytes, which are real, and pages or device state, which are contents by value. So a
 * receiver that takes the wrong number of bytes for a head does not find one.
 */
#include "sim/world/message.h"

#include "sim/world/memory.h"

#include <stdlib.h>
#include <string.h>

struct message *message_create(enum message_kind kind)
{
    struct message *message = world_allocate(sizeof *message);

    message->kind = kind;
    return message;
}

void message_destroy(struct message *message)
{
    if (message == NULL) {
        return;
    }
    model_payload_destroy(message->contents);
    free(message->bytes);
    free(message->zeros);
    free(message->segments);
    free(message);
}

void message_add_bytes(struct message *message, const void *data, size_t size)
{
    if (size == 0) {
        return;
    }
    message->bytes = world_grow(message->bytes, &message->capacity, message->size + size, 1);
    memcpy(message->bytes + message->size, data, size);
    message->size += size;
    if (message->segment_count > 0 &&
        message->segments[message->segment_count - 1].kind == SEGMENT_HEAD) {
        message->segments[message->segment_count - 1].size += size;
    } else {
        (void)message_add_segment(message, SEGMENT_HEAD, size);
    }
}

struct segment *message_add_segment(struct message *message, enum segment_kind kind, uint64_t size)
{
    message->segments = world_grow(
        message->segments,
        &message->segment_capacity,
        message->segment_count + 1,
        sizeof *message->segments);
    struct segment *segment = &message->segments[message->segment_count];
    message->segment_count++;
    *segment = (struct segment){.kind = kind, .size = size};
    return segment;
}

void messages_push(struct message_queue *queue, struct message *message)
{
    message->next = NULL;
    if (queue->last == NULL) {
        queue->first = message;
    } else {
        queue->last->next = message;
    }
    queue->last = message;
}

struct message *messages_pop(struct message_queue *queue)
{
    struct message *message = queue->first;

    if (message != NULL) {
        queue->first = message->next;
        if (queue->first == NULL) {
            queue->last = NULL;
        }
        message->next = NULL;
    }
    return message;
}

void messages_clear(struct message_queue *queue)
{
    for (struct message *message = messages_pop(queue); message != NULL;
         message = messages_pop(queue)) {
        message_destroy(message);
    }
}

/* To be destroyed when nobody is at work with one of them any more. */
void messages_condemn(struct message_queue *queue, struct message_queue *condemned)
{
    for (struct message *message = messages_pop(queue); message != NULL;
         message = messages_pop(queue)) {
        messages_push(condemned, message);
    }
}
