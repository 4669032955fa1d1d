/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.c -- the doors: a file or a text in, a scenario or a list of errors out.
 *
 * Bytes -> yaml.c (tree) -> bind.c (records, each value checked) -> resolve_*.c (names, fleets,
 * sums).  The only longjmp of the project ends here: it is how the arena says that memory has run
 * out.  Between setjmp and the jump nothing is owned but by the `load` below.
 */
#include "model/trace.h"
#include "sim/scenario/file.h"
#include "sim/scenario/resolve.h"
#include "sim/scenario/yaml.h"

#include <stdlib.h>
#include <string.h>

struct load {
    const char *name;
    const char *text;
    size_t size;
    struct scenario_arena arena;
    struct yaml_reader reader;
    struct parse parse;
    struct resolve resolve;
    struct scenario *scenario;
    jmp_buf exhausted;
};

/* The text behind `# Question:` among the comments at the top. */
static const char *find_question(struct load *load)
{
    static const char sign[] = "# Question:";
    const char *text = load->text;
    const char *end = text + load->size;
    while (text < end && (*text == '#' || *text == '\n' || *text == '\r')) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        line_end = line_end == NULL ? end : line_end;
        size_t length = (size_t)(line_end - text);
        if (length >= sizeof(sign) - 1 && memcmp(text, sign, sizeof(sign) - 1) == 0) {
            text += sizeof(sign) - 1;
            while (text < line_end && (*text == ' ' || *text == '\t')) {
                text++;
            }
            while (line_end > text && (line_end[-1] == '\r' || line_end[-1] == ' ')) {
                line_end--;
            }
            return arena_copy(&load->arena, text, (size_t)(line_end - text));
        }
        text = line_end < end ? line_end + 1 : end;
    }
    return "";
}

/* `busy_database` of `scenarios/busy_database.yaml` */
static const char *name_of_file(struct load *load)
{
    const char *slash = strrchr(load->name, '/');
    const char *base = slash == NULL ? load->name : slash + 1;
    const char *dot = strrchr(base, '.');
    return arena_copy(&load->arena, base, dot == NULL ? strlen(base) : (size_t)(dot - base));
}

static void read_root(struct load *load)
{
    struct scenario *scenario = load->scenario;
    const struct record *root = load->resolve.root;
    const struct value *name = record_value(root, "name");
    const struct value *end = record_value(root, "end");
    scenario->name = name->given && !name->bad ? name->text : name_of_file(load);
    scenario->question = find_question(load);
    scenario->seed = record_number(root, "seed");
    scenario->end = end->given ? (int64_t)end->number : SCENARIO_FOREVER;
}

static void build(struct load *load)
{
    struct scenario_arena *arena = &load->arena;
    struct yaml_node *tree = yaml_read(&load->reader, &load->parse, load->text, load->size);
    struct record *root =
        tree == NULL ? NULL : bind_record(&load->parse, tree, &scenario_table, "a scenario");
    if (root == NULL) {
        return;
    }
    struct scenario *scenario = arena_take(arena, 1, sizeof(*scenario));
    scenario->file = arena_copy(arena, load->name, strlen(load->name));
    scenario->traces = arena_take(arena, SCENARIO_TRACES_MAX, sizeof(struct model_trace *));
    scenario->fleets = arena_take(
        arena,
        record_value(root, "hosts")->count + record_value(root, "guests")->count,
        sizeof(*scenario->fleets));
    load->scenario = scenario;
    load->resolve = (struct resolve){
        .parse = &load->parse,
        .scenario = scenario,
        .root = root,
        .trace_paths = arena_take(arena, SCENARIO_TRACES_MAX, sizeof(char *)),
    };
    read_root(load);
    resolve_hosts(&load->resolve);
    resolve_networks(&load->resolve);
    resolve_guests(&load->resolve);
    resolve_steps(&load->resolve);
    resolve_faults(&load->resolve);
    resolve_expects(&load->resolve);
    /* The arena moves into itself: from here on the scenario owns it. */
    scenario->arena = arena_take(arena, 1, sizeof(*scenario->arena));
}

static void discard(struct load *load)
{
    for (size_t index = 0; load->scenario != NULL && index < load->scenario->trace_count; index++) {
        model_trace_destroy(load->scenario->traces[index]);
    }
    arena_release(&load->arena);
}

static enum scenario_status run(struct load *load, struct scenario **scenario_out)
{
    size_t before = load->parse.errors->count + load->parse.errors->suppressed;
    if (setjmp(load->exhausted) != 0) {
        yaml_close(&load->reader);
        resolve_close(&load->resolve);
        discard(load);
        return SCENARIO_OUT_OF_MEMORY;
    }
    build(load);
    yaml_close(&load->reader);
    resolve_close(&load->resolve);
    parse_errors_sort(load->parse.errors);
    if (load->parse.errors->count + load->parse.errors->suppressed != before) {
        discard(load);
        return SCENARIO_INVALID;
    }
    load->arena.exhausted = NULL;
    *load->scenario->arena = load->arena;
    *scenario_out = load->scenario;
    return SCENARIO_OK;
}

enum scenario_status scenario_load_text(
    const char *name,
    const void *text,
    size_t text_size,
    struct scenario **scenario_out,
    struct scenario_errors *errors)
{
    *scenario_out = NULL;
    struct load *load = calloc(1, sizeof(*load));
    if (load == NULL) {
        return SCENARIO_OUT_OF_MEMORY;
    }
    load->name = name;
    load->text = text;
    load->size = text_size;
    load->arena.exhausted = &load->exhausted;
    load->parse = (struct parse){.file = name, .arena = &load->arena, .errors = errors};
    enum scenario_status status = run(load, scenario_out);
    free(load);
    return status;
}

enum scenario_status
scenario_load(const char *path, struct scenario **scenario_out, struct scenario_errors *errors)
{
    size_t size = 0;
    const char *problem = NULL;
    *scenario_out = NULL;
    char *text = file_read(path, &size, &problem);
    if (text == NULL && problem == NULL) {
        return SCENARIO_OUT_OF_MEMORY;
    }
    if (text == NULL) {
        struct parse parse = {.file = path, .errors = errors};
        parse_error(&parse, (struct scenario_mark){0}, "cannot read it: %s", problem);
        return SCENARIO_INVALID;
    }
    enum scenario_status status = scenario_load_text(path, text, size, scenario_out, errors);
    free(text);
    return status;
}

void scenario_free(struct scenario *scenario)
{
    if (scenario == NULL) {
        return;
    }
    for (size_t index = 0; index < scenario->trace_count; index++) {
        model_trace_destroy(scenario->traces[index]);
    }
    struct scenario_arena arena = *scenario->arena; /* it lies in its own memory */
    arena_release(&arena);
}
