"""kill -9 of authd in a loop while UPDATEs flow: nothing acknowledged is lost, nothing is half done, and it always starts again.

ZT_KILLS=100 makes a longer run of it (default 15)."""
# time limit: 1200 s
import os
import random
import threading

import dns.exception

from zt import Authd, Knot, replicate, run_tests, sample_zone, scale, test, update, wait_for

ZONE = "example.com."
KILLS = int(os.environ.get("ZT_KILLS") or scale(15))


class Writer:
    """Sends UPDATEs one after the other, each with two records that belong together, and notes which were acknowledged."""

    def __init__(self, node):
        self.node = node
        self.acknowledged = set()
        self.sent = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.stopping.is_set():
            number = self.sent
            self.sent += 1
            try:
                rcode = update(self.node, ZONE, ("add", f"left{number}", 60, "A", "203.0.113.1"), ("add", f"right{number}", 60, "A", "203.0.113.2"),
                               ("delete", f"left{number - 40}"), ("delete", f"right{number - 40}"), timeout_s=0.5)
            except (dns.exception.DNSException, OSError):
                self.stopping.wait(0.01)      # nobody there: it was killed
                continue
            if rcode == "NOERROR":
                self.acknowledged.add(number)

    def stop(self):
        self.stopping.set()
        self.thread.join()


def numbers_in(zone, side):
    """The numbers of the names left<number> (or right) in a transferred zone."""
    labels = (record[0][1:1 + record[0][0]].decode() for record in zone)
    return {int(label[len(side):]) for label in labels if label.startswith(side) and label[len(side):].isdigit()}


def check(node, writer):
    """Each UPDATE is there with both its records or with none; what was acknowledged is there, unless a later one took it out."""
    zone = node.axfr(ZONE)
    left, right = numbers_in(zone, "left"), numbers_in(zone, "right")
    assert left == right, f"half a change is served: {sorted(left ^ right)}"
    done = {number for number in writer.acknowledged if number not in left}
    # Number n is deleted by n + 40: acknowledged, or sent without an answer.
    for number in done:
        assert number + 40 < writer.sent, f"acknowledged change {number} is lost"
    for number in left:
        assert number + 40 not in writer.acknowledged, f"acknowledged change {number + 40} (which deletes {number}) is lost"


def kill_loop(lab, kills, seed):
    chance = random.Random(seed)
    node, follower = Authd(lab), Knot(lab)
    replicate(sample_zone(ZONE, refresh=2, retry=1), node, [follower], updates=True)
    lab.start()
    writer = Writer(node)
    writer.thread.start()
    serial = node.serial(ZONE)
    try:
        for _ in range(kills):
            writer.stopping.wait(chance.uniform(0.01, 0.25))
            node.kill()
            node.restart()
            now = node.serial(ZONE)
            assert now is not None and now >= serial, f"the serial went back from {serial} to {now}"
            serial = now
        enough = len(writer.acknowledged)
        wait_for(lambda: len(writer.acknowledged) > enough, "one more acknowledged UPDATE after the last start")
    finally:
        writer.stop()
    check(node, writer)
    print(f"# {kills} kills, {len(writer.acknowledged)} of {writer.sent} UPDATEs acknowledged, serial {node.serial(ZONE)}")
    assert len(writer.acknowledged) >= kills / 2, "too few UPDATEs got through for this to be a test"
    final = node.serial(ZONE)
    wait_for(lambda: follower.serial(ZONE) == final, "the secondary to catch up")
    assert follower.axfr(ZONE) == node.axfr(ZONE)


@test(f"{KILLS} times kill -9 while UPDATEs flow: no acknowledged change is lost, none is half there, every start succeeds")
def kill_while_updating(lab):
    seed = int(os.environ.get("ZT_SEED") or random.randrange(1 << 32))
    print(f"# repeat with ZT_SEED={seed}")
    kill_loop(lab, KILLS, seed)


@test("a secondary that is killed while transfers come in serves a whole version after each start and then catches up")
def kill_secondary(lab):
    chance = random.Random(int(os.environ.get("ZT_SEED") or 1))
    primary, secondary = Authd(lab), Authd(lab)
    zone = replicate(sample_zone(ZONE, hosts=2000, refresh=2, retry=1), primary, [secondary])
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    versions = {zone.serial: primary.axfr(ZONE)}
    for number in range(max(3, KILLS // 3)):
        zone.change(add=[f"new{number}-{part} A 203.0.113.{part % 250}" for part in range(500)])
        primary.reload_zone(zone)
        lab.wait_for_serial(zone, [primary])
        versions[zone.serial] = primary.axfr(ZONE)
        threading.Event().wait(chance.uniform(0, 0.02))      # a moment of its own in the transfer
        secondary.kill()
        secondary.restart()
        served = secondary.axfr(ZONE)
        assert served in versions.values(), "the secondary serves a zone that never was"
    lab.wait_for_serial(zone, [secondary])
    assert secondary.axfr(ZONE) == versions[zone.serial]


if __name__ == "__main__":
    run_tests()
