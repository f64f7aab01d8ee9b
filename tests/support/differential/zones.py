"""A generator of small zones of great variety.

A zone is made of features put at random places: hosts, aliases, DNAMEs, delegations, wildcards, odd names. Each adds a few records, and the
names that it makes interesting to ask for. The same seed gives the same zones (signatures differ, as ECDSA's do).

What all four servers refuse to load is not made: data beside a CNAME, names below a DNAME, DNAME beside NS. What only BIND refuses (NS at a
wildcard) is made and not put to BIND.
"""
import re
from dataclasses import dataclass, field

from differential import names

SIGNINGS = ("", "", "nsec", "nsec", "nsec3", "nsec3-salted", "nsec3-opt-out")

# ldns takes no name whose text is longer than a name may be, and escapes few of the characters that must be.
LDNS_MAX_TEXT = 255
LDNS_ESCAPES = "().;\\"
# NSD 4.6 falls (SIGSEGV) over names in NSEC3 zones before which "*." does not fit.
NSEC3_MAX_NAME = 253

WORDS = [b"a", b"b", b"c", b"www", b"mail", b"x", b"ns", b"ftp", b"host", b"Mixed", b"UPPER", b"_tcp", b"_443", b"0", b"zz", b"--", b"m-n", b"deep", b"k"]
ODD_LABELS = [b"dot.in", b"back\\slash", b"sp ace", b"at@", b'quo"te', b"semi;colon", b"(", b"\0", b"\xff\xfe", b"\x00\x01\x02", b"$", b"tab\t", b"\xc3\xa9",
              b"*x", b"**", b"a*", b"\x7f", b"Z\x80z", b"@"]
OUTSIDE = names.parse("outside.invalid")


@dataclass
class Record:
    owner: tuple
    ttl: int
    kind: str
    rdata: str

    def line(self):
        return f"{names.text(self.owner)} {self.ttl} IN {self.kind} {self.rdata}"


@dataclass
class GeneratedZone:
    name: str                                    # of the apex
    apex: tuple
    signing: str                                 # one of SIGNINGS
    records: list
    asked: list                                  # names worth asking for
    refused_by: frozenset                        # kinds of servers that do not load it
    serial: int
    body: str = ""                               # what is served: the lines, or what the signer made of them
    types: dict = field(default_factory=dict)    # owner in lower case -> types there
    hashed: list = field(default_factory=list)   # owners of NSEC3 records, once it is signed

    def text(self):
        return self.body

    def plain_text(self):
        return "".join(record.line() + "\n" for record in self.records)


class Builder:
    """A zone in the making. `add` refuses what would make the zone unusable, so that features need not care."""

    def __init__(self, rng, apex, signing):
        self.rng = rng
        self.apex = apex
        self.signing = signing
        self.records = []
        self.types = {}              # owner in lower case -> set of types
        self.ttls = {}               # (owner in lower case, type) -> TTL
        self.seen = set()
        self.asked = []
        self.places = [apex]         # names under which features may put theirs
        self.cuts = set()
        self.refused_by = set()
        self.is_occluded = False     # the zone's apex has a DNAME: nothing but the apex
        self.count = 0

    # Names.
    def label(self):
        rng = self.rng
        choice = rng.random()
        self.count += 1
        if choice < 0.55:
            return rng.choice(WORDS)
        if choice < 0.75:
            return rng.choice(WORDS) + b"%d" % self.count
        if choice < 0.9:
            return b"n%d" % self.count
        if choice < 0.97:
            return rng.choice(ODD_LABELS)
        # NSD does not read an escaped backslash before a dot.
        return bytes(rng.randrange(256) for _ in range(rng.randint(1, 6))).replace(b"\\.", b"..").rstrip(b"\\") or b"\\x"

    def place(self, depth=None):
        """A name that has nothing yet, below a random place."""
        rng = self.rng
        for _ in range(50):
            parent = rng.choice(self.places)
            name = tuple(self.label() for _ in range(depth or rng.choice((1, 1, 1, 2, 3)))) + parent
            if names.fits(name) and self.is_free(name):
                return name
        return (b"spare%d" % self.count,) + self.apex

    def is_free(self, name):
        low = names.lower(name)
        return low not in self.types and not self.is_below_end(low) and not any(names.is_within(other, low) for other in self.types)

    def is_below_end(self, low):
        """Below a DNAME or a delegation."""
        return any(low[start:] in self.cuts or "DNAME" in self.types.get(low[start:], ()) for start in range(1, len(low) - len(self.apex) + 1)) or (
            low != self.apex and "DNAME" in self.types.get(self.apex, ()))

    def owner(self):
        """A name that owns data, or that is made to."""
        good = [record.owner for record in self.records if record.kind in ("A", "AAAA", "TXT", "MX")]
        return self.rng.choice(good) if good else self.apex

    # Records.
    def add(self, owner, kind, rdata, ttl=None):
        low = names.lower(owner)
        types = self.types.setdefault(low, set())
        beside_alias = "CNAME" in types or (kind == "CNAME" and types)
        dname_trouble = kind == "DNAME" and ("NS" in types and low != self.apex or "DNAME" in types or
                                             any(other != low and names.is_within(other, low) for other in self.types if self.types[other]))
        below_dname = any("DNAME" in self.types.get(low[start:], ()) for start in range(1, len(low) - len(self.apex) + 1))
        if not names.fits(owner) or not self.is_signable(owner, rdata) or beside_alias or dname_trouble or below_dname or (kind == "NS" and "DNAME" in types):
            if not types:
                del self.types[low]
            return False
        if (low, kind, rdata.lower()) in self.seen:
            return False
        self.seen.add((low, kind, rdata.lower()))
        types.add(kind)
        ttl = self.ttls.setdefault((low, kind), ttl if ttl is not None else self.rng.choice((0, 1, 60, 300, 3600, 86400)))
        self.records.append(Record(owner, ttl, kind, rdata))
        if kind == "NS" and low != self.apex:
            self.cuts.add(low)
        return True

    def is_signable(self, owner, rdata):
        """What ldns-signzone takes and writes so that others can read it."""
        if not self.signing:
            return True
        if self.signing.startswith("nsec3") and names.size(owner) > NSEC3_MAX_NAME:
            return False
        text = names.text(owner)
        escapes = map(int, re.findall(r"\\(\d{3})", text + rdata))
        return max(map(len, [text, *rdata.split()])) < LDNS_MAX_TEXT and not any(33 <= code < 127 and chr(code) not in LDNS_ESCAPES for code in escapes)

    def ask(self, *more):
        self.asked.extend(more)

    def address(self, owner):
        rng = self.rng
        kinds = rng.choice((("A",), ("AAAA",), ("A", "AAAA")))
        if "A" in kinds:
            for _ in range(rng.choice((1, 1, 2, 3))):
                self.add(owner, "A", f"192.0.2.{rng.randrange(256)}")
        if "AAAA" in kinds:
            self.add(owner, "AAAA", f"2001:db8::{rng.randrange(65536):x}")

    def data(self, owner):
        """A few records of common types."""
        rng = self.rng
        self.address(owner)
        if rng.random() < 0.4:
            self.add(owner, "TXT", f'"text {rng.randrange(100)}" "more"')
        if rng.random() < 0.2:
            self.add(owner, "MX", f"{rng.randrange(50)} {self.target()}")

    def target(self):
        """A name for rdata to point to: of any kind."""
        rng = self.rng
        choice = rng.random()
        if choice < 0.5:
            name = self.owner()
        elif choice < 0.65 and self.asked:
            name = rng.choice(self.asked)
        elif choice < 0.75:
            name = (b"nowhere%d" % rng.randrange(9),) + rng.choice(self.places)
        elif choice < 0.85 and self.cuts:
            name = (b"in",) + rng.choice(sorted(self.cuts))
        elif choice < 0.95:
            name = (b"h%d" % rng.randrange(4),) + OUTSIDE
        else:
            name = self.apex
        return names.text(name if names.fits(name) else self.apex)


# ---- features ------------------------------------------------------------------------------------------------------------

def hosts(zone):
    for _ in range(zone.rng.randint(1, 4)):
        owner = zone.place()
        zone.data(owner)
        zone.ask(owner)
        if zone.rng.random() < 0.3:
            zone.places.append(owner)


def odd_types(zone):
    rng = zone.rng
    owner = zone.place()
    rdata = [("SRV", f"0 5 {rng.randrange(65536)} {zone.target()}"), ("SVCB", f"1 {zone.target()} alpn=h2 port=8443"),
             ("HTTPS", "1 . alpn=h3,h2 ipv4hint=192.0.2.7"), ("HTTPS", f"0 {zone.target()}"), ("CAA", '0 issue "ca.example"'),
             ("NAPTR", f'100 10 "u" "E2U+sip" "" {zone.target()}'), ("TLSA", "3 1 1 " + "ef" * 32), ("SSHFP", "4 2 " + "cd" * 32),
             ("HINFO", '"cpu" "os"'), ("RP", f"{zone.target()} {zone.target()}"), ("LOC", "51 30 12.748 N 0 7 39.612 W 0m 1m 10000m 10m"),
             ("URI", '10 1 "https://example/"'), ("TYPE65280", "\\# 4 01020304"), ("TYPE65281", "\\# 0"), ("PTR", zone.target()),
             ("KX", f"1 {zone.target()}"), ("AFSDB", f"1 {zone.target()}"), ("SPF", '"v=spf1 -all"'), ("NID", "10 0014:4fff:ff20:ee64"), ("EUI48", "00-00-5e-00-53-2a"),
             ("CERT", "1 2 3 AQID"), ("OPENPGPKEY", "AQID"), ("CSYNC", "1 3 A NS"), ("APL", "1:192.0.2.0/24"), ("DHCID", "AAIB"), ("TXT", '""'),
             ("TXT", '"' + "y" * 255 + '"'), ("LP", f"10 {zone.target()}"), ("MINFO", f"{zone.target()} {zone.target()}"), ("RT", f"3 {zone.target()}")]
    for kind, text in rng.sample(rdata, rng.randint(1, 5)):
        zone.add(owner, kind, text)
    zone.ask(owner)


def empty_non_terminals(zone):
    owner = zone.place(depth=zone.rng.randint(2, 6))
    zone.data(owner)
    zone.ask(owner, owner[1:], owner[2:])
    if zone.rng.random() < 0.5:
        zone.places.append(owner[1:])


def wildcard(zone):
    """With data, an alias, or a name below; siblings and empty non-terminals that block it."""
    rng = zone.rng
    parent = zone.place() if rng.random() < 0.7 else zone.rng.choice(zone.places)
    star = (b"*",) + parent
    if not names.fits((b"longer", b"block") + star) or zone.is_below_end(names.lower(star)) or names.lower(star) in zone.types:
        return
    kind = rng.choice(("data", "data", "data", "cname", "cname", "loop", "below", "star-star", "mx", "dname", "ns"))
    if kind == "data":
        zone.data(star)
    elif kind == "cname":
        zone.add(star, "CNAME", zone.target())
    elif kind == "loop":
        zone.add(star, "CNAME", names.text((b"again",) + star[1:]))
    elif kind == "below":
        zone.data((b"under",) + star)
    elif kind == "star-star":
        zone.data((b"*",) + star)
        if rng.random() < 0.5:
            zone.data(star)
    elif kind == "mx":
        zone.add(star, "MX", f"5 {names.text((b'mx',) + parent)}")
        zone.add(star, "MX", f"6 {zone.target()}")
    elif kind == "dname" and rng.random() < 0.3:
        zone.add(star, "DNAME", zone.target())
        zone.refused_by |= ODD_WILDCARDS_REFUSED["DNAME"]
    elif kind == "ns" and rng.random() < 0.3:
        zone.add(star, "NS", zone.target())
        zone.refused_by |= ODD_WILDCARDS_REFUSED["NS"]
    else:
        zone.data(star)
    if rng.random() < 0.5:
        zone.data((b"block",) + parent)
    if rng.random() < 0.3:
        zone.data((b"leaf", b"empty") + parent)
        zone.ask((b"other", b"empty") + parent, (b"empty",) + parent)
    zone.ask(star, parent, (b"q",) + parent, (b"q", b"r") + parent, (b"q",) + star, (b"q", b"block") + parent, (b"*", b"*") + parent)


ODD_WILDCARDS_REFUSED = {"NS": frozenset({"bind"}), "DNAME": frozenset()}


def cname_chain(zone):
    """Up to a few names more than any server follows, with any end."""
    rng = zone.rng
    links = [zone.place() for _ in range(rng.choice((1, 2, 2, 3, 4, 8, 9, 15, 16, 17, 18, 20)))]
    for link, following in zip(links, links[1:]):
        zone.add(link, "CNAME", names.text(following))
    end = rng.random()
    last = links[-1]
    if end < 0.15:
        zone.add(last, "CNAME", names.text(rng.choice(links)))           # a loop
    elif end < 0.9:
        zone.add(last, "CNAME", zone.target())
    else:
        zone.data(last)
    zone.ask(links[0], links[len(links) // 2], last)


def dname(zone):
    """To names inside and outside, chains, loops, and names that grow too long."""
    rng = zone.rng
    owner = zone.place()
    kind = rng.choice(("inside", "inside", "outside", "chain", "loop", "self", "long", "missing", "cut"))
    if kind == "inside":
        target = zone.place(depth=1)
        zone.data((b"x",) + target)
        zone.data((b"z", b"y") + target)
        zone.add((b"alias",) + target, "CNAME", zone.target())
        zone.add((b"back",) + target, "CNAME", names.text((b"x",) + owner))
        if rng.random() < 0.4:
            zone.data((b"*", b"w") + target)
    elif kind == "outside":
        target = (b"away",) + OUTSIDE
    elif kind == "chain":
        target = owner
        for _ in range(rng.choice((1, 2, 3, 8, 17))):
            following = zone.place(depth=1)
            zone.add(target, "DNAME", names.text(following))
            target = following
        zone.data((b"x",) + target)
    elif kind == "loop":
        target = zone.place(depth=1)
        zone.add(target, "DNAME", names.text(owner))
    elif kind == "self":
        target = (b"more", b"and") + owner
    elif kind == "long":
        target = long_name(zone, owner[1:])
    elif kind == "cut":
        target = zone.place(depth=1)
        delegation_at(zone, target)
    else:
        target = (b"missing",) + zone.rng.choice(zone.places)
    if kind != "chain":
        zone.add(owner, "DNAME", names.text(target))
    if rng.random() < 0.3:
        zone.add(owner, "TXT", '"beside a DNAME"')
    if rng.random() < 0.3:
        alias = zone.place()
        zone.add(alias, "CNAME", names.text((b"x",) + owner))
        zone.ask(alias)
    below = [(label,) + owner for label in (b"x", b"alias", b"back", b"none", b"in")] + [(b"z", b"y") + owner, (b"q", b"w") + owner, target]
    zone.ask(owner, *(name for name in below if names.fits(name)))
    for want in (MAX_LEFT - names.size(target) + names.size(owner) + delta for delta in (-1, 0, 1)):
        stretched = stretch(owner, want)
        if stretched:
            zone.ask(stretched)


MAX_LEFT = names.MAX_NAME


def stretch(name, want):
    """The name with labels before it, `want` bytes long in all; None when that cannot be."""
    missing = want - names.size(name)
    if missing < 2 or want > names.MAX_NAME:
        return None
    labels = []
    while missing > 0:
        length = min(missing - 1, names.MAX_LABEL)
        if missing - 1 - length == 1:                # a label needs two bytes
            length -= 1
        labels.append(b"l" * length)
        missing -= length + 1
    return tuple(labels) + name


def long_name(zone, parent):
    return stretch(parent, zone.rng.choice((255, 254, 200, 180))) or parent


def long_names(zone):
    rng = zone.rng
    owner = long_name(zone, rng.choice(zone.places))
    if not zone.is_free(owner):
        return
    if rng.random() < 0.3:
        zone.add(owner, "CNAME", zone.target())
    else:
        zone.data(owner)
    full = (b"L" * 63,) + zone.apex
    if zone.is_free(full):
        zone.data(full)
    zone.ask(owner, owner[1:], full)
    alias = zone.place()
    zone.add(alias, "CNAME", names.text(owner))
    zone.ask(alias)


def odd_names(zone):
    rng = zone.rng
    for label in rng.sample(ODD_LABELS, 3):
        owner = (label,) + rng.choice(zone.places)
        if names.fits(owner) and zone.is_free(owner):
            zone.data(owner)
            zone.ask(owner)


def delegation(zone):
    delegation_at(zone, zone.place())


def delegation_at(zone, cut):
    """Servers with names in the child, in a sibling, in the zone itself, outside, without glue; data hidden below the cut."""
    rng = zone.rng
    below = lambda *labels: tuple(labels) + cut
    siblings = sorted(zone.cuts)
    for _ in range(rng.choice((1, 2, 2, 3, 4))):
        kind = rng.choice(("child", "child", "child", "deep", "missing", "sibling", "own", "out", "cut"))
        server = below(b"ns%d" % rng.randrange(9))
        glue = True
        if kind == "deep":
            server = below(b"ns", b"deep")
        elif kind == "missing":
            glue = False
        elif kind == "sibling" and siblings:
            server = (b"ns",) + rng.choice(siblings)
            glue = rng.random() < 0.7
        elif kind == "own":
            server, glue = zone.owner(), False
        elif kind == "out":
            server, glue = (b"ns%d" % rng.randrange(3),) + OUTSIDE, False
        elif kind == "cut":
            server = cut
        if names.fits(server) and zone.add(cut, "NS", names.text(server)) and glue:
            zone.address(server)
    if names.lower(cut) not in zone.cuts:
        return
    if rng.random() < 0.4:
        zone.add(cut, "DS", f"{rng.randrange(65536)} 13 2 {rng.randbytes(32).hex()}")
        if rng.random() < 0.3:
            zone.add(cut, "DS", f"{rng.randrange(65536)} 8 2 {rng.randbytes(32).hex()}")
    if rng.random() < 0.3:
        zone.add(cut, "TXT", '"hidden at the cut"')
    hidden = rng.random()
    if hidden < 0.15:
        zone.add(below(b"hidden"), "TXT", '"below the cut"')
    elif hidden < 0.3:
        zone.add(below(b"nested"), "NS", names.text(below(b"ns", b"nested")))
        zone.address(below(b"ns", b"nested"))
    elif hidden < 0.4:
        zone.data(below(b"*"))
    elif hidden < 0.5:
        zone.add(below(b"alias"), "CNAME", zone.target())
    zone.ask(cut, *(name for name in (below(b"in"), below(b"ns"), below(b"ns1"), below(b"hidden"), below(b"x", b"nested"), below(b"alias")) if names.fits(name)))


def wide_delegation(zone):
    """More servers and glue than fit a datagram."""
    rng = zone.rng
    cut = zone.place(depth=1)
    for number in range(rng.choice((8, 13, 20, 30))):
        server = (b"a-rather-long-name-of-a-server-%02d" % number,) + cut
        if names.fits(server) and zone.add(cut, "NS", names.text(server)):
            zone.add(server, "A", f"192.0.2.{number}")
            zone.add(server, "AAAA", f"2001:db8::{number:x}")
    zone.ask(cut, (b"in",) + cut)


def wide_rrset(zone):
    """Sets too large for some or all datagrams, on their own or behind an alias."""
    rng = zone.rng
    owner = zone.place()
    kind = rng.choice(("TXT", "A", "MX", "AAAA"))
    for number in range(rng.choice((8, 20, 30, 60, 90))):
        if kind == "TXT":
            zone.add(owner, "TXT", f'"{number:03d} {"t" * rng.choice((10, 40, 60))}"')
        elif kind == "A":
            zone.add(owner, "A", f"198.51.100.{number}")
        elif kind == "AAAA":
            zone.add(owner, "AAAA", f"2001:db8:1::{number:x}")
        else:
            zone.add(owner, "MX", f"{number} {names.text((b'mx%d' % number,) + owner)}")
    zone.ask(owner)
    alias = zone.place()
    zone.add(alias, "CNAME", names.text(owner))
    zone.ask(alias)


FEATURES = [hosts, hosts, odd_types, odd_types, empty_non_terminals, wildcard, wildcard, wildcard, cname_chain, cname_chain, dname, dname, long_names, odd_names,
            delegation, delegation, delegation, wide_delegation, wide_rrset]


def apex_records(zone):
    rng = zone.rng
    zone.serial = rng.randrange(1, 1 << 31)
    soa_ttl = rng.choice((0, 60, 300, 86400))
    minimum = rng.choice((0, 30, 300, 7200))
    server = (b"ns-apex",) + zone.apex
    zone.add(zone.apex, "SOA", f"{names.text(server)} hostmaster.{names.text(OUTSIDE)} {zone.serial} 3600 600 864000 {minimum}", soa_ttl)
    zone.add(zone.apex, "NS", names.text((b"ns1",) + OUTSIDE))
    if not zone.is_occluded:
        zone.add(zone.apex, "NS", names.text(server))
        zone.address(server)
        zone.ask(server)


def make_zone(rng, apex, signing, extra=()):
    """`extra`: records (owner, type, rdata) that tie the zone to others."""
    zone = Builder(rng, apex, signing)
    zone.is_occluded = rng.random() < 0.04 and not extra
    apex_records(zone)
    for owner, kind, rdata in extra:
        zone.add(owner, kind, rdata)
        zone.ask(owner)
    if zone.is_occluded:
        target = rng.choice(((b"new",) + OUTSIDE, (b"b", b"a") + apex))
        zone.add(apex, "TXT", '"beside a DNAME"')
        zone.add(apex, "DNAME", names.text(target))
        zone.ask((b"x",) + apex, (b"y", b"x") + apex)
    else:
        for feature in rng.sample(FEATURES, rng.randint(4, 10)):
            feature(zone)
        if rng.random() < 0.3:
            zone.data(apex)
    # The signer would take these for glue of the zone's own or trip over them.
    return GeneratedZone(name=names.text(apex), apex=names.lower(apex), signing=signing, records=zone.records, asked=zone.asked,
                         refused_by=frozenset(zone.refused_by), serial=zone.serial, types=zone.types)


def make_zones(rng, count):
    """About a quarter of them are families: a zone, a child and perhaps a grandchild, all served, and zones that alias into each other."""
    zones = []
    number = 0
    while len(zones) < count:
        number += 1
        apex = rng.choice(((b"z%d" % number,), (b"z%d" % number, b"test"), (b"Z%d" % number, b"deep", b"Mixed", b"test"), (b"z\x00%d." % number, b"test")))
        signing = rng.choice(SIGNINGS)
        if rng.random() < 0.8:
            zones.append(make_zone(rng, apex, signing))
            continue
        child = (b"child",) + apex
        grandchild = (b"grand", b"ent") + child
        to_child = [(child, "NS", names.text((b"ns-apex",) + child)), (child, "NS", names.text((b"ns1",) + OUTSIDE)),
                    ((b"ns-apex",) + child, "A", "192.0.2.99"), ((b"into",) + apex, "CNAME", names.text((b"www",) + child)),
                    ((b"dinto",) + apex, "DNAME", names.text(child)), (apex, "MX", f"1 {names.text((b'ns-apex',) + child)}")]
        if rng.random() < 0.5:
            to_child.append((child, "DS", f"1 13 2 {rng.randbytes(32).hex()}"))
        to_parent = [((b"up",) + child, "CNAME", names.text((b"www",) + apex)), (grandchild, "NS", names.text((b"ns-apex",) + grandchild))]
        family = [make_zone(rng, apex, signing, to_child), make_zone(rng, child, rng.choice(SIGNINGS), to_parent)]
        if rng.random() < 0.5:
            family.append(make_zone(rng, grandchild, rng.choice(SIGNINGS), [((b"top",) + grandchild, "CNAME", names.text((b"www",) + apex))]))
        for zone in family:              # a server that lacks one of them answers otherwise for the others
            zone.refused_by = frozenset().union(*(each.refused_by for each in family))
        zones += family
    return zones[:count]
