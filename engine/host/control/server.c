/* SPDX-License-Identifier: Apache-2.0 */
/* server.c -- the socket, who may use it, events for all and their history. */
#include "engine/host/control/server.h"

#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_DEFAULT 32U
#define BACKLOG         16
#define GROUPS_MAX      256

/* -- lines -------------------------------------------------------------------------------------- */

struct control_line *line_create(const json_t *message)
{
    const size_t size = json_dumpb(message, NULL, 0, JSON_COMPACT);
    struct control_line *line = size == 0 ? NULL : malloc(sizeof *line + size + 1);

    if (line == NULL) {
        return NULL;
    }
    line->references = 1;
    line->size = size + 1;
    if (json_dumpb(message, line->text, size, JSON_COMPACT) != size) {
        free(line);
        return NULL;
    }
    line->text[size] = '\n';
    return line;
}

void line_release(struct control_line *line)
{
    if (line != NULL) {
        line->references--;
        if (line->references == 0) {
            free(line);
        }
    }
}

static json_t *text_or_null(const char *text)
{
    /* Names and reasons may come from peers: what is no UTF-8 is told as such, not dropped. */
    json_t *string = text == NULL || text[0] == '\0' ? NULL : json_string(text);

    if (string == NULL && text != NULL && text[0] != '\0') {
        return json_string("(a text that is not UTF-8)");
    }
    return string == NULL ? json_null() : string;
}

json_t *control_error_json(const struct host_error *error, const char *guest_state)
{
    return json_pack(
        "{s:s, s:o, s:o, s:o}",
        "code",
        host_code_word(error->code),
        "text",
        text_or_null(error->text),
        "guest_state",
        text_or_null(guest_state),
        "next_step",
        text_or_null(error->next_step));
}

/* -- who may ------------------------------------------------------------------------------------ */

static bool in_group(const struct control_server *server, int fd, const struct ucred *who)
{
    gid_t groups[GROUPS_MAX];
    socklen_t size = sizeof groups;

    if (!server->has_group) {
        return false;
    }
    if (who->gid == server->group) {
        return true;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0) {
        return false;
    }
    for (size_t i = 0; i < size / sizeof groups[0]; i++) {
        if (groups[i] == server->group) {
            return true;
        }
    }
    return false;
}

/* One line to somebody who is not let in. A new socket's buffer has room for it. */
static void turn_away(int fd, enum host_code code, const char *text, const char *step)
{
    struct host_error error;
    struct control_line *line = NULL;

    (void)host_fail(&error, code, "%s", text);
    host_error_step(&error, "%s", step);
    json_t *message = json_pack("{s:n, s:o}", "id", "error", control_error_json(&error, NULL));

    if (message != NULL) {
        line = line_create(message);
        json_decref(message);
    }
    if (line != NULL) {
        const ssize_t sent = send(fd, line->text, line->size, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)sent;
    }
    line_release(line);
    fd_close(&fd);
}

static void let_in(struct control_server *server, int fd)
{
    static struct host_log_budget budget;
    struct ucred who = {.uid = (uid_t)-1};
    socklen_t size = sizeof who;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 ||
        (who.uid != 0 && who.uid != geteuid() && !in_group(server, fd, &who))) {
        host_log_often(
            &budget,
            HOST_LOG_WARNING,
            "control socket: user %ld, process %ld was turned away",
            (long)who.uid,
            (long)who.pid);
        turn_away(
            fd,
            HOST_PERMISSION,
            "you may not command this ferryd",
            "ask as root, or join the group that ferryd's configuration names under control");
    } else if (server->clients >= server->clients_max) {
        turn_away(
            fd,
            HOST_LIMIT,
            "too many clients are connected to this ferryd",
            "end some of them, or raise clients under control in ferryd's configuration");
    } else {
        caller_create(server, fd, who.uid);
    }
}

static void on_connection(void *context, uint32_t events)
{
    struct control_server *server = context;

    (void)events;
    const int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        let_in(server, fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        /* It stays readable: look again in a moment instead of spinning. */
        loop_fd_events(server->watch, 0);
        loop_timer_set(&server->breath, loop_now(server->loop) + FERRY_SECOND / 10);
    }
}

static void on_breath(void *context)
{
    struct control_server *server = context;

    loop_fd_events(server->watch, EPOLLIN);
}

/* -- the socket --------------------------------------------------------------------------------- */

/* What a killed daemon left behind is removed; whatever somebody uses is not. */
static enum host_code
clear_place(const char *path, const struct sockaddr_un *address, struct host_error *error)
{
    struct stat found;

    if (lstat(path, &found) != 0) {
        return errno == ENOENT ? HOST_OK : host_fail_errno(error, errno, "%s", path);
    }
    if (!S_ISSOCK(found.st_mode)) {
        return host_fail(error, HOST_EXISTS, "%s: is there, and is no socket", path);
    }
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (probe < 0) {
        return host_fail_errno(error, errno, "making a socket");
    }
    const bool refused = connect(probe, (const struct sockaddr *)address, sizeof *address) != 0 &&
                         errno == ECONNREFUSED;

    fd_close(&probe);
    if (!refused) {
        (void)host_fail(error, HOST_EXISTS, "%s: another ferryd listens there", path);
        host_error_step(error, "stop it, or give this one another run_dir");
        return HOST_EXISTS;
    }
    return unlink(path) == 0 || errno == ENOENT ? HOST_OK
                                                : host_fail_errno(error, errno, "%s", path);
}

/* Nobody can connect before listen(), so the mode is right from the first moment. */
static enum host_code open_socket(struct control_server *server, struct host_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = server->path;

    if (strlen(path) >= sizeof address.sun_path) {
        return host_fail(
            error,
            HOST_CONFIG,
            "%s: the path of a socket has at most %zu bytes",
            path,
            sizeof address.sun_path - 1);
    }
    memcpy(address.sun_path, path, strlen(path));
    HOST_TRY(clear_place(path, &address, error));
    server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->fd < 0) {
        return host_fail_errno(error, errno, "making a socket");
    }
    if (bind(server->fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        return host_fail_errno(error, errno, "%s", path);
    }
    if (lstat(path, &server->socket_id) != 0 || chmod(path, 0660) != 0 ||
        (server->has_group && chown(path, (uid_t)-1, server->group) != 0) ||
        listen(server->fd, BACKLOG) != 0) {
        return host_fail_errno(error, errno, "%s", path);
    }
    return HOST_OK;
}

static enum host_code
find_group(struct control_server *server, const char *name, struct host_error *error)
{
    if (name == NULL) {
        return HOST_OK;
    }
    const struct group *group = getgrnam(name); /* NOLINT: before any thread is started */

    if (group == NULL) {
        (void)host_fail(error, HOST_NOT_FOUND, "control socket: there is no group \"%s\"", name);
        host_error_step(error, "groupadd --system %s", name);
        return HOST_NOT_FOUND;
    }
    server->group = group->gr_gid;
    server->has_group = true;
    return HOST_OK;
}

static enum host_code start(
    struct control_server *server,
    const struct control_server_options *options,
    struct host_error *error)
{
    HOST_TRY(find_group(server, options->group, error));
    HOST_TRY(open_socket(server, error));
    if (loop_fd_add(server->loop, server->fd, EPOLLIN, on_connection, server, &server->watch) !=
        HOST_OK) {
        return host_fail(error, HOST_MEMORY, "no memory for the control socket");
    }
    return HOST_OK;
}

enum host_code control_server_create(
    const struct control_server_options *options,
    struct control_server **server_out,
    struct host_error *error)
{
    struct control_server *server = calloc(1, sizeof *server);
    char *path = strdup(options->path);

    if (server == NULL || path == NULL) {
        free(server);
        free(path);
        return host_fail(error, HOST_MEMORY, "no memory for the control socket");
    }
    server->loop = options->loop;
    server->path = path;
    server->fd = -1;
    server->clients_max = options->clients_max == 0 ? CLIENTS_DEFAULT : options->clients_max;
    server->calls = options->calls;
    server->context = options->context;
    loop_timer_init(&server->breath, server->loop, on_breath, server);
    const enum host_code code = start(server, options, error);

    if (code != HOST_OK) {
        control_server_destroy(server);
        return code;
    }
    *server_out = server;
    return HOST_OK;
}

void control_server_destroy(struct control_server *server)
{
    struct host_error error;
    struct stat found;

    if (server == NULL) {
        return;
    }
    (void)host_fail(&error, HOST_CLOSED, "ferryd is being stopped");
    while (server->requests != NULL) {
        control_fail(server->requests, &error, NULL);
    }
    while (server->callers != NULL) {
        caller_destroy(server->callers);
    }
    loop_timer_stop(&server->breath);
    loop_fd_remove(server->watch);
    if (server->fd >= 0 && lstat(server->path, &found) == 0 &&
        found.st_dev == server->socket_id.st_dev && found.st_ino == server->socket_id.st_ino) {
        (void)unlink(server->path);
    }
    fd_close(&server->fd);
    for (size_t i = 0; i < CONTROL_HISTORY_MAX; i++) {
        line_release(server->past[i].line);
    }
    free(server->path);
    free(server);
}

/* -- events ------------------------------------------------------------------------------------- */

static void format_wall_clock(char *text, size_t size)
{
    const ferry_time_ns now = host_wall_clock();
    const time_t seconds = (time_t)(now / FERRY_SECOND);
    struct tm parts;
    char date[32] = "";

    if (gmtime_r(&seconds, &parts) != NULL) {
        (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    }
    (void)snprintf(text, size, "%s.%09dZ", date, (int)(now % FERRY_SECOND));
}

static const char *guest_of(const json_t *message)
{
    const char *guest = json_string_value(json_object_get(message, "guest"));

    return guest == NULL ? "" : guest;
}

void control_publish(struct control_server *server, const char *event, json_t *fields)
{
    char at[48];
    const json_int_t seq = (json_int_t)server->seq + 1;

    format_wall_clock(at, sizeof at);
    json_t *message = json_pack("{s:s, s:I, s:s}", "event", event, "seq", seq, "at", at);

    if (message == NULL || (fields != NULL && json_object_update_missing(message, fields) != 0)) {
        json_decref(message);
        json_decref(fields);
        return; /* no memory: an event is lost, a move is not */
    }
    struct control_line *line = line_create(message);

    if (line != NULL) {
        server->seq++;
        struct control_past *past = &server->past[server->seq % CONTROL_HISTORY_MAX];

        line_release(past->line);
        past->line = line;
        (void)snprintf(past->guest, sizeof past->guest, "%s", guest_of(message));
        for (struct control_caller *caller = server->callers; caller != NULL;
             caller = caller->next) {
            caller_tell(caller, line, past->guest);
        }
    }
    json_decref(message);
    json_decref(fields);
}

static bool concerns(const struct control_caller *caller, const char *guest)
{
    return caller->guest[0] == '\0' || strcmp(caller->guest, guest) == 0;
}

void server_tell_past(struct control_server *server, struct control_caller *caller, uint64_t count)
{
    const uint64_t kept = server->seq < CONTROL_HISTORY_MAX ? server->seq : CONTROL_HISTORY_MAX;
    uint64_t first = server->seq + 1;

    for (uint64_t n = 0; n < kept && count > 0; n++) {
        first--;
        if (concerns(caller, server->past[first % CONTROL_HISTORY_MAX].guest)) {
            count--;
        }
    }
    for (; first <= server->seq; first++) {
        const struct control_past *past = &server->past[first % CONTROL_HISTORY_MAX];

        caller_tell(caller, past->line, past->guest);
    }
}
