"""Seeing a serial served."""
import contextlib
import socket
import struct
import time

import dns.message

SOA_NUMBERS = 20      # bytes: serial and the four times that end a SOA's rdata


class Watch:
    """Asks servers for their serial until all have it: each after a short while again, for who asks without a pause takes the processor from those who
    are at work, the kernel's own threads among them. Seen is therefore up to PAUSE_S too late, or longer with very many servers. The serial is taken from
    the bytes of an answer, where its SOA ends."""
    PAUSE_S, PAUSE_EACH_S = 0.0002, 0.00001

    def __init__(self, zone, nodes):
        self.query = dns.message.make_query(zone, "SOA", use_edns=False).to_wire()
        self.socks = []
        self.pause_s = max(self.PAUSE_S, self.PAUSE_EACH_S * len(nodes))
        for node in nodes:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.connect((node.address, node.port))
            sock.setblocking(False)
            self.socks.append(sock)

    def serial_in(self, answer):
        """None where there is no SOA in the answer section."""
        if answer[3] & 15 or answer[6:8] == b"\0\0":
            return None
        rdata_at = len(self.query) + 2 + 10      # the owner is a pointer to the question
        end = rdata_at + struct.unpack_from("!H", answer, rdata_at - 2)[0]
        return struct.unpack_from("!I", answer, end - SOA_NUMBERS)[0]

    def has(self, sock, serial):
        """Whether an answer of that serial has come; asks again where none of another waits."""
        try:
            while self.serial_in(sock.recv(4096)) != serial:
                pass
            return True
        except (BlockingIOError, ConnectionRefusedError):
            pass
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            sock.send(self.query)
        return False

    def wait(self, serial, limit_s=30.0):
        """When the last of them was seen to serve it."""
        waiting, deadline = self.socks, time.monotonic() + limit_s
        while True:
            waiting = [sock for sock in waiting if not self.has(sock, serial)]
            if not waiting:
                return time.monotonic()
            if time.monotonic() > deadline:
                raise RuntimeError("a secondary did not get the update")
            time.sleep(self.pause_s)

    def close(self):
        for sock in self.socks:
            sock.close()
