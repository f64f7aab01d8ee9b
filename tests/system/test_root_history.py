"""97 versions of the real root zone, 2018-01-29 to 2018-03-12, as reloads of an authd primary's zone file."""
# time limit: 1200 s
import os
import re
import tarfile
from pathlib import Path

from zt import Authd, Bind, Knot, Nsd, replicate, run_tests, scale, skip, source_top, test
from zt.zones import ZoneText

ARCHIVE = "data/root-zone-2018-history.tar.xz"
LEAST_VERSIONS = 8


def archive():
    """The data lies beside the checkout, or where ZT_SHARED points."""
    folders = [Path(os.environ["ZT_SHARED"])] if "ZT_SHARED" in os.environ else []
    folders.append(source_top().resolve().parent / "shared")
    for folder in folders:
        if (folder / ARCHIVE).exists():
            return folder / ARCHIVE
    return skip(f"{ARCHIVE} is neither in $ZT_SHARED nor in {folders[-1]}")


def versions():
    """Every version in the order of its serials; fewer with ZT_SCALE, the first two (signed) always."""
    with tarfile.open(archive(), "r:xz") as tar:
        names = sorted(name for name in tar.getnames() if re.search(r"\d{10}\.zone$", name))
        for name in names[:max(LEAST_VERSIONS, scale(len(names)))]:
            serial = int(re.search(r"(\d{10})\.zone$", name)[1])
            yield ZoneText(".", serial, tar.extractfile(name).read().decode())


@test("after each version of the root zone's history all servers serve the same zone, and got it as a difference")
def history(lab):
    steps = versions()
    zone = next(steps)
    primary = Authd(lab)
    ours = [Authd(lab), Authd(lab)]
    others = [Nsd(lab), Knot(lab), Bind(lab)]
    secondaries = ours + others
    replicate(zone, primary, secondaries)
    lab.start()
    lab.wait_for_serial(zone, [primary, *secondaries], deadline_s=60)
    lab.check_equal(zone, primary, secondaries)
    first, count = zone.serial, 1
    for zone in steps:
        before = secondaries[0].serial(zone.name)
        primary.reload_zone(zone)
        lab.wait_for_serial(zone, [primary, *secondaries], deadline_s=60)
        lab.check_equal(zone, primary, secondaries)
        for node in others[:2]:
            assert node.has_difference(zone.name, before), f"{node.name} was given {zone.serial} as a whole zone"
        count += 1
    print(f"# {count} versions, {len(primary.axfr('.'))} records in the last one")
    assert count >= LEAST_VERSIONS
    for node in ours:
        sources = node.sources(".")
        assert sources[-(count - 1):] == ["ixfr"] * (count - 1), f"{node.name} got its versions by {sources}"
    fetched = knot_transfers(others[1])
    assert fetched == ["AXFR"] + ["IXFR"] * (count - 1), f"Knot's log shows {fetched}"
    assert first < zone.serial


def knot_transfers(node):
    return re.findall(r"\b(AXFR|IXFR), incoming, remote \S+, finished", node.log())


if __name__ == "__main__":
    run_tests()
