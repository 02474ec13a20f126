"""5.0: CONNECT and CONNACK."""

from properties import block, block_of, expected
from strings import CUT, DISCOURAGED, GOOD, SOME_ILL_FORMED
from wire import connect, connect5, data, field, packet, repeat, u16

MALFORMED, PROTOCOL_ERROR, OTHER_VERSION = 0x81, 0x82, 0x84
NONE = block()

# User name flag and password flag are independent of each other.
CREDENTIALS = [(0x00, None, None), (0x80, "u", None), (0x40, None, b"p"), (0xC0, "u", b"p")]


def plain(flags, *payload, **other):
    """A CONNECT without properties."""
    return connect5(flags, NONE, *payload, **other)


def expect(*, client_id="c1", clean=True, keep_alive=60, will=None, user_name=None, password=None,
           properties=None):
    return {"type": "connect", "protocol_version": "5.0", "clean_start": clean,
            "keep_alive": keep_alive, "client_id": client_id, "will": will,
            "user_name": user_name, "password": password, "properties": properties or {}}


def a_will(topic="w", payload=b"bye", qos=0, retain=False, properties=None):
    return {"topic": topic, "payload": payload, "qos": qos, "retain": retain,
            "properties": properties or {}}


WILL = [NONE, field("w"), field(b"bye")]


def connect_cases(v):
    flag_combinations(v)
    examples(v)
    values(v)
    strings(v)
    header(v)
    flags(v)
    truncated(v)
    surplus(v)


def flag_combinations(v):
    wills = [(0, None)] + [(0x04 | qos << 3 | retain << 5, a_will(qos=qos, retain=bool(retain)))
                           for qos in (0, 1, 2) for retain in (0, 1)]
    for will_flags, will in wills:
        for credential_flags, user_name, password in CREDENTIALS:
            for clean in (0, 1):
                bits = will_flags | credential_flags | clean << 1
                payload = [field("c1")]
                refs = ["MQTT-3.1.2-3", "MQTT-3.1.3-1"]
                if will:
                    payload += WILL
                    refs += ["MQTT-3.1.2-9", "MQTT-3.1.2-12"]
                else:
                    refs += ["MQTT-3.1.2-11", "MQTT-3.1.2-13"]
                if user_name:
                    payload.append(field("u"))
                refs.append("MQTT-3.1.2-17" if user_name else "MQTT-3.1.2-16")
                if password:
                    payload.append(field(b"p"))
                refs.append("MQTT-3.1.2-19" if password else "MQTT-3.1.2-18")
                v.valid(f"connect/flags-{bits:02x}", plain(bits, *payload),
                        expect(clean=bool(clean), will=will, user_name=user_name,
                               password=password),
                        to="server", refs=refs, section="3.1.2.3")


def examples(v):
    """What other packers write."""
    other = {"to": "server", "section": "3.1", "refs": ["MQTT-3.1.2-1", "MQTT-3.1.3-1"]}
    v.valid("connect/example-session-expiry",
            data(bytes.fromhex("101400044d5154540502003c05110000000a00026331")),
            expect(properties={"session_expiry_interval": 10}), **other)
    v.valid("connect/example-will-delay",
            data(bytes.fromhex("101d00044d5154540506003c0000026331051800000005000177000362"
                               "7965")),
            expect(will=a_will(properties={"will_delay_interval": 5})), **other)
    mine = [("session_expiry_interval", 300), ("receive_maximum", 20), ("user_property", ("k", "v"))]
    wills = [("payload_format_indicator", 1), ("content_type", "text/plain"),
             ("will_delay_interval", 30), ("user_property", ("w", "x"))]
    v.valid("connect/everything",
            connect5(0xEC, block(*mine), field("c1"), block(*wills), field("w"), field(b"bye"),
                     field("u"), field(b"p"), keep_alive=10),
            expect(clean=False, keep_alive=10, user_name="u", password=b"p",
                   properties=expected(*mine),
                   will=a_will(qos=1, retain=True, properties=expected(*wills))), **other)


def values(v):
    def valid(id, bytes_, packet_, **other):
        v.valid(f"connect/{id}", bytes_, packet_, to="server", **other)

    id_section = {"section": "3.1.3.1"}
    for name, clean in [("", True), ("-not-clean", False)]:
        valid(f"client-id-empty{name}", plain(2 * clean, field("")),
              expect(client_id="", clean=clean), refs=["MQTT-3.1.3-3", "MQTT-3.1.3-4"],
              comment="the server assigns one, with Clean Start or without", **id_section)
    for text in ("0123456789abcdefghijklm", "0123456789abcdefghijklmn"):
        valid(f"client-id-{len(text)}", plain(2, field(text)), expect(client_id=text),
              refs=["MQTT-3.1.3-4"], **id_section)
    valid("client-id-wildcards", plain(2, field("a/+/#")), expect(client_id="a/+/#"),
          refs=["MQTT-3.1.3-4"], comment="it is no topic", **id_section)
    valid("client-id-65535", plain(2, field(repeat(b"c", 65535))),
          expect(client_id=repeat(b"c", 65535)), refs=["MQTT-3.1.3-4"], flags=["Limit"],
          **id_section)
    for seconds in (0, 1, 255, 256, 65535):
        valid(f"keep-alive-{seconds}", plain(2, field("c1"), keep_alive=seconds),
              expect(keep_alive=seconds), refs=[], section="3.1.2.10")

    def with_will(topic, payload):
        return plain(6, field("c1"), NONE, field(topic), field(payload))

    payload = {"section": "3.1.3.4", "refs": ["MQTT-3.1.2-9"]}
    for name, content in [("empty", b""), ("binary", b"\xff\x00\xc0\x80")]:
        valid(f"will-payload-{name}", with_will("w", content), expect(will=a_will(payload=content)),
              **payload)
    long = repeat(b"x", 65535)
    valid("will-payload-65535", with_will("w", long), expect(will=a_will(payload=long)),
          flags=["Limit"], **payload)
    topic = {"section": "3.1.3.3"}
    valid("will-topic-65535", with_will(long, b"bye"), expect(will=a_will(topic=long)),
          refs=["MQTT-3.1.3-11", "MQTT-4.7.3-3"], flags=["Limit"], **topic)
    for name, text in [("dollar", "$SYS/x"), ("share", "$share/g/a"), ("slash", "/")]:
        valid(f"will-topic-{name}", with_will(text, b"bye"), expect(will=a_will(topic=text)),
              refs=["MQTT-3.1.3-11", "MQTT-4.7.0-1", "MQTT-4.7.3-1"], **topic)

    both = 0xC2
    valid("user-name-empty", plain(0x82, field("c1"), field("")), expect(user_name=""),
          refs=["MQTT-3.1.2-17"], section="3.1.3.5")
    valid("password-empty", plain(0x42, field("c1"), field(b"")), expect(password=b""),
          refs=["MQTT-3.1.2-19"], section="3.1.3.6")
    valid("user-name-and-password-empty", plain(both, field("c1"), field(""), field(b"")),
          expect(user_name="", password=b""), refs=["MQTT-3.1.2-17", "MQTT-3.1.2-19"],
          section="3.1.3.6")
    valid("user-name-65535", plain(0x82, field("c1"), field(long)), expect(user_name=long),
          refs=["MQTT-3.1.3-12"], section="3.1.3.5", flags=["Limit"])
    valid("password-binary", plain(both, field("c1"), field("u"), field(b"\xff\x00")),
          expect(user_name="u", password=b"\xff\x00"), refs=["MQTT-3.1.2-19"], section="3.1.3.6",
          comment="bytes, no string")
    valid("password-65535", plain(both, field("c1"), field("u"), field(long)),
          expect(user_name="u", password=long), refs=["MQTT-3.1.2-19"], section="3.1.3.6",
          flags=["Limit"])

    auth = {"section": "3.1.2.11.10", "refs": []}
    v.invalid("connect/authentication-data-without-method",
              connect5(2, block(("authentication_data", b"\x01")), field("c1")), "property.missing",
              to="server", reason=PROTOCOL_ERROR, **auth)
    v.invalid("connect/authentication-data-without-method-among-others",
              connect5(2, block(("session_expiry_interval", 1), ("authentication_data", b""),
                                ("user_property", ("k", "v"))), field("c1")),
              "property.missing", to="server", reason=PROTOCOL_ERROR, **auth)
    backwards = [("authentication_data", b"\x01"), ("authentication_method", "m")]
    valid("authentication-data-before-method", connect5(2, block(*backwards), field("c1")),
          expect(properties=expected(*backwards)), canonical=False, **auth)


STRING_FIELDS = [
    ("client-id", lambda s: plain(2, field(s)), lambda s: expect(client_id=s), "MQTT-3.1.3-4",
     "3.1.3.1"),
    ("will-topic", lambda s: plain(6, field("c1"), NONE, field(s), field(b"bye")),
     lambda s: expect(will=a_will(topic=s)), "MQTT-3.1.3-11", "3.1.3.3"),
    ("user-name", lambda s: plain(0x82, field("c1"), field(s)), lambda s: expect(user_name=s),
     "MQTT-3.1.3-12", "3.1.3.5"),
]


def strings(v):
    for name, make, packet_, statement, section in STRING_FIELDS:
        text = {"to": "server", "section": section, "flags": ["Utf8"]}
        for code, what in GOOD[:1] + GOOD[3:5] + GOOD[-1:]:
            string = b"a" + bytes.fromhex(code) + b"z"
            v.valid(f"connect/{name}-utf8-{code}", make(string), packet_(string.decode()),
                    refs=["MQTT-1.5.4-1", "MQTT-1.5.4-2", statement], comment=what, **text)
        v.valid(f"connect/{name}-bom", make(b"\xef\xbb\xbfa"), packet_("\ufeffa"),
                refs=["MQTT-1.5.4-3", statement], comment="U+FEFF is kept", **text)
        for code, what in DISCOURAGED[:1] + DISCOURAGED[2:4] + DISCOURAGED[-3:-2]:
            string = b"a" + bytes.fromhex(code) + b"z"
            v.acceptable(f"connect/{name}-discouraged-{code}", make(string),
                         packet_(string.decode()), "discouraged_characters",
                         "string.disallowed_codepoint", canonical=True, refs=[statement],
                         comment=what, **text)
        ill = {"reason": MALFORMED, "refs": ["MQTT-1.5.4-1", statement], **text}
        for code, what in SOME_ILL_FORMED:
            v.invalid(f"connect/{name}-ill-formed-{code}", make(b"a" + bytes.fromhex(code) + b"z"),
                      "string.ill_formed_utf8", comment=what, **ill)
        code, what = CUT[0]
        v.invalid(f"connect/{name}-ill-formed-{code}-at-end", make(b"a" + bytes.fromhex(code)),
                  "string.ill_formed_utf8", comment=what, **ill)
        nul = ["MQTT-1.5.4-2", statement] + (["MQTT-4.7.3-2"] if name == "will-topic" else [])
        v.invalid(f"connect/{name}-nul", make(b"a\0b"), "string.has_nul", reason=MALFORMED,
                  refs=nul, **text)

    will = {"to": "server", "section": "3.1.3.3"}
    _, make, *_ = STRING_FIELDS[1]
    v.invalid("connect/will-topic-empty", make(b""), "topic.empty",
              refs=["MQTT-4.7.3-1", "MQTT-3.1.3-11"], **will)
    for name, topic in [("hash", "a/#"), ("plus", "a/+/b"), ("hash-alone", "#")]:
        v.invalid(f"connect/will-topic-{name}", make(topic.encode()), "topic.name_has_wildcard",
                  refs=["MQTT-4.7.0-1"], **will)


def header(v):
    name = {"to": "server", "section": "3.1.2.1", "refs": ["MQTT-3.1.2-1"],
            "reason": OTHER_VERSION}
    for id, text in [("longer", "MQTTX"), ("shorter", "MQT"), ("lower-case", "mqtt"),
                     ("empty", ""), ("of-3-1-longer", "MQIsdpX"), ("of-3-1-misspelt", "MQIsdP")]:
        v.invalid(f"connect/name-{id}", plain(2, field("client-1"), name=text),
                  "connect.protocol_name", **name)
    v.invalid("connect/name-of-3-1", plain(2, field("client-1"), name="MQIsdp"),
              ("connect.protocol_name", "connect.protocol_level"),
              **{**name, "refs": ["MQTT-3.1.2-1", "MQTT-3.1.2-2"]},
              comment="3.1 had this name, but not this level")
    v.invalid("connect/name-length-huge",
              packet(0x10, b"\xff\xffMQTT", b"\x05\x02\x00\x3c", NONE, field("client-1")),
              ("connect.protocol_name", "packet.truncated_field"), to="server", section="3.1.2.1",
              refs=["MQTT-3.1.2-1"], comment="the length is wrong for every name and for this packet")

    level = {"to": "server", "section": "3.1.2.2", "refs": ["MQTT-3.1.2-2"],
             "reason": OTHER_VERSION}
    for number in (0, 3, 6, 255):
        v.invalid(f"connect/level-{number}", plain(2, field("c1"), level=number),
                  "connect.protocol_level", **level)
    v.invalid("connect/level-4", connect(2, field("c1")), "connect.protocol_level", **level,
              comment="a CONNECT of 3.1.1, which a server of 5.0 alone does not support")
    v.invalid("connect/level-bridge-bit", plain(2, field("c1"), level=0x85),
              "connect.protocol_level", **level,
              comment="bit 7, by which some bridges say what they are, is in no standard")
    v.invalid("connect/of-3-1", connect(2, field("c1"), name="MQIsdp", level=3),
              ("connect.protocol_name", "connect.protocol_level"),
              **{**level, "refs": ["MQTT-3.1.2-1", "MQTT-3.1.2-2"]}, comment="a CONNECT of 3.1")

    for bit in (1, 2, 4, 8):
        v.invalid(f"connect/first-byte-{0x10 ^ bit:02x}", plain(2, field("c1"), first=0x10 ^ bit),
                  "frame.reserved_flags", to="server", section="2.1.3", refs=["MQTT-2.1.3-1"],
                  reason=MALFORMED)


def flags(v):
    def invalid(id, bits, error, refs, *more):
        v.invalid(f"connect/{id}", plain(bits, field("c1"), *more), error, refs=refs, to="server",
                  section="3.1.2.3", reason=MALFORMED)

    for bits, more in [(0x01, []), (0x03, []), (0x07, WILL), (0x83, [field("u")]),
                       (0xC3, [field("u"), field(b"p")])]:
        invalid(f"reserved-flag-{bits:02x}", bits, "connect.reserved_flag", ["MQTT-3.1.2-3"], *more)
    without = "connect.will_flags_without_will"
    for qos in (1, 2, 3):
        invalid(f"will-qos-{qos}-without-will", 0x02 | qos << 3, without, ["MQTT-3.1.2-11"])
    invalid("will-retain-without-will", 0x22, without, ["MQTT-3.1.2-13"])
    invalid("will-retain-and-qos-without-will", 0x2A, without, ["MQTT-3.1.2-11", "MQTT-3.1.2-13"])
    invalid("will-qos-3", 0x1E, "qos.invalid", ["MQTT-3.1.2-12"], *WILL)
    invalid("will-qos-3-retain", 0x3E, "qos.invalid", ["MQTT-3.1.2-12"], *WILL)


def truncated(v):
    def truncated(id, bytes_, refs, section, **more):
        v.truncated(f"connect/{id}", bytes_, refs=[*refs, "MQTT-3.1.4-1"], section=section,
                    to="server", reason=MALFORMED, **more)

    first = ["MQTT-3.1.3-3"]
    head = field("MQTT") + b"\x05\x02\x00\x3c"
    for length, what, section in [(0, "everything", "3.1"), (1, "name-half", "3.1.2.1"),
                                  (6, "level", "3.1.2.2"), (7, "flags", "3.1.2.3"),
                                  (8, "keep-alive", "3.1.2.10"), (9, "keep-alive-half", "3.1.2.10")]:
        truncated(f"missing-{what}", packet(0x10, head.bytes()[:length]), first, section)
    truncated("missing-property-length", packet(0x10, head), ["MQTT-2.2.2-1", *first], "3.1.2.11.1")
    truncated("property-length-half", packet(0x10, head, b"\x80"), ["MQTT-2.2.2-1", *first],
              "3.1.2.11.1")
    head = head + NONE
    truncated("missing-client-id", packet(0x10, head), first, "3.1.3.1")
    truncated("client-id-half-length", packet(0x10, head, b"\x00"), first, "3.1.3.1")
    truncated("client-id-overruns", packet(0x10, head, u16(3) + b"c1"), first, "3.1.3.1")
    truncated("client-id-length-huge", packet(0x10, head, b"\xff\xffc1"), first, "3.1.3.1")
    truncated("client-id-overruns-not-clean", plain(0, u16(3)), first, "3.1.3.1")
    truncated("properties-take-client-id", packet(0x10, field("MQTT") + b"\x05\x02\x00\x3c",
                                                  block_of(b"\x11\x00\x00\x00\x00")),
              first, "3.1.3.1", comment="the properties reach up to the end of the packet")

    will, user, password = ["MQTT-3.1.2-9"], ["MQTT-3.1.2-17"], ["MQTT-3.1.2-19"]
    id = field("c1")
    truncated("missing-will", plain(6, id), [*will, "MQTT-2.2.2-1"], "3.1.3.2.1")
    truncated("will-property-length-half", plain(6, id, b"\x80"), [*will, "MQTT-2.2.2-1"],
              "3.1.3.2.1")
    truncated("missing-will-topic", plain(6, id, NONE), will, "3.1.3.3")
    truncated("missing-will-payload", plain(6, id, NONE, field("w")), will, "3.1.3.4")
    truncated("will-topic-overruns", plain(6, id, NONE, u16(9) + b"w", field(b"bye")), will,
              "3.1.3.3")
    truncated("will-payload-half-length", plain(6, id, NONE, field("w"), b"\x00"), will, "3.1.3.4")
    truncated("will-payload-overruns", plain(6, id, NONE, field("w"), u16(4) + b"bye"), will,
              "3.1.3.4")
    truncated("will-without-properties", plain(6, id, field("w"), field(b"bye")),
              [*will, "MQTT-2.2.2-1", "MQTT-3.1.3-1"], "3.1.3.2",
              comment="as 3.1.1 has it: the first byte of its topic says that there are no properties, "
                      "the next two that the topic has 375 bytes")
    truncated("missing-user-name", plain(0x82, id), [*user, "MQTT-3.1.3-1"], "3.1.3.5")
    truncated("missing-user-name-after-will", plain(0x86, id, *WILL), [*user, "MQTT-3.1.3-1"],
              "3.1.3.5")
    truncated("user-name-overruns", plain(0x82, id, u16(2) + b"u"), user, "3.1.3.5")
    truncated("missing-password", plain(0xC2, id, field("u")), [*password, "MQTT-3.1.3-1"],
              "3.1.3.6")
    truncated("missing-password-alone", plain(0x42, id), password, "3.1.3.6")
    truncated("password-half-length", plain(0xC2, id, field("u"), b"\x00"), password, "3.1.3.6")
    truncated("password-overruns", plain(0xC2, id, field("u"), u16(2) + b"p"), password, "3.1.3.6")
    truncated("missing-user-name-and-password", plain(0xC2, id), [*user, *password], "3.1.3.5")


def surplus(v):
    def surplus(id, bytes_, refs, section, **more):
        v.invalid(f"connect/{id}", bytes_, "packet.trailing_bytes", refs=[*refs, "MQTT-3.1.4-1"],
                  section=section, to="server", reason=MALFORMED, flags=["TrailingBytes"], **more)

    id = field("c1")
    surplus("surplus-byte", plain(2, id, b"\x00"), [], "3.1.3")
    surplus("surplus-user-name", plain(2, id, field("u")), ["MQTT-3.1.2-16"], "3.1.3.5")
    surplus("surplus-password", plain(0x82, id, field("u"), field(b"p")), ["MQTT-3.1.2-18"],
            "3.1.3.6")
    surplus("surplus-will", plain(2, id, *WILL), ["MQTT-3.1.2-11"], "3.1.3.2")
    surplus("surplus-packet-inside", plain(2, id, b"\xc0\x00"), [], "3.1.3",
            comment="what looks like a PINGREQ lies inside this packet")


CONNACK_CODES = [0x00, *range(0x80, 0x8B), 0x8C, 0x90, 0x95, 0x97, *range(0x99, 0x9E), 0x9F]


def answer(reason, session_present=False, properties=None):
    return {"type": "connack", "session_present": session_present, "reason_code": reason,
            "properties": properties or {}}


def connack_cases(v):
    def connack(reason, properties=NONE, bits=0, first=0x20):
        return packet(first, bytes([bits, reason]), properties)

    code = {"to": "client", "section": "3.2.2.2"}
    for reason in CONNACK_CODES:
        v.valid(f"connack/code-{reason:02x}", connack(reason), answer(reason),
                refs=["MQTT-3.2.2-8", "MQTT-3.2.2-6"], **code)
    for reason in (0x01, 0x02, 0x04, 0x05, 0x10, 0x11, 0x18, 0x19, 0x7F, 0x8B, 0x8D, 0x8E, 0x8F,
                   0x91, 0x92, 0x93, 0x94, 0x96, 0x98, 0x9E, 0xA0, 0xA1, 0xA2, 0xA3, 0xFF):
        v.invalid(f"connack/code-{reason:02x}", connack(reason), "reason_code.invalid",
                  refs=["MQTT-3.2.2-8"], flags=["SenderMust"], reason=PROTOCOL_ERROR, **code)

    bit = {"to": "client", "section": "3.2.2.1"}
    v.valid("connack/session-present", connack(0, bits=1), answer(0, True),
            refs=["MQTT-3.2.2-1", "MQTT-3.2.2-6"], **bit)
    v.valid("connack/example", data(bytes.fromhex("20060000 03210014")),
            answer(0, properties={"receive_maximum": 20}), refs=["MQTT-3.2.2-1"], **bit)
    reference = ("server_reference", "other.example:1883")
    v.valid("connack/use-another-server", connack(0x9C, block(reference)),
            answer(0x9C, properties=expected(reference)), refs=["MQTT-3.2.2-8"], **code)
    for reason in (0x80, 0x84, 0x87, 0x9F):
        v.invalid(f"connack/session-present-code-{reason:02x}", connack(reason, bits=1),
                  "connack.session_present_on_error", refs=["MQTT-3.2.2-6"], flags=["SenderMust"],
                  **code)
    for bits in (0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x03, 0xFE):
        v.invalid(f"connack/reserved-flags-{bits:02x}", connack(0, bits=bits),
                  "connack.reserved_flags", refs=["MQTT-3.2.2-1"], reason=MALFORMED,
                  flags=["SenderMust"], **bit)

    v.valid("connack/of-3-1-1", data(b"\x20\x02\x00\x01"), answer(0x84), canonical=False, refs=[],
            flags=["OtherVersion"], **code,
            comment="how a server of 3.1.1 alone refuses the level; the same as 0x84")
    length = {"to": "client", "section": "3.2.2.3.1", "refs": ["MQTT-2.2.2-1"],
              "reason": MALFORMED}
    v.truncated("connack/missing-everything", data(b"\x20\x00"), to="client", section="3.2.2.1",
                refs=[], reason=MALFORMED)
    v.truncated("connack/missing-code", data(b"\x20\x01\x00"), refs=[], reason=MALFORMED, **code)
    v.truncated("connack/missing-property-length", data(b"\x20\x02\x00\x00"), **length)
    v.truncated("connack/missing-property-length-session-present", data(b"\x20\x02\x01\x00"),
                **length)
    v.truncated("connack/missing-property-length-code-84", data(b"\x20\x02\x00\x84"), **length,
                comment="only the refusal of 3.1.1 has no properties")
    v.truncated("connack/property-length-half", data(b"\x20\x03\x00\x00\x80"), **length)
    surplus = {"to": "client", "section": "3.2.2.3", "refs": [], "flags": ["TrailingBytes"],
               "reason": MALFORMED}
    v.invalid("connack/surplus-byte", data(b"\x20\x04\x00\x00\x00\x00"), "packet.trailing_bytes",
              **surplus)
    v.invalid("connack/surplus-packet-inside", data(b"\x20\x05\x00\x00\x00\xc0\x00"),
              "packet.trailing_bytes", comment="what looks like a PINGREQ lies inside this packet",
              **surplus)
    v.invalid("connack/surplus-property", packet(0x20, b"\x00\x00", NONE, b"\x21\x00\x14"),
              "packet.trailing_bytes", comment="the length says that there are none", **surplus)
    for flag in (1, 2, 4, 8):
        v.invalid(f"connack/first-byte-{0x20 | flag:02x}", connack(0, first=0x20 | flag),
                  "frame.reserved_flags", to="client", section="2.1.3", refs=["MQTT-2.1.3-1"],
                  reason=MALFORMED)
    v.valid("connack/first-byte-21-accepted", connack(0, first=0x21), answer(0), canonical=False,
            to="client", section="2.1.3", refs=[],
            options={"strictness": {"ack_flags": "accept"}}, comment="some brokers send this")
