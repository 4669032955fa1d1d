/* SPDX-License-Identifier: Apache-2.0 */
/* samples.c -- see samples.h. A header is: size of the payload, type, section 1 (control), no body,
 * CRC-32C. */
#include "samples.h"

#include <string.h>

#define TEXT(literal)                                                   \
    {                                                                   \
        .data = (const uint8_t *)(literal), .size = sizeof(literal) - 1 \
    }

/* clang-format off */
const struct sample samples[] = {
    {
        .name = "open",
        .header = "6e000000 0100 0100 00000000 570d78d8",
        .payload =
            "0100 " /* version_min */
            "0200 " /* version_max */
            "0300000000000000 " /* features_offered */
            "0400000000000000 " /* features_required */
            "0500000000000000 " /* guest_id */
            "0600000000000000 " /* epoch */
            "0700000000000070 " /* source_journal_id */
            "00100000 " /* page_size */
            "0200 " /* streams */
            "01 " /* mode */
            "005847f80d000000 " /* abandon_after */
            "0000200000000000 " /* device_state_estimate */
            "0300 646231 " /* guest_name */
            "0200 00ff " /* guest_config */
            "0200 0000000000000000 1000000000000000 0000000001000000 " /* regions */
            "3000000000000000 ",
        .message = {.type = WIRE_OPEN, .body.open = {
            .version_min = 1, .version_max = 2, .features_offered = 3, .features_required = 4,
            .guest_id = 5, .epoch = 6, .source_journal_id = 0x7000000000000007, .page_size = 4096,
            .streams = 2, .mode = FERRY_MODE_PRECOPY, .abandon_after = 60 * FERRY_SECOND,
            .device_state_estimate = 2 << 20, .guest_name = TEXT("db1"),
            .guest_config = TEXT("\0\xff"), .region_count = 2,
            .regions = {{0, 16}, {0x100000000, 48}},
        }},
    },
    {
        .name = "resume",
        .header = "2b000000 0200 0100 00000000 ca062967",
        .payload =
            "0500000000000000 " /* guest_id */
            "0600000000000000 " /* epoch */
            "0700000000000000 " /* source_journal_id */
            "0800000000000000 " /* target_journal_id */
            "01000000 " /* attempt */
            "03 " /* phase */
            "09000000 " /* round */
            "4000 ", /* streams */
        .message = {.type = WIRE_RESUME, .body.resume = {
            .guest_id = 5, .epoch = 6, .source_journal_id = 7, .target_journal_id = 8,
            .attempt = 1, .phase = WIRE_SOURCE_GRANTED, .round = 9, .streams = 64,
        }},
    },
    {
        .name = "manifest",
        .header = "46000000 0300 0100 00000000 11f4b348",
        .payload =
            "01000000 " /* attempt */
            "0600000000000000 " /* epoch */
            "09000000 " /* round */
            "0000100000000000 " /* state_size */
            "44332211 " /* state_digest */
            "0200 0300000000000000 0010000000000000 ddccbbaa " /* streams */
            "0100000000000000 4d00000000000000 01000000 ",
        .message = {.type = WIRE_MANIFEST, .body.manifest = {
            .attempt = 1, .epoch = 6, .round = 9, .state_size = 1 << 20,
            .state_digest = 0x11223344, .stream_count = 2,
            .streams = {{3, 4096, 0xaabbccdd}, {1, 77, 1}},
        }},
    },
    {
        .name = "abort",
        .header = "0c000000 0400 0100 00000000 bdc24df6",
        .payload =
            "01000000 " /* attempt */
            "0600000000000000 ", /* epoch */
        .message = {.type = WIRE_ABORT, .body.attempt = {.attempt = 1, .epoch = 6}},
    },
    {
        .name = "grant",
        .header = "0c000000 0500 0100 00000000 50499c92",
        .payload =
            "02000000 " /* attempt */
            "0600000000000000 ", /* epoch */
        .message = {.type = WIRE_GRANT, .body.attempt = {.attempt = 2, .epoch = 6}},
    },
    {
        .name = "burn",
        .header = "0c000000 0600 0100 00000000 a78529fa",
        .payload =
            "03000000 " /* attempt */
            "0600000000000000 ", /* epoch */
        .message = {.type = WIRE_BURN, .body.attempt = {.attempt = 3, .epoch = 6}},
    },
    {
        .name = "end",
        .header = "0d000000 0700 0100 00000000 c770bf31",
        .payload =
            "02000000 " /* attempt */
            "0700000000000000 " /* epoch */
            "01 ", /* moved */
        .message = {.type = WIRE_END, .body.end = {.attempt = 2, .epoch = 7, .moved = 1}},
    },
    {
        .name = "ping",
        .header = "08000000 0800 0100 00000000 d0570574",
        .payload =
            "0807060504030201 ", /* nonce */
        .message = {.type = WIRE_PING, .body.ping = {.nonce = 0x102030405060708}},
    },
    {
        .name = "accept",
        .header = "2a000000 2000 0100 00000000 878e7ce2",
        .payload =
            "0100 " /* version */
            "0300000000000000 " /* features */
            "0800000000000000 " /* target_journal_id */
            "80841e0000000000 " /* persist_ns */
            "c0c62d0000000000 " /* load_ns */
            "00093d0000000000 ", /* resume_ns */
        .message = {.type = WIRE_ACCEPT, .body.accept = {
            .version = 1, .features = 3, .target_journal_id = 8,
            .persist_ns = 2 * FERRY_MILLISECOND, .load_ns = 3 * FERRY_MILLISECOND,
            .resume_ns = 4 * FERRY_MILLISECOND,
        }},
    },
    {
        .name = "refuse",
        .header = "0b000000 2100 0100 00000000 25367ce0",
        .payload =
            "0200 " /* code */
            "0700 6e6f20726f6f6d ", /* text */
        .message = {.type = WIRE_REFUSE, .body.refuse = {
            .code = WIRE_CODE_MEMORY, .text = TEXT("no room"),
        }},
    },
    {
        .name = "resumed",
        .header = "33000000 2200 0100 00000000 69e56760",
        .payload =
            "03000000 " /* attach */
            "02 " /* phase */
            "01000000 " /* attempt */
            "0600000000000000 " /* epoch */
            "0800000000000000 " /* target_journal_id */
            "09000000 " /* round */
            "02000000 " /* old_attach */
            "0200 1100000000000000 1200000000000000 ", /* last_batch */
        .message = {.type = WIRE_RESUMED, .body.resumed = {
            .attach = 3, .phase = WIRE_TARGET_READY, .attempt = 1, .epoch = 6,
            .target_journal_id = 8, .round = 9, .old_attach = 2, .stream_count = 2,
            .last_batch = {17, 18},
        }},
    },
    {
        .name = "lost",
        .header = "00000000 2300 0100 00000000 b43c1412",
        .payload =
            "",
        .message = {.type = WIRE_LOST},
    },
    {
        .name = "ack",
        .header = "1a000000 2400 0100 00000000 0f9f5d2c",
        .payload =
            "03000000 " /* attach */
            "09000000 " /* round */
            "0200 1100000000000000 0001000000000000 ", /* last_batch */
        .message = {.type = WIRE_ACK, .body.ack = {
            .attach = 3, .round = 9, .stream_count = 2, .last_batch = {17, 256},
        }},
    },
    {
        .name = "ready",
        .header = "14000000 2500 0100 00000000 46521bd3",
        .payload =
            "01000000 " /* attempt */
            "0600000000000000 " /* epoch */
            "c0c62d0000000000 ", /* load_ns */
        .message = {.type = WIRE_READY, .body.ready = {
            .attempt = 1, .epoch = 6, .load_ns = 3 * FERRY_MILLISECOND,
        }},
    },
    {
        .name = "started",
        .header = "25000000 2600 0100 00000000 441fd307",
        .payload =
            "01000000 " /* attempt */
            "0700000000000000 " /* epoch */
            "80841e0000000000 " /* owner_persist_ns */
            "00093d0000000000 " /* resume_ns */
            "00ca9a3b00000000 " /* running_for_ns */
            "01 ", /* alive */
        .message = {.type = WIRE_STARTED, .body.started = {
            .attempt = 1, .epoch = 7, .owner_persist_ns = 2 * FERRY_MILLISECOND,
            .resume_ns = 4 * FERRY_MILLISECOND, .running_for_ns = FERRY_SECOND, .alive = 1,
        }},
    },
    {
        .name = "aborted",
        .header = "0c000000 2700 0100 00000000 0c9f28af",
        .payload =
            "04000000 " /* attempt */
            "0600000000000000 ", /* epoch */
        .message = {.type = WIRE_ABORTED, .body.attempt = {.attempt = 4, .epoch = 6}},
    },
    {
        .name = "failed",
        .header = "08000000 2800 0100 00000000 871a1964",
        .payload =
            "0900 " /* code */
            "0400 676f6e65 ", /* text */
        .message = {.type = WIRE_FAILED, .body.failed = {
            .code = WIRE_CODE_GUEST, .text = TEXT("gone"),
        }},
    },
    {
        .name = "closed",
        .header = "00000000 2900 0100 00000000 20c257c2",
        .payload =
            "",
        .message = {.type = WIRE_CLOSED},
    },
    {
        .name = "pong",
        .header = "10000000 2a00 0100 00000000 295fa990",
        .payload =
            "0807060504030201 " /* nonce */
            "20a1070000000000 ", /* persist_ns */
        .message = {.type = WIRE_PONG, .body.pong = {
            .nonce = 0x102030405060708, .persist_ns = 500 * FERRY_MICROSECOND,
        }},
    },
};
/* clang-format on */

const size_t sample_count = COUNT_OF(samples);

size_t sample_payload(const struct sample *sample, uint8_t out[SAMPLE_SIZE_MAX])
{
    return harness_bytes_of_hex(sample->payload, out, SAMPLE_SIZE_MAX);
}

size_t sample_frame(const struct sample *sample, uint8_t out[SAMPLE_SIZE_MAX])
{
    const size_t header = harness_bytes_of_hex(sample->header, out, SAMPLE_SIZE_MAX);
    assert_int_equal(header, 16);
    return header + harness_bytes_of_hex(sample->payload, out + header, SAMPLE_SIZE_MAX - header);
}

const struct sample *sample_of(enum wire_type type)
{
    for (size_t i = 0; i < sample_count; i++) {
        if (samples[i].message.type == type) {
            return &samples[i];
        }
    }
    fail_msg("no sample of type %d", (int)type);
    return NULL;
}

/* Compares the contents and makes the addresses equal. */
static void compare_bytes(struct ferry_bytes *actual, const struct ferry_bytes *expected)
{
    assert_int_equal(actual->size, expected->size);
    assert_memory_equal(actual->data, expected->data, expected->size);
    actual->data = expected->data;
}

void assert_same_message(const struct wire_message *actual, const struct wire_message *expected)
{
    struct wire_message copy;
    memcpy(&copy, actual, sizeof(copy));
    assert_int_equal(copy.type, expected->type);
    if (copy.type == WIRE_OPEN) {
        compare_bytes(&copy.body.open.guest_name, &expected->body.open.guest_name);
        compare_bytes(&copy.body.open.guest_config, &expected->body.open.guest_config);
    }
    if (copy.type == WIRE_REFUSE) {
        compare_bytes(&copy.body.refuse.text, &expected->body.refuse.text);
    }
    if (copy.type == WIRE_FAILED) {
        compare_bytes(&copy.body.failed.text, &expected->body.failed.text);
    }
    assert_memory_equal(&copy.body, &expected->body, sizeof(copy.body));
}
