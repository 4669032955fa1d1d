/* SPDX-License-Identifier: Apache-2.0 */
/* value.c -- texts of a configuration become numbers, words and addresses. */
#include "engine/host/config/value.h"

#include "engine/host/base/suggest.h"
#include "engine/host/base/units.h"

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 16U

static void *field(const struct config_key *key, struct host_config *config)
{
    return (char *)config + key->offset;
}

static void
wrong(struct reading *reading, const struct tree_node *node, const char *name, const char *expected)
{
    if (node->kind == TREE_SCALAR && node->text[0] != '\0') {
        config_error(
            reading,
            node->line,
            node->column,
            "%s: expected %s, found \"%.80s\"",
            name,
            expected,
            node->text);
    } else {
        config_error(
            reading,
            node->line,
            node->column,
            "%s: expected %s, found %s",
            name,
            expected,
            tree_describe(node));
    }
}

static void set_text(struct reading *reading, char **place, const char *text)
{
    free(*place);
    *place = strdup(text);
    reading->no_memory = reading->no_memory || *place == NULL;
}

static void read_word(
    struct reading *reading,
    const struct config_key *key,
    const struct tree_node *node,
    struct host_config *config)
{
    const char *words[WORDS_MAX + 1] = {NULL};
    char list[200] = "";
    size_t used = 0;

    for (size_t i = 0; key->words[i].word != NULL; i++) {
        assert(i < WORDS_MAX);
        words[i] = key->words[i].word;
        if (strcmp(node->text, words[i]) == 0) {
            memcpy(field(key, config), &key->words[i].value, sizeof(int));
            return;
        }
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : ", ", words[i]);
    }
    const char *near = suggest_nearest(node->text, words);

    config_error(
        reading,
        node->line,
        node->column,
        "%s: expected one of %s, found \"%.80s\"%s%s%s",
        key->name,
        list,
        node->text,
        near == NULL ? "" : "; did you mean \"",
        near == NULL ? "" : near,
        near == NULL ? "" : "\"?");
}

/* A bound as people would write it. */
static const char *
bound_text(const struct config_key *key, uint64_t value, char buffer[UNITS_TEXT_MAX])
{
    if (key->type == CONFIG_TYPE_TIME) {
        return units_format_time(buffer, (ferry_time_ns)value);
    }
    if (key->type == CONFIG_TYPE_SIZE) {
        return units_format_size(buffer, value);
    }
    if (key->type == CONFIG_TYPE_RATE) {
        return units_format_rate(buffer, value);
    }
    (void)snprintf(buffer, UNITS_TEXT_MAX, "%" PRIu64, value);
    return buffer;
}

static bool parse_number(const struct config_key *key, const char *text, uint64_t *value_out)
{
    ferry_time_ns time = 0;

    if (key->type == CONFIG_TYPE_TIME) {
        const bool good = units_parse_time(text, &time);

        *value_out = (uint64_t)time;
        return good;
    }
    if (key->type == CONFIG_TYPE_SIZE) {
        return units_parse_size(text, value_out);
    }
    if (key->type == CONFIG_TYPE_RATE) {
        return units_parse_rate(text, value_out);
    }
    return units_parse_count(text, value_out);
}

static const char *number_hint(const struct config_key *key)
{
    if (key->type == CONFIG_TYPE_TIME) {
        return units_time_hint;
    }
    if (key->type == CONFIG_TYPE_SIZE) {
        return units_size_hint;
    }
    return key->type == CONFIG_TYPE_RATE ? units_rate_hint : "a whole number";
}

static void store_number(const struct config_key *key, uint64_t value, struct host_config *config)
{
    if (key->type == CONFIG_TYPE_COUNT16) {
        const uint16_t number = (uint16_t)value;

        memcpy(field(key, config), &number, sizeof number);
    } else if (key->type == CONFIG_TYPE_COUNT32) {
        const uint32_t number = (uint32_t)value;

        memcpy(field(key, config), &number, sizeof number);
    } else {
        memcpy(field(key, config), &value, sizeof value);
    }
}

static void read_number(
    struct reading *reading,
    const struct config_key *key,
    const struct tree_node *node,
    struct host_config *config)
{
    char low[UNITS_TEXT_MAX];
    char high[UNITS_TEXT_MAX];
    char hint[128];
    uint64_t value = 0;

    if (key->none && strcmp(node->text, "none") == 0) {
        store_number(
            key, key->type == CONFIG_TYPE_TIME ? (uint64_t)FERRY_TIME_NEVER : UINT64_MAX, config);
        return;
    }
    if (!parse_number(key, node->text, &value)) {
        (void)snprintf(hint, sizeof hint, "%s%s", number_hint(key), key->none ? ", or none" : "");
        wrong(reading, node, key->name, hint);
        return;
    }
    if (value < key->min || value > key->max) {
        config_error(
            reading,
            node->line,
            node->column,
            "%s: %s is out of range: %s to %s",
            key->name,
            node->text,
            bound_text(key, key->min, low),
            bound_text(key, key->max, high));
        return;
    }
    store_number(key, value, config);
}

static void read_text(
    struct reading *reading,
    const struct config_key *key,
    const struct tree_node *node,
    struct host_config *config)
{
    if (key->type == CONFIG_TYPE_PATH && node->text[0] != '/') {
        wrong(reading, node, key->name, "an absolute path");
    } else if (strlen(node->text) >= CONFIG_PATH_MAX) {
        config_error(
            reading,
            node->line,
            node->column,
            "%s: more than %u bytes",
            key->name,
            CONFIG_PATH_MAX);
    } else {
        set_text(reading, field(key, config), node->text);
    }
}

void value_read(
    struct reading *reading,
    const struct config_key *key,
    const struct tree_node *node,
    struct host_config *config)
{
    if (node->kind != TREE_SCALAR || (node->plain && node->text[0] == '\0')) {
        wrong(reading, node, key->name, key->kind == NULL ? "a value" : key->kind);
        return;
    }
    switch (key->type) {
    case CONFIG_TYPE_NAME:
        if (config_is_name(node->text)) {
            memcpy(field(key, config), node->text, strlen(node->text) + 1);
        } else {
            wrong(reading, node, key->name, "a name: letters, digits, '-', '.', '_', at most 63");
        }
        break;
    case CONFIG_TYPE_PATH:
    case CONFIG_TYPE_TEXT: read_text(reading, key, node, config); break;
    case CONFIG_TYPE_TIME:
    case CONFIG_TYPE_SIZE:
    case CONFIG_TYPE_RATE:
    case CONFIG_TYPE_COUNT32:
    case CONFIG_TYPE_COUNT16: read_number(reading, key, node, config); break;
    case CONFIG_TYPE_WORD: read_word(reading, key, node, config); break;
    case CONFIG_TYPE_SPECIAL: break;
    }
}

void value_default(
    struct reading *reading, const struct config_key *key, struct host_config *config)
{
    if (key->fallback == NULL || key->type == CONFIG_TYPE_SPECIAL) {
        return;
    }
    const size_t before = reading->errors->count;
    char *text = strdup(key->fallback);
    const struct tree_node node = {.kind = TREE_SCALAR, .text = text};

    if (text == NULL) {
        reading->no_memory = true;
        return;
    }
    value_read(reading, key, &node, config);
    assert(reading->errors->count == before);
    (void)before;
    free(text);
}

bool value_port(struct reading *reading, const struct tree_node *node, uint16_t *port_out)
{
    uint64_t port = 0;

    if (node->kind != TREE_SCALAR || !units_parse_count(node->text, &port) || port == 0 ||
        port > UINT16_MAX) {
        wrong(reading, node, "port", "a number from 1 to 65535");
        return false;
    }
    *port_out = (uint16_t)port;
    return true;
}

static bool parse_numbers(const char *text, uint16_t port, struct host_address *address)
{
    memset(address, 0, sizeof *address);
    address->port = port;
    if (inet_pton(AF_INET, text, &address->socket.ip4.sin_addr) == 1) {
        address->socket.ip4.sin_family = AF_INET;
        address->socket.ip4.sin_port = htons(port);
        address->socket_size = sizeof address->socket.ip4;
    } else if (inet_pton(AF_INET6, text, &address->socket.ip6.sin6_addr) == 1) {
        address->socket.ip6.sin6_family = AF_INET6;
        address->socket.ip6.sin6_port = htons(port);
        address->socket_size = sizeof address->socket.ip6;
    } else {
        return false;
    }
    (void)snprintf(address->text, sizeof address->text, "%s", text);
    return true;
}

/* Takes ":PORT" off the end, and the brackets that an IPv6 address then needs. */
bool address_parse(const char *text, uint16_t port, struct host_address *address_out)
{
    char host[INET6_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    size_t size = strlen(text);
    uint64_t number = 0;

    if (text[0] == '[') {
        const char *end = strchr(text, ']');

        if (end == NULL || (end[1] != '\0' && end[1] != ':')) {
            return false;
        }
        colon = end[1] == ':' ? end + 1 : NULL;
        text++;
        size = (size_t)(end - text);
    } else if (colon != NULL && strchr(text, ':') == colon) {
        size = (size_t)(colon - text);
    } else {
        colon = NULL;
    }
    if (colon != NULL) {
        if (!units_parse_count(colon + 1, &number) || number == 0 || number > UINT16_MAX) {
            return false;
        }
        port = (uint16_t)number;
    }
    if (size >= sizeof host) {
        return false;
    }
    memcpy(host, text, size);
    host[size] = '\0';
    return parse_numbers(host, port, address_out);
}

bool value_address(
    struct reading *reading,
    const struct tree_node *node,
    uint16_t port,
    struct host_address *address_out)
{
    if (node->kind != TREE_SCALAR || !address_parse(node->text, port, address_out)) {
        wrong(
            reading,
            node,
            "address",
            "an address in numbers, such as 10.0.0.2, 10.0.0.2:6601, fd00::2 or [fd00::2]:6601");
        return false;
    }
    return true;
}
