/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reference_test.c -- docs/scenarios.md says what the parser does.
 *
 * Run from the top of the tree.  `reference_test --accept` writes the reference part anew; the
 * difference is then for people to read.
 */
#include "ferry/source.h"
#include "ferry/target.h"
#include "fixture.h"
#include "sim/scenario/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENT "docs/scenarios.md"

static const char begin_sign[] = "<!-- reference: begin -->\n";
static const char end_sign[] = "<!-- reference: end -->\n";

static char *read_document(void)
{
    FILE *file = fopen(DOCUMENT, "r");
    assert_non_null(file);
    char *text = NULL;
    size_t size = 0;
    FILE *copy = open_memstream(&text, &size);
    for (int letter = fgetc(file); letter != EOF; letter = fgetc(file)) {
        (void)fputc(letter, copy);
    }
    (void)fclose(copy);
    (void)fclose(file);
    return text;
}

static char *written_reference(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    scenario_reference(stream);
    (void)fclose(stream);
    return text;
}

static void the_document_has_the_reference_of_the_tables(void **unused)
{
    (void)unused;
    char *document = read_document();
    char *reference = written_reference();
    char *begin = strstr(document, begin_sign);
    assert_non_null(begin);
    begin += strlen(begin_sign);
    char *end = strstr(begin, end_sign);
    assert_non_null(end);

    bool same = (size_t)(end - begin) == strlen(reference) &&
                strncmp(begin, reference, strlen(reference)) == 0;

    if (!same) {
        print_error("%s is behind the tables; run this test with --accept\n", DOCUMENT);
    }
    assert_true(same);
    free(document);
    free(reference);
}

static int accept_reference(void)
{
    char *document = read_document();
    char *reference = written_reference();
    char *begin = strstr(document, begin_sign);
    char *end = begin == NULL ? NULL : strstr(begin, end_sign);
    FILE *file = end == NULL ? NULL : fopen(DOCUMENT, "w");
    int failed = file == NULL;
    if (file != NULL) {
        size_t before = (size_t)(begin - document) + strlen(begin_sign);
        failed = fwrite(document, 1, before, file) != before || fputs(reference, file) == EOF ||
                 fputs(end, file) == EOF;
        failed = fclose(file) != 0 || failed;
    }
    free(document);
    free(reference);
    return failed;
}

/* The text between the first fence of YAML and its end: the example which opens the document. */
static void the_first_example_of_the_document_is_good(void **unused)
{
    (void)unused;
    char *document = read_document();
    char *example = strstr(document, "```yaml\n");
    assert_non_null(example);
    example += strlen("```yaml\n");
    char *end = strstr(example, "```");
    assert_non_null(end);
    *end = '\0';

    struct scenario *scenario = load_good(example);

    assert_string_equal(scenario->name, "busy database on 10G");
    scenario_free(scenario);
    free(document);
}

static void the_time_outs_are_the_defaults_of_the_engine(void **unused)
{
    (void)unused;
    struct scenario *scenario = load_good("version: 1\nhosts: {h1: {memory: 1 GiB}}\n");
    const struct scenario_timeouts *timeouts = &scenario->hosts[0].timeouts;
    struct ferry_source_config source = ferry_source_config_default();
    struct ferry_target_config target = ferry_target_config_default();

    assert_int_equal(timeouts->silence, source.silence_limit);
    assert_int_equal(timeouts->connect, source.connect_limit);
    assert_int_equal(timeouts->reconnect, source.reconnect_limit);
    assert_int_equal(timeouts->probe, source.probe_interval);
    assert_int_equal(timeouts->action, source.action_limit);
    assert_int_equal(timeouts->action, target.action_limit);
    assert_int_equal(timeouts->unknown, source.unknown_after);
    assert_int_equal(timeouts->orphan, target.orphan_limit);
    assert_int_equal(timeouts->hold, target.hold_limit);
    scenario_free(scenario);
}

static void the_options_of_a_move_are_the_defaults_of_the_engine(void **unused)
{
    (void)unused;
    struct scenario *scenario = load_good(SMALL_CLUSTER "steps: [{at: 1 s, move: db1, to: h2}]\n");
    const struct scenario_move_options *options = &scenario->steps[0].options;
    struct ferry_source_config source = ferry_source_config_default();

    assert_int_equal(options->mode, source.mode);
    assert_int_equal(options->on_no_convergence, source.on_no_convergence);
    assert_int_equal(options->blackout_limit, source.blackout_limit);
    assert_int_equal(options->give_up_after, source.give_up_after);
    assert_int_equal(options->streams, source.streams);
    assert_int_equal(options->bandwidth_cap, source.bandwidth_cap);
    assert_int_equal(options->batch, source.batch_time);
    scenario_free(scenario);
}

static void rules_and_outcomes_have_the_names_of_the_engine(void **unused)
{
    (void)unused;
    for (unsigned rule = FERRY_RULE_STOP_AND_COPY; rule <= FERRY_RULE_SWITCH_ANYWAY; rule++) {
        assert_string_equal(
            key_word_name(rule_words, rule), ferry_rule_name((enum ferry_rule)rule));
    }
    for (unsigned kind = FERRY_OUTCOME_COMPLETED; kind <= FERRY_OUTCOME_UNKNOWN; kind++) {
        assert_string_equal(
            key_word_name(outcome_words, kind), ferry_outcome_name((enum ferry_outcome_kind)kind));
    }
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "--accept") == 0) {
        return accept_reference();
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_has_the_reference_of_the_tables),
        cmocka_unit_test(the_first_example_of_the_document_is_good),
        cmocka_unit_test(the_time_outs_are_the_defaults_of_the_engine),
        cmocka_unit_test(the_options_of_a_move_are_the_defaults_of_the_engine),
        cmocka_unit_test(rules_and_outcomes_have_the_names_of_the_engine),
    };
    return cmocka_run_group_tests_name("scenario/reference", tests, NULL, NULL);
}
