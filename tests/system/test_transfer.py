"""Transfers, NOTIFY and refresh between authd servers, at the edges: slow and vanishing clients, busy connections, primaries that are gone, behind or back."""
import contextlib
import random
import select
import socket
import struct
import time

import dns.message
import dns.rcode

from zt import Authd, Failure, ask, axfr, ixfr, notify, replicate, run_tests, sample_zone, scale, test, update, wait_for, zonectl
from zt.client import receive_message
from zt.lab import free_port
from zt.wire import Records
from zt.zones import Role

SERVFAIL = dns.rcode.SERVFAIL
MANY_HOSTS = 150000      # more bytes than the kernel takes off our hands on a connection that nobody reads


def question(zone, kind="AXFR"):
    data = dns.message.make_query(zone.name, kind, use_edns=False).to_wire()
    return struct.pack("!H", len(data)) + data


def connect(node, window=None):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if window:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    sock.settimeout(30)
    sock.connect((node.address, node.port))
    return sock


def receive_transfer(sock):
    records = Records()
    while not records.transfer_is_complete():
        message = receive_message(sock)
        if message is None:
            raise Failure("the connection ended in the middle of a transfer")
        records.add_message(message)
    return records.canonical()


def axfr_or_none(node, zone):
    try:
        return axfr(node, zone.name)
    except Failure:
        return None


def peer_state(primary, zone, secondary):
    return next(peer for peer in zonectl(primary, "peers", zone.name) if peer["peer"] == secondary.where())


def add(node, zone, name):
    rcode = update(node, zone.name, ("add", name, 300, "A", "192.0.2.1"))
    if rcode != "NOERROR":
        raise Failure(f"UPDATE of {zone.name} answered with {rcode}")
    zone.serial += 1


@test("a transfer is of one version, however slowly it is read and whatever changes meanwhile")
def slow_reader(lab):
    primary = Authd(lab)
    zone = replicate(sample_zone("example.com.", hosts=MANY_HOSTS), primary, [], updates=True)
    lab.start()
    before = axfr(primary, zone.name)
    with connect(primary, window=4096) as sock:
        sock.sendall(question(zone))
        select.select([sock], [], [], 30)
        for number in range(20):
            add(primary, zone, f"new{number}")
        assert receive_transfer(sock) == before
    assert len(axfr(primary, zone.name)) == len(before) + 20


@test("several transfers and queries share a connection, also when the client has closed its half")
def shared_connection(lab):
    primary = Authd(lab)
    zones = [replicate(sample_zone(f"zone{number}.example.", hosts=3000 * number + 1), primary, []) for number in range(3)]
    lab.start()
    with connect(primary) as sock:
        sock.sendall(b"".join(question(zone) for zone in zones))
        sock.shutdown(socket.SHUT_WR)
        for zone in zones:
            assert receive_transfer(sock) == axfr(primary, zone.name)
        assert receive_message(sock) is None


@test("clients that vanish in the middle of transfers leave nothing behind")
def vanishing_clients(lab):
    primary = Authd(lab)
    zone = replicate(sample_zone("example.com.", hosts=MANY_HOSTS), primary, [], updates=True)
    lab.start()
    for number in range(50):
        with connect(primary, window=4096) as sock:
            sock.sendall(question(zone) * 3)
            select.select([sock], [], [], 30)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", number % 2, 0))
    # More than may be open at once for one address, if they stayed.
    add(primary, zone, "after")
    assert len(axfr(primary, zone.name)) == MANY_HOSTS + len(sample_zone("x.", hosts=0).lines) + 2


@test("a client gets a limited number of transfers at once, others are served all the same")
def limited(lab):
    primary = Authd(lab)
    zone = replicate(sample_zone("example.com.", hosts=MANY_HOSTS), primary, [])
    lab.start()
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connect(primary, window=4096)) for _ in range(40)]
        for sock in socks:
            sock.sendall(question(zone))
        for sock in socks:
            select.select([sock], [], [], 30)
        with connect(primary) as other:
            other.sendall(question(zone))
            assert receive_message(other)[3] & 15 == SERVFAIL
        assert ask(primary, "www.example.com.").answer
        assert primary.metric("authd_transfers_limited_total") == 1
    wait_for(lambda: len(axfr_or_none(primary, zone) or []) > MANY_HOSTS, "a transfer after the others have gone")


@test("IXFR over UDP is answered in full where it fits, otherwise by the SOA that sends the client to TCP")
def ixfr_over_udp(lab):
    primary = Authd(lab)
    zone = replicate(sample_zone("example.com.", hosts=300), primary, [], updates=True)
    lab.start()
    first = zone.serial
    add(primary, zone, "one")

    def answer():
        request = dns.message.make_query(zone.name, "IXFR", use_edns=False)
        request.authority.append(dns.rrset.from_text(zone.name, 0, "IN", "SOA", f". . {first} 0 0 0 0"))
        return dns.query.udp(request, primary.address, port=primary.port, timeout=5, one_rr_per_rrset=True).answer
    assert len(answer()) == 5
    for number in range(30):
        add(primary, zone, f"more{number}")
    assert [rrset[0].serial for rrset in answer()] == [zone.serial]
    assert len(ixfr(primary, zone.name, first).serials()) == 2 * 31 + 2


@test("a server is given differences in the form that is set for it: step by step, condensed, or whichever suits")
def forms_of_ixfr(lab):
    zone, nodes = sample_zone("example.com."), {}
    for form in ("auto", "steps", "condensed"):      # we come from 127.0.0.1; nobody listens at that port
        nodes[form] = Authd(lab, zone_settings=f"notify: [{{address: 127.0.0.1@{free_port('127.0.0.1')}, ixfr: {form}}}]")
        nodes[form].zones[zone.name] = Role(zone, updates=True)
    lab.start()
    lab.wait_for_serial(zone, nodes.values())

    def change(*changes):
        for node in nodes.values():
            assert update(node, zone.name, *changes) == "NOERROR"

    def serials(form):
        return ixfr(nodes[form], zone.name, 1).serials()
    change(("add", "flap", 300, "A", "192.0.2.1"))
    change(("delete", "flap"))
    change(("add", "stay", 300, "A", "192.0.2.2"))
    assert serials("auto") == serials("steps") == [4, 1, 2, 2, 3, 3, 4, 4]
    assert serials("condensed") == [4, 1, 4, 4]
    assert len(ixfr(nodes["condensed"], zone.name, 1).records) == 5, "what came and went is sent"
    # Now the steps are more records than the zone, what is left of them is not.
    for _ in range(10):
        change(("add", "flap", 300, "A", "192.0.2.1"))
        change(("delete", "flap"))
    assert serials("auto") == serials("condensed") == [24, 1, 24, 24]
    assert not ixfr(nodes["steps"], zone.name, 1).is_incremental()


@test("the primary knows where each secondary stands, also after a restart")
def knows_its_peers(lab):
    primary, near, far = Authd(lab), Authd(lab), Authd(lab)
    zone = replicate(sample_zone("example.com."), primary, [near, far], updates=True)
    lab.start()
    lab.wait_for_serial(zone, [near, far])
    zonectl(primary, "wait", zone.name, zone.serial)
    far.stop()
    add(primary, zone, "new")
    wait_for(lambda: peer_state(primary, zone, near)["state"] == "current", "the secondary that is there to be current")
    assert peer_state(primary, zone, near)["confirmed_by"] in ("ixfr", "soa")
    assert peer_state(primary, zone, far)["state"] == "behind"
    assert peer_state(primary, zone, far)["serial"] == zone.serial - 1
    late = zonectl(primary, "wait", zone.name, zone.serial, "--timeout", "0.2", expect=3)
    assert [peer["peer"] for peer in late["lagging"]] == [far.where()]
    primary.stop()
    primary.restart()
    assert peer_state(primary, zone, near)["state"] == "current"
    assert peer_state(primary, zone, far)["state"] == "behind"
    far.restart()
    zonectl(primary, "wait", zone.name, zone.serial, "--timeout", "60")


class Neighbour(Authd):
    """All on one address, each with a port of its own."""
    def place(self):
        address = self.lab.nodes[0].address if self.lab.nodes else self.lab.next_address()
        return address, free_port(address)


@test("secondaries that share an address are told apart by asking them")
def one_address(lab):
    primary, near, far = Neighbour(lab), Neighbour(lab), Neighbour(lab)
    zone = replicate(sample_zone("example.com."), primary, [near, far], updates=True)
    lab.start()
    zonectl(primary, "wait", zone.name, zone.serial)
    far.stop()
    add(primary, zone, "new")
    wait_for(lambda: peer_state(primary, zone, near)["state"] == "current", "the secondary that is there to be current")
    assert peer_state(primary, zone, near)["confirmed_by"] == "soa"
    assert peer_state(primary, zone, far)["state"] == "behind"
    far.restart()
    zonectl(primary, "wait", zone.name, zone.serial, "--timeout", "60")


@test("a target that does not answer holds up nobody")
def dead_target(lab):
    primary, alive, dead = Authd(lab), Authd(lab), Authd(lab)
    zone = replicate(sample_zone("example.com.", refresh=86400), primary, [dead, alive], updates=True)
    lab.start(primary, alive)
    lab.wait_for_serial(zone, [alive])
    for number in range(20):
        add(primary, zone, f"new{number}")
        lab.wait_for_serial(zone, [alive], deadline_s=2)


@test("a primary with an older serial is not followed but reported, until the operator asks for its version")
def primary_went_back(lab):
    primary, secondary = Authd(lab), Authd(lab)
    zone = replicate(sample_zone("example.com.", serial=100, refresh=1, retry=1), primary, [secondary])
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    primary.stop()
    zone.serial = 50
    zone.lines.append("restored A 192.0.2.1")
    primary.write_zone(zone)
    for path in primary.path("state").iterdir():
        path.unlink()
    primary.restart()
    lab.wait_for_serial(zone, [primary])
    wait_for(lambda: "older" in (zonectl(secondary, "zone", zone.name)["alarm"] or ""), "the alarm")
    assert secondary.serial(zone.name) == 100
    zonectl(secondary, "retransfer", zone.name)
    lab.wait_for_serial(zone, [secondary])
    lab.check_equal(zone, primary, [secondary])
    assert zonectl(secondary, "zone", zone.name)["alarm"] is None
    assert primary.metric("authd_transfers_whole_total") >= 1


@test("a zone that expired while its secondary was down is not served after the start")
def expired_while_down(lab):
    primary, secondary = Authd(lab), Authd(lab)
    zone = replicate(sample_zone("example.com.", refresh=1, retry=1, expire=2), primary, [secondary])
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    primary.stop()
    secondary.stop()
    down_until = time.monotonic() + 3
    wait_for(lambda: time.monotonic() > down_until, "the expire time to pass")
    secondary.restart()
    assert ask(secondary, "www.example.com.").rcode() == SERVFAIL
    assert zonectl(secondary, "zone", zone.name)["state"] == "expired"
    primary.restart()
    lab.wait_for_serial(zone, [secondary])


@test("of two primaries the one that is there is followed, and both after each other")
def two_primaries(lab):
    primary, relay, last = Authd(lab), Authd(lab), Authd(lab)
    zone = replicate(sample_zone("example.com.", refresh=2, retry=1), primary, [relay, last], updates=True)
    relay.zones[zone.name].secondaries.append(last)
    last.zones[zone.name].primaries.append(relay)
    lab.start()
    lab.wait_for_serial(zone, [relay, last])
    relay.stop()
    add(primary, zone, "one")
    lab.wait_for_serial(zone, [last])
    relay.restart()
    lab.wait_for_serial(zone, [relay])
    primary.kill()
    zonectl(last, "refresh", zone.name)
    wait_for(lambda: zonectl(last, "zone", zone.name)["refresh_in_s"] > 0, "the refresh from the other primary")
    primary.restart()
    add(primary, zone, "two")
    lab.wait_for_serial(zone, [relay, last])
    lab.check_equal(zone, primary, [relay, last])


@test("NOTIFY is answered by who it concerns: NOERROR from a secondary, NOTAUTH for other zones, FORMERR for nonsense")
def notify_answers(lab):
    primary, secondary = Authd(lab), Authd(lab)
    zone = replicate(sample_zone("example.com."), primary, [secondary])
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    assert notify(secondary, zone.name, zone.serial).rcode() == dns.rcode.NOERROR
    assert notify(secondary, zone.name, 77).rcode() == dns.rcode.NOERROR
    assert notify(secondary, "other.example.", 1).rcode() == dns.rcode.NOTAUTH
    assert notify(primary, zone.name, 77).rcode() == dns.rcode.NOTAUTH
    # A serial that no primary has changes nothing.
    assert secondary.serial(zone.name) == zone.serial


@test("many zones at once arrive over few connections")
def many_zones(lab):
    primary, secondary = Authd(lab), Authd(lab)
    zones = [replicate(sample_zone(f"zone{number}.example.", hosts=2), primary, [secondary]) for number in range(300)]
    lab.start()
    for zone in zones:
        lab.wait_for_serial(zone, [secondary])
    for zone in zones[::60]:
        lab.check_equal(zone, primary, [secondary])


@test("whoever is killed whenever during a stream of changes, in the end all are equal, and nobody needed the zone a second time")
def killed_at_random(lab):
    primary, first, relay, last = (Authd(lab) for _ in range(4))
    zone = replicate(sample_zone("example.com.", hosts=1000, refresh=5, retry=1), primary, [first, relay], updates=True)
    replicate(zone, relay, [last])
    relay.zones[zone.name].primaries.append(primary)
    lab.start()
    lab.wait_for_serial(zone, [first, relay, last])
    for number in range(scale(1500)):
        add(primary, zone, f"new{number}")
        if random.random() < 0.02:
            victim = random.choice([first, relay, last])
            victim.kill()
            victim.start_process()
        if random.random() < 0.004:
            primary.kill()
            primary.restart()
    lab.wait_for_serial(zone, [first, relay, last], deadline_s=90)
    lab.check_equal(zone, primary, [first, relay, last])
    for node in (first, relay, last):
        assert "axfr" not in node.sources(zone.name)[1:], f"{node.name} was given the whole zone again"


if __name__ == "__main__":
    run_tests()
