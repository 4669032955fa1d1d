/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_events.c -- what happens and when: steps and faults in one timeline.
 *
 * What has a time comes first, in its order; then what waits for a phase, in the order of the file.
 * The many steps which one entry about a fleet became are told once.
 */
#include "sim/scenario/shown.h"

/* The names of a fleet's entry: "vm1" or "vm1 and 39 more". */
static void show_subject(FILE *out, const char *name, size_t more)
{
    (void)fprintf(out, "%s", name);
    if (more != 0) {
        (void)fprintf(out, " and %zu more", more);
    }
}

static const char *guest_of(const struct scenario *scenario, struct scenario_move_ref move)
{
    return scenario->guests[move.guest].name;
}

/* Says which migration is meant, with the id of its step where there is one. */
static void show_move(FILE *out, const struct scenario *scenario, struct scenario_move_ref move)
{
    const char *id = scenario->steps[move.step].id;
    (void)fprintf(out, "the move of %s", guest_of(scenario, move));
    if (id != NULL) {
        (void)fprintf(out, " (%s)", id);
    }
}

static void
show_trigger(FILE *out, const struct scenario *scenario, const struct scenario_trigger *trigger)
{
    if (!trigger->on_phase) {
        (void)fprintf(out, "  at %s: ", shown_time(trigger->at).text);
        return;
    }
    (void)fprintf(out, "  when ");
    show_move(out, scenario, trigger->move);
    if (trigger->phase == SCENARIO_PHASE_ROUND) {
        (void)fprintf(out, " begins round %u", trigger->round);
    } else {
        (void)fprintf(out, " is %s", scenario_phase_name(trigger->phase));
    }
    if (trigger->phase >= SCENARIO_PHASE_PAUSED && trigger->attempt != 1) {
        (void)fprintf(out, " in attempt %u", trigger->attempt);
    }
    if (trigger->after != 0) {
        (void)fprintf(out, ", %s later", shown_time(trigger->after).text);
    }
    (void)fprintf(out, ": ");
}

static void show_limit(FILE *out, int64_t limit)
{
    if (limit == SCENARIO_FOREVER) {
        (void)fprintf(out, "no blackout limit");
    } else {
        (void)fprintf(out, "blackout limit %s", shown_time(limit).text);
    }
}

static void show_cap(FILE *out, uint64_t cap)
{
    if (cap == SCENARIO_UNLIMITED) {
        (void)fprintf(out, "no bandwidth cap");
    } else {
        (void)fprintf(out, "bandwidth cap %s", shown_bandwidth(cap).text);
    }
}

static void show_options(
    FILE *out, const struct scenario *scenario, const struct scenario_move_options *options)
{
    static const char *const no_convergence[] = {
        [FERRY_GIVE_UP] = "gives up where it does not converge",
        [FERRY_KEEP_TRYING] = "keeps trying where it does not converge",
        [FERRY_SWITCH_ANYWAY] = "switches anyway where it does not converge",
    };
    (void)fprintf(
        out, "      %s, ", options->mode == FERRY_MODE_PRECOPY ? "pre-copy" : "stop-and-copy");
    show_limit(out, options->blackout_limit);
    (void)fprintf(out, ", %u stream%s, ", options->streams, options->streams == 1 ? "" : "s");
    show_cap(out, options->bandwidth_cap);
    (void)fprintf(
        out,
        ",\n      %s, gives up after %s, batches of %s of link time\n",
        no_convergence[options->on_no_convergence],
        shown_time(options->give_up_after).text,
        shown_time(options->batch).text);
    for (size_t index = 0; index < options->network_count; index++) {
        (void)fprintf(
            out,
            "%s%s%s",
            index == 0 ? "      uses only " : ", ",
            scenario->networks[options->networks[index]].name,
            index + 1 == options->network_count ? "\n" : "");
    }
}

static void show_set(FILE *out, const struct scenario *scenario, const struct scenario_step *step)
{
    show_move(out, scenario, step->move);
    (void)fprintf(out, " gets");
    if (step->set_bandwidth_cap) {
        (void)fprintf(out, " ");
        show_cap(out, step->options.bandwidth_cap);
    }
    if (step->set_blackout_limit) {
        (void)fprintf(out, "%s", step->set_bandwidth_cap ? " and " : " ");
        show_limit(out, step->options.blackout_limit);
    }
    (void)fprintf(out, "\n");
}

static void
show_step(FILE *out, const struct scenario *scenario, const struct scenario_step *step, size_t more)
{
    show_trigger(out, scenario, &step->when);
    switch (step->kind) {
    case SCENARIO_STEP_MOVE:
        (void)fprintf(out, "move ");
        show_subject(out, guest_of(scenario, step->move), more);
        (void)fprintf(out, " to %s", scenario->hosts[step->host].name);
        (void)fprintf(
            out, "%s%s\n", step->id == NULL ? "" : ", called ", step->id == NULL ? "" : step->id);
        show_options(out, scenario, &step->options);
        break;
    case SCENARIO_STEP_DRAIN:
        (void)fprintf(out, "drain ");
        show_subject(out, scenario->hosts[step->host].name, more);
        (void)fprintf(
            out,
            ", %u at a time a host, onto %zu other%s\n",
            step->parallel,
            step->target_count,
            step->target_count == 1 ? "" : "s");
        show_options(out, scenario, &step->options);
        break;
    case SCENARIO_STEP_CANCEL:
        (void)fprintf(out, "cancel ");
        show_move(out, scenario, step->move);
        (void)fprintf(out, "\n");
        break;
    case SCENARIO_STEP_SET: show_set(out, scenario, step); break;
    case SCENARIO_STEP_SWITCH_NOW:
        (void)fprintf(out, "switch over now: ");
        show_move(out, scenario, step->move);
        (void)fprintf(out, "\n");
        break;
    case SCENARIO_STEP_CLAIM:
        (void)fprintf(
            out,
            "the operator claims guest %s for %s\n",
            guest_of(scenario, step->move),
            scenario->hosts[step->host].name);
        break;
    case SCENARIO_STEP_BURN:
        (void)fprintf(
            out,
            "the operator burns the session of guest %s on %s\n",
            guest_of(scenario, step->move),
            scenario->hosts[step->host].name);
        break;
    }
}

static void
show_fault(FILE *out, const struct scenario *scenario, const struct scenario_fault *fault)
{
    show_trigger(out, scenario, &fault->when);
    show_effect(out, scenario, fault);
}

/* How many further steps the same entry of the file became. */
static size_t same_entry(const struct scenario *scenario, size_t step)
{
    size_t more = 0;
    while (step + more + 1 < scenario->step_count &&
           scenario->steps[step + more + 1].mark.line == scenario->steps[step].mark.line &&
           scenario->steps[step + more + 1].mark.column == scenario->steps[step].mark.column) {
        more++;
    }
    return more;
}

/* The earliest time after `after` of anything that has one; FOREVER: nothing is left. */
static int64_t next_time(const struct scenario *scenario, int64_t after)
{
    int64_t next = SCENARIO_FOREVER;
    for (size_t index = 0; index < scenario->step_count; index++) {
        const struct scenario_trigger *when = &scenario->steps[index].when;
        next = !when->on_phase && when->at > after && when->at < next ? when->at : next;
    }
    for (size_t index = 0; index < scenario->fault_count; index++) {
        const struct scenario_trigger *when = &scenario->faults[index].when;
        next = !when->on_phase && when->at > after && when->at < next ? when->at : next;
    }
    return next;
}

/* Everything at one time, or (on_phase) everything that waits for a phase. */
static void show_moment(FILE *out, const struct scenario *scenario, bool on_phase, int64_t at)
{
    for (size_t index = 0; index < scenario->step_count; index++) {
        const struct scenario_step *step = &scenario->steps[index];
        size_t more = same_entry(scenario, index);
        if (step->when.on_phase == on_phase && (on_phase || step->when.at == at)) {
            show_step(out, scenario, step, more);
        }
        index += more;
    }
    for (size_t index = 0; index < scenario->fault_count; index++) {
        const struct scenario_fault *fault = &scenario->faults[index];
        if (fault->when.on_phase == on_phase && (on_phase || fault->when.at == at)) {
            show_fault(out, scenario, fault);
        }
    }
}

void show_events(FILE *out, const struct scenario *scenario)
{
    (void)fprintf(out, "\nWhat happens\n");
    if (scenario->step_count + scenario->fault_count == 0) {
        (void)fprintf(out, "  nothing\n");
    }
    for (int64_t at = next_time(scenario, -1); at != SCENARIO_FOREVER;
         at = next_time(scenario, at)) {
        show_moment(out, scenario, false, at);
    }
    show_moment(out, scenario, true, 0);
}
