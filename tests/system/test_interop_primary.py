"""authd as the primary of NSD, Knot and BIND secondaries."""
from zt import Authd, Bind, Knot, Nsd, replicate, run_tests, sample_zone, test, update


def with_secondaries(lab, kinds, zone, **primary_options):
    primary = Authd(lab, **primary_options)
    secondaries = [kind(lab) for kind in kinds]
    replicate(zone, primary, secondaries, updates=True)
    lab.start()
    lab.wait_for_serial(zone, secondaries)
    lab.check_equal(zone, primary, secondaries)
    return primary, secondaries


def expect_difference(nodes, zone, serial):
    for node in nodes:
        assert node.has_difference(zone.name, serial), f"{node.name} was given a whole zone, not a difference"


@test("NSD, Knot and BIND take the zone by AXFR and every UPDATE by NOTIFY and IXFR")
def updates_reach_all(lab):
    zone = sample_zone("example.com.")
    primary, secondaries = with_secondaries(lab, [Nsd, Knot, Bind], zone, workers=2)
    for number in range(5):
        assert update(primary, zone.name, ("add", f"new{number}", 60, "A", f"203.0.113.{number}"), ("delete", f"host{number + 1}")) == "NOERROR"
        lab.wait_for_serial(zone, secondaries, serial=primary.serial(zone.name))
        lab.check_equal(zone, primary, secondaries)
    expect_difference(secondaries, zone, zone.serial)


@test("an edited and reloaded zone file reaches NSD, Knot and BIND as a difference")
def edits_reach_all(lab):
    zone = sample_zone("example.com.", hosts=200)
    primary, secondaries = with_secondaries(lab, [Nsd, Knot, Bind], zone)
    first = zone.serial
    for number in range(3):
        zone.change(add=[f"edit{number} AAAA 2001:db8::{number + 1}", f"edit{number} TXT \"version {number}\""],
                    remove=[f"host{number * 7 + 1} A 198.51.100.{number * 7 + 1}"])
        primary.reload_zone(zone)
        lab.wait_for_serial(zone, [primary, *secondaries])
        lab.check_equal(zone, primary, secondaries)
    expect_difference(secondaries, zone, first)


@test("a change of 5,000 records arrives as one IXFR of several messages")
def large_change(lab):
    zone = sample_zone("example.com.", hosts=5000)
    primary, secondaries = with_secondaries(lab, [Nsd, Knot, Bind], zone)
    first = zone.serial
    hosts = [line for line in zone.lines if line.startswith("host")]
    zone.change(add=[f"other{number} A 203.0.113.{number % 256}" for number in range(2500)], remove=set(hosts[:2500]))
    primary.reload_zone(zone)
    lab.wait_for_serial(zone, [primary, *secondaries])
    lab.check_equal(zone, primary, secondaries)
    expect_difference([primary, *secondaries], zone, first)


@test("a secondary that was away catches up over several differences")
def catches_up(lab):
    zone = sample_zone("example.com.")
    primary, secondaries = with_secondaries(lab, [Nsd, Knot, Bind], zone)
    # Each knows the zone and has it stored; then all miss three changes.
    assert update(primary, zone.name, ("add", "before", 60, "A", "203.0.113.1")) == "NOERROR"
    lab.wait_for_serial(zone, secondaries, serial=primary.serial(zone.name))
    for node in secondaries:
        node.stop()
    for number in range(3):
        assert update(primary, zone.name, ("add", f"missed{number}", 60, "A", "203.0.113.2")) == "NOERROR"
    for node in secondaries:
        node.start_process()
    lab.wait_for_serial(zone, secondaries, serial=primary.serial(zone.name), deadline_s=60)
    lab.check_equal(zone, primary, secondaries)


@test("changes of a TTL, of a whole RRset and of the apex reach the secondaries")
def awkward_changes(lab):
    zone = sample_zone("example.com.")
    primary, secondaries = with_secondaries(lab, [Nsd, Knot, Bind], zone)
    changes = [
        [("replace", "mail", 17, "A", "192.0.2.26")],
        [("replace", "@", 300, "MX", "20 mail2"), ("add", "mail2", 300, "A", "192.0.2.27")],
        [("add", "@", 300, "NS", "ns3"), ("add", "ns3", 300, "A", "192.0.2.3")],
        [("delete", "a.b.c.deep")],
        [("add", "x.y.z", 5, "TXT", "a b c"), ("delete", "www", "CNAME"), ("add", "www", 60, "A", "192.0.2.80")],
        [("delete", "*.wild"), ("add", "new.*.wild", 60, "A", "192.0.2.81")],
    ]
    for change in changes:
        assert update(primary, zone.name, *change) == "NOERROR", change
        lab.wait_for_serial(zone, secondaries, serial=primary.serial(zone.name))
        lab.check_equal(zone, primary, secondaries)


if __name__ == "__main__":
    run_tests()
