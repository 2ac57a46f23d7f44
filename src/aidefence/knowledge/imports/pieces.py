"""Regexes over bytes as trees: made by the readers of other formats, written for our engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

ALL = frozenset(range(256))
NEWLINE = frozenset(b"\n")
DIGITS = frozenset(b"0123456789")
WORD = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
SPACE = frozenset(b" \t\n\v\f\r")
ALNUM = WORD - {ord("_")}
_SAMPLE_REPEATS_MAX = 4096
# A letter is written in two ways.
_CASES = 2
# What a sample is made of where a class leaves the choice.
_LIKED = (
    b"aeioxyznrtAEIOXYZNRT0123456789bcdfghjklmpqsuvwBCDFGHJKLMPQSUVW .,-_:;/+=()[]{}<>!?#@$%&*~|'\""
)


@dataclass(frozen=True, slots=True)
class One:
    """One byte out of a set."""

    bytes: frozenset[int]


@dataclass(frozen=True, slots=True)
class Row:
    """One thing behind the other."""

    parts: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of several things."""

    parts: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Times:
    """The same thing several times; without `most` as often as it likes."""

    part: Piece
    least: int
    most: int | None
    lazy: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    r"""A place between bytes: `^`, `$`, `\b` or `\B`."""

    sign: str


Piece: TypeAlias = One | Row | Either | Times | Edge
_EDGES = {"^": r"\A", "$": r"\z", "\\b": r"\b", "\\B": r"\B"}


def literal(data: bytes, *, nocase: bool = False) -> Piece:
    """Exactly these bytes."""
    return Row(tuple(One(folded(frozenset((byte,)), nocase=nocase)) for byte in data))


def folded(these: frozenset[int], *, nocase: bool) -> frozenset[int]:
    """A set of bytes with the letters of the other case, if case does not count."""
    if not nocase:
        return these
    return these | frozenset(byte ^ 0x20 for byte in these if bytes((byte,)).isalpha())


def widened(piece: Piece) -> Piece:
    """The same, with a zero behind every byte."""
    match piece:
        case One():
            return Row((piece, One(frozenset((0,)))))
        case Row(parts=parts):
            return Row(tuple(widened(part) for part in parts))
        case Either(parts=parts):
            return Either(tuple(widened(part) for part in parts))
        case Times(part=part, least=least, most=most, lazy=lazy):
            return Times(widened(part), least, most, lazy)
        case Edge():
            return piece


def lengths(piece: Piece) -> tuple[int, int | None]:
    """The fewest and the most bytes of a match."""
    match piece:
        case One():
            return 1, 1
        case Edge():
            return 0, 0
        case Row(parts=parts):
            all_of = [lengths(part) for part in parts]
            most = [it[1] for it in all_of]
            total = None if None in most else sum(it for it in most if it is not None)
            return sum(it[0] for it in all_of), total
        case Either(parts=parts):
            all_of = [lengths(part) for part in parts]
            most = [it[1] for it in all_of]
            longest = None if None in most else max(it for it in most if it is not None)
            return min(it[0] for it in all_of), longest
        case Times(part=part, least=least, most=most_times):
            low, high = lengths(part)
            if high == 0:
                return 0, 0
            return low * least, None if high is None or most_times is None else high * most_times


def edges(piece: Piece) -> Iterator[str]:
    """All places between bytes that it asks for."""
    match piece:
        case Edge(sign=sign):
            yield sign
        case Times(part=part):
            yield from edges(part)
        case Row(parts=parts) | Either(parts=parts):
            for part in parts:
                yield from edges(part)


def repeats(piece: Piece) -> Iterator[Times]:
    """All repetitions in it."""
    match piece:
        case Times(part=part):
            yield piece
            yield from repeats(part)
        case Row(parts=parts) | Either(parts=parts):
            for part in parts:
                yield from repeats(part)


def write(piece: Piece, *, nocase: bool = False) -> str:
    """Write it in the syntax of our engine, in which no Unicode is known."""
    body = _write(piece, nocase=nocase)
    return f"(?i){body}" if nocase else body


def sample(piece: Piece, turn: int = 0) -> bytes:
    """A text that matches; another `turn` may give another one."""
    match piece:
        case One(bytes=these):
            liked = [byte for byte in _LIKED if byte in these] or sorted(these)
            return bytes((liked[turn % len(liked)],)) if liked else b""
        case Edge():
            return b""
        case Row(parts=parts):
            return b"".join(sample(part, turn) for part in parts)
        case Either(parts=parts):
            return sample(parts[turn % len(parts)], turn)
        case Times(part=part, least=least, most=most):
            count = least if least or turn % 2 == 0 or most == 0 else 1
            return b"".join(sample(part, turn) for _ in range(min(count, _SAMPLE_REPEATS_MAX)))


def _write(piece: Piece, *, nocase: bool) -> str:
    match piece:
        case One(bytes=these):
            return _write_set(these, nocase=nocase)
        case Edge(sign=sign):
            return _EDGES[sign]
        case Row(parts=parts):
            return "".join(
                f"(?:{_write(part, nocase=nocase)})"
                if isinstance(part, Either)
                else _write(part, nocase=nocase)
                for part in parts
            )
        case Either(parts=parts):
            return "|".join(_write(part, nocase=nocase) for part in parts)
        case Times(part=part):
            inner = _write(part, nocase=nocase)
            if not isinstance(part, One):
                inner = f"(?:{inner})"
            return inner + _count(piece) + ("?" if piece.lazy else "")


def _count(piece: Times) -> str:
    match piece.least, piece.most:
        case 0, None:
            return "*"
        case 1, None:
            return "+"
        case 0, 1:
            return "?"
        case least, None:
            return f"{{{least},}}"
        case least, most:
            return f"{{{least}}}" if least == most else f"{{{least},{most}}}"


def _write_set(these: frozenset[int], *, nocase: bool) -> str:
    if not these:
        return r"[^\x00-\xff]"
    if len(these) == 1:
        return _write_byte(next(iter(these)))
    if nocase and len(these) == _CASES and these == folded(frozenset((max(these),)), nocase=True):
        return _write_byte(max(these))
    if these == ALL:
        return r"[\x00-\xff]"
    if len(these) > len(ALL) // 2:
        return f"[^{_ranges(ALL - these)}]"
    return f"[{_ranges(these)}]"


def _ranges(these: frozenset[int]) -> str:
    parts, ordered = [], sorted(these)
    at = 0
    while at < len(ordered):
        end = at
        while end + 1 < len(ordered) and ordered[end + 1] == ordered[end] + 1:
            end += 1
        first, last = _write_byte(ordered[at]), _write_byte(ordered[end])
        parts.append(first if at == end else f"{first}{'' if end == at + 1 else '-'}{last}")
        at = end + 1
    return "".join(parts)


def _write_byte(byte: int) -> str:
    sign = chr(byte)
    if sign.isascii() and (sign.isalnum() or sign in " _"):
        return sign
    if sign in "<>":
        # With a backslash they would be edges of words.
        return sign
    return f"\\{sign}" if sign.isascii() and sign.isprintable() else f"\\x{byte:02x}"
