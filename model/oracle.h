/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle.h -- closed forms which a simulated migration must reproduce: the project's second opinion
 * of itself.
 *
 * Nothing here is used by the engine or by the simulation, and nothing here uses them. Only tests
 * and reports call it, which is why floating point is allowed in this one place.
 *
 * Notation: V0 bytes to send at first, B bytes/s of the link, D bytes/s of unique dirtying, lambda
 * = D / B. A page costs its size and the framing on the wire, so a round of n pages takes n (page +
 * framing) / B seconds; between the end of one round's sending and the collection that opens the
 * next one `dead_s` passes, in which the guest dirties pages and nothing is sent.
 *
 * A1, A2 and A4 are exact up to one page a round (the simulation dirties whole pages); A3 is the
 * mean and the variance of random draws; N1 to N4 are steady states.
 */
#ifndef MODEL_ORACLE_H
#define MODEL_ORACLE_H

#include "model/workload.h"

#include <stdbool.h>
#include <stddef.h>

struct model_oracle_copy {
    double first_pages;      /* pages sent by round 0 */
    double page_bytes;       /* bytes of a page on the wire without framing */
    double framing_bytes;    /* of one page, on average */
    double bytes_per_second; /* B */
    double dead_s;           /* in each round, after its sending */
};

struct model_oracle_round {
    double pages;
    double seconds; /* of sending */
};

/* Seconds for sending so many pages. */
double model_oracle_sending_s(const struct model_oracle_copy *copy, double pages);

/* Unique pages dirtied in `seconds` since a collection. */
typedef double (*model_oracle_dirty)(const void *guest, double seconds);

/* Rounds 0 to count - 1 by iteration: round i sends what was dirtied from the collection before
 * round i - 1 to the one before round i, that is in the sending of round i - 1 and the dead time
 * after it. */
void model_oracle_rounds(
    const struct model_oracle_copy *copy,
    model_oracle_dirty dirty,
    const void *guest,
    struct model_oracle_round *rounds_out,
    size_t count);

/* A1. A guest that dirties new pages at a constant rate for ever (a sweep that never wraps). Round
 * 0 takes T(0) = V0 / B; round i sends D T(i-1), so T(i) = lambda T(i-1): a geometric series. It
 * ends if and only if lambda < 1. No dead time. */
struct model_oracle_a1 {
    double lambda;
    double last_pages; /* V0 lambda^n, in pages */
    double last_s;     /* (V0 / B) lambda^n */
    double total_s;    /* (V0 / B) (1 - lambda^(n+1)) / (1 - lambda) */
    bool diverges;
};

/* After rounds 0 to n. dirty_pages_per_second is D in pages. */
struct model_oracle_a1 model_oracle_constant(
    const struct model_oracle_copy *copy, double dirty_pages_per_second, unsigned n);

/* A2. As A1, but only a working set of W pages is ever written: min(W, D t). With lambda >= 1 every
 * round after the first sends all of W once D T >= W, so the blackout tends to W / B however many
 * rounds there are; with lambda < 1 the rounds shrink as in A1. */
struct model_oracle_working_set {
    double pages;                  /* W */
    double dirty_pages_per_second; /* D */
};

double model_oracle_working_set_dirty(const void *guest, double seconds);

/* A3. w uniform random page writes a second over N pages. A page is missed by all w t draws with
 * probability (1 - 1/N)^(w t); the pages hit are N less that. Variance of an occupancy problem with
 * load a = w t / N: N (e^-a - (1 + a) e^-2a). Disjoint sets (hot and cold) are independent: means
 * add up, and so do variances. */
struct model_oracle_uniform {
    double pages;             /* N */
    double writes_per_second; /* w */
};

struct model_oracle_uniform_sets {
    const struct model_oracle_uniform *sets;
    size_t count;
};

double model_oracle_uniform_mean(const struct model_oracle_uniform *set, double seconds);
double model_oracle_uniform_variance(const struct model_oracle_uniform *set, double seconds);
double model_oracle_uniform_dirty(
    const void *guest, double seconds); /* a struct model_oracle_uniform_sets */

/* Does pre-copy get down to a blackout of this many seconds of sending? It does if and only if less
 * is dirtied in such a time than can be sent in it: page U(d) < B d. U is concave, so then the
 * rounds shrink from there on. */
bool model_oracle_converges(
    const struct model_oracle_copy *copy,
    model_oracle_dirty dirty,
    const void *guest,
    double blackout_s);

/* A4. A measured curve: linear between the points, flat after the last, (0, 0) implied. */
struct model_oracle_curve {
    const struct model_curve_point *points;
    size_t count;
};

double model_oracle_curve_dirty(const void *guest, double seconds);

/* N1. A stream has at most one window in flight for each round trip. Handshakes cost whole round
 * trips. window_bytes 0 means no limit. */
double model_oracle_window_rate(double bytes_per_second, double window_bytes, double rtt_s);

/* N2. Mathis, Semke, Mahdavi, Ott 1997: with random loss p a stream gets (MSS / RTT) C / sqrt(p), C
 * = sqrt(3/2) = 1.22 when every packet is acknowledged. m streams get m times that, at most the
 * link. */
double model_oracle_mathis_rate(double mss_bytes, double rtt_s, double loss);
double model_oracle_loss_rate(
    double bytes_per_second, double mss_bytes, double rtt_s, double loss, unsigned streams);

/* N3. Padhye, Firoiu, Towsley, Kurose 1998 in the form of RFC 5348: loss events high enough for
 * time-outs, with t_RTO = 4 RTT, and b packets acknowledged at a time: X = s / (R sqrt(2bp/3) +
 * t_RTO (3 sqrt(3bp/8)) p (1 + 32 p^2)). */
double model_oracle_tfrc_rate(double packet_bytes, double rtt_s, double loss, double b);

/* N4. k transfers which start together on one link share it equally, and nothing is lost when one
 * ends: while k are left each gets B / k. finish_out[i] is when transfer i ends. bytes must be
 * sorted in increasing order. */
void model_oracle_shared_link(
    const double *bytes, size_t count, double bytes_per_second, double *finish_out);

#endif
