#!/usr/bin/python3
"""Who survives what: every scenario of zonelab with each kind of daemon, as a table in doc/lab.md.

A run's report is kept in FOLDER/SCENARIO.KIND.json and not made again, so that a long survey can be done in pieces: with --seconds nothing new is begun
after so long. The table is written once all runs are there.
"""
import argparse
import concurrent.futures
import datetime
import json
import os
import subprocess
import sys
import time
from pathlib import Path

SERVERS = ("authd", "bind", "knot", "nsd", "powerdns")
RESOLVERS = ("resolverd", "bind-resolver", "knot-resolver", "recursor", "unbound")
TITLES = {"authd": "authd", "bind": "BIND", "knot": "Knot", "nsd": "NSD", "powerdns": "PowerDNS", "resolverd": "resolverd", "bind-resolver": "BIND",
          "knot-resolver": "Knot Resolver", "recursor": "Recursor", "unbound": "Unbound"}
OF_SERVERS = ("lost-notify", "partition", "expire", "rollback", "lying-secondary", "flood")
OF_RESOLVERS = ("ttl-right", "ttl-wrong", "provider-move", "sticky-child")
BEGIN, END = "<!-- survey: written by make lab-survey -->\n", "<!-- end of survey -->\n"
PATIENCE_S = 170


class Survey:
    def __init__(self, arguments):
        self.top, self.folder = Path(arguments.top), Path(arguments.folder)
        self.program, self.until = arguments.program, time.monotonic() + arguments.seconds
        self.side_by_side = arguments.jobs
        self.folder.mkdir(parents=True, exist_ok=True)

    def result(self, scenario, kind):
        return self.folder / f"{scenario}.{kind}.json"

    def run(self, scenario, kind):
        """One scenario with one kind, unless it was run already or the time is over."""
        if self.result(scenario, kind).exists() or time.monotonic() > self.until:
            return
        roles = ("primary", "secondary") if kind in SERVERS else ("resolver",)
        options = [word for role in roles for word in ("--kind", f"{role}={kind}")]
        run = subprocess.run([self.program, "--mode", "net", "--json", "run", scenario, *options], cwd=self.top, capture_output=True, text=True,
                             timeout=PATIENCE_S, check=False)
        if run.returncode not in (0, 1) or not run.stdout.startswith("{"):
            report = {"passed": False, "steps": [], "trouble": run.stderr.strip().split("\n")[-1] if run.stderr.strip() else f"exit {run.returncode}"}
        else:
            report = json.loads(run.stdout)
        self.result(scenario, kind).write_text(json.dumps(report))
        print(f"{scenario} {kind}: {cell(report)}", flush=True)

    def wanted(self):
        return [(scenario, kind) for scenarios, kinds in ((OF_SERVERS, SERVERS), (OF_RESOLVERS, RESOLVERS)) for scenario in scenarios for kind in kinds]

    def run_all(self):
        with concurrent.futures.ThreadPoolExecutor(self.side_by_side) as pool:
            list(pool.map(lambda pair: self.run(*pair), self.wanted()))
        return [pair for pair in self.wanted() if not self.result(*pair).exists()]

    def table(self, scenarios, kinds):
        lines = ["| scenario | " + " | ".join(TITLES[kind] for kind in kinds) + " |", "|---" * (len(kinds) + 1) + "|"]
        for scenario in scenarios:
            reports = [json.loads(self.result(scenario, kind).read_text()) for kind in kinds]
            title = next((report["title"] for report in reports if "title" in report), scenario)
            lines.append(f"| `{scenario}`: {title} | " + " | ".join(cell(report) for report in reports) + " |")
        return "\n".join(lines)

    def page_write(self):
        page = self.top / "doc/lab.md"
        text = page.read_text()
        commit = subprocess.run(["git", "rev-parse", "--short=7", "HEAD"], cwd=self.top, capture_output=True, text=True, check=False).stdout.strip()
        machine = f"{os.cpu_count()} cores, Linux {os.uname().release.split('-')[0]}"
        head = (f"`make lab-survey`, {datetime.date.today()}, commit {commit or 'unknown'}, {machine}, net mode, daemons of Debian 12 with zonelab's settings.\n\n"
                "Servers: primary and secondaries are of that kind, resolvers are ours.\n\n")
        middle = f"{head}{self.table(OF_SERVERS, SERVERS)}\n\nResolvers: that kind, servers are ours.\n\n{self.table(OF_RESOLVERS, RESOLVERS)}\n"
        page.write_text(text[:text.index(BEGIN) + len(BEGIN)] + middle + text[text.index(END):])


def cell(report):
    """How long the verdict took, or where it failed."""
    if "trouble" in report:
        return f"not run: {report['trouble']}".replace("|", "/")
    failed = next((step for step in report["steps"] if step["state"] == "failed"), None)
    if failed is None:
        verdict = next(step for step in report["steps"] if step["name"] == "verdict")
        return f"{verdict['ended'] - verdict['begun']:.1f} s"
    seen = failed["seen"].replace("not in time: ", "").replace("|", "/")
    where = "no" if failed["name"] == "verdict" else f"step {failed['step']}, {failed['kind']} {failed['text']}"
    return f"**{where}**: {seen}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--top", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--jobs", type=int, default=3)
    survey = Survey(parser.parse_args())
    missing = survey.run_all()
    if missing:
        print(f"{len(missing)} runs are missing; the next make lab-survey goes on")
        sys.exit(3)
    survey.page_write()
    print("doc/lab.md has the table")


if __name__ == "__main__":
    main()
