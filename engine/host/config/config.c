/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.c -- a configuration from a file or from memory.
 *
 * First every row of the table gets its default, then what stands in the file replaces it, then
 * what one key alone cannot show is checked. Reading goes on after an error, so that one run tells
 * all of them.
 */
#include "engine/host/config/config.h"

#include "engine/host/base/fd.h"
#include "engine/host/base/suggest.h"
#include "engine/host/config/config_keys.h"
#include "engine/host/config/peers.h"
#include "engine/host/config/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNENCRYPTED_WORD "i-know-what-i-do"

/* What the keys without a row's type of their own say. */
struct specials {
    const struct tree_node *listen;
    const struct tree_node *peers;
    const struct tree_node *port;
    const struct tree_node *unencrypted;
};

static const struct config_key *find_key(const char *section, const char *name)
{
    for (const struct config_key *key = config_keys; key->name != NULL; key++) {
        if (strcmp(key->section, section) == 0 && strcmp(key->name, name) == 0) {
            return key;
        }
    }
    return NULL;
}

static bool is_section(const char *name)
{
    for (const char *const *section = config_sections; *section != NULL; section++) {
        if (strcmp(*section, name) == 0) {
            return true;
        }
    }
    return false;
}

/* The nearest key of this section; if none is near, the section where a key of this name is. */
static void tell_unknown(struct reading *reading, const char *section, const struct tree_node *key)
{
    const char *words[64] = {NULL};
    size_t count = 0;
    const struct config_key *elsewhere = NULL;

    for (const struct config_key *row = config_keys; row->name != NULL; row++) {
        if (strcmp(row->section, section) == 0) {
            words[count] = row->name;
            count++;
        } else if (strcmp(row->name, key->text) == 0) {
            elsewhere = row;
        }
    }
    for (const char *const *name = config_sections; section[0] == '\0' && *name != NULL; name++) {
        words[count] = *name;
        count++;
    }
    const char *near = suggest_nearest(key->text, words);

    if (near != NULL) {
        config_error(
            reading,
            key->line,
            key->column,
            "there is no key \"%.40s\" here; did you mean \"%s\"?",
            key->text,
            near);
    } else if (elsewhere != NULL) {
        config_error(
            reading,
            key->line,
            key->column,
            "there is no key \"%.40s\" here; it belongs %s%s",
            key->text,
            elsewhere->section[0] == '\0' ? "to the top" : "under ",
            elsewhere->section);
    } else {
        config_error(reading, key->line, key->column, "there is no key \"%.40s\" here", key->text);
    }
}

static bool
is_usable_key(struct reading *reading, const struct tree_node *map, const struct tree_node *key)
{
    if (key->kind != TREE_SCALAR) {
        config_error(
            reading, key->line, key->column, "a key must be a word, not %s", tree_describe(key));
        return false;
    }
    for (const struct tree_node *other = map->first; other != key; other = other->next->next) {
        if (other->kind == TREE_SCALAR && strcmp(other->text, key->text) == 0) {
            config_error(
                reading,
                key->line,
                key->column,
                "%.40s: stands already in line %u",
                key->text,
                other->line);
            return false;
        }
    }
    return true;
}

static void
take_special(const struct config_key *key, const struct tree_node *value, struct specials *specials)
{
    if (strcmp(key->name, "listen") == 0) {
        specials->listen = value;
    } else if (strcmp(key->name, "peers") == 0) {
        specials->peers = value;
    } else if (strcmp(key->name, "port") == 0) {
        specials->port = value;
    } else {
        specials->unencrypted = value;
    }
}

static void read_map(
    struct reading *reading,
    const char *section,
    const struct tree_node *map,
    struct host_config *config,
    struct specials *specials)
{
    for (const struct tree_node *key = map->first; key != NULL && key->next != NULL;
         key = key->next->next) {
        const struct tree_node *value = key->next;

        if (!is_usable_key(reading, map, key)) {
            continue;
        }
        const struct config_key *row = find_key(section, key->text);

        if (row != NULL && row->type == CONFIG_TYPE_SPECIAL) {
            take_special(row, value, specials);
        } else if (row != NULL) {
            value_read(reading, row, value, config);
        } else if (section[0] != '\0' || !is_section(key->text)) {
            tell_unknown(reading, section, key);
        } else if (value->kind != TREE_MAP) {
            config_error(
                reading,
                value->line,
                value->column,
                "%s: expected a mapping of its keys, found %s",
                key->text,
                tree_describe(value));
        }
    }
}

/* Sections come after the top, so that their order in the file is of no matter. */
static void read_sections(
    struct reading *reading,
    const struct tree_node *root,
    struct host_config *config,
    struct specials *specials)
{
    for (const struct tree_node *key = root->first; key != NULL && key->next != NULL;
         key = key->next->next) {
        if (key->kind == TREE_SCALAR && is_section(key->text) && key->next->kind == TREE_MAP) {
            read_map(reading, key->text, key->next, config, specials);
        }
    }
}

static void
read_specials(struct reading *reading, const struct specials *specials, struct host_config *config)
{
    uint16_t port = CONFIG_PORT;

    if (specials->port != NULL) {
        (void)value_port(reading, specials->port, &port);
    }
    if (specials->listen != NULL) {
        listen_read(reading, specials->listen, port, config);
    } else {
        listen_default(port, config);
    }
    if (specials->peers != NULL) {
        peers_read(reading, specials->peers, port, config);
    }
    if (specials->unencrypted != NULL) {
        const struct tree_node *node = specials->unencrypted;

        if (node->kind == TREE_SCALAR && strcmp(node->text, UNENCRYPTED_WORD) == 0) {
            config->unencrypted = true;
        } else {
            config_error(
                reading,
                node->line,
                node->column,
                "unencrypted: to send guests' memory in clear, write: unencrypted: %s",
                UNENCRYPTED_WORD);
        }
    }
}

/* asked: `unencrypted` stands there, rightly or wrongly. */
static void check_security(struct reading *reading, const struct host_config *config, bool asked)
{
    const bool any =
        config->tls.certificate != NULL || config->tls.key != NULL || config->tls.ca != NULL;
    const bool all =
        config->tls.certificate != NULL && config->tls.key != NULL && config->tls.ca != NULL;

    if (config->unencrypted && any) {
        config_error(reading, 0, 0, "tls and unencrypted exclude each other");
    } else if (!asked && !all) {
        config_error(
            reading,
            0,
            0,
            "tls: certificate, key and ca are needed (ferry cert makes them); to do without, "
            "write: unencrypted: %s",
            UNENCRYPTED_WORD);
    }
}

static void set_socket(struct reading *reading, struct host_config *config)
{
    if (config->control.socket == NULL && config->run_dir != NULL &&
        asprintf(&config->control.socket, "%s/ferryd.sock", config->run_dir) < 0) {
        config->control.socket = NULL;
        reading->no_memory = true;
    }
    if (config->control.socket != NULL &&
        strlen(config->control.socket) >= CONFIG_SOCKET_PATH_MAX) {
        config_error(
            reading,
            0,
            0,
            "control: the socket's path %s has more than %u bytes",
            config->control.socket,
            CONFIG_SOCKET_PATH_MAX - 1);
    }
}

static void
read_config(struct reading *reading, const struct tree_node *root, struct host_config *config)
{
    struct specials specials = {.listen = NULL};

    for (const struct config_key *key = config_keys; key->name != NULL; key++) {
        value_default(reading, key, config);
    }
    if (root->kind != TREE_MAP) {
        config_error(
            reading,
            root->line,
            root->column,
            "a configuration is a mapping of keys, not %s",
            tree_describe(root));
        return;
    }
    read_map(reading, "", root, config, &specials);
    read_sections(reading, root, config, &specials);
    read_specials(reading, &specials, config);
    if (config->host[0] == '\0' && reading->errors->count == 0) {
        config_error(reading, 0, 0, "host: the name of this host is missing");
    }
    check_security(reading, config, specials.unencrypted != NULL);
    if (config->limits.connections_unknown > config->limits.connections) {
        config_error(reading, 0, 0, "limits: connections_unknown is larger than connections");
    }
    set_socket(reading, config);
}

static enum host_code sum_up(const struct reading *reading, struct host_error *error)
{
    const struct config_errors *errors = reading->errors;

    if (reading->no_memory) {
        return host_fail(error, HOST_MEMORY, "%s: no memory to read it", reading->name);
    }
    if (errors->count == 0) {
        return HOST_OK;
    }
    const size_t more = errors->count + errors->suppressed - 1;

    (void)host_fail(error, HOST_CONFIG, "%s", errors->items[0].message);
    if (more > 0) {
        host_error_step(error, "and %zu more error%s", more, more == 1 ? "" : "s");
    } else {
        host_error_step(error, "see ferryd.conf(5)");
    }
    return HOST_CONFIG;
}

enum host_code config_load_memory(
    const char *name,
    const char *text,
    size_t size,
    struct host_config **config_out,
    struct config_errors *errors,
    struct host_error *error)
{
    struct reading reading = {.name = name, .errors = errors};
    struct host_config *config = calloc(1, sizeof *config);

    *errors = (struct config_errors){.count = 0};
    if (config == NULL) {
        return host_fail(error, HOST_MEMORY, "%s: no memory to read it", name);
    }
    config->file = strdup(name);
    reading.no_memory = config->file == NULL;
    const struct tree_node *root = tree_read(&reading, text, size);

    if (root != NULL) {
        read_config(&reading, root, config);
    }
    tree_release(&reading);
    const enum host_code code = sum_up(&reading, error);

    if (code != HOST_OK) {
        config_destroy(config);
        return code;
    }
    *config_out = config;
    return HOST_OK;
}

enum host_code config_load_file(
    const char *path,
    struct host_config **config_out,
    struct config_errors *errors,
    struct host_error *error)
{
    char *text = NULL;
    size_t size = 0;
    struct host_error why;

    *errors = (struct config_errors){.count = 0};
    const enum host_code code = file_read(path, CONFIG_FILE_MAX, &text, &size, &why);

    if (code != HOST_OK) {
        struct reading reading = {.name = path, .errors = errors};

        config_error(&reading, 0, 0, "%s", why.text + strlen(path) + 2);
        return sum_up(&reading, error);
    }
    const enum host_code result = config_load_memory(path, text, size, config_out, errors, error);

    free(text);
    return result;
}

void config_destroy(struct host_config *config)
{
    if (config == NULL) {
        return;
    }
    for (const struct config_key *key = config_keys; key->name != NULL; key++) {
        if (key->type == CONFIG_TYPE_PATH || key->type == CONFIG_TYPE_TEXT) {
            char *text = NULL;

            memcpy(&text, (const char *)config + key->offset, sizeof text);
            free(text);
        }
    }
    free(config->peers);
    free(config->file);
    free(config);
}

const struct host_peer *config_peer(const struct host_config *config, const char *name)
{
    for (size_t i = 0; i < config->peer_count; i++) {
        if (strcmp(config->peers[i].name, name) == 0) {
            return &config->peers[i];
        }
    }
    return NULL;
}

bool config_is_name(const char *text)
{
    const size_t size = strlen(text);

    if (size == 0 || size > FERRY_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        const bool alphanumeric = (text[i] >= 'a' && text[i] <= 'z') ||
                                  (text[i] >= 'A' && text[i] <= 'Z') ||
                                  (text[i] >= '0' && text[i] <= '9');

        if (!alphanumeric && (i == 0 || (text[i] != '-' && text[i] != '.' && text[i] != '_'))) {
            return false;
        }
    }
    return true;
}

static const char *word_of(const struct config_word *word, int value)
{
    while (word->word != NULL && word->value != value) {
        word++;
    }
    return word->word == NULL ? "?" : word->word;
}

static bool value_of(const struct config_word *word, const char *text, int *value_out)
{
    for (; word->word != NULL; word++) {
        if (strcmp(word->word, text) == 0) {
            *value_out = word->value;
            return true;
        }
    }
    return false;
}

bool config_parse_mode(const char *word, enum ferry_mode *mode_out)
{
    int value = 0;

    if (!value_of(config_mode_words, word, &value)) {
        return false;
    }
    *mode_out = (enum ferry_mode)value;
    return true;
}

bool config_parse_no_convergence(const char *word, enum ferry_no_convergence *what_out)
{
    int value = 0;

    if (!value_of(config_no_convergence_words, word, &value)) {
        return false;
    }
    *what_out = (enum ferry_no_convergence)value;
    return true;
}

const char *config_mode_name(enum ferry_mode mode)
{
    return word_of(config_mode_words, (int)mode);
}

const char *config_no_convergence_name(enum ferry_no_convergence what)
{
    return word_of(config_no_convergence_words, (int)what);
}
