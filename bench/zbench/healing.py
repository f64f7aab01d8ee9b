"""What pairs of servers of each kind do where IXFR fails today: how long until the secondary serves what the primary has, and for how many bytes.

Every scenario runs with a primary and a secondary of one kind, a link between them that counts and can be cut, and a zone whose REFRESH is an hour and whose
RETRY is ten minutes, so that only what a server does by itself within the limit counts. "equal" is the whole zone, record by record.
"""
import concurrent.futures
import time
import traceback

from zt import Authd, Bind, Failure, Knot, Lab, Nsd, sample_zone
from zt.lab import wait_for
from zt.link import connect
from zbench.machine import quick, table

KINDS = (Authd, Bind, Knot, Nsd)
HOSTS = 2_000 if quick() else 20_000
LIMIT_S = 30.0
PARTITION_S = 20.0         # longer than BIND's and NSD's patience with a NOTIFY: what is ten minutes to a network
MARK, FLIPPED = b"flipme", b"flipmf"


class Pair:
    """A running primary and secondary that agree, and the link between them."""

    def __init__(self, lab, kind, primaries=1, settings="", **numbers):
        self.lab, self.kind = lab, kind
        self.zone = sample_zone("example.com.", hosts=HOSTS, refresh=3600, retry=600, **numbers)
        self.secondary = kind(lab, "secondary")
        if settings:
            self.secondary.zone_settings = settings
        self.primaries = [kind(lab, f"primary{number}") for number in range(primaries)]
        self.links = [connect(lab, self.zone, primary, self.secondary) for primary in self.primaries]
        for primary in self.primaries[1:]:
            primary.zones[self.zone.name].zone = sample_zone("example.com.", hosts=HOSTS, refresh=3600, retry=600, **numbers)
        lab.start()
        lab.wait_for_serial(self.zone, [*self.primaries, self.secondary], deadline_s=60)

    @property
    def primary(self):
        return self.primaries[0]

    @property
    def link(self):
        return self.links[0]

    def change(self, *lines, primary=None):
        """The next version at a primary, by its file."""
        primary = primary or self.primary
        zone = primary.zones[self.zone.name].zone
        zone.change(add=lines)
        primary.reload_zone(zone)
        self.lab.wait_for_serial(zone, [primary])

    def follow(self, *lines):
        """A change that the secondary takes."""
        self.change(*lines)
        self.lab.wait_for_serial(self.zone, [self.secondary])

    def bring_back(self, zone_change):
        """The primary stops, loses all but its zone file, which becomes another one, and starts again."""
        self.primary.stop()
        forget(self.primary)
        zone_change()
        self.primary.start()
        self.primary.wait_until_ready()
        self.lab.wait_for_serial(self.zone, [self.primary], deadline_s=60)

    def until_equal(self, begin, limit_s=LIMIT_S, primary=None):
        """Runs `begin`, then waits; the seconds, None where they were not enough, and bytes of all links."""
        primary = primary or self.primary
        for link in self.links:
            link.reset()
        started = time.monotonic()
        begin()
        try:
            wait_for(lambda: self.is_equal(primary), "equal zones", limit_s, pause_s=0.1)
            seconds = time.monotonic() - started
        except Failure:
            seconds = None
        return {"seconds": seconds, "bytes": sum(link.total() for link in self.links)}

    def is_equal(self, primary):
        if self.secondary.serial(self.zone.name) is None or primary.serial(self.zone.name) != self.secondary.serial(self.zone.name):
            return False
        return self.secondary.axfr(self.zone.name) == primary.axfr(self.zone.name)


def forget(node):
    """Removes what a stopped server remembers beside zone files."""
    for path in [*node.folder.glob("*.jnl"), *node.folder.glob("*.ixfr*"), *node.folder.glob("db/journal/*"), *node.folder.glob("db/timers/*"),
                 *node.folder.glob("state/*")]:
        if path.is_file():
            path.unlink()


def flip(node):
    """Changes one bit in whatever the stopped server's history says of the marked name; how many places."""
    count = 0
    for path in [*node.folder.glob("*.jnl"), *node.folder.glob("*.ixfr*"), *node.folder.glob("db/journal/*"), *node.folder.glob("state/journal.mdb")]:
        data = path.read_bytes()
        count += data.count(MARK)
        path.write_bytes(data.replace(MARK, FLIPPED))
    return count


# ---- the scenarios -----------------------------------------------------------------------------------------------------------------------

def history_lost(lab, kind):
    """journal gone: the primary's history no longer reaches back to the secondary"""
    pair = Pair(lab, kind)
    pair.follow("one A 192.0.2.1")
    return pair.until_equal(lambda: pair.bring_back(lambda: pair.zone.change(add=["two A 192.0.2.2"])))


def backup_restored(lab, kind, settings=""):
    """backup restored: the primary is back at an older serial that it served before"""
    pair = Pair(lab, kind, settings=settings)
    before = list(pair.zone.lines), pair.zone.serial
    for number in range(3):
        pair.follow(f"new{number} A 192.0.2.{number}")

    def restore():
        pair.zone.lines, pair.zone.serial = before
    return pair.until_equal(lambda: pair.bring_back(restore))


def backup_restored_adopt(lab, kind):
    """the same with `rollback: adopt`"""
    return backup_restored(lab, kind, "rollback: adopt") if kind is Authd else None


def same_serial(lab, kind):
    """same serial, other data: until the secondary has it"""
    pair = Pair(lab, kind)
    pair.follow("one A 192.0.2.1")

    def edit():
        pair.zone.lines = [line for line in pair.zone.lines if not line.startswith("host7 ")] + ["other A 192.0.2.77"]
    return pair.until_equal(lambda: pair.bring_back(edit))


def same_serial_next(lab, kind):
    """same serial, other data, and then one more change: until the secondary has both"""
    pair = Pair(lab, kind)
    pair.follow("one A 192.0.2.1")

    def edit():
        pair.zone.lines = [line for line in pair.zone.lines if not line.startswith("host7 ")] + ["other A 192.0.2.77"]
    pair.secondary.stop()
    pair.bring_back(edit)
    pair.change("two A 192.0.2.2")
    return pair.until_equal(pair.secondary.start_process)


def interleaved(lab, kind):
    """two primaries with changes of their own: until the secondary has what the last of them serves"""
    pair = Pair(lab, kind, primaries=2)
    first, second = pair.primaries
    pair.change("a A 192.0.2.1", primary=first)
    pair.lab.wait_for_serial(first.zones[pair.zone.name].zone, [pair.secondary])
    pair.change("b A 192.0.2.2", primary=second)
    return pair.until_equal(lambda: pair.change("c A 192.0.2.3", primary=second), primary=second)


def bit_flip(lab, kind):
    """bit flip in the primary's journal: until a secondary that was away has the right data"""
    pair = Pair(lab, kind)
    pair.follow("one A 192.0.2.1")
    pair.secondary.stop()
    pair.change(f"{MARK.decode()} A 192.0.2.2")
    pair.change("three A 192.0.2.3")
    pair.primary.stop()
    places = flip(pair.primary)
    pair.primary.start_process()
    pair.primary.wait_until_ready()
    wait_for(lambda: pair.primary.serial(pair.zone.name), "an answer of the primary")
    result = pair.until_equal(pair.secondary.start_process)
    wrong = any(FLIPPED in repr(record).encode() for record in pair.secondary.axfr(pair.zone.name))
    return {**result, "note": f"{places} places" + (", serves the flipped name" if wrong else "")}


def notify_without_transfer(lab, kind):
    """NOTIFY acknowledged, transfer failed (for 20 s): from the moment connections work again"""
    pair = Pair(lab, kind)
    pair.follow("one A 192.0.2.1")
    pair.link.cut_tcp()
    pair.change("two A 192.0.2.2")
    started = time.monotonic()
    wait_for(lambda: time.monotonic() - started > PARTITION_S, "the outage to be over", 2 * PARTITION_S, pause_s=0.5)
    return pair.until_equal(pair.link.mend, limit_s=60)


def recreated(lab, kind):
    """zone deleted and recreated with serial 1 and other data"""
    pair = Pair(lab, kind, serial=5)
    pair.follow("one A 192.0.2.1")

    def recreate():
        pair.zone.serial, pair.zone.lines = 1, [line for line in pair.zone.lines if not line.startswith("host")] + ["fresh A 192.0.2.9"]
    return pair.until_equal(lambda: pair.bring_back(recreate))


def partition(lab, kind):
    """partition (20 s for ten minutes), a change meanwhile: from its end"""
    pair = Pair(lab, kind)
    pair.follow("one A 192.0.2.1")
    pair.link.cut()
    pair.change("two A 192.0.2.2")
    started = time.monotonic()
    wait_for(lambda: time.monotonic() - started > PARTITION_S, "the partition to be over", 2 * PARTITION_S, pause_s=0.5)
    return pair.until_equal(pair.link.mend, limit_s=60)


SCENARIOS = (history_lost, backup_restored, backup_restored_adopt, same_serial, same_serial_next, interleaved, bit_flip, notify_without_transfer, recreated, partition)


# ---- running them ------------------------------------------------------------------------------------------------------------------------

def measure(scenario, kind):
    try:
        with Lab() as lab:
            return scenario(lab, kind)
    except Exception:      # one that fails is told and must not hide the others
        return {"error": traceback.format_exc(limit=-2)}


def cell(result):
    if result is None:
        return "-"
    if "error" in result:
        return "failed"
    text = f"{result['seconds']:.1f} s" if result["seconds"] is not None else "no"
    return f"{text}, {result['bytes'] / 1000:,.1f} kB" + (f" ({result['note']})" if result.get("note") else "")


def run():
    """The field cases of IXFR: seconds until primary and secondary are equal ("no": not within 30 or 60 s), and bytes"""
    results = {}
    with concurrent.futures.ThreadPoolExecutor(len(KINDS)) as pool:
        for scenario in SCENARIOS:
            kinds = dict(zip((kind.kind for kind in KINDS), pool.map(lambda kind, scenario=scenario: measure(scenario, kind), KINDS)))
            results[scenario.__name__] = kinds
            for name, result in kinds.items():
                if result and "error" in result:
                    print(f"{scenario.__name__}, {name}: {result['error']}")
    table(["scenario", *(kind.kind for kind in KINDS)],
          [[scenario.__doc__, *(cell(results[scenario.__name__][kind.kind]) for kind in KINDS)] for scenario in SCENARIOS])
    return {"scenarios": results, "checks": []}
