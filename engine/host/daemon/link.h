/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.h -- one control connection of a session, on the loop's thread; see link.c.
 */
#ifndef FERRY_HOST_DAEMON_LINK_H
#define FERRY_HOST_DAEMON_LINK_H

#include "engine/host/daemon/session.h"
#include "engine/host/loop/loop.h"
#include "engine/host/transport/connection.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link {
    struct session *session;
    uint32_t attach;
    struct transport_connection *connection; /* NULL: closed */
    struct loop_fd *watch;
    struct loop_timer more; /* more may be read than one turn's share */
    uint8_t *out;           /* handed over, and not taken by the connection yet */
    size_t out_size;
    size_t out_capacity;
    bool broken; /* DETACHED was posted */
};

/* Takes the connection over, also when it fails. */
FERRY_NODISCARD
enum host_code link_open(
    struct link *link,
    struct session *session,
    uint32_t attach,
    struct transport_connection *connection);
void link_send(struct link *link, struct ferry_bytes bytes);
void link_close(struct link *link); /* what the connection takes at once is still sent */

#endif
