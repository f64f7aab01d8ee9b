"""Servers as the benchmarks start them, where that differs from the tests' settings."""
from zt import Node, Pdns, client, wait_for
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
