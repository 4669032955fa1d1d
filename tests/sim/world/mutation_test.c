/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mutation_test.c -- the world would notice: parts of the model are made to lie once, and the checkers must say so.
 *
 * The linker sends the calls of the world through the functions here (-Wl,--wrap), which do what the model does until
 * the one call that a test spoils.
 */
#include "model/guest.h"
#include "model/memory.h"
#include "model/payload.h"
#include "play.h"
#include "sim/world/journal.h"
#include "sim/world/side.h"

static int spoil_place; /* which call; 0: none */
static int spoil_collect;
static int spoil_append;
static int spoil_forget;

/* NOLINTBEGIN(readability-identifier-naming): the linker wants these names. */
bool __real_model_payload_place(
    struct model_payload *payload, struct model_memory *memory, uint64_t first, uint64_t count);
bool __wrap_model_payload_place(
    struct model_payload *payload, struct model_memory *memory, uint64_t first, uint64_t count);
uint64_t __real_model_guest_collect(struct model_guest *guest, int64_t now, uint64_t *bitmap_out);
uint64_t __wrap_model_guest_collect(struct model_guest *guest, int64_t now, uint64_t *bitmap_out);
bool __real_model_payload_append(
    struct model_payload *payload,
    const struct model_memory *memory,
    uint64_t first,
    uint64_t count);
bool __wrap_model_payload_append(
    struct model_payload *payload,
    const struct model_memory *memory,
    uint64_t first,
    uint64_t count);
void __real_journal_forget(struct side *side, const struct ferry_action *action);
void __wrap_journal_forget(struct side *side, const struct ferry_action *action);
/* NOLINTEND(readability-identifier-naming) */

static bool now_is(int *calls)
{
    if (*calls == 0) {
        return false;
    }
    (*calls)--;
    return *calls == 0;
}

/* The source's journal says that it has forgotten a session, and keeps it. */
void __wrap_journal_forget(struct side *side, const struct ferry_action *action)
{
    if (!side->target && now_is(&spoil_forget)) {
        side_done(side, action->id, FERRY_OK);
        return;
    }
    __real_journal_forget(side, action);
}

/* A page lands where it does not belong, and leaves its own place as it was. */
bool __wrap_model_payload_place(
    struct model_payload *payload, struct model_memory *memory, uint64_t first, uint64_t count)
{
    if (now_is(&spoil_place) && first > 0) {
        return __real_model_payload_place(payload, memory, first - 1, count);
    }
    return __real_model_payload_place(payload, memory, first, count);
}

/* The log forgets the last page that was written: it had been read by then. (The first one was written before the stream came
 * to it, and travelled with its new content: forgetting that one does no harm.) */
uint64_t __wrap_model_guest_collect(struct model_guest *guest, int64_t now, uint64_t *bitmap_out)
{
    uint64_t dirty = __real_model_guest_collect(guest, now, bitmap_out);
    const uint64_t words = model_memory_word_count(model_guest_memory(guest));

    if (dirty > 0 && now_is(&spoil_collect)) {
        for (uint64_t word = words; word > 0; word--) {
            if (bitmap_out[word - 1] != 0) {
                bitmap_out[word - 1] &=
                    ~(UINT64_C(1) << (63 - __builtin_clzll(bitmap_out[word - 1])));
                return dirty - 1;
            }
        }
    }
    return dirty;
}

/* The page next door is read instead. */
bool __wrap_model_payload_append(
    struct model_payload *payload,
    const struct model_memory *memory,
    uint64_t first,
    uint64_t count)
{
    if (now_is(&spoil_append) && first > 0) {
        return __real_model_payload_append(payload, memory, first - 1, count);
    }
    return __real_model_payload_append(payload, memory, first, count);
}

static void expect_i3(const char *what, const char *guest)
{
    struct play run = play(&(struct play_options){
        .workload = "{kind: sweep, size: 16 MiB, rate: 20 MiB/s}", .guest = guest});

    print_message("%s\n", what);
    assert_int_equal(spoil_place + spoil_collect + spoil_append, 0); /* it has come to that */
    assert_true(play_failed(&run, "I3"));
    play_end(&run);
}

static void unspoiled_nothing_is_found(void **unused)
{
    (void)unused;
    struct play run =
        play(&(struct play_options){.workload = "{kind: sweep, size: 16 MiB, rate: 20 MiB/s}"});

    play_expect_pass(&run);
    play_end(&run);
}

static void a_page_in_the_wrong_place_is_found(void **unused)
{
    (void)unused;
    spoil_place = 9;
    expect_i3("placed wrong, tags", NULL);
}

static void a_page_which_the_log_forgot_is_found(void **unused)
{
    (void)unused;
    spoil_collect = 1;
    expect_i3("forgotten by the log, tags", NULL);
    spoil_collect = 1;
    expect_i3("forgotten by the log, bytes", "content: bytes");
}

static void another_page_than_the_one_meant_is_found(void **unused)
{
    (void)unused;
    spoil_append = 9;
    expect_i3("read wrong, tags", NULL);
}

/* What hindered somebody else, long before, is no reason to keep a record. */
static void a_record_that_is_left_is_found_although_there_was_an_outage_before(void **unused)
{
    (void)unused;
    static const char text[] = "version: 1\n"
                               "hosts: {h1: {memory: 1 GiB}, h2: {memory: 1 GiB}}\n"
                               "networks: {n: {hosts: [h1, h2], bandwidth: 10 Gbit/s}}\n"
                               "guests: {g: {host: h1, memory: 1 MiB}}\n"
                               "steps: [{at: 10 s, move: g, to: h2}]\n"
                               "faults: [{at: 1 s, network: n, down_for: 1 s}]\n";
    spoil_forget = 1;

    struct play run = play_text(text, 1, false);

    assert_int_equal(spoil_forget, 0);
    assert_true(play_failed(&run, "I8"));
    play_end(&run);
}

/* A host whose journal takes nothing until its daemon starts again excuses what it has to do with, and nobody else. */
static void a_record_that_is_left_is_found_although_another_hosts_journal_broke(void **unused)
{
    (void)unused;
    static const char text[] =
        "version: 1\n"
        "hosts: {h1: {memory: 1 GiB}, h2: {memory: 1 GiB}, h3: {memory: 1 GiB}, h4: {memory: 1 "
        "GiB}}\n"
        "networks: {n: {hosts: [h1, h2, h3, h4], bandwidth: 10 Gbit/s}}\n"
        "guests: {g1: {host: h1, memory: 1 MiB}, g2: {host: h3, memory: 1 MiB}}\n"
        "steps: [{at: 1 s, move: g1, to: h2}, {at: 30 s, move: g2, to: h4}]\n"
        "faults: [{when: {move: g2, phase: granting}, host: h3, journal_fail_for: 1 s}]\n";
    struct play sound = play_text(text, 1, false);
    spoil_forget = 1;
    struct play spoiled = play_text(text, 1, false);

    assert_int_equal(spoil_forget, 0);
    play_expect_pass(&sound);
    assert_non_null(play_line(&sound, NULL, "JOURNAL_FAILED", NULL));
    assert_true(play_failed(&spoiled, "I8"));
    play_end(&sound);
    play_end(&spoiled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unspoiled_nothing_is_found),
        cmocka_unit_test(a_page_in_the_wrong_place_is_found),
        cmocka_unit_test(a_page_which_the_log_forgot_is_found),
        cmocka_unit_test(another_page_than_the_one_meant_is_found),
        cmocka_unit_test(a_record_that_is_left_is_found_although_there_was_an_outage_before),
        cmocka_unit_test(a_record_that_is_left_is_found_although_another_hosts_journal_broke),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
