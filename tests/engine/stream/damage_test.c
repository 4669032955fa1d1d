/* SPDX-License-Identifier: Apache-2.0 */
/* damage_test.c -- a stream cut at every byte, and with every byte damaged: nothing of it is ever
 * reported as received. */
#include "loop.h"

#include <string.h>

#define PAGES 64U

struct world {
    struct shape shape;
    struct guest source;
    struct guest target;
    struct tape tape;
    const uint8_t *bytes; /* after the preface */
    size_t size;
};

/* Pages 3 - 5 and 9 are data, 6 - 8 and 40 - 63 zero; then device state; then a barrier. */
static void world_init(struct world *world)
{
    static const uint8_t state[100] = {1, 2, 3};
    static const uint64_t bitmap = UINT64_C(0xffffff00000003f8);
    memset(world, 0, sizeof(*world));
    shape_init(&world->shape, 4096, PAGES, 0);
    guest_init(&world->source, 4096, PAGES);
    guest_init(&world->target, 4096, PAGES);
    guest_write(&world->source, 3, 'a');
    guest_write(&world->source, 4, 'b');
    guest_write(&world->source, 5, 'c');
    guest_write(&world->source, 9, 'd');
    tape_init(&world->tape, &world->shape, &world->source);
    world->tape.state = state;
    tape_batch(
        &world->tape,
        &(struct ferry_batch){
            .number = 300, .round = 1, .attempt = 1, .bitmap = &bitmap, .end_page = PAGES});
    tape_batch(
        &world->tape,
        &(struct ferry_batch){.number = 301, .round = 1, .attempt = 1, .state_size = 100});
    tape_barrier(&world->tape, 1, 1);
    world->bytes = world->tape.bytes + FERRY_PREFACE_SIZE;
    world->size = world->tape.size - FERRY_PREFACE_SIZE;
}

static void world_deinit(struct world *world)
{
    tape_deinit(&world->tape);
    guest_deinit(&world->source);
    guest_deinit(&world->target);
}

/* Ends of the two batches and of the barrier, found by feeding byte for byte. */
static void find_ends(struct world *world, size_t ends[3])
{
    struct sink sink;
    sink_init(&sink, &world->shape, 1, &world->target);
    for (size_t at = 0; at < world->size; at++) {
        const size_t before = sink.report_count;
        assert_int_equal(sink_feed(&sink, world->bytes + at, 1, 1), 1);
        if (sink.report_count > before) {
            ends[before] = at + 1;
        }
    }
    assert_status(sink.status, FERRY_OK);
    assert_int_equal(sink.report_count, 3);
    assert_true(sink.held);
    sink_deinit(&sink);
}

static void a_stream_cut_at_any_byte_reports_only_what_was_whole(void **unused)
{
    (void)unused;
    struct world world;
    size_t ends[3] = {0};
    world_init(&world);
    find_ends(&world, ends);
    assert_int_equal(ends[2], world.size);
    for (size_t cut = 0; cut < world.size; cut++) {
        struct sink sink;
        sink_init(&sink, &world.shape, 1, &world.target);
        sink_feed(&sink, world.bytes, cut, SIZE_MAX);
        assert_status(sink.status, FERRY_OK);
        assert_int_equal(sink.report_count, (cut >= ends[0] ? 1 : 0) + (cut >= ends[1] ? 1 : 0));
        sink_deinit(&sink);
    }
    world_deinit(&world);
}

/* Reports up to the batch that the damaged byte is in. */
static void check_damaged(struct world *world, const uint8_t *bytes, size_t whole)
{
    static const uint8_t more[16384]; /* a damaged length may wait for bytes that were never sent */
    struct sink sink;
    sink_init(&sink, &world->shape, 1, &world->target);
    sink_feed(&sink, bytes, world->size, SIZE_MAX);
    sink_feed(&sink, more, sizeof(more), SIZE_MAX);
    assert_int_equal(ferry_status_category(sink.status), FERRY_CATEGORY_PEER);
    assert_int_equal(sink.report_count, whole);
    sink_deinit(&sink);
}

static void every_damaged_byte_is_found(void **unused)
{
    (void)unused;
    struct world world;
    size_t ends[3] = {0};
    world_init(&world);
    find_ends(&world, ends);
    uint8_t *bytes = test_malloc(world.size);
    memcpy(bytes, world.bytes, world.size);
    for (size_t at = 0; at < world.size; at++) {
        const size_t whole = at < ends[0] ? 0 : at < ends[1] ? 1 : 2;
        const unsigned bit = (unsigned)(at % 8);
        bytes[at] ^= (uint8_t)(1U << bit);
        check_damaged(&world, bytes, whole);
        bytes[at] ^= (uint8_t)(1U << bit);
    }
    test_free(bytes);
    world_deinit(&world);
}

static void every_damaged_bit_of_heads_is_found(void **unused)
{
    (void)unused;
    struct world world;
    size_t ends[3] = {0};
    world_init(&world);
    find_ends(&world, ends);
    uint8_t *bytes = test_malloc(world.size);
    memcpy(bytes, world.bytes, world.size);
    for (size_t at = 0; at < world.size; at++) {
        if (at >= 64 && at + 64 < ends[0]) {
            continue; /* bodies of pages */
        }
        const size_t whole = at < ends[0] ? 0 : at < ends[1] ? 1 : 2;
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[at] ^= (uint8_t)(1U << bit);
            check_damaged(&world, bytes, whole);
            bytes[at] ^= (uint8_t)(1U << bit);
        }
    }
    test_free(bytes);
    world_deinit(&world);
}

static void a_damaged_body_is_a_wrong_checksum(void **unused)
{
    (void)unused;
    struct world world;
    struct sink sink;
    size_t ends[3] = {0};
    world_init(&world);
    find_ends(&world, ends);
    uint8_t *bytes = test_malloc(world.size);
    memcpy(bytes, world.bytes, world.size);
    bytes[ends[0] - 100] ^= 1; /* in the last data page */
    sink_init(&sink, &world.shape, 1, &world.target);

    sink_feed(&sink, bytes, world.size, SIZE_MAX);

    assert_status(sink.status, FERRY_PEER_CHECKSUM);
    assert_int_equal(sink.report_count, 0);
    sink_deinit(&sink);
    test_free(bytes);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_cut_at_any_byte_reports_only_what_was_whole),
        cmocka_unit_test(every_damaged_byte_is_found),
        cmocka_unit_test(every_damaged_bit_of_heads_is_found),
        cmocka_unit_test(a_damaged_body_is_a_wrong_checksum),
    };
    return cmocka_run_group_tests_name("damage", tests, NULL, NULL);
}
