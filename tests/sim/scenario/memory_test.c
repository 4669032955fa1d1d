/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_test.c -- memory that runs out: every single allocation of a load fails once.
 *
 * The linker puts the functions below in front of malloc, calloc and realloc of our own code (not of
 * the libraries'); which one fails is counted.  Run with sanitizers, this also shows that nothing is
 * left behind.
 */
#include "fixture.h"
#include "sim/scenario/arena.h"

#include <stdlib.h>
#include <string.h>

// NOLINTBEGIN(readability-identifier-naming): the names are the linker's
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

/* Allocations that are still granted, then one is refused; negative: all are granted. */
static long granted = -1;

static bool refuse(void)
{
    if (granted < 0) {
        return false;
    }
    granted--;
    return granted < 0;
}

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refuse() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return refuse() ? NULL : __real_realloc(memory, size);
}
// NOLINTEND(readability-identifier-naming)

/* Refuses allocation 0, then 1, and so on, until a load gets along without being refused. */
static unsigned loads_that_ran_out(const char *path)
{
    unsigned ran_out = 0;
    for (long refused = 0;; refused++) {
        struct scenario_errors errors = {0};
        struct scenario *scenario = NULL;
        granted = refused;
        enum scenario_status status = scenario_load(path, &scenario, &errors);
        bool through = granted >= 0;
        granted = -1;
        assert_int_equal(scenario != NULL, status == SCENARIO_OK);
        ran_out += status == SCENARIO_OUT_OF_MEMORY ? 1 : 0;
        scenario_free(scenario);
        scenario_errors_free(&errors);
        if (through) {
            return ran_out;
        }
    }
}

static void a_load_that_runs_out_of_memory_says_so_and_leaves_nothing(void **unused)
{
    (void)unused;
    assert_true(loads_that_ran_out("scenarios/busy_database_64g_crash.yaml") >= 3);
    assert_true(loads_that_ran_out("scenarios/recorded_batch_job.yaml") >= 3);
    assert_true(loads_that_ran_out("scenarios/drain_four_hosts.yaml") >= 3);
}

static void an_error_that_cannot_be_kept_is_counted(void **unused)
{
    (void)unused;
    static const char text[] = "version: 1\nhosts: {h1: {memory: 64}}\n";
    unsigned counted = 0;
    for (long refused = 0; refused < 16; refused++) {
        struct scenario_errors errors = {0};
        struct scenario *scenario = NULL;
        granted = refused;
        enum scenario_status status =
            scenario_load_text("s.yaml", text, strlen(text), &scenario, &errors);
        granted = -1;
        assert_int_not_equal(status, SCENARIO_OK);
        counted += errors.suppressed != 0 ? 1 : 0;
        scenario_errors_free(&errors);
    }
    assert_true(counted >= 1);
}

static void pieces_of_an_arena_are_zero_and_aligned(void **unused)
{
    (void)unused;
    jmp_buf exhausted;
    struct scenario_arena arena = {.exhausted = &exhausted};
    assert_int_equal(setjmp(exhausted), 0);
    static const size_t sizes[] = {1, 3, 40000, 17, 0, 100000};
    for (size_t index = 0; index < sizeof(sizes) / sizeof(sizes[0]); index++) {
        unsigned char *piece = arena_take(&arena, sizes[index], 1);
        assert_int_equal((uintptr_t)piece % sizeof(void *), 0);
        for (size_t at = 0; at < sizes[index]; at++) {
            assert_int_equal(piece[at], 0);
            piece[at] = 0xff;
        }
    }
    assert_string_equal(arena_format(&arena, "%s%d", "h", 7), "h7");
    arena_release(&arena);
}

static void a_piece_larger_than_all_memory_leaves_by_the_jump(void **unused)
{
    (void)unused;
    jmp_buf exhausted;
    struct scenario_arena arena = {.exhausted = &exhausted};
    if (setjmp(exhausted) == 0) {
        (void)arena_take(&arena, SIZE_MAX / 8, 16);
        fail();
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_load_that_runs_out_of_memory_says_so_and_leaves_nothing),
        cmocka_unit_test(an_error_that_cannot_be_kept_is_counted),
        cmocka_unit_test(pieces_of_an_arena_are_zero_and_aligned),
        cmocka_unit_test(a_piece_larger_than_all_memory_leaves_by_the_jump),
    };
    return cmocka_run_group_tests_name("scenario/memory", tests, NULL, NULL);
}
