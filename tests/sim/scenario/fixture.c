/* SPDX-License-Identifier: Apache-2.0 */
/* fixture.c -- one scenario text, read; its errors as one text. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scenario *load_good(const char *text)
{
    struct scenario_errors errors = {0};
    struct scenario *scenario = NULL;
    enum scenario_status status =
        scenario_load_text("s.yaml", text, strlen(text), &scenario, &errors);
    for (size_t index = 0; index < errors.count; index++) {
        print_error("%s\n", errors.items[index].message);
    }
    scenario_errors_free(&errors);
    assert_int_equal(status, SCENARIO_OK);
    assert_non_null(scenario);
    return scenario;
}

char *load_bad(const char *text)
{
    struct scenario_errors errors = {0};
    struct scenario *scenario = NULL;
    enum scenario_status status =
        scenario_load_text("s.yaml", text, strlen(text), &scenario, &errors);
    assert_int_equal(status, SCENARIO_INVALID);
    assert_null(scenario);
    char *joined = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&joined, &size);
    assert_non_null(stream);
    for (size_t index = 0; index < errors.count; index++) {
        const char *message = errors.items[index].message;
        assert_memory_equal(message, "s.yaml:", strlen("s.yaml:"));
        (void)fprintf(stream, "%s%s", index == 0 ? "" : "\n", message + strlen("s.yaml:"));
    }
    (void)fclose(stream);
    scenario_errors_free(&errors);
    return joined;
}

bool tells(const char *text, const char *expected)
{
    char *told = load_bad(text);
    bool same = strcmp(told, expected) == 0;
    if (!same) {
        print_error("for the text:\n%s\nexpected:\n%s\ntold:\n%s\n\n", text, expected, told);
    }
    free(told);
    return same;
}

char *written_by_show(const struct scenario *scenario)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    scenario_show(stream, scenario);
    (void)fclose(stream);
    return text;
}
