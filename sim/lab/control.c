/* SPDX-License-Identifier: Apache-2.0 */
/* control.c -- see control.h. */
#include "sim/lab/control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES (8U << 20)

struct lab_control {
    int fd;
    long long last_id;
    char *text;
    size_t used;
    size_t capacity;
    bool closed;
};

struct lab_control *lab_control_open(const char *socket_path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(socket_path) >= sizeof(address.sun_path)) {
        return NULL;
    }
    memcpy(address.sun_path, socket_path, strlen(socket_path));
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    struct lab_control *control = calloc(1, sizeof(*control));
    if (control == NULL) {
        close(fd);
        return NULL;
    }
    control->fd = fd;
    return control;
}

void lab_control_close(struct lab_control *control)
{
    if (control != NULL) {
        close(control->fd);
        free(control->text);
        free(control);
    }
}

int lab_control_fd(const struct lab_control *control)
{
    return control->fd;
}

static int64_t now_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

bool lab_control_send(struct lab_control *control, const char *call, json_t *args)
{
    json_t *message = json_pack(
        "{s:I, s:s, s:o}",
        "id",
        (json_int_t)++control->last_id,
        "call",
        call,
        "args",
        args == NULL ? json_object() : args);
    char *line = message == NULL ? NULL : json_dumps(message, JSON_COMPACT);
    json_decref(message);
    bool sent = line != NULL;
    if (sent) {
        const size_t size = strlen(line);
        line[size] = '\n';
        for (size_t done = 0; done < size + 1;) {
            const ssize_t put = send(control->fd, line + done, size + 1 - done, MSG_NOSIGNAL);
            if (put <= 0) {
                sent = false;
                break;
            }
            done += (size_t)put;
        }
    }
    free(line);
    return sent;
}

static void receive(struct lab_control *control)
{
    if (control->capacity - control->used < 65536) {
        const size_t capacity = control->capacity + (1U << 20);
        char *text = capacity > LINE_MAX_BYTES ? NULL : realloc(control->text, capacity);
        if (text == NULL) {
            control->closed = true;
            return;
        }
        control->text = text;
        control->capacity = capacity;
    }
    const ssize_t got = recv(
        control->fd,
        control->text + control->used,
        control->capacity - control->used,
        MSG_DONTWAIT);
    if (got > 0) {
        control->used += (size_t)got;
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        control->closed = true;
    }
}

static json_t *next_line(struct lab_control *control)
{
    char *end = control->used == 0 ? NULL : memchr(control->text, '\n', control->used);
    if (end == NULL) {
        return NULL;
    }
    const size_t size = (size_t)(end - control->text);
    json_t *line = json_loadb(control->text, size, 0, NULL);
    control->used -= size + 1;
    memmove(control->text, end + 1, control->used);
    return line == NULL ? json_object() : line;
}

static json_t *answer_of(json_t *line, char *text, size_t size)
{
    json_t *result = json_object_get(line, "result");
    json_t *error = json_object_get(line, "error");
    json_incref(result);
    if (result == NULL) {
        const char *said = json_string_value(json_object_get(error, "text"));
        const char *code = json_string_value(json_object_get(error, "code"));
        (void)snprintf(text, size, "%s: %s", code == NULL ? "?" : code, said == NULL ? "?" : said);
    }
    json_decref(line);
    return result;
}

json_t *lab_control_call(
    struct lab_control *control,
    const char *call,
    json_t *args,
    int64_t limit_ns,
    char *text,
    size_t size)
{
    if (!lab_control_send(control, call, args)) {
        (void)snprintf(text, size, "the daemon takes no call");
        return NULL;
    }
    const int64_t end = now_ns() + limit_ns;
    while (!control->closed) {
        json_t *line = next_line(control);
        if (line != NULL) {
            if (json_integer_value(json_object_get(line, "id")) == control->last_id) {
                return answer_of(line, text, size);
            }
            json_decref(line);
            continue;
        }
        const int64_t left = end - now_ns();
        if (left <= 0) {
            (void)snprintf(text, size, "the daemon did not answer `%s` in time", call);
            return NULL;
        }
        struct pollfd wait = {.fd = control->fd, .events = POLLIN};
        (void)poll(&wait, 1, (int)(left / 1000000 > 100 ? 100 : left / 1000000 + 1));
        receive(control);
    }
    (void)snprintf(text, size, "the daemon went away during `%s`", call);
    return NULL;
}

json_t *lab_control_next_event(struct lab_control *control, bool *closed_out)
{
    for (;;) {
        json_t *line = next_line(control);
        if (line == NULL) {
            const size_t before = control->used;
            receive(control);
            if (control->used == before) {
                *closed_out = control->closed;
                return NULL;
            }
            continue;
        }
        if (json_object_get(line, "event") != NULL) {
            return line;
        }
        json_decref(line); /* the answer to a call that nobody waits for */
    }
}
