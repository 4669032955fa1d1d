/* SPDX-License-Identifier: Apache-2.0 */
/* state_table.c -- the target's states, and what a source may say in each.
 *
 *   WAITING --OPEN--> PREPARING --shell made, SESSION durable--> RECEIVING <----ABORT----+
 *     |                  |                                        |      ^               |
 *     | RESUME of an     | refused              manifest matches  |      | ABORT         |
 *     | unknown one      |                                        v      |               |
 *     v                  v                                      LOADING -+-loaded-> READY
 *    LOST             CLEANING <--END-- (from any)                 |                 |  | GRANT
 *     |                  |                source gone, BURN,       v                 |  v
 *     |                  |                operator              BURNING <------------+ OWNING
 *     |                  |                                         | durable            | durable
 *     v                  v                                         v                    v
 *   CLOSED <-------------+---------- nobody asks any more ------ BURNED             STARTING
 *     ^                                                                                 |
 *     +----------------------------- nobody asks any more ------ RUNNING <--------------+
 *
 * Who runs the guest: up to READY the source, or nobody; OWNING nobody; STARTING and RUNNING this
 * host; BURNING and BURNED never this host. An END in any state is the source's last word: it is
 * obeyed once nothing of the handover is in doubt here. */
#include "base/assert.h"
#include "target/internal.h"

#define IN(state) (1U << FERRY_TARGET_##state)
#define BEFORE    (IN(RECEIVING) | IN(LOADING) | IN(READY))
#define OWN       (IN(OWNING) | IN(STARTING) | IN(RUNNING))
#define BURN      (IN(BURNING) | IN(BURNED))
#define GONE      (IN(CLEANING) | IN(LOST))
#define ANY       (IN(WAITING) | IN(PREPARING) | BEFORE | OWN | BURN | GONE)

const char *ferry_target_state_name(enum ferry_target_state state)
{
    switch (state) {
    case FERRY_TARGET_WAITING: return "waiting";
    case FERRY_TARGET_PREPARING: return "preparing";
    case FERRY_TARGET_RECEIVING: return "receiving";
    case FERRY_TARGET_LOADING: return "loading";
    case FERRY_TARGET_READY: return "ready";
    case FERRY_TARGET_OWNING: return "owning";
    case FERRY_TARGET_STARTING: return "starting";
    case FERRY_TARGET_RUNNING: return "running";
    case FERRY_TARGET_BURNING: return "burning";
    case FERRY_TARGET_BURNED: return "burned";
    case FERRY_TARGET_CLEANING: return "cleaning";
    case FERRY_TARGET_LOST: return "lost";
    case FERRY_TARGET_CLOSED: return "closed";
    }
    return "?";
}

static const uint32_t successors[] = {
    [FERRY_TARGET_WAITING] = IN(PREPARING) | IN(LOST) | IN(CLEANING) | IN(CLOSED),
    [FERRY_TARGET_PREPARING] = IN(RECEIVING) | IN(CLEANING) | IN(BURNING),
    [FERRY_TARGET_RECEIVING] = IN(LOADING) | IN(BURNING) | IN(CLEANING),
    [FERRY_TARGET_LOADING] = IN(READY) | IN(RECEIVING) | IN(BURNING) | IN(CLEANING),
    [FERRY_TARGET_READY] = IN(OWNING) | IN(RECEIVING) | IN(BURNING) | IN(CLEANING),
    [FERRY_TARGET_OWNING] = IN(STARTING) | IN(CLEANING) | IN(CLOSED),
    [FERRY_TARGET_STARTING] = IN(RUNNING) | IN(BURNING) | IN(CLEANING),
    [FERRY_TARGET_RUNNING] = IN(BURNING) | IN(CLEANING) | IN(CLOSED),
    [FERRY_TARGET_BURNING] = IN(BURNED) | IN(CLEANING) | IN(CLOSED),
    [FERRY_TARGET_BURNED] = IN(CLEANING) | IN(CLOSED),
    [FERRY_TARGET_CLEANING] = IN(CLOSED),
    [FERRY_TARGET_LOST] = IN(CLEANING) | IN(CLOSED),
    [FERRY_TARGET_CLOSED] = 0,
};

void target_set_state(struct ferry_target *target, enum ferry_target_state state, int64_t cause)
{
    if (target->state == state) {
        return;
    }
    FERRY_ASSERT((successors[target->state] & (1U << state)) != 0);
    target_trace(target, FERRY_TRACE_TARGET_STATE, target->state, state, cause, 0);
    target->state = state;
}

static void on_ping(struct ferry_target *target, const struct wire_message *message)
{
    target_send(
        target,
        &(struct wire_message){
            .type = WIRE_PONG,
            .body.pong = {.nonce = message->body.ping.nonce, .persist_ns = target->persist_ns},
    });
}

static void on_abort(struct ferry_target *target, const struct wire_message *message)
{
    const struct wire_attempt *abort = &message->body.attempt;
    if (abort->epoch != target->handover.epoch) {
        /* mark: target-stale-abort -- ABORT of another epoch is dropped */
        target_trace(target, FERRY_TRACE_STALE_MESSAGE, WIRE_ABORT, abort->attempt, 0, 0);
        return;
    }
    target_owning_step(target, HANDOVER_IN_VOID, abort->attempt, abort->epoch);
}

static void on_grant(struct ferry_target *target, const struct wire_message *message)
{
    const struct wire_attempt *grant = &message->body.attempt;
    target_owning_step(target, HANDOVER_IN_GRANT, grant->attempt, grant->epoch);
}

static void on_burn(struct ferry_target *target, const struct wire_message *message)
{
    const struct wire_attempt *burn = &message->body.attempt;
    if (burn->epoch != target->handover.epoch) {
        /* mark: target-stale-burn -- BURN of another epoch is dropped */
        target_trace(target, FERRY_TRACE_STALE_MESSAGE, WIRE_BURN, burn->attempt, 0, 0);
        return;
    }
    target_owning_step(target, HANDOVER_IN_BURN, burn->attempt, burn->epoch);
}

static void on_end(struct ferry_target *target, const struct wire_message *message)
{
    const struct wire_end *end = &message->body.end;
    const bool owner = target->handover.phase == HANDOVER_OWNER;
    const bool known = target->guest_id != 0;
    if (known && end->epoch != target->handover.epoch) {
        /* mark: target-stale-end -- END of another epoch is dropped */
        target_trace(target, FERRY_TRACE_STALE_MESSAGE, WIRE_END, end->attempt, 0, 0);
        return;
    }
    if (known && owner && end->moved == WIRE_END_CLAIMED) {
        /* mark: target-source-claimed -- an operator claimed the guest for the source */
        target_owning_step(target, HANDOVER_IN_END_CLAIMED, end->attempt, end->epoch);
        return;
    }
    if (known && owner && end->moved == WIRE_END_STAYED && target->told_attach != target->attach) {
        /* A source that was away when an operator claimed the guest for this host: tell it. */
        /* mark: target-tells-of-claim -- the source was away when its guest was claimed here */
        target->told_attach = target->attach;
        target_owning_step(target, HANDOVER_IN_ASK_READY, end->attempt, end->epoch);
        return;
    }
    if (known && (end->moved == WIRE_END_MOVED) != owner) {
        /* The source and this side disagree about who owns the guest, and it has its own: only a
         * claim without a fence does that. Keep all records. */
        /* mark: target-owners-disagree -- both sides own the guest: records are kept */
        target_violation(target, FERRY_PEER_UNEXPECTED, WIRE_END);
        return;
    }
    target_owning_step(target, HANDOVER_IN_END, end->attempt, end->epoch);
}

static void again(struct ferry_target *target, const struct wire_message *message)
{
    (void)message;
    /* mark: target-crossed-message -- an honest message that crossed a change of ours */
    target_trace(target, FERRY_TRACE_STALE_MESSAGE, message->type, 0, target->handover.attempt, 0);
}

static void lost_again(struct ferry_target *target, const struct wire_message *message)
{
    (void)message;
    /* mark: target-lost-again -- LOST is said again */
    target_opening_send_lost(target);
}

static void end_of_nothing(struct ferry_target *target, const struct wire_message *message)
{
    (void)message;
    /* mark: target-end-of-nothing -- END of what this host does not know: agreed */
    target_closing_begin(target);
}

typedef void (*handler)(struct ferry_target *target, const struct wire_message *message);

struct row {
    enum wire_type type;
    uint32_t states;
    handler handle;
};

/* clang-format off */
static const struct row rows[] = {
    {WIRE_PING,     ANY,                                    on_ping},
    {WIRE_OPEN,     IN(WAITING) | IN(PREPARING) | IN(RECEIVING), target_opening_open},
    {WIRE_OPEN,     BURN,                                   target_attach_resume},
    {WIRE_OPEN,     IN(LOST),                               lost_again},
    {WIRE_OPEN,     IN(CLEANING),                           again},
    {WIRE_RESUME,   IN(WAITING) | IN(PREPARING) | BEFORE | OWN | BURN, target_attach_resume},
    {WIRE_RESUME,   GONE,                                   lost_again},
    {WIRE_MANIFEST, BEFORE,                                 target_receiving_manifest},
    {WIRE_MANIFEST, BURN | IN(CLEANING),                    again},
    {WIRE_ABORT,    BEFORE | BURN | OWN,                    on_abort},
    {WIRE_ABORT,    IN(CLEANING),                           again},
    {WIRE_GRANT,    BEFORE | BURN | OWN,                    on_grant},
    {WIRE_BURN,     BEFORE | BURN | OWN,                    on_burn},
    {WIRE_END,      IN(PREPARING) | BEFORE | BURN | OWN,    on_end},
    {WIRE_END,      GONE,                                   end_of_nothing},
};
/* clang-format on */

void target_message(struct ferry_target *target, const struct wire_message *message)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].type == message->type && (rows[i].states & (1U << target->state)) != 0) {
            rows[i].handle(target, message);
            return;
        }
    }
    /* mark: target-unexpected-message -- a message without a row in its state */
    target_violation(target, FERRY_PEER_UNEXPECTED, message->type);
}

/* A source that breaks the protocol loses its connection; what is durable stays, and the limits
 * clean up. */
void target_violation(struct ferry_target *target, enum ferry_status status, int64_t type)
{
    target_trace(target, FERRY_TRACE_PROTOCOL_ERROR, status, type, target->state, 0);
    if (target->state == FERRY_TARGET_WAITING) {
        /* mark: target-nonsense-first -- nonsense as the first word */
        target_closing_begin(target);
    }
    target_attach_drop(target);
}
