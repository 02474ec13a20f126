"""aiomqtt, as run.py wants it."""

import asyncio

import aiomqtt
from common import EXPIRY, Args, ready, show
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

args = Args()


def new_client():
    versions = {"3.1": aiomqtt.ProtocolVersion.V31, "3.1.1": aiomqtt.ProtocolVersion.V311,
                "5.0": aiomqtt.ProtocolVersion.V5}
    options = {"identifier": args.id, "protocol": versions[args.version]}
    if args.version == "5.0":
        options["clean_start"] = args.clean
        options["properties"] = Properties(PacketTypes.CONNECT)
        options["properties"].SessionExpiryInterval = 0 if args.clean else EXPIRY
    else:
        options["clean_session"] = args.clean
    if args.transport == "ws":
        options |= {"transport": "websockets", "websocket_path": "/mqtt"}
    if args.transport == "tls":
        options["tls_params"] = aiomqtt.TLSParameters(ca_certs=args.ca)
    if args.will:
        options["will"] = aiomqtt.Will(args.will[0], args.will[1], 1)
    return aiomqtt.Client(args.host, args.port, **options)


async def subscribe(client):
    is_new = True
    while True:
        try:
            # The same object again keeps its session.
            async with client:
                if is_new:
                    await client.subscribe([(filter, args.qos) for filter in args.filters])
                    ready()
                    is_new = False
                async for it in client.messages:
                    show(it.topic, it.qos, it.retain, it.payload)
        except aiomqtt.MqttError:
            if is_new:
                raise
            await asyncio.sleep(0.1)


async def publish(client):
    async with client:
        for topic, payload in args.messages:
            await client.publish(topic, payload, args.qos, args.retain, timeout=60)
            await asyncio.sleep(args.pace)


async def main():
    await (subscribe if args.what == "sub" else publish)(new_client())


asyncio.run(main())
