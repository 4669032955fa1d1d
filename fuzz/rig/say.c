/* SPDX-License-Identifier: Apache-2.0 */
/* say.c -- the transcript of a run: one line for each thing that happens, with its time and the state of the side to which
 * it happens. Costs nothing where nobody listens. */
#include "fuzz/rig/rig.h"
#include "wire/frame.h"

#include <inttypes.h>
#include <stdarg.h>

const char *rig_side_name(enum rig_side side)
{
    return side == RIG_SOURCE ? "source" : "target";
}

static const char *state_name(const struct rig *rig, enum rig_side side)
{
    if (side == RIG_SOURCE) {
        return rig->source == NULL ? "-" : ferry_source_state_name(ferry_source_state(rig->source));
    }
    return rig->target == NULL ? "-" : ferry_target_state_name(ferry_target_state(rig->target));
}

static void begin(const struct rig *rig, enum rig_side side)
{
    (void)fprintf(
        rig->options.log,
        "%s  %4" PRId64 ".%09" PRId64 "  %-10s ",
        rig_side_name(side),
        rig->now / FERRY_SECOND,
        rig->now % FERRY_SECOND,
        state_name(rig, side));
}

void rig_say(struct rig *rig, enum rig_side side, const char *format, ...)
{
    if (rig->options.log == NULL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    begin(rig, side);
    (void)vfprintf(rig->options.log, format, arguments);
    (void)fputc('\n', rig->options.log);
    va_end(arguments);
}

static void say_control(struct rig *rig, enum rig_side side, const struct ferry_action *action)
{
    const struct wire_frame frame = wire_frame_parse(action->bytes.data);
    rig_say(
        rig,
        side,
        "sends %s on attach %u, %zu bytes",
        action->bytes.size == FERRY_PREFACE_SIZE ? "the preface"
                                                 : wire_type_name((enum wire_type)frame.type),
        action->attach,
        action->bytes.size);
}

void rig_say_action(struct rig *rig, enum rig_side side, const struct ferry_action *action)
{
    if (rig->options.log == NULL) {
        return;
    }
    switch ((int)action->kind) {
    case FERRY_ACTION_SEND_CONTROL: say_control(rig, side, action); return;
    case FERRY_ACTION_PERSIST:
        rig_say(
            rig,
            side,
            "PERSIST %s attempt=%u epoch=%" PRIu64,
            ferry_record_name(action->record_kind),
            action->attempt,
            action->epoch);
        return;
    case FERRY_ACTION_SEND_BATCH:
        rig_say(
            rig,
            side,
            "SEND_BATCH %" PRIu64 " attach=%u stream=%u round=%u pages=[%" PRIu64 ",%" PRIu64
            ") state=%" PRIu64,
            action->batch.number,
            action->attach,
            action->stream,
            action->batch.round,
            action->batch.first_page,
            action->batch.end_page,
            action->batch.state_size);
        return;
    case FERRY_ACTION_FINISHED:
        rig_say(
            rig,
            side,
            "FINISHED %s: %s",
            ferry_outcome_name(action->outcome->kind),
            action->outcome->reason);
        return;
    default:
        rig_say(
            rig,
            side,
            "%s attach=%u round=%u attempt=%u",
            ferry_action_name(action->kind),
            action->attach,
            action->round,
            action->attempt);
        return;
    }
}
