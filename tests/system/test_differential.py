"""authd, NSD, Knot and BIND answer the same questions about generated zones; every difference is explained (doc/differences.md) or fails the test."""
# time limit: 300 s
import os

from zt import Failure, run_tests, scale, source_top, test

from differential import explain, report, run, validate

PAIRS = 20000
ZONES = 160
SEED = 20261125
VALIDATED_PAIRS = 8000
VALIDATED_ZONES = 100


@test("authd answers 20,000 questions about generated zones as NSD, Knot and BIND do, or by the RFC")
def same_answers(lab):
    seed = int(os.environ.get("ZT_SEED") or SEED)
    found = report.Report()
    pairs = scale(PAIRS)
    run.run_round(lab, seed, pairs, max(8, ZONES * pairs // PAIRS), found)
    for line in found.lines():
        print(f"# {line}")
    unused = [rule.name for rule in explain.RULES if rule.name not in found.rules()]
    if unused and seed == SEED and pairs == PAIRS:
        print(f"# rules that explained nothing: {', '.join(unused)}")
    if found.bad_count():
        raise Failure(f"seed {seed}: {found.bad_count()} of {found.comparisons} answers differ unexplained; run it again with ZT_SEED={seed}, "
                      f"or: make differential SEED={seed} ROUNDS=1")


@test("Unbound finds authd's signed answers authentic: data, aliases, wildcards and proofs of absence")
def validates(lab):
    seed = int(os.environ.get("ZT_SEED") or SEED)
    found = report.Report()
    pairs = scale(VALIDATED_PAIRS)
    validate.check(lab, seed, pairs, max(8, VALIDATED_ZONES * pairs // VALIDATED_PAIRS), found)
    for line in found.lines():
        print(f"# {line}")
    assert found.pairs > 0 and not found.bad_count(), f"seed {seed}: {found.bad_count()} of {found.pairs} answers"


@test("every explained difference stands in doc/differences.md, word for word")
def rules_are_documented():
    written = (source_top() / "doc/differences.md").read_text()
    assert report.rules_page() == written, "write it anew: make differences-page"


if __name__ == "__main__":
    run_tests()
