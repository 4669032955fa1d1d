/* SPDX-License-Identifier: Apache-2.0 */
/* assert.c -- what happens when no world has defined the hook: trap where the bug was found, so
 * that a core dump shows it.
 *
 * Weak, and in a file of its own: a definition in the program always wins. */
#include "base/assert.h"

__attribute__((weak)) _Noreturn void
ferry_assert_failed(const char *expression, const char *file, int line)
{
    (void)expression;
    (void)file;
    (void)line;
    __builtin_trap();
}
