"""What the clients in Python share: the command line, which run.py describes, and what is printed."""

import hashlib
import os
import pathlib
import sys

EXPIRY = 600  # Seconds for which a broker keeps a session that is not clean, where it has to be told.


class Args:
    def __init__(self):
        self.what = sys.argv[1]
        pairs = [word.split("=", 1) for word in sys.argv[2:]]
        values = dict(pairs)
        self.host, self.port = values["host"], int(values["port"])
        self.version, self.transport = values["version"], values["transport"]
        self.ca, self.id = values.get("ca"), values["id"]
        self.clean = values.get("clean", "1") == "1"
        self.qos, self.retain = int(values.get("qos", 0)), values.get("retain") == "1"
        self.filters = [value for name, value in pairs if name == "filter"]
        self.will = (values["will"], values["will_message"]) if "will" in values else None
        self.pace = int(values.get("pace", 0)) / 1000
        topics = [value for name, value in pairs if name == "topic"]
        if "file" in values:
            payloads = [pathlib.Path(values["file"]).read_bytes()]
        elif "message" in values:
            payloads = [values["message"].encode()]
        else:
            payloads = [b"m%d" % number for number in range(int(values.get("count", 0)))]
        self.messages = [(topics[at % len(topics)], payload) for at, payload in enumerate(payloads)]

    def by_topic(self):
        """The messages of each topic, for programs that publish to one."""
        found = {}
        for topic, payload in self.messages:
            found.setdefault(topic, []).append(payload)
        return found.items()


def write(line):
    # At once, as other threads write too.
    os.write(1, line.encode() + b"\n")


def ready():
    write("ready")


def show(topic, qos, retain, payload):
    """Prints a message; what a client cannot tell is a question mark."""
    if len(payload) < 200:
        body = bytes(payload).decode()
    else:
        body = "sha256:" + hashlib.sha256(payload).hexdigest()
    retain = retain if retain == "?" else int(retain)
    write(f"message {topic} {qos} {retain} {body}")


def leave(status):
    """Ends at once, whatever threads there are."""
    os._exit(status)
