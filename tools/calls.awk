# SPDX-License-Identifier: Apache-2.0
# The engine of tools/check-calls. Input in this order: the table, then every C file of the tree, run from the top.
FNR == 1 {
    in_comment = 0
    table = NR == 1
    active = 0
}

# Whether a path is one of the folders or files of a list.
function within(path, list, words, n, i)
{
    n = split(list, words, " ")
    for (i = 1; i <= n; i++) {
        if (path == words[i] || index(path, words[i] "/") == 1) {
            return 1
        }
    }
    return 0
}

table {
    if (/^#/ || NF == 0) {
        next
    }
    if (split($0, column, / \| /) != 4) {
        printf "%s:%d: a line is WHERE | EXCEPT | WORDS | WHY\n", FILENAME, FNR
        bad++
        next
    }
    rules++
    where[rules] = column[1]
    except[rules] = column[2]
    words_of[rules] = column[3]
    why[rules] = column[4]
    next
}

# The rules that hold for this file, as one map from word to reason.
FNR == 1 {
    split("", refused)
    for (r = 1; r <= rules; r++) {
        if (within(FILENAME, where[r]) && !within(FILENAME, except[r])) {
            n = split(words_of[r], words, " ")
            for (i = 1; i <= n; i++) {
                refused[words[i]] = why[r]
                active = 1
            }
        }
    }
}

active {
    rest = strip($0)
    before = ""
    while (match(rest, /[A-Za-z_][A-Za-z_0-9]*/)) {
        word = substr(rest, RSTART, RLENGTH)
        before = before substr(rest, 1, RSTART - 1)
        rest = substr(rest, RSTART + RLENGTH)
        found = ""
        if (word in refused) {
            found = word
        } else if (((word "(") in refused) && rest ~ /^[ \t]*\(/ && before !~ /(\.|->|\*)[ \t]*$/) {
            found = word "("
        }
        if (found != "") {
            sub(/\($/, "", found)
            printf "%s:%d: %s: %s\n", FILENAME, FNR, found, refused[(found in refused) ? found : found "("]
            bad++
        }
        before = before word
    }
}

END {
    exit bad > 0
}
