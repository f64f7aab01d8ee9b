"""authd with more to do than it can: floods of queries, changes meanwhile, reloads under load, very many zones."""
import re
import select
import signal
import socket
import struct
import time

import dns.message
import dns.query
import dns.rcode
import dns.update

from zt import Authd, Failure, ask, flood, replicate, run_tests, sample_zone, test, wait_for
from zt.lab import time_factor
from zt.zones import Role, Zone

HOSTS = 10000                       # host1 to host9999; the flood asks for those of four digits
NAMES = {"pattern": "host%d.example.", "first": 1000, "count": 9000}
RATES = (20_000, 60_000, 120_000, 240_000, 480_000)
LEAST_KEPT = 0.5                    # of the peak; bench/run has the strict target, on a machine of its own
ATTEMPTS = 3
VISIBLE_S = 5.0                     # a change during a flood, on a busy machine
ZONE = "example."


def flooded(node, rate, seconds=0.5):
    return flood.finish(flood.start(node, rate, seconds, **NAMES))


def start_with_hosts(lab, **options):
    node = Authd(lab)
    zone = replicate(sample_zone(ZONE, hosts=HOSTS), node, [], **options)
    lab.start()
    return node, zone


@test("at three times the load it can take, authd goes on answering")
def overload(lab):
    node, _ = start_with_hosts(lab)
    kept = []
    for _ in range(ATTEMPTS):
        peak = max(flooded(node, rate)["goodput_qps"] for rate in RATES)
        found = flooded(node, max(3 * peak, RATES[-1]), 1.0)
        kept.append(found["goodput_qps"] / peak)
        if kept[-1] >= LEAST_KEPT:
            break
    assert kept[-1] >= LEAST_KEPT, f"answered {kept} of the peak"
    # And when it is over, everything is as before.
    wait_for(lambda: ask(node, f"host1.{ZONE}").rcode() == dns.rcode.NOERROR, "an answer after the flood")


@test("an UPDATE is acknowledged and seen during a flood")
def update_during_flood(lab):
    node, _ = start_with_hosts(lab, updates=True)
    process = flood.start(node, 1_000_000, 4 * time_factor(), **NAMES)
    changes = 0
    while process.poll() is None:
        changes += 1
        started = time.monotonic()
        change = dns.update.UpdateMessage(ZONE)
        change.replace("changed", 60, "TXT", f"number-{changes}")
        # By TCP: what comes by UDP takes its chance with the flood.
        reply = dns.query.tcp(change, node.address, port=node.port, timeout=30)
        assert reply.rcode() == dns.rcode.NOERROR, reply
        wait_for(lambda: f"number-{changes}" in str(ask(node, f"changed.{ZONE}", "TXT", tcp=True, timeout_s=30).answer), f"change {changes}")
        took = time.monotonic() - started
        assert took < VISIBLE_S * time_factor(), f"change {changes} took {took:.1f} s"
    found = flood.finish(process)
    assert changes > 1 and found["answered"] > 0, (changes, found)


class Asker:
    """Asks under every id once, at a steady rate, and keeps book of what was answered."""

    def __init__(self, node, count, rate):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.connect((node.address, node.port))
        self.questions = [dns.message.make_query(f"host{i}.{ZONE}", "A", use_edns=False, id=0).to_wire()[2:] for i in range(1, 1000)]
        self.count, self.rate, self.sent, self.answered, self.bad = count, rate, 0, set(), 0
        self.started = time.monotonic()

    def take(self, wait_s):
        while select.select([self.sock], [], [], wait_s)[0]:
            answer = self.sock.recv(4096)
            self.answered.add(struct.unpack_from("!H", answer)[0])
            self.bad += answer[3] & 15 != 0 or answer[6:8] != b"\0\1"
            wait_s = 0

    def step(self):
        """Sends what is due. False when all has been sent."""
        due = min(int((time.monotonic() - self.started) * self.rate), self.count)
        while self.sent < due:
            self.sock.send(struct.pack("!H", self.sent) + self.questions[self.sent % len(self.questions)])
            self.sent += 1
        self.take(0.001)
        return self.sent < self.count

    def missing(self, deadline_s):
        end = time.monotonic() + deadline_s
        while len(self.answered) < self.sent and time.monotonic() < end:
            self.take(0.05)
        self.sock.close()
        return sorted(set(range(self.sent)) - self.answered)


@test("a reload under load loses no query")
def reload_under_load(lab):
    node, zone = start_with_hosts(lab)
    reloads, seen = 0, zone.serial
    asker = Asker(node, count=20000, rate=4000 / time_factor())
    while asker.step():
        if seen == zone.serial and asker.sent < asker.count * 0.9:
            zone.change(add=[f"reloaded{reloads} A 192.0.2.9"])
            node.write_zone(zone)
            node.signal(signal.SIGHUP)
            reloads += 1
        elif asker.sent % 100 == 0:
            seen = node.serial(ZONE)
    missing = asker.missing(10 * time_factor())
    lab.wait_for_serial(zone, [node])
    assert not missing and not asker.bad, f"{len(missing)} of {asker.sent} queries without an answer, such as {missing[:5]}; {asker.bad} bad answers"
    assert reloads >= 2, reloads


@test("a start with very many zones serves them all and tells of them in one line")
def many_zones(lab):
    node, count = Authd(lab), 1500
    for i in range(count):
        zone = Zone(f"zone{i}.example.", ["@ NS ns", "ns A 192.0.2.1", f"www A 10.0.{i >> 8}.{i & 255}"])
        node.zones[zone.name] = Role(zone)
    node.write_config()
    node.write("zone7.example.zone", "broken\n")
    for told in ("0 from the journal, 1499 from their files, 0 to be transferred, 1 failed", "1499 from the journal, 0 from their files, 0 to be transferred, 1 failed"):
        mark = len(node.log())
        node.start_process()
        node.wait_until_ready()
        log = node.log()[mark:]
        assert f"zones: {told}" in log, log
        assert len(re.findall(r"zone zone\d+\.example", log)) <= 2, log      # of the broken one
        for i in (0, 7, count - 1):
            expected = dns.rcode.SERVFAIL if i == 7 else dns.rcode.NOERROR
            answer = ask(node, f"www.zone{i}.example.")
            assert answer.rcode() == expected, answer
        if node.stop() != 0:
            raise Failure("authd did not stop cleanly")


if __name__ == "__main__":
    run_tests()
