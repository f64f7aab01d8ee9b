"""Scenarios of zonelab that take their time: a flood on one secondary, and a zone's move to other servers."""
from zt import run_tests
from zt.scenarios import test_long

test_long("flood", "provider-move")

if __name__ == "__main__":
    run_tests()
