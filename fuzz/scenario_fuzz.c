/* SPDX-License-Identifier: Apache-2.0 */
/* scenario_fuzz.c -- whatever text is given as a scenario file, the answer is a scenario whose promises hold (S-1 and S-2
 * of sim/scenario/scenario.h, as far as they can be told from outside), or errors that each have a place and a sentence.
 * What was accepted can be told in words. */
#include "sim/scenario/scenario.h"

#include "fuzz/claim.h"

#include <stdlib.h>
#include <string.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's own name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_hosts(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->network_count; i++) {
        const struct scenario_network *network = &scenario->networks[i];
        holds(network->name != NULL && network->latency >= 0 && network->loss_ppm <= 1000000);
        for (size_t k = 0; k < network->host_count; k++) {
            holds(network->hosts[k] < scenario->host_count);
        }
    }
    for (size_t i = 0; i < scenario->guest_count; i++) {
        const struct scenario_guest *guest = &scenario->guests[i];
        holds(guest->name != NULL && guest->workload != NULL);
        holds(guest->host < scenario->host_count);
        holds(guest->page != 0 && guest->memory % guest->page == 0);
        holds(guest->nonzero_pages <= guest->memory / guest->page);
    }
}

static void check_trigger(const struct scenario *scenario, const struct scenario_trigger *trigger)
{
    if (trigger->on_phase) {
        holds(trigger->move.step < scenario->step_count);
        holds(trigger->phase >= SCENARIO_PHASE_CONNECTING);
        holds(trigger->phase <= SCENARIO_PHASE_CLOSING);
    } else {
        holds(trigger->at >= 0);
    }
    holds(trigger->after >= 0);
}

static void check_happenings(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->step_count; i++) {
        const struct scenario_step *step = &scenario->steps[i];
        check_trigger(scenario, &step->when);
        if (step->kind == SCENARIO_STEP_MOVE) {
            holds(step->move.guest < scenario->guest_count);
            holds(step->host < scenario->host_count);
            holds(step->options.streams >= 1 && step->options.streams <= FERRY_STREAMS_MAX);
        }
    }
    for (size_t i = 0; i < scenario->fault_count; i++) {
        const struct scenario_fault *fault = &scenario->faults[i];
        check_trigger(scenario, &fault->when);
        holds(fault->duration >= 0 && fault->restart_after >= 0);
        holds(fault->network == SCENARIO_NONE || fault->network < scenario->network_count);
    }
}

static void check_errors(const struct scenario_errors *errors)
{
    holds(errors->count > 0);
    for (size_t i = 0; i < errors->count; i++) {
        const char *message = errors->items[i].message;
        if (message == NULL) {
            claim(false, "an error without a sentence");
            return;
        }
        claim(strncmp(message, "fuzz.yaml", 9) == 0, "an error without a place");
        claim(strlen(message) > sizeof("fuzz.yaml:1:1: "), "an error without a sentence");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    struct scenario_errors errors = {0};
    struct scenario *scenario = NULL;
    if (nowhere == NULL) {
        nowhere = fopen("/dev/null", "we");
        claim(nowhere != NULL, "no /dev/null");
    }
    const enum scenario_status status =
        scenario_load_text("fuzz.yaml", data, size, &scenario, &errors);
    claim(status != SCENARIO_OUT_OF_MEMORY, "a text of this size takes all memory");
    if (status == SCENARIO_OK) {
        holds(scenario != NULL && errors.count == 0 && errors.suppressed == 0);
        check_hosts(scenario);
        check_happenings(scenario);
        scenario_show(nowhere, scenario);
    } else {
        holds(scenario == NULL);
        check_errors(&errors);
    }
    scenario_free(scenario);
    scenario_errors_free(&errors);
    return 0;
}
