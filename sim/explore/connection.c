/* SPDX-License-Identifier: Apache-2.0 */
/* connection.c -- the one connection between the two hosts, and what outlives it. */
#include "sim/explore/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void explore_fail(struct explore_world *world, enum explore_check check)
{
    if (world->broken == CHECK_NONE && (world->checks >> check & 1U) != 0) {
        world->broken = check;
    }
}

void explore_note(struct explore_world *world, enum explore_column column, const char *format, ...)
{
    struct explore_notes *notes = world->notes;
    if (notes == NULL || notes->count == EXPLORE_NOTES_MAX) {
        return;
    }
    struct explore_note *note = &notes->note[notes->count];
    notes->count++;
    note->column = column;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(note->text, sizeof note->text, format, arguments);
    va_end(arguments);
}

const char *explore_message_name(enum explore_message message)
{
    switch (message) {
    case MESSAGE_NONE: return "nothing";
    case MESSAGE_RESUME_COPYING: return "RESUME copying";
    case MESSAGE_RESUME_ATTEMPT: return "RESUME attempt";
    case MESSAGE_RESUME_GRANTED: return "RESUME granted";
    case MESSAGE_RESUME_BURN: return "RESUME burn";
    case MESSAGE_RESUME_ENDED: return "RESUME ended";
    case MESSAGE_MANIFEST: return "MANIFEST";
    case MESSAGE_ABORT: return "ABORT";
    case MESSAGE_GRANT: return "GRANT";
    case MESSAGE_BURN: return "BURN";
    case MESSAGE_END_MOVED: return "END moved";
    case MESSAGE_END_STAYED: return "END stayed";
    case MESSAGE_END_CLAIMED: return "END claimed";
    case MESSAGE_RESUMED: return "RESUMED";
    case MESSAGE_RESUMED_RECEIVING: return "RESUMED receiving";
    case MESSAGE_READY: return "READY";
    case MESSAGE_STARTED: return "STARTED";
    case MESSAGE_ABORTED: return "ABORTED";
    case MESSAGE_LOST: return "LOST";
    case MESSAGE_CLOSED: return "CLOSED";
    }
    return "?";
}

static void put(struct explore_world *world, uint8_t queue[static EXPLORE_QUEUE], uint8_t message)
{
    for (unsigned i = 0; i < EXPLORE_QUEUE; i++) {
        if (queue[i] == 0) {
            queue[i] = message;
            return;
        }
    }
    /* No honest pair has so much on its way but after many faults: the connection is given up, as the
     * engine does with a peer that floods it. Counted, because what would come after is not seen. */
    explore_note(world, COLUMN_SOURCE, "too much on its way: connection lost");
    explore_link_lose(world, 0);
    if (world->crowded != NULL) {
        (*world->crowded)++;
    }
}

/* ABORT, GRANT, READY and STARTED have no encoding for attempt 0: wire/message_attempt.c. */
static bool encodable(enum explore_message kind, uint32_t attempt)
{
    const bool counts = kind == MESSAGE_ABORT || kind == MESSAGE_GRANT || kind == MESSAGE_READY ||
                        kind == MESSAGE_STARTED || kind == MESSAGE_MANIFEST;
    return attempt <= EXPLORE_ATTEMPTS_MAX && (attempt != 0 || !counts);
}

void explore_send_to_target(
    struct explore_world *world, enum explore_message kind, uint32_t attempt)
{
    if (world->state->t.link == LINK_DOWN) {
        return; /* what matters is said again after the next RESUME */
    }
    explore_note(world, COLUMN_SOURCE, "%s %u -->", explore_message_name(kind), (unsigned)attempt);
    if (!encodable(kind, attempt)) {
        explore_fail(world, CHECK_NOT_ENCODABLE);
        return;
    }
    put(world, world->state->to_target, MESSAGE_OF(kind, attempt));
}

void explore_send_to_source(
    struct explore_world *world, enum explore_message kind, uint32_t attempt)
{
    if (world->state->t.link == LINK_DOWN) {
        return;
    }
    explore_note(world, COLUMN_TARGET, "<-- %s %u", explore_message_name(kind), (unsigned)attempt);
    if (!encodable(kind, attempt)) {
        explore_fail(world, CHECK_NOT_ENCODABLE);
        return;
    }
    put(world, world->state->to_source, MESSAGE_OF(kind, attempt));
}

uint8_t explore_queue_take(uint8_t queue[static EXPLORE_QUEUE])
{
    const uint8_t first = queue[0];
    memmove(queue, queue + 1, EXPLORE_QUEUE - 1);
    queue[EXPLORE_QUEUE - 1] = 0;
    return first;
}

void explore_late_add(uint8_t late[static EXPLORE_LATE], uint8_t message)
{
    /* biggest first, so that free places (0) are at the end */
    for (unsigned i = 0; i < EXPLORE_LATE; i++) {
        if (message > late[i]) {
            const uint8_t moved = late[i];
            late[i] = message;
            message = moved;
        }
    }
}

bool explore_may_be_late(uint8_t message)
{
    switch (MESSAGE_KIND(message)) {
    case MESSAGE_ABORT:
    case MESSAGE_GRANT:
    case MESSAGE_BURN:
    case MESSAGE_END_MOVED:
    case MESSAGE_END_STAYED:
    case MESSAGE_END_CLAIMED:
    case MESSAGE_READY:
    case MESSAGE_STARTED:
    case MESSAGE_ABORTED:
    case MESSAGE_LOST:
    case MESSAGE_CLOSED: return true;
    case MESSAGE_NONE:
    case MESSAGE_RESUME_COPYING:
    case MESSAGE_RESUME_ATTEMPT:
    case MESSAGE_RESUME_GRANTED:
    case MESSAGE_RESUME_BURN:
    case MESSAGE_RESUME_ENDED:
    case MESSAGE_MANIFEST:
    case MESSAGE_RESUMED:
    case MESSAGE_RESUMED_RECEIVING: return false;
    }
    return false;
}

void explore_link_lose(struct explore_world *world, unsigned survivor)
{
    struct explore_state *state = world->state;
    if (survivor > EXPLORE_QUEUE) {
        explore_late_add(state->late_to_source, state->to_source[survivor - EXPLORE_QUEUE - 1]);
    } else if (survivor > 0) {
        explore_late_add(state->late_to_target, state->to_target[survivor - 1]);
    }
    memset(state->to_target, 0, sizeof state->to_target);
    memset(state->to_source, 0, sizeof state->to_source);
    state->t.link = LINK_DOWN;
    state->s.manifest_sent = 0;
}
