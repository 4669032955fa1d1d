/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snippets_test.c -- the YAML that documents tell people to copy is YAML, and a CI system finds in it what
 * it looks for. Tests run in the source folder.
 */
#include <libfyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

/* The n-th fence of YAML of the document, from 0; NULL: there are fewer. */
static char *snippet(const char *path, unsigned wanted)
{
    FILE *file = fopen(path, "r");
    char line[512];
    char *text = NULL;
    size_t size = 0;
    unsigned seen = 0;
    FILE *out = NULL;

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (out != NULL && strncmp(line, "```", 3) == 0) {
            break;
        }
        if (out != NULL) {
            (void)fputs(line, out);
        } else if (strcmp(line, "```yaml\n") == 0 && seen++ == wanted) {
            out = open_memstream(&text, &size);
            assert_non_null(out);
        }
    }
    (void)fclose(file);
    if (out != NULL) {
        (void)fclose(out);
    }
    return text;
}

static struct fy_document *parse(char *text)
{
    const struct fy_parse_cfg config = {.flags = FYPCF_QUIET};
    struct fy_document *document = fy_document_build_from_string(&config, text, FY_NT);

    assert_non_null(document);
    return document;
}

static struct fy_node *at(struct fy_document *document, const char *path)
{
    return fy_node_by_path(fy_document_root(document), path, FY_NT, FYNWF_DONT_FOLLOW);
}

static void github_finds_a_job_with_steps_that_run_or_use_something(void **unused)
{
    char *text = snippet("docs/ci.md", 0);

    (void)unused;
    assert_non_null(text);
    struct fy_document *document = parse(text);
    struct fy_node *steps = at(document, "/jobs/migrations/steps");

    assert_non_null(at(document, "/jobs/migrations/runs-on"));
    assert_non_null(steps);
    assert_true(fy_node_is_sequence(steps));
    for (int i = 0; i < fy_node_sequence_item_count(steps); i++) {
        struct fy_node *step = fy_node_sequence_get_by_index(steps, i);

        assert_true(fy_node_is_mapping(step));
        assert_true(
            (fy_node_mapping_lookup_by_string(step, "run", FY_NT) != NULL) !=
            (fy_node_mapping_lookup_by_string(step, "uses", FY_NT) != NULL));
    }
    fy_document_destroy(document);
    free(text);
}

static void gitlab_finds_a_script_of_lines_and_its_reports(void **unused)
{
    static const char *const lists[] = {"/migrations/before_script", "/migrations/script"};
    char *text = snippet("docs/ci.md", 1);

    (void)unused;
    assert_non_null(text);
    struct fy_document *document = parse(text);

    for (unsigned list = 0; list < 2; list++) {
        struct fy_node *script = at(document, lists[list]);

        assert_non_null(script);
        for (int i = 0; i < fy_node_sequence_item_count(script); i++) {
            /* a line with ": " in it would be a mapping */
            assert_true(fy_node_is_scalar(fy_node_sequence_get_by_index(script, i)));
        }
    }
    assert_non_null(at(document, "/migrations/artifacts/reports/junit"));
    fy_document_destroy(document);
    free(text);
}

static void there_is_nothing_else_to_copy(void **unused)
{
    (void)unused;
    assert_null(snippet("docs/ci.md", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(github_finds_a_job_with_steps_that_run_or_use_something),
        cmocka_unit_test(gitlab_finds_a_script_of_lines_and_its_reports),
        cmocka_unit_test(there_is_nothing_else_to_copy),
    };
    return cmocka_run_group_tests_name("report/snippets", tests, NULL, NULL);
}
