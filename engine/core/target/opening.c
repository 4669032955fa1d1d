/* SPDX-License-Identifier: Apache-2.0 */
/* opening.c -- may this guest come? Everything that can be refused is refused here, before the
 * first page. */
#include "base/assert.h"
#include "target/internal.h"

#include <string.h>

static void refuse(struct ferry_target *target, enum ferry_status status)
{
    /* mark: target-refuses -- the guest may not come */
    const char *text = ferry_status_sentence(status);
    target_send(
        target,
        &(struct wire_message){
            .type = WIRE_REFUSE,
            .body.refuse =
                {
                              .code = (uint16_t)wire_code_of_status(status),
                              .text = {.data = (const uint8_t *)text, .size = strlen(text)},
                              },
    });
    target_set_state(target, FERRY_TARGET_CLEANING, FERRY_EVENT_CONTROL_BYTES);
    target->leave_at = target->now + target->config.action_limit;
    if (target->guest_here && target->pending[TARGET_PENDING_FREE].id == 0) {
        /* mark: target-refuses-after-preparing -- refused when it was prepared: gives it back */
        target_ask(
            target,
            TARGET_PENDING_FREE,
            (struct ferry_action){.kind = FERRY_ACTION_FREE_GUEST},
            target->config.action_limit);
    }
}

static enum ferry_status judge(const struct ferry_target *target, const struct wire_open *open)
{
    const struct ferry_target_config *config = &target->config;
    if (open->version_max < config->version_min || open->version_min > config->version_max) {
        return FERRY_PEER_VERSION;
    }
    if ((open->features_required & ~WIRE_FEATURES_KNOWN) != 0) {
        return FERRY_PEER_FEATURE;
    }
    if (config->refuse) {
        return config->refuse_status;
    }
    if (open->streams == 0 || open->streams > config->streams_max) {
        return FERRY_LIMIT_STREAMS;
    }
    if (open->device_state_estimate > config->device_state_max) {
        return FERRY_LIMIT_SIZE;
    }
    uint64_t pages = 0;
    for (uint16_t i = 0; i < open->region_count; i++) {
        pages +=
            open->regions[i].pages; /* the decoder has checked the sum against FERRY_PAGES_MAX */
    }
    if (pages > config->memory_free / open->page_size) {
        return FERRY_REFUSED_MEMORY;
    }
    return FERRY_OK;
}

static void remember(struct ferry_target *target, const struct wire_open *open)
{
    memcpy(target->regions, open->regions, open->region_count * sizeof(open->regions[0]));
    target->guest_id = open->guest_id;
    target->source_journal_id = open->source_journal_id;
    target->abandon_after = open->abandon_after;
    target->handover = handover_target_start(open->epoch);
    target->version = open->version_max < target->config.version_max ? open->version_max
                                                                     : target->config.version_max;
    target->shape = (struct ferry_stream_shape){
        .session = target->config.session,
        .attach = target->attach,
        .page_size = open->page_size,
        .region_count = open->region_count,
        .regions = target->regions,
        .device_state_max = target->config.device_state_max,
    };
    target->shape_known = true;
    target->load_estimate =
        target->config.load_estimate +
        target->config.load_per_mib_estimate * (ferry_time_ns)(open->device_state_estimate >> 20);
}

static void accept(struct ferry_target *target)
{
    target_send(
        target,
        &(struct wire_message){
            .type = WIRE_ACCEPT,
            .body.accept =
                {
                              .version = target->version,
                              .features = 0,
                              .target_journal_id = target->config.journal_id,
                              .persist_ns = target->persist_ns > target->config.journal_estimate
                                      ? target->persist_ns
                                      : target->config.journal_estimate,
                              .load_ns = target->load_estimate,
                              .resume_ns = target->config.resume_estimate,
                              },
    });
}

void target_opening_open(struct ferry_target *target, const struct wire_message *message)
{
    const struct wire_open *open = &message->body.open;
    if (target->state != FERRY_TARGET_WAITING) {
        /* The source lost its connection before it heard ACCEPT. */
        if (open->guest_id != target->guest_id || open->epoch != target->handover.epoch ||
            open->streams > target->config.streams_max) {
            /* mark: target-open-differs -- a second OPEN that is not the first */
            target_violation(target, FERRY_PEER_UNEXPECTED, WIRE_OPEN);
            return;
        }
        /* mark: target-open-again -- ACCEPT was lost: said again */
        target_receiving_begin_attach(target, target->attach, open->streams);
        if (target->state == FERRY_TARGET_RECEIVING) {
            accept(target);
        }
        return;
    }
    const enum ferry_status status = judge(target, open);
    if (status != FERRY_OK) {
        refuse(target, status);
        return;
    }
    remember(target, open);
    target_receiving_begin_attach(target, target->attach, open->streams);
    target_set_state(target, FERRY_TARGET_PREPARING, FERRY_EVENT_CONTROL_BYTES);
    target->guest_here = true;
    target_ask(
        target,
        TARGET_PENDING_PREPARE,
        (struct ferry_action){
            .kind = FERRY_ACTION_PREPARE_GUEST,
            .epoch = open->epoch,
            .bytes = base_queue_copy(&target->queue, open->guest_config),
        },
        target->config.action_limit);
}

void target_opening_prepared(struct ferry_target *target, enum ferry_status status)
{
    FERRY_ASSERT(target->state == FERRY_TARGET_PREPARING); /* whoever leaves it abandons this */
    if (status != FERRY_OK) {
        /* mark: target-prepare-failed -- the guest's shell cannot be made */
        refuse(target, status == FERRY_LIMIT_MEMORY ? FERRY_REFUSED_MEMORY : status);
        return;
    }
    target_opening_persist(target);
}

void target_opening_persist(struct ferry_target *target)
{
    target_persist(
        target,
        TARGET_PENDING_PERSIST_SESSION,
        FERRY_RECORD_SESSION,
        target->handover.epoch,
        target->config.action_limit);
}

/* 0 would say that nothing was measured. */
static void remember_persist(struct ferry_target *target)
{
    const ferry_time_ns took =
        target->now - target->pending[TARGET_PENDING_PERSIST_SESSION].issued_at;
    target->persist_ns = took > 0 ? took : 1;
}

/* A slow write at the opening must not spoil the prediction for ever: it is measured again, with
 * the same record, after each round. A journal that fails then is found before the pause. */
static void measured_again(struct ferry_target *target, enum ferry_status status)
{
    if (target->state != FERRY_TARGET_RECEIVING) {
        return;
    }
    if (status != FERRY_OK) {
        /* mark: target-journal-fails-later -- the journal fails before the pause */
        target_receiving_fail(target, FERRY_REFUSED_JOURNAL, "the journal could not be written");
        return;
    }
    remember_persist(target);
}

void target_opening_persisted(struct ferry_target *target, enum ferry_status status)
{
    if (target->state != FERRY_TARGET_PREPARING) {
        measured_again(target, status);
        return;
    }
    if (status != FERRY_OK) {
        /* mark: target-session-failed -- the session record failed: refuses */
        refuse(target, FERRY_REFUSED_JOURNAL);
        return;
    }
    target->session_durable = true;
    remember_persist(target);
    target_set_state(target, FERRY_TARGET_RECEIVING, FERRY_EVENT_DONE);
    accept(target);
}

void target_opening_send_lost(struct ferry_target *target)
{
    target_send(target, &(struct wire_message){.type = WIRE_LOST});
    if (target->state == FERRY_TARGET_WAITING) {
        target_set_state(target, FERRY_TARGET_LOST, FERRY_EVENT_CONTROL_BYTES);
    }
    if (target->state == FERRY_TARGET_LOST) {
        target->leave_at = target->now + target->config.action_limit;
    }
}
