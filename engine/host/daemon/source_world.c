/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_world.c -- a source engine on its host: how it is made, and what each of its actions does.
 */
#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/daemon/outlet.h"
#include "engine/host/daemon/session.h"

#include <stdio.h>
#include <string.h>

/* What a host takes for a step of the switchover before it has measured one. */
#define PAUSE_ESTIMATE      (300 * FERRY_MICROSECOND)
#define CAPTURE_ESTIMATE    (400 * FERRY_MICROSECOND)
#define COLLECT_ESTIMATE    (200 * FERRY_MICROSECOND)
#define JOURNAL_ESTIMATE    FERRY_MILLISECOND
#define RESUME_ESTIMATE     (200 * FERRY_MICROSECOND)
#define ROUND_TRIP_ESTIMATE (300 * FERRY_MICROSECOND)
/* Of a batch: long enough for the kernel, short enough for a cap and a cancel. */
#define BATCH_TIME (10 * FERRY_MILLISECOND)
/* Bytes, for the prediction: what a guest of two vCPUs comes to. */
#define STATE_ESTIMATE 16384U

typedef void act_function(struct session *session, const struct ferry_action *action);

static void act_finished(struct session *session, const struct ferry_action *action)
{
    session_outcome(session, action->outcome);
}

static void act_closed(struct session *session, const struct ferry_action *action)
{
    (void)action;
    session->closed = true;
}

static act_function *const acts[] = {
    [FERRY_ACTION_ATTACH] = outlet_attach,
    [FERRY_ACTION_DETACH] = outlet_detach,
    [FERRY_ACTION_PROBE] = outlet_probe,
    [FERRY_ACTION_SEND_CONTROL] = outlet_send_control,
    [FERRY_ACTION_SEND_BATCH] = outlet_batch,
    [FERRY_ACTION_SEND_BARRIER] = outlet_barrier,
    [FERRY_ACTION_SET_RATE] = outlet_set_rate,
    [FERRY_ACTION_COLLECT] = session_collect,
    [FERRY_ACTION_STOP_LOGGING] = session_stop_logging,
    [FERRY_ACTION_PAUSE] = session_pause,
    [FERRY_ACTION_RESUME] = session_resume,
    [FERRY_ACTION_THROTTLE] = session_throttle,
    [FERRY_ACTION_CAPTURE_STATE] = session_capture,
    [FERRY_ACTION_FREE_GUEST] = session_free_guest,
    [FERRY_ACTION_PERSIST] = session_persist,
    [FERRY_ACTION_FORGET_SESSION] = session_forget,
    [FERRY_ACTION_FINISHED] = act_finished,
    [FERRY_ACTION_CLOSED] = act_closed,
};

void source_act(struct session *session, const struct ferry_action *action)
{
    const size_t kinds = sizeof acts / sizeof acts[0];

    if ((size_t)action->kind >= kinds || acts[action->kind] == NULL) {
        host_log(
            HOST_LOG_ERROR,
            "a source asks for %s, which no source may ask for",
            ferry_action_name(action->kind));
        return;
    }
    acts[action->kind](session, action);
}

/* ---- how it is made ---- */

static void take_shape(struct session *session, const struct vm *vm)
{
    session->shape = (struct ferry_stream_shape){
        .session = session->id,
        .page_size = FERRY_PAGE_SIZE_MIN,
        .region_count = 1,
        .regions = session->regions,
        .device_state_max = VMMLINK_STATE_MAX,
    };
    session->regions[0] = (struct ferry_region){.pages = 1}; /* of a guest that is not here */
    session->total_pages = 1;
    if (vm != NULL && vm->guest != NULL) {
        session->shape.region_count = (uint16_t)vm->guest->region_count;
        memcpy(
            session->regions,
            vm->guest->regions,
            vm->guest->region_count * sizeof session->regions[0]);
        session->total_pages = vm->guest->pages;
    }
}

static uint16_t take_paths(const struct session *session, struct ferry_path *paths)
{
    const struct host_peer *peer = config_peer(session->daemon->config, session->note.peer);
    const size_t count = peer == NULL ? 1 : peer->address_count; /* a peer that was taken out */

    for (size_t i = 0; i < count; i++) {
        paths[i] = (struct ferry_path){.priority = (uint32_t)i};
    }
    return (uint16_t)count;
}

static ferry_time_ns journal_estimate(const struct daemon *daemon)
{
    const ferry_time_ns last = journal_last_write_time(daemon->journal);

    return last > JOURNAL_ESTIMATE ? last : JOURNAL_ESTIMATE;
}

static void
make_config(struct session *session, struct ferry_path *paths, struct ferry_source_config *out)
{
    const struct daemon *daemon = session->daemon;
    const struct host_config *config = daemon->config;

    *out = ferry_source_config_default();
    out->allocator = daemon->allocator;
    out->trace = trace_sink(session);
    out->session = session->id;
    out->guest_id = session->note.guest_id;
    out->epoch = session->epoch;
    out->journal_id = journal_id(daemon->journal);
    out->incarnation = journal_incarnation(daemon->journal);
    out->guest_name = (struct ferry_bytes){
        .data = (const uint8_t *)session->note.guest, .size = strlen(session->note.guest)};
    out->region_count = session->shape.region_count;
    out->regions = session->regions;
    out->device_state_estimate = STATE_ESTIMATE;
    out->path_count = take_paths(session, paths);
    out->paths = paths;
    out->batch_time = BATCH_TIME;
    out->silence_limit = config->timeouts.silence;
    out->connect_limit = config->timeouts.connect;
    out->reconnect_limit = config->timeouts.reconnect;
    out->probe_interval = config->timeouts.probe_interval;
    out->action_limit = config->timeouts.action;
    out->unknown_after = config->timeouts.unknown_after;
    out->close_limit = config->timeouts.close;
    out->costs = (struct ferry_switch_costs){
        .pause = PAUSE_ESTIMATE,
        .capture = CAPTURE_ESTIMATE,
        .collect = COLLECT_ESTIMATE,
        .grant_persist = journal_estimate(daemon),
        .owner_persist = journal_estimate(daemon),
        .resume = RESUME_ESTIMATE,
        .round_trip = ROUND_TRIP_ESTIMATE,
    };
}

static void take_options(struct ferry_source_config *config, const struct move_options *options)
{
    config->streams = options->streams;
    config->mode = options->mode;
    config->on_no_convergence = options->on_no_convergence;
    config->blackout_limit = options->blackout_limit;
    config->give_up_after = options->give_up_after;
    config->bandwidth_cap = options->bandwidth_cap;
}

static void tell_begun(struct session *session)
{
    char text[SESSION_ID_TEXT];

    host_log(
        HOST_LOG_NOTICE,
        "guest \"%s\" goes to %s, session %s",
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
            "out",
            "peer",
            session->note.peer));
}

static struct session *make_session(
    struct daemon *daemon,
    struct ferry_session_id id,
    const struct session_note *note,
    struct vm *vm)
{
    struct session *session = session_create(daemon, id, false);

    if (session == NULL) {
        return NULL;
    }
    session->note = *note;
    take_shape(session, vm);
    if (vm != NULL) {
        session->vm = vm;
        vm_hold(vm, session);
    }
    return session;
}

static struct session_note note_of(const struct vm *vm, const struct host_peer *peer)
{
    struct session_note note = {.guest_id = vm->file.id};

    (void)snprintf(note.guest, sizeof note.guest, "%s", vm->file.name);
    (void)snprintf(note.peer, sizeof note.peer, "%s", peer->name);
    return note;
}

static enum host_code
create_engine(struct session *session, const struct move_options *options, struct host_error *error)
{
    struct ferry_path paths[FERRY_PATHS_MAX];
    struct ferry_source_config config;
    char text[FERRY_GUEST_CONFIG_MAX];
    size_t size = 0;

    HOST_TRY(guestfile_encode(&session->vm->file, text, &size, error));
    if (session_map_memory(session, false) != FERRY_OK) {
        return host_fail(error, HOST_MEMORY, "no memory to move guest \"%s\"", session->note.guest);
    }
    make_config(session, paths, &config);
    take_options(&config, options);
    config.guest_config = (struct ferry_bytes){.data = (const uint8_t *)text, .size = size};
    const enum ferry_status status =
        ferry_source_create(&config, host_now(), &session->source_engine);
    return status == FERRY_OK ? HOST_OK : host_fail_status(error, status);
}

enum host_code source_begin(
    struct vm *vm,
    const struct host_peer *peer,
    const struct move_options *options,
    struct session **session_out,
    struct host_error *error)
{
    struct daemon *daemon = vm->daemon;
    const struct journal_guest *guest = journal_guest_by_id(daemon->journal, vm->file.id);
    const struct session_note note = note_of(vm, peer);
    struct ferry_session_id id;

    HOST_TRY(journal_takes_sessions(daemon->journal, error));
    host_random(&id, sizeof id);
    struct session *session = make_session(daemon, id, &note, vm);
    if (session == NULL) {
        return host_fail(error, HOST_MEMORY, "no memory to move guest \"%s\"", vm->file.name);
    }
    session->epoch = guest == NULL ? 1 : guest->epoch;
    session->limits = *options;
    const enum host_code code = create_engine(session, options, error);
    if (code != HOST_OK) {
        session_destroy(session);
        return code;
    }
    tell_begun(session);
    session_kick(session);
    *session_out = session;
    return HOST_OK;
}

enum host_code source_restart(
    struct daemon *daemon,
    const struct journal_session *records,
    const struct session_note *note,
    struct vm *vm,
    struct host_error *error)
{
    const bool alive = vm != NULL && vm_answers(vm) && !vm->died;
    const struct journal_guest *guest = journal_guest_by_id(daemon->journal, note->guest_id);
    struct session *session = make_session(daemon, records->session, note, vm);
    struct ferry_path paths[FERRY_PATHS_MAX];
    struct ferry_source_config config;

    if (session == NULL) {
        return host_fail(error, HOST_MEMORY, "no memory to go on with a session");
    }
    session->note_durable = true;
    session->restarted = true;
    /* the engine takes its epoch from its record; this one says which entry of the guest is older */
    session->epoch = guest == NULL ? 1 : guest->epoch;
    make_config(session, paths, &config);
    const enum ferry_status status = ferry_source_restart(
        &config,
        records->records,
        records->record_count,
        alive,
        host_now(),
        &session->source_engine);
    if (status != FERRY_OK) {
        session_destroy(session);
        return host_fail_status(error, status);
    }
    session_kick(session);
    return HOST_OK;
}
