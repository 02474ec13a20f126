"""Packets as the JSON has them, filled up to all their fields, and their bytes.

Both are needed for traces: what a role receives is written in full, so that any runner can encode
it.
"""

from properties import block, in_order
from wire import data, field, packet, u16

ACKS = ("puback", "pubrec", "pubrel", "pubcomp")
FIRST = {"connect": 0x10, "connack": 0x20, "publish": 0x30, "puback": 0x40, "pubrec": 0x50,
         "pubrel": 0x62, "pubcomp": 0x70, "subscribe": 0x82, "suback": 0x90, "unsubscribe": 0xA2,
         "unsuback": 0xB0, "pingreq": 0xC0, "pingresp": 0xD0, "disconnect": 0xE0, "auth": 0xF0}
LEVELS = {"3.1": ("MQIsdp", 3), "3.1.1": ("MQTT", 4), "5.0": ("MQTT", 5)}


def defaults(version, type_):
    """The fields of a packet. None: absent; `...`: there is no value to assume."""
    v5 = version == "5.0"
    properties = {"properties": {}} if v5 else {}
    if type_ == "connect":
        return {"protocol_version": version, clean(version): True, "keep_alive": 0,
                "client_id": "c", "will": None, "user_name": None, "password": None, **properties}
    if type_ == "connack":
        present = None if version == "3.1" else False
        return {"session_present": present, code(version): 0, **properties}
    if type_ == "publish":
        return {"dup": False, "qos": 0, "retain": False, "topic": "t", "packet_id": None,
                "payload": b"m", **properties}
    if type_ in ACKS:
        return {"packet_id": ..., **({"reason_code": 0} if v5 else {}), **properties}
    if type_ == "subscribe":
        return {"packet_id": ..., "subscriptions": ..., **properties}
    if type_ == "unsubscribe":
        return {"packet_id": ..., "filters": ..., **properties}
    if type_ == "suback":
        return {"packet_id": ..., codes(version): ..., **properties}
    if type_ == "unsuback":
        return {"packet_id": ..., **({"reason_codes": ...} if v5 else {}), **properties}
    if type_ in ("disconnect", "auth"):
        assert v5 or type_ == "disconnect", type_
        return {"reason_code": 0, **properties} if v5 else {}
    assert type_ in ("pingreq", "pingresp"), type_
    return {}


def clean(version):
    return "clean_start" if version == "5.0" else "clean_session"


def code(version):
    return "reason_code" if version == "5.0" else "code"


def codes(version):
    return code(version) + "s"


def full(version, type_, **given):
    """A packet with all its fields."""
    fields = defaults(version, type_)
    assert given.keys() <= fields.keys(), (version, type_, given)
    filled = fields | given
    assert ... not in filled.values(), (version, type_, given)
    return {"type": type_, **filled}


def subscription(version, filter_, qos=0, **options):
    entry = {"filter": filter_, "qos": qos}
    if version == "5.0":
        entry |= {"no_local": False, "retain_as_published": False, "retain_handling": 0}
    assert options.keys() <= entry.keys(), options
    return entry | options


def encode(version, fields):
    """The bytes of a packet in their shortest form. Fails if a field is missing."""
    type_ = fields["type"]
    assert fields.keys() - {"type"} == defaults(version, type_).keys(), fields
    if type_ == "connect":
        return connect_bytes(version, fields)
    v5 = version == "5.0"
    props = properties_bytes(fields["properties"]) if "properties" in fields else b""
    if type_ == "connack":
        return packet(0x20, bytes([bool(fields["session_present"]), fields[code(version)]]), props)
    if type_ == "publish":
        return publish_bytes(fields, props)
    if type_ in ("disconnect", "auth"):
        return packet(FIRST[type_], reason_bytes(fields, props))
    if type_ in ("pingreq", "pingresp"):
        return packet(FIRST[type_])
    body = u16(fields["packet_id"])
    if type_ in ACKS:
        return packet(FIRST[type_], body, reason_bytes(fields, props))
    if type_ == "subscribe":
        rest = b"".join(field(each["filter"]).bytes() + bytes([options_byte(each)])
                        for each in fields["subscriptions"])
    elif type_ == "unsubscribe":
        rest = b"".join(field(each).bytes() for each in fields["filters"])
    else:
        rest = bytes(fields.get(codes(version), []))
    return packet(FIRST[type_], body, props, rest)


def reason_bytes(fields, props):
    """Reason code and properties, as far as they are not left out."""
    if fields.get("properties"):
        return bytes([fields["reason_code"]]) + props
    return bytes([fields["reason_code"]]) if fields.get("reason_code") else b""


def template(version, fields):
    """The bytes in hex, with the name of a packet identifier in the place of its digits."""
    name = fields.get("packet_id")
    if not isinstance(name, str):
        return data(encode(version, fields)).bytes().hex()
    one, other = (data(encode(version, fields | {"packet_id": number})).bytes().hex()
                  for number in (0x1234, 0x5678))
    at = next(at for at in range(0, len(one), 2) if one[at:at + 2] != other[at:at + 2])
    assert one[:at] + one[at + 4:] == other[:at] + other[at + 4:], fields
    return one[:at] + name + one[at + 4:]


def connect_bytes(version, fields):
    name, level = LEVELS[version]
    will = fields["will"]
    flags = 2 * fields[clean(version)]
    payload = field(fields["client_id"])
    if will:
        flags |= 0x04 | will["qos"] << 3 | will["retain"] << 5
        if version == "5.0":
            payload += properties_bytes(will["properties"])
        payload += field(will["topic"]) + field(will["payload"])
    for bit, key in ((0x80, "user_name"), (0x40, "password")):
        if fields[key] is not None:
            flags |= bit
            payload += field(fields[key])
    props = properties_bytes(fields["properties"]) if version == "5.0" else b""
    return packet(0x10, field(name), bytes([level, flags]), u16(fields["keep_alive"]), props,
                  payload)


def publish_bytes(fields, props):
    qos = fields["qos"]
    assert (fields["packet_id"] is None) == (qos == 0), fields
    first = 0x30 | fields["dup"] << 3 | qos << 1 | fields["retain"]
    packet_id = u16(fields["packet_id"]) if qos else b""
    return packet(first, field(fields["topic"]), packet_id, props, fields["payload"])


def options_byte(entry):
    return (entry["qos"] | entry.get("no_local", 0) << 2 | entry.get("retain_as_published", 0) << 3
            | entry.get("retain_handling", 0) << 4)


def properties_bytes(properties):
    pairs = []
    for name, value in properties.items():
        repeated = name in ("user_property", "subscription_identifier")
        pairs += [(name, each) for each in value] if repeated else [(name, value)]
    return block(*in_order(pairs))
