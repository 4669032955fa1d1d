/* SPDX-License-Identifier: Apache-2.0 */
/* register_moves.h -- a state of the handover by the register, and what can happen next in it. */
#ifndef FERRY_SIM_EXPLORE_REGISTER_MOVES_H
#define FERRY_SIM_EXPLORE_REGISTER_MOVES_H

#include "sim/explore/register_world.h"

/* A value of the register as a byte: what 2 bits, attempt 3, epoch 3. 0 is none. */
enum register_cell { CELL_NONE = 0, CELL_SOURCE, CELL_TARGET, CELL_HANDOVER };
#define EPOCH_FIRST 1U
#define EPOCH_MOST  7U

enum register_asked { ASKED_NOTHING = 0, ASKED_SENT, ASKED_DONE };

/* What a side has asked of the store. */
struct register_request {
    uint8_t state;    /* enum register_asked */
    uint8_t expected; /* cells; 0 and 0: a read */
    uint8_t wanted;
    uint8_t answer;
    uint8_t late_expected; /* of a request that was given up, and may still be carried out */
    uint8_t late_wanted;   /* 0: there is none */
};

struct register_state {
    struct register_side source; /* zero while its daemon is down */
    struct register_side target;
    struct register_request s;
    struct register_request t;
    uint8_t cell;
    uint8_t s_process; /* enum explore_process */
    uint8_t t_process;
    uint8_t s_up;
    uint8_t t_up;
    uint8_t s_run; /* the run call is under way */
    uint8_t t_run;
    uint8_t offered; /* this attempt has been sent */
    uint8_t offer;   /* on its way: the cell that it belongs to */
    uint8_t started; /* on its way to the source */
    uint8_t attempts;
    uint8_t crashes;
    uint8_t restarts;
    uint8_t drops; /* of requests, answers and messages */
    uint8_t timeouts;
    uint8_t fresh; /* what was sent is still the newest: the source has not run since */
    uint8_t stale; /* the target began to run something older */
    uint8_t losses;
    uint8_t gone; /* the register answers nothing any more */
    uint8_t
        unproven; /* a guest that had been stopped was run while the register did not name its host */
};

_Static_assert(sizeof(struct register_state) == SEARCH_STATE_MAX, "hashed as bytes: no padding");

enum register_move {
    RM_NONE = 0,
    RM_STORE_SOURCE,
    RM_STORE_TARGET,
    RM_ANSWER_SOURCE,
    RM_ANSWER_TARGET,
    RM_PAUSE,
    RM_OFFER,
    RM_OFFER_ARRIVES,
    RM_RUN_SOURCE,
    RM_RUN_TARGET,
    RM_STARTED_ARRIVES,
    RM_UP_SOURCE,
    RM_UP_TARGET,
    RM_ABORT, /* the last of what happens when all is well: a limit */
    RM_OPEN,
    RM_LATE_SOURCE,
    RM_LATE_TARGET,
    RM_NO_ANSWER_SOURCE,
    RM_NO_ANSWER_TARGET,
    RM_OFFER_LOST,
    RM_STARTED_LOST,
    RM_CRASH_SOURCE,
    RM_CRASH_TARGET,
    RM_DAEMON_SOURCE,
    RM_DAEMON_TARGET,
    RM_REGISTER_GONE,
    RM_COUNT,
};

struct register_world {
    const struct register_machine *machine;
    uint64_t checks;
    uint64_t judged[2]; /* states with the register, and after its loss */
};

uint8_t register_pack(const struct register_value *value);

/* Carries the move out; false, and nothing is changed, if it is not possible. */
bool register_move_apply(
    const struct register_world *world, struct register_state *state, enum register_move move);
const char *register_move_text(enum register_move move);

#endif
