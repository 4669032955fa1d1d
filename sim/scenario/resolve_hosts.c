/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_hosts.c -- hosts with their costs, networks, and who is joined to whom. */
#include "sim/scenario/keys_cluster.h"
#include "sim/scenario/resolve.h"

#include <string.h>

size_t resolve_count(const struct value *list)
{
    size_t count = 0;
    for (size_t index = 0; index < list->count; index++) {
        count += list->items[index].record != NULL ? 1 : 0;
    }
    return count;
}

static struct sim_costs read_costs(const struct record *record)
{
    return (struct sim_costs){
        .pause = record_time(record, "pause"),
        .resume = record_time(record, "resume"),
        .collection_per_page = record_time(record, "collection_per_page"),
        .collection_per_gib = record_time(record, "collection_per_gib"),
        .state_out = record_time(record, "state_out"),
        .state_out_per_mib = record_time(record, "state_out_per_mib"),
        .state_in = record_time(record, "state_in"),
        .state_in_per_mib = record_time(record, "state_in_per_mib"),
        .journal_fsync = record_time(record, "journal_fsync"),
        .first_write_fault = record_time(record, "first_write_fault"),
        .announce = record_time(record, "announce"),
        .cpu_bandwidth = record_number(record, "cpu"),
    };
}

static struct scenario_host
read_host(struct resolve *resolve, const struct record *record, struct scenario_mark mark)
{
    struct scenario_host host = {
        .memory = record_number(record, "memory"),
        .timeouts =
            {
                       .silence = record_time(record, "silence_timeout"),
                       .connect = record_time(record, "connect_timeout"),
                       .reconnect = record_time(record, "reconnect_limit"),
                       .probe = record_time(record, "probe_interval"),
                       .action = record_time(record, "action_timeout"),
                       .unknown = record_time(record, "unknown_after"),
                       .orphan = record_time(record, "orphan_limit"),
                       .hold = record_time(record, "hold_time"),
                       },
        .fleet = SCENARIO_NONE,
        .mark = mark,
    };
    if (record_value(record, "memory")->bad) {
        host.memory = SCENARIO_UNLIMITED; /* told: what stands on it is not the next error */
    }
    const struct value *costs = record_value(record, "costs");
    const struct value *profile = record_value(record, "profile");
    const struct record *measured = NULL;
    if (profile->given && costs->given) {
        parse_error(resolve->parse, profile->mark, "profile: `costs` says it already");
    } else if (profile->given && !profile->bad) {
        measured = resolve_profile(resolve, profile);
    }
    if (measured != NULL) {
        host.costs = read_costs(measured);
    } else if (costs->is_word) {
        host.costs = sim_costs_none();
    } else if (costs->record != NULL) {
        host.costs = read_costs(costs->record);
    } else {
        host.costs = sim_costs_default();
    }
    return host;
}

/* The members of a declared host or guest: `count`, or one. */
static size_t member_count(const struct item *item)
{
    const struct value *count = record_value(item->record, "count");
    return count->given ? (size_t)count->number : 1;
}

static void add_host(
    struct resolve *resolve, const struct item *item, const char *name, struct scenario_host host)
{
    struct scenario *scenario = resolve->scenario;
    if (strcmp(name, "lost") == 0) {
        parse_error(resolve->parse, item->mark, "a host must not be called 'lost'");
    }
    host.name = name;
    names_add(
        &resolve->hosts,
        (struct named){
            .name = name, .first = scenario->host_count, .count = 1, .mark = item->mark});
    scenario->hosts[scenario->host_count++] = host;
}

static void add_host_fleet(
    struct resolve *resolve, const struct item *item, struct scenario_host host, size_t count)
{
    struct scenario *scenario = resolve->scenario;
    host.fleet = scenario->fleet_count;
    scenario->fleets[scenario->fleet_count++] = (struct scenario_fleet){
        .name = item->name,
        .kind = SCENARIO_FLEET_HOSTS,
        .first = scenario->host_count,
        .count = count,
    };
    names_add(
        &resolve->hosts,
        (struct named){
            .name = item->name,
            .first = scenario->host_count,
            .count = count,
            .fleet = true,
            .mark = item->mark});
    for (size_t index = 0; index < count; index++) {
        add_host(
            resolve,
            item,
            arena_format(resolve->parse->arena, "%s%zu", item->name, index + 1),
            host);
    }
}

void resolve_hosts(struct resolve *resolve)
{
    struct scenario *scenario = resolve->scenario;
    struct scenario_arena *arena = resolve->parse->arena;
    const struct value *list = record_value(resolve->root, "hosts");
    size_t total = 0;
    for (size_t index = 0; index < list->count; index++) {
        total += list->items[index].record == NULL ? 0 : member_count(&list->items[index]);
    }
    if (total > SCENARIO_HOSTS_MAX) {
        parse_error(
            resolve->parse,
            list->mark,
            "%zu hosts, the limit is %zu",
            total,
            (size_t)SCENARIO_HOSTS_MAX);
        total = 0;
    }
    if (total == 0 && list->given && !list->bad && list->count == 0) {
        parse_error(resolve->parse, list->mark, "hosts: at least one host is needed");
    }
    scenario->hosts = arena_take(arena, total, sizeof(*scenario->hosts));
    resolve->seen = arena_take(arena, total, sizeof(*resolve->seen));
    names_open(&resolve->hosts, resolve->parse, "host", total + list->count);
    for (size_t index = 0; total != 0 && index < list->count; index++) {
        const struct item *item = &list->items[index];
        if (item->record == NULL) {
            continue;
        }
        struct scenario_host host = read_host(resolve, item->record, item->mark);
        if (record_value(item->record, "count")->given) {
            add_host_fleet(resolve, item, host, member_count(item));
        } else {
            add_host(resolve, item, item->name, host);
        }
    }
    names_seal(&resolve->hosts, resolve->parse);
}

size_t resolve_host(struct resolve *resolve, const struct value *value)
{
    if (value->bad || value->text == NULL) {
        return SCENARIO_NONE;
    }
    const struct named *named =
        names_need(&resolve->hosts, resolve->parse, value->text, value->mark);
    if (named == NULL) {
        return SCENARIO_NONE;
    }
    if (named->fleet && named->count != 1) {
        parse_error(
            resolve->parse,
            value->mark,
            "'%s' is a fleet of %zu hosts; name one of them, such as '%s'",
            named->name,
            named->count,
            resolve->scenario->hosts[named->first].name);
        return SCENARIO_NONE;
    }
    return named->first;
}

/* The members of all names in the list; unknown ones are told here, and count as none. */
static size_t count_listed(struct resolve *resolve, const struct value *value)
{
    size_t count = 0;
    for (size_t index = 0; index < value->count; index++) {
        const struct item *item = &value->items[index];
        const struct named *named =
            names_need(&resolve->hosts, resolve->parse, item->name, item->mark);
        count += named == NULL ? 0 : named->count;
    }
    if (resolve->listed <= SCENARIO_LISTED_MAX) {
        resolve->listed += count;
        if (resolve->listed > SCENARIO_LISTED_MAX) {
            parse_error(resolve->parse, value->mark, "the file names too many hosts in its lists");
        }
    }
    return resolve->listed > SCENARIO_LISTED_MAX ? 0 : count;
}

/* Adds the members of one name to list. */
static void
add_listed(struct resolve *resolve, const struct item *item, size_t *list, size_t *count)
{
    const struct named *named = names_find(&resolve->hosts, item->name);
    for (size_t offset = 0; named != NULL && offset < named->count; offset++) {
        size_t host = named->first + offset;
        if (resolve->seen[host]) {
            parse_error(
                resolve->parse,
                item->mark,
                "host '%s' is named twice in this list",
                resolve->scenario->hosts[host].name);
            return;
        }
        resolve->seen[host] = true;
        list[(*count)++] = host;
    }
}

size_t *resolve_host_list(struct resolve *resolve, const struct value *value, size_t *count_out)
{
    size_t capacity = count_listed(resolve, value);
    size_t *list = arena_take(resolve->parse->arena, capacity, sizeof(*list));
    *count_out = 0;
    for (size_t index = 0; capacity != 0 && index < value->count; index++) {
        add_listed(resolve, &value->items[index], list, count_out);
    }
    for (size_t index = 0; index < *count_out; index++) {
        resolve->seen[list[index]] = false;
    }
    return list;
}

static struct scenario_network read_network(struct resolve *resolve, const struct item *item)
{
    const struct record *record = item->record;
    struct scenario_network network = {
        .name = item->name,
        .bandwidth = record_number(record, "bandwidth"),
        .backbone = record_number(record, "backbone"),
        .latency = record_time(record, "latency"),
        .loss_ppm = (uint32_t)(record_number(record, "loss") / 1000),
        .window = record_number(record, "window"),
        .priority = (uint32_t)record_number(record, "priority"),
        .mark = item->mark,
    };
    const struct value *loss = record_value(record, "loss");
    if (loss->number % 1000 != 0) {
        parse_error(resolve->parse, loss->mark, "loss: the smallest step is 1 ppm, 0.0001 %%");
    }
    network.hosts = resolve_host_list(resolve, record_value(record, "hosts"), &network.host_count);
    return network;
}

void resolve_networks(struct resolve *resolve)
{
    struct scenario *scenario = resolve->scenario;
    struct scenario_arena *arena = resolve->parse->arena;
    const struct value *list = record_value(resolve->root, "networks");
    size_t total = resolve_count(list);
    if (total > SCENARIO_NETWORKS_MAX) {
        parse_error(
            resolve->parse,
            list->mark,
            "%zu networks, the limit is %zu",
            total,
            (size_t)SCENARIO_NETWORKS_MAX);
        total = 0;
    }
    scenario->networks = arena_take(arena, total, sizeof(*scenario->networks));
    names_open(&resolve->networks, resolve->parse, "network", total);
    resolve->member = arena_take(arena, total * scenario->host_count, sizeof(*resolve->member));
    for (size_t index = 0; total != 0 && index < list->count; index++) {
        const struct item *item = &list->items[index];
        if (item->record == NULL) {
            continue;
        }
        size_t number = scenario->network_count++;
        scenario->networks[number] = read_network(resolve, item);
        names_add(
            &resolve->networks,
            (struct named){.name = item->name, .first = number, .count = 1, .mark = item->mark});
        const struct scenario_network *network = &scenario->networks[number];
        for (size_t host = 0; host < network->host_count; host++) {
            resolve->member[number * scenario->host_count + network->hosts[host]] = true;
        }
    }
    names_seal(&resolve->networks, resolve->parse);
}

size_t resolve_network(struct resolve *resolve, const struct value *value)
{
    if (value->bad || value->text == NULL) {
        return SCENARIO_NONE;
    }
    const struct named *named =
        names_need(&resolve->networks, resolve->parse, value->text, value->mark);
    return named == NULL ? SCENARIO_NONE : named->first;
}

bool resolve_joined(const struct resolve *resolve, size_t network, size_t first, size_t second)
{
    size_t hosts = resolve->scenario->host_count;
    for (size_t index = 0; index < resolve->scenario->network_count; index++) {
        const bool *member = resolve->member + index * hosts;
        if ((network == SCENARIO_NONE || network == index) && member[first] && member[second]) {
            return true;
        }
    }
    return false;
}
