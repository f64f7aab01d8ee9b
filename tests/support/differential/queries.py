"""Questions for a generated zone: at, below, beside and above every interesting name, of many types, with and without EDNS and DO, by UDP and TCP."""
import struct
from dataclasses import dataclass

from differential import names

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "HINFO": 13, "MX": 15, "TXT": 16, "RP": 17, "AFSDB": 18, "AAAA": 28, "LOC": 29, "SRV": 33,
         "NAPTR": 35, "KX": 36, "DNAME": 39, "DS": 43, "SSHFP": 44, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48, "NSEC3": 50, "NSEC3PARAM": 51, "TLSA": 52, "SVCB": 64,
         "HTTPS": 65, "ANY": 255, "CAA": 257, "TYPE65280": 65280, "TYPE999": 999}
COMMON = ["A", "A", "AAAA", "TXT", "MX", "NS", "SOA", "DS", "DNSKEY", "CNAME", "DNAME", "ANY", "RRSIG", "NSEC", "NSEC3PARAM", "HTTPS", "SRV", "TYPE65280",
          "TYPE999", "NSEC3"]
HASHED_ASKED = 4                 # owners of NSEC3 records that are asked for
EDNS_SIZES = (None, 512, 1232, 4096)

FLAG_RD, FLAG_AD, FLAG_CD = 0x0100, 0x0020, 0x0010
EDNS_DO = 0x8000


@dataclass
class Query:
    zone: object
    name: tuple
    kind: int
    edns: int | None
    dnssec: bool
    is_tcp: bool
    flags: int

    def wire(self):
        """Without the id."""
        head = struct.pack("!HHHHH", self.flags, 1, 0, 0, 0 if self.edns is None else 1)
        opt = b"" if self.edns is None else b"\0" + struct.pack("!HHIH", 41, self.edns, EDNS_DO if self.dnssec else 0, 0)
        return head + self.question() + opt

    def question(self):
        return names.wire(self.name) + struct.pack("!HH", self.kind, 1)

    def over_tcp(self):
        return Query(self.zone, self.name, self.kind, self.edns, self.dnssec, True, self.flags)

    def __str__(self):
        edns = "no EDNS" if self.edns is None else f"EDNS {self.edns}{' DO' if self.dnssec else ''}"
        return f"{names.text(self.name)} {type_text(self.kind)} ({edns}, {'TCP' if self.is_tcp else 'UDP'}) in {self.zone.name}"


TYPE_NAMES = {number: text for text, number in TYPES.items()}


def type_text(kind):
    return TYPE_NAMES.get(kind, f"TYPE{kind}")


def variants(rng, name, zone):
    """Names near an interesting one."""
    yield name
    label = rng.choice((b"q", b"*", b"www", b"zzz", b"\0", b"-", b"\xff", b"a"))
    choice = rng.random()
    if choice < 0.35:
        yield (label,) + name
    elif choice < 0.5:
        yield (label, b"w") + name
    elif choice < 0.7 and len(name) > len(zone.apex):
        yield (rng.choice((label, name[0] + b"0", name[0][:-1] or b"_", b"*")),) + name[1:]
    elif choice < 0.85 and len(name) > len(zone.apex):
        yield name[1:]
    elif choice < 0.9 and len(name) > len(zone.apex) + 1:
        yield name[2:]
    elif choice < 0.92:
        yield zone.apex[1:]


def in_any_case(rng, name):
    """The same name to the DNS; a third of the names keep theirs."""
    if rng.random() < 0.33:
        return name
    return tuple(bytes(byte ^ 0x20 if (65 <= byte <= 90 or 97 <= byte <= 122) and rng.random() < 0.5 else byte for byte in label) for label in name)


def make_queries(rng, zone, count):
    """`count` questions; every interesting name comes up before any comes twice."""
    hashed = zone.hashed[:]
    rng.shuffle(hashed)
    interesting = list(dict.fromkeys(map(names.lower, zone.asked + [record.owner for record in zone.records] + [zone.apex]))) + hashed[:HASHED_ASKED]
    rng.shuffle(interesting)
    out = []
    while len(out) < count:
        for base in interesting:
            for name in variants(rng, base, zone):
                if not names.fits(name):
                    continue
                there = sorted(zone.types.get(name, ()))
                text = rng.choice(there) if there and rng.random() < 0.35 else rng.choice(COMMON)
                kind = TYPES.get(text) or (int(text[4:]) if text.startswith("TYPE") else OTHER_TYPES[text])
                edns = rng.choice(EDNS_SIZES)
                dnssec = edns is not None and rng.random() < 0.6
                flags = rng.choice((0, 0, FLAG_RD, FLAG_CD, FLAG_AD))
                out.append(Query(zone, in_any_case(rng, name), kind, edns, dnssec, rng.random() < 0.15, flags))
    return out[:count]


OTHER_TYPES = {"MINFO": 14, "RT": 21, "CERT": 37, "APL": 42, "DHCID": 49, "OPENPGPKEY": 61, "CSYNC": 62, "SPF": 99, "NID": 104, "LP": 107, "EUI48": 108, "URI": 256}
