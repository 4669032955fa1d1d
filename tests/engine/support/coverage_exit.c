/* SPDX-License-Identifier: Apache-2.0 */
/* coverage_exit.c -- only in builds with FERRY_COVERAGE, never in what ships: a worker process ends with
 * _exit(), which writes no counters. The linker sends that call through here (-Wl,--wrap). */
#include <gcov.h>

/* NOLINTBEGIN(readability-identifier-naming): the linker wants these names. */
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

_Noreturn void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}
/* NOLINTEND(readability-identifier-naming) */
