/* SPDX-License-Identifier: Apache-2.0 */
/* claim.c -- see claim.h. */
#include "fuzz/claim.h"

#include <stdlib.h>

FILE *fuzz_transcript;

_Noreturn void fuzz_refute(const char *sentence, const char *file, int line)
{
    (void)fprintf(stderr, "claim refuted: %s (%s:%d)\n", sentence, file, line);
    abort();
}
