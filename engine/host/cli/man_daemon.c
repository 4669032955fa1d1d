/* SPDX-License-Identifier: Apache-2.0 */
/* man_daemon.c -- ferryd(8), and ferryd.conf(5) from the table of the configuration's keys. */
#include "engine/host/base/units.h"
#include "engine/host/cli/man.h"
#include "engine/host/config/config_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_head(const char *page, int section, const char *title)
{
    (void)fprintf(
        stdout,
        ".\\\" SPDX-License-Identifier: Apache-2.0\n"
        ".TH %s %d \"\" \"ferry %s\" \"%s\"\n",
        page,
        section,
        FERRY_VERSION,
        title);
}

void man_ferryd(void)
{
    put_head("FERRYD", 8, "System Administration");
    (void)fputs(
        ".SH NAME\n"
        "ferryd \\- the daemon that sends and receives running guests\n"
        ".SH SYNOPSIS\n"
        "\\fBferryd\\fR [\\fB\\-\\-config\\fR=\\fIFILE\\fR] [\\fB\\-\\-log\\fR=\\fILEVEL\\fR]\n"
        ".br\n"
        "\\fBferryd\\fR \\fB\\-\\-check\\fR [\\fB\\-\\-config\\fR=\\fIFILE\\fR]\n"
        ".SH DESCRIPTION\n"
        "One ferryd runs on each host. It starts guests, each as a process of its own, sends them "
        "to its peers and receives theirs, and answers \\fBferry\\fR(1) on its control socket. A "
        "daemon that dies or is restarted does not hurt its guests: the next one finds them, and "
        "the sessions that were open, in its journal.\n"
        ".PP\n"
        "It stays in the foreground, tells systemd when it is ready, and logs to standard error. "
        "SIGTERM and SIGINT end it in good order. Guests run on; moves that were under way are "
        "carried on, or ended, by the next start.\n"
        ".SH OPTIONS\n"
        ".TP\n\\fB\\-c\\fR, \\fB\\-\\-config\\fR=\\fIFILE\\fR\n"
        "The configuration, /etc/ferry/ferryd.conf without it; see \\fBferryd.conf\\fR(5)\n"
        ".TP\n\\fB\\-k\\fR, \\fB\\-\\-check\\fR\n"
        "Only read the configuration, and say what is wrong with it\n"
        ".TP\n\\fB\\-l\\fR, \\fB\\-\\-log\\fR=\\fILEVEL\\fR\n"
        "error, warning, notice, info or debug, in place of what the configuration says\n"
        ".SH FILES\n"
        ".TP\n\\fI/etc/ferry/ferryd.conf\\fR\nThe configuration\n"
        ".TP\n\\fI/var/lib/ferry/journal\\fR\n"
        "Who owns which guest, and the open sessions. It belongs to this host alone: a copy of "
        "it, on another host or restored after guests have moved, can let a guest run twice. If a "
        "write of it fails, ferryd takes no new session until it is started again\n"
        ".TP\n\\fI/run/ferry/ferryd.sock\\fR\nThe control socket\n"
        ".SH \"SEE ALSO\"\n"
        "\\fBferry\\fR(1), \\fBferryd.conf\\fR(5)\n",
        stdout);
}

/* -- ferryd.conf -------------------------------------------------------------------------------- */

static const char *kind_of(const struct config_key *key)
{
    if (key->kind != NULL) {
        return key->kind;
    }
    switch (key->type) {
    case CONFIG_TYPE_NAME: return "name";
    case CONFIG_TYPE_PATH: return "absolute path";
    case CONFIG_TYPE_TEXT: return "text";
    case CONFIG_TYPE_TIME: return "time";
    case CONFIG_TYPE_SIZE: return "size";
    case CONFIG_TYPE_RATE: return "bandwidth";
    case CONFIG_TYPE_COUNT32:
    case CONFIG_TYPE_COUNT16: return "number";
    case CONFIG_TYPE_WORD: return "word";
    case CONFIG_TYPE_SPECIAL: break;
    }
    return "value";
}

static const char *
bound_of(const struct config_key *key, uint64_t value, char buffer[UNITS_TEXT_MAX])
{
    switch (key->type) {
    case CONFIG_TYPE_TIME: return units_format_time(buffer, (ferry_time_ns)value);
    case CONFIG_TYPE_SIZE: return units_format_size(buffer, value);
    case CONFIG_TYPE_RATE: return units_format_rate(buffer, value);
    case CONFIG_TYPE_NAME:
    case CONFIG_TYPE_PATH:
    case CONFIG_TYPE_TEXT:
    case CONFIG_TYPE_COUNT32:
    case CONFIG_TYPE_COUNT16:
    case CONFIG_TYPE_WORD:
    case CONFIG_TYPE_SPECIAL: break;
    }
    (void)snprintf(buffer, UNITS_TEXT_MAX, "%" PRIu64, value);
    return buffer;
}

static void put_key(const struct config_key *key)
{
    char low[UNITS_TEXT_MAX];
    char high[UNITS_TEXT_MAX];

    (void)fprintf(stdout, ".TP\n\\fB%s\\fR (%s", key->name, kind_of(key));
    if (key->words != NULL) {
        for (const struct config_word *word = key->words; word->word != NULL; word++) {
            (void)fprintf(stdout, "%s%s", word == key->words ? ": " : ", ", word->word);
        }
    } else if (key->max > 0) {
        (void)fprintf(
            stdout,
            ", %s to %s%s",
            bound_of(key, key->min, low),
            bound_of(key, key->max, high),
            key->none ? ", or none" : "");
    }
    if (key->fallback != NULL) {
        (void)fprintf(stdout, "; default %s", key->fallback);
    }
    (void)fputs(")\n", stdout);
    man_string(key->sentence);
}

static void put_section(const char *section)
{
    if (section[0] != '\0') {
        (void)fprintf(stdout, ".SS \"%s\"\n", section);
    }
    for (const struct config_key *key = config_keys; key->name != NULL; key++) {
        if (strcmp(key->section, section) == 0) {
            put_key(key);
        }
    }
}

void man_config(void)
{
    put_head("FERRYD.CONF", 5, "File Formats");
    (void)fputs(
        ".SH NAME\n"
        "ferryd.conf \\- configuration of ferryd\n"
        ".SH DESCRIPTION\n"
        "A YAML file of keys, some of them in sections. Times, sizes and bandwidths carry their "
        "unit: 300 ms, 8 GiB, 1 Gbit/s. Addresses are numbers: names are not looked up. Whatever "
        "is wrong is told with its line and column, all of it at once: \\fBferryd "
        "\\-\\-check\\fR.\n"
        ".SH KEYS\n",
        stdout);
    put_section("");
    for (const char *const *section = config_sections; *section != NULL; section++) {
        put_section(*section);
    }
    (void)fputs(
        ".SH EXAMPLE\n"
        ".nf\n"
        "host: h1\n"
        "peers:\n"
        "  h2: [10.0.0.2, 10.1.0.2]\n"
        "  h3: {addresses: [10.0.0.3], port: 6601}\n"
        "tls: {certificate: /etc/ferry/h1.pem, key: /etc/ferry/h1.key, ca: /etc/ferry/ca.pem}\n"
        "control: {group: ferry}\n"
        "limits: {guest_memory: 32 GiB}\n"
        "defaults: {streams: 2, blackout_limit: 100 ms}\n"
        ".fi\n"
        ".SH \"SEE ALSO\"\n"
        "\\fBferryd\\fR(8), \\fBferry\\fR(1)\n",
        stdout);
}
