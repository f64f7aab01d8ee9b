"""How authd secondaries heal: what they do where IXFR fails, serials go back, or the same serial has other content."""
import shutil

import dns.edns
import dns.message
import dns.query

from zt import Authd, Failure, ask, ixfr, replicate, run_tests, sample_zone, test, update, wait_for, zonectl

HOSTS = 500
ZSYNC = 65377
REPAIRS = ("reconciliation", "axfr")


def status(node, zone):
    return zonectl(node, "zone", zone.name)


def steps(node, zone):
    """What the secondary tried, oldest first: kind and result."""
    return [(step["kind"], step["result"]) for step in status(node, zone)["steps"]]


def add(node, zone, name, address="192.0.2.1"):
    rcode = update(node, zone.name, ("add", name, 300, "A", address))
    if rcode != "NOERROR":
        raise Failure(f"UPDATE of {zone.name} answered with {rcode}")


def pair(lab, settings="", **numbers):
    primary, secondary = Authd(lab), Authd(lab, zone_settings=settings)
    zone = replicate(sample_zone("example.com.", hosts=HOSTS, **numbers), primary, [secondary], updates=True)
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    return primary, secondary, zone


def wait_for_equal(lab, zone, primary, secondary):
    lab.wait_for_serial(zone, [secondary], primary.serial(zone.name))
    lab.check_equal(zone, primary, [secondary])


def bring_back(node, zone, lines, serial):
    """The stopped primary loses all but its zone file, which becomes another one, and starts again."""
    shutil.rmtree(node.path("state"))
    zone.lines, zone.serial = lines, serial
    node.start()
    node.wait_until_ready()


@test("what a server has is told to who may transfer the zone and says what it has itself, and to nobody else")
def told_to_peers_only(lab):
    primary, _, zone = pair(lab)

    def answer(kind, *options):
        query = dns.message.make_query(zone.name, kind, options=options)
        return dns.query.udp(query, primary.address, port=primary.port, timeout=5)
    mine = dns.edns.GenericOption(ZSYNC, bytes([1, 0, 0, 0]) + bytes(28))
    told = [option for option in answer("SOA", mine).options if option.otype == ZSYNC]
    assert len(told) == 1 and len(told[0].data) == 32 and told[0].data[4:8] == zone.serial.to_bytes(4, "big"), told
    assert not answer("NS", mine).options and not answer("SOA").options


@test("an IXFR is for who has a version of ours: another one of the same serial is not patched")
def lineage(lab):
    primary, secondary, zone = pair(lab)
    lines, serial = list(zone.lines), zone.serial
    add(primary, zone, "one")
    lab.wait_for_serial(zone, [secondary], serial + 1)
    # The primary is made anew: a version of the same number that is another one, and one more.
    secondary.stop()
    primary.stop()
    bring_back(primary, zone, [line for line in lines if not line.startswith("host7 ")] + ["other A 192.0.2.77"], serial + 1)
    add(primary, zone, "two")
    assert primary.serial(zone.name) == serial + 2
    # Differences from that number there are, and they would fit.
    assert ixfr(primary, zone.name, serial + 1).is_incremental()
    secondary.restart()
    wait_for_equal(lab, zone, primary, secondary)
    assert status(secondary, zone)["last_transfer"] in ("axfr", "repair")
    assert primary.metric("authd_transfers_foreign_total") == 1
    # And from then on all is as before.
    add(primary, zone, "three")
    wait_for_equal(lab, zone, primary, secondary)
    assert steps(secondary, zone)[-1] == ("ixfr", "taken")


if __name__ == "__main__":
    run_tests()
