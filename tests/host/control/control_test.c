/* SPDX-License-Identifier: Apache-2.0 */
/* control_test.c -- the server of the control socket against good, strange and hostile clients. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "engine/host/control/control.h"

#include "engine/host/base/fd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct bench {
    char folder[32];
    char path[64];
    struct loop *loop;
    struct control_server *server;
    struct control_request *held; /* of the call "hold" */
    unsigned calls;
};

/* Gives its arguments back. */
static void on_echo(void *context, struct control_request *request, const json_t *args)
{
    struct bench *bench = context;

    bench->calls++;
    control_reply(request, json_deep_copy(args));
}

static void on_hold(void *context, struct control_request *request, const json_t *args)
{
    struct bench *bench = context;

    (void)args;
    bench->held = request;
}

static void on_check(void *context, struct control_request *request, const json_t *args)
{
    static const char *const names[] = {"guest", "streams", "force", NULL};
    struct host_error error;
    const char *guest = NULL;
    uint64_t streams = 1;
    bool force = false;

    (void)context;
    if (control_args_known(args, names, &error) != HOST_OK ||
        control_arg_text(args, "guest", CONTROL_REQUIRED, &guest, &error) != HOST_OK ||
        control_arg_number(args, "streams", CONTROL_OPTIONAL, &streams, &error) != HOST_OK ||
        control_arg_flag(args, "force", CONTROL_OPTIONAL, &force, &error) != HOST_OK) {
        control_fail(request, &error, "runs here");
        return;
    }
    control_reply(request, NULL);
}

static const struct control_call calls[] = {
    {"echo",  on_echo },
    {"hold",  on_hold },
    {"check", on_check},
    {NULL,    NULL    },
};

static enum host_code serve(struct bench *bench, struct host_error *error)
{
    const struct control_server_options options = {
        .loop = bench->loop,
        .path = bench->path,
        .clients_max = 8,
        .calls = calls,
        .context = bench,
    };

    return control_server_create(&options, &bench->server, error);
}

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);

    (void)snprintf(bench->folder, sizeof bench->folder, "/tmp/ferry-control-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    (void)snprintf(bench->path, sizeof bench->path, "%s/s", bench->folder);
    assert_int_equal(loop_create(&bench->loop, NULL), HOST_OK);
    assert_int_equal(serve(bench, NULL), HOST_OK);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    struct stat found;

    control_server_destroy(bench->server);
    assert_int_not_equal(lstat(bench->path, &found), 0); /* nothing is left over */
    loop_destroy(bench->loop);
    assert_int_equal(rmdir(bench->folder), 0);
    free(bench);
    return 0;
}

static void turns(struct bench *bench, int count)
{
    for (int i = 0; i < count; i++) {
        assert_int_equal(loop_turn(bench->loop, 0, NULL), HOST_OK);
    }
}

static int dial(struct bench *bench)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    memcpy(address.sun_path, bench->path, strlen(bench->path) + 1);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    turns(bench, 2);
    return fd;
}

static void say(struct bench *bench, int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    turns(bench, 4);
}

/* All that has come, as far as it fits. */
static const char *heard(struct bench *bench, int fd)
{
    static char text[8192];
    size_t used = 0;

    turns(bench, 4);
    for (;;) {
        const ssize_t got = recv(fd, text + used, sizeof text - 1 - used, 0);

        if (got <= 0) {
            break;
        }
        used += (size_t)got;
        turns(bench, 2);
    }
    text[used] = '\0';
    return text;
}

static bool is_closed(int fd)
{
    char byte = 0;

    return recv(fd, &byte, 1, MSG_PEEK) == 0;
}

static void call_is_answered_with_its_id(void **state)
{
    struct bench *bench = *state;
    int fd = dial(bench);

    say(bench, fd, "{\"id\": 7, \"call\": \"echo\", \"args\": {\"a\": [1]}}\n");
    assert_string_equal(heard(bench, fd), "{\"id\":7,\"result\":{\"a\":[1]}}\n");
    fd_close(&fd);
}

static void pieces_and_several_lines_at_once_are_understood(void **state)
{
    struct bench *bench = *state;
    int fd = dial(bench);

    say(bench, fd, "{\"id\": 1, \"ca");
    say(bench, fd, "ll\": \"echo\"}\n\n{\"id\": 2, \"call\": \"echo\"}\n{\"id\"");
    say(bench, fd, ": 3, \"call\": \"echo\"}\n");
    assert_string_equal(
        heard(bench, fd),
        "{\"id\":1,\"result\":{}}\n{\"id\":2,\"result\":{}}\n{\"id\":3,\"result\":{}}\n");
    fd_close(&fd);
}

static void wrong_requests_are_told_and_the_connection_stays(void **state)
{
    static const struct {
        const char *line;
        const char *part;
    } rows[] = {
        {"{\"id\": 0, \"call\": \"echo\"}\n",                                                    "an integer from 1"           },
        {"{\"call\": \"echo\"}\n",                                                               "an integer from 1"           },
        {"{\"id\": 1}\n",                                                                        "\\\"call\\\" must be there"  },
        {"{\"id\": 1, \"call\": \"echo\", \"args\": []}\n",                                      "must be an object"           },
        {"{\"id\": 1, \"call\": \"nix\"}\n",                                                     "there is no call \\\"nix\\\""},
        {"{\"id\": 1, \"call\": \"check\"}\n",                                                   "\\\"guest\\\" is missing"    },
        {"{\"id\": 1, \"call\": \"check\", \"args\": {\"guest\": 1}}\n",
         "must be a string, and is an integer"                                                                                 },
        {"{\"id\": 1, \"call\": \"check\", \"args\": {\"guest\": \"a\", \"streams\": -1}}\n",
         "must be an integer from 0, and is a negative number"                                                                 },
        {"{\"id\": 1, \"call\": \"check\", \"args\": {\"guest\": \"a\", \"force\": \"yes\"}}\n",
         "must be true or false, and is a string"                                                                              },
        {"{\"id\": 1, \"call\": \"check\", \"args\": {\"gest\": \"a\"}}\n",
         "did you mean \\\"guest\\\"?"                                                                                         },
    };
    struct bench *bench = *state;
    int fd = dial(bench);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        say(bench, fd, rows[i].line);
        const char *text = heard(bench, fd);

        if (strstr(text, rows[i].part) == NULL || strstr(text, "\"code\":\"usage\"") == NULL) {
            fail_msg("%s -> %s", rows[i].line, text);
        }
        assert_false(is_closed(fd));
    }
    fd_close(&fd);
}

static void garbage_is_told_and_closed(void **state)
{
    struct bench *bench = *state;
    static const char *const lines[] = {
        "GET / HTTP/1.1\r\n", "[1]\n", "{\"id\": 1,\n", "\xff\xfe\n", "{\"a\": 1, \"a\": 2}\n"};

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        int fd = dial(bench);

        say(bench, fd, lines[i]);
        assert_non_null(strstr(heard(bench, fd), "\"code\":\"protocol\""));
        turns(bench, 4);
        assert_true(is_closed(fd));
        fd_close(&fd);
    }
    assert_int_equal(bench->calls, 0);
}

static void endless_line_is_refused(void **state)
{
    struct bench *bench = *state;
    int fd = dial(bench);
    char block[4096];
    size_t sent = 0;

    memset(block, 'x', sizeof block);
    for (int i = 0; i < 100; i++) {
        const ssize_t size = send(fd, block, sizeof block, MSG_NOSIGNAL);

        sent += size > 0 ? (size_t)size : 0;
        turns(bench, 2);
    }
    assert_true(sent <= 2 * CONTROL_LINE_MAX + 65536); /* it is not even taken off the socket */
    assert_non_null(strstr(heard(bench, fd), "more than 128 KiB"));
    fd_close(&fd);
    turns(bench, 4);
}

static void answer_may_come_later_and_its_client_may_be_gone(void **state)
{
    struct bench *bench = *state;
    int fd = dial(bench);

    say(bench, fd, "{\"id\": 1, \"call\": \"hold\"}\n{\"id\": 2, \"call\": \"echo\"}\n");
    assert_string_equal(heard(bench, fd), "{\"id\":2,\"result\":{}}\n");
    assert_true(control_request_heard(bench->held));
    control_reply(bench->held, NULL);
    assert_string_equal(heard(bench, fd), "{\"id\":1,\"result\":{}}\n");

    say(bench, fd, "{\"id\": 3, \"call\": \"hold\"}\n");
    fd_close(&fd);
    turns(bench, 4);
    assert_false(control_request_heard(bench->held));
    control_reply(bench->held, NULL);
}

static void open_call_is_answered_when_the_server_ends(void **state)
{
    struct bench *bench = *state;
    int fd = dial(bench);

    say(bench, fd, "{\"id\": 1, \"call\": \"hold\"}\n");
    control_server_destroy(bench->server);
    bench->server = NULL;
    char text[512] = "";

    assert_true(recv(fd, text, sizeof text - 1, 0) > 0);
    assert_non_null(strstr(text, "\"code\":\"closed\""));
    fd_close(&fd);
    turns(bench, 1);
}

static void client_that_asked_and_shut_its_end_still_gets_the_answer(void **state)
{
    struct bench *bench = *state;
    int fd = dial(bench);

    say(bench, fd, "{\"id\": 1, \"call\": \"hold\"}\n");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    turns(bench, 4);
    control_reply(bench->held, NULL);
    assert_string_equal(heard(bench, fd), "{\"id\":1,\"result\":{}}\n");
    assert_true(is_closed(fd));
    fd_close(&fd);
}

static void too_many_open_calls_are_refused(void **state)
{
    struct bench *bench = *state;
    int fd = dial(bench);
    char line[64];

    for (unsigned i = 1; i <= CONTROL_CALLS_MAX + 1; i++) {
        (void)snprintf(line, sizeof line, "{\"id\": %u, \"call\": \"hold\"}\n", i);
        say(bench, fd, line);
    }
    const char *text = heard(bench, fd);

    assert_non_null(strstr(text, "{\"id\":33,\"error\":{\"code\":\"limit\""));
    fd_close(&fd);
    turns(bench, 4);
}

static void too_many_clients_are_turned_away(void **state)
{
    struct bench *bench = *state;
    int fds[10];

    for (size_t i = 0; i < 10; i++) {
        fds[i] = dial(bench);
    }
    assert_true(is_closed(fds[7]) == false);
    assert_non_null(strstr(heard(bench, fds[8]), "too many clients"));
    fd_close(&fds[0]);
    turns(bench, 4);
    int late = dial(bench);

    say(bench, late, "{\"id\": 1, \"call\": \"echo\"}\n");
    assert_string_equal(heard(bench, late), "{\"id\":1,\"result\":{}}\n");
    fd_close(&late);
    for (size_t i = 1; i < 10; i++) {
        fd_close(&fds[i]);
    }
    turns(bench, 12);
}

static void events_come_to_who_asked_with_their_past(void **state)
{
    struct bench *bench = *state;
    int fd = dial(bench);
    int other = dial(bench);

    control_publish(bench->server, "old", json_pack("{s:s}", "guest", "a"));
    control_publish(bench->server, "old", json_pack("{s:s}", "guest", "b"));
    say(bench,
        fd,
        "{\"id\": 1, \"call\": \"events\", \"args\": {\"history\": 5, \"guest\": \"a\"}}\n");
    control_publish(bench->server, "new", json_pack("{s:s}", "guest", "a"));
    control_publish(bench->server, "new", json_pack("{s:s}", "guest", "b"));
    const char *text = heard(bench, fd);

    assert_non_null(
        strstr(text, "{\"id\":1,\"result\":{\"seq\":2}}\n{\"event\":\"old\",\"seq\":1,"));
    assert_non_null(strstr(text, "{\"event\":\"new\",\"seq\":3,"));
    assert_null(strstr(text, "\"guest\":\"b\""));
    assert_string_equal(heard(bench, other), "");
    fd_close(&fd);
    fd_close(&other);
    turns(bench, 4);
}

static void slow_client_loses_events_and_is_told_how_many(void **state)
{
    struct bench *bench = *state;
    int fd = dial(bench);
    char blob[1001];

    memset(blob, 'b', sizeof blob - 1);
    blob[sizeof blob - 1] = '\0';
    say(bench, fd, "{\"id\": 1, \"call\": \"events\"}\n");
    for (int i = 0; i < 2000; i++) {
        control_publish(bench->server, "big", json_pack("{s:s}", "blob", blob));
    }
    turns(bench, 2);
    size_t total = 0;
    char text[65536];
    ssize_t got = 0;

    /* It reads again: what was kept, then the number of the lost ones before the next event. */
    for (int i = 0; i < 2000; i++) {
        got = recv(fd, text, sizeof text - 1, 0);
        total += got > 0 ? (size_t)got : 0;
        turns(bench, 1);
    }
    assert_true(total > 100000 && total < 1000000);
    control_publish(bench->server, "after", NULL);
    const char *rest = heard(bench, fd);

    assert_non_null(strstr(rest, "{\"event\":\"dropped\",\"count\":"));
    assert_non_null(strstr(rest, "{\"event\":\"after\",\"seq\":2001,"));
    fd_close(&fd);
    turns(bench, 4);
}

static void client_that_never_reads_its_answers_is_disconnected(void **state)
{
    struct bench *bench = *state;
    int fd = dial(bench);
    char *line = malloc(100001 + 64);
    size_t size = (size_t)sprintf(line, "{\"id\":1,\"call\":\"echo\",\"args\":{\"a\":\"");

    memset(line + size, 'a', 100000);
    size += 100000;
    size += (size_t)sprintf(line + size, "\"}}\n");
    unsigned rounds = 0;
    size_t at = 0;

    while (rounds < 4000) {
        const ssize_t sent = send(fd, line + at, size - at, MSG_NOSIGNAL);

        if (sent < 0) {
            turns(bench, 1);
            rounds++;
            if (is_closed(fd)) {
                break;
            }
            continue;
        }
        at = (at + (size_t)sent) % size;
    }
    assert_true(bench->calls < CONTROL_QUEUE_MAX / 100000 + 20);
    free(line);
    fd_close(&fd);
    turns(bench, 4);
}

static void socket_has_mode_0660_and_belongs_to_one_server(void **state)
{
    struct bench *bench = *state;
    struct control_server *const first = bench->server;
    struct stat found;
    struct host_error error;

    assert_int_equal(lstat(bench->path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0660);
    assert_int_equal(serve(bench, &error), HOST_EXISTS);
    assert_non_null(strstr(error.text, "another ferryd"));
    assert_ptr_equal(bench->server, first);
    turns(bench, 4);
}

static void socket_of_a_dead_daemon_is_replaced(void **state)
{
    struct bench *bench = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    control_server_destroy(bench->server);
    bench->server = NULL;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, bench->path, strlen(bench->path) + 1);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    fd_close(&fd); /* the file stays, nobody listens */
    assert_int_equal(serve(bench, NULL), HOST_OK);
    fd = dial(bench);
    say(bench, fd, "{\"id\": 1, \"call\": \"echo\"}\n");
    assert_string_equal(heard(bench, fd), "{\"id\":1,\"result\":{}}\n");
    fd_close(&fd);
    turns(bench, 2);
}

static void unknown_group_is_named(void **state)
{
    struct bench *bench = *state;
    struct control_server *server = NULL;
    struct host_error error;
    const struct control_server_options options = {
        .loop = bench->loop,
        .path = "/tmp/never",
        .group = "no-such-group",
        .calls = calls,
    };

    assert_int_equal(control_server_create(&options, &server, &error), HOST_NOT_FOUND);
    assert_non_null(strstr(error.text, "no-such-group"));
    assert_null(server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(call_is_answered_with_its_id),
        TEST(pieces_and_several_lines_at_once_are_understood),
        TEST(wrong_requests_are_told_and_the_connection_stays),
        TEST(garbage_is_told_and_closed),
        TEST(endless_line_is_refused),
        TEST(answer_may_come_later_and_its_client_may_be_gone),
        TEST(open_call_is_answered_when_the_server_ends),
        TEST(client_that_asked_and_shut_its_end_still_gets_the_answer),
        TEST(too_many_open_calls_are_refused),
        TEST(too_many_clients_are_turned_away),
        TEST(events_come_to_who_asked_with_their_past),
        TEST(slow_client_loses_events_and_is_told_how_many),
        TEST(client_that_never_reads_its_answers_is_disconnected),
        TEST(socket_has_mode_0660_and_belongs_to_one_server),
        TEST(socket_of_a_dead_daemon_is_replaced),
        TEST(unknown_group_is_named),
    };

    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
