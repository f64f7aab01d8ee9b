"""Server CPU per UDP query: authd beside NSD, Knot and BIND, one worker each."""
from zt import Authd, Bind, Knot, Lab, Nsd
from zt.zones import Role
from zbench.load import cpu_per_query
from zbench.machine import check, quick, table
from zbench.servers import CachingPdns, Echo, EchoLonger
from zbench.zones import big_zone, questions, signed_zone, tld_zone

ROUNDS, SECONDS = (1, 2) if quick() else (7, 2)
MILLION, HUNDRED_THOUSAND, DELEGATIONS, SIGNED = (10_000, 10_000, 3_333, 1_000) if quick() else (1_000_000, 100_000, 333_333, 100_000)
SERVERS = (Authd, Nsd, Knot, Bind)
RIVALS = ("nsd", "knot")


def ratio_to_best(costs):
    return costs["authd"]["us_per_query"] / min(costs[name]["us_per_query"] for name in RIVALS)


def show(costs):
    best = min(costs[name]["us_per_query"] for name in RIVALS)
    table(["server", "CPU us/query", "of the best of NSD and Knot", "queries/s", "spread"],
          [[name, f"{cost['us_per_query']:.2f}", f"{cost['us_per_query'] / best:.2f}", f"{cost['qps']:,.0f}", f"{cost['spread']:.0%}"]
           for name, cost in costs.items()])


def expect_codes(costs, code, part):
    """A server that answers something else, faster, must not count."""
    for name, cost in costs.items():
        if not name.startswith("echo") and abs(cost["codes"].get(code, 0) - part) > 0.02:
            raise RuntimeError(f"{name} answered {cost['codes']}, expected {part:.0%} {code}")


def measure(zone, names, hit, code=("NOERROR", 0.9), kinds=SERVERS, options=(), **question_options):
    with Lab() as lab:
        nodes = [kind(lab, kind.kind) for kind in kinds]
        for node in nodes:
            if not node.kind.startswith("echo"):
                node.zones[zone.name] = Role(zone)
            node.start()
            node.wait_until_ready()
        lab.wait_for_serial(zone, [node for node in nodes if node.zones], deadline_s=300)
        queries = questions(lab.folder, names, hit, **question_options)
        costs = cpu_per_query(nodes, queries, ROUNDS, SECONDS, options)
    expect_codes(costs, *code)
    show(costs)
    return costs


def result(costs, target, what="CPU per query, of the best of NSD and Knot"):
    ratio = ratio_to_best(costs)
    return {"costs": costs, "ratio": ratio, "checks": [check(what, ratio, target)] if target else []}


def miss(i):
    return f"miss{i}.example."


def names1m():
    """CPU per UDP query, 1,000,000 A records, 90 % hits, beside a bare echo"""
    costs = measure(big_zone(MILLION), MILLION, lambda i: f"host{i}.example.", miss=miss, kinds=(*SERVERS, CachingPdns, Echo, EchoLonger))
    found = result(costs, 0.75)
    to_echo = costs["authd"]["us_per_query"] / costs["echo"]["us_per_query"]
    found["checks"].append(check("CPU per query, of the bare echo's (answer as long as the question)", to_echo, 1.15))
    return found | {"ratio_to_echo": to_echo}


def names100k():
    """CPU per UDP query, 100,000 A records, 90 % hits"""
    return result(measure(big_zone(HUNDRED_THOUSAND), HUNDRED_THOUSAND, lambda i: f"host{i}.example.", miss=miss), 0.80)


def tld():
    """CPU per UDP query, 333,333 delegations with glue, all answers referrals"""
    return result(measure(tld_zone(DELEGATIONS), DELEGATIONS, lambda i: f"www.d{i}.tld.", hits=1.0, code=("NOERROR", 1.0)), 0.75)


def nsec():
    """CPU per UDP query with DO, 100,000 A records signed with ECDSA P-256, NSEC, 90 % hits"""
    zone = signed_zone(SIGNED, "nsec.", nsec3=False)
    return result(measure(zone, SIGNED, lambda i: f"host{i}.nsec.", miss=lambda i: f"miss{i}.nsec.", options=("-e", "-D")), 0.80)


def nsec3():
    """the same with NSEC3 (no salt, no further iterations)"""
    zone = signed_zone(SIGNED, "nsec3.", nsec3=True)
    return result(measure(zone, SIGNED, lambda i: f"host{i}.nsec3.", miss=lambda i: f"miss{i}.nsec3.", options=("-e", "-D")), None)


def refused():
    """CPU per UDP query, names outside all zones: REFUSED"""
    return result(measure(big_zone(HUNDRED_THOUSAND), HUNDRED_THOUSAND, lambda i: f"host{i}.elsewhere.", hits=1.0, code=("REFUSED", 1.0)), None)


def nxdomain():
    """CPU per UDP query, names that do not exist in a zone of 100,000"""
    return result(measure(big_zone(HUNDRED_THOUSAND), HUNDRED_THOUSAND, miss, hits=1.0, code=("NXDOMAIN", 1.0)), None)


PARTS = {"names1m": names1m, "names100k": names100k, "tld": tld, "nsec": nsec, "nsec3": nsec3, "refused": refused, "nxdomain": nxdomain}
