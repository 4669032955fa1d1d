/* SPDX-License-Identifier: Apache-2.0 */
/* connection_internal.h -- what the files of this room see of a connection. */
#ifndef FERRY_HOST_TRANSPORT_CONNECTION_INTERNAL_H
#define FERRY_HOST_TRANSPORT_CONNECTION_INTERNAL_H

#include "engine/host/transport/connection.h"
#include "engine/host/transport/endpoint.h"
#include "ferry/limits.h"

struct tls; /* tls.h */

struct transport_connection {
    int fd;
    struct tls *tls; /* NULL: not encrypted */
    bool wants_write;
    struct transport_failure failure;
    char peer[FERRY_NAME_MAX + 1];
    char address[ENDPOINT_TEXT_MAX];
};

/* The failure that errno names, for good. Returns false. */
bool connection_broke(struct transport_connection *connection, int number);

#endif
