"""Cuts a sentence into pieces: runs of conditions, and the words that give it its shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from aidefence.policy.phrases.chunks import EXACT, Chunk, UnreadableError
from aidefence.policy.phrases.parts import is_clause, kind_of
from aidefence.policy.tree import Ask, Back, Compare, Past

_INSIDE = {
    *("COND", "NEG", "AND", "OR", "EITHER", "BOTH", "NEITHER", "NOR", "STRICT", "COMMA"),
    *("OPEN", "CLOSE"),
}
CALLS = {"tool", "call"}
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
    "FOLLOWED": "G",
    "WITHIN": "V",
    "PER": "P",
    "PER_THEN": "P",
    "IF": "I",
    "UNLESS": "U",
}
_AUXILIARIES = {
    *("is", "are", "was", "were", "be", "must", "may", "shall", "should", "can", "could", "will"),
    *("might", "has", "have", "need", "needs", "require", "requires", "gets", "get", "ought"),
    *("cannot", "can't", "mustn't", "shouldn't", "isn't", "aren't", "won't", "shan't", "to"),
}
"""What begins a verb that has its subject before it."""

_ONCE = {"once", "as soon as", "moment"}
_ORIGINS = {"origin"}
_EVENTS = {"category", "data", "rule", "origin"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of conditions (`R`), or a word that gives shape."""

    letter: str
    chunks: tuple[Chunk, ...]
    is_closed: bool = False
    """Whether a colon ends it."""

    @property
    def value(self) -> str:
        """What its word stands for."""
        return self.chunks[0].value

    @property
    def at(self) -> int:
        """Give its place in the phrase."""
        return self.chunks[0].at


@dataclass(slots=True)
class Sentence:
    """The core of a sentence, its conditions and its exceptions."""

    core: list[Piece]
    conditions: list[Piece] = field(default_factory=list)
    exceptions: list[Piece] = field(default_factory=list)
    is_exact: bool = False
    """Whether it is said as paraphrases say it: then what is denied may be no call at all."""

    @property
    def shape(self) -> str:
        """The letters of the pieces of the core."""
        return "".join(it.letter for it in self.core)

    def regions(self) -> list[Piece]:
        """Give the runs of conditions of the core."""
        return [it for it in self.core if it.letter == "R"]

    def only(self, letter: str) -> Piece:
        """Give the first piece of a kind."""
        return next(it for it in self.core if it.letter == letter)


def taken_apart(chunks: Sequence[Chunk]) -> list[Sentence]:
    """Take conditions and exceptions out of a sentence, so that its core stays.

    There are several where it is not clear at which comma a condition ends.

    Raises:
        UnreadableError: its words stand in no order that makes sense.

    """
    known = _of_what(chunks)
    _check_acts(known)
    settled = [_settled(known)]
    if known and known[0].tag == "NO" and _states(known):
        # `No secret is found` may be what holds, or what must not be.
        settled.append(_settled([replace(known[0], tag="NEG"), *known[1:]]))
    pieces = [cut for it in settled for cut in _cut_clauses(_pieces(it))]
    sentences = [_taken_apart(it) for it in pieces]
    is_exact = any(it.tag == "NEG" and it.value == EXACT for it in known)
    return [replace(it, is_exact=is_exact) for it in sentences]


def _states(chunks: Sequence[Chunk]) -> bool:
    """Whether this says how things are: a clause with a verb, and nothing that is to be done."""
    acts = any(it.tag not in _INSIDE | {"NO", "STOP"} for it in chunks)
    return not acts and any(it.tag == "COND" and is_clause(it) for it in chunks)


def _of_what(chunks: Sequence[Chunk]) -> list[Chunk]:
    """Let `jailbreaks if the confidence is above 80%` speak of their confidence, or of any."""
    pays = any("payment" in str(it.readings) for it in chunks)
    for it in chunks:
        if it.sort == "amount" and not pays:
            raise UnreadableError("the amount of what? Only a payment has one", it.at)
        if it.sort == "data" and _ORIGINS & {one.sort for one in chunks}:
            raise UnreadableError("where data comes from cannot be asked about", it.at)
    named = [it.readings[0] for it in chunks if it.sort == "category" and it.note]
    subjects = {it.subject for it in named if isinstance(it, Compare)}
    found = list(chunks)
    for at, chunk in enumerate(chunks):
        bound = chunk.readings[0] if chunk.sort == "category" and not chunk.note else None
        if isinstance(bound, Compare) and bound.subject == Ask("confidence") and subjects:
            more = (replace(bound, subject=it) for it in subjects)
            found[at] = replace(chunk, readings=(*chunk.readings, *more))
    return found


def _check_acts(chunks: Sequence[Chunk]) -> None:
    """See that it is not said what nothing is to be done to: `block no payments`."""
    for chunk, after in pairwise(chunks):
        if chunk.tag == "ACTION" and after.tag in {"NO", "NEITHER"}:
            message = f"what is to be done to all others? Say it without `{after.said}`"
            raise UnreadableError(message, after.at)


def _settled(chunks: list[Chunk]) -> list[Chunk]:
    """Say of `no`, `do not`, `neither` and `but` what they are in their places."""
    found: list[Chunk] = []
    acts = any(it.tag in {"ACTION", "FORBID", "ONLY", "NEEDS"} for it in chunks)
    may = any(it.tag == "MAY" for it in chunks)
    # What is allowed, `but not at night`, has an exception.
    allows = may or any(it.tag == "ACTION" and it.value == "allow" for it in chunks)
    for at, chunk in enumerate(chunks):
        before = found[-1].tag if found else ""
        begins = before in {"", "COMMA", "COLON"} and chunk.said != ""
        later = chunks[at + 1] if at + 1 < len(chunks) else None
        tag = chunk.tag
        if not acts and tag == "NEG" and "must" in chunk.led:
            # `There must be no secrets` forbids them.
            tag, acts = "FORBID", True
        elif tag in {"NO", "DONOT"}:
            calls = later is not None and later.sort.removeprefix("not ") in CALLS
            no_call = tag == "NO" and not acts and calls
            tag = "FORBID" if (begins or no_call) and not _forbids(found) else "NEG"
            acts = acts or tag == "FORBID"
            if tag == "NEG" and chunk.tag == "DONOT" and later is not None and later.sort in CALLS:
                raise UnreadableError(
                    "whoever calls another tool, or none? Say which calls", chunk.at
                )
        elif tag == "NEITHER" and begins and may and not acts:
            tag, acts = "FORBID", True
        elif tag == "NOR":
            tag = _nor(found)
        elif tag == "BUT":
            tag = _but(chunk, found, later, denies=_denies(later) and not allows)
        if _denies(chunk) and before == "UNLESS" and found[-1].said.lower() == "but":
            continue
        found.append(replace(chunk, tag=tag))
        if chunk.tag == "NOR" and tag == "AND":
            found.append(Chunk("NEG", "not", chunk.at))
    return _united(found)


def _but(chunk: Chunk, found: Sequence[Chunk], later: Chunk | None, *, denies: bool) -> str:
    """`Anybody but admins` excepts; `an admin, but it is night` goes on."""
    if later is None or denies:
        return "AND"
    if later.tag == "ONLY":
        return "COMMA"
    if _denies(later):
        return "UNLESS"
    last = found[-1] if found else None
    of_all = bool(chunk.led & {"people", "thing", "it"}) or (
        last is not None and (last.tag in {"FORBID", "ONLY", "ACTION"} or last.sort in CALLS)
    )
    return "UNLESS" if of_all and later.tag == "COND" and not is_clause(later) else "AND"


def _denies(chunk: Chunk | None) -> bool:
    return chunk is not None and chunk.tag in {"NEG", "NO", "DONOT"}


def _nor(found: Sequence[Chunk]) -> str:
    """`Neither A nor B` lists; `not A nor B` denies both."""
    if any(it.tag == "NEITHER" for it in found):
        return "NOR"
    forbidden = any(it.tag == "FORBID" and it.said.lower() == "neither" for it in found)
    return "OR" if forbidden else "AND"


def _forbids(chunks: Iterable[Chunk]) -> bool:
    return any(it.tag in {"FORBID", "ACTION", "NEEDS"} for it in chunks)


def _united(chunks: list[Chunk]) -> list[Chunk]:
    """`no A and no B` forbids both, each by itself."""
    found: list[Chunk] = []
    forbids = False
    for chunk in chunks:
        again = forbids and chunk.tag == "NEG" and chunk.said.lower() == "no"
        if again and found and found[-1].tag in {"AND", "OR", "COMMA"}:
            found[-1] = replace(found[-1], tag="OR")
            continue
        forbids = forbids or (chunk.tag == "FORBID" and chunk.said.lower() == "no")
        found.append(chunk)
    return found


def _pieces(chunks: Sequence[Chunk]) -> list[Piece]:
    found: list[Piece] = []
    run: list[Chunk] = []

    def close(*, by_colon: bool = False) -> None:
        if any(it.tag == "COND" for it in run):
            found.append(Piece("R", tuple(run), by_colon))
        elif any(it.tag != "COMMA" for it in run):
            raise UnreadableError(f"`{run[0].said}` belongs to nothing", run[0].at)
        run.clear()

    ended = False
    for chunk in chunks:
        if ended and chunk.tag != "STOP":
            raise UnreadableError("it is more than one sentence: write a rule for each", chunk.at)
        ended = ended or chunk.tag == "STOP"
        if chunk.tag in _INSIDE:
            run.append(chunk)
        elif chunk.tag in {"COLON", "STOP"}:
            close(by_colon=True)
        else:
            close()
            found.append(Piece(_LETTERS[chunk.tag], (chunk,)))
    close()
    return found


def _taken_apart(pieces: list[Piece]) -> Sentence:
    """Take conditions and exceptions out, so that the core of the sentence stays."""
    sentence = Sentence([])
    at = 0
    pieces = _only_ifs(pieces)
    while at < len(pieces):
        piece = pieces[at]
        after = pieces[at + 1] if at + 1 < len(pieces) else None
        if piece.letter in "IU":
            if after is None or after.letter != "R":
                raise UnreadableError(
                    f"`{piece.chunks[0].said}` is not followed by a condition", piece.at
                )
            if piece.letter == "I" and sentence.exceptions and sentence.core:
                message = "does the condition belong to the exception or to the rule? Say it first"
                raise UnreadableError(message, piece.at)
            after = _from_then_on(piece, after)
            (sentence.conditions if piece.letter == "I" else sentence.exceptions).append(after)
            at += 2
            continue
        sentence.core.append(piece)
        at += 1
    return sentence


def _from_then_on(marker: Piece, run: Piece) -> Piece:
    """Let `once a jailbreak was found` mean from then on, or only where it is found."""
    if marker.chunks[0].said.lower() not in _ONCE:
        return run
    chunks = tuple(
        replace(it, readings=(*it.readings, *(Back(Past.ONCE, one) for one in it.readings)))
        if it.sort in _EVENTS
        else it
        for it in run.chunks
    )
    return Piece(run.letter, chunks)


def _cut_clauses(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """`If A, B is forbidden`: find the comma at which the condition ends."""
    options: list[list[Piece]] = [[]]
    for at, piece in enumerate(pieces):
        cuts: list[tuple[Piece, ...]] = [(piece,)]
        if piece.letter == "R" and at and pieces[at - 1].letter in "IU":
            cuts = _cuts(pieces[at - 1], piece, pieces[at + 1 : at + 2])
        options = [[*option, *cut] for option in options for cut in cuts]
    return options


def _cuts(marker: Piece, run: Piece, after: Sequence[Piece]) -> list[tuple[Piece, ...]]:
    """Part a condition from the subject of what is to be done, where one must be there."""
    chunks = run.chunks
    if run.is_closed or chunks[-1].tag == "COMMA" or not after or not _needs_subject(after[0]):
        return [(run,)]
    commas = [at for at, it in enumerate(chunks) if it.tag == "COMMA" and at]
    joins = any(it.tag in {"AND", "OR"} for it in chunks)
    if not commas and (joins or (marker.letter, after[0].letter) == ("I", "Y")):
        raise UnreadableError("where does the condition end? Put a comma there", run.at)
    ends = [at for at in commas if not _is_listed(chunks, at)] or commas
    return [(Piece("R", chunks[:at]), Piece("R", chunks[at:])) for at in ends] or [(run,)]


def _needs_subject(piece: Piece) -> bool:
    return piece.chunks[0].said.lower().split(" ")[0] in _AUXILIARIES


def _is_listed(chunks: Sequence[Chunk], at: int) -> bool:
    """Whether a comma stands between things of one kind that are listed."""
    before = [it.sort for it in chunks[:at] if it.tag == "COND"]
    after = [it.sort for it in chunks[at:] if it.tag == "COND"]
    if not before or not after or kind_of(before[-1]) != kind_of(after[0]):
        return False
    return any(it.tag in {"AND", "OR"} for it in chunks[at:])


def _only_ifs(pieces: list[Piece]) -> list[Piece]:
    found: list[Piece] = []
    for piece in pieces:
        if piece.letter == "I" and found and found[-1].letter == "O":
            continue
        found.append(piece)
    if [it.letter for it in found[-2:]] == ["R", "O"]:
        # `Tools for admins only` says `tools only for admins`.
        found[-2:] = found[-1:-3:-1]
    return found
