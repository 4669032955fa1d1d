/* SPDX-License-Identifier: Apache-2.0 */
/* announce_test.c -- a guest's announcement leaves by its own interface: seen from the other end of
 * a tap. */
#include "engine/host/daemon/announce.h"

#include "tests/host/support/check.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* A tap in a network of its own; -1 with the reason. */
static int make_tap(const char *name, const char **reason_out)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};

    if (unshare(CLONE_NEWNET) != 0) {
        *reason_out = "no right to make a network namespace";
        return -1;
    }
    const int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    (void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0) {
        *reason_out = "no /dev/net/tun that this user may use";
        return -1;
    }
    const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    request.ifr_flags = IFF_UP;
    const bool up = ioctl(control, SIOCSIFFLAGS, &request) == 0;
    (void)close(control);
    *reason_out = "the tap cannot be set up";
    return up ? fd : -1;
}

/* The next frame of this type; others (the kernel's own) are passed over. */
static bool next_frame(int fd, const char *type, uint8_t frame[128])
{
    for (unsigned i = 0; i < 20; i++) {
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        if (poll(&poller, 1, 2000) <= 0 || read(fd, frame, 128) < (ssize_t)ANNOUNCE_FRAME_SIZE) {
            return false;
        }
        if (memcmp(frame + 12, type, 2) == 0) {
            return true;
        }
    }
    return false;
}

static void announcement_leaves_by_the_guests_tap(void **state)
{
    (void)state;
    struct guestfile guest = {.name = "g1", .id = 0x0504030201, .config = guestconfig_default()};
    const char *reason = "";
    uint8_t frame[128];
    (void)snprintf(guest.config.tap, sizeof guest.config.tap, "ferrytap0");
    const int fd = make_tap(guest.config.tap, &reason);
    if (fd < 0) {
        print_message("skipped: %s\n", reason);
        skip();
    }

    announce_guest(&guest);

    assert_true(next_frame(fd, "\x80\x35", frame));
    assert_memory_equal(frame + 6, "\x52\x01\x02\x03\x04\x05", 6);
    assert_true(next_frame(fd, "\x08\x06", frame));
    assert_memory_equal(frame + 6, "\x52\x01\x02\x03\x04\x05", 6);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(announcement_leaves_by_the_guests_tap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
