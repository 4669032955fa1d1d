/* SPDX-License-Identifier: Apache-2.0 */
/* trace.h -- what the engine says about itself, typed. Each event is declared once in the table: name, level, and the
 * names of its (up to four) integer fields. Sinks (text, JSON lines, timeline) belong to the worlds; both worlds see the same events. */
#ifndef FERRY_TRACE_H
#define FERRY_TRACE_H

#include "ferry/types.h"

enum ferry_trace_level { FERRY_TRACE_INFO = 1, FERRY_TRACE_DEBUG, FERRY_TRACE_MARK };

/* clang-format off */
#define FERRY_TRACE_TABLE(EVENT)                                                                        \
    EVENT(SOURCE_STATE,      INFO,  "from", "to", "cause", NULL)                                        \
    EVENT(TARGET_STATE,      INFO,  "from", "to", "cause", NULL)                                        \
    EVENT(MESSAGE_SENT,      DEBUG, "type", "bytes", "attempt", NULL)                                   \
    EVENT(MESSAGE_RECEIVED,  DEBUG, "type", "bytes", "attempt", NULL)                                   \
    EVENT(ROUND_BEGUN,       INFO,  "round", "pages", "attempt", NULL)                                  \
    EVENT(ROUND_ENDED,       INFO,  "round", "bytes", "zero_pages", "duration_ns")                      \
    EVENT(VERDICT,           INFO,  "decision", "rule", "predicted_ns", "best_ns")                      \
    EVENT(NO_CONVERGENCE,    INFO,  "round", "predicted_ns", "dirty_bytes_per_s", "bandwidth")          \
    EVENT(ATTEMPT_OPENED,    INFO,  "attempt", "predicted_ns", "limit_ns", NULL)                        \
    EVENT(ATTEMPT_ABORTED,   INFO,  "attempt", "reason", "paused_ns", NULL)                             \
    EVENT(LINK_UP,           INFO,  "attach", "path", NULL, NULL)                                       \
    EVENT(LINK_DOWN,         INFO,  "attach", "path", "status", NULL)                                   \
    EVENT(BATCHES_REQUEUED,  INFO,  "batches", "bytes", NULL, NULL)                                     \
    EVENT(BANDWIDTH_PROBED,  INFO,  "round", "bytes_per_s", NULL, NULL)                                 \
    EVENT(GRANT_ISSUED,      INFO,  "attempt", "epoch", NULL, NULL)                                     \
    EVENT(GRANT_DURABLE,     INFO,  "attempt", "epoch", NULL, NULL)                                     \
    EVENT(OWNER_ISSUED,      INFO,  "attempt", "epoch", NULL, NULL)                                     \
    EVENT(OWNER_DURABLE,     INFO,  "attempt", "epoch", NULL, NULL)                                     \
    EVENT(BURN_ISSUED,       INFO,  "attempt", "epoch", NULL, NULL)                                     \
    EVENT(BURN_DURABLE,      INFO,  "attempt", "epoch", NULL, NULL)                                     \
    EVENT(REPORT_DROPPED,    MARK,  "action_id", "event", NULL, NULL)                                   \
    EVENT(STALE_MESSAGE,     MARK,  "type", "attempt", "current", NULL)                                 \
    EVENT(PROTOCOL_ERROR,    MARK,  "status", "type", "state", NULL)                                    \
    EVENT(COMMAND_REFUSED,   MARK,  "event", "state", NULL, NULL)                                       \
    EVENT(CAP_CHANGED,       INFO,  "bytes_per_s", NULL, NULL, NULL)                                    \
    EVENT(OUTCOME,           INFO,  "kind", "status", "total_ns", "blackout_ns")
/* clang-format on */

#define FERRY_TRACE_ENTRY(name, level, a, b, c, d) FERRY_TRACE_##name,
enum ferry_trace_kind {
    FERRY_TRACE_NONE = 0,
    FERRY_TRACE_TABLE(FERRY_TRACE_ENTRY) FERRY_TRACE_COUNT
};
#undef FERRY_TRACE_ENTRY

struct ferry_trace_event {
    enum ferry_trace_kind kind;
    bool target; /* said by the target side */
    struct ferry_session_id session;
    ferry_time_ns at;
    int64_t field[4];
};

struct ferry_trace_sink {
    void (*emit)(
        void *context, const struct ferry_trace_event *event); /* may be NULL: nobody listens */
    void *context;
};

struct ferry_trace_info {
    const char *name;
    enum ferry_trace_level level;
    const char *field[4]; /* NULL: not used */
};
const struct ferry_trace_info *ferry_trace_describe(enum ferry_trace_kind kind); /* never NULL */

/* What a field "type" says: "READY"; "?" for a number that no message has. */
const char *ferry_trace_message_name(int64_t type);

#endif
