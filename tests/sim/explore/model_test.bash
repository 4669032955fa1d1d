#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Promela model of the handover (model/handover.pml): safe, live under fairness, and in agreement with the C code on
# random walks; each of the three seen to fail on a broken model, or a wrong trace, as well.
#
#   model_test.bash MODEL TRACES
#
# TRACES is the program handover_traces. Without spin the test is skipped (status 77).
set -euo pipefail

model=$(realpath -- "$1")
traces=$(realpath -- "$2")
command -v spin >/dev/null || {
    echo "spin is not installed"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd -- "$work"
failures=0

# NAME WANTED FOUND
judge()
{
    if [[ $3 == "$2" ]]; then
        echo "ok    $1"
    else
        echo "FAIL  $1: $3 instead of $2"
        failures=$((failures + 1))
    fi
}

# pan FILE "SPIN OPTIONS" "CC OPTIONS" "PAN OPTIONS": runs the verifier, its words in pan.out; prints how many errors it found.
pan()
{
    local -a spin_options cc_options pan_options
    read -ra spin_options <<<"$2"
    read -ra cc_options <<<"$3"
    read -ra pan_options <<<"$4"
    rm -f pan.c pan.[bhmtp] ./pan ./*.trail
    spin "${spin_options[@]}" -a "$1" >spin.out 2>&1 || {
        cat spin.out >&2
        echo broken
        return
    }
    "${CC:-cc}" -O0 -w "${cc_options[@]}" -o pan pan.c
    ./pan "${pan_options[@]}" >pan.out 2>&1 || true
    sed -n 's/.*errors: \([0-9]*\).*/\1/p; s/.*max search depth too small.*/too deep/p' pan.out
}

stored()
{
    sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.out
}

safety="-DSAFETY -DNOCLAIM -DMEMLIM=2048"
liveness="-DMEMLIM=2048"
more="-DCRASHES=2 -DBURNS=1 -DREINSTALLS=1"

judge "safety" 0 "$(pan "$model" "$more" "$safety" "-m1000000 -w22")"
echo "      $(stored) states"
judge "liveness under weak fairness" 0 "$(pan "$model" "" "$liveness" "-a -f -m1000000 -w22")"
echo "      $(stored) states"

# One rule at a time is taken away: each must be missed by one of the two.
# broken NAME WHICH SED-SCRIPT
broken()
{
    sed "$3" "$model" >broken.pml
    if cmp -s "$model" broken.pml; then
        judge "$1" "a change" "none"
        return
    fi
    if [[ $2 == safety ]]; then
        judge "$1 (safety)" 1 "$(pan broken.pml "" "$safety" "-m1000000 -w22")"
    else
        judge "$1 (liveness)" 1 "$(pan broken.pml "" "$liveness" "-a -f -m1000000 -w22")"
    fi
}

broken "grant sent before it is durable" safety \
    's/^        sP = GRANTING;$/        sP = GRANTED; tell_target(GRANT, sA);/'
broken "grant forgotten at a restart" safety \
    's/jEnded != DURABLE \&\& jGranted == DURABLE/false/'
broken "failed write of OWNER taken for none" safety \
    's/:: tP == OWNING -> tP = UNSURE/:: tP == OWNING -> burn()/'
broken "grant not sent again" liveness \
    's/:: sP == GRANTED \&\& heardA == sA -> tell_target(GRANT, sA)/:: false -> skip/'
broken "END not said again" liveness \
    's/:: sE == S_CLOSING -> say_end()/:: sE == S_CLOSING \&\& sP == RUNNING -> sE = S_DOWN; sP = 0; sSession = 0/'
broken "target does not burn at a restart" liveness \
    's/:: else -> tE = T_ACTIVE; tA = jRecordA; burn()/:: else -> tE = T_ACTIVE; tA = jRecordA; tP = RECEIVING/'

# What the C code does, the model does.
follow()
{
    "$traces" "$@" >traces.h
    pan "$model" -DTRACE "-DSAFETY -DNOREDUCE -DMEMLIM=2048" "-m1000000 -w20"
}

judge "1,000 walks of the code are followed" 0 "$(follow 1000 1)"
judge "... all of them" "accepted 1000 traces" "$(grep -o 'accepted [0-9]* traces' pan.out || echo none)"
grep 'accepted\|trace ' pan.out || true
judge "a wrong one is not" 1 "$(follow 1000 1 5000)"

exit $((failures > 0))
