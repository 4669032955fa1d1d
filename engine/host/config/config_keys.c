/* SPDX-License-Identifier: Apache-2.0 */
/* config_keys.c -- the table of keys. */
#include "engine/host/config/config_keys.h"

#include <stddef.h>

#define SECOND ((uint64_t)FERRY_SECOND)
#define MILLI  ((uint64_t)FERRY_MILLISECOND)
#define HOUR   (3600 * SECOND)
#define MIB    ((uint64_t)1 << 20)
#define TIB    ((uint64_t)1 << 40)

const char *const config_sections[] = {
    "tls", "control", "limits", "defaults", "timeouts", "vmm", NULL};

static const struct config_word log_words[] = {
    {"error",   HOST_LOG_ERROR  },
    {"warning", HOST_LOG_WARNING},
    {"notice",  HOST_LOG_NOTICE },
    {"info",    HOST_LOG_INFO   },
    {"debug",   HOST_LOG_DEBUG  },
    {NULL,      0               },
};

const struct config_word config_mode_words[] = {
    {"precopy",       FERRY_MODE_PRECOPY      },
    {"stop-and-copy", FERRY_MODE_STOP_AND_COPY},
    {NULL,            0                       },
};

const struct config_word config_no_convergence_words[] = {
    {"give-up",       FERRY_GIVE_UP      },
    {"keep-trying",   FERRY_KEEP_TRYING  },
    {"switch-anyway", FERRY_SWITCH_ANYWAY},
    {NULL,            0                  },
};

static const struct config_word huge_words[] = {
    {"none",        CONFIG_HUGE_NONE       },
    {"transparent", CONFIG_HUGE_TRANSPARENT},
    {"explicit",    CONFIG_HUGE_EXPLICIT   },
    {NULL,          0                      },
};

#define AT(field) offsetof(struct host_config, field)

/* clang-format off */
const struct config_key config_keys[] = {
    {"", "host", CONFIG_TYPE_NAME, AT(host), 0, 0, false, NULL, NULL, "name",
     "The name of this host, as its peers and its certificate know it. Required."},
    {"", "state_dir", CONFIG_TYPE_PATH, AT(state_dir), 0, 0, false, "/var/lib/ferry", NULL, NULL,
     "Where the journal and the guests' sockets are. It must outlive a reboot."},
    {"", "run_dir", CONFIG_TYPE_PATH, AT(run_dir), 0, 0, false, "/run/ferry", NULL, NULL,
     "Where the control socket is."},
    {"", "log", CONFIG_TYPE_WORD, AT(log), 0, 0, false, "notice", log_words, NULL,
     "How much is said on standard error."},
    {"", "listen", CONFIG_TYPE_SPECIAL, 0, 0, 0, false, "[\"0.0.0.0\", \"::\"]", NULL, "list of addresses",
     "Addresses on which peers are answered; each may end in :PORT."},
    {"", "port", CONFIG_TYPE_SPECIAL, 0, 1, 65535, false, "6600", NULL, "number",
     "The port, here and at peers, where an address does not name one."},
    {"", "peers", CONFIG_TYPE_SPECIAL, 0, 0, 0, false, NULL, NULL, "mapping of names",
     "The hosts that guests are exchanged with. Each name has a list of addresses, one a network, the "
     "preferred one first: `h2: [10.0.0.2, 10.1.0.2]`. A peer's certificate must carry its name."},
    {"", "unencrypted", CONFIG_TYPE_SPECIAL, 0, 0, 0, false, NULL, NULL, "word",
     "In place of `tls`: `i-know-what-i-do`. Guests' memory then crosses the network in clear, and whoever "
     "reaches the port can send guests here."},

    {"tls", "certificate", CONFIG_TYPE_PATH, AT(tls.certificate), 0, 0, false, NULL, NULL, NULL,
     "This host's certificate (PEM); its SAN names `host`."},
    {"tls", "key", CONFIG_TYPE_PATH, AT(tls.key), 0, 0, false, NULL, NULL, NULL,
     "The key of that certificate (PEM), readable by the daemon alone."},
    {"tls", "ca", CONFIG_TYPE_PATH, AT(tls.ca), 0, 0, false, NULL, NULL, NULL,
     "The certificates of the authorities that peers' certificates must come from (PEM)."},

    {"control", "socket", CONFIG_TYPE_PATH, AT(control.socket), 0, 0, false, NULL, NULL, NULL,
     "The control socket; without it ferryd.sock in `run_dir`."},
    {"control", "group", CONFIG_TYPE_TEXT, AT(control.group), 0, 0, false, NULL, NULL, "group",
     "Members of this group may command the daemon; without it root and the daemon's own user alone."},
    {"control", "clients", CONFIG_TYPE_COUNT32, AT(control.clients_max), 1, 1024, false, "32", NULL, NULL,
     "Commands connected at once."},

    {"limits", "guest_memory", CONFIG_TYPE_SIZE, AT(limits.guest_memory), 64 * MIB, 1024 * TIB, true, "none", NULL, NULL,
     "Memory of all guests together; none: what the machine has."},
    {"limits", "guests", CONFIG_TYPE_COUNT32, AT(limits.guests), 1, 4096, false, "64", NULL, NULL,
     "Guests on this host."},
    {"limits", "migrations_out", CONFIG_TYPE_COUNT32, AT(limits.migrations_out), 1, 64, false, "4", NULL, NULL,
     "Guests that are sent at once."},
    {"limits", "migrations_in", CONFIG_TYPE_COUNT32, AT(limits.migrations_in), 0, 64, false, "4", NULL, NULL,
     "Guests that are received at once; 0 refuses all."},
    {"limits", "streams", CONFIG_TYPE_COUNT16, AT(limits.streams), 1, FERRY_STREAMS_MAX, false, "16", NULL, NULL,
     "Payload streams that one incoming migration may have."},
    {"limits", "connections", CONFIG_TYPE_COUNT32, AT(limits.connections), 4, 4096, false, "256", NULL, NULL,
     "Connections of all peers."},
    {"limits", "connections_unknown", CONFIG_TYPE_COUNT32, AT(limits.connections_unknown), 1, 1024, false, "32", NULL, NULL,
     "Of these, connections that have not yet said who they are."},
    {"limits", "device_state", CONFIG_TYPE_SIZE, AT(limits.device_state), MIB, FERRY_DEVICE_STATE_MAX, false, "64 MiB", NULL, NULL,
     "Device state of one incoming guest."},

    {"defaults", "streams", CONFIG_TYPE_COUNT16, AT(defaults.streams), 1, FERRY_STREAMS_MAX, false, "1", NULL, NULL,
     "Payload streams of a move."},
    {"defaults", "bandwidth_cap", CONFIG_TYPE_RATE, AT(defaults.bandwidth_cap), 0, 12500 * ((uint64_t)1 << 30), true, "none", NULL, NULL,
     "Over all streams of a move, also in the pause."},
    {"defaults", "blackout_limit", CONFIG_TYPE_TIME, AT(defaults.blackout_limit), 1, 10000 * HOUR, true, "300 ms", NULL, NULL,
     "The longest that a guest may stand still at the switchover."},
    {"defaults", "mode", CONFIG_TYPE_WORD, AT(defaults.mode), 0, 0, false, "precopy", config_mode_words, NULL,
     "How memory is moved."},
    {"defaults", "on_no_convergence", CONFIG_TYPE_WORD, AT(defaults.on_no_convergence), 0, 0, false, "give-up", config_no_convergence_words, NULL,
     "What is done when the blackout limit cannot be reached."},
    {"defaults", "give_up_after", CONFIG_TYPE_TIME, AT(defaults.give_up_after), SECOND, 10000 * HOUR, false, "1 h", NULL, NULL,
     "From the session's start."},

    {"timeouts", "connect", CONFIG_TYPE_TIME, AT(timeouts.connect), 10 * MILLI, HOUR, false, "5 s", NULL, NULL,
     "One try to reach a peer over one network, with the TLS handshake."},
    {"timeouts", "silence", CONFIG_TYPE_TIME, AT(timeouts.silence), 10 * MILLI, HOUR, false, "10 s", NULL, NULL,
     "A peer that says nothing for so long: the next network is tried."},
    {"timeouts", "reconnect", CONFIG_TYPE_TIME, AT(timeouts.reconnect), 100 * MILLI, 24 * HOUR, false, "60 s", NULL, NULL,
     "Without any connection for so long a move gives up (before the grant)."},
    {"timeouts", "action", CONFIG_TYPE_TIME, AT(timeouts.action), 10 * MILLI, HOUR, false, "30 s", NULL, NULL,
     "What this host does for a move (a collection, the device state, the journal); longer is a failure."},
    {"timeouts", "unknown_after", CONFIG_TYPE_TIME, AT(timeouts.unknown_after), 100 * MILLI, 24 * HOUR, false, "30 s", NULL, NULL,
     "Granted, and no answer for so long: the outcome is reported as unknown."},
    {"timeouts", "close", CONFIG_TYPE_TIME, AT(timeouts.close), 100 * MILLI, 24 * HOUR, false, "60 s", NULL, NULL,
     "Cleaning up with a silent peer."},
    {"timeouts", "probe_interval", CONFIG_TYPE_TIME, AT(timeouts.probe_interval), 10 * MILLI, HOUR, false, "5 s", NULL, NULL,
     "On a worse network: how often a better one is looked for."},
    {"timeouts", "orphan", CONFIG_TYPE_TIME, AT(timeouts.orphan), 100 * MILLI, 24 * HOUR, false, "2 min", NULL, NULL,
     "A source that is gone for so long, before all of the guest is here: what came is thrown away."},
    {"timeouts", "hold", CONFIG_TYPE_TIME, AT(timeouts.hold), SECOND, 1000 * HOUR, false, "24 h", NULL, NULL,
     "The same once all of the guest is here: this host may hold the only copy."},
    {"timeouts", "preface", CONFIG_TYPE_TIME, AT(timeouts.preface), 10 * MILLI, HOUR, false, "10 s", NULL, NULL,
     "A connection that does not say who it is."},

    {"vmm", "program", CONFIG_TYPE_PATH, AT(vmm.program), 0, 0, false, NULL, NULL, NULL,
     "The program that runs a guest; without it the ferry-vmm beside ferryd, or in the search path."},
    {"vmm", "huge_pages", CONFIG_TYPE_WORD, AT(vmm.huge_pages), 0, 0, false, "transparent", huge_words, NULL,
     "What backs guests' memory; explicit takes it from the system's pool of 2 MiB pages."},

    {NULL, NULL, 0, 0, 0, 0, false, NULL, NULL, NULL, NULL},
};
/* clang-format on */
