"""What the rounds of a differential test found, as text; and the page of the explained differences."""
import collections
from dataclasses import dataclass

import dns.rdata

from differential import explain, names, queries
from differential.answer import SECTION_NAMES

EXAMPLES_SHOWN = 2
GROUPS_SHOWN = 25
PROBLEMS_SHOWN = 10


@dataclass
class Problem:
    """Wrong in our answer whatever others say."""
    query: queries.Query
    text: str
    answer: object           # None where none came


class Report:
    def __init__(self):
        self.pairs = 0
        self.comparisons = 0
        self.rule_hits = collections.Counter()       # (rule, peer) -> differences
        self.unexplained = []                        # explain.Difference
        self.problems = []
        self.unwitnessed = []                        # (query, answer) where every peer differs so much that none says anything about our records
        self.silent = collections.Counter()          # peer -> questions it did not answer

    def add(self, other):
        """Takes over what another report counted."""
        self.pairs += other.pairs
        self.comparisons += other.comparisons
        self.rule_hits += other.rule_hits
        self.unexplained += other.unexplained
        self.problems += other.problems
        self.silent += other.silent
        self.unwitnessed += other.unwitnessed

    def bad_count(self):
        return len(self.unexplained) + len(self.problems) + sum(self.silent.values())

    def rules(self):
        """Rule -> how many differences it explained a part of."""
        found = collections.Counter()
        for (rule, _), count in self.rule_hits.items():
            found[rule] += count
        return found

    def summary(self):
        parts = [f"{count} differences explained by {rule}" for rule, count in self.rules().most_common()]
        return ", ".join([f"{self.pairs} pairs, {self.comparisons} comparisons", *parts, f"{len(self.unwitnessed)} answers judged by the model alone",
                          f"{self.bad_count()} unexplained"])

    def lines(self):
        """The counts, then examples of what nothing explains."""
        out = [f"{rule} ({peer}): {count}" for (rule, peer), count in sorted(self.rule_hits.items())]
        out += [f"no answer from {peer}: {count}" for peer, count in sorted(self.silent.items())]
        for problem in self.problems[:PROBLEMS_SHOWN]:
            out += [f"authd alone: {problem.text}", f"  query {problem.query}"] + (answer_lines(problem.answer) if problem.answer else [])
        for signature, differences in self.groups()[:GROUPS_SHOWN]:
            out.append(f"unexplained, {len(differences)} times: {signature}")
            for difference in differences[:EXAMPLES_SHOWN]:
                out += describe(difference)
        return out + [self.summary()]

    def groups(self):
        """Unexplained differences by what they have in common, the most frequent first."""
        found = collections.defaultdict(list)
        for difference in self.unexplained:
            found[difference.signature()].append(difference)
        return sorted(found.items(), key=lambda item: -len(item[1]))


def record_text(record):
    owner, kind, klass, ttl, rdata = record
    try:
        text = dns.rdata.from_wire(klass, kind, rdata, 0, len(rdata)).to_text()
    except Exception:                                # any rdata can be shown somehow
        text = "\\# " + rdata.hex()
    return f"{names.text(names.from_wire(owner))} {ttl} {queries.type_text(kind)} {text}"


def answer_lines(answer):
    lines = [f"rcode {answer.rcode} flags {answer.flag_names()} edns {answer.edns} size {answer.size}"]
    for title, records in zip(SECTION_NAMES, answer.listed):
        lines += [f"  {title:10} {record_text(record)}" for record in records]
    return lines


def describe(difference):
    zone = difference.zone
    lines = [f"query  {difference.query}, signed {zone.signing or 'not'}; left: {difference.signature()}"]
    for title, answer in (("authd", difference.ours), (difference.peer, difference.theirs)):
        lines += [f"{title:6} " + line for line in answer_lines(answer)]
    return lines


PAGE_HEAD = """# Where authd answers otherwise than its peers

`tests/system/test_differential` puts the same questions about generated zones to authd, NSD, Knot and BIND (Debian 12's) and compares flags, rcode and the records of each
section, without order. Every difference must be explained by one of the rules below, which are code in `tests/support/differential/explain.py`; each says what differs, who
does it, and the paragraph that makes ours right. Besides, our answers must keep rules of their own: the question comes back as it was sent, no record stands twice, aliases
come in order, names are compressed only where that is allowed, and a truncated answer holds a part of the whole one. Whatever the peers say, rcode, AA, the answer and authority
sections with all proofs of absence, and required glue must be exactly what a model of the zone (`model.py`, which knows only its records and the RFCs) calls for.

The peers are set up alike: no rate limits, no recursion, datagrams of 1232 bytes; NSD with `minimal-responses` and `confine-to-zone`, BIND with `minimal-responses no-auth`.
This page is written by `make differences-page`; a test compares it with the rules.

| rule | what differs and why ours is right |
|---|---|
"""


def rules_page():
    return PAGE_HEAD + "".join(f"| {rule.name} | {rule.text} |\n" for rule in explain.RULES)
