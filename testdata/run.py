#!/usr/bin/env python3
"""Runs the conformance vectors against one implementation or several and prints a table.

    python3 testdata/run.py --adapter 'node testdata/adapters/node/adapter.js' --html table.html

An adapter is a process that answers a line with a line, in JSON or, with --format tsv, in columns;
README.md has the contract. Exit code: 0 if nothing failed, 1 if something did, 2 if it cannot run.
"""
import argparse
import bisect
import collections
import fnmatch
import html
import itertools
import json
import pathlib
import queue
import re
import shlex
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET

ROOT = pathlib.Path(__file__).resolve().parent
BINARY = {"payload", "password", "correlation_data", "authentication_data"}
NEXT = "40020001"  # A packet that may follow any other, in both directions.
KINDS = ("send", "deliver", "event", "close", "error")  # Only the first two have an order.
FINE = ("pass", "other-bytes", "expected", "skip")


class Verdict(Exception):
    """Why a case is not passed: a status and what came out."""


def check(holds, status, detail):
    if not holds:
        raise Verdict(status, str(detail)[:400])


class Adapter:
    def __init__(self, command, options):
        self.command, self.options, self.is_tsv = command, options, options.format == "tsv"
        self.start()
        self.level = min(self.hello["level"], options.level)

    def start(self):
        shown = None if self.options.stderr else subprocess.DEVNULL
        self.process = subprocess.Popen(shlex.split(self.command), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=shown)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, args=(self.process.stdout, self.lines), daemon=True).start()
        self.hello = {"impl": self.command, "versions": ["3.1", "3.1.1", "5.0"], "to": ["client", "server"],
                      "level": 0, "ops": ["decode", "topic"]}
        if not self.is_tsv:
            self.hello |= self.exchange({"op": "hello", "contract": 1}, self.options.start_timeout)
            if self.hello.get("result") in ("crash", "stall", "bad-answer"):
                print(f"{self.command}: hello is answered by {self.hello}", file=sys.stderr)
                sys.exit(2)

    @staticmethod
    def read(pipe, lines):
        for line in pipe:
            lines.put(line)
        lines.put(None)

    def exchange(self, request, timeout):
        try:
            self.process.stdin.write((to_columns if self.is_tsv else json.dumps)(request).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            pass  # It has died, which the missing answer shows.
        try:
            line = self.lines.get(timeout=timeout)
            if line is None:
                return {"result": "crash", "why": f"ended with {self.process.wait()}"}
            return dict((of_columns if self.is_tsv else json.loads)(line))
        except queue.Empty:
            return {"result": "stall", "why": f"no answer in {timeout} s"}
        except (ValueError, TypeError):
            return {"result": "bad-answer", "why": line[:200]}

    def ask(self, op, case, **fields):
        """The answer, which is ok, error or incomplete; everything else is a verdict."""
        answer = self.exchange({"op": op, "id": case["id"], "version": case.get("version"), **fields},
                               self.options.timeout)
        if answer.get("result") in ("crash", "stall") or answer.get("id") != case["id"]:
            self.process.kill()
            self.start()
            raise Verdict(answer["result"] if answer.get("result") in ("crash", "stall") else "bad-answer", str(answer))
        check(answer.get("result") != "skip", "skip", answer.get("why"))
        check(answer.get("result") in ("ok", "error", "incomplete"), "bad-answer", answer)
        return answer

    def decode(self, op, case, digits, **more):
        return self.ask(op, case, to=case["to"], level=case["level"], hex=digits,
                        options=case.get("options", {}), **more)


def to_columns(request):
    names = {"decode": ("version", "to", "level", "hex"), "topic": ("version", "filter_hex", "topic_hex")}
    return "\t".join(request.get(name, "") for name in ("op", "id", *names[request["op"]]))


def of_columns(line):
    id_, result, third = (line.decode().rstrip("\r\n").split("\t") + ["", ""])[:3]
    kind = "consumed" if third.isdigit() else "match" if third in ("true", "false") else "code"
    return {"id": id_, "result": result} | ({kind: third if kind == "code" else json.loads(third)} if third else {})


def data(case):
    return case["hex"] if "hex" in case else joined(case["hex_parts"])


def joined(parts):
    return "".join(piece * count for piece, count in parts)


def size(case):
    return sum(len(piece) // 2 * count for piece, count in case.get("hex_parts") or [(case.get("hex", ""), 1)])


def written(value, name=None):
    """The value with long content written out."""
    if isinstance(value, list):
        return [written(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "parts" in value:
        digits = joined(value["parts"])
        return digits if name in BINARY else bytes.fromhex(digits).decode()
    if "items" in value:
        return [written(each) for each, count in value["items"] for _ in range(count)]
    return {key: written(each, key) for key, each in value.items()}


def same(a, b):
    """Equal as JSON: 1 is not true, and keys have no order."""
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def refused(adapter, case, answer):
    codes = [case["error"]] if case.get("error") else case.get("error_any") or [answer.get("code")]
    told = all(answer.get(name, case[name]) == case[name] for name in ("v5_reason", "connack") if name in case)
    check(adapter.level < 2 or told and answer.get("code") in codes, "wrong-code", f"{codes} expected, {answer}")


def decode(adapter, case):
    answer, expected, flags = adapter.decode("decode", case, data(case)), case["result"], case["flags"]
    if answer["result"] == "incomplete":
        return check(expected == "incomplete" or "EarlyVerdict" in flags, "waits", f"{expected} expected")
    if answer["result"] == "error":
        check(expected not in ("valid", "incomplete"), "rejects-valid", answer)
        return refused(adapter, case, answer)
    accepted = "bleed" if "FramingBleed" in flags else "accepts-invalid"
    check(expected not in ("invalid", "incomplete"), accepted, answer)
    check(answer.get("consumed", case["consumed"]) == case["consumed"], "wrong-length", answer)
    check(adapter.level < 1 or same(answer.get("packet"), written(case["packet"])), "wrong-packet", answer)
    if "consumed" in answer:
        again = adapter.decode("decode", case, data(case) + NEXT)
        check(same(again, answer), "bleed", f"if a packet follows: {again}")


def encode(adapter, case):
    packet = written(case["packet"])
    answer = adapter.ask("encode", case, packet=packet)
    check(answer["result"] == "ok", "refuses", answer)
    again = adapter.decode("decode", case, answer["hex"])
    check(again["result"] == "ok" and (adapter.level < 1 or same(again.get("packet"), packet)), "wrong-packet", answer)
    check(not case["canonical"] or answer["hex"] == data(case), "other-bytes", answer)


def topic(adapter, case):
    fields, is_match = {}, "match" in case
    for key in ("filter", "topic") if is_match else (case["kind"],):
        name = key.replace("name", "topic")
        digits = data(case) if size(case) else written(case[key if is_match else "text"]).encode().hex()
        try:
            fields |= {f"{name}_hex": digits} if adapter.is_tsv else {name: bytes.fromhex(digits).decode()}
        except UnicodeDecodeError:
            fields[f"{name}_hex"] = digits
    answer = adapter.ask("topic", case, **fields)
    if is_match:
        return check(answer.get("match") is case["match"], "wrong-answer", answer)
    if answer["result"] == "error":
        check(not case["valid"] or "choice" in case, "rejects-valid", answer)
        return refused(adapter, case, answer)
    check(case["valid"], "accepts-invalid", answer)
    share = written(case.get("share"))
    check(adapter.level < 1 or same(answer.get("share", share), share), "wrong-answer", answer)


def stream(adapter, case):
    pieces, flags = written(case["packets"]), case["flags"]
    ends = list(itertools.accumulate(piece["consumed"] for piece in pieces))
    wanted = {"complete": "ok", "invalid": "error"}.get(case["end"], case["end"])
    names = {"error": "rejects-valid", "incomplete": "waits",
             "ok": "bleed" if "FramingBleed" in flags else "accepts-invalid"}
    for plan in case["plans"]:
        answer = adapter.decode("stream", case, data(case), told=case["told"], plan=plan)
        result, found = answer["result"], answer.get("packets", [])
        why = f"plan {plan}: {len(found)} of {len(pieces)} packets, then {result}, not {case['end']}"
        check(len(found) <= len(pieces), names["ok"], why)
        is_late = result == "incomplete" and "EarlyVerdict" in flags
        check(len(found) == len(pieces) and (result == wanted or is_late), names[result], why)
        packets = [piece["packet"] for piece in pieces]
        check(adapter.level < 1 or same(found, packets), "wrong-packet", f"plan {plan}: {found}")
        at = 0
        for index, count in enumerate(answer.get("after", [])):
            at += plan[min(index, len(plan) - 1)] if plan else size(case)
            check(count == bisect.bisect(ends, at), "waits", f"plan {plan}: {count} packets after {at} bytes")
        if result == "error":
            refused(adapter, case, answer)


def fits(names, expected, found, is_whole=False):
    """The names of packet identifiers after this, or None if it is not what is expected."""
    if isinstance(expected, str) and re.fullmatch(r"\$[a-z]+", expected):
        if expected not in names:
            return {**names, expected: found} if type(found) is int else None
        return names if names[expected] == found else None
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = [key for key in found if is_whole and found[key] is not None]
        pairs = [(expected.get(key), found.get(key)) for key in dict.fromkeys([*expected, *keys])]
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs, is_whole = zip(expected, found), True
    else:
        return names if same(expected, found) else None
    for one, other in pairs:
        names = None if names is None else fits(names, one, other, is_whole)
    return names


def paired(names, expected, found, is_ordered):
    """The names after each of what is expected has found its own."""
    if not expected:
        return None if found else names
    for index, each in enumerate(found[:1] if is_ordered else found):
        after = fits(names, expected[0], each)
        rest = found[:index] + found[index + 1:]
        if after is not None and (after := paired(after, expected[1:], rest, is_ordered)) is not None:
            return after
    return None


def after_outputs(names, expected, found, distinct):
    kinds = [next((kind for kind in KINDS if kind in each), None) for each in found]
    behind = kinds[kinds.index("close") + 1:] if "close" in kinds else []
    if None in kinds or {"send", "deliver", "close"} & set(behind):
        return None
    for kind in KINDS:
        came = [each for each, its in zip(found, kinds) if its == kind]
        wanted = [each for each in expected if next(iter(each)) == kind]
        names = None if names is None else paired(names, wanted, came, kind in KINDS[:2])
    return names if names and len({names[name] for name in distinct}) == len(distinct) or not distinct else None


def numbered(value, names):
    if isinstance(value, dict):
        return {key: numbered(each, names) for key, each in value.items()}
    return names.get(value, value) if isinstance(value, str) else value


def session(adapter, case):
    adapter.ask("session", case, begin={name: case[name] for name in ("role", "version", "config")})
    readings = [({}, {})]  # What names stand for, and the alternative that was taken of each choice.
    for number, entry in enumerate(case["steps"], 1):
        outer = {name for names, _ in readings for name in names}
        for _ in range(entry.get("repeat", 1)):
            readings = [({name: names[name] for name in names if name in outer}, taken) for names, taken in readings]
            for step in entry.get("steps", [entry]):
                readings = after_step(adapter, case, number, step, readings)


def after_step(adapter, case, number, step, before):
    names, digits, input_ = before[0][0], step.get("hex", ""), step["in"]
    if "recv" in input_:
        name = input_["recv"].get("packet_id")
        digits = digits.replace(name, f"{names[name]:04x}") if isinstance(name, str) else digits
        input_ = {"recv": {}}
    request = {"at": step["at"], "in": numbered(input_, names), "hex": digits}
    out = adapter.ask("session", case, **request).get("out")
    readings, choice = [], step.get("choice")
    for names, taken in before:
        for index, expected in enumerate(step.get("out_any") or [step["out"]]):
            after = after_outputs(names, expected, out, step.get("distinct", []))
            if after is not None and taken.get(choice, index) == index:
                readings.append((after, taken | ({choice: index} if choice else {})))
    check(readings, "wrong-answer", f"step {number}, {request}: {out}")
    return readings


def cases(options):
    """Operation, group and case of all that is to be run; a case about topics once for each version."""
    for file in json.loads((ROOT / "manifest.json").read_text(encoding="utf-8"))["files"]:
        op, group = file["path"].split("/")[0], file["path"].removesuffix(".json")
        for case in json.loads((ROOT / file["path"]).read_text(encoding="utf-8")).get("cases", []):
            if not any(fnmatch.fnmatch(case["id"], pattern) for pattern in options.filter or ["*"]):
                continue
            for version in case.get("versions", [case.get("version")]):
                yield op, group, case | {"version": version}
            if case.get("result") == "valid" and "DecodeOnly" not in case["flags"]:
                yield "encode", group.replace("decode", "encode"), case


def run(adapter, options):
    hello, known, results = adapter.hello, options.known.get(adapter.hello["impl"], {}), []
    for op, group, case in cases(options):
        status, detail = "pass", ""
        try:
            sides = [case.get("to", "any"), case.get("role", "any")]
            check(op in hello["ops"], "skip", f"no {op}")
            check(case["version"] in hello["versions"], "skip", f"no version {case['version']}")
            check(all(side in ("any", *hello["to"]) for side in sides), "skip", "the other side")
            check(size(case) <= options.largest, "skip", "longer than --largest")
            steps = sum(entry.get("repeat", 1) for entry in case.get("steps", []))
            check(steps <= options.steps, "skip", "longer than --steps")
            check(not adapter.is_tsv or "options" not in case, "skip", "has options")
            globals()[op](adapter, case)
        except Verdict as verdict:
            status, detail = verdict.args
        reason = next((known[glob] for glob in known if fnmatch.fnmatch(case["id"], glob)), None)
        if reason and status != "skip":
            is_known = status == reason["status"]
            status, detail = ("expected" if is_known else f"not-{reason['status']}"), f"{status} {reason} {detail}"
        results.append({"op": op, "group": group, "id": case["id"], "version": case["version"],
                        "status": status, "detail": detail})
    adapter.process.kill()
    return hello | {"results": results}


def table(runs, key):
    """Rows of counts of statuses, a column for each implementation."""
    rows = {}
    for column, one in enumerate(runs):
        for result in one["results"]:
            row = rows.setdefault(key(result), [collections.Counter() for _ in runs])
            row[column][result["status"]] += 1
    return rows


def cell(counts):
    done = sum(counts.values()) - counts["skip"]
    return f"{sum(counts[status] for status in FINE) - counts['skip']}/{done}" if done else "-"


def page(runs):
    def row(name, columns, tag="td"):
        cells = [f'<td class="{"none" if cell(one) == "-" else "good" if set(one) <= set(FINE) else "bad"}" '
                 f'title="{html.escape(", ".join(f"{status} {one[status]}" for status in sorted(one)))}">{cell(one)}</td>'
                 for one in columns]
        return f"<tr><{tag}>{html.escape(name)}</{tag}>{''.join(cells)}</tr>"
    heads = [html.escape(f"{one['impl']} {one.get('impl_version', '')}") for one in runs]
    rows = [row(name, row_, "th") for name, row_ in table(runs, lambda _: "all cases").items()]
    rows += [row(name, row_) for name, row_ in table(runs, lambda result: result["group"]).items()]
    lists = [f"<details><summary>{head}</summary><ul>" + "".join(
        f"<li><b>{result['status']}</b> {result['op']} {html.escape(result['id'])} <code>{html.escape(result['detail'])}"
        "</code></li>" for result in one["results"] if result["status"] not in ("pass", "skip")) + "</ul></details>"
        for head, one in zip(heads, runs)]
    return f"""<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>MQTT conformance vectors</title><style>
body {{ font: 15px/1.4 sans-serif; margin: 2em }} table {{ border-collapse: collapse }} code {{ color: #666 }}
td, th {{ padding: .2em .8em; border-bottom: 1px solid #ddd; text-align: left }} li {{ overflow-wrap: anywhere }}
.good {{ background: #d8f0d8 }} .bad {{ background: #fbe3c8 }} .none {{ color: #999 }}</style>
<h1>MQTT conformance vectors</h1><p>Passed of those that were run; point at a number to see what the others did.</p>
<table><tr><th>Cases</th>{''.join(f'<th>{head}</th>' for head in heads)}</tr>{''.join(rows)}</table>
<h2>What was not passed</h2>{''.join(lists)}</html>"""


def junit(runs):
    root = ET.Element("testsuites")
    for one in runs:
        suite = ET.SubElement(root, "testsuite", name=one["impl"], tests=str(len(one["results"])))
        for result in one["results"]:
            each = ET.SubElement(suite, "testcase", classname=result["group"].replace("/", "."), name=result["id"])
            if result["status"] not in FINE:
                ET.SubElement(each, "failure", message=result["status"]).text = ascii(result["detail"])
            elif result["status"] == "skip":
                ET.SubElement(each, "skipped", message=ascii(result["detail"]))
    return ET.tostring(root, encoding="unicode")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adapter", action="append", required=True, help="a command; may be given several times")
    parser.add_argument("--format", choices=("json", "tsv"), default="json", help="how lines are written")
    parser.add_argument("--filter", action="append", help="ids to run, such as 'v311/connect/*'")
    parser.add_argument("--level", type=int, default=2, help="0: verdicts, 1: packets too, 2: codes too")
    parser.add_argument("--largest", type=int, default=1 << 20, help="skip input of more bytes")
    parser.add_argument("--steps", type=int, default=5000, help="skip traces of more steps")
    parser.add_argument("--timeout", type=float, default=5, help="seconds without an answer that are a stall")
    parser.add_argument("--start-timeout", type=float, default=300, help="the same for the first answer")
    parser.add_argument("--expect", help="a file with what is known to fail")
    parser.add_argument("--failures", type=int, default=20, help="how many to print for each adapter")
    parser.add_argument("--stderr", action="store_true", help="show what adapters say there")
    for name in ("json", "junit", "html"):
        parser.add_argument(f"--{name}", help="write the results to this file")
    options = parser.parse_args()
    options.known = json.loads(pathlib.Path(options.expect).read_text(encoding="utf-8")) if options.expect else {}
    runs = [run(Adapter(command, options), options) for command in options.adapter]
    rows = table(runs, lambda result: "/".join(result["group"].split("/")[:2])) | table(runs, lambda _: "all")
    lines = [["", *(one["impl"] for one in runs)], *([name, *map(cell, row)] for name, row in rows.items())]
    widths = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip())
    for one in runs:
        failures = [result for result in one["results"] if result["status"] not in FINE]
        counts = collections.Counter(result["status"] for result in one["results"])
        print(f"\n{one['impl']}: " + ", ".join(f"{status} {counts[status]}" for status in sorted(counts)))
        for result in failures[:options.failures]:
            print(f"  {result['status']}: {result['op']} {result['id']} {ascii(result['detail'])[:200]}")
    for path, text in ((options.json, json.dumps), (options.junit, junit), (options.html, page)):
        if path:
            pathlib.Path(path).write_text(text(runs), encoding="utf-8")
    sys.exit(any(result["status"] not in FINE for one in runs for result in one["results"]))


if __name__ == "__main__":
    main()
