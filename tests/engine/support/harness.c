/* SPDX-License-Identifier: Apache-2.0 */
/* harness.c -- see harness.h. */
#include "support/harness.h"

#include "ferry/assert.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf expected_assert;
static bool assert_is_expected;

_Noreturn void ferry_assert_failed(const char *expression, const char *file, int line)
{
    if (assert_is_expected) {
        assert_is_expected = false;
        longjmp(expected_assert, 1);
    }
    print_error("engine assert: %s\n", expression);
    _fail(file, line);
    abort();
}

jmp_buf *harness_expect_assert(void)
{
    assert_is_expected = true;
    return &expected_assert;
}

_Noreturn void harness_assert_missing(const char *statement, const char *file, int line)
{
    assert_is_expected = false;
    print_error("no engine assert in: %s\n", statement);
    _fail(file, line);
    abort();
}

void harness_assert_status(
    enum ferry_status actual, enum ferry_status expected, const char *file, int line)
{
    if (actual != expected) {
        print_error(
            "status %s, expected %s\n", ferry_status_name(actual), ferry_status_name(expected));
        _fail(file, line);
    }
}

static unsigned digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = strchr(digits, tolower((unsigned char)c));
    assert_true(c != '\0' && at != NULL);
    return (unsigned)(at - digits);
}

size_t harness_bytes_of_hex(const char *hex, uint8_t *out, size_t capacity)
{
    size_t size = 0;
    for (const char *at = hex; *at != '\0'; at++) {
        if (*at == ' ' || *at == '\n') {
            continue;
        }
        assert_true(size < capacity);
        out[size] = (uint8_t)(digit(at[0]) << 4 | digit(at[1]));
        size++;
        at++;
    }
    return size;
}

uint64_t harness_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * UINT64_C(0x2545F4914F6CDD1D);
}

uint64_t harness_random_below(uint64_t *state, uint64_t bound)
{
    return (harness_random(state) >> 11) % bound;
}

static void *allocate(void *context, size_t size)
{
    struct harness_memory *memory = context;
    if (memory->fail_after > 0) {
        memory->fail_after--;
        if (memory->fail_after == 0) {
            return NULL;
        }
    }
    memory->bytes += size;
    memory->blocks++;
    return calloc(1, size);
}

static void release(void *context, void *block, size_t size)
{
    struct harness_memory *memory = context;
    assert_true(memory->blocks > 0 && memory->bytes >= size);
    memory->bytes -= size;
    memory->blocks--;
    free(block);
}

struct ferry_allocator harness_allocator(struct harness_memory *memory)
{
    return (struct ferry_allocator){.allocate = allocate, .release = release, .context = memory};
}

void harness_assert_all_released(const struct harness_memory *memory)
{
    assert_int_equal(memory->blocks, 0);
    assert_int_equal(memory->bytes, 0);
}
