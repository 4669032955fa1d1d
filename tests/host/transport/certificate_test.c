/* SPDX-License-Identifier: Apache-2.0 */
/* certificate_test.c -- certificates as they are made and read, and files that cannot be used: each is
 * named with its reason. */
#include "hosts.h"
#include "tests/host/support/check.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static void certificate_of_a_host_says_what_was_asked_for(void **unused)
{
    (void)unused;
    struct transport_certificate_info info;
    struct transport_failure failure = {.error = TRANSPORT_NONE};
    const int64_t now = (int64_t)time(NULL);

    assert_true(transport_read_certificate(hosts_path("h1.pem"), &info, &failure));

    assert_string_equal(info.subject, "h1");
    assert_string_equal(info.hosts, "h1");
    assert_string_equal(info.issuer, "test CA");
    assert_true(info.not_before < now && info.not_before > now - 7200);
    assert_true(info.not_after > now && info.not_after < now + 7200);
}

static void key_files_are_for_their_owner_alone(void **unused)
{
    (void)unused;
    struct stat status;
    assert_int_equal(stat(hosts_path("h1.key"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void
expect_refused(const char *certificate, const char *key, const char *ca, enum transport_error error)
{
    struct transport_failure failure = {.error = TRANSPORT_NONE};
    assert_null(
        transport_security_tls(hosts_path(certificate), hosts_path(key), hosts_path(ca), &failure));
    assert_string_equal(transport_error_name(failure.error), transport_error_name(error));
    assert_string_not_equal(transport_error_next_step(failure.error), "");
}

static void files_that_cannot_be_used_are_named(void **unused)
{
    (void)unused;
    FILE *file = fopen(hosts_path("garbage.pem"), "we");
    assert_non_null(file);
    assert_true(fputs("-----BEGIN nothing-----\n", file) > 0);
    assert_int_equal(fclose(file), 0);
    expect_refused("missing.pem", "h1.key", "ca.pem", TRANSPORT_FILE_CERTIFICATE);
    expect_refused("garbage.pem", "h1.key", "ca.pem", TRANSPORT_FILE_CERTIFICATE);
    expect_refused("h1.pem", "missing.key", "ca.pem", TRANSPORT_FILE_KEY);
    expect_refused("h1.pem", "h2.key", "ca.pem", TRANSPORT_FILE_KEY);
    expect_refused("h1.pem", "h1.key", "missing.pem", TRANSPORT_FILE_CA);
    expect_refused("h1.pem", "h1.key", "garbage.pem", TRANSPORT_FILE_CA);
}

static void own_certificate_out_of_its_time_is_refused_at_start(void **unused)
{
    (void)unused;
    expect_refused("expired.pem", "expired.key", "ca.pem", TRANSPORT_FILE_CERTIFICATE);
    expect_refused("future.pem", "future.key", "ca.pem", TRANSPORT_FILE_CERTIFICATE);
}

static bool
make_host(const char *host, const char *ca_key, const char *path, enum transport_error *error_out)
{
    struct transport_failure failure = {.error = TRANSPORT_NONE};
    const struct transport_host_request request = {
        .host = host,
        .validity = {-60, 60},
        .ca_certificate_path = hosts_path("ca.pem"),
        .ca_key_path = hosts_path(ca_key),
        .certificate_path = hosts_path(path),
        .key_path = hosts_path("new.key"),
    };
    const bool made = transport_make_host(&request, &failure);
    *error_out = failure.error;
    return made;
}

static void request_that_makes_no_sense_is_refused(void **unused)
{
    (void)unused;
    enum transport_error error = TRANSPORT_NONE;
    assert_false(make_host("", "ca.key", "new.pem", &error));
    assert_int_equal(error, TRANSPORT_BAD_CERTIFICATE);
    assert_false(make_host("h1,DNS:h2", "ca.key", "new.pem", &error));
    assert_int_equal(error, TRANSPORT_BAD_CERTIFICATE);
    assert_false(make_host("h1", "other-ca.key", "new.pem", &error));
    assert_int_equal(error, TRANSPORT_FILE_KEY);
    assert_false(make_host("h1", "ca.key", "no/such/folder.pem", &error));
    assert_int_equal(error, TRANSPORT_FILE_WRITE);
    assert_true(make_host("h1", "ca.key", "new.pem", &error));
}

static void failure_has_no_control_characters_and_an_end(void **unused)
{
    (void)unused;
    char long_name[600];
    struct transport_failure failure;
    memset(long_name, 'x', sizeof(long_name));
    memcpy(long_name, "a\n\033[31m", 7);
    long_name[sizeof(long_name) - 1] = '\0';

    assert_false(transport_fail(&failure, TRANSPORT_EXPIRED, "%s", long_name));
    transport_fail_at(&failure, long_name);

    assert_null(strpbrk(failure.text, "\n\033"));
    assert_true(strlen(failure.text) < sizeof(failure.text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificate_of_a_host_says_what_was_asked_for),
        cmocka_unit_test(key_files_are_for_their_owner_alone),
        cmocka_unit_test(files_that_cannot_be_used_are_named),
        cmocka_unit_test(own_certificate_out_of_its_time_is_refused_at_start),
        cmocka_unit_test(request_that_makes_no_sense_is_refused),
        cmocka_unit_test(failure_has_no_control_characters_and_an_end),
    };
    return cmocka_run_group_tests_name("certificate_test", tests, hosts_set_up, hosts_tear_down);
}
