/* SPDX-License-Identifier: Apache-2.0 */
/* restart.c -- a source that comes back from its journal.
 *
 * found       what is known             what happens
 * SESSION     nothing was granted       the guest runs here (if it lives); END to the target
 * + GRANTED   the target may run it     asks, as UNKNOWN does; only proof brings it back
 *             ... and the guest runs    ABORTED had come: a guest that was granted stands still until its
 *                                       own source, on proof, makes it run
 * + ENDED     decided before            cleans up
 * + CLAIMED   an operator decided       the guest runs here; END to the target
 *
 * A restarted source does not continue copying: the dirty log died with the daemon that read it. */
#include "source/internal.h"

#include <string.h>

struct found {
    bool session;
    bool granted;
    bool claimed;
    bool ended;
    bool moved;
    uint32_t attempt;
    uint64_t epoch;
    uint64_t target_journal_id;
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
            if (body.role != HANDOVER_ROLE_SOURCE) {
                return FERRY_PEER_VALUE;
            }
            found->session = true;
            found->epoch = body.epoch;
            found->target_journal_id = body.peer_journal_id;
            break;
        case FERRY_RECORD_GRANTED:
            found->granted = true;
            found->attempt = body.attempt;
            break;
        case FERRY_RECORD_CLAIMED: found->claimed = true; break;
        case FERRY_RECORD_ENDED:
            found->ended = true;
            found->moved = body.moved == 1;
            break;
        case FERRY_RECORD_OWNER:
        case FERRY_RECORD_BURNED: return FERRY_PEER_VALUE;
        }
    }
    return found->session ? FERRY_OK : FERRY_PEER_VALUE;
}

static void run_again(struct ferry_source *source, enum ferry_status status)
{
    source->ending.kind = FERRY_OUTCOME_FAILED;
    source->ending.status = status;
    if (!source->guest_alive) {
        /* mark: source-restart-without-guest -- the guest died with this host */
        source_ending_begin(source);
        return;
    }
    /* mark: source-restart-runs -- a restarted source runs its guest */
    source->state = FERRY_SOURCE_RESUMING;
    source_ask(
        source,
        PENDING_RESUME,
        (struct ferry_action){
            .kind = FERRY_ACTION_RESUME,
            .attempt = source->handover.attempt,
            .epoch = source->config.epoch,
        },
        source->config.action_limit);
}

static void
go_on(struct ferry_source *source, const struct found *found, enum ferry_guest_found guest)
{
    struct ending *ending = &source->ending;
    if (found->ended) {
        source->handover.phase = found->moved ? HANDOVER_MOVED : HANDOVER_BACK;
        ending->record_wanted = true;
        ending->record_durable = true;
    }
    if (found->ended && found->moved) {
        /* mark: source-restart-moved -- restarted after the move: cleans up */
        ending->kind = FERRY_OUTCOME_COMPLETED;
        ending->moved = true;
        source_ending_begin(source);
    } else if (found->ended) {
        /* mark: source-restart-back -- restarted after proof: the guest is here */
        run_again(source, FERRY_USAGE_BURNED);
    } else if (found->claimed) {
        /* mark: source-restart-claimed -- restarted after a claim */
        run_again(source, FERRY_USAGE_CLAIMED);
    } else if (found->granted && guest == FERRY_GUEST_RUNNING) {
        /* mark: source-restart-runs-already -- granted, and the guest runs: proof had come */
        source->handover.phase = HANDOVER_BACK;
        ending->record_wanted = true;
        run_again(source, FERRY_USAGE_BURNED);
    } else if (found->granted) {
        /* mark: source-restart-granted -- restarted after the grant: asks */
        source->state = FERRY_SOURCE_GRANTED;
        source->unknown_at = source->now + source->config.unknown_after;
    } else {
        /* mark: source-restart-before-grant -- restarted before the grant: the guest runs here */
        run_again(source, FERRY_WORLD_RESTARTED);
    }
}

enum ferry_status ferry_source_restart(
    const struct ferry_source_config *config,
    const struct ferry_record *records,
    size_t record_count,
    enum ferry_guest_found guest,
    ferry_time_ns now,
    struct ferry_source **source_out)
{
    FERRY_TRY(source_check_config(config));
    struct found found;
    FERRY_TRY(read_records(records, record_count, &found));
    struct ferry_source *source = source_allocate(config, now);
    if (source == NULL) {
        return FERRY_LIMIT_MEMORY;
    }
    source->config.epoch = found.epoch;
    source->handover =
        handover_source_restart(found.epoch, found.attempt, found.granted, found.claimed);
    source->outcome.restarted = true;
    source->guest_alive = guest != FERRY_GUEST_GONE;
    source->target_journal_id = found.target_journal_id;
    source->session_durable = true;
    source->accepted = true;
    source->asked = true;
    source_link_start(source);
    go_on(source, &found, guest);
    *source_out = source;
    return FERRY_OK;
}
