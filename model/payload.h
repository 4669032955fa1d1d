/* SPDX-License-Identifier: Apache-2.0 */
/*
 * payload.h -- contents of pages on their way: read from one memory, in the order of sending,
 * placed into another.
 *
 * It is a queue of page contents that does not know where they will land: the receiver's decoder
 * says that, so that a page sent right and placed wrong is placed wrong here as well. Appending
 * reads the contents at that instant; what the guest writes later is not in it. A batch whose pages
 * must be read at different instants is appended in pieces.
 *
 * Contents are kept by groups of 64 pages, so a run of a million untouched pages costs 16 thousand
 * steps, not a million.
 */
#ifndef MODEL_PAYLOAD_H
#define MODEL_PAYLOAD_H

#include "model/memory.h"

struct model_payload;

struct model_payload *model_payload_create(void); /* NULL: no memory */
void model_payload_destroy(struct model_payload *payload);

/* Reads pages [first, first + count) now and puts them at the end. false: no memory, nothing was
 * appended for certain. */
bool model_payload_append(
    struct model_payload *payload,
    const struct model_memory *memory,
    uint64_t first,
    uint64_t count);

/* Takes the first `count` contents and places them at [first, first + count) of a memory of the
 * same mode and page size. false: fewer are left, or no memory. */
bool model_payload_place(
    struct model_payload *payload, struct model_memory *memory, uint64_t first, uint64_t count);

/* Drops the first `count` contents (all, when there are fewer). */
void model_payload_drop(struct model_payload *payload, uint64_t count);

/* Empties it; the room is kept for the next batch. */
void model_payload_clear(struct model_payload *payload);

/* A digest of `count` contents, those after the first `skip`. It depends on what they are, not on
 * where they were read or on how they are stored, and not on their order. skip + count must not
 * exceed what is there. */
uint32_t model_payload_digest(struct model_payload *payload, uint64_t skip, uint64_t count);

/* Changes one of the contents, number `index` from the head: a bit of it flips on the way. */
void model_payload_corrupt(struct model_payload *payload, uint64_t index);

uint64_t model_payload_pages(const struct model_payload *payload);

#endif
