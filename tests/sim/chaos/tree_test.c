/* SPDX-License-Identifier: Apache-2.0 */
/* tree_test.c -- files read, cut and written again mean the same, less what was cut. */
#include "sim/chaos/tree.h"

#include "sim/report/memory.h"
#include "sim/scenario/scenario.h"

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static char *written(const struct tree_node *root)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = report_text_open(&text, &size);

    tree_write(stream, root, NULL);
    report_text_close(stream);
    return text;
}

/* What a scenario says in words, but for its question, which a tree does not keep. */
static char *meaning(const char *name, const char *text)
{
    struct scenario_errors errors = {.items = NULL};
    struct scenario *scenario = NULL;
    char *words = NULL;
    size_t size = 0;

    if (scenario_load_text(name, text, strlen(text), &scenario, &errors) != SCENARIO_OK) {
        fail_msg("%s: %s\n%s", name, errors.items[0].message, text);
    }
    scenario->question = "";
    FILE *stream = report_text_open(&words, &size);

    scenario_show(stream, scenario);
    report_text_close(stream);
    scenario_free(scenario);
    return words;
}

static char *slurp(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 100000);

    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, 99999, file) > 0);
    (void)fclose(file);
    return text;
}

/* The tests run at the top of the tree. */
static void every_scenario_means_the_same_when_written_again(void **unused)
{
    DIR *folder = opendir("scenarios");
    unsigned count = 0;

    (void)unused;
    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char path[300];

        if (strstr(entry->d_name, ".yaml") == NULL) {
            continue;
        }
        (void)snprintf(path, sizeof path, "scenarios/%s", entry->d_name);
        char *text = slurp(path);
        struct tree_node *root = tree_read(text, strlen(text));

        assert_non_null(root);
        char *again = written(root);
        char *before = meaning(path, text);
        char *after = meaning(path, again);

        assert_string_equal(before, after);
        tree_free(root);
        free(text);
        free(again);
        free(before);
        free(after);
        count++;
    }
    (void)closedir(folder);
    assert_true(count > 30);
}

static const char cluster[] = "hosts: {h1: {}, h2: {}, h3: {}}\n"
                              "networks: {n1: {hosts: [h1, h2, h3]}, n2: {hosts: [h3]}}\n"
                              "guests: {g1: {host: h1}, g2: {host: h3}}\n"
                              "steps:\n"
                              "  - {id: m1, move: g1, to: h2}\n"
                              "  - {id: m2, move: g2, to: h1}\n"
                              "  - {cancel: m2}\n"
                              "faults:\n"
                              "  - {when: {move: m2, phase: paused}, network: n1, reset: true}\n"
                              "  - {at: 1 s, host: h2, crash: true}\n"
                              "expect:\n"
                              "  - {move: m1, outcome: [completed]}\n"
                              "  - {move: m2, outcome: [failed]}\n"
                              "  - {guest: g2, on: [h1, h3]}\n";

static void removed_guest_takes_along_what_speaks_of_it(void **unused)
{
    struct tree_node *root = tree_read(cluster, strlen(cluster));

    (void)unused;
    tree_remove_name(root, "guests", "g2");
    char *text = written(root);

    assert_string_equal(
        text,
        "hosts:\n  h1: {}\n  h2: {}\n  h3: {}\n"
        "networks:\n  n1: {hosts: [h1, h2, h3]}\n  n2: {hosts: [h3]}\n"
        "guests:\n  g1: {host: h1}\n"
        "steps:\n  - {id: m1, move: g1, to: h2}\n"
        "faults:\n  - {at: 1 s, host: h2, crash: true}\n"
        "expect:\n  - {move: m1, outcome: [completed]}\n");
    tree_free(root);
    free(text);
}

static void removed_host_leaves_lists_and_takes_its_guest_along(void **unused)
{
    struct tree_node *root = tree_read(cluster, strlen(cluster));

    (void)unused;
    tree_remove_name(root, "hosts", "h3");
    char *text = written(root);

    assert_string_equal(
        text,
        "hosts:\n  h1: {}\n  h2: {}\n"
        "networks:\n  n1: {hosts: [h1, h2]}\n"
        "guests:\n  g1: {host: h1}\n"
        "steps:\n  - {id: m1, move: g1, to: h2}\n"
        "faults:\n  - {at: 1 s, host: h2, crash: true}\n"
        "expect:\n  - {move: m1, outcome: [completed]}\n");
    tree_free(root);
    free(text);
}

static void words_that_yaml_takes_for_something_else_are_quoted(void **unused)
{
    static const char text[] = "a: '>= 3'\nb: 'it''s'\nc: ['x, y', '', 80 %, <= 3 ms]\n";
    struct tree_node *root = tree_read(text, strlen(text));

    (void)unused;
    char *again = written(root);

    assert_string_equal(
        again, "a: '>= 3'\nb: it's\nc:\n  - 'x, y'\n  - ''\n  - 80 %\n  - <= 3 ms\n");
    struct tree_node *twice = tree_read(again, strlen(again));
    char *third = written(twice);

    assert_string_equal(again, third);
    tree_free(root);
    tree_free(twice);
    free(again);
    free(third);
}

static void what_is_no_mapping_is_no_tree(void **unused)
{
    (void)unused;
    assert_null(tree_read("- a\n- b\n", 8));
    assert_null(tree_read("{a: [", 5));
    assert_null(tree_read("", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scenario_means_the_same_when_written_again),
        cmocka_unit_test(removed_guest_takes_along_what_speaks_of_it),
        cmocka_unit_test(removed_host_leaves_lists_and_takes_its_guest_along),
        cmocka_unit_test(words_that_yaml_takes_for_something_else_are_quoted),
        cmocka_unit_test(what_is_no_mapping_is_no_tree),
    };

    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
