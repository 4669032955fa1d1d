/* SPDX-License-Identifier: Apache-2.0 */
/* tls_error.h -- from the library's many reasons to the few names of error.h. */
#ifndef FERRY_HOST_TRANSPORT_TLS_ERROR_H
#define FERRY_HOST_TRANSPORT_TLS_ERROR_H

#include "engine/host/transport/error.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

/* The first error of the library's queue of this thread, which is emptied: "reason" or "". */
const char *tls_library_reason(char *text, size_t size);

/* "/CN=h2, valid until May  1 00:00:00 2026 GMT: ", to stand before the reason of its refusal. */
void tls_describe_certificate(const X509 *certificate, char *text, size_t size);

/* Why did the session fail? By this side's judgement of the peer's certificate, by the peer's alert,
 * or by what was no TLS 1.3 at all. `certificate` describes the one that was refused. Empties the
 * library's queue. Returns false. */
bool tls_explain(SSL *ssl, const char *certificate, struct transport_failure *failure_out);

#endif
