"""Signed zones: ldns signs them; Unbound and delv tell whether what a server says of them can be believed."""
from zt.peers import Unbound
from zt.tools import tool

KEY_ALGORITHM = "ECDSAP256SHA256"


class DigestedZone:
    """A zone with the ZONEMD record that ldns-signzone makes (RFC 8976), not signed."""

    def __init__(self, folder, zone, digest="sha384"):
        self.name, self.folder, self.digest = zone.name, folder, digest
        self.sign(zone)

    def sign(self, zone):
        self.serial = zone.serial
        (self.folder / "plain").write_text(zone.text())
        tool("ldns-signzone", "-Z", "-z", self.digest, "-f", "digested", "-o", self.name, "plain", cwd=self.folder)
        self.body = (self.folder / "digested").read_text()

    def text(self):
        return self.body


class SignedZone:
    """A zone signed by ldns-signzone with one key for everything. `options` are its own: -n for NSEC3, -p opt-out, -z sha384 …"""

    def __init__(self, folder, zone, *options):
        self.name, self.serial = zone.name, zone.serial
        self.folder = folder / "signing"
        self.folder.mkdir(exist_ok=True)
        self.key = tool("ldns-keygen", "-a", KEY_ALGORITHM, "-k", zone.name, cwd=self.folder).strip()
        self.sign(zone, *options)

    def sign(self, zone, *options):
        """Signs another version of the zone, or the same in another way."""
        self.serial = zone.serial
        (self.folder / "zone").write_text(zone.text())
        tool("ldns-signzone", *options, "-f", "signed", "-o", self.name, "zone", self.key, cwd=self.folder)
        self.body = (self.folder / "signed").read_text()

    def text(self):
        return self.body

    def anchor(self):
        """The key as a line of a zone file."""
        return (self.folder / f"{self.key}.key").read_text()


class Validator(Unbound):
    """Unbound that asks one server for a zone and believes only what the zone's key (zone.anchor()) proves, at a date if one is given."""

    def __init__(self, lab, server, zone, date=None):
        super().__init__(lab, None)
        self.server, self.zone, self.date = server, zone, date

    def write_config(self):
        self.write("anchor", self.zone.anchor())
        text = f"""server:
	interface: {self.where()}
	outgoing-interface: {self.address}
	username: ""
	chroot: ""
	directory: "{self.folder}"
	pidfile: ""
	use-syslog: no
	verbosity: 1
	val-log-level: 2
	num-threads: 1
	module-config: "validator iterator"
	trust-anchor-file: "anchor"
	trust-anchor-signaling: no
	aggressive-nsec: no
	qname-minimisation: no
	harden-below-nxdomain: no
	prefetch: no
	do-ip6: no
	do-not-query-localhost: no
	access-control: 127.0.0.0/8 allow
	local-zone: "example." nodefault
stub-zone:
	name: "{self.zone.name}"
	stub-addr: {self.server.where()}
remote-control:
	control-enable: no
"""
        if self.date:
            text = text.replace("server:\n", f'server:\n\tval-override-date: "{self.date}"\n', 1)
        self.write("unbound.conf", text)
