"""Tests of the runner: python3 testdata/build/run_test.py"""

import json
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ET

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))
sys.dont_write_bytecode = True
import run  # noqa: E402

RUN, ORACLE = FOLDER.parent / "run.py", FOLDER / "oracle.py"


def oracle(fault, id=""):
    return f"{sys.executable} {ORACLE} {fault} {id}"


class Runner(unittest.TestCase):
    def run_it(self, *adapters, code=0, arguments=()):
        """The results of each adapter."""
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "out.json"
            command = [sys.executable, RUN, "--json", out, "--timeout", "2", *arguments]
            for adapter in adapters:
                command += ["--adapter", adapter]
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
            self.printed = done.stdout + done.stderr
            return [one["results"] for one in json.loads(out.read_text())] if out.exists() else []

    def of(self, results, status, op="decode"):
        return [result["id"] for result in results if result["status"] == status and result["op"] == op]

    def statuses(self, fault, id, op="decode", code=1):
        results, = self.run_it(oracle(fault, id), arguments=["--filter", id], code=code)
        return {result["status"] for result in results if result["op"] == op}

    def test_who_knows_the_answers_passes(self):
        results, = self.run_it(oracle("none"), arguments=["--filter", "v311/connect/*", "--filter", "topic/*",
                                                          "--filter", "stream/v50/*"])
        self.assertGreater(len(results), 900)
        self.assertEqual({result["status"] for result in results}, {"pass"})
        self.assertIn("all", self.printed)

    def test_the_fault_is_named(self):
        for fault, id, status in [
                ("accept", "v311/connect/reserved-flag-01", "accepts-invalid"),
                ("accept", "v311/puback/packet-id-half-then-packet", "bleed"),
                ("refuse", "v311/puback/packet-id-1", "rejects-valid"),
                ("refuse", "v311/connect/reserved-flag-01", "wrong-code"),
                ("wait", "v311/connect/reserved-flag-01", "waits"),
                ("packet", "v50/puback/packet-id-1", "wrong-packet"),
                ("length", "v311/puback/packet-id-1", "wrong-length"),
                ("crash", "v311/puback/packet-id-1", "crash"),
                ("garbage", "v311/puback/packet-id-1", "bad-answer"),
                ("stall", "v311/puback/packet-id-1", "stall")]:
            if id not in IDS:
                self.fail(id)
            with self.subTest(fault=fault, id=id):
                self.assertEqual(self.statuses(fault, id), {status})

    def test_streams_and_topics_have_verdicts_too(self):
        self.assertEqual(self.statuses("wait", "stream/v311/many-pings", "stream"), {"waits"})
        self.assertEqual(self.statuses("packet", "stream/v311/nothing", "stream", code=0), {"pass"})
        self.assertEqual(self.statuses("accept", "topic/filter/hash-not-last", "topic"),
                         {"accepts-invalid"})

    def test_traces_are_held_against_what_came_out(self):
        arguments = ["--filter", "s*/*/qos2/*", "--filter", "s*/*/subscribe/*", "--filter", "s*/*/ids/*"]
        results, mute, twice = self.run_it(oracle("none"), oracle("mute"), oracle("twice"), code=1,
                                           arguments=arguments)
        self.assertGreater(len(self.of(results, "pass", "session")), 150)
        self.assertEqual({result["status"] for result in results}, {"pass", "skip"})
        for wrong in (mute, twice):
            self.assertEqual({result["status"] for result in wrong}, {"wrong-answer", "skip"})

    def test_outputs_fit(self):
        def send(number, **more):
            return {"send": {"type": "puback", "packet_id": number, **more}}

        def lost(token):
            return {"event": "lost", "token": token}

        close, p, q = {"close": {}}, "$p", "$q"
        for expected, found, distinct, names in [
                ([], [], [], {}), ([], [close], [], None), ([close], [], [], None), ([close], [close, close], [], None),
                ([send(p)], [send(7, dup=False)], [], {p: 7}), ([send(p)], [{"send": {"type": "puback"}}], [], None),
                ([send(1), send(2)], [send(2), send(1)], [], None), ([send(1)], [send(1), send(1)], [], None),
                ([lost("a"), lost("b")], [lost("b"), lost("a")], [], {}),
                ([{"event": "lost"}, lost("a")], [lost("a"), lost("b")], [], {}),
                ([lost("a"), lost("b")], [lost("a"), lost("a")], [], None),
                ([send(1), close], [close, send(1)], [], None), ([lost("a"), close], [close, lost("a")], [], {}),
                ([send(p), send(q)], [send(1), send(1)], [], {p: 1, q: 1}),
                ([send(p), send(q)], [send(1), send(1)], [p, q], None),
                ([send(p), send(p)], [send(1), send(2)], [], None), ([send(1)], [send(True)], [], None),
                ([send(1, codes=[{"a": 1}])], [send(1, codes=[{"a": 1, "b": None}])], [], {}),
                ([send(1, codes=[{"a": 1}])], [send(1, codes=[{"a": 1, "b": 2}])], [], None),
                ([send(1, codes=[1])], [send(1, codes=[1, 2])], [], None),
                ([send(1, will=None)], [send(1)], [], {}), ([send(1, will=None)], [send(1, will=2)], [], None),
                ([send(1)], [{"said": 1}, send(1)], [], None)]:
            with self.subTest(expected=expected, found=found):
                self.assertEqual(run.after_outputs({}, expected, found, distinct), [] if names is None else [names])

    def test_what_follows_a_crash_is_run(self):
        results, = self.run_it(oracle("crash", "v311/puback/packet-id-1"), code=1,
                               arguments=["--filter", "v311/puback/packet-id-*"])
        self.assertEqual(self.of(results, "crash"), ["v311/puback/packet-id-1"])
        self.assertGreater(len(self.of(results, "pass")), 3)

    def test_what_is_not_known_is_skipped(self):
        results, = self.run_it(oracle("skip"), arguments=["--filter", "v311/puback/*"])
        self.assertEqual({result["status"] for result in results}, {"skip"})

    def test_levels(self):
        id = "v311/connect/reserved-flag-01"
        results, = self.run_it(oracle("code", id), arguments=["--filter", id, "--level", "1"])
        self.assertEqual([result["status"] for result in results], ["pass"])

    def test_columns(self):
        results, = self.run_it(oracle("columns"), arguments=[
            "--format", "tsv", "--filter", "v311/puback/*", "--filter", "topic/*"])
        self.assertEqual({result["status"] for result in results}, {"pass", "skip"})
        self.assertGreater(len(self.of(results, "pass", "topic")), 900)

    def test_several_adapters_and_junit(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "out.xml"
            self.run_it(oracle("none"), oracle("refuse"), code=1,
                        arguments=["--filter", "v311/puback/packet-id-1", "--junit", str(path)])
            suites = ET.parse(path).getroot()
        self.assertEqual([suite.get("name") for suite in suites], ["oracle <none>", "oracle <refuse>"])
        self.assertEqual([len(suite.findall(".//failure")) for suite in suites], [0, 2])

    def test_it_stays_one_short_file(self):
        lines = RUN.read_text(encoding="utf-8").splitlines()
        self.assertLess(len(lines), 300)
        self.assertLess(max(map(len, lines)), 113)

    def test_it_says_if_it_cannot_run(self):
        nothing = f"{sys.executable} -c pass"
        for adapter, filter_, words in [
                (nothing, "*", "no answer to hello"), (oracle("none"), "no/such/case", "no case has such an id"),
                ("/no/such/program", "*", "No such file"), (str(FOLDER), "*", "Permission denied"),
                ("", "*", "''"), ("'", "*", "No closing quotation"), ("echo garbage", "*", "garbage")]:
            with self.subTest(adapter=adapter, filter=filter_):
                self.run_it(adapter, code=2, arguments=["--filter", filter_])
                self.assertIn(words, self.printed)
                self.assertNotIn("Traceback", self.printed)

    def test_who_does_not_read_is_stalled(self):
        """The request is larger than what a pipe holds."""
        id = "v311/frame/limit-mebibyte-exact"
        hello = {"impl": "deaf", "versions": ["3.1.1"], "to": ["client", "server"], "ops": ["decode"], "level": 0}
        code = f"import time; input(); print({json.dumps(hello)!r}, flush=True); time.sleep(60)"
        results, = self.run_it(shlex.join([sys.executable, "-c", code]), code=1, arguments=["--filter", id])
        self.assertEqual(self.of(results, "stall"), [id])

    def test_what_is_missing_in_an_answer_is_no_end_of_the_run(self):
        results, = self.run_it(oracle("empty"), code=1, arguments=["--filter", "v311/puback/packet-id-1"])
        self.assertEqual([result["status"] for result in results], ["wrong-packet", "bad-answer"])

    def test_what_was_found_is_told_if_it_is_interrupted(self):
        command = [sys.executable, RUN, "--adapter", oracle("stall", "v311/puback/packet-id-10"),
                   "--filter", "v311/puback/*"]
        # What a shell starts in the background ignores it, and hands that on.
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        printed, errors = process.communicate()
        self.assertEqual((process.returncode, errors), (2, ""))
        self.assertIn("pass", printed)


def ids():
    manifest = json.loads((FOLDER.parent / "manifest.json").read_text(encoding="utf-8"))
    for file in manifest["files"]:
        for case in json.loads((FOLDER.parent / file["path"]).read_text(encoding="utf-8")).get("cases", []):
            yield case["id"]


IDS = set(ids())

if __name__ == "__main__":
    unittest.main()
