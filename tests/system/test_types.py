"""Every record type as text, on the wire and as others have it: what BIND and Knot take from authd by AXFR, and what dig and kdig print of it."""
import subprocess

from zt import Authd, Bind, Failure, Knot, Nsd, Zone, built, replicate, run_tests, test, tool

ZONE = "example.com."

# One line at least for every type that may stand in a zone and has a text, after the examples of its documents.
COMMON = [
    "@ NS ns1", "ns1 A 192.0.2.1", "ns1 AAAA 2001:db8::1", "cname CNAME a",
    "ptr PTR a", "hinfo HINFO PC-Intel-700mhz \"Redhat Linux 7.1\"", "minfo MINFO a b", "mx MX 10 mail", "txt TXT one \"two three\" \"\\\"\\\\\\001\\255\"", "rp RP a b",
    "afsdb AFSDB 1 a", "rt RT 2 a",
    "loc LOC 42 21 54 N 71 06 18 W -24m 30m", "srv SRV 0 5 443 a", "naptr NAPTR 100 10 \"U\" \"E2U+sip\" \"!^.*$!sip:info@example.com!\" .",
    "kx KX 10 a", "cert CERT PKIX 1 RSASHA256 AQIDBA==", "dname DNAME a", "apl APL 1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::/8",
    "ds NS a", "ds DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118", "sshfp SSHFP 2 1 123456789abcdef67890123456789abcdef67890",
    "ipseckey IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==", "ipseckey IPSECKEY 10 0 2 . AQNRU3mG",
    "ipseckey IPSECKEY 10 2 2 2001:db8::3 AQNRU3mG", "ipseckey IPSECKEY 10 3 2 gw AQNRU3mG",
    "dhcid DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=", "tlsa TLSA 3 1 1 " + "ef" * 32, "smimea SMIMEA 3 1 1 " + "ef" * 32,
    "cds CDS 0 0 0 00", "cdnskey CDNSKEY 0 3 0 AA==", "openpgpkey OPENPGPKEY AQIDBA==", "csync CSYNC 66 3 A NS AAAA",
    "svcb SVCB 16 foo alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1", "svcb SVCB 1 . key667=\"hello\\210qoo\"", "https HTTPS 0 foo",
    "https2 HTTPS 1 . alpn=h3 no-default-alpn port=8443 ech=AEX+DQBBHgAgACBGL2e9TiFwjK/w1Zg9AmRm7mgXHz3PjffP0mTFNMxmDQAEAAEAAQASY2xvdWRmbGFyZS1lY2guY29tAAA= ipv6hint=2001:db8::1",
    "spf SPF \"v=spf1 -all\"", "nid NID 10 0014:4fff:ff20:ee64", "l32 L32 10 10.1.2.0", "l64 L64 10 2001:0db8:1140:1000", "lp LP 10 a",
    "eui48 EUI48 00-00-5e-00-53-2a", "eui64 EUI64 00-00-5e-ef-10-00-00-2a", "uri URI 10 1 \"ftp://ftp1.example.com/public\"",
    "caa CAA 0 issue \"ca.example.net; policy=ev\"", "type65280 TYPE65280 \\# 4 01020304",
]
# What BIND reads, but Knot does not.
OLD = [
    "mb MB a", "mg MG a", "mr MR a", "x25 X25 311061700956", "isdn ISDN 150862028003217", "isdn ISDN 150862028003217 004",
    "nsap NSAP 0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00", "px PX 10 a b", "gpos GPOS -32.6882 116.8652 10.0", "wks WKS 192.0.2.1 6 25 80",
    "hip HIP 2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cIvM4p9+LrV4e19WzK00+CI6zBCQTdtWsuxKbWIy87UOoJTwkUs7lBu+Upr1gsNrut79ryra+bSRGQ rvs1 rvs2",
]
# What not every Debian tool of today reads in its own syntax; they all read and print the generic form.
RECENT = [
    "dohpath SVCB 1 . alpn=h2 dohpath=/dns-query{?dns}", "ohttp HTTPS 1 . alpn=h2 ohttp", "eid EID abcd", "nimloc NIMLOC abcd", "atma ATMA 47000580ffde", "atma ATMA +12345",
    "sink SINK 1 2 3 AQID", "ninfo NINFO a \"b c\"", "rkey RKEY 0 255 1 AQID", "talink TALINK a b", "avc AVC a",
    "amtrelay AMTRELAY 10 0 1 203.0.113.15", "amtrelay AMTRELAY 10 1 2 2001:db8::15", "amtrelay AMTRELAY 128 1 3 relays", "amtrelay AMTRELAY 0 0 0 .",
    "dsync DSYNC CDS NOTIFY 5359 scanner", "hhit HHIT gwppM2ZmOCAwMDAw", "brid BRID owAA", "unece UNECE 20 -18 CEL \"cold-chain storage temperature\"",
    "unece UNECE 16 - JPTYO", "iso ISO 4217 12.5 CHF", "doa DOA 0 1 2 \"\" aHR0cHM6Ly93d3cuaXNjLm9yZy8=", "resinfo RESINFO qnamemin exterr=15-17 infourl=https://a",
    "wallet WALLET ETH 0x123", "cla CLA TCP-v4-v7", "ipn IPN 264", "ta TA 1 8 2 " + "ab" * 32, "dlv DLV 1 8 2 " + "ab" * 32, "key KEY 256 3 8 AQIDBA==",
]


def compare(lab, authd, name, text):
    """Whether the text, with authd's SOA on top, is authd's zone."""
    path = lab.folder / name
    path.write_text(text)
    run = subprocess.run([built("zonesync/zonesync"), "verify", path, f"{authd.where()}/{ZONE}"], capture_output=True, text=True, timeout=60, check=False)
    if run.returncode != 0:
        raise Failure(f"what {name} prints is another zone:\n{run.stdout}{run.stderr}\n{text}")


def transfer(program, authd, *options):
    """The zone as a tool prints it, the SOA once."""
    ip, port = authd.where().split("@")
    lines = tool(program, f"@{ip}", "-p", port, ZONE, "AXFR", *options).splitlines()
    records = [line for line in lines if line and not line.startswith(";")]
    return "\n".join(records[:-1]) + "\n"


@test("what dig and kdig print of every type reads back to the same bytes")
def printed_by_others(lab):
    authd = Authd(lab)
    replicate(Zone(ZONE, COMMON + OLD + RECENT), authd, [])
    lab.start()
    compare(lab, authd, "dig", transfer("dig", authd, "+nocmd", "+nostats", "+nocomments"))
    compare(lab, authd, "kdig", transfer("kdig", authd))


@test("BIND and Knot take every type from authd, and give it back unchanged")
def taken_by_others(lab):
    authd, bind, knot = Authd(lab), Bind(lab), Knot(lab)
    zone = replicate(Zone(ZONE, COMMON + OLD + RECENT), authd, [bind, knot])
    lab.start()
    lab.wait_for_serial(zone, [authd, bind, knot])
    lab.check_equal(zone, authd, [bind, knot])


def same_text(lab, other, lines):
    authd = Authd(lab)
    zone = Zone(ZONE, lines)
    for node in (authd, other):
        replicate(zone, node, [])
    lab.start()
    lab.check_equal(zone, authd, [other])


@test("BIND reads the same bytes from the same text")
def read_by_bind(lab):
    same_text(lab, Bind(lab), COMMON + OLD)


@test("Knot reads the same bytes from the same text")
def read_by_knot(lab):
    same_text(lab, Knot(lab), COMMON)


@test("NSD reads the same bytes from the same text")
def read_by_nsd(lab):
    same_text(lab, Nsd(lab), COMMON)


if __name__ == "__main__":
    run_tests()
