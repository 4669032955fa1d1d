/* SPDX-License-Identifier: Apache-2.0 */
/* state_table.c -- the source's states, and what a target may say in each.
 *
 *   OPENING ---accepted---> COPYING ---verdict: switch---> PAUSING ---paused---> SENDING
 *     |                      |  ^                             |                    |
 *     | refused,     give up |  | runs again                  +------- abort ------+ READY
 *     | unreachable          |  |                             v                    v
 *     |                      |  +-------------------------- RESUMING <--ABORTED-- GRANTING
 *     |                      |                             |  ^   ^               |    |
 *     |                      |     ended, by whatever      |  |   |       durable |    | cancel,
 * write v                      v                             |  |   |               v    v failed
 *   CLOSING <----------------+-----------------------------+  |   +--ABORTED- GRANTED  BURNING
 *     |  ^                                                    |                |  |      |
 *     |  +------------------ STARTED -------------------------|----------------+  | silent
 *     |  +------------------ STARTED ---------- UNKNOWN <-----|-------------------+------+
 *     |                                            +--ABORTED-+
 *     +-- END heard, or the time for it over --> CLOSED
 *
 * Who runs the guest:
 *   OPENING, COPYING     the source           RESUMING            the source, at once
 *   PAUSING, SENDING     nobody; the source may take it back alone
 *   GRANTING, BURNING    nobody; only proof brings it back
 *   GRANTED, UNKNOWN     the target, or nobody
 *   CLOSING, CLOSED      see the outcome
 *
 * A message without a row in its state is a protocol error. Rows whose handler is `old` are honest
 * messages that crossed a change of ours; they are counted as stale and change nothing. */
#include "base/assert.h"
#include "source/internal.h"

#define IN(state) (1U << FERRY_SOURCE_##state)
#define LIVE      (IN(OPENING) | IN(COPYING))
#define PAUSED    (IN(PAUSING) | IN(SENDING))
#define OUT       (IN(GRANTING) | IN(GRANTED) | IN(BURNING) | IN(UNKNOWN))
#define ENDED     (IN(CLOSING))
#define ANY       (LIVE | PAUSED | OUT | IN(RESUMING) | ENDED)

const char *ferry_source_state_name(enum ferry_source_state state)
{
    switch (state) {
    case FERRY_SOURCE_OPENING: return "opening";
    case FERRY_SOURCE_COPYING: return "copying";
    case FERRY_SOURCE_PAUSING: return "pausing";
    case FERRY_SOURCE_SENDING: return "sending";
    case FERRY_SOURCE_RESUMING: return "resuming";
    case FERRY_SOURCE_GRANTING: return "granting";
    case FERRY_SOURCE_GRANTED: return "granted";
    case FERRY_SOURCE_BURNING: return "burning";
    case FERRY_SOURCE_UNKNOWN: return "unknown";
    case FERRY_SOURCE_CLOSING: return "closing";
    case FERRY_SOURCE_CLOSED: return "closed";
    }
    return "?";
}

/* States that each state may lead to. */
static const uint32_t successors[] = {
    [FERRY_SOURCE_OPENING] = IN(COPYING) | IN(PAUSING) | IN(CLOSING) | IN(CLOSED) | IN(UNKNOWN) |
                             IN(GRANTED) | IN(RESUMING),
    [FERRY_SOURCE_COPYING] = IN(PAUSING) | IN(CLOSING),
    [FERRY_SOURCE_PAUSING] = IN(SENDING) | IN(RESUMING),
    [FERRY_SOURCE_SENDING] = IN(GRANTING) | IN(RESUMING),
    [FERRY_SOURCE_RESUMING] = IN(COPYING) | IN(CLOSING),
    [FERRY_SOURCE_GRANTING] = IN(GRANTED) | IN(BURNING) | IN(RESUMING) | IN(UNKNOWN),
    [FERRY_SOURCE_GRANTED] = IN(UNKNOWN) | IN(RESUMING) | IN(CLOSING),
    [FERRY_SOURCE_BURNING] = IN(UNKNOWN) | IN(RESUMING) | IN(CLOSING),
    [FERRY_SOURCE_UNKNOWN] = IN(RESUMING) | IN(CLOSING),
    [FERRY_SOURCE_CLOSING] = IN(CLOSED),
    [FERRY_SOURCE_CLOSED] = 0,
};

void source_set_state(struct ferry_source *source, enum ferry_source_state state, int64_t cause)
{
    if (source->state == state) {
        return;
    }
    FERRY_ASSERT((successors[source->state] & (1U << state)) != 0);
    source_trace(source, FERRY_TRACE_SOURCE_STATE, source->state, state, cause, 0);
    source->state = state;
}

static void old(struct ferry_source *source, const struct wire_message *message)
{
    /* mark: source-crossed-message -- an honest message that crossed a change of ours */
    source_trace(
        source,
        FERRY_TRACE_STALE_MESSAGE,
        message->type,
        wire_message_attempt(message),
        source->handover.attempt,
        0);
}

static void on_ack(struct ferry_source *source, const struct wire_message *message)
{
    const struct wire_ack *ack = &message->body.ack;
    source_copy_acknowledged(source, ack->attach, ack->round, ack->stream_count, ack->last_batch);
}

static void on_lost(struct ferry_source *source, const struct wire_message *message)
{
    (void)message;
    source_grant_lost(source);
}

static void on_failed(struct ferry_source *source, const struct wire_message *message)
{
    /* mark: source-target-failed -- the target cannot go on */
    source_ending_keep_text(source, message->body.failed.text);
    source_ending_decide(source, FERRY_OUTCOME_FAILED, FERRY_WORLD_PEER_FAILED);
}

static void on_closed(struct ferry_source *source, const struct wire_message *message)
{
    (void)message;
    source_ending_closed_heard(source);
}

typedef void (*handler)(struct ferry_source *source, const struct wire_message *message);

struct row {
    enum wire_type type;
    uint32_t states;
    handler handle;
};

/* clang-format off */
static const struct row rows[] = {
    {WIRE_PONG,    ANY,                                          source_link_pong},
    {WIRE_ACCEPT,  IN(OPENING),                                  source_opening_accept},
    {WIRE_ACCEPT,  IN(CLOSING),                                  old},
    {WIRE_REFUSE,  IN(OPENING),                                  source_opening_refuse},
    {WIRE_REFUSE,  IN(CLOSING),                                  old},
    {WIRE_RESUMED, ANY,                                          source_opening_resumed},
    {WIRE_LOST,    ANY,                                          on_lost},
    {WIRE_ACK,     ANY,                                          on_ack},
    {WIRE_READY,   IN(SENDING) | OUT,                            source_attempt_ready},
    {WIRE_READY,   LIVE | IN(PAUSING) | IN(RESUMING) | ENDED,    source_attempt_ready},
    {WIRE_STARTED, OUT | IN(RESUMING) | ENDED,                   source_grant_started},
    {WIRE_ABORTED, ANY,                                          source_grant_aborted},
    {WIRE_FAILED,  LIVE | PAUSED,                                on_failed},
    {WIRE_FAILED,  OUT | IN(RESUMING) | ENDED,                   old},
    {WIRE_CLOSED,  ENDED,                                        on_closed},
};
/* clang-format on */

void source_message(struct ferry_source *source, const struct wire_message *message)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].type == message->type && (rows[i].states & (1U << source->state)) != 0) {
            rows[i].handle(source, message);
            return;
        }
    }
    /* mark: source-unexpected-message -- a message without a row in its state */
    source_violation(source, FERRY_PEER_UNEXPECTED, message->type);
}

void source_violation(struct ferry_source *source, enum ferry_status status, int64_t type)
{
    source_trace(source, FERRY_TRACE_PROTOCOL_ERROR, status, type, source->state, 0);
    /* Before a grant a broken target is a failed migration. After it, its connection is worth
     * nothing, but its word (on a new connection) is still the only way to know. */
    const bool decided =
        source->state == FERRY_SOURCE_CLOSING || source->state == FERRY_SOURCE_RESUMING;
    if (!source_grant_is_out(source) && !decided) {
        /* mark: source-broken-target -- a target that breaks the protocol ends the migration */
        source_ending_decide(source, FERRY_OUTCOME_FAILED, status);
    }
    source_link_lose(source, status);
}
