"""Asking several servers many questions at once, from one thread.

Each server has one UDP socket and one TCP connection, each with a window of questions under way. The id of a question is its place in the
batch plus a random start. What is not answered in time is asked again, and in the end has no answer (None).
"""
import random
import selectors
import socket
import struct
import time

from zt.lab import time_factor

BATCH = 4000
UDP_WINDOW = 48
TCP_WINDOW = 24
PATIENCE_S = 2.0
ATTEMPTS = 4


class Line:
    """The questions of one batch to one server by one transport."""

    def __init__(self, node, questions, first_id, window):
        self.address = (node.address, node.port)
        self.questions = questions              # place in the batch -> message without id
        self.first_id = first_id
        self.window = window
        self.answers = {}
        self.reset()
        self.attempts = 0

    def reset(self):
        """All that is not answered is to be sent (again)."""
        self.waiting = [place for place in sorted(self.questions, reverse=True) if place not in self.answers]
        self.under_way = set()
        self.moved_at = time.monotonic()

    def is_done(self):
        return not self.waiting and not self.under_way

    def message(self, place):
        return struct.pack("!H", (self.first_id + place) & 0xFFFF) + self.questions[place]

    def take(self, data):
        """An answer; one that nobody waits for is passed over."""
        place = (struct.unpack_from("!H", data)[0] - self.first_id) & 0xFFFF
        if place in self.under_way:
            self.under_way.discard(place)
            self.answers[place] = data
            self.moved_at = time.monotonic()

    def give_up_or_retry(self):
        """When nothing has come for long. False when there is no sense in going on."""
        self.attempts += 1
        if self.attempts >= ATTEMPTS:
            self.waiting, self.under_way = [], set()
            return False
        self.reset()
        return True


class UdpLine(Line):
    def open(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.setblocking(False)
        self.socket.connect(self.address)

    def send(self):
        while self.waiting and len(self.under_way) < self.window:
            place = self.waiting[-1]
            try:
                self.socket.send(self.message(place))
            except (BlockingIOError, ConnectionRefusedError):
                return
            self.waiting.pop()
            self.under_way.add(place)

    def receive(self):
        try:
            while True:
                self.take(self.socket.recv(65535))
        except (BlockingIOError, ConnectionRefusedError):
            pass


class TcpLine(Line):
    def open(self):
        self.socket = socket.create_connection(self.address, timeout=PATIENCE_S)
        self.socket.setblocking(False)
        self.out = b""
        self.received = b""

    def send(self):
        while self.waiting and len(self.under_way) < self.window:
            place = self.waiting.pop()
            self.under_way.add(place)
            message = self.message(place)
            self.out += struct.pack("!H", len(message)) + message
        try:
            while self.out:
                self.out = self.out[self.socket.send(self.out):]
        except BlockingIOError:
            pass

    def receive(self):
        try:
            while True:
                more = self.socket.recv(1 << 18)
                if not more:
                    raise ConnectionResetError
                self.received += more
                self.cut()
        except BlockingIOError:
            pass
        except ConnectionError:
            # A server may end a connection after so many questions: the rest is asked on a new one.
            self.socket.close()
            if self.give_up_or_retry():
                self.open()

    def cut(self):
        pos = 0
        while len(self.received) >= pos + 2:
            length = struct.unpack_from("!H", self.received, pos)[0]
            if len(self.received) < pos + 2 + length:
                break
            self.take(self.received[pos + 2:pos + 2 + length])
            pos += 2 + length
        self.received = self.received[pos:]


def exchange(nodes, queries):
    """For each node the list of the raw answers, in the order of the queries; None where none came."""
    answers = [[] for _ in nodes]
    for start in range(0, len(queries), BATCH):
        batch = queries[start:start + BATCH]
        for node_answers, more in zip(answers, exchange_batch(nodes, batch)):
            node_answers += more
    return answers


def exchange_batch(nodes, batch):
    udp = {place: query.wire() for place, query in enumerate(batch) if not query.is_tcp}
    tcp = {place: query.wire() for place, query in enumerate(batch) if query.is_tcp}
    first_id = random.randrange(65536)
    pairs = [(UdpLine(node, udp, first_id, UDP_WINDOW), TcpLine(node, tcp, first_id, TCP_WINDOW)) for node in nodes]
    run_lines([line for pair in pairs for line in pair if line.questions])
    return [[pair[query.is_tcp].answers.get(place) for place, query in enumerate(batch)] for pair in pairs]


def run_lines(lines):
    patience_s = PATIENCE_S * time_factor()
    for line in lines:
        line.open()
    busy = list(lines)
    while busy:
        with selectors.DefaultSelector() as selector:
            for line in busy:
                line.send()
                selector.register(line.socket, selectors.EVENT_READ, line)
            sockets = {line: line.socket for line in busy}
            while busy and all(line.socket is sockets[line] for line in busy):
                for key, _ in selector.select(0.1):
                    key.data.receive()
                    if key.data.socket is sockets[key.data]:
                        key.data.send()
                    if key.data.is_done() and key.data.socket is sockets[key.data]:
                        selector.unregister(key.data.socket)
                        busy.remove(key.data)
                now = time.monotonic()
                for line in list(busy):
                    if now - line.moved_at > patience_s:
                        if line.give_up_or_retry():
                            line.send()
                        else:
                            busy.remove(line)
                            selector.unregister(line.socket)
            busy = [line for line in busy if not line.is_done()]
    for line in lines:
        line.socket.close()
