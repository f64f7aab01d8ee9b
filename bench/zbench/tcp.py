"""Queries over persistent connections: TCP, and DNS over TLS where a server has it."""
import subprocess

from zt import Authd, Bind, Knot, Lab, Nsd
from zt.lab import free_port
from zt.node import require
from zt.zones import Role
from zbench.cpu import HUNDRED_THOUSAND, ROUNDS, SECONDS, miss
from zbench.load import cpu_per_query
from zbench.machine import check, table
from zbench.zones import big_zone, questions


def certificate(folder):
    """A key and a certificate of our own making: P-256, as most have."""
    key, cert = folder / "tls.key", folder / "tls.crt"
    if not cert.exists():
        subprocess.run([require("openssl", "openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                        "-subj", "/CN=bench.example", "-keyout", str(key), "-out", str(cert)], capture_output=True, check=True)
        key.chmod(0o644)
    return key, cert


class TlsAuthd(Authd):
    def __init__(self, lab, name=None):
        super().__init__(lab, name)
        self.tls_port = free_port(self.address)

    def config(self):
        key, cert = certificate(self.lab.folder)
        head, _, zones = super().config().partition("zone:\n")
        return head + f"  listen-tls: [{self.address}@{self.tls_port}]\n  tls-key: {key}\n  tls-certificate: {cert}\nzone:\n" + zones


class TlsNsd(Nsd):
    def __init__(self, lab, name=None):
        super().__init__(lab, name)
        self.tls_port = free_port(self.address)

    def config(self):
        key, cert = certificate(self.lab.folder)
        head, _, zones = super().config().partition("remote-control:")
        head = head.replace("tcp-count: 50", "tcp-count: 250")
        return (head + f'\tip-address: {self.address}@{self.tls_port}\n\ttls-port: {self.tls_port}\n\ttls-service-key: "{key}"\n\ttls-service-pem: "{cert}"\n'
                "remote-control:" + zones)


def measure(kinds, mode, port_of):
    zone = big_zone(HUNDRED_THOUSAND)
    with Lab() as lab:
        nodes = [kind(lab, kind.kind) for kind in kinds]
        for node in nodes:
            node.zones[zone.name] = Role(zone)
            node.start()
            node.wait_until_ready()
        lab.wait_for_serial(zone, nodes, deadline_s=120)
        queries = questions(lab.folder, HUNDRED_THOUSAND, lambda i: f"host{i}.example.", miss=miss)
        costs = cpu_per_query(nodes, queries, ROUNDS, SECONDS, ("-m", mode), port_of)
    table(["server", "queries/s", "CPU us/query", "spread"],
          [[name, f"{cost['qps']:,.0f}", f"{cost['us_per_query']:.2f}", f"{cost['spread']:.0%}"] for name, cost in costs.items()])
    return {"streams": costs}


def tcp():
    """Queries per second over eight persistent TCP connections, 100,000 A records, 90 % hits"""
    result = measure((Authd, Nsd, Knot, Bind), "tcp", lambda node: node.port)
    costs = result["streams"]
    ratio = costs["authd"]["qps"] / max(costs["nsd"]["qps"], costs["knot"]["qps"])
    return result | {"checks": [check("queries per second over TCP, of the better of NSD and Knot", ratio, 1.0, at_least=True)]}


def dot():
    """the same over TLS (DoT)"""
    return measure((TlsAuthd, TlsNsd), "dot", lambda node: node.tls_port) | {"checks": []}


PARTS = {"tcp": tcp, "dot": dot}
