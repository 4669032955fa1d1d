/* SPDX-License-Identifier: Apache-2.0 */
/* loop_test.c -- timers in order, messages from threads, signals, processes, and what is removed is
 * not called again. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "engine/host/loop/loop.h"

#include "engine/host/base/fd.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int setup(void **state)
{
    struct loop *loop = NULL;
    const enum host_code code = loop_create(&loop, NULL);

    *state = loop;
    return code == HOST_OK ? 0 : -1;
}

static int teardown(void **state)
{
    loop_destroy(*state);
    return 0;
}

static void turn(struct loop *loop)
{
    assert_int_equal(loop_turn(loop, 0, NULL), HOST_OK);
}

/* -- timers ------------------------------------------------------------------------------------- */

#define TIMERS 2000

struct order {
    struct loop_timer timers[TIMERS];
    ferry_time_ns at[TIMERS];
    int fired[TIMERS];
    int count;
};

struct one {
    struct order *order;
    int number;
};

static struct one ones[TIMERS];

static void on_order(void *context)
{
    const struct one *one = context;

    one->order->fired[one->order->count] = one->number;
    one->order->count++;
}

static void timers_fire_in_the_order_of_time_and_of_setting(void **state)
{
    struct loop *loop = *state;
    struct order *order = calloc(1, sizeof *order);
    uint64_t seed = 1;
    const ferry_time_ns now = host_now();

    for (int i = 0; i < TIMERS; i++) {
        seed = seed * 6364136223846793005U + 1;
        ones[i] = (struct one){order, i};
        order->at[i] = now - (ferry_time_ns)(seed >> 33) % 100; /* past, with many equal ones */
        loop_timer_init(&order->timers[i], loop, on_order, &ones[i]);
        loop_timer_set(&order->timers[i], order->at[i] + 5);
        loop_timer_set(&order->timers[i], order->at[i]);
    }
    for (int i = 0; i < TIMERS; i += 3) {
        loop_timer_stop(&order->timers[i]);
    }
    turn(loop);

    assert_int_equal(order->count, TIMERS - (TIMERS + 2) / 3);
    for (int i = 1; i < order->count; i++) {
        const int a = order->fired[i - 1];
        const int b = order->fired[i];

        assert_in_range(a, 0, TIMERS - 1);
        assert_in_range(b, 0, TIMERS - 1);
        const ferry_time_ns earlier = order->at[a];
        const ferry_time_ns later = order->at[b];
        assert_true(earlier < later || (earlier == later && a < b));
        assert_int_not_equal(b % 3, 0);
    }
    free(order);
}

struct again {
    struct loop *loop;
    struct loop_timer timer;
    int count;
};

static void on_again(void *context)
{
    struct again *again = context;

    again->count++;
    loop_timer_set(&again->timer, 0);
}

static void timer_that_sets_itself_fires_once_a_turn(void **state)
{
    struct again again = {.loop = *state};

    loop_timer_init(&again.timer, again.loop, on_again, &again);
    loop_timer_set(&again.timer, 0);
    turn(again.loop);
    assert_int_equal(again.count, 1);
    turn(again.loop);
    assert_int_equal(again.count, 2);
    loop_timer_stop(&again.timer);
}

static void on_stop_other(void *context)
{
    struct again *other = context;

    loop_timer_stop(&other->timer);
}

static void timer_stopped_by_one_before_it_does_not_fire(void **state)
{
    struct again other = {.loop = *state};
    struct loop_timer first;

    loop_timer_init(&first, other.loop, on_stop_other, &other);
    loop_timer_init(&other.timer, other.loop, on_again, &other);
    loop_timer_set(&other.timer, 2);
    loop_timer_set(&first, 1);
    turn(other.loop);
    assert_int_equal(other.count, 0);
}

static void a_timer_is_never_early(void **state)
{
    struct again again = {.loop = *state};
    const ferry_time_ns at = host_now() + 3 * FERRY_MILLISECOND;

    loop_timer_init(&again.timer, again.loop, on_again, &again);
    loop_timer_set(&again.timer, at);
    while (again.count == 0) {
        assert_int_equal(loop_turn(again.loop, FERRY_TIME_NEVER, NULL), HOST_OK);
    }
    assert_true(loop_now(again.loop) >= at);
    loop_timer_stop(&again.timer);
}

/* -- descriptors -------------------------------------------------------------------------------- */

struct pair {
    struct loop *loop;
    int ends[2];
    struct loop_fd *watch;
    struct pair *victim;
    int count;
};

static void pair_open(struct pair *pair, struct loop *loop, loop_fd_function *function)
{
    *pair = (struct pair){.loop = loop};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair->ends), 0);
    assert_int_equal(
        loop_fd_add(loop, pair->ends[0], EPOLLIN, function, pair, &pair->watch), HOST_OK);
}

static void pair_close(struct pair *pair)
{
    loop_fd_remove(pair->watch);
    fd_close(&pair->ends[0]);
    fd_close(&pair->ends[1]);
}

static void on_ready(void *context, uint32_t events)
{
    struct pair *pair = context;

    assert_true((events & EPOLLIN) != 0);
    pair->count++;
    if (pair->victim != NULL && pair->victim->watch != NULL) {
        loop_fd_remove(pair->victim->watch);
        pair->victim->watch = NULL;
    }
}

static void watch_removed_in_the_same_turn_is_not_called(void **state)
{
    struct pair a;
    struct pair b;

    pair_open(&a, *state, on_ready);
    pair_open(&b, *state, on_ready);
    a.victim = &b;
    b.victim = &a;
    assert_int_equal(write(a.ends[1], "x", 1), 1);
    assert_int_equal(write(b.ends[1], "x", 1), 1);
    turn(*state);
    assert_int_equal(a.count + b.count, 1);
    pair_close(&a);
    pair_close(&b);
}

static void watch_without_events_is_quiet(void **state)
{
    struct pair a;

    pair_open(&a, *state, on_ready);
    assert_int_equal(write(a.ends[1], "x", 1), 1);
    loop_fd_events(a.watch, 0);
    turn(*state);
    assert_int_equal(a.count, 0);
    loop_fd_events(a.watch, EPOLLIN);
    turn(*state);
    assert_int_equal(a.count, 1);
    pair_close(&a);
}

/* -- messages ----------------------------------------------------------------------------------- */

#define THREADS 4
#define POSTS   20000

struct sender {
    struct loop *loop;
    pthread_mutex_t lock;
    int said;  /* under the lock */
    int heard; /* loop's */
    int calls;
    struct loop_message message;
    pthread_t thread;
};

static void *send_many(void *context)
{
    struct sender *sender = context;

    for (int i = 0; i < POSTS; i++) {
        (void)pthread_mutex_lock(&sender->lock);
        sender->said++;
        (void)pthread_mutex_unlock(&sender->lock);
        loop_post(sender->loop, &sender->message);
    }
    return NULL;
}

static void on_message(void *context)
{
    struct sender *sender = context;

    (void)pthread_mutex_lock(&sender->lock);
    sender->heard = sender->said;
    (void)pthread_mutex_unlock(&sender->lock);
    sender->calls++;
}

static void posts_from_threads_all_arrive(void **state)
{
    struct sender senders[THREADS];

    for (int i = 0; i < THREADS; i++) {
        senders[i] = (struct sender){.loop = *state};
        (void)pthread_mutex_init(&senders[i].lock, NULL);
        loop_message_init(&senders[i].message, on_message, &senders[i]);
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_many, &senders[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        while (senders[i].heard < POSTS) {
            assert_int_equal(loop_turn(*state, FERRY_TIME_NEVER, NULL), HOST_OK);
        }
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(senders[i].thread, NULL);
        loop_message_cancel(*state, &senders[i].message);
        assert_int_equal(senders[i].heard, POSTS);
        assert_true(senders[i].calls <= POSTS);
        (void)pthread_mutex_destroy(&senders[i].lock);
    }
}

static void on_count(void *context)
{
    int *count = context;

    (*count)++;
}

static void message_taken_back_is_not_delivered(void **state)
{
    struct loop_message messages[3];
    int counts[3] = {0};

    for (int i = 0; i < 3; i++) {
        loop_message_init(&messages[i], on_count, &counts[i]);
        loop_post(*state, &messages[i]);
        loop_post(*state, &messages[i]);
    }
    loop_message_cancel(*state, &messages[1]);
    turn(*state);
    assert_int_equal(counts[0], 1);
    assert_int_equal(counts[1], 0);
    assert_int_equal(counts[2], 1);
    loop_post(*state, &messages[1]);
    turn(*state);
    assert_int_equal(counts[1], 1);
}

/* -- signals and processes ---------------------------------------------------------------------- */

static void on_signal(void *context, int number)
{
    int *last = context;

    *last = number;
}

static void signal_is_told_by_its_number(void **state)
{
    int last = 0;

    assert_int_equal(loop_signal(*state, SIGUSR1, on_signal, &last, NULL), HOST_OK);
    assert_int_equal(loop_signal(*state, SIGUSR2, on_signal, &last, NULL), HOST_OK);
    assert_int_equal(loop_signal(*state, SIGUSR1, on_signal, &last, NULL), HOST_EXISTS);
    assert_int_equal(raise(SIGUSR2), 0);
    turn(*state);
    assert_int_equal(last, SIGUSR2);
    assert_int_equal(raise(SIGUSR1), 0);
    turn(*state);
    assert_int_equal(last, SIGUSR1);
}

struct ending {
    int told;
    bool exited;
    int value;
};

static void on_end(void *context, bool exited, int value)
{
    struct ending *ending = context;

    *ending = (struct ending){.told = ending->told + 1, .exited = exited, .value = value};
}

static pid_t start_child(int status)
{
    const pid_t pid = fork();

    if (pid == 0) {
        if (status < 0) {
            (void)pause();
        }
        _exit(status);
    }
    assert_true(pid > 0);
    return pid;
}

static void wait_for(struct loop *loop, const struct ending *ending)
{
    while (ending->told == 0) {
        assert_int_equal(loop_turn(loop, FERRY_TIME_NEVER, NULL), HOST_OK);
    }
}

static void end_of_a_child_is_told_with_its_status(void **state)
{
    struct ending ending = {.told = 0};
    struct loop_child *child = NULL;

    assert_int_equal(
        loop_child_add(*state, start_child(7), on_end, &ending, &child, NULL), HOST_OK);
    wait_for(*state, &ending);
    assert_true(ending.exited);
    assert_int_equal(ending.value, 7);
}

static void killed_child_is_told_with_its_signal(void **state)
{
    struct ending ending = {.told = 0};
    struct loop_child *child = NULL;

    assert_int_equal(
        loop_child_add(*state, start_child(-1), on_end, &ending, &child, NULL), HOST_OK);
    assert_int_equal(loop_child_kill(child, SIGKILL, NULL), HOST_OK);
    wait_for(*state, &ending);
    assert_false(ending.exited);
    assert_int_equal(ending.value, SIGKILL);
}

static void process_that_is_not_there_is_not_found(void **state)
{
    struct ending ending = {.told = 0};
    struct loop_child *child = NULL;
    const pid_t pid = start_child(0);
    struct loop_child *gone = NULL;

    assert_int_equal(loop_child_add(*state, pid, on_end, &ending, &child, NULL), HOST_OK);
    wait_for(*state, &ending);
    assert_int_equal(loop_process_add(*state, pid, on_end, &ending, &gone, NULL), HOST_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            timers_fire_in_the_order_of_time_and_of_setting, setup, teardown),
        cmocka_unit_test_setup_teardown(timer_that_sets_itself_fires_once_a_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(
            timer_stopped_by_one_before_it_does_not_fire, setup, teardown),
        cmocka_unit_test_setup_teardown(a_timer_is_never_early, setup, teardown),
        cmocka_unit_test_setup_teardown(
            watch_removed_in_the_same_turn_is_not_called, setup, teardown),
        cmocka_unit_test_setup_teardown(watch_without_events_is_quiet, setup, teardown),
        cmocka_unit_test_setup_teardown(posts_from_threads_all_arrive, setup, teardown),
        cmocka_unit_test_setup_teardown(message_taken_back_is_not_delivered, setup, teardown),
        cmocka_unit_test_setup_teardown(signal_is_told_by_its_number, setup, teardown),
        cmocka_unit_test_setup_teardown(end_of_a_child_is_told_with_its_status, setup, teardown),
        cmocka_unit_test_setup_teardown(killed_child_is_told_with_its_signal, setup, teardown),
        cmocka_unit_test_setup_teardown(process_that_is_not_there_is_not_found, setup, teardown),
    };

    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
