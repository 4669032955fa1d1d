/* SPDX-License-Identifier: Apache-2.0 */
/*
 * damage_test.c -- the guest's checker fires: memory that is damaged while the guest is paused is
 * found by the guest itself, with the right reason. Without these, "0 bad pages" would mean nothing.
 */
#include "rig.h"

#include <string.h>

#define PAGE 4096U
/* A page well inside of what a 64 MiB guest owns, and of its workload's set. */
#define VICTIM 600U

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct rig *start_and_pause(const char *const *words)
{
    rig_need_kvm();
    const struct guestconfig config = rig_config(words);
    struct rig *rig = rig_start(&config, false);
    assert_int_equal(rig_run(rig, 1), VMMLINK_OK);
    rig_until_ready(rig);
    assert_int_equal(rig_check(rig).bad_pages, 0);
    assert_int_equal(RIG_DO(rig, vmmlink_pause), VMMLINK_OK);
    return rig;
}

static uint8_t *page_of(struct rig *rig, uint64_t page)
{
    return vmmlink_guest(rig->link)->ram + page * PAGE;
}

static bool bad_page_was_said(const struct rig *rig)
{
    return strstr(rig->serial, "bad page") != NULL;
}

static void expect_found(struct rig *rig, uint64_t page, enum vmmlink_bad_page reason)
{
    assert_int_equal(rig_run(rig, 1), VMMLINK_OK);
    const struct vmmlink_report report = rig_check(rig);
    assert_true(report.bad_pages > 0);
    assert_int_equal(report.first_bad_page, page);
    assert_string_equal(
        vmmlink_bad_page_name(report.first_bad_reason), vmmlink_bad_page_name(reason));
    rig_until(rig, bad_page_was_said);
    rig_end(rig);
}

static void one_flipped_bit_is_found(void **unused)
{
    (void)unused;
    struct rig *rig = start_and_pause(WORDS("nonzero=100"));

    page_of(rig, VICTIM)[3000] ^= 0x10;

    expect_found(rig, VICTIM, VMMLINK_BAD_CHECKSUM);
}

static void page_that_became_zero_is_found(void **unused)
{
    (void)unused;
    struct rig *rig = start_and_pause(WORDS("nonzero=100"));

    memset(page_of(rig, VICTIM), 0, PAGE);

    expect_found(rig, VICTIM, VMMLINK_BAD_ZERO);
}

static void page_in_the_place_of_another_is_found(void **unused)
{
    (void)unused;
    struct rig *rig = start_and_pause(WORDS("nonzero=100"));

    memcpy(page_of(rig, VICTIM), page_of(rig, VICTIM + 7), PAGE);

    expect_found(rig, VICTIM, VMMLINK_BAD_ADDRESS);
}

static void page_on_an_unwritten_one_is_found(void **unused)
{
    (void)unused;
    struct rig *rig = start_and_pause(WORDS("nonzero=0"));

    page_of(rig, VICTIM)[17] = 1;

    expect_found(rig, VICTIM, VMMLINK_BAD_GENERATION);
}

static void damages_an_old_page(const char *const *words, size_t begin, size_t bytes)
{
    uint8_t old[PAGE];
    struct rig *rig = start_and_pause(words);
    memcpy(old, page_of(rig, VICTIM), PAGE);
    assert_int_equal(rig_run(rig, 1), VMMLINK_OK);
    rig_for(rig, 100 * FERRY_MILLISECOND);
    assert_int_equal(RIG_DO(rig, vmmlink_pause), VMMLINK_OK);
    assert_memory_not_equal(old + begin, page_of(rig, VICTIM) + begin, bytes);

    memcpy(page_of(rig, VICTIM) + begin, old + begin, bytes);

    expect_found(rig, VICTIM, VMMLINK_BAD_GENERATION);
}

static void old_copy_of_a_page_is_found(void **unused)
{
    (void)unused;
    damages_an_old_page(WORDS("workload=uniform", "size=1 MiB", "rate=max"), 0, PAGE);
}

static void page_that_is_half_old_is_found(void **unused)
{
    (void)unused;
    damages_an_old_page(WORDS("workload=uniform", "size=1 MiB", "rate=max"), 2048, 2048);
}

static void old_page_of_the_table_is_found(void **unused)
{
    (void)unused;
    damages_an_old_page(WORDS("workload=kv", "size=1 MiB", "rate=max"), 0, PAGE);
}

static void old_piece_of_the_generations_is_found(void **unused)
{
    (void)unused;
    struct rig *rig = start_and_pause(WORDS("workload=uniform", "size=1 MiB", "rate=max"));
    uint8_t old[PAGE];
    /* the table's first page tells the generations of the first 1024 pages, VICTIM's among them */
    memcpy(old, page_of(rig, 512), PAGE);
    assert_int_equal(rig_run(rig, 1), VMMLINK_OK);
    rig_for(rig, 100 * FERRY_MILLISECOND);
    assert_int_equal(RIG_DO(rig, vmmlink_pause), VMMLINK_OK);

    memcpy(page_of(rig, 512), old, PAGE);

    assert_int_equal(rig_run(rig, 1), VMMLINK_OK);
    assert_true(rig_check(rig).bad_pages > 0);
    rig_end(rig);
}

static void damage_in_what_is_sorted_is_found(void **unused)
{
    (void)unused;
    struct rig *rig = start_and_pause(WORDS("workload=sort", "size=1 MiB", "rate=max"));
    for (uint64_t page = 528; page < 528 + 256; page++) {
        page_of(rig, page)[100] ^= 0x40;
    }

    assert_int_equal(rig_run(rig, 1), VMMLINK_OK);
    rig_for(rig, 500 * FERRY_MILLISECOND);
    assert_true(rig_report(rig).bad_pages > 0);
    rig_end(rig);
}

static bool bad_page_was_reported(const struct rig *rig)
{
    return rig->report.bad_pages > 0;
}

static void continuous_check_reports_without_being_asked(void **unused)
{
    (void)unused;
    struct rig *rig = start_and_pause(WORDS("nonzero=100"));

    page_of(rig, VICTIM)[0] ^= 1;
    assert_int_equal(rig_run(rig, 1), VMMLINK_OK);

    rig_until(rig, bad_page_was_reported);
    assert_int_equal(rig->report.first_bad_page, VICTIM);
    rig_end(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_flipped_bit_is_found),
        cmocka_unit_test(page_that_became_zero_is_found),
        cmocka_unit_test(page_in_the_place_of_another_is_found),
        cmocka_unit_test(page_on_an_unwritten_one_is_found),
        cmocka_unit_test(old_copy_of_a_page_is_found),
        cmocka_unit_test(page_that_is_half_old_is_found),
        cmocka_unit_test(old_page_of_the_table_is_found),
        cmocka_unit_test(old_piece_of_the_generations_is_found),
        cmocka_unit_test(damage_in_what_is_sorted_is_found),
        cmocka_unit_test(continuous_check_reports_without_being_asked),
    };
    return cmocka_run_group_tests_name("host/vmm/damage", tests, NULL, NULL);
}
