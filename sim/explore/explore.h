/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explore.h -- every interleaving of the handover within stated budgets: what `ferry-sim explore` does.
 *
 * The start: both sides have made SESSION durable and are connected, the guest runs at the source.
 * docs/explore.md says what is covered and what is not.
 */
#ifndef FERRY_SIM_EXPLORE_EXPLORE_H
#define FERRY_SIM_EXPLORE_EXPLORE_H

#include "sim/explore/search.h"
#include "sim/explore/state.h"

#include <stdio.h>

/* How many of each may come, on one way, in all: X(field, option, most, also with the register, what). */
/* clang-format off */
#define EXPLORE_BUDGETS(X)                                                                         \
    X(attempts, "attempts", 7, true, "Attempts that the source opens")                             \
    X(crashes, "crashes", 7, true, "Crashes of a host; it comes back at any time, or never")       \
    X(restarts, "restarts", 7, true, "Daemons that die and start again while the guests live")     \
    X(drops, "drops", 7, true, "Lost connections, with all that is on its way; lost answers")      \
    X(duplicates, "duplicates", 3, false, "Messages that come a second time")                      \
    X(late, "late", 3, false, "Messages that outlive their connection and come at any later time") \
    X(failed_writes, "failed-writes", 3, false, "Journal writes that fail: it is there, or not")   \
    X(timeouts, "timeouts", 7, true, "Limits that pass: aborts, late writes, silent peers")        \
    X(cancels, "cancels", 3, false, "Orders to cancel")                                            \
    X(reinstalls, "reinstalls", 3, false, "Hosts that come back installed anew, without a journal") \
    X(claims, "claims", 3, false, "Claims by an operator who has fenced the other host")           \
    X(burns, "burns", 3, false, "Orders to burn the session at the target")                        \
    X(strays, "strays", 3, false, "Messages of an earlier session about the same guest")           \
    X(losses, "register-losses", 1, true, "With --register: it is gone, and answers nothing any more")
/* clang-format on */

struct explore_budgets {
#define EXPLORE_FIELD(field, option, most, with_register, what) unsigned field;
    EXPLORE_BUDGETS(EXPLORE_FIELD)
#undef EXPLORE_FIELD
};

/* The same as a list. */
struct explore_budget_item {
    const char *option;
    unsigned most;
    bool with_register; /* it counts there as well */
    size_t offset;      /* in struct explore_budgets */
};
#define EXPLORE_BUDGET_COUNT (sizeof(struct explore_budgets) / sizeof(unsigned))
extern const struct explore_budget_item explore_budget_items[EXPLORE_BUDGET_COUNT];
unsigned *explore_budget(struct explore_budgets *budgets, size_t index);

struct explore_budgets explore_budgets_default(void);

struct explore_options {
    struct explore_budgets budgets;
    bool use_register; /* the cluster's ownership register in place of the source's journal */
    const struct explore_machine *machine;           /* NULL: the shipped code */
    const struct register_machine *register_machine; /* with use_register; NULL: the shipped code */
    uint64_t checks;                                 /* bit n: make check n; 0: all */
    struct search_limits limits;
};

struct explore_result {
    struct search_result search;
    uint64_t rows[CHECK_COUNT]; /* how many states each check of ends was judged in */
    uint64_t
        crowded; /* moves after which a connection was given up because too much was on its way */
};

void explore_run(const struct explore_options *options, struct explore_result *result);

/* The shortest way to what is wrong, in two columns. Nothing if nothing is wrong. */
void explore_transcript(
    FILE *out, const struct explore_options *options, const struct explore_result *result);

/* The transcript, if there is one, and what was explored (docs/explore.md). */
void explore_report(
    FILE *out, const struct explore_options *options, const struct explore_result *result);

#endif
