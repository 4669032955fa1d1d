/* SPDX-License-Identifier: Apache-2.0 */
/* code.c -- the one mapping between the engine's statuses, which may be renumbered in any release,
 * and the codes on the wire, which may not. It loses detail on purpose: a peer needs to know what
 * to tell its operator, no more. */
#include "ferry/status.h"
#include "wire/message.h"

enum wire_code wire_code_of_status(enum ferry_status status)
{
    struct row {
        enum ferry_status status;
        enum wire_code code;
    };
    static const struct row rows[] = {
        {FERRY_REFUSED_MEMORY,  WIRE_CODE_MEMORY },
        {FERRY_LIMIT_MEMORY,    WIRE_CODE_MEMORY },
        {FERRY_REFUSED_BUSY,    WIRE_CODE_BUSY   },
        {FERRY_REFUSED_OWNER,   WIRE_CODE_OWNER  },
        {FERRY_REFUSED_JOURNAL, WIRE_CODE_JOURNAL},
        {FERRY_WORLD_JOURNAL,   WIRE_CODE_JOURNAL},
        {FERRY_PEER_VERSION,    WIRE_CODE_VERSION},
        {FERRY_PEER_FEATURE,    WIRE_CODE_FEATURE},
        {FERRY_WORLD_GUEST,     WIRE_CODE_GUEST  },
        {FERRY_LIMIT_STREAMS,   WIRE_CODE_STREAMS},
        {FERRY_LIMIT_SIZE,      WIRE_CODE_SIZE   },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].status == status) {
            return rows[i].code;
        }
    }
    return ferry_status_category(status) == FERRY_CATEGORY_PEER ? WIRE_CODE_PROTOCOL
                                                                : WIRE_CODE_OTHER;
}

enum ferry_status wire_status_of_code(uint16_t code)
{
    static const enum ferry_status statuses[] = {
        [WIRE_CODE_OTHER] = FERRY_REFUSED_OTHER,
        [WIRE_CODE_MEMORY] = FERRY_REFUSED_MEMORY,
        [WIRE_CODE_BUSY] = FERRY_REFUSED_BUSY,
        [WIRE_CODE_OWNER] = FERRY_REFUSED_OWNER,
        [WIRE_CODE_JOURNAL] = FERRY_REFUSED_JOURNAL,
        [WIRE_CODE_VERSION] = FERRY_PEER_VERSION,
        [WIRE_CODE_FEATURE] = FERRY_PEER_FEATURE,
        [WIRE_CODE_PROTOCOL] = FERRY_WORLD_PEER_FAILED,
        [WIRE_CODE_GUEST] = FERRY_WORLD_GUEST,
        [WIRE_CODE_STREAMS] = FERRY_LIMIT_STREAMS,
        [WIRE_CODE_SIZE] = FERRY_LIMIT_SIZE,
    };
    const size_t count = sizeof(statuses) / sizeof(statuses[0]);
    return code > 0 && code < count ? statuses[code] : FERRY_REFUSED_OTHER;
}
