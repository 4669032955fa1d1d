/* SPDX-License-Identifier: Apache-2.0 */
/* observed_name.c -- the words for observations, for timelines and messages. */
#include "sim/check/check.h"

const char *sim_observed_name(enum sim_observed kind)
{
    /* Flat on purpose: one row for each kind, in their order; a kind without a row shows as NULL in
     * the test. */
    static const char *const names[SIM_OBSERVED_COUNT] = {
        [SIM_OBSERVED_GUEST_RUNNING] = "GUEST_RUNNING",
        [SIM_OBSERVED_GUEST_STOPPED] = "GUEST_STOPPED",
        [SIM_OBSERVED_THROTTLE] = "THROTTLE",
        [SIM_OBSERVED_MIGRATION_STARTED] = "MIGRATION_STARTED",
        [SIM_OBSERVED_CAP_CHANGED] = "CAP_CHANGED",
        [SIM_OBSERVED_LIMIT_CHANGED] = "LIMIT_CHANGED",
        [SIM_OBSERVED_NETWORK_USED] = "NETWORK_USED",
        [SIM_OBSERVED_ATTEMPT_PAUSED] = "ATTEMPT_PAUSED",
        [SIM_OBSERVED_ATTEMPT_RESUMED] = "ATTEMPT_RESUMED",
        [SIM_OBSERVED_RESUMED_AT_TARGET] = "RESUMED_AT_TARGET",
        [SIM_OBSERVED_OUTCOME] = "OUTCOME",
        [SIM_OBSERVED_CLOSED] = "CLOSED",
        [SIM_OBSERVED_SIDE_LOST] = "SIDE_LOST",
        [SIM_OBSERVED_SIDE_RESTARTED] = "SIDE_RESTARTED",
        [SIM_OBSERVED_OPERATOR_CLAIM] = "OPERATOR_CLAIM",
        [SIM_OBSERVED_OPERATOR_SWITCH] = "OPERATOR_SWITCH",
        [SIM_OBSERVED_TRACE] = "TRACE",
        [SIM_OBSERVED_PAYLOAD_BEGUN] = "PAYLOAD_BEGUN",
        [SIM_OBSERVED_PAYLOAD_SO_FAR] = "PAYLOAD_SO_FAR",
        [SIM_OBSERVED_PAYLOAD] = "PAYLOAD",
        [SIM_OBSERVED_DRAIN_STARTED] = "DRAIN_STARTED",
        [SIM_OBSERVED_FAULT_BEGIN] = "FAULT_BEGIN",
        [SIM_OBSERVED_FAULT_END] = "FAULT_END",
        [SIM_OBSERVED_HOST_DOWN] = "HOST_DOWN",
        [SIM_OBSERVED_HOST_UP] = "HOST_UP",
        [SIM_OBSERVED_DAEMON_DOWN] = "DAEMON_DOWN",
        [SIM_OBSERVED_DAEMON_UP] = "DAEMON_UP",
        [SIM_OBSERVED_JOURNAL_LOST] = "JOURNAL_LOST",
        [SIM_OBSERVED_JOURNAL_BROKEN] = "JOURNAL_BROKEN",
        [SIM_OBSERVED_LEFTOVER] = "LEFTOVER",
        [SIM_OBSERVED_GUEST_AT_END] = "GUEST_AT_END",
        [SIM_OBSERVED_END] = "END",
    };
    const char *name = NULL;

    if (kind > 0 && kind < SIM_OBSERVED_COUNT) {
        name = names[kind];
    }
    return name != NULL ? name : "INVALID";
}
