"""The differences between servers that are nobody's fault, each with the paragraph that makes ours right.

A rule looks at one difference between our answer and one peer's and removes from it what the rule explains. What is left when all rules
have been asked is unexplained. A rule says as exactly as it can what it is about: a rule that would hide a mistake of ours is worse than none.
"""
from dataclasses import dataclass

from differential import names, queries
from differential.answer import ADDITIONAL, ANSWER, AUTHORITY, CNAME, DNAME, DS, FLAGS, NS, NSEC, NSEC3, RRSIG, SOA, name_at


class Difference:
    """Between our answer and a peer's: `flags` and other single values that differ, records that only we have or only the peer has."""

    def __init__(self, query, ours, theirs, peer, round_data, whole=None):
        self.query = query
        self.zone = query.zone
        self.ours = ours
        self.theirs = theirs
        self.peer = peer                 # kind of the server
        self.records = round_data.records       # (owner, type) -> records of all zones, from their transfers
        self.apexes = round_data.apexes  # of all zones served
        self.models = round_data.models  # apex -> ZoneModel
        self.whole = whole               # our answer to the same question over TCP, where it was asked for
        self.values = {name: (bool(ours.flags & bit), bool(theirs.flags & bit)) for name, bit in FLAGS if (ours.flags ^ theirs.flags) & bit}
        if ours.rcode != theirs.rcode:
            self.values["rcode"] = (ours.rcode, theirs.rcode)
        if ours.edns != theirs.edns:
            self.values["edns"] = (ours.edns, theirs.edns)
        self.more = [set(mine - other) for mine, other in zip(ours.sections, theirs.sections)]
        self.less = [set(other - mine) for mine, other in zip(ours.sections, theirs.sections)]
        self.has_right_proof = False     # our answer is what the zone's records call for (differential/model.py)
        self.is_wholesale = False        # a rule has explained whatever records differ
        self.rules = []                  # that explained a part of it

    def apex(self):
        """Of the zone that the question belongs to: the name was made for one zone, but may lie in its parent."""
        name = names.lower(self.query.name)
        return max((apex for apex in self.apexes if names.is_within(name, apex)), key=len, default=())

    def is_from_wildcard(self, owner):
        """Whether the name does not exist but a wildcard speaks for it, perhaps one below a delegation."""
        zone, name = self.models.get(self.apex()), names.from_wire(owner)
        return (zone is not None and names.is_within(name, zone.apex) and name not in zone.existing and
                (b"*",) + zone.closest_encloser(name) in zone.existing)

    def clear(self):
        """All records that differ are explained, so the peer says nothing about ours."""
        self.is_wholesale = True
        for records in self.more + self.less:
            records.clear()

    def is_explained(self):
        return not self.values and not any(self.more) and not any(self.less)

    def signature(self):
        """What differences of one cause have in common."""
        kinds = [f"{sign}{name}:{','.join(map(str, sorted({record[1] for record in records})))}"
                 for sign, sections in (("+", self.more), ("-", self.less)) for name, records in zip(("an", "au", "ad"), sections) if records]
        return " ".join([self.peer, *(f"{name}={ours}/{theirs}" for name, (ours, theirs) in sorted(self.values.items()) if name != "edns"), *kinds])


@dataclass
class Rule:
    name: str
    text: str            # what differs, who does it, and the paragraph that makes ours right
    explain: object      # takes what it explains out of a Difference; True when it found something


RULES = []


def rule(name, text):
    def register(function):
        RULES.append(Rule(name, " ".join(text.split()), function))
        return function
    return register


NOERROR, SERVFAIL, NXDOMAIN, YXDOMAIN = 0, 2, 3, 6
ANY = queries.TYPES["ANY"]
ADDRESSES = (queries.TYPES["A"], queries.TYPES["AAAA"])

# How many aliases each server follows in one answer; None: any number.
CHAIN_MAX = {"authd": 16, "bind": 12, "knot": 5, "nsd": None}

SHORT_OWNER_AND_HEAD = 12        # bytes of a record before its rdata, the owner compressed

# Where the name that additional data belongs to stands in rdata.
TARGET_OFFSETS = {NS: 0, queries.TYPES["MX"]: 2, queries.TYPES["SRV"]: 6, queries.TYPES["AFSDB"]: 2, queries.OTHER_TYPES["RT"]: 2,
                  queries.TYPES["KX"]: 2, queries.TYPES["SVCB"]: 2, queries.TYPES["HTTPS"]: 2}
SERVICES = (queries.TYPES["SVCB"], queries.TYPES["HTTPS"])
EXTRA = ADDRESSES + SERVICES             # what goes along as additional data


# ---- what rules ask --------------------------------------------------------------------------------------------------------

def chain(answer, query):
    """The aliases that lead from the question's name through the answer, (owner, target) each; a loop ends where it closes."""
    aliases = {owner: rdata for owner, kind, _, _, rdata in answer.sections[ANSWER] if kind == CNAME}
    name = names.wire(names.lower(query.name))
    links = []
    while name in aliases:
        links.append((name, aliases[name]))
        name = aliases.pop(name)
    return links


def end_of(links, query):
    return links[-1][1] if links else names.wire(names.lower(query.name))


def is_loop(links):
    return bool(links) and links[-1][1] in {owner for owner, _ in links}


def has_alias(answer):
    return any(record[1] in (CNAME, DNAME) for record in answer.sections[ANSWER])


def is_below_or_at(name, ancestor):
    """Both in wire form and lower case."""
    return names.is_within(names.from_wire(name), names.from_wire(ancestor))


def ns_of_referral(answer):
    """The NS records of a referral in the authority section."""
    return [record for record in answer.sections[AUTHORITY] if record[1] == NS]


def is_required_glue(record, answer):
    """In-domain glue: an address of a server whose name lies at or below the delegated name (RFC 9471 section 3.1)."""
    return record[1] in ADDRESSES and any(record[0] == ns[4] and is_below_or_at(ns[4], ns[0]) for ns in ns_of_referral(answer))


def targets(answer):
    """Names that the records of an answer point to and for which additional data may come along."""
    found = set()
    for section in (ANSWER, AUTHORITY):
        for owner, kind, _, _, rdata in answer.sections[section]:
            if kind in TARGET_OFFSETS:
                target = name_at(rdata, TARGET_OFFSETS[kind])
                found.add(owner if target == b"\0" and kind in SERVICES else target)
    return found


def udp_limit(query):
    return 512 if query.edns is None else min(max(query.edns, 512), 1232)


def required_size(answer):
    """Bytes of an answer less its optional additional records, whose owners, being named before, take two bytes."""
    return answer.size - sum(SHORT_OWNER_AND_HEAD + len(record[4]) for record in answer.sections[ADDITIONAL] if not is_required_glue(record, answer))


def take(records, wanted):
    """Removes the records for which `wanted` is true; whether there were any."""
    found = {record for record in records if wanted(record)}
    records -= found
    return bool(found)


def covers(record):
    return record[4][0] << 8 | record[4][1]


def is_proof(record):
    return record[1] in (NSEC, NSEC3) or record[1] == RRSIG and covers(record) in (NSEC, NSEC3)


# ---- the rules ---------------------------------------------------------------------------------------------------------------

@rule("cd-bit", """BIND copies the CD bit of the query into its answer. RFC 4035 section 3.1.6: a server should clear it in an authoritative answer.""")
def cd_bit(d):
    return d.peer == "bind" and d.query.flags & queries.FLAG_CD and d.values.get("cd") == (False, True) and bool(d.values.pop("cd"))


def at_end(answer, query):
    """Records of the name that the chain of aliases ends at, or that the question asks ANY or RRSIG of: (RRsets without signatures, signatures)."""
    owner = end_of([link for link in chain(answer, query) if link[0] != link[1]], query)
    if query.kind in (ANY, RRSIG) and not any(record[0] == owner for record in answer.sections[ANSWER]):
        links = chain(answer, query)
        owner = links[-1][0] if links else owner
    found = [record for record in answer.sections[ANSWER] if record[0] == owner]
    return owner, {record for record in found if record[1] != RRSIG}, {record for record in found if record[1] == RRSIG}


@rule("any-one", """Asked for ANY or RRSIG over UDP we answer with one RRset and, for DO, its signatures (of RRSIG: the signatures of one RRset); BIND gives all, NSD and Knot give another one. RFC 8482 section 4.1: a subset of the RRsets will do.""")
def any_one(d):
    if d.query.kind not in (ANY, RRSIG) or d.query.is_tcp:
        return False
    owner, sets, signatures = at_end(d.ours, d.query)
    kinds = {covers(record) for record in signatures} | {record[1] for record in sets}
    if len(kinds) != 1 or (sets and signatures and not d.query.dnssec) or (d.query.kind == RRSIG and sets):
        return False
    theirs_owner, theirs_sets, theirs_signatures = at_end(d.theirs, d.query)
    if theirs_owner != owner and not d.theirs.is_truncated():
        return False
    kind = kinds.pop()
    known = d.records.get((owner, kind))
    if sets and known and not sets <= known:
        return False
    found = take(d.more[ANSWER], lambda record: record in sets or record in signatures)
    found |= take(d.less[ANSWER], lambda record: record in theirs_sets or record in theirs_signatures)
    if not found and d.values.get("tc") != (False, True):
        return False
    if d.values.get("tc") == (False, True):
        del d.values["tc"]
        if has_alias(d.ours):
            d.values.pop("rcode", None)
        d.clear()
    return True


@rule("any-all", """Asked for ANY or RRSIG over TCP we answer with all there is, NSD and Knot with one RRset. RFC 1035 section 3.2.3: a request for all records. (Over TCP nobody else's address can be
      meant, the reason of RFC 8482 section 4.1 to give less.)""")
def any_all(d):
    if d.query.kind not in (ANY, RRSIG) or not d.query.is_tcp or d.peer not in ("nsd", "knot"):
        return False
    owner, sets, signatures = at_end(d.ours, d.query)
    if at_end(d.theirs, d.query)[0] != owner or any(record[0] == owner for record in d.less[ANSWER]):
        return False
    return take(d.more[ANSWER], lambda record: record in sets or record in signatures)


@rule("ad-bit", """BIND sets AD in truncated referrals when the query had it. RFC 4035 section 3.1.6: an authoritative server sets AD only for what it knows to be authentic.""")
def ad_bit(d):
    return d.peer == "bind" and d.query.flags & queries.FLAG_AD and d.theirs.is_truncated() and d.values.get("ad") == (False, True) and bool(d.values.pop("ad"))


@rule("nsec-at-cut", """Asked for NSEC at a delegation, BIND answers with the record of the parent. RFC 1034 section 4.3.2 step 3b: a referral; RFC 4035 section 3.1.4.1 makes an exception
      for DS only.""")
def nsec_at_cut(d):
    if d.query.kind != NSEC or d.peer != "bind" or not (d.whole or d.ours).is_referral() or not any(record[1] == NSEC for record in d.theirs.sections[ANSWER]):
        return False
    d.values.pop("aa", None)
    d.values.pop("tc", None)
    d.clear()
    return True


@rule("tc-both", """Both answers are truncated, at different places of what belongs into them; the rcode belongs to the last name of an alias chain that was got to.
      RFC 2181 section 9: what a truncated answer holds is not used, the question is asked again over TCP. (What the servers answer over TCP is compared too.)""")
def tc_both(d):
    if not (d.ours.is_truncated() and d.theirs.is_truncated()):
        return False
    if has_alias(d.whole or d.ours):
        d.values.pop("rcode", None)
    d.clear()
    return True


@rule("tc-ours-fits", """The peer's answer is truncated, ours is whole and fits: names are compressed better, or the peer wants optional data in.
      RFC 2181 section 9: TC is set only when required data does not fit.""")
def tc_ours_fits(d):
    if d.values.get("tc") != (False, True) or d.whole is None or d.ours.sections[:2] != d.whole.sections[:2] or d.ours.rcode != d.whole.rcode:
        return False
    if any(is_required_glue(record, d.whole) for record in d.whole.sections[ADDITIONAL] - d.ours.sections[ADDITIONAL]):
        return False
    if has_alias(d.ours):
        d.values.pop("rcode", None)
    del d.values["tc"]
    d.clear()
    return True


@rule("tc-theirs-fits", """Our answer is truncated and the peer's is not: what is required is larger than the datagram may be in ours. RFC 2181 section 9, and RFC 9471
      section 3.1: all glue for names in the child is required in a referral, and several peers leave it out silently.""")
def tc_theirs_fits(d):
    if d.values.get("tc") != (True, False) or d.whole is None or required_size(d.whole) <= udp_limit(d.query):
        return False
    if has_alias(d.whole) and d.ours.rcode == NOERROR:
        d.values.pop("rcode", None)
    del d.values["tc"]
    d.clear()
    return True


@rule("additional-room", """Optional addresses, or their signatures, that the peer has are in our answer over TCP but did not fit our datagram. RFC 2181 section 9: data that is merely useful
      is left out without setting TC; RFC 4035 section 3.1.1: so are signatures of additional data.""")
def additional_room(d):
    if d.whole is None or d.query.is_tcp:
        return False
    room = udp_limit(d.query) - d.ours.size
    return take(d.less[ADDITIONAL], lambda record: record in d.whole.sections[ADDITIONAL] and not is_required_glue(record, d.whole) and
                room < sum(SHORT_OWNER_AND_HEAD + len(other[4]) for other in d.whole.sections[ADDITIONAL] if record[:2] == other[:2]))


@rule("additional-more", """We add addresses of this zone for names that the answer's records point to, and the peer does not (BIND none that are authoritative in a referral,
      NSD with minimal-responses none beside answers). RFC 1034 section 4.3.2 steps 3b and 6, RFC 1035 section 3.3.9, RFC 2782.""")
def additional_more(d):
    wanted = targets(d.ours)
    return take(d.more[ADDITIONAL], lambda record: record[0] in wanted and record in d.records.get(record[:2], ()) and (
        record[1] in EXTRA or record[1] == RRSIG and covers(record) in EXTRA and d.query.dnssec))


@rule("additional-wildcard", """The peers add addresses made from a wildcard for a name that an answer points to (Knot, for SVCB and HTTPS, under the wildcard's own name). Such a name owns nothing: it is no glue, and
      RFC 1034 section 4.3.2 step 6 leaves additional data to the server.""")
def additional_wildcard(d):
    return take(d.less[ADDITIONAL], lambda record: record[1] in (*ADDRESSES, RRSIG) and (
        d.is_from_wildcard(record[0]) or d.peer == "knot" and record[0].startswith(b"\1*")))


@rule("additional-glue", """Knot adds glue, the addresses of a name below a delegation, beside an answer that points there. They are not this zone's data;
      RFC 1034 section 4.3.2 step 6 leaves additional data to the server.""")
def additional_glue(d):
    zone = d.models.get(d.apex())
    return d.peer == "knot" and zone is not None and take(d.less[ADDITIONAL], lambda record: record[1] in ADDRESSES and not d.theirs.is_referral() and
                                                         zone.topmost(names.from_wire(record[0]), NS, or_at=True) is not None)


@rule("additional-service", """Beside SVCB and HTTPS records Knot adds proofs that other addresses of the target do not exist, and BIND follows the target's aliases. RFC 9460 section 4.1 has both as
      SHOULD; the client asks for what it misses (section 5), and RFC 1034 section 4.3.2 step 6 leaves additional data to the server. We keep such answers small.""")
def additional_service(d):
    if not any(record[1] in SERVICES for record in d.ours.sections[ANSWER]):
        return False
    aliased = {record[0] for record in d.less[ADDITIONAL] if record[1] == CNAME} | {record[4] for record in d.less[ADDITIONAL] if record[1] == CNAME}
    return (d.peer == "knot" and take(d.less[ADDITIONAL], is_proof)) or (d.peer == "bind" and take(d.less[ADDITIONAL], lambda record: record[0] in aliased))


@rule("soa-room", """Knot leaves the SOA of a negative answer away, without TC, when it does not fit any more. RFC 2308 section 2.1 wants it, ours fits.""")
def soa_room(d):
    return d.peer == "knot" and not d.query.is_tcp and d.theirs.size + SOA_SIZE > udp_limit(d.query) and take(d.more[AUTHORITY], lambda record: record[1] == SOA)


SOA_SIZE = 34 + 40         # head and numbers, and about as much for the names


@rule("chain-length", """Servers follow a different number of aliases in one answer: authd 16, BIND 12 (then SERVFAIL), Knot 5, NSD any number. RFC 1034 section 4.3.2
      step 3a sets no number; the resolver goes on with the last name (section 5.3.3 step 4c).""")
def chain_length(d):
    ours, theirs = chain(d.ours, d.query), chain(d.theirs, d.query)
    if len(ours) == CHAIN_MAX["authd"] and d.ours.rcode == NOERROR and theirs[:len(ours)] == ours and not any(d.more):
        d.values.pop("rcode", None)
        d.clear()
        return True
    rcodes = (SERVFAIL,) if d.peer == "bind" else (NOERROR, d.ours.rcode)
    if len(theirs) == CHAIN_MAX[d.peer] and d.theirs.rcode in rcodes and ours[:len(theirs)] == theirs and not any(d.less):
        d.values.pop("rcode", None)
        d.clear()
        return True
    return False


@rule("loop-servfail", """BIND answers SERVFAIL, with the aliases, when they form a loop. RFC 1034 section 3.6.2: software should not fail when presented with chains or loops.""")
def loop_servfail(d):
    if d.peer != "bind" or d.values.get("rcode") != (NOERROR, SERVFAIL) or not is_loop(chain(d.ours, d.query)) or any(d.more) or any(d.less):
        return False
    del d.values["rcode"]
    return True


@rule("dname-once", """NSD does not apply a DNAME to a name that it made itself with this DNAME. RFC 6672 section 3.2 step 3C: go back to step 1.""")
def dname_once(d):
    ours, theirs = chain(d.ours, d.query), chain(d.theirs, d.query)
    if d.peer != "nsd" or not 0 < len(theirs) < len(ours) or ours[:len(theirs)] != theirs or any(d.less):
        return False
    applied = [record[0] for record in d.theirs.sections[ANSWER] if record[1] == DNAME and is_below_or_at(theirs[-1][0], record[0])]
    if not any(is_below_or_at(theirs[-1][1], owner) for owner in applied):
        return False
    d.values.pop("rcode", None)
    d.clear()
    return True


@rule("other-zone", """An alias leads into another zone that the server has: BIND goes on there, NSD (confine-to-zone) ends, Knot and authd stay in the zone of the question and
      refer where that is its child. RFC 1034 section 4.3.2 step 3a would allow to go on, but section 5.3.3 step 4c has the resolver ask for the target anyway, and
      RFC 5452 section 6 has it refuse records of zones that it did not ask.""")
def other_zone(d):
    ours, theirs = chain(d.ours, d.query), chain(d.theirs, d.query)
    end = names.from_wire(end_of(ours, d.query))
    if d.peer not in ("bind", "nsd") or not ours or theirs[:len(ours)] != ours or d.more[ANSWER]:
        return False
    own = d.apex()
    if not any(names.is_within(end, apex) and (len(apex) > len(own) or not names.is_within(end, own)) for apex in d.apexes) and not (
            d.query.kind == DS and end == own):
        return False
    d.values.pop("rcode", None)
    d.clear()
    return True


@rule("dname-yxdomain", """Where the new name that a DNAME makes is too long, NSD and Knot go on as if it had none: with NOERROR or NXDOMAIN, an SOA, a referral, or records
      of another name. RFC 6672 section 3.2 step 3C: set RCODE to YXDOMAIN and exit.""")
def dname_yxdomain(d):
    if d.ours.rcode != YXDOMAIN or d.peer not in ("nsd", "knot"):
        return False
    of_chain = {owner for owner, _ in chain(d.ours, d.query)}
    found = d.values.get("rcode", (0, 0))[1] in (NOERROR, NXDOMAIN) and d.values.pop("rcode", None) is not None
    found |= take(d.less[AUTHORITY], lambda record: True)
    found |= take(d.less[ADDITIONAL], lambda record: record[1] in ADDRESSES or record[1] == RRSIG)
    found |= take(d.less[ANSWER], lambda record: record[0] not in of_chain)
    return found


@rule("dname-any", """BIND ends with the CNAME that a DNAME implies when ANY is asked for. RFC 6672 section 3.2 step 3C: go back to step 1 with the new name.""")
def dname_any(d):
    ours, theirs = chain(d.ours, d.query), chain(d.theirs, d.query)
    if d.peer != "bind" or d.query.kind != queries.TYPES["ANY"] or len(theirs) != 1 or ours[:1] != theirs or any(d.less) or d.theirs.rcode != NOERROR:
        return False
    if not any(record[1] == DNAME and record[0] != theirs[0][0] and is_below_or_at(theirs[0][0], record[0]) for record in d.ours.sections[ANSWER]):
        return False
    d.values.pop("rcode", None)
    d.clear()
    return True


@rule("below-hashed", """NSD takes the owner of an NSEC3 record for a name, below which a wildcard does not apply. RFC 5155 section 7.2.8: it is none.""")
def below_hashed(d):
    links = chain(d.ours, d.query)
    visited = [names.lower(d.query.name)] + [names.from_wire(target) for _, target in links]
    apex_len = len(d.apex())
    if d.peer != "nsd" or d.theirs.rcode != NXDOMAIN:
        return False
    if not any(len(name) > apex_len + 1 and (names.wire(name[-apex_len - 1:]), NSEC3) in d.records for name in visited):
        return False
    d.values.pop("rcode", None)
    d.clear()
    return True


@rule("wildcard-dname", """Knot mistakes a wildcard that owns a DNAME, for names below it. RFC 4592 section 4.4 advises against it; RFC 6672 section 3.2 step 3C: the DNAME of the last label that matched is used.""")
def wildcard_dname(d):
    if d.peer != "knot" or not any(record[1] == DNAME and record[0].startswith(b"\1*") for record in d.ours.sections[ANSWER]):
        return False
    d.values.pop("aa", None)
    d.values.pop("rcode", None)
    d.clear()
    return True


@rule("any-additional", """Knot adds addresses for the NS or MX records in an answer to ANY. RFC 1034 section 4.3.2 step 6 leaves additional data to the server; RFC 8482 asks for a small answer.""")
def any_additional(d):
    return d.peer == "knot" and d.query.kind == ANY and take(d.less[ADDITIONAL], lambda record: (record[1] in ADDRESSES or record[1] == RRSIG) and
                                                            record[0] in targets(d.theirs))


@rule("proof-incomplete", """A peer leaves out or mistakes a record of a proof of absence: Knot and BIND the one that shows a wildcard to be an empty non-terminal, NSD those for names below the owner
      of an NSEC3 record, for a wildcard whose place follows an empty non-terminal, and behind a DNAME. RFC 4035 sections 3.1.3.2 and 3.1.3.4, RFC 5155 sections 7.2.2 and
      7.2.8. Ours is exactly what a model of the zone calls for (differential/model.py).""")
def proof_incomplete(d):
    return d.has_right_proof and any(map(is_proof, d.more[AUTHORITY])) and (take(d.more[AUTHORITY], is_proof) | take(d.less[AUTHORITY], is_proof))


@rule("proof-superfluous", """NSD adds records to a proof of absence that it does not need, as for a wildcard that is asked for by its own name. RFC 4035 section 3.1.3.1 and RFC 5155 section 7.2.3:
      the record at the name is all. Ours is exactly what a model of the zone calls for (differential/model.py).""")
def proof_superfluous(d):
    return d.has_right_proof and take(d.less[AUTHORITY], is_proof)


@rule("wildcard-ns", """Knot refers to the servers of a wildcard that owns NS records. RFC 4592 section 4.2 leaves its meaning undefined; by RFC 1034 section 4.3.2 step 3c a wildcard
      is only looked at for records of the wanted type.""")
def wildcard_ns(d):
    owners = {record[0] for record in ns_of_referral(d.theirs)}
    if d.peer != "knot" or len(owners) != 1 or not next(iter(owners)).startswith(b"\1*"):
        return False
    d.values.pop("aa", None)
    d.clear()
    return True


@rule("nsec-at-alias", """Asked for NSEC or RRSIG at an alias that has none, BIND and Knot answer that there is no data. RFC 1034 section 3.6.2: a server that does not find the
      wanted records at an alias goes on with its target.""")
def nsec_at_alias(d):
    ours, theirs = chain(d.ours, d.query), chain(d.theirs, d.query)
    if d.query.kind not in (RRSIG, NSEC) or d.peer not in ("bind", "knot") or len(theirs) >= len(ours) or ours[:len(theirs)] != theirs:
        return False
    d.values.pop("rcode", None)
    d.clear()
    return True


@rule("nsec3-at-alias", """Asked for NSEC3 at an alias, NSD answers that there is no data. RFC 1034 section 3.6.2, as above.""")
def nsec3_at_alias(d):
    if d.query.kind != NSEC3 or d.peer != "nsd" or len(chain(d.theirs, d.query)) >= len(chain(d.ours, d.query)):
        return False
    d.values.pop("rcode", None)
    d.clear()
    return True


@rule("other-zone-name", """NSD has one tree of names for all its zones: a name that exists only in another zone, as glue, counts as an empty non-terminal here, and keeps a wildcard away.
      RFC 1034 section 4.3.2 step 3 looks at the names of one zone.""")
def other_zone_name(d):
    zone = d.models.get(d.apex())
    if d.peer != "nsd" or zone is None or d.theirs.rcode not in (NOERROR, NXDOMAIN):
        return False
    visited = [names.lower(d.query.name)] + [names.from_wire(target) for _, target in chain(d.ours, d.query)]
    strangers = {names.wire(each) for name in visited if names.is_within(name, zone.apex) for each in zone.enclosers(name) if each not in zone.existing}
    if not any(is_below_or_at(owner, stranger) for stranger in strangers for owner, _ in d.records):
        return False
    d.values.pop("rcode", None)
    d.clear()
    return True


def explain(difference):
    for each in RULES:
        if each.explain(difference):
            difference.rules.append(each.name)
        if difference.is_explained():
            return True
    return False
