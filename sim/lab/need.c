/* SPDX-License-Identifier: Apache-2.0 */
/* need.c -- what a run on real hosts needs, of the machine and of the scenario. */
#include "sim/lab/lab.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GUEST_MEMORY_MIN (64ULL << 20)
#define GUEST_MEMORY_MAX (8ULL << 30)
#define GUEST_STEP       (2ULL << 20)
/* Below, a cable of this machine has as much of its own; above, the relay makes it. */
#define LATENCY_MIN 500000
#define SPACES_MAX  64U

static bool in_path(const char *program)
{
    const char *path = getenv("PATH");
    char list[4096];
    (void)snprintf(list, sizeof(list), "%s:/usr/sbin:/sbin", path == NULL ? "" : path);
    char *rest = NULL;
    for (char *folder = strtok_r(list, ":", &rest); folder != NULL;
         folder = strtok_r(NULL, ":", &rest)) {
        char whole[PATH_MAX];
        (void)snprintf(whole, sizeof(whole), "%s/%s", folder, program);
        if (access(whole, X_OK) == 0) {
            return true;
        }
    }
    return false;
}

const char *lab_machine_lacks(void)
{
    if (geteuid() != 0) {
        return "network namespaces need root: run it with sudo";
    }
    if (access("/dev/kvm", R_OK | W_OK) != 0) {
        return "/dev/kvm is missing or not allowed: real guests need KVM";
    }
    if (!in_path("ip") || !in_path("tc")) {
        return "`ip` and `tc` are missing: install iproute2";
    }
    return NULL;
}

static bool of_network(const struct scenario_fault *fault, size_t network)
{
    switch ((unsigned)fault->kind) {
    case SCENARIO_FAULT_NET_RESET:
    case SCENARIO_FAULT_NET_REFUSE:
    case SCENARIO_FAULT_NET_LATENCY:
    case SCENARIO_FAULT_NET_LOSS:
    case SCENARIO_FAULT_NET_PARTITION:
        return fault->network == network || fault->network == SCENARIO_NONE;
    default: return false;
    }
}

bool lab_network_needs_relay(const struct scenario *scenario, size_t network)
{
    const struct scenario_network *spec = &scenario->networks[network];
    if (spec->latency >= LATENCY_MIN || spec->loss_ppm != 0) {
        return true;
    }
    for (size_t i = 0; i < scenario->fault_count; i++) {
        if (of_network(&scenario->faults[i], network)) {
            return true;
        }
    }
    return false;
}

static const char *guest_lacks(const struct scenario_guest *guest)
{
    if (guest->page != 4096) {
        return "has coarse pages; real ones have 4 KiB";
    }
    if (guest->memory < GUEST_MEMORY_MIN || guest->memory > GUEST_MEMORY_MAX ||
        guest->memory % GUEST_STEP != 0) {
        return "has a memory that real guests cannot have (64 MiB to 8 GiB, in steps of 2 MiB)";
    }
    if (guest->real != NULL) {
        return NULL;
    }
    switch (guest->workload->kind) {
    case MODEL_WORKLOAD_IDLE:
    case MODEL_WORKLOAD_SWEEP:
    case MODEL_WORKLOAD_UNIFORM:
    case MODEL_WORKLOAD_HOTSET: break;
    case MODEL_WORKLOAD_BURST:
    case MODEL_WORKLOAD_PHASES:
    case MODEL_WORKLOAD_CURVE:
    case MODEL_WORKLOAD_REPLAY: return "has a workload that only modelled guests run";
    }
    return NULL;
}

static const char *step_lacks(const struct scenario_step *step)
{
    if (step->kind == SCENARIO_STEP_DRAIN) {
        return "drains a host, which needs the coordinator of a cluster";
    }
    if (step->kind == SCENARIO_STEP_MOVE && step->options.network_count != 0) {
        return "names networks for a move; a daemon uses those of its configuration";
    }
    return NULL;
}

static const char *fault_lacks(const struct scenario_fault *fault)
{
    switch ((unsigned)fault->kind) {
    case SCENARIO_FAULT_HOST_CRASH:
    case SCENARIO_FAULT_HOST_PAUSE:
    case SCENARIO_FAULT_DAEMON_CRASH:
    case SCENARIO_FAULT_NET_DOWN:
    case SCENARIO_FAULT_NET_RESET:
    case SCENARIO_FAULT_NET_REFUSE:
    case SCENARIO_FAULT_NET_BANDWIDTH:
    case SCENARIO_FAULT_NET_LATENCY:
    case SCENARIO_FAULT_NET_LOSS:
    case SCENARIO_FAULT_NET_PARTITION: return NULL;
    default: return "is a fault that only the simulated world can make";
    }
}

const char *lab_scenario_lacks(const struct scenario *scenario, char text[LAB_TEXT_MAX])
{
    if (scenario->host_count > LAB_HOSTS_MAX || scenario->network_count > LAB_NETWORKS_MAX ||
        scenario->guest_count > SPACES_MAX) {
        (void)snprintf(
            text,
            LAB_TEXT_MAX,
            "more than %u hosts, %u networks or %u guests",
            LAB_HOSTS_MAX,
            LAB_NETWORKS_MAX,
            SPACES_MAX);
        return text;
    }
    for (size_t i = 0; i < scenario->guest_count; i++) {
        const char *why = guest_lacks(&scenario->guests[i]);
        if (why != NULL) {
            (void)snprintf(text, LAB_TEXT_MAX, "guest %s %s", scenario->guests[i].name, why);
            return text;
        }
    }
    for (size_t i = 0; i < scenario->step_count; i++) {
        const char *why = step_lacks(&scenario->steps[i]);
        if (why != NULL) {
            (void)snprintf(
                text, LAB_TEXT_MAX, "the step of line %u %s", scenario->steps[i].mark.line, why);
            return text;
        }
    }
    for (size_t i = 0; i < scenario->fault_count; i++) {
        const char *why = fault_lacks(&scenario->faults[i]);
        if (why != NULL) {
            (void)snprintf(text, LAB_TEXT_MAX, "line %u %s", scenario->faults[i].mark.line, why);
            return text;
        }
    }
    return NULL;
}
