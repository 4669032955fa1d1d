/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sharing_test.c -- N4: migrations on one link get equal shares of it, and when one ends the others have its share.
 *
 * Compared is the end of each guest's first round (the guests are idle), in seconds since all began.
 */
#include "lab.h"

#define BYTES_PER_SECOND 125e6 /* 1 Gbit/s */
/* Messages of the handshake and of the acknowledgement are so small that they do not compete for the link; they delay
 * the one migration by no more than this. */
#define SLACK_S 5e-6

#define HOSTS                                                                      \
    "version: 1\n"                                                                 \
    "hosts: {h1: {memory: 8 GiB, costs: none}, h2: {memory: 8 GiB, costs: none}, " \
    "h3: {memory: 8 GiB, costs: none}, h4: {memory: 8 GiB, costs: none}}\n"        \
    "networks: {lan: {hosts: [h1, h2, h3, h4], bandwidth: 1 Gbit/s, latency: 0 s}}\n"

static const struct {
    const char *what;
    const char *scenario;
    size_t count;
} together[] = {
    {"two alike",
     HOSTS "guests: {a: {host: h1, memory: 256 MiB, device_state: 0 B}, b: {host: h1, memory: 256 "
           "MiB, device_state: 0 B}}\n"
           "steps: [{at: 1 s, move: a, to: h2}, {at: 1 s, move: b, to: h2}]\n", 2},
    {"out of one host",
     HOSTS "guests: {a: {host: h1, memory: 64 MiB, device_state: 0 B}, b: {host: h1, memory: 128 "
           "MiB, device_state: 0 B}, "
           "c: {host: h1, memory: 512 MiB, device_state: 0 B}, d: {host: h1, memory: 1 GiB, "
           "device_state: 0 B}}\n"
           "steps: [{at: 1 s, move: a, to: h2}, {at: 1 s, move: b, to: h3}, "
           "{at: 1 s, move: c, to: h2}, {at: 1 s, move: d, to: h4}]\n",         4},
    {"into one host",
     HOSTS "guests: {a: {host: h2, memory: 100 MiB, device_state: 0 B}, b: {host: h3, memory: 300 "
           "MiB, device_state: 0 B}, "
           "c: {host: h4, memory: 700 MiB, device_state: 0 B}}\n"
           "steps: [{at: 1 s, move: a, to: h1}, {at: 1 s, move: b, to: h1}, {at: 1 s, move: c, to: "
           "h1}]\n",                                                            3},
};

static double end_s(const struct lab_migration *migration)
{
    return lab_seconds(migration->started_at_ns + migration->rounds[0].duration_ns);
}

static void migrations_share_a_link_equally_and_use_all_of_it(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < 2 * COUNT_OF(together); i++) {
        const size_t index = i / 2;
        const struct lab_options options = {.network = lab_networks[i % 2]};
        const struct lab_run *run = lab_run(&options, "%s", together[index].scenario);
        double bytes[LAB_MIGRATIONS_MAX];
        double finish_s[LAB_MIGRATIONS_MAX];
        print_message("%s\n", together[index].what);
        assert_int_equal(run->migration_count, together[index].count);
        for (size_t k = 0; k < run->migration_count; k++) {
            assert_int_equal(run->migrations[k].outcome, FERRY_OUTCOME_COMPLETED);
            bytes[k] = (double)run->migrations[k].rounds[0].bytes;
        }
        model_oracle_shared_link(bytes, run->migration_count, BYTES_PER_SECOND, finish_s);
        for (size_t k = 0; k < run->migration_count; k++) {
            lab_within(
                end_s(&run->migrations[k]), 1.0 + finish_s[k], SLACK_S, "end of migration", k);
        }
    }
}

/* The second begins when the first is half done: from then on it is as if both began with what is left. */
static void latecomer_gets_its_share_at_once(void **unused)
{
    (void)unused;
    for (size_t n = 0; n < COUNT_OF(lab_networks); n++) {
        const struct lab_options options = {.network = lab_networks[n]};
        const struct lab_run *run = lab_run(
            &options,
            HOSTS "guests: {a: {host: h1, memory: 256 MiB, device_state: 0 B}, b: {host: h1, "
                  "memory: 512 MiB, device_state: 0 B}}\n"
                  "steps: [{at: 1 s, move: a, to: h2}, {at: 2 s, move: b, to: h2}]\n");
        const double left[] = {
            (double)run->migrations[0].rounds[0].bytes - BYTES_PER_SECOND,
            (double)run->migrations[1].rounds[0].bytes,
        };
        double finish_s[2];
        model_oracle_shared_link(left, 2, BYTES_PER_SECOND, finish_s);
        for (size_t k = 0; k < 2; k++) {
            lab_within(
                end_s(&run->migrations[k]), 2.0 + finish_s[k], SLACK_S, "end of migration", k);
        }
    }
}

/* Two directions of a full-duplex port are two links. */
static void opposite_directions_do_not_share(void **unused)
{
    (void)unused;
    for (size_t n = 0; n < COUNT_OF(lab_networks); n++) {
        const struct lab_options options = {.network = lab_networks[n]};
        const struct lab_run *run = lab_run(
            &options,
            HOSTS "guests: {a: {host: h1, memory: 256 MiB, device_state: 0 B}, b: {host: h2, "
                  "memory: 256 MiB, device_state: 0 B}}\n"
                  "steps: [{at: 1 s, move: a, to: h2}, {at: 1 s, move: b, to: h1}]\n");
        for (size_t k = 0; k < 2; k++) {
            const double alone_s = (double)run->migrations[k].rounds[0].bytes / BYTES_PER_SECOND;
            lab_within(end_s(&run->migrations[k]), 1.0 + alone_s, SLACK_S, "end of migration", k);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(migrations_share_a_link_equally_and_use_all_of_it),
        cmocka_unit_test(latecomer_gets_its_share_at_once),
        cmocka_unit_test(opposite_directions_do_not_share),
    };
    return cmocka_run_group_tests_name("oracle N4", tests, lab_prepare, NULL);
}
