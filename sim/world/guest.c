/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest.c -- guests and their instances on hosts.
 *
 * There is one model of each guest, wherever it runs; the instances on hosts are memories, one of them
 * the model's. A guest is advanced only when somebody looks at it, so one that nobody moves costs
 * nothing until the end.
 *
 * The vCPUs really run where the model is, if that instance is let run and its host is up and not
 * paused. What the checkers are told is what an instance is let do: a host that stands still may go on
 * at any moment.
 */
#include "sim/world/guest.h"

#include "model/trace.h"
#include "sim/world/host.h"
#include "sim/world/journal.h"
#include "sim/world/log.h"
#include "sim/world/memory.h"
#include "sim/world/move.h"
#include "sim/world/observe.h"
#include "sim/world/state.h"

#include <stdlib.h>

static void make_regions(struct guest *guest)
{
    /* as on a PC: what does not fit below the hole lies above 4 GiB */
    const uint64_t below = UINT64_C(3) << 30;
    const uint64_t above = UINT64_C(4) << 30;
    const uint64_t first = below / guest->spec->page;

    guest->region_count = 1;
    guest->regions[0] = (struct ferry_region){.guest_address = 0, .pages = guest->pages};
    if (guest->spec->memory > below && first % 64 == 0) {
        guest->region_count = 2;
        guest->regions[0].pages = first;
        guest->regions[1] =
            (struct ferry_region){.guest_address = above, .pages = guest->pages - first};
    }
}

static const struct model_trace *trace_of(const struct model_workload_spec *workload)
{
    if (workload->kind == MODEL_WORKLOAD_REPLAY) {
        return workload->replay.trace;
    }
    if (workload->kind == MODEL_WORKLOAD_PHASES) {
        for (size_t i = 0; i < workload->phases.count; i++) {
            const struct model_trace *trace = trace_of(workload->phases.list[i].workload);
            if (trace != NULL) {
                return trace;
            }
        }
    }
    return NULL;
}

static bool fill(const struct guest *guest, struct model_memory *memory)
{
    const struct model_trace *trace =
        guest->spec->nonzero_from_trace ? trace_of(guest->spec->workload) : NULL;

    if (trace == NULL) {
        return model_memory_fill_initial(memory, 0, guest->spec->nonzero_pages);
    }
    for (uint64_t i = 0; i < trace->nonzero_count; i++) {
        if (!model_memory_fill_initial(memory, trace->nonzero[i].first, trace->nonzero[i].count)) {
            return false;
        }
    }
    return true;
}

static void make_clients(struct guest *guest)
{
    const struct scenario_clients *spec = &guest->spec->clients;

    if (!spec->present) {
        return;
    }
    guest->clients = model_clients_create(&(struct model_clients_config){
        .guest = guest->model,
        .rate = spec->rate,
        .rtt_ns = spec->rtt,
        .timeout_ns = spec->timeout,
        .start_ns = 0,
    });
    if (guest->clients == NULL) {
        world_error(guest->world, "the clients of a guest cannot be modelled");
    }
}

void guest_init(struct world *world, uint32_t index)
{
    struct guest *guest = &world->guests[index];
    const struct scenario_guest *spec = &world->scenario->guests[index];
    struct host *host = &world->hosts[spec->host];

    guest->world = world;
    guest->index = index;
    guest->spec = spec;
    guest->pages = spec->memory / spec->page;
    guest->crashed_on = SIM_CHECK_NONE;
    guest->announced_on = host->index;
    guest->epoch = 1;
    make_regions(guest);
    guest->live = instance_create(guest, host);
    if (guest->live == NULL || !fill(guest, guest->live->memory)) {
        world_error(world, "no room for a guest on its host");
        return;
    }
    guest->model = model_guest_create(&(struct model_guest_config){
        .name = spec->name,
        .seed = world->seed,
        .workload = spec->workload,
        .memory = guest->live->memory,
        .fault_ns = host->spec->costs.first_write_fault,
        .zeroed_ppm = spec->zeroed_ppm,
    });
    if (guest->model == NULL) {
        world_error(world, "a guest cannot be modelled");
        return;
    }
    make_clients(guest);
    host->journal.owners[index] = (struct ownership){.epoch = 1, .here = true};
    instance_run(guest->live, 1);
}

void guest_deinit(struct guest *guest)
{
    model_clients_destroy(guest->clients);
    model_guest_destroy(guest->model);
    model_memory_destroy(guest->remains);
    guest->clients = NULL;
    guest->model = NULL;
    guest->remains = NULL;
}

void guest_advance(struct guest *guest, int64_t now)
{
    if (guest->model == NULL) {
        return;
    }
    const int64_t reached = model_guest_now(guest->model);
    const int64_t until = now > reached ? now : reached;
    const bool fine = guest->clients != NULL ? model_clients_advance(guest->clients, until)
                                             : model_guest_advance(guest->model, until);
    if (!fine) {
        world_error(guest->world, "the memory of a modelled guest ran out");
    }
}

void guest_apply(struct guest *guest)
{
    if (guest->model == NULL) {
        return;
    }
    const int64_t now = world_now(guest->world);
    const struct instance *instance = guest->live;
    const bool runs =
        instance != NULL && instance->running && instance->host->up && instance->host->paused == 0;

    guest_advance(guest, now);
    if (runs) {
        model_guest_start(guest->model, now);
        guest_pay(guest);
    } else {
        model_guest_stop(guest->model, now);
    }
}

uint32_t guest_state_digest(const struct guest *guest)
{
    if (guest->spec->device_state == 0) {
        return 0; /* there is none, so none can differ */
    }
    const uint64_t time = (uint64_t)model_guest_time(guest->model);
    const uint64_t writes = model_guest_writes(guest->model);
    uint8_t bytes[24];

    for (unsigned byte = 0; byte < 8; byte++) {
        bytes[byte] = (uint8_t)(time >> (8 * byte));
        bytes[8 + byte] = (uint8_t)(writes >> (8 * byte));
        bytes[16 + byte] = (uint8_t)((uint64_t)guest->index >> (8 * byte));
    }
    return log_digest(bytes, sizeof bytes);
}

struct instance *instance_create(struct guest *guest, struct host *host)
{
    if (host_memory_free(host) < guest->spec->memory) {
        return NULL;
    }
    struct instance *instance = world_allocate(sizeof *instance);
    instance->guest = guest;
    instance->host = host;
    instance->serial = ++guest->world->next_serial;
    instance->memory = model_memory_create(&(struct model_memory_config){
        .page_count = guest->pages,
        .page_size = guest->spec->page,
        .guest_id = guest->index + 1,
        .bytes = guest->spec->content == SCENARIO_CONTENT_BYTES,
    });
    if (instance->memory == NULL) {
        world_error(guest->world, "the memory of a guest cannot be modelled");
        free(instance);
        return NULL;
    }
    host->memory_used += guest->spec->memory;
    instance->next = host->instances;
    host->instances = instance;
    instance->next_of_guest = guest->instances;
    guest->instances = instance;
    return instance;
}

struct instance *instance_find(const struct guest *guest, const struct host *host)
{
    for (struct instance *instance = guest->instances; instance != NULL;
         instance = instance->next_of_guest) {
        if (instance->host == host) {
            return instance;
        }
    }
    return NULL;
}

/* The model must not lose its memory: what it lived in is kept until it lives elsewhere. */
static void lose_home(struct guest *guest, struct instance *instance)
{
    guest->live = NULL;
    guest->remains = instance->memory;
    instance->memory = NULL;
    guest_apply(guest);
}

struct instance *instance_of_move(const struct move *move, bool target)
{
    struct instance *instance = instance_find(move->guest, target ? move->to : move->from);

    return instance != NULL && instance->serial == move->instances[target ? 1 : 0] ? instance
                                                                                   : NULL;
}

static void unlink_instance(const struct instance *instance)
{
    struct instance **place = &instance->host->instances;

    while (*place != instance) {
        place = &(*place)->next;
    }
    *place = instance->next;
    place = &instance->guest->instances;
    while (*place != instance) {
        place = &(*place)->next_of_guest;
    }
    *place = instance->next_of_guest;
}

void instance_destroy(struct instance *instance, bool crashed)
{
    struct host *host = instance->host;
    struct guest *guest = instance->guest;
    if (instance->running) {
        instance_stop(instance, crashed ? SIM_STOP_CRASHED : SIM_STOP_FREED);
    }
    if (crashed && host->journal.owners[guest->index].epoch == guest->epoch) {
        guest->crashed_on =
            host->index; /* it lived there, or was about to: nobody else may run it */
    }
    if (guest->live == instance) {
        lose_home(guest, instance);
    }
    unlink_instance(instance);
    host->memory_used -= guest->spec->memory;
    model_memory_destroy(instance->memory);
    free(instance->round);
    free(instance->scratch);
    free(instance);
}

void instance_run(struct instance *instance, uint64_t epoch)
{
    if (instance->running) {
        return;
    }
    instance->running = true;
    instance->guest->drained = false;
    guest_apply(instance->guest);
    observe_running(instance->guest, instance->host, epoch);
}

void instance_stop(struct instance *instance, enum sim_stop stop)
{
    if (!instance->running) {
        return;
    }
    instance->running = false;
    instance->stopped_at = world_now(instance->guest->world);
    guest_apply(instance->guest);
    observe_stopped(instance->guest, instance->host, stop);
}

void guest_settle_at(struct guest *guest, struct instance *instance)
{
    const int64_t now = world_now(guest->world);

    guest_advance(guest, now);
    model_guest_stop(guest->model, now);
    if (guest->clients != NULL) {
        (void)model_clients_lose(guest->clients, now);
    }
    model_guest_rehome(guest->model, instance->memory);
    if (guest->clients != NULL && guest->announced_on == instance->host->index) {
        (void)model_clients_redirect(guest->clients, now); /* it is back where they look for it */
    }
    model_memory_destroy(guest->remains);
    guest->remains = NULL;
    guest->live = instance;
    guest->crashed_on = SIM_CHECK_NONE;
}
