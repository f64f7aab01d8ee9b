"""Zone transfers over TLS (RFC 9103): between authd servers, and with BIND, NSD, kdig, dig and dnspython."""
import datetime
import re
import socket
import ssl
import threading

import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.xfr
import dns.zone

from zt import Failure, ask, exchange_tcp, notify, replicate, run_tests, sample_zone, serial_of, test, tool, update, wait_for, zonectl
from zt.certificates import DAY, Authority
from zt.lab import free_port
from zt.many import blackhole
from zt.xot import XotAuthd, XotBind, XotNsd
from zt.zones import Role

ZONE = "example."
PRIMARY, SECONDARY = "primary.example", "secondary.example"
HOUR = datetime.timedelta(hours=1)


def pair(lab, ca=None, zones=None, updates=True):
    """A primary that serves by TLS with a certificate for PRIMARY, and a secondary that does not follow it yet."""
    ca = ca or Authority(lab.folder)
    primary, secondary = XotAuthd(lab), XotAuthd(lab)
    primary.serve_tls(ca.issue("primary", PRIMARY))
    zones = zones or [sample_zone(ZONE)]
    for zone in zones:
        replicate(zone, primary, [secondary], updates=updates)
    return ca, primary, secondary, zones[0]


def add(node, zone, name):
    assert update(node, zone.name, ("add", f"{name}.{zone.name}", 300, "A", "192.0.2.9")) == "NOERROR"
    zone.serial += 1


def trust(ca, name=PRIMARY):
    return f"hostname: {name}, ca-file: {ca.pem}"


@test("AXFR, IXFR and SOA queries go over one connection of TLS; nothing of them goes by plain UDP or TCP")
def over_tls(lab):
    ca, primary, secondary, zone = pair(lab)
    secondary.reach(primary, trust(ca))
    lab.start()
    lab.wait_for_serial(zone, [primary, secondary])
    udp, tcp = (primary.metric("authd_queries_total", transport=kind) for kind in ("udp", "tcp"))
    before = primary.metric("authd_connections_total")
    add(primary, zone, "new")
    wait_for(lambda: zonectl(secondary, "zone", ZONE)["serial"] == zone.serial, "the change")
    secondary.wait_for_log(re.compile(r"serial 1 -> 2 by IXFR from " + re.escape(primary.tls_where())))
    zonectl(secondary, "refresh", ZONE)
    wait_for(lambda: secondary.metric("authd_soa_queries_total") >= 1, "a SOA query")
    wait_for(lambda: primary.metric("authd_queries_total", transport="tls") >= 3, "three questions by TLS")
    assert primary.metric("authd_connections_total") <= before + 1, "kept open"
    # Our own UPDATE, and the primary's probe of the secondary, which has an address of its own.
    assert primary.metric("authd_queries_total", transport="udp") <= udp + 1
    assert primary.metric("authd_queries_total", transport="tcp") == tcp
    assert primary.metric("authd_transfers_whole_total") == 1 and primary.metric("authd_transfers_difference_total") >= 1
    lab.check_equal(zone, primary, [secondary])


class Pretender:
    """A TLS server by python's ssl at an address, which swallows what comes; or one that speaks no TLS at all."""
    def __init__(self, address, context):
        self.sock = socket.create_server((address, free_port(address)))
        self.sock.settimeout(0.1)
        self.port, self.address, self.context, self.ends = self.sock.getsockname()[1], address, context, False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ends:
            try:
                raw = self.sock.accept()[0]
                raw.settimeout(2)
                with (self.context.wrap_socket(raw, server_side=True) if self.context else raw) as sock:
                    if self.context:
                        sock.recv(1000)
                    else:
                        sock.sendall(b"220 mail.example ready\r\n")
                        sock.recv(1000)
            except (TimeoutError, OSError):
                continue

    def close(self):
        self.ends = True
        self.thread.join()
        self.sock.close()


def fails_with(lab, primary_where, tls, pattern):
    """A secondary that must not get its zone, and says why."""
    secondary = XotAuthd(lab)

    class Named:
        name, where = "named", staticmethod(lambda: primary_where)
    secondary.remotes["named"] = f"{{address: {primary_where}, tls: {{{tls}}}}}"
    secondary.zones[ZONE] = Role(sample_zone(ZONE), [Named])
    secondary.start()
    secondary.wait_for_log(re.compile("TLS with " + re.escape(primary_where) + " failed: .*" + pattern))
    zonectl(secondary, "refresh", ZONE)
    wait_for(lambda: secondary.metric("authd_outbound_tls_total", handshake="failed") >= 2, "another attempt")
    assert secondary.metric("authd_outbound_tls_total", handshake="full") <= secondary.metric("authd_outbound_tls_total", handshake="failed")
    assert zonectl(secondary, "zone", ZONE)["serial"] is None
    assert secondary.log().count("TLS with") <= 2, "told once"
    secondary.stop()


@test("with a wrong authority, name, time or key of the server there is no transfer, and the log says what is wrong")
def strict(lab):
    ca, other = Authority(lab.folder), Authority(lab.folder, "another authority")
    good = ca.issue("good", PRIMARY, "192.0.2.1")
    expired = ca.issue("expired", PRIMARY, ends_in=-HOUR)
    future = ca.issue("future", PRIMARY, begins_in=HOUR, ends_in=2 * DAY)
    zone = sample_zone(ZONE)

    def primary_with(issued):
        node = XotAuthd(lab)
        node.serve_tls(issued)
        replicate(zone, node, [])
        lab.start(node)
        return node
    right = primary_with(good).tls_where()
    fails_with(lab, right, trust(ca, "wrong.example"), "its certificate is for primary.example, 192.0.2.1, not for wrong.example")
    fails_with(lab, right, trust(ca, "192.0.2.2"), "not for 192.0.2.2")
    fails_with(lab, right, trust(other), "was signed by CN=lab authority, who is no authority in ca-file")
    fails_with(lab, right, "pin: [" + expired.pin + "]", "its key has the pin " + re.escape(good.pin))
    fails_with(lab, right, trust(ca) + ", pin: [" + expired.pin + "]", "its key has the pin " + re.escape(good.pin))
    fails_with(lab, right, "hostname: " + PRIMARY, "was signed by CN=lab authority")
    fails_with(lab, primary_with(expired).tls_where(), trust(ca), "its certificate expired at 20.*Z; it must be renewed")
    fails_with(lab, primary_with(future).tls_where(), trust(ca), "its certificate is not valid before 20.*Z")


@test("a server without ALPN dot, without TLS 1.3, or without TLS is none for transfers, whoever it is")
def no_dot(lab):
    ca = Authority(lab.folder)
    good = ca.issue("good", PRIMARY)
    address = lab.next_address()
    contexts = []
    for _ in range(2):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(good.pem, good.key)
        contexts.append(context)
    contexts[1].set_alpn_protocols(["dot"])
    contexts[1].maximum_version = ssl.TLSVersion.TLSv1_2
    for context, pattern in ((contexts[0], "does not choose ALPN dot"), (contexts[1], "does not speak TLS 1.3"), (None, "is no TLS")):
        pretender = Pretender(address, context)
        try:
            fails_with(lab, f"{address}@{pretender.port}", trust(ca), pattern)
        finally:
            pretender.close()


@test("where TLS fails nothing is sent in the clear")
def no_fallback(lab):
    ca = Authority(lab.folder)
    with blackhole(lab) as plain:
        pretender = Pretender(plain.address, None)
        try:
            fails_with(lab, f"{plain.address}@{pretender.port}", trust(ca), "is no TLS")
        finally:
            pretender.close()
        assert plain.packets == 0 and plain.connections == 0


@test("pins, IP addresses in certificates and authenticate: no each let the right ones in")
def ways_to_trust(lab):
    ca = Authority(lab.folder)
    zone = sample_zone(ZONE)
    primary = XotAuthd(lab)
    issued = ca.issue("primary", PRIMARY, primary.address)
    primary.serve_tls(issued)
    secondaries = [XotAuthd(lab) for _ in range(4)]
    replicate(zone, primary, secondaries)
    wrong = "A" * 43 + "="
    for node, tls in zip(secondaries, (f"pin: [{wrong}, {issued.pin}]", trust(ca, primary.address), "authenticate: no", trust(ca) + f", pin: {issued.pin}")):
        node.reach(primary, tls)
    lab.start()
    lab.wait_for_serial(zone, [primary, *secondaries])


@test("mutual TLS: only who shows the certificate that allow-transfer names gets the zone; the others are counted and told")
def mutual(lab):
    ca, clients = Authority(lab.folder), Authority(lab.folder, "clients")
    zone = sample_zone(ZONE)
    primary = XotAuthd(lab)
    primary.serve_tls(ca.issue("primary", PRIMARY), f"tls-client-ca: {clients.pem}")
    good, other, foreign, pinned = (clients.issue("good", SECONDARY), clients.issue("other", "other.example"), ca.issue("foreign", SECONDARY),
                                    ca.issue("pinned", "anybody.example"))
    primary.zone_lines = [f"allow-transfer: [127.0.0.0/8 tls:{SECONDARY}, pin:{pinned.pin}]"]
    nodes = {}
    for name, issued in (("good", good), ("other", other), ("foreign", foreign), ("pinned", pinned), ("none", None)):
        node = nodes[name] = XotAuthd(lab)
        node.reach(primary, trust(ca) + (f", certificate: {issued.pem}, key: {issued.key}" if issued else ""))
    plain = nodes["plain"] = XotAuthd(lab)
    replicate(zone, primary, list(nodes.values()), updates=True)
    lab.start()
    lab.wait_for_serial(zone, [primary, nodes["good"], nodes["pinned"]])
    primary.wait_for_log(re.compile(r"AXFR to 127.* over TLS refused; it shows a certificate for other.example, of a trusted authority, pin " + re.escape(other.pin)))
    primary.wait_for_log(re.compile(r"it shows a certificate for secondary.example, of no trusted authority, pin " + re.escape(foreign.pin)))
    for name in ("other", "foreign", "none", "plain"):
        nodes[name].wait_for_log(re.compile(r"zone example\.: AXFR from .* failed: .*REFUSED"))
        assert serial_of(nodes[name], ZONE) is None
    assert plain.where() and primary.metric("authd_transfers_refused_total") >= 4
    # A new certificate for the client is read on reload, and the zones follow on.
    renewed = clients.issue("good", "renamed.example")
    assert renewed.pem == good.pem
    nodes["good"].reload()
    nodes["good"].wait_for_log(re.compile("reloading .*"))
    wait_for(lambda: nodes["good"].metric("authd_soa_queries_total") >= 1, "the zone is asked for with the new certificate")
    add(primary, zone, "new")
    primary.wait_for_log(re.compile(r"it shows a certificate for renamed.example"))
    lab.wait_for_serial(zone, [nodes["pinned"]])
    assert serial_of(nodes["good"], ZONE) == 1


@test("transfer-tls-only: REFUSED over TCP and UDP with the reason, given over TLS; a plain NOTIFY does not tell what the zone holds")
def tls_only(lab):
    ca = Authority(lab.folder)
    primary = XotAuthd(lab)
    primary.serve_tls(ca.issue("primary", PRIMARY))
    told = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    told.settimeout(10)
    told.bind(("127.0.0.1", 0))
    primary.zone_lines = ["allow-transfer: [127.0.0.0/8]", "transfer-tls-only: yes", f"notify: [127.0.0.1@{told.getsockname()[1]}]"]
    zone = replicate(sample_zone(ZONE), primary, [])
    lab.start()
    word = dns.message.from_wire(told.recv(4096))
    told.close()
    assert word.opcode() == dns.opcode.NOTIFY and not word.options, word
    query = dns.message.make_query(ZONE, "AXFR", use_edns=0)
    answer = dns.query.tcp(query, primary.address, port=primary.port, timeout=10)
    assert answer.rcode() == dns.rcode.REFUSED and "over TLS only" in answer.to_text(), answer
    ixfr = dns.message.make_query(ZONE, "IXFR", use_edns=0)
    ixfr.authority.append(dns.rrset.from_text(ZONE, 0, "IN", "SOA", "ns1.example. hostmaster.example. 0 1 1 1 1"))
    assert dns.query.udp(ixfr, primary.address, port=primary.port, timeout=10).rcode() == dns.rcode.REFUSED
    assert primary.metric("authd_transfers_refused_plain_total") == 2
    assert ask(primary, ZONE, "SOA").answer, "queries are answered"
    output = tool("kdig", f"@{primary.address}", "-p", primary.tls_port, f"+tls-ca={ca.pem}", f"+tls-hostname={PRIMARY}", ZONE, "AXFR")
    assert output.count("SOA") >= 2 and "host1.example." in output, output
    output = tool("dig", f"@{primary.address}", "-p", primary.tls_port, "+tls", ZONE, "AXFR")
    assert output.count("SOA") >= 2 and "XFR size" in output, output
    found = dns.zone.Zone(ZONE, relativize=False)
    context = ssl.create_default_context(cafile=ca.pem)
    context.set_alpn_protocols(["dot"])
    question, _ = dns.xfr.make_query(found)
    with socket.create_connection((primary.address, primary.tls_port), timeout=10) as raw, context.wrap_socket(raw, server_hostname=PRIMARY) as sock:
        dns.query.send_tcp(sock, question)
        with dns.xfr.Inbound(found, dns.rdatatype.AXFR) as inbound:
            done = False
            while not done:
                done = inbound.process_message(dns.query.receive_tcp(sock, one_rr_per_rrset=True, ignore_trailing=True)[0])
    assert found.get_rdataset(ZONE, "SOA")[0].serial == zone.serial


@test("fifty zones come over at most five connections, and later ones resume the session")
def few_connections(lab):
    zones = [sample_zone(f"z{i}.example.") for i in range(50)]
    ca, primary, secondary, _ = pair(lab, zones=zones)
    primary.settings.append("tcp-idle-timeout: 2s")
    secondary.reach(primary, trust(ca))
    lab.start()
    wait_for(lambda: zonectl(secondary, "status")["zones_serving"] == 50, "fifty zones")
    full, resumed = (secondary.metric("authd_outbound_tls_total", handshake=kind) for kind in ("full", "resumed"))
    assert full <= 5, (full, resumed)
    wait_for(lambda: primary.metric("authd_connections_open") == 0 if "authd_connections_open" in primary.metrics() else zonectl(primary, "stats")["network"]["connections_open"] == 0,
             "the end of idle connections")
    for zone in zones[:3]:
        add(primary, zone, "new")
    lab.wait_for_serial(zones[2], [secondary])
    assert secondary.metric("authd_outbound_tls_total", handshake="resumed") > resumed
    assert secondary.metric("authd_outbound_tls_total", handshake="full") == full


@test("NOTIFY over TLS: the receiver lets in who shows the right certificate, and nobody else")
def notify_over_tls(lab):
    ca, primary, secondary, zone = pair(lab)
    sender = ca.issue("sender", "sender.example")
    secondary.reach(primary, trust(ca))
    secondary.serve_tls(ca.issue("secondary", SECONDARY), f"tls-client-ca: {ca.pem}")
    secondary.zone_lines = ["allow-transfer: [127.0.0.0/8]", "allow-notify: [tls:sender.example]"]
    primary.reach(secondary, trust(ca, SECONDARY) + f", certificate: {sender.pem}, key: {sender.key}")
    # Primaries may always: so the NOTIFY comes from elsewhere than the transfers.
    proxy_address = secondary.remotes[primary.name]
    assert primary.address in proxy_address
    lab.start()
    lab.wait_for_serial(zone, [primary, secondary])
    received = secondary.metric("authd_notifies_total")
    add(primary, zone, "new")
    lab.wait_for_serial(zone, [primary, secondary])
    assert secondary.metric("authd_notifies_total") > received
    assert secondary.metric("authd_queries_total", transport="tls") >= 1
    wait_for(lambda: zonectl(primary, "peers", ZONE)[0]["state"] in ("settled", "current"), "the peer is known to have it")
    assert notify(secondary, ZONE).rcode() == dns.rcode.REFUSED, "one in the clear from another address"
    context = ssl.create_default_context(cafile=ca.pem)
    context.set_alpn_protocols(["dot"])
    for issued, expected in ((None, dns.rcode.REFUSED), (ca.issue("stranger", "stranger.example"), dns.rcode.REFUSED), (sender, dns.rcode.NOERROR)):
        if issued:
            context.load_cert_chain(issued.pem, issued.key)
        message = dns.message.make_query(ZONE, "SOA", use_edns=False)
        message.set_opcode(4)
        with socket.create_connection((secondary.address, secondary.tls_port), timeout=10) as raw, context.wrap_socket(raw, server_hostname=SECONDARY) as sock:
            dns.query.send_tcp(sock, message)
            assert dns.query.receive_tcp(sock)[0].rcode() == expected, issued


@test("the server's certificate is renewed by reload: who trusts its authority follows on, who pins its key says so until the new pin is there")
def renewed(lab):
    ca = Authority(lab.folder)
    zone = sample_zone(ZONE)
    primary, by_name, by_pin = XotAuthd(lab), XotAuthd(lab), XotAuthd(lab)
    first = ca.issue("primary", PRIMARY)
    primary.serve_tls(first, "tcp-idle-timeout: 1s")
    replicate(zone, primary, [by_name, by_pin], updates=True)
    by_name.reach(primary, trust(ca))
    by_pin.reach(primary, f"pin: {first.pin}")
    lab.start()
    lab.wait_for_serial(zone, [primary, by_name, by_pin])
    second = ca.issue("primary", PRIMARY)
    primary.reload()
    wait_for(lambda: primary.log().count("the certificate's SHA-256 is") == 2, "the new certificate")
    by_pin.stop()      # its session would be resumed
    by_pin.start_process()
    by_pin.wait_for_log(re.compile("its key has the pin " + re.escape(second.pin)))
    add(primary, zone, "new")
    lab.wait_for_serial(zone, [primary, by_name])
    by_pin.reach(primary, f"pin: {second.pin}")
    by_pin.write_config()
    by_pin.reload()
    lab.wait_for_serial(zone, [by_pin])


@test("TSIG inside TLS: both must be right")
def tsig_inside(lab):
    ca, primary, secondary, zone = pair(lab)
    secret = "c2VjcmV0IHRoYXQgaXMgbG9uZyBlbm91Z2ggZm9yIHRlc3Rz"
    for node in (primary, secondary):
        node.head = f'key:\n  - {{name: xfr-key, algorithm: hmac-sha256, secret: "{secret}"}}\n'
    primary.zone_lines = ["allow-transfer: [key:xfr-key]", "transfer-tls-only: yes"]
    unsigned = XotAuthd(lab)
    replicate(zone, primary, [secondary, unsigned], updates=True)
    secondary.reach(primary, trust(ca), ", key: xfr-key")
    unsigned.reach(primary, trust(ca))
    lab.start()
    lab.wait_for_serial(zone, [primary, secondary])
    add(primary, zone, "new")
    lab.wait_for_serial(zone, [primary, secondary])
    unsigned.wait_for_log(re.compile(r"AXFR from .* failed: .*REFUSED"))
    assert serial_of(unsigned, ZONE) is None


@test("BIND follows authd over mutual TLS: AXFR, then IXFR")
def bind_follows(lab):
    ca = Authority(lab.folder)
    zone = sample_zone(ZONE)
    primary, bind = XotAuthd(lab), XotBind(lab)
    own = ca.issue("bind", SECONDARY)
    primary.serve_tls(ca.issue("primary", PRIMARY), f"tls-client-ca: {ca.pem}")
    primary.zone_lines = [f"allow-transfer: [tls:{SECONDARY}, {primary.address}]", "transfer-tls-only: yes"]
    replicate(zone, primary, [bind], updates=True)
    bind.primary_tls = f'ca-file "{ca.pem}"; remote-hostname "{PRIMARY}"; cert-file "{own.pem}"; key-file "{own.key}";'
    lab.start()
    lab.wait_for_serial(zone, [primary, bind])
    add(primary, zone, "new")
    lab.wait_for_serial(zone, [primary, bind])
    assert primary.metric("authd_transfers_difference_total") >= 1
    assert primary.metric("authd_queries_total", transport="tls") >= 2


@test("authd follows BIND over TLS, with a certificate where BIND asks for one")
def follows_bind(lab):
    ca = Authority(lab.folder)
    zone = sample_zone(ZONE)
    bind, secondary, without = XotBind(lab), XotAuthd(lab), XotAuthd(lab)
    served, own = ca.issue("bind", PRIMARY), ca.issue("own", SECONDARY)
    bind.server_tls = f'cert-file "{served.pem}"; key-file "{served.key}"; ca-file "{ca.pem}";'
    replicate(zone, bind, [secondary, without])
    secondary.reach(bind, trust(ca) + f", certificate: {own.pem}, key: {own.key}")
    without.reach(bind, trust(ca))
    lab.start()
    lab.wait_for_serial(zone, [bind, secondary])
    without.wait_for_log(re.compile("TLS with .* failed: .*the other side wants a certificate of ours.*, expected certificate and key in tls"))
    zone.change(add=["new A 192.0.2.9"])
    bind.reload_zone(zone)
    lab.wait_for_serial(zone, [bind, secondary])


@test("NSD follows authd over TLS, and authd follows that NSD over TLS")
def nsd_both_ways(lab):
    ca = Authority(lab.folder)
    zone = sample_zone(ZONE)
    primary, nsd, last = XotAuthd(lab), XotNsd(lab), XotAuthd(lab)
    nsd.served, nsd.bundle = ca.issue("nsd", "nsd.example"), ca.pem
    nsd.primary_tls = [f"auth-domain-name: {PRIMARY}"]
    primary.serve_tls(ca.issue("primary", PRIMARY))
    primary.zone_lines.append("transfer-tls-only: yes")
    replicate(zone, primary, [nsd], updates=True)
    nsd.zones[ZONE].secondaries.append(last)
    last.zones[ZONE] = Role(zone, [nsd])
    last.reach(nsd, trust(ca, "nsd.example") + ", require-alpn: no")      # NSD 4.6 serves without
    lab.start()
    lab.wait_for_serial(zone, [primary, nsd, last])
    add(primary, zone, "new")
    lab.wait_for_serial(zone, [primary, nsd, last])
    assert last.metric("authd_outbound_tls_total") >= 1


if __name__ == "__main__":
    run_tests()
