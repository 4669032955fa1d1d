/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon.c -- ferryd put together and taken apart.
 *
 *   journal (who am I, what is open) --> gate (not listening yet) --> control socket
 *   --> guests' processes are asked (restart.c) --> sessions come back --> the gate listens
 *
 * The end is the other way round, and touches no guest: links are closed, sessions stay in the
 * journal, a write that is under way is waited for.
 */
#include "engine/host/daemon/daemon.h"

#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/daemon/session.h"
#include "engine/host/daemon/vms.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>

/* For a move that is called off to leave its guest running. */
#define WIND_DOWN_LIMIT (3 * FERRY_SECOND)
#define WIND_DOWN_STEP  (5 * FERRY_MILLISECOND)

/* ---- memory for engine objects ---- */

static void *allocate(void *context, size_t size)
{
    (void)context;
    return calloc(1, size);
}

static void release(void *context, void *memory, size_t size)
{
    (void)context;
    (void)size;
    free(memory);
}

/* ---- memory for guests ---- */

uint64_t daemon_memory_free(const struct daemon *daemon)
{
    const uint64_t used = vms_memory_used(daemon);
    uint64_t limit = daemon->config->limits.guest_memory;
    struct sysinfo machine;

    if (limit == UINT64_MAX && sysinfo(&machine) == 0) {
        limit = (uint64_t)machine.totalram * machine.mem_unit;
    }
    return limit > used ? limit - used : 0;
}

/* ---- events ---- */

void daemon_event(struct daemon *daemon, const char *event, json_t *fields)
{
    if (daemon->control == NULL) {
        json_decref(fields);
        return;
    }
    control_publish(daemon->control, event, fields);
}

static void wind_down_step(void *context);

static void run_sessions(void *context)
{
    sessions_run(context);
}

/* ---- start ---- */

static enum host_code open_journal(struct daemon *daemon, struct host_error *error)
{
    char folder[CONFIG_PATH_MAX];

    if (snprintf(folder, sizeof folder, "%s/journal", daemon->config->state_dir) >=
        (int)sizeof folder) {
        return host_fail(error, HOST_CONFIG, "state_dir is too long");
    }
    HOST_TRY(folder_make(daemon->config->state_dir, 0700, error));
    return journal_open(
        &(struct journal_options){.loop = daemon->loop, .folder = folder}, &daemon->journal, error);
}

static enum host_code open_control(struct daemon *daemon, struct host_error *error)
{
    HOST_TRY(folder_make(daemon->config->run_dir, 0755, error));
    return control_server_create(
        &(struct control_server_options){
            .loop = daemon->loop,
            .path = daemon->config->control.socket,
            .group = daemon->config->control.group,
            .clients_max = daemon->config->control.clients_max,
            .calls = daemon_calls,
            .context = daemon,
        },
        &daemon->control,
        error);
}

enum host_code
daemon_start(struct daemon *daemon, struct host_config *config, struct host_error *error)
{
    struct loop *loop = daemon->loop;

    *daemon = (struct daemon){
        .config = config,
        .loop = loop,
        .allocator = {.allocate = allocate, .release = release},
        .started_at = host_wall_clock(),
        .history = json_array(),
    };
    loop_timer_init(&daemon->run, loop, run_sessions, daemon);
    loop_timer_init(&daemon->wind_down, loop, wind_down_step, daemon);
    HOST_TRY(open_journal(daemon, error));
    HOST_TRY(inbound_prepare(daemon, error));
    HOST_TRY(open_control(daemon, error));
    return restart_begin(daemon, error);
}

/* ---- stop ---- */

static bool calls_off(const struct daemon *daemon)
{
    for (const struct session *session = daemon->sessions; session != NULL;
         session = session->next) {
        if (!session->target && session->outcome == NULL && session->called_off) {
            return true;
        }
    }
    return false;
}

static void wind_down_step(void *context)
{
    struct daemon *daemon = context;

    if (!calls_off(daemon) || host_now() >= daemon->wind_down_until) {
        loop_stop(daemon->loop);
        return;
    }
    loop_timer_set(&daemon->wind_down, host_now() + WIND_DOWN_STEP);
}

void daemon_wind_down(struct daemon *daemon)
{
    if (daemon->ending) {
        loop_stop(daemon->loop); /* told twice: at once */
        return;
    }
    daemon->ending = true;
    daemon->ready = false;
    daemon->wind_down_until = host_now() + WIND_DOWN_LIMIT;
    for (struct session *session = daemon->sessions; session != NULL; session = session->next) {
        if (!session->target && session->outcome == NULL) {
            session->called_off =
                session_command(session, &(struct ferry_event){.kind = FERRY_EVENT_CANCEL}) ==
                FERRY_OK;
        }
    }
    loop_timer_set(&daemon->wind_down, host_now());
}

void daemon_stop(struct daemon *daemon)
{
    daemon->ending = true;
    journal_close(daemon->journal); /* its last reports come in here: whom they are for is there */
    inbound_close(daemon);
    sessions_close(daemon);
    vms_close(daemon);
    control_server_destroy(daemon->control); /* answers what is still open */
    daemon->control = NULL;
    loop_timer_stop(&daemon->run);
    loop_timer_stop(&daemon->wind_down);
    json_decref(daemon->history);
    config_destroy(daemon->config);
}
