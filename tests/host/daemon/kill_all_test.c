/* SPDX-License-Identifier: Apache-2.0 */
/* kill_all_test.c -- everything that can be killed, in every phase. FERRY_TEST_FILTER picks some, by
 * a pattern: "target*". */
#include "tests/host/daemon/cluster.h"
#include "tests/host/daemon/kills.h"
#include "tests/host/support/check.h"

#include <stdio.h>
#include <stdlib.h>

struct kill {
    enum kill_phase phase;
    enum kill_victim victim;
    char name[80];
};

static void one_kill_leaves_what_the_truth_table_says(void **state)
{
    const struct kill *kill = *state;

    kills_run(kill->phase, kill->victim, kill->phase % 2 == 0);
}

static void name(struct kill *kill)
{
    static const char *const phases[] = {
        "set-up", "first round", "later round", "paused", "granting", "owning", "started"};
    static const char *const victims[] = {
        "source daemon",
        "target daemon",
        "source's guest",
        "target's guest",
        "network, a moment",
        "network, for long"};

    (void)snprintf(
        kill->name, sizeof kill->name, "%s, %s", victims[kill->victim], phases[kill->phase]);
}

int main(void)
{
    static struct kill kills[KILL_VICTIMS * KILL_PHASES];
    static struct CMUnitTest tests[KILL_VICTIMS * KILL_PHASES];

    for (unsigned i = 0; i < KILL_VICTIMS * KILL_PHASES; i++) {
        kills[i].victim = (enum kill_victim)(i / KILL_PHASES);
        kills[i].phase = (enum kill_phase)(i % KILL_PHASES);
        name(&kills[i]);
        tests[i] = (struct CMUnitTest){
            .name = kills[i].name,
            .test_func = one_kill_leaves_what_the_truth_table_says,
            .teardown_func = cluster_teardown,
            .initial_state = &kills[i],
        };
    }
    if (getenv("FERRY_TEST_FILTER") != NULL) {
        cmocka_set_test_filter(getenv("FERRY_TEST_FILTER"));
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
