# SPDX-License-Identifier: Apache-2.0
"""daemons -- two ferryd on loopback, commanded through their control sockets (docs/control.md)."""
import json
import os
import socket
import subprocess
import time

from processes import Failed, Sandbox, cpu_seconds, until

MIB = 2**20
CALL_LIMIT = 180  # seconds: filling 2 GiB of fresh memory, or a move, on a busy machine


class Control:
    """One connection to a daemon: calls, and the events that come between the answers."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(CALL_LIMIT)
        self.socket.connect(path)
        self.rest = b""
        self.calls = 0
        self.on_event = None  # called with each event that comes before an answer

    def _line(self):
        while b"\n" not in self.rest:
            part = self.socket.recv(1 << 16)
            if not part:
                raise Failed("a daemon went away")
            self.rest += part
        line, _, self.rest = self.rest.partition(b"\n")
        return json.loads(line)

    def call(self, name, **args):
        self.calls += 1
        message = {"id": self.calls, "call": name, "args": args}
        self.socket.sendall(json.dumps(message).encode() + b"\n")
        while True:
            answer = self._line()
            if answer.get("id") != self.calls:
                if self.on_event is not None:
                    self.on_event(answer)
            elif "error" in answer:
                raise Failed(f"{name}: {answer['error']['text']}")
            else:
                return answer["result"]


class Host:
    """One ferryd."""

    def __init__(self, pair, number):
        self.name = f"h{number}"
        self.address = f"127.0.0.{number}"
        self.folder = os.path.join(pair.sandbox.folder, self.name)
        self.control = None
        self.daemon = None
        os.mkdir(self.folder)

    def start(self, pair, other, port):
        path = os.path.join(self.folder, "ferryd.conf")
        security = "unencrypted: i-know-what-i-do"
        if pair.tls:
            keys = pair.sandbox.folder
            pem = f"certificate: {keys}/{self.name}.pem, key: {keys}/{self.name}.key"
            security = f"tls: {{{pem}, ca: {keys}/ca.pem}}"
        with open(path, "w", encoding="ascii") as file:
            file.write(
                f"host: {self.name}\nstate_dir: {self.folder}/state\nrun_dir: {self.folder}/run\n"
                f"log: notice\nport: {port}\nlisten: [{self.address}]\n"
                f"peers:\n  {other.name}: [{other.address}]\n{security}\n"
                f"vmm:\n  program: {pair.build}/ferry-vmm\n"
            )
        command = [os.path.join(pair.build, "ferryd"), "--config", path]
        self.daemon = pair.sandbox.start(command, self.name + ".log")
        until(lambda: self._answers(pair), 20, f"starting ferryd of {self.name}")

    def _answers(self, pair):
        if self.daemon.poll() is not None:
            raise Failed(f"ferryd of {self.name} ended: {pair.sandbox.log(self.name + '.log')}")
        try:
            self.control = Control(os.path.join(self.folder, "run", "ferryd.sock"))
            return self.control.call("events", follow=True)["seq"] > 0
        except OSError:
            return False

    def guest(self, name):
        for guest in self.control.call("vm.list")["guests"]:
            if guest["guest"] == name:
                return guest
        return None


class Pair:
    """Two hosts and at most one guest, g1, that moves between them."""

    def __init__(self, build, tls):
        self.build = build
        self.tls = tls
        self.sandbox = Sandbox()
        self.here, self.there = None, None
        try:
            if tls:
                self._make_certificates()
            self.here, self.there = Host(self, 1), Host(self, 2)
            port = 20000 + os.getpid() % 20000
            self.here.start(self, self.there, port)
            self.there.start(self, self.here, port)
        except BaseException:
            self.sandbox.clean()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sandbox.clean()

    def _make_certificates(self):
        folder = self.sandbox.folder
        ferry = os.path.join(self.build, "ferry")
        made = [[ferry, "cert", "ca", "bench", "--output", folder]]
        for host in ("h1", "h2"):
            made.append([ferry, "cert", "host", host, "--ca", folder, "--output", folder])
        for command in made:
            done = subprocess.run(command, capture_output=True, check=False)
            if done.returncode != 0:
                raise Failed(done.stderr.decode(errors="replace").strip())

    def run(self, workload, memory):
        """Starts the guest and waits until it has filled its memory."""
        self.here.control.call("vm.run", guest="g1", memory=memory, workload=workload)
        until(lambda: self.here.guest("g1")["ready"], CALL_LIMIT, "filling the guest's memory", 0.05)

    def check(self):
        """The guest reads and checks all its memory. After that the host has mapped every page for it:
        a page that it reads for the first time counts as dirty."""
        bad = self.here.control.call("vm.check", guest="g1")["bad_pages"]
        if bad:
            raise Failed(f"the guest found {bad} bad pages")

    def _cpu(self):
        """Of both daemons and of all guests' processes, also of those that have ended."""
        daemons = [host.daemon.pid for host in (self.here, self.there)]
        guests = []
        for pid in daemons:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                guests += map(int, file.read().split())
        return cpu_seconds(daemons + guests, with_dead_children=daemons)

    def _settled(self, process):
        """No session is open, and the process of the guest that went away has been waited for."""
        for host in (self.here, self.there):
            if host.control.call("session.list")["sessions"]:
                return False
        return not os.path.exists(f"/proc/{process}")

    def move(self, **options):
        """Moves the guest to the other host: its outcome (docs/json.md), with cpu_s. `warm` has what
        came after the target's process stood with its memory."""
        source = self.here.control
        process = self.here.guest("g1")["pid"]
        stood = []

        def watch(event):
            if event.get("event") == "move.state" and event["state"] == "copying" and not stood:
                stood.append((time.monotonic(), self._cpu()))

        source.on_event = watch
        cpu = self._cpu()
        began = time.monotonic()
        answer = source.call("move", guest="g1", to=self.there.name, wait=True, **options)
        source.on_event = None
        outcome = answer["outcome"]
        if outcome["outcome"] != "completed":
            raise Failed(f"a move {outcome['outcome']}: {outcome['reason']}")
        self.here, self.there = self.there, self.here
        until(lambda: self._settled(process), 90, "ending a session", 0.02)
        ended = self._cpu()
        outcome["cpu_s"] = ended - cpu
        began_copying, cpu = stood[0]
        outcome["warm"] = {
            "total_s": outcome["total_s"] - (began_copying - began),
            "cpu_s": ended - cpu,
        }
        guest = self.here.guest("g1")
        if guest["bad_pages"] or guest["backward_steps"]:
            raise Failed(f"the guest found {guest['bad_pages']} bad pages")
        outcome["guest_gap_s"] = guest["last_gap_ns"] / 1e9
        return outcome
