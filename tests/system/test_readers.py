"""dig, kdig and drill read every kind of answer from authd, and see the same as from NSD and Knot."""
import re

import dns.flags
import dns.rcode

from zt import Authd, Knot, Nsd, Zone, ask, replicate, run_tests, test, tool

ZONE = "example.com."

LINES = [
    "@ NS ns1", "@ NS ns2.other.example.", "ns1 A 192.0.2.1", "ns1 AAAA 2001:db8::1", "@ MX 10 mail", "@ MX 20 mail.other.example.", "mail A 192.0.2.25",
    "@ TXT \"one string\" \"another; with a semicolon\" \"quote \\\" and \\\\ and \\009\"", "@ CAA 0 issue \"ca.example\"",
    "a A 192.0.2.10", "a A 192.0.2.11", "a A 192.0.2.12", "a AAAA 2001:db8::10",
    "alias CNAME a", "chain1 CNAME chain2", "chain2 CNAME chain3", "chain3 CNAME a", "outside CNAME www.other.example.",
    "loop1 CNAME loop2", "loop2 CNAME loop1", "tomissing CNAME missing", "towild CNAME any.wild",
    "*.wild A 192.0.2.20", "*.wild TXT \"from the wildcard\"", "stop.wild A 192.0.2.21", "below.stop2.wild A 192.0.2.22",
    "*.wcname CNAME a",
    "leaf.empty.nonterminal A 192.0.2.30",
    "old DNAME new", "x.new A 192.0.2.40", "y.new CNAME a", "away DNAME other.example.",
    "sub NS ns.sub", "sub NS ns2.other.example.", "ns.sub A 192.0.2.50", "ns.sub AAAA 2001:db8::50", "sub DS 12345 8 2 " + "ab" * 32,
    "_sip._tcp SRV 1 2 5060 a", "_sip._tcp SRV 2 2 5060 mail", "naptr NAPTR 100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:info@example.com!\" .",
    "ssh SSHFP 4 2 " + "cd" * 32, "tlsa TLSA 3 1 1 " + "ef" * 32, "strange TYPE65280 \\# 4 01020304",
    "svc SVCB 1 a alpn=h2 port=8443", "escaped\\.dot A 192.0.2.60", "sp\\032ace A 192.0.2.61", "UPPER A 192.0.2.62",
    "hinfo HINFO \"cpu\" \"os\"", "rp RP mail.example.com. a.example.com.", "ptr PTR a", "loc LOC 51 30 12.748 N 0 7 39.612 W 0m",
] + [f"many TXT \"{number:03d} {'z' * 60}\"" for number in range(60)]

QUESTIONS = [
    ("example.com.", "SOA"), ("example.com.", "NS"), ("example.com.", "MX"), ("example.com.", "TXT"), ("example.com.", "CAA"), ("example.com.", "A"),
    ("a.example.com.", "A"), ("A.EXAMPLE.com.", "AAAA"), ("a.example.com.", "MX"),
    ("alias.example.com.", "A"), ("alias.example.com.", "CNAME"), ("alias.example.com.", "MX"), ("chain1.example.com.", "AAAA"),
    ("outside.example.com.", "A"), ("tomissing.example.com.", "A"), ("towild.example.com.", "A"), ("towild.example.com.", "MX"),
    ("any.wild.example.com.", "A"), ("more.any.wild.example.com.", "TXT"), ("any.wild.example.com.", "MX"), ("wild.example.com.", "A"),
    ("stop.wild.example.com.", "TXT"), ("x.stop.wild.example.com.", "A"), ("x.stop2.wild.example.com.", "A"), ("stop2.wild.example.com.", "A"),
    ("*.wild.example.com.", "A"), ("q.wcname.example.com.", "A"), ("q.wcname.example.com.", "CNAME"),
    ("empty.nonterminal.example.com.", "A"), ("nonterminal.example.com.", "TXT"), ("other.nonterminal.example.com.", "A"),
    ("old.example.com.", "A"), ("old.example.com.", "DNAME"), ("x.old.example.com.", "A"), ("y.old.example.com.", "A"), ("none.old.example.com.", "A"),
    ("w.away.example.com.", "A"),
    ("sub.example.com.", "A"), ("sub.example.com.", "NS"), ("sub.example.com.", "DS"), ("deep.sub.example.com.", "A"), ("ns.sub.example.com.", "A"),
    ("_sip._tcp.example.com.", "SRV"), ("_tcp.example.com.", "SRV"), ("naptr.example.com.", "NAPTR"), ("ssh.example.com.", "SSHFP"),
    ("tlsa.example.com.", "TLSA"), ("strange.example.com.", "TYPE65280"), ("svc.example.com.", "SVCB"), ("escaped\\.dot.example.com.", "A"),
    ("sp\\032ace.example.com.", "A"), ("upper.example.com.", "A"), ("hinfo.example.com.", "HINFO"), ("rp.example.com.", "RP"), ("ptr.example.com.", "PTR"),
    ("loc.example.com.", "LOC"), ("missing.example.com.", "A"), ("a.b.c.d.missing.example.com.", "MX"), ("unknown.example.", "A"),
]


def start(lab):
    """The same zone on authd, NSD and Knot."""
    nodes = [Authd(lab), Nsd(lab), Knot(lab)]
    for node in nodes:
        replicate(Zone(ZONE, LINES), node, [])
    lab.start()
    return nodes


def shape(message, sections=("answer", "authority")):
    """What must be the same in every server's answer: rcode, AA, TC, and the records of the sections in any order."""
    flags = [name for name in ("AA", "TC", "QR", "RA") if message.flags & dns.flags.Flag[name]]
    records = {section: sorted(line for rrset in getattr(message, section) for line in rrset.to_text().lower().splitlines()) for section in sections}
    return {"rcode": dns.rcode.to_text(message.rcode()), "flags": flags, **records}


@test("authd answers every kind of question as NSD or Knot do")
def same_as_others(lab):
    ours, *others = start(lab)
    different = []
    for name, kind in QUESTIONS:
        mine = shape(ask(ours, name, kind))
        theirs = [shape(ask(node, name, kind)) for node in others]
        # NS records beside a positive answer are a matter of taste, which the two differ in.
        if mine not in theirs and drop_authority(mine) not in map(drop_authority, theirs):
            different.append(f"{name} {kind}: authd {mine}\n  nsd {theirs[0]}\n  knot {theirs[1]}")
    assert not different, "\n".join(different)


def drop_authority(form):
    """Without the apex NS records that may accompany an answer."""
    return dict(form, authority=[line for line in form["authority"] if not re.match(r"example\.com\. \d+ in ns ", line)])


@test("a referral brings the glue that the parent knows")
def referral_glue(lab):
    ours, *_ = start(lab)
    answer = ask(ours, "deep.sub.example.com.")
    extra = {(str(rrset.name), rrset.rdtype) for rrset in answer.additional}
    assert {("ns.sub.example.com.", 1), ("ns.sub.example.com.", 28)} <= extra, answer
    assert not answer.flags & dns.flags.AA


@test("an answer too large for UDP is truncated, and dig, kdig and drill get it whole over TCP")
def truncation(lab):
    ours, *_ = start(lab)
    assert ask(ours, "many.example.com.", "TXT").flags & dns.flags.TC
    assert ask(ours, "many.example.com.", "TXT", edns=False).flags & dns.flags.TC
    at = [f"@{ours.address}", "-p", str(ours.port)]
    for program, *fallback in (["dig"], ["kdig"], ["drill", "-a"]):
        text = tool(program, *fallback, *at, "many.example.com.", "TXT")
        assert len(re.findall(r"^many\.example\.com\.\s.*TXT", text, re.MULTILINE)) == 60, f"{program} shows:\n{text}"


def records_of(text):
    """Record lines of a tool's output, blanks normalised, without comments."""
    return sorted(" ".join(line.split()).lower() for line in text.splitlines() if line.strip() and not line.startswith(";"))


def status_of(text):
    match = re.search(r"(?:status|rcode): (\w+)", text)
    return match[1] if match else None


@test("dig, kdig and drill print the same from authd as from NSD, over UDP and TCP")
def tools_agree(lab):
    ours, nsd, _ = start(lab)
    different = []
    for program, transports in (("dig", ([], ["+tcp"], ["+noedns"])), ("kdig", ([], ["+tcp"])), ("drill", ([], ["-t"]))):
        for transport in transports:
            for name, kind in QUESTIONS[::3]:
                texts = [tool(program, *transport, f"@{node.address}", "-p", node.port, name, kind, expect=None) for node in (ours, nsd)]
                forms = [(status_of(text), answer_section(text)) for text in texts]
                if forms[0] != forms[1] or forms[0][0] is None:
                    different.append(f"{program} {' '.join(transport)} {name} {kind}:\n  authd {forms[0]}\n  nsd {forms[1]}")
    assert not different, "\n".join(different)


def answer_section(text):
    match = re.search(r";; ANSWER SECTION:\n(.*?)(?:\n\n|\n;;|\Z)", text, re.DOTALL)
    return records_of(match[1]) if match else []


@test("dig and kdig transfer the whole zone, and it is what ldns makes of the zone file")
def transfer(lab):
    ours, *_ = start(lab)
    from_file = {record_key(line) for line in tool("ldns-read-zone", "-c", ours.path(ours.zones[ZONE].file)).splitlines() if line}
    for program in ("dig", "kdig"):
        text = tool(program, f"@{ours.address}", "-p", ours.port, ZONE, "AXFR")
        got = {record_key(line) for line in text.splitlines() if line and not line.startswith(";")}
        assert got == from_file, f"{program}: {sorted(got ^ from_file)[:10]}"


def record_key(line):
    """Owner and type in lower case: presentation of rdata differs between tools."""
    words = line.split()
    return words[0].lower(), words[3].upper()


@test("dig +edns options, an unknown EDNS version and odd classes are answered by the rules")
def edns(lab):
    ours, *_ = start(lab)
    at = [f"@{ours.address}", "-p", str(ours.port)]
    assert status_of(tool("dig", *at, "+edns=1", "+noednsneg", "a.example.com.")) == "BADVERS"
    assert "EDNS: version: 0" in tool("dig", *at, "a.example.com.")
    assert "EDNS" not in tool("dig", *at, "+noedns", "a.example.com.")
    assert status_of(tool("dig", *at, "+ednsopt=65001:0102", "a.example.com.")) == "NOERROR"
    assert status_of(tool("dig", *at, "-c", "HS", "a.example.com.")) in ("REFUSED", "NOTIMP", "FORMERR")
    assert status_of(tool("dig", *at, "+opcode=status", "a.example.com.")) == "NOTIMP"


if __name__ == "__main__":
    run_tests()
