/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handlers_move.c -- the call that begins a move.
 *
 * What a move is asked for is checked whole before anything begins.
 */
#include "engine/host/daemon/handlers.h"
#include "engine/host/daemon/waiter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum host_code arg_number_or_null(
    const json_t *args, const char *name, uint64_t none, uint64_t *out, struct host_error *error)
{
    if (json_is_null(json_object_get(args, name))) {
        *out = none;
        return HOST_OK;
    }
    return control_arg_number(args, name, CONTROL_OPTIONAL, out, error);
}

static enum host_code
read_words(const json_t *args, struct move_options *options, struct host_error *error)
{
    const char *mode = NULL;
    const char *convergence = NULL;

    HOST_TRY(control_arg_text(args, "mode", CONTROL_OPTIONAL, &mode, error));
    HOST_TRY(control_arg_text(args, "on_no_convergence", CONTROL_OPTIONAL, &convergence, error));
    if (mode != NULL && !config_parse_mode(mode, &options->mode)) {
        return host_fail(error, HOST_USAGE, "mode is precopy or stop-and-copy, not \"%s\"", mode);
    }
    if (convergence != NULL &&
        !config_parse_no_convergence(convergence, &options->on_no_convergence)) {
        return host_fail(
            error,
            HOST_USAGE,
            "on_no_convergence is give-up, keep-trying or switch-anyway, not \"%s\"",
            convergence);
    }
    return HOST_OK;
}

static enum host_code read_options(
    const struct host_config *config,
    const json_t *args,
    struct move_options *out,
    struct host_error *error)
{
    uint64_t streams = config->defaults.streams;
    uint64_t limit = (uint64_t)config->defaults.blackout_limit;
    uint64_t give_up = (uint64_t)config->defaults.give_up_after;
    struct move_options options = {
        .mode = config->defaults.mode,
        .on_no_convergence = config->defaults.on_no_convergence,
        .bandwidth_cap = config->defaults.bandwidth_cap,
    };

    HOST_TRY(read_words(args, &options, error));
    if (options.mode == FERRY_MODE_STOP_AND_COPY) {
        limit = (uint64_t)FERRY_TIME_NEVER; /* it has none unless one is given */
    }
    HOST_TRY(control_arg_number(args, "streams", CONTROL_OPTIONAL, &streams, error));
    HOST_TRY(control_arg_number(args, "give_up_after_ns", CONTROL_OPTIONAL, &give_up, error));
    HOST_TRY(arg_number_or_null(
        args, "bandwidth_cap", FERRY_RATE_UNLIMITED, &options.bandwidth_cap, error));
    HOST_TRY(
        arg_number_or_null(args, "blackout_limit_ns", (uint64_t)FERRY_TIME_NEVER, &limit, error));
    if (streams < 1 || streams > FERRY_STREAMS_MAX) {
        return host_fail(error, HOST_USAGE, "streams is 1 to %u", FERRY_STREAMS_MAX);
    }
    options.streams = (uint16_t)streams;
    options.blackout_limit = (ferry_time_ns)limit;
    options.give_up_after = (ferry_time_ns)give_up;
    *out = options;
    return HOST_OK;
}

static unsigned leaving(const struct daemon *daemon)
{
    unsigned count = 0;

    for (const struct session *session = daemon->sessions; session != NULL;
         session = session->next) {
        count += !session->target && session->outcome == NULL ? 1U : 0U;
    }
    return count;
}

static enum host_code find_guest(
    const struct daemon *daemon, const char *name, struct vm **vm_out, struct host_error *error)
{
    struct vm *vm = vms_find(daemon, name);
    const struct journal_guest *guest = journal_guest_by_name(daemon->journal, name);

    if (vm == NULL || vm->state == VM_STOPPED) {
        const enum host_code code =
            host_fail(error, HOST_NOT_FOUND, "guest \"%s\" does not run here", name);
        host_error_step(error, "see ferry vm list");
        return code;
    }
    if (vm->session != NULL) {
        const enum host_code code =
            host_fail(error, HOST_BUSY, "guest \"%s\" is in a move already", name);
        host_error_step(error, "wait for it, or cancel it: ferry status");
        return code;
    }
    if (vm->recording != NULL) {
        return host_fail(error, HOST_BUSY, "guest \"%s\" is being recorded", name);
    }
    if (vm->state != VM_UP || vm->died) {
        return host_fail(error, HOST_FAILED, "the process of guest \"%s\" does not answer", name);
    }
    if (guest == NULL || guest->fate != JOURNAL_FATE_HERE) {
        return host_fail(error, HOST_REFUSED, "guest \"%s\" is not this host's", name);
    }
    *vm_out = vm;
    return HOST_OK;
}

static enum host_code begin_move(
    struct daemon *daemon,
    const json_t *args,
    struct session **session_out,
    struct host_error *error)
{
    static const char *const names[] = {
        "guest",
        "to",
        "streams",
        "bandwidth_cap",
        "blackout_limit_ns",
        "mode",
        "on_no_convergence",
        "give_up_after_ns",
        "wait",
        NULL};
    const char *guest = NULL;
    const char *to = NULL;
    struct move_options options;
    struct vm *vm = NULL;

    HOST_TRY(control_args_known(args, names, error));
    HOST_TRY(control_arg_text(args, "guest", CONTROL_REQUIRED, &guest, error));
    HOST_TRY(control_arg_text(args, "to", CONTROL_REQUIRED, &to, error));
    HOST_TRY(read_options(daemon->config, args, &options, error));
    const struct host_peer *peer = config_peer(daemon->config, to);
    if (peer == NULL) {
        const enum host_code code =
            host_fail(error, HOST_NOT_FOUND, "no peer \"%s\" is in %s", to, daemon->config->file);
        host_error_step(error, "add it under peers, and start ferryd again");
        return code;
    }
    if (!daemon->ready) {
        return host_fail(error, HOST_BUSY, "the daemon is still starting");
    }
    HOST_TRY(find_guest(daemon, guest, &vm, error));
    if (leaving(daemon) >= daemon->config->limits.migrations_out) {
        return host_fail(
            error,
            HOST_BUSY,
            "%u moves are under way, no more are allowed",
            daemon->config->limits.migrations_out);
    }
    return source_begin(vm, peer, &options, session_out, error);
}

void handle_move(void *context, struct control_request *request, const json_t *args)
{
    struct daemon *daemon = context;
    struct session *session = NULL;
    struct host_error error;
    char id[SESSION_ID_TEXT];
    bool wait = false;

    if (control_arg_flag(args, "wait", CONTROL_OPTIONAL, &wait, &error) != HOST_OK ||
        begin_move(daemon, args, &session, &error) != HOST_OK || session == NULL) {
        const char *guest = json_string_value(json_object_get(args, "guest"));
        const struct vm *vm = guest == NULL ? NULL : vms_find(daemon, guest);
        control_fail(request, &error, vm == NULL ? NULL : vm_state_name(vm));
        return;
    }
    if (wait) {
        waiter_add(session, request);
        return;
    }
    control_reply(
        request,
        json_pack(
            "{s:s, s:s, s:s}",
            "session",
            session_text(session->id, id),
            "guest",
            session->note.guest,
            "to",
            session->note.peer));
}
