"""A daemon of a lab: its folder, address, process and log."""
import os
import shutil
import signal
import subprocess
from pathlib import Path

from zt import client, clocks
from zt.lab import Failure, Skip, wait_for

APPARMOR = Path("/sys/module/apparmor/parameters/enabled")
STOP_DEADLINE_S = 20.0


def require(program, package):
    """Where the program is; without it the test is skipped and the package named."""
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")
    if not path:
        raise Skip(f"{program} is missing: apt-get install {package}")
    return path


class Node:
    kind = "node"                # short name of the program
    asks_others = False          # a resolver
    must_stop_cleanly = False    # our own daemons: an exit status other than 0 fails the test
    clock_behind_s = 0           # how far its wall clock has to be behind that of its lab (lab.clock)

    def __init__(self, lab, name=None):
        self.lab = lab
        self.binary = self.find_binary()
        self.address, self.port = self.place()
        self.folder = lab.add(self)
        self.name = name or self.folder.name
        self.log_path = self.folder / "log"
        self.zones = {}              # zone name -> what this node does with it
        self.key = None              # zt.keys.Key: what it shares with all its peers; set before the start
        self.process = None
        self.should_run = False      # started, and not asked to end since
        self.complaints = []         # what was wrong with the ways it ended

    # What a kind of node must say about itself.
    def find_binary(self):
        raise NotImplementedError

    def write_config(self):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def place(self):
        """Address and port to listen on."""
        return self.lab.next_address(), self.lab.port

    def clock_variables(self, clock):
        """The environment that makes it live by a lab's clock."""
        return clock.for_others(self.clock_behind_s)

    def where(self):
        return f"{self.address}@{self.port}"

    def path(self, name):
        return self.folder / name

    def write(self, name, text):
        """Writes a file of the node so that it is never seen half written."""
        temporary = self.folder / (name + ".new")
        temporary.write_text(text)
        temporary.rename(self.folder / name)

    def confined_binary(self, path):
        """AppArmor ties its rules to the path of a program and keeps Debian's name servers out of a test's folder: a copy is free of them."""
        if not APPARMOR.exists() or APPARMOR.read_text().strip() != "Y":
            return path
        copy = self.lab.folder / Path(path).name
        if not copy.exists():
            shutil.copy(path, copy)
        return str(copy)

    def start(self):
        self.write_config()
        self.start_process()

    def start_process(self):
        self.should_run = True
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=clocks.environment(self))

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def fail_if_dead(self):
        if not self.is_running():
            status = self.process.returncode if self.process else "never started"
            raise Failure(f"{self.name} ended by itself: status {status}; its log ends with:\n{self.log_end(20)}")

    def wait_until_ready(self):
        """Until the node answers at all."""
        def answers():
            self.fail_if_dead()
            return client.answers(self, self.asks_others)
        wait_for(answers, f"an answer of {self.name}")
        clocks.forget_shared_memory(self.process.pid)

    def depth(self):
        """0 for a primary, one more than its primaries for a secondary; resolvers start last."""
        if self.asks_others:
            return 99
        return max((1 + node.depth() for role in self.zones.values() for node in role.primaries), default=0)

    def signal(self, number):
        self.fail_if_dead()
        self.process.send_signal(number)

    def reload(self):
        """Makes the daemon read its zone files again."""
        self.signal(signal.SIGHUP)

    def kill(self):
        """As a power cut would end the process."""
        self.should_run = False
        if self.is_running():
            self.process.kill()
        self.process.wait()

    def stop(self):
        """Asks the process to end and returns its exit status, None where it had to be killed."""
        if self.is_running():
            self.process.terminate()
        elif self.should_run:
            self.complain("ended by itself")
        return self.wait_for_end()

    def wait_for_end(self):
        """Waits for a process that was asked to end; returns its exit status, None where it had to be killed."""
        self.should_run = False
        try:
            status = self.process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.complain(f"did not stop within {STOP_DEADLINE_S:.0f} s and was killed")
            return None
        if status not in (0, -signal.SIGKILL):
            self.complain(f"ended with status {status}")
        return status

    def complain(self, what):
        if self.must_stop_cleanly:
            self.complaints.append(f"{self.name} {what}")

    def close(self):
        """Stops the node at the end of the test; returns what was wrong with the ways it ended."""
        if self.process is not None:
            self.stop()
            clocks.forget_shared_memory(self.process.pid)
        return self.complaints

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_end(self, lines):
        return "\n".join(self.log().splitlines()[-lines:])

    def wait_for_log(self, pattern, deadline_s=30.0):
        """Until a line of the log matches the compiled expression; returns the match."""
        return wait_for(lambda: pattern.search(self.log()), f"'{pattern.pattern}' in the log of {self.name}", deadline_s)

    def serial(self, zone):
        """The zone's serial as the node serves it; None while it does not."""
        return client.serial_of(self, zone)

    def axfr(self, zone):
        return client.axfr(self, zone)

    def has_difference(self, zone, serial):
        """Whether the node answers IXFR from the serial with a difference. A foreign secondary does when it was given one itself."""
        return client.ixfr(self, zone, serial).is_incremental()
