"""A server that speaks chat completions over real HTTP and says what its script tells it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Writer = Callable[[BaseHTTPRequestHandler], None]
Script = Callable[[dict[str, Any]], "dict[str, Any] | int | bytes | Writer"]


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """Answer with a message, a status or raw bytes, whatever the script returns for a request.

    What it returns may also write the whole answer itself.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            said = script(json.loads(self.rfile.read(length)))
            if callable(said):
                with suppress(OSError):  # nobody reads any more
                    said(self)
                self.close_connection = True
                return
            status = said if isinstance(said, int) else 200
            body = said if isinstance(said, bytes) else b"{}"
            if isinstance(said, dict):
                body = json.dumps({"choices": [{"message": said}]}).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


def block(proof: str) -> dict[str, Any]:
    return {"role": "assistant", "content": f"Here it is:\n```lean4\n{proof}\n```\n"}
