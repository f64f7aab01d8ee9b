"""Other people's daemons as nodes of a lab: each serves and follows zones, takes changes, comes back, resolves; all of them at once."""
import json
import re
import subprocess
from types import SimpleNamespace

import dns.rcode

from zt import Failure, ask, built, run_tests, test, wait_for
from zt.client import serial_of
from zt.node import require

SERVERS = {      # kind -> program, package, how its configuration is checked
    "nsd": ("nsd", "nsd", ["nsd-checkconf", "nsd.conf"]),
    "knot": ("knotd", "knot", ["knotc", "-c", "knot.conf", "conf-check"]),
    "bind": ("named", "bind9", ["named-checkconf", "-z", "named.conf"]),
    "powerdns": ("pdns_server", "pdns-server", ["pdns_server", "--config-dir=.", "--config=check"]),
}
RESOLVERS = {
    "unbound": ("unbound", "unbound", ["unbound-checkconf", "unbound.conf"]),
    "knot-resolver": ("kresd", "knot-resolver", None),
    "bind-resolver": ("named", "bind9", ["named-checkconf", "named.conf"]),
    "recursor": ("pdns_recursor", "pdns-recursor", ["pdns_recursor", "--config-dir=.", "--config=check"]),
}

SERVER_LAB = """nodes:
  - {{name: a.test, kind: authd}}
  - {{name: f.test, kind: {kind}{address}}}
  - {{name: z.test, kind: authd}}
zones:
  - {{name: ., primary: a.test}}
  - {{name: test., primary: a.test, secondaries: [f.test, {{node: z.test, from: f.test}}], ttl: 2s, refresh: 20s, retry: 2s, records: 'www A 192.0.2.1'}}
  - {{name: own.test., primary: f.test, secondaries: [a.test, z.test], ttl: 2s, refresh: 20s, retry: 2s, records: 'www A 192.0.2.1'}}
"""

RESOLVER_LAB = """nodes:
  - {{name: a.root, kind: authd}}
  - {{name: a.test, kind: authd}}
  - {{name: inner, kind: {kind}{address}}}
  - {{name: outer, kind: {outer}, forward: inner}}
zones:
  - {{name: ., primary: a.root}}
  - {{name: test., primary: a.test, ttl: 2s, minimum: 1s, records: 'www A 192.0.2.1'}}
  - {{name: deep.test., primary: a.root, ttl: 2s, records: 'www CNAME www.test.'}}
"""


class Zonelab:
    """A lab of the command line; ended with the test."""

    def __init__(self, lab, text):
        self.lab, self.dir = lab, lab.folder / "work folder"
        self.network = lab.next_address().rsplit(".", 1)[0]
        (lab.folder / "lab.yaml").write_text(f"port: {lab.port}\nnetwork: {self.network}.0\n{text}")

    def run(self, *words, expect=0):
        run = subprocess.run([built("tools/zonelab/zonelab"), "--dir", str(self.dir), *words], cwd=self.lab.folder, capture_output=True, text=True,
                             timeout=120, check=False)
        if run.returncode != expect:
            raise Failure(f"zonelab {' '.join(words)} ended with {run.returncode}, expected {expect}:\n{run.stdout}{run.stderr}")
        return run.stdout + run.stderr

    def node(self, name):
        row = next(row for row in self.status() if row["node"] == name)
        address, port = row["address"].split("@")
        return SimpleNamespace(name=name, address=address, port=int(port), key=None)

    def status(self):
        return json.loads(subprocess.run([built("tools/zonelab/zonelab"), "--dir", str(self.dir), "--json", "status"], capture_output=True, text=True,
                                         timeout=60, check=False).stdout)["nodes"]

    def check_config(self, name, command):
        if command:
            run = subprocess.run([require(command[0], command[0]), *command[1:]], cwd=self.dir / name, capture_output=True, text=True, timeout=30, check=False)
            if run.returncode != 0:
                raise Failure(f"{' '.join(command)}: {run.stdout}{run.stderr}")

    def log(self, name):
        path = self.dir / name / "log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        if error is not None:
            for path in sorted(self.dir.glob("*/log")):
                error.add_note(f"---- {path.parent.name}: {self.log(path.parent.name)}")
        if (self.dir / "lab.json").exists():
            self.run("down")


def addresses(node, name, rd=False):
    """Sorted; an rcode's name where there are none."""
    answer = ask(node, name, rd=rd, timeout_s=5)
    found = sorted(str(item) for rrset in answer.answer if rrset.rdtype == 1 for item in rrset)
    return found or dns.rcode.to_text(answer.rcode())


def expect_serial(nodes, zone, serial, deadline_s=20.0):
    wait_for(lambda: all(serial_of(node, zone) == serial for node in nodes),
             lambda: f"serial {serial} of {zone}; seen: {[(node.name, serial_of(node, zone)) for node in nodes]}", deadline_s)


def loopback_address(kind):
    """BIND listens on no other."""
    return ", address: 127.0.0.1" if kind.startswith("bind") else ""


def serve(lab, kind):
    program, package, check = SERVERS[kind]
    require(program, package)
    with Zonelab(lab, SERVER_LAB.format(kind=kind, address=loopback_address(kind))) as z:
        said = z.run("--mode", "loopback", "up", "lab.yaml")
        assert re.search(rf"f\.test +{kind} +\S+ +own\.test\. +primary +1 +ok", said), said
        z.check_config("f.test", check)
        nodes = [z.node(name) for name in ("a.test", "f.test", "z.test")]
        # A change at ours passes through the foreign one, a change at the foreign one reaches both of ours.
        for zone in ("test.", "own.test."):
            said = z.run("update", zone, "add", "new", "2", "A", "192.0.2.7")
            assert re.search(rf"NOERROR after .*; serial of {re.escape(zone)}: 1 -> 2", said), said
            said = z.run("update", zone, "add", "new", "2", "A", "192.0.2.7")
            assert "nothing to change" in said, said
            expect_serial(nodes, zone, 2)
            for node in nodes:
                assert addresses(node, f"new.{zone}") == ["192.0.2.7"], node.name
            z.run("update", zone, "delete", "new")
            expect_serial(nodes, zone, 3)
            assert addresses(nodes[1], f"new.{zone}") == "NXDOMAIN"
        # Killed, it comes back with what it had, or fetches it.
        z.run("kill", "f.test")
        z.run("start", "f.test")
        wait_for(lambda: all(serial_of(nodes[1], zone) == 3 for zone in ("test.", "own.test.")), "the killed node to be back with its zones")
        z.run("update", "own.test.", "add", "later", "2", "A", "192.0.2.8")
        expect_serial(nodes, "own.test.", 4)
        z.run("down")
        # The next lab in the folder begins anew.
        z.run("--mode", "loopback", "up", "lab.yaml")
        assert serial_of(nodes[1], "own.test.") == 1


def resolve(lab, kind):
    program, package, check = RESOLVERS[kind]
    require(program, package)
    outer = "resolverd" if kind == "bind-resolver" else kind      # two of BIND need two addresses
    with Zonelab(lab, RESOLVER_LAB.format(kind=kind, outer=outer, address=loopback_address(kind))) as z:
        z.run("--mode", "loopback", "up", "lab.yaml")
        z.check_config("inner", check)
        nodes = [z.node("inner"), z.node("outer")]
        # Knot Resolver, told of each zone's servers, follows no CNAME from one to another.
        name = "www.test." if kind == "knot-resolver" else "www.deep.test."
        for node in nodes:
            assert addresses(node, name, rd=True) == ["192.0.2.1"], node.name
            assert addresses(node, "nothing.test.", rd=True) == "NXDOMAIN", node.name
        z.run("update", "test.", "delete", "www")
        z.run("update", "test.", "add", "www", "2", "A", "192.0.2.99")
        for node in nodes:
            wait_for(lambda node=node: addresses(node, name, rd=True) == ["192.0.2.99"], f"the change at {node.name}", 10)


@test("NSD serves and follows zones of a lab, and its zone files are edited for an update")
def nsd(lab):
    serve(lab, "nsd")


@test("Knot serves, follows and takes updates")
def knot(lab):
    serve(lab, "knot")


@test("BIND serves, follows and takes updates")
def bind(lab):
    serve(lab, "bind")


@test("PowerDNS serves and follows zones of a lab, and its zone files are edited for an update")
def powerdns(lab):
    serve(lab, "powerdns")


@test("Unbound resolves through the lab and forwards, and sees a change after its TTL")
def unbound(lab):
    resolve(lab, "unbound")


@test("Knot Resolver resolves through the lab and forwards, and sees a change after its TTL")
def knot_resolver(lab):
    resolve(lab, "knot-resolver")


@test("BIND resolves through the lab, and sees a change after its TTL")
def bind_resolver(lab):
    resolve(lab, "bind-resolver")


@test("PowerDNS Recursor resolves through the lab and forwards, and sees a change after its TTL")
def recursor(lab):
    resolve(lab, "recursor")


@test("BIND on a loopback address that no interface shows is refused, with what to do")
def bind_refused(lab):
    with Zonelab(lab, SERVER_LAB.format(kind="bind", address="")) as z:
        said = z.run("--mode", "loopback", "up", "lab.yaml", expect=1)
        assert re.search(r"node f\.test cannot listen on \S+: BIND needs net mode \(or address: 127\.0\.0\.1\)", said), said


if __name__ == "__main__":
    run_tests()
