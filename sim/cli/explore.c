/* SPDX-License-Identifier: Apache-2.0 */
/* explore.c -- `ferry-sim explore`: every interleaving of the handover within budgets. */
#include "sim/explore/explore.h"

#include "sim/cli/cli.h"
#include "sim/cli/output.h"
#include "sim/cli/pool.h"
#include "sim/cli/progress.h"
#include "sim/cli/run_options.h"
#include "sim/cli/subject.h"
#include "sim/report/json_writer.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>

/* The budgets' keys follow KEY_BUDGET in the order of their table. */
enum key { KEY_REGISTER = 0x100, KEY_STATES, KEY_FOR, KEY_JSON, KEY_BUDGET };

#define NS_PER_SECOND 1000000000
/* Some 40 bytes a state: before the memory of a small machine is full. */
#define STATES_DEFAULT 50000000U

struct asked {
    struct explore_options explore;
    struct output json;
};

/* clang-format off */
#define EXPLORE_OPTION(field, option, most, with_register, what)                             \
    {.name = (option),                                                                         \
     .key = KEY_BUDGET + (int)(offsetof(struct explore_budgets, field) / sizeof(unsigned)),  \
     .arg = "N",                                                                             \
     .doc = what " (0 to " #most ")"},
static const struct argp_option options[] = {
    EXPLORE_BUDGETS(EXPLORE_OPTION)
    {.name = "register", .key = KEY_REGISTER,
     .doc = "The cluster's ownership register in place of the source's journal"},
    {.name = "max-states", .key = KEY_STATES, .arg = "N", .doc = "Stop after so many states"},
    {.name = "for", .key = KEY_FOR, .arg = "TIME", .doc = "Stop after so long: 60s, 5min"},
    {.name = "json", .key = KEY_JSON, .arg = "FILE",
     .doc = "Write the result as JSON; docs/explore.md describes it"},
    {.name = NULL},
};
/* clang-format on */

static void
set_budget(struct asked *asked, size_t index, const char *argument, const struct argp_state *state)
{
    const struct explore_budget_item *item = &explore_budget_items[index];
    uint64_t number = 0;

    if (!run_parse_number(argument, &number) || number > item->most) {
        argp_error(
            state,
            "--%s %s: expected a whole number from 0 to %u",
            item->option,
            argument,
            item->most);
    }
    *explore_budget(&asked->explore.budgets, index) = (unsigned)number;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct asked *asked = state->input;

    if (key >= KEY_BUDGET && key < KEY_BUDGET + (int)EXPLORE_BUDGET_COUNT) {
        set_budget(asked, (size_t)(key - KEY_BUDGET), argument, state);
        return 0;
    }
    switch (key) {
    case KEY_REGISTER: asked->explore.use_register = true; return 0;
    case KEY_STATES:
        if (!run_parse_number(argument, &asked->explore.limits.states) ||
            asked->explore.limits.states == 0) {
            argp_error(state, "--max-states %s: expected a whole number from 1", argument);
        }
        return 0;
    case KEY_FOR: asked->explore.limits.time_ns = subject_time("--for", argument, state); return 0;
    case KEY_JSON:
        if (argument[0] == '\0') {
            argp_error(state, "--json: the name of the file is empty");
        }
        asked->json.path = argument;
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

const struct argp cli_explore_argp = {
    .options = options,
    .parser = parse_option,
    .doc = "Explore every interleaving of the handover within budgets, breadth first.\v"
           "Each option with a number is a budget: so many of these may happen, at any moment. The "
           "defaults are seen whole within half a minute. What is broken is shown as the shortest "
           "way there. The exit status is 0 if every check holds in all states that were seen, 1 "
           "if one is broken. FILE may be - for standard output; the report then goes to standard "
           "error.",
};

static int64_t clock_ns(void)
{
    struct timespec now = {.tv_sec = 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static void show_progress(void *context, uint64_t states, unsigned depth)
{
    FILE *terminal = context;

    (void)fprintf(terminal, "\r\033[K%" PRIu64 " states, depth %u", states, depth);
    (void)fflush(terminal);
}

/* The signals that end us are held: what has been seen is reported first. */
struct interruption {
    struct pool_signals signals;
    int number; /* 0: none came */
};

static bool is_interrupted(void *context)
{
    struct interruption *interruption = context;
    const struct timespec now = {.tv_sec = 0};
    const int number = sigtimedwait(&interruption->signals.watched, NULL, &now);

    if (number > 0 && number != SIGCHLD) {
        interruption->number = number;
    }
    return interruption->number != 0;
}

/* ---- JSON ---- */

static void write_budgets(struct json_writer *writer, struct explore_budgets budgets)
{
    writer_key(writer, "budgets");
    writer_open(writer, '{');
    for (size_t i = 0; i < EXPLORE_BUDGET_COUNT; i++) {
        writer_member_unsigned(
            writer, explore_budget_items[i].option, *explore_budget(&budgets, i));
    }
    writer_close(writer, '}');
}

static void write_judged(struct json_writer *writer, const struct explore_result *result)
{
    writer_key(writer, "judged");
    writer_open(writer, '[');
    for (int check = 0; check < CHECK_COUNT; check++) {
        if (result->rows[check] != 0) {
            writer_line(writer);
            writer_open(writer, '{');
            writer_member_string(writer, "id", explore_check_name((enum explore_check)check));
            writer_member_string(
                writer, "holds", explore_check_sentence((enum explore_check)check));
            writer_member_unsigned(writer, "states", result->rows[check]);
            writer_close(writer, '}');
        }
    }
    writer_close(writer, ']');
}

static void write_broken(struct json_writer *writer, const struct search_result *search)
{
    writer_key(writer, "broken");
    if (search->broken == CHECK_NONE) {
        writer_null(writer);
        return;
    }
    writer_open(writer, '{');
    writer_member_string(writer, "id", explore_check_name(search->broken));
    writer_member_string(writer, "holds", explore_check_sentence(search->broken));
    writer_member_unsigned(writer, "moves", search->path_length);
    writer_close(writer, '}');
}

static void
write_json(FILE *out, const struct explore_options *explore, const struct explore_result *result)
{
    struct json_writer writer = json_writer_on(out);
    const struct search_result *search = &result->search;

    writer_open(&writer, '{');
    writer_member_unsigned(&writer, "version", 1);
    writer_member_string(&writer, "explored", explore->use_register ? "register" : "journal");
    write_budgets(&writer, explore->budgets);
    writer_member_string(&writer, "end", search_stop_name(search->stop));
    writer_key(&writer, "complete");
    writer_bool(&writer, search->stop == SEARCH_ALL_SEEN);
    writer_key(&writer, "interrupted");
    writer_bool(&writer, search->stop == SEARCH_INTERRUPTED);
    writer_member_unsigned(&writer, "states", search->states);
    writer_member_unsigned(&writer, "moves", search->transitions);
    writer_member_unsigned(&writer, "depth", search->depth);
    writer_member_unsigned(&writer, "widest", search->widest);
    writer_member_unsigned(&writer, "crowded", result->crowded);
    writer_member_seconds(&writer, "wall_s", search->wall_ns);
    writer_member_unsigned(&writer, "bytes", search->bytes);
    write_broken(&writer, search);
    write_judged(&writer, result);
    writer_close(&writer, '}');
    (void)fputc('\n', out);
}

/* Returns the exit status. */
static int explore(struct asked *asked)
{
    const bool terminal = progress_possible(stderr);
    struct explore_result result;

    if (terminal) {
        asked->explore.limits.progress = show_progress;
        asked->explore.limits.progress_context = stderr;
    }
    explore_run(&asked->explore, &result);
    if (terminal) {
        progress_clear(stderr);
    }
    explore_report(output_is_stdout(&asked->json) ? stderr : stdout, &asked->explore, &result);
    (void)fflush(stdout); /* a signal may end us without another word */
    if (asked->json.path != NULL) {
        write_json(asked->json.stream, &asked->explore, &result);
    }
    if (!output_commit(&asked->json)) {
        return CLI_USAGE;
    }
    if (result.search.stop == SEARCH_NO_MEMORY) {
        cli_complain("explore: out of memory");
        return CLI_USAGE;
    }
    return result.search.broken == CHECK_NONE ? CLI_PASS : CLI_FAIL;
}

int cli_explore(const struct cli_call *call)
{
    struct interruption interruption = {.number = 0};
    struct asked asked = {
        .explore =
            {
                      .budgets = explore_budgets_default(),
                      .limits =
                    {
                        .states = STATES_DEFAULT,
                        .clock = clock_ns,
                        .interrupted = is_interrupted,
                        .interrupted_context = &interruption,
                    }, },
        .json.option = "--json",
    };
    int status = CLI_USAGE;

    (void)argp_parse(&cli_explore_argp, call->argc, call->argv, 0, NULL, &asked);
    pool_hold_signals(&interruption.signals);
    if (output_open(&asked.json)) {
        status = explore(&asked);
    }
    output_discard(&asked.json);
    pool_release_signals(&interruption.signals);
    if (interruption.number != 0) {
        (void)signal(interruption.number, SIG_DFL);
        (void)raise(interruption.number);
    }
    return status;
}
