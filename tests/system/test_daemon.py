"""authd as a process: starting, stopping and reloading it while it is at work."""
import contextlib
import re
import select
import socket
import struct
import threading

import dns.message
import dns.name
import dns.rcode
import dns.update

from zt import Authd, ask, axfr, notify, replicate, run_tests, sample_zone, scale, test, update, wait_for, zonectl

MANY_HOSTS = 150000      # more bytes than the kernel takes off our hands on a connection that nobody reads


def framed(message):
    data = message.to_wire()
    return struct.pack("!H", len(data)) + data


def update_of(zone, name):
    message = dns.update.UpdateMessage(zone.name)
    message.add(name, 300, "A", "192.0.2.1")
    return message


def connect(node, window=None):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if window:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    sock.settimeout(30)
    sock.connect((node.address, node.port))
    return sock


@test("a zone can be taken out of the configuration while it is being transferred")
def removed_during_transfer(lab):
    primary = Authd(lab)
    big = replicate(sample_zone("big.example.", hosts=MANY_HOSTS), primary, [])
    other = replicate(sample_zone("other.example."), primary, [])
    lab.start()
    with connect(primary, window=4096) as sock:
        sock.sendall(framed(dns.message.make_query(big.name, "AXFR", use_edns=False)))
        select.select([sock], [], [], 30)
        role = primary.zones.pop(big.name)
        primary.write("authd.yaml", primary.config())
        zonectl(primary, "reload")
        assert ask(primary, big.name, "SOA").rcode() == dns.rcode.REFUSED
        assert primary.serial(other.name) == other.serial
        # Taken back in while the old transfer still runs.
        primary.zones[big.name] = role
        primary.write("authd.yaml", primary.config())
        zonectl(primary, "reload")
        assert len(axfr(primary, big.name)) > MANY_HOSTS
    assert primary.serial(big.name) == big.serial


@test("SIGTERM in the middle of updates, over UDP and TCP, ends the daemon cleanly, and it starts again with all that it acknowledged")
def stop_under_updates(lab):
    primary = Authd(lab, workers=2)
    zone = replicate(sample_zone("example.com."), primary, [], updates=True)
    lab.start()
    acknowledged = []

    def send_updates(round_number, thread):
        with contextlib.suppress(Exception):
            for number in range(100000):
                name = f"r{round_number}-t{thread}-{number}"
                if update(primary, zone.name, ("add", name, 300, "A", "192.0.2.1"), tcp=thread % 2 == 1, timeout_s=1) == "NOERROR":
                    acknowledged.append(f"{name}.{zone.name}")

    def flood():
        """Never reads: requests are always on their way when the daemon ends."""
        with contextlib.suppress(OSError), connect(primary) as sock:
            for number in range(100000):
                sock.sendall(framed(update_of(zone, f"flood{number % 50}")))

    for round_number in range(scale(5)):
        threads = [threading.Thread(target=send_updates, args=(round_number, thread)) for thread in range(4)]
        threads += [threading.Thread(target=flood) for _ in range(2)]
        before = len(acknowledged)
        for thread in threads:
            thread.start()
        wait_for(lambda count=before: len(acknowledged) > count + 20, "updates to be acknowledged")
        assert primary.stop() == 0, primary.log_end(30)
        for thread in threads:
            thread.join()
        primary.restart()
    held = {record[0] for record in axfr(primary, zone.name)}
    assert {dns.name.from_text(name).to_wire() for name in acknowledged} <= held


@test("a configuration with errors changes nothing, and the log has each error with its place, however the reload was asked for")
def failed_reload(lab):
    primary = Authd(lab)
    zone = replicate(sample_zone("example.com."), primary, [])
    lab.start()
    text = primary.config()
    lines = text.count("\n")
    primary.write("authd.yaml", text + "    fil: x\n    notfy: []\n")
    zonectl(primary, "reload", expect=1)
    assert len(re.findall(rf"error: .*authd.yaml:{lines + 1}:5: unknown key \"fil\"", primary.log())) == 1
    assert len(re.findall(rf"error: .*authd.yaml:{lines + 2}:5: unknown key \"notfy\"", primary.log())) == 1
    primary.reload()
    wait_for(lambda: len(re.findall(r"error: .*unknown key \"notfy\"", primary.log())) == 2, "the second report")
    assert primary.serial(zone.name) == zone.serial


@test("an expired secondary that is made the primary serves at once, also when its new zone file holds what it had")
def promotion(lab):
    primary, secondary = Authd(lab), Authd(lab)
    zone = replicate(sample_zone("example.com.", refresh=1, retry=1, expire=2), primary, [secondary], updates=True)
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    primary.kill()
    wait_for(lambda: ask(secondary, zone.name, "SOA").rcode() == dns.rcode.SERVFAIL, "the zone to expire")
    secondary.zones[zone.name] = primary.zones[zone.name]
    secondary.write_config()
    zonectl(secondary, "reload")
    assert secondary.serial(zone.name) == zone.serial
    assert zonectl(secondary, "zone", zone.name)["state"] == "serving"
    assert update(secondary, zone.name, ("add", "new", 300, "A", "192.0.2.1")) == "NOERROR"


@test("the metrics count every reply by its rcode, whichever thread wrote it")
def replies_counted(lab):
    primary = Authd(lab)
    zone = replicate(sample_zone("example.com."), primary, [], updates=True)
    lab.start()

    def counts():
        return [primary.metric("authd_replies_total", rcode=rcode) for rcode in ("NOERROR", "NXDOMAIN", "NOTAUTH")]
    before = counts()
    ask(primary, zone.name, "SOA")
    ask(primary, "none." + zone.name, "A", tcp=True)
    assert update(primary, zone.name, ("add", "new", 300, "A", "192.0.2.1")) == "NOERROR"
    assert update(primary, zone.name, ("add", "new", 300, "A", "192.0.2.2"), tcp=True) == "NOERROR"
    assert notify(primary, zone.name).rcode() == dns.rcode.NOTAUTH
    assert [after - count for after, count in zip(counts(), before)] == [3, 1, 1]


class FewDescriptors(Authd):
    def command(self):
        return ["/bin/sh", "-c", 'ulimit -n 200; exec "$@"', "sh", *super().command()]


@test("clients that hold all the TCP connections they can get leave descriptors for everything else")
def connection_limit(lab):
    primary, secondary = FewDescriptors(lab), Authd(lab)
    zone = replicate(sample_zone("example.com."), primary, [secondary], updates=True)
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(connect(primary)) for _ in range(300)]
        wait_for(lambda: primary.metric("authd_connections_total") > 50, "connections to be accepted")
        assert ask(primary, zone.name, "SOA").answer
        assert update(primary, zone.name, ("add", "new", 300, "A", "192.0.2.1")) == "NOERROR"
        zone.serial += 1
        zonectl(primary, "reload")
        zonectl(secondary, "status")
        assert primary.serial(zone.name) == zone.serial
    assert len(held) == 300
    # Those that were waiting go too, and the next is served.
    assert len(axfr(primary, zone.name)) > 10


if __name__ == "__main__":
    run_tests()
