"""Nodes that transfer zones over TLS."""
from zt.lab import free_port
from zt.ours import Authd
from zt.peers import Bind, Nsd


class XotAuthd(Authd):
    """`settings`: more lines of the server section; `zone_lines`: of each zone, in place of who may do what; `remotes`: how a node is named in lists of
    servers, where that is not by its plain address."""
    def __init__(self, lab, name=None, **options):
        super().__init__(lab, name, **options)
        self.tls_port = free_port(self.address)
        self.settings, self.zone_lines, self.remotes, self.head = [], ["allow-transfer: [127.0.0.0/8]", "allow-notify: [127.0.0.0/8]"], {}, ""

    def serve_tls(self, issued, *more):
        self.settings += [f"listen-tls: {self.address}@{self.tls_port}", f"tls-certificate: {issued.pem}", f"tls-key: {issued.key}", *more]

    def tls_where(self):
        return f"{self.address}@{self.tls_port}"

    def reach(self, node, tls, more=""):
        """Names the node by its TLS address, with the inside of a tls mapping."""
        self.remotes[node.name] = f"{{address: {node.tls_where()}, tls: {{{tls}}}{more}}}"

    def config(self):
        head = super().config().partition("zone:\n")[0]
        text = head + "".join(f"  {line}\n" for line in self.settings) + self.head + "zone:\n"
        for name, role in self.zones.items():
            def named(nodes):
                return ", ".join(self.remotes.get(node.name, node.where()) for node in nodes)
            text += f'  - name: "{name}"\n'
            text += f"    primaries: [{named(role.primaries)}]\n" if role.primaries else f"    file: {role.file}\n"
            if role.secondaries:
                text += f"    notify: [{named(role.secondaries)}]\n"
            if role.updates:
                text += "    allow-update: [127.0.0.0/8]\n"
            text += "".join(f"    {line}\n" for line in self.zone_lines)
        return text


class XotBind(Bind):
    """`primary_tls`: the inside of the tls statement by which it asks its primaries; `server_tls`: with which it serves; `transfer`: allow-transfer."""
    def __init__(self, lab, name=None):
        super().__init__(lab, name)
        self.tls_port = free_port(self.address)
        self.primary_tls, self.server_tls, self.transfer = None, None, "127.0.0.0/8;"

    def tls_where(self):
        return f"{self.address}@{self.tls_port}"

    def config(self):
        text = super().config()
        if self.server_tls:
            text = f"tls serve {{ {self.server_tls} }};\n" + text.replace(
                "	listen-on-v6", f"	listen-on port {self.tls_port} tls serve {{ {self.address}; }};\n	listen-on-v6", 1)
            text = text.replace("	allow-transfer { 127.0.0.0/8; };", f"	allow-transfer port {self.tls_port} transport tls {{ {self.transfer} }};", 1)
        if self.primary_tls:
            text = f"tls ask {{ {self.primary_tls} }};\n" + text
            for role in self.zones.values():
                for node in role.primaries:
                    text = text.replace(f"primaries {{ {node.address} port {node.port};", f"primaries {{ {node.address} port {node.tls_port} tls ask;")
        return text


class XotNsd(Nsd):
    """`primary_tls`: the inside of its tls-auth clause; `served`: the certificate it serves with."""
    def __init__(self, lab, name=None):
        super().__init__(lab, name)
        self.tls_port = free_port(self.address)
        self.primary_tls, self.served, self.bundle = None, None, None

    def tls_where(self):
        return f"{self.address}@{self.tls_port}"

    def config(self):
        text = super().config()
        more = ""
        if self.served:
            more += f"\tip-address: {self.tls_where()}\n\ttls-port: {self.tls_port}\n\ttls-service-key: \"{self.served.key}\"\n\ttls-service-pem: \"{self.served.pem}\"\n"
        if self.bundle:
            more += f"\ttls-cert-bundle: \"{self.bundle}\"\n"
        text = text.replace("server:\n", "server:\n" + more, 1)
        if self.primary_tls:
            text += "tls-auth:\n\tname: ask\n" + "".join(f"\t{line}\n" for line in self.primary_tls)
            for role in self.zones.values():
                for node in role.primaries:
                    text = text.replace(f"\trequest-xfr: {node.where()} NOKEY\n", f"\trequest-xfr: {node.tls_where()} NOKEY ask\n")
        return text
