/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blob.h -- the device state as bytes: a head, then sections, each with its kind, its vCPU and its
 * length. Reading checks all of it before anything is used: a blob that was cut, damaged, doubled, or
 * comes from another version is refused with the name of what is wrong.
 */
#ifndef FERRY_VMM_BLOB_H
#define FERRY_VMM_BLOB_H

#include "engine/host/vmm/fault.h"
#include "engine/host/vmmlink/guestconfig.h"

#define BLOB_MAGIC   0x5652594652524546ULL
#define BLOB_VERSION 1U
#define BLOB_ALIGN   8U

/* name of the section, whether each vCPU has one */
#define BLOB_SECTION_TABLE(ENTRY) \
    ENTRY(MACHINE, false)         \
    ENTRY(CPUID, false)           \
    ENTRY(CLOCK, false)           \
    ENTRY(PIC_MASTER, false)      \
    ENTRY(PIC_SLAVE, false)       \
    ENTRY(IOAPIC, false)          \
    ENTRY(DISK, false)            \
    ENTRY(SREGS, true)            \
    ENTRY(LAPIC, true)            \
    ENTRY(MSRS, true)             \
    ENTRY(REGS, true)             \
    ENTRY(XCRS, true)             \
    ENTRY(XSAVE, true)            \
    ENTRY(EVENTS, true)           \
    ENTRY(DEBUGREGS, true)        \
    ENTRY(MP_STATE, true)

#define BLOB_SECTION_ENTRY(name, each_vcpu) BLOB_##name,
enum blob_kind { BLOB_NONE, BLOB_SECTION_TABLE(BLOB_SECTION_ENTRY) BLOB_KINDS };
#undef BLOB_SECTION_ENTRY

const char *blob_kind_name(uint32_t kind); /* "XSAVE"; never NULL */

struct blob_head {
    uint64_t magic;
    uint32_t version;
    uint32_t sections;
    uint64_t bytes; /* of all of it, this head included */
    uint32_t vcpus;
    uint32_t crc32c; /* of what follows this head */
};
struct blob_section {
    uint32_t kind;
    uint32_t vcpu;
    uint64_t bytes; /* of the content; it is followed by zeros up to BLOB_ALIGN */
};

/* Writing, into memory of a fixed size. */
struct blob_writer {
    uint8_t *data;
    uint64_t size;
    uint64_t used;
    uint32_t sections;
    uint32_t vcpus;
};
void blob_begin(struct blob_writer *writer, uint8_t *data, uint64_t size, uint32_t vcpus);
/* Room for a section's content, zeroed; NULL when there is none left. */
void *blob_add(struct blob_writer *writer, enum blob_kind kind, uint32_t vcpu, uint64_t bytes);
uint64_t blob_end(struct blob_writer *writer); /* its size */

/* Reading. Contents are borrowed from the bytes. */
struct blob_content {
    const void *data;
    uint64_t bytes;
};
struct blob {
    struct blob_content contents[BLOB_KINDS][GUESTCONFIG_VCPUS_MAX];
};
FERRY_NODISCARD
enum vmmlink_status blob_read(
    struct blob *blob, const uint8_t *data, uint64_t size, uint32_t vcpus, struct vmm_fault *fault);
/* Copies the content of a section that must have exactly `bytes` bytes. */
FERRY_NODISCARD
enum vmmlink_status blob_copy(
    const struct blob *blob,
    enum blob_kind kind,
    uint32_t vcpu,
    void *to,
    uint64_t bytes,
    struct vmm_fault *fault);

#endif
