/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h -- the waiting calls of a connection, for the worker thread that owns it: gather and
 * scatter, straight from and into guest memory.
 *
 * Without TLS each call is one system call as long as the kernel takes everything. With TLS the
 * plain text is read from, and written to, the given memory by the library; only the cipher text
 * has a buffer (TRANSPORT_CIPHER_BUFFER), so that a system call moves many records at once.
 *
 * transport_connection_shut() from another thread ends each of these calls at once. */
#ifndef FERRY_HOST_TRANSPORT_STREAM_H
#define FERRY_HOST_TRANSPORT_STREAM_H

#include "engine/host/transport/connection.h"

#include <sys/uio.h>

/* Cipher text that is collected before it is sent, and read at once; bytes, each direction. */
#define TRANSPORT_CIPHER_BUFFER ((size_t)256 * 1024)

/* Makes the connection fit for bulk data (buffers). False: no memory; failure() says so. */
bool transport_stream_prepare(struct transport_connection *connection);

/* Sends all bytes of the vector, which it uses up (the array is overwritten). False: the connection
 * is over, failure() says why. */
bool transport_send_all(
    struct transport_connection *connection, struct iovec *vector, size_t count);
/* With TLS, what was sent may wait for more to go with it; this sends it. */
bool transport_send_flush(struct transport_connection *connection);

/* Receives at least one byte into the vector, in order, and at most all of it. 0: the connection is
 * over: failure() says why (error CLOSED: the other side ended it in good order). */
size_t transport_receive_some(
    struct transport_connection *connection, const struct iovec *vector, size_t count);

#endif
