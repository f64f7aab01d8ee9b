"""Secondaries that help each other: news spread from member to member, and each takes the zone from the nearest that has it."""
from zt import Authd, Knot, Nsd, replicate, run_tests, sample_zone, test, update, zonectl
from zt.link import Link
from zt.zones import Role

def change(primary, zone, number=1):
    assert update(primary, zone.name, ("add", f"new{number}", 60, "A", "192.0.2.1")) == "NOERROR"
    zone.serial += 1


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
