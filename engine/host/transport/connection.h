/* SPDX-License-Identifier: Apache-2.0 */
/* connection.h -- one established connection: plain TCP or TLS 1.3, after handshake and, at the
 * accepting side, after the preface.
 *
 * Where it comes from: gate.h (dialled or accepted), or transport_connection_plain() around any
 * stream socket. One owner at a time: the loop's thread (control connections, with the non-blocking
 * calls) or one worker (payload, with the blocking calls of transport/stream.h). Only
 * transport_connection_shut() may be called by another thread meanwhile.
 *
 * The file descriptor is in blocking mode; the non-blocking calls ask for that call by call. */
#ifndef FERRY_HOST_TRANSPORT_CONNECTION_H
#define FERRY_HOST_TRANSPORT_CONNECTION_H

#include "engine/host/transport/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct transport_connection;

/* Takes the socket over, without TLS. NULL (no memory): the socket is still the caller's. */
struct transport_connection *transport_connection_plain(int fd);

/* Closes it: with TLS, close_notify is tried without waiting. NULL is fine. */
void transport_connection_destroy(struct transport_connection *connection);

/* Ends all traffic at once, in both directions; calls that wait in another thread return. */
void transport_connection_shut(struct transport_connection *connection);

int transport_connection_fd(const struct transport_connection *connection);
/* The peer's name as its certificate proves it; "" without TLS (any name may be claimed). */
const char *transport_connection_peer(const struct transport_connection *connection);
/* "192.0.2.1:6600" or "[2001:db8::1]:6600"; "" if unknown. Of the other end. */
const char *transport_connection_address(const struct transport_connection *connection);
bool transport_connection_is_encrypted(const struct transport_connection *connection);

/* ---- without waiting: for the loop's thread ---- */

enum transport_progress {
    TRANSPORT_MOVED = 1, /* at least one byte */
    TRANSPORT_WAIT,      /* nothing now: wait until the fd is ready as transport_wants_*() says */
    TRANSPORT_ENDED,     /* read: the other side has closed in good order */
    TRANSPORT_FAILED,    /* for good; transport_connection_failure() has the reason */
};

/* Reads up to `size` (1 ..) bytes; *size_out is set if MOVED. Call again until WAIT: with TLS,
 * bytes may wait inside of this object while the fd shows nothing. */
enum transport_progress
transport_read(struct transport_connection *connection, void *data, size_t size, size_t *size_out);

/* Takes up to `size` (1 ..) bytes; *size_out is set if MOVED. With TLS, bytes that were taken may
 * still wait inside of this object: as long as transport_wants_write() is true, call
 * transport_flush() when the fd is writable. */
enum transport_progress transport_write(
    struct transport_connection *connection, const void *data, size_t size, size_t *size_out);
/* MOVED: nothing is left inside. WAIT, FAILED. */
enum transport_progress transport_flush(struct transport_connection *connection);

/* Does a write or flush wait for the fd to be writable? (Reading always waits for readable.) */
bool transport_wants_write(const struct transport_connection *connection);
/* Why a call FAILED; error NONE if none did. */
const struct transport_failure *
transport_connection_failure(const struct transport_connection *connection);

#endif
