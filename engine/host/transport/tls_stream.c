/* SPDX-License-Identifier: Apache-2.0 */
/* tls_stream.c -- the waiting calls of a TLS session, for bulk data.
 *
 * Large parts are given to the library as they are: it makes records of 16 KiB straight from them,
 * and reads records straight into them. */
#include "engine/host/transport/stream.h"
#include "engine/host/transport/tls_internal.h"

bool tls_prepare(struct tls *tls, struct transport_failure *failure_out)
{
    return cipher_grow(&tls->cipher, TRANSPORT_CIPHER_BUFFER) ||
           transport_fail(failure_out, TRANSPORT_MEMORY, NULL);
}

/* A call of a waiting session that did not succeed: the session is over. Returns false. */
static bool over(struct tls *tls, int result, struct transport_failure *failure_out)
{
    if (tls_failed(tls, result, failure_out) != TRANSPORT_FAILED) {
        (void)transport_fail(failure_out, TRANSPORT_CLOSED, NULL);
    }
    return false;
}

bool tls_send_all(
    struct tls *tls,
    const struct iovec *vector,
    size_t count,
    struct transport_failure *failure_out)
{
    tls->cipher.waiting = true;
    for (size_t i = 0; i < count; i++) {
        const char *data = vector[i].iov_base;
        size_t left = vector[i].iov_len;
        while (left > 0) {
            size_t written = 0;
            const int result = SSL_write_ex(tls->ssl, data, left, &written);
            if (result != 1) {
                return over(tls, result, failure_out);
            }
            data += written;
            left -= written;
        }
    }
    return true;
}

bool tls_send_flush(struct tls *tls, struct transport_failure *failure_out)
{
    tls->cipher.waiting = true;
    return cipher_flush(&tls->cipher) || over(tls, -1, failure_out);
}

size_t tls_receive_some(
    struct tls *tls,
    const struct iovec *vector,
    size_t count,
    struct transport_failure *failure_out)
{
    size_t total = 0;
    tls->cipher.waiting = true;
    for (size_t i = 0; i < count; i++) {
        char *data = vector[i].iov_base;
        size_t left = vector[i].iov_len;
        while (left > 0) {
            /* The first byte is waited for; after that only what is here already is taken. */
            if (total > 0 && SSL_pending(tls->ssl) == 0 && !cipher_has_record(&tls->cipher)) {
                return total;
            }
            size_t received = 0;
            const int result = SSL_read_ex(tls->ssl, data, left, &received);
            if (result != 1) {
                (void)over(tls, result, failure_out);
                return total;
            }
            data += received;
            left -= received;
            total += received;
        }
    }
    return total;
}
