/* SPDX-License-Identifier: Apache-2.0 */
/* value.h -- one value of a configuration read as its row says. */
#ifndef FERRY_HOST_CONFIG_VALUE_H
#define FERRY_HOST_CONFIG_VALUE_H

#include "engine/host/config/config_keys.h"
#include "engine/host/config/tree.h"

/* Reads node into the field of its row; wrong values are told and leave the field alone. */
void value_read(
    struct reading *reading,
    const struct config_key *key,
    const struct tree_node *node,
    struct host_config *config);
/* The row's fallback, which is never wrong. */
void value_default(
    struct reading *reading, const struct config_key *key, struct host_config *config);

/* False: told. */
bool value_port(struct reading *reading, const struct tree_node *node, uint16_t *port_out);
/* "10.0.0.2", "10.0.0.2:6601", "fd00::2", "[fd00::2]:6601" */
bool value_address(
    struct reading *reading,
    const struct tree_node *node,
    uint16_t port,
    struct host_address *address_out);
bool address_parse(const char *text, uint16_t port, struct host_address *address_out);

#endif
