/* SPDX-License-Identifier: Apache-2.0 */
/* json_writer.c -- commas, escapes and exact decimals. */
#include "sim/report/json_writer.h"

#include "sim/report/quantity_text.h"
#include "sim/report/utf8.h"

#include <assert.h>
#include <inttypes.h>

struct json_writer json_writer_on(FILE *out)
{
    return (struct json_writer){.out = out};
}

/* What must stand before a value or a key. */
static void separate(struct json_writer *writer)
{
    if (writer->after_key) {
        writer->after_key = false;
        return;
    }
    if (writer->filled[writer->depth]) {
        (void)fputc(',', writer->out);
    }
    writer->filled[writer->depth] = true;
}

void writer_open(struct json_writer *writer, char bracket)
{
    separate(writer);
    assert(writer->depth + 1 < JSON_DEPTH_MAX);
    writer->depth++;
    writer->filled[writer->depth] = false;
    (void)fputc(bracket, writer->out);
}

void writer_close(struct json_writer *writer, char bracket)
{
    assert(writer->depth > 0);
    writer->depth--;
    (void)fputc(bracket, writer->out);
}

static void put_string(FILE *out, const char *text)
{
    (void)fputc('"', out);
    while (*text != '\0') {
        const uint32_t code = utf8_next(&text);

        if (code == '"' || code == '\\') {
            (void)fputc('\\', out);
            (void)fputc((int)code, out);
        } else if (code < 0x20 || code == 0x7f) {
            (void)fprintf(out, "\\u%04" PRIx32, code);
        } else {
            utf8_put(out, code);
        }
    }
    (void)fputc('"', out);
}

void writer_key(struct json_writer *writer, const char *key)
{
    separate(writer);
    put_string(writer->out, key);
    (void)fputc(':', writer->out);
    writer->after_key = true;
}

void writer_line(struct json_writer *writer)
{
    if (writer->filled[writer->depth]) {
        (void)fputc(',', writer->out);
        writer->filled[writer->depth] = false;
    }
    (void)fputc('\n', writer->out);
}

void writer_string(struct json_writer *writer, const char *text)
{
    separate(writer);
    put_string(writer->out, text);
}

void writer_unsigned(struct json_writer *writer, uint64_t value)
{
    separate(writer);
    (void)fprintf(writer->out, "%" PRIu64, value);
}

void writer_signed(struct json_writer *writer, int64_t value)
{
    separate(writer);
    (void)fprintf(writer->out, "%" PRId64, value);
}

void writer_hex(struct json_writer *writer, uint64_t value)
{
    separate(writer);
    (void)fprintf(writer->out, "\"%016" PRIx64 "\"", value);
}

void writer_bool(struct json_writer *writer, bool value)
{
    separate(writer);
    (void)fputs(value ? "true" : "false", writer->out);
}

void writer_null(struct json_writer *writer)
{
    separate(writer);
    (void)fputs("null", writer->out);
}

void writer_seconds(struct json_writer *writer, int64_t ns)
{
    char text[QUANTITY_TEXT_SIZE];

    separate(writer);
    (void)fputs(seconds_text(text, ns), writer->out);
}

void writer_microseconds(struct json_writer *writer, int64_t ns)
{
    char text[QUANTITY_TEXT_SIZE];

    separate(writer);
    (void)fputs(microseconds_text(text, ns), writer->out);
}

void writer_raw(struct json_writer *writer, const char *json)
{
    if (json[0] != '\0') {
        separate(writer);
        (void)fputs(json, writer->out);
    }
}

void writer_member_string(struct json_writer *writer, const char *key, const char *text)
{
    writer_key(writer, key);
    writer_string(writer, text);
}

void writer_member_unsigned(struct json_writer *writer, const char *key, uint64_t value)
{
    writer_key(writer, key);
    writer_unsigned(writer, value);
}

void writer_member_seconds(struct json_writer *writer, const char *key, int64_t ns)
{
    writer_key(writer, key);
    writer_seconds(writer, ns);
}
