"""Make texts of which a condition over bytes may be true. Whether it is, the engine says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product

from aidefence.knowledge.imports.when import Bound, Has, Least, Not, Size, When, no
from aidefence.knowledge.imports.words import Pattern

_BYTES_MAX = 16_384
_COPIES_MAX = 512
_WAYS_MAX = 6
_AROUND = (b"", b"Please read this: ", b"Note\n")
_BETWEEN = (b" ", b"\n", b". ")


@dataclass(slots=True)
class _Wish:
    """What a text should hold, and how long it should be."""

    placed: list[tuple[int, bytes]] = field(default_factory=list)
    anywhere: list[bytes] = field(default_factory=list)
    size_min: int = 0
    size_max: int = _BYTES_MAX
    at_end: bytes = b""

    def joined(self, other: _Wish) -> _Wish:
        """Both wishes together."""
        return _Wish(
            self.placed + other.placed,
            self.anywhere + other.anywhere,
            max(self.size_min, other.size_min),
            min(self.size_max, other.size_max),
            self.at_end or other.at_end,
        )


def texts_for(when: When, patterns: tuple[Pattern, ...]) -> Iterator[str]:
    """Texts that may fulfil a condition, the plainest first."""
    known = {pattern.name: pattern.samples for pattern in patterns}
    told: set[str] = set()
    for turn, around, between in product(range(3), _AROUND, _BETWEEN):
        for wish in islice(_wishes(when, known, turn), _WAYS_MAX):
            data = _made(wish, around, between)
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                continue
            if text and text not in told:
                told.add(text)
                yield text


def texts_against(when: When, patterns: tuple[Pattern, ...]) -> Iterator[str]:
    """Texts that may not fulfil it, though they come near."""
    return texts_for(no(when), patterns)


def _wishes(when: When, known: Mapping[str, tuple[bytes, ...]], turn: int) -> Iterator[_Wish]:
    match when:
        case Has():
            yield from _wishes_of_pattern(when, known, turn)
        case Size(op=op, number=number):
            yield _sized(op, number)
        case Not(part=part):
            yield from _wishes_against(part)
        case Least(number=number, parts=parts):
            yield from _wishes_of_parts(number, parts, known, turn)


def _wishes_of_parts(
    number: int, parts: tuple[When, ...], known: Mapping[str, tuple[bytes, ...]], turn: int
) -> Iterator[_Wish]:
    # Any neighbouring few of them: all ways to choose would be too many.
    for first in range(max(1, len(parts) - number + 1)):
        wish = _Wish()
        for part in parts[first : first + number]:
            wish = wish.joined(next(_wishes(part, known, turn), _Wish()))
        yield wish


def _wishes_against(when: When) -> Iterator[_Wish]:
    if isinstance(when, Size):
        flipped = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
        yield _sized(flipped[when.op], when.number)
    yield _Wish()


def _sized(op: str, number: int) -> _Wish:
    least = {"==": number, ">=": number, ">": number + 1, "!=": number + 1}.get(op, 0)
    most = {"==": number, "<=": number, "<": number - 1}.get(op, _BYTES_MAX)
    return _Wish(size_min=least, size_max=most)


def _wishes_of_pattern(
    has: Has, known: Mapping[str, tuple[bytes, ...]], turn: int
) -> Iterator[_Wish]:
    samples = known.get(has.pattern, ())
    copies = {">=": has.number, ">": has.number + 1, "==": has.number, "!=": has.number + 1}
    wanted = min(copies.get(has.op, 0), _COPIES_MAX)
    for shift in range(len(samples)):
        sample = samples[(shift + turn) % len(samples)]
        if has.within is None:
            yield _Wish(anywhere=[sample] * wanted)
            continue
        yield _placed(has.within, sample, wanted)


def _placed(within: tuple[Bound, Bound], sample: bytes, wanted: int) -> _Wish:
    first, _ = within
    if first.from_end:
        # So many bytes before the end begins what fills the rest.
        return _Wish(at_end=sample.ljust(first.bytes or len(sample), b" "))
    step = len(sample) + 1
    return _Wish(placed=[(first.bytes + step * copy, sample) for copy in range(wanted)])


def _made(wish: _Wish, around: bytes, between: bytes) -> bytes:
    data = bytearray()
    for at, part in sorted(wish.placed):
        if at > _BYTES_MAX:
            return b"\xff"
        data += b"." * (at - len(data))
        data[at : at + len(part)] = part
    if not data:
        data += around
    for part in wish.anywhere:
        if data:
            data += between
        data += part
        if len(data) > _BYTES_MAX:
            return b"\xff"
    if wish.size_min <= _BYTES_MAX:
        data += b"." * (wish.size_min - len(data) - len(wish.at_end))
    if wish.at_end:
        data += between + wish.at_end
    return bytes(data[: wish.size_max]) if wish.size_max < len(data) else bytes(data)
