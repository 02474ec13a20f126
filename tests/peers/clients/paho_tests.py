"""paho-mqtt's own tests of 5.0 against the example broker: paho_tests.py FOLDER CLASS BROKER...

FOLDER is the source distribution of paho-mqtt, CLASS one of its tests, and the rest the command of the
broker. The tests expect the broker of paho.mqtt.testing, which they start and stop in their own process;
here that is the example broker. Prints a line a test: ok, FAIL or skipped, its name, and why.
"""

import subprocess
import sys
import types
import unittest

folder, name, *command = sys.argv[1:]
sys.path.insert(0, folder)
# They are skipped if this cannot be imported.
sys.modules["mqtt"] = types.ModuleType("mqtt")
sys.modules["mqtt.brokers"] = sys.modules["mqtt"].brokers = types.ModuleType("mqtt.brokers")

from tests import test_mqttv5  # noqa: E402  (it needs the path)


def start(cls, port):
    # It ends with this program.
    words = ["setpriv", "--pdeathsig", "KILL", *command, "--listen", f"127.0.0.1:{port}"]
    cls.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    cls._test_broker_port = int(cls.process.stdout.readline().rsplit(":", 1)[1])


def stop(cls):
    cls.process.terminate()
    cls.process.wait(10)
    cls.process.stdout.close()


def reboot(cls):
    stop(cls)
    start(cls, cls._test_broker_port)


for method, function in (("_start_broker", start), ("tearDownClass", stop), ("_reboot_broker", reboot)):
    setattr(test_mqttv5._TestBase, method, classmethod(function))


class Result(unittest.TestResult):
    def tell(self, verdict, test, why=""):
        why = " ".join(str(why).split())[-300:]
        print(verdict, test.id().rsplit(".", 1)[1], why, file=sys.__stdout__, flush=True)

    def addSuccess(self, test):
        self.tell("ok", test)

    def addExpectedFailure(self, test, error):
        self.tell("ok", test, "fails, as it says itself")

    def addUnexpectedSuccess(self, test):
        self.tell("FAIL", test, "succeeds, which it does not expect")

    def addFailure(self, test, error):
        self.tell("FAIL", test, self._exc_info_to_string(error, test))

    addError = addFailure

    def addSkip(self, test, reason):
        self.tell("skipped", test, reason)


result = Result()
sys.stdout = sys.stderr
unittest.defaultTestLoader.loadTestsFromTestCase(getattr(test_mqttv5, name)).run(result)
sys.exit(not result.testsRun)
