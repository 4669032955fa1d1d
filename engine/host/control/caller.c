/* SPDX-License-Identifier: Apache-2.0 */
/*
 * caller.c -- one connected client: its lines in, its calls, what is queued for it.
 *
 * Nothing is written from inside a handler: answers and events are queued, and the descriptor's
 * turn sends them. So a caller is destroyed at one place, the end of its own turn, and whoever
 * queues need not fear that it is gone afterwards.
 */
#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/control/server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ID_MAX ((json_int_t)1 << 53)

/* -- out ---------------------------------------------------------------------------------------- */

static void update_events(struct control_caller *caller)
{
    uint32_t events = caller->deaf ? 0 : EPOLLIN;

    if (caller->first != NULL || caller->doomed) {
        events |= EPOLLOUT;
    }
    loop_fd_events(caller->watch, events);
}

static void doom(struct control_caller *caller)
{
    caller->doomed = true;
    update_events(caller);
}

static bool queue(struct control_caller *caller, struct control_line *line, bool event)
{
    struct control_queued *queued = NULL;

    if (caller->doomed) {
        return false;
    }
    if (caller->queued_bytes + line->size <= CONTROL_QUEUE_MAX) {
        queued = malloc(sizeof *queued);
    }
    if (queued == NULL) {
        host_log(HOST_LOG_WARNING, "control socket: a client that does not read is disconnected");
        doom(caller);
        return false;
    }
    *queued = (struct control_queued){.line = line, .event = event};
    line->references++;
    if (caller->first == NULL) {
        caller->first = queued;
    } else {
        caller->last->next = queued;
    }
    caller->last = queued;
    caller->queued_bytes += line->size;
    caller->event_bytes += event ? line->size : 0;
    update_events(caller);
    return true;
}

void caller_send(struct control_caller *caller, json_t *message)
{
    struct control_line *line = message == NULL ? NULL : line_create(message);

    json_decref(message);
    if (line == NULL) {
        doom(caller); /* no memory: a lost answer would let the client wait for ever */
        return;
    }
    (void)queue(caller, line, false);
    line_release(line);
}

/* Says how many events were left out, once there is room again. */
static bool tell_dropped(struct control_caller *caller)
{
    json_t *message =
        json_pack("{s:s, s:I}", "event", "dropped", "count", (json_int_t)caller->dropped);
    struct control_line *line = message == NULL ? NULL : line_create(message);
    bool told = false;

    if (line != NULL) {
        told = queue(caller, line, true);
        line_release(line);
    }
    json_decref(message);
    return told;
}

void caller_tell(struct control_caller *caller, struct control_line *line, const char *guest)
{
    if (!caller->subscribed || (caller->guest[0] != '\0' && strcmp(caller->guest, guest) != 0)) {
        return;
    }
    if (caller->event_bytes + line->size > CONTROL_EVENT_QUEUE_MAX) {
        caller->dropped++;
        return;
    }
    if (caller->dropped > 0) {
        if (!tell_dropped(caller)) {
            return;
        }
        caller->dropped = 0;
    }
    (void)queue(caller, line, true);
}

static void take_first(struct control_caller *caller)
{
    struct control_queued *queued = caller->first;

    caller->first = queued->next;
    caller->queued_bytes -= queued->line->size;
    caller->event_bytes -= queued->event ? queued->line->size : 0;
    caller->offset = 0;
    line_release(queued->line);
    free(queued);
}

static void flush(struct control_caller *caller)
{
    while (caller->first != NULL && !caller->doomed) {
        const struct control_line *line = caller->first->line;
        const ssize_t sent = send(
            caller->fd,
            line->text + caller->offset,
            line->size - caller->offset,
            MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0) {
            if (errno == EINTR) {
                continue;
            }
            caller->doomed = errno != EAGAIN;
            return;
        }
        caller->offset += (size_t)sent;
        if (caller->offset == line->size) {
            take_first(caller);
        }
    }
}

/* -- requests ----------------------------------------------------------------------------------- */

static struct control_request *request_create(struct control_caller *caller, json_int_t id)
{
    struct control_server *server = caller->server;
    struct control_request *request = malloc(sizeof *request);

    if (request == NULL) {
        return NULL;
    }
    *request = (struct control_request){
        .server = server,
        .caller = caller,
        .user = caller->user,
        .id = id,
        .next = server->requests,
        .place = &server->requests,
    };
    if (request->next != NULL) {
        request->next->place = &request->next;
    }
    server->requests = request;
    caller->calls++;
    return request;
}

static void request_end(struct control_request *request, const char *key, json_t *value)
{
    if (request->caller != NULL) {
        request->caller->calls--;
        caller_send(request->caller, json_pack("{s:I, s:o}", "id", request->id, key, value));
    } else {
        json_decref(value);
    }
    *request->place = request->next;
    if (request->next != NULL) {
        request->next->place = request->place;
    }
    free(request);
}

void control_reply(struct control_request *request, json_t *result)
{
    request_end(request, "result", result == NULL ? json_object() : result);
}

void control_fail(
    struct control_request *request, const struct host_error *error, const char *guest_state)
{
    request_end(request, "error", control_error_json(error, guest_state));
}

bool control_request_heard(const struct control_request *request)
{
    return request->caller != NULL;
}

uid_t control_request_user(const struct control_request *request)
{
    return request->user;
}

/* -- in ----------------------------------------------------------------------------------------- */

static void answer_events(struct control_request *request, const json_t *args)
{
    static const char *const names[] = {"follow", "history", "guest", NULL};
    struct control_caller *caller = request->caller;
    struct host_error error;
    const char *guest = "";
    uint64_t history = 0;
    bool follow = true;

    if (control_args_known(args, names, &error) != HOST_OK ||
        control_arg_flag(args, "follow", CONTROL_OPTIONAL, &follow, &error) != HOST_OK ||
        control_arg_number(args, "history", CONTROL_OPTIONAL, &history, &error) != HOST_OK ||
        control_arg_text(args, "guest", CONTROL_OPTIONAL, &guest, &error) != HOST_OK) {
        control_fail(request, &error, NULL);
        return;
    }
    (void)snprintf(caller->guest, sizeof caller->guest, "%s", guest);
    const json_int_t seq = (json_int_t)caller->server->seq;

    control_reply(request, json_pack("{s:I}", "seq", seq));
    caller->subscribed = true;
    server_tell_past(caller->server, caller, history);
    caller->subscribed = follow;
}

static void
complain(struct control_caller *caller, json_t *id, enum host_code code, const char *text)
{
    struct host_error error;

    (void)host_fail(&error, code, "%s", text);
    caller_send(
        caller, json_pack("{s:o, s:o}", "id", id, "error", control_error_json(&error, NULL)));
}

static void call(struct control_caller *caller, json_int_t id, const char *name, const json_t *args)
{
    struct control_server *server = caller->server;
    const struct control_call *known = server->calls;
    struct control_request *request = request_create(caller, id);
    struct host_error error;

    if (request == NULL) {
        doom(caller);
        return;
    }
    if (caller->calls > CONTROL_CALLS_MAX) {
        (void)host_fail(
            &error, HOST_LIMIT, "%u calls of this client are under way", CONTROL_CALLS_MAX);
        control_fail(request, &error, NULL);
        return;
    }
    if (strcmp(name, "events") == 0) {
        answer_events(request, args);
        return;
    }
    while (known->name != NULL && strcmp(known->name, name) != 0) {
        known++;
    }
    if (known->name == NULL) {
        (void)host_fail(&error, HOST_USAGE, "there is no call \"%.64s\"", name);
        control_fail(request, &error, NULL);
        return;
    }
    known->handler(server->context, request, args);
}

static void take_message(struct control_caller *caller, json_t *message)
{
    json_t *id = json_object_get(message, "id");
    const char *name = json_string_value(json_object_get(message, "call"));
    json_t *args = json_object_get(message, "args");

    if (!json_is_integer(id) || json_integer_value(id) < 1 || json_integer_value(id) >= ID_MAX) {
        complain(caller, json_null(), HOST_USAGE, "\"id\" must be an integer from 1 to 2^53 - 1");
    } else if (name == NULL) {
        complain(caller, json_incref(id), HOST_USAGE, "\"call\" must be there, a string");
    } else if (args != NULL && !json_is_object(args)) {
        complain(caller, json_incref(id), HOST_USAGE, "\"args\" must be an object");
    } else if (args != NULL) {
        call(caller, json_integer_value(id), name, args);
    } else {
        json_t *none = json_object();

        if (none == NULL) {
            doom(caller);
            return;
        }
        call(caller, json_integer_value(id), name, none);
        json_decref(none);
    }
}

static void take_line(struct control_caller *caller, const char *line, size_t size)
{
    json_error_t place;
    char text[HOST_ERROR_TEXT_MAX];
    json_t *message = json_loadb(line, size, JSON_REJECT_DUPLICATES, &place);

    if (json_is_object(message)) {
        take_message(caller, message);
    } else {
        (void)snprintf(
            text,
            sizeof text,
            message == NULL ? "byte %d of the line: %s" : "a line must hold one JSON object",
            message == NULL ? place.position : 0,
            message == NULL ? place.text : "");
        caller->deaf = true; /* whoever sends that speaks something else */
        caller->subscribed = false;
        complain(caller, json_null(), HOST_PROTOCOL, text);
    }
    json_decref(message);
}

static void take_lines(struct control_caller *caller)
{
    size_t begin = 0;

    while (!caller->deaf && !caller->doomed) {
        const char *end = memchr(caller->in + begin, '\n', caller->in_used - begin);

        if (end == NULL) {
            break;
        }
        const size_t size = (size_t)(end - (caller->in + begin));

        if (size > 0) {
            take_line(caller, caller->in + begin, size);
        }
        begin += size + 1;
    }
    memmove(caller->in, caller->in + begin, caller->in_used - begin);
    caller->in_used -= begin;
    if (caller->in_used == CONTROL_LINE_MAX && !caller->deaf) {
        caller->deaf = true;
        caller->subscribed = false;
        complain(caller, json_null(), HOST_LIMIT, "a line of more than 128 KiB");
    }
}

static void read_some(struct control_caller *caller)
{
    const ssize_t got = recv(
        caller->fd, caller->in + caller->in_used, CONTROL_LINE_MAX - caller->in_used, MSG_DONTWAIT);

    if (got > 0) {
        caller->in_used += (size_t)got;
        take_lines(caller);
    } else if (got == 0) {
        caller->deaf = true; /* it may still wait for answers */
    } else if (errno != EAGAIN && errno != EINTR) {
        caller->doomed = true;
    }
}

static void on_caller(void *context, uint32_t events)
{
    struct control_caller *caller = context;

    if ((events & EPOLLIN) != 0 && !caller->deaf) {
        read_some(caller);
    }
    flush(caller);
    const bool finished =
        caller->deaf && caller->first == NULL && caller->calls == 0 && !caller->subscribed;

    if (caller->doomed || finished || (events & (EPOLLHUP | EPOLLERR)) != 0) {
        caller_destroy(caller);
        return;
    }
    update_events(caller);
}

void caller_create(struct control_server *server, int fd, uid_t user)
{
    struct control_caller *caller = calloc(1, sizeof *caller);
    char *in = malloc(CONTROL_LINE_MAX);

    if (caller == NULL || in == NULL ||
        loop_fd_add(server->loop, fd, EPOLLIN, on_caller, caller, &caller->watch) != HOST_OK) {
        free(caller);
        free(in);
        fd_close(&fd);
        return;
    }
    caller->server = server;
    caller->fd = fd;
    caller->user = user;
    caller->in = in;
    caller->next = server->callers;
    server->callers = caller;
    server->clients++;
}

void caller_destroy(struct control_caller *caller)
{
    struct control_server *server = caller->server;
    struct control_caller **place = &server->callers;

    flush(caller); /* what a server that ends has just answered */
    for (struct control_request *request = server->requests; request != NULL;
         request = request->next) {
        if (request->caller == caller) {
            request->caller = NULL;
        }
    }
    while (*place != caller) {
        place = &(*place)->next;
    }
    *place = caller->next;
    server->clients--;
    while (caller->first != NULL) {
        take_first(caller);
    }
    loop_fd_remove(caller->watch);
    fd_close(&caller->fd);
    free(caller->in);
    free(caller);
}
