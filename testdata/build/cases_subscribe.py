"""SUBSCRIBE, SUBACK and UNSUBSCRIBE."""

from cases_publish import first_bytes, retried_flags
from strings import BAD_FILTERS, CUT, DISCOURAGED, GOOD, GOOD_FILTERS, SOME_ILL_FORMED
from wire import data, field, packet, repeat, subscribe, u16, unsubscribe


def subscription(topic_filter, qos):
    return {"filter": topic_filter, "qos": qos}


def expect(*entries, packet_id=10):
    return {"type": "subscribe", "packet_id": packet_id,
            "subscriptions": [subscription(*entry) for entry in entries]}


def subscribe_cases(v):
    is_3_1 = v.name == "3.1"
    payload = {"to": "server", "section": "3.8" if is_3_1 else "3.8.3"}
    variable = {"to": "server", "section": "3.8" if is_3_1 else "3.8.2"}

    def filters(*texts):
        entries = [(text, 1) for text in texts]
        return subscribe(*entries), expect(*entries)

    for qos in (0, 1, 2):
        v.valid(f"subscribe/qos-{qos}", subscribe(("a/b", qos)), expect(("a/b", qos)),
                refs=["MQTT-3.8.1-1", "MQTT-3.8.3-3", "MQTT-3.8.3-4"], **payload)
    two = ("a/b", 1), ("c/d", 2)
    v.valid("subscribe/two-filters", subscribe(*two), expect(*two), refs=["MQTT-3.8.3-3"], **payload)
    same = ("a", 0), ("a", 2)
    v.valid("subscribe/same-filter-twice", subscribe(*same), expect(*same), refs=["MQTT-3.8.3-3"],
            comment="both are kept, in order", **payload)
    many = [(f"a/{number}", number % 3) for number in range(100)]
    v.valid("subscribe/hundred-filters", subscribe(*many), expect(*many), refs=["MQTT-3.8.3-3"],
            flags=["Dos"], **payload)
    for number in (1, 255, 256, 65535):
        v.valid(f"subscribe/packet-id-{number}", subscribe(("a/b", 1), packet_id=number),
                expect(("a/b", 1), packet_id=number), refs=["MQTT-2.3.1-1"], **variable)
    v.invalid("subscribe/packet-id-0", subscribe(("a/b", 1), packet_id=0), "packet_id.zero",
              refs=["MQTT-2.3.1-1"], **variable)
    v.invalid("subscribe/no-filters", packet(0x82, u16(10)), "subscribe.no_filters",
              refs=["MQTT-3.8.3-3"], **payload)

    v.invalid("subscribe/qos-3", subscribe(("a/b", 3)), "qos.invalid", refs=["MQTT-3.8.3-4"],
              **payload)
    v.invalid("subscribe/qos-3-second", subscribe(("a", 1), ("b", 3)), "qos.invalid",
              refs=["MQTT-3.8.3-4"], **payload)
    reserved = "subscribe.reserved_options"
    for bits in (0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFC):
        byte = bits | 1
        if is_3_1:
            v.acceptable(f"subscribe/reserved-bits-{byte:02x}", subscribe(("a/b", byte)),
                         expect(("a/b", 1)), "unused_bits_in_3_1", reserved, refs=[], **payload)
        else:
            v.invalid(f"subscribe/reserved-bits-{byte:02x}", subscribe(("a/b", byte)), reserved,
                      refs=["MQTT-3.8.3-4"], **payload)
    v.invalid("subscribe/reserved-bits-and-qos-3", subscribe(("a/b", 0xFF)),
              (reserved, "qos.invalid"), refs=["MQTT-3.8.3-4"], **payload)

    filter_cases(v, "subscribe", filters, "MQTT-3.8.3-1", payload)
    one = lambda byte: subscribe(("a/b", 1), first=byte)
    if is_3_1:
        retried_flags(v, "subscribe", 0x82, one, expect(("a/b", 1)), to="server")
    else:
        first_bytes(v, "subscribe", 0x82, one, None, statement="MQTT-3.8.1-1", to="server")

    ids, entries = ["MQTT-2.3.1-1"], ["MQTT-3.8.3-1", "MQTT-3.8.3-3"]
    v.truncated("subscribe/missing-everything", data(b"\x82\x00"), refs=ids, **variable)
    v.truncated("subscribe/packet-id-half", data(b"\x82\x01\x00"), refs=ids, **variable)
    v.truncated("subscribe/filter-half-length", packet(0x82, u16(10), b"\x00"), refs=entries,
                **payload)
    v.truncated("subscribe/filter-overruns", packet(0x82, u16(10), u16(4) + b"a/b"), refs=entries,
                **payload)
    v.truncated("subscribe/missing-qos", packet(0x82, u16(10), field("a/b")),
                refs=[*entries, "MQTT-3.8.3-4"], **payload)
    v.truncated("subscribe/second-missing-qos",
                packet(0x82, u16(10), field("a"), b"\x00", field("b")),
                refs=[*entries, "MQTT-3.8.3-4"], **payload)
    v.truncated("subscribe/second-filter-overruns",
                packet(0x82, u16(10), field("a"), b"\x00", u16(5) + b"ab"), refs=entries, **payload)
    v.truncated("subscribe/second-filter-half-length",
                packet(0x82, u16(10), field("a"), b"\x00", b"\x00"), refs=entries, **payload)


def filter_cases(v, name, make, statement, other):
    """What is and what is no topic filter; `make` gives the bytes and the packet."""
    for id, text in GOOD_FILTERS:
        bytes_, packet_ = make(text)
        refs = [statement, "MQTT-4.7.3-1"]
        refs += ["MQTT-4.7.1-1"] if "#" in text or "+" in text else []
        refs += ["MQTT-4.7.1-2"] if "#" in text else []
        refs += ["MQTT-4.7.1-3"] if "+" in text else []
        v.valid(f"{name}/filter-{id}", bytes_, packet_, refs=refs, **other)
    for id, text, wildcard in BAD_FILTERS:
        v.invalid(f"{name}/filter-{id}", make(text)[0], "topic.filter_wildcard", refs=[wildcard],
                  **other)
    v.invalid(f"{name}/filter-empty-first", make("", "a/b")[0], "topic.empty",
              refs=["MQTT-4.7.3-1"], **other)
    for id, texts in [("alone", [""]), ("last", ["a/b", ""])]:
        v.invalid(f"{name}/filter-empty-{id}", make(*texts)[0],
                  ("topic.empty", "packet.truncated_field"), refs=["MQTT-4.7.3-1"], **other,
                  comment="so few bytes are left that no filter has place, whatever its length says")
    long = repeat(b"f", 65535)
    v.valid(f"{name}/filter-65535", *make(long), refs=["MQTT-4.7.3-3"], flags=["Limit"], **other)
    text = {**other, "flags": ["Utf8"]}
    for code, what in GOOD if v.name == "3.1.1" else GOOD[:2]:
        string = (b"a" + bytes.fromhex(code) + b"z").decode()
        v.valid(f"{name}/filter-utf8-{code}", *make(string), refs=["MQTT-1.5.3-1", statement],
                comment=what, **text)
    v.valid(f"{name}/filter-bom", *make("\ufeffa"), refs=["MQTT-1.5.3-3", statement],
            comment="U+FEFF is kept", **text)
    if v.name == "3.1.1":
        for code, what in DISCOURAGED[:1] + DISCOURAGED[2:4] + DISCOURAGED[-3:-2]:
            string = (b"a" + bytes.fromhex(code) + b"z").decode()
            v.acceptable(f"{name}/filter-discouraged-{code}", *make(string),
                         "discouraged_characters", "string.disallowed_codepoint", canonical=True,
                         refs=[statement], comment=what, **text)
    for code, what in SOME_ILL_FORMED:
        v.invalid(f"{name}/filter-ill-formed-{code}", make(b"a" + bytes.fromhex(code) + b"z")[0],
                  "string.ill_formed_utf8", refs=["MQTT-1.5.3-1", statement], comment=what, **text)
    code, what = CUT[1]
    v.invalid(f"{name}/filter-ill-formed-{code}-at-end", make(b"a" + bytes.fromhex(code))[0],
              "string.ill_formed_utf8", refs=["MQTT-1.5.3-1", statement], comment=what, **text)
    v.invalid(f"{name}/filter-nul", make("a\0b")[0], "string.has_nul",
              refs=["MQTT-1.5.3-2", "MQTT-4.7.3-2"], **text)


def suback_cases(v):
    is_3_1 = v.name == "3.1"
    other = {"to": "client", "section": "3.9" if is_3_1 else "3.9.3"}

    def suback(*codes, packet_id=10, first=0x90):
        return packet(first, u16(packet_id), bytes(codes))

    def expect_suback(*codes, packet_id=10):
        return {"type": "suback", "packet_id": packet_id, "codes": list(codes)}

    for code in (0, 1, 2):
        v.valid(f"suback/code-{code:02x}", suback(code), expect_suback(code),
                refs=["MQTT-3.9.3-2"], **other)
    if is_3_1:
        for name, codes in [("80", [0x80]), ("00-02-80", [0, 2, 0x80])]:
            v.acceptable(f"suback/code-{name}", suback(*codes), expect_suback(*codes),
                         "suback_failure_in_3_1", "reason_code.invalid", canonical=True, refs=[],
                         comment="3.1 has no failure code, servers send it all the same", **other)
    else:
        v.valid("suback/code-80", suback(0x80), expect_suback(0x80), refs=["MQTT-3.9.3-2"], **other)
        v.valid("suback/code-00-02-80", suback(0, 2, 0x80), expect_suback(0, 2, 0x80),
                refs=["MQTT-3.9.3-2"], **other)
    hundred = [number % 3 for number in range(100)]
    v.valid("suback/hundred-codes", suback(*hundred), expect_suback(*hundred),
            refs=["MQTT-3.9.3-2"], **other)
    for number in (1, 256, 65535):
        v.valid(f"suback/packet-id-{number}", suback(1, packet_id=number),
                expect_suback(1, packet_id=number), refs=["MQTT-2.2.2-1"], **other)
    for code in (0x03, 0x04, 0x7F, 0x81, 0x87, 0xFF):
        v.invalid(f"suback/code-{code:02x}", suback(code), "reason_code.invalid",
                  refs=["MQTT-3.9.3-2"], flags=["SenderMust"], **other)
    v.invalid("suback/code-03-last", suback(0, 1, 3), "reason_code.invalid",
              refs=["MQTT-3.9.3-2"], flags=["SenderMust"], **other)
    v.invalid("suback/no-codes", packet(0x90, u16(10)), "suback.no_codes", refs=[], **other)
    v.invalid("suback/packet-id-0", suback(0, packet_id=0), "packet_id.zero",
              refs=["MQTT-2.3.1-1"], **other)
    v.truncated("suback/missing-everything", data(b"\x90\x00"), refs=["MQTT-2.3.1-1"], **other)
    v.truncated("suback/packet-id-half", data(b"\x90\x01\x00"), refs=["MQTT-2.3.1-1"], **other)
    first_bytes(v, "suback", 0x90, lambda byte: suback(1, first=byte), expect_suback(1),
                to="client")


def unsubscribe_cases(v):
    is_3_1 = v.name == "3.1"
    payload = {"to": "server", "section": "3.10" if is_3_1 else "3.10.3"}
    variable = {"to": "server", "section": "3.10" if is_3_1 else "3.10.2"}

    def expect_unsubscribe(*filters, packet_id=10):
        return {"type": "unsubscribe", "packet_id": packet_id, "filters": list(filters)}

    def filters(*texts):
        return unsubscribe(*texts), expect_unsubscribe(*texts)

    refs = ["MQTT-3.10.1-1", "MQTT-3.10.3-1", "MQTT-3.10.3-2"]
    for name, texts in [("one-filter", ["a/b"]), ("two-filters", ["a/b", "c/d"]),
                        ("same-filter-twice", ["a", "a"]), ("three-filters", ["a", "+", "#"])]:
        v.valid(f"unsubscribe/{name}", unsubscribe(*texts), expect_unsubscribe(*texts), refs=refs,
                **payload)
    for number in (1, 256, 65535):
        v.valid(f"unsubscribe/packet-id-{number}", unsubscribe("a/b", packet_id=number),
                expect_unsubscribe("a/b", packet_id=number), refs=["MQTT-2.3.1-1"], **variable)
    v.invalid("unsubscribe/packet-id-0", unsubscribe("a/b", packet_id=0), "packet_id.zero",
              refs=["MQTT-2.3.1-1"], **variable)
    v.invalid("unsubscribe/no-filters", packet(0xA2, u16(10)), "subscribe.no_filters",
              refs=["MQTT-3.10.3-2"], **payload)
    filter_cases(v, "unsubscribe", filters, "MQTT-3.10.3-1", payload)
    one = lambda byte: unsubscribe("a/b", first=byte)
    if is_3_1:
        retried_flags(v, "unsubscribe", 0xA2, one, expect_unsubscribe("a/b"), to="server")
    else:
        first_bytes(v, "unsubscribe", 0xA2, one, None, statement="MQTT-3.10.1-1", to="server")
    ids, entries = ["MQTT-2.3.1-1"], ["MQTT-3.10.3-1", "MQTT-3.10.3-2"]
    v.truncated("unsubscribe/missing-everything", data(b"\xa2\x00"), refs=ids, **variable)
    v.truncated("unsubscribe/packet-id-half", data(b"\xa2\x01\x00"), refs=ids, **variable)
    v.truncated("unsubscribe/filter-half-length", packet(0xA2, u16(10), b"\x00"), refs=entries,
                **payload)
    v.truncated("unsubscribe/filter-overruns", packet(0xA2, u16(10), u16(4) + b"a/b"),
                refs=entries, **payload)
    v.truncated("unsubscribe/second-filter-half-length",
                packet(0xA2, u16(10), field("a"), b"\x00"), refs=entries, **payload)
    v.truncated("unsubscribe/second-filter-overruns",
                packet(0xA2, u16(10), field("a"), u16(5) + b"ab"), refs=entries, **payload)
