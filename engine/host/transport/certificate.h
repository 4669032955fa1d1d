/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.h -- makes what two ferry hosts need to trust each other: a CA, and host certificates
 * with the host's name as SAN dNSName. Used by `ferry cert` and by the tests.
 *
 * Keys are P-256 (fast handshakes), certificates X.509 v3, PEM in files; key files have mode 0600
 * and are written to a temporary file first, so that a full disk leaves the old ones. */
#ifndef FERRY_HOST_TRANSPORT_CERTIFICATE_H
#define FERRY_HOST_TRANSPORT_CERTIFICATE_H

#include "engine/host/transport/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Default validity, seconds: a CA lives ten years, a host's certificate one. */
#define TRANSPORT_CA_VALID_SECONDS   (3650LL * 86400)
#define TRANSPORT_HOST_VALID_SECONDS (365LL * 86400)

/* Validity relative to now: certificates of the past are for tests. */
struct transport_validity {
    int64_t from_seconds;  /* usually a little below 0, for clocks that differ */
    int64_t until_seconds; /* above from_seconds */
};

/* Writes a new self-signed CA. `name` is its common name, 1 to 63 bytes. */
bool transport_make_ca(
    const char *name,
    struct transport_validity validity,
    const char *certificate_path,
    const char *key_path,
    struct transport_failure *failure_out);

struct transport_host_request {
    const char *host; /* 1 to 63 bytes, a valid dNSName: letters, digits, '-', '.' */
    struct transport_validity validity;
    const char *ca_certificate_path;
    const char *ca_key_path;
    const char *certificate_path; /* written */
    const char *key_path;         /* written */
};

/* Writes a new key and a certificate of that CA for one host, for both ends of a connection. */
bool transport_make_host(
    const struct transport_host_request *request, struct transport_failure *failure_out);

struct transport_certificate_info {
    char subject[128];
    char issuer[128];
    char hosts[256];    /* SAN dNSNames, separated by ", "; cut at the end if there are more */
    int64_t not_before; /* seconds since 1970 */
    int64_t not_after;
};

/* Reads the first certificate of a file, for `ferry cert show` and warnings before it expires. */
bool transport_read_certificate(
    const char *path,
    struct transport_certificate_info *info_out,
    struct transport_failure *failure_out);

#endif
