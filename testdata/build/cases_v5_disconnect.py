"""5.0: DISCONNECT and AUTH."""

from cases_v5_publish import wrong_flags
from properties import block, expected
from wire import data, packet

MALFORMED, PROTOCOL_ERROR = 0x81, 0x82
NONE = block()

# The reason codes of DISCONNECT by who may send them.
OF_CLIENT = (0x04,)
OF_SERVER = (0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x9A, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2)
# Table 3-10 gives 0x9B to the server, section 3.3.4 tells a client to send it.
OF_BOTH = (0x00, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9B)
NO_CODES = (0x01, 0x02, 0x05, 0x10, 0x11, 0x18, 0x19, 0x7F, 0x84, 0x85, 0x86, 0x88, 0x8A, 0x91,
            0x92, 0xA3, 0xFF)
UNCLEAR = 0x8C


def expect(reason=0, properties=None):
    return {"type": "disconnect", "reason_code": reason, "properties": properties or {}}


def receiver(code):
    return "server" if code in OF_CLIENT else "client" if code in OF_SERVER else "any"


def disconnect_cases(v):
    code_section = {"section": "3.14.2.1", "refs": ["MQTT-3.14.2-1"]}
    v.valid("disconnect/plain", data(b"\xe0\x00"), expect(), section="3.14",
            refs=["MQTT-3.14.1-1", "MQTT-2.1.3-1", "MQTT-3.14.2-1"])
    v.valid("disconnect/code-00-written", data(b"\xe0\x01\x00"), expect(), canonical=False,
            comment="it could have been left out", **code_section)
    for code in sorted(OF_CLIENT + OF_SERVER + OF_BOTH):
        other = {"to": receiver(code), **code_section}
        byte = bytes([code])
        if code:
            v.valid(f"disconnect/code-{code:02x}", packet(0xE0, byte), expect(code), **other)
        v.valid(f"disconnect/code-{code:02x}-length-0", packet(0xE0, byte, NONE), expect(code),
                canonical=False, comment="the length of properties, with none", **other)
    for code in NO_CODES:
        v.invalid(f"disconnect/code-{code:02x}", packet(0xE0, bytes([code])),
                  "reason_code.invalid", flags=["SenderMust"], reason=PROTOCOL_ERROR,
                  **code_section)
    v.invalid("disconnect/code-01-with-property",
              packet(0xE0, b"\x01", block(("reason_string", "r"))), "reason_code.invalid",
              flags=["SenderMust"], reason=PROTOCOL_ERROR, **code_section)
    for name, rest in [("", []), ("-length-0", [NONE])]:
        v.acceptable(f"disconnect/code-8c{name}", packet(0xE0, bytes([UNCLEAR]), *rest),
                     expect(UNCLEAR), "bad_authentication_method_in_disconnect",
                     "reason_code.invalid", canonical=not rest,
                     comment="table 2-6 lists it for DISCONNECT, table 3-10 does not",
                     **code_section)

    some = {"section": "3.14.2.2", "refs": ["MQTT-3.14.2-1"]}
    for code in (0x04, 0x82, 0x8B):
        pairs = [("reason_string", "why"), ("user_property", ("k", "v"))]
        v.valid(f"disconnect/code-{code:02x}-with-properties",
                packet(0xE0, bytes([code]), block(*pairs)), expect(code, expected(*pairs)),
                to=receiver(code), **some)
    for code in (0x9C, 0x9D):
        pairs = [("server_reference", "a.example b.example:1884"), ("reason_string", "moved")]
        v.valid(f"disconnect/code-{code:02x}-with-reference",
                packet(0xE0, bytes([code]), block(*pairs)), expect(code, expected(*pairs)),
                to="client", section="3.14.2.2.5", refs=["MQTT-3.14.2-1"])

    surplus = {"section": "3.14.2.2", "refs": [], "flags": ["TrailingBytes"], "reason": MALFORMED}
    for name, body in [("byte", b"\x00\x00\x00"), ("packet-inside", b"\x00\x00\xc0\x00"),
                       ("property", b"\x00\x00\x1f\x00\x00"),
                       ("after-property", b"\x00\x04\x1f\x00\x01r\x00")]:
        v.invalid(f"disconnect/surplus-{name}", packet(0xE0, body), "packet.trailing_bytes",
                  **surplus)
    length = {"section": "3.14.2.2.1", "refs": [], "reason": MALFORMED}
    v.truncated("disconnect/property-length-half", data(b"\xe0\x02\x00\x80"), **length)
    v.truncated("disconnect/properties-missing", data(b"\xe0\x02\x00\x03"), **length)
    v.truncated("disconnect/of-issue", data(b"\xe0\x04\x00\x02\x21\x00"), refs=[],
                error=("packet.truncated_field", "property.not_allowed"), section="3.14.2.2",
                comment="a property that is cut, and that is not of DISCONNECT")
    wrong_flags(v, "disconnect", 0xE0, lambda byte: data(bytes([byte, 0])), None,
                statement="MQTT-3.14.1-1")


def expect_auth(reason, properties):
    return {"type": "auth", "reason_code": reason, "properties": properties}


def auth_cases(v):
    method = ("authentication_method", "SCRAM-SHA-1")
    content = ("authentication_data", b"\x01\x02")
    code_section = {"section": "3.15.2.1", "refs": ["MQTT-3.15.2-1"]}

    def auth(code, *pairs):
        return packet(0xF0, bytes([code]), block(*pairs))

    v.valid("auth/example",
            data(bytes.fromhex("f01518 13 15000b534352414d2d5348412d31 1600020102")),
            expect_auth(0x18, expected(method, content)), section="3.15",
            refs=["MQTT-3.15.1-1", "MQTT-3.15.2-1"])
    for code, to in [(0x00, "client"), (0x18, "any"), (0x19, "server")]:
        v.valid(f"auth/code-{code:02x}", auth(code, method), expect_auth(code, expected(method)),
                to=to, **code_section)
        if code != 0x18:
            v.valid(f"auth/code-{code:02x}-with-data", auth(code, method, content),
                    expect_auth(code, expected(method, content)), to=to, **code_section)
    for code in (0x01, 0x04, 0x10, 0x17, 0x1A, 0x80, 0x82, 0x87, 0x8C, 0xFF):
        v.invalid(f"auth/code-{code:02x}", auth(code, method), "reason_code.invalid",
                  flags=["SenderMust"], reason=PROTOCOL_ERROR, **code_section)

    v.acceptable("auth/empty", data(b"\xf0\x00"), expect_auth(0, {}), "empty_auth",
                 "property.missing", section="3.15.2.1", refs=["MQTT-3.15.2-1"],
                 flags=["DecodeOnly"], comment="section 3.15.2.1 allows it, section 3.15.2.2.2 "
                 "demands an authentication method")
    missing = {"section": "3.15.2.2.2", "refs": [], "reason": PROTOCOL_ERROR}
    for code in (0x00, 0x18, 0x19):
        v.invalid(f"auth/code-{code:02x}-without-properties", auth(code), "property.missing",
                  **missing)
    for name, pairs in [("data-alone", [content]), ("reason-string-alone", [("reason_string", "r")]),
                        ("user-property-alone", [("user_property", ("k", "v"))])]:
        v.invalid(f"auth/{name}", auth(0x18, *pairs), "property.missing", **missing)
    backwards = [content, method]
    v.valid("auth/data-before-method", auth(0x18, *backwards),
            expect_auth(0x18, expected(*backwards)), canonical=False, section="3.15.2.2", refs=[])

    either = ("packet.truncated_field", "property.missing")
    for code in (0x00, 0x18):
        v.truncated(f"auth/code-{code:02x}-alone", packet(0xF0, bytes([code])), error=either,
                    section="3.15.2.1", refs=[],
                    comment="unlike that of DISCONNECT, the length of properties cannot be left out "
                    "alone")
    v.invalid("auth/remaining-length-1", data(b"\xf0\x01"), either, section="3.15.2.1", refs=[],
              since="1.5.0", flags=["EarlyVerdict"],
              comment="nothing of that length is an AUTH, so that there is nothing to wait for")
    v.truncated("auth/property-length-half", data(b"\xf0\x02\x18\x80"), error=either,
                section="3.15.2.2.1", refs=[])
    v.truncated("auth/properties-missing", data(b"\xf0\x02\x18\x04"), error=either,
                section="3.15.2.2.1", refs=[])
    surplus = {"section": "3.15.2.2", "refs": [], "flags": ["TrailingBytes"], "reason": MALFORMED}
    for name, bytes_ in [("byte", b"\x00"), ("packet-inside", b"\xc0\x00")]:
        v.invalid(f"auth/surplus-{name}", packet(0xF0, b"\x18", block(method), bytes_),
                  "packet.trailing_bytes", **surplus)
    wrong_flags(v, "auth", 0xF0, lambda byte: packet(byte, b"\x18", block(method)), None,
                statement="MQTT-3.15.1-1")
