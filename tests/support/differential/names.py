"""Names as tuples of labels (bytes), the leftmost first; the root is the empty tuple."""

MAX_NAME = 255
MAX_LABEL = 63

PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*")


def parse(text):
    """A name without escapes."""
    return tuple(label.encode() for label in text.rstrip(".").split(".")) if text != "." else ()


def size(name):
    """Bytes on the wire."""
    return sum(map(len, name)) + len(name) + 1


def fits(name):
    return size(name) <= MAX_NAME and all(0 < len(label) <= MAX_LABEL for label in name)


def wire(name):
    return b"".join(bytes([len(label)]) + label for label in name) + b"\0"


def from_wire(data):
    labels, pos = [], 0
    while data[pos]:
        labels.append(data[pos + 1:pos + 1 + data[pos]])
        pos += data[pos] + 1
    return tuple(labels)


def text(name):
    """Absolute, in zone-file format."""
    return ".".join(map(label_text, name)) + "."


def label_text(label):
    return "".join(chr(byte) if byte in PLAIN else f"\\{chr(byte)}" if byte in b'.\\' else f"\\{byte:03d}" for byte in label)


def lower(name):
    return tuple(label.lower() for label in name)


def is_within(name, parent):
    """Whether `name` is `parent` or lies below it; both in lower case."""
    return len(name) >= len(parent) and name[len(name) - len(parent):] == parent
