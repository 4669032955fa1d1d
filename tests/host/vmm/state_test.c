/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state_test.c -- device state that is not whole is refused by name, wherever it was damaged, and the
 * guest that waits for it takes a good one afterwards. The reader is tested on its own for every
 * byte (no KVM needed), the process for the cases that an operator could meet.
 */
#include "engine/host/vmm/blob.h"
#include "rig.h"

#include <string.h>

#define VCPUS 2U

/* A blob with each section, of odd lengths. */
static uint64_t make_blob(uint8_t *data, uint64_t size)
{
    struct blob_writer writer;
    blob_begin(&writer, data, size, VCPUS);
    for (uint32_t kind = BLOB_MACHINE; kind < BLOB_SREGS; kind++) {
        assert_non_null(blob_add(&writer, (enum blob_kind)kind, 0, kind));
    }
    for (uint32_t vcpu = 0; vcpu < VCPUS; vcpu++) {
        for (uint32_t kind = BLOB_SREGS; kind < BLOB_KINDS; kind++) {
            memset(blob_add(&writer, (enum blob_kind)kind, vcpu, kind), (int)kind, kind);
        }
    }
    return blob_end(&writer);
}

static enum vmmlink_status read_blob(const uint8_t *data, uint64_t size, struct vmm_fault *fault)
{
    struct blob blob;
    memset(fault, 0, sizeof(*fault));
    return blob_read(&blob, data, size, VCPUS, fault);
}

static void what_was_written_is_read_back(void **unused)
{
    (void)unused;
    uint8_t data[4096];
    uint8_t content[32];
    struct blob blob;
    struct vmm_fault fault;
    const uint64_t size = make_blob(data, sizeof(data));

    assert_int_equal(blob_read(&blob, data, size, VCPUS, &fault), VMMLINK_OK);

    assert_int_equal(blob_copy(&blob, BLOB_XSAVE, 1, content, BLOB_XSAVE, &fault), VMMLINK_OK);
    assert_int_equal(content[BLOB_XSAVE - 1], BLOB_XSAVE);
    assert_int_equal(
        blob_copy(&blob, BLOB_XSAVE, 1, content, BLOB_XSAVE - 1, &fault), VMMLINK_BAD_STATE_BLOB);
    assert_non_null(strstr(fault.reason, "XSAVE"));
}

static void cut_at_any_byte_is_refused(void **unused)
{
    (void)unused;
    uint8_t data[4096];
    struct vmm_fault fault;
    const uint64_t size = make_blob(data, sizeof(data));
    assert_int_equal(read_blob(data, size, &fault), VMMLINK_OK);

    for (uint64_t cut = 0; cut < size; cut++) {
        assert_int_equal(read_blob(data, cut, &fault), VMMLINK_BAD_STATE_BLOB);
        assert_true(fault.reason[0] != '\0');
    }
}

static void any_flipped_byte_is_refused(void **unused)
{
    (void)unused;
    uint8_t data[4096];
    struct vmm_fault fault;
    const uint64_t size = make_blob(data, sizeof(data));

    for (uint64_t at = 0; at < size; at++) {
        data[at] ^= 0x20;
        assert_int_equal(read_blob(data, size, &fault), VMMLINK_BAD_STATE_BLOB);
        data[at] ^= 0x20;
    }
}

/* Sections as a hostile source would write them: the checksum is right, the content is not. */
static enum vmmlink_status
hostile(void (*write)(struct blob_writer *writer), struct vmm_fault *fault)
{
    uint8_t data[4096];
    struct blob_writer writer;
    blob_begin(&writer, data, sizeof(data), VCPUS);
    write(&writer);
    const uint64_t size = blob_end(&writer);
    return read_blob(data, size, fault);
}

static void write_nothing(struct blob_writer *writer)
{
    (void)writer;
}

static void write_twice(struct blob_writer *writer)
{
    blob_add(writer, BLOB_CLOCK, 0, 8);
    blob_add(writer, BLOB_CLOCK, 0, 8);
}

static void write_unknown(struct blob_writer *writer)
{
    blob_add(writer, (enum blob_kind)99, 0, 8);
}

static void write_vcpu_that_is_not(struct blob_writer *writer)
{
    blob_add(writer, BLOB_REGS, 7, 8);
}

static void write_length_beyond_the_end(struct blob_writer *writer)
{
    uint8_t *content = blob_add(writer, BLOB_REGS, 0, 8);
    struct blob_section section = {.kind = BLOB_REGS, .bytes = UINT64_MAX - 3};
    memcpy(content - sizeof(section), &section, sizeof(section));
}

static void write_more_sections_than_there_are(struct blob_writer *writer)
{
    write_twice(writer);
    writer->sections = UINT32_MAX;
}

static void hostile_sections_are_refused_by_name(void **unused)
{
    (void)unused;
    static const struct {
        void (*write)(struct blob_writer *writer);
        const char *word;
    } cases[] = {
        {write_nothing,                      "missing"},
        {write_twice,                        "twice"  },
        {write_unknown,                      "unknown"},
        {write_vcpu_that_is_not,             "vCPU 7" },
        {write_length_beyond_the_end,        "left"   },
        {write_more_sections_than_there_are, "twice"  },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct vmm_fault fault;
        assert_int_equal(hostile(cases[i].write, &fault), VMMLINK_BAD_STATE_BLOB);
        if (strstr(fault.reason, cases[i].word) == NULL) {
            fail_msg("case %zu: \"%s\" lacks \"%s\"", i, fault.reason, cases[i].word);
        }
    }
}

static void too_much_for_the_room_is_noticed(void **unused)
{
    (void)unused;
    uint8_t data[128];
    struct blob_writer writer;
    blob_begin(&writer, data, sizeof(data), 1);

    assert_null(blob_add(&writer, BLOB_LAPIC, 0, 4096));
    assert_null(blob_add(&writer, BLOB_LAPIC, 0, UINT64_MAX));
    assert_non_null(blob_add(&writer, BLOB_LAPIC, 0, 16));
}

/* ---- in the process ----------------------------------------------------------------------------- */

static void damaged_state_is_refused_and_a_good_one_is_taken_after_it(void **unused)
{
    (void)unused;
    rig_need_kvm();
    const struct guestconfig config =
        rig_config((const char *const[]){"workload=kv", "size=4 MiB", "rate=max", NULL});
    struct rig *here = rig_start(&config, false);
    struct rig *there = rig_start(&config, true);
    assert_int_equal(rig_run(here, 1), VMMLINK_OK);
    rig_until_ready(here);
    assert_int_equal(RIG_DO(here, vmmlink_pause), VMMLINK_OK);
    assert_int_equal(RIG_DO_WITH(here, vmmlink_collect, VMMLINK_COLLECT_FIRST), VMMLINK_OK);
    rig_copy_round(here, there);
    assert_int_equal(RIG_DO(here, vmmlink_capture), VMMLINK_OK);
    const uint64_t size = here->reply.capture.size;
    uint8_t *state = vmmlink_guest(there->link)->state;
    memcpy(state, vmmlink_guest(here->link)->state, size);

    state[size / 2] ^= 1;
    assert_int_equal(RIG_DO_WITH(there, vmmlink_load, size), VMMLINK_BAD_STATE_BLOB);
    assert_int_equal(there->reply.guest_state, VMMLINK_GUEST_INCOMING);
    assert_int_equal(rig_run(there, 2), VMMLINK_STATE);
    state[size / 2] ^= 1;
    assert_int_equal(RIG_DO_WITH(there, vmmlink_load, size - 8), VMMLINK_BAD_STATE_BLOB);
    assert_int_equal(RIG_DO_WITH(there, vmmlink_load, size), VMMLINK_OK);
    assert_int_equal(RIG_DO_WITH(there, vmmlink_load, size), VMMLINK_OK);
    assert_int_equal(rig_run(there, 2), VMMLINK_OK);

    assert_int_equal(rig_check(there).bad_pages, 0);
    rig_end(here);
    rig_end(there);
}

static void state_of_another_machine_is_refused(void **unused)
{
    (void)unused;
    rig_need_kvm();
    const struct guestconfig one = rig_config((const char *const[]){"workload=idle", NULL});
    const struct guestconfig two =
        rig_config((const char *const[]){"workload=idle", "vcpus=2", NULL});
    const struct guestconfig more =
        rig_config((const char *const[]){"workload=idle", "memory=128 MiB", NULL});
    struct rig *here = rig_start(&one, false);
    struct rig *wider = rig_start(&two, true);
    struct rig *larger = rig_start(&more, true);
    assert_int_equal(rig_run(here, 1), VMMLINK_OK);
    assert_int_equal(RIG_DO(here, vmmlink_pause), VMMLINK_OK);
    assert_int_equal(RIG_DO(here, vmmlink_capture), VMMLINK_OK);
    const uint64_t size = here->reply.capture.size;
    memcpy(vmmlink_guest(wider->link)->state, vmmlink_guest(here->link)->state, size);
    memcpy(vmmlink_guest(larger->link)->state, vmmlink_guest(here->link)->state, size);

    assert_int_equal(RIG_DO_WITH(wider, vmmlink_load, size), VMMLINK_BAD_STATE_BLOB);
    assert_non_null(strstr(wider->reply_reason, "vCPUs"));
    assert_int_equal(RIG_DO_WITH(larger, vmmlink_load, size), VMMLINK_BAD_STATE_BLOB);
    assert_non_null(strstr(larger->reply_reason, "memory"));

    rig_end(here);
    rig_end(wider);
    rig_end(larger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(cut_at_any_byte_is_refused),
        cmocka_unit_test(any_flipped_byte_is_refused),
        cmocka_unit_test(hostile_sections_are_refused_by_name),
        cmocka_unit_test(too_much_for_the_room_is_noticed),
        cmocka_unit_test(damaged_state_is_refused_and_a_good_one_is_taken_after_it),
        cmocka_unit_test(state_of_another_machine_is_refused),
    };
    return cmocka_run_group_tests_name("host/vmm/state", tests, NULL, NULL);
}
