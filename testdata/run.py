#!/usr/bin/env python3
"""Runs the conformance vectors against one implementation or several. README.md has the contract.

Exit code: 0 if nothing failed, 1 if something did, 2 if not all was run."""
import argparse, bisect, collections, contextlib, fnmatch, html, itertools, json, pathlib, queue, re, shlex
import subprocess, sys, threading

ROOT = pathlib.Path(__file__).resolve().parent
BINARY = {"payload", "password", "correlation_data", "authentication_data"}
NEXT = "40020001"  # A packet that may follow any other, in both directions.
FINE = {"pass", "other-bytes", "skip"}
RANKS = ("send", "deliver", "close")  # None of them comes behind a close; other outputs have no order.
ANSWERS = ("ok", "error", "incomplete", "skip")
RIGHT = {"valid": ["ok"], "acceptable": ["ok", "error"], "invalid": ["error"], "incomplete": ["incomplete"]}

def check(holds, status, detail):
    if not holds:
        raise AssertionError(status, str(detail)[:400])

class Adapter:
    def __init__(self, command, options):
        self.command, self.options, self.is_tsv = command, options, options.format == "tsv"
        self.start()

    def start(self):
        self.process = subprocess.Popen(shlex.split(self.command) or [""], stdin=-1, stdout=-1)
        self.hello = {"impl": self.command, "versions": ["3.1", "3.1.1", "5.0"], "to": ["client", "server"],
                      "level": 0, "ops": ["decode", "topic"]}
        if not self.is_tsv:
            self.hello.update(self.exchange({"op": "hello", "contract": 1}, 6 * self.options.timeout))
        if self.hello.get("result", "ok") not in ANSWERS:
            raise OSError(f"{self.command!r} gives no answer to hello: {self.hello['why']}")
        self.level = min(self.hello["level"], self.options.level)

    def exchange(self, request, timeout):
        process, answers = self.process, queue.Queue()
        def talk():  # In a thread of its own, as an adapter may neither read nor write.
            with contextlib.suppress(OSError):  # It has died, which the missing answer shows.
                process.stdin.write((to_columns if self.is_tsv else json.dumps)(request).encode() + b"\n")
                process.stdin.flush()
            answers.put(process.stdout.readline())
        threading.Thread(target=talk, daemon=True).start()
        try:
            line = answers.get(timeout=timeout)
            if not line:
                return {"result": "crash", "why": f"it ended with {process.wait()}"}
            answer = dict((of_columns if self.is_tsv else json.loads)(line))
            if answer.get("id") == request.get("id") and answer.get("result", "ok") in ANSWERS:
                return answer
        except queue.Empty:
            return {"result": "stall", "why": f"nothing in {timeout} s; has it flushed its line?"}
        except (ValueError, TypeError):
            pass
        return {"result": "bad-answer", "why": line.decode(errors="replace")[:200]}

    def ask(self, op, case, **fields):
        """The answer, which is ok, error or incomplete; everything else is a verdict."""
        request = {name: case[name] for name in ("id", "version", "to", "level", "options") if name in case}
        answer = self.exchange({"op": op, "options": {}, **request, **fields}, self.options.timeout)
        if answer["result"] not in ANSWERS:
            self.process.kill()
            self.start()
        check(answer["result"] in ANSWERS[:3], answer["result"], answer)
        return answer

def to_columns(request):
    names = {"decode": ("version", "to", "level", "hex"), "topic": ("version", "filter_hex", "topic_hex")}
    return "\t".join(request.get(name, "") for name in ("op", "id", *names[request["op"]]))

def of_columns(line):
    id_, result, *third = line.decode().split()
    value = {name: json.loads(text) for name in ("consumed", "match") for text in third if result == "ok"}
    return {"id": id_, "result": result, **value}

def data(case):
    return "".join(piece * count for piece, count in case.get("hex_parts") or [(case["hex"], 1)])

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

def same(a, b):  # As JSON, where 1 is not true and keys have no order.
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)

def judge(adapter, case, answer, expected):
    """Checks verdict and code. True if a packet came out, as it should."""
    result, codes = answer["result"], case.get("error_any") or [case.get("error")]
    accepted = "bleed" if "FramingBleed" in case["flags"] else "accepts-invalid"
    status = {"ok": accepted, "error": "rejects-valid", "incomplete": "waits"}[result]
    if result != "incomplete" or "EarlyVerdict" not in case["flags"]:
        check(result in RIGHT[expected], status, f"{expected} expected, {answer}")
    if result == "error" and adapter.level == 2:
        told = [answer.get(name, case[name]) == case[name] for name in ("v5_reason", "connack") if name in case]
        is_code = answer.get("code") in codes or codes == [None]
        check(all(told) and is_code, "wrong-code", f"{codes} expected, {answer}")
    return result == "ok"

def decode(adapter, case):
    answer = adapter.ask("decode", case, hex=data(case))
    if judge(adapter, case, answer, case["result"]):
        check(answer.get("consumed", case["consumed"]) == case["consumed"], "wrong-length", answer)
        check(adapter.level < 1 or same(answer.get("packet"), written(case["packet"])), "wrong-packet", answer)
        if "consumed" in answer:
            again = adapter.ask("decode", case, hex=data(case) + NEXT)
            check(same(again, answer), "bleed", f"if a packet follows: {again}")

def encode(adapter, case):
    packet = written(case["packet"])
    answer = adapter.ask("encode", case, packet=packet)
    check(answer["result"] == "ok", "refuses", answer)
    again = adapter.ask("decode", case, hex=answer["hex"])
    is_same = again["result"] == "ok" and (adapter.level < 1 or same(again.get("packet"), packet))
    check(is_same, "wrong-packet", answer)
    check(not case["canonical"] or answer["hex"] == data(case), "other-bytes", answer)

def topic(adapter, case):
    fields, is_hex, share = {}, adapter.is_tsv or "hex" in case, written(case.get("share"))
    for name in ("filter", "topic") if "match" in case else (case["kind"].replace("name", "topic"),):
        text = case.get(name, case.get("text"))
        digits = data(case) if text is None else written(text).encode().hex()
        fields.update({f"{name}_hex": digits} if is_hex else {name: bytes.fromhex(digits).decode()})
    answer = adapter.ask("topic", case, **fields)
    if "match" in case:
        return check(answer.get("match") is case["match"], "wrong-answer", answer)
    valid = "acceptable" if "choice" in case else "valid"
    if judge(adapter, case, answer, valid if case["valid"] else "invalid"):
        check(adapter.level < 1 or same(answer.get("share", share), share), "wrong-answer", answer)

def stream(adapter, case):
    packets, digits = [piece["packet"] for piece in written(case["packets"])], data(case)
    ends = list(itertools.accumulate(piece["consumed"] for piece in written(case["packets"])))
    for plan in case["plans"]:
        answer = adapter.ask("stream", case, hex=digits, told=case["told"], plan=plan)
        found, answer["plan"] = answer.get("packets", []), plan
        judge(adapter, case, answer, {"complete": "valid"}.get(case["end"], case["end"]))
        check(same(found, packets) or adapter.level < 1 and len(found) == len(packets), "wrong-packet", answer)
        sizes = itertools.chain(plan or [len(digits) // 2], itertools.repeat(plan[-1] if plan else 0))
        after = [bisect.bisect(ends, at) for at, _ in zip(itertools.accumulate(sizes), answer.get("after", []))]
        check(answer.get("after", after) == after, "waits", answer)

def fits(names, wanted, found, is_whole=False):
    """The names of packet identifiers after this, or None if it is not what is expected."""
    if isinstance(wanted, str) and re.fullmatch(r"\$[a-z]+", wanted):
        return {**names, wanted: found} if type(found) is int and names.get(wanted, found) == found else None
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        wanted, found, is_whole = dict(enumerate(wanted)), dict(enumerate(found)), True
    if not isinstance(wanted, dict) or not isinstance(found, dict):
        return names if same(wanted, found) else None
    for key in {**wanted, **(found if is_whole else {})}:
        names = None if names is None else fits(names, wanted.get(key), found.get(key), is_whole)
    return names

def after_outputs(names, expected, found, distinct):
    """What names stand for if that came out: a list of one, or of none. Events and errors have no order."""
    rank = lambda output: next((at for at, kind in enumerate(RANKS) if kind in output), len(RANKS))
    ranks, wanted = [rank(output) for output in found], sorted(expected, key=rank)
    if len(found) != len(wanted) or 2 in ranks and min(ranks[ranks.index(2) + 1:], default=3) < 3:
        return []
    first = [output for each in range(3) for output in found if rank(output) == each]
    ways = (fits(names, dict(enumerate(wanted)), dict(enumerate([*first, *others])))
            for others in itertools.permutations(output for output in found if rank(output) == 3))
    is_way = lambda after: after is not None and len({after[name] for name in distinct}) == len(distinct)
    return list(filter(is_way, ways))[:1]

def session(adapter, case):
    adapter.ask("session", case, begin={name: case[name] for name in ("role", "version", "config")})
    readings = [{}]  # What names stand for, and which alternative was taken of each choice.
    for number, entry in enumerate(case["steps"], 1):
        kept = set().union(*readings)
        for _ in range(entry.get("repeat", 1)):
            readings = [{name: one[name] for name in one if name in kept or name[0] != "$"} for one in readings]
            for step in entry.get("steps", [entry]):
                readings = after_step(adapter, case, number, step, readings)

def after_step(adapter, case, number, step, before):
    names, digits, choice = before[0], step.get("hex", ""), step.get("choice")
    name = step["in"].get("recv", {}).get("packet_id")
    digits = digits.replace(name, f"{names[name]:04x}") if isinstance(name, str) else digits
    given = re.sub(r'"(\$[a-z]+)"', lambda found: str(names[found[1]]), json.dumps(step["in"]))
    request, after = {"at": step["at"], "in": json.loads(given), "hex": digits}, []
    out = adapter.ask("session", case, **request).get("out", [])
    for names, (index, expected) in itertools.product(before, enumerate(step.get("out_any") or [step["out"]])):
        if names.get(choice, index) == index:
            names = {**names, choice: index} if choice else names
            after += after_outputs(names, expected, out, step.get("distinct", []))
    check(after, "wrong-answer", f"step {number}, {request}: {out}")
    return after

def cases(options):  # Operation, group and case; a case about topics once for each version.
    for file in json.loads((ROOT / "manifest.json").read_text(encoding="utf-8"))["files"]:
        op, group = file["path"].split("/")[0], file["path"][:-len(".json")]
        for case in json.loads((ROOT / file["path"]).read_text(encoding="utf-8")).get("cases", []):
            if any(fnmatch.fnmatchcase(case["id"], pattern) for pattern in options.filter or ["*"]):
                for version in case.get("versions") or [case["version"]]:
                    yield op, group, {**case, "version": version}
                if case.get("result") == "valid" and "DecodeOnly" not in case["flags"]:
                    yield "encode", group.replace("decode", "encode"), case

def run(adapter, todo, options):
    hello, results = adapter.hello, []
    for op, group, case in todo:
        status, detail, side = "pass", "", case.get("to", case.get("role", "any"))
        long = sum(len(piece) // 2 * count for piece, count in case.get("hex_parts", [])) > 1 << 20
        long = long or sum(step.get("repeat", 1) for step in case.get("steps", [])) > 5000
        has_all = op in hello["ops"] and case["version"] in hello["versions"] and side in ("any", *hello["to"])
        try:
            check(has_all and not (adapter.is_tsv and "options" in case), "skip", "it has no such operation")
            check(options.all or not long, "skip", "it is long, see --all")
            globals()[op](adapter, case)
        except AssertionError as verdict:
            status, detail = verdict.args
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            status, detail = "bad-answer", f"something lacks or has another type: {error!r}"
        except KeyboardInterrupt:
            break
        results.append({"op": op, "group": group, "id": case["id"], "status": status, "detail": detail})
    adapter.process.kill()
    return {**hello, "results": results}

def table(runs, key):  # Rows of counts of statuses, a column for each implementation.
    names = dict.fromkeys(key(result) for one in runs for result in one["results"])
    return {name: [collections.Counter(result["status"] for result in one["results"] if key(result) == name)
                   for one in runs] for name in names}

def cell(counts):
    passed = sum(counts[status] for status in FINE - {"skip"})
    return f"{passed}/{sum(counts.values()) - counts['skip']}" if set(counts) - {"skip"} else "-"

def failures(one):
    return [f"{result['status']}: {result['op']} {result['id']} {ascii(result['detail'])}"
            for result in one["results"] if result["status"] not in FINE]

def page(runs):
    def column(counts):
        kind = "none" if cell(counts) == "-" else "good" if FINE.issuperset(counts) else "bad"
        title = ", ".join(f"{status} {counts[status]}" for status in sorted(counts))
        return f'<td class="{kind}" title="{title}">{cell(counts)}'
    heads = [html.escape(f"{one['impl']} {one.get('impl_version', '')}") for one in runs]
    rows = {**table(runs, lambda _: "all cases"), **table(runs, lambda result: result["group"])}
    lines = [f"<tr><th>{html.escape(name)}{''.join(map(column, columns))}" for name, columns in rows.items()]
    lists = [f"<h2>Not passed by {head}</h2><pre>{html.escape(chr(10).join(failures(one)))}</pre>"
             for head, one in zip(heads, runs)]
    return f"""<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>MQTT vectors</title><style>
body {{ font: 15px/1.4 sans-serif; margin: 2em }} table {{ border-collapse: collapse }}
td, th {{ padding: .2em .8em; border-bottom: 1px solid #ddd; text-align: left }} th {{ font: inherit }}
.good {{ background: #d8f0d8 }} .bad {{ background: #fbe3c8 }} .none {{ color: #888 }}
pre {{ white-space: pre-wrap }}</style><h1>MQTT conformance vectors</h1>
<p>Passed of those that were run; point at a number to see what became of the others.
<table><tr><th>Cases<th>{'<th>'.join(heads)}{''.join(lines)}</table>{''.join(lists)}</html>"""

def junit(runs):
    text = ""
    for one in runs:
        text += f'<testsuite name="{html.escape(one["impl"])}" tests="{len(one["results"])}">\n'
        for result in one["results"]:
            why = f'<failure message="{result["status"]}">{html.escape(ascii(result["detail"]))}</failure>'
            why = "<skipped/>" if result["status"] == "skip" else "" if result["status"] in FINE else why
            text += f'<testcase classname="{result["group"]}" name="{result["id"]}">{why}</testcase>\n'
        text += "</testsuite>\n"
    return f"<testsuites>{text}</testsuites>"

def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--adapter", action="append", required=True, help="a command; may be given several times")
    add("--format", choices=("json", "tsv"), default="json", help="how lines are written")
    add("--filter", action="append", help="ids to run, such as 'v311/connect/*'; may be given several times")
    add("--level", type=int, default=2, help="compare 0: verdicts, 1: packets too, 2: codes too")
    add("--all", action="store_true", help="run input over 1 MiB and traces over 5000 steps too")
    add("--timeout", type=float, default=5, help="seconds without an answer that are a stall")
    writers = {"json": json.dumps, "junit": junit, "html": page}
    for name in writers:
        add(f"--{name}", help="write the results to this file")
    options = parser.parse_args()
    todo = list(cases(options)) or parser.error("no case has such an id")
    try:
        runs = [run(Adapter(command, options), todo, options) for command in options.adapter]
    except (OSError, ValueError) as error:
        parser.error(error)
    for name in filter(vars(options).get, writers):
        pathlib.Path(getattr(options, name)).write_text(writers[name](runs), encoding="utf-8")
    rows = {**table(runs, lambda result: result["group"].rpartition("/")[0]), **table(runs, lambda _: "all")}
    print("\t".join(["", *(one["impl"] for one in runs)]).expandtabs(24))
    for name, columns in rows.items():
        print("\t".join([name, *map(cell, columns)]).expandtabs(24))
    for one, counts in zip(runs, rows.get("all", [])):
        print(f"\n{one['impl']}: " + ", ".join(f"{status} {counts[status]}" for status in sorted(counts)))
        print("".join(f"  {text[:200]}\n" for text in failures(one)[:20]), end="")
    sys.exit(2 if any(len(one["results"]) < len(todo) for one in runs) else any(map(failures, runs)))

if __name__ == "__main__":
    main()
