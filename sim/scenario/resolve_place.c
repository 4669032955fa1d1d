/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_place.c -- where migrations can go, and over which networks. */
#include "sim/scenario/resolve_place.h"

#include <string.h>

/* All hosts which no step drains. */
static size_t *hosts_not_drained(struct resolve *resolve, size_t *count_out)
{
    size_t hosts = resolve->scenario->host_count;
    size_t *list = arena_take(resolve->parse->arena, hosts, sizeof(*list));
    *count_out = 0;
    for (size_t host = 0; host < hosts; host++) {
        if (resolve->drains_of_host[host] == 0) {
            list[(*count_out)++] = host;
        }
    }
    return list;
}

void resolve_drain_targets(struct resolve *resolve)
{
    struct scenario *scenario = resolve->scenario;
    const struct scenario_step *first = NULL;
    const struct record *seen = NULL;
    for (size_t index = 0; index < scenario->step_count; index++) {
        struct scenario_step *step = &scenario->steps[index];
        const struct record *record = resolve->steps[index];
        if (step->kind != SCENARIO_STEP_DRAIN) {
            continue;
        }
        if (record == seen) { /* another host of the same entry */
            step->targets = scenario->steps[index - 1].targets;
            step->target_count = scenario->steps[index - 1].target_count;
            continue;
        }
        seen = record;
        const struct value *to = record_value(record, "to");
        if (to->given) {
            step->targets = resolve_host_list(resolve, to, &step->target_count);
        } else {
            step->targets = hosts_not_drained(resolve, &step->target_count);
        }
        if (step->target_count == 0 && !to->given) {
            parse_error(
                resolve->parse, step->mark, "no host is left that could take the drained guests");
        }
        if (first == NULL) {
            first = step;
        } else if (
            first->target_count != step->target_count ||
            memcmp(first->targets, step->targets, step->target_count * sizeof(size_t)) != 0) {
            parse_error(
                resolve->parse,
                to->mark,
                "all drains of a file share their targets: write the same 'to' as in line %u",
                first->mark.line);
        }
    }
}

/* Is there a network for a migration of this step from one host to another? */
static void
check_way(struct resolve *resolve, const struct scenario_step *step, size_t from, size_t to)
{
    const struct scenario *scenario = resolve->scenario;
    const char *first = scenario->hosts[from].name;
    const char *second = scenario->hosts[to].name;
    for (size_t index = 0; index < step->options.network_count; index++) {
        size_t network = step->options.networks[index];
        if (!resolve_joined(resolve, network, from, to)) {
            parse_error(
                resolve->parse,
                step->mark,
                "network '%s' does not join '%s' and '%s'",
                scenario->networks[network].name,
                first,
                second);
        }
    }
    if (step->options.network_count == 0 && !resolve_joined(resolve, SCENARIO_NONE, from, to)) {
        parse_error(resolve->parse, step->mark, "no network joins '%s' and '%s'", first, second);
    }
}

/* Only the first move of a guest is known to begin where the guest does. */
static void check_move(struct resolve *resolve, const struct scenario_step *step, size_t number)
{
    const struct scenario_guest *guest = &resolve->scenario->guests[step->move.guest];
    if (guest->host == SCENARIO_NONE || step->host == SCENARIO_NONE ||
        resolve->move_of_guest[step->move.guest] != number ||
        resolve->drains_of_host[guest->host] != 0) {
        return;
    }
    if (guest->host != step->host) {
        check_way(resolve, step, guest->host, step->host);
    } else if (resolve->moves_of_guest[step->move.guest] == 1) {
        parse_error(
            resolve->parse,
            step->mark,
            "guest '%s' is on host '%s' already",
            guest->name,
            resolve->scenario->hosts[step->host].name);
    }
}

void check_ways(struct resolve *resolve)
{
    const struct scenario *scenario = resolve->scenario;
    for (size_t index = 0; index < scenario->step_count; index++) {
        const struct scenario_step *step = &scenario->steps[index];
        if (step->kind == SCENARIO_STEP_MOVE) {
            check_move(resolve, step, index);
        }
        for (size_t target = 0; step->kind == SCENARIO_STEP_DRAIN && target < step->target_count;
             target++) {
            if (step->targets[target] == step->host) {
                parse_error(
                    resolve->parse,
                    step->mark,
                    "host '%s' is drained onto itself",
                    scenario->hosts[step->host].name);
            } else {
                check_way(resolve, step, step->host, step->targets[target]);
            }
        }
    }
}
