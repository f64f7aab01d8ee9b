# time limit: 300 s
"""ZONEMD (RFC 8976): zones whose content has not the digest they state are refused, from a file and from other servers."""
import re

from zt import Authd, DigestedZone, Knot, Nsd, SignedZone, ask, replicate, run_tests, sample_zone, test, update, wait_for, zonectl

ZONE = "digest.example."
MISMATCH = re.compile(r"the content's digest \(SHA-384\) is not the one that ZONEMD states")
VERIFIED = re.compile(r"the content has the digest \(SHA-(384|512)\) that ZONEMD states")


def tamper(zone):
    """One address of the next version is another than the one that was digested."""
    assert "192.0.2.25" in zone.body
    zone.body = zone.body.replace("192.0.2.25", "192.0.2.26")


def versions(lab, **numbers):
    """A plain zone and the same with a digest."""
    plain = sample_zone(ZONE, **numbers)
    return plain, DigestedZone(lab.folder, plain)


def next_version(plain, zone, good):
    plain.change(add=[f"version{plain.serial + 1} A 192.0.2.99"])
    zone.sign(plain)
    if not good:
        tamper(zone)


@test("a zone file is verified, a reload of one that was changed afterwards is refused and the old content stays")
def file_is_verified(lab):
    plain, zone = versions(lab)
    node = Authd(lab)
    replicate(zone, node, [])
    lab.start()
    node.wait_for_log(VERIFIED)
    next_version(plain, zone, good=False)
    node.reload_zone(zone)
    node.wait_for_log(MISMATCH)
    assert node.serial(ZONE) == 1
    assert "ZONEMD" in str(zonectl(node, "zone", ZONE))
    next_version(plain, zone, good=True)
    node.reload_zone(zone)
    lab.wait_for_serial(zone, [node])


@test("a damaged file is not served at the first start either, unless zonemd-verify is off")
def first_load(lab):
    _, zone = versions(lab)
    tamper(zone)
    strict, lax = Authd(lab), Authd(lab, zone_settings="zonemd-verify: no")
    for node in (strict, lax):
        replicate(zone, node, [])
    lab.start()
    strict.wait_for_log(MISMATCH)
    lab.wait_for_serial(zone, [lax])
    assert strict.serial(ZONE) is None
    assert not MISMATCH.search(lax.log())


@test("a large file, which is served before it is stored, is verified first")
def large_file(lab):
    plain = sample_zone(ZONE, hosts=20000)
    zone = DigestedZone(lab.folder, plain, "sha512")
    good = Authd(lab)
    replicate(zone, good, [])
    lab.start()
    good.wait_for_log(VERIFIED)
    tamper(zone)
    bad = Authd(lab)
    replicate(zone, bad, [])
    lab.start(bad)
    bad.wait_for_log(re.compile("SHA-512.* is not the one that ZONEMD states"))
    assert bad.serial(ZONE) is None


def follow(lab, kind):
    plain, zone = versions(lab)
    primary, secondary = kind(lab), Authd(lab)
    replicate(zone, primary, [secondary])
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    secondary.wait_for_log(VERIFIED)
    next_version(plain, zone, good=False)
    primary.reload_zone(zone)
    secondary.wait_for_log(MISMATCH)
    assert secondary.serial(ZONE) == 1
    next_version(plain, zone, good=True)
    primary.reload_zone(zone)
    lab.wait_for_serial(zone, [secondary])


@test("a secondary of NSD refuses a transfer whose digest is wrong, and takes the next good one")
def from_nsd(lab):
    follow(lab, Nsd)


@test("a secondary of Knot refuses a transfer whose digest is wrong, and takes the next good one")
def from_knot(lab):
    follow(lab, Knot)


@test("signed zones with SHA-384 and SHA-512 digests of ldns are verified, NSEC3 among them")
def signed(lab):
    nodes = []
    for number, options in enumerate((["-z", "sha384"], ["-z", "sha512"], ["-n", "-z", "sha384", "-z", "sha512"])):
        folder = lab.folder / f"keys{number}"
        folder.mkdir()
        zone = SignedZone(folder, sample_zone(ZONE), *options)
        nodes.append(Authd(lab))
        replicate(zone, nodes[-1], [])
    lab.start()
    for node in nodes:
        node.wait_for_log(VERIFIED)
        assert ask(node, ZONE, "ZONEMD").answer


@test("a scheme nobody knows is logged and the zone served")
def unknown_scheme(lab):
    zone = sample_zone(ZONE)
    zone.lines.append("@ ZONEMD 1 241 1 " + "ab" * 48)
    node = Authd(lab)
    replicate(zone, node, [])
    lab.start()
    lab.wait_for_serial(zone, [node])
    node.wait_for_log(re.compile("no ZONEMD record has a scheme and hash known here .*not verified"))


@test("UPDATE goes through although the digest cannot follow")
def update_is_taken(lab):
    _, zone = versions(lab)
    node = Authd(lab)
    replicate(zone, node, [], updates=True)
    lab.start()
    assert update(node, ZONE, ("add", "new", 60, "A", "192.0.2.77")) == "NOERROR"
    wait_for(lambda: ask(node, "new." + ZONE).answer, "the new address")


if __name__ == "__main__":
    run_tests()
