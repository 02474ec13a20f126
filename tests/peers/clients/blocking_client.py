"""The example `blocking_client`, as run.py wants it; the example `client` subscribes."""

import os
import subprocess
import sys

from common import Args

args = Args()
folder = os.environ["PEERS_EXAMPLES"]
if args.what == "sub":
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "our_client.py")
    os.execv(sys.executable, [sys.executable, script, *sys.argv[1:]])
for topic, payload in args.messages:
    program = os.path.join(folder, "blocking_client")
    command = [program, f"{args.host}:{args.port}", topic, str(args.qos), payload]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=30)
    if done.stdout != f"{topic} {payload.decode()}\n".encode():
        sys.exit(f"it prints {done.stdout}")
