/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml.h -- a YAML text as a small tree in which every node knows its line and column.
 *
 * libfyaml does the syntax; this keeps what is ours: bounds on size, depth and number of nodes
 * (before anything is allocated for them), one document, plain scalars, lists and mappings, no
 * anchors, aliases or tags.  Duplicate keys are left in the tree: who binds it reports them with
 * both places.
 */
#ifndef FERRY_SIM_SCENARIO_YAML_H
#define FERRY_SIM_SCENARIO_YAML_H

#include "sim/scenario/diagnose.h"

#include <stdbool.h>
#include <stddef.h>

/* Largest file, bytes: ten times what a scenario of a thousand steps needs. */
#define YAML_SIZE_MAX ((size_t)1024 * 1024)

/* Lists and mappings inside each other. */
#define YAML_DEPTH_MAX 24

/* Scalars, lists and mappings of a file. */
#define YAML_NODES_MAX ((size_t)100 * 1000)

enum yaml_kind {
    YAML_SCALAR = 1,
    YAML_LIST,
    YAML_MAP,
};

struct yaml_node {
    enum yaml_kind kind;
    struct scenario_mark mark;
    const char *text;        /* SCALAR: never NULL, no zero byte inside */
    bool plain;              /* SCALAR: not quoted, so an empty one means "no value" */
    bool broken;             /* an error about it has been told already */
    struct yaml_node *first; /* LIST: items; MAP: key, value, key, value ... */
    struct yaml_node *last;
    struct yaml_node *next; /* sibling */
    size_t count;           /* LIST: items; MAP: pairs */
};

struct fy_event;
struct fy_parser;
struct fy_diag;

/* libfyaml's objects, which live in no arena: opened and closed by load.c. */
struct yaml_reader {
    struct fy_parser *parser;
    struct fy_diag *diag;
    struct fy_event *event; /* the one being taken: it belongs to the parser */
};

/* The root, or NULL with errors added.  The reader is zeroed before, and closed after. */
struct yaml_node *
yaml_read(struct yaml_reader *reader, struct parse *parse, const char *text, size_t size);

void yaml_close(struct yaml_reader *reader); /* also after a failure, also twice */

#endif
