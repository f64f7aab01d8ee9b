"""Starting: from exec to the first answer, and the memory taken, with one large zone and with very many small ones."""
import os
import random
import select
import socket
import statistics
import time

import dns.message
import dns.query
import dns.update

from zt import Bind, Lab, wait_for
from zt.zones import Role, ZoneText
from zbench.load import CLIENT_CORE
from zbench.machine import check, memory_mib, peak_mib, peak_reset, quick, rss_mib, table
from zbench.servers import LeanAuthd, LeanKnot, LeanNsd
from zbench.zones import big_zone, small_zones

MILLION, MANY, VERY_MANY = (100_000, 2_000, 10_000) if quick() else (1_000_000, 20_000, 100_000)
LOADS, RESTARTS = (1, 3) if quick() else (3, 7)
POLL_S = 0.0005
YOUNG_S = 1.2         # a zone file that is younger when it is read is read again by the next start
SAMPLE = 200
DEADLINE_S = 300


class Poller:
    """Asks a server over and over until it answers: a question every half a millisecond."""

    def __init__(self, node):
        self.node = node
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.connect((node.address, node.port))

    def answered(self, question, wait_s):
        """Whether a good answer came: NOERROR with a record."""
        try:
            self.sock.send(question)
            if not select.select([self.sock], [], [], wait_s)[0]:
                return False
            answer = self.sock.recv(4096)
        except ConnectionRefusedError:      # nobody there yet
            return False
        return answer[3] & 15 == 0 and answer[6:8] != b"\0\0"

    def wait(self, name):
        question, deadline = dns.message.make_query(name, "A", use_edns=False).to_wire(), time.monotonic() + DEADLINE_S
        while not self.answered(question, POLL_S):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.node.name} does not answer; its log ends with:\n{self.node.log_end(10)}")

    def close(self):
        self.sock.close()


def first_answer(node, names):
    """Starts the node; seconds until it has answered for all the names."""
    poller, core = Poller(node), os.sched_getaffinity(0)
    try:
        started = time.monotonic()
        node.start_process()
        os.sched_setaffinity(0, {CLIENT_CORE})
        for name in names:
            poller.wait(name)
        return time.monotonic() - started
    finally:
        os.sched_setaffinity(0, core)
        poller.close()


def prepare(lab, kind, zones, **options):
    node = kind(lab, kind.kind)
    node.zones.update((zone.name, Role(zone, **options)) for zone in zones)
    node.write_config()
    time.sleep(YOUNG_S)
    return node


def show(results):
    columns = list(dict.fromkeys(key for result in results.values() for key in result))
    table(["server", *columns], [[name, *(f"{result[key]:.2f}" if key in result else "" for key in columns)] for name, result in results.items()])


def starts(kinds, zones, names, rounds):
    """Servers take turns in starting afresh: medians of seconds and MiB."""
    samples = {kind.kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind in kinds:
            with Lab() as lab:
                node = prepare(lab, kind, zones)
                seconds = first_answer(node, names)
                found = {"start s": seconds, "PSS MiB": memory_mib(node.process.pid)}
                if kind is LeanAuthd:
                    node.stop()
                    found["restart s"] = first_answer(node, names)
                    found["restart PSS MiB"] = memory_mib(node.process.pid)
                samples[kind.kind].append(found)
    return {name: {key: statistics.median(sample[key] for sample in found) for key in found[0]} for name, found in samples.items()}


def load():
    """From exec to the first answer, and PSS, with 1,000,000 A records from text"""
    results = starts((LeanAuthd, LeanNsd, LeanKnot, Bind), [big_zone(MILLION)], [f"host{MILLION - 1}.example."], LOADS)
    show(results)
    ours = results["authd"]
    return {"servers": results, "checks": [
        check("seconds until 1,000,000 records answer, of NSD's", ours["start s"] / results["nsd"]["start s"], 0.33),
        check("MiB for 1,000,000 records, the larger of start and restart", max(ours["PSS MiB"], ours["restart PSS MiB"]), 100)]}


def zones20k():
    """Start and PSS with 20,000 zones of 8 records"""
    return many(MANY, (LeanAuthd, LeanNsd, LeanKnot, Bind), 50)


def zones100k():
    """the same with 100,000 zones"""
    return many(VERY_MANY, (LeanAuthd, LeanNsd, LeanKnot), None)


def many(count, kinds, limit_mib):
    zones = small_zones(count)
    chance = random.Random(1)
    names = [f"www.zone{i}.example." for i in [count - 1, *(chance.randrange(count) for _ in range(SAMPLE))]]
    results = starts(kinds, zones, names, LOADS if limit_mib else 1)
    show(results)
    ours = results["authd"]
    checks = [] if not limit_mib or quick() else [
        check(f"seconds until {count:,} zones answer, of NSD's", ours["start s"] / results["nsd"]["start s"], 1.0),
        check(f"MiB for {count:,} zones, the larger of start and restart", max(ours["PSS MiB"], ours["restart PSS MiB"]), limit_mib)]
    return {"servers": results, "checks": checks}


def restart():
    """From exec to the first answer again, with 1,000,000 A records in the state-dir"""
    with Lab() as lab:
        node = prepare(lab, LeanAuthd, [big_zone(MILLION)])
        names = [f"host{MILLION - 1}.example."]
        first_answer(node, names)
        if not quick():      # a small zone gets no image
            wait_for(lambda: list(node.path("state").glob("*.image")), "the image", 60)
        times = []
        for _ in range(RESTARTS):
            node.stop()
            times.append(first_answer(node, names) * 1e3)
    middle = statistics.median(times)
    print(f"median {middle:.1f} ms; all: {', '.join(f'{t:.1f}' for t in times)}")
    return {"ms": times, "checks": [] if quick() else [check("ms until 1,000,000 records answer after a restart", middle, 50)]}


def reload():
    """Memory of a full reload that changes 10 of 1,000,000 records, and of an UPDATE of 100"""
    zone = big_zone(MILLION)
    with Lab() as lab:
        node = prepare(lab, LeanAuthd, [zone], updates=True)
        first_answer(node, [f"host{MILLION - 1}.example."])
        steady = settled_mib(node)
        node.write(node.zones[zone.name].file, changed_text(zone, 10))
        peak_reset(node.process.pid)
        node.reload()
        lab.wait_for_serial(ZoneText(zone.name, 2, ""), [node], deadline_s=60)
        peak, after = peak_mib(node.process.pid), settled_mib(node)
        update = dns.update.UpdateMessage(zone.name)
        for i in range(100):
            update.replace(f"host{i * 997 % MILLION}", 300, "A", "192.0.2.99")
        peak_reset(node.process.pid)
        dns.query.tcp(update, node.address, port=node.port, timeout=10)
        grown = peak_mib(node.process.pid) - after
    print(f"resident {steady:.1f} MiB; peak of the reload {peak:.1f}; afterwards {after:.1f}; an UPDATE of 100 records adds at most {grown:.2f}")
    return {"steady": steady, "peak": peak, "after": after, "update": grown, "checks": [
        *([] if quick() else [check("peak of a reload that changes little, of the steady state", peak / steady, 1.3)]),
        check("MiB added by an UPDATE of 100 of 1,000,000 records", grown, 2.0)]}


def settled_mib(node):
    """Resident memory once it does not change any more: images are written and memory is given back in the background."""
    seen = []

    def is_settled():
        seen.append(rss_mib(node.process.pid))
        return len(seen) > 20 and max(seen[-20:]) - min(seen[-20:]) < 0.3
    wait_for(is_settled, "memory to settle", 60, pause_s=0.2)
    return seen[-1]


def changed_text(zone, count):
    """The text with another serial and other addresses in some lines, spread over the zone."""
    lines = zone.text().replace(" 1 3600 ", " 2 3600 ", 1).splitlines(keepends=True)
    for i in range(count):
        at = len(lines) // count * i + 10
        lines[at] = lines[at].rpartition(" ")[0] + " 192.0.2.77\n"
    return "".join(lines)


PARTS = {"reload": reload, "load": load, "restart": restart, "zones20k": zones20k, "zones100k": zones100k}
