/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h -- what must hold in the explored world, one name and one sentence each.
 *
 * Three kinds. *States*: looked at in each state that is reached. *Steps*: looked at while a move is
 * carried out, because what must hold is about the order of things. *Ends*: looked at where a state
 * leads to when the faults are over (settle.h).
 */
#ifndef FERRY_SIM_EXPLORE_CHECK_H
#define FERRY_SIM_EXPLORE_CHECK_H

#include "sim/explore/state.h"

enum explore_check {
    CHECK_NONE = 0,
    /* states */
    CHECK_I1_TWO_RUN,
    CHECK_H3_TWO_MAY_RUN,
    CHECK_H4_NOT_OWNER,
    CHECK_H5_BURNED_RUNS,
    /* steps */
    CHECK_GRANT_WHILE_RUNNING,
    CHECK_H1_GRANT_TOO_EARLY,
    CHECK_H2_NO_PROOF,
    CHECK_H4_OTHER_ATTEMPT,
    CHECK_H5_ABORTED_TOO_EARLY,
    CHECK_H6_LOST_AS_PROOF,
    CHECK_H7_STALE_COUNTS,
    CHECK_H8_WRITE_AGAIN,
    CHECK_TOO_LATE,
    CHECK_HONEST_VIOLATION,
    CHECK_NOT_ENCODABLE,
    /* ends: the rows of the failure truth table */
    CHECK_T1_TARGET_GONE_BEFORE_GRANT,
    CHECK_T2_NETWORK_BACK,
    CHECK_T3_SOURCE_DIED_BEFORE_GRANT,
    CHECK_T4_SOURCE_DIED_GRANT_DELIVERED,
    CHECK_T5_SOURCE_DIED_GRANT_NOT_DELIVERED,
    CHECK_T6_TARGET_DIED_BEFORE_OWNER,
    CHECK_T7_TARGET_DIED_AFTER_OWNER,
    CHECK_T8_TARGET_REINSTALLED,
    CHECK_T9_DAEMON_ONLY,
    CHECK_T10_GRANT_WRITE_FAILED,
    CHECK_T11_CANCELLED,
    CHECK_L1_EXACTLY_ONE,
    CHECK_L2_OPERATOR_CAN_END_IT,
    CHECK_L3_ENDS,
    /* the ownership register (register_world.h) */
    CHECK_R1_RUNS_WITHOUT_REGISTER,
    CHECK_R2_BLOCKED,
    CHECK_R3_STALE_MEMORY,
    CHECK_R4_NO_PROOF,
    CHECK_R5_RESTORED,
    CHECK_COUNT,
};

const char *explore_check_name(enum explore_check check); /* "I1", "H-4", "truth table, row 6" */
const char *explore_check_sentence(enum explore_check check); /* what must hold */

/* The host believes that the guest is its own to run. A fenced host does not count: the operator who
 * fenced it vouches for that. */
bool explore_source_owns(const struct explore_state *state);
bool explore_target_owns(const struct explore_state *state);

/* The state checks; CHECK_NONE if all hold. */
enum explore_check explore_check_state(const struct explore_state *state);

#endif
