/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kills.c -- brings a move into a phase, takes something away, heals it, and looks at what became.
 *
 * No phase is met by luck: a cap on the bandwidth makes rounds last for seconds, and a disk that
 * waits (hold.c) stops one side between the writing of a record and its durability.
 *
 *                    source daemon   target daemon   source's guest   target's guest   network
 *   set-up .. paused runs on h1      runs on h1*     dead, or on h2   runs on h1       a moment: moves;
 *                                                    when all of it                     long: h1
 *                                                    is in hand
 *   granting         one of them     one of them     runs on h2       h1, or dead      one of them
 *   owning, started  runs on h2      one of them     runs on h2       dead on h2       runs on h2
 *
 *   * in the set-up: killed before its record is there, it knows nothing, and takes the guest.
 */
#include "tests/host/daemon/kills.h"

#include "engine/host/base/fd.h"
#include "tests/host/daemon/cluster.h"
#include "tests/host/daemon/relay.h"
#include "tests/host/support/check.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define CAP 16000000

struct scene {
    struct cluster *cluster;
    struct node *h1;
    struct node *h2;
    struct relay *relay;
    char session[33];
    enum kill_phase phase;
    enum kill_victim victim;
};

/* ---- into the phase ---- */

static void begin_slow(struct scene *scene, const char *mode)
{
    const bool live = strcmp(mode, "precopy") == 0;
    json_t *limit = live ? json_integer(5 * FERRY_MILLISECOND) : json_null(); /* it cannot be met */

    node_move(
        scene->h1,
        scene->h2,
        "g1",
        json_pack(
            "{s:i, s:s, s:s, s:o}",
            "bandwidth_cap",
            CAP,
            "mode",
            mode,
            "on_no_convergence",
            "keep-trying",
            "blackout_limit_ns",
            limit),
        scene->session);
}

static void set(struct scene *scene, json_t *what)
{
    struct host_error error;
    json_t *result = NULL;
    json_t *args = json_pack("{s:s}", "session", scene->session);

    (void)json_object_update(args, what);
    json_decref(what);
    if (node_try(scene->h1, "set", args, &result, &error) == HOST_OK) {
        json_decref(result);
    }
}

static void switch_now(struct scene *scene)
{
    set(scene, json_pack("{s:n, s:b}", "bandwidth_cap", "switch_now", 1));
}

static bool in_later_round(void *context)
{
    const struct scene *scene = context;
    json_t *status = node_status(scene->h1, scene->session);
    const json_int_t round = json_integer_value(json_object_get(status, "round"));

    json_decref(status);
    return round >= 1;
}

static void reach_later(struct scene *scene)
{
    begin_slow(scene, "precopy");
    set(scene, json_pack("{s:i}", "bandwidth_cap", 8 * CAP));
    assert_true(cluster_until(in_later_round, scene, 20 * FERRY_SECOND));
}

static void reach_handover(struct scene *scene)
{
    begin_slow(scene, "precopy");
    assert_true(node_reaches(scene->h1, scene->session, "copying"));
    node_hold(scene->phase == KILL_GRANTING ? scene->h1 : scene->h2);
    switch_now(scene);
    if (scene->phase == KILL_GRANTING) {
        assert_true(node_reaches(scene->h1, scene->session, "granting"));
        return;
    }
    assert_true(node_reaches(scene->h2, scene->session, "owning"));
    if (scene->phase == KILL_STARTED) {
        node_hold(scene->h1);
        node_release(scene->h2);
        assert_true(node_reaches(scene->h2, scene->session, "running"));
    }
}

static void reach(struct scene *scene)
{
    switch (scene->phase) {
    case KILL_SETUP:
        node_hold(scene->h2);
        begin_slow(scene, "precopy");
        assert_true(node_reaches(scene->h2, scene->session, "preparing"));
        return;
    case KILL_FIRST:
        begin_slow(scene, "precopy");
        assert_true(node_reaches(scene->h1, scene->session, "copying"));
        return;
    case KILL_LATER: reach_later(scene); return;
    case KILL_PAUSED:
        begin_slow(scene, "stop-and-copy");
        assert_true(node_reaches(scene->h1, scene->session, "sending"));
        return;
    case KILL_GRANTING:
    case KILL_OWNING:
    case KILL_STARTED: reach_handover(scene); return;
    case KILL_PHASES: break;
    }
}

/* ---- the kill ---- */

static bool never(void *context)
{
    (void)context;
    return false;
}

static void release(struct scene *scene)
{
    node_release(scene->h1);
    node_release(scene->h2);
}

static void strike_daemon(struct scene *scene, struct node *node)
{
    node_kill(node);
    release(scene);
    node_start(node);
}

static void strike(struct scene *scene)
{
    switch (scene->victim) {
    case KILL_SOURCE_DAEMON: strike_daemon(scene, scene->h1); return;
    case KILL_TARGET_DAEMON: strike_daemon(scene, scene->h2); return;
    case KILL_SOURCE_GUEST: node_kill_guest(scene->h1, "g1"); break;
    case KILL_TARGET_GUEST: node_kill_guest(scene->h2, "g1"); break;
    case KILL_CUT:
    case KILL_CUT_LONG:
        relay_cut(scene->relay);
        (void)cluster_until(
            never, NULL, scene->victim == KILL_CUT ? FERRY_SECOND : 6 * FERRY_SECOND);
        relay_heal(scene->relay);
        break;
    case KILL_VICTIMS: break;
    }
    release(scene);
}

/* ---- what must hold ---- */

struct place {
    unsigned least;
    unsigned most;
    const char *host; /* where it runs, if it runs; NULL: on either */
};

static struct place expected(enum kill_phase phase, enum kill_victim victim)
{
    const struct place here = {1, 1, "h1"};
    const struct place there = {1, 1, "h2"};
    const struct place either = {1, 1, NULL};
    const struct place dead = {0, 0, NULL};
    const struct place dead_or_either = {0, 1, NULL};
    const bool before = phase < KILL_GRANTING;

    switch (victim) {
    case KILL_SOURCE_DAEMON: return before ? here : phase == KILL_GRANTING ? either : there;
    case KILL_TARGET_DAEMON:
        if (phase == KILL_SETUP) {
            return either; /* without a record of it, the source asks once more, and may come */
        }
        return before ? here : phase == KILL_STARTED ? there : either;
    case KILL_SOURCE_GUEST:
        if (phase == KILL_PAUSED || !before) {
            return there; /* all of it was in hand */
        }
        return dead;
    case KILL_TARGET_GUEST: return before ? here : phase == KILL_GRANTING ? dead_or_either : dead;
    case KILL_CUT:
    case KILL_CUT_LONG: return phase == KILL_STARTED || phase == KILL_OWNING ? there : either;
    case KILL_VICTIMS: break;
    }
    return either;
}

static bool heart_beats(void *context)
{
    struct scene *scene = context;
    struct node *node = node_runs(scene->h1, "g1") ? scene->h1 : scene->h2;
    const json_int_t before = node_guest_number(node, "g1", "heartbeat");
    const struct timespec moment = {.tv_nsec = 20000000};

    (void)nanosleep(&moment, NULL); /* some beats long */
    return node_guest_number(node, "g1", "heartbeat") > before;
}

/* A process that was told to end takes a moment. */
static bool nothing_left(void *context)
{
    struct scene *scene = context;

    return cluster_processes(scene->cluster) == cluster_running(scene->cluster, "g1");
}

static void look(struct scene *scene)
{
    const struct place place = expected(scene->phase, scene->victim);

    if (!cluster_settles(scene->cluster)) {
        fail_msg("sessions stay open: see %s", scene->cluster->folder);
    }
    const unsigned running = cluster_running(scene->cluster, "g1");
    if (running < place.least || running > place.most) {
        fail_msg("%u guests run: see %s", running, scene->cluster->folder);
    }
    if (!cluster_until(nothing_left, scene, 5 * FERRY_SECOND)) {
        fail_msg(
            "%u processes, %u guests run: see %s",
            cluster_processes(scene->cluster),
            running,
            scene->cluster->folder);
    }
    if (running == 0) {
        return;
    }
    assert_true(cluster_until(heart_beats, scene, 5 * FERRY_SECOND));
    struct node *node = node_runs(scene->h1, "g1") ? scene->h1 : scene->h2;
    if (place.host != NULL) {
        assert_string_equal(node->name, place.host);
    }
    assert_int_equal(node_check_guest(node, "g1"), 0);
    assert_int_equal(node_guest_number(node, "g1", "backward_steps"), 0);
}

/* It may be moved again as if nothing had been. */
static void move_again(struct scene *scene)
{
    if (cluster_running(scene->cluster, "g1") == 0) {
        return;
    }
    struct node *from = node_runs(scene->h1, "g1") ? scene->h1 : scene->h2;
    struct node *to = from == scene->h1 ? scene->h2 : scene->h1;
    char session[33];
    node_move(from, to, "g1", NULL, session);
    json_t *result = node_outcome(from, session);
    assert_string_equal(json_string_value(json_object_get(result, "code")), "ok");
    json_decref(result);
    assert_int_equal(node_check_guest(to, "g1"), 0);
}

void kills_run(enum kill_phase phase, enum kill_victim victim, bool tls)
{
    const bool cut = victim == KILL_CUT || victim == KILL_CUT_LONG;
    const char *missing = cluster_missing();
    struct scene scene = {.phase = phase, .victim = victim};

    if (missing != NULL) {
        print_message("skipped: %s\n", missing);
        skip();
    }
    scene.cluster = cluster_create(&(struct cluster_options){.tls = tls, .relayed = cut});
    scene.h1 = &scene.cluster->nodes[0];
    scene.h2 = &scene.cluster->nodes[1];
    scene.relay = scene.cluster->relay;
    node_run_guest(scene.h1, "g1", "hotset size=8MiB rate=40MB/s nonzero=100", 1, 64);
    reach(&scene);

    strike(&scene);
    set(&scene, json_pack("{s:n, s:b}", "bandwidth_cap", "switch_now", 1));

    look(&scene);
    move_again(&scene);
    cluster_destroy(scene.cluster);
}
