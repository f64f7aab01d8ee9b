"""UPDATEs that say when they want their answer, and what it tells them (doc/protocol-update-level.md)."""
import socket
import threading
import time

import dns.edns
import dns.message
import dns.query
import dns.rcode

from zt import Authd, ask, replicate, run_tests, test, wait_for, zonectl
from zt.levels import OPTION, message, question, receipt, update_at
from zt.peering import Link, current, quiet_zone

NEW = ("add", "new", 300, "A", "192.0.2.1")


def pair(lab, count=2, **numbers):
    primary, others = Authd(lab), [Authd(lab) for _ in range(count)]
    zone = replicate(quiet_zone(**numbers), primary, others, updates=True)
    return primary, others, zone


def start(lab, primary, zone):
    lab.start()
    zonectl(primary, "wait", zone.name)


@test("LOCAL is answered at once, with the receipt of the version that has the change")
def local(lab):
    primary, (near, *_), zone = pair(lab)
    start(lab, primary, zone)
    for tcp in (False, True):
        got = update_at(primary, zone.name, "local", 0, ("add", f"local{tcp}", 300, "A", "192.0.2.1"), tcp=tcp)
        zone.serial += 1
        assert (got.rcode, got.asked, got.is_reached, got.serial, got.total) == ("NOERROR", "local", True, zone.serial, 2), got
        assert got.fingerprint == zonectl(primary, "zone", zone.name)["fingerprint"], got
    zonectl(primary, "wait", zone.name)
    assert zonectl(near, "zone", zone.name)["fingerprint"] == got.fingerprint


@test("ALL is answered when all secondaries serve the change, by UDP and TCP")
def all_of_them(lab):
    primary, others, zone = pair(lab)
    start(lab, primary, zone)
    for number, tcp in enumerate((False, True) * 5):
        got = update_at(primary, zone.name, "all", 10, ("add", f"all{number}", 300, "A", "192.0.2.1"), tcp=tcp)
        # Looked at before anything else is done.
        seen = [ask(node, f"all{number}.{zone.name}").answer for node in others]
        assert (got.reached, got.is_reached, got.confirmed, got.total, got.visible_in_s) == ("all", True, 2, 2, None), got
        assert all(seen), seen
        assert got.waited_ms < 2000, got


@test("who lags when the time is over is named, and the change is done all the same")
def laggards(lab):
    primary, (near, far), zone = pair(lab)
    start(lab, primary, zone)
    far.stop()
    began = time.monotonic()
    got = update_at(primary, zone.name, "all", 0.5, NEW)
    assert 0.5 <= time.monotonic() - began < 3
    assert (got.rcode, got.reached, got.is_reached, got.confirmed, got.total) == ("NOERROR", "quorum", False, 1, 2), got
    assert far.where() in got.text and near.where() not in got.text, got
    assert ask(primary, f"new.{zone.name}").answer
    got = update_at(primary, zone.name, "quorum", 10, ("add", "newer", 300, "A", "192.0.2.1"))
    assert (got.reached, got.is_reached, got.confirmed) == ("quorum", True, 1), got
    near.stop()
    got = update_at(primary, zone.name, "quorum", 0.3, ("add", "newest", 300, "A", "192.0.2.1"), payload=512)
    assert (got.rcode, got.reached, got.is_reached) == ("NOERROR", "local", False) and "lags: " in got.text, got
    zone.serial += 3
    assert got.serial == zone.serial


@test("VISIBLE waits for the caches where their time is short, else tells how long it is")
def visible(lab):
    primary, _, zone = pair(lab, minimum=2)
    start(lab, primary, zone)
    # New names: denials are kept for two seconds.
    got = update_at(primary, zone.name, "visible", 10, ("add", "soon", 1, "A", "192.0.2.1"))
    assert got.reached == "visible" and got.is_reached and got.visible_in_s == 0 and 3000 <= got.waited_ms < 6000, got
    # Known for a second.
    got = update_at(primary, zone.name, "visible", 10, ("replace", "soon", 3600, "A", "192.0.2.2"))
    assert got.reached == "visible" and 2000 <= got.waited_ms < 5000, got
    # Known for an hour: nobody waits for that.
    got = update_at(primary, zone.name, "visible", 10, ("replace", "soon", 1, "A", "192.0.2.3"))
    assert (got.reached, got.is_reached) == ("all", False) and 3595 <= got.visible_in_s <= 3601 and got.waited_ms < 2000, got
    # A wildcard answered for the name before.
    got = update_at(primary, zone.name, "visible", 1, ("add", "below.wild", 60, "TXT", '"mine"'))
    assert 295 <= got.visible_in_s <= 301, got
    # Nothing changes, so there is nothing old.
    got = update_at(primary, zone.name, "visible", 1, ("add", "below.wild", 60, "TXT", '"mine"'))
    assert got.reached == "visible" and got.visible_in_s == 0, got


@test("without the option, with one of another version, or with one that is broken, an UPDATE is what RFC 2136 says")
def plain(lab):
    primary, (_, far), zone = pair(lab)
    start(lab, primary, zone)
    far.stop()

    def send(option, name):
        query = message(zone.name, [("add", name, 300, "A", "192.0.2.1")], [option] if option else [])
        return dns.query.udp(query, primary.address, port=primary.port, timeout=3)
    for number, option in enumerate([None, dns.edns.GenericOption(OPTION, b"\2\2\0\0\0\0\xff\xff"), dns.edns.GenericOption(OPTION, b"")]):
        answer = send(option, f"plain{number}")
        assert answer.rcode() == dns.rcode.NOERROR and not [one for one in answer.options if one.otype == OPTION], answer
    for data in (b"\1", b"\1\4\0\0\0\0\0\1", b"\1\2\0\0\0\0\0\1\0"):
        answer = send(dns.edns.GenericOption(OPTION, data), "broken")
        assert answer.rcode() == dns.rcode.FORMERR, answer
    assert not ask(primary, f"broken.{zone.name}").answer
    # What is refused has no receipt.
    query = message(zone.name, [("present", "nobody"), NEW], [question("all", 5)])
    assert receipt(dns.query.udp(query, primary.address, port=primary.port, timeout=3)) == "NXDOMAIN"


@test("a message that is repeated while it waits is not done twice, and gets one answer")
def repeated(lab):
    primary, (_, far), zone = pair(lab)
    start(lab, primary, zone)
    far.stop()
    query = message(zone.name, [("absent", "once"), ("add", "once", 300, "A", "192.0.2.1")], [question("all", 1)]).to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((primary.address, primary.port))
        for _ in range(3):
            sock.send(query)
            wait_for(lambda: ask(primary, f"once.{zone.name}").answer, "the change")
        got = receipt(dns.message.from_wire(sock.recv(4096)))
        assert got.rcode == "NOERROR" and far.where() in got.text, got
        sock.settimeout(0.3)
        try:
            more = sock.recv(4096)
        except TimeoutError:
            more = None
        assert more is None


@test("a client that goes away, a secondary that goes on, a zone that goes and a server that stops leave nothing waiting")
def gone(lab):
    primary, (_, far), zone = pair(lab)
    start(lab, primary, zone)
    far.stop()
    with socket.create_connection((primary.address, primary.port)) as sock:
        wire = message(zone.name, [NEW], [question("all", 60)]).to_wire()
        sock.sendall(len(wire).to_bytes(2, "big") + wire)
        wait_for(lambda: ask(primary, f"new.{zone.name}").answer, "the change")
    answers = []

    def wait(name, timeout_s):
        answers.append(update_at(primary, zone.name, "all", timeout_s, ("add", name, 300, "A", "192.0.2.1"), tcp=True))

    def begin(name):
        thread = threading.Thread(target=wait, args=(name, 60))
        thread.start()
        wait_for(lambda: ask(primary, f"{name}.{zone.name}").answer, "the change")
        return thread
    thread = begin("one")
    far.restart()
    thread.join(20)
    assert answers[-1].is_reached, answers
    far.stop()
    thread = begin("two")
    config = primary.path("authd.yaml")
    text = config.read_text()
    config.write_text(text[:text.index("zone:")] + "zone: []\n")
    zonectl(primary, "reload")
    thread.join(20)
    assert answers[-1].rcode == "NOERROR" and not answers[-1].is_reached, answers
    config.write_text(text)
    zonectl(primary, "reload")
    thread = begin("three")
    primary.stop()
    thread.join(20)
    assert len(answers) == 3 and answers[-1].rcode == "NOERROR" and not answers[-1].is_reached, answers


@test("the idle time of a TCP connection does not run while an UPDATE waits; others are served meanwhile")
def outlasts_idle(lab):
    class Short(Authd):
        def config(self):
            return super().config().replace("  workers:", "  tcp-idle-timeout: 500ms\n  workers:")
    primary, near = Short(lab), Authd(lab)
    zone = replicate(quiet_zone(), primary, [near], updates=True)
    link = Link(near)
    primary.zones[zone.name].secondaries = [link]
    lab.start()
    wait_for(lambda: current(primary, zone, link.where()), "the secondary to be current")
    link.is_cut = True
    answers = []
    thread = threading.Thread(target=lambda: answers.append(update_at(primary, zone.name, "all", 2, NEW, tcp=True)))
    thread.start()
    wait_for(lambda: ask(primary, f"new.{zone.name}").answer, "the change")
    assert update_at(primary, zone.name, "local", 0, ("add", "other", 300, "A", "192.0.2.1")).is_reached
    thread.join(20)
    assert answers and 2000 <= answers[0].waited_ms < 4000 and not answers[0].is_reached, answers
    link.close()


@test("only so many UPDATEs wait; more are answered at once, and told so")
def crowd(lab):
    primary, (near, *_), zone = pair(lab, count=1)
    start(lab, primary, zone)
    near.stop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.connect((primary.address, primary.port))
        for number in range(1100):
            sock.send(message(zone.name, [("add", f"crowd{number % 10}", 300, "A", "192.0.2.1")], [question("all", 30)]).to_wire())
            if number % 50 == 49:      # no more than its sockets take
                ask(primary, zone.name, "SOA")
        got = receipt(dns.message.from_wire(sock.recv(4096)))
        assert got.is_crowded and not got.is_reached and got.rcode == "NOERROR", got
    assert update_at(primary, zone.name, "local", 0, NEW).is_reached


if __name__ == "__main__":
    run_tests()
