"""Zones as text, who serves them, and hierarchies of them."""
from dataclasses import dataclass, field


@dataclass
class Zone:
    """A zone version: its data lines and the numbers of its SOA."""
    name: str
    lines: list
    serial: int = 1
    refresh: int = 3600
    retry: int = 600
    expire: int = 86400
    minimum: int = 60
    ttl: int = 300

    def text(self):
        soa = f"@ IN SOA ns1 hostmaster {self.serial} {self.refresh} {self.retry} {self.expire} {self.minimum}"
        return "\n".join([f"$ORIGIN {self.name}", f"$TTL {self.ttl}", soa, *self.lines, ""])

    def change(self, add=(), remove=()):
        """The next version, in place."""
        self.lines = [line for line in self.lines if line not in remove] + list(add)
        self.serial += 1


@dataclass
class ZoneText:
    """A zone version whose text comes from elsewhere."""
    name: str
    serial: int
    body: str

    def text(self):
        return self.body


@dataclass
class Role:
    """What one node does with a zone."""
    zone: object
    primaries: list = field(default_factory=list)      # nodes; empty for the primary itself
    secondaries: list = field(default_factory=list)    # nodes to notify
    updates: bool = False                              # takes UPDATE from the loopback network

    @property
    def file(self):
        return zone_file_name(self.zone.name)


def zone_file_name(name):
    return ("root" if name == "." else name.rstrip(".")) + ".zone"


def sample_zone(name, hosts=5, **numbers):
    """A zone with a bit of everything that all servers load."""
    lines = ["@ NS ns1", "@ NS ns2", "ns1 A 192.0.2.1", "ns2 A 192.0.2.2", "@ MX 10 mail", "mail A 192.0.2.25", "mail AAAA 2001:db8::25",
             "www CNAME host1", "*.wild TXT \"any\"", "a.b.c.deep A 192.0.2.77", "sub NS ns.sub", "ns.sub A 192.0.2.53",
             "_sip._tcp SRV 0 5 5060 host2", "@ TXT \"v=spf1 -all\" \"second string\""]
    lines += [f"host{number} A 198.51.100.{number % 256}" for number in range(1, hosts + 1)]
    return Zone(name, lines, **numbers)


def replicate(zone, primary, secondaries, updates=False):
    """Makes one node the zone's primary and the others its secondaries; before the lab starts."""
    primary.zones[zone.name] = Role(zone, [], list(secondaries), updates)
    for secondary in secondaries:
        secondary.zones[zone.name] = Role(zone, [primary])
    return zone


class Hierarchy:
    """Zones that delegate to each other, each served by nodes of the lab. Name servers get names and glue by themselves."""

    def __init__(self):
        self.zones = {}          # name -> Zone
        self.servers = {}        # name -> nodes

    def add(self, name, servers, lines=(), **numbers):
        """Parents before children. The first server is the primary."""
        zone = Zone(name, [], **numbers)
        ns_lines = ns_lines_from(name, servers)
        zone.lines = ns_lines + list(lines)
        parent = self._parent_of(name)
        if parent is not None:
            self.zones[parent].lines += ns_lines
        self.zones[name] = zone
        self.servers[name] = list(servers)
        return replicate(zone, servers[0], servers[1:])

    def _parent_of(self, name):
        parents = [other for other in self.zones if name != other and (other == "." or name.endswith("." + other))]
        return max(parents, key=len, default=None)

    def hints(self):
        """The root's name servers in zone-file format."""
        return "\n".join(ns_lines_from(".", self.servers["."])) + "\n"

    def root_addresses(self):
        """Name -> address of the root's name servers."""
        return {ns_name(".", number): node.address for number, node in enumerate(self.servers["."], 1)}

    def deepest_first(self):
        return sorted(self.servers.items(), key=lambda item: (-item[0].count(".") * (item[0] != "."), item[0]))


def ns_name(zone, number):
    return f"ns{number}.root-servers." if zone == "." else f"ns{number}.{zone}"


def ns_lines_from(zone, servers):
    """NS and address lines with absolute names: the same text at the apex and in the parent."""
    lines = []
    for number, node in enumerate(servers, 1):
        lines += [f"{zone} 3600 IN NS {ns_name(zone, number)}", f"{ns_name(zone, number)} 3600 IN A {node.address}"]
    return lines
