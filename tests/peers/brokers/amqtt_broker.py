"""The broker amqtt: amqtt_broker.py TCP TLS WS CERT KEY, the first three being ports of 127.0.0.1."""

import asyncio
import sys

from amqtt.broker import Broker

tcp, tls, ws, cert, key = sys.argv[1:]
config = {
    "listeners": {
        "default": {"type": "tcp", "bind": f"127.0.0.1:{tcp}"},
        "tls": {"bind": f"127.0.0.1:{tls}", "ssl": True, "certfile": cert, "keyfile": key},
        "ws": {"type": "ws", "bind": f"127.0.0.1:{ws}"},
    },
    "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
}


async def main():
    await Broker(config).start()
    await asyncio.Event().wait()


asyncio.run(main())
