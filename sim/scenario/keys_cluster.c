/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_cluster.c -- hosts with their costs, networks, guests with their clients.
 *
 * The defaults of the costs are figures measured on real KVM hosts, rounded; the time-outs are the
 * engine's own defaults (a test keeps them equal).
 */
#include "sim/scenario/keys_cluster.h"

#include "sim/scenario/scenario.h"

/* clang-format off */
static const struct key costs_keys[] = {
    {.name = "pause", .type = KEY_TIME, .fallback = "100 us", .max = "1 min",
     .help = "from the order to stop until all vCPUs stand still"},
    {.name = "resume", .type = KEY_TIME, .fallback = "40 us", .max = "1 min",
     .help = "from the run call until the vCPUs run"},
    {.name = "collection_per_page", .type = KEY_TIME, .fallback = "33 ns", .max = "1 ms",
     .help = "collecting the dirty log, for each dirty page found"},
    {.name = "collection_per_gib", .type = KEY_TIME, .fallback = "15 us", .max = "1 s",
     .help = "collecting the dirty log, for each GiB of guest memory"},
    {.name = "state_out", .type = KEY_TIME, .fallback = "220 us", .max = "1 min",
     .help = "capture of the device state, whatever its size"},
    {.name = "state_out_per_mib", .type = KEY_TIME, .fallback = "125 us", .max = "1 s",
     .help = "capture of the device state, for each MiB"},
    {.name = "state_in", .type = KEY_TIME, .fallback = "200 us", .max = "1 min",
     .help = "load of the device state, whatever its size"},
    {.name = "state_in_per_mib", .type = KEY_TIME, .fallback = "125 us", .max = "1 s",
     .help = "load of the device state, for each MiB"},
    {.name = "journal_fsync", .type = KEY_TIME, .fallback = "500 us", .max = "1 min",
     .help = "one journal record, until it is durable"},
    {.name = "first_write_fault", .type = KEY_TIME, .fallback = "4 us", .max = "1 ms",
     .help = "the guest's first write to a page after each collection: the brownout"},
    {.name = "announce", .type = KEY_TIME, .fallback = "200 us", .max = "1 min",
     .help = "from the guest running at the target until its clients are redirected"},
    {.name = "cpu", .type = KEY_BANDWIDTH, .fallback = "100 Gbit/s", .min = "1 Mbit/s",
     .word = "none", .help = "payload that one host can handle, sent and received together"},
    {0},
};

static const struct key host_keys[] = {
    {.name = "memory", .type = KEY_SIZE, .required = true, .min = "4 KiB",
     .help = "room for guests"},
    {.name = "count", .type = KEY_COUNT, .min = "1", .max = "4096", .fallback_says = "one host",
     .help = "a fleet: NAME1 to NAMEn, all alike; NAME alone then means all of them"},
    {.name = "costs", .type = KEY_MAP, .word = "none", .table = &costs_table,
     .fallback_says = "the defaults below",
     .help = "what the host's own work takes; `none` makes everything free"},
    {.name = "profile", .type = KEY_FILE, .fallback_says = "no file",
     .help = "a file with the costs of a real host, as `ferry-lab calibrate` writes it; in place of `costs`"},
    {.name = "silence_timeout", .type = KEY_TIME, .fallback = "1 s", .min = "1 ms",
     .help = "nothing heard on a connection for so long: the next network is used"},
    {.name = "connect_timeout", .type = KEY_TIME, .fallback = "1 s", .min = "1 ms",
     .help = "one try to connect over one network"},
    {.name = "reconnect_limit", .type = KEY_TIME, .fallback = "60 s", .min = "1 ms",
     .help = "a pre-copy that no network connects for so long is given up, the guest stays at the source"},
    {.name = "probe_interval", .type = KEY_TIME, .fallback = "1 s", .min = "1 ms",
     .help = "on a network which is not the best: how often a better one is tried"},
    {.name = "action_timeout", .type = KEY_TIME, .fallback = "30 s", .min = "1 ms",
     .help = "any act of the host but sending that takes longer has failed"},
    {.name = "unknown_after", .type = KEY_TIME, .fallback = "30 s", .min = "1 ms",
     .help = "granted, and the target has been silent for so long: the outcome is `unknown`"},
    {.name = "orphan_limit", .type = KEY_TIME, .fallback = "120 s", .min = "1 ms",
     .help = "a target before READY cleans up when its source has been away for so long"},
    {.name = "hold_time", .type = KEY_TIME, .fallback = "24 h", .min = "1 ms",
     .help = "a target after READY burns the session when its source has been away for so long"},
    {0},
};

static const struct key network_keys[] = {
    {.name = "hosts", .type = KEY_HOSTS, .required = true,
     .help = "the hosts which it joins; a fleet's name stands for all its hosts"},
    {.name = "bandwidth", .type = KEY_BANDWIDTH, .required = true,
     .help = "goodput of each host's port, in each direction"},
    {.name = "backbone", .type = KEY_BANDWIDTH, .fallback = "none", .word = "none", .min = "1 bit/s",
     .help = "goodput of the whole network, all hosts and both directions together"},
    {.name = "latency", .type = KEY_TIME, .fallback = "50 us", .max = "1 min",
     .help = "one way, between any two hosts; a round trip takes twice as long"},
    {.name = "loss", .type = KEY_SHARE, .fallback = "0 %",
     .help = "packets lost at random; lowers what a TCP stream can carry"},
    {.name = "window", .type = KEY_SIZE, .fallback = "none", .word = "none", .min = "1460 B",
     .help = "bytes that one stream may have on their way: at most window / round trip a second"},
    {.name = "priority", .type = KEY_COUNT, .fallback = "1", .max = "1000000",
     .help = "the network with the lowest number is used first; equal ones in order of mention"},
    {0},
};

static const struct key clients_keys[] = {
    {.name = "rate", .type = KEY_RATE, .required = true,
     .help = "requests, evenly spaced, whatever became of those before"},
    {.name = "timeout", .type = KEY_TIME, .fallback = "1 s", .min = "1 ns",
     .help = "a request without an answer after this has failed"},
    {.name = "rtt", .type = KEY_TIME, .fallback = "0.2 ms", .max = "1 min",
     .help = "until the answer is there, while the guest runs"},
    {0},
};

static const struct table clients_table = {
    .name = "clients",
    .help = "An open-loop stream of requests to one guest: what its users see.",
    .keys = clients_keys,
};

static const struct key_word content_words[] = {
    {"tags",  SCENARIO_CONTENT_TAGS,  "a generation tag stands for each page"   },
    {"bytes", SCENARIO_CONTENT_BYTES, "real bytes, for guests of up to 4 GiB"},
    {NULL,    0,                      NULL                                       },
};

static const struct key guest_keys[] = {
    {.name = "host", .type = KEY_HOST, .required = true,
     .help = "where it runs at time 0; with a fleet of hosts, the guests are spread over it"},
    {.name = "memory", .type = KEY_SIZE, .required = true, .min = "4 KiB", .max = "16 TiB",
     .help = "a multiple of `page`, at most 2^32 pages"},
    {.name = "page", .type = KEY_SIZE, .fallback = "4 KiB", .min = "4 KiB", .max = "1 GiB",
     .help = "a power of two; coarse pages make large fleets cheap"},
    {.name = "nonzero", .type = KEY_SHARE, .fallback = "100 %",
     .help = "pages that hold data at time 0: the first ones; a `replay` takes them from its trace"},
    {.name = "device_state", .type = KEY_SIZE, .fallback = "1 MiB", .max = "1 GiB",
     .help = "bytes which are captured, sent and loaded in the pause"},
    {.name = "device_writes", .type = KEY_COUNT, .fallback = "0", .max = "1000",
     .help = "pages that its devices write to while their state is captured"},
    {.name = "zeroed", .type = KEY_SHARE, .fallback = "0 %",
     .help = "of its writes, those that leave a page of zeros, as a guest does which clears freed memory"},
    {.name = "content", .type = KEY_WORD, .fallback = "tags", .words = content_words,
     .help = "what a page holds"},
    {.name = "workload", .type = KEY_MAP, .table = &workload_table, .fallback_says = "idle",
     .help = "how the guest writes to its memory"},
    {.name = "real", .type = KEY_TEXT, .fallback_says = "the workload",
     .help = "what a real guest does instead in ferry-lab, in the words of `ferry vm run --workload`: "
             "then `workload` is its model, such as a recording of it"},
    {.name = "clients", .type = KEY_MAP, .table = &clients_table, .fallback_says = "none",
     .help = "who sends requests to it"},
    {.name = "count", .type = KEY_COUNT, .min = "1", .max = "100000", .fallback_says = "one guest",
     .help = "a fleet: NAME1 to NAMEn, all alike; NAME alone then means all of them"},
    {.name = "per_host", .type = KEY_COUNT, .min = "1", .max = "100000",
     .fallback_says = "an even spread",
     .help = "a fleet on a fleet: so many on each host before the next one is filled"},
    {0},
};
/* clang-format on */

const struct table costs_table = {
    .name = "costs",
    .help = "What the work of a host takes. Each may be 0; `costs: none` makes all of them 0.",
    .keys = costs_keys,
};

/* clang-format off */
static const struct key profile_keys[] = {
    {.name = "version", .type = KEY_COUNT, .required = true, .min = "1", .max = "1",
     .help = "of this format"},
    {.name = "machine", .type = KEY_TEXT, .fallback_says = "not said",
     .help = "where it was measured, for people"},
    {.name = "costs", .type = KEY_MAP, .required = true, .table = &costs_table,
     .help = "what was measured; what is left out has its default"},
    {0},
};
/* clang-format on */

const struct table profile_table = {
    .name = "profile",
    .help = "A host profile, a file of its own.",
    .keys = profile_keys,
};

const struct table host_table = {
    .name = "host",
    .help = "A machine, with its memory, its costs and the patience of its daemon.",
    .keys = host_keys,
};

const struct table network_table = {
    .name = "network",
    .help = "A switch with a full-duplex port for each of its hosts.",
    .keys = network_keys,
};

const struct table guest_table = {
    .name = "guest",
    .help = "A virtual machine.",
    .keys = guest_keys,
};
