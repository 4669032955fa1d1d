/* SPDX-License-Identifier: Apache-2.0 */
/* screen_json.c -- the screen of a run which did not pass, for machines; docs/json.md has the keys. */
#include "sim/report/concerned.h"
#include "sim/report/json_writer.h"
#include "sim/report/screen.h"

static void json_event(
    struct json_writer *writer, const struct scenario *scenario, const struct sim_event *event)
{
    writer_line(writer);
    writer_open(writer, '{');
    writer_member_unsigned(writer, "number", event->number);
    writer_member_seconds(writer, "at_s", event->at_ns);
    writer_member_string(writer, "side", sim_side_name(event->side));
    writer_key(writer, "host");
    if (event->host < scenario->host_count) {
        writer_string(writer, scenario->hosts[event->host].name);
    } else {
        writer_null(writer);
    }
    writer_member_string(writer, "kind", event->kind);
    writer_key(writer, "text");
    if (event->text != NULL) {
        writer_string(writer, event->text);
    } else {
        writer_null(writer);
    }
    writer_key(writer, "fields");
    writer_open(writer, '{');
    for (size_t i = 0; i < SIM_EVENT_FIELDS; i++) {
        if (event->field_name[i] != NULL) {
            writer_key(writer, event->field_name[i]);
            writer_signed(writer, event->field[i]);
        }
    }
    writer_close(writer, '}');
    writer_close(writer, '}');
}

void screen_json(FILE *out, const struct sim_result *result)
{
    struct json_writer writer = json_writer_on(out);
    const uint32_t index = concerned_migration(result);
    const struct sim_event *events[CONCERNED_EVENTS];

    (void)fputs(",\"screen\":", out);
    if (result->verdict == SIM_VERDICT_PASS) {
        (void)fputs("null", out);
        return;
    }
    const size_t count = concerned_events(result, index, events);

    writer_open(&writer, '{');
    writer_key(&writer, "migration");
    if (index == SIM_RESULT_NONE) {
        writer_null(&writer);
    } else {
        writer_unsigned(&writer, index);
    }
    writer_key(&writer, "blackout_began_s");
    if (index == SIM_RESULT_NONE || !sim_blackout_known(&result->migrations[index].outcome)) {
        writer_null(&writer);
    } else {
        writer_seconds(&writer, result->migrations[index].paused_at_ns);
    }
    writer_key(&writer, "events");
    writer_open(&writer, '[');
    for (size_t i = count; i > 0; i--) {
        json_event(&writer, result->scenario, events[i - 1]);
    }
    writer_close(&writer, ']');
    writer_close(&writer, '}');
}
