"""PUBLISH and the four packets that acknowledge."""

from strings import CUT, DISCOURAGED, GOOD, ILL_FORMED
from wire import data, field, packet, publish, repeat, u16


def expect(topic="a/b", payload=b"hi", *, qos=0, packet_id=None, dup=False, retain=False):
    return {"type": "publish", "dup": dup, "qos": qos, "retain": retain, "topic": topic,
            "packet_id": packet_id, "payload": payload}


def sections(v, *numbers):
    """The sections of 3.1.1; 3.1 has one for the whole packet."""
    return numbers if v.name == "3.1.1" else ["3.3"] * len(numbers)


def publish_cases(v):
    dup, qos, retain, topic, id, payload = sections(
        v, "3.3.1.1", "3.3.1.2", "3.3.1.3", "3.3.2.1", "3.3.2.2", "3.3.3")
    for first in (0x30, 0x31):
        v.valid(f"publish/first-byte-{first:02x}", publish(first, "a/b", b"hi"),
                expect(retain=bool(first & 1)), section=retain,
                refs=["MQTT-2.3.1-5", "MQTT-3.3.1-2", "MQTT-3.3.1-4"])
    for first in (0x32, 0x33, 0x34, 0x35, 0x3A, 0x3B, 0x3C, 0x3D):
        packet_ = expect(qos=first >> 1 & 3, packet_id=10, dup=bool(first & 8),
                         retain=bool(first & 1))
        v.valid(f"publish/first-byte-{first:02x}", publish(first, "a/b", u16(10), b"hi"), packet_,
                section=qos, refs=["MQTT-2.3.1-1", "MQTT-3.3.1-4"])
    for first in (0x36, 0x37, 0x3E, 0x3F):
        v.invalid(f"publish/first-byte-{first:02x}", publish(first, "a/b", u16(10), b"hi"),
                  "qos.invalid", section=qos, refs=["MQTT-3.3.1-4"])
    for first in (0x38, 0x39):
        v.invalid(f"publish/first-byte-{first:02x}", publish(first, "a/b", b"hi"),
                  "publish.dup_with_qos0", section=dup, refs=["MQTT-3.3.1-2"], flags=["SenderMust"])
        v.valid(f"publish/first-byte-{first:02x}-accepted", publish(first, "a/b", b"hi"),
                expect(retain=bool(first & 1)), canonical=False, section=dup, refs=[],
                options={"strictness": {"dup_at_qos0": "accept"}},
                comment="a receiver that accepts it ignores the bit")

    for number in (1, 255, 256, 65535):
        v.valid(f"publish/packet-id-{number}", publish(0x32, "a/b", u16(number), b"hi"),
                expect(qos=1, packet_id=number), section=id, refs=["MQTT-2.3.1-1"])
    for first in (0x32, 0x34, 0x3A, 0x3C):
        v.invalid(f"publish/packet-id-0-first-byte-{first:02x}",
                  publish(first, "a/b", u16(0), b"hi"), "packet_id.zero", section=id,
                  refs=["MQTT-2.3.1-1"])

    v.valid("publish/payload-empty", publish(0x30, "a/b"), expect(payload=b""), section=payload,
            refs=["MQTT-3.3.2-1"])
    v.valid("publish/payload-empty-retain", publish(0x31, "a/b"), expect(payload=b"", retain=True),
            section=payload, refs=["MQTT-3.3.2-1"])
    v.valid("publish/payload-empty-qos-1", publish(0x32, "a/b", u16(10)),
            expect(payload=b"", qos=1, packet_id=10), section=payload, refs=["MQTT-2.3.1-1"])
    v.valid("publish/payload-like-packet-id", publish(0x30, "a/b", b"\x00\x00"),
            expect(payload=b"\x00\x00"), section=id, refs=["MQTT-2.3.1-5"],
            comment="QoS 0 has no packet identifier, so the zeros are payload")
    v.valid("publish/payload-no-utf8", publish(0x30, "a/b", b"\xff\x00\xc0\x80"),
            expect(payload=b"\xff\x00\xc0\x80"), section=payload, refs=["MQTT-1.5.3-2"])
    v.valid("publish/payload-like-packet", publish(0x30, "a/b", b"\xc0\x00\xe0\x00"),
            expect(payload=b"\xc0\x00\xe0\x00"), section=payload, refs=["MQTT-2.3.1-5"])

    for name, text in [("slash", "/"), ("slashes", "//"), ("slash-first", "/finance"),
                       ("slash-last", "a/"), ("empty-level", "a//b"), ("space", " "),
                       ("spaces", "a b/ c"), ("dollar", "$"), ("dollar-sys", "$SYS/x"),
                       ("dollar-other", "$x/y"), ("dollar-inside", "a/$x"), ("one-letter", "a"),
                       ("accent-first", "\u00e9/b"), ("upper-case", "ACCOUNTS"),
                       ("share", "$share/g/a")]:
        v.valid(f"publish/topic-{name}", publish(0x30, text, b"hi"), expect(text), section=topic,
                refs=["MQTT-3.3.2-1", "MQTT-3.3.2-2", "MQTT-4.7.1-1", "MQTT-4.7.3-1",
                      "MQTT-4.7.3-2"])
    v.valid("publish/topic-65535", publish(0x30, repeat(b"t", 65535), b"hi"),
            expect(repeat(b"t", 65535)), section=topic, refs=["MQTT-4.7.3-3"], flags=["Limit"])
    v.valid("publish/topic-65535-slashes", publish(0x30, repeat(b"/", 65535), b"hi"),
            expect(repeat(b"/", 65535)), section=topic, refs=["MQTT-4.7.3-3"],
            flags=["Limit", "Dos"], comment="65,536 empty levels")
    for first, rest in [(0x30, b""), (0x32, u16(10))]:
        v.invalid(f"publish/topic-empty-first-byte-{first:02x}", publish(first, "", rest, b"hi"),
                  "topic.empty", section=topic, refs=["MQTT-4.7.3-1", "MQTT-3.3.2-1"])
    for name, text in [("hash", "#"), ("plus", "+"), ("hash-last", "a/#"), ("plus-inside", "a/+/b"),
                       ("hash-in-level", "a#b"), ("plus-in-level", "a+b")]:
        v.invalid(f"publish/topic-{name}", publish(0x30, text, b"hi"), "topic.name_has_wildcard",
                  section=topic, refs=["MQTT-3.3.2-2", "MQTT-4.7.1-1"])
    topic_strings(v, topic)
    truncated_publish(v, topic, id)


def topic_strings(v, topic):
    other = {"section": topic if v.name == "3.1.1" else "2.5", "flags": ["Utf8"]}
    for code, what in GOOD:
        string = b"a" + bytes.fromhex(code) + b"z"
        v.valid(f"publish/topic-utf8-{code}", publish(0x30, string, b"hi"), expect(string.decode()),
                refs=["MQTT-1.5.3-1", "MQTT-3.3.2-1"], comment=what, **other)
    for name, string in [("first", b"\xef\xbb\xbfa"), ("inside", b"a\xef\xbb\xbfb"),
                         ("alone", b"\xef\xbb\xbf")]:
        v.valid(f"publish/topic-bom-{name}", publish(0x30, string, b"hi"), expect(string.decode()),
                refs=["MQTT-1.5.3-3"], comment="U+FEFF is kept", **other)
    if v.name == "3.1.1":
        for code, what in DISCOURAGED:
            string = b"a" + bytes.fromhex(code) + b"z"
            v.acceptable(f"publish/topic-discouraged-{code}", publish(0x30, string, b"hi"),
                         expect(string.decode()), "discouraged_characters",
                         "string.disallowed_codepoint", canonical=True, refs=[], comment=what,
                         **{**other, "section": "1.5.3"})
    for code, what in ILL_FORMED:
        string = b"a" + bytes.fromhex(code) + b"z"
        v.invalid(f"publish/topic-ill-formed-{code}", publish(0x30, string, b"hi"),
                  "string.ill_formed_utf8", refs=["MQTT-1.5.3-1", "MQTT-3.3.2-1"], comment=what,
                  **other)
    for code, what in CUT:
        # The payload goes on as the sequence would.
        v.invalid(f"publish/topic-ill-formed-{code}-at-end",
                  publish(0x30, b"a" + bytes.fromhex(code), b"\x80\x80"), "string.ill_formed_utf8",
                  refs=["MQTT-1.5.3-1", "MQTT-3.3.2-1"], comment=what, **other)
    for name, string in [("first", b"\0a"), ("inside", b"a\0b"), ("last", b"a\0"), ("alone", b"\0")]:
        v.invalid(f"publish/topic-nul-{name}", publish(0x30, string, b"hi"), "string.has_nul",
                  refs=["MQTT-1.5.3-2", "MQTT-4.7.3-2"], **other)


def truncated_publish(v, topic, id):
    refs = ["MQTT-3.3.2-1"]
    v.truncated("publish/missing-everything", data(b"\x30\x00"), refs=refs, section=topic,
                follow=publish(0x30, "a", b"x"))
    v.truncated("publish/topic-half-length", data(b"\x30\x01\x00"), refs=refs, section=topic)
    v.truncated("publish/topic-overruns", packet(0x30, u16(4) + b"a/b"), refs=refs, section=topic)
    v.truncated("publish/topic-length-huge", packet(0x30, b"\xff\xffABCDE"), refs=refs,
                section=topic)
    ids = ["MQTT-2.3.1-1"]
    for first in (0x32, 0x34):
        v.truncated(f"publish/missing-packet-id-first-byte-{first:02x}", publish(first, "a/b"),
                    refs=ids, section=id)
    v.truncated("publish/packet-id-half", publish(0x32, "a/b", b"\x00"), refs=ids, section=id)
    v.truncated("publish/topic-takes-packet-id", packet(0x32, u16(5) + b"a/b\x00\x0a"), refs=ids,
                section=id, comment="the topic reaches up to the end of the packet")


ACKS = [("puback", 0x40, "3.4"), ("pubrec", 0x50, "3.5"), ("pubrel", 0x62, "3.6"),
        ("pubcomp", 0x70, "3.7"), ("unsuback", 0xB0, "3.11")]


def ack_cases(v):
    for name, first, section in ACKS:
        variable = section if v.name == "3.1" else f"{section}.2"
        other = {"to": "client"} if name == "unsuback" else {}
        statement = "MQTT-3.6.1-1" if name == "pubrel" else "MQTT-2.2.2-1"

        def expect_ack(number):
            return {"type": name, "packet_id": number}

        def ack(number, first=first):
            return packet(first, u16(number))

        for number in (1, 10, 255, 256, 65535):
            v.valid(f"{name}/packet-id-{number}", ack(number), expect_ack(number), section=variable,
                    refs=[statement], **other)
        v.invalid(f"{name}/packet-id-0", ack(0), "packet_id.zero", section=variable,
                  refs=["MQTT-2.3.1-1"], **other)
        v.truncated(f"{name}/missing-packet-id", data(bytes([first, 0])), section=variable,
                    refs=["MQTT-2.3.1-1"], follow=publish(0x30, "a", b"x"), **other)
        v.truncated(f"{name}/packet-id-half", data(bytes([first, 1, 0])), section=variable,
                    refs=["MQTT-2.3.1-1"], **other)
        for count in (1, 2):
            v.invalid(f"{name}/surplus-{count}", packet(first, u16(10), bytes(count)),
                      "packet.trailing_bytes", section=variable, refs=[], flags=["TrailingBytes"],
                      comment="5.0 may have a reason code here" if count == 1 else None, **other)
        if name == "pubrel" and v.name == "3.1":
            retried_flags(v, name, first, lambda byte: ack(10, byte), expect_ack(10))
        else:
            first_bytes(v, name, first, lambda byte: ack(10, byte), expect_ack(10),
                        statement="MQTT-3.6.1-1" if name == "pubrel" else None, **other)


def first_bytes(v, name, first, make, packet_, statement=None, accepts=True, **other):
    """Each flag of the first byte wrong, one at a time."""
    is_answer = accepts and first & 0x0F == 0
    for bit in (1, 2, 4, 8):
        byte = first ^ bit
        id = f"{name}/first-byte-{byte:02x}"
        if v.name == "3.1":
            v.acceptable(id, make(byte), packet_, "unused_bits_in_3_1", "frame.reserved_flags",
                         section="2.1", refs=[], **other)
            continue
        refs = [statement] if statement else []
        v.invalid(id, make(byte), "frame.reserved_flags", section="2.2.2",
                  refs=["MQTT-2.2.2-1", "MQTT-2.2.2-2", *refs], **other)
        if is_answer and bit == 1:
            v.valid(f"{id}-accepted", make(byte), packet_, canonical=False, section="2.2.2",
                    refs=[], options={"strictness": {"ack_flags": "accept"}},
                    comment="some brokers send this", **other)


def retried_flags(v, name, first, make, packet_, **other):
    """3.1: a packet at QoS 1, with DUP when it is sent again; RETAIN is unused."""
    v.valid(f"{name}/first-byte-{first | 8:02x}", make(first | 8), packet_, canonical=False,
            section="2.1", refs=[], flags=["RetryIn31"], comment="DUP: sent again", **other)
    for bits in (1, 9):
        v.acceptable(f"{name}/first-byte-{first | bits:02x}", make(first | bits), packet_,
                     "unused_bits_in_3_1", "frame.reserved_flags", section="2.1", refs=[], **other)
    for bits, what in [(0, "QoS 0"), (4, "QoS 2"), (6, "QoS 3")]:
        v.invalid(f"{name}/first-byte-{first & 0xF0 | bits:02x}", make(first & 0xF0 | bits),
                  "frame.reserved_flags", section="2.1", refs=[], flags=["SenderMust"],
                  comment=what, **other)
