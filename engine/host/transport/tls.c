/* SPDX-License-Identifier: Apache-2.0 */
/* tls.c -- see tls.h: life, handshake, and the calls that do not wait. tls_stream.c has the others. */
#include "engine/host/transport/tls.h"

#include "engine/host/transport/security_internal.h"
#include "engine/host/transport/tls_error.h"
#include "engine/host/transport/tls_internal.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

struct tls *
tls_create(struct transport_security *security, int fd, bool dialling, struct tls_names names)
{
    struct tls *tls = calloc(1, sizeof(*tls));
    if (tls == NULL || !cipher_init(&tls->cipher, fd)) {
        free(tls);
        return NULL;
    }
    tls->dialling = dialling;
    tls->names = names;
    tls->ssl = SSL_new(security->context);
    BIO *bio = tls->ssl == NULL ? NULL : cipher_bio(&tls->cipher);
    if (bio == NULL) {
        SSL_free(tls->ssl);
        cipher_deinit(&tls->cipher);
        free(tls);
        ERR_clear_error();
        return NULL;
    }
    SSL_set_bio(tls->ssl, bio, bio);
    (void)SSL_set_app_data(tls->ssl, tls);
    if (dialling) {
        SSL_set_connect_state(tls->ssl);
    } else {
        SSL_set_accept_state(tls->ssl);
    }
    return tls;
}

void tls_destroy(struct tls *tls)
{
    if (tls == NULL) {
        return;
    }
    tls->cipher.waiting = false;
    if (!tls->broken && SSL_is_init_finished(tls->ssl)) {
        (void)SSL_shutdown(tls->ssl);
    }
    (void)cipher_flush(&tls->cipher); /* close_notify, or the alert that says why */
    SSL_free(tls->ssl);
    cipher_deinit(&tls->cipher);
    ERR_clear_error();
    free(tls);
}

bool tls_wants_write(const struct tls *tls)
{
    return tls->cipher.out.first < tls->cipher.out.end;
}

/* ---- the peer's certificate ---- */

/* Is it that of one of the names? Then that is the peer. */
static bool has_name(struct tls *tls, X509 *certificate)
{
    const unsigned flags = X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
    for (size_t i = 0; i < tls->names.count; i++) {
        const char *name = tls->names.names[i];
        if (X509_check_host(certificate, name, strlen(name), flags, NULL) == 1) {
            (void)strncpy(tls->peer, name, sizeof(tls->peer) - 1);
            return true;
        }
    }
    return false;
}

/* The library asks once for each certificate of the chain. The name is judged with the peer's own
 * (depth 0), in the handshake, so that the peer is told by an alert. */
int tls_judge(int good, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls *tls = SSL_get_app_data(ssl);
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    const bool is_own = X509_STORE_CTX_get_error_depth(store) == 0;
    if (good == 1 && (!is_own || has_name(tls, certificate))) {
        return 1;
    }
    if (good == 1) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
    }
    if (certificate != NULL) {
        tls_describe_certificate(certificate, tls->refused, sizeof(tls->refused));
    }
    return 0;
}

int tls_ticket_came(SSL *ssl, SSL_SESSION *session)
{
    struct tls *tls = SSL_get_app_data(ssl);
    (void)session;
    tls->accepted = true;
    return 0; /* the session is not kept */
}

/* ---- results ---- */

enum transport_progress
tls_failed(struct tls *tls, int result, struct transport_failure *failure_out)
{
    const int error = SSL_get_error(tls->ssl, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        return TRANSPORT_WAIT;
    }
    if (error == SSL_ERROR_ZERO_RETURN) {
        return TRANSPORT_ENDED;
    }
    tls->broken = true;
    if (ERR_peek_error() != 0 &&
        ERR_GET_REASON(ERR_peek_error()) != SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        (void)tls_explain(tls->ssl, tls->refused, failure_out);
    } else if (!SSL_is_init_finished(tls->ssl)) {
        /* A peer that takes our first message for garbage ends the connection in one of two ways. */
        (void)transport_fail(
            failure_out,
            TRANSPORT_CLOSED,
            "in the middle of the TLS handshake; is it set to be unencrypted?");
    } else if (tls->cipher.ended) {
        (void)transport_fail(failure_out, TRANSPORT_CLOSED, "without saying goodbye");
    } else {
        (void)transport_fail(failure_out, TRANSPORT_BROKEN, "%s", strerror(tls->cipher.number));
    }
    ERR_clear_error();
    return TRANSPORT_FAILED;
}

/* ---- handshake ---- */

enum transport_progress
tls_handshake(struct tls *tls, const char **peer_out, struct transport_failure *failure_out)
{
    if (!SSL_is_init_finished(tls->ssl)) {
        const int result = SSL_do_handshake(tls->ssl);
        if (result != 1) {
            return tls_failed(tls, result, failure_out);
        }
    }
    if (!cipher_flush(&tls->cipher)) {
        return tls->cipher.number == 0 ? TRANSPORT_WAIT : tls_failed(tls, -1, failure_out);
    }
    if (tls->dialling && !tls->accepted) {
        uint8_t byte = 0;
        size_t size = 0;
        const int result = SSL_peek_ex(tls->ssl, &byte, 1, &size);
        if (result != 1 && !tls->accepted) {
            const enum transport_progress progress = tls_failed(tls, result, failure_out);
            if (progress == TRANSPORT_ENDED) {
                (void)transport_fail(failure_out, TRANSPORT_CLOSED, "after the handshake");
                return TRANSPORT_FAILED;
            }
            return progress;
        }
        ERR_clear_error();
    }
    *peer_out = tls->peer;
    tls->names = (struct tls_names){.names = NULL};
    return TRANSPORT_MOVED;
}

/* ---- without waiting ---- */

enum transport_progress tls_read(
    struct tls *tls,
    void *data,
    size_t size,
    size_t *size_out,
    struct transport_failure *failure_out)
{
    tls->cipher.waiting = false;
    const int result = SSL_read_ex(tls->ssl, data, size, size_out);
    return result == 1 ? TRANSPORT_MOVED : tls_failed(tls, result, failure_out);
}

enum transport_progress tls_flush(struct tls *tls, struct transport_failure *failure_out)
{
    tls->cipher.waiting = false;
    if (cipher_flush(&tls->cipher)) {
        return TRANSPORT_MOVED;
    }
    return tls->cipher.number == 0 ? TRANSPORT_WAIT : tls_failed(tls, -1, failure_out);
}

enum transport_progress tls_write(
    struct tls *tls,
    const void *data,
    size_t size,
    size_t *size_out,
    struct transport_failure *failure_out)
{
    /* A record is begun only when there is room for all of it, so that the library never holds a
     * half-sent one which it would want to have repeated. */
    const enum transport_progress progress = tls_flush(tls, failure_out);
    if (progress != TRANSPORT_MOVED) {
        return progress;
    }
    const int result =
        SSL_write_ex(tls->ssl, data, size < TLS_RECORD_MAX ? size : TLS_RECORD_MAX, size_out);
    if (result != 1) {
        return tls_failed(tls, result, failure_out);
    }
    return tls_flush(tls, failure_out) == TRANSPORT_FAILED ? TRANSPORT_FAILED : TRANSPORT_MOVED;
}
