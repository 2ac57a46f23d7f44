"""Look at what a gateway with some settings would stand on, and at what it would reach."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from urllib.parse import urlsplit

from aidefence.adapters.limits_redis import RedisCounters
from aidefence.app.addresses import is_exposed
from aidefence.app.operating import check
from aidefence.app.parts.access import has_keys
from aidefence.app.parts.store import locate_database, open_database
from aidefence.app.places import Places
from aidefence.app.serving import check_address
from aidefence.app.settings import Settings, Sources
from aidefence.app.settings.reading import read_sources
from aidefence.domain.checking import Check, State
from aidefence.domain.errors import AddressError, AIDefenceError
from aidefence.domain.plans import Claim
from aidefence.domain.refusals import UnavailableError

_WAIT_SECONDS = 3.0
_FREE_BYTES_LEAST = 64 << 20
# An extra is needed where its part of the settings is switched on: section, extra, module.
_NEEDS = (
    ("graphql", "graphql", "strawberry"),
    ("grpc", "grpc", "grpc"),
    ("mcp", "mcp", "mcp"),
    ("otel", "otel", "opentelemetry"),
)


def look(sources: Sources) -> list[Check]:
    """Look at everything; what is wrong with one thing keeps nobody from looking at the next."""
    flaws = check(sources)
    if flaws:
        return [Check("settings", State.PROBLEM, f"{it.where} {it.reason}".strip()) for it in flaws]
    settings = read_sources(sources)
    checks = [Check("settings", State.OK, "nothing in them keeps a gateway from starting")]
    for part in (_extras, _state, _disk, _ports, _store, _redis, _keys, _collector, _upstreams):
        checks += _guarded(part, settings)
    return checks


def _guarded(part: Callable[[Settings], Iterator[Check]], settings: Settings) -> list[Check]:
    try:
        return list(part(settings))
    except AIDefenceError as error:
        return [Check(part.__name__.strip("_"), State.PROBLEM, str(error))]


def _extras(settings: Settings) -> Iterator[Check]:
    needed = [(extra, module) for name, extra, module in _NEEDS if getattr(settings, name).enabled]
    if settings.redis_url is not None:
        needed.append(("redis", "redis"))
    if settings.store.url is not None:
        needed.append(("postgres", "psycopg"))
    for extra, module in needed:
        if find_spec(module) is None:
            detail = f"`{module}` is not installed, and the settings ask for it"
            remedy = f'pip install "aidefence[{extra}]"'
            yield Check(f"extra {extra}", State.PROBLEM, detail, remedy)


def _state(settings: Settings) -> Iterator[Check]:
    Places(settings.state_dir).prepare()
    mode = settings.state_dir.stat().st_mode & 0o777
    if mode & 0o077:
        remedy = f"chmod 700 {settings.state_dir}"
        detail = f"{settings.state_dir} can be entered by others (mode {mode:o})"
        yield Check("state", State.NOTE, detail, remedy)
    else:
        yield Check("state", State.OK, f"{settings.state_dir} can be written, by its owner alone")


def _disk(settings: Settings) -> Iterator[Check]:
    free = shutil.disk_usage(settings.state_dir).free
    detail = f"{free / 1e6:,.0f} MB are free where {settings.state_dir} lies"
    if free < _FREE_BYTES_LEAST:
        yield Check("disk", State.PROBLEM, detail, "make room: nothing can be kept without")
    else:
        yield Check("disk", State.OK, detail)


def _ports(settings: Settings) -> Iterator[Check]:
    ports = {"port": settings.server.port}
    if settings.grpc.enabled:
        ports["grpc port"] = settings.grpc.port
    for name, port in ports.items():
        try:
            check_address(settings.server.host, port)
        except AddressError as error:
            # That may well be the gateway itself.
            yield Check(name, State.NOTE, str(error), "fine if it is a gateway that runs already")
        else:
            yield Check(name, State.OK, f"{settings.server.host}:{port} is free")


def _store(settings: Settings) -> Iterator[Check]:
    url = settings.store.url
    place = "SQLite in the folder for state" if url is None else "PostgreSQL"
    try:
        # As it is: a look must not change the shape of anybody's tables.
        database = open_database(settings) if url is None else locate_database(settings)
        with database.read():
            pass
    except UnavailableError as error:
        yield Check("store", State.PROBLEM, f"{place}: {error}")
    else:
        yield Check("store", State.OK, f"{place} answers")


def _redis(settings: Settings) -> Iterator[Check]:
    if settings.redis_url is None:
        return
    counters = RedisCounters(settings.redis_url.get_secret_value())
    try:
        # Nothing, of nobody: a question that changes no count.
        counters.take((Claim("doctor", 1, 1, 1),), 0, 0)
    except UnavailableError as error:
        yield Check("redis", State.PROBLEM, str(error), "`limits.on_silence` says what happens")
    else:
        yield Check("redis", State.OK, "answers")


def _keys(settings: Settings) -> Iterator[Check]:
    if has_keys(settings, locate_database(settings)):
        yield Check("keys", State.OK, "nobody is let in without showing something")
        return
    detail = "no key was made: whoever reaches the gateway is let in"
    remedy = "aidefence keys create NAME"
    state = State.PROBLEM if is_exposed(settings) else State.NOTE
    yield Check("keys", state, detail, remedy)


def _collector(settings: Settings) -> Iterator[Check]:
    if settings.otel.enabled:
        yield _reach("otel", settings.otel.endpoint)


def _upstreams(settings: Settings) -> Iterator[Check]:
    if settings.proxy.enabled:
        for name, it in settings.proxy.upstreams.items():
            yield _reach(f"upstream {name}", it.base_url)


def _reach(name: str, url: str) -> Check:
    """See whether somebody listens there; nothing is said to them."""
    read = urlsplit(url)
    place = read.hostname or "", read.port or (443 if read.scheme == "https" else 80)
    try:
        socket.create_connection(place, _WAIT_SECONDS).close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return Check(name, State.PROBLEM, f"{place[0]}:{place[1]} cannot be reached: {reason}")
    return Check(name, State.OK, f"{place[0]}:{place[1]} is there")
