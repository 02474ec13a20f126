"""The example `client` of this repository, as run.py wants it."""

import os
import subprocess
import sys
import threading

from common import Args, ready, show

args = Args()
scheme = {"tcp": "mqtt", "tls": "mqtts", "ws": "ws"}[args.transport]
common = [f"{scheme}://{args.host}:{args.port}" + ("/mqtt" if args.transport == "ws" else ""), "-v",
          "--protocol", args.version, "--client-id", args.id, "--qos", str(args.qos)]
if args.ca:
    common += ["--ca", args.ca]
if not args.clean:
    common += ["--session", os.path.join(os.environ["PEERS_WORK"], args.id + ".session")]
if args.will:
    common += ["--will-topic", args.will[0], "--will-message", args.will[1], "--will-qos", "1"]


def spawn(command, more, **streams):
    # It ends with this program.
    program = ["setpriv", "--pdeathsig", "KILL", os.path.join(os.environ["PEERS_EXAMPLES"], "client"), command]
    return subprocess.Popen(program + common + more, **streams)


def subscribe():
    process = spawn("subscribe", args.filters, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def listen():
        for line in process.stderr:
            sys.stderr.buffer.write(line)
            sys.stderr.flush()
            if b"subscribed to " in line or b"the session is resumed" in line:
                ready()

    threading.Thread(target=listen, daemon=True).start()
    for line in process.stdout:
        topic, _, payload = line.rstrip(b"\n").partition(b" ")
        show(topic.decode(), "?", "?", payload)
    return process.wait()


def publish(topic, payloads):
    more = [topic] + (["--retain"] if args.retain else [])
    if len(payloads) == 1:
        more += ["--file", "/dev/stdin"]
        text = payloads[0]
    else:
        more += ["--lines"]
        text = b"".join(payload + b"\n" for payload in payloads)
    process = spawn("publish", more, stdin=subprocess.PIPE)
    process.communicate(text)
    return process.returncode


if args.what == "pub":
    sys.exit(max(publish(*one) for one in args.by_topic()))
sys.exit(subscribe())
