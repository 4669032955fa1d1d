/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.h -- a wire that can be cut: a thread that carries the bytes of TCP connections; see relay.c.
 */
#ifndef FERRY_TEST_HOST_DAEMON_RELAY_H
#define FERRY_TEST_HOST_DAEMON_RELAY_H

#include <stdint.h>

struct relay;

/* Listens on `from`, and connects each that comes to `to`, both at `port`. NULL: it cannot. */
struct relay *relay_create(const char *from, const char *to, uint16_t port);
/* Breaks all connections, and takes no new ones ... */
void relay_cut(struct relay *relay);
/* ... until then. */
void relay_heal(struct relay *relay);
void relay_destroy(struct relay *relay); /* NULL is fine */

#endif
