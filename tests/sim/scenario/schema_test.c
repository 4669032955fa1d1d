/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema_test.c -- the JSON Schema allows what the parser allows, as far as a schema can.
 *
 * Run from the top of the tree: every file of scenarios/ is read by the parser and allowed by the
 * schema; and slips which an editor should underline are refused by it.
 */
#include "fixture.h"
#include "json_schema.h"
#include "sim/scenario/walk.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *read_schema(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    assert_true(scenario_schema(stream));
    (void)fclose(stream);
    json_error_t error;
    json_t *schema = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    free(text);
    assert_non_null(schema);
    return schema;
}

static bool allowed(json_t *schema, const char *text)
{
    json_t *value = yaml_as_json(text, strlen(text));
    assert_non_null(value);
    bool good = json_schema_allows(schema, schema, value);
    json_decref(value);
    return good;
}

static void the_schema_names_its_version_and_every_table(void **unused)
{
    (void)unused;
    json_t *schema = read_schema();
    struct table_list list;
    walk_tables(&list);

    assert_string_equal(
        json_string_value(json_object_get(schema, "$schema")),
        "https://json-schema.org/draft/2020-12/schema");
    json_t *definitions = json_object_get(schema, "$defs");
    assert_int_equal(json_object_size(definitions), list.count - 1); /* no two have one name */
    for (size_t index = 1; index < list.count; index++) {
        json_t *definition = json_object_get(definitions, list.tables[index]->name);
        assert_non_null(definition);
        assert_non_null(json_object_get(definition, "description"));
    }
    json_decref(schema);
}

static void every_key_is_described_and_its_default_is_allowed(void **unused)
{
    (void)unused;
    json_t *schema = read_schema();
    struct table_list list;
    walk_tables(&list);
    for (size_t index = 0; index < list.count; index++) {
        const struct table *table = list.tables[index];
        json_t *definition =
            index == 0 ? schema : json_object_get(json_object_get(schema, "$defs"), table->name);
        for (const struct key *key = table->keys; key != NULL && key->name != NULL; key++) {
            json_t *properties = json_object_get(definition, "properties");
            json_t *property = json_object_get(properties, key->name);
            assert_non_null(json_object_get(property, "description"));
            json_t *fallback = json_object_get(property, "default");
            assert_int_equal(fallback != NULL, key->fallback != NULL);
            assert_true(fallback == NULL || json_schema_allows(schema, property, fallback));
        }
    }
    json_decref(schema);
}

#define MOVE "steps: [{at: 5 s, move: db1, to: h2}]\n"

static void slips_are_refused_by_the_schema(void **unused)
{
    (void)unused;
    static const char *const slips[] = {
        "hosts: {h1: {memory: 1 GiB}}\n",
        "version: 2\nhosts: {h1: {memory: 1 GiB}}\n",
        SMALL_CLUSTER "sede: 1\n",
        SMALL_CLUSTER "end: 5\n",
        SMALL_CLUSTER "end: 5 GiB\n",
        SMALL_CLUSTER "seed: -1\n",
        SMALL_CLUSTER "steps: [{move: db1, to: h2}]\n",
        SMALL_CLUSTER "steps: [{at: 1 s, when: {move: db1, phase: paused}, move: db1, to: h2}]\n",
        SMALL_CLUSTER "steps: [{at: 1 s, move: db1}]\n",
        SMALL_CLUSTER "steps: [{at: 1 s, move: db1, to: h2, mode: pre-copy}]\n",
        SMALL_CLUSTER "steps: [{at: 1 s, move: db1, to: h2, streams: 65}]\n",
        SMALL_CLUSTER "steps: [{at: 1 s, cancel: db1, to: h2}]\n",
        SMALL_CLUSTER "faults: [{at: 1 s, host: h1}]\n",
        SMALL_CLUSTER "faults: [{at: 1 s, network: lan, down_for: 2 s, reset: true}]\n",
        SMALL_CLUSTER "faults: [{at: 1 s, host: h1, crash: false}]\n",
        SMALL_CLUSTER "faults: [{at: 1 s, network: lan, bandwidth: 10 GiB}]\n",
        SMALL_CLUSTER MOVE "expect: [{move: db1, outcome: done}]\n",
        SMALL_CLUSTER MOVE "expect: [{move: db1, blackout: <= 300}]\n",
        SMALL_CLUSTER MOVE "expect: [{move: db1, rounds: -1}]\n",
        "version: 1\nhosts: {h1: {memory: 1 GiB, costs: free}}\n",
        "version: 1\nhosts: {h 1: {memory: 1 GiB}}\n",
    };
    json_t *schema = read_schema();
    assert_true(allowed(schema, SMALL_CLUSTER MOVE));
    for (size_t index = 0; index < sizeof(slips) / sizeof(slips[0]); index++) {
        if (allowed(schema, slips[index])) {
            print_error("allowed:\n%s\n", slips[index]);
        }
        assert_false(allowed(schema, slips[index]));
        free(load_bad(slips[index])); /* and by the parser */
    }
    json_decref(schema);
}

static char *read_file(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *copy = open_memstream(&text, &size);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (int letter = fgetc(file); letter != EOF; letter = fgetc(file)) {
        (void)fputc(letter, copy);
    }
    (void)fclose(file);
    (void)fclose(copy);
    return text;
}

static void every_scenario_is_good_and_allowed_and_asks_a_question(void **unused)
{
    (void)unused;
    json_t *schema = read_schema();
    glob_t files;
    assert_int_equal(glob("scenarios/*.yaml", 0, NULL, &files), 0);
    for (size_t index = 0; index < files.gl_pathc; index++) {
        const char *path = files.gl_pathv[index];
        struct scenario_errors errors = {0};
        struct scenario *scenario = NULL;
        enum scenario_status status = scenario_load(path, &scenario, &errors);
        for (size_t error = 0; error < errors.count; error++) {
            print_error("%s\n", errors.items[error].message);
        }
        scenario_errors_free(&errors);
        assert_int_equal(status, SCENARIO_OK);
        assert_true(strlen(scenario->question) > 0);
        char *text = read_file(path);
        if (!allowed(schema, text)) {
            print_error("the schema does not allow %s\n", path);
        }
        assert_true(allowed(schema, text));
        assert_memory_equal(text, "# Question: ", strlen("# Question: "));
        free(text);
        scenario_free(scenario);
    }
    assert_true(files.gl_pathc >= 20);
    globfree(&files);
    json_decref(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schema_names_its_version_and_every_table),
        cmocka_unit_test(every_key_is_described_and_its_default_is_allowed),
        cmocka_unit_test(slips_are_refused_by_the_schema),
        cmocka_unit_test(every_scenario_is_good_and_allowed_and_asks_a_question),
    };
    return cmocka_run_group_tests_name("scenario/schema", tests, NULL, NULL);
}
