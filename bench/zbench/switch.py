"""zonelab's switch in net mode: how late it is, how much it carries, and what it costs when nothing is sent (bench_switch)."""
import json
import subprocess

from zt import Failure
from zt.ours import built
from zbench.machine import check, quick, table

SECONDS = 2 if quick() else 10
# nodes, packets per second, delay in microseconds
CASES = ((10, 20_000, 0), (100, 20_000, 0), (100, 20_000, 5_000), (100, 20_000, 50_000), (100, 60_000, 5_000))
LATE_US, IDLE_CPU = 500, 0.005


def measured(nodes, rate, delay_us):
    run = subprocess.run([built("bench/bench_switch"), str(nodes), str(rate), str(SECONDS), str(delay_us)], capture_output=True, text=True, timeout=120, check=False)
    if run.returncode != 0:
        raise Failure(f"bench_switch {nodes} {rate}: {run.stderr}")
    found = json.loads(run.stdout)
    if rate and found["arrived"] != found["sent"]:
        raise Failure(f"of {found['sent']} packets {found['arrived']:.0f} arrived")
    return found


def run():
    """how late zonelab's switch delivers packets, and its processor time"""
    results = [measured(*case) for case in CASES]
    idle = measured(100, 0, 0)
    table(["nodes", "packets/s", "delay, ms", "late by, us: p50", "p99", "most", "CPU"],
          [[f["nodes"], f"{f['reached']:,.0f}", f["delay_us"] / 1000, f"{f['p50_us']:.0f}", f"{f['p99_us']:.0f}", f"{f['max_us']:.0f}", f"{f['cpu']:.1%}"]
           for f in [*results, idle]])
    checks = [check(f"median lateness in us, {f['nodes']} nodes, {f['rate']:,} packets/s, {f['delay_us'] / 1000:.0f} ms", f["p50_us"], LATE_US) for f in results]
    checks += [check(f"packets/s reached of {f['rate']:,}", f["reached"], 0.99 * f["rate"], at_least=True) for f in results[:1]]
    checks.append(check("CPU of 100 idle nodes", idle["cpu"], IDLE_CPU))
    return {"cases": results, "idle": idle, "checks": checks}
