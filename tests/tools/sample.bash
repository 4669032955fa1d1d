# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of the checkers share: a small tree to break, and the two assertions. Sourced, not run.
# Each test breaks its sample in one way a case, so that a checker which fires for another reason is found out.

# shellcheck disable=SC2034 # used by those who source this
top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
sample=$(mktemp -d)
trap 'rm -rf -- "$sample"' EXIT
cases=0
failed=0

# put FILE LINE...: writes a file of the sample.
put()
{
    mkdir -p -- "$(dirname -- "$sample/$1")"
    printf '%s\n' "${@:2}" >"$sample/$1"
}

# drop FILE: takes it away again, before the next case.
drop()
{
    rm -f -- "$sample/$1"
}

# passes COMMAND...: the command ends with 0.
passes()
{
    local output
    cases=$((cases + 1))
    if ! output=$("$@" 2>&1); then
        failed=$((failed + 1))
        printf 'should pass, but: %s\n%s\n' "$*" "$output"
    fi
}

# refuses TEXT COMMAND...: the command ends with 1, and says TEXT.
refuses()
{
    local text=$1 output status=0
    shift
    cases=$((cases + 1))
    output=$("$@" 2>&1) || status=$?
    if [ "$status" != 1 ] || ! grep -qF -- "$text" <<<"$output"; then
        failed=$((failed + 1))
        printf 'should be refused with "%s", but status %s: %s\n%s\n' "$text" "$status" "$*" "$output"
    fi
}

# The last line of each test.
finish()
{
    [ "$cases" -gt 0 ] || { echo "no case ran"; exit 1; }
    echo "$cases cases, $failed failed"
    [ "$failed" = 0 ]
}
