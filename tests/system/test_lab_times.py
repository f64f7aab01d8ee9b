"""Scenarios of zonelab whose labs live by faster clocks: the times of real zones in seconds."""
from zt import run_tests
from zt.scenarios import test_long

test_long("expire", "partition", "ttl-right", "ttl-wrong")

if __name__ == "__main__":
    run_tests()
