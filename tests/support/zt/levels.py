"""UPDATEs that ask for a level (doc/protocol-update-level.md)."""
import struct
from dataclasses import dataclass

import dns.edns
import dns.query
import dns.rcode
import dns.update

OPTION = 65380
LEVELS = ["local", "quorum", "all", "visible"]


@dataclass
class Receipt:
    rcode: str
    asked: str
    reached: str
    is_reached: bool
    is_crowded: bool
    serial: int
    fingerprint: str
    confirmed: int
    total: int
    visible_in_s: int        # None: not known
    waited_ms: int
    text: str                # who lags, in words


def question(level, timeout_s):
    return dns.edns.GenericOption(OPTION, struct.pack("!BBHI", 1, LEVELS.index(level), 0, int(timeout_s * 1000)))


def message(zone, changes, options, payload=1232):
    update = dns.update.UpdateMessage(zone)
    for verb, *values in changes:
        getattr(update, verb)(*values)
    update.use_edns(0, payload=payload, options=options)
    return update


def receipt(response):
    """What the response says; its rcode alone where it has no receipt."""
    text = "; ".join(option.text or "" for option in response.options if option.otype == dns.edns.OptionType.EDE)
    rcode = dns.rcode.to_text(response.rcode())
    for option in response.options:
        if option.otype == OPTION:
            version, asked, reached, flags, serial, high, low, confirmed, total, visible, waited = struct.unpack("!BBBBIQQHHII", option.to_wire())
            assert version == 1
            return Receipt(rcode, LEVELS[asked], LEVELS[reached], bool(flags & 1), bool(flags & 2), serial, f"{high:016x}{low:016x}", confirmed, total,
                           None if visible == 0xffffffff else visible, waited, text)
    return rcode


def update_at(node, zone, level, timeout_s, *changes, tcp=False, payload=1232):
    send = dns.query.tcp if tcp else dns.query.udp
    query = message(zone, changes, [question(level, timeout_s)], payload)
    return receipt(send(query, node.address, port=node.port, timeout=timeout_s + 10))
