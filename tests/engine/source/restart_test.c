/* SPDX-License-Identifier: Apache-2.0 */
/* restart_test.c -- both sides from their journals: what each set of records leads to, records that
 * are damaged or another side's, and which connections of which life count.
 *
 * Who runs the guest after a restart in mid-migration: conversation/truth_table_test. */
#include "handover/record.h"
#include "support/harness.h"
#include "support/pair.h"

struct journal {
    uint8_t bytes[6][FERRY_RECORD_MAX];
    struct ferry_record records[6];
    size_t count;
};

static void write_down(
    struct journal *journal, enum ferry_record_kind kind, enum handover_role role, bool moved)
{
    const struct handover_record_body body = {
        .role = (uint8_t)role,
        .moved = moved ? 1 : 0,
        .attempt = 2,
        .guest_id = 7,
        .epoch = 3,
        .own_journal_id = 100,
        .peer_journal_id = 101,
    };
    uint8_t *bytes = journal->bytes[journal->count];
    journal->records[journal->count++] = (struct ferry_record){
        .kind = kind,
        .bytes = {.data = bytes, .size = handover_record_encode(kind, &body, bytes)},
    };
}

static struct ferry_source_config source_config(struct harness_memory *memory)
{
    static const struct ferry_region region = {.pages = 10};
    static const struct ferry_path path = {1};
    struct ferry_source_config config = ferry_source_config_default();
    config.allocator = harness_allocator(memory);
    config.session = (struct ferry_session_id){1, 2};
    config.guest_id = 7;
    config.journal_id = 100;
    config.incarnation = 1;
    config.guest_name = (struct ferry_bytes){.data = (const uint8_t *)"a", .size = 1};
    config.region_count = 1;
    config.regions = &region;
    config.path_count = 1;
    config.paths = &path;
    return config;
}

static enum ferry_status restart_source(
    struct harness_memory *memory,
    const struct journal *journal,
    enum ferry_guest_found guest,
    struct ferry_source **source_out)
{
    const struct ferry_source_config config = source_config(memory);
    return ferry_source_restart(&config, journal->records, journal->count, guest, 1, source_out);
}

/* The id of the first action of this kind, 0: none. */
static uint64_t id_of(struct ferry_source *source, enum ferry_action_kind kind)
{
    struct ferry_action action;
    uint64_t id = 0;
    while (ferry_source_next_action(source, &action)) {
        id = id == 0 && action.kind == kind ? action.id : id;
    }
    return id;
}

static bool asks_for(struct ferry_source *source, enum ferry_action_kind kind)
{
    struct ferry_action action;
    bool found = false;
    while (ferry_source_next_action(source, &action)) {
        found = found || action.kind == kind;
    }
    return found;
}

static void sources_records_say_who_runs_the_guest(void **unused)
{
    (void)unused;
    static const struct {
        bool granted;
        bool claimed;
        bool ended;
        bool moved;
        enum ferry_guest_found guest;
        enum ferry_source_state state;
        bool runs;
    } rows[] = {
        {false,
         false,        false,
         false,                      FERRY_GUEST_PAUSED,
         FERRY_SOURCE_RESUMING,                                                  true }, /* nothing was granted */
        {false, false, false, false, FERRY_GUEST_GONE,    FERRY_SOURCE_CLOSING,  false},
        {true,  false, false, false, FERRY_GUEST_PAUSED,  FERRY_SOURCE_GRANTED,  false}, /* asks */
        {true,
         false,        false,
         false,                      FERRY_GUEST_RUNNING,
         FERRY_SOURCE_RESUMING,                                                  true }, /* ABORTED had come */
        {true,  false, false, false, FERRY_GUEST_GONE,    FERRY_SOURCE_GRANTED,  false},
        {true,  true,  false, false, FERRY_GUEST_PAUSED,  FERRY_SOURCE_RESUMING, true },
        {true,  true,  false, false, FERRY_GUEST_GONE,    FERRY_SOURCE_CLOSING,  false},
        {true,
         false,        true,
         false,                      FERRY_GUEST_PAUSED,
         FERRY_SOURCE_RESUMING,                                                  true }, /* it came back, on proof */
        {true,
         false,        true,
         true,                       FERRY_GUEST_PAUSED,
         FERRY_SOURCE_CLOSING,                                                   false}, /* the old copy is freed */
        {true,  false, true,  true,  FERRY_GUEST_GONE,    FERRY_SOURCE_CLOSING,  false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct harness_memory memory = {0};
        struct journal journal = {0};
        write_down(&journal, FERRY_RECORD_SESSION, HANDOVER_ROLE_SOURCE, false);
        if (rows[i].granted) {
            write_down(&journal, FERRY_RECORD_GRANTED, HANDOVER_ROLE_SOURCE, false);
        }
        if (rows[i].claimed) {
            write_down(&journal, FERRY_RECORD_CLAIMED, HANDOVER_ROLE_SOURCE, false);
        }
        if (rows[i].ended) {
            write_down(&journal, FERRY_RECORD_ENDED, HANDOVER_ROLE_SOURCE, rows[i].moved);
        }
        struct ferry_source *source = NULL;

        assert_status(restart_source(&memory, &journal, rows[i].guest, &source), FERRY_OK);

        if (ferry_source_state(source) != rows[i].state) {
            fail_msg("row %zu: %s", i, ferry_source_state_name(ferry_source_state(source)));
        }
        assert_true(asks_for(source, FERRY_ACTION_RESUME) == rows[i].runs);
        ferry_source_destroy(source);
        harness_assert_all_released(&memory);
    }
}

static void moved_copy_that_survived_is_freed_after_a_restart(void **unused)
{
    (void)unused;
    struct harness_memory memory = {0};
    struct journal journal = {0};
    write_down(&journal, FERRY_RECORD_SESSION, HANDOVER_ROLE_SOURCE, false);
    write_down(&journal, FERRY_RECORD_ENDED, HANDOVER_ROLE_SOURCE, true);
    struct ferry_source *source = NULL;
    assert_status(restart_source(&memory, &journal, FERRY_GUEST_PAUSED, &source), FERRY_OK);
    assert_true(asks_for(source, FERRY_ACTION_FREE_GUEST));
    ferry_source_destroy(source);
}

static void targets_records_say_who_runs_the_guest(void **unused)
{
    (void)unused;
    static const struct {
        bool owner;
        bool burned;
        bool alive;
        enum ferry_target_state state;
        enum ferry_action_kind asks;
    } rows[] = {
        {false,
         false,        true,
         FERRY_TARGET_BURNING,                       FERRY_ACTION_PERSIST   }, /* its memory is not trusted */
        {false, false, false, FERRY_TARGET_BURNING,  FERRY_ACTION_PERSIST   },
        {false, true,  true,  FERRY_TARGET_BURNED,   FERRY_ACTION_FREE_GUEST},
        {true,  false, true,  FERRY_TARGET_STARTING, FERRY_ACTION_RESUME    },
        {true,  true,  true,  FERRY_TARGET_STARTING, FERRY_ACTION_RESUME    }, /* OWNER wins */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct harness_memory memory = {0};
        struct journal journal = {0};
        write_down(&journal, FERRY_RECORD_SESSION, HANDOVER_ROLE_TARGET, false);
        if (rows[i].burned) {
            write_down(&journal, FERRY_RECORD_BURNED, HANDOVER_ROLE_TARGET, false);
        }
        if (rows[i].owner) {
            write_down(&journal, FERRY_RECORD_OWNER, HANDOVER_ROLE_TARGET, false);
        }
        struct ferry_target_config config = ferry_target_config_default();
        config.allocator = harness_allocator(&memory);
        config.session = (struct ferry_session_id){1, 2};
        config.journal_id = 101;
        struct ferry_target *target = NULL;

        assert_status(
            ferry_target_restart(
                &config, journal.records, journal.count, rows[i].alive, 1, &target),
            FERRY_OK);

        assert_int_equal(ferry_target_state(target), rows[i].state);
        assert_int_equal(ferry_target_guest_id(target), 7);
        assert_int_equal(ferry_target_epoch(target), 3);
        struct ferry_action action;
        assert_true(ferry_target_next_action(target, &action));
        assert_int_equal(action.kind, rows[i].asks);
        ferry_target_destroy(target);
        harness_assert_all_released(&memory);
    }
}

static void damaged_or_foreign_records_start_nothing(void **unused)
{
    (void)unused;
    struct harness_memory memory = {0};
    struct ferry_source *source = NULL;
    struct ferry_target *target = NULL;
    struct ferry_target_config config = ferry_target_config_default();
    config.allocator = harness_allocator(&memory);
    config.session = (struct ferry_session_id){1, 2};
    config.journal_id = 101;

    struct journal journal = {0};
    write_down(&journal, FERRY_RECORD_SESSION, HANDOVER_ROLE_TARGET, false);
    assert_status(restart_source(&memory, &journal, FERRY_GUEST_PAUSED, &source), FERRY_PEER_VALUE);
    for (size_t byte = 0; byte < journal.records[0].bytes.size; byte++) {
        journal.bytes[0][byte] ^= 1;
        assert_status(
            ferry_target_restart(&config, journal.records, 1, true, 1, &target),
            FERRY_PEER_CHECKSUM);
        journal.bytes[0][byte] ^= 1;
    }
    journal.records[0].bytes.size--;
    assert_status(
        ferry_target_restart(&config, journal.records, 1, true, 1, &target), FERRY_PEER_TRUNCATED);

    journal = (struct journal){0};
    write_down(&journal, FERRY_RECORD_GRANTED, HANDOVER_ROLE_SOURCE, false);
    assert_status(restart_source(&memory, &journal, FERRY_GUEST_PAUSED, &source), FERRY_PEER_VALUE);
    write_down(&journal, FERRY_RECORD_SESSION, HANDOVER_ROLE_SOURCE, false);
    write_down(&journal, FERRY_RECORD_OWNER, HANDOVER_ROLE_TARGET, false);
    assert_status(restart_source(&memory, &journal, FERRY_GUEST_PAUSED, &source), FERRY_PEER_VALUE);
    assert_status(
        ferry_target_restart(&config, journal.records, journal.count, true, 1, &target),
        FERRY_PEER_VALUE);
    assert_null(source);
    assert_null(target);
    harness_assert_all_released(&memory);
}

static void restarted_source_ignores_what_an_earlier_life_sent(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_source(FERRY_SOURCE_GRANTED);
    pair_crash(pair, PAIR_SOURCE, true);
    pair_restart(pair, PAIR_SOURCE);
    assert_true(pair_attach_number(pair) > 65536);
    pair_drop(pair, WIRE_GRANT, 0);

    pair_assert_completed(pair); /* RESUMED names batches of the first life: no protocol error */
    assert_true(pair_outcome(pair)->restarted); /* its rounds and bytes are not known any more */

    assert_int_equal(pair_trace_count(pair, FERRY_TRACE_PROTOCOL_ERROR), 0);
    pair_destroy(pair);
}

static void source_restarted_twice_is_still_newer_each_time(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_source(FERRY_SOURCE_GRANTED);
    for (uint32_t life = 1; life <= 3; life++) {
        pair_crash(pair, PAIR_SOURCE, true);
        pair_restart(pair, PAIR_SOURCE);
        assert_in_range(pair_attach_number(pair), life * 65536 + 1, life * 65536 + 2);
        pair_advance(pair, FERRY_SECOND);
    }
    pair_drop(pair, WIRE_GRANT, 0);
    pair_reset(pair);
    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void restarted_source_ends_the_dirty_log_of_its_earlier_life(void **unused)
{
    (void)unused;
    struct harness_memory memory = {0};
    struct journal journal = {0};
    struct ferry_source *source = NULL;
    write_down(&journal, FERRY_RECORD_SESSION, HANDOVER_ROLE_SOURCE, false);
    assert_status(restart_source(&memory, &journal, FERRY_GUEST_RUNNING, &source), FERRY_OK);
    const struct ferry_event resumed = {
        .kind = FERRY_EVENT_DONE, .action_id = id_of(source, FERRY_ACTION_RESUME)};

    assert_status(ferry_source_input(source, &resumed, 2), FERRY_OK);

    assert_true(asks_for(source, FERRY_ACTION_STOP_LOGGING));
    ferry_source_destroy(source);
    harness_assert_all_released(&memory);
}

/* H-9: it is about to run its guest, and hears that an operator gave the guest to the other host. */
static void restarted_source_whose_guest_was_claimed_meanwhile_ends_its_copy(void **unused)
{
    (void)unused;
    struct harness_memory memory = {0};
    struct journal journal = {0};
    struct ferry_source *source = NULL;
    uint8_t bytes[128];
    size_t size = 0;
    struct ferry_action action;
    uint32_t attach = 0;
    const struct wire_message started = {
        .type = WIRE_STARTED, .body.started = {.attempt = 1, .epoch = 4, .alive = 1}
    };
    write_down(&journal, FERRY_RECORD_SESSION, HANDOVER_ROLE_SOURCE, false);
    assert_status(restart_source(&memory, &journal, FERRY_GUEST_PAUSED, &source), FERRY_OK);
    while (ferry_source_next_action(source, &action)) {
        attach = action.kind == FERRY_ACTION_ATTACH ? action.attach : attach;
    }
    assert_status(wire_message_encode(&started, bytes, sizeof(bytes), &size), FERRY_OK);

    const struct ferry_event up = {.kind = FERRY_EVENT_ATTACHED, .attach = attach};
    assert_status(ferry_source_input(source, &up, 2), FERRY_OK);
    const struct ferry_event heard = {
        .kind = FERRY_EVENT_CONTROL_BYTES,
        .attach = attach,
        .bytes = {.data = bytes, .size = size},
    };
    assert_status(ferry_source_input(source, &heard, 3), FERRY_OK);

    assert_int_equal(ferry_source_state(source), FERRY_SOURCE_CLOSING);
    assert_true(asks_for(source, FERRY_ACTION_FREE_GUEST));
    ferry_source_destroy(source);
    harness_assert_all_released(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_records_say_who_runs_the_guest),
        cmocka_unit_test(moved_copy_that_survived_is_freed_after_a_restart),
        cmocka_unit_test(targets_records_say_who_runs_the_guest),
        cmocka_unit_test(damaged_or_foreign_records_start_nothing),
        cmocka_unit_test(restarted_source_ignores_what_an_earlier_life_sent),
        cmocka_unit_test(source_restarted_twice_is_still_newer_each_time),
        cmocka_unit_test(restarted_source_ends_the_dirty_log_of_its_earlier_life),
        cmocka_unit_test(restarted_source_whose_guest_was_claimed_meanwhile_ends_its_copy),
    };
    return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
