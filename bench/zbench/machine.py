"""Where and with what a benchmark ran; what processes use."""
import datetime
import os
import platform
import shutil
import subprocess
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
VERSION_COMMANDS = {"nsd": ["nsd", "-v"], "knotd": ["knotd", "-V"], "named": ["named", "-V"], "kresd": ["kresd", "-V"], "unbound": ["unbound", "-V"]}


def quick():
    return bool(os.environ.get("BENCH_QUICK"))


def first_line(command):
    path = shutil.which(command[0], path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        return "missing"
    run = subprocess.run([path, *command[1:]], capture_output=True, text=True, check=False)
    return (run.stdout + run.stderr).strip().splitlines()[0]


def describe():
    top = Path(__file__).resolve().parents[2]
    commit = subprocess.run(["git", "-C", str(top), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "?")
    return {"date": datetime.date.today().isoformat(), "commit": commit or "none", "cpu": model, "cores": os.cpu_count(),
            "kernel": platform.release(), **{name: first_line(command) for name, command in VERSION_COMMANDS.items()}}


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


def pin(pid, core):
    for member in family(pid):
        for task in Path(f"/proc/{member}/task").iterdir():
            os.sched_setaffinity(int(task.name), {core})


def table(headers, rows):
    widths = [max(len(str(cell)) for cell in column) for column in zip(headers, *rows)]
    for row in [headers, *rows]:
        print("  ".join(str(cell).ljust(width) if i == 0 else str(cell).rjust(width) for i, (cell, width) in enumerate(zip(row, widths))), flush=True)
