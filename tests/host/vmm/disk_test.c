/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk_test.c -- the guest writes to its disk, flushes, reads back and compares, also over moves; two
 * processes on the same image take turns by its lock.
 */
#include "engine/host/base/fd.h"
#include "rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DISK_BYTES (4U << 20)

static void make_image(char path[64])
{
    snprintf(path, 64, "/tmp/ferry-disk-%d.raw", (int)getpid());
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, DISK_BYTES), 0);
    fd_close(&fd);
}

static struct guestconfig config_with(const char *path)
{
    char disk[80];
    snprintf(disk, sizeof(disk), "disk=%s", path);
    return rig_config((const char *const[]){
        "workload=uniform", "size=4 MiB", "rate=20 MiB/s", "disk_rate=20 MiB/s", disk, NULL});
}

static uint64_t requests_of(struct rig *rig)
{
    rig_report(rig);
    return rig->reply.counters.disk_requests;
}

static void guest_finds_on_its_disk_what_it_wrote_also_after_moves(void **unused)
{
    (void)unused;
    char path[64];
    rig_need_kvm();
    make_image(path);
    const struct guestconfig config = config_with(path);
    struct rig *here = rig_start(&config, false);
    assert_int_equal(rig_run(here, 1), VMMLINK_OK);
    rig_until_ready(here);

    uint64_t requests = 0;
    for (uint32_t i = 0; i < 3; i++) {
        rig_for(here, 200 * FERRY_MILLISECOND);
        assert_true(requests_of(here) > requests);
        requests = requests_of(here);
        struct rig *there = rig_start(&config, true);
        rig_move(here, there, 2, i + 2);
        rig_end(here);
        here = there;
    }
    rig_for(here, 200 * FERRY_MILLISECOND);

    assert_true(requests_of(here) > requests);
    assert_int_equal(rig_check(here).bad_pages, 0);
    rig_end(here);
    unlink(path);
}

static void damage_on_the_disk_is_found(void **unused)
{
    (void)unused;
    char path[64];
    rig_need_kvm();
    make_image(path);
    const struct guestconfig config = config_with(path);
    struct rig *rig = rig_start(&config, false);
    assert_int_equal(rig_run(rig, 1), VMMLINK_OK);
    rig_until_ready(rig);

    /* zeros are written over all of it again and again: one will fall between a write and its read */
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    static const uint8_t zeros[65536];
    struct vmmlink_report report = rig_report(rig);
    const ferry_time_ns end = host_now() + RIG_PATIENCE;
    while (report.bad_pages == 0 && host_now() < end) {
        for (off_t at = 0; at < (off_t)DISK_BYTES; at += (off_t)sizeof(zeros)) {
            assert_int_equal(pwrite(fd, zeros, sizeof(zeros), at), sizeof(zeros));
        }
        report = rig_report(rig);
    }

    assert_true(report.bad_pages > 0);
    assert_string_equal(vmmlink_bad_page_name(report.first_bad_reason), "DISK");
    fd_close(&fd);
    rig_end(rig);
    unlink(path);
}

static void image_in_use_is_not_written_by_a_second_guest(void **unused)
{
    (void)unused;
    char path[64];
    rig_need_kvm();
    make_image(path);
    const struct guestconfig config = config_with(path);
    struct rig *first = rig_start(&config, false);
    struct rig *second = rig_start(&config, false);
    assert_int_equal(rig_run(first, 1), VMMLINK_OK);

    assert_int_equal(rig_run(second, 1), VMMLINK_DISK);
    assert_non_null(strstr(second->reply_reason, "another process"));
    assert_int_equal(second->reply.guest_state, VMMLINK_GUEST_FRESH);
    assert_int_equal(RIG_DO(first, vmmlink_pause), VMMLINK_OK);
    assert_int_equal(rig_run(second, 1), VMMLINK_OK);

    rig_end(first);
    rig_end(second);
    unlink(path);
}

static void guest_with_a_read_only_disk_has_its_writes_refused(void **unused)
{
    (void)unused;
    char path[64];
    rig_need_kvm();
    make_image(path);
    struct guestconfig config = config_with(path);
    config.disk_read_only = true;
    struct rig *rig = rig_start(&config, false);
    assert_int_equal(rig_run(rig, 1), VMMLINK_OK);
    rig_until_ready(rig);
    rig_for(rig, 300 * FERRY_MILLISECOND);

    assert_true(rig_report(rig).bad_pages > 0); /* the guest says that its write failed */

    rig_end(rig);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guest_finds_on_its_disk_what_it_wrote_also_after_moves),
        cmocka_unit_test(damage_on_the_disk_is_found),
        cmocka_unit_test(image_in_use_is_not_written_by_a_second_guest),
        cmocka_unit_test(guest_with_a_read_only_disk_has_its_writes_refused),
    };
    return cmocka_run_group_tests_name("host/vmm/disk", tests, NULL, NULL);
}
