"""A server of no kit that does what it is asked, however odd; its argument says how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any


def main(manner: str) -> None:
    sys.stderr.write("this goes to standard error\n")
    sys.stderr.flush()
    if manner == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" in asked and "method" in asked:
            answer(asked["method"], asked["id"], asked.get("params") or {})
    while manner == "stubborn":
        time.sleep(1)


def answer(method: str, id_: Any, params: dict[str, Any]) -> None:
    if method == "hang":
        return
    if method == "noise":
        say(b"Listening on port 8080\n\n\xff\xfe\n{\n")
        say(b'{"jsonrpc":"2.0","id":1,"id":1,"method":"x"}\n'.replace(b'"id":1', b'"id":77'))
        told: dict[str, Any] = {"after": "noise"}
    elif method == "flood":
        told = {"text": "x" * params["size"]}
    elif method == "pieces":
        for byte in json.dumps({"jsonrpc": "2.0", "id": id_, "result": {"whole": True}}).encode():
            say(bytes([byte]))
        say(b"\n")
        return
    elif method == "grandchild":
        child = subprocess.Popen(["sleep", "600"])
        told = {"pid": os.getpid(), "grandchild": child.pid}
    elif method == "pid":
        told = {"pid": os.getpid()}
    else:
        time.sleep(params.get("seconds", 0))
        told = params
    say(json.dumps({"jsonrpc": "2.0", "id": id_, "result": told}).encode() + b"\n")


def say(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
