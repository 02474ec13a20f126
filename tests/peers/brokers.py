"""The brokers that clients are run against."""


import tools
from programs import Failed, Program, free_port, wait_for_port

LARGEST = "17M"


class Broker:
    """A broker that runs, and its ports by transport."""

    def __init__(self, name, command, environment, work, ports):
        self.name, self.ports = name, ports
        self.program = Program(command, environment, work / f"broker-{name}.log")
        try:
            for port in ports.values():
                wait_for_port(port, self.program)
        except Failed:
            self.program.kill()
            raise

    def stop(self):
        self.program.stop()


class Ours(Broker):
    """The example `broker`, which says itself where it listens."""

    def __init__(self, examples, environment, work, more):
        options = ("--listen", "--tls-listen", "--ws-listen")
        listen = [word for option in options for word in (option, "127.0.0.1:0")]
        files = ["--cert", str(work / "server.pem"), "--key", str(work / "server.key")]
        self.name = "ours"
        command = [str(examples / "broker"), "-v", *listen, *files, "--max-packet-size", LARGEST, *more]
        self.program = Program(command, environment, work / "broker-ours.log")
        try:
            self.program.wait_for(lambda it: len(self.places()) == 3, "it does not listen")
        except Failed:
            self.program.kill()
            raise
        named = {"mqtt": "tcp", "mqtts": "tls", "ws": "ws"}
        self.ports = {named[place.split(":")[0]]: int(place.rsplit(":", 1)[1]) for place in self.places()}

    def places(self):
        """Where it says that it listens, as URLs."""
        head = "listening on "
        lines = [line or "" for line in list(self.program.lines)]
        return [line[len(head):] for line in lines if line.startswith(head)]


def mosquitto(environment, work):
    program = tools.system("mosquitto", "mosquitto")
    ports = {"tcp": free_port(), "tls": free_port()}
    lines = ["user root", "allow_anonymous true", "max_queued_messages 0", f"listener {ports['tcp']} 127.0.0.1",
             f"listener {ports['tls']} 127.0.0.1", f"certfile {work}/server.pem", f"keyfile {work}/server.key"]
    (work / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    return Broker("mosquitto", [program, "-c", str(work / "mosquitto.conf")], environment, work, ports)


def of_script(name, interpreter, script, environment, work):
    ports = {transport: free_port() for transport in ("tcp", "tls", "ws")}
    words = [*map(str, ports.values()), str(work / "server.pem"), str(work / "server.key")]
    return Broker(name, [interpreter, str(tools.HERE / "brokers" / script), *words], environment, work, ports)


def start(name, examples, environment, work, more):
    if name == "ours":
        return Ours(examples, environment, work, more)
    if name == "mosquitto":
        return mosquitto(environment, work)
    if name == "aedes":
        return of_script(name, tools.node(), "aedes.mjs", environment, work)
    return of_script(name, tools.python("amqtt", tools.AMQTT), "amqtt_broker.py", environment, work)
