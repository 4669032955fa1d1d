/* SPDX-License-Identifier: Apache-2.0 */
/* status.h -- the one status type of the engine. The table below is the list of all errors: name, category, sentence.
 *
 * Categories: PEER the other side broke the protocol; LIMIT a bound of limits.h or of the configuration was reached;
 * REFUSED the other side said no before anything moved; WORLD the host, network or journal reported a failure;
 * TIMEOUT something did not come in time; USAGE the caller asked for what is not possible (now). */
#ifndef FERRY_STATUS_H
#define FERRY_STATUS_H

#include "ferry/types.h"

/* clang-format off */
#define FERRY_STATUS_TABLE(ENTRY)                                                                                     \
    ENTRY(OK,                   NONE,    "no error")                                                                  \
    ENTRY(PEER_FRAME,           PEER,    "a frame's header is not valid")                                             \
    ENTRY(PEER_CHECKSUM,        PEER,    "a frame or batch failed its checksum")                                      \
    ENTRY(PEER_LENGTH,          PEER,    "a length or count is out of its bounds")                                    \
    ENTRY(PEER_TRUNCATED,       PEER,    "a message ends before its last field")                                      \
    ENTRY(PEER_TRAILING,        PEER,    "a message goes on after its last field")                                    \
    ENTRY(PEER_VALUE,           PEER,    "a field has a value that is not defined")                                   \
    ENTRY(PEER_UNEXPECTED,      PEER,    "a message came that has no place in this state")                            \
    ENTRY(PEER_VERSION,         PEER,    "no protocol version is spoken by both sides")                               \
    ENTRY(PEER_FEATURE,         PEER,    "the peer demands a feature that this side does not have")                   \
    ENTRY(PEER_MANIFEST,        PEER,    "what arrived is not what the source says it sent")                          \
    ENTRY(PEER_RANGE,           PEER,    "a page lies outside of the guest's memory")                                 \
    ENTRY(LIMIT_MEMORY,         LIMIT,   "no memory for this object")                                                 \
    ENTRY(LIMIT_STREAMS,        LIMIT,   "more streams than are allowed")                                             \
    ENTRY(LIMIT_SIZE,           LIMIT,   "larger than the limit")                                                     \
    ENTRY(LIMIT_NO_CONVERGENCE, LIMIT,   "the blackout limit cannot be reached")                                      \
    ENTRY(LIMIT_ATTEMPTS,       LIMIT,   "every attempt at the switchover was about to miss the limit")               \
    ENTRY(REFUSED_MEMORY,       REFUSED, "the target has not enough memory")                                          \
    ENTRY(REFUSED_BUSY,         REFUSED, "the guest is already being moved")                                          \
    ENTRY(REFUSED_OWNER,        REFUSED, "the guest is not owned by the host that would move it")                     \
    ENTRY(REFUSED_JOURNAL,      REFUSED, "the journal takes no new session after a failed write")                     \
    ENTRY(REFUSED_CREDENTIALS,  REFUSED, "one host does not accept the other one's certificate")                      \
    ENTRY(REFUSED_OTHER,        REFUSED, "the target refused")                                                        \
    ENTRY(WORLD_LINK,           WORLD,   "the connection was lost")                                                   \
    ENTRY(WORLD_JOURNAL,        WORLD,   "the journal could not be written")                                          \
    ENTRY(WORLD_GUEST,          WORLD,   "the guest's process reported a failure")                                    \
    ENTRY(WORLD_PEER_LOST,      WORLD,   "the peer has no record of this session")                                    \
    ENTRY(WORLD_PEER_FAILED,    WORLD,   "the peer reported a failure")                                               \
    ENTRY(WORLD_RESTARTED,      WORLD,   "this side was restarted in the middle of the migration")                    \
    ENTRY(TIMEOUT_CONNECT,      TIMEOUT, "no network to the target answered in time")                                 \
    ENTRY(TIMEOUT_RECONNECT,    TIMEOUT, "the connection was lost and did not come back in time")                     \
    ENTRY(TIMEOUT_OPEN,         TIMEOUT, "the target did not answer the request in time")                             \
    ENTRY(TIMEOUT_ACTION,       TIMEOUT, "the host did not carry out an action in time")                              \
    ENTRY(TIMEOUT_GIVE_UP,      TIMEOUT, "the time given for the migration has passed")                               \
    ENTRY(TIMEOUT_ANSWER,       TIMEOUT, "the target does not say what became of the guest")                              \
    ENTRY(TIMEOUT_ORPHAN,       TIMEOUT, "the source did not come back in time")                                      \
    ENTRY(USAGE_CONFIG,         USAGE,   "the configuration is not valid")                                            \
    ENTRY(USAGE_STATE,          USAGE,   "not possible in this state")                                                \
    ENTRY(USAGE_TOO_LATE,       USAGE,   "too late: the guest may already run at the target")                         \
    ENTRY(USAGE_CANCELLED,      USAGE,   "cancelled by the operator")                                                 \
    ENTRY(USAGE_BURNED,         USAGE,   "the session was burned: the target never starts this guest")                \
    ENTRY(USAGE_CLAIMED,        USAGE,   "an operator claimed the guest for this host")                               \
    ENTRY(USAGE_CLAIMED_ELSEWHERE, USAGE, "an operator claimed the guest for the other host")
/* clang-format on */

#define FERRY_STATUS_ENTRY(name, category, sentence) FERRY_##name,
enum ferry_status { FERRY_STATUS_TABLE(FERRY_STATUS_ENTRY) FERRY_STATUS_COUNT };
#undef FERRY_STATUS_ENTRY

enum ferry_status_category {
    FERRY_CATEGORY_NONE,
    FERRY_CATEGORY_PEER,
    FERRY_CATEGORY_LIMIT,
    FERRY_CATEGORY_REFUSED,
    FERRY_CATEGORY_WORLD,
    FERRY_CATEGORY_TIMEOUT,
    FERRY_CATEGORY_USAGE,
};

const char *ferry_status_name(enum ferry_status status);     /* "PEER_FRAME"; never NULL */
const char *ferry_status_sentence(enum ferry_status status); /* never NULL */
enum ferry_status_category ferry_status_category(enum ferry_status status);

/* Return on failure. The only flow-changing macro of the engine. */
#define FERRY_TRY(expression)                                    \
    do {                                                         \
        const enum ferry_status ferry_try_status = (expression); \
        if (ferry_try_status != FERRY_OK) {                      \
            return ferry_try_status;                             \
        }                                                        \
    } while (0)

#endif
