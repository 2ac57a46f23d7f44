"""Find tokens in what a model wrote, as it wrote them, also while it is still writing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from aidefence.domain.vaulting import CODE_LEN

# A model may escape a token for Markdown, HTML or JSON, add a space or a quote, change the case.
_OPENINGS = ("\\u003c", "&lt;", "\\<", "<")
_CLOSINGS = ("\\u003e", "&gt;", "\\>", ">")
_FLUFF = " \"'`*"
_FLUFF_MAX = 2
_JOINTS = ("\\\\_", "\\_", "_", "-")
_LOOK_ALIKE = str.maketrans("oil", "011")
_CODE = "[0-9a-zA-Z]"


@dataclass(frozen=True, slots=True)
class Seen:
    """A place that reads like a token."""

    start: int
    end: int
    entity: str
    code: str


class TokenPattern:
    """Finds tokens of some entities, and the start of one at the end of a text.

    Both are made of the same parts, so that what is held back is exactly what could be found.
    """

    __slots__ = ("_entities", "_partial", "_whole")

    def __init__(self, entities: Iterable[str]) -> None:
        self._entities = sorted({it.upper() for it in entities}, key=lambda it: (-len(it), it))
        whole = "|".join(_name(entity) for entity in self._entities)
        self._whole = _compile(
            rf"(?:(?P<open>{_any(_OPENINGS)})[{_FLUFF}]{{0,{_FLUFF_MAX}}}|(?<![0-9a-zA-Z_\\]))"
            rf"(?P<name>{whole})(?:{_any(_JOINTS)})(?P<code>{_CODE}{{{CODE_LEN}}})"
            rf"(?![0-9a-zA-Z_])"
            rf"(?:(?(open)[{_FLUFF}]{{0,{_FLUFF_MAX}}}(?P<close>{_any(_CLOSINGS)})|(?!)))?"
        )
        self._partial = _compile(_partial(self._entities))

    def find(self, text: str, start: int = 0) -> Iterator[Seen]:
        """Give every place that reads like a token, from left to right."""
        if self._entities:
            for match in self._whole.finditer(text, start):
                yield _seen(match)

    def settled(self, text: str, start: int) -> tuple[list[Seen], int]:
        """Give the tokens that more text cannot change, and up to where all is settled."""
        if not self._entities:
            return [], len(text)
        seen: list[Seen] = []
        for match in self._whole.finditer(text, start):
            if _may_grow(match, text):
                return seen, match.start()
            seen.append(_seen(match))
            start = match.end()
        held = self._partial.search(text, max(start, len(text) - self.longest))
        return seen, len(text) if held is None else held.start()

    @property
    def longest(self) -> int:
        """The length that no token exceeds, however it was written."""
        names = max((len(it) * len(_JOINTS[0]) for it in self._entities), default=0)
        return names + CODE_LEN + 2 * (len(_OPENINGS[0]) + _FLUFF_MAX) + len(_JOINTS[0])


@lru_cache(maxsize=256)
def pattern_for(entities: frozenset[str]) -> TokenPattern:
    """Build a pattern, or hand out the one for the same entities."""
    return TokenPattern(entities)


def read_code(code: str) -> str:
    """Read a code as it was meant: in lower case, and without letters that it never has."""
    return code.lower().translate(_LOOK_ALIKE)


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.ASCII)


def _seen(match: re.Match[str]) -> Seen:
    entity = re.sub(r"[\\_-]+", "_", match["name"]).lower()
    return Seen(match.start(), match.end(), entity, read_code(match["code"]))


def _any(parts: Iterable[str]) -> str:
    return "|".join(re.escape(part) for part in parts)


def _name(entity: str) -> str:
    return rf"(?:{_any(_JOINTS)})".join(re.escape(part) for part in entity.split("_"))


def _may_grow(match: re.Match[str], text: str) -> bool:
    """Whether a letter more, or a closing bracket, could still make another token of it."""
    if match["close"] is not None:
        return False
    rest = text[match.end() :]
    if not rest:
        return True
    if match["open"] is None:
        return False
    bare = rest.lstrip(_FLUFF)
    if len(rest) - len(bare) > _FLUFF_MAX:
        return False
    return any(it.startswith(bare.lower()) for it in _CLOSINGS)


def _partial(entities: Iterable[str]) -> str:
    """Build the pattern of a token that the end of the text cuts off, at whatever point."""
    fluff = rf"[{_FLUFF}]{{0,{_FLUFF_MAX}}}"
    joint = rf"(?:{_any(_JOINTS)})"
    cut_joint = "|".join(rf"{re.escape(cut)}\Z" for cut in _cuts(_JOINTS))
    names = "|".join(_cut_name(entity, joint, cut_joint) for entity in entities)
    opened = rf"(?:{_any(_OPENINGS)})(?:{fluff}(?:\Z|{names}))"
    cut_open = "|".join(rf"{re.escape(cut)}\Z" for cut in _cuts(_OPENINGS))
    return rf"{opened}|{cut_open}|(?<![0-9a-zA-Z_\\])(?:{names})"


def _cut_name(entity: str, joint: str, cut_joint: str) -> str:
    code = rf"{_CODE}{{0,{CODE_LEN}}}\Z"
    pattern = rf"(?:{cut_joint}|{joint}{code})"
    for letter in reversed(entity):
        step = rf"(?:{cut_joint}|{joint}(?:\Z|{{}}))" if letter == "_" else rf"{letter}(?:\Z|{{}})"
        pattern = step.replace("{}", pattern)
    return pattern


def _cuts(parts: Iterable[str]) -> list[str]:
    """Every beginning of these parts that is not yet one of them."""
    return sorted({part[:at] for part in parts for at in range(1, len(part))}, key=len)[::-1]
