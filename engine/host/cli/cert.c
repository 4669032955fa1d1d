/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert.c -- `ferry cert ca|host|show`: certificates for hosts that trust each other.
 *
 * For a test bed and for small clusters; whoever has an authority of his own uses that.
 */
#include "engine/host/base/fd.h"
#include "engine/host/base/units.h"
#include "engine/host/cli/ask.h"
#include "engine/host/transport/certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { KEY_CA = 1, KEY_FOLDER = 'o', KEY_DAYS = 2, KEY_FORCE = 3, KEY_JSON = 4 };

#define DAY      86400
#define DAYS_MAX 36500
/* Clocks differ: what is made now is valid for a host whose clock is an hour behind. */
#define LEEWAY 3600

struct cert_options {
    const char *name;
    const char *ca;     /* folder of ca.pem and ca.key */
    const char *folder; /* where to */
    uint64_t days;
    bool force;
    bool json;
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct cert_options *options = state->input;

    switch (key) {
    case KEY_CA: options->ca = argument; return 0;
    case KEY_FOLDER: options->folder = argument; return 0;
    case KEY_FORCE: options->force = true; return 0;
    case KEY_JSON: options->json = true; return 0;
    case KEY_DAYS:
        if (!units_parse_count(argument, &options->days) || options->days == 0 ||
            options->days > DAYS_MAX) {
            argp_error(
                state, "--days %s: expected a whole number from 1 to %d", argument, DAYS_MAX);
        }
        return 0;
    case ARGP_KEY_ARG:
        if (options->name != NULL) {
            argp_error(state, "one at a time");
        }
        options->name = argument;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "a name is missing"); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

#define OPTION_FOLDER                                              \
    {                                                              \
        .name = "output", .key = KEY_FOLDER, .arg = "FOLDER",      \
        .doc = "Where the files go, the current folder without it" \
    }
#define OPTION_FORCE                                                             \
    {                                                                            \
        .name = "force", .key = KEY_FORCE, .doc = "Replace files that are there" \
    }

static const struct argp_option ca_options[] = {
    OPTION_FOLDER,
    {.name = "days", .key = KEY_DAYS, .arg = "N", .doc = "How long it is valid, 3650 without it"},
    OPTION_FORCE,
    {.name = NULL   },
};

static const struct argp_option host_options[] = {
    {.name = "ca",
     .key = KEY_CA,
     .arg = "FOLDER",
     .doc = "Where ca.pem and ca.key are, the current folder without it"},
    OPTION_FOLDER,
    {.name = "days", .key = KEY_DAYS, .arg = "N", .doc = "How long it is valid, 365 without it"},
    OPTION_FORCE,
    {.name = NULL              },
};

static const struct argp_option show_options[] = {
    {.name = "json",    .key = KEY_JSON, .doc = "As JSON"},
    {.name = NULL},
};

const struct argp cli_cert_ca_argp = {
    .options = ca_options,
    .parser = parse_option,
    .args_doc = "NAME",
    .doc = "Make a certificate authority: ca.pem, and its key ca.key.\v"
           "ca.pem goes to every host (tls: ca in ferryd.conf). Whoever has ca.key can make a "
           "certificate for any host: keep it away from them.",
};

const struct argp cli_cert_host_argp = {
    .options = host_options,
    .parser = parse_option,
    .args_doc = "HOST",
    .doc = "Make the certificate of a host: HOST.pem, and its key HOST.key.\v"
           "HOST is the name under which the host stands in its own ferryd.conf (host) and in "
           "those of its peers (peers): both ends of a connection check it.",
};

const struct argp cli_cert_show_argp = {
    .options = show_options,
    .parser = parse_option,
    .args_doc = "FILE",
    .doc = "Say whose a certificate is, who made it, and until when it is valid.",
};

static int tell(const struct transport_failure *failure)
{
    const char *step = transport_error_next_step(failure->error);

    cli_complain("%s", failure->text);
    if (step[0] != '\0') {
        (void)fprintf(stderr, "  what to do: %s\n", step);
    }
    return CLI_FAILED;
}

/* A path of two parts; ends the process without memory. */
static char *join(const char *folder, const char *name, const char *end)
{
    char *path = NULL;

    if (asprintf(&path, "%s/%s%s", folder, name, end) < 0) {
        cli_complain("no memory");
        exit(CLI_FAILED);
    }
    return path;
}

static bool is_free(const struct cert_options *options, const char *path)
{
    if (!options->force && access(path, F_OK) == 0) {
        cli_complain("%s: is there already; --force replaces it", path);
        return false;
    }
    return true;
}

static bool make_folder(const char *folder)
{
    struct host_error error;

    if (folder_make(folder, 0755, &error) != HOST_OK) {
        cli_complain("%s", error.text);
        return false;
    }
    return true;
}

int cli_cert_ca(const struct cli_call *call)
{
    struct cert_options options = {
        .folder = ".", .days = (uint64_t)(TRANSPORT_CA_VALID_SECONDS / DAY)};
    struct transport_failure failure;
    int status = CLI_FAILED;

    cli_parse(&cli_cert_ca_argp, call, &options);
    char *certificate = join(options.folder, "ca", ".pem");
    char *key = join(options.folder, "ca", ".key");
    const struct transport_validity validity = {
        .from_seconds = -LEEWAY, .until_seconds = (int64_t)options.days * DAY};

    if (is_free(&options, certificate) && is_free(&options, key) && make_folder(options.folder)) {
        status = transport_make_ca(options.name, validity, certificate, key, &failure)
                     ? CLI_OK
                     : tell(&failure);
    }
    if (status == CLI_OK) {
        (void)fprintf(stdout, "%s\n%s\n", certificate, key);
    }
    free(certificate);
    free(key);
    return status;
}

int cli_cert_host(const struct cli_call *call)
{
    struct cert_options options = {
        .ca = ".", .folder = ".", .days = (uint64_t)(TRANSPORT_HOST_VALID_SECONDS / DAY)};
    struct transport_failure failure;
    int status = CLI_FAILED;

    cli_parse(&cli_cert_host_argp, call, &options);
    if (strchr(options.name, '/') != NULL) {
        cli_complain("%s: the name of a host has no /", options.name);
        return CLI_USAGE;
    }
    char *certificate = join(options.folder, options.name, ".pem");
    char *key = join(options.folder, options.name, ".key");
    char *ca = join(options.ca, "ca", ".pem");
    char *ca_key = join(options.ca, "ca", ".key");
    const struct transport_host_request request = {
        .host = options.name,
        .validity = {.from_seconds = -LEEWAY, .until_seconds = (int64_t)options.days * DAY},
        .ca_certificate_path = ca,
        .ca_key_path = ca_key,
        .certificate_path = certificate,
        .key_path = key,
    };

    if (is_free(&options, certificate) && is_free(&options, key) && make_folder(options.folder)) {
        status = transport_make_host(&request, &failure) ? CLI_OK : tell(&failure);
    }
    if (status == CLI_OK) {
        (void)fprintf(stdout, "%s\n%s\n", certificate, key);
    }
    free(certificate);
    free(key);
    free(ca);
    free(ca_key);
    return status;
}

static const char *date_text(int64_t seconds, char buffer[32])
{
    const time_t time = (time_t)seconds;
    struct tm parts;

    if (gmtime_r(&time, &parts) == NULL ||
        strftime(buffer, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        return "?";
    }
    return buffer;
}

int cli_cert_show(const struct cli_call *call)
{
    struct cert_options options = {.folder = "."};
    struct transport_certificate_info info;
    struct transport_failure failure;
    char before[32];
    char after[32];

    cli_parse(&cli_cert_show_argp, call, &options);
    if (!transport_read_certificate(options.name, &info, &failure)) {
        return tell(&failure);
    }
    const int64_t now = host_wall_clock() / FERRY_SECOND;
    const bool valid = now >= info.not_before && now <= info.not_after;

    if (options.json) {
        ask_print(json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:b}",
            "subject",
            info.subject,
            "issuer",
            info.issuer,
            "hosts",
            info.hosts,
            "not_before",
            date_text(info.not_before, before),
            "not_after",
            date_text(info.not_after, after),
            "valid",
            (int)valid));
        return CLI_OK;
    }
    (void)fprintf(
        stdout,
        "subject  %s\nhosts    %s\nissuer   %s\nvalid    %s to %s%s\n",
        info.subject,
        info.hosts[0] == '\0' ? "none: an authority" : info.hosts,
        info.issuer,
        date_text(info.not_before, before),
        date_text(info.not_after, after),
        valid ? "" : "  (NOT NOW)");
    return CLI_OK;
}
