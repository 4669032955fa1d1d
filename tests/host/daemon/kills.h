/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kills.h -- one kill -9 in one phase of a move, and what must hold afterwards; see kills.c.
 */
#ifndef FERRY_TEST_HOST_DAEMON_KILLS_H
#define FERRY_TEST_HOST_DAEMON_KILLS_H

#include <stdbool.h>

enum kill_phase {
    KILL_SETUP,    /* the target makes its session durable */
    KILL_FIRST,    /* round 0 is on its way */
    KILL_LATER,    /* a later round */
    KILL_PAUSED,   /* the guest stands, its pages are on their way */
    KILL_GRANTING, /* the target is ready, the grant is being written */
    KILL_OWNING,   /* GRANT was delivered, the ownership is being written */
    KILL_STARTED,  /* the guest runs at the target, the source has not closed */
    KILL_PHASES,
};

enum kill_victim {
    KILL_SOURCE_DAEMON,
    KILL_TARGET_DAEMON,
    KILL_SOURCE_GUEST, /* its process */
    KILL_TARGET_GUEST,
    KILL_CUT,      /* the network, for a moment */
    KILL_CUT_LONG, /* for longer than the migration waits */
    KILL_VICTIMS,
};

/* Runs the move, kills, heals, and asserts the truth table. */
void kills_run(enum kill_phase phase, enum kill_victim victim, bool tls);

#endif
