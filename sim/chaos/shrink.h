/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shrink.h -- reduces a scenario that fails to a small one that fails for the same reason.
 *
 * Cuts as long as anything can be cut: halves, quarters ... of faults, steps and expectations; whole
 * guests, networks and hosts with all that speaks of them; single keys; then quantities become
 * smaller and rounder. A cut stays if what is left is a scenario and its run fails as before
 * (trial_same_failure()). The result is a local minimum: nothing more can be taken away alone.
 *
 * An expectation is a promise under conditions: `completed` may be expected because an outage ends,
 * or because there is bandwidth enough. Were those cut, the run would rightly fail, with the same
 * words. So while an expectation is what fails, conditions stay as they are. An invariant holds
 * under any.
 */
#ifndef FERRY_SIM_CHAOS_SHRINK_H
#define FERRY_SIM_CHAOS_SHRINK_H

#include "sim/chaos/tree.h"
#include "sim/chaos/trial.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shrink_options {
    const char *name; /* stands for the path of the file: recordings are looked up beside it */
    /* Runs a text and judges it. false: it is no scenario, or could not be run. */
    bool (*run)(
        void *context, const char *name, const char *text, size_t size, struct trial *trial);
    void *context;
    int64_t (*clock_ns)(void);
    int64_t deadline_ns; /* by that clock: then what was reached is the result */
    void (*progress)(void *context, const struct tree_node *root, uint64_t tries); /* or NULL */
};

struct shrink_result {
    struct trial failure; /* of the result */
    uint64_t tries;
    bool complete; /* false: the time was over before */
};

/* Cuts `root` in place. The failure of the uncut tree is given. */
void shrink(
    struct tree_node **root,
    const struct trial *failure,
    const struct shrink_options *options,
    struct shrink_result *result);

/* Entries of a top-level list: "faults", "steps". */
size_t shrink_count(const struct tree_node *root, const char *list);

#endif
