/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wires.c -- the networks of a scenario out of namespaces, bridges and virtual cables.
 *
 *     namespace fl42-h0        namespace fl42-sw         namespace fl42-h1
 *       net0 10.213.0.1 ------ p0h0 [br0 .254] p0h1 ------ net0 10.213.0.2
 *       net1 10.213.1.1 ------ p1h0 [br1 .254] p1h1 ------ net1 10.213.1.2
 *
 * A token bucket at each end of each cable makes the bandwidth: the host's end what it sends, the
 * switch's end what it receives. Nothing is added to the machine's own network.
 */
#include "sim/lab/lab.h"
#include "sim/lab/spawn.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND_NS 10000000000
#define WORDS_MAX  24U

/* Frames of the virtual cable, and what of them is a stream's own: TCP with time stamps over IPv4. */
#define MTU           1500U
#define FRAME_BYTES   (MTU + 14U)
#define SEGMENT_BYTES (MTU - 20U - 32U)
/* A TLS 1.3 record: header, type, tag, for up to 16 KiB. */
#define RECORD_BYTES 16384U
#define RECORD_EXTRA 22U
/* A queue longer than this at the bucket would be latency that the scenario does not have. */
#define QUEUE_MS    8U
#define BURST_BYTES (128U << 10)

uint64_t lab_wires_tbf_rate(uint64_t goodput_bits, bool encrypted)
{
    uint64_t rate = goodput_bits / SEGMENT_BYTES * FRAME_BYTES;
    if (encrypted) {
        rate = rate / RECORD_BYTES * (RECORD_BYTES + RECORD_EXTRA);
    }
    return rate < 8000 ? 8000 : rate;
}

static bool command(struct lab *lab, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Words are separated by blanks; none has one inside. */
static bool command(struct lab *lab, const char *format, ...)
{
    char line[LAB_TEXT_MAX];
    char said[LAB_TEXT_MAX];
    const char *words[WORDS_MAX + 1] = {NULL};
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    char whole[LAB_TEXT_MAX];
    (void)snprintf(whole, sizeof(whole), "%s", line);
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(line, " ", &rest); word != NULL && count < WORDS_MAX;
         word = strtok_r(NULL, " ", &rest)) {
        words[count++] = word;
    }
    if (spawn_run(words, COMMAND_NS, said, sizeof(said))) {
        return true;
    }
    return lab_fail(lab, "`%.200s` failed: %.200s", whole, said);
}

void lab_wires_switch(const struct lab *lab, char text[64])
{
    (void)snprintf(text, 64, "%s-sw", lab->tag);
}

void lab_wires_address(const struct lab *lab, size_t network, size_t host, char text[64])
{
    (void)lab;
    if (host == SCENARIO_NONE) {
        (void)snprintf(text, 64, "10.213.%zu.254", network);
    } else {
        (void)snprintf(text, 64, "10.213.%zu.%zu", network, host + 1);
    }
}

static bool
set_bucket(struct lab *lab, const char *space, const char *device, double factor, uint64_t bits)
{
    const uint64_t rate =
        (uint64_t)((double)lab_wires_tbf_rate(bits, !lab->options.unencrypted) * factor);
    uint64_t queue = rate / 8 / 1000 * QUEUE_MS;
    queue = queue < 2ULL * BURST_BYTES ? 2ULL * BURST_BYTES : queue;
    return command(
        lab,
        "ip netns exec %s tc qdisc %s dev %s root tbf rate %" PRIu64 "bit burst %u limit %" PRIu64,
        space,
        "replace",
        device,
        rate,
        BURST_BYTES,
        queue);
}

static bool plug(struct lab *lab, size_t network, size_t host)
{
    const struct scenario_network *spec = &lab->scenario->networks[network];
    const char *space = lab->hosts[host].space;
    char hub[64];
    char port[64];
    char device[64];
    char address[64];
    lab_wires_switch(lab, hub);
    (void)snprintf(port, sizeof(port), "p%zuh%zu", network, host);
    (void)snprintf(device, sizeof(device), "net%zu", network);
    lab_wires_address(lab, network, host, address);
    bool laid = command(
                    lab,
                    "ip -n %s link add %s mtu %u type veth peer name %s mtu %u netns %s",
                    hub,
                    port,
                    MTU,
                    device,
                    MTU,
                    space) &&
                command(lab, "ip -n %s link set %s master br%zu up", hub, port, network) &&
                command(lab, "ip -n %s address add %s/24 dev %s", space, address, device) &&
                command(lab, "ip -n %s link set %s up", space, device);
    if (laid && spec->bandwidth < LAB_BANDWIDTH_MAX) {
        laid = set_bucket(lab, space, device, 1.0, spec->bandwidth) &&
               set_bucket(lab, hub, port, 1.0, spec->bandwidth);
    }
    return laid;
}

static bool lay_network(struct lab *lab, size_t network)
{
    const struct scenario_network *spec = &lab->scenario->networks[network];
    char hub[64];
    char address[64];
    lab_wires_switch(lab, hub);
    lab_wires_address(lab, network, SCENARIO_NONE, address);
    if (!command(lab, "ip -n %s link add br%zu type bridge forward_delay 0", hub, network) ||
        !command(lab, "ip -n %s address add %s/24 dev br%zu", hub, address, network) ||
        !command(lab, "ip -n %s link set br%zu up", hub, network)) {
        return false;
    }
    for (size_t i = 0; i < spec->host_count; i++) {
        if (!plug(lab, network, spec->hosts[i])) {
            return false;
        }
    }
    return true;
}

bool lab_wires_lay(struct lab *lab)
{
    char hub[64];
    lab_wires_switch(lab, hub);
    if (!command(lab, "ip netns add %s", hub) || !command(lab, "ip -n %s link set lo up", hub)) {
        return false;
    }
    for (size_t i = 0; i < lab->scenario->host_count; i++) {
        if (!command(lab, "ip netns add %s", lab->hosts[i].space) ||
            !command(lab, "ip -n %s link set lo up", lab->hosts[i].space)) {
            return false;
        }
    }
    for (size_t i = 0; i < lab->scenario->network_count; i++) {
        if (!lay_network(lab, i)) {
            return false;
        }
    }
    return true;
}

static void remove_space(const char *name)
{
    char said[LAB_TEXT_MAX];
    (void)spawn_run(
        (const char *const[]){"ip", "netns", "delete", name, NULL}, COMMAND_NS, said, sizeof(said));
}

/* Cables and addresses go with their namespaces. */
void lab_wires_remove(struct lab *lab)
{
    char hub[64];
    char path[128];
    lab_wires_switch(lab, hub);
    for (size_t i = 0; i < lab->scenario->host_count; i++) {
        (void)snprintf(path, sizeof(path), "/run/netns/%s", lab->hosts[i].space);
        if (access(path, F_OK) == 0) {
            remove_space(lab->hosts[i].space);
        }
    }
    (void)snprintf(path, sizeof(path), "/run/netns/%s", hub);
    if (access(path, F_OK) == 0) {
        remove_space(hub);
    }
}

/* Namespaces of labs whose process is gone. */
void lab_wires_remove_stale(void)
{
    DIR *folder = opendir("/run/netns");
    if (folder == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char *end = NULL;
        if (strncmp(entry->d_name, "fl", 2) != 0) {
            continue;
        }
        const long pid = strtol(entry->d_name + 2, &end, 10);
        if (pid > 1 && end != NULL && *end == '-' && kill((pid_t)pid, 0) != 0 && errno == ESRCH) {
            remove_space(entry->d_name);
        }
    }
    closedir(folder);
}

bool lab_wires_set_bandwidth(struct lab *lab, size_t network, uint64_t bits_per_second)
{
    const struct scenario_network *spec = &lab->scenario->networks[network];
    char hub[64];
    lab_wires_switch(lab, hub);
    for (size_t i = 0; i < spec->host_count; i++) {
        char device[64];
        char port[64];
        (void)snprintf(device, sizeof(device), "net%zu", network);
        (void)snprintf(port, sizeof(port), "p%zuh%zu", network, spec->hosts[i]);
        if (!set_bucket(
                lab,
                lab->hosts[spec->hosts[i]].space,
                device,
                lab->factor[network],
                bits_per_second) ||
            !set_bucket(lab, hub, port, lab->factor[network], bits_per_second)) {
            return false;
        }
    }
    return true;
}

static bool set_port(struct lab *lab, size_t network, size_t host, bool up)
{
    char hub[64];
    lab_wires_switch(lab, hub);
    return command(lab, "ip -n %s link set p%zuh%zu %s", hub, network, host, up ? "up" : "down");
}

bool lab_wires_set_up(struct lab *lab, size_t network, bool up)
{
    const struct scenario_network *spec = &lab->scenario->networks[network];
    for (size_t i = 0; i < spec->host_count; i++) {
        if (!set_port(lab, network, spec->hosts[i], up)) {
            return false;
        }
    }
    return true;
}

bool lab_wires_host_up(struct lab *lab, size_t host, bool up)
{
    for (size_t i = 0; i < lab->scenario->network_count; i++) {
        const struct scenario_network *spec = &lab->scenario->networks[i];
        for (size_t k = 0; k < spec->host_count; k++) {
            if (spec->hosts[k] == host && !set_port(lab, i, host, up)) {
                return false;
            }
        }
    }
    return true;
}
