/* SPDX-License-Identifier: Apache-2.0 */
/* round_trip_test.c -- what the encoder sends, the decoder places: random guests, bitmaps and
 * windows against a naive model, in chunks of every size. */
#include "loop.h"

#include <string.h>

#define FIRST_REGION  100U /* the second one begins in the middle of a word */
#define SECOND_REGION 700U
#define PAGES         (FIRST_REGION + SECOND_REGION)

struct world {
    struct shape shape;
    struct guest source;
    struct guest target;
    struct guest expected; /* the naive model of the target */
    uint64_t bitmap[(PAGES + 63) / 64];
    struct tape tape;
};

/* Runs of pages that are alike, some short, some long: kind 0 unset, 1 data, 2 zero. */
static void fill(struct world *world, uint64_t *seed)
{
    uint64_t page = 0;
    while (page < PAGES) {
        const uint64_t longest = harness_random_below(seed, 2) == 0 ? 3 : 300;
        uint64_t count = 1 + harness_random_below(seed, longest);
        const uint64_t kind = harness_random_below(seed, 3);
        for (; count > 0 && page < PAGES; count--, page++) {
            guest_write(&world->source, page, kind == 1 ? (uint8_t)(1 + page % 251) : 0);
            guest_write(&world->target, page, 0xee); /* what was there before has to go */
            guest_write(&world->expected, page, 0xee);
            if (kind != 0) {
                world->bitmap[page / 64] |= UINT64_C(1) << (page % 64);
            }
        }
    }
}

static void world_init(struct world *world, uint64_t *seed)
{
    memset(world, 0, sizeof(*world));
    shape_init(&world->shape, 4096, FIRST_REGION, SECOND_REGION);
    guest_init(&world->source, 4096, PAGES);
    guest_init(&world->target, 4096, PAGES);
    guest_init(&world->expected, 4096, PAGES);
    fill(world, seed);
    tape_init(&world->tape, &world->shape, &world->source);
}

static void world_deinit(struct world *world)
{
    tape_deinit(&world->tape);
    guest_deinit(&world->source);
    guest_deinit(&world->target);
    guest_deinit(&world->expected);
}

/* Without a bitmap every page of the window is set. */
static bool is_set(const struct world *world, const struct ferry_batch *batch, uint64_t page)
{
    return batch->bitmap == NULL || (world->bitmap[page / 64] >> (page % 64) & 1U) != 0;
}

static struct ferry_batch random_window(struct world *world, uint64_t *seed, uint64_t number)
{
    const bool second = harness_random_below(seed, 4) > 0;
    const uint64_t base = second ? FIRST_REGION : 0;
    const uint64_t pages = second ? SECOND_REGION : FIRST_REGION;
    const uint64_t first = harness_random_below(seed, pages);
    const uint64_t count = 1 + harness_random_below(seed, pages - first);
    return (struct ferry_batch){
        .number = number,
        .round = 7,
        .bitmap = harness_random_below(seed, 4) == 0 ? NULL : world->bitmap,
        .first_page = base + first,
        .end_page = base + first + count,
    };
}

/* Copies as the window says, and counts. */
static void copy_naively(struct world *world, const struct ferry_batch *batch, uint64_t counts[2])
{
    counts[0] = 0;
    counts[1] = 0;
    for (uint64_t page = batch->first_page; page < batch->end_page; page++) {
        if (is_set(world, batch, page)) {
            const uint8_t *from = guest_page(&world->source, page);
            memcpy(guest_page(&world->expected, page), from, 4096);
            counts[from[1] == 0 ? 1 : 0]++; /* the second byte of a data page is never 0 here */
        }
    }
}

static void
check_batch(struct world *world, const struct ferry_batch *batch, struct sink *sink, size_t before)
{
    uint64_t counts[2];
    const struct ferry_piece *done = &world->tape.done;
    const struct ferry_item *item = &sink->report[sink->report_count - 1];
    copy_naively(world, batch, counts);
    assert_int_equal(item->kind, FERRY_ITEM_BATCH);
    assert_true(item->batch == batch->number);
    assert_int_equal(item->round, 7);
    assert_true(item->pages == counts[0] && done->pages == counts[0]);
    assert_true(item->zero_pages == counts[1] && done->zero_pages == counts[1]);
    assert_true(item->bytes == world->tape.size - before && item->bytes == done->bytes);
    assert_int_equal(item->digest, done->digest);
    assert_int_equal(sink->zeroed, counts[1]);
    assert_same_memory(&world->target, &world->expected);
    for (uint64_t page = 0; page < PAGES; page++) {
        const bool in_window = page >= batch->first_page && page < batch->end_page;
        const bool sent = in_window && is_set(world, batch, page);
        assert_int_equal(world->source.scanned[page], sent ? 1 : 0);
        world->source.scanned[page] = 0;
    }
}

static void run_batches(uint64_t seed, size_t batches, size_t chunk)
{
    struct world world;
    struct sink sink;
    world_init(&world, &seed);
    sink_init(&sink, &world.shape, 7, &world.target);
    for (uint64_t number = 1; number <= batches; number++) {
        const struct ferry_batch batch = random_window(&world, &seed, number);
        const size_t before = world.tape.size;
        sink.zeroed = 0;
        tape_batch(&world.tape, &batch);
        const size_t size = world.tape.size - before;
        assert_int_equal(sink_feed(&sink, world.tape.bytes + before, size, chunk), size);
        assert_status(sink.status, FERRY_OK);
        assert_int_equal(sink.report_count, number);
        check_batch(&world, &batch, &sink, before);
    }
    sink_deinit(&sink);
    world_deinit(&world);
}

static void random_windows_arrive_as_the_naive_model_says(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        run_batches(seed, 6, SIZE_MAX);
    }
}

static void chunks_of_any_size_give_the_same(void **unused)
{
    (void)unused;
    for (size_t chunk = 1; chunk <= 40; chunk += 3) {
        run_batches(1000 + chunk, 1, chunk);
    }
    run_batches(2000, 2, 4095);
    run_batches(2001, 2, 4097);
}

static void a_window_without_a_set_page_is_an_empty_batch(void **unused)
{
    (void)unused;
    uint64_t seed = 5;
    struct world world;
    struct sink sink;
    world_init(&world, &seed);
    memset(world.bitmap, 0, sizeof(world.bitmap));
    sink_init(&sink, &world.shape, 7, &world.target);
    const struct ferry_batch batch = {
        .number = 1, .round = 7, .bitmap = world.bitmap, .first_page = 0, .end_page = FIRST_REGION};

    tape_batch(&world.tape, &batch);
    sink_feed(
        &sink, world.tape.bytes + FERRY_PREFACE_SIZE, world.tape.size - FERRY_PREFACE_SIZE, 5);

    check_batch(&world, &batch, &sink, FERRY_PREFACE_SIZE);
    sink_deinit(&sink);
    world_deinit(&world);
}

static void device_state_arrives_whole(void **unused)
{
    (void)unused;
    uint64_t seed = 6;
    uint8_t state[3000];
    struct world world;
    struct sink sink;
    world_init(&world, &seed);
    for (size_t i = 0; i < sizeof(state); i++) {
        state[i] = (uint8_t)harness_random(&seed);
    }
    world.tape.state = state;
    sink_init(&sink, &world.shape, 7, &world.target);

    tape_batch(
        &world.tape,
        &(struct ferry_batch){
            .number = 9, .round = 7, .attempt = 2, .state_size = 3000, .state_digest = 0x12345678});
    sink_feed(
        &sink, world.tape.bytes + FERRY_PREFACE_SIZE, world.tape.size - FERRY_PREFACE_SIZE, 7);

    assert_int_equal(sink.report_count, 1);
    assert_int_equal(sink.report[0].kind, FERRY_ITEM_BATCH);
    assert_int_equal(sink.report[0].batch, 9);
    assert_int_equal(sink.report[0].attempt, 2);
    assert_int_equal(sink.report[0].state_size, 3000);
    assert_int_equal(sink.report[0].state_digest, 0x12345678);
    assert_int_equal(sink.report[0].pages, 0);
    assert_int_equal(sink.report[0].bytes, world.tape.size - FERRY_PREFACE_SIZE);
    assert_int_equal(sink.report[0].digest, world.tape.done.digest);
    assert_memory_equal(sink.state, state, sizeof(state));
    assert_same_memory(&world.target, &world.expected);
    sink_deinit(&sink);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_windows_arrive_as_the_naive_model_says),
        cmocka_unit_test(chunks_of_any_size_give_the_same),
        cmocka_unit_test(a_window_without_a_set_page_is_an_empty_batch),
        cmocka_unit_test(device_state_arrives_whole),
    };
    return cmocka_run_group_tests_name("round_trip", tests, NULL, NULL);
}
