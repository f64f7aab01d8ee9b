"""A lab that exists only as a state document and events: what a page shows is told by the test, to the millisecond. The server is the real one
(tests/support/page_host). The topology is the default lab's, or one of any number of nodes."""
import json
import subprocess
import threading
import time
from pathlib import Path

from zt.lab import Failure, wait_for
from zt.ours import built

FETCH_BYTES = {"NOTIFY": 84, "SOA": 110, "IXFR": 412, "AXFR": 9120, "UPDATE": 96, "ZSYNC": 1800}


def default_topology():
    zones = [(".", None, ["dm.root", "a.root", "b.root"])]
    zones += [(f"{zone}.", zone.partition(".")[2] + "." if "." in zone else ".", [f"ns{i}.{zone}" for i in (1, 2, 3)])
              for zone in ("example", "test", "shop.example", "blog.example", "lab.test")]
    return zones, ["regional", "edge"]


def large_topology(count):
    """`count` nodes: a zone with fifty secondaries, ten resolvers, the rest in zones of three."""
    zones = [(".", None, ["dm.root", "a.root", "b.root"]), ("example.", ".", ["ns1.example", "ns2.example", "ns3.example"])]
    zones.append(("shop.example.", "example.", [f"ns{i}.shop.example" for i in range(1, 52)]))
    left = count - 10 - sum(len(servers) for _, _, servers in zones)
    zones += [(f"z{i}.example.", "example.", [f"ns{j}.z{i}.example" for j in range(1, 1 + min(3, left - 3 * i))]) for i in range((left + 2) // 3)]
    return zones, [f"r{i}" for i in range(10)]


class PageLab:
    def __init__(self, folder, topology=None, name="default"):
        zones, resolvers = topology or default_topology()
        self.folder = Path(folder)
        self.zones = {name: servers for name, _, servers in zones}
        self.resolvers = resolvers
        self.began = time.monotonic()
        self.serials = {zone: dict.fromkeys(servers, 1) for zone, servers in self.zones.items()}
        servers = list(dict.fromkeys(node for _, _, names in zones for node in names))
        self.down = set()
        self.events, self.state_path = self.folder / "events.jsonl", self.folder / "state.json"
        self.events.write_text("")
        self.state = {
            "lab": name, "dir": str(folder), "mode": "net", "speed": 1, "t0_wall": f"2026-11-25T02:00:{int(self.began * 1000) % 60:02d}Z",
            "nodes": [{"name": node, "kind": "resolverd" if node in resolvers else "authd", "role": "resolver" if node in resolvers else "server", "tier": 0,
                       "addresses": [f"10.53.0.{i}", f"fd53::{i:x}"], "hidden": node == "dm.root", "state": "up", "pid": 1000 + i}
                      for i, node in enumerate(servers + resolvers, 1)],
            "zones": [{"name": zone, "parent": parent, "primary": names[0], "servers": names} for zone, parent, names in zones],
            "edges": [{"from": names[0], "to": node, "what": "transfer"} for _, _, names in zones for node in names[1:]]
            + [{"from": resolvers[0], "to": node, "what": "forward"} for node in resolvers[1:]],
            "watched": {"zone": "shop.example.", "name": "www.shop.example.", "type": "A", "target": ["192.0.2.10"], "ttl": 10},
            "answers": {node: {"value": ["192.0.2.10"], "ttl": 10, "fresh": True, "t": 0} for node in resolvers}, "links": [],
        }
        self.value = "192.0.2.10"
        self.write_state()
        self.commands, self.process, self.url = [], None, None

    def now(self):
        return round(time.monotonic() - self.began, 6)

    def write_state(self):
        self.state.update(t=self.now(), serials=self.serials)
        for node in self.state["nodes"]:
            node["state"] = "down" if node["name"] in self.down else "up"
        fresh = self.state_path.with_suffix(".new")
        fresh.write_text(json.dumps(self.state))
        fresh.rename(self.state_path)

    def emit(self, event, **details):
        with self.events.open("a") as file:
            file.write(json.dumps({"t": self.now(), "event": event, **details}) + "\n")

    # ---- the server

    def start(self, port=None):
        address = f"127.0.0.1@{port}" if port else "127.0.0.1"
        self.write_state()
        self.process = subprocess.Popen([built("tests/support/page_host"), address, str(self.state_path), str(self.events)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise Failure("page_host did not start")
        threading.Thread(target=self._commands, args=(self.process,), daemon=True).start()

    def _commands(self, process):
        for line in process.stdout:
            self.commands.append(json.loads(line))

    def reply(self, status, text):
        self.process.stdin.write(f"{status} {text}\n")
        self.process.stdin.flush()

    def next_command(self):
        """Waits for a command that the page gives and takes it."""
        wait_for(lambda: self.commands, "a command of the page")
        return self.commands.pop(0)

    def stop(self):
        if self.process:
            self.process.stdin.close()
            if self.process.wait(30) != 0:
                raise Failure(f"page_host ended with {self.process.returncode}")
            self.process.stdout.close()
            self.process = None

    # ---- what happens in it

    def message(self, kind, sender, receiver, zone, dropped=False):
        self.emit("message", kind=kind, **{"from": sender, "to": receiver}, zone=zone, bytes=FETCH_BYTES[kind], took_s=0.001, dropped=dropped)

    def predict(self, zone, serial):
        def row(p50, p90, p99, bound):
            return {"p50": p50, "p90": p90, "p99": p99, "bound": bound}
        self.emit("prediction", zone=zone, name="www.shop.example.", type="A", serial=serial, bound=13.9, servers=row(0.01, 0.03, 0.2, 3.0),
                  first_fresh=row(0.1, 1, 2, 3), last_stale=row(5.1, 9.2, 10.4, 13.9))

    def change(self, zone="shop.example.", value="192.0.2.99"):
        """A new version at the primary; nobody else has it yet."""
        primary = self.zones[zone][0]
        serial = self.serials[zone][primary] + 1
        self.value = value
        for answer in self.state["answers"].values():
            answer["fresh"] = False
        self.serials[zone][primary] = serial
        self.message("UPDATE", primary, primary, zone)
        self.emit("change", zone=zone, serial=serial, node=primary)
        self.emit("serial", zone=zone, node=primary, serial=serial, by="zoneversion")
        self.predict(zone, serial)
        return serial

    def spread(self, zone, node, kind="IXFR"):
        primary = self.zones[zone][0]
        serial = self.serials[zone][primary]
        self.message("NOTIFY", primary, node, zone)
        self.message("SOA", primary, node, zone)
        self.message(kind, primary, node, zone)
        self.serials[zone][node] = serial
        self.emit("serial", zone=zone, node=node, serial=serial, by="zoneversion")

    def answer(self, node, fresh=True, ttl=10):
        self.state["answers"][node] = {"value": [self.value], "ttl": ttl, "fresh": fresh, "t": self.now()}
        self.emit("answer", node=node, name="www.shop.example.", type="A", value=[self.value], ttl=ttl, fresh=fresh)

    def wave(self, zone="shop.example.", value="192.0.2.99"):
        """A whole one, at once."""
        serial = self.change(zone, value)
        for node in self.zones[zone][1:]:
            self.spread(zone, node)
        for node in self.resolvers:
            self.answer(node)
        self.emit("converged", zone=zone, serial=serial, servers_s=0.012, caches_s=9.8)
        return serial

    def cut(self, a, b):
        pairs = [(x, y) for one, other in ((a, b), (b, a)) for x in one for y in other]
        self.state["links"] = [{"from": x, "to": y, "delay_ms": 0, "loss": 0, "cut": True} for x, y in pairs]
        self.emit("partition", a=a, b=b)

    def fault(self, a, b, **weather):
        self.state["links"] += [{"from": x, "to": y, "cut": False, **weather} for x, y in ((a, b), (b, a))]
        self.emit("fault", links=[[a, b], [b, a]], set=weather)

    def heal(self):
        self.state["links"] = []
        self.emit("heal")

    def kill(self, node):
        self.down.add(node)
        self.emit("node", node=node, state="down", why="killed")

    def revive(self, node):
        self.down.discard(node)
        self.emit("node", node=node, state="up", why="started")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.stop()
