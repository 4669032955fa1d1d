/* SPDX-License-Identifier: Apache-2.0 */
/* watch_test.c -- each claim of fuzz/rig/watch.c fires: what a broken engine would say or do is shown to it here, step by
 * step, and it has to refute it; and it has nothing to say about an honest migration. */
#include "fuzz/claim.h"
#include "fuzz/pair.h"
#include "fuzz/reach.h"
#include "fuzz/rig/rig.h"

#include <stdlib.h>
#include <string.h>

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
/* clang-format on */

FILE *fuzz_transcript;

static jmp_buf refuted;
static const char *sentence;

/* In place of claim.c's. */
_Noreturn void fuzz_refute(const char *what, const char *file, int line)
{
    (void)file;
    (void)line;
    sentence = what;
    longjmp(refuted, 1);
}

/* NOLINTBEGIN(readability-identifier-naming): small letters, as cmocka's own asserts have */
#define assert_refuted(expected, statement)      \
    do {                                         \
        sentence = "nothing was refuted";        \
        if (setjmp(refuted) == 0) {              \
            statement;                           \
        }                                        \
        assert_string_equal(sentence, expected); \
    } while (0)
/* NOLINTEND(readability-identifier-naming) */

/* A rig in the middle of a migration; what is done to it is not honest, and it is given up without its own farewell. */
static struct rig *start(void)
{
    const struct rig_options options = {
        .pages = 16,
        .streams = 1,
        .paths = 1,
        .mode = FERRY_MODE_PRECOPY,
        .on_no_convergence = FERRY_GIVE_UP,
        .blackout_limit = FERRY_SECOND,
    };
    struct rig *rig = rig_create(&options);
    for (uint32_t i = 0; i < 8; i++) {
        assert_true(rig_step(rig));
    }
    return rig;
}

static void record(struct rig *rig, enum rig_side side, enum ferry_record_kind kind)
{
    rig->hosts[side].records[kind].size = 1;
}

static void does(struct rig *rig, enum rig_side side, struct ferry_action action)
{
    rig_watch_action(rig, side, &action);
}

static struct ferry_bytes message(enum wire_type type, uint32_t attempt, uint64_t epoch)
{
    static uint8_t frame[256];
    struct wire_message said = {.type = type};
    size_t size = 0;
    if (type == WIRE_STARTED) {
        said.body.started = (struct wire_started){.attempt = attempt, .epoch = epoch, .alive = 1};
    } else if (type == WIRE_READY) {
        said.body.ready = (struct wire_ready){.attempt = attempt, .epoch = epoch};
    } else {
        said.body.attempt = (struct wire_attempt){.attempt = attempt, .epoch = epoch};
    }
    assert_int_equal(wire_message_encode(&said, frame, sizeof(frame), &size), FERRY_OK);
    return (struct ferry_bytes){.data = frame, .size = size};
}

static void says(struct rig *rig, enum rig_side side, struct ferry_bytes bytes)
{
    does(rig, side, (struct ferry_action){.kind = FERRY_ACTION_SEND_CONTROL, .bytes = bytes});
}

static void two_runners_are_refuted(void **unused)
{
    (void)unused;
    struct rig *rig = start();
    rig->hosts[RIG_TARGET].runs = true;
    assert_refuted("two hosts run the guest", rig_watch_step(rig));
    rig->hosts[RIG_TARGET].runs = false;
    rig_destroy(rig);
}

static void page_that_differs_is_refuted(void **unused)
{
    (void)unused;
    struct rig *rig = start();
    const struct ferry_action resume = {.kind = FERRY_ACTION_RESUME};
    assert_refuted("a target runs a guest without owning it", does(rig, RIG_TARGET, resume));
    record(rig, RIG_TARGET, FERRY_RECORD_OWNER);
    memcpy(
        rig->hosts[RIG_TARGET].tags,
        rig->hosts[RIG_SOURCE].tags,
        sizeof(rig->hosts[RIG_SOURCE].tags));
    does(rig, RIG_TARGET, resume);
    rig->hosts[RIG_TARGET].tags[3]++;
    assert_refuted(
        "a page differs when the target resumes the guest", does(rig, RIG_TARGET, resume));
    rig->hosts[RIG_TARGET].tags[3]--;
    rig->hosts[RIG_TARGET].device_state++;
    assert_refuted(
        "the device state differs when the target resumes the guest",
        does(rig, RIG_TARGET, resume));
    rig_destroy(rig);
}

static void grant_before_it_is_durable_is_refuted(void **unused)
{
    (void)unused;
    struct rig *rig = start();
    assert_refuted(
        "GRANT is sent before it is durable", says(rig, RIG_SOURCE, message(WIRE_GRANT, 1, 1)));
    record(rig, RIG_SOURCE, FERRY_RECORD_GRANTED);
    says(rig, RIG_SOURCE, message(WIRE_GRANT, 1, 1));
    rig_destroy(rig);
}

static void source_that_runs_after_a_grant_without_proof_is_refuted(void **unused)
{
    (void)unused;
    struct rig *rig = start();
    const struct ferry_action resume = {.kind = FERRY_ACTION_RESUME};
    does(rig, RIG_SOURCE, resume);
    does(
        rig,
        RIG_SOURCE,
        (struct ferry_action){.kind = FERRY_ACTION_PERSIST, .record_kind = FERRY_RECORD_GRANTED});
    assert_refuted(
        "the source runs the guest after a grant, without proof", does(rig, RIG_SOURCE, resume));
    rig_watch_delivery(rig, RIG_SOURCE, 9, message(WIRE_ABORTED, 1, 2)); /* of another epoch */
    assert_refuted(
        "the source runs the guest after a grant, without proof", does(rig, RIG_SOURCE, resume));
    rig_watch_delivery(rig, RIG_SOURCE, 10, message(WIRE_ABORTED, 1, 1));
    does(rig, RIG_SOURCE, resume);
    rig_destroy(rig);
}

static void target_that_takes_what_was_not_granted_is_refuted(void **unused)
{
    (void)unused;
    struct rig *rig = start();
    const struct ferry_action own = {
        .kind = FERRY_ACTION_PERSIST, .record_kind = FERRY_RECORD_OWNER};
    assert_refuted("a target takes what was not granted", does(rig, RIG_TARGET, own));
    says(rig, RIG_TARGET, message(WIRE_READY, 2, 1));
    rig_watch_delivery(rig, RIG_TARGET, 9, message(WIRE_GRANT, 1, 1)); /* of another attempt */
    assert_refuted("a target takes what was not granted", does(rig, RIG_TARGET, own));
    rig_watch_delivery(rig, RIG_TARGET, 9, message(WIRE_GRANT, 2, 1));
    does(rig, RIG_TARGET, own);
    record(rig, RIG_TARGET, FERRY_RECORD_BURNED);
    assert_refuted("a target takes what it has burned", does(rig, RIG_TARGET, own));
    rig_destroy(rig);
}

static void words_without_their_records_are_refuted(void **unused)
{
    (void)unused;
    struct rig *rig = start();
    assert_refuted(
        "ABORTED is said before it is durable", says(rig, RIG_TARGET, message(WIRE_ABORTED, 1, 1)));
    assert_refuted(
        "STARTED is said by no owner", says(rig, RIG_TARGET, message(WIRE_STARTED, 1, 2)));
    rig_destroy(rig);
}

static void freed_copy_is_refuted(void **unused)
{
    (void)unused;
    struct rig *rig = start();
    const struct ferry_action release = {.kind = FERRY_ACTION_FREE_GUEST};
    assert_refuted("a guest that runs is destroyed", does(rig, RIG_SOURCE, release));
    rig->hosts[RIG_SOURCE].runs = false;
    assert_refuted("the source frees its copy before STARTED", does(rig, RIG_SOURCE, release));
    rig_watch_delivery(rig, RIG_SOURCE, 9, message(WIRE_STARTED, 1, 2));
    does(rig, RIG_SOURCE, release);
    rig_destroy(rig);
}

static void outcomes_that_say_nothing_are_refuted(void **unused)
{
    (void)unused;
    struct rig *rig = start();
    struct ferry_outcome outcome = {.kind = FERRY_OUTCOME_COMPLETED, .reason = "it moved"};
    const struct ferry_action finished = {.kind = FERRY_ACTION_FINISHED, .outcome = &outcome};
    assert_refuted("completed, though nobody said STARTED", does(rig, RIG_SOURCE, finished));
    outcome.kind = FERRY_OUTCOME_FAILED;
    assert_refuted("an outcome without a cause", does(rig, RIG_SOURCE, finished));
    outcome.status = FERRY_WORLD_LINK;
    outcome.reason[0] = '\0';
    assert_refuted("an outcome without a reason", does(rig, RIG_SOURCE, finished));
    outcome.reason[0] = 'x';
    does(rig, RIG_SOURCE, finished);
    assert_refuted("a second outcome", does(rig, RIG_SOURCE, finished));
    rig_destroy(rig);
}

static void number_that_was_there_before_is_refuted(void **unused)
{
    (void)unused;
    struct rig *rig = start();
    const struct ferry_action old = {.kind = FERRY_ACTION_PROBE, .id = 1};
    assert_refuted("an action's number was there before", does(rig, RIG_SOURCE, old));
    rig_destroy(rig);
}

static void migration_that_does_not_end_is_refuted(void **unused)
{
    (void)unused;
    struct rig *rig = start();
    assert_refuted("a source that does not end", rig_watch_end(rig));
    while (rig_step(rig)) {
    }
    rig_watch_end(rig);
    rig->hosts[RIG_TARGET].runs = false;
    assert_refuted("nobody runs the guest, though no host killed it", rig_watch_end(rig));
    rig_destroy(rig);
}

static void more_memory_than_tables_need_is_refuted(void **unused)
{
    (void)unused;
    struct rig *rig = start();
    rig->hosts[RIG_TARGET].allocated++;
    assert_refuted("an engine leaves memory behind", rig_destroy(rig));
    free(rig); /* the claim came before; all that it held is gone already */
}

/* What libFuzzer is told of two runs that went another way is not the same. */
static void runs_that_differ_reach_other_tuples(void **unused)
{
    (void)unused;
    const uint8_t honest[PAIR_PREAMBLE] = {16, 4, 0, 0, 0, 0};
    uint8_t cancelled[64];
    memcpy(cancelled, honest, sizeof(honest));
    const struct pair_record cancel = {.fault = PAIR_CANCEL, .steps = 10};
    const size_t size = pair_append(cancelled, sizeof(honest), sizeof(cancelled), &cancel);
    reach_clear();
    pair_run(honest, sizeof(honest), NULL, NULL, NULL);
    const size_t first = reach_count();
    assert_true(first > 10);
    pair_run(cancelled, size, NULL, NULL, NULL);
    assert_true(reach_count() > first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_runners_are_refuted),
        cmocka_unit_test(page_that_differs_is_refuted),
        cmocka_unit_test(grant_before_it_is_durable_is_refuted),
        cmocka_unit_test(source_that_runs_after_a_grant_without_proof_is_refuted),
        cmocka_unit_test(target_that_takes_what_was_not_granted_is_refuted),
        cmocka_unit_test(words_without_their_records_are_refuted),
        cmocka_unit_test(freed_copy_is_refuted),
        cmocka_unit_test(outcomes_that_say_nothing_are_refuted),
        cmocka_unit_test(number_that_was_there_before_is_refuted),
        cmocka_unit_test(migration_that_does_not_end_is_refuted),
        cmocka_unit_test(more_memory_than_tables_need_is_refuted),
        cmocka_unit_test(runs_that_differ_reach_other_tuples),
    };
    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
