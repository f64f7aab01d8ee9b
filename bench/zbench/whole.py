"""Whole zones: sent to a client, and taken in from a primary that does nothing but send, until they are served."""
import contextlib
import multiprocessing
import socket
import statistics
import struct
import threading
import time

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.query
import dns.rdataclass
import dns.rdatatype

from zt import Authd, Bind, Key, Knot, Lab, Nsd
from zt.client import sign
from zt.node import Node
from zt.zones import Role
from zbench.load import SERVER_CORE
from zbench.machine import check, pin, quick, table
from zbench.start import changed_text
from zbench.watch import SOA_NUMBERS, Watch
from zbench.zones import big_zone
from zt.zones import ZoneText

LARGE = 100_000 if quick() else 1_000_000
TRANSFERS, TAKES = (3, 1) if quick() else (7, 3)
DEADLINE_S = 300


def show(columns, results):
    table(["server", *columns], [[name, *(f"{r[key]:,.1f}" if key in r else "" for key in columns)] for name, r in results.items()])


# ---- out ---------------------------------------------------------------------------------------------------------------------------------

def soa_numbers(node, zone):
    """Serial and times of the zone's SOA as they stand at the end of a message."""
    query = dns.message.make_query(zone.name, "SOA", use_edns=False)
    soa = dns.query.udp(query, node.address, port=node.port, timeout=10).answer[0][0]
    return struct.pack("!5I", soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum)


class Frames:
    """Follows the lengths in a stream of messages, without looking into them."""

    def __init__(self):
        self.left, self.head = 0, b""

    def take(self, chunk, count):
        at = 0
        while at < count:
            if self.left == 0:
                step = min(2 - len(self.head), count - at)
                self.head += chunk[at:at + step]
                if len(self.head) == 2:
                    self.left, self.head = struct.unpack("!H", self.head)[0], b""
            else:
                step = min(self.left, count - at)
                self.left -= step
            at += step

    def is_between(self):
        return self.left == 0 and not self.head


def transfer(node, zone, on_data=None):
    """Seconds from the question to the last byte of an AXFR, and how many bytes. The end is where a message ends with the numbers of the SOA; where the
    node has a key, with its signature behind them, which is not verified here."""
    question = sign(node, dns.message.make_query(zone.name, "AXFR", use_edns=False)).to_wire()
    behind = len(question) - question.index(zone_question_end(zone)) - len(zone_question_end(zone))
    soa, chunk, frames, tail, total = soa_numbers(node, zone), bytearray(1 << 20), Frames(), b"", 0
    with socket.create_connection((node.address, node.port)) as sock:
        sock.settimeout(DEADLINE_S)
        started = time.monotonic()
        sock.sendall(struct.pack("!H", len(question)) + question)
        while not (frames.is_between() and tail[:SOA_NUMBERS] == soa and total > 65535):
            got = sock.recv_into(chunk)
            if got == 0:
                raise RuntimeError(f"{node.name} closed the connection in the middle of the transfer")
            frames.take(chunk, got)
            total += got
            tail = (tail + bytes(chunk[max(0, got - SOA_NUMBERS - behind):got]))[-SOA_NUMBERS - behind:]
            if on_data:
                on_data(chunk[:got])
        return time.monotonic() - started, total


def zone_question_end(zone):
    """The end of the question for the zone: behind it stands the signature, where there is one."""
    return dns.name.from_text(zone.name).to_wire() + struct.pack("!HH", dns.rdatatype.AXFR, dns.rdataclass.IN)


def axfr_out(key=None):
    """A zone of 1,000,000 records sent whole to a client that takes it as fast as it comes"""
    zone, samples, sizes = big_zone(LARGE), {}, {}
    with Lab() as lab:
        nodes = [kind(lab, kind.kind) for kind in (Authd, Nsd, Knot, Bind)]
        for node in nodes:
            node.zones[zone.name], node.key = Role(zone), key
        lab.start(*nodes)
        lab.wait_for_serial(zone, nodes, deadline_s=DEADLINE_S)
        for node in nodes:
            pin(node.process.pid, SERVER_CORE)
        for turn in range(TRANSFERS + 1):
            for node in nodes:
                seconds, sizes[node.name] = transfer(node, zone)
                if turn > 0:      # the first is not counted
                    samples.setdefault(node.name, []).append(seconds * 1e3)
    results = {name: {"ms": statistics.median(found), "least": min(found), "MB": sizes[name] / 1e6} for name, found in samples.items()}
    show(["ms", "least", "MB"], results)
    return {"servers": results, "checks": [
        check(f"ms for AXFR of {LARGE:,} records, of NSD's", results["authd"]["ms"] / results["nsd"]["ms"], 1.0)]}


def axfr_out_signed():
    """The same with TSIG (HMAC-SHA-256)"""
    return axfr_out(Key("bench-key"))


# ---- in -----------------------------------------------------------------------------------------------------------------------------------

class Recording:
    """A zone version as the messages of an AXFR."""

    def __init__(self, lab, zone):
        node, stream = Authd(lab), bytearray()
        node.zones[zone.name] = Role(zone)
        lab.start(node)
        lab.wait_for_serial(zone, [node], deadline_s=DEADLINE_S)
        transfer(node, zone, stream.extend)
        self.soa = dns.query.udp(dns.message.make_query(zone.name, "SOA", use_edns=False), node.address, port=node.port, timeout=10).answer[0]
        self.serial = self.soa[0].serial
        node.stop()
        self.stream, self.at = stream, []      # where the messages' ids stand
        at = 0
        while at < len(stream):
            self.at.append(at + 2)
            at += 2 + struct.unpack_from("!H", stream, at)[0]

    def send(self, sock, number, qtype):
        """Answers the question of that id with the whole zone."""
        stream = bytearray(self.stream)
        for at in self.at:
            struct.pack_into("!H", stream, at, number)
        # The first message repeats the question, whose type is that before the class.
        message = self.at[0]
        question_end = message + 12 + len(self.soa.name.to_wire()) + 4
        struct.pack_into("!H", stream, question_end - 4, qtype)
        sock.sendall(stream)


class Sender(Node):
    """A primary that has versions of a zone ready to send; a process of its own, so that it does not share the interpreter with who measures."""
    kind = "sender"

    def __init__(self, lab, recordings):
        super().__init__(lab)
        self.recordings = recordings
        self.current, self.asked_at = multiprocessing.Value("i", 0), multiprocessing.Value("d", 0.0)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((self.address, self.port))
        self.tcp = socket.create_server((self.address, self.port))
        self.server = multiprocessing.get_context("fork").Process(target=self.serve, daemon=True)
        self.server.start()

    def find_binary(self):
        return None

    def recording(self):
        return self.recordings[self.current.value]

    def serve(self):
        threading.Thread(target=self.serve_udp, daemon=True).start()
        while True:
            threading.Thread(target=self.serve_connection, args=(self.tcp.accept()[0],), daemon=True).start()

    def soa_answer(self, query):
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA
        answer.answer.append(self.recording().soa)
        return answer.to_wire()

    def serve_udp(self):
        while True:
            data, peer = self.udp.recvfrom(4096)
            if not data[2] & 0x80:      # not the answer to our NOTIFY
                self.udp.sendto(self.soa_answer(dns.message.from_wire(data)), peer)

    def serve_connection(self, sock):
        with sock, contextlib.suppress(OSError):
            while True:
                head = sock.recv(2, socket.MSG_WAITALL)
                if len(head) < 2:
                    return
                query = dns.message.from_wire(sock.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL))
                qtype, recording = query.question[0].rdtype, self.recording()
                if qtype == dns.rdatatype.SOA or (qtype == dns.rdatatype.IXFR and query.authority[0][0].serial == recording.serial):
                    answer = self.soa_answer(query)
                    sock.sendall(struct.pack("!H", len(answer)) + answer)
                    continue
                self.asked_at.value = time.monotonic()
                recording.send(sock, query.id, qtype)

    def change_to(self, number, node, zone):
        """Has another version from now on, and tells the node."""
        self.current.value, self.asked_at.value = number, 0.0
        message = dns.message.make_query(zone.name, "SOA", use_edns=False)
        message.set_opcode(dns.opcode.NOTIFY)
        message.flags = message.flags & ~dns.flags.RD | dns.flags.AA
        message.answer.append(self.recording().soa)
        self.udp.sendto(message.to_wire(), (node.address, node.port))

    def close(self):
        self.server.kill()
        self.server.join()
        self.udp.close()
        self.tcp.close()
        return []


def served_after(watch, sender, recording):
    """Milliseconds from the question for the whole zone until it is served."""
    served = watch.wait(recording.serial, DEADLINE_S)
    return (served - sender.asked_at.value) * 1e3


def taken_in(kind, zone, recordings):
    """That of a secondary that has nothing, and of one that has another version of the zone."""
    with Lab() as lab:
        sender, node = Sender(lab, recordings), kind(lab, kind.kind)
        node.zones[zone.name] = Role(zone, [sender])
        node.start()
        watch, found = Watch(zone.name, [node]), {}
        found["first ms"] = served_after(watch, sender, recordings[0])
        sender.change_to(1, node, zone)
        found["again ms"] = served_after(watch, sender, recordings[1])
        watch.close()
    return found


def axfr_in():
    """A zone of 1,000,000 records taken in whole, from the question to the first answer from it: by who has nothing, and who has it but for 10 records"""
    zone, samples = big_zone(LARGE), {}
    with Lab() as lab:
        recordings = [Recording(lab, version) for version in (zone, ZoneText(zone.name, 2, changed_text(zone, 10)))]
    for _ in range(TAKES):
        for kind in (Authd, Nsd, Knot, Bind):
            samples.setdefault(kind.kind, []).append(taken_in(kind, zone, recordings))
    results = {name: {key: statistics.median(sample[key] for sample in found) for key in found[0]} for name, found in samples.items()}
    show(["first ms", "again ms"], results)
    ours, nsd = results["authd"], results["nsd"]
    return {"servers": results, "checks": [
        check(f"ms until {LARGE:,} records are served, of NSD's", ours["first ms"] / nsd["first ms"], 0.5),
        check("the same by who has the zone but for 10 records", ours["again ms"] / nsd["again ms"], 0.5)]}


PARTS = {"axfr-out": axfr_out, "axfr-out-signed": axfr_out_signed, "axfr-in": axfr_in}
