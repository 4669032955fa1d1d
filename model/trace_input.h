/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_input.h -- the bytes of a trace, from a file or from memory, unpacked on the way if they
 * are zstd.
 *
 * Which of the two it is shows in the first four bytes. Memory is bounded: two buffers and zstd's
 * window (at most 128 MiB, zstd's own limit for what it unpacks unasked).
 */
#ifndef MODEL_TRACE_INPUT_H
#define MODEL_TRACE_INPUT_H

#include <stddef.h>

#define MODEL_INPUT_END (-1) /* all has been read */
#define MODEL_INPUT_BROKEN \
    (-2) /* reading failed, or the compressed data is damaged or cut short \
          */

struct model_trace_input;

struct model_trace_input *
model_trace_input_open(const char *path); /* NULL: no such file, or no memory */
struct model_trace_input *model_trace_input_memory(const void *data, size_t size); /* borrowed */
void model_trace_input_close(struct model_trace_input *input);

/* The next byte, 0 to 255, or one of the above, which it stays. */
int model_trace_input_next(struct model_trace_input *input);

#endif
