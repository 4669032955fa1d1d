/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c -- see stream.h: the waiting calls.
 *
 * Nothing wakes a call but bytes, the end of the connection, or transport_connection_shut(): the
 * owner's way to end a worker. */
#include "engine/host/transport/stream.h"

#include "engine/host/transport/connection_internal.h"
#include "engine/host/transport/tls.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>

bool transport_stream_prepare(struct transport_connection *connection)
{
    return connection->tls == NULL || tls_prepare(connection->tls, &connection->failure);
}

/* Takes `size` sent bytes off the front of the vector. */
static void advance(struct iovec **vector, size_t *count, size_t size)
{
    while (*count > 0 && size >= (*vector)->iov_len) {
        size -= (*vector)->iov_len;
        (*vector)++;
        (*count)--;
    }
    if (*count > 0) {
        (*vector)->iov_base = (char *)(*vector)->iov_base + size;
        (*vector)->iov_len -= size;
    }
}

bool transport_send_all(struct transport_connection *connection, struct iovec *vector, size_t count)
{
    if (connection->failure.error != TRANSPORT_NONE) {
        return false;
    }
    if (connection->tls != NULL) {
        return tls_send_all(connection->tls, vector, count, &connection->failure);
    }
    while (count > 0) {
        const struct msghdr message = {
            .msg_iov = vector,
            .msg_iovlen = count < IOV_MAX ? count : IOV_MAX,
        };
        const ssize_t sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
        if (sent >= 0) {
            advance(&vector, &count, (size_t)sent);
        } else if (errno != EINTR) {
            return connection_broke(connection, errno);
        }
    }
    return true;
}

bool transport_send_flush(struct transport_connection *connection)
{
    if (connection->failure.error != TRANSPORT_NONE) {
        return false;
    }
    return connection->tls == NULL || tls_send_flush(connection->tls, &connection->failure);
}

size_t transport_receive_some(
    struct transport_connection *connection, const struct iovec *vector, size_t count)
{
    if (connection->failure.error != TRANSPORT_NONE) {
        return 0;
    }
    if (connection->tls != NULL) {
        return tls_receive_some(connection->tls, vector, count, &connection->failure);
    }
    ssize_t received = 0;
    do {
        received = readv(connection->fd, vector, (int)(count < IOV_MAX ? count : IOV_MAX));
    } while (received < 0 && errno == EINTR);
    if (received < 0) {
        (void)connection_broke(connection, errno);
        return 0;
    }
    if (received == 0) {
        (void)transport_fail(&connection->failure, TRANSPORT_CLOSED, "%s", connection->address);
    }
    return (size_t)received;
}
