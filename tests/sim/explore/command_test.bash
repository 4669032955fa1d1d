#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `ferry-sim explore` as a user calls it.
#
#   command_test.bash FERRY-SIM
set -euo pipefail

ferry_sim=$(realpath -- "$1")
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd -- "$work"
failures=0
small=(--attempts 1 --crashes 1 --restarts 0 --drops 1 --duplicates 0 --late 0 --failed-writes 0
    --timeouts 0 --cancels 0 --claims 0)

# NAME STATUS PATTERN ARGUMENT...: the status, and a line of what was printed (both streams).
expect()
{
    local status=0
    "$ferry_sim" explore "${@:4}" >out 2>&1 || status=$?
    if [[ $status != "$2" ]] || ! grep -qE -- "$3" out; then
        echo "FAIL  $1: status $status, and:"
        cat out
        failures=$((failures + 1))
    else
        echo "ok    $1"
    fi
}

expect "small budgets are seen whole" 0 "^end +all states within the budgets" "${small[@]}"
expect "verdict" 0 "^verdict +holds in all of them" "${small[@]}"
expect "a limit of states stops it" 0 "^verdict +holds in all that were seen" --max-states 1000
expect "a limit of time stops it" 0 "^end +stopped at the limit of time" --crashes 3 --drops 3 --for 50ms
expect "register" 0 "^explored +the handover with the cluster's ownership register" --register "${small[@]}"
expect "budget out of its range" 2 "--crashes 8: expected a whole number from 0 to 7" --crashes 8
expect "no number" 2 "--strays x: expected" --strays x
expect "no states" 2 "--max-states 0: expected" --max-states 0
expect "time without a unit" 2 "--for 60" --for 60
expect "no time at all" 2 "--for 0s: expected more than nothing" --for 0s
expect "file that cannot be written" 2 "nowhere/x" --json nowhere/x "${small[@]}"
expect "no arguments but options" 2 "Too many arguments" handover

"$ferry_sim" explore --json result.json "${small[@]}" >out
"$ferry_sim" explore --json - "${small[@]}" >piped.json 2>/dev/null
for file in result.json piped.json; do
    if grep -q '"complete":true,"interrupted":false,' "$file" &&
        grep -q '^{"version":1,"explored":"journal","budgets":{"attempts":1,"crashes":1,' "$file" &&
        grep -q '"complete":true' "$file" && grep -q '"broken":null' "$file"; then
        echo "ok    $file"
    else
        echo "FAIL  $file"
        cat "$file"
        failures=$((failures + 1))
    fi
done

# The signals are held from before the time when the file for the result is made.
set -m
"$ferry_sim" explore --crashes 4 --drops 4 --max-states 4000000000 --for 60s --json interrupted.json >out &
explorer=$!
until [[ $(ls interrupted.json.* 2>/dev/null) ]]; do
    kill -0 $explorer
done
kill -INT $explorer
status=0
wait $explorer || status=$?
if [[ $status == 130 ]] && grep -q '^end  *stopped: interrupted$' out && grep -q '^states  *[1-9]' out &&
    grep -q '^verdict  *holds in all that were seen$' out && grep -q '"interrupted":true' interrupted.json; then
    echo "ok    an interrupted exploration tells what it has seen"
else
    echo "FAIL  interrupted: status $status, and:"
    cat out
    failures=$((failures + 1))
fi
exit $((failures > 0))
