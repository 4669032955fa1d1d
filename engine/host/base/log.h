/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h -- what a daemon says while it works: one line a message, on standard error.
 *
 * Under systemd each line begins with its priority ("<4>"), which journald takes off again; on a
 * terminal it begins with the time. A message is one write(2), so lines of several threads and
 * processes never mix; control characters in it (names and reasons come from peers) are replaced.
 * Any thread may log. Hot paths and whatever a peer can cause at will go through host_log_often(),
 * which says how many lines it left out instead of filling the disk.
 */
#ifndef FERRY_HOST_BASE_LOG_H
#define FERRY_HOST_BASE_LOG_H

#include "engine/host/base/error.h"
#include "ferry/types.h"

#include <stdbool.h>

enum host_log_level {
    HOST_LOG_ERROR = 3, /* as of syslog: something was lost, or stops working */
    HOST_LOG_WARNING,   /* works on, but somebody should look */
    HOST_LOG_NOTICE,    /* what an operator wants to find later: starts, moves, outcomes */
    HOST_LOG_INFO,      /* each step */
    HOST_LOG_DEBUG,
};

/* Longer lines are cut. */
#define HOST_LOG_LINE_MAX 1024

void host_log_set_level(enum host_log_level level); /* default NOTICE; before threads start */
bool host_log_enabled(enum host_log_level level);
/* "error" .. "debug"; false: no such word. */
bool host_log_level_parse(const char *word, enum host_log_level *level_out);

void host_log(enum host_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* An error with its next step, as one line: "what: text; next step". */
void host_log_error(enum host_log_level level, const char *what, const struct host_error *error);

/* For one place in the code: at most `burst` lines in ten seconds, the rest counted and told. */
struct host_log_budget {
    ferry_time_ns since;
    unsigned said;
    unsigned left_out;
};
#define HOST_LOG_BURST 10U
/* One thread only for each budget. */
void host_log_often(
    struct host_log_budget *budget, enum host_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
