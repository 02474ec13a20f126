"""What Eclipse Paho does in the recorded session: a will, keep alive, a session that is resumed."""

import multiprocessing
import os
import sys
import threading
import time

import paho.mqtt.client as mqtt

PORT = int(sys.argv[1])


def connected(client_id, *, clean=True, keep_alive=60, protocol=mqtt.MQTTv311, will=None):
    """A client whose CONNACK has arrived; the messages that come are counted by a semaphore."""
    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2, client_id, clean_session=clean, protocol=protocol
    )
    ready = threading.Event()
    client.arrived = threading.Semaphore(0)
    client.subscribed = threading.Event()
    client.unsubscribed = threading.Event()
    client.on_connect = lambda *_: ready.set()
    client.on_subscribe = lambda *_: client.subscribed.set()
    client.on_unsubscribe = lambda *_: client.unsubscribed.set()
    client.on_message = lambda *_: client.arrived.release()
    if will:
        client.will_set(*will)
    client.connect("127.0.0.1", PORT, keep_alive)
    client.loop_start()
    if not ready.wait(10):
        sys.exit(f"{client_id}: no CONNACK")
    return client


def close(client):
    client.disconnect()
    client.loop_stop()


def publish(client, *message):
    client.publish(*message).wait_for_publish(10)


def lamp_that_dies():
    """Says that it is there, is idle until it has to ping, and then is gone without a word."""
    will = ("house/lamp/state", "gone", 1, True)
    lamp = connected("lamp", keep_alive=2, will=will)
    publish(lamp, "house/lamp/state", "on", 1, True)
    time.sleep(3.5)
    os._exit(9)


def main():
    lamp = multiprocessing.Process(target=lamp_that_dies)
    lamp.start()
    lamp.join()
    time.sleep(0.3)

    # A session that outlives its connection: what was published meanwhile waits for the client.
    panel = connected("panel", clean=False)
    panel.subscribe([("house/+/state", 1), ("house/kitchen/#", 2)])
    panel.subscribed.wait(10)
    panel.arrived.acquire(timeout=10)
    panel.arrived.acquire(timeout=10)
    close(panel)
    switch = connected("switch", protocol=mqtt.MQTTv31)
    publish(switch, "house/kitchen/light", "on", 2, False)
    close(switch)
    panel = connected("panel", clean=False)
    panel.arrived.acquire(timeout=10)
    panel.unsubscribe(["house/+/state", "house/kitchen/#"])
    panel.unsubscribed.wait(10)
    close(panel)


if __name__ == "__main__":
    main()
