#!/usr/bin/env python3
"""Runs the conformance vectors against one implementation or several and prints a table.

README.md has the contract of adapters. Exit code: 0 if nothing failed, 1 if something did, 2 if it cannot run.
"""
import argparse, bisect, fnmatch, html, itertools, json, pathlib, queue, re, shlex, subprocess, sys, threading
import xml.etree.ElementTree as ET
from collections import Counter

ROOT = pathlib.Path(__file__).resolve().parent
BINARY = {"payload", "password", "correlation_data", "authentication_data"}
NEXT = "40020001"  # A packet that may follow any other, in both directions.
KINDS = ("send", "deliver", "event", "close", "error")  # Only the first two have an order.
FINE = {"pass", "other-bytes", "expected", "skip"}
LOST = {"crash", "stall", "bad-answer"}

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
        self.process = subprocess.Popen(shlex.split(self.command), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=None if self.options.stderr else subprocess.DEVNULL)
        self.lines, out = queue.Queue(), itertools.chain(self.process.stdout, [None])
        threading.Thread(target=lambda lines: [lines.put(line) for line in out], args=[self.lines], daemon=True).start()
        self.hello = {"impl": self.command, "versions": ["3.1", "3.1.1", "5.0"], "to": ["client", "server"],
                      "level": 0, "ops": ["decode", "topic"]}
        if not self.is_tsv:
            self.hello |= self.exchange({"op": "hello", "contract": 1}, self.options.start_timeout)
        if self.hello.get("result") in LOST:
            print(f"{self.command}: hello is answered by {self.hello}", file=sys.stderr)
            sys.exit(2)

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
        request = {"op": op, "id": case["id"], "version": case["version"], **fields}
        answer = self.exchange(request, self.options.timeout)
        result, is_other = answer.get("result"), answer.get("id") != case["id"]
        if result in LOST or is_other:
            self.process.kill()
            self.start()
        is_verdict = result in ("ok", "error", "incomplete") and not is_other
        check(is_verdict, result if result in LOST or result == "skip" else "bad-answer", answer)
        return answer

    def decode(self, op, case, digits, **more):
        more |= {"to": case["to"], "level": case["level"], "hex": digits, "options": case.get("options", {})}
        return self.ask(op, case, **more)

def to_columns(request):
    names = {"decode": ("version", "to", "level", "hex"), "topic": ("version", "filter_hex", "topic_hex")}
    return "\t".join(request.get(name, "") for name in ("op", "id", *names[request["op"]]))

def of_columns(line):
    id_, result, third = (line.decode().rstrip("\r\n").split("\t") + ["", ""])[:3]
    kind = "consumed" if third.isdigit() else "match" if third in ("true", "false") else "code"
    return {"id": id_, "result": result} | ({kind: third if kind == "code" else json.loads(third)} if third else {})

def data(case):
    return case["hex"] if "hex" in case else "".join(piece * count for piece, count in case["hex_parts"])

def size(case):
    return sum(len(piece) // 2 * count for piece, count in case.get("hex_parts") or [(case.get("hex", ""), 1)])

def written(value, name=None):
    """The value with long content written out."""
    if isinstance(value, list):
        return [written(each) for each in value]
    if isinstance(value, dict) and "parts" in value:
        digits = data({"hex_parts": value["parts"]})
        return digits if name in BINARY else bytes.fromhex(digits).decode()
    if isinstance(value, dict) and "items" in value:
        return [written(each) for each, count in value["items"] for _ in range(count)]
    return {key: written(each, key) for key, each in value.items()} if isinstance(value, dict) else value

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
    fields, is_match, share = {}, "match" in case, written(case.get("share"))
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
    check(adapter.level < 1 or same(answer.get("share", share), share), "wrong-answer", answer)

def stream(adapter, case):
    pieces, flags = written(case["packets"]), case["flags"]
    ends = list(itertools.accumulate(piece["consumed"] for piece in pieces))
    wanted = {"complete": "ok", "invalid": "error"}.get(case["end"], case["end"])
    accepted = "bleed" if "FramingBleed" in flags else "accepts-invalid"
    names = {"ok": accepted, "error": "rejects-valid", "incomplete": "waits"}
    for plan in case["plans"]:
        answer = adapter.decode("stream", case, data(case), told=case["told"], plan=plan)
        result, found, at = answer["result"], answer.get("packets", []), 0
        why = f"plan {plan}: {len(found)} of {len(pieces)} packets, then {result}, not {case['end']}"
        check(len(found) <= len(pieces), names["ok"], why)
        is_late = result == "incomplete" and "EarlyVerdict" in flags
        check(len(found) == len(pieces) and (result == wanted or is_late), names[result], why)
        is_same = adapter.level < 1 or same(found, [piece["packet"] for piece in pieces])
        check(is_same, "wrong-packet", f"plan {plan}: {found}")
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
        keys = dict.fromkeys([*expected, *(found if is_whole else [])])
        pairs = [(expected.get(key), found.get(key)) for key in keys]
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs, is_whole = zip(expected, found), True
    else:
        return names if same(expected, found) else None
    for one, other in pairs:
        names = None if names is None else fits(names, one, other, is_whole)
    return names

def paired(names, expected, found, is_ordered):
    """The names after each of what is expected has found its own."""
    if names is None or not expected:
        return None if found else names
    after = (paired(fits(names, expected[0], each), expected[1:], found[:at] + found[at + 1:], is_ordered)
             for at, each in enumerate(found[:1] if is_ordered else found))
    return next((names for names in after if names is not None), None)

def after_outputs(names, expected, found, distinct):
    kinds = [next((kind for kind in KINDS if kind in each), None) for each in found]
    behind = kinds[kinds.index("close") + 1:] if "close" in kinds else []
    if None in kinds or {"send", "deliver", "close"} & set(behind):
        return None
    for kind in KINDS:
        came = [each for each, its in zip(found, kinds) if its == kind]
        names = paired(names, [each for each in expected if next(iter(each)) == kind], came, kind in KINDS[:2])
    return names if names is not None and len({names[name] for name in distinct}) == len(distinct) else None

def session(adapter, case):
    adapter.ask("session", case, begin={name: case[name] for name in ("role", "version", "config")})
    readings = [({}, {})]  # What names stand for, and the alternative that was taken of each choice.
    for number, entry in enumerate(case["steps"], 1):
        outer = {name for names, _ in readings for name in names}
        for _ in range(entry.get("repeat", 1)):
            readings = [({name: names[name] for name in outer & names.keys()}, taken) for names, taken in readings]
            for step in entry.get("steps", [entry]):
                readings = after_step(adapter, case, number, step, readings)

def after_step(adapter, case, number, step, before):
    names, digits, choice = before[0][0], step.get("hex", ""), step.get("choice")
    name = step["in"].get("recv", {}).get("packet_id")
    digits = digits.replace(name, f"{names[name]:04x}") if isinstance(name, str) else digits
    given = re.sub(r'"(\$[a-z]+)"', lambda found: str(names[found[1]]), json.dumps(step["in"]))
    request, readings = {"at": step["at"], "in": json.loads(given), "hex": digits}, []
    out = adapter.ask("session", case, **request).get("out", [])
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
            if any(fnmatch.fnmatch(case["id"], pattern) for pattern in options.filter or ["*"]):
                for version in case.get("versions") or [case["version"]]:
                    yield op, group, case | {"version": version}
                if case.get("result") == "valid" and "DecodeOnly" not in case["flags"]:
                    yield "encode", group.replace("decode", "encode"), case

def run(adapter, options):
    hello, known, results = adapter.hello, options.known.get(adapter.hello["impl"], {}), []
    for op, group, case in cases(options):
        try:
            side, steps = case.get("to", case.get("role", "any")), case.get("steps", [])
            has_all = op in hello["ops"] and case["version"] in hello["versions"] and side in ("any", *hello["to"])
            check(has_all and not (adapter.is_tsv and "options" in case), "skip", "no such operation, version or side")
            is_short = sum(step.get("repeat", 1) for step in steps) <= options.steps and size(case) <= options.largest
            check(is_short, "skip", "longer than --largest or --steps")
            globals()[op](adapter, case)
            status, detail = "pass", ""
        except Verdict as verdict:
            status, detail = verdict.args
        reason = next((known[glob] for glob in known if fnmatch.fnmatch(case["id"], glob)), None)
        if reason and status != "skip":
            detail = f"{status}: {reason} {detail}"
            status = "expected" if status == reason["status"] else f"not-{reason['status']}"
        results.append({"op": op, "group": group, "id": case["id"], "status": status, "detail": detail})
    adapter.process.kill()
    return hello | {"results": results}

def table(runs, key):
    """Rows of counts of statuses, a column for each implementation."""
    names = dict.fromkeys(key(result) for one in runs for result in one["results"])
    columns = [{name: Counter() for name in names} for _ in runs]
    for column, one in zip(columns, runs):
        for result in one["results"]:
            column[key(result)][result["status"]] += 1
    return {name: [column[name] for column in columns] for name in names}

def cell(counts):
    passed = sum(counts[status] for status in FINE - {"skip"})
    return f"{passed}/{sum(counts.values()) - counts['skip']}" if set(counts) - {"skip"} else "-"

def page(runs):
    def row(name, columns):
        kinds = ["none" if cell(one) == "-" else "good" if FINE.issuperset(one) else "bad" for one in columns]
        titles = [", ".join(f"{status} {one[status]}" for status in sorted(one)) for one in columns]
        cells = [f'<td class="{kind}" title="{html.escape(title)}">{cell(one)}</td>'
                 for kind, title, one in zip(kinds, titles, columns)]
        return f"<tr><th>{html.escape(name)}</th>{''.join(cells)}</tr>"
    heads = [html.escape(f"{one['impl']} {one.get('impl_version', '')}") for one in runs]
    rows = table(runs, lambda _: "all cases") | table(runs, lambda result: result["group"])
    texts = [[f"<b>{result['status']}</b> {result['op']} {html.escape(result['id'])} <i>{html.escape(result['detail'])}"
              "</i>" for result in one["results"] if result["status"] not in ("pass", "skip")] for one in runs]
    lists = [f"<details><summary>{head}</summary><p>{'<p>'.join(text)}</details>" for head, text in zip(heads, texts)]
    return f"""<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>MQTT conformance vectors</title><style>
body {{ font: 15px/1.4 sans-serif; margin: 2em }} table {{ border-collapse: collapse }} p {{ overflow-wrap: anywhere }}
td, th {{ padding: .2em .8em; border-bottom: 1px solid #ddd; text-align: left }} th, i {{ font: inherit }}
.good {{ background: #d8f0d8 }} .bad {{ background: #fbe3c8 }} .none, i {{ color: #888 }}</style>
<h1>MQTT conformance vectors</h1><p>Passed of those that were run; point at a number to see what became of the others.
<table><tr><th>Cases<th>{'<th>'.join(heads)}</tr>{''.join(row(name, rows[name]) for name in rows)}</table>
<h2>What was not passed</h2>{''.join(lists)}</html>"""

def junit(runs):
    root = ET.Element("testsuites")
    for one in runs:
        suite = ET.SubElement(root, "testsuite", name=one["impl"], tests=str(len(one["results"])))
        for result in one["results"]:
            each = ET.SubElement(suite, "testcase", classname=result["group"].replace("/", "."), name=result["id"])
            if result["status"] not in FINE - {"skip"}:
                kind = "skipped" if result["status"] == "skip" else "failure"
                ET.SubElement(each, kind, message=result["status"]).text = ascii(result["detail"])
    return ET.tostring(root, encoding="unicode")

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--adapter", action="append", required=True, help="a command; may be given several times")
    add("--format", choices=("json", "tsv"), default="json", help="how lines are written")
    add("--filter", action="append", help="ids to run, such as 'v311/connect/*'; may be given several times")
    add("--level", type=int, default=2, help="compare 0: verdicts, 1: packets too, 2: codes too")
    add("--largest", type=int, default=1 << 20, help="skip input of more bytes")
    add("--steps", type=int, default=5000, help="skip traces of more steps")
    add("--timeout", type=float, default=5, help="seconds without an answer that are a stall")
    add("--start-timeout", type=float, default=300, help="the same for the first answer")
    add("--expect", help="a file with what is known to fail")
    add("--failures", type=int, default=20, help="how many to print for each adapter")
    add("--stderr", action="store_true", help="show what adapters say there")
    writers = {"json": json.dumps, "junit": junit, "html": page}
    for name in writers:
        add(f"--{name}", help="write the results to this file")
    options = parser.parse_args()
    options.known = json.loads(pathlib.Path(options.expect).read_text(encoding="utf-8")) if options.expect else {}
    runs = [run(Adapter(command, options), options) for command in options.adapter]
    rows = table(runs, lambda result: "/".join(result["group"].split("/")[:2])) | table(runs, lambda _: "all")
    lines = [["", *(one["impl"] for one in runs)], *([name, *map(cell, row)] for name, row in rows.items())]
    columns = [[text.ljust(max(map(len, column))) for text in column] for column in zip(*lines)]
    print("\n".join("  ".join(line).rstrip() for line in zip(*columns)))
    for one in runs:
        counts = Counter(result["status"] for result in one["results"])
        print(f"\n{one['impl']}: " + ", ".join(f"{status} {counts[status]}" for status in sorted(counts)))
        failed = [result for result in one["results"] if result["status"] not in FINE]
        for result in failed[:options.failures]:
            print(f"  {result['status']}: {result['op']} {result['id']} {ascii(result['detail'])[:200]}")
    for name in [name for name in writers if getattr(options, name)]:
        pathlib.Path(getattr(options, name)).write_text(writers[name](runs), encoding="utf-8")
    sys.exit(any(result["status"] not in FINE for one in runs for result in one["results"]))

if __name__ == "__main__":
    main()
