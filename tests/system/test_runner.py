"""The test runner itself, over made-up suites: what it counts, what it calls a failure, what it ends."""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from zt import run_tests, source_top, test


def run(suites, **env):
    """Runs the runner over programs given as name -> shell text; returns its exit status and its lines."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in suites.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("#!/bin/sh\n" + text + "\n")
            path.chmod(0o755)
        clean = {key: value for key, value in os.environ.items() if key not in ("ZT_FILTER", "ZT_JOBS")}
        command = [sys.executable, "-B", str(source_top() / "tests/run"), f"--srcdir={folder}", f"--builddir={folder}"]
        done = subprocess.run(command + sorted(suites), env=dict(clean, **env), capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout.splitlines()


def last_line(suites, **env):
    return run(suites, **env)[1][-1]


@test("the last line counts passed, failed and skipped tests over all suites")
def counts():
    status, lines = run({"a": "echo 1..3; echo ok 1 - x; echo not ok 2 - y; echo 'ok 3 - z # SKIP no such peer'; exit 1",
                         "b": "echo ok 1 - x; echo 1..1"})
    assert (status, lines[-1]) == (1, "2 passed, 1 failed, 1 skipped"), lines
    assert "  a: z: no such peer" in lines, lines


@test("when all pass the exit status is 0, and a suite that skips itself says why")
def all_good():
    status, lines = run({"a": "echo 1..1; echo ok 1 - x", "b": "echo '1..0 # SKIP no data here'"})
    assert (status, lines[-1]) == (0, "1 passed, 0 failed, 1 skipped"), lines
    assert "  b: no data here" in lines, lines


@test("a suite without a plan, one that ran too few tests, one that crashes and one that only exits with 1 have failed")
def bad_suites():
    assert last_line({"a": "echo ok 1 - x"}) == "1 passed, 1 failed, 0 skipped"
    assert last_line({"a": "echo 1..2; echo ok 1 - x"}) == "1 passed, 1 failed, 0 skipped"
    assert last_line({"a": "echo 1..1; echo ok 1 - x; kill -SEGV $$"}) == "1 passed, 1 failed, 0 skipped"
    assert last_line({"a": "echo 1..1; echo ok 1 - x; exit 1"}) == "1 passed, 1 failed, 0 skipped"


@test("the whole output of a failing suite is shown")
def shows_output():
    _, lines = run({"a": "echo 1..1; echo because >&2; echo not ok 1 - x; exit 1"})
    assert "because" in lines, lines


@test("a process that a suite leaves behind is a failure and is ended")
def leftovers():
    status, lines = run({"a": "sleep 1000 & echo 1..1; echo ok 1 - x; echo $! >&2"})
    assert status == 1 and lines[-1] == "1 passed, 1 failed, 0 skipped", lines
    assert any("left processes behind: sleep" in line for line in lines), lines
    pid = next(line for line in lines if line.isdigit())
    assert not os.path.exists(f"/proc/{pid}/cwd") or not os.access(f"/proc/{pid}/cwd", os.R_OK), f"{pid} still runs"


@test("a suite that overruns its time limit is ended with all its processes")
def overrun():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tests/system/test_slow.py")
        path.parent.mkdir(parents=True)
        path.write_text("# time limit: 1 s\nimport subprocess\nsubprocess.run(['sleep', '1000'])\n")
        done = subprocess.run([sys.executable, "-B", str(source_top() / "tests/run"), f"--srcdir={folder}", f"--builddir={folder}"],
                              env=dict(os.environ, ZT_FILTER="slow"), capture_output=True, text=True, timeout=30, check=False)
    assert "stopped after its time limit of 1 s" in done.stdout, done.stdout
    assert done.returncode == 1


@test("ZT_FILTER chooses suites by name, and running nothing is a failure")
def chooses():
    suites = {"a": "echo 1..1; echo ok 1 - x", "b": "echo 1..1; echo ok 1 - x"}
    assert last_line(suites, ZT_FILTER="^b$") == "1 passed, 0 failed, 0 skipped"
    assert run(suites, ZT_FILTER="nothing")[0] == 1


@test("a fuzz target is given the folder of its corpus")
def fuzz_corpus():
    _, lines = run({"tests/fuzz/fuzz_x": "echo 1..1; echo \"not ok 1 - $1\""})
    assert any(line.endswith("tests/fuzz/corpus/x") for line in lines), lines


if __name__ == "__main__":
    run_tests()
