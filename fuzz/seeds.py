#!/usr/bin/env python3
"""Derives the seeds of every fuzz target from the conformance vectors: python3 fuzz/seeds.py

The seeds go to fuzz/corpus/TARGET/, which is not kept; the vectors in testdata/decode are.
"""

import hashlib
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
LONGEST = 4096

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


def main():
    count = 0
    for path in sorted((ROOT / "testdata" / "decode").rglob("*.json")):
        for case in cases(json.loads(path.read_text(encoding="utf-8"))):
            data = bytes_of(case)
            if data is None or len(data) > LONGEST:
                continue
            count += 1
            for target in ("decode", "fixpoint", "differential"):
                write(target, data)
            for header in CHUNK_HEADERS:
                write("chunks", header + data)
    print(f"{count} vectors")


if __name__ == "__main__":
    main()
