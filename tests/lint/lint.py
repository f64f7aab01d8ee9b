"""What the lints share: finding the sources, blanking comments and strings, TAP."""
import re
import sys
from pathlib import Path

CODE_FOLDERS = ("lib", "authd", "resolverd", "zonesync", "tools", "tests", "bench")

TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/"              # comments
    r'|"(?:\\.|[^"\\\n])*"'            # strings
    r"|'(?:\\.|[^'\\\n])*'",           # characters
    re.DOTALL)


def source_files(top, suffixes, folders=CODE_FOLDERS):
    """Paths relative to top, sorted. Only the folders that hold code, so that a build inside the tree is not read."""
    top = Path(top)
    found = []
    for folder in folders:
        for path in (top / folder).rglob("*"):
            if path.suffix in suffixes and path.is_file() and not {"__pycache__", "corpus"} & set(path.parts):
                found.append(str(path.relative_to(top)))
    return sorted(found)


def blank(text, strings=True):
    """The text with comments (and the insides of strings) replaced by blanks; line breaks stay, so line numbers do too."""
    def replace(match):
        token = match[0]
        if token[0] == "/":
            return re.sub(r"[^\n]", " ", token)
        return token[0] + " " * (len(token) - 2) + token[-1] if strings else token
    return TOKEN.sub(replace, text)


def read(top, path):
    return Path(top, path).read_text(errors="replace")


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


class Tap:
    """Collects and prints test lines; `findings` are lines that say where and what."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def check(self, name, findings):
        self.count += 1
        bad = bool(findings)
        self.failed += bad
        print(f"{'not ' if bad else ''}ok {self.count} - {name}")
        for finding in findings:
            print(f"  {finding}")

    def flags(self, name, findings, expected):
        """A self-test: a bad sample must give exactly one finding, which contains `expected`."""
        good = len(findings) == 1 and expected in findings[0]
        self.check(f"self-test: flags {name}", [] if good else [f"expected one finding with '{expected}', got {findings}"])

    def accepts(self, name, findings):
        self.check(f"self-test: accepts {name}", findings)

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}")

    def end(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)


def top_from_arguments():
    return sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).resolve().parents[2])
