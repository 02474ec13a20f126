"""mosquitto_sub, mosquitto_pub and mosquitto_rr, as run.py wants them."""

import subprocess
import sys
import threading

from common import EXPIRY, Args, ready, show

args = Args()
versions = {"3.1": "mqttv31", "3.1.1": "mqttv311", "5.0": "mqttv5"}
common = ["-h", args.host, "-p", str(args.port), "-V", versions[args.version], "-q", str(args.qos)]
if args.ca:
    common += ["--cafile", args.ca]
if not args.clean:
    common += ["-c"] + (["-x", str(EXPIRY)] if args.version == "5.0" else [])
if args.will:
    common += ["--will-topic", args.will[0], "--will-payload", args.will[1], "--will-qos", "1"]


def spawn(program, more, **streams):
    # Its output is not buffered, and it ends with this program.
    command = ["setpriv", "--pdeathsig", "KILL", "stdbuf", "-o0", program, *common, *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, **streams)


def subscribe(format):
    """The process, and lines of its output that begin as the format does."""
    more = [word for filter in args.filters for word in ("-t", filter)]
    return spawn("mosquitto_sub", more + ["-i", args.id, "-d", "-F", format]).stdout


def show_all():
    output = subscribe("> %t %q %r %l %p")
    while line := output.readline():
        if line.startswith(b"Subscribed (mid"):
            ready()
        if not line.startswith(b"> "):
            continue
        topic, qos, retain, length, payload = line[2:].split(b" ", 4)
        # A payload may have line ends, and there is one behind it.
        payload += output.read(max(int(length) + 1 - len(payload), 0))
        show(topic.decode(), qos.decode(), retain.decode(), payload[:int(length)])


def answer():
    """Answers requests: in 5.0 where they say, before at the topic of the request and /answer."""
    is_5 = args.version == "5.0"
    output = subscribe("> %t %p %R %D" if is_5 else "> %t %p")
    while line := output.readline():
        if line.startswith(b"Subscribed (mid"):
            ready()
        if not line.startswith(b"> "):
            continue
        topic, payload, *where = line[2:].decode().split()
        more = ["-t", where[0] if is_5 else topic + "/answer", "-m", "answer to " + payload]
        if is_5:
            more += ["-D", "publish", "correlation-data", where[1]]
        spawn("mosquitto_pub", more).wait()


def request():
    (topic, payload), = args.messages
    more = ["-i", args.id, "-t", topic, "-e", topic + "/answer", "-m", payload, "-W", "20"]
    if args.version == "5.0":
        more += ["-D", "publish", "correlation-data", "42"]
    process = spawn("mosquitto_rr", more)
    show(topic, args.qos, 0, process.communicate()[0].rstrip(b"\n"))
    return process.returncode


def publish(topic, payloads):
    more = ["-i", args.id, "-t", topic] + (["-r"] if args.retain else [])
    if len(payloads) == 1:
        process = spawn("mosquitto_pub", more + ["-s" if payloads[0] else "-n"], stdin=subprocess.PIPE)
        process.communicate(payloads[0])
        return process.returncode
    process = spawn("mosquitto_pub", more + ["-d", "-l"], stdin=subprocess.PIPE)
    acknowledged = threading.Semaphore(0)
    done = {0: b"sending PUBLISH", 1: b"received PUBACK", 2: b"received PUBCOMP"}[args.qos]

    def listen():
        for line in process.stdout:
            if done in line:
                acknowledged.release()

    threading.Thread(target=listen, daemon=True).start()
    # One after the other, as it drops lines when more are on their way than the broker takes.
    for payload in payloads:
        process.stdin.write(payload + b"\n")
        process.stdin.flush()
        if not acknowledged.acquire(timeout=30):
            process.kill()
            return 1
    process.stdin.close()
    return process.wait()


if args.what == "pub":
    sys.exit(max(publish(*one) for one in args.by_topic()))
sys.exit({"sub": show_all, "answer": answer, "request": request}[args.what]())
