/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_test.c -- guest memory against a plain array of tags, and the faults a
 * comparison must find.
 */
#include "model/memory.h"

#include "model/rng.h"
#include "support.h"

/* 5 pages past a multiple of 64, so that the last word is partial. */
#define PAGES UINT64_C(1029)

static void a_new_memory_is_all_zero(void **unused)
{
    (void)unused;
    struct model_memory *memory = memory_of(PAGES, 0);

    for (uint64_t page = 0; page < PAGES; page++) {
        assert_true(model_memory_tag(memory, page) == 0);
    }
    assert_true(model_memory_count_zero(memory, NULL, 0, PAGES) == PAGES);
    model_memory_destroy(memory);
}

static void configs_out_of_range_are_refused(void **unused)
{
    (void)unused;
    static const struct model_memory_config bad[] = {
  /* page_count, page_size, guest_id, bytes */
        {0,                          4096,              0,                      false},
        {MODEL_MEMORY_PAGES_MAX + 1, 4096,              0,                      false},
        {1,                          0,                 0,                      false},
        {1,                          2048,              0,                      false},
        {1,                          4097,              0,                      false},
        {1,                          UINT64_C(1) << 31, 0,                      false},
        {1,                          4096,              MODEL_GUEST_ID_MAX + 1, false},
        {(UINT64_C(1) << 20) + 1,    4096,              0,                      true },
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_null(model_memory_create(&bad[i]));
    }
    model_memory_destroy(NULL);
}

static void tags_of_different_origin_are_never_equal(void **unused)
{
    (void)unused;
    const uint64_t tags[] = {
        0,
        model_tag_initial(0, 0),
        model_tag_initial(0, 1),
        model_tag_initial(1, 0),
        model_tag_initial(MODEL_GUEST_ID_MAX, MODEL_MEMORY_PAGES_MAX - 1),
        model_tag_written(0, 1),
        model_tag_written(0, 2),
        model_tag_written(1, 1),
        model_tag_written(MODEL_GUEST_ID_MAX, MODEL_WRITE_NUMBER_MAX),
    };
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        for (size_t j = 0; j < i; j++) {
            assert_true(tags[i] != tags[j]);
        }
    }
}

static void a_tag_says_in_words_where_it_came_from(void **unused)
{
    (void)unused;
    char text[64];
    model_tag_describe(0, text, sizeof(text));
    assert_string_equal(text, "zero");
    model_tag_describe(model_tag_initial(3, 17), text, sizeof(text));
    assert_string_equal(text, "initial page 17 of guest 3");
    model_tag_describe(model_tag_written(3, 99), text, sizeof(text));
    assert_string_equal(text, "write 99 of guest 3");
}

static void check_against(const struct model_memory *memory, const uint64_t *tags)
{
    uint64_t read[PAGES];
    model_memory_read_tags(memory, 0, PAGES, read);
    assert_memory_equal(read, tags, sizeof(read));
    for (uint64_t word = 0; word < model_memory_word_count(memory); word++) {
        uint64_t zero = 0;
        for (uint64_t bit = 0; bit < 64 && word * 64 + bit < PAGES; bit++) {
            zero |= (uint64_t)(tags[word * 64 + bit] == 0) << bit;
        }
        assert_true(model_memory_zero_word(memory, word) == zero);
    }
    struct model_memory *rebuilt = memory_of(PAGES, PAGES / 2);
    assert_true(model_memory_place_tags(rebuilt, 0, PAGES, tags));
    assert_equal_memories(memory, rebuilt);
    assert_true(model_memory_digest(memory) == model_memory_digest(rebuilt));
    model_memory_destroy(rebuilt);
}

static void change_at_random(struct model_memory *memory, uint64_t *tags, struct model_rng *rng)
{
    uint64_t kind = model_rng_below(rng, 8);
    uint64_t first = model_rng_below(rng, PAGES);
    uint64_t count = 1 + model_rng_below(rng, 100);
    count = count < PAGES - first ? count : PAGES - first;
    uint64_t number = 1 + model_rng_below(rng, 1000000);
    for (uint64_t page = first; page < first + count; page++) {
        if (kind == 0) {
            tags[page] = 0;
        } else if (kind == 1) {
            tags[page] = model_tag_initial(7, page);
        } else if (kind == 2) { /* another page's initial tag must not be taken for this one's */
            tags[page] = model_tag_initial(7, page + 1);
        } else {
            tags[page] = model_tag_written(7, number + page);
            assert_true(model_memory_write(memory, page, tags[page]));
            page += kind; /* in steps: leaves with few explicit tags too */
        }
    }
    if (kind == 0) {
        model_memory_place_zero(memory, first, count);
    } else if (kind == 1) {
        assert_true(model_memory_fill_initial(memory, first, count));
    } else if (kind == 2) {
        assert_true(model_memory_place_tags(memory, first, count, tags + first));
    }
}

static void random_changes_leave_what_a_plain_array_has(void **unused)
{
    (void)unused;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct model_memory *memory = memory_of(PAGES, 0);
        uint64_t tags[PAGES] = {0};
        struct model_rng rng;
        model_rng_init(&rng, seed, "changes");

        for (int i = 0; i < 200; i++) {
            change_at_random(memory, tags, &rng);
            if (i % 20 == 19) {
                check_against(memory, tags);
            }
        }
        model_memory_clear(memory);
        memset(tags, 0, sizeof(tags));
        check_against(memory, tags);
        model_memory_destroy(memory);
    }
}

static void a_comparison_finds_one_wrong_page_anywhere(void **unused)
{
    (void)unused;
    static const uint64_t places[] = {0, 1, 63, 64, 500, PAGES - 1};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        uint64_t page = places[i];
        struct model_memory *source = memory_of(PAGES, PAGES);
        struct model_memory *target = memory_of(PAGES, PAGES);
        /* Few explicit tags in a leaf, then many: they are kept in different ways. */
        for (uint64_t other = i % 3; other < PAGES; other += other < PAGES / 2 ? 31 : 3) {
            model_memory_write(source, other, model_tag_written(7, other + 1));
            model_memory_write(target, other, model_tag_written(7, other + 1));
        }
        const uint64_t wrong[] = {
            0,
            model_tag_initial(7, page + 1),
            model_tag_written(7, PAGES + 2),
            model_tag_initial(8, page),
        };
        for (size_t j = 0; j < sizeof(wrong) / sizeof(wrong[0]); j++) {
            struct model_difference difference;
            uint64_t right = model_memory_tag(target, page);
            assert_true(model_memory_place_tags(target, page, 1, &wrong[j]));

            assert_false(model_memory_compare(source, target, &difference));
            assert_true(difference.count == 1);
            assert_true(difference.first_page == page);
            assert_true(difference.left_tag == right);
            assert_true(difference.right_tag == wrong[j]);
            assert_true(model_memory_digest(source) != model_memory_digest(target));

            assert_true(model_memory_place_tags(target, page, 1, &right));
            assert_equal_memories(source, target);
        }
        model_memory_destroy(source);
        model_memory_destroy(target);
    }
}

static void the_same_page_of_another_guest_is_another_page(void **unused)
{
    (void)unused;
    struct model_memory *left = memory_of(PAGES, PAGES);
    struct model_memory *right = model_memory_create(
        &(struct model_memory_config){.page_count = PAGES, .page_size = PAGE_4K, .guest_id = 8});
    struct model_difference difference;
    assert_true(model_memory_fill_initial(right, 0, PAGES));

    assert_false(model_memory_compare(left, right, &difference));

    assert_true(difference.count == PAGES);
    assert_true(difference.first_page == 0);
    model_memory_destroy(left);
    model_memory_destroy(right);
}

static void a_wrong_tag_among_few_is_found(void **unused)
{
    (void)unused;
    struct model_memory *left = memory_of(PAGES, PAGES);
    struct model_memory *right = memory_of(PAGES, PAGES);
    struct model_difference difference;
    for (uint64_t page = 70; page < 73; page++) {
        assert_true(model_memory_write(left, page, model_tag_written(7, page)));
        assert_true(model_memory_write(right, page, model_tag_written(7, page)));
    }
    assert_equal_memories(left, right);

    assert_true(model_memory_write(right, 72, model_tag_written(7, 1000)));

    assert_false(model_memory_compare(left, right, &difference));
    assert_true(difference.count == 1);
    assert_true(difference.first_page == 72);
    model_memory_destroy(left);
    model_memory_destroy(right);
}

static void two_swapped_pages_are_two_differences(void **unused)
{
    (void)unused;
    struct model_memory *source = memory_of(PAGES, PAGES);
    struct model_memory *target = memory_of(PAGES, PAGES);
    const uint64_t swapped[2] = {model_tag_initial(7, 101), model_tag_initial(7, 100)};
    struct model_difference difference;

    assert_true(model_memory_place_tags(target, 100, 2, swapped));

    assert_false(model_memory_compare(source, target, &difference));
    assert_true(difference.count == 2);
    assert_true(difference.first_page == 100);
    model_memory_destroy(source);
    model_memory_destroy(target);
}

static void runs_and_zero_counts_agree_with_a_walk_over_the_pages(void **unused)
{
    (void)unused;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct model_memory *memory = memory_of(PAGES, 0);
        uint64_t tags[PAGES] = {0};
        uint64_t *bitmap = bitmap_of(memory);
        struct model_rng rng;
        model_rng_init(&rng, seed, "runs");
        for (int i = 0; i < 10; i++) {
            change_at_random(memory, tags, &rng);
        }
        for (uint64_t word = 0; word < (PAGES + 63) / 64; word++) {
            bitmap[word] = ~(uint64_t)0 << model_rng_below(&rng, 64);
        }
        uint64_t first = model_rng_below(&rng, PAGES);
        uint64_t end = first + model_rng_below(&rng, PAGES - first + 1);
        const uint64_t *selection = seed % 2 == 0 ? bitmap : NULL;

        uint64_t zero = 0;
        struct model_run run = {.first = first, .count = 0};
        bool more = model_memory_next_run(memory, selection, first, end, &run);
        uint64_t left = more ? run.count : 0;
        for (uint64_t page = first; page < end; page++) {
            if (selection != NULL && !bitmap_has(selection, page)) {
                continue;
            }
            zero += tags[page] == 0 ? 1 : 0;
            assert_true(more);
            assert_true(run.first + run.count - left == page);
            assert_true(run.zero == (tags[page] == 0));
            left--;
            if (left == 0) {
                struct model_run last = run;
                more = model_memory_next_run(memory, selection, page + 1, end, &run);
                left = more ? run.count : 0;
                assert_false(more && run.first == page + 1 && run.zero == last.zero); /* maximal */
            }
        }
        assert_false(more);
        assert_true(model_memory_count_zero(memory, selection, first, end - first) == zero);
        free(bitmap);
        model_memory_destroy(memory);
    }
}

static void a_write_in_bytes_mode_changes_real_bytes(void **unused)
{
    (void)unused;
    struct model_memory *memory = byte_memory_of(3);
    assert_true(model_memory_fill_initial(memory, 1, 1));
    assert_true(model_memory_zero_word(memory, 0) == 5);
    uint8_t before[4096];
    memcpy(before, model_memory_const_bytes(memory, 1), sizeof(before));

    assert_true(model_memory_write(memory, 1, model_tag_written(7, 1)));
    assert_true(model_memory_write(memory, 2, model_tag_written(7, 2)));

    unsigned changed = 0;
    for (size_t i = 0; i < sizeof(before); i++) {
        changed += before[i] != model_memory_const_bytes(memory, 1)[i] ? 1 : 0;
    }
    /* The tag and one line, of which some bytes may happen to be the same. */
    assert_in_range(changed, 60, 72);
    assert_true(model_memory_tag(memory, 1) == model_tag_written(7, 1));
    assert_true(model_memory_zero_word(memory, 0) == 1);
    model_memory_destroy(memory);
}

static void zero_in_bytes_mode_is_found_by_content(void **unused)
{
    (void)unused;
    static const size_t places[] = {0, 7, 8, 2048, 4095};
    struct model_memory *memory = byte_memory_of(2);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        model_memory_bytes(memory, 1)[places[i]] = 1;
        assert_true(model_memory_zero_word(memory, 0) == 1);
        model_memory_bytes(memory, 1)[places[i]] = 0;
        assert_true(model_memory_zero_word(memory, 0) == 3);
    }
    model_memory_destroy(memory);
}

static void a_torn_page_in_bytes_mode_is_found(void **unused)
{
    (void)unused;
    struct model_memory *source = byte_memory_of(4);
    struct model_memory *target = byte_memory_of(4);
    assert_true(model_memory_fill_initial(source, 0, 4));
    assert_true(model_memory_place_bytes(target, 0, 4, model_memory_const_bytes(source, 0)));
    assert_equal_memories(source, target);
    struct model_difference difference;

    model_memory_bytes(target, 2)[4095] ^= 1;

    assert_false(model_memory_compare(source, target, &difference));
    assert_true(difference.count == 1);
    assert_true(difference.first_page == 2);
    assert_true(difference.left_tag == difference.right_tag); /* the head is whole */
    assert_true(model_memory_digest(source) != model_memory_digest(target));
    model_memory_destroy(source);
    model_memory_destroy(target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_memory_is_all_zero),
        cmocka_unit_test(configs_out_of_range_are_refused),
        cmocka_unit_test(tags_of_different_origin_are_never_equal),
        cmocka_unit_test(a_tag_says_in_words_where_it_came_from),
        cmocka_unit_test(random_changes_leave_what_a_plain_array_has),
        cmocka_unit_test(a_comparison_finds_one_wrong_page_anywhere),
        cmocka_unit_test(the_same_page_of_another_guest_is_another_page),
        cmocka_unit_test(a_wrong_tag_among_few_is_found),
        cmocka_unit_test(two_swapped_pages_are_two_differences),
        cmocka_unit_test(runs_and_zero_counts_agree_with_a_walk_over_the_pages),
        cmocka_unit_test(a_write_in_bytes_mode_changes_real_bytes),
        cmocka_unit_test(zero_in_bytes_mode_is_found_by_content),
        cmocka_unit_test(a_torn_page_in_bytes_mode_is_found),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
