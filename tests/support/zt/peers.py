"""Other people's name servers, each run so that it stays in its folder and nothing leaves the loopback network."""
import subprocess

from zt import client
from zt.lab import Failure, free_port, wait_for
from zt.node import Node, require


class AuthPeer(Node):
    """An authoritative peer. Its zones are in `zones` (zt.zones.Role)."""

    def write_zone_files(self):
        for role in self.zones.values():
            if not role.primaries:
                self.write(role.file, role.zone.text())

    def reload_zone(self, zone):
        """Writes a new version of a zone file and has it read."""
        self.write(self.zones[zone.name].file, zone.text())
        self.reload()

    def write_config(self):
        self.write_zone_files()
        self.write(self.config_name, self.config())


class Nsd(AuthPeer):
    kind = "nsd"
    config_name = "nsd.conf"

    def find_binary(self):
        return require("nsd", "nsd")

    def command(self):
        return [self.binary, "-d", "-c", str(self.path("nsd.conf"))]

    def kill(self):
        """NSD's other processes end by themselves a moment after the first."""
        super().kill()
        wait_for(lambda: not client.answers(self), f"silence of {self.name}")

    def config(self):
        text = f"""server:
	ip-address: {self.where()}
	port: {self.port}
	server-count: 1
	username: ""
	chroot: ""
	zonesdir: "{self.folder}"
	database: ""
	pidfile: "{self.path('nsd.pid')}"
	xfrdfile: "{self.path('xfrd.state')}"
	xfrdir: "{self.folder}"
	zonelistfile: "{self.path('zone.list')}"
	verbosity: 3
	xfrd-reload-timeout: 0
	tcp-count: 50
	rrl-ratelimit: 0
remote-control:
	control-enable: no
{self.key.for_nsd() if self.key else ""}"""
        key = self.key.name if self.key else "NOKEY"
        for name, role in self.zones.items():
            text += f"""zone:
	name: "{name}"
	zonefile: "{role.file}"
	provide-xfr: 127.0.0.0/8 {key}
	allow-notify: 127.0.0.0/8 {key}
	store-ixfr: yes
	create-ixfr: yes
	ixfr-size: 1000000000
	min-refresh-time: 1
	min-retry-time: 1
	outgoing-interface: {self.address}
"""
            text += "".join(f"\tnotify: {node.where()} {key}\n" for node in role.secondaries)
            text += "".join(f"\trequest-xfr: {node.where()} {key}\n" for node in role.primaries)
        return text


class Knot(AuthPeer):
    kind = "knot"
    config_name = "knot.conf"

    def find_binary(self):
        return require("knotd", "knot")

    def command(self):
        return [self.binary, "-c", str(self.path("knot.conf"))]

    def config(self):
        self.path("db").mkdir(exist_ok=True)
        key = f"    key: {self.key.name}\n" if self.key else ""
        peers = {node.name: node for role in self.zones.values() for node in role.primaries + role.secondaries}
        remotes = "".join(f"  - id: {name}\n    address: {node.where()}\n    via: {self.address}\n{key}" for name, node in peers.items())
        zones = ""
        for name, role in self.zones.items():
            zones += f"  - domain: {name}\n    file: {role.file}\n"
            if role.primaries:
                zones += f"    master: [{', '.join(node.name for node in role.primaries)}]\n    zonefile-sync: -1\n    zonefile-load: none\n"
                zones += "    journal-content: all\n"
            if role.secondaries:
                zones += f"    notify: [{', '.join(node.name for node in role.secondaries)}]\n"
        return f"""server:
  rundir: "{self.folder}"
  listen: {self.where()}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
  - target: stderr
    any: debug
control:
  listen: "{self.path('knot.sock')}"
database:
  storage: "{self.path('db')}"
  journal-db-max-size: 100M
{self.key.for_knot() if self.key else ""}{'remote:' if remotes else ''}
{remotes}acl:
  - id: lab
    address: 127.0.0.0/8
{key}    action: [transfer, notify, update]
template:
  - id: default
    storage: "{self.folder}"
    acl: lab
    zonefile-load: difference
    refresh-min-interval: 2
    retry-min-interval: 1
zone:
{zones}"""


class BindPlace:
    """BIND listens only on addresses that an interface shows: 127.0.0.1, on a port of its own."""
    config_name = "named.conf"

    def place(self):
        return "127.0.0.1", free_port("127.0.0.1")

    def find_binary(self):
        return self.confined_binary(require("named", "bind9"))

    def command(self):
        return [self.binary, "-g", "-n", "1", "-U", "1", "-c", str(self.path("named.conf"))]

    def common_options(self):
        return f"""	directory "{self.folder}";
	pid-file "{self.path('named.pid')}";
	session-keyfile "{self.path('session.key')}";
	lock-file none;
	listen-on port {self.port} {{ {self.address}; }};
	listen-on-v6 {{ none; }};
	dnssec-validation no;
	trust-anchor-telemetry no;
	empty-zones-enable no;
	minimal-responses no;
	allow-query {{ 127.0.0.0/8; }};
"""


class Bind(BindPlace, AuthPeer):
    kind = "bind"

    def config(self):
        self.write("empty.hints", "")
        who = f"key {self.key.name}" if self.key else "127.0.0.0/8"
        with_key = f" key {self.key.name}" if self.key else ""
        text = f"""controls {{ }};
{self.key.for_bind() if self.key else ""}options {{
{self.common_options()}
	recursion no;
	allow-transfer {{ {who}; }};
	allow-notify {{ {who}; }};
	notify explicit;
	notify-delay 0;
	startup-notify-rate 1000;
	serial-query-rate 1000;
	min-refresh-time 1;
	min-retry-time 1;
	ixfr-from-differences primary;
	max-ixfr-ratio unlimited;
}};
"""
        if "." not in self.zones:
            text += 'zone "." { type hint; file "empty.hints"; };\n'
        for name, role in self.zones.items():
            text += f'zone "{name}" {{ file "{role.file}"; type {"secondary" if role.primaries else "primary"};'
            if role.primaries:
                text += " masterfile-format text; primaries {" + "".join(f" {node.address} port {node.port}{with_key};" for node in role.primaries) + " };"
            elif role.updates:
                text += f" allow-update {{ {who}; }};"
            if role.secondaries:
                text += " also-notify {" + "".join(f" {node.address} port {node.port}{with_key};" for node in role.secondaries) + " };"
            text += " };\n"
        return text


class Pdns(AuthPeer):
    kind = "pdns"
    config_name = "pdns.conf"

    def find_binary(self):
        return require("pdns_server", "pdns-server")

    def command(self):
        return [self.binary, f"--config-dir={self.folder}"]

    def write_keys(self):
        """Keys lie in a data base beside the zones, which pdnsutil writes."""
        if not self.key:
            return
        pdnsutil = require("pdnsutil", "pdns-server")
        self.write(self.config_name, f"launch=bind\nbind-config={self.path('named.conf')}\nbind-dnssec-db={self.path('keys.db')}\n")
        commands = [["create-bind-db", str(self.path("keys.db"))], ["import-tsig-key", self.key.name, self.key.algorithm, self.key.secret]]
        for name, role in self.zones.items():      # to give the zone away, and to fetch it
            commands += [["activate-tsig-key", name, self.key.name, kind] for kind in ["primary"] + ["secondary"] * bool(role.primaries)]
        for command in commands:
            run = subprocess.run([pdnsutil, f"--config-dir={self.folder}", *command], capture_output=True, text=True, timeout=30, check=False)
            if run.returncode != 0:
                raise Failure(f"pdnsutil {command[0]}: {run.stdout}{run.stderr}")

    def config(self):
        zones = ""
        for name, role in self.zones.items():
            zones += f'zone "{name}" {{ type {"slave" if role.primaries else "master"}; file "{self.path(role.file)}";'
            if role.primaries:
                zones += " masters {" + "".join(f" {node.address}:{node.port};" for node in role.primaries) + " };"
            zones += " };\n"
        self.write("named.conf", zones)
        self.write_keys()
        notified = ",".join(f"{node.address}:{node.port}" for role in self.zones.values() for node in role.secondaries)
        return f"""launch=bind
bind-config={self.path('named.conf')}
{f"bind-dnssec-db={self.path('keys.db')}" if self.key else ""}
local-address={self.address}
local-port={self.port}
query-local-address={self.address}
socket-dir={self.folder}
daemon=no
guardian=no
disable-syslog=yes
loglevel=6
primary=yes
secondary=yes
only-notify=
also-notify={notified}
allow-axfr-ips=127.0.0.0/8
allow-notify-from=127.0.0.0/8
xfr-cycle-interval=1
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
receiver-threads=1
distributor-threads=1
security-poll-suffix=
"""


class ResolverPeer(Node):
    """A resolver over a lab's hierarchy. Unbound and Knot Resolver ask delegated servers on port 53 only; on another port they are told
    each zone's servers instead."""

    asks_others = True

    def __init__(self, lab, hierarchy, name=None):
        super().__init__(lab, name)
        self.hierarchy = hierarchy

    def write_config(self):
        self.write("root.hints", self.hierarchy.hints())
        self.write(self.config_name, self.config())


class BindResolver(BindPlace, ResolverPeer):
    kind = "bind-resolver"

    def config(self):
        return f"""controls {{ }};
options {{
{self.common_options()}
	port {self.lab.port};
	recursion yes;
	allow-recursion {{ 127.0.0.0/8; }};
	prefetch 0;
}};
zone "." {{ type hint; file "root.hints"; }};
"""


class Unbound(ResolverPeer):
    kind = "unbound"
    config_name = "unbound.conf"

    def find_binary(self):
        return self.confined_binary(require("unbound", "unbound"))

    def command(self):
        return [self.binary, "-d", "-c", str(self.path("unbound.conf"))]

    def config(self):
        text = f"""server:
	interface: {self.where()}
	outgoing-interface: {self.address}
	username: ""
	chroot: ""
	directory: "{self.folder}"
	pidfile: ""
	use-syslog: no
	logfile: ""
	verbosity: 1
	num-threads: 1
	module-config: "iterator"
	do-ip6: no
	do-not-query-localhost: no
	access-control: 127.0.0.0/8 allow
	target-fetch-policy: "0 0 0 0 0"
	local-zone: "test." nodefault
remote-control:
	control-enable: no
"""
        if self.port == 53:
            text += f'server:\n\troot-hints: "{self.path("root.hints")}"\n'
        else:
            for zone, servers in self.hierarchy.deepest_first():
                text += f'stub-zone:\n\tname: "{zone}"\n' + "".join(f"\tstub-addr: {node.where()}\n" for node in servers)
        return text


class KnotResolver(ResolverPeer):
    kind = "kresd"
    config_name = "kresd.conf"
    stub_policy = "STUB"         # or "FORWARD", which keeps answers, and asks the lab's servers as if they were resolvers

    def find_binary(self):
        return require("kresd", "knot-resolver")

    def command(self):
        self.path("cache").mkdir(exist_ok=True)
        return [self.binary, "-n", "-c", str(self.path("kresd.conf")), str(self.path("cache"))]

    def config(self):
        hints = ", ".join(f"['{name}'] = {{'{address}'}}" for name, address in self.hierarchy.root_addresses().items())
        text = f"""modules.unload('ta_update')
modules.unload('ta_signal_query')
modules.unload('priming')
modules.unload('detect_time_skew')
modules.unload('detect_time_jump')
modules = {{ 'hints > iterate', 'policy' }}
log_target('stderr')
net.listen('{self.address}', {self.port}, {{ kind = 'dns' }})
net.ipv6 = false
net.outgoing_v4('{self.address}')
trust_anchors.remove('.')
option('ALLOW_LOCAL', true)
hints.root({{ {hints} }})
cache.size = 10 * MB
"""
        if self.port != 53:
            for zone, servers in self.hierarchy.deepest_first():
                targets = ", ".join(f"'{node.where()}'" for node in servers)
                text += f"policy.add(policy.suffix(policy.{self.stub_policy}({{ {targets} }}), policy.todnames({{ '{zone}' }})))\n"
        return text


class Recursor(ResolverPeer):
    """PowerDNS Recursor. It takes a question for an old one when the kernel's time of arrival, which is real, lies behind its own clock."""
    kind = "recursor"
    config_name = "recursor.conf"
    clock_behind_s = 365 * 86400

    def find_binary(self):
        return require("pdns_recursor", "pdns-recursor")

    def command(self):
        return [self.binary, f"--config-dir={self.folder}"]

    def config(self):
        forwards = ",".join(f"{zone}={';'.join(f'{node.address}:{node.port}' for node in servers)}" for zone, servers in self.hierarchy.deepest_first())
        return f"""local-address={self.address}
local-port={self.port}
query-local-address={self.address}
socket-dir={self.folder}
daemon=no
disable-syslog=yes
hint-file={self.path("root.hints")}
forward-zones={forwards}
dont-query=
allow-from=127.0.0.0/8
serve-rfc1918=no
security-poll-suffix=
threads=1
dnssec=off
"""
