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


def main():
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
