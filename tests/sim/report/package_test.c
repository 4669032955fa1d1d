/* SPDX-License-Identifier: Apache-2.0 */
/* package_test.c -- what a child hands over arrives as it was, or not at all. */
#include "sample.h"
#include "sim/report/run_report.h"

#include <stdlib.h>
#include <string.h>

static const struct report_wishes all_wishes = {.details = true, .timeline = true, .columns = 120};

static void pack_sample(struct sample *sample, FILE *package)
{
    sample_make(sample, "");
    sample_events(sample, 10);
    sim_result_fail(&sample->result, "I3", 995000000, 0, "page %d differs", 17);
    assert_true(report_pack(package, &sample->result, &all_wishes));
}

static void whole_package_arrives_as_it_was(void **unused)
{
    struct sample sample;
    struct run_report report;
    FILE *package = tmpfile();

    (void)unused;
    pack_sample(&sample, package);
    run_report_init(&report, sample.scenario, 7);
    assert_true(report_unpack(package, &report));

    assert_int_equal(report.summary.verdict, SIM_VERDICT_FAIL);
    assert_true(report.summary.hash == UINT64_C(0x00c0ffee00c0ffee));
    assert_int_equal(report.summary.events, 123);
    assert_int_equal(report.summary.virtual_ns, 3000000007);
    assert_int_equal(report.summary.outcomes[FERRY_OUTCOME_COMPLETED], 1);
    assert_int_equal(report.summary.blackout_ns, 45000000);
    assert_int_equal(report.summary.longest_gap_ns, 45200000);
    assert_int_equal(report.failure_count, 1);
    assert_string_equal(report.failures[0].id, "I3");
    assert_string_equal(report.failures[0].message, "page 17 differs");
    assert_int_equal(report.failures[0].at_ns, 995000000);
    assert_non_null(strstr(report.details, "\"migrations\":["));
    assert_non_null(strstr(report.screen, "events up to its outcome"));
    assert_non_null(strstr(report.timeline, "\"ph\":\"X\""));
    run_report_deinit(&report);
    sample_free(&sample);
    (void)fclose(package);
}

static void package_cut_at_any_byte_is_none(void **unused)
{
    struct sample sample;
    FILE *package = tmpfile();

    (void)unused;
    pack_sample(&sample, package);
    const long size = ftell(package);
    char *bytes = malloc((size_t)size);

    rewind(package);
    assert_int_equal(fread(bytes, 1, (size_t)size, package), size);
    for (long cut = 1; cut < size; cut++) {
        struct run_report report;
        FILE *part = fmemopen(bytes, (size_t)cut, "r");

        run_report_init(&report, sample.scenario, 7);
        assert_false(report_unpack(part, &report));
        assert_int_equal(report.summary.events, 0);
        assert_string_equal(report.name, "sample");
        run_report_deinit(&report);
        (void)fclose(part);
    }
    free(bytes);
    sample_free(&sample);
    (void)fclose(package);
}

static void only_the_pieces_that_were_wished_for_are_made(void **unused)
{
    struct sample sample;
    struct run_report report;
    FILE *package = tmpfile();

    (void)unused;
    sample_make(&sample, "");
    assert_true(report_pack(package, &sample.result, &(struct report_wishes){.columns = 80}));
    run_report_init(&report, sample.scenario, 7);
    assert_true(report_unpack(package, &report));

    assert_string_equal(report.details, "");
    assert_string_equal(report.timeline, "");
    assert_string_equal(report.screen, ""); /* it passed */
    run_report_deinit(&report);
    sample_free(&sample);
    (void)fclose(package);
}

static void full_disk_is_noticed_while_packing(void **unused)
{
    struct sample sample;
    FILE *full = fopen("/dev/full", "w");

    (void)unused;
    sample_make(&sample, "");
    assert_false(report_pack(full, &sample.result, &all_wishes));
    sample_free(&sample);
    (void)fclose(full);
}

static void parents_failure_worsens_the_verdict_only(void **unused)
{
    struct sample sample;
    struct run_report report;

    (void)unused;
    sample_make(&sample, "");
    run_report_init(&report, sample.scenario, 7);
    run_report_fail(&report, SIM_VERDICT_ERROR, "error", "killed");
    run_report_fail(&report, SIM_VERDICT_FAIL, "twice", "differs");

    assert_int_equal(report.summary.verdict, SIM_VERDICT_ERROR);
    assert_int_equal(report.failure_count, 2);
    run_report_deinit(&report);
    sample_free(&sample);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_package_arrives_as_it_was),
        cmocka_unit_test(package_cut_at_any_byte_is_none),
        cmocka_unit_test(only_the_pieces_that_were_wished_for_are_made),
        cmocka_unit_test(full_disk_is_noticed_while_packing),
        cmocka_unit_test(parents_failure_worsens_the_verdict_only),
    };

    return cmocka_run_group_tests_name("package", tests, NULL, NULL);
}
