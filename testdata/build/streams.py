"""The table of streams: packets one behind another, and how their bytes are cut."""

from suite import hex_of
from wire import data

SINCE = "1.4.0"
# Everything at once, and a byte at a time. The last size of a plan is used until nothing is left.
WHOLE, BYTES = [], [1]
# Above this a stream is not cut into single bytes.
LONGEST_IN_BYTES = 1 << 14


class Streams:
    def __init__(self, name):
        self.name = name
        self.pre = "v" + name.replace(".", "")
        self.cases = []

    def add(self, id, pieces, *, tail=b"", end="complete", to="any", told=True, plans=(),
            need=None, refs=(), section, flags=(), options=None, level="decode", comment=None):
        """`pieces`: pairs of bytes and packet, each with how often it comes. `end`: complete,
        incomplete, or the code of the fault that `tail` is, or a tuple of codes."""
        whole, packets = data(b""), []
        for bytes_, packet, *times in pieces:
            for _ in range(*times or (1,)):
                whole = whole + bytes_
            packets.append(([{"packet": packet, "consumed": len(bytes_)}, *times]))
        case = {"id": f"stream/{self.pre}/{id}", "version": self.name, "told": told, "to": to,
                "level": level}
        used = len(whole)
        whole = whole + tail
        case |= hex_of(merged(whole))
        standard = [WHOLE] + ([BYTES] if len(whole) <= LONGEST_IN_BYTES else [])
        case["plans"] = standard + [list(plan) for plan in plans]
        if any(len(packet) > 1 for packet in packets):
            packets = {"items": [[packet, *(times or [1])] for packet, *times in packets]}
        else:
            packets = [packet for packet, in packets]
        case["packets"] = packets
        case["consumed"] = used
        case |= ending(end, need)
        if options:
            case["options"] = options
        case["refs"] = [] if self.name == "3.1" else list(refs)
        case |= {"section": section, "flags": list(flags), "since": SINCE}
        if comment:
            case["comment"] = comment
        self.cases.append(case)


def ending(end, need):
    if end in ("complete", "incomplete"):
        return {"end": end} | ({"need": need} if need else {})
    return {"end": "invalid"} | ({"error": end} if isinstance(end, str) else
                                 {"error_any": list(end)})


def merged(bytes_):
    """Equal neighbours become one piece with a count."""
    parts = []
    for piece, count in bytes_.parts:
        if parts and parts[-1][0] == piece:
            parts[-1] = (piece, parts[-1][1] + count)
        else:
            parts.append((piece, count))
    bytes_.parts = parts
    return bytes_
