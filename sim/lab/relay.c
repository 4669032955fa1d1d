/* SPDX-License-Identifier: Apache-2.0 */
/* relay.c -- see relay.h: starts the process, holds its orders. */
#include "sim/lab/relay.h"

#include "sim/lab/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PORT_BASE 7000U

struct lab_relay {
    pid_t pid;
    struct lab_relay_orders *orders;
};

uint16_t lab_relay_port(size_t from, size_t to)
{
    return (uint16_t)(PORT_BASE + from * LAB_HOSTS_MAX + to);
}

struct lab_relay_way *lab_relay_way(struct lab *lab, size_t network, size_t from, size_t to)
{
    return &lab->relay->orders->way[network][from][to];
}

static void set_defaults(struct lab *lab)
{
    for (size_t i = 0; i < lab->scenario->network_count; i++) {
        const struct scenario_network *network = &lab->scenario->networks[i];
        for (size_t pair = 0; pair < LAB_PAIRS_MAX; pair++) {
            struct lab_relay_way *way =
                lab_relay_way(lab, i, pair / LAB_HOSTS_MAX, pair % LAB_HOSTS_MAX);
            atomic_store(&way->latency_ns, network->latency);
            atomic_store(&way->loss_ppm, network->loss_ppm);
        }
    }
}

bool lab_relay_start(struct lab *lab)
{
    bool wanted = false;
    for (size_t i = 0; i < lab->scenario->network_count; i++) {
        wanted = wanted || lab->relayed[i];
    }
    if (!wanted) {
        return true;
    }
    lab->relay = calloc(1, sizeof(*lab->relay));
    if (lab->relay == NULL) {
        return lab_fail(lab, "out of memory");
    }
    lab->relay->orders = mmap(
        NULL,
        sizeof(*lab->relay->orders),
        PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS,
        -1,
        0);
    if (lab->relay->orders == MAP_FAILED) {
        lab->relay->orders = NULL;
        return lab_fail(lab, "no memory for the relay: %s", strerror(errno));
    }
    set_defaults(lab);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0) {
        return lab_fail(lab, "the relay cannot be started: %s", strerror(errno));
    }
    if (pid == 0) {
        char hub[64];
        lab_wires_switch(lab, hub);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent && spawn_enter(hub)) {
            lab_relay_serve(lab, lab->relay->orders);
        }
        _exit(1);
    }
    lab->relay->pid = pid;
    return true;
}

void lab_relay_end(struct lab *lab)
{
    if (lab->relay == NULL) {
        return;
    }
    if (lab->relay->pid > 0) {
        kill(lab->relay->pid, SIGKILL);
        (void)spawn_wait(lab->relay->pid, 5000000000);
    }
    if (lab->relay->orders != NULL) {
        munmap(lab->relay->orders, sizeof(*lab->relay->orders));
    }
    free(lab->relay);
    lab->relay = NULL;
}
