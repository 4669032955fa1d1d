/* SPDX-License-Identifier: Apache-2.0 */
/* predict.h -- the parts of a prediction, shared by the two files of this room. */
#ifndef FERRY_POLICY_PREDICT_H
#define FERRY_POLICY_PREDICT_H

#include "ferry/policy.h"

struct ferry_prediction {
    ferry_time_ns blackout; /* NEVER: nothing moves, or it does not fit */
    ferry_time_ns fixed;    /* of it, what is no transfer */
    uint64_t bytes;         /* saturating */
    uint64_t bandwidth;
};

struct ferry_prediction ferry_predict(const struct ferry_policy_samples *samples);

#endif
