/* SPDX-License-Identifier: Apache-2.0 */
/* report.c -- what the exploration found, as text. */
#include "sim/explore/explore.h"

#include <inttypes.h>

#define NS_PER_MS 1000000

static void put_budgets(FILE *out, struct explore_budgets budgets, bool use_register)
{
    unsigned printed = 0;
    (void)fputs("budgets       ", out);
    for (size_t i = 0; i < EXPLORE_BUDGET_COUNT; i++) {
        if (use_register && !explore_budget_items[i].with_register) {
            continue;
        }
        const char *before = printed == 0 ? "" : printed == 7 ? ",\n              " : ", ";
        (void)fprintf(
            out, "%s%s %u", before, explore_budget_items[i].option, *explore_budget(&budgets, i));
        printed++;
    }
    (void)fputc('\n', out);
}

static void put_speed(FILE *out, const struct search_result *search)
{
    const int64_t ms = search->wall_ns / NS_PER_MS;
    (void)fprintf(out, "time          %" PRId64 ".%03" PRId64 " s", ms / 1000, ms % 1000);
    if (ms > 0) {
        (void)fprintf(out, ", %" PRIu64 " states a second", search->states * 1000 / (uint64_t)ms);
    }
    (void)fprintf(out, ", %" PRIu64 " MiB\n", search->bytes >> 20);
}

void explore_report(
    FILE *out, const struct explore_options *options, const struct explore_result *result)
{
    const struct search_result *search = &result->search;
    explore_transcript(out, options, result);
    if (search->broken != CHECK_NONE) {
        (void)fputc('\n', out);
    }
    (void)fprintf(
        out,
        "explored      %s\n",
        options->use_register ? "the handover with the cluster's ownership register"
                              : "the handover with the source's journal");
    put_budgets(out, options->budgets, options->use_register);
    (void)fprintf(out, "end           %s\n", search_stop_name(search->stop));
    (void)fprintf(
        out,
        "states        %" PRIu64 ", by %" PRIu64 " moves; at most %" PRIu64 " at one depth\n",
        search->states,
        search->transitions,
        search->widest);
    (void)fprintf(out, "depth         %u moves\n", search->depth);
    put_speed(out, search);
    if (result->crowded != 0) {
        (void)fprintf(
            out,
            "given up      %" PRIu64 " times a connection with more than %u messages on its way\n",
            result->crowded,
            EXPLORE_QUEUE);
    }
    (void)fputs("judged        in how many states\n", out);
    for (int check = 0; check < CHECK_COUNT; check++) {
        if (result->rows[check] != 0) {
            (void)fprintf(
                out,
                "  %10" PRIu64 "  %s\n",
                result->rows[check],
                explore_check_sentence((enum explore_check)check));
        }
    }
    (void)fprintf(
        out,
        "verdict       %s\n",
        search->broken != CHECK_NONE       ? "broken"
        : search->stop == SEARCH_NO_MEMORY ? "no verdict: out of memory"
        : search->stop == SEARCH_ALL_SEEN  ? "holds in all of them"
                                           : "holds in all that were seen");
}
