/* SPDX-License-Identifier: Apache-2.0 */
/* security.c -- see security.h: one OpenSSL context for both directions.
 *
 * AES-128-GCM stands first: it is the fastest where the processor has AES, and strong enough for
 * any link. Session tickets are sent because the dialling side waits for one (tls.h), and are never
 * accepted: a resumed session would not prove a certificate again. */
#include "engine/host/transport/security.h"

#include "engine/host/transport/security_internal.h"
#include "engine/host/transport/tls_error.h"
#include "engine/host/transport/tls_internal.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>

/* A peer's chain of certificates, bytes: a few certificates, and a bound for a hostile one. */
#define CHAIN_MAX 32768L

static const char suites[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

static int ticket_sent(SSL *ssl, void *unused)
{
    (void)ssl;
    (void)unused;
    return 1;
}

static SSL_TICKET_RETURN ticket_used(
    SSL *ssl,
    SSL_SESSION *session,
    const unsigned char *name,
    size_t name_size,
    SSL_TICKET_STATUS status,
    void *unused)
{
    (void)ssl;
    (void)session;
    (void)name;
    (void)name_size;
    (void)status;
    (void)unused;
    return SSL_TICKET_RETURN_IGNORE_RENEW;
}

/* A key under a password cannot be used by a daemon: it must fail, not ask a terminal. */
static int no_password(char *buffer, int size, int writing, void *unused)
{
    (void)writing;
    (void)unused;
    if (size > 0) {
        buffer[0] = '\0';
    }
    return 0;
}

/* The options that do not depend on files. */
static bool configure(SSL_CTX *context)
{
    static const unsigned char id[] = "ferry";
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, tls_judge);
    (void)SSL_CTX_set_mode(
        context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_max_cert_list(context, CHAIN_MAX);
    (void)SSL_CTX_set_session_cache_mode(
        context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_default_passwd_cb(context, no_password);
    SSL_CTX_sess_set_new_cb(context, tls_ticket_came);
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(context, suites) == 1 &&
           SSL_CTX_set_num_tickets(context, 1) == 1 &&
           SSL_CTX_set_session_id_context(context, id, sizeof(id) - 1) == 1 &&
           SSL_CTX_set_session_ticket_cb(context, ticket_sent, ticket_used, NULL) == 1;
}

static bool
bad_file(enum transport_error error, const char *path, struct transport_failure *failure_out)
{
    char reason[128];
    return transport_fail(
        failure_out, error, "%s: %s", path, tls_library_reason(reason, sizeof(reason)));
}

static bool check_dates(SSL_CTX *context, const char *path, struct transport_failure *failure_out)
{
    const X509 *own = SSL_CTX_get0_certificate(context);
    if (X509_cmp_current_time(X509_get0_notAfter(own)) < 0) {
        return transport_fail(
            failure_out, TRANSPORT_FILE_CERTIFICATE, "%s: the certificate has expired", path);
    }
    if (X509_cmp_current_time(X509_get0_notBefore(own)) > 0) {
        return transport_fail(
            failure_out, TRANSPORT_FILE_CERTIFICATE, "%s: the certificate is not valid yet", path);
    }
    return true;
}

static bool load(
    SSL_CTX *context,
    const char *certificate_path,
    const char *key_path,
    const char *ca_path,
    struct transport_failure *failure_out)
{
    if (SSL_CTX_use_certificate_chain_file(context, certificate_path) != 1) {
        return bad_file(TRANSPORT_FILE_CERTIFICATE, certificate_path, failure_out);
    }
    if (SSL_CTX_use_PrivateKey_file(context, key_path, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return bad_file(TRANSPORT_FILE_KEY, key_path, failure_out);
    }
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(ca_path);
    if (names == NULL || SSL_CTX_load_verify_file(context, ca_path) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return bad_file(TRANSPORT_FILE_CA, ca_path, failure_out);
    }
    SSL_CTX_set_client_CA_list(context, names);
    return check_dates(context, certificate_path, failure_out);
}

struct transport_security *transport_security_tls(
    const char *certificate_path,
    const char *key_path,
    const char *ca_path,
    struct transport_failure *failure_out)
{
    struct transport_security *security = transport_security_unencrypted();
    if (security == NULL) {
        (void)transport_fail(failure_out, TRANSPORT_MEMORY, NULL);
        return NULL;
    }
    ERR_clear_error();
    security->context = SSL_CTX_new(TLS_method());
    if (security->context == NULL || !configure(security->context)) {
        (void)bad_file(TRANSPORT_SYSTEM, "the TLS library", failure_out);
        transport_security_destroy(security);
        return NULL;
    }
    if (!load(security->context, certificate_path, key_path, ca_path, failure_out)) {
        transport_security_destroy(security);
        ERR_clear_error();
        return NULL;
    }
    ERR_clear_error();
    return security;
}

struct transport_security *transport_security_unencrypted(void)
{
    return calloc(1, sizeof(struct transport_security));
}

void transport_security_destroy(struct transport_security *security)
{
    if (security != NULL) {
        SSL_CTX_free(security->context);
        free(security);
    }
}

bool transport_security_is_encrypted(const struct transport_security *security)
{
    return security->context != NULL;
}
