/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play.c -- the scenario's timeline on the wall clock.
 *
 *   guests up, their memory filled -> instant 0 -> acts at their instants, or when a phase is told
 *   -> all moves ended -> self-checks, places, outcomes
 *
 * A phase is known when the daemon's event of it has come: some hundred microseconds later than the
 * simulated world acts, which stops time for it. What must be exact to the step is for ferry-sim.
 */
#include "sim/lab/play.h"

#include "sim/lab/control.h"

#include <poll.h>

#define TICK_MS  2
#define QUIET_NS 3600000000000 /* without an end a run is over after this much, as in ferry-sim */

struct play_move *play_find(struct play *play, const struct scenario_move_ref *ref)
{
    for (size_t i = 0; i < play->move_count; i++) {
        if (play->moves[i].step == ref->step && play->moves[i].guest == ref->guest) {
            return &play->moves[i];
        }
    }
    return NULL;
}

bool play_add_act(struct play *play, const struct play_act *act)
{
    if (play->act_count == PLAY_ACTS_MAX) {
        return lab_fail(play->lab, "too many steps and faults for the lab");
    }
    play->acts[play->act_count++] = *act;
    return true;
}

static const struct scenario_trigger *
trigger_of(const struct play *play, const struct play_act *act)
{
    const struct scenario *scenario = play->lab->scenario;
    return act->kind == ACT_STEP ? &scenario->steps[act->index].when
                                 : &scenario->faults[act->index].when;
}

static bool plan(struct play *play)
{
    const struct scenario *scenario = play->lab->scenario;
    for (size_t i = 0; i < scenario->step_count + scenario->fault_count; i++) {
        struct play_act act = {.kind = i < scenario->step_count ? ACT_STEP : ACT_FAULT};
        act.index = act.kind == ACT_STEP ? i : i - scenario->step_count;
        const struct scenario_trigger *when = trigger_of(play, &act);
        act.armed = !when->on_phase;
        act.due_ns = when->on_phase ? 0 : when->at;
        if (!play_add_act(play, &act)) {
            return false;
        }
    }
    return true;
}

/* Acts that wait for a phase which has been entered meanwhile. */
static void arm(struct play *play)
{
    for (size_t i = 0; i < play->act_count; i++) {
        struct play_act *act = &play->acts[i];
        if (act->armed || act->done) {
            continue;
        }
        const struct scenario_trigger *when = trigger_of(play, act);
        const struct play_move *move = play_find(play, &when->move);
        if (move == NULL) {
            continue;
        }
        const bool round_too_low =
            when->phase == SCENARIO_PHASE_ROUND && move->rounds < when->round + 1;
        const bool attempt_too_low =
            when->phase >= SCENARIO_PHASE_PAUSED && move->attempt < when->attempt;
        if (move->entered[when->phase] != 0 && !round_too_low && !attempt_too_low) {
            act->armed = true;
            act->due_ns = lab_elapsed(play->lab) + when->after;
        }
    }
}

static bool act_now(struct play *play)
{
    for (size_t i = 0; i < play->act_count; i++) {
        struct play_act *act = &play->acts[i];
        if (act->done || !act->armed || act->due_ns > lab_elapsed(play->lab)) {
            continue;
        }
        act->done = true;
        const size_t index = act->index;
        const bool acted = act->kind == ACT_STEP    ? play_step(play, index)
                           : act->kind == ACT_FAULT ? play_fault(play, index)
                                                    : play_heal(play, index);
        if (!acted) {
            return false;
        }
    }
    return true;
}

/* All that can happen has: acts that wait for a phase of a move which has ended never come. */
static bool is_over(struct play *play)
{
    for (size_t i = 0; i < play->move_count; i++) {
        if (!play->moves[i].ended) {
            return false;
        }
    }
    for (size_t i = 0; i < play->act_count; i++) {
        const struct play_act *act = &play->acts[i];
        if (!act->done && act->armed) {
            return false;
        }
    }
    const int64_t end = play->lab->scenario->end;
    return end == SCENARIO_FOREVER || lab_elapsed(play->lab) >= end;
}

static void wait_a_little(struct play *play)
{
    struct pollfd fds[LAB_HOSTS_MAX];
    nfds_t count = 0;
    for (size_t i = 0; i < play->lab->scenario->host_count; i++) {
        if (play->lab->hosts[i].events != NULL) {
            fds[count++] =
                (struct pollfd){.fd = lab_control_fd(play->lab->hosts[i].events), .events = POLLIN};
        }
    }
    (void)poll(fds, count, TICK_MS);
}

static bool run(struct play *play)
{
    while (!is_over(play)) {
        if (lab_interrupted()) {
            return lab_fail(play->lab, "interrupted");
        }
        if (lab_elapsed(play->lab) > QUIET_NS) {
            return lab_fail(play->lab, "an hour has passed, and there is no end");
        }
        wait_a_little(play);
        if (!play_watch(play)) {
            return false;
        }
        arm(play);
        if (!act_now(play)) {
            return false;
        }
    }
    return true;
}

bool lab_play(struct lab *lab)
{
    struct play play = {.lab = lab};
    for (size_t i = 0; i < lab->scenario->guest_count; i++) {
        play.guest_at[i] = lab->scenario->guests[i].host;
    }
    bool played = plan(&play) && play_guests_start(&play);
    if (played) {
        lab->zero_ns = lab_now();
        played = run(&play);
        lab->result->virtual_ns = lab_elapsed(lab);
    }
    for (size_t i = 0; played && i < play.move_count; i++) {
        play_collect_outcome(&play, &play.moves[i]);
        lab_gather_outcome(lab, play.moves[i].migration, play.moves[i].outcome);
    }
    played = played && play_guests_judge(&play);
    for (size_t i = 0; i < play.move_count; i++) {
        json_decref(play.moves[i].outcome);
    }
    return played;
}
