"""Speaking DNS with a node: queries, transfers, NOTIFY, UPDATE, and raw bytes."""
import socket
import struct

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.update

from zt.keys import Verifier
from zt.lab import Failure
from zt.wire import Records

TIMEOUT_S = 5.0
SHORT_TIMEOUT_S = 0.5


def ask(node, name, kind="A", *, tcp=False, rd=False, edns=True, dnssec=False, timeout_s=TIMEOUT_S):
    """One question, one answer. UDP answers that are truncated stay so."""
    query = dns.message.make_query(name, kind, use_edns=0 if edns else False, want_dnssec=dnssec, payload=1232 if edns else None)
    if not rd:
        query.flags &= ~dns.flags.RD
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, node.address, port=node.port, timeout=timeout_s)


def answers(node, rd=False):
    """Whether the node answers anything, be it REFUSED."""
    try:
        ask(node, ".", "SOA", rd=rd, timeout_s=SHORT_TIMEOUT_S)
        return True
    except (dns.exception.DNSException, OSError):
        return False


def serial_of(node, zone):
    """Serial of the SOA in an authoritative answer, else None."""
    try:
        answer = ask(node, zone, "SOA", timeout_s=SHORT_TIMEOUT_S)
    except (dns.exception.Timeout, OSError):
        return None
    if answer.rcode() != dns.rcode.NOERROR or not answer.flags & dns.flags.AA:
        return None
    for rrset in answer.answer:
        if rrset.rdtype == dns.rdatatype.SOA:
            return rrset[0].serial
    return None


def exchange_udp(node, data, timeout_s=SHORT_TIMEOUT_S):
    """The answer to a datagram, None when there is none in time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout_s)
        sock.connect((node.address, node.port))
        try:
            sock.send(data)
            return sock.recv(65535)
        except (TimeoutError, ConnectionRefusedError):
            return None


def exchange_tcp(node, data, timeout_s=SHORT_TIMEOUT_S, prefix=None):
    """The first message that answers `data` (its length, or a wrong `prefix`, goes before it); None when there is none."""
    with socket.create_connection((node.address, node.port), timeout=TIMEOUT_S) as sock:
        sock.settimeout(timeout_s)
        try:
            sock.sendall(struct.pack("!H", len(data) if prefix is None else prefix) + data)
            return receive_message(sock)
        except (TimeoutError, ConnectionError):
            return None


def receive_message(sock):
    """One message of a TCP stream; None at its end."""
    head = receive_exactly(sock, 2)
    return receive_exactly(sock, struct.unpack("!H", head)[0]) if head else None


def receive_exactly(sock, count):
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            return None
        data += more
    return data


def sign(node, message):
    """With the node's key, where it has one; dns.query then checks the answer's signature."""
    if node.key:
        message.use_tsig(node.key.for_dnspython())
    return message


def transfer(node, query, timeout_s, have_serial=None):
    """All messages of a transfer as Records in the order they came."""
    records = Records(have_serial)
    sign(node, query)
    with socket.create_connection((node.address, node.port), timeout=timeout_s) as sock:
        data = query.to_wire()
        sock.sendall(struct.pack("!H", len(data)) + data)
        verifier = Verifier(query) if node.key else None
        while not records.transfer_is_complete():
            message = receive_message(sock)
            if message is None:
                raise Failure(f"{node.name} closed the connection in the middle of a transfer of {query.question[0].name}")
            rcode = message[3] & 15
            if rcode:
                raise Failure(f"{node.name} answered the transfer of {query.question[0].name} with {dns.rcode.to_text(rcode)}")
            if verifier:
                verifier.check(message)
            records.add_message(message)
    return records


def axfr(node, zone, timeout_s=30.0):
    """The zone as a sorted list of canonical records (RFC 4034 §6), the SOA once: equal zones give equal lists."""
    return transfer(node, dns.message.make_query(zone, "AXFR"), timeout_s).canonical()


def ixfr(node, zone, serial, timeout_s=30.0):
    """The answer to an IXFR request from a serial: Records in their order."""
    query = dns.message.make_query(zone, "IXFR")
    soa = dns.rrset.from_text(zone, 0, "IN", "SOA", f". . {serial} 0 0 0 0")
    query.authority.append(soa)
    return transfer(node, query, timeout_s, serial)


def notify(node, zone, serial=None):
    """Sends NOTIFY (RFC 1996) and returns the answer."""
    message = dns.message.make_query(zone, "SOA", use_edns=False)
    message.set_opcode(dns.opcode.NOTIFY)
    message.flags = message.flags & ~dns.flags.RD | dns.flags.AA
    if serial is not None:
        message.answer.append(dns.rrset.from_text(zone, 0, "IN", "SOA", f". . {serial} 0 0 0 0"))
    return dns.query.udp(sign(node, message), node.address, port=node.port, timeout=TIMEOUT_S)


def update(node, zone, *changes, tcp=False, timeout_s=TIMEOUT_S):
    """Sends UPDATE (RFC 2136) and returns the rcode's name. A change is ("add", name, ttl, type, rdata…), ("delete", name, [type,
    [rdata…]]), ("replace", name, ttl, type, rdata…), ("present", name, [type, [rdata]]) or ("absent", name, [type])."""
    message = dns.update.UpdateMessage(zone)
    for verb, *values in changes:
        getattr(message, verb)(*values)
    send = dns.query.tcp if tcp else dns.query.udp
    return dns.rcode.to_text(send(sign(node, message), node.address, port=node.port, timeout=timeout_s).rcode())
