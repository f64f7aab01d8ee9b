"""Secondaries that lie or misbehave: none of it harms the zone, the other secondaries, or what the primary knows of the honest ones."""
import socket
import struct
import time

import dns.edns
import dns.message
import dns.query
import dns.rdatatype
import dns.rrset

from zt import Authd, ask, axfr, ixfr, notify, replicate, run_tests, sample_zone, scale, test, update, wait_for, zonectl
from zt.client import receive_message
from zt.fake import FakePrimary
from zt.zones import Role

COOKIE, ZSYNC = 10, 65377


def ixfr_question(zone, serial):
    query = dns.message.make_query(zone.name, "IXFR", use_edns=False)
    query.authority.append(dns.rrset.from_text(zone.name, 0, "IN", "SOA", f". . {serial} 0 0 0 0"))
    data = query.to_wire()
    return struct.pack("!H", len(data)) + data


def peer_of(primary, zone, secondary):
    return next(peer for peer in zonectl(primary, "peers", zone.name) if peer["peer"] == secondary.where())


def add(primary, zone, name):
    assert update(primary, zone.name, ("add", name, 300, "A", "192.0.2.1")) == "NOERROR"
    zone.serial += 1


@test("a question with a serial from the future gets the SOA and nothing more, and everybody is told of the next version all the same")
def from_the_future(lab):
    primary, honest = Authd(lab), Authd(lab)
    zone = replicate(sample_zone("example.com.", serial=10), primary, [honest], updates=True)
    lab.start()
    lab.wait_for_serial(zone, [honest])
    # From the honest secondary's own address: the primary must take it for that one's.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.settimeout(10)
        sock.bind((honest.address, 0))
        sock.connect((primary.address, primary.port))
        sock.sendall(ixfr_question(zone, zone.serial + 1000))
        answer = dns.message.from_wire(receive_message(sock), xfr=True)
    records = [record for rrset in answer.answer for record in rrset]
    assert len(records) == 1 and records[0].rdtype == dns.rdatatype.SOA and records[0].serial == zone.serial, answer
    started = time.monotonic()
    add(primary, zone, "new")
    lab.wait_for_serial(zone, [honest], deadline_s=5)
    lab.check_equal(zone, primary, [honest])
    # And what was believed of it meanwhile is put right.
    wait_for(lambda: peer_of(primary, zone, honest)["serial"] == zone.serial, "the honest serial in zonectl peers", 10)
    assert time.monotonic() - started < 15


@test("transfers that nobody reads keep nobody from the zone, and end when their clients go")
def unread(lab):
    primary, honest = Authd(lab), Authd(lab)
    zone = replicate(sample_zone("example.com.", hosts=scale(60000)), primary, [honest], updates=True)
    lab.start()
    lab.wait_for_serial(zone, [honest], deadline_s=60)
    question = dns.message.make_query(zone.name, "AXFR", use_edns=False).to_wire()
    lazy = []
    for _ in range(40):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(10)
        sock.connect((primary.address, primary.port))
        sock.sendall(struct.pack("!H", len(question)) + question)
        lazy.append(sock)
    for number in range(5):
        add(primary, zone, f"new{number}")
        lab.wait_for_serial(zone, [honest], deadline_s=10)
    assert ask(primary, "www.example.com.").answer
    assert zonectl(primary, "status")["zones"] == 1
    for sock in lazy:
        sock.close()
    wait_for(lambda: len(axfr(primary, zone.name)) > 0, "a transfer after them", 30)
    lab.check_equal(zone, primary, [honest])


@test("a flood of NOTIFY from an allowed address, true, false and replayed, leads to few questions and delays no honest one")
def flood(lab):
    fake, secondary = FakePrimary(lab), Authd(lab)
    zone = fake.zone("example.com.")
    secondary.zones[zone.name] = Role(zone, [fake])
    zone.serial = 100
    lab.start()
    lab.wait_for_serial(zone, [secondary], 100)
    before = axfr(secondary, zone.name)
    zone.questions = fake.asked = 0
    count = scale(3000)
    for number in range(count):
        # What it has; what is older; what does not exist; and one without a serial.
        notify(secondary, zone.name, (100, 90, 101 + number, None)[number % 4])
    assert zone.questions + fake.asked <= 100, f"{zone.questions} transfers and {fake.asked} SOA queries for {count} NOTIFYs"
    assert axfr(secondary, zone.name) == before
    zone.change()
    notify(secondary, zone.name, zone.serial)
    lab.wait_for_serial(zone, [secondary], deadline_s=6)
    # A replay of the same is answered, and leads to nothing.
    zone.questions = fake.asked = 0
    for _ in range(scale(500)):
        notify(secondary, zone.name, zone.serial)
    assert zone.questions + fake.asked == 0
    if fake.trouble:
        raise AssertionError(fake.trouble)


@test("a secondary that asks again and again for differences it has been given takes nothing from others")
def insatiable(lab):
    primary, honest = Authd(lab), Authd(lab)
    zone = replicate(sample_zone("example.com.", serial=10), primary, [honest], updates=True)
    lab.start()
    lab.wait_for_serial(zone, [honest])
    add(primary, zone, "one")
    for _ in range(scale(300)):
        assert ixfr(primary, zone.name, 10).is_incremental()
    add(primary, zone, "two")
    lab.wait_for_serial(zone, [honest], deadline_s=5)
    wait_for(lambda: peer_of(primary, zone, honest)["state"] == "current", "the honest one to count as current", 10)


def option_of(message, code):
    return next(option.to_wire() for option in message.options if option.otype == code)


@test("over UDP too, a serial is no evidence where the content behind it is another")
def diverged_by_udp(lab):
    primary, secondary = Authd(lab), Authd(lab)
    zone = replicate(sample_zone("example.com."), primary, [secondary], updates=True)
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    secondary.stop()
    add(primary, zone, "new")
    wait_for(lambda: peer_of(primary, zone, secondary)["state"] == "behind", "a peer that is behind", 10)

    def asked(kind, *options):
        query = dns.message.make_query(zone.name, kind, use_edns=0, options=[dns.edns.GenericOption(*option) for option in options])
        query.authority.append(dns.rrset.from_text(zone.name, 0, "IN", "SOA", f". . {zone.serial} 0 0 0 0"))
        return dns.query.udp(query, primary.address, port=primary.port, timeout=10, source=secondary.address)

    first = asked("SOA", (COOKIE, b"client-c"), (ZSYNC, b"\1\0\0\0" + bytes(28)))
    cookie, version = option_of(first, COOKIE), option_of(first, ZSYNC)
    asked("IXFR", (COOKIE, cookie), (ZSYNC, version[:-1] + bytes([version[-1] ^ 1])))
    # What comes later, and is no evidence either, shows that this one has been looked at.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.settimeout(10)
        sock.bind((secondary.address, 0))
        sock.connect((primary.address, primary.port))
        question = dns.message.make_query(zone.name, "AXFR", use_edns=False).to_wire()
        sock.sendall(struct.pack("!H", len(question)) + question)
        receive_message(sock)
        wait_for(lambda: peer_of(primary, zone, secondary)["transfer"] == "axfr", "the transfer in zonectl peers", 10)
    assert peer_of(primary, zone, secondary)["state"] == "behind", "a peer with other content counts as current"
    asked("IXFR", (COOKIE, cookie), (ZSYNC, version))
    wait_for(lambda: peer_of(primary, zone, secondary)["state"] == "current", "the same content as evidence", 10)


if __name__ == "__main__":
    run_tests()
