/* SPDX-License-Identifier: Apache-2.0 */
/* check.h -- cmocka with the headers that it wants before it, in the order in which it wants them. */
#ifndef FERRY_TEST_HOST_SUPPORT_CHECK_H
#define FERRY_TEST_HOST_SUPPORT_CHECK_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#endif
