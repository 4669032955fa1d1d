/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transcript.c -- a way through the handover as text: what the source's side does on the left, the
 * target's on the right, one numbered line for each move, below it what followed from it.
 *
 * The last column says where the guest is: `s` and `t` for the two hosts, upper case where it runs,
 * `-` where there is no process, `x` where it was killed.
 */
#include "sim/explore/handover_world.h"

#include <string.h>

#define WIDTH 44

static char letter(uint32_t process, char host)
{
    switch ((enum explore_process)process) {
    case PROCESS_NONE: return '-';
    case PROCESS_KILLED: return 'x';
    case PROCESS_PAUSED: return host;
    case PROCESS_RUNNING: return (char)(host - 'a' + 'A');
    }
    return '?';
}

static void put_line(FILE *out, const char *number, enum explore_column column, const char *text)
{
    const char *left = column == COLUMN_SOURCE ? text : "";
    const char *right = column == COLUMN_TARGET ? text : "";
    if (right[0] == '\0') {
        (void)fprintf(out, "%4s  %s", number, left);
    } else {
        (void)fprintf(out, "%4s  %-*s%s", number, WIDTH, left, right);
    }
}

static void put_move(FILE *out, unsigned number, struct explore_world *world, explore_move move)
{
    struct explore_notes notes = {0};
    char text[EXPLORE_MOVE_TEXT];
    char digits[12];
    const enum explore_column column = explore_move_text(world->state, move, text);
    world->notes = &notes;
    (void)explore_move_apply(world, move);
    world->notes = NULL;
    (void)snprintf(digits, sizeof digits, "%u", number);
    const char *left = column == COLUMN_SOURCE ? text : "";
    const char *right = column == COLUMN_TARGET ? text : "";
    (void)fprintf(
        out,
        "%4s  %-*s%-*s%c%c\n",
        digits,
        WIDTH,
        left,
        WIDTH,
        right,
        letter(world->state->s.process, 's'),
        letter(world->state->t.process, 't'));
    for (unsigned i = 0; i < notes.count; i++) {
        char indented[EXPLORE_NOTE_SIZE + 4];
        (void)snprintf(indented, sizeof indented, "    %s", notes.note[i].text);
        put_line(out, "", notes.note[i].column, indented);
        (void)fputc('\n', out);
    }
}

static bool is_of_an_end(enum explore_check check)
{
    return check >= CHECK_T1_TARGET_GONE_BEFORE_GRANT && check <= CHECK_L3_ENDS;
}

/* What breaks is an end: show both ways there. */
static void
put_ends(FILE *out, const struct explore_machine *machine, const struct explore_state *state)
{
    explore_move moves[48];
    for (int healed = 1; healed >= 0; healed--) {
        struct explore_state copy = *state;
        struct explore_world world = {.machine = machine, .state = &copy};
        const size_t count = explore_settle_moves(machine, state, healed != 0, moves, 48);
        if (healed == 0 && copy.t.link != LINK_DOWN) {
            explore_link_lose(&world, 0);
        }
        copy.left.timeouts = 7;
        (void)fprintf(
            out,
            healed != 0 ? "\n      From here, when all is healed:\n"
                        : "\n      From here, if the two never hear of each other again:\n");
        for (size_t i = 0; i < count; i++) {
            put_move(out, (unsigned)i + 1, &world, moves[i]);
        }
    }
}

void handover_world_transcript(
    FILE *out,
    const struct explore_options *options,
    const struct explore_machine *machine,
    const struct explore_result *result)
{
    const struct search_result *search = &result->search;
    struct explore_state state = handover_world_start(&options->budgets);
    struct explore_world world = {.machine = machine, .state = &state};
    if (search->broken == CHECK_NONE) {
        return;
    }
    (void)fprintf(
        out,
        "%s does not hold: %s.\nA shortest way there, %u moves:\n\n",
        explore_check_name(search->broken),
        explore_check_sentence(search->broken),
        search->path_length);
    (void)fprintf(out, "%4s  %-*s%-*s%s\n", "", WIDTH, "source", WIDTH, "target", "guest");
    (void)fprintf(
        out,
        "%4s  %-*s%-*s%s\n",
        "0",
        WIDTH,
        "the guest runs here, session durable",
        WIDTH,
        "receiving, session durable",
        "St");
    for (unsigned i = 0; i < search->path_length; i++) {
        put_move(out, i + 1, &world, search->path[i]);
    }
    if (is_of_an_end(search->broken)) {
        put_ends(out, machine, &state);
    }
}
