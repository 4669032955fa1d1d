/* SPDX-License-Identifier: Apache-2.0 */
/* pair.c -- an honest source and an honest target, and a network, disks and operators as an input decides. See pair.h.
 *
 * Input: options, then records: what goes wrong next, and after how many steps. When the script is over everything is
 * healed, and the run goes on until nothing is left to happen. An empty script is a migration without faults. */
#include "fuzz/pair.h"

#include "fuzz/claim.h"

/* Steps after healing: limits of seconds, each with a few steps. */
#define STEPS_TO_END  20000U
#define STEPS_AT_ONCE 128U
#define STEPS_MAX     600U
#define RECORDS_MAX   24U

/* Milliseconds; the shortest can't be kept, so that attempts are aborted. */
static const int64_t limits_ms[] = {300, 3, 1, 10, 30, 1000, 5, 2};

struct rig_options pair_options(const uint8_t *data, size_t size, FILE *log)
{
    struct script_record header = {.bytes = data, .size = size};
    const uint8_t pages = script_u8(&header);
    const uint8_t zero = script_u8(&header);
    const uint8_t links = script_u8(&header);
    const uint8_t modes = script_u8(&header);
    const uint8_t limit = script_u8(&header);
    const uint8_t dirty = script_u8(&header);
    struct rig_options options = {
        .pages = 16U + pages % 49U,
        .streams = (uint16_t)(1 + links % RIG_STREAMS_MAX),
        .paths = (uint16_t)(1 + (links >> 4) % RIG_PATHS_MAX),
        .mode = (modes & 1U) != 0 ? FERRY_MODE_STOP_AND_COPY : FERRY_MODE_PRECOPY,
        .on_no_convergence = (enum ferry_no_convergence)(FERRY_GIVE_UP + (modes >> 1) % 3),
        .blackout_limit = limits_ms[limit % 8] * FERRY_MILLISECOND,
        .dirty_pages_per_ms = dirty % 32U,
        .log = log,
    };
    options.zero_pages = zero % options.pages;
    if (options.mode == FERRY_MODE_STOP_AND_COPY && (modes & 8U) == 0) {
        options.blackout_limit = FERRY_TIME_NEVER;
    }
    return options;
}

bool pair_next(struct script *script, struct pair_record *record_out)
{
    struct script_record record;
    if (!script_next(script, &record)) {
        return false;
    }
    *record_out = (struct pair_record){.fault = (enum pair_fault)(record.kind % PAIR_FAULTS)};
    record_out->steps = script_u16(&record) % STEPS_AT_ONCE;
    record_out->side = (script_u8(&record) & 1U) != 0 ? RIG_TARGET : RIG_SOURCE;
    record_out->number = script_u8(&record);
    record_out->flags = script_u8(&record);
    record_out->time = (ferry_time_ns)script_power(&record, 24) * FERRY_MICROSECOND;
    return true;
}

size_t pair_append(uint8_t *data, size_t size, size_t capacity, const struct pair_record *record)
{
    uint8_t power = 0;
    while (power < 24 && (FERRY_MICROSECOND << power) <= record->time) {
        power++;
    }
    const uint8_t bytes[] = {
        (uint8_t)record->steps,
        (uint8_t)(record->steps >> 8),
        (uint8_t)record->side,
        record->number,
        record->flags,
        power,
    };
    const struct script_record raw = {
        .kind = (uint8_t)record->fault, .bytes = bytes, .size = sizeof(bytes)};
    return script_append(data, size, capacity, &raw);
}

static void order(struct rig *rig, enum rig_side side, struct ferry_event event)
{
    rig_order(rig, side, &event);
}

static void tamper(struct rig *rig, const struct pair_record *record)
{
    const uint32_t kind = 1 + record->number % (RIG_ACTION_KINDS - 1);
    rig->hosts[record->side].tampers[kind] = (struct rig_tamper){
        .times = 1,
        .fails = (record->flags & 1U) != 0,
        .mute = (record->flags & 2U) != 0,
        .delay = record->time,
    };
}

void pair_apply(struct rig *rig, const struct pair_record *record)
{
    struct rig_way *way = &rig->ways[record->side];
    struct rig_host *host = &rig->hosts[record->side];
    const uint16_t path = (uint16_t)(record->number % rig->options.paths);
    switch (record->fault) {
    case PAIR_NOTHING:
    case PAIR_FAULTS: return;
    case PAIR_DROP: way->drop = 1 + record->number % 3; return;
    case PAIR_REPEAT: way->repeat = 1 + record->number % 3; return;
    case PAIR_DELAY: way->delay = record->time; return;
    case PAIR_CUT: rig_cut(rig, record->side, path, true); return;
    case PAIR_MEND: rig_cut(rig, record->side, path, false); return;
    case PAIR_RESET: rig_reset(rig); return;
    case PAIR_CRASH:
        rig_crash(rig, record->side, (record->flags & 1U) != 0, (record->flags & 2U) != 0);
        return;
    case PAIR_RESTART: rig_restart(rig, record->side); return;
    case PAIR_JOURNAL:
        host->journal = (enum rig_journal)(record->number % 3);
        host->journal_delay = record->time;
        return;
    case PAIR_TAMPER: tamper(rig, record); return;
    case PAIR_CANCEL:
        order(rig, RIG_SOURCE, (struct ferry_event){.kind = FERRY_EVENT_CANCEL});
        return;
    case PAIR_SWITCH_NOW:
        order(rig, RIG_SOURCE, (struct ferry_event){.kind = FERRY_EVENT_SWITCH_NOW});
        return;
    case PAIR_LIMIT:
        order(
            rig,
            RIG_SOURCE,
            (struct ferry_event){
                .kind = FERRY_EVENT_SET_BLACKOUT_LIMIT, .duration_ns = record->time});
        return;
    case PAIR_CAP:
        order(
            rig,
            RIG_SOURCE,
            (struct ferry_event){
                .kind = FERRY_EVENT_SET_BANDWIDTH_CAP, .rate = (uint64_t)record->time});
        return;
    case PAIR_BURN: order(rig, RIG_TARGET, (struct ferry_event){.kind = FERRY_EVENT_BURN}); return;
    case PAIR_DIRTY:
        rig_guest_writes(rig);
        rig->options.dirty_pages_per_ms = record->number % 32U;
        return;
    case PAIR_SLEEP: rig->now += record->time; return;
    }
}

void pair_run(const uint8_t *data, size_t size, FILE *log, pair_listener listener, void *context)
{
    const struct rig_options options = pair_options(data, size, log);
    const size_t skip = size < PAIR_PREAMBLE ? size : PAIR_PREAMBLE;
    struct script script = script_of(data + skip, size - skip);
    struct rig *rig = rig_create(&options);
    struct pair_record record;
    uint32_t records = 0;
    while (records < RECORDS_MAX && pair_next(&script, &record)) {
        records++;
        for (uint32_t i = 0; i < record.steps && rig->steps_done < STEPS_MAX; i++) {
            if (!rig_step(rig)) {
                break;
            }
            if (listener != NULL) {
                listener(context, rig, NULL);
            }
        }
        pair_apply(rig, &record);
        rig_watch_step(rig);
        if (listener != NULL) {
            listener(context, rig, &record);
        }
    }
    rig_heal(rig);
    uint32_t steps = 0;
    while (rig_step(rig)) {
        steps++;
        claim(steps < STEPS_TO_END, "a healed migration does not end");
    }
    rig_watch_end(rig);
    rig_destroy(rig);
}
