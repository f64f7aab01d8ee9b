"""The observer of a lab and what shows it: events, watch on a pipe and on a terminal, report."""
import calendar
import fcntl
import json
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import termios
import threading
import time
from pathlib import Path

from zt import Failure, run_tests, test, wait_for
from zt.lab import Skip, time_factor
from zt.zonelab import Zonelab, expect

LAB = """name: watched
port: {port}
network: {network}.0
nodes:
  - {{name: ns1.test, kind: authd}}
  - {{name: ns2.test, kind: authd}}
  - {{name: ns3.test, kind: authd}}
  - {{name: inner, kind: resolverd}}
  - {{name: outer, kind: resolverd, forward: [inner]}}
zones:
  - {{name: ., primary: ns1.test, secondaries: ns2.test, ttl: 1h}}
  - name: test.
    primary: ns1.test
    secondaries: [ns2.test, ns3.test]
    ttl: 1s
    refresh: 2s
    retry: 1s
    records: |
      www   A    192.0.2.10
      other A    192.0.2.20
demo: {{zone: test., name: www.test., rdata: 192.0.2.99}}
clients: {{rate: 20, seed: 7}}
"""
SERVERS = ("ns1.test", "ns2.test", "ns3.test")
CACHES = ("inner", "outer")


def replace(z, address, name="www"):
    return z.run("update", "test", "replace", name, 1, "A", address)


def read_until(process, pattern, deadline_s=30):
    """Output lines until one matches."""
    lines = []

    def read():
        for line in process.stdout:
            lines.append(line)
            if re.search(pattern, line):
                return
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(deadline_s * time_factor())
    if reader.is_alive() or not lines or not re.search(pattern, lines[-1]):
        raise Failure(f"waited for /{pattern}/ in:\n{''.join(lines)}")
    return "".join(lines)


def converged(z):
    return z.run("watch", "--until", "converged", "--timeout", 30)


def wall_of(z):
    """Turns a time of an event into one of the logs'."""
    offset = time.time() - time.monotonic() + z.ask("state")["result"]["t0_monotonic"]
    return lambda t: t + offset


def logged(z, node, serial):
    """When the server says that it has the serial."""
    for line in (z.dir / node / "log").read_text().splitlines():
        found = re.match(rf"(\S+)\.(\d+)Z authd info: zone test\.: serial \d+ -> {serial} \(", line)
        if found:
            return calendar.timegm(time.strptime(found[1], "%Y-%m-%dT%H:%M:%S")) + int(found[2]) / 1000
    return None


@test("each server's first serving is seen within 60 ms of what its own log says, and the interval that is told holds it")
def first_served(lab):
    late, updated = [], {}
    with Zonelab(lab, LAB) as z:
        z.run("up", z.topology)
        wall = wall_of(z)
        for serial in range(2, 10):
            began = time.time()
            replace(z, f"192.0.2.{serial}")
            updated[serial] = began, time.time()
            wait_for(lambda serial=serial: sum(event["zone"] == "test." and event["serial"] == serial for event in z.events("serial")) == len(SERVERS),
                     f"serial {serial} at all")
        for event in z.events("serial"):
            if event["zone"] != "test." or event["serial"] == 1:
                continue
            first, last = updated[event["serial"]]      # what is known of the primary, which does not log it
            if event["node"] != "ns1.test":
                first = last = wait_for(lambda event=event: logged(z, event["node"], event["serial"]), f"{event['node']} to log {event}")
                late.append(wall(event["t"]) - first)
            # The log's time is cut to milliseconds, and taken before or after the switch.
            if wall(event["since"]) > last + 0.01 * time_factor() or wall(event["t"]) < first - 0.01 * time_factor():
                raise Failure(f"{first - wall(0):.3f} to {last - wall(0):.3f}, as the log says, is not between since and t of {event}")
            if wall(event["t"]) > last + 0.25 * time_factor():
                raise Failure(f"{wall(event['t']) - last:.3f} s too late: {event}")
        changes = [event["serial"] for event in z.events("change")]
    if changes != list(range(2, 10)):
        raise Failure(f"changes: {changes}")
    if statistics.median(late) > 0.06:
        raise Failure(f"seen so many seconds too late: {sorted(late)}")


@test("caches are followed from the old answer to the new one, with what was foretold, until all have converged")
def caches(lab):
    with Zonelab(lab, LAB) as z:
        z.run("up", z.topology)
        wait_for(lambda: "prediction" in z.ask("state")["result"], "a prediction")
        replace(z, "192.0.2.99")
        converged(z)
        change, = z.events("change")
        predicted, = z.events("prediction")
        done = [event for event in z.events("converged") if event["zone"] == "test."]
        fresh = {}
        for event in z.events("answer"):
            if event["fresh"] and event["value"] == ["192.0.2.99"]:
                fresh.setdefault(event["node"], event)      # the first one; it is fetched again each second
        report = json.loads(z.run("--json", "report"))
        said = z.run("report")
        z.run("down")
        if z.run("report") != said:      # the events are still there
            raise Failure("report says something else after the end")
    if set(fresh) != set(CACHES) or not done or done[-1]["serial"] != 2 or done[-1]["down"]:
        raise Failure(f"fresh {fresh}, converged {done}")
    if predicted["serial"] != 2 or predicted["name"] != "www.test." or not 1 < predicted["bound"] < 60 or predicted["t"] - change["t"] > 0.25 * time_factor():
        raise Failure(f"{predicted} for {change}")
    curve = predicted["curve"]
    if len(curve) < 10 or curve != sorted(curve) or curve[0][1] > 0.05 or curve[-1][1] < 0.99:
        raise Failure(f"the curve: {curve}")
    # TTL 1 s, two caches in a chain that may round up by a second each; clients every 50 ms on the average.
    for name, event in fresh.items():
        took = event["t"] - change["t"]
        if not 0 <= took < 4 * time_factor() or report["caches"][name]["first_fresh"] > took + 0.001 or not event["since"] < event["t"]:
            raise Failure(f"{name}: {event}, reported as {report['caches'][name]}")
    if set(report["servers"]) != set(SERVERS) or not 0 <= report["measured"]["servers"] < 1 * time_factor():
        raise Failure(f"report: {report}")
    for pattern in (r"test\. serial 2, seen at ns1\.test", r"ns3\.test +\d\.\d{3} +-?\d\.\d{3}", r"outer +\d\.\d{3} +\d\.\d{3} +0",
                    r"the last cache has it +\d\.\d{3} +\d+\.\d{3}"):
        expect(said, pattern)


@test("a killed node is down, not stale, and what it serves when it is back is told")
def killed(lab):
    with Zonelab(lab, LAB) as z:
        z.run("up", z.topology)
        z.run("kill", "ns3.test")
        z.run("kill", "outer")
        replace(z, "192.0.2.99")
        converged(z)      # those that live
        last = [event for event in z.events("converged") if event["zone"] == "test."][-1]
        if sorted(last["down"]) != ["ns3.test", "outer"]:
            raise Failure(f"{last}")
        if any(event["node"] in ("ns3.test", "outer") and event.get("trouble") for event in z.events("serial") + z.events("answer")):
            raise Failure("a node that was down was said to be in trouble")
        z.run("start", "ns3.test")
        z.run("start", "outer")
        wait_for(lambda: any(event["node"] == "ns3.test" and event["serial"] == 2 for event in z.events("serial")), "ns3.test to be seen with serial 2")
        converged(z)
        expect(z.run("status"), r"ns3\.test .* 2 +ok")


@test("watch on a pipe prints only what changes, and until converged ends with 0, or with 3 when the time is over")
def pipe(lab):
    with Zonelab(lab, LAB) as z:
        z.run("up", z.topology)
        converged(z)
        watching = z.start("watch")
        first = read_until(watching, r"outer +192\.0\.2\.10")
        if len(first.splitlines()) != len(SERVERS + CACHES):
            raise Failure(f"at the beginning one line a node:\n{first}")
        os.kill(z.pid("ns3.test"), signal.SIGSTOP)
        replace(z, "192.0.2.99")
        before = time.monotonic()
        said = z.run("watch", "--until", "converged", "--timeout", 3, expect=3)
        expect(said, r"ns3\.test +serial 1 -> no answer")
        expect(said, r"not converged in that time")
        if not 3 <= time.monotonic() - before < 6 * time_factor():
            raise Failure(f"--timeout 3 took {time.monotonic() - before:.1f} s")
        os.kill(z.pid("ns3.test"), signal.SIGCONT)
        converged(z)
        read_until(watching, r"ns3\.test .*-> serial 2")
        z.run("down")
        rest = watching.communicate(timeout=30 * time_factor())[0]
        expect(rest, r"the lab has ended")
        if "->" in rest or watching.returncode != 0:
            raise Failure(f"nothing has changed behind that, exit status {watching.returncode}:\n{rest}")


@test("watch NAME TYPE changes what clients ask for, and --json prints the events")
def other_name(lab):
    with Zonelab(lab, LAB) as z:
        z.run("up", z.topology)
        watching = z.start("--json", "watch", "other.test.", "A")
        read_until(watching, r'"event":"answer".*"name":"other\.test\."')
        if z.ask("state")["result"]["watched"] != {"zone": "test.", "name": "other.test.", "type": "A", "target": ["192.0.2.20"]}:
            raise Failure(f"watched: {z.ask('state')['result']['watched']}")
        z.run("update", "test", "delete", "other", "A")
        lines = read_until(watching, r'"event":"converged"').splitlines()
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=30)
        gone = [event for event in map(json.loads, lines) if event["event"] == "answer" and event.get("absent") and event["fresh"]]
        if watching.returncode != 0 or {event["node"] for event in gone} != set(CACHES):
            raise Failure(f"exit status {watching.returncode}:\n" + "\n".join(lines))
        for words, said in ((("watch", "a..b"), r"not a domain name: a\.\.b"), (("watch", "www.test.", "AX"), r"expected a record type, such as A, not AX"),
                            (("watch", "www.test.", "A", "ns7"), r"there is no node ns7"), (("watch", "--until", "dawn"), r"--until: expected converged, not dawn"),
                            (("watch", "--timeout", "1"), r"--timeout belongs to --until"), (("watch", "--color"), r"unknown option of watch: --color"),
                            (("watch", "--until", "converged", "--timeout", "soon"), r"--timeout: expected seconds, not soon")):
            expect(z.run(*words, expect=2), said)


class Terminal:
    """A command on a terminal of a given size."""

    def __init__(self, command, lines, columns):
        self.output = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm")
            os.environ.pop("NO_COLOR", None)
            os.execv(command[0], command)
        self.resize(lines, columns)

    def resize(self, lines, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self):
        while select.select([self.fd], [], [], 0.01)[0]:
            try:
                block = os.read(self.fd, 65536)
            except OSError:
                return
            if not block:
                return
            self.output += block

    def frame(self):
        """The lines of the last whole picture, without colours."""
        self.read()
        whole = [part for part in self.output.split(b"\x1b[H")[1:] if b"\x1b[J" in part]
        text = whole[-1].split(b"\x1b[J")[0].decode() if whole else ""
        return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text).split("\r\n")

    def wait(self, pattern):
        wait_for(lambda: re.search(pattern, "\n".join(self.frame()), re.MULTILINE), lambda: f"/{pattern}/ in\n" + "\n".join(self.frame()))

    def over(self):
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        self.status = status
        return pid != 0


@test("watch on a terminal of 80 by 24 shows the nodes by tier, follows a change and a new size, and gives the terminal back")
def terminal(lab):
    with Zonelab(lab, LAB) as z:
        z.run("up", z.topology)
        wait_for(lambda: "prediction" in z.ask("state")["result"], "a prediction")
        screen = Terminal(z.command("watch"), 24, 80)
        screen.wait(r"^  outer +resolverd +fresh 192\.0\.2\.10 ")
        z.run("kill", "ns3.test")
        replace(z, "192.0.2.99")
        screen.wait(r"^  ns3\.test +authd +down")
        screen.wait(r"^  outer +resolverd +fresh 192\.0\.2\.99 .*TTL")
        lines = screen.frame()
        for pattern in (r"^lab watched, loopback, \d", r"^www\.test\. A is 192\.0\.2\.99", r"^serial 2, \d+ s ago: 2 of 3 servers in 0\.\d{3} s",
                        r"^predicted: ", r"^  ns2\.test +authd +serial 2 +\+\d", r"^caches, tier 2"):
            expect("\n".join(lines), f"(?m){pattern}")
        if len(lines) > 24 or max(map(len, lines)) > 80:
            raise Failure("too large for 80 by 24:\n" + "\n".join(lines))
        screen.resize(8, 40)
        screen.wait(r"^lines 1 to 3 of \d+: arrow keys")
        lines = screen.frame()
        if max(map(len, lines)) > 40 or len(lines) > 8:
            raise Failure(f"too large for 40 by 8: {lines!r}")
        os.write(screen.fd, b"\x1b[B")
        screen.wait(r"^lines 2 to 4 of \d+: arrow keys")
        os.write(screen.fd, b"q")
        wait_for(screen.over, "watch to end")
        screen.read()
        if screen.status != 0 or b"\x1b[2J" in screen.output or not re.search(rb"\x1b\[\?25h\x1b\[\?1049l.*first served", screen.output, re.DOTALL):
            raise Failure(f"status {screen.status}, the end: {screen.output[-600:]!r}")
        os.close(screen.fd)


@test("the observer looks behind a partition: what a cut-off server serves is seen, not silence")
def partition(lab):
    with Zonelab(lab, LAB, mode="net") as z:
        up = subprocess.run(z.command("up", z.topology), cwd=z.cwd, capture_output=True, text=True, timeout=120, check=False)
        if "net mode is not possible here" in up.stderr:
            raise Skip(up.stderr.strip())
        if up.returncode != 0:
            raise Failure(up.stdout + up.stderr)
        converged(z)
        z.run("partition", "ns3.test")
        # What is foretold from now on is that the last server has it when its old copy has expired (1 h).
        wait_for(lambda: z.ask("state")["result"].get("prediction", {}).get("servers", {}).get("p99", 0) > 3000, "a prediction of that weather")
        replace(z, "192.0.2.99")
        said = z.run("watch", "--until", "converged", "--timeout", 4, expect=3)
        seen = [event for event in z.events("serial") if event["zone"] == "test." and event["node"] == "ns3.test"]
        if [event["serial"] for event in seen] != [1]:
            raise Failure(f"ns3.test was seen otherwise than with serial 1: {seen}\n{said}")
        if z.events("prediction")[-1]["servers"]["p99"] < 3000:
            raise Failure(f"foretold: {z.events('prediction')[-1]['servers']}")
        z.run("heal")
        converged(z)
        healed = [event for event in z.events("serial") if event["zone"] == "test." and event["node"] == "ns3.test"][-1]
        # The last answer with the old serial came from behind the cut, some tens of milliseconds before.
        if healed["serial"] != 2 or healed["t"] - healed["since"] > 0.25 * time_factor():
            raise Failure(f"{healed}")


def processor_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@test("observing an idle lab takes little of a processor")
def overhead(lab):
    with Zonelab(lab, LAB) as z:
        z.run("up", z.topology)
        converged(z)
        keeper = json.loads((z.dir / "lab.json").read_text())["keeper"]["pid"]
        began, used = time.monotonic(), processor_s(keeper)
        wait_for(lambda: time.monotonic() - began > 3, "three seconds to pass")
        share = (processor_s(keeper) - used) / (time.monotonic() - began)
        if share > 0.05 * time_factor():
            raise Failure(f"the keeper took {share:.1%} of a processor")


if __name__ == "__main__":
    run_tests()
