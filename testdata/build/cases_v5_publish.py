"""5.0: PUBLISH and the four packets that acknowledge."""

from properties import block, block_of, expected
from strings import CUT, DISCOURAGED, GOOD, ILL_FORMED
from wire import data, field, packet, repeat, u16

MALFORMED, PROTOCOL_ERROR, ALIAS_INVALID = 0x81, 0x82, 0x94
NONE = block()


def publish(first, topic, *rest):
    """`rest` is the packet identifier at QoS 1 and 2, the properties, the payload."""
    return packet(first, field(topic), *rest)


def expect(topic="a/b", payload=b"hi", *, qos=0, packet_id=None, dup=False, retain=False,
           properties=None):
    return {"type": "publish", "dup": dup, "qos": qos, "retain": retain, "topic": topic,
            "packet_id": packet_id, "payload": payload, "properties": properties or {}}


def wrong_flags(v, name, first, make, packet_, statement=None, answer=False, **other):
    """Each flag of the first byte wrong, one at a time."""
    for bit in (1, 2, 4, 8):
        byte = first ^ bit
        id = f"{name}/first-byte-{byte:02x}"
        v.invalid(id, make(byte), "frame.reserved_flags", section="2.1.3", reason=MALFORMED,
                  refs=["MQTT-2.1.3-1", *([statement] if statement else [])], **other)
        if answer and bit == 1:
            v.valid(f"{id}-accepted", make(byte), packet_, canonical=False, section="2.1.3",
                    refs=[], options={"strictness": {"ack_flags": "accept"}},
                    comment="some brokers send this", **other)


def publish_cases(v):
    first_bytes(v)
    content(v)
    topics(v)
    aliases(v)
    topic_strings(v)
    truncated(v)


def first_bytes(v):
    for first in (0x30, 0x31):
        v.valid(f"publish/first-byte-{first:02x}", publish(first, "a/b", NONE, b"hi"),
                expect(retain=bool(first & 1)), section="3.3.1.3",
                refs=["MQTT-2.2.1-2", "MQTT-2.2.2-1", "MQTT-3.3.1-2", "MQTT-3.3.1-4"])
    for first in (0x32, 0x33, 0x34, 0x35, 0x3A, 0x3B, 0x3C, 0x3D):
        v.valid(f"publish/first-byte-{first:02x}", publish(first, "a/b", u16(10), NONE, b"hi"),
                expect(qos=first >> 1 & 3, packet_id=10, dup=bool(first & 8),
                       retain=bool(first & 1)),
                section="3.3.1.2", refs=["MQTT-2.2.2-1", "MQTT-3.3.1-4"])
    for first in (0x36, 0x37, 0x3E, 0x3F):
        v.invalid(f"publish/first-byte-{first:02x}", publish(first, "a/b", u16(10), NONE, b"hi"),
                  "qos.invalid", section="3.3.1.2", refs=["MQTT-3.3.1-4"], reason=MALFORMED)
    for first in (0x38, 0x39):
        v.invalid(f"publish/first-byte-{first:02x}", publish(first, "a/b", NONE, b"hi"),
                  "publish.dup_with_qos0", section="3.3.1.1", refs=["MQTT-3.3.1-2"],
                  reason=MALFORMED, flags=["SenderMust"])
        v.valid(f"publish/first-byte-{first:02x}-accepted", publish(first, "a/b", NONE, b"hi"),
                expect(retain=bool(first & 1)), canonical=False, section="3.3.1.1", refs=[],
                options={"strictness": {"dup_at_qos0": "accept"}},
                comment="a receiver that accepts it ignores the bit")


def content(v):
    for number in (1, 255, 256, 65535):
        v.valid(f"publish/packet-id-{number}", publish(0x32, "a/b", u16(number), NONE, b"hi"),
                expect(qos=1, packet_id=number), section="3.3.2.2", refs=["MQTT-2.2.1-3"])
    for first in (0x32, 0x34, 0x3A, 0x3C):
        v.invalid(f"publish/packet-id-0-first-byte-{first:02x}",
                  publish(first, "a/b", u16(0), NONE, b"hi"), "packet_id.zero", section="3.3.2.2",
                  refs=["MQTT-2.2.1-3", "MQTT-2.2.1-4"])

    payload = {"section": "3.3.3", "refs": ["MQTT-3.3.2-1"]}
    v.valid("publish/payload-empty", publish(0x30, "a/b", NONE), expect(payload=b""), **payload)
    v.valid("publish/payload-empty-retain", publish(0x31, "a/b", NONE),
            expect(payload=b"", retain=True), **payload)
    v.valid("publish/payload-empty-qos-1", publish(0x32, "a/b", u16(10), NONE),
            expect(payload=b"", qos=1, packet_id=10), **payload)
    one = [("content_type", "t")]
    v.valid("publish/payload-empty-with-property", publish(0x30, "a/b", block(*one)),
            expect(payload=b"", properties=expected(*one)), **payload)
    v.valid("publish/payload-like-packet-id", publish(0x30, "a/b", NONE, b"\x00\x0a"),
            expect(payload=b"\x00\x0a"), section="3.3.2.2", refs=["MQTT-2.2.1-2"],
            comment="QoS 0 has no packet identifier")
    v.valid("publish/payload-like-property", publish(0x30, "a/b", NONE, b"\x23\x00\x01"),
            expect(payload=b"\x23\x00\x01"), section="3.3.2.3.1", refs=["MQTT-2.2.2-1"],
            comment="the length says that there are none")
    v.valid("publish/payload-no-utf8", publish(0x30, "a/b", NONE, b"\xff\x00\xc0\x80"),
            expect(payload=b"\xff\x00\xc0\x80"), section="3.3.3", refs=["MQTT-1.5.4-2"])
    v.valid("publish/payload-no-utf8-though-format-says-so",
            publish(0x30, "a/b", block(("payload_format_indicator", 1)), b"\xff\x00"),
            expect(payload=b"\xff\x00", properties={"payload_format_indicator": 1}),
            section="3.3.2.3.2", refs=[],
            comment="a receiver may look into the payload, a codec need not")
    v.valid("publish/payload-like-packet", publish(0x30, "a/b", NONE, b"\xc0\x00\xe0\x00"),
            expect(payload=b"\xc0\x00\xe0\x00"), section="3.3.3", refs=["MQTT-2.2.1-2"])
    every = [("payload_format_indicator", 1), ("message_expiry_interval", 60),
             ("content_type", "text/plain"), ("response_topic", "re/ply"),
             ("correlation_data", b"\x00\x01"), ("topic_alias", 3), ("user_property", ("k", "v"))]
    v.valid("publish/everything", publish(0x3D, "a/b", u16(10), block(*every), b"hi"),
            expect(qos=2, packet_id=10, dup=True, retain=True, properties=expected(*every)),
            section="3.3", refs=["MQTT-3.3.2-1"])


def topics(v):
    other = {"section": "3.3.2.1"}
    for name, text in [("slash", "/"), ("slashes", "//"), ("slash-first", "/finance"),
                       ("slash-last", "a/"), ("empty-level", "a//b"), ("space", " "),
                       ("dollar", "$"), ("dollar-sys", "$SYS/x"), ("dollar-inside", "a/$x"),
                       ("one-letter", "a"), ("accent-first", "\u00e9/b"), ("upper-case", "ACCOUNTS"),
                       ("share", "$share/g/a"), ("share-alone", "$share")]:
        v.valid(f"publish/topic-{name}", publish(0x30, text, NONE, b"hi"), expect(text),
                refs=["MQTT-3.3.2-1", "MQTT-3.3.2-2", "MQTT-4.7.0-1", "MQTT-4.7.3-1",
                      "MQTT-4.7.3-2"], **other)
    long = {"refs": ["MQTT-4.7.3-3"], **other}
    v.valid("publish/topic-65535", publish(0x30, repeat(b"t", 65535), NONE, b"hi"),
            expect(repeat(b"t", 65535)), flags=["Limit"], **long)
    v.valid("publish/topic-65535-slashes", publish(0x30, repeat(b"/", 65535), NONE, b"hi"),
            expect(repeat(b"/", 65535)), flags=["Limit", "Dos"], comment="65,536 empty levels",
            **long)
    for name, text in [("hash", "#"), ("plus", "+"), ("hash-last", "a/#"), ("plus-inside", "a/+/b"),
                       ("hash-in-level", "a#b"), ("plus-in-level", "a+b")]:
        v.invalid(f"publish/topic-{name}", publish(0x30, text, NONE, b"hi"),
                  "topic.name_has_wildcard", refs=["MQTT-3.3.2-2", "MQTT-4.7.0-1"], **other)


def aliases(v):
    """A topic that is left to an alias."""
    other = {"section": "3.3.2.3.4", "refs": ["MQTT-3.3.2-1", "MQTT-4.7.3-1"]}
    three = block(("topic_alias", 3))
    v.valid("publish/alias-with-topic", data(bytes.fromhex("320d0003612f62000a032300036869")),
            expect(qos=1, packet_id=10, properties={"topic_alias": 3}), **other)
    v.valid("publish/alias-without-topic", data(bytes.fromhex("320a0000000b032300036869")),
            expect("", qos=1, packet_id=11, properties={"topic_alias": 3}), **other)
    v.valid("publish/alias-without-topic-qos-0", publish(0x30, "", three, b"hi"),
            expect("", properties={"topic_alias": 3}), **other)
    v.valid("publish/alias-without-topic-payload-empty", publish(0x30, "", three),
            expect("", b"", properties={"topic_alias": 3}), **other)
    v.valid("publish/alias-without-topic-qos-2", publish(0x34, "", u16(10), three, b"hi"),
            expect("", qos=2, packet_id=10, properties={"topic_alias": 3}), **other)
    for number in (1, 65535):
        alias = [("topic_alias", number)]
        v.valid(f"publish/alias-{number}-without-topic", publish(0x30, "", block(*alias), b"hi"),
                expect("", properties=expected(*alias)), **other)
    among = [("message_expiry_interval", 7), ("topic_alias", 3), ("user_property", ("k", "v"))]
    v.valid("publish/alias-without-topic-among-others", publish(0x30, "", block(*among), b"hi"),
            expect("", properties=expected(*among)), **other)
    last = [("user_property", ("k", "v")), ("topic_alias", 3)]
    v.valid("publish/alias-without-topic-last", publish(0x30, "", block(*last), b"hi"),
            expect("", properties=expected(*last)), canonical=False, **other)

    zero = block(("topic_alias", 0))
    v.invalid("publish/alias-0-without-topic", publish(0x30, "", zero, b"hi"), "property.value",
              reason=ALIAS_INVALID, **{**other, "refs": ["MQTT-3.3.2-8"]})
    missing = ("topic.empty", "property.missing")
    for name, first, rest in [("", 0x30, [NONE]), ("-qos-1", 0x32, [u16(10), NONE]),
                              ("-qos-2", 0x34, [u16(10), NONE]),
                              ("-with-others", 0x30, [block(("content_type", "t"),
                                                            ("user_property", ("k", "v")))])]:
        v.invalid(f"publish/topic-empty{name}", publish(first, "", *rest, b"hi"), missing,
                  reason=PROTOCOL_ERROR, **other)


def topic_strings(v):
    other = {"section": "3.3.2.1", "flags": ["Utf8"]}
    for code, what in GOOD:
        string = b"a" + bytes.fromhex(code) + b"z"
        v.valid(f"publish/topic-utf8-{code}", publish(0x30, string, NONE, b"hi"),
                expect(string.decode()), refs=["MQTT-1.5.4-1", "MQTT-3.3.2-1"], comment=what,
                **other)
    for name, string in [("first", "\ufeffa"), ("inside", "a\ufeffb"), ("alone", "\ufeff")]:
        v.valid(f"publish/topic-bom-{name}", publish(0x30, string, NONE, b"hi"), expect(string),
                refs=["MQTT-1.5.4-3"], comment="U+FEFF is kept", **other)
    for code, what in DISCOURAGED:
        string = b"a" + bytes.fromhex(code) + b"z"
        v.acceptable(f"publish/topic-discouraged-{code}", publish(0x30, string, NONE, b"hi"),
                     expect(string.decode()), "discouraged_characters",
                     "string.disallowed_codepoint", canonical=True, refs=[], comment=what,
                     **{**other, "section": "1.5.4"})
    ill = {"refs": ["MQTT-1.5.4-1", "MQTT-3.3.2-1"], "reason": MALFORMED, **other}
    for code, what in ILL_FORMED:
        string = b"a" + bytes.fromhex(code) + b"z"
        v.invalid(f"publish/topic-ill-formed-{code}", publish(0x30, string, NONE, b"hi"),
                  "string.ill_formed_utf8", comment=what, **ill)
    for code, what in CUT:
        v.invalid(f"publish/topic-ill-formed-{code}-at-end",
                  publish(0x30, b"a" + bytes.fromhex(code), NONE, b"\x80\x80"),
                  "string.ill_formed_utf8", comment=what, **ill)
    for name, string in [("first", b"\0a"), ("inside", b"a\0b"), ("last", b"a\0"), ("alone", b"\0")]:
        v.invalid(f"publish/topic-nul-{name}", publish(0x30, string, NONE, b"hi"),
                  "string.has_nul", refs=["MQTT-1.5.4-2", "MQTT-4.7.3-2"], reason=MALFORMED,
                  **other)


def truncated(v):
    topic = {"refs": ["MQTT-3.3.2-1", "MQTT-2.2.2-1"], "section": "3.3.2.1", "reason": MALFORMED}
    v.truncated("publish/missing-everything", data(b"\x30\x00"),
                follow=publish(0x30, "a", NONE, b"x"), **topic)
    v.truncated("publish/topic-half-length", data(b"\x30\x01\x00"), **topic)
    v.truncated("publish/topic-overruns", packet(0x30, u16(4) + b"a/b"), **topic)
    v.truncated("publish/topic-length-huge", packet(0x30, b"\xff\xffABCDE"), **topic)
    id = {"refs": [], "section": "3.3.2.2", "reason": MALFORMED}
    for first in (0x32, 0x34):
        v.truncated(f"publish/missing-packet-id-first-byte-{first:02x}", publish(first, "a/b"), **id)
    v.truncated("publish/packet-id-half", publish(0x32, "a/b", b"\x00"), **id)
    length = {"refs": ["MQTT-2.2.2-1"], "section": "3.3.2.3.1", "reason": MALFORMED}
    v.truncated("publish/missing-property-length", publish(0x30, "a/b"),
                comment="in 3.1.1 this is a PUBLISH without payload", **length)
    v.truncated("publish/missing-property-length-qos-1", publish(0x32, "a/b", u16(10)), **length)
    v.truncated("publish/property-length-half", publish(0x30, "a/b", b"\x80"), **length)
    v.truncated("publish/of-3-1-1", publish(0x30, "a/b", b"hi"),
                comment="the first letter of the payload is taken for the length of properties",
                **length)
    lost = ("topic.empty", "property.missing", "packet.truncated_field")
    empty = {"refs": ["MQTT-3.3.2-1", "MQTT-4.7.3-1", "MQTT-2.2.2-1"], "section": "3.3.2.3.4"}
    v.truncated("publish/topic-empty-missing-property-length", packet(0x30, u16(0)), error=lost,
                **empty)
    v.truncated("publish/topic-empty-missing-packet-id", packet(0x32, u16(0)), error=lost, **empty)
    v.truncated("publish/topic-empty-alias-cut",
                publish(0x30, "", block_of(b"\x23\x00"), b"hi"), error=lost, **empty)


PUBACK_CODES = (0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99)
PUBREL_CODES = (0x00, 0x92)
NOT_OF_PUBACK = (0x01, 0x02, 0x11, 0x7F, 0x81, 0x82, 0x84, 0x8F, 0x92, 0x98, 0x9A, 0xFF)
NOT_OF_PUBREL = (0x01, 0x10, 0x7F, 0x80, 0x83, 0x90, 0x91, 0x93, 0xFF)

ACKS = [("puback", 0x40, "3.4", PUBACK_CODES, NOT_OF_PUBACK),
        ("pubrec", 0x50, "3.5", PUBACK_CODES, NOT_OF_PUBACK),
        ("pubrel", 0x62, "3.6", PUBREL_CODES, NOT_OF_PUBREL),
        ("pubcomp", 0x70, "3.7", PUBREL_CODES, NOT_OF_PUBREL)]


def ack_cases(v):
    for name, first, section, codes, not_codes in ACKS:
        Ack(v, name, first, section).cases(codes, not_codes)


class Ack:
    """The cases about one of the four."""

    def __init__(self, v, name, first, section):
        self.v, self.name, self.first, self.section = v, name, first, section

    def make(self, *rest, packet_id=10, first=None):
        return packet(first or self.first, u16(packet_id), *rest)

    def expect(self, reason=0, properties=None, packet_id=10):
        return {"type": self.name, "packet_id": packet_id, "reason_code": reason,
                "properties": properties or {}}

    def cases(self, codes, not_codes):
        self.packet_ids()
        self.codes(codes, not_codes)
        self.forms()
        self.truncated()
        wrong_flags(self.v, self.name, self.first, lambda byte: self.make(first=byte),
                    self.expect(), answer=self.name != "pubrel",
                    statement="MQTT-3.6.1-1" if self.name == "pubrel" else None)

    def packet_ids(self):
        other = {"section": f"{self.section}.2"}
        for number in (1, 255, 256, 65535):
            self.v.valid(f"{self.name}/packet-id-{number}", self.make(packet_id=number),
                         self.expect(packet_id=number), refs=["MQTT-2.1.3-1"] + (
                             ["MQTT-3.6.1-1"] if self.name == "pubrel" else []), **other)
        for form, rest in [("", []), ("-with-code", [b"\x92" if self.first in (0x62, 0x70)
                                                     else b"\x80"])]:
            self.v.invalid(f"{self.name}/packet-id-0{form}", self.make(*rest, packet_id=0),
                           "packet_id.zero", refs=["MQTT-2.2.1-5"], **other)

    def codes(self, codes, not_codes):
        other = {"section": f"{self.section}.2.1", "refs": [f"MQTT-{self.section}.2-1"]}
        for code in codes:
            byte = bytes([code])
            short = self.make(byte) if code else self.make()
            expect_ = self.expect(code)
            self.v.valid(f"{self.name}/code-{code:02x}", short, expect_, **other)
            if code == 0:
                self.v.valid(f"{self.name}/code-00-written", self.make(byte), expect_,
                             canonical=False, comment="it could have been left out", **other)
            self.v.valid(f"{self.name}/code-{code:02x}-length-0", self.make(byte, NONE), expect_,
                         canonical=False, comment="the length of properties, with none", **other)
            pair = [("reason_string", "r")]
            self.v.valid(f"{self.name}/code-{code:02x}-with-property",
                         self.make(byte, block(*pair)), self.expect(code, expected(*pair)), **other)
        for code in not_codes:
            byte = bytes([code])
            self.v.invalid(f"{self.name}/code-{code:02x}", self.make(byte), "reason_code.invalid",
                           reason=PROTOCOL_ERROR, flags=["SenderMust"], **other)
        self.v.invalid(f"{self.name}/code-{not_codes[0]:02x}-with-properties",
                       self.make(bytes([not_codes[0]]), block(("reason_string", "r"))),
                       "reason_code.invalid", reason=PROTOCOL_ERROR, flags=["SenderMust"], **other)

    def forms(self):
        other = {"section": f"{self.section}.2.2", "refs": [], "flags": ["TrailingBytes"],
                 "reason": MALFORMED}
        error = "packet.trailing_bytes"
        self.v.invalid(f"{self.name}/surplus-byte", self.make(b"\x00", NONE, b"\x00"), error,
                       **other)
        self.v.invalid(f"{self.name}/surplus-property", self.make(b"\x00", NONE, b"\x1f\0\0"),
                       error, comment="the length says that there are none", **other)
        self.v.invalid(f"{self.name}/surplus-packet-inside", self.make(b"\x00", NONE, b"\xc0\x00"),
                       error, comment="what looks like a PINGREQ lies inside this packet", **other)
        self.v.invalid(f"{self.name}/surplus-after-property",
                       self.make(b"\x00", block(("reason_string", "r")), b"\x00"), error, **other)

    def truncated(self):
        first = self.first
        other = {"section": f"{self.section}.2", "refs": [], "reason": MALFORMED}
        self.v.truncated(f"{self.name}/missing-packet-id", data(bytes([first, 0])),
                         follow=publish(0x30, "a", NONE, b"x"), **other)
        self.v.truncated(f"{self.name}/packet-id-half", data(bytes([first, 1, 0])), **other)
        length = {**other, "section": f"{self.section}.2.2.1"}
        self.v.truncated(f"{self.name}/property-length-half", self.make(b"\x00\x80"), **length)
        self.v.truncated(f"{self.name}/properties-missing", self.make(b"\x00\x03"), **length)
