/* SPDX-License-Identifier: Apache-2.0 */
/* links.c -- see bench.h. */
#include "bench.h"
#include "engine/host/transport/certificate.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static char folder[64];
static char ca_key[128];
static struct tls_paths paths;

const struct tls_paths *links_paths(void)
{
    return &paths;
}

void links_set_up(void)
{
    static const char *const names[] = {"h1", "h2"};
    const struct transport_validity validity = {.from_seconds = -3600, .until_seconds = 86400};
    struct transport_failure failure = {.error = TRANSPORT_NONE};
    (void)snprintf(folder, sizeof(folder), "/tmp/ferry-bench-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        bench_fail("temporary folder");
    }
    (void)snprintf(paths.ca, sizeof(paths.ca), "%s/ca.pem", folder);
    (void)snprintf(ca_key, sizeof(ca_key), "%s/ca.key", folder);
    bool good = transport_make_ca("bench CA", validity, paths.ca, ca_key, &failure);
    for (int i = 0; i < 2 && good; i++) {
        (void)snprintf(
            paths.certificate[i], sizeof(paths.certificate[i]), "%s/%s.pem", folder, names[i]);
        (void)snprintf(paths.key[i], sizeof(paths.key[i]), "%s/%s.key", folder, names[i]);
        const struct transport_host_request request = {
            .host = names[i],
            .validity = validity,
            .ca_certificate_path = paths.ca,
            .ca_key_path = ca_key,
            .certificate_path = paths.certificate[i],
            .key_path = paths.key[i],
        };
        good = transport_make_host(&request, &failure);
    }
    if (!good) {
        bench_fail(failure.text);
    }
}

void links_tear_down(void)
{
    for (int i = 0; i < 2; i++) {
        (void)unlink(paths.certificate[i]);
        (void)unlink(paths.key[i]);
    }
    (void)unlink(paths.ca);
    (void)unlink(ca_key);
    (void)rmdir(folder);
}

void link_sockets(int fds_out[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    const int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fds_out[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || fds_out[0] < 0 ||
        bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0 ||
        connect(fds_out[0], (struct sockaddr *)&address, sizeof(address)) != 0) {
        bench_fail("loopback connection");
    }
    fds_out[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fds_out[1] < 0) {
        bench_fail("accept");
    }
    (void)close(listener);
    for (int i = 0; i < 2; i++) {
        (void)setsockopt(fds_out[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    }
}
