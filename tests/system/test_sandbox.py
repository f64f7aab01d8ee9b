"""authd gives up what it does not need: user, capabilities, files, system calls; and what it then still does."""
import os
import pwd
import re
import resource
import signal
import subprocess
from pathlib import Path

from zt import Authd, Skip, ask, axfr, replicate, run_tests, sample_zone, test, update, wait_for, zonectl
from zt.lab import port_is_free
from zt.node import require

USER = "nobody"
LOW_PORT = 53


class Confined(Authd):
    """authd with more lines in its server section, and arguments."""

    def __init__(self, lab, *arguments, settings="", **options):
        self.settings = settings
        self.arguments = arguments
        super().__init__(lab, **options)
        # Whoever it becomes must reach its folder through that of the suite.
        if lab.folder.parent != Path("/tmp"):
            lab.folder.parent.chmod(0o711)

    def config(self):
        return super().config().replace("server:\n", f"server:\n{self.settings}", 1)

    def command(self):
        return [*super().command(), *self.arguments]

    def process_status(self, thread=None):
        """What the kernel says of the process, or of one of its threads."""
        path = f"/proc/{self.process.pid}/task/{thread}/status" if thread else f"/proc/{self.process.pid}/status"
        return dict(line.split(":\t", 1) for line in Path(path).read_text().splitlines() if ":\t" in line)

    def threads(self):
        return os.listdir(f"/proc/{self.process.pid}/task")

    def sandbox(self):
        return zonectl(self, "status")["sandbox"]


class OfOrdinaryUser(Confined):
    """Started by somebody who is not root, in a folder of theirs."""

    def command(self):
        if os.geteuid() != 0:
            return super().command()
        return [require("setpriv", "util-linux"), f"--reuid={USER}", "--clear-groups", *super().command()]

    def write_config(self):
        super().write_config()
        self.path("state").mkdir(exist_ok=True)
        if os.geteuid() == 0:
            os.chown(self.folder, pwd.getpwnam(USER).pw_uid, -1)
            os.chown(self.path("state"), pwd.getpwnam(USER).pw_uid, -1)


def need_root():
    if os.geteuid() != 0:
        raise Skip("needs root, who alone can become another user")


def need_sandbox(node):
    state = node.sandbox()
    if not state["landlock"] or not state["seccomp"]:
        raise Skip(f"no sandbox here: {state['landlock_off'] or state['seccomp_off']}")


def start(lab, node, updates=True):
    zone = replicate(sample_zone("example.com."), node, [], updates=updates)
    lab.start(node)
    return zone


def refused_start(node):
    """Starts a daemon that must refuse; returns its log."""
    node.write_config()
    run = subprocess.run(node.command(), cwd=node.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode in (1, 2), (run.returncode, run.stderr)
    return run.stderr


@test("whoever starts it, every thread of the daemon is in the sandbox, the log and zonectl say so, and zones change and are read again all the same")
def everyone(lab):
    for node in (Confined(lab, workers=3), OfOrdinaryUser(lab, workers=3)):
        zone = start(lab, node)
        need_sandbox(node)
        for thread in node.threads():
            state = node.process_status(thread)
            assert state["Seccomp"] == "2" and state["NoNewPrivs"] == "1", (thread, state)
        assert len(node.threads()) >= 4
        state = node.sandbox()
        assert state["landlock_version"] > 0 and state["landlock_off"] is None and state["seccomp_off"] is None, state
        assert state["user"] == pwd.getpwuid(int(node.process_status()["Uid"].split()[1])).pw_name
        assert re.search(r"notice: user \S+, group \S+, capabilities: .*; Landlock on \(version \d+\); system call filter on\n", node.log())
        assert update(node, zone.name, ("add", "new", 300, "A", "192.0.2.1")) == "NOERROR"
        zone.change(add=["later A 192.0.2.9"])
        node.reload_zone(zone)
        lab.wait_for_serial(zone, [node], zone.serial + 1)
        assert len(ask(node, f"new.{zone.name}").answer) == len(ask(node, f"later.{zone.name}").answer) == 1


@test("an ordinary user's daemon has no capability, and its memory can be looked at by that user")
def ordinary(lab):
    node = OfOrdinaryUser(lab)
    start(lab, node)
    assert int(node.process_status()["CapPrm"], 16) == 0
    assert node.sandbox()["capabilities"] == "none"
    if node.sandbox()["landlock_off"] != "built with sanitizers":
        assert node.sandbox()["core_dumps"] is True


@test("root without server.user is asked to name one, and keeps no capability but that to open the files of others")
def plain_root(lab):
    need_root()
    node = Confined(lab)
    start(lab, node)
    assert node.process_status()["CapEff"] == node.process_status()["CapPrm"] == "0000000000000002"
    assert node.process_status()["CapBnd"] == "0000000000000000"
    assert node.sandbox()["capabilities"] == "cap_dac_override"
    assert "running as root: name an unprivileged user in server.user" in node.log()


class OnLowPort(Confined):
    def place(self):
        address = self.lab.next_address()
        if not port_is_free(address, LOW_PORT):
            raise Skip(f"{address}@{LOW_PORT} is taken")
        return address, LOW_PORT


@test("root binds port 53, becomes server.user for good with no capability left, and reload, update and restart work as that user")
def drop(lab):
    need_root()
    node = OnLowPort(lab, settings=f"  user: {USER}\n", workers=2)
    zone = start(lab, node)
    user = pwd.getpwnam(USER)
    for thread in node.threads():
        state = node.process_status(thread)
        assert state["Uid"].split() == [str(user.pw_uid)] * 4 and state["Gid"].split() == [str(user.pw_gid)] * 4, state
        assert all(int(state[name], 16) == 0 for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")), state
        assert state["NoNewPrivs"] == "1"
    assert set(map(int, node.process_status()["Groups"].split())) == set(os.getgrouplist(USER, user.pw_gid))
    assert update(node, zone.name, ("add", "new", 300, "A", "192.0.2.1")) == "NOERROR"
    zone.change(add=["later A 192.0.2.9"])
    zone.serial = 10
    node.reload_zone(zone)
    lab.wait_for_serial(zone, [node])
    assert all(path.stat().st_uid == user.pw_uid for path in [node.path("state"), *node.path("state").iterdir()])
    assert node.stop() == 0
    assert not node.control().exists()
    node.restart()
    assert len(axfr(node, zone.name)) > 0 and len(ask(node, f"new.{zone.name}").answer) == 1


@test("state that a run as root left behind is given to server.user")
def state_of_root(lab):
    need_root()
    node = Confined(lab)
    zone = start(lab, node)
    assert update(node, zone.name, ("add", "new", 300, "A", "192.0.2.1")) == "NOERROR"
    assert node.stop() == 0
    node.settings = f"  user: {USER}:nogroup\n"
    node.write("authd.yaml", node.config())
    node.restart()
    assert node.sandbox()["user"] == USER
    assert len(ask(node, f"new.{zone.name}").answer) == 1
    assert update(node, zone.name, ("add", "newer", 300, "A", "192.0.2.1")) == "NOERROR"


@test("a user that can't be is refused with a sentence on what to do: unknown, or given by somebody who is not root")
def bad_users(lab):
    assert 'there is no user "no-such-user" on this system; create it' in refused_start(Confined(lab, settings="  user: no-such-user\n"))
    assert 'there is no group "no-such-group" on this system; create it' in refused_start(Confined(lab, settings="  user: root:no-such-group\n"))
    assert re.search(r"authd.yaml:2:9: .*user.*expected a user, or a user and a group", refused_start(Confined(lab, settings='  user: ":x"\n')))
    assert "only root can become another user" in refused_start(OfOrdinaryUser(lab, settings="  user: root\n"))


@test("what the user could not read at a reload is refused at the start: the configuration, files it names, the state folder")
def unreadable(lab):
    need_root()
    node = Confined(lab, settings=f"  user: {USER}\n")
    node.write_config()
    node.path("authd.yaml").chmod(0o600)
    node.write_config = lambda: None
    assert re.search(rf"user {USER} cannot read authd.yaml|user {USER} cannot read .*/authd.yaml, so no reload would work", refused_start(node))
    node = Confined(lab, settings=f"  user: {USER}\n  cookie-secret-file: secrets\n")
    node.write("secrets", "5ec2e75ec2e75ec2e75ec2e75ec2e75e\n")
    node.path("secrets").chmod(0o600)
    assert re.search(rf"user {USER} cannot read .*/secrets, so no reload would work; let group nogroup read it", refused_start(node))
    node = OfOrdinaryUser(lab)
    node.write_config()
    os.chown(node.path("state"), 0, 0)
    node.path("state").chmod(0o755)
    node.write_config = lambda: None
    assert re.search(rf"user {USER} cannot write in state-dir .*; give it to that user \(chown", refused_start(node))


@test("a zone file that the user may not read is not served, and the log says so")
def unreadable_zone(lab):
    need_root()
    node = Confined(lab, settings=f"  user: {USER}\n")
    hidden = replicate(sample_zone("hidden.example."), node, [])
    replicate(sample_zone("example.com."), node, [])
    node.write_config()
    node.path(node.zones[hidden.name].file).chmod(0o600)
    node.start_process()
    node.wait_until_ready()
    assert re.search(rf"error: zone hidden.example.: .*not permitted; the user that the daemon runs as may not read it", node.log()), node.log()
    assert zonectl(node, "zone", "example.com.")["state"] == "serving"


def elsewhere(lab, name):
    folder = lab.folder / name
    folder.mkdir()
    return folder


def zone_entry(name, path):
    return f"  - name: {name}\n    file: {path}\n"


@test("a reload that names a folder unknown at the start is told that the sandbox forbids it and what to do; a restart, sandbox-read and --no-sandbox open it")
def new_folder(lab):
    node = Confined(lab)
    start(lab, node)
    need_sandbox(node)
    folder = elsewhere(lab, "new")
    (folder / "a.zone").write_text(sample_zone("new.example.").text())
    configured = node.config() + zone_entry("new.example.", folder / "a.zone")
    node.write("authd.yaml", configured)
    assert zonectl(node, "reload", expect=1)["failed"] == 1
    wanted = "the sandbox forbids it, because nothing in that folder was read at the start: restart the daemon, name the folder in server.sandbox-read"
    assert re.search(rf"error: reload: files in {folder} cannot be read; {wanted}", node.log()), node.log()
    assert re.search(rf"error: zone new.example.: .*{wanted}", node.log()), node.log()
    assert zonectl(node, "zone", "example.com.")["state"] == "serving"
    node.stop()
    node.restart()
    assert zonectl(node, "zone", "new.example.")["state"] == "serving"
    for arguments, settings in (((), f"  sandbox-read: {folder}\n"), (("--no-sandbox",), "")):
        node = Confined(lab, *arguments, settings=settings)
        start(lab, node)
        assert node.sandbox()["landlock"] is not bool(arguments)
        node.write("authd.yaml", node.config() + zone_entry("new.example.", folder / "a.zone"))
        assert zonectl(node, "reload")["failed"] == 0
        assert zonectl(node, "zone", "new.example.")["state"] == "serving"


@test("--no-sandbox leaves the process as it is, and the log and zonectl say so")
def switched_off(lab):
    node = Confined(lab, "--no-sandbox")
    start(lab, node)
    state = node.sandbox()
    assert not state["landlock"] and not state["seccomp"] and state["core_dumps"], state
    assert state["landlock_off"] == state["seccomp_off"] == "--no-sandbox"
    assert node.process_status()["Seccomp"] == Path("/proc/self/status").read_text().split("Seccomp:\t")[1].split("\n")[0]
    assert "Landlock off: --no-sandbox; system call filter off: --no-sandbox" in node.log()


@test("files that a zone file includes, and those that links lead to, can be read again on reload wherever they lie")
def included(lab):
    node = Confined(lab)
    zone = start(lab, node, updates=False)
    need_sandbox(node)
    node.stop()
    parts, real = elsewhere(lab, "parts"), elsewhere(lab, "real")
    (parts / "hosts").write_text("inc A 192.0.2.7\n")
    (real / "linked.zone").write_text(sample_zone("linked.example.").text())
    node.path("linked.zone").symlink_to(real / "linked.zone")
    zone.change(add=[f"$INCLUDE {parts}/hosts"])
    node.write_zone(zone)
    node.write("authd.yaml", node.config() + zone_entry("linked.example.", "linked.zone"))
    # Once read from the files, once known from the journal only: both times the folders are known.
    for number in (1, 2):
        node.restart()
        assert len(ask(node, f"inc.{zone.name}").answer) == 1
        (parts / "hosts").write_text(f"inc A 192.0.2.{7 + number}\ninc{number} A 192.0.2.8\n")
        linked = sample_zone("linked.example.")
        linked.serial = 1 + number
        (real / "linked.zone").write_text(linked.text())
        assert zonectl(node, "reload")["failed"] == 0
        assert len(ask(node, f"inc{number}.{zone.name}").answer) == 1
        lab.wait_for_serial(linked, [node])
        node.stop()


@test("an include that leads to a folder unknown at the start is told apart from one that is not there")
def new_include(lab):
    node = Confined(lab)
    zone = start(lab, node, updates=False)
    need_sandbox(node)
    parts = elsewhere(lab, "parts")
    (parts / "hosts").write_text("inc A 192.0.2.7\n")
    zone.change(add=[f"$INCLUDE {parts}/hosts"])
    node.write_zone(zone)
    assert zonectl(node, "reload", expect=1)["failed"] == 1
    assert re.search(r"cannot include '.*/parts/hosts': not permitted; the sandbox forbids it", node.log()), node.log()


class WithoutProc(Confined):
    """Where there is no /proc a sanitizer can't look for leaks."""

    def command(self):
        return ["/usr/bin/env", f"ASAN_OPTIONS={os.environ.get('ASAN_OPTIONS', '')}:detect_leaks=0", *super().command()]


@test("with server.chroot the daemon lives in that folder: it loads, updates, reloads and stops cleanly, and shows paths as they are outside")
def chroot(lab):
    need_root()
    node = WithoutProc(lab)
    node.write("secrets", "5ec2e75ec2e75ec2e75ec2e75ec2e75e\n")
    node.settings = f"  user: {USER}\n  chroot: {node.folder}\n  cookie-secret-file: secrets\n"
    zone = start(lab, node)
    assert os.readlink(f"/proc/{node.process.pid}/root") == str(node.folder)
    assert node.sandbox()["chroot"] == str(node.folder)
    assert zonectl(node, "status")["config"] == str(node.path("authd.yaml"))
    assert update(node, zone.name, ("add", "new", 300, "A", "192.0.2.1")) == "NOERROR"
    replicate(sample_zone("more.example."), node, [])
    node.write_config()
    assert zonectl(node, "reload")["failed"] == 0
    assert zonectl(node, "zone", "more.example.")["state"] == "serving"
    node.write("authd.yaml", node.config() + zone_entry("out.example.", "/etc/out.zone"))
    zonectl(node, "reload", expect=1)
    assert re.search(r'authd.yaml:3:11: file "/etc/out.zone" lies outside of server.chroot; expected it to be in ', node.log()), node.log()
    assert "secrets: No such file" not in node.log()
    assert node.stop() == 0


@test("no core is written of a daemon that gave up root or was given secrets, so that none can be in it; --no-sandbox allows one")
def core(lab):
    need_root()
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith(("|", "/")):
        raise Skip(f"cores go to {pattern}")
    secret = "5ec2e75ec2e75ec2e75ec2e75ec2e75e"
    for settings, arguments, expected in ((f"  user: {USER}\n", (), 0), (f"  cookie-secret: {secret}\n", (), 0),
                                          (f"  cookie-secret: {secret}\n", ("--no-sandbox",), 1)):
        node = Confined(lab, *arguments, settings=settings)
        node.must_stop_cleanly = False
        before = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, before[1]))
        try:
            start(lab, node)
            node.folder.chmod(0o777)
            if node.sandbox()["landlock_off"] == "built with sanitizers":
                raise Skip("sanitizers have their own way with cores")
            assert node.sandbox()["core_dumps"] is bool(expected)
            node.signal(signal.SIGABRT)
            node.should_run = False
            assert node.process.wait(30) == -signal.SIGABRT
        finally:
            resource.setrlimit(resource.RLIMIT_CORE, before)
        cores = list(node.folder.glob("core*"))
        assert len(cores) == expected, cores
        for path in cores:
            assert bytes.fromhex(secret) in path.read_bytes()      # so this is where one would look
            path.unlink()


if __name__ == "__main__":
    run_tests()
