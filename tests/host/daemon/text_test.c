/* SPDX-License-Identifier: Apache-2.0 */
/* text_test.c -- what the daemon writes and reads: guests' configurations, notes, frames. */
#include "engine/host/daemon/announce.h"
#include "engine/host/daemon/guestfile.h"
#include "engine/host/daemon/note.h"
#include "tests/host/support/check.h"

#include <string.h>

static struct ferry_bytes bytes_of(const char *text)
{
    return (struct ferry_bytes){.data = (const uint8_t *)text, .size = strlen(text)};
}

static void guest_comes_back_from_its_text_as_it_was(void **state)
{
    (void)state;
    struct guestfile file = {.name = "web-1.a_b", .id = 0x1234, .config = guestconfig_default()};
    struct guestfile back;
    char text[FERRY_GUEST_CONFIG_MAX];
    size_t size = 0;
    file.config.vcpus = 2;

    assert_int_equal(guestfile_encode(&file, text, &size, NULL), HOST_OK);
    assert_int_equal(
        guestfile_decode(
            (struct ferry_bytes){.data = (const uint8_t *)text, .size = size}, &back, NULL),
        HOST_OK);

    assert_string_equal(back.name, file.name);
    assert_int_equal(back.id, file.id);
    assert_int_equal(back.config.vcpus, 2);
    assert_int_equal(back.config.memory, file.config.memory);
}

static void text_cut_at_any_byte_before_its_process_part_is_refused(void **state)
{
    (void)state;
    const struct guestfile file = {.name = "g", .id = 7, .config = guestconfig_default()};
    struct guestfile back;
    char text[FERRY_GUEST_CONFIG_MAX];
    size_t size = 0;
    assert_int_equal(guestfile_encode(&file, text, &size, NULL), HOST_OK);
    const size_t head = (size_t)(strstr(text, "--") - text);

    for (size_t cut = 0; cut <= head; cut++) {
        assert_int_equal(
            guestfile_decode(
                (struct ferry_bytes){.data = (const uint8_t *)text, .size = cut}, &back, NULL),
            HOST_DAMAGED);
    }
}

static void name_that_leads_out_of_its_folder_is_no_name(void **state)
{
    (void)state;
    static const char *const bad[] = {"", ".", "..", "../x", "a/b", "-a", ".a", "a b", "\xc3\xa4"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(guestfile_name_valid(bad[i]));
    }
    assert_true(guestfile_name_valid("db1"));
    char name[FERRY_NAME_MAX + 2];
    memset(name, 'a', sizeof name);
    name[FERRY_NAME_MAX + 1] = '\0';
    assert_false(guestfile_name_valid(name));
    name[FERRY_NAME_MAX] = '\0';
    assert_true(guestfile_name_valid(name));
}

static void guest_with_such_a_name_is_refused_also_from_a_peer(void **state)
{
    (void)state;
    struct guestfile back;
    const char *text = "ferry-host-guest 1\nname ../x\nid 0000000000000007\n--\nferry-guest 1\n";

    assert_int_equal(guestfile_decode(bytes_of(text), &back, NULL), HOST_DAMAGED);
}

static void note_comes_back_with_and_without_a_peer(void **state)
{
    (void)state;
    struct session_note note = {.guest = "db1", .guest_id = 0xabcdef, .peer = "h2"};
    struct session_note back;
    char text[NOTE_TEXT_MAX];

    for (unsigned i = 0; i < 2; i++) {
        const size_t size = note_encode(&note, text);
        assert_int_equal(
            note_decode(
                (struct ferry_bytes){.data = (const uint8_t *)text, .size = size}, &back, NULL),
            HOST_OK);
        assert_string_equal(back.guest, note.guest);
        assert_string_equal(back.peer, note.peer);
        assert_int_equal(back.guest_id, note.guest_id);
        note.peer[0] = '\0';
    }
    assert_int_equal(note_decode(bytes_of("ferry-note 2 a 0 b"), &back, NULL), HOST_DAMAGED);
    assert_int_equal(note_decode(bytes_of(""), &back, NULL), HOST_DAMAGED);
}

static void frames_carry_the_guests_address_as_their_source(void **state)
{
    (void)state;
    uint8_t address[6];
    uint8_t frame[ANNOUNCE_FRAME_SIZE];
    announce_address(0x0504030201, address);
    static const uint8_t expected[6] = {0x52, 1, 2, 3, 4, 5};
    assert_memory_equal(address, expected, 6);

    announce_rarp_frame(address, frame);
    assert_memory_equal(frame, "\xff\xff\xff\xff\xff\xff", 6);
    assert_memory_equal(frame + 6, address, 6);
    assert_memory_equal(frame + 12, "\x80\x35\x00\x01\x08\x00\x06\x04\x00\x03", 10);
    assert_memory_equal(frame + 22, address, 6);
    assert_memory_equal(frame + 32, address, 6);

    announce_arp_frame(address, frame);
    assert_memory_equal(frame + 12, "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01", 10);
    assert_memory_equal(frame + 22, address, 6);
    assert_memory_equal(frame + 28, "\0\0\0\0", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guest_comes_back_from_its_text_as_it_was),
        cmocka_unit_test(text_cut_at_any_byte_before_its_process_part_is_refused),
        cmocka_unit_test(name_that_leads_out_of_its_folder_is_no_name),
        cmocka_unit_test(guest_with_such_a_name_is_refused_also_from_a_peer),
        cmocka_unit_test(note_comes_back_with_and_without_a_peer),
        cmocka_unit_test(frames_carry_the_guests_address_as_their_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
