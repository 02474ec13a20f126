#!/usr/bin/env python3
"""Holds the packets of the vectors against an independent reader: python3 testdata/build/dissect.py

Every valid packet is written into a capture, in a connection that begins with a CONNECT and a CONNACK
of its version, and dissected by tshark. What tshark found is compared with the JSON of the case.
Needs tshark; the differences that are allowed are in ALLOWED, each with its reason.
"""

import fnmatch
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent)]
sys.dont_write_bytecode = True

import run  # noqa: E402
from packets import FIRST, LEVELS, encode, full  # noqa: E402
from properties import PROPERTIES  # noqa: E402
from wire import data  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
LONGEST = 60_000
# Cases in which tshark may see something else, and why it is no fault of the case.
ALLOWED = {
    "v31*/connect/level-bridge-bit-accepted": "it shows the level as it came, 0x83 or 0x84, and knows "
                                              "no bit for bridges",
    "v*/publish/first-byte-3[89]-accepted": "it shows DUP at QoS 0 as it came; a receiver that takes "
                                            "such a packet ignores the bit",
    "v50/*/connack-of-3-1-1-to-client": "the CONNACK of a server of another version is malformed for it",
    "v50/connack/of-3-1-1": "the same without a direction",
    "v31/connect/*-absent*": "3.1 lets user name and password be missing in spite of their flags; it "
                             "shows an empty field as none, so that they cannot be told apart",
}
SEGMENT = 30_000


def cases():
    manifest = json.loads((ROOT / "manifest.json").read_text(encoding="utf-8"))
    for file in manifest["files"]:
        if file["path"].startswith("decode/"):
            for case in json.loads((ROOT / file["path"]).read_text(encoding="utf-8"))["cases"]:
                if case["result"] == "valid":
                    yield case


def bytes_of(case):
    parts = case.get("hex_parts") or [[case["hex"], 1]]
    return b"".join(bytes.fromhex(piece) * count for piece, count in parts)


def written(capture, conversations):
    """A capture of IPv4 without a link layer. Each conversation: pairs of sender and bytes."""
    capture.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535 + 40, 101))
    number = 0
    for index, conversation in enumerate(conversations):
        port = 20000 + index % 40000
        host = bytes([10, 1, index // 40000, 1])
        at = {"client": 1, "server": 1}
        for sender, content in conversation:
            for begin in range(0, len(content), SEGMENT):
                piece = content[begin:begin + SEGMENT]
                ports = (port, 1883) if sender == "client" else (1883, port)
                ends = (host, bytes([10, 2, 0, 1]))
                ends = ends if sender == "client" else ends[::-1]
                other = "server" if sender == "client" else "client"
                tcp = struct.pack(">HHIIBBHHH", *ports, at[sender], at[other], 0x50, 0x18, 65535, 0, 0)
                ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(piece), number & 0xFFFF, 0, 64, 6, 0)
                frame = ip + b"".join(ends) + tcp + piece
                capture.write(struct.pack("<IIII", number, 0, len(frame), len(frame)) + frame)
                at[sender] += len(piece)
                number += 1


def conversation(case):
    version = case["version"]
    sender = {"server": "client", "client": "server", "any": "server"}[case["to"]]
    packet = (sender, bytes_of(case))
    if case["packet"]["type"] == "connect":
        return [packet]
    connect = ("client", data(encode(version, full(version, "connect"))).bytes())
    if case["packet"]["type"] == "connack":
        return [connect, packet]
    return [connect, ("server", data(encode(version, full(version, "connack"))).bytes()), packet]


def dissected(path):
    """The MQTT packets of each conversation as tshark sees them: lists of fields."""
    command = ["tshark", "-r", str(path), "-T", "pdml", "-J", "tcp mqtt", "-o", "tcp.desegment_tcp_streams:TRUE"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    found = {}
    for _, element in ET.iterparse(process.stdout):
        if element.tag != "packet":
            continue
        stream = next(int(field.get("show")) for field in element.iter("field")
                      if field.get("name") == "tcp.stream")
        for proto in element.iter("proto"):
            if proto.get("name") in ("mqtt", "_ws.malformed"):
                fields = [(field.get("name"), field.get("show"), field.get("value", ""))
                          for field in proto.iter("field")]
                if proto.get("name") == "_ws.malformed":
                    fields = [("_ws.malformed", "", "")]
                found.setdefault(stream, []).append(fields)
        element.clear()
    return found


class Fields:
    """The fields of one packet, taken from front to back."""

    def __init__(self, fields):
        # Lengths have been used up; what it says besides the fields is of no interest here.
        self.fields = [each for each in fields if each[0] and not each[0].endswith("_len")
                       and not each[0].startswith("_ws.") and each[0] != "mqtt.unknown_topic_alias"]

    def take(self, *names):
        """The value of the next field if it has this name, in hex and as shown; else None."""
        if self.fields and self.fields[0][0] in names:
            _, show, value = self.fields.pop(0)
            return value, show
        return None

    def number(self, *names):
        found = self.take(*names)
        return None if found is None else int(found[0], 16)

    def text(self, name):
        found = self.take(name)
        return None if found is None else bytes.fromhex(found[0]).decode()

    def all(self, name, read):
        found = []
        while self.fields and self.fields[0][0] == name:
            found.append(read(name))
        return found

    def properties(self, name):
        if self.take(name) is None:
            return {}
        found = {}
        while (number := self.number("mqtt.property_id")) is not None:
            kind, key = next((kind, key) for of, key, kind in PROPERTIES if of == number)
            if kind == "pair":
                value = [self.text("mqtt.prop_key"), self.text("mqtt.prop_value")]
            else:
                name, show, value = self.fields.pop(0)
                if name == "mqtt.property.content_type":
                    # The only one with its length.
                    assert int(value[:4], 16) == len(value[4:]) // 2, value
                    value = value[4:]
                value = (value if kind == "binary" else int(show, 0) if kind[0] in "fuv"
                         else bytes.fromhex(value).decode())
            if key in ("user_property", "subscription_identifier"):
                found.setdefault(key, []).append(value)
            else:
                assert key not in found, key
                found[key] = value
        return found


TYPES = {first >> 4: name for name, first in FIRST.items()}


def as_json(fields, version):
    """The packet that tshark saw, in the form of a case."""
    fields, v5 = Fields(fields), version == "5.0"
    header = fields.number("mqtt.hdrflags")
    type_ = TYPES[fields.number("mqtt.msgtype")]
    flags = {name: fields.number(f"mqtt.{name}") for name in ("dupflag", "qos", "retain")}
    while fields.take("mqtt.hdr_reserved", "mqtt.retain_reserved", "mqtt.len"):
        pass
    packet = {"type": type_, **globals().get(f"of_{type_}", of_other)(fields, v5, type_)}
    if type_ == "publish":
        packet |= {"dup": bool(flags["dupflag"]), "qos": flags["qos"], "retain": bool(flags["retain"])}
    if type_ == "connack" and version == "3.1":
        packet["session_present"] = None
    assert header >> 4 == FIRST[type_] >> 4
    return packet, fields.fields


def of_connect(fields, v5, _):
    name, level = fields.text("mqtt.protoname"), fields.number("mqtt.ver")
    fields.take("mqtt.conflags")
    flag = {key: fields.number(f"mqtt.conflag.{key}")
            for key in ("uname", "passwd", "retain", "qos", "willflag", "cleansess", "reserved")}
    packet = {"protocol_version": next(key for key, pair in LEVELS.items() if pair == (name, level)),
              "clean_start" if v5 else "clean_session": bool(flag["cleansess"]),
              "keep_alive": fields.number("mqtt.kalive")}
    more = {"properties": fields.properties("mqtt.properties")} if v5 else {}
    packet["client_id"], will = fields.text("mqtt.clientid") or "", None
    if flag["willflag"]:
        of_will = {"properties": fields.properties("mqtt.will_properties")} if v5 else {}
        will = {"topic": fields.text("mqtt.willtopic"), "payload": (fields.take("mqtt.willmsg") or [""])[0],
                "qos": flag["qos"], "retain": bool(flag["retain"]), **of_will}
    # A field of no bytes is not shown.
    name = fields.text("mqtt.username") or ("" if flag["uname"] else None)
    password = (fields.take("mqtt.passwd") or ["" if flag["passwd"] else None])[0]
    return packet | {"will": will, "user_name": name, "password": password} | more


def of_connack(fields, v5, _):
    fields.take("mqtt.conack.flags")
    fields.take("mqtt.conack.flags.reserved")
    present = bool(fields.number("mqtt.conack.flags.sp"))
    code = fields.number("mqtt.connack.reason_code", "mqtt.conack.val")
    more = {"properties": fields.properties("mqtt.properties")} if v5 else {}
    return {"session_present": present, "reason_code" if v5 else "code": code, **more}


def of_publish(fields, v5, _):
    packet = {"topic": fields.text("mqtt.topic") or "", "packet_id": fields.number("mqtt.msgid")}
    if v5:
        packet["properties"] = fields.properties("mqtt.properties")
        if not packet["topic"]:
            fields.take("mqtt.topic")  # What it remembers of the alias.
    return packet | {"payload": (fields.take("mqtt.msg") or [""])[0]}


def of_other(fields, v5, type_):
    packet = {}
    if type_ not in ("pingreq", "pingresp", "disconnect", "auth"):
        packet["packet_id"] = fields.number("mqtt.msgid")
    if v5 and type_ in ("puback", "pubrec", "pubrel", "pubcomp", "disconnect", "auth"):
        packet["reason_code"] = fields.number(f"mqtt.{type_}.reason_code") or 0
    if v5 and type_ not in ("pingreq", "pingresp"):
        packet["properties"] = fields.properties("mqtt.properties")
    if type_ == "subscribe":
        packet["subscriptions"] = []
        while fields.fields and fields.fields[0][0] in ("mqtt.topic", "mqtt.sub.qos", "mqtt.subscription_options"):
            packet["subscriptions"].append(of_subscription(fields, v5))
    if type_ == "unsubscribe":
        packet["filters"] = fields.all("mqtt.topic", fields.text)
    if type_ == "suback":
        packet["reason_codes" if v5 else "codes"] = fields.all(
            "mqtt.suback.reason_code" if v5 else "mqtt.suback.qos", fields.number)
    if type_ == "unsuback" and v5:
        packet["reason_codes"] = fields.all("mqtt.unsuback.reason_code", fields.number)
    return packet


def of_subscription(fields, v5):
    entry = {"filter": fields.text("mqtt.topic")}
    if not v5:
        return entry | {"qos": fields.number("mqtt.sub.qos")}
    fields.take("mqtt.subscription_options")
    option = {key: fields.number(f"mqtt.subscription_options_{key}")
              for key in ("reserved", "retain", "rap", "nl", "qos")}
    return entry | {"qos": option["qos"], "no_local": bool(option["nl"]),
                    "retain_as_published": bool(option["rap"]), "retain_handling": option["retain"]}


def difference(case, packets):
    """What tshark sees otherwise, or nothing."""
    if len(packets) != len(conversation(case)):
        return f"{len(packets)} packets were found"
    if any(name == "_ws.malformed" for fields in packets for name, *_ in fields):
        return "it says that the packet is malformed"
    try:
        found, rest = as_json(packets[-1], case["version"])
    except (AssertionError, LookupError, StopIteration, TypeError, UnicodeDecodeError) as error:
        return f"{error!r} in {packets[-1]}"
    expected = run.written(case["packet"])
    if rest or not run.same(found, expected):
        return f"{found} {rest} instead of {expected}"
    return None


def length(case):
    return sum(len(piece) // 2 * count for piece, count in case.get("hex_parts") or [(case["hex"], 1)])


def main():
    if not shutil.which("tshark"):
        sys.exit("tshark is not there")
    chosen = [case for case in cases() if length(case) <= LONGEST]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "vectors.pcap"
        with path.open("wb") as capture:
            written(capture, [conversation(case) for case in chosen])
        found = dissected(path)
    wrong, used = 0, set()
    for index, case in enumerate(chosen):
        why = difference(case, found.get(index))
        allowed = [pattern for pattern in ALLOWED if fnmatch.fnmatch(case["id"], pattern)]
        if why and allowed:
            used.update(allowed)
        elif why:
            wrong += 1
            print(f"{case['id']}: {why}"[:1000])
    for pattern in ALLOWED.keys() - used:
        wrong += 1
        print(f"{pattern}: no such difference any more")
    print(f"{len(chosen)} packets, {wrong} differences that are not allowed")
    return 1 if wrong or len(chosen) < 1000 else 0


if __name__ == "__main__":
    sys.exit(main())
