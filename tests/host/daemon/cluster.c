/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cluster.c -- starts, asks and ends the daemons of a test.
 *
 * A daemon is a child with its own process group's name in nothing: its guests are in sessions of
 * their own, as in earnest, so they are found through the daemons' lists and, at the end, by the
 * names of their sockets in /proc.
 */
#include "tests/host/daemon/cluster.h"

#include "engine/host/base/fd.h"
#include "engine/host/control/control.h"
#include "engine/host/transport/certificate.h"
#include "tests/host/daemon/relay.h"
#include "tests/host/support/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Where h1 sees h2 behind a relay. */
#define RELAY_ADDRESS "127.0.0.3"
#define CALL_LIMIT    (40 * FERRY_SECOND)
#define START_LIMIT   (20 * FERRY_SECOND)

static const char usual_timeouts[] = "  connect: 2 s\n"
                                     "  silence: 2 s\n"
                                     "  reconnect: 4 s\n"
                                     "  action: 10 s\n"
                                     "  unknown_after: 5 s\n"
                                     "  close: 8 s\n"
                                     "  orphan: 4 s\n"
                                     "  hold: 20 s\n"
                                     "  preface: 2 s\n";

/* The cluster of the test that runs: a failed assertion leaves its test at once. */
static struct cluster *at_work;

/* ---- waiting ---- */

bool cluster_until(cluster_condition *condition, void *context, ferry_time_ns limit)
{
    const ferry_time_ns end = host_now() + limit;
    const struct timespec moment = {.tv_nsec = 2000000};

    while (!condition(context)) {
        if (host_now() > end) {
            return false;
        }
        (void)nanosleep(&moment, NULL); /* between two questions, not for luck */
    }
    return true;
}

/* ---- files ---- */

const char *cluster_missing(void)
{
    if (access("/dev/kvm", R_OK | W_OK) != 0) {
        return "no /dev/kvm that this user may open";
    }
    return access(FERRY_VMM_PROGRAM, X_OK) != 0 ? "ferry-vmm is not built" : NULL;
}

static void make_certificates(const struct cluster *cluster)
{
    const struct transport_validity validity = {.from_seconds = -60, .until_seconds = 86400};
    const struct transport_validity soon = {.from_seconds = -60, .until_seconds = CLUSTER_EXPIRES};
    struct transport_failure failure;
    char ca[160];
    char ca_key[160];

    (void)snprintf(ca, sizeof ca, "%s/ca.pem", cluster->folder);
    (void)snprintf(ca_key, sizeof ca_key, "%s/ca.key", cluster->folder);
    assert_true(transport_make_ca("test", validity, ca, ca_key, &failure));
    for (unsigned i = 0; i < CLUSTER_HOSTS; i++) {
        const enum cluster_certificate wrong = i == 1 ? cluster->options.certificate : CLUSTER_GOOD;
        if (wrong == CLUSTER_FOREIGN) {
            (void)snprintf(ca, sizeof ca, "%s/other.pem", cluster->folder);
            (void)snprintf(ca_key, sizeof ca_key, "%s/other.key", cluster->folder);
            assert_true(transport_make_ca("other", validity, ca, ca_key, &failure));
        }
        char certificate[200];
        char key[200];
        (void)snprintf(certificate, sizeof certificate, "%s/host.pem", cluster->nodes[i].folder);
        (void)snprintf(key, sizeof key, "%s/host.key", cluster->nodes[i].folder);
        assert_true(transport_make_host(
            &(struct transport_host_request){
                .host = wrong == CLUSTER_WRONG_NAME ? "h3" : cluster->nodes[i].name,
                .validity = wrong == CLUSTER_EXPIRED ? soon : validity,
                .ca_certificate_path = ca,
                .ca_key_path = ca_key,
                .certificate_path = certificate,
                .key_path = key,
            },
            &failure));
    }
}

static void write_security(FILE *file, const struct node *node)
{
    const enum cluster_certificate wrong =
        node == &node->cluster->nodes[1] ? node->cluster->options.certificate : CLUSTER_GOOD;

    if (!node->cluster->options.tls) {
        (void)fprintf(file, "unencrypted: i-know-what-i-do\n");
        return;
    }
    (void)fprintf(
        file,
        "tls: {certificate: %s/host.pem, key: %s/host.key, ca: %s/%s.pem}\n",
        node->folder,
        node->folder,
        node->cluster->folder,
        wrong == CLUSTER_FOREIGN ? "other" : "ca");
}

static void write_config(const struct node *node)
{
    const struct cluster *cluster = node->cluster;
    const struct node *other = &cluster->nodes[node == &cluster->nodes[0] ? 1 : 0];
    const struct cluster_options *options = &cluster->options;
    char path[200];

    (void)snprintf(path, sizeof path, "%s/ferryd.conf", node->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fprintf(
        file,
        "host: %s\nstate_dir: %s/state\nrun_dir: %s/run\nlog: debug\nport: %u\nlisten: [%s]\n"
        "peers:\n  %s: [%s]\n",
        node->name,
        node->folder,
        node->folder,
        cluster->port,
        node->address,
        other->name,
        cluster->relay != NULL && other == &cluster->nodes[1] ? RELAY_ADDRESS : other->address);
    write_security(file, node);
    (void)fprintf(file, "vmm:\n  program: %s\n", FERRY_VMM_PROGRAM);
    (void)fprintf(
        file, "timeouts:\n%s", options->timeouts == NULL ? usual_timeouts : options->timeouts);
    if (options->limits != NULL) {
        (void)fprintf(file, "limits:\n%s", options->limits);
    }
    assert_int_equal(fclose(file), 0);
}

static void remove_folder(const char *path)
{
    DIR *folder = opendir(path);

    for (const struct dirent *entry = folder == NULL ? NULL : readdir(folder); entry != NULL;
         entry = readdir(folder)) {
        char inside[512];
        struct stat kind;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name) >= (int)sizeof inside) {
            continue;
        }
        if (lstat(inside, &kind) == 0 && S_ISDIR(kind.st_mode)) {
            remove_folder(inside);
        } else {
            (void)unlink(inside);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    (void)rmdir(path);
}

/* ---- processes ---- */

static void run_daemon(const struct node *node)
{
    char config[200];
    char log[200];

    (void)snprintf(config, sizeof config, "%s/ferryd.conf", node->folder);
    (void)snprintf(log, sizeof log, "%s/ferryd.log", node->folder);
    const int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd >= 0) {
        (void)dup2(fd, STDERR_FILENO);
        (void)dup2(fd, STDOUT_FILENO);
    }
    (void)setenv("FERRY_TEST_HOLD", node->hold, 1);
    (void)setenv("LD_PRELOAD", FERRY_HOLD_LIBRARY, 1);
    (void)setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 0);
    (void)execl(FERRYD_PROGRAM, FERRYD_PROGRAM, "--config", config, (char *)NULL);
    _exit(127);
}

static bool answers(void *context)
{
    struct node *node = context;
    struct host_error error;

    if (node->client == NULL &&
        control_client_connect(node->socket, FERRY_SECOND, &node->client, &error) != HOST_OK) {
        node->client = NULL;
        return false;
    }
    json_t *events = NULL;
    if (node_try(
            node,
            "events",
            json_pack("{s:b, s:i}", "follow", 0, "history", 1000),
            &events,
            &error) != HOST_OK) {
        return false;
    }
    const bool ready = json_integer_value(json_object_get(events, "seq")) > 0;
    json_decref(events);
    return ready; /* the first event is that it is ready */
}

void node_start(struct node *node)
{
    node->pid = fork();
    assert_true(node->pid >= 0);
    if (node->pid == 0) {
        run_daemon(node);
    }
    if (!cluster_until(answers, node, START_LIMIT)) {
        fail_msg("the daemon of %s does not start: see %s/ferryd.log", node->name, node->folder);
    }
}

static int end_daemon(struct node *node, int number)
{
    int status = 0;

    if (node->pid == 0) {
        return 0;
    }
    (void)kill(node->pid, number);
    while (waitpid(node->pid, &status, 0) < 0 && errno == EINTR) {
    }
    node->pid = 0;
    control_client_destroy(node->client);
    node->client = NULL;
    return status;
}

void node_kill(struct node *node)
{
    (void)end_daemon(node, SIGKILL);
}

void node_stop(struct node *node)
{
    const int status = end_daemon(node, SIGTERM);

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

void node_hold(struct node *node)
{
    const int fd = open(node->hold, O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    (void)close(fd);
}

void node_release(struct node *node)
{
    (void)unlink(node->hold);
}

/* ---- calls ---- */

enum host_code node_try(
    struct node *node,
    const char *call,
    json_t *args,
    json_t **result_out,
    struct host_error *error)
{
    struct control_message message = {0};

    if (node->client == NULL &&
        control_client_connect(node->socket, FERRY_SECOND, &node->client, error) != HOST_OK) {
        node->client = NULL;
        json_decref(args);
        return HOST_UNREACHABLE;
    }
    enum host_code code =
        control_client_call(node->client, call, args, host_now() + CALL_LIMIT, &message, error);
    if (code != HOST_OK) {
        control_client_destroy(node->client);
        node->client = NULL;
        return code;
    }
    code = message.error.code;
    if (code == HOST_OK) {
        *result_out = json_incref(message.result);
    } else {
        *error = message.error;
    }
    control_message_release(&message);
    return code;
}

json_t *node_call(struct node *node, const char *call, json_t *args)
{
    struct host_error error = {.code = HOST_OK};
    json_t *result = NULL;

    if (node_try(node, call, args, &result, &error) != HOST_OK) {
        fail_msg("%s at %s: %s", call, node->name, error.text);
    }
    return result;
}

static json_t *find_entry(
    struct node *node, const char *call, const char *list, const char *key, const char *value)
{
    struct host_error error;
    json_t *result = NULL;
    json_t *found = NULL;
    size_t at = 0;
    json_t *entry = NULL;

    if (node->pid == 0 || node_try(node, call, NULL, &result, &error) != HOST_OK) {
        return NULL;
    }
    json_array_foreach(json_object_get(result, list), at, entry)
    {
        if (strcmp(json_string_value(json_object_get(entry, key)), value) == 0) {
            found = entry;
        }
    }
    json_incref(found);
    json_decref(result);
    return found;
}

json_t *node_guest(struct node *node, const char *guest)
{
    return find_entry(node, "vm.list", "guests", "guest", guest);
}

json_t *node_status(struct node *node, const char *session)
{
    return find_entry(node, "status", "moves", "session", session);
}

bool node_runs(struct node *node, const char *guest)
{
    json_t *entry = node_guest(node, guest);
    const char *state = json_string_value(json_object_get(entry, "state"));
    const bool alive = json_is_integer(json_object_get(entry, "heartbeat"));
    const bool runs =
        state != NULL && alive && (strcmp(state, "running") == 0 || strcmp(state, "leaving") == 0);

    json_decref(entry);
    return runs;
}

unsigned node_sessions(struct node *node)
{
    if (node->pid == 0) {
        return 0;
    }
    json_t *result = node_call(node, "session.list", NULL);
    const size_t count = json_array_size(json_object_get(result, "sessions"));

    json_decref(result);
    return (unsigned)count;
}

struct about {
    struct node *node;
    const char *name;
    const char *states;
    json_int_t number;
};

/* It says who it is, or it is gone. */
static bool is_known(void *context)
{
    struct about *about = context;
    json_t *entry = node_guest(about->node, about->name);
    const json_t *pid = json_object_get(entry, "pid");
    const bool arriving = entry != NULL && !json_is_integer(pid) &&
                          strcmp(json_string_value(json_object_get(entry, "state")), "away") != 0;

    about->number = json_is_integer(pid) ? json_integer_value(pid) : 0;
    json_decref(entry);
    return !arriving;
}

void node_kill_guest(struct node *node, const char *guest)
{
    struct about about = {.node = node, .name = guest};

    assert_true(cluster_until(is_known, &about, 5 * FERRY_SECOND));
    if (about.number > 0) {
        assert_int_equal(kill((pid_t)about.number, SIGKILL), 0);
    }
}

/* ---- guests and moves ---- */

static bool fills(void *context)
{
    const struct about *about = context;
    json_t *entry = node_guest(about->node, about->name);
    const bool ready = json_is_true(json_object_get(entry, "ready"));

    json_decref(entry);
    return ready;
}

void node_run_guest(
    struct node *node, const char *guest, const char *workload, unsigned vcpus, unsigned mib)
{
    struct about about = {.node = node, .name = guest};

    json_decref(node_call(
        node,
        "vm.run",
        json_pack(
            "{s:s, s:s, s:i, s:I}",
            "guest",
            guest,
            "workload",
            workload,
            "vcpus",
            (int)vcpus,
            "memory",
            (json_int_t)mib << 20)));
    assert_true(cluster_until(fills, &about, 30 * FERRY_SECOND));
}

void node_move(
    struct node *from, const struct node *to, const char *guest, json_t *more, char session[33])
{
    json_t *args = json_pack("{s:s, s:s}", "guest", guest, "to", to->name);

    if (more != NULL) {
        (void)json_object_update(args, more);
        json_decref(more);
    }
    json_t *result = node_call(from, "move", args);
    (void)snprintf(session, 33, "%s", json_string_value(json_object_get(result, "session")));
    json_decref(result);
}

json_t *node_outcome(struct node *from, const char *session)
{
    return node_call(from, "wait", json_pack("{s:s}", "session", session));
}

static bool in_state(void *context)
{
    struct about *about = context;
    json_t *status = node_status(about->node, about->name);
    const char *state = json_string_value(json_object_get(status, "state"));
    const bool over = json_is_string(json_object_get(status, "outcome"));
    const bool there = state != NULL && strstr(about->states, state) != NULL;

    about->number = there ? 1 : 0;
    json_decref(status);
    return there || over;
}

bool node_reaches(struct node *node, const char *session, const char *states)
{
    struct about about = {.node = node, .name = session, .states = states};

    return cluster_until(in_state, &about, 20 * FERRY_SECOND) && about.number == 1;
}

uint64_t node_check_guest(struct node *node, const char *guest)
{
    json_t *result = node_call(node, "vm.check", json_pack("{s:s}", "guest", guest));
    const json_int_t bad = json_integer_value(json_object_get(result, "bad_pages"));
    const json_int_t owned = json_integer_value(json_object_get(result, "pages_owned"));

    json_decref(result);
    assert_true(owned > 0);
    return (uint64_t)bad;
}

json_int_t node_guest_number(struct node *node, const char *guest, const char *key)
{
    json_t *entry = node_guest(node, guest);
    const json_t *value = json_object_get(entry, key);
    const json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;

    json_decref(entry);
    return number;
}

/* ---- the cluster ---- */

/* Neither records of sessions nor anybody at work on one. */
static bool node_settled(struct node *node)
{
    if (node->pid == 0) {
        return true;
    }
    json_t *info = node_call(node, "host.info", NULL);
    const json_int_t moves = json_integer_value(json_object_get(info, "moves_out")) +
                             json_integer_value(json_object_get(info, "moves_in"));

    json_decref(info);
    return moves == 0 && node_sessions(node) == 0;
}

static bool settled(void *context)
{
    struct cluster *cluster = context;

    for (unsigned i = 0; i < CLUSTER_HOSTS; i++) {
        if (!node_settled(&cluster->nodes[i])) {
            return false;
        }
    }
    return true;
}

bool cluster_settles(struct cluster *cluster)
{
    return cluster_until(settled, cluster, 40 * FERRY_SECOND);
}

unsigned cluster_running(struct cluster *cluster, const char *guest)
{
    unsigned count = 0;

    for (unsigned i = 0; i < CLUSTER_HOSTS; i++) {
        count += node_runs(&cluster->nodes[i], guest) ? 1U : 0U;
    }
    return count;
}

static void make_node(struct cluster *cluster, unsigned i)
{
    struct node *node = &cluster->nodes[i];

    node->cluster = cluster;
    (void)snprintf(node->name, sizeof node->name, "h%u", i + 1);
    (void)snprintf(node->address, sizeof node->address, "127.0.0.%u", i + 1);
    (void)snprintf(node->folder, sizeof node->folder, "%s/%s", cluster->folder, node->name);
    (void)snprintf(node->socket, sizeof node->socket, "%s/run/ferryd.sock", node->folder);
    (void)snprintf(node->hold, sizeof node->hold, "%s/hold", node->folder);
    assert_int_equal(mkdir(node->folder, 0700), 0);
}

struct cluster *cluster_create(const struct cluster_options *options)
{
    struct cluster *cluster = calloc(1, sizeof *cluster);

    assert_non_null(cluster);
    cluster->options = *options;
    (void)snprintf(cluster->folder, sizeof cluster->folder, "/tmp/ferryd-test-XXXXXX");
    assert_non_null(mkdtemp(cluster->folder));
    cluster->port = (uint16_t)(20000 + getpid() % 20000);
    for (unsigned i = 0; i < CLUSTER_HOSTS; i++) {
        make_node(cluster, i);
    }
    at_work = cluster;
    if (options->relayed) {
        cluster->relay = relay_create(RELAY_ADDRESS, cluster->nodes[1].address, cluster->port);
        assert_non_null(cluster->relay);
    }
    if (options->tls) {
        make_certificates(cluster);
    }
    for (unsigned i = 0; i < CLUSTER_HOSTS; i++) {
        write_config(&cluster->nodes[i]);
        node_start(&cluster->nodes[i]);
    }
    return cluster;
}

/* The standard error of a guest's process is a file in the test's folder. Signal 0 only counts. */
static bool is_guest_of(const struct cluster *cluster, pid_t pid)
{
    char path[64];
    char target[512];
    const size_t folder = strlen(cluster->folder);

    (void)snprintf(path, sizeof path, "/proc/%d/fd/2", (int)pid);
    const ssize_t size = readlink(path, target, sizeof target - 1);
    if (size <= 0 || (size_t)size < folder) {
        return false;
    }
    target[size] = '\0';
    return strncmp(target, cluster->folder, folder) == 0 && strstr(target, "/vmm.log") != NULL;
}

static unsigned count_guests(const struct cluster *cluster, int number)
{
    DIR *processes = opendir("/proc");
    unsigned count = 0;

    for (const struct dirent *entry = processes == NULL ? NULL : readdir(processes); entry != NULL;
         entry = readdir(processes)) {
        const pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 1 && is_guest_of(cluster, pid)) {
            (void)kill(pid, number);
            count++;
        }
    }
    if (processes != NULL) {
        (void)closedir(processes);
    }
    return count;
}

unsigned cluster_processes(const struct cluster *cluster)
{
    return count_guests(cluster, 0);
}

void cluster_destroy(struct cluster *cluster)
{
    for (unsigned i = 0; i < CLUSTER_HOSTS; i++) {
        node_release(&cluster->nodes[i]);
        (void)end_daemon(&cluster->nodes[i], SIGTERM);
    }
    (void)count_guests(cluster, SIGKILL);
    relay_destroy(cluster->relay);
    at_work = NULL;
    if (getenv("FERRY_TEST_KEEP") == NULL) {
        remove_folder(cluster->folder);
    }
    free(cluster);
}

int cluster_teardown(void **state)
{
    (void)state;
    if (at_work != NULL) {
        cluster_destroy(at_work);
    }
    return 0;
}
