#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The checker of symbols fires on a library that calls the C library behind the table's back, or that keeps state.
set -euo pipefail
# shellcheck source=tests/tools/sample.bash
. "$(dirname -- "$0")/sample.bash"

# library LINE...: makes a library of these lines and of a member that defines inner().
library()
{
    put outer.c "$@"
    put inner.c 'int inner(int x); int inner(int x) { return x + 1; }'
    rm -f "$sample/lib.a"
    (cd "$sample" && "${CC:-cc}" -O1 -fPIC -c outer.c inner.c && ar rcs lib.a outer.o inner.o)
}
check=("$top/tools/check-symbols" "$sample/lib.a")

library '#include <string.h>' 'int inner(int x);' \
    'static const char *const names[] = {"a", "b"};' \
    'unsigned __int128 f(unsigned __int128 a, unsigned __int128 b) { return a / b; }' \
    'const char *g(int i, char *to, const char *from, size_t n) { memcpy(to, from, n); return names[inner(i)]; }'
passes "${check[@]}"

library 'long time(long *t); long f(void) { return time(0); }'
refuses 'needs time (outer.o)' "${check[@]}"
library 'void *malloc(unsigned long n); void *f(void) { return malloc(8); }'
refuses 'needs malloc' "${check[@]}"
library 'int memcpy_s(int x); int f(int x) { return memcpy_s(x); }'
refuses 'needs memcpy_s' "${check[@]}"
library 'static int calls; int f(void) { return ++calls; }'
refuses '4 bytes of .bss' "${check[@]}"
library 'int limit = 5;'
refuses '4 bytes of .data' "${check[@]}"
finish
