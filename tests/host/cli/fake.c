/* SPDX-License-Identifier: Apache-2.0 */
/* fake.c -- the daemon that moves nothing, and running the command against it. */
#include "tests/host/cli/fake.h"

#include "engine/host/base/fd.h"
#include "engine/host/control/control.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALLS_MAX     64
#define ARGUMENTS_MAX 20

struct heard {
    char call[32];
    char *args;
};

struct fake {
    char folder[32];
    char home[4096];
    struct loop *loop;
    struct control_server *server;
    struct loop_message stop;
    struct loop_timer vanish;
    struct loop_timer return_;
    bool vanished;
    struct control_request *waiting; /* of a slow move */
    pthread_t thread;
    pthread_mutex_t lock; /* what was heard */
    pthread_cond_t news;
    struct heard heard[CALLS_MAX];
    size_t heard_count;
};

static void note_call(struct fake *fake, const char *call, const json_t *args)
{
    (void)pthread_mutex_lock(&fake->lock);
    if (fake->heard_count < CALLS_MAX) {
        struct heard *heard = &fake->heard[fake->heard_count];

        (void)snprintf(heard->call, sizeof heard->call, "%s", call);
        heard->args = json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS);
        fake->heard_count++;
    }
    (void)pthread_cond_broadcast(&fake->news);
    (void)pthread_mutex_unlock(&fake->lock);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text == NULL ? "" : text;
}

/* -- what it answers ---------------------------------------------------------------------------- */

static json_t *outcome_of(const char *guest, const char *kind)
{
    const bool completed = strcmp(kind, "completed") == 0;
    json_t *blackout = completed ? json_real(0.0019) : json_null();

    return json_pack(
        "{s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s, s:f, s:o, s:f, s:[], s:[{s:i}], s:i}}",
        "session",
        "00000000000000000000000000000001",
        "guest_state",
        "runs on h1",
        "next_step",
        "look at the network",
        "code",
        completed ? "ok" : "failed",
        "outcome",
        "guest",
        guest,
        "from",
        "h1",
        "to",
        "h2",
        "outcome",
        kind,
        "reason",
        completed ? "the guest runs there" : "the link is gone",
        "total_s",
        4.25,
        "blackout_s",
        blackout,
        "predicted_blackout_s",
        0.0024,
        "aborted_attempts",
        "rounds",
        "pages",
        1,
        "wire_bytes",
        1073741824);
}

static bool fail_missing(struct control_request *request, const char *guest)
{
    struct host_error error;

    if (strcmp(guest, "missing") != 0) {
        return false;
    }
    (void)host_fail(&error, HOST_NOT_FOUND, "there is no guest \"missing\"");
    host_error_step(&error, "ferry vm list shows those that are here");
    control_fail(request, &error, "nothing is known of it");
    return true;
}

static void on_vm_run(void *context, struct control_request *request, const json_t *args)
{
    note_call(context, "vm.run", args);
    if (!fail_missing(request, text_of(args, "guest"))) {
        control_reply(
            request,
            json_pack(
                "{s:s, s:s, s:i, s:i}", "guest", "db1", "guest_id", "1", "epoch", 3, "pid", 77));
    }
}

static void on_vm_list(void *context, struct control_request *request, const json_t *args)
{
    note_call(context, "vm.list", args);
    control_reply(
        request,
        json_pack(
            "{s:[{s:s, s:s, s:i, s:s, s:n, s:s, s:i, s:I, s:i, s:s, s:n, s:n, s:i, s:n}]}",
            "guests",
            "guest",
            "db1",
            "guest_id",
            "1",
            "epoch",
            3,
            "fate",
            "here",
            "peer",
            "state",
            "running",
            "pid",
            77,
            "memory",
            (json_int_t)134217728,
            "vcpus",
            2,
            "workload",
            "kv\033[2J", /* names come from elsewhere: a terminal must not obey them */
            "session",
            "heartbeat",
            "bad_pages",
            0,
            "serial"));
}

static void on_vm_stop(void *context, struct control_request *request, const json_t *args)
{
    note_call(context, "vm.stop", args);
    control_reply(request, json_pack("{s:s, s:i}", "guest", text_of(args, "guest"), "epoch", 3));
}

static char last_guest[64];

static void on_move(void *context, struct control_request *request, const json_t *args)
{
    note_call(context, "move", args);
    (void)snprintf(last_guest, sizeof last_guest, "%s", text_of(args, "guest"));
    if (!fail_missing(request, last_guest)) {
        control_reply(
            request,
            json_pack(
                "{s:s, s:s, s:s}",
                "session",
                "00000000000000000000000000000001",
                "guest",
                last_guest,
                "to",
                "h2"));
    }
}

static void on_wait(void *context, struct control_request *request, const json_t *args)
{
    struct fake *fake = context;

    note_call(context, "wait", args);
    if (strcmp(last_guest, "slow") == 0) {
        fake->waiting = request;
    } else if (strcmp(last_guest, "vanishing") == 0 && !fake->vanished) {
        fake->vanished = true;
        fake->waiting = request;
        loop_timer_set(&fake->vanish, 0);
    } else {
        control_reply(
            request,
            outcome_of(
                last_guest, strcmp(last_guest, "vanishing") == 0 ? "completed" : last_guest));
    }
}

static void on_cancel(void *context, struct control_request *request, const json_t *args)
{
    struct fake *fake = context;

    note_call(context, "cancel", args);
    control_reply(request, NULL);
    if (fake->waiting != NULL) {
        control_reply(fake->waiting, outcome_of(last_guest, "cancelled"));
        fake->waiting = NULL;
    }
}

static void on_set(void *context, struct control_request *request, const json_t *args)
{
    note_call(context, "set", args);
    control_reply(request, NULL);
}

static void on_status(void *context, struct control_request *request, const json_t *args)
{
    note_call(context, "status", args);
    control_reply(
        request,
        json_pack(
            "{s:[{s:s, s:s, s:s, s:s, s:s, s:n, s:s, s:b, s:i, s:i, s:i, s:I, s:I, s:I, s:I}]}",
            "moves",
            "session",
            "00000000000000000000000000000001",
            "guest",
            "db1",
            "direction",
            "out",
            "peer",
            "h2",
            "state",
            "copying",
            "outcome",
            "guest_state",
            "runs on h1",
            "attached",
            1,
            "round",
            2,
            "round_pages",
            1000,
            "round_pages_sent",
            530,
            "bandwidth",
            (json_int_t)125000000,
            "dirty_rate",
            (json_int_t)12500000,
            "predicted_blackout_ns",
            (json_int_t)12000000,
            "blackout_limit_ns",
            (json_int_t)300000000));
}

static json_t *session(void)
{
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:i, s:[s, s], s:b, s:b, s:s, s:s, s:s}",
        "session",
        "00000000000000000000000000000001",
        "guest",
        "db1",
        "peer",
        "h2",
        "role",
        "source",
        "state",
        "unknown",
        "epoch",
        3,
        "records",
        "SESSION",
        "GRANTED",
        "may_claim",
        1,
        "may_burn",
        0,
        "guest_state",
        "may run on h2",
        "claim_risk",
        "two of it may run",
        "burn_risk",
        "only a target burns");
}

static void on_session_list(void *context, struct control_request *request, const json_t *args)
{
    note_call(context, "session.list", args);
    control_reply(request, json_pack("{s:[o]}", "sessions", session()));
}

static void on_session_show(void *context, struct control_request *request, const json_t *args)
{
    note_call(context, "session.show", args);
    control_reply(request, session());
}

static void on_session_claim(void *context, struct control_request *request, const json_t *args)
{
    note_call(context, "session.claim", args);
    control_reply(request, json_pack("{s:s, s:s}", "guest", "db1", "guest_state", "runs on h1"));
}

static void on_record(void *context, struct control_request *request, const json_t *args)
{
    const struct fake *fake = context;
    char path[64];

    note_call(context, "record", args);
    (void)snprintf(path, sizeof path, "%s/made.trace", fake->folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_int_equal(fd_write_all(fd, "a trace\n", 8, NULL), HOST_OK);
    fd_close(&fd);
    control_reply(
        request,
        json_pack(
            "{s:s, s:i, s:i, s:i}", "file", path, "pages", 4, "intervals", 3, "dirty_pages", 9));
}

static void on_host_info(void *context, struct control_request *request, const json_t *args)
{
    note_call(context, "host.info", args);
    control_reply(
        request,
        json_pack(
            "{s:s, s:b, s:b, s:s, s:[s], s:[{s:s, s:[s, s]}]}",
            "host",
            "h1",
            "encrypted",
            0,
            "takes_sessions",
            0,
            "takes_sessions_why",
            "a write failed",
            "listen",
            "0.0.0.0:6600",
            "peers",
            "name",
            "h2",
            "addresses",
            "10.0.0.2",
            "10.1.0.2"));
}

static const struct control_call calls[] = {
    {"vm.run",        on_vm_run       },
    {"vm.list",       on_vm_list      },
    {"vm.stop",       on_vm_stop      },
    {"move",          on_move         },
    {"wait",          on_wait         },
    {"cancel",        on_cancel       },
    {"set",           on_set          },
    {"status",        on_status       },
    {"session.list",  on_session_list },
    {"session.show",  on_session_show },
    {"session.claim", on_session_claim},
    {"record",        on_record       },
    {"host.info",     on_host_info    },
    {NULL,            NULL            },
};

/* -- its life ----------------------------------------------------------------------------------- */

static void serve(struct fake *fake)
{
    struct host_error error;
    const struct control_server_options options = {
        .loop = fake->loop, .path = "sock", .calls = calls, .context = fake};

    if (control_server_create(&options, &fake->server, &error) != HOST_OK) {
        print_error("%s\n", error.text);
        abort();
    }
    control_publish(fake->server, "vm.started", json_pack("{s:s, s:i}", "guest", "db1", "pid", 77));
    control_publish(
        fake->server,
        "move.round",
        json_pack("{s:s, s:i, s:i}", "guest", "db2", "bandwidth", 125000000, "total_ns", 1500000));
}

static void on_vanish(void *context)
{
    struct fake *fake = context;

    fake->waiting = NULL;
    control_server_destroy(fake->server);
    fake->server = NULL;
    loop_timer_set(&fake->return_, loop_now(fake->loop) + FERRY_SECOND / 2);
}

static void on_return(void *context)
{
    serve(context);
}

static void on_stop(void *context)
{
    const struct fake *fake = context;

    loop_stop(fake->loop);
}

static void *live(void *context)
{
    struct fake *fake = context;

    if (loop_run(fake->loop, NULL) != HOST_OK) {
        abort();
    }
    loop_timer_stop(&fake->vanish);
    loop_timer_stop(&fake->return_);
    control_server_destroy(fake->server);
    return NULL;
}

int fake_start(void **state)
{
    struct fake *fake = calloc(1, sizeof *fake);

    (void)snprintf(fake->folder, sizeof fake->folder, "/tmp/ferry-cli-XXXXXX");
    if (mkdtemp(fake->folder) == NULL || getcwd(fake->home, sizeof fake->home) == NULL ||
        chdir(fake->folder) != 0 || setenv("FERRY_SOCKET", "sock", 1) != 0 ||
        loop_create(&fake->loop, NULL) != HOST_OK) {
        return -1;
    }
    (void)pthread_mutex_init(&fake->lock, NULL);
    (void)pthread_cond_init(&fake->news, NULL);
    loop_message_init(&fake->stop, on_stop, fake);
    loop_timer_init(&fake->vanish, fake->loop, on_vanish, fake);
    loop_timer_init(&fake->return_, fake->loop, on_return, fake);
    serve(fake);
    *state = fake;
    return pthread_create(&fake->thread, NULL, live, fake);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

int fake_stop(void **state)
{
    struct fake *fake = *state;

    loop_post(fake->loop, &fake->stop);
    (void)pthread_join(fake->thread, NULL);
    loop_message_cancel(fake->loop, &fake->stop);
    loop_destroy(fake->loop);
    for (size_t i = 0; i < fake->heard_count; i++) {
        free(fake->heard[i].args);
    }
    (void)pthread_mutex_destroy(&fake->lock);
    (void)pthread_cond_destroy(&fake->news);
    const int failed = chdir(fake->home);

    (void)nftw(fake->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(fake);
    return failed;
}

static const char *find_heard(const struct fake *fake, const char *call)
{
    for (size_t i = fake->heard_count; i > 0; i--) {
        if (strcmp(fake->heard[i - 1].call, call) == 0) {
            return fake->heard[i - 1].args;
        }
    }
    return NULL;
}

char *fake_heard(struct fake *fake, const char *call)
{
    (void)pthread_mutex_lock(&fake->lock);
    const char *args = find_heard(fake, call);
    char *copy = strdup(args == NULL ? "" : args);

    (void)pthread_mutex_unlock(&fake->lock);
    return copy;
}

void fake_await(struct fake *fake, const char *call)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    (void)pthread_mutex_lock(&fake->lock);
    while (find_heard(fake, call) == NULL) {
        assert_int_equal(pthread_cond_timedwait(&fake->news, &fake->lock, &until), 0);
    }
    (void)pthread_mutex_unlock(&fake->lock);
}

/* -- the command -------------------------------------------------------------------------------- */

static void read_output(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t got = 0;

    while (fd >= 0 && used < size - 1 && (got = read(fd, text + used, size - 1 - used)) > 0) {
        used += (size_t)got;
    }
    text[used] = '\0';
    fd_close(&fd);
}

static pid_t start(char *const arguments[])
{
    const pid_t pid = fork();

    if (pid != 0) {
        return pid;
    }
    const int in = open("/dev/null", O_RDONLY);
    const int out = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int err = open("err", O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(err, 2) == 2) {
        (void)execv(FERRY_COMMAND, arguments);
    }
    _exit(127);
}

static struct ran finish(pid_t pid)
{
    struct ran ran = {.status = -1000};
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    read_output("out", ran.out, sizeof ran.out);
    read_output("err", ran.err, sizeof ran.err);
    return ran;
}

/* The command's own name, then what was given. */
static void collect(char *arguments[ARGUMENTS_MAX], const char *const *words)
{
    size_t count = 0;

    arguments[count] = strdup("ferry");
    count++;
    for (; *words != NULL; words++) {
        assert_true(count < ARGUMENTS_MAX - 1);
        arguments[count] = strdup(*words);
        count++;
    }
    arguments[count] = NULL;
}

static void release(char *arguments[ARGUMENTS_MAX])
{
    for (size_t i = 0; arguments[i] != NULL; i++) {
        free(arguments[i]);
    }
}

struct ran run_words(const char *const *words)
{
    char *arguments[ARGUMENTS_MAX];

    collect(arguments, words);
    const struct ran ran = finish(start(arguments));

    release(arguments);
    return ran;
}

struct ran run_and_signal(struct fake *fake, const char *call, int number, const char *const *words)
{
    char *arguments[ARGUMENTS_MAX];

    collect(arguments, words);
    const pid_t pid = start(arguments);

    fake_await(fake, call);
    assert_int_equal(kill(pid, number), 0);
    const struct ran ran = finish(pid);

    release(arguments);
    return ran;
}
