"""Memory and start of a server with 1,000,000 A records in one zone."""
import time

from zt import Authd, Bind, Knot, Lab, Nsd
from zt.zones import Role
from zbench.zones import big_zone
from zbench.machine import check, memory_mib, quick, table

NAMES = 100_000 if quick() else 1_000_000
TARGET_MIB = 150


def measure(kind, zone):
    with Lab() as lab:
        node = kind(lab, kind.kind)
        node.zones[zone.name] = Role(zone)
        node.write_config()
        started = time.monotonic()
        node.start_process()
        lab.wait_for_serial(zone, [node], deadline_s=300)
        seconds = time.monotonic() - started
        first = memory_mib(node.process.pid)
        result = {"start_s": seconds, "pss_mib": first}
        if kind is Authd:      # ours again, from the journal
            node.stop()
            started = time.monotonic()
            node.start_process()
            lab.wait_for_serial(zone, [node], deadline_s=300)
            result |= {"restart_s": time.monotonic() - started, "restart_pss_mib": memory_mib(node.process.pid)}
        return result


def run():
    """Memory and start with 1,000,000 A records"""
    zone = big_zone(NAMES)
    results = {kind.kind: measure(kind, zone) for kind in (Authd, Knot, Nsd, Bind)}
    table(["server", "start s", "PSS MiB", "restart s", "PSS MiB"],
          [[name, f"{r['start_s']:.2f}", f"{r['pss_mib']:.0f}", f"{r['restart_s']:.2f}" if "restart_s" in r else "",
            f"{r['restart_pss_mib']:.0f}" if "restart_s" in r else ""] for name, r in results.items()])
    worst = max(results["authd"]["pss_mib"], results["authd"]["restart_pss_mib"])
    limit = TARGET_MIB * NAMES / 1_000_000
    return {"names": NAMES, "servers": results, "checks": [] if quick() else [check(f"MiB for {NAMES:,} records", worst, limit)]}
