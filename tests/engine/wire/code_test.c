/* SPDX-License-Identifier: Apache-2.0 */
/* code_test.c -- statuses to the stable codes of the wire and back. */
#include "support/harness.h"
#include "wire/message.h"

static void codes_keep_their_numbers(void **unused)
{
    (void)unused;
    /* Old peers know these numbers: a failure here is a change of the protocol. */
    assert_int_equal(WIRE_CODE_OTHER, 1);
    assert_int_equal(WIRE_CODE_MEMORY, 2);
    assert_int_equal(WIRE_CODE_BUSY, 3);
    assert_int_equal(WIRE_CODE_OWNER, 4);
    assert_int_equal(WIRE_CODE_JOURNAL, 5);
    assert_int_equal(WIRE_CODE_VERSION, 6);
    assert_int_equal(WIRE_CODE_FEATURE, 7);
    assert_int_equal(WIRE_CODE_PROTOCOL, 8);
    assert_int_equal(WIRE_CODE_GUEST, 9);
    assert_int_equal(WIRE_CODE_STREAMS, 10);
    assert_int_equal(WIRE_CODE_SIZE, 11);
}

static void statuses_map_to_codes_and_back(void **unused)
{
    (void)unused;
    static const struct {
        enum ferry_status status;
        enum wire_code code;
        enum ferry_status back;
    } rows[] = {
        {FERRY_REFUSED_MEMORY,  WIRE_CODE_MEMORY,   FERRY_REFUSED_MEMORY   },
        {FERRY_LIMIT_MEMORY,    WIRE_CODE_MEMORY,   FERRY_REFUSED_MEMORY   },
        {FERRY_REFUSED_BUSY,    WIRE_CODE_BUSY,     FERRY_REFUSED_BUSY     },
        {FERRY_REFUSED_OWNER,   WIRE_CODE_OWNER,    FERRY_REFUSED_OWNER    },
        {FERRY_REFUSED_JOURNAL, WIRE_CODE_JOURNAL,  FERRY_REFUSED_JOURNAL  },
        {FERRY_WORLD_JOURNAL,   WIRE_CODE_JOURNAL,  FERRY_REFUSED_JOURNAL  },
        {FERRY_PEER_VERSION,    WIRE_CODE_VERSION,  FERRY_PEER_VERSION     },
        {FERRY_PEER_FEATURE,    WIRE_CODE_FEATURE,  FERRY_PEER_FEATURE     },
        {FERRY_PEER_FRAME,      WIRE_CODE_PROTOCOL, FERRY_WORLD_PEER_FAILED},
        {FERRY_PEER_UNEXPECTED, WIRE_CODE_PROTOCOL, FERRY_WORLD_PEER_FAILED},
        {FERRY_WORLD_GUEST,     WIRE_CODE_GUEST,    FERRY_WORLD_GUEST      },
        {FERRY_LIMIT_STREAMS,   WIRE_CODE_STREAMS,  FERRY_LIMIT_STREAMS    },
        {FERRY_LIMIT_SIZE,      WIRE_CODE_SIZE,     FERRY_LIMIT_SIZE       },
        {FERRY_TIMEOUT_ACTION,  WIRE_CODE_OTHER,    FERRY_REFUSED_OTHER    },
        {FERRY_REFUSED_OTHER,   WIRE_CODE_OTHER,    FERRY_REFUSED_OTHER    },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(wire_code_of_status(rows[i].status), rows[i].code);
        assert_status(wire_status_of_code((uint16_t)rows[i].code), rows[i].back);
    }
}

static void every_status_has_a_code_that_may_be_sent(void **unused)
{
    (void)unused;
    for (int status = 0; status <= FERRY_STATUS_COUNT; status++) {
        const enum wire_code code = wire_code_of_status((enum ferry_status)status);
        assert_in_range(code, WIRE_CODE_OTHER, WIRE_CODE_SIZE);
    }
}

static void unknown_codes_are_some_other_refusal(void **unused)
{
    (void)unused;
    assert_status(wire_status_of_code(0), FERRY_REFUSED_OTHER);
    assert_status(wire_status_of_code(WIRE_CODE_SIZE + 1), FERRY_REFUSED_OTHER);
    assert_status(wire_status_of_code(UINT16_MAX), FERRY_REFUSED_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_keep_their_numbers),
        cmocka_unit_test(statuses_map_to_codes_and_back),
        cmocka_unit_test(every_status_has_a_code_that_may_be_sent),
        cmocka_unit_test(unknown_codes_are_some_other_refusal),
    };
    return cmocka_run_group_tests_name("code", tests, NULL, NULL);
}
