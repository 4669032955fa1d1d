/* SPDX-License-Identifier: Apache-2.0 */
/* peers.c -- who is listened to, and where the others are. */
#include "engine/host/config/peers.h"

#include "engine/host/config/value.h"

#include <stdlib.h>
#include <string.h>

/* Reads a list of addresses, or one alone. Returns how many. */
static size_t read_addresses(
    struct reading *reading,
    const struct tree_node *node,
    uint16_t port,
    struct host_address *addresses,
    size_t max)
{
    const struct tree_node *item = node->kind == TREE_LIST ? node->first : node;
    size_t count = 0;

    if (item == NULL) {
        config_error(reading, node->line, node->column, "at least one address is needed");
    }
    for (; item != NULL; item = node->kind == TREE_LIST ? item->next : NULL) {
        if (count == max) {
            config_error(reading, item->line, item->column, "more than %zu addresses", max);
            break;
        }
        if (!value_address(reading, item, port, &addresses[count])) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            if (addresses[i].port == addresses[count].port &&
                strcmp(addresses[i].text, addresses[count].text) == 0) {
                config_error(reading, item->line, item->column, "%s stands here twice", item->text);
            }
        }
        count++;
    }
    return count;
}

void listen_read(
    struct reading *reading,
    const struct tree_node *node,
    uint16_t port,
    struct host_config *config)
{
    if (node->kind == TREE_MAP) {
        config_error(
            reading,
            node->line,
            node->column,
            "listen: expected a list of addresses, found a mapping");
        return;
    }
    config->listen_count = read_addresses(reading, node, port, config->listen, CONFIG_LISTEN_MAX);
}

void listen_default(uint16_t port, struct host_config *config)
{
    (void)address_parse("0.0.0.0", port, &config->listen[0]);
    (void)address_parse("::", port, &config->listen[1]);
    config->listen_count = 2;
}

/* `h2: [10.0.0.2]` or `h2: {addresses: [10.0.0.2], port: 6601}`. */
static void read_peer(
    struct reading *reading, const struct tree_node *node, uint16_t port, struct host_peer *peer)
{
    const struct tree_node *addresses = node->kind == TREE_MAP ? NULL : node;
    const struct tree_node *key = node->kind == TREE_MAP ? node->first : NULL;

    for (; key != NULL && key->next != NULL; key = key->next->next) {
        const struct tree_node *value = key->next;

        if (key->kind == TREE_SCALAR && strcmp(key->text, "addresses") == 0) {
            addresses = value;
        } else if (key->kind == TREE_SCALAR && strcmp(key->text, "port") == 0) {
            (void)value_port(reading, value, &port);
        } else {
            config_error(
                reading,
                key->line,
                key->column,
                "peer \"%s\": there is no key \"%.40s\"; there are addresses and port",
                peer->name,
                key->kind == TREE_SCALAR ? key->text : "");
        }
    }
    if (addresses == NULL) {
        config_error(
            reading,
            node->line,
            node->column,
            "peer \"%s\": its addresses are missing",
            peer->name);
        return;
    }
    peer->address_count =
        read_addresses(reading, addresses, port, peer->addresses, FERRY_PATHS_MAX);
}

static bool
peer_name(struct reading *reading, const struct tree_node *key, const struct host_config *config)
{
    if (key->kind != TREE_SCALAR || !config_is_name(key->text)) {
        config_error(
            reading,
            key->line,
            key->column,
            "peers: \"%.80s\" is no name: letters, digits, '-', '.', '_', at most 63",
            key->kind == TREE_SCALAR ? key->text : "");
        return false;
    }
    if (strcmp(key->text, config->host) == 0) {
        config_error(
            reading, key->line, key->column, "peers: \"%s\" is this host itself", key->text);
        return false;
    }
    if (config_peer(config, key->text) != NULL) {
        config_error(reading, key->line, key->column, "peers: \"%s\" stands here twice", key->text);
        return false;
    }
    return true;
}

void peers_read(
    struct reading *reading,
    const struct tree_node *node,
    uint16_t port,
    struct host_config *config)
{
    size_t count = 0;

    if (node->kind != TREE_MAP) {
        config_error(
            reading,
            node->line,
            node->column,
            "peers: expected a mapping of names to addresses, found %s",
            tree_describe(node));
        return;
    }
    for (const struct tree_node *key = node->first; key != NULL && key->next != NULL;
         key = key->next->next) {
        count++;
    }
    if (count > CONFIG_PEERS_MAX) {
        config_error(
            reading, node->line, node->column, "peers: more than %u of them", CONFIG_PEERS_MAX);
        return;
    }
    config->peers = calloc(count == 0 ? 1 : count, sizeof *config->peers);
    if (config->peers == NULL) {
        reading->no_memory = true;
        return;
    }
    for (const struct tree_node *key = node->first; key != NULL && key->next != NULL;
         key = key->next->next) {
        if (!peer_name(reading, key, config)) {
            continue;
        }
        struct host_peer *peer = &config->peers[config->peer_count];

        memcpy(peer->name, key->text, strlen(key->text) + 1);
        config->peer_count++;
        read_peer(reading, key->next, port, peer);
    }
}
