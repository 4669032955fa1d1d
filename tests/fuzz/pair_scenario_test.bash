#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# pair_scenario_test.bash -- each input of the pair's corpus becomes a scenario file that ferry-sim loads, runs, and finds
# no invariant broken in. Run from the top of the tree: pair_scenario_test.bash FUZZ_PAIR_SCENARIO FERRY_SIM
set -euo pipefail

program=$1
sim=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

count=0
for input in fuzz/corpus/pair/*; do
    "$program" "$input" >"$folder/$(basename "$input").yaml"
    count=$((count + 1))
done
[ "$count" -ge 50 ] || { echo "only $count inputs in fuzz/corpus/pair" >&2; exit 1; }

"$sim" run --net light "$folder" >"$folder/output" 2>&1 || { cat "$folder/output"; exit 1; }
tail -n 1 "$folder/output"

# And not by leaving the faults out.
grep -lq '^faults:' "$folder"/crash_*.yaml
grep -q 'daemon_crash: true' "$folder/crash_at_4.yaml"
grep -q 'partition: {from: h1, to: h2}' "$folder/cut_at_4.yaml"
grep -q 'journal_fail_for' "$folder"/journal_at_*.yaml
grep -q 'cancel: m1' "$folder/cancel_at_28.yaml"
