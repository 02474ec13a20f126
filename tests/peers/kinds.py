"""The kinds of clients, where each is run, and what it cannot do, with the reason."""

import sys

import tools
from tools import HERE

CLIENTS = HERE / "clients"


class Kind:
    def __init__(self, name, command, environment, pace=0):
        self.name, self.command, self.environment, self.pace = name, command, environment, pace


# Kind, broker, transport and versions; those first that take longest.
ROWS = [
    ("mqttjs", "ours", "tcp", "3.1 3.1.1 5.0"),
    ("mqttjs", "ours", "ws", "3.1.1 5.0"),
    ("gmqtt", "ours", "tcp", "3.1.1 5.0"),
    ("aiomqtt", "ours", "tcp", "3.1 3.1.1 5.0"),
    ("paho", "ours", "tcp", "3.1 3.1.1 5.0"),
    ("paho", "ours", "ws", "5.0"),
    ("mosquitto", "ours", "tcp", "3.1 3.1.1 5.0"),
    ("rumqttc", "ours", "tcp", "3.1.1 5.0"),
    ("rumqttc", "ours", "ws", "5.0"),
    ("client", "ours", "tcp", "3.1 3.1.1 5.0"),
    ("client", "mosquitto", "tcp", "3.1 3.1.1 5.0"),
    ("client", "aedes", "tcp", "3.1 3.1.1"),
    ("client", "aedes", "ws", "3.1.1"),
    ("client", "amqtt", "tcp", "3.1.1"),
    ("client", "amqtt", "ws", "3.1.1"),
    ("blocking", "ours", "tcp", "5.0"),
    ("blocking", "mosquitto", "tcp", "5.0"),
]

SHARED = "before 5.0 there are no shared subscriptions, and this broker has none"

# What is not checked: kind, broker, transport, versions and check, each of which may be * for any; and why.
MISSING = [
    ("blocking", "*", "*", "*", "retained will wild share resumed cut-in cut-out 256K 16M TLS",
     "blocking_client publishes a message and waits until it comes back, no more"),
    ("*", "*", "ws", "*", "TLS", "TLS is checked in the rows for TCP"),
    ("mosquitto", "*", "*", "3.1", "request", "mosquitto_rr does not speak 3.1"),
    ("mosquitto", "*", "*", "3.1.1 5.0", "request", None),
    ("*", "*", "*", "*", "request", "only mosquitto has a program for requests, mosquitto_rr"),
    ("*", "ours aedes amqtt", "*", "3.1 3.1.1", "share", SHARED),
    ("aiomqtt", "*", "*", "*", "cut-in cut-out", "aiomqtt leaves it to who uses it to connect again"),
]

# Faults of peers, written likewise, as --keep shows them in the packets. --faults makes these checks too.
FAULTS = [
    ("mosquitto", "ours", "tcp", "*", "cut-in",
     "libmosquitto 2.0.11 takes a PUBLISH that comes again (3c.., its PUBREC was lost) for a new message: it "
     "hands it on twice, or in 5.0 closes as if it exceeded Receive Maximum [MQTT-4.3.3-2], "
     "5.0: [MQTT-4.3.3-10]"),
    ("paho", "ours", "ws", "*", "16M",
     "paho-mqtt 2.2.0 writes no more of a WebSocket frame after the first part that the socket takes: it calls "
     "send() once, and never again"),
    ("gmqtt", "ours", "tcp", "*", "cut-in",
     "gmqtt 0.8.0 hands on a PUBLISH that comes again (3c.., its PUBREC was lost) again "
     "[MQTT-4.3.3-2], 5.0: [MQTT-4.3.3-10]"),
    ("gmqtt", "ours", "tcp", "*", "cut-out",
     "gmqtt 0.8.0 sends a new PUBLISH before those of the lost connection, and these as 34.., without DUP "
     "[MQTT-4.6.0-1] [MQTT-3.3.1-1]"),
    ("rumqttc", "ours", "*", "*", "cut-in",
     "rumqttc 0.25.1 forgets what it received when the connection is lost: it closes every later one at the "
     "PUBREL (6202....) that the broker sends again, instead of answering PUBCOMP [MQTT-4.3.3-2], 5.0: "
     "[MQTT-4.3.3-11]"),
    ("rumqttc", "ours", "*", "*", "cut-out",
     "rumqttc 0.25.1 sends PUBLISH again as 34.., without DUP, now and then behind newer ones, and a PUBREL "
     "that was lost not at all [MQTT-3.3.1-1] [MQTT-4.6.0-1] [MQTT-4.4.0-1]"),
    ("client", "aedes", "*", "*", "cut-in",
     "aedes 1.2.0 sends PUBLISH again as 34.., without DUP, a PUBREL twice and another one never "
     "[MQTT-3.3.1-1] [MQTT-4.4.0-1]"),
    ("client", "aedes", "*", "3.1.1", "cut-out",
     "aedes 1.2.0 answers CONNACK 20020000 to a client without subscriptions that asks for its session: what "
     "it has received is forgotten, and our client says so [MQTT-3.1.2-4]"),
    ("client", "amqtt", "*", "*", "resumed cut-in",
     "amqtt 0.12.1 sends PUBLISH without PUBACK or PUBREC not again after CONNACK 20020100, or but one of them "
     "[MQTT-4.4.0-1]"),
    ("client", "amqtt", "*", "*", "cut-out",
     "amqtt 0.12.1 does not answer a PUBREL (62020003) that comes again, its PUBCOMP was lost "
     "[MQTT-4.3.3-2]"),
    ("client", "amqtt", "*", "*", "retained",
     "amqtt 0.12.1 sends a retained message to a client that has subscribed to another topic, if two clients "
     "subscribe at the same time [MQTT-3.3.1-6]"),
    ("client", "amqtt", "ws", "*", "16M", "amqtt 0.12.1 closes a WebSocket at a message of more than 1 MiB"),
]


# Classes of tests in paho's test_mqttv5.py, each of which is run by itself, and tests that differ.
PAHO_CLASSES = ["Test", "TestBrokerRebootsTopicAliiQoS0", "TestBrokerRebootsTopicAliiQoS1",
                "TestDropOutMessagesWorkAround"]
PAHO_DIFFERS = {
    "test_server_topic_alias": "expects that the broker uses topic aliases, which it may [MQTT-3.1.2-26]",
    "test_subscribe_failure": "expects a broker that is told to refuse the filter test/nosubscribe with 0x80",
}


def found_in(table, *row):
    """What the first line of a table says that fits."""
    for *patterns, why in table:
        if all(pattern == "*" or word in pattern.split() for pattern, word in zip(patterns, row)):
            return why
    return None


def make(name, examples, work):
    """A kind, after what it needs is installed."""
    environment = tools.environment(examples, work)
    if name in ("paho", "aiomqtt", "gmqtt"):
        program = tools.python("clients", tools.CLIENTS)
        # gmqtt has an error instead of a queue when the broker takes no more at once.
        pace = {"gmqtt": 10}.get(name, 0)
        return Kind(name, [program, str(CLIENTS / f"{name}_client.py")], environment, pace)
    if name == "mqttjs":
        return Kind(name, [tools.node(), str(CLIENTS / "mqttjs_client.mjs")], environment)
    if name == "rumqttc":
        return Kind(name, [tools.rumqttc()], environment)
    if name == "mosquitto":
        tools.system("mosquitto_sub", "mosquitto-clients")
    script = {"mosquitto": "mosquitto", "client": "our", "blocking": "blocking"}[name]
    return Kind(name, [sys.executable, str(CLIENTS / f"{script}_client.py")], environment)
