/* SPDX-License-Identifier: Apache-2.0 */
/* damage_test.c -- a log that was cut, scribbled on, or is none. */
#include "tests/host/journal/support.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR 512U

/* Twelve transactions, closed. */
static int setup(void **state)
{
    struct bench *bench = bench_create();

    *state = bench;
    assert_int_equal(bench_open(bench), HOST_OK);
    for (unsigned n = 0; n < 10; n++) {
        assert_int_equal(bench_write_and_wait(bench, n), HOST_OK);
    }
    return 0;
}

static int teardown(void **state)
{
    bench_destroy(*state);
    return 0;
}

/* Where the log's used part ends. */
static size_t used_bytes(struct bench *bench)
{
    size_t size = 0;
    const uint8_t *bytes = disk_bytes(&bench->disk, &size);

    while (size > 0 && bytes[size - 1] == 0) {
        size--;
    }
    return (size + SECTOR - 1) / SECTOR * SECTOR;
}

static void a_flipped_byte_anywhere_costs_nothing(void **state)
{
    struct bench *bench = *state;
    char *before = bench_text(bench);

    bench_close(bench);
    const size_t used = used_bytes(bench);
    size_t size = 0;
    uint8_t *image = malloc(BENCH_LOG_SIZE * 2);

    memcpy(image, disk_bytes(&bench->disk, &size), BENCH_LOG_SIZE);
    for (size_t at = 0; at < used; at += 37) {
        struct bench *second = bench_create();

        assert_int_equal(bench_open(second), HOST_OK);
        bench_close(second);
        uint8_t *bytes = disk_bytes(&second->disk, &size);

        assert_int_equal(size, BENCH_LOG_SIZE);
        memcpy(bytes, image, size);
        bytes[at] ^= 0x10;
        assert_int_equal(bench_open(second), HOST_OK);
        char *after = bench_text(second);

        assert_string_equal(before, after);
        free(after);
        bench_destroy(second);
    }
    free(image);
    free(before);
}

static void torn_tail_is_dropped(void **state)
{
    struct bench *bench = *state;
    char *before = bench_text(bench);

    bench_close(bench);
    size_t size = 0;
    const size_t used = used_bytes(bench);
    uint8_t *bytes = disk_bytes(&bench->disk, &size);

    /* The beginning of a further transaction, without its end. */
    memcpy(bytes + used, bytes + used - SECTOR, 100);
    assert_int_equal(bench_open(bench), HOST_OK);
    char *after = bench_text(bench);

    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void both_copies_gone_in_front_of_a_good_one_is_damage(void **state)
{
    struct bench *bench = *state;

    bench_close(bench);
    size_t size = 0;
    const size_t used = used_bytes(bench);
    uint8_t *bytes = disk_bytes(&bench->disk, &size);

    /* The last four sectors are two transactions of one sector, each twice. */
    memset(bytes + used - (size_t)4 * SECTOR, 0xff, (size_t)2 * SECTOR);

    assert_int_equal(bench_open(bench), HOST_DAMAGED);
    assert_non_null(strstr(bench->error.text, "cannot be read"));
    assert_non_null(strstr(bench->error.next_step, "backup"));
}

static void cut_file_is_damage(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(bench_open(bench), HOST_OK); /* all of it is one snapshot now */
    bench_close(bench);
    struct disk_file *file = &bench->disk.files[bench->disk.named_cached];

    file->cached_size = used_bytes(bench) - (size_t)2 * SECTOR;
    assert_int_equal(bench_open(bench), HOST_DAMAGED);
}

static void empty_or_foreign_file_is_damage(void **state)
{
    struct bench *bench = *state;

    bench_close(bench);
    size_t size = 0;
    uint8_t *bytes = disk_bytes(&bench->disk, &size);

    memset(bytes, 0, size);
    assert_int_equal(bench_open(bench), HOST_DAMAGED);
    memset(bytes, 'x', size);
    assert_int_equal(bench_open(bench), HOST_DAMAGED);
    bench->disk.files[bench->disk.named_cached].cached_size = 0;
    assert_int_equal(bench_open(bench), HOST_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_flipped_byte_anywhere_costs_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(torn_tail_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(
            both_copies_gone_in_front_of_a_good_one_is_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(cut_file_is_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(empty_or_foreign_file_is_damage, setup, teardown),
    };

    return cmocka_run_group_tests_name("journal/damage", tests, NULL, NULL);
}
