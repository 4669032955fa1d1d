/* SPDX-License-Identifier: Apache-2.0 */
/* error.c -- filling errors: formatting, errno's values, the engine's statuses. */
#include "engine/host/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CODE_WORD(name, word, sentence)     [HOST_##name] = (word),
#define CODE_SENTENCE(name, word, sentence) [HOST_##name] = (sentence),
static const char *const words[] = {HOST_CODE_TABLE(CODE_WORD)};
static const char *const sentences[] = {HOST_CODE_TABLE(CODE_SENTENCE)};

const char *host_code_word(enum host_code code)
{
    return (unsigned)code < HOST_CODE_COUNT ? words[code] : "failed";
}

const char *host_code_sentence(enum host_code code)
{
    return (unsigned)code < HOST_CODE_COUNT ? sentences[code] : "it failed";
}

enum host_code host_code_from_word(const char *word)
{
    for (unsigned code = HOST_OK; code < HOST_CODE_COUNT; code++) {
        if (strcmp(words[code], word) == 0) {
            return (enum host_code)code;
        }
    }
    return HOST_FAILED;
}

/* Marks a text that snprintf cut, at the border of a UTF-8 character. */
static void mark_cut(char *text, size_t size, int wanted)
{
    if (wanted < 0 || (size_t)wanted < size) {
        return;
    }
    size_t end = size - 4;

    while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80) {
        end--;
    }
    memcpy(text + end, "...", 4);
}

__attribute__((format(printf, 3, 0))) static void
format_text(char *text, size_t size, const char *format, va_list arguments)
{
    mark_cut(text, size, vsnprintf(text, size, format, arguments));
}

enum host_code host_fail(struct host_error *error, enum host_code code, const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;

        error->code = code;
        error->next_step[0] = '\0';
        va_start(arguments, format);
        format_text(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
    }
    return code;
}

static enum host_code errno_code(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT: return HOST_DISK_FULL;
    case ENOENT:
    case ENODEV:
    case ENXIO: return HOST_NOT_FOUND;
    case EEXIST: return HOST_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS: return HOST_PERMISSION;
    case ENOMEM: return HOST_MEMORY;
    case EMFILE:
    case ENFILE: return HOST_LIMIT;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN: return HOST_UNREACHABLE;
    case ECONNRESET:
    case EPIPE: return HOST_CLOSED;
    case ETIMEDOUT: return HOST_TIMEOUT;
    case ENOSYS:
    case EOPNOTSUPP:
    case ENOTTY: return HOST_UNSUPPORTED;
    default: return HOST_IO;
    }
}

enum host_code host_fail_errno(struct host_error *error, int number, const char *format, ...)
{
    const enum host_code code = errno_code(number);

    if (error != NULL) {
        va_list arguments;
        char reason[128];
        char what[HOST_ERROR_TEXT_MAX];

        va_start(arguments, format);
        format_text(what, sizeof what, format, arguments);
        va_end(arguments);
        /* The GNU variant: may return a constant instead of filling the buffer. */
        (void)host_fail(error, code, "%s: %s", what, strerror_r(number, reason, sizeof reason));
        if (code == HOST_DISK_FULL) {
            host_error_step(error, "make room on that file system, then try again");
        }
    }
    return code;
}

enum host_code host_fail_status(struct host_error *error, enum ferry_status status)
{
    static const enum host_code codes[] = {
        [FERRY_CATEGORY_NONE] = HOST_OK,
        [FERRY_CATEGORY_PEER] = HOST_PROTOCOL,
        [FERRY_CATEGORY_LIMIT] = HOST_LIMIT,
        [FERRY_CATEGORY_REFUSED] = HOST_REFUSED,
        [FERRY_CATEGORY_WORLD] = HOST_FAILED,
        [FERRY_CATEGORY_TIMEOUT] = HOST_TIMEOUT,
        [FERRY_CATEGORY_USAGE] = HOST_USAGE,
    };
    enum host_code code = codes[ferry_status_category(status)];

    if (status == FERRY_USAGE_TOO_LATE) {
        code = HOST_TOO_LATE;
    } else if (status == FERRY_USAGE_CANCELLED) {
        code = HOST_CANCELLED;
    }
    if (code == HOST_OK) {
        return HOST_OK;
    }
    return host_fail(
        error, code, "%s (%s)", ferry_status_sentence(status), ferry_status_name(status));
}

void host_error_prefix(struct host_error *error, const char *format, ...)
{
    char old[HOST_ERROR_TEXT_MAX];
    char prefix[HOST_ERROR_TEXT_MAX];
    va_list arguments;

    if (error == NULL) {
        return;
    }
    memcpy(old, error->text, sizeof old);
    va_start(arguments, format);
    format_text(prefix, sizeof prefix, format, arguments);
    va_end(arguments);
    mark_cut(
        error->text,
        sizeof error->text,
        snprintf(error->text, sizeof error->text, "%s: %s", prefix, old));
}

void host_error_step(struct host_error *error, const char *format, ...)
{
    va_list arguments;

    if (error == NULL) {
        return;
    }
    va_start(arguments, format);
    format_text(error->next_step, sizeof error->next_step, format, arguments);
    va_end(arguments);
}
