"""Receipts of changes, and waiting until others have them; how far back the history reaches, and for whom."""
import contextlib
import subprocess

from zt import Authd, replicate, run_tests, scale, test, update, wait_for, zonectl
from zt.ours import built
from zt.peering import add, human, peers, quiet_zone


def wait_at(node, zone, *words, expect=0):
    return zonectl(node, "wait", zone.name, *words, expect=expect)


@contextlib.contextmanager
def waiting(node, *words):
    """zonectl wait in the background; gives a function that returns its exit status and output."""
    process = subprocess.Popen([built("tools/zonectl/zonectl"), "-s", str(node.control()), "wait", *map(str, words)], stdout=subprocess.PIPE, text=True)

    def outcome():
        out, _ = process.communicate(timeout=30)
        return process.returncode, out
    try:
        yield outcome
    finally:
        process.kill()
        process.wait()


@test("a reload yields a receipt, the same in the log, in the history and at the secondary")
def receipt_of_reload(lab):
    primary, near = Authd(lab), Authd(lab)
    zone = replicate(quiet_zone(), primary, [near])
    lab.start()
    zone.change(add=["new A 192.0.2.9"])
    primary.write_zone(zone)
    row = zonectl(primary, "reload", zone.name)["zones"][0]
    assert row["outcome"] == "changed" and row["serial"] == zone.serial and len(row["fingerprint"]) == 32, row
    assert zonectl(primary, "history", zone.name)[-1]["fingerprint"] == row["fingerprint"]
    assert f"fingerprint {row['fingerprint']}" in primary.log_end(20)
    wait_at(primary, zone, row["serial"])
    assert zonectl(near, "zone", zone.name)["fingerprint"] == row["fingerprint"]


@test("wait answers when the evidence comes, for the serial named or the one that is served; newer ones count")
def wait_levels(lab):
    primary, near, far = Authd(lab), Authd(lab), Authd(lab)
    zone = replicate(quiet_zone(), primary, [near, far], updates=True)
    lab.start()
    assert wait_at(primary, zone)["serial"] == zone.serial
    old = zone.serial
    for number in range(5):
        add(primary, zone, f"new{number}")
    reached = wait_at(primary, zone, old + 1)
    assert reached["reached"] and reached["confirmed"] == 2
    wait_at(primary, zone)
    far.stop()
    add(primary, zone, "more")
    assert wait_at(primary, zone, "--at", "quorum")["needed"] == 1
    assert wait_at(primary, zone, "--at", "1")["reached"]
    late = wait_at(primary, zone, "--timeout", "0.3", expect=3)
    assert [row["peer"] for row in late["lagging"]] == [far.where()] and late["lagging"][0]["serial"] == zone.serial - 1
    assert 0.3 <= late["waited_s"] < 2
    with waiting(primary, zone.name, "--timeout", "20") as outcome:
        far.restart()
        assert outcome()[0] == 0


@test("a wait for a serial that does not exist yet ends when it does and all have it")
def future(lab):
    primary, near = Authd(lab), Authd(lab)
    zone = replicate(quiet_zone(), primary, [near], updates=True)
    lab.start()
    wait_at(primary, zone)
    with waiting(primary, zone.name, zone.serial + 2, "--timeout", "20") as outcome:
        add(primary, zone, "one")
        add(primary, zone, "two")
        code, text = outcome()
    assert code == 0 and f"{zone.serial}: reached" in text, text
    late = subprocess.run([built("tools/zonectl/zonectl"), "-s", str(primary.control()), "wait", zone.name, str(zone.serial + 7), "--timeout", "0.1"],
                          capture_output=True, text=True, check=False)
    assert late.returncode == 3 and f"the zone is at serial {zone.serial} here" in late.stdout, late.stdout


@test("a peer that is taken out of the configuration holds up nobody; a zone that goes ends its waits")
def removed(lab):
    primary, near, far = Authd(lab), Authd(lab), Authd(lab)
    zone = replicate(quiet_zone(), primary, [near, far], updates=True)
    lab.start(primary, near)
    lab.wait_for_serial(zone, [near])
    config = primary.path("authd.yaml")
    text = config.read_text()
    with waiting(primary, zone.name, "--timeout", "20") as outcome:
        config.write_text(text.replace(f"[{near.where()}, {far.where()}]", f"[{near.where()}]"))
        zonectl(primary, "reload")
        assert outcome()[0] == 0
    add(primary, zone, "new")
    with waiting(primary, zone.name, zone.serial + 10, "--timeout", "20") as outcome:
        config.write_text(text[:text.index("zone:")] + "zone: []\n")
        zonectl(primary, "reload")
        assert outcome()[0] == 1


@test("wait costs no time beyond that of the evidence: many waits end within milliseconds of it")
def prompt(lab):
    primary, near = Authd(lab), Authd(lab)
    zone = replicate(quiet_zone(), primary, [near], updates=True)
    lab.start()
    wait_at(primary, zone)
    waited = []
    for number in range(scale(20)):
        add(primary, zone, f"new{number}")
        waited.append(wait_at(primary, zone)["waited_s"])
    assert sorted(waited)[len(waited) // 2] < 0.02, waited


def with_journal(lab, size):
    """A primary whose journal is small."""
    class Small(Authd):
        def config(self):
            return super().config().replace("  workers:", f"  journal-size: {size}\n  workers:")
    return Small(lab)


def fill(primary, zone, rounds):
    """Versions of some 30 kB each."""
    for number in range(rounds):
        changes = (("replace", f"big{part}", 300, "TXT", '"' + "x" * 240 + f'{number}-{part}"') for part in range(60))
        assert update(primary, zone.name, *changes, tcp=True) == "NOERROR"
        zone.serial += 1


@test("what the slowest secondary needs is the last that the history lets go, and who would need more is told")
def history_reaches(lab):
    primary, near, far = with_journal(lab, "1M"), Authd(lab), Authd(lab)
    slow = replicate(quiet_zone("slow.example.", hosts=5000), primary, [near, far], updates=True)
    busy = replicate(quiet_zone("busy.example."), primary, [near], updates=True)
    lab.start()
    for zone in (slow, busy):
        wait_at(primary, zone)
    far.stop()
    at = slow.serial
    fill(primary, slow, 15)
    wait_at(primary, slow, "--at", "1")
    wait_for(lambda: zonectl(primary, "reach", slow.name)["slowest_serial"] == at, "the slow secondary to count")
    # Soon the slow zone has the most bytes, and would be the first to let go.
    fill(primary, busy, 60)
    fill(primary, slow, 3)
    reach = zonectl(primary, "reach", slow.name)
    assert reach["oldest_serial"] == at, reach
    assert reach["peers_within"] == 2 and reach["peers_beyond"] == []
    assert zonectl(primary, "reach", busy.name)["versions"] < 20
    text = human(primary, "history", slow.name)
    assert f"IXFR reaches back to serial {at}" in text and "That is enough for all 2 servers known." in text, text
    far.restart()
    wait_at(primary, slow, "--timeout", "20")
    assert peers(primary, slow)[far.where()]["transfer"].startswith("ixfr"), peers(primary, slow)[far.where()]
    far.stop()
    at = slow.serial
    fill(primary, slow, 50)
    reach = zonectl(primary, "reach", slow.name)
    assert [row["peer"] for row in reach["peers_beyond"]] == [far.where()] and reach["peers_beyond"][0]["reason"] == "its serial is older", reach
    assert primary.metric("authd_peers_beyond_history") == 1
    assert primary.metric("authd_history_bytes") <= primary.metric("authd_history_limit_bytes") == 1 << 20
    text = human(primary, "history", slow.name)
    assert f"{far.where()}, serial {at}: its serial is older" in text, text


if __name__ == "__main__":
    run_tests()
