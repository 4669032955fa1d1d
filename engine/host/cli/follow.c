/* SPDX-License-Identifier: Apache-2.0 */
/*
 * follow.c -- one connection with the call `wait` open, and a `status` once in a while, which draws
 * the bar and shows that the daemon is alive.
 *
 *     FOLLOWING --answer of wait--> told
 *         |  ^
 *         |  +--connected again, waits again--+
 *         +--daemon goes away--> GONE --------+--too long--> told: the move is the daemon's, and
 *         |                                                  goes on when it comes back
 *         +--Ctrl-C--> asks: cancel (and go on following, until the outcome), or leave it
 *
 * The move is the daemon's: whatever ends this command does not end it.
 */
#include "engine/host/cli/follow.h"

#include "engine/host/base/fd.h"
#include "engine/host/cli/bar.h"
#include "engine/host/cli/outcome.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TICK        (FERRY_SECOND / 4)
#define COME_BACK   (60 * FERRY_SECOND)
#define SESSION_MAX 40

struct follow {
    const struct cli_common *common;
    struct control_client *client;
    char session[SESSION_MAX];
    const char *guest;
    bool bar;
    uint64_t wait_id;
    uint64_t status_id; /* 0: none is open */
    uint64_t cancel_id;
    ferry_time_ns asked_at; /* the status call that is open */
    ferry_time_ns next_ask;
    int interrupts_seen;
    bool cancelled; /* the order was given */
    bool done;
    int status;
};

static volatile sig_atomic_t interrupts;

static void on_interrupt(int number)
{
    (void)number;
    interrupts++;
}

static void end(struct follow *follow, int status)
{
    follow->done = true;
    follow->status = status;
}

static void clear(const struct follow *follow)
{
    if (follow->bar) {
        bar_clear(stderr);
    }
}

static json_t *session_args(const struct follow *follow)
{
    return json_pack("{s:s}", "session", follow->session);
}

static void leave(struct follow *follow)
{
    clear(follow);
    (void)fprintf(
        stderr,
        "ferry: the move of %s goes on (session %.8s); ferry status --watch shows it\n",
        follow->guest,
        follow->session);
    end(follow, CLI_OK);
}

/* -- Ctrl-C ------------------------------------------------------------------------------------- */

enum wish { WISH_NOTHING, WISH_CANCEL, WISH_LEAVE };

static enum wish ask_user(const struct follow *follow)
{
    char line[16];

    if (isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0) {
        return follow->cancelled ? WISH_LEAVE : WISH_CANCEL;
    }
    (void)fprintf(
        stderr, "Cancel the move of %s? [y]es, [n]o, or [l]eave it to the daemon: ", follow->guest);
    (void)fflush(stderr);
    const int before = interrupts;

    if (fgets(line, sizeof line, stdin) == NULL) {
        clearerr(stdin);
        if (interrupts != before) {
            (void)fputc('\n', stderr);
        }
        return WISH_LEAVE;
    }
    switch (line[0]) {
    case 'y':
    case 'Y': return WISH_CANCEL;
    case 'l':
    case 'L': return WISH_LEAVE;
    default: return WISH_NOTHING;
    }
}

static void heed_interrupt(struct follow *follow)
{
    struct host_error error;

    clear(follow);
    const enum wish wish = ask_user(follow);

    follow->interrupts_seen = interrupts;
    if (wish == WISH_LEAVE) {
        leave(follow);
    } else if (wish == WISH_CANCEL && follow->client != NULL) {
        if (control_client_send(
                follow->client, "cancel", session_args(follow), &follow->cancel_id, &error) ==
            HOST_OK) {
            follow->cancelled = true;
            (void)fputs("ferry: cancelling\n", stderr);
        }
    }
}

/* -- the daemon --------------------------------------------------------------------------------- */

static enum host_code begin_wait(struct follow *follow, struct host_error *error)
{
    follow->status_id = 0;
    follow->cancel_id = 0;
    follow->next_ask = host_now();
    return control_client_send(
        follow->client, "wait", session_args(follow), &follow->wait_id, error);
}

/* The daemon went away: it may be restarted, and finds its sessions again. */
static void come_back(struct follow *follow, const struct host_error *why)
{
    const struct timespec pause = {.tv_nsec = 300000000};
    const ferry_time_ns until = host_now() + COME_BACK;
    struct host_error error = *why;

    control_client_destroy(follow->client);
    follow->client = NULL;
    clear(follow);
    (void)fprintf(stderr, "ferry: %s; waiting for it to come back\n", why->text);
    while (host_now() < until && interrupts == follow->interrupts_seen) {
        if (control_client_connect(follow->common->socket, FERRY_SECOND, &follow->client, &error) ==
            HOST_OK) {
            if (begin_wait(follow, &error) == HOST_OK) {
                return;
            }
            control_client_destroy(follow->client);
            follow->client = NULL;
        }
        (void)nanosleep(&pause, NULL);
    }
    host_error_step(
        &error,
        "start ferryd again: it carries the move on, or ends it; then ferry session show %.8s",
        follow->session);
    (void)ask_tell(
        follow->common, &error, "not known here: as long as ferryd is away nobody else starts it");
    end(follow, CLI_UNREACHABLE);
}

static void take_message(struct follow *follow, struct control_message *message)
{
    if (message->id == follow->wait_id && message->error.code == HOST_CLOSED) {
        come_back(follow, &message->error); /* it is being stopped, and says so first */
    } else if (message->id == follow->wait_id) {
        clear(follow);
        if (message->error.code != HOST_OK) {
            end(follow, ask_tell(follow->common, &message->error, message->guest_state));
            return;
        }
        end(follow, outcome_tell(follow->common, json_incref(message->result)));
    } else if (message->id == follow->status_id) {
        const json_t *move = json_array_get(json_object_get(message->result, "moves"), 0);
        char text[BAR_TEXT_MAX];

        follow->status_id = 0;
        if (follow->bar && move != NULL) {
            bar_format(move, text);
            bar_write(stderr, text);
        }
    } else if (message->id == follow->cancel_id && message->error.code != HOST_OK) {
        clear(follow);
        (void)fprintf(stderr, "ferry: not cancelled: %s\n", message->error.text);
    }
}

static void ask_status(struct follow *follow)
{
    struct host_error error;
    const ferry_time_ns now = host_now();

    if (follow->status_id != 0 || now < follow->next_ask) {
        return;
    }
    follow->asked_at = now;
    follow->next_ask = now + (follow->bar ? TICK : FERRY_SECOND);
    if (control_client_send(
            follow->client, "status", session_args(follow), &follow->status_id, &error) !=
        HOST_OK) {
        follow->status_id = 0; /* that the daemon is gone shows at the next reading */
    }
}

static void take_next(struct follow *follow)
{
    struct control_message message;
    struct host_error error;
    const enum host_code code =
        control_client_next(follow->client, host_now() + TICK, &message, &error);

    if (code == HOST_OK) {
        take_message(follow, &message);
        control_message_release(&message);
    } else if (code == HOST_TIMEOUT) {
        if (follow->status_id != 0 && host_now() - follow->asked_at > ASK_LIMIT) {
            clear(follow);
            end(follow, ask_tell(follow->common, &error, NULL));
        }
    } else if (code != HOST_CANCELLED) {
        come_back(follow, &error);
    }
}

static void catch_interrupts(void)
{
    struct sigaction action = {
        .sa_handler = on_interrupt}; /* calls are interrupted: no SA_RESTART */

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
}

int follow_move(
    const struct cli_common *common,
    struct control_client *client,
    const char *session,
    const char *guest)
{
    struct follow follow = {
        .common = common,
        .client = client,
        .guest = guest,
        .bar = bar_possible(stderr),
    };
    struct host_error error;

    (void)snprintf(follow.session, sizeof follow.session, "%s", session);
    catch_interrupts();
    if (begin_wait(&follow, &error) != HOST_OK) {
        come_back(&follow, &error);
    }
    while (!follow.done) {
        if (interrupts != follow.interrupts_seen) {
            heed_interrupt(&follow);
        } else {
            ask_status(&follow);
            take_next(&follow);
        }
    }
    control_client_destroy(follow.client);
    return follow.status;
}
