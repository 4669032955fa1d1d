/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_input.c -- raw bytes come in blocks, from a file or from memory; text goes out byte by
 * byte.
 *
 *     file or memory --fetch--> raw --zstd, or as it is--> text --next--> parser
 */
#include "model/trace_input.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define BUFFER_SIZE ((size_t)65536)

static const uint8_t zstd_magic[4] = {0x28, 0xb5, 0x2f, 0xfd};

struct model_trace_input {
    FILE *file;            /* or: */
    const uint8_t *memory; /* not yet fetched */
    size_t memory_left;
    ZSTD_DStream *zstd;  /* NULL: plain text */
    bool frame_complete; /* between two frames, where the data may end; always so in plain text */
    int end;             /* 0, or how it ended */
    ZSTD_inBuffer raw;
    size_t text_at;
    size_t text_size;
    uint8_t raw_data[BUFFER_SIZE];
    uint8_t text[BUFFER_SIZE];
};

/* Refills raw, which is used up. false: reading failed. At the end of the data raw stays empty. */
static bool fetch(struct model_trace_input *input)
{
    size_t size = 0;
    if (input->file != NULL) {
        size = fread(input->raw_data, 1, BUFFER_SIZE, input->file);
        if (size == 0 && ferror(input->file) != 0) {
            return false;
        }
    } else {
        size = input->memory_left < BUFFER_SIZE ? input->memory_left : BUFFER_SIZE;
        if (size > 0) {
            memcpy(input->raw_data, input->memory, size);
            input->memory += size;
            input->memory_left -= size;
        }
    }
    input->raw = (ZSTD_inBuffer){.src = input->raw_data, .size = size, .pos = 0};
    return true;
}

static void copy_plain(struct model_trace_input *input)
{
    input->text_size = input->raw.size - input->raw.pos;
    memcpy(input->text, input->raw_data + input->raw.pos, input->text_size);
    input->raw.pos = input->raw.size;
}

/* More text. 0, or how it ended. */
static int refill_text(struct model_trace_input *input)
{
    input->text_at = 0;
    input->text_size = 0;
    while (input->text_size == 0) {
        if (input->raw.pos == input->raw.size && !fetch(input)) {
            return MODEL_INPUT_BROKEN;
        }
        bool over = input->raw.size == 0;
        if (over && input->frame_complete) {
            return MODEL_INPUT_END;
        }
        if (input->zstd == NULL) {
            copy_plain(input);
            continue;
        }
        /* Also when the raw data is over: zstd may still hold text of a frame that it has not
         * called complete. */
        ZSTD_outBuffer out = {.dst = input->text, .size = BUFFER_SIZE, .pos = 0};
        size_t left = ZSTD_decompressStream(input->zstd, &out, &input->raw);
        input->frame_complete = left == 0;
        input->text_size = out.pos;
        bool cut_short = over && out.pos == 0 && left != 0;
        if (ZSTD_isError(left) != 0 || cut_short) {
            return MODEL_INPUT_BROKEN;
        }
    }
    return 0;
}

/* Looks at the first bytes. false: no memory. A file that cannot be read (a folder) is one that is
 * broken. */
static bool begin(struct model_trace_input *input)
{
    input->frame_complete = true;
    if (!fetch(input)) {
        input->end = MODEL_INPUT_BROKEN;
        return true;
    }
    if (input->raw.size < sizeof(zstd_magic) ||
        memcmp(input->raw_data, zstd_magic, sizeof(zstd_magic)) != 0) {
        return true;
    }
    input->zstd = ZSTD_createDStream();
    return input->zstd != NULL;
}

static struct model_trace_input *begin_or_close(struct model_trace_input *input)
{
    if (!begin(input)) {
        model_trace_input_close(input);
        return NULL;
    }
    return input;
}

struct model_trace_input *model_trace_input_open(const char *path)
{
    struct model_trace_input *input = calloc(1, sizeof(*input));
    if (input == NULL) {
        return NULL;
    }
    input->file = fopen(path, "rb");
    if (input->file == NULL) {
        free(input);
        return NULL;
    }
    return begin_or_close(input);
}

struct model_trace_input *model_trace_input_memory(const void *data, size_t size)
{
    struct model_trace_input *input = calloc(1, sizeof(*input));
    if (input == NULL) {
        return NULL;
    }
    input->memory = data;
    input->memory_left = size;
    return begin_or_close(input);
}

void model_trace_input_close(struct model_trace_input *input)
{
    if (input == NULL) {
        return;
    }
    ZSTD_freeDStream(input->zstd);
    if (input->file != NULL) {
        (void)fclose(input->file);
    }
    free(input);
}

int model_trace_input_next(struct model_trace_input *input)
{
    if (input->text_at == input->text_size) {
        if (input->end == 0) {
            input->end = refill_text(input);
        }
        if (input->end != 0) {
            return input->end;
        }
    }
    return input->text[input->text_at++];
}
