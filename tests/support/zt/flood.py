"""A flood of queries over UDP at a given rate, far beyond what a server can take, and how many answers came back.

Whole trains of questions leave in one call (UDP_SEGMENT: the kernel cuts them into datagrams), so that one core asks faster than another can answer.
Answers are not read: sockets with full buffers count what is dropped, which costs nearly nothing. Runs as a process of its own:

    python3 -m zt.flood ADDRESS PORT RATE SECONDS NAME-PATTERN FIRST COUNT

The pattern holds %d, for which numbers from FIRST on stand, all with the same number of digits. Prints "sent answered seconds".
"""
import json
import os
import random
import socket
import struct
import subprocess
import sys
import time

import dns.message

SOL_UDP, UDP_SEGMENT, SO_MEMINFO, MEMINFO_DROPS = 17, 103, 55, 8
TRAIN = 64             # datagrams a call
TRAINS = 400           # different ones
SOCKETS = 32
SMALL_BUFFER = 2304    # the least the kernel gives


def trains(pattern, first, count, chance):
    """Questions for random names, all of one length, joined."""
    wires = []
    for _ in range(TRAINS):
        train = bytearray()
        for _ in range(TRAIN):
            wire = bytearray(dns.message.make_query(pattern % (first + chance.randrange(count)), "A", use_edns=False).to_wire())
            size = len(wire)
            train += wire
        assert len(train) == size * TRAIN, "names must have the same length"
        wires.append(bytes(train))
    return wires, size


def drops(sock):
    return struct.unpack_from("=I", sock.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36), MEMINFO_DROPS * 4)[0]


def drain(sock):
    count = 0
    try:
        while sock.recv(4096, socket.MSG_DONTWAIT):
            count += 1
    except BlockingIOError:
        return count


def flood(address, port, rate, seconds, wires, size):
    """Sent and answered datagrams, and how long it took."""
    socks = []
    for _ in range(SOCKETS):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        sock.connect((address, port))
        sock.setsockopt(SOL_UDP, UDP_SEGMENT, size)
        socks.append(sock)
    before, sent, calls, started = sum(map(drops, socks)), 0, 0, time.monotonic()
    while (now := time.monotonic()) - started < seconds:
        due = int((now - started) * rate) - sent
        while due >= TRAIN:
            try:
                socks[calls % SOCKETS].send(wires[calls % TRAINS])
                sent += TRAIN
            except (BlockingIOError, ConnectionRefusedError, OSError):
                pass
            calls += 1
            due -= TRAIN
            if calls % 64 == 0:
                break
    took = time.monotonic() - started
    time.sleep(0.1)
    answered = sum(map(drops, socks)) - before + sum(map(drain, socks))
    return sent, answered, took


def start(node, rate, seconds, *, pattern, first, count, core=None):
    """Floods a node from a process of its own; hand the result to `finish`."""
    command = [sys.executable, "-m", "zt.flood", node.address, str(node.port), str(rate), str(seconds), pattern, str(first), str(count)]
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    environment = os.environ | {"PYTHONPATH": os.path.dirname(os.path.dirname(__file__))}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def finish(process):
    """What the flood sent and got back a second."""
    output, _ = process.communicate(timeout=120)
    found = json.loads(output)
    return {"sent_qps": found["sent"] / found["seconds"], "goodput_qps": found["answered"] / found["seconds"], **found}


def main(address, port, rate, seconds, pattern, first, count):
    wires, size = trains(pattern, int(first), int(count), random.Random(1))
    sent, answered, took = flood(address, int(port), float(rate), float(seconds), wires, size)
    print(json.dumps({"sent": sent, "answered": answered, "seconds": took}))


if __name__ == "__main__":
    main(*sys.argv[1:])
