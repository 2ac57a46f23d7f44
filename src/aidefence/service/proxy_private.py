"""Private values of requests to models: tokens go out in their place, and values come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import cast

from aidefence.domain.content import Degraded
from aidefence.domain.enums import Category
from aidefence.domain.sanitising import Wanted
from aidefence.respond.restoring import Restorer
from aidefence.service.anonymize import Anonymizer
from aidefence.service.locating import Locator
from aidefence.service.vault import Keeper

# What of a request a model reads.
_READ = ("system", "instructions", "messages", "input", "documents", "prompt")
# What holds a request together, or was sealed by the provider: a token would break it.
_STAYS = frozenset(
    {
        *("type", "role", "id", "name", "model", "status", "phase", "version", "detail", "format"),
        *("call_id", "tool_call_id", "tool_use_id", "item_id", "file_id", "container_id"),
        *("server_label", "server_name", "approval_request_id", "media_type", "cache_control"),
        *("signature", "encrypted_content", "data", "file_data", "image_url", "input_audio"),
        *("thinking", "annotations", "citations", "logprobs"),
    }
)
# Under these stands data of whatever shape, with names of its own.
_DATA = frozenset({"input", "arguments", "parameters", "variables", "action", "output"})
_WANTED = Wanted(frozenset({Category.PII, Category.SECRET}))
_DEPTH_MAX = 64
_Visit = Callable[[str, object], object]


@dataclass(frozen=True, slots=True)
class Private:
    """What was exchanged in one request, and the way back."""

    anonymizer: Anonymizer
    keeper: Keeper
    session: str
    lasting: bool

    def restorer(self) -> Restorer:
        """Make what puts values back while a text comes in."""
        return Restorer(*self.keeper.reading(self.session))

    def restore(self, content: object) -> object:
        """Put values back in a text, or in data that JSON can hold."""
        return self.anonymizer.deanonymize(content, self.session).content

    def close(self) -> None:
        """Forget the values, unless they belong to a session that goes on."""
        if not self.lasting:
            self.keeper.forget(self.session)


@dataclass(frozen=True, slots=True)
class PrivateValues:
    """Exchanges what is private. `lasting` keeps sessions that clients name, `momentary` others."""

    lasting: Keeper
    momentary: Keeper

    def exchange(
        self, body: Mapping[str, object], locator: Locator, request_id: str, session: str | None
    ) -> tuple[dict[str, object], int, tuple[Degraded, ...], Private]:
        """Put tokens into a request; gives it, how many texts changed, and what was not read.

        Raises:
            LimitError: there is more than one request may hold.
            VaultError: the vault cannot be used.

        """
        keeper = self.momentary if session is None else self.lasting
        private = Private(
            Anonymizer(locator, keeper, _WANTED), keeper, session or request_id, session is not None
        )
        leaves: list[dict[str, object]] = []

        def gather(key: str, value: object) -> object:
            leaves.append({"role": "user", key: value})
            return value

        for name in _READ:
            _walk(body.get(name), name, gather)
        done = private.anonymizer.anonymize(leaves, private.session)
        if not done.parts:
            return dict(body), 0, done.degraded, private
        new = cast("Sequence[Mapping[str, object]]", done.content)
        fresh: Iterator[Mapping[str, object]] = iter(new)

        def put(key: str, _: object) -> object:
            return next(fresh)[key]

        told = {
            name: _walk(value, name, put) if name in _READ else value
            for name, value in _in_order(body)
        }
        return {name: told[name] for name in body}, len(done.parts), done.degraded, private


def session_name(tenant: str, caller: str, session: str) -> str:
    """Name a session so that nobody else can name it."""
    said = f"{tenant}\0{caller}\0{session}".encode("utf-8", "surrogatepass")
    return blake2b(said, digest_size=24).hexdigest()


def _in_order(body: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """First what is read, in the order in which it was gathered, then the rest."""
    yield from ((name, body[name]) for name in _READ if name in body)
    yield from ((name, value) for name, value in body.items() if name not in _READ)


def _walk(value: object, key: str, visit: _Visit, depth: int = _DEPTH_MAX) -> object:
    """Build a content anew with every text, and data as a whole, as `visit` gives it."""
    if isinstance(value, str):
        return visit(key, value)
    if depth == 0 or value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {
            name: inner
            if name in _STAYS
            else visit(name, inner)
            if name in _DATA and isinstance(inner, Mapping)
            else _walk(inner, name, visit, depth - 1)
            for name, inner in value.items()
        }
    if isinstance(value, Sequence):
        return [_walk(inner, key, visit, depth - 1) for inner in value]
    return value
