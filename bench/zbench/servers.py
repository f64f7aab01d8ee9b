"""Servers as the benchmarks start them, where that differs from the tests' settings."""
from zt import Authd, Bind, Knot, Node, Nsd, Pdns, client, wait_for
from zt.ours import built


class Echo(Node):
    """bench_echo: what the kernel alone costs."""
    kind = "echo"
    grow = 0      # bytes that an answer is longer than its question

    def find_binary(self):
        return built("bench/bench_echo")

    def write_config(self):
        pass

    def command(self):
        return [self.binary, self.where(), str(self.grow)]

    def wait_until_ready(self):
        wait_for(lambda: client.exchange_udp(self, bytes(12)), f"an echo of {self.name}")


class EchoLonger(Echo):
    """Answers as long as one with an A record."""
    kind = "echo +16 bytes"
    grow = 16


class CachingPdns(Pdns):
    """PowerDNS with its caches on, as it comes."""

    def config(self):
        return "".join(line + "\n" for line in super().config().splitlines() if not line.partition("=")[0].endswith("cache-ttl"))


# Many zones: nothing a zone does not need, so that each server is at its best.
class LeanNsd(Nsd):
    def config(self):
        head = super().config().partition("zone:")[0]
        return head + "".join(f'zone:\n\tname: "{name}"\n\tzonefile: "{role.file}"\n' for name, role in self.zones.items())


class LeanKnot(Knot):
    def config(self):
        head = super().config().partition("zone:\n")[0].replace("zonefile-load: difference", "zonefile-load: whole").replace("any: debug", "any: notice")
        return head + "zone:\n" + "".join(f"  - domain: {name}\n    file: {role.file}\n" for name, role in self.zones.items())


class LeanAuthd(Authd):
    def config(self):
        head = super().config().partition("zone:\n")[0]
        return head + "zone:\n" + "".join(f'  - name: "{name}"\n    file: {role.file}\n' +
                                          ("    allow-update: [127.0.0.0/8]\n" if role.updates else "") for name, role in self.zones.items())


# Tells secondaries of changes at once, not 20 a second. (Knot waits for a second before it tells, and has no setting for that.)
class PromptBind(Bind):
    def config(self):
        return super().config().replace("\tnotify-delay 0;\n", "\tnotify-delay 0;\n\tnotify-rate 1000;\n", 1)
