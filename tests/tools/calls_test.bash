#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The checker of calls fires on clocks, randomness, memory, I/O and floating point where these are refused, and only there.
set -euo pipefail
# shellcheck source=tests/tools/sample.bash
. "$(dirname -- "$0")/sample.bash"
check=("$top/tools/check-calls" "$sample")

put engine/core/source/good.c \
    'struct a { int time; };' \
    'int good(struct a *a) { return a->time + a->free(1) + (*a->read)(2) + runtime(3); }' \
    '/* time( malloc( double */ static const char *text = "rand() double";' \
    '// float printf('
put sim/cli/clock.c 'long now(void) { return clock_gettime(0, 0); }'
put model/oracle.c 'double total(void);'
put model/store.c 'void *p = malloc(1);'
passes "${check[@]}"

# breach FILE CODE WORD: this line of code in this file is refused for this word.
breach()
{
    put "$1" '' "$2"
    refuses "$1:2: $3: " "${check[@]}"
    drop "$1"
}

breach engine/core/source/bad.c 'long t = time(0);' time
breach engine/core/base/bad.c 'clock_gettime (CLOCK_MONOTONIC, &t);' clock_gettime
breach engine/core/base/bad.c 'x = /* here */ rand();' rand
breach engine/core/base/bad.c 'p = malloc(10);' malloc
breach engine/core/base/bad.c 'free(p);' free
breach engine/core/base/bad.c 'printf("x");' printf
breach engine/core/base/bad.c 'pthread_create(0, 0, f, 0);' pthread_create
breach engine/core/base/bad.c 'static _Thread_local int x;' _Thread_local
breach engine/core/policy/bad.c 'double rate = 1;' double
breach engine/core/policy/bad.c 'x = (float)y;' float
breach engine/include/ferry/bad.h 'double rate;' double
breach engine/core/base/bad.c 'fd = socket(1, 2, 3);' socket
breach engine/core/base/bad.c '#ifdef FERRY_SIM' FERRY_SIM
breach model/bad.c 'srand(1);' srand
breach model/bad.c 'double rate;' double
breach model/bad.c 'qsort(a, n, 8, compare);' qsort
breach sim/world/bad.c 'usleep(5);' usleep
breach sim/net/bad.cpp 'auto t = time(nullptr);' time
finish
