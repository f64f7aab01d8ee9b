"""resolverd beside Knot Resolver and Unbound: CPU per answer from the cache, one thread each."""
import random

from zt import Hierarchy, KnotResolver, Lab, Nsd, Resolverd, Unbound
from zbench.load import cpu_per_query
from zbench.machine import check, quick, table

NAMES = 1_000 if quick() else 10_000
ROUNDS, SECONDS = (1, 2) if quick() else (5, 5)
TARGET = 1.0      # of Knot Resolver's


def run():
    """CPU per answer from the cache, 10,000 names: resolverd beside Knot Resolver and Unbound"""
    with Lab() as lab:
        hierarchy = Hierarchy()
        root, leaf = Nsd(lab, "root"), Nsd(lab, "leaf")
        hierarchy.add(".", [root], ttl=86400)
        hierarchy.add("example.", [leaf], [f"host{i} 86400 A 10.0.{i >> 8 & 255}.{i & 255}" for i in range(NAMES)])
        lab.start(root, leaf)
        resolvers = [kind(lab, hierarchy, kind.kind) for kind in (Resolverd, KnotResolver, Unbound)]
        lab.start(*resolvers)
        chance = random.Random(1)
        queries = lab.folder / "queries"
        queries.write_text("".join(f"host{i}.example. A\n" for i in range(NAMES)) +
                           "".join(f"host{chance.randrange(NAMES)}.example. A\n" for _ in range(100_000)))
        costs = cpu_per_query(resolvers, queries, ROUNDS, SECONDS)
    reference = costs[KnotResolver.kind]["us_per_query"]
    ratio = costs[Resolverd.kind]["us_per_query"] / reference
    table(["resolver", "CPU us/answer", "of Knot Resolver's", "answers/s"],
          [[name, f"{cost['us_per_query']:.2f}", f"{cost['us_per_query'] / reference:.2f}", f"{cost['qps']:.0f}"] for name, cost in costs.items()])
    return {"names": NAMES, "costs": costs, "ratio_to_kresd": ratio, "checks": [check("CPU per cached answer, of Knot Resolver's", ratio, TARGET)]}
