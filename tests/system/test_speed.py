"""Labs whose clocks run sixty times as fast: our daemons by their own clock, the others by libfaketime, one wall clock for all.

The lab's time is a month ahead from the start: who lived by real time would see signatures of messages and zones from the future.
"""
import subprocess
import time

import dns.rcode

from zt import (Authd, Bind, BindResolver, Hierarchy, Key, Knot, KnotResolver, LabClock, Nsd, Pdns, Recursor, Resolverd, SignedZone, Skip, Unbound, Validator,
                Zone, ask, built, replicate, run_tests, test, wait_for, zonectl)
from zt.lab import time_factor

SPEED = 60
MONTH_S = 30 * 86400
REFRESH_S, EXPIRE_S, TTL_S = 3.0, 6.0, 4.0      # in real time
MARGIN_S = 1.5                                    # for what the machine takes


def lab_seconds(real):
    return int(real * SPEED)


def slow_zone(name, *lines):
    """Of which nothing happens within the test where its timers run by real time."""
    return Zone(name, ["@ NS ns", "ns A 192.0.2.1", *lines], refresh=lab_seconds(REFRESH_S), retry=lab_seconds(1), expire=lab_seconds(EXPIRE_S),
                ttl=lab_seconds(TTL_S))


def begin(lab):
    lab.clock = LabClock(SPEED, MONTH_S)


def silence(primary, zone):
    """The primary tells nobody of changes: secondaries find out when REFRESH has passed."""
    primary.zones[zone.name].secondaries = []


def nodes_of(lab, kinds):
    """One node of each kind whose program is there; the others are named."""
    nodes = []
    LabClock.library()
    for kind in kinds:
        try:
            nodes.append(kind(lab))
        except Skip as reason:
            print(f"# left out: {reason}")
    return nodes


def follow_and_expire(lab, zone, primary, secondaries, immortal=()):
    """Signed transfers work; a change comes when REFRESH has passed; without the primary the zone ends when EXPIRE has passed."""
    lab.wait_for_serial(zone, secondaries)
    zone.change(add=["new A 192.0.2.2"])
    primary.reload_zone(zone)
    lab.wait_for_serial(zone, secondaries, deadline_s=REFRESH_S + MARGIN_S)
    primary.kill()
    killed = time.monotonic()
    gone = {}

    def all_gone():
        for node in secondaries:
            if node not in gone and node not in immortal and node.serial(zone.name) is None:
                gone[node] = time.monotonic() - killed
        return len(gone) == len(secondaries) - len(immortal)
    wait_for(all_gone, lambda: f"the zone to expire at all of them; it did at {[node.name for node in gone]}", EXPIRE_S + MARGIN_S)
    for node, after in gone.items():
        # Any refresh between the last one and the primary's end has put it off.
        assert after > EXPIRE_S - REFRESH_S - MARGIN_S, f"{node.name} lost the zone {after:.1f} s after the primary"
    for node in immortal:
        assert node.serial(zone.name) == zone.serial, f"{node.name} is known to keep zones for ever"


def ttl_of(node, name):
    answer = ask(node, name, rd=True).answer
    return time.monotonic(), answer[0].ttl if answer else None


def ttls_pass(resolvers, name):
    """Caches count the TTL down and forget, sixty times as fast."""
    first = {node: ttl_of(node, name) for node in resolvers}
    for node, (_, ttl) in first.items():
        assert ttl in (lab_seconds(TTL_S), lab_seconds(TTL_S) - 1), f"{node.name} begins with {ttl}"
    for node, (at, ttl) in first.items():
        def has_passed(node=node, at=at, ttl=ttl):
            now, left = ttl_of(node, name)
            passed = (now - at) * SPEED
            assert abs(ttl - passed - left) < 0.3 * SPEED * time_factor(), f"{node.name}: after {passed:.0f} s of {ttl} {left} are left"
            return passed > 100
        wait_for(has_passed, f"the TTL at {node.name} to pass", 5)
    for node, (at, ttl) in first.items():
        wait_for(lambda node=node: ttl_of(node, name)[1] > lab_seconds(TTL_S) - 60, f"{node.name} to ask again",
                 max(0.1, at + TTL_S - time.monotonic()) + MARGIN_S)


@test("authd and resolverd: TSIG, REFRESH, EXPIRE and TTLs at 60 times the speed")
def ours(lab):
    begin(lab)
    hierarchy = Hierarchy()
    primary, secondary = Authd(lab), Authd(lab)
    primary.key = secondary.key = Key("lab.example")
    hierarchy.add(".", [primary])
    zone = replicate(slow_zone("example.", "www A 192.0.2.80"), primary, [secondary])
    hierarchy.zones["."].lines += ["example. 86400 IN NS ns.example.", f"ns.example. 86400 IN A {primary.address}"]
    hierarchy.servers["example."] = [primary]
    silence(primary, zone)
    resolver = Resolverd(lab, hierarchy)
    lab.start()
    for node in (primary, secondary, resolver):
        status = zonectl(node, "status")
        assert status["clock_speed"] == SPEED
        told = time.mktime(time.strptime(status["clock"] + "UTC", "%Y-%m-%dT%H:%M:%SZ%Z")) - time.timezone
        assert abs(told - lab.clock.now()) < SPEED * MARGIN_S, f"{node.name} thinks it is {status['clock']}"
        assert "60 times as fast as real time" in node.log() and "not for production" in node.log()
    ttls_pass([resolver], "www.example.")
    follow_and_expire(lab, zone, primary, [secondary])


@test("NSD, Knot, BIND and PowerDNS as secondaries of authd: TSIG, REFRESH and EXPIRE at 60 times the speed")
def other_secondaries(lab):
    begin(lab)
    primary = Authd(lab)
    secondaries = nodes_of(lab, [Nsd, Knot, Bind, Pdns])
    primary.key = Key("lab.example")
    for node in secondaries:
        node.key = primary.key
    zone = replicate(slow_zone("example."), primary, secondaries)
    silence(primary, zone)
    lab.start()
    follow_and_expire(lab, zone, primary, secondaries, [node for node in secondaries if node.kind == "pdns"])


class KeepingKnotResolver(KnotResolver):
    stub_policy = "FORWARD"


@test("Unbound, BIND, Knot Resolver and Recursor: TTLs at 60 times the speed")
def other_resolvers(lab):
    begin(lab)
    hierarchy = Hierarchy()
    server = Authd(lab)
    hierarchy.add(".", [server])
    hierarchy.add("example.", [server], ["www A 192.0.2.80"], ttl=lab_seconds(TTL_S))
    resolvers = nodes_of(lab, [lambda lab, kind=kind: kind(lab, hierarchy) for kind in (Unbound, BindResolver, KeepingKnotResolver, Recursor)])
    lab.start()
    ttls_pass(resolvers, "www.example.")


class StrictValidator(Validator):
    """Gives signatures no time beyond their own."""

    def write_config(self):
        super().write_config()
        self.write("unbound.conf", self.path("unbound.conf").read_text() + "server:\n\tval-sig-skew-min: 0\n\tval-sig-skew-max: 0\n")


@test("signatures of a zone are valid, and end, by the lab's clock")
def signatures(lab):
    begin(lab)
    stamp = lambda when: time.strftime("%Y%m%d%H%M%S", time.gmtime(when))      # noqa: E731
    zone = Zone("example.", ["@ NS ns", "ns A 192.0.2.1", "www A 192.0.2.80"], ttl=60)
    until = lab.clock.now() + lab_seconds(6)
    signed = SignedZone(lab.folder, zone, "-i", stamp(lab.clock.now() - 86400), "-e", stamp(until))
    server = Authd(lab)
    replicate(signed, server, [])
    LabClock.library()
    validator = StrictValidator(lab, server, signed)
    lab.start()

    def rcode():
        return dns.rcode.to_text(ask(validator, "www.example.", rd=True).rcode())
    assert rcode() == "NOERROR", validator.log_end(5)
    wait_for(lambda: rcode() == "SERVFAIL", "signatures to end", 6 + MARGIN_S)
    assert lab.clock.now() >= until, "they ended too early"


def zonesync(variables, *words):
    return subprocess.run([built("zonesync/zonesync"), *words], env=variables, capture_output=True, text=True, timeout=30, check=False)


@test("zonesync with a key needs the lab's clock, and has it of the environment")
def signed_tools(lab):
    begin(lab)
    server = Authd(lab)
    server.key = Key("lab.example")
    replicate(slow_zone("example."), server, [])
    (lab.folder / "key").write_text(server.key.for_bind())
    lab.start()
    pull = ["--timeout", "300", "-k", str(lab.folder / "key"), "pull", server.where(), "example.", "-o", "-"]
    run = zonesync(lab.clock.for_ours(), *pull)
    assert run.returncode == 0 and "192.0.2.1" in run.stdout, run
    run = zonesync({}, *pull)
    assert run.returncode == 1 and "BADTIME" in run.stderr, run


@test("a clock that is none ends a daemon with what was expected")
def wrong_clock(lab):
    node = Authd(lab)
    node.write_config()
    run = subprocess.run(node.command(), env={"ZONETIDE_CLOCK": "60"}, capture_output=True, text=True, timeout=20, check=False)
    assert run.returncode == 2 and "expected SPEED@EPOCH, such as 60@1764036000.5" in run.stderr, run
    run = zonesync({"ZONETIDE_CLOCK": "x"}, "verify", "127.0.0.1/example.", "127.0.0.2")
    assert run.returncode == 2 and "expected SPEED@EPOCH" in run.stderr, run


if __name__ == "__main__":
    run_tests()
