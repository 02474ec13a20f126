"""gmqtt, as run.py wants it."""

import asyncio
import ssl

import gmqtt
from common import EXPIRY, Args, leave, ready, show

args = Args()
properties = {"maximum_packet_size": 17 << 20} if args.version == "5.0" else {}
if not args.clean:
    properties["session_expiry_interval"] = EXPIRY


def on_message(_client, topic, payload, qos, it):
    show(topic, qos, it["retain"], payload)
    return 0


def on_subscribe(_client, _id, granted, _properties):
    if any(code >= 0x80 for code in granted):
        leave(1)
    ready()


async def main():
    will = gmqtt.Message(args.will[0], args.will[1], 1) if args.will else None
    client = gmqtt.Client(args.id, args.clean, will_message=will, **properties)
    client.set_config({"reconnect_delay": 0.1, "reconnect_retries": gmqtt.constants.UNLIMITED_RECONNECTS})
    client.on_message, client.on_subscribe = on_message, on_subscribe
    context = ssl.create_default_context(cafile=args.ca) if args.transport == "tls" else False
    version = {"3.1.1": 4, "5.0": 5}[args.version]
    await client.connect(args.host, args.port, context, version=version)
    if args.what == "sub":
        client.subscribe([gmqtt.Subscription(filter, args.qos) for filter in args.filters])
        await asyncio.Event().wait()
    for topic, payload in args.messages:
        client.publish(topic, payload, args.qos, args.retain)
        await asyncio.sleep(args.pace)
    # What is not acknowledged is in its storage.
    while not client._persistent_storage.is_empty:
        await asyncio.sleep(0.02)
    await client.disconnect()


asyncio.run(main())
