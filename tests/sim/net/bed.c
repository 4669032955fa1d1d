/* SPDX-License-Identifier: Apache-2.0 */
/* bed.c -- see bed.h. Each case runs in a forked process; its cmocka test judges how it ended. */
#include "tests/sim/net/bed.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define HOSTS_MAX     256
#define NETWORKS_MAX  4
#define ACTION_COOKIE (UINT64_C(1) << 62)

/* ---- the bed ---- */

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value == 0 ? otherwise : value;
}

struct bed *bed_create(enum bed_kind kind, const struct bed_options *options)
{
    uint32_t hosts[HOSTS_MAX];
    struct net_network_config networks[NETWORKS_MAX];
    uint32_t host_count = or_default(options->hosts, 2);
    uint32_t network_count = or_default(options->networks, 1);
    CHECK(host_count <= HOSTS_MAX && network_count <= NETWORKS_MAX);
    for (uint32_t i = 0; i < host_count; i++) {
        hosts[i] = i;
    }
    uint64_t bandwidth_bps = options->bandwidth_bps == 0 ? GBIT : options->bandwidth_bps;
    int64_t latency_ns = options->latency_ns == 0 ? MS : options->latency_ns;
    for (uint32_t i = 0; i < network_count; i++) {
        networks[i] = (struct net_network_config){
            .hosts = hosts,
            .host_count = host_count,
            .bandwidth_bps = bandwidth_bps == BED_STANDS ? 0 : bandwidth_bps,
            .backbone_bps = options->backbone_bps,
            .latency_ns = latency_ns == BED_INSTANT ? 0 : latency_ns,
            .window_bytes = options->window_bytes,
            .initial_window_bytes = options->initial_window_bytes,
            .loss_ppm = options->loss_ppm,
        };
    }
    struct net_config config = {
        .host_count = host_count,
        .networks = networks,
        .network_count = network_count,
    };
    struct bed *bed = calloc(1, sizeof(*bed));
    CHECK(bed != NULL);
    bed->reaction = options->reaction;
    bed->net = kind == BED_LIGHT ? net_create_light(&config) : net_create_simgrid(&config);
    CHECK(bed->net != NULL);
    return bed;
}

void bed_destroy(struct bed *bed)
{
    net_destroy(bed->net);
    free(bed->log);
    free(bed);
}

void bed_at(struct bed *bed, int64_t at_ns, bed_action *action)
{
    CHECK(bed->action_count < 64);
    bed->actions[bed->action_count] = action;
    (void)net_timer_at(bed->net, NET_NO_HOST, at_ns, ACTION_COOKIE + bed->action_count);
    bed->action_count++;
}

static bool on_event(void *context, const struct net_event *event)
{
    struct bed *bed = context;
    CHECK_EQ(event->now_ns, net_now(bed->net));
    if (event->kind == NET_TIMER && event->cookie >= ACTION_COOKIE) {
        bed->actions[event->cookie - ACTION_COOKIE](bed);
        return true;
    }
    if (bed->log_count == bed->log_capacity) {
        bed->log_capacity = bed->log_capacity == 0 ? 64 : 2 * bed->log_capacity;
        bed->log = realloc(bed->log, bed->log_capacity * sizeof(*bed->log));
        CHECK(bed->log != NULL);
    }
    bed->log[bed->log_count] = *event;
    bed->log_count++;
    return bed->reaction == NULL || bed->reaction(bed, event);
}

void bed_run(struct bed *bed)
{
    bed->result = net_run(bed->net, on_event, bed);
}

net_conn bed_connect(struct bed *bed, uint32_t from, uint32_t to)
{
    uint32_t index = 0;
    while (bed->conn[index] != NET_NO_CONN) {
        index++;
    }
    bed->conn[index] = net_connect(bed->net, 0, from, to, index);
    return bed->conn[index];
}

net_conn bed_connected(struct bed *bed, uint32_t from, uint32_t to)
{
    net_conn conn = bed_connect(bed, from, to);
    net_handler *reaction = bed->reaction;
    bed->reaction = NULL;
    bed_run(bed);
    bed->reaction = reaction;
    CHECK_EQ(bed_count(bed, NET_CONNECTED), 1);
    bed->log_count = 0;
    return conn;
}

/* ---- the record ---- */

const struct net_event *bed_event(const struct bed *bed, enum net_event_kind kind, uint32_t nth)
{
    for (uint32_t i = 0; i < bed->log_count; i++) {
        if (bed->log[i].kind == kind && nth-- == 0) {
            return &bed->log[i];
        }
    }
    fprintf(stderr, "no event of kind %d\n", (int)kind);
    _exit(1);
}

uint32_t bed_count(const struct bed *bed, enum net_event_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < bed->log_count; i++) {
        count += bed->log[i].kind == kind;
    }
    return count;
}

static int64_t when(const struct bed *bed, enum net_event_kind kind, uint64_t cookie)
{
    for (uint32_t i = 0; i < bed->log_count; i++) {
        if (bed->log[i].kind == kind && bed->log[i].cookie == cookie) {
            return bed->log[i].now_ns;
        }
    }
    fprintf(stderr, "no event of kind %d for message %" PRIu64 "\n", (int)kind, cookie);
    _exit(1);
}

int64_t bed_delivered_ns(const struct bed *bed, uint64_t cookie)
{
    return when(bed, NET_DELIVERED, cookie);
}

int64_t bed_sent_ns(const struct bed *bed, uint64_t cookie)
{
    return when(bed, NET_SENT, cookie);
}

static uint64_t mix(uint64_t digest, uint64_t value)
{
    digest = (digest ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return digest ^ digest >> 29;
}

uint64_t bed_digest(const struct bed *bed)
{
    uint64_t digest = 1;
    for (uint32_t i = 0; i < bed->log_count; i++) {
        const struct net_event *event = &bed->log[i];
        digest = mix(digest, (uint64_t)event->kind << 8 | (uint64_t)event->side);
        digest = mix(digest, (uint64_t)event->now_ns);
        digest = mix(digest, event->conn);
        digest = mix(digest, (uint64_t)event->host << 32 | event->peer);
        digest = mix(digest, event->bytes);
        digest = mix(digest, event->cookie);
    }
    return digest;
}

uint64_t
bed_apart(enum bed_kind kind, uint64_t (*run)(enum bed_kind kind, uint64_t seed), uint64_t seed)
{
    int ends[2];
    uint64_t result = 0;
    CHECK_EQ(pipe(ends), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        result = run(kind, seed);
        CHECK_EQ(write(ends[1], &result, sizeof(result)), sizeof(result));
        _exit(0);
    }
    (void)close(ends[1]);
    CHECK_EQ(read(ends[0], &result, sizeof(result)), sizeof(result));
    (void)close(ends[0]);
    int status = 1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return result;
}

/* ---- checks ---- */

void bed_check(bool holds, const char *what, const char *file, int line)
{
    if (!holds) {
        fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
        _exit(1);
    }
}

void bed_check_eq(int64_t got, int64_t expected, const char *what, const char *file, int line)
{
    bed_check_near(got, (struct bed_near){.expected = expected}, what, file, line);
}

void bed_check_near(
    int64_t got, struct bed_near range, const char *what, const char *file, int line)
{
    if (got < range.expected - range.slack || got > range.expected + range.slack) {
        fprintf(
            stderr,
            "%s:%d: %s is %" PRId64 ", expected %" PRId64 " within %" PRId64 "\n",
            file,
            line,
            what,
            got,
            range.expected,
            range.slack);
        _exit(1);
    }
}

/* ---- cases ---- */

struct job {
    const struct bed_case *what;
    enum bed_kind kind;
    char name[128];
};

/* In the child: a misuse must not leave a core file or its message behind. */
static void expect_abort(void)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)fclose(stderr);
}

static void run_job(void **state)
{
    const struct job *job = *state;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (job->what->aborts) {
            expect_abort();
        }
        job->what->run(job->kind);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (job->what->aborts) {
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
    } else {
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

int bed_main(const char *group, const struct bed_case *cases, size_t count)
{
    net_simgrid_prepare();
    struct job *jobs = calloc(2 * count, sizeof(*jobs));
    struct CMUnitTest *tests = calloc(2 * count, sizeof(*tests));
    if (jobs == NULL || tests == NULL) {
        return 1;
    }
    for (size_t i = 0; i < 2 * count; i++) {
        jobs[i].what = &cases[i / 2];
        jobs[i].kind = i % 2 == 0 ? BED_LIGHT : BED_SIMGRID;
        const char *on = i % 2 == 0 ? "light" : "simgrid";
        (void)snprintf(jobs[i].name, sizeof(jobs[i].name), "%s: %s", on, cases[i / 2].name);
        tests[i].name = jobs[i].name;
        tests[i].test_func = run_job;
        tests[i].initial_state = &jobs[i];
    }
    int failed = _cmocka_run_group_tests(group, tests, 2 * count, NULL, NULL);
    free(jobs);
    free(tests);
    return failed;
}
