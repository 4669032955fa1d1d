/* SPDX-License-Identifier: Apache-2.0 */
/* check.c -- the names and sentences of all checks, and the checks of single states. */
#include "sim/explore/check.h"

struct described {
    const char *name;
    const char *sentence;
};

static const struct described described[CHECK_COUNT] = {
    [CHECK_NONE] = {"-",                   "nothing is wrong"                                                           },
    [CHECK_I1_TWO_RUN] = {"I1",                  "at any instant at most one host runs the guest"                             },
    [CHECK_H3_TWO_MAY_RUN] = {"H-3",                 "at most one side may run the guest"                                         },
    [CHECK_H4_NOT_OWNER] =
        {"H-4",                 "the target runs the guest only after its OWNER record is durable"           },
    [CHECK_H5_BURNED_RUNS] = {"H-5",                 "a burned session never runs at the target"                                  },
    [CHECK_GRANT_WHILE_RUNNING] = {"pause",               "the guest is paused before it is granted"                                   },
    [CHECK_H1_GRANT_TOO_EARLY] = {"H-1",                 "GRANT is sent only after the grant record is durable"                       },
    [CHECK_H2_NO_PROOF] =
        {"H-2",
                    "once the grant is issued, the source runs the guest only after ABORTED or a claim"                 },
    [CHECK_H4_OTHER_ATTEMPT] =
        {"H-4",                 "a grant is made and taken only for the attempt that the target is ready for"},
    [CHECK_H5_ABORTED_TOO_EARLY] =
        {"H-5",                 "ABORTED is said only after the BURNED record is durable"                    },
    [CHECK_H6_LOST_AS_PROOF] = {"H-6",                 "LOST, silence and a restart prove nothing"                                  },
    [CHECK_H7_STALE_COUNTS] = {"H-7",                 "a message of another attempt or epoch changes nothing"                      },
    [CHECK_H8_WRITE_AGAIN] = {"H-8",                 "a failed write is not tried again"                                          },
    [CHECK_TOO_LATE] =
        {"cancel",              "an order to cancel after the grant changes nothing, and says so"            },
    [CHECK_HONEST_VIOLATION] =
        {"protocol",            "honest peers never take each other's words for a breach of the protocol"    },
    [CHECK_NOT_ENCODABLE] = {"wire",                "what is sent has an encoding: attempts count from 1"                        },
    [CHECK_T1_TARGET_GONE_BEFORE_GRANT] =
        {"truth table, row 1",
                    "network or target gone for good before the grant: the guest runs on at the source"                 },
    [CHECK_T2_NETWORK_BACK] =
        {"truth table, row 2",
                    "network gone for a while: it continues, and one host runs the guest"                               },
    [CHECK_T3_SOURCE_DIED_BEFORE_GRANT] =
        {"truth table, row 3",
                    "source died before the grant: the guest is the source's, never the target's"                       },
    [CHECK_T4_SOURCE_DIED_GRANT_DELIVERED] =
        {"truth table, row 4",  "source died, GRANT delivered: the guest runs at the target"                 },
    [CHECK_T5_SOURCE_DIED_GRANT_NOT_DELIVERED] =
        {"truth table, row 5",
                    "source died, GRANT not delivered: it grants again; gone for good, the operator decides"            },
    [CHECK_T6_TARGET_DIED_BEFORE_OWNER] =
        {"truth table, row 6",
                    "target died after the grant before it owned the guest: it burns, the source resumes"               },
    [CHECK_T7_TARGET_DIED_AFTER_OWNER] =
        {"truth table, row 7",  "target died as owner: the source never resumes its old memory"              },
    [CHECK_T8_TARGET_REINSTALLED] =
        {"truth table, row 8",
                    "target's journal lost after the grant: UNKNOWN, the operator decides"                              },
    [CHECK_T9_DAEMON_ONLY] =
        {"truth table, row 9",  "only a daemon died: the guest runs, in the end and until then"              },
    [CHECK_T10_GRANT_WRITE_FAILED] =
        {"truth table, row 10",
                    "the grant's write failed: ABORTED is the only way back, and it comes"                              },
    [CHECK_T11_CANCELLED] =
        {"truth table, row 11", "cancelled before the grant: the guest runs on at the source"                },
    [CHECK_L1_EXACTLY_ONE] =
        {"liveness",            "when all is healed, exactly one host runs the guest, or it is known why not"},
    [CHECK_L2_OPERATOR_CAN_END_IT] =
        {"liveness",            "what stays UNKNOWN can be ended by an operator's claim"                     },
    [CHECK_L3_ENDS] = {"liveness",            "when all is healed, it comes to an end"                                     },
    [CHECK_R1_RUNS_WITHOUT_REGISTER] =
        {"register",            "a host runs the guest only while the register does not name the other"      },
    [CHECK_R2_BLOCKED] =
        {"register",            "when the register answers, a host that is left is never blocked"            },
    [CHECK_R3_STALE_MEMORY] =
        {"register",            "what runs at the target is what the source paused last"                     },
    [CHECK_R4_NO_PROOF] =
        {"register",
                    "a host that had stopped the guest, or never ran it, runs it only if the register named "
         "it"                                                                                                           },
    [CHECK_R5_RESTORED] =
        {"register",            "what the loss of the register blocks, its return with the last value ends"  },
};

const char *explore_check_name(enum explore_check check)
{
    return check < CHECK_COUNT ? described[check].name : "?";
}

const char *explore_check_sentence(enum explore_check check)
{
    return check < CHECK_COUNT ? described[check].sentence : "?";
}

bool explore_source_owns(const struct explore_state *state)
{
    if (state->s.fenced || state->s.engine == SOURCE_DOWN) {
        return false;
    }
    if (state->s.engine == SOURCE_CLOSED) {
        return state->s.fate == FATE_HERE;
    }
    return handover_source_may_run(&state->source);
}

bool explore_target_owns(const struct explore_state *state)
{
    if (state->t.fenced || state->t.engine == TARGET_DOWN) {
        return false;
    }
    if (state->t.engine == TARGET_NO_SESSION) {
        return state->t.fate == FATE_HERE;
    }
    return handover_target_may_run(&state->target);
}

enum explore_check explore_check_state(const struct explore_state *state)
{
    const bool source_runs = state->s.process == PROCESS_RUNNING;
    const bool target_runs = state->t.process == PROCESS_RUNNING;
    if (source_runs && target_runs) {
        return CHECK_I1_TWO_RUN;
    }
    if (explore_source_owns(state) && explore_target_owns(state)) {
        return CHECK_H3_TWO_MAY_RUN;
    }
    const bool owner_durable = state->t.owner == RECORD_DURABLE || state->t.fate == FATE_HERE;
    if (target_runs && !owner_durable) {
        return CHECK_H4_NOT_OWNER;
    }
    if (state->t.burned == RECORD_DURABLE && (target_runs || explore_target_owns(state))) {
        return CHECK_H5_BURNED_RUNS;
    }
    return CHECK_NONE;
}
