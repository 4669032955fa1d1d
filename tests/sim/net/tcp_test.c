/* SPDX-License-Identifier: Apache-2.0 */
/* tcp_test.c -- the pure functions: bounds, time-outs, serialisation, at their edges. */
#include "sim/net/tcp.h"

#include "sim/net/net.h"
#include "sim/net/solver.h"

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define MS  INT64_C(1000000)
#define SEC INT64_C(1000000000)

static void window_rows(void **state)
{
    (void)state;
    static const struct {
        uint64_t window_bytes;
        int64_t rtt_ns;
        uint64_t bps;
    } rows[] = {
        {0,          SEC,     NET_UNLIMITED},
        {1,          0,       NET_UNLIMITED},
        {1,          SEC,     8            },
        {65536,      20 * MS, 26214400     },
        {1,          9 * SEC, 0            },
        {UINT64_MAX, 1,       UINT64_MAX   },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(net_tcp_window_bps(rows[i].window_bytes, rows[i].rtt_ns), rows[i].bps);
    }
}

static void bits_saturate(void **state)
{
    (void)state;
    assert_int_equal(net_tcp_bits(0), 0);
    assert_int_equal(net_tcp_bits(UINT64_MAX / 8), UINT64_MAX / 8 * 8);
    assert_int_equal(net_tcp_bits(UINT64_MAX / 8 + 1), NET_UNLIMITED);
    assert_int_equal(net_tcp_bits(NET_UNLIMITED), NET_UNLIMITED);
}

static void loss_never_rises_with_the_rate_of_loss(void **state)
{
    (void)state;
    uint64_t last = NET_UNLIMITED;
    for (uint32_t ppm = 0; ppm <= 1000000; ppm += ppm < 20000 ? 1 : 991) {
        uint64_t bps = net_tcp_loss_bps(ppm, 50 * MS);
        assert_true(bps <= last);
        last = bps;
    }
    assert_int_equal(net_tcp_loss_bps(1000000, 50 * MS), 0);
    assert_int_equal(net_tcp_loss_bps(1000000, 0), 0);
    assert_int_equal(net_tcp_loss_bps(999999, 0), NET_UNLIMITED);
}

static void loss_follows_the_square_root_law(void **state)
{
    (void)state;
    /* s = 1460, R = 100 ms, p = 1 %: 1460 * 8 / 0.1 * 1.2247449 / 0.1 */
    uint64_t bps = net_tcp_loss_bps(10000, 100 * MS);
    assert_in_range(bps, 1430501, 1430503);
    /* a hundredth of the loss, ten times the rate */
    bps = net_tcp_loss_bps(100, 100 * MS);
    assert_in_range(bps, 14305019, 14305023);
}

static void time_out_has_a_floor_and_a_ceiling(void **state)
{
    (void)state;
    assert_int_equal(net_tcp_rto_ns(0), NET_RTO_MIN_NS);
    assert_int_equal(net_tcp_rto_ns(50 * MS), 200 * MS);
    assert_int_equal(net_tcp_rto_ns(51 * MS), 204 * MS);
    assert_int_equal(net_tcp_rto_ns(100 * SEC), NET_RTO_MAX_NS);
}

static void retries_double_up_to_a_minute(void **state)
{
    (void)state;
    static const struct {
        int64_t healed_ns;
        int64_t retry_ns;
    } rows[] = {
        {0,            200 * MS    },
        {200 * MS,     200 * MS    },
        {200 * MS + 1, 600 * MS    },
        {3000 * MS,    3000 * MS   },
        {3001 * MS,    6200 * MS   },
        {51000 * MS,   51000 * MS  }, /* 0.2 * (2^8 - 1) */
        {51001 * MS,   102200 * MS }, /* the last doubling: 51.2 s */
        {102201 * MS,  162200 * MS },
        {162201 * MS,  222200 * MS },
        {3600 * SEC,   3642200 * MS},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t since_ns = 7 * SEC;
        int64_t at_ns = net_tcp_retry_at_ns(since_ns, 200 * MS, since_ns + rows[i].healed_ns);
        assert_int_equal(at_ns - since_ns, rows[i].retry_ns);
    }
}

static void serialisation_is_rounded_up_and_saturates(void **state)
{
    (void)state;
    assert_int_equal(net_tcp_serialise_ns(0, 1), 0);
    assert_int_equal(net_tcp_serialise_ns(1, 8000000000), 1);
    assert_int_equal(net_tcp_serialise_ns(1, 8000000001), 1);
    assert_int_equal(net_tcp_serialise_ns(1, 7999999999), 2);
    assert_int_equal(net_tcp_serialise_ns(4096, NET_UNLIMITED), 0);
    assert_int_equal(net_tcp_serialise_ns(UINT64_MAX, 1), NET_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_rows),
        cmocka_unit_test(bits_saturate),
        cmocka_unit_test(loss_never_rises_with_the_rate_of_loss),
        cmocka_unit_test(loss_follows_the_square_root_law),
        cmocka_unit_test(time_out_has_a_floor_and_a_ceiling),
        cmocka_unit_test(retries_double_up_to_a_minute),
        cmocka_unit_test(serialisation_is_rounded_up_and_saturates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
