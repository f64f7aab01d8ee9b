"""A response in a form that can be compared: flags, rcode, and the records of each section without order, compression and letter case."""
import struct

from zt.wire import NAMES_IN_RDATA, read_name, read_rdata

ANSWER, AUTHORITY, ADDITIONAL = range(3)
SECTION_NAMES = ("answer", "authority", "additional")

FLAG_AA, FLAG_TC, FLAG_AD = 0x0400, 0x0200, 0x0020
FLAGS = (("qr", 0x8000), ("aa", FLAG_AA), ("tc", FLAG_TC), ("rd", 0x0100), ("ra", 0x0080), ("z", 0x0040), ("ad", FLAG_AD), ("cd", 0x0010))

OPT = 41
CNAME, SOA, NS, DNAME, DS, RRSIG, NSEC, NSEC3 = 5, 6, 2, 39, 43, 46, 47, 50

# Names in rdata that must not be compressed and keep their case (RFC 3597 section 7): bytes before the first one, how many; read_rdata does not know them.
OTHER_NAMES = {17: (0, 2), 35: None, NSEC: (0, 1), 64: (2, 1), 65: (2, 1), 107: (2, 1)}

# Types whose names in rdata a sender may compress: those of RFC 1035, by RFC 3597 section 4.
MAY_COMPRESS = frozenset((2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 15))


class Answer:
    """`problems` says what is wrong with it whatever others answer."""
    __slots__ = ("flags", "rcode", "sections", "listed", "edns", "size", "problems")

    def key(self):
        return self.flags, self.rcode, self.sections, self.edns

    def is_truncated(self):
        return bool(self.flags & FLAG_TC)

    def is_referral(self):
        """NS records of a name below the zone's apex and no authority over the question's end."""
        return self.rcode == 0 and any(record[1] == NS for record in self.sections[AUTHORITY]) and not any(record[1] == SOA for record in self.sections[AUTHORITY])

    def flag_names(self):
        return " ".join(name for name, bit in FLAGS if self.flags & bit)


def read_answer(data, query):
    """The answer to the query; None for what cannot be read."""
    answer = Answer()
    answer.size = len(data)
    answer.problems = []
    answer.edns = None
    flags, questions, *counts = struct.unpack_from("!HHHHH", data, 2)
    answer.flags = flags & 0xFFF0
    answer.rcode = flags & 15
    question = query.question()
    pos = 12
    if questions == 1 and data[12:12 + len(question)] == question:
        pos += len(question)
    elif questions == 1 and data[12:12 + len(question)].lower() == question.lower():
        pos += len(question)
        answer.problems.append("the question comes back in another case")
    else:
        answer.problems.append("the question does not come back")
        return answer_without_records(answer)
    names, listed = {}, []
    for count in counts:
        records = []
        for _ in range(count):
            owner, pos = read_name(data, pos, names)
            kind, klass, ttl, length = struct.unpack_from("!HHIH", data, pos)
            pos += 10
            if kind == OPT:
                answer.edns = (klass, ttl >> 16 & 0xFF, ttl & 0xFFFF)
                answer.rcode |= ttl >> 24 << 4
            else:
                rdata = read_rdata(data, pos, length, kind, names)
                records.append((owner, kind, klass, ttl, fold(kind, rdata) if kind in OTHER_NAMES else rdata))
                if kind in NAMES_IN_RDATA and kind not in MAY_COMPRESS and len(records[-1][4]) != length:
                    answer.problems.append(f"a compressed name in rdata of type {kind}")
            pos += length
        listed.append(records)
    if pos != len(data):
        answer.problems.append("bytes after the last record")
    answer.listed = listed
    answer.sections = tuple(map(frozenset, listed))
    if any(len(records) != len(found) for records, found in zip(listed, answer.sections)):
        answer.problems.append("a record stands twice in a section")
    if answer.sections[0] & answer.sections[2] or answer.sections[0] & answer.sections[1] or answer.sections[1] & answer.sections[2]:
        answer.problems.append("a record stands in two sections")
    if listed[0]:
        check_chain(answer, question)
    return answer


def fold(kind, rdata):
    """Rdata with its names in lower case, as servers may give them in the case of another occurrence."""
    where = OTHER_NAMES[kind]
    pos, count = where or (naptr_name(rdata), 1)
    end = pos
    for _ in range(count):
        while rdata[end]:
            end += rdata[end] + 1
        end += 1
    return rdata[:pos] + rdata[pos:end].lower() + rdata[end:]


def naptr_name(rdata):
    """Where the replacement of a NAPTR record begins: after two numbers and three strings."""
    pos = 4
    for _ in range(3):
        pos += rdata[pos] + 1
    return pos


def name_at(rdata, pos):
    """An uncompressed name in lower case."""
    end = pos
    while rdata[end]:
        end += rdata[end] + 1
    return rdata[pos:end + 1].lower()


def answer_without_records(answer):
    answer.listed, answer.sections = [[], [], []], (frozenset(),) * 3
    return answer


def check_chain(answer, question):
    """Aliases come in the order of the chain, so that a client can follow them in one pass (RFC 1034 section 4.3.2)."""
    names = (question[:-4].lower(),)
    asks_alias = question[-4:-2] in (b"\0\x05", b"\0\xff")      # CNAME and ANY may end at an alias
    for owner, kind, _, _, rdata in answer.listed[0]:
        if kind in (RRSIG, DNAME):
            continue
        if owner not in names:
            if owner in (record[0] for record in answer.listed[0] if record[1] == CNAME):
                answer.problems.append("aliases out of order")
            else:
                answer.problems.append("an answer record that the question does not lead to")
            return
        if kind == CNAME:
            names = (owner, rdata) if asks_alias else (rdata,)
