/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h -- a YAML text as a small tree whose nodes know their places.
 *
 * libfyaml does the syntax. What is ours: bounds on size, depth and number of nodes, one document,
 * no anchors, aliases or tags, and all errors in one list.
 */
#ifndef FERRY_HOST_CONFIG_TREE_H
#define FERRY_HOST_CONFIG_TREE_H

#include "engine/host/config/config.h"

#define TREE_DEPTH_MAX 8U
#define TREE_NODES_MAX 20000U

enum tree_kind { TREE_SCALAR = 1, TREE_LIST, TREE_MAP };

struct tree_node {
    enum tree_kind kind;
    unsigned line; /* from 1 */
    unsigned column;
    char *text;              /* scalars; never NULL */
    bool plain;              /* scalars: not quoted */
    struct tree_node *first; /* list: items; map: key, value, key, value .. */
    struct tree_node *last;
    struct tree_node *next;  /* sibling */
    struct tree_node *older; /* all nodes of the tree, for freeing */
};

/* What is passed through the reading of one file. */
struct reading {
    const char *name; /* of the file */
    struct config_errors *errors;
    struct tree_node *nodes;
    size_t node_count;
    bool no_memory;
};

/* Adds `name:line:column: message`; line 0: the file as a whole. */
void config_error(struct reading *reading, unsigned line, unsigned column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* NULL: told, or the file is empty, or no memory. */
struct tree_node *tree_read(struct reading *reading, const char *text, size_t size);
void tree_release(struct reading *reading);

/* "a list", "a mapping", "nothing", "a text" */
const char *tree_describe(const struct tree_node *node);

#endif
