# SPDX-License-Identifier: Apache-2.0
"""qemu -- the same test guest under Debian's QEMU, moved between two QEMU processes over loopback.

The guest is started by the loader of tests/host/bench/loader; what it shall do stands in its host page
(struct guest_host of engine/host/guest/abi.h), which goes along as a module. Its report is read from
its memory. QEMU is driven by QMP; total time and downtime are what it says itself.
"""
import fcntl
import json
import os
import shutil
import socket
import struct
import time

from processes import Failed, Sandbox, cpu_seconds, until

PROGRAM = "qemu-system-x86_64"
PAGE = 4096
MAGIC = 0x5453455547525246
HAS_SLEEP = 8
WORKLOADS = {"idle": 1, "sweep": 2, "uniform": 3, "hotset": 4, "kv": 5, "sort": 6}
HOST_PAGE = struct.Struct("<QIIQQIIQQQQQQQIIQQQQ")
REPORT = struct.Struct("<12QIIQQQ")
REPORT_ADDRESS = 0x7000
BEATS, OWNED, WRITTEN, BAD, READY = 0, 6, 7, 10, 13  # fields of a report
FILL_LIMIT = 180
MOVE_LIMIT = 120


def missing():
    return None if shutil.which(PROGRAM) else f"no {PROGRAM} (Debian: qemu-system-x86)"


def tsc_khz():
    """The TSC's rate as KVM tells it: the guest's only clock here."""
    create_vm, create_vcpu, get_khz = 0xAE01, 0xAE41, 0xAEA3
    with open("/dev/kvm", "rb+", buffering=0) as kvm:
        vm = fcntl.ioctl(kvm, create_vm, 0)
        vcpu = fcntl.ioctl(vm, create_vcpu, 0)
        khz = fcntl.ioctl(vcpu, get_khz, 0)
        os.close(vcpu)
        os.close(vm)
    return khz


def host_page(workload, memory):
    """The host page for `kind key=value...`; sizes and rates are plain numbers."""
    kind, *rest = workload.split()
    keys = dict(word.split("=") for word in rest)
    return HOST_PAGE.pack(
        MAGIC, 1, 1, memory // PAGE, tsc_khz(), HAS_SLEEP, WORKLOADS[kind],
        int(keys.get("size", 0)), int(keys.get("rate", 0)),
        int(keys.get("cold_size", 0)), int(keys.get("cold_rate", 0)),
        int(keys.get("seed", 1)), 0, 0, int(keys.get("nonzero", 0)), 0, 0, 0, 0, 0,
    )


class Machine:
    """One QEMU process."""

    def __init__(self, sandbox, name, config):
        self.sandbox = sandbox
        self.name = name
        self.path = os.path.join(sandbox.folder, name)
        backend = f"memory-backend-ram,id=ram0,size={config['memory']}"
        if config["prefault"]:
            backend += ",prealloc=on"
        command = [
            PROGRAM, "-accel", "kvm", "-cpu", "qemu64,+fsgsbase,+xsave,+avx", "-nodefaults",
            "-machine", "pc,memory-backend=ram0", "-object", backend, "-m", f"{config['memory']}b",
            "-display", "none", "-qmp", f"unix:{self.path}.qmp,server=on,wait=off",
            "-kernel", config["image"], "-initrd", config["host_page"],
        ]  # fmt: skip
        if config["incoming"]:
            command += ["-incoming", "defer"]
        self.process = sandbox.start(command, name + ".log")
        self.socket = until(self._connect, FILL_LIMIT, f"starting {PROGRAM}")
        self.socket.settimeout(60)
        self.rest = b""
        self.call("qmp_capabilities")

    def _connect(self):
        if self.process.poll() is not None:
            raise Failed(f"{PROGRAM}: {self.sandbox.log(self.name + '.log')}")
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(self.path + ".qmp")
        except OSError:
            connection.close()
            return None
        return connection

    def _message(self):
        while b"\n" not in self.rest:
            part = self.socket.recv(1 << 16)
            if not part:
                raise Failed(f"{PROGRAM} went away: {self.sandbox.log(self.name + '.log')}")
            self.rest += part
        line, _, self.rest = self.rest.partition(b"\n")
        return json.loads(line)

    def call(self, command, **arguments):
        message = {"execute": command, "arguments": arguments}
        self.socket.sendall(json.dumps(message).encode() + b"\n")
        while True:
            answer = self._message()
            if "error" in answer:
                raise Failed(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def report(self):
        """What the guest says of itself."""
        path = self.path + ".report"
        self.call("pmemsave", val=REPORT_ADDRESS, size=PAGE, filename=path)
        with open(path, "rb") as file:
            return REPORT.unpack(file.read(REPORT.size))

    def migration(self, channels, limit_ms):
        """Options that both ends need alike."""
        capabilities = [{"capability": "multifd", "state": channels > 0}]
        self.call("migrate-set-capabilities", capabilities=capabilities)
        options = {"max-bandwidth": 10**11, "downtime-limit": limit_ms}
        if channels > 0:
            options["multifd-channels"] = channels
        self.call("migrate-set-parameters", **options)


class Pair:
    """A source with a guest that has filled its memory; move() moves it once to a new process."""

    def __init__(self, image, workload, memory, prefault):
        self.sandbox = Sandbox()
        self.config = {
            "memory": memory,
            "prefault": prefault,
            "image": image,
            "host_page": os.path.join(self.sandbox.folder, "host-page"),
            "incoming": False,
        }
        self.machines = 0
        self.here = None
        try:
            with open(self.config["host_page"], "wb") as file:
                file.write(host_page(workload, memory))
            self.here = self._machine(False)
            until(self._filled, FILL_LIMIT, "filling the guest's memory", 0.05)
        except BaseException:
            self.sandbox.clean()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sandbox.clean()

    def _machine(self, incoming):
        self.machines += 1
        return Machine(self.sandbox, f"q{self.machines}", {**self.config, "incoming": incoming})

    def _filled(self):
        return self.here.report()[READY]

    def move(self, channels, limit_ms):
        """Moves the guest: seconds of the whole, of the pause, CPU seconds of both processes."""
        port = 20000 + (os.getpid() + self.machines) % 20000
        uri = f"tcp:127.0.0.1:{port}"
        there = self._machine(True)
        for machine in (self.here, there):
            machine.migration(channels, limit_ms)
        there.call("migrate-incoming", uri=uri)
        pids = [self.here.process.pid, there.process.pid]
        cpu = cpu_seconds(pids)
        self.here.call("migrate", uri=uri)
        answer = until(self._ended, MOVE_LIMIT, "a move by QEMU", 0.02)
        until(lambda: there.call("query-status")["status"] == "running", 20, "the guest's start")
        cpu = cpu_seconds(pids) - cpu
        self.sandbox.stop(self.here.process)
        self.here = there
        self._judge()
        return {
            "total_s": answer["total-time"] / 1000,
            "blackout_s": answer["downtime"] / 1000,
            "cpu_s": cpu,
            "wire_bytes": answer["ram"]["transferred"],
        }

    def _ended(self):
        answer = self.here.call("query-migrate")
        if answer["status"] == "failed":
            raise Failed(f"a move by QEMU failed: {answer.get('error-desc', 'no reason given')}")
        return answer if answer["status"] == "completed" else None

    def _judge(self):
        """The guest goes on, and found no bad page."""
        before = self.here.report()
        until(lambda: self.here.report()[BEATS] > before[BEATS], 5, "a beat of the guest's heart")
        if before[BAD] != 0:
            raise Failed(f"under QEMU the guest found {before[BAD]} bad pages")


def measure(image, case, channels, prefault):
    """One move of a fresh guest."""
    with Pair(image, case["workload"], case["memory"], prefault) as pair:
        time.sleep(case.get("settle", 0.2))
        return pair.move(channels, case["limit_ms"])
