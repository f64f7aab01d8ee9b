"""Lines of authd's log that an operator acts on: what is wrong, with what, and what to do."""
import os
import re
import socket
import subprocess
from pathlib import Path

from zt import Authd, Skip, replicate, run_tests, sample_zone, test, update, wait_for
from zt.node import require

USER = "nobody"


class Listening(Authd):
    """authd on addresses of the test's choice, as somebody who is not root where that matters."""

    def __init__(self, lab, where, as_user=False):
        self.listen_on = where
        self.as_user = as_user
        super().__init__(lab)

    def config(self):
        return re.sub(r"listen: \[.*\]", f"listen: [{self.listen_on}]", super().config())

    def command(self):
        prefix = [require("setpriv", "util-linux"), f"--reuid={USER}", "--clear-groups"] if self.as_user and os.geteuid() == 0 else []
        return [*prefix, *super().command()]

    def refusal(self):
        self.write_config()
        self.path("state").mkdir(exist_ok=True)
        if self.as_user:
            self.lab.folder.parent.chmod(0o711)
            self.path("state").chmod(0o777)
        run = subprocess.run(self.command(), cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        assert run.returncode == 1, (run.returncode, run.stderr)
        return run.stderr


@test("an address that can't be listened on is told with the reason and what to do")
def listening(lab):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        where = f"127.0.0.1@{taken.getsockname()[1]}"
        assert f"error: cannot listen on {where}: busy; another server uses it: stop that one" in Listening(lab, where).refusal()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        where = f"127.0.0.1@{taken.getsockname()[1]}"
        assert "error: cannot listen for TCP on the addresses of server.listen and listen-tls: busy; another server uses it" in Listening(lab, where).refusal()
    assert "error: cannot listen on 192.0.2.1@53: not found; no interface of this host has that address" in Listening(lab, "192.0.2.1@53").refusal()
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 53:
        raise Skip("here anybody may bind port 53")
    assert "error: cannot listen on 127.0.0.1@53: not permitted; ports below 1024 are for root" in Listening(lab, "127.0.0.1@53", as_user=True).refusal()


@test("a secondary tells when no primary answers and how long its zone is still served, and when one is back; once each")
def primary_away(lab):
    primary, secondary = Authd(lab), Authd(lab)
    zone = replicate(sample_zone("example.com.", refresh=1, retry=1, expire=3600), primary, [secondary])
    lab.start()
    lab.wait_for_serial(zone, [secondary])
    primary.kill()
    line = secondary.wait_for_log(re.compile(rf"warning: zone {zone.name}: no primary of 1 answers as it should \(first: {re.escape(primary.where())}; zonectl zone tells why\); serial 1 is "
                                             r"served for (\d+) s more. See that they run"))
    assert 3000 < int(line[1]) <= 3600
    primary.restart()
    secondary.wait_for_log(re.compile(rf"notice: zone {zone.name}: a primary answers again"))
    assert secondary.log().count("no primary of 1 answers") == 1
    fresh = Authd(lab)
    fresh.zones[zone.name] = secondary.zones[zone.name]
    primary.kill()
    fresh.start()
    fresh.wait_for_log(re.compile(r"and there is nothing to serve until one does"))


class ShortOfSpace(Authd):
    def command(self):
        return ["/bin/sh", "-c", 'ulimit -v 6000000; exec "$@"', "sh", *super().command()]


@test("where address space is limited the journal may grow less, and the log says so; zones are served and changed all the same")
def address_space(lab):
    node = ShortOfSpace(lab)
    zone = replicate(sample_zone("example.com."), node, [], updates=True)
    node.start()
    if not wait_for(lambda: "serving 1 zones" in node.log() or not node.is_running(), "a start") or "Sanitizer" in node.log():
        raise Skip("sanitizers need more address space than that")
    node.wait_until_ready()
    assert re.search(r"warning: .*journal.mdb: address space is short, so the journal can grow to \d+ MiB only; raise the limit", node.log())
    assert update(node, zone.name, ("add", "new", 300, "A", "192.0.2.1")) == "NOERROR"


if __name__ == "__main__":
    run_tests()
