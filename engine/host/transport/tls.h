/* SPDX-License-Identifier: Apache-2.0 */
/* tls.h -- one TLS 1.3 session over a socket, by OpenSSL, with buffers of our own for the cipher
 * text: the library makes and takes records of 16 KiB, a system call here moves many of them.
 *
 *   memory --(SSL_write: encrypts)--> out --send()-->      --recv()--> in --(SSL_read: decrypts)--> memory
 *
 * Handshake: tls_handshake() until it does not say WAIT any more. For the dialling side it is over
 * only when the peer has accepted this side's certificate: the accepting side of TLS 1.3 judges it
 * after the dialling side's handshake has ended, so the dialling side waits for the session ticket
 * that follows the judgement. Tickets are never used for anything else: each connection proves its
 * certificates anew. */
#ifndef FERRY_HOST_TRANSPORT_TLS_H
#define FERRY_HOST_TRANSPORT_TLS_H

#include "engine/host/transport/connection.h"
#include "engine/host/transport/security.h"

#include <sys/uio.h>

/* Names that the peer's certificate may carry: it must carry one of them. */
struct tls_names {
    const char *const *names;
    size_t count;
};

struct tls;

/* `names` is borrowed until the handshake is over. NULL: no memory. */
struct tls *
tls_create(struct transport_security *security, int fd, bool dialling, struct tls_names names);
/* Says goodbye without waiting. NULL is fine. */
void tls_destroy(struct tls *tls);

/* MOVED: done, *peer_out is the name that the certificate was accepted for (lives as long as the
 * session). WAIT: until readable, or writable if tls_wants_write(). FAILED: failure_out is filled. */
enum transport_progress
tls_handshake(struct tls *tls, const char **peer_out, struct transport_failure *failure_out);
bool tls_wants_write(const struct tls *tls);

/* The calls of connection.h and stream.h, for connections that have a session. */
enum transport_progress tls_read(
    struct tls *tls,
    void *data,
    size_t size,
    size_t *size_out,
    struct transport_failure *failure_out);
enum transport_progress tls_write(
    struct tls *tls,
    const void *data,
    size_t size,
    size_t *size_out,
    struct transport_failure *failure_out);
enum transport_progress tls_flush(struct tls *tls, struct transport_failure *failure_out);

bool tls_prepare(struct tls *tls, struct transport_failure *failure_out);
bool tls_send_all(
    struct tls *tls,
    const struct iovec *vector,
    size_t count,
    struct transport_failure *failure_out);
bool tls_send_flush(struct tls *tls, struct transport_failure *failure_out);
size_t tls_receive_some(
    struct tls *tls,
    const struct iovec *vector,
    size_t count,
    struct transport_failure *failure_out);

#endif
