"""The case tables and how a case looks in JSON. Knows nothing of MQTT."""

import json

from wire import Data, data

INLINE_LIMIT = 512
FLAG_COMBINATIONS = ("v31/connect/flags-", "v311/connect/flags-", "v50/connect/flags-")


class Suite:
    def __init__(self):
        self.cases = []

    def version(self, name):
        return Version(self, name)

    def files(self):
        """The cases by file, in the order in which the tables name them."""
        files = {}
        for case in self.cases:
            _, group, _ = case["id"].split("/")
            # In a file of their own, or that of CONNECT would be too long to review.
            group = "connect-flags" if case["id"].startswith(FLAG_COMBINATIONS) else group
            files.setdefault(f"decode/v{case['version']}/{group}.json", []).append(case)
        return files


class Version:
    """Adds cases of one protocol version. `pre` is the first part of their ids."""

    def __init__(self, suite, name):
        self.suite = suite
        self.name = name
        self.pre = "v" + name.replace(".", "")
        self.since = "1.1.0" if name == "5.0" else "1.0.0"

    def add(self, id, bytes_, result, fields, refs, section, flags=(), comment=None, to="any",
            level="decode", options=None, since=None):
        case = {"id": f"{self.pre}/{id}", "version": self.name, "to": to, "level": level}
        case |= hex_of(data(bytes_))
        case |= {"result": result, **fields}
        if options:
            case["options"] = options
        # 3.1 has no numbered statements.
        case["refs"] = [] if self.name == "3.1" else list(refs)
        case |= {"section": section, "flags": list(flags), "since": since or self.since}
        if comment:
            case["comment"] = comment
        self.suite.cases.append(case)

    def valid(self, id, bytes_, packet, *, canonical=True, **other):
        fields = {"canonical": canonical, "consumed": len(bytes_), "packet": packet}
        self.add(id, bytes_, "valid", fields, **other)

    def acceptable(self, id, bytes_, packet, rule, error, *, canonical=False, **other):
        """The receiver may accept it as `packet` or refuse it with `error`."""
        fields = {"canonical": canonical, "consumed": len(bytes_), "packet": packet,
                  "error": error, "choice": {"rule": rule, "default": "accept"}}
        self.add(id, bytes_, "acceptable", fields, **other)

    def invalid(self, id, bytes_, error, *, connack=False, reason=None, **other):
        """`error` is a code, or a tuple of them if the standard leaves open which fault counts.
        `connack` is the return code to answer, None to close without an answer. `reason` is the
        reason code of which a peer of 5.0 may be told, if the standard says or implies one."""
        fields = {"error": error} if isinstance(error, str) else {"error_any": list(error)}
        if connack is not False:
            fields["connack"] = connack
        if reason is not None:
            fields["v5_reason"] = f"0x{reason:02x}"
        self.add(id, bytes_, "invalid", fields, **other)

    def truncated(self, id, bytes_, *, follow=bytes.fromhex("c000"), **other):
        """A packet that ends inside a field: alone, and with a whole packet behind it, whose bytes
        a decoder must not read into the field."""
        flags = other.pop("flags", ())
        comment = other.pop("comment", None)
        error = other.pop("error", "packet.truncated_field")
        self.invalid(id, bytes_, error, flags=flags, comment=comment, **other)
        self.invalid(f"{id}-then-packet", bytes_ + follow, error,
                     flags=[*flags, "FramingBleed"],
                     comment="the same with a whole packet behind it", **other)

    def incomplete(self, id, bytes_, need, **other):
        self.add(id, bytes_, "incomplete", {"need": need}, **other)


def hex_of(bytes_):
    if len(bytes_) <= INLINE_LIMIT:
        return {"hex": bytes_.bytes().hex()}
    return {"hex_parts": parts_of(bytes_)}


def parts_of(bytes_):
    merged = []
    for piece, count in bytes_.parts:
        if merged and count == 1 and merged[-1][1] == 1:
            merged[-1] = (merged[-1][0] + piece, 1)
        else:
            merged.append((piece, count))
    return [[piece.hex(), count] for piece, count in merged]


def plain(value):
    """The value as JSON has it: bytes in hex, long content as parts."""
    if isinstance(value, Data):
        return {"parts": parts_of(value)}
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value


def file_text(head, cases):
    """A field a line, so that a changed case is a short difference."""
    head = {"suite": "mqtt-vectors", **head}
    lines = ["{"] + [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    lines.append('  "cases": [')
    for index, case in enumerate(cases):
        fields = [f"      {json.dumps(key)}: {json.dumps(plain(value))}"
                  for key, value in case.items()]
        end = "    }" if index == len(cases) - 1 else "    },"
        lines += ["    {", ",\n".join(fields), end]
    return "\n".join(lines + ["  ]", "}", ""])


def value_text(value):
    return json.dumps(plain(value), indent=2) + "\n"
