/* SPDX-License-Identifier: Apache-2.0 */
/* client.c -- the command's end: blocking calls, every wait with an end. */
#include "engine/host/base/fd.h"
#include "engine/host/control/control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

/* An answer may be as large as the server's whole queue. */
#define ANSWER_MAX ((size_t)CONTROL_QUEUE_MAX + 1)

struct control_client {
    int fd;
    uint64_t last_id;
    char *in;
    size_t in_used;
    size_t in_room;
};

static enum host_code explain_connect(int number, const char *path, struct host_error *error)
{
    switch (number) {
    case ENOENT:
        (void)host_fail(
            error, HOST_UNREACHABLE, "no ferryd runs here: there is no socket %s", path);
        host_error_step(
            error, "start it (systemctl start ferryd), or name its socket with --socket");
        return HOST_UNREACHABLE;
    case ECONNREFUSED:
        (void)host_fail(
            error, HOST_UNREACHABLE, "ferryd does not run any more: nobody answers at %s", path);
        host_error_step(error, "start it again: it finds its guests and open sessions");
        return HOST_UNREACHABLE;
    case EACCES:
    case EPERM:
        (void)host_fail(error, HOST_PERMISSION, "you may not use ferryd's socket %s", path);
        host_error_step(error, "ask as root, or join the group that the socket belongs to");
        return HOST_PERMISSION;
    default: return host_fail_errno(error, number, "%s", path);
    }
}

/* A full backlog is EAGAIN, which poll() does not wait for. */
static int connect_until(int fd, const struct sockaddr_un *address, ferry_time_ns deadline)
{
    const struct timespec pause = {.tv_nsec = 10000000};

    while (connect(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
        if (errno == EINTR) {
            continue;
        }
        if (errno != EAGAIN) {
            return errno;
        }
        if (host_now() >= deadline) {
            return ETIMEDOUT;
        }
        (void)nanosleep(&pause, NULL);
    }
    return 0;
}

enum host_code control_client_connect(
    const char *path,
    ferry_time_ns time_limit,
    struct control_client **client_out,
    struct host_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof address.sun_path) {
        return host_fail(error, HOST_USAGE, "%s: too long for the path of a socket", path);
    }
    memcpy(address.sun_path, path, strlen(path));
    struct control_client *client = calloc(1, sizeof *client);

    if (client == NULL) {
        return host_fail(error, HOST_MEMORY, "no memory");
    }
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int failed =
        client->fd < 0 ? errno : connect_until(client->fd, &address, host_now() + time_limit);

    if (failed != 0) {
        control_client_destroy(client);
        return explain_connect(failed, path, error);
    }
    *client_out = client;
    return HOST_OK;
}

void control_client_destroy(struct control_client *client)
{
    if (client != NULL) {
        fd_close(&client->fd);
        free(client->in);
        free(client);
    }
}

int control_client_fd(const struct control_client *client)
{
    return client->fd;
}

/* Waits for the descriptor. */
static enum host_code
wait_for(int fd, short events, ferry_time_ns deadline, struct host_error *error)
{
    struct pollfd entry = {.fd = fd, .events = events};
    struct timespec time;
    const struct timespec *limit = NULL;

    if (deadline != FERRY_TIME_NEVER) {
        ferry_time_ns rest = deadline - host_now();

        rest = rest < 0 ? 0 : rest;
        time.tv_sec = (time_t)(rest / FERRY_SECOND);
        time.tv_nsec = (long)(rest % FERRY_SECOND);
        limit = &time;
    }
    const int ready = ppoll(&entry, 1, limit, NULL);

    if (ready < 0) {
        return errno == EINTR ? host_fail(error, HOST_CANCELLED, "interrupted")
                              : host_fail_errno(error, errno, "waiting for ferryd");
    }
    if (ready == 0) {
        (void)host_fail(error, HOST_TIMEOUT, "ferryd did not answer in time");
        host_error_step(error, "look at its log: journalctl -u ferryd");
        return HOST_TIMEOUT;
    }
    return HOST_OK;
}

static enum host_code gone(struct host_error *error)
{
    (void)host_fail(error, HOST_CLOSED, "ferryd closed the connection");
    host_error_step(
        error,
        "it was stopped or it died: start it again, it finds its guests and open sessions; then "
        "look with ferry status");
    return HOST_CLOSED;
}

static enum host_code
send_all(struct control_client *client, const char *text, size_t size, struct host_error *error)
{
    const ferry_time_ns deadline = host_now() + 10 * FERRY_SECOND;

    while (size > 0) {
        const ssize_t sent = send(client->fd, text, size, MSG_NOSIGNAL);

        if (sent >= 0) {
            text += sent;
            size -= (size_t)sent;
        } else if (errno == EAGAIN) {
            const enum host_code code = wait_for(client->fd, POLLOUT, deadline, error);

            if (code != HOST_OK && code != HOST_CANCELLED) {
                return code;
            }
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return gone(error);
        } else if (errno != EINTR) {
            return host_fail_errno(error, errno, "speaking with ferryd");
        }
    }
    return HOST_OK;
}

enum host_code control_client_send(
    struct control_client *client,
    const char *call,
    json_t *args,
    uint64_t *id_out,
    struct host_error *error)
{
    const uint64_t id = client->last_id + 1;
    json_t *message = json_pack("{s:I, s:s}", "id", (json_int_t)id, "call", call);

    if (message != NULL && args != NULL) {
        (void)json_object_set(message, "args", args);
    }
    json_decref(args);
    char *text = message == NULL ? NULL : json_dumps(message, JSON_COMPACT);

    json_decref(message);
    if (text == NULL) {
        return host_fail(error, HOST_USAGE, "a call that cannot be written: names must be UTF-8");
    }
    const size_t size = strlen(text);

    text[size] = '\n'; /* in place of the zero: the size says where it ends */
    const enum host_code code =
        size + 1 > CONTROL_LINE_MAX
            ? host_fail(error, HOST_LIMIT, "a call of %zu bytes is too long", size)
            : send_all(client, text, size + 1, error);

    free(text);
    if (code == HOST_OK) {
        client->last_id = id;
        *id_out = id;
    }
    return code;
}

static void copy_text(char *out, size_t size, const json_t *text)
{
    const char *string = json_string_value(text);

    (void)snprintf(out, size, "%s", string == NULL ? "" : string);
}

static bool read_error(const json_t *from, struct control_message *message)
{
    const char *word = json_string_value(json_object_get(from, "code"));

    if (word == NULL) {
        return false;
    }
    message->error.code = host_code_from_word(word);
    copy_text(message->error.text, sizeof message->error.text, json_object_get(from, "text"));
    copy_text(
        message->error.next_step,
        sizeof message->error.next_step,
        json_object_get(from, "next_step"));
    copy_text(
        message->guest_state, sizeof message->guest_state, json_object_get(from, "guest_state"));
    return true;
}

static enum host_code
read_line(const char *line, size_t size, struct control_message *message, struct host_error *error)
{
    json_t *all = json_loadb(line, size, 0, NULL);
    bool good = false;

    *message = (struct control_message){.id = 0};
    if (json_is_string(json_object_get(all, "event"))) {
        message->event = json_incref(all);
        good = true;
    } else {
        const json_int_t id = json_integer_value(json_object_get(all, "id"));
        json_t *result = json_object_get(all, "result");

        message->id = id > 0 ? (uint64_t)id : 0;
        if (json_is_object(result) && id > 0) {
            message->result = json_incref(result);
            good = true;
        } else {
            good = read_error(json_object_get(all, "error"), message);
        }
    }
    json_decref(all);
    return good ? HOST_OK
                : host_fail(error, HOST_PROTOCOL, "ferryd said something that is no answer");
}

void control_message_release(struct control_message *message)
{
    json_decref(message->result);
    json_decref(message->event);
    *message = (struct control_message){.id = 0};
}

static enum host_code read_more(struct control_client *client, struct host_error *error)
{
    if (client->in_used == client->in_room) {
        const size_t room = client->in_room == 0 ? 65536 : client->in_room * 2;
        char *larger = room > 2 * ANSWER_MAX ? NULL : realloc(client->in, room);

        if (larger == NULL) {
            return host_fail(error, HOST_PROTOCOL, "ferryd sends a line without end");
        }
        client->in = larger;
        client->in_room = room;
    }
    const ssize_t got =
        recv(client->fd, client->in + client->in_used, client->in_room - client->in_used, 0);

    if (got == 0 || (got < 0 && errno == ECONNRESET)) {
        return gone(error);
    }
    if (got < 0 && errno != EAGAIN && errno != EINTR) {
        return host_fail_errno(error, errno, "listening to ferryd");
    }
    client->in_used += got > 0 ? (size_t)got : 0;
    return HOST_OK;
}

enum host_code control_client_next(
    struct control_client *client,
    ferry_time_ns deadline,
    struct control_message *message_out,
    struct host_error *error)
{
    for (;;) {
        const char *end = client->in_used == 0 ? NULL : memchr(client->in, '\n', client->in_used);

        if (end != NULL) {
            const size_t size = (size_t)(end - client->in);
            const enum host_code code = read_line(client->in, size, message_out, error);

            client->in_used -= size + 1;
            memmove(client->in, end + 1, client->in_used);
            return code;
        }
        HOST_TRY(wait_for(client->fd, POLLIN, deadline, error));
        HOST_TRY(read_more(client, error));
    }
}

enum host_code control_client_call(
    struct control_client *client,
    const char *call,
    json_t *args,
    ferry_time_ns deadline,
    struct control_message *message_out,
    struct host_error *error)
{
    uint64_t id = 0;

    HOST_TRY(control_client_send(client, call, args, &id, error));
    for (;;) {
        HOST_TRY(control_client_next(client, deadline, message_out, error));
        /* An error without an id is about the connection: there will be no other answer. */
        if (message_out->id == id || (message_out->id == 0 && message_out->event == NULL)) {
            return HOST_OK;
        }
        control_message_release(message_out);
    }
}
