/* SPDX-License-Identifier: Apache-2.0 */
/* pair_log.c -- the transcript: one line for each thing that either side does or becomes, with
 * names instead of numbers.
 *
 *   source    0.001200s  opening    -> OPEN
 *   target    0.002300s  preparing  persist SESSION
 *
 * What only repeats is left out: keep-alives, acknowledgements, barriers, rates; and a message is
 * shown where it is sent, unless it is lost. */
#include "support/pair_internal.h"

static void write_head(struct pair *pair, enum pair_side side, ferry_time_ns at, const char *state)
{
    fprintf(
        pair->options.log,
        "%s  %4lld.%06llds  %-9s  ",
        side == PAIR_SOURCE ? "source" : "target",
        (long long)(at / FERRY_SECOND),
        (long long)(at % FERRY_SECOND / 1000),
        state);
}

/* Batches that followed the one shown, and nothing else between them, are one line. */
void pair_log_flush(struct pair *pair)
{
    struct batch_run *run = &pair->batch_run;
    if (pair->options.log != NULL && run->more != 0) {
        write_head(pair, PAIR_SOURCE, run->at, run->state);
        fprintf(
            pair->options.log,
            "... and %u batches more, up to page %u\n",
            run->more,
            (unsigned)run->end_page - 1);
    }
    *run = (struct batch_run){0};
}

void pair_say(struct pair *pair, enum pair_side side, const char *format, ...)
{
    if (pair->options.log == NULL) {
        return;
    }
    pair_log_flush(pair);
    const char *state = side == PAIR_SOURCE ? ferry_source_state_name(pair_source_state(pair))
                                            : ferry_target_state_name(pair_target_state(pair));
    write_head(pair, side, pair->now, state);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(pair->options.log, format, arguments);
    va_end(arguments);
    fputc('\n', pair->options.log);
}

static void describe_batch(struct pair *pair, const struct ferry_batch *batch)
{
    if (batch->state_size != 0) {
        pair_say(pair, PAIR_SOURCE, "send the device state (batch %u)", (unsigned)batch->number);
        return;
    }
    struct batch_run *run = &pair->batch_run;
    if (run->open && batch->first_page >= run->end_page) {
        run->more++;
    } else {
        pair_say(
            pair,
            PAIR_SOURCE,
            "send pages %u-%u (batch %u)",
            (unsigned)batch->first_page,
            (unsigned)batch->end_page - 1,
            (unsigned)batch->number);
    }
    run->open = true;
    run->at = pair->now;
    run->state = ferry_source_state_name(pair_source_state(pair));
    run->end_page = batch->end_page;
}

void pair_describe(struct pair *pair, enum pair_side side, const struct ferry_action *action)
{
    switch (action->kind) {
    case FERRY_ACTION_SEND_CONTROL: /* said by the trace */
    case FERRY_ACTION_SET_RATE:
    case FERRY_ACTION_SEND_BARRIER:
    case FERRY_ACTION_RELEASE_ROUND:
    case FERRY_ACTION_FINISHED: /* said with its reason, in pair_world.c */ return;
    case FERRY_ACTION_SEND_BATCH: describe_batch(pair, &action->batch); return;
    case FERRY_ACTION_PERSIST:
        pair_say(pair, side, "persist %s", ferry_record_name(action->record_kind));
        return;
    case FERRY_ACTION_ATTACH:
        pair_say(
            pair,
            side,
            "attach %u over network %u, %u streams",
            action->attach,
            action->path,
            action->streams);
        return;
    case FERRY_ACTION_DETACH: pair_say(pair, side, "detach up to %u", action->attach); return;
    case FERRY_ACTION_COLLECT:
        pair_say(
            pair, side, "collect dirty pages%s", action->keep ? ", added to what is left" : "");
        return;
    case FERRY_ACTION_PROBE: pair_say(pair, side, "probe network %u", action->path); return;
    case FERRY_ACTION_PREPARE_GUEST: pair_say(pair, side, "prepare the guest's shell"); return;
    case FERRY_ACTION_STOP_LOGGING: pair_say(pair, side, "stop logging dirty pages"); return;
    case FERRY_ACTION_PAUSE: pair_say(pair, side, "PAUSE the guest"); return;
    case FERRY_ACTION_RESUME: pair_say(pair, side, "RUN the guest"); return;
    case FERRY_ACTION_THROTTLE: pair_say(pair, side, "throttle"); return;
    case FERRY_ACTION_CAPTURE_STATE: pair_say(pair, side, "capture the device state"); return;
    case FERRY_ACTION_LOAD_STATE: pair_say(pair, side, "load the device state"); return;
    case FERRY_ACTION_ANNOUNCE: pair_say(pair, side, "announce the guest"); return;
    case FERRY_ACTION_FREE_GUEST: pair_say(pair, side, "free this copy of the guest"); return;
    case FERRY_ACTION_FORGET_SESSION: pair_say(pair, side, "forget the session"); return;
    case FERRY_ACTION_CLOSED: pair_say(pair, side, "nothing is left to do"); return;
    }
}

static bool chatter(int64_t type)
{
    return type == WIRE_PING || type == WIRE_PONG || type == WIRE_ACK;
}

static const char *decision_name(int64_t decision)
{
    switch ((enum ferry_decision)decision) {
    case FERRY_DECIDE_CONTINUE: return "another round";
    case FERRY_DECIDE_SWITCH: return "switch over";
    case FERRY_DECIDE_GIVE_UP: return "give up";
    }
    return "?";
}

/* The events whose fields have names of their own. False: not one of these. */
static bool describe_known(struct pair *pair, enum pair_side side, const int64_t *field, int kind)
{
    switch (kind) {
    case FERRY_TRACE_MESSAGE_SENT:
        if (!chatter(field[0])) {
            pair_say(pair, side, "-> %s", wire_type_name((enum wire_type)field[0]));
        }
        return true;
    case FERRY_TRACE_MESSAGE_RECEIVED:
    case FERRY_TRACE_ROUND_ENDED:
    case FERRY_TRACE_GRANT_ISSUED: /* the persist line says it */
    case FERRY_TRACE_OWNER_ISSUED:
    case FERRY_TRACE_BURN_ISSUED:
    case FERRY_TRACE_OUTCOME: return true;
    case FERRY_TRACE_SOURCE_STATE:
        pair_say(pair, side, "now %s", ferry_source_state_name((enum ferry_source_state)field[1]));
        return true;
    case FERRY_TRACE_TARGET_STATE:
        pair_say(pair, side, "now %s", ferry_target_state_name((enum ferry_target_state)field[1]));
        return true;
    case FERRY_TRACE_ROUND_BEGUN:
        pair_say(pair, side, "round %d begins: %d pages to send", (int)field[0], (int)field[1]);
        return true;
    case FERRY_TRACE_GRANT_DURABLE: pair_say(pair, side, "GRANTED is durable"); return true;
    case FERRY_TRACE_OWNER_DURABLE: pair_say(pair, side, "OWNER is durable"); return true;
    case FERRY_TRACE_BURN_DURABLE: pair_say(pair, side, "BURNED is durable"); return true;
    case FERRY_TRACE_VERDICT:
        pair_say(
            pair,
            side,
            "verdict: %s (%s)",
            decision_name(field[0]),
            ferry_rule_name((enum ferry_rule)field[1]));
        return true;
    default: return false;
    }
}

static void describe_trouble(struct pair *pair, enum pair_side side, const int64_t *field, int kind)
{
    switch (kind) {
    case FERRY_TRACE_PROTOCOL_ERROR:
        pair_say(pair, side, "error: %s", ferry_status_name((enum ferry_status)field[0]));
        return;
    case FERRY_TRACE_LINK_DOWN:
        pair_say(
            pair,
            side,
            "attach %d is gone: %s",
            (int)field[0],
            ferry_status_name((enum ferry_status)field[2]));
        return;
    case FERRY_TRACE_LINK_UP: pair_say(pair, side, "attach %d carries", (int)field[0]); return;
    case FERRY_TRACE_ATTEMPT_OPENED: pair_say(pair, side, "attempt %d", (int)field[0]); return;
    case FERRY_TRACE_ATTEMPT_ABORTED:
        pair_say(
            pair,
            side,
            "attempt %d came to nothing: %s, paused for %lld us",
            (int)field[0],
            ferry_status_name((enum ferry_status)field[1]),
            (long long)(field[2] / 1000));
        return;
    case FERRY_TRACE_BATCHES_REQUEUED:
        pair_say(pair, side, "%d batches go out again", (int)field[0]);
        return;
    case FERRY_TRACE_COMMAND_REFUSED:
        pair_say(
            pair, side, "order refused: %s", ferry_event_name((enum ferry_event_kind)field[0]));
        return;
    case FERRY_TRACE_NO_CONVERGENCE: pair_say(pair, side, "warning: does not converge"); return;
    case FERRY_TRACE_STALE_MESSAGE: pair_say(pair, side, "an old message changes nothing"); return;
    default: return;
    }
}

void pair_trace(void *context, const struct ferry_trace_event *event)
{
    struct pair *pair = context;
    const enum pair_side side = event->target ? PAIR_TARGET : PAIR_SOURCE;
    pair->traces[event->kind]++;
    pair->last[event->kind] = *event;
    if (pair->options.log != NULL && !describe_known(pair, side, event->field, (int)event->kind)) {
        describe_trouble(pair, side, event->field, (int)event->kind);
    }
}
