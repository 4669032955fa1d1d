/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h -- how a command speaks with ferryd: JSON lines over a Unix stream socket.
 *
 *     -> {"id": 1, "call": "move", "args": {"guest": "db1", "to": "h2"}}
 *     <- {"id": 1, "result": {"session": "..."}}            or
 *     <- {"id": 1, "error": {"code": "refused", "text": "...", "guest_state": "...",
 *                            "next_step": "..."}}
 *     <- {"event": "round", "at": "...", "seq": 17, ...}     after the call "events"
 *
 * All calls with their arguments and results are in docs/control.md. Answers come in any order; an
 * id is the client's own and is given back as it was. One line is one message.
 *
 * The server never trusts a client: a line beyond CONTROL_LINE_MAX, something that is no object, an
 * unknown call get an error with its place in the line (and the connection is closed where it
 * cannot be understood any more); calls under way are bounded a client and clients in all; answers
 * and events wait in a bounded buffer. A client that does not read loses events first (they are
 * counted, and it is told the number), then the connection. Whoever connects is known by the
 * kernel's word (SO_PEERCRED): root, the daemon's own user, members of the group that the
 * configuration names; others are told so and closed.
 */
#ifndef FERRY_HOST_CONTROL_CONTROL_H
#define FERRY_HOST_CONTROL_CONTROL_H

#include "engine/host/base/error.h"
#include "engine/host/loop/loop.h"
#include "ferry/types.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A request's line, bytes: a guest's configuration fits in twice. */
#define CONTROL_LINE_MAX 131072U
/* Answers and events of one client that it has not read yet. */
#define CONTROL_QUEUE_MAX (4U << 20)
/* Of these, events alone. */
#define CONTROL_EVENT_QUEUE_MAX (1U << 18)
/* Calls of one client that are not answered yet. */
#define CONTROL_CALLS_MAX 32U
/* Past events that are kept, for `ferry events`. */
#define CONTROL_HISTORY_MAX 1024U

/* -- server: on the loop's thread --------------------------------------------------------------- */

struct control_server;  /* opaque */
struct control_request; /* one call that has to be answered once; opaque */

/* args is an object (an empty one where none was given), valid during the call; json_incref() to
 * keep it. The request must be answered sooner or later by control_reply() or control_fail(), from
 * in here or later; it stays valid until then, also when its client goes away. */
typedef void control_handler(void *context, struct control_request *request, const json_t *args);

struct control_call {
    const char *name; /* "vm.list" */
    control_handler *handler;
};

struct control_server_options {
    struct loop *loop;
    const char *path;                 /* of the socket; what lies there is replaced if it is dead */
    const char *group;                /* NULL: root and the own user alone */
    uint32_t clients_max;             /* 0: 32 */
    const struct control_call *calls; /* ends with a NULL name; "events" is the server's own */
    void *context;                    /* of the handlers */
};

/* Mode 0660. EXISTS if another daemon answers there; NOT_FOUND if there is no such group. */
FERRY_NODISCARD
enum host_code control_server_create(
    const struct control_server_options *options,
    struct control_server **server_out,
    struct host_error *error);
/* Closes all connections and removes the socket. Requests that are still open are answered with
 * CLOSED and must not be used any more. NULL is fine. */
void control_server_destroy(struct control_server *server);

/* Takes `result` over (NULL: an empty object). */
void control_reply(struct control_request *request, json_t *result);
/* guest_state: "runs on h1 as before", ...; NULL where no guest is concerned. */
void control_fail(
    struct control_request *request, const struct host_error *error, const char *guest_state);
/* Is there still somebody who waits for the answer? */
bool control_request_heard(const struct control_request *request);
uid_t control_request_user(const struct control_request *request);

/* Tells all subscribers, and keeps it as history. Takes `fields` over (an object; NULL: none); the
 * server adds "event", "seq" and "at" (wall clock, RFC 3339 with nanoseconds). */
void control_publish(struct control_server *server, const char *event, json_t *fields);

/* -- reading arguments -------------------------------------------------------------------------- */

/* Each takes the named argument out of args: *out is left alone where it is missing and not
 * `required`. USAGE names the argument, what was expected and what came. control_args_known()
 * refuses what is none of `names` (NULL-terminated), with the nearest one. */
enum control_need { CONTROL_OPTIONAL, CONTROL_REQUIRED };
FERRY_NODISCARD
enum host_code
control_args_known(const json_t *args, const char *const *names, struct host_error *error);
FERRY_NODISCARD
enum host_code control_arg_text(
    const json_t *args,
    const char *name,
    enum control_need need,
    const char **out, /* borrowed from args */
    struct host_error *error);
FERRY_NODISCARD
enum host_code control_arg_number(
    const json_t *args,
    const char *name,
    enum control_need need,
    uint64_t *out, /* 0 .. 2^63 - 1 */
    struct host_error *error);
FERRY_NODISCARD
enum host_code control_arg_flag(
    const json_t *args,
    const char *name,
    enum control_need need,
    bool *out,
    struct host_error *error);

/* -- client: blocking, with time-outs ----------------------------------------------------------- */

struct control_client; /* opaque */

/* UNREACHABLE: nobody listens there (the sentence says whether the socket is missing or dead);
 * PERMISSION; TIMEOUT. */
FERRY_NODISCARD
enum host_code control_client_connect(
    const char *path,
    ferry_time_ns time_limit,
    struct control_client **client_out,
    struct host_error *error);
void control_client_destroy(struct control_client *client); /* NULL is fine */

/* What a server said. */
struct control_message {
    uint64_t id;                           /* of the call that it answers; 0: an event */
    json_t *result;                        /* of an answer; NULL on an error */
    json_t *event;                         /* the whole event */
    struct host_error error;               /* of an answer: code OK if there is none */
    char guest_state[HOST_ERROR_STEP_MAX]; /* of an error: "" where none was given */
};
void control_message_release(struct control_message *message);

/* Sends a call without waiting. Takes args over (NULL: none). */
FERRY_NODISCARD
enum host_code control_client_send(
    struct control_client *client,
    const char *call,
    json_t *args,
    uint64_t *id_out,
    struct host_error *error);
/* The next message, until `deadline` (host_now()). TIMEOUT; CLOSED: the daemon went away; PROTOCOL.
 * CANCELLED: a signal came while it waited (the caller knows which). */
FERRY_NODISCARD
enum host_code control_client_next(
    struct control_client *client,
    ferry_time_ns deadline,
    struct control_message *message_out,
    struct host_error *error);
/* Sends a call and waits for its answer; events that come meanwhile are dropped. message_out->error
 * is the daemon's error; the code returned is the connection's. */
FERRY_NODISCARD
enum host_code control_client_call(
    struct control_client *client,
    const char *call,
    json_t *args,
    ferry_time_ns deadline,
    struct control_message *message_out,
    struct host_error *error);
/* For poll(). */
int control_client_fd(const struct control_client *client);

/* Where ferryd listens if nobody says otherwise. */
#define CONTROL_SOCKET_DEFAULT "/run/ferry/ferryd.sock"

#endif
