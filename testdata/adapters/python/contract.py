"""The lines of an adapter: each request has its function in `answers`."""

import json
import sys


def serve(answers):
    for line in sys.stdin:
        request = json.loads(line)
        if request["op"] == "stop":
            return
        answer = answers.get(request["op"], lambda _: {"result": "skip", "why": "unknown operation"})
        print(json.dumps({"id": request.get("id"), **answer(request)}), flush=True)
