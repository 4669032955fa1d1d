/* SPDX-License-Identifier: Apache-2.0 */
/* connection.c -- see connection.h: life, names, and the calls that do not wait.
 *
 * The descriptor stays in blocking mode, because a worker that owns the connection later wants it
 * so; here MSG_DONTWAIT is asked for each time. */
#include "engine/host/transport/connection.h"

#include "engine/host/transport/connection_internal.h"
#include "engine/host/transport/tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct transport_connection *transport_connection_plain(int fd)
{
    struct transport_connection *connection = calloc(1, sizeof(*connection));
    if (connection == NULL) {
        return NULL;
    }
    union endpoint endpoint;
    socklen_t size = sizeof(endpoint);
    memset(&endpoint, 0, sizeof(endpoint));
    connection->fd = fd;
    if (getpeername(fd, &endpoint.any, &size) == 0) {
        (void)endpoint_print(&endpoint, connection->address);
    }
    return connection;
}

void transport_connection_destroy(struct transport_connection *connection)
{
    if (connection != NULL) {
        tls_destroy(connection->tls);
        (void)close(connection->fd);
        free(connection);
    }
}

void transport_connection_shut(struct transport_connection *connection)
{
    (void)shutdown(connection->fd, SHUT_RDWR);
}

int transport_connection_fd(const struct transport_connection *connection)
{
    return connection->fd;
}

const char *transport_connection_peer(const struct transport_connection *connection)
{
    return connection->peer;
}

const char *transport_connection_address(const struct transport_connection *connection)
{
    return connection->address;
}

bool transport_connection_is_encrypted(const struct transport_connection *connection)
{
    return connection->tls != NULL;
}

bool transport_wants_write(const struct transport_connection *connection)
{
    return connection->tls != NULL ? tls_wants_write(connection->tls) : connection->wants_write;
}

const struct transport_failure *
transport_connection_failure(const struct transport_connection *connection)
{
    return &connection->failure;
}

bool connection_broke(struct transport_connection *connection, int number)
{
    return transport_fail(
        &connection->failure,
        TRANSPORT_BROKEN,
        "%s%s%s",
        connection->address,
        connection->address[0] != '\0' ? ": " : "",
        strerror(number));
}

/* ---- without waiting ---- */

static enum transport_progress after_error(struct transport_connection *connection)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return TRANSPORT_WAIT;
    }
    (void)connection_broke(connection, errno);
    return TRANSPORT_FAILED;
}

enum transport_progress
transport_read(struct transport_connection *connection, void *data, size_t size, size_t *size_out)
{
    if (connection->failure.error != TRANSPORT_NONE) {
        return TRANSPORT_FAILED;
    }
    if (connection->tls != NULL) {
        return tls_read(connection->tls, data, size, size_out, &connection->failure);
    }
    ssize_t count = 0;
    do {
        count = recv(connection->fd, data, size, MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        return after_error(connection);
    }
    *size_out = (size_t)count;
    return count == 0 ? TRANSPORT_ENDED : TRANSPORT_MOVED;
}

enum transport_progress transport_write(
    struct transport_connection *connection, const void *data, size_t size, size_t *size_out)
{
    if (connection->failure.error != TRANSPORT_NONE) {
        return TRANSPORT_FAILED;
    }
    if (connection->tls != NULL) {
        return tls_write(connection->tls, data, size, size_out, &connection->failure);
    }
    ssize_t count = 0;
    do {
        count = send(connection->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        const enum transport_progress progress = after_error(connection);
        connection->wants_write = progress == TRANSPORT_WAIT;
        return progress;
    }
    connection->wants_write = (size_t)count < size;
    *size_out = (size_t)count;
    return TRANSPORT_MOVED;
}

enum transport_progress transport_flush(struct transport_connection *connection)
{
    if (connection->failure.error != TRANSPORT_NONE) {
        return TRANSPORT_FAILED;
    }
    if (connection->tls != NULL) {
        return tls_flush(connection->tls, &connection->failure);
    }
    connection->wants_write = false;
    return TRANSPORT_MOVED;
}
