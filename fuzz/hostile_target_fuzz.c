/* SPDX-License-Identifier: Apache-2.0 */
/* hostile_target_fuzz.c -- a real source, and a target that is an input. It never runs the guest again after a grant
 * without proof, never reports "completed" nor frees its copy without STARTED, gives every migration one outcome with a
 * name, and as long as nothing was granted the guest runs on here, whatever the target says. The claims are
 * rig/watch.c's; the input is hostile.h's script. */
#include "fuzz/claim.h"
#include "fuzz/hostile.h"
#include "fuzz/input/mutate.h"

#include <string.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's own name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const struct mutate_rules fuzz_rules = {
    .form = MUTATE_SCRIPT,
    .header = 1,
    .bodies = FRAMES_BODIES_TAGS,
    .kinds = HOSTILE_KINDS,
    .frames = HOSTILE_FRAMES,
    .payload = HOSTILE_PAYLOAD,
    .arguments = 6,
};

static void connect(struct hostile *hostile, struct script_record *record)
{
    struct rig *rig = hostile->rig;
    const uint8_t refuses = script_u8(record);
    struct rig_attach *attach = rig_attach_find(rig, rig->asked_attach);
    if (attach == NULL || !attach->open[RIG_SOURCE]) {
        return;
    }
    hostile->attach = attach->number;
    attach->up[RIG_TARGET] = refuses == 0;
    (void)rig_put_on_wire(
        rig,
        refuses == 0 ? RIG_STEP_ATTACHED : RIG_STEP_GONE,
        attach,
        RIG_SOURCE,
        &attach->arrived_at[RIG_SOURCE]);
}

static void act(struct hostile *hostile, uint32_t kind, struct script_record record)
{
    struct ferry_progress progress;
    if (hostile->rig->source != NULL) {
        ferry_source_progress(hostile->rig->source, &progress);
        hostile->attempt = progress.attempt != 0 ? progress.attempt : hostile->attempt;
    }
    switch (kind) {
    case HOSTILE_CONNECT: connect(hostile, &record); return;
    case HOSTILE_ACK: {
        struct script_record none = {0};
        hostile_say(hostile, hostile_plausible(hostile, HOSTILE_TYPE_ACK, &none));
        return;
    }
    default: return;
    }
}

/* UNKNOWN is an outcome, and after it the source asks for ever. */
static bool done(const struct hostile *hostile)
{
    const struct rig *rig = hostile->rig;
    return rig->source == NULL || rig->source_closed ||
           (rig->witness.outcomes != 0 && rig->witness.outcome.kind == FERRY_OUTCOME_UNKNOWN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script_record header = {.bytes = data, .size = size};
    const uint8_t modes = script_u8(&header);
    const struct rig_options options = {
        .absent = {[RIG_TARGET] = true},
        .pages = 32,
        .zero_pages = 4,
        .streams = (uint16_t)(1U + modes % 2U),
        .paths = (uint16_t)(1U + (modes >> 1) % 2U),
        .mode = (modes & 4U) != 0 ? FERRY_MODE_STOP_AND_COPY : FERRY_MODE_PRECOPY,
        .on_no_convergence = (enum ferry_no_convergence)(FERRY_GIVE_UP + (modes >> 3) % 3),
        .blackout_limit = (modes & 4U) != 0 ? FERRY_TIME_NEVER : 300 * FERRY_MILLISECOND,
        .dirty_pages_per_ms = (modes >> 5) % 8U,
    };
    struct hostile hostile = {.rig = rig_create(&options), .engine = RIG_SOURCE};
    hostile_run(&hostile, script_of(header.bytes, header.size), act);
    hostile_end(&hostile, done);
    const struct rig *rig = hostile.rig;
    const struct rig_witness *witness = &rig->witness;
    claim(done(&hostile), "a source whose target is gone does not end");
    claim(rig->source == NULL || witness->outcomes != 0, "a migration without an outcome");
    const bool given = witness->grant_issued || witness->grant_durable || witness->started_heard;
    claim(
        rig->hosts[RIG_SOURCE].runs || given || witness->guest_lost,
        "nothing was granted, and the guest does not run at the source");
    rig_destroy(hostile.rig);
    return 0;
}
