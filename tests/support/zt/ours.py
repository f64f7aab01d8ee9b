"""Our own daemons and tools, out of the build folder (ZT_BUILD)."""
import json
import os
import re
import subprocess
import urllib.request
from pathlib import Path

from zt import client
from zt.lab import Failure, free_port, source_top
from zt.node import Node


def built(path):
    """A program of the build."""
    program = Path(os.environ.get("ZT_BUILD") or source_top() / "build", path)
    if not program.exists():
        raise Failure(f"{program} is not built: run make")
    return str(program)


class Authd(Node):
    kind = "authd"
    must_stop_cleanly = True

    def __init__(self, lab, name=None, workers=1, zone_settings="", server_settings=""):
        """`zone_settings`: further settings of every zone, as a mapping's inside: "zonemd-verify: no"; `server_settings`: likewise, of the server."""
        super().__init__(lab, name)
        self.workers = workers
        self.zone_settings = zone_settings
        self.server_settings = server_settings
        self.metrics_port = free_port(self.address)

    def clock_variables(self, clock):
        return clock.for_ours()

    def find_binary(self):
        return built("authd/authd")

    def command(self):
        return [self.binary, "-c", str(self.path("authd.yaml"))]

    def control(self):
        return self.path("state") / "authd.sock"

    def write_config(self):
        for role in self.zones.values():
            if not role.primaries:
                self.write(role.file, role.zone.text())
        self.write("authd.yaml", self.config())

    def config(self):
        who = f"key:{self.key.name}" if self.key else "127.0.0.0/8"
        text = f"""server:
  listen: [{self.where()}]
  workers: {self.workers}
  state-dir: ./state
  control: ./state/authd.sock
  metrics: {self.address}@{self.metrics_port}
  {self.server_settings}
{self.key.for_authd() if self.key else ""}zone:
"""
        for name, role in self.zones.items():
            text += f'  - name: "{name}"\n    allow-transfer: [{who}]\n'
            if role.primaries:
                text += f"    primaries: [{', '.join(map(self.remote, role.primaries))}]\n    allow-notify: [{who}]\n"
            else:
                text += f"    file: {role.file}\n"
            if role.secondaries:
                text += f"    notify: [{', '.join(map(self.remote, role.secondaries))}]\n"
            if role.updates:
                text += f"    allow-update: [{who}]\n"
            if self.zone_settings:
                text += f"    {self.zone_settings}\n"
        return text

    def remote(self, node):
        return f"{{address: {node.where()}, key: {self.key.name}}}" if self.key else node.where()

    def write_zone(self, zone):
        self.write(self.zones[zone.name].file, zone.text())

    def reload_zone(self, zone):
        self.write_zone(zone)
        self.reload()

    def restart(self):
        """After kill() or stop(): starts again with the configuration and state that are there."""
        self.start_process()
        self.wait_until_ready()

    def sources(self, zone):
        """Where each version in the journal came from, oldest first: file, update, axfr, ixfr."""
        return [difference["source"] for difference in zonectl(self, "history", zone)]

    def metrics(self):
        with urllib.request.urlopen(f"http://{self.address}:{self.metrics_port}/metrics", timeout=client.TIMEOUT_S) as answer:
            return answer.read().decode()

    def metric(self, name, **labels):
        """Sum of a counter over all samples that have the given labels."""
        total = 0.0
        for line in self.metrics().splitlines():
            match = re.match(r"([a-zA-Z0-9_:]+)(?:\{(.*)\})? (\S+)$", line)
            if match and match[1] == name and all(f'{key}="{value}"' in (match[2] or "") for key, value in labels.items()):
                total += float(match[3])
        return total


class Resolverd(Node):
    kind = "resolverd"
    asks_others = True
    must_stop_cleanly = True

    def __init__(self, lab, hierarchy, name=None, forward_to=None, settings=""):
        """`settings`: further lines of the configuration."""
        super().__init__(lab, name)
        self.hierarchy = hierarchy
        self.forward_to = forward_to
        self.settings = settings

    def clock_variables(self, clock):
        return clock.for_ours()

    def find_binary(self):
        return built("resolverd/resolverd")

    def command(self):
        return [self.binary, "-c", str(self.path("resolverd.yaml"))]

    def control(self):
        return self.path("state") / "resolverd.sock"

    def write_config(self):
        self.write("root.hints", self.hierarchy.hints())
        text = f"""server:
  listen: [{self.where()}]
  workers: 1
  control: ./state/resolverd.sock
  allow-query: [127.0.0.0/8]
resolver:
  root-hints: root.hints
  validate: no
  upstream-port: {self.port}
  builtin-local-zones: no
  allow-loopback-upstream: yes
"""
        if self.forward_to:
            text += f'forward: [{{name: ".", addresses: [{self.forward_to.where()}]}}]\n'
        text += self.settings
        self.write("resolverd.yaml", text)
        self.path("state").mkdir(exist_ok=True)


def zonectl(node, *words, expect=0):
    """Runs zonectl --json against the node's control socket; returns what it printed, decoded."""
    run = subprocess.run([built("tools/zonectl/zonectl"), "-s", str(node.control()), "--json", *map(str, words)],
                         capture_output=True, text=True, timeout=60, check=False)
    if run.returncode != expect:
        raise Failure(f"zonectl {' '.join(map(str, words))} ended with {run.returncode}, expected {expect}: {run.stdout}{run.stderr}")
    return json.loads(run.stdout) if run.stdout.strip() else None
