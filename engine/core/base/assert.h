/* SPDX-License-Identifier: Apache-2.0 */
/* base/assert.h -- FERRY_ASSERT: internal contracts, checked in release builds too.
 *
 * The condition is evaluated exactly once. What a peer, a file or a host reports is judged with a
 * status, never here. */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

#include "ferry/assert.h"

#define FERRY_ASSERT(condition)                                  \
    do {                                                         \
        if (!(condition)) {                                      \
            ferry_assert_failed(#condition, __FILE__, __LINE__); \
        }                                                        \
    } while (0)

#endif
