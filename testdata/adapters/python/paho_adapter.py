"""Lets the runner drive paho-mqtt: what its client makes of packets from a server, and topics."""

import importlib.metadata

import paho.mqtt.client as mqtt

import contract

VERSIONS = {"3.1": mqtt.MQTTv31, "3.1.1": mqtt.MQTTv311, "5.0": mqtt.MQTTv5}


class Socket:
    """Gives what it has and then would block."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def recv(self, count):
        if self.at == len(self.data):
            raise BlockingIOError
        piece = self.data[self.at:self.at + count]
        self.at += len(piece)
        return piece

    def send(self, data):
        return len(data)

    def fileno(self):
        return -1

    def close(self):
        pass


class Client(mqtt.Client):
    """Remembers what came of the first packet. Sends nothing."""

    verdict = None

    def _packet_handle(self):
        self.verdict = super()._packet_handle()
        return self.verdict

    def _packet_queue(self, *_, **__):
        return mqtt.MQTT_ERR_SUCCESS

    def reconnect(self):
        return mqtt.MQTT_ERR_SUCCESS


def decode(request):
    if request["options"] or request["level"] == "direction":
        return {"result": "skip", "why": "no such option"}
    client = Client(mqtt.CallbackAPIVersion.VERSION2, "c", protocol=VERSIONS[request["version"]])
    client._sock = Socket(bytes.fromhex(request["hex"]))
    sock, status = client._sock, mqtt.MQTT_ERR_SUCCESS
    try:
        while status == mqtt.MQTT_ERR_SUCCESS and client.verdict is None:
            status = client._packet_read()
    except Exception as error:
        return {"result": "error", "native": repr(error)}
    if client.verdict is None and status == mqtt.MQTT_ERR_AGAIN:
        return {"result": "incomplete"}
    # A CONNACK that refuses is a packet as well.
    if client.verdict in (mqtt.MQTT_ERR_SUCCESS, mqtt.MQTT_ERR_CONN_REFUSED):
        return {"result": "ok", "consumed": sock.at}
    return {"result": "error", "native": str(client.verdict)}


def topic(request):
    name, filter_ = request.get("topic"), request.get("filter")
    if "topic_hex" in request or "filter_hex" in request:
        return {"result": "skip", "why": "takes strings"}
    if name is not None and filter_ is not None:
        return {"result": "ok", "match": mqtt.topic_matches_sub(filter_, name)}
    if filter_ is not None:
        status = mqtt.Client._filter_wildcard_len_check(filter_.encode())
        return {"result": "ok"} if status == mqtt.MQTT_ERR_SUCCESS else {"result": "error"}
    return {"result": "skip", "why": "names are not checked apart from a PUBLISH"}


def hello(_):
    return {"impl": "paho-mqtt", "impl_version": importlib.metadata.version("paho-mqtt"), "language": "Python",
            "versions": list(VERSIONS), "to": ["client"], "ops": ["decode", "topic"], "level": 0,
            "note": "a client: packets from a server"}


if __name__ == "__main__":
    contract.serve({"hello": hello, "decode": decode, "topic": topic})
