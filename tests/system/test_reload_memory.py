"""What a large zone takes: at rest, after a restart, and while a file that changed little is read again."""
import re
import time

from zt import Authd, run_tests, scale, skip, test, wait_for, zonectl
from zt.zones import Role, ZoneText

NAMES = 1_000_000
MIB = 1024


def big_zone(serial, changed=()):
    head = f"$ORIGIN example.\n$TTL 300\n@ SOA ns1 hostmaster {serial} 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.1\n"
    return ZoneText("example.", serial, head + "".join(
        f"host{i} A {'192.0.2.9' if i in changed else f'10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}'}\n" for i in range(NAMES)))


def kib(node, name):
    return int(re.search(rf"^{name}:\s+(\d+) kB", node.path(f"/proc/{node.process.pid}/status").read_text(), re.MULTILINE)[1])


def pss_mib(node):
    return int(re.search(r"^Pss:\s+(\d+) kB", node.path(f"/proc/{node.process.pid}/smaps_rollup").read_text(), re.MULTILINE)[1]) / MIB


def is_at_rest(node):
    """The content is in the journal, and the image is there."""
    node.fail_if_dead()
    return any(node.path("state").glob("*.image"))


@test("a million names take 100 MiB at most, also after a restart, which serves within moments")
def at_rest(lab):
    if scale(100) < 100:
        skip("memory and time are measured at full scale only")
    node = Authd(lab)
    node.zones["example."] = Role(big_zone(1))
    lab.start()
    wait_for(lambda: node.serial("example.") == 1, "the zone", 60)
    wait_for(lambda: is_at_rest(node), "the image", 60)
    first = pss_mib(node)
    node.stop()
    begun = time.monotonic()
    node.start_process()
    wait_for(lambda: node.serial("example.") == 1, "the zone", 60)
    seconds = time.monotonic() - begun
    again = pss_mib(node)
    print(f"# PSS {first:.0f} MiB, after a restart {again:.0f} MiB; the restart took {seconds:.3f} s")
    assert "from its image" in node.log(), node.log_end(10)
    assert first <= 100 and again <= 100, f"{first:.0f} and {again:.0f} MiB"
    # 50 ms where nothing else runs (bench); what is certain anywhere is that nothing was read record by record.
    assert seconds < 2, f"the restart took {seconds:.2f} s"


@test("a reload that changes little takes at most 0.3 times the memory that is in use more")
def reload(lab):
    if scale(100) < 100:
        skip("memory and time are measured at full scale only")
    node = Authd(lab)
    node.zones["example."] = Role(big_zone(1))
    lab.start()
    wait_for(lambda: node.serial("example.") == 1, "the zone", 60)
    wait_for(lambda: is_at_rest(node), "the image", 60)
    before = kib(node, "VmRSS")
    node.write_zone(big_zone(2, changed=(777, 70_000, 999_999)))
    node.path(f"/proc/{node.process.pid}/clear_refs").write_text("5")      # begins VmHWM anew
    answer = zonectl(node, "reload", "example.")
    peak, after = kib(node, "VmHWM"), kib(node, "VmRSS")
    print(f"# {before / MIB:.0f} MiB in use, {peak / MIB:.0f} MiB at most while reloading, {after / MIB:.0f} MiB afterwards")
    assert answer["zones"][0]["added"] == 4 and answer["zones"][0]["deleted"] == 4, answer
    assert peak <= 1.3 * before, f"{peak / before:.2f} times"
    assert after <= 1.1 * before, f"{after / before:.2f} times"


if __name__ == "__main__":
    run_tests()
