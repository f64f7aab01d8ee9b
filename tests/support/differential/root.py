"""A round over a real signed zone, the root: questions at, below and beside names of it, for all four servers."""
import lzma
import random
import time
from pathlib import Path

from differential import exchange, names, queries, run, servers, zones
from differential.answer import NSEC3, SOA

NAMES_ASKED = 4000


def read_zone(path):
    """The text as it is; what the other servers must not know of another zone's file does not matter here."""
    path = Path(path)
    return lzma.open(path, "rt").read() if path.suffix == ".xz" else path.read_text()


def run_round(lab, seed, path, pair_count, report, log=print):
    rng = random.Random(seed)
    body = read_zone(path)
    zone = zones.GeneratedZone(name=".", apex=(), signing="nsec", records=[], asked=[], refused_by=frozenset(), serial=0, body=body)
    started = time.monotonic()
    nodes = servers.start_all(lab, [zone])
    records = nodes[1].axfr(".")
    zone.serial = next(int.from_bytes(record[4][-20:-16]) for record in records if record[1] == SOA)
    run.check_loaded(nodes, [zone])
    data = run.RoundData([zone], nodes[0], nodes[1])
    owners = sorted({names.from_wire(record[0]) for record in records if record[1] != NSEC3})
    zone.asked = rng.sample(owners, min(NAMES_ASKED, len(owners)))
    for record in records:
        zone.types.setdefault(names.from_wire(record[0]), set()).add(queries.type_text(record[1]))
    asked = queries.make_queries(rng, zone, pair_count)
    up = time.monotonic()
    answers = exchange.exchange(nodes, asked)
    answered = time.monotonic()
    run.compare_all(nodes, asked, answers, data, report)
    log(f"# seed {seed}: {len(asked)} pairs over the root; starting {up - started:.1f} s, asking {answered - up:.1f} s, comparing {time.monotonic() - answered:.1f} s")
