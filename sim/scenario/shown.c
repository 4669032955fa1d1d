/* SPDX-License-Identifier: Apache-2.0 */
/* shown.c -- numbers and workloads as words. */
#include "sim/scenario/shown.h"

#include "sim/scenario/quantity.h"

__extension__ typedef unsigned __int128 wide;

struct shown shown_time(int64_t time)
{
    struct shown shown = {0};
    if (time == SCENARIO_FOREVER) {
        (void)snprintf(shown.text, sizeof(shown.text), "for ever");
    } else {
        quantity_format(QUANTITY_TIME, (uint64_t)time, shown.text, sizeof(shown.text));
    }
    return shown;
}

struct shown shown_size(uint64_t size)
{
    struct shown shown = {0};
    if (size == SCENARIO_UNLIMITED) {
        (void)snprintf(shown.text, sizeof(shown.text), "unlimited");
    } else {
        quantity_format(QUANTITY_SIZE, size, shown.text, sizeof(shown.text));
    }
    return shown;
}

struct shown shown_bandwidth(uint64_t bandwidth)
{
    struct shown shown = {0};
    if (bandwidth == SCENARIO_UNLIMITED) {
        (void)snprintf(shown.text, sizeof(shown.text), "unlimited");
    } else {
        quantity_format(QUANTITY_BANDWIDTH, bandwidth, shown.text, sizeof(shown.text));
    }
    return shown;
}

/* amount / divisor with up to six decimals, cut off. */
static void write_decimal(char *text, size_t size, wide amount, wide divisor)
{
    const unsigned million = 1000000;
    unsigned long long whole = (unsigned long long)(amount / divisor);
    unsigned decimals = (unsigned)(amount % divisor * million / divisor);
    int length = snprintf(text, size, "%llu.%06u", whole, decimals % million);
    while (length > 0 && text[length - 1] == '0') {
        text[--length] = '\0';
    }
    if (length > 0 && text[length - 1] == '.') {
        text[--length] = '\0';
    }
}

struct shown shown_flow(struct model_rate rate)
{
    static const struct {
        const char *name;
        uint64_t factor;
    } units[] = {
        {"GiB/s", 1073741824},
        {"GB/s",  1000000000},
        {"MiB/s", 1048576   },
        {"MB/s",  1000000   },
        {"KiB/s", 1024      },
        {"KB/s",  1000      },
        {"B/s",   1         },
    };
    struct shown shown = {0};
    char number[64] = "0";
    const char *unit = "B/s";
    for (size_t index = 0; index < sizeof(units) / sizeof(units[0]); index++) {
        wide divisor = (wide)units[index].factor * rate.seconds;
        bool last = units[index].factor == 1;
        if (last || (rate.amount >= divisor && (wide)rate.amount * 1000 % divisor == 0)) {
            write_decimal(number, sizeof(number), rate.amount, divisor);
            unit = units[index].name;
            break;
        }
    }
    (void)snprintf(shown.text, sizeof(shown.text), "%s %s", number, unit);
    return shown;
}

struct shown shown_rate(struct model_rate rate)
{
    struct shown shown = {0};
    char number[64];
    write_decimal(number, sizeof(number), rate.amount, rate.seconds);
    (void)snprintf(shown.text, sizeof(shown.text), "%s /s", number);
    return shown;
}

struct shown shown_loss(uint32_t ppm)
{
    struct shown shown = {0};
    char number[64];
    write_decimal(number, sizeof(number), ppm, 10000);
    (void)snprintf(shown.text, sizeof(shown.text), "%s %%", number);
    return shown;
}

static void show_set(FILE *out, const char *how, struct model_write_set set)
{
    (void)fprintf(
        out, "%s %s at %s", how, shown_size(set.size_bytes).text, shown_flow(set.rate).text);
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by MODEL_PHASE_DEPTH_MAX
void show_workload(FILE *out, const struct model_workload_spec *workload)
{
    switch (workload->kind) {
    case MODEL_WORKLOAD_IDLE: (void)fprintf(out, "writes nothing"); break;
    case MODEL_WORKLOAD_SWEEP: show_set(out, "writes in order over", workload->sweep); break;
    case MODEL_WORKLOAD_UNIFORM: show_set(out, "writes at random in", workload->uniform); break;
    case MODEL_WORKLOAD_HOTSET:
        show_set(out, "writes at random in a hot set of", workload->hotset.hot);
        show_set(out, " and a cold set of", workload->hotset.cold);
        break;
    case MODEL_WORKLOAD_BURST:
        show_set(out, "writes at random in", workload->burst.set);
        (void)fprintf(out, ", on for %s", shown_time(workload->burst.on_ns).text);
        (void)fprintf(out, " and off for %s", shown_time(workload->burst.off_ns).text);
        break;
    case MODEL_WORKLOAD_PHASES:
        (void)fprintf(out, "in turn:");
        for (size_t index = 0; index < workload->phases.count; index++) {
            const struct model_phase *phase = &workload->phases.list[index];
            (void)fprintf(out, "%s for %s ", index == 0 ? "" : ";", shown_time(phase->for_ns).text);
            show_workload(out, phase->workload);
        }
        break;
    case MODEL_WORKLOAD_CURVE:
        (void)fprintf(
            out,
            "dirties pages along a measured curve of %zu point%s",
            workload->curve.count,
            workload->curve.count == 1 ? "" : "s");
        break;
    case MODEL_WORKLOAD_REPLAY:
        (void)fprintf(out, "replays the recording %s", workload->replay.path);
        break;
    }
}
