/* SPDX-License-Identifier: Apache-2.0 */
/* restart.c -- a target that comes back from its journal.
 *
 * found      what is known                       what happens
 * SESSION    no OWNER was durable: it never ran  burns (its memory, or the trust in it, is gone)
 * + BURNED   it never runs here                  says so when asked (SESSION may be gone)
 * + OWNER    the guest is this host's            runs it if its process lives (idempotent)
 *            ... and BURNED with a higher epoch  it was, until an operator claimed it at the source */
#include "target/internal.h"

struct found {
    bool session;
    bool owner;
    bool burned;
    struct handover_record_body body;
    uint32_t attempt;
    uint64_t owner_epoch;
    uint64_t burned_epoch;
};

static enum ferry_status
read_records(const struct ferry_record *records, size_t record_count, struct found *found)
{
    *found = (struct found){0};
    for (size_t i = 0; i < record_count; i++) {
        struct handover_record_body body;
        FERRY_TRY(handover_record_decode(&records[i], &body));
        switch (records[i].kind) {
        case FERRY_RECORD_SESSION:
            if (body.role != HANDOVER_ROLE_TARGET) {
                return FERRY_PEER_VALUE;
            }
            found->session = true;
            found->body = body;
            break;
        case FERRY_RECORD_OWNER:
            found->owner = true;
            found->owner_epoch = body.epoch;
            found->attempt = body.attempt;
            break;
        case FERRY_RECORD_BURNED:
            found->burned = true;
            found->burned_epoch = body.epoch;
            if (!found->session) { /* it says all that is needed to say that it never runs here */
                found->body = body;
            }
            found->attempt = found->owner ? found->attempt : body.attempt;
            break;
        case FERRY_RECORD_GRANTED:
        case FERRY_RECORD_ENDED:
        case FERRY_RECORD_CLAIMED: return FERRY_PEER_VALUE;
        }
    }
    if (found->owner && found->burned && found->burned_epoch > found->owner_epoch) {
        found->owner = false; /* H-9: it was claimed at the source after that */
    }
    /* A slow journal may forget the session that was revived meanwhile, and then write its burn. */
    const bool burned_alone =
        found->burned && !found->owner && found->body.role == HANDOVER_ROLE_TARGET;
    return found->session || burned_alone ? FERRY_OK : FERRY_PEER_VALUE;
}

static void go_on(struct ferry_target *target, bool guest_alive)
{
    switch ((enum handover_target_phase)target->handover.phase) {
    case HANDOVER_OWNER:
        /* mark: target-restart-owner -- restarted as owner */
        target->running_at = target->now;
        if (!guest_alive) { /* it died with this host, and is this host's to start again */
            /* mark: target-restart-owner-of-nothing -- owned, and it died with the host */
            target->state = FERRY_TARGET_RUNNING;
            return;
        }
        target->state = FERRY_TARGET_STARTING;
        target_ask(
            target,
            TARGET_PENDING_RESUME,
            (struct ferry_action){
                .kind = FERRY_ACTION_RESUME,
                .attempt = target->handover.attempt,
                .epoch = target->handover.epoch + 1,
            },
            target->config.action_limit);
        return;
    case HANDOVER_BURNED:
        /* mark: target-restart-burned -- restarted after a burn */
        target->state = FERRY_TARGET_BURNED;
        if (guest_alive) {
            /* mark: target-restart-frees -- burned, and the memory is still there: given back */
            target_ask(
                target,
                TARGET_PENDING_FREE,
                (struct ferry_action){.kind = FERRY_ACTION_FREE_GUEST},
                target->config.action_limit);
        }
        return;
    case HANDOVER_RECEIVING:
    case HANDOVER_READY:
    case HANDOVER_OWNING:
    case HANDOVER_TARGET_BURNING:
    case HANDOVER_UNSURE:
    case HANDOVER_OVER:
        /* mark: target-restart-burns -- restarted without an owner record: burns */
        target->state = FERRY_TARGET_RECEIVING;
        target_owning_step(
            target, HANDOVER_IN_BURN, target->handover.attempt, target->handover.epoch);
        return;
    }
}

enum ferry_status ferry_target_restart(
    const struct ferry_target_config *config,
    const struct ferry_record *records,
    size_t record_count,
    bool guest_alive,
    ferry_time_ns now,
    struct ferry_target **target_out)
{
    struct found found;
    FERRY_TRY(read_records(records, record_count, &found));
    struct ferry_target *target = NULL;
    FERRY_TRY(ferry_target_create(config, now, &target));
    target->guest_id = found.body.guest_id;
    target->source_journal_id = found.body.peer_journal_id;
    target->session_durable = true;
    target->begun = true; /* nobody knows what was said before */
    target->guest_here = guest_alive;
    target->handover =
        handover_target_restart(found.body.epoch, found.attempt, found.owner, found.burned);
    go_on(target, guest_alive);
    *target_out = target;
    return FERRY_OK;
}
