/* SPDX-License-Identifier: Apache-2.0 */
/*
 * documents_test.c -- JSON, JUnit XML and timeline as others read them.
 *
 * The shape of the JSON is held against the table in docs/json.md, in both directions: a key that is
 * not described fails, and so does a description without a key. Tests run in the source folder.
 */
#include "sample.h"
#include "sim/cli/tally.h"
#include "sim/report/junit.h"
#include "sim/report/run_json.h"
#include "sim/report/timeline.h"

#include <ctype.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct environment environment = {
    .ferry = "0.1.0",
    .architecture = "x86_64",
    .simgrid = "3.32.0",
    .commit = "1f5db61c2a04",
};

/* A report as the parent has it after the child handed it over. */
static void make_report(struct sample *sample, struct run_report *report)
{
    const struct report_wishes wishes = {.details = true, .timeline = true, .columns = 120};
    FILE *package = tmpfile();

    assert_true(report_pack(package, &sample->result, &wishes));
    run_report_init(report, sample->scenario, sample->result.seed);
    assert_true(report_unpack(package, report));
    (void)fclose(package);
}

static char *document_of(const struct run_report *report)
{
    FILE *stream = sample_open();

    run_json_document(stream, &environment, report, 1, false);
    return sample_take(stream);
}

/* ---- the shape ---- */

#define PATHS_MAX 128
#define PATH_SIZE 128

struct shape {
    char paths[PATHS_MAX][PATH_SIZE];
    char types[PATHS_MAX][PATH_SIZE];
    bool seen[PATHS_MAX];
    size_t count;
};

/* Rows `| `path` | type | ...` below this heading. */
static void read_documentation(struct shape *shape, const char *heading)
{
    FILE *file = fopen("docs/json.md", "r");
    char line[512];
    bool here = false;

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "## ", 3) == 0) {
            here = strcmp(line, heading) == 0;
        }
        if (here && sscanf(
                        line,
                        "| `%127[^`]` | %127[^|]",
                        shape->paths[shape->count],
                        shape->types[shape->count]) == 2) {
            shape->types[shape->count][strcspn(shape->types[shape->count], "|")] = '\0';
            shape->count++;
            assert_true(shape->count < PATHS_MAX);
        }
    }
    (void)fclose(file);
    assert_true(shape->count > 20);
}

static bool is_of_type(const json_t *value, const char *type)
{
    return (strstr(type, "null") != NULL && json_is_null(value)) ||
           (strstr(type, "integer") != NULL && json_is_integer(value)) ||
           (strstr(type, "seconds") != NULL && json_is_real(value)) ||
           (strstr(type, "string") != NULL && json_is_string(value)) ||
           (strstr(type, "boolean") != NULL && json_is_boolean(value)) ||
           (strstr(type, "object") != NULL && json_is_object(value));
}

/* Values that are still to be looked at, with their paths. */
struct pending {
    struct {
        char path[PATH_SIZE];
        json_t *value;
    } items[PATHS_MAX];
    size_t count;
};

static void push(struct pending *pending, json_t *value, const char *path, const char *member)
{
    assert_true(pending->count < PATHS_MAX);
    (void)snprintf(
        pending->items[pending->count].path,
        PATH_SIZE,
        "%.60s%s%.60s",
        path,
        path[0] == '\0' || member[0] == '[' ? "" : ".",
        member);
    pending->items[pending->count++].value = value;
}

static size_t find_path(const struct shape *shape, const char *path)
{
    size_t i = 0;

    while (i < shape->count && strcmp(shape->paths[i], path) != 0) {
        i++;
    }
    return i;
}

/* `*` stands for any member. */
static size_t find_described(const struct shape *shape, const char *path)
{
    const size_t found = find_path(shape, path);
    const char *dot = strrchr(path, '.');
    char any[PATH_SIZE];

    if (found < shape->count || dot == NULL) {
        return found;
    }
    (void)snprintf(any, sizeof any, "%.*s.*", (int)(dot - path), path);
    return find_path(shape, any);
}

static void check_value(struct shape *shape, const char *path, const json_t *value)
{
    const size_t i = find_described(shape, path);

    if (i == shape->count) {
        fail_msg("%s is not described in docs/json.md", path);
    } else if (!is_of_type(value, shape->types[i])) {
        fail_msg("%s is not of the type %s", path, shape->types[i]);
    }
    shape->seen[i] = true;
}

static void push_members(struct pending *pending, json_t *object, const char *path)
{
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        push(pending, json_object_iter_value(at), path, json_object_iter_key(at));
    }
}

static void check_document(struct shape *shape, json_t *document)
{
    struct pending pending = {.count = 0};

    push_members(&pending, document, "");
    while (pending.count > 0) {
        json_t *value = pending.items[--pending.count].value;
        char path[PATH_SIZE];

        (void)snprintf(path, sizeof path, "%s", pending.items[pending.count].path);
        if (json_is_array(value)) {
            for (size_t i = 0; i < json_array_size(value); i++) {
                push(&pending, json_array_get(value, i), path, "[]");
            }
            continue;
        }
        check_value(shape, path, value);
        if (json_is_object(value)) {
            push_members(&pending, value, path);
        }
    }
}

static void require_all_seen(const struct shape *shape)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (!shape->seen[i]) {
            fail_msg("%s is described in docs/json.md and not written", shape->paths[i]);
        }
    }
}

static void json_has_the_documented_shape(void **unused)
{
    static struct shape shape;
    struct sample sample;
    struct run_report report;

    (void)unused;
    read_documentation(&shape, "## run\n");
    sample_make(&sample, "");
    sample_events(&sample, 20);
    sim_result_fail(&sample.result, "I3", 1, 0, "differs");
    make_report(&sample, &report);
    char *text = document_of(&report);
    json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(document);
    check_document(&shape, document);
    require_all_seen(&shape);
    json_decref(document);
    free(text);
    run_report_deinit(&report);
    sample_free(&sample);
}

/* ---- chaos and sweep ---- */

static const char *no_name(unsigned row)
{
    return row == 0 ? "nothing" : "crash";
}

/* VERB and NOUN of the table, as this command has them. */
static void put_words(struct shape *shape, const char *verb, const char *noun)
{
    for (size_t i = 0; i < shape->count; i++) {
        char path[PATH_SIZE];
        const char *rest = shape->paths[i];

        if (strncmp(rest, "VERB", 4) != 0) {
            continue;
        }
        rest += 4;
        const size_t kept = strlen(rest) - (strstr(rest, ".NOUN") != NULL ? 4 : 0);

        (void)snprintf(
            path, sizeof path, "%s%.*s%s", verb, (int)kept, rest, kept < strlen(rest) ? noun : "");
        (void)snprintf(shape->paths[i], PATH_SIZE, "%s", path);
    }
}

static json_t *tally_document(const char *verb, const char *noun)
{
    const struct cli_world world = {.environment = environment};
    const struct cli_call call = {.command = "ferry-sim", .world = &world};
    char path[] = "/tmp/ferry-json-XXXXXX";
    const int file = mkstemp(path);
    struct tally tally = {
        .call = &call,
        .verb = verb,
        .noun = noun,
        .options = "",
        .names = no_name,
        .network = SIM_NETWORK_LIGHT,
        .failures = "/dev/null",
        .json = {.option = "--json", .path = path},
        .jobs = 1,
        .first = 5,
    };
    const struct trial fine = {.verdict = TRIAL_OK, .migrations = 1};
    const struct trial bad = {.verdict = TRIAL_VIOLATED, .id = "I1", .message = "two run"};

    assert_true(file >= 0);
    (void)close(file);
    assert_true(tally_open(&tally));
    tally.text = fopen("/dev/null", "w");
    tally_add(&tally, 5, 1, &fine);
    tally_add(&tally, 6, 2, &bad);
    assert_int_equal(tally_conclude(&tally), CLI_FAIL);
    (void)fclose(tally.text);
    tally_close(&tally);
    json_t *document = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);

    (void)unlink(path);
    return document;
}

static void chaos_and_sweep_have_the_documented_shape(void **unused)
{
    static const char *const words[][2] = {
        {"chaos", "seed"},
        {"sweep", "run" },
    };

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        struct shape shape = {.count = 0};
        json_t *document = tally_document(words[i][0], words[i][1]);

        assert_non_null(document);
        read_documentation(&shape, "## chaos and sweep\n");
        put_words(&shape, words[i][0], words[i][1]);
        check_document(&shape, document);
        require_all_seen(&shape);
        json_decref(document);
    }
}

/* The contract's keys, word for word and in their order. */
static void json_of_a_run_is_what_it_always_was(void **unused)
{
    struct sample sample;
    struct run_report report;

    (void)unused;
    sample_make(&sample, "");
    make_report(&sample, &report);
    char *text = document_of(&report);

    assert_string_equal(
        text,
        "{\"version\":1,\"environment\":{\"ferry\":\"0.1.0\",\"architecture\":\"x86_64\","
        "\"simgrid\":\"3.32.0\",\"commit\":\"1f5db61c2a04\"},\"interrupted\":false,\"runs\":[\n"
        "{\"scenario\":\"sample.yaml\",\"name\":\"sample\",\"seed\":7,\"verdict\":\"pass\","
        "\"hash\":\"00c0ffee00c0ffee\",\"virtual_s\":3.000000007,\"wall_s\":0.012000000,"
        "\"events\":123,\"migrations\":[{\"guest\":\"g\",\"from\":\"h1\",\"to\":\"h2\","
        "\"outcome\":\"completed\",\"reason\":\"the guest runs at the target\","
        "\"rule\":\"within-limit\",\"queued_s\":0.250000000,\"total_s\":1.000000001,"
        "\"blackout_s\":0.045000000,\"blackout_parts\":{\"capture_s\":0.010000000,"
        "\"collect_s\":0.005000000,\"transfer_s\":0.015000000,\"load_s\":0.010000000,"
        "\"ready_s\":0.000050000,\"grant_persist_s\":0.001000000,\"grant_s\":0.000050000,"
        "\"owner_persist_s\":0.001000000,\"resume_s\":0.002900000},"
        "\"predicted_blackout_s\":0.040000000,\"aborted_attempts\":[{\"attempt\":1,"
        "\"paused_s\":0.290000000,\"predicted_s\":0.100000000,"
        "\"reason\":\"the blackout limit cannot be reached\"}],\"rounds\":[{\"pages\":1000,"
        "\"zero_pages\":100,\"bytes\":3700000,\"seconds\":0.900000000,\"dirty_after\":10,"
        "\"final\":false},{\"pages\":10,\"zero_pages\":0,\"bytes\":41000,"
        "\"seconds\":0.010000001,\"dirty_after\":0,\"final\":true}],\"wire_bytes\":3741000}],"
        "\"clients\":[{\"name\":\"g\",\"sent\":2000,\"failed\":3,"
        "\"longest_gap_s\":0.045200000,\"p99_s\":0.000200000}],\"screen\":null,"
        "\"failures\":[],\"reproduce\":null}]}\n");
    free(text);
    run_report_deinit(&report);
    sample_free(&sample);
}

static void what_does_not_exist_is_null(void **unused)
{
    struct sample sample;
    struct run_report report;
    const struct ferry_outcome refused = {
        .kind = FERRY_OUTCOME_REFUSED, .predicted_blackout_ns = FERRY_TIME_NEVER};

    (void)unused;
    sample_make(&sample, "");
    sim_result_outcome(&sample.result, 0, &refused);
    sample.result.migrations[0].to = SIM_RESULT_NONE;
    make_report(&sample, &report);
    char *text = document_of(&report);

    assert_non_null(strstr(text, "\"to\":null"));
    assert_non_null(strstr(text, "\"blackout_s\":null,\"blackout_parts\":{},"));
    assert_non_null(strstr(text, "\"predicted_blackout_s\":null"));
    free(text);
    run_report_deinit(&report);
    sample_free(&sample);
}

static void blackout_that_nobody_measured_is_null_too(void **unused)
{
    struct sample sample;
    struct run_report report;
    struct ferry_outcome outcome = sample_outcome();

    (void)unused;
    sample_make(&sample, "");
    outcome.blackout = (struct ferry_blackout){.total_ns = 0};
    sim_result_outcome(&sample.result, 0, &outcome);
    make_report(&sample, &report);
    char *text = document_of(&report);

    assert_non_null(strstr(text, "\"outcome\":\"completed\""));
    assert_non_null(strstr(text, "\"blackout_s\":null,\"blackout_parts\":{},"));
    free(text);
    run_report_deinit(&report);
    sample_free(&sample);
}

static void what_a_restarted_source_forgot_is_null_and_unknown(void **unused)
{
    struct sample sample;
    struct run_report report;
    const struct ferry_outcome restarted = {
        .kind = FERRY_OUTCOME_COMPLETED,
        .reason = "the guest runs at the target",
        .restarted = true,
        .blackout = {.total_ns = 5, .resume_ns = 5},
    };

    (void)unused;
    sample_make(&sample, "");
    sim_result_outcome(&sample.result, 0, &restarted);
    sim_result_fail(&sample.result, "E1", 1, 0, "shows the screen");
    make_report(&sample, &report);
    char *text = document_of(&report);

    assert_non_null(strstr(text, "\"rule\":null"));
    assert_non_null(strstr(text, "\"predicted_blackout_s\":null"));
    assert_non_null(strstr(text, "\"aborted_attempts\":null,\"rounds\":null,\"wire_bytes\":null"));
    assert_non_null(strstr(report.screen, "rounds and bytes unknown (source restarted)"));
    assert_non_null(strstr(report.screen, "(predicted unknown: source restarted)"));
    free(text);
    run_report_deinit(&report);
    sample_free(&sample);
}

static void run_whose_process_died_is_whole_json_too(void **unused)
{
    struct sample sample;
    struct run_report report;

    (void)unused;
    sample_make(&sample, "");
    run_report_init(&report, sample.scenario, 3);
    run_report_fail(&report, SIM_VERDICT_ERROR, "error", "killed by SIGSEGV");
    char *text = document_of(&report);
    json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const json_t *run = json_array_get(json_object_get(document, "runs"), 0);

    assert_string_equal(json_string_value(json_object_get(run, "verdict")), "error");
    assert_int_equal(json_array_size(json_object_get(run, "migrations")), 0);
    assert_true(json_is_array(json_object_get(run, "clients")));
    json_decref(document);
    free(text);
    run_report_deinit(&report);
    sample_free(&sample);
}

/* ---- JUnit ---- */

static void junit_escapes_whatever_stands_in_names_and_messages(void **unused)
{
    struct sample sample;
    struct run_report reports[2];

    (void)unused;
    sample_make(&sample, "");
    run_report_init(&reports[0], sample.scenario, 3);
    run_report_init(&reports[1], sample.scenario, 4);
    reports[0].name = "<a & \"b\">\x01\xff";
    reports[0].summary.wall_ns = 1500000000;
    run_report_fail(&reports[1], SIM_VERDICT_FAIL, "I1", "two\nlines ]]> <x>");
    FILE *stream = sample_open();

    junit_document(stream, reports, 2);
    char *text = sample_take(stream);

    assert_string_equal(
        text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites tests=\"2\" failures=\"1\" errors=\"0\" time=\"1.500000000\">\n"
        "  <testsuite name=\"ferry-sim\" tests=\"2\" failures=\"1\" errors=\"0\" "
        "time=\"1.500000000\">\n"
        "    <testcase classname=\"sample.yaml\" name=\"&lt;a &amp; "
        "&quot;b&quot;&gt;\xef\xbf\xbd\xef\xbf\xbd, seed 3\" time=\"1.500000000\"/>\n"
        "    <testcase classname=\"sample.yaml\" name=\"sample, seed 4\" time=\"0.000000000\">\n"
        "      <failure type=\"I1\" message=\"two&#10;lines ]]&gt; &lt;x&gt;\">"
        "I1 at 0.000000000 s: two\nlines ]]&gt; &lt;x&gt;\n"
        "</failure>\n"
        "    </testcase>\n"
        "  </testsuite>\n"
        "</testsuites>\n");
    free(text);
    run_report_deinit(&reports[0]);
    run_report_deinit(&reports[1]);
    sample_free(&sample);
}

/* ---- the timeline ---- */

static void say_timeline(struct sim_result *result)
{
    static const struct sim_span spans[] = {
        {.kind = SIM_SPAN_ROUND,  .begin_ns = 1250000000, .end_ns = 2150000000,  .number = 0},
        {.kind = SIM_SPAN_ROUND,                       .begin_ns = 2200000000,                        .end_ns = 2210000000, .number = 1},
        {.kind = SIM_SPAN_ATTEMPT,            .begin_ns = 2200000000,                                  .end_ns = 2245000000,                                .number = 1},
        {.kind = SIM_SPAN_LINK_LOST,   .begin_ns = 2000000000,.end_ns = 2100000000},
        {.kind = SIM_SPAN_FAULT,.begin_ns = 2000000000                    },
        {.kind = SIM_SPAN_HOST_DOWN,   .begin_ns = 100,     .end_ns = 200,                                                                        .host = 1},
        {.kind = SIM_SPAN_GUEST_HERE,          .begin_ns = 0,                   .end_ns = 2200000000},
    };

    result->want_timeline = true;
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        (void)sim_result_span_begin(result, &spans[i]);
        if (spans[i].end_ns != 0) {
            sim_result_span_end(result, i, spans[i].end_ns);
        }
    }
    for (int i = 0; i < 3; i++) {
        sim_result_sample(
            result,
            &(struct sim_link_sample){
                .at_ns = (int64_t)i * 100000000, .sent_bytes = (uint64_t)i * 125000000});
    }
}

static size_t count_named(const json_t *events, const char *phase, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);

        count += strcmp(json_string_value(json_object_get(event, "ph")), phase) == 0 &&
                         strcmp(json_string_value(json_object_get(event, "name")), name) == 0
                     ? 1
                     : 0;
    }
    return count;
}

static void timeline_has_a_track_for_everything(void **unused)
{
    static const char *const spans[] = {
        "queued",
        "h1 -> h2: completed",
        "round 0",
        "round 1",
        "attempt 1",
        "connection lost",
        "blackout",
        "capture",
        "resume",
        "down",
        "h1"};
    struct sample sample;
    struct run_report report;

    (void)unused;
    sample_make(&sample, "");
    say_timeline(&sample.result);
    make_report(&sample, &report);
    FILE *stream = sample_open();

    timeline_document(stream, &report, 1);
    char *text = sample_take(stream);
    json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const json_t *events = json_object_get(document, "traceEvents");

    assert_non_null(document);
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        if (count_named(events, "X", spans[i]) != 1) {
            fail_msg("no span \"%s\"", spans[i]);
        }
    }
    assert_int_equal(count_named(events, "C", "mig h1"), 3);
    assert_int_equal(count_named(events, "M", "process_name"), 4);
    /* 125 MB in 100 ms are 10 Gbit/s, and a fault that was never healed ends with the run */
    assert_non_null(strstr(text, "\"ts\":0.000,\"args\":{\"sent Mbit/s\":10000.000,"));
    assert_non_null(strstr(text, "\"ts\":100000.000,\"args\":{\"sent Mbit/s\":10000.000,"));
    assert_non_null(strstr(text, "\"ts\":200000.000,\"args\":{\"sent Mbit/s\":0.000,"));
    assert_non_null(strstr(text, "\"name\":\"resume\",\"ts\":2242100.000,\"dur\":2900.000}"));
    assert_non_null(strstr(text, "\"ts\":2000000.000,\"dur\":1000000.007}"));
    json_decref(document);
    free(text);
    run_report_deinit(&report);
    sample_free(&sample);
}

static void spans_of_one_track_nest_or_do_not_touch(void **unused)
{
    struct sample sample;
    struct run_report report;

    (void)unused;
    sample_make(&sample, "");
    say_timeline(&sample.result);
    make_report(&sample, &report);
    FILE *stream = sample_open();

    timeline_document(stream, &report, 1);
    char *text = sample_take(stream);
    json_t *document = json_loads(text, 0, NULL);
    const json_t *events = json_object_get(document, "traceEvents");

    for (size_t i = 0; i < json_array_size(events); i++) {
        for (size_t k = 0; k < i; k++) {
            const json_t *a = json_array_get(events, i);
            const json_t *b = json_array_get(events, k);

            if (json_object_get(a, "dur") == NULL || json_object_get(b, "dur") == NULL ||
                !json_equal(json_object_get(a, "tid"), json_object_get(b, "tid")) ||
                !json_equal(json_object_get(a, "pid"), json_object_get(b, "pid"))) {
                continue;
            }
            const double a_begin = json_number_value(json_object_get(a, "ts"));
            const double a_end = a_begin + json_number_value(json_object_get(a, "dur"));
            const double b_begin = json_number_value(json_object_get(b, "ts"));
            const double b_end = b_begin + json_number_value(json_object_get(b, "dur"));
            const double slack = 0.0005; /* half a nanosecond, in microseconds */

            assert_true(
                a_begin >= b_end - slack || b_begin >= a_end - slack ||
                (a_begin >= b_begin - slack && a_end <= b_end + slack) ||
                (b_begin >= a_begin - slack && b_end <= a_end + slack));
        }
    }
    json_decref(document);
    free(text);
    run_report_deinit(&report);
    sample_free(&sample);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_the_documented_shape),
        cmocka_unit_test(chaos_and_sweep_have_the_documented_shape),
        cmocka_unit_test(json_of_a_run_is_what_it_always_was),
        cmocka_unit_test(what_does_not_exist_is_null),
        cmocka_unit_test(blackout_that_nobody_measured_is_null_too),
        cmocka_unit_test(what_a_restarted_source_forgot_is_null_and_unknown),
        cmocka_unit_test(run_whose_process_died_is_whole_json_too),
        cmocka_unit_test(junit_escapes_whatever_stands_in_names_and_messages),
        cmocka_unit_test(timeline_has_a_track_for_everything),
        cmocka_unit_test(spans_of_one_track_nest_or_do_not_touch),
    };

    return cmocka_run_group_tests_name("documents", tests, NULL, NULL);
}
