/* SPDX-License-Identifier: Apache-2.0 */
/* claim.h -- what has to hold in every run of every fuzz target. A claim that does not hold ends the run: the fuzzer
 * keeps the input, and the sentence says what was found. */
#ifndef FUZZ_CLAIM_H
#define FUZZ_CLAIM_H

#include <stdbool.h>
#include <stdio.h>

_Noreturn void fuzz_refute(const char *sentence, const char *file, int line);

/* The sentence says what is wrong when it does not hold. */
/* NOLINTNEXTLINE(readability-identifier-naming): small letters, as assert has */
#define claim(condition, sentence) \
    ((condition) ? (void)0 : fuzz_refute((sentence), __FILE__, __LINE__))

/* The same, where the expression itself says enough. */
/* NOLINTNEXTLINE(readability-identifier-naming): small letters, as assert has */
#define holds(expression) claim(expression, #expression)

/* Where a run writes what happens, if its target can tell; NULL: nowhere. */
extern FILE *fuzz_transcript;

#endif
