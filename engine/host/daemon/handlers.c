/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handlers.c -- the table of control calls, and the one about the host itself.
 */
#include "engine/host/daemon/handlers.h"

#include "engine/host/base/fd.h"
#include "engine/host/daemon/report.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#ifndef FERRY_VERSION
#    define FERRY_VERSION "0.1.0"
#endif

void fail_command(
    struct control_request *request, const struct session *session, enum ferry_status status)
{
    char state[HOST_ERROR_STEP_MAX];
    struct host_error error;

    (void)host_fail_status(&error, status);
    if (status == FERRY_USAGE_TOO_LATE) {
        error.code = HOST_TOO_LATE;
        host_error_step(&error, "wait for the outcome; move the guest back when it runs there");
    } else {
        host_error_step(&error, "see ferry status");
    }
    control_fail(request, &error, session_guest_state(session, state, sizeof state));
}

/* ---- host.info ---- */

static json_t *listen_addresses(const struct host_config *config)
{
    json_t *list = json_array();

    for (size_t i = 0; i < config->listen_count; i++) {
        const struct host_address *address = &config->listen[i];
        const bool ip6 = address->socket.any.sa_family == AF_INET6;
        (void)json_array_append_new(
            list, json_sprintf(ip6 ? "[%s]:%u" : "%s:%u", address->text, (unsigned)address->port));
    }
    return list;
}

static json_t *peers(const struct host_config *config)
{
    json_t *list = json_array();

    for (size_t i = 0; i < config->peer_count; i++) {
        const struct host_peer *peer = &config->peers[i];
        json_t *addresses = json_array();
        for (size_t a = 0; a < peer->address_count; a++) {
            (void)json_array_append_new(addresses, json_string(peer->addresses[a].text));
        }
        (void)json_array_append_new(
            list, json_pack("{s:s, s:o}", "name", peer->name, "addresses", addresses));
    }
    return list;
}

static unsigned count_moves(const struct daemon *daemon, bool target)
{
    unsigned count = 0;

    for (const struct session *session = daemon->sessions; session != NULL;
         session = session->next) {
        count += session->target == target ? 1U : 0U;
    }
    return count;
}

static json_t *wall_clock_text(ferry_time_ns at)
{
    const time_t seconds = (time_t)(at / FERRY_SECOND);
    struct tm parts;
    char text[64];

    if (gmtime_r(&seconds, &parts) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        return json_null();
    }
    return json_string(text);
}

static void add(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value);
}

static void handle_host_info(void *context, struct control_request *request, const json_t *args)
{
    static const char *const names[] = {NULL};
    const struct daemon *daemon = context;
    const struct host_config *config = daemon->config;
    struct host_error error;

    if (control_args_known(args, names, &error) != HOST_OK) {
        control_fail(request, &error, NULL);
        return;
    }
    const uint64_t memory = vms_memory_used(daemon) + daemon_memory_free(daemon);
    const bool takes = journal_takes_sessions(daemon->journal, &error) == HOST_OK;
    json_t *info = json_object();
    add(info, "host", json_string(config->host));
    add(info, "version", json_string(FERRY_VERSION));
    add(info, "pid", json_integer(getpid()));
    add(info, "started_at", wall_clock_text(daemon->started_at));
    add(info, "journal_id", report_hex(journal_id(daemon->journal)));
    add(info, "incarnation", json_integer(journal_incarnation(daemon->journal)));
    add(info, "takes_sessions", json_boolean(takes));
    add(info, "takes_sessions_why", takes ? json_null() : json_string(error.text));
    add(info, "encrypted", json_boolean(!config->unencrypted));
    add(info, "listen", listen_addresses(config));
    add(info, "peers", peers(config));
    add(info, "guests", json_integer(vms_count(daemon)));
    add(info, "guests_max", json_integer(config->limits.guests));
    add(info, "guest_memory", json_integer((json_int_t)vms_memory_used(daemon)));
    add(info, "guest_memory_max", json_integer((json_int_t)memory));
    add(info, "moves_out", json_integer(count_moves(daemon, false)));
    add(info, "moves_out_max", json_integer(config->limits.migrations_out));
    add(info, "moves_in", json_integer(count_moves(daemon, true)));
    add(info, "moves_in_max", json_integer(config->limits.migrations_in));
    add(info, "connections", json_integer(daemon->connections));
    add(info, "connections_max", json_integer(config->limits.connections));
    control_reply(request, info);
}

const struct control_call daemon_calls[] = {
    {"host.info",     handle_host_info    },
    {"vm.run",        handle_vm_run       },
    {"vm.list",       handle_vm_list      },
    {"vm.stop",       handle_vm_stop      },
    {"vm.check",      handle_vm_check     },
    {"move",          handle_move         },
    {"wait",          handle_wait         },
    {"status",        handle_status       },
    {"cancel",        handle_cancel       },
    {"set",           handle_set          },
    {"session.list",  handle_session_list },
    {"session.show",  handle_session_show },
    {"session.claim", handle_session_claim},
    {"session.burn",  handle_session_burn },
    {"record",        handle_record       },
    {NULL,            NULL                },
};
