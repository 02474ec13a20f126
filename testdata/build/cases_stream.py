"""Streams: what a receiver takes out of a connection, however its bytes are cut."""

from packets import LEVELS, encode, full, subscription
from wire import connect, connect5, connect31, data, field, packet, publish, repeat, u16

FRAMES = ["MQTT-6.0.0-2"]


class Packets:
    """Packets of one version with their bytes."""

    def __init__(self, version):
        self.version = version
        self.v5 = version == "5.0"

    def of(self, type_, **fields):
        packet_ = full(self.version, type_, **fields)
        return data(encode(self.version, packet_)), packet_

    def connect(self, **fields):
        return self.of("connect", keep_alive=60, **fields)

    def publish(self, payload=b"m", qos=0, packet_id=None, **fields):
        return self.of("publish", topic="a/b", qos=qos, packet_id=packet_id, payload=payload,
                       **fields)

    def ack(self, name, packet_id):
        return self.of(name, packet_id=packet_id)

    def subscribe(self, packet_id, *filters):
        entries = [subscription(self.version, name, qos) for name, qos in filters]
        return self.of("subscribe", packet_id=packet_id, subscriptions=entries)

    def codes(self, name, packet_id, codes):
        if name == "unsuback" and not self.v5:
            return self.of(name, packet_id=packet_id)
        return self.of(name, packet_id=packet_id, **{"reason_codes" if self.v5 else "codes": codes})

    def ping(self):
        return self.of("pingreq")

    def pong(self):
        return self.of("pingresp")

    def to_server(self):
        """What a client sends in a connection, from the first packet to the last."""
        method = {"properties": {"authentication_method": "m"}} if self.v5 else {}
        auth = [self.of("auth", reason_code=0x18, **method)] if self.v5 else []
        return [self.connect(**method), *auth,
                self.subscribe(1, ("a/#", 2), ("b", 0)),
                self.publish(b"zero"), self.publish(b"one", 1, 2), self.publish(b"two", 2, 3),
                self.ack("pubrel", 3), self.ack("puback", 7), self.ack("pubrec", 8),
                self.ack("pubcomp", 8),
                self.of("unsubscribe", packet_id=4, filters=["a/#", "b"]),
                self.ping(), self.of("disconnect")]

    def to_client(self):
        """What a server sends in a connection."""
        return [self.of("connack"), self.codes("suback", 1, [2, 0x80 if self.version != "3.1" else 0]),
                self.publish(b"zero", retain=True), self.publish(b"one", 1, 2),
                self.publish(b"two", 2, 3), self.ack("pubrel", 3), self.ack("puback", 7),
                self.ack("pubrec", 8), self.ack("pubcomp", 8), self.codes("unsuback", 4, [0, 0x11]),
                self.pong(), *([self.of("disconnect", reason_code=0x8B)] if self.v5 else [])]


def stream_cases(s):
    p = Packets(s.name)
    talks(s, p)
    edges(s, p)
    many(s, p)
    versions(s, p)
    tails(s, p)
    bleeding(s, p)
    limits(s, p)
    if s.name != "3.1":
        beginnings(s)


def sec(s, of_3_1, of_3_1_1, of_5_0):
    return {"3.1": of_3_1, "3.1.1": of_3_1_1, "5.0": of_5_0}[s.name]


def talks(s, p):
    """Whole connections, as either side sees them."""
    section = sec(s, "2", "2", "2")
    cut = [[2], [3], [7], [1, 2, 3, 4, 5], [64], [1460]]
    s.add("all-to-server", p.to_server(), to="server", told=False, plans=cut, refs=FRAMES,
          section=section, comment="the version is what the CONNECT says")
    s.add("all-to-server-told", p.to_server()[1:], to="server", plans=cut, refs=FRAMES,
          section=section, comment="begins behind the CONNECT")
    s.add("all-to-client", p.to_client(), to="client", plans=cut, refs=FRAMES, section=section)
    s.add("all-to-server-by-direction", p.to_server(), to="server", told=False, refs=FRAMES,
          section=section, level="direction")
    s.add("all-to-client-by-direction", p.to_client(), to="client", refs=FRAMES, section=section,
          level="direction")
    s.add("nothing", [], section=section, refs=[], plans=[], comment="no byte has come")


def edges(s, p):
    """Where pieces end: at a packet, in a fixed header, in a length, in a field."""
    section = sec(s, "2", "2.2.3", "2.1.4")
    first, second = p.publish(b"hi", 1, 10), p.publish(b"x" * 200, 2, 11)
    size = len(first[0])
    three = [first, second, p.ack("puback", 10)]
    for name, plan in [
            ("at-packets", [size, len(second[0]), 100]), ("in-first-byte", [size, 1, 1000]),
            ("in-remaining-length", [size + 1, 1, 1, 1000]),
            ("between-length-bytes", [size + 2, 1000]), ("in-topic-length", [size + 4, 1000]),
            ("in-topic", [size + 6, 1000]), ("in-packet-id", [size + 9, 1000]),
            ("in-payload", [size + 50, 1000]), ("last-byte", [size + len(second[0]) - 1, 1000]),
            ("end-and-beginning", [size - 1, 2, 1000]),
            ("end-whole-beginning", [size - 1, len(second[0]) + 2, 1000]),
            ("first-and-half", [size + 20, 20]), ("empty-pieces", [0, size, 0, 0, 3, 0, 1])]:
        s.add(f"cut-{name}", three, plans=[plan], refs=FRAMES, section=section)
    inside = p.publish(p.ping()[0].bytes() + p.of("disconnect")[0].bytes())
    s.add("packets-in-payload", [inside, p.ping()], to="server", plans=[[9], [size, 1, 1000]],
          section=section, refs=[], comment="what lies in a payload is no packet")
    empty = p.publish(b"")
    s.add("empty-payload", [empty, empty, p.ack("puback", 1)], plans=[[3], [4], [5], [6]],
          section=section, refs=[])


def many(s, p):
    section = sec(s, "2", "2.2.3", "2.1.4")
    s.add("many-pings", [(*p.ping(), 5000)], to="server", plans=[[3], [1460]], section=section,
          refs=FRAMES, flags=["Dos"])
    s.add("many-publishes", [(*p.publish(b"hello"), 500)], plans=[[11], [13], [1460]],
          section=section, refs=FRAMES)
    long = repeat(b"x", 300_000)
    rest = b"\0" if p.v5 else b""
    packet_ = full(s.name, "publish", topic="a", payload=long)
    s.add("long-publish", [(publish(0x30, "a", rest, long), packet_), p.ack("puback", 1)],
          plans=[[1460], [65536], [299_999, 1]], section=section, refs=FRAMES, flags=["Limit"])


def versions(s, p):
    """Bytes that mean something else in each version: the CONNECT decides."""
    section = sec(s, "3.1", "3.1.2.2", "3.1.2.2")
    bytes_ = data(bytes.fromhex("3006000161006869"))
    payload = b"hi" if p.v5 else b"\0hi"
    content = full(s.name, "publish", topic="a", payload=payload)
    s.add("connect-then-publish", [p.connect(), (bytes_, content)], to="server", told=False,
          plans=[[3]], section=section, refs=["MQTT-3.1.2-2"],
          comment="before 5.0 the first byte of the payload, in 5.0 the length of properties")
    s.add("told-then-publish", [(bytes_, content)], plans=[[3]], section=section, refs=[],
          comment="the same with the version known before")
    if p.v5:
        s.add("connect-then-auth", [p.connect(), (data(b"\xf0\x00"), {
            "type": "auth", "reason_code": 0, "properties": {}})], to="server", told=False,
            section="3.15.2.1", refs=[], options={"strictness": {"empty_auth": "accept"}})
        s.add("connect-then-padded-length", [p.connect()], tail=b"\xc0\x80\x00", to="server",
              told=False, end="varint.non_minimal", section="1.5.5", refs=["MQTT-1.5.5-1"])
    else:
        s.add("connect-then-auth", [p.connect()], tail=b"\xf0\x00", to="server", told=False,
              end="frame.reserved_type", section=sec(s, "2.1", "2.2.1", ""), refs=[])
        s.add("connect-then-padded-length", [p.connect(), (data(b"\xc0\x80\x00"),
                                                           {"type": "pingreq"})],
              to="server", told=False, section=sec(s, "2.1", "2.2.3", ""), refs=[],
              options={"strictness": {"non_minimal_length": "accept"}})
    dup = packet(0x6A, u16(9))
    if s.name == "3.1":
        s.add("connect-then-pubrel-again", [p.connect(), (dup, {"type": "pubrel",
                                                                "packet_id": 9})],
              to="server", told=False, section="3.6", flags=["RetryIn31"])
    else:
        s.add("connect-then-pubrel-again", [p.connect()], tail=dup, to="server", told=False,
              end="frame.reserved_flags", section=sec(s, "", "3.6.1", "3.6.1"),
              refs=["MQTT-3.6.1-1"], comment="3.1 lets it be sent again with DUP")


def tails(s, p):
    """What was whole before is the same whatever comes behind it."""
    section = sec(s, "2", "4.8", "4.13")
    before = [p.publish(b"hi", 1, 10), p.ack("puback", 3)]
    plans = [[5], [len(before[0][0]), 1000]]
    early = ["EarlyVerdict"]
    close = sec(s, [], ["MQTT-4.8.0-1"], ["MQTT-4.13.1-1"])
    for name, tail, end, flags in [
            ("reserved-type", b"\x00\x00", "frame.reserved_type", []),
            ("reserved-type-first-byte", b"\x00", "frame.reserved_type", early),
            ("qos-3", b"\x36\x03\x00\x01a", "qos.invalid", []),
            ("length-without-end", b"\x30\xff\xff\xff\xff", "frame.remaining_length_too_long", []),
            ("length-of-ones", b"\x30\xff\xff\xff\xff\x7f", "frame.remaining_length_too_long", []),
            ("packet-id-0", b"\x40\x02\x00\x00", "packet_id.zero", []),
            ("trailing-byte", b"\xc0\x01\x00", "packet.trailing_bytes", []),
            ("bad-topic", publish(0x30, "a/#", b"\0"), "topic.name_has_wildcard", []),
            ("bad-utf8", publish(0x30, b"a\xc0\x80", b"\0"), "string.ill_formed_utf8", []),
            ("zeros", bytes(64), "frame.reserved_type", []),
            ("reserved-type-then-packets", b"\x00\x00" + p.ack("puback", 4)[0],
             "frame.reserved_type", [])]:
        s.add(f"then-{name}", before, tail=tail, end=end, plans=plans, section=section,
              refs=close, flags=flags,
              comment="nothing behind the fault is taken" if "then" in name else None)
    if s.name != "3.1":
        flags = sec(s, [], ["MQTT-2.2.2-2"], ["MQTT-2.1.3-1"])
        request = b"GET / HTTP/1.1\r\nHost: broker.example.org\r\nAccept: */*\r\n" + b"X: 1\r\n" * 4
        s.add("then-http", before, tail=request,
              end=("frame.reserved_flags", "packet.trailing_bytes"), plans=plans, section=section,
              refs=flags, comment="a PUBACK with flags, or one of 69 bytes")
        s.add("then-tls", before, tail=bytes.fromhex("160301020001000001fc0303"),
              end="frame.reserved_flags", plans=plans, section=section, refs=flags)
    for name, tail, need in [("first-byte", b"\x30", 1), ("length-1-of-2", b"\x30\x80", 1),
                             ("half-publish", publish(0x30, "a/b", b"\0", b"hi").bytes()[:6],
                              len(publish(0x30, "a/b", b"\0", b"hi")) - 6),
                             ("half-ack", b"\x40\x02\x00", 1)]:
        s.add(f"then-{name}", before, tail=tail, end="incomplete", need=need, plans=plans,
              section=sec(s, "2", "2.2.3", "2.1.4"), refs=[])
    s.add("then-nothing", before, plans=plans, section=section, refs=[])


def bleeding(s, p):
    """A packet that is too short for its fields, between whole ones: no byte of the next is its."""
    section = sec(s, "2", "2.2.3", "2.1.4")
    close = sec(s, [], ["MQTT-4.8.0-1"], ["MQTT-4.13.1-1"])
    none = b"\0" if p.v5 else b""
    next_ = p.publish(b"hello")[0]
    for name, short in [
            ("publish-topic-length", packet(0x30, b"\0")),
            ("publish-topic", packet(0x30, b"\0\x05ab")),
            ("publish-packet-id", packet(0x32, field("a/b") + b"\0")),
            ("puback-packet-id", packet(0x40, b"\0")),
            ("suback-packet-id", packet(0x90, b"\0")),
            ("subscribe-filter", packet(0x82, u16(10), none, b"\0\x05ab")),
            ("subscribe-options", packet(0x82, u16(10), none, field("a"))),
            ("unsubscribe-filter", packet(0xA2, u16(10), none, b"\0\x05ab")),
            ("unsuback-packet-id", packet(0xB0, b"\0")),
            ("connack-code", packet(0x20, b"\0"))]:
        s.add(f"short-{name}-between", [p.ack("puback", 3)], tail=short + next_ + next_,
              end="packet.truncated_field", plans=[[4, len(short), 1000]], section=section,
              refs=close, flags=["FramingBleed"])
    whole = p.connect(client_id="abc")[0].bytes()
    short = bytes([0x10, whole[1] - 1]) + whole[2:-1]
    s.add("short-connect", [], tail=data(short) + next_ + next_, end="packet.truncated_field",
          to="server", told=False, plans=[[len(short), 1000]], section=sec(s, "3.1", "3.1.4", "3.1.4"),
          refs=["MQTT-3.1.4-1"], flags=["FramingBleed"])


def limits(s, p):
    section = sec(s, "2.1", "2.2.3", "3.1.2.11.4")
    small = p.publish(b"hi")
    size = len(small[0])
    limit = {"max_packet_size": size}
    s.add("limit-is-of-a-packet", [small, small, small], plans=[[5], [3 * size]], options=limit,
          flags=["Limit"], section=section, refs=[],
          comment="together they are larger than the limit, none of them is")
    s.add("limit-exceeded-by-third", [small, small], tail=p.publish(b"hi!")[0], plans=[[5]],
          end="limit.packet_too_large", options=limit, flags=["Limit"], section=section, refs=[])


def beginnings(s):
    """A receiver that knows no version yet."""
    section = "3.1.2.2"
    level, name = ["MQTT-3.1.2-2"], ["MQTT-3.1.2-1"]
    other = {"to": "server", "told": False, "plans": [[3]]}
    if s.name == "5.0":
        s.add("connect-level-6", [], tail=connect5(2, b"\0", field("c"), level=6),
              end="connect.protocol_level", refs=level, section=section, **other)
        s.add("connect-name-of-nothing", [], tail=connect5(2, b"\0", field("c"), name="MQTX"),
              end="connect.protocol_name", refs=name, section="3.1.2.1", **other)
    else:
        s.add("connect-level-2", [], tail=connect(2, field("c"), level=2),
              end="connect.protocol_level", refs=level, section=section, **other)
        s.add("connect-name-of-3-1-level-4", [], tail=connect31(2, field("c"), level=4),
              end="connect.protocol_level", refs=level, section=section, **other)
