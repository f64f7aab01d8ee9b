"""Tests as functions with a sentence for a name; results as TAP on standard output."""
import inspect
import sys
import time
import traceback

from zt.lab import Lab, Skip

_tests = []


def test(sentence):
    """Registers a test. The function takes a fresh lab, or nothing."""
    def register(function):
        _tests.append((sentence, function))
        return function
    return register


def skip(reason):
    raise Skip(reason)


def run_one(number, sentence, function):
    """Prints one test line; True when the test did not fail."""
    started = time.monotonic()
    try:
        if inspect.signature(function).parameters:
            with Lab() as lab:
                function(lab)
        else:
            function()
    except Skip as reason:
        print(f"ok {number} - {sentence} # SKIP {reason}", flush=True)
        return True
    except Exception:                                # a test may fail in any way; all of them are reported
        for line in traceback.format_exc().splitlines():
            print(f"# {line}")
        print(f"not ok {number} - {sentence}", flush=True)
        return False
    print(f"# {time.monotonic() - started:.1f} s")
    print(f"ok {number} - {sentence}", flush=True)
    return True


def run_tests():
    """Runs every registered test (or those whose sentence contains the first argument) and ends the program."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [entry for entry in _tests if wanted in entry[0]]
    print(f"1..{len(chosen)}", flush=True)
    good = [run_one(number, *entry) for number, entry in enumerate(chosen, 1)]
    sys.exit(0 if good and all(good) else 1)
