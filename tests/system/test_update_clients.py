"""nsupdate and knsupdate as clients of authd; what UPDATE promises (RFC 2136)."""
from zt import Authd, ask, replicate, run_tests, sample_zone, test, tool, update

ZONE = "example.com."


def start(lab, *other_zones):
    node = Authd(lab)
    zone = replicate(sample_zone(ZONE), node, [], updates=True)
    for other in other_zones:
        replicate(other, node, [])
    lab.start()
    return node, zone


def script(node, *lines):
    return "\n".join([f"server {node.address} {node.port}", f"zone {ZONE}", *lines, "send", ""])


def address_of(node, name):
    answer = ask(node, name).answer
    return sorted(str(rdata) for rdata in answer[0]) if answer else []


def run_script(lab, program, failure_status):
    """One session with each kind of change and prerequisite; the same script for both programs."""
    node, zone = start(lab)
    tool(program, stdin=script(node, f"update add one.{ZONE} 60 A 203.0.113.1", f"update add one.{ZONE} 60 A 203.0.113.2",
                               f"update add long.{ZONE} 60 TXT \"{'x' * 200}\" \"{'y' * 200}\""))
    assert address_of(node, f"one.{ZONE}") == ["203.0.113.1", "203.0.113.2"]
    serial = node.serial(ZONE)
    assert serial == zone.serial + 1, "one message is one version"

    tool(program, stdin=script(node, f"prereq yxrrset one.{ZONE} A", f"prereq nxdomain two.{ZONE}", f"update delete one.{ZONE} A 203.0.113.1",
                               f"update add two.{ZONE} 60 A 203.0.113.3"))
    assert address_of(node, f"one.{ZONE}") == ["203.0.113.2"]
    assert address_of(node, f"two.{ZONE}") == ["203.0.113.3"]

    before = node.axfr(ZONE)
    for condition in (f"nxdomain one.{ZONE}", f"yxdomain nothing.{ZONE}", f"nxrrset one.{ZONE} A", f"yxrrset one.{ZONE} MX",
                      f"yxrrset one.{ZONE} A 203.0.113.99"):
        tool(program, stdin=script(node, f"prereq {condition}", f"update add never.{ZONE} 60 A 203.0.113.9"), expect=failure_status)
    assert node.axfr(ZONE) == before, "an UPDATE whose prerequisite fails changes nothing"

    tool(program, stdin=script(node, f"update delete one.{ZONE}", f"update delete two.{ZONE} A"))
    assert address_of(node, f"one.{ZONE}") == address_of(node, f"two.{ZONE}") == []
    return node


@test("nsupdate adds, deletes, and sets conditions; an acknowledged change survives kill -9")
def nsupdate(lab):
    node = run_script(lab, "nsupdate", 2)
    survive(node, lambda: tool("nsupdate", "-v", stdin=script(node, f"update add durable.{ZONE} 60 A 203.0.113.7")))


@test("knsupdate adds, deletes, and sets conditions; an acknowledged change survives kill -9")
def knsupdate(lab):
    node = run_script(lab, "knsupdate", 1)
    survive(node, lambda: tool("knsupdate", "-v", stdin=script(node, f"update add durable.{ZONE} 60 A 203.0.113.7")))


def survive(node, change):
    change()
    node.kill()
    node.restart()
    assert address_of(node, f"durable.{ZONE}") == ["203.0.113.7"]


@test("each prerequisite that does not hold gives its own rcode and changes nothing")
def prerequisites(lab):
    node, _ = start(lab)
    before = node.axfr(ZONE)
    add = ("add", "never", 60, "A", "203.0.113.9")
    expected = [(("present", "nothing"), "NXDOMAIN"), (("absent", "mail"), "YXDOMAIN"), (("absent", "mail", "A"), "YXRRSET"),
                (("present", "mail", "MX"), "NXRRSET"), (("present", "mail", "A", "192.0.2.99"), "NXRRSET")]
    for condition, rcode in expected:
        assert update(node, ZONE, condition, add) == rcode, condition
    assert node.axfr(ZONE) == before
    # An RRset prerequisite with values compares the whole set, without the TTL (RFC 2136 §3.2.3).
    assert update(node, ZONE, ("present", "mail", "A", "192.0.2.25"), ("add", "good", 60, "A", "203.0.113.9")) == "NOERROR"


@test("the rules of RFC 2136 for the apex and for CNAME hold")
def rules(lab):
    node, zone = start(lab)

    def ask_type(name, kind):
        return ask(node, name, kind).answer

    assert update(node, ZONE, ("delete", "@")) == "NOERROR"
    assert ask_type(ZONE, "SOA") and ask_type(ZONE, "NS"), "SOA and NS of the apex stay"
    assert not ask_type(ZONE, "MX")
    assert update(node, ZONE, ("delete", "@", "NS", "ns1"), ("delete", "@", "NS", "ns2")) == "NOERROR"
    assert len(ask_type(ZONE, "NS")[0]) == 1, "the last NS stays"
    assert update(node, ZONE, ("add", "www", 60, "A", "203.0.113.1")) == "NOERROR"
    assert ask_type(f"www.{ZONE}", "CNAME"), "data beside a CNAME is ignored"
    assert update(node, ZONE, ("add", "mail", 60, "CNAME", "host1")) == "NOERROR"
    assert not ask_type(f"mail.{ZONE}", "CNAME"), "a CNAME beside data is ignored"
    assert update(node, ZONE, ("add", "www", 60, "CNAME", "host2")) == "NOERROR"
    assert str(ask_type(f"www.{ZONE}", "CNAME")[0][0]) == f"host2.{ZONE}", "a new CNAME takes the old one's place"
    serial = node.serial(ZONE)
    assert update(node, ZONE, ("add", "www", 60, "CNAME", "host2")) == "NOERROR"
    assert node.serial(ZONE) == serial, "a change that changes nothing is no new version"
    assert serial > zone.serial


@test("UPDATE is refused where no rule allows it, for zones that are not here, and for names outside the zone")
def refusals(lab):
    closed = sample_zone("closed.example.")
    node, open_zone = start(lab, closed)
    add = ("add", "new", 60, "A", "203.0.113.1")
    assert update(node, closed.name, add) == "REFUSED"
    assert update(node, "elsewhere.example.", add) == "NOTAUTH"
    assert update(node, open_zone.name, ("add", "new.elsewhere.example.", 60, "A", "203.0.113.1")) == "NOTZONE"


@test("a change over TCP with 500 records is one version, and is served at once")
def large_update(lab):
    node, zone = start(lab)
    changes = [("add", f"bulk{number}", 60, "A", f"203.0.113.{number % 250}") for number in range(500)]
    assert update(node, ZONE, *changes, tcp=True) == "NOERROR"
    assert node.serial(ZONE) == zone.serial + 1
    assert address_of(node, f"bulk499.{ZONE}") == ["203.0.113.249"]


if __name__ == "__main__":
    run_tests()
