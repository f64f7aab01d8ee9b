"""zonelab in net mode: nodes in networks of their own, bad weather between them, and nothing left behind; as root and as an ordinary user."""
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from zt import Failure, Skip, run_tests, test, wait_for
from zt.lab import scale
from zt.node import require
from zt.ordinary import GROUP, USER, ordinary
from zt.zonelab import Zonelab, expect

SMALL = """name: small
port: {port}
network: {network}.0
nodes:
  - {{name: ns1.test, kind: authd}}
  - {{name: ns2.test, kind: authd}}
  - {{name: far.test, kind: authd, net-address: [198.41.0.4, "2001:503:ba3e::2:30"]}}
  - {{name: inner, kind: resolverd}}
  - {{name: outer, kind: resolverd, forward: [inner]}}
zones:
  - {{name: ., primary: ns1.test, secondaries: ns2.test, ttl: 1h}}
  - name: test.
    primary: ns1.test
    secondaries: [ns2.test, far.test]
    ttl: 2s
    refresh: 2s
    retry: 1s
    records: |
      www   A    192.0.2.10
demo: {{zone: test., name: www.test., rdata: 192.0.2.99}}
"""

NO_USER_NAMESPACES = ["unshare", "-U", "--map-users=0,0,65536", "--map-groups=0,0,65536", "sh", "-c",
                      f'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --reuid {USER} --regid {GROUP} --clear-groups "$@"', "sh"]


def small(lab, mode="net"):
    z = Zonelab(lab, SMALL, mode=mode)
    if mode == "net":
        trial = subprocess.run(z.command("up", "/nonexistent"), capture_output=True, text=True, check=False, timeout=60)
        if "net mode is not possible here" in trial.stderr:
            raise Skip(trial.stderr.strip())
    return z


def serials(z):
    return {row["node"]: row["serial"] for row in z.status() if row["zone"] == "test."}


def dig_ms(z, node, *words):
    """Milliseconds that dig took in a node; None without an answer."""
    run = subprocess.run(z.command("exec", node, "dig", "+norec", "+tries=1", "+time=1", *words), capture_output=True, text=True, check=False, timeout=60)
    found = re.search(r"Query time: (\d+) msec", run.stdout)
    return int(found[1]) if found else None


def messages(z, zone):
    return {(event["kind"], event["from"], event["to"]) for event in z.events("message") if event["zone"] == zone}


def open_files(pid):
    return {os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()}


def inits(z):
    """Pids of the inits of labs in this folder's PID namespaces."""
    return z.keepers("zonelab-init")


def expect_nothing_left(z):
    z.expect_nothing_left()
    wait_for(lambda: not inits(z), lambda: f"the inits {inits(z)} to end", 5)
    for name in ("zonelab.sock", "lab.json"):
        if (z.dir / name).exists():
            raise Failure(f"{name} is still there")


@test("in net mode nodes have port 53 and addresses of both families, and programs run in their networks")
def whole_life(lab):
    require("dig", "bind9-dnsutils")
    with small(lab) as z:
        said = z.run("up", z.topology)
        expect(said, r"(?s)ns2\.test +authd +10\.53\.0\.2@53 +test\. .*far\.test +authd +198\.41\.0\.4@53 .*net mode, port 53\n\nTry:  .* dig outer www\.test\. A")
        expect(z.run("dig", "outer", "www.test", "A", "+short"), r"^192\.0\.2\.10$")
        expect(z.run("exec", "far.test", "dig", "+short", "www.test"), r"^192\.0\.2\.10$")      # by the lab's resolver
        for address in ("10.53.0.2", "fd53::2", "198.41.0.4", "2001:503:ba3e::2:30"):
            expect(z.run("exec", "inner", "dig", "+short", "+norec", f"@{address}", "test.", "SOA"), r"^ns1\.test\. ")
            expect(z.run("exec", "inner", "dig", "+tcp", "+short", "+norec", f"@{address}", "test.", "SOA"), r"^ns1\.test\. ")
        expect(z.run("exec", "ns1.test", "sh", "-c", "echo $ZONELAB_NODE $ZONELAB_ADDRESS $ZONELAB_PORT"), r"^ns1\.test 10\.53\.0\.1 53$")
        expect(z.run("exec", "ns1.test", "zonectl", "peers", "test."), r"198\.41\.0\.4@53 +current")
        z.run("update", "test.", "add", "new", 5, "A", "192.0.2.7")
        wait_for(lambda: set(serials(z).values()) == {2}, "serial 2 everywhere")
        wanted = {("NOTIFY", "ns1.test", "far.test"), ("AXFR", "far.test", "ns1.test"), ("IXFR", "far.test", "ns1.test")}
        wait_for(lambda: not wanted - messages(z, "test."), lambda: f"the messages {wanted - messages(z, 'test.')}")
        z.run("down")
        expect_nothing_left(z)


@test("nothing leads out of the lab")
def no_way_out(lab):
    with small(lab) as z, socket.create_server(("127.0.0.1", 0)) as server:
        z.run("up", z.topology)
        connect = "import socket, sys\nfor address in sys.argv[2:]:\n  try:\n    socket.create_connection((address, int(sys.argv[1])), 2)\n    print('connected to', address)\n  except OSError as error:\n    print(address, error)"
        addresses = ["127.0.0.1", "192.0.2.1", *{entry[4][0] for entry in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}]
        said = z.run("exec", "ns1.test", "/usr/bin/python3", "-c", connect, server.getsockname()[1], *addresses)
        if "connected" in said:
            raise Failure(said)


@test("faults delay and lose packets on the links they name, in loopback mode they are refused, and heal brings the start back")
def faults(lab):
    with small(lab) as z:
        z.run("up", z.topology)
        expect(z.run("fault", "inner:ns1.test", "delay=100ms"), r"inner <-> ns1\.test: delay=100ms")
        took, other = dig_ms(z, "inner", "@10.53.0.1", "test.", "SOA"), dig_ms(z, "inner", "@10.53.0.2", "test.", "SOA")
        if not 200 <= took < 400 or other >= 100:
            raise Failure(f"{took} ms and {other} ms")
        expect(z.run("fault", "inner:ns1.test", "one-way", "delay=0", "cut=no"), r"inner -> ns1\.test: delay=0 cut=no$")
        if z.events("fault")[-1]["set"] != {"delay_ms": 0, "cut": False}:
            raise Failure(f"not as expected: {z.events('fault')[-1]}")
        took = dig_ms(z, "inner", "@10.53.0.1", "test.", "SOA")
        if not 100 <= took < 200:
            raise Failure(f"{took} ms")
        z.run("fault", "far.test", "loss=100%")
        if dig_ms(z, "inner", "@198.41.0.4", "test.", "SOA") is not None or dig_ms(z, "inner", "@10.53.0.2", "test.", "SOA") is None:
            raise Failure("the loss is not where it should be")
        state = z.ask("state")["result"]
        if {"from": "inner", "to": "far.test", "delay_ms": 0, "jitter_ms": 0, "loss": 1, "cut": False} not in state["links"] or len(state["links"]) != 9:
            raise Failure(f"not as expected: {state['links']}")
        z.run("fault", "*", "delay=10ms")
        state = z.ask("state")["result"]
        if state["weather"] != {"delay_ms": 10}:
            raise Failure(f"not as expected: {state['weather']}")
        for words, said in ((("fault", "inner:ns9", "delay=1s"), r"there is no node ns9; the nodes are: ns1\.test"), (("fault", "inner", "dely=1s"), r'unknown key "dely", did you mean "delay"'),
                            (("fault", "inner:inner", "cut"), r"a node has no link to itself"), (("partition", "inner,ns1.test", "ns1.test"), r"ns1\.test is on both sides")):
            expect(z.run(*words, expect=2), said)
        z.run("heal", "inner")
        if dig_ms(z, "inner", "@10.53.0.1", "test.", "SOA") >= 20:
            raise Failure("inner is not healed")
        z.run("fault", "heal")
        state = z.ask("state")["result"]
        if state["links"] or state["weather"]:
            raise Failure(f"not as expected: {state['links']} {state['weather']}")
        if [event["event"] for event in z.events("fault") + z.events("heal")] != ["fault"] * 4 + ["heal"] * 2:
            raise Failure("not the events that were expected")


@test("behind a partition a secondary stays behind, is still seen by status, and catches up when it is healed")
def partition(lab):
    with small(lab) as z:
        z.run("up", z.topology)
        z.run("partition", "far.test")
        z.run("update", "test.", "add", "new", 5, "A", "192.0.2.7")
        wait_for(lambda: serials(z) == {"ns1.test": 2, "ns2.test": 2, "far.test": 1}, lambda: f"far.test to be behind: {serials(z)}")
        expect(z.run("status", expect=1), r"far\.test .* 1 +behind")
        z.run("heal")
        wait_for(lambda: serials(z)["far.test"] == 2, "far.test to catch up")
        if z.events("partition")[0]["a"] != ["far.test"] or len(z.events("partition")[0]["b"]) != 4:
            raise Failure(f"not as expected: {z.events('partition')}")


@test("capture writes files that tcpdump reads, until Ctrl-C, for some seconds, or until the disk is full")
def capture(lab):
    tcpdump = require("tcpdump", "tcpdump")
    with small(lab) as z:
        z.run("up", z.topology)
        running = z.start("capture", "ns1.test:far.test", "-w", z.cwd / "one.pcap")
        timed = z.start("capture", "all", "-w", "all.pcap", "--seconds", 2)
        wait_for(lambda: (z.cwd / "one.pcap").exists() and (z.cwd / "all.pcap").exists(), "the files")
        z.run("update", "test.", "add", "new", 5, "A", "192.0.2.7")
        wait_for(lambda: set(serials(z).values()) == {2}, "serial 2 everywhere")
        expect(z.run("capture", "all", "-w", "one.pcap", expect=1), r"there is a capture into .*/one\.pcap already")
        timed_said = timed.communicate(timeout=30)[0]
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=30)[0]
        if running.returncode != 0 or timed.returncode != 0:
            raise Failure(f"{running.returncode}: {said}\n{timed.returncode}: {timed_said}")
        expect(said, rf"^\d+ packets in {re.escape(str(z.cwd))}/one\.pcap$")
        read = {name: subprocess.run([tcpdump, "-n", "-r", z.cwd / f"{name}.pcap"], capture_output=True, text=True, check=True).stdout for name in ("one", "all")}
        expect(read["one"], r"IP 10\.53\.0\.1\.\d+ > 198\.41\.0\.4\.53: .*notify")
        expect(read["all"], r"IP 10\.53\.0\.1\.\d+ > 10\.53\.0\.2\.53: .*notify")
        if "10.53.0.2" in read["one"]:
            raise Failure(f"another link's packets: {read['one']}")
        expect(z.run("capture", "all", "-w", "/dev/full", expect=1), r"no capture into /dev/full: no space left")
        os.mkfifo(z.cwd / "fifo")
        expect(z.run("capture", "all", "-w", "fifo", expect=1), r"cannot write .*/fifo: No such device or address")
        expect(z.run("capture", "ns9", "-w", "x", expect=1), r"there is no node ns9")
        expect(z.run("capture", "all", "-v", "x", expect=2), r"expected LINK -w FILE")
        gone = z.start("capture", "all", "-w", "gone.pcap")
        wait_for(lambda: str(z.cwd / "gone.pcap") in open_files(z.keepers()[0]), "gone.pcap")
        gone.kill()
        gone.communicate(timeout=30)
        wait_for(lambda: str(z.cwd / "gone.pcap") not in open_files(z.keepers()[0]), "the capture of a killed zonelab to end")


@test("where there are too few descriptors, a line says what failed, and nothing stays")
def few_descriptors(lab):
    with small(lab) as z:
        ups, limits = 0, range(24, 44, max(1, 20 // scale(20)))
        for limit in limits:
            z.prefix = ("/bin/sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh")
            up = z.start("up", z.topology)
            said = up.communicate(timeout=60)[0]
            z.prefix = ()
            if up.returncode == 0:
                ups += 1
                z.run("down")
            elif not re.search(r"^zonelab: ", said, re.MULTILINE):
                raise Failure(f"with {limit} descriptors: {said}")
            expect_nothing_left(z)
        if ups in (0, len(limits)):
            raise Failure(f"{ups} labs came up")


@test("a shell in a node sees that node's network")
def shell(lab):
    with small(lab) as z:
        z.run("up", z.topology)
        said = z.run("shell", "far.test", input="ip -br address show dev lab0; echo $ZONELAB_NODE; exit\n", env={**os.environ, "SHELL": "/bin/sh"})
        expect(said, r"(?s)198\.41\.0\.4/32 2001:503:ba3e::2:30/128.*\nfar\.test\n")


@test("a killed keeper leaves no process and no namespace, and the lab comes up again")
def killed_keeper(lab):
    with small(lab) as z:
        z.run("up", z.topology)
        if len(inits(z)) != 1:
            raise Failure(f"expected one init: {inits(z)}")
        os.kill(z.keepers()[0], signal.SIGKILL)
        wait_for(lambda: not z.daemons() + z.keepers() + inits(z), "everything to end")
        expect(z.run("fault", "*", "delay=1s", expect=1), r"its keeper, process \d+, was killed")
        expect(z.run("up", z.topology), r"an earlier lab in .* was not ended")
        z.run("down")
        expect_nothing_left(z)


@contextlib.contextmanager
def as_user(lab, prefix):
    """A lab of an ordinary user's, in a folder that such a user can reach. Skips where that user may not run what was built."""
    with tempfile.TemporaryDirectory(prefix="zt-user-", dir="/tmp", ignore_cleanup_errors=True) as folder, Zonelab(lab, SMALL, mode=None) as z:
        shutil.chown(folder, USER, GROUP)
        z.cwd, z.dir, z.prefix = Path(folder), Path(folder) / "work", prefix
        z.topology = Path(shutil.copy(z.topology, folder))
        trial = subprocess.run(z.command("-V"), capture_output=True, text=True, check=False, cwd=folder)
        if trial.returncode != 0:
            raise Skip(f"{USER} may not run the build: {trial.stderr.strip()}")
        yield z


@test("an ordinary user gets net mode without asking for it, with all that it can do")
def ordinary_user(lab):
    with as_user(lab, ordinary([])) as z:
        expect(z.run("up", z.topology), r"net mode, port 53")
        expect(z.run("exec", "outer", "dig", "+short", "www.test"), r"^192\.0\.2\.10$")
        z.run("fault", "inner:ns1.test", "delay=100ms")
        if not 200 <= dig_ms(z, "inner", "@10.53.0.1", "test.", "SOA") < 400:
            raise Failure("no delay")
        z.run("partition", "far.test")
        expect(z.run("update", "test.", "add", "new", 5, "A", "192.0.2.7"), r"serial of test\.: 1 -> 2")
        expect(z.run("status", expect=1), r"far\.test .* 1 +behind")
        z.run("kill", "ns2.test")
        z.run("start", "ns2.test")
        z.run("heal")
        wait_for(lambda: set(serials(z).values()) == {2}, "serial 2 everywhere")
        z.run("down")
        expect_nothing_left(z)


@test("where there is no TUN device or no user namespace, one line says what is lost, and --mode net is refused with the reason")
def fallback(lab):
    trial = subprocess.run([*NO_USER_NAMESPACES, "true"], capture_output=True, check=False)
    for prefix, reason in ((ordinary([], tun=False), r"/dev/net/tun can't be opened: No such file or directory"),
                           (NO_USER_NAMESPACES if trial.returncode == 0 else None, r"no user namespaces for this user: No space left on device")):
        if prefix is None:
            continue
        with as_user(lab, prefix) as z:
            said = z.run("up", z.topology)
            expect(said, rf"zonelab: loopback mode \(no weather, captures, port 53 or real addresses\), for net mode is not possible here: {reason}\n")
            expect(said, rf"loopback mode, port {z.port}\n")
            expect(z.run("partition", "far.test", expect=1), r"the lab runs in loopback mode, where packets do not pass through zonelab; weather needs net mode")
            z.run("down")
            z.mode = "net"
            expect(z.run("up", z.topology, expect=1), rf"zonelab: net mode is not possible here: {reason}\n$")


def hundred():
    names = [f"ns{i}.test" for i in range(1, 91)]
    return "\n".join(["name: hundred", "port: {port}", "network: {network}.0", "nodes:", *[f"  - {{{{name: {name}, kind: authd}}}}" for name in names],
                      *[f"  - {{{{name: r{i}, kind: resolverd}}}}" for i in range(10)],
                      "zones:", "  - {{name: ., primary: ns1.test, secondaries: [ns2.test], ttl: 1h}}", "  - name: test.", "    primary: ns1.test",
                      f"    secondaries: [{', '.join(names[1:])}]", "    records: |", "      www A 192.0.2.10",
                      "demo: {{zone: test., name: www.test., rdata: 192.0.2.99}}", ""])


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        fields = open(f"/proc/{pid}/stat", encoding="utf-8").read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@test("100 nodes are up in under 30 s, take less than 10 % of a processor when idle, follow a change, and leave nothing")
def hundred_nodes(lab):
    for mode in ("net", "loopback"):
        with small(lab, mode) as z:
            z.topology.write_text(hundred().format(port=z.port, network=z.network))
            began = time.monotonic()
            z.run("up", z.topology)
            took = time.monotonic() - began
            if took > 30:
                raise Failure(f"up took {took:.1f} s")
            pids = z.daemons() + z.keepers()
            before, begin = cpu_seconds(pids), time.monotonic()
            z.run("exec", "ns1.test", "sleep", 5)
            share = (cpu_seconds(pids) - before) / (time.monotonic() - begin)
            print(f"# {mode}: {len(pids)} processes, up in {took:.2f} s, idle {share:.1%}")
            if share > 0.1 or len(pids) != 101:
                raise Failure(f"{len(pids)} processes take {share:.1%} of a processor")
            z.run("update", "test.", "add", "new", 5, "A", "192.0.2.7")
            wait_for(lambda: set(serials(z).values()) == {2}, "serial 2 everywhere")
            z.run("down")
            expect_nothing_left(z)


if __name__ == "__main__":
    run_tests()
