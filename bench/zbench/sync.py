"""Keeping secondaries up to date, pairs of servers beside each other: UPDATEs one by one and many at a time, very many secondaries; whole zones are in whole.py."""
import socket
import statistics
import subprocess
import time

import dns.update

from zt import Authd, Bind, Knot, Lab, Nsd, replicate
from zt.node import require
from zt.zones import Role
from zbench import whole
from zbench.machine import check, memory_mib, quick, table
from zbench.servers import PromptBind
from zbench.watch import Watch
from zbench.zones import big_zone

SMALL, LARGE = (10_000, 100_000) if quick() else (100_000, 1_000_000)
UPDATES, PEERS_UPDATES = (50, 5) if quick() else (1000, 40)
SECONDARIES = 4
IN_FLIGHT, RATE_SECONDS = 64, 2 if quick() else 5
MANY, MANY_UPDATES = (20, 5) if quick() else (100, 50)
DEADLINE_S = 300


def p99(samples):
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * 0.99))]


def show(columns, results):
    table(["servers", *columns], [[name, *(f"{r[key]:,.2f}" if key in r else "" for key in columns)] for name, r in results.items()])


# ---- one UPDATE after the other ----------------------------------------------------------------------------------------------------------

class Changer:
    """Sends UPDATEs of one record each to a primary, and waits for the acknowledgement of each."""

    def __init__(self, primary, zone):
        self.zone, self.number = zone, int(time.monotonic() * 1000)      # no other Changer's
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.settimeout(10)
        self.sock.connect((primary.address, primary.port))

    def change(self):
        """When it was sent, and when it was acknowledged."""
        self.number += 1
        update = dns.update.UpdateMessage(self.zone)
        update.replace(f"bench{self.number % 50}", 300, "A", f"192.0.2.{self.number % 250 + 1}")
        wire = update.to_wire()
        started = time.monotonic()
        self.sock.send(wire)
        reply = self.sock.recv(4096)
        acknowledged = time.monotonic()
        if reply[3] & 15:
            raise RuntimeError("the UPDATE was refused")
        return started, acknowledged

    def close(self):
        self.sock.close()


def changes(primary, secondaries, zone, count):
    """Milliseconds until each of some UPDATEs was acknowledged, and until all secondaries served it."""
    watch, changer, serial, acks, alls = Watch(zone.name, secondaries), Changer(primary, zone.name), primary.serial(zone.name), [], []
    for _ in range(count):
        started, acknowledged = changer.change()
        serial += 1
        alls.append((watch.wait(serial) - started) * 1e3)
        acks.append((acknowledged - started) * 1e3)
    watch.close()
    changer.close()
    return acks, alls


def group(lab, kinds, zone, count):
    """A primary of one kind that takes UPDATEs, and secondaries of another, all with the zone."""
    primary = kinds[0](lab, "primary")
    secondaries = [kinds[1](lab, f"secondary{i}") for i in range(count)]
    replicate(zone, primary, secondaries, updates=True)
    lab.start(primary)
    lab.wait_for_serial(zone, [primary], deadline_s=DEADLINE_S)
    lab.start(*secondaries)
    lab.wait_for_serial(zone, secondaries, deadline_s=DEADLINE_S)
    return primary, secondaries


def one_by_one(kinds, names, count):
    zone = big_zone(names)
    with Lab() as lab:
        acks, alls = changes(*group(lab, kinds, zone, SECONDARIES), zone, count)
    return {"acknowledged ms": statistics.median(acks), "its p99": p99(acks), "at all four ms": statistics.median(alls), "p99 ms": p99(alls),
            "updates": count}


def update():
    """From an UPDATE to its acknowledgement (on disk), and to four secondaries that serve it"""
    results = {f"authd, {names:,} records": one_by_one((Authd, Authd), names, UPDATES) for names in (SMALL, LARGE)}
    for kinds in ((PromptBind, PromptBind), (PromptBind, Nsd), (Knot, Knot)):
        results[f"{kinds[0].kind} and {kinds[1].kind}, {SMALL:,} records"] = one_by_one(kinds, SMALL, PEERS_UPDATES)
    show(["acknowledged ms", "its p99", "at all four ms", "p99 ms"], results)
    small, large = (results[f"authd, {names:,} records"] for names in (SMALL, LARGE))
    growth = max(large[key] / small[key] for key in ("acknowledged ms", "at all four ms"))
    return {"servers": results, "growth": growth, "checks": [
        check("ms until acknowledged", small["acknowledged ms"], 1.0), check("ms until at all four", small["at all four ms"], 3.0),
        check("the same, p99", small["p99 ms"], 10.0), check(f"ms until at all four, p99, {LARGE:,} records", large["p99 ms"], 10.0),
        check(f"growth to {LARGE:,} records", growth, 1.2)]}


# ---- many UPDATEs at a time ----------------------------------------------------------------------------------------------------------------

def update_file(lab, zone):
    """UPDATEs for dnsperf: each replaces the address of one of 10,000 names."""
    path = lab.folder / "updates"
    with path.open("w") as out:
        for i in range(100_000):
            out.write(f"{zone.name}\ndelete u{i % 10_000} A\nadd u{i % 10_000} 300 A 10.9.{i >> 8 & 255}.{i & 255}\nsend\n")
    return path


def durable_rate(kind):
    """UPDATEs a second with 64 under way. Server and client share the machine."""
    zone = big_zone(SMALL)
    with Lab() as lab:
        node = kind(lab, kind.kind)
        node.zones[zone.name] = Role(zone, updates=True)
        lab.start(node)
        lab.wait_for_serial(zone, [node], deadline_s=DEADLINE_S)
        run = subprocess.run([require("dnsperf", "dnsperf"), "-u", "-s", node.address, "-p", str(node.port), "-d", str(update_file(lab, zone)), "-l",
                              str(RATE_SECONDS), "-q", str(IN_FLIGHT), "-T", "1", "-c", "1"], capture_output=True, text=True, check=False)
    found = {}
    for key, label in (("UPDATEs/s", "Updates per second"), ("lost", "Updates lost"), ("completed", "Updates completed")):
        line = next((line for line in run.stdout.splitlines() if line.strip().startswith(label)), None)
        if line is None:
            raise RuntimeError(f"dnsperf failed with {node.name}: {run.stdout}{run.stderr}")
        found[key] = float(line.split(":")[1].split()[0])
    codes = next(line for line in run.stdout.splitlines() if "Response codes:" in line)
    if "NOERROR" not in codes or "100.00%" not in codes:
        raise RuntimeError(f"{node.name} refused UPDATEs: {codes}")
    return found


def throughput():
    """Durable UPDATEs a second with 64 under way"""
    results = {kind.kind: durable_rate(kind) for kind in (Authd, Bind, Knot)}
    show(["UPDATEs/s", "lost"], results)
    return {"servers": results, "checks": [check("durable UPDATEs a second", results["authd"]["UPDATEs/s"], 20_000, at_least=True)]}


# ---- very many secondaries ------------------------------------------------------------------------------------------------------------------

def hundred():
    """From an UPDATE until 100 secondaries on this machine serve it, 10,000 records"""
    zone = big_zone(10_000)
    with Lab() as lab:
        primary, secondaries = group(lab, (Authd, Authd), zone, MANY)
        changes(primary, secondaries, zone, 3)
        _, alls = changes(primary, secondaries, zone, MANY_UPDATES)
        memory = sum(memory_mib(node.process.pid) for node in secondaries)
    result = {"median ms": statistics.median(alls), "p99 ms": p99(alls), "most ms": max(alls), "PSS MiB": memory}
    show(["median ms", "p99 ms", "most ms", "PSS MiB"], {f"authd and {MANY} of authd": result})
    return {"servers": result, "checks": [check(f"ms until at all {MANY}, median", result["median ms"], 100), check("the same, p99", result["p99 ms"], 100)]}


PARTS = {"update": update, "throughput": throughput, "hundred": hundred} | whole.PARTS
