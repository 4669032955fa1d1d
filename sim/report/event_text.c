/* SPDX-License-Identifier: Apache-2.0 */
/* event_text.c -- writes events as text. Nothing is left out of a line, see event_text.h. */
#include "sim/report/event_text.h"

#include "ferry/trace.h"
#include "sim/report/quantity_text.h"

#include <inttypes.h>
#include <string.h>

static const char *host_name(const struct scenario *scenario, uint32_t host)
{
    return host < scenario->host_count ? scenario->hosts[host].name : "-";
}

void event_write_line(FILE *out, const struct scenario *scenario, const struct sim_event *event)
{
    char seconds[QUANTITY_TEXT_SIZE];

    (void)fprintf(
        out,
        "%" PRIu64 " %s %s %s ",
        event->number,
        seconds_text(seconds, event->at_ns),
        sim_side_name(event->side),
        host_name(scenario, event->host));
    if (event->migration == SIM_RESULT_NONE) {
        (void)fputs("-", out);
    } else {
        (void)fprintf(out, "m%" PRIu32, event->migration);
    }
    (void)fprintf(out, " %s", event->kind);
    if (event->text != NULL) {
        (void)fprintf(out, " %s", event->text);
    }
    for (size_t i = 0; i < SIM_EVENT_FIELDS; i++) {
        if (event->field_name[i] != NULL) {
            (void)fprintf(out, " %s=%" PRId64, event->field_name[i], event->field[i]);
        }
    }
    (void)fprintf(out, " %016" PRIx64 "\n", event->hash);
}

/* Of a message its name, not its number. */
static bool names_message(const struct sim_event *event, size_t field)
{
    static const char *const kinds[] = {
        "MESSAGE_SENT", "MESSAGE_RECEIVED", "STALE_MESSAGE", "PROTOCOL_ERROR"};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(event->kind, kinds[i]) == 0) {
            return strcmp(event->field_name[field], "type") == 0;
        }
    }
    return false;
}

void event_write_short(char *buffer, size_t size, const struct sim_event *event)
{
    char seconds[QUANTITY_TEXT_SIZE];
    size_t used = 0;
    int wrote = snprintf(
        buffer,
        size,
        "%s %s%s%s",
        seconds_text(seconds, event->at_ns),
        event->kind,
        event->text == NULL ? "" : " ",
        event->text == NULL ? "" : event->text);

    for (size_t i = 0; wrote > 0 && i < SIM_EVENT_FIELDS; i++) {
        used += (size_t)wrote;
        if (used >= size || event->field_name[i] == NULL) {
            return;
        }
        if (names_message(event, i)) {
            wrote = snprintf(
                buffer + used, size - used, " %s", ferry_trace_message_name(event->field[i]));
        } else {
            wrote = snprintf(
                buffer + used, size - used, " %s=%" PRId64, event->field_name[i], event->field[i]);
        }
    }
}
