"""Signing the generated zones with ldns-signzone."""
import concurrent.futures
import os
import subprocess

from zt.lab import Failure
from zt.node import require

DENIAL = {"nsec": [], "nsec3": ["-n", "-t", "0"], "nsec3-salted": ["-n", "-t", "5", "-s", "aabbccdd"], "nsec3-opt-out": ["-n", "-p", "-t", "0"]}


class Signer:
    """One pair of keys for all zones of a run."""

    def __init__(self, folder):
        self.folder = folder
        self.keys = []
        self.key_rdata = []
        for is_ksk in (True, False):
            command = [require("ldns-keygen", "ldnsutils"), "-a", "ECDSAP256SHA256", *(["-k"] if is_ksk else []), "test."]
            base = self.run(command).strip()
            self.keys.append(base)
            self.key_rdata.append((folder / f"{base}.key").read_text().split("DNSKEY", 1)[1].split(";")[0].strip())

    def run(self, command):
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise Failure(f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def sign(self, number, zone):
        plain, signed = self.folder / f"plain{number}", self.folder / f"signed{number}"
        keys = "".join(f"{zone.name} 3600 IN DNSKEY {rdata}\n" for rdata in self.key_rdata)
        plain.write_text(zone.plain_text() + keys)
        self.run([require("ldns-signzone", "ldnsutils"), *DENIAL[zone.signing], "-o", zone.name, "-f", str(signed), str(plain), *self.keys])
        zone.body = signed.read_text()


def sign_all(folder, zones):
    """Gives each zone the text to serve. Returns the rdata of the keys, the one to trust first."""
    folder.mkdir()
    signer = Signer(folder)
    for zone in zones:
        zone.body = zone.plain_text()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda entry: signer.sign(*entry), [(number, zone) for number, zone in enumerate(zones) if zone.signing]))
    return signer.key_rdata
