"""dnstap: what readers get, and that queries never wait for them."""
import re
import socket
import struct
import subprocess
import threading
import time

import dns.flags
import dns.message
import dns.name
import dns.rcode

from zt import Authd, ask, replicate, run_tests, sample_zone, test, update, wait_for, zonectl
from zt.client import exchange_udp
from zt.framestreams import Reader, read_file
from zt.lab import free_port
from zt.node import require

LARGE = "x" * 200      # of a TXT record: lanes fill sooner


class Tapped(Authd):
    """authd with a dnstap section."""

    def __init__(self, lab, settings, **options):
        self.settings = settings
        super().__init__(lab, **options)

    def config(self):
        return super().config() + "dnstap:\n" + "".join(f"  {line}\n" for line in self.settings)

    def counters(self):
        return zonectl(self, "stats")["dnstap"]


def start(lab, node):
    zone = sample_zone("example.com.")
    zone.lines += [f'large TXT "{LARGE}" "{LARGE}" "{LARGE}"']
    replicate(zone, node, [], updates=True)
    lab.start(node)
    return zone


def of(reader, zone):
    """The events about a zone; the harness asks for others until the daemon answers."""
    suffix = dns.name.from_text(zone.name)
    found = []
    for event in list(reader.events):
        question = dns.message.from_wire(event.message).question
        if question and question[0].name.is_subdomain(suffix):
            found.append(event)
    return found


@test("a reader gets query and response of each exchange, over UDP and TCP, with addresses, times and the bytes as they were")
def exchanges(lab):
    node = Tapped(lab, ["socket: tap.sock", "identity: ns1.test", "version: v1"], workers=2)
    with Reader(str(node.path("tap.sock"))) as reader:
        zone = start(lab, node)
        wait_for(lambda: reader.connections == 1, "the daemon to connect")
        before = time.time()
        for tcp in (False, True):
            assert ask(node, f"host1.{zone.name}", "A", tcp=tcp).rcode() == dns.rcode.NOERROR
        events = wait_for(lambda: len(of(reader, zone)) >= 4 and of(reader, zone), "four events")
        after = time.time()
        assert [(event.kind, event.protocol) for event in sorted(events, key=lambda event: event.query_time)] == [
            ("AUTH_QUERY", "UDP"), ("AUTH_RESPONSE", "UDP"), ("AUTH_QUERY", "TCP"), ("AUTH_RESPONSE", "TCP")]
        for event in events:
            assert event.server == (node.address, node.port) and event.client[0].startswith("127."), (event.server, event.client)
            assert (event.identity, event.version) == ("ns1.test", "v1")
            assert before - 1 < event.query_time < after + 1
            message = dns.message.from_wire(event.message)
            assert bool(message.flags & dns.flags.QR) == (event.kind == "AUTH_RESPONSE") == (event.response_time is not None)
            assert bool(message.answer) == (event.kind == "AUTH_RESPONSE")
        assert update(node, zone.name, ("add", "new", 300, "A", "192.0.2.1")) == "NOERROR"
        assert update(node, zone.name, ("add", "new", 300, "A", "192.0.2.2"), tcp=True) == "NOERROR"
        events = wait_for(lambda: len(of(reader, zone)) >= 8 and of(reader, zone)[4:], "four events of updates")
        assert sorted((event.kind, event.protocol) for event in events) == [
            ("UPDATE_QUERY", "TCP"), ("UPDATE_QUERY", "UDP"), ("UPDATE_RESPONSE", "TCP"), ("UPDATE_RESPONSE", "UDP")]
        # A query that gets no answer is told too: too short to have one.
        count = len(reader.events)
        assert exchange_udp(node, b"short") is None
        wait_for(lambda: len(reader.events) > count, "the event of a query without an answer")
        assert reader.events[-1].message == b"short"
        assert node.stop() == 0
        wait_for(lambda: reader.finished == 1, "the end of the stream")


@test("what is told can be chosen: queries or responses alone, and a share of the exchanges")
def choices(lab):
    node = Tapped(lab, [f"address: 127.0.0.1@{free_port('127.0.0.1')}", "queries: no", "sample: 25%", "identity: none", "version: none"])
    port = int(node.settings[0].rsplit("@", 1)[1])
    with Reader(("127.0.0.1", port)) as reader:
        zone = start(lab, node)
        wait_for(lambda: reader.connections == 1, "the daemon to connect")
        for _ in range(400):
            ask(node, f"host1.{zone.name}", "A")
        assert node.stop() == 0      # all that was told is there when the stream has ended
        wait_for(lambda: reader.finished == 1, "the end of the stream")
        events = of(reader, zone)
        assert {event.kind for event in events} == {"AUTH_RESPONSE"}
        assert {event.identity + event.version for event in events} == {""}
        assert 50 < len(events) < 150, len(events)      # 100, more than five deviations off either way


@test("while there is no reader queries are answered, and a reader that comes, or comes back, is found")
def reconnect(lab):
    node = Tapped(lab, ["socket: tap.sock"])
    zone = start(lab, node)
    assert re.search(r"warning: dnstap: cannot write to .*/tap.sock: No such file or directory; trying again each second", node.log())
    assert not node.counters()["connected"]
    path = node.path("tap.sock")
    for number in (1, 2):
        ask(node, f"host{number}.{zone.name}", "A")
        with Reader(str(path)) as reader:
            # What was asked meanwhile waited in the lane.
            wait_for(lambda name=f"host{number}": any(name.encode() in event.message for event in list(reader.events)), "the event from before")
            assert node.counters()["connected"]
            ask(node, f"host3.{zone.name}", "A")
            wait_for(lambda: any(b"host3" in event.message for event in list(reader.events)), "a new event")
        path.unlink()
        node.wait_for_log(re.compile(r"warning: dnstap: (nobody reads any more at|cannot go on writing to) .*/tap.sock: "))
        wait_for(lambda: not node.counters()["connected"], "the daemon to see that the reader is gone")
    assert node.counters()["connects"] == 2
    assert len(re.findall("trying again each second", node.log())) == 3      # a line for each loss, not for each attempt


@test("a peer that reads other streams is told apart from one that is not there")
def other_reader(lab):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        node = Tapped(lab, [f"address: 127.0.0.1@{listening.getsockname()[1]}"])
        start(lab, node)
        sock, _ = listening.accept()
        with sock:
            kind, wanted = 4, b"protobuf:other.Thing"      # READY
            body = struct.pack("!III", kind, 1, len(wanted)) + wanted
            sock.sendall(struct.pack("!II", 0, len(body)) + body)
            node.wait_for_log(re.compile(r"warning: dnstap: cannot write to 127.0.0.1@\d+: Protocol error; trying again"))


@test("a reader that stops reading holds up no query: events are dropped and counted, and the daemon stops in time")
def stalled(lab):
    node = Tapped(lab, ["socket: tap.sock"])
    with Reader(str(node.path("tap.sock")), stalled=True) as reader:
        zone = start(lab, node)
        wait_for(lambda: reader.connections == 1, "the daemon to connect")
        slowest = 0.0
        deadline = time.monotonic() + 60
        while node.counters()["dropped"] == 0:
            assert time.monotonic() < deadline, node.counters()
            for _ in range(500):
                asked = time.monotonic()
                assert exchange_udp(node, dns.message.make_query(f"large.{zone.name}", "TXT", use_edns=0, payload=1232).to_wire()) is not None
                slowest = max(slowest, time.monotonic() - asked)
        assert slowest < 1.0, slowest
        assert node.metric("authd_dnstap_dropped_total") > 0
        stopping = time.monotonic()
        assert node.stop() == 0
        assert time.monotonic() - stopping < 10


@test("a file is written whole, and turned when it has grown to its limit, so that two at most take disk")
def file(lab):
    node = Tapped(lab, ["file: state/tap.fstrm", "file-limit: 64K"])
    zone = start(lab, node)
    path, old = node.path("state") / "tap.fstrm", node.path("state") / "tap.fstrm.1"
    deadline = time.monotonic() + 60
    while not old.exists():
        assert time.monotonic() < deadline
        for _ in range(100):
            ask(node, f"large.{zone.name}", "TXT")
    ask(node, f"last.{zone.name}", "A")
    assert node.stop() == 0
    events = read_file(old) + read_file(path)
    assert sum(b"\x05large" in event.message for event in events) >= 100
    assert b"\x04last" in events[-1].message
    assert 64 * 1024 <= old.stat().st_size < 1024 * 1024


@test("dnstap-read of BIND understands what is written, field by field")
def dnstap_read(lab):
    program = require("dnstap-read", "bind9-dnsutils")
    node = Tapped(lab, ["file: state/tap.fstrm", "identity: ns1.test"])
    zone = start(lab, node)
    ask(node, f"host1.{zone.name}", "A", tcp=True)
    ask(node, f"host2.{zone.name}", "AAAA")
    assert update(node, zone.name, ("add", "new", 300, "A", "192.0.2.1")) == "NOERROR"
    assert node.stop() == 0
    lines = subprocess.run([program, str(node.path("state") / "tap.fstrm")], capture_output=True, text=True, check=True).stdout
    where = re.escape(f"{node.address}:{node.port}")
    for pattern in (rf" AQ 127\S+ -> {where} TCP \d+b host1.example.com/IN/A\n", rf" AR 127\S+ <- {where} TCP \d+b host1.example.com/IN/A\n",
                    rf" AR 127\S+ <- {where} UDP \d+b host2.example.com/IN/AAAA\n", rf" UQ 127\S+ -> {where} UDP \d+b example.com/IN/SOA\n",
                    rf" UR 127\S+ <- {where} UDP \d+b example.com/IN/SOA\n"):
        assert re.search(pattern, lines), (pattern, lines)
    details = subprocess.run([program, "-y", str(node.path("state") / "tap.fstrm")], capture_output=True, text=True, check=True).stdout
    assert "identity: ns1.test" in details and "version: authd" in details and "192.0.2.1" not in details.split("UPDATE_QUERY")[0]


@test("fstrm_capture takes the stream, and takes it up again after the daemon was restarted")
def capture(lab):
    program = require("fstrm_capture", "fstrm-bin")
    node = Tapped(lab, ["socket: tap.sock"])
    out = node.path("captured")
    reader = subprocess.Popen([program, "-t", "protobuf:dnstap.Dnstap", "-u", str(node.path("tap.sock")), "-w", str(out)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(node.path("tap.sock").exists, "the reader's socket")
        zone = start(lab, node)
        for round_number in (1, 2):
            wait_for(lambda: node.counters()["connected"], "the daemon to connect")
            ask(node, f"host{round_number}.{zone.name}", "A")
            assert node.stop() == 0
            if round_number == 1:
                node.restart()
    finally:
        reader.terminate()
        reader.wait()
    events = read_file(out)
    assert all(sum(name in event.message for event in events) == 2 for name in (b"host1", b"host2"))


@test("a section that can't be meant is refused with its place")
def refused(lab):
    for settings, expected in ((["sample: 1"], r"authd.yaml:\d+:3: dnstap goes to nobody; expected exactly one of socket, address and file"),
                               (["socket: a", "file: b"], r"dnstap goes to more than one place"),
                               (["socket: a", "queries: no", "responses: no"], r"dnstap tells neither queries nor responses"),
                               (["socket: a", "sample: 2"], r"expected a share such as 0.05 or 5%")):
        node = Tapped(lab, settings)
        node.write_config()
        run = subprocess.run([*node.command(), "-t"], capture_output=True, text=True, check=False)
        assert run.returncode == 2 and re.search(expected, run.stderr), run.stderr


@test("many threads tell all they have: every exchange is told or counted as dropped, none is torn")
def load(lab):
    node = Tapped(lab, ["socket: tap.sock", "queries: no"], workers=2)
    with Reader(str(node.path("tap.sock"))) as reader:
        zone = start(lab, node)
        wait_for(lambda: reader.connections == 1, "the daemon to connect")
        sent = [0] * 4

        def send(index):
            for number in range(1500):
                if exchange_udp(node, dns.message.make_query(f"t{index}-{number}.{zone.name}", "A").to_wire()):
                    sent[index] += 1
        threads = [threading.Thread(target=send, args=(index,)) for index in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        dropped = node.counters()["dropped"]
        assert node.stop() == 0
        wait_for(lambda: reader.finished == 1, "the end of the stream")
        assert len(of(reader, zone)) + dropped >= sum(sent), (len(of(reader, zone)), dropped, sent)


if __name__ == "__main__":
    run_tests()
