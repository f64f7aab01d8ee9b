"""Images of large zones: a restart takes the zone from its image and serves the same; an image that is damaged, foreign or too old is refused."""
import random
import re
import signal
from pathlib import Path

from zt import Authd, replicate, run_tests, sample_zone, scale, test, update, wait_for, zonectl

ZONE = "example.com."
HOSTS = 20_000


class Keyed(Authd):
    """authd with a sync-secret, if it is given one."""

    def __init__(self, lab, name, secret=None):
        super().__init__(lab, name)
        self.secret = secret

    def config(self):
        return super().config().replace("server:\n", f"server:\n  sync-secret: {self.secret}\n" if self.secret else "server:\n", 1)


def image_of(node):
    return next(node.path("state").glob("*.image"), None)


def wait_for_image(node, other_than=None):
    """Until an image stands there that is not the one given (by what stat tells)."""
    def is_there():
        node.fail_if_dead()
        path = image_of(node)
        return path and stat_of(path) != other_than and path
    return wait_for(is_there, f"an image of {node.name}", 90)


def stat_of(path):
    info = path.stat()
    return info.st_ino, info.st_size, info.st_mtime_ns


def started(lab, hosts=HOSTS):
    node = Authd(lab)
    replicate(sample_zone(ZONE, hosts=hosts), node, [], updates=True)
    lab.start()
    return node


def sources(node):
    """Where the zone came from at each start: "the journal" or "its image"."""
    return re.findall(r"zone example\.com\.: serial \d+ from (the journal|its image)", node.log())


def refusals(node):
    return re.findall(r"zone example\.com\.: the image .* is refused: ([^;]*);", node.log())


def restart_serves(node, content, source):
    """Starts the node again; it takes the zone from there and serves that content."""
    node.restart()
    assert node.axfr(ZONE) == content, "a restart changed the content"
    assert sources(node)[-1] == source, f"taken from {sources(node)[-1]}, expected {source}: {node.log_end(10)}"


@test("a restart takes a large zone from its image and serves the same, again and again, with updates in between")
def restarts(lab):
    node = started(lab)
    wait_for_image(node)
    for number in range(4):
        content = node.axfr(ZONE)
        node.stop()
        restart_serves(node, content, "its image")
        assert update(node, ZONE, ("add", f"new{number}", 60, "A", "192.0.2.9"), ("delete", f"host{number + 1}")) == "NOERROR"
    assert not refusals(node), refusals(node)


@test("after kill -9 the image of an older serial is brought forward by the history")
def brought_forward(lab):
    node = started(lab)
    wait_for_image(node)
    for number in range(scale(60)):
        assert update(node, ZONE, ("replace", f"host{number + 1}", 60, "TXT", f'"{number}"'), ("delete", f"host{number + 100}", "A")) == "NOERROR"
        if number % 20 == 7:
            content = node.axfr(ZONE)
            node.kill()
            restart_serves(node, content, "its image")
    content = node.axfr(ZONE)
    node.kill()
    restart_serves(node, content, "its image")
    assert not refusals(node), refusals(node)


@test("a zone that changed much gets a new image, which a restart takes")
def renewed(lab):
    node = started(lab)
    first = stat_of(wait_for_image(node))
    zone = node.zones[ZONE].zone
    zone.change(add=[f"more{number} A 192.0.2.1" for number in range(3000)])
    node.write_zone(zone)
    zonectl(node, "reload", ZONE)
    wait_for_image(node, other_than=first)
    content = node.axfr(ZONE)
    node.kill()
    restart_serves(node, content, "its image")
    assert not refusals(node), refusals(node)


def damage(path, kind):
    data = bytearray(path.read_bytes())
    if kind == "a flipped bit in the content":
        data[len(data) // 2] ^= 4
    elif kind == "a flipped bit in the header":
        data[40] ^= 1
    elif kind == "half of it":
        del data[len(data) // 2:]
    elif kind == "nothing":
        del data[:]
    elif kind == "more than it":
        data += b"more"
    elif kind == "zeros in its middle":
        data[len(data) // 3:len(data) // 2] = bytes(len(data) // 2 - len(data) // 3)
    elif kind == "something else":
        data = b"no image at all " * 1000
    path.write_bytes(data)


@test("an image that is damaged in any way is refused, the journal is read, and a new image is written")
def damaged(lab):
    node = started(lab)
    wait_for_image(node)
    for kind in ("a flipped bit in the content", "a flipped bit in the header", "half of it", "nothing", "more than it", "zeros in its middle",
                 "something else"):
        content = node.axfr(ZONE)
        node.kill()
        damage(image_of(node), kind)
        bad = stat_of(image_of(node))
        count = len(refusals(node))
        restart_serves(node, content, "the journal")
        assert len(refusals(node)) == count + 1, f"{kind}: not refused, or without saying so"
        assert update(node, ZONE, ("add", "after" + str(count), 60, "A", "192.0.2.9")) == "NOERROR"
        wait_for_image(node, other_than=bad)
        content = node.axfr(ZONE)
        node.kill()
        restart_serves(node, content, "its image")


@test("images of another zone, of another key and of another journal's content are refused")
def foreign(lab):
    node, other = Keyed(lab, "one"), Keyed(lab, "other", "the secret of another group")
    replicate(sample_zone(ZONE, hosts=HOSTS), node, [])
    replicate(sample_zone("example.org.", hosts=HOSTS), node, [])
    replicate(sample_zone(ZONE, hosts=HOSTS + 1), other, [])
    lab.start()
    images = wait_for(lambda: len(found := list(node.path("state").glob("*.image"))) == 2 and sorted(found), "both images", 90)
    theirs = wait_for_image(other)
    content = node.axfr(ZONE)
    node.kill()
    other.kill()
    mine = next(path for path in images if path.name.startswith("example.com"))
    mine.write_bytes(next(path for path in images if path != mine).read_bytes())
    restart_serves(node, content, "the journal")
    assert refusals(node) == ["it is of another zone"], refusals(node)
    node.kill()
    mine.write_bytes(theirs.read_bytes())
    restart_serves(node, content, "the journal")
    assert refusals(node)[1:] == ["it was made with another fingerprint key"], refusals(node)
    # The same key from now on, but what the journal holds is known to it by the old one.
    node.kill()
    node.secret = other.secret
    node.write("authd.yaml", node.config())
    mine.write_bytes(theirs.read_bytes())
    restart_serves(node, content, "the journal")
    assert refusals(node)[2].startswith("the journal knows the zone's content by another fingerprint key"), refusals(node)
    # The same key and the same serial, but what another journal held.
    node.kill()
    node.path("state/journal.mdb").unlink()
    node.start_process()
    wait_for(lambda: node.serial(ZONE) == 1, "the zone, loaded anew", 30)
    node.kill()
    mine.write_bytes(theirs.read_bytes())
    restart_serves(node, content, "the journal")
    assert refusals(node)[3:] == ["its content is not what the journal says of the zone"], refusals(node)


@test("an image from before what the history still knows is refused")
def too_old(lab):
    node = started(lab)
    wait_for_image(node)
    old = image_of(node).read_bytes()
    zone = node.zones[ZONE].zone
    node.stop()
    # A journal that has lost the zone's history: the content is stored as the first again.
    node.path("state/journal.mdb").unlink()
    zone.change(add=["fresh A 192.0.2.1"])
    node.write_zone(zone)
    node.restart()
    content = node.axfr(ZONE)
    node.kill()
    image_of(node).write_bytes(old)
    restart_serves(node, content, "the journal")
    assert len(refusals(node)) == 1, node.log_end(10)


@test("an image of a journal that is gone does not come back, not even where its SOA is all that differs and no new one can be written")
def of_before(lab):
    node = started(lab)
    image = wait_for_image(node)
    node.kill()
    node.path("state/journal.mdb").unlink()
    # A folder where the image's new file should go stands for a disk that cannot take it.
    image.with_name(image.name + ".new").mkdir()
    zone = node.zones[ZONE].zone
    zone.refresh += 1
    node.write_zone(zone)
    node.restart()
    content = node.axfr(ZONE)
    node.wait_for_log(re.compile("the image .* can't be written"))
    node.kill()
    restart_serves(node, content, "the journal")
    assert not image.exists()


def takes_signal(node, number):
    node.fail_if_dead()
    caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{node.process.pid}/status").read_text())[1]
    return int(caught, 16) >> (number - 1) & 1


@test("an end right after the start stores what was served on a pledge")
def ended_at_once(lab):
    node = started(lab, hosts=10)
    node.stop()
    node.path("state/journal.mdb").unlink()
    node.write_zone(sample_zone(ZONE, hosts=10 * HOSTS))
    node.start_process()
    # The handler stands before the zones are read, and the loop looks at signals before anything else.
    wait_for(lambda: takes_signal(node, signal.SIGTERM), "the handler of SIGTERM", 30)
    assert node.stop() == 0, node.log_end(10)
    node.restart()
    assert sources(node) == ["the journal"], node.log_end(10)


def numbers_in(zone):
    """The numbers of the names n<number> in a transferred zone."""
    labels = (record[0][1:1 + record[0][0]].decode() for record in zone)
    return {int(label[1:]) for label in labels if label[:1] == "n" and label[1:].isdigit()}


@test("kill -9 at any time, while images are written too, loses nothing that was acknowledged")
def killed(lab):
    chance = random.Random(7)
    node = started(lab)
    acknowledged = set()
    for _ in range(scale(12)):
        for _ in range(chance.randrange(16)):
            numbers = range(len(acknowledged), len(acknowledged) + 60)
            assert update(node, ZONE, *(("add", f"n{number}", 60, "A", "192.0.2.9") for number in numbers)) == "NOERROR"
            acknowledged |= set(numbers)
        if chance.random() < 0.5:
            wait_for(lambda: list(node.path("state").glob("*.image*")), "an image, perhaps half written", 30)
        node.kill()
        node.restart()
        assert numbers_in(node.axfr(ZONE)) == acknowledged, node.log_end(10)
    assert not refusals(node), refusals(node)
    assert "its image" in sources(node), node.log()


@test("a disk too full for an image leaves the zone served and a restart to the journal")
def full(lab):
    node = Authd(lab)
    replicate(sample_zone(ZONE, hosts=HOSTS), node, [], updates=True)
    # A folder where the image's new file should go stands for a disk that cannot take it.
    lab.start()
    blocked = wait_for_image(node)
    node.stop()
    blocked.unlink()
    blocked.with_name(blocked.name + ".new").mkdir()
    node.restart()
    node.wait_for_log(re.compile("the image .* can't be written"))
    assert update(node, ZONE, ("add", "fresh", 60, "A", "192.0.2.9")) == "NOERROR"
    content = node.axfr(ZONE)
    node.stop()
    restart_serves(node, content, "the journal")
    node.stop()
    blocked.with_name(blocked.name + ".new").rmdir()
    restart_serves(node, content, "the journal")
    wait_for_image(node)


@test("small zones have no image")
def small(lab):
    node = started(lab, hosts=10)
    big = sample_zone("big.example.", hosts=HOSTS)
    node.stop()
    replicate(big, node, [])
    node.write_config()
    node.restart()
    wait_for(lambda: node.serial("big.example.") == 1, "the large zone", 30)
    wait_for_image(node)
    assert [path.name.startswith("big.example.") for path in node.path("state").glob("*.image")] == [True]


if __name__ == "__main__":
    run_tests()
