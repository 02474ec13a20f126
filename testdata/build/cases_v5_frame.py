"""5.0: the fixed header, the packets that have nothing else, and which way packets flow."""

from cases_frame import LARGEST, WHOLE
from cases_v5_disconnect import OF_BOTH, OF_CLIENT, OF_SERVER, expect as expect_disconnect
from cases_v5_publish import expect as expect_publish, publish, wrong_flags
from properties import HOLDERS, block, expected
from wire import connect5, data, field, packet, repeat, u16, varint

MALFORMED, PROTOCOL_ERROR, TOO_LARGE = 0x81, 0x82, 0x95
NONE = block()


def ping_cases(v):
    for name, first, section, to in [("pingreq", 0xC0, "3.12", "server"),
                                     ("pingresp", 0xD0, "3.13", "client")]:
        v.valid(f"{name}/plain", data(bytes([first, 0])), {"type": name}, section=section, to=to,
                refs=["MQTT-2.1.3-1"])
        wrong_flags(v, name, first, lambda byte: data(bytes([byte, 0])), {"type": name},
                    answer=name == "pingresp", to=to)
        for what, body in [("1", b"\x00"), ("2", b"\xc0\x00"), ("4", b"\x40\x02\x00\x07")]:
            v.invalid(f"{name}/surplus-{what}", packet(first, body), "packet.trailing_bytes",
                      section=section, to=to, refs=[], flags=["TrailingBytes"], reason=MALFORMED,
                      comment=None if what == "1" else "what looks like a packet lies inside this "
                      "one")


def frame_cases(v):
    types(v)
    lengths(v)
    limits(v)
    incomplete(v)
    early(v)


def types(v):
    for first in (0x00, 0x01, 0x0F):
        v.invalid(f"frame/first-byte-{first:02x}", data(bytes([first, 0])), "frame.reserved_type",
                  section="2.1.2", refs=[], reason=PROTOCOL_ERROR)
    v.invalid("frame/reserved-type-with-body", packet(0x00, b"abc"), "frame.reserved_type",
              section="2.1.2", refs=[], reason=PROTOCOL_ERROR)


def lengths(v):
    """Remaining Length: its edges, more bytes than it needs, more than it may have."""
    other = {"section": "2.1.4", "refs": ["MQTT-1.5.5-1"]}
    for length in (4, 127, 128, 321, 16_383, 16_384, 2_097_151, 2_097_152, LARGEST):
        payload = repeat(b"x", length - 4)
        small = length <= 512
        v.valid(f"frame/remaining-length-{length}", publish(0x30, "a", NONE, payload),
                expect_publish("a", payload.bytes() if small else payload),
                flags=[] if small else ["Limit"],
                options={"max_packet_size": WHOLE} if length > 1_000_000 else None, **other)

    padded = {"flags": ["NonMinimalVarint"], "reason": MALFORMED, **other}
    for width in (2, 3, 4):
        for name, first, body in [("0", 0xC0, b""), ("2", 0x40, u16(10)),
                                  ("8", 0x30, field("a/b") + NONE + b"hi")]:
            v.invalid(f"frame/padded-{name}-in-{width}", packet(first, body, width=width),
                      "varint.non_minimal", **padded)
    v.invalid("frame/padded-128-in-3", packet(0x30, field("a"), NONE, bytes(124), width=3),
              "varint.non_minimal", **padded)
    v.invalid("frame/padded-connect", packet(0x10, field("MQTT"), b"\x05\x02\x00\x3c", NONE,
                                             field("c1"), width=2),
              "varint.non_minimal", to="server", **padded)

    long = {"error": "frame.remaining_length_too_long", "reason": MALFORMED, **other}
    for name, header, rest in [
            ("0", "c0 80 80 80 80 00", b""), ("1", "30 80 80 80 80 01", b"\0"),
            ("2", "40 82 80 80 80 00", u16(10)), ("all-ones", "30 ff ff ff ff 7f", b""),
            ("without-end", "30 ff ff ff ff ff", b"\xff\xff"),
            ("connect", "10 8f 80 80 80 00", connect5(2, NONE, field("c1")).bytes()[2:])]:
        v.invalid(f"frame/too-long-{name}", data(bytes.fromhex(header) + rest), **long)


def limits(v):
    other = {"section": "3.1.2.11.4", "refs": [], "options": {"max_packet_size": 10},
             "flags": ["Limit"]}
    too_large = {"error": "limit.packet_too_large", "reason": TOO_LARGE, **other}
    v.valid("frame/limit-below", publish(0x30, "a/b", NONE, b"h"), expect_publish(payload=b"h"),
            **other)
    v.valid("frame/limit-exact", publish(0x30, "a/b", NONE, b"hi"), expect_publish(), **other)
    v.invalid("frame/limit-exceeded", publish(0x30, "a/b", NONE, b"hi!"),
              comment="the limit counts the fixed header", **too_large)
    v.invalid("frame/limit-exceeded-qos-1", publish(0x32, "a/b", u16(10), NONE, b"hi"), **too_large)
    v.invalid("frame/limit-exceeded-connect", connect5(2, NONE, field("c1")), **too_large)
    v.invalid("frame/limit-exceeded-by-properties",
              packet(0x40, u16(10), b"\x00", block(("reason_string", "reason"))), **too_large)
    v.incomplete("frame/limit-header-exact", data(b"\x30\x08"), 8, **other)
    early_other = {**too_large, "flags": ["Limit", "EarlyVerdict", "Dos"]}
    v.invalid("frame/limit-header-exceeded", data(b"\x30\x09"),
              comment="the Remaining Length settles it", **early_other)
    v.invalid("frame/limit-header-largest", data(b"\x30\xff\xff\xff\x7f"),
              comment="no memory may be set aside for it", **early_other)
    mebibyte = {"max_packet_size": 1_048_576}
    payload = repeat(b"x", 1_048_576 - 4 - 4)
    v.valid("frame/limit-mebibyte-exact", publish(0x30, "a", NONE, payload),
            expect_publish("a", payload), **{**other, "options": mebibyte})
    v.invalid("frame/limit-mebibyte-exceeded", data(b"\x30" + varint(1_048_573)),
              **{**early_other, "options": mebibyte})


def incomplete(v):
    other = {"section": "2.1.4", "refs": []}
    huge = {"max_packet_size": WHOLE}
    for name, bytes_, need, options in [
            ("nothing", "", 1, None), ("first-byte", "30", 1, None),
            ("first-byte-ping", "c0", 1, None), ("first-byte-auth", "f0", 1, None),
            ("length-1-of-2", "3080", 1, None), ("length-2-of-3", "308080", 1, None),
            ("length-3-of-4", "30808080", 1, None), ("length-only", "3008", 8, None),
            ("length-of-2-mebibytes", "3080808001", 2_097_152, huge),
            ("length-largest", "30ffffff7f", LARGEST, huge),
            ("topic-half-length", "300800", 7, None), ("topic-cut", "30080003612f", 4, None),
            ("topic-cut-in-character", "3009000461c3", 5, None),
            ("topic-empty", "30080000", 6, None),
            ("property-length-missing", "30080003612f62", 3, None),
            ("property-length-half", "30f7010003612f6280", 241, None),
            ("properties-missing", "300d0003612f6205", 7, None),
            ("property-half", "300d0003612f62050200", 5, None),
            ("property-string-cut", "30100003612f6208030005746578", 4, None),
            ("user-property-name-only", "30100003612f6208260001", 7, None),
            ("payload-missing", "30080003612f6200", 2, None),
            ("payload-cut", "30080003612f620068", 1, None),
            ("packet-id-cut", "320a0003612f6200", 4, None), ("ack-cut", "400200", 1, None),
            ("ack-code-missing", "4003000a", 1, None),
            ("ack-properties-missing", "4008000a00", 5, None),
            ("connack-cut", "20030000", 1, None), ("connack-of-3-1-1-cut", "200200", 1, None),
            ("filter-cut", "820f000a000003612f", 8, None),
            ("options-missing", "8209000a000003612f62", 1, None),
            ("second-filter-missing", "820f000a000003612f6201", 6, None),
            ("suback-cut", "9006000a000002", 1, None), ("unsuback-cut", "b005000a0000", 1, None),
            ("disconnect-code-missing", "e001", 1, None),
            ("disconnect-length-missing", "e00704", 6, None),
            ("auth-cut", "f0151813", 19, None)]:
        v.incomplete(f"frame/incomplete-{name}", data(bytes.fromhex(bytes_)), need,
                     options=options, **other)
    whole = connect5(6, block(("session_expiry_interval", 10)), field("c1"),
                     block(("will_delay_interval", 5)), field("w"), field(b"bye"))
    for length in (2, 5, 9, 10, 12, 13, 15, 17, 20, 22, 24, 27, 30, 33):
        v.incomplete(f"frame/incomplete-connect-{length}", data(whole.bytes()[:length]),
                     len(whole) - length, **other)


def early(v):
    """Parts of packets that no continuation makes valid."""
    names = {"160301": "the beginning of a TLS handshake", "47455420": "the beginning of an HTTP GET"}
    for code, error, refs, reason in [
            ("00", "frame.reserved_type", [], PROTOCOL_ERROR),
            ("11", "frame.reserved_flags", ["MQTT-2.1.3-1"], MALFORMED),
            ("36", "qos.invalid", ["MQTT-3.3.1-4"], MALFORMED),
            ("60", "frame.reserved_flags", ["MQTT-3.6.1-1", "MQTT-2.1.3-1"], MALFORMED),
            ("80", "frame.reserved_flags", ["MQTT-3.8.1-1", "MQTT-2.1.3-1"], MALFORMED),
            ("f1", "frame.reserved_flags", ["MQTT-3.15.1-1", "MQTT-2.1.3-1"], MALFORMED),
            ("160301", "frame.reserved_flags", ["MQTT-2.1.3-1"], MALFORMED),
            ("47455420", "frame.reserved_flags", ["MQTT-2.1.3-1"], MALFORMED),
            ("30ffffffff", "frame.remaining_length_too_long", ["MQTT-1.5.5-1"], MALFORMED),
            ("c080808080", "frame.remaining_length_too_long", ["MQTT-1.5.5-1"], MALFORMED),
            ("308000", "varint.non_minimal", ["MQTT-1.5.5-1"], MALFORMED),
            ("c001", "packet.trailing_bytes", [], MALFORMED),
            ("300a0003612b", "topic.name_has_wildcard", ["MQTT-3.3.2-2"], None),
            ("300affff61", "packet.truncated_field", ["MQTT-3.3.2-1", "MQTT-2.2.2-1"], MALFORMED),
            ("300a000361c0", "string.ill_formed_utf8", ["MQTT-1.5.4-1"], MALFORMED),
            ("320b0003612f620000", "packet_id.zero", ["MQTT-2.2.1-3"], None),
            ("300a0003612f627f", "packet.truncated_field", ["MQTT-2.2.2-1"], MALFORMED),
            ("300a0003612f620304", "property.unknown", [], MALFORMED),
            ("300a0003612f62031f", "property.not_allowed", [], MALFORMED),
            ("300a0003612f62020102", "property.value", [], PROTOCOL_ERROR),
            ("300c0003612f6204010001", "property.duplicate", [], PROTOCOL_ERROR),
            ("300a0003612f6203230000", "property.value", ["MQTT-3.3.2-8"], 0x94),
            ("300c0003612f62808000", "varint.non_minimal", ["MQTT-1.5.5-1"], MALFORMED),
            ("4008000a01", "reason_code.invalid", ["MQTT-3.4.2-1"], PROTOCOL_ERROR),
            ("82110000", "packet_id.zero", ["MQTT-2.2.1-3"], None),
            ("8211000a000003612b", "topic.filter_wildcard", ["MQTT-4.7.1-2"], None),
            ("8215000a000003612f6203", "qos.invalid", ["MQTT-3.8.3-5"], PROTOCOL_ERROR),
            ("100f00044d515858", "connect.protocol_name", ["MQTT-3.1.2-1"], 0x84),
            ("100f00044d5154540503", "connect.reserved_flag", ["MQTT-3.1.2-3"], MALFORMED)]:
        v.invalid(f"frame/early-{code}", data(bytes.fromhex(code)), error, section="2.1",
                  refs=refs, reason=reason, flags=["EarlyVerdict"], comment=names.get(code))
    v.invalid("frame/early-topic-of-largest", data(bytes.fromhex("30ffffff7f0001") + b"#"),
              "topic.name_has_wildcard", section="2.1", refs=["MQTT-3.3.2-2"],
              flags=["EarlyVerdict"], options={"max_packet_size": WHOLE},
              comment="no need to wait for 256 MiB")


# The packets that flow one way only.
ONE_WAY = [
    ("connect", "3.1"), ("connack", "3.2"), ("subscribe", "3.8"), ("suback", "3.9"),
    ("unsubscribe", "3.10"), ("unsuback", "3.11"),
]
OTHER_SIDE = {"server": "client", "client": "server"}


def direction_cases(v):
    """What the bytes alone do not decide: whether the sender may send this."""
    whole_packets(v)
    of_disconnect(v)
    of_auth(v)
    of_properties(v)
    both_ways(v)


def whole_packets(v):
    wrong = {"level": "direction", "flags": ["Direction"], "refs": [], "reason": PROTOCOL_ERROR}
    right = {"level": "direction", "flags": ["Direction"], "refs": []}
    holders = {holder.name: holder for holder in HOLDERS}
    packets = [(name, section, holders[name].to, holders[name].make(NONE), holders[name].expect({}))
               for name, section in ONE_WAY]
    packets += [("pingreq", "3.12", "server", data(b"\xc0\x00"), {"type": "pingreq"}),
                ("pingresp", "3.13", "client", data(b"\xd0\x00"), {"type": "pingresp"})]
    for name, section, to, bytes_, packet_ in packets:
        v.valid(f"direction/{name}-to-{to}", bytes_, packet_, to=to, section=section, **right)
        v.invalid(f"direction/{name}-to-{OTHER_SIDE[to]}", bytes_, "packet.direction",
                  to=OTHER_SIDE[to], section=section, **wrong)
    v.invalid("direction/connack-to-server-first-byte", data(b"\x20"), "packet.direction",
              to="server", section="3.2", **{**wrong, "flags": ["Direction", "EarlyVerdict"]})
    v.invalid("direction/subscribe-to-client-first-byte", data(b"\x82"), "packet.direction",
              to="client", section="3.8", **{**wrong, "flags": ["Direction", "EarlyVerdict"]})
    v.valid("direction/connack-of-3-1-1-to-client", data(b"\x20\x02\x00\x01"),
            {"type": "connack", "session_present": False, "reason_code": 0x84, "properties": {}},
            canonical=False, to="client", section="3.2", level="direction", refs=[],
            flags=["Direction", "OtherVersion"])


def of_disconnect(v):
    other = {"level": "direction", "section": "3.14.2.1", "refs": ["MQTT-3.14.2-1"]}
    ways = {"server": OF_CLIENT + OF_BOTH, "client": OF_SERVER + OF_BOTH}
    for to, codes in ways.items():
        for code in codes:
            bytes_ = packet(0xE0, bytes([code])) if code else data(b"\xe0\x00")
            v.valid(f"direction/disconnect-{code:02x}-to-{to}", bytes_, expect_disconnect(code),
                    to=to, flags=["Direction"], **other)
        for code in ways[OTHER_SIDE[to]]:
            if code not in codes:
                v.invalid(f"direction/disconnect-{code:02x}-to-{to}", packet(0xE0, bytes([code])),
                          "reason_code.invalid", to=to, flags=["Direction"], reason=PROTOCOL_ERROR,
                          **other)


def of_auth(v):
    other = {"level": "direction", "section": "3.15.2.1", "refs": ["MQTT-3.15.2-1"],
             "flags": ["Direction"]}
    method = ("authentication_method", "m")

    def auth(code):
        return packet(0xF0, bytes([code]), block(method))

    for code, to in [(0x00, "client"), (0x18, "client"), (0x18, "server"), (0x19, "server")]:
        v.valid(f"direction/auth-{code:02x}-to-{to}", auth(code),
                {"type": "auth", "reason_code": code, "properties": expected(method)}, to=to,
                **other)
    for code, to in [(0x00, "server"), (0x19, "client")]:
        v.invalid(f"direction/auth-{code:02x}-to-{to}", auth(code), "reason_code.invalid", to=to,
                  reason=PROTOCOL_ERROR, **other)


def of_properties(v):
    holders = {holder.name: holder for holder in HOLDERS}
    for holder_name, name, value, to, section, refs in [
            ("publish", "subscription_identifier", 7, "client", "3.3.2.3.8", ["MQTT-3.3.4-6"]),
            ("disconnect", "session_expiry_interval", 0, "server", "3.14.2.2.2",
             ["MQTT-3.14.2-2"]),
            ("disconnect", "server_reference", "other", "client", "3.14.2.2.5", [])]:
        holder = holders[holder_name]
        other = {"level": "direction", "section": section, "refs": refs, "flags": ["Direction"]}
        id = f"direction/{holder_name}-{name.replace('_', '-')}-to"
        for what, more in [("", []), ("-behind-another", [("user_property", ("k", "v"))])]:
            pairs = [*more, (name, value)]
            v.valid(f"{id}-{to}{what}", holder.make(block(*pairs)),
                    holder.expect(expected(*pairs)), canonical=not more, to=to, **other)
            v.invalid(f"{id}-{OTHER_SIDE[to]}{what}", holder.make(block(*pairs)),
                      "property.direction", to=OTHER_SIDE[to], reason=PROTOCOL_ERROR, **other)
    moved = [("server_reference", "other")]
    v.invalid("direction/disconnect-9d-with-reference-to-server",
              packet(0xE0, b"\x9d", block(*moved)), ("reason_code.invalid", "property.direction"),
              level="direction", section="3.14.2.1", refs=["MQTT-3.14.2-1"], flags=["Direction"],
              to="server", reason=PROTOCOL_ERROR)


def both_ways(v):
    """What either side may send."""
    for to in OTHER_SIDE:
        other = {"to": to, "level": "direction", "flags": ["Direction"], "refs": []}
        v.valid(f"direction/publish-to-{to}", publish(0x32, "a/b", u16(10), NONE, b"hi"),
                expect_publish(qos=1, packet_id=10), section="3.3", **other)
        for name, first, section in [("puback", 0x40, "3.4"), ("pubrec", 0x50, "3.5"),
                                     ("pubrel", 0x62, "3.6"), ("pubcomp", 0x70, "3.7")]:
            v.valid(f"direction/{name}-to-{to}", packet(first, u16(10)),
                    {"type": name, "packet_id": 10, "reason_code": 0, "properties": {}},
                    section=section, **other)
        v.incomplete(f"direction/incomplete-publish-to-{to}", data(b"\x32\x0a\x00\x03"), 8,
                     section="3.3", **other)
