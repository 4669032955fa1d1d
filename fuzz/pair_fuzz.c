/* SPDX-License-Identifier: Apache-2.0 */
/* pair_fuzz.c -- an honest source and an honest target on a network that does what the input says: whatever happens, one
 * host runs the guest with every page as it was, and once everything is healed it all ends. See pair.h for the input, and
 * rig/watch.c for the claims. */
#include "fuzz/pair.h"

#include "fuzz/input/mutate.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's own name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const struct mutate_rules fuzz_rules = {
    .form = MUTATE_SCRIPT,
    .header = PAIR_PREAMBLE,
    .kinds = PAIR_FAULTS,
    .frames = MUTATE_NO_KIND,
    .payload = MUTATE_NO_KIND,
    .arguments = 6,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pair_run(data, size, NULL, NULL, NULL);
    return 0;
}
