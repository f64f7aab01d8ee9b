"""Clocks that run faster than real time: our daemons have their own, the others get theirs from libfaketime."""
import glob
import os
import time
from pathlib import Path

from zt.lab import Skip

LIBFAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"


class LabClock:
    """A lab's clock, `speed` times as fast as real time and `ahead_s` ahead of it now. As `lab.clock` it is that of all nodes that start then."""

    def __init__(self, speed, ahead_s=0.0):
        self.speed = speed
        self.epoch = time.time() - ahead_s / (speed - 1)

    def now(self):
        return self.epoch + (time.time() - self.epoch) * self.speed

    def for_ours(self):
        return {"ZONETIDE_CLOCK": f"{self.speed}@{self.epoch:.6f}"}

    @staticmethod
    def library():
        """Where libfaketime is; without it the test is skipped."""
        found = glob.glob(LIBFAKETIME)
        if not found:
            raise Skip("libfaketime is missing: apt-get install faketime")
        return found[0]

    def for_others(self, behind_s):
        """libfaketime counts from the start of a process, so that this is good for one that starts now. BIND and Knot Resolver come with a malloc
        that reads the clock too early for libfaketime; the C library's own goes before it."""
        offset = round(self.now() - time.time() - behind_s)
        return {"LD_PRELOAD": f"{self.library()} libc.so.6 libstdc++.so.6", "FAKETIME": f"{offset:+d} x{self.speed}"}


def forget_shared_memory(pid):
    """libfaketime names shared memory after the process and leaves it there when the process is killed; nobody else opens it."""
    for path in (f"/dev/shm/faketime_shm_{pid}", f"/dev/shm/sem.faketime_sem_{pid}"):
        Path(path).unlink(missing_ok=True)


def environment(node):
    """What a node's process is started with; None: what this one has."""
    clock = node.lab.clock
    return None if clock is None else {**os.environ, **node.clock_variables(clock)}
