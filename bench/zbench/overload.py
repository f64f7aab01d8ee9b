"""More queries than a server can answer: does it go on answering, do changes go through; and a reload under load, which must lose nothing."""
import signal
import statistics
import time

import dns.message
import dns.query
import dns.update

from zt import Authd, Knot, Lab, Nsd, wait_for
from zt import flood
from zt.zones import Role
from zbench.load import CLIENT_CORE, SERVER_CORE
from zbench.machine import check, pin, quick, table
from zbench.zones import big_zone

NAMES = {"pattern": "host%d.example.", "first": 10_000, "count": 90_000}      # all of one length
SIZE = 100_000
FIRST_RATE, STEP, STEP_S = 100_000, 1.2, 0.5 if quick() else 1.0
OVERLOAD_S = 2 if quick() else 5
ROUNDS = 1 if quick() else 3
FACTOR = 3
UPDATE_LIMIT_S = 0.25
RELOADS, RELOAD_LOAD = 3, 0.3


def flooded(node, rate, seconds):
    return flood.finish(flood.start(node, rate, seconds, core=CLIENT_CORE, **NAMES))


def peak_of(node):
    """The most answers a second over rising rates, until they have fallen behind for good."""
    rate, best, behind = FIRST_RATE, 0.0, 0
    while behind < 4:
        goodput = flooded(node, rate, STEP_S)["goodput_qps"]
        behind = behind + 1 if goodput < 0.97 * rate else 0
        best = max(best, goodput)
        rate *= STEP
    return best


def updates_during(node, zone, process):
    """Changes the zone over and over as long as the flood lasts: seconds until acknowledged, until seen. By TCP: what comes by UDP takes its chance with the
    flood, as do the answers."""
    acked, seen, number = [], [], 0
    while process.poll() is None:
        update, number = dns.update.UpdateMessage(zone.name), number + 1
        update.replace("changed", 300, "TXT", f"number-{number}")
        started = time.monotonic()
        if dns.query.tcp(update, node.address, port=node.port, timeout=10).rcode() != 0:
            raise RuntimeError("an UPDATE was refused")
        acked.append(time.monotonic() - started)
        question = dns.message.make_query(f"changed.{zone.name}", "TXT")
        wait_for(lambda: f"number-{number}" in str(dns.query.tcp(question, node.address, port=node.port, timeout=10).answer), "the change", 10, pause_s=0.001)
        seen.append(time.monotonic() - started)
    return acked, seen


def measure(kind):
    zone = big_zone(SIZE)
    with Lab() as lab:
        node = kind(lab, kind.kind)
        node.zones[zone.name] = Role(zone, updates=True)
        lab.start(node)
        lab.wait_for_serial(zone, [node], deadline_s=60)
        pin(node.process.pid, SERVER_CORE)
        flooded(node, FIRST_RATE, 0.5)
        ratios, peaks, offered = [], [], []
        for _ in range(ROUNDS):
            peaks.append(peak_of(node))
            found = flooded(node, FACTOR * peaks[-1], OVERLOAD_S)
            ratios.append(found["goodput_qps"] / peaks[-1])
            offered.append(found["sent_qps"] / peaks[-1])
        result = {"peak q/s": statistics.median(peaks), "offered": statistics.median(offered), "kept": statistics.median(ratios)}
        if kind is Authd:
            process = flood.start(node, FACTOR * result["peak q/s"], OVERLOAD_S, core=CLIENT_CORE, **NAMES)
            acked, seen = updates_during(node, zone, process)
            flood.finish(process)
            result |= {"updates": len(acked), "ack s": statistics.median(acked), "seen s": statistics.median(seen), "seen worst s": max(seen)}
    return result


def overload():
    """Answers per second at 3 times the load that can be answered, of the peak; UPDATEs meanwhile"""
    results = {kind.kind: measure(kind) for kind in (Authd, Nsd, Knot)}
    columns = list(results["authd"])
    table(["server", *columns], [[name, *(f"{r[key]:,.3f}" if key in r else "" for key in columns)] for name, r in results.items()])
    ours = results["authd"]
    return {"servers": results, "checks": [
        check("load offered, of the peak", ours["offered"], FACTOR * 0.95, at_least=True),
        check("answers per second at 3 times the load, of the peak", ours["kept"], 0.90, at_least=True),
        check("seconds until an UPDATE is seen during the flood, worst", ours["seen worst s"], UPDATE_LIMIT_S)]}


def reload_under_load():
    """SIGHUP with a changed zone file, again and again, at 30 % of the peak: queries without an answer"""
    zone = big_zone(SIZE)
    with Lab() as lab:
        node = Authd(lab)
        node.zones[zone.name] = Role(zone)
        lab.start(node)
        lab.wait_for_serial(zone, [node], deadline_s=60)
        pin(node.process.pid, SERVER_CORE)
        flooded(node, FIRST_RATE, 0.5)
        rate = RELOAD_LOAD * peak_of(node)
        process, versions = flood.start(node, rate, 5, core=CLIENT_CORE, **NAMES), 0
        while process.poll() is None:
            zone = big_zone(SIZE, serial=zone.serial + 1)
            node.write(node.zones[zone.name].file, zone.text())
            if process.poll() is None:
                node.signal(signal.SIGHUP)
                lab.wait_for_serial(zone, [node])
                versions += 1
        found = flood.finish(process)
    lost = found["sent"] - found["answered"]
    print(f"{found['sent']:,} queries at {found['sent_qps']:,.0f} a second during {versions} reloads: {lost} without an answer")
    return {"sent": found["sent"], "lost": lost, "reloads": versions, "checks": [
        check("queries lost during reloads", lost, 0), check("reloads during the load", versions, RELOADS, at_least=True)]}


PARTS = {"overload": overload, "reload-load": reload_under_load}
