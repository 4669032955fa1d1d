/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show.c -- a scenario in plain words: what a reader of the file should have understood.
 *
 * It is made from the resolved scenario, not from the text: every default in force is said, and a
 * unit that was misread shows here.
 */
#include "sim/scenario/shown.h"

#include <inttypes.h>
#include <string.h>

static void show_name(FILE *out, const struct scenario *scenario, size_t fleet, const char *name)
{
    if (fleet == SCENARIO_NONE) {
        (void)fprintf(out, "  %s", name);
        return;
    }
    const struct scenario_fleet *of = &scenario->fleets[fleet];
    (void)fprintf(out, "  %s1 to %s%zu", of->name, of->name, of->count);
}

static bool default_costs(const struct sim_costs *costs, struct sim_costs other)
{
    return costs->pause == other.pause && costs->resume == other.resume &&
           costs->collection_per_page == other.collection_per_page &&
           costs->collection_per_gib == other.collection_per_gib &&
           costs->state_out == other.state_out &&
           costs->state_out_per_mib == other.state_out_per_mib &&
           costs->state_in == other.state_in && costs->state_in_per_mib == other.state_in_per_mib &&
           costs->journal_fsync == other.journal_fsync &&
           costs->first_write_fault == other.first_write_fault &&
           costs->announce == other.announce && costs->cpu_bandwidth == other.cpu_bandwidth;
}

static void show_costs(FILE *out, const struct sim_costs *costs)
{
    if (default_costs(costs, sim_costs_none())) {
        (void)fprintf(out, "      its own work takes no time (costs: none)\n");
        return;
    }
    (void)fprintf(
        out,
        "      %s costs: pause %s, ",
        default_costs(costs, sim_costs_default()) ? "the usual" : "own",
        shown_time(costs->pause).text);
    (void)fprintf(out, "resume %s, ", shown_time(costs->resume).text);
    (void)fprintf(
        out,
        "collection %s a dirty page + %s a GiB,\n",
        shown_time(costs->collection_per_page).text,
        shown_time(costs->collection_per_gib).text);
    (void)fprintf(
        out,
        "      device state out %s + %s a MiB, ",
        shown_time(costs->state_out).text,
        shown_time(costs->state_out_per_mib).text);
    (void)fprintf(
        out,
        "in %s + %s a MiB,\n",
        shown_time(costs->state_in).text,
        shown_time(costs->state_in_per_mib).text);
    (void)fprintf(
        out,
        "      journal fsync %s, first write to a page %s, ",
        shown_time(costs->journal_fsync).text,
        shown_time(costs->first_write_fault).text);
    (void)fprintf(
        out,
        "announcement %s, CPU %s\n",
        shown_time(costs->announce).text,
        shown_bandwidth(costs->cpu_bandwidth).text);
}

static void show_patience(FILE *out, const struct scenario_timeouts *timeouts)
{
    (void)fprintf(
        out,
        "      next network after %s of silence, gives up after %s without any network,\n",
        shown_time(timeouts->silence).text,
        shown_time(timeouts->reconnect).text);
    (void)fprintf(
        out,
        "      outcome unknown after %s without an answer, a target without its source holds %s\n",
        shown_time(timeouts->unknown).text,
        shown_time(timeouts->hold).text);
}

static bool same_host(const struct scenario_host *host, const struct scenario_host *other)
{
    const struct scenario_timeouts *one = &host->timeouts;
    const struct scenario_timeouts *two = &other->timeouts;
    return default_costs(&host->costs, other->costs) && one->silence == two->silence &&
           one->reconnect == two->reconnect && one->unknown == two->unknown &&
           one->hold == two->hold;
}

static void show_hosts(FILE *out, const struct scenario *scenario)
{
    (void)fprintf(out, "\nHosts\n");
    for (size_t index = 0; index < scenario->host_count; index++) {
        const struct scenario_host *host = &scenario->hosts[index];
        if (host->fleet != SCENARIO_NONE && scenario->fleets[host->fleet].first != index) {
            continue;
        }
        show_name(out, scenario, host->fleet, host->name);
        (void)fprintf(out, ": %s of memory\n", shown_size(host->memory).text);
        size_t next =
            index + (host->fleet == SCENARIO_NONE ? 1 : scenario->fleets[host->fleet].count);
        if (next == scenario->host_count || !same_host(host, &scenario->hosts[next])) {
            show_costs(out, &host->costs); /* once for neighbours which are alike */
            show_patience(out, &host->timeouts);
        }
    }
}

/* "h1, h2, h3" or "h1 to h25" where a whole fleet is meant. */
static void
show_host_list(FILE *out, const struct scenario *scenario, const size_t *hosts, size_t count)
{
    for (size_t index = 0; index < count; index++) {
        const struct scenario_host *host = &scenario->hosts[hosts[index]];
        (void)fprintf(out, "%s%s", index == 0 ? "" : ", ", host->name);
        if (host->fleet == SCENARIO_NONE || scenario->fleets[host->fleet].first != hosts[index]) {
            continue;
        }
        size_t last = index + scenario->fleets[host->fleet].count - 1;
        if (last > index && last < count && hosts[last] == hosts[index] + (last - index)) {
            (void)fprintf(out, " to %s", scenario->hosts[hosts[last]].name);
            index = last;
        }
    }
}

static void show_networks(FILE *out, const struct scenario *scenario)
{
    (void)fprintf(out, "\nNetworks, the lowest priority first in use\n");
    for (size_t index = 0; index < scenario->network_count; index++) {
        const struct scenario_network *network = &scenario->networks[index];
        (void)fprintf(out, "  %s joins ", network->name);
        show_host_list(out, scenario, network->hosts, network->host_count);
        (void)fprintf(
            out,
            ": %s each way, latency %s one way, priority %u",
            shown_bandwidth(network->bandwidth).text,
            shown_time(network->latency).text,
            network->priority);
        if (network->backbone != SCENARIO_UNLIMITED) {
            (void)fprintf(out, ", %s in all", shown_bandwidth(network->backbone).text);
        }
        if (network->loss_ppm != 0) {
            (void)fprintf(out, ", loses %s of its packets", shown_loss(network->loss_ppm).text);
        }
        if (network->window != SCENARIO_UNLIMITED) {
            (void)fprintf(out, ", window %s", shown_size(network->window).text);
        }
        (void)fprintf(out, "\n");
    }
}

static void
show_guest(FILE *out, const struct scenario *scenario, const struct scenario_guest *guest)
{
    size_t last = 0;
    show_name(out, scenario, guest->fleet, guest->name);
    (void)fprintf(out, " on %s", scenario->hosts[guest->host].name);
    if (guest->fleet != SCENARIO_NONE) {
        last = scenario->fleets[guest->fleet].first + scenario->fleets[guest->fleet].count - 1;
        if (scenario->guests[last].host != guest->host) {
            (void)fprintf(out, " to %s", scenario->hosts[scenario->guests[last].host].name);
        }
        (void)fprintf(out, ", each");
    }
    (void)fprintf(
        out, ": %s in pages of %s, ", shown_size(guest->memory).text, shown_size(guest->page).text);
    (void)fprintf(
        out,
        "%llu of %llu hold data%s, ",
        (unsigned long long)guest->nonzero_pages,
        (unsigned long long)(guest->memory / guest->page),
        guest->nonzero_from_trace ? " (says the recording)" : "");
    (void)fprintf(out, "device state %s", shown_size(guest->device_state).text);
    if (guest->device_writes > 0) {
        (void)fprintf(out, ", whose saving writes %" PRIu32 " pages", guest->device_writes);
    }
    (void)fputs("\n      ", out);
    show_workload(out, guest->workload);
    if (guest->zeroed_ppm > 0) {
        (void)fprintf(out, "; %" PRIu32 " of a million writes leave zeros", guest->zeroed_ppm);
    }
    (void)fprintf(out, "%s\n", guest->content == SCENARIO_CONTENT_BYTES ? "; real bytes" : "");
    if (guest->clients.present) {
        (void)fprintf(
            out,
            "      clients send %s, wait %s at most, are answered in %s\n",
            shown_rate(guest->clients.rate).text,
            shown_time(guest->clients.timeout).text,
            shown_time(guest->clients.rtt).text);
    }
}

static void show_guests(FILE *out, const struct scenario *scenario)
{
    (void)fprintf(out, "\nGuests at time 0\n");
    for (size_t index = 0; index < scenario->guest_count; index++) {
        const struct scenario_guest *guest = &scenario->guests[index];
        if (guest->fleet == SCENARIO_NONE || scenario->fleets[guest->fleet].first == index) {
            show_guest(out, scenario, guest);
        }
    }
}

void scenario_show(FILE *out, const struct scenario *scenario)
{
    (void)fprintf(out, "%s (%s)\n", scenario->name, scenario->file);
    if (scenario->question[0] != '\0') {
        (void)fprintf(out, "Question: %s\n", scenario->question);
    }
    (void)fprintf(out, "Seed %llu. ", (unsigned long long)scenario->seed);
    if (scenario->end == SCENARIO_FOREVER) {
        (void)fprintf(out, "Ends when all is over and can be judged.\n");
    } else {
        (void)fprintf(out, "Ends at %s.\n", shown_time(scenario->end).text);
    }
    show_hosts(out, scenario);
    if (scenario->network_count != 0) {
        show_networks(out, scenario);
    }
    if (scenario->guest_count != 0) {
        show_guests(out, scenario);
    }
    show_events(out, scenario);
    show_expects(out, scenario);
}
