"""Which arguments of calls carry what strangers wrote: keyed fingerprints, so many and no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aidefence.domain.content import Content
from aidefence.domain.enums import Modality, Origin
from aidefence.domain.errors import ContentError, LimitError, PolicyStateError
from aidefence.domain.flow import ValueKind
from aidefence.service.call_arguments import read_arguments
from aidefence.service.flow_memory import Memory, Printer
from aidefence.service.flow_values import shingles_of, values_of, words_of_text

KEPT_MAX = 1_024
"""So many fingerprints of strangers are kept of a session, and as many of those it trusts."""
_RUNS_MAX = 256
_TEXT_MAX = 20_000
_WORD_MIN = 12
_FIELD_MIN = 5
_AROUND = ",;.()<>[]{}&?\"'`"
_STRANGERS = frozenset({Origin.TOOL, Origin.RETRIEVAL, Origin.MEMORY})
_TRUSTED = frozenset({Origin.USER, Origin.SYSTEM})


class Prints:
    """What strangers and what users have said in one session. For one thread at a time."""

    __slots__ = ("_print", "_strangers", "_trusted")

    def __init__(self, key: bytes, state: bytes | None = None) -> None:
        """Go on from a state, under the key that it was written with.

        Raises:
            PolicyStateError: it is something else.

        """
        self._print = Printer(key)
        self._strangers = Memory(KEPT_MAX)
        self._trusted = Memory(KEPT_MAX)
        if state:
            try:
                rest = self._trusted.load(self._strangers.load(state))
            except ValueError:
                rest = state
            if rest:
                raise PolicyStateError("what a session was told cannot be read")

    def take(self, contents: Sequence[Content]) -> None:
        """Remember what came in."""
        for it in contents:
            if it.modality is Modality.TOOL_CALL:
                continue
            if it.origin in _STRANGERS:
                self._keep(self._strangers, it.text)
            elif it.origin in _TRUSTED:
                self._keep(self._trusted, it.text)

    def carries(self, arguments: Iterable[str]) -> bool:
        """Whether one of these holds what a stranger wrote and no user said."""
        if not self._strangers:
            return False
        marks = {self._print(mark) for text in arguments for mark in _marks(text)}
        return any(it in self._strangers and it not in self._trusted for it in marks)

    def dump(self) -> bytes:
        """Write it down: under 27 KiB."""
        return self._strangers.dump() + self._trusted.dump()

    def _keep(self, memory: Memory, text: str) -> None:
        digests = dict.fromkeys(self._print(mark) for mark in _marks(text))
        # Of long texts the same ones are kept wherever a passage of them turns up again.
        every = -(-len(digests) // _RUNS_MAX)
        for digest in digests:
            if every <= 1 or digest % every == 0:
                memory.add(digest, 0)


def _marks(text: str) -> Iterator[str]:
    """Give what makes a text known again: values, long words, fields, runs of four words."""
    text = text[:_TEXT_MAX]
    for value in values_of(text):
        if value.kind is not ValueKind.NAME:
            yield value.text
    for word in text.split():
        bare = word.strip(_AROUND)
        if len(bare) >= _WORD_MIN:
            yield bare.lower()
    for field in _fields(text):
        if len(field) >= _FIELD_MIN:
            yield field
    yield from shingles_of(words_of_text(text))


def _fields(text: str) -> Iterator[str]:
    """Give the text as one field, and those inside where it is JSON."""
    yield " ".join(text.split()).lower()
    if text.lstrip()[:1] in {"{", "["}:
        try:
            read = read_arguments(text)
        except (ContentError, LimitError):
            return
        for it in read.texts:
            yield " ".join(it.text.split()).lower()
