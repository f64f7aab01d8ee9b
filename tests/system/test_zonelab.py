"""zonelab as its user meets it: a lab comes up, answers, takes changes, shows what is wrong, and leaves nothing behind."""
import contextlib
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from zt import Failure, Skip, built, run_tests, source_top, test, tool, wait_for
from zt.lab import time_factor
from zt.node import require
from zt.zonelab import Zonelab, expect

SMALL = """name: small
port: {port}
network: {network}.0
nodes:
  - {{name: ns1.test, kind: authd}}
  - {{name: ns2.test, kind: authd}}
  - {{name: inner, kind: resolverd}}
  - {{name: outer, kind: resolverd, forward: [inner]}}
zones:
  - {{name: ., primary: ns1.test, secondaries: ns2.test, ttl: 1h}}
  - name: test.
    primary: ns1.test
    secondaries: [ns2.test]
    ttl: 2s
    refresh: 2s
    retry: 1s
    records: |
      www   A    192.0.2.10
      alias CNAME www
demo: {{zone: test., name: www.test., rdata: 192.0.2.99}}
"""

ERRORS = {      # what is replaced in SMALL, by what -> what is said
    ("port: {port}", "prt: 1"): r'lab\.yaml:2:1: unknown key "prt" in topology, did you mean "port"\?',
    ("forward: [inner]", "forward: [iner]"): r"lab\.yaml:8:45: there is no node iner; expected the name of one under nodes:; did you mean \"inner\"\?",
    ("secondaries: [ns2.test]", "secondaries: [ns3.test]"): r"lab\.yaml:13:19: there is no node ns3\.test; expected",
    ("www   A    192.0.2.10", "www   A    192.0.2"): r"lab\.yaml:18:1: zone test\.: '192\.0\.2' is no IPv4 address; expected one as 192\.0\.2\.1",
    ("alias CNAME www", "www CNAME alias"): r"lab\.yaml:19:1: www\.test\. CNAME: a CNAME record beside other data",
    ("ttl: 2s", "ttl: soon"): r'lab\.yaml:14:10: ttl is "soon", expected a duration',
    ("name: www.test.,", "name: www.org.,"): r"lab\.yaml:20:27: www\.org\. is not in zone test\.; expected",
}


def small(lab, text=SMALL, folder="work folder"):
    return Zonelab(lab, text, folder)


def read_until(process, pattern):
    """Lines of the process up to one that matches."""
    seen = ""
    for line in process.stdout:
        seen += line
        if re.search(pattern, line):
            return seen
    raise Failure(f"expected /{pattern}/ in:\n{seen}")


def default(lab):
    """The default topology on the test's own port and network."""
    text = (source_top() / "zones/lab.yaml").read_text().replace("{", "{{").replace("}", "}}")
    return Zonelab(lab, text.replace("5300", "{port}").replace("127.53.0.0", "{network}.0"))


@test("a lab comes up, answers, takes an UPDATE, shows itself and goes down without a trace")
def whole_life(lab):
    with small(lab) as z:
        said = z.run("up", z.topology)
        expect(said, r"ns2\.test +authd +\S+ +test\. +secondary +1 +ok")
        expect(said, rf"Try:  dig -p {z.port} @{re.escape(z.network)}\.4 www\.test\. A")
        require("dig", "bind9-dnsutils")
        expect(z.run("dig", "outer", "alias.test", "A", "+short"), r"192\.0\.2\.10")
        expect(tool("dig", "-p", z.port, f"@{z.network}.2", "www.test", "+short", "+norec"), r"192\.0\.2\.10")
        expect(z.run("exec", "outer", "sh", "-c", "echo $ZONELAB_NODE $ZONELAB_ADDRESS $ZONELAB_PORT"), rf"outer {re.escape(z.network)}\.4 {z.port}")
        expect(z.run("exec", "ns1.test", "zonectl", "peers", "test."), r"current")
        expect(z.run("update", "test.", "add", "new", 5, "A", "192.0.2.7"), r"serial of test\.: 1 -> 2")
        expect(z.run("update", "test.", "add", "new", 5, "A", "192.0.2.7"), r"nothing to change, the serial of test\. stays 2")
        expect(z.run("update", "test.", "delete", "new", "A"), r"serial of test\.: 2 -> 3")
        expect(z.run("update", "test.", "replace", "www", 1, "A", "192.0.2.11"), r"serial of test\.: 3 -> 4")
        expect(z.run("dig", "ns1.test", "www.test.", "A", "+short"), r"\A192\.0\.2\.11\n\Z")
        said = z.run("update", "test.", "add", "all", 5, "A", "192.0.2.8", "--at", "all", "--timeout", "20")
        expect(said, r"receipt: test\. serial 5, fingerprint [0-9a-f]{32}\nall after \d+ ms: 1 of 1 secondaries were seen with it")
        said = z.run("update", "test.", "add", "all", 3600, "A", "192.0.2.8", "--at", "visible", "--timeout", "2", expect=3)
        expect(said, r"all after \d+ ms: 1 of 1 secondaries were seen with it; caches may give old data for [1-9] s more")
        wait_for(lambda: all(row["serial"] == 6 for row in z.status() if row["zone"] == "test."), "serial 6 at both servers")
        expect(z.run("status"), r"ns2\.test .* test\. +secondary +6 +ok")
        z.run("down")
        z.expect_nothing_left()
        expect(z.run("down", expect=1), r"no lab is running in .*start one with: zonelab up")


@test("the default lab has every zone on a primary and two secondaries with one serial, and plain dig gets an answer from every node")
def default_lab(lab):
    with default(lab) as z:
        z.run("up", z.topology)
        rows = z.status()
        if len(rows) != 20 or any(row["state"] != "ok" for row in rows):
            raise Failure(f"not as expected: {rows}")
        for zone in (".", "example.", "test.", "shop.example.", "blog.example.", "lab.test."):
            of_zone = [row for row in rows if row["zone"] == zone]
            if len(of_zone) != 3 or sum(row["primary"] for row in of_zone) != 1 or len({row["serial"] for row in of_zone}) != 1:
                raise Failure(f"not as expected: {of_zone}")
        for row in rows:
            address = row["address"].split("@")[0]
            expect(tool("dig", "-p", z.port, f"@{address}", "SOA", row["zone"] or "shop.example."), r"status: NOERROR(?s:.*)\sSOA\s")
        z.run("down")
        z.expect_nothing_left()


@test("the zone files it writes are accepted by named-checkzone and ldns-read-zone")
def zone_files(lab):
    with default(lab) as z:
        z.run("up", z.topology)
        z.run("down")
        files = sorted(z.dir.glob("*/*.zone"))
        if len(files) != 6:
            raise Failure(f"expected 6 zone files: {files}")
        checkzone = require("named-checkzone", "bind9-utils")
        for file in files:
            zone = "." if file.stem == "root" else file.stem
            run = subprocess.run([checkzone, "-i", "local", zone, file], capture_output=True, text=True, timeout=30, check=False)
            if run.returncode != 0:
                raise Failure(run.stdout + run.stderr)
            tool("ldns-read-zone", file)


@test("watch shows a change at every server and cache, and ends well at Ctrl-C")
def watch(lab):
    with small(lab) as z:
        z.run("up", z.topology)
        watching = z.start("watch", "www.test.")
        read_until(watching, r"outer +192\.0\.2\.10")
        z.run("update", "test", "delete", "www", "A")
        z.run("update", "test", "add", "www", 1, "A", "192.0.2.55")
        read_until(watching, r"outer .*-> 192\.0\.2\.55")
        os.kill(z.pid("ns2.test"), signal.SIGKILL)
        read_until(watching, r"ns2\.test +serial 3 -> down")
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=30)
        if watching.returncode != 0:
            raise Failure(f"watch ended with {watching.returncode}")


@test("watch ends when nobody reads it any more")
def watch_unread(lab):
    with small(lab) as z:
        z.run("up", z.topology)
        watching = z.start("watch")
        read_until(watching, "serial")
        watching.stdout.close()
        watching.wait(30)


@test("status tells a dead node and a stopped one, and exits 1")
def status_of_the_dead(lab):
    with small(lab) as z:
        z.run("up", z.topology)
        os.kill(z.pid("ns2.test"), signal.SIGKILL)
        wait_for(lambda: {row["state"] for row in z.status() if row["node"] == "ns2.test"} == {"dead"}, "ns2.test to be dead")
        expect(z.run("status", expect=1), r"ns2\.test .* dead")
        os.kill(z.pid("inner"), signal.SIGSTOP)
        expect(z.run("status", expect=1), r"inner .* no answer")
        z.run("down")
        z.expect_nothing_left()


@test("the demo of a small lab converges within the predicted bound")
def demo_small(lab):
    with small(lab) as z:
        said = z.run("demo", z.topology)
        for pattern in (r"2\. What propest predicts", r"every server has it +0\.\d{3}", r"serial 1 -> 2", r"outer +192\.0\.2\.10 -> 192\.0\.2\.99",
                        r"Its receipt: zone test\., serial 2, fingerprint [0-9a-f]{32}\.",
                        r"zonectl wait test\. 2 --at all, asked meanwhile: reached after \d\.\d{3} s, confirmed by 1 of 1 secondaries",
                        r"All 2 servers and 2 caches have the change, within the bound"):
            expect(said, pattern)
        z.expect_nothing_left()


@test("the demo of a lab with a single server, with and without a resolver, converges")
def demo_single(lab):
    alone = SMALL.replace("  - {{name: ns2.test, kind: authd}}\n", "").replace(", secondaries: ns2.test", "").replace("    secondaries: [ns2.test]\n", "")
    for resolvers in (2, 0):
        text = alone if resolvers else re.sub(r"  - .*resolverd.*\n", "", alone)
        with Zonelab(lab, text) as z:
            expect(z.run("demo", z.topology), rf"All 1 servers and {resolvers} caches have the change")
            z.expect_nothing_left()


@test("the demo of the default lab exits 0 within 60 seconds")
def demo_default(lab):
    with default(lab) as z:
        started = time.monotonic()
        expect(z.run("demo", z.topology), r"All 3 servers and 2 caches have the change")
        if time.monotonic() - started > 60 * time_factor():
            raise Failure(f"the demo took {time.monotonic() - started:.0f} s")
        z.expect_nothing_left()


@test("the demo exits 1 when a secondary dies, and says so")
def demo_dead_secondary(lab):
    with small(lab) as z:
        demo = z.start("demo", z.topology)
        read_until(demo, r"1\. Clients ask every resolver")
        os.kill(z.pid("ns2.test"), signal.SIGKILL)
        said = demo.communicate(timeout=120)[0]
        if demo.returncode != 1:
            raise Failure(f"the demo ended with {demo.returncode}:\n{said}")
        expect(said, r"ns2\.test +(serial 1 -> )?down")
        expect(said, r"NOT converged within the bound .* 1 of 2 servers and 2 of 2 caches")
        z.expect_nothing_left()


@test("the demo exits 1 when a secondary hangs until the bound is over")
def demo_hanging_secondary(lab):
    with small(lab) as z:
        demo = z.start("demo", z.topology)
        read_until(demo, r"1\. Clients ask every resolver")
        os.kill(z.pid("ns2.test"), signal.SIGSTOP)
        said = demo.communicate(timeout=120)[0]
        if demo.returncode != 1:
            raise Failure(f"the demo ended with {demo.returncode}:\n{said}")
        expect(said, r"NOT converged within the bound")
        z.expect_nothing_left()


@test("Ctrl-C during up and at every stage of the demo leaves no process behind")
def interrupted(lab):
    with small(lab) as z:
        for words, stage in ((("up",), r"Starting"), (("demo",), r"Starting"), (("demo",), r"1\. Clients"), (("demo",), r"2\. What"),
                             (("demo",), r"Who has what")):
            for number in (signal.SIGINT, signal.SIGHUP) if stage == "Starting" else (signal.SIGTERM,):
                process = z.start(*words, z.topology)
                read_until(process, stage)
                process.send_signal(number)
                said = process.communicate(timeout=60)[0]
                if process.returncode not in (-number, 1):
                    raise Failure(f"{words} at {stage} ended with {process.returncode}:\n{said}")
                z.expect_nothing_left()


@test("a demo whose output nobody reads ends, with all its daemons")
def demo_unread(lab):
    with small(lab) as z:
        demo = z.start("demo", z.topology)
        read_until(demo, r"Starting")
        demo.stdout.close()
        demo.wait(60)
        z.expect_nothing_left()


@test("zonelab killed while it starts a lab, or in a demo, leaves nothing")
def killed_while_starting(lab):
    with small(lab) as z:
        for words, stage in (("up",), r"Starting"), (("demo",), r"1\. Clients"):
            process = z.start(*words, z.topology)
            read_until(process, stage)
            process.kill()
            process.communicate(timeout=30)
            z.expect_nothing_left()


@test("a node that is killed, starts again with its data, and dies by itself, is told in the events and in the state")
def kill_and_start(lab):
    with small(lab) as z:
        z.run("up", z.topology)
        z.run("update", "test.", "add", "new", 5, "A", "192.0.2.7")
        expect(z.run("kill", "ns1.test"), r"ns1\.test is killed")
        expect(z.run("status", expect=1), r"ns1\.test .* dead")
        expect(z.run("kill", "ns1.test", expect=2), r"node ns1\.test is not running")
        expect(z.run("start", "ns1.test"), r"ns1\.test is started")
        expect(z.run("start", "ns1.test", expect=1), r"node ns1\.test is running")
        expect(z.run("kill", "ns9", expect=2), r"there is no node ns9; the nodes are: ns1\.test ns2\.test inner outer")
        wait_for(lambda: {row["state"] for row in z.status()} == {"ok"}, "all nodes to be well")
        serials = {row["serial"] for row in z.status() if row["zone"] == "test."}
        if serials != {2}:
            raise Failure(f"ns1.test lost its change: {serials}")
        os.kill(z.pid("outer"), signal.SIGKILL)      # not by the keeper; sanitizers make others an exit of their own
        wait_for(lambda: z.events("node")[-1]["state"] == "down", "the event")
        said = [(event["node"], event["state"], event["why"]) for event in z.events("node")]
        if said[:4] != [(name, "up", "started") for name in ("ns1.test", "ns2.test", "inner", "outer")] or said[4:] != [
                ("ns1.test", "down", "killed"), ("ns1.test", "up", "started"), ("outer", "down", "signal 9")]:
            raise Failure(f"not as expected: {said}")
        state = z.ask("state")["result"]
        if [(node["name"], node["state"]) for node in state["nodes"]] != [
                ("ns1.test", "up"), ("ns2.test", "up"), ("inner", "up"), ("outer", "down")] or state["nodes"][3]["pid"] is not None:
            raise Failure(f"not as expected: {state['nodes']}")
        if {(edge["from"], edge["to"], edge["what"]) for edge in state["edges"]} != {("ns1.test", "ns2.test", "transfer"), ("inner", "outer", "forward")}:
            raise Failure(f"not as expected: {state['edges']}")


@test("the keeper answers commands at its socket, wrong ones with what is wrong")
def keeper_commands(lab):
    with small(lab) as z:
        z.run("up", z.topology)
        expect(z.ask("update", "test.", "add", "new", "5", "A", "192.0.2.7")["result"]["text"], r"serial of test\.: 1 -> 2")
        for words, said in ((("update", "tst.", "add", "a", "5", "A", "192.0.2.7"), r"there is no zone tst\."), (("kill",), r"0 arguments, expected: kill NODE"),
                            (("kil", "x"), r'did you mean "kill"')):
            answer = z.ask(*words)
            if answer["ok"]:
                raise Failure(f"{words} was accepted: {answer}")
            expect(answer["error"], said)
        if not z.ask("down")["ok"]:
            raise Failure("down was refused")
        z.expect_nothing_left()


@test("a killed keeper takes its daemons along, and status, down and the next up say so")
def killed_keeper(lab):
    with small(lab) as z:
        for _ in range(2):
            z.run("up", z.topology)
            keeper = json.loads((z.dir / "lab.json").read_text())["keeper"]["pid"]
            os.kill(keeper, signal.SIGKILL)
            wait_for(lambda: not z.daemons() + z.keepers(), "the daemons to end")
            expect(z.run("status", expect=1), rf"the lab in .* is no more: its keeper, process {keeper}, was killed; start one with: zonelab up")
        expect(z.run("up", z.topology), rf"an earlier lab in .* was not ended: its keeper, process {keeper}, is gone, and its daemons with it")
        keeper = z.keepers()[0]
        os.kill(keeper, signal.SIGKILL)
        wait_for(lambda: not z.daemons() + z.keepers(), "the daemons to end")
        expect(z.run("down"), r"The lab's keeper was gone already; nothing of it runs any more")
        z.expect_nothing_left()


@test("a keeper that hangs is ended by down, with its daemons")
def hanging_keeper(lab):
    with small(lab) as z:
        z.run("up", z.topology)
        os.kill(z.keepers()[0], signal.SIGSTOP)
        expect(z.run("down"), r"the keeper does not answer: .*; it is ended by force\n")
        z.expect_nothing_left()


@test("SIGTERM ends a keeper and its lab")
def terminated_keeper(lab):
    with small(lab) as z:
        z.run("up", z.topology)
        os.kill(z.keepers()[0], signal.SIGTERM)
        z.expect_nothing_left()


@test("several that end a lab at once all see it end, none by force")
def several_downs(lab):
    with small(lab) as z:
        for _ in range(3):
            z.run("up", z.topology)
            said = [down.communicate(timeout=60)[0] for down in [z.start("down") for _ in range(4)]]
            if not any("have ended" in text for text in said) or any("force" in text for text in said):
                raise Failure("\n".join(said))
            z.expect_nothing_left()


@test("a node that dies at start is told with the end of its log, a full disk with the file, and nothing stays")
def dies_at_start(lab):
    with small(lab) as z:
        (z.dir / "ns2.test").mkdir(parents=True)
        (z.dir / "ns2.test" / "authd.yaml").symlink_to("/dev/full")
        expect(z.run("up", z.topology, expect=1), r"cannot write .*authd\.yaml: No space left on device")
        z.expect_nothing_left()
        (z.dir / "ns2.test" / "authd.yaml").unlink()
        (z.dir / "ns1.test" / "test.zone").unlink(missing_ok=True)
        (z.dir / "ns1.test" / "test.zone").symlink_to("/dev/null")      # ns1.test cannot load it, so up waits
        up = z.start("up", z.topology)
        wait_for(lambda: (z.dir / "lab.json").exists() and z.pid("ns2.test"), "ns2.test to run")
        os.kill(z.pid("ns2.test"), signal.SIGKILL)
        said = up.communicate(timeout=60)[0]
        if up.returncode != 1:
            raise Failure(f"up ended with {up.returncode}:\n{said}")
        expect(said, r"node ns2\.test has ended; the end of .*ns2\.test/log:\n")
        z.expect_nothing_left()
        up = z.start("up", z.topology)
        wait_for(lambda: (z.dir / "lab.json").exists() and z.pid("ns2.test"), "ns2.test to run again")
        os.kill(z.keepers()[0], signal.SIGKILL)
        said = up.communicate(timeout=60)[0]
        expect(said, r"the lab's keeper, process \d+, was ended by signal 9")
        z.run("down")
        z.expect_nothing_left()


@contextlib.contextmanager
def small_disk(folder):
    """The folder as a file system of 4 MB."""
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", folder], capture_output=True, text=True, check=False)
    if mount.returncode != 0:
        raise Skip(f"no small file system here: {mount.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@test("a disk that fills up is told once, the lab goes on, and its events, too, when there is room again")
def full_disk(lab):
    with contextlib.ExitStack() as stack:
        z = small(lab)
        stack.enter_context(small_disk(z.dir))
        stack.enter_context(z)
        z.run("up", z.topology)
        with open(z.dir / "filler", "wb", buffering=0) as filler:
            try:
                while filler.write(b"x" * 4096) > 0:
                    pass
            except OSError:
                pass
        for _ in range(100):      # the last block of the file has room for some
            z.run("kill", "ns2.test")
            if z.ask("state")["result"]["events"]["lost"] > 0:
                break
            expect(z.run("start", "ns2.test"), r"ns2\.test is started, but lab\.json could not be written; keeper\.log says more")
        expect(z.run("dig", "inner", "www.test", "A", "+short"), r"192\.0\.2\.10")
        (z.dir / "filler").unlink()
        expect(z.run("start", "ns2.test"), r"ns2\.test is started$")
        wait_for(lambda: {row["state"] for row in z.status()} == {"ok"}, "all nodes to be well")
        lines = [event["n"] for event in z.events(None)]
        counts = z.ask("state")["result"]["events"]
        if lines != sorted(lines) or len(lines) == lines[-1] or counts["count"] - counts["lost"] < len(lines) or lines[-1] < counts["count"] - 5:
            raise Failure(f"not the numbers that were expected: {counts} {lines}")
        z.run("down")
        z.expect_nothing_left()


@test("a second up in the same folder, and a lab on a taken port, are refused")
def taken(lab):
    with small(lab) as z:
        z.run("up", z.topology)
        expect(z.run("up", z.topology, expect=1), r"a lab is already running in .*; end it with: zonelab down")
        other = small(lab, folder="other")
        with other:
            expect(other.run("up", other.topology, expect=1), rf"node ns1\.test cannot listen on .*@{z.port}: Address already in use; .*--port")
            other.expect_nothing_left()
        expect(z.run("status"), r"ok")


@test("a lab outlives its topology file")
def topology_gone(lab):
    with small(lab) as z:
        z.run("up", z.topology)
        z.topology.write_text("nonsense")
        expect(z.run("status"), r"ns2\.test .* ok")
        z.topology.unlink()
        z.run("down")
        z.expect_nothing_left()


@test("mistakes in a topology are told with file, line and what was expected, before anything starts")
def topology_errors(lab):
    for (old, new), said in ERRORS.items():
        if old not in SMALL:
            raise Failure(f"{old} is not in the topology")
        with Zonelab(lab, SMALL.replace(old, new, 1)) as z:
            expect(z.run("up", z.topology, expect=2), said)
            if z.dir.exists():
                raise Failure("the work folder was made")


@test("mistakes on the command line are told with what was expected")
def command_errors(lab):
    with small(lab) as z:
        expect(z.run("status", expect=1), r"no lab is running in .*; start one with: zonelab up")
        z.run("up", z.topology)
        for words, said in ((("dig", "ns9", "www.test"), r"there is no node ns9; the nodes are: ns1\.test ns2\.test inner outer"),
                            (("dig", "iner", "www.test"), r"there is no node iner; did you mean inner\?\n"),
                            (("kill", "ns1.tset"), r"there is no node ns1\.tset; did you mean ns1\.test\?\n"),
                            (("update", "tst", "add", "a", 1, "A", "192.0.2.1"), r"there is no zone tst; the zones are: \. test\."),
                            (("update", "test", "add", "a", 1, "A", "192.0.2.1", "--at", "most"), r"--at: expected local, quorum, all or visible, not most"),
                            (("update", "test", "add", "a", 1, "A", "192.0.2.1", "--timeout", "3"), r"--timeout belongs to --at"),
                            (("update", "test", "put", "a"), r"expected add, delete or replace, not put"),
                            (("update", "test", "add", "a", 1, "A"), r"add needs NAME TTL TYPE RDATA"),
                            (("update", "test", "add", "a", "x", "A", "192.0.2.1"), r"expected a TTL in seconds, not x"),
                            (("update", "test", "add", "a", 1, "AX", "192.0.2.1"), r"expected a record type, such as A, not AX"),
                            (("update", "test", "add", "a", 1, "A", "192.0.2"), r"\"192\.0\.2\" is no rdata of A"),
                            (("update", "test", "delete", "a.org."), r"a\.org\. is outside zone test\."),
                            (("watch", "a..b"), r"not a domain name: a\.\.b"),
                            (("stauts",), r"unknown command stauts; did you mean status\?"),
                            (("status", "--jsn"), r"unknown option --jsn; did you mean --json\?"),
                            (("status", "--port", 1), r"--port is for up, demo and run, not for status"),
                            (("fault", "ns1.test"), r"fault needs LINK \[one-way\] KEY=VALUE"),
                            (("render", "--compose"), r"usage: zonelab render --compose\|--kubernetes"),
                            (("--json", "down"), r"--json is for up, status, watch, report and run, not for down"),
                            (("--mode", "wire", "up"), r"--mode: expected net or loopback, not wire"),
                            (("--mode", "net", "--port", 5300, "up"), r"--port is for loopback mode"),
                            (("--port", 1, "status"), r"--port is for up, demo and run, not for status"),
                            (("up", "two-tier", "--prot", 5300), r"unknown option --prot"),
                            (("up", "two-tier", "--mode", "wire"), r"--mode: expected net or loopback, not wire"),
                            (("--port", 0, "up"), r"--port: expected a number from 1 to 65535, not 0"),
                            (("raise",), r"unknown command raise"), ((), r"usage: zonelab")):
            expect(z.run(*words, expect=2), said)


@test("the columns of the table of nodes are as wide as their longest text")
def wide_columns(lab):
    with small(lab, SMALL.replace("inner", "a-resolver-with-a-name-that-is-long")) as z:
        head, *rows = re.search(r"(?m)^NODE .*\n(?:.* (?:ok|behind|dead) *\n)+", z.run("up", z.topology)).group().splitlines()
        columns = [match.start() for match in re.finditer(r"\S+", head)]
        if len(columns) != 7 or len(rows) != 6:
            raise Failure(f"not as expected: {head} {rows}")
        for row in rows:
            if [match.start() for match in re.finditer(r"\S+", row)] != columns:
                raise Failure(f"out of line:\n{head}\n{row}")


@test("a report without a prediction says why there is none")
def report_unforeseen(lab):
    with small(lab) as z:
        z.dir.mkdir()
        (z.dir / "topology.yaml").write_text(z.topology.read_text())
        events = [{"t": 0, "event": "watched", "zone": "test.", "name": "www.test.", "type": "A", "target": ["192.0.2.10"], "ttl": 2, "serial": 1, "stale": []},
                  {"t": 1, "event": "change", "zone": "test.", "node": "ns1.test", "was": 1, "serial": 2, "since": 0.95},
                  {"t": 1, "event": "serial", "zone": "test.", "node": "ns1.test", "was": 1, "serial": 2, "since": 0.95},
                  {"t": 1.5, "event": "serial", "zone": "test.", "node": "ns2.test", "was": 1, "serial": 2, "since": 1.45}]
        (z.dir / "events.jsonl").write_text("".join(f"{json.dumps(event)}\n" for event in events))
        said = z.run("report")
        expect(said, r"test\. serial 2, seen at ns1\.test 1\.000 s after")
        expect(said, r"(?m)^  every server has it +0\.500$")
        expect(said, r"There was no prediction yet when the change came")
        predicted = {"t": 1, "event": "prediction", "zone": "test.", "serial": 2, "bound": 9, "servers": {"p50": 0.1, "p90": 0.2, "p99": 0.3, "bound": 5}}
        (z.dir / "events.jsonl").write_text("".join(f"{json.dumps(event)}\n" for event in [*events[:2], predicted, *events[2:]]))
        said = z.run("report")
        expect(said, r"(?m)^  every server has it +0\.500 +0\.100 +0\.200 +0\.300 +5\.000$")
        if "no prediction" in said:
            raise Failure(said)
        fast = {"t": 0, "event": "observing", "speed": 60, "client_rate": 1, "seed": 1}
        (z.dir / "events.jsonl").write_text("".join(f"{json.dumps(event)}\n" for event in [fast, *events]))
        expect(z.run("report"), r"seen at ns1\.test 60\.000 s after the lab's start \(not before\n57\.000 s\)(?s:.*)every server has it +30\.000\n")


@test("the help has every command and option, in 80 columns; zonelab(1) has them, too")
def help_of_all(lab):
    with small(lab) as z:
        said, manual = z.run("-h"), (source_top() / "doc/man/zonelab.1").read_text()
        commands = sorted(set(re.findall(r"^  ([a-z]+)\b", said, re.MULTILINE)))
        options = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", said, re.MULTILINE)
        if len(commands) < 20 or len(options) < 10:
            raise Failure(f"{commands}, {options} in:\n{said}")
        for command in commands:
            expect(manual, rf"(?m)^\.It Ic {command}\b")
            one = z.run(command, "--help")
            expect(one, rf"\Ausage: zonelab {command}\b(?s:.*)\n  --dir DIR ")
            said += one
        for option in options:
            expect(manual, rf"(?m)^\.It Fl .*-{option[2:]}\b")
        for line in said.splitlines():
            if len(line) > 80:
                raise Failure(f"longer than 80 columns: {line}")
        expect(z.run("dig", "inner", "--help", expect=1), r"no lab is running")      # dig's own
        expect(z.run("run", "-h"), r"(?m)^  --speed N ")
        if "--speed" in z.run("status", "-h"):
            raise Failure("status takes no speed")


@test("a folder whose path is too long for control sockets is refused with the reason")
def long_folder(lab):
    with small(lab, folder="d" * 90) as z:
        expect(z.run("up", z.topology, expect=1), r"too long for a socket's path, 107 bytes; choose a shorter folder with --dir")


if __name__ == "__main__":
    run_tests()
