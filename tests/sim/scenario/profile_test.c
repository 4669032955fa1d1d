/* SPDX-License-Identifier: Apache-2.0 */
/* profile_test.c -- the costs of a host out of a file of its own: where it lies, what is wrong in it. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/ferry-profile.XXXXXX";

static void put(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

#define SCENARIO(host)                                          \
    "version: 1\n"                                              \
    "hosts:\n  h1: {memory: 4 GiB, " host "}\n"                 \
    "  h2: {memory: 4 GiB}\n"                                   \
    "networks: {lan: {hosts: [h1, h2], bandwidth: 1 Gbit/s}}\n" \
    "guests: {g: {host: h1, memory: 1 GiB}}\n"

/* Errors as one text, or "" when it is good; the costs of h1 then. */
static void read_with(const char *text, char *told, size_t size, struct sim_costs *costs_out)
{
    struct scenario *scenario = NULL;
    struct scenario_errors errors = {.items = NULL};
    char path[128];
    put("s.yaml", text);
    snprintf(path, sizeof(path), "%s/s.yaml", folder);
    told[0] = '\0';
    if (scenario_load(path, &scenario, &errors) == SCENARIO_OK && costs_out != NULL) {
        *costs_out = scenario->hosts[0].costs;
    }
    for (size_t i = 0; i < errors.count; i++) {
        strncat(told, errors.items[i].message, size - strlen(told) - 2);
        strncat(told, "\n", size - strlen(told) - 1);
    }
    scenario_errors_free(&errors);
    scenario_free(scenario);
}

static void profile_beside_the_scenario_gives_its_costs_and_defaults_for_the_rest(void **unused)
{
    (void)unused;
    char told[2048];
    struct sim_costs costs = {0};
    put("h.yaml", "version: 1\nmachine: \"a test\"\ncosts: {resume: 77 us, state_out: 5 ms}\n");

    read_with(SCENARIO("profile: h.yaml"), told, sizeof(told), &costs);

    assert_string_equal(told, "");
    assert_int_equal(costs.resume, 77000);
    assert_int_equal(costs.state_out, 5000000);
    assert_int_equal(costs.journal_fsync, sim_costs_default().journal_fsync);
}

static void errors_of_a_profile_carry_its_own_name_and_place(void **unused)
{
    (void)unused;
    char told[2048];
    put("h.yaml", "version: 1\ncosts:\n  resmue: 77 us\n");

    read_with(SCENARIO("profile: h.yaml"), told, sizeof(told), NULL);

    assert_non_null(strstr(told, "/h.yaml:3:3:"));
    assert_non_null(strstr(told, "resume"));
}

static void missing_profile_is_told_at_its_place(void **unused)
{
    (void)unused;
    char told[2048];

    read_with(SCENARIO("profile: nowhere.yaml"), told, sizeof(told), NULL);

    assert_non_null(strstr(told, "s.yaml:3:"));
    assert_non_null(strstr(told, "nowhere.yaml': No such file"));
}

static void profile_and_costs_together_are_refused(void **unused)
{
    (void)unused;
    char told[2048];
    put("h.yaml", "version: 1\ncosts: {resume: 77 us}\n");

    read_with(SCENARIO("profile: h.yaml, costs: none"), told, sizeof(told), NULL);

    assert_non_null(strstr(told, "`costs` says it already"));
}

static int make_folder(void **unused)
{
    (void)unused;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **unused)
{
    (void)unused;
    char path[128];
    snprintf(path, sizeof(path), "%s/s.yaml", folder);
    (void)unlink(path);
    snprintf(path, sizeof(path), "%s/h.yaml", folder);
    (void)unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profile_beside_the_scenario_gives_its_costs_and_defaults_for_the_rest),
        cmocka_unit_test(errors_of_a_profile_carry_its_own_name_and_place),
        cmocka_unit_test(missing_profile_is_told_at_its_place),
        cmocka_unit_test(profile_and_costs_together_are_refused),
    };
    return cmocka_run_group_tests_name("host profiles", tests, make_folder, remove_folder);
}
