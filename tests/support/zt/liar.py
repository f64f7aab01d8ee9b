"""A primary in Python whose answers are signed as a test wants them: rightly, or not."""
import socket
import struct
import threading
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig

from zt.client import receive_message


class Liar:
    """Serves one zone over UDP and TCP. `soa` and `transfer` are functions of (liar, query) that give the wires of the answer."""

    def __init__(self, lab, zone, key):
        self.address, self.port, self.zone, self.key = lab.next_address(), lab.port, zone, key
        self.soa, self.transfer = Liar.honest_soa, Liar.honest_transfer
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((self.address, self.port))
        self._tcp = socket.create_server((self.address, self.port))
        lab.links.append(self)      # closed with the lab
        threading.Thread(target=self._serve_udp, daemon=True).start()
        threading.Thread(target=self._serve_tcp, daemon=True).start()

    def where(self):
        return f"{self.address}@{self.port}"

    def depth(self):
        return 0

    def close(self):
        for sock in (self._udp, self._tcp):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def _answer(self, wire):
        query = dns.message.from_wire(wire, keyring=self.key.for_dnspython())
        is_transfer = query.question[0].rdtype in (dns.rdatatype.AXFR, dns.rdatatype.IXFR)
        return (self.transfer if is_transfer else self.soa)(self, query)

    def _serve_udp(self):
        while True:
            try:
                wire, peer = self._udp.recvfrom(65535)
                if not wire:
                    return
                for answer in self._answer(wire):
                    self._udp.sendto(answer, peer)
            except OSError:
                return

    def _serve_tcp(self):
        while True:
            try:
                client, _ = self._tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_client, args=(client,), daemon=True).start()

    def _serve_client(self, client):
        with client:
            try:
                while wire := receive_message(client):
                    for answer in self._answer(wire):
                        client.sendall(struct.pack("!H", len(answer)) + answer)
            except OSError:
                return

    # ---- answers

    def soa_record(self):
        zone = self.zone
        return dns.rrset.from_text(zone.name, zone.ttl, "IN", "SOA",
                                   f"ns1.{zone.name} hostmaster.{zone.name} {zone.serial} {zone.refresh} {zone.retry} {zone.expire} {zone.minimum}")

    def message(self, query, *rrsets):
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA
        answer.answer.extend(rrsets)
        return answer

    def messages(self, query):
        """An AXFR's messages, not yet as wires: the SOA, some records in each, the SOA."""
        records = [dns.rrset.from_text(self.zone.name, 300, "IN", "NS", f"ns1.{self.zone.name}")]
        records += [dns.rrset.from_text(f"host{number}.{self.zone.name}", 300, "IN", "A", f"192.0.2.{number}") for number in range(1, 5)]
        return [self.message(query, self.soa_record()), *[self.message(query, record) for record in records], self.message(query, self.soa_record())]

    @staticmethod
    def bare(message):
        message.tsig = None
        return message.to_wire()

    def honest_soa(self, query):
        return [self.message(query, self.soa_record()).to_wire()]

    def honest_transfer(self, query):
        return self.sign_some(self.messages(query), lambda number: True)

    @staticmethod
    def sign_some(messages, is_signed):
        """The wires; those that are not signed are covered by the next signature."""
        context, wires = None, []
        for number, message in enumerate(messages):
            if is_signed(number):
                wires.append(message.to_wire(multi=True, tsig_ctx=context))
                context = message.tsig_ctx
            else:
                wires.append(Liar.bare(message))
                context.update(wires[-1])
        return wires

    def with_error(self, query, error, other=b""):
        """An answer without data whose TSIG record says an error."""
        answer = dns.message.make_response(query)
        answer.set_rcode(dns.rcode.NOTAUTH)
        answer.use_tsig(query.keyring, fudge=300, tsig_error=error, other_data=other)
        answer.request_mac = query.mac
        return [answer.to_wire()]


def server_time(offset_s):
    """Other data of BADTIME."""
    return struct.pack("!Q", int(time.time()) + offset_s)[2:]
