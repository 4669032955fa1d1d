/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_fault.c -- a fault of a plan as a line of a scenario file.
 *
 * The key is that of the catalogue; how its value is written is one row of a table below.
 */
#include "sim/chaos/plan.h"

#include <inttypes.h>

enum form {
    FORM_TRUE = 1, /* true */
    FORM_LENGTH,   /* how long it lasts */
    FORM_TIME,     /* a time of another kind */
    FORM_PPM,
    FORM_KIB,
    FORM_BITS, /* bit/s */
    FORM_NUMBER,
    FORM_WAY,  /* from, to */
    FORM_FLOW, /* the same, with a rate */
};

enum tail { TAIL_NONE = 0, TAIL_FOR, TAIL_RESTART };

static const struct {
    enum form form;
    enum tail tail;
} forms[PLAN_KINDS] = {
    [SCENARIO_FAULT_HOST_CRASH] = {FORM_TRUE,   TAIL_RESTART},
    [SCENARIO_FAULT_HOST_CRASH_KEPT] = {FORM_TRUE,   TAIL_RESTART},
    [SCENARIO_FAULT_HOST_REINSTALL] = {FORM_TRUE,   TAIL_RESTART},
    [SCENARIO_FAULT_HOST_PAUSE] = {FORM_LENGTH, TAIL_NONE   },
    [SCENARIO_FAULT_DAEMON_CRASH] = {FORM_TRUE,   TAIL_RESTART},
    [SCENARIO_FAULT_HOST_CPU] = {FORM_PPM,    TAIL_FOR    },
    [SCENARIO_FAULT_HOST_MEMORY] = {FORM_KIB,    TAIL_FOR    },
    [SCENARIO_FAULT_JOURNAL_FAIL] = {FORM_LENGTH, TAIL_NONE   },
    [SCENARIO_FAULT_JOURNAL_DOUBT] = {FORM_LENGTH, TAIL_NONE   },
    [SCENARIO_FAULT_DISK_FULL] = {FORM_LENGTH, TAIL_NONE   },
    [SCENARIO_FAULT_JOURNAL_SLOW] = {FORM_TIME,   TAIL_FOR    },
    [SCENARIO_FAULT_VERSION] = {FORM_NUMBER, TAIL_FOR    },
    [SCENARIO_FAULT_CLOCK_FAST] = {FORM_PPM,    TAIL_FOR    },
    [SCENARIO_FAULT_CLOCK_SLOW] = {FORM_PPM,    TAIL_FOR    },
    [SCENARIO_FAULT_CLOCK_FORWARD] = {FORM_TIME,   TAIL_NONE   },
    [SCENARIO_FAULT_CLOCK_BACK] = {FORM_TIME,   TAIL_NONE   },
    [SCENARIO_FAULT_NET_DOWN] = {FORM_LENGTH, TAIL_NONE   },
    [SCENARIO_FAULT_NET_CLOG] = {FORM_LENGTH, TAIL_NONE   },
    [SCENARIO_FAULT_NET_RESET] = {FORM_TRUE,   TAIL_NONE   },
    [SCENARIO_FAULT_NET_REORDER] = {FORM_TIME,   TAIL_NONE   },
    [SCENARIO_FAULT_NET_DUPLICATE] = {FORM_TRUE,   TAIL_NONE   },
    [SCENARIO_FAULT_NET_REFUSE] = {FORM_LENGTH, TAIL_NONE   },
    [SCENARIO_FAULT_NET_PARTITION] = {FORM_WAY,    TAIL_FOR    },
    [SCENARIO_FAULT_NET_BANDWIDTH] = {FORM_BITS,   TAIL_FOR    },
    [SCENARIO_FAULT_NET_LATENCY] = {FORM_TIME,   TAIL_FOR    },
    [SCENARIO_FAULT_NET_JITTER] = {FORM_TIME,   TAIL_FOR    },
    [SCENARIO_FAULT_NET_LOSS] = {FORM_PPM,    TAIL_FOR    },
    [SCENARIO_FAULT_NET_CORRUPT] = {FORM_PPM,    TAIL_FOR    },
    [SCENARIO_FAULT_NET_BACKGROUND] = {FORM_FLOW,   TAIL_FOR    },
    [SCENARIO_FAULT_GUEST_BURST] = {FORM_KIB,    TAIL_NONE   },
    [SCENARIO_FAULT_GUEST_RATE] = {FORM_BITS,   TAIL_FOR    },
    [SCENARIO_FAULT_GUEST_DEVICE] = {FORM_KIB,    TAIL_NONE   },
    [PLAN_HOST_GONE] = {FORM_TRUE,   TAIL_NONE   },
};

/* In the largest unit that is exact. */
void plan_write_time(FILE *out, int64_t us)
{
    if (us % PLAN_SECOND == 0) {
        (void)fprintf(out, "%" PRId64 " s", us / PLAN_SECOND);
    } else if (us % PLAN_MS == 0) {
        (void)fprintf(out, "%" PRId64 " ms", us / PLAN_MS);
    } else {
        (void)fprintf(out, "%" PRId64 " us", us);
    }
}

static void put_bits(FILE *out, uint64_t bits)
{
    if (bits % 1000000 == 0) {
        (void)fprintf(out, "%" PRIu64 " Mbit/s", bits / 1000000);
    } else {
        (void)fprintf(out, "%" PRIu64 " bit/s", bits);
    }
}

static void put_subject(FILE *out, const struct plan_fault *fault)
{
    switch (plan_scope(fault->kind)) {
    case SCENARIO_SCOPE_HOST:
    case SCENARIO_SCOPE_CLOCK: (void)fprintf(out, ", host: h%" PRIu32, fault->host + 1); break;
    case SCENARIO_SCOPE_GUEST: (void)fprintf(out, ", guest: g%" PRIu32, fault->guest + 1); break;
    case SCENARIO_SCOPE_NETWORK:
        if (fault->network != PLAN_NONE) {
            (void)fprintf(out, ", network: n%" PRIu32, fault->network + 1);
        }
        break;
    case SCENARIO_SCOPE_OPERATOR: break;
    }
}

static void put_way(FILE *out, const struct plan_fault *fault, bool flow)
{
    (void)fprintf(out, "{from: h%" PRIu32 ", to: h%" PRIu32, fault->from + 1, fault->to + 1);
    if (flow) {
        (void)fputs(", rate: ", out);
        put_bits(out, fault->value);
    }
    (void)fputc('}', out);
}

static void put_value(FILE *out, const struct plan_fault *fault)
{
    switch (forms[fault->kind].form) {
    case FORM_TRUE: (void)fputs("true", out); break;
    case FORM_LENGTH: plan_write_time(out, fault->length_us); break;
    case FORM_TIME: plan_write_time(out, (int64_t)fault->value); break;
    case FORM_PPM: (void)fprintf(out, "%" PRIu64 " ppm", fault->value); break;
    case FORM_KIB: (void)fprintf(out, "%" PRIu64 " KiB", fault->value); break;
    case FORM_BITS: put_bits(out, fault->value); break;
    case FORM_NUMBER: (void)fprintf(out, "%" PRIu64, fault->value); break;
    case FORM_WAY: put_way(out, fault, false); break;
    case FORM_FLOW: put_way(out, fault, true); break;
    }
}

void plan_write_fault(FILE *out, const struct plan *plan, const struct plan_fault *fault)
{
    const unsigned kind =
        fault->kind == PLAN_HOST_GONE ? (unsigned)SCENARIO_FAULT_HOST_CRASH : fault->kind;
    const enum tail tail = forms[fault->kind].tail;

    (void)fputs("  - {", out);
    plan_write_when(out, plan, &fault->when);
    put_subject(out, fault);
    (void)fprintf(out, ", %s: ", scenario_fault_kind_name((enum scenario_fault_kind)kind));
    put_value(out, fault);
    if (tail != TAIL_NONE) {
        (void)fputs(tail == TAIL_FOR ? ", for: " : ", restart_after: ", out);
        plan_write_time(out, fault->length_us);
    }
    (void)fputs("}\n", out);
}
