"""zonelab render: the manifests are what the published schemas call for, and what they name is there."""
import json
import re
import shutil
import subprocess
from pathlib import Path

from zt import Failure, Skip, built, run_tests, test
from zt.lab import source_top
from zt.node import require

MIXED = """port: 5300
nodes:
  - {{name: ns1, kind: authd}}
  - {{name: 2.test, kind: {second}}}
  - {{name: Cache_1, kind: resolverd}}
zones:
  - {{name: ., primary: ns1, secondaries: 2.test}}
  - {{name: test, primary: ns1, secondaries: 2.test, records: 'www A 192.0.2.1'}}
"""


def yaml():
    try:
        import yaml as module
    except ImportError as error:
        raise Skip("needs python3-yaml") from error
    return module


def render(lab, *words, topology=None, expect=0):
    """Where it was written, and what was said."""
    path = Path(lab.folder) / "topology.yaml"
    path.write_text(topology or MIXED.format(second="authd"))
    out = Path(lab.folder) / "out"
    run = subprocess.run([built("tools/zonelab/zonelab"), "render", *map(str, words), str(out), str(path)], capture_output=True, text=True, timeout=60,
                         check=False)
    if run.returncode != expect:
        raise Failure(f"render {words} ended with {run.returncode}: {run.stdout}{run.stderr}")
    return out, run.stdout + run.stderr


def schemas(lab):
    """A folder with the published schemas; they come from the npm registry."""
    require("npm", "npm")
    folder = Path(lab.folder) / "schemas"
    shutil.copytree(source_top() / "tests/support/schemas", folder)
    run = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if run.returncode != 0:
        raise Skip("the schemas cannot be fetched with npm: " + run.stderr.strip().splitlines()[-1])
    return folder


def hold_against(folder, kind, document):
    run = subprocess.run(["node", "check.mjs", kind], cwd=folder, input=json.dumps(document), capture_output=True, text=True, timeout=60, check=False)
    return run.stdout + run.stderr if run.returncode else ""


@test("compose: every node is a service with its addresses, and what it mounts is there")
def compose(lab):
    out, _ = render(lab, "--compose")
    document = yaml().safe_load((out / "compose.yaml").read_text())
    if set(document["services"]) != {"ns1", "2.test", "Cache_1"}:
        raise Failure(f"services {sorted(document['services'])}")
    zone = (out / "nodes/ns1/test.zone").read_text()
    for name, address in (("ns1", "10.53.0.1"), ("2.test", "10.53.0.2"), ("Cache_1", "10.53.0.3")):
        service = document["services"][name]
        if service["networks"]["lab"] != {"ipv4_address": address, "ipv6_address": "fd53::" + address[-1]}:
            raise Failure(f"{name} has {service['networks']}")
        folder = service["volumes"][0].split(":")[0]
        config = re.search(r"-c /lab/\S+/(\S+)$", service["command"][-1])[1]
        text = (out / folder / config).read_text()
        if f"{address}@53" not in text:
            raise Failure(f"{name} does not listen on {address}: {text}")
        if str(out) in text or str(out) in zone:
            raise Failure(f"{name} names a folder of this machine: {text}")
    if "10.53.0.2" not in zone:
        raise Failure(f"the zone lacks a server's address: {zone}")


@test("compose: other addresses, on demand")
def network(lab):
    out, _ = render(lab, "--network", "172.20.0.16", "--compose")
    document = yaml().safe_load((out / "compose.yaml").read_text())
    config = document["networks"]["lab"]["ipam"]["config"][0]
    if document["services"]["ns1"]["networks"]["lab"]["ipv4_address"] != "172.20.0.17" or config != {"subnet": "172.20.0.0/16", "gateway": "172.20.255.254"}:
        raise Failure(f"{document}")
    _, said = render(lab, "--network", "8.8.8.8", "--compose", expect=2)
    if "expected an address in 10.0.0.0/8" not in said:
        raise Failure(said)


@test("kubernetes: nodes have a config map, a service with their address and a pod that listens everywhere")
def kubernetes(lab):
    out, _ = render(lab, "--network", "10.96.53.0", "--kubernetes")
    documents = list(yaml().safe_load_all((out / "kubernetes.yaml").read_text()))
    kinds = {(d["kind"], d["metadata"]["name"]): d for d in documents}
    for name, address in (("ns1", "10.96.53.1"), ("node-2-test", "10.96.53.2"), ("cache-1", "10.96.53.3")):
        if kinds["Service", name]["spec"]["clusterIP"] != address:
            raise Failure(f"{name}: {kinds['Service', name]}")
        data = kinds["ConfigMap", name]["data"]
        config = data.get("authd.yaml") or data["resolverd.yaml"]
        if "0.0.0.0@53" not in config or f"{address}@53" in config:
            raise Failure(f"{name}: {config}")
        pod = kinds["StatefulSet", name]["spec"]["template"]
        if pod["metadata"]["labels"]["node"] != kinds["Service", name]["spec"]["selector"]["node"]:
            raise Failure(f"the service of {name} does not find its pod")
    if kinds["ConfigMap", "ns1"]["data"]["test.zone"].rstrip("\n") != (out / "nodes/ns1/test.zone").read_text().rstrip("\n"):
        raise Failure("the zone in the config map is another")
    for name, program, config in (("ns1", "authd/authd", "authd.yaml"), ("Cache_1", "resolverd/resolverd", "resolverd.yaml")):
        run = subprocess.run([built(program), "-t", "-c", str(out / "nodes" / name / config)], capture_output=True, text=True, timeout=30, check=False)
        if run.returncode != 0:
            raise Failure(f"{program} does not take its configuration: {run.stdout}{run.stderr}")
    if "10.96.53.1@53" not in kinds["ConfigMap", "node-2-test"]["data"]["authd.yaml"]:
        raise Failure("the secondary does not know its primary's service")


@test("kubernetes: a zone file that begins with spaces is kept as it is")
def spaces(lab):
    text = "      ; of one's own\n@ 60 SOA ns1. x. 1 60 60 60 60\n  60 NS ns1.\nwww 60 A 192.0.2.1\n"
    (Path(lab.folder) / "own.zone").write_text(text)
    out, _ = render(lab, "--kubernetes", topology=MIXED.format(second="authd").replace("records: 'www A 192.0.2.1'", "file: own.zone"))
    documents = yaml().safe_load_all((out / "kubernetes.yaml").read_text())
    data = next(d["data"] for d in documents if (d["kind"], d["metadata"]["name"]) == ("ConfigMap", "ns1"))
    if data["test.zone"] != text:
        raise Failure(f"{data['test.zone']!r}")


@test("mistakes are told before anything is written")
def mistakes(lab):
    twins = MIXED.format(second="authd").replace("Cache_1", "NS1-")
    _, said = render(lab, "--kubernetes", topology=twins, expect=1)
    if "nodes ns1 and NS1- would both be called ns1" not in said:
        raise Failure(said)
    _, said = render(lab, "--compose", topology=twins.replace("primary: ns1", "primary: nsx", 1), expect=2)
    if not re.search(r"topology\.yaml:7:\d+: there is no node nsx", said):
        raise Failure(said)


@test("the manifests hold against the published schemas, which find a mistake")
def published(lab):
    folder = schemas(lab)
    out, _ = render(lab, "--compose")
    document = yaml().safe_load((out / "compose.yaml").read_text())
    if said := hold_against(folder, "compose", document):
        raise Failure(said)
    document["services"]["ns1"]["restart"] = 1
    if "/services/ns1/restart" not in hold_against(folder, "compose", document):
        raise Failure("a mistake in the compose file was not found")
    shutil.rmtree(out)
    out, _ = render(lab, "--kubernetes")
    documents = list(yaml().safe_load_all((out / "kubernetes.yaml").read_text()))
    if said := hold_against(folder, "kubernetes", documents):
        raise Failure(said)
    documents[1]["spec"]["ports"][0]["port"] = "dns"
    if "port must be integer" not in hold_against(folder, "kubernetes", documents):
        raise Failure("a mistake in the Kubernetes manifest was not found")


if __name__ == "__main__":
    run_tests()
