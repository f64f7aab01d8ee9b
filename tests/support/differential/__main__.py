"""The long run: python3 -m differential --seed N --rounds N. Each round has zones, servers and questions of its own; round I of seed N is round 0 of seed N+I.

With --root FILE the zone in the file (the root) is asked for instead. --page prints doc/differences.md.
"""
import argparse
import datetime
import sys
import time

from zt import Lab

from differential import explain, report, root, run, validate

PAIRS_PER_ROUND = 20000
ZONES_PER_ROUND = 160


def int_or_day(text):
    """Days are so far apart that their rounds do not meet."""
    return int(text) if text else int(datetime.date.today().strftime("%Y%m%d")) * 10000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int_or_day, default="", help="of the first round; made of the day if empty")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=PAIRS_PER_ROUND, help="questions of a round")
    parser.add_argument("--zones", type=int, default=ZONES_PER_ROUND, help="zones of a round")
    parser.add_argument("--root", help="file of a signed root zone to ask for instead of generated zones")
    parser.add_argument("--page", action="store_true", help="print the page of explained differences")
    args = parser.parse_args()
    if args.page:
        print(report.rules_page(), end="")
        return 0
    started = time.monotonic()
    total = report.Report()
    for seed in range(args.seed, args.seed + args.rounds):
        found = report.Report()
        with Lab() as lab:
            if args.root:
                root.run_round(lab, seed, args.root, args.pairs, found)
            else:
                run.run_round(lab, seed, args.pairs, args.zones, found)
        validated = report.Report()
        if not args.root:
            with Lab() as lab:
                validate.check(lab, seed, args.pairs // 2, args.zones // 2, validated)
        found.problems += validated.problems
        if found.bad_count():
            print("\n".join(found.lines()))
        total.add(found)
        print(f"seed {seed}: {found.bad_count()} unexplained", flush=True)
    print("\n".join(f"{rule} ({peer}): {count}" for (rule, peer), count in sorted(total.rule_hits.items())))
    unused = [rule.name for rule in explain.RULES if rule.name not in total.rules()]
    print(f"rules that explained nothing: {', '.join(unused) or 'none'}")
    print(f"{total.summary()} in {time.monotonic() - started:.0f} s")
    return 1 if total.bad_count() or not total.pairs else 0


if __name__ == "__main__":
    sys.exit(main())
