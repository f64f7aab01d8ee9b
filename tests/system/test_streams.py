"""TCP clients of authd: pipelining, half-closed, slow and silent ones, too many of them, and how the others fare meanwhile."""
import contextlib
import socket
import struct
import time

import dns.edns
import dns.message
import dns.rcode
import dns.update

from zt import Authd, Hierarchy, Nsd, Resolverd, ask, replicate, run_tests, sample_zone, test, tool, wait_for, zonectl
from zt.client import receive_message
from zt.wire import Records

ZONE = "example."
HOSTS = 60000


def query(name, kind="A", number=1, options=None):
    message = dns.message.make_query(name, kind, use_edns=0 if options is not None else False, options=options)
    message.id = number
    data = message.to_wire()
    return struct.pack("!H", len(data)) + data


def change(number):
    """An UPDATE that adds a name."""
    message = dns.update.Update(ZONE)
    message.add(f"added{number}", 60, "A", "192.0.2.1")
    message.id = number
    data = message.to_wire()
    return struct.pack("!H", len(data)) + data


def connect(node, window=None, source="127.0.0.1"):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if window:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    sock.settimeout(30)
    sock.bind((source, 0))
    sock.connect((node.address, node.port))
    return sock


def is_closed(sock):
    """Whether the peer has closed; what it sent before is thrown away."""
    sock.setblocking(False)
    try:
        return sock.recv(65536) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


class TunedAuthd(Authd):
    """authd with more lines in its server section, and perhaps few descriptors."""
    settings = ()
    descriptors = None

    def config(self):
        return super().config().replace("zone:\n", "".join(f"  {line}\n" for line in self.settings) + "zone:\n", 1)

    def command(self):
        # The soft limit is raised to the hard one by the daemon, so that one is lowered, in the child alone.
        return [*(["prlimit", f"--nofile={self.descriptors}:{self.descriptors}"] if self.descriptors else []), *super().command()]


def start(lab, *settings, hosts=0, descriptors=None, **options):
    node = TunedAuthd(lab, **options)
    node.settings, node.descriptors = settings, descriptors
    zone = sample_zone(ZONE)
    if hosts:
        zone.change(add=[f"host{i} A 10.{i >> 16}.{i >> 8 & 255}.{i & 255}" for i in range(hosts)])
    replicate(zone, node, [], updates=True)
    lab.start(node)
    return node, zone


def stats(node):
    return zonectl(node, "stats")["network"]


@test("a half-closed client that pipelined AXFRs, an UPDATE and questions gets all answers")
def half_closed(lab):
    node, zone = start(lab, hosts=HOSTS)
    with connect(node) as sock:
        sock.sendall(query(ZONE, "AXFR", 1) + query("www." + ZONE, number=2) + change(999) + query(ZONE, "AXFR", 3) +
                     query("nosuch." + ZONE, number=4) + query("www." + ZONE, number=5))
        sock.shutdown(socket.SHUT_WR)
        messages = {}
        while (message := receive_message(sock)) is not None:
            messages.setdefault(struct.unpack("!H", message[:2])[0], []).append(message)
    assert set(messages) == {1, 2, 3, 4, 5, 999}, set(messages)
    for number in (1, 3):
        records = Records()
        for message in messages[number]:
            records.add_message(message)
        assert records.transfer_is_complete(), f"AXFR {number} was cut"
    assert dns.message.from_wire(messages[4][0]).rcode() == dns.rcode.NXDOMAIN
    assert dns.message.from_wire(messages[999][0]).rcode() == dns.rcode.NOERROR


@test("the many messages of a transfer do not pass for answers to what else a half-closed client asked")
def half_closed_updates(lab):
    node, _ = start(lab, hosts=3000)
    for number in range(100, 110):
        with connect(node) as sock:
            sock.sendall(change(number) + query(ZONE, "AXFR", 1))
            sock.shutdown(socket.SHUT_WR)
            got = set()
            while (message := receive_message(sock)) is not None:
                got.add(struct.unpack("!H", message[:2])[0])
        assert got == {1, number}, got


@test("answers that are ready overtake a transfer that is not")
def out_of_order(lab):
    node, _ = start(lab, hosts=HOSTS)
    with connect(node, window=4096) as sock:
        sock.sendall(query(ZONE, "AXFR", 1) + query("www." + ZONE, number=2))
        first = [struct.unpack("!H", receive_message(sock)[:2])[0] for _ in range(20)]
    assert 2 in first and 1 in first, first


@test("1,000 questions in one write are answered on one connection, in few writes")
def pipelining(lab):
    node, _ = start(lab)
    with connect(node) as sock:
        sock.sendall(b"".join(query("www." + ZONE, number=i) for i in range(1, 1001)))
        got = {struct.unpack("!H", receive_message(sock)[:2])[0] for _ in range(1000)}
    assert got == set(range(1, 1001))


@test("a silent client is closed after tcp-read-timeout, one that has asked after tcp-idle-timeout, one that trickles after tcp-read-timeout")
def timeouts(lab):
    node, _ = start(lab, "tcp-idle-timeout: 3s", "tcp-read-timeout: 1s")
    with connect(node) as silent, connect(node) as idle, connect(node) as trickling:
        began = time.monotonic()
        idle.sendall(query("www." + ZONE))
        receive_message(idle)
        trickling.sendall(query("www." + ZONE))
        receive_message(trickling)
        trickling.sendall(b"\x01\x00")

        def trickle():
            with contextlib.suppress(OSError):
                trickling.send(b"x")
            return is_closed(trickling)
        wait_for(lambda: is_closed(silent), "the silent client's end", deadline_s=5)
        wait_for(trickle, "the trickling client's end", deadline_s=5)
        assert time.monotonic() - began < 2.9, "both before the idle timeout"
        wait_for(lambda: is_closed(idle), "the idle client's end", deadline_s=10)
        assert time.monotonic() - began >= 2.9


@test("a client that never reads is cut off after tcp-write-timeout, and one that reads slowly is not")
def never_reads(lab):
    node, _ = start(lab, "tcp-write-timeout: 2s", hosts=HOSTS)
    with connect(node, window=4096) as deaf, connect(node, window=4096) as slow:
        for sock in (deaf, slow):
            sock.sendall(b"".join(query(ZONE, "AXFR", i) for i in range(1, 9)))
        began = time.monotonic()

        def deaf_is_gone():
            slow.setblocking(True)
            assert slow.recv(16384), "the slow reader was cut off"
            return stats(node)["connections_open"] == 1
        wait_for(deaf_is_gone, "the end of the client that never reads", deadline_s=20)
        # For twice as long as the other was given.
        wait_for(lambda: slow.recv(8192) and time.monotonic() - began > 6, "the slow reader to go on", deadline_s=20)


@test("the connection idle for longest makes room for a new one, and those in use stay")
def full_table(lab):
    node, _ = start(lab, "tcp-max-clients: 20", "tcp-idle-timeout: 60s")
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connect(node)) for _ in range(20)]
        for sock in socks:
            sock.sendall(query("www." + ZONE))
            receive_message(sock)

        def asks():
            """The last five keep asking."""
            for sock in socks[15:]:
                sock.sendall(query("www." + ZONE))
                assert receive_message(sock)
        for _ in range(30):
            asks()
            with connect(node) as fresh:
                fresh.sendall(query("www." + ZONE))
                assert receive_message(fresh), "a new client is answered"
        asks()
        assert stats(node)["connections_shed"] >= 1
        # Those that remain are closed early, because more than three quarters of the room was taken.
        assert stats(node)["connections_open"] <= 20


@test("at the limit of descriptors existing clients go on, new ones get in, and the daemon does not spin")
def descriptor_limit(lab):
    node, _ = start(lab, "tcp-idle-timeout: 60s", "tcp-max-per-client: 0", descriptors=64)
    with contextlib.ExitStack() as stack:
        keeper = stack.enter_context(connect(node))
        others = [stack.enter_context(connect(node)) for _ in range(100)]
        for _ in range(20):
            keeper.sendall(query("www." + ZONE))
            assert receive_message(keeper), "an existing client goes on"
        with connect(node) as fresh:
            fresh.sendall(query("www." + ZONE))
            assert receive_message(fresh), "a new client gets in"
        ticks = cpu_ticks(node)
        began = time.monotonic()
        wait_for(lambda: time.monotonic() - began > 1, "a second to pass")
        assert cpu_ticks(node) - ticks < 30, "busy without work"
        assert ask(node, "www." + ZONE).answer
        assert len(others) == 100


def cpu_ticks(node):
    with open(f"/proc/{node.process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@test("one client has at most tcp-max-per-client connections, and others get theirs")
def per_client(lab):
    node, _ = start(lab, "tcp-max-per-client: 3")
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connect(node)) for _ in range(3)]
        for sock in socks:
            sock.sendall(query("www." + ZONE))
            assert receive_message(sock)
        extra = stack.enter_context(connect(node))
        wait_for(lambda: is_closed(extra), "the connection too many to be closed")
        other = stack.enter_context(connect(node, source="127.0.0.2"))
        other.sendall(query("www." + ZONE))
        assert receive_message(other)
    assert stats(node)["connections_refused"] == 1


@test("a client that pipelines without end does not keep others waiting")
def fairness(lab):
    node, _ = start(lab)
    flood = b"".join(query("www." + ZONE, number=i) for i in range(1, 2001))
    at = 0
    with connect(node) as busy, connect(node) as polite:
        busy.setblocking(False)
        slowest, began = 0, time.monotonic()
        while time.monotonic() - began < 2:
            with contextlib.suppress(BlockingIOError):
                for _ in range(5):
                    at += busy.send(flood[at:])
                    at %= len(flood)
            asked = time.monotonic()
            polite.sendall(query("www." + ZONE))
            assert receive_message(polite)
            slowest = max(slowest, time.monotonic() - asked)
            with contextlib.suppress(BlockingIOError):
                while busy.recv(1 << 20):
                    pass
        assert slowest < 0.5, f"an answer took {slowest:.2f} s"


@test("what a client asks behind a transfer that breaks goes with its connection")
def broken_transfer(lab):
    node = TunedAuthd(lab)
    zone = sample_zone(ZONE)
    # A record that no message has room for, in a zone that is answered for the rest.
    zone.change(add=["long TXT " + " ".join(['"' + "x" * 255 + '"'] * 255) + ' "' + "y" * 220 + '"'])
    replicate(zone, node, [], updates=True)
    lab.start(node)
    for _ in range(20):
        with connect(node) as sock:
            sock.sendall(query(ZONE, "AXFR", 1) + query(ZONE, "AXFR", 2) + change(3) + query("www." + ZONE, number=4))
            wait_for(lambda sock=sock: is_closed(sock), "the connection's end", 10)
    # Nobody is taken for one of those that have gone: their transfers do not count, nor go on.
    with connect(node) as sock:
        sock.sendall(query("www." + ZONE, number=5))
        reply = dns.message.from_wire(receive_message(sock))
        assert reply.id == 5 and reply.answer, reply
    assert node.metric("authd_transfers_aborted_total") == 20, node.metric("authd_transfers_aborted_total")


@test("clients that ask for the TCP keepalive are told the idle timeout, less when room is short, and never over UDP")
def keepalive(lab):
    node, _ = start(lab, "tcp-idle-timeout: 20s", "tcp-max-clients: 8")

    def timeout_told(sock):
        sock.sendall(query("www." + ZONE, options=[dns.edns.GenericOption(11, b"")]))
        reply = dns.message.from_wire(receive_message(sock))
        value, = (option.to_wire() for option in reply.options if option.otype == 11)
        return struct.unpack("!H", value)[0]
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(connect(node))]
        assert timeout_told(socks[0]) == 200
        socks += [stack.enter_context(connect(node)) for _ in range(7)]
        for sock in socks[1:7]:
            sock.sendall(query("www." + ZONE))
            receive_message(sock)
        assert timeout_told(socks[7]) == 50
    output = tool("kdig", f"@{node.address}", "-p", node.port, "+notcp", "+ednsopt=11", "www." + ZONE, "A")
    assert "status: NOERROR" in output and "KEEPALIVE" not in output.upper().replace("EDNS-TCP-KEEPALIVE", "KEEPALIVE"), output


@test("dig, kdig and drill are answered over TCP, also several questions on one connection")
def tools_over_tcp(lab):
    node, _ = start(lab)
    for output in (tool("dig", f"@{node.address}", "-p", node.port, "+tcp", "+keepopen", "www." + ZONE, "A", "+tcp", "mail." + ZONE, "A", "+tcp"),
                   tool("kdig", f"@{node.address}", "-p", node.port, "+tcp", "+keepopen", "www." + ZONE, "A", "www." + ZONE, "AAAA"),
                   tool("drill", "-t", f"@{node.address}", "-p", node.port, "www." + ZONE, "A")):
        assert "198.51.100.1" in output, output


@test("resolverd answers a half-closed client all of its questions, whatever their order")
def resolver_half_closed(lab):
    hierarchy, root = Hierarchy(), Nsd(lab)
    hierarchy.add(".", [root])
    hierarchy.add(ZONE, [root], ["www 300 A 192.0.2.80", "mail 300 A 192.0.2.25"])
    resolver = Resolverd(lab, hierarchy)
    lab.start(root, resolver)
    with connect(resolver) as sock:
        names = ["www", "mail", "nosuch", "ns1", "www"]
        for number, name in enumerate(names, 1):
            sock.sendall(query(f"{name}.{ZONE}", number=number))
        sock.shutdown(socket.SHUT_WR)
        got = []
        while (message := receive_message(sock)) is not None:
            got.append(struct.unpack("!H", message[:2])[0])
    assert sorted(got) == [1, 2, 3, 4, 5], got


if __name__ == "__main__":
    run_tests()
