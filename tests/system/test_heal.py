"""How authd secondaries heal: what they do where IXFR fails, serials go back, or the same serial has other content."""
import re
import shutil
import time

import dns.edns
import dns.message
import dns.opcode
import dns.query

from zt import (Authd, Bind, DigestedZone, Failure, Key, Knot, Nsd, Pdns, ask, ixfr, replicate, run_tests, sample_zone, test, update, wait_for,
                zonectl)
from zt.fake import FakePrimary
from zt.lab import time_factor
from zt.link import connect
from zt.zones import Role

HOSTS = 500
ZSYNC = 65377


def status(node, zone):
    return zonectl(node, "zone", zone.name)


def steps(node, zone):
    """What the secondary tried, oldest first: kind and result."""
    return [(step["kind"], step["result"]) for step in status(node, zone)["steps"]]


def add(node, zone, name, address="192.0.2.1"):
    rcode = update(node, zone.name, ("add", name, 300, "A", address))
    if rcode != "NOERROR":
        raise Failure(f"UPDATE of {zone.name} answered with {rcode}")


def pair(lab, settings="", **numbers):
    primary, secondary = Authd(lab), Authd(lab, zone_settings=settings)
    zone = replicate(sample_zone("example.com.", hosts=HOSTS, **numbers), primary, [secondary], updates=True)
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    return primary, secondary, zone


def wait_for_equal(lab, zone, primary, secondary):
    lab.wait_for_serial(zone, [secondary], primary.serial(zone.name))
    lab.check_equal(zone, primary, [secondary])


def change(lab, zone, primary, name):
    """The next version of the zone's file is served by the primary."""
    zone.change(add=[f"{name} A 192.0.2.3"])
    primary.reload_zone(zone)
    lab.wait_for_serial(zone, [primary])


def bring_back(node, zone, lines, serial):
    """The stopped primary loses all but its zone file, which becomes another one, and starts again."""
    shutil.rmtree(node.path("state"))
    zone.lines, zone.serial = lines, serial
    node.start()
    node.wait_until_ready()


@test("what a server has is told to who may transfer the zone and says what it has itself, and to nobody else")
def told_to_peers_only(lab):
    primary, secondary, zone = pair(lab)

    def answer(kind, *options):
        query = dns.message.make_query(zone.name, kind, options=options)
        return dns.query.udp(query, primary.address, port=primary.port, timeout=5)
    mine = dns.edns.GenericOption(ZSYNC, bytes([1, 0, 0, 0]) + bytes(28))
    told = [option for option in answer("SOA", mine).options if option.otype == ZSYNC]
    assert len(told) == 1 and len(told[0].data) == 32 and told[0].data[4:8] == zone.serial.to_bytes(4, "big"), told
    assert not answer("NS", mine).options and not answer("SOA").options
    # The answer to NOTIFY says it too.
    message = dns.message.make_query(zone.name, "SOA", options=[mine])
    message.set_opcode(dns.opcode.NOTIFY)
    reply = dns.query.udp(message, secondary.address, port=secondary.port, timeout=5)
    assert reply.rcode() == 0 and [option.data[4:] for option in reply.options if option.otype == ZSYNC] == [told[0].data[4:]], reply


@test("an IXFR is for who has a version of ours: another one of the same serial is not patched")
def lineage(lab):
    primary, secondary, zone = pair(lab)
    lines, serial = list(zone.lines), zone.serial
    add(primary, zone, "one")
    lab.wait_for_serial(zone, [secondary], serial + 1)
    # The primary is made anew: a version of the same number that is another one, and one more.
    secondary.stop()
    primary.stop()
    bring_back(primary, zone, [line for line in lines if not line.startswith("host7 ")] + ["other A 192.0.2.77"], serial + 1)
    add(primary, zone, "two")
    assert primary.serial(zone.name) == serial + 2
    # Differences from that number there are, and they would fit.
    assert ixfr(primary, zone.name, serial + 1).is_incremental()
    secondary.restart()
    wait_for_equal(lab, zone, primary, secondary)
    assert status(secondary, zone)["last_transfer"] in ("axfr", "repair")
    assert primary.metric("authd_transfers_foreign_total") == 1
    # And from then on all is as before.
    add(primary, zone, "three")
    wait_for_equal(lab, zone, primary, secondary)
    assert steps(secondary, zone)[-1] == ("ixfr", "taken")


# ---- histories that do not lead to the primary's version ----------------------------------------------------------------------------------

@test("journal lost at the primary: the difference is reconciled, as one difference that the secondary passes on")
def journal_truncated(lab):
    primary, secondary, last = Authd(lab), Authd(lab), Authd(lab)
    zone = sample_zone("example.com.", hosts=20 * HOSTS)
    link = connect(lab, zone, primary, secondary)
    replicate(zone, secondary, [last])
    secondary.zones[zone.name].primaries.append(link.near)
    lab.start()
    lab.wait_for_serial(zone, [secondary, last])
    before = zone.serial
    primary.stop()
    link.reset()
    started = time.monotonic()
    bring_back(primary, zone, [line for line in zone.lines if not line.startswith("host7 ")] + ["one A 192.0.2.1"], before + 1)
    wait_for_equal(lab, zone, primary, secondary)
    seconds = time.monotonic() - started
    assert ("ixfr", "offered") in steps(secondary, zone), steps(secondary, zone)
    assert steps(secondary, zone)[-1] == ("reconciliation", "taken"), steps(secondary, zone)
    # Three RRsets of twenty thousand; the rest of the bytes is what it takes to find them.
    assert link.total() < 20_000, link.total()
    print(f"# equal after {seconds:.1f} s, by {link.total()} bytes")
    assert secondary.sources(zone.name)[-1] == "repair"
    # To those behind it that is a difference like any other.
    wait_for_equal(lab, zone, primary, last)
    assert steps(last, zone)[-1] == ("ixfr", "taken")
    assert len(ixfr(secondary, zone.name, before).serials()) == 4


@test("max-transfer-size bounds reconciliation too")
def bounded(lab):
    primary, secondary = Authd(lab), Authd(lab, zone_settings="max-transfer-size: 64K")
    zone = replicate(sample_zone("example.com.", hosts=HOSTS), primary, [secondary])
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    before = zone.serial
    primary.stop()
    text = " ".join(f'"{"x" * 250}"' for _ in range(16))
    bring_back(primary, zone, zone.lines + [f"large{number} TXT {text}" for number in range(20)], before + 1)
    secondary.wait_for_log(re.compile("reconciliation from .* failed: more than 65536 bytes"))
    secondary.wait_for_log(re.compile("AXFR from .* failed: .*more than 65536 bytes"))
    assert secondary.serial(zone.name) == before


@test("where no history leads on and the servers do not reconcile, the whole zone is transferred")
def journal_truncated_with_other_keys(lab):
    primary, secondary = Authd(lab), Authd(lab, server_settings="sync-secret: one of several such secrets")
    zone = replicate(sample_zone("example.com.", hosts=HOSTS), primary, [secondary])
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    primary.stop()
    bring_back(primary, zone, zone.lines + ["one A 192.0.2.1"], zone.serial + 1)
    wait_for_equal(lab, zone, primary, secondary)
    assert steps(secondary, zone)[-1] == ("ixfr", "taken")
    assert status(secondary, zone)["last_transfer"] == "axfr"


@test("another serial over the same data costs no records, also where no history leads there")
def same_data(lab):
    primary, secondary, zone = pair(lab)
    primary.stop()
    bring_back(primary, zone, zone.lines, zone.serial + 5)
    wait_for_equal(lab, zone, primary, secondary)
    assert steps(secondary, zone)[-1] == ("reconciliation", "taken"), steps(secondary, zone)
    assert status(secondary, zone)["steps"][-1]["bytes"] < 400, status(secondary, zone)["steps"][-1]
    assert "-> 6 (repair): 1 records removed, 1 added" in secondary.log()


@test("a zone that reconciliation can't tell of, for a name of too many RRsets, is transferred as a whole")
def too_many_types(lab):
    primary, secondary = Authd(lab), Authd(lab)
    zone = sample_zone("example.com.", hosts=0)
    zone.lines += [f"@ TYPE{number} \\# 1 00" for number in range(1000, 5200)]
    replicate(zone, primary, [secondary])
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    primary.stop()
    bring_back(primary, zone, zone.lines + ["@ TYPE5200 \\# 1 00"], zone.serial + 1)
    lab.wait_for_serial(zone, [secondary], zone.serial)
    assert [kind for kind, _ in steps(secondary, zone)][-2:] == ["reconciliation", "axfr"], steps(secondary, zone)


@test("servers that share a key reconcile under it")
def reconciles_with_key(lab):
    primary, secondary = Authd(lab), Authd(lab)
    primary.key = secondary.key = Key("peers.")
    zone = sample_zone("example.com.", hosts=20)
    # Names that share long parents, so that the first question, which holds names, is some kilobytes.
    zone.lines += [f"n{number}.{'y' * 63}.c{parent:02}{'x' * 60} A 192.0.2.1" for parent in range(17) for number in range(30)]
    replicate(zone, primary, [secondary])
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    primary.stop()
    bring_back(primary, zone, zone.lines + ["one A 192.0.2.1"], zone.serial + 1)
    wait_for_equal(lab, zone, primary, secondary)
    assert steps(secondary, zone)[-1] == ("reconciliation", "taken"), steps(secondary, zone)


# ---- serials that go back ----------------------------------------------------------------------------------------------------------------

def backup_restored(lab, settings):
    """The primary comes back as it was two changes ago; returns after it has said so."""
    primary, secondary, zone = pair(lab, settings)
    lines, serial = list(zone.lines), zone.serial
    for name in ("one", "two"):
        change(lab, zone, primary, name)
        lab.wait_for_serial(zone, [secondary])
    primary.stop()
    bring_back(primary, zone, lines, serial)
    return primary, secondary, zone, serial


@test("backup restored: by default the secondary keeps what it has and says so, until the operator decides")
def backup_restored_alarm(lab):
    primary, secondary, zone, serial = backup_restored(lab, "")
    alarm = wait_for(lambda: status(secondary, zone)["alarm"], "an alarm")
    assert f"serial {serial}, older than our {serial + 2}" in alarm and "zonectl retransfer" in alarm, alarm
    assert secondary.serial(zone.name) == serial + 2
    assert secondary.metric("authd_refresh_events_total", event="behind") >= 1
    assert "rollback: alarm" in secondary.log()
    # The primary's operator learns of it too, and is not told that the secondary has what is served there.
    wait_for(lambda: f"newer serial than {serial}," in (zonectl(primary, "peers", zone.name)[0]["reason"] or ""), "the primary to say that the secondary is ahead")
    assert not zonectl(primary, "wait", zone.name, "--timeout", "0.5", expect=3)["reached"]
    zonectl(secondary, "retransfer", zone.name)
    wait_for_equal(lab, zone, primary, secondary)
    assert not status(secondary, zone)["alarm"]
    # From there on differences lead on.
    change(lab, zone, primary, "three")
    wait_for_equal(lab, zone, primary, secondary)
    assert steps(secondary, zone)[-1] == ("ixfr", "taken"), steps(secondary, zone)


@test("backup restored, with rollback: adopt: what was once served is served again, also further down the chain")
def backup_restored_adopt(lab):
    primary, secondary, last = Authd(lab), Authd(lab, zone_settings="rollback: adopt"), Authd(lab, zone_settings="rollback: adopt")
    zone = replicate(sample_zone("example.com.", hosts=HOSTS), primary, [secondary])
    replicate(zone, secondary, [last])
    secondary.zones[zone.name].primaries.append(primary)
    lab.start()
    lab.wait_for_serial(zone, [secondary, last])
    lines, serial = list(zone.lines), zone.serial
    for name in ("one", "two"):
        change(lab, zone, primary, name)
        lab.wait_for_serial(zone, [secondary, last])
    primary.stop()
    bring_back(primary, zone, lines, serial)
    for node in (secondary, last):
        wait_for_equal(lab, zone, primary, node)
        assert node.metric("authd_refresh_events_total", event="adopted") == 1
        assert steps(node, zone)[-1] == ("reconciliation", "taken"), steps(node, zone)
    change(lab, zone, primary, "three")
    for node in (secondary, last):
        wait_for_equal(lab, zone, primary, node)
        assert steps(node, zone)[-1] == ("ixfr", "taken"), steps(node, zone)


@test("zone deleted and made anew with a lower serial: never taken without the operator, whatever the policy")
def recreated(lab):
    primary, secondary, zone = pair(lab, "rollback: adopt", serial=5)
    primary.stop()
    bring_back(primary, zone, [line for line in zone.lines if not line.startswith("host")] + ["fresh A 192.0.2.9"], 1)
    alarm = wait_for(lambda: status(secondary, zone)["alarm"], "an alarm")
    assert "serial 1, older than our 5" in alarm, alarm
    assert secondary.serial(zone.name) == 5
    zonectl(secondary, "retransfer", zone.name)
    wait_for_equal(lab, zone, primary, secondary)


# ---- one serial, two contents -----------------------------------------------------------------------------------------------------------------

@test("same serial with other data: DIVERGED is told and the primary's version taken, without a new serial")
def same_serial(lab):
    primary, secondary, zone = pair(lab)
    primary.stop()
    bring_back(primary, zone, [line for line in zone.lines if not line.startswith("host7 ")] + ["other A 192.0.2.77"], zone.serial)
    wait_for(lambda: secondary.axfr(zone.name) == primary.axfr(zone.name), "equal zones")
    assert "DIVERGED" in secondary.log() and "DIVERGED" in primary.log()
    assert secondary.metric("authd_refresh_events_total", event="diverged") == 1
    assert steps(secondary, zone)[-2:] == [("soa", "diverged"), ("reconciliation", "taken")], steps(secondary, zone)
    found = status(secondary, zone)
    assert not found["diverged"] and not found["alarm"], found
    change(lab, zone, primary, "three")
    wait_for_equal(lab, zone, primary, secondary)
    assert steps(secondary, zone)[-1] == ("ixfr", "taken"), steps(secondary, zone)


@test("two primaries with changes of their own: the secondary never mixes them, and says that they disagree")
def interleaved(lab):
    first, second, secondary = Authd(lab), Authd(lab), Authd(lab)
    zone = replicate(sample_zone("example.com.", hosts=HOSTS), first, [secondary], updates=True)
    replicate(zone, second, [secondary], updates=True)
    secondary.zones[zone.name].primaries = [first, second]
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    for turn, node in enumerate((first, second, second, first, first, second)):
        add(node, zone, f"turn{turn}")
        serial = node.serial(zone.name)
        if serial > secondary.serial(zone.name):
            lab.wait_for_serial(zone, [secondary], serial)
            lab.check_equal(zone, node, [secondary])
    # Both are at one serial now, with different content.
    assert first.serial(zone.name) == second.serial(zone.name) == secondary.serial(zone.name)
    served = secondary.axfr(zone.name)
    assert served in (first.axfr(zone.name), second.axfr(zone.name))
    followed, other = (first, second) if served == first.axfr(zone.name) else (second, first)
    alarm = wait_for(lambda: status(secondary, zone)["alarm"], "an alarm")
    assert "DIVERGED" in alarm and other.where() in alarm and followed.where() in alarm, alarm
    assert secondary.metric("authd_refresh_events_total", event="disagreed") >= 1
    assert secondary.axfr(zone.name) == served
    add(other, zone, "more")
    wait_for_equal(lab, zone, other, secondary)


# ---- damage -------------------------------------------------------------------------------------------------------------------------------

def flip(node, text):
    """Flips a bit in each place where the stopped server's journal has the text; how many."""
    path = node.path("state") / "journal.mdb"
    data = path.read_bytes()
    path.write_bytes(data.replace(text, text[:-1] + bytes([text[-1] ^ 1])))
    return data.count(text)


@test("a bit flips in the primary's history: the secondary that was away gets the right data, and the damaged part is dropped")
def flipped_history(lab):
    primary, secondary, zone = pair(lab)
    secondary.stop()
    # What comes and goes is in the history alone: the content stays whole.
    add(primary, zone, "flipme")
    assert update(primary, zone.name, ("delete", "flipme")) == "NOERROR"
    add(primary, zone, "three")
    serial = primary.serial(zone.name)
    reached = zonectl(primary, "zone", zone.name)["journal_from_serial"]
    primary.stop()
    assert flip(primary, b"\6flipme") >= 1
    primary.restart()
    secondary.restart()
    wait_for(lambda: (secondary.serial(zone.name) or 0) >= serial, "the secondary to follow")
    lab.check_equal(zone, primary, [secondary])
    assert "cannot be used" not in primary.log()
    assert secondary.serial(zone.name) == serial
    # What is damaged is told, and not kept.
    wait_for(lambda: "is damaged" in primary.log(), "a word about the damage")
    add(primary, zone, "four")
    wait_for_equal(lab, zone, primary, secondary)
    assert steps(secondary, zone)[-1] == ("ixfr", "taken")
    assert zonectl(primary, "zone", zone.name)["journal_from_serial"] > reached


@test("a bit flips in what a secondary has stored: it fetches the zone anew, and nobody need do anything")
def flipped_secondary(lab):
    primary, secondary, zone = pair(lab)
    secondary.stop()
    for image in secondary.path("state").rglob("*.image"):
        image.unlink()
    assert flip(secondary, b"\5host7") >= 1
    secondary.restart()
    wait_for_equal(lab, zone, primary, secondary)
    assert "the zone will be transferred anew" in secondary.log()
    assert status(secondary, zone)["last_transfer"] == "axfr"
    add(primary, zone, "one")
    wait_for_equal(lab, zone, primary, secondary)
    assert steps(secondary, zone)[-1] == ("ixfr", "taken")


@test("a bit flips in what a primary has stored: it says so, reads its file, and its secondary follows")
def flipped_primary(lab):
    primary, secondary, zone = pair(lab)
    add(primary, zone, "one")
    wait_for_equal(lab, zone, primary, secondary)
    primary.stop()
    for image in primary.path("state").rglob("*.image"):
        image.unlink()
    assert flip(primary, b"\5host7") >= 1
    primary.restart()
    wait_for(lambda: primary.serial(zone.name), "the primary to serve the zone")
    assert "the zone file is read instead, changes made by UPDATE are lost" in primary.log()
    wait_for_equal(lab, zone, primary, secondary)


# ---- transfers that fail ---------------------------------------------------------------------------------------------------------------------

@test("NOTIFY acknowledged, but the transfer failed: it is tried again soon, long before RETRY, and each step is told")
def acknowledged(lab):
    primary, secondary = Authd(lab), Authd(lab)
    zone = sample_zone("example.com.", hosts=HOSTS, refresh=3600, retry=600)
    link = connect(lab, zone, primary, secondary)
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    link.cut_tcp()
    zone.change(add=["one A 192.0.2.1"])
    primary.reload_zone(zone)
    wait_for(lambda: steps(secondary, zone).count(("ixfr", "failed")) >= 2, "two attempts that failed")
    assert "IXFR from" in secondary.log() and secondary.metric("authd_refresh_steps_total", kind="ixfr", result="failed") >= 2
    reason = [step["reason"] for step in status(secondary, zone)["steps"] if step["result"] == "failed"][-1]
    assert reason, "a failed step without its reason"
    started = time.monotonic()
    link.mend()
    wait_for_equal(lab, zone, primary, secondary)
    assert time.monotonic() - started < 10
    assert steps(secondary, zone)[-1] == ("ixfr", "taken")


@test("content that its ZONEMD does not fit is refused from one primary and taken right from the next")
def zonemd_mismatch(lab):
    good, bad, secondary = Authd(lab), Authd(lab, zone_settings="zonemd-verify: no"), Authd(lab)
    zone = sample_zone("example.com.", hosts=HOSTS)
    digested = DigestedZone(lab.folder, zone)
    replicate(digested, good, [])
    replicate(digested, bad, [secondary])
    secondary.zones[zone.name].primaries = [bad, good]
    lab.start()
    lab.wait_for_serial(digested, [secondary])
    zone.change(add=["one A 192.0.2.111"])
    digested.sign(zone)
    good.reload_zone(digested)
    lab.wait_for_serial(digested, [good])
    bad.write(bad.zones[zone.name].file, digested.text().replace("192.0.2.111", "192.0.2.112"))
    bad.reload()
    lab.wait_for_serial(digested, [secondary])
    lab.check_equal(digested, good, [secondary])
    failed = [step for step in status(secondary, digested)["steps"] if step["result"] == "failed"]
    assert failed and all(step["from"] == bad.where() and "ZONEMD" in step["reason"] for step in failed), failed


# ---- EXPIRE -------------------------------------------------------------------------------------------------------------------------------

@test("a zone expires everywhere when its primary has been gone for EXPIRE, also where it came from another secondary, and after a restart")
def expires_down_the_chain(lab):
    primary, secondary, last = Authd(lab), Authd(lab), Authd(lab)
    zone = replicate(sample_zone("example.com.", refresh=1, retry=1, expire=6), primary, [secondary])
    replicate(zone, secondary, [last])
    secondary.zones[zone.name].primaries.append(primary)
    lab.start()
    lab.wait_for_serial(zone, [secondary, last])
    primary.stop()
    gone = time.monotonic()
    last.stop()
    last.restart()
    assert status(last, zone)["expire_in_s"] <= 6
    wait_for(lambda: status(last, zone)["state"] == "expired", "the last one to expire")
    elapsed = time.monotonic() - gone
    assert elapsed < 9 * time_factor(), f"expired {elapsed:.1f} s after the primary was gone, EXPIRE is 6 s"
    assert ask(last, "www.example.com.").rcode() == 2
    primary.restart()
    lab.wait_for_serial(zone, [secondary, last])


# ---- other servers ------------------------------------------------------------------------------------------------------------------------

def follow_foreign(lab, kind):
    primary, secondary = kind(lab), Authd(lab)
    zone = replicate(sample_zone("example.com.", hosts=HOSTS), primary, [secondary])
    lab.start()
    lab.wait_for_serial(zone, [secondary], deadline_s=60)
    for number in range(2 if kind is not Pdns else 0):
        change(lab, zone, primary, f"new{number}")
        lab.wait_for_serial(zone, [secondary])
    zonectl(secondary, "refresh", zone.name)
    wait_for(lambda: steps(secondary, zone)[-1] == ("soa", "current"), "a SOA query that is answered")
    lab.check_equal(zone, primary, [secondary])
    # Nobody minded the options: nothing was asked again without.
    assert "FORMERR" not in secondary.log() and secondary.metric("authd_refresh_steps_total", kind="soa", result="failed") == 0


@test("a primary that does not take EDNS is followed without it")
def no_edns(lab):
    fake, secondary = FakePrimary(lab), Authd(lab)
    fake.knows_edns = False
    zone = fake.zone("example.com.")
    secondary.zones[zone.name] = Role(zone, [fake])
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    zone.change()
    zonectl(secondary, "refresh", zone.name)
    lab.wait_for_serial(zone, [secondary])
    # Once is enough to know.
    assert fake.refused == 1 and not fake.trouble, (fake.refused, fake.trouble)
    assert secondary.metric("authd_refresh_steps_total", result="failed") == 0


for foreign in (Bind, Knot, Nsd, Pdns):
    test(f"a {foreign.kind} primary answers questions with our options as it does those without")(lambda lab, kind=foreign: follow_foreign(lab, kind))


if __name__ == "__main__":
    run_tests()
