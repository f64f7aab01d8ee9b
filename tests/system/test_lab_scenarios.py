"""Scenarios of zonelab: those that come along pass with our daemons; what fails, and what is wrong in a file, is told."""
import json
import os
import re
import signal
import subprocess
import time

from zt import Failure, run_tests, test, wait_for
from zt.lab import time_factor
from zt.scenarios import HEAD, SCENARIOS, Runner, expect, test_those

HERE = ("lost-notify", "lying-secondary", "rollback", "sticky-child")
ELSEWHERE = ("expire", "partition", "ttl-right", "ttl-wrong", "flood", "provider-move")      # test_lab_times.py, test_lab_strain.py
test_those(*HERE)


@test("every scenario that comes along has its test")
def all_tested():
    assert sorted(HERE + ELSEWHERE) == sorted(path.stem for path in SCENARIOS.glob("*.yaml"))


@test("all that come along are listed with their titles, and found by name")
def listed(lab):
    said = Runner(lab).run("run")
    for path in SCENARIOS.glob("*.yaml"):
        title = re.search(r"^title: (.*)$", path.read_text(), re.MULTILINE)[1]
        expect(said, rf"(?m)^{re.escape(path.stem)} +{re.escape(title)}$")


@test("a scenario in loopback mode: backups, programs, other daemons are chosen; a folder of our own is gone afterwards")
def passes(lab):
    runner = Runner(lab)
    steps = """  - expect: {converged: test.}
    within: 20s
  - exec: {at: edge, command: [sh, -c, 'stat -c %y ns1.test/test.zone >before']}
  - backup: ns1.test
  - update: {zone: test., replace: www 2 A 192.0.2.66}
  - expect: {answer: {name: www.test., at: [ns1.test, ns2.test], is: 192.0.2.66}}
    within: 20s
  - expect: {answer: {name: www.test., at: resolvers, is: fresh}}
    within: 20s
  - kill: ns2.test
  - expect: {answer: {name: www.test., at: ns2.test, is: silent}}
    within: 20s
  - restore-backup: ns1.test
  - exec: {at: edge, command: [sh, -c, 'stat -c %y ns1.test/test.zone | cmp - before']}
  - start: ns2.test
  - expect: {answer: {name: www.test., at: ns1.test, is: 192.0.2.10}}
    within: 20s
  - expect: {serial: {zone: test., at: ns2.test, is: 2}}
    within: 20s
  - exec: {at: ns2.test, command: [sh, -c, 'echo $ZONELAB_NODE {ns1.test}; exit 4'], exit: 4, prints: "ns2.test 127."}
  - expect: {exec: {at: edge, command: [zonesync, verify, "{ns1.test}/test.", "{ns2.test}/test."], exit: 1}}
    within: 20s
"""
    said = runner.run("run", runner.write(steps))
    expect(said, r"passed: 15 of 15 steps passed")
    if runner.left():
        raise Failure(f"left behind: {runner.left()}")
    # The same by the second kind of daemon, whose name is another one's.
    expect(runner.run("run", "s.yaml", "--kind", "secondary=ns", expect=2), r"secondary: there is no kind ns; did you mean \"nsd\"\?")
    expect(runner.run("run", "s.yaml", "--kind", "secondry=nsd", expect=2), r"secondry is no role of the scenario and no node of its lab")
    expect(runner.run("run", "s.yaml", "--kind", "secondary=unbound", expect=2), r"lab.yaml:\d+:\d+: node ns2.test is unbound; expected a server")


@test("an expectation that fails is told with step, line, what was seen and who lags; the lab has ended, its folder stays")
def fails(lab):
    runner = Runner(lab)
    scenario = runner.write("""  - expect: {answer: {name: www.test., at: [ns1.test, ns2.test], is: 192.0.2.10}}
    within: 20s
  - kill: ns2.test
  - update: {zone: test., add: new 2 A 192.0.2.66}
  - expect: {serial: {zone: test., at: servers, at-least: 2}}
    within: 2s
  - start: ns2.test
""")
    said = runner.run("run", scenario, "--report", "report.md", expect=1)
    expect(said, r" 4  failed  expect serial of test\. at-least 2, within 2 s: after 2\.\d+ s\n +s\.yaml:10: not in time: ns2\.test is silent\n")
    expect(said, r"FAILED: 3 of 5 steps passed, 1 skipped")
    folder = re.search(r"the lab's logs and events are in (\S+)", said)[1]
    events = [json.loads(line) for line in open(f"{folder}/events.jsonl", encoding="utf-8")]
    states = [(event["step"], event["state"]) for event in events if event["event"] == "scenario"]
    assert (4, "failed") in states and (5, "skipped") in states and (2, "passed") in states, states
    assert not os.path.exists(f"{folder}/lab.json")
    expect((lab.folder / "report.md").read_text(), r"\| failed \| after 2\.\d+ s: not in time: ns2\.test is silent \|")
    result = subprocess.run(runner.command("--mode", "loopback", "--json", "run", scenario), cwd=lab.folder, capture_output=True, text=True, timeout=120,
                            check=False, env={**os.environ, "TMPDIR": str(runner.temporary)})
    report = json.loads(result.stdout)
    assert result.returncode == 1 and report["passed"] is False, result
    assert [step["state"] for step in report["steps"]] == ["passed", "passed", "passed", "failed", "skipped"], report
    assert report["steps"][3]["line"] == 10 and "ns2.test is silent" in report["steps"][3]["seen"], report


@test("what can't be done ends a scenario: a program that ends otherwise, an update that is refused")
def actions_fail(lab):
    runner = Runner(lab)
    said = runner.run("run", runner.write("  - exec: {at: edge, command: [sh, -c, 'echo said; exit 3']}\n"), expect=1)
    expect(said, r"failed  exec sh -c echo said; exit 3\n +s\.yaml:6: exit 3: said\n")
    # Whatever bytes it prints: the report has the step, and a terminal is left alone.
    said = runner.run("--json", "run", runner.write("  - exec: {at: edge, command: [printf, '\\377\\33[1m'], exit: 3}\n"), expect=1)
    assert [step["seen"] for step in json.loads(said[:said.rindex("}") + 1])["steps"]] == ["exit 0: ??[1m"], said
    said = runner.run("run", runner.write("  - start: edge\n"), expect=1)
    expect(said, r"s\.yaml:6: node edge is running")


@test("mistakes are told with line and column before anything starts; faults need net mode")
def mistakes(lab):
    runner = Runner(lab)
    for steps, said in {
            "  - kill: ns3.test\n": r"^s\.yaml:6:11: there is no node ns3\.test in the lab; did you mean \"ns\d\.test\"\?\n$",
            "  - {expect: {converged: test.}, witin: 3s}\n": r"(?m)^s\.yaml:6:34: unknown key \"witin\" in step, did you mean \"within\"\?\n",
            "  - fault: {link: edge, delay: long}\n": r"^s\.yaml:6:32: delay is \"long\", expected ",
    }.items():
        expect(runner.run("run", runner.write(steps), expect=2), said)
    expect(runner.run("run", runner.write("  - partition: edge\n"), expect=3), r"s\.yaml needs net mode: it has faults, or looks at messages")
    runner.write("  - kill: edge\n", HEAD.replace("lab.yaml", "two-teir"))
    expect(runner.run("run", "s.yaml", expect=2), r"cannot read the topology two-teir: .*; did you mean two-tier\?")
    expect(runner.run("run", "lost-notfy", expect=2), r"there is no scenario lost-notfy; did you mean lost-notify\?")
    expect(runner.run("run", "s.yaml", "--knd", expect=2), r"unknown option of run: --knd")
    if runner.left():
        raise Failure(f"left behind: {runner.left()}")


def interrupt(lab, steps):
    """Runs them until the first has begun; Ctrl-C then ends the scenario soon, and its lab."""
    runner = Runner(lab)
    runner.write(steps)
    process = subprocess.Popen(runner.command("--mode", "loopback", "--dir", "work", "run", "s.yaml"), cwd=lab.folder, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    events = lab.folder / "work/events.jsonl"
    wait_for(lambda: process.poll() is not None or (events.exists() and '"state":"begun"' in events.read_text()), "the scenario to begin", 30)
    started = time.monotonic()
    keeper = json.loads((lab.folder / "work/lab.json").read_text())["keeper"]["pid"]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT, process.returncode
    wait_for(lambda: not os.path.exists(f"/proc/{keeper}"), "the keeper to end", 5)
    assert time.monotonic() - started < 20 * time_factor(), time.monotonic() - started
    assert not (lab.folder / "work/lab.json").exists()


@test("Ctrl-C ends the scenario and its lab")
def interrupted(lab):
    interrupt(lab, "  - expect: {converged: test.}\n    holds-for: 10m\n    background: yes\n  - after: 10m\n    kill: edge\n")


@test("Ctrl-C does not wait for a program that a scenario runs")
def program_interrupted(lab):
    interrupt(lab, "  - exec: {at: edge, command: [sleep, 29]}\n")


if __name__ == "__main__":
    run_tests()
