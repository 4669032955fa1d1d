/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.c -- one control connection of a session: bytes in become events, bytes out leave at once.
 *
 * What is sent goes to the kernel in the call that sends it: between a grant and its answer there is
 * no turn of the loop. Only what the kernel does not take waits here, up to OUT_MAX: an engine says
 * little, so a peer that lets it pile up has stopped reading, and the connection is given up. What
 * comes in is bounded by what one turn reads; the engine's own buffer bounds a message.
 */
#include "engine/host/daemon/link.h"

#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"

#include <stdlib.h>
#include <string.h>

#define READ_SIZE 32768U
/* Chunks of one turn: others want their share. */
#define READS_A_TURN 4U
/* A thousand acknowledgements of 64 streams. */
#define OUT_MAX (1U << 20)

static void broken(struct link *link)
{
    if (link->broken) {
        return;
    }
    link->broken = true;
    const struct transport_failure *failure = transport_connection_failure(link->connection);
    host_log(
        HOST_LOG_INFO,
        "control connection %u of guest \"%s\": %s",
        link->attach,
        link->session->note.guest,
        failure->error == TRANSPORT_NONE ? "the other side closed it" : failure->text);
    loop_fd_remove(link->watch);
    link->watch = NULL;
    session_post(
        link->session,
        &(struct ferry_event){
            .kind = FERRY_EVENT_DETACHED,
            .attach = link->attach,
            .status = FERRY_WORLD_LINK,
        });
}

static void watch(struct link *link)
{
    if (link->watch != NULL) {
        const bool write = link->out_size > 0 || transport_wants_write(link->connection);
        loop_fd_events(link->watch, write ? EPOLLIN | EPOLLOUT : (uint32_t)EPOLLIN);
    }
}

static void read_some(struct link *link)
{
    uint8_t data[READ_SIZE];

    for (unsigned i = 0; i < READS_A_TURN && !link->broken; i++) {
        size_t size = 0;
        const enum transport_progress progress =
            transport_read(link->connection, data, sizeof data, &size);
        if (progress == TRANSPORT_WAIT) {
            return;
        }
        if (progress != TRANSPORT_MOVED) {
            broken(link);
            return;
        }
        session_post_bytes(link->session, link->attach, data, size);
    }
    if (!link->broken) {
        loop_timer_set(&link->more, 0);
    }
}

static void write_some(struct link *link)
{
    while (link->out_size > 0 && !link->broken) {
        size_t size = 0;
        const enum transport_progress progress =
            transport_write(link->connection, link->out, link->out_size, &size);
        if (progress == TRANSPORT_WAIT) {
            break;
        }
        if (progress != TRANSPORT_MOVED) {
            broken(link);
            return;
        }
        link->out_size -= size;
        memmove(link->out, link->out + size, link->out_size);
    }
    if (!link->broken && transport_flush(link->connection) == TRANSPORT_FAILED) {
        broken(link);
        return;
    }
    watch(link);
}

static void ready(void *context, uint32_t events)
{
    struct link *link = context;

    if ((events & EPOLLOUT) != 0) {
        write_some(link);
    }
    if (!link->broken && (events & ~(uint32_t)EPOLLOUT) != 0) {
        read_some(link);
    }
    if (!link->broken) {
        watch(link);
    }
}

static void more(void *context)
{
    struct link *link = context;

    if (link->connection != NULL && !link->broken) {
        read_some(link);
    }
}

enum host_code link_open(
    struct link *link,
    struct session *session,
    uint32_t attach,
    struct transport_connection *connection)
{
    link->session = session;
    link->attach = attach;
    link->connection = connection;
    loop_timer_init(&link->more, session->daemon->loop, more, link);
    const enum host_code code = loop_fd_add(
        session->daemon->loop,
        transport_connection_fd(connection),
        EPOLLIN,
        ready,
        link,
        &link->watch);
    if (code != HOST_OK) {
        link->watch = NULL;
        link_close(link);
        return code;
    }
    loop_timer_set(&link->more, 0); /* bytes may wait inside of the connection already */
    return HOST_OK;
}

static bool make_room(struct link *link, size_t size)
{
    const size_t wanted = link->out_size + size;

    if (wanted > OUT_MAX) {
        return false;
    }
    if (wanted > link->out_capacity) {
        uint8_t *grown = realloc(link->out, wanted);
        if (grown == NULL) {
            return false;
        }
        link->out = grown;
        link->out_capacity = wanted;
    }
    return true;
}

void link_send(struct link *link, struct ferry_bytes bytes)
{
    if (link->connection == NULL || link->broken || bytes.size == 0) {
        return;
    }
    if (!make_room(link, bytes.size)) {
        broken(link);
        return;
    }
    memcpy(link->out + link->out_size, bytes.data, bytes.size);
    link->out_size += bytes.size;
    write_some(link);
}

void link_close(struct link *link)
{
    if (link->connection == NULL) {
        return;
    }
    if (!link->broken) {
        write_some(link);
    }
    link->broken = true;
    loop_timer_stop(&link->more);
    loop_fd_remove(link->watch);
    link->watch = NULL;
    transport_connection_destroy(link->connection);
    link->connection = NULL;
    free(link->out);
    link->out = NULL;
    link->out_size = 0;
    link->out_capacity = 0;
}
