/* SPDX-License-Identifier: Apache-2.0 */
/* walk.c -- from table to table. */
#include "sim/scenario/walk.h"

#include <assert.h>
#include <string.h>

static bool contains(const struct table_list *list, const struct table *table)
{
    for (size_t index = 0; index < list->count; index++) {
        if (list->tables[index] == table) {
            return true;
        }
    }
    return false;
}

static void add(struct table_list *list, const struct table *table)
{
    if (!contains(list, table)) {
        assert(list->count < TABLES_MAX);
        list->tables[list->count++] = table;
    }
}

void walk_tables(struct table_list *list)
{
    *list = (struct table_list){0};
    add(list, &scenario_table);
    for (size_t index = 0; index < list->count; index++) {
        const struct table *table = list->tables[index];
        for (size_t variant = 0; table->variants != NULL && table->variants[variant] != NULL;
             variant++) {
            add(list, table->variants[variant]);
        }
        for (const struct key *key = table->keys; key != NULL && key->name != NULL; key++) {
            if (key->table != NULL) {
                add(list, key->table);
            }
        }
    }
}

bool is_common_key(const struct table *choice, const struct key *key)
{
    for (size_t index = 0; choice->variants[index] != NULL; index++) {
        const struct key *other = table_find(choice->variants[index], key->name);
        if (other == NULL || strcmp(other->help, key->help) != 0) {
            return false;
        }
    }
    return true;
}

const struct table *choice_of(const struct table_list *list, const struct table *table)
{
    for (size_t index = 0; index < list->count; index++) {
        const struct table *choice = list->tables[index];
        for (size_t variant = 0; choice->variants != NULL && choice->variants[variant] != NULL;
             variant++) {
            if (choice->variants[variant] == table) {
                return choice;
            }
        }
    }
    return NULL;
}

const char *key_type_name(enum key_type type)
{
    static const char *const names[] = {
        [KEY_TEXT] = "text",
        [KEY_NAME] = "name",
        [KEY_FILE] = "path",
        [KEY_TRUE] = "`true`",
        [KEY_WORD] = "word",
        [KEY_WORDS] = "word or list",
        [KEY_COUNT] = "number",
        [KEY_TIME] = "time",
        [KEY_SIZE] = "size",
        [KEY_BANDWIDTH] = "bandwidth",
        [KEY_FLOW] = "bandwidth",
        [KEY_RATE] = "rate",
        [KEY_SHARE] = "share",
        [KEY_HOST] = "host",
        [KEY_NETWORK] = "network",
        [KEY_GUEST] = "guest",
        [KEY_MOVE] = "migration",
        [KEY_DRAIN] = "drain",
        [KEY_HOSTS] = "host or list",
        [KEY_NETWORKS] = "network or list",
        [KEY_BOUND_COUNT] = "bound on a number",
        [KEY_BOUND_TIME] = "bound on a time",
        [KEY_BOUND_SIZE] = "bound on a size",
        [KEY_MAP] = "mapping",
        [KEY_NAMED] = "mapping of names",
        [KEY_LIST] = "list",
    };
    return names[type];
}
