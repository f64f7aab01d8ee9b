"""What proof of absence a signed answer needs, worked out from the zone's records without looking at any server.

A walk through the zone as RFC 1034 section 4.3.2 describes it, with RFC 4035 section 3.1.3 and RFC 5155 section 7.2 for what each end of it takes. It says which
NSEC or NSEC3 records belong into the authority section: these and no others.
"""
import base64
import bisect
import hashlib

from differential import names, queries
from differential.answer import CNAME, DNAME, DS, NS, NSEC, NSEC3

NSEC3PARAM, DNSKEY, ANY = queries.TYPES["NSEC3PARAM"], queries.TYPES["DNSKEY"], queries.TYPES["ANY"]
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
        for owner, kind, _, _, rdata in records:
            name = names.from_wire(owner)
            self.types.setdefault(name, set()).add(kind)
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

    def proof(self, query, aliases_max):
        """Owners of the NSEC or NSEC3 records that belong into the answer."""
        name, found, links, seen = names.lower(query.name), set(), 0, set()
        kind = query.kind
        while names.is_within(name, self.apex) and name not in seen and links < aliases_max:
            seen.add(name)
            cut = self.topmost(name, NS, or_at=True)
            dname = self.topmost_dname(name)
            if cut and not (kind == DS and cut == name) and (dname is None or len(cut) < len(dname)):
                return found if DS in self.types[cut] else found | self.proves_no_data(cut)
            if dname is not None:
                target = name[:len(name) - len(dname)] + self.aliases[dname]
                if not names.fits(target) or kind == CNAME:
                    return found
                name, links = names.lower(target), links + 1
                continue
            owner = name
            if name not in self.existing:
                encloser = self.closest_encloser(name)
                owner = (b"*",) + encloser
                if owner not in self.existing:
                    return found | self.proves_no_name(name) | {self.covering(owner)}
                # The wildcard stands in only where the name itself is proved absent; an answer made from it needs no more.
                next_closer = name[len(name) - len(encloser) - 1:]
                found.add(self.covering(next_closer if self.hashed else name))
            kinds = self.types.get(owner, set())
            if kind in kinds or (kind == ANY and kinds):
                return found
            if CNAME in kinds:
                name, links = names.lower(self.aliases[owner]), links + 1
                continue
            if owner != name:
                found |= self.proves_no_name(name)
            return found | self.proves_no_data(owner)
        return found

    def topmost_dname(self, name):
        if name != self.apex and DNAME in self.types.get(self.apex, ()):
            return self.apex
        return self.topmost(name, DNAME, or_at=False)
