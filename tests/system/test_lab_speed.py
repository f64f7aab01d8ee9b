"""zonelab --speed: a lab whose clocks run sixty times as fast, with every kind of daemon that is there."""
import json
import os
import re
import time
from datetime import datetime

from zt import Failure, LabClock, Skip, run_tests, test, wait_for
from zt.lab import time_factor
from zt.node import require
from zt.zonelab import Zonelab

SPEED = 60
TTL_S, EXPIRE_S = 600, 300      # of the lab
KINDS = {      # of the topology, in its order -> program, Debian's package
    "nsd": ("nsd", "nsd"), "knot": ("knotd", "knot"), "bind": ("named", "bind9"), "powerdns": ("pdns_server", "pdns-server"),
    "unbound": ("unbound", "unbound"), "knot-resolver": ("kresd", "knot-resolver"), "bind-resolver": ("named", "bind9"), "recursor": ("pdns_recursor", "pdns-recursor"),
}
SERVERS = ("nsd", "knot", "bind", "powerdns")
HEAD = """name: fast
port: {port}
network: {network}.0
nodes:
  - {{name: ns1.test, kind: authd}}
"""
ZONES = """zones:
  - {{name: ., primary: ns1.test, ttl: 1d}}
  - {{name: test., primary: ns1.test, secondaries: [{servers}], ttl: %ds, refresh: 60s, retry: 30s, expire: %ds, records: "www A 192.0.2.10\\n"}}
demo: {{zone: test., name: www.test., rdata: 192.0.2.99}}
""" % (TTL_S, EXPIRE_S)


class Fast(Zonelab):
    def __init__(self, lab, nodes, servers=(), mode="loopback", prefix=()):
        """`nodes`: name -> kind, beside the primary; `servers`: the secondaries among them."""
        text = HEAD + "".join(f"  - {{{{name: {name}, kind: {kind}}}}}\n" for name, kind in nodes.items()) + ZONES
        super().__init__(lab, text.replace("{servers}", ", ".join(servers)), mode=mode)
        self.prefix = prefix

    def command(self, *words):
        command = super().command(*words)
        return command[:-len(words)] + ["--speed", str(SPEED)] * (words[0] in ("up", "demo")) + command[-len(words):]

    def up(self):
        try:
            return self.run("up", self.topology)
        except Failure as error:
            if "net mode is not possible here" in str(error):
                raise Skip("no net mode here") from error
            raise

    def state(self):
        return self.ask("state")["result"]

    def address(self, name):
        return next(row for row in self.state()["nodes"] if row["name"] == name)["addresses"][0]

    def dig(self, name, *words):
        """What dig prints, which lives by the lab's clock, too: its five seconds are soon over."""
        return self.run("dig", name, *words, "+timeout=300")

    def ttl(self, name):
        """Of www.test. at a resolver, and when it was told."""
        said = self.dig(name, "www.test.", "A")
        record = re.search(r"^www\.test\.\s+(\d+)\s+IN\s+A\s", said, re.MULTILINE)
        assert record, said
        return time.monotonic(), int(record[1])


def kinds_that_are_there():
    LabClock.library()
    found = []
    for kind, (program, package) in KINDS.items():
        try:
            require(program, package)
            found.append(kind)
        except Skip as reason:
            print(f"# left out: {reason}")
    return found


def check_clocks(fast):
    """Programs that are run for nodes, ours and others, have the lab's time."""
    speed, epoch = json.loads((fast.dir / "lab.json").read_text())["clock"].split("@")
    assert speed == str(SPEED)
    for now in (lambda: int(fast.run("exec", "ns1.test", "date", "+%s")),
                lambda: datetime.fromisoformat(re.search(r"^clock +(\S+)", fast.run("exec", "ns1.test", "zonectl", "status"), re.MULTILINE)[1]).timestamp()):
        told, expected = now(), float(epoch) + (time.time() - float(epoch)) * SPEED
        assert -2 * SPEED * time_factor() < told - expected <= 2, f"{told}, expected {expected}"


def check_programs(fast):
    """What is run for a node sleeps and tells the time by the lab's clock, also what that starts; nothing is left of it."""
    if os.geteuid() == 0:
        assert fast.run("exec", "ns1.test", "sh", "-c", "ls /dev/shm | grep -v faketime; true") == ""
    began = time.monotonic()
    first, second = map(int, fast.run("exec", "ns1.test", "sh", "-c", "date +%s; sleep 60; exec date +%s").split())
    assert 60 <= second - first < 60 + SPEED * time_factor() and time.monotonic() - began < 5 * time_factor(), f"{second - first} s"


def check_ttls(fast, resolvers):
    first = {name: fast.ttl(name) for name in resolvers}
    for name, (at, ttl) in first.items():
        got = []

        def counts_down(name=name, at=at, ttl=ttl, got=got):
            now, left = fast.ttl(name)
            got.append((now - at, left))
            return now - at > 1 and abs((ttl - left) - (now - at) * SPEED) < 0.4 * SPEED * time_factor()
        wait_for(counts_down, lambda name=name, ttl=ttl, got=got: f"{name} to count {ttl} down: {got[:5]}", TTL_S / SPEED)


@test("REFRESH, EXPIRE, TTLs and the wall clock of every kind run 60 times as fast, and what does not is said")
def every_kind(lab):
    kinds, mode = kinds_that_are_there(), "net"
    try:
        with Fast(lab, {}, mode="net") as trial:
            trial.up()
    except Skip:
        # Alone on addresses that no interface shows BIND does not listen; Knot Resolver asks its servers anew each time where they have another port than 53.
        kinds, mode = [kind for kind in kinds if kind not in ("bind", "bind-resolver", "knot-resolver")], "loopback"
    servers = [kind for kind in kinds if kind in SERVERS]
    resolvers = [kind for kind in kinds if kind not in SERVERS]
    with Fast(lab, {**{kind: kind for kind in kinds}, "ns2.test": "authd", "resolverd": "resolverd"}, [*servers, "ns2.test"], mode) as fast:
        said = fast.up()
        assert f"{mode} mode, clocks 60 times as fast" in said
        assert ("at 60 times the speed: PowerDNS (powerdns): EXPIRE has no effect" in said) == ("powerdns" in kinds), said
        assert ("PowerDNS Recursor (recursor): its wall clock is a year behind" in said) == ("recursor" in kinds), said
        assert said.count("times the speed:") == len({"powerdns", "recursor"} & set(kinds)), said
        assert fast.state()["speed"] == SPEED
        check_clocks(fast)
        check_programs(fast)
        # What is foretold goes with what is measured, in real seconds: at least the TTL's, and not sixty times that.
        bound = wait_for(lambda: fast.state().get("prediction"), "a prediction")["bound"]
        assert TTL_S / SPEED <= bound < TTL_S / 4, bound
        check_ttls(fast, [*resolvers, "resolverd"])
        # What libfaketime leaves in shared memory must end with the process, however that ends.
        if os.geteuid() == 0:
            assert all(os.stat(f"/proc/{fast.pid(kind)}/root/dev/shm").st_dev != os.stat("/dev/shm").st_dev for kind in kinds)
        fast.run("kill", "ns1.test")
        killed = time.monotonic()
        gone = {}

        def all_gone():
            for name in [*servers, "ns2.test"]:
                if name not in gone and name != "powerdns" and "status: SERVFAIL" in fast.dig(name, "test.", "SOA", "+norec"):
                    gone[name] = time.monotonic() - killed
            return len(gone) == len(servers) + 1 - ("powerdns" in servers)
        wait_for(all_gone, lambda: f"the zone to expire everywhere; it did at {gone}", EXPIRE_S / SPEED + 2)
        # At most REFRESH, a second, before its end the primary was heard of.
        assert min(gone.values()) > EXPIRE_S / SPEED - 2, gone


WITHOUT_LIBRARY = 'for folder in /usr/lib/*/faketime; do mount -t tmpfs none "$folder" || exit 125; done; exec "$@"'


@test("without libfaketime the other daemons keep real time, which is said with the package")
def no_library(lab):
    require("unbound", "unbound")
    LabClock.library()
    if os.geteuid() != 0:
        raise Skip("needs root, to hide the library")
    with Fast(lab, {"unbound": "unbound"}, prefix=[require("unshare", "util-linux"), "-m", "sh", "-c", WITHOUT_LIBRARY, "sh"]) as fast:
        said = fast.up()
        assert "at 60 times the speed: Unbound (unbound): real time, for libfaketime is missing: apt-get install faketime\n" in said, said
        assert said.count("times the speed:") == 1, said
        at, ttl = fast.ttl("unbound")
        wait_for(lambda: fast.ttl("unbound")[1] < ttl, "a second to pass at Unbound", 5)
        now, left = fast.ttl("unbound")
        assert ttl - left < now - at + 2, f"{ttl - left} s passed within {now - at}"


@test("the demo tells of the lab's seconds, and ends sixty times as soon")
def demo(lab):
    with Fast(lab, {"ns2.test": "authd", "resolverd": "resolverd"}, ["ns2.test"]) as fast:
        began = time.monotonic()
        said = fast.run("demo", fast.topology)
        took = time.monotonic() - began
        measured = float(re.search(r"the last cache has it +(\d+\.\d+)", said)[1])
        # The TTL began when the caches were filled, a moment before the change.
        assert TTL_S - SPEED * 2 * time_factor() < measured <= TTL_S + SPEED * time_factor(), said
        assert took > measured / SPEED and "within the bound" in said, f"{took:.1f} s:\n{said}"


@test("weather is of the lab's time: a delay of six seconds takes a tenth of one")
def weather(lab):
    require("dig", "bind9-dnsutils")
    with Fast(lab, {"ns2.test": "authd"}, ["ns2.test"], mode="net") as fast:
        fast.up()
        fast.run("fault", "ns1.test:ns2.test", "delay=6s")
        began = time.monotonic()
        said = fast.run("exec", "ns2.test", "dig", "+timeout=600", "+tries=1", "@" + fast.address("ns1.test"), "test.", "SOA")
        took = time.monotonic() - began
        assert "status: NOERROR" in said and 0.2 <= took < 2 * time_factor(), f"{took:.3f} s:\n{said}"
        told = int(re.search(r"Query time: (\d+) msec", said)[1]) / 1000
        assert 12 <= told < 60, f"dig tells of {told} s, expected twice 6 and a bit"


@test("--speed takes a whole number up to 1000, and is for labs that are to start")
def wrong_speeds(lab):
    fast = Zonelab(lab, HEAD)
    for wrong in ("0", "1001", "-1", "1.5", "60x", "fast", ""):
        said = fast.run("--speed", wrong, "up", fast.topology, expect=2)
        assert said == f"zonelab: --speed: expected how many times as fast, a whole number from 1 to 1000, not {wrong or 'nothing'}; see zonelab -h\n", said
    assert "--speed is for up, demo and run, not for status" in fast.run("--speed", "60", "status", expect=2)


if __name__ == "__main__":
    run_tests()
