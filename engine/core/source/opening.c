/* SPDX-License-Identifier: Apache-2.0 */
/* opening.c -- the first words on each connection, and the way from nothing to the first page.
 *
 *   source                                 target
 *   preface, OPEN      ------------------> room? version? prepares the shell, SESSION durable
 *   SESSION durable    <------------------ ACCEPT (its journal's id, its costs)
 *   first collection, first page
 *
 *   later connections:
 *   preface, RESUME    ------------------> closes older attaches
 *                      <------------------ RESUMED (what it has), then READY, STARTED, ABORTED
 *                                          or LOST */
#include "base/assert.h"
#include "source/internal.h"

#include <string.h>

static void send_preface(struct ferry_source *source)
{
    uint8_t bytes[FERRY_PREFACE_SIZE];
    ferry_preface_encode(
        &(struct ferry_preface){
            .role = FERRY_ROLE_CONTROL,
            .version_min = source->config.version_min,
            .version_max = source->config.version_max,
            .session = source->config.session,
            .attach = source->link.attach,
        },
        bytes);
    source_tell(
        source,
        (struct ferry_action){
            .kind = FERRY_ACTION_SEND_CONTROL,
            .attach = source->link.attach,
            .bytes = base_queue_copy(
                &source->queue, (struct ferry_bytes){.data = bytes, .size = sizeof(bytes)}),
        });
}

static ferry_time_ns abandon_after(const struct ferry_source *source)
{
    const struct ferry_source_config *config = &source->config;
    if (config->mode == FERRY_MODE_STOP_AND_COPY &&
        config->give_up_after > config->reconnect_limit) {
        return config->give_up_after;
    }
    return config->reconnect_limit;
}

static void send_open(struct ferry_source *source)
{
    const struct ferry_source_config *config = &source->config;
    struct wire_message message = {.type = WIRE_OPEN};
    struct wire_open *open = &message.body.open;
    *open = (struct wire_open){
        .version_min = config->version_min,
        .version_max = config->version_max,
        .features_offered = WIRE_FEATURES_KNOWN,
        .guest_id = config->guest_id,
        .epoch = config->epoch,
        .source_journal_id = config->journal_id,
        .page_size = config->page_size,
        .streams = config->streams,
        .mode = (uint8_t)config->mode,
        .abandon_after = abandon_after(source),
        .device_state_estimate = config->device_state_estimate,
        .guest_name = config->guest_name,
        .guest_config = config->guest_config,
        .region_count = config->region_count,
    };
    memcpy(open->regions, source->regions, config->region_count * sizeof(source->regions[0]));
    source_send(source, &message);
    source->asked = true;
    if (source->accept_until == FERRY_TIME_NEVER) {
        source->accept_until = source->now + config->action_limit;
    }
}

static enum wire_source_phase phase_now(const struct ferry_source *source)
{
    if (source->state == FERRY_SOURCE_CLOSING) {
        return WIRE_SOURCE_ENDED;
    }
    switch ((enum handover_source_phase)source->handover.phase) {
    case HANDOVER_RUNNING: return WIRE_SOURCE_COPYING;
    case HANDOVER_ATTEMPT:
    case HANDOVER_GRANTING: return WIRE_SOURCE_ATTEMPT;
    case HANDOVER_GRANTED: return WIRE_SOURCE_GRANTED;
    case HANDOVER_BURNING: return WIRE_SOURCE_BURN;
    case HANDOVER_BACK:
    case HANDOVER_MOVED:
    case HANDOVER_CLAIMING:
    case HANDOVER_CLAIMED: return WIRE_SOURCE_ENDED;
    }
    return WIRE_SOURCE_ENDED;
}

static void send_resume(struct ferry_source *source)
{
    source_send(
        source,
        &(struct wire_message){
            .type = WIRE_RESUME,
            .body.resume =
                {
                              .guest_id = source->config.guest_id,
                              .epoch = source->config.epoch,
                              .source_journal_id = source->config.journal_id,
                              .target_journal_id = source->target_journal_id,
                              .attempt = source->handover.attempt,
                              .phase = (uint8_t)phase_now(source),
                              .round = source->copy.round,
                              .streams = source->link.streams,
                              },
    });
}

void source_opening_ask(struct ferry_source *source)
{
    send_preface(source);
    if (source->state == FERRY_SOURCE_OPENING && !source->accepted) {
        send_open(source);
    } else {
        /* mark: source-resumes -- a new connection of a session that goes on */
        send_resume(source);
    }
}

void source_opening_accept(struct ferry_source *source, const struct wire_message *message)
{
    const struct wire_accept *accept = &message->body.accept;
    if (accept->version < source->config.version_min ||
        accept->version > source->config.version_max) {
        /* mark: source-version-unknown -- ACCEPT of a version that nobody offered */
        source_violation(source, FERRY_PEER_VERSION, WIRE_ACCEPT);
        return;
    }
    if ((accept->features & ~WIRE_FEATURES_KNOWN) != 0) {
        /* mark: source-feature-unknown -- ACCEPT with a feature that nobody offered */
        source_violation(source, FERRY_PEER_FEATURE, WIRE_ACCEPT);
        return;
    }
    const bool again = source->accepted;
    source->accepted = true;
    source->accept_until = FERRY_TIME_NEVER;
    source->version = accept->version;
    source->target_journal_id = accept->target_journal_id;
    source->measured.owner_persist = source_told(accept->persist_ns);
    if (accept->load_ns != 0) {
        source->measured.load = source_told(accept->load_ns);
    }
    if (accept->resume_ns != 0) {
        source->measured.resume = source_told(accept->resume_ns);
    }
    source_link_answered(source);
    if (again || source->session_durable) {
        return;
    }
    source_opening_persist(source);
}

void source_opening_persist(struct ferry_source *source)
{
    source_persist(
        source,
        PENDING_PERSIST_SESSION,
        FERRY_RECORD_SESSION,
        &(struct handover_record_body){
            .role = HANDOVER_ROLE_SOURCE,
            .guest_id = source->config.guest_id,
            .epoch = source->config.epoch,
            .own_journal_id = source->config.journal_id,
            .peer_journal_id = source->target_journal_id,
        });
}

void source_opening_refuse(struct ferry_source *source, const struct wire_message *message)
{
    const struct wire_refuse *refuse = &message->body.refuse;
    /* mark: source-refused -- the target refuses */
    source_ending_keep_text(source, refuse->text);
    source_ending_decide(source, FERRY_OUTCOME_REFUSED, wire_status_of_code(refuse->code));
}

void source_opening_session_persisted(struct ferry_source *source, enum ferry_status status)
{
    const bool opening = source->state == FERRY_SOURCE_OPENING;
    if (!opening && source->state != FERRY_SOURCE_COPYING) {
        /* mark: source-session-too-late -- a session record that was overtaken */
        return; /* cancelled meanwhile: the record is forgotten at the end; or the pause has begun
                 */
    }
    if (status != FERRY_OK) {
        /* mark: source-session-failed -- the session record failed: nothing begins */
        source_ending_decide(source, FERRY_OUTCOME_FAILED, FERRY_WORLD_JOURNAL);
        return;
    }
    source->session_durable = true;
    source->measured.grant_persist =
        source->now - source->pending[PENDING_PERSIST_SESSION].issued_at;
    if (opening) {
        source_copy_start(source);
    }
}

void source_opening_resumed(struct ferry_source *source, const struct wire_message *message)
{
    const struct wire_resumed *resumed = &message->body.resumed;
    if (resumed->attach != source->link.attach || source->link.state != LINK_ASKING) {
        return;
    }
    if (source->target_journal_id != 0 && resumed->target_journal_id != source->target_journal_id) {
        /* mark: source-other-journal -- the target answers with another journal: no proof */
        source_grant_lost(
            source); /* another journal: what it says about this session is no proof (H-6) */
        return;
    }
    source_copy_acknowledged(
        source, resumed->old_attach, resumed->round, resumed->stream_count, resumed->last_batch);
    source_copy_requeue(source);
    source_link_answered(source);
    if (source->state == FERRY_SOURCE_CLOSING) {
        /* mark: source-end-again -- END was lost with its connection, and is said again */
        source_ending_say_end(source);
    } else if (resumed->phase == WIRE_TARGET_RECEIVING) {
        source_grant_step(source, HANDOVER_IN_TARGET_RECEIVING, resumed->attempt, resumed->epoch);
    }
}
