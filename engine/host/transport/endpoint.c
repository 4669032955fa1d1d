/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint.c -- see endpoint.h. */
#include "engine/host/transport/endpoint.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

/* "fe80::1%eth0": the zone is an interface's name. */
static bool parse_v6(const char *address, struct sockaddr_in6 *v6)
{
    char bare[INET6_ADDRSTRLEN];
    const char *zone = strchr(address, '%');
    const size_t size = zone != NULL ? (size_t)(zone - address) : strlen(address);
    if (size >= sizeof(bare)) {
        return false;
    }
    memcpy(bare, address, size);
    bare[size] = '\0';
    if (zone != NULL) {
        v6->sin6_scope_id = if_nametoindex(zone + 1);
        if (v6->sin6_scope_id == 0) {
            return false;
        }
    }
    return inet_pton(AF_INET6, bare, &v6->sin6_addr) == 1;
}

bool endpoint_parse(
    const char *address,
    uint16_t port,
    union endpoint *endpoint_out,
    struct transport_failure *failure_out)
{
    union endpoint endpoint;
    memset(&endpoint, 0, sizeof(endpoint));
    if (inet_pton(AF_INET, address, &endpoint.v4.sin_addr) == 1) {
        endpoint.v4.sin_family = AF_INET;
        endpoint.v4.sin_port = htons(port);
    } else if (parse_v6(address, &endpoint.v6)) {
        endpoint.v6.sin6_family = AF_INET6;
        endpoint.v6.sin6_port = htons(port);
    } else {
        return transport_fail(failure_out, TRANSPORT_ADDRESS, "\"%.64s\"", address);
    }
    *endpoint_out = endpoint;
    return true;
}

socklen_t endpoint_size(const union endpoint *endpoint)
{
    return endpoint->any.sa_family == AF_INET ? sizeof(endpoint->v4) : sizeof(endpoint->v6);
}

uint16_t endpoint_port(const union endpoint *endpoint)
{
    return ntohs(
        endpoint->any.sa_family == AF_INET ? endpoint->v4.sin_port : endpoint->v6.sin6_port);
}

const char *endpoint_print(const union endpoint *endpoint, char text[ENDPOINT_TEXT_MAX])
{
    char address[INET6_ADDRSTRLEN] = "";
    text[0] = '\0';
    if (endpoint->any.sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &endpoint->v4.sin_addr, address, sizeof(address));
        (void)snprintf(text, ENDPOINT_TEXT_MAX, "%s:%u", address, endpoint_port(endpoint));
    } else if (endpoint->any.sa_family == AF_INET6) {
        (void)inet_ntop(AF_INET6, &endpoint->v6.sin6_addr, address, sizeof(address));
        (void)snprintf(text, ENDPOINT_TEXT_MAX, "[%s]:%u", address, endpoint_port(endpoint));
    }
    return text;
}

void endpoint_tune(int fd)
{
    const struct {
        int level;
        int name;
        int value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY,   1 },
        {SOL_SOCKET,  SO_KEEPALIVE,  1 },
        {IPPROTO_TCP, TCP_KEEPIDLE,  20},
        {IPPROTO_TCP, TCP_KEEPINTVL, 10},
        {IPPROTO_TCP, TCP_KEEPCNT,   4 },
    };
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        const int value = options[i].value;
        (void)setsockopt(fd, options[i].level, options[i].name, &value, sizeof(value));
    }
}
