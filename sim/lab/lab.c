/* SPDX-License-Identifier: Apache-2.0 */
/* lab.c -- one run from its first namespace to its last process, and what all parts use. */
#include "sim/lab/lab.h"

#include "sim/lab/relay.h"
#include "sim/lab/spawn.h"
#include "sim/report/judge.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void note_signal(int number)
{
    (void)number;
    interrupted = 1;
}

bool lab_interrupted(void)
{
    return interrupted != 0;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = note_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

bool lab_fail(struct lab *lab, const char *format, ...)
{
    if (lab->error[0] == '\0') {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(lab->error, sizeof(lab->error), format, arguments);
        va_end(arguments);
    }
    return false;
}

int64_t lab_now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

int64_t lab_elapsed(const struct lab *lab)
{
    return lab->zero_ns == 0 ? 0 : lab_now() - lab->zero_ns;
}

void lab_say(const struct lab *lab, const char *format, ...)
{
    if (!lab->options.verbose) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)fprintf(stderr, "%10.3f  ", (double)lab_elapsed(lab) / 1e9);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
}

static bool name_all(struct lab *lab)
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(lab->tag, sizeof(lab->tag), "fl%d", (int)getpid());
    (void)snprintf(
        lab->folder,
        sizeof(lab->folder),
        "%s/ferry-lab.XXXXXX",
        base == NULL || base[0] == '\0' ? "/tmp" : base);
    if (mkdtemp(lab->folder) == NULL) {
        return lab_fail(lab, "%s: %s", lab->folder, strerror(errno));
    }
    for (size_t i = 0; i < lab->scenario->host_count; i++) {
        struct lab_host *host = &lab->hosts[i];
        const char *name = lab->scenario->hosts[i].name;
        if (strlen(name) >= sizeof(host->name) ||
            strlen(lab->folder) + strlen(name) + sizeof("//run/ferryd.sock") > 100) {
            return lab_fail(lab, "the name of host %s is too long for the lab", name);
        }
        (void)snprintf(host->name, sizeof(host->name), "%s", name);
        (void)snprintf(host->space, sizeof(host->space), "%s-h%zu", lab->tag, i);
        (void)snprintf(host->folder, sizeof(host->folder), "%.60s/%.30s", lab->folder, name);
        (void)snprintf(host->socket, sizeof(host->socket), "%.100s/run/ferryd.sock", host->folder);
    }
    for (size_t i = 0; i < lab->scenario->network_count; i++) {
        lab->relayed[i] = lab_network_needs_relay(lab->scenario, i);
    }
    return true;
}

static void clean_up(struct lab *lab, bool keep)
{
    lab_hosts_end(lab);
    lab_relay_end(lab);
    lab_wires_remove(lab);
    if (lab->folder[0] == '\0' || strstr(lab->folder, "/ferry-lab.") == NULL) {
        return;
    }
    if (keep) {
        (void)fprintf(stderr, "logs and configurations are kept in %s\n", lab->folder);
        return;
    }
    char said[LAB_TEXT_MAX];
    (void)spawn_run(
        (const char *const[]){"rm", "-rf", "--one-file-system", lab->folder, NULL},
        60000000000,
        said,
        sizeof(said));
}

bool lab_run(
    const struct scenario *scenario, const struct lab_options *options, struct sim_result *result)
{
    struct lab *lab = calloc(1, sizeof(*lab));
    if (lab == NULL) {
        return false;
    }
    lab->scenario = scenario;
    lab->options = *options;
    lab->result = result;
    catch_signals();
    spawn_kill_stale();
    lab_wires_remove_stale();
    const int64_t begun = lab_now();
    bool played = name_all(lab) && lab_wires_lay(lab) && lab_wires_calibrate(lab) &&
                  lab_relay_start(lab) && lab_hosts_prepare(lab);
    for (size_t i = 0; played && i < scenario->host_count; i++) {
        played = lab_host_start(lab, i);
    }
    played = played && lab_play(lab);
    if (!played) {
        sim_result_error(result, lab_elapsed(lab), "%s", lab->error);
    }
    sim_judge(result);
    result->wall_ns = lab_now() - begun;
    clean_up(lab, options->keep || (result->verdict != SIM_VERDICT_PASS && !lab_interrupted()));
    free(lab);
    return played;
}
