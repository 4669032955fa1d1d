/* SPDX-License-Identifier: Apache-2.0 */
/* message.c -- control messages in their frames, and the questions about a message that do not
 * depend on its kind. */
#include "wire/message.h"

#include "base/assert.h"
#include "ferry/trace.h"
#include "wire/frame.h"
#include "wire/schema.h"

const char *wire_type_name(enum wire_type type)
{
    const struct wire_schema *schema = wire_schema_of((uint32_t)type);
    return schema != NULL ? schema->name : "?";
}

const char *ferry_trace_message_name(int64_t type)
{
    return type > 0 && type <= UINT8_MAX ? wire_type_name((enum wire_type)type) : "?";
}

uint32_t wire_message_attempt(const struct wire_message *message)
{
    switch (message->type) {
    case WIRE_RESUME: return message->body.resume.attempt;
    case WIRE_MANIFEST: return message->body.manifest.attempt;
    case WIRE_ABORT:
    case WIRE_GRANT:
    case WIRE_BURN:
    case WIRE_ABORTED: return message->body.attempt.attempt;
    case WIRE_END: return message->body.end.attempt;
    case WIRE_RESUMED: return message->body.resumed.attempt;
    case WIRE_READY: return message->body.ready.attempt;
    case WIRE_STARTED: return message->body.started.attempt;
    case WIRE_OPEN:
    case WIRE_PING:
    case WIRE_ACCEPT:
    case WIRE_REFUSE:
    case WIRE_LOST:
    case WIRE_ACK:
    case WIRE_FAILED:
    case WIRE_CLOSED:
    case WIRE_PONG: return 0;
    }
    return 0;
}

enum ferry_status wire_message_encode(
    const struct wire_message *message, uint8_t *out, size_t capacity, size_t *size_out)
{
    const struct wire_schema *schema = wire_schema_of((uint32_t)message->type);
    FERRY_ASSERT(schema != NULL);
    if (capacity < WIRE_FRAME_HEADER_SIZE) {
        return FERRY_LIMIT_SIZE;
    }
    struct base_writer writer;
    base_writer_init(&writer, out + WIRE_FRAME_HEADER_SIZE, capacity - WIRE_FRAME_HEADER_SIZE);
    wire_schema_encode(schema, message, &writer);
    FERRY_TRY(writer.status);
    FERRY_ASSERT(writer.used <= FERRY_CONTROL_PAYLOAD_MAX);
    const struct wire_frame frame = {
        .head_size = (uint32_t)writer.used,
        .type = (uint16_t)message->type,
        .section = WIRE_SECTION_CONTROL,
    };
    wire_frame_seal(&frame, out);
    *size_out = WIRE_FRAME_HEADER_SIZE + writer.used;
    return FERRY_OK;
}

enum ferry_status wire_message_decode(
    enum wire_type type, struct ferry_bytes payload, struct wire_message *message_out)
{
    const struct wire_schema *schema = wire_schema_of((uint32_t)type);
    return schema == NULL ? FERRY_PEER_FRAME : wire_schema_decode(schema, payload, message_out);
}
