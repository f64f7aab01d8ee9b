"""What users of the daemons rely on: options and exit statuses, reload without losing a query, clean stop, logs, readiness, control, metrics."""
import json
import os
import re
import signal
import socket
import subprocess
import threading

import dns.rcode

from zt import Authd, Failure, Hierarchy, Nsd, Resolverd, ask, replicate, run_tests, sample_zone, test, update, wait_for, zonectl

ZONE = "example.com."


def start_authd(lab, *other_zones, **options):
    node = Authd(lab, **options)
    zone = replicate(sample_zone(ZONE), node, [], updates=True)
    for other in other_zones:
        replicate(other, node, [])
    lab.start(node)
    return node, zone


def start_resolverd(lab):
    hierarchy = Hierarchy()
    root = Nsd(lab)
    hierarchy.add(".", [root])
    hierarchy.add(ZONE, [root], ["www 300 A 192.0.2.80"])
    node = Resolverd(lab, hierarchy)
    lab.start(root, node)
    return node


def prepare(lab, daemon):
    """A node whose configuration is written but which does not run."""
    node = start_authd(lab)[0] if daemon == "authd" else start_resolverd(lab)
    assert node.stop() == 0
    return node


def run_daemon(node, *words):
    return subprocess.run([node.binary, *words], cwd=node.folder, capture_output=True, text=True, timeout=30, check=False)


def check_options(lab, daemon):
    node = prepare(lab, daemon)
    config = node.command()[-1]
    for words, status in ((["-h"], 0), (["-V"], 0), (["-c", config, "-t"], 0), (["--no-such-option"], 2), (["-c", "no-such-file.yaml"], 2), ([], 2)):
        run = run_daemon(node, *words)
        if run.returncode != status:
            raise Failure(f"{daemon} {' '.join(words)} ended with {run.returncode}, expected {status}:\n{run.stdout}{run.stderr}")
        if status:
            assert run.stderr.strip(), f"{daemon} {' '.join(words)} says nothing"
    assert re.search(r"\d+\.\d+", run_daemon(node, "-V").stdout)


@test("authd: -h, -V and -t end with 0, a wrong option, a missing file and no file with 2 and a word about it")
def authd_options(lab):
    check_options(lab, "authd")


@test("resolverd: -h, -V and -t end with 0, a wrong option, a missing file and no file with 2 and a word about it")
def resolverd_options(lab):
    check_options(lab, "resolverd")


def questions_while(node, action, rd=False):
    """Asks without pause on several threads while the action runs; returns how many questions and how many without an answer."""
    stop, counts, lost = threading.Event(), [], []

    def client():
        count = 0
        while not stop.is_set():
            count += 1
            try:
                answer = ask(node, "www." + ZONE, rd=rd, timeout_s=3)
                if answer.rcode() != dns.rcode.NOERROR or not answer.answer:
                    lost.append(str(answer))
            except Exception as error:        # a timeout is what this looks for; anything else is no better
                lost.append(repr(error))
        counts.append(count)
    threads = [threading.Thread(target=client) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        action()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return sum(counts), lost


@test("authd: SIGHUP takes new versions, new zones and removed zones into service and loses no query meanwhile")
def authd_reload(lab):
    keep, gone, new = sample_zone("keep.example."), sample_zone("gone.example."), sample_zone("new.example.")
    node, zone = start_authd(lab, keep, gone, workers=2)

    def changes():
        for _ in range(5):
            zone.change(add=[f"v{zone.serial} A 203.0.113.1"])
            node.reload_zone(zone)
            lab.wait_for_serial(zone, [node])
        del node.zones[gone.name]
        replicate(new, node, [])
        node.write_config()
        node.reload()
        lab.wait_for_serial(new, [node])
        wait_for(lambda: ask(node, gone.name, "SOA").rcode() == dns.rcode.REFUSED, "the removed zone to be refused")
    count, lost = questions_while(node, changes)
    assert not lost, f"{len(lost)} of {count} questions without a good answer: {lost[:3]}"
    assert node.serial(keep.name) == keep.serial


@test("resolverd: SIGHUP loses no query")
def resolverd_reload(lab):
    node = start_resolverd(lab)

    def reloads():
        for number in range(1, 6):
            node.reload()
            wait_for(lambda number=number: len(re.findall(r"(?i)reload", node.log())) >= number, f"reload {number} in the log")
    count, lost = questions_while(node, reloads, rd=True)
    assert not lost, f"{len(lost)} of {count} questions without a good answer: {lost[:3]}"


@test("authd: a configuration that is broken on SIGHUP is reported and changes nothing")
def authd_broken_reload(lab):
    node, zone = start_authd(lab)
    config = node.path("authd.yaml")
    good = config.read_text()
    config.write_text(good + "  - nonsense: 1\n")
    node.reload()
    node.wait_for_log(re.compile(r"authd\.yaml:\d+:\d+: "))
    assert node.serial(ZONE) == zone.serial
    config.write_text(good)
    zone.change(add=["new A 192.0.2.1"])
    node.reload_zone(zone)
    lab.wait_for_serial(zone, [node])


@test("both daemons stop on SIGTERM and on SIGINT with status 0, also with connections open")
def stops_cleanly(lab):
    for number in (signal.SIGTERM, signal.SIGINT):
        for node in (start_authd(lab)[0], start_resolverd(lab)):
            with socket.create_connection((node.address, node.port), timeout=5):
                node.process.send_signal(number)
                assert node.wait_for_end() == 0, f"{node.name} ended with {node.process.returncode} on {number.name}"


@test("both daemons tell systemd when they are ready")
def readiness(lab):
    for daemon in ("authd", "resolverd"):
        node = prepare(lab, daemon)
        path = str(node.path("notify.sock"))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.bind(path)
            sock.settimeout(20)
            os.environ["NOTIFY_SOCKET"] = path
            try:
                node.start_process()
            finally:
                del os.environ["NOTIFY_SOCKET"]
            assert "READY=1" in sock.recv(4096).decode().splitlines()
            assert ask(node, "www." + ZONE, rd=node.asks_others).answer, "ready means that it answers"


@test("with --log-format json every line of the log is a JSON object with time, level and message")
def json_log(lab):
    for daemon in ("authd", "resolverd"):
        node = prepare(lab, daemon)
        node.log_path = node.path("log.json")
        command = [*node.command(), "--log-format", "json"]
        node.command = lambda command=command: command
        node.start_process()
        node.wait_until_ready()
        node.reload()
        assert node.stop() == 0
        lines = [json.loads(line) for line in node.log().splitlines()]
        assert lines and all({"level", "message"} <= set(line) for line in lines), lines[:3]


@test("300 zones in one configuration are all served, in a moment")
def many_zones(lab):
    zones = [sample_zone(f"zone{number}.example.") for number in range(300)]
    node, _ = start_authd(lab, *zones)
    for zone in zones:
        lab.wait_for_serial(zone, [node])
    assert len(zonectl(node, "zones")) == 301
    node.stop()
    node.restart()
    for zone in zones[::50]:
        lab.wait_for_serial(zone, [node])


@test("zonectl shows authd's zones, history and peers, waits for them, reloads and stops")
def control_authd(lab):
    node, zone = start_authd(lab)
    status = zonectl(node, "status")
    assert (status["program"], status["pid"], status["zones"]) == ("authd", node.process.pid, 1), status
    row = zonectl(node, "zone", ZONE)
    assert (row["role"], row["state"], row["serial"]) == ("primary", "serving", zone.serial), row
    assert update(node, ZONE, ("add", "new", 60, "A", "203.0.113.1")) == "NOERROR"
    last = zonectl(node, "history", ZONE)[-1]
    assert (last["source"], last["from_serial"], last["serial"]) == ("update", zone.serial, zone.serial + 1), last
    assert zonectl(node, "peers", ZONE) == []
    assert zonectl(node, "wait", ZONE, zone.serial + 1)["reached"]
    entries = zonectl(node, "lookup", "new." + ZONE, "A")["entries"]
    assert entries[0]["data"] == ["203.0.113.1"], entries
    assert zonectl(node, "reload", ZONE)["failed"] == 0
    zonectl(node, "zone", "nosuch.example.", expect=1)
    zonectl(node, "nonsense", expect=2)
    zonectl(node, "stop")
    assert node.wait_for_end() == 0


@test("zonectl wait ends with status 3 when a secondary does not come, and says which and why")
def control_wait(lab):
    node, absent = Authd(lab), Authd(lab)
    zone = replicate(sample_zone(ZONE), node, [absent], updates=True)
    lab.start(node)
    report = zonectl(node, "wait", ZONE, zone.serial, "--timeout", "1", expect=3)
    assert not report["reached"] and report["lagging"][0]["peer"] == absent.where() and report["lagging"][0]["reason"], report
    lab.start(absent)
    assert zonectl(node, "wait", ZONE, zone.serial, "--timeout", "60")["reached"]


@test("zonectl lookup and flush show and forget what resolverd has cached")
def control_resolverd(lab):
    node = start_resolverd(lab)
    name = "www." + ZONE
    assert zonectl(node, "lookup", name)["entries"] == []
    ask(node, name, rd=True)
    entry, = (entry for entry in zonectl(node, "lookup", name)["entries"] if entry["type"] == "A")
    assert entry["data"] == ["192.0.2.80"] and 290 <= entry["ttl_s"] <= 300 and entry["server"].startswith("127."), entry
    assert zonectl(node, "flush", name)["removed"] >= 1
    assert [entry for entry in zonectl(node, "lookup", name)["entries"] if entry["type"] == "A"] == []
    assert zonectl(node, "status")["program"] == "resolverd"


@test("authd's metrics are Prometheus text, and they count")
def metrics(lab):
    node, _ = start_authd(lab)
    text = node.metrics()
    samples = [line for line in text.splitlines() if line and not line.startswith("#")]
    bad = [line for line in samples if not re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? [-+0-9.eE]+(?:NaN|Inf)?", line)]
    assert samples and not bad, bad
    typed = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    assert all(re.match(r"[^{ ]+", line)[0] in typed for line in samples), "every sample has a TYPE"

    def total():
        return sum(float(line.split()[-1]) for line in node.metrics().splitlines() if "quer" in line and not line.startswith("#"))
    before = total()
    for _ in range(10):
        ask(node, "www." + ZONE)
    assert total() >= before + 10


if __name__ == "__main__":
    run_tests()
