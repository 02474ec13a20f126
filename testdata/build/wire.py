"""Bytes composed by the tables of the standards. Knows nothing of cases."""


class Data:
    """Bytes as (piece, repeat) pairs, so that a packet of 256 MiB stays a line of text."""

    def __init__(self, *parts):
        self.parts = [(bytes(piece), count) for piece, count in parts if piece and count]

    def __add__(self, other):
        return Data(*self.parts, *data(other).parts)

    def __radd__(self, other):
        return data(other) + self

    def __len__(self):
        return sum(len(piece) * count for piece, count in self.parts)

    def bytes(self):
        return b"".join(piece * count for piece, count in self.parts)


def data(value):
    return value if isinstance(value, Data) else Data((value, 1))


def repeat(piece, count):
    return Data((piece, count))


def u16(number):
    return number.to_bytes(2, "big")


def varint(number, width=0):
    """A Remaining Length; with `width`, padded to so many bytes."""
    out = bytearray()
    while True:
        out.append(number & 0x7F)
        number >>= 7
        if not number and len(out) >= width:
            break
    return bytes(byte | 0x80 for byte in out[:-1]) + bytes(out[-1:])


def field(content):
    """A string or binary field: two bytes of length, then the content."""
    if isinstance(content, str):
        content = content.encode()
    return u16(len(content)) + data(content)


def packet(first, *body, width=0):
    whole = Data()
    for piece in body:
        whole = whole + piece
    return bytes([first]) + varint(len(whole), width) + whole


def connect(flags, *payload, name="MQTT", level=4, keep_alive=60, first=0x10):
    header = field(name) + bytes([level, flags]) + u16(keep_alive)
    return packet(first, header, *payload)


def connect31(flags, *payload, **other):
    return connect(flags, *payload, **{"name": "MQIsdp", "level": 3, **other})


def connect5(flags, properties, *payload, **other):
    """`properties` with their length in front."""
    return connect(flags, properties, *payload, **{"level": 5, **other})


def publish(first, topic, *rest):
    """`rest` is the packet identifier at QoS 1 and 2, then the payload."""
    return packet(first, field(topic), *rest)


def subscribe(*entries, packet_id=10, first=0x82):
    body = [piece for topic_filter, qos in entries for piece in (field(topic_filter), bytes([qos]))]
    return packet(first, u16(packet_id), *body)


def unsubscribe(*filters, packet_id=10, first=0xA2):
    return packet(first, u16(packet_id), *map(field, filters))
