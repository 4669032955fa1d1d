/* SPDX-License-Identifier: Apache-2.0 */
/* blob.c -- writing and reading the device state's bytes; see blob.h. */
#include "engine/host/vmm/blob.h"

#include "engine/host/base/crc.h"

#include <string.h>

static const struct {
    const char *name;
    bool each_vcpu;
} kinds[BLOB_KINDS] = {
#define BLOB_SECTION_ENTRY(name, each_vcpu) [BLOB_##name] = {#name, each_vcpu},
    BLOB_SECTION_TABLE(BLOB_SECTION_ENTRY)
#undef BLOB_SECTION_ENTRY
};

const char *blob_kind_name(uint32_t kind)
{
    return kind > BLOB_NONE && kind < BLOB_KINDS ? kinds[kind].name : "unknown";
}

static uint64_t aligned(uint64_t bytes)
{
    return (bytes + BLOB_ALIGN - 1) / BLOB_ALIGN * BLOB_ALIGN;
}

void blob_begin(struct blob_writer *writer, uint8_t *data, uint64_t size, uint32_t vcpus)
{
    *writer = (struct blob_writer){
        .size = size,
        .used = sizeof(struct blob_head),
        .vcpus = vcpus,
    };
    writer->data = data;
}

void *blob_add(struct blob_writer *writer, enum blob_kind kind, uint32_t vcpu, uint64_t bytes)
{
    const struct blob_section section = {.kind = (uint32_t)kind, .vcpu = vcpu, .bytes = bytes};
    const uint64_t room = writer->size - writer->used;
    if (bytes > room || sizeof(section) + aligned(bytes) > room) {
        return NULL;
    }
    memcpy(writer->data + writer->used, &section, sizeof(section));
    uint8_t *content = writer->data + writer->used + sizeof(section);
    memset(content, 0, aligned(bytes));
    writer->used += sizeof(section) + aligned(bytes);
    writer->sections++;
    return content;
}

uint64_t blob_end(struct blob_writer *writer)
{
    const struct blob_head head = {
        .magic = BLOB_MAGIC,
        .version = BLOB_VERSION,
        .sections = writer->sections,
        .bytes = writer->used,
        .vcpus = writer->vcpus,
        .crc32c = host_crc32c(0, writer->data + sizeof(head), writer->used - sizeof(head)),
    };
    memcpy(writer->data, &head, sizeof(head));
    return writer->used;
}

static enum vmmlink_status
read_head(const uint8_t *data, uint64_t size, struct blob_head *head, struct vmm_fault *fault)
{
    if (size < sizeof(*head) || size > VMMLINK_STATE_MAX) {
        return vmm_fail(
            fault, VMMLINK_BAD_STATE_BLOB, "it has %llu bytes", (unsigned long long)size);
    }
    memcpy(head, data, sizeof(*head));
    if (head->magic != BLOB_MAGIC) {
        return vmm_fail(fault, VMMLINK_BAD_STATE_BLOB, "it is no device state of ferry-vmm");
    }
    if (head->version != BLOB_VERSION) {
        return vmm_fail(
            fault,
            VMMLINK_BAD_STATE_BLOB,
            "it is of version %u, this ferry-vmm reads version %u",
            head->version,
            BLOB_VERSION);
    }
    if (head->bytes != size) {
        return vmm_fail(
            fault,
            VMMLINK_BAD_STATE_BLOB,
            "it has %llu bytes and says %llu: cut, or something is behind it",
            (unsigned long long)size,
            (unsigned long long)head->bytes);
    }
    if (host_crc32c(0, data + sizeof(*head), size - sizeof(*head)) != head->crc32c) {
        return vmm_fail(fault, VMMLINK_BAD_STATE_BLOB, "its checksum is wrong");
    }
    return VMMLINK_OK;
}

static enum vmmlink_status
put(struct blob *blob,
    const struct blob_section *section,
    const uint8_t *content,
    uint32_t vcpus,
    struct vmm_fault *fault)
{
    if (section->kind == BLOB_NONE || section->kind >= BLOB_KINDS) {
        return vmm_fail(fault, VMMLINK_BAD_STATE_BLOB, "section kind %u is unknown", section->kind);
    }
    const uint32_t most = kinds[section->kind].each_vcpu ? vcpus : 1;
    if (section->vcpu >= most) {
        return vmm_fail(
            fault,
            VMMLINK_BAD_STATE_BLOB,
            "section %s is of vCPU %u",
            kinds[section->kind].name,
            section->vcpu);
    }
    struct blob_content *place = &blob->contents[section->kind][section->vcpu];
    if (place->data != NULL) {
        return vmm_fail(
            fault,
            VMMLINK_BAD_STATE_BLOB,
            "section %s of vCPU %u is there twice",
            kinds[section->kind].name,
            section->vcpu);
    }
    *place = (struct blob_content){.data = content, .bytes = section->bytes};
    return VMMLINK_OK;
}

static enum vmmlink_status
check_complete(const struct blob *blob, uint32_t vcpus, struct vmm_fault *fault)
{
    for (uint32_t kind = BLOB_NONE + 1; kind < BLOB_KINDS; kind++) {
        const uint32_t most = kinds[kind].each_vcpu ? vcpus : 1;
        for (uint32_t vcpu = 0; vcpu < most; vcpu++) {
            if (blob->contents[kind][vcpu].data == NULL) {
                return vmm_fail(
                    fault,
                    VMMLINK_BAD_STATE_BLOB,
                    "section %s of vCPU %u is missing",
                    kinds[kind].name,
                    vcpu);
            }
        }
    }
    return VMMLINK_OK;
}

enum vmmlink_status blob_read(
    struct blob *blob, const uint8_t *data, uint64_t size, uint32_t vcpus, struct vmm_fault *fault)
{
    memset(blob, 0, sizeof(*blob));
    struct blob_head head;
    VMM_TRY(read_head(data, size, &head, fault));
    if (head.vcpus != vcpus) {
        return vmm_fail(
            fault,
            VMMLINK_BAD_STATE_BLOB,
            "it is of a guest with %u vCPUs, this one has %u",
            head.vcpus,
            vcpus);
    }
    uint64_t at = sizeof(head);
    for (uint32_t i = 0; i < head.sections; i++) {
        struct blob_section section;
        if (size - at < sizeof(section)) {
            return vmm_fail(fault, VMMLINK_BAD_STATE_BLOB, "section %u is cut", i);
        }
        memcpy(&section, data + at, sizeof(section));
        at += sizeof(section);
        if (section.bytes > size - at || aligned(section.bytes) > size - at) {
            return vmm_fail(
                fault,
                VMMLINK_BAD_STATE_BLOB,
                "section %s says %llu bytes, %llu are left",
                blob_kind_name(section.kind),
                (unsigned long long)section.bytes,
                (unsigned long long)(size - at));
        }
        VMM_TRY(put(blob, &section, data + at, vcpus, fault));
        at += aligned(section.bytes);
    }
    if (at != size) {
        return vmm_fail(fault, VMMLINK_BAD_STATE_BLOB, "something follows the last section");
    }
    return check_complete(blob, vcpus, fault);
}

enum vmmlink_status blob_copy(
    const struct blob *blob,
    enum blob_kind kind,
    uint32_t vcpu,
    void *to,
    uint64_t bytes,
    struct vmm_fault *fault)
{
    const struct blob_content *content = &blob->contents[kind][vcpu];
    if (content->bytes != bytes) {
        return vmm_fail(
            fault,
            VMMLINK_BAD_STATE_BLOB,
            "section %s of vCPU %u has %llu bytes, not %llu",
            kinds[kind].name,
            vcpu,
            (unsigned long long)content->bytes,
            (unsigned long long)bytes);
    }
    memcpy(to, content->data, bytes);
    return VMMLINK_OK;
}
