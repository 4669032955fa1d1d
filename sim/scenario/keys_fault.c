/* SPDX-License-Identifier: Apache-2.0 */
/* keys_fault.c -- the tables of what goes wrong, chosen by the key that names the effect. */
#include "sim/scenario/keys_trigger.h"

/* clang-format off */
#define HOST_ROW    {.name = "host", .type = KEY_HOST, .required = true, .help = "the host it hits"}
#define NETWORK_ROW                                                                                \
    {.name = "network", .type = KEY_NETWORK, .required = true, .help = "the network it hits"}
#define GUEST_ROW   {.name = "guest", .type = KEY_GUEST, .required = true, .help = "the guest it hits"}
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

static const struct key crash_kept_keys[] = {
    EFFECT("crash_keeping_writes",
           "like a crash, but what was being written to the journal is durable, unheard of"),
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

static const struct key journal_doubt_keys[] = {
    LASTING("journal_doubt_for", "writes to the host's journal are said to fail, and are durable"),
    HOST_ROW, TRIGGER_ROWS, {0}};

static const struct key disk_full_keys[] = {
    LASTING("disk_full_for", "writes to the host's journal fail at once: nothing is written"),
    HOST_ROW, TRIGGER_ROWS, {0}};

static const struct key cpu_keys[] = {
    {.name = "cpu", .type = KEY_SHARE, .required = true, .min = "1 %",
     .help = "this share of the CPU is left for migrations; guests are not touched"},
    HOST_ROW, FOR_ROW, TRIGGER_ROWS, {0}};

static const struct key memory_keys[] = {
    {.name = "memory_taken", .type = KEY_SIZE, .required = true, .min = "1 B",
     .help = "so much of the host's memory belongs to somebody else"},
    HOST_ROW, FOR_ROW, TRIGGER_ROWS, {0}};

static const struct key version_keys[] = {
    {.name = "protocol", .type = KEY_COUNT, .required = true, .min = "1", .max = "65535",
     .help = "the lowest version of the protocol that the daemon speaks in new sessions"},
    {.name = "protocol_max", .type = KEY_COUNT, .min = "1", .max = "65535",
     .fallback_says = "the same", .help = "the highest one"},
    HOST_ROW, FOR_ROW, TRIGGER_ROWS, {0}};

static const struct key clock_fast_keys[] = {
    {.name = "clock_fast", .type = KEY_SHARE, .required = true, .min = "1 ppm", .max = "10 %",
     .help = "the daemon's clock gains this much"},
    HOST_ROW, FOR_ROW, TRIGGER_ROWS, {0}};

static const struct key clock_slow_keys[] = {
    {.name = "clock_slow", .type = KEY_SHARE, .required = true, .min = "1 ppm", .max = "10 %",
     .help = "the daemon's clock loses this much"},
    HOST_ROW, FOR_ROW, TRIGGER_ROWS, {0}};

static const struct key clock_forward_keys[] = {
    {.name = "clock_forward", .type = KEY_TIME, .required = true, .min = "1 ns", .max = "24 h",
     .help = "the daemon's clock jumps ahead by this much"},
    HOST_ROW, TRIGGER_ROWS, {0}};

static const struct key clock_back_keys[] = {
    {.name = "clock_back", .type = KEY_TIME, .required = true, .min = "1 ns", .max = "24 h",
     .help = "the daemon's clock stands still for this much, as if it had been set back"},
    HOST_ROW, TRIGGER_ROWS, {0}};

static const struct key down_keys[] = {
    LASTING("down_for", "packets vanish and nobody is told"),
    NETWORK_ROW, TRIGGER_ROWS, {0}};

static const struct key reset_keys[] = {
    EFFECT("reset", "all connections over it are broken, and both ends are told"),
    NETWORK_ROW, TRIGGER_ROWS, {0}};

static const struct key clog_keys[] = {
    LASTING("clog_for", "packets wait in the network, and arrive all at once after it"),
    NETWORK_ROW, TRIGGER_ROWS, {0}};

static const struct key reorder_keys[] = {
    {.name = "stray_for", .type = KEY_TIME, .required = true, .min = "1 ns", .max = "10 min",
     .help = "connections break at the caller's end; what had left it arrives so much later"},
    NETWORK_ROW, TRIGGER_ROWS, {0}};

static const struct key duplicate_keys[] = {
    EFFECT("duplicate", "what open control connections have said to the target comes once more"),
    NETWORK_ROW, TRIGGER_ROWS, {0}};

static const struct key jitter_keys[] = {
    {.name = "jitter", .type = KEY_TIME, .required = true, .min = "1 ns", .max = "10 s",
     .help = "each message takes up to so much longer"},
    NETWORK_ROW, FOR_ROW, TRIGGER_ROWS, {0}};

static const struct key corrupt_keys[] = {
    {.name = "corrupt", .type = KEY_SHARE, .required = true, .min = "1 ppm",
     .help = "messages of which a byte is changed, under the network's own checksum"},
    NETWORK_ROW, FOR_ROW, TRIGGER_ROWS, {0}};

static const struct key burst_keys[] = {
    {.name = "burst", .type = KEY_SIZE, .required = true, .min = "1 B",
     .help = "the guest writes so much at once, from its first page up"},
    GUEST_ROW, TRIGGER_ROWS, {0}};

static const struct key extra_rate_keys[] = {
    {.name = "extra_rate", .type = KEY_BANDWIDTH, .required = true, .min = "1 kbit/s",
     .max = "100 Gbit/s", .help = "the guest writes so much more, through all of its memory"},
    GUEST_ROW, FOR_ROW, TRIGGER_ROWS, {0}};

static const struct key device_keys[] = {
    {.name = "device_burst", .type = KEY_SIZE, .required = true, .min = "1 B",
     .help = "devices write so much at once, until they are drained also in a pause"},
    GUEST_ROW, TRIGGER_ROWS, {0}};

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
FAULT(crash_kept_table, "crash_keeping_writes", crash_kept_keys,
      "A host crashes; a write under way is durable.");
FAULT(cpu_table, "cpu", cpu_keys, "A host has little CPU left for migrations.");
FAULT(memory_table, "memory_taken", memory_keys, "A host runs out of memory.");
FAULT(journal_doubt_table, "journal_doubt_for", journal_doubt_keys,
      "A journal's errors are not true.");
FAULT(disk_full_table, "disk_full_for", disk_full_keys, "A journal's disk is full.");
FAULT(version_table, "protocol", version_keys, "A daemon speaks other versions.");
FAULT(clock_fast_table, "clock_fast", clock_fast_keys, "A daemon's clock gains.");
FAULT(clock_slow_table, "clock_slow", clock_slow_keys, "A daemon's clock loses.");
FAULT(clock_forward_table, "clock_forward", clock_forward_keys, "A daemon's clock jumps ahead.");
FAULT(clock_back_table, "clock_back", clock_back_keys, "A daemon's clock is set back.");
FAULT(clog_table, "clog_for", clog_keys, "A network holds everything back.");
FAULT(reorder_table, "stray_for", reorder_keys, "Connections break, and go on speaking.");
FAULT(duplicate_table, "duplicate", duplicate_keys, "A network says things twice.");
FAULT(jitter_table, "jitter", jitter_keys, "A network's latency varies.");
FAULT(corrupt_table, "corrupt", corrupt_keys, "A network changes what it carries.");
FAULT(burst_table, "burst", burst_keys, "A guest writes much at once.");
FAULT(extra_rate_table, "extra_rate", extra_rate_keys, "A guest writes more than it did.");
FAULT(device_table, "device_burst", device_keys, "A guest's devices write.");
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
    &crash_table,      &crash_kept_table,   &reinstall_table,
    &pause_table,      &daemon_table,       &cpu_table,
    &memory_table,     &journal_fail_table, &journal_doubt_table,
    &disk_full_table,  &journal_slow_table, &version_table,
    &clock_fast_table, &clock_slow_table,   &clock_forward_table,
    &clock_back_table, &down_table,         &clog_table,
    &reset_table,      &reorder_table,      &duplicate_table,
    &refuse_table,     &partition_table,    &bandwidth_table,
    &latency_table,    &jitter_table,       &loss_table,
    &corrupt_table,    &background_table,   &burst_table,
    &extra_rate_table, &device_table,       NULL,
};

const struct table fault_table = {
    .name = "fault",
    .help = "What goes wrong: one effect each.",
    .variants = fault_variants,
};
