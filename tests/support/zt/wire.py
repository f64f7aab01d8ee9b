"""Records of transfers as bytes: uncompressed, lower case where RFC 4034 §6.2 says so. Fast enough for zones of many thousand records."""
import struct

SOA = 6
RRSIG = 46

# Where names stand in the rdata of types that may be compressed (RFC 3597 §4): bytes before the first name, how many names.
NAMES_IN_RDATA = {2: (0, 1), 5: (0, 1), 6: (0, 2), 7: (0, 1), 8: (0, 1), 9: (0, 1), 12: (0, 1), 15: (2, 1), 14: (0, 2), 17: (0, 2), 18: (2, 1), 21: (2, 1), 33: (6, 1),
                  36: (2, 1), 39: (0, 1)}


class Records:
    """Collects the answer sections of a transfer's messages. A record is (owner, type, class, ttl, rdata), all names in lower-case wire form."""

    def __init__(self, have_serial=None):
        self.have_serial = have_serial       # what an IXFR request named; None for AXFR
        self.records = []
        self._soa_positions = []

    def add_message(self, message):
        questions, count = struct.unpack_from("!HH", message, 4)
        names = {}
        pos = 12
        for _ in range(questions):
            _, pos = read_name(message, pos, names)
            pos += 4
        for _ in range(count):
            owner, pos = read_name(message, pos, names)
            kind, klass, ttl, length = struct.unpack_from("!HHIH", message, pos)
            pos += 10
            rdata = read_rdata(message, pos, length, kind, names)
            pos += length
            if kind == SOA:
                self._soa_positions.append(len(self.records))
            self.records.append((owner, kind, klass, ttl, rdata))

    def serials(self):
        """Serials of the SOA records in their order."""
        return [soa_serial(self.records[position][4]) for position in self._soa_positions]

    def is_incremental(self):
        """The second record is the SOA of an older version (RFC 1995 §4)."""
        serials = self.serials()
        return self._soa_positions[:2] == [0, 1] and serials[0] != serials[1]

    def transfer_is_complete(self):
        """AXFR ends with the SOA it began with, IXFR with the new SOA once more after its last difference; one SOA with the serial that
        was asked from says "you are up to date"."""
        serials = self.serials()
        if not serials or self._soa_positions[-1] != len(self.records) - 1:
            return False
        if len(serials) == 1:
            return serials[0] == self.have_serial
        if self.is_incremental():
            return len(serials) >= 4 and len(serials) % 2 == 0 and serials[-1] == serials[0]
        return True

    def canonical(self):
        """The records of an AXFR by canonical owner order, type and rdata; the SOA that closes it left out."""
        return sorted(self.records[:-1], key=lambda record: (owner_key(record[0]), record[1], record[4]))


def read_name(message, pos, names):
    """The name at pos in lower case, and the position after it. `names` remembers what was read at which place of this message."""
    start, first, jumped = pos, [], None
    while True:
        length = message[pos]
        if length >= 0xC0:
            target = (length & 0x3F) << 8 | message[pos + 1]
            if jumped is None:
                jumped = pos + 2
            if target in names:
                first.append(names[target])
                break
            pos = target
            continue
        if length == 0:
            first.append(b"\0")
            if jumped is None:
                jumped = pos + 1
            break
        first.append(message[pos:pos + length + 1])
        pos += length + 1
    name = b"".join(first).lower()
    names[start] = name
    return name, jumped


def read_rdata(message, pos, length, kind, names):
    """Rdata without compression, names in it in lower case."""
    if kind == RRSIG:
        signer, after = read_name(message, pos + 18, names)
        return message[pos:pos + 18] + signer + message[after:pos + length]
    if kind not in NAMES_IN_RDATA:
        return message[pos:pos + length]
    before, count = NAMES_IN_RDATA[kind]
    parts = [message[pos:pos + before]]
    at = pos + before
    for _ in range(count):
        name, at = read_name(message, at, names)
        parts.append(name)
    parts.append(message[at:pos + length])
    return b"".join(parts)


def soa_serial(rdata):
    return struct.unpack("!I", rdata[-20:-16])[0]


def owner_key(owner):
    """Sorts names in canonical order (RFC 4034 §6.1): label by label from the root."""
    labels, pos = [], 0
    while owner[pos]:
        labels.append(owner[pos + 1:pos + 1 + owner[pos]])
        pos += owner[pos] + 1
    labels.reverse()
    return labels
