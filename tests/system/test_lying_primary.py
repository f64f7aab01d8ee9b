"""Primaries that lie or are broken: each lie ends in a clear line of the log, nothing of it is served, and the zone is followed again when it is over."""
import re
import struct

from zt import Authd, Failure, axfr, notify, run_tests, scale, test, wait_for, zonectl
from zt.fake import A, AXFR, IN, IXFR, NS, QR, SOA, TC, TXT, FakePrimary, address, record, soa, wire_name
from zt.zones import Role

RECOVERY_S = 8.0             # NOTIFY is acted on at once, but after some in vain only every 5 s
SIZE_LIMIT = 2 << 20


def begin(lab, lies, settings="", extra_primaries=()):
    """A secondary with a zone for each lie, all at serial 1."""
    fake, secondary = FakePrimary(lab), Authd(lab, zone_settings=settings)
    for number in range(len(lies)):
        zone = fake.zone(f"lie{number}.example.")
        secondary.zones[zone.name] = Role(zone, [fake, *extra_primaries])
    lab.start()
    for zone in fake.zones.values():
        lab.wait_for_serial(zone, [secondary], 1)
    return fake, secondary


def failure_line(zone, fake, line, kinds="IXFR|AXFR"):
    """What the log says of a transfer that failed."""
    return re.compile(rf"warning: zone {re.escape(zone.name)}: ({kinds}) from {re.escape(fake.where())} failed: ({line})")


def failed_count(secondary):
    return secondary.metric("authd_refresh_steps_total", result="failed")


def tell(secondary, zone):
    notify(secondary, zone.name, zone.serial)


def each_is_found_out(lab, lies, settings="", deadline_s=10.0):
    """Tells the secondary of a version, lies about it, and sees the log, the served zone and the recovery."""
    fake, secondary = begin(lab, lies, settings)
    zones = list(fake.zones.values())
    before = [axfr(secondary, zone.name) for zone in zones]
    failed_before = failed_count(secondary)
    for zone, (lie, _) in zip(zones, lies):
        zone.lie = lie
        zone.change()
        tell(secondary, zone)
    for zone, (lie, line) in zip(zones, lies):
        secondary.wait_for_log(failure_line(zone, fake, line), deadline_s)
    assert failed_count(secondary) >= failed_before + len(lies)
    for zone, served in zip(zones, before):
        assert axfr(secondary, zone.name) == served, f"{zone.name}: something of a lie is served"
        assert zonectl(secondary, "zone", zone.name)["error"], zone.name
        zone.lie = None
        zone.change()
        tell(secondary, zone)
    for zone in zones:
        lab.wait_for_serial(zone, [secondary], deadline_s=RECOVERY_S)
        assert zonectl(secondary, "zone", zone.name)["error"] is None, zone.name
    if fake.trouble:
        raise Failure(f"the lies are broken themselves: {fake.trouble}")
    return fake, secondary


def lie_of(*records_of):
    """A lie that is one message: each argument makes a record out of the question."""
    return lambda query, connection: connection.send(query.reply(*(make(query.name) for make in records_of)))


def first(name):
    return soa(name, 2)


def new_host(name):
    return address("new." + name, 7)


@test("garbage, cut messages and loops of compression are malformed")
def malformed(lab):
    def cut(query, connection):
        whole = query.reply(first(query.name), new_host(query.name), first(query.name))
        connection.send(whole[:-7])

    def loop(query, connection):
        at = 12 + len(query.question)
        connection.send(query.reply(struct.pack("!H", 0xC000 | at) + struct.pack("!HHIH", A, IN, 300, 4) + b"\1\2\3\4"))

    def labels_of_labels(query, connection):
        # A name of a pointer to a name of a pointer …: longer than a name may be.
        at, names = 12, b""
        for step in range(200):
            names += b"\1a" + struct.pack("!H", 0xC000 | at)
            at = 12 + len(query.question) + 4 * step
        connection.send(query.reply(first(query.name), names[-4:] + struct.pack("!HHIH", TXT, IN, 300, 2 + len(names)) + b"\1" + names + b"x"))

    def bad_rdata(query, connection):
        connection.send(query.reply(first(query.name), record("x." + query.name, A, b"\1\2\3"), first(query.name)))

    each_is_found_out(lab, [
        (lambda query, connection: connection.send(bytes(range(100))), "a malformed message"),
        (lambda query, connection: connection.send(b"\0"), "(a )?malformed message"),
        (cut, "a malformed message"),
        (loop, "a malformed message"),
        (labels_of_labels, "a malformed message"),
        (bad_rdata, r"malformed rdata: x\."),
    ])


@test("an answer to another question is none")
def another_question(lab):
    def question(name, kind, klass=IN):
        return wire_name(name) + struct.pack("!HH", kind, klass)

    def answer(**how):
        return lambda query, connection: connection.send(query.reply(first(query.name), new_host(query.name), first(query.name), **how))

    def second_id(query, connection):
        connection.send(query.reply(first(query.name), new_host(query.name)))
        connection.send(query.reply(first(query.name), id_offset=1))

    each_is_found_out(lab, [
        (answer(id_offset=1), "not an answer to our question"),
        (answer(flags=0), "not an answer to our question"),
        (answer(question=question("other.example.", AXFR)), "an answer to another question"),
        (lambda query, connection: connection.send(query.reply(first(query.name), question=question(query.name, SOA))), "an answer to another question"),
        (lambda query, connection: connection.send(query.reply(first(query.name), question=question(query.name, query.kind, 3))), "an answer to another question"),
        (answer(rcode=2), "the answer is SERVFAIL"),
        (answer(rcode=5), "the answer is REFUSED"),
        (second_id, "not an answer to our question"),
        (answer(flags=QR | TC), "a truncated message over TCP"),
    ])


@test("records that do not belong into the zone, or not where they stand, are not taken")
def foreign_records(lab):
    each_is_found_out(lab, [
        (lie_of(lambda name: soa("other.example.", 2), lambda name: address("www.other.example.", 1), lambda name: soa("other.example.", 2)),
         r"a record outside the zone: other\.example\."),
        (lie_of(first, lambda name: address("www.victim.test.", 1), first), r"a record outside the zone: www\.victim\.test\."),
        (lie_of(first, lambda name: record("x." + name, A, b"\1\2\3\4", klass=3), first), "a record that no zone can hold: x"),
        (lie_of(first, lambda name: record("x." + name, 255, b""), first), "a record that no zone can hold: x"),
        (lie_of(first, lambda name: soa(name, 2, owner="below." + name), first), "a SOA below the apex"),
        (lie_of(new_host, first), "the answer does not begin with the SOA"),
        (lie_of(first, new_host, lambda name: soa(name, 3)), "a SOA of serial 3 ends a transfer that began with serial 2"),
        (lie_of(first, new_host, lambda name: soa(name, 2, minimum=61)), "a SOA of serial 2 ends a transfer that began with serial 2"),
        (lambda query, connection: connection.send(query.reply()), "a message without records"),
    ])


@test("a zone that breaks the rules of zones is refused as a whole")
def unsound_zone(lab):
    def name_server(name):
        return record(name, NS, wire_name("ns." + name))

    each_is_found_out(lab, [
        (lie_of(first, new_host, first), ".*NS"),
        (lie_of(first, name_server, lambda name: record("x." + name, 5, wire_name("y." + name)), lambda name: address("x." + name, 1), first), ".*CNAME"),
    ])


@test("transfers without end and huge zones stop at the limit, and cost no more memory than that")
def without_end(lab):
    def endless(records_of):
        def lie(query, connection):
            count = 0
            while True:
                count += 1
                connection.send(query.reply(*records_of(query, count)))
        return lie

    def hosts(query, count):
        return [*([soa(query.name, 2)] if count == 1 else []), *(address(f"h{count}x{number}.{query.name}", number) for number in range(300))]

    def same_host(query, count):
        return [*([soa(query.name, 2)] if count == 1 else []), *(address("h." + query.name, 1) for number in range(1000))]

    def differences(query, count):
        if query.kind == AXFR:
            return hosts(query, count)
        parts = [soa(query.name, 2 ** 31)] if count == 1 else []
        for serial in range(100 * count - 99, 100 * count + 1):
            parts += [soa(query.name, serial), soa(query.name, serial + 1), address(f"h{serial}.{query.name}", serial)]
        return parts

    def one_difference(query, count):
        return hosts(query, count) if query.kind == AXFR else [
            *([soa(query.name, 2), soa(query.name, 1), soa(query.name, 2)] if count == 1 else []),
            *(address(f"h{count}x{number}.{query.name}", number) for number in range(300))]

    limit = f"more than {SIZE_LIMIT} bytes"
    _, secondary = each_is_found_out(lab, [(endless(lie), limit) for lie in (hosts, same_host, differences, one_difference)],
                                     settings=f"max-transfer-size: {SIZE_LIMIT >> 20}M", deadline_s=30)
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", open(f"/proc/{secondary.process.pid}/status", encoding="ascii").read())[1])
    assert peak < 400_000, f"{peak} kB"


@test("differences that do not fit, leave a gap or go back are not applied, and the whole zone is taken instead")
def differences_that_do_not_fit(lab):
    def difference_lie(make):
        def lie(query, connection):
            zone = fake.zones[query.name]
            if query.kind == IXFR:
                connection.send(query.reply(*make(zone)))
            else:
                zone.answer(query, connection)
        return lie

    def removes_what_is_not_there(zone):
        return [zone.soa(), zone.soa(1), address("nobody." + zone.name, 9), zone.soa(), new_host(zone.name), zone.soa()]

    def adds_what_is_there(zone):
        return [zone.soa(), zone.soa(1), zone.soa(), address("www." + zone.name, 2), zone.soa()]

    def begins_elsewhere(zone):
        return [zone.soa(9), zone.soa(5), zone.soa(9), new_host(zone.name), zone.soa(9)]

    def leaves_a_gap(zone):
        return [zone.soa(9), zone.soa(1), zone.soa(4), new_host(zone.name), zone.soa(6), zone.soa(9), zone.soa(9)]

    def goes_back(zone):
        return [zone.soa(9), zone.soa(1), zone.soa(5), zone.soa(5), zone.soa(3), zone.soa(3), zone.soa(9), zone.soa(9)]

    def another_soa(zone):
        return [zone.soa(), soa(zone.name, 1, refresh=77), zone.soa(), zone.soa()]

    lies = [(removes_what_is_not_there, "difference 1 of 1: "), (adds_what_is_there, "difference 1 of 1: "),
            (begins_elsewhere, "differences that start at serial 5, not at our 1"), (leaves_a_gap, "a difference up to serial 4 is followed by one from serial 6"),
            (goes_back, "a difference from serial 5 to 3, which is not newer"), (another_soa, "difference 1 of 1: ")]
    fake, secondary = begin(lab, lies)
    for zone, (make, line) in zip(fake.zones.values(), lies):
        zone.lie = difference_lie(make)
        zone.change()
        tell(secondary, zone)
        secondary.wait_for_log(failure_line(zone, fake, line, "IXFR"), 10)
        lab.wait_for_serial(zone, [secondary], deadline_s=5)
        names = {entry[0] for entry in axfr(secondary, zone.name)}
        assert wire_name("host2." + zone.name) in names and wire_name("new." + zone.name) not in names, f"{zone.name}: something of a lie is served"
    if fake.trouble:
        raise Failure(f"the lies are broken themselves: {fake.trouble}")


@test("a connection that ends in the middle leads to the other primary, and one that falls silent or trickles is given up after 30 s")
def silence(lab):
    def hangs_up(query, connection):
        connection.send(query.reply(first(query.name), new_host(query.name)))
        connection.hang_up()

    def hangs_up_in_a_message(query, connection):
        connection.send_raw(struct.pack("!H", 500) + query.reply(first(query.name)))
        connection.hang_up()

    def silent(query, connection):
        connection.wait_for_end(60)

    def trickles(query, connection):
        connection.sock.settimeout(1)
        for byte in struct.pack("!H", 500) + bytes(500):
            connection.send_raw(bytes([byte]))
            try:
                if connection.sock.recv(1) == b"":
                    return
            except TimeoutError:
                pass

    other = FakePrimary(lab)
    lies = [hangs_up, hangs_up_in_a_message, silent, trickles]
    for number in range(len(lies)):
        other.zone(f"lie{number}.example.")
    fake, secondary = begin(lab, lies, extra_primaries=[other])
    for zone, lie in zip(fake.zones.values(), lies):
        zone.lie = lie
        zone.change()
        other.zones[zone.name].change()
        # The liar is asked first: what is heard of it is heard from its address by nobody else, so the first in the list it is.
        zonectl(secondary, "refresh", zone.name)
    for number, zone in enumerate(fake.zones.values()):
        lab.wait_for_serial(zone, [secondary], deadline_s=70 if number > 1 else 10)
        assert wire_name("new." + zone.name) not in {entry[0] for entry in axfr(secondary, zone.name)}
    for zone, line in zip(fake.zones.values(), ["connection closed", "data ends too early", "gave up, nothing came for too long", "gave up, nothing came for too long"]):
        assert failure_line(zone, fake, line).search(secondary.log()), zone.name
    if fake.trouble:
        raise Failure(f"the lies are broken themselves: {fake.trouble}")


@test("a primary that always promises more than it gives is not asked in a storm")
def promises(lab):
    lies = [None] * 3
    fake, secondary = begin(lab, lies)
    zone, older, broken = fake.zones.values()
    before = [axfr(secondary, each.name) for each in fake.zones.values()]
    zone.lie = lambda query, connection: connection.send(query.reply(soa(query.name, 1)))
    older.lie = lambda query, connection: connection.send(query.reply(soa(query.name, 0)))
    broken.lie = lambda query, connection: connection.send(b"nonsense")
    for each in (zone, older, broken):
        each.serial = 50
        each.questions = 0
    for number in range(scale(2000)):
        for each in (zone, older, broken):
            notify(secondary, each.name, 2 + number % 40)
    for each, served in zip((zone, older, broken), before):
        assert axfr(secondary, each.name) == served
        assert 1 <= each.questions <= 60, f"{each.name}: {each.questions} transfers"
        each.lie = None
        each.change()
        tell(secondary, each)
        lab.wait_for_serial(each, [secondary], deadline_s=RECOVERY_S)


if __name__ == "__main__":
    run_tests()
