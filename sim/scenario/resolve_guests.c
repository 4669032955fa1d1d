/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_guests.c -- guests, their fleets, where each stands at time 0, and whether it fits. */
#include "model/clients.h"
#include "model/memory.h"
#include "model/trace.h"
#include "sim/scenario/resolve.h"

#include <string.h>

#define PPM UINT64_C(1000000)

__extension__ typedef unsigned __int128 wide;

static uint64_t pages_of(const struct scenario_guest *guest)
{
    return guest->memory / guest->page;
}

static void
check_memory(struct resolve *resolve, const struct record *record, struct scenario_guest *guest)
{
    const struct value *memory = record_value(record, "memory");
    const struct value *page = record_value(record, "page");
    if ((guest->page & (guest->page - 1)) != 0) {
        parse_error(resolve->parse, page->mark, "page: '%s' is no power of two", page->text);
        guest->page = 4096;
        return;
    }
    if (memory->bad) {
        return;
    }
    if (guest->memory % guest->page != 0) {
        parse_error(
            resolve->parse,
            memory->mark,
            "memory: '%s' is no multiple of the page size, %s",
            quote(memory->text).text,
            quote(page->text).text);
    } else if (pages_of(guest) > MODEL_MEMORY_PAGES_MAX) {
        parse_error(
            resolve->parse,
            memory->mark,
            "memory: '%s' is more than 2^32 pages of %s",
            quote(memory->text).text,
            quote(page->text).text);
    }
    if (guest->content == SCENARIO_CONTENT_BYTES && guest->memory > MODEL_MEMORY_BYTES_MAX) {
        parse_error(
            resolve->parse,
            record_value(record, "content")->mark,
            "content: bytes is for guests of up to 4 GiB, this one has %s",
            quote(memory->text).text);
    }
}

static struct scenario_clients read_clients(struct resolve *resolve, const struct value *value)
{
    struct scenario_clients clients = {0};
    if (value->record == NULL) {
        return clients;
    }
    clients.present = true;
    clients.rate = record_value(value->record, "rate")->rate;
    clients.timeout = record_time(value->record, "timeout");
    clients.rtt = record_time(value->record, "rtt");
    wide waiting = (wide)clients.rate.amount * (uint64_t)clients.timeout /
                   ((wide)clients.rate.seconds * 1000000000);
    if (waiting > MODEL_CLIENTS_WAITING_MAX) {
        parse_error(
            resolve->parse,
            value->mark,
            "clients: more than %llu requests could be waiting at once; lower rate or timeout",
            (unsigned long long)MODEL_CLIENTS_WAITING_MAX);
    }
    return clients;
}

static void
read_nonzero(struct resolve *resolve, const struct record *record, struct scenario_guest *guest)
{
    const struct value *nonzero = record_value(record, "nonzero");
    const struct model_workload_spec *workload = guest->workload;
    guest->nonzero_pages = (uint64_t)((wide)pages_of(guest) * nonzero->number / QUANTITY_SHARE_ONE);
    if (workload->kind != MODEL_WORKLOAD_REPLAY || workload->replay.trace == NULL) {
        return;
    }
    if (nonzero->given) {
        parse_error(
            resolve->parse,
            nonzero->mark,
            "nonzero does not go with a replay: the trace says which pages hold data");
    }
    guest->nonzero_from_trace = true;
    guest->nonzero_pages = 0;
    for (uint64_t run = 0; run < workload->replay.trace->nonzero_count; run++) {
        guest->nonzero_pages += workload->replay.trace->nonzero[run].count;
    }
}

static struct scenario_guest read_guest(struct resolve *resolve, const struct item *item)
{
    static const struct model_workload_spec idle = {.kind = MODEL_WORKLOAD_IDLE};
    const struct record *record = item->record;
    struct scenario_guest guest = {
        .host = SCENARIO_NONE,
        .memory = record_number(record, "memory"),
        .page = (uint32_t)record_number(record, "page"),
        .device_state = record_number(record, "device_state"),
        .device_writes = (uint32_t)record_number(record, "device_writes"),
        .real = record_value(record, "real")->given ? record_value(record, "real")->text : NULL,
        .zeroed_ppm = (uint32_t)(record_number(record, "zeroed") / (QUANTITY_SHARE_ONE / PPM)),
        .content = (enum scenario_content)record_number(record, "content"),
        .workload = &idle,
        .fleet = SCENARIO_NONE,
        .mark = item->mark,
    };
    check_memory(resolve, record, &guest);
    guest.clients = read_clients(resolve, record_value(record, "clients"));
    const struct value *workload = record_value(record, "workload");
    if (workload->record != NULL && !record_value(record, "memory")->bad) {
        const struct model_workload_spec *spec =
            resolve_workload(resolve, workload->record, pages_of(&guest), guest.page);
        guest.workload = spec == NULL ? &idle : spec;
    }
    read_nonzero(resolve, record, &guest);
    return guest;
}

/* Where the members of a fleet stand: `per_host` on each host of a fleet of hosts, in order. */
struct placement {
    size_t first_host;
    size_t hosts;
    size_t per_host;
};

static struct placement
find_placement(struct resolve *resolve, const struct record *record, size_t count)
{
    struct placement none = {.first_host = SCENARIO_NONE, .hosts = 1, .per_host = count};
    const struct value *host = record_value(record, "host");
    const struct value *per_host = record_value(record, "per_host");
    bool fleet = record_value(record, "count")->given;
    if (per_host->given && !fleet) {
        parse_error(
            resolve->parse, per_host->mark, "per_host needs 'count': it is for fleets of guests");
    }
    if (host->bad) {
        return none;
    }
    const struct named *named = names_need(&resolve->hosts, resolve->parse, host->text, host->mark);
    if (named == NULL) {
        return none;
    }
    if (!fleet) {
        return (struct placement){
            .first_host = resolve_host(resolve, host), .hosts = 1, .per_host = 1};
    }
    size_t each = per_host->given ? (size_t)per_host->number : (count - 1) / named->count + 1;
    if (each == 0 || (count - 1) / each + 1 > named->count) {
        parse_error(
            resolve->parse,
            per_host->mark,
            "per_host: %zu guests, %zu on each, need more than the %zu host%s of '%s'",
            count,
            each,
            named->count,
            named->count == 1 ? "" : "s",
            named->name);
        return none;
    }
    return (struct placement){.first_host = named->first, .hosts = named->count, .per_host = each};
}

static void add_guests(struct resolve *resolve, const struct item *item)
{
    struct scenario *scenario = resolve->scenario;
    const struct value *declared = record_value(item->record, "count");
    size_t count = declared->given ? (size_t)declared->number : 1;
    struct scenario_guest guest = read_guest(resolve, item);
    struct placement placement = find_placement(resolve, item->record, count);
    struct named named = {
        .name = item->name,
        .first = scenario->guest_count,
        .count = count,
        .fleet = declared->given,
        .mark = item->mark,
    };
    names_add(&resolve->guests, named);
    if (declared->given) {
        guest.fleet = scenario->fleet_count;
        scenario->fleets[scenario->fleet_count++] = (struct scenario_fleet){
            .name = item->name,
            .kind = SCENARIO_FLEET_GUESTS,
            .first = named.first,
            .count = count,
        };
    }
    for (size_t index = 0; index < count; index++) {
        guest.name = item->name;
        if (declared->given) {
            guest.name = arena_format(resolve->parse->arena, "%s%zu", item->name, index + 1);
            names_add(
                &resolve->guests,
                (struct named){
                    .name = guest.name,
                    .first = scenario->guest_count,
                    .count = 1,
                    .mark = item->mark});
        }
        guest.host = placement.first_host == SCENARIO_NONE
                         ? SCENARIO_NONE
                         : placement.first_host + index / placement.per_host;
        scenario->guests[scenario->guest_count++] = guest;
    }
}

/* Does each host hold what stands on it at time 0? */
static void check_fit(struct resolve *resolve)
{
    struct scenario *scenario = resolve->scenario;
    uint64_t *used = arena_take(resolve->parse->arena, scenario->host_count, sizeof(*used));
    for (size_t index = 0; index < scenario->guest_count; index++) {
        const struct scenario_guest *guest = &scenario->guests[index];
        if (guest->host == SCENARIO_NONE) {
            continue;
        }
        const struct scenario_host *host = &scenario->hosts[guest->host];
        uint64_t before = used[guest->host];
        used[guest->host] += guest->memory;
        if (before <= host->memory && used[guest->host] > host->memory) {
            char needed[32];
            char room[32];
            quantity_format(QUANTITY_SIZE, used[guest->host], needed, sizeof(needed));
            quantity_format(QUANTITY_SIZE, host->memory, room, sizeof(room));
            parse_error(
                resolve->parse,
                guest->mark,
                "guest '%s' does not fit on host '%s': it makes %s, the host has %s",
                guest->name,
                host->name,
                needed,
                room);
        }
    }
}

void resolve_guests(struct resolve *resolve)
{
    struct scenario *scenario = resolve->scenario;
    const struct value *list = record_value(resolve->root, "guests");
    size_t total = 0;
    for (size_t index = 0; index < list->count; index++) {
        const struct record *record = list->items[index].record;
        const struct value *count = record == NULL ? NULL : record_value(record, "count");
        total += count == NULL ? 0 : count->given ? (size_t)count->number : 1;
    }
    if (total > SCENARIO_GUESTS_MAX) {
        parse_error(
            resolve->parse,
            list->mark,
            "%zu guests, the limit is %zu",
            total,
            (size_t)SCENARIO_GUESTS_MAX);
        total = 0;
    }
    scenario->guests = arena_take(resolve->parse->arena, total, sizeof(*scenario->guests));
    names_open(&resolve->guests, resolve->parse, "guest", total + list->count);
    for (size_t index = 0; total != 0 && index < list->count; index++) {
        if (list->items[index].record != NULL) {
            add_guests(resolve, &list->items[index]);
        }
    }
    names_seal(&resolve->guests, resolve->parse);
    check_fit(resolve);
}
