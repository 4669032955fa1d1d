/* SPDX-License-Identifier: Apache-2.0 */
/* play_step.c -- what operators do, said to the daemon that it concerns. */
#include "sim/lab/control.h"
#include "sim/lab/play.h"

#include <string.h>

#define CALL_NS 30000000000

static json_t *rate_or_null(uint64_t bits)
{
    return bits == SCENARIO_UNLIMITED ? json_null() : json_integer((json_int_t)(bits / 8));
}

static json_t *time_or_null(int64_t ns)
{
    return ns == SCENARIO_FOREVER ? json_null() : json_integer(ns);
}

static const char *policy_name(enum ferry_no_convergence policy)
{
    switch (policy) {
    case FERRY_GIVE_UP: return "give-up";
    case FERRY_KEEP_TRYING: return "keep-trying";
    case FERRY_SWITCH_ANYWAY: return "switch-anyway";
    }
    return "give-up";
}

static json_t *move_arguments(const struct scenario *scenario, const struct scenario_step *step)
{
    const struct scenario_move_options *options = &step->options;
    return json_pack(
        "{s:s, s:s, s:i, s:o, s:o, s:s, s:s, s:o}",
        "guest",
        scenario->guests[step->move.guest].name,
        "to",
        scenario->hosts[step->host].name,
        "streams",
        (int)options->streams,
        "bandwidth_cap",
        rate_or_null(options->bandwidth_cap),
        "blackout_limit_ns",
        time_or_null(options->blackout_limit),
        "mode",
        options->mode == FERRY_MODE_STOP_AND_COPY ? "stop-and-copy" : "precopy",
        "on_no_convergence",
        policy_name(options->on_no_convergence),
        "give_up_after_ns",
        time_or_null(options->give_up_after));
}

/* A move that was refused at once has an outcome, too: the same as in the simulated world. */
static void refused(struct play *play, struct play_move *move, const char *why)
{
    move->ended = true;
    move->outcome = json_pack("{s:s, s:s}", "outcome", "refused", "reason", why);
    lab_say(play->lab, "refused: %s", why);
}

static bool begin_move(struct play *play, size_t index)
{
    struct lab *lab = play->lab;
    const struct scenario_step *step = &lab->scenario->steps[index];
    if (play->move_count == PLAY_MOVES_MAX) {
        return lab_fail(lab, "too many moves for the lab");
    }
    struct play_move *move = &play->moves[play->move_count++];
    *move = (struct play_move){
        .step = index,
        .guest = step->move.guest,
        .from = play->guest_at[step->move.guest],
        .to = step->host,
    };
    move->migration = sim_result_add_migration(
        lab->result,
        (uint32_t)index,
        (uint32_t)move->guest,
        (uint32_t)move->from,
        (uint32_t)move->to);
    lab->result->migrations[move->migration].asked_at_ns = lab_elapsed(lab);
    struct lab_host *host = &lab->hosts[move->from];
    char why[LAB_TEXT_MAX] = "the daemon is down";
    json_t *result = host->calls == NULL ? NULL
                                         : lab_control_call(
                                               host->calls,
                                               "move",
                                               move_arguments(lab->scenario, step),
                                               CALL_NS,
                                               why,
                                               sizeof(why));
    if (result == NULL) {
        refused(play, move, why);
        return true;
    }
    const char *session = json_string_value(json_object_get(result, "session"));
    (void)snprintf(move->session, sizeof(move->session), "%s", session == NULL ? "" : session);
    move->entered[SCENARIO_PHASE_CONNECTING] = lab_now();
    json_decref(result);
    return true;
}

/* What a daemon says no to is part of the scenario (a cancel that comes too late), not its end. */
static bool order(struct play *play, size_t host, const char *call, json_t *args)
{
    struct lab_host *at = &play->lab->hosts[host];
    char why[LAB_TEXT_MAX] = "the daemon is down";
    json_t *result = NULL;
    if (at->calls == NULL) {
        json_decref(args);
    } else {
        result = lab_control_call(at->calls, call, args, CALL_NS, why, sizeof(why));
    }
    if (result == NULL) {
        lab_say(play->lab, "%s: %s", call, why);
    }
    json_decref(result);
    return true;
}

bool play_step(struct play *play, size_t index)
{
    struct lab *lab = play->lab;
    const struct scenario_step *step = &lab->scenario->steps[index];
    if (step->kind == SCENARIO_STEP_MOVE) {
        return begin_move(play, index);
    }
    const struct play_move *move = play_find(play, &step->move);
    if (move == NULL) {
        return true; /* its move has not begun: in the simulated world nothing happens either */
    }
    json_t *args = json_pack("{s:s}", "session", move->session);
    switch (step->kind) {
    case SCENARIO_STEP_CANCEL: return order(play, move->from, "cancel", args);
    case SCENARIO_STEP_SWITCH_NOW:
        json_object_set_new(args, "switch_now", json_true());
        return order(play, move->from, "set", args);
    case SCENARIO_STEP_SET:
        if (step->set_bandwidth_cap) {
            json_object_set_new(args, "bandwidth_cap", rate_or_null(step->options.bandwidth_cap));
        }
        if (step->set_blackout_limit) {
            json_object_set_new(
                args, "blackout_limit_ns", time_or_null(step->options.blackout_limit));
        }
        return order(play, move->from, "set", args);
    case SCENARIO_STEP_CLAIM:
    case SCENARIO_STEP_BURN:
        json_object_set_new(args, "fenced", json_true());
        return order(
            play,
            step->host,
            step->kind == SCENARIO_STEP_CLAIM ? "session.claim" : "session.burn",
            args);
    case SCENARIO_STEP_MOVE:
    case SCENARIO_STEP_DRAIN: break; /* need.c keeps drains out */
    }
    json_decref(args);
    return true;
}
