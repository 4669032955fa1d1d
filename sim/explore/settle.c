/* SPDX-License-Identifier: Apache-2.0 */
/* settle.c -- follows a state to its ends. Most states lead to few ends, so what was found is kept in
 * a small table that forgets (a wrong entry is impossible: the whole fingerprint is compared). */
#include "sim/explore/settle.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define MEMORY_SIZE (1U << 18)
/* The longest honest way to an end is about 40 moves; a quarrel without an end is cut here. */
#define MOVES_LIMIT 120U
/* A fenced host may contradict for ever (the operator has to clean it): so many new connections. */
#define CONNECTS_LIMIT 8U

struct explore_settled {
    uint64_t fingerprint;
    uint32_t end;
    uint32_t spare;
};

bool explore_settler_init(
    struct explore_settler *settler, const struct explore_machine *machine, uint64_t checks)
{
    *settler = (struct explore_settler){.machine = machine, .checks = checks};
    settler->memory = calloc(MEMORY_SIZE, sizeof *settler->memory);
    return settler->memory != NULL;
}

void explore_settler_deinit(struct explore_settler *settler)
{
    free(settler->memory);
    settler->memory = NULL;
}

/* What only bounds the exploration, and what will never arrive, makes no difference for an end. */
static struct explore_state normal(const struct explore_state *state, bool healed)
{
    struct explore_state start = *state;
    memset(&start.left, 0, sizeof start.left);
    memset(start.late_to_target, 0, sizeof start.late_to_target);
    memset(start.late_to_source, 0, sizeof start.late_to_source);
    start.left.timeouts = 7;
    if (!healed) {
        memset(start.to_target, 0, sizeof start.to_target);
        memset(start.to_source, 0, sizeof start.to_source);
        start.t.link = LINK_DOWN;
        start.s.manifest_sent = 0;
    }
    return start;
}

/* In the order in which they are tried. */
static const explore_move healing[] = {
    MOVE_OF(MOVE_TO_TARGET, 0),
    MOVE_OF(MOVE_TO_SOURCE, 0),
    MOVE_OF(MOVE_SOURCE_DURABLE, SOURCE_RECORD_GRANTED),
    MOVE_OF(MOVE_SOURCE_DURABLE, SOURCE_RECORD_ENDED),
    MOVE_OF(MOVE_SOURCE_DURABLE, SOURCE_RECORD_CLAIMED),
    MOVE_OF(MOVE_TARGET_DURABLE, TARGET_RECORD_OWNER),
    MOVE_OF(MOVE_TARGET_DURABLE, TARGET_RECORD_BURNED),
    MOVE_OF(MOVE_PAUSED, 0),
    MOVE_OF(MOVE_SEND_ATTEMPT, 0),
    MOVE_OF(MOVE_LOADED, 0),
    MOVE_OF(MOVE_SOURCE_RESUMED, 0),
    MOVE_OF(MOVE_TARGET_RESUMED, 0),
    MOVE_OF(MOVE_SOURCE_UP, 0),
    MOVE_OF(MOVE_TARGET_UP, 0),
    MOVE_OF(MOVE_CONNECT, 0),
};

static const explore_move alone[] = {
    MOVE_OF(MOVE_SOURCE_DURABLE, SOURCE_RECORD_GRANTED),
    MOVE_OF(MOVE_SOURCE_DURABLE, SOURCE_RECORD_ENDED),
    MOVE_OF(MOVE_SOURCE_DURABLE, SOURCE_RECORD_CLAIMED),
    MOVE_OF(MOVE_TARGET_DURABLE, TARGET_RECORD_OWNER),
    MOVE_OF(MOVE_TARGET_DURABLE, TARGET_RECORD_BURNED),
    MOVE_OF(MOVE_LOADED, 0),
    MOVE_OF(MOVE_SOURCE_RESUMED, 0),
    MOVE_OF(MOVE_TARGET_RESUMED, 0),
    MOVE_OF(MOVE_GIVE_UP, 0),
};

/* From READY on the target holds what it has: only the limit before that passes here. */
static bool target_tires(const struct explore_state *state)
{
    return state->t.engine == TARGET_ACTIVE && state->target.phase == HANDOVER_RECEIVING &&
           state->t.loading == 0;
}

struct way {
    struct explore_world world;
    bool healed;
    unsigned connects;
};

static explore_move next_move(struct way *way)
{
    const explore_move *list = way->healed ? healing : alone;
    const size_t count =
        way->healed ? sizeof healing / sizeof healing[0] : sizeof alone / sizeof alone[0];
    for (size_t i = 0; i < count; i++) {
        if (MOVE_KIND(list[i]) == MOVE_CONNECT && way->connects == CONNECTS_LIMIT) {
            continue;
        }
        if (explore_move_apply(&way->world, list[i])) {
            way->connects += MOVE_KIND(list[i]) == MOVE_CONNECT;
            return list[i];
        }
    }
    /* Limits, when nothing else is left to happen. */
    explore_move last = MOVE_OF(MOVE_NONE, 0);
    if (way->healed) {
        last = MOVE_OF(MOVE_ABORT_ATTEMPT, 0); /* READY does not come */
    } else if (target_tires(way->world.state)) {
        last = MOVE_OF(MOVE_TARGET_GIVES_UP, 0);
    }
    return explore_move_apply(&way->world, last) ? last : MOVE_OF(MOVE_NONE, 0);
}

static uint32_t look(const struct explore_state *state)
{
    uint32_t end = 0;
    end |= explore_source_owns(state) ? END_SOURCE_OWNS : 0;
    end |= explore_target_owns(state) ? END_TARGET_OWNS : 0;
    end |= state->s.process == PROCESS_RUNNING ? END_SOURCE_RUNS : 0;
    end |= state->t.process == PROCESS_RUNNING ? END_TARGET_RUNS : 0;
    end |= state->s.process == PROCESS_KILLED ? END_SOURCE_KILLED : 0;
    end |= state->t.process == PROCESS_KILLED ? END_TARGET_KILLED : 0;
    end |= explore_source_is_out(state) ? END_SOURCE_OUT : 0;
    end |=
        state->s.fate == FATE_MOVED || state->source.phase == HANDOVER_MOVED ? END_SOURCE_MOVED : 0;
    end |= state->s.claimed == RECORD_DOUBT ? END_CLAIM_DOUBT : 0;
    end |= state->target.phase == HANDOVER_UNSURE ? END_TARGET_UNSURE : 0;
    end |= state->target.phase == HANDOVER_READY ? END_TARGET_READY : 0;
    return end;
}

static bool exactly_one(uint32_t end)
{
    const uint32_t source = END_SOURCE_RUNS | END_SOURCE_KILLED;
    const uint32_t target = END_TARGET_RUNS | END_TARGET_KILLED;
    if ((end & END_SOURCE_OWNS) != 0) {
        return (end & (END_TARGET_OWNS | END_TARGET_RUNS)) == 0 && (end & source) != 0;
    }
    return (end & END_TARGET_OWNS) != 0 && (end & END_SOURCE_RUNS) == 0 && (end & target) != 0;
}

/* Follows the way to its end; the state is left there. */
static uint32_t follow(struct way *way)
{
    unsigned moves = 0;
    while (moves < MOVES_LIMIT && next_move(way) != MOVE_OF(MOVE_NONE, 0)) {
        moves++;
    }
    uint32_t end = look(way->world.state);
    end |= moves == MOVES_LIMIT ? END_NEVER : 0;
    return end;
}

static bool claim_helps(const struct explore_settler *settler, const struct explore_state *state)
{
    const explore_move claims[] = {MOVE_OF(MOVE_SOURCE_CLAIM, 0), MOVE_OF(MOVE_TARGET_CLAIM, 0)};
    for (size_t i = 0; i < 2; i++) {
        struct explore_state copy = *state;
        copy.left.claims = 1;
        struct way way = {
            .world = {.machine = settler->machine, .state = &copy}
        };
        if (!explore_move_apply(&way.world, claims[i])) {
            continue;
        }
        const uint32_t end = follow(&way);
        /* A copy that was freed because the target owned it is started again from its disks. */
        const bool from_disk = (end & END_SOURCE_OWNS) != 0 && copy.s.process == PROCESS_NONE;
        if (exactly_one(end) || from_disk) {
            return true;
        }
    }
    return false;
}

uint32_t
explore_settle(struct explore_settler *settler, const struct explore_state *state, bool healed)
{
    struct explore_state start = normal(state, healed);
    const uint64_t fingerprint = XXH3_64bits_withSeed(&start, sizeof start, healed ? 1 : 2);
    struct explore_settled *known = &settler->memory[fingerprint % MEMORY_SIZE];
    if (known->fingerprint == fingerprint) {
        return known->end;
    }
    struct way way = {
        .world = {.machine = settler->machine, .state = &start},
          .healed = healed
    };
    uint32_t end = follow(&way);
    if (!exactly_one(end) && claim_helps(settler, &start)) {
        end |= END_CLAIM_HELPS;
    }
    *known = (struct explore_settled){.fingerprint = fingerprint, .end = end};
    return end;
}

size_t explore_settle_moves(
    const struct explore_machine *machine,
    const struct explore_state *state,
    bool healed,
    explore_move *moves,
    size_t capacity)
{
    struct explore_state start = normal(state, healed);
    struct way way = {
        .world = {.machine = machine, .state = &start},
          .healed = healed
    };
    size_t count = 0;
    while (count < capacity) {
        const explore_move move = next_move(&way);
        if (move == MOVE_OF(MOVE_NONE, 0)) {
            break;
        }
        moves[count] = move;
        count++;
    }
    return count;
}

/* ---- the rows of the truth table ---- */

/* A state with both its ends. */
struct judged {
    struct explore_settler *settler;
    const struct explore_state *state;
    uint32_t healed;
    uint32_t alone;
    enum explore_check broken;
};

static void row(struct judged *judged, enum explore_check check, bool holds)
{
    judged->settler->rows[check]++;
    if (!holds && judged->broken == CHECK_NONE && (judged->settler->checks >> check & 1U) != 0) {
        judged->broken = check;
    }
}

static bool has(uint32_t end, uint32_t bits)
{
    return (end & bits) == bits;
}

static bool none(uint32_t end, uint32_t bits)
{
    return (end & bits) == 0;
}

static bool in_doubt(const struct explore_state *state)
{
    return state->t.owner == RECORD_DOUBT || state->t.burned == RECORD_DOUBT ||
           state->s.claimed == RECORD_DOUBT;
}

static bool meddled(const struct explore_state *state)
{
    return state->s.fenced || state->t.fenced || state->s.reinstalled || state->t.reinstalled;
}

/* Rows 1, 2, 9, 10, 11: the source's host is up, or only daemons are down. */
static void rows_source_up(struct judged *judged)
{
    const struct explore_state *state = judged->state;
    const struct explore_source_host *s = &state->s;
    const bool live = s->engine == SOURCE_COPYING || s->engine == SOURCE_PAUSING ||
                      s->engine == SOURCE_SENDING || s->engine == SOURCE_RESUMING;
    const uint32_t here = END_SOURCE_OWNS | END_SOURCE_RUNS;
    if (live && (s->process == PROCESS_RUNNING || s->process == PROCESS_PAUSED)) {
        row(judged,
            s->ending ? CHECK_T11_CANCELLED : CHECK_T1_TARGET_GONE_BEFORE_GRANT,
            has(judged->alone, here) && none(judged->alone, END_TARGET_OWNS | END_TARGET_RUNS));
    }
    if (meddled(state) || in_doubt(state)) {
        return;
    }
    const bool both_up = s->engine != SOURCE_DOWN && state->t.engine != TARGET_DOWN;
    if (both_up) {
        row(judged, CHECK_T2_NETWORK_BACK, exactly_one(judged->healed));
    }
    if (!both_up && s->process != PROCESS_KILLED && state->t.process != PROCESS_KILLED) {
        row(judged,
            CHECK_T9_DAEMON_ONLY,
            exactly_one(judged->healed) &&
                !none(judged->healed, END_SOURCE_RUNS | END_TARGET_RUNS));
    }
    if (state->source.phase == HANDOVER_BURNING && s->granted == RECORD_DOUBT) {
        row(judged,
            CHECK_T10_GRANT_WRITE_FAILED,
            has(judged->healed, END_SOURCE_OWNS) && has(judged->alone, END_SOURCE_OUT) &&
                none(judged->alone, END_SOURCE_RUNS | END_TARGET_RUNS));
    }
}

/* Rows 3, 4, 5. */
static void rows_source_down(struct judged *judged)
{
    const struct explore_state *state = judged->state;
    const struct explore_source_host *s = &state->s;
    const uint32_t target = END_TARGET_OWNS | END_TARGET_RUNS;
    const uint32_t source = END_SOURCE_OWNS | END_SOURCE_RUNS;
    if (s->engine != SOURCE_DOWN || s->fenced || state->t.fenced || s->reinstalled) {
        return;
    }
    const bool undecided = s->session && s->ended == RECORD_NONE && s->claimed == RECORD_NONE;
    const bool target_up = state->t.engine == TARGET_ACTIVE;
    const uint8_t phase = state->target.phase;
    if (undecided && s->granted == RECORD_NONE) {
        row(judged,
            CHECK_T3_SOURCE_DIED_BEFORE_GRANT,
            has(judged->healed, END_SOURCE_OWNS) && none(judged->healed | judged->alone, target));
    }
    if (target_up && (phase == HANDOVER_OWNING || phase == HANDOVER_OWNER)) {
        row(judged,
            CHECK_T4_SOURCE_DIED_GRANT_DELIVERED,
            has(judged->alone, END_TARGET_OWNS) && has(judged->healed, END_TARGET_OWNS) &&
                none(judged->healed, source) &&
                (state->t.process == PROCESS_KILLED || has(judged->alone, END_TARGET_RUNS)));
    }
    const bool same = phase == HANDOVER_READY && state->target.attempt == s->granted_attempt;
    if (undecided && s->granted == RECORD_DURABLE && target_up && same) {
        row(judged,
            CHECK_T5_SOURCE_DIED_GRANT_NOT_DELIVERED,
            has(judged->healed, target) && has(judged->alone, END_TARGET_READY | END_CLAIM_HELPS) &&
                none(judged->alone, target | source));
    }
}

/* Rows 6, 7, 8. */
static void rows_target_down(struct judged *judged)
{
    const struct explore_state *state = judged->state;
    const struct explore_target_host *t = &state->t;
    const uint32_t source = END_SOURCE_OWNS | END_SOURCE_RUNS;
    const bool waits = explore_source_is_out(state) && state->source.phase != HANDOVER_CLAIMING;
    if (t->fenced || state->s.fenced) {
        return;
    }
    if (t->engine == TARGET_DOWN && t->session && t->owner == RECORD_NONE && waits) {
        row(judged,
            CHECK_T6_TARGET_DIED_BEFORE_OWNER,
            has(judged->healed, END_SOURCE_OWNS) && exactly_one(judged->healed) &&
                none(judged->alone, source));
    }
    if (t->engine == TARGET_DOWN && (t->owner == RECORD_DURABLE || t->fate == FATE_HERE)) {
        row(judged,
            CHECK_T7_TARGET_DIED_AFTER_OWNER,
            has(judged->healed, END_TARGET_OWNS) && none(judged->healed | judged->alone, source));
    }
    if (t->reinstalled && !t->session && waits) {
        const bool word_under_way = state->to_source[0] != 0;
        row(judged,
            CHECK_T8_TARGET_REINSTALLED,
            word_under_way || (has(judged->healed, END_SOURCE_OUT | END_CLAIM_HELPS) &&
                               none(judged->healed, source | END_TARGET_OWNS | END_TARGET_RUNS)));
    }
}

/* Whether it is known why not exactly one runs it. */
static bool excused(const struct explore_state *state, uint32_t end)
{
    const bool out = (end & END_SOURCE_OUT) != 0;
    return (state->t.reinstalled && (out || (end & END_SOURCE_MOVED) != 0)) ||
           state->s.reinstalled || state->s.fenced || state->t.fenced ||
           ((end & END_TARGET_UNSURE) != 0 && out) || ((end & END_CLAIM_DOUBT) != 0 && out);
}

static void liveness(struct judged *judged)
{
    const struct explore_state *state = judged->state;
    const uint32_t end = judged->healed;
    const bool one = exactly_one(end);
    row(judged, CHECK_L3_ENDS, none(end, END_NEVER) && none(judged->alone, END_NEVER));
    row(judged, CHECK_L1_EXACTLY_ONE, one || excused(state, end));
    const bool source_can = (end & END_SOURCE_OUT) != 0 && (end & END_CLAIM_DOUBT) == 0;
    const bool target_can = (end & END_TARGET_READY) != 0;
    if (!one && !state->s.fenced && !state->t.fenced && (source_can || target_can)) {
        row(judged, CHECK_L2_OPERATOR_CAN_END_IT, has(end, END_CLAIM_HELPS));
    }
}

enum explore_check
explore_check_ends(struct explore_settler *settler, const struct explore_state *state)
{
    struct judged judged = {
        .settler = settler,
        .state = state,
        .healed = explore_settle(settler, state, true),
        .alone = explore_settle(settler, state, false),
    };
    rows_source_up(&judged);
    rows_source_down(&judged);
    rows_target_down(&judged);
    liveness(&judged);
    return judged.broken;
}
