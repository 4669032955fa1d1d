/* SPDX-License-Identifier: Apache-2.0 */
/* peers.h -- the keys that are no single values: listen, peers. */
#ifndef FERRY_HOST_CONFIG_PEERS_H
#define FERRY_HOST_CONFIG_PEERS_H

#include "engine/host/config/tree.h"

void peers_read(
    struct reading *reading,
    const struct tree_node *node,
    uint16_t port,
    struct host_config *config);
void listen_read(
    struct reading *reading,
    const struct tree_node *node,
    uint16_t port,
    struct host_config *config);
void listen_default(uint16_t port, struct host_config *config);

#endif
