/* SPDX-License-Identifier: Apache-2.0 */
/* assert.h -- the one function that the engine calls when it finds a bug of its own.
 *
 * Asserts stay active in release builds. They are for broken contracts inside of ferry and between
 * ferry and its caller; bytes from a peer never reach one. A world defines this function to print
 * what it knows and end the process (or, in a test, to leave by longjmp); without a definition the
 * engine's own one traps at once. */
#ifndef FERRY_ASSERT_H
#define FERRY_ASSERT_H

_Noreturn void ferry_assert_failed(const char *expression, const char *file, int line);

#endif
