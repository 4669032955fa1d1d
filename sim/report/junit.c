/* SPDX-License-Identifier: Apache-2.0 */
/* junit.c -- XML with everything escaped; what XML 1.0 cannot hold becomes U+FFFD. */
#include "sim/report/junit.h"

#include "sim/report/quantity_text.h"
#include "sim/report/utf8.h"

#include <inttypes.h>

static void put_code(FILE *out, uint32_t code)
{
    const bool control = code < 0x20 && code != '\t' && code != '\n' && code != '\r';

    switch (code) {
    case '&': (void)fputs("&amp;", out); return;
    case '<': (void)fputs("&lt;", out); return;
    case '>': (void)fputs("&gt;", out); return;
    case '"': (void)fputs("&quot;", out); return;
    case '\n':
    case '\t':
    case '\r': /* raw ones would be turned into blanks inside attributes */
        (void)fprintf(out, "&#%u;", (unsigned)code);
        return;
    default: break;
    }
    utf8_put(out, control || code == 0xfffe || code == 0xffff ? UTF8_REPLACEMENT : code);
}

static void put_escaped(FILE *out, const char *text)
{
    while (*text != '\0') {
        put_code(out, utf8_next(&text));
    }
}

/* Lines stay lines in element content. */
static void put_content(FILE *out, const char *text)
{
    while (*text != '\0') {
        const uint32_t code = utf8_next(&text);

        if (code == '\n') {
            (void)fputc('\n', out);
        } else {
            put_code(out, code);
        }
    }
}

static void put_attribute(FILE *out, const char *name, const char *value)
{
    (void)fprintf(out, " %s=\"", name);
    put_escaped(out, value);
    (void)fputc('"', out);
}

static void put_counts(FILE *out, const struct run_report *reports, size_t count)
{
    size_t failures = 0;
    size_t errors = 0;
    int64_t wall_ns = 0;
    char seconds[QUANTITY_TEXT_SIZE];

    for (size_t i = 0; i < count; i++) {
        failures += reports[i].summary.verdict == SIM_VERDICT_FAIL ? 1 : 0;
        errors += reports[i].summary.verdict == SIM_VERDICT_ERROR ? 1 : 0;
        wall_ns += reports[i].summary.wall_ns;
    }
    (void)fprintf(
        out,
        " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"%s\"",
        count,
        failures,
        errors,
        seconds_text(seconds, wall_ns));
}

static void put_failures(FILE *out, const struct run_report *report)
{
    const char *element = report->summary.verdict == SIM_VERDICT_ERROR ? "error" : "failure";
    const size_t count = report->failures == NULL ? 0 : report->failure_count;
    const struct report_failure *first = count > 0 ? &report->failures[0] : NULL;
    char seconds[QUANTITY_TEXT_SIZE];

    (void)fprintf(out, "      <%s", element);
    put_attribute(out, "type", first == NULL ? "error" : first->id);
    put_attribute(out, "message", first == NULL ? "no failure was named" : first->message);
    (void)fputs(">", out);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(
            out,
            "%s at %s s: ",
            report->failures[i].id,
            seconds_text(seconds, report->failures[i].at_ns));
        put_content(out, report->failures[i].message);
        (void)fputc('\n', out);
    }
    put_content(out, report->screen);
    (void)fprintf(out, "</%s>\n", element);
}

static void put_case(FILE *out, const struct run_report *report)
{
    char name[32];
    char seconds[QUANTITY_TEXT_SIZE];

    (void)snprintf(name, sizeof name, "seed %" PRIu64, report->seed);
    (void)fputs("    <testcase", out);
    put_attribute(out, "classname", report->file);
    (void)fputs(" name=\"", out);
    put_escaped(out, report->name);
    (void)fputs(", ", out);
    put_escaped(out, report->which == NULL ? name : report->which);
    (void)fputs("\"", out);
    put_attribute(out, "time", seconds_text(seconds, report->summary.wall_ns));
    if (report->summary.verdict == SIM_VERDICT_PASS) {
        (void)fputs("/>\n", out);
        return;
    }
    (void)fputs(">\n", out);
    put_failures(out, report);
    (void)fputs("    </testcase>\n", out);
}

void junit_document(FILE *out, const struct run_report *reports, size_t count)
{
    (void)fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", out);
    put_counts(out, reports, count);
    (void)fputs(">\n  <testsuite name=\"ferry-sim\"", out);
    put_counts(out, reports, count);
    (void)fputs(">\n", out);
    for (size_t i = 0; i < count; i++) {
        put_case(out, &reports[i]);
    }
    (void)fputs("  </testsuite>\n</testsuites>\n", out);
}
