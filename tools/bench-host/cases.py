# SPDX-License-Identifier: Apache-2.0
"""cases -- what is moved, how, and the figures that come of it: medians of several moves."""
import json
import os
import re
import statistics
import subprocess
import sys

import daemons
import qemu
from processes import Failed

GIB = 2**30
LIMIT_MS = 300  # of the blackout, of both programs

# Workloads are spelled so that both programs can read them: sizes and rates are plain numbers.
HOT = f"hotset size={64 * 2**20} rate={200 * 10**6}"
CASES = {
    "small": {"name": "128 MiB, idle", "memory": GIB // 8, "workload": "idle nonzero=100"},
    "idle": {"name": "1 GiB, idle", "memory": GIB, "workload": "idle nonzero=100"},
    "hotset": {
        "name": "2 GiB, 200 MB/s into 64 MiB",
        "memory": 2 * GIB,
        "workload": HOT + " nonzero=100",
    },
}
USUAL = ("idle", "hotset")  # the small one is for a first try, and for tests
STREAMS = (1, 2, 4)
CHANNELS = (0, 2, 4)


def say(text):
    print(text, file=sys.stderr, flush=True)


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def summary(moves, memory):
    """Figures of some moves."""
    moved = statistics.median(move["wire_bytes"] for move in moves)
    cpu = [move["cpu_s"] / (move["wire_bytes"] / 1e9) for move in moves]
    return {
        "runs": len(moves),
        "total_s": spread([move["total_s"] for move in moves]),
        "blackout_s": spread([move["blackout_s"] for move in moves]),
        "guest_gb_s": memory / 1e9 / statistics.median(move["total_s"] for move in moves),
        "wire_gb": moved / 1e9,
        "cpu_s_per_gb": statistics.median(cpu),
    }


def raw(build, runs, size_mib):
    """The data plane alone beside plain loops over the same sockets: a list of rows."""
    program = os.path.join(build, "tests", "host", "bench", "ferry-bench-host")
    command = [program, "--json", "--runs", str(runs), "--size", str(size_mib)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=900)
    if done.returncode != 0:
        raise Failed(f"{program}: {done.stderr.decode(errors='replace').strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def limit_seconds(rows, memory, streams, tls, warm):
    """What the plain loop needs for the guest's memory over as many sockets; None: not measured."""
    name = f"{'TLS' if tls else 'TCP'}, target {'prefaulted' if warm else 'cold'}"
    for row in rows:
        if row["case"] == name and row["streams"] == streams:
            return memory / 1e9 / row["limit_gb_s"]
    return None


def ferry(build, case, raw_rows, runs, rows):
    """All moves of one guest by ferry, as rows."""
    for tls in (False, True):
        for warm in (True, False):
            workload = case["workload"] + (" prefault=yes" if warm else "")
            say(f"ferry: {case['name']}, {'TLS' if tls else 'TCP'}, {'warm' if warm else 'cold'}")
            with daemons.Pair(build, tls) as pair:
                pair.run(workload, case["memory"])
                for streams in STREAMS:
                    moves = []
                    for _ in range(runs):
                        pair.check()
                        move = pair.move(streams=streams, blackout_limit_ns=LIMIT_MS * 10**6)
                        moves.append(move | move["warm"] if warm else move)
                    row = summary(moves, case["memory"])
                    row |= {"guest": case["name"], "streams": streams, "tls": tls, "warm": warm}
                    row["limit_s"] = limit_seconds(raw_rows, case["memory"], streams, tls, warm)
                    row["moves"] = [
                        {key: move[key] for key in ("total_s", "blackout_s", "blackout_parts")}
                        for move in moves
                    ]
                    rows.append(row)
                pair.check()


def by_qemu(build, case, runs, rows):
    """All moves of the same guest by QEMU, as rows."""
    image = os.path.join(build, "tests", "host", "bench", "ferry-guest.elf")
    for warm in (True, False):
        for channels in CHANNELS:
            say(f"QEMU: {case['name']}, {channels} channels, {'warm' if warm else 'cold'}")
            moves = [
                qemu.measure(image, {**case, "limit_ms": LIMIT_MS}, channels, warm)
                for _ in range(runs)
            ]
            row = summary(moves, case["memory"])
            row |= {"guest": case["name"], "channels": channels, "warm": warm}
            rows.append(row)


def best(rows):
    """The row with the least median of total time; None of none."""
    return min(rows, key=lambda row: row["total_s"]["median"], default=None)


def back_and_forth(build, moves, limit_ms):
    """A dirtying guest that checks itself, to and fro: is the limit of the blackout ever broken?"""
    workload = f"hotset size={32 * 2**20} rate={100 * 10**6} nonzero=100"
    say(f"ferry: {moves} moves of a dirtying guest, limit {limit_ms} ms")
    blackouts, gaps, predicted = [], [], []
    refused, worst = {}, None
    with daemons.Pair(build, False) as pair:
        pair.run(workload, 256 * 2**20)
        for number in range(moves):
            streams = STREAMS[number % len(STREAMS)]
            move = pair.move(streams=streams, blackout_limit_ns=limit_ms * 10**6)
            if worst is None or move["blackout_s"] > worst["blackout_s"]:
                worst = {key: move[key] for key in ("blackout_s", "blackout_parts", "rounds")}
            blackouts.append(move["blackout_s"])
            gaps.append(move["guest_gap_s"])
            predicted.append(move["predicted_blackout_s"] or 0.0)
            for attempt in move["aborted_attempts"] or []:
                reason = re.sub(r"\d+", "N", attempt["reason"])
                refused[reason] = refused.get(reason, 0) + 1
        pair.check()
    return {
        "moves": moves,
        "limit_s": limit_ms / 1000,
        "over": sum(blackout > limit_ms / 1000 for blackout in blackouts),
        "blackout_s": spread(blackouts),
        "guest_gap_s": spread(gaps),
        "predicted_s": spread(predicted),
        "aborted_attempts": refused,
        "worst": worst,
    }
