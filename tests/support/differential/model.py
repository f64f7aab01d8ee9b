"""What a zone is to be answered with, worked out from its records without looking at any server.

A walk through the zone as RFC 1034 section 4.3.2 and RFC 6672 section 3.2 describe it, with RFC 4035 section 3.1.3 and RFC 5155 section 7.2 for the proofs of absence that each
end of it takes: these records and no others. Nothing is said of the additional section but which glue it must have (RFC 9471).
"""
import base64
import bisect
import hashlib

from differential import names, queries
from differential.answer import CNAME, DNAME, DS, NS, NSEC, NSEC3, RRSIG, SOA

A, AAAA, NSEC3PARAM, ANY = (queries.TYPES[text] for text in ("A", "AAAA", "NSEC3PARAM", "ANY"))
NOERROR, NXDOMAIN, YXDOMAIN = 0, 3, 6
TO_BASE32HEX = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghijklmnopqrstuv")


def order(name):
    """Sorts in canonical order (RFC 4034 section 6.1)."""
    return tuple(reversed(name))


class ZoneModel:
    def __init__(self, apex, records):
        self.apex = apex
        self.types = {}                  # owner -> types; owners of NSEC3 records are no names (RFC 5155 section 7.2.8)
        self.aliases = {}                # owner -> target of its CNAME or DNAME
        self.hashed = []
        self.param = None
        self.sets = {}                   # (owner, type) -> records
        self.signatures = {}             # (owner, covered type) -> RRSIG records
        for record in records:
            owner, kind, _, _, rdata = record
            name = names.from_wire(owner)
            self.types.setdefault(name, set()).add(kind)
            if kind == RRSIG:
                self.signatures.setdefault((name, rdata[0] << 8 | rdata[1]), set()).add(record)
            else:
                self.sets.setdefault((name, kind), set()).add(record)
            if kind == SOA:
                self.minimum = int.from_bytes(rdata[-4:])
            if kind in (CNAME, DNAME):
                self.aliases[name] = names.from_wire(rdata)
            elif kind == NSEC3PARAM:
                self.param = rdata
        for name in [name for name, kinds in self.types.items() if NSEC3 in kinds]:
            self.hashed.append(name[0])
            del self.types[name]
        self.hashed.sort()
        self.existing = {name[start:] for name in self.types for start in range(len(name) - len(apex) + 1)}
        self.nsec = sorted((name for name, kinds in self.types.items() if NSEC in kinds), key=order)
        self.nsec_order = [order(name) for name in self.nsec]
        self.is_signed = bool(self.nsec or self.hashed)

    # Records of the chain.
    def nsec_at_or_before(self, name):
        return self.nsec[bisect.bisect_right(self.nsec_order, order(name)) - 1]

    def hash(self, name):
        iterations, salt = int.from_bytes(self.param[2:4]), self.param[5:5 + self.param[4]]
        digest = hashlib.sha1(names.wire(name) + salt).digest()
        for _ in range(iterations):
            digest = hashlib.sha1(digest + salt).digest()
        return base64.b32encode(digest).translate(TO_BASE32HEX)

    def has_hashed(self, name):
        return self.hash(name) in self.hashed

    def matching(self, name):
        """The owner of the record that stands for an existing name: its own NSEC, or the one before an empty non-terminal's place."""
        return (self.hash(name),) + self.apex if self.hashed else self.nsec_at_or_before(name)

    def covering(self, name):
        if not self.hashed:
            return self.nsec_at_or_before(name)
        return (self.hashed[bisect.bisect_right(self.hashed, self.hash(name)) - 1],) + self.apex

    # The tree.
    def enclosers(self, name):
        """The name's ancestors and itself, from just below the apex down."""
        return (name[start:] for start in range(len(name) - len(self.apex) - 1, -1, -1))

    def topmost(self, name, kind, or_at):
        for each in self.enclosers(name):
            if kind in self.types.get(each, ()) and (or_at or each != name):
                return each
        return None

    def closest_encloser(self, name):
        while name not in self.existing:
            name = name[1:]
        return name

    # Proofs: sets of owners.
    def proves_no_name(self, name):
        """NXDOMAIN, less the wildcard's part."""
        encloser = self.closest_encloser(name)
        if not self.hashed:
            return {self.covering(name)}
        return self.closest_encloser_proof(name, encloser)

    def closest_encloser_proof(self, name, encloser):
        """With opt-out an encloser may have no record of its own: then the next one up is the closest provable encloser."""
        while not self.has_hashed(encloser):
            encloser = encloser[1:]
        return {self.matching(encloser), self.covering(name[len(name) - len(encloser) - 1:])}

    def proves_no_data(self, name):
        if self.hashed and not self.has_hashed(name):
            return self.closest_encloser_proof(name, name[1:])
        return {self.matching(name)}

    # The answer.
    def answer(self, query, aliases_max):
        """What is to be answered, by RFC 1034 section 4.3.2 and what changed it."""
        expected = Expected(self, query.dnssec)
        name, kind, seen = names.lower(query.name), query.kind, set()
        while name is not None and names.is_within(name, self.apex) and name not in seen and len(seen) < aliases_max:
            expected.is_authoritative = True
            seen.add(name)
            name = self.answer_name(expected, name, kind, is_first=len(seen) == 1)
        return expected

    def answer_name(self, expected, name, kind, is_first):
        """One turn of the walk. Returns the name to go on with."""
        cut = self.topmost(name, NS, or_at=True)
        dname = self.topmost_dname(name)
        if cut and not (kind == DS and cut == name) and (dname is None or len(cut) < len(dname)):
            return expected.refer(cut, is_first)
        if dname is not None:
            target = names.lower(name[:len(name) - len(dname)] + self.aliases[dname])
            expected.add_dname(name, dname, target)
            return target if names.fits(target) and kind != CNAME else None
        owner = name
        if name not in self.existing:
            encloser = self.closest_encloser(name)
            owner = (b"*",) + encloser
            if owner not in self.existing:
                return expected.deny(NXDOMAIN, self.proves_no_name(name) | {self.covering(owner)} if self.is_signed else ())
            # The wildcard stands in only where the name itself is proved absent; an answer made from it needs no more.
            if self.is_signed:
                expected.add_proof({self.covering(name[len(name) - len(encloser) - 1:] if self.hashed else name)})
        kinds = self.types.get(owner, set())
        if kind in kinds or (kind == ANY and kinds):
            return expected.add_data(name, owner, kind)
        if CNAME in kinds:
            expected.add_data(name, owner, CNAME)
            return names.lower(self.aliases[owner])
        if not self.is_signed:
            return expected.deny(NOERROR, ())
        return expected.deny(NOERROR, self.proves_no_data(owner) | (self.proves_no_name(name) if owner != name else set()))

    def topmost_dname(self, name):
        if name != self.apex and DNAME in self.types.get(self.apex, ()):
            return self.apex
        return self.topmost(name, DNAME, or_at=False)


class Expected:
    """An answer in the making: its rcode, and the records of the answer and authority sections."""

    def __init__(self, zone, dnssec):
        self.zone = zone
        self.dnssec = dnssec
        self.rcode = NOERROR
        self.is_authoritative = True
        self.answer = set()
        self.authority = set()
        self.open_owner = None           # of what ANY or RRSIG got: any part of `open_records` will do
        self.open_records = set()
        self.glue = set()                # what the additional section must have

    def records(self, owner, kind, name=None):
        """An RRset and, for DO, its signatures, under another name where a wildcard stands for it."""
        found = self.zone.sets.get((owner, kind), set()) | (self.zone.signatures.get((owner, kind), set()) if self.dnssec else set())
        return {(names.wire(name), *record[1:]) for record in found} if name is not None else found

    def add_data(self, name, owner, kind):
        if kind in (ANY, RRSIG):
            self.open_owner = names.wire(name)
            self.open_records = {(self.open_owner, *record[1:]) for (other, _), records in [*self.zone.sets.items(), *self.zone.signatures.items()]
                                 if other == owner for record in records}
        else:
            self.answer |= self.records(owner, kind, name)

    def add_dname(self, name, dname, target):
        self.answer |= self.records(dname, DNAME)
        if not names.fits(target):
            self.rcode = YXDOMAIN
            return
        ttl = next(iter(self.zone.sets[dname, DNAME]))[3]
        self.answer.add((names.wire(name), CNAME, 1, ttl, names.wire(target)))

    def add_proof(self, owners):
        if self.dnssec:
            for owner in owners:
                self.authority |= self.records(owner, NSEC3 if self.zone.hashed else NSEC)

    def deny(self, rcode, proof):
        self.rcode = rcode
        self.add_proof(proof)
        for owner, kind, klass, ttl, rdata in self.records(self.zone.apex, SOA):
            self.authority.add((owner, kind, klass, min(ttl, self.zone.minimum), rdata))

    def refer(self, cut, is_first):
        self.is_authoritative = not is_first
        self.authority |= self.records(cut, NS)
        for record in self.zone.sets[cut, NS]:
            server = names.from_wire(record[4])
            if names.is_within(server, cut):
                self.glue |= self.zone.sets.get((server, A), set()) | self.zone.sets.get((server, AAAA), set())
        if (cut, DS) in self.zone.signatures:
            self.authority |= self.records(cut, DS) if self.dnssec else set()
        elif self.zone.is_signed:
            self.add_proof(self.zone.proves_no_data(cut))
