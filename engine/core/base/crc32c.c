/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c.c -- the Castagnoli checksum, eight bytes a step, and the digest chain that is built on
 * it.
 *
 * A step looks up the effect of each of eight bytes in a table of its own. The tables are
 * constants: a CRC is linear, so the entry of a byte is the sum (XOR) of the entries of its bits,
 * and the 8 x 8 entries of single bits are 64 consecutive states of the polynomial's shift
 * register, written down below. No start-up code, no state.
 *
 * Hosts may use the processor's instruction for the same function; the test vectors hold for both.
 */
#include "ferry/stream.h"

/* clang-format off */
/* Effect of bit 0 .. 7 of the byte that is K bytes before the last one. */
#define BITS_0 0xF26B8303U, 0xE13B70F7U, 0xC79A971FU, 0x8AD958CFU, 0x105EC76FU, 0x20BD8EDEU, 0x417B1DBCU, 0x82F63B78U
#define BITS_1 0x13A29877U, 0x274530EEU, 0x4E8A61DCU, 0x9D14C3B8U, 0x3FC5F181U, 0x7F8BE302U, 0xFF17C604U, 0xFBC3FAF9U
#define BITS_2 0xA541927EU, 0x4F6F520DU, 0x9EDEA41AU, 0x38513EC5U, 0x70A27D8AU, 0xE144FB14U, 0xC76580D9U, 0x8B277743U
#define BITS_3 0xDD45AAB8U, 0xBF672381U, 0x7B2231F3U, 0xF64463E6U, 0xE964B13DU, 0xD725148BU, 0xABA65FE7U, 0x52A0C93FU
#define BITS_4 0x38116FACU, 0x7022DF58U, 0xE045BEB0U, 0xC5670B91U, 0x8F2261D3U, 0x1BA8B557U, 0x37516AAEU, 0x6EA2D55CU
#define BITS_5 0xEF306B19U, 0xDB8CA0C3U, 0xB2F53777U, 0x6006181FU, 0xC00C303EU, 0x85F4168DU, 0x0E045BEBU, 0x1C08B7D6U
#define BITS_6 0x68032CC8U, 0xD0065990U, 0xA5E0C5D1U, 0x4E2DFD53U, 0x9C5BFAA6U, 0x3D5B83BDU, 0x7AB7077AU, 0xF56E0EF4U
#define BITS_7 0x493C7D27U, 0x9278FA4EU, 0x211D826DU, 0x423B04DAU, 0x847609B4U, 0x0D006599U, 0x1A00CB32U, 0x34019664U

/* The entry of byte value i in table k, and so on up to a whole table. */
#define SUM(i, b0, b1, b2, b3, b4, b5, b6, b7)                                                     \
    ((((i) & 1U) != 0 ? (b0) : 0U) ^ (((i) & 2U) != 0 ? (b1) : 0U) ^                               \
     (((i) & 4U) != 0 ? (b2) : 0U) ^ (((i) & 8U) != 0 ? (b3) : 0U) ^                               \
     (((i) & 16U) != 0 ? (b4) : 0U) ^ (((i) & 32U) != 0 ? (b5) : 0U) ^                             \
     (((i) & 64U) != 0 ? (b6) : 0U) ^ (((i) & 128U) != 0 ? (b7) : 0U))
#define SPREAD(...) SUM(__VA_ARGS__)
#define X1(i, k)    SPREAD(i, BITS_##k)
#define X4(i, k)    X1(i, k), X1((i) + 1U, k), X1((i) + 2U, k), X1((i) + 3U, k)
#define X16(i, k)   X4(i, k), X4((i) + 4U, k), X4((i) + 8U, k), X4((i) + 12U, k)
#define X64(i, k)   X16(i, k), X16((i) + 16U, k), X16((i) + 32U, k), X16((i) + 48U, k)
#define TABLE(k)    {X64(0U, k), X64(64U, k), X64(128U, k), X64(192U, k)}

static const uint32_t tables[8][256] = {
    TABLE(0), TABLE(1), TABLE(2), TABLE(3), TABLE(4), TABLE(5), TABLE(6), TABLE(7),
};
/* clang-format on */

static uint32_t load_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

uint32_t ferry_crc32c(uint32_t crc, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    crc = ~crc;
    while (size >= 8) {
        const uint32_t low = crc ^ load_u32(bytes);
        const uint32_t high = load_u32(bytes + 4);
        crc = tables[7][low & 0xffU] ^ tables[6][low >> 8 & 0xffU] ^ tables[5][low >> 16 & 0xffU] ^
              tables[4][low >> 24] ^ tables[3][high & 0xffU] ^ tables[2][high >> 8 & 0xffU] ^
              tables[1][high >> 16 & 0xffU] ^ tables[0][high >> 24];
        bytes += 8;
        size -= 8;
    }
    while (size > 0) {
        crc = crc >> 8 ^ tables[0][(crc ^ *bytes) & 0xffU];
        bytes++;
        size--;
    }
    return ~crc;
}

uint32_t ferry_digest_chain(uint32_t running, uint32_t body_digest, uint64_t body_bytes)
{
    uint8_t link[12];
    for (uint32_t i = 0; i < 4; i++) {
        link[i] = (uint8_t)(body_digest >> (8 * i));
    }
    for (uint32_t i = 0; i < 8; i++) {
        link[4 + i] = (uint8_t)(body_bytes >> (8 * i));
    }
    return ferry_crc32c(running, link, sizeof(link));
}
