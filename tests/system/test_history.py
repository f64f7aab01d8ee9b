"""The history: IXFR from every version that the journal keeps leads to the content of now, whatever the changes were made by."""
import os
import random
from collections import Counter

from zt import Authd, axfr, ixfr, replicate, run_tests, sample_zone, scale, test, update, zonectl
from zt.wire import SOA

STEPS = scale(60)
ZONE = "example.com."


def content_after(before, answer):
    """What a secondary that has `before` makes of an IXFR answer. Differences that do not fit exactly are an error."""
    records = answer.records
    if len(records) == 1:
        return before
    if not answer.is_incremental():
        return Counter(records[:-1])
    content = Counter(before)
    adding = True
    for record in records[1:-1]:
        if record[1] == SOA:
            adding = not adding
        if adding:
            assert content[record] == 0, f"added, but it was there: {record}"
            content[record] = 1
        else:
            assert content[record] == 1, f"removed, but it was not there: {record}"
            del content[record]
    return content


def random_change(rng, name):
    """One change of an UPDATE: records come and go, TTLs change, RRsets and names vanish, aliases move."""
    kind = rng.choice(["A", "TXT"])
    data = f"192.0.2.{rng.randint(1, 4)}" if kind == "A" else f'"{rng.randint(1, 4)}"'
    return rng.choice([
        ("add", name, rng.choice([60, 300]), kind, data),
        ("add", name, 300, kind, data),
        ("delete", name, kind, data),
        ("delete", name, kind),
        ("delete", name),
        ("replace", name, 300, kind, data),
        ("add", "alias" + name[-1], 300, "CNAME", f"host{rng.randint(1, 4)}"),
        ("add", "@", 300, "NS", f"ns{rng.randint(2, 4)}"),
        ("delete", "@", "NS", f"ns{rng.randint(2, 4)}"),
    ])


def change_somehow(rng, node, zone):
    """By UPDATE mostly, now and then by an edited zone file or a whole SOA."""
    way = rng.random()
    if way < 0.15:
        zone.change(add=[f"hand{rng.randint(1, 9)} A 192.0.2.{rng.randint(1, 9)}"], remove=[rng.choice(zone.lines[14:])])
        zone.lines = zone.lines[:14] + sorted(set(zone.lines[14:]))
        zone.ttl = rng.choice([300, 300, 301])
        zone.serial = rng.choice([zone.serial, node.serial(ZONE) + 1])
        node.write_zone(zone)
        zonectl(node, "reload", ZONE)
        return
    changes = [random_change(rng, f"dyn{rng.randint(1, 5)}") for _ in range(rng.choice([1, 1, 3, 20]))]
    if way < 0.25:
        serial = (node.serial(ZONE) + rng.choice([1, 100, 2 ** 28])) % 2 ** 32
        changes.append(("add", "@", 300, "SOA", f"ns1 hostmaster {serial} 3600 600 86400 {rng.randint(60, 61)}"))
    assert update(node, ZONE, *changes) == "NOERROR"


@test("IXFR from each version in the history gives the content of now, also after a restart")
def every_span(lab):
    seed = int(os.environ.get("ZT_SEED") or random.randrange(10 ** 9))
    print(f"# ZT_SEED={seed}")
    rng = random.Random(seed)
    node = Authd(lab)
    zone = replicate(sample_zone(ZONE, hosts=100, serial=2 ** 32 - 20), node, [], updates=True)
    lab.start()
    contents = {}
    for step in range(STEPS):
        contents[node.serial(ZONE)] = Counter(axfr(node, ZONE))
        change_somehow(rng, node, zone)
        if step == STEPS // 2:
            node.kill()
            node.restart()
    last = node.serial(ZONE)
    contents[last] = Counter(axfr(node, ZONE))
    assert update(node, ZONE, ("add", "last", 300, "A", "192.0.2.1")) == "NOERROR"
    for restarted in (False, True):
        if restarted:
            node.stop()
            node.restart()
        now = Counter(axfr(node, ZONE))
        history = zonectl(node, "history", ZONE)
        assert len(history) > 3
        for version in history:
            answer = ixfr(node, ZONE, version["from_serial"])
            assert content_after(contents[version["from_serial"]], answer) == now, f"from serial {version['from_serial']}"
        assert ixfr(node, ZONE, last).is_incremental()


if __name__ == "__main__":
    run_tests()
