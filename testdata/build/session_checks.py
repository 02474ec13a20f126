"""What can be said of a trace without an implementation, and which statements have none."""

import json
import re

from packets import defaults, encode
from suite import plain

INPUTS = {
    "open", "closed", "recv", "tick", "publish", "acknowledge", "disconnect", "auth", "snapshot",
    "restore",
}
INPUTS_OF = {
    "client": INPUTS | {"subscribe", "unsubscribe"},
    "server": INPUTS | {"accept", "refuse", "grant", "remove", "take_over", "expire_session"},
}
EVENTS = {"completed", "failed", "lost", "disconnect", "auth"}
EVENTS_OF = {
    "client": EVENTS | {"connected", "refused"},
    "server": EVENTS | {"connect", "subscribe", "unsubscribe", "will"},
}
CONFIG = {"acknowledge", "connect_timeout", "in_flight_maximum", "maximum_packet_size",
          "queue_maximum"}
CONFIG_OF = {"client": CONFIG | {"ping_timeout"}, "server": CONFIG}


def names_in(value):
    """The names such as `$p` in a value."""
    if isinstance(value, str):
        return {value} if value.startswith("$") and value[1:].isalpha() else set()
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return set()
    return {name for each in value for name in names_in(each)}


def numbered(value):
    """The value with a packet identifier for each name."""
    if isinstance(value, dict):
        return {key: numbered(each) for key, each in value.items()}
    return 10 if names_in(value) and isinstance(value, str) else value


class Check:
    """Walks along a trace and fails where it cannot be right whatever the implementation."""

    def __init__(self, trace):
        self.trace, self.role, self.version = trace, trace["role"], trace["version"]
        self.at, self.bound, self.choices = 0, set(), {}
        self.tokens, self.ended, self.kept = set(), set(), False
        # By the recommended outputs: whether there is a connection, and whether the role closed it.
        self.is_open = self.is_closed = False

    def run(self):
        known = CONFIG_OF[self.role] | ({"properties"} if self.version == "5.0" else set())
        if self.role == "client":
            known |= defaults(self.version, "connect").keys() - {"protocol_version"}
        self.expect(self.trace["config"].keys() <= known, "config")
        for step in self.trace["steps"]:
            if "repeat" in step:
                inner = set(self.bound)
                for each in step["steps"]:
                    self.step(each)
                self.expect(len({each["at"] for each in step["steps"]}) == 1, "time in a repeat")
                self.bound = inner
            else:
                self.step(step)

    def expect(self, holds, what):
        assert holds, f"{self.trace['id']}: {what}"

    def step(self, step):
        (name, content), = step["in"].items()
        where = f"{name} at {step['at']}"
        self.expect(name in INPUTS_OF[self.role], where)
        self.expect(step["at"] >= self.at, f"{where}: time runs backwards")
        self.at = step["at"]
        self.expect(names_in(content) <= self.known(), f"{where}: a name that nothing gave")
        self.input(name, content, where)
        alternatives = step.get("out_any", [step.get("out")])
        self.expect(("out" in step) != ("out_any" in step), where)
        self.expect("out_any" not in step or len(alternatives) > 1, f"{where}: no alternatives")
        for outputs in alternatives:
            self.outputs(name, outputs, where)
        self.bind(step.get("choice"), alternatives)
        self.expect(set(step.get("distinct", [])) <= self.known(), f"{where}: distinct")
        for each in (alternatives[0] if "out" in step else []):
            if each.get("event") in ("completed", "failed", "lost"):
                self.expect(each["token"] not in self.ended, f"{where}: {each['token']} twice")
                self.ended.add(each["token"])
        if any("close" in each for each in alternatives[0]):
            self.is_open, self.is_closed = False, True

    def input(self, name, content, where):
        """What has to hold for the input itself."""
        if name == "recv":
            self.expect(self.is_open or self.is_closed, f"{where}: there is no connection")
            if "hex" not in content:
                encode(self.version, numbered(content))
        if name == "open":
            self.expect(not self.is_open, f"{where}: there is a connection")
            self.is_open, self.is_closed = True, False
        if name == "restore":
            self.expect(self.kept, f"{where}: without a snapshot")
        if name in ("closed", "restore"):
            self.is_open = self.is_closed = False
        self.kept |= name == "snapshot"
        if "token" in content:
            self.expect(content["token"] not in self.tokens, f"{where}: a token twice")
            self.tokens.add(content["token"])

    def outputs(self, name, outputs, where):
        kinds = []
        for each in outputs:
            kind = next(iter(each))
            kinds.append(kind)
            self.expect(kind in ("send", "event", "deliver", "close", "error"), where)
            self.expect(kind == "event" or len(each) == 1, where)
            if kind == "send":
                fields = defaults(self.version, each["send"]["type"])
                self.expect(each["send"].keys() - {"type"} <= fields.keys(), f"{where}: {each}")
            if kind == "event":
                self.expect(each["event"] in EVENTS_OF[self.role], f"{where}: {each}")
            token = each.get("token") or each.get("error", {}).get("token")
            self.expect(token is None or token in self.tokens, f"{where}: {token}")
        after = kinds[kinds.index("close") + 1:] if "close" in kinds else []
        self.expect(not {"send", "deliver", "close"} & set(after), f"{where}: behind a close")
        if not self.is_open:
            self.expect(not {"send", "deliver", "close"} & set(kinds), f"{where}: not connected")
            self.expect(name != "recv" or not outputs, f"{where}: after a close")

    def bind(self, choice, alternatives):
        """What every alternative gives is known from now on; of a choice also what one gives now
        and the others before."""
        found = [names_in(outputs) for outputs in alternatives]
        self.bound |= set.intersection(*found)
        if choice:
            so_far = self.choices.setdefault(choice, [set() for _ in found])
            self.expect(len(so_far) == len(found), f"{choice}: other alternatives than before")
            for names, more in zip(so_far, found):
                names |= more

    def known(self):
        of_choices = [set.intersection(*found) for found in self.choices.values()]
        return self.bound.union(*of_choices)


ID = re.compile(r"s(31|311|50)/(client|server)/[a-z0-9-]+/[a-z0-9.-]+")


def checked(traces, statements):
    """The traces, each held against what can be known. `statements`: layer of each by version."""
    seen, contents = set(), set()
    for trace in traces:
        assert ID.fullmatch(trace["id"]) and trace["id"] not in seen, trace["id"]
        seen.add(trace["id"])
        known = statements.get(trace["version"], {})
        assert set(trace["refs"]) <= known.keys(), (trace["id"], trace["refs"])
        assert len(set(trace["refs"])) == len(trace["refs"]), trace["id"]
        content = json.dumps(plain([trace["role"], trace["version"], trace["config"],
                                    trace["steps"]]))
        assert content not in contents, f"the same steps twice: {trace['id']}"
        contents.add(content)
        Check(trace).run()
    return traces


def uncovered(traces, statements, reasons):
    """The session statements that no trace names, each with the reason. Fails where there is none,
    and where a reason is given though there is a trace."""
    table = []
    for version, layers in statements.items():
        named = {ref for trace in traces if trace["version"] == version for ref in trace["refs"]}
        missing = [id for id, layer in layers.items() if layer == "session" and id not in named]
        excused = reasons.get(version, {})
        without = [id for id in missing if id.removeprefix("MQTT-") not in excused]
        assert not without, f"{version}: in no trace and without a reason: {without}"
        needless = [id for id in excused if f"MQTT-{id}" not in missing]
        assert not needless, f"{version}: a reason though there is a trace: {needless}"
        table += [(version, id, excused[id.removeprefix("MQTT-")]) for id in missing]
    return table
