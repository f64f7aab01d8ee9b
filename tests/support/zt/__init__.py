"""What the system tests share: TAP, processes of the daemons and their Debian peers, queries, zones.

A test file looks like this; every test gets a fresh lab and stops nothing itself:

    from zt import Bind, Nsd, replicate, run_tests, sample_zone, test

    @test("a BIND secondary follows an NSD primary")
    def bind_follows_nsd(lab):
        primary, secondary = Nsd(lab), Bind(lab)
        zone = replicate(lab, sample_zone("example."), primary, [secondary])
        lab.start()
        lab.wait_for_serial(zone, [primary, secondary])

    if __name__ == "__main__":
        run_tests()
"""
from zt.client import ask, axfr, exchange_tcp, exchange_udp, ixfr, notify, serial_of, update
from zt.clocks import LabClock
from zt.keys import Key
from zt.lab import Failure, Lab, Skip, scale, source_top, wait_for
from zt.node import Node
from zt.ours import Authd, Resolverd, built, zonectl
from zt.peers import Bind, BindResolver, Knot, KnotResolver, Nsd, Pdns, Recursor, Unbound
from zt.signed import DigestedZone, SignedZone, Validator
from zt.tap import run_tests, skip, test
from zt.tools import tool
from zt.zones import Hierarchy, Zone, replicate, sample_zone
