"""The harness itself: peers that replicate among each other, resolvers over a hierarchy, before any daemon of ours is involved."""
import re

from zt import Bind, BindResolver, Hierarchy, Knot, KnotResolver, Nsd, Pdns, Unbound, ask, ixfr, replicate, run_tests, sample_zone, test


def follow(lab, primary, secondaries, changes=3):
    """Starts the nodes, changes the zone a few times, compares after each."""
    zone = replicate(sample_zone("example.com."), primary, secondaries)
    lab.start()
    lab.wait_for_serial(zone, secondaries)
    for number in range(changes):
        zone.change(add=[f"new{number} A 203.0.113.{number}"], remove=[f"host{number} A 198.51.100.{number}"])
        primary.reload_zone(zone)
        lab.wait_for_serial(zone, [primary, *secondaries])
        expected = primary.axfr(zone.name)
        for node in secondaries:
            assert node.axfr(zone.name) == expected, f"{node.name} serves another zone than the primary"
    return zone


@test("an NSD primary's zone and its changes reach Knot, BIND and PowerDNS secondaries")
def nsd_to_others(lab):
    primary = Nsd(lab)
    zone = follow(lab, primary, [Knot(lab), Bind(lab), Pdns(lab)])
    assert ixfr(primary, zone.name, 1).is_incremental()
    assert ixfr(primary, zone.name, zone.serial).serials() == [zone.serial]


@test("a Knot primary's changes reach NSD and BIND secondaries as IXFR")
def knot_to_others(lab):
    primary, nsd, bind = Knot(lab), Nsd(lab), Bind(lab)
    follow(lab, primary, [nsd, bind])
    for node in (nsd, bind):
        assert len(re.findall(rf"IXFR, outgoing, remote {node.address}@.*finished", primary.log())) >= 3, f"{node.name} took no IXFR"


@test("a BIND primary's zone and its changes reach NSD and Knot secondaries")
def bind_to_others(lab):
    follow(lab, Bind(lab), [Nsd(lab), Knot(lab)])


@test("Unbound, Knot Resolver and BIND resolve the same answers from a hierarchy of NSD servers")
def resolvers(lab):
    hierarchy = Hierarchy()
    root, tld, leaf = Nsd(lab), Nsd(lab), Nsd(lab)
    hierarchy.add(".", [root])
    hierarchy.add("net.", [tld])
    hierarchy.add("leaf.net.", [leaf], ["www A 192.0.2.80", "alias CNAME www"])
    lab.start(root, tld, leaf)
    resolvers = [Unbound(lab, hierarchy), KnotResolver(lab, hierarchy), BindResolver(lab, hierarchy)]
    lab.start(*resolvers)
    for resolver in resolvers:
        answer = ask(resolver, "alias.leaf.net.", rd=True)
        assert [str(rrset[0]) for rrset in answer.answer] == ["www.leaf.net.", "192.0.2.80"], f"{resolver.name}: {answer}"
        assert ask(resolver, "missing.leaf.net.", rd=True).rcode() == 3, resolver.name


if __name__ == "__main__":
    run_tests()
