"""CONNECT and CONNACK."""

from strings import DISCOURAGED, GOOD, SOME_ILL_FORMED, CUT
from wire import connect, connect31, data, field, packet, repeat, u16

CREDENTIALS = [(0x00, None, None), (0x80, "u", None), (0xC0, "u", b"p")]


def expect(version, *, client_id="c1", clean=True, keep_alive=60, will=None, user_name=None,
           password=None):
    return {"type": "connect", "protocol_version": version, "clean_session": clean,
            "keep_alive": keep_alive, "client_id": client_id, "will": will,
            "user_name": user_name, "password": password}


def a_will(topic="w", payload=b"bye", qos=0, retain=False):
    return {"topic": topic, "payload": payload, "qos": qos, "retain": retain}


def flag_combinations(v, make):
    """Every combination of connect flags that the standards allow."""
    wills = [(0, None)] + [(0x04 | qos << 3 | retain << 5, a_will(qos=qos, retain=bool(retain)))
                           for qos in (0, 1, 2) for retain in (0, 1)]
    for will_flags, will in wills:
        for credential_flags, user_name, password in CREDENTIALS:
            for clean in (0, 1):
                flags = will_flags | credential_flags | clean << 1
                payload = [field("c1")]
                refs = ["MQTT-3.1.2-3", "MQTT-3.1.3-1"]
                if will:
                    payload += [field("w"), field(b"bye")]
                    refs += ["MQTT-3.1.2-9", "MQTT-3.1.2-14"]
                else:
                    refs += ["MQTT-3.1.2-11", "MQTT-3.1.2-13", "MQTT-3.1.2-15"]
                if user_name:
                    payload.append(field("u"))
                refs.append("MQTT-3.1.2-19" if user_name else "MQTT-3.1.2-18")
                if password:
                    payload.append(field(b"p"))
                    refs.append("MQTT-3.1.2-22")
                refs.append("MQTT-3.1.2-21" if password else "MQTT-3.1.2-20")
                packet_ = expect(v.name, clean=bool(clean), will=will, user_name=user_name,
                                 password=password)
                section = "3.1.2.3" if v.name == "3.1.1" else "3.1"
                v.valid(f"connect/flags-{flags:02x}", make(flags, *payload), packet_, to="server",
                        refs=refs, section=section)


def connect_3_1_1(v):
    flag_combinations(v, connect)
    valid_3_1_1(v)
    strings_3_1_1(v)
    header_3_1_1(v)
    flags_3_1_1(v)
    truncated_3_1_1(v)
    surplus_3_1_1(v)


def valid_3_1_1(v):
    def valid(id, bytes_, packet_, **other):
        v.valid(f"connect/{id}", bytes_, packet_, to="server", **other)

    id_section = {"section": "3.1.3.1"}
    valid("client-id-empty", connect(2, field("")), expect("3.1.1", client_id=""),
          refs=["MQTT-3.1.3-3", "MQTT-3.1.3-7"], **id_section)
    valid("client-id-23", connect(2, field("0123456789abcdefghijklm")),
          expect("3.1.1", client_id="0123456789abcdefghijklm"),
          refs=["MQTT-3.1.3-4", "MQTT-3.1.3-5"], **id_section)
    valid("client-id-24", connect(2, field("0123456789abcdefghijklmn")),
          expect("3.1.1", client_id="0123456789abcdefghijklmn"),
          refs=["MQTT-3.1.3-4"], comment="the codec sets no limit; a server may", **id_section)
    valid("client-id-wildcards", connect(2, field("a/+/#")), expect("3.1.1", client_id="a/+/#"),
          refs=["MQTT-3.1.3-4"], comment="it is no topic", **id_section)
    valid("client-id-65535", connect(2, field(repeat(b"c", 65535))),
          expect("3.1.1", client_id=repeat(b"c", 65535)),
          refs=["MQTT-3.1.3-4"], flags=["Limit"], **id_section)
    for seconds in (0, 1, 255, 256, 65535):
        valid(f"keep-alive-{seconds}", connect(2, field("c1"), keep_alive=seconds),
              expect("3.1.1", keep_alive=seconds), refs=[], section="3.1.2.10")

    will = {"section": "3.1.3.3"}
    valid("will-payload-empty", connect(6, field("c1"), field("w"), field(b"")),
          expect("3.1.1", will=a_will(payload=b"")), refs=["MQTT-3.1.2-9"], **will)
    valid("will-payload-binary", connect(6, field("c1"), field("w"), field(b"\xff\x00\xc0\x80")),
          expect("3.1.1", will=a_will(payload=b"\xff\x00\xc0\x80")),
          refs=["MQTT-1.5.3-2"], comment="bytes, no string: U+0000 and bad UTF-8 are fine", **will)
    valid("will-payload-65535", connect(6, field("c1"), field("w"), field(repeat(b"x", 65535))),
          expect("3.1.1", will=a_will(payload=repeat(b"x", 65535))),
          refs=["MQTT-3.1.2-9"], flags=["Limit"], **will)
    valid("will-topic-65535", connect(6, field("c1"), field(repeat(b"w", 65535)), field(b"bye")),
          expect("3.1.1", will=a_will(topic=repeat(b"w", 65535))),
          refs=["MQTT-3.1.3-10", "MQTT-4.7.3-3"], section="3.1.3.2", flags=["Limit"])
    valid("will-topic-dollar", connect(6, field("c1"), field("$SYS/x"), field(b"bye")),
          expect("3.1.1", will=a_will(topic="$SYS/x")), refs=["MQTT-3.1.3-10"], section="3.1.3.2")

    both = 0xC2
    valid("user-name-empty", connect(0x82, field("c1"), field("")),
          expect("3.1.1", user_name=""), refs=["MQTT-3.1.2-19"], section="3.1.3.4")
    valid("user-name-and-password-empty", connect(both, field("c1"), field(""), field(b"")),
          expect("3.1.1", user_name="", password=b""),
          refs=["MQTT-3.1.2-19", "MQTT-3.1.2-21"], section="3.1.3.5")
    valid("user-name-65535", connect(0x82, field("c1"), field(repeat(b"u", 65535))),
          expect("3.1.1", user_name=repeat(b"u", 65535)),
          refs=["MQTT-3.1.3-11"], section="3.1.3.4", flags=["Limit"])
    valid("password-binary", connect(both, field("c1"), field("u"), field(b"\xff\x00")),
          expect("3.1.1", user_name="u", password=b"\xff\x00"),
          refs=["MQTT-1.5.3-2"], section="3.1.3.5", comment="bytes, no string")
    valid("password-65535", connect(both, field("c1"), field("u"), field(repeat(b"p", 65535))),
          expect("3.1.1", user_name="u", password=repeat(b"p", 65535)),
          refs=["MQTT-3.1.2-21"], section="3.1.3.5", flags=["Limit"])
    everything = [field(repeat(letter, 65535)) for letter in (b"c", b"w", b"x", b"u", b"p")]
    valid("all-fields-65535", connect(0xC6, *everything),
          expect("3.1.1", client_id=repeat(b"c", 65535), user_name=repeat(b"u", 65535),
                 password=repeat(b"p", 65535),
                 will=a_will(repeat(b"w", 65535), repeat(b"x", 65535))),
          refs=["MQTT-3.1.3-1"], section="3.1.3", flags=["Limit"], comment="the largest CONNECT")
    valid("example-will-and-credentials",
          connect(0xCE, field("c1"), field("w"), field(b"bye"), field("u"), field(b"p"),
                  keep_alive=10),
          expect("3.1.1", keep_alive=10, will=a_will(qos=1), user_name="u", password=b"p"),
          refs=["MQTT-3.1.2-1", "MQTT-3.1.3-1"], section="3.1.3")


# Each string field: what makes a CONNECT with it, what it is in the packet, statement and section.
STRING_FIELDS = [
    ("client-id", lambda s: connect(2, field(s)),
     lambda s: expect("3.1.1", client_id=s), "MQTT-3.1.3-4", "3.1.3.1"),
    ("will-topic", lambda s: connect(6, field("c1"), field(s), field(b"bye")),
     lambda s: expect("3.1.1", will=a_will(topic=s)), "MQTT-3.1.3-10", "3.1.3.2"),
    ("user-name", lambda s: connect(0x82, field("c1"), field(s)),
     lambda s: expect("3.1.1", user_name=s), "MQTT-3.1.3-11", "3.1.3.4"),
]


def strings_3_1_1(v):
    for name, make, packet_, statement, section in STRING_FIELDS:
        other = {"to": "server", "section": section}
        text = {"flags": ["Utf8"], **other}
        for code, what in GOOD:
            string = b"a" + bytes.fromhex(code) + b"z"
            v.valid(f"connect/{name}-utf8-{code}", make(string), packet_(string.decode()),
                    refs=["MQTT-1.5.3-1", statement], comment=what, **text)
        bom = b"\xef\xbb\xbfa"
        v.valid(f"connect/{name}-bom", make(bom), packet_(bom.decode()),
                refs=["MQTT-1.5.3-3", statement], comment="U+FEFF is kept", **text)
        for code, what in DISCOURAGED[:1] + DISCOURAGED[2:4] + DISCOURAGED[-3:-2]:
            string = b"a" + bytes.fromhex(code) + b"z"
            v.acceptable(f"connect/{name}-discouraged-{code}", make(string),
                         packet_(string.decode()), "discouraged_characters",
                         "string.disallowed_codepoint", canonical=True, refs=[statement],
                         comment=what, **text)
        for code, what in SOME_ILL_FORMED:
            v.invalid(f"connect/{name}-ill-formed-{code}", make(b"a" + bytes.fromhex(code) + b"z"),
                      "string.ill_formed_utf8", connack=None, refs=["MQTT-1.5.3-1", statement],
                      comment=what, **text)
        code, what = CUT[0]
        v.invalid(f"connect/{name}-ill-formed-{code}-at-end", make(b"a" + bytes.fromhex(code)),
                  "string.ill_formed_utf8", connack=None, refs=["MQTT-1.5.3-1", statement],
                  comment=what, **text)
        nul = ["MQTT-1.5.3-2", statement] + (["MQTT-4.7.3-2"] if name == "will-topic" else [])
        v.invalid(f"connect/{name}-nul", make(b"a\0b"), "string.has_nul", connack=None, refs=nul,
                  **text)

    will = {"to": "server", "section": "3.1.3.2", "connack": None}
    _, make, *_ = STRING_FIELDS[1]
    v.invalid("connect/will-topic-empty", make(b""), "topic.empty",
              refs=["MQTT-4.7.3-1", "MQTT-3.1.3-10"], **will)
    for name, topic in [("hash", "a/#"), ("plus", "a/+/b"), ("hash-alone", "#")]:
        v.invalid(f"connect/will-topic-{name}", make(topic.encode()), "topic.name_has_wildcard",
                  refs=["MQTT-4.7.1-1"], **will)


def header_3_1_1(v):
    name = {"to": "server", "section": "3.1.2.1", "refs": ["MQTT-3.1.2-1"], "connack": None}
    for id, text in [("longer", "MQTTX"), ("shorter", "MQT"), ("lower-case", "mqtt"),
                     ("empty", ""), ("of-3-1-longer", "MQIsdpX"), ("of-3-1-misspelt", "MQIsdP")]:
        # Long enough for the fault to be the name alone, whatever the version.
        v.invalid(f"connect/name-{id}", connect(2, field("client-1"), name=text),
                  "connect.protocol_name", **name)
    overrun = packet(0x10, b"\xff\xffMQTT", b"\x04\x02\x00\x3c", field("client-1"))
    v.invalid("connect/name-length-huge", overrun,
              ("connect.protocol_name", "packet.truncated_field"), **name,
              comment="the length is wrong for every name and for this packet")

    level = {"to": "server", "section": "3.1.2.2", "refs": ["MQTT-3.1.2-2"], "connack": 1}
    for number in (0, 2, 3, 6, 255):
        v.invalid(f"connect/level-{number}", connect(2, field("c1"), level=number),
                  "connect.protocol_level", **level)
    v.invalid("connect/level-5", connect(2, b"\x00", field("c1"), level=5),
              "connect.protocol_level", **level,
              comment="a CONNECT of 5.0, which a server of 3.1.1 alone does not support")
    v.invalid("connect/level-of-3-1-1-under-name-of-3-1", connect(2, field("c1"), name="MQIsdp"),
              "connect.protocol_level", **level)
    v.invalid("connect/level-bridge-bit", connect(2, field("c1"), level=0x84),
              "connect.protocol_level", **level,
              comment="bit 7, by which some bridges say what they are, is in no standard")
    v.valid("connect/level-bridge-bit-accepted", connect(2, field("c1"), level=0x84),
            expect("3.1.1"), canonical=False, to="server", section="3.1.2.2", refs=[],
            options={"strictness": {"bridge_bit": "accept"}})

    for bit in (1, 2, 4, 8):
        v.invalid(f"connect/first-byte-{0x10 ^ bit:02x}", connect(2, field("c1"), first=0x10 ^ bit),
                  "frame.reserved_flags", connack=None, to="server", section="2.2.2",
                  refs=["MQTT-2.2.2-1", "MQTT-2.2.2-2"])


def flags_3_1_1(v):
    other = {"to": "server", "section": "3.1.2.3", "connack": None}

    def invalid(id, flags, error, refs, *more):
        v.invalid(f"connect/{id}", connect(flags, field("c1"), *more), error, refs=refs, **other)

    will = [field("w"), field(b"bye")]
    for flags, more in [(0x01, []), (0x03, []), (0x07, will), (0x83, [field("u")]),
                        (0xC3, [field("u"), field(b"p")])]:
        invalid(f"reserved-flag-{flags:02x}", flags, "connect.reserved_flag", ["MQTT-3.1.2-3"],
                *more)
    without = "connect.will_flags_without_will"
    for qos in (1, 2, 3):
        invalid(f"will-qos-{qos}-without-will", 0x02 | qos << 3, without,
                ["MQTT-3.1.2-11", "MQTT-3.1.2-13"])
    invalid("will-retain-without-will", 0x22, without, ["MQTT-3.1.2-11", "MQTT-3.1.2-15"])
    invalid("will-retain-and-qos-without-will", 0x2A, without,
            ["MQTT-3.1.2-11", "MQTT-3.1.2-13", "MQTT-3.1.2-15"])
    invalid("will-qos-3", 0x1E, "qos.invalid", ["MQTT-3.1.2-14"], *will)
    invalid("will-qos-3-retain", 0x3E, "qos.invalid", ["MQTT-3.1.2-14"], *will)
    password = "connect.password_without_username"
    invalid("password-without-user-name", 0x42, password, ["MQTT-3.1.2-22"], field(b"p"))
    invalid("password-without-user-name-not-clean", 0x40, password, ["MQTT-3.1.2-22"], field(b"p"))
    invalid("password-without-user-name-with-will", 0x46, password, ["MQTT-3.1.2-22"], *will,
            field(b"p"))
    for id, bytes_ in [("", connect(0, field(""))), ("-with-will", connect(4, field(""), *will)),
                       ("-with-user-name", connect(0x80, field(""), field("u")))]:
        v.invalid(f"connect/client-id-empty-not-clean{id}", bytes_, "connect.client_id", connack=2,
                  to="server", section="3.1.3.1", refs=["MQTT-3.1.3-7", "MQTT-3.1.3-8"])


def truncated_3_1_1(v):
    def truncated(id, bytes_, refs, section, **more):
        v.truncated(f"connect/{id}", bytes_, refs=refs, section=section, to="server", connack=None,
                    **more)

    every = "MQTT-3.1.4-1"
    header = field("MQTT") + b"\x04\x02\x00\x3c"
    for length, what, section in [(0, "everything", "3.1"), (1, "name-half", "3.1.2.1"),
                                  (6, "level", "3.1.2.2"), (7, "flags", "3.1.2.3"),
                                  (8, "keep-alive", "3.1.2.10"), (9, "keep-alive-half", "3.1.2.10")]:
        truncated(f"missing-{what}", packet(0x10, header.bytes()[:length]), [every, "MQTT-3.1.3-3"],
                  section)
    truncated("missing-client-id", packet(0x10, header), ["MQTT-3.1.3-3", every], "3.1.3.1")
    truncated("client-id-half-length", packet(0x10, header, b"\x00"), ["MQTT-3.1.3-3", every],
              "3.1.3.1")
    truncated("client-id-overruns", packet(0x10, header, u16(3) + b"c1"),
              ["MQTT-3.1.3-3", "MQTT-3.1.3-4", every], "3.1.3.1")
    not_clean = field("MQTT") + b"\x04\x00\x00\x3c"
    truncated("client-id-overruns-not-clean", packet(0x10, not_clean, u16(3)),
              ["MQTT-3.1.3-3", "MQTT-3.1.3-4", every], "3.1.3.1",
              comment="the client identifier is not empty, so nothing is to be answered")
    truncated("client-id-length-huge", packet(0x10, header, b"\xff\xffc1"),
              ["MQTT-3.1.3-3", "MQTT-3.1.3-4", every], "3.1.3.1")

    will, user, password = "MQTT-3.1.2-9", "MQTT-3.1.2-19", "MQTT-3.1.2-21"
    id = field("c1")
    truncated("missing-will", connect(6, id), [will, every], "3.1.3.2")
    truncated("missing-will-payload", connect(6, id, field("w")), [will, every], "3.1.3.3")
    truncated("missing-will-payload-not-clean", connect(4, id, field("w")), [will, every],
              "3.1.3.3", comment="the client identifier is not empty, so nothing is to be answered")
    truncated("will-topic-overruns", connect(6, id, u16(9) + b"w", field(b"bye")), [will, every],
              "3.1.3.2")
    truncated("will-payload-half-length", connect(6, id, field("w"), b"\x00"), [will, every],
              "3.1.3.3")
    truncated("will-payload-overruns", connect(6, id, field("w"), u16(4) + b"bye"), [will, every],
              "3.1.3.3")
    truncated("missing-user-name", connect(0x82, id), [user, "MQTT-3.1.3-1", every], "3.1.3.4")
    truncated("missing-user-name-after-will", connect(0x86, id, field("w"), field(b"bye")),
              [user, "MQTT-3.1.3-1", every], "3.1.3.4")
    truncated("user-name-overruns", connect(0x82, id, u16(2) + b"u"), [user, every], "3.1.3.4")
    truncated("missing-password", connect(0xC2, id, field("u")), [password, "MQTT-3.1.3-1", every],
              "3.1.3.5")
    truncated("password-half-length", connect(0xC2, id, field("u"), b"\x00"), [password, every],
              "3.1.3.5")
    truncated("password-overruns", connect(0xC2, id, field("u"), u16(2) + b"p"), [password, every],
              "3.1.3.5")
    truncated("missing-user-name-and-password", connect(0xC2, id), [user, password, every],
              "3.1.3.4")


def surplus_3_1_1(v):
    other = {"to": "server", "connack": None, "flags": ["TrailingBytes"]}
    surplus = "packet.trailing_bytes"
    id = field("c1")
    v.invalid("connect/surplus-byte", connect(2, id, b"\x00"), surplus, section="3.1.3",
              refs=["MQTT-3.1.4-1"], **other)
    v.invalid("connect/surplus-user-name", connect(2, id, field("u")), surplus, section="3.1.3.4",
              refs=["MQTT-3.1.2-18", "MQTT-3.1.4-1"], **other)
    v.invalid("connect/surplus-password", connect(0x82, id, field("u"), field(b"p")), surplus,
              section="3.1.3.5", refs=["MQTT-3.1.2-20", "MQTT-3.1.4-1"], **other)
    v.invalid("connect/surplus-will", connect(2, id, field("w"), field(b"bye")), surplus,
              section="3.1.3.2", refs=["MQTT-3.1.2-11", "MQTT-3.1.4-1"], **other)
    v.invalid("connect/surplus-packet-inside", connect(2, id, b"\xc0\x00"), surplus,
              section="3.1.3", refs=["MQTT-3.1.4-1"], **other,
              comment="what looks like a PINGREQ lies inside this packet")


def connect_3_1(v):
    flag_combinations(v, connect31)
    other = {"to": "server", "section": "3.1", "refs": []}
    id = field("c1")

    def valid(name, bytes_, packet_, **more):
        v.valid(f"connect/{name}", bytes_, packet_, **other, **more)

    def invalid(name, bytes_, error, connack=None, **more):
        v.invalid(f"connect/{name}", bytes_, error, connack=connack, **other, **more)

    valid("client-id-23", connect31(2, field("0123456789abcdefghijklm")),
          expect("3.1", client_id="0123456789abcdefghijklm"))
    valid("client-id-23-characters", connect31(2, field("\u00e9" * 23)),
          expect("3.1", client_id="\u00e9" * 23), comment="characters, not bytes")
    for name, client_id in [("24", "0123456789abcdefghijklmn"), ("24-characters", "\u00e9" * 24)]:
        v.acceptable(f"connect/client-id-{name}", connect31(2, field(client_id)),
                     expect("3.1", client_id=client_id), "client_id_length_in_3_1",
                     "connect.client_id", canonical=True, **other)
    invalid("client-id-empty", connect31(2, field("")), "connect.client_id", connack=2)
    invalid("client-id-empty-not-clean", connect31(0, field("")), "connect.client_id", connack=2)
    for seconds in (0, 65535):
        valid(f"keep-alive-{seconds}", connect31(2, id, keep_alive=seconds),
              expect("3.1", keep_alive=seconds))

    # Will QoS and Will Retain are disregarded without the Will Flag.
    for flags in (0x0A, 0x12, 0x1A, 0x22, 0x3A):
        valid(f"unused-will-bits-{flags:02x}", connect31(flags, id), expect("3.1"), canonical=False)
    v.acceptable("connect/reserved-flag", connect31(3, id), expect("3.1"), "unused_bits_in_3_1",
                 "connect.reserved_flag", **other)
    for first in (0x11, 0x12, 0x14, 0x18):
        v.acceptable(f"connect/first-byte-{first:02x}", connect31(2, id, first=first),
                     expect("3.1"), "unused_bits_in_3_1", "frame.reserved_flags", to="server",
                     section="2.1", refs=[])

    # The Remaining Length wins over the flags.
    absent = "the flag is set, the packet ends where the field would begin"
    valid("user-name-absent", connect31(0x82, id), expect("3.1"), canonical=False, comment=absent)
    valid("user-name-and-password-absent", connect31(0xC2, id), expect("3.1"), canonical=False,
          comment=absent)
    valid("password-absent", connect31(0xC2, id, field("u")), expect("3.1", user_name="u"),
          canonical=False, comment=absent)
    valid("user-name-absent-after-will", connect31(0x86, id, field("w"), field(b"bye")),
          expect("3.1", will=a_will()), canonical=False, comment=absent)
    valid("password-binary", connect31(0xC2, id, field("u"), field(b"\xff\x00")),
          expect("3.1", user_name="u", password=b"\xff\x00"))
    valid("will-payload-binary", connect31(6, id, field("w"), field(b"\xff\x00")),
          expect("3.1", will=a_will(payload=b"\xff\x00")))

    invalid("will-qos-3", connect31(0x1E, id, field("w"), field(b"bye")), "qos.invalid")
    invalid("password-without-user-name", connect31(0x42, id, field(b"p")),
            "connect.password_without_username")
    for name, make in [("client-id", lambda s: connect31(2, field(s))),
                       ("will-topic", lambda s: connect31(6, id, field(s), field(b"bye"))),
                       ("user-name", lambda s: connect31(0x82, id, field(s)))]:
        invalid(f"{name}-nul", make(b"a\0b"), "string.has_nul", flags=["Utf8"])
        invalid(f"{name}-ill-formed-eda080", make(b"a\xed\xa0\x80z"), "string.ill_formed_utf8",
                flags=["Utf8"])
    invalid("will-topic-empty", connect31(6, id, field(""), field(b"bye")), "topic.empty")
    invalid("will-topic-hash", connect31(6, id, field("a/#"), field(b"bye")),
            "topic.name_has_wildcard")
    for level in (2, 4, 5):
        invalid(f"level-{level}", connect31(2, id, level=level), "connect.protocol_level", connack=1)
    invalid("level-of-3-1-under-name-of-3-1-1", connect(2, id, level=3), "connect.protocol_level",
            connack=1)
    invalid("level-bridge-bit", connect31(2, id, level=0x83), "connect.protocol_level", connack=1)
    v.valid("connect/level-bridge-bit-accepted", connect31(2, id, level=0x83), expect("3.1"),
            canonical=False, options={"strictness": {"bridge_bit": "accept"}}, **other)
    for name, text in [("misspelt", "MQIsdP"), ("longer", "MQIsdpX"), ("shorter", "MQIsd")]:
        invalid(f"name-{name}", connect31(2, field("client-1"), name=text),
                "connect.protocol_name")

    def truncated(name, bytes_):
        v.truncated(f"connect/{name}", bytes_, connack=None, **other)

    header = field("MQIsdp") + b"\x03\x02\x00\x3c"
    for length, what in [(0, "everything"), (8, "level"), (9, "flags"), (10, "keep-alive")]:
        truncated(f"missing-{what}", packet(0x10, header.bytes()[:length]))
    truncated("missing-client-id", packet(0x10, header))
    truncated("client-id-overruns", packet(0x10, header, u16(3) + b"c1"))
    truncated("client-id-overruns-at-once", packet(0x10, header, u16(3)))
    truncated("missing-will", connect31(6, id))
    truncated("missing-will-payload", connect31(6, id, field("w")))
    truncated("user-name-half-length", connect31(0x82, id, b"\x00"))
    truncated("user-name-overruns", connect31(0x82, id, u16(2) + b"u"))
    truncated("password-overruns", connect31(0xC2, id, field("u"), u16(2) + b"p"))
    invalid("surplus-byte", connect31(2, id, b"\x00"), "packet.trailing_bytes",
            flags=["TrailingBytes"])
    invalid("surplus-user-name", connect31(2, id, field("u")), "packet.trailing_bytes",
            flags=["TrailingBytes"])


def answer(code, session_present=False):
    return {"type": "connack", "session_present": session_present, "code": code}


def connack(v):
    is_3_1 = v.name == "3.1"
    absent = None if is_3_1 else False
    code_section = {"to": "client", "section": "3.2" if is_3_1 else "3.2.2.3"}
    flag_section = {"to": "client", "section": "3.2" if is_3_1 else "3.2.2.1"}
    for code in range(6):
        v.valid(f"connack/code-{code}", bytes([0x20, 2, 0, code]), answer(code, absent),
                refs=["MQTT-3.2.2-4"], **code_section)
    for code in (6, 127, 128, 255):
        v.invalid(f"connack/code-{code}", bytes([0x20, 2, 0, code]), "reason_code.invalid", refs=[],
                  comment="reserved", **code_section)
    unused = ["MQTT-2.2.2-1", "MQTT-2.2.2-2"]
    if is_3_1:
        for bits, code in [(0x01, 0), (0x80, 0), (0xFF, 0), (0x01, 5)]:
            v.acceptable(f"connack/unused-byte-{bits:02x}-code-{code}", bytes([0x20, 2, bits, code]),
                         answer(code, None), "unused_bits_in_3_1", "connack.reserved_flags",
                         refs=[], **flag_section)
    else:
        v.valid("connack/session-present", b"\x20\x02\x01\x00", answer(0, True),
                refs=["MQTT-3.2.2-4"], **flag_section)
        for code in range(1, 6):
            v.invalid(f"connack/session-present-code-{code}", bytes([0x20, 2, 1, code]),
                      "connack.session_present_on_error", refs=["MQTT-3.2.2-4"], flags=["SenderMust"],
                      **code_section)
        for bits in (0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x03, 0xFE):
            v.invalid(f"connack/reserved-flags-{bits:02x}", bytes([0x20, 2, bits, 0]),
                      "connack.reserved_flags", refs=[], flags=["SenderMust"], **flag_section)
    v.invalid("connack/of-5-0", b"\x20\x03\x00\x84\x00", "connack.other_version", refs=[],
              comment="how a server of 5.0 alone refuses the level", **code_section)
    v.invalid("connack/surplus-byte", b"\x20\x03\x00\x00\x00", "packet.trailing_bytes", refs=[],
              flags=["TrailingBytes"], **code_section)
    v.invalid("connack/surplus-bytes", b"\x20\x04\x00\x00\xc0\x00", "packet.trailing_bytes", refs=[],
              flags=["TrailingBytes"], **code_section)
    v.truncated("connack/missing-everything", data(b"\x20\x00"), refs=[], **flag_section)
    v.truncated("connack/missing-code", data(b"\x20\x01\x00"), refs=[], **code_section)
