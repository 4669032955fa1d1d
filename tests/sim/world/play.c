/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play.c -- see play.h.
 */
#include "play.h"

#define TEXT_MAX 8192U

static const char *or_none(const char *text)
{
    return text == NULL ? "" : text;
}

static void write_scenario(char *text, const struct play_options *o)
{
    const char *host_comma = o->hosts == NULL ? "" : ", ";
    const char *guest_comma = o->guest == NULL ? "" : ", ";
    const char *move_comma = o->move == NULL ? "" : ", ";
    const char *host = or_none(o->hosts);
    char move[256] = "";

    if (!o->no_move) {
        (void)snprintf(
            move,
            sizeof move,
            "  - {at: 1 s, move: g1, to: h2%s%s}\n",
            move_comma,
            or_none(o->move));
    }
    const int size = snprintf(
        text,
        TEXT_MAX,
        "version: 1\nname: play\n%s%s"
        "hosts:\n  h1: {memory: 1 GiB%s%s}\n  h2: {memory: 1 GiB%s%s}\n  h3: {memory: 1 GiB%s%s}\n"
        "networks:\n"
        "  a: {hosts: [h1, h2, h3], bandwidth: 10 Gbit/s, latency: 50 us, priority: 1}\n"
        "  b: {hosts: [h1, h2, h3], bandwidth: 1 Gbit/s, latency: 50 us, priority: 2}\n"
        "guests:\n  g1: {host: h1, memory: 16 MiB, workload: %s, "
        "clients: {rate: 1000 /s, timeout: 1 s}%s%s}\n%s"
        "%s%s%s%s%s",
        or_none(o->top),
        o->top == NULL ? "" : "\n",
        host_comma,
        host,
        host_comma,
        host,
        host_comma,
        host,
        o->workload == NULL ? "{kind: idle}" : o->workload,
        guest_comma,
        or_none(o->guest),
        or_none(o->guests),
        o->no_move && o->steps == NULL ? "" : "steps:\n",
        move,
        or_none(o->steps),
        o->faults == NULL ? "" : "faults:\n",
        or_none(o->faults));
    assert_in_range(size, 1, TEXT_MAX - 1);
}

struct play play_text(const char *text, uint64_t seed, bool timeline)
{
    struct play play = {0};
    struct scenario_errors errors = {0};

    if (scenario_load_text("play.yaml", text, strlen(text), &play.scenario, &errors) !=
        SCENARIO_OK) {
        fail_msg("%s", errors.count > 0 ? errors.items[0].message : "no scenario");
    }
    scenario_errors_free(&errors);
    struct sim_run_options options = sim_run_options_default(play.scenario);
    options.network = SIM_NETWORK_LIGHT;
    if (seed != 0) {
        options.seed = seed;
    }
    sim_result_init(&play.result, play.scenario, options.seed);
    FILE *log = open_memstream(&play.log, &play.log_size);
    assert_non_null(log);
    play.result.log = log;
    play.result.want_timeline = timeline;
    assert_int_equal(sim_run(play.scenario, &options, &play.result), 0);
    (void)fclose(log);
    play.result.log = NULL;
    sim_judge(&play.result);
    return play;
}

struct play play(const struct play_options *options)
{
    char text[TEXT_MAX];

    write_scenario(text, options);
    return play_text(text, options->seed, options->timeline);
}

void play_end(struct play *play)
{
    if (play->result.verdict == SIM_VERDICT_ERROR) {
        fail_msg("error: %s", play->result.failures[0].message);
    }
    sim_result_deinit(&play->result);
    scenario_free(play->scenario);
    free(play->log);
    *play = (struct play){0};
}

/* A word of the line begins and ends at blanks or at the line's ends. */
static bool has_word(const char *line, const char *end, const char *word)
{
    const size_t size = strlen(word);

    for (const char *at = strstr(line, word); at != NULL && at + size <= end;
         at = strstr(at + 1, word)) {
        const bool begins = at == line || at[-1] == ' ';
        const bool ends = at + size == end || at[size] == ' ';
        if (begins && ends) {
            return true;
        }
    }
    return false;
}

const char *play_line(const struct play *play, const char *from, const char *kind, const char *word)
{
    const char *line = play->log;

    if (from != NULL) {
        line = strchr(from, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    while (line != NULL && *line != '\0') {
        const char *end = strchr(line, '\n');
        if (end == NULL) {
            end = line + strlen(line);
        }
        if (has_word(line, end, kind) && (word == NULL || has_word(line, end, word))) {
            return line;
        }
        line = *end == '\0' ? NULL : end + 1;
    }
    return NULL;
}

unsigned play_count(const struct play *play, const char *kind, const char *word)
{
    unsigned count = 0;

    for (const char *line = play_line(play, NULL, kind, word); line != NULL;
         line = play_line(play, line, kind, word)) {
        count++;
    }
    return count;
}

int64_t play_time(const char *line)
{
    const char *second = strchr(line, ' ') + 1;
    char *point = NULL;
    const int64_t seconds = strtoll(second, &point, 10);

    assert_int_equal(*point, '.');
    return seconds * SECOND + strtoll(point + 1, NULL, 10);
}

bool play_failed(const struct play *play, const char *id)
{
    for (size_t i = 0; i < play->result.failure_count; i++) {
        if (strcmp(play->result.failures[i].id, id) == 0) {
            return true;
        }
    }
    return false;
}

void play_expect_pass(const struct play *play)
{
    if (play->result.failure_count > 0) {
        fail_msg("%s: %s", play->result.failures[0].id, play->result.failures[0].message);
    }
    assert_int_equal(play->result.verdict, SIM_VERDICT_PASS);
}
