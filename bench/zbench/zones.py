"""Zones and questions of the benchmarks. Signing is slow, so signed zones are kept in the temporary folder from run to run."""
import hashlib
import os
import random
import subprocess
import tempfile
from pathlib import Path

from zt.node import require
from zt.zones import ZoneText


def head(name, serial=1):
    return f"$ORIGIN {name}\n$TTL 300\n@ SOA ns1 hostmaster {serial} 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n"


def host(i, turn=0):
    return f"host{i} A 10.{(i >> 16) + turn & 255}.{i >> 8 & 255}.{i & 255}\n"


def big_zone(names, name="example.", serial=1):
    return ZoneText(name, serial, head(name, serial) + "".join(host(i) for i in range(names)))


def tld_zone(delegations, name="tld."):
    """Three records a delegation: a name server inside with its glue, and one outside."""
    lines = "".join(f"d{i} NS ns1.d{i}\nd{i} NS ns{i % 1000}.hoster.test.\nns1.d{i} A 10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}\n"
                    for i in range(delegations))
    return ZoneText(name, 1, head(name) + lines)


def signed_zone(names, name, nsec3):
    """The big zone, signed with one ECDSA P-256 key (algorithm 13); NSEC3 as RFC 9276 wants it: no salt, no further iterations."""
    folder = Path(tempfile.gettempdir()) / f"zonetide-bench-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    plain = big_zone(names, name).text()
    digest = hashlib.sha256(plain.encode()).hexdigest()[:16]
    signed = folder / f"{name.rstrip('.')}-{digest}{'-nsec3' if nsec3 else ''}"
    if not signed.exists():
        unsigned = folder / (signed.name + ".unsigned")
        unsigned.write_text(plain)
        key = subprocess.run([require("ldns-keygen", "ldnsutils"), "-a", "ECDSAP256SHA256", "-r", "/dev/urandom", name], cwd=folder, capture_output=True,
                             text=True, check=True).stdout.strip()
        options = ["-n", "-t", "0"] if nsec3 else []
        partial = folder / (signed.name + ".partial")
        subprocess.run([require("ldns-signzone", "ldnsutils"), *options, "-e", "20401231000000", "-f", str(partial), "-o", name, str(unsigned), key],
                       cwd=folder, check=True)
        partial.rename(signed)
        for left in (unsigned, *folder.glob(key + ".*")):
            left.unlink()
    return ZoneText(name, 1, signed.read_text())


def small_zones(count, serial=1):
    """Zones of eight records each."""
    return [ZoneText(f"zone{i}.example.", serial,
                     f"$ORIGIN zone{i}.example.\n$TTL 300\n@ SOA ns1 hostmaster {serial} 3600 600 86400 60\n@ NS ns1\n@ NS ns2\nns1 A 192.0.2.1\nns2 A 192.0.2.2\n"
                     f"@ MX 10 mail\nmail A 192.0.2.25\nwww A 10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}\n") for i in range(count)]


def questions(folder, names, hit, miss=None, hits=0.9):
    """A file of questions for dnsperf in random order. `hit` and `miss` give a name from a number."""
    chance = random.Random(1)
    path = folder / "questions"
    with path.open("w") as out:
        for _ in range(max(200_000, names)):
            i = chance.randrange(names)
            out.write(f"{(hit if chance.random() < hits else miss)(i)} A\n")
    return path
