"""propest against real servers: estimates from what they say, servers found from the root, changes watched until they are everywhere."""
import json
import os
import re
import signal
import socket
import subprocess

from zt import BindResolver, Hierarchy, Knot, Nsd, Unbound, ask, replicate, run_tests, sample_zone, test
from zt.lab import source_top
from zt.ours import built

DEADLINE_S = 60


def propest(*words, expect=0):
    run = subprocess.run([built("tools/propest/propest"), *map(str, words)], capture_output=True, text=True, timeout=DEADLINE_S)
    assert run.returncode == expect, f"propest {' '.join(map(str, words))}: exit {run.returncode}, expected {expect}\n{run.stdout}{run.stderr}"
    return run


def estimate(*words):
    return json.loads(propest("estimate", *words, "--json").stdout)


def at_servers(*nodes):
    return [word for node in nodes for word in ("--server", node.where())]


def pair(lab, **numbers):
    primary, secondary = Nsd(lab), Knot(lab)
    zone = replicate(sample_zone("example.com.", **numbers), primary, [secondary])
    lab.start()
    lab.wait_for_serial(zone, [primary, secondary])
    return zone, primary, secondary


class Silent:
    """An address that takes questions and never answers."""

    def __init__(self, lab):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))

    def where(self):
        return "127.0.0.1@%d" % self.socket.getsockname()[1]

    def close(self):
        self.socket.close()


@test("an estimate takes timers, TTLs and serials from the servers, in the promised JSON")
def live_estimate(lab):
    _, primary, secondary = pair(lab, ttl=120, refresh=1800, retry=300, expire=7200, minimum=40)
    found = estimate("host1.example.com", "A", *at_servers(primary, secondary))
    assert (found["zone"], found["name"], found["type"], found["change"], found["unit"]) == ("example.com.", "host1.example.com.", "A", "modify", "s")
    for row in ("authoritative", "first_fresh", "last_stale"):
        values = [found[row][key] for key in ("p50", "p90", "p99", "p99.9", "bound")]
        assert values == sorted(values), f"{row}: {values}"
    assert abs(found["last_stale"]["p50"] - 60) < 2 and abs(found["last_stale"]["p99"] - 118.8) < 2, found["last_stale"]
    assert found["bound"] == found["last_stale"]["bound"] > 1800 + 120
    servers = {server["address"]: server for server in found["servers"]}
    assert set(servers) == {primary.where(), secondary.where()}
    for server in servers.values():
        assert (server["serial"], server["refresh"], server["ttl"]) == (1, 1800, 120), server
    assert servers[primary.where()]["primary"]
    assert found["contributors"][0]["factor"] == "ttl"
    assert any("assumed" in text for text in found["warnings"])


@test("the first line of an estimate answers in words")
def first_line(lab):
    _, primary, secondary = pair(lab)
    text = propest("estimate", "host1.example.com", "A", *at_servers(primary, secondary)).stdout
    assert re.match(r"99 % of caches by (\S+ )?\d\d:\d\d:\d\d, everyone by (\S+ )?\d\d:\d\d:\d\d at the latest", text), text


@test("additions count the negative TTL, and never ask a cache")
def additions(lab):
    _, primary, secondary = pair(lab, ttl=120, minimum=40)
    found = estimate("new.example.com", "A", "--change", "add", *at_servers(primary, secondary))
    assert found["ttl"] == 40
    run = propest("estimate", "new.example.com", "A", *at_servers(primary, secondary), expect=1)
    assert "--change add" in run.stderr, run.stderr
    found = estimate("host1.example.com", "A", "--change", "delete", *at_servers(primary, secondary))
    assert found["ttl"] == 120


@test("a secondary's EDNS EXPIRE tells when it last polled")
def expire_age(lab):
    _, primary, secondary = pair(lab, refresh=1800, expire=86400)
    found = estimate("host1.example.com", "A", *at_servers(primary, secondary))
    servers = {server["address"]: server for server in found["servers"]}
    assert 86400 - 60 <= servers[secondary.where()]["edns_expire"] <= 86400, servers


@test("servers that are dead, silent or lame are told, and the others still count")
def troubles(lab):
    _, primary, secondary = pair(lab)
    lame = Nsd(lab)
    replicate(sample_zone("other.org."), lame, [])
    lab.start(lame)
    silent = Silent(lab)
    found = estimate("host1.example.com", "A", *at_servers(primary, secondary, lame, silent))
    silent.close()
    text = "\n".join(found["warnings"])
    assert "does not answer" in text and "refuses" in text, text
    assert len(found["servers"]) == 4
    nobody = propest("estimate", "host1.example.com", "A", *at_servers(lame), expect=1)
    assert "authoritative" in nobody.stderr, nobody.stderr
    unknown = propest("estimate", "www.unknown.test", "A", *at_servers(primary), expect=1)
    assert "authoritative" in unknown.stderr, unknown.stderr


@test("servers that disagree about TTLs, timers and serials are told")
def disagreement(lab):
    one, two = Nsd(lab), Nsd(lab)
    replicate(sample_zone("example.com.", serial=5, ttl=60, refresh=100, retry=0), one, [])
    replicate(sample_zone("example.com.", serial=4, ttl=90, refresh=4294967295), two, [])
    lab.start()
    found = estimate("host1.example.com", "A", *at_servers(two, one))
    text = "\n".join(found["warnings"])
    for words in ("different serials", "different SOA timers", "different TTLs", "zero is raised"):
        assert words in text, f"{words} is missing in\n{text}"
    assert found["ttl"] == 90
    assert [server["primary"] for server in found["servers"]] == [False, True], "the newest serial is the primary's"


@test("TTL 0 leaves only the servers' time")
def ttl_zero(lab):
    _, primary, secondary = pair(lab, ttl=0)
    found = estimate("host1.example.com", "A", *at_servers(primary, secondary))
    assert abs(found["last_stale"]["p99"] / found["authoritative"]["p99"] - 1) < 0.001, found


@test("without --server the name's servers are found from the root, and no cache learns the name")
def discovery(lab):
    hierarchy = Hierarchy()
    root, tld, first, second = Nsd(lab), Nsd(lab), Nsd(lab), Nsd(lab)
    hierarchy.add(".", [root])
    hierarchy.add("net.", [tld])
    zone = hierarchy.add("leaf.net.", [first, second], ["www A 192.0.2.80"])
    lab.start(root, tld, first, second)
    lab.wait_for_serial(zone, [first, second])
    resolver = Unbound(lab, hierarchy)
    lab.start(resolver)
    found = estimate("www.leaf.net", "A", "--resolver", resolver.where())
    assert {server["address"] for server in found["servers"]} == {first.where(), second.where()}
    assert not ask(resolver, "www.leaf.net.", rd=False).answer, "the resolver's cache has learned the name"


@test("the topology file joins with what its servers say")
def topology_and_servers(lab):
    _, primary, secondary = pair(lab, ttl=120)
    facts = lab.folder / "facts.yaml"
    facts.write_text(f"""zone: example.com.
server:
  - {{name: p, address: {primary.where()}, vendor: nsd, hidden: yes}}
  - {{name: s, address: {secondary.where()}, vendor: knot, from: p}}
caches: {{count: 20, depth: 1, query-lifetime: 0s}}
""")
    found = estimate("host1.example.com", "A", "--topology", facts)
    assert found["ttl"] == 120 and found["caches"] == 20
    assert found["all_caches"]["p50"] > found["last_stale"]["p50"]
    # NOTIFY over a link without loss can be relied on: the bound has no REFRESH in it.
    assert found["bound"] < 130, found["bound"]


@test("the sample topology file works without a network, the same each time")
def sample_file(lab):
    words = ("www.example", "A", "--no-net", "--topology", source_top() / "zones/propest/example.yaml", "--model", "textbook")
    one, two = estimate(*words), estimate(*words)
    assert {**one, "at": 0} == {**two, "at": 0}
    assert one["textbook"]["dns"] == 60 + 300 * 2 + 0.1 * 1000
    assert estimate(*words, "--seed", 2)["last_stale"] != one["last_stale"]
    csv = lab.folder / "curves.csv"
    propest("estimate", *words, "--csv", csv)
    rows = [list(map(float, line.split(","))) for line in csv.read_text().splitlines()[1:]]
    assert len(rows) > 50 and rows[-1][4] > 0.999
    for column in range(5):
        values = [row[column] for row in rows]
        assert values == sorted(values), f"column {column} is not rising"


@test("a plot is drawn by gnuplot; without gnuplot, or with another ending, the message says what to do")
def plots(lab):
    words = ["www.example", "A", "--no-net", "--topology", source_top() / "zones/propest/example.yaml", "--samples", 500]
    picture = lab.folder / "it's.svg"
    if subprocess.run(["sh", "-c", "command -v gnuplot"], capture_output=True).returncode == 0:
        propest("estimate", *words, "--plot", picture)
        assert "<svg" in picture.read_text()
    assert ".svg or .png" in propest("estimate", *words, "--plot", "plot.pdf", expect=2).stderr
    path = os.environ["PATH"]
    try:
        os.environ["PATH"] = str(lab.folder)
        assert "gnuplot-nox" in propest("estimate", *words, "--plot", picture, expect=1).stderr
    finally:
        os.environ["PATH"] = path


@test("wrong usage and wrong files exit with 2 and say what was expected")
def usage(lab):
    broken = lab.folder / "broken.yaml"
    broken.write_text("server:\n  - {name: a, from: b}\n")
    for words, expected in [
        ([], "expected a command"), (["guess", "a", "A"], "estimate or watch"), (["estimate", "a"], "a NAME and a TYPE"),
        (["estimate", "a..b", "A"], "a domain name"), (["estimate", "a", "AXFR"], "a record type"),
        (["estimate", "a", "A", "--change", "ns"], "modify or add or delete"), (["estimate", "a", "A", "--server", "localhost"], "IP or IP@PORT"),
        (["estimate", "a", "A", "--samples", "0"], "a number from 1"), (["estimate", "a", "A", "--no-net"], "--topology"),
        (["watch", "a", "A"], "--server"), (["estimate", "a", "A", "--topology", broken, "--no-net"], "broken.yaml:2:"),
        (["estimate", "a", "A", "--topology", "/nonexistent", "--no-net"], "/nonexistent"),
    ]:
        run = propest(*words, expect=2)
        assert expected in run.stderr, f"{words}: {run.stderr}"
    assert "usage" in propest("--help").stdout and "propest" in propest("-V").stdout


def start_watch(words):
    watch = subprocess.Popen([built("tools/propest/propest"), "watch", *map(str, words), "--json"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True)
    lines = []

    def seen(pattern):
        """Reads on until a line about something comes; the watch's own time limit ends a wait in vain."""
        for line in watch.stdout:
            lines.append(line)
            if re.search(pattern, line):
                return json.loads(line)
        raise AssertionError(f"watch ended without {pattern}: {lines}")
    return watch, seen


@test("watch follows servers and a cache until a change is everywhere, inside the bound")
def watching(lab):
    hierarchy = Hierarchy()
    root, first, second = Nsd(lab), Nsd(lab), Nsd(lab)
    hierarchy.add(".", [root])
    zone = hierarchy.add("leaf.", [first, second], ["www A 192.0.2.80"], ttl=2)
    lab.start(root, first, second)
    lab.wait_for_serial(zone, [first, second])
    cache = BindResolver(lab, hierarchy)
    lab.start(cache)
    silent = Silent(lab)
    assert ask(cache, "www.leaf.", rd=True).answer
    watch, seen = start_watch(["www.leaf", "A", *at_servers(first, second), "--resolver", cache.where(), "--resolver", silent.where(), "--interval", 50,
                               "--timeout", 40])
    try:
        seen("prediction")
        seen("without RD")
        zone.change(add=["www A 192.0.2.81"], remove=["www A 192.0.2.80"])
        first.reload_zone(zone)
        seen("serial 2")
        last = seen("converged|time is up")
        assert watch.wait(DEADLINE_S) == 0 and "inside the bound" in last["what"], last
    finally:
        silent.close()
        if watch.poll() is None:
            watch.send_signal(signal.SIGKILL)
        watch.wait()
        watch.stdout.close()


@test("watch exits with 3 when its time is up")
def watch_timeout(lab):
    _, primary, secondary = pair(lab)
    run = propest("watch", "host1.example.com", "A", *at_servers(primary, secondary), "--timeout", 1, expect=3)
    assert "no change seen" in run.stdout



if __name__ == "__main__":
    run_tests()
