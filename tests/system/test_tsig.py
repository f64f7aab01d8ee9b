"""Signed messages (TSIG, RFC 8945) between authd, the servers and the clients of Debian, and dnspython."""
import json
import struct
import subprocess
import time

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update

from zt import Authd, Bind, Key, Knot, Nsd, Pdns, ask, built, replicate, run_tests, sample_zone, test, tool, update, zonectl
from zt.client import exchange_tcp, exchange_udp
from zt.wire import read_name

ERRORS = {0: "NOERROR", 16: "BADSIG", 17: "BADKEY", 18: "BADTIME", 22: "BADTRUNC"}
ALGORITHMS = ["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"]
FUDGE_S = 300


# ---- with other servers ---------------------------------------------------------------------------------------------------------------

def all_ways(lab, algorithm, kinds, hosts=50):
    """One authd is the primary of all others for one zone, another the secondary of each for another."""
    key = Key("xfr-key.example", algorithm)
    authd, follower, peers = Authd(lab), Authd(lab), [kind(lab) for kind in kinds]
    ours = sample_zone("ours.example.", hosts=hosts)
    theirs = {peer: sample_zone(f"{peer.kind}.example.", hosts=hosts) for peer in peers}
    replicate(ours, authd, peers, updates=True)
    for peer, zone in theirs.items():
        replicate(zone, peer, [follower])
    for node in lab.nodes:
        node.key = key
    lab.start()
    lab.wait_for_serial(ours, peers)
    lab.check_equal(ours, authd, peers)
    for peer, zone in theirs.items():
        lab.wait_for_serial(zone, [follower])
        lab.check_equal(zone, peer, [follower])
    return authd, follower, ours, theirs


def both_ways(algorithm):
    @test(f"{algorithm}: AXFR, NOTIFY, IXFR and UPDATE in both directions with NSD, Knot and BIND")
    def run(lab):
        authd, follower, ours, theirs = all_ways(lab, algorithm, [Nsd, Knot, Bind])
        first = {peer: zone.serial for peer, zone in theirs.items()}
        assert update(authd, ours.name, ("add", "new", 60, "A", "203.0.113.1")) == "NOERROR"
        lab.wait_for_serial(ours, list(theirs), serial=authd.serial(ours.name))
        lab.check_equal(ours, authd, list(theirs))
        for peer, zone in theirs.items():
            assert peer.has_difference(ours.name, ours.serial), f"{peer.name} was given a whole zone, not a difference"
            zone.change(add=["new A 203.0.113.2"])
            peer.reload_zone(zone)
        for peer, zone in theirs.items():
            lab.wait_for_serial(zone, [follower])
            lab.check_equal(zone, peer, [follower])
            assert follower.has_difference(zone.name, first[peer])
        # Nobody gets anything without the key.
        authd.key = None
        assert dns.rcode.to_text(ask(authd, ours.name, "AXFR", tcp=True).rcode()) == "REFUSED"
    return run


for each_algorithm in ALGORITHMS:
    both_ways(each_algorithm)


@test("AXFR in both directions with PowerDNS")
def with_pdns(lab):
    all_ways(lab, "hmac-sha256", [Pdns])


@test("zones of 10,000 records are transferred in many signed messages, to NSD, Knot and BIND and from them")
def many_messages(lab):
    all_ways(lab, "hmac-sha256", [Nsd, Knot, Bind], hosts=10000)


# ---- with clients ---------------------------------------------------------------------------------------------------------------------

class Signed(Authd):
    """A primary with a key of each algorithm, each of which may do everything."""

    def __init__(self, lab, **options):
        super().__init__(lab, **options)
        self.keys = {algorithm: Key(f"key-{algorithm}", algorithm) for algorithm in [*ALGORITHMS, "hmac-sha256-128", "hmac-sha384-192", "hmac-sha512-256"]}

    def config(self):
        text = super().config()
        keys = "key:\n" + "".join(key.for_authd().partition("\n")[2] for key in self.keys.values())
        names = ", ".join(f"key:{key.name}" for key in self.keys.values())
        return keys + text.replace("[127.0.0.0/8]", f"[{names}]")


def start_signed(lab, **options):
    authd, zone = Signed(lab), sample_zone("example.com.", **options)
    replicate(zone, authd, [], updates=True)
    lab.start()
    return authd, zone


@test("dig, kdig, nsupdate and knsupdate with every algorithm they have")
def clients(lab):
    authd, zone = start_signed(lab)
    for number, key in enumerate(authd.keys.values()):
        server = [f"@{authd.address}", "-p", authd.port]
        text = tool("dig", *server, "-y", key.for_dig(), "+nocookie", zone.name, "AXFR")
        assert "Transfer failed" not in text and text.count("SOA") == 2 and "TSIG" in text, text
        update_text = f"server {authd.address} {authd.port}\nzone {zone.name}\nupdate add n{number}.{zone.name} 60 A 192.0.2.1\nsend\n"
        tool("nsupdate", "-y", key.for_dig(), stdin=update_text)
        assert "status: NOERROR" in tool("dig", *server, "-y", key.for_dig(), zone.name, "SOA")
        assert ask(authd, f"n{number}.{zone.name}").answer
        if key.algorithm not in ALGORITHMS:
            continue      # BIND's tools alone cut signatures
        text = tool("kdig", *server, "-y", key.for_dig(), zone.name, "AXFR")
        assert text.count("SOA") == 2 and "WARNING" not in text, text
        text = tool("kdig", *server, "-y", key.for_dig(), zone.name, "SOA")
        assert "NOERROR" in text and "TSIG" in text and "WARNING" not in text, text
        tool("knsupdate", "-y", key.for_dig(), stdin=update_text.replace(f"add n{number}", f"add k{number}"))
        assert ask(authd, f"k{number}.{zone.name}").answer


def signed_query(zone, key, kind="SOA", **options):
    query = dns.message.make_query(zone.name, kind, **options)
    query.use_tsig(key.for_dnspython())
    return query


def check_answer(query, wire):
    """dnspython verifies the answer; returns it."""
    answer = dns.message.from_wire(wire, keyring=query.keyring, request_mac=query.mac)
    assert answer.had_tsig, "the answer is not signed"
    return answer


@test("dnspython finds every kind of answer well signed")
def all_answers(lab):
    authd, zone = start_signed(lab)
    for key in authd.keys.values():
        if key.algorithm not in ALGORITHMS:
            key = Key(key.name, key.algorithm, key.secret)      # dnspython gives cut signatures a name of their own
        for kind, name, rcode in [("SOA", zone.name, "NOERROR"), ("A", f"nothing.{zone.name}", "NXDOMAIN"), ("A", "example.org.", "REFUSED"),
                                  ("AXFR", zone.name, "FORMERR"), ("IXFR", zone.name, "FORMERR"), ("MAILB", zone.name, "NOTIMP"),
                                  ("NS", f"x.sub.{zone.name}", "NOERROR")]:
            for version, options in [(0, {}), (0, {"use_edns": False}), (0, {"use_edns": 0, "payload": 4096, "want_dnssec": True}), (1, {"use_edns": 0})]:
                query = dns.message.make_query(name, kind, **options)
                query.ednsflags |= version << 16
                query.use_tsig(key.for_dnspython())
                answer = check_answer(query, exchange_udp(authd, query.to_wire()))
                assert dns.rcode.to_text(answer.rcode()) == ("BADVERS" if version else rcode), (kind, name, options, str(answer))
                answer = check_answer(query, exchange_tcp(authd, query.to_wire()))
        # Refused by the manage thread, and taken by it.
        for change, rcode in [(("add", "x", 60, "A", "192.0.2.1"), "NOERROR"), (("add", "example.org.", 60, "A", "192.0.2.1"), "NOTZONE")]:
            message = dns.update.UpdateMessage(zone.name, keyring=key.for_dnspython())
            getattr(message, change[0])(*change[1:])
            for exchange in (exchange_udp, exchange_tcp):
                answer = check_answer(message, exchange(authd, message.to_wire(), timeout_s=5))
                assert dns.rcode.to_text(answer.rcode()) == rcode, answer
        query = dns.message.make_query(zone.name, "SOA", use_edns=False)
        query.set_opcode(dns.opcode.STATUS)
        query.use_tsig(key.for_dnspython())
        assert dns.rcode.to_text(check_answer(query, exchange_udp(authd, query.to_wire())).rcode()) == "NOTIMP"


@test("an answer that is cut for UDP is signed, and no longer than it may be")
def truncated(lab):
    authd, zone = start_signed(lab)
    zone.change(add=[f"many A 192.0.2.{number}" for number in range(1, 250)])
    authd.reload_zone(zone)
    lab.wait_for_serial(zone, [authd])
    long_name = ".".join(["x" * 63] * 3) + "." + "y" * 40
    for key in authd.keys.values():
        for payload in [None, 512, 600, 1232]:
            for name in [f"many.{zone.name}", f"{long_name}.{zone.name}"]:
                query = dns.message.make_query(name, "A", use_edns=False if payload is None else 0, payload=payload)
                query.use_tsig(key.for_dnspython())
                wire = exchange_udp(authd, query.to_wire())
                assert len(wire) <= (payload or 512), (payload, len(wire))
                answer = check_answer(query, wire)
                assert bool(answer.flags & dns.flags.TC) == (name == f"many.{zone.name}"), answer


@test("IXFR by UDP is signed: the difference where it fits, else one SOA")
def ixfr_udp(lab):
    authd, zone = start_signed(lab)
    key = authd.keys["hmac-sha256"]
    first = zone.serial
    zone.change(add=["one A 192.0.2.1"])
    authd.reload_zone(zone)
    lab.wait_for_serial(zone, [authd])
    for payload, records in [(1232, 5), (512, 5), (False, 5)]:
        query = signed_query(zone, key, "IXFR", use_edns=0 if payload else False, payload=payload or None)
        query.authority.append(dns.rrset.from_text(zone.name, 0, "IN", "SOA", f". . {first} 0 0 0 0"))
        answer = check_answer(query, exchange_udp(authd, query.to_wire()))
        assert sum(len(rrset) for rrset in answer.answer) >= 2 or records == 1, answer
    zone.change(add=[f"more{number} TXT \"{'x' * 100}\"" for number in range(20)])
    authd.reload_zone(zone)
    lab.wait_for_serial(zone, [authd])
    query = signed_query(zone, key, "IXFR", use_edns=0, payload=1232)
    query.authority.append(dns.rrset.from_text(zone.name, 0, "IN", "SOA", f". . {first} 0 0 0 0"))
    answer = check_answer(query, exchange_udp(authd, query.to_wire()))
    assert sum(len(rrset) for rrset in answer.answer) == 1, answer


@test("cookies, NSID and extended errors are in signed answers as in others")
def with_options(lab):
    authd, zone = start_signed(lab)
    key = authd.keys["hmac-sha512"]
    query = signed_query(zone, key, use_edns=0, payload=1232, options=[dns.edns.GenericOption(10, b"12345678")])
    answer = check_answer(query, exchange_udp(authd, query.to_wire()))
    assert [len(option.to_wire()) for option in answer.options if option.otype == 10] == [24], answer
    query = dns.message.make_query("example.org.", "A", use_edns=0, payload=1232)
    query.use_tsig(key.for_dnspython())
    answer = check_answer(query, exchange_udp(authd, query.to_wire()))
    assert [option.otype for option in answer.options] == [15], answer


# ---- what is wrong --------------------------------------------------------------------------------------------------------------------

def tsig_error(wire):
    """(rcode, error, length of the MAC, other data) of an answer and its TSIG record, not verified."""
    counts = struct.unpack_from("!4H", wire, 4)
    pos, rdata = 12, None
    for _ in range(counts[0]):
        pos = read_name(wire, pos, {})[1] + 4
    for _ in range(sum(counts[1:])):
        pos = read_name(wire, pos, {})[1]
        kind, length = struct.unpack_from("!H6xH", wire, pos)
        pos += 10 + length
        rdata = wire[pos - length:pos] if kind == dns.rdatatype.TSIG else None
    rcode = dns.rcode.to_text(wire[3] & 15)
    if rdata is None:
        return rcode, None, 0, b""
    at = read_name(rdata, 0, {})[1] + 8
    mac_len, = struct.unpack_from("!H", rdata, at)
    _, error, other_len = struct.unpack_from("!3H", rdata, at + 2 + mac_len)
    return rcode, ERRORS[error], mac_len, rdata[at + 8 + mac_len:at + 8 + mac_len + other_len]


def set_time(monkey_time):
    """dnspython signs by time.time()."""
    class Moved:
        def __enter__(self):
            self.real = time.time
            time.time = lambda: monkey_time

        def __exit__(self, *_):
            time.time = self.real
    return Moved()


def wire_at(query, moment):
    with set_time(moment):
        return query.to_wire()


@test("what is wrong with a signature is answered as RFC 8945 has it, and nothing is done")
def wrong(lab):
    authd, zone = start_signed(lab)
    key = authd.keys["hmac-sha256"]
    now = time.time()

    def error(query, moment=now, change=lambda wire: wire):
        wire = change(wire_at(query, moment))
        by_udp = tsig_error(exchange_udp(authd, wire))
        assert tsig_error(exchange_tcp(authd, wire))[:3] == by_udp[:3]
        return by_udp

    def change_message(with_key):
        message = dns.update.UpdateMessage(zone.name, keyring=with_key.for_dnspython())
        message.add("wrong", 60, "A", "192.0.2.1")
        return message

    wrong_key, wrong_secret = Key("nobody", "hmac-sha256"), Key(key.name, "hmac-sha256")
    wrong_algorithm = Key(key.name, "hmac-sha512", key.secret)
    for make in (lambda with_key: signed_query(zone, with_key), lambda with_key: signed_query(zone, with_key, "AXFR"), change_message):
        assert error(make(wrong_key)) == ("NOTAUTH", "BADKEY", 0, b"")
        assert error(make(wrong_algorithm)) == ("NOTAUTH", "BADKEY", 0, b"")
        assert error(make(wrong_secret))[0:3] == ("NOTAUTH", "BADSIG", 0)
        rcode, name, mac_len, other = error(make(key), now - FUDGE_S - 60)
        assert (rcode, name, mac_len) == ("NOTAUTH", "BADTIME", 32)
        assert abs(int.from_bytes(other, "big") - now) < 60
        assert error(make(key), now + FUDGE_S + 60)[1] == "BADTIME"
        # A bit changed on the way, in what is asked and in the record itself.
        assert error(make(key), change=lambda wire: wire[:20] + bytes([wire[20] ^ 1]) + wire[21:])[1] in ("BADSIG", None)
        assert error(make(key), change=lambda wire: wire[:-8] + bytes([wire[-8] ^ 1]) + wire[-7:])[1] == "BADSIG"
    assert notify_error(authd, zone, wrong_key)[:2] == ("NOTAUTH", "BADKEY")
    counts = {kind: authd.metric(f"authd_tsig_{kind}_total") for kind in ("good", "badkey", "badsig", "badtime", "badtrunc", "malformed")}
    assert counts["badkey"] == 13 and counts["badtime"] == 12 and counts["badsig"] >= 12 and counts["good"] == counts["badtrunc"] == counts["malformed"] == 0, counts
    assert not ask(authd, f"wrong.{zone.name}").answer
    assert authd.serial(zone.name) == zone.serial
    # The signed error is good for its reader: it verifies, with the time of the question.
    query = signed_query(zone, key)
    wire = wire_at(query, now - 1000)
    try:
        with set_time(now - 1000):
            check_answer(query, exchange_udp(authd, wire))
        raise AssertionError("BADTIME was taken for an answer")
    except dns.tsig.PeerBadTime:
        pass


def notify_error(authd, zone, key):
    message = dns.message.make_query(zone.name, "SOA", use_edns=False)
    message.set_opcode(dns.opcode.NOTIFY)
    message.use_tsig(key.for_dnspython())
    return tsig_error(exchange_udp(authd, message.to_wire()))


@test("a signed UPDATE that comes again is answered as before and changes nothing")
def replayed_update(lab):
    authd, zone = start_signed(lab)
    key = authd.keys["hmac-sha256"]

    def message(*change):
        update_message = dns.update.UpdateMessage(zone.name, keyring=key.for_dnspython())
        getattr(update_message, change[0])(*change[1:])
        return update_message

    def rcode(wire, exchange=exchange_udp):
        return tsig_error(exchange(authd, wire, timeout_s=5))[:2]
    adds, fails = message("add", "x", 60, "A", "192.0.2.1"), message("present", "nowhere").to_wire()
    wire = adds.to_wire()
    assert rcode(wire) == ("NOERROR", "NOERROR")
    assert rcode(fails) == ("NXDOMAIN", "NOERROR")
    assert rcode(fails) == ("NXDOMAIN", "NOERROR")
    assert rcode(message("delete", "x").to_wire()) == ("NOERROR", "NOERROR")
    serial = authd.serial(zone.name)
    # The first again, by whatever way: its answer is as good as before, and what was deleted stays deleted.
    for exchange in (exchange_udp, exchange_tcp, exchange_udp):
        check_answer(adds, exchange(authd, wire, timeout_s=5))
        assert rcode(wire, exchange) == ("NOERROR", "NOERROR")
    assert authd.serial(zone.name) == serial
    assert not ask(authd, f"x.{zone.name}").answer
    # Signed anew it is another one.
    assert rcode(wire_at(adds, time.time() + 1)) == ("NOERROR", "NOERROR")
    assert ask(authd, f"x.{zone.name}").answer
    # What is recorded is of no use when its time is over.
    assert rcode(wire_at(adds, time.time() - FUDGE_S - 5)) == ("NOTAUTH", "BADTIME")


def cut_mac(wire, whole, length):
    """The message with its MAC, of `whole` bytes and followed by 6 more, cut."""
    mac_at = len(wire) - 6 - whole
    rdlength_at = mac_at - 10 - len(b"\x0bhmac-sha256\x00") - 2
    rdlength = struct.unpack_from("!H", wire, rdlength_at)[0] - (whole - length)
    return (wire[:rdlength_at] + struct.pack("!H", rdlength) + wire[rdlength_at + 2:mac_at - 2] + struct.pack("!H", length) +
            wire[mac_at:mac_at + length] + wire[mac_at + whole:])


@test("a signature that is cut is BADTRUNC, one cut too short a format error, and where the key says so it is good")
def cut(lab):
    authd, zone = start_signed(lab)
    whole, half = authd.keys["hmac-sha256"], authd.keys["hmac-sha256-128"]
    wire = signed_query(zone, whole).to_wire()
    assert tsig_error(exchange_udp(authd, cut_mac(wire, 32, 16)))[:3] == ("NOTAUTH", "BADTRUNC", 32)
    assert tsig_error(exchange_udp(authd, cut_mac(wire, 32, 15)))[0] == "FORMERR"
    assert tsig_error(exchange_udp(authd, cut_mac(wire, 32, 0)))[0] == "FORMERR"
    wire = signed_query(zone, Key(half.name, "hmac-sha256", half.secret)).to_wire()
    assert tsig_error(exchange_udp(authd, cut_mac(wire, 32, 16)))[:3] == ("NOERROR", "NOERROR", 16)
    assert tsig_error(exchange_udp(authd, wire))[:3] == ("NOERROR", "NOERROR", 16)


@test("a key that a reload takes away is unknown from then on, a new one known, and one of new secret has that alone")
def reloaded(lab):
    authd, zone = start_signed(lab)
    kept, gone, changed = (authd.keys[name] for name in ("hmac-sha256", "hmac-sha1", "hmac-sha512"))
    new = Key("new-key")
    old_secret = Key(changed.name, changed.algorithm, changed.secret)
    del authd.keys["hmac-sha1"]
    authd.keys["hmac-sha512"] = Key(changed.name, changed.algorithm)
    authd.keys["new"] = new
    assert tsig_error(exchange_udp(authd, signed_query(zone, gone).to_wire()))[1] == "NOERROR"
    authd.write_config()
    zonectl(authd, "reload")
    assert tsig_error(exchange_udp(authd, signed_query(zone, gone).to_wire()))[1] == "BADKEY"
    assert tsig_error(exchange_udp(authd, signed_query(zone, old_secret).to_wire()))[:2] == ("NOTAUTH", "BADSIG")
    for key in (kept, new, authd.keys["hmac-sha512"]):
        query = signed_query(zone, key)
        assert check_answer(query, exchange_udp(authd, query.to_wire())).rcode() == dns.rcode.NOERROR
        text = tool("dig", f"@{authd.address}", "-p", authd.port, "-y", key.for_dig(), zone.name, "AXFR")
        assert text.count("SOA") == 2, text


# ---- access lists ---------------------------------------------------------------------------------------------------------------------

class Lists(Authd):
    lists = ""

    def config(self):
        return self.key_text + super().config().replace("allow-transfer: [127.0.0.0/8]", self.lists)


def transfer_rcode(authd, zone, key=None):
    query = dns.message.make_query(zone.name, "AXFR")
    if key:
        query.use_tsig(key.for_dnspython())
    return tsig_error(exchange_tcp(authd, query.to_wire(), timeout_s=5))[0]


@test("access lists go by keys, by addresses, and by both in one")
def access(lab):
    authd, zone = Lists(lab), sample_zone("example.com.")
    one, two = Key("one"), Key("two")
    authd.key_text = one.for_authd() + two.for_authd().partition("\n")[2]
    replicate(zone, authd, [])
    authd.lists = "allow-transfer: [127.0.0.0/8 key:One, 192.0.2.0/24 key:two]"
    lab.start()
    assert [transfer_rcode(authd, zone, key) for key in (None, one, two)] == ["REFUSED", "NOERROR", "REFUSED"]
    for text, expected in [("[key:two]", ["REFUSED", "REFUSED", "NOERROR"]), ("[127.0.0.0/8]", ["NOERROR", "NOERROR", "NOERROR"]), ("[]", ["REFUSED"] * 3),
                           ("[192.0.2.1, key:one]", ["REFUSED", "NOERROR", "REFUSED"])]:
        authd.lists = f"allow-transfer: {text}\n    allow-query: [key:one]"
        authd.write_config()
        zonectl(authd, "reload")
        assert [transfer_rcode(authd, zone, key) for key in (None, one, two)] == expected, text
    query = dns.message.make_query(zone.name, "SOA")
    assert dns.query.udp(query, authd.address, port=authd.port, timeout=5).rcode() == dns.rcode.REFUSED
    query.use_tsig(one.for_dnspython())
    assert dns.query.udp(query, authd.address, port=authd.port, timeout=5).rcode() == dns.rcode.NOERROR


# ---- zonesync -------------------------------------------------------------------------------------------------------------------------

def zonesync(*words, expect=0):
    run = subprocess.run([built("zonesync/zonesync"), *map(str, words)], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == expect, f"zonesync {words} ended with {run.returncode}, expected {expect}: {run.stdout}{run.stderr}"
    return run.stdout + run.stderr


@test("zonesync signs by -y and -k, to authd, NSD, Knot and BIND, and believes nothing that is not signed")
def with_zonesync(lab):
    key = Key("sync-key", "hmac-sha512")
    primary, secondaries = Authd(lab), [Authd(lab), Nsd(lab), Knot(lab), Bind(lab)]
    zone = sample_zone("example.com.", hosts=4000)
    replicate(zone, primary, secondaries)
    for node in lab.nodes:
        node.key = key
    lab.start()
    lab.wait_for_serial(zone, secondaries)
    key_file, zone_file = lab.folder / "key", lab.folder / "pulled"
    key_file.write_text(key.for_bind())
    at = f"{primary.where()}/example.com"
    for node in secondaries:
        assert "equal" in zonesync("-k", key_file, "verify", "--full", at, node.where())
    assert "equal" in zonesync("-y", key.for_dig(), "verify", at, secondaries[0].where())
    zonesync("-k", key_file, "pull", primary.where(), "example.com", "-o", zone_file)
    assert not zonesync("-k", key_file, "diff", at, zone_file)
    # Reconciliation is signed in all its messages.
    text = zone_file.read_text().splitlines()
    zone_file.write_text("\n".join(line for line in text if "host17." not in line) + "\n")
    report = json.loads(zonesync("-k", key_file, "--json", "repair", at, zone_file))
    assert report["by"] == "reconciliation" and report["added"] == 1, report
    assert not zonesync("-k", key_file, "diff", at, zone_file)
    # What goes wrong is told with what to do.
    assert "REFUSED" in zonesync("verify", "--full", at, zone_file, expect=1)
    assert "BADSIG: the peer has another secret for key sync-key." in zonesync("-y", Key(key.name, key.algorithm).for_dig(), "verify", "--full", at, zone_file, expect=1)
    assert "BADKEY: the peer does not know key sync-kez." in zonesync("-y", f"sync-kez:{key.secret}", "verify", "--full", at, zone_file, expect=1)
    for words, text in [(["-y", "sync-key"], "[ALGORITHM:]NAME:SECRET"), (["-k", zone_file], "expected key \"NAME\""), (["-k", "/nowhere"], "cannot open"),
                        (["-y", "hmac-md5:a:c2VjcmV0"], "expected one of hmac-sha1"), (["-k", key_file, "-y", key.for_dig()], "second key")]:
        output = zonesync(*words, "verify", at, zone_file, expect=2)
        assert text in output and key.secret not in output, output


if __name__ == "__main__":
    run_tests()
