#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ci_test.bash FERRY-SIM: what docs/ci.md tells others to put into their CI does what it says. Each command of its snippets
# that calls ferry-sim is run as it stands there (with less time for chaos), in a folder like theirs: one scenario that
# passes, then one that fails.
set -euo pipefail
program=$(realpath -- "${1:?usage: ci_test.bash FERRY-SIM}")
top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
mkdir "$folder/bin" "$folder/scenarios"
ln -s "$program" "$folder/bin/ferry-sim"
export PATH="$folder/bin:$PATH"
export GITHUB_SHA=1f5db61c2a04aa00bb11cc22dd33ee44ff556677 CI_COMMIT_SHA=1f5db61c2a04aa00bb11cc22dd33ee44ff556677
bad=0

# fail WHAT
fail()
{
    echo "ci_test: $1"
    bad=1
}

# The commands of all snippets: from `ferry-sim` on, without what the shell does with their status.
commands()
{
    awk '/^```/ { fenced = !fenced; next } fenced && /ferry-sim (run|chaos|shrink)/' "$top/docs/ci.md" |
        sed -E 's/.*(ferry-sim (run|chaos|shrink))/\1/; s/ \|\| status=.*//; s/--for 60s/--for 1s/'
}

put_scenario()
{
    cat >"$folder/scenarios/mine.yaml" <<EOF
# Question: does a small guest move?
version: 1
hosts: {h1: {memory: 64 MiB}, h2: {memory: 64 MiB}}
networks: {lan: {hosts: [h1, h2], bandwidth: 1 Gbit/s, latency: 50 us}}
guests: {g: {host: h1, memory: 4 MiB}}
steps: [{at: 1 s, move: g, to: h2}]
expect: [{move: g, outcome: $1}]
EOF
}

# Runs one command in the folder; its status must be the second argument.
expect()
{
    local status=0
    (cd -- "$folder" && eval "$1") >"$folder/out" 2>&1 || status=$?
    if [ "$status" != "$2" ]; then
        fail "status $status, not $2: $1"
        cat -- "$folder/out"
    fi
}

mapfile -t lines < <(commands)
[ "${#lines[@]}" -ge 6 ] || fail "docs/ci.md has ${#lines[@]} commands, fewer than two snippets need"
for line in "${lines[@]}"; do
    case $line in
    *' shrink '*) continue ;; # only after a failure
    esac
    put_scenario completed
    expect "$line" 0
    case $line in
    *' run '*)
        put_scenario failed
        expect "$line" 1
        grep -q '"screen":{' "$folder/run.json" || fail "run.json has no failure screen"
        grep -q '<failure' "$folder/run.xml" || fail "run.xml has no failure"
        ;;
    *)
        [ -s "$folder/chaos.xml" ] || fail "chaos left no JUnit report"
        [ -s "$folder/chaos.json" ] || fail "chaos left no JSON"
        ;;
    esac
done

# A line of the file of failures is what the snippets take the seed from.
printf 'chaos 9339 light violated I1: two hosts\n' >"$folder/failures.txt"
seed=$(cd -- "$folder" && awk 'NR == 1 { print $2 }' failures.txt)
[ "$seed" = 9339 ] || fail "the seed is taken as '$seed'"
[ "$bad" = 0 ] || exit 1
echo "ci_test: ${#lines[@]} commands of docs/ci.md work"
