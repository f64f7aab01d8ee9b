"""What strangers and accidents send: malformed messages, broken zone files, a full disk, broken configuration."""
import os
import random
import re
import socket
import struct
import subprocess

import dns.message
import dns.rcode

from zt import Authd, Failure, Hierarchy, Nsd, Resolverd, ask, exchange_tcp, exchange_udp, replicate, run_tests, sample_zone, scale, skip, test, update
from zt import wait_for

ZONE = "example.com."
QUERY = dns.message.make_query("www." + ZONE, "A", use_edns=False).to_wire()
HEADER = struct.Struct("!HHHHHH")
RANDOM_MESSAGES = scale(2000)


def header(flags=0, questions=1, answers=0, authority=0, additional=0):
    return HEADER.pack(0x1234, flags, questions, answers, authority, additional)


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.rstrip(".").split(".")) + b"\0"


def record(owner, kind, rdata, klass=1, ttl=0):
    return owner + struct.pack("!HHIH", kind, klass, ttl, len(rdata)) + rdata


QUESTION = name("www." + ZONE) + b"\0\1\0\1"
ZONE_SECTION = name(ZONE) + b"\0\6\0\1"
UPDATE, NOTIFY = 5 << 11, 4 << 11

# Each of these breaks a rule: the answer is an error or there is none. Never a crash, never NOERROR.
MALFORMED = {
    "an empty message": b"",
    "one byte": b"\x12",
    "half a header": header()[:7],
    "a header that promises a question": header(),
    "a name that ends too early": header() + b"\3ww",
    "a question without class": header() + name("www." + ZONE) + b"\0\1",
    "a pointer to itself": header() + b"\xc0\x0c\0\1\0\1",
    "two pointers in a circle": header() + b"\xc0\x0e\xc0\x0c\0\1\0\1",
    "a pointer forwards": header() + b"\xc0\x20\0\1\0\1" + b"\0" * 32,
    "a pointer past the end": header() + b"\xff\xff\0\1\0\1",
    "a pointer cut in half": header() + b"\xc0",
    "a label of the reserved kind 0x40": header() + b"\x41a\0\0\1\0\1",
    "a label of the reserved kind 0x80": header() + b"\x81a\0\0\1\0\1",
    "a name of 300 bytes": header() + (b"\x3f" + b"a" * 63) * 5 + b"\0\0\1\0\1",
    "a name of 10,000 one-letter labels": header() + b"\1a" * 10000 + b"\0\0\1\0\1",
    "two questions": header(questions=2) + QUESTION * 2,
    "65,535 questions": header(questions=65535) + QUESTION * 3,
    "no question at all": header(questions=0),
    "65,535 additional records that are not there": header(additional=65535) + QUESTION,
    "rdata longer than the message": header(additional=1) + QUESTION + b"\0\0\1\0\1\0\0\0\0\xff\xff\1",
    "two OPT records": header(additional=2) + QUESTION + record(b"\0", 41, b"", 1232) * 2,
    "an OPT option longer than its record": header(additional=1) + QUESTION + record(b"\0", 41, b"\0\3\0\x20ab", 1232),
    "a compressed name in an OPT owner that loops": header(additional=1) + QUESTION + b"\xc0\x21" + b"\0\x29\4\0\0\0\0\0\0\0",
    "an UPDATE without a zone": header(UPDATE, questions=0),
    "an UPDATE of two zones": header(UPDATE, questions=2) + ZONE_SECTION * 2,
    "an UPDATE whose zone is not a SOA question": header(UPDATE) + name(ZONE) + b"\0\1\0\1",
    "an UPDATE that adds broken rdata": header(UPDATE, authority=1) + ZONE_SECTION + record(name("x." + ZONE), 1, b"\1\2\3", 1, 60),
    "an UPDATE that ends in the middle of a record": header(UPDATE, authority=1) + ZONE_SECTION + record(name("x." + ZONE), 1, b"\1\2\3\4", 1, 60)[:-2],
    "an UPDATE with a record of a meta type": header(UPDATE, authority=1) + ZONE_SECTION + record(name("x." + ZONE), 252, b"", 1, 60),
    "an UPDATE of which the rdata has a looping name": header(UPDATE, authority=1) + ZONE_SECTION + record(name("x." + ZONE), 2, b"\xc0\x36", 1, 60),
    "a NOTIFY without a question": header(NOTIFY, questions=0),
    "an unknown opcode": header(13 << 11) + QUESTION,
    "an IXFR without the SOA": header() + name(ZONE) + b"\0\xfb\0\1",
}

# A response is never answered (else two servers could keep each other busy).
RESPONSES = {
    "a response": b"\x12\x34\x84\x00" + QUERY[4:],
    "a NOTIFY response": b"\x12\x34" + struct.pack("!H", 0x8000 | NOTIFY) + ZONE_SECTION,
    "an UPDATE response": b"\x12\x34" + struct.pack("!H", 0x8000 | UPDATE) + ZONE_SECTION,
}


def start_authd(lab):
    node = Authd(lab)
    replicate(sample_zone(ZONE), node, [], updates=True)
    lab.start()
    return node


def start_resolverd(lab):
    hierarchy = Hierarchy()
    root = Nsd(lab)
    hierarchy.add(".", [root])
    hierarchy.add(ZONE, [root], ["www A 192.0.2.80"])
    node = Resolverd(lab, hierarchy)
    lab.start()
    return node


def wrong_with(data, answer):
    """What is wrong with the answer to a malformed message; None for an error with the question's id, and for silence."""
    if answer is None:
        return None
    if len(answer) < 12 or answer[:2] != data[:2] or not answer[2] & 0x80:
        return f"answered by something that is no response to it: {answer.hex()}"
    if answer[3] & 15 == dns.rcode.NOERROR:
        return f"answered with NOERROR: {answer.hex()}"
    return None


def check_alive(node):
    assert node.is_running(), node.log_end(20)
    answer = ask(node, "www." + ZONE, "A", rd=node.asks_others, timeout_s=10)
    assert answer.rcode() == dns.rcode.NOERROR and answer.answer, answer


def send_malformed(node):
    complaints = []
    for what, data in MALFORMED.items():
        for transport in (exchange_udp, exchange_tcp):
            complaint = wrong_with(data, transport(node, data, timeout_s=0.1))
            if complaint:
                complaints.append(f"{what} ({transport.__name__}): {complaint}")
        node.fail_if_dead()
    for what, data in RESPONSES.items():
        if exchange_udp(node, data, timeout_s=0.1) is not None:
            complaints.append(f"{what} was answered")
    check_alive(node)
    assert not complaints, "\n".join(complaints)


def send_random(node):
    """Valid messages with a few bytes changed, cut, doubled; and noise."""
    seed = int(os.environ.get("ZT_SEED") or random.randrange(1 << 32))
    print(f"# repeat with ZT_SEED={seed}")
    chance = random.Random(seed)
    seeds = [QUERY, *MALFORMED.values()]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((node.address, node.port))
        for number in range(RANDOM_MESSAGES):
            data = bytearray(chance.choice(seeds))
            for _ in range(chance.randrange(6)):
                if data:
                    data[chance.randrange(len(data))] = chance.choice((0, 1, 0x3f, 0xc0, 0xff, chance.randrange(256)))
            if chance.random() < 0.2:
                data = data[:chance.randrange(len(data) + 1)]
            if chance.random() < 0.1:
                data += chance.randbytes(chance.randrange(600))
            sock.send(data)
            if number % 50 == 0:
                check_alive(node)
    check_alive(node)


def send_bad_streams(node):
    """TCP: wrong lengths, pieces, many messages at once, half closed, nothing at all."""
    assert exchange_tcp(node, QUERY, timeout_s=0.2, prefix=65535) is None
    assert exchange_tcp(node, b"", timeout_s=0.2) is None
    with socket.create_connection((node.address, node.port), timeout=5) as sock:
        framed = struct.pack("!H", len(QUERY)) + QUERY
        for byte in framed:
            sock.sendall(bytes([byte]))
        assert sock.recv(2), "a query in single bytes is answered"
    with socket.create_connection((node.address, node.port), timeout=5) as sock:
        sock.sendall(framed * 20)
        sock.shutdown(socket.SHUT_WR)
        received = b""
        while more := sock.recv(65535):
            received += more
        count = 0
        while received:
            received = received[2 + struct.unpack("!H", received[:2])[0]:]
            count += 1
        assert count == 20, f"20 queries in one piece got {count} answers"
    idle = [socket.create_connection((node.address, node.port), timeout=5) for _ in range(50)]
    check_alive(node)
    for sock in idle:
        sock.close()
    check_alive(node)


@test("authd answers malformed messages with an error or not at all, and lives")
def authd_malformed(lab):
    send_malformed(start_authd(lab))


@test("authd lives through thousands of damaged messages")
def authd_random(lab):
    send_random(start_authd(lab))


@test("authd handles broken, slow and idle TCP connections")
def authd_streams(lab):
    send_bad_streams(start_authd(lab))


@test("resolverd answers malformed messages with an error or not at all, and lives")
def resolverd_malformed(lab):
    send_malformed(start_resolverd(lab))


@test("resolverd lives through thousands of damaged messages")
def resolverd_random(lab):
    send_random(start_resolverd(lab))


@test("resolverd handles broken, slow and idle TCP connections")
def resolverd_streams(lab):
    send_bad_streams(start_resolverd(lab))


class AuthdOnSmallDisk(Authd):
    """Its state is on a file system of 4 MiB that only it sees and that goes with it."""
    SIZE = "4m"

    def command(self):
        state = self.path("state")
        state.mkdir(exist_ok=True)
        return [*private_mounts(), "sh", "-c", f'mount -t tmpfs -o size={self.SIZE} tmpfs "{state}" && exec "$@"', "sh", *super().command()]

    def inside(self):
        """The state folder as the process sees it."""
        return f"/proc/{self.process.pid}/root{self.path('state').resolve()}"


def private_mounts():
    for words in (["unshare", "--mount"], ["unshare", "--map-root-user", "--mount"]):
        if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
            return words
    return skip("neither root nor user name spaces here: a small file system cannot be mounted")


@test("with its disk full, authd answers UPDATE with SERVFAIL and serves the unchanged zone; with room again it goes on")
def full_disk(lab):
    node = AuthdOnSmallDisk(lab)
    replicate(sample_zone(ZONE), node, [], updates=True)
    lab.start()
    big = [("add", f"big{number}", 60, "TXT", '"' + "x" * 200 + '"') for number in range(150)]
    assert update(node, ZONE, ("add", "before", 60, "A", "203.0.113.1")) == "NOERROR"
    filler = f"{node.inside()}/filler"
    try:
        with open(filler, "wb", buffering=0) as file:
            while file.write(b"\0" * 4096):
                pass
    except OSError:
        pass
    rcodes = []
    for round_ in range(40):
        before, serial = node.axfr(ZONE), node.serial(ZONE)
        rcodes.append(update(node, ZONE, *[(verb, f"{owner}-{round_}", *rest) for verb, owner, *rest in big], tcp=True, timeout_s=20))
        if rcodes[-1] != "NOERROR":
            break
    assert rcodes[-1] == "SERVFAIL", f"the disk is full, but UPDATE gave {rcodes}"
    assert node.serial(ZONE) == serial and node.axfr(ZONE) == before, "an UPDATE that failed must change nothing"
    check_alive(node)
    os.unlink(filler)
    assert update(node, ZONE, ("add", "after", 60, "A", "203.0.113.2")) == "NOERROR"
    assert node.axfr(ZONE) != before


BROKEN_ZONES = {
    "a syntax error": (["good A 192.0.2.1", "bad A 192.0.2"], 5),
    "an unknown type": (["bad WRONG x"], 4),
    "a CNAME beside other data": (["both A 192.0.2.1", "both CNAME other"], 5),
    "a name that is too long": ([".".join(["a" * 63] * 5) + " A 192.0.2.1"], 4),
}


@test("a broken zone file on reload leaves the old zone in service and says FILE:LINE; the mended one is taken")
def broken_reload(lab):
    node = Authd(lab)
    zone = replicate(sample_zone(ZONE), node, [])
    lab.start()
    served = node.axfr(ZONE)
    lines = list(zone.lines)
    for what, (bad_lines, line) in BROKEN_ZONES.items():
        zone.lines = bad_lines + lines
        zone.serial += 1
        mark = len(node.log())
        node.reload_zone(zone)
        pattern = re.compile(rf"{re.escape(node.zones[ZONE].file)}:{line}\b")
        wait_for(lambda pattern=pattern, mark=mark: pattern.search(node.log()[mark:]), f"{what}: the file and line {line} in the log")
        assert node.axfr(ZONE) == served, f"{what}: another zone is served"
    zone.lines = lines + ["new A 192.0.2.9"]
    zone.serial += 1
    node.reload_zone(zone)
    lab.wait_for_serial(zone, [node])


@test("a zone file without SOA or NS, or that is not there, keeps its zone out of service while the others are served")
def broken_zones_apart(lab):
    node = Authd(lab)
    good = replicate(sample_zone("good.example."), node, [])
    no_ns = replicate(sample_zone("no-ns.example."), node, [])
    no_ns.lines = ["www A 192.0.2.1"]
    gone = replicate(sample_zone("gone.example."), node, [])
    node.write_config()
    node.path(node.zones[gone.name].file).unlink()
    node.start_process()
    node.wait_until_ready()
    lab.wait_for_serial(good, [node])
    for zone in (no_ns, gone):
        assert ask(node, f"www.{zone.name}").rcode() == dns.rcode.SERVFAIL, zone.name
        assert node.zones[zone.name].file in node.log(), f"the log names the file of {zone.name}"


@test("a configuration with errors names all of them with FILE:LINE:COL, ends with status 2, and starts nothing")
def broken_configuration(lab):
    node = Authd(lab)
    replicate(sample_zone(ZONE), node, [])
    node.write_config()
    config = node.path("authd.yaml")
    text = config.read_text().replace("workers: 1", "workers: many").replace("listen:", "lissten:")
    config.write_text(text)
    for words in (["-t"], []):
        run = subprocess.run([*node.command(), *words], capture_output=True, text=True, timeout=30, check=False)
        places = re.findall(r"authd\.yaml:(\d+):(\d+): ", run.stderr)
        if run.returncode != 2 or len(places) < 2:
            raise Failure(f"status {run.returncode}, said:\n{run.stderr}")
        assert "listen" in run.stderr, "the nearest known key is named"


if __name__ == "__main__":
    run_tests()
