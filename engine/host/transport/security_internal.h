/* SPDX-License-Identifier: Apache-2.0 */
/* security_internal.h -- what the files of this room see of struct transport_security. */
#ifndef FERRY_HOST_TRANSPORT_SECURITY_INTERNAL_H
#define FERRY_HOST_TRANSPORT_SECURITY_INTERNAL_H

#include "engine/host/transport/security.h"

#include <openssl/ssl.h>

struct transport_security {
    SSL_CTX *context; /* NULL: unencrypted */
};

#endif
