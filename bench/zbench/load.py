"""Driving a server with dnsperf and taking its CPU time."""
import re
import statistics
import subprocess

from zt.node import require
from zbench.machine import cpu_seconds, pin

SERVER_CORE, CLIENT_CORE = 0, 1


def dnsperf(node, queries, seconds):
    run = subprocess.run(["taskset", "-c", str(CLIENT_CORE), require("dnsperf", "dnsperf"), "-s", node.address, "-p", str(node.port), "-d", str(queries),
                          "-l", str(seconds), "-q", "256", "-T", "1", "-c", "8", "-O", "suppress=timeouts"], capture_output=True, text=True, check=False)
    completed = re.search(r"Queries completed:\s+(\d+)", run.stdout)
    if not completed:
        raise RuntimeError(f"dnsperf failed: {run.stdout}{run.stderr}")
    return int(completed[1]), float(re.search(r"Queries per second:\s+([\d.]+)", run.stdout)[1])


def cpu_per_query(nodes, queries, rounds, seconds):
    """Microseconds of server CPU per answered query and queries per second, by node name: medians over rounds in which the servers take turns."""
    for node in nodes:
        pin(node.process.pid, SERVER_CORE)
        dnsperf(node, queries, 1)
    costs, rates = {node.name: [] for node in nodes}, {node.name: [] for node in nodes}
    for _ in range(rounds):
        for node in nodes:
            before = cpu_seconds(node.process.pid)
            completed, rate = dnsperf(node, queries, seconds)
            costs[node.name].append((cpu_seconds(node.process.pid) - before) / completed * 1e6)
            rates[node.name].append(rate)
    return {name: {"us_per_query": statistics.median(costs[name]), "qps": statistics.median(rates[name])} for name in costs}
