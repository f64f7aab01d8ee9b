"""Where and with what a benchmark ran; what processes use."""
import contextlib
import datetime
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

PRIORITY = -15
TICKS = os.sysconf("SC_CLK_TCK")
VERSION_COMMANDS = {"nsd": ["nsd", "-v"], "knotd": ["knotd", "-V"], "named": ["named", "-V"], "pdns_server": ["pdns_server", "--version"],
                    "kresd": ["kresd", "-V"], "unbound": ["unbound", "-V"], "dnsperf": ["dnsperf", "-h"]}
TIMESTAMP = re.compile(r"^[A-Z][a-z]{2} \d+ [\d:]{8} ")
VERSION = re.compile(r"(?i)\bversion \d+\.|^BIND |Server \d+\.")


def quick():
    return bool(os.environ.get("BENCH_QUICK"))


def first_line(command):
    path = shutil.which(command[0], path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        return "missing"
    run = subprocess.run([path, *command[1:]], capture_output=True, text=True, check=False)
    lines = [TIMESTAMP.sub("", line) for line in (run.stdout + run.stderr).strip().splitlines()]
    return next((line for line in lines if VERSION.search(line)), lines[0] if lines else "?")


def perf_counters():
    """Whether the machine shows its processor's counters; inside virtual machines it often does not."""
    path = shutil.which("perf")
    if not path:
        return "no perf installed"
    run = subprocess.run([path, "stat", "-e", "cycles,instructions", "true"], capture_output=True, text=True, check=False)
    return "missing: cycles and instructions are not supported here, so costs are CPU time" if "<not " in run.stderr or run.returncode else "there"


def describe():
    top = Path(__file__).resolve().parents[2]
    commit = subprocess.run(["git", "-C", str(top), "describe", "--always", "--dirty"], capture_output=True, text=True, check=False).stdout.strip()
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "?")
    return {"date": datetime.date.today().isoformat(), "commit": commit or "none", "cpu": model, "cores": os.cpu_count(),
            "kernel": platform.release(), "performance counters": perf_counters(),
            **{name: first_line(command) for name, command in VERSION_COMMANDS.items()}}


def family(pid):
    """The process and all its descendants."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        found.append(queue.pop())
        queue += children.get(found[-1], [])
    return found


def cpu_seconds(pid):
    """User and system time of a process and its descendants."""
    total = 0
    for member in family(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory_mib(pid):
    """PSS of a process and its descendants: shared pages count once."""
    total = 0
    for member in family(pid):
        for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def rss_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def peak_mib(pid):
    """The most resident memory the process has had; what other processes share is counted in full."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def peak_reset(pid):
    """The peak counts from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def pin(pid, core):
    """Keeps a process and its descendants to one core."""
    for member in family(pid):
        for task in Path(f"/proc/{member}/task").iterdir():
            os.sched_setaffinity(int(task.name), {core})


@contextlib.contextmanager
def priority():
    """What is started meanwhile runs ahead of whatever else is on the machine, where that is allowed. The kernel shares time between sessions first
    (autogroup), then between the processes of each."""
    group, before = Path("/proc/self/autogroup"), os.getpriority(os.PRIO_PROCESS, 0)
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
        group.write_text(str(PRIORITY))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, before)
            group.write_text("0")


def table(headers, rows):
    widths = [max(len(str(cell)) for cell in column) for column in zip(headers, *rows)]
    for row in [headers, *rows]:
        print("  ".join(str(cell).ljust(width) if i == 0 else str(cell).rjust(width) for i, (cell, width) in enumerate(zip(row, widths))), flush=True)


def check(what, measured, target, at_least=False):
    """One target and whether it is met."""
    return {"what": what, "target": target, "measured": measured, "at_least": at_least,
            "met": measured >= target if at_least else measured <= target}
