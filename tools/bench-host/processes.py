# SPDX-License-Identifier: Apache-2.0
"""processes -- what the measurements start, what it cost, and that nothing of it is left.

Every child carries a mark in its environment, which its own children inherit: a guest's process is in
a session of its own and outlives the daemon that started it, as it shall. At the end, also after a
failure or a signal, whatever carries the mark is killed. A child of this process dies with it even
when it is killed itself; what that leaves of guests and files, the next run ends.
"""
import contextlib
import ctypes
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time

MARK = "FERRY_BENCH_MARK"
PREFIX = "ferry-bench-moves-"
SHMEM_HUGE = "/sys/kernel/mm/transparent_hugepage/shmem_enabled"
SAVED = "shmem_enabled"  # in a sandbox: the setting as it was before
TICKS = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG = 1


class Failed(Exception):
    """A measurement that did not come to its end; its text says why."""


def until(condition, seconds, what, rest=0.002):
    """Waits until the condition gives something true, and gives that back."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(rest)


def cpu_seconds(pids, with_dead_children=()):
    """User and system time of processes; of some of them also that of their children that ended."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        total += sum(int(field) for field in fields[11:15 if pid in with_dead_children else 13])
    return total / TICKS


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _marks():
    """Marked processes, whoever their parent is: pairs of process and folder."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:
            for variable in file.read().split(b"\0"):
                key, _, value = variable.partition(b"=")
                if key == MARK.encode() and int(name) != os.getpid():
                    yield int(name), os.fsdecode(value)


def _remove(folder):
    """Kills what carries the folder's mark, and removes the folder."""
    for _ in range(100):
        left = [pid for pid, mark in _marks() if mark == folder]
        if not left:
            break
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    with contextlib.suppress(OSError), open(os.path.join(folder, SAVED), encoding="ascii") as file:
        _write(SHMEM_HUGE, file.read())
    shutil.rmtree(folder, ignore_errors=True)


def _write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def remove_leftovers():
    """What runs left that were killed: the number in a folder's name is the process that made it."""
    for folder in glob.glob(os.path.join(tempfile.gettempdir(), PREFIX + "*")):
        owner = os.path.basename(folder)[len(PREFIX) :].partition("-")[0]
        if owner.isdigit() and not os.path.exists(f"/proc/{owner}"):
            _remove(folder)


class Sandbox:
    """A temporary folder, and the processes that belong to it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")
        self.children = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.clean()

    def allow_huge_pages(self):
        """Lets shared memory be backed by transparent huge pages where a process asks for it, until this
        sandbox is cleaned: QEMU has them without being asked. Gives back whether they are allowed."""
        try:
            with open(SHMEM_HUGE, encoding="ascii") as file:
                now = file.read().partition("[")[2].partition("]")[0]
            if now in ("advise", "within_size", "always", "force"):
                return True
            _write(os.path.join(self.folder, SAVED), now)
            _write(SHMEM_HUGE, "advise")
        except OSError:
            return False
        return True

    def start(self, command, log):
        with open(os.path.join(self.folder, log), "ab") as out:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, MARK: self.folder},
                preexec_fn=_die_with_parent,
            )
        self.children.append(child)
        return child

    def log(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-5:]).strip()

    def stop(self, child):
        """Ends one child at once and forgets it."""
        child.kill()
        child.wait()
        self.children.remove(child)

    def clean(self):
        # Daemons first: they would tell of, or start again, what is taken from them.
        for child in list(self.children):
            self.stop(child)
        _remove(self.folder)
