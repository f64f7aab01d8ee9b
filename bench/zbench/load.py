"""Driving a server with dnsperf and taking its CPU time."""
import re
import statistics
import subprocess

from zt.node import require
from zbench.machine import cpu_seconds, pin

SERVER_CORE, CLIENT_CORE = 0, 1
SUSPICIOUS_SPREAD = 0.15      # between the quarters of the rounds


def on_client_core():
    return ["taskset", "-c", str(CLIENT_CORE)]


def dnsperf(node, queries, seconds, options=(), port=None):
    run = subprocess.run([*on_client_core(), require("dnsperf", "dnsperf"), "-s", node.address, "-p", str(port or node.port), "-d", str(queries),
                          "-l", str(seconds), "-q", "256", "-t", "1", "-T", "1", "-c", "8", "-O", "suppress=timeouts", *options],
                         capture_output=True, text=True, check=False)
    completed = re.search(r"Queries completed:\s+(\d+)", run.stdout)
    if not completed or int(completed[1]) == 0:
        raise RuntimeError(f"dnsperf failed with {node.name}: {run.stdout}{run.stderr}")
    return {"completed": int(completed[1]), "qps": float(re.search(r"Queries per second:\s+([\d.]+)", run.stdout)[1]),
            "lost": int(re.search(r"Queries lost:\s+(\d+)", run.stdout)[1]), "codes": response_codes(run.stdout)}


def response_codes(report):
    """rcode -> part of all answers."""
    line = re.search(r"Response codes:\s+(.*)", report)
    return {code: float(part) / 100 for code, part in re.findall(r"(\w+) \d+ \(([\d.]+)%\)", line[1])} if line else {}


def summary(samples):
    low, _, high = statistics.quantiles(samples, n=4) if len(samples) > 1 else (samples[0],) * 3
    middle = statistics.median(samples)
    return middle, (high - low) / middle


def cpu_per_query(nodes, queries, rounds, seconds, options=(), port_of=None):
    """Microseconds of server CPU per answered query and queries per second, by node name: medians over rounds in which the servers take turns."""
    port_of = port_of or (lambda node: node.port)
    for node in nodes:
        pin(node.process.pid, SERVER_CORE)
        dnsperf(node, queries, 1, options, port_of(node))
    costs, rates, last = {node.name: [] for node in nodes}, {node.name: [] for node in nodes}, {}
    for _ in range(rounds):
        for node in nodes:
            before = cpu_seconds(node.process.pid)
            last[node.name] = dnsperf(node, queries, seconds, options, port_of(node))
            costs[node.name].append((cpu_seconds(node.process.pid) - before) / last[node.name]["completed"] * 1e6)
            rates[node.name].append(last[node.name]["qps"])
    found = {}
    for name, samples in costs.items():
        middle, spread = summary(samples)
        found[name] = {"us_per_query": middle, "qps": statistics.median(rates[name]), "spread": spread, "codes": last[name]["codes"], "samples": samples}
        if spread > SUSPICIOUS_SPREAD:
            print(f"note: {name}'s rounds differ by {spread:.0%}; was the machine busy?")
    return found
