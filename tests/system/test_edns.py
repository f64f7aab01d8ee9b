"""EDNS as others see it: RFC 8906's tests with dig, cookies shared with NSD, Knot and BIND, NSID, EXPIRE, extended errors, CHAOS, access, rate limits."""
import re
import socket
import struct
import time

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdataclass

from zt import Authd, Bind, Failure, Knot, Nsd, ask, axfr, replicate, run_tests, sample_zone, test, tool, update, wait_for, zonectl

ZONE = "example.com."
SECRET = "e5e973e5a6b2a43f48e7dc849e37bfcf"
OTHER_SECRET = "dd3bdf9344b678b185a6f5cb60fca715"
CLIENT_COOKIE = bytes(range(8))
COOKIE, NSID, EXPIRE, EDE, PADDING = 10, 3, 9, 15, 12


class Tuned(Authd):
    """authd with more keys in `server` and in each zone."""

    def __init__(self, lab, server="", zone="", **options):
        super().__init__(lab, **options)
        self.server_keys, self.zone_keys = server, zone

    def config(self):
        keys = "".join(f"  {line}\n" for line in self.server_keys.splitlines())
        zone = "".join(f"    {line}\n" for line in self.zone_keys.splitlines())
        text = super().config().replace("server:\n", "server:\n" + keys, 1)
        return re.sub(r'(  - name: ".*"\n)', lambda match: match[1] + zone, text)

    def tune(self, server=None, zone=None):
        """Other keys from now on."""
        self.server_keys = self.server_keys if server is None else server
        self.zone_keys = self.zone_keys if zone is None else zone
        self.write("authd.yaml", self.config())
        zonectl(self, "reload")


def start(lab, server="", zone="", **options):
    node = Tuned(lab, server, zone, **options)
    replicate(sample_zone(ZONE), node, [], updates=True)
    lab.start(node)
    return node


def dig(node, *words, program="dig"):
    return tool(program, f"@{node.address}", "-p", node.port, *words, expect=None)


def options_of(message, code):
    return [option for option in message.options if option.otype == code]


def data_of(message, code):
    """The bytes of the message's only option of that code; None without one."""
    found = options_of(message, code)
    if not found:
        return None
    assert len(found) == 1, f"{len(found)} options {code}"
    return found[0].to_wire()


def ask_with(node, name, kind="A", options=(), *, tcp=False, source=None, timeout_s=5.0, klass="IN"):
    """A question with EDNS options, as (code, bytes)."""
    query = dns.message.make_query(name, kind, klass, use_edns=0, payload=1232, options=[dns.edns.GenericOption(*option) for option in options])
    query.flags &= ~dns.flags.RD
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, node.address, port=node.port, timeout=timeout_s, source=source)


def cookie_exchange(node, cookie, **how):
    """(rcode, cookie that came back) of a question with a cookie."""
    reply = ask_with(node, "www." + ZONE, options=[(COOKIE, cookie)], **how)
    return dns.rcode.to_text(reply.rcode()), data_of(reply, COOKIE)


def error_of(message):
    """Code and text of the extended error."""
    data = data_of(message, EDE)
    return None if data is None else (struct.unpack("!H", data[:2])[0], data[2:].decode())


# ---- RFC 8906 section 8: the question as dig's words, and what the answer must and must not show.

SOA = r"^example\.com\.\s+\d+\s+IN\s+SOA"
OPT = r"OPT PSEUDOSECTION"
EDNS0 = r"EDNS: version: 0"
BASIC_NOT = [OPT, r"flags:[^;]* ad\b"]
RFC8906 = [
    ("8.1.1 the zone is there", "+noedns +noad +norec soa ZONE", ["NOERROR", SOA, "flags:[^;]* aa"], BASIC_NOT + ["flags:[^;]* rd"]),
    ("8.1.2 an unknown type", "+noedns +noad +norec type1000 ZONE", ["NOERROR", "flags:[^;]* aa", "ANSWER: 0,"], BASIC_NOT + ["flags:[^;]* rd"]),
    ("8.1.3.1 CD", "+noedns +noad +norec +cd soa ZONE", ["NOERROR", SOA, "flags:[^;]* aa"], BASIC_NOT + ["flags:[^;]* rd"]),
    ("8.1.3.2 AD", "+noedns +norec +ad soa ZONE", ["NOERROR", SOA, "flags:[^;]* aa"], BASIC_NOT + ["flags:[^;]* rd"]),
    ("8.1.3.3 the reserved bit", "+noedns +noad +norec +zflag soa ZONE", ["NOERROR", SOA, "flags:[^;]* aa"], BASIC_NOT + ["flags:[^;]* rd", "MBZ"]),
    ("8.1.3.4 RD", "+noedns +noad +rec soa ZONE", ["NOERROR", SOA, "flags:[^;]* aa", "flags:[^;]* rd"], BASIC_NOT + ["flags:[^;]* ra"]),
    ("8.1.4 an unknown opcode", "+noedns +noad +norec +opcode=15 +header-only", ["NOTIMP", "opcode: RESERVED15", "QUERY: 0, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: 0"],
     BASIC_NOT + ["flags:[^;]* rd", "flags:[^;]* aa"]),
    ("8.1.5 TCP", "+noedns +noad +norec +tcp soa ZONE", ["NOERROR", SOA, "flags:[^;]* aa"], BASIC_NOT + ["flags:[^;]* rd"]),
    ("8.2.1 plain EDNS", "+nocookie +edns=0 +noad +norec soa ZONE", ["NOERROR", SOA, EDNS0, "flags:[^;]* aa"], ["flags:[^;]* ad\\b", "flags:[^;]* rd"]),
    ("8.2.2 EDNS version 1", "+nocookie +edns=1 +noednsneg +noad +norec soa ZONE", ["BADVERS", EDNS0], [SOA, "flags:[^;]* ad\\b"]),
    ("8.2.3 an unknown option", "+nocookie +edns=0 +noad +norec +ednsopt=100 soa ZONE", ["NOERROR", SOA, EDNS0, "flags:[^;]* aa"], ["OPT=100"]),
    ("8.2.4 an unknown flag", "+nocookie +edns=0 +noad +norec +ednsflags=0x40 soa ZONE", ["NOERROR", SOA, EDNS0, "flags:[^;]* aa"], ["MBZ"]),
    ("8.2.5 version 1 and an unknown flag", "+nocookie +edns=1 +noednsneg +noad +norec +ednsflags=0x40 soa ZONE", ["BADVERS", EDNS0], [SOA, "MBZ"]),
    ("8.2.6 version 1 and an unknown option", "+nocookie +edns=1 +noednsneg +noad +norec +ednsopt=100 soa ZONE", ["BADVERS", EDNS0], [SOA, "OPT=100"]),
    ("8.2.7 an answer that is truncated", "+nocookie +norec +dnssec +bufsize=512 +ignore txt big.ZONE", ["NOERROR", EDNS0, "flags:[^;]* tc"], []),
    ("8.2.8 DO", "+nocookie +edns=0 +noad +norec +dnssec soa ZONE", ["NOERROR", SOA, EDNS0, r"EDNS: version: 0, flags: do"], []),
    ("8.2.9 version 1 and DO", "+nocookie +edns=1 +noednsneg +noad +norec +dnssec soa ZONE", ["BADVERS", EDNS0, r"EDNS: version: 0, flags: do"], [SOA]),
    ("8.2.10 many options", "+edns=0 +noad +norec +cookie +nsid +expire +subnet=0.0.0.0/0 soa ZONE", ["NOERROR", SOA, EDNS0, "flags:[^;]* aa"], []),
]


@test("every test of RFC 8906 section 8 passes")
def rfc8906(lab):
    node = start(lab, "nsid: ns1")
    assert update(node, ZONE, *[("add", "big", 300, "TXT", f'"{number}{"x" * 200}"') for number in range(4)], tcp=True) == "NOERROR"
    for what, words, wanted, unwanted in RFC8906:
        output = dig(node, *words.replace("ZONE", ZONE).split())
        for pattern in wanted:
            if not re.search(pattern, output, re.MULTILINE):
                raise Failure(f"{what}: no {pattern} in\n{output}")
        for pattern in unwanted:
            if re.search(pattern, output, re.MULTILINE):
                raise Failure(f"{what}: {pattern} in\n{output}")


# ---- odd messages

QUESTION = b"\3www\7example\3com\0\0\1\0\1"


def send(node, data):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.sendto(data, (node.address, node.port))
        return sock.recv(65535)


def message(flags=0, counts=(1, 0, 0, 0), body=QUESTION):
    return struct.pack("!6H", 0x1234, flags, *counts) + body


def opt(rdata=b"", size=1232, ttl=0):
    return b"\0" + struct.pack("!HHIH", 41, size, ttl, len(rdata)) + rdata


@test("odd messages get the error the RFCs want, or the answer")
def odd_messages(lab):
    node = start(lab)
    cases = [
        ("a plain query", message(), 0),
        ("no question", message(counts=(0, 0, 0, 0), body=b""), 1),
        ("two questions", message(counts=(2, 0, 0, 0), body=QUESTION * 2), 1),
        ("a question cut short", message(body=QUESTION[:-1]), 1),
        ("bytes after the question", message(body=QUESTION + b"x"), 1),
        ("a count of additional records that is not true", message(counts=(1, 0, 0, 1)), 1),
        ("two OPT records", message(counts=(1, 0, 0, 2), body=QUESTION + opt() * 2), 1),
        ("OPT with an owner", message(counts=(1, 0, 0, 1), body=QUESTION + b"\1a" + opt()), 1),
        ("an option longer than OPT", message(counts=(1, 0, 0, 1), body=QUESTION + opt(b"\0\3\0\4abc")), 1),
        ("an option without length", message(counts=(1, 0, 0, 1), body=QUESTION + opt(b"\0\3\0")), 1),
        ("OPT in the answer section", message(counts=(1, 1, 0, 0), body=QUESTION + opt()), 0),
        ("opcode STATUS", message(flags=2 << 11), 4),
        ("opcode 7", message(flags=7 << 11), 4),
        ("AA, TC, RA, Z and an rcode set", message(flags=0x06cf), 0),
    ]
    for what, data, rcode in cases:
        reply = send(node, data)
        ident, flags = struct.unpack("!HH", reply[:4])
        if ident != 0x1234 or not flags & 0x8000 or flags & 15 != rcode or flags >> 11 & 15 != data[2] >> 3 & 15 or flags & 0x02e0:
            raise Failure(f"{what}: id {ident:x}, flags {flags:04x}, expected rcode {rcode}")
    # A response is not answered: the next datagram's answer is what comes.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((node.address, node.port))
        sock.send(message(flags=0x8000))
        sock.send(b"\x56\x78" + message()[2:])
        assert sock.recv(512)[:2] == b"\x56\x78"


# ---- cookies

class CookieNsd(Nsd):
    def config(self):
        return super().config().replace("\trrl-ratelimit: 0\n", f'\trrl-ratelimit: 0\n\tanswer-cookie: yes\n\tcookie-secret: "{SECRET}"\n')


class CookieKnot(Knot):
    def config(self):
        return super().config().replace("template:\n  - id: default\n",
                                        f"mod-cookies:\n  - id: shared\n    secret: 0x{SECRET}\ntemplate:\n  - id: default\n    global-module: mod-cookies/shared\n")


class CookieBind(Bind):
    def config(self):
        return super().config().replace("\trecursion no;\n", f'\trecursion no;\n\tcookie-algorithm siphash24;\n\tcookie-secret "{SECRET}";\n\trequire-server-cookie yes;\n')


def accepts(node, cookie, source):
    """Whether the node takes the cookie for its own. NSD and Knot send a good one back as it was while it is young, BIND asks for a good one."""
    rcode, back = cookie_exchange(node, cookie, source=source)
    return rcode == "NOERROR" and (isinstance(node, Bind) or back == cookie)


@test("NSD, Knot, BIND and authd accept each other's cookies when they share a secret")
def shared_cookies(lab):
    ours = Tuned(lab, f"cookie-secret: {SECRET}\ncookies: required")
    nodes = [ours, CookieNsd(lab), CookieKnot(lab), CookieBind(lab)]
    for node in nodes:
        replicate(sample_zone(ZONE), node, [])
    lab.start(*nodes)
    source = "127.0.0.1"      # the cookie is of the client's address, so it must ask all of them from the same one
    for maker in nodes:
        rcode, cookie = cookie_exchange(maker, CLIENT_COOKIE, source=source)
        assert cookie and len(cookie) == 24 and cookie[:8] == CLIENT_COOKIE, f"{maker.name} gave {rcode} {cookie}"
        made = struct.unpack("!I", cookie[12:16])[0]
        wait_for(lambda: time.time() >= made + 1, "a second in which a fresh cookie would differ")
        for judge in nodes:
            if not accepts(judge, cookie, source):
                raise Failure(f"{judge.name} does not accept {maker.name}'s cookie {cookie.hex()}: {cookie_exchange(judge, cookie, source=source)}")
            spoilt = cookie[:-1] + bytes([cookie[-1] ^ 1])
            if accepts(judge, spoilt, source):
                raise Failure(f"{judge.name} accepts a cookie that nobody made")


@test("dig and kdig find our cookies good, and BADCOOKIE makes them come back with one")
def cookie_clients(lab):
    node = start(lab, "cookies: required")
    output = dig(node, "+norec", "+cookie", "www." + ZONE)
    assert "BADCOOKIE, retrying" in output and "(good)" in output and "status: NOERROR" in output, output
    output = dig(node, "+norec", "+nocookie", "www." + ZONE)      # to TCP
    assert "retrying in TCP mode" in output and "status: NOERROR" in output, output
    output = dig(node, "+cookie", "+badcookie", "www." + ZONE, program="kdig")
    assert "status: NOERROR" in output and re.search(r"COOKIE: ?[0-9A-Fa-f]{16}", output), output
    node.tune("cookies: no")
    output = dig(node, "+norec", "+cookie", "www." + ZONE)
    assert "status: NOERROR" in output and "(good)" not in output, output


@test("a secret is rolled over without a cookie turning bad")
def cookie_rollover(lab):
    node = start(lab, f"cookie-secret: {SECRET}\ncookies: required")
    _, first = cookie_exchange(node, CLIENT_COOKIE)
    node.tune(f"cookie-secret: [{SECRET}, {OTHER_SECRET}]\ncookies: required")
    assert cookie_exchange(node, first) == ("NOERROR", first)
    node.tune(f"cookie-secret: [{OTHER_SECRET}, {SECRET}]\ncookies: required")
    rcode, second = cookie_exchange(node, first)
    assert rcode == "NOERROR" and second != first
    node.write("secrets", OTHER_SECRET + "\n")
    node.tune("cookie-secret-file: secrets\ncookies: required")
    assert cookie_exchange(node, second) == ("NOERROR", second)
    assert cookie_exchange(node, first)[0] == "BADCOOKIE"
    node.tune("cookies: required")
    assert cookie_exchange(node, second)[0] == "BADCOOKIE"
    # A random secret stays over a reload.
    _, third = cookie_exchange(node, CLIENT_COOKIE)
    node.reload()
    wait_for(lambda: node.log().count("reloading") >= 5, "the reload")
    assert cookie_exchange(node, third) == ("NOERROR", third)
    cookies = zonectl(node, "stats")["cookies"]
    assert cookies["good"] >= 4 and cookies["bad"] >= 2 and cookies["client"] >= 2 and cookies["none"] >= 1, cookies
    assert node.metric("authd_cookies_total", cookie="bad") == cookies["bad"]


@test("a NOTIFY, an UPDATE and transfers carry the cookie back")
def cookies_everywhere(lab):
    node = start(lab, "nsid: ns1")
    # dnspython's transfer does not show OPT: dig does.
    for kind in ("axfr", "ixfr=0"):
        output = dig(node, "+norec", "+tcp", "+cookie", "+nsid", "+expire", kind, ZONE, "+comments", "+noanswer")
        assert "status: REFUSED" not in output, output
    for options, kind in (([(COOKIE, CLIENT_COOKIE)], "AXFR"), ([(COOKIE, CLIENT_COOKIE), (NSID, b""), (EXPIRE, b"")], "AXFR")):
        query = dns.message.make_query(ZONE, kind, use_edns=0, options=[dns.edns.GenericOption(*option) for option in options])
        reply = dns.query.tcp(query, node.address, port=node.port, timeout=5, one_rr_per_rrset=True, ignore_trailing=True)
        assert len(data_of(reply, COOKIE)) == 24
        assert (data_of(reply, NSID), data_of(reply, EXPIRE)) == ((b"ns1", struct.pack("!I", 86400)) if len(options) == 3 else (None, None))
    notify = dns.message.make_query(ZONE, "SOA", use_edns=0, options=[dns.edns.GenericOption(COOKIE, CLIENT_COOKIE)])
    notify.set_opcode(dns.opcode.NOTIFY)
    change = dns.message.from_wire(notify.to_wire())
    change.set_opcode(dns.opcode.UPDATE)
    for request in (notify, change):
        reply = dns.query.udp(request, node.address, port=node.port, timeout=5)
        assert len(data_of(reply, COOKIE) or b"") == 24, reply


# ---- other options

@test("keepalive is told over TCP alone")
def keepalive(lab):
    node = start(lab)
    reply = ask_with(node, ZONE, "SOA", [(11, b"")], tcp=True)
    timeout = struct.unpack("!H", data_of(reply, 11))[0]
    assert 10 <= timeout <= 3000, timeout
    assert data_of(ask_with(node, ZONE, "SOA", [(11, b"")]), 11) is None
    assert data_of(ask_with(node, ZONE, "SOA", tcp=True), 11) is None
    # Padding is of no use where all can read along.
    assert data_of(ask_with(node, ZONE, "SOA", [(PADDING, bytes(16))], tcp=True), PADDING) is None


@test("NSID, version and identity are told as configured, and changed by a reload")
def identities(lab):
    node = start(lab, 'nsid: "ns1.lab"\nidentity: ns1\nversion: "1 of ours"')
    assert 'NSID: 6e 73 31 2e 6c 61 62 ("ns1.lab")' in dig(node, "+nsid", "+norec", "soa", ZONE)
    assert "NSID: 6E73312E6C6162" in dig(node, "+nsid", "soa", ZONE, program="kdig")
    for name, text in (("version.bind", "1 of ours"), ("version.server", "1 of ours"), ("hostname.bind", "ns1"), ("id.server", "ns1")):
        assert dig(node, "ch", "txt", name, "+short").strip() == f'"{text}"', name
    node.tune("nsid: 0x00ff\nversion: none\nidentity: hostname")
    assert data_of(ask_with(node, ZONE, "SOA", [(NSID, b"")]), NSID) == b"\0\xff"
    assert "REFUSED" in dig(node, "ch", "txt", "version.bind")
    assert dig(node, "ch", "txt", "id.server", "+short").strip() == f'"{socket.gethostname()}"'


@test("EXPIRE is the SOA's on a primary and what is left of it on a secondary, also after a reload")
def expire(lab):
    primary, secondary = Tuned(lab), Tuned(lab)
    zone = replicate(sample_zone(ZONE, expire=5000), primary, [secondary])
    lab.start(primary, secondary)
    lab.wait_for_serial(zone, [secondary])
    assert "EXPIRE: 5000" in dig(primary, "+expire", "+norec", "soa", ZONE)

    def left():
        return struct.unpack("!I", data_of(ask_with(secondary, ZONE, "SOA", [(EXPIRE, b"")]), EXPIRE))[0]
    wait_for(lambda: 4900 < left() < 5000, "a second passing on the secondary")
    secondary.tune()
    assert 4900 < left() < 5000
    assert data_of(ask_with(secondary, "host1." + ZONE, "A", [(EXPIRE, b"")]), EXPIRE) is None


@test("the UDP payload size is the limit and is told")
def payload_size(lab):
    node = start(lab, "udp-payload-size: 700")
    assert update(node, ZONE, *[("add", "big", 300, "TXT", f'"{number}{"x" * 200}"') for number in range(3)], tcp=True) == "NOERROR"
    assert update(node, ZONE, *[("add", "bigger", 300, "TXT", f'"{number}{"x" * 200}"') for number in range(6)], tcp=True) == "NOERROR"
    for name, size, is_whole in (("big", 4096, True), ("bigger", 4096, False), ("big", 600, False)):
        query = dns.message.make_query(f"{name}.{ZONE}", "TXT", use_edns=0, payload=size)
        reply = dns.query.udp(query, node.address, port=node.port, timeout=5)
        assert bool(reply.flags & dns.flags.TC) != is_whole, (name, size)
        assert reply.payload == 700
        assert len(reply.to_wire()) <= 700
    larger = start(lab, "udp-payload-size: 4096")
    assert update(larger, ZONE, *[("add", "bigger", 300, "TXT", f'"{number}{"x" * 200}"') for number in range(6)], tcp=True) == "NOERROR"
    reply = dns.query.udp(dns.message.make_query("bigger." + ZONE, "TXT", use_edns=0, payload=4096), larger.address, port=larger.port, timeout=5)
    assert len(reply.answer[0]) == 6 and not reply.flags & dns.flags.TC and reply.payload == 4096


@test("refusals say why, and only to who speaks EDNS")
def extended_errors(lab):
    node = Tuned(lab, zone="allow-query: [127.0.0.1]")
    # A secondary whose primary is not there: no data yet.
    silent = Authd(lab)
    replicate(sample_zone(ZONE), node, [])
    replicate(sample_zone("waiting.test."), silent, [node])
    lab.start(node)
    elsewhere = "127.0.0.77"
    for name, kind, source, rcode, error in (
            ("www." + ZONE, "A", "127.0.0.1", "NOERROR", None),
            ("www." + ZONE, "A", elsewhere, "REFUSED", (18, "allow-query")),
            ("www.example.net.", "A", "127.0.0.1", "REFUSED", (20, "no such zone here")),
            ("www.waiting.test.", "A", "127.0.0.1", "SERVFAIL", (14, "zone not loaded")),
            ("www." + ZONE, "TYPE200", "127.0.0.1", "NOTIMP", (21, "query type"))):
        reply = ask_with(node, name, kind, source=source)
        got = dns.rcode.to_text(reply.rcode()), error_of(reply)
        assert got == (rcode, error), (name, kind, source, got)
    assert not ask(node, "www.example.net.", edns=False).edns >= 0
    assert "EDE: 20 (Not Authoritative)" in dig(node, "+norec", "www.example.net")
    errors = zonectl(node, "stats")["extended_errors"]
    assert errors["18"] == 1 and errors["20"] >= 2 and errors["14"] == 1 and errors["21"] == 1, errors
    assert node.metric("authd_extended_errors_total", code="18") == 1


@test("allow-query of the server holds for zones without one, and follows a reload")
def allow_query(lab):
    node = start(lab, "allow-query: [127.0.0.1]")

    def rcode(source):
        return dns.rcode.to_text(ask_with(node, "host1." + ZONE, source=source).rcode())
    assert (rcode("127.0.0.1"), rcode("127.0.0.9")) == ("NOERROR", "REFUSED")
    node.tune(zone="allow-query: [127.0.0.9]")
    assert (rcode("127.0.0.1"), rcode("127.0.0.9")) == ("REFUSED", "NOERROR")
    node.tune(zone="allow-query: []")
    assert (rcode("127.0.0.1"), rcode("127.0.0.9")) == ("REFUSED", "REFUSED")
    node.tune(server="", zone="")
    assert (rcode("127.0.0.1"), rcode("127.0.0.9")) == ("NOERROR", "NOERROR")
    assert axfr(node, ZONE)


# ---- rate limits

def flood(node, count, name, *, source="127.0.0.1", cookie=None):
    """(whole, truncated, missing) answers to `count` queries sent at once; `name` may hold a number sign."""
    options = [dns.edns.GenericOption(COOKIE, cookie)] if cookie else []
    seen = {"whole": set(), "cut": set()}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((source, 0))
        sock.connect((node.address, node.port))
        sock.settimeout(0.5)
        sent = 0
        while sent < count:
            for ident in range(sent, min(sent + 50, count)):      # so few at once that no socket buffer overflows
                query = dns.message.make_query(name.replace("#", str(ident)), "A", use_edns=0, options=options)
                query.id = ident
                sock.send(query.to_wire())
            sent += 50
            try:
                while len(seen["whole"]) + len(seen["cut"]) < sent:
                    reply = sock.recv(4096)
                    seen["cut" if reply[2] & 2 else "whole"].add(struct.unpack("!H", reply[:2])[0])
                    sock.settimeout(0.02)
            except TimeoutError:
                pass
            sock.settimeout(0.05)
    whole, cut = len(seen["whole"]), len(seen["cut"])
    return whole, cut, count - whole - cut


@test("alike answers beyond the limit are dropped, every other one truncated; TCP, a good cookie, other networks and the exempt are served")
def rate_limit(lab):
    node = start(lab, "rate-limit: {responses-per-second: 20, exempt: [127.0.9.0/24]}")
    _, cookie = cookie_exchange(node, CLIENT_COOKIE)
    begun = time.monotonic()
    results = {name: flood(node, 300, name) for name in ("host1." + ZONE, "no#." + ZONE, "a#.wild." + ZONE, "a#.sub." + ZONE, "a#.example.net.")}
    most = 20 * (time.monotonic() - begun + 1)      # what the limit allows in that time
    for name, (whole, cut, missing) in results.items():
        limited = cut + missing if "net" not in name else 2 * missing
        if limited < 300 - most or missing < limited * 0.4 or missing > limited * 0.6:
            raise Failure(f"{name}: {whole} whole, {cut} truncated, {missing} missing of 300; at most {most:.0f} may pass")
    assert ask(node, "host1." + ZONE, tcp=True).answer
    assert flood(node, 100, "host1." + ZONE, cookie=cookie) == (100, 0, 0)
    assert flood(node, 100, "host1." + ZONE, source="127.0.9.1") == (100, 0, 0)
    assert flood(node, 10, "host1." + ZONE, source="127.0.8.1")[0] == 10
    stats = zonectl(node, "stats")["rate_limit"]
    assert stats["dropped"] == sum(result[2] for result in results.values()), (stats, results)
    assert node.metric("authd_rate_limit_slipped_total") == stats["slipped"] > 0
    node.wait_for_log(re.compile(r"rate-limit: \d+ answers dropped and \d+ truncated since the last such line, some of them to 127\.0\.0\.0/24"))
    node.tune("rate-limit: 0")
    assert flood(node, 300, "host1." + ZONE) == (300, 0, 0)


if __name__ == "__main__":
    run_tests()
