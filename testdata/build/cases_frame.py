"""The fixed header, and the packets that have nothing else."""

from cases_publish import expect as expect_publish, first_bytes
from packets import encode, full
from wire import connect, data, field, packet, publish, repeat, u16, varint

LARGEST = 268_435_455
WHOLE = LARGEST + 5


def empty_packets(v):
    for name, first, section, to in [("pingreq", 0xC0, "3.12", "server"),
                                     ("pingresp", 0xD0, "3.13", "client"),
                                     ("disconnect", 0xE0, "3.14", "server")]:
        is_answer = name == "pingresp"
        statement = "MQTT-3.14.1-1" if name == "disconnect" else None
        v.valid(f"{name}/plain", data(bytes([first, 0])), {"type": name}, section=section, to=to,
                refs=["MQTT-2.2.2-1", "MQTT-2.2.2-2", *([statement] if statement else [])])
        first_bytes(v, name, first, lambda byte: data(bytes([byte, 0])), {"type": name},
                    statement=statement, accepts=is_answer, to=to)
        for count, body in [(1, b"\x00"), (2, b"\xc0\x00"), (4, b"\x40\x02\x00\x07")]:
            v.invalid(f"{name}/surplus-{count}", packet(first, body), "packet.trailing_bytes",
                      section=section, to=to, refs=[], flags=["TrailingBytes"],
                      comment="what looks like a packet lies inside this one" if count > 1 else None)


def frame_cases(v):
    section = "2.1" if v.name == "3.1" else "2.2.3"
    types(v)
    lengths(v, section)
    limits(v, section)
    incomplete(v, section)
    early(v)


def types(v):
    section = "2.1" if v.name == "3.1" else "2.2.1"
    for first in (0x00, 0x01, 0x0F, 0xF0, 0xF1, 0xFF):
        v.invalid(f"frame/first-byte-{first:02x}", data(bytes([first, 0])), "frame.reserved_type",
                  section=section, refs=[])
    v.invalid("frame/auth-of-5-0", data(b"\xf0\x02\x18\x00"), "frame.reserved_type",
              section=section, refs=[], comment="an AUTH of 5.0")
    v.invalid("frame/reserved-type-with-body", packet(0x00, b"abc"), "frame.reserved_type",
              section=section, refs=[])


def lengths(v, section):
    """Remaining Length: its edges, more bytes than it needs, more than it may have."""
    largest = [LARGEST] if v.name == "3.1.1" else []
    for length in (3, 127, 128, 321, 16_383, 16_384, 2_097_151, 2_097_152, *largest):
        payload = repeat(b"x", length - 3)
        small = length <= 512
        big = length > 1_000_000
        v.valid(f"frame/remaining-length-{length}", publish(0x30, "a", payload),
                expect_publish("a", payload.bytes() if small else payload), section=section,
                refs=[], flags=[] if small else ["Limit"],
                options={"max_packet_size": WHOLE} if big else None)

    # Only 5.0 forbids the longer forms in so many words.
    padded = {"rule": "non_minimal_length", "error": "varint.non_minimal", "section": section,
              "refs": [], "flags": ["NonMinimalVarint"]}
    for width in (2, 3, 4):
        v.acceptable(f"frame/padded-0-in-{width}", packet(0xC0, width=width), {"type": "pingreq"},
                     **padded)
        v.acceptable(f"frame/padded-2-in-{width}", packet(0x40, u16(10), width=width),
                     {"type": "puback", "packet_id": 10}, **padded)
        v.acceptable(f"frame/padded-7-in-{width}",
                     packet(0x30, field("a/b"), b"hi", width=width), expect_publish(), **padded)
    payload = bytes(125)
    v.acceptable("frame/padded-128-in-3", packet(0x30, field("a"), payload, width=3),
                 expect_publish("a", payload), **padded)

    long = {"error": "frame.remaining_length_too_long", "section": section, "refs": []}
    for name, header, rest in [
            ("too-long-0", "c0 80 80 80 80 00", b""), ("too-long-1", "30 80 80 80 80 01", b"\0"),
            ("too-long-2", "40 82 80 80 80 00", u16(10)),
            ("too-long-all-ones", "30 ff ff ff ff 7f", b""),
            ("too-long-without-end", "30 ff ff ff ff ff", b"\xff\xff"),
            ("too-long-connect", "10 8e 80 80 80 00", connect(2, field("c1")).bytes()[2:])]:
        v.invalid(f"frame/{name}", data(bytes.fromhex(header) + rest), **long)
    if v.name == "3.1.1":
        v.invalid("frame/first-byte-of-telnet", data(bytes.fromhex("fffbffffffff")),
                  "frame.reserved_type", section="2.2.1", refs=[])


def limits(v, section):
    other = {"section": section, "refs": [], "options": {"max_packet_size": 10}, "flags": ["Limit"]}
    v.valid("frame/limit-below", publish(0x30, "a/b", b"hi"), expect_publish(), **other)
    v.valid("frame/limit-exact", publish(0x30, "a/b", b"hi!"), expect_publish(payload=b"hi!"),
            **other)
    v.invalid("frame/limit-exceeded", publish(0x30, "a/b", b"hi!!"), "limit.packet_too_large",
              comment="the limit counts the fixed header", **other)
    v.invalid("frame/limit-exceeded-qos-1", publish(0x32, "a/b", u16(10), b"hi"),
              "limit.packet_too_large", **other)
    v.invalid("frame/limit-exceeded-connect", connect(2, field("c1")), "limit.packet_too_large",
              **other)
    v.incomplete("frame/limit-header-exact", data(b"\x30\x08"), 8, **other)
    early_other = {**other, "flags": ["Limit", "EarlyVerdict", "Dos"]}
    v.invalid("frame/limit-header-exceeded", data(b"\x30\x09"), "limit.packet_too_large",
              comment="the Remaining Length settles it", **early_other)
    v.invalid("frame/limit-header-largest", data(b"\x30\xff\xff\xff\x7f"), "limit.packet_too_large",
              comment="no memory may be set aside for it", **early_other)
    mebibyte = {"max_packet_size": 1_048_576}
    v.valid("frame/limit-mebibyte-exact", publish(0x30, "a", repeat(b"x", 1_048_576 - 4 - 3)),
            expect_publish("a", repeat(b"x", 1_048_576 - 4 - 3)),
            **{**other, "options": mebibyte})
    v.invalid("frame/limit-mebibyte-exceeded", data(b"\x30" + varint(1_048_573)),
              "limit.packet_too_large", **{**early_other, "options": mebibyte})


# The packets that flow one way only, and those that flow both ways, with their sections.
ONE_WAY = [("connect", "3.1", "server"), ("connack", "3.2", "client"),
           ("subscribe", "3.8", "server"), ("suback", "3.9", "client"),
           ("unsubscribe", "3.10", "server"), ("unsuback", "3.11", "client"),
           ("pingreq", "3.12", "server"), ("pingresp", "3.13", "client"),
           ("disconnect", "3.14", "server")]
BOTH_WAYS = [("publish", "3.3"), ("puback", "3.4"), ("pubrec", "3.5"), ("pubrel", "3.6"),
             ("pubcomp", "3.7")]
OTHER_SIDE = {"server": "client", "client": "server"}


def direction_cases(v):
    """What the bytes alone do not decide: whether the sender may send this. Nothing but the packet
    type depends on it before 5.0."""
    fields = {"subscribe": {"subscriptions": [{"filter": "a/b", "qos": 1}]},
              "suback": {"codes": [1]}, "unsubscribe": {"filters": ["a/b"]},
              "publish": {"qos": 1, "payload": b"hi", "topic": "a/b"}}
    numbered = {"publish", "puback", "pubrec", "pubrel", "pubcomp", "subscribe", "suback",
                "unsubscribe", "unsuback"}

    def make(name):
        more = fields.get(name, {}) | ({"packet_id": 10} if name in numbered else {})
        packet_ = full(v.name, name, **more)
        return data(encode(v.name, packet_)), packet_

    other = {"level": "direction", "since": "1.4.0"}
    way = {"flags": ["Direction"], **other}
    for name, section, to in ONE_WAY:
        bytes_, packet_ = make(name)
        away = OTHER_SIDE[to]
        v.valid(f"direction/{name}-to-{to}", bytes_, packet_, to=to, section=section, refs=[],
                **way)
        v.invalid(f"direction/{name}-to-{away}", bytes_, "packet.direction", to=away,
                  section=section, refs=["MQTT-4.8.0-1"], **way)
        if len(bytes_) > 2:
            v.invalid(f"direction/{name}-to-{away}-first-byte", data(bytes_.bytes()[:1]),
                      "packet.direction", to=away, section=section, refs=["MQTT-4.8.0-1"],
                      flags=["Direction", "EarlyVerdict"], **other)
    for name, section in BOTH_WAYS:
        bytes_, packet_ = make(name)
        for to in OTHER_SIDE:
            v.valid(f"direction/{name}-to-{to}", bytes_, packet_, to=to, section=section, refs=[],
                    **way)
    for to in OTHER_SIDE:
        v.incomplete(f"direction/incomplete-publish-to-{to}", data(b"\x32\x0a\x00\x03"), 8, to=to,
                     section="3.3", refs=[], **way)


def incomplete(v, section):
    other = {"section": section, "refs": []}
    huge = {"max_packet_size": WHOLE}
    for name, bytes_, need, options in [
            ("nothing", "", 1, None), ("first-byte", "30", 1, None), ("first-byte-ping", "c0", 1, None),
            ("length-1-of-2", "3080", 1, None), ("length-2-of-3", "308080", 1, None),
            ("length-3-of-4", "30808080", 1, None), ("length-only", "3007", 7, None),
            ("length-of-2-mebibytes", "3080808001", 2_097_152, huge),
            ("length-largest", "30ffffff7f", LARGEST, huge),
            ("topic-half-length", "300700", 6, None), ("topic-cut", "30070003612f", 3, None),
            ("topic-cut-in-character", "3008000461c3", 4, None),
            ("payload-missing", "30070003612f62", 2, None),
            ("payload-cut", "30070003612f6268", 1, None),
            ("packet-id-cut", "32090003612f6200", 3, None), ("ack-cut", "400200", 1, None),
            ("connack-cut", "200200", 1, None), ("filter-cut", "820e000a0003612f", 8, None),
            ("second-filter-missing", "820e000a0003612f6201", 6, None),
            ("suback-cut", "9005000a0002", 1, None)]:
        v.incomplete(f"frame/incomplete-{name}", data(bytes.fromhex(bytes_)), need,
                     options=options, **other)
    whole = connect(2, field("c1")) if v.name == "3.1.1" else connect(
        2, field("c1"), name="MQIsdp", level=3)
    for length in (2, 5, 9, 10, 12, 15):
        v.incomplete(f"frame/incomplete-connect-{length}", data(whole.bytes()[:length]),
                     len(whole) - length, **other)


def early(v):
    """Parts of packets that no continuation makes valid."""
    section = "2.1" if v.name == "3.1" else "2.2"
    fixed = [("00", "frame.reserved_type", []), ("f0", "frame.reserved_type", []),
             ("36", "qos.invalid", ["MQTT-3.3.1-4"]),
             ("30ffffffff", "frame.remaining_length_too_long", []),
             ("c080808080", "frame.remaining_length_too_long", []),
             ("c001", "packet.trailing_bytes", []), ("4003", "packet.trailing_bytes", []),
             ("300a0003612b", "topic.name_has_wildcard", ["MQTT-3.3.2-2", "MQTT-4.7.1-1"]),
             ("300affff61", "packet.truncated_field", ["MQTT-3.3.2-1"]),
             ("300a000361c0", "string.ill_formed_utf8", ["MQTT-1.5.3-1"]),
             ("320a0003612f620000", "packet_id.zero", ["MQTT-2.3.1-1"]),
             ("820e000a0003612b", "topic.filter_wildcard", ["MQTT-4.7.1-3"]),
             ("100e00044d515858", "connect.protocol_name", ["MQTT-3.1.2-1"])]
    if v.name == "3.1.1":
        fixed += [("11", "frame.reserved_flags", ["MQTT-2.2.2-2"]),
                  ("80", "frame.reserved_flags", ["MQTT-3.8.1-1", "MQTT-2.2.2-2"]),
                  ("60", "frame.reserved_flags", ["MQTT-3.6.1-1", "MQTT-2.2.2-2"]),
                  ("160301", "frame.reserved_flags", ["MQTT-2.2.2-2"]),
                  ("47455420", "frame.reserved_flags", ["MQTT-2.2.2-2"]),
                  ("100e00044d5154540403", "connect.reserved_flag", ["MQTT-3.1.2-3"])]
    names = {"160301": "the beginning of a TLS handshake", "47455420": "the beginning of an HTTP GET"}
    for code, error, refs in fixed:
        v.invalid(f"frame/early-{code}", data(bytes.fromhex(code)), error, section=section,
                  refs=refs, flags=["EarlyVerdict"], comment=names.get(code))
    v.invalid("frame/early-empty-topic-of-largest", data(bytes.fromhex("30ffffff7f0000")),
              "topic.empty", section=section, refs=["MQTT-4.7.3-1"], flags=["EarlyVerdict"],
              options={"max_packet_size": WHOLE}, comment="no need to wait for 256 MiB")
