/* SPDX-License-Identifier: Apache-2.0 */
/* samples.h -- one message of every type: as bytes, field by field, and as the value that the bytes
 * mean.
 *
 * The bytes were made by hand (and their checksums by a program of a few lines that is not ours),
 * so that a mistake which encode and decode share is seen. Every member has a value other than
 * zero, so that one which is left out is seen too. */
#ifndef TESTS_ENGINE_WIRE_SAMPLES_H
#define TESTS_ENGINE_WIRE_SAMPLES_H

#include "support/harness.h"
#include "wire/message.h"

struct sample {
    const char *name;
    const char *header;  /* hex */
    const char *payload; /* hex, a blank after each field */
    struct wire_message message;
};

extern const struct sample samples[];
extern const size_t sample_count;

#define SAMPLE_SIZE_MAX 512U

/* Header and payload, or the payload alone; return the size. */
size_t sample_frame(const struct sample *sample, uint8_t out[SAMPLE_SIZE_MAX]);
size_t sample_payload(const struct sample *sample, uint8_t out[SAMPLE_SIZE_MAX]);
const struct sample *sample_of(enum wire_type type);

/* Every byte of the two values is the same, but for the addresses of borrowed bytes: their contents
 * are. */
void assert_same_message(const struct wire_message *actual, const struct wire_message *expected);

#endif
