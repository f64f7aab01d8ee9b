"""Debian's command-line tools as clients."""
import subprocess

from zt.lab import Failure
from zt.node import require

PACKAGES = {"dig": "bind9-dnsutils", "nsupdate": "bind9-dnsutils", "kdig": "knot-dnsutils", "knsupdate": "knot-dnsutils", "drill": "ldnsutils",
            "ldns-read-zone": "ldnsutils", "ldns-compare-zones": "ldnsutils", "ldns-keygen": "ldnsutils", "ldns-signzone": "ldnsutils", "ldns-verify-zone": "ldnsutils",
            "delv": "bind9-dnsutils"}


def tool(program, *words, stdin="", expect=0, timeout_s=30, cwd=None):
    """Runs a tool and returns its standard output; `expect` None takes any exit status. Skips the test where the tool is missing."""
    path = require(program, PACKAGES[program])
    run = subprocess.run([path, *map(str, words)], input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False, cwd=cwd)
    if expect is not None and run.returncode != expect:
        raise Failure(f"{program} {' '.join(map(str, words))} ended with {run.returncode}, expected {expect}:\n{run.stdout}{run.stderr}")
    return run.stdout
