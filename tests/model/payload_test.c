/* SPDX-License-Identifier: Apache-2.0 */
/*
 * payload_test.c -- pages on their way: what was read arrives, where the receiver says, as it was
 * when it was read.
 */
#include "model/payload.h"

#include "model/rng.h"
#include "support.h"

#define PAGES UINT64_C(1029)

/* A mixture of zero pages, initial ones, and few and many explicit tags in a leaf. */
static struct model_memory *mixed_memory(uint64_t seed)
{
    struct model_memory *memory = memory_of(PAGES, PAGES * 3 / 4);
    struct model_rng rng;
    model_rng_init(&rng, seed, "mixed");
    for (uint64_t i = 0; i < PAGES; i++) {
        uint64_t page = model_rng_below(&rng, 200);
        page = i % 8 == 0 ? model_rng_below(&rng, PAGES / 2) : page; /* and untouched runs */
        model_memory_write(memory, page, model_tag_written(7, i + 1));
    }
    return memory;
}

static void all_pages_sent_in_random_pieces_make_an_equal_memory(void **unused)
{
    (void)unused;
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct model_memory *source = mixed_memory(seed);
        struct model_memory *target = mixed_memory(seed + 100); /* old contents must go */
        struct model_payload *payload = model_payload_create();
        struct model_rng rng;
        model_rng_init(&rng, seed, "pieces");
        uint64_t sent = 0;
        uint64_t placed = 0;

        while (placed < PAGES) {
            uint64_t more = model_rng_below(&rng, 150);
            more = more < PAGES - sent ? more : PAGES - sent;
            assert_true(model_payload_append(payload, source, sent, more));
            sent += more;
            uint64_t arrived = model_rng_below(&rng, sent - placed + 1);
            assert_true(model_payload_place(payload, target, placed, arrived));
            placed += arrived;
            assert_true(model_payload_pages(payload) == sent - placed);
        }

        assert_equal_memories(source, target);
        model_payload_destroy(payload);
        model_memory_destroy(source);
        model_memory_destroy(target);
    }
}

static void pages_placed_elsewhere_carry_their_true_tags(void **unused)
{
    (void)unused;
    struct model_memory *source = mixed_memory(1);
    struct model_memory *target = memory_of(PAGES, PAGES);
    struct model_payload *payload = model_payload_create();
    assert_true(model_payload_append(payload, source, 100, 700));

    assert_true(model_payload_place(payload, target, 101, 700));

    for (uint64_t page = 100; page < 800; page++) {
        assert_true(model_memory_tag(target, page + 1) == model_memory_tag(source, page));
    }
    assert_true(model_memory_tag(target, 100) == model_tag_initial(7, 100));
    model_payload_destroy(payload);
    model_memory_destroy(source);
    model_memory_destroy(target);
}

static void a_write_after_the_read_does_not_travel(void **unused)
{
    (void)unused;
    struct model_memory *source = memory_of(PAGES, PAGES);
    struct model_memory *target = memory_of(PAGES, 0);
    struct model_payload *payload = model_payload_create();

    assert_true(model_payload_append(payload, source, 0, 10));
    model_memory_write(source, 5, model_tag_written(7, 1));
    assert_true(model_payload_append(payload, source, 10, 10));
    assert_true(model_payload_place(payload, target, 0, 20));

    struct model_difference difference;
    model_memory_compare(source, target, &difference);
    assert_true(difference.first_page == 5);
    assert_true(model_memory_tag(target, 5) == model_tag_initial(7, 5));
    model_payload_destroy(payload);
    model_memory_destroy(source);
    model_memory_destroy(target);
}

static void dropped_contents_are_skipped(void **unused)
{
    (void)unused;
    struct model_memory *source = mixed_memory(3);
    struct model_memory *target = memory_of(PAGES, 0);
    struct model_payload *payload = model_payload_create();
    assert_true(model_payload_append(payload, source, 0, PAGES));

    model_payload_drop(payload, 777);
    assert_true(model_payload_place(payload, target, 777, PAGES - 777));

    uint64_t tags[PAGES];
    model_memory_read_tags(source, 777, PAGES - 777, tags + 777);
    for (uint64_t page = 0; page < PAGES; page++) {
        assert_true(model_memory_tag(target, page) == (page < 777 ? 0 : tags[page]));
    }
    model_payload_drop(payload, 5);
    assert_true(model_payload_pages(payload) == 0);
    model_payload_destroy(payload);
    model_memory_destroy(source);
    model_memory_destroy(target);
}

static void placing_more_than_was_sent_fails_and_places_nothing(void **unused)
{
    (void)unused;
    struct model_memory *source = memory_of(PAGES, PAGES);
    struct model_memory *target = memory_of(PAGES, 0);
    struct model_payload *payload = model_payload_create();
    assert_true(model_payload_append(payload, source, 0, 10));

    assert_false(model_payload_place(payload, target, 0, 11));

    assert_true(model_memory_count_zero(target, NULL, 0, PAGES) == PAGES);
    assert_true(model_payload_pages(payload) == 10);
    model_payload_destroy(payload);
    model_memory_destroy(source);
    model_memory_destroy(target);
}

static void a_digest_does_not_depend_on_how_contents_are_stored(void **unused)
{
    (void)unused;
    struct model_memory *source = mixed_memory(4);
    struct model_payload *whole = model_payload_create();
    struct model_payload *pieces = model_payload_create();
    assert_true(model_payload_append(whole, source, 0, PAGES));
    for (uint64_t page = 0; page < PAGES; page++) {
        assert_true(model_payload_append(pieces, source, page, 1));
    }

    static const uint64_t ranges[][2] = {
        {0,    PAGES},
        {0,    1    },
        {70,   300  },
        {64,   64   },
        {1028, 1    },
        {9,    0    }
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        uint32_t digest = model_payload_digest(whole, ranges[i][0], ranges[i][1]);
        assert_true(digest == model_payload_digest(pieces, ranges[i][0], ranges[i][1]));
    }
    uint32_t before = model_payload_digest(pieces, 30, 40);
    model_payload_drop(pieces, 30);
    assert_true(model_payload_digest(pieces, 0, 40) == before);
    model_payload_destroy(whole);
    model_payload_destroy(pieces);
    model_memory_destroy(source);
}

static void a_digest_changes_with_any_page(void **unused)
{
    (void)unused;
    struct model_memory *source = mixed_memory(5);
    struct model_payload *payload = model_payload_create();
    assert_true(model_payload_append(payload, source, 0, PAGES));
    uint32_t right = model_payload_digest(payload, 0, PAGES);

    for (uint64_t page = 0; page < PAGES; page += 41) {
        uint64_t tag = model_memory_tag(source, page);
        uint64_t other = model_tag_written(7, 5000000);
        model_payload_clear(payload);
        assert_true(model_memory_place_tags(source, page, 1, &other));
        assert_true(model_payload_append(payload, source, 0, PAGES));
        assert_true(model_payload_digest(payload, 0, PAGES) != right);
        assert_true(model_memory_place_tags(source, page, 1, &tag));
    }
    model_payload_destroy(payload);
    model_memory_destroy(source);
}

/* The page that is hit, and no other, and the digest tells. */
static void a_corrupted_page_differs_alone_and_in_its_digest(void **unused)
{
    (void)unused;
    for (uint64_t hit = 0; hit < PAGES; hit += 13) {
        struct model_memory *source = mixed_memory(5);
        struct model_memory *target = mixed_memory(6);
        struct model_payload *payload = model_payload_create();
        struct model_difference difference;

        assert_true(model_payload_append(payload, source, 0, PAGES));
        const uint32_t sent = model_payload_digest(payload, 0, PAGES);
        model_payload_corrupt(payload, hit);

        assert_true(model_payload_digest(payload, 0, PAGES) != sent);
        assert_true(model_payload_place(payload, target, 0, PAGES));
        assert_false(model_memory_compare(source, target, &difference));
        assert_int_equal(difference.count, 1);
        assert_int_equal(difference.first_page, hit);
        model_payload_destroy(payload);
        model_memory_destroy(source);
        model_memory_destroy(target);
    }
}

static void real_bytes_travel_whole(void **unused)
{
    (void)unused;
    struct model_memory *source = byte_memory_of(20);
    struct model_memory *target = byte_memory_of(20);
    struct model_payload *payload = model_payload_create();
    assert_true(model_memory_fill_initial(source, 0, 15));
    model_memory_write(source, 3, model_tag_written(7, 1));
    assert_true(model_payload_append(payload, source, 0, 12));
    uint32_t digest = model_payload_digest(payload, 5, 7);
    assert_true(model_payload_place(payload, target, 0, 5));
    assert_true(model_payload_digest(payload, 0, 7) == digest);
    assert_true(model_payload_append(payload, source, 12, 8));
    assert_true(model_payload_place(payload, target, 5, 15));

    assert_equal_memories(source, target);
    model_memory_bytes(source, 6)[100] ^= 1;
    assert_true(model_payload_append(payload, source, 5, 7));
    assert_true(model_payload_digest(payload, 0, 7) != digest);
    model_payload_destroy(payload);
    model_memory_destroy(source);
    model_memory_destroy(target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_pages_sent_in_random_pieces_make_an_equal_memory),
        cmocka_unit_test(pages_placed_elsewhere_carry_their_true_tags),
        cmocka_unit_test(a_write_after_the_read_does_not_travel),
        cmocka_unit_test(dropped_contents_are_skipped),
        cmocka_unit_test(placing_more_than_was_sent_fails_and_places_nothing),
        cmocka_unit_test(a_digest_does_not_depend_on_how_contents_are_stored),
        cmocka_unit_test(a_digest_changes_with_any_page),
        cmocka_unit_test(a_corrupted_page_differs_alone_and_in_its_digest),
        cmocka_unit_test(real_bytes_travel_whole),
    };
    return cmocka_run_group_tests_name("payload", tests, NULL, NULL);
}
