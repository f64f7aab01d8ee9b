"""authd beside Knot, NSD and BIND: CPU per UDP query over a zone of 100,000 names, one worker each."""
import random

from zt import Authd, Bind, Knot, Lab, Nsd
from zt.zones import Role, ZoneText
from zbench.load import cpu_per_query
from zbench.machine import quick, table

NAMES = 10_000 if quick() else 100_000
ROUNDS, SECONDS = (1, 2) if quick() else (5, 5)
TARGET = 1.0      # of Knot's


def big_zone(names, name="example.", serial=1):
    head = f"$ORIGIN {name}\n$TTL 300\n@ SOA ns1 hostmaster {serial} 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n"
    return ZoneText(name, serial, head + "".join(f"host{i} A 10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}\n" for i in range(names)))


def query_file(folder, names, count=200_000, hits=0.9, seed=1):
    chance = random.Random(seed)
    path = folder / "queries"
    path.write_text("".join(f"{'host' if chance.random() < hits else 'miss'}{chance.randrange(names)}.example. A\n" for _ in range(count)))
    return path


def run():
    zone = big_zone(NAMES)
    with Lab() as lab:
        nodes = [kind(lab, kind.kind) for kind in (Authd, Knot, Nsd, Bind)]
        for node in nodes:
            node.zones[zone.name] = Role(zone)
        lab.start(*nodes)
        lab.wait_for_serial(zone, nodes, deadline_s=120)
        costs = cpu_per_query(nodes, query_file(lab.folder, NAMES), ROUNDS, SECONDS)
    ratio = costs["authd"]["us_per_query"] / costs["knot"]["us_per_query"]
    table(["server", "CPU us/query", "of Knot's", "queries/s"],
          [[name, f"{cost['us_per_query']:.2f}", f"{cost['us_per_query'] / costs['knot']['us_per_query']:.2f}", f"{cost['qps']:.0f}"]
           for name, cost in costs.items()])
    print(f"authd needs {ratio:.2f} of Knot's CPU per query; target: at most {TARGET:.2f}")
    return {"names": NAMES, "costs": costs, "ratio_to_knot": ratio, "met": ratio <= TARGET}
