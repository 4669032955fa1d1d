/* SPDX-License-Identifier: Apache-2.0 */
/* play_guests.c -- the scenario's guests as real ones: started, waited for, questioned at the end. */
#include "sim/lab/control.h"
#include "sim/lab/play.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define CALL_NS  120000000000
#define READY_NS 300000000000

static uint64_t per_second(const struct model_write_set *set)
{
    return set->rate.seconds == 0 ? 0 : set->rate.amount / set->rate.seconds;
}

static void
workload_text(const struct scenario_guest *guest, uint64_t seed, char text[LAB_TEXT_MAX])
{
    const struct model_workload_spec *spec = guest->workload;
    const uint64_t pages = guest->memory / guest->page;
    const unsigned percent = (unsigned)(guest->nonzero_pages * 100 / pages);
    const struct model_write_set *hot = NULL;
    const struct model_write_set *cold = NULL;
    const char *kind = "idle";
    if (spec->kind == MODEL_WORKLOAD_SWEEP) {
        kind = "sweep";
        hot = &spec->sweep;
    } else if (spec->kind == MODEL_WORKLOAD_UNIFORM) {
        kind = "uniform";
        hot = &spec->uniform;
    } else if (spec->kind == MODEL_WORKLOAD_HOTSET) {
        kind = "hotset";
        hot = &spec->hotset.hot;
        cold = &spec->hotset.cold;
    }
    if (guest->real != NULL) {
        (void)snprintf(text, LAB_TEXT_MAX, "%s seed=%" PRIu64 "", guest->real, seed);
        return;
    }
    int used = snprintf(text, LAB_TEXT_MAX, "%s nonzero=%u seed=%" PRIu64 "", kind, percent, seed);
    if (hot != NULL) {
        used += snprintf(
            text + used,
            LAB_TEXT_MAX - (size_t)used,
            " size=%" PRIu64 " rate=%" PRIu64,
            hot->size_bytes,
            per_second(hot));
    }
    if (cold != NULL) {
        (void)snprintf(
            text + used,
            LAB_TEXT_MAX - (size_t)used,
            " cold_size=%" PRIu64 " cold_rate=%" PRIu64,
            cold->size_bytes,
            per_second(cold));
    }
}

static json_t *list_of(struct lab *lab, size_t host, char why[LAB_TEXT_MAX])
{
    if (lab->hosts[host].calls == NULL) {
        (void)snprintf(why, LAB_TEXT_MAX, "its daemon is down");
        return NULL;
    }
    return lab_control_call(lab->hosts[host].calls, "vm.list", NULL, CALL_NS, why, LAB_TEXT_MAX);
}

/* The guest's entry in the list of a host; borrowed from the list. */
static const json_t *entry_of(const json_t *list, const char *guest)
{
    size_t index = 0;
    const json_t *entry = NULL;
    json_array_foreach(json_object_get(list, "guests"), index, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "guest"));
        if (name != NULL && strcmp(name, guest) == 0) {
            return entry;
        }
    }
    return NULL;
}

static bool start_one(struct play *play, size_t index)
{
    struct lab *lab = play->lab;
    const struct scenario_guest *guest = &lab->scenario->guests[index];
    char workload[LAB_TEXT_MAX];
    char why[LAB_TEXT_MAX];
    workload_text(guest, lab->scenario->seed + index, workload);
    json_t *args = json_pack(
        "{s:s, s:I, s:i, s:s}",
        "guest",
        guest->name,
        "memory",
        (json_int_t)guest->memory,
        "vcpus",
        1,
        "workload",
        workload);
    lab_say(lab, "guest %s on %s: %s", guest->name, lab->hosts[guest->host].name, workload);
    json_t *result =
        lab_control_call(lab->hosts[guest->host].calls, "vm.run", args, CALL_NS, why, sizeof(why));
    if (result == NULL) {
        return lab_fail(lab, "guest %s does not start: %s", guest->name, why);
    }
    json_decref(result);
    return true;
}

static bool is_ready(struct lab *lab, size_t index)
{
    const struct scenario_guest *guest = &lab->scenario->guests[index];
    char why[LAB_TEXT_MAX];
    json_t *list = list_of(lab, guest->host, why);
    const json_t *entry = entry_of(list, guest->name);
    const bool ready = json_is_true(json_object_get(entry, "ready"));
    json_decref(list);
    return ready;
}

bool play_guests_start(struct play *play)
{
    struct lab *lab = play->lab;
    for (size_t i = 0; i < lab->scenario->guest_count; i++) {
        if (!start_one(play, i)) {
            return false;
        }
    }
    const int64_t end = lab_now() + READY_NS;
    for (size_t i = 0; i < lab->scenario->guest_count;) {
        if (lab_interrupted()) {
            return lab_fail(lab, "interrupted");
        }
        if (lab_now() > end) {
            return lab_fail(lab, "guest %s does not get ready", lab->scenario->guests[i].name);
        }
        if (is_ready(lab, i)) {
            i++;
            continue;
        }
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return true;
}

/* ---- at the end ---- */

/* I3 in the real world: the guest itself looks at every page that it owns. */
static void judge_memory(struct play *play, size_t index, size_t host, const json_t *entry)
{
    struct lab *lab = play->lab;
    const char *name = lab->scenario->guests[index].name;
    char why[LAB_TEXT_MAX];
    json_t *checked = lab_control_call(
        lab->hosts[host].calls,
        "vm.check",
        json_pack("{s:s}", "guest", name),
        CALL_NS,
        why,
        sizeof(why));
    const json_t *bad = json_object_get(checked, "bad_pages");
    if (bad == NULL) {
        sim_result_error(
            lab->result, lab_elapsed(lab), "guest %s could not check its memory: %s", name, why);
    } else if (json_integer_value(bad) != 0) {
        sim_result_fail(
            lab->result,
            "I3",
            lab_elapsed(lab),
            SIM_RESULT_NONE,
            "guest %s found %" JSON_INTEGER_FORMAT " bad pages in its memory",
            name,
            json_integer_value(bad));
    }
    const json_int_t backward = json_integer_value(json_object_get(entry, "backward_steps"));
    if (backward != 0) {
        sim_result_fail(
            lab->result,
            "I7",
            lab_elapsed(lab),
            SIM_RESULT_NONE,
            "the heartbeat of guest %s went backwards %" JSON_INTEGER_FORMAT " times",
            name,
            backward);
    }
    json_decref(checked);
}

/* Heartbeats stand for a client: the longest gap is what one would have waited. */
static void tell_client(struct play *play, size_t index, const json_t *entry)
{
    const struct scenario_guest *guest = &play->lab->scenario->guests[index];
    if (!guest->clients.present) {
        return;
    }
    const struct sim_client client = {
        .guest = (uint32_t)index,
        .sent = (uint64_t)json_integer_value(json_object_get(entry, "heartbeat")),
        .longest_gap_ns = json_integer_value(json_object_get(entry, "longest_gap_ns")),
    };
    sim_result_add_client(play->lab->result, &client);
}

struct sighting {
    size_t running; /* on so many hosts */
    size_t paused;
    size_t host;
};

static struct sighting look_for(struct play *play, size_t index, json_t *lists[LAB_HOSTS_MAX])
{
    struct sighting seen = {.host = SCENARIO_NONE};
    const struct scenario *scenario = play->lab->scenario;
    for (size_t i = 0; i < scenario->host_count; i++) {
        const json_t *entry = entry_of(lists[i], scenario->guests[index].name);
        const char *state = json_string_value(json_object_get(entry, "state"));
        if (state == NULL) {
            continue;
        }
        if (strcmp(state, "running") == 0 || strcmp(state, "leaving") == 0) {
            seen.running++;
            seen.host = i;
        } else if (strcmp(state, "paused") == 0) {
            seen.paused++;
            seen.host = seen.running != 0 ? seen.host : i;
        }
    }
    return seen;
}

static void judge_place(struct play *play, size_t index, const struct sighting *seen)
{
    struct lab *lab = play->lab;
    struct sim_guest_end *end = &lab->result->guests[index];
    if (seen->running > 1) {
        sim_result_fail(
            lab->result,
            "I1",
            lab_elapsed(lab),
            SIM_RESULT_NONE,
            "guest %s runs on %zu hosts",
            lab->scenario->guests[index].name,
            seen->running);
    }
    end->place = seen->running != 0  ? SCENARIO_PLACE_RUNNING
                 : seen->paused != 0 ? SCENARIO_PLACE_PAUSED
                                     : SCENARIO_PLACE_LOST;
    end->host = seen->host == SCENARIO_NONE ? SIM_RESULT_NONE : (uint32_t)seen->host;
}

bool play_guests_judge(struct play *play)
{
    struct lab *lab = play->lab;
    json_t *lists[LAB_HOSTS_MAX] = {NULL};
    char why[LAB_TEXT_MAX];
    for (size_t i = 0; i < lab->scenario->host_count; i++) {
        lists[i] = list_of(lab, i, why);
    }
    for (size_t i = 0; i < lab->scenario->guest_count; i++) {
        const struct sighting seen = look_for(play, i, lists);
        judge_place(play, i, &seen);
        if (seen.running == 1) {
            const json_t *entry = entry_of(lists[seen.host], lab->scenario->guests[i].name);
            judge_memory(play, i, seen.host, entry);
            tell_client(play, i, entry);
        }
    }
    for (size_t i = 0; i < lab->scenario->host_count; i++) {
        json_decref(lists[i]);
    }
    return true;
}
