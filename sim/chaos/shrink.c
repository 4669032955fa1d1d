/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shrink.c -- delta debugging over the tree of a scenario.
 *
 * Each try works on a copy: cut, write, load, run, compare; what fails as before takes the place of
 * the tree. Every pass makes something smaller by a measure that cannot grow (nodes, then digits and
 * sizes of numbers), so the passes end.
 */
#include "sim/chaos/shrink.h"

#include "sim/report/memory.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct work {
    const struct shrink_options *options;
    struct tree_node *root;
    const struct trial *failure;
    struct trial last;
    uint64_t tries;
    bool promise; /* what fails is an expectation */
    bool over;    /* no time is left */
};

/* Takes the tree if it still fails in the same way; frees it otherwise. */
static bool try_tree(struct work *work, struct tree_node *tree)
{
    const struct shrink_options *options = work->options;
    struct trial trial = {.verdict = TRIAL_OK};
    char *text = NULL;
    size_t size = 0;

    if (work->over || options->clock_ns() >= options->deadline_ns) {
        work->over = true;
        tree_free(tree);
        return false;
    }
    FILE *stream = report_text_open(&text, &size);

    tree_write(stream, tree, NULL);
    report_text_close(stream);
    work->tries++;
    const bool same = options->run(options->context, options->name, text, size, &trial) &&
                      trial_same_failure(&trial, work->failure);

    free(text);
    if (!same) {
        tree_free(tree);
        return false;
    }
    tree_free(work->root);
    work->root = tree;
    work->last = trial;
    if (options->progress != NULL) {
        options->progress(options->context, tree, work->tries);
    }
    return true;
}

/* ---- lists: halves, quarters, ... one ---- */

static bool cut_range(struct work *work, const char *section, size_t first, size_t count)
{
    struct tree_node *tree = tree_copy(work->root);
    struct tree_node *list = tree_value(tree, section);

    for (size_t i = 0; i < count; i++) {
        tree_remove(list, first);
    }
    return try_tree(work, tree);
}

static bool cut_list(struct work *work, const char *section)
{
    bool any = false;

    for (size_t chunk = shrink_count(work->root, section); chunk > 0; chunk /= 2) {
        size_t first = 0;

        while (first < shrink_count(work->root, section) && !work->over) {
            const size_t left = shrink_count(work->root, section) - first;

            if (cut_range(work, section, first, chunk < left ? chunk : left)) {
                any = true;
            } else {
                first += chunk;
            }
        }
    }
    return any;
}

/* ---- guests, networks, hosts, with all that speaks of them ---- */

static bool cut_names(struct work *work, const char *section)
{
    bool any = false;
    size_t index = 0;

    for (;;) {
        const struct tree_node *map = tree_value(work->root, section);

        if (map == NULL || map->kind != TREE_MAP || index >= map->count || work->over) {
            return any;
        }
        struct tree_node *tree = tree_copy(work->root);

        tree_remove_name(tree, section, map->items[index]->text);
        if (try_tree(work, tree)) {
            any = true;
        } else {
            index += 2;
        }
    }
}

/* ---- a way to a node, which stays the same in a copy ---- */

#define DEPTH_MAX 24

struct way {
    size_t at[DEPTH_MAX];
    size_t depth;
};

static struct tree_node *follow(struct tree_node *root, const struct way *way)
{
    for (size_t i = 0; i < way->depth; i++) {
        root = root->items[way->at[i]];
    }
    return root;
}

/* ---- conditions of a promise ---- */

static bool is_any(const char *text, const char *const *words)
{
    while (*words != NULL && strcmp(text, *words) != 0) {
        words++;
    }
    return *words != NULL;
}

/* What makes trouble end: without it, it is for ever. And the limit: its default may be less. The
 * defaults of all other means are generous. */
static bool is_condition(const char *key)
{
    static const char *const keys[] = {"for", "restart_after", "blackout_limit", NULL};

    return is_any(key, keys);
}

/* Less of it is less than what was promised under. */
static bool is_means(const char *key)
{
    static const char *const keys[] = {
        "bandwidth",
        "bandwidth_cap",
        "backbone",
        "blackout_limit",
        "give_up_after",
        "reconnect_limit",
        "orphan_limit",
        "hold_time",
        "unknown_after",
        "silence_timeout",
        "connect_timeout",
        "action_timeout",
        "window",
        "end",
        NULL,
    };

    return is_any(key, keys);
}

/* ---- single keys, everywhere ---- */

static bool cut_keys(struct work *work, struct way *way)
{
    bool any = false;

    for (size_t i = 0; i < follow(work->root, way)->count && !work->over;) {
        const struct tree_node *node = follow(work->root, way);
        const bool map = node->kind == TREE_MAP;
        const bool condition = map && work->promise && is_condition(node->items[i]->text);

        if ((map && !condition) || (way->depth > 1 && node->kind == TREE_LIST && node->count > 1)) {
            struct tree_node *tree = tree_copy(work->root);

            tree_remove(follow(tree, way), i);
            if (try_tree(work, tree)) {
                any = true;
                continue;
            }
        }
        if (way->depth < DEPTH_MAX) {
            way->at[way->depth] = map ? i + 1 : i;
            way->depth++;
            any = cut_keys(work, way) || any;
            way->depth--;
        }
        i += map ? 2 : 1;
    }
    return any;
}

/* ---- quantities: smaller, rounder ---- */

static unsigned digits_of(uint64_t number)
{
    unsigned digits = 0;

    while (number > 0 && number % 10 == 0) {
        number /= 10;
    }
    for (; number > 0; number /= 10) {
        digits++;
    }
    return digits;
}

static uint64_t one_digit(uint64_t number)
{
    uint64_t scale = 1;

    while (number / scale >= 10) {
        scale *= 10;
    }
    return number / scale * scale;
}

/* "1234 us": a whole number, then a unit or nothing. */
static bool split(const char *text, uint64_t *number_out, const char **unit_out)
{
    char *end = NULL;

    if (isdigit((unsigned char)text[0]) == 0) {
        return false;
    }
    *number_out = strtoull(text, &end, 10);
    *unit_out = end;
    return *end != '.' && *number_out < UINT64_MAX / 10;
}

static bool try_number(struct work *work, const struct way *way, uint64_t number, const char *unit)
{
    struct tree_node *tree = tree_copy(work->root);
    struct tree_node *node = follow(tree, way);
    const size_t size = strlen(unit) + 24;
    char *text = report_take(size, 1);

    (void)snprintf(text, size, "%" PRIu64 "%s", number, unit);
    free(node->text);
    node->text = text;
    return try_tree(work, tree);
}

static bool cut_number(struct work *work, const struct way *way)
{
    const char *unit = NULL;
    uint64_t number = 0;
    bool any = false;

    while (!work->over && split(follow(work->root, way)->text, &number, &unit) && number > 0) {
        const uint64_t candidates[] = {0, 1, one_digit(number), number / 10, number / 2};
        char *kept = report_copy(unit); /* the text it stands in may go */
        bool fits = false;

        for (size_t i = 0; i < sizeof candidates / sizeof candidates[0] && !fits; i++) {
            /* rounder, or at least not longer to write */
            if (candidates[i] < number &&
                (digits_of(candidates[i]) <= digits_of(number) || candidates[i] == number / 2)) {
                fits = try_number(work, way, candidates[i], kept);
            }
        }
        free(kept);
        if (!fits) {
            break;
        }
        any = true;
    }
    return any;
}

static bool cut_numbers(struct work *work, struct way *way)
{
    const struct tree_node *node = follow(work->root, way);
    const bool map = node->kind == TREE_MAP;
    bool any = false;

    if (node->kind == TREE_SCALAR) {
        return cut_number(work, way);
    }
    for (size_t i = 0; i < node->count && way->depth < DEPTH_MAX && !work->over; i += map ? 2 : 1) {
        if (map && work->promise && is_means(node->items[i]->text)) {
            continue;
        }
        way->at[way->depth] = map ? i + 1 : i;
        way->depth++;
        any = cut_numbers(work, way) || any;
        way->depth--;
        node = follow(work->root, way);
    }
    return any;
}

/* ---- all of it ---- */

static bool cut_structure(struct work *work)
{
    bool any = cut_list(work, "faults");

    any = cut_names(work, "guests") || any;
    any = cut_list(work, "steps") || any;
    any = cut_list(work, "expect") || any;
    any = cut_names(work, "networks") || any;
    any = cut_names(work, "hosts") || any;
    return any;
}

void shrink(
    struct tree_node **root,
    const struct trial *failure,
    const struct shrink_options *options,
    struct shrink_result *result)
{
    struct work work = {
        .options = options,
        .root = *root,
        .failure = failure,
        .last = *failure,
        .promise = trial_is_expectation(failure) || strcmp(failure->id, "end") == 0,
    };
    bool any = true;

    while (any && !work.over) {
        struct way way = {.depth = 0};

        any = false;
        while (cut_structure(&work)) {
            any = true;
        }
        any = cut_keys(&work, &way) || any;
        any = cut_numbers(&work, &way) || any;
    }
    *root = work.root;
    *result = (struct shrink_result){
        .failure = work.last,
        .tries = work.tries,
        .complete = !work.over,
    };
}

size_t shrink_count(const struct tree_node *root, const char *list)
{
    const struct tree_node *node = tree_value(root, list);

    return node == NULL || node->kind != TREE_LIST ? 0 : node->count;
}
