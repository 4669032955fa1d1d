/* SPDX-License-Identifier: Apache-2.0 */
/* windows_test.c -- the table of windows against a model that keeps one word for every page, over
 * random bitmaps, regions, streams and losses (W-1 .. W-4), and its edges one by one.
 *
 * The model knows for each set page of the round which batch it is in, so that a page which is sent
 * twice, or never, is seen at once. */
#include "memory/windows.h"

#include "support/harness.h"

#include <stdlib.h>
#include <string.h>

#define PAGES   3000U
#define WORDS   ((PAGES + 63) / 64)
#define STREAMS 4U
#define AHEAD   UINT64_MAX /* page is set, and in no window */
#define LOST    (UINT64_MAX - 1)

struct batch {
    uint64_t number;
    uint64_t pages;
    uint64_t bytes;
    uint64_t zero_pages;
    uint32_t attach;
    uint16_t stream;
    bool sent;
    bool placed;
    bool lost;
};

struct model {
    struct memory_windows windows;
    struct ferry_region regions[3];
    uint64_t bitmap[WORDS];
    uint64_t owner[PAGES]; /* batch number, AHEAD, LOST, or 0: not set or acknowledged */
    struct batch batches[8192];
    size_t batch_count;
    uint32_t attach;
    uint64_t random;
};

static struct batch *batch_of(struct model *model, uint64_t number)
{
    for (size_t i = 0; i < model->batch_count; i++) {
        if (model->batches[i].number == number) {
            return &model->batches[i];
        }
    }
    return NULL;
}

static void begin_round(struct model *model)
{
    uint64_t set = 0;
    memset(model->bitmap, 0, sizeof(model->bitmap));
    const uint64_t density = harness_random_below(&model->random, 100) + 1;
    for (uint64_t page = 0; page < PAGES; page++) {
        const bool dirty = harness_random_below(&model->random, 100) < density;
        model->owner[page] = dirty ? AHEAD : 0;
        if (dirty) {
            model->bitmap[page / 64] |= 1ULL << (page % 64);
            set++;
        }
    }
    model->batch_count = 0;
    memory_windows_begin(&model->windows, model->bitmap, set);
}

static uint64_t left_in_model(const struct model *model)
{
    uint64_t left = 0;
    for (uint64_t page = 0; page < PAGES; page++) {
        left += model->owner[page] != 0;
    }
    return left;
}

/* W-3. */
static void assert_in_one_region(const struct model *model, const struct memory_window *window)
{
    uint64_t first = 0;
    for (size_t i = 0; i < COUNT_OF(model->regions); i++) {
        const uint64_t end = first + model->regions[i].pages;
        if (window->first_page >= first && window->first_page < end) {
            assert_true(window->end_page <= end);
            return;
        }
        first = end;
    }
    fail_msg("window at page %u lies in no region", (unsigned)window->first_page);
}

static void issue(struct model *model)
{
    const uint64_t most = harness_random_below(&model->random, 40) + 1;
    const uint16_t stream = (uint16_t)harness_random_below(&model->random, STREAMS);
    const bool again = model->windows.again != 0;
    const uint64_t newest = model->windows.last_number;
    const struct memory_window *window =
        memory_windows_issue(&model->windows, most, model->attach, stream);
    if (window == NULL) {
        return;
    }
    assert_int_equal(window->number, newest + 1);
    assert_in_one_region(model, window);
    uint64_t pages = 0;
    for (uint64_t page = window->first_page; page < window->end_page; page++) {
        if ((model->bitmap[page / 64] >> (page % 64) & 1) == 0) {
            continue;
        }
        /* W-1: it was ahead, or it was lost; never in another window, never acknowledged. */
        assert_true(model->owner[page] == (again ? LOST : AHEAD));
        model->owner[page] = window->number;
        pages++;
    }
    assert_int_equal(pages, window->pages);
    assert_true(pages != 0 && (again || pages <= most));
    assert_true(model->batch_count < COUNT_OF(model->batches));
    model->batches[model->batch_count++] = (struct batch){
        .number = window->number, .pages = pages, .attach = model->attach, .stream = stream};
}

static void send(struct model *model)
{
    if (model->batch_count == 0) {
        return;
    }
    struct batch *batch = &model->batches[harness_random_below(&model->random, model->batch_count)];
    struct memory_window window = {0};
    const uint64_t bytes = batch->pages * 4096 + harness_random_below(&model->random, 100);

    const bool known =
        memory_windows_sent(&model->windows, batch->number, bytes, batch->pages / 2, &window);

    assert_int_equal(known, !batch->sent && !batch->lost);
    if (known) {
        assert_int_equal(window.number, batch->number);
        assert_int_equal(window.stream, batch->stream);
        batch->sent = true;
        batch->bytes = bytes;
        batch->zero_pages = batch->pages / 2;
    }
}

/* W-2: everything of that stream up to the number, and nothing else. */
static void acknowledge(struct model *model)
{
    const uint16_t stream = (uint16_t)harness_random_below(&model->random, STREAMS);
    const uint64_t back = harness_random_below(&model->random, 6);
    const uint64_t last = model->windows.last_number;
    const uint64_t number = last > back ? last - back : last;
    uint64_t expected = 0;
    for (size_t i = 0; i < model->batch_count; i++) {
        struct batch *batch = &model->batches[i];
        const bool covered = batch->stream == stream && batch->attach == model->attach &&
                             batch->number <= number && !batch->lost && !batch->placed;
        if (covered) {
            batch->placed = true;
            expected += batch->pages;
        }
    }
    for (uint64_t page = 0; page < PAGES; page++) {
        const struct batch *batch = batch_of(model, model->owner[page]);
        if (batch != NULL && batch->placed) {
            model->owner[page] = 0;
        }
    }

    assert_int_equal(
        memory_windows_acknowledge(&model->windows, model->attach, stream, number), expected);
}

static void lose_connection(struct model *model)
{
    struct memory_requeued expected = {0};
    for (size_t i = 0; i < model->batch_count; i++) {
        struct batch *batch = &model->batches[i];
        if (!batch->placed && !batch->lost) {
            expected.windows++;
            expected.bytes += batch->sent ? batch->bytes : 0;
            expected.zero_pages += batch->sent ? batch->zero_pages : 0;
        }
        batch->lost = true;
    }
    for (uint64_t page = 0; page < PAGES; page++) {
        if (model->owner[page] != 0 && model->owner[page] != AHEAD) {
            model->owner[page] = LOST;
        }
    }

    const struct memory_requeued requeued = memory_windows_requeue(&model->windows);

    assert_int_equal(requeued.windows, expected.windows);
    assert_int_equal(requeued.bytes, expected.bytes);
    assert_int_equal(requeued.zero_pages, expected.zero_pages);
    assert_int_equal(model->windows.live, 0);
    model->attach++;
}

static void one_step(struct model *model)
{
    switch (harness_random_below(&model->random, 16)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5: issue(model); return;
    case 6:
    case 7:
    case 8:
    case 9:
    case 10: send(model); return;
    case 11:
    case 12:
    case 13:
    case 14: acknowledge(model); return;
    default:
        if (harness_random_below(&model->random, 20) == 0) {
            lose_connection(model);
        }
        return;
    }
}

static void drain(struct model *model)
{
    for (uint32_t i = 0; i < 200000 && !memory_windows_all_acknowledged(&model->windows); i++) {
        one_step(model);
    }
    assert_int_equal(left_in_model(model), 0);
    assert_true(memory_windows_all_acknowledged(&model->windows));
    assert_true(memory_windows_all_issued(&model->windows));
}

static void every_page_is_sent_until_acknowledged_whatever_is_lost(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct model *model = calloc(1, sizeof(*model));
        assert_non_null(model);
        model->random = seed * 77;
        model->attach = 1;
        const uint64_t middle = harness_random_below(&model->random, 1000) + 1;
        const uint64_t first = harness_random_below(&model->random, 1000) + 1;
        model->regions[0] = (struct ferry_region){0, first};
        model->regions[1] = (struct ferry_region){1ULL << 32, middle};
        model->regions[2] = (struct ferry_region){1ULL << 33, PAGES - first - middle};
        memory_windows_init(&model->windows, model->regions, 3);

        for (int round = 0; round < 4; round++) {
            begin_round(model);
            drain(model);
        }
        free(model);
    }
}

/* ---- edges ---- */

struct full {
    struct memory_windows windows;
    uint64_t bitmap[2 * FERRY_BATCHES_MAX / 64];
};

static struct full *full_create(uint64_t pages)
{
    struct full *full = calloc(1, sizeof(*full));
    assert_non_null(full);
    const struct ferry_region region = {0, 2 * FERRY_BATCHES_MAX};
    memory_windows_init(&full->windows, &region, 1);
    for (uint64_t page = 0; page < pages; page++) {
        full->bitmap[page / 64] |= 1ULL << (page % 64);
    }
    memory_windows_begin(&full->windows, full->bitmap, pages);
    return full;
}

static void full_table_issues_nothing_until_its_oldest_is_acknowledged(void **unused)
{
    (void)unused;
    struct full *full = full_create(2 * FERRY_BATCHES_MAX);
    struct memory_windows *windows = &full->windows;
    for (uint32_t i = 0; i < FERRY_BATCHES_MAX; i++) {
        assert_non_null(memory_windows_issue(windows, 1, 1, (uint16_t)(i % 2)));
    }
    assert_null(memory_windows_issue(windows, 1, 1, 0));
    assert_null(memory_windows_issue_state(windows, 0, 4096, 1, 0));

    /* The second stream's first is the table's second: its slot is inside, not at the old end. */
    struct memory_window window;
    assert_true(memory_windows_sent(windows, 2, 1, 0, &window));
    assert_int_equal(memory_windows_acknowledge(windows, 1, 1, 2), 1);
    assert_null(memory_windows_issue(windows, 1, 1, 0));
    assert_true(memory_windows_sent(windows, 1, 1, 0, &window));
    assert_int_equal(memory_windows_acknowledge(windows, 1, 0, 1), 1);

    assert_non_null(memory_windows_issue(windows, 1, 1, 0));
    assert_non_null(memory_windows_issue(windows, 1, 1, 0));
    assert_null(memory_windows_issue(windows, 1, 1, 0));
    free(full);
}

static void full_table_goes_out_again_whole(void **unused)
{
    (void)unused;
    struct full *full = full_create(FERRY_BATCHES_MAX);
    struct memory_windows *windows = &full->windows;
    while (memory_windows_issue(windows, 1, 1, 0) != NULL) {
    }
    assert_int_equal(memory_windows_requeue(windows).windows, FERRY_BATCHES_MAX);

    for (uint32_t i = 0; i < FERRY_BATCHES_MAX; i++) {
        const struct memory_window *window = memory_windows_issue(windows, 1, 2, 1);
        assert_non_null(window);
        assert_int_equal(window->first_page, i);
        assert_int_equal(window->number, FERRY_BATCHES_MAX + i + 1);
    }
    assert_null(memory_windows_issue(windows, 1, 2, 1));
    free(full);
}

static void placed_before_sent_is_acknowledged_at_once_and_freed_when_sent(void **unused)
{
    (void)unused;
    struct full *full = full_create(10);
    struct memory_windows *windows = &full->windows;
    assert_non_null(memory_windows_issue(windows, 10, 1, 0));

    assert_int_equal(memory_windows_acknowledge(windows, 1, 0, 1), 10);
    assert_int_equal(memory_windows_acknowledge(windows, 1, 0, 1), 0);
    assert_false(memory_windows_all_sent(windows));
    assert_false(memory_windows_all_acknowledged(windows));

    struct memory_window window;
    assert_true(memory_windows_sent(windows, 1, 40960, 0, &window));
    assert_int_equal(window.state, MEMORY_WINDOW_PLACED);
    assert_true(memory_windows_all_sent(windows));
    assert_true(memory_windows_all_acknowledged(windows));
    assert_false(memory_windows_sent(windows, 1, 40960, 0, &window));
    free(full);
}

static void placed_window_is_not_sent_again_after_a_loss(void **unused)
{
    (void)unused;
    struct full *full = full_create(10);
    struct memory_windows *windows = &full->windows;
    assert_non_null(memory_windows_issue(windows, 5, 1, 0));
    assert_non_null(memory_windows_issue(windows, 5, 1, 0));
    assert_int_equal(memory_windows_acknowledge(windows, 1, 0, 1), 5);

    const struct memory_requeued requeued = memory_windows_requeue(windows);

    assert_int_equal(requeued.windows, 1);
    assert_int_equal(requeued.bytes, 0);
    const struct memory_window *window = memory_windows_issue(windows, 5, 2, 0);
    assert_non_null(window);
    assert_int_equal(window->first_page, 5);
    free(full);
}

static void other_attach_or_stream_acknowledges_nothing(void **unused)
{
    (void)unused;
    struct full *full = full_create(4);
    struct memory_windows *windows = &full->windows;
    assert_non_null(memory_windows_issue(windows, 4, 7, 1));

    assert_int_equal(memory_windows_acknowledge(windows, 6, 1, 1), 0);
    assert_int_equal(memory_windows_acknowledge(windows, 7, 0, 1), 0);
    assert_int_equal(memory_windows_acknowledge(windows, 7, 1, 0), 0);
    assert_int_equal(memory_windows_acknowledge(windows, 7, 1, 1), 4);
    free(full);
}

static void void_round_gives_up_what_is_ahead_and_waits_for_what_is_live(void **unused)
{
    (void)unused;
    struct full *full = full_create(10);
    struct memory_windows *windows = &full->windows;
    assert_non_null(memory_windows_issue(windows, 2, 1, 0));

    memory_windows_void(windows);

    assert_true(memory_windows_all_issued(windows));
    assert_false(memory_windows_all_acknowledged(windows));
    assert_null(memory_windows_issue(windows, 2, 1, 0));
    expect_engine_assert(memory_windows_begin(windows, full->bitmap, 10));
    struct memory_window window;
    assert_true(memory_windows_sent(windows, 1, 8192, 0, &window));
    assert_int_equal(memory_windows_acknowledge(windows, 1, 0, 1), 2);
    assert_true(memory_windows_all_acknowledged(windows));
    memory_windows_begin(windows, full->bitmap, 10);
    free(full);
}

static void device_state_goes_out_again_as_device_state(void **unused)
{
    (void)unused;
    struct full *full = full_create(0);
    struct memory_windows *windows = &full->windows;
    assert_true(memory_windows_issue_state(windows, 0, 4096, 1, 0)->device_state);
    assert_int_equal(memory_windows_requeue(windows).windows, 1);

    const struct memory_window *window = memory_windows_issue(windows, 1, 2, 0);

    assert_non_null(window);
    assert_true(window->device_state);
    assert_int_equal(window->pages, 0);
    free(full);
}

static void probe_is_waited_for_counts_no_pages_and_is_not_sent_again(void **unused)
{
    (void)unused;
    struct full *full = full_create(0);
    struct memory_windows *windows = &full->windows;
    struct memory_window sent;
    const uint64_t first = memory_windows_issue_probe(windows, 3, 7, 1, 0)->number;
    assert_false(memory_windows_all_acknowledged(windows));
    assert_true(memory_windows_sent(windows, first, 500, 1, &sent));
    assert_true(sent.probe && sent.first_page == 3 && sent.end_page == 7);
    assert_int_equal(memory_windows_acknowledge(windows, 1, 0, first), 0);
    assert_true(memory_windows_all_acknowledged(windows));

    (void)memory_windows_issue_probe(windows, 3, 7, 1, 0);
    assert_int_equal(memory_windows_requeue(windows).windows, 0);

    assert_true(memory_windows_all_acknowledged(windows));
    assert_null(memory_windows_issue(windows, 1, 2, 0));
    free(full);
}

static void wrong_count_of_set_pages_is_asserted(void **unused)
{
    (void)unused;
    struct full *full = full_create(4);
    full->windows.left = 5; /* the world said five, the bitmap has four */
    assert_non_null(memory_windows_issue(&full->windows, 4, 1, 0));
    expect_engine_assert((void)memory_windows_issue(&full->windows, 4, 1, 0));
    free(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_is_sent_until_acknowledged_whatever_is_lost),
        cmocka_unit_test(full_table_issues_nothing_until_its_oldest_is_acknowledged),
        cmocka_unit_test(full_table_goes_out_again_whole),
        cmocka_unit_test(placed_before_sent_is_acknowledged_at_once_and_freed_when_sent),
        cmocka_unit_test(placed_window_is_not_sent_again_after_a_loss),
        cmocka_unit_test(other_attach_or_stream_acknowledges_nothing),
        cmocka_unit_test(void_round_gives_up_what_is_ahead_and_waits_for_what_is_live),
        cmocka_unit_test(device_state_goes_out_again_as_device_state),
        cmocka_unit_test(probe_is_waited_for_counts_no_pages_and_is_not_sent_again),
        cmocka_unit_test(wrong_count_of_set_pages_is_asserted),
    };
    return cmocka_run_group_tests_name("windows", tests, NULL, NULL);
}
