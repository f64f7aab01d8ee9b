# time limit: 300 s
"""ZONEMD (RFC 8976): zones whose content has not the digest they state are refused, from a file and from other servers."""
import re

from zt import Authd, DigestedZone, Knot, Nsd, SignedZone, ask, replicate, run_tests, sample_zone, test, tool, update, wait_for, zonectl

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


class KnotVerifier(Knot):
    """Takes no version without a right digest."""

    def config(self):
        return super().config().replace("    acl: lab\n", "    acl: lab\n    zonemd-verify: on\n", 1)


def digest_is_right(lab, node, option="-Z"):
    """By ldns (-ZZ: with its signature), out of a transfer; returns the hash of the only ZONEMD record."""
    records = tool("dig", "-p", node.port, f"@{node.address}", ZONE, "AXFR", "+noall", "+answer", "+onesoa")
    path = lab.folder / f"served-{node.name}"
    path.write_text(records)
    tool("ldns-verify-zone", option, path)
    digests = [line.split() for line in records.splitlines() if line.split()[3] == "ZONEMD"]
    assert len(digests) == 1, digests
    return digests[0][6]


def generating(lab, zone, settings="zonemd-generate: sha384", **roles):
    """A primary that makes digests, and a Knot secondary that takes nothing without a right one."""
    primary = Authd(lab, zone_settings=settings)
    secondary = KnotVerifier(lab)
    replicate(zone, primary, [secondary], **roles)
    return primary, secondary


@test("zonemd-generate makes it true after the load, UPDATEs and reloads; ldns and Knot agree")
def generated(lab):
    zone = sample_zone(ZONE)
    primary, secondary = generating(lab, zone, updates=True)
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    assert digest_is_right(lab, primary) == "1"
    for number in range(3):
        assert update(primary, ZONE, ("add", f"new{number}", 60, "A", "192.0.2.77")) == "NOERROR"
        digest_is_right(lab, primary)
    # A digest of somebody else, and taking it away, have no lasting effect.
    assert update(primary, ZONE, ("delete", ZONE, "ZONEMD")) == "NOERROR"
    assert update(primary, ZONE, ("add", ZONE, 60, "ZONEMD", "1 1 2 " + "ab" * 64)) == "NOERROR"
    assert digest_is_right(lab, primary) == "1"
    zone.serial = primary.serial(ZONE)
    lab.wait_for_serial(zone, [secondary])
    zone.change(add=["more A 192.0.2.99"])
    primary.reload_zone(zone)
    lab.wait_for_serial(zone, [primary, secondary])
    assert digest_is_right(lab, primary) == "1"
    assert ask(primary, "new1." + ZONE).answer, "what UPDATE changed was kept"
    serial = primary.serial(ZONE)
    primary.stop()
    primary.restart()
    primary.reload_zone(zone)
    primary.stop()
    primary.restart()
    assert primary.serial(ZONE) == serial, "nothing changed, no new version"
    # The same in two sources of differences: what followed one by one, and a new secondary's whole zone.
    lab.check_equal(zone, primary, [secondary])
    assert set(primary.sources(ZONE)) == {"file", "update"}


@test("zonemd-generate can be changed and taken away; the digest follows at the reload")
def generate_changes(lab):
    zone = sample_zone(ZONE)
    primary, secondary = generating(lab, zone, settings="zonemd-generate: none")
    lab.start()
    lab.wait_for_serial(zone, [primary])
    assert not ask(primary, ZONE, "ZONEMD").answer
    for setting, hash_number in (("sha384", "1"), ("sha512", "2"), ("none", None), ("sha512", "2")):
        before = primary.serial(ZONE)
        primary.zone_settings = f"zonemd-generate: {setting}"
        primary.write("authd.yaml", primary.config())
        primary.reload()
        wait_for(lambda before=before: primary.serial(ZONE) == before + 1, f"a version with {setting}")
        if hash_number:
            assert digest_is_right(lab, primary) == hash_number
            zone.serial = before + 1
            lab.wait_for_serial(zone, [secondary])
        else:
            assert not ask(primary, ZONE, "ZONEMD").answer


@test("a large zone, which is served before it is stored, has its digest from the first answer on, also after a crash")
def generated_large(lab):
    zone = sample_zone(ZONE, hosts=20000)
    primary, secondary = generating(lab, zone, settings="zonemd-generate: sha512")
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    assert digest_is_right(lab, primary) == "2"
    primary.kill()
    primary.restart()
    assert primary.serial(ZONE) == zone.serial
    assert digest_is_right(lab, primary) == "2"


@test("a signed zone is served with its own right digest, and refused where it has none; UPDATE of it is refused")
def generate_signed(lab):
    folders = [lab.folder / "with", lab.folder / "without"]
    for folder in folders:
        folder.mkdir()
    good, bare = SignedZone(folders[0], sample_zone(ZONE), "-z", "sha384"), SignedZone(folders[1], sample_zone(ZONE))
    serving, refusing = (Authd(lab, zone_settings="zonemd-generate: sha384") for _ in range(2))
    replicate(good, serving, [], updates=True)
    replicate(bare, refusing, [])
    lab.start()
    message = re.compile("the zone is signed, and a ZONEMD record made here would have no signature")
    refusing.wait_for_log(message)
    assert refusing.serial(ZONE) is None
    assert "would have no signature" in zonectl(refusing, "zone", ZONE)["error"]
    assert serving.serial(ZONE) == good.serial
    assert digest_is_right(lab, serving, "-ZZ") == "1"
    assert update(serving, ZONE, ("add", "new", 60, "A", "192.0.2.77")) == "REFUSED"
    serving.wait_for_log(message)
    assert serving.serial(ZONE) == good.serial


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
