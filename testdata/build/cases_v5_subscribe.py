"""5.0: SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK."""

from cases_v5_publish import wrong_flags
from properties import block, block_of, expected
from strings import BAD_FILTERS, CUT, DISCOURAGED, GOOD, GOOD_FILTERS, SOME_ILL_FORMED
from wire import data, field, packet, repeat, u16

MALFORMED, PROTOCOL_ERROR = 0x81, 0x82
NONE = block()

SHARES = [
    ("plus", "$share/g/sport/tennis/+"), ("slash", "$share/g//finance"), ("hash", "$share/g/#"),
    ("sys", "$share/g/$SYS/#"), ("accent", "$share/\u00e9/a"), ("dollar-name", "$share/$g/a"),
    ("long-name", "$share/0123456789 abc/a/b/c"), ("in-share", "$share/g/$share/h/a"),
]

# What begins like a shared subscription and is none.
NO_SHARES = [("upper-case", "$SHARE/g/a"), ("longer", "$shared/g/a"), ("not-first", "a/$share/g/a"),
             ("alone", "$share")]

SHARE, WILDCARD = "topic.shared_subscription", "topic.filter_wildcard"
BAD_SHARES = [
    ("without-filter", "$share/g", SHARE, "MQTT-4.8.2-2"),
    ("filter-empty", "$share/g/", SHARE, "MQTT-4.8.2-2"),
    ("name-empty", "$share//a", SHARE, "MQTT-4.8.2-1"),
    ("name-missing", "$share/", SHARE, "MQTT-4.8.2-1"),
    ("name-plus", "$share/+/a", SHARE, "MQTT-4.8.2-2"),
    ("name-has-plus", "$share/g+/a", (SHARE, WILDCARD), "MQTT-4.8.2-2"),
    ("name-has-hash", "$share/g#/a", (SHARE, WILDCARD), "MQTT-4.8.2-2"),
    ("name-hash", "$share/#/a", (SHARE, WILDCARD), "MQTT-4.8.2-2"),
    ("name-hash-alone", "$share/#", SHARE, "MQTT-4.8.2-2"),
    ("filter-hash-not-last", "$share/g/#/a", (SHARE, WILDCARD), "MQTT-4.8.2-2"),
    ("filter-plus-in-level", "$share/g/a+", (SHARE, WILDCARD), "MQTT-4.8.2-2"),
]

# The statements that 5.0 has where the table of bad filters names those of 3.1.1.
OF_5_0 = {"MQTT-4.7.1-2": "MQTT-4.7.1-1", "MQTT-4.7.1-3": "MQTT-4.7.1-2"}


def subscribe(*entries, properties=NONE, packet_id=10, first=0x82):
    body = [piece for topic_filter, options in entries
            for piece in (field(topic_filter), bytes([options]))]
    return packet(first, u16(packet_id), properties, *body)


def subscription(topic_filter, options):
    return {"filter": topic_filter, "qos": options & 3, "no_local": bool(options & 4),
            "retain_as_published": bool(options & 8), "retain_handling": options >> 4}


def expect(*entries, properties=None, packet_id=10):
    return {"type": "subscribe", "packet_id": packet_id,
            "subscriptions": [subscription(*entry) for entry in entries],
            "properties": properties or {}}


def subscribe_cases(v):
    options(v)
    shared(v)
    filters = lambda *texts: (subscribe(*[(text, 1) for text in texts]),
                              expect(*[(text, 1) for text in texts]))
    payload = {"to": "server", "section": "3.8.3"}
    filter_cases(v, "subscribe", filters, "MQTT-3.8.3-1", payload)
    v.valid("subscribe/example", data(bytes.fromhex("820f000a000003612f62010003632f642e")),
            expect(("a/b", 1), ("c/d", 0x2E)), refs=["MQTT-3.8.1-1", "MQTT-3.8.3-2"], **payload)
    same = ("a", 0), ("a", 2)
    v.valid("subscribe/same-filter-twice", subscribe(*same), expect(*same), refs=["MQTT-3.8.3-2"],
            comment="both are kept, in order", **payload)
    many = [(f"a/{number}", number % 3) for number in range(100)]
    v.valid("subscribe/hundred-filters", subscribe(*many), expect(*many), refs=["MQTT-3.8.3-2"],
            flags=["Dos"], **payload)
    variable = {"to": "server", "section": "3.8.2"}
    for number in (1, 255, 256, 65535):
        v.valid(f"subscribe/packet-id-{number}", subscribe(("a/b", 1), packet_id=number),
                expect(("a/b", 1), packet_id=number), refs=["MQTT-2.2.1-3"], **variable)
    v.invalid("subscribe/packet-id-0", subscribe(("a/b", 1), packet_id=0), "packet_id.zero",
              refs=["MQTT-2.2.1-3"], **variable)
    none = {"refs": ["MQTT-3.8.3-2"], "reason": PROTOCOL_ERROR, **payload}
    v.invalid("subscribe/no-filters", packet(0x82, u16(10), NONE), "subscribe.no_filters", **none)
    v.invalid("subscribe/no-filters-with-property",
              packet(0x82, u16(10), block(("user_property", ("k", "v")))), "subscribe.no_filters",
              **none)
    wrong_flags(v, "subscribe", 0x82, lambda byte: subscribe(("a/b", 1), first=byte), None,
                statement="MQTT-3.8.1-1", to="server")
    truncated(v, payload, variable)


def options(v):
    """The byte behind a filter."""
    other = {"to": "server", "section": "3.8.3.1", "refs": ["MQTT-3.8.3-5"]}
    legal = [byte for byte in range(0x30) if byte & 3 != 3]
    for byte in legal:
        v.valid(f"subscribe/options-{byte:02x}", subscribe(("a/b", byte)), expect(("a/b", byte)),
                **other)
    wrong = {"reason": PROTOCOL_ERROR, **other}
    for byte in (0x03, 0x07, 0x0B, 0x2F):
        v.invalid(f"subscribe/options-{byte:02x}", subscribe(("a/b", byte)), "qos.invalid", **wrong)
    for byte in (0x30, 0x31, 0x32, 0x3E):
        v.invalid(f"subscribe/options-{byte:02x}", subscribe(("a/b", byte)),
                  "subscribe.retain_handling", **wrong)
    for byte in (0x40, 0x41, 0x80, 0x82, 0xC0, 0xEE):
        v.invalid(f"subscribe/options-{byte:02x}", subscribe(("a/b", byte)),
                  "subscribe.reserved_options", **{**wrong, "reason": MALFORMED})
    v.invalid("subscribe/options-33", subscribe(("a/b", 0x33)),
              ("qos.invalid", "subscribe.retain_handling"), **wrong)
    v.invalid("subscribe/options-ff", subscribe(("a/b", 0xFF)),
              ("qos.invalid", "subscribe.retain_handling", "subscribe.reserved_options"), **other)
    v.invalid("subscribe/options-03-second", subscribe(("a", 1), ("b", 3)), "qos.invalid", **wrong)
    v.invalid("subscribe/options-30-second", subscribe(("a", 1), ("b", 0x30)),
              "subscribe.retain_handling", **wrong)
    v.invalid("subscribe/options-40-second", subscribe(("a", 1), ("b", 0x40)),
              "subscribe.reserved_options", **{**wrong, "reason": MALFORMED})


def shared(v):
    other = {"to": "server", "section": "4.8.2"}
    statements = ["MQTT-4.8.2-1", "MQTT-4.8.2-2"]
    for name, text in SHARES:
        for byte in (0x00, 0x2A) if name == "plus" else (0x01,):
            v.valid(f"subscribe/share-{name}-options-{byte:02x}", subscribe((text, byte)),
                    expect((text, byte)), refs=[*statements, "MQTT-3.8.3-4"], **other)
        v.invalid(f"subscribe/share-{name}-no-local", subscribe((text, 0x04)),
                  "subscribe.no_local_on_shared", refs=["MQTT-3.8.3-4"], reason=PROTOCOL_ERROR,
                  **other)
    v.invalid("subscribe/share-second-no-local", subscribe(("a", 0x04), ("$share/g/a", 0x05)),
              "subscribe.no_local_on_shared", refs=["MQTT-3.8.3-4"], reason=PROTOCOL_ERROR, **other)
    for name, text in NO_SHARES:
        v.valid(f"subscribe/no-share-{name}", subscribe((text, 0x05)), expect((text, 0x05)),
                refs=["MQTT-4.8.2-1", "MQTT-3.8.3-4"],
                comment="an ordinary filter, which may have No Local", **other)
    for name, text, error, statement in BAD_SHARES:
        reason = None if isinstance(error, tuple) else PROTOCOL_ERROR
        refs = [*statements] + (["MQTT-4.7.1-1", "MQTT-4.7.1-2"] if reason is None else [])
        v.invalid(f"subscribe/share-{name}", subscribe((text, 0x01)), error, refs=refs,
                  reason=reason, **other)


def truncated(v, payload, variable):
    here = {"refs": [], "reason": MALFORMED}
    v.truncated("subscribe/missing-everything", data(b"\x82\x00"), **here, **variable)
    v.truncated("subscribe/packet-id-half", data(b"\x82\x01\x00"), **here, **variable)
    length = {"refs": ["MQTT-2.2.2-1", "MQTT-3.8.3-2"], "to": "server", "section": "3.8.2.1.1"}
    either = ("packet.truncated_field", "subscribe.no_filters")
    v.truncated("subscribe/missing-property-length", packet(0x82, u16(10)), error=either, **length)
    v.truncated("subscribe/property-length-half", packet(0x82, u16(10), b"\x80"), error=either,
                **length)
    v.truncated("subscribe/of-3-1-1", packet(0x82, u16(10), field("a/b"), b"\x01"),
                to="server", section="3.8.2.1.1", refs=["MQTT-2.2.2-1"], reason=MALFORMED,
                comment="the first byte of the filter says that there are no properties, the next "
                        "two that the filter has 865 bytes")
    entries = {"refs": ["MQTT-3.8.3-1", "MQTT-3.8.3-2"], "reason": MALFORMED, **payload}
    start = u16(10) + NONE
    v.truncated("subscribe/filter-half-length", packet(0x82, start, b"\x00"), **entries)
    v.truncated("subscribe/filter-overruns", packet(0x82, start, u16(4) + b"a/b"), **entries)
    v.truncated("subscribe/missing-options", packet(0x82, start, field("a/b")), **entries)
    first = field("a") + b"\x00"
    v.truncated("subscribe/second-missing-options", packet(0x82, start, first, field("b")),
                **entries)
    v.truncated("subscribe/second-filter-overruns", packet(0x82, start, first, u16(5) + b"ab"),
                **entries)
    v.truncated("subscribe/second-filter-half-length", packet(0x82, start, first, b"\x00"),
                **entries)


def filter_cases(v, name, make, statement, other):
    """What is and what is no topic filter; `make` gives the bytes and the packet."""
    for id, text in GOOD_FILTERS:
        bytes_, packet_ = make(text)
        refs = [statement, "MQTT-4.7.3-1", "MQTT-4.7.0-1"]
        refs += ["MQTT-4.7.1-1"] if "#" in text else []
        refs += ["MQTT-4.7.1-2"] if "+" in text else []
        v.valid(f"{name}/filter-{id}", bytes_, packet_, refs=refs, **other)
    for id, text, wildcard in BAD_FILTERS:
        v.invalid(f"{name}/filter-{id}", make(text)[0], "topic.filter_wildcard",
                  refs=[OF_5_0[wildcard]], **other)
    v.invalid(f"{name}/filter-empty-first", make("", "a/b")[0], "topic.empty",
              refs=["MQTT-4.7.3-1"], **other)
    for id, texts in [("alone", [""]), ("last", ["a/b", ""])]:
        v.invalid(f"{name}/filter-empty-{id}", make(*texts)[0],
                  ("topic.empty", "packet.truncated_field"), refs=["MQTT-4.7.3-1"], **other,
                  comment="so few bytes are left that no filter has place, whatever its length says")
    v.valid(f"{name}/filter-65535", *make(repeat(b"f", 65535)), refs=["MQTT-4.7.3-3"],
            flags=["Limit"], **other)
    text = {**other, "flags": ["Utf8"]}
    for code, what in GOOD[:1] + GOOD[3:5] + GOOD[-1:]:
        string = (b"a" + bytes.fromhex(code) + b"z").decode()
        v.valid(f"{name}/filter-utf8-{code}", *make(string), refs=["MQTT-1.5.4-1", statement],
                comment=what, **text)
    v.valid(f"{name}/filter-bom", *make("\ufeffa"), refs=["MQTT-1.5.4-3", statement],
            comment="U+FEFF is kept", **text)
    for code, what in DISCOURAGED[:1] + DISCOURAGED[2:4] + DISCOURAGED[-3:-2]:
        string = (b"a" + bytes.fromhex(code) + b"z").decode()
        v.acceptable(f"{name}/filter-discouraged-{code}", *make(string), "discouraged_characters",
                     "string.disallowed_codepoint", canonical=True, refs=[statement], comment=what,
                     **text)
    ill = {"reason": MALFORMED, "refs": ["MQTT-1.5.4-1", statement], **text}
    for code, what in SOME_ILL_FORMED:
        v.invalid(f"{name}/filter-ill-formed-{code}", make(b"a" + bytes.fromhex(code) + b"z")[0],
                  "string.ill_formed_utf8", comment=what, **ill)
    code, what = CUT[1]
    v.invalid(f"{name}/filter-ill-formed-{code}-at-end", make(b"a" + bytes.fromhex(code))[0],
              "string.ill_formed_utf8", comment=what, **ill)
    v.invalid(f"{name}/filter-nul", make("a\0b")[0], "string.has_nul", reason=MALFORMED,
              refs=["MQTT-1.5.4-2", "MQTT-4.7.3-2", statement], **text)


SUBACK_CODES = (0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2)
NOT_OF_SUBACK = (0x03, 0x04, 0x10, 0x11, 0x18, 0x7F, 0x81, 0x82, 0x84, 0x90, 0x92, 0x9B, 0xA0, 0xA3,
                 0xFF)
UNSUBACK_CODES = (0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91)
NOT_OF_UNSUBACK = (0x01, 0x02, 0x10, 0x12, 0x7F, 0x81, 0x90, 0x92, 0x97, 0x9E, 0xA2, 0xFF)


def suback_cases(v):
    answer_cases(v, "suback", 0x90, "3.9", SUBACK_CODES, NOT_OF_SUBACK)
    v.valid("suback/example", data(bytes.fromhex("9005000a000187")),
            {"type": "suback", "packet_id": 10, "reason_codes": [1, 0x87], "properties": {}},
            to="client", section="3.9.3", refs=["MQTT-3.9.3-2"])


def unsuback_cases(v):
    answer_cases(v, "unsuback", 0xB0, "3.11", UNSUBACK_CODES, NOT_OF_UNSUBACK)


def answer_cases(v, name, first, section, codes, not_codes):
    """SUBACK and UNSUBACK: a reason code for each filter."""
    statement = f"MQTT-{section}.3-2"
    other = {"to": "client", "section": f"{section}.3", "refs": [statement]}

    def make(*codes, packet_id=10, first=first, properties=NONE):
        return packet(first, u16(packet_id), properties, bytes(codes))

    def expect_answer(*codes, packet_id=10, properties=None):
        return {"type": name, "packet_id": packet_id, "reason_codes": list(codes),
                "properties": properties or {}}

    for code in codes:
        v.valid(f"{name}/code-{code:02x}", make(code), expect_answer(code), **other)
    v.valid(f"{name}/every-code", make(*codes), expect_answer(*codes), **other)
    hundred = [codes[number % len(codes)] for number in range(100)]
    v.valid(f"{name}/hundred-codes", make(*hundred), expect_answer(*hundred), **other)
    reason = [("reason_string", "because")]
    v.valid(f"{name}/codes-after-properties", make(codes[0], codes[-1], properties=block(*reason)),
            expect_answer(codes[0], codes[-1], properties=expected(*reason)), **other)
    for code in not_codes:
        v.invalid(f"{name}/code-{code:02x}", make(code), "reason_code.invalid",
                  flags=["SenderMust"], reason=PROTOCOL_ERROR, **other)
    v.invalid(f"{name}/code-{not_codes[0]:02x}-last", make(*codes, not_codes[0]),
              "reason_code.invalid", flags=["SenderMust"], reason=PROTOCOL_ERROR, **other)
    for number in (1, 256, 65535):
        v.valid(f"{name}/packet-id-{number}", make(0, packet_id=number),
                expect_answer(0, packet_id=number), to="client", section=f"{section}.2",
                refs=["MQTT-2.1.3-1", "MQTT-2.2.1-6"])
    v.invalid(f"{name}/packet-id-0", make(0, packet_id=0), "packet_id.zero", to="client",
              section=f"{section}.2", refs=[])
    none = {**other, "refs": [], "reason": PROTOCOL_ERROR}
    v.invalid(f"{name}/no-codes", make(), "suback.no_codes", **none)
    v.invalid(f"{name}/no-codes-with-property", make(properties=block(*reason)), "suback.no_codes",
              **none)
    cut = {"to": "client", "section": f"{section}.2", "refs": [], "reason": MALFORMED}
    v.truncated(f"{name}/missing-everything", data(bytes([first, 0])), **cut)
    v.truncated(f"{name}/packet-id-half", data(bytes([first, 1, 0])), **cut)
    length = {**cut, "section": f"{section}.2.1.1", "refs": ["MQTT-2.2.2-1"]}
    length.pop("reason")
    either = ("packet.truncated_field", "suback.no_codes")
    like = "in 3.1.1 this is an UNSUBACK" if name == "unsuback" else None
    v.truncated(f"{name}/missing-property-length", packet(first, u16(10)), error=either,
                comment=like, **length)
    v.truncated(f"{name}/property-length-half", packet(first, u16(10), b"\x80"), error=either,
                **length)
    v.truncated(f"{name}/properties-take-codes", packet(first, u16(10), block_of(b"", 1), b"\x00"),
                error=(*either, "property.unknown"), **length,
                comment="a block of one byte, which is no property")
    wrong_flags(v, name, first, lambda byte: make(0, first=byte), expect_answer(0), answer=True,
                to="client")


def unsubscribe(*filters, properties=NONE, packet_id=10, first=0xA2):
    return packet(first, u16(packet_id), properties, *map(field, filters))


def unsubscribe_cases(v):
    payload = {"to": "server", "section": "3.10.3"}
    variable = {"to": "server", "section": "3.10.2"}

    def expect_unsubscribe(*filters, packet_id=10):
        return {"type": "unsubscribe", "packet_id": packet_id, "filters": list(filters),
                "properties": {}}

    filters = lambda *texts: (unsubscribe(*texts), expect_unsubscribe(*texts))
    refs = ["MQTT-3.10.1-1", "MQTT-3.10.3-1", "MQTT-3.10.3-2"]
    for name, texts in [("one-filter", ["a/b"]), ("two-filters", ["a/b", "c/d"]),
                        ("same-filter-twice", ["a", "a"]), ("three-filters", ["a", "+", "#"])]:
        v.valid(f"unsubscribe/{name}", *filters(*texts), refs=refs, **payload)
    for name, text in SHARES[:4]:
        v.valid(f"unsubscribe/share-{name}", *filters(text), to="server", section="4.8.2",
                refs=["MQTT-4.8.2-1", "MQTT-4.8.2-2"])
    for name, text in NO_SHARES:
        v.valid(f"unsubscribe/no-share-{name}", *filters(text), to="server", section="4.8.2",
                refs=["MQTT-4.8.2-1"])
    for name, text, error, _ in BAD_SHARES:
        reason = None if isinstance(error, tuple) else PROTOCOL_ERROR
        statements = ["MQTT-4.8.2-1", "MQTT-4.8.2-2"]
        statements += ["MQTT-4.7.1-1", "MQTT-4.7.1-2"] if reason is None else []
        v.invalid(f"unsubscribe/share-{name}", unsubscribe(text), error, refs=statements,
                  reason=reason, to="server", section="4.8.2")
    for number in (1, 256, 65535):
        v.valid(f"unsubscribe/packet-id-{number}", unsubscribe("a/b", packet_id=number),
                expect_unsubscribe("a/b", packet_id=number), refs=["MQTT-2.2.1-3"], **variable)
    v.invalid("unsubscribe/packet-id-0", unsubscribe("a/b", packet_id=0), "packet_id.zero",
              refs=["MQTT-2.2.1-3"], **variable)
    none = {"refs": ["MQTT-3.10.3-2"], "reason": PROTOCOL_ERROR, **payload}
    v.invalid("unsubscribe/no-filters", unsubscribe(), "subscribe.no_filters", **none)
    v.invalid("unsubscribe/no-filters-with-property",
              unsubscribe(properties=block(("user_property", ("k", "v")))), "subscribe.no_filters",
              **none)
    filter_cases(v, "unsubscribe", filters, "MQTT-3.10.3-1", payload)
    wrong_flags(v, "unsubscribe", 0xA2, lambda byte: unsubscribe("a/b", first=byte), None,
                statement="MQTT-3.10.1-1", to="server")

    here = {"refs": [], "reason": MALFORMED, **variable}
    v.truncated("unsubscribe/missing-everything", data(b"\xa2\x00"), **here)
    v.truncated("unsubscribe/packet-id-half", data(b"\xa2\x01\x00"), **here)
    length = {"refs": ["MQTT-2.2.2-1", "MQTT-3.10.3-2"], "to": "server", "section": "3.10.2.1.1"}
    either = ("packet.truncated_field", "subscribe.no_filters")
    v.truncated("unsubscribe/missing-property-length", packet(0xA2, u16(10)), error=either,
                **length)
    v.truncated("unsubscribe/property-length-half", packet(0xA2, u16(10), b"\x80"), error=either,
                **length)
    v.truncated("unsubscribe/of-3-1-1", packet(0xA2, u16(10), field("a/b")),
                refs=["MQTT-2.2.2-1", "MQTT-3.10.3-1"], reason=MALFORMED, to="server",
                section="3.10.2.1.1", comment="the first byte of the filter says that there are no "
                "properties, the next two that the filter has 865 bytes")
    entries = {"refs": ["MQTT-3.10.3-1", "MQTT-3.10.3-2"], "reason": MALFORMED, **payload}
    start = u16(10) + NONE
    v.truncated("unsubscribe/filter-half-length", packet(0xA2, start, b"\x00"), **entries)
    v.truncated("unsubscribe/filter-overruns", packet(0xA2, start, u16(4) + b"a/b"), **entries)
    v.truncated("unsubscribe/second-filter-half-length", packet(0xA2, start, field("a"), b"\x00"),
                **entries)
    v.truncated("unsubscribe/second-filter-overruns",
                packet(0xA2, start, field("a"), u16(5) + b"ab"), **entries)
