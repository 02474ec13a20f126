#!/usr/bin/env python3
"""Runs clients that others have written against the example broker, and the example clients against
brokers that others have written; prints a table.

    python3 tests/peers/run.py                          # everything
    python3 tests/peers/run.py --only paho,mqttjs -v    # some kinds of clients, and what is slow

What is missing is installed into $MQTT_TOOLS, by default a folder for temporary files; programs of
Debian only if this runs as root. What cannot be installed is skipped, which is a failure if
MQTT_PURE_NEED_PEERS is set. Exit code: 0 if nothing failed, 1 if something did.

The clients have one command line: `sub` or `pub`, and then name=value of host, port, version,
transport (tcp, tls or ws), ca, id, clean (1 or 0) and qos; will and will_message for a will at QoS 1;
for `sub` filters, for `pub` topics, retain, pace in milliseconds, and either file or message or count,
for m0, m1 and so on, each to the next topic. `sub` prints `ready` when it has subscribed, then
`message TOPIC QOS RETAIN PAYLOAD` until it is killed, with a hash instead of a long payload, and connects
again to its session if the connection is lost. `pub` ends with 0 when all is acknowledged."""

import argparse
import concurrent.futures
import contextlib
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import brokers
import checks
import kinds
import tools
from programs import Failed, Program, make_certificates

BROKERS = "ours,mosquitto,aedes,amqtt"
VERSIONS = "3.1,3.1.1,5.0"
PAHO_LIMIT = 140  # Seconds for one class of paho's tests, which wait much.


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ",".join(dict.fromkeys([row[0] for row in kinds.ROWS] + ["paho-tests"]))
    columns = ",".join(checks.CHECKS)
    option = parser.add_argument
    option("--only", default=names, help=f"kinds of clients, of {names}")
    option("--checks", default=columns, help=f"columns of the table, of {columns}")
    option("--brokers", default=BROKERS, help=f"some of {BROKERS}")
    option("--versions", default=VERSIONS, help=f"some of {VERSIONS}")
    option("--jobs", type=int, default=8, help="how many rows at once")
    option("--faults", action="store_true", help="make the checks too that a peer is known to fail")
    option("--keep", action="store_true", help="keep the folder with the packets and the output of programs")
    option("--broker-option", action="append", default=[], help="one more argument for our broker")
    option("-v", "--verbose", action="store_true", help="tell what each check says and how long it takes")
    given = parser.parse_args()
    for name, known in ("only", names), ("checks", columns), ("brokers", BROKERS), ("versions", VERSIONS):
        asked = getattr(given, name).split(",")
        unknown = [item for item in asked if item not in known.split(",")]
        if unknown:
            parser.error(f"--{name}: unknown: {', '.join(unknown)}")
        setattr(given, name, asked)
    return given


def line_up(given, work, examples, started):
    """The rows that can be run, with their brokers, which are noted by name; and what is skipped."""
    rows, made, skipped = [], {}, []

    def once(known, name, make):
        if name not in known:
            try:
                known[name] = make()
            except tools.Missing as missing:
                known[name] = None
                skipped.append(f"{name}: {missing}")
        return known[name]

    environment = tools.environment(examples, work)
    for name, broker, transport, versions in kinds.ROWS:
        versions = [version for version in versions.split() if version in given.versions]
        if name not in given.only or broker not in given.brokers or not versions:
            continue
        kind = once(made, name, lambda: kinds.make(name, examples, work))
        server = kind and once(started, broker, lambda: brokers.start(
            broker, examples, environment, work, given.broker_option))
        if server:
            rows += [(kind, server, transport, version) for version in versions]
    return rows, skipped


def run_row(number, row, given, work):
    """The cells of a row: what is to be shown, and why."""
    kind, broker, transport, version = row
    bench = checks.Bench(kind, version, transport, broker, work, number)
    cells = {}
    for name in given.checks:
        where = (kind.name, broker.name, transport, version, name)
        missing, fault = kinds.found_in(kinds.MISSING, *where), kinds.found_in(kinds.FAULTS, *where)
        if missing or fault and not given.faults:
            cells[name] = ("-", missing) if missing else ("peer", fault)
            continue
        begin = time.monotonic()
        try:
            checks.CHECKS[name](bench, f"{bench.name}/{name}")
            cells[name] = ("ok", "")
        except Failed as failed:
            cells[name] = ("peer", f"{fault}: {failed}") if fault else ("FAIL", f"{bench.name}: {failed}")
        finally:
            bench.close()
        if given.verbose:
            seconds = time.monotonic() - begin
            print(f"{bench.name} {name}: {' '.join(cells[name])} ({seconds:.1f} s)", flush=True)
    return cells


def run_paho_tests(name, examples, work):
    """The lines that one class of paho's own tests prints."""
    command = [tools.python("clients", tools.CLIENTS), str(tools.HERE / "clients" / "paho_tests.py"),
               str(tools.paho_tests()), name, str(examples / "broker")]
    tests = Program(command, tools.environment(examples, work), work / f"paho-{name}.log")
    try:
        tests.process.wait(PAHO_LIMIT)
        tests.reader.join()
        lines = [line for line in tests.lines if line]
        return lines if tests.process.returncode == 0 else [*lines, f"FAIL {name} {tests.errors()}"]
    except subprocess.TimeoutExpired:
        return [*filter(None, tests.lines), f"FAIL {name} does not end"]
    finally:
        tests.kill()


def judge(line):
    """What a test of paho's own says, with what is known of it."""
    verdict, name, *why = line.split(" ", 2)
    if verdict == "FAIL" and name in kinds.PAHO_DIFFERS:
        return "-", name, kinds.PAHO_DIFFERS[name]
    return verdict, name, " ".join(why)


def show(rows, results, tests, names):
    """Prints the table, and below it what its cells mean."""
    heads = [f"{kind.name} {version} {transport} at {broker.name}" for kind, broker, transport, version in rows]
    width = max(map(len, heads), default=0)
    notes = {}

    def cell(name, verdict, why):
        if why:
            at = notes.setdefault((verdict, why), len(notes) + 1)
            verdict += f" {at}" if verdict != "ok" else ""
        return verdict.rjust(max(len(name), 7))

    if rows:
        print(" " * width, *(name.rjust(max(len(name), 7)) for name in names))
    for head, cells in zip(heads, results):
        print(head.ljust(width), *(cell(name, *cells[name]) for name in names))
    if tests:
        others = [f"{name} {cell('', verdict, why).strip()}" for verdict, name, why in tests if verdict != "ok"]
        count = len(tests) - len(others)
        print(f"paho-mqtt's own tests of 5.0 at ours: {count} of {len(tests)} ok;", ", ".join(others))
        print("Its other tests play the broker themselves, and mqtt.js is published without its tests.")
    for (verdict, why), at in notes.items():
        if verdict != "ok":
            print(f"{verdict} {at}: {why}")


@contextlib.contextmanager
def kept():
    folder = tempfile.mkdtemp(prefix="mqtt-pure-peers-")
    print(f"everything is in {folder}")
    yield folder


def work_in(folder, given):
    """Runs everything. Whether nothing failed, and what was skipped."""
    work = pathlib.Path(folder)
    make_certificates(work)
    for size in (256 << 10, 16 << 20):
        # Our client writes a line end behind a message.
        (work / f"{size}.bin").write_bytes(random.randbytes(size).replace(b"\n", b"\r"))
    examples, started, suites = tools.examples(), {}, []
    begin = time.monotonic()
    try:
        rows, skipped = line_up(given, work, examples, started)
        if "paho-tests" in given.only:
            try:
                tools.paho_tests()
                suites = kinds.PAHO_CLASSES
            except tools.Missing as missing:
                skipped.append(f"paho-tests: {missing}")
        begin = time.monotonic()
        with (concurrent.futures.ThreadPoolExecutor(given.jobs) as pool,
              concurrent.futures.ThreadPoolExecutor(len(suites) or 1) as suite_pool):
            # They mostly wait.
            tests = suite_pool.map(lambda name: run_paho_tests(name, examples, work), suites)
            results = list(pool.map(lambda it: run_row(*it, given, work), enumerate(rows)))
            tests = [judge(line) for lines in tests for line in lines]
    finally:
        for server in filter(None, started.values()):
            server.stop()
    show(rows, results, tests, given.checks)
    for why in skipped:
        print(f"skipped: {why}")
    print(f"{time.monotonic() - begin:.0f} s")
    verdicts = [cell[0] for cells in results for cell in cells.values()] + [test[0] for test in tests]
    return "FAIL" not in verdicts, skipped


def main():
    given = arguments()
    is_needed = os.environ.get("MQTT_PURE_NEED_PEERS", "") not in ("", "0")
    try:
        tools.system("openssl", "openssl")
    except tools.Missing as missing:
        print(f"skipped: {missing}")
        sys.exit(is_needed)
    with kept() if given.keep else tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            is_fine, skipped = work_in(folder, given)
        except tools.Missing as missing:
            sys.exit(f"ours cannot be built: {missing}")
    sys.exit(not is_fine or bool(skipped and is_needed))


if __name__ == "__main__":
    main()
