/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalogue.c -- everything that can go wrong in a scenario: one row a kind.
 *
 * The one list: the parser takes the names of kinds from it, docs/scenarios.md has it as a table,
 * and tests hold it to the tables of keys (each row has its variant there, and no variant is
 * without a row) and to scenarios/ (each row is used by a file there). What operators do
 * is in it as well, as far as it gets in the way of a migration: those are steps, not faults.
 */
#include "sim/scenario/scenario.h"

#include <string.h>

#define FAULT(kind) SCENARIO_FAULT_##kind
#define FOR         "`for`"
#define AFTER       "after that time"
#define RESTART     "`restart_after`"
#define AT_ONCE     "at once"
#define HOST        SCENARIO_SCOPE_HOST
#define CLOCK       SCENARIO_SCOPE_CLOCK
#define NET         SCENARIO_SCOPE_NETWORK
#define GUEST       SCENARIO_SCOPE_GUEST
#define OPERATOR    SCENARIO_SCOPE_OPERATOR

/* clang-format off: a table reads best in one line a row */
/* Version 14 crashes on rows of macros. */
/* clang-format off */
static const struct scenario_catalogue_row rows[] = {
    {FAULT(HOST_CRASH), HOST, "crash", "crash; unsynced writes lost",
     "host, guests, memory and daemon are gone; of the journal what was durable stays, a write whose fsync had not "
     "come back is lost", RESTART ": the host is back, without guests"},
    {FAULT(HOST_CRASH_KEPT), HOST, "crash_keeping_writes", "crash; unsynced writes kept",
     "the same, but what was being written to the journal is durable, though nobody was told", RESTART},
    {FAULT(HOST_REINSTALL), HOST, "reinstall", "reinstallation",
     "a crash, and the journal is lost: the host comes back as a stranger", RESTART},
    {FAULT(HOST_PAUSE), HOST, "pause_for", "pause",
     "everything on the host stands still; what arrives meanwhile waits", AFTER},
    {FAULT(DAEMON_CRASH), HOST, "daemon_crash", "daemon crash and restart",
     "the migration daemon is gone; guests run on, or stay paused", RESTART ": it reads its journal"},
    {FAULT(HOST_CPU), HOST, "cpu", "slow CPU",
     "migrations get this share of the CPU: streams carry less, and pausing, collecting, loading, resuming take longer",
     FOR},
    {FAULT(HOST_MEMORY), HOST, "memory_taken", "out of memory",
     "so much of the host's memory is not to be had: guests that are there stay, new ones may be refused", FOR},
    {FAULT(JOURNAL_FAIL), HOST, "journal_fail_for", "disk error",
     "every write to the journal fails at its fsync and is not there; after one failure the daemon takes no new session until "
     "it is restarted", AFTER},
    {FAULT(JOURNAL_DOUBT), HOST, "journal_doubt_for", "disk error in doubt",
     "every write to the journal is reported as failed, and is on the disk all the same", AFTER},
    {FAULT(DISK_FULL), HOST, "disk_full_for", "disk full",
     "every write to the journal fails at once, before anything is written", AFTER},
    {FAULT(JOURNAL_SLOW), HOST, "journal_delay", "slow fsync",
     "every fsync takes so much longer", FOR},
    {FAULT(VERSION), HOST, "protocol", "version skew",
     "the daemon speaks this version of the protocol (up to `protocol_max`) and no other in sessions that begin from now on",
     FOR},
    {FAULT(CLOCK_FAST), CLOCK, "clock_fast", "clock drift, fast",
     "the daemon's clock gains so much: 1 % are 10 ms in a second", FOR},
    {FAULT(CLOCK_SLOW), CLOCK, "clock_slow", "clock drift, slow",
     "the daemon's clock loses so much", FOR},
    {FAULT(CLOCK_FORWARD), CLOCK, "clock_forward", "clock jump, forward",
     "the daemon's clock jumps ahead: deadlines come early", AT_ONCE},
    {FAULT(CLOCK_BACK), CLOCK, "clock_back", "clock jump, back",
     "the daemon's clock is set back; as time never runs backwards for it, it stands still until it has caught up",
     "when it has caught up"},
    {FAULT(NET_DOWN), NET, "down_for", "outage",
     "packets vanish and nobody is told; connections live", AFTER},
    {FAULT(NET_CLOG), NET, "clog_for", "clog",
     "packets wait in the network and arrive all at once after it; none is lost", AFTER},
    {FAULT(NET_RESET), NET, "reset", "reset",
     "connections over the network break, both ends learn it at once; new ones are possible", AT_ONCE},
    {FAULT(NET_REORDER), NET, "stray_for", "reorder between connections",
     "connections break at the caller's end alone; what had left it arrives so much later, behind what newer connections bring",
     AFTER},
    {FAULT(NET_DUPLICATE), NET, "duplicate", "duplicate between connections",
     "what the open control connections have said to the target comes there a second time, on connections of its own",
     AT_ONCE},
    {FAULT(NET_REFUSE), NET, "refuse_for", "refusal",
     "new connections are refused; open ones go on", AFTER},
    {FAULT(NET_PARTITION), NET, "partition", "one-way partition",
     "packets from one host to another vanish, those in the other direction arrive; on one network or on all", FOR},
    {FAULT(NET_BANDWIDTH), NET, "bandwidth", "bandwidth cap",
     "the network carries this much instead; 0 lets nothing through", FOR ": as before"},
    {FAULT(NET_LATENCY), NET, "latency", "latency",
     "packets take this long instead, one way", FOR ": as before"},
    {FAULT(NET_JITTER), NET, "jitter", "jitter",
     "each message takes up to so much longer, drawn anew for each; those of one connection keep their order", FOR},
    {FAULT(NET_LOSS), NET, "loss", "loss",
     "the network loses this share of its packets instead", FOR ": as before"},
    {FAULT(NET_CORRUPT), NET, "corrupt", "corruption under the checksum",
     "this share of the messages (frames of the control connection, batches) arrives with a byte changed, though the "
     "network's own checksum is right", FOR},
    {FAULT(NET_BACKGROUND), NET, "background", "foreign traffic",
     "other traffic from one host to another, which shares the links fairly", FOR},
    {FAULT(GUEST_BURST), GUEST, "burst", "dirty burst",
     "the guest writes so much at once, from its first page up; if it stands still, when it runs again", AT_ONCE},
    {FAULT(GUEST_RATE), GUEST, "extra_rate", "rate step",
     "the guest writes so much more, in order through all of its memory", FOR},
    {FAULT(GUEST_DEVICE), GUEST, "device_burst", "write during switchover",
     "devices of the guest write so much at once, also while its vCPUs stand still, until they are drained: then when it "
     "runs again", AT_ONCE},
    {0, OPERATOR, "cancel", "cancel at any moment",
     "the operator cancels the migration; from the grant on that is too late", AT_ONCE},
    {0, OPERATOR, "move", "second move of the same guest",
     "a guest is ordered elsewhere while it is being moved: refused as long as the first migration is under way", AT_ONCE},
    {0, OPERATOR, "set", "limits changed in flight",
     "another bandwidth cap or blackout limit, from now on", AT_ONCE},
    {0, OPERATOR, "switch_now", "switch-over ordered",
     "the pause comes at the end of the round, whatever the policy says", AT_ONCE},
    {0, OPERATOR, "claim", "claim",
     "the operator swears that the other host is fenced; the guest belongs to this one", AT_ONCE},
    {0, OPERATOR, "burn", "burn",
     "the host gives up for ever what it holds of the migration", AT_ONCE},
};
/* clang-format on */
/* clang-format on */

#define ROWS (sizeof rows / sizeof rows[0])

size_t scenario_catalogue_count(void)
{
    return ROWS;
}

const struct scenario_catalogue_row *scenario_catalogue_row(size_t index)
{
    return &rows[index];
}

static const struct scenario_catalogue_row *row_of(enum scenario_fault_kind kind)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].kind == kind && kind != 0) {
            return &rows[i];
        }
    }
    return NULL;
}

const char *scenario_fault_kind_name(enum scenario_fault_kind kind)
{
    const struct scenario_catalogue_row *row = row_of(kind);

    return row == NULL ? "?" : row->key;
}

enum scenario_scope scenario_fault_scope(enum scenario_fault_kind kind)
{
    const struct scenario_catalogue_row *row = row_of(kind);

    return row == NULL ? SCENARIO_SCOPE_OPERATOR : row->scope;
}

const char *scenario_scope_name(enum scenario_scope scope)
{
    switch (scope) {
    case SCENARIO_SCOPE_HOST: return "hosts";
    case SCENARIO_SCOPE_CLOCK: return "clocks";
    case SCENARIO_SCOPE_NETWORK: return "networks";
    case SCENARIO_SCOPE_GUEST: return "guests";
    case SCENARIO_SCOPE_OPERATOR: return "operators";
    }
    return "?";
}

void scenario_catalogue(FILE *out)
{
    (void)fputs("| of | kind | key | effect | ends |\n| --- | --- | --- | --- | --- |\n", out);
    for (size_t i = 0; i < ROWS; i++) {
        (void)fprintf(
            out,
            "| %s | %s | `%s` | %s | %s |\n",
            scenario_scope_name(rows[i].scope),
            rows[i].name,
            rows[i].key,
            rows[i].effect,
            rows[i].ends);
    }
}
