/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chaos_test.c -- seeded disorder: connections, sends and every fault, at random instants.
 *
 * Checked at each event: time does not run backwards (N-1); messages arrive at most once and in
 * order (N-2); no host that is down or paused gets anything (N-4). Checked at the end, after all is
 * healed: every message of a connection that lived through it has arrived. Checked across runs: the
 * same seed gives the same record, whether or not somebody reads the counters meanwhile.
 */
#include "tests/sim/net/bed.h"

#include <stdio.h>
#include <stdlib.h>

#define HOSTS       5
#define NETWORKS    2
#define CONNS       256
#define STEPS       600
#define STEP_COOKIE UINT64_C(1000000)

struct link_state {
    net_conn conn;
    uint32_t host[2];
    bool alive[2];        /* by side: may still send and get */
    uint64_t queued[2];   /* by sender: messages queued, which is the cookie of the next */
    uint64_t received[2]; /* by sender: cookie expected next */
};

struct chaos {
    struct net *net;
    uint64_t random;
    uint64_t digest;
    int64_t last_ns;
    struct link_state links[CONNS];
    uint32_t link_count;
    bool down[HOSTS];
    bool paused[HOSTS];
    uint32_t blocks[16][3];
    uint32_t block_count;
    uint32_t background[4];
    uint32_t background_count;
    uint32_t steps_left;
    bool reads_counters;
};

static uint64_t draw(struct chaos *chaos, uint64_t below)
{
    chaos->random ^= chaos->random << 13;
    chaos->random ^= chaos->random >> 7;
    chaos->random ^= chaos->random << 17;
    return chaos->random % below;
}

static struct link_state *find(struct chaos *chaos, net_conn conn)
{
    for (uint32_t i = 0; i < chaos->link_count; i++) {
        if (chaos->links[i].conn == conn) {
            return &chaos->links[i];
        }
    }
    bed_check(false, "event of a connection nobody opened", __FILE__, __LINE__);
    return NULL;
}

static void do_connect(struct chaos *chaos)
{
    uint32_t from = (uint32_t)draw(chaos, HOSTS);
    uint32_t to = (from + 1 + (uint32_t)draw(chaos, HOSTS - 1)) % HOSTS;
    uint32_t network = (uint32_t)draw(chaos, NETWORKS);
    if (chaos->down[from] || chaos->paused[from] || chaos->link_count == CONNS) {
        return;
    }
    struct link_state *link = &chaos->links[chaos->link_count];
    chaos->link_count++;
    *link = (struct link_state){
        .conn = net_connect(chaos->net, network, from, to, 0),
        .host = {from, to},
    };
    link->alive[NET_INITIATOR] = true;
}

static void do_send(struct chaos *chaos, bool close)
{
    if (chaos->link_count == 0) {
        return;
    }
    struct link_state *link = &chaos->links[draw(chaos, chaos->link_count)];
    enum net_side side = draw(chaos, 2) == 0 ? NET_INITIATOR : NET_ACCEPTOR;
    uint64_t size = draw(chaos, 3);
    if (!link->alive[side]) {
        return;
    }
    if (close) {
        if (net_close(chaos->net, link->conn, side)) {
            link->alive[side] = false;
        }
        return;
    }
    uint64_t bytes = size == 0 ? draw(chaos, 4097) : draw(chaos, size == 1 ? 100000 : 5000000);
    if (net_send(chaos->net, link->conn, side, bytes, link->queued[side])) {
        link->queued[side]++;
    }
}

static void do_rate(struct chaos *chaos)
{
    if (chaos->link_count == 0) {
        return;
    }
    const struct link_state *link = &chaos->links[draw(chaos, chaos->link_count)];
    enum net_side side = draw(chaos, 2) == 0 ? NET_INITIATOR : NET_ACCEPTOR;
    static const uint64_t rates[] = {0, 100000, 12345678, 50000000, NET_UNLIMITED};
    (void)net_set_rate(chaos->net, link->conn, side, rates[draw(chaos, 5)]);
}

static void do_block(struct chaos *chaos)
{
    if (chaos->block_count > 0 && draw(chaos, 2) == 0) {
        chaos->block_count--;
        uint32_t *block = chaos->blocks[chaos->block_count];
        net_unblock(chaos->net, block[0], block[1], block[2]);
        return;
    }
    if (chaos->block_count == 4) {
        return;
    }
    uint32_t *block = chaos->blocks[chaos->block_count];
    chaos->block_count++;
    block[0] = (uint32_t)draw(chaos, NETWORKS);
    block[1] = draw(chaos, 3) == 0 ? NET_ANY_HOST : (uint32_t)draw(chaos, HOSTS);
    block[2] = draw(chaos, 3) == 0 ? NET_ANY_HOST : (uint32_t)draw(chaos, HOSTS);
    net_block(chaos->net, block[0], block[1], block[2]);
}

static void do_host(struct chaos *chaos)
{
    uint32_t host = (uint32_t)draw(chaos, HOSTS);
    uint64_t what = draw(chaos, 12);
    if (chaos->down[host]) {
        chaos->down[host] = false;
        net_host_up(chaos->net, host);
    } else if (chaos->paused[host]) {
        chaos->paused[host] = false;
        net_host_resume(chaos->net, host);
    } else if (what == 0) {
        chaos->down[host] = true;
        net_host_down(chaos->net, host);
        for (uint32_t i = 0; i < chaos->link_count; i++) {
            struct link_state *link = &chaos->links[i];
            link->alive[NET_INITIATOR] = link->alive[NET_INITIATOR] && link->host[0] != host;
            link->alive[NET_ACCEPTOR] = link->alive[NET_ACCEPTOR] && link->host[1] != host;
        }
    } else {
        chaos->paused[host] = true;
        net_host_pause(chaos->net, host);
    }
}

static void do_network(struct chaos *chaos)
{
    static const uint64_t bandwidths[] = {0, 10 * MBIT, GBIT, 999999937, 10 * GBIT};
    uint32_t network = (uint32_t)draw(chaos, NETWORKS);
    switch (draw(chaos, 4)) {
    case 0: net_set_latency(chaos->net, network, (int64_t)draw(chaos, 20 * MS)); break;
    case 1: net_set_loss(chaos->net, network, (uint32_t)draw(chaos, 20000)); break;
    default: net_set_bandwidth(chaos->net, network, bandwidths[draw(chaos, 5)]); break;
    }
}

static void do_rare(struct chaos *chaos)
{
    uint32_t network = (uint32_t)draw(chaos, NETWORKS);
    uint32_t from = (uint32_t)draw(chaos, HOSTS);
    switch (draw(chaos, 10)) {
    case 0: net_reset(chaos->net, network, from, (from + 1) % HOSTS); break;
    case 1:
    case 2:
    case 3: net_set_refuse(chaos->net, network, from, draw(chaos, 3) == 0); break;
    case 4:
    case 5:
    case 6:
        if (chaos->background_count < 4) {
            struct net_background what = {
                .network = network,
                .from = from,
                .to = (from + 1) % HOSTS,
                .flows = 1 + (uint32_t)draw(chaos, 3),
                .bytes_per_second = draw(chaos, 2) == 0 ? NET_UNLIMITED : 1000000,
            };
            chaos->background[chaos->background_count] = net_background_start(chaos->net, &what);
            chaos->background_count++;
        }
        break;
    default:
        if (chaos->background_count > 0) {
            chaos->background_count--;
            net_background_stop(chaos->net, chaos->background[chaos->background_count]);
        }
        break;
    }
}

static void do_one(struct chaos *chaos)
{
    uint64_t what = draw(chaos, 100);
    if (what < 15) {
        do_connect(chaos);
    } else if (what < 72) {
        do_send(chaos, what == 71);
    } else if (what < 80) {
        do_rate(chaos);
    } else if (what < 87) {
        do_block(chaos);
    } else if (what < 92) {
        do_host(chaos);
    } else if (what < 97) {
        do_network(chaos);
    } else {
        do_rare(chaos);
    }
}

static void heal_all(struct chaos *chaos)
{
    while (chaos->block_count > 0) {
        chaos->block_count--;
        uint32_t *block = chaos->blocks[chaos->block_count];
        net_unblock(chaos->net, block[0], block[1], block[2]);
    }
    for (uint32_t host = 0; host < HOSTS; host++) {
        if (chaos->down[host]) {
            chaos->down[host] = false;
            net_host_up(chaos->net, host);
        }
        chaos->paused[host] = false;
        net_host_resume(chaos->net, host);
    }
    for (uint32_t network = 0; network < NETWORKS; network++) {
        net_set_bandwidth(chaos->net, network, GBIT);
        net_set_loss(chaos->net, network, 0);
    }
    for (uint32_t i = 0; i < chaos->link_count; i++) {
        (void)net_set_rate(chaos->net, chaos->links[i].conn, NET_INITIATOR, NET_UNLIMITED);
        (void)net_set_rate(chaos->net, chaos->links[i].conn, NET_ACCEPTOR, NET_UNLIMITED);
    }
}

static void judge(struct chaos *chaos, const struct net_event *event)
{
    struct link_state *link = find(chaos, event->conn);
    if (event->kind == NET_ACCEPTED) {
        link->alive[NET_ACCEPTOR] = true;
    }
    CHECK(link->alive[event->side]); /* nothing after the last event of a side */
    if (event->kind == NET_DELIVERED) {
        enum net_side sender = event->side == NET_INITIATOR ? NET_ACCEPTOR : NET_INITIATOR;
        CHECK_EQ(event->cookie, link->received[sender]);
        link->received[sender]++;
    }
    if (event->kind == NET_CONNECT_FAILED || event->kind == NET_CLOSED ||
        event->kind == NET_RESET) {
        link->alive[event->side] = false;
    }
}

static uint64_t mix(uint64_t digest, uint64_t value)
{
    digest = (digest ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return digest ^ digest >> 29;
}

static bool on_event(void *context, const struct net_event *event)
{
    struct chaos *chaos = context;
    CHECK(event->now_ns >= chaos->last_ns);
    chaos->last_ns = event->now_ns;
    chaos->digest = mix(chaos->digest, (uint64_t)event->now_ns);
    chaos->digest = mix(chaos->digest, (uint64_t)event->kind << 8 | (uint64_t)event->side);
    chaos->digest = mix(chaos->digest, event->conn);
    chaos->digest = mix(chaos->digest, event->cookie);
    if (chaos->reads_counters) {
        (void)net_use_of(chaos->net, 0, NET_ANY_HOST);
    }
    if (event->kind != NET_TIMER) {
        CHECK(!chaos->down[event->host] && !chaos->paused[event->host]);
        judge(chaos, event);
        return true;
    }
    for (uint64_t i = draw(chaos, 4); i > 0; i--) {
        do_one(chaos);
    }
    if (chaos->steps_left > 0) {
        chaos->steps_left--;
        int64_t when_ns = event->now_ns + (int64_t)draw(chaos, 40 * MS);
        (void)net_timer_at(chaos->net, NET_NO_HOST, when_ns, STEP_COOKIE);
    }
    return true;
}

/* All that was sent on a connection which both ends still have has arrived. Returns what arrived.
 */
static uint64_t account(struct chaos *chaos)
{
    uint64_t arrived = 0;
    uint64_t whole = 0;
    for (uint32_t i = 0; i < chaos->link_count; i++) {
        const struct link_state *link = &chaos->links[i];
        bool lives = link->alive[NET_INITIATOR] && link->alive[NET_ACCEPTOR];
        whole += lives;
        for (int side = 0; side < 2; side++) {
            arrived += link->received[side];
            if (lives) {
                CHECK_EQ(link->received[side], link->queued[side]);
            }
        }
    }
    CHECK(whole > 0);
    CHECK(arrived > 20);
    return arrived;
}

static uint64_t run(enum bed_kind kind, uint64_t seed, bool reads_counters)
{
    uint32_t hosts[HOSTS] = {0, 1, 2, 3, 4};
    struct net_network_config networks[NETWORKS];
    for (uint32_t i = 0; i < NETWORKS; i++) {
        networks[i] = (struct net_network_config){
            .hosts = hosts,
            .host_count = HOSTS,
            .bandwidth_bps = GBIT,
            .backbone_bps = i == 1 ? 2 * GBIT : 0,
            .latency_ns = MS,
            .window_bytes = i == 1 ? 4000000 : 0,
            .initial_window_bytes = i == 1 ? NET_INITIAL_WINDOW_BYTES : 0,
        };
    }
    struct net_config config = {
        .host_count = HOSTS,
        .networks = networks,
        .network_count = NETWORKS,
    };
    struct chaos *chaos = calloc(1, sizeof(*chaos));
    CHECK(chaos != NULL);
    chaos->net = kind == BED_LIGHT ? net_create_light(&config) : net_create_simgrid(&config);
    chaos->random = mix(seed, 1) | 1;
    chaos->steps_left = STEPS;
    chaos->reads_counters = reads_counters;
    (void)net_timer_at(chaos->net, NET_NO_HOST, 0, STEP_COOKIE);
    CHECK_EQ(net_run(chaos->net, on_event, chaos), NET_RUN_IDLE);
    heal_all(chaos);
    CHECK_EQ(net_run(chaos->net, on_event, chaos), NET_RUN_IDLE);

    uint64_t arrived = account(chaos);
    uint64_t digest = mix(chaos->digest, arrived);
    net_destroy(chaos->net);
    free(chaos);
    return digest;
}

static uint64_t quietly(enum bed_kind kind, uint64_t seed)
{
    return run(kind, seed, false);
}

static uint64_t watched(enum bed_kind kind, uint64_t seed)
{
    return run(kind, seed, true);
}

static void same_seed_gives_the_same_record_also_when_watched(enum bed_kind kind)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        uint64_t first = bed_apart(kind, quietly, seed);
        CHECK(first == bed_apart(kind, quietly, seed));
        CHECK(first == bed_apart(kind, watched, seed));
        CHECK(first != bed_apart(kind, quietly, seed + 1000));
    }
}

static const struct bed_case cases[] = {
    BED_CASE(same_seed_gives_the_same_record_also_when_watched),
};

int main(void)
{
    return bed_main("chaos_test", cases, sizeof(cases) / sizeof(cases[0]));
}
