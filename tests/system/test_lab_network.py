"""Net mode's namespaces as an ordinary user gets them: the tests of tests/unit/zonelab/test_space, which root runs otherwise, once more."""
import re
import shutil
import subprocess

from zt import Failure, built, run_tests, test
from zt.ordinary import ordinary


def run_space(lab, **what):
    """Where the user may execute it, whoever owns the build."""
    program = shutil.copy(built("tests/unit/zonelab/test_space"), lab.folder / "test_space")
    run = subprocess.run(ordinary([program], **what), capture_output=True, text=True, timeout=120, check=False, cwd="/")
    return run.returncode, run.stdout + run.stderr


@test("an ordinary user gets namespaces, nodes and the switch between them, and may enter them from another process")
def all_of_it(lab):
    status, output = run_space(lab, tun=True)
    passed = len(re.findall(r"^ok \d+ ", output, re.MULTILINE))
    if status != 0 or passed < 7 or "SKIP" in output:
        raise Failure(f"exit status {status}:\n{output}")


@test("without a TUN device the reason is said")
def no_device(lab):
    status, output = run_space(lab, tun=False)
    if status != 0 or not re.search(r"^1\.\.0 # SKIP no net mode here: /dev/net/tun can't be opened: No such file or directory$", output, re.MULTILINE):
        raise Failure(f"exit status {status}:\n{output}")


@test("without user namespaces the reason is said")
def no_namespaces(lab):
    status, output = run_space(lab, namespaces=False)
    if status != 0 or not re.search(r"^1\.\.0 # SKIP no net mode here: no user namespaces for this user: Operation not permitted$", output, re.MULTILINE):
        raise Failure(f"exit status {status}:\n{output}")


if __name__ == "__main__":
    run_tests()
