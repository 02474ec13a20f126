"""Writes the conformance vectors from the case tables.

python3 testdata/build/build.py          rewrites the JSON
python3 testdata/build/build.py --check  fails if the JSON is not what the tables say
"""

import argparse
import hashlib
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.dont_write_bytecode = True

import cases_connect  # noqa: E402
import cases_frame  # noqa: E402
import cases_publish  # noqa: E402
import cases_session_auth  # noqa: E402
import cases_session_client  # noqa: E402
import cases_session_delivery  # noqa: E402
import cases_session_kept  # noqa: E402
import cases_session_limits  # noqa: E402
import cases_session_order  # noqa: E402
import cases_session_server  # noqa: E402
import cases_session_subscribe  # noqa: E402
import cases_session_will  # noqa: E402
import cases_stream  # noqa: E402
import cases_subscribe  # noqa: E402
import cases_topic_match  # noqa: E402
import cases_topic_validate  # noqa: E402
import cases_v5_connect  # noqa: E402
import cases_v5_disconnect  # noqa: E402
import cases_v5_frame  # noqa: E402
import cases_v5_properties  # noqa: E402
import cases_v5_publish  # noqa: E402
import cases_v5_subscribe  # noqa: E402
import coverage  # noqa: E402
import session_checks  # noqa: E402
import sessions  # noqa: E402
import streams  # noqa: E402
from suite import Suite, file_text, plain, value_text  # noqa: E402
from tables import CODES, CODES_OF_5_0, FLAGS, IN_5_0  # noqa: E402
from topics import Table  # noqa: E402

ROOT = pathlib.Path(__file__).parent.parent
VERSION = "1.5.0"
LARGEST_FILE = 100_000

# Session statements that no trace names, by version and without MQTT- in front, and why.
NO_TRACE = {"3.1.1": {}, "5.0": {}}


def decode_suite():
    suite = Suite()
    for name in ("3.1", "3.1.1"):
        v = suite.version(name)
        if name == "3.1":
            cases_connect.connect_3_1(v)
        else:
            cases_connect.connect_3_1_1(v)
        cases_connect.connack(v)
        cases_publish.publish_cases(v)
        cases_publish.ack_cases(v)
        cases_subscribe.subscribe_cases(v)
        cases_subscribe.suback_cases(v)
        cases_subscribe.unsubscribe_cases(v)
        cases_frame.empty_packets(v)
        cases_frame.frame_cases(v)
        cases_frame.direction_cases(v)
    cases_5_0(suite.version("5.0"))
    return suite


def cases_5_0(v):
    cases_v5_connect.connect_cases(v)
    cases_v5_connect.connack_cases(v)
    cases_v5_publish.publish_cases(v)
    cases_v5_publish.ack_cases(v)
    cases_v5_subscribe.subscribe_cases(v)
    cases_v5_subscribe.suback_cases(v)
    cases_v5_subscribe.unsubscribe_cases(v)
    cases_v5_subscribe.unsuback_cases(v)
    cases_v5_disconnect.disconnect_cases(v)
    cases_v5_disconnect.auth_cases(v)
    cases_v5_properties.property_cases(v)
    cases_v5_frame.ping_cases(v)
    cases_v5_frame.frame_cases(v)
    cases_v5_frame.direction_cases(v)


def error_codes():
    reasons = {code: (refs, reasons) for code, refs, reasons in IN_5_0}
    codes = [code_entry(code, description, refs, {"connack": connack, "close": True},
                        reasons.get(code), "1.1.0" if code == "packet.direction" else "1.0.0")
             for code, refs, connack, description in CODES]
    codes += [code_entry(code, description, [], None, reasons[code], "1.1.0")
              for code, description in CODES_OF_5_0]
    return {"suite": "mqtt-vectors", "schema": "error-codes-1", "version": VERSION, "codes": codes}


def code_entry(code, description, refs, action_3_1_1, in_5_0, since):
    """The numbers of statements mean something else in each version, so they are kept apart."""
    refs_5_0, reasons = in_5_0 or ([], [])
    action = {"3.1.1": action_3_1_1} if action_3_1_1 else {}
    if in_5_0:
        action["5.0"] = {"reasons": [f"0x{reason:02x}" for reason in reasons], "close": True}
    return {"code": code, "description": description, "refs": refs, "refs_5_0": refs_5_0,
            "action": action, "since": since}


def flags():
    entries = {name: {"description": description} for name, description in FLAGS}
    return {"suite": "mqtt-vectors", "version": VERSION, "flags": entries}


def checked_suite():
    """The cases for decoders; what they name has to exist, and no input may be there twice."""
    suite = decode_suite()
    reasons = {code: {f"0x{reason:02x}" for reason in reasons} for code, _, reasons in IN_5_0}
    seen = {}
    for case in suite.cases:
        codes = known_codes_of(case)
        assert case["version"] != "5.0" or codes <= reasons.keys(), case
        if "v5_reason" in case:
            assert all(case["v5_reason"] in reasons[code] for code in codes), case
        assert case["id"] not in seen, case
        receiver = case["to"] if case["level"] == "direction" else None
        key = json.dumps([case["version"], receiver, case.get("hex"), case.get("hex_parts"),
                          case.get("options")])
        assert key not in seen.values(), f"the same bytes twice: {case['id']}"
        seen[case["id"]] = key
    return suite


def checked_topics():
    """The cases about topics, checked in the same way."""
    table = Table()
    cases_topic_validate.validate_cases(table)
    cases_topic_match.match_cases(table)
    seen = {}
    for case in table.validate + table.match:
        known_codes_of(case)
        assert case["id"] not in seen, case
        content = [plain(case.get(name))
                   for name in ("kind", "text", "hex", "hex_parts", "filter", "topic")]
        keys = {json.dumps([version, *content]) for version in case["versions"]}
        assert keys.isdisjoint(key for others in seen.values() for key in others), case
        seen[case["id"]] = keys
    return {"validate": table.validate, "match": table.match}


def checked_streams():
    """The streams by version."""
    tables, seen = {}, set()
    known = statements()
    for version in ("3.1", "3.1.1", "5.0"):
        table = streams.Streams(version)
        cases_stream.stream_cases(table)
        for case in table.cases:
            known_codes_of(case)
            assert set(case["refs"]) <= known.get(version, {}).keys(), case["id"]
            content = json.dumps(plain([case.get(name) for name in
                                        ("hex", "hex_parts", "plans", "told", "level", "options")]))
            assert case["id"] not in seen and (version, content) not in seen, case["id"]
            seen |= {case["id"], (version, content)}
        tables[version] = table.cases
    return tables


def statements():
    """The layer of each statement, by version."""
    tables = {}
    for version in ("3.1.1", "5.0"):
        lines = (ROOT / f"statements-{version}.tsv").read_text().splitlines()[1:]
        tables[version] = dict(line.split("\t") for line in lines)
    return tables


def checked_sessions():
    """The traces of sessions; each statement about sessions has one, or a reason why not."""
    book = sessions.Book()
    cases_session_delivery.delivery_traces(book)
    cases_session_order.order_traces(book)
    cases_session_limits.limits_traces(book)
    cases_session_client.client_traces(book)
    cases_session_server.server_traces(book)
    cases_session_subscribe.subscribe_traces(book)
    cases_session_kept.kept_traces(book)
    cases_session_auth.auth_traces(book)
    cases_session_will.will_traces(book)
    session_checks.checked(book.traces, statements())
    missing = session_checks.uncovered(book.traces, statements(), NO_TRACE)
    print(f"{len(book.traces)} traces; statements about sessions in none: {len(missing)}")
    for version, id, reason in missing:
        print(f"  {version} {id}: {reason}")
    return book


def known_codes_of(case):
    """The codes of the case, after a look whether they and its flags are known."""
    codes = {case.get("error"), *case.get("error_any", [])} - {None}
    assert codes <= {code for code, *_ in CODES + CODES_OF_5_0}, case
    assert set(case["flags"]) <= {name for name, _ in FLAGS}, case
    return codes


def all_files():
    """Every file that is written, by its path, and what is in it."""
    files, listed = {}, []
    for path, cases in checked_suite().files().items():
        group = path.rsplit("/", 1)[1].removesuffix(".json")
        head = {"schema": "decode-1", "version": VERSION, "packet": group}
        files[path] = file_text(head, cases)
        listed.append((path, "schema/decode-1.schema.json", len(cases)))
    for question, cases in checked_topics().items():
        path = f"topic/{question}.json"
        head = {"schema": "topic-1", "version": VERSION, "question": question}
        files[path] = file_text(head, cases)
        listed.append((path, "schema/topic-1.schema.json", len(cases)))
    for version, cases in checked_streams().items():
        path = f"stream/v{version}.json"
        files[path] = file_text({"schema": "stream-1", "version": VERSION}, cases)
        listed.append((path, "schema/stream-1.schema.json", len(cases)))
    for path, traces in checked_sessions().files().items():
        _, role, _, group = path.removesuffix(".json").split("/")
        head = {"schema": "session-1", "version": VERSION, "role": role, "group": group}
        files[path] = sessions.file_text(head, traces)
        listed.append((path, "schema/session-1.schema.json", len(traces)))
    files["error-codes.json"] = value_text(error_codes())
    listed.append(("error-codes.json", "schema/error-codes-1.schema.json",
                   len(CODES) + len(CODES_OF_5_0)))
    files["flags.json"] = value_text(flags())
    listed.append(("flags.json", None, len(FLAGS)))
    manifest = {"suite": "mqtt-vectors", "version": VERSION, "files": [
        {"path": path, "schema": schema, "cases": count,
         "sha256": hashlib.sha256(files[path].encode()).hexdigest()}
        for path, schema, count in sorted(listed)]}
    files["manifest.json"] = value_text(manifest)
    written = [(path.split("/")[0], case) for path, text in files.items() if "/" in path
               for case in json.loads(text)["cases"]]
    files["COVERAGE.md"] = coverage.text(statements(), written, ROOT)
    return files


def stale_files(files):
    """What lies in the directory though no table names it."""
    found = [path for folder in ("decode", "topic", "session", "stream")
             for path in ROOT.glob(f"{folder}/**/*.json")]
    return sorted({path.relative_to(ROOT).as_posix() for path in found} - files.keys())


def main():
    parser = argparse.ArgumentParser(description="Writes the conformance vectors.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    check = parser.parse_args().check
    files = all_files()
    for path, text in files.items():
        assert len(text.encode()) < LARGEST_FILE or path.endswith(".md"), f"{path} is too large: {len(text)}"
    if check:
        wrong = [path for path, text in files.items()
                 if not (ROOT / path).exists() or (ROOT / path).read_bytes() != text.encode()]
        wrong += stale_files(files)
        for path in wrong:
            print(f"{path} is not what the tables say", file=sys.stderr)
        sys.exit(1 if wrong else 0)
    for path, text in files.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_bytes(text.encode())
    for path in stale_files(files):
        (ROOT / path).unlink()


if __name__ == "__main__":
    main()
