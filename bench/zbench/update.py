"""From an UPDATE to four secondaries: when it is acknowledged, and when all four serve it."""
import select
import socket
import statistics
import struct
import time

import dns.message
import dns.update

from zt import Authd, Bind, Knot, Lab, replicate
from zbench.zones import big_zone
from zbench.machine import check, quick, table

SIZES = [10_000] if quick() else [100_000, 1_000_000]
UPDATES = 20 if quick() else 100
PEERS_UPDATES = 5
TARGET_ACK_MS, TARGET_ALL_MS, TARGET_GROWTH = 2.0, 10.0, 1.5


def serial_in(wire):
    """The SOA's serial in an answer of our question's shape; the five numbers end the record, which comes first."""
    message = dns.message.from_wire(wire)
    return message.answer[0][0].serial if message.answer else None


class Watch:
    """Asks secondaries for their serial over and over until all have it."""

    def __init__(self, zone, nodes):
        self.query = dns.message.make_query(zone, "SOA", use_edns=False).to_wire()
        self.socks = []
        for node in nodes:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.connect((node.address, node.port))
            self.socks.append(sock)

    def wait(self, serial, limit_s=30.0):
        waiting, deadline = set(self.socks), time.monotonic() + limit_s
        while waiting:
            for sock in waiting:
                sock.send(self.query)
            asked, until = set(waiting), time.monotonic() + 0.05
            while asked and time.monotonic() < until:
                ready, _, _ = select.select(list(asked), [], [], 0.05)
                for sock in ready:
                    asked.discard(sock)
                    if serial_in(sock.recv(4096)) == serial:
                        waiting.discard(sock)
            if time.monotonic() > deadline:
                raise RuntimeError("a secondary did not get the update")
        return time.monotonic()

    def close(self):
        for sock in self.socks:
            sock.close()


def one_update(sock, zone, number):
    update = dns.update.UpdateMessage(zone)
    update.replace(f"bench{number % 50}", 300, "A", f"192.0.2.{number % 250 + 1}")
    wire = update.to_wire()
    started = time.monotonic()
    sock.send(wire)
    reply = sock.recv(4096)
    acknowledged = time.monotonic()
    if struct.unpack("!H", reply[2:4])[0] & 15:
        raise RuntimeError("the UPDATE was refused")
    return started, acknowledged


def measure(kind, names, updates):
    zone = big_zone(names)
    with Lab() as lab:
        primary = kind(lab, "primary")
        secondaries = [kind(lab, f"secondary{i}") for i in range(4)]
        replicate(zone, primary, secondaries, updates=True)
        lab.start(primary)
        lab.wait_for_serial(zone, [primary], deadline_s=120)
        lab.start(*secondaries)
        lab.wait_for_serial(zone, secondaries, deadline_s=300)
        watch, acks, alls, serial = Watch(zone.name, secondaries), [], [], primary.serial(zone.name)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(10)
            sock.connect((primary.address, primary.port))
            for number in range(updates):
                started, acknowledged = one_update(sock, zone.name, number)
                serial += 1
                alls.append((watch.wait(serial) - started) * 1e3)
                acks.append((acknowledged - started) * 1e3)
        watch.close()
    return {"ack_ms": statistics.median(acks), "all_ms": statistics.median(alls), "all_p99_ms": sorted(alls)[int(len(alls) * 0.99)],
            "updates": updates}


def run():
    """From an UPDATE to its acknowledgement, and to four secondaries"""
    results = {f"authd {names}": measure(Authd, names, UPDATES) for names in SIZES}
    for kind in (Bind, Knot):
        results[f"{kind.kind} {SIZES[0]}"] = measure(kind, SIZES[0], PEERS_UPDATES)
    table(["servers, records", "acknowledged ms", "at all four ms", "p99 ms"],
          [[name, f"{r['ack_ms']:.2f}", f"{r['all_ms']:.2f}", f"{r['all_p99_ms']:.2f}"] for name, r in results.items()])
    small, large = results[f"authd {SIZES[0]}"], results[f"authd {SIZES[-1]}"]
    growth = max(large["ack_ms"] / small["ack_ms"], large["all_ms"] / small["all_ms"])
    return {"servers": results, "growth": growth,
            "checks": [check("ms until acknowledged", small["ack_ms"], TARGET_ACK_MS), check("ms until at all four", small["all_ms"], TARGET_ALL_MS),
                       check(f"growth to {SIZES[-1]:,} records", growth, TARGET_GROWTH)]}
