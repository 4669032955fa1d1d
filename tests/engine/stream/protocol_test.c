/* SPDX-License-Identifier: Apache-2.0 */
/* protocol_test.c -- docs/protocol.md says of the payload streams what the code says, and its example is what an encoder
 * sends. */
#include "loop.h"
#include "stream/frames.h"
#include "support/document.h"

#include <string.h>

#define DOCUMENT "docs/protocol.md"

struct row {
    enum stream_frame_type type;
    const char *name;
    const char *section;
    const char *head;
};

/* clang-format off */
static const struct row rows[] = {
    {STREAM_BEGIN,   "BEGIN",   "2", "number, round, attempt, region, first page in the region, pages of the window"},
    {STREAM_BEGIN,   "BEGIN",   "3", "number, round, attempt (not 0), size of the device state, u32 digest of it"},
    {STREAM_PAGES,   "PAGES",   "2", "extents: gap, 2 x count + kind"},
    {STREAM_STATE,   "STATE",   "3", "offset"},
    {STREAM_END,     "END",     "2 or 3", "data pages, zero pages, body bytes, u32 digest"},
    {STREAM_BARRIER, "BARRIER", "2", "round, attempt"},
};
/* clang-format on */

static void the_document_lists_every_frame_as_it_is(void **unused)
{
    (void)unused;
    struct document_text text = {.data = NULL};
    document_add(&text, "\n| type | frame | section | head (varints but for u32) |\n");
    document_add(&text, "| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        document_add(
            &text,
            "| %d | %s | %s | %s |\n",
            (int)rows[i].type,
            rows[i].name,
            rows[i].section,
            rows[i].head);
    }
    document_add(&text, "\n| limit | |\n| --- | --- |\n");
    document_add(&text, "| head of a frame | %u bytes |\n", FERRY_STREAM_HEAD_MAX);
    document_add(&text, "| data pages of a frame | %u |\n", stream_frame_pages_max(4096));
    document_add(
        &text, "| body of a frame, unless one page is larger | %u bytes |\n", STREAM_BODY_MAX);
    document_add(&text, "| device state | %llu bytes |\n", FERRY_DEVICE_STATE_MAX);
    document_add(&text, "| streams | %u |\n", FERRY_STREAMS_MAX);
    document_add(
        &text, "| payload of a control message | %u bytes |\n\n", FERRY_CONTROL_PAYLOAD_MAX);
    document_check(DOCUMENT, "frames", &text);
}

/* ---- the example ---- */

static const char *type_name(uint16_t type)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].type == (enum stream_frame_type)type) {
            return rows[i].name;
        }
    }
    return "?";
}

static void add_bytes(struct document_text *text, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        document_add(text, i == 0 ? "%02x" : " %02x", bytes[i]);
    }
}

/* Header in its five fields, then the head. Returns the frame's size. */
static size_t add_frame(struct document_text *text, const uint8_t *bytes)
{
    static const size_t widths[] = {4, 2, 2, 4, 4};
    const struct wire_frame frame = wire_frame_parse(bytes);
    size_t at = 0;
    document_add(text, "%-8s", type_name(frame.type));
    for (size_t i = 0; i < COUNT_OF(widths); i++) {
        add_bytes(text, bytes + at, widths[i]);
        document_add(text, i + 1 < COUNT_OF(widths) ? " | " : "\n        ");
        at += widths[i];
    }
    add_bytes(text, bytes + at, frame.head_size);
    document_add(text, "\n");
    if (frame.body_bytes > 0) {
        document_add(text, "        (body: %u bytes)\n", frame.body_bytes);
    }
    return at + frame.head_size;
}

static void the_document_has_an_example_that_is_sent(void **unused)
{
    (void)unused;
    struct document_text text = {.data = NULL};
    struct shape shape;
    struct guest guest;
    struct tape tape;
    const uint64_t bitmap = 0x3f8;
    shape_init(&shape, 4096, 64, 0);
    guest_init(&guest, 4096, 64);
    for (uint64_t page = 3; page <= 5; page++) {
        guest_write(&guest, page, 'x');
    }
    tape_init(&tape, &shape, &guest);
    tape.heads_only = true;
    tape.size = 0;
    tape_batch(
        &tape, &(struct ferry_batch){.number = 7, .round = 2, .bitmap = &bitmap, .end_page = 64});

    document_add(&text, "```\n");
    for (size_t at = 0; at < tape.size;) {
        at += add_frame(&text, tape.bytes + at);
    }
    document_add(&text, "```\n(The digest of this example's body is taken as 0.)\n");

    document_check(DOCUMENT, "example", &text);
    tape_deinit(&tape);
    guest_deinit(&guest);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_lists_every_frame_as_it_is),
        cmocka_unit_test(the_document_has_an_example_that_is_sent),
    };
    document_arguments(argc, argv);
    return cmocka_run_group_tests_name("protocol", tests, NULL, NULL);
}
