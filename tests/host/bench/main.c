/* SPDX-License-Identifier: Apache-2.0 */
/* main.c -- ferry-bench-host: how near is ferry's data plane to what the machine can do?
 *
 *   ferry-bench-host [--size MIB] [--runs N] [--streams N,N,...] [--only WORDS] [--huge] [--json]
 *
 * In each run the plain loop and ferry take turns, so that what else the machine does hits both; the
 * table has medians, and the ratio is the median of the runs' own ratios. */
#include "bench.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 64U

struct options {
    uint64_t size;
    unsigned runs;
    uint16_t streams[8];
    unsigned stream_count;
    bool huge;
    bool json;
    const char *only; /* cases whose name has these words; "": all */
};

/* What is measured, beside what. */
struct pair {
    const char *name;
    enum kind limit;
    enum kind ferry;
    bool fresh;
    bool paused;
};

static const struct pair pairs[] = {
    {"TCP, target prefaulted", KIND_TCP, KIND_FERRY,     false, false},
    {"TCP, paused (CRC-32C)",  KIND_TCP, KIND_FERRY,     false, true },
    {"TCP, target cold",       KIND_TCP, KIND_FERRY,     true,  false},
    {"TLS, target prefaulted", KIND_TLS, KIND_FERRY_TLS, false, false},
    {"TLS, target cold",       KIND_TLS, KIND_FERRY_TLS, true,  false},
};
#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

struct result {
    double limit_rate[RUNS_MAX]; /* bytes a second */
    double ferry_rate[RUNS_MAX];
    double limit_cpu[RUNS_MAX]; /* seconds a gigabyte */
    double ferry_cpu[RUNS_MAX];
    double ratio[RUNS_MAX];
};

static int compare(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(const double *values, unsigned count)
{
    double sorted[RUNS_MAX];
    memcpy(sorted, values, count * sizeof(*values));
    qsort(sorted, count, sizeof(*sorted), compare);
    return count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

/* One transfer: into memory that is new, or into that which all warm transfers share. */
static struct measurement measure(
    const struct pair *pair,
    enum kind kind,
    uint16_t streams,
    const struct memory *source,
    const struct memory *warm)
{
    struct memory fresh = *warm;
    if (pair->fresh) {
        fresh = memory_make(source->size, warm->huge);
    } else {
        memset(warm->base, 0xff, warm->size);
    }
    const struct run run = {
        .kind = kind,
        .streams = streams,
        .source = source,
        .target = &fresh,
        .fresh = pair->fresh,
        .paused = pair->paused,
    };
    const bool raw = kind == KIND_TCP || kind == KIND_TLS;
    const struct measurement measurement = raw ? measure_raw(&run) : measure_ferry(&run);
    if (memcmp(source->base, fresh.base, source->size) != 0) {
        bench_fail("what arrived is not what was sent");
    }
    if (pair->fresh) {
        memory_free(&fresh);
    }
    return measurement;
}

static void run_pair(
    const struct options *options,
    const struct pair *pair,
    uint16_t streams,
    const struct memory memories[2],
    struct result *result_out)
{
    const double bytes = (double)options->size;
    for (unsigned run = 0; run < options->runs; run++) {
        const struct measurement limit =
            measure(pair, pair->limit, streams, &memories[0], &memories[1]);
        const struct measurement ferry =
            measure(pair, pair->ferry, streams, &memories[0], &memories[1]);
        result_out->limit_rate[run] = bytes / limit.seconds;
        result_out->ferry_rate[run] = bytes / ferry.seconds;
        result_out->limit_cpu[run] = limit.cpu_seconds / bytes * 1e9;
        result_out->ferry_cpu[run] = ferry.cpu_seconds / bytes * 1e9;
        result_out->ratio[run] = limit.seconds / ferry.seconds;
    }
}

static void print_row(
    const struct options *options,
    const struct pair *pair,
    uint16_t streams,
    const struct result *result)
{
    const unsigned runs = options->runs;
    const double limit = median(result->limit_rate, runs) / 1e9;
    const double ferry = median(result->ferry_rate, runs) / 1e9;
    const double ratio = median(result->ratio, runs);
    const double limit_cpu = median(result->limit_cpu, runs);
    const double ferry_cpu = median(result->ferry_cpu, runs);
    if (options->json) {
        (void)printf("{\"case\": \"%s\", \"streams\": %u, ", pair->name, (unsigned)streams);
        (void)printf("\"limit_gb_s\": %.3f, \"ferry_gb_s\": %.3f, ", limit, ferry);
        (void)printf("\"ratio\": %.3f, \"limit_cpu_s_gb\": %.3f, ", ratio, limit_cpu);
        (void)printf("\"ferry_cpu_s_gb\": %.3f}\n", ferry_cpu);
    } else {
        (void)printf("%-26s %7u ", pair->name, (unsigned)streams);
        (void)printf("%11.2f %11.2f %7.2f ", limit, ferry, ratio);
        (void)printf("%13.2f %13.2f\n", limit_cpu, ferry_cpu);
    }
    (void)fflush(stdout);
}

static void run_all(const struct options *options)
{
    struct memory memories[2] = {
        memory_make(options->size, options->huge), memory_make(options->size, options->huge)};
    memory_fill(&memories[0]);
    links_set_up();
    if (!options->json) {
        (void)printf(
            "%-26s %7s %11s %11s %7s %13s %13s\n",
            "medians",
            "streams",
            "limit GB/s",
            "ferry GB/s",
            "ratio",
            "limit CPUs/GB",
            "ferry CPUs/GB");
    }
    for (size_t i = 0; i < PAIRS; i++) {
        const bool wanted = strstr(pairs[i].name, options->only) != NULL;
        for (unsigned j = 0; wanted && j < options->stream_count; j++) {
            struct result result;
            run_pair(options, &pairs[i], options->streams[j], memories, &result);
            print_row(options, &pairs[i], options->streams[j], &result);
        }
    }
    links_tear_down();
    memory_free(&memories[0]);
    memory_free(&memories[1]);
}

static bool parse_streams(const char *text, struct options *options)
{
    options->stream_count = 0;
    while (*text != '\0' && options->stream_count < 8) {
        char *end = NULL;
        const unsigned long value = strtoul(text, &end, 10);
        if (end == text || value < 1 || value > BENCH_STREAMS_MAX) {
            return false;
        }
        options->streams[options->stream_count++] = (uint16_t)value;
        text = *end == ',' ? end + 1 : end;
    }
    return *text == '\0' && options->stream_count > 0;
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"size",    required_argument, NULL, 's'},
        {"runs",    required_argument, NULL, 'r'},
        {"streams", required_argument, NULL, 'n'},
        {"only",    required_argument, NULL, 'o'},
        {"huge",    no_argument,       NULL, 'h'},
        {"json",    no_argument,       NULL, 'j'},
        {NULL,      0,                 NULL, 0  },
    };
    struct options options = {
        .size = (uint64_t)1 << 30, .runs = 5, .streams = {1, 2, 4},
                  .stream_count = 3, .only = ""
    };
    bool good = true;
    for (int name = 0; good && (name = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (name) {
        case 's': options.size = strtoull(optarg, NULL, 10) << 20; break;
        case 'r': options.runs = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'n': good = parse_streams(optarg, &options); break;
        case 'o': options.only = optarg; break;
        case 'h': options.huge = true; break;
        case 'j': options.json = true; break;
        default: good = false; break;
        }
    }
    if (!good || optind != argc || options.size == 0 || options.runs < 1 ||
        options.runs > RUNS_MAX) {
        (void)fprintf(
            stderr,
            "usage: ferry-bench-host [--size MIB] [--runs N] [--streams N,N] [--only WORDS] "
            "[--huge] [--json]\n");
        return 2;
    }
    run_all(&options);
    return 0;
}
