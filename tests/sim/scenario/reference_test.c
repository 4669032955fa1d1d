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

/* A part of the document that the program writes itself, between two signs. */
struct part {
    const char *begin;
    const char *end;
    void (*write)(FILE *out);
};

static const struct part parts[] = {
    {"<!-- reference: begin -->\n", "<!-- reference: end -->\n", scenario_reference},
    {"<!-- catalogue: begin -->\n", "<!-- catalogue: end -->\n", scenario_catalogue},
};

#define PARTS (sizeof parts / sizeof parts[0])

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

static char *written(const struct part *part)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    part->write(stream);
    (void)fclose(stream);
    return text;
}

/* Where the part is in the document, without its signs. */
static bool find(const struct part *part, const char *document, size_t *first, size_t *size)
{
    const char *begin = strstr(document, part->begin);
    const char *end = begin == NULL ? NULL : strstr(begin, part->end);
    if (end == NULL) {
        return false;
    }
    begin += strlen(part->begin);
    *first = (size_t)(begin - document);
    *size = (size_t)(end - begin);
    return true;
}

static void the_document_has_the_parts_that_the_tables_write(void **unused)
{
    (void)unused;
    char *document = read_document();
    for (size_t i = 0; i < PARTS; i++) {
        char *text = written(&parts[i]);
        size_t first = 0;
        size_t size = 0;
        assert_true(find(&parts[i], document, &first, &size));
        bool same = size == strlen(text) && strncmp(document + first, text, size) == 0;
        if (!same) {
            print_error("%s is behind the tables; run this test with --accept\n", DOCUMENT);
        }
        assert_true(same);
        free(text);
    }
    free(document);
}

static bool replace(const struct part *part)
{
    char *document = read_document();
    char *text = written(part);
    size_t first = 0;
    size_t size = 0;
    FILE *file = find(part, document, &first, &size) ? fopen(DOCUMENT, "w") : NULL;
    bool done = file != NULL;
    if (file != NULL) {
        done = fwrite(document, 1, first, file) == first && fputs(text, file) != EOF &&
               fputs(document + first + size, file) != EOF;
        done = fclose(file) == 0 && done;
    }
    free(document);
    free(text);
    return done;
}

static int accept_parts(void)
{
    for (size_t i = 0; i < PARTS; i++) {
        if (!replace(&parts[i])) {
            return 1;
        }
    }
    return 0;
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
        return accept_parts();
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_has_the_parts_that_the_tables_write),
        cmocka_unit_test(the_first_example_of_the_document_is_good),
        cmocka_unit_test(the_time_outs_are_the_defaults_of_the_engine),
        cmocka_unit_test(the_options_of_a_move_are_the_defaults_of_the_engine),
        cmocka_unit_test(rules_and_outcomes_have_the_names_of_the_engine),
    };
    return cmocka_run_group_tests_name("scenario/reference", tests, NULL, NULL);
}
