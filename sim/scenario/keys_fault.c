/* SPDX-License-Identifier: Apache-2.0 */
/* keys_fault.c -- the tables of what goes wrong, chosen by the key that names the effect. */
#include "sim/scenario/keys_trigger.h"

/* clang-format off */
#define HOST_ROW    {.name = "host", .type = KEY_HOST, .required = true, .help = "the host it hits"}
#define NETWORK_ROW                                                                                \
    {.name = "network", .type = KEY_NETWORK, .required = true, .help = "the network it hits"}
#define RESTART_ROW                                                                                \
    {.name = "restart_after", .type = KEY_TIME, .fallback = "never", .word = "never",              \
     .help = "how long until it is back"}
#define FOR_ROW                                                                                    \
    {.name = "for", .type = KEY_TIME, .fallback = "forever", .word = "forever", .min = "1 ns",     \
     .help = "how long it lasts; after that everything is as before"}
#define LASTING(key, text)                                                                         \
    {.name = (key), .type = KEY_TIME, .required = true, .word = "forever", .min = "1 ns",            \
     .help = (text)}
#define EFFECT(key, text) {.name = (key), .type = KEY_TRUE, .required = true, .help = (text)}

static const struct key crash_keys[] = {
    EFFECT("crash", "the host is gone, with its guests, all memory, and what was not yet durable"),
    HOST_ROW, RESTART_ROW, TRIGGER_ROWS, {0}};

static const struct key pause_keys[] = {
    LASTING("pause_for", "the host stands still: guests, daemon, clock; packets wait"),
    HOST_ROW, TRIGGER_ROWS, {0}};

static const struct key reinstall_keys[] = {
    EFFECT("reinstall", "like a crash, and its journal is lost: it comes back with an empty one"),
    HOST_ROW, RESTART_ROW, TRIGGER_ROWS, {0}};

static const struct key daemon_keys[] = {
    EFFECT("daemon_crash", "the migration daemon is gone; the guests live on"),
    HOST_ROW, RESTART_ROW, TRIGGER_ROWS, {0}};

static const struct key journal_fail_keys[] = {
    LASTING("journal_fail_for", "every write to the host's journal fails"),
    HOST_ROW, TRIGGER_ROWS, {0}};

static const struct key journal_slow_keys[] = {
    {.name = "journal_delay", .type = KEY_TIME, .required = true, .min = "1 ns", .max = "10 min",
     .help = "every fsync of the host's journal takes so much longer"},
    HOST_ROW, FOR_ROW, TRIGGER_ROWS, {0}};

static const struct key down_keys[] = {
    LASTING("down_for", "packets vanish and nobody is told"),
    NETWORK_ROW, TRIGGER_ROWS, {0}};

static const struct key reset_keys[] = {
    EFFECT("reset", "all connections over it are broken, and both ends are told"),
    NETWORK_ROW, TRIGGER_ROWS, {0}};

static const struct key refuse_keys[] = {
    LASTING("refuse_for", "new connections are refused; those which are open go on"),
    NETWORK_ROW, TRIGGER_ROWS, {0}};

static const struct key bandwidth_keys[] = {
    {.name = "bandwidth", .type = KEY_BANDWIDTH, .required = true,
     .help = "each port carries this much; 0 lets nothing through"},
    NETWORK_ROW, FOR_ROW, TRIGGER_ROWS, {0}};

static const struct key latency_keys[] = {
    {.name = "latency", .type = KEY_TIME, .required = true, .max = "1 min",
     .help = "packets take this long, one way"},
    NETWORK_ROW, FOR_ROW, TRIGGER_ROWS, {0}};

static const struct key loss_keys[] = {
    {.name = "loss", .type = KEY_SHARE, .required = true, .help = "packets lost at random"},
    NETWORK_ROW, FOR_ROW, TRIGGER_ROWS, {0}};

static const struct key way_keys[] = {
    {.name = "from", .type = KEY_HOST, .required = true, .help = "the host that sends"},
    {.name = "to", .type = KEY_HOST, .required = true, .help = "the host that should receive"},
    {0}};

static const struct key flow_keys[] = {
    {.name = "from", .type = KEY_HOST, .required = true, .help = "the host that sends"},
    {.name = "to", .type = KEY_HOST, .required = true, .help = "the host that receives"},
    {.name = "rate", .type = KEY_BANDWIDTH, .required = true, .min = "1 bit/s",
     .help = "at most this much; it shares the links fairly with ferry's streams"},
    {0}};

static const struct table way_table = {
    .name = "one_way", .help = "A direction between two hosts.", .keys = way_keys};

static const struct table flow_table = {
    .name = "flow", .help = "Traffic which is not ferry's.", .keys = flow_keys};

static const struct key partition_keys[] = {
    {.name = "partition", .type = KEY_MAP, .required = true, .table = &way_table,
     .help = "packets in this direction vanish, those in the other arrive"},
    {.name = "network", .type = KEY_NETWORK, .fallback_says = "all networks",
     .help = "the network it hits"},
    FOR_ROW, TRIGGER_ROWS, {0}};

static const struct key background_keys[] = {
    {.name = "background", .type = KEY_MAP, .required = true, .table = &flow_table,
     .help = "other traffic between two hosts"},
    NETWORK_ROW, FOR_ROW, TRIGGER_ROWS, {0}};

// NOLINTBEGIN(bugprone-macro-parentheses): names and literals, joined to declarations
#define FAULT(variable, key, rows, text)                                                           \
    static const struct table variable = {                                                         \
        .name = "fault_" key, .selector = key, .help = text, .keys = rows}

FAULT(crash_table, "crash", crash_keys, "A host crashes.");
FAULT(pause_table, "pause_for", pause_keys, "A host stands still.");
FAULT(reinstall_table, "reinstall", reinstall_keys, "A host crashes and loses its journal.");
FAULT(daemon_table, "daemon_crash", daemon_keys, "A host's daemon crashes, its guests do not.");
FAULT(journal_fail_table, "journal_fail_for", journal_fail_keys, "A journal cannot be written.");
FAULT(journal_slow_table, "journal_delay", journal_slow_keys, "A journal is slow.");
FAULT(down_table, "down_for", down_keys, "A network swallows everything.");
FAULT(reset_table, "reset", reset_keys, "A network breaks its connections, once.");
FAULT(refuse_table, "refuse_for", refuse_keys, "A network refuses connections.");
FAULT(bandwidth_table, "bandwidth", bandwidth_keys, "A network has another bandwidth.");
FAULT(latency_table, "latency", latency_keys, "A network has another latency.");
FAULT(loss_table, "loss", loss_keys, "A network loses packets.");
FAULT(partition_table, "partition", partition_keys, "One direction between two hosts is cut.");
FAULT(background_table, "background", background_keys, "Other traffic comes onto a network.");
// NOLINTEND(bugprone-macro-parentheses)
/* clang-format on */

static const struct table *const fault_variants[] = {
    &crash_table,
    &pause_table,
    &reinstall_table,
    &daemon_table,
    &journal_fail_table,
    &journal_slow_table,
    &down_table,
    &reset_table,
    &refuse_table,
    &bandwidth_table,
    &latency_table,
    &loss_table,
    &partition_table,
    &background_table,
    NULL,
};

const struct table fault_table = {
    .name = "fault",
    .help = "What goes wrong: one effect each.",
    .variants = fault_variants,
};
