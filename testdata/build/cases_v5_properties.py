"""5.0: properties in everything that carries them."""

from properties import (BAD_VALUES, HOLDERS, KINDS, NUMBERS, PROPERTIES, VALUES, block, block_of,
                        expected, in_order, prop, props)
from strings import CUT, DISCOURAGED
from wire import data, field, repeat, varint

MALFORMED, PROTOCOL_ERROR, ALIAS_INVALID = 0x81, 0x82, 0x94

# The statements that concern a property, wherever it is.
STATEMENTS = {
    "content_type": ["MQTT-3.3.2-19"],
    "response_topic": ["MQTT-3.3.2-13", "MQTT-3.3.2-14"],
    "topic_alias": ["MQTT-3.3.2-8"],
    "user_property": ["MQTT-1.5.7-1"],
}

# Nothing comes after the properties of these.
ENDS_WITH_BLOCK = ("connack", "puback", "pubrec", "pubrel", "pubcomp", "disconnect", "auth")

# These five carry what PUBACK does; a few of the properties of others are enough there.
LIKE_PUBACK = ("pubrec", "pubrel", "pubcomp", "suback", "unsuback")
A_FEW = ("payload_format_indicator", "content_type", "subscription_identifier",
         "session_expiry_interval", "authentication_method", "server_reference", "receive_maximum",
         "topic_alias", "shared_subscription_available")


def receiver(holder, *names):
    """Who receives the packet: some properties flow one way."""
    if holder.name == "publish" and "subscription_identifier" in names:
        return "client"
    if holder.name == "disconnect" and "session_expiry_interval" in names:
        return "server"
    if holder.name == "disconnect" and "server_reference" in names:
        return "client"
    return holder.to


def refs_of(holder, name):
    refs = list(STATEMENTS.get(name, []))
    if (holder.name, name) == ("publish", "subscription_identifier"):
        refs.append("MQTT-3.3.4-6")
    if (holder.name, name) == ("disconnect", "session_expiry_interval"):
        refs.append("MQTT-3.14.2-2")
    return refs


def truncated_refs(holder):
    """What demands that the properties be there, and whole."""
    if holder.name == "will":
        return ["MQTT-2.2.2-1", "MQTT-3.1.2-9", "MQTT-3.1.4-1"]
    return ["MQTT-2.2.2-1", "MQTT-3.1.4-1"] if holder.name == "connect" else ["MQTT-2.2.2-1"]


def can_repeat(holder, name):
    return name == "user_property" or (holder.name, name) == ("publish", "subscription_identifier")


def property_cases(v):
    first_holder = {}
    for holder in HOLDERS:
        for name in holder.names:
            first_holder.setdefault(name, holder)
            one = One(v, holder, name)
            one.values()
            one.bad_values()
            one.twice()
            one.cut(is_first=first_holder[name] is holder)
            if KINDS[name] in ("text", "topic", "pair"):
                one.strings(is_first=first_holder[name] is holder)
        several(v, holder)
        not_allowed(v, holder)
        unknown(v, holder)
        block_lengths(v, holder)
    long_values(v)
    order(v)
    limits(v)


class One:
    """The cases about one property of one holder."""

    def __init__(self, v, holder, name):
        self.v, self.holder, self.name = v, holder, name
        self.kind = KINDS[name]
        self.id = f"{holder.name}-properties/{name.replace('_', '-')}"
        self.other = {"to": receiver(holder, name), "section": holder.sections[name],
                      "refs": refs_of(holder, name)}

    def make(self, value):
        return self.holder.make(block(*self.holder.with_needs((self.name, value))))

    def expect(self, value):
        return self.holder.expect(expected(*self.holder.with_needs((self.name, value))))

    def around(self, content):
        """The packet with these bytes behind the other properties that it needs."""
        needed = [pair for pair in self.holder.with_needs((self.name, None))
                  if pair[0] != self.name]
        return self.holder.make(block_of(props(*needed) + content))

    def values(self):
        for what, value in VALUES[self.kind]:
            self.v.valid(f"{self.id}-{what}", self.make(value), self.expect(value), **self.other)

    def bad_values(self):
        reason = ALIAS_INVALID if self.name == "topic_alias" else PROTOCOL_ERROR
        for what, value in BAD_VALUES.get(self.kind, []):
            self.v.invalid(f"{self.id}-{what}", self.make(value), "property.value", reason=reason,
                           **self.other)
        if self.kind == "varint":
            bad = {**self.other, "refs": [*self.other["refs"], "MQTT-1.5.5-1"]}
            number = bytes([NUMBERS[self.name]])
            self.v.invalid(f"{self.id}-padded", self.around(number + b"\x81\x00"),
                           "varint.non_minimal", reason=MALFORMED, flags=["NonMinimalVarint"],
                           **bad)
            self.v.invalid(f"{self.id}-five-bytes", self.around(number + b"\x80\x80\x80\x80\x01"),
                           "varint.too_long", reason=MALFORMED, **bad)
        if self.kind == "topic":
            self.bad_topics()

    def bad_topics(self):
        empty = {**self.other, "refs": ["MQTT-4.7.3-1", *truncated_refs(self.holder)]}
        self.v.invalid(f"{self.id}-empty", self.make(""), ("topic.empty", "packet.truncated_field"),
                       comment="so few bytes are left that no topic has place, whatever its length "
                       "says", **empty)
        pairs = (self.name, ""), ("user_property", ("k", "v"))
        self.v.invalid(f"{self.id}-empty-first", self.holder.make(block(*pairs)), "topic.empty",
                       reason=PROTOCOL_ERROR, **empty)
        wild = {**self.other, "refs": ["MQTT-3.3.2-14", "MQTT-4.7.0-1"]}
        for what, topic in [("hash", "a/#"), ("plus", "a/+/b"), ("plus-in-level", "a+b")]:
            self.v.invalid(f"{self.id}-{what}", self.make(topic), "topic.name_has_wildcard",
                           reason=PROTOCOL_ERROR, **wild)

    def twice(self):
        (_, first), (_, second), *_ = [*VALUES[self.kind], *VALUES[self.kind]]
        for what, pair in [("same", (second, second)), ("other", (first, second))]:
            pairs = self.holder.with_needs(*((self.name, value) for value in pair))
            bytes_ = self.holder.make(block(*pairs))
            if can_repeat(self.holder, self.name):
                self.v.valid(f"{self.id}-twice-{what}", bytes_,
                             self.holder.expect(expected(*pairs)), **self.other)
            elif what == "other":
                self.v.invalid(f"{self.id}-twice", bytes_, "property.duplicate",
                               reason=PROTOCOL_ERROR, **self.other)

    def cut(self, is_first):
        """The block ends inside the property, and the packet goes on as it should."""
        value = VALUES[self.kind][1 if self.kind in ("text", "binary", "pair") else 0][1]
        whole = prop(self.name, value).bytes()
        cut = whole[:1] + b"\x81" if self.kind == "varint" else whole[:-1]
        other = {"reason": MALFORMED, **self.other,
                 "refs": [*self.other["refs"], *truncated_refs(self.holder)]}
        self.v.truncated(f"{self.id}-cut", self.around(cut), **other)
        if is_first and len(cut) > 1:
            self.v.truncated(f"{self.id}-without-value", self.around(whole[:1]), **other)

    def strings(self, is_first):
        other = {**self.other, "flags": ["Utf8"]}
        places = [("", lambda string: string)]
        if self.kind == "pair":
            places = [("-name", lambda string: (string, "v")), ("-value", lambda string: ("k", string))]
        for place, value in places:
            id = f"{self.id}{place}"
            self.v.invalid(f"{id}-ill-formed", self.make(value(b"a\xed\xa0\x80z")),
                           "string.ill_formed_utf8", reason=MALFORMED, comment="U+D800",
                           **{**other, "refs": [*self.other["refs"], "MQTT-1.5.4-1"]})
            nul = [*self.other["refs"], "MQTT-1.5.4-2"]
            nul += ["MQTT-4.7.3-2"] if self.kind == "topic" else []
            self.v.invalid(f"{id}-nul", self.make(value(b"a\0b")), "string.has_nul",
                           reason=MALFORMED, **{**other, "refs": nul})
            if not is_first:
                continue
            code, what = CUT[0]
            self.v.invalid(f"{id}-ill-formed-{code}-at-end",
                           self.make(value(b"a" + bytes.fromhex(code))), "string.ill_formed_utf8",
                           reason=MALFORMED, comment=what,
                           **{**other, "refs": [*self.other["refs"], "MQTT-1.5.4-1"]})
            self.v.valid(f"{id}-bom", self.make(value("\ufeffa")), self.expect(value("\ufeffa")),
                         comment="U+FEFF is kept",
                         **{**other, "refs": [*self.other["refs"], "MQTT-1.5.4-3"]})
            for code, what in (DISCOURAGED[0], DISCOURAGED[-3]):
                string = (b"a" + bytes.fromhex(code) + b"z").decode()
                self.v.acceptable(f"{id}-discouraged-{code}", self.make(value(string)),
                                  self.expect(value(string)), "discouraged_characters",
                                  "string.disallowed_codepoint", canonical=True, comment=what,
                                  **{**other, "refs": []})


def several(v, holder):
    """All that the packet can have at once."""
    names = [name for name in holder.names
             if (holder.name, name) != ("disconnect", "session_expiry_interval")]
    pairs = in_order([(name, VALUES[KINDS[name]][-1][1]) for name in names])
    other = {"to": receiver(holder, *names), "section": holder.section, "refs": ["MQTT-2.2.2-1"]}
    id = f"{holder.name}-properties"
    if len(pairs) > 1:
        v.valid(f"{id}/all", holder.make(block(*pairs)), holder.expect(expected(*pairs)), **other)
        backwards = pairs[::-1]
        v.valid(f"{id}/all-backwards", holder.make(block(*backwards)),
                holder.expect(expected(*backwards)), canonical=False,
                comment="the order of different properties says nothing", **other)


def not_allowed(v, holder):
    for name in holder.others():
        if holder.name in LIKE_PUBACK and name not in A_FEW:
            continue
        value = VALUES[KINDS[name]][-1][1]
        bytes_ = holder.make(block(*in_order([*holder.needs, (name, value)])))
        v.invalid(f"{holder.name}-properties/not-allowed-{name.replace('_', '-')}", bytes_,
                  "property.not_allowed", reason=MALFORMED, to=holder.to, section="2.2.2.2", refs=[])


def unknown(v, holder):
    """Identifiers that are none. Each packet gets one of them, CONNECT and PUBLISH all."""
    all_of_them = holder.name in ("connect", "publish")
    known = {number for number, *_ in PROPERTIES}
    numbers = [number for number in range(0x30) if number not in known] + [0x7F]
    needed = props(*holder.needs)
    for number in numbers if all_of_them else [0x00, 0x0A]:
        v.invalid(f"{holder.name}-properties/unknown-{number:02x}",
                  holder.make(block_of(needed + bytes([number, 0, 0, 0, 0]))), "property.unknown",
                  reason=MALFORMED, to=holder.to, section="2.2.2.2", refs=[])
    if not all_of_them:
        return
    other = {"to": holder.to, "section": "2.2.2.2", "reason": MALFORMED}
    v.invalid(f"{holder.name}-properties/unknown-8001",
              holder.make(block_of(b"\x80\x01\x00\x00")), "property.unknown", refs=[],
              comment="the identifier 128, in two bytes", **other)
    v.invalid(f"{holder.name}-properties/identifier-padded",
              holder.make(block_of(bytes([0x80 | 0x26, 0x00]) + field("k") + field("v"))),
              ("property.unknown", "varint.non_minimal"), refs=["MQTT-1.5.5-1"],
              flags=["NonMinimalVarint"], comment="the identifier of a user property in two bytes",
              **other)
    v.truncated(f"{holder.name}-properties/identifier-cut", holder.make(block_of(b"\x80")),
                error=("property.unknown", "packet.truncated_field", "varint.non_minimal"), refs=[],
                comment="the first byte says that another one follows", **other)


def block_lengths(v, holder):
    """The length in front of the properties."""
    other = {"to": holder.to, "section": f"{holder.section}.1"}
    id = f"{holder.name}-properties"
    content = props(*holder.needs, ("user_property", ("k", "v")))
    short = {**other, "refs": ["MQTT-1.5.5-1"], "reason": MALFORMED}
    for width in (2, 3, 4):
        v.invalid(f"{id}/length-padded-in-{width}",
                  holder.make(varint(len(content), width) + content), "varint.non_minimal",
                  flags=["NonMinimalVarint"], **short)
    if not holder.needs:
        v.invalid(f"{id}/length-0-padded", holder.make(data(b"\x80\x00")), "varint.non_minimal",
                  flags=["NonMinimalVarint"], **short)
    for name, length in [("0", b"\x80\x80\x80\x80\x00"), ("1", b"\x80\x80\x80\x80\x01"),
                         ("all-ones", b"\xff\xff\xff\xff\x7f")]:
        v.invalid(f"{id}/length-too-long-{name}", holder.make(length + content), "varint.too_long",
                  reason=MALFORMED, refs=["MQTT-1.5.5-1"], **other)
    over = {**other, "refs": truncated_refs(holder), "reason": MALFORMED}
    v.truncated(f"{id}/length-huge", holder.make(block_of(content, 268_435_455)), **over)
    v.truncated(f"{id}/length-127", holder.make(block_of(content, 127)), **over)
    error, comment = "packet.truncated_field", "the last property does not fit its block, though " \
        "it fits the packet"
    if holder.name in ENDS_WITH_BLOCK:
        # Or so it may be read: the packet has a byte more than its block.
        error = (error, "packet.trailing_bytes")
    v.truncated(f"{id}/length-ends-inside", holder.make(block_of(content, len(content) - 1)),
                error=error, comment=comment, **over)


def long_values(v):
    """Values of 65,535 bytes."""
    holders = {holder.name: holder for holder in HOLDERS}
    long = repeat(b"x", 65_535)
    for holder_name, name in [("connect", "authentication_method"), ("connect", "authentication_data"),
                              ("will", "response_topic"), ("will", "correlation_data"),
                              ("connack", "assigned_client_identifier"),
                              ("connack", "response_information"), ("publish", "content_type"),
                              ("publish", "response_topic"), ("publish", "correlation_data"),
                              ("puback", "reason_string"), ("disconnect", "server_reference"),
                              ("auth", "authentication_data")]:
        one = One(v, holders[holder_name], name)
        v.valid(f"{one.id}-65535", one.make(long), one.expect(long), flags=["Limit"], **one.other)
    one = One(v, holders["publish"], "user_property")
    v.valid(f"{one.id}-65535", one.make((long, long)), one.expect((long, long)), flags=["Limit"],
            comment="name and value", **one.other)
    for length in (127, 128, 16_383, 16_384):
        # Six bytes of it are the identifier, two lengths and the name.
        pair = ("k", repeat(b"v", length - 6) if length > 128 else "v" * (length - 6))
        holder = holders["connect"]
        v.valid(f"connect-properties/length-is-{length}",
                holder.make(block(("user_property", pair))),
                holder.expect(expected(("user_property", pair))), to="server",
                section="3.1.2.11.1", refs=["MQTT-1.5.5-1"])


def order(v):
    """The order of user properties, and what is between them."""
    publish = next(holder for holder in HOLDERS if holder.name == "publish")
    other = {"section": "3.3.2.3.7", "refs": ["MQTT-1.5.7-1"]}
    pairs = [("b", "1"), ("a", "2"), ("b", "3")]
    named = [("user_property", pair) for pair in pairs]
    v.valid("publish-properties/user-property-order", publish.make(block(*named)),
            publish.expect(expected(*named)), comment="order is kept, across names too", **other)
    mixed = [named[0], ("content_type", "t"), named[1], ("message_expiry_interval", 7), named[2]]
    v.valid("publish-properties/user-property-order-with-others", publish.make(block(*mixed)),
            publish.expect(expected(*mixed)), canonical=False,
            comment="others between them change nothing", **other)
    hundred = [("user_property", (f"k{number % 7}", str(number))) for number in range(100)]
    v.valid("publish-properties/user-property-hundred", publish.make(block(*hundred)),
            publish.expect(expected(*hundred)), **other)
    ids = [("subscription_identifier", number) for number in (300, 1, 300, 2)]
    v.valid("publish-properties/subscription-identifier-order", publish.make(block(*ids)),
            publish.expect(expected(*ids)), to="client", section="3.3.2.3.8",
            refs=["MQTT-3.3.4-6"], comment="several subscriptions matched, one of them twice")
    split = [("subscription_identifier", 1), ("content_type", "t"), ("subscription_identifier", 2)]
    v.valid("publish-properties/subscription-identifier-between", publish.make(block(*split)),
            publish.expect(expected(*split)), canonical=False, to="client", section="3.3.2.3.8",
            refs=["MQTT-3.3.4-6"])


def limits(v):
    """Many user properties, and a receiver that does not want so many."""
    publish = next(holder for holder in HOLDERS if holder.name == "publish")
    will = next(holder for holder in HOLDERS if holder.name == "will")
    other = {"section": "3.3.2.3.7", "refs": ["MQTT-1.5.7-1"]}
    count = 100_000
    many = block_of(repeat(prop("user_property", ("", "")).bytes(), count))
    v.valid("publish-properties/user-property-100000", publish.make(many),
            publish.expect({"user_property": {"items": [[["", ""], count]]}}),
            flags=["Limit", "Dos"], comment="five bytes each in the packet", **other)
    pairs = [("user_property", ("k", str(number))) for number in range(3)]
    for holder, section in [(publish, "3.3.2.3.7"), (will, "3.1.3.2.8")]:
        where = {"to": holder.to, "section": section, "refs": ["MQTT-1.5.7-1"], "flags": ["Limit"]}
        id = f"{holder.name}-properties/user-property-limit"
        v.valid(f"{id}-exact", holder.make(block(*pairs)), holder.expect(expected(*pairs)),
                options={"max_user_properties": 3}, **where)
        v.invalid(f"{id}-exceeded", holder.make(block(*pairs)), "limit.user_properties",
                  reason=0x97, options={"max_user_properties": 2}, **where)
    none = [("content_type", "t")]
    v.valid("publish-properties/user-property-limit-0", publish.make(block(*none)),
            publish.expect(expected(*none)), options={"max_user_properties": 0},
            section="3.3.2.3.7", refs=[], flags=["Limit"], comment="other properties do not count")
