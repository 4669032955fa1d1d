/* SPDX-License-Identifier: Apache-2.0 */
/* hosts.c -- a ferryd for each host of the scenario, in its namespace, with a folder of its own. */
#include "sim/lab/control.h"
#include "sim/lab/lab.h"
#include "sim/lab/relay.h"
#include "sim/lab/spawn.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define START_NS   15000000000
#define END_NS     5000000000
#define END_TRIES  500
#define COMMAND_NS 20000000000

static bool joined(const struct scenario_network *network, size_t host)
{
    for (size_t i = 0; i < network->host_count; i++) {
        if (network->hosts[i] == host) {
            return true;
        }
    }
    return false;
}

/* The networks that join two hosts, best first; of equal ones in the order of the file. */
static void write_peer(struct lab *lab, FILE *out, size_t host, size_t peer)
{
    const struct scenario *scenario = lab->scenario;
    bool used[LAB_NETWORKS_MAX] = {false};
    (void)fprintf(out, "  %s: [", lab->hosts[peer].name);
    for (size_t written = 0;; written++) {
        size_t best = SCENARIO_NONE;
        for (size_t i = 0; i < scenario->network_count; i++) {
            const struct scenario_network *network = &scenario->networks[i];
            if (!used[i] && joined(network, host) && joined(network, peer) &&
                (best == SCENARIO_NONE || network->priority < scenario->networks[best].priority)) {
                best = i;
            }
        }
        if (best == SCENARIO_NONE) {
            break;
        }
        used[best] = true;
        char address[64];
        lab_wires_address(lab, best, lab->relayed[best] ? SCENARIO_NONE : peer, address);
        (void)fprintf(out, "%s\"%s", written == 0 ? "" : ", ", address);
        if (lab->relayed[best]) {
            (void)fprintf(out, ":%u", lab_relay_port(host, peer));
        }
        (void)fputs("\"", out);
    }
    (void)fputs("]\n", out);
}

static bool write_config(struct lab *lab, size_t index)
{
    const struct lab_host *host = &lab->hosts[index];
    const struct scenario_host *spec = &lab->scenario->hosts[index];
    char path[PATH_MAX + 16];
    (void)snprintf(path, sizeof(path), "%s/ferryd.yaml", host->folder);
    FILE *out = fopen(path, "we");
    if (out == NULL) {
        return lab_fail(lab, "%s: %s", path, strerror(errno));
    }
    (void)fprintf(
        out,
        "# written by ferry-lab\n"
        "host: %s\nstate_dir: %s/state\nrun_dir: %s/run\nlog: info\nlisten: [\"0.0.0.0\"]\n",
        host->name,
        host->folder,
        host->folder);
    if (lab->options.unencrypted) {
        (void)fputs("unencrypted: i-know-what-i-do\n", out);
    } else {
        (void)fprintf(
            out,
            "tls: {certificate: %s/%s.pem, key: %s/%s.key, ca: %s/ca.pem}\n",
            lab->folder,
            host->name,
            lab->folder,
            host->name,
            lab->folder);
    }
    (void)fprintf(
        out,
        "limits: {guest_memory: %" PRIu64
        " B, streams: 64, migrations_in: 64, migrations_out: 64}\n",
        spec->memory);
    (void)fprintf(
        out,
        "timeouts: {silence: %" PRId64 " ms, connect: %" PRId64 " ms, reconnect: %" PRId64
        " ms, unknown_after: %" PRId64 " ms, orphan: %" PRId64 " ms}\n",
        spec->timeouts.silence / 1000000,
        spec->timeouts.connect / 1000000,
        spec->timeouts.reconnect / 1000000,
        spec->timeouts.unknown / 1000000,
        spec->timeouts.orphan / 1000000);
    (void)fprintf(out, "vmm: {program: %s/ferry-vmm}\npeers:\n", lab->options.programs);
    for (size_t peer = 0; peer < lab->scenario->host_count; peer++) {
        if (peer != index) {
            write_peer(lab, out, index, peer);
        }
    }
    return fclose(out) == 0 || lab_fail(lab, "%s: %s", path, strerror(errno));
}

static bool make_folders(struct lab *lab, size_t index)
{
    static const char *const parts[] = {"", "/state", "/run"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char path[PATH_MAX + 16];
        (void)snprintf(path, sizeof(path), "%s%s", lab->hosts[index].folder, parts[i]);
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            return lab_fail(lab, "%s: %s", path, strerror(errno));
        }
    }
    return true;
}

static bool certify(struct lab *lab)
{
    char program[PATH_MAX + 16];
    char said[LAB_TEXT_MAX];
    (void)snprintf(program, sizeof(program), "%s/ferry", lab->options.programs);
    if (!spawn_run(
            (const char *const[]){program, "cert", "ca", "-o", lab->folder, "lab", NULL},
            COMMAND_NS,
            said,
            sizeof(said))) {
        return lab_fail(lab, "no authority for certificates: %.300s", said);
    }
    for (size_t i = 0; i < lab->scenario->host_count; i++) {
        if (!spawn_run(
                (const char *const[]){
                    program,
                    "cert",
                    "host",
                    "--ca",
                    lab->folder,
                    "-o",
                    lab->folder,
                    lab->hosts[i].name,
                    NULL},
                COMMAND_NS,
                said,
                sizeof(said))) {
            return lab_fail(lab, "no certificate: %.300s", said);
        }
    }
    return true;
}

bool lab_hosts_prepare(struct lab *lab)
{
    for (size_t i = 0; i < lab->scenario->host_count; i++) {
        if (!make_folders(lab, i) || !write_config(lab, i)) {
            return false;
        }
    }
    return lab->options.unencrypted || certify(lab);
}

static void lab_host_mark(const struct lab *lab, size_t index, char mark[64])
{
    (void)snprintf(mark, 64, "%s/%zu", lab->tag, index);
}

bool lab_host_start(struct lab *lab, size_t index)
{
    char mark[64];
    struct lab_host *host = &lab->hosts[index];
    char program[PATH_MAX + 16];
    char config[PATH_MAX + 16];
    char log[PATH_MAX + 16];
    (void)snprintf(program, sizeof(program), "%s/ferryd", lab->options.programs);
    (void)snprintf(config, sizeof(config), "%s/ferryd.yaml", host->folder);
    (void)snprintf(log, sizeof(log), "%s/ferryd.log", host->folder);
    lab_host_mark(lab, index, mark);
    host->pid = spawn_start(
        host->space, mark, (const char *const[]){program, "--config", config, NULL}, log);
    const int64_t end = lab_now() + START_NS;
    while (host->pid > 0 && lab_now() < end && !lab_interrupted()) {
        host->calls = lab_control_open(host->socket);
        if (host->calls != NULL) {
            host->events = lab_control_open(host->socket);
            if (host->events != NULL && lab_control_send(host->events, "events", NULL)) {
                return true;
            }
            break;
        }
        if (spawn_wait(host->pid, 10000000)) {
            host->pid = 0;
            return lab_fail(lab, "the daemon of %s did not start: see %s", host->name, log);
        }
    }
    return lab_fail(lab, "the daemon of %s does not answer: see %s", host->name, log);
}

static void close_controls(struct lab_host *host)
{
    lab_control_close(host->calls);
    lab_control_close(host->events);
    host->calls = NULL;
    host->events = NULL;
}

void lab_host_kill_daemon(struct lab *lab, size_t index)
{
    struct lab_host *host = &lab->hosts[index];
    if (host->pid > 0) {
        kill(host->pid, SIGKILL);
        (void)spawn_wait(host->pid, END_NS);
        host->pid = 0;
    }
    close_controls(host);
}

/* The guests' processes of a host: whatever but its daemon carries the mark that the daemon was started
 * with. They left the daemon's session on purpose, so a dead daemon cannot tell. */
static size_t each_guest(const struct lab *lab, size_t index, int signal_number)
{
    char mark[64];
    lab_host_mark(lab, index, mark);
    return spawn_signal_marked(mark, lab->hosts[index].pid, signal_number);
}

void lab_host_kill_guests(struct lab *lab, size_t index)
{
    (void)each_guest(lab, index, SIGKILL);
}

void lab_host_freeze(struct lab *lab, size_t index, bool frozen)
{
    const struct lab_host *host = &lab->hosts[index];
    (void)each_guest(lab, index, frozen ? SIGSTOP : SIGCONT);
    if (host->pid > 0) {
        kill(host->pid, frozen ? SIGSTOP : SIGCONT);
    }
}

void lab_hosts_end(struct lab *lab)
{
    for (size_t i = 0; i < lab->scenario->host_count; i++) {
        struct lab_host *host = &lab->hosts[i];
        close_controls(host);
        if (host->pid > 0) {
            kill(host->pid, SIGCONT);
            spawn_end(host->pid, END_NS);
            host->pid = 0;
        }
        for (size_t tries = 0; each_guest(lab, i, SIGKILL) != 0 && tries < END_TRIES; tries++) {
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        }
    }
}
