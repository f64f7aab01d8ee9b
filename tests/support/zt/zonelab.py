"""zonelab as tests use it: a topology, the command line, the keeper's socket, and the processes of a lab."""
import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

from zt.lab import Failure, wait_for
from zt.ours import built


class Zonelab:
    """A topology in a test's folder and the command line on it, with `prefix` before it. Everything is ended when the test is over."""
    prefix = ()

    def __init__(self, lab, text, folder="work folder", mode="loopback"):
        self.network, self.port, self.mode = lab.next_address().rsplit(".", 1)[0], lab.port, mode
        self.cwd, self.dir = lab.folder, lab.folder / folder
        self.topology = lab.folder / "lab.yaml"
        self.topology.write_text(text.format(port=self.port, network=self.network))

    def command(self, *words):
        mode = ["--mode", self.mode] if self.mode and words and words[0] in ("up", "demo") else []
        return [*self.prefix, built("tools/zonelab/zonelab"), "--dir", str(self.dir), *mode, *map(str, words)]

    def run(self, *words, expect=0, **options):
        run = subprocess.run(self.command(*words), cwd=self.cwd, capture_output=True, text=True, timeout=120, check=False, **options)
        if run.returncode != expect:
            raise Failure(f"zonelab {' '.join(map(str, words))} ended with {run.returncode}, expected {expect}:\n{run.stdout}{run.stderr}")
        return run.stdout + run.stderr

    def start(self, *words):
        return subprocess.Popen(self.command(*words), cwd=self.cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def status(self):
        return json.loads(subprocess.run([*self.prefix, built("tools/zonelab/zonelab"), "--dir", str(self.dir), "--json", "status"], capture_output=True,
                                         text=True, timeout=60, check=False).stdout)["nodes"]

    def pid(self, node):
        return next(row["pid"] for row in json.loads((self.dir / "lab.json").read_text())["processes"] if row["node"] == node)

    def daemons(self):
        """Pids of what runs in the folders of this lab's nodes."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "cwd").startswith(f"{self.dir}/"):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def keepers(self, name="zonelab-keeper"):
        """Pids of the keepers (or inits) of labs in this folder."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and (entry / "comm").read_text() == f"{name}\n" and os.fsencode(self.dir) in (entry / "cmdline").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def events(self, kind):
        return [event for event in map(json.loads, (self.dir / "events.jsonl").read_text().splitlines()) if kind in (None, event["event"])]

    def ask(self, *words):
        """What the keeper answers at its socket."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(self.dir / "zonelab.sock"))
            sock.sendall(json.dumps({"command": words[0], "args": words[1:]}).encode() + b"\n")
            return json.loads(sock.makefile().readline())

    def expect_nothing_left(self):
        wait_for(lambda: not self.daemons() + self.keepers(), lambda: f"the processes {self.daemons() + self.keepers()} to end", 5)
        if (self.dir / "lab.json").exists():
            raise Failure("lab.json is still there")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if (self.dir / "lab.json").exists():
            subprocess.run(self.command("down"), capture_output=True, timeout=60, check=False)
        for pid in self.daemons():
            os.kill(pid, signal.SIGKILL)


def expect(text, pattern):
    if not re.search(pattern, text):
        raise Failure(f"expected /{pattern}/ in:\n{text}")
