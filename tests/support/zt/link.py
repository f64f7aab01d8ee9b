"""A network link between a primary and a secondary that can be cut, and that counts.

Neither server knows: the secondary takes the link's *near* face for its primary, the primary takes the *far* face for its secondary. What comes to one face leaves
from the other, so each side sees one address in both directions. Messages of UDP and connections of TCP go through; while the link is cut,
datagrams vanish, connections are reset, and new ones are not taken.
"""
import selectors
import socket
import threading

from zt.zones import Role

CHUNK = 65536
WAITING_MAX = 16 << 20      # bytes kept for a slow reader


class Face:
    """What a server of the lab sees of the link: stands where a node stands in a Role."""

    def __init__(self, name, address, port, level):
        self.name, self.address, self.port, self.level = name, address, port, level

    def where(self):
        return f"{self.address}@{self.port}"

    def depth(self):
        return self.level


class Pipe:
    """One TCP connection on its way through: two sockets, and what each still has to take."""

    def __init__(self, link, near, far, counter):
        self.link, self.socks, self.counter = link, (near, far), counter
        self.waiting = [b"", b""]      # for socks[0], socks[1]
        self.ended = [False, False]

    def on_event(self, index, mask):
        try:
            if mask & selectors.EVENT_READ:
                self.read(index)
            if mask & selectors.EVENT_WRITE:
                self.flush(index)
        except OSError:
            self.close()

    def read(self, index):
        data = self.socks[index].recv(CHUNK)
        if data:
            self.link.bytes[self.counter if index == 0 else 1 - self.counter] += len(data)
            self.waiting[1 - index] += data
        else:
            self.ended[index] = True
        self.flush(1 - index)

    def flush(self, index):
        sock = self.socks[index]
        if self.waiting[index]:
            try:
                sent = sock.send(self.waiting[index])
            except BlockingIOError:
                sent = 0
            self.waiting[index] = self.waiting[index][sent:]
        if not self.waiting[index] and self.ended[1 - index]:
            self.close()
            return
        for number in (0, 1):
            events = selectors.EVENT_WRITE if self.waiting[number] else 0
            if not self.ended[number] and len(self.waiting[1 - number]) < WAITING_MAX:
                events |= selectors.EVENT_READ
            self.link.watch(self.socks[number], events, (self, number))

    def close(self):
        for sock in self.socks:
            self.link.watch(sock, 0, None)
            sock.close()
        self.link.pipes.discard(self)


class Link:
    """Between `primary` and `secondary`, which are nodes of the lab; made before they start; ended with the lab."""

    TO_SECONDARY, TO_PRIMARY = 0, 1

    def __init__(self, lab, primary, secondary):
        self.primary, self.secondary = primary, secondary
        self.bytes = [0, 0]            # payload, by direction
        self.datagrams = [0, 0]        # that came through, by direction
        self.is_cut = False
        self.is_udp_only = False       # connections are not taken, datagrams pass
        self.selector = selectors.DefaultSelector()
        self.lock = threading.Lock()
        self.pipes = set()
        self.flows = {}
        self.near = Face(f"near-{primary.name}", lab.next_address(), lab.port, 0)
        self.far = Face(f"far-{secondary.name}", lab.next_address(), lab.port, 1)
        self.listeners = [self._listen(self.near, self.TO_PRIMARY), self._listen(self.far, self.TO_SECONDARY)]
        self.running = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        lab.links.append(self)

    # ---- for tests

    def cut(self):
        with self.lock:
            self.is_cut = True
            for pipe in list(self.pipes):
                pipe.close()

    def cut_tcp(self):
        """Only connections; datagrams, and so NOTIFY, still pass."""
        with self.lock:
            self.is_udp_only = True
            for pipe in list(self.pipes):
                pipe.close()

    def mend(self):
        with self.lock:
            self.is_cut = self.is_udp_only = False

    def total(self):
        return sum(self.bytes)

    def reset(self):
        with self.lock:
            self.bytes, self.datagrams = [0, 0], [0, 0]

    def close(self):
        self.running = False
        self.thread.join()
        for pipe in list(self.pipes):
            pipe.close()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()

    # ---- the thread

    def _run(self):
        while self.running:
            for key, mask in self.selector.select(0.05):
                with self.lock:
                    if key.fileobj.fileno() >= 0:
                        handler, index = key.data
                        handler.on_event(index, mask) if index is not None else handler(key.fileobj)

    def watch(self, sock, events, data):
        known = sock.fileno() >= 0 and sock in self.selector.get_map()
        if events and known:
            self.selector.modify(sock, events, data)
        elif events:
            self.selector.register(sock, events, data)
        elif known:
            self.selector.unregister(sock)

    def _listen(self, face, direction):
        """Where `direction` begins."""
        tcp = socket.socket()
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind((face.address, face.port))
        tcp.listen(64)
        tcp.setblocking(False)
        udp = socket.socket(type=socket.SOCK_DGRAM)
        udp.bind((face.address, face.port))
        udp.setblocking(False)
        self.selector.register(tcp, selectors.EVENT_READ, (lambda sock: self._accept(sock, direction), None))
        self.selector.register(udp, selectors.EVENT_READ, (lambda sock: self._datagram(sock, direction), None))
        return tcp, udp

    def _target(self, direction):
        """Where it ends, and the address it comes from there."""
        return (self.primary, self.far) if direction == self.TO_PRIMARY else (self.secondary, self.near)

    def _accept(self, listener, direction):
        sock, _ = listener.accept()
        if self.is_cut or self.is_udp_only:
            sock.close()
            return
        target, source = self._target(direction)
        out = socket.socket()
        try:
            out.bind((source.address, 0))
            out.settimeout(1)
            out.connect((target.address, target.port))
        except OSError:
            out.close()
            sock.close()
            return
        for end in (sock, out):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pipe = Pipe(self, sock, out, direction)
        self.pipes.add(pipe)
        self.watch(sock, selectors.EVENT_READ, (pipe, 0))
        self.watch(out, selectors.EVENT_READ, (pipe, 1))

    def _datagram(self, listener, direction):
        data, origin = listener.recvfrom(CHUNK)
        if self.is_cut:
            return
        flow = self.flows.get((direction, origin))
        if flow is None:
            target, source = self._target(direction)
            flow = socket.socket(type=socket.SOCK_DGRAM)
            flow.bind((source.address, 0))
            flow.connect((target.address, target.port))
            flow.setblocking(False)
            self.flows[direction, origin] = flow
            self.selector.register(flow, selectors.EVENT_READ, (lambda sock: self._reply(sock, listener, origin, direction), None))
        self._count(direction, data)
        self._send(lambda: flow.send(data))

    def _reply(self, flow, listener, origin, direction):
        try:
            data = flow.recv(CHUNK)
        except OSError:
            return
        if not self.is_cut:
            self._count(1 - direction, data)
            self._send(lambda: listener.sendto(data, origin))

    def _count(self, direction, data):
        self.bytes[direction] += len(data)
        self.datagrams[direction] += 1

    @staticmethod
    def _send(send):
        try:
            send()
        except OSError:
            pass      # nobody there: as on a real network, it is lost


def connect(lab, zone, primary, secondary):
    """A link, with the two nodes' roles for the zone on its two sides."""
    link = Link(lab, primary, secondary)
    primary.zones.setdefault(zone.name, Role(zone)).secondaries.append(link.far)
    secondary.zones.setdefault(zone.name, Role(zone)).primaries.append(link.near)
    return link
