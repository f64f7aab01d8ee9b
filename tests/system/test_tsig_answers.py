"""Signed messages (TSIG, RFC 8945): answers that are not signed as they must be are not believed by authd, and it says why."""
import dns.rdatatype
import dns.rrset

from zt import Authd, Bind, Key, Knot, Nsd, replicate, run_tests, sample_zone, test, update, wait_for, zonectl
from zt.certificates import Authority
from zt.liar import Liar, server_time
from zt.xot import XotAuthd
from zt.zones import Role


def follow_liar(lab):
    """A secondary of a primary that is honest until it has the zone."""
    key = Key("xfr-key")
    zone = sample_zone("example.com.")
    liar, authd = Liar(lab, zone, key), Authd(lab)
    authd.key = key
    authd.zones[zone.name] = Role(zone, primaries=[liar])
    lab.start()
    lab.wait_for_serial(zone, [authd])
    zone.serial += 1
    return liar, authd, zone


def expect_unbelieved(authd, zone, before, text):
    """The zone stays as it is, and the log says why."""
    lines = authd.log().count(text)
    zonectl(authd, "refresh", zone.name)
    wait_for(lambda: authd.log().count(text) > lines, f"'{text}' in the log")
    assert authd.serial(zone.name) == zone.serial - 1
    assert authd.axfr(zone.name) == before


def recovers(lab, liar, authd, zone):
    liar.soa, liar.transfer = Liar.honest_soa, Liar.honest_transfer
    zonectl(authd, "refresh", zone.name)
    lab.wait_for_serial(zone, [authd])


def unsigned(liar, query):
    return [liar.bare(message) for message in ([liar.message(query, liar.soa_record())] if query.question[0].rdtype == dns.rdatatype.SOA else liar.messages(query))]


def other_secret(liar, query):
    query.keyring = Key(liar.key.name, liar.key.algorithm).for_dnspython()
    return liar.honest_soa(query) if query.question[0].rdtype == dns.rdatatype.SOA else liar.honest_transfer(query)


def forged_in_the_middle(liar, query):
    wires = liar.honest_transfer(query)
    return wires[:2] + [liar.bare(liar.message(query, dns.rrset.from_text(f"evil.{liar.zone.name}", 300, "IN", "A", "192.0.2.66")))] + wires[2:]


def one_left_out(liar, query):
    wires = liar.honest_transfer(query)
    return wires[:2] + wires[3:]


def end_unsigned(liar, query):
    return liar.sign_some(liar.messages(query), lambda number: number < 5)


def too_many_unsigned(liar, query):
    messages = liar.messages(query)
    return liar.sign_some(messages[:2] + [liar.message(query, dns.rrset.from_text(f"a{number}.{liar.zone.name}", 300, "IN", "A", "192.0.2.9")) for number in range(100)] +
                          messages[2:], lambda number: number < 2 or number > 101)


def of_another_question(liar, query):
    """The answer to the question before, replayed."""
    old = getattr(liar, "old", None)
    liar.old = liar.honest_transfer(query)
    if old is None:
        return liar.old
    return [query.to_wire()[:2] + wire[2:] for wire in old]


@test("answers to SOA queries that are not signed rightly are not believed, and the log says what to do")
def unbelieved_soa(lab):
    liar, authd, zone = follow_liar(lab)
    before = authd.axfr(zone.name)
    where = liar.where()
    for answer, text in [(unsigned, f"answer of {where} not believed: the answer is not signed with key xfr-key."),
                         (other_secret, f"answer of {where} not believed: BADSIG: the answer's signature by key xfr-key. is wrong"),
                         (lambda liar, query: liar.with_error(query, 18, server_time(1000)), "BADTIME: clocks differ by 1000 s (theirs is ahead), key xfr-key.; set the clocks"),
                         (lambda liar, query: liar.with_error(query, 17), "BADKEY: the peer does not know key xfr-key. with algorithm hmac-sha256"),
                         (lambda liar, query: liar.with_error(query, 16), "BADSIG: the peer has another secret for key xfr-key."),
                         (lambda liar, query: liar.with_error(query, 22), "BADTRUNC: the peer wants longer signatures")]:
        liar.soa = answer
        # One line in a while is all that a stranger can cause, so each kind has a daemon to itself.
        expect_unbelieved(authd, zone, before, text)
        assert "xfr-key." in zonectl(authd, "zone", zone.name)["error"]
        authd.stop()
        authd.restart()
        lab.wait_for_serial(zone, [authd], serial=zone.serial - 1)
    recovers(lab, liar, authd, zone)


@test("a transfer with a message that is not signed rightly ends, with the zone unchanged and a line in the log")
def unbelieved_transfer(lab):
    liar, authd, zone = follow_liar(lab)
    before = authd.axfr(zone.name)
    for answer, text in [(unsigned, "the answer is not signed with key xfr-key."),
                         (other_secret, "BADSIG: the answer's signature by key xfr-key. is wrong"),
                         (forged_in_the_middle, "BADSIG: the answer's signature by key xfr-key. is wrong"),
                         (one_left_out, "BADSIG: the answer's signature by key xfr-key. is wrong"),
                         (end_unsigned, "the answer is not signed with key xfr-key."),
                         (too_many_unsigned, "more than 99 messages in a row without a signature by key xfr-key."),
                         (lambda liar, query: liar.with_error(query, 17), "BADKEY: the peer does not know key xfr-key.")]:
        liar.transfer = answer
        expect_unbelieved(authd, zone, before, text)
        assert "xfr-key." in zonectl(authd, "zone", zone.name)["error"]
        authd.stop()
        authd.restart()
        lab.wait_for_serial(zone, [authd], serial=zone.serial - 1)
    recovers(lab, liar, authd, zone)


@test("the answer to one question is none to the next")
def replayed_transfer(lab):
    liar, authd, zone = follow_liar(lab)
    liar.transfer = of_another_question
    zonectl(authd, "refresh", zone.name)
    lab.wait_for_serial(zone, [authd])
    before = authd.axfr(zone.name)
    zone.serial += 1
    expect_unbelieved(authd, zone, before, "BADSIG: the answer's signature by key xfr-key. is wrong")
    recovers(lab, liar, authd, zone)


@test("a transfer with up to 99 messages in a row that only the next signature covers is taken")
def seldom_signed(lab):
    liar, authd, zone = follow_liar(lab)
    liar.transfer = lambda liar, query: liar.sign_some(liar.messages(query), lambda number: number in (0, 6))
    zonectl(authd, "refresh", zone.name)
    lab.wait_for_serial(zone, [authd])


@test("BIND, Knot and NSD that have another key, or none, are told apart in the log")
def real_peers_without_the_key(lab):
    key, peers = Key("xfr-key"), [Bind(lab), Knot(lab), Nsd(lab)]
    for peer, theirs, text in [(peer, theirs, text) for peer in peers for theirs, text in [(Key("other"), "BADKEY: the peer does not know key xfr-key."),
                                                                                       (Key("xfr-key"), "BADSIG: the peer has another secret for key xfr-key.")]]:
        zone, authd = sample_zone("example.com."), Authd(lab)
        peer.zones.clear()
        replicate(zone, peer, [authd])
        peer.key, authd.key = theirs, key
        peer.start()
        peer.wait_until_ready()
        authd.start()
        wait_for(lambda: text in authd.log(), f"'{text}' in the log of {authd.name}, which follows {peer.name}")
        assert authd.serial(zone.name) is None
        authd.stop()
        peer.stop()


@test("questions and transfers that go by TLS are signed too, and answers there as little believed without it")
def by_tls(lab):
    key, ca, zone = Key("xfr-key"), Authority(lab.folder), sample_zone("example.com.")
    primary, secondary = XotAuthd(lab), XotAuthd(lab)
    primary.serve_tls(ca.issue("primary", "primary.example"))
    replicate(zone, primary, [secondary])
    primary.head = secondary.head = key.for_authd()
    primary.zone_lines = [f"allow-transfer: [key:{key.name}]", f"allow-query: [key:{key.name}, 127.0.0.0/8]"]
    secondary.reach(primary, f"hostname: primary.example, ca-file: {ca.pem}", f", key: {key.name}")
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    assert primary.metric("authd_tsig_good_total") >= 1 and primary.metric("authd_queries_total", transport="tls") >= 1
    zonectl(secondary, "refresh", zone.name)
    wait_for(lambda: primary.metric("authd_tsig_good_total") >= 2, "a signed SOA query")
    # The same secondary with another secret: TLS alone is not enough for it.
    secondary.head = Key(key.name).for_authd()
    secondary.write_config()
    zonectl(secondary, "reload")
    wait_for(lambda: "BADSIG: the peer has another secret for key xfr-key." in secondary.log(), "BADSIG in the log")
    assert secondary.serial(zone.name) == zone.serial


@test("zonectl peers tells of a server whose answers are not believed what is wrong, and not that there is no answer")
def peers_of_another_secret(lab):
    key, zone = Key("xfr-key"), sample_zone("example.com.")
    primary, secondary = Authd(lab), Authd(lab)
    primary.key = secondary.key = key
    replicate(zone, primary, [secondary], updates=True)
    lab.start()
    zonectl(primary, "wait", zone.name, zone.serial)
    secondary.key = Key(key.name)
    secondary.write_config()
    zonectl(secondary, "reload")
    assert update(primary, zone.name, ("add", "new", 300, "A", "192.0.2.1")) == "NOERROR"
    wait_for(lambda: zonectl(primary, "peers", zone.name)[0]["reason"] == "answers NOTIFY with BADSIG; compare the keys (see the log)", "the reason to be known")
    secondary.key = key
    secondary.write_config()
    zonectl(secondary, "reload")
    zonectl(primary, "notify", zone.name)
    wait_for(lambda: zonectl(primary, "peers", zone.name)[0]["state"] == "current" and zonectl(primary, "peers", zone.name)[0]["reason"] is None, "the secondary to be current")


if __name__ == "__main__":
    run_tests()
