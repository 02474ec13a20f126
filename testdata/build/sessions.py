"""How a trace of a session looks.

A table adds a trace for each role and version that it holds for:

    for s in book.each("qos1/puback", {"3.1.1": "4.3.2-1", "5.0": "4.3.2-3"}, "4.3.2"):
        s.establish()
        s.publish("a", sent(1))
        s.ack("puback", "$p", event("completed", token="a"))
"""

import json

from packets import clean, code, codes, full, subscription, template
from suite import plain

SINCE = "1.3.0"
BOTH = ("client", "server")
LATER = ("3.1.1", "5.0")
ALL = ("3.1", "3.1.1", "5.0")
KEPT = 3600

CLOSE = {"close": {}}


def send(type_, **fields):
    return {"send": {"type": type_, **fields}}


def sent(qos, packet_id="$p", dup=False, **more):
    """A PUBLISH at QoS 1 or 2 that is written."""
    return send("publish", qos=qos, packet_id=packet_id, dup=dup, **more)


def event(name, **fields):
    return {"event": name, **fields}


def deliver(**fields):
    return {"deliver": fields}


def error(token=None):
    return {"error": {"token": token} if token else {}}


class Any:
    """Outputs of which the standard allows more than one; the first is recommended. Those of the
    same choice go together in a trace."""

    def __init__(self, *alternatives, choice=None):
        self.alternatives = [list(each) for each in alternatives]
        self.choice = choice

    def or_(self, *alternatives):
        return Any(*self.alternatives, *alternatives, choice=self.choice)

    def plus(self, *outputs):
        """With further outputs in each alternative."""
        return Any(*([*each, *outputs] for each in self.alternatives), choice=self.choice)


class Book:
    def __init__(self):
        self.traces = []

    def each(self, id, refs, section, *, roles=BOTH, versions=LATER, **other):
        """A trace for each role and version. `refs` are statements without MQTT- in front, by
        version or by version and role."""
        for version in versions:
            for role in roles:
                own = f"{refs.get(version, '')} {refs.get(f'{version} {role}', '')}".split()
                trace = Trace(role, version, id, [f"MQTT-{ref}" for ref in own], section, **other)
                yield trace
                self.traces.append(trace.finished())

    def client(self, id, refs, section, **other):
        return self.each(id, refs, section, roles=("client",), **other)

    def server(self, id, refs, section, **other):
        return self.each(id, refs, section, roles=("server",), **other)

    def files(self):
        files = {}
        for trace in self.traces:
            group = trace["id"].split("/")[2]
            path = f"session/{trace['role']}/v{trace['version']}/{group}.json"
            files.setdefault(path, []).append(trace)
        return files


class Trace:
    def __init__(self, role, version, id, refs, section, *, persistent=False, comment=None,
                 connect=None, accept=None, own=None, peer=None, since=SINCE, **config):
        """`persistent`: the session outlives its connections. `connect`: fields of the CONNECT that
        differ from the usual ones; `accept`: properties of the CONNACK. `own` and `peer`: what the
        role and its peer announce as properties, the client by CONNECT, the server by CONNACK."""
        self.role, self.version, self.refs = role, version, refs
        self.id = f"s{version.replace('.', '')}/{role}/{id}"
        self.section = section[version] if isinstance(section, dict) else section
        self.comment, self.since, self.config = comment, since, config
        self.is_client, self.v5 = role == "client", version == "5.0"
        self.persistent = persistent
        self.connect_fields = dict(connect or {})
        self.accepted = dict(accept or {})
        if own and not self.is_client:
            self.config["properties"] = own
        of_client = own if self.is_client else peer
        if of_client:
            given = self.connect_fields.get("properties", {})
            self.connect_fields["properties"] = given | of_client
        if self.is_client:
            self.accepted |= peer or {}
        if persistent:
            self.connect_fields.setdefault(clean(version), False)
            if self.v5:
                properties = self.connect_fields.setdefault("properties", {})
                self.connect_fields["properties"] = {"session_expiry_interval": KEPT} | properties
        self.steps, self.now, self.initial = [], -10, None

    def finished(self):
        trace = {"id": self.id, "role": self.role, "version": self.version, "config": self.initial,
                 "refs": self.refs, "section": self.section, "since": self.since}
        if self.comment:
            trace["comment"] = self.comment
        return trace | {"steps": self.steps}

    def step(self, name, content, *out, at=None, distinct=None):
        """An input and its outputs; `at` is ten milliseconds later if it is not said."""
        if self.initial is None:
            # What a later `open` changes is not there from the beginning.
            self.initial = (self.connect_fields if self.is_client else {}) | self.config
        self.now = self.now + 10 if at is None else at
        step = {"at": self.now, "in": {name: content}}
        if len(out) == 1 and isinstance(out[0], Any) and len(out[0].alternatives) == 1:
            out = tuple(out[0].alternatives[0])
        if len(out) == 1 and isinstance(out[0], Any):
            if out[0].choice:
                step["choice"] = out[0].choice
            step["out_any"] = out[0].alternatives
        else:
            step["out"] = list(out)
        if distinct:
            step["distinct"] = distinct
        self.steps.append(step)

    def repeat(self, count, fill):
        """The steps that `fill` adds, so many times, with new names each time."""
        before, self.steps = self.steps, []
        fill()
        inner, self.steps = self.steps, before
        assert len({step["at"] for step in inner}) > 0
        for step in inner:
            step["at"] = inner[0]["at"]
        self.now = inner[0]["at"]
        self.steps.append({"repeat": count, "steps": inner})

    def packet(self, type_, **fields):
        return full(self.version, type_, **fields)

    def recv(self, type_, *out, at=None, distinct=None, **fields):
        self.step("recv", self.packet(type_, **fields), *out, at=at, distinct=distinct)

    def hex(self, bytes_, *out, at=None):
        """Bytes that are no packet, or only a part of one."""
        self.step("recv", {"hex": bytes.fromhex(bytes_)}, *out, at=at)

    def tick(self, at, *out):
        self.step("tick", {}, *out, at=at)

    def open(self, *out, at=None, **changed):
        if self.is_client and not out:
            fields = {"client_id": "c", **self.connect_fields, **changed}
            fields.pop("properties", None)
            out = (send("connect", **fields),)
        self.step("open", changed, *out, at=at)

    def connect(self, *out, at=None, **changed):
        """The server gets a CONNECT."""
        fields = self.connect_fields | changed
        asked = {key: fields[key] for key in ("will",) if key in fields}
        asked[clean(self.version)] = fields.get(clean(self.version), True)
        out = out or (event("connect", client_id=fields.get("client_id", "c"), **asked),)
        self.recv("connect", *out, at=at, **fields)

    def present(self, session_present):
        """Session Present as a field, which 3.1 does not have."""
        return {} if self.version == "3.1" else {"session_present": session_present}

    def answer(self, *out, session_present=False, at=None, accept=None):
        """The CONNECT is accepted: by the peer, or by the application of the server."""
        accept = self.accepted if accept is None else accept
        present = self.present(session_present)
        if self.is_client:
            reply = event("connected", **present)
            fields = {"properties": accept} if accept else {}
            name, content = "recv", self.packet("connack", **present, **fields)
        else:
            reply = send("connack", **present, **{code(self.version): 0})
            name, content = "accept", {"properties": accept} if accept else {}
        if len(out) == 1 and isinstance(out[0], Any):
            alternatives = [[reply, *each] for each in out[0].alternatives]
            self.step(name, content, Any(*alternatives, choice=out[0].choice), at=at)
        else:
            self.step(name, content, reply, *out, at=at)

    def announced(self, **properties):
        """For `establish`: the peer announces other properties from now on."""
        if self.is_client:
            return {"accept": properties}
        return {"changed": {"properties": self.connect_fields.get("properties", {}) | properties}}

    def establish(self, *out, session_present=False, at=None, changed=None, accept=None):
        """A connection, from its opening to its CONNACK, all at one moment if `at` is given."""
        changed = changed or {}
        if self.is_client:
            self.open(at=at, **changed)
            # What `open` changes stays so.
            self.connect_fields |= {key: value for key, value in changed.items()
                                    if key not in self.config}
        else:
            self.step("open", {}, at=at)
            self.connect(at=at, **changed)
        self.answer(*out, session_present=session_present, accept=accept, at=at)

    def resume(self, *out, at=None, **other):
        """A new connection that goes on with the session."""
        self.establish(*out, session_present=True, at=at, **other)

    def lose(self, *out, at=None):
        self.step("closed", {}, *out, at=at)

    def publish(self, token, *out, qos=1, topic="t", payload=b"m", retain=False, at=None,
                distinct=None, granted_qos=None, **properties):
        content = {"token": token} if token else {}
        content |= {"topic": topic, "qos": qos, "retain": retain, "payload": payload}
        content |= self.in_5_0(properties=properties)
        if granted_qos is not None:
            content["granted_qos"] = granted_qos
        self.step("publish", content, *out, at=at, distinct=distinct)

    def in_5_0(self, **fields):
        """Fields that 3.1 and 3.1.1 do not have."""
        assert self.v5 or not any(fields.values()), fields
        return fields if self.v5 else {}

    def ack(self, type_, packet_id, *out, reason=0, at=None, distinct=None, **properties):
        """The peer acknowledges."""
        fields = self.in_5_0(reason_code=reason, properties=properties)
        self.recv(type_, *out, packet_id=packet_id, at=at, distinct=distinct, **fields)

    def acked(self, type_, packet_id, reason=None):
        """An acknowledgement that is written."""
        fields = {"reason_code": reason} if self.v5 and reason is not None else {}
        return send(type_, packet_id=packet_id, **fields)

    def message(self, qos, packet_id, *out, dup=False, payload=b"m", topic="t", at=None,
                retain=False, **properties):
        """The peer publishes."""
        fields = self.in_5_0(properties=properties)
        self.recv("publish", *out, qos=qos, packet_id=packet_id, dup=dup, payload=payload,
                  topic=topic, retain=retain, at=at, **fields)

    def message_2(self, packet_id, *, payload=b"m", dup=False, at=None, **properties):
        """The peer publishes at QoS 2 what is delivered now or, before 5.0, at the PUBREL."""
        delivered = deliver(topic="t", qos=2, payload=payload)
        received = self.acked("pubrec", packet_id, 0)
        out = Any([delivered, received], [received], choice="qos2_delivery")
        out = (delivered, received) if self.v5 else (out,)
        self.message(2, packet_id, *out, payload=payload, dup=dup, at=at, **properties)

    def pubrel(self, packet_id, *, payload=b"m", at=None):
        """The peer releases it."""
        complete = self.acked("pubcomp", packet_id, 0)
        delivered = deliver(topic="t", qos=2, payload=payload)
        out = Any([complete], [delivered, complete], choice="qos2_delivery")
        self.ack("pubrel", packet_id, *((complete,) if self.v5 else (out,)), at=at)

    def acknowledge(self, packet_id, *out, reason=None, at=None, **properties):
        """The application acknowledges what was delivered."""
        content = {"packet_id": packet_id}
        content |= self.in_5_0(reason_code=reason or 0, properties=properties)
        self.step("acknowledge", content, *out, at=at)

    def fault(self, *reasons):
        """The role closes the connection; in 5.0 it may first send one of these reasons."""
        if not self.v5:
            return Any([CLOSE])
        return Any(*([send("disconnect", reason_code=reason), CLOSE] for reason in reasons),
                   [CLOSE])

    def farewell(self, reason=0, *more):
        """The peer's DISCONNECT: whoever gets it may leave it to the peer to close."""
        what = event("disconnect", **({"reason_code": reason} if self.v5 else {}))
        return Any([what, *more, CLOSE], [what, *more])

    def subscribe(self, token, filters, *out, at=None, distinct=None, **properties):
        """`filters`: pairs of filter and QoS."""
        content = {"token": token} if token else {}
        content["subscriptions"] = [subscription(self.version, *each) for each in filters]
        content |= self.in_5_0(properties=properties)
        self.step("subscribe", content, *out, at=at, distinct=distinct)

    def unsubscribe(self, token, filters, *out, at=None, distinct=None):
        content = {"token": token, "filters": list(filters), **self.in_5_0(properties={})}
        self.step("unsubscribe", content, *out, at=at, distinct=distinct)

    def suback(self, packet_id, granted, *out, at=None, token=None):
        """The peer grants. With `token`, the request is reported as done."""
        done = [event("completed", token=token, **{codes(self.version): granted})] if token else []
        self.recv("suback", *done, *out, packet_id=packet_id, at=at,
                  **{codes(self.version): granted})

    def unsuback(self, packet_id, count, *out, at=None, reasons=None):
        fields = {"reason_codes": reasons or [0] * count} if self.v5 else {}
        self.recv("unsuback", *out, packet_id=packet_id, at=at, **fields)

    def subscribed(self, packet_id, filters, *out, at=None):
        """The server gets a SUBSCRIBE and asks the application."""
        entries = [subscription(self.version, *each) for each in filters]
        out = out or (event("subscribe", packet_id=packet_id, subscriptions=entries),)
        self.recv("subscribe", *out, packet_id=packet_id, subscriptions=entries, at=at)

    def grant(self, packet_id, granted, *out, at=None, **properties):
        content = {"packet_id": packet_id, codes(self.version): granted}
        content |= self.in_5_0(properties=properties)
        out = out or (send("suback", packet_id=packet_id, **{codes(self.version): granted}),)
        self.step("grant", content, *out, at=at)

    def remove(self, packet_id, reasons, *out, at=None, **properties):
        content = {"packet_id": packet_id}
        fields = {"reason_codes": reasons} if self.v5 else {}
        content |= fields | self.in_5_0(properties=properties)
        out = out or (send("unsuback", packet_id=packet_id, **fields),)
        self.step("remove", content, *out, at=at)

    def disconnect(self, *out, at=None, reason=0, **properties):
        content = self.in_5_0(reason_code=reason, properties=properties)
        fields = self.in_5_0(reason_code=reason)
        out = out or (send("disconnect", **fields), CLOSE)
        self.step("disconnect", content, *out, at=at)


def will(version, qos=0, retain=False, topic="w", payload=b"bye", **properties):
    fields = {"topic": topic, "payload": payload, "qos": qos, "retain": retain}
    return fields | ({"properties": properties} if version == "5.0" else {})


def with_hex(version, step):
    """The step with the bytes of the packet that comes in."""
    if "repeat" in step:
        return step | {"steps": [with_hex(version, each) for each in step["steps"]]}
    content = step["in"].get("recv")
    if content is None:
        return step
    hex_ = content["hex"] if "hex" in content else template(version, content)
    return {"at": step["at"], "in": step["in"], "hex": hex_, **step}


def file_text(head, traces):
    """A step a line."""
    head = {"suite": "mqtt-vectors", **head}
    lines = ["{"] + [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    lines.append('  "cases": [')
    for index, trace in enumerate(traces):
        lines.append("    {")
        lines += [f"      {json.dumps(key)}: {json.dumps(plain(value))},"
                  for key, value in trace.items() if key != "steps"]
        steps = [f"        {json.dumps(plain(with_hex(trace['version'], step)))}"
                 for step in trace["steps"]]
        lines += ['      "steps": [', ",\n".join(steps), "      ]"]
        lines.append("    }" if index == len(traces) - 1 else "    },")
    return "\n".join(lines + ["  ]", "}", ""])
