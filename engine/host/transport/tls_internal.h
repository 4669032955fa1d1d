/* SPDX-License-Identifier: Apache-2.0 */
/* tls_internal.h -- what tls.c, tls_stream.c and security.c share. */
#ifndef FERRY_HOST_TRANSPORT_TLS_INTERNAL_H
#define FERRY_HOST_TRANSPORT_TLS_INTERNAL_H

#include "engine/host/transport/cipher.h"
#include "engine/host/transport/tls.h"
#include "ferry/limits.h"

#include <openssl/ssl.h>

/* Plain text of one record. */
#define TLS_RECORD_MAX 16384U

struct tls {
    SSL *ssl;
    struct cipher cipher;
    struct tls_names names;
    bool dialling;
    bool accepted; /* dialling: the peer has accepted this side's certificate */
    bool broken;   /* no goodbye any more */
    char peer[FERRY_NAME_MAX + 1];
    char refused[192]; /* describes the certificate that was refused */
};

/* What a call's result means; failure_out is filled if FAILED. */
enum transport_progress
tls_failed(struct tls *tls, int result, struct transport_failure *failure_out);

/* Set by security.c on each context. */
int tls_judge(int good, X509_STORE_CTX *store);
int tls_ticket_came(SSL *ssl, SSL_SESSION *session);

#endif
