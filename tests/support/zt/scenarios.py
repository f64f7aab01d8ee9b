"""zonelab's scenarios, run in a test."""
import os
import re
import subprocess
import tempfile

from zt.lab import Failure, Skip, scale, source_top
from zt.ours import built
from zt.tap import test

SCENARIOS = source_top() / "zones/scenarios"
NOT_HERE = 3

LAB = """name: small
port: {port}
network: {network}.0
nodes:
  - {{name: ns1.test, kind: authd}}
  - {{name: ns2.test, kind: authd}}
  - {{name: edge, kind: resolverd}}
zones:
  - {{name: ., primary: ns1.test}}
  - name: test.
    primary: ns1.test
    secondaries: [ns2.test]
    ttl: 2s
    refresh: 2s
    retry: 1s
    records: www A 192.0.2.10
"""

HEAD = """title: of a test
teaches: nothing
topology: lab.yaml
roles: {secondary: ns2.test}
steps:
"""


class Runner:
    """Scenarios in a test's own folder, in loopback mode unless they come along."""

    def __init__(self, lab):
        self.folder = lab.folder
        self.temporary = lab.folder / "tmp"
        self.temporary.mkdir()
        network = lab.next_address().rsplit(".", 1)[0]
        (lab.folder / "lab.yaml").write_text(LAB.format(port=lab.port, network=network))

    def command(self, *words):
        return [built("tools/zonelab/zonelab"), *map(str, words)]

    def run(self, *words, expect=0, mode="loopback"):
        run = subprocess.run(self.command("--mode", mode, *words), cwd=self.folder, capture_output=True, text=True, timeout=170, check=False,
                             env={**os.environ, "TMPDIR": str(self.temporary)})
        if run.returncode == NOT_HERE and expect == 0:
            raise Skip(run.stderr.strip())
        if run.returncode != expect:
            raise Failure(f"zonelab {' '.join(map(str, words))} ended with {run.returncode}, expected {expect}:\n{run.stdout}{run.stderr}")
        return run.stdout + run.stderr

    def write(self, steps, head=HEAD):
        (self.folder / "s.yaml").write_text(head + steps)
        return "s.yaml"

    def left(self):
        return list(self.temporary.iterdir())


def expect(text, pattern):
    if not re.search(pattern, text):
        raise Failure(f"expected /{pattern}/ in:\n{text}")


def comes_along(name):
    """The test of a scenario that comes along. In a short folder: control sockets lie in it."""
    def run(lab):
        runner = Runner(lab)
        with tempfile.TemporaryDirectory(prefix="zl-") as folder:
            said = runner.run("--dir", f"{folder}/lab", "run", SCENARIOS / f"{name}.yaml", "--report", "report.md", mode="net")
        count = said.count("  passed  ")
        expect(said, rf"passed: {count} of {count} steps passed")
        expect((lab.folder / "report.md").read_text(), r"\| passed \| after [\d.]+ s: ")
    return run


def test_those(*names):
    """Registers a test for each of the scenarios."""
    for name in names:
        test(f"{name} passes with our daemons")(comes_along(name))


def test_long(*names):
    """The same for long ones; where less is to be run (ZT_SCALE), for the first of them: what zonelab does in them is the same."""
    test_those(*names[:scale(len(names))])
