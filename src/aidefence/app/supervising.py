"""The process that starts workers: begins anew where settings were found to be right.

Checking settings takes all that a gateway is made of. What only looks after workers is to be
small, and its workers shall not inherit what none of them needs.
"""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from granian.constants import HTTPModes, Interfaces, TaskImpl
from granian.http import HTTP1Settings

from aidefence.adapters.memory import settle
from aidefence.app.certificates import Certificates
from aidefence.app.logs import QUIET_SERVER, set_up_logs
from aidefence.app.open_files import connections_for
from aidefence.app.places import Places
from aidefence.app.supervisor import Supervisor

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from aidefence.app.orders import Orders
    from aidefence.app.settings.whole import Settings

# For the GNU library, which reads it once: what a large text needed goes back to the system, and
# threads share what is free. Whoever has said otherwise is heard.
_THRIFT = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(128 << 10),
    "MALLOC_TRIM_THRESHOLD_": str(256 << 10),
}


def supervise(orders: Orders) -> NoReturn:
    """Become the process that starts workers; it has the same number."""
    # Without a name, and gone with the last who has it open: secrets stand in it.
    with tempfile.TemporaryFile() as paper:
        pickle.dump(orders, paper)
        paper.seek(0)
        os.set_inheritable(paper.fileno(), True)
        sys.stdout.flush()
        sys.stderr.flush()
        command = [sys.executable, "-m", __name__, str(paper.fileno())]
        os.execve(sys.executable, command, {**_THRIFT, **os.environ})  # noqa: S606


def main() -> None:
    """Serve as ordered until told to stop by SIGINT or SIGTERM."""
    with os.fdopen(int(sys.argv[1]), "rb") as paper:
        # From this very process, when it was another program.
        orders: Orders = pickle.load(paper)  # noqa: S301
    settings = orders.settings
    set_up_logs(settings.log)
    if settings.server.workers > 1:
        # What they all have in common is loaded once; one alone shares with nobody.
        import_module("aidefence.app.worker")
    settle()
    supervisor = _supervisor(settings)
    supervisor.serve(target_loader=partial(_load, orders), wrap_loader=False)


def _supervisor(settings: Settings) -> Supervisor:
    server, certificates = settings.server, Certificates.of(settings.tls)
    supervisor = Supervisor(
        "aidefence",
        places=Places(settings.state_dir),
        certificates=certificates,
        drain_seconds=server.drain_seconds,
        address=server.host,
        port=server.port,
        interface=Interfaces.ASGI,
        workers=server.workers,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=int(server.header_seconds_max * 1000)),
        backpressure=connections_for(server.connections_max),
        workers_kill_timeout=server.grace_seconds,
        task_impl=TaskImpl.asyncio,
        log_level=settings.log.level,
        log_dictconfig=QUIET_SERVER,
    )
    if certificates is not None:
        supervisor.build_ssl_context(*certificates.read())
    return supervisor


def _load(orders: Orders, *_: object) -> ASGIApp:
    worker: Any = import_module("aidefence.app.worker")
    app: ASGIApp = worker.load(orders)
    return app


if __name__ == "__main__":
    main()
