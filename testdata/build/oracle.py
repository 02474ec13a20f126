"""An adapter that knows the answers, or gives wrong ones where it is told: oracle.py FAULT [ID].

It is what the tests of the runner and of its page run. FAULT is none, crash, stall, garbage, accept,
refuse, wait, packet, code, length, skip, empty, mute, twice or columns; without ID it is in every answer.
"""

import json
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
sys.dont_write_bytecode = True

import run  # noqa: E402

NAME = re.compile(r'"\$[a-z]+"')
FAULT, ONLY = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None


def all_cases():
    for file in json.loads((run.ROOT / "manifest.json").read_text(encoding="utf-8"))["files"]:
        for case in json.loads((run.ROOT / file["path"]).read_text(encoding="utf-8")).get("cases", []):
            yield case["id"], case


CASES = dict(all_cases())
TRACE = iter(())


def session(request):
    """Says what the trace says, the first of alternatives, with a number of its own for each name."""
    global TRACE
    if "begin" in request:
        entries = CASES[request["id"]]["steps"]
        TRACE = iter([step for entry in entries for _ in range(entry.get("repeat", 1))
                      for step in entry.get("steps", [entry])])
        return {"result": "ok"}
    step = next(TRACE)
    out = step["out"] if "out" in step else step["out_any"][0]
    numbers = {name: at for at, name in enumerate(sorted(set(NAME.findall(json.dumps(CASES[request["id"]])))), 1)}
    return {"result": "ok", "out": json.loads(NAME.sub(lambda found: str(numbers[found[0]]), json.dumps(out)))}


def right(request):
    if request["op"] == "session":
        return session(request)
    case = CASES[request["id"]]
    code = case.get("error") or (case.get("error_any") or [None])[0]
    if request["op"] == "encode":
        return {"result": "ok", "hex": run.data(case)}
    if request["op"] == "topic":
        if "match" in case:
            return {"result": "ok", "match": case["match"]}
        if not case["valid"]:
            return {"result": "error", "code": code}
        return {"result": "ok", "share": run.written(case.get("share"))}
    if request["op"] == "stream":
        packets = [piece["packet"] for piece in run.written(case["packets"])]
        end = {"complete": "ok", "invalid": "error"}.get(case["end"], case["end"])
        return {"result": end, "packets": packets, "code": code}
    if case["result"] in ("valid", "acceptable"):
        return {"result": "ok", "packet": run.written(case["packet"]), "consumed": case["consumed"]}
    return {"result": {"invalid": "error"}.get(case["result"], case["result"]), "code": code}


def wrong(answer):
    if FAULT == "crash":
        sys.exit(3)
    if FAULT == "stall":
        time.sleep(60)
    if FAULT == "empty":
        return {"result": "ok"}
    if "out" in answer:
        return answer | {"out": [] if FAULT == "mute" else answer["out"] * 2}
    changed = {"accept": {"result": "ok", "packet": {}}, "refuse": {"result": "error", "code": "x.y"},
               "wait": {"result": "incomplete"}, "packet": {"packet": {"type": "none"}},
               "code": {"code": "x.y"}, "length": {"consumed": 99}, "skip": {"result": "skip"}}
    return answer | changed.get(FAULT, {})


def columns(line):
    op, id_, *_ = line.rstrip("\n").split("\t")
    answer = right({"op": op, "id": id_})
    third = answer.get("match", answer.get("consumed", ""))
    return "\t".join([id_, answer["result"], str(third).lower()])


def main():
    for line in sys.stdin:
        if FAULT == "columns":
            print(columns(line), flush=True)
            continue
        request = json.loads(line)
        if request["op"] == "hello":
            answer = {"impl": f"oracle <{FAULT}>", "versions": ["3.1", "3.1.1", "5.0"], "level": 2,
                      "to": ["client", "server"], "ops": ["decode", "encode", "topic", "stream", "session", "dance"]}
        else:
            answer = right(request)
            if FAULT != "none" and ONLY in (None, request["id"]):
                answer = wrong(answer)
            answer["id"] = request["id"]
        is_garbage = FAULT == "garbage" and request["op"] != "hello" and ONLY in (None, request["id"])
        print("no JSON" if is_garbage else json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
