# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the checkers share: the list of the tree's files. Sourced, not run.

# The files below ROOT that belong to the tree, relative to it, sorted: those git knows or would add; all of
# them where ROOT is no work tree (an unpacked archive, the sample of a test). Whoever owns the clone, it is only read.
tree_files()
{
    local root=$1
    if [ -e "$root/.git" ]; then
        git -c safe.directory='*' -C "$root" ls-files --cached --others --exclude-standard
    else
        (cd "$root" && find . -type f -not -path './build/*' | sed 's#^\./##')
    fi | LC_ALL=C sort -u | while IFS= read -r file; do
        # A file that is deleted but not yet committed so is none.
        [ -f "$root/$file" ] && printf '%s\n' "$file"
    done
    return 0
}
