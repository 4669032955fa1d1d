/* SPDX-License-Identifier: Apache-2.0 */
/* names_test.c -- every value of the public enumerations has a name of its own, and every other
 * value has one too. */
#include "ferry/action.h"
#include "ferry/event.h"
#include "ferry/outcome.h"
#include "ferry/trace.h"
#include "support/harness.h"

#include <string.h>

static const char *action(int value)
{
    return ferry_action_name((enum ferry_action_kind)value);
}

static const char *event(int value)
{
    return ferry_event_name((enum ferry_event_kind)value);
}

static const char *record(int value)
{
    return ferry_record_name((enum ferry_record_kind)value);
}

static const char *outcome(int value)
{
    return ferry_outcome_name((enum ferry_outcome_kind)value);
}

static const char *status(int value)
{
    return ferry_status_name((enum ferry_status)value);
}

static const char *trace(int value)
{
    return ferry_trace_describe((enum ferry_trace_kind)value)->name;
}

static void names_are_present_and_different(void **unused)
{
    (void)unused;
    static const struct {
        const char *(*name)(int value);
        int first;
        int last;
        const char *outside;
    } enums[] = {
        {action,  FERRY_ACTION_ATTACH,  FERRY_ACTION_CLOSED,    "?"   },
        {event,   FERRY_EVENT_ATTACHED, FERRY_EVENT_BURN,       "?"   },
        {record,  FERRY_RECORD_SESSION, FERRY_RECORD_CLAIMED,   "?"   },
        {outcome, FERRY_OUTCOME_NONE,   FERRY_OUTCOME_UNKNOWN,  "?"   },
        {status,  FERRY_OK,             FERRY_STATUS_COUNT - 1, "?"   },
        {trace,   FERRY_TRACE_NONE,     FERRY_TRACE_COUNT - 1,  "NONE"},
    };
    for (size_t e = 0; e < COUNT_OF(enums); e++) {
        for (int value = enums[e].first; value <= enums[e].last; value++) {
            assert_string_not_equal(enums[e].name(value), "?");
            for (int other = enums[e].first; other < value; other++) {
                assert_string_not_equal(enums[e].name(value), enums[e].name(other));
            }
        }
        assert_string_equal(enums[e].name(enums[e].last + 1), enums[e].outside);
        assert_string_equal(enums[e].name(-1), enums[e].outside);
    }
}

static void names_belong_to_their_values(void **unused)
{
    (void)unused;
    assert_string_equal(action(FERRY_ACTION_SEND_BATCH), "SEND_BATCH");
    assert_string_equal(event(FERRY_EVENT_BATCH_PLACED), "BATCH_PLACED");
    assert_string_equal(record(FERRY_RECORD_GRANTED), "GRANTED");
    assert_string_equal(outcome(FERRY_OUTCOME_COMPLETED), "completed");
    assert_string_equal(status(FERRY_PEER_FRAME), "PEER_FRAME");
    assert_string_equal(trace(FERRY_TRACE_ROUND_ENDED), "ROUND_ENDED");
}

static void a_status_has_its_category_and_sentence(void **unused)
{
    (void)unused;
    assert_int_equal(ferry_status_category(FERRY_OK), FERRY_CATEGORY_NONE);
    assert_int_equal(ferry_status_category(FERRY_PEER_RANGE), FERRY_CATEGORY_PEER);
    assert_int_equal(ferry_status_category(FERRY_LIMIT_SIZE), FERRY_CATEGORY_LIMIT);
    assert_int_equal(ferry_status_category(FERRY_REFUSED_BUSY), FERRY_CATEGORY_REFUSED);
    assert_int_equal(ferry_status_category(FERRY_WORLD_LINK), FERRY_CATEGORY_WORLD);
    assert_int_equal(ferry_status_category(FERRY_TIMEOUT_GIVE_UP), FERRY_CATEGORY_TIMEOUT);
    assert_int_equal(ferry_status_category(FERRY_USAGE_CLAIMED), FERRY_CATEGORY_USAGE);
    assert_int_equal(ferry_status_category(FERRY_STATUS_COUNT), FERRY_CATEGORY_NONE);
    assert_string_equal(ferry_status_sentence(FERRY_WORLD_LINK), "the connection was lost");
    assert_string_equal(ferry_status_sentence(FERRY_STATUS_COUNT), "an unknown error");
}

static void a_trace_event_describes_its_fields(void **unused)
{
    (void)unused;
    const struct ferry_trace_info *info = ferry_trace_describe(FERRY_TRACE_ROUND_BEGUN);
    assert_int_equal(info->level, FERRY_TRACE_INFO);
    assert_string_equal(info->field[0], "round");
    assert_string_equal(info->field[1], "pages");
    assert_string_equal(info->field[2], "attempt");
    assert_null(info->field[3]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_present_and_different),
        cmocka_unit_test(names_belong_to_their_values),
        cmocka_unit_test(a_status_has_its_category_and_sentence),
        cmocka_unit_test(a_trace_event_describes_its_fields),
    };
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
