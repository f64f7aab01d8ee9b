"""What it takes to make a copy of a large zone equal to a server's: reconciliation beside a transfer of the whole zone, over real connections."""
import json
import socket
import struct
import subprocess
import time

import dns.edns
import dns.message

from zt import Authd, Failure, Lab
from zt.client import receive_message
from zt.ours import built
from zt.zones import Role
from zbench.machine import check, quick, table
from zbench.zones import big_zone, head, host

NAMES = 100_000 if quick() else 1_000_000
NAME = "example."
ZSYNC = 65377
# How many records differ, whether side by side, and the most bytes that issue 4 allows at 1,000,000 records.
GRID = ((1, False, 4_000), (100, False, 160_000), (10_000, False, 7_000_000), (1_000, True, 100_000))
ROUND_TRIPS = 5
# What it was when the targets were first met, opening exchange included; growth beyond a tenth fails.
BEFORE = {(1, False): 2_534, (100, False): 93_471, (10_000, False): 3_224_681, (1_000, True): 41_414}
GROWTH = 1.1


def zonesync(*words):
    run = subprocess.run([built("zonesync/zonesync"), "--json", "--timeout", "60", *map(str, words)], capture_output=True, text=True, timeout=600, check=False)
    if run.returncode != 0:
        raise Failure(f"zonesync {' '.join(map(str, words))}: {run.stdout}{run.stderr}")
    return json.loads(run.stdout)


def opening(node):
    """Bytes of the exchange that comes first: a SOA question that says what version there is, and its answer."""
    query = dns.message.make_query(NAME, "SOA", use_edns=0, options=[dns.edns.GenericOption(ZSYNC, b"\1" + bytes(31))]).to_wire()
    with socket.create_connection((node.address, node.port), 10) as sock:
        sock.sendall(struct.pack("!H", len(query)) + query)
        reply = receive_message(sock)
    if not any(option.otype == ZSYNC for option in dns.message.from_wire(reply).options):
        raise Failure("the server does not state its version")
    return len(query) + len(reply) + 4


def copy_write(path, differing, clustered):
    """The zone as it was one serial ago: so many of its records had other addresses."""
    first, step = (NAMES // 3, 1) if clustered else (0, NAMES // differing)
    others = {first + i * step for i in range(differing)}
    with path.open("w") as out:
        out.write(head(NAME, 1))
        out.writelines(host(i, 1 if i in others else 0) for i in range(NAMES))


def measured(node, lab, differing, clustered):
    path = lab.folder / "copy"
    copy_write(path, differing, clustered)
    sent = node.metric("authd_repair_bytes_total")
    started = time.monotonic()
    found = zonesync("repair", f"{node.where()}/{NAME}", path)
    seconds = time.monotonic() - started
    if found["by"] != "reconciliation" or found["added"] != differing + 1:
        raise Failure(f"{differing} differences: {found}")
    sent = node.metric("authd_repair_bytes_total") - sent
    if not sent < found["bytes"] < sent * 3 + 10_000:
        raise Failure(f"the server sent {sent} bytes, and zonesync counts {found['bytes']} both ways")
    return {"bytes": found["bytes"] + opening(node), "round_trips": found["round_trips"] + 1, "seconds": seconds}


def transfer(node, lab):
    before = node.metric("authd_transfer_bytes_total")
    started = time.monotonic()
    zonesync("pull", node.where(), NAME, "-o", lab.folder / "pulled")
    return {"bytes": int(node.metric("authd_transfer_bytes_total") - before), "round_trips": 1, "seconds": time.monotonic() - started}


def label(differing, clustered):
    return f"{differing:,} {'side by side' if clustered else 'scattered' if differing > 1 else 'record'}"


def run():
    """bytes and round trips to repair a copy of a zone of 1,000,000 records, beside AXFR"""
    with Lab() as lab:
        node = Authd(lab)
        node.zones[NAME] = Role(big_zone(NAMES, NAME, 2))
        lab.start()
        results = {label(differing, clustered): measured(node, lab, differing, clustered) for differing, clustered, _ in GRID}
        axfr = transfer(node, lab)
    table(["differ", "bytes", "of AXFR's", "round trips", "s, with reading and writing the file"],
          [[name, f"{found['bytes']:,}", f"{found['bytes'] / axfr['bytes']:.4f}", found["round_trips"], f"{found['seconds']:.2f}"] for name, found in results.items()]
          + [["AXFR", f"{axfr['bytes']:,}", "1", 1, f"{axfr['seconds']:.2f}"]])
    checks = []
    for differing, clustered, limit in GRID:
        found, name = results[label(differing, clustered)], label(differing, clustered)
        checks.append(check(f"bytes, {name}", found["bytes"], limit))
        checks.append(check(f"round trips, {name}", found["round_trips"], ROUND_TRIPS))
        if not quick():
            checks.append(check(f"bytes of those of before, {name}", found["bytes"] / BEFORE[differing, clustered], GROWTH))
    return {"names": NAMES, "repair": results, "axfr": axfr, "checks": checks}
