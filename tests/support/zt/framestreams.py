"""A reader of Frame Streams (https://farsightsec.github.io/fstrm/) and of the protocol buffers of dnstap, as far as tests need them."""
import contextlib
import socket
import struct
import threading

CONTENT_TYPE = b"protobuf:dnstap.Dnstap"
ACCEPT, START, STOP, READY, FINISH = 1, 2, 3, 4, 5
FIELD_CONTENT_TYPE = 1

# Numbers of the schema dnstap.proto.
KINDS = {1: "AUTH_QUERY", 2: "AUTH_RESPONSE", 13: "UPDATE_QUERY", 14: "UPDATE_RESPONSE"}
PROTOCOLS = {1: "UDP", 2: "TCP", 3: "DOT"}


def control_frame(kind, with_type=False):
    body = struct.pack("!I", kind)
    if with_type:
        body += struct.pack("!II", FIELD_CONTENT_TYPE, len(CONTENT_TYPE)) + CONTENT_TYPE
    return struct.pack("!II", 0, len(body)) + body


def frames_of(read):
    """Pairs (control kind or None, payload) out of a function that gives exactly so many bytes, or fewer at the end."""
    while True:
        head = read(4)
        if len(head) < 4:
            return
        length, = struct.unpack("!I", head)
        if length:
            yield None, read(length)
            continue
        body = read(struct.unpack("!I", read(4))[0])
        yield struct.unpack("!I", body[:4])[0], body[4:]


def fields_of(data):
    """The fields of a protocol buffer: number -> value, the last one where a number repeats."""
    fields, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(data):
        key = varint()
        number, kind = key >> 3, key & 7
        if kind == 0:
            fields[number] = varint()
        elif kind == 2:
            length = varint()
            fields[number] = data[at:at + length]
            assert len(fields[number]) == length, "a field longer than its message"
            at += length
        elif kind == 5:
            fields[number], = struct.unpack_from("<I", data, at)
            at += 4
        else:
            raise AssertionError(f"wire type {kind} is not in the schema")
    return fields


class Event:
    """A decoded frame."""

    def __init__(self, payload):
        outer = fields_of(payload)
        assert outer[15] == 1, "no message"
        inner = fields_of(outer[14])
        self.identity = outer.get(1, b"").decode()
        self.version = outer.get(2, b"").decode()
        self.kind = KINDS[inner[1]]
        family = {1: socket.AF_INET, 2: socket.AF_INET6}[inner[2]]
        self.protocol = PROTOCOLS[inner[3]]
        self.client = socket.inet_ntop(family, inner[4]), inner[6]
        self.server = socket.inet_ntop(family, inner[5]), inner[7]
        self.query_time = inner[8] + inner[9] / 1e9
        self.response_time = inner[12] + inner[13] / 1e9 if 12 in inner else None
        self.message = inner.get(14) if self.kind.endswith("RESPONSE") else inner.get(10)


def read_file(path):
    """The events of a finished file, checking the frames around them."""
    with open(path, "rb") as file:
        frames = list(frames_of(file.read))
    kinds = [kind for kind, _ in frames if kind]
    assert kinds == [START, STOP], kinds
    assert frames[0][1].endswith(CONTENT_TYPE)
    return [Event(payload) for kind, payload in frames if kind is None]


class Reader:
    """Listens on a Unix socket (a path) or a TCP address (a pair), speaks the handshake and collects events. `stalled`: takes the handshake, reads no data."""

    def __init__(self, where, stalled=False):
        self.events = []
        self.connections = 0
        self.finished = 0                 # streams that ended as they should
        self.errors = []
        self.stalled = stalled
        self._sockets = []
        self._listener = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET, socket.SOCK_STREAM)
        if not isinstance(where, str):
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(where)
        self._listener.listen(4)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self._sockets.append(sock)
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        try:
            stream = sock.makefile("rb")
            for kind, payload in frames_of(stream.read):
                if kind is None:
                    self.events.append(Event(payload))
                elif kind == READY:
                    assert CONTENT_TYPE in payload, payload
                    sock.sendall(control_frame(ACCEPT, with_type=True))
                elif kind == START:
                    assert CONTENT_TYPE in payload, payload
                    self.connections += 1
                    if self.stalled:
                        return
                elif kind == STOP:
                    sock.sendall(control_frame(FINISH))
                    self.finished += 1
        except OSError:
            pass
        except AssertionError as error:
            self.errors.append(error)

    def close(self):
        """Hangs up on everybody, as a reader that was killed."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        self._thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        if self.errors:
            raise self.errors[0]
