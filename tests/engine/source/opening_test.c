/* SPDX-License-Identifier: Apache-2.0 */
/* opening_test.c -- before the first page: every way to be refused, by name; what the target may
 * not answer; and configurations that are no use. */
#include "support/harness.h"
#include "support/pair.h"

#include <string.h>

/* ---- refused by the target ---- */

static void takes_no_streams(struct ferry_target_config *config)
{
    config->streams_max = 1;
}

static void takes_small_state(struct ferry_target_config *config)
{
    config->device_state_max = 4999;
}

static void refuses_as_owner(struct ferry_target_config *config)
{
    config->refuse = true;
    config->refuse_status = FERRY_REFUSED_OWNER;
}

static void refusal_names_its_reason_and_costs_no_page(void **unused)
{
    (void)unused;
    static const struct {
        struct pair_options options;
        enum ferry_status status;
    } rows[] = {
        {{.refuse = true},                                         FERRY_REFUSED_BUSY  },
        {{.adjust_target = refuses_as_owner},                      FERRY_REFUSED_OWNER },
        {{.ram_pages = 64, .target_memory = 64 * 4096 - 1},        FERRY_REFUSED_MEMORY},
        {{.streams = 2, .adjust_target = takes_no_streams},        FERRY_LIMIT_STREAMS },
        {{.state_size = 5000, .adjust_target = takes_small_state}, FERRY_LIMIT_SIZE    },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pair *pair = pair_create(&rows[i].options);

        pair_assert_back(pair, FERRY_OUTCOME_REFUSED, rows[i].status);

        assert_int_equal(pair_outcome(pair)->round_count, 0);
        assert_int_equal(pair_actions(pair, PAIR_SOURCE, FERRY_ACTION_COLLECT), 0);
        assert_int_equal(pair_actions(pair, PAIR_TARGET, FERRY_ACTION_PREPARE_GUEST), 0);
        assert_int_equal(pair_actions(pair, PAIR_SOURCE, FERRY_ACTION_PAUSE), 0);
        assert_non_null(strstr(pair_outcome(pair)->reason, ferry_status_sentence(rows[i].status)));
        pair_destroy(pair);
    }
}

/* ---- refused below the session: the world tells why a connection never stood ---- */

static void one_stands_in_the_way(struct pair *pair, enum ferry_status status)
{
    pair_event(
        pair,
        PAIR_SOURCE,
        (struct ferry_event){
            .kind = FERRY_EVENT_DETACHED,
            .attach = pair_attach_number(pair),
            .status = status,
        });
}

static void credentials_refused_on_every_network_end_it_at_once(void **unused)
{
    (void)unused;
    for (uint16_t paths = 1; paths <= 3; paths++) {
        struct pair *pair = pair_create(&(struct pair_options){.paths = paths});
        pair_cut(pair, true);

        for (uint16_t i = 0; i < paths; i++) {
            assert_int_equal(pair_outcome(pair)->kind, FERRY_OUTCOME_NONE);
            one_stands_in_the_way(pair, FERRY_REFUSED_CREDENTIALS);
            pair_advance(pair, 10 * FERRY_MILLISECOND);
        }

        pair_assert_outcome(pair, FERRY_OUTCOME_REFUSED, FERRY_REFUSED_CREDENTIALS);
        assert_int_equal(pair_source_state(pair), FERRY_SOURCE_CLOSED);
        assert_true(pair_now(pair) < FERRY_SECOND);
        assert_true(pair_runs(pair, PAIR_SOURCE));
        assert_false(pair_has_record(pair, PAIR_SOURCE, FERRY_RECORD_SESSION));
        assert_int_equal(pair_outcome(pair)->round_count, 0);
        assert_int_equal(pair_actions(pair, PAIR_SOURCE, FERRY_ACTION_COLLECT), 0);
        pair_destroy(pair);
    }
}

static void network_that_only_fails_is_tried_again_though_the_other_refuses(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&(struct pair_options){.paths = 2});
    pair_cut(pair, true);

    for (int i = 0; i < 4; i++) {
        one_stands_in_the_way(pair, i % 2 == 0 ? FERRY_REFUSED_CREDENTIALS : FERRY_WORLD_LINK);
        pair_advance(pair, 250 * FERRY_MILLISECOND);
    }
    assert_int_equal(pair_outcome(pair)->kind, FERRY_OUTCOME_NONE);
    pair_cut(pair, false);

    pair_assert_completed(pair);
    pair_destroy(pair);
}

static void refusal_of_a_connection_after_accept_is_a_loss_like_any_other(void **unused)
{
    (void)unused;
    struct pair *pair =
        pair_create(&(struct pair_options){.ram_pages = 4096, .bytes_per_second = 10000000});
    pair_run_until_source(pair, FERRY_SOURCE_COPYING);

    one_stands_in_the_way(pair, FERRY_REFUSED_CREDENTIALS);

    pair_assert_completed(pair);
    assert_int_equal(pair_outcome(pair)->reconnects, 1);
    pair_destroy(pair);
}

static void room_for_exactly_this_guest_is_enough(void **unused)
{
    (void)unused;
    struct pair *pair =
        pair_create(&(struct pair_options){.ram_pages = 64, .target_memory = 64 * 4096});
    pair_assert_completed(pair);
    pair_destroy(pair);
}

/* The pair's source is honest: another one's OPEN is forged. */
static void foreign_version_or_feature_is_refused_by_name(void **unused)
{
    (void)unused;
    static const struct {
        uint16_t version_min;
        uint16_t version_max;
        uint64_t required;
        uint16_t code;
    } rows[] = {
        {2, 9, 0,          WIRE_CODE_VERSION},
        {1, 1, 1,          WIRE_CODE_FEATURE},
        {1, 9, 1ULL << 63, WIRE_CODE_FEATURE},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pair *pair = pair_create_at_target(FERRY_TARGET_WAITING);
        struct wire_message open = pair_plausible(pair, WIRE_OPEN);
        open.body.open.version_min = rows[i].version_min;
        open.body.open.version_max = rows[i].version_max;
        open.body.open.features_required = rows[i].required;

        pair_forge(pair, PAIR_TARGET, &open);

        assert_int_equal(pair_sent(pair, WIRE_REFUSE), 1);
        assert_int_equal(pair_target_state(pair), FERRY_TARGET_CLEANING);
        pair_run_until_outcome(pair); /* the honest source hears it */
        pair_assert_outcome(pair, FERRY_OUTCOME_REFUSED, wire_status_of_code(rows[i].code));
        pair_destroy(pair);
    }
}

static void newer_source_that_speaks_ours_too_is_taken(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create_at_target(FERRY_TARGET_WAITING);
    struct wire_message open = pair_plausible(pair, WIRE_OPEN);
    open.body.open.version_max = 9;
    open.body.open.features_offered = UINT64_MAX;

    pair_forge(pair, PAIR_TARGET, &open);

    assert_int_equal(pair_target_state(pair), FERRY_TARGET_PREPARING);
    pair_destroy(pair);
}

/* ---- answers that no target may give ---- */

static void accept_of_what_was_not_offered_is_an_error_by_name(void **unused)
{
    (void)unused;
    static const struct {
        uint16_t version;
        uint64_t features;
        enum ferry_status status;
    } rows[] = {
        {FERRY_PROTOCOL_VERSION_MAX + 1, 0, FERRY_PEER_VERSION},
        {FERRY_PROTOCOL_VERSION_MAX,     4, FERRY_PEER_FEATURE},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pair *pair = pair_create_at_source(FERRY_SOURCE_OPENING);
        struct wire_message accept = pair_plausible(pair, WIRE_ACCEPT);
        accept.body.accept.version = rows[i].version;
        accept.body.accept.features = rows[i].features;

        pair_forge(pair, PAIR_SOURCE, &accept);

        pair_assert_back(pair, FERRY_OUTCOME_FAILED, rows[i].status);
        pair_destroy(pair);
    }
}

static void every_refusal_on_the_wire_becomes_a_status_and_its_sentence(void **unused)
{
    (void)unused;
    static const char text[] = "no such switch: br7";
    const uint16_t unknown = WIRE_CODE_SIZE + 1;
    for (uint16_t code = 1; code <= unknown; code++) {
        struct pair *pair = pair_create_at_source(FERRY_SOURCE_OPENING);
        const struct wire_message refuse = {
            .type = WIRE_REFUSE,
            .body.refuse =
                {.code = code, .text = {.data = (const uint8_t *)text, .size = strlen(text)}},
        };

        pair_forge(pair, PAIR_SOURCE, &refuse);

        pair_run_to_end(pair);
        pair_assert_outcome(pair, FERRY_OUTCOME_REFUSED, wire_status_of_code(code));
        assert_non_null(strstr(pair_outcome(pair)->reason, text));
        assert_true(pair_runs(pair, PAIR_SOURCE));
        pair_destroy(pair);
    }
}

static void silent_target_is_given_up_after_the_action_limit(void **unused)
{
    (void)unused;
    struct pair *pair = pair_create(&(struct pair_options){0});
    pair_drop(pair, WIRE_ACCEPT, 1000);

    pair_assert_back(pair, FERRY_OUTCOME_FAILED, FERRY_TIMEOUT_OPEN);

    assert_in_range(pair_outcome(pair)->total_ns, 30 * FERRY_SECOND, 31 * FERRY_SECOND);
    pair_destroy(pair);
}

/* ---- configurations ---- */

static struct ferry_source_config usable(struct harness_memory *memory)
{
    static const struct ferry_region region = {.pages = 10};
    static const struct ferry_path path = {1};
    struct ferry_source_config config = ferry_source_config_default();
    config.allocator = harness_allocator(memory);
    config.session = (struct ferry_session_id){1, 2};
    config.guest_id = 1;
    config.journal_id = 5;
    config.guest_name = (struct ferry_bytes){.data = (const uint8_t *)"a", .size = 1};
    config.region_count = 1;
    config.regions = &region;
    config.path_count = 1;
    config.paths = &path;
    return config;
}

static enum ferry_status try_config(const struct ferry_source_config *config)
{
    struct ferry_source *source = NULL;
    const enum ferry_status status = ferry_source_create(config, 1, &source);
    ferry_source_destroy(source);
    return status;
}

#define REFUSED(member, value)                               \
    do {                                                     \
        struct ferry_source_config bad = usable(&memory);    \
        bad.member = (value);                                \
        assert_status(try_config(&bad), FERRY_USAGE_CONFIG); \
    } while (0)

static void unusable_configuration_is_refused(void **unused)
{
    (void)unused;
    struct harness_memory memory = {0};
    const struct ferry_source_config good = usable(&memory);
    assert_status(try_config(&good), FERRY_OK);
    REFUSED(session, ((struct ferry_session_id){0, 0}));
    REFUSED(epoch, 0);
    REFUSED(journal_id, 0);
    REFUSED(guest_id, 0);
    REFUSED(guest_name.size, 0);
    REFUSED(guest_name.size, FERRY_NAME_MAX + 1);
    REFUSED(guest_config.size, FERRY_GUEST_CONFIG_MAX + 1);
    REFUSED(page_size, 2048);
    REFUSED(page_size, 5000);
    REFUSED(page_size, 1U << 31);
    REFUSED(region_count, 0);
    REFUSED(region_count, FERRY_REGIONS_MAX + 1);
    REFUSED(path_count, 0);
    REFUSED(path_count, FERRY_PATHS_MAX + 1);
    REFUSED(streams, 0);
    REFUSED(streams, FERRY_STREAMS_MAX + 1);
    REFUSED(blackout_limit, -1);
    REFUSED(give_up_after, -1);
    REFUSED(batch_time, 0);
    REFUSED(silence_limit, 0);
    REFUSED(connect_limit, 0);
    REFUSED(reconnect_limit, 0);
    REFUSED(probe_interval, 0);
    REFUSED(action_limit, 0);
    REFUSED(unknown_after, 0);
    REFUSED(close_limit, 0);
    REFUSED(mode, (enum ferry_mode)3);
    REFUSED(on_no_convergence, (enum ferry_no_convergence)4);
    static const struct ferry_region none = {.pages = 0};
    static const struct ferry_region many = {.pages = FERRY_PAGES_MAX + 1};
    REFUSED(regions, &none);
    REFUSED(regions, &many);
    harness_assert_all_released(&memory);
}

static void no_memory_is_said_and_nothing_is_kept(void **unused)
{
    (void)unused;
    struct harness_memory memory = {.fail_after = 1};
    const struct ferry_source_config config = usable(&memory);
    assert_status(try_config(&config), FERRY_LIMIT_MEMORY);
    struct ferry_target_config target = ferry_target_config_default();
    struct ferry_target *created = NULL;
    memory.fail_after = 1;
    target.allocator = harness_allocator(&memory);
    target.session = config.session;
    target.journal_id = 6;
    assert_status(ferry_target_create(&target, 1, &created), FERRY_LIMIT_MEMORY);
    assert_null(created);
    harness_assert_all_released(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusal_names_its_reason_and_costs_no_page),
        cmocka_unit_test(credentials_refused_on_every_network_end_it_at_once),
        cmocka_unit_test(network_that_only_fails_is_tried_again_though_the_other_refuses),
        cmocka_unit_test(refusal_of_a_connection_after_accept_is_a_loss_like_any_other),
        cmocka_unit_test(room_for_exactly_this_guest_is_enough),
        cmocka_unit_test(foreign_version_or_feature_is_refused_by_name),
        cmocka_unit_test(newer_source_that_speaks_ours_too_is_taken),
        cmocka_unit_test(accept_of_what_was_not_offered_is_an_error_by_name),
        cmocka_unit_test(every_refusal_on_the_wire_becomes_a_status_and_its_sentence),
        cmocka_unit_test(silent_target_is_given_up_after_the_action_limit),
        cmocka_unit_test(unusable_configuration_is_refused),
        cmocka_unit_test(no_memory_is_said_and_nothing_is_kept),
    };
    return cmocka_run_group_tests_name("opening", tests, NULL, NULL);
}
