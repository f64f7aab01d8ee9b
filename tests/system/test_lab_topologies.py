"""The topologies that come with zonelab: each is found by name, drawn, comes up, and shows what its head says."""
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from zt import Failure, run_tests, skip, source_top, test, tool, wait_for
from zt.lab import time_factor
from zt.node import require
from zt.zonelab import Zonelab, expect

LABS = sorted(path.stem for path in (source_top() / "zones/labs").glob("*.yaml"))


class Labs(Zonelab):
    """zonelab in a test's own folder, with the topologies that come along."""

    def __init__(self, lab):
        super().__init__(lab, "", mode=None)
        self.topology.unlink()

    def up(self, name):
        """A lab that comes along, on the test's own port and network."""
        text = (source_top() / f"zones/labs/{name}.yaml").read_text()
        (self.cwd / f"{name}.yaml").write_text(text.replace("nodes:\n", f"port: {self.port}\nnetwork: {self.network}.0\nnodes:\n", 1))
        return self.run("--mode", "loopback", "up", self.cwd / f"{name}.yaml")

    def up_in_net_mode(self, name, *options):
        """A lab that comes along, or a file, as it is."""
        run = subprocess.run(self.command("--mode", "net", *options, "up", name), cwd=self.cwd, capture_output=True, text=True, timeout=120, check=False)
        if run.returncode != 0 and "net mode is not possible here" in run.stderr:
            skip(run.stderr.strip().splitlines()[-1])
        if run.returncode != 0:
            raise Failure(f"up {name} ended with {run.returncode}:\n{run.stdout}{run.stderr}")
        return run.stdout + run.stderr

    def serials(self, zone):
        return {row["node"]: row["serial"] for row in self.status() if row["zone"] == zone}

    def dig(self, node, *words):
        require("dig", "bind9-dnsutils")
        return self.run("dig", node, *words)


def shared(name):
    """Test data lies beside the checkout, or where ZT_SHARED points."""
    folders = [Path(os.environ["ZT_SHARED"])] if "ZT_SHARED" in os.environ else []
    folders.append(source_top().resolve().parent / "shared")
    for folder in folders:
        if (folder / "data" / name).is_file():
            return folder / "data" / name
    return skip(f"{name} is neither in $ZT_SHARED nor in {folders[-1]}")


@test("labs lists every topology that comes along with what its first line says, and each is found by its name")
def listing(lab):
    z = Labs(lab)
    said = z.run("labs")
    for name in LABS:
        expect(said, rf"(?m)^{name} +[A-Z].*\S$")
        if name == "real-root":
            continue      # its zone lies elsewhere
        expect(z.run("graph", name), rf"(?s)^digraph lab.*label=\"{name}: \d+ nodes, \d+ zones")
        expect(z.run("graph", f"labs/{name}"), rf"label=\"{name}: ")
    expect(said, r"are in \S+/zones/labs\.")
    expect(z.run("up", "two-teir", expect=1), r"cannot read the topology two-teir: No such file or directory; did you mean two-tier\?")
    expect(z.run("graph", "xyz", expect=1), r"cannot read the topology xyz: .*zonelab labs lists")


@test("graph draws every topology, and writes text, SVG or PNG")
def drawings(lab):
    require("dot", "graphviz")
    z = Labs(lab)
    for name in LABS:
        if name == "real-root":
            continue
        z.run("graph", name, "-o", "lab.svg")
        drawn = (z.cwd / "lab.svg").read_text()
        nodes = len(re.findall(r"(?m)^ *- *\{name: [^,]*, kind:", (source_top() / f"zones/labs/{name}.yaml").read_text()))
        if drawn.count('class="node"') < nodes or "</svg>" not in drawn:
            raise Failure(f"{name}: {drawn.count('class=')} shapes for {nodes} nodes")
    z.run("graph", "-o", "lab.png")
    if (z.cwd / "lab.png").read_bytes()[:4] != b"\x89PNG":
        raise Failure("no PNG")
    z.run("graph", "broken-delegation", "-o", "lab.dot")
    text = (z.cwd / "lab.dot").read_text()
    expect(text, r"label=\"ns1\.test\.\\ndoes not serve half\.example\.\"")
    expect(text, r"label=\"another copy\"")
    if "does not serve differs.example." in text:
        raise Failure("ns2.differs.example has a copy")
    expect(text, r"label=\"ns9\.noglue\.example\.\\nis nowhere, for noglue\.example\.\"")
    expect(z.run("graph", "-o", "lab.pdf", expect=2), r"-o: expected a file that ends in \.svg, \.png or \.dot, not lab\.pdf")
    expect(z.run("graph", "-o", "no/such/lab.dot", expect=1), r"cannot write no/such/lab\.dot: No such file")
    run = subprocess.run(z.command("graph", "-o", "x.svg"), cwd=z.cwd, env={**os.environ, "PATH": str(z.cwd)}, capture_output=True, text=True, timeout=60,
                         check=False)
    if run.returncode != 1 or "apt-get install graphviz" not in run.stderr:
        raise Failure(f"{run.returncode} {run.stderr}")


@test("new writes a topology that starts as it is, of the size that is asked for, or a copy, and never over a file")
def new(lab):
    with Labs(lab) as z:
        expect(z.run("new"), r"Wrote lab\.yaml; start it: .*zonelab up lab\.yaml")
        text = (z.cwd / "lab.yaml").read_text()
        for key in ("net-address", "parent-servers", "signed", "jitter", "one-way", "standby"):
            expect(text, rf"(?m)^#   {key} +[A-Z]")
        z.run("up", "lab.yaml")
        expect(z.dig("edge1", "www.zone1.example", "+short"), r"192\.0\.2\.10")
        expect(z.run("graph"), r"label=\"ns2\.zone1\.example(?s:.*)xlabel=\"1\"")
        z.run("down")
        expect(z.run("new", expect=1), r"cannot make lab\.yaml: File exists")
        z.run("new", "big.yaml", "--zones", 3, "--secondaries", 13, "--resolvers", 4)
        expect(z.run("graph", "big.yaml"), r"lab: 48 nodes, 5 zones")
        z.run("new", "none.yaml", "--secondaries", 0, "--resolvers", 1)
        expect(z.run("graph", "none.yaml"), r"lab: 4 nodes, 3 zones")
        z.run("new", "copy.yaml", "--like", "two-tier")
        if (z.cwd / "copy.yaml").read_text() != (source_top() / "zones/labs/two-tier.yaml").read_text():
            raise Failure("not a copy")
        expect(z.run("new", "x.yaml", "--like", "nothing", expect=1), r"cannot read the topology nothing")
        expect(z.run("new", "x.yaml", "--zones", 0, expect=2), r"--zones: expected a number from 1 to 999, not 0")
        expect(z.run("new", "x.yaml", "--zones", 300, "--secondaries", 4, expect=2), r"at most 1,000 nodes")
        expect(z.run("new", "x.yaml", "--like", "two-tier", "--zones", 2, expect=2), r"--like copies a topology as it is")
        expect(z.run("new", "x.yaml", "--size", 2, expect=2), r"new takes FILE, .* not --size")
        if (z.cwd / "x.yaml").exists():
            raise Failure("a file was left behind")


@test("the real root zone is served at the root servers' real addresses, and the TLDs below it at theirs")
def real_root(lab):
    data = shared("root-zone-2014-07-13-signed.zone.xz")
    require("xz", "xz-utils")
    require("unbound", "unbound")
    text = (source_top() / "zones/labs/real-root.yaml").read_text()
    with Labs(lab) as z:
        (z.cwd / "real.yaml").write_text(text.replace("../../../shared/data/root-zone-2014-07-13-signed.zone.xz", str(data)))
        said = z.run("up", z.cwd / "real.yaml")
        if "net mode" not in said:
            z.run("down")
            skip(f"no net mode here: {said.splitlines()[0]}")
        expect(said, r"m\.root-servers\.net +authd +202\.12\.27\.33@53 +\. +secondary +2014071301 +ok")
        expect(z.run("exec", "resolver", "dig", "@2001:dc3::35", "example.com", "+norec"), r"(?s)192\.5\.6\.30.*2001:503:a83e::2:30")
        for resolver in ("resolver", "unbound", "edge"):
            for name, address in (("www.example.com", "192.0.2.10"), ("www.iis.se", "192.0.2.30"), ("www.example.gov", "192.0.2.20")):
                expect(z.dig(resolver, name, "+short"), re.escape(address))
        expect(z.dig("resolver", "nobody.nosuchtld"), r"status: NXDOMAIN")
        z.run("kill", "a.root-servers.net")
        expect(z.dig("unbound", "nobody.othertld"), r"status: NXDOMAIN")
    (z.cwd / "damaged.xz").write_bytes(data.read_bytes()[:5000])
    (z.cwd / "real.yaml").write_text(text.replace("../../../shared/data/root-zone-2014-07-13-signed.zone.xz", "damaged.xz"))
    expect(z.run("up", z.cwd / "real.yaml", expect=1), r"cannot unpack the file of zone \.")
    (z.cwd / "real.yaml").write_text(text.replace("../../../shared/data/", ""))
    expect(z.run("up", z.cwd / "real.yaml", expect=2), r"real\.yaml:\d+:5: zone \.: cannot read \S+\.xz: No such file")


@test("tiers of resolvers answer, and a forwarder goes on when one of its two is gone")
def tiers(lab):
    with Labs(lab) as z:
        z.up("three-tier")
        for node in ("global1", "regional1", "edge1", "edge4"):
            expect(z.dig(node, "www.shop.example", "+short"), r"192\.0\.2\.10")
        os.kill(z.pid("global1"), signal.SIGKILL)
        wait_for(lambda: "192.0.2.10" in z.dig("edge2", "www.shop.example", "+short"), "regional1 to ask global2", 20)


@test("behind a hidden primary a change passes along the chain, and round a dead server where there is another source")
def chain(lab):
    with Labs(lab) as z:
        z.up("hidden-primary")
        expect(z.run("update", "shop.example", "add", "new", 10, "A", "192.0.2.7"), r"1 -> 2")
        wait_for(lambda: set(z.serials("shop.example.").values()) == {2}, lambda: z.serials("shop.example."), 20)
        if "hidden" in z.dig("resolver", "shop.example", "NS", "+short"):
            raise Failure("the hidden primary is in the NS set")
        os.kill(z.pid("middle.shop.example"), signal.SIGKILL)
        z.run("update", "shop.example", "add", "new2", 10, "A", "192.0.2.8")
        wait_for(lambda: z.serials("shop.example.")["ns2.shop.example"] == 3, lambda: z.serials("shop.example."), 60)
        if z.serials("shop.example.")["ns3.shop.example"] != 2:
            raise Failure(f"ns3 has nobody to ask: {z.serials('shop.example.')}")


@test("broken delegations: a resolver gets round what is half broken, fails at what is dead, and takes either of two parents' words")
def broken(lab):
    with Labs(lab) as z:
        z.up("broken-delegation")
        expect(z.dig("resolver", "www.half.example", "+short"), r"192\.0\.2\.10")
        expect(z.dig("resolver", "www.noglue.example", "+short"), r"192\.0\.2\.20")
        expect(z.dig("resolver", "www.dead.example", "+tries=1", "+time=15"), r"status: SERVFAIL")
        expect(z.dig("resolver", "www.differs.example", "+short"), r"192\.0\.2\.4[01]")
        expect(z.dig("ns1.example", "differs.example", "NS", "+norec"), r"(?s)ns2\.differs\.example\.")
        expect(z.dig("ns1.differs.example", "differs.example", "NS", "+norec", "+short"), r"ns3\.differs\.example\.")


@test("a provider move: the parent's change alone moves nobody who knows the child's own servers")
def move(lab):
    with Labs(lab) as z:
        z.up("provider-move")
        expect(z.dig("resolver", "www.shop.example", "+short"), r"192\.0\.2\.10")
        expect(z.dig("ns1.new.test", "www.shop.example", "+short", "+norec"), r"198\.51\.100\.10")
        z.run("update", "example.", "delete", "shop", "NS")
        for server in ("ns1", "ns2"):
            z.run("update", "example.", "add", "shop", 60, "NS", f"{server}.new.test.")
        said = z.dig("ns1.example", "shop.example", "NS", "+norec")
        expect(said, r"ns1\.new\.test\.")
        if "old.test" in said:
            raise Failure(said)
        expect(z.dig("resolver", "mail.shop.example", "+short"), r"192\.0\.2\.25")      # not in the cache, and still from the old provider


@test("a signed hierarchy is proved from the root down, what is not there as well, and a change signs its zone again")
def signed(lab):
    require("ldns-signzone", "ldnsutils")
    require("unbound", "unbound")
    with Labs(lab) as z:
        z.up("signed")
        for name, data in (("www.shop.example", "192.0.2.10"), ("x.img.shop.example", "192.0.2.30"), ("www.lab.test", "192.0.2.20")):
            said = z.dig("resolver", name, "+dnssec")
            expect(said, rf"(?s)flags: qr rd ra ad;.*\s{re.escape(data)}\n")
        expect(z.dig("resolver", "nobody.shop.example", "+dnssec"), r"(?s)status: NXDOMAIN.*flags: qr rd ra ad;.*\sNSEC3\s")
        expect(z.dig("resolver", "nobody.lab.test", "+dnssec"), r"(?s)status: NXDOMAIN.*flags: qr rd ra ad;.*\sNSEC\s")
        expect(z.dig("resolver", "www.blog.example", "+dnssec"), r"(?s)flags: qr rd ra;.*192\.0\.2\.80")
        expect(z.dig("resolver", "www.bogus.example"), r"status: SERVFAIL")
        expect(z.dig("believer", "www.bogus.example", "+short"), r"192\.0\.2\.66")
        expect(z.dig("edge", "www.shop.example", "+short"), r"192\.0\.2\.10")
        checked = 0
        for file in sorted(z.dir.glob("*/*.unsigned")):
            tool("ldns-verify-zone", file.with_suffix(".zone"))
            checked += 1
        if checked != 5:
            raise Failure(f"{checked} signed zones")
        expect(z.run("update", "shop.example", "add", "new", 10, "A", "192.0.2.7"), r"serial of shop\.example\.: 1 -> 2")
        expect(z.dig("resolver", "new.shop.example", "+dnssec"), r"(?s)flags: qr rd ra ad;.*192\.0\.2\.7")
        wait_for(lambda: z.serials("shop.example.")["ns2.shop.example"] == 2, "the secondary to get the signed change", 20)
        expect(z.run("update", "shop.example", "add", "new", 10, "A", "192.0.2.7"), r"nothing to change, the serial of shop\.example\. stays 2")
        # The chain below a key that is not the parent's DS is not believed: sign the leaf with another key.
        keys = z.dir / "keys"
        other = tool("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", "shop.example.", cwd=keys).strip()
        for ending in (".key", ".private"):
            (keys / f"{other}{ending}").rename(keys / f"shop.example{ending}")
        z.run("update", "shop.example", "add", "newer", 10, "A", "192.0.2.8")
        wait_for(lambda: "SERVFAIL" in z.dig("resolver", "newer.shop.example"), "the resolver to doubt a foreign key", 30)


OWN_FILE = """$ORIGIN example.
$TTL 60
@         SOA  ns1 hostmaster 7 30 10 3600 10
@         NS   ns1
ns1       A    10.53.0.2
www       A    192.0.2.1
shop      NS   ns1.shop
ns1.shop  A    10.53.0.3
"""

SIGNED_MOVE = """nodes:
  - {name: a.root, kind: authd}
  - {name: ns1.example, kind: authd}
  - {name: ns1.shop.example, kind: authd}
  - {name: ns9.shop.example, kind: authd}
  - {name: resolver, kind: unbound}
zones:
  - {name: ., primary: a.root, signed: nsec}
  - {name: example., primary: ns1.example, signed: nsec3, file: own.zone}
  - {name: shop.example., primary: ns1.shop.example, signed: nsec3, ttl: 3s, records: www A 192.0.2.2}
  - {name: shop.example., primary: ns9.shop.example, standby: yes, signed: nsec, ttl: 3s, records: www A 192.0.2.9}
"""


@test("a zone file of one's own is signed as well, and a signed zone moves to its copy, which has the same key, with the lab's clocks at sixty times the speed")
def signed_move(lab):
    require("ldns-signzone", "ldnsutils")
    require("unbound", "unbound")
    with Labs(lab) as z:
        (z.cwd / "own.zone").write_text(OWN_FILE)
        (z.cwd / "move.yaml").write_text(SIGNED_MOVE)
        z.up_in_net_mode("move.yaml", "--speed", "60")
        expect(z.dig("resolver", "www.example", "+dnssec"), r"(?s)flags: qr rd ra ad;.*192\.0\.2\.1\s")
        expect(z.dig("resolver", "www.shop.example", "+dnssec"), r"(?s)flags: qr rd ra ad;.*192\.0\.2\.2\s")
        expect(z.run("update", "example.", "replace", "shop", 60, "NS", "ns9.shop.example."), r"7 -> 8")
        expect(z.run("update", "example.", "add", "ns9.shop", 60, "A", "10.53.0.4"), r"8 -> 9")
        if (z.cwd / "own.zone").read_text() != OWN_FILE:
            raise Failure("the user's file was changed")
        z.run("kill", "ns1.shop.example")
        wait_for(lambda: re.search(r"(?s)flags: qr rd ra ad;.*192\.0\.2\.9\s", z.dig("resolver", "www.shop.example", "+dnssec", "+time=20")),
                 "the resolver to ask the other copy and to believe it", 30)


@test("fifty zones are signed within seconds, and what the tools say is told when a zone cannot be signed, or they are not there")
def many_signed(lab):
    require("ldns-signzone", "ldnsutils")
    z = Labs(lab)
    zones = "".join(f"  - {{name: z{i}.test., primary: ns, signed: nsec3, records: www A 192.0.2.{i}}}\n" for i in range(60))
    text = (f"port: {z.port}\nnetwork: {z.network}.0\nnodes:\n  - {{name: ns, kind: authd}}\nzones:\n  - {{name: ., primary: ns, signed: nsec}}\n"
            f"  - {{name: test., primary: ns, signed: nsec}}\n{zones}")
    (z.cwd / "many.yaml").write_text(text)
    with z:
        started = time.monotonic()
        z.run("--mode", "loopback", "up", z.cwd / "many.yaml")
        took = time.monotonic() - started
        print(f"# 62 zones signed and served in {took:.1f} s")
        if took > 15 * time_factor():
            raise Failure(f"{took} s")
        expect(z.dig("ns", "z59.test", "DS", "+norec", "+short"), r"(?m)^\d+ 13 2 [0-9A-F ]+$")
        tool("ldns-verify-zone", z.dir / "ns/test.zone")
        if (z.dir / "keys").stat().st_mode & 0o077:
            raise Failure("others may read the keys")
        z.run("down")
    said = subprocess.run(z.command("--mode", "loopback", "up", z.cwd / "many.yaml"), cwd=z.cwd, env={**os.environ, "PATH": str(z.cwd)}, capture_output=True, text=True,
                          timeout=60, check=False)
    if said.returncode != 1 or "cannot find ldns-keygen, which signs zones; apt-get install ldnsutils" not in said.stderr:
        raise Failure(f"{said.returncode} {said.stderr}")
    (z.cwd / "ldns-signzone").write_text("#!/bin/sh\necho no ink >&2\nexit 1\n")
    (z.cwd / "ldns-signzone").chmod(0o755)
    said = subprocess.run(z.command("--mode", "loopback", "up", z.cwd / "many.yaml"), cwd=z.cwd, env={**os.environ, "PATH": f"{z.cwd}:{os.environ['PATH']}"},
                          capture_output=True, text=True, timeout=60, check=False)
    if said.returncode != 1 or "cannot sign zone .: no ink" not in said.stderr:
        raise Failure(f"{said.returncode} {said.stderr}")


@test("fifty secondaries, eight of them in a second row, all get a change")
def fifty(lab):
    with Labs(lab) as z:
        z.up("fifty-secondaries")
        expect(z.run("update", "shop.example", "add", "new", 10, "A", "192.0.2.7", "--at", "all", "--timeout", 30), r"42 of 42 secondaries were seen with it")
        wait_for(lambda: set(z.serials("shop.example.").values()) == {2}, lambda: z.serials("shop.example."), 30)
        if len(z.serials("shop.example.")) != 51:
            raise Failure("not fifty-one servers")


@test("in net mode a topology's links have their delays from the start, and again after heal")
def links(lab):
    def ask(delay):
        """edge1 asks regional1; some milliseconds there and back, the quickest of some times."""
        took = min(int(re.search(r"Query time: (\d+) msec", z.run("exec", "edge1", "dig", "@10.53.0.7", "www.shop.example", "+norec"))[1])
                   for _ in range(6))
        return delay <= took < delay + 30 * time_factor()

    require("dig", "bind9-dnsutils")
    with Labs(lab) as z:
        z.up_in_net_mode("three-tier")
        wait_for(lambda: ask(3), "3 ms to the regional resolver and back", 10)
        z.run("fault", "edge1:regional1", "delay=60ms")
        wait_for(lambda: ask(120), "120 ms", 10)
        z.run("heal")
        wait_for(lambda: ask(3), "3 ms again", 10)


PROGRAMS = {"nsd": "nsd", "knot": "knotd", "bind": "named", "powerdns": "pdns_server", "unbound": "unbound", "knot-resolver": "kresd",
            "bind-resolver": "named", "recursor": "pdns_recursor"}


@test("in net mode every topology whose daemons are there comes up as it is, and every server has what its primary has")
def all_in_net_mode(lab):
    for name in LABS:
        text = (source_top() / f"zones/labs/{name}.yaml").read_text()
        missing = {PROGRAMS[kind] for kind in re.findall(r"kind: ([a-z-]+)", text) if kind in PROGRAMS and not shutil.which(PROGRAMS[kind])}
        if "file:" in text or missing:
            print(f"# without {name}{', which needs ' if missing else ''}{' '.join(sorted(missing))}")
            continue
        with Labs(lab) as z:
            z.up_in_net_mode(name)
            demo = re.search(r"name: (\S+), rdata", text)[1]
            for row in z.status():
                if row["state"] != "ok":
                    raise Failure(f"{name}: {row}")
            resolver = re.findall(r"\{name: (\S+), kind: resolverd", text)[-1]
            expect(z.dig(resolver, demo, "+short"), r"^192\.0\.2\.\d+\n$")


MISTAKES = [      # what is put in place of what in a good topology, and what is said
    ("{node: ns3.test, from: ns2.test}", "{node: ns3.test, from: ns4.test}", r":13:\d+: no version of test\. reaches ns3\.test: those it transfers from go in a circle"),
    ("net-address: 10.9.9.3", "net-address: [10.53.0.1]", r":4:\d+: nodes ns1\.test and ns2\.test have the address 10\.53\.0\.1; expected one for each"),
    ("address: 127.9.9.3", "address: 127.53.0.1", r":5:\d+: nodes ns1\.test and ns3\.test have the address 127\.53\.0\.1; expected one for each"),
    ("primary: ns1.test, secondaries: [ns2.test,", "primary: ns7.test, secondaries: [ns2.test,", r":13:\d+: there is no node ns7\.test; expected the name of one under nodes:"),
    ("primary: ns1.test, secondaries: [ns2.test,", "secondaries: [ns2.test,", r":13:5: zone without \"primary\", expected that key"),
    ("forward: [inner]", "forward: [outer]", r":8:\d+: what outer forwards goes in a circle"),
    ("forward: [inner]", "forward: [ns1.test]", r":8:\d+: node ns1\.test is authd; expected a resolver"),
    ("from: outer, to: inner", "from: outer, to: iner", r":15:\d+: there is no node iner; expected"),
    ("delay: 10ms", "delay: soon", r':15:\d+: delay is "soon", expected'),
    ("kind: resolverd}", "kind: bnd}", r':7:\d+: kind is "bnd", expected'),
    ("signed: nsec", "signed: nsec5", r':12:\d+: signed is "nsec5", expected one of'),
    ("name: ., primary", "name: ., file: no.zone.xz, primary", r":12:5: zone \.: cannot read \S+/no\.zone\.xz: No such file"),
    ("name: ., primary", "name: ., file: no.zone, primary", r":12:5: zone \.: \S*no\.zone"),
]

GOOD = """name: good
nodes:
  - {name: ns1.test, kind: authd}
  - {name: ns2.test, kind: authd, net-address: 10.9.9.3}
  - {name: ns3.test, kind: authd, address: 127.9.9.3}
  - {name: ns4.test, kind: authd}
  - {name: inner, kind: resolverd}
  - {name: outer, kind: resolverd, forward: [inner]}


zones:
  - {name: ., primary: ns1.test, signed: nsec}
  - {name: test., primary: ns1.test, secondaries: [ns2.test, {node: ns3.test, from: ns2.test}, {node: ns4.test, from: ns3.test}]}
links:
  - {from: outer, to: inner, delay: 10ms}
"""


@test("what cannot be is told with its place and what was expected, and nothing is started")
def mistakes(lab):
    z = Labs(lab)
    (z.cwd / "good.yaml").write_text(GOOD)
    z.run("graph", "good.yaml")
    for old, new, pattern in MISTAKES:
        if GOOD.count(old) != 1:
            raise Failure(f"{old} stands {GOOD.count(old)} times in the good one")
        (z.cwd / "bad.yaml").write_text(GOOD.replace(old, new))
        expect(z.run("up", "bad.yaml", expect=2), r"bad\.yaml" + pattern)
        if (z.dir / "lab.json").exists():
            raise Failure(f"{new}: a lab was started")


@test("every topology that needs no foreign daemon comes up, and every server has what its primary has")
def all_up(lab):
    tested = ("three-tier", "hidden-primary", "broken-delegation", "provider-move", "fifty-secondaries")      # above
    for name in LABS:
        text = (source_top() / f"zones/labs/{name}.yaml").read_text()
        if name in tested or "signed:" in text or re.search(r"kind: (?!authd|resolverd)", text):
            continue
        with Labs(lab) as z:
            z.up(name)
            rows = z.status()
            if any(row["state"] != "ok" for row in rows):
                raise Failure(f"{name}: {rows}")


if __name__ == "__main__":
    run_tests()
