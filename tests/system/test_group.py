"""Secondaries that help each other: news spread from member to member, and each takes the zone from the nearest that has it."""
from zt import Authd, Knot, Nsd, replicate, run_tests, sample_zone, test, update, wait_for, zonectl
from zt.link import Link
from zt.zones import Role

MEMBERS = 8


def group_of(lab, count=MEMBERS, first=0):
    """A primary that tells `first` members at once, and a group of secondaries that know each other."""
    primary = Authd(lab, "primary", zone_settings=f"notify-first: {first}" if first else "")
    members = [Authd(lab, f"member{number}") for number in range(count)]
    for member in members:
        member.zone_settings = f"group: [{', '.join(other.where() for other in members)}]"
    zone = replicate(sample_zone("example.com.", hosts=300, refresh=3600), primary, members, updates=True)
    return zone, primary, members


def change(primary, zone, number=1):
    assert update(primary, zone.name, ("add", f"new{number}", 60, "A", "192.0.2.1")) == "NOERROR"
    zone.serial += 1


def transfers(node):
    return node.metric("authd_transfers_whole_total") + node.metric("authd_transfers_difference_total")


@test("eight members have a change within seconds, and the primary sends it to a few of them only")
def egress_is_small(lab):
    zone, primary, members = group_of(lab, first=1)
    lab.start()
    lab.wait_for_serial(zone, members)
    before, between = transfers(primary), sum(transfers(member) for member in members)
    for number in range(5):
        change(primary, zone, number)
        lab.wait_for_serial(zone, members, deadline_s=10)
    lab.check_equal(zone, primary, members)
    sent, passed_on = transfers(primary) - before, sum(transfers(member) for member in members) - between
    assert sent <= 5 * 3, f"the primary sent {sent:.0f} transfers for 5 changes to {MEMBERS} members"
    assert passed_on >= 5 * (MEMBERS - 3), f"members sent each other {passed_on:.0f}"
    assert all(row["state"] == "current" for row in wait_for(
        lambda: [row for row in [zonectl(primary, "peers", zone.name)] if all(p["state"] == "current" for p in row)], "current peers")[0])


@test("a member that the primary cannot reach has a change from another member")
def around_a_cut(lab):
    primary, near, far = Authd(lab, "primary"), Authd(lab, "near"), Authd(lab, "far")
    zone = sample_zone("example.com.", refresh=3600)
    link = Link(lab, primary, far)
    primary.zones[zone.name] = Role(zone, [], [near, link.far], True)
    near.zones[zone.name] = Role(zone, [primary])
    far.zones[zone.name] = Role(zone, [link.near])
    for member in (near, far):
        member.zone_settings = f"group: [{near.where()}, {far.where()}]"
    lab.start()
    lab.wait_for_serial(zone, [near, far])
    link.cut()
    change(primary, zone)
    lab.wait_for_serial(zone, [near, far], deadline_s=10)
    lab.check_equal(zone, primary, [far])
    assert zonectl(far, "zone", zone.name)["last_transfer_from"] == near.where()


@test("a member that went away in the middle does not hold up the others")
def one_is_dead(lab):
    zone, primary, members = group_of(lab, count=4, first=1)
    lab.start()
    lab.wait_for_serial(zone, members)
    members[0].kill()
    for number in range(3):
        change(primary, zone, number)
        lab.wait_for_serial(zone, members[1:], deadline_s=15)
    members[0].restart()
    lab.wait_for_serial(zone, members, deadline_s=15)
    lab.check_equal(zone, primary, members)


@test("foreign secondaries are leaves: they follow a member as they would a primary")
def foreign_leaves(lab):
    primary, member = Authd(lab, "primary"), Authd(lab, "member")
    leaves = [Knot(lab), Nsd(lab)]
    zone = replicate(sample_zone("example.com.", refresh=3600), primary, [member], updates=True)
    member.zones[zone.name].secondaries += leaves
    for leaf in leaves:
        leaf.zones[zone.name] = Role(zone, [member, primary])
    member.zone_settings = f"group: [{', '.join(leaf.where() for leaf in leaves)}]"
    lab.start()
    lab.wait_for_serial(zone, [member, *leaves])
    for number in range(3):
        change(primary, zone, number)
        lab.wait_for_serial(zone, [member, *leaves], deadline_s=10)
    lab.check_equal(zone, primary, [member, *leaves])


if __name__ == "__main__":
    run_tests()
