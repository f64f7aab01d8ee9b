"""What strangers and clients can make grow has a bound (doc/limits.md): the log, the manage thread's time, descriptors."""
import contextlib
import socket
import struct
import threading
import time

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.update

from zt import Authd, ask, notify, replicate, run_tests, sample_zone, test, update, wait_for, zonectl
from zt.client import exchange_tcp, exchange_udp

ROUNDS = 60
UPDATE_RECORDS = 1000
SPARE_CLIENTS = 400


def start(lab, node, **options):
    zone = replicate(sample_zone("example.com."), node, [], **options)
    lab.start(node)
    return zone


class Closed(Authd):
    """Nobody may transfer or change anything."""

    def config(self):
        return super().config().replace("    allow-transfer: [127.0.0.0/8]\n", "")


def notify_message(name):
    message = dns.message.make_query(name, "SOA", use_edns=False)
    message.set_opcode(dns.opcode.NOTIFY)
    return message.to_wire()


@test("nothing that a stranger sends makes a line in the log, or reaches the manage thread")
def silent(lab):
    node = Closed(lab)
    zone = start(lab, node)
    change = dns.update.UpdateMessage(zone.name)
    change.add("new", 300, "A", "192.0.2.1")
    before = node.log()
    for _ in range(ROUNDS):
        for wire in (change.to_wire(), notify_message(zone.name), notify_message("other.example."), dns.message.make_query("other.example.", "A").to_wire(),
                     dns.message.make_query(zone.name, "AXFR").to_wire(), b"\0" * 12, b"\xff" * 40):
            exchange_udp(node, wire, timeout_s=0.01)
        exchange_tcp(node, dns.message.make_query(zone.name, "AXFR").to_wire())
        exchange_tcp(node, change.to_wire())
        with contextlib.suppress(OSError):
            exchange_tcp(node, b"\xff" * 40, timeout_s=0.01, prefix=7)
    assert ask(node, zone.name, "SOA").rcode() == dns.rcode.NOERROR
    assert node.log() == before, node.log()[len(before):]
    assert node.metric("authd_notifies_total") == node.metric("authd_updates_total") == 0


@test("of updates that the rules refuse the log tells some, and then how many more there were")
def refused_updates(lab):
    node = Authd(lab)
    zone = start(lab, node, updates=True)
    # Data below a DNAME breaks a rule.
    for _ in range(80):
        assert update(node, zone.name, ("add", "c.deep", 300, "DNAME", "example.net.")) == "REFUSED"
    assert node.log().count("update refused: ") == 50, node.log()


@test("large updates in a flood take turns with everything else that the manage thread does")
def update_flood(lab):
    node = Authd(lab)
    zone = start(lab, node, updates=True)
    stop = threading.Event()
    done = [0] * 4

    def flood(index):
        number = 0
        with contextlib.suppress(OSError), socket.create_connection((node.address, node.port)) as sock:
            sock.settimeout(30)
            while not stop.is_set():
                message = dns.update.UpdateMessage(zone.name)
                for record in range(UPDATE_RECORDS):
                    message.replace(f"f{index}-{record}", 300, "A", f"10.{number % 256}.0.1")
                wire = message.to_wire(max_size=65535)
                sock.sendall((struct.pack("!H", len(wire)) + wire) * 3)
                for _ in range(3):
                    length, = struct.unpack("!H", sock.recv(2, socket.MSG_WAITALL))
                    assert sock.recv(length, socket.MSG_WAITALL)[3] & 15 == dns.rcode.NOERROR
                    done[index] += 1
                number += 1

    threads = [threading.Thread(target=flood, args=(index,)) for index in range(len(done))]
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: all(count > 3 for count in done), "updates to be answered")
        slowest = 0.0
        before = sum(done)
        for _ in range(20):
            began = time.monotonic()
            zonectl(node, "status")
            assert notify(node, zone.name).rcode() == dns.rcode.NOTAUTH
            slowest = max(slowest, time.monotonic() - began)
        assert sum(done) > before, done
        assert slowest < 2.0, slowest
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@test("an update can't grow an RRset past what a message can hold")
def large_rrset(lab):
    node = Authd(lab)
    zone = start(lab, node, updates=True)
    outcomes = []
    for number in range(6):
        message = dns.update.UpdateMessage(zone.name)
        for record in range(1000):
            message.add("big", 300, "A", f"10.{number}.{record // 256}.{record % 256}")
        reply = dns.message.from_wire(exchange_tcp(node, message.to_wire(max_size=65535), timeout_s=30))
        outcomes.append(dns.rcode.to_text(reply.rcode()))
    assert outcomes[:4] == ["NOERROR"] * 4 and outcomes[4:] == ["REFUSED"] * 2, outcomes
    answer = ask(node, f"big.{zone.name}", "A", tcp=True)
    assert len(answer.answer[0]) == 4000


class FewDescriptors(Authd):
    def command(self):
        return ["/bin/sh", "-c", 'ulimit -n 200; exec "$@"', "sh", *super().command()]


@test("clients of the metrics that say nothing leave descriptors for everything else")
def metrics_clients(lab):
    node = FewDescriptors(lab)
    zone = start(lab, node, updates=True)
    with contextlib.ExitStack() as stack:
        for _ in range(SPARE_CLIENTS):
            with contextlib.suppress(OSError):
                sock = stack.enter_context(socket.socket())
                sock.settimeout(0.05)
                sock.connect((node.address, node.metrics_port))
        zone.change(add=["later A 192.0.2.9"])
        node.reload_zone(zone)
        lab.wait_for_serial(zone, [node])
        assert update(node, zone.name, ("add", "new", 300, "A", "192.0.2.1"), tcp=True) == "NOERROR"
        assert zonectl(node, "status")["zones_serving"] == 1
    wait_for(lambda: "authd_queries_total" in node.metrics(), "metrics")


if __name__ == "__main__":
    run_tests()
