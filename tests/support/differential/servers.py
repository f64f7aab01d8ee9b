"""The four servers, set up so that their answers can be compared: no rate limits, no recursion, no copies of NS records in positive answers,
datagrams of at most 1232 bytes (the default of all four), zones as they are, however broken."""
from dataclasses import dataclass, field

from zt import Authd, Bind, Knot, Nsd


@dataclass
class Served:
    """A zone of the run as the configuration writers of zt.peers want it."""
    zone: object
    file: str
    primaries: list = field(default_factory=list)
    secondaries: list = field(default_factory=list)
    updates: bool = False


class DiffAuthd(Authd):
    def config(self):
        text = (f"server:\n  listen: [{self.where()}]\n  workers: 1\n  state-dir: ./state\n  control: ./state/authd.sock\nzone:\n")
        # Single quotes: a backslash in a name means itself.
        return text + "".join(f"  - name: '{name}'\n    file: {role.file}\n    allow-transfer: [127.0.0.0/8]\n" for name, role in self.zones.items())


class DiffNsd(Nsd):
    def config(self):
        text = super().config().replace("\trrl-ratelimit: 0\n", "\trrl-ratelimit: 0\n\tminimal-responses: yes\n\tconfine-to-zone: yes\n\tround-robin: no\n")
        return text.replace("\tstore-ixfr: yes\n\tcreate-ixfr: yes\n\tixfr-size: 1000000000\n", "")


class DiffKnot(Knot):
    def config(self):
        return super().config().replace("zonefile-load: difference", "zonefile-load: whole\n    journal-content: none\n    semantic-checks: off")


class DiffBind(Bind):
    def config(self):
        options = """	check-names primary ignore;
	check-integrity no;
	check-sibling no;
	check-mx ignore;
	check-mx-cname ignore;
	check-srv-cname ignore;
	check-wildcard no;
	check-spf ignore;
	check-dup-records ignore;
	dnssec-accept-expired yes;
	minimal-any no;
	zero-no-soa-ttl no;
	rrset-order { order none; };
	answer-cookie no;
	tcp-clients 100;
"""
        text = super().config().replace("minimal-responses no;", "minimal-responses no-auth;")
        return text.replace("\tixfr-from-differences primary;\n\tmax-ixfr-ratio unlimited;\n", options)


def start_alone(lab, zones):
    """authd with the zones, and nobody else."""
    node = DiffAuthd(lab)
    node.zones = {zone.name: Served(zone, f"zone{number}") for number, zone in enumerate(zones)}
    lab.start(node)
    return node


def start_all(lab, zones):
    """authd first, then the peers, each with the zones it does not refuse."""
    nodes = [DiffAuthd(lab), DiffNsd(lab), DiffKnot(lab), DiffBind(lab)]
    for node in nodes:
        for number, zone in enumerate(zones):
            if node.kind not in zone.refused_by:
                node.zones[zone.name] = Served(zone, f"zone{number}")
    lab.start()
    return nodes
