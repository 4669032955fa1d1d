/* SPDX-License-Identifier: Apache-2.0 */
/* bar_test.c -- a move under way as one line. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "engine/host/cli/bar.h"

struct row {
    const char *move; /* JSON */
    const char *line;
};

static const struct row rows[] = {
    {"{\"guest\": \"db1\", \"peer\": \"h2\", \"direction\": \"out\", \"state\": \"copying\","
     " \"outcome\": null, \"attached\": true, \"round\": 2, \"round_pages\": 1000,"
     " \"round_pages_sent\": 530, \"bandwidth\": 125000000, \"dirty_rate\": 12500000,"
     " \"predicted_blackout_ns\": 12000000, \"blackout_limit_ns\": 300000000}", "db1 -> h2  round 2 [#####.....]  53 %  blackout 12 ms of 300 ms, 1 Gbit/s, dirtying 100 "
     "Mbit/s"                                              },
    {"{\"guest\": \"db1\", \"peer\": \"h1\", \"direction\": \"in\", \"state\": \"receiving\","
     " \"outcome\": null, \"attached\": true, \"round\": 0, \"round_pages\": null,"
     " \"bandwidth\": null, \"predicted_blackout_ns\": null}",                  "db1 <- h1  receiving"                                    },
    {"{\"guest\": \"db1\", \"peer\": \"h2\", \"direction\": \"out\", \"state\": \"sending\","
     " \"outcome\": null, \"attached\": false, \"round\": 3, \"round_pages\": 10,"
     " \"round_pages_sent\": 11, \"blackout_limit_ns\": null}",                 "db1 -> h2  sending 3 [##########] 100 %  (no connection)"},
    {"{}",                                                                           "? -> ?  ?"                                               },
};

static void a_move_is_one_line(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[BAR_TEXT_MAX];
        json_t *move = json_loads(rows[i].move, 0, NULL);

        assert_non_null(move);
        bar_format(move, text);
        assert_string_equal(text, rows[i].line);
        json_decref(move);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_move_is_one_line)};

    return cmocka_run_group_tests_name("ferry/bar", tests, NULL, NULL);
}
