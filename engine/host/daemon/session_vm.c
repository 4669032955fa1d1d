/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session_vm.c -- what the engine asks of a guest's process, and what it hears.
 *
 * One request an action; the process carries them out in their order. A process that is not there,
 * does not answer, or says no, is reported as WORLD_GUEST. When the deed was done counts by the
 * process' own word, also where the engine does not wait for it any more: a cancel may overtake the
 * report of a pause, and the blackout of an aborted attempt is still told right.
 */
#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/daemon/session.h"

#include <stdlib.h>

struct asking {
    struct session *session; /* held */
    uint64_t action_id;
    enum ferry_action_kind kind;
};

static void report_failure(struct session *session, uint64_t action_id, enum ferry_action_kind kind)
{
    enum ferry_event_kind event = FERRY_EVENT_DONE;

    if (kind == FERRY_ACTION_COLLECT) {
        event = FERRY_EVENT_COLLECTED;
    } else if (kind == FERRY_ACTION_CAPTURE_STATE) {
        event = FERRY_EVENT_STATE_CAPTURED;
    }
    session_post(
        session,
        &(struct ferry_event){
            .kind = event,
            .action_id = action_id,
            .status = FERRY_WORLD_GUEST,
        });
}

/* ---- answers ---- */

static void collected(const struct asking *asking, const struct vmmlink_reply *reply)
{
    session_post(
        asking->session,
        &(struct ferry_event){
            .kind = FERRY_EVENT_COLLECTED,
            .action_id = asking->action_id,
            .bitmap = asking->session->vm->guest->bitmap,
            .dirty_pages = reply->collect.dirty_pages,
            .new_pages = reply->collect.new_pages,
        });
}

static void captured(const struct asking *asking, const struct vmmlink_reply *reply)
{
    session_post(
        asking->session,
        &(struct ferry_event){
            .kind = FERRY_EVENT_STATE_CAPTURED,
            .action_id = asking->action_id,
            .state_size = reply->capture.size,
            .state_digest = reply->capture.crc32c,
        });
}

static void resumed(const struct asking *asking, const struct vmmlink_reply *reply)
{
    struct session *session = asking->session;
    ferry_time_ns still = 0;

    if (!session->target && session->paused_at != 0 && !reply->run.was_running) {
        still = reply->run.running_at - session->paused_at;
        session->paused_at = 0;
    }
    session->running = true;
    if (session->target) {
        session->vm->shell = false;
        vm_settled(session->vm, session);
        if (!reply->run.was_running) {
            session->clock_step = reply->run.clock_step;
            session->vm->clock_step = reply->run.clock_step;
        }
    }
    session_post(
        session,
        &(struct ferry_event){
            .kind = FERRY_EVENT_DONE,
            .action_id = asking->action_id,
            .duration_ns = still,
        });
    if (session->target) {
        session_arrived(session);
    }
}

static void answered(void *context, const struct vmmlink_reply *reply)
{
    struct asking *asking = context;
    struct session *session = asking->session;

    if (asking->kind == FERRY_ACTION_PAUSE && reply->status == VMMLINK_OK) {
        session->paused_at = reply->pause.paused_at;
    }
    if (reply->status != VMMLINK_OK) {
        host_log(
            HOST_LOG_WARNING,
            "guest \"%s\", %s: %s: %s",
            session->note.guest,
            ferry_action_name(asking->kind),
            vmmlink_status_sentence(reply->status),
            reply->reason);
        report_failure(session, asking->action_id, asking->kind);
    } else if (asking->kind == FERRY_ACTION_COLLECT) {
        collected(asking, reply);
    } else if (asking->kind == FERRY_ACTION_CAPTURE_STATE) {
        captured(asking, reply);
    } else if (asking->kind == FERRY_ACTION_RESUME) {
        resumed(asking, reply);
    } else if (asking->action_id != 0) {
        session_done(session, asking->action_id, FERRY_OK);
    }
    session_release(session);
    free(asking);
}

/* ---- requests ---- */

static enum vmmlink_status
send_request(struct vm *vm, const struct ferry_action *action, const struct vmmlink_call *call)
{
    const bool first = action->round == 0 && !action->keep;
    const struct vmmlink_run_token token = {
        .session = action->session,
        .attempt = action->attempt,
        .epoch = action->epoch,
    };

    if (action->kind == FERRY_ACTION_COLLECT) {
        const enum vmmlink_collect more =
            action->keep ? VMMLINK_COLLECT_KEEP : VMMLINK_COLLECT_REPLACE;
        return vmmlink_collect(vm->link, first ? VMMLINK_COLLECT_FIRST : more, call);
    }
    if (action->kind == FERRY_ACTION_STOP_LOGGING) {
        return vmmlink_stop_logging(vm->link, call);
    }
    if (action->kind == FERRY_ACTION_PAUSE) {
        return vmmlink_pause(vm->link, call);
    }
    if (action->kind == FERRY_ACTION_CAPTURE_STATE) {
        return vmmlink_capture(vm->link, call);
    }
    if (action->kind == FERRY_ACTION_LOAD_STATE) {
        return vmmlink_load(vm->link, action->state_size, call);
    }
    if (action->kind == FERRY_ACTION_THROTTLE) {
        return vmmlink_throttle(vm->link, action->throttle_percent, call);
    }
    return vmmlink_run(vm->link, &token, call);
}

static void ask(struct session *session, const struct ferry_action *action)
{
    struct vm *vm = session->vm;
    struct asking *asking = NULL;

    if (vm != NULL && vm_answers(vm)) {
        asking = malloc(sizeof *asking);
    }
    if (asking == NULL) {
        if (action->id != 0) {
            report_failure(session, action->id, action->kind);
        }
        return;
    }
    *asking = (struct asking){.session = session, .action_id = action->id, .kind = action->kind};
    const struct vmmlink_call call = vm_call(vm, answered, asking);
    const enum vmmlink_status status = send_request(vm, action, &call);
    vm_sent(vm);
    if (status != VMMLINK_OK) {
        free(asking);
        if (action->id != 0) {
            report_failure(session, action->id, action->kind);
        }
        return;
    }
    session_hold(session);
}

void session_collect(struct session *session, const struct ferry_action *action)
{
    ask(session, action);
}

void session_stop_logging(struct session *session, const struct ferry_action *action)
{
    ask(session, action);
}

void session_pause(struct session *session, const struct ferry_action *action)
{
    ask(session, action);
}

void session_resume(struct session *session, const struct ferry_action *action)
{
    ask(session, action);
}

void session_throttle(struct session *session, const struct ferry_action *action)
{
    ask(session, action);
}

void session_capture(struct session *session, const struct ferry_action *action)
{
    ask(session, action);
}

void session_load(struct session *session, const struct ferry_action *action)
{
    ask(session, action);
}

/* ---- the end of a guest's copy ---- */

static void freed(void *context, struct vm *vm, const struct host_error *error)
{
    struct asking *asking = context;

    (void)vm;
    (void)error;
    session_done(asking->session, asking->action_id, FERRY_OK);
    session_release(asking->session);
    free(asking);
}

void session_free_guest(struct session *session, const struct ferry_action *action)
{
    struct asking *asking = session->vm == NULL ? NULL : malloc(sizeof *asking);

    if (asking == NULL) {
        session_done(session, action->id, FERRY_OK);
        return;
    }
    *asking = (struct asking){.session = session, .action_id = action->id};
    session_hold(session);
    vm_end(session->vm, true, freed, asking);
}

/* ---- memory ---- */

enum ferry_status session_map_memory(struct session *session, bool fresh)
{
    const struct vmmlink_guest *guest = session->vm->guest;
    struct dataplane_region regions[VMMLINK_REGIONS_MAX];
    uint64_t page = 0;

    for (uint32_t i = 0; i < guest->region_count; i++) {
        regions[i] = (struct dataplane_region){
            .base = guest->ram + page * FERRY_PAGE_SIZE_MIN,
            .pages = guest->regions[i].pages,
            .fd = guest->ram_fd,
            .fd_offset = page * FERRY_PAGE_SIZE_MIN,
        };
        page += guest->regions[i].pages;
    }
    return dataplane_memory_create(
        &(struct dataplane_memory_config){
            .page_size = FERRY_PAGE_SIZE_MIN,
            .region_count = (uint16_t)guest->region_count,
            .regions = regions,
            .fresh = fresh,
        },
        &session->memory);
}
