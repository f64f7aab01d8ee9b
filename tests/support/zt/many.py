"""Very many small zones: a primary and a secondary of them, and a primary that never answers."""
import contextlib
import select
import socket
import threading
import time

from zt.lab import Failure, wait_for
from zt.ours import Authd, zonectl
from zt.zones import Role, Zone

SMALL = ["@ NS ns1", "ns1 A 192.0.2.1", "www A 192.0.2.80", "mail A 192.0.2.25", "@ MX 10 mail"]


def small_zones(count, prefix="z", **numbers):
    return [Zone(f"{prefix}{i}.example.", list(SMALL), **numbers) for i in range(count)]


class ManyAuthd(Authd):
    """Lines for each zone are few; `settings` are more lines of the server section."""
    def __init__(self, lab, name=None, settings=(), **options):
        super().__init__(lab, name, **options)
        self.settings = list(settings)

    def config(self):
        head = super().config().partition("zone:\n")[0]
        text = [head, *(f"  {line}\n" for line in self.settings), "zone:\n"]
        for name, role in self.zones.items():
            text.append(f'  - name: "{name}"\n    allow-transfer: [127.0.0.0/8]\n')
            text.append(f"    primaries: [{', '.join(node.where() for node in role.primaries)}]\n" if role.primaries else f"    file: {role.file}\n")
            if role.secondaries:
                text.append(f"    notify: [{', '.join(node.where() for node in role.secondaries)}]\n")
            if role.updates:
                text.append("    allow-update: [127.0.0.0/8]\n")
        return "".join(text)

    def serving(self):
        """How many zones it serves; none while it does not answer."""
        try:
            return zonectl(self, "status")["zones_serving"]
        except (Failure, OSError):
            return 0

    def queries(self):
        return self.metric("authd_queries_total", transport="udp")


def follow(zones, primary, secondary, others=(), **options):
    """The secondary follows the primary in all zones; it asks `others` first."""
    for zone in zones:
        primary.zones[zone.name] = Role(zone, [], [], **options)
        secondary.zones[zone.name] = Role(zone, [*others, primary])


class Blackhole:
    """An address at which packets and connections arrive and nothing ever comes back."""
    def __init__(self, lab):
        self.address, self.port = lab.next_address(), lab.port
        self.name = f"blackhole-{self.address}"
        self.packets = self.connections = 0
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((self.address, self.port))
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.tcp.bind((self.address, self.port))
        self.tcp.listen(1024)
        self.held = []
        self.ends = False
        self.thread = threading.Thread(target=self._swallow)
        self.thread.start()

    def where(self):
        return f"{self.address}@{self.port}"

    def _swallow(self):
        while not self.ends:
            for sock in select.select([self.udp, self.tcp], [], [], 0.05)[0]:
                if sock is self.udp:
                    self.udp.recv(4096)
                    self.packets += 1
                else:
                    self.held.append(self.tcp.accept()[0])
                    self.connections += 1

    def close(self):
        self.ends = True
        self.thread.join()
        for sock in (self.udp, self.tcp, *self.held):
            sock.close()


@contextlib.contextmanager
def blackhole(lab):
    hole = Blackhole(lab)
    try:
        yield hole
    finally:
        hole.close()


def seconds_until(condition, deadline_s=120.0, pause_s=0.005):
    """How long it took; an error where it did not come."""
    started = time.monotonic()
    wait_for(condition, "what is measured", deadline_s, pause_s)
    return time.monotonic() - started
