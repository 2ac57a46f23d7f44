"""The proxy in front of a server of tools, wired up and run as a program."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from aidefence.adapters.pins import PinFile
from aidefence.adapters.system import SystemClock
from aidefence.app.guard import Guard
from aidefence.app.settings import Settings, Sources
from aidefence.app.settings.reading import read_sources
from aidefence.app.setup import Setup
from aidefence.app.tools import inspector_for
from aidefence.delivery.mcp.proxy.child import Child
from aidefence.delivery.mcp.proxy.events import Event, Kind, Tell
from aidefence.delivery.mcp.proxy.relay import Relay, RelayLimits
from aidefence.delivery.mcp.proxy.remote import Remote
from aidefence.delivery.mcp.proxy.results import Redact, Results
from aidefence.delivery.mcp.proxy.session import Session
from aidefence.delivery.mcp.proxy.standard import StandardStreams
from aidefence.delivery.mcp.proxy.upstream import Upstream
from aidefence.domain.access import LOCAL
from aidefence.domain.asking import Context, Request
from aidefence.domain.enums import Action, Origin
from aidefence.pipeline.corridor import Corridor
from aidefence.service.in_force import InForce
from aidefence.service.tool_policies import SessionPolicies
from aidefence.service.tool_session import Strictness, ToolSession

_KEY_BYTES = 32
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True, repr=False)
class Behind:
    """The server behind the proxy: a command or an address. Its repr is silent about keys in it.

    `headers` go with every request to an address. `name` is what it is called in pins, `pin_key`
    the file with the key that seals them.
    """

    command: Sequence[str] = ()
    url: str = ""
    headers: Sequence[tuple[str, str]] = ()
    name: str = ""
    pin_key: Path | None = None


def run_proxy(sources: Sources, behind: Behind, *, quiet: bool) -> bool:
    """Stand between standard streams and a server until one of them ends; tells if all was well.

    Raises:
        ConfigError: settings, rules or a model are wrong.
        LaunchError: the server does not start.
        PinError: the pins cannot be read.

    """
    settings = read_sources(sources)
    tell, in_force = _silent if quiet else _tell, InForce()
    relay = make_relay(settings, behind, tell, in_force)
    return asyncio.run(_run(settings, behind, relay, tell, in_force))


def make_relay(
    settings: Settings, behind: Behind, tell: Tell, in_force: InForce | None = None
) -> Relay:
    """Wire the relay of one session; what is put `in_force` meanwhile decides, too.

    Raises:
        PinError: the pins cannot be read.

    """
    chosen, setup = settings.mcp_proxy, settings.setup()
    inspector = inspector_for(setup)
    pins = None if chosen.pins is None else _open_pins(chosen.pins, behind.pin_key)
    session = ToolSession(
        inspector,
        os.urandom(_KEY_BYTES),
        Strictness(Action(chosen.stop_at)),
        server=behind.name,
        read_pins=None if pins is None else pins.read,
        policies=_policies(settings, inspector.corridor, in_force or InForce()),
    )
    enforced = inspector.corridor.charter.policy.enforced
    redact = _redact(setup) if chosen.redact and enforced else None
    limits = RelayLimits(
        message_bytes_max=chosen.message_bytes_max,
        pending_max=chosen.pending_max,
        messages_per_second=chosen.messages_per_second,
        burst=chosen.burst,
        answer_seconds_max=chosen.answer_seconds_max,
    )
    return Relay(session, Results(session, tell, redact), limits, tell)


def _policies(settings: Settings, corridor: Corridor, in_force: InForce) -> SessionPolicies | None:
    """Make what asks policies; what they remember lies with what a gateway's do.

    Raises:
        ConfigError: one of them is wrong.

    """
    chosen = settings.mcp_proxy
    if not settings.policies.files and not chosen.deployed:
        return None
    # Who has no policies need not load the language.
    from aidefence.app.parts.policies import hold_files, open_police  # noqa: PLC0415

    hold_files(settings, in_force)
    context = Context(session=f"mcp-{os.urandom(16).hex()}")
    caller = replace(LOCAL, tenant=chosen.tenant)
    request = Request("", "mcp", "mcp", caller, context=context)
    return SessionPolicies(open_police(settings, in_force), request, corridor)


def _open_pins(path: Path, key: Path | None) -> PinFile:
    pins = PinFile(path, None if key is None else key.read_bytes())
    # What is wrong with them is told now, not when the first list comes.
    pins.read()
    return pins


def _redact(setup: Setup) -> Redact:
    guard = Guard.of(setup)
    return lambda text: guard.redact(text, origin=Origin.TOOL).text


def _following(settings: Settings, in_force: InForce) -> AbstractAsyncContextManager[None]:
    """Make what keeps a session in step with what is deployed to the store, if it shall be.

    Raises:
        ConfigError: the store cannot be opened.

    """
    if not settings.mcp_proxy.deployed:
        return nullcontext()
    # Who follows no store need not load one.
    from aidefence.app.following import Following  # noqa: PLC0415
    from aidefence.app.parts.policies import policy_stores  # noqa: PLC0415
    from aidefence.app.parts.store import open_store  # noqa: PLC0415

    store = open_store(settings, lambda _: "")
    following = Following(settings, policy_stores(store), in_force, store.database.close)
    return following.running()


async def _run(
    settings: Settings, behind: Behind, relay: Relay, tell: Tell, in_force: InForce
) -> bool:
    most = settings.mcp_proxy.message_bytes_max
    stop = asyncio.Event()
    for sign in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with _following(settings, in_force):
        upstream = await _reach(settings, behind)
        try:
            front = await StandardStreams.open()
            session = Session(
                front,
                upstream,
                relay,
                message_bytes_max=most,
                now_ns=SystemClock.monotonic_ns,
                tell=tell,
            )
            return await session.run(stop)
        finally:
            await upstream.close()


async def _reach(settings: Settings, behind: Behind) -> Upstream:
    chosen = settings.mcp_proxy
    if not behind.url:
        return await Child.start(behind.command, chosen.message_bytes_max)
    return Remote(
        behind.url, dict(behind.headers), chosen.message_bytes_max, chosen.answer_seconds_max
    )


def _tell(event: Event) -> None:
    # Standard output is the protocol's; whoever runs clients keeps what stands on standard error.
    if event.kind is not Kind.FLAGGED:
        sys.stderr.write(event.line() + "\n")
        sys.stderr.flush()


def _silent(event: Event) -> None:
    """Say nothing."""
