"""Starting: from exec to the first answer, and the memory taken, with one large zone and with very many small ones."""
import os
import random
import select
import socket
import statistics
import time

import dns.message

from zt import Bind, Lab
from zt.zones import Role
from zbench.load import CLIENT_CORE
from zbench.machine import check, memory_mib, quick, table
from zbench.servers import LeanAuthd, LeanKnot, LeanNsd
from zbench.zones import big_zone, small_zones

MILLION, MANY, VERY_MANY = (100_000, 2_000, 10_000) if quick() else (1_000_000, 20_000, 100_000)
LOADS, RESTARTS = (1, 3) if quick() else (3, 7)
POLL_S = 0.0005
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


def prepare(lab, kind, zones):
    node = kind(lab, kind.kind)
    node.zones.update((zone.name, Role(zone)) for zone in zones)
    node.write_config()
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
    checks = [check(f"seconds until {count:,} zones answer, of NSD's", ours["start s"] / results["nsd"]["start s"], 1.0)]
    if limit_mib:
        checks.append(check(f"MiB for {count:,} zones, the larger of start and restart", max(ours["PSS MiB"], ours["restart PSS MiB"]), limit_mib))
    return {"servers": results, "checks": checks}


def restart():
    """From exec to the first answer again, with 1,000,000 A records in the state-dir"""
    with Lab() as lab:
        node = prepare(lab, LeanAuthd, [big_zone(MILLION)])
        names = [f"host{MILLION - 1}.example."]
        first_answer(node, names)
        times = []
        for _ in range(RESTARTS):
            node.stop()
            times.append(first_answer(node, names) * 1e3)
    middle = statistics.median(times)
    print(f"median {middle:.1f} ms; all: {', '.join(f'{t:.1f}' for t in times)}")
    return {"ms": times, "checks": [check("ms until 1,000,000 records answer after a restart", middle, 50)]}


PARTS = {"load": load, "restart": restart, "zones20k": zones20k, "zones100k": zones100k}
