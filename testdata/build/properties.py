"""The properties of 5.0: the table of the standard, and what carries them."""

from wire import Data, connect5, data, field, packet, u16, varint

# Number, name, kind of value.
PROPERTIES = [
    (0x01, "payload_format_indicator", "flag"),
    (0x02, "message_expiry_interval", "u32"),
    (0x03, "content_type", "text"),
    (0x08, "response_topic", "topic"),
    (0x09, "correlation_data", "binary"),
    (0x0B, "subscription_identifier", "varint"),
    (0x11, "session_expiry_interval", "u32"),
    (0x12, "assigned_client_identifier", "text"),
    (0x13, "server_keep_alive", "u16"),
    (0x15, "authentication_method", "text"),
    (0x16, "authentication_data", "binary"),
    (0x17, "request_problem_information", "flag"),
    (0x18, "will_delay_interval", "u32"),
    (0x19, "request_response_information", "flag"),
    (0x1A, "response_information", "text"),
    (0x1C, "server_reference", "text"),
    (0x1F, "reason_string", "text"),
    (0x21, "receive_maximum", "u16 not 0"),
    (0x22, "topic_alias_maximum", "u16"),
    (0x23, "topic_alias", "u16 not 0"),
    (0x24, "maximum_qos", "flag"),
    (0x25, "retain_available", "flag"),
    (0x26, "user_property", "pair"),
    (0x27, "maximum_packet_size", "u32 not 0"),
    (0x28, "wildcard_subscription_available", "flag"),
    (0x29, "subscription_identifiers_available", "flag"),
    (0x2A, "shared_subscription_available", "flag"),
]
NUMBERS = {name: number for number, name, _ in PROPERTIES}
KINDS = {name: kind for _, name, kind in PROPERTIES}

# Values at the edges, each with what it is called in an id.
VALUES = {
    "flag": [("0", 0), ("1", 1)],
    "u16": [("0", 0), ("1", 1), ("65535", 65_535)],
    "u16 not 0": [("1", 1), ("65535", 65_535)],
    "u32": [("0", 0), ("1", 1), ("4294967295", 0xFFFF_FFFF)],
    "u32 not 0": [("1", 1), ("4294967295", 0xFFFF_FFFF)],
    "varint": [(str(number), number) for number in
               (1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 268_435_455)],
    "text": [("empty", ""), ("text", "ab c/\u00e9")],
    "topic": [("short", "r"), ("levels", "re/ply")],
    "binary": [("empty", b""), ("bytes", b"\xff\x00\xc0\x80")],
    "pair": [("empty", ("", "")), ("text", ("k", "v \u00e9"))],
}

# What breaks the range of a value.
BAD_VALUES = {
    "flag": [("2", 2), ("255", 255)],
    "u16 not 0": [("0", 0)],
    "u32 not 0": [("0", 0)],
    "varint": [("0", 0)],
}


def value_bytes(kind, value):
    if kind == "flag":
        return bytes([value])
    if kind.startswith("u16"):
        return u16(value)
    if kind.startswith("u32"):
        return value.to_bytes(4, "big")
    if kind == "varint":
        return varint(value)
    if kind == "pair":
        return field(value[0]) + field(value[1])
    return field(value)


def prop(name, value):
    """One property as bytes."""
    return bytes([NUMBERS[name]]) + data(value_bytes(KINDS[name], value))


def props(*pairs):
    """Properties as bytes, from names and values."""
    return sum((prop(name, value) for name, value in pairs), Data())


def block(*pairs):
    """Properties with their length in front."""
    return block_of(props(*pairs))


def block_of(content, length=None):
    """Bytes as a block of properties; `length` is what it says if not their number."""
    content = data(content)
    return varint(len(content) if length is None else length) + content


def expected(*pairs):
    """Properties as the JSON of a packet has them."""
    found = {}
    for name, value in pairs:
        if name == "user_property":
            found.setdefault(name, []).append(list(value))
        elif name == "subscription_identifier":
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found


def in_order(pairs):
    """As a normal encoder writes them: by number, repeated ones together."""
    return sorted(pairs, key=lambda pair: NUMBERS[pair[0]])


class Holder:
    """What carries properties. `make` gives the packet for the bytes of a block, `expect` the JSON
    for properties; `names` are those that it may carry, in the order of their sections, of which
    the first after that of the length is number `first`. `needs` are properties that it cannot be
    without."""

    def __init__(self, name, to, section, make, expect, names, needs=(), first=2):
        self.name, self.to, self.section = name, to, section
        self.make, self.expect, self.names, self.needs = make, expect, names, list(needs)
        self.sections = {each: f"{section}.{first + at}" for at, each in enumerate(names)}

    def others(self):
        """The properties that it may not carry."""
        return [name for _, name, _ in PROPERTIES if name not in self.names]

    def with_needs(self, *pairs):
        """The properties and those that they, or the packet, cannot be without."""
        present = [name for name, _ in pairs]
        missing = [pair for pair in self.needs if pair[0] not in present]
        method = "authentication_method"
        if "authentication_data" in present and method not in [*present, *dict(missing)]:
            missing.append((method, "m"))
        return in_order([*missing, *pairs])


def expect_connect(properties, will=None):
    return {"type": "connect", "protocol_version": "5.0", "clean_start": True, "keep_alive": 60,
            "client_id": "c1", "will": will, "user_name": None, "password": None,
            "properties": properties}


def expect_will(properties):
    will = {"topic": "w", "payload": b"bye", "qos": 0, "retain": False, "properties": properties}
    return expect_connect({}, will)


def expect_publish(properties):
    return {"type": "publish", "dup": False, "qos": 0, "retain": False, "topic": "a/b",
            "packet_id": None, "payload": b"hi", "properties": properties}


def expect_subscribe(properties):
    subscription = {"filter": "a/b", "qos": 1, "no_local": False, "retain_as_published": False,
                    "retain_handling": 0}
    return {"type": "subscribe", "packet_id": 10, "subscriptions": [subscription],
            "properties": properties}


def expect_answer(name, reason, properties):
    return {"type": name, "packet_id": 10, "reason_code": reason, "properties": properties}


def expect_codes(name, properties):
    return {"type": name, "packet_id": 10, "reason_codes": [0], "properties": properties}


def ack_holder(name, first, section):
    return Holder(name, "any", f"{section}.2.2", lambda b: packet(first, u16(10), b"\x00", b),
                  lambda p: expect_answer(name, 0, p), ["reason_string", "user_property"])


HOLDERS = [
    Holder("connect", "server", "3.1.2.11", lambda b: connect5(2, b, field("c1")), expect_connect,
           ["session_expiry_interval", "receive_maximum", "maximum_packet_size",
            "topic_alias_maximum", "request_response_information", "request_problem_information",
            "user_property", "authentication_method", "authentication_data"]),
    Holder("will", "server", "3.1.3.2",
           lambda b: connect5(6, block(), field("c1"), b, field("w"), field(b"bye")), expect_will,
           ["will_delay_interval", "payload_format_indicator", "message_expiry_interval",
            "content_type", "response_topic", "correlation_data", "user_property"]),
    Holder("connack", "client", "3.2.2.3", lambda b: packet(0x20, b"\x00\x00", b),
           lambda p: {"type": "connack", "session_present": False, "reason_code": 0,
                      "properties": p},
           ["session_expiry_interval", "receive_maximum", "maximum_qos", "retain_available",
            "maximum_packet_size", "assigned_client_identifier", "topic_alias_maximum",
            "reason_string", "user_property", "wildcard_subscription_available",
            "subscription_identifiers_available", "shared_subscription_available",
            "server_keep_alive", "response_information", "server_reference",
            "authentication_method", "authentication_data"]),
    Holder("publish", "any", "3.3.2.3", lambda b: packet(0x30, field("a/b"), b, b"hi"),
           expect_publish,
           ["payload_format_indicator", "message_expiry_interval", "topic_alias", "response_topic",
            "correlation_data", "user_property", "subscription_identifier", "content_type"]),
    ack_holder("puback", 0x40, "3.4"),
    ack_holder("pubrec", 0x50, "3.5"),
    ack_holder("pubrel", 0x62, "3.6"),
    ack_holder("pubcomp", 0x70, "3.7"),
    Holder("subscribe", "server", "3.8.2.1",
           lambda b: packet(0x82, u16(10), b, field("a/b"), b"\x01"), expect_subscribe,
           ["subscription_identifier", "user_property"]),
    Holder("suback", "client", "3.9.2.1", lambda b: packet(0x90, u16(10), b, b"\x00"),
           lambda p: expect_codes("suback", p), ["reason_string", "user_property"]),
    Holder("unsubscribe", "server", "3.10.2.1", lambda b: packet(0xA2, u16(10), b, field("a/b")),
           lambda p: {"type": "unsubscribe", "packet_id": 10, "filters": ["a/b"], "properties": p},
           ["user_property"]),
    Holder("unsuback", "client", "3.11.2.1", lambda b: packet(0xB0, u16(10), b, b"\x00"),
           lambda p: expect_codes("unsuback", p), ["reason_string", "user_property"]),
    Holder("disconnect", "any", "3.14.2.2", lambda b: packet(0xE0, b"\x00", b),
           lambda p: {"type": "disconnect", "reason_code": 0, "properties": p},
           ["session_expiry_interval", "reason_string", "user_property", "server_reference"]),
    Holder("auth", "any", "3.15.2.2", lambda b: packet(0xF0, b"\x18", b),
           lambda p: {"type": "auth", "reason_code": 0x18, "properties": p},
           ["authentication_method", "authentication_data", "reason_string", "user_property"],
           needs=[("authentication_method", "m")]),
]
