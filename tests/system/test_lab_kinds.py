"""Other people's daemons as nodes of a lab: each serves and follows zones, takes changes, comes back, resolves; all of them at once."""
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace

import dns.rcode

from zt import Failure, Skip, ask, run_tests, test, wait_for
from zt.client import serial_of
from zt.node import require
from zt.ordinary import GROUP, USER, ordinary
from zt.zonelab import Zonelab

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

ZONES = ("test.", "own.test.")

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


# Everybody transfers from everybody, each kind is a primary, each kind of resolver resolves from the root and forwards to another one.
MIXED_LAB = """nodes:
  - {{name: a.root, kind: authd}}
  - {{name: a.test, kind: authd}}
  - {{name: n.test, kind: nsd}}
  - {{name: k.test, kind: knot}}
  - {{name: p.test, kind: powerdns}}
  - {{name: b.test, kind: bind}}
  - {{name: unbound, kind: unbound}}
  - {{name: kresd, kind: knot-resolver}}
  - {{name: recursor, kind: recursor}}
  - {{name: bind, kind: bind-resolver}}
  - {{name: to.bind, kind: unbound, forward: bind}}
  - {{name: to.unbound, kind: bind-resolver, forward: unbound}}
  - {{name: to.recursor, kind: knot-resolver, forward: recursor}}
  - {{name: to.kresd, kind: recursor, forward: kresd}}
zones:
  - {{name: ., primary: a.root, signed: {signed}}}
  - {{name: test., primary: a.test, secondaries: [n.test, k.test, p.test, b.test], ttl: 6s, refresh: 4s, retry: 1s, signed: {signed}, records: 'www A 192.0.2.1'}}
  - {{name: n.test., primary: n.test, secondaries: [b.test, {{node: k.test, from: b.test}}], ttl: 6s, signed: {signed}, records: 'www A 192.0.2.1'}}
  - {{name: k.test., primary: k.test, secondaries: [n.test, {{node: b.test, from: [n.test, k.test]}}], ttl: 6s, signed: {signed}3, records: 'www A 192.0.2.1'}}
  - {{name: p.test., primary: p.test, secondaries: [k.test, {{node: a.test, from: k.test}}], ttl: 6s, signed: {signed}, records: 'www A 192.0.2.1'}}
  - {{name: b.test., primary: b.test, secondaries: [p.test, {{node: n.test, from: p.test}}], ttl: 6s, signed: {signed}, records: 'www CNAME www.n.test.'}}
"""
MIXED_ZONES = ("test", "n.test", "k.test", "p.test", "b.test")
MIXED_RESOLVERS = ("unbound", "kresd", "recursor", "bind", "to.bind", "to.unbound", "to.recursor", "to.kresd")


class KindsLab(Zonelab):
    """A lab whose topology gets the test's port and network; the ends of its logs go with a failure."""

    def __init__(self, lab, text, mode="loopback", folder=None, prefix=()):
        super().__init__(SimpleNamespace(folder=folder or lab.folder, next_address=lab.next_address, port=lab.port),
                         "port: {port}\nnetwork: {network}.0\n" + text.replace("{", "{{").replace("}", "}}"), mode=mode)
        self.prefix = prefix

    def node(self, name):
        row = next(row for row in self.status() if row["node"] == name)
        address, port = row["address"].split("@")
        return SimpleNamespace(name=name, address=address, port=int(port), key=None)

    def check_config(self, name, command):
        if command:
            run = subprocess.run([require(command[0], command[0]), *command[1:]], cwd=self.dir / name, capture_output=True, text=True, timeout=30, check=False)
            if run.returncode != 0:
                raise Failure(f"{' '.join(command)}: {run.stdout}{run.stderr}")

    def __exit__(self, kind, error, trace):
        for path in sorted(self.dir.glob("*/log")) if error is not None else []:
            error.add_note(f"---- {path.parent.name}: {path.read_text(errors='replace')[-3000:]}")
        super().__exit__(kind, error, trace)


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


def edits(z, node):
    """A zone file is edited as an UPDATE would change the zone."""
    def has(expected):
        """NSD's old process may still answer when the new one has been seen."""
        wait_for(lambda: addresses(node, "two.own.test.") == expected, lambda: f"{expected} at two; found {addresses(node, 'two.own.test.')}", 5)

    said = z.run("update", "own.test.", "delete", "own.test.")
    assert "nothing to change" in said, f"SOA and NS records stay: {said}"
    said = z.run("update", "own.test.", "delete", "own.test.", "NS", "f.test.")
    assert re.search(r"serial of own\.test\.: 3 -> 4", said), said
    z.run("update", "own.test.", "add", "two", "2", "A", "192.0.2.1")
    z.run("update", "own.test.", "add", "two", "2", "A", "192.0.2.2")
    has(["192.0.2.1", "192.0.2.2"])
    z.run("update", "own.test.", "replace", "two", "2", "A", "192.0.2.3")
    has(["192.0.2.3"])
    z.run("update", "own.test.", "delete", "two", "A", "192.0.2.3")
    has("NXDOMAIN")
    said = z.run("update", "own.test.", "add", "www", "2", "CNAME", "two", expect=1)
    assert "a CNAME record beside other data" in said and "does not have the change" in said, said
    expect_serial([node], "own.test.", 8)


def serve(lab, kind):
    program, package, check = SERVERS[kind]
    require(program, package)
    with KindsLab(lab, SERVER_LAB.format(kind=kind, address=loopback_address(kind))) as z:
        said = z.run("up", z.topology)
        assert re.search(rf"f\.test +{kind} +\S+ +own\.test\. +primary +1 +ok", said), said
        z.check_config("f.test", check)
        nodes = [z.node(name) for name in ("a.test", "f.test", "z.test")]
        # A change at ours passes through the foreign one, a change at the foreign one reaches both of ours.
        for zone in ZONES:
            said = z.run("update", zone, "add", "new", "2", "A", "192.0.2.7")
            assert re.search(rf"NOERROR after .*; serial of {re.escape(zone)}: 1 -> 2", said), said
            said = z.run("update", zone, "add", "new", "2", "A", "192.0.2.7")
            assert "nothing to change" in said, said
        for zone in ZONES:
            expect_serial(nodes, zone, 2)
            for node in nodes:
                wait_for(lambda node=node, name=f"new.{zone}": addresses(node, name) == ["192.0.2.7"], f"new.{zone} at {node.name}", 5)
        # Killed, it comes back with what it had, or fetches it, and goes on.
        z.run("kill", "f.test")
        z.run("start", "f.test")
        wait_for(lambda: all(serial_of(nodes[1], zone) == 2 for zone in ZONES), "the killed node to be back with its zones")
        for zone in ZONES:
            z.run("update", zone, "delete", "new")
        for zone in ZONES:
            expect_serial(nodes, zone, 3)
            wait_for(lambda name=f"new.{zone}": addresses(nodes[1], name) == "NXDOMAIN", f"new.{zone} to be gone", 5)
        if kind in ("nsd", "powerdns"):
            edits(z, nodes[1])
        z.run("down")
        # The next lab in the folder begins anew.
        z.run("up", z.topology)
        assert serial_of(nodes[1], "own.test.") == 1


def resolve(lab, kind):
    program, package, check = RESOLVERS[kind]
    require(program, package)
    outer = "resolverd" if kind == "bind-resolver" else kind      # two of BIND need two addresses
    with KindsLab(lab, RESOLVER_LAB.format(kind=kind, outer=outer, address=loopback_address(kind))) as z:
        z.run("up", z.topology)
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


def is_answer(said, address, is_validated):
    """Whether dig's output has the address, and is marked as authentic or not."""
    flags = re.search(r"flags: ([a-z ]+);", said)
    return bool(flags and re.search(rf"\sA\s{re.escape(address)}\n", said)) and ("ad" in flags[1].split()) == is_validated


def mixed(lab, is_signed, **options):
    for program, package, _ in [*SERVERS.values(), *RESOLVERS.values(), ("dig", "bind9-dnsutils", None)]:
        require(program, package)
    text = MIXED_LAB.format(signed="nsec") if is_signed else MIXED_LAB.replace("signed: {signed}3, ", "").replace(", signed: {signed}", "").format()
    with KindsLab(lab, text, mode="net", **options) as z:
        try:
            z.run("up", z.topology)
        except Failure as failure:
            reason = re.search(r"net mode is not possible here: .*", str(failure))
            if reason:
                raise Skip(reason[0]) from failure
            raise
        for name in ("n.test", "k.test", "p.test", "b.test"):
            z.check_config(name, SERVERS[next(kind for kind in SERVERS if kind[0] == name[0])][2])
        for name, kind in (("unbound", "unbound"), ("bind", "bind-resolver"), ("recursor", "recursor")):
            z.check_config(name, RESOLVERS[kind][2])
        for resolver in MIXED_RESOLVERS:
            for zone in MIXED_ZONES:
                said = z.run("dig", resolver, f"www.{zone}", "A", "+dnssec")
                assert is_answer(said, "192.0.2.1", is_signed), f"{resolver}: {said}"
            assert "status: NXDOMAIN" in z.run("dig", resolver, "nothing.test", "A"), resolver
        for zone in MIXED_ZONES:
            z.run("update", zone, "add", "new", "6", "A", "192.0.2.7")
        wait_for(lambda: all(row["state"] == "ok" and row["serial"] in (2, None) for row in z.status() if row["zone"] != "."),
                 lambda: f"serial 2 everywhere: {[row for row in z.status() if row['state'] != 'ok' or row['serial'] == 1]}", 30)
        # That there was no such name is known until the denials have run out.
        for resolver in MIXED_RESOLVERS if is_signed else MIXED_RESOLVERS[:1]:
            for zone in MIXED_ZONES:
                wait_for(lambda words=(resolver, f"new.{zone}", "A", "+dnssec"): is_answer(z.run("dig", *words), "192.0.2.7", is_signed),
                         lambda words=(resolver, f"new.{zone}", "A", "+dnssec"): f"the new record: {z.run('dig', *words)}", 20, pause_s=0.2)


@test("every kind at once, in net mode: signed zones are served, followed, changed and validated by everybody")
def mixed_signed(lab):
    require("ldns-signzone", "ldnsutils")
    mixed(lab, is_signed=True)


@test("the same as an ordinary user, without signatures")
def mixed_ordinary(lab):
    prefix = ordinary([])
    with tempfile.TemporaryDirectory(prefix="zt-lab-", dir="/tmp") as name:      # that user may not enter the test's own
        shutil.chown(name, USER, GROUP)
        mixed(lab, is_signed=False, folder=Path(name), prefix=prefix)


@test("NSD serves and follows zones of a lab, and its zone files are edited for an update")
def nsd(lab):
    serve(lab, "nsd")


@test("edits of a zone file that are asked for at the same time are all made, one after the other")
def edits_together(lab):
    require("nsd", "nsd")
    with KindsLab(lab, SERVER_LAB.format(kind="nsd", address="")) as z:
        z.run("up", z.topology)
        running = [z.start("update", "own.test.", "add", f"new{i}", "2", "A", f"192.0.2.{i}") for i in range(1, 4)]
        said = [process.communicate(timeout=60)[0] for process in running]
        assert [process.returncode for process in running] == [0, 0, 0], said
        assert sorted(re.search(r"serial of own\.test\.: (\d) -> (\d)", text).groups() for text in said) == [("1", "2"), ("2", "3"), ("3", "4")], said
        for i in range(1, 4):
            assert addresses(z.node("f.test"), f"new{i}.own.test.") == [f"192.0.2.{i}"], said


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
    with KindsLab(lab, SERVER_LAB.format(kind="bind", address="")) as z:
        said = z.run("up", z.topology, expect=1)
        assert re.search(r"node f\.test cannot listen on \S+: BIND needs net mode \(or address: 127\.0\.0\.1\)", said), said


@test("a daemon that is not installed is named with its package, and nothing is left running")
def missing(lab):
    program = require("nsd", "nsd")
    hidden = [require("unshare", "util-linux"), "-m", "sh", "-c", f'mount --bind /dev/null {program} && exec "$@"', "sh"]
    trial = subprocess.run([*hidden, "true"], capture_output=True, text=True, check=False)
    if trial.returncode != 0:
        raise Skip(f"cannot hide a program here: {trial.stderr.strip()}")
    with KindsLab(lab, SERVER_LAB.format(kind="nsd", address=""), prefix=hidden) as z:
        said = z.run("up", z.topology, expect=1)
        assert "zonelab: node f.test: cannot find nsd; apt-get install nsd\n" in said, said
        z.expect_nothing_left()


if __name__ == "__main__":
    run_tests()
