/* SPDX-License-Identifier: Apache-2.0 */
/*
 * move_test.c -- a running guest goes from one process to another, copied by hand with what the
 * protocol gives, and finds nothing missing: every workload, one and two vCPUs, log and ring.
 */
#include "rig.h"

/* Moves the guest there and back `times` times; it must find its memory whole, and its heart must
 * have gone on beating. */
static void goes_to_and_fro(const struct guestconfig *config, uint32_t moves)
{
    struct rig *here = rig_start(config, false);
    assert_int_equal(rig_run(here, 1), VMMLINK_OK);
    rig_until_ready(here);

    uint64_t beats = 0;
    for (uint32_t i = 0; i < moves; i++) {
        rig_for(here, 50 * FERRY_MILLISECOND);
        struct rig *there = rig_start(config, true);
        const uint64_t before = rig_report(here).heartbeats;
        assert_true(before > beats);
        const struct move_times times = rig_move(here, there, 3, i + 2);
        rig_end(here);
        here = there;
        rig_for(here, 20 * FERRY_MILLISECOND);
        const struct vmmlink_report report = rig_report(here);
        assert_true(report.heartbeats > before);
        assert_true(report.last_gap_ns >= (uint64_t)times.blackout / 2);
        beats = report.heartbeats;
    }

    const struct vmmlink_report report = rig_check(here);
    if (report.bad_pages != 0) {
        fail_msg(
            "%llu bad pages, first %llu: %s",
            (unsigned long long)report.bad_pages,
            (unsigned long long)report.first_bad_page,
            vmmlink_bad_page_name(report.first_bad_reason));
    }
    assert_int_equal(report.backward_steps, 0);
    assert_true(config->workload == GUESTCONFIG_IDLE || report.pages_written > 0);
    rig_end(here);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void moves(const char *const *words, uint32_t times)
{
    rig_need_kvm();
    const struct guestconfig config = rig_config(words);
    goes_to_and_fro(&config, times);
}

static void idle_guest_full_of_pages_moves_whole(void **unused)
{
    (void)unused;
    moves(WORDS("workload=idle", "nonzero=100"), 2);
}

static void sweeping_guest_moves_whole(void **unused)
{
    (void)unused;
    moves(WORDS("workload=sweep", "size=16 MiB", "rate=200 MiB/s"), 2);
}

static void uniform_guest_with_two_vcpus_moves_whole(void **unused)
{
    (void)unused;
    moves(WORDS("vcpus=2", "workload=uniform", "size=32 MiB", "rate=100 MiB/s", "nonzero=30"), 3);
}

static void hot_set_flat_out_moves_whole(void **unused)
{
    (void)unused;
    moves(
        WORDS(
            "workload=hotset",
            "size=4 MiB",
            "rate=max",
            "cold_size=32 MiB",
            "cold_rate=10 MiB/s",
            "vcpus=2"),
        3);
}

static void table_with_skewed_keys_moves_whole(void **unused)
{
    (void)unused;
    moves(WORDS("workload=kv", "size=16 MiB", "rate=max"), 3);
}

static void sorting_guest_moves_whole(void **unused)
{
    (void)unused;
    moves(WORDS("workload=sort", "size=8 MiB", "rate=max", "vcpus=2"), 3);
}

static void guest_logged_by_dirty_ring_moves_whole(void **unused)
{
    (void)unused;
    moves(WORDS("workload=uniform", "size=32 MiB", "rate=max", "dirty=ring"), 3);
}

static void two_vcpus_logged_by_dirty_ring_move_whole(void **unused)
{
    (void)unused;
    moves(WORDS("workload=kv", "size=32 MiB", "rate=max", "dirty=ring", "vcpus=2"), 3);
}

static void guest_on_transparent_huge_pages_moves_whole(void **unused)
{
    (void)unused;
    moves(
        WORDS(
            "workload=uniform",
            "size=16 MiB",
            "rate=max",
            "huge_pages=transparent",
            "prefault=yes"),
        2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_guest_full_of_pages_moves_whole),
        cmocka_unit_test(sweeping_guest_moves_whole),
        cmocka_unit_test(uniform_guest_with_two_vcpus_moves_whole),
        cmocka_unit_test(hot_set_flat_out_moves_whole),
        cmocka_unit_test(table_with_skewed_keys_moves_whole),
        cmocka_unit_test(sorting_guest_moves_whole),
        cmocka_unit_test(guest_logged_by_dirty_ring_moves_whole),
        cmocka_unit_test(two_vcpus_logged_by_dirty_ring_move_whole),
        cmocka_unit_test(guest_on_transparent_huge_pages_moves_whole),
    };
    return cmocka_run_group_tests_name("host/vmm/move", tests, NULL, NULL);
}
