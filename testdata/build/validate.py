#!/usr/bin/env python3
"""Holds every data file against its JSON Schema: python3 testdata/build/validate.py

Needs the package jsonschema; the files and their schemas are those of manifest.json.
"""

import json
import pathlib
import sys

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parent.parent


def load(path):
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


def main():
    files = [(entry["path"], entry["schema"]) for entry in load("manifest.json")["files"]
             if entry["schema"]]
    faults = 0
    for path, schema in files:
        validator = jsonschema.Draft202012Validator(load(schema))
        for error in validator.iter_errors(load(path)):
            faults += 1
            print(f"{path}: {error.json_path}: {error.message[:200]}")
    print(f"{len(files)} files, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
