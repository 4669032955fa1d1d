# SPDX-License-Identifier: Apache-2.0
# The engine of tools/check-layers. Input in this order: the table, then every C file of the tree, run from the top.
# FILES in the environment: the tree's files, one a line, so that an include can be told from its spelling.
BEGIN {
    count = split(ENVIRON["FILES"], list, "\n")
    for (i = 1; i <= count; i++) {
        exists[list[i]] = 1
    }
    bad = 0
}

# The room of a path: the longest folder that has a line in the table.
function room_of(path)
{
    while (sub(/\/[^\/]*$/, "", path)) {
        if (path in allowed) {
            return path
        }
    }
    return ""
}

function complain(message)
{
    printf "%s:%d: %s\n", FILENAME, FNR, message
    bad++
}

# Whether room may include what is named (a folder, or <header>), by its own line or one that it takes over with "=".
function may(room, what, words, n, i, entry, header)
{
    header = what ~ /^</
    if (!header && what == room) {
        return 1
    }
    n = split(allowed[room], words, " ")
    for (i = 1; i <= n; i++) {
        entry = words[i]
        if (entry == what || (header && entry == "<*>")) {
            return 1
        }
        if (entry ~ /^=/) {
            if (may(substr(entry, 2), what)) {
                return 1
            }
        } else if (!header && index(what "/", entry "/") == 1) {
            return 1
        }
    }
    return 0
}

# Where an include with quotes leads: beside its file, or from one of the include roots.
function resolve(path, spelled, folder)
{
    folder = path
    sub(/[^\/]*$/, "", folder)
    if (spelled ~ /(^|\/)\.\.?(\/|$)/) {
        return ""
    }
    if ((folder spelled) in exists) {
        return folder spelled
    }
    if (("engine/include/" spelled) in exists) {
        return "engine/include/" spelled
    }
    if (("engine/core/" spelled) in exists) {
        return "engine/core/" spelled
    }
    if (("tests/engine/" spelled) in exists) {
        return "tests/engine/" spelled
    }
    if (("tests/" spelled) in exists) {
        return "tests/" spelled
    }
    return spelled in exists ? spelled : ""
}

FNR == 1 {
    in_comment = 0
    table = NR == 1
    if (!table) {
        room = room_of(FILENAME)
        if (room == "") {
            complain("this folder is in no room of tools/layers.txt")
        }
    }
}

table {
    sub(/#.*/, "")
    if (NF > 0) {
        name = $1
        if ($2 != ":" || name in allowed) {
            complain("a line of the table is ROOM : ROOMS..., once for each room")
        }
        sub(/^[^:]*:/, "")
        allowed[name] = $0
    }
    next
}

{
    line = $0
    plain = strip(line)
}

plain ~ /^[ \t]*#[ \t]*include/ && room != "" {
    if (match(line, /"[^"]*"/)) {
        spelled = substr(line, RSTART + 1, RLENGTH - 2)
        target = resolve(FILENAME, spelled)
        if (target == "") {
            complain("no such header in the tree: " spelled " (paths start at the room, without ..)")
        } else if (room_of(target) == "" || !may(room, room_of(target))) {
            complain(room " may not include " target)
        }
    } else if (match(line, /<[^>]*>/)) {
        header = substr(line, RSTART, RLENGTH)
        if ((header ~ /^<(ferry|sim|model|base|wire)\//) || !may(room, header)) {
            complain(room " may not include " header)
        }
    }
}

END {
    exit bad > 0
}
