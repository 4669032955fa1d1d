/* SPDX-License-Identifier: Apache-2.0 */
/* server.h -- the two halves of the server: who listens and tells (server.c), and one connected
 * client (caller.c). */
#ifndef FERRY_HOST_CONTROL_SERVER_H
#define FERRY_HOST_CONTROL_SERVER_H

#include "engine/host/control/control.h"
#include "ferry/limits.h"

#include <sys/stat.h>

/* A line that several queues and the history share. */
struct control_line {
    unsigned references;
    size_t size;
    char text[]; /* with its newline */
};

struct control_queued {
    struct control_line *line;
    bool event;
    struct control_queued *next;
};

struct control_caller {
    struct control_server *server;
    struct control_caller *next;
    int fd;
    struct loop_fd *watch;
    uid_t user;
    char *in; /* CONTROL_LINE_MAX bytes */
    size_t in_used;
    struct control_queued *first;
    struct control_queued *last;
    size_t offset;       /* of the first line, sent already */
    size_t queued_bytes; /* of all lines */
    size_t event_bytes;  /* of events */
    uint64_t dropped;    /* events that found no room since the last one that did */
    unsigned calls;      /* not answered yet */
    bool subscribed;
    char guest[FERRY_NAME_MAX + 1]; /* only events of this one; "": all */
    bool deaf;                      /* nothing more is read: end of input, or nonsense */
    bool doomed;                    /* to be closed at once, whatever is queued */
};

struct control_request {
    struct control_server *server;
    struct control_caller *caller; /* NULL: went away */
    uid_t user;
    json_int_t id;
    struct control_request *next;
    struct control_request **place; /* what points to this one */
};

struct control_past {
    struct control_line *line;
    char guest[FERRY_NAME_MAX + 1];
};

struct control_server {
    struct loop *loop;
    char *path;
    struct stat socket_id; /* of the socket that was made: no other is removed */
    int fd;
    struct loop_fd *watch;
    struct loop_timer breath; /* accepts again after the process ran out of descriptors */
    gid_t group;
    bool has_group;
    uint32_t clients_max;
    uint32_t clients;
    struct control_caller *callers;
    struct control_request *requests;
    const struct control_call *calls;
    void *context;
    uint64_t seq;
    struct control_past past[CONTROL_HISTORY_MAX]; /* a ring: that of seq n at n mod size */
};

/* caller.c. caller_create() takes fd over. */
void caller_create(struct control_server *server, int fd, uid_t user);
void caller_destroy(struct control_caller *caller);
void caller_tell(struct control_caller *caller, struct control_line *line, const char *guest);
void caller_send(struct control_caller *caller, json_t *message); /* takes message over */

/* server.c */
struct control_line *line_create(const json_t *message); /* NULL: no memory */
void line_release(struct control_line *line);
/* "events": the past ones that this caller asked for, the newest `count` of them. */
void server_tell_past(struct control_server *server, struct control_caller *caller, uint64_t count);
json_t *control_error_json(const struct host_error *error, const char *guest_state);

#endif
