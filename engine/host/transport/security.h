/* SPDX-License-Identifier: Apache-2.0 */
/* security.h -- how the connections of one ferryd are protected: TLS 1.3 with certificates on both
 * sides, or, if somebody asked for it by name, not at all.
 *
 * One object, made at start (and again when the files were renewed), shared by all connections and
 * threads; it may be destroyed while connections made from it live on. */
#ifndef FERRY_HOST_TRANSPORT_SECURITY_H
#define FERRY_HOST_TRANSPORT_SECURITY_H

#include "engine/host/transport/error.h"

#include <stdbool.h>

struct transport_security;

/* TLS 1.3 only. The three files are PEM; the key must belong to the certificate, and both sides'
 * certificates must be of the CA. NULL with failure_out filled when a file can't be used: error and
 * text name the file and the reason. An own certificate that has expired is refused here already. */
struct transport_security *transport_security_tls(
    const char *certificate_path,
    const char *key_path,
    const char *ca_path,
    struct transport_failure *failure_out);

/* No encryption, no authentication. NULL: no memory. */
struct transport_security *transport_security_unencrypted(void);

void transport_security_destroy(struct transport_security *security); /* NULL is fine */

bool transport_security_is_encrypted(const struct transport_security *security);

#endif
