/* SPDX-License-Identifier: Apache-2.0 */
/* identity_test.c -- who gets in: TLS between two gates, and each reason for which one refuses the
 * other, as both of them hear it. */
#include "hosts.h"
#include "tests/host/support/check.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECONDS(n) ((n)*FERRY_SECOND)

/* ---- good ---- */

static void write_all(struct transport_connection *connection, const void *data, size_t size)
{
    size_t written = 0;
    assert_int_equal(transport_write(connection, data, size, &written), TRANSPORT_MOVED);
    assert_int_equal(written, size);
}

static size_t read_some(struct transport_connection *connection, void *data, size_t size)
{
    size_t received = 0;
    enum transport_progress progress = TRANSPORT_WAIT;
    for (int i = 0; i < 10000 && progress == TRANSPORT_WAIT; i++) {
        progress = transport_read(connection, data, size, &received);
        (void)usleep(progress == TRANSPORT_WAIT ? 1000 : 0);
    }
    assert_int_equal(progress, TRANSPORT_MOVED);
    return received;
}

static void
good_hosts_meet(enum identity dialler, enum identity listener, bool encrypted, const char *peer)
{
    struct desk *there = desk_create(&(struct desk_options){.identity = listener, .listens = true});
    struct desk *here = desk_create(&(struct desk_options){.identity = dialler});
    uint8_t preface[FERRY_PREFACE_SIZE];
    char text[16] = "";
    preface_bytes(preface);

    desk_dial(here, there->port, "h2", SECONDS(10));
    const struct transport_gate_report dialled = desk_next(here);
    assert_int_equal(dialled.kind, TRANSPORT_REPORT_DIALLED);
    assert_int_equal(dialled.failure.error, TRANSPORT_NONE);
    assert_non_null(dialled.connection);
    assert_int_equal(dialled.dial, 7);
    write_all(dialled.connection, preface, sizeof(preface));
    write_all(dialled.connection, "hello", 5);
    const struct transport_gate_report accepted = desk_next(there);
    assert_int_equal(accepted.kind, TRANSPORT_REPORT_ACCEPTED);
    assert_non_null(accepted.connection);
    assert_int_equal(accepted.preface.stream, 4);
    assert_int_equal(accepted.preface.attach, 3);
    assert_int_equal(read_some(accepted.connection, text, sizeof(text)), 5);
    assert_string_equal(text, "hello");

    assert_int_equal(transport_connection_is_encrypted(dialled.connection), encrypted);
    assert_string_equal(transport_connection_peer(accepted.connection), peer);
    assert_string_equal(transport_connection_peer(dialled.connection), encrypted ? "h2" : "");
    transport_connection_destroy(dialled.connection);
    transport_connection_destroy(accepted.connection);
    desk_destroy(here);
    desk_destroy(there);
}

static void hosts_of_one_ca_meet_and_know_each_other(void **unused)
{
    (void)unused;
    good_hosts_meet(HOST_H1, HOST_H2, true, "h1");
}

static void unencrypted_hosts_meet_without_names(void **unused)
{
    (void)unused;
    good_hosts_meet(HOST_PLAIN, HOST_PLAIN, false, "");
}

/* ---- refused ---- */

struct refusal {
    enum identity dialler;
    enum identity listener;
    const char *peer; /* that is dialled */
    enum transport_error here;
    enum transport_error there;
};

static void expect_refusal(const struct refusal *refusal)
{
    struct desk *there =
        desk_create(&(struct desk_options){.identity = refusal->listener, .listens = true});
    struct desk *here = desk_create(&(struct desk_options){.identity = refusal->dialler});

    desk_dial(here, there->port, refusal->peer, SECONDS(10));
    const struct transport_gate_report dialled = desk_next(here);
    const struct transport_gate_report accepted = desk_next(there);

    assert_null(dialled.connection);
    assert_null(accepted.connection);
    assert_string_equal(
        transport_error_name(dialled.failure.error), transport_error_name(refusal->here));
    assert_string_equal(
        transport_error_name(accepted.failure.error), transport_error_name(refusal->there));
    assert_non_null(strstr(dialled.failure.text, "127.0.0.1"));
    assert_non_null(strstr(accepted.failure.text, "127.0.0.1"));
    desk_destroy(here);
    desk_destroy(there);
}

static void dialler_without_certificate_is_refused(void **unused)
{
    (void)unused;
    expect_refusal(&(struct refusal){
        HOST_NAKED, HOST_H2, "h2", TRANSPORT_OWN_NO_CERTIFICATE, TRANSPORT_NO_CERTIFICATE});
}

static void dialler_of_a_foreign_ca_is_refused(void **unused)
{
    (void)unused;
    expect_refusal(&(struct refusal){
        HOST_FOREIGN, HOST_H2, "h2", TRANSPORT_OWN_FOREIGN_CA, TRANSPORT_FOREIGN_CA});
}

static void dialler_with_an_expired_certificate_is_refused(void **unused)
{
    (void)unused;
    expect_refusal(
        &(struct refusal){HOST_EXPIRED, HOST_H2, "h2", TRANSPORT_OWN_EXPIRED, TRANSPORT_EXPIRED});
}

static void dialler_with_a_certificate_of_tomorrow_is_refused(void **unused)
{
    (void)unused;
    expect_refusal(&(struct refusal){
        HOST_FUTURE, HOST_H2, "h2", TRANSPORT_OWN_REFUSED, TRANSPORT_NOT_YET_VALID});
}

static void dialler_that_nobody_configured_is_refused(void **unused)
{
    (void)unused;
    expect_refusal(&(struct refusal){
        HOST_STRANGER, HOST_H2, "h2", TRANSPORT_OWN_REFUSED, TRANSPORT_OTHER_NAME});
}

static void listener_with_another_hosts_name_is_refused(void **unused)
{
    (void)unused;
    expect_refusal(&(struct refusal){
        HOST_H1, HOST_STRANGER, "h2", TRANSPORT_OTHER_NAME, TRANSPORT_OWN_REFUSED});
}

static void listener_of_a_foreign_ca_is_refused(void **unused)
{
    (void)unused;
    expect_refusal(&(struct refusal){
        HOST_H1, HOST_FOREIGN, "h1", TRANSPORT_FOREIGN_CA, TRANSPORT_OWN_FOREIGN_CA});
}

static void listener_with_an_expired_certificate_is_refused(void **unused)
{
    (void)unused;
    expect_refusal(
        &(struct refusal){HOST_H1, HOST_EXPIRED, "h1", TRANSPORT_EXPIRED, TRANSPORT_OWN_EXPIRED});
}

static void tls_dialler_at_an_unencrypted_port_is_named(void **unused)
{
    (void)unused;
    expect_refusal(
        &(struct refusal){HOST_H1, HOST_PLAIN, "h2", TRANSPORT_CLOSED, TRANSPORT_TLS_ON_PLAIN});
}

static void refusal_says_which_certificate_and_until_when(void **unused)
{
    (void)unused;
    struct desk *there = desk_create(&(struct desk_options){.identity = HOST_H2, .listens = true});
    struct desk *here = desk_create(&(struct desk_options){.identity = HOST_EXPIRED});

    desk_dial(here, there->port, "h2", SECONDS(10));
    const struct transport_gate_report accepted = desk_next(there);

    assert_non_null(strstr(accepted.failure.text, "CN=h1"));
    assert_non_null(strstr(accepted.failure.text, "valid until"));
    assert_string_not_equal(transport_error_next_step(accepted.failure.error), "");
    desk_destroy(here);
    desk_destroy(there);
}

/* ---- other programs ---- */

static void plain_text_at_a_tls_port_is_named(void **unused)
{
    (void)unused;
    struct desk *there = desk_create(&(struct desk_options){.identity = HOST_H2, .listens = true});
    uint8_t preface[FERRY_PREFACE_SIZE];
    const int fd = raw_connect(there->port);
    preface_bytes(preface);
    assert_int_equal(write(fd, preface, sizeof(preface)), sizeof(preface));

    const struct transport_gate_report accepted = desk_next(there);

    assert_null(accepted.connection);
    assert_string_equal(transport_error_name(accepted.failure.error), "PLAIN_TEXT");
    (void)close(fd);
    desk_destroy(there);
}

/* A client that speaks TLS 1.2 at most. */
static void peer_with_tls_1_2_is_refused(void **unused)
{
    (void)unused;
    struct desk *there = desk_create(&(struct desk_options){.identity = HOST_H2, .listens = true});
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION), 1);
    SSL *ssl = SSL_new(context);
    const int fd = raw_connect(there->port);
    assert_int_equal(SSL_set_fd(ssl, fd), 1);

    assert_int_not_equal(SSL_connect(ssl), 1);
    const struct transport_gate_report accepted = desk_next(there);

    assert_null(accepted.connection);
    assert_string_equal(transport_error_name(accepted.failure.error), "TLS_VERSION");
    ERR_clear_error();
    SSL_free(ssl);
    SSL_CTX_free(context);
    (void)close(fd);
    desk_destroy(there);
}

/* What listens at the dialled port answers in plain text. */
static void dialled_peer_without_tls_is_named(void **unused)
{
    (void)unused;
    static const char answer[] = "220 mail.example.net ESMTP\r\n";
    uint16_t port = 0;
    const int listener = raw_listen(&port);
    struct desk *here = desk_create(&(struct desk_options){.identity = HOST_H1});
    desk_dial(here, port, "h2", SECONDS(10));
    const int fd = accept(listener, NULL, NULL);
    assert_int_equal(write(fd, answer, sizeof(answer) - 1), sizeof(answer) - 1);

    const struct transport_gate_report dialled = desk_next(here);

    assert_null(dialled.connection);
    assert_string_equal(transport_error_name(dialled.failure.error), "PLAIN_TEXT");
    (void)close(fd);
    (void)close(listener);
    desk_destroy(here);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_of_one_ca_meet_and_know_each_other),
        cmocka_unit_test(unencrypted_hosts_meet_without_names),
        cmocka_unit_test(dialler_without_certificate_is_refused),
        cmocka_unit_test(dialler_of_a_foreign_ca_is_refused),
        cmocka_unit_test(dialler_with_an_expired_certificate_is_refused),
        cmocka_unit_test(dialler_with_a_certificate_of_tomorrow_is_refused),
        cmocka_unit_test(dialler_that_nobody_configured_is_refused),
        cmocka_unit_test(listener_with_another_hosts_name_is_refused),
        cmocka_unit_test(listener_of_a_foreign_ca_is_refused),
        cmocka_unit_test(listener_with_an_expired_certificate_is_refused),
        cmocka_unit_test(tls_dialler_at_an_unencrypted_port_is_named),
        cmocka_unit_test(refusal_says_which_certificate_and_until_when),
        cmocka_unit_test(plain_text_at_a_tls_port_is_named),
        cmocka_unit_test(peer_with_tls_1_2_is_refused),
        cmocka_unit_test(dialled_peer_without_tls_is_named),
    };
    return cmocka_run_group_tests_name("identity_test", tests, hosts_set_up, hosts_tear_down);
}
