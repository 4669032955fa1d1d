/* SPDX-License-Identifier: Apache-2.0 */
/* tls_error.c -- see tls_error.h. Two tables: what this side found in the peer's certificate
 * (X.509 codes), and what else the library says (its reasons, among them the peer's alerts). */
#include "engine/host/transport/tls_error.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

struct row {
    long code;
    enum transport_error error;
};

static const struct row judgements[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED,                  TRANSPORT_EXPIRED      },
    {X509_V_ERR_CERT_NOT_YET_VALID,                TRANSPORT_NOT_YET_VALID},
    {X509_V_ERR_HOSTNAME_MISMATCH,                 TRANSPORT_OTHER_NAME   },
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,         TRANSPORT_FOREIGN_CA   },
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, TRANSPORT_FOREIGN_CA   },
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,         TRANSPORT_FOREIGN_CA   },
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,       TRANSPORT_FOREIGN_CA   },
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,   TRANSPORT_FOREIGN_CA   },
    {X509_V_ERR_CERT_SIGNATURE_FAILURE,            TRANSPORT_FOREIGN_CA   },
    {X509_V_ERR_AKID_SKID_MISMATCH,                TRANSPORT_FOREIGN_CA   },
};

static const struct row reasons[] = {
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,   TRANSPORT_NO_CERTIFICATE    },
    {SSL_R_WRONG_VERSION_NUMBER,                TRANSPORT_PLAIN_TEXT        },
    {SSL_R_HTTP_REQUEST,                        TRANSPORT_PLAIN_TEXT        },
    {SSL_R_HTTPS_PROXY_REQUEST,                 TRANSPORT_PLAIN_TEXT        },
    {SSL_R_PACKET_LENGTH_TOO_LONG,              TRANSPORT_PLAIN_TEXT        },
    {SSL_R_UNSUPPORTED_PROTOCOL,                TRANSPORT_TLS_VERSION       },
    {SSL_R_VERSION_TOO_LOW,                     TRANSPORT_TLS_VERSION       },
    {SSL_R_NO_PROTOCOLS_AVAILABLE,              TRANSPORT_TLS_VERSION       },
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION,        TRANSPORT_TLS_VERSION       },
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,   TRANSPORT_OWN_NO_CERTIFICATE},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA,              TRANSPORT_OWN_FOREIGN_CA    },
    {SSL_R_TLSV1_ALERT_DECRYPT_ERROR,           TRANSPORT_OWN_FOREIGN_CA    },
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,     TRANSPORT_OWN_EXPIRED       },
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,         TRANSPORT_OWN_REFUSED       },
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,     TRANSPORT_OWN_REFUSED       },
    {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,     TRANSPORT_OWN_REFUSED       },
    {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, TRANSPORT_OWN_REFUSED       },
    {SSL_R_TLSV1_ALERT_ACCESS_DENIED,           TRANSPORT_OWN_REFUSED       },
};

static enum transport_error
look_up(const struct row *rows, size_t count, long code, enum transport_error otherwise)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].code == code) {
            return rows[i].error;
        }
    }
    return otherwise;
}

#define LOOK_UP(rows, code, otherwise) \
    look_up(rows, sizeof(rows) / sizeof((rows)[0]), code, otherwise)

const char *tls_library_reason(char *text, size_t size)
{
    const unsigned long code = ERR_get_error();
    const char *reason = ERR_reason_error_string(code);
    ERR_clear_error();
    (void)snprintf(text, size, "%s", reason != NULL ? reason : "");
    return text;
}

void tls_describe_certificate(const X509 *certificate, char *text, size_t size)
{
    char subject[96] = "";
    char until[64] = "";
    (void)X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof(subject));
    BIO *memory = BIO_new(BIO_s_mem());
    if (memory != NULL && ASN1_TIME_print(memory, X509_get0_notAfter(certificate)) == 1) {
        const int read = BIO_read(memory, until, (int)sizeof(until) - 1);
        until[read > 0 ? read : 0] = '\0';
    }
    BIO_free(memory);
    (void)snprintf(text, size, "%s, valid until %s: ", subject, until);
}

bool tls_explain(SSL *ssl, const char *certificate, struct transport_failure *failure_out)
{
    char reason[128];
    const long judgement = SSL_get_verify_result(ssl);
    const unsigned long code = ERR_peek_error();
    (void)tls_library_reason(reason, sizeof(reason));
    if (judgement != X509_V_OK) {
        return transport_fail(
            failure_out,
            LOOK_UP(judgements, judgement, TRANSPORT_BAD_CERTIFICATE),
            "%s%s",
            certificate,
            X509_verify_cert_error_string(judgement));
    }
    return transport_fail(
        failure_out,
        LOOK_UP(
            reasons,
            ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0,
            TRANSPORT_TLS_PROTOCOL),
        "%s",
        reason);
}
