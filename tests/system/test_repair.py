"""Reconciliation over real connections: zonesync repair makes a file what a server holds, for a little more than what differs; and what happens with servers that
don't know it, hold another key, change meanwhile or may not be asked."""
import hashlib
import json
import socket
import struct
import subprocess

import dns.edns
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.zone

from zt import Authd, Bind, Failure, Knot, Nsd, built, replicate, run_tests, sample_zone, test, update, wait_for, zonectl
from zt.client import receive_message
from zt.zones import Role

ZONE, OTHER = "example.com.", "example.net."
TYPE, OPTION, ZSYNC = 65377, 65378, 65377
HOSTS = 3000
FIRST, DIGEST = 1, 2
KEY_ID = None


class Keyed(Authd):
    """authd with a sync-secret, if it is given one."""

    def __init__(self, lab, name=None, secret=None, transfers="[127.0.0.0/8]"):
        super().__init__(lab, name)
        self.secret = secret
        self.transfers = transfers

    def config(self):
        text = super().config().replace("allow-transfer: [127.0.0.0/8]", f"allow-transfer: {self.transfers}")
        return text.replace("server:\n", f"server:\n  sync-secret: {self.secret}\n" if self.secret else "server:\n", 1)


def zonesync(*words, expect=0):
    run = subprocess.run([built("zonesync/zonesync"), "--json", *map(str, words)], capture_output=True, text=True, timeout=120, check=False)
    if run.returncode != expect:
        raise Failure(f"zonesync {' '.join(map(str, words))} ended with {run.returncode}, expected {expect}:\n{run.stdout}{run.stderr}")
    return json.loads(run.stdout)


def serve(lab, node, hosts=HOSTS, updates=False):
    node.zones[ZONE] = Role(sample_zone(ZONE, hosts=hosts), updates=updates)
    lab.start()
    return node.zones[ZONE].zone


def place(node):
    return f"{node.where()}/{ZONE}"


def old_copy(lab, zone, name="copy"):
    path = lab.folder / name
    path.write_text(zone.text())
    return path


def repair(lab, node, path, expect=0, words=()):
    return zonesync(*words, "repair", place(node), path, expect=expect)


def equal(node, path):
    found = zonesync("verify", "--full", place(node), path)
    assert found["verdict"] == "equal" and found["evidence"] == "records", found


@test("a file gets what a server's zone has more, less and otherwise, by reconciliation and for few bytes")
def few(lab):
    node = Authd(lab)
    zone = sample_zone(ZONE, hosts=HOSTS)
    path = old_copy(lab, zone)
    zone.change(["new.host7 A 203.0.113.1", "host9 TXT \"a b\"", "host2999 A 203.0.113.9"], ["host2999 A " + address_of(zone, "host2999"), "host1500 A " + address_of(zone, "host1500")])
    zone.serial = 7
    node.zones[ZONE] = Role(zone)
    lab.start()
    found = repair(lab, node, path)
    assert found["by"] == "reconciliation" and found["why_not_reconciled"] == "" and not found["alarm"], found
    assert (found["removed"], found["added"], found["b"]["serial"]) == (3, 4, 7), found
    assert found["bytes"] < 4000 and found["round_trips"] <= 4, found
    equal(node, path)
    found = repair(lab, node, path)
    assert not found["changed"] and found["by"] == "reconciliation" and found["bytes"] < 1500, found
    assert node.metric("authd_repairs_total") == 2 and node.metric("authd_repair_bytes_total") > 500


def address_of(zone, host):
    return next(line.split()[-1] for line in zone.text().splitlines() if line.split()[:1] == [host] and " A " in line)


@test("pull into a file that holds an earlier version fetches what differs; other servers, and a file that holds something else, are no matter")
def pulled(lab):
    node, knot = Authd(lab), Knot(lab)
    zone = sample_zone(ZONE, hosts=HOSTS)
    path = old_copy(lab, zone)
    zone.change(["new A 203.0.113.1"])
    zone.serial = 9
    for server in (node, knot):
        server.zones[ZONE] = Role(zone)
    lab.start()
    old = path.read_text()
    assert zonesync("pull", node.where(), ZONE, "-o", path)["by"] == "reconciliation"
    equal(node, path)
    for text in (old, "no zone", f"$ORIGIN {ZONE}\n@ 60 IN SOA a b 1 1 1 1 1\n"):
        path.write_text(text)
        assert zonesync("pull", knot.where(), ZONE, "-o", path)["by"] == "axfr"
        equal(node, path)
    assert node.metric("authd_transfers_total") == 4, "for the comparisons alone"
    knot.stop()
    run = subprocess.run([built("zonesync/zonesync"), "pull", knot.where(), ZONE, "-o", path], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1 and "connection refused" in run.stderr and run.stderr.count("\n") == 1, run.stderr


@test("where too much differs the whole zone is transferred, and said why")
def much(lab):
    node = Authd(lab)
    serve(lab, node)
    other = sample_zone(ZONE, hosts=HOSTS)
    text = other.text().replace("198.51.100.", "192.0.2.")
    path = lab.folder / "copy"
    path.write_text(text)
    found = repair(lab, node, path)
    assert found["by"] == "axfr" and "seem to differ" in found["why_not_reconciled"], found
    equal(node, path)


@test("servers that don't know it are asked for the whole zone")
def foreign(lab):
    nodes = [Knot(lab), Nsd(lab), Bind(lab)]
    for node in nodes:
        node.zones[ZONE] = Role(sample_zone(ZONE))
    lab.start()
    for node in nodes:
        path = old_copy(lab, sample_zone(ZONE), name=f"copy-{node.name}")
        path.write_text(path.read_text().replace("198.51.100.3", "198.51.100.33"))
        found = repair(lab, node, path)
        assert found["by"] == "axfr" and found["changed"] and found["why_not_reconciled"], found
        equal(node, path)


@test("servers with a secret are compared by those who know it; others transfer whole zones")
def secret(lab):
    node = Keyed(lab, secret="the secret of a group")
    zone = serve(lab, node)
    path = old_copy(lab, zone)
    path.write_text(path.read_text().replace("host17 ", "host17x "))
    (lab.folder / "secret").write_text("# ours\nthe secret of a group\n")
    (lab.folder / "wrong").write_text("the secret of another group\n")
    found = repair(lab, node, path, words=["--sync-secret-file", lab.folder / "wrong"])
    assert found["by"] == "axfr" and "another key" in found["why_not_reconciled"], found
    path.write_text(path.read_text().replace("host18.", "host18x."))
    found = repair(lab, node, path, words=["--sync-secret-file", lab.folder / "secret"])
    assert found["by"] == "reconciliation" and found["changed"], found
    equal(node, path)


@test("verify needs 32 bytes of each server that states what it holds, and no transfer; keys that differ make it compare records")
def stated(lab):
    one, two, other, keyed = Authd(lab, "one"), Authd(lab, "two"), Authd(lab, "other"), Keyed(lab, "keyed", secret="the secret of a group")
    for node, hosts in ((one, 20), (two, 20), (other, 21), (keyed, 20)):
        node.zones[ZONE] = Role(sample_zone(ZONE, hosts=hosts))
    lab.start()
    found = zonesync("verify", place(one), place(two))
    assert (found["verdict"], found["evidence"]) == ("equal", "fingerprints"), found
    assert found["a"]["fingerprint"] == zonectl(two, "zone", ZONE)["fingerprint"], found
    found = zonesync("verify", place(one), place(other), expect=1)
    assert (found["verdict"], found["evidence"]) == ("diverged", "fingerprints"), found
    path = old_copy(lab, sample_zone(ZONE, hosts=20))
    assert zonesync("verify", path, place(two))["evidence"] == "fingerprints"
    assert one.metric("authd_transfers_total") == two.metric("authd_transfers_total") == 0
    found = zonesync("verify", place(one), place(keyed))
    assert (found["verdict"], found["evidence"]) == ("equal", "records"), found
    assert zonesync("verify", "--full", place(one), place(two))["evidence"] == "records"
    assert one.metric("authd_transfers_total") == 2


# ---- single questions ---------------------------------------------------------------------------------------------------------------------


def question(flags=FIRST, entries=b"\x82\0", key=None, target=b"\0" * 28, version=1, kind=TYPE, name=ZONE):
    """A query; the entries say that we have nothing at all."""
    payload = bytes([version, flags, key if key is not None else KEY_ID, 0]) + target + entries
    return raw_question(payload, kind, name)


def raw_question(payload, kind=TYPE, name=ZONE, option=OPTION):
    options = [] if payload is None else [dns.edns.GenericOption(option, payload)]
    query = dns.message.make_query(name, kind, use_edns=0, options=options, id=4711)
    return query.to_wire()


def learn_key(node):
    """The id of the well-known key, by asking for a version."""
    global KEY_ID
    query = dns.message.make_query(ZONE, "SOA", use_edns=0, options=[dns.edns.GenericOption(ZSYNC, b"\1\0\0\0" + b"\0" * 28)])
    with socket.create_connection((node.address, node.port), 10) as sock:
        data = query.to_wire()
        sock.sendall(struct.pack("!H", len(data)) + data)
        reply = receive_message(sock)
    said = next(option for option in dns.message.from_wire(reply).options if option.otype == ZSYNC)
    KEY_ID = said.data[2]


def talk(node, *queries, replies=1):
    """Sends the queries on one connection; returns the answers."""
    got = []
    with socket.create_connection((node.address, node.port), 10) as sock:
        for query in queries:
            sock.sendall(struct.pack("!H", len(query)) + query)
        while len(got) < replies:
            message = receive_message(sock)
            if message is None:
                break
            got.append(dns.message.from_wire(message))
    return got


def payload_of(message):
    return next((option.data for option in message.options if option.otype == OPTION), None)


def status_of(message):
    data = payload_of(message)
    return data and data[2]


@test("the answer to a first question carries ZSYNC and the SOA, and all records where the client has none")
def first_question(lab):
    node = Authd(lab)
    serve(lab, node, hosts=5)
    learn_key(node)
    # The digest may be in the making when the rest is ready: then it comes in a message of its own.
    answer, *more = talk(node, question(flags=FIRST | DIGEST), replies=1)
    if payload_of(answer)[1] == 0:
        answer, *more = talk(node, question(flags=FIRST | DIGEST), replies=2)
    last = ([answer] + more)[-1]
    assert answer.rcode() == 0 and payload_of(last)[:3] == bytes([1, 3, 0]) and len(payload_of(last)) >= 4 + 48, payload_of(last)
    assert payload_of(answer).endswith(b"\x84\0"), "nothing to remove"
    said = next(option.data for option in answer.options if option.otype == ZSYNC)
    assert said[1] & 1 and said[4:8] == struct.pack("!I", 1), said
    assert answer.answer[0].rdtype == dns.rdatatype.SOA
    assert sum(len(rrset) for rrset in answer.answer) == zonectl(node, "zone", ZONE)["records"]


@test("a session gets what a transfer would cost and little more; an address has eight sessions")
def bounded(lab):
    node = Authd(lab)
    node.zones[OTHER] = Role(sample_zone(OTHER))
    serve(lab, node, hosts=5000)
    learn_key(node)
    # All of the zone again and again: 100 kB each time.
    with socket.create_connection((node.address, node.port), 30) as sock:
        for number in range(400):
            query = question(entries=b"\x82\0")
            sock.sendall(struct.pack("!H", len(query)) + query)
            answer = dns.message.from_wire(receive_message(sock))
            while payload_of(answer)[1] & 1 == 0:
                answer = dns.message.from_wire(receive_message(sock))
            if status_of(answer) == 2:
                break
        assert 20 < number < 399, number
        # Of another zone nothing has been sent.
        query = question(name=OTHER, entries=b"\x82\0")
        sock.sendall(struct.pack("!H", len(query)) + query)
        assert status_of(dns.message.from_wire(receive_message(sock))) == 0
    sockets = [socket.create_connection((node.address, node.port), 30) for _ in range(9)]
    query = question(entries=b"\x81\0" + bytes(16))
    codes = []
    for sock in sockets:
        sock.sendall(struct.pack("!H", len(query)) + query)
        codes.append(dns.message.from_wire(receive_message(sock)).rcode())
    for sock in sockets:
        sock.close()
    assert codes == [dns.rcode.NOERROR] * 8 + [dns.rcode.SERVFAIL], codes


@test("a secondary whose primary lost its history reconciles, and the primary knows that it did")
def known(lab):
    primary, secondary = Authd(lab, "primary"), Authd(lab, "secondary")
    zone = replicate(sample_zone(ZONE, hosts=HOSTS), primary, [secondary])
    lab.start()
    lab.wait_for_serial(zone, [primary, secondary], deadline_s=30)
    primary.stop()
    for path in primary.path("state").iterdir():
        path.unlink()
    zone.change(["new A 192.0.2.1"])
    primary.write_zone(zone)
    primary.start()
    primary.wait_until_ready()
    lab.wait_for_serial(zone, [primary, secondary], deadline_s=30)
    lab.check_equal(zone, primary, [secondary])
    row = next(peer for peer in zonectl(primary, "peers", ZONE) if peer["peer"] == secondary.where())
    assert (row["transfer"], row["transfer_serial"], row["transfer_reason"]) == ("reconciliation", zone.serial, None), row
    assert 0 < row["transfer_bytes"] < 5000, row


MASK = 2 ** 64 - 1


def siphash128(key, data):
    """SipHash-2-4 with 128 bits: low half, high half."""
    def rotate(x, by):
        return (x << by | x >> (64 - by)) & MASK

    def rounds(count):
        nonlocal v0, v1, v2, v3
        for _ in range(count):
            v0 = (v0 + v1) & MASK
            v2 = (v2 + v3) & MASK
            v1, v3 = rotate(v1, 13) ^ v0, rotate(v3, 16) ^ v2
            v0 = rotate(v0, 32)
            v2 = (v2 + v1) & MASK
            v0 = (v0 + v3) & MASK
            v1, v3 = rotate(v1, 17) ^ v2, rotate(v3, 21) ^ v0
            v2 = rotate(v2, 32)

    k0, k1 = struct.unpack("<QQ", key)
    v0, v1, v2, v3 = k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d ^ 0xee, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573
    padded = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) & 255])
    for (word,) in struct.iter_unpack("<Q", padded):
        v3 ^= word
        rounds(2)
        v0 ^= word
    v2 ^= 0xee
    rounds(4)
    low = v0 ^ v1 ^ v2 ^ v3
    v1 ^= 0xdd
    rounds(4)
    return low, v0 ^ v1 ^ v2 ^ v3


def sets_of(node):
    """The zone's RRsets in canonical order, as (owner, type, covers, TTL, canonical rdata sorted), by a transfer."""
    zone = dns.zone.from_xfr(dns.query.xfr(node.address, ZONE, port=node.port, relativize=False), relativize=False)
    found = []
    for owner, rdataset in zone.iterate_rdatasets():
        data = sorted(rdata.to_digestable() for rdata in rdataset)
        found.append((owner, rdataset.rdtype, rdataset.covers if rdataset.rdtype == dns.rdatatype.RRSIG else 0, rdataset.ttl, data))
    return sorted(found, key=lambda entry: (entry[0], entry[1], entry[2]))


@test("fingerprint and digest are what the document says, worked out by another implementation from a transfer")
def documented(lab):
    node = Authd(lab)
    zone = sample_zone(ZONE, hosts=40)
    zone.change(["Mixed.CASE MX 10 Mail.Example.COM.", "txt TXT \"a\" \"b\"", "txt TXT c"])
    node.zones[ZONE] = Role(zone)
    lab.start()
    total, digest = 0, hashlib.sha384()
    for owner, kind, covers, ttl, data in sets_of(node):
        name = owner.to_digestable()
        if owner.to_text().lower() != ZONE or kind not in (dns.rdatatype.SOA, 63):
            block = name + struct.pack("!HHIH", kind, covers, ttl, len(data)) + b"".join(struct.pack("!H", len(rdata)) + rdata for rdata in data)
            low, high = siphash128(b"zonetide default", block)
            total = (total + (high << 64 | low)) % 2 ** 128
        for rdata in data:
            digest.update(name + struct.pack("!HHIH", kind, 1, ttl, len(rdata)) + rdata)
    assert f"{total:032x}" == zonectl(node, "zone", ZONE)["fingerprint"]
    learn_key(node)
    assert KEY_ID == siphash128(b"zonetide default", b"zsync key id")[0] & 255
    said = b"".join(payload_of(message)[4:52] for message in talk(node, question(entries=b"\x81\0" + bytes(16), flags=FIRST | DIGEST), replies=2)
                    if payload_of(message)[1] & 2)
    assert said[:48] == digest.digest()


@test("stale versions, other keys, broken questions and clients without leave get their answers; the connection goes on")
def refused(lab):
    node = Authd(lab)
    closed = Keyed(lab, "closed", transfers="[192.0.2.1]")
    closed.zones[ZONE] = Role(sample_zone(ZONE, hosts=5))
    serve(lab, node, hosts=5)
    learn_key(node)
    stale, other, broken, good = talk(node, question(flags=0), question(key=KEY_ID ^ 1), raw_question(b"\1\1"), question(), replies=4)
    assert status_of(stale) == 1 and status_of(other) == 3, (stale, other)
    assert broken.rcode() == dns.rcode.FORMERR and good.rcode() == 0 and status_of(good) == 0
    answer, = talk(node, raw_question(bytes([2]) + b"\0" * 40))
    assert answer.rcode() == dns.rcode.FORMERR, "another version of the protocol"
    answer, = talk(closed, question())
    assert answer.rcode() == dns.rcode.REFUSED and payload_of(answer) is None
    # Without the option it is a type like any other.
    answer, = talk(node, raw_question(None))
    assert answer.rcode() == 0 and not answer.answer and answer.authority[0].rdtype == dns.rdatatype.SOA
    answer, = talk(node, question(name="host1." + ZONE))
    assert answer.rcode() == dns.rcode.NOTAUTH, "no zone of its own"
    # What makes no sense behind a good head ends the connection, so that nobody takes an answer for complete.
    assert talk(node, question(entries=b"\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")) == []


@test("a session keeps its version while the zone changes; another connection is told that it is gone")
def pinned(lab):
    node = Authd(lab)
    zone = serve(lab, node, hosts=50, updates=True)
    learn_key(node)
    with socket.create_connection((node.address, node.port), 10) as sock:
        def ask(query):
            sock.sendall(struct.pack("!H", len(query)) + query)
            return dns.message.from_wire(receive_message(sock))
        answer = ask(question(entries=b"\x81\0" + b"\0" * 16))
        said = next(option.data for option in answer.options if option.otype == ZSYNC)
        target = said[4:]
        assert update(node, ZONE, ("add", "new." + ZONE, 300, "A", "192.0.2.1")) == "NOERROR"
        wait_for(lambda: node.serial(ZONE) == zone.serial + 1, "the change", 10)
        assert status_of(ask(question(flags=0, target=target))) == 0
        other, = talk(node, question(flags=0, target=target))
        assert status_of(other) == 1, other


run_tests()
