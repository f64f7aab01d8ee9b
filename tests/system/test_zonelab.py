"""zonelab: a whole hierarchy from one command; what its README session shows works, and nothing is left behind."""
import contextlib
import json
import os
import re
import subprocess
import tempfile
import time
from types import SimpleNamespace

from zt import Failure, ask, built, run_tests, source_top, test, tool, wait_for
from zt.lab import free_port, time_factor

NAME = "www.shop.example."


def zonelab(folder, *words, expect=0, timeout_s=90):
    run = subprocess.run([built("tools/zonelab/zonelab"), "--dir", folder, *map(str, words)], cwd=source_top(), stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, timeout=timeout_s * time_factor(), check=False)
    if run.returncode != expect:
        raise Failure(f"zonelab {' '.join(map(str, words))} ended with {run.returncode}, expected {expect}:\n{run.stdout}{run.stderr}")
    return run.stdout + run.stderr


def nodes_of(folder):
    """Node name -> its rows of `status --json`, one a zone."""
    nodes = {}
    for row in json.loads(zonelab(folder, "--json", "status"))["nodes"]:
        nodes.setdefault(row["node"], []).append(row)
    return nodes


def endpoint(row):
    address, port = row["address"].split("@")
    return SimpleNamespace(address=address, port=int(port), name=row["node"])


def processes_in(folder):
    """Processes whose command line names the lab's folder."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                with open(f"/proc/{entry.name}/cmdline", "rb") as file:
                    if folder.encode() in file.read():
                        found.append(int(entry.name))
            except OSError:
                pass
    return found


@contextlib.contextmanager
def running_lab():
    """A lab of the default topology on a port of its own; ended whatever happens."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        try:
            zonelab(folder, "--port", free_port("127.53.0.1"), "up")
            print(f"# up after {time.monotonic() - started:.1f} s")
            yield folder
        except Exception as error:
            for path in sorted(os.scandir(folder), key=lambda entry: entry.name):
                with contextlib.suppress(OSError), open(f"{path.path}/log", encoding="utf-8", errors="replace") as log:
                    error.add_note(f"---- end of the log of {path.name}\n" + "".join(log.readlines()[-10:]))
            raise
        finally:
            with contextlib.suppress(Failure):
                zonelab(folder, "down")
        left = processes_in(folder)
        assert not left, f"left behind: {left}"


@test("up starts the default lab: every zone on its primary and secondaries with one serial, and both resolvers answer")
def up():
    with running_lab() as folder:
        nodes = nodes_of(folder)
        rows = [row for rows in nodes.values() for row in rows]
        assert all(row["state"] == "ok" for row in rows), rows
        serials = {}
        for row in rows:
            if row["zone"]:
                serials.setdefault(row["zone"], set()).add(row["serial"])
        assert len(serials) == 6 and all(len(values) == 1 for values in serials.values()), serials
        for name, (row, *_) in nodes.items():
            node = endpoint(row)
            text = tool("dig", "-p", node.port, f"@{node.address}", "SOA", row["zone"] or "shop.example.")
            assert "status: NOERROR" in text, f"plain dig at {name}: {text}"
        edge = endpoint(nodes["edge"][0])
        assert str(ask(edge, NAME, rd=True).answer[-1][0]) in zonelab(folder, "dig", "edge", NAME, "A", "+short")


@test("update changes a zone on all its servers, and after the old TTL at the resolvers")
def update_spreads():
    with running_lab() as folder:
        nodes = nodes_of(folder)
        servers = [endpoint(row) for rows in nodes.values() for row in rows if row["zone"] == "shop.example."]
        resolvers = [endpoint(nodes[name][0]) for name in ("regional", "edge")]
        assert len(servers) == 3

        def addresses(node, rd=False):
            return sorted(str(rdata) for rrset in ask(node, NAME, rd=rd).answer for rdata in rrset)
        old = addresses(resolvers[1], rd=True)
        zonelab(folder, "update", "shop.example.", "delete", NAME, 10, "A", old[0])
        zonelab(folder, "update", "shop.example.", "add", NAME, 10, "A", "192.0.2.99")
        for node in servers:
            wait_for(lambda node=node: addresses(node) == ["192.0.2.99"], f"the new address at {node.name}", deadline_s=10)
        for node in resolvers:
            wait_for(lambda node=node: addresses(node, rd=True) == ["192.0.2.99"], f"the new address at {node.name}", deadline_s=30)


@test("exec runs a program for a node, and unknown nodes, a second lab and no lab are told apart")
def commands():
    with running_lab() as folder:
        row = nodes_of(folder)["ns1.shop.example"][0]
        text = zonelab(folder, "exec", "ns1.shop.example", "sh", "-c", "echo $ZONELAB_ADDRESS@$ZONELAB_PORT")
        assert text.strip() == row["address"]
        status = zonelab(folder, "exec", "ns1.shop.example", built("tools/zonectl/zonectl"), "zone", "shop.example.")
        assert "primary" in status
        for words in (["dig", "nobody", NAME, "A"], ["exec", "nobody", "true"]):
            assert "no node nobody" in zonelab(folder, *words, expect=2)
        assert "no such zone" in zonelab(folder, "update", "nozone.", "add", "x.nozone.", 5, "A", "192.0.2.1", expect=2)
        assert "already running" in zonelab(folder, "up", expect=1)
        zonelab(folder, "down")
        assert "no lab is running" in zonelab(folder, "status", expect=1)
        assert "no lab is running" in zonelab(folder, "down", expect=1)


@test("a broken topology is reported with FILE:LINE:COL and starts nothing")
def broken_topology():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bad.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("name: x\nnodes:\n  - {name: a, kind: nonsense}\nzones:\n  - {name: ., primary: nobody}\n")
        text = zonelab(folder, "up", path, expect=2)
        assert re.search(r"bad\.yaml:3:\d+: ", text), text
        assert not processes_in(folder)


@test("demo predicts, changes, measures, ends within a minute with status 0, and leaves no process")
def demo():
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        text = zonelab(folder, "--port", free_port("127.53.0.1"), "demo", timeout_s=60)
        print(f"# demo took {time.monotonic() - started:.1f} s")
        assert re.search(r"(?i)p50.*p90.*p99.*bound", text) and "192.0.2" in text, text
        assert re.search(r"(?i)within the bound", text), text
        assert not processes_in(folder), "the demo left processes behind"


if __name__ == "__main__":
    run_tests()
