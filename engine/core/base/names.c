/* SPDX-License-Identifier: Apache-2.0 */
/* names.c -- the names and sentences of the public enumerations, from their tables. A value outside
 * of its enumeration has a name too ("?"), because these functions are called while something else
 * is being reported. */
#include "ferry/action.h"
#include "ferry/event.h"
#include "ferry/outcome.h"
#include "ferry/status.h"
#include "ferry/trace.h"

static const char unknown[] = "?";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct status_row {
    const char *name;
    const char *sentence;
    enum ferry_status_category category;
};

#define STATUS_ROW(name, category, sentence) {#name, sentence, FERRY_CATEGORY_##category},
static const struct status_row statuses[] = {FERRY_STATUS_TABLE(STATUS_ROW)};
#undef STATUS_ROW

const char *ferry_status_name(enum ferry_status status)
{
    return (size_t)status < COUNT(statuses) ? statuses[status].name : unknown;
}

const char *ferry_status_sentence(enum ferry_status status)
{
    return (size_t)status < COUNT(statuses) ? statuses[status].sentence : "an unknown error";
}

enum ferry_status_category ferry_status_category(enum ferry_status status)
{
    return (size_t)status < COUNT(statuses) ? statuses[status].category : FERRY_CATEGORY_NONE;
}

/* NULL is a hole in the enumeration (its 0). */
static const char *lookup(const char *const *names, size_t count, size_t index)
{
    return index < count && names[index] != NULL ? names[index] : unknown;
}

const char *ferry_action_name(enum ferry_action_kind kind)
{
    static const char *const names[] = {
        [FERRY_ACTION_ATTACH] = "ATTACH",
        [FERRY_ACTION_DETACH] = "DETACH",
        [FERRY_ACTION_PROBE] = "PROBE",
        [FERRY_ACTION_SEND_CONTROL] = "SEND_CONTROL",
        [FERRY_ACTION_SEND_BATCH] = "SEND_BATCH",
        [FERRY_ACTION_SEND_BARRIER] = "SEND_BARRIER",
        [FERRY_ACTION_SET_RATE] = "SET_RATE",
        [FERRY_ACTION_RELEASE_ROUND] = "RELEASE_ROUND",
        [FERRY_ACTION_PREPARE_GUEST] = "PREPARE_GUEST",
        [FERRY_ACTION_COLLECT] = "COLLECT",
        [FERRY_ACTION_STOP_LOGGING] = "STOP_LOGGING",
        [FERRY_ACTION_PAUSE] = "PAUSE",
        [FERRY_ACTION_RESUME] = "RESUME",
        [FERRY_ACTION_THROTTLE] = "THROTTLE",
        [FERRY_ACTION_CAPTURE_STATE] = "CAPTURE_STATE",
        [FERRY_ACTION_LOAD_STATE] = "LOAD_STATE",
        [FERRY_ACTION_ANNOUNCE] = "ANNOUNCE",
        [FERRY_ACTION_FREE_GUEST] = "FREE_GUEST",
        [FERRY_ACTION_PERSIST] = "PERSIST",
        [FERRY_ACTION_FORGET_SESSION] = "FORGET_SESSION",
        [FERRY_ACTION_FINISHED] = "FINISHED",
        [FERRY_ACTION_CLOSED] = "CLOSED",
    };
    return lookup(names, COUNT(names), (size_t)kind);
}

const char *ferry_record_name(enum ferry_record_kind kind)
{
    static const char *const names[] = {
        [FERRY_RECORD_SESSION] = "SESSION",
        [FERRY_RECORD_GRANTED] = "GRANTED",
        [FERRY_RECORD_OWNER] = "OWNER",
        [FERRY_RECORD_BURNED] = "BURNED",
        [FERRY_RECORD_ENDED] = "ENDED",
        [FERRY_RECORD_CLAIMED] = "CLAIMED",
    };
    return lookup(names, COUNT(names), (size_t)kind);
}

const char *ferry_event_name(enum ferry_event_kind kind)
{
    static const char *const names[] = {
        [FERRY_EVENT_ATTACHED] = "ATTACHED",
        [FERRY_EVENT_DETACHED] = "DETACHED",
        [FERRY_EVENT_CONTROL_BYTES] = "CONTROL_BYTES",
        [FERRY_EVENT_BATCH_SENT] = "BATCH_SENT",
        [FERRY_EVENT_BATCH_PLACED] = "BATCH_PLACED",
        [FERRY_EVENT_BARRIER_REACHED] = "BARRIER_REACHED",
        [FERRY_EVENT_STREAM_ERROR] = "STREAM_ERROR",
        [FERRY_EVENT_DONE] = "DONE",
        [FERRY_EVENT_COLLECTED] = "COLLECTED",
        [FERRY_EVENT_STATE_CAPTURED] = "STATE_CAPTURED",
        [FERRY_EVENT_TICK] = "TICK",
        [FERRY_EVENT_CANCEL] = "CANCEL",
        [FERRY_EVENT_SET_BANDWIDTH_CAP] = "SET_BANDWIDTH_CAP",
        [FERRY_EVENT_SET_BLACKOUT_LIMIT] = "SET_BLACKOUT_LIMIT",
        [FERRY_EVENT_SWITCH_NOW] = "SWITCH_NOW",
        [FERRY_EVENT_CLAIM] = "CLAIM",
        [FERRY_EVENT_BURN] = "BURN",
    };
    return lookup(names, COUNT(names), (size_t)kind);
}

const char *ferry_outcome_name(enum ferry_outcome_kind kind)
{
    static const char *const names[] = {
        [FERRY_OUTCOME_NONE] = "none",
        [FERRY_OUTCOME_COMPLETED] = "completed",
        [FERRY_OUTCOME_FAILED] = "failed",
        [FERRY_OUTCOME_CANCELLED] = "cancelled",
        [FERRY_OUTCOME_REFUSED] = "refused",
        [FERRY_OUTCOME_UNKNOWN] = "unknown",
    };
    return lookup(names, COUNT(names), (size_t)kind);
}

/* clang-format off */
#define TRACE_ROW(name, level, a, b, c, d) {#name, FERRY_TRACE_##level, {a, b, c, d}},
static const struct ferry_trace_info traces[] = {
    {"NONE", FERRY_TRACE_DEBUG, {NULL, NULL, NULL, NULL}},
    FERRY_TRACE_TABLE(TRACE_ROW)
};
/* clang-format on */
#undef TRACE_ROW

const struct ferry_trace_info *ferry_trace_describe(enum ferry_trace_kind kind)
{
    return (size_t)kind < COUNT(traces) ? &traces[kind] : &traces[FERRY_TRACE_NONE];
}
