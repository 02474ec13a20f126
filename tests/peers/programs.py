"""Programs that run, and a connection between two of them that can be cut."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import threading
import time

PATIENCE = 40  # Seconds within which everything has to happen; little is awaited for longer than one.


class Failed(Exception):
    pass


def check(holds, why):
    if not holds:
        raise Failed(why)


def shortened(text, most=300):
    text = re.sub(r"\s+", " ", str(text))
    return text if len(text) <= most else text[:most] + "..."


class Program:
    """A process, and the lines that it prints."""

    def __init__(self, command, environment, log):
        self.lines, self.changed, self.log = [], threading.Condition(), log
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=errors, env=environment)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.lines.append(None)
            self.changed.notify_all()

    def errors(self):
        """The end of what it has said on standard error."""
        with open(self.log, "rb") as file:
            return shortened(file.read().decode(errors="replace")[-300:])

    def wait_for(self, holds, what):
        with self.changed:
            came = self.changed.wait_for(lambda: holds(self) or None in self.lines, PATIENCE)
            if not came or not holds(self):
                ended = "it has ended; " if None in self.lines else ""
                raise Failed(f"{what}: {ended}it printed {shortened(self.lines[-3:])} {self.errors()}")

    def end(self):
        """Waits for its end, which is to be a success."""
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"it does not end: {self.errors()}") from error
        check(status == 0, f"it ends with {status}: {self.errors()}")
        self.reader.join(PATIENCE)

    def kill(self):
        self.process.kill()
        self.process.wait()
        # What it has started is killed with it, and may have something to say.
        self.reader.join(PATIENCE)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


class Client(Program):
    def messages(self):
        """What has come, as topic, QoS, retain and payload."""
        heads = (line.split(" ", 4) for line in list(self.lines) if line and line.startswith("message "))
        return [tuple(words[1:]) for words in heads]

    def payloads(self):
        return [message[3] for message in self.messages()]

    def is_ready(self):
        self.wait_for(lambda it: "ready" in it.lines, "no subscription")

    def gets(self, count):
        self.wait_for(lambda it: len(it.messages()) >= count, f"not {count} messages")


def free_port():
    with contextlib.closing(socket.socket()) as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


NAMES = ("0 CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK "
         "PINGREQ PINGRESP DISCONNECT AUTH").split()
TO_BROKER, TO_CLIENT = "to the broker", "to the client"


class Step:
    """What happens to one connection: the packet at which it is cut, or behind which one side is mute.

    Packets are hidden in frames of a WebSocket; there `size` bytes count instead.
    """

    def __init__(self, direction, packet_type, count, size=0, mutes=False):
        self.direction, self.packet_type, self.count = direction, packet_type, count
        self.size, self.mutes = size, mutes


class Proxy:
    """Hands on bytes between clients and a broker; each connection has the next one of the steps.

    The log has the first bytes of each packet, so that it shows who has sent what.
    """

    def __init__(self, port, steps, sees_packets, log):
        self.target, self.steps, self.sees_packets = port, list(steps), sees_packets
        self.log, self.begin = open(log, "w", encoding="ascii"), time.monotonic()
        self.done, self.is_armed = 0, True
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                broker = socket.create_connection(("127.0.0.1", self.target))
                self.sockets += [client, broker]
                step = self.steps.pop(0) if self.steps else None
                for one in (client, broker):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for ends in ((client, broker, TO_BROKER), (broker, client, TO_CLIENT)):
                    threading.Thread(target=self.pump, args=(*ends, step), daemon=True).start()

    def note(self, direction, data, what=""):
        seconds = time.monotonic() - self.begin
        name = NAMES[data[0] >> 4] if self.sees_packets else f"{len(data)} bytes"
        self.log.write(f"{seconds:.3f} {direction}: {name} {data[:40].hex()} {what}\n")
        self.log.flush()

    def pump(self, source, sink, direction, step):
        split = packets if self.sees_packets else chunks
        step = step if step and step.direction == direction else None
        seen = size = 0
        is_mute = False
        with contextlib.suppress(OSError):
            for data in split(source):
                if step and self.is_armed:
                    size += len(data)
                    seen += data[0] >> 4 == step.packet_type
                if step and (seen == step.count if self.sees_packets else size >= step.size):
                    self.done += 1
                    self.note(direction, data, "is lost")
                    if not step.mutes:
                        break
                    step, is_mute = None, True
                if not is_mute:
                    self.note(direction, data)
                    sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self):
        for one in [self.listener, *self.sockets]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def chunks(source):
    while data := source.recv(65536):
        yield data


def packets(source):
    """The bytes of each MQTT packet."""
    data = b""
    for chunk in chunks(source):
        data += chunk
        while length := packet_length(data):
            yield data[:length]
            data = data[length:]


def packet_length(data):
    """How long the first packet is, or None if not all of it is there."""
    remaining = 0
    for at, byte in enumerate(data[1:5]):
        remaining |= (byte & 0x7F) << 7 * at
        if byte < 0x80:
            length = 2 + at + remaining
            return length if len(data) >= length else None
    return None


def wait_for_port(port, program):
    begin = time.monotonic()
    while time.monotonic() - begin < PATIENCE:
        check(program.process.poll() is None, f"the broker has ended: {program.errors()}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise Failed(f"the broker does not listen: {program.errors()}")


def make_certificates(folder):
    """An authority, ca.pem, a server by it, server.pem, and an authority that nobody knows, other.pem."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "other"):
        openssl("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")
    with open(os.path.join(folder, "names"), "w", encoding="ascii") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", "server.pem", "-days", "2", "-extfile", "names")
