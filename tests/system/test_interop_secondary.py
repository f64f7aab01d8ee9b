"""authd as the secondary of Knot, NSD and BIND primaries."""
from zt import Authd, Bind, Knot, Nsd, ask, replicate, run_tests, sample_zone, test, wait_for


def follow(lab, kind, changes=4):
    """A zone with one foreign primary and an authd secondary, which must follow a few changes."""
    primary, secondary = kind(lab), Authd(lab)
    zone = replicate(sample_zone("example.com.", hosts=50), primary, [secondary])
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    lab.check_equal(zone, primary, [secondary])
    for number in range(changes):
        zone.change(add=[f"new{number} A 203.0.113.{number}", f"new{number} MX 10 new{number}"],
                    remove=[f"host{number + 1} A 198.51.100.{number + 1}"])
        primary.reload_zone(zone)
        lab.wait_for_serial(zone, [primary, secondary])
        lab.check_equal(zone, primary, [secondary])
    return secondary.sources(zone.name)[-changes:]


@test("authd follows a Knot primary: AXFR first, then every change as IXFR")
def follows_knot(lab):
    assert follow(lab, Knot) == ["ixfr"] * 4


@test("authd follows a BIND primary: AXFR first, then every change as IXFR")
def follows_bind(lab):
    assert follow(lab, Bind) == ["ixfr"] * 4


@test("authd follows an NSD primary, also where NSD's difference does not fit its own zone")
def follows_nsd(lab):
    # NSD 4.6 writes differences that add records which were there before; authd must then fetch the whole zone.
    assert set(follow(lab, Nsd)) <= {"ixfr", "axfr"}


@test("authd between two others passes the changes on as IXFR")
def in_the_middle(lab):
    primary, middle, last = Knot(lab), Authd(lab), Nsd(lab)
    zone = replicate(sample_zone("example.com."), primary, [middle])
    replicate(zone, middle, [last])
    middle.zones[zone.name].primaries.append(primary)
    lab.start()
    lab.wait_for_serial(zone, [middle, last])
    first = zone.serial
    for number in range(3):
        zone.change(add=[f"new{number} A 203.0.113.{number}"])
        primary.reload_zone(zone)
        lab.wait_for_serial(zone, [middle, last])
        lab.check_equal(zone, primary, [middle, last])
    assert last.has_difference(zone.name, first), "the last server was given whole zones"


@test("without NOTIFY, authd asks again after the refresh time of the SOA")
def refreshes(lab):
    primary, secondary = Knot(lab), Authd(lab)
    zone = replicate(sample_zone("example.com.", refresh=2, retry=1), primary, [secondary])
    primary.zones[zone.name].secondaries.clear()
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    zone.change(add=["new A 203.0.113.1"])
    primary.reload_zone(zone)
    lab.wait_for_serial(zone, [primary, secondary])


@test("when the primary is gone for longer than the expire time, authd answers SERVFAIL, and serves again when it is back")
def expires(lab):
    primary, secondary = Knot(lab), Authd(lab)
    zone = replicate(sample_zone("example.com.", refresh=1, retry=1, expire=4), primary, [secondary])
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    primary.stop()
    wait_for(lambda: ask(secondary, "www.example.com.").rcode() == 2, "SERVFAIL for the expired zone")
    primary.start_process()
    lab.wait_for_serial(zone, [primary, secondary])


@test("after a restart without its primary, authd serves what it had, and then follows again")
def restarts(lab):
    primary, secondary = Bind(lab), Authd(lab)
    zone = replicate(sample_zone("example.com.", refresh=2, retry=1), primary, [secondary])
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    before = secondary.axfr(zone.name)
    primary.stop()
    secondary.stop()
    secondary.restart()
    assert secondary.axfr(zone.name) == before
    zone.change(add=["new A 203.0.113.1"])
    primary.start()
    lab.wait_for_serial(zone, [primary, secondary])
    lab.check_equal(zone, primary, [secondary])


@test("authd that starts before its primary gets the zone soon after the primary is there")
def starts_first(lab):
    primary, secondary = Nsd(lab), Authd(lab)
    zone = replicate(sample_zone("example.com."), primary, [secondary])
    lab.start(secondary)
    assert ask(secondary, "www.example.com.").rcode() == 2, "a zone that is configured but was never received is SERVFAIL"
    lab.start(primary)
    lab.wait_for_serial(zone, [secondary], deadline_s=60)


if __name__ == "__main__":
    run_tests()
