/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h -- a scenario file as a tree that can be cut: for the shrinker.
 *
 * The shrinker knows nothing of what the keys mean. It removes and simplifies nodes, writes the tree
 * as text, and lets the loader say whether that is still a scenario. So whatever the language learns
 * can be shrunken at once.
 */
#ifndef FERRY_SIM_CHAOS_TREE_H
#define FERRY_SIM_CHAOS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum tree_kind {
    TREE_SCALAR = 1,
    TREE_LIST,
    TREE_MAP,
};

struct tree_node {
    enum tree_kind kind;
    char *text;               /* SCALAR */
    struct tree_node **items; /* LIST: items; MAP: key, value, key, value ... */
    size_t count;             /* of items: twice the pairs of a MAP */
    size_t capacity;
};

/* NULL: it is no YAML, or holds what scenarios do not have (anchors, several documents). */
struct tree_node *tree_read(const char *text, size_t size);
struct tree_node *tree_copy(const struct tree_node *node);
void tree_free(struct tree_node *node); /* NULL is fine */

/* The value of a key; NULL: it has none, or is no map. */
struct tree_node *tree_value(const struct tree_node *map, const char *key);

/* Removes an item, or the pair whose key stands at `index`. */
void tree_remove(struct tree_node *parent, size_t index);

/* Removes NAME's pair from the map of that name in the root, and everything which speaks of it: items
 * of top-level lists, in turn what speaks of their ids, and its mention in lists of names. */
void tree_remove_name(struct tree_node *root, const char *section, const char *name);

/* As a file: the question first, an entry a line. */
void tree_write(FILE *out, const struct tree_node *root, const char *question);

#endif
