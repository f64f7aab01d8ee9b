"""20,000 secondary zones: a start from nothing, a restart, a change in the middle of it, and a primary that never answers."""
import statistics
import threading
import time

from zt import Lab, ask, serial_of, update
from zt.many import ManyAuthd, blackhole, follow, seconds_until, small_zones
from zbench.machine import check, memory_mib, quick, table

ZONES = 2_000 if quick() else 20_000
CHANGES = 10
RATE, BURST = 1000, 64      # soa-query-rate by default; authd/manage/outbound.c
DEADLINE_S = 400


class Rate:
    """Queries a second at the primary, sampled while something runs."""
    def __init__(self, node):
        self.node, self.samples, self.ends = node, [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        at, count = time.monotonic(), self.node.metric("authd_queries_total")
        while not self.ends.wait(0.5):
            now, total = time.monotonic(), self.node.metric("authd_queries_total")
            self.samples.append((total - count) / (now - at))
            at, count = now, total

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.thread.join()

    def most(self):
        return max(self.samples, default=0)


def served(node, count):
    return seconds_until(lambda: node.serving() >= count, DEADLINE_S, 0.02)


def change(primary, secondary, zones):
    """Milliseconds from the UPDATE's acknowledgement until the secondary serves it, one zone after the other."""
    took = []
    for zone in zones:
        assert update(primary, zone.name, ("add", "new." + zone.name, 300, "A", "192.0.2.9")) == "NOERROR"
        took.append(1000 * seconds_until(lambda name="new." + zone.name: bool(ask(secondary, name).answer), 60, 0.0005))
    return took


def starts():
    """From nothing, and again with everything: how long, how many queries, and changes meanwhile."""
    zones = small_zones(ZONES)
    changed = zones[-2 * CHANGES:]
    with Lab() as lab:
        primary, secondary = ManyAuthd(lab), ManyAuthd(lab)
        follow(zones, primary, secondary, updates=True)
        for zone in changed:
            primary.zones[zone.name].secondaries.append(secondary)
        lab.start(primary)
        with Rate(primary) as rate:
            secondary.start()
            seconds_until(lambda: secondary.serving() > 0, 60, 0.001)
            at = secondary.serving()
            first = change(primary, secondary, changed[:CHANGES])
            served(secondary, 1)
            left = served(secondary, ZONES)
        started = {"zones there at the change": at, "change ms, median": statistics.median(first), "change ms, most": max(first),
                   "queries/s, most": rate.most(), "connections": primary.metric("authd_connections_total"), "PSS MiB": memory_mib(secondary.process.pid)}
        secondary.stop()
        with Lab() as other:      # once more, for the time alone
            alone = ManyAuthd(other)
            follow(zones, primary, alone)
            for zone in zones:
                primary.zones[zone.name].updates = True
            begun = time.monotonic()
            alone.start()
            served(alone, ZONES)
            started["seconds until all are served"] = time.monotonic() - begun
        before, begun = primary.queries(), time.monotonic()
        with Rate(primary) as rate:
            secondary.restart()
            again = served(secondary, ZONES)
            second = change(primary, secondary, changed[CHANGES:])
            waiting = ZONES - (primary.queries() - before)
            seconds_until(lambda: secondary.metric("authd_soa_queries_total") >= ZONES - 2 * CHANGES, DEADLINE_S, 0.1)
            refreshed = time.monotonic() - begun
        restarted = {"seconds until all are served": again, "change ms, median": statistics.median(second), "change ms, most": max(second),
                     "zones that waited then": waiting, "queries/s, most": rate.most(), "seconds until all have asked": refreshed}
    del left
    return started, restarted


def dead():
    """Half of the zones alone, and the same beside as many whose primary never answers."""
    half = ZONES // 2
    ours, theirs = small_zones(half, "a"), small_zones(half, "b")

    def half_served(with_dead):
        with Lab() as lab, blackhole(lab) as hole:
            primary, secondary = ManyAuthd(lab), ManyAuthd(lab)
            follow(ours, primary, secondary)
            if with_dead:
                follow(theirs, primary, secondary)
                for zone in theirs:
                    secondary.zones[zone.name].primaries[:] = [hole]
            lab.start(primary)
            begun = time.monotonic()
            secondary.start()
            served(secondary, half)
            found = time.monotonic() - begun
            assert serial_of(secondary, ours[-1].name) == 1
            time.sleep(5 if with_dead else 0)      # what it does meanwhile with the zones of the dead one
            return found, hole.packets + hole.connections
    alone, _ = half_served(False)
    beside, tries = half_served(True)
    return {"alone s": alone, "beside dead s": beside, "tries of the dead one in 5 s more": tries}


def run():
    """20,000 secondary zones: start, restart, changes meanwhile, one of two primaries dead"""
    started, restarted = starts()
    gone = dead()
    results = {"from nothing": started, "restart": restarted, "one primary dead": gone}
    table(["", "what", "measured"], [[name, what, f"{value:,.2f}" if value < 100 else f"{value:,.0f}"] for name, found in results.items() for what, value in found.items()])
    return {"servers": results, "checks": [
        check("MiB of 20,000 zones after a start from nothing", started["PSS MiB"], 250),
        check("ms until a change is served while 20,000 zones start from nothing, median", started["change ms, median"], 100),
        check("ms until a change is served while 20,000 zones wait for their refresh, median", restarted["change ms, median"], 100),
        check("SOA queries a second at the primary after a restart, most of any half second", restarted["queries/s, most"], RATE + 2 * BURST + 100),
        # A process with twice as many zones has more to read before it begins.
        check("time of zones beside those of a dead primary, of the time alone", gone["beside dead s"] / gone["alone s"], 1.5),
    ]}
