/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve_profile.c -- the costs of a real host out of a file of its own, which several scenarios name.
 *
 * The file is read by the same tables and told of in the same words as a scenario; its path is
 * relative to the scenario's. Errors in it carry its own name and place.
 */
#include "sim/scenario/file.h"
#include "sim/scenario/keys_cluster.h"
#include "sim/scenario/resolve.h"

#include <stdlib.h>
#include <string.h>

const char *resolve_beside(struct resolve *resolve, const char *path)
{
    const char *file = resolve->parse->file;
    const char *slash = strrchr(file, '/');
    if (path[0] == '/' || slash == NULL) {
        return path;
    }
    return arena_format(resolve->parse->arena, "%.*s/%s", (int)(slash - file), file, path);
}

void resolve_close(struct resolve *resolve)
{
    yaml_close(&resolve->profile_reader);
    free(resolve->profile_text);
    resolve->profile_text = NULL;
}

const struct record *resolve_profile(struct resolve *resolve, const struct value *value)
{
    const char *path = resolve_beside(resolve, value->text);
    const char *problem = NULL;
    size_t size = 0;
    resolve_close(resolve);
    resolve->profile_text = file_read(path, &size, &problem);
    if (resolve->profile_text == NULL) {
        parse_error(
            resolve->parse,
            value->mark,
            "profile: cannot read '%s': %s",
            path,
            problem == NULL ? "out of memory" : problem);
        return NULL;
    }
    struct parse parse = *resolve->parse;
    parse.file = path;
    const size_t before = parse.errors->count + parse.errors->suppressed;
    resolve->profile_reader = (struct yaml_reader){0};
    const struct yaml_node *tree =
        yaml_read(&resolve->profile_reader, &parse, resolve->profile_text, size);
    const struct record *root =
        tree == NULL ? NULL : bind_record(&parse, tree, &profile_table, "a profile");
    const bool told = parse.errors->count + parse.errors->suppressed != before;
    resolve_close(resolve);
    if (root == NULL || told) {
        return NULL;
    }
    return record_value(root, "costs")->record;
}
