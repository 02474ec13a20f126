"""Lets the runner drive the packets of amqtt: verdicts and lengths."""

import asyncio
import importlib.metadata

from amqtt.adapters import ReaderAdapter
from amqtt.mqtt import packet_class
from amqtt.mqtt.packet import MQTTFixedHeader

import contract

LOOP = asyncio.new_event_loop()


class Waits(BaseException):
    """More bytes are needed, for which a connection would wait."""


class Reader(ReaderAdapter):
    def __init__(self, data):
        self.data, self.at = data, 0

    async def read(self, n=-1):
        if self.at + n > len(self.data):
            raise Waits
        self.at += n
        return self.data[self.at - n:self.at]

    def feed_eof(self):
        pass


async def read(reader):
    header = await MQTTFixedHeader.from_stream(reader)
    return await packet_class(header).from_stream(reader, fixed_header=header)


def decode(request):
    if request["options"] or request["level"] == "direction":
        return {"result": "skip", "why": "no such option"}
    reader = Reader(bytes.fromhex(request["hex"]))
    try:
        LOOP.run_until_complete(read(reader))
    except Waits:
        return {"result": "incomplete"}
    except Exception as error:
        return {"result": "error", "native": repr(error)}
    return {"result": "ok", "consumed": reader.at}


def hello(_):
    return {"impl": "amqtt", "impl_version": importlib.metadata.version("amqtt"), "language": "Python",
            "versions": ["3.1.1"], "to": ["client", "server"], "ops": ["decode"], "level": 0}


if __name__ == "__main__":
    contract.serve({"hello": hello, "decode": decode})
