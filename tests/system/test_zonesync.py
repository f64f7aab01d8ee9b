"""zonesync against authd, NSD, Knot and BIND: are two copies of a zone equal, where do they differ, how do they come into files."""
import contextlib
import json
import os
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import threading

import dns.message

from zt import Authd, Bind, Failure, Knot, Nsd, Zone, built, replicate, run_tests, sample_zone, skip, test, tool, zonectl
from zt.client import receive_message
from zt.lab import free_port
from zt.zones import Role

ZONE = "example.com."


def zonesync(*words, expect=0, **how):
    """Runs zonesync; returns what it printed on standard output and standard error."""
    run = subprocess.run([built("zonesync/zonesync"), *map(str, words)], capture_output=True, text=True, timeout=60, check=False, **how)
    if run.returncode != expect:
        raise Failure(f"zonesync {' '.join(map(str, words))} ended with {run.returncode}, expected {expect}:\n{run.stdout}{run.stderr}")
    return run.stdout, run.stderr


def zonesync_json(*words, expect=0):
    return json.loads(zonesync("--json", *words, expect=expect)[0])


def complaint(*words, expect=1):
    """What a failing run says; nothing else is printed."""
    out, error = zonesync(*words, expect=expect)
    assert out == "", out
    return error


def place(node, zone=ZONE):
    return f"{node.where()}/{zone}"


def serve(node, zone):
    """Makes the node a primary of a zone version of its own."""
    node.zones[zone.name] = Role(zone)


def servers(lab, *kinds, **changed):
    """Primaries that serve the sample zone, each from its own file. `changed` gives the last one another version: add, remove, serial."""
    nodes = [kind(lab) for kind in kinds]
    for node in nodes:
        serve(node, sample_zone(ZONE))
    if changed:
        zone = nodes[-1].zones[ZONE].zone
        zone.change(changed.get("add", ()), changed.get("remove", ()))
        zone.serial = changed.get("serial", zone.serial)
    lab.start()
    return nodes


def write_zone(lab, zone, name="zone"):
    path = lab.folder / name
    path.write_text(zone.text())
    return path


@contextlib.contextmanager
def impostor(lab, behave):
    """A TCP server that reads one message of one connection and does with it what `behave(connection, query)` does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve_one():
            connection, _ = listener.accept()
            with connection:
                behave(connection, receive_message(connection))
        thread = threading.Thread(target=serve_one, daemon=True)
        thread.start()
        yield f"127.0.0.1@{listener.getsockname()[1]}"
        thread.join(10)


def framed(message):
    data = message.to_wire()
    return struct.pack("!H", len(data)) + data


def axfr_answer(query, *records):
    answer = dns.message.make_response(dns.message.from_wire(query))
    for record in records:
        owner, ttl, kind, rdata = record.split(" ", 3)
        answer.answer.append(dns.rrset.from_text(owner, int(ttl), "IN", kind, rdata))
    return answer


SOA = f"{ZONE} 300 SOA ns1.{ZONE} hostmaster.{ZONE} 7 3600 600 86400 60"


@test("the copies of one zone at authd, NSD, Knot and BIND are equal, each with each")
def all_equal(lab):
    nodes = servers(lab, Authd, Nsd, Knot, Bind)
    for node in nodes[1:]:
        out, error = zonesync("verify", place(nodes[0]), node.where())
        a, b, verdict = out.splitlines()
        assert verdict == "equal" and error == "", out + error
        fields = re.fullmatch(r"A  serial 1 +RRsets (\d+) +fingerprint ([0-9a-f]{32})  (\S+)", a)
        assert fields and fields[3] == place(nodes[0]), a
        assert re.fullmatch(rf"B  serial 1 +RRsets {fields[1]} +fingerprint {fields[2]}  {re.escape(place(node))}", b), b
        assert zonesync("diff", place(nodes[0]), node.where()) == ("", "")
    first = zonesync_json("verify", place(nodes[1]), nodes[2].where())
    again = zonesync_json("verify", place(nodes[1]), nodes[2].where())
    assert first["equal"] and first["verdict"] == "equal" and first["a"]["records"] == first["b"]["records"]
    assert first["a"]["fingerprint"] == first["b"]["fingerprint"] == again["a"]["fingerprint"] == zonectl(nodes[0], "zone", ZONE)["fingerprint"]
    assert first["evidence"] == "records"


@test("one record more, less or changed under a newer serial: verify says different, diff shows exactly those")
def one_differs(lab):
    authd, knot = servers(lab, Authd, Knot, add=["host3 A 203.0.113.9", "new TXT \"a b\""], remove=["host3 A 198.51.100.3", "mail AAAA 2001:db8::25"])
    out, _ = zonesync("verify", place(authd), place(knot), expect=1)
    assert "different: serials 1 and 2, B is newer" in out and "DIVERGED" not in out, out
    out, _ = zonesync("diff", place(authd), place(knot), expect=1)
    assert out.splitlines() == [
        "- example.com. 300 IN SOA ns1.example.com. hostmaster.example.com. 1 3600 600 86400 60",
        "+ example.com. 300 IN SOA ns1.example.com. hostmaster.example.com. 2 3600 600 86400 60",
        "- host3.example.com. 300 IN A 198.51.100.3",
        "+ host3.example.com. 300 IN A 203.0.113.9",
        "- mail.example.com. 300 IN AAAA 2001:db8::25",
        "+ new.example.com. 300 IN TXT \"a b\""], out
    found = zonesync_json("diff", place(knot), place(authd), expect=1)
    assert not found["equal"] and (len(found["removed"]), len(found["added"])) == (3, 3), found
    assert found["removed"][2] == {"owner": "new.example.com.", "ttl": 300, "class": "IN", "type": "TXT", "rdata": '"a b"'}, found


@test("the same serial over different content is called out as DIVERGED")
def diverged(lab):
    nsd, bind = servers(lab, Nsd, Bind, add=["host3 A 203.0.113.9"], serial=1)
    out, _ = zonesync("verify", place(nsd), place(bind), expect=1)
    assert "DIVERGED: same serial 1, different content" in out, out
    assert zonesync_json("verify", place(nsd), place(bind), expect=1)["verdict"] == "diverged"


@test("the same content under different serials counts as equal, and is told; diff shows the SOA")
def other_serial(lab):
    authd, bind = servers(lab, Authd, Bind, serial=9)
    out, _ = zonesync("verify", place(authd), place(bind))
    assert "equal: different serials (1 and 9, B is newer), same content" in out, out
    assert zonesync_json("verify", place(authd), place(bind))["verdict"] == "equal-content"
    assert len(zonesync("diff", place(authd), place(bind), expect=1)[0].splitlines()) == 2


@test("the same serial and content under SOAs that differ otherwise is a divergence too")
def other_soa(lab):
    one, other = write_zone(lab, sample_zone(ZONE), "one"), write_zone(lab, sample_zone(ZONE, refresh=7200), "other")
    out, _ = zonesync("verify", f"{one}:{ZONE}", other, expect=1)
    assert "DIVERGED: same serial 1 and same content, but the SOA" in out, out


@test("a file is compared with a server, which names the zone")
def file_and_server(lab):
    authd, = servers(lab, Authd)
    path = write_zone(lab, sample_zone(ZONE))
    zonesync("verify", path, place(authd))
    zonesync("verify", authd.where(), f"{path}:example.com")
    path.write_text(path.read_text() + "extra 60 A 192.0.2.99\n")
    assert zonesync("diff", place(authd), path, expect=1)[0] == "+ extra.example.com. 60 IN A 192.0.2.99\n"
    assert zonesync("diff", path, place(authd), expect=1)[0] == "- extra.example.com. 60 IN A 192.0.2.99\n"


@test("diff keeps canonical order over names, types, TTLs and signatures")
def canonical_order(lab):
    lines = ["@ NS ns1", "ns1 A 192.0.2.1"]
    one = Zone(ZONE, lines + ["z A 192.0.2.1", "a.z A 192.0.2.1", "yljkjljk.a A 192.0.2.1", "*.z A 192.0.2.1", "c AAAA 2001:db8::1", "b A 192.0.2.2", "b A 192.0.2.3"])
    other = Zone(ZONE, lines + ["b 60 A 192.0.2.2", "b 60 A 192.0.2.3", "b AAAA 2001:db8::1", "c A 192.0.2.1", "\\001.z A 192.0.2.1", "Z.a A 192.0.2.1"])
    out, _ = zonesync("diff", f"{write_zone(lab, one, 'one')}:{ZONE}", write_zone(lab, other, "other"), expect=1)
    assert out.replace(" IN", "").splitlines() == [
        "- yljkjljk.a.example.com. 300 A 192.0.2.1", "+ Z.a.example.com. 300 A 192.0.2.1",
        "- b.example.com. 300 A 192.0.2.2", "- b.example.com. 300 A 192.0.2.3",
        "+ b.example.com. 60 A 192.0.2.2", "+ b.example.com. 60 A 192.0.2.3", "+ b.example.com. 300 AAAA 2001:db8::1",
        "+ c.example.com. 300 A 192.0.2.1", "- c.example.com. 300 AAAA 2001:db8::1",
        "- z.example.com. 300 A 192.0.2.1", "+ \\001.z.example.com. 300 A 192.0.2.1", "- *.z.example.com. 300 A 192.0.2.1",
        "- a.z.example.com. 300 A 192.0.2.1"], out


@test("a refused transfer and a zone that is not served are told with what to do, for every server")
def refused(lab):
    nodes = [kind(lab) for kind in (Authd, Nsd, Knot, Bind)]
    for node in nodes:
        serve(node, sample_zone(ZONE))
        config, words = node.config, {Authd: "allow-transfer: [192.0.2.1]", Nsd: "provide-xfr: 192.0.2.1 NOKEY", Knot: "address: 192.0.2.1",
                                      Bind: "allow-transfer { none; }"}[type(node)]
        key = words.split()[0]
        node.config = lambda config=config, key=key, words=words: re.sub(rf"{key} *(\[.*\]|\{{.*?\}}|\S+( NOKEY)?)", words, config())
    lab.start()
    for node in nodes:
        error = complaint("verify", place(node), node.where())
        assert error.startswith(place(node) + ": ") and "allow-transfer" in error and "127." in error, error
        error = complaint("pull", node.where(), "other.example", "-o", lab.folder / "none")
        assert re.search(r"REFUSED|NOTAUTH", error) and "other.example." in error, error
        assert not (lab.folder / "none").exists()


@test("a dead server, one that says nothing and one that is no DNS server are told apart")
def dead(lab):
    path = write_zone(lab, sample_zone(ZONE))
    where = f"127.0.0.1@{free_port('127.0.0.1')}/{ZONE}"
    assert "connection refused" in complaint("verify", where, path)
    assert json.loads(zonesync("--json", "diff", path, where, expect=1)[0])["ok"] is False
    released = threading.Event()
    with impostor(lab, lambda connection, query: released.wait(20)) as silent:
        error = complaint("--timeout", "0.2", "verify", f"{silent}/{ZONE}", path)
        released.set()
    assert "no answer within 0.2 s" in error and "--timeout" in error, error
    with impostor(lab, lambda connection, query: connection.sendall(b"\0\5hello")) as stranger:
        assert "is it a DNS server?" in complaint("verify", f"{stranger}/{ZONE}", path)
    with impostor(lab, lambda connection, query: None) as closing:
        assert "connection closed before an answer" in complaint("verify", f"{closing}/{ZONE}", path)


@test("a transfer that ends too early, stalls, brings another zone or ends with another SOA is refused, and pull writes nothing")
def broken_transfers(lab):
    target = lab.folder / "pulled"
    target.write_text("what was there before\n")

    def pull(*records, stall=None):
        def behave(connection, query):
            connection.sendall(framed(axfr_answer(query, *records)))
            if stall:
                stall.wait(20)
        with impostor(lab, behave) as where:
            error = complaint("--timeout", "0.3" if stall else "10", "pull", where, ZONE, "-o", target)
            if stall:
                stall.set()
        assert target.read_text() == "what was there before\n" and len(list(lab.folder.iterdir())) == 1
        return error

    host = f"host.{ZONE} 300 A 192.0.2.1"
    assert "truncated transfer: connection closed after 2 records" in pull(SOA, host)
    assert "truncated transfer: nothing came for 0.3 s after 2 records" in pull(SOA, host, stall=threading.Event())
    assert "a record outside the zone: www.other." in pull(SOA, "www.other. 300 A 192.0.2.1")
    assert "serial 8 ends a transfer that began with serial 7" in pull(SOA, host, SOA.replace(" 7 ", " 8 "))
    assert "does not begin with the SOA" in pull(host, SOA)
    error = pull(SOA, host, f"host.{ZONE} 300 CNAME www.{ZONE}", SOA)
    assert "not written" in error and "CNAME" in error and "no NS record" in error, error


@test("what pull writes is what ldns-read-zone makes of the primary's file, from every server")
def pull_round_trip(lab):
    nodes = servers(lab, Authd, Nsd, Knot, Bind)
    expected = tool("ldns-read-zone", "-z", write_zone(lab, sample_zone(ZONE), "primary"))
    for node in nodes:
        path = lab.folder / f"{node.name}.zone"
        out, error = zonesync("pull", node.where(), ZONE, "-o", path)
        assert (out, error) == (f"{path}: serial 1, 20 records, from {place(node)}\n", ""), out + error
        assert tool("ldns-read-zone", "-z", path) == expected, node.name
        zonesync("verify", place(node), path)
    out, error = zonesync("pull", nodes[0].where(), ZONE, "-o", "-")
    assert out == path.read_text() and "serial 1, 20 records" in error, error
    told = zonesync_json("pull", nodes[0].where(), ZONE, "-o", path)
    assert told["file"] == str(path) and told["from"]["serial"] == 1, told


@test("pull keeps a file's owner and permissions and follows a link; a folder or device is not replaced")
def pull_targets(lab):
    authd, = servers(lab, Authd)
    path, link = lab.folder / "kept.zone", lab.folder / "link"
    path.write_text("old")
    path.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    owner = path.stat()
    link.symlink_to("kept.zone")
    zonesync("pull", authd.where(), ZONE, "-o", link)
    assert (path.stat().st_uid, path.stat().st_gid) == (owner.st_uid, owner.st_gid)
    assert link.is_symlink() and path.stat().st_mode & 0o777 == 0o600 and "SOA" in path.read_text()
    for bad in (lab.folder, "/dev/null"):
        assert "not a regular file" in complaint("pull", authd.where(), ZONE, "-o", bad)
    assert "No such file or directory" in complaint("pull", authd.where(), ZONE, "-o", lab.folder / "no" / "file")


@test("a pull that cannot be written to its end leaves the old file and nothing else")
def disk_full(lab):
    authd, = servers(lab, Authd)
    folder = lab.folder / "small"
    folder.mkdir()
    path = folder / "zone"
    path.write_text("old")

    def allow_little():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    _, error = zonesync("pull", authd.where(), ZONE, "-o", path, expect=1, preexec_fn=allow_little)
    assert "cannot write" in error and "File too large" in error, error
    assert path.read_text() == "old" and list(folder.iterdir()) == [path]
    with open("/dev/full", "w", encoding="ascii") as full:
        run = subprocess.run([built("zonesync/zonesync"), "pull", authd.where(), ZONE, "-o", "-"], stdout=full, stderr=subprocess.PIPE, text=True,
                             timeout=60, check=False)
    assert run.returncode == 1 and "No space left on device" in run.stderr, run


@test("an address that this machine has no way to is told as such")
def no_route(lab):
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode != 0:
        skip("unshare(1) cannot make a network of its own here")
    run = subprocess.run([*alone, built("zonesync/zonesync"), "verify", f"127.0.0.1@5300/{ZONE}", write_zone(lab, sample_zone(ZONE))],
                         capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1 and "is there a route to it?" in run.stderr, run


@test("verify-file names every error with its file and line")
def verify_file(lab):
    path = write_zone(lab, sample_zone(ZONE))
    out, error = zonesync("verify-file", path, ZONE)
    assert out == f"{path}: zone {ZONE}, serial 1, 20 records, no errors\n" and error == "", out + error
    path.write_text(sample_zone(ZONE).text() + "bad A 192.0.2.300\nwww.other.example. A 192.0.2.1\nworse MX mail\nmail A 192.0.2.25\n")
    last = len(path.read_text().splitlines())
    out, error = zonesync("verify-file", path, ZONE, expect=1)
    assert out == "" and [line.split(": ")[0] for line in error.splitlines()] == [f"{path}:{last - back}" for back in (3, 2, 1, 0)], error
    assert error.splitlines()[3].endswith("(warning)"), error
    path.write_text(sample_zone(ZONE).text() + "www A 192.0.2.1\n")
    error = complaint("verify-file", path, ZONE)
    assert "CNAME" in error and re.match(rf"{re.escape(str(path))}:\d+: ", error), error
    told = zonesync_json("verify-file", path, ZONE, expect=1)
    assert not told["ok"] and len(told["errors"]) == 1 and told["warnings"] == [], told
    assert "a server is written IP@PORT/ZONE" in complaint("verify-file", lab.folder / "missing", ZONE)


@test("a wrong command line ends with 2 and says what was expected; help and version end with 0")
def usage(lab):
    for words in ([], ["verify", "a:x."], ["verify", "a", "b"], ["diff", "a:x.", "b:y."], ["mend", "a:x.", "b"], ["pull", "a", "x.", "-o", "f"],
                  ["pull", "127.0.0.1", "x."], ["verify", "a:x.", "b", "--timeout", "never"], ["verify", "a:x..y", "b"]):
        error = complaint(*words, expect=2)
        assert error.startswith("zonesync: ") and error.endswith("(see zonesync -h)\n"), error
    out, _ = zonesync("-h")
    assert all(word in out for word in ("verify", "diff", "pull", "verify-file", "--timeout", "--json")), out
    assert "built with" in zonesync("-V")[0]


@test("a zone of many messages arrives whole, and a secondary that follows is equal to its primary")
def large(lab):
    primary, secondary = Knot(lab), Authd(lab)
    zone = replicate(sample_zone(ZONE, hosts=20000), primary, [secondary])
    lab.start()
    lab.wait_for_serial(zone, [primary, secondary])
    told = zonesync_json("verify", place(primary), place(secondary))
    assert told["verdict"] == "equal" and told["a"]["records"] == 20015, told
    path = lab.folder / "large"
    zonesync("pull", secondary.where(), ZONE, "-o", path)
    zonesync("diff", path, place(primary))


if __name__ == "__main__":
    run_tests()
