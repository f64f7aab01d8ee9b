"""Keys of TSIG (RFC 8945), in the words of each program. A node that has one (`node.key`) takes nothing from others without it, and signs what it sends."""
import base64
import os
import struct
import time
from dataclasses import dataclass, field

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tsig


def random_secret():
    return base64.b64encode(os.urandom(32)).decode()


@dataclass
class Key:
    name: str
    algorithm: str = "hmac-sha256"
    secret: str = field(default_factory=random_secret)

    def for_dnspython(self):
        return dns.tsig.Key(dns.name.from_text(self.name), self.secret, self.algorithm)

    def for_dig(self):
        """For -y of dig, kdig, nsupdate and knsupdate."""
        return f"{self.algorithm}:{self.name}:{self.secret}"

    def for_bind(self):
        return f'key "{self.name}" {{ algorithm {self.algorithm}; secret "{self.secret}"; }};\n'

    def for_authd(self):
        return f'key:\n  - {{name: {self.name}, algorithm: {self.algorithm}, secret: "{self.secret}"}}\n'

    def for_knot(self):
        return f"key:\n  - id: {self.name}\n    algorithm: {self.algorithm}\n    secret: {self.secret}\n"

    def for_nsd(self):
        return f'key:\n\tname: "{self.name}"\n\talgorithm: {self.algorithm}\n\tsecret: "{self.secret}"\n'


class Verifier:
    """dnspython's opinion of the messages of an answer: an exception for the first that is not signed as it must be. It sees nothing of them but the
    signature, because it takes long over large ones."""

    def __init__(self, query):
        self._query = query
        self._context = None

    def check(self, wire):
        key = self._query.keyring
        owner = key.name.to_wire().lower()
        start = wire.lower().rfind(owner + struct.pack("!HHI", dns.rdatatype.TSIG, dns.rdataclass.ANY, 0))
        if start < 0:
            raise dns.tsig.BadSignature("a message without a signature")
        at = start + len(owner) + 10
        rdata = dns.rdata.from_wire(dns.rdataclass.ANY, dns.rdatatype.TSIG, wire, at, len(wire) - at)
        self._context = dns.tsig.validate(wire, key, key.name, rdata, int(time.time()), self._query.mac, start, self._context, True)
