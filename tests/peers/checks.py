"""What is checked of every kind of client at every broker; a column of the table each."""

import hashlib
import itertools
import time

from programs import PATIENCE, TO_BROKER, TO_CLIENT, Client, Failed, Proxy, Step, check, shortened

PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(3, 8)
QUIET = 0.3  # Seconds in which a message that comes once too often should have come.


class Bench:
    """A kind of client, a version and a transport, at a broker."""

    def __init__(self, kind, version, transport, broker, work, number):
        self.kind, self.version, self.transport = kind, version, transport
        self.broker, self.work = broker, work
        self.name = f"{kind.name}-{broker.name}-{transport}-{version}"
        # In 3.1 an identifier has 23 characters at most.
        self.id = f"peer{number}x"
        self.numbers, self.running = itertools.count(1), []

    def start(self, what, *words, port=None, transport=None, **values):
        number = next(self.numbers)
        transport = transport or self.transport
        given = {"host": "127.0.0.1", "port": port or self.broker.ports[transport],
                 "version": self.version, "transport": transport, "id": f"{self.id}{number}", **values}
        if transport == "tls":
            given.setdefault("ca", self.work / "ca.pem")
        words = [*words, *(f"{name}={value}" for name, value in given.items())]
        log = self.work / f"{self.name}-{number}.log"
        client = Client([*self.kind.command, what, *words], self.kind.environment, log)
        self.running.append(client)
        return client

    def subscriber(self, *filters, **values):
        client = self.start("sub", *(f"filter={filter}" for filter in filters), **values)
        client.is_ready()
        return client

    def publish(self, *topics, **values):
        self.start_publisher(*topics, **values).end()

    def start_publisher(self, *topics, **values):
        words = [f"topic={topic}" for topic in topics]
        return self.start("pub", *words, pace=self.kind.pace, **values)

    def proxy(self, steps):
        log = self.work / f"{self.name}-{next(self.numbers)}-packets.log"
        sees_packets = self.transport == "tcp"
        steps = [step for step in steps if sees_packets or step.size]
        proxy = Proxy(self.broker.ports[self.transport], steps, sees_packets, log)
        self.running.append(proxy)
        return proxy

    def compare(self, client, expected):
        """Compares all that has come, and what comes too much, with topic, QoS, retain and payload."""
        client.gets(len(expected))
        time.sleep(QUIET)
        found = client.messages()
        expected = [tuple(map(str, message)) for message in expected]
        same = len(found) == len(expected) and all(
            one in (other, "?") for pair in zip(found, expected) for one, other in zip(*pair))
        check(same, f"{shortened(found)} came instead of {shortened(expected)}")

    def close(self):
        for one in self.running:
            one.kill() if isinstance(one, Client) else one.close()
        self.running = []


def delivery(qos, count=20):
    def run(bench, topic):
        client = bench.subscriber(topic, qos=qos)
        bench.publish(topic, qos=qos, count=count)
        bench.compare(client, [(topic, qos, 0, f"m{number}") for number in range(count)])
    return run


def retained(bench, topic):
    bench.publish(topic, qos=1, retain=1, message="kept")
    client = bench.subscriber(topic, qos=1)
    bench.compare(client, [(topic, 1, 1, "kept")])
    client.kill()
    bench.publish(topic, qos=1, retain=1, message="")
    client = bench.subscriber(topic, qos=1)
    bench.publish(topic, qos=1, message="new")
    bench.compare(client, [(topic, 1, 0, "new")])


def will(bench, topic):
    heir = bench.subscriber(topic, qos=1)
    # Who leaves has no will.
    bench.publish(topic + "/other", qos=1, message="x", will=topic, will_message="left")
    dying = bench.subscriber(topic + "/other", will=topic, will_message="killed")
    dying.kill()
    bench.compare(heir, [(topic, 1, 0, "killed")])


def wildcards(bench, topic):
    client = bench.subscriber(f"{topic}/+/c", f"{topic}/d/#", qos=1)
    names = ["a/c", "a/b/c", "c", "d", "d/e/f", "dd", "b/c"]
    bench.publish(*(f"{topic}/{name}" for name in names), qos=1, count=len(names))
    found = [(f"{topic}/{names[at]}", 1, 0, f"m{at}") for at in (0, 3, 4, 6)]
    bench.compare(client, found)


def share(bench, topic, count=40):
    members = [bench.subscriber(f"$share/group/{topic}", qos=1) for _ in range(2)]
    bench.publish(topic, qos=1, count=count)
    expected = sorted(f"m{number}" for number in range(count))
    begin = time.monotonic()
    while sum(len(member.messages()) for member in members) < count and time.monotonic() - begin < PATIENCE:
        time.sleep(0.05)
    time.sleep(QUIET)
    parts = [member.payloads() for member in members]
    check(sorted(sum(parts, [])) == expected, f"the members got {shortened(parts)}")
    check(all(parts), f"one member got all {count}")


def resume(bench, topic, count=40):
    """Killed when some messages are printed but not acknowledged, it gets these and the rest."""
    name = f"{bench.id}r"
    proxy = bench.proxy([Step(TO_BROKER, PUBACK, 3, 1, mutes=True)])
    proxy.is_armed = False
    first = bench.subscriber(topic, qos=1, id=name, clean=0, port=proxy.port)
    proxy.is_armed = True
    publisher = bench.start_publisher(topic, qos=1, count=count)
    first.gets(5)
    begin = time.monotonic()
    while proxy.done == 0 and time.monotonic() - begin < PATIENCE:
        time.sleep(0.01)
    check(proxy.done == 1, "it has acknowledged too little")
    time.sleep(0.1)
    first.kill()
    publisher.end()
    second = bench.subscriber(topic, qos=1, id=name, clean=0, port=bench.proxy([]).port)
    last = f"m{count - 1}"
    second.wait_for(lambda it: last in it.payloads(), f"{last} does not come")
    time.sleep(QUIET)
    expected = [f"m{number}" for number in range(count)]
    again, before = second.payloads(), first.payloads()
    # What was acknowledged came before, the others come in order and once.
    since = 2 if proxy.sees_packets else 0
    check(again == expected[since:], f"{shortened(again)} came after the kill")
    check(before[:since] == expected[:since], f"{shortened(before)} came before the kill")
    check(before == expected[:len(before)], f"{shortened(before)} came before")


def cut_while_receiving(bench, topic):
    """The subscriber loses a connection at every kind of packet of QoS 2, and gets each message once."""
    once(bench, topic, [Step(TO_CLIENT, PUBLISH, 3, 500), Step(TO_BROKER, PUBREC, 3, 400),
                        Step(TO_CLIENT, PUBREL, 3), Step(TO_BROKER, PUBCOMP, 3)], [])


def cut_while_sending(bench, topic):
    """The publisher does, and each message is published once."""
    once(bench, topic, [], [Step(TO_BROKER, PUBLISH, 3, 600), Step(TO_CLIENT, PUBREC, 3, 240),
                            Step(TO_BROKER, PUBREL, 3), Step(TO_CLIENT, PUBCOMP, 3)])


def once(bench, topic, receiving, sending, count=30):
    ports = []
    for steps in (receiving, sending):
        proxy = bench.proxy(steps) if steps else None
        ports.append(proxy and proxy.port)
    client = bench.subscriber(topic, qos=2, clean=0, port=ports[0])
    bench.publish(topic, qos=2, clean=0, count=count, port=ports[1])
    client.gets(count)
    time.sleep(2 * QUIET)
    found, expected = client.payloads(), [f"m{number}" for number in range(count)]
    check(sorted(found) == sorted(expected), f"{shortened(found)} came instead of each once")
    check(found == expected, f"{shortened(found)} came, which is not the order")
    proxy, = (one for one in bench.running if isinstance(one, Proxy))
    check(not proxy.steps, f"only {proxy.done} cuts were made")


def large(size, qos):
    def run(bench, topic):
        file = bench.work / f"{size}.bin"
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        client = bench.subscriber(topic, qos=qos)
        bench.publish(topic, qos=qos, file=file)
        bench.compare(client, [(topic, qos, 0, "sha256:" + content)])
    return run


def tls(bench, topic):
    client = bench.subscriber(topic, qos=1, transport="tls")
    bench.publish(topic, qos=1, count=5, transport="tls")
    bench.compare(client, [(topic, 1, 0, f"m{number}") for number in range(5)])
    other = bench.work / "other.pem"
    stranger = bench.start_publisher(topic, qos=1, message="no", transport="tls", ca=other)
    try:
        stranger.end()
    except Failed:
        return
    raise Failed("it trusts a certificate that nobody vouches for")


def request(bench, topic):
    answering = bench.start("answer", f"filter={topic}", qos=1)
    answering.is_ready()
    asking = bench.start("request", f"topic={topic}", qos=1, message="hello")
    asking.end()
    check(asking.payloads() == ["answer to hello"], f"{asking.payloads()} came")


CHECKS = {
    "QoS0": delivery(0), "QoS1": delivery(1), "QoS2": delivery(2), "retained": retained, "will": will,
    "wild": wildcards, "share": share, "resumed": resume, "cut-in": cut_while_receiving,
    "cut-out": cut_while_sending, "256K": large(256 << 10, 2), "16M": large(16 << 20, 1), "TLS": tls,
    "request": request,
}
