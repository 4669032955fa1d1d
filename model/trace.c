/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.c -- parser and writer of recorded dirty logs. Where the bytes come from is trace_input.c.
 *
 * The parser looks at one byte at a time and never holds a line, so that lines may be as long as
 * they like. Each function begins at the byte in `parser->byte` and ends at the first one that it
 * does not understand.
 */
#include "model/trace.h"

#include "model/trace_input.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS       INT64_C(1000000)
#define DEFAULT_PAGE    UINT64_C(4096)
#define PAGE_MIN        UINT64_C(4096)
#define PAGE_MAX        (UINT64_C(1) << 30)
#define HEADER_TEXT_MAX 256

struct parser {
    struct model_trace_input *input;
    int byte; /* MODEL_INPUT_END or MODEL_INPUT_BROKEN after the last */
    uint64_t line;
    bool has_nonzero;
    uint64_t nonzero_capacity;
    uint64_t run_capacity;
    uint64_t interval_capacity;
    struct model_trace *trace;
    struct model_trace_error *error;
};

__attribute__((format(printf, 2, 3))) static bool
fail(struct parser *parser, const char *format, ...)
{
    if (parser->error->text[0] == '\0') { /* the first cause is the one to tell */
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(parser->error->text, sizeof(parser->error->text), format, arguments);
        va_end(arguments);
        parser->error->line = parser->line;
    }
    return false;
}

static void next_byte(struct parser *parser)
{
    parser->byte = model_trace_input_next(parser->input);
}

/* Makes room for one more element. The array is at most `limit` long. */
static bool
grow(struct parser *parser, void **array, uint64_t *capacity, size_t size, uint64_t limit)
{
    if (*capacity >= limit) {
        return fail(parser, "the trace is too long");
    }
    uint64_t larger = *capacity == 0 ? 64 : *capacity * 2;
    larger = larger < limit ? larger : limit;
    void *moved = realloc(*array, (size_t)larger * size);
    if (moved == NULL) {
        return fail(parser, "out of memory");
    }
    *array = moved;
    *capacity = larger;
    return true;
}

static bool expect(struct parser *parser, char byte, const char *what)
{
    if (parser->byte == byte) {
        next_byte(parser);
        return true;
    }
    if (parser->byte == MODEL_INPUT_BROKEN) {
        return fail(parser, "it cannot be read, or its compressed data is damaged or cut short");
    }
    if (parser->byte == MODEL_INPUT_END) {
        return fail(parser, "the trace ends in the middle of a line");
    }
    return fail(parser, "expected %s", what);
}

/* Ends a line. */
static bool expect_end(struct parser *parser, const char *what)
{
    if (!expect(parser, '\n', what)) {
        return false;
    }
    parser->line++;
    return true;
}

static bool parse_number(struct parser *parser, const char *what, uint64_t max, uint64_t *value_out)
{
    uint64_t value = 0;
    if (parser->byte < '0' || parser->byte > '9') {
        return expect(parser, '0', what);
    }
    while (parser->byte >= '0' && parser->byte <= '9') {
        uint64_t digit = (uint64_t)(parser->byte - '0');
        if (value > (max - digit) / 10 || digit > max) {
            return fail(parser, "%s is over %" PRIu64, what, max);
        }
        value = value * 10 + digit;
        next_byte(parser);
    }
    *value_out = value;
    return true;
}

/* first+count, after all runs before it and not touching them. *end is where the run before ended,
 * and becomes where this one does. */
static bool
parse_run(struct parser *parser, bool first_of_line, uint64_t *end, struct model_trace_run *run_out)
{
    uint64_t pages = parser->trace->page_count;
    uint64_t first = 0;
    uint64_t count = 0;
    if (!parse_number(parser, "a page number", UINT32_MAX, &first) ||
        !expect(parser, '+', "'+' after a page number") ||
        !parse_number(parser, "a number of pages", UINT32_MAX, &count)) {
        return false;
    }
    if (count == 0) {
        return fail(parser, "a run has no pages");
    }
    if (first >= pages || count > pages - first) {
        return fail(
            parser,
            "run %" PRIu64 "+%" PRIu64 " lies outside of the memory of %" PRIu64 " pages",
            first,
            count,
            pages);
    }
    if (!first_of_line && first <= *end) {
        return fail(
            parser, "run %" PRIu64 "+%" PRIu64 " overlaps or touches the one before", first, count);
    }
    *end = first + count;
    *run_out = (struct model_trace_run){.first = (uint32_t)first, .count = (uint32_t)count};
    return true;
}

static bool is_power_of_two(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/* A decimal number that is all of the text. */
static bool whole_number(const char *text, uint64_t max, uint64_t *value_out)
{
    uint64_t value = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || value > (max - (uint64_t)(*at - '0')) / 10) {
            return false;
        }
        value = value * 10 + (uint64_t)(*at - '0');
    }
    *value_out = value;
    return text[0] != '\0';
}

static bool take_header(struct parser *parser, const char *key, const char *value)
{
    struct model_trace *trace = parser->trace;
    if (strcmp(key, "pages") == 0) {
        if (!whole_number(value, MODEL_TRACE_PAGES_MAX, &trace->page_count) ||
            trace->page_count == 0) {
            return fail(parser, "`pages` must be 1 to %" PRIu32, MODEL_TRACE_PAGES_MAX);
        }
    } else if (strcmp(key, "page") == 0) {
        if (!whole_number(value, PAGE_MAX, &trace->page_size) || trace->page_size < PAGE_MIN ||
            !is_power_of_two(trace->page_size)) {
            return fail(parser, "`page` must be a power of two from 4096 to 1073741824");
        }
    } else if (strcmp(key, "interval_ms") == 0) {
        if (!whole_number(value, (uint64_t)MODEL_TRACE_MS_MAX, &trace->interval_ms)) {
            return fail(parser, "`interval_ms` must be a whole number");
        }
    } else if (strcmp(key, "name") == 0) {
        (void)snprintf(
            trace->name, sizeof(trace->name), "%.*s", (int)sizeof(trace->name) - 1, value);
    }
    return true; /* other keys are for people */
}

/* "# key value", the '#' being read. */
static bool parse_header(struct parser *parser)
{
    char text[HEADER_TEXT_MAX];
    size_t length = 0;
    if (parser->has_nonzero) {
        return fail(parser, "a header line must come before `nonzero`");
    }
    if (!expect(parser, ' ', "a space after '#'")) {
        return false;
    }
    while (parser->byte != '\n' && parser->byte >= 0) {
        if (parser->byte < ' ' || parser->byte == 0x7f) {
            return fail(parser, "a header line contains a control character");
        }
        if (length + 1 == sizeof(text)) {
            return fail(parser, "a header line is over %d characters", HEADER_TEXT_MAX);
        }
        text[length] = (char)parser->byte;
        length++;
        next_byte(parser);
    }
    text[length] = '\0';
    char *space = strchr(text, ' ');
    char *value = text + length;
    if (space != NULL) {
        *space = '\0';
        value = space + 1;
    }
    return take_header(parser, text, value) && expect_end(parser, "the end of the line");
}

static bool parse_nonzero(struct parser *parser)
{
    struct model_trace *trace = parser->trace;
    for (const char *at = "nonzero"; *at != '\0'; at++) {
        if (!expect(parser, *at, "'#', `nonzero` or a time")) {
            return false;
        }
    }
    if (parser->has_nonzero) {
        return fail(parser, "`nonzero` is there twice");
    }
    if (trace->page_count == 0) {
        return fail(parser, "there is no `# pages` line before `nonzero`");
    }
    parser->has_nonzero = true;
    uint64_t end = 0;
    while (parser->byte == ' ') {
        next_byte(parser);
        void *array = trace->nonzero;
        if (trace->nonzero_count == parser->nonzero_capacity && !grow(
                                                                    parser,
                                                                    &array,
                                                                    &parser->nonzero_capacity,
                                                                    sizeof(*trace->nonzero),
                                                                    MODEL_TRACE_RUNS_MAX)) {
            return false;
        }
        trace->nonzero = array;
        struct model_trace_run *run = &trace->nonzero[trace->nonzero_count];
        if (!parse_run(parser, trace->nonzero_count == 0, &end, run)) {
            return false;
        }
        trace->nonzero_count++;
    }
    return expect_end(parser, "a run or the end of the line");
}

static bool add_interval(struct parser *parser, int64_t end_ns)
{
    struct model_trace *trace = parser->trace;
    void *array = trace->intervals;
    if (trace->interval_count == parser->interval_capacity && !grow(
                                                                  parser,
                                                                  &array,
                                                                  &parser->interval_capacity,
                                                                  sizeof(*trace->intervals),
                                                                  MODEL_TRACE_LINES_MAX)) {
        return false;
    }
    trace->intervals = array;
    trace->intervals[trace->interval_count] =
        (struct model_trace_interval){.end_ns = end_ns, .first_run = trace->run_count};
    trace->interval_count++;
    return true;
}

static bool parse_interval(struct parser *parser)
{
    struct model_trace *trace = parser->trace;
    uint64_t time_ms = 0;
    if (!parse_number(parser, "a time in ms", (uint64_t)MODEL_TRACE_MS_MAX, &time_ms)) {
        return false;
    }
    int64_t end_ns = (int64_t)time_ms * NS_PER_MS;
    int64_t before =
        trace->interval_count == 0 ? 0 : trace->intervals[trace->interval_count - 1].end_ns;
    if (!parser->has_nonzero) {
        return fail(parser, "`nonzero` must come before the first time");
    }
    if (end_ns <= before) {
        return fail(parser, "time %" PRIu64 " ms is not after the one before", time_ms);
    }
    if (!add_interval(parser, end_ns)) {
        return false;
    }
    struct model_trace_interval *interval = &trace->intervals[trace->interval_count - 1];
    uint64_t end = 0;
    while (parser->byte == ' ') {
        next_byte(parser);
        void *array = trace->runs;
        if (trace->run_count == parser->run_capacity && !grow(
                                                            parser,
                                                            &array,
                                                            &parser->run_capacity,
                                                            sizeof(*trace->runs),
                                                            MODEL_TRACE_RUNS_MAX)) {
            return false;
        }
        trace->runs = array;
        struct model_trace_run *run = &trace->runs[trace->run_count];
        if (!parse_run(parser, interval->run_count == 0, &end, run)) {
            return false;
        }
        trace->run_count++;
        interval->run_count++;
        interval->page_count += run->count;
    }
    return expect_end(parser, "a run or the end of the line");
}

static bool parse_all(struct parser *parser)
{
    next_byte(parser);
    while (parser->byte != MODEL_INPUT_END) {
        bool fine = false;
        if (parser->byte == '#') {
            next_byte(parser);
            fine = parse_header(parser);
        } else if (parser->byte >= '0' && parser->byte <= '9') {
            fine = parse_interval(parser);
        } else {
            fine = parse_nonzero(parser);
        }
        if (!fine) {
            return false;
        }
    }
    if (parser->trace->interval_count == 0) {
        parser->line = 0;
        return fail(parser, "the trace has no interval");
    }
    return true;
}

static struct model_trace *
parse_input(struct model_trace_input *input, struct model_trace_error *error_out)
{
    *error_out = (struct model_trace_error){0};
    if (input == NULL) {
        (void)snprintf(
            error_out->text, sizeof(error_out->text), "cannot be opened, or out of memory");
        return NULL;
    }
    struct model_trace *trace = calloc(1, sizeof(*trace));
    struct parser parser = {.input = input, .line = 1, .trace = trace, .error = error_out};
    bool fine = false;
    if (trace == NULL) {
        fail(&parser, "out of memory");
    } else {
        trace->page_size = DEFAULT_PAGE;
        fine = parse_all(&parser);
    }
    model_trace_input_close(input);
    if (!fine) {
        model_trace_destroy(trace);
        return NULL;
    }
    return trace;
}

struct model_trace *model_trace_load(const char *path, struct model_trace_error *error_out)
{
    return parse_input(model_trace_input_open(path), error_out);
}

struct model_trace *
model_trace_parse(const void *data, size_t size, struct model_trace_error *error_out)
{
    return parse_input(model_trace_input_memory(data, size), error_out);
}

void model_trace_destroy(struct model_trace *trace)
{
    if (trace != NULL) {
        free(trace->nonzero);
        free(trace->runs);
        free(trace->intervals);
        free(trace);
    }
}

static void write_runs(const struct model_trace_run *runs, uint64_t count, FILE *stream)
{
    for (uint64_t i = 0; i < count; i++) {
        (void)fprintf(stream, " %" PRIu32 "+%" PRIu32, runs[i].first, runs[i].count);
    }
    (void)fputc('\n', stream);
}

bool model_trace_write(const struct model_trace *trace, FILE *stream)
{
    (void)fprintf(stream, "# name %s\n# page %" PRIu64 "\n", trace->name, trace->page_size);
    (void)fprintf(stream, "# pages %" PRIu64 "\n", trace->page_count);
    (void)fprintf(stream, "# interval_ms %" PRIu64 "\nnonzero", trace->interval_ms);
    write_runs(trace->nonzero, trace->nonzero_count, stream);
    for (uint64_t i = 0; i < trace->interval_count; i++) {
        const struct model_trace_interval *interval = &trace->intervals[i];
        (void)fprintf(stream, "%" PRId64, interval->end_ns / NS_PER_MS);
        write_runs(trace->runs + interval->first_run, interval->run_count, stream);
    }
    return fflush(stream) == 0 && ferror(stream) == 0;
}
