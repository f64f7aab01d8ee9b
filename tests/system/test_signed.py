# time limit: 300 s
"""Signed zones: authd's answers are proved right by validators, and hold the same proofs as NSD's and Knot's."""
import lzma
import os
import re
from pathlib import Path

import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype

from zt import Authd, Knot, Nsd, SignedZone, Validator, Zone, ask, replicate, run_tests, skip, source_top, test

ZONE = "signed.example."

LINES = [
    "@ NS ns1", "@ NS ns2", "ns1 A 192.0.2.1", "ns1 AAAA 2001:db8::1", "ns2 A 192.0.2.2", "@ MX 10 mail", "mail A 192.0.2.25", "@ TXT \"apex\"",
    "www A 192.0.2.10", "www AAAA 2001:db8::10", "Upper A 192.0.2.11",
    "alias CNAME www", "chain1 CNAME chain2", "chain2 CNAME www", "tomissing CNAME missing", "towild CNAME any.wild", "wildalias CNAME q.wcname",
    "outside CNAME www.elsewhere.example.", "todname CNAME x.old", "tochild CNAME host.insecure",
    "*.wild A 192.0.2.20", "*.wild TXT \"from the wildcard\"", "stop.wild A 192.0.2.21", "below.stop2.wild A 192.0.2.22",
    "*.wcname CNAME www", "deep.*.ghost A 192.0.2.23",
    "leaf.empty.nonterminal A 192.0.2.30", "other.nonterminal A 192.0.2.31",
    "old DNAME new", "x.new A 192.0.2.40", "y.new CNAME www", "z.new CNAME nothing", "away DNAME elsewhere.example.",
    "insecure NS ns.insecure", "insecure NS ns1", "ns.insecure A 192.0.2.50", "onlyglue.insecure A 192.0.2.51",
    "secure NS ns.secure", "ns.secure A 192.0.2.52", "secure DS 12345 13 2 " + "ab" * 32,
    "hidden.nothing NS ns.elsewhere.example.", "a.b.c.cut NS ns1", "zz NS ns1",
    "_sip._tcp SRV 1 2 5060 www", "svc HTTPS 1 . alpn=h2", "svc A 192.0.2.60", "many TXT " + '"' + "m" * 200 + '"',
]

WAYS = {"NSEC": [], "NSEC3": ["-n", "-t", "0"], "NSEC3 with salt and iterations": ["-n", "-s", "5aa5", "-t", "7"],
        "NSEC3 with opt-out": ["-n", "-p", "-t", "0"]}
KINDS = ("A", "TXT", "DS", "NS", "CNAME", "MX", "NSEC", "DNAME", "SOA")


def names_to_ask():
    """Every name of the zone and above it, and beside and below each one that does not exist."""
    names = {ZONE}
    for line in LINES:
        labels = line.split()[0].replace("@", "").split(".")
        for number in range(len(labels)):
            if labels[number]:
                names.add(".".join(labels[number:]) + "." + ZONE)
    for name in sorted(names):
        names |= {"nope." + name, "zzz." + name, "a.b." + name}
        if name != ZONE:
            names.add("0" + name)
            names.add(name.split(".", 1)[0] + "-." + name.split(".", 1)[1])
    return sorted(names)


QUESTIONS = [(name, kind) for name in names_to_ask() for kind in KINDS]


def start(lab, options, *others):
    zone = SignedZone(lab.folder, Zone(ZONE, LINES, ttl=600), *options)
    nodes = [Authd(lab)] + [kind(lab) for kind in others]
    for node in nodes:
        replicate(zone, node, [])
    validator = Validator(lab, nodes[0], zone)
    lab.start()
    assert not re.search("no signature|no NSEC|chain", nodes[0].log()), nodes[0].log()
    return zone, nodes, validator


def shape(message):
    """Rcode, AA and TC, and the records of answer and authority without those that only accompany an answer."""
    flags = [name for name in ("AA", "TC") if message.flags & dns.flags.Flag[name]]
    sections = {}
    for section in ("answer", "authority"):
        lines = [line for rrset in getattr(message, section) for line in rrset.to_text().lower().splitlines()]
        sections[section] = sorted(lines)
    if sections["answer"]:
        sections["authority"] = [line for line in sections["authority"] if not is_apex_ns(line)]
    return {"rcode": dns.rcode.to_text(message.rcode()), "flags": flags, **sections}


def is_apex_ns(line):
    owner, _, _, kind, *rest = line.split()
    return owner == ZONE and (kind == "ns" or (kind == "rrsig" and rest[0] == "ns"))


def compare(nodes):
    """A quarter of the questions: test_differential has many more, of many zones."""
    ours, *others = nodes
    different = []
    for name, kind in QUESTIONS[::4]:
        mine = shape(ask(ours, name, kind, dnssec=True, tcp=True))
        theirs = [shape(ask(node, name, kind, dnssec=True, tcp=True)) for node in others]
        if mine not in theirs:
            different.append(f"{name} {kind}: authd {mine}\n" + "\n".join(f"  {node.name} {form}" for node, form in zip(others, theirs)))
    assert not different, f"{len(different)} of {len(QUESTIONS[::4])}:\n" + "\n".join(different[:20])


def is_below_cut(name):
    """Whether a resolver would have to ask a child's server, which is not there."""
    cuts = [line.split()[0] for line in LINES if line.split()[1] == "NS" and line.split()[0] != "@"]
    return any(name.endswith("." + cut + "." + ZONE) or name == cut + "." + ZONE for cut in cuts)


def validate(validator, ours, zone_is_opt_out):
    """Every answer that does not leave the zone is proved, or proved insecure where opt-out makes it so."""
    wrong = []
    for name, kind in QUESTIONS:
        if is_below_cut(name) and kind != "DS":
            continue
        direct = ask(ours, name, kind, dnssec=True, tcp=True)
        if leaves_zone(direct) or not direct.flags & dns.flags.AA or is_of_no_use(direct, kind):
            continue
        said = ask(validator, name, kind, rd=True, dnssec=True, tcp=True, timeout_s=15)
        proved = bool(said.flags & dns.flags.AD)
        # Where opt-out leaves names out, that a closer name is not there proves nothing (RFC 5155 section 9.2).
        may_be_insecure = zone_is_opt_out and any(rrset.rdtype == dns.rdatatype.NSEC3 for rrset in direct.authority)
        if said.rcode() != direct.rcode() or not (proved or may_be_insecure):
            wrong.append(f"{name} {kind}: {dns.rcode.to_text(said.rcode())} AD={proved}, authd said {shape(direct)}")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:20])


def is_of_no_use(message, kind):
    """Questions that Unbound answers from other ones' answers, and the DS of the anchor's own zone, which is the parent's."""
    answer_types = {rrset.rdtype for rrset in message.answer}
    if kind in ("CNAME", "DNAME", "NSEC"):
        return dns.rdatatype.DNAME in answer_types or (kind == "NSEC" and any(line.startswith("to") for line in str(message.question[0]).splitlines()))
    return kind == "DS" and message.question[0].name == dns.name.from_text(ZONE)


def leaves_zone(message):
    """Whether the answer is an alias whose end another server would have to tell."""
    targets = [str(rdata.target).lower() for rrset in message.answer if rrset.rdtype == dns.rdatatype.CNAME for rdata in rrset]
    return any(not target.endswith(ZONE) or is_below_cut(target) for target in targets)


for way, way_options in WAYS.items():
    @test(f"{way}: every kind of answer holds the signatures and proofs that NSD's or Knot's hold")
    def same_as_others(lab, options=way_options):
        _, nodes, _ = start(lab, options, Nsd, Knot)
        compare(nodes)

    @test(f"{way}: a validator proves every answer, the negative ones too")
    def validated(lab, options=way_options):
        _, nodes, validator = start(lab, options)
        validate(validator, nodes[0], "-p" in options)


class RootZone:
    """The signed root zone of July 2014, as it was."""
    name, serial, date = ".", 2014071301, "20140715000000"

    def __init__(self):
        with lzma.open(shared_file(ROOT_ZONE), "rt") as file:
            self.body = file.read()

    def text(self):
        return self.body

    def anchor(self):
        return "".join(line + "\n" for line in self.body.splitlines() if re.match(r"\.\s+\d+\s+IN\s+DNSKEY\s+257 ", line))


ROOT_ZONE = "data/root-zone-2014-07-13-signed.zone.xz"
ROOT_QUESTIONS = [(".", "SOA"), (".", "NS"), (".", "DNSKEY"), (".", "TXT"), ("com.", "DS"), ("de.", "DS"), ("aaaa.", "A"), ("zzzz.", "A"), ("nope.com-.", "MX"),
                  ("local.", "A"), ("a.b.c.nowhere.", "AAAA"), ("xn--.", "TXT"), ("0.", "A")]


def shared_file(name):
    """Test data lies beside the checkout, or where ZT_SHARED points."""
    folders = [Path(os.environ["ZT_SHARED"])] if "ZT_SHARED" in os.environ else []
    folders.append(source_top().resolve().parent / "shared")
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    return skip(f"{name} is neither in $ZT_SHARED nor in {folders[-1]}")


@test("the real root zone of 2014: its proofs hold at their date, and are what NSD and Knot send")
def root_zone(lab):
    zone = RootZone()
    nodes = [Authd(lab), Nsd(lab), Knot(lab)]
    for node in nodes:
        replicate(zone, node, [])
    validator = Validator(lab, nodes[0], zone, date=zone.date)
    lab.start()
    tlds = sorted({match[1] for match in re.finditer(r"^([a-z0-9-]+)\.\s+\d+\s+IN\s+NS\s", zone.body, re.MULTILINE)})
    assert len(tlds) > 500
    for name, kind in ROOT_QUESTIONS + [(tld + ".", "DS") for tld in tlds[::10]]:
        said = ask(validator, name, kind, rd=True, dnssec=True, tcp=True, timeout_s=15)
        assert said.flags & dns.flags.AD and said.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN), f"{name} {kind}: {said}"
    for name in [tld + "." for tld in tlds] + ["x." + tld + "." for tld in tlds] + [tld + "-." for tld in tlds]:
        forms = [shape(ask(node, name, "A", dnssec=True, tcp=True)) for node in nodes]
        assert forms[0] in forms[1:], f"{name}: authd {forms[0]}\n  nsd {forms[1]}\n  knot {forms[2]}"


if __name__ == "__main__":
    run_tests()
