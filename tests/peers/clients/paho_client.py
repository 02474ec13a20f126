"""paho-mqtt, as run.py wants it."""

import threading
import time

import paho.mqtt.client as mqtt
from common import EXPIRY, Args, leave, ready, show
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

args = Args()
is_5 = args.version == "5.0"
version = {"3.1": mqtt.MQTTv31, "3.1.1": mqtt.MQTTv311, "5.0": mqtt.MQTTv5}[args.version]
options = {} if is_5 else {"clean_session": args.clean}
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, args.id, protocol=version,
                     transport="websockets" if args.transport == "ws" else "tcp", **options)
client.reconnect_delay_set(1, 1)
if args.transport == "ws":
    client.ws_set_options("/mqtt")
if args.transport == "tls":
    client.tls_set(args.ca)
if args.will:
    client.will_set(args.will[0], args.will[1], 1)
connected, done = threading.Event(), threading.Semaphore(0)


def on_connect(client, _data, _flags, reason, _properties):
    if reason.is_failure:
        leave(1)
    if not connected.is_set() and args.what == "sub":
        client.subscribe([(filter, args.qos) for filter in args.filters])
    connected.set()


def on_subscribe(_client, _data, _id, reasons, _properties):
    if any(reason.is_failure for reason in reasons):
        leave(1)
    ready()


client.on_connect = on_connect
client.on_subscribe = on_subscribe
client.on_publish = lambda *_: done.release()
client.on_message = lambda _client, _data, it: show(it.topic, it.qos, it.retain, it.payload)
more = {}
if is_5:
    more = {"clean_start": args.clean, "properties": Properties(PacketTypes.CONNECT)}
    more["properties"].SessionExpiryInterval = 0 if args.clean else EXPIRY
    more["properties"].MaximumPacketSize = 17 << 20
client.connect(args.host, args.port, 60, **more)
if args.what == "sub":
    client.loop_forever()
client.loop_start()
if not connected.wait(10):
    leave(1)
for topic, payload in args.messages:
    # What is published between two connections is sent in the next one.
    client.publish(topic, payload, args.qos, args.retain)
    time.sleep(args.pace)
for _ in args.messages:
    if not done.acquire(timeout=40):
        leave(1)
client.disconnect()
client.loop_stop()
