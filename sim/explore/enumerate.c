/* SPDX-License-Identifier: Apache-2.0 */
/* enumerate.c -- which moves to try in a state, in a fixed order, and what they are called. Cheap
 * looks only: explore_move_apply() says whether a move is really possible. */
#include "sim/explore/moves.h"

#include <stdio.h>
#include <string.h>

struct list {
    explore_move *moves;
    unsigned count;
};

static void add(struct list *list, enum explore_move_kind kind, unsigned which)
{
    if (list->count < EXPLORE_MOVES_MAX) {
        list->moves[list->count] = MOVE_OF(kind, which);
        list->count++;
    }
}

static void add_ordinary(struct list *list, const struct explore_state *state)
{
    add(list, MOVE_CONNECT, 0);
    if (state->to_target[0] != 0) {
        add(list, MOVE_TO_TARGET, 0);
    }
    if (state->to_source[0] != 0) {
        add(list, MOVE_TO_SOURCE, 0);
    }
    add(list, MOVE_OPEN_ATTEMPT, 0);
    add(list, MOVE_PAUSED, 0);
    add(list, MOVE_SEND_ATTEMPT, 0);
    add(list, MOVE_LOADED, 0);
    add(list, MOVE_SOURCE_RESUMED, 0);
    add(list, MOVE_TARGET_RESUMED, 0);
    for (unsigned i = 0; i <= SOURCE_RECORD_CLAIMED; i++) {
        add(list, MOVE_SOURCE_DURABLE, i);
    }
    for (unsigned i = 0; i <= TARGET_RECORD_BURNED; i++) {
        add(list, MOVE_TARGET_DURABLE, i);
    }
    add(list, MOVE_SOURCE_UP, 0);
    add(list, MOVE_TARGET_UP, 0);
    for (unsigned i = 0; i < EXPLORE_LATE; i++) {
        if (state->late_to_target[i] != 0) {
            add(list, MOVE_LATE_TO_TARGET, i);
        }
        if (state->late_to_source[i] != 0) {
            add(list, MOVE_LATE_TO_SOURCE, i);
        }
    }
}

/* One move for each message that may come late, and one without any. */
static void add_losses(
    struct list *list,
    const struct explore_state *state,
    enum explore_move_kind kind,
    unsigned records)
{
    const bool shifted = kind != MOVE_LINK_LOST;
    const bool from_source = kind != MOVE_TARGET_CRASH && kind != MOVE_TARGET_DAEMON;
    const bool from_target = kind != MOVE_SOURCE_CRASH && kind != MOVE_SOURCE_DAEMON;
    add(list, kind, records);
    if (state->left.late == 0) {
        return;
    }
    for (unsigned i = 0; from_source && i < EXPLORE_QUEUE && state->to_target[i] != 0; i++) {
        add(list, kind, shifted ? records | (i + 1) << 2 : i + 1);
    }
    for (unsigned i = 0; from_target && i < EXPLORE_QUEUE && state->to_source[i] != 0; i++) {
        const unsigned survivor = EXPLORE_QUEUE + i + 1;
        add(list, kind, shifted ? records | survivor << 2 : survivor);
    }
}

static void add_faults(struct list *list, const struct explore_state *state)
{
    const struct explore_budget *left = &state->left;
    if (left->drops != 0 && state->t.link != LINK_DOWN) {
        add_losses(list, state, MOVE_LINK_LOST, 0);
    }
    if (left->duplicates != 0) {
        add(list, MOVE_DUPLICATE_TO_TARGET, 0);
        add(list, MOVE_DUPLICATE_TO_SOURCE, 0);
    }
    for (unsigned there = 0; there < 4; there++) {
        if (left->crashes != 0) {
            add_losses(list, state, MOVE_SOURCE_CRASH, there);
            add_losses(list, state, MOVE_TARGET_CRASH, there);
        }
        if (left->restarts != 0) {
            add_losses(list, state, MOVE_SOURCE_DAEMON, there);
            add_losses(list, state, MOVE_TARGET_DAEMON, there);
        }
    }
    for (unsigned i = 0; left->failed_writes != 0 && i <= SOURCE_RECORD_CLAIMED; i++) {
        add(list, MOVE_SOURCE_WRITE_FAILS, i);
        if (i <= TARGET_RECORD_BURNED) {
            add(list, MOVE_TARGET_WRITE_FAILS, i);
        }
    }
}

static void add_orders(struct list *list, const struct explore_state *state)
{
    static const enum explore_message to_target[] = {
        MESSAGE_ABORT, MESSAGE_GRANT, MESSAGE_BURN, MESSAGE_END_MOVED, MESSAGE_END_STAYED};
    static const enum explore_message to_source[] = {
        MESSAGE_READY, MESSAGE_STARTED, MESSAGE_ABORTED};
    const struct explore_budget *left = &state->left;
    if (left->timeouts != 0) {
        add(list, MOVE_GRANT_LATE, 0);
        add(list, MOVE_ABORT_ATTEMPT, 0);
        add(list, MOVE_GIVE_UP, 0);
        add(list, MOVE_TARGET_GIVES_UP, 0);
    }
    if (left->cancels != 0) {
        add(list, MOVE_CANCEL, 0);
    }
    if (left->reinstalls != 0) {
        add(list, MOVE_SOURCE_REINSTALLED, 0);
        add(list, MOVE_TARGET_REINSTALLED, 0);
    }
    if (left->claims != 0) {
        add(list, MOVE_SOURCE_CLAIM, 0);
        add(list, MOVE_TARGET_CLAIM, 0);
    }
    if (left->burns != 0) {
        add(list, MOVE_OPERATOR_BURN, 0);
    }
    for (unsigned i = 0; left->strays != 0 && i < sizeof to_target / sizeof to_target[0]; i++) {
        add(list, MOVE_STRAY_TO_TARGET, (unsigned)to_target[i]);
    }
    for (unsigned i = 0; left->strays != 0 && i < sizeof to_source / sizeof to_source[0]; i++) {
        add(list, MOVE_STRAY_TO_SOURCE, (unsigned)to_source[i]);
    }
}

/* clang-tidy does not see that the moves are written through the list. */
unsigned explore_moves(
    const struct explore_state *state,
    explore_move moves[static EXPLORE_MOVES_MAX]) // NOLINT(readability-non-const-parameter)
{
    struct list list = {.moves = moves};
    add_ordinary(&list, state);
    add_faults(&list, state);
    add_orders(&list, state);
    return list.count;
}

/* ---- words ---- */

static const char *source_record_name(unsigned record)
{
    return record == SOURCE_RECORD_GRANTED ? "GRANTED"
           : record == SOURCE_RECORD_ENDED ? "ENDED"
                                           : "CLAIMED";
}

static const char *target_record_name(unsigned record)
{
    return record == TARGET_RECORD_OWNER ? "OWNER" : "BURNED";
}

struct words {
    enum explore_column column;
    const char *text;
};

static const struct words words[MOVE_KINDS] = {
    [MOVE_NONE] = {COLUMN_SOURCE, "-"                                      },
    [MOVE_CONNECT] = {COLUMN_SOURCE, "connects"                               },
    [MOVE_OPEN_ATTEMPT] = {COLUMN_SOURCE, "opens an attempt"                       },
    [MOVE_PAUSED] = {COLUMN_SOURCE, "guest is paused"                        },
    [MOVE_SEND_ATTEMPT] = {COLUMN_SOURCE, "all pages and the state are sent"       },
    [MOVE_LOADED] = {COLUMN_TARGET, "device state is loaded"                 },
    [MOVE_SOURCE_RESUMED] = {COLUMN_SOURCE, "run call comes back"                    },
    [MOVE_TARGET_RESUMED] = {COLUMN_TARGET, "run call comes back"                    },
    [MOVE_SOURCE_UP] = {COLUMN_SOURCE, "starts again"                           },
    [MOVE_TARGET_UP] = {COLUMN_TARGET, "starts again"                           },
    [MOVE_GRANT_LATE] = {COLUMN_SOURCE, "write of GRANTED is late: given up"     },
    [MOVE_ABORT_ATTEMPT] = {COLUMN_SOURCE, "limit nearly missed: aborts"            },
    [MOVE_GIVE_UP] = {COLUMN_SOURCE, "no connection for long: gives up"       },
    [MOVE_TARGET_GIVES_UP] = {COLUMN_TARGET, "source gone for long: gives up"         },
    [MOVE_CANCEL] = {COLUMN_SOURCE, "operator cancels"                       },
    [MOVE_SOURCE_REINSTALLED] = {COLUMN_SOURCE, "host installed anew, journal lost"      },
    [MOVE_TARGET_REINSTALLED] = {COLUMN_TARGET, "host installed anew, journal lost"      },
    [MOVE_SOURCE_CLAIM] = {COLUMN_SOURCE, "operator fenced the target, claims here"},
    [MOVE_TARGET_CLAIM] = {COLUMN_TARGET, "operator fenced the source, claims here"},
    [MOVE_OPERATOR_BURN] = {COLUMN_TARGET, "operator burns the session"             },
};

static const char *late_text(unsigned survivor)
{
    return survivor == 0 ? "" : ", one comes late";
}

static void journal_text(char *text, const char *what, unsigned which, bool two)
{
    (void)snprintf(
        text,
        EXPLORE_MOVE_TEXT,
        "%s%s%s%s",
        what,
        (which & 1U) != 0 ? ", write is there" : "",
        two && (which & 2U) != 0 ? ", 2nd too" : "",
        late_text(which >> 2));
}

enum explore_column explore_move_text(
    const struct explore_state *state, explore_move move, char text[static EXPLORE_MOVE_TEXT])
{
    const unsigned which = MOVE_WHICH(move);
    const struct words *plain = &words[MOVE_KIND(move) < MOVE_KINDS ? MOVE_KIND(move) : MOVE_NONE];
    const char *verb = "";
    uint8_t message = MESSAGE_OF(which, 0);
    enum explore_column column = COLUMN_TARGET;
    switch ((int)MOVE_KIND(move)) {
    case MOVE_TO_TARGET: message = state->to_target[0]; break;
    case MOVE_TO_SOURCE:
        message = state->to_source[0];
        column = COLUMN_SOURCE;
        break;
    case MOVE_LATE_TO_TARGET:
        message = state->late_to_target[which & 1U];
        verb = "late ";
        break;
    case MOVE_LATE_TO_SOURCE:
        message = state->late_to_source[which & 1U];
        verb = "late ";
        column = COLUMN_SOURCE;
        break;
    case MOVE_DUPLICATE_TO_TARGET:
        message = state->to_target[0];
        verb = "will come twice: ";
        break;
    case MOVE_DUPLICATE_TO_SOURCE:
        message = state->to_source[0];
        verb = "will come twice: ";
        column = COLUMN_SOURCE;
        break;
    case MOVE_STRAY_TO_TARGET: verb = "of an earlier session: "; break;
    case MOVE_STRAY_TO_SOURCE:
        verb = "of an earlier session: ";
        column = COLUMN_SOURCE;
        break;
    case MOVE_LINK_LOST:
        (void)snprintf(text, EXPLORE_MOVE_TEXT, "connection lost%s", late_text(which));
        return COLUMN_SOURCE;
    case MOVE_SOURCE_CRASH: journal_text(text, "host crashes", which, true); return COLUMN_SOURCE;
    case MOVE_TARGET_CRASH: journal_text(text, "host crashes", which, false); return COLUMN_TARGET;
    case MOVE_SOURCE_DAEMON: journal_text(text, "daemon dies", which, true); return COLUMN_SOURCE;
    case MOVE_TARGET_DAEMON: journal_text(text, "daemon dies", which, false); return COLUMN_TARGET;
    case MOVE_SOURCE_DURABLE:
        (void)snprintf(text, EXPLORE_MOVE_TEXT, "%s is durable", source_record_name(which));
        return COLUMN_SOURCE;
    case MOVE_TARGET_DURABLE:
        (void)snprintf(text, EXPLORE_MOVE_TEXT, "%s is durable", target_record_name(which));
        return COLUMN_TARGET;
    case MOVE_SOURCE_WRITE_FAILS:
        (void)snprintf(text, EXPLORE_MOVE_TEXT, "write of %s fails", source_record_name(which));
        return COLUMN_SOURCE;
    case MOVE_TARGET_WRITE_FAILS:
        (void)snprintf(text, EXPLORE_MOVE_TEXT, "write of %s fails", target_record_name(which));
        return COLUMN_TARGET;
    default: (void)snprintf(text, EXPLORE_MOVE_TEXT, "%s", plain->text); return plain->column;
    }
    (void)snprintf(
        text,
        EXPLORE_MOVE_TEXT,
        "%s%s %u arrives",
        verb,
        explore_message_name(MESSAGE_KIND(message)),
        (unsigned)MESSAGE_ATTEMPT(message));
    return column;
}
