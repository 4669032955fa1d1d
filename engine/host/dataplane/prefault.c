/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host/dataplane/prefault.h"

#include "engine/host/dataplane/memory_internal.h"

#include <stdlib.h>
struct prefault {
    struct dataplane_memory *memory;
};
struct prefault *prefault_create(struct dataplane_memory *memory)
{
    struct prefault *p = calloc(1, sizeof *p);
    if (p != NULL) {
        p->memory = memory;
    }
    return p;
}
void prefault_destroy(struct prefault *prefault)
{
    free(prefault);
}
void prefault_stop(struct prefault *prefault)
{
    (void)prefault;
}
void prefault_place(struct prefault *prefault, uint64_t first_page, uint64_t count)
{
    (void)memory_use(prefault->memory, first_page, count);
}
void prefault_zero(struct prefault *prefault)
{
    (void)prefault;
}
