/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.h -- the one error of the real world: a code for programs, a sentence for people, and what
 * to do next.
 *
 * Whoever can fail returns a code (0 = fine) and takes a `struct host_error *` as its last
 * parameter, which it fills when the code is not 0 and leaves alone otherwise; NULL is fine for
 * callers that need the code alone. The sentence says what happened, with its place (file, line,
 * peer, guest); the next step says what a person can do about it. The codes' words go over the
 * control socket and never change; exit statuses of `ferry` are made from them (docs/control.md).
 */
#ifndef FERRY_HOST_BASE_ERROR_H
#define FERRY_HOST_BASE_ERROR_H

#include "ferry/status.h"
#include "ferry/types.h"

/* Bytes with the terminating zero; longer texts are cut at a character's border and end in "...". */
#define HOST_ERROR_TEXT_MAX 512
#define HOST_ERROR_STEP_MAX 384

/* clang-format off */
/* name, word on the control socket, the sentence where nothing better is known */
#define HOST_CODE_TABLE(ENTRY)                                                                     \
    ENTRY(OK,             "ok",             "no error")                                            \
    ENTRY(USAGE,          "usage",          "the request is not valid")                            \
    ENTRY(CONFIG,         "config",         "the configuration is not valid")                      \
    ENTRY(NOT_FOUND,      "not-found",      "there is no such thing")                              \
    ENTRY(EXISTS,         "exists",         "it is there already")                                 \
    ENTRY(BUSY,           "busy",           "something else is under way")                         \
    ENTRY(REFUSED,        "refused",        "it was refused")                                      \
    ENTRY(FAILED,         "failed",         "it failed")                                           \
    ENTRY(CANCELLED,      "cancelled",      "it was cancelled")                                    \
    ENTRY(UNKNOWN,        "unknown",        "its outcome is not known")                            \
    ENTRY(TOO_LATE,       "too-late",       "it is too late for that")                             \
    ENTRY(PERMISSION,     "permission",     "that is not permitted")                               \
    ENTRY(LIMIT,          "limit",          "a limit was reached")                                 \
    ENTRY(MEMORY,         "memory",         "no memory is left")                                   \
    ENTRY(DISK_FULL,      "disk-full",      "no space is left on the disk")                        \
    ENTRY(IO,             "io",             "reading or writing failed")                           \
    ENTRY(JOURNAL_CLOSED, "journal-closed", "the journal takes nothing after a failed write")      \
    ENTRY(DAMAGED,        "damaged",        "a file is damaged")                                   \
    ENTRY(LOCKED,         "locked",         "another process uses it")                             \
    ENTRY(TIMEOUT,        "timeout",        "it did not come in time")                             \
    ENTRY(UNREACHABLE,    "unreachable",    "nobody answers there")                                \
    ENTRY(CLOSED,         "closed",         "the other side closed the connection")                \
    ENTRY(PROTOCOL,       "protocol",       "the other side broke the protocol")                   \
    ENTRY(CERTIFICATE,    "certificate",    "a certificate was not accepted")                      \
    ENTRY(UNSUPPORTED,    "unsupported",    "this machine cannot do that")                         \
    ENTRY(INTERNAL,       "internal",       "a fault of ferry itself")
/* clang-format on */

#define HOST_CODE_ENTRY(name, word, sentence) HOST_##name,
enum host_code { HOST_CODE_TABLE(HOST_CODE_ENTRY) HOST_CODE_COUNT };
#undef HOST_CODE_ENTRY

struct host_error {
    enum host_code code;
    char text[HOST_ERROR_TEXT_MAX];      /* what happened: a sentence without its full stop */
    char next_step[HOST_ERROR_STEP_MAX]; /* what to do now; "" where nothing helps */
};

const char *host_code_word(enum host_code code);     /* "disk-full"; never NULL */
const char *host_code_sentence(enum host_code code); /* never NULL */
/* The code of a word; HOST_FAILED for a word that is not known (a newer daemon's). */
enum host_code host_code_from_word(const char *word);

/* Fills error (unless NULL) and returns code, so that a failure is one line:
 *     return host_fail(error, HOST_LIMIT, "guest \"%s\" wants %s", name, size); */
enum host_code host_fail(struct host_error *error, enum host_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with the reason of errno's value behind it; the code comes from the number: ENOSPC and
 * EDQUOT are DISK_FULL, ENOENT is NOT_FOUND, EACCES and EPERM are PERMISSION, ENOMEM is MEMORY,
 * ECONNREFUSED and its kin UNREACHABLE, ECONNRESET and EPIPE CLOSED, the rest is IO. */
enum host_code host_fail_errno(struct host_error *error, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* An error of the engine: status' own word and sentence, the code by its category. */
enum host_code host_fail_status(struct host_error *error, enum ferry_status status);

/* Puts "what was tried: " before the sentence. */
void host_error_prefix(struct host_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Sets the next step, replacing the one that is there. */
void host_error_step(struct host_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Return on failure. */
#define HOST_TRY(expression)                               \
    do {                                                   \
        const enum host_code host_try_code = (expression); \
        if (host_try_code != HOST_OK) {                    \
            return host_try_code;                          \
        }                                                  \
    } while (0)

#endif
