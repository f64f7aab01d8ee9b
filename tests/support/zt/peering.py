"""What tests of primaries and what they know of their secondaries share."""
import contextlib
import socket
import subprocess
import threading

from zt.client import update
from zt.lab import Failure, free_port
from zt.ours import built, zonectl
from zt.zones import sample_zone

FAR = 86400      # of REFRESH and RETRY: nobody polls in these tests


def quiet_zone(name="example.com.", **numbers):
    return sample_zone(name, refresh=FAR, retry=FAR, expire=10 * FAR, **numbers)


def add(primary, zone, name):
    rcode = update(primary, zone.name, ("add", name, 300, "A", "192.0.2.1"))
    if rcode != "NOERROR":
        raise Failure(f"UPDATE of {zone.name} answered with {rcode}")
    zone.serial += 1


def peers(primary, zone):
    return {peer["peer"]: peer for peer in zonectl(primary, "peers", zone.name)}


def current(primary, zone, where):
    return peers(primary, zone)[where]["state"] == "current"


def human(node, *words):
    """What zonectl prints for people."""
    return subprocess.run([built("tools/zonectl/zonectl"), "-s", str(node.control()), *words], capture_output=True, text=True, timeout=30,
                          check=True).stdout


class Link:
    """Stands in front of a secondary on its own address: passes on what comes by UDP, unless it is cut."""

    def __init__(self, node):
        self.node = node
        self.port = free_port(node.address)
        self.is_cut = False
        self.seen = 0
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((node.address, self.port))
        self.inside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.inside.bind((node.address, 0))
        self.client = None
        for source, handle in ((self.sock, self._inwards), (self.inside, self._outwards)):
            threading.Thread(target=self._pump, args=(source, handle), daemon=True).start()

    def where(self):
        return f"{self.node.address}@{self.port}"

    def _pump(self, source, handle):
        with contextlib.suppress(OSError):
            while True:
                handle(*source.recvfrom(65535))

    def _inwards(self, data, client):
        self.seen += 1
        if not self.is_cut:
            self.client = client
            self.inside.sendto(data, (self.node.address, self.node.port))

    def _outwards(self, data, _):
        if not self.is_cut:
            self.sock.sendto(data, self.client)

    def close(self):
        for sock in (self.sock, self.inside):
            sock.close()
