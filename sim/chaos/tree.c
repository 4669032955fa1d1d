/* SPDX-License-Identifier: Apache-2.0 */
/* tree.c -- reading (libfyaml), copying, cutting. */
#include "sim/chaos/tree.h"

#include "sim/report/memory.h"

#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

static struct tree_node *make(enum tree_kind kind)
{
    struct tree_node *node = report_take(1, sizeof *node);

    node->kind = kind;
    return node;
}

static void append(struct tree_node *parent, struct tree_node *child)
{
    parent->items =
        report_room(parent->items, parent->count, &parent->capacity, sizeof(struct tree_node *));
    parent->items[parent->count] = child;
    parent->count++;
}

void tree_free(struct tree_node *node)
{
    if (node == NULL) {
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        tree_free(node->items[i]);
    }
    free(node->items);
    free(node->text);
    free(node);
}

/* ---- reading ---- */

static struct tree_node *from_yaml(struct fy_node *yaml);

static struct tree_node *list_from(struct fy_node *yaml)
{
    struct tree_node *list = make(TREE_LIST);
    void *at = NULL;

    for (struct fy_node *item = fy_node_sequence_iterate(yaml, &at); item != NULL;
         item = fy_node_sequence_iterate(yaml, &at)) {
        append(list, from_yaml(item));
    }
    return list;
}

static struct tree_node *map_from(struct fy_node *yaml)
{
    struct tree_node *map = make(TREE_MAP);
    void *at = NULL;

    for (struct fy_node_pair *pair = fy_node_mapping_iterate(yaml, &at); pair != NULL;
         pair = fy_node_mapping_iterate(yaml, &at)) {
        append(map, from_yaml(fy_node_pair_key(pair)));
        append(map, from_yaml(fy_node_pair_value(pair)));
    }
    return map;
}

static struct tree_node *from_yaml(struct fy_node *yaml)
{
    size_t length = 0;

    if (fy_node_is_sequence(yaml)) {
        return list_from(yaml);
    }
    if (fy_node_is_mapping(yaml)) {
        return map_from(yaml);
    }
    struct tree_node *scalar = make(TREE_SCALAR);
    const char *text = fy_node_get_scalar(yaml, &length);

    scalar->text = report_take(length + 1, 1);
    if (length > 0 && text != NULL) {
        memcpy(scalar->text, text, length);
    }
    return scalar;
}

struct tree_node *tree_read(const char *text, size_t size)
{
    const struct fy_parse_cfg config = {.flags = FYPCF_QUIET};
    struct fy_document *document = fy_document_build_from_string(&config, text, size);
    struct tree_node *root = NULL;

    if (document != NULL && fy_node_is_mapping(fy_document_root(document))) {
        root = from_yaml(fy_document_root(document));
    }
    fy_document_destroy(document);
    return root;
}

struct tree_node *tree_copy(const struct tree_node *node)
{
    struct tree_node *copy = make(node->kind);

    copy->text = node->text == NULL ? NULL : report_copy(node->text);
    for (size_t i = 0; i < node->count; i++) {
        append(copy, tree_copy(node->items[i]));
    }
    return copy;
}

/* ---- cutting ---- */

static bool is_text(const struct tree_node *node, const char *text)
{
    return node->kind == TREE_SCALAR && strcmp(node->text, text) == 0;
}

struct tree_node *tree_value(const struct tree_node *map, const char *key)
{
    if (map == NULL || map->kind != TREE_MAP) {
        return NULL;
    }
    for (size_t i = 0; i + 1 < map->count; i += 2) {
        if (is_text(map->items[i], key)) {
            return map->items[i + 1];
        }
    }
    return NULL;
}

void tree_remove(struct tree_node *parent, size_t index)
{
    const size_t width = parent->kind == TREE_MAP ? 2 : 1;

    for (size_t i = 0; i < width; i++) {
        tree_free(parent->items[index + i]);
    }
    memmove(
        &parent->items[index],
        &parent->items[index + width],
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): the items are pointers */
        (parent->count - index - width) * sizeof parent->items[0]);
    parent->count -= width;
}

/* Some value of this entry is the name; lists of names only if nothing else is left in them. */
static bool speaks_of(const struct tree_node *node, const char *name)
{
    if (node->kind == TREE_SCALAR) {
        return strcmp(node->text, name) == 0;
    }
    if (node->kind == TREE_LIST) {
        return node->count == 1 && speaks_of(node->items[0], name);
    }
    for (size_t i = 1; i < node->count; i += 2) {
        if (speaks_of(node->items[i], name)) {
            return true;
        }
    }
    return false;
}

static void forget_in_lists(struct tree_node *node, const char *name)
{
    for (size_t i = 0; i < node->count;) {
        if (node->kind == TREE_LIST && node->count > 1 && is_text(node->items[i], name)) {
            tree_remove(node, i);
        } else {
            forget_in_lists(node->items[i], name);
            i++;
        }
    }
}

static void forget(struct tree_node *root, const char *name)
{
    for (size_t i = 1; i < root->count; i += 2) {
        struct tree_node *section = root->items[i];
        const bool map = section->kind == TREE_MAP;

        for (size_t k = 0; k < section->count;) {
            struct tree_node *entry = section->items[map ? k + 1 : k];

            if (entry->kind != TREE_MAP || !speaks_of(entry, name)) {
                k += map ? 2 : 1;
                continue;
            }
            const struct tree_node *id = map ? section->items[k] : tree_value(entry, "id");
            char *also = id == NULL || id->kind != TREE_SCALAR ? NULL : report_copy(id->text);

            tree_remove(section, k);
            if (also != NULL) {
                forget(root, also);
                k = 0; /* the list may be another now */
            }
            free(also);
        }
    }
    forget_in_lists(root, name);
}

void tree_remove_name(struct tree_node *root, const char *section, const char *name)
{
    struct tree_node *map = tree_value(root, section);

    for (size_t i = 0; map != NULL && map->kind == TREE_MAP && i < map->count; i += 2) {
        if (is_text(map->items[i], name)) {
            char *gone = report_copy(name); /* it may be a text of the tree itself */

            tree_remove(map, i);
            forget(root, gone);
            free(gone);
            return;
        }
    }
}
