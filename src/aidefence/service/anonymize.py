"""Exchange values for tokens and back, in texts, chat messages and whatever JSON can hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aidefence.domain.content import Degraded, Span
from aidefence.domain.errors import ContentError, LimitError
from aidefence.domain.rewrite import ChangeKind, Edit, Rewrite, RewrittenContent, rewrite
from aidefence.domain.sanitising import TEXT_CODE_POINTS_MAX, Located, Wanted
from aidefence.ingest.messages import ROLES
from aidefence.respond.jsontext import is_json, rewrite_json
from aidefence.respond.restoring import restore, restore_string
from aidefence.service.locating import UNCOPIED, Locator, copies, merge
from aidefence.service.vault import Keeper, Value

_DEPTH_MAX = 64
_LEAVES_MAX = 100_000
# Behind its key a short value says what it is; a text speaks for itself.
_KEYED_MAX = 256
_TEXT_KEYS = frozenset({"content", "text", "input", "output", "arguments", ""})
_COVER = "|"
# What holds a conversation together is no data of anybody.
_STRUCTURE = frozenset({"role", "type", "model"})
# Under these stands data of whatever shape.
_DATA = frozenset({"input", "arguments", "parameters"})
_CALL = frozenset({"arguments", "input", "parameters", "input_schema"})
_MEDIA = ("image_url", "image", "input_audio", "audio", "video", "file", "source", "data")
_UNREAD = "only text is read by this version: it stays as it is"

_Leaf = tuple[str, str, bool]
_Visit = Callable[[str, str, "str | int | float"], "str | int | float"]


class Anonymizer:
    """Puts tokens in the place of values, and values in the place of tokens."""

    __slots__ = ("_keeper", "_locator", "_wanted")

    def __init__(self, locator: Locator, keeper: Keeper, wanted: Wanted) -> None:
        self._locator = locator
        self._keeper = keeper
        self._wanted = wanted

    def anonymize(self, content: object, session: str) -> RewrittenContent:
        """Exchange what is private for tokens of this session."""
        gathered = _Gathered()
        _walk(content, "", "", gathered.visit, gathered.missed)
        edits = self._edits(gathered, session)
        done = _Rewriting(lambda leaf: edits.get(leaf, ()), ChangeKind.TOKEN)
        new = _walk(content, "", "", done.visit, {})
        return RewrittenContent(new, tuple(done.parts), tuple(gathered.missed))

    def deanonymize(self, content: object, session: str) -> RewrittenContent:
        """Put back the values of this session; tokens of others stay as they are."""
        pattern, lookup = self._keeper.reading(session)
        parts: list[tuple[str, Rewrite]] = []

        def visit(path: str, _: str, value: str | float) -> str | int | float:
            if not isinstance(value, str):
                return value
            whole = restore_string(value, pattern, lookup) if path else value
            if not isinstance(whole, str):
                return whole
            done = restore(value, pattern, lookup)
            if done.changed:
                parts.append((path, done))
            return done.text

        new = _walk(content, "", "", visit, {})
        return RewrittenContent(new, tuple(parts))

    def _edits(self, gathered: _Gathered, session: str) -> Mapping[_Leaf, Sequence[Edit]]:
        pattern, _ = self._keeper.reading(session)
        found: dict[_Leaf, Sequence[Located]] = {}
        for leaf in gathered.leaves:
            key, text, number = leaf
            prefix = f"{key}: " if len(text) <= _KEYED_MAX and key not in _TEXT_KEYS else ""
            covered = text
            for seen in pattern.find(text):
                # A token is nobody's data, however its code may look.
                cover = _COVER * (seen.end - seen.start)
                covered = covered[: seen.start] + cover + covered[seen.end :]
            located, missed = self._locator.locate(prefix + covered, self._wanted)
            gathered.missed.update(dict.fromkeys(missed))
            found[leaf] = _inside(located, len(prefix), text, whole=number)
        self._copy(found, gathered)
        values = [_value(leaf, it) for leaf, located in found.items() for it in located]
        tokens = self._keeper.tokens(session, values) if values else {}
        return {
            leaf: [
                Edit(
                    it.span.start,
                    it.span.end,
                    tokens[_value(leaf, it)],
                    ChangeKind.TOKEN,
                    it.reason,
                    it.entity,
                )
                for it in located
            ]
            for leaf, located in found.items()
        }

    @staticmethod
    def _copy(found: dict[_Leaf, Sequence[Located]], gathered: _Gathered) -> None:
        """What is private in one place is so in all others."""
        by_value = {it.span.of(leaf[1]): it for leaf, all_ in found.items() for it in all_}
        for leaf, located in found.items():
            copied = copies(leaf[1], by_value)
            if copied is None:
                gathered.missed[UNCOPIED] = None
            elif copied:
                together = merge((*located, *copied), leaf[1])
                found[leaf] = _inside(together, 0, leaf[1], whole=leaf[2])


@dataclass(slots=True)
class _Gathered:
    """Every text and number that stands in a content, once."""

    leaves: dict[_Leaf, None] = field(default_factory=dict)
    missed: dict[Degraded, None] = field(default_factory=dict)
    length: int = 0

    def visit(self, path: str, key: str, value: str | float) -> str | int | float:  # noqa: ARG002
        """Take one down."""
        if isinstance(value, str) and is_json(value):
            rewrite_json(value, ChangeKind.TOKEN, self._inner, numbers=True)
            return value
        self._add(key, str(value) if isinstance(value, str) else json.dumps(value), value)
        return value

    def _inner(self, text: str, key: str, number: bool) -> None:  # noqa: FBT001
        self._add(key, text, 0 if number else text)

    def _add(self, key: str, text: str, value: str | float) -> None:
        self.leaves[key, text, not isinstance(value, str)] = None
        self.length += len(text)
        if len(self.leaves) > _LEAVES_MAX:
            raise LimitError("strings of one content", len(self.leaves), _LEAVES_MAX)
        if self.length > TEXT_CODE_POINTS_MAX:
            raise LimitError("code points of one content", self.length, TEXT_CODE_POINTS_MAX)


class _Rewriting:
    """Applies edits where they belong, and writes down what was done where."""

    def __init__(self, edits: Callable[[_Leaf], Iterable[Edit]], kind: ChangeKind) -> None:
        self._edits = edits
        self._kind = kind
        self.parts: list[tuple[str, Rewrite]] = []

    def visit(self, path: str, key: str, value: str | float) -> str | int | float:
        """Rewrite one text or number."""
        if isinstance(value, str) and is_json(value):
            done = rewrite_json(value, self._kind, self._inner, numbers=True)
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            leaf = (key, text, not isinstance(value, str))
            done = rewrite(text, self._edits(leaf))
        if not done.changed:
            return value
        self.parts.append((path, done))
        return done.text

    def _inner(self, text: str, key: str, number: bool) -> str | None:  # noqa: FBT001
        done = rewrite(text, self._edits((key, text, number)))
        return done.text if done.changed else None


def _walk(
    value: object,
    path: str,
    key: str,
    visit: _Visit,
    missed: dict[Degraded, None],
    *,
    chat: bool = False,
    depth: int = _DEPTH_MAX,
) -> object:
    """Build the content anew with every text and number as `visit` gives it back."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str | int | float):
        return visit(path, key, value)
    if depth == 0:
        raise LimitError("levels of one content", _DEPTH_MAX + 1, _DEPTH_MAX)
    if isinstance(value, Mapping):
        chat = chat or value.get("role") in ROLES
        told: dict[object, object] = {}
        for name, inner in value.items():
            place = f"{path}/{_escaped(name)}"
            # The names of a message are the format's own; those of other data may be private.
            new = visit(place, "", name) if isinstance(name, str) and not chat else name
            if chat and _stays(value, name, missed):
                told[new] = inner
                continue
            inside = chat and name not in _DATA
            told[new] = _walk(inner, place, str(name), visit, missed, chat=inside, depth=depth - 1)
        return told
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [
            _walk(inner, f"{path}/{at}", key, visit, missed, chat=chat, depth=depth - 1)
            for at, inner in enumerate(value)
        ]
    raise ContentError(f"cannot rewrite a `{type(value).__name__}`: expected what JSON holds", path)


def _stays(message: Mapping[object, object], name: object, missed: dict[Degraded, None]) -> bool:
    if name in _STRUCTURE or (name == "name" and not _CALL.isdisjoint(message)):
        return True
    kind = message.get("type")
    if name in _MEDIA and isinstance(kind, str):
        missed[Degraded(f"content.{kind}", _UNREAD)] = None
        return True
    return False


def _escaped(name: object) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")


def _inside(
    located: Iterable[Located], prefix: int, text: str, *, whole: bool
) -> Sequence[Located]:
    """Count from the text itself instead of from before its key."""
    inside = []
    for it in located:
        start, end = max(0, it.span.start - prefix), it.span.end - prefix
        if end <= start:
            continue
        # Part of a number cannot be a token.
        span = Span(0, len(text)) if whole else Span(start, end)
        inside.append(Located(span, it.category, it.entity, it.score, it.rule_id))
    return inside[:1] if whole else inside


def _value(leaf: _Leaf, it: Located) -> Value:
    text = it.span.of(leaf[1])
    return Value(it.entity, json.loads(text) if leaf[2] else text)
