/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_faults.c -- what goes wrong, in words: one sentence a fault.
 */
#include "sim/scenario/shown.h"

/* ", for 10 s" or ", for good" */
static void show_duration(FILE *out, int64_t duration)
{
    if (duration == SCENARIO_FOREVER) {
        (void)fprintf(out, ", for good\n");
    } else {
        (void)fprintf(out, ", for %s\n", shown_time(duration).text);
    }
}

static void show_restart(FILE *out, int64_t restart_after)
{
    if (restart_after == SCENARIO_FOREVER) {
        (void)fprintf(out, " and does not come back\n");
    } else {
        (void)fprintf(out, " and is back after %s\n", shown_time(restart_after).text);
    }
}

/* What ends with a restart. */
static void show_crash(FILE *out, const char *host, const struct scenario_fault *fault)
{
    if (fault->kind == SCENARIO_FAULT_HOST_CRASH) {
        (void)fprintf(out, "host %s crashes", host);
    } else if (fault->kind == SCENARIO_FAULT_HOST_CRASH_KEPT) {
        (void)fprintf(out, "host %s crashes, its journal's last write is durable,", host);
    } else if (fault->kind == SCENARIO_FAULT_HOST_REINSTALL) {
        (void)fprintf(out, "host %s crashes, loses its journal", host);
    } else {
        (void)fprintf(out, "the daemon of host %s crashes while its guests live on,", host);
    }
    show_restart(out, fault->restart_after);
}

static void show_disk(FILE *out, const char *host, const struct scenario_fault *fault)
{
    if (fault->kind == SCENARIO_FAULT_JOURNAL_FAIL) {
        (void)fprintf(out, "the journal of host %s cannot be written", host);
    } else if (fault->kind == SCENARIO_FAULT_JOURNAL_DOUBT) {
        (void)fprintf(out, "writes to the journal of host %s are said to fail, and do not", host);
    } else if (fault->kind == SCENARIO_FAULT_DISK_FULL) {
        (void)fprintf(out, "the disk with the journal of host %s is full", host);
    } else {
        (void)fprintf(
            out, "each fsync of host %s takes %s longer", host, shown_time(fault->delay).text);
    }
    show_duration(out, fault->duration);
}

static void show_clock(FILE *out, const char *host, const struct scenario_fault *fault)
{
    (void)fprintf(out, "the clock of host %s ", host);
    if (fault->kind == SCENARIO_FAULT_CLOCK_FORWARD) {
        (void)fprintf(out, "jumps ahead by %s\n", shown_time(fault->delay).text);
    } else if (fault->kind == SCENARIO_FAULT_CLOCK_BACK) {
        (void)fprintf(out, "is set back: it stands still for %s\n", shown_time(fault->delay).text);
    } else {
        (void)fprintf(
            out,
            "%s %s",
            fault->kind == SCENARIO_FAULT_CLOCK_FAST ? "gains" : "loses",
            shown_loss(fault->share_ppm).text);
        show_duration(out, fault->duration);
    }
}

static void
show_host_fault(FILE *out, const struct scenario *scenario, const struct scenario_fault *fault)
{
    const char *host = scenario->hosts[fault->host].name;

    if (fault->kind == SCENARIO_FAULT_HOST_PAUSE) {
        (void)fprintf(out, "host %s stands still", host);
    } else if (fault->kind == SCENARIO_FAULT_HOST_CPU) {
        (void)fprintf(
            out, "host %s has %s of its CPU left", host, shown_loss(fault->share_ppm).text);
    } else if (fault->kind == SCENARIO_FAULT_HOST_MEMORY) {
        (void)fprintf(
            out, "%s of the memory of host %s are taken", shown_size(fault->bytes).text, host);
    } else if (fault->kind == SCENARIO_FAULT_VERSION) {
        (void)fprintf(
            out,
            "the daemon of host %s speaks the versions %u to %u of the protocol",
            host,
            fault->version_min,
            fault->version_max);
    } else if (fault->kind <= SCENARIO_FAULT_DAEMON_CRASH) {
        show_crash(out, host, fault);
        return;
    } else {
        show_disk(out, host, fault);
        return;
    }
    show_duration(out, fault->duration);
}

/* What happens at an instant. */
static bool show_connections(FILE *out, const struct scenario_fault *fault)
{
    if (fault->kind == SCENARIO_FAULT_NET_RESET) {
        (void)fprintf(out, "every connection is reset\n");
    } else if (fault->kind == SCENARIO_FAULT_NET_REORDER) {
        (void)fprintf(
            out,
            "every connection breaks at the caller's end, what had left it arrives %s later\n",
            shown_time(fault->delay).text);
    } else if (fault->kind == SCENARIO_FAULT_NET_DUPLICATE) {
        (void)fprintf(out, "what control connections have said comes a second time\n");
    } else {
        return false;
    }
    return true;
}

static void show_value(FILE *out, const struct scenario_fault *fault)
{
    if (fault->kind == SCENARIO_FAULT_NET_BANDWIDTH) {
        (void)fprintf(out, "carries %s", shown_bandwidth(fault->bandwidth).text);
    } else if (fault->kind == SCENARIO_FAULT_NET_LATENCY) {
        (void)fprintf(out, "packets take %s one way", shown_time(fault->latency).text);
    } else if (fault->kind == SCENARIO_FAULT_NET_JITTER) {
        (void)fprintf(out, "packets take up to %s longer", shown_time(fault->latency).text);
    } else if (fault->kind == SCENARIO_FAULT_NET_LOSS) {
        (void)fprintf(out, "loses %s of its packets", shown_loss(fault->loss_ppm).text);
    } else if (fault->kind == SCENARIO_FAULT_NET_CORRUPT) {
        (void)fprintf(
            out, "changes a byte of %s of the messages", shown_loss(fault->share_ppm).text);
    } else if (fault->kind == SCENARIO_FAULT_NET_DOWN) {
        (void)fprintf(out, "packets vanish");
    } else if (fault->kind == SCENARIO_FAULT_NET_CLOG) {
        (void)fprintf(out, "packets wait, and come all at once");
    } else {
        (void)fprintf(out, "connections are refused");
    }
}

static void
show_network_fault(FILE *out, const struct scenario *scenario, const struct scenario_fault *fault)
{
    const char *from = fault->from == SCENARIO_NONE ? "" : scenario->hosts[fault->from].name;
    const char *to = fault->to == SCENARIO_NONE ? "" : scenario->hosts[fault->to].name;

    if (fault->network == SCENARIO_NONE) {
        (void)fprintf(out, "all networks: ");
    } else {
        (void)fprintf(out, "network %s: ", scenario->networks[fault->network].name);
    }
    if (show_connections(out, fault)) {
        return;
    }
    if (fault->kind == SCENARIO_FAULT_NET_PARTITION) {
        (void)fprintf(out, "packets from %s to %s vanish, those back arrive", from, to);
    } else if (fault->kind == SCENARIO_FAULT_NET_BACKGROUND) {
        (void)fprintf(
            out,
            "other traffic from %s to %s, %s",
            from,
            to,
            shown_bandwidth(fault->bandwidth).text);
    } else {
        show_value(out, fault);
    }
    show_duration(out, fault->duration);
}

static void
show_guest_fault(FILE *out, const struct scenario *scenario, const struct scenario_fault *fault)
{
    const char *guest = scenario->guests[fault->guest].name;

    if (fault->kind == SCENARIO_FAULT_GUEST_BURST) {
        (void)fprintf(out, "guest %s writes %s at once\n", guest, shown_size(fault->bytes).text);
    } else if (fault->kind == SCENARIO_FAULT_GUEST_DEVICE) {
        (void)fprintf(
            out, "devices of guest %s write %s at once\n", guest, shown_size(fault->bytes).text);
    } else {
        (void)fprintf(
            out, "guest %s writes %s more", guest, shown_bandwidth(fault->bandwidth).text);
        show_duration(out, fault->duration);
    }
}

void show_effect(FILE *out, const struct scenario *scenario, const struct scenario_fault *fault)
{
    switch (scenario_fault_scope(fault->kind)) {
    case SCENARIO_SCOPE_HOST: show_host_fault(out, scenario, fault); break;
    case SCENARIO_SCOPE_CLOCK: show_clock(out, scenario->hosts[fault->host].name, fault); break;
    case SCENARIO_SCOPE_NETWORK: show_network_fault(out, scenario, fault); break;
    case SCENARIO_SCOPE_GUEST: show_guest_fault(out, scenario, fault); break;
    case SCENARIO_SCOPE_OPERATOR: break;
    }
}
