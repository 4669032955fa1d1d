/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.c -- see certificate.h. */
#include "engine/host/transport/certificate.h"

#include "engine/host/transport/tls_error.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes of a serial number, random, as is usual: nobody has to keep count. */
#define SERIAL_SIZE 16

/* ---- certificates ---- */

static bool set_serial(X509 *certificate)
{
    unsigned char bytes[SERIAL_SIZE];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return false;
    }
    bytes[0] = (unsigned char)((bytes[0] & 0x7fU) | 0x40U); /* positive, and never shorter */
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    const bool good =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return good;
}

static bool set_name(X509 *certificate, const char *name)
{
    return X509_NAME_add_entry_by_txt(
               X509_get_subject_name(certificate),
               "CN",
               MBSTRING_UTF8,
               (const unsigned char *)name,
               -1,
               -1,
               0) == 1;
}

static bool add_extension(X509 *certificate, X509 *issuer, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    if (extension == NULL) {
        return false;
    }
    const bool good = X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

/* All that a CA and a host have in common, but for the signature. NULL: the library failed. */
static X509 *new_certificate(const char *name, struct transport_validity validity, EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    if (certificate == NULL) {
        return NULL;
    }
    const bool good =
        X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), (long)validity.from_seconds) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), (long)validity.until_seconds) != NULL &&
        X509_set_pubkey(certificate, key) == 1 && set_name(certificate, name);
    if (!good) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

static X509 *new_ca(const char *name, struct transport_validity validity, EVP_PKEY *key)
{
    X509 *certificate = new_certificate(name, validity, key);
    if (certificate == NULL) {
        return NULL;
    }
    const bool good =
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
        add_extension(
            certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
        add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_extension(certificate, certificate, NID_subject_key_identifier, "hash") &&
        X509_sign(certificate, key, EVP_sha256()) > 0;
    if (!good) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

static X509 *
new_host(const struct transport_host_request *request, EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key)
{
    char names[96];
    X509 *certificate = new_certificate(request->host, request->validity, key);
    if (certificate == NULL) {
        return NULL;
    }
    (void)snprintf(names, sizeof(names), "DNS:%s", request->host);
    const bool good = X509_set_issuer_name(certificate, X509_get_subject_name(ca)) == 1 &&
                      add_extension(certificate, ca, NID_basic_constraints, "critical,CA:FALSE") &&
                      add_extension(certificate, ca, NID_key_usage, "critical,digitalSignature") &&
                      add_extension(certificate, ca, NID_ext_key_usage, "serverAuth,clientAuth") &&
                      add_extension(certificate, ca, NID_subject_key_identifier, "hash") &&
                      add_extension(certificate, ca, NID_authority_key_identifier, "keyid") &&
                      add_extension(certificate, ca, NID_subject_alt_name, names) &&
                      X509_sign(certificate, ca_key, EVP_sha256()) > 0;
    if (!good) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

/* ---- files ---- */

static bool library_failed(struct transport_failure *failure_out)
{
    char reason[128];
    return transport_fail(
        failure_out,
        TRANSPORT_SYSTEM,
        "the TLS library: %s",
        tls_library_reason(reason, sizeof(reason)));
}

static bool write_failed(const char *path, struct transport_failure *failure_out)
{
    return transport_fail(failure_out, TRANSPORT_FILE_WRITE, "%s: %s", path, strerror(errno));
}

/* Writes one of both into a new file beside `path`, then puts it in its place. */
static bool write_file(
    const char *path,
    const X509 *certificate,
    const EVP_PKEY *key,
    struct transport_failure *failure_out)
{
    char beside[4096];
    if ((size_t)snprintf(beside, sizeof(beside), "%s.new", path) >= sizeof(beside)) {
        errno = ENAMETOOLONG;
        return write_failed(path, failure_out);
    }
    const mode_t mode = key != NULL ? 0600 : 0644;
    (void)unlink(beside); /* left over by an earlier run */
    const int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL) {
        (void)write_failed(path, failure_out);
        if (fd >= 0) {
            (void)close(fd);
        }
        return false;
    }
    errno = 0;
    const int written = key != NULL ? PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL)
                                    : PEM_write_X509(file, certificate);
    bool good = written == 1 && fflush(file) == 0 && fsync(fd) == 0;
    good = fclose(file) == 0 && good && rename(beside, path) == 0;
    if (!good) {
        (void)write_failed(path, failure_out);
        (void)unlink(beside);
        ERR_clear_error();
    }
    return good;
}

static bool write_both(
    const char *certificate_path,
    const X509 *certificate,
    const char *key_path,
    const EVP_PKEY *key,
    struct transport_failure *failure_out)
{
    return write_file(key_path, NULL, key, failure_out) &&
           write_file(certificate_path, certificate, NULL, failure_out);
}

static bool
read_failed(enum transport_error error, const char *path, struct transport_failure *failure_out)
{
    char reason[128];
    const int number = errno;
    (void)tls_library_reason(reason, sizeof(reason));
    return transport_fail(
        failure_out, error, "%s: %s", path, number != 0 ? strerror(number) : reason);
}

/* NULL with failure_out. */
static X509 *read_certificate(
    const char *path, enum transport_error error, struct transport_failure *failure_out)
{
    errno = 0;
    FILE *file = fopen(path, "re");
    X509 *certificate = file == NULL ? NULL : PEM_read_X509(file, NULL, NULL, NULL);
    if (certificate == NULL) {
        (void)read_failed(error, path, failure_out);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return certificate;
}

/* Nobody is asked for a password: a key that has one is refused. */
static int no_password(char *buffer, int size, int writing, void *unused)
{
    (void)writing;
    (void)unused;
    if (size > 0) {
        buffer[0] = '\0';
    }
    return 0;
}

static EVP_PKEY *read_key(const char *path, struct transport_failure *failure_out)
{
    errno = 0;
    FILE *file = fopen(path, "re");
    EVP_PKEY *key = file == NULL ? NULL : PEM_read_PrivateKey(file, NULL, no_password, NULL);
    if (key == NULL) {
        (void)read_failed(TRANSPORT_FILE_KEY, path, failure_out);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return key;
}

/* ---- what is offered ---- */

static bool check_name(const char *name, bool is_host, struct transport_failure *failure_out)
{
    const size_t size = strlen(name);
    bool good = size >= 1 && size <= 63;
    for (size_t i = 0; i < size && good; i++) {
        const unsigned char byte = (unsigned char)name[i];
        good = is_host ? isalnum(byte) != 0 || byte == '-' || byte == '.' : byte >= ' ';
    }
    return good || transport_fail(
                       failure_out,
                       TRANSPORT_BAD_CERTIFICATE,
                       is_host ? "\"%.64s\": a host's name has 1 to 63 letters, digits, '-' and '.'"
                               : "\"%.64s\": a CA's name has 1 to 63 bytes",
                       name);
}

static bool
check_validity(struct transport_validity validity, struct transport_failure *failure_out)
{
    return validity.until_seconds > validity.from_seconds ||
           transport_fail(failure_out, TRANSPORT_BAD_CERTIFICATE, "it would end before it begins");
}

bool transport_make_ca(
    const char *name,
    struct transport_validity validity,
    const char *certificate_path,
    const char *key_path,
    struct transport_failure *failure_out)
{
    if (!check_name(name, false, failure_out) || !check_validity(validity, failure_out)) {
        return false;
    }
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key == NULL ? NULL : new_ca(name, validity, key);
    const bool good = certificate == NULL
                          ? library_failed(failure_out)
                          : write_both(certificate_path, certificate, key_path, key, failure_out);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return good;
}

static bool make_host_with(
    const struct transport_host_request *request,
    X509 *ca,
    EVP_PKEY *ca_key,
    struct transport_failure *failure_out)
{
    if (X509_check_private_key(ca, ca_key) != 1) {
        return read_failed(TRANSPORT_FILE_KEY, request->ca_key_path, failure_out);
    }
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key == NULL ? NULL : new_host(request, key, ca, ca_key);
    const bool good =
        certificate == NULL
            ? library_failed(failure_out)
            : write_both(
                  request->certificate_path, certificate, request->key_path, key, failure_out);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return good;
}

bool transport_make_host(
    const struct transport_host_request *request, struct transport_failure *failure_out)
{
    if (!check_name(request->host, true, failure_out) ||
        !check_validity(request->validity, failure_out)) {
        return false;
    }
    X509 *ca = read_certificate(request->ca_certificate_path, TRANSPORT_FILE_CA, failure_out);
    EVP_PKEY *ca_key = ca == NULL ? NULL : read_key(request->ca_key_path, failure_out);
    errno = 0;
    const bool good = ca_key != NULL && make_host_with(request, ca, ca_key, failure_out);
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    return good;
}

/* ---- reading ---- */

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm parts;
    memset(&parts, 0, sizeof(parts));
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

static void read_name(const X509_NAME *name, char *text, size_t size)
{
    text[0] = '\0';
    const int position = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (position >= 0) {
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, position));
        (void)snprintf(
            text,
            size,
            "%.*s",
            ASN1_STRING_length(value),
            (const char *)ASN1_STRING_get0_data(value));
    }
}

static void read_hosts(const X509 *certificate, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && used < size; i++) {
        int kind = 0;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &kind);
        if (kind == GEN_DNS) {
            const int added = snprintf(
                text + used,
                size - used,
                "%s%.*s",
                used > 0 ? ", " : "",
                ASN1_STRING_length(value),
                (const char *)ASN1_STRING_get0_data(value));
            used += added > 0 ? (size_t)added : 0;
        }
    }
    GENERAL_NAMES_free(names);
}

bool transport_read_certificate(
    const char *path,
    struct transport_certificate_info *info_out,
    struct transport_failure *failure_out)
{
    X509 *certificate = read_certificate(path, TRANSPORT_FILE_CERTIFICATE, failure_out);
    if (certificate == NULL) {
        return false;
    }
    read_name(X509_get_subject_name(certificate), info_out->subject, sizeof(info_out->subject));
    read_name(X509_get_issuer_name(certificate), info_out->issuer, sizeof(info_out->issuer));
    read_hosts(certificate, info_out->hosts, sizeof(info_out->hosts));
    info_out->not_before = seconds_of(X509_get0_notBefore(certificate));
    info_out->not_after = seconds_of(X509_get0_notAfter(certificate));
    X509_free(certificate);
    return true;
}
