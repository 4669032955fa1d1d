/* SPDX-License-Identifier: Apache-2.0 */
/* play_watch.c -- what the daemons say: which move is in which phase, and how it ended. */
#include "sim/lab/control.h"
#include "sim/lab/play.h"

#include <stdlib.h>
#include <string.h>

#define CALL_NS 10000000000

static const struct {
    const char *direction;
    const char *state;
    enum scenario_phase phase;
} phases[] = {
    {"out", "opening",  SCENARIO_PHASE_CONNECTING},
    {"out", "pausing",  SCENARIO_PHASE_CONNECTING}, /* stop-and-copy has no opening of its own */
    {"out", "sending",  SCENARIO_PHASE_PAUSED    },
    {"out", "granting", SCENARIO_PHASE_READY     },
    {"out", "granting", SCENARIO_PHASE_STATE_SENT},
    {"out", "granting", SCENARIO_PHASE_GRANTING  },
    {"out", "granted",  SCENARIO_PHASE_GRANTED   },
    {"in",  "loading",  SCENARIO_PHASE_STATE_SENT},
    {"in",  "owning",   SCENARIO_PHASE_DELIVERED },
    {"in",  "starting", SCENARIO_PHASE_OWNED     },
    {"in",  "running",  SCENARIO_PHASE_STARTED   },
    {"out", "closing",  SCENARIO_PHASE_CLOSING   },
};

static const char *text_of(const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));
    return text == NULL ? "" : text;
}

static struct play_move *move_of(struct play *play, const json_t *event)
{
    const char *session = text_of(event, "session");
    for (size_t i = 0; i < play->move_count; i++) {
        if (strcmp(play->moves[i].session, session) == 0) {
            return &play->moves[i];
        }
    }
    return NULL;
}

static void enter(struct play_move *move, enum scenario_phase phase)
{
    if (move->entered[phase] == 0) {
        move->entered[phase] = lab_now();
    }
}

static void take_state(struct play_move *move, const json_t *event)
{
    const char *direction = text_of(event, "direction");
    const char *state = text_of(event, "state");
    const json_int_t attempt = json_integer_value(json_object_get(event, "attempt"));
    if (attempt > move->attempt) { /* phases of the pause begin anew */
        move->attempt = (uint32_t)attempt;
        for (size_t i = SCENARIO_PHASE_PAUSED; i < PLAY_PHASES; i++) {
            move->entered[i] = 0;
        }
    }
    for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
        if (strcmp(phases[i].direction, direction) == 0 && strcmp(phases[i].state, state) == 0) {
            enter(move, phases[i].phase);
        }
    }
    if (strcmp(direction, "out") == 0 && strcmp(state, "copying") == 0) {
        enter(move, SCENARIO_PHASE_ROUND);
        move->rounds = move->rounds == 0 ? 1 : move->rounds;
    }
}

static void take_event(struct play *play, const json_t *event)
{
    struct play_move *move = move_of(play, event);
    const char *name = text_of(event, "event");
    if (play->lab->options.verbose) {
        char *line = json_dumps(event, JSON_COMPACT);
        lab_say(play->lab, "%s", line == NULL ? name : line);
        free(line);
    }
    if (move == NULL) {
        return;
    }
    if (strcmp(name, "move.state") == 0) {
        take_state(move, event);
    } else if (strcmp(name, "move.attached") == 0) {
        enter(move, SCENARIO_PHASE_OPENING);
    } else if (strcmp(name, "move.round") == 0) {
        const json_int_t round = json_integer_value(json_object_get(event, "round"));
        enter(move, SCENARIO_PHASE_ROUND);
        if (round + 1 > move->rounds) {
            move->rounds = (uint32_t)round + 1;
        }
    } else if (
        strcmp(name, "move.finished") == 0 && strcmp(text_of(event, "direction"), "out") == 0) {
        move->ended = true;
        if (strcmp(text_of(event, "outcome"), "completed") == 0) {
            play->guest_at[move->guest] = move->to;
        }
    }
}

bool play_watch(struct play *play)
{
    struct lab *lab = play->lab;
    for (size_t i = 0; i < lab->scenario->host_count; i++) {
        struct lab_host *host = &lab->hosts[i];
        bool closed = false;
        json_t *event = NULL;
        while (host->events != NULL &&
               (event = lab_control_next_event(host->events, &closed)) != NULL) {
            take_event(play, event);
            json_decref(event);
        }
        if (closed && host->pid > 0) {
            return lab_fail(lab, "the daemon of %s has died: see %s", host->name, host->folder);
        }
    }
    return true;
}

void play_collect_outcome(struct play *play, struct play_move *move)
{
    struct lab_host *host = &play->lab->hosts[move->from];
    char why[LAB_TEXT_MAX];
    if (move->outcome != NULL || host->calls == NULL) {
        return;
    }
    json_t *told = lab_control_call(
        host->calls,
        "wait",
        json_pack("{s:s}", "session", move->session),
        CALL_NS,
        why,
        sizeof(why));
    if (told == NULL) {
        lab_say(play->lab, "no outcome of %s: %s", move->session, why);
        return;
    }
    move->outcome = json_incref(json_object_get(told, "outcome"));
    json_decref(told);
}
