"""resolverd over a hierarchy of foreign servers; BIND in its place gives the same answers."""
import dns.flags
import dns.rcode

from zt import BindResolver, Hierarchy, Knot, Nsd, Resolverd, Unbound, ask, run_tests, test, wait_for

LEAF = ["www A 192.0.2.80", "www A 192.0.2.81", "www AAAA 2001:db8::80", "alias CNAME www", "alias2 CNAME alias", "across CNAME www.other.org.",
        "*.wild TXT \"any\"", "x.empty A 192.0.2.82", "mx MX 10 mail", "mail A 192.0.2.25", "short 2 A 192.0.2.83", "old DNAME new", "x.new A 192.0.2.84",
        "dangling CNAME nothing"] + [f"many TXT \"{number} {'z' * 80}\"" for number in range(40)]

QUESTIONS = [
    ("www.leaf.net.", "A"), ("www.leaf.net.", "AAAA"), ("WWW.LEAF.NET.", "A"), ("alias2.leaf.net.", "A"), ("across.leaf.net.", "A"), ("alias.leaf.net.", "MX"),
    ("q.wild.leaf.net.", "TXT"), ("q.wild.leaf.net.", "A"), ("empty.leaf.net.", "A"), ("missing.leaf.net.", "A"), ("mx.leaf.net.", "MX"), ("leaf.net.", "NS"),
    ("leaf.net.", "SOA"), ("x.old.leaf.net.", "A"), ("dangling.leaf.net.", "A"), ("many.leaf.net.", "TXT"), ("net.", "NS"), ("missing.", "A"),
    ("www.other.org.", "A"), ("deep.sub.other.org.", "A"), ("nothing.sub.other.org.", "AAAA"), (".", "NS"), ("other.org.", "TXT"), ("away.other.org.", "A"),
]


def build(lab, kind):
    """root, net., org., leaf.net., other.org., sub.other.org.; every zone with two servers of its own."""
    hierarchy = Hierarchy()

    def pair():
        return [kind(lab), kind(lab)]
    hierarchy.add(".", pair())
    hierarchy.add("net.", pair())
    hierarchy.add("org.", pair())
    hierarchy.add("leaf.net.", pair(), LEAF)
    hierarchy.add("other.org.", pair(), ["www A 192.0.2.90", "away CNAME www.leaf.net."])
    hierarchy.add("sub.other.org.", pair(), ["deep A 192.0.2.91"])
    lab.start(*lab.nodes)
    for name, zone in hierarchy.zones.items():
        lab.wait_for_serial(zone, hierarchy.servers[name])
    return hierarchy


def shape(message):
    """What two resolvers must agree on: rcode, RA, the answer's records without TTL, and what kind of denial it is."""
    answer = sorted((str(rrset.name).lower(), rrset.rdtype, str(rdata).lower()) for rrset in message.answer for rdata in rrset)
    denial = sorted(str(rrset.name).lower() for rrset in message.authority if rrset.rdtype == 6)
    return dns.rcode.to_text(message.rcode()), bool(message.flags & dns.flags.RA), answer, denial if not answer else []


def compare(lab, kind):
    hierarchy = build(lab, kind)
    ours, bind = Resolverd(lab, hierarchy), BindResolver(lab, hierarchy)
    lab.start(ours, bind)
    different = []
    # Twice: from the servers, and from the cache.
    for turn in ("first", "cached"):
        for name, kind_of_question in QUESTIONS:
            mine, theirs = (shape(ask(node, name, kind_of_question, rd=True, tcp=True, timeout_s=15)) for node in (ours, bind))
            if mine != theirs:
                different.append(f"{name} {kind_of_question} ({turn}): resolverd {mine}, bind {theirs}")
    assert not different, "\n".join(different)


@test("over a hierarchy served by NSD, resolverd and BIND in its place give the same answers")
def over_nsd(lab):
    compare(lab, Nsd)


@test("over a hierarchy served by Knot, resolverd and BIND in its place give the same answers")
def over_knot(lab):
    compare(lab, Knot)


@test("TTLs count down in the cache, and a resolver that forwards passes on what is left")
def ttl_counts_down(lab):
    hierarchy = build(lab, Nsd)
    regional = Resolverd(lab, hierarchy)
    edge = Resolverd(lab, hierarchy, forward_to=regional)
    lab.start(regional, edge)

    def ttl(node, name="www.leaf.net."):
        return ask(node, name, rd=True, timeout_s=15).answer[0].ttl
    full = ttl(regional)
    assert full == 300
    wait_for(lambda: ttl(regional) <= full - 2, "the TTL to count down by two seconds")
    assert ttl(edge) <= full - 2, "the edge resolver starts with what was left at the regional one"
    assert ttl(edge) <= ttl(regional) + 1


@test("a changed record is seen after the old one's TTL, not before, and through both tiers")
def change_arrives(lab):
    hierarchy = build(lab, Nsd)
    regional = Resolverd(lab, hierarchy)
    edge = Resolverd(lab, hierarchy, forward_to=regional)
    lab.start(regional, edge)

    def address(node):
        return str(ask(node, "short.leaf.net.", rd=True, timeout_s=15).answer[0][0])
    assert address(edge) == address(regional) == "192.0.2.83"
    zone, servers = hierarchy.zones["leaf.net."], hierarchy.servers["leaf.net."]
    zone.change(add=["short 2 A 192.0.2.99"], remove=["short 2 A 192.0.2.83"])
    servers[0].reload_zone(zone)
    lab.wait_for_serial(zone, servers)
    for node in (regional, edge):
        wait_for(lambda node=node: address(node) == "192.0.2.99", f"the new address at {node.name}", deadline_s=10)


@test("with one of a zone's two servers dead, resolverd still answers; with both dead it says SERVFAIL")
def dead_servers(lab):
    hierarchy = build(lab, Nsd)
    ours = Resolverd(lab, hierarchy)
    lab.start(ours)
    first, second = hierarchy.servers["leaf.net."]
    first.kill()
    assert str(ask(ours, "mail.leaf.net.", rd=True, timeout_s=15).answer[0][0]) == "192.0.2.25"
    second.kill()
    assert ask(ours, "mx.leaf.net.", "MX", rd=True, timeout_s=30).rcode() == dns.rcode.SERVFAIL
    assert ask(ours, "www.other.org.", rd=True, timeout_s=15).rcode() == dns.rcode.NOERROR, "other zones are not touched by it"


@test("resolverd and Unbound give the same answers too")
def same_as_unbound(lab):
    hierarchy = build(lab, Nsd)
    ours, unbound = Resolverd(lab, hierarchy), Unbound(lab, hierarchy)
    lab.start(ours, unbound)
    for name, kind in QUESTIONS:
        mine, theirs = (shape(ask(node, name, kind, rd=True, tcp=True, timeout_s=15)) for node in (ours, unbound))
        assert mine == theirs, f"{name} {kind}: resolverd {mine}, unbound {theirs}"


if __name__ == "__main__":
    run_tests()
