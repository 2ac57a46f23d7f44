"""Reads the shape of a sentence: what is to be done, when, and when not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from aidefence.domain.enums import Action
from aidefence.domain.policies import Scope
from aidefence.policy.parsing import parse_condition, parse_value
from aidefence.policy.phrases.chunks import Chunk, UnreadableError
from aidefence.policy.phrases.joining import CALLED, all_of, contradicts_itself, of_calls, opposite
from aidefence.policy.phrases.regions import Place, kind_of, readings_of
from aidefence.policy.tree import (
    AtMost,
    Back,
    Expression,
    Memory,
    Never,
    Past,
    Truth,
    Unit,
    Value,
)

APPROVED = parse_condition("approved")
_INSIDE = {"COND", "NEG", "AND", "OR", "EITHER", "STRICT", "COMMA", "OPEN", "CLOSE"}
_LETTERS = {
    "ACTION": "A",
    "FORBID": "F",
    "MAY": "Y",
    "ONLY": "O",
    "NEEDS": "N",
    "BEFORE": "B",
    "AFTER": "E",
    "UNTIL": "L",
    "ATMOST": "T",
    "MORETHAN": "M",
    "LIMIT": "Q",
    "TIMES": "n",
    "WINDOW": "W",
    "PER": "P",
    "PER_THEN": "P",
    "IF": "I",
    "UNLESS": "U",
}
_WHO_AND_WHEN = {"who", "time", "approval", "place"}


@dataclass(frozen=True, slots=True)
class Said:
    """One reading of a sentence. Without an action it is a bare condition."""

    action: Action | None = None
    when: Expression | None = None
    unless: tuple[Expression, ...] = ()
    breaks: Expression | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of conditions (`R`), or a word that gives shape."""

    letter: str
    chunks: tuple[Chunk, ...]

    @property
    def value(self) -> str:
        return self.chunks[0].value

    @property
    def at(self) -> int:
        return self.chunks[0].at


@dataclass(slots=True)
class _Sentence:
    core: list[_Piece]
    conditions: list[_Piece] = field(default_factory=list)
    exceptions: list[_Piece] = field(default_factory=list)

    @property
    def shape(self) -> str:
        return "".join(it.letter for it in self.core)

    def regions(self) -> list[_Piece]:
        return [it for it in self.core if it.letter == "R"]

    def only(self, letter: str) -> _Piece:
        return next(it for it in self.core if it.letter == letter)


def sentence_of(chunks: Sequence[Chunk]) -> tuple[Said, ...]:
    """Give everything that a sentence may mean.

    Raises:
        UnreadableError: it means nothing.

    """
    if not chunks:
        raise UnreadableError("it says nothing of when", 0)
    sentence = _taken_apart(_pieces(_settled(list(chunks))))
    readings = tuple(dict.fromkeys(_read(sentence)))
    if any(it.when is not None and contradicts_itself(it.when) for it in readings):
        raise UnreadableError("it can never hold: one thing would be two", chunks[0].at)
    if not readings:
        raise UnreadableError("its words are known, but not what they mean together", chunks[0].at)
    return readings


# --- from words to pieces ------------------------------------------------------------------------


def _settled(chunks: list[Chunk]) -> list[Chunk]:
    """Say of `no`, `do not` and `but` what they are in their places."""
    found: list[Chunk] = []
    acts = any(it.tag in {"ACTION", "FORBID", "ONLY", "NEEDS"} for it in chunks)
    for at, chunk in enumerate(chunks):
        before = found[-1].tag if found else ""
        begins = before in {"", "COMMA", "COLON", "STOP"} and chunk.said != ""
        tag = chunk.tag
        if tag in {"NO", "DONOT"}:
            tag = "FORBID" if begins and not _forbids(found) else "NEG"
            acts = acts or tag == "FORBID"
        elif tag == "BUT":
            later = chunks[at + 1].tag if at + 1 < len(chunks) else ""
            tag = "AND" if later in {"NEG", "NO", "DONOT"} or not acts else "UNLESS"
        found.append(replace(chunk, tag=tag))
    return _united(found)


def _forbids(chunks: Iterable[Chunk]) -> bool:
    return any(it.tag in {"FORBID", "ACTION", "NEEDS"} for it in chunks)


def _united(chunks: list[Chunk]) -> list[Chunk]:
    """`no A and no B` forbids both, each by itself."""
    if not chunks or chunks[0].tag != "FORBID" or chunks[0].said.lower() != "no":
        return chunks
    found: list[Chunk] = []
    for chunk in chunks:
        again = chunk.tag == "NEG" and chunk.said.lower() == "no"
        if again and found and found[-1].tag in {"AND", "OR", "COMMA"}:
            found[-1] = replace(found[-1], tag="OR")
            continue
        found.append(chunk)
    return found


def _pieces(chunks: Sequence[Chunk]) -> list[_Piece]:
    found: list[_Piece] = []
    run: list[Chunk] = []

    def close() -> None:
        if any(it.tag == "COND" for it in run):
            found.append(_Piece("R", tuple(run)))
        elif any(it.tag in {"NEG", "EITHER", "OPEN", "CLOSE"} for it in run):
            raise UnreadableError(f"`{run[0].said}` belongs to nothing", run[0].at)
        run.clear()

    for chunk in chunks:
        if chunk.tag in _INSIDE:
            run.append(chunk)
        elif chunk.tag in {"COLON", "STOP"}:
            close()
        else:
            close()
            found.append(_Piece(_LETTERS[chunk.tag], (chunk,)))
    close()
    return found


def _taken_apart(pieces: list[_Piece]) -> _Sentence:
    """Take conditions and exceptions out, so that the core of the sentence stays."""
    sentence = _Sentence([])
    at = 0
    pieces = _cut_exception(_only_ifs(pieces))
    while at < len(pieces):
        piece = pieces[at]
        after = pieces[at + 1] if at + 1 < len(pieces) else None
        if piece.letter in "IU":
            if after is None or after.letter != "R":
                raise UnreadableError(
                    f"`{piece.chunks[0].said}` is not followed by a condition", piece.at
                )
            (sentence.conditions if piece.letter == "I" else sentence.exceptions).append(after)
            at += 2
            continue
        sentence.core.append(piece)
        at += 1
    return sentence


def _cut_exception(pieces: list[_Piece]) -> list[_Piece]:
    """`Unless A, B is forbidden`: the exception ends at the comma."""
    if [it.letter for it in pieces[:2]] != ["U", "R"]:
        return pieces
    if any(it.letter == "R" for it in pieces[2:]):
        return pieces
    run = pieces[1].chunks
    cut = max((at for at, it in enumerate(run) if it.tag == "COMMA"), default=0)
    if not cut or not any(it.tag == "COND" for it in run[cut:]):
        return pieces
    return [pieces[0], _Piece("R", run[:cut]), _Piece("R", run[cut:]), *pieces[2:]]


def _only_ifs(pieces: list[_Piece]) -> list[_Piece]:
    found: list[_Piece] = []
    for piece in pieces:
        if piece.letter == "I" and found and found[-1].letter == "O":
            continue
        found.append(piece)
    return found


# --- from pieces to meaning ----------------------------------------------------------------------


def _read(sentence: _Sentence) -> Iterator[Said]:
    shape = sentence.shape
    if "W" in shape or set(shape) & set("TQn"):
        yield from _rates(sentence)
    elif "E" in shape or "L" in shape:
        yield from _afters(sentence)
    elif "O" in shape:
        yield from _onlys(sentence)
    elif "N" in shape:
        yield from _needs(sentence)
    elif "A" in shape:
        yield from _acts(sentence)
    elif "F" in shape:
        yield from _forbids_it(sentence)
    elif "Y" in shape:
        yield from _mays(sentence)
    elif not set(shape) - {"R"}:
        yield from _bare(sentence)


def _acts(sentence: _Sentence) -> Iterator[Said]:
    actions = {it.value for it in sentence.core if it.letter == "A"}
    shape = sentence.shape.replace("Y", "")
    if len(actions) > 1:
        second = [it for it in sentence.core if it.letter == "A"][1]
        raise UnreadableError("it asks for two things: write two rules", second.at)
    action = Action(actions.pop())
    if "F" in shape:
        # What should not be blocked is allowed; what not doing the rest means, nobody knows.
        if action is not Action.BLOCK or shape.count("F") > 1:
            bad = sentence.only("F")
            raise UnreadableError(f"not to {action.value} is no action: say which one", bad.at)
        action = Action.ALLOW
    if set(shape) - set("RAFB") or ("B" in shape and action is not Action.REVIEW):
        return
    exceptions = (APPROVED,) if "B" in shape else ()
    yield from _ruled(action, sentence, sentence.regions(), Place.OBJECT, exceptions)


def _forbids_it(sentence: _Sentence) -> Iterator[Said]:
    if set(sentence.shape) - set("RFY"):
        return
    yield from _ruled(Action.BLOCK, sentence, sentence.regions(), Place.OBJECT)


def _mays(sentence: _Sentence) -> Iterator[Said]:
    if set(sentence.shape) - set("RY"):
        return
    yield from _ruled(Action.ALLOW, sentence, sentence.regions(), Place.OBJECT)


def _needs(sentence: _Sentence) -> Iterator[Said]:
    if set(sentence.shape.replace("Y", "")) - set("RNB"):
        return
    yield from _ruled(Action.REVIEW, sentence, sentence.regions(), Place.OBJECT, (APPROVED,))


def _bare(sentence: _Sentence) -> Iterator[Said]:
    regions = [*sentence.regions(), *sentence.conditions]
    unless = [_region(it, Place.CONDITION) for it in sentence.exceptions]
    for parts in product(*(_region(it, Place.CONDITION) for it in regions)):
        for exceptions in product(*unless):
            when = all_of((*parts, *(opposite(it) for it in exceptions)))
            if when is not None:
                yield Said(when=of_calls(when))


def _ruled(
    action: Action,
    sentence: _Sentence,
    regions: Sequence[_Piece],
    place: Place,
    more: tuple[Expression, ...] = (),
) -> Iterator[Said]:
    """Make rules with an action out of all regions together."""
    exceptions, rest = _exceptions(sentence, has_object=bool(regions or sentence.conditions))
    objects = [_together(regions, place)] if regions else []
    conditions = [_region(it, Place.CONDITION) for it in sentence.conditions]
    for parts in product(*objects, *conditions, *([rest] if rest else [])):
        when = all_of(parts)
        if when is None and not sentence.exceptions:
            raise UnreadableError("it does not say when", sentence.core[0].at)
        for unless in product(*exceptions):
            when = of_calls(when) if when is not None else Truth(value=True)
            yield Said(action, when, (*unless, *more))


def _together(regions: Sequence[_Piece], place: Place) -> tuple[Expression, ...]:
    """Read several runs of one clause: all of them hold."""
    found = []
    for parts in product(*(_region(it, place) for it in regions)):
        joined = all_of(parts)
        if joined is not None:
            found.append(joined)
    return tuple(found)


def _exceptions(
    sentence: _Sentence, *, has_object: bool
) -> tuple[list[tuple[Expression, ...]], tuple[Expression, ...]]:
    """Read what is excepted; after `anyone except admins` the sentence may go on."""
    if has_object or len(sentence.exceptions) != 1:
        return [_region(it, Place.CONDITION) for it in sentence.exceptions], ()
    who, rest = _split(sentence.exceptions[0], {"who"})
    if not who or not rest:
        return [_region(it, Place.CONDITION) for it in sentence.exceptions], ()
    return [readings_of(who, Place.CONDITION)], readings_of(rest, Place.OBJECT)


def _region(piece: _Piece, place: Place) -> tuple[Expression, ...]:
    return readings_of(piece.chunks, place)


def _split(piece: _Piece, kinds: set[str]) -> tuple[list[Chunk], list[Chunk]]:
    """Part a run where it stops, or begins, to be about such kinds."""
    is_kind = [it.tag == "COND" and kind_of(it.sort) in kinds for it in piece.chunks]
    is_other = [it.tag == "COND" and kind_of(it.sort) not in kinds for it in piece.chunks]
    if not any(is_kind) or not any(is_other):
        return (list(piece.chunks), []) if any(is_kind) else ([], list(piece.chunks))
    if is_kind.index(True) < is_other.index(True):
        cut = is_other.index(True)
        return list(piece.chunks[:cut]), list(piece.chunks[cut:])
    cut = is_kind.index(True)
    return list(piece.chunks[cut:]), list(piece.chunks[:cut])


# --- only ----------------------------------------------------------------------------------------


def _onlys(sentence: _Sentence) -> Iterator[Said]:
    """`Only A may B`, `B only if A`: B is blocked unless A."""
    shape = sentence.shape
    actions = {it.value for it in sentence.core if it.letter == "A"}
    if shape.count("O") != 1 or set(shape) - set("ROYA") or len(actions) > 1:
        return
    if actions and actions != {"allow"}:
        yield from _ruled(Action(actions.pop()), sentence, sentence.regions(), Place.OBJECT)
        return
    acts, rights = _acts_and_rights(sentence)
    conditions = [_region(it, Place.CONDITION) for it in sentence.conditions]
    exceptions = [_region(it, Place.CONDITION) for it in sentence.exceptions]
    for right in rights:
        for parts in product(acts, *conditions):
            when = of_calls(all_of((*parts, opposite(right))) or right)
            for unless in product(*exceptions):
                yield Said(Action.BLOCK, when, unless)


def _acts_and_rights(
    sentence: _Sentence,
) -> tuple[tuple[Expression, ...], tuple[Expression, ...]]:
    core = [it for it in sentence.core if it.letter != "A"]
    at = next(n for n, it in enumerate(core) if it.letter == "O")
    before = [it for it in core[:at] if it.letter == "R"]
    after = core[at + 1 :]
    letters = "".join(it.letter for it in after)
    if letters == "RYR":
        acts = [*before, after[2]]
        return _together(acts, Place.OBJECT), _region(after[0], Place.OBJECT)
    regions = [it for it in after if it.letter == "R"]
    if len(regions) != 1:
        raise UnreadableError("it does not say what only they may do", core[at].at)
    only = regions[0]
    if before:
        return _together(before, Place.OBJECT), _region(only, Place.OBJECT)
    who, rest = _split(only, _WHO_AND_WHEN)
    if who and rest:
        return readings_of(rest, Place.OBJECT), readings_of(who, Place.OBJECT)
    if rest and all(kind_of(it.sort) == "tool" for it in rest if it.tag == "COND"):
        return (CALLED,), readings_of(rest, Place.OBJECT)
    raise UnreadableError("it does not say what only they may do", core[at].at)


# --- what came before ----------------------------------------------------------------------------


def _afters(sentence: _Sentence) -> Iterator[Said]:
    """`never A after B`, with `until C`."""
    found = re.fullmatch(
        r"(?P<act>[FAY]*R*[FAY]*R*)E(?P<after>R)(?:L(?P<until>R))?", sentence.shape
    )
    actions = {it.value for it in sentence.core if it.letter == "A"} or {"block"}
    if found is None or len(actions) > 1 or not set("FA") & set(found["act"]):
        return
    action = Action(actions.pop())
    head = [it for it in sentence.core[: found.end("act")] if it.letter == "R"]
    after = _region(sentence.core[found.start("after")], Place.CONDITION)
    until = found["until"] and _region(sentence.core[found.start("until")], Place.CONDITION)
    exceptions = [_region(it, Place.CONDITION) for it in sentence.exceptions]
    conditions = [_region(it, Place.CONDITION) for it in sentence.conditions]
    for what, then in product(_together(head, Place.OBJECT), after):
        if until:
            if sentence.exceptions or sentence.conditions:
                return
            for end in until:
                yield Said(action, breaks=Never(what, then, end))
            continue
        if not sentence.exceptions and not sentence.conditions:
            yield Said(action, breaks=Never(what, then))
        for parts in product(*conditions):
            when = all_of((what, Back(Past.EARLIER, then), *parts))
            for unless in product(*exceptions):
                yield Said(action, when, unless)


# --- rates ---------------------------------------------------------------------------------------


def _rates(sentence: _Sentence) -> Iterator[Said]:
    """`at most N A in T per user`."""
    letters = sentence.shape
    numbers = [it for it in sentence.core if it.letter in "TMn"]
    windows = [it for it in sentence.core if it.letter == "W"]
    limits = bool(set(letters) & set("TQ")) or ("M" in letters and "F" in letters)
    if not limits or len(numbers) != 1 or set(letters) - set("TMnQFRWPYA"):
        bad = next(it for it in sentence.core if it.letter in "TMnWQ")
        raise UnreadableError(f"`{bad.chunks[0].said}` makes no sense here", bad.at)
    if len(windows) != 1:
        raise UnreadableError("it does not say in what time", numbers[0].at)
    if sentence.conditions or sentence.exceptions:
        raise UnreadableError("a limit of a rate takes no conditions: write them as a rule", 0)
    actions = [it.value for it in sentence.core if it.letter == "A"]
    action = Action(actions[0]) if actions else Action.BLOCK
    most = Value(Unit.WHOLE, int(numbers[0].value))
    window = parse_value(windows[0].value)
    # `No user may …` counts for each user.
    named = [it.value for it in sentence.core if it.letter in "PF" and it.value]
    scopes = [Scope(it) for it in dict.fromkeys(named)] or list(Scope)
    if len(scopes) > 1 and named:
        raise UnreadableError("it counts for two at once: write two rules", windows[0].at)
    for what in _together(sentence.regions(), Place.OBJECT):
        for scope in scopes:
            yield Said(action, breaks=AtMost(most, what, window, Memory(scope)))
