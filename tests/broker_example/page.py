"""A person with a browser: python3 tests/broker_example/page.py http://127.0.0.1:PORT SCREENSHOT

Subscribes with the page, publishes, and sees the messages arrive, in every version. Chromium is driven
over a pipe, by the DevTools protocol.
"""

import base64
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--disable-sync",
           "--window-size=1100,900", "--remote-debugging-pipe", "about:blank")
PATIENCE = 40


class Browser:
    def __init__(self, folder):
        program = next(filter(None, map(shutil.which, BROWSERS)), None)
        if not program:
            sys.exit("there is no browser")
        in_read, self.writer = os.pipe()
        self.reader, out_write = os.pipe()
        # It reads from 3 and writes to 4.
        shell = f"exec 3<&{in_read} 4>&{out_write}; exec \"$@\""
        command = ["bash", "-c", shell, "-", program, f"--user-data-dir={folder}", *OPTIONS]
        self.process = subprocess.Popen(command, pass_fds=(in_read, out_write),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(in_read)
        os.close(out_write)
        self.numbers, self.rest, self.session = itertools.count(1), b"", None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]

    def call(self, method, **params):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.writer, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                part = os.read(self.reader, 65536)
                if not part:
                    sys.exit("the browser has ended")
                self.rest += part
            one, self.rest = self.rest.split(b"\0", 1)
            answer = json.loads(one)
            if answer.get("id") == number:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]

    def run(self, script):
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in result:
            sys.exit(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, script, wanted):
        begin = time.monotonic()
        while (value := self.run(script)) != wanted:
            if time.monotonic() - begin > PATIENCE:
                text = self.run("document.body.innerText")
                sys.exit(f"{script} is {value!r}, not {wanted!r}, on the page:\n{text}")
            time.sleep(0.05)

    def submit(self, form, **values):
        for name, value in values.items():
            self.run(f"document.forms.{form}.elements.{name}.value = {json.dumps(value)}; 0")
        self.run(f"document.forms.{form}.requestSubmit(); 0")

    def close(self):
        self.session = None
        self.call("Browser.close")
        self.process.wait(PATIENCE)


STATUS = "document.getElementById('status').className"
SUBSCRIBED = "document.querySelectorAll('#subscriptions li').length"
COUNT = "document.querySelectorAll('#messages tr').length"
NEWEST = "[...document.querySelectorAll('#messages tr:first-child td')].slice(1).map(x => x.textContent)"


def use(browser, url):
    browser.call("Page.enable")
    browser.call("Page.navigate", url=url)
    browser.wait("document.title", "mqtt-pure broker")
    count = 0
    for version in ("5", "4", "3"):
        browser.wait("document.readyState", "complete")
        browser.submit("connect", version=version)
        # The old connection is left at once.
        browser.wait(SUBSCRIBED, 0)
        browser.wait(STATUS, "on")
        browser.submit("subscribe", filter="room/+", qos="2")
        browser.wait(SUBSCRIBED, 1)
        for qos in ("0", "1", "2"):
            text = f"version {version} <b>& QoS {qos}</b>"
            browser.submit("publish", topic="room/one", message=text, qos=qos)
            count += 1
            browser.wait(COUNT, count)
            browser.wait(NEWEST, ["room/one", qos, text])
        browser.submit("publish", topic="elsewhere", message="nobody sees it", qos="1")
    shot = browser.call("Page.captureScreenshot")
    assert browser.run(COUNT) == count, "a message that nobody has subscribed to"
    return base64.b64decode(shot["data"])


def main():
    url, screenshot = sys.argv[1:]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(folder)
        try:
            picture = use(browser, url)
        except BaseException:
            browser.process.kill()
            raise
        browser.close()
    with open(screenshot, "wb") as file:
        file.write(picture)


if __name__ == "__main__":
    main()
