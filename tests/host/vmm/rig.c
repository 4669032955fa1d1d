/* SPDX-License-Identifier: Apache-2.0 */
/* rig.c -- see rig.h. */
#include "rig.h"

#include "engine/host/base/fd.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE      4096U
#define WORD_BITS 64U
#define STEP_MS   20

/* A test that fails leaves its processes behind, which live on by design: they end with the test
 * program, or whoever started it would wait for them. */
#define LIVING_MAX 256
static pid_t living[LIVING_MAX];

static void kill_living(void)
{
    for (size_t i = 0; i < LIVING_MAX; i++) {
        if (living[i] > 0) {
            kill(living[i], SIGKILL);
        }
    }
}

static void note_living(pid_t before, pid_t after)
{
    for (size_t i = 0; i < LIVING_MAX; i++) {
        if (living[i] == before) {
            living[i] = after;
            return;
        }
    }
}

void rig_need_kvm(void)
{
    static bool registered;
    if (!registered) {
        registered = atexit(kill_living) == 0;
    }
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0) {
        print_message("skipped: /dev/kvm cannot be opened here, so no guest can run\n");
        skip();
    }
    int vm = ioctl(kvm, KVM_CREATE_VM, 0);
    fd_close(&kvm);
    if (vm < 0) {
        print_message("skipped: /dev/kvm makes no virtual machine here\n");
        skip();
    }
    fd_close(&vm);
}

struct guestconfig rig_config(const char *const *words)
{
    struct guestconfig config = guestconfig_default();
    char reason[GUESTCONFIG_REASON_MAX];
    config.memory = GUESTCONFIG_MEMORY_MIN;
    for (; *words != NULL; words++) {
        char key[32];
        const char *equals = strchr(*words, '=');
        assert_non_null(equals);
        snprintf(key, sizeof(key), "%.*s", (int)(equals - *words), *words);
        if (!guestconfig_set(&config, key, equals + 1, reason)) {
            fail_msg("%s: %s", *words, reason);
        }
    }
    return config;
}

/* ---- what the link says ----------------------------------------------------------------------- */

static void on_up(void *context, const struct vmmlink_guest *guest)
{
    struct rig *rig = context;
    rig->up = true;
    assert_int_equal(guest->pid, rig->pid);
}

static void on_lost(void *context, enum vmmlink_status status, const char *reason)
{
    struct rig *rig = context;
    rig->lost = true;
    rig->lost_status = status;
    snprintf(rig->lost_reason, sizeof(rig->lost_reason), "%s", reason);
}

static void on_died(void *context, const char *reason)
{
    struct rig *rig = context;
    rig->died = true;
    snprintf(rig->died_reason, sizeof(rig->died_reason), "%s", reason);
}

static void on_serial(void *context, uint64_t offset, const char *text, size_t size)
{
    struct rig *rig = context;
    (void)offset;
    if (size < sizeof(rig->serial) - rig->serial_bytes) {
        memcpy(rig->serial + rig->serial_bytes, text, size);
        rig->serial_bytes += size;
    }
}

static void on_report(void *context, const struct vmmlink_report *report)
{
    struct rig *rig = context;
    rig->reports++;
    rig->report = *report;
}

static void on_done(void *context, const struct vmmlink_reply *reply)
{
    struct rig *rig = context;
    rig->answered = true;
    rig->reply = *reply;
    snprintf(rig->reply_reason, sizeof(rig->reply_reason), "%s", reply->reason);
}

/* ---- serving ------------------------------------------------------------------------------------ */

static void serve(struct rig *rig, int wait_ms)
{
    struct pollfd ready = {
        .fd = vmmlink_fd(rig->link),
        .events = (short)(POLLIN | (vmmlink_wants_write(rig->link) ? POLLOUT : 0)),
    };
    poll(&ready, 1, wait_ms);
    vmmlink_ready(rig->link, host_now());
    vmmlink_tick(rig->link, host_now());
}

void rig_until(struct rig *rig, bool (*condition)(const struct rig *rig))
{
    const ferry_time_ns end = host_now() + RIG_PATIENCE;
    while (!condition(rig)) {
        if (rig->lost || host_now() > end) {
            fail_msg(
                "what was waited for did not come; link: %s; guest: %s",
                rig->lost_reason,
                rig->died_reason);
        }
        serve(rig, STEP_MS);
    }
}

void rig_for(struct rig *rig, ferry_time_ns time)
{
    const ferry_time_ns end = host_now() + time;
    while (host_now() < end && !rig->lost) {
        serve(rig, 1);
    }
}

/* ---- beginning and end -------------------------------------------------------------------------- */

static void greet(struct rig *rig)
{
    const struct vmmlink_observer observer = {on_up, on_lost, on_died, on_serial, on_report, rig};
    const struct vmmlink_config config = {.socket_path = rig->socket, .observer = &observer};
    char reason[512];
    if (vmmlink_create(&config, host_now(), &rig->link, reason, sizeof(reason)) != VMMLINK_OK) {
        fail_msg("%s", reason);
    }
    const ferry_time_ns end = host_now() + RIG_PATIENCE;
    while (!rig->up && !rig->lost && host_now() < end) {
        serve(rig, STEP_MS);
    }
}

struct rig *rig_start(const struct guestconfig *config, bool incoming)
{
    static unsigned count;
    static char text[FERRY_GUEST_CONFIG_MAX];
    char reason[512];
    size_t size = 0;
    struct rig *rig = calloc(1, sizeof(*rig));
    assert_non_null(rig);
    assert_true(guestconfig_encode(config, text, &size, reason));
    snprintf(rig->socket, sizeof(rig->socket), "/tmp/ferry-rig-%d-%u.sock", (int)getpid(), count++);
    const struct vmmlink_spawn spawn = {
        .program = FERRY_VMM,
        .socket_path = rig->socket,
        .guest = "rig",
        .config = {(const uint8_t *)text, size},
        .incoming = incoming,
    };
    if (vmmlink_spawn(&spawn, &rig->pid, reason, sizeof(reason)) != VMMLINK_OK) {
        fail_msg("%s", reason);
    }
    note_living(0, rig->pid);
    greet(rig);
    return rig;
}

struct rig *rig_connect(const struct rig *other)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    assert_non_null(rig);
    memcpy(rig->socket, other->socket, sizeof(rig->socket));
    rig->pid = other->pid;
    greet(rig);
    return rig;
}

void rig_disconnect(struct rig *rig)
{
    vmmlink_destroy(rig->link);
    free(rig);
}

static bool is_gone(pid_t pid, ferry_time_ns patience)
{
    const ferry_time_ns end = host_now() + patience;
    int status;
    while (host_now() < end) {
        if (waitpid(pid, &status, WNOHANG) != 0) {
            return true;
        }
        poll(NULL, 0, 1);
    }
    return false;
}

void rig_end(struct rig *rig)
{
    if (vmmlink_is_up(rig->link) && vmmlink_quit(rig->link, rig_call(rig)) == VMMLINK_OK) {
        while (!rig->lost && !rig->answered) {
            serve(rig, STEP_MS);
        }
    }
    if (!is_gone(rig->pid, 10 * FERRY_SECOND)) {
        vmmlink_kill(rig->link);
        assert_true(is_gone(rig->pid, RIG_PATIENCE));
        fail_msg("the guest's process did not end when it was told to");
    }
    note_living(rig->pid, 0);
    unlink(rig->socket);
    rig_disconnect(rig);
}

/* ---- requests ----------------------------------------------------------------------------------- */

const struct vmmlink_call *rig_call(struct rig *rig)
{
    static struct vmmlink_call call;
    rig->answered = false;
    call = (struct vmmlink_call){
        .done = on_done,
        .context = rig,
        .timeout = RIG_PATIENCE,
        .now = host_now(),
    };
    return &call;
}

enum vmmlink_status rig_answer(struct rig *rig, enum vmmlink_status taken)
{
    assert_int_equal(taken, VMMLINK_OK);
    while (!rig->answered) {
        serve(rig, STEP_MS);
    }
    return rig->reply.status;
}

enum vmmlink_status rig_run(struct rig *rig, uint64_t epoch)
{
    const struct vmmlink_run_token token = {
        .session = {1, 2},
          .attempt = 1, .epoch = epoch
    };
    return RIG_DO_WITH(rig, vmmlink_run, &token);
}

struct vmmlink_report rig_report(struct rig *rig)
{
    assert_int_equal(RIG_DO(rig, vmmlink_status), VMMLINK_OK);
    assert_true(rig->reply.counters.report_valid);
    return rig->reply.counters.report;
}

void rig_until_ready(struct rig *rig)
{
    const ferry_time_ns end = host_now() + RIG_PATIENCE;
    while (rig_report(rig).workload_ready == 0) {
        if (rig->died || host_now() > end) {
            fail_msg("the guest is not ready: %s", rig->died_reason);
        }
        rig_for(rig, 5 * FERRY_MILLISECOND);
    }
}

struct vmmlink_report rig_check(struct rig *rig)
{
    const uint64_t before = rig_report(rig).full_checks;
    const ferry_time_ns end = host_now() + RIG_PATIENCE;
    assert_int_equal(RIG_DO(rig, vmmlink_check), VMMLINK_OK);
    struct vmmlink_report report = rig_report(rig);
    while (report.full_checks == before) {
        if (rig->died || host_now() > end) {
            fail_msg("the guest does not end its check: %s", rig->died_reason);
        }
        rig_for(rig, 5 * FERRY_MILLISECOND);
        report = rig_report(rig);
    }
    return report;
}

/* ---- moving -------------------------------------------------------------------------------------- */

uint64_t rig_copy_round(const struct rig *source, const struct rig *target)
{
    const struct vmmlink_guest *from = vmmlink_guest(source->link);
    const struct vmmlink_guest *to = vmmlink_guest(target->link);
    uint64_t copied = 0;
    for (uint64_t word = 0; word < from->bitmap_words; word++) {
        for (uint64_t bits = from->bitmap[word]; bits != 0; bits &= bits - 1) {
            const uint64_t page = word * WORD_BITS + (uint64_t)__builtin_ctzll(bits);
            memcpy(to->ram + page * PAGE, from->ram + page * PAGE, PAGE);
            copied++;
        }
    }
    return copied;
}

struct move_times rig_move(struct rig *source, struct rig *target, uint32_t rounds, uint64_t epoch)
{
    struct move_times times = {0};
    assert_int_equal(RIG_DO_WITH(source, vmmlink_collect, VMMLINK_COLLECT_FIRST), VMMLINK_OK);
    for (uint32_t i = 0; i < rounds; i++) {
        rig_copy_round(source, target);
        assert_int_equal(RIG_DO_WITH(source, vmmlink_collect, VMMLINK_COLLECT_REPLACE), VMMLINK_OK);
    }
    rig_copy_round(source, target);
    assert_int_equal(RIG_DO(source, vmmlink_pause), VMMLINK_OK);
    const ferry_time_ns paused_at = source->reply.pause.paused_at;
    times.stopping = source->reply.pause.stopping;
    assert_int_equal(RIG_DO(source, vmmlink_capture), VMMLINK_OK);
    const uint64_t size = source->reply.capture.size;
    times.capturing = source->reply.took;
    assert_int_equal(RIG_DO_WITH(source, vmmlink_collect, VMMLINK_COLLECT_REPLACE), VMMLINK_OK);
    times.collecting = source->reply.took;
    times.last_pages = rig_copy_round(source, target);
    memcpy(vmmlink_guest(target->link)->state, vmmlink_guest(source->link)->state, size);
    if (RIG_DO_WITH(target, vmmlink_load, size) != VMMLINK_OK) {
        fail_msg("load: %s", target->reply_reason);
    }
    times.loading = target->reply.took;
    assert_int_equal(rig_run(target, epoch), VMMLINK_OK);
    times.clock_step = target->reply.run.clock_step;
    times.blackout = target->reply.run.running_at - paused_at;
    return times;
}
