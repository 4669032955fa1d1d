/* SPDX-License-Identifier: Apache-2.0 */
/* move_test.c -- what a sender sends is what a receiver places. */
#include "rig.h"
#include "tests/host/support/check.h"

#include <stdlib.h>
#include <string.h>

/* Random pages, zero pages in runs and alone, and pages that never were there. */
static void fill(const struct rig *rig)
{
    for (uint64_t page = 0; page < rig_pages(rig); page++) {
        if (page % 97 < 60) {
            rig_fill_page(rig, page, 7);
        } else if (page % 97 < 70) {
            memset(rig_source_page(rig, page), 0, rig->options.page_size);
        } else if (page % 2 == 0) {
            rig_source_page(rig, page)[rig->options.page_size - 1] = 1;
        }
    }
}

static void move_all(const struct rig_options *options, uint32_t attempt)
{
    struct rig *rig = rig_create(options);
    fill(rig);
    rig_mark_all(rig);
    rig_round(rig, attempt);
    assert_true(rig_equal(rig));
    assert_int_equal(rig->pages_placed + rig->zero_pages_placed, rig_pages(rig));
    assert_true(rig->zero_pages_placed > rig_pages(rig) / 10);
    rig_destroy(rig);
}

static void memory_arrives_equal_over_tcp(void **unused)
{
    (void)unused;
    move_all(&(struct rig_options){.link = RIG_TCP}, 0);
}

static void memory_arrives_equal_over_a_socket_pair(void **unused)
{
    (void)unused;
    move_all(&(struct rig_options){.link = RIG_PAIR}, 0);
}

static void memory_arrives_equal_over_tls(void **unused)
{
    (void)unused;
    move_all(&(struct rig_options){.link = RIG_TLS}, 0);
}

static void memory_of_a_paused_guest_arrives_equal_over_several_tls_streams(void **unused)
{
    (void)unused;
    move_all(&(struct rig_options){.link = RIG_TLS, .streams = 3}, 1);
}

static void memory_of_a_paused_guest_arrives_equal_with_digests(void **unused)
{
    (void)unused;
    move_all(&(struct rig_options){.link = RIG_TCP, .streams = 3}, 1);
}

static void memory_in_large_pages_arrives_equal(void **unused)
{
    (void)unused;
    const struct rig_options options = {
        .page_size = 1U << 16, .pages = 256, .pages_above = 32, .window = 100};
    move_all(&options, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_arrives_equal_over_tcp),
        cmocka_unit_test(memory_arrives_equal_over_a_socket_pair),
        cmocka_unit_test(memory_arrives_equal_over_tls),
        cmocka_unit_test(memory_of_a_paused_guest_arrives_equal_over_several_tls_streams),
        cmocka_unit_test(memory_of_a_paused_guest_arrives_equal_with_digests),
        cmocka_unit_test(memory_in_large_pages_arrives_equal),
    };
    return cmocka_run_group_tests_name("move_test", tests, hosts_set_up, hosts_tear_down);
}
