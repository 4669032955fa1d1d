/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lost_page_test.c -- movers that lose, mix up or forget pages, in whole runs: the comparison at the resume (I3) finds
 * each of them, down to a single page.
 *
 * The linker puts the two functions below in the place of the model's own (-Wl,--wrap), so that nothing in ferry knows
 * of it. Each is the honest one until `breakage` says otherwise, and then it does one thing wrong once. What a checksum
 * on the way would find as well is done behind it: the engine believes that all is well.
 */
#include "lab.h"
#include "model/guest.h"
#include "model/payload.h"

#include <string.h>

/* The names are the linker's. */
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
uint64_t __real_model_guest_collect(struct model_guest *guest, int64_t now, uint64_t *bitmap_out);
uint64_t __wrap_model_guest_collect(struct model_guest *guest, int64_t now, uint64_t *bitmap_out);
bool __real_model_payload_place(
    struct model_payload *payload, struct model_memory *memory, uint64_t first, uint64_t count);
bool __wrap_model_payload_place(
    struct model_payload *payload, struct model_memory *memory, uint64_t first, uint64_t count);

enum breakage {
    HONEST = 0,
    COLLECTION_FORGETS_A_PAGE, /* the log had it, the round has not */
    PAGES_PLACED_ONE_TOO_HIGH,
    LAST_PAGE_NOT_PLACED,
};

static struct {
    enum breakage breakage;
    unsigned skip; /* so many calls go well before */
} plan;

/* Whether this call is the one that goes wrong; only once a run. */
static bool goes_wrong(enum breakage breakage)
{
    if (plan.breakage != breakage) {
        return false;
    }
    if (plan.skip > 0) {
        plan.skip--;
        return false;
    }
    plan.breakage = HONEST;
    return true;
}

uint64_t __wrap_model_guest_collect(struct model_guest *guest, int64_t now, uint64_t *bitmap_out)
{
    uint64_t pages = __real_model_guest_collect(guest, now, bitmap_out);

    if (pages > 0 && goes_wrong(COLLECTION_FORGETS_A_PAGE)) {
        uint64_t *word = bitmap_out + model_memory_word_count(model_guest_memory(guest)) - 1;
        while (*word == 0) {
            word--;
        }
        *word &= ~(UINT64_C(1) << (63 - __builtin_clzll(*word)));
        pages--;
    }
    return pages;
}

bool __wrap_model_payload_place(
    struct model_payload *payload, struct model_memory *memory, uint64_t first, uint64_t count)
{
    if (goes_wrong(PAGES_PLACED_ONE_TOO_HIGH)) {
        return __real_model_payload_place(payload, memory, first + 1, count);
    }
    if (goes_wrong(LAST_PAGE_NOT_PLACED)) {
        const bool placed =
            count == 1 || __real_model_payload_place(payload, memory, first, count - 1);
        model_payload_drop(payload, 1);
        return placed;
    }
    return __real_model_payload_place(payload, memory, first, count);
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)

/* Most of the guest is written only before the move or during its first rounds, so that nothing sends again what was
 * lost. */
#define WORLD                                                                   \
    "version: 1\n"                                                              \
    "hosts: {h1: {memory: 1 GiB}, h2: {memory: 1 GiB}}\n"                       \
    "networks: {lan: {hosts: [h1, h2], bandwidth: 1 Gbit/s, latency: 50 us}}\n" \
    "guests: {g: {host: h1, memory: 64 MiB, nonzero: 50 %%, content: %s, "      \
    "workload: {kind: sweep, size: 64 MiB, rate: 8 MB/s}}}\n"                   \
    "steps: [{at: 1 s, move: g, to: h2, blackout_limit: %s}]\n"

static const char *const contents[] = {"tags", "bytes"};

static const struct lab_run *
run_broken(enum breakage breakage, unsigned skip, const char *content, const char *move)
{
    const struct lab_options options = {.network = SIM_NETWORK_SIMGRID, .may_fail = true};

    plan.breakage = breakage;
    plan.skip = skip;
    const struct lab_run *run = lab_run(&options, WORLD, content, move);
    plan.breakage = HONEST;
    return run;
}

static void assert_i3(const struct lab_run *run)
{
    assert_int_equal(run->verdict, SIM_VERDICT_FAIL);
    if (strncmp(run->failure, "I3: ", 4) != 0) {
        fail_msg("not I3 but %s", run->failure);
    }
}

static void honest_mover_passes(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(contents); i++) {
        const struct lab_run *run = run_broken(HONEST, 0, contents[i], "100 ms");
        assert_int_equal(run->verdict, SIM_VERDICT_PASS);
        assert_int_equal(run->migrations[0].outcome, FERRY_OUTCOME_COMPLETED);
        assert_true(run->migrations[0].round_count >= 2);
    }
}

static void page_missing_in_a_collection_is_found(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(contents); i++) {
        assert_i3(run_broken(COLLECTION_FORGETS_A_PAGE, 0, contents[i], "100 ms"));
    }
}

static void pages_in_the_wrong_place_are_found(void **unused)
{
    (void)unused;
    assert_i3(run_broken(PAGES_PLACED_ONE_TOO_HIGH, 3, "tags", "100 ms"));
}

static void single_page_that_was_not_placed_is_found(void **unused)
{
    (void)unused;
    assert_i3(run_broken(LAST_PAGE_NOT_PLACED, 3, "tags", "100 ms"));
    assert_i3(run_broken(LAST_PAGE_NOT_PLACED, 0, "tags", "none, mode: stop-and-copy"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_mover_passes),
        cmocka_unit_test(page_missing_in_a_collection_is_found),
        cmocka_unit_test(pages_in_the_wrong_place_are_found),
        cmocka_unit_test(single_page_that_was_not_placed_is_found),
    };
    return cmocka_run_group_tests_name("lost pages", tests, lab_prepare, NULL);
}
