/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint.h -- numeric addresses and sockets: parsing, printing, and the options that every socket
 * of ferry has. Names are never resolved: migration networks are configured by address, and a
 * resolver that hangs would hang a move. */
#ifndef FERRY_HOST_TRANSPORT_ENDPOINT_H
#define FERRY_HOST_TRANSPORT_ENDPOINT_H

#include "engine/host/transport/error.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* "[" 45 characters of IPv6 "%" zone "]:65535" and a zero. */
#define ENDPOINT_TEXT_MAX 80

union endpoint {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage storage;
};

/* False: ADDRESS. */
bool endpoint_parse(
    const char *address,
    uint16_t port,
    union endpoint *endpoint_out,
    struct transport_failure *failure_out);
socklen_t endpoint_size(const union endpoint *endpoint);
uint16_t endpoint_port(const union endpoint *endpoint);
/* "192.0.2.1:6600"; "" for what is neither IPv4 nor IPv6. Returns `text`. */
const char *endpoint_print(const union endpoint *endpoint, char text[ENDPOINT_TEXT_MAX]);

/* Heads and control messages go at once; a peer that vanished without a word is found within a
 * minute even if nobody else watches. Failures do not matter. */
void endpoint_tune(int fd);

#endif
