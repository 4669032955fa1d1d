/* SPDX-License-Identifier: Apache-2.0 */
/* support.h -- a journal on a disk in memory, transactions by a number, and what it holds as text. */
#ifndef TESTS_HOST_JOURNAL_SUPPORT_H
#define TESTS_HOST_JOURNAL_SUPPORT_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "engine/host/journal/journal.h"
#include "tests/host/journal/disk.h"

#define BENCH_LOG_SIZE 65536U

struct bench {
    struct disk disk;
    struct loop *loop;
    struct journal *journal; /* NULL: not open */
    struct host_error error; /* of the last open */
    unsigned good;           /* transactions reported durable, all in a row from the first */
    unsigned bad;
    enum host_code last_code;
};

struct bench *bench_create(void);
void bench_destroy(struct bench *bench);
enum host_code bench_open(struct bench *bench);
void bench_close(struct bench *bench);
/* Until nothing waits. */
void bench_settle(struct bench *bench);
/* The n-th transaction of a story of sessions and guests; the code of journal_write(). */
enum host_code bench_write(struct bench *bench, unsigned n);
/* The same, and waits for it; the code that was reported. */
enum host_code bench_write_and_wait(struct bench *bench, unsigned n);
/* What the journal holds. To be freed. */
char *bench_text(const struct bench *bench);

struct ferry_session_id bench_session(unsigned n);

#endif
