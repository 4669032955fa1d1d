/* SPDX-License-Identifier: Apache-2.0 */
/* limits_test.c -- files that are too large, too deep or too many, and memory that runs out. */
#include "fixture.h"
#include "sim/scenario/diagnose.h"
#include "sim/scenario/resolve.h"
#include "sim/scenario/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `before`, then `piece` so many times, then `after`; to be freed. */
static char *repeated(const char *before, const char *piece, size_t times, const char *after)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    (void)fputs(before, stream);
    for (size_t index = 0; index < times; index++) {
        (void)fputs(piece, stream);
    }
    (void)fputs(after, stream);
    (void)fclose(stream);
    return text;
}

static void assert_told(char *text, const char *expected)
{
    assert_true(tells(text, expected));
    free(text);
}

static void a_file_over_the_size_limit_is_not_read(void **unused)
{
    (void)unused;
    assert_told(
        repeated("# ", "x", YAML_SIZE_MAX, "\n"),
        "1:1: the file is too large for a scenario, the limit is 1048576 bytes");
}

static void brackets_without_end_stop_at_the_depth_limit(void **unused)
{
    (void)unused;
    assert_told(
        repeated("", "[", 100000, ""),
        "1:25: lists and mappings are nested too deeply for a scenario");
    assert_told(
        repeated("", "{a: ", 100000, ""),
        "1:97: lists and mappings are nested too deeply for a scenario");
}

static void a_list_without_end_stops_at_the_node_limit(void **unused)
{
    (void)unused;
    assert_told(
        repeated("steps: [", "1,", 200000, "]"),
        "1:200003: the file has too many values for a scenario");
}

static void aliases_are_never_expanded(void **unused)
{
    (void)unused;
    /* The classic: each line would be ten times the one before. */
    char *told = load_bad("version: 1\n"
                          "a: &a [x, x]\n"
                          "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
                          "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n");
    assert_non_null(strstr(told, "2:7: anchors (&name) are not read"));
    assert_non_null(strstr(told, "4:8: aliases (*name) are not read"));
    free(told);
}

static void errors_beyond_the_limit_are_counted(void **unused)
{
    (void)unused;
    char *text = repeated("version: 1\nhosts: {h1: {memory: 1 GiB}}\nsteps:\n", "  - x\n", 250, "");
    struct scenario_errors errors = {0};
    struct scenario *scenario = NULL;

    assert_int_equal(
        scenario_load_text("s.yaml", text, strlen(text), &scenario, &errors), SCENARIO_INVALID);

    assert_int_equal(errors.count, SCENARIO_ERRORS_MAX);
    assert_int_equal(errors.suppressed, 250 - SCENARIO_ERRORS_MAX);
    scenario_errors_free(&errors);
    free(text);
}

static void fleets_over_the_limit_are_refused(void **unused)
{
    (void)unused;
    assert_true(tells(
        "version: 1\nhosts: {h: {memory: 1 TiB}}\nguests:\n"
        "  a: {count: 60000, host: h, memory: 4 KiB}\n"
        "  b: {count: 60000, host: h, memory: 4 KiB}\n",
        "4:3: 120000 guests, the limit is 100000"));
    char *many = repeated(
        "version: 1\nhosts: {h1: {memory: 1 TiB}, h2: {memory: 1 TiB}}\n"
        "networks: {n: {hosts: [h1, h2], bandwidth: 1 Gbit/s}}\n"
        "guests: {vm: {count: 60000, host: h1, memory: 4 KiB}}\nsteps:\n",
        "  - {at: 1 s, move: vm, to: h2}\n",
        2,
        "");
    assert_told(many, "7:5: more than 100000 steps, counting each guest of a fleet");
    many = repeated(
        "version: 1\nhosts: {h1: {memory: 1 TiB}}\n"
        "guests: {vm: {count: 90000, host: h1, memory: 4 KiB}}\nexpect:\n",
        "  - {guest: vm, on: h1}\n",
        2,
        "  - {guest: vm, on: h1}\n");
    char *told = load_bad(many);
    assert_non_null(
        strstr(told, "7:5: more than 200000 expectations, counting each guest of a fleet"));
    free(told);
    free(many);
}

static void lists_of_hosts_are_bounded_all_together(void **unused)
{
    (void)unused;
    assert_told(
        repeated(
            "version: 1\nhosts: {h: {count: 4000, memory: 1 GiB}}\n"
            "guests: {vm: {host: h1, memory: 4 KiB}}\nexpect:\n",
            "  - {guest: vm, on: h}\n",
            1001,
            ""),
        "1005:21: the file names too many hosts in its lists");
}

static void every_network_counts(void **unused)
{
    (void)unused;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    (void)fputs("version: 1\nhosts: {h1: {memory: 1 GiB}}\nnetworks:\n", stream);
    for (size_t index = 0; index <= SCENARIO_NETWORKS_MAX; index++) {
        (void)fprintf(stream, "  n%zu: {hosts: h1, bandwidth: 1 Gbit/s}\n", index);
    }
    (void)fclose(stream);
    assert_told(text, "4:3: 65 networks, the limit is 64");
}

static void names_and_texts_are_bounded(void **unused)
{
    (void)unused;
    assert_told(
        repeated("version: 1\nhosts: {", "a", 64, ": {memory: 1 GiB}}\n"),
        "2:9: hosts: a name has letters, digits, '-', '_' and '.', at most 63 of them");
    assert_told(
        repeated("version: 1\nhosts: {h: {memory: 1 GiB}}\nname: ", "a", 1025, "\n"),
        "3:7: name: the text is too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_over_the_size_limit_is_not_read),
        cmocka_unit_test(brackets_without_end_stop_at_the_depth_limit),
        cmocka_unit_test(a_list_without_end_stops_at_the_node_limit),
        cmocka_unit_test(aliases_are_never_expanded),
        cmocka_unit_test(errors_beyond_the_limit_are_counted),
        cmocka_unit_test(fleets_over_the_limit_are_refused),
        cmocka_unit_test(lists_of_hosts_are_bounded_all_together),
        cmocka_unit_test(every_network_counts),
        cmocka_unit_test(names_and_texts_are_bounded),
    };
    return cmocka_run_group_tests_name("scenario/limits", tests, NULL, NULL);
}
