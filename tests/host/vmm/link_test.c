/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_test.c -- the daemon's end against a guest's process that lies: whatever comes, the link ends
 * with a name, every request is completed once, and no wait is without end.
 */
#include "engine/host/base/fd.h"
#include "engine/host/vmmlink/protocol.h"
#include "rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MEMORY (64ULL << 20)
#define PAGE   4096U

struct bench {
    int listener;
    int peer; /* the lying process' end */
    struct rig rig;
    uint32_t completions;
};

static void on_up(void *context, const struct vmmlink_guest *guest)
{
    struct bench *bench = context;
    (void)guest;
    bench->rig.up = true;
}

static void on_lost(void *context, enum vmmlink_status status, const char *reason)
{
    struct bench *bench = context;
    assert_false(bench->rig.lost);
    bench->rig.lost = true;
    bench->rig.lost_status = status;
    snprintf(bench->rig.lost_reason, sizeof(bench->rig.lost_reason), "%s", reason);
}

static void on_text(void *context, const char *reason)
{
    (void)context;
    (void)reason;
}

static void on_serial(void *context, uint64_t offset, const char *text, size_t size)
{
    (void)context;
    (void)offset;
    (void)text;
    (void)size;
}

static void on_report(void *context, const struct vmmlink_report *report)
{
    (void)context;
    (void)report;
}

static void on_done(void *context, const struct vmmlink_reply *reply)
{
    struct bench *bench = context;
    bench->completions++;
    bench->rig.reply = *reply;
}

static void open_bench(struct bench *bench)
{
    static unsigned count;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct vmmlink_observer observer = {on_up, on_lost, on_text, on_serial, on_report, bench};
    char reason[256];
    memset(bench, 0, sizeof(*bench));
    snprintf(
        bench->rig.socket,
        sizeof(bench->rig.socket),
        "/tmp/ferry-liar-%d-%u.sock",
        (int)getpid(),
        count++);
    memcpy(address.sun_path, bench->rig.socket, strlen(bench->rig.socket));
    bench->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(bench->listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(bench->listener, 1), 0);
    const struct vmmlink_config config = {.socket_path = bench->rig.socket, .observer = &observer};
    assert_int_equal(
        vmmlink_create(&config, 0, &bench->rig.link, reason, sizeof(reason)), VMMLINK_OK);
    bench->peer = accept(bench->listener, NULL, NULL);
    assert_true(bench->peer >= 0);
}

static void close_bench(struct bench *bench)
{
    vmmlink_destroy(bench->rig.link);
    fd_close(&bench->peer);
    fd_close(&bench->listener);
    unlink(bench->rig.socket);
}

struct greeting {
    struct vmm_hello_answer hello;
    char name[8]; /* no padding behind it */
};

static struct greeting good_greeting(void)
{
    struct greeting greeting = {.name = "the-liar"};
    struct vmm_hello_answer *hello = &greeting.hello;
    hello->answer.header =
        (struct vmm_header){.magic = VMM_MAGIC, .type = VMM_HELLO | VMM_ANSWER, .id = 1};
    hello->answer.guest_state = VMMLINK_GUEST_FRESH;
    hello->version = VMM_VERSION;
    hello->region_count = 1;
    hello->regions[0].pages = MEMORY / PAGE;
    hello->ram_page_size = PAGE;
    hello->bitmap_bytes = MEMORY / PAGE / 8;
    hello->state_bytes = VMMLINK_STATE_MAX;
    hello->name_bytes = sizeof(greeting.name);
    return greeting;
}

static void say_greeting(struct bench *bench, const struct greeting *greeting, uint64_t memory)
{
    int fds[3] = {-1, -1, -1};
    const uint64_t sizes[3] = {memory, MEMORY / PAGE / 8, VMMLINK_STATE_MAX};
    struct host_error error;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(memory_create("liar", sizes[i], FD_HUGE_NONE, &fds[i], &error), HOST_OK);
    }
    assert_int_equal(fd_send(bench->peer, greeting, sizeof(*greeting), fds, 3, &error), HOST_OK);
    for (size_t i = 0; i < 3; i++) {
        fd_close(&fds[i]);
    }
    vmmlink_ready(bench->rig.link, 1);
}

static void good_hello_is_taken(void **unused)
{
    (void)unused;
    struct bench bench = {0};
    const struct greeting greeting = good_greeting();
    open_bench(&bench);

    say_greeting(&bench, &greeting, MEMORY);

    assert_true(bench.rig.up);
    assert_string_equal(vmmlink_guest(bench.rig.link)->name, "the-liar");
    close_bench(&bench);
}

/* One field of a good hello is a lie. */
static void lie(size_t which, struct greeting *greeting, uint64_t *memory)
{
    struct vmm_hello_answer *hello = &greeting->hello;
    switch (which) {
    case 0: hello->region_count = 0; return;
    case 1: hello->region_count = 99; return;
    case 2: hello->regions[0].pages = UINT64_MAX; return;
    case 3: hello->regions[0].pages *= 2; return;
    case 4: hello->bitmap_bytes = UINT64_MAX; return;
    case 5: hello->state_bytes = 1; return;
    case 6: hello->name_bytes = UINT32_MAX; return;
    case 7: hello->config_bytes = 4096; return;
    case 8: hello->report_offset = MEMORY; return;
    case 9: hello->version = 2; return;
    case 10: hello->answer.guest_state = 77; return;
    case 11: hello->answer.header.magic = 1; return;
    case 12: *memory = MEMORY / 2; return; /* less memory than is said */
    case 13: hello->answer.header.type = VMM_PAUSE | VMM_ANSWER; return;
    default: hello->ram_page_size = 3; return;
    }
}

static void hello_with_a_lie_is_refused_by_name(void **unused)
{
    (void)unused;
    for (size_t which = 0; which < 15; which++) {
        struct bench bench = {0};
        struct greeting greeting = good_greeting();
        uint64_t memory = MEMORY;
        open_bench(&bench);
        lie(which, &greeting, &memory);

        say_greeting(&bench, &greeting, memory);

        if (!bench.rig.lost || bench.rig.up || bench.rig.lost_status != VMMLINK_PROTOCOL ||
            bench.rig.lost_reason[0] == '\0') {
            fail_msg("lie %zu was taken", which);
        }
        close_bench(&bench);
    }
}

static void no_answer_to_the_hello_ends_in_time(void **unused)
{
    (void)unused;
    struct bench bench = {0};
    open_bench(&bench);

    const ferry_time_ns deadline = vmmlink_deadline(bench.rig.link);
    assert_true(deadline < FERRY_TIME_NEVER);
    vmmlink_tick(bench.rig.link, deadline);

    assert_int_equal(bench.rig.lost_status, VMMLINK_TIMEOUT);
    close_bench(&bench);
}

static enum vmmlink_status ask(struct bench *bench)
{
    const struct vmmlink_call call = {.done = on_done, .context = bench, .timeout = 100, .now = 1};
    return vmmlink_pause(bench->rig.link, &call);
}

static void open_greeted(struct bench *bench)
{
    const struct greeting greeting = good_greeting();
    open_bench(bench);
    say_greeting(bench, &greeting, MEMORY);
    assert_true(bench->rig.up);
}

static void request_without_answer_ends_in_time_and_its_late_answer_is_dropped(void **unused)
{
    (void)unused;
    struct bench bench = {0};
    struct vmm_pause_answer answer = {0};
    answer.answer.header =
        (struct vmm_header){.magic = VMM_MAGIC, .type = VMM_PAUSE | VMM_ANSWER, .id = 2};
    answer.answer.guest_state = VMMLINK_GUEST_PAUSED;
    open_greeted(&bench);
    assert_int_equal(ask(&bench), VMMLINK_OK);

    vmmlink_tick(bench.rig.link, vmmlink_deadline(bench.rig.link));
    assert_int_equal(bench.completions, 1);
    assert_int_equal(bench.rig.reply.status, VMMLINK_TIMEOUT);
    assert_int_equal(send(bench.peer, &answer, sizeof(answer), 0), sizeof(answer));
    vmmlink_ready(bench.rig.link, 200);

    assert_int_equal(bench.completions, 1);
    assert_false(bench.rig.lost);
    close_bench(&bench);
}

static void lost_link_completes_every_request_once(void **unused)
{
    (void)unused;
    struct bench bench = {0};
    open_greeted(&bench);
    for (unsigned i = 0; i < VMMLINK_REQUESTS_MAX; i++) {
        assert_int_equal(ask(&bench), VMMLINK_OK);
    }
    assert_int_equal(ask(&bench), VMMLINK_BUSY);

    fd_close(&bench.peer);
    vmmlink_ready(bench.rig.link, 2);

    assert_true(bench.rig.lost);
    assert_int_equal(bench.completions, VMMLINK_REQUESTS_MAX);
    assert_int_equal(bench.rig.reply.status, VMMLINK_LOST);
    assert_int_equal(ask(&bench), VMMLINK_LOST);
    close_bench(&bench);
}

static void lying_packets_end_the_link_by_name(void **unused)
{
    (void)unused;
    static const struct {
        uint32_t type;
        uint64_t id;
        size_t size;
    } cases[] = {
        {VMM_PAUSE | VMM_ANSWER,  2,  sizeof(struct vmm_pause_answer) - 1}, /* cut */
        {VMM_PAUSE | VMM_ANSWER,  2,  sizeof(struct vmm_pause_answer)    }, /* state 0 */
        {VMM_STATUS | VMM_ANSWER, 2,  sizeof(struct vmm_status_answer)   }, /* not what was asked */
        {VMM_PAUSE | VMM_ANSWER,  99, sizeof(struct vmm_pause_answer)    }, /* never asked */
        {VMM_HELLO | VMM_ANSWER,  2,  sizeof(struct vmm_hello_answer)    },
        {VMM_EVENT_SERIAL,        0,  sizeof(struct vmm_event_serial) - 8},
        {VMM_EVENT_END,           0,  sizeof(struct vmm_event_text)      },
        {VMM_EVENT_DIED,          5,  sizeof(struct vmm_event_text)      },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static uint8_t packet[VMM_PACKET_MAX];
        struct bench bench = {0};
        const struct vmm_header header = {
            .magic = VMM_MAGIC, .type = cases[i].type, .id = cases[i].id};
        memset(packet, 0, sizeof(packet));
        memcpy(packet, &header, sizeof(header));
        open_greeted(&bench);
        assert_int_equal(ask(&bench), VMMLINK_OK);

        assert_int_equal(send(bench.peer, packet, cases[i].size, 0), cases[i].size);
        vmmlink_ready(bench.rig.link, 2);

        if (!bench.rig.lost || bench.rig.lost_status != VMMLINK_PROTOCOL ||
            bench.completions != 1) {
            fail_msg("case %zu was taken", i);
        }
        close_bench(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_hello_is_taken),
        cmocka_unit_test(hello_with_a_lie_is_refused_by_name),
        cmocka_unit_test(no_answer_to_the_hello_ends_in_time),
        cmocka_unit_test(request_without_answer_ends_in_time_and_its_late_answer_is_dropped),
        cmocka_unit_test(lost_link_completes_every_request_once),
        cmocka_unit_test(lying_packets_end_the_link_by_name),
    };
    return cmocka_run_group_tests_name("host/vmm/link", tests, NULL, NULL);
}
