/* SPDX-License-Identifier: Apache-2.0 */
/* harness.h -- what every test of the engine's rooms uses: cmocka, bytes written as hex, an
 * allocator that counts, and the engine's assert as something that can be expected.
 *
 * An engine assert that nobody expects fails the test which it fires in. */
#ifndef TESTS_ENGINE_HARNESS_H
#define TESTS_ENGINE_HARNESS_H

#include "ferry/status.h"
#include "ferry/types.h"

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Small letters, as cmocka's own asserts have. */
/* NOLINTBEGIN(readability-identifier-naming) */
#define assert_status(actual, expected) \
    harness_assert_status((actual), (expected), __FILE__, __LINE__)
void harness_assert_status(
    enum ferry_status actual, enum ferry_status expected, const char *file, int line);

/* The same in a table: says which row. */
#define assert_status_row(row, actual, expected)           \
    do {                                                   \
        const enum ferry_status harness_actual = (actual); \
        if (harness_actual != (expected)) {                \
            print_error("row %zu: ", (size_t)(row));       \
        }                                                  \
        assert_status(harness_actual, expected);           \
    } while (0)

/* Runs the statement, which must not return: it has to trip an assert of the engine. */
#define expect_engine_assert(statement)                             \
    do {                                                            \
        if (setjmp(*harness_expect_assert()) == 0) {                \
            statement;                                              \
            harness_assert_missing(#statement, __FILE__, __LINE__); \
        }                                                           \
    } while (0)
/* NOLINTEND(readability-identifier-naming) */
jmp_buf *harness_expect_assert(void);
_Noreturn void harness_assert_missing(const char *statement, const char *file, int line);

/* Hex digits, blanks between them are skipped. Returns the number of bytes; fails the test on
 * anything else or no room. */
size_t harness_bytes_of_hex(const char *hex, uint8_t *out, size_t capacity);

/* A seeded generator (xorshift64*), so that a random test is the same test every time. */
uint64_t harness_random(uint64_t *state);
uint64_t harness_random_below(uint64_t *state, uint64_t bound);

/* Counts what is out. fail_after: allocations until one returns NULL; 0 = never. */
struct harness_memory {
    size_t bytes;
    size_t blocks;
    size_t fail_after;
};
struct ferry_allocator harness_allocator(struct harness_memory *memory);
void harness_assert_all_released(const struct harness_memory *memory);

#endif
