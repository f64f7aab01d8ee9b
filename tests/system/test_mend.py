"""zonesync repair of servers, and the reports of zonesync verify."""
import json
import re
import subprocess

from zt import Authd, Bind, Failure, Knot, Nsd, built, replicate, run_tests, sample_zone, test, update, wait_for, zonectl
from zt.link import connect
from zt.zones import Role

ZONE = "example.com."


def zonesync(*words, expect=0):
    run = subprocess.run([built("zonesync/zonesync"), *map(str, words)], capture_output=True, text=True, timeout=60, check=False)
    if run.returncode != expect:
        raise Failure(f"zonesync {' '.join(map(str, words))} ended with {run.returncode}, expected {expect}:\n{run.stdout}{run.stderr}")
    return run.stdout + run.stderr


def place(node):
    return f"{node.where()}/{ZONE}"


def copy_of(lab, zone):
    """The zone as a file that no server knows."""
    path = lab.folder / "copy.zone"
    path.write_text(zone.text())
    return f"{path}:{ZONE}"


@test("a secondary that missed a change is told of it and fetches it itself")
def by_notify(lab):
    primary, secondary = Authd(lab, "primary"), Authd(lab, "secondary")
    zone = replicate(sample_zone(ZONE, refresh=3600), primary, [secondary], updates=True)
    primary.zones[ZONE].secondaries.clear()
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    assert update(primary, ZONE, ("add", "new", 60, "A", "192.0.2.1")) == "NOERROR"
    answer = json.loads(zonesync("--json", "repair", place(primary), place(secondary)))
    assert (answer["by"], answer["serial"]) == ("notify", 2), answer
    lab.check_equal(zone, primary, [secondary])
    assert "holds what A holds already" in zonesync("repair", place(primary), place(secondary))


@test("a secondary that has diverged under the same serial repairs itself when told")
def diverged(lab):
    primary, secondary = Authd(lab, "primary"), Authd(lab, "secondary")
    zone = replicate(sample_zone(ZONE, refresh=3600), primary, [secondary])
    primary.zones[ZONE].secondaries.clear()
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    primary.stop()
    for path in (primary.folder / "state").iterdir():
        path.unlink()
    zone.lines.append("other A 192.0.2.99")
    primary.start()
    primary.wait_until_ready()
    assert "DIVERGED" in zonesync("verify", place(primary), place(secondary), expect=1)
    assert "fetched it by itself" in zonesync("repair", place(primary), place(secondary))
    lab.check_equal(zone, primary, [secondary])


def takes_updates(lab, kind):
    server = kind(lab)
    zone = sample_zone(ZONE, hosts=3000)
    server.zones[ZONE] = Role(zone, [], [], True)
    lab.start()
    lab.wait_for_serial(zone, [server])
    zone.change(add=["@ NS ns3", "ns3 A 192.0.2.3", "@ TXT \"other\"", *(f"more{number} 77 A 203.0.113.{number % 256}" for number in range(4000))],
                remove=["@ NS ns1", "@ NS ns2", "ns1 A 192.0.2.1", "mail A 192.0.2.25", *(f"host{number} A 198.51.100.{number % 256}" for number in range(1, 2000))])
    zone.serial = 10
    wanted = copy_of(lab, zone)
    assert "changed by UPDATE" in zonesync("--timeout", "2", "repair", wanted, place(server))
    assert "no difference" in zonesync("diff", wanted, place(server)) or zonesync("verify", "--full", wanted, place(server)).splitlines()[-1].startswith("equal")


@test("an authd primary is changed by UPDATE, in several messages")
def updates_authd(lab):
    takes_updates(lab, Authd)


@test("a BIND primary is changed by UPDATE")
def updates_bind(lab):
    takes_updates(lab, Bind)


@test("a Knot primary is changed by UPDATE")
def updates_knot(lab):
    takes_updates(lab, Knot)


@test("who takes neither NOTIFY nor UPDATE stays as it is, and what to do is told")
def refused(lab):
    for kind in (Nsd, Authd):
        server = kind(lab)
        server.zones[ZONE] = Role(sample_zone(ZONE))
    lab.start()
    zone = sample_zone(ZONE, serial=5)
    zone.lines.append("other A 192.0.2.99")
    for server in lab.nodes:
        said = zonesync("--timeout", "2", "repair", copy_of(lab, zone), place(server), expect=1)
        assert "takes no UPDATE from here" in said and "allow-update" in said and "zonectl retransfer" in said, said
        assert server.serial(ZONE) == 1


@test("zonesync verify --report has the server that is behind told again")
def reports(lab):
    primary, secondary = Authd(lab, "primary"), Authd(lab, "secondary")
    zone = sample_zone(ZONE, refresh=3600)
    link = connect(lab, zone, primary, secondary)
    primary.zones[ZONE].updates = True
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    link.cut()
    assert update(primary, ZONE, ("add", "new", 60, "A", "192.0.2.1")) == "NOERROR"
    wait_for(lambda: zonectl(primary, "peers", ZONE)[0]["tries"] >= 3, "three vain tries")
    link.mend()
    behind = f"{link.far.where()}/{ZONE}"
    said = zonesync("verify", "--report", primary.where(), place(primary), behind, expect=1)
    assert "its allow-notify must name this machine" in said, said
    primary.zone_settings = "allow-notify: [127.0.0.0/8]"
    primary.write_config()
    primary.reload()
    wait_for(lambda: "is told that B is behind" in zonesync("verify", "--report", primary.where(), place(primary), behind, expect=1), "an accepted report")
    primary.wait_for_log(re.compile("reports that .* told again"))
    zone.serial = 2
    lab.wait_for_serial(zone, [secondary], deadline_s=3)
    assert "not for diff" in zonesync("diff", "--report", primary.where(), place(primary), behind, expect=2)


if __name__ == "__main__":
    run_tests()
