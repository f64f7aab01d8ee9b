"""Who has what: what a primary knows of its secondaries, how it knows it, and that whoever lacks a version is told until it has it."""
import base64
import contextlib
import time

import dns.message
import dns.query
import dns.tsigkeyring

from zt import Authd, ixfr, replicate, run_tests, sample_zone, test, update, wait_for, zonectl
from zt.peering import FAR, Link, add, current, human, peers, quiet_zone
from zt.zones import Role


class Nobody:
    """Somebody in a notify list who is not there."""
    def __init__(self, where):
        self.text = where

    def where(self):
        return self.text


@contextlib.contextmanager
def linked(lab):
    """A primary that knows its secondary by a link that can be cut."""
    primary, secondary = Authd(lab), Authd(lab)
    zone = replicate(quiet_zone(), primary, [secondary], updates=True)
    link = Link(secondary)
    primary.zones[zone.name].secondaries = [link]
    try:
        lab.start()
        wait_for(lambda: current(primary, zone, link.where()), "the secondary to be current")
        yield primary, secondary, zone, link
    finally:
        link.close()


@test("the last transfer of each peer is known: what it was, how large, how long it took, and why it was whole; also after a restart")
def transfers_are_known(lab):
    primary, near = Authd(lab), Authd(lab)
    zone = replicate(quiet_zone(hosts=50), primary, [near], updates=True)
    lab.start()
    wait_for(lambda: current(primary, zone, near.where()), "the secondary to be current")
    first = peers(primary, zone)[near.where()]
    assert (first["transfer"], first["transfer_reason"], first["notified"]) == ("axfr", "asked for AXFR", True), first
    assert first["transfer_bytes"] > 1000 and first["transfer_ms"] >= 0 and first["transfer_serial"] == zone.serial
    add(primary, zone, "new")
    wait_for(lambda: current(primary, zone, near.where()), "the secondary to have the change")
    second = peers(primary, zone)[near.where()]
    assert (second["transfer"], second["transfer_reason"]) == ("ixfr", None), second
    assert second["transfer_bytes"] < first["transfer_bytes"] and second["confirmed_by"] == "soa"
    primary.stop()
    primary.restart()
    assert peers(primary, zone)[near.where()] == second


@test("the reason why a whole zone was sent for a difference is told: too old, larger than the zone, not a serial of ours")
def reasons(lab):
    primary = Authd(lab)
    zone = replicate(quiet_zone(hosts=50, serial=1000), primary, [], updates=True)
    lab.start()

    def seen():
        return zonectl(primary, "peers", zone.name)[0]

    def transfer_from(serial):
        ixfr(primary, zone.name, serial)
        return wait_for(lambda: seen() if seen()["transfer_serial"] == zone.serial else None, "the transfer to be known")
    assert transfer_from(500)["transfer_reason"] == "the journal does not reach back to its serial"
    first = zone.serial
    for number in range(30):
        assert update(primary, zone.name, ("replace", "host1", 300, "A", f"192.0.2.{number}")) == "NOERROR"
        zone.serial += 1
    row = transfer_from(first)
    assert (row["transfer"], row["transfer_reason"]) == ("ixfr condensed", None), row
    assert update(primary, zone.name, *(("replace", f"host{number}", 300, "A", "192.0.2.3") for number in range(1, 51))) == "NOERROR"
    zone.serial += 1
    row = transfer_from(first)
    assert (row["transfer"], row["transfer_reason"]) == ("axfr for ixfr", "the differences were larger than the zone"), row
    assert update(primary, zone.name, ("add", "@", 300, "SOA", f"ns1 hostmaster {zone.serial + 100} {FAR} {FAR} 864000 60")) == "NOERROR"
    zone.serial += 100
    assert transfer_from(zone.serial - 50)["transfer_reason"] == "its serial is none of this zone's versions"


@test("who transfers without being in the notify list is shown too, and not waited for; no more than sixteen of them")
def strangers(lab):
    primary, listed, other = Authd(lab), Authd(lab), Authd(lab)
    zone = replicate(quiet_zone(), primary, [listed, other], updates=True)
    primary.zones[zone.name].secondaries = [listed]
    lab.start()
    wait_for(lambda: current(primary, zone, listed.where()) and other.address in peers(primary, zone), "both to be known")
    add(primary, zone, "new")
    waited = zonectl(primary, "wait", zone.name, zone.serial)
    assert waited["confirmed"] == waited["needed"] == 1, waited
    rows = zonectl(primary, "peers", zone.name)
    assert [(row["peer"], row["state"], row["notified"]) for row in rows] == [(listed.where(), "current", True), (other.address, "behind", False)]
    assert rows[1]["behind_versions"] == 1
    primary.stop()
    primary.restart()
    assert other.address in peers(primary, zone)
    for number in range(1, 41):
        query = dns.message.make_query(zone.name, "AXFR")
        dns.query.tcp(query, primary.address, port=primary.port, timeout=5, source=f"127.77.0.{number}", one_rr_per_rrset=True)
    wait_for(lambda: "127.77.0.40" in peers(primary, zone), "the last one to be known")
    assert len(peers(primary, zone)) == 1 + 16
    primary.stop()
    primary.restart()
    assert "127.77.0.40" in peers(primary, zone) and len(peers(primary, zone)) == 1 + 16


@test("zonectl peers reads well: who lags comes first, in plain words")
def reads_well(lab):
    primary, near, far = Authd(lab), Authd(lab), Authd(lab)
    zone = replicate(quiet_zone(), primary, [near, far], updates=True)
    lab.start()
    zonectl(primary, "wait", zone.name, zone.serial)
    far.stop()
    add(primary, zone, "new")
    wait_for(lambda: current(primary, zone, near.where()), "the secondary that is there to be current")
    wait_for(lambda: peers(primary, zone)[far.where()]["reason"] == "no answer to NOTIFY", "the reason to be known")
    lines = human(primary, "peers", zone.name).splitlines()
    assert lines[0].split()[:4] == ["PEER", "STATE", "SERIAL", "LAG"], lines
    assert lines[1].startswith(far.where()) and "behind" in lines[1] and "1 version" in lines[1] and "no answer to NOTIFY" in lines[1], lines
    assert lines[2].startswith(near.where()) and "current" in lines[2] and "ixfr" in lines[2], lines
    assert all(len(line) <= 140 for line in lines), lines


@test("a change that was acknowledged just before a crash is told after it: the queue is the journal")
def crash(lab):
    with linked(lab) as (primary, secondary, zone, link):
        for number in range(5):
            link.is_cut = True
            add(primary, zone, f"new{number}")
            primary.kill()
            link.is_cut = False
            primary.restart()
            lab.wait_for_serial(zone, [secondary], deadline_s=10)
            wait_for(lambda: current(primary, zone, link.where()), "the secondary to be current")


@test("after a partition the secondary is current as soon as the pause since the last message is over, though it never polls")
def partition(lab):
    with linked(lab) as (primary, secondary, zone, link):
        link.is_cut = True
        cut_at = time.monotonic()
        add(primary, zone, "new")
        wait_for(lambda: link.seen >= 6 and time.monotonic() - cut_at > 3.5, "some messages to be lost")
        row = peers(primary, zone)[link.where()]
        assert row["state"] == "behind" and row["tries"] >= 2 and row["behind_versions"] == 1 and row["behind_s"] > 2, row
        pause = row["next_try_in_s"]
        link.is_cut = False
        lab.wait_for_serial(zone, [secondary], deadline_s=pause + 2)


@test("a sign of life of the secondary, for whatever zone, brings at once what it was not told")
def sign_of_life(lab):
    primary, secondary = Authd(lab), Authd(lab)
    link = Link(secondary)
    zones = [replicate(quiet_zone(f"zone{number}.example."), primary, [secondary], updates=True) for number in range(30)]
    other = replicate(quiet_zone("other.example."), primary, [])
    for zone in zones:
        primary.zones[zone.name].secondaries = [link]
    lab.start()
    for zone in zones:
        wait_for(lambda zone=zone: current(primary, zone, link.where()), "the secondary to be current")
    link.is_cut = True
    for zone in zones:
        add(primary, zone, "new")
    # The pause until the next message is four seconds then, and was begun just now.
    wait_for(lambda: all(row["tries"] >= 4 and row["next_try_in_s"] > 5 for zone in zones for row in zonectl(primary, "peers", zone.name)),
             "the pauses to be long")
    link.is_cut = False
    query = dns.message.make_query(other.name, "SOA")
    began = time.monotonic()
    dns.query.udp(query, primary.address, port=primary.port, timeout=5, source=secondary.address)
    # The question could be anybody's, so it brings some; their answers bring the others.
    for zone in zones:
        wait_for(lambda zone=zone: current(primary, zone, link.where()), f"{zone.name} to be current", pause_s=0.005)
    assert time.monotonic() - began < 3, time.monotonic() - began
    link.close()


@test("zonectl notify tells a peer again, also one that is current")
def again(lab):
    with linked(lab) as (primary, _, zone, link):
        seen = link.seen
        assert zonectl(primary, "notify", zone.name, link.where())["told"] == 1
        wait_for(lambda: link.seen > seen, "a message")
        assert zonectl(primary, "notify", zone.name)["told"] == 1
        zonectl(primary, "notify", zone.name, "127.0.0.1@9", expect=1)
        zonectl(primary, "notify", zone.name, "nobody", expect=2)
        wait_for(lambda: zonectl(primary, "peers", zone.name)[0]["next_try_in_s"] is None, "the peer to be settled")


@test("the metrics name the worst laggards and totals, not everybody")
def metrics(lab):
    primary = Authd(lab)
    zones = [replicate(quiet_zone(f"zone{number}.example."), primary, [], updates=True) for number in range(30)]
    for zone in zones:
        primary.zones[zone.name].secondaries = [Nobody(f"127.99.0.{number}@9") for number in range(1, 6)]
    lab.start()
    add(primary, zones[3], "new")
    assert primary.metric("authd_peers") == primary.metric("authd_peers_behind") == 150
    assert primary.metric("authd_zones_behind") == 30
    text = primary.metrics()
    assert text.count("authd_peer_lag_seconds{") == 20
    assert primary.metric("authd_peer_lag_worst_seconds") >= 0


@test("a peer that is no longer listed is forgotten, one that is spoken to on another port is another")
def reconfigured(lab):
    primary, near, far = Authd(lab), Authd(lab), Authd(lab)
    zone = replicate(quiet_zone(), primary, [near, far], updates=True)
    lab.start()
    zonectl(primary, "wait", zone.name, zone.serial)
    config = primary.path("authd.yaml")
    config.write_text(config.read_text().replace(f"[{near.where()}, {far.where()}]", f"[{near.where()}]"))
    zonectl(primary, "reload")
    assert set(peers(primary, zone)) == {near.where()}
    assert peers(primary, zone)[near.where()]["state"] == "current"
    config.write_text(config.read_text().replace(f"[{near.where()}]\n    allow-update", f"[{near.where()}, {far.where()}]\n    allow-update"))
    zonectl(primary, "reload")
    wait_for(lambda: current(primary, zone, far.where()), "the peer that is back to be asked")
    assert primary.metric("authd_peers") == 2


@test("targets that share an address are told apart by the keys with which they ask")
def told_apart_by_keys(lab):
    secrets = {name: base64.b64encode(name.encode() * 8).decode() for name in ("one", "two")}

    class Keyed(Authd):
        def config(self):
            rows = "".join(f"  - {{name: {name}, algorithm: hmac-sha256, secret: {secret}}}\n" for name, secret in secrets.items())
            return "key:\n" + rows + super().config()
    primary = Keyed(lab)
    zone = replicate(quiet_zone(), primary, [])
    where = {name: f"127.88.0.1@{port}" for port, name in enumerate(secrets, 9)}
    primary.zones[zone.name].secondaries = [Nobody(f"{{address: {address}, key: {name}}}") for name, address in where.items()]
    lab.start()

    def fetch(name):
        query = dns.message.make_query(zone.name, "AXFR")
        query.use_tsig(dns.tsigkeyring.from_text(secrets), keyname=name)
        dns.query.tcp(query, primary.address, port=primary.port, timeout=5, source="127.88.0.1", one_rr_per_rrset=True)
    fetch("two")
    wait_for(lambda: peers(primary, zone)[where["two"]]["transfer"] == "axfr", "the transfer to be known")
    assert peers(primary, zone)[where["one"]]["transfer"] is None
    fetch("one")
    wait_for(lambda: peers(primary, zone)[where["one"]]["transfer"] == "axfr", "the transfer to be known")
    assert len(peers(primary, zone)) == 2


@test("a server that has our serial with other content does not count as having it, until it has fetched ours")
def diverged_is_not_current(lab):
    primary, other, secondary = Authd(lab, "primary"), Authd(lab, "other"), Authd(lab, "secondary")
    zone, changed = sample_zone("example.com.", serial=7), sample_zone("example.com.", serial=7)
    changed.lines.append("only.other A 192.0.2.77")
    other.zones[zone.name] = Role(changed, [], [secondary])
    secondary.zones[zone.name] = Role(changed, [other])
    primary.zones[zone.name] = Role(zone, [], [secondary])
    lab.start(other)
    lab.start(secondary)
    lab.wait_for_serial(changed, [secondary])
    lab.start(primary)
    wait_for(lambda: "DIVERGED" in (zonectl(primary, "peers", zone.name)[0]["reason"] or ""), "the reason of the peer")
    answer = zonectl(primary, "wait", zone.name, 7, "--timeout", "1", expect=3)
    assert not answer["reached"] and zonectl(primary, "peers", zone.name)[0]["state"] != "current"
    # It follows us instead: its version becomes ours.
    secondary.zones[zone.name] = Role(zone, [primary])
    secondary.write_config()
    secondary.reload()
    wait_for(lambda: secondary.axfr(zone.name) == primary.axfr(zone.name), "equal zones")
    wait_for(lambda: zonectl(primary, "peers", zone.name)[0]["state"] == "current", "a current peer", 20)


if __name__ == "__main__":
    run_tests()
