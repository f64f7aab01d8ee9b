"""A lab: one test's temporary folder, addresses, port and processes.

Every node has an address of its own in 127.0.0.0/8; all share one port number, as in a real hierarchy. Labs of tests that run side by
side take different networks. Leaving the lab stops what it started, by pid; when the test fails, the ends of all logs go with the error.
"""
import itertools
import operator
import os
import random
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path

LOG_LINES_SHOWN = 60
DEFAULT_DEADLINE_S = 30.0
EQUAL_DEADLINE_S = 3.0
FIRST_PORT, LAST_PORT = 20000, 29999      # below the range that the kernel gives to outgoing sockets

_promised = set()                         # ports given out by this process
_pause = threading.Event()                # never set: a timed wait on it lets the polling thread rest


class Skip(Exception):
    """The test cannot run here; the reason goes into the results."""


class Failure(AssertionError):
    """An expectation of a test was not met."""


def scale(count):
    """`count` times ZT_SCALE percent, at least 1: how much of a long test to run."""
    return max(1, count * int(os.environ.get("ZT_SCALE") or 100) // 100)


def source_top():
    return Path(os.environ.get("ZT_SRC") or Path(__file__).resolve().parents[3])


def time_factor():
    """Sanitizer builds are slower: deadlines stretch with ZT_TIME_FACTOR."""
    return float(os.environ.get("ZT_TIME_FACTOR") or 1)


def wait_for(condition, what, deadline_s=DEFAULT_DEADLINE_S, pause_s=0.02):
    """Polls until the condition gives something true, and returns it. `what` completes "waited 30 s for …"; a callable is asked then."""
    deadline = time.monotonic() + deadline_s * time_factor()
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"waited {deadline_s * time_factor():.0f} s for {what() if callable(what) else what}")
        _pause.wait(pause_s)


class Lab:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="lab-"))
        # Name servers that give up root rights must still reach their folders.
        self.folder.chmod(0o755)
        self.nodes = []
        self.links = []              # zt.link: ended with the lab
        self.clock = None            # zt.clocks.LabClock: that of nodes started from now on; None: real time
        self._addresses = 0
        self.port = None
        self._network = None
        self._take_network()

    def _take_network(self):
        """A /24 of the loopback network and a port on which nobody listens there."""
        for _ in range(1000):
            network = f"127.{random.randint(1, 254)}.{random.randint(0, 254)}"
            port = random.randint(FIRST_PORT, LAST_PORT)
            if port_is_free(f"{network}.1", port) and port_is_free(f"{network}.254", port):
                self._network, self.port = network, port
                _promised.add(port)
                return
        raise Failure("found no free port on the loopback network")

    def next_address(self):
        self._addresses += 1
        return f"{self._network}.{self._addresses}"

    def add(self, node):
        """Called by a node's constructor: gives it a folder; it is stopped with the lab."""
        self.nodes.append(node)
        folder = self.folder / f"{len(self.nodes)}-{node.kind}"
        folder.mkdir(mode=0o755)
        return folder

    def start(self, *nodes):
        """Starts the given nodes, or all; returns when each answers. Primaries come first: a secondary that finds nobody waits long."""
        depth = operator.methodcaller("depth")
        for _, level in itertools.groupby(sorted(nodes or self.nodes, key=depth), key=depth):
            level = list(level)
            for node in level:
                node.start()
            for node in level:
                node.wait_until_ready()

    def wait_for_serial(self, zone, nodes, serial=None, deadline_s=DEFAULT_DEADLINE_S):
        """Until every node serves the zone with the serial (absent: the one the zone's text has)."""
        name, serial = str(zone.name), zone.serial if serial is None else serial
        seen = {}

        def all_there():
            for node in nodes:
                if seen.get(node.name) != serial:
                    seen[node.name] = node.serial(name)
            return all(seen[node.name] == serial for node in nodes)
        wait_for(all_there, lambda: f"serial {serial} of {name} at {', '.join(node.name for node in nodes)}; seen: {seen}", deadline_s)

    def check_equal(self, zone, primary, others):
        """Every node serves the same zone, record by record. A moment is allowed: a server of several processes (NSD) may still answer from
        an old one when the new one has been seen."""
        found = []

        def all_equal():
            found[:] = [text for text in (self._difference(zone, primary, node) for node in others) if text]
            return not found
        wait_for(all_equal, lambda: f"equal zones; {'; '.join(found)}", deadline_s=EQUAL_DEADLINE_S)

    def _difference(self, zone, primary, node):
        expected, mine = primary.axfr(zone.name), node.axfr(zone.name)
        if mine == expected:
            return None
        missing, extra = set(expected) - set(mine), set(mine) - set(expected)
        return (f"{node.name} serves another {zone.name} than {primary.name}: {len(missing)} records missing, {len(extra)} too many, "
                f"such as {sorted(missing)[:3]} and {sorted(extra)[:3]}")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        complaints = [complaint for node in reversed(self.nodes) for complaint in node.close()]
        for link in self.links:
            link.close()
        failure = error or (Failure("; ".join(complaints)) if complaints else None)
        if failure and kind is not Skip:
            for node in self.nodes:
                failure.add_note(f"---- end of the log of {node.name} ({node.where()})\n{node.log_end(LOG_LINES_SHOWN)}")
        if os.environ.get("ZT_KEEP"):
            print(f"# kept {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        if failure and error is None:
            raise failure


def free_port(address):
    """A port that nobody listens on, and that this process has not promised to another node: those are bound only when the node starts."""
    for port in iter(lambda: random.randint(FIRST_PORT, LAST_PORT), None):
        if port not in _promised and port_is_free(address, port):
            _promised.add(port)
            return port


def port_is_free(address, port):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True
