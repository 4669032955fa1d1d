#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# mutants_test.bash BUILD: tools/mutants tells a mutant that is killed from one that survives, and takes neither a patch that
# does not apply nor a head that says nothing for a dead one. docs/mutants.md names them all.
set -euo pipefail
build=${1:?usage: mutants_test.bash BUILD}
# shellcheck source=tests/tools/sample.bash
. "$(dirname -- "$0")/../tools/sample.bash"
file=engine/core/handover/source_side.c
hunt=("$top/tools/mutants" --build "$build" --no-build --no-control --named-only --patches "$sample")

# mutant NAME ORACLE SED: a patch that this sed script makes.
mutant()
{
    {
        printf '%s\n' '# SPDX-License-Identifier: Apache-2.0' 'Bug:    made for a test' "$2" ''
        sed -E "$3" "$top/$file" | diff -U3 --label "a/$file" --label "b/$file" "$top/$file" - || true
    } >"$sample/$1.patch"
}

# The grant is sent before it is durable.
early='/source->grant = HANDOVER_RECORD_ISSUED;/{n;s/step1\(HANDOVER_OUT_PERSIST_GRANT\)/step2(HANDOVER_OUT_PERSIST_GRANT, HANDOVER_OUT_SEND_GRANT)/}'
harmless='1a /* nothing */'

mutant early 'Oracle: explore H-1' "$early"
passes "${hunt[@]}"
mutant early 'Oracle: explore H-5' "$early"
refuses 'early: by another' "${hunt[@]}"
mutant early 'Oracle: oracle of Delphi' "$early"
refuses 'no such oracle' "${hunt[@]}"
mutant early '' "$early"
refuses 'does not name an oracle' "${hunt[@]}"
drop early.patch

mutant harmless 'Oracle: explore H-1' "$harmless"
refuses 'harmless: survived' "${hunt[@]}"
refuses '0 of 1 mutants killed' "${hunt[@]}"
drop harmless.patch

mutant stale 'Oracle: explore H-1' "$early"
sed -i -E 's/^ (.*HANDOVER_RECORD_ISSUED.*)/ \1 changed/;s/^( +source->phase = HANDOVER_GRANTING;)/\1 changed/' "$sample/stale.patch"
refuses 'does not apply' "${hunt[@]}"
drop stale.patch

mutant broken 'Oracle: explore H-1' 's/return step1\(HANDOVER_OUT_PERSIST_GRANT\);/return nothing;/'
refuses 'does not compile' "${hunt[@]}"
drop broken.patch

put header.patch 'Bug:    touches a header' 'Oracle: explore H-1' '' '--- a/engine/core/handover/handover.h' '+++ b/engine/core/handover/handover.h' '@@ -1 +1 @@' '-a' '+b'
refuses 'only C files' "${hunt[@]}"
drop header.patch

# Every mutant stands in the document with its bug and who is meant to find it, and none that is not there any more. Who
# killed it (the last cell) is known to a whole run only.
documented()
{
    diff <(sed -n '/^## All of them/,$p' "$top/docs/mutants.md" | grep '^|' | sed -E 's/ [^|]*\|$//') \
        <("$top/tools/mutants" --list --markdown --patches "${1:-$top/tests/mutants}")
}
counted()
{
    local patches=("$top"/tests/mutants/*.patch)
    grep -qF "holds ${#patches[@]} bugs" "$top/docs/mutants.md"
}
passes documented
passes counted
mutant early 'Oracle: explore H-1' "$early"
refuses 'abort_leaves_ready' documented "$sample"
finish
