/* SPDX-License-Identifier: Apache-2.0 */
/* script.h -- a fuzz input as a row of records, so that a mutator can put in, take out, swap and repeat whole things that
 * happen.
 *
 *   0  u8   kind
 *   1  u16  size of what follows, little-endian
 *   3  arguments, or bytes of a peer
 *
 * Any bytes are a script: a record that says more than there is ends with the input, and an argument that is missing is
 * 0. */
#ifndef FUZZ_INPUT_SCRIPT_H
#define FUZZ_INPUT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCRIPT_HEADER 3U

struct script {
    const uint8_t *at;
    size_t left;
};

struct script_record {
    uint8_t kind;
    const uint8_t *bytes;
    size_t size;
};

struct script script_of(const uint8_t *data, size_t size);
/* False: the script is over. */
bool script_next(struct script *script, struct script_record *record_out);
/* Take an argument off the front of a record (or of the script itself). */
uint8_t script_u8(struct script_record *record);
uint16_t script_u16(struct script_record *record);
uint32_t script_u32(struct script_record *record);
/* 0, or 2^n with n up to `bits` - 1: durations of all sizes in one byte. */
uint64_t script_power(struct script_record *record, uint32_t bits);

/* Appends a record; returns the new size, or `size` if there is no room. */
size_t
script_append(uint8_t *data, size_t size, size_t capacity, const struct script_record *record);

#endif
