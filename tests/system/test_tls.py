"""DNS over TLS and the PROXY protocol at authd: kdig, openssl, python's ssl and dnsdist as peers."""
import contextlib
import hashlib
import re
import socket
import ssl
import struct
import subprocess
import time

import dns.edns
import dns.message
import dns.opcode
import dns.rcode

from zt import Authd, Failure, ask, replicate, run_tests, sample_zone, test, tool, wait_for, zonectl
from zt.client import receive_message
from zt.lab import free_port
from zt.node import Node, require
from zt.wire import Records

ZONE = "example."
ANSWER = "198.51.100.1"
HOST = "ns.tls.example"


class TlsAuthd(Authd):
    """authd with a TLS address and more lines in its server section."""
    def __init__(self, lab, *settings, **options):
        super().__init__(lab, **options)
        self.tls_port = free_port(self.address)
        self.settings = list(settings)

    def config(self):
        lines = [f"listen-tls: {self.address}@{self.tls_port}", *self.settings]
        return super().config().replace("zone:\n", "".join(f"  {line}\n" for line in lines) + "zone:\n", 1)

    def tls(self, context=None, **options):
        context = context or trusting()
        raw = socket.create_connection((self.address, self.tls_port), timeout=30)
        return context.wrap_socket(raw, **options)


def trusting(alpn=("dot",)):
    """A client's context that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def openssl(*words, stdin=None, expect=0):
    run = subprocess.run([require("openssl", "openssl"), *map(str, words)], stdin=stdin, capture_output=True, text=True, timeout=30, check=False)
    if expect is not None and run.returncode != expect:
        raise Failure(f"openssl {' '.join(map(str, words))}: {run.stdout}{run.stderr}")
    return run.stdout + run.stderr


def make_certificate(node, serial=1):
    """NAME.pem with a certificate for HOST and ca.pem with who signed it, in the node's folder; replaced when they are there."""
    path = node.path
    if not path("ca.pem").exists():
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=lab authority", "-days", 2,
                "-keyout", path("ca.key"), "-out", path("ca.pem"))
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={HOST}", "-addext",
            f"subjectAltName=DNS:{HOST}", "-keyout", path("new.key"), "-out", path("new.csr"))
    openssl("x509", "-req", "-in", path("new.csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-set_serial", serial, "-days", 2,
            "-copy_extensions", "copy", "-out", path("new.pem"))
    path("new.key").rename(path("tls.key"))
    path("new.pem").rename(path("tls.pem"))


def start(lab, *settings, certificate=False, **options):
    node = TlsAuthd(lab, *settings, **options)
    if certificate:
        make_certificate(node)
        node.settings += ["tls-certificate: tls.pem", "tls-key: tls.key"]
    replicate(sample_zone(ZONE), node, [], updates=True)
    lab.start(node)
    return node


def query(name, kind="A", number=1, options=None):
    message = dns.message.make_query(name, kind, use_edns=0 if options is not None else False, options=options)
    message.id = number
    data = message.to_wire()
    return struct.pack("!H", len(data)) + data


def exchange(sock, *words, **options):
    sock.sendall(query(*words, **options))
    return dns.message.from_wire(receive_message(sock))


def kdig(node, *words, expect=0):
    return tool("kdig", f"@{node.address}", "-p", node.tls_port, *words, expect=expect)


@test("without a certificate authd makes one, says so, and kdig is answered by TLS, padded to 468 bytes")
def self_signed(lab):
    node = start(lab)
    node.wait_for_log(re.compile(r"self-signed one whose SHA-256 is [0-9a-f]{64}"))
    output = kdig(node, "+tls", "www." + ZONE, "A")
    assert ANSWER in output and "TLS1.3" in output, output
    assert "Received 468 B" in output, output
    fingerprint = re.search(r"SHA-256 is ([0-9a-f]{64})", node.log())[1]
    with node.tls() as sock:
        assert hashlib.sha256(sock.getpeercert(binary_form=True)).hexdigest() == fingerprint
    node.reload()
    node.wait_for_log(re.compile(r"reloading"))
    wait_for(lambda: ask(node, "www." + ZONE).answer, "an answer")
    with node.tls() as sock:
        assert hashlib.sha256(sock.getpeercert(binary_form=True)).hexdigest() == fingerprint, "a reload keeps it"


@test("clients that verify accept the certificate for its name alone, also with TLS 1.2; older versions are refused")
def verified(lab):
    node = start(lab, certificate=True)
    ca = f"+tls-ca={node.path('ca.pem')}"
    assert ANSWER in kdig(node, ca, f"+tls-hostname={HOST}", "www." + ZONE, "A")
    assert ANSWER not in kdig(node, ca, "+tls-hostname=other.example", "www." + ZONE, "A", expect=None)
    context = ssl.create_default_context(cafile=node.path("ca.pem"))
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context.minimum_version = context.maximum_version = version
        with node.tls(context, server_hostname=HOST) as sock:
            assert exchange(sock, "www." + ZONE).answer
            assert ("GCM" in sock.cipher()[0] or "CHACHA20" in sock.cipher()[0]), sock.cipher()
    old = openssl("s_client", "-connect", f"{node.address}:{node.tls_port}", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", stdin=subprocess.DEVNULL, expect=None)
    assert "alert protocol version" in old or "no protocols available" in old or "Cipher is (NONE)" in old, old


@test("ALPN dot is taken, no ALPN too, anything else is refused")
def alpn(lab):
    node = start(lab)
    with node.tls() as sock:
        assert sock.selected_alpn_protocol() == "dot"
    with node.tls(trusting(alpn=("h2", "dot"))) as sock:
        assert sock.selected_alpn_protocol() == "dot"
    with node.tls(trusting(alpn=None)) as sock:
        assert exchange(sock, "www." + ZONE).answer
    try:
        node.tls(trusting(alpn=("h2",))).close()
        raise Failure("h2 was accepted")
    except ssl.SSLError as error:
        assert "no application protocol" in str(error), error


@test("a second connection resumes the session, with any worker, after a reload and with a new certificate too")
def resumption(lab):
    node = start(lab, certificate=True, workers=2)
    context = trusting()
    context.minimum_version = ssl.TLSVersion.TLSv1_3

    def visit(session):
        with node.tls(context, session=session) as sock:
            assert exchange(sock, "www." + ZONE).answer
            return sock.session_reused, sock.session
    reused, session = visit(None)
    assert not reused
    for _ in range(8):
        reused, session = visit(session)
        assert reused
    make_certificate(node, serial=2)
    before = node.log().count("SHA-256")
    node.reload()
    wait_for(lambda: node.log().count("SHA-256") > before, "the new certificate in the log")
    reused, session = visit(session)
    assert reused
    old = trusting()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with node.tls(old) as sock:
        exchange(sock, "www." + ZONE)
        session = sock.session
    with node.tls(old, session=session) as sock:
        assert sock.session_reused, "TLS 1.2 too"


@test("SIGHUP brings a new certificate into use; one that is broken is reported with its line and the old one stays")
def renewal(lab):
    node = start(lab, certificate=True)

    def serial():
        output = openssl("s_client", "-connect", f"{node.address}:{node.tls_port}", "-showcerts", stdin=subprocess.DEVNULL, expect=None)
        node.path("seen.pem").write_text(output[output.index("-----BEGIN"):output.index("-----END CERTIFICATE-----") + 26])
        return openssl("x509", "-noout", "-serial", "-in", node.path("seen.pem")).strip()
    assert serial() == "serial=01"
    with node.tls() as before:
        make_certificate(node, serial=2)
        node.reload()
        wait_for(lambda: serial() == "serial=02", "the new certificate")
        assert exchange(before, "www." + ZONE).answer, "who was connected stays so"
    node.write("tls.pem", "no certificate\n")
    node.reload()
    node.wait_for_log(re.compile(r"authd\.yaml:\d+:\d+: tls-certificate: cannot use the certificate"))
    assert serial() == "serial=02"
    run = subprocess.run([node.binary, "-t", "-c", str(node.path("authd.yaml"))], capture_output=True, text=True, timeout=30, check=False)
    assert run.returncode == 2 and "tls-certificate" in run.stderr, run


@test("AXFR goes by TLS, and so do pipelined questions of a client that has closed its half")
def transfer(lab):
    node = start(lab)
    assert "www.example." in kdig(node, "+tls", ZONE, "AXFR")
    with node.tls() as sock:
        sock.sendall(query(ZONE, "AXFR", 1) + b"".join(query("www." + ZONE, number=i) for i in range(2, 502)))
        records, got = Records(), set()
        while len(got) < 500 or not records.transfer_is_complete():
            message = receive_message(sock)
            number = struct.unpack("!H", message[:2])[0]
            if number == 1:
                records.add_message(message)
            else:
                got.add(number)
    assert zonectl(node, "stats")["queries"]["tls"] >= 502


@test("keepalive is answered by TLS; padding is never given where the query had none, nor without TLS")
def options(lab):
    node = start(lab, "tcp-idle-timeout: 7s")
    padding, keepalive = dns.edns.GenericOption(12, bytes(20)), dns.edns.GenericOption(11, b"")
    with node.tls() as sock:
        reply = exchange(sock, "www." + ZONE, options=[padding, keepalive])
        assert {option.otype for option in reply.options} == {11, 12} and len(reply.to_wire()) % 468 == 0, reply
        assert next(option.to_wire() for option in reply.options if option.otype == 11) == struct.pack("!H", 70)
        reply = exchange(sock, "www." + ZONE, options=[keepalive])
        assert {option.otype for option in reply.options} == {11}
    with socket.create_connection((node.address, node.port), timeout=30) as sock:
        assert not any(option.otype == 12 for option in exchange(sock, "www." + ZONE, options=[padding]).options)


@test("a client that stops in the handshake, or talks no TLS, is closed, and others are served meanwhile")
def bad_handshakes(lab):
    node = start(lab, "tcp-read-timeout: 1s", "tcp-idle-timeout: 60s")
    with contextlib.ExitStack() as stack:
        began = time.monotonic()
        silent = [stack.enter_context(socket.create_connection((node.address, node.tls_port), timeout=30)) for _ in range(50)]
        for sock in silent[:25]:
            sock.sendall(b"\x16\x03\x01\x02\x00\x01")
        plain = stack.enter_context(socket.create_connection((node.address, node.tls_port), timeout=30))
        plain.sendall(query("www." + ZONE))
        with contextlib.suppress(ConnectionError):
            while plain.recv(100):
                pass
        with node.tls() as sock:
            assert exchange(sock, "www." + ZONE).answer
        for sock in silent:
            with contextlib.suppress(ConnectionError):
                assert sock.recv(1) == b""
        assert time.monotonic() - began < 10


def proxy_header(source, destination, command=1, extra=b""):
    body = socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack("!HH", 4711, 53) + extra
    return b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x20 | command, 0x11]) + struct.pack("!H", len(body)) + body


class ChoosyAuthd(TlsAuthd):
    """Gives the zone to one client alone."""
    def config(self):
        return super().config().replace("    allow-transfer: [127.0.0.0/8]\n", "    allow-transfer: [127.0.0.0/8]\n    allow-query: [192.0.2.7]\n")


def choosy(lab, *settings):
    node = ChoosyAuthd(lab, *settings)
    zone = replicate(sample_zone(ZONE), node, [])
    node.start()
    node.wait_for_log(re.compile("serving 1 zones"))
    return node, zone


@test("a trusted proxy's header decides who asks, over TCP and TLS, before TLS and inside it")
def proxied_streams(lab):
    node, _ = choosy(lab, "proxy-allow: 127.0.0.0/8")
    for source, rcode in (("192.0.2.7", dns.rcode.NOERROR), ("192.0.2.8", dns.rcode.REFUSED)):
        header = proxy_header(source, node.address, extra=b"\x04\x00\x02ab")
        with socket.create_connection((node.address, node.port), timeout=30) as sock:
            sock.sendall(header)
            assert exchange(sock, "www." + ZONE).rcode() == rcode
            assert exchange(sock, "www." + ZONE).rcode() == rcode, "it holds for the whole connection"
        with node.tls() as sock:
            sock.sendall(header)
            assert exchange(sock, "www." + ZONE).rcode() == rcode
        with socket.create_connection((node.address, node.tls_port), timeout=30) as raw:
            for part in (header[:5], header[5:20], header[20:]):
                raw.sendall(part)
            with trusting().wrap_socket(raw) as sock:
                assert exchange(sock, "www." + ZONE).rcode() == rcode
    # Without a header, and with one of the proxy's own, it is the proxy that asks.
    with socket.create_connection((node.address, node.port), timeout=30) as sock:
        assert exchange(sock, "www." + ZONE).rcode() == dns.rcode.REFUSED
    with socket.create_connection((node.address, node.port), timeout=30) as sock:
        sock.sendall(proxy_header("192.0.2.7", node.address, command=0))
        assert exchange(sock, "www." + ZONE).rcode() == dns.rcode.REFUSED
    output = tool("kdig", f"@{node.address}", "-p", node.port, "+tcp", f"+proxy=192.0.2.7-{node.address}", "www." + ZONE, "A")
    assert ANSWER in output, output


@test("a header from who is not trusted ends the connection")
def untrusted_streams(lab):
    node, _ = choosy(lab, "proxy-allow: 192.0.2.0/24")
    for connect in (lambda: socket.create_connection((node.address, node.port), timeout=30), node.tls):
        with connect() as sock:
            sock.sendall(proxy_header("192.0.2.7", node.address) + query("www." + ZONE))
            with contextlib.suppress(ConnectionError):
                assert sock.recv(100) == b"", "an answer"


def ask_udp(node, *parts):
    """The rcode of what comes back for a datagram of these parts; None for nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(2)
        sock.sendto(b"".join(parts), (node.address, node.port))
        try:
            return dns.message.from_wire(sock.recv(4096), question_only=True).rcode()
        except TimeoutError:
            return None


@test("over UDP, too, a trusted proxy's header decides, also for what is forwarded; a bad one is dropped")
def proxied_datagrams(lab):
    node, zone = choosy(lab, "proxy-allow: 127.0.0.0/8")
    question, header = query("www." + ZONE)[2:], proxy_header("192.0.2.7", node.address)
    assert ask_udp(node, header, question) == dns.rcode.NOERROR
    assert ask_udp(node, proxy_header("192.0.2.8", node.address), question) == dns.rcode.REFUSED
    assert ask_udp(node, proxy_header("192.0.2.7", node.address, command=0), question) == dns.rcode.REFUSED
    assert ask_udp(node, question) == dns.rcode.REFUSED
    assert ask_udp(node, header[:20]) is None, "the length says more than there is"
    # A NOTIFY goes by the client's address, and its answer by the proxy's.
    notify = dns.message.make_query(ZONE, "SOA")
    notify.set_opcode(dns.opcode.NOTIFY)
    assert ask_udp(node, header, notify.to_wire()) is not None
    output = tool("kdig", f"@{node.address}", "-p", node.port, "+notcp", f"+proxy=192.0.2.7-{node.address}", "www." + ZONE, "A")
    assert ANSWER in output, output
    assert zone.serial == 1


@test("a datagram with a header from who is not trusted is not answered as if it had none")
def untrusted_datagrams(lab):
    for setting in ("proxy-allow: 198.51.100.0/24", "proxy-allow: []"):
        node, _ = choosy(lab, setting)
        rcode = ask_udp(node, proxy_header("192.0.2.7", node.address), query("www." + ZONE)[2:])
        assert rcode in (None, dns.rcode.NOTIMP, dns.rcode.FORMERR), rcode


class Dnsdist(Node):
    """dnsdist in front of one server, which it tells its clients' addresses."""
    kind = "dnsdist"

    def __init__(self, lab, backend, tls=False):
        super().__init__(lab)
        self.backend, self.tls = backend, tls

    def find_binary(self):
        return require("dnsdist", "dnsdist")

    def command(self):
        return [self.binary, "--supervised", "--disable-syslog", "-C", str(self.path("dnsdist.conf"))]

    def write_config(self):
        backend = self.backend
        server = f'address="{backend.address}:{backend.tls_port}", tls="openssl", validateCertificates=false' if self.tls else \
            f'address="{backend.address}:{backend.port}"'
        self.write("dnsdist.conf", f"""setLocal("{self.where().replace('@', ':')}")
setACL("127.0.0.0/8")
newServer({{{server}, useProxyProtocol=true, healthCheckMode="up"}})
""")


@test("behind dnsdist the zone is given to its client and to nobody else, by UDP, TCP and TLS")
def behind_dnsdist(lab):
    for tls in (False, True):
        node = TlsAuthd(lab, "proxy-allow: 127.0.0.0/8")
        node.config = lambda node=node: TlsAuthd.config(node).replace("    allow-transfer", "    allow-query: [127.7.7.0/24]\n    allow-transfer")
        replicate(sample_zone(ZONE), node, [])
        front = Dnsdist(lab, node, tls)
        node.start()
        front.start()
        question = query("www." + ZONE)

        def rcode_for(source, front=front):
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
                sock.settimeout(5)
                sock.bind((source, 0))
                try:
                    sock.connect((front.address, front.port))
                    sock.sendall(question)
                    message = receive_message(sock)
                except OSError:
                    return None
                return dns.message.from_wire(message).rcode() if message else None
        wait_for(lambda: rcode_for("127.7.7.7") == dns.rcode.NOERROR, "an answer through dnsdist by TCP")
        assert rcode_for("127.7.8.7") == dns.rcode.REFUSED
        for source, rcode in (("127.7.7.7", "NOERROR"), ("127.7.8.7", "REFUSED")):
            output = tool("kdig", f"@{front.address}", "-p", front.port, "-b", source, "+notcp", "www." + ZONE, "A")
            assert f"status: {rcode}" in output, output
        if tls:
            assert zonectl(node, "stats")["queries"]["tls"] >= 2


if __name__ == "__main__":
    run_tests()
