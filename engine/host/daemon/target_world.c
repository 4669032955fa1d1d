/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target_world.c -- a target engine on its host: how it is made, what admission says, and what each
 * of its actions does.
 *
 * A guest's shell is its process with memory that nobody ever wrote to. It is made when the source's
 * OPEN was accepted, so what a peer can make this host allocate is bounded by what was checked before
 * that: free memory, number of guests, of incoming migrations, of streams.
 */
#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/daemon/announce.h"
#include "engine/host/daemon/inlet.h"
#include "engine/host/daemon/session.h"

#include <stdio.h>
#include <string.h>

#define JOURNAL_ESTIMATE FERRY_MILLISECOND
#define LOAD_ESTIMATE    (400 * FERRY_MICROSECOND)
#define RESUME_ESTIMATE  (200 * FERRY_MICROSECOND)
/* An older process of a guest that comes back is asked to end, and killed after 3 s. */
#define RETRY_REST  (5 * FERRY_MILLISECOND)
#define RETRY_LIMIT (5 * FERRY_SECOND)

typedef void act_function(struct session *session, const struct ferry_action *action);

/* ---- the guest's shell ---- */

static void prepare_over(struct session *session, enum ferry_status status)
{
    const uint64_t action = session->preparing;

    session->preparing = 0;
    session_done(session, action, status);
}

static bool same_regions(const struct vmmlink_guest *guest, const struct ferry_stream_shape *shape)
{
    if (guest->region_count != shape->region_count || shape->page_size != FERRY_PAGE_SIZE_MIN) {
        return false;
    }
    for (uint32_t i = 0; i < guest->region_count; i++) {
        if (guest->regions[i].guest_address != shape->regions[i].guest_address ||
            guest->regions[i].pages != shape->regions[i].pages) {
            return false;
        }
    }
    return true;
}

static void shell_stands(void *context, struct vm *vm, const struct host_error *error)
{
    struct session *session = context;

    if (session->gone || session->closed) {
        session_release(session);
        return;
    }
    if (error->code != HOST_OK) {
        host_log_error(HOST_LOG_WARNING, "an incoming guest", error);
        prepare_over(session, FERRY_WORLD_GUEST);
    } else if (!same_regions(vm->guest, ferry_target_shape(session->target_engine))) {
        host_log(
            HOST_LOG_WARNING,
            "guest \"%s\" has other memory here than at %s",
            vm->file.name,
            session->note.peer);
        prepare_over(session, FERRY_WORLD_GUEST);
    } else if (session_map_memory(session, true) != FERRY_OK) {
        prepare_over(session, FERRY_LIMIT_MEMORY);
    } else {
        session->total_pages = vm->guest->pages;
        session->prepared = true;
        prepare_over(session, FERRY_OK);
        inlets_start(session);
    }
    session_release(session);
}

static enum host_code
start_process(struct session *session, struct vm *vm, struct host_error *error)
{
    session_hold(session);
    const enum host_code code = vm_start(vm, true, shell_stands, session, error);
    if (code != HOST_OK) {
        session_release(session);
        if (vm->state == VM_STOPPED) {
            vms_remove(vm);
        } else {
            vm->remove = true;
        }
        return code;
    }
    session->vm = vm;
    vm_hold(vm, session);
    (void)snprintf(vm->moved_from, sizeof vm->moved_from, "%s", session->note.peer);
    return HOST_OK;
}

static void prepare_failed(struct session *session, const struct host_error *error)
{
    enum ferry_status status = FERRY_WORLD_GUEST;

    if (error->code == HOST_EXISTS) {
        status = FERRY_REFUSED_BUSY;
    } else if (error->code == HOST_LIMIT || error->code == HOST_MEMORY) {
        status = FERRY_LIMIT_MEMORY;
    }
    host_log_error(HOST_LOG_WARNING, "an incoming guest", error);
    prepare_over(session, status);
}

/* A guest that went away a moment ago may come back before its old process has ended. */
static void start_shell(struct session *session)
{
    struct daemon *daemon = session->daemon;
    struct vm *old = vms_find_id(daemon, session->arriving.id);
    struct vm *vm = NULL;
    struct host_error error = {.code = HOST_OK};

    if (old != NULL && old->state == VM_ENDING && host_now() < session->retry_until) {
        loop_timer_set(&session->retry, host_now() + RETRY_REST);
        return;
    }
    if (old != NULL && old->state == VM_STOPPED && old->session == NULL) {
        vms_remove(old); /* its process has ended, and nobody needs what is left */
    }
    if (vms_add(daemon, &session->arriving, &vm, &error) != HOST_OK ||
        start_process(session, vm, &error) != HOST_OK) {
        prepare_failed(session, &error);
    }
}

static void try_again(void *context)
{
    struct session *session = context;

    if (session->preparing != 0) {
        start_shell(session);
    }
}

static void tell_begun(struct session *session)
{
    char text[SESSION_ID_TEXT];

    host_log(
        HOST_LOG_NOTICE,
        "guest \"%s\" comes from %s, session %s",
        session->note.guest,
        session->note.peer,
        session_text(session->id, text));
    daemon_event(
        session->daemon,
        "move.started",
        json_pack(
            "{s:s, s:s, s:s, s:s}",
            "guest",
            session->note.guest,
            "session",
            text,
            "direction",
            "in",
            "peer",
            session->note.peer));
}

static void act_prepare(struct session *session, const struct ferry_action *action)
{
    struct guestfile file;
    struct host_error error;

    session->preparing = action->id;
    session->epoch = action->epoch;
    enum host_code code = guestfile_decode(action->bytes, &file, &error);
    if (code == HOST_OK && file.id != ferry_target_guest_id(session->target_engine)) {
        code =
            host_fail(&error, HOST_PROTOCOL, "the guest's configuration is that of another guest");
    }
    if (code != HOST_OK) {
        prepare_failed(session, &error);
        return;
    }
    session->note.guest_id = file.id;
    (void)snprintf(session->note.guest, sizeof session->note.guest, "%s", file.name);
    session->arriving = file;
    session->retry_until = host_now() + RETRY_LIMIT;
    tell_begun(session);
    start_shell(session);
}

/* ---- the other actions ---- */

static void act_announce(struct session *session, const struct ferry_action *action)
{
    char text[SESSION_ID_TEXT];

    (void)action;
    if (session->vm == NULL || session->vm->file.config.tap[0] == '\0') {
        return;
    }
    announce_guest(&session->vm->file);
    session->announcements++;
    daemon_event(
        session->daemon,
        "move.announced",
        json_pack(
            "{s:s, s:s, s:i}",
            "guest",
            session->note.guest,
            "session",
            session_text(session->id, text),
            "count",
            (int)session->announcements));
}

static void forgotten(void *context, enum host_code code, const struct host_error *error)
{
    (void)context;
    if (code != HOST_OK) {
        host_log_error(HOST_LOG_WARNING, "the journal", error);
    }
}

/* What was burned before READY was ever said cannot have been granted: no source needs to hear of it,
 * however late it comes. Sources that died for good must not fill the journal. */
static void forget_what_never_was(const struct session *session)
{
    struct journal *journal = session->daemon->journal;
    const struct journal_session *records =
        journal_session_find(journal, session->id, JOURNAL_ROLE_TARGET);
    struct host_error error;

    if (session->was_ready || session->restarted || records == NULL ||
        journal_record_find(records, FERRY_RECORD_BURNED) == NULL ||
        journal_record_find(records, FERRY_RECORD_OWNER) != NULL) {
        return;
    }
    if (journal_write(
            journal,
            &(struct journal_transaction){
                .session = session->id, .role = JOURNAL_ROLE_TARGET, .forget = true},
            forgotten,
            NULL,
            &error) != HOST_OK) {
        host_log_error(HOST_LOG_WARNING, "the journal", &error);
    }
}

static void act_closed(struct session *session, const struct ferry_action *action)
{
    (void)action;
    session->closed = true;
    forget_what_never_was(session);
}

static void act_load(struct session *session, const struct ferry_action *action)
{
    session->was_ready = true; /* or will be, as soon as it is loaded */
    session_load(session, action);
}

static void act_resume(struct session *session, const struct ferry_action *action)
{
    inlets_seal(session);
    session_resume(session, action);
    if (session->vm != NULL) {
        session->vm->moved_in = true;
    }
}

static act_function *const acts[] = {
    [FERRY_ACTION_DETACH] = inlet_detach,
    [FERRY_ACTION_SEND_CONTROL] = inlet_send_control,
    [FERRY_ACTION_RELEASE_ROUND] = inlet_release_round,
    [FERRY_ACTION_PREPARE_GUEST] = act_prepare,
    [FERRY_ACTION_RESUME] = act_resume,
    [FERRY_ACTION_LOAD_STATE] = act_load,
    [FERRY_ACTION_ANNOUNCE] = act_announce,
    [FERRY_ACTION_FREE_GUEST] = session_free_guest,
    [FERRY_ACTION_PERSIST] = session_persist,
    [FERRY_ACTION_FORGET_SESSION] = session_forget,
    [FERRY_ACTION_CLOSED] = act_closed,
};

void target_act(struct session *session, const struct ferry_action *action)
{
    const size_t kinds = sizeof acts / sizeof acts[0];

    if ((size_t)action->kind >= kinds || acts[action->kind] == NULL) {
        host_log(
            HOST_LOG_ERROR,
            "a target asks for %s, which no target may ask for",
            ferry_action_name(action->kind));
        return;
    }
    acts[action->kind](session, action);
}

/* ---- how it is made ---- */

/* Incoming migrations that have not brought their guest yet. */
static uint32_t arriving(const struct daemon *daemon, const struct session *but)
{
    uint32_t count = 0;

    for (const struct session *other = daemon->sessions; other != NULL; other = other->next) {
        if (other != but && other->target && other->target_engine != NULL &&
            ferry_target_state(other->target_engine) < FERRY_TARGET_RUNNING) {
            count++;
        }
    }
    return count;
}

/* REFUSED_*, or OK: what admission says before it knows more than the session. */
static enum ferry_status admission(const struct session *session)
{
    const struct daemon *daemon = session->daemon;
    struct host_error error;

    if (journal_takes_sessions(daemon->journal, &error) != HOST_OK) {
        return FERRY_REFUSED_JOURNAL;
    }
    if (arriving(daemon, session) >= daemon->config->limits.migrations_in) {
        return FERRY_REFUSED_OTHER;
    }
    return vms_count(daemon) >= daemon->config->limits.guests ? FERRY_REFUSED_OTHER : FERRY_OK;
}

static void make_config(struct session *session, struct ferry_target_config *out)
{
    const struct daemon *daemon = session->daemon;
    const struct host_config *config = daemon->config;
    const ferry_time_ns last = journal_last_write_time(daemon->journal);

    *out = ferry_target_config_default();
    out->allocator = daemon->allocator;
    out->trace = trace_sink(session);
    out->session = session->id;
    out->journal_id = journal_id(daemon->journal);
    out->memory_free = daemon_memory_free(daemon);
    out->device_state_max = config->limits.device_state < VMMLINK_STATE_MAX
                                ? config->limits.device_state
                                : VMMLINK_STATE_MAX;
    out->streams_max = config->limits.streams;
    out->refuse_status = admission(session);
    out->refuse = out->refuse_status != FERRY_OK;
    out->orphan_limit = config->timeouts.orphan;
    out->hold_limit = config->timeouts.hold;
    out->action_limit = config->timeouts.action;
    out->journal_estimate = last > JOURNAL_ESTIMATE ? last : JOURNAL_ESTIMATE;
    out->load_estimate = LOAD_ESTIMATE;
    out->resume_estimate = RESUME_ESTIMATE;
}

enum host_code target_begin(
    struct daemon *daemon,
    struct ferry_session_id id,
    const char *peer,
    struct session **session_out,
    struct host_error *error)
{
    struct session *session = session_create(daemon, id, true);
    struct ferry_target_config config;

    if (session == NULL) {
        return host_fail(error, HOST_MEMORY, "no memory for an incoming migration");
    }
    (void)snprintf(session->note.peer, sizeof session->note.peer, "%s", peer);
    loop_timer_init(&session->retry, daemon->loop, try_again, session);
    make_config(session, &config);
    const enum ferry_status status =
        ferry_target_create(&config, host_now(), &session->target_engine);
    if (status != FERRY_OK) {
        session_destroy(session);
        return host_fail_status(error, status);
    }
    session_kick(session);
    *session_out = session;
    return HOST_OK;
}

enum host_code target_restart(
    struct daemon *daemon,
    const struct journal_session *records,
    const struct session_note *note,
    struct vm *vm,
    struct session **session_out,
    struct host_error *error)
{
    const bool alive = vm != NULL && vm_answers(vm) && !vm->died;
    struct session *session = session_create(daemon, records->session, true);
    struct ferry_target_config config;

    if (session == NULL) {
        return host_fail(error, HOST_MEMORY, "no memory to go on with a session");
    }
    session->note = *note;
    session->note_durable = true;
    session->restarted = true;
    if (vm != NULL) {
        session->vm = vm;
        vm_hold(vm, session);
    }
    make_config(session, &config);
    const enum ferry_status status = ferry_target_restart(
        &config,
        records->records,
        records->record_count,
        alive,
        host_now(),
        &session->target_engine);
    if (status != FERRY_OK) {
        session_destroy(session);
        return host_fail_status(error, status);
    }
    session->epoch = ferry_target_epoch(session->target_engine);
    session_kick(session);
    *session_out = session;
    return HOST_OK;
}
