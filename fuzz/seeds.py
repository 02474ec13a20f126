#!/usr/bin/env python3
"""Derives seeds and dictionary of the fuzz targets from the conformance vectors: python3 fuzz/seeds.py

The seeds go to fuzz/corpus/TARGET/, the dictionary to fuzz/corpus/mqtt.dict. Neither is kept; the
vectors in testdata are.
"""

import hashlib
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LONGEST = 4096
LONGEST_WORD = 24

sys.path.insert(0, str(ROOT / "testdata" / "build"))
sys.dont_write_bytecode = True
from properties import block  # noqa: E402

# What the target `chunks` reads before the stream: modes, then the number and sizes of the pieces.
CHUNK_HEADERS = [bytes([mode, len(cuts), *cuts]) for mode in (0x00, 0x41, 0x50, 0x61, 0x70, 0xB4, 0x02, 0x52, 0x62, 0x73, 0xB2)
                 for cuts in ((), (1,), (3, 2))]


def bytes_of(case):
    if "hex" in case:
        return bytes.fromhex(case["hex"].replace(" ", ""))
    if "hex_parts" in case:
        return b"".join(bytes.fromhex(part) * times for part, times in case["hex_parts"])
    return None


def cases(node):
    """Every object in the file that carries bytes."""
    if isinstance(node, dict):
        if "hex" in node or "hex_parts" in node:
            yield node
        for value in node.values():
            yield from cases(value)
    elif isinstance(node, list):
        for value in node:
            yield from cases(value)


def write(target, data):
    folder = ROOT / "fuzz" / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def files(pattern):
    for path in sorted((ROOT / "testdata").glob(pattern)):
        yield json.loads(path.read_text(encoding="utf-8"))


def words():
    """What the dictionary has: fixed headers, protocol names, short packets, properties, topics."""
    kinds = set()
    for case in (case for file in files("decode/**/*.json") for case in cases(file)):
        data = bytes_of(case)
        if not 2 <= len(data) <= LONGEST:
            continue
        length = next((at for at in range(1, min(len(data), 6)) if data[at] < 0x80), 5)
        yield data[:1]
        yield data[1:length + 1]
        packet = case.get("packet", {})
        kind = (case["version"], packet.get("type"))
        if packet and kind not in kinds and len(data) <= LONGEST_WORD:
            kinds.add(kind)
            yield data
        if packet.get("type") == "connect":
            name = data[length + 1:]
            yield name[:3 + int.from_bytes(name[:2], "big")]
        properties = packet.get("properties") or (packet.get("will") or {}).get("properties") or {}
        for name, value in properties.items() if len(data) <= 64 else ():
            for each in value if isinstance(value, list) else [value]:
                is_binary = name in ("correlation_data", "authentication_data")
                yield block((name, bytes.fromhex(each) if is_binary else each)).bytes()[1:]
    for case in (case for file in files("topic/*.json") for case in file["cases"]):
        for text in (case.get("text"), case.get("filter"), case.get("topic")):
            yield text.encode() if isinstance(text, str) else b""
        yield bytes.fromhex(case.get("hex", ""))


def dictionary():
    entries = sorted({word for word in words() if 1 <= len(word) <= LONGEST_WORD})
    lines = ['"' + "".join(f"\\x{byte:02x}" for byte in word) + '"' for word in entries]
    (ROOT / "fuzz" / "corpus" / "mqtt.dict").write_text("\n".join(lines) + "\n")
    return len(entries)


# Of a trace what the targets of sessions have a word for: see `command.rs` and `machine.rs`.
VERSIONS = {"3.1.1": 0, "3.1": 1, "5.0": 2}
PACKETS = {"connack": 0, "connect": 0, "publish": 1, "puback": 3, "pubrec": 4, "pubrel": 5, "pubcomp": 6,
           "suback": 7, "subscribe": 7, "unsuback": 8, "unsubscribe": 8, "pingresp": 9, "pingreq": 9,
           "disconnect": 10, "auth": 11}
COMMANDS = {"subscribe": 5, "unsubscribe": 6, "auth": 9, "disconnect": 10, "accept": 11, "refuse": 13,
            "grant": 14, "remove": 15, "take_over": 16, "expire_session": 17}


def place(body):
    number = body.get("packet_id", 1)
    return (number - 1) % 24 if isinstance(number, int) else 0


def event(name, body):
    """A step as the bytes of an event."""
    qos = body.get("qos", 1)
    clean = 1 if body.get("clean_session", body.get("clean_start", True)) else 0
    if name == "open":
        return bytes([0, 0, clean, 2])
    if name == "recv" and "hex" in body:
        data = bytes.fromhex(body["hex"].replace(" ", ""))
        pieces = [data[at:at + 15] for at in range(0, len(data), 15)]
        return b"".join(bytes([24, len(piece)]) + piece for piece in pieces)
    if name == "recv" and body.get("type") in PACKETS:
        kind = body["type"]
        if kind == "publish":
            a = qos | (4 if body.get("dup") else 0)
        elif kind == "connack":
            a = 1 if body.get("session_present") else 0
        elif kind == "connect":
            a = clean | (4 if "will" in body and body["will"] else 0)
        else:
            a = len(body.get("codes", body.get("reason_codes", body.get("filters", []))))
        return bytes([18, PACKETS[kind], place(body), a & 0xFF, 0])
    if name == "publish":
        return bytes([2, qos, 0])
    if name == "acknowledge":
        return bytes([7, place(body), 2 if body.get("qos") == 2 else 1])
    if name == "closed":
        return bytes([39])
    if name in ("snapshot", "restore"):
        return bytes([40])
    if name == "tick":
        return bytes([34])
    return bytes([COMMANDS[name], 1, 0]) if name in COMMANDS else b""


def trace(case):
    """A trace as the input of a target of sessions."""
    settings = case.get("config", {})
    mode = VERSIONS[case["version"]] | (4 if settings.get("manual_acknowledgement") else 0)
    events = [event(name, body) for step in case["steps"] for name, body in step.get("in", {}).items()
              if isinstance(body, dict)]
    return bytes([mode, 0, 0, 1]) + b"".join(events)


def sessions():
    count = 0
    for path in sorted((ROOT / "testdata" / "session").rglob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
            data = trace(case)
            if len(data) > LONGEST:
                continue
            count += 1
            write("session_" + case["role"], data)
            # An empty snapshot of either role: nothing is on its way.
            write("restore", bytes([0 if case["role"] == "client" else 2, 0, 0]) + data)
    print(f"{count} traces")


def main():
    sessions()
    count = 0
    for folder in ("decode", "stream"):
        for case in (case for file in files(f"{folder}/**/*.json") for case in cases(file)):
            data = bytes_of(case)
            if len(data) > LONGEST:
                continue
            count += 1
            for target in ("decode", "fixpoint", "differential"):
                write(target, data)
            for header in CHUNK_HEADERS:
                write("chunks", header + data)
    print(f"{count} vectors, {dictionary()} words")


if __name__ == "__main__":
    main()
