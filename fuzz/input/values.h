/* SPDX-License-Identifier: Apache-2.0 */
/* values.h -- control messages as values, made by an input: any message that may stand on the wire, and no other. */
#ifndef FUZZ_INPUT_VALUES_H
#define FUZZ_INPUT_VALUES_H

#include "fuzz/input/script.h"
#include "wire/message.h"

#include <stdbool.h>

/* Brings every field into its range by the message table. False: the fields contradict each other all the same. */
bool values_fit(struct wire_message *message);
/* A message of a type that the input chooses, all fields of it from the input. Borrowed bytes point into the input.
 * False: its fields contradict each other. */
bool values_message(struct script_record *input, struct wire_message *message_out);

#endif
