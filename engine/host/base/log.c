/* SPDX-License-Identifier: Apache-2.0 */
/* log.c -- lines for journald or a terminal. */
#include "engine/host/base/log.h"

#include "engine/host/base/fd.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static _Atomic int limit = HOST_LOG_NOTICE;

static const char *const level_words[] = {
    [HOST_LOG_ERROR] = "error",
    [HOST_LOG_WARNING] = "warning",
    [HOST_LOG_NOTICE] = "notice",
    [HOST_LOG_INFO] = "info",
    [HOST_LOG_DEBUG] = "debug",
};

void host_log_set_level(enum host_log_level level)
{
    atomic_store(&limit, (int)level);
}

bool host_log_enabled(enum host_log_level level)
{
    return (int)level <= atomic_load_explicit(&limit, memory_order_relaxed);
}

bool host_log_level_parse(const char *word, enum host_log_level *level_out)
{
    for (int level = HOST_LOG_ERROR; level <= (int)HOST_LOG_DEBUG; level++) {
        if (strcmp(word, level_words[level]) == 0) {
            *level_out = (enum host_log_level)level;
            return true;
        }
    }
    return false;
}

/* systemd sets JOURNAL_STREAM where standard error goes to journald. */
static size_t begin_line(char *line, size_t size, enum host_log_level level)
{
    int length = 0;

    if (getenv("JOURNAL_STREAM") != NULL) {
        length = snprintf(line, size, "<%d>", (int)level);
    } else {
        const ferry_time_ns now = host_wall_clock();
        const time_t seconds = (time_t)(now / FERRY_SECOND);
        struct tm parts;
        char text[32] = "";

        if (gmtime_r(&seconds, &parts) != NULL) {
            (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
        }
        length = snprintf(
            line,
            size,
            "%s.%06dZ %-7s ",
            text,
            (int)(now % FERRY_SECOND / FERRY_MICROSECOND),
            level_words[level]);
    }
    return length < 0 ? 0 : (size_t)length;
}

__attribute__((format(printf, 2, 0))) static void
write_line(enum host_log_level level, const char *format, va_list arguments)
{
    char line[HOST_LOG_LINE_MAX];
    const size_t begin = begin_line(line, sizeof line, level);
    const int wanted = vsnprintf(line + begin, sizeof line - begin - 1, format, arguments);
    size_t length = begin + (wanted < 0 ? 0 : (size_t)wanted);

    if (length > sizeof line - 2) {
        length = sizeof line - 2;
    }
    for (size_t i = begin; i < length; i++) {
        const unsigned char byte = (unsigned char)line[i];

        if (byte < 0x20 || byte == 0x7f) {
            line[i] = '?';
        }
    }
    line[length] = '\n';
    length++;
    /* Whoever reads the log is gone: there is nobody left to tell. */
    const ssize_t written = write(STDERR_FILENO, line, length);
    (void)written;
}

void host_log(enum host_log_level level, const char *format, ...)
{
    va_list arguments;

    if (!host_log_enabled(level)) {
        return;
    }
    va_start(arguments, format);
    write_line(level, format, arguments);
    va_end(arguments);
}

void host_log_error(enum host_log_level level, const char *what, const struct host_error *error)
{
    host_log(
        level,
        "%s: %s%s%s",
        what,
        error->text,
        error->next_step[0] == '\0' ? "" : "; ",
        error->next_step);
}

void host_log_often(
    struct host_log_budget *budget, enum host_log_level level, const char *format, ...)
{
    const ferry_time_ns now = host_now();
    va_list arguments;

    if (!host_log_enabled(level)) {
        return;
    }
    if (budget->said == 0 || now - budget->since > 10 * FERRY_SECOND) {
        if (budget->left_out > 0) {
            host_log(level, "%u more lines of this kind were left out", budget->left_out);
        }
        *budget = (struct host_log_budget){.since = now};
    }
    if (budget->said >= HOST_LOG_BURST) {
        budget->left_out++;
        return;
    }
    budget->said++;
    va_start(arguments, format);
    write_line(level, format, arguments);
    va_end(arguments);
}
