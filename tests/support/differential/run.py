"""One round: zones out of a seed, four servers that answer the same questions about them, and every difference explained or told."""
import collections
import random
import time

from differential import exchange, explain, model, names, queries, servers, sign, zones
from differential.answer import ADDITIONAL, ANSWER, AUTHORITY, DS, FLAG_AA, NSEC3, OTHER_NAMES, fold, read_answer
from differential.report import Problem
from zt.lab import Failure, wait_for

LOAD_DEADLINE_S = 10.0
REFUSED = 5


class RoundData:
    """What rules may ask about the zones of a round."""

    def __init__(self, made, ours, node):
        self.made = made
        self.apexes = [zone.apex for zone in made]
        self.records = collections.defaultdict(set)      # (owner, type) -> records of all zones
        self.models = {}
        for zone in made:
            records, same = folded(node.axfr(zone.name)), folded(ours.axfr(zone.name))
            if same != records:
                raise Failure(f"{ours.name} and {node.name} read different records from the file of {zone.name}: {sorted(same ^ records)[:6]}")
            self.models[zone.apex] = model.ZoneModel(zone.apex, records)
            for record in records:
                self.records[record[:2]].add(record)
                if record[1] == NSEC3:
                    zone.hashed.append(names.from_wire(record[0]))
        for zone in made:
            zone.hashed.sort()

    def apex_of(self, name):
        """The longest apex at or above a name; None where there is none."""
        name = names.lower(name)
        return max((apex for apex in self.apexes if names.is_within(name, apex)), key=len, default=None)

    def model_of(self, query):
        """Of the zone that answers the question: that of the longest apex at or above the name, for DS above it. None outside all."""
        name = names.lower(query.name)
        above = [apex for apex in self.apexes if names.is_within(name, apex)]
        if query.kind == DS and len(above) > 1:
            above = [apex for apex in above if apex != name]
        return self.models[max(above, key=len)] if above else None


def folded(records):
    """A transfer's records with all names in lower case."""
    return {(owner, kind, klass, ttl, fold(kind, rdata) if kind in OTHER_NAMES else rdata) for owner, kind, klass, ttl, rdata in records}


def model_problem(answer, query, zone_model):
    """What our answer has otherwise than the zone's records call for, as text; None if nothing."""
    if answer.is_truncated():
        return None
    if zone_model is None:
        return None if answer.rcode == REFUSED else "not refused"
    expected = zone_model.answer(query, explain.CHAIN_MAX["authd"])
    if answer.rcode != expected.rcode:
        return f"rcode {answer.rcode} where the zone calls for {expected.rcode}"
    if bool(answer.flags & FLAG_AA) != expected.is_authoritative:
        return "the AA bit is wrong"
    found = answer.sections[ANSWER]
    if expected.open_owner is not None:
        part = {record for record in found if record[0] == expected.open_owner and record not in expected.answer}
        if not part or not part <= expected.open_records:
            return "ANY or RRSIG is answered with what is not there"
        found = found - part
    for title, records, wanted in (("answer", found, expected.answer), ("authority", answer.sections[AUTHORITY], expected.authority)):
        if records != wanted:
            return f"the {title} section lacks {show(wanted - records)}, and has too many {show(records - wanted)}"
    if not expected.glue <= answer.sections[ADDITIONAL]:
        return f"glue is missing: {show(expected.glue - answer.sections[ADDITIONAL])}"
    return None


def show(records):
    return ", ".join(sorted(f"{names.text(names.from_wire(record[0]))} {queries.type_text(record[1])}" for record in records)) or "none"


def run_round(lab, seed, pair_count, zone_count, report, log=print):
    rng = random.Random(seed)
    made = zones.make_zones(rng, zone_count)
    started = time.monotonic()
    sign.sign_all(lab.folder / "keys", made)
    signed = time.monotonic()
    nodes = servers.start_all(lab, made)
    up = time.monotonic()
    check_loaded(nodes, made)
    data = RoundData(made, nodes[0], nodes[1])
    asked = [query for number, zone in enumerate(made) for query in queries.make_queries(rng, zone, share(pair_count, zone_count, number))]
    rng.shuffle(asked)
    before = time.monotonic()
    answers = exchange.exchange(nodes, asked)
    answered = time.monotonic()
    compare_all(nodes, asked, answers, data, report)
    log(f"# seed {seed}: {len(asked)} pairs over {len(made)} zones; signing {signed - started:.1f} s, starting {up - signed:.1f} s, transfers {before - up:.1f} s, "
        f"asking {answered - before:.1f} s, comparing {time.monotonic() - answered:.1f} s")


def share(total, parts, number):
    return total * (number + 1) // parts - total * number // parts


def check_loaded(nodes, made):
    """Every server serves every zone that it does not refuse, in the same version."""
    for node in nodes:
        for zone in made:
            if node.kind not in zone.refused_by:
                wait_for(lambda node=node, zone=zone: node.serial(zone.name) == zone.serial, lambda node=node, zone=zone: missing_text(node, zone), LOAD_DEADLINE_S)


def missing_text(node, zone):
    file = node.zones[zone.name].file
    told = [line for line in node.log().splitlines() if file in line and "error" in line][:5]
    return "\n".join([f"{zone.name}, signed {zone.signing or 'not'}, at {node.name}", *told])


def compare_all(nodes, asked, answers, data, report):
    """What was truncated or has other additional data is asked again over TCP; those answers are compared too, and show what would not fit."""
    report.pairs += len(asked)
    again = []
    for place, query in enumerate(asked):
        if needs_tcp(query, [node_answers[place] for node_answers in answers]):
            again.append(place)
    over_tcp = [asked[place].over_tcp() for place in again]
    whole = {}
    for row, query in enumerate(over_tcp):
        whole[again[row]] = row
    tcp_answers = exchange.exchange(nodes, over_tcp)
    for place, query in enumerate(asked):
        row = whole.get(place)
        compare(nodes, query, [node_answers[place] for node_answers in answers], data, report, tcp_answers[0][row] if row is not None else None)
    for row, query in enumerate(over_tcp):
        compare(nodes, query, [node_answers[row] for node_answers in tcp_answers], data, report, None)


def needs_tcp(query, raw):
    """Truncated anywhere, or so full that something may have been left out."""
    return not query.is_tcp and any(data and (data[2] & 2 or len(data) + 100 > explain.udp_limit(query)) for data in raw)


def compare(nodes, query, raw, data, report, raw_whole):
    if raw[0] is None:
        report.problems.append(Problem(query, "no answer", None))
        return
    ours = read_answer(raw[0], query)
    whole = read_answer(raw_whole, query) if raw_whole else None
    report.problems += [Problem(query, problem, ours) for problem in ours.problems]
    wrong = model_problem(ours, query, data.model_of(query))
    if wrong:
        report.problems.append(Problem(query, wrong, ours))
    if whole is not None and ours.is_truncated() and not all(part <= all_of_it for part, all_of_it in zip(ours.sections, whole.sections)):
        report.problems.append(Problem(query, "a truncated answer holds what the answer over TCP does not", ours))
    witnesses = 0
    for node, answer in zip(nodes[1:], raw[1:]):
        if node.kind in query.zone.refused_by:
            continue
        if answer is None:
            report.silent[node.kind] += 1
            continue
        theirs = read_answer(answer, query)
        report.comparisons += 1
        if ours.key() == theirs.key():
            witnesses += 1
            continue
        difference = explain.Difference(query, ours, theirs, node.kind, data, whole)
        difference.has_right_proof = not wrong
        if explain.explain(difference):
            witnesses += not difference.is_wholesale
            for rule in difference.rules:
                report.rule_hits[rule, node.kind] += 1
        else:
            report.unexplained.append(difference)
    if not witnesses:
        report.unwitnessed.append((query, ours))
