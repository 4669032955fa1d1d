/* SPDX-License-Identifier: Apache-2.0 */
/* run_test.c -- `ferry-sim run`: which runs, which verdicts, which files, and what is left behind. */
#include "command.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct ran expect_status(const char *line, int status)
{
    struct ran ran = run_line(line);

    if (ran.status != status) {
        fail_msg("%s: status %d\n%s%s", line, ran.status, ran.out, ran.err);
    }
    return ran;
}

static json_t *runs_of(const char *text)
{
    json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(document);
    json_t *runs = json_incref(json_object_get(document, "runs"));

    json_decref(document);
    return runs;
}

static const char *text_in(const json_t *runs, size_t index, const char *key)
{
    return json_string_value(json_object_get(json_array_get(runs, index), key));
}

static void passing_runs_end_with_a_table_and_status_0(void **unused)
{
    (void)unused;
    write_scenario("s.yaml", "plain");
    struct ran ran = expect_status("ferry-sim run s.yaml", 0);

    assert_string_equal(ran.err, ""); /* no progress line: it is no terminal */
    assert_non_null(strstr(ran.out, "\nplain        1  pass     completed  1.00 s     45 ms"));
    assert_non_null(strstr(ran.out, "\n1 run: 1 pass, 0 fail, 0 error; 1 migration; 2.00 s of"));
    ran_free(&ran);
}

static void folders_are_searched_in_the_order_of_names(void **unused)
{
    static const char *const order[] = {"b.yaml", "dir/Z.yaml", "dir/a.yaml", "dir/sub/c.yaml"};

    (void)unused;
    assert_int_equal(mkdir("dir", 0700), 0);
    assert_int_equal(mkdir("dir/sub", 0700), 0);
    assert_int_equal(mkdir("dir/.hidden", 0700), 0);
    write_scenario("b.yaml", "plain");
    write_scenario("dir/a.yaml", "plain");
    write_scenario("dir/Z.yaml", "plain");
    write_scenario("dir/sub/c.yaml", "plain");
    write_scenario("dir/.hidden/h.yaml", "plain");
    write_file("dir/notes.txt", "no scenario");
    assert_int_equal(mkdir("elsewhere", 0700), 0);
    write_scenario("elsewhere/e.yaml", "plain");
    assert_int_equal(symlink("../../elsewhere", "dir/sub/link"), 0);
    assert_int_equal(symlink("..", "dir/sub/loop"), 0);
    struct ran ran = expect_status("ferry-sim run --json - b.yaml dir/ ./b.yaml", 0);
    json_t *runs = runs_of(ran.out);

    assert_int_equal(json_array_size(runs), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(text_in(runs, i, "scenario"), order[i]);
    }
    json_decref(runs);
    ran_free(&ran);
}

static void seeds_are_all_run_in_order(void **unused)
{
    (void)unused;
    write_scenario("s.yaml", "plain");
    struct ran ran = expect_status("ferry-sim run --seeds 3..5 --jobs 3 --json - s.yaml", 0);
    json_t *runs = runs_of(ran.out);

    assert_int_equal(json_array_size(runs), 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *run = json_array_get(runs, i);

        assert_int_equal(json_integer_value(json_object_get(run, "seed")), 3 + (json_int_t)i);
    }
    assert_string_not_equal(text_in(runs, 0, "hash"), text_in(runs, 1, "hash"));
    assert_non_null(strstr(ran.err, "3 runs: 3 pass")); /* the table gives way to the document */
    json_decref(runs);
    ran_free(&ran);
}

static void without_wall_times(json_t *runs)
{
    for (size_t i = 0; i < json_array_size(runs); i++) {
        (void)json_object_del(json_array_get(runs, i), "wall_s");
    }
}

static void number_of_jobs_and_other_outputs_change_no_result(void **unused)
{
    (void)unused;
    write_scenario("a.yaml", "plain");
    write_scenario("b.yaml", "invariant");
    write_scenario("c.yaml", "crash");
    struct ran one = expect_status("ferry-sim run --jobs 1 --seeds 1..5 --json - .", 1);
    struct ran many =
        expect_status("ferry-sim run --jobs 4 --seeds 1..5 --json - --trace t --junit j .", 1);
    json_t *first = runs_of(one.out);
    json_t *second = runs_of(many.out);

    without_wall_times(first);
    without_wall_times(second);
    assert_int_equal(json_array_size(first), 15);
    assert_true(json_equal(first, second));
    json_decref(first);
    json_decref(second);
    ran_free(&one);
    ran_free(&many);
}

static void expectations_of_the_file_are_judged(void **unused)
{
    (void)unused;
    write_scenario("s.yaml", "plain");
    FILE *file = fopen("s.yaml", "a");

    (void)fputs("expect:\n  - {guest: g, on: h2}\n  - {move: g, outcome: failed}\n", file);
    (void)fclose(file);
    struct ran ran = expect_status("ferry-sim run s.yaml", 1);

    assert_non_null(strstr(
        ran.out,
        "  E2    at 2.000000001 s: s.yaml:9: move g: expected outcome failed, but it is "
        "completed"));
    assert_null(strstr(ran.out, "  E1 "));
    ran_free(&ran);
}

static void failing_run_shows_its_screen_and_a_command_which_fails_again(void **unused)
{
    (void)unused;
    assert_int_equal(mkdir("my scenarios", 0700), 0);
    write_scenario("my scenarios/it's.yaml", "invariant");
    struct ran ran = expect_status("ferry-sim run --seed 9 'my scenarios'", 1);
    char *command = strstr(ran.out, "  reproduce: ");

    assert_non_null(strstr(ran.out, "FAIL  invariant  (my scenarios/it's.yaml, seed 9)\n"));
    assert_non_null(strstr(ran.out, "  I3    at 0.995000000 s: page 17 of guest g differs"));
    assert_non_null(strstr(ran.out, "events up to its outcome: source h1"));
    assert_non_null(command);
    command += strlen("  reproduce: ");
    command[strcspn(command, "\n")] = '\0';
    struct ran again = expect_status(command, 1);

    assert_non_null(strstr(again.out, "FAIL  invariant  (my scenarios/it's.yaml, seed 9)\n"));
    ran_free(&again);
    ran_free(&ran);
}

static void run_whose_process_dies_is_an_error_and_the_others_go_on(void **unused)
{
    (void)unused;
    write_scenario("a.yaml", "crash");
    write_scenario("b.yaml", "exits");
    write_scenario("c.yaml", "plain");
    write_scenario("d.yaml", "stuck");
    write_scenario("e.yaml", "leaks");
    struct ran ran = expect_status("ferry-sim run --junit j.xml .", 1);
    char *junit = read_file("j.xml");

    assert_non_null(strstr(ran.out, "the run's process was killed by SIGSEGV"));
    assert_non_null(strstr(ran.out, "  the run printed:\n    about to crash\n"));
    assert_non_null(strstr(ran.out, "the run's process ended with status 7"));
    assert_non_null(strstr(ran.out, "the run's process ended with status 23"));
    assert_non_null(strstr(ran.out, "no progress for one virtual hour"));
    assert_non_null(strstr(ran.out, "5 runs: 1 pass, 0 fail, 4 error"));
    assert_non_null(strstr(junit, "tests=\"5\" failures=\"0\" errors=\"4\""));
    free(junit);
    ran_free(&ran);
}

static void what_a_passing_run_prints_is_shown_apart(void **unused)
{
    (void)unused;
    write_scenario("s.yaml", "prints");
    struct ran ran = expect_status("ferry-sim run --json - s.yaml", 0);
    json_t *runs = runs_of(ran.out);

    assert_non_null(
        strstr(ran.err, "s.yaml printed:\n    a line on stdout\n    a line on stderr\n"));
    json_decref(runs);
    ran_free(&ran);
}

static void twice_passes_where_both_are_the_same(void **unused)
{
    (void)unused;
    write_scenario("s.yaml", "plain");
    struct ran ran = expect_status("ferry-sim run --twice --seeds 1..4 -j 3 s.yaml", 0);

    assert_non_null(strstr(ran.out, "4 runs: 4 pass"));
    ran_free(&ran);
}

static void twice_shows_the_first_event_which_differs(void **unused)
{
    (void)unused;
    write_scenario("s.yaml", "differs");
    struct ran once = expect_status("ferry-sim run s.yaml", 0);
    struct ran ran = expect_status("ferry-sim run --twice s.yaml", 1);

    assert_non_null(strstr(ran.out, "  twice at 1.999999980 s: the same seed twice: hashes "));
    assert_non_null(strstr(ran.out, "after 29 which are the same in both:\n    both    10 0.33"));
    assert_non_null(strstr(ran.out, "\n  > first   30 0.999999990 world h1"));
    assert_non_null(strstr(ran.out, "\n  > second  30 0.999999990 world h1"));
    assert_non_null(strstr(ran.out, " run --twice --seed 1 s.yaml\n"));
    ran_free(&once);
    ran_free(&ran);
}

static void twice_notices_other_results_behind_equal_hashes(void **unused)
{
    (void)unused;
    write_scenario("s.yaml", "drifts");
    struct ran ran = expect_status("ferry-sim run --twice s.yaml", 1);

    assert_non_null(strstr(ran.out, "the same seed twice: equal hashes, but other results"));
    ran_free(&ran);
}

static void trace_of_several_runs_keeps_them_apart(void **unused)
{
    (void)unused;
    write_scenario("s.yaml", "plain");
    struct ran ran = expect_status("ferry-sim run --seeds 1..2 --trace t.json s.yaml", 0);
    char *text = read_file("t.json");
    json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const json_t *events = json_object_get(document, "traceEvents");
    json_int_t highest = 0;

    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_int_t pid =
            json_integer_value(json_object_get(json_array_get(events, i), "pid"));

        highest = pid > highest ? pid : highest;
    }
    assert_int_equal(highest, 8); /* four groups each */
    json_decref(document);
    free(text);
    ran_free(&ran);
}

static void full_disk_is_named_and_what_was_there_stays(void **unused)
{
    (void)unused;
    write_scenario("s.yaml", "plain");
    struct ran full = expect_status("ferry-sim run --json /dev/full s.yaml", 2);

    assert_non_null(
        strstr(full.err, "--json /dev/full: could not be written: No space left on device"));
    assert_non_null(strstr(full.out, "1 run: 1 pass"));

    /* a file may not grow beyond 8 KiB: the write fails in the middle */
    write_file("old.json", "old");
    struct ran limited = expect_status(
        "ulimit -f 8; trap '' XFSZ; ferry-sim run --seeds 1..20 --json old.json s.yaml", 2);
    char *old = read_file("old.json");

    assert_non_null(strstr(limited.err, "--json old.json: could not be written: File too large"));
    assert_string_equal(old, "old");
    assert_int_equal(count_entries("."), 2);
    free(old);
    ran_free(&full);
    ran_free(&limited);
}

static void file_is_replaced_whole_through_links_with_its_rights(void **unused)
{
    struct stat status;

    (void)unused;
    write_scenario("s.yaml", "plain");
    write_file("real.json", "old and longer than nothing");
    assert_int_equal(chmod("real.json", 0640), 0);
    assert_int_equal(symlink("real.json", "link.json"), 0);
    struct ran ran = expect_status("ferry-sim run --json link.json s.yaml", 0);
    char *text = read_file("real.json");
    json_t *runs = runs_of(text);

    assert_int_equal(stat("real.json", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    assert_int_equal(count_entries("."), 3);
    json_decref(runs);
    free(text);
    ran_free(&ran);
}

/* The first child of a process, when it has one. */
static pid_t wait_for_child(pid_t parent)
{
    char path[64];
    char line[256] = "";

    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
    while (line[0] < '0' || line[0] > '9') {
        FILE *file = fopen(path, "r");

        assert_non_null(file);
        if (fgets(line, sizeof line, file) == NULL) {
            line[0] = '\0';
        }
        (void)fclose(file);
    }
    return (pid_t)strtol(line, NULL, 10);
}

static void interrupted_run_leaves_no_process_and_marked_documents(void **unused)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

    (void)unused;
    write_scenario("s.yaml", "sleeps");
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        char *arguments[] = {"run", "--json", "out.json", "-j1", "s.yaml", NULL};
        const pid_t pid = start_program(arguments);
        const pid_t child = wait_for_child(pid);
        int status = 0;

        assert_int_equal(kill(pid, signals[i]), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signals[i]);
        assert_int_equal(kill(child, 0), -1);
        assert_int_equal(count_entries("."), 2);
        char *text = read_file("out.json");

        assert_non_null(strstr(text, ",\"interrupted\":true,\"runs\":[]"));
        free(text);
        assert_int_equal(unlink("out.json"), 0);
    }
}

static void interrupted_run_writes_what_had_ended(void **unused)
{
    write_scenario("a.yaml", "plain");
    write_scenario("b.yaml", "reaches and sleeps");
    struct ran ran =
        run_line("set -m; " FERRY_SIM " run -j1 --json o.json --junit o.xml a.yaml b.yaml & "
                 "for i in {1..500}; do test -f reached && break; sleep 0.02; done; "
                 "kill -TERM %1; wait %1; echo status $?");
    char *json = read_file("o.json");
    char *junit = read_file("o.xml");

    (void)unused;
    assert_non_null(strstr(ran.out, "\nstatus 143\n"));
    assert_non_null(strstr(ran.err, "b.yaml, seed 1, was under way, at 5 s of virtual time"));
    assert_non_null(strstr(ran.err, "interrupted by SIGTERM: 1 of 2 runs had ended"));
    assert_non_null(strstr(json, ",\"interrupted\":true,\"runs\":[\n{\"scenario\":\"a.yaml\""));
    assert_non_null(strstr(junit, "tests=\"2\" failures=\"0\" errors=\"1\""));
    assert_non_null(strstr(junit, "name=\"run, interrupted\""));
    free(json);
    free(junit);
    ran_free(&ran);
}

static void reader_of_the_table_that_goes_away_is_no_crash(void **unused)
{
    (void)unused;
    write_scenario("s.yaml", "invariant");
    struct ran ran = run_line("ferry-sim run --json out.json s.yaml | true; echo ${PIPESTATUS[0]}");

    /* either all fitted into the pipe before its reader was gone, or writing failed: no signal */
    assert_true(strcmp(ran.out, "1\n") == 0 || strcmp(ran.out, "2\n") == 0);
    assert_int_equal(count_entries("."), 2);
    ran_free(&ran);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        IN_SCRATCH(passing_runs_end_with_a_table_and_status_0),
        IN_SCRATCH(folders_are_searched_in_the_order_of_names),
        IN_SCRATCH(seeds_are_all_run_in_order),
        IN_SCRATCH(number_of_jobs_and_other_outputs_change_no_result),
        IN_SCRATCH(expectations_of_the_file_are_judged),
        IN_SCRATCH(failing_run_shows_its_screen_and_a_command_which_fails_again),
        IN_SCRATCH(run_whose_process_dies_is_an_error_and_the_others_go_on),
        IN_SCRATCH(what_a_passing_run_prints_is_shown_apart),
        IN_SCRATCH(twice_passes_where_both_are_the_same),
        IN_SCRATCH(twice_shows_the_first_event_which_differs),
        IN_SCRATCH(twice_notices_other_results_behind_equal_hashes),
        IN_SCRATCH(trace_of_several_runs_keeps_them_apart),
        IN_SCRATCH(full_disk_is_named_and_what_was_there_stays),
        IN_SCRATCH(file_is_replaced_whole_through_links_with_its_rights),
        IN_SCRATCH(interrupted_run_leaves_no_process_and_marked_documents),
        IN_SCRATCH(interrupted_run_writes_what_had_ended),
        IN_SCRATCH(reader_of_the_table_that_goes_away_is_no_crash),
    };

    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
