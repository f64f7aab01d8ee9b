#!/usr/bin/python3
"""Writes tests/unit/dns/tsig_vectors.h: messages signed by dnspython, which shares no code with ours."""
import time

import dns.flags
import dns.message
import dns.name
import dns.rrset
import dns.tsig

NOW = 1764000000
ALGORITHMS = ["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha256-128", "hmac-sha384-192", "hmac-sha512-256"]
SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZiEh"


def exchange(algorithm):
    """The wires of a question and of an answer of three messages."""
    key = dns.tsig.Key("Xfr-Key.Example.", SECRET, algorithm)
    question = dns.message.make_query("example.org.", "AXFR", use_edns=False, id=0x1234)
    question.use_tsig(key)
    wires = [question.to_wire()]
    context = None
    for number in range(3):
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.AA
        answer.use_tsig(key)
        answer.request_mac = question.mac
        answer.answer.append(dns.rrset.from_text(f"host{number}.example.org.", 3600, "IN", "A", f"192.0.2.{number + 1}"))
        wires.append(answer.to_wire(multi=True, tsig_ctx=context))
        context = answer.tsig_ctx
    return wires


def main():
    time.time = lambda: float(NOW)
    print("/* Made by tests/support/make_tsig_vectors.py: messages signed by dnspython. */")
    print("#pragma once\n")
    print(f"enum {{ VECTOR_NOW = {NOW}, VECTOR_MESSAGES = 4 }};\n")
    print("struct tsig_vector {\n\tconst char *key;                          /* as a text for tsig_key_from_text */")
    print("\tconst char *wires[VECTOR_MESSAGES];       /* hexadecimal: the question, three messages of its answer */\n};\n")
    print("static const struct tsig_vector tsig_vectors[] = {")
    for algorithm in ALGORITHMS:
        print(f'\t{{ "{algorithm}:xfr-key.example:{SECRET}", {{')
        for wire in exchange(algorithm):
            lines = [wire.hex()[at:at + 120] for at in range(0, 2 * len(wire), 120)]
            print("\n".join(f'\t\t"{line}"' for line in lines) + ",")
        print("\t} },")
    print("};")


main()
