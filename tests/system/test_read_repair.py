"""Read repair: who sees that a server of a zone is behind tells the one that notifies it, which then tells it again at once."""
import re

from zt import Authd, Bind, Hierarchy, Resolverd, ask, run_tests, sample_zone, test, update, wait_for, zonectl
from zt.client import TIMEOUT_S
from zt.link import connect
from zt.zones import Role

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode

BEHIND = 65379


def report(node, zone, server, serial, newest, timeout_s=TIMEOUT_S):
    """The message of lib/xfr/behind.h, made without it."""
    address = bytes(int(part) for part in server.address.split("."))
    data = bytes([1, 4]) + server.port.to_bytes(2, "big") + serial.to_bytes(4, "big") + newest.to_bytes(4, "big") + address
    message = dns.message.make_query(zone, "SOA", use_edns=0, options=[dns.edns.GenericOption(BEHIND, data)])
    message.flags = dns.flags.AA
    message.set_opcode(dns.opcode.NOTIFY)
    return dns.rcode.to_text(dns.query.udp(message, node.address, port=node.port, timeout=timeout_s).rcode())


def cut_off(lab, zone, primary, link):
    """Both have the zone; then the secondary misses a change, and the primary has tried in vain so often that the next try is seconds away."""
    primary.zones[zone.name].updates = True
    primary.zone_settings = "allow-notify: [127.0.0.0/8]"
    lab.start()
    lab.wait_for_serial(zone, [primary, link.secondary])
    link.cut()
    assert update(primary, zone.name, ("add", "new", 60, "A", "192.0.2.1")) == "NOERROR"
    zone.serial += 1
    wait_for(lambda: zonectl(primary, "peers", zone.name)[0]["tries"] >= 4, "four vain tries", 20)
    link.mend()


@test("a report makes the primary tell the server again at once")
def told_again(lab):
    primary, secondary = Authd(lab, "primary"), Authd(lab, "secondary")
    zone = sample_zone("example.com.", refresh=3600)
    link = connect(lab, zone, primary, secondary)
    cut_off(lab, zone, primary, link)
    assert zonectl(primary, "peers", zone.name)[0]["next_try_in_s"] > 2
    assert report(primary, zone.name, link.far, zone.serial - 1, zone.serial) == "NOERROR"
    lab.wait_for_serial(zone, [secondary], deadline_s=2)
    primary.wait_for_log(re.compile(r"reports that .* has serial 1 while others have 2; told again"))


@test("a report comes to nothing where it may not, or names a server that is not in the notify list; a plain NOTIFY to a primary stays refused")
def not_allowed(lab):
    primary, other = Authd(lab, "primary"), Authd(lab, "other")
    zone = sample_zone("example.com.")
    primary.zones[zone.name] = Role(zone)
    other.zones[zone.name] = Role(zone)
    other.zone_settings = "allow-notify: [127.0.0.0/8]"
    lab.start()
    assert report(primary, zone.name, other, 1, 2) == "REFUSED"
    assert report(other, zone.name, primary, 1, 2) == "NOERROR"
    other.wait_for_log(re.compile(r"it is not in the zone's notify list"))
    assert report(other, "example.net.", primary, 1, 2) == "NOTAUTH"


@test("resolverd reports a server that answers with an older version than its sibling")
def resolver_reports(lab):
    primary, secondary = Authd(lab, "primary"), Authd(lab, "secondary")
    zone = sample_zone("example.com.", refresh=3600)
    hierarchy = Hierarchy()
    hierarchy.add(".", [Authd(lab, "root")])
    resolver = Resolverd(lab, hierarchy)
    link = connect(lab, zone, primary, secondary)
    resolver.settings = f"""stub: [{{name: example.com., addresses: [{primary.where()}, {link.far.where()}]}}]
read-repair: [{{name: example.com., report-to: {primary.where()}}}]
"""
    cut_off(lab, zone, primary, link)
    asked = iter(range(1, 1000))

    def is_reported():
        ask(resolver, f"n{next(asked)}.wild.example.com.", "TXT", rd=True)
        return "reports that" in primary.log()
    wait_for(is_reported, "a report", 10)
    lab.wait_for_serial(zone, [secondary], deadline_s=3)


@test("to others a report is an ordinary NOTIFY")
def foreign(lab):
    primary, secondary = Authd(lab, "primary"), Bind(lab, "secondary")
    zone = sample_zone("example.com.", refresh=3600)
    connect(lab, zone, primary, secondary)
    lab.start()
    lab.wait_for_serial(zone, [primary, secondary])
    assert report(secondary, zone.name, primary, 1, 2) in ("NOERROR", "REFUSED")


if __name__ == "__main__":
    run_tests()
