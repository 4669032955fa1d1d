/* SPDX-License-Identifier: Apache-2.0 */
/* corpus.h -- the seeds of the fuzzers: made by tests from what the tests send, and compared with the files in the tree.
 *
 * A test program that is started with --accept writes the files anew instead; review shows the difference. */
#ifndef TESTS_ENGINE_CORPUS_H
#define TESTS_ENGINE_CORPUS_H

#include "support/harness.h"

/* As fuzz/decoder_fuzz.c reads them. */
#define CORPUS_CONTROL   1U
#define CORPUS_SEAL      2U
#define CORPUS_NO_BODIES 4U

void corpus_arguments(int argc, char **argv);
/* fuzz/corpus/decoder/NAME has to be these flags, chunks of any size, first round 0, and the bytes. */
void corpus_check(const char *name, uint8_t flags, const uint8_t *bytes, size_t size);

#endif
