"""A primary out of a script: answers SOA queries and transfers of its zones honestly, or as a lie says. Threads of the test's own process."""
import socket
import struct
import threading

from zt.client import receive_message

SOA, NS, A, TXT, AXFR, IXFR, IN = 6, 2, 1, 16, 252, 251, 1
QR, AA, TC = 0x8000, 0x0400, 0x0200


def wire_name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.rstrip(".").split(".") if label) + b"\0"


def record(owner, kind, rdata, *, klass=IN, ttl=300):
    return wire_name(owner) + struct.pack("!HHIH", kind, klass, ttl, len(rdata)) + rdata


def soa(zone, serial, *, owner=None, refresh=3600, minimum=60):
    rdata = wire_name("ns." + zone) + wire_name("mail." + zone) + struct.pack("!IIIII", serial, refresh, 600, 86400, minimum)
    return record(owner or zone, SOA, rdata)


def address(owner, number):
    return record(owner, A, struct.pack("!I", 0x0A000000 + number))


class Query:
    """The question of a transfer or for a SOA, and messages that answer it."""

    def __init__(self, wire):
        self.id, _, _, _, authorities, additional = struct.unpack_from("!HHHHHH", wire)
        self.has_options = additional > 0
        end = wire.index(b"\0", 12) + 1
        self.name = ".".join(label.decode() for label in labels(wire, 12)) + "."
        self.question = wire[12:end + 4]
        self.kind = struct.unpack_from("!H", wire, end)[0]
        # The SOA in an IXFR question ends with serial, refresh, retry, expire, minimum, and an OPT record may follow.
        self.serial = None
        if self.kind == IXFR and authorities:
            length = struct.unpack_from("!H", wire, rdata_at(wire, end + 4) - 2)[0]
            self.serial = struct.unpack_from("!I", wire, rdata_at(wire, end + 4) + length - 20)[0]

    def reply(self, *records, flags=QR | AA, rcode=0, id_offset=0, question=None):
        question = self.question if question is None else question
        return struct.pack("!HHHHHH", (self.id + id_offset) & 0xFFFF, flags | rcode, 1 if question else 0, len(records), 0, 0) + question + b"".join(records)


def labels(wire, at):
    while wire[at]:
        yield wire[at + 1:at + 1 + wire[at]]
        at += wire[at] + 1


def rdata_at(wire, at):
    """Where the rdata of the record at `at` begins."""
    while wire[at] and wire[at] < 0xC0:
        at += wire[at] + 1
    return at + (2 if wire[at] else 1) + 10


class FakeZone:
    """Versions of a zone; `lie`: a function of (query, connection) that sends what it likes; None: the truth."""

    def __init__(self, name):
        self.name = name
        self.serial = 1
        self.lie = None
        self.questions = 0           # of transfers
        self.records = [record(name, NS, wire_name("ns." + name)), address("ns." + name, 1), address("www." + name, 2)]

    def soa(self, serial=None):
        return soa(self.name, self.serial if serial is None else serial)

    def change(self):
        """The next version: one more address."""
        self.serial += 1
        self.records.append(address(f"host{self.serial}.{self.name}", self.serial))

    def answer(self, query, connection):
        """The whole zone in one message, or the SOA alone to who has it."""
        if query.kind == IXFR and query.serial == self.serial:
            connection.send(query.reply(self.soa()))
        else:
            connection.send(query.reply(self.soa(), *self.records, self.soa()))


class Connection:
    def __init__(self, sock):
        self.sock = sock

    def send(self, message):
        self.sock.sendall(struct.pack("!H", len(message)) + message)

    def send_raw(self, data):
        self.sock.sendall(data)

    def hang_up(self):
        self.sock.shutdown(socket.SHUT_RDWR)

    def wait_for_end(self, timeout_s):
        """Until the other side has closed it."""
        self.sock.settimeout(timeout_s)
        while self.sock.recv(4096):
            pass


class FakePrimary:
    """Stands where a node stands in the roles of a zone. The lab ends it (a link to it)."""

    def __init__(self, lab):
        self.address, self.port = lab.next_address(), lab.port
        self.zones = {}
        self.trouble = []
        self.asked = 0               # SOA queries
        self.knows_edns = True       # else what has an OPT record gets FORMERR
        self.refused = 0             # of those
        self._ending = False
        self._connections = []
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((self.address, self.port))
        self._tcp = socket.create_server((self.address, self.port))
        lab.links.append(self)
        for work in (self._serve_datagrams, self._serve_connections):
            threading.Thread(target=work, daemon=True).start()

    def where(self):
        return f"{self.address}@{self.port}"

    def depth(self):
        return 0

    def zone(self, name):
        return self.zones.setdefault(name, FakeZone(name))

    def _refuses(self, query):
        is_refused = query.has_options and not self.knows_edns
        self.refused += is_refused
        return is_refused

    def _serve_datagrams(self):
        while not self._ending:
            try:
                wire, peer = self._udp.recvfrom(4096)
                query = Query(wire)
                zone = self.zones.get(query.name)
                if self._refuses(query):
                    self._udp.sendto(query.reply(rcode=1), peer)
                elif zone:
                    self._udp.sendto(query.reply(zone.soa()), peer)
            except OSError:
                return

    def _serve_connections(self):
        while not self._ending:
            try:
                sock, _ = self._tcp.accept()
            except OSError:
                return
            self._connections.append(sock)
            threading.Thread(target=self._serve_connection, args=(sock,), daemon=True).start()

    def _serve_connection(self, sock):
        connection = Connection(sock)
        try:
            while (wire := receive_message(sock)) is not None:
                query = Query(wire)
                zone = self.zones[query.name]
                zone.questions += 1
                if self._refuses(query):
                    connection.send(query.reply(rcode=1))
                else:
                    (zone.lie or zone.answer)(query, connection)
        except OSError:
            pass      # the other side has had enough
        except Exception as error:      # pylint: disable=broad-except
            self.trouble.append(error)
        finally:
            sock.close()

    def close(self):
        self._ending = True
        for sock in (self._udp, self._tcp, *self._connections):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()
