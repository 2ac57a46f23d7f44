"""Sees that the words that say nothing stand only where they say nothing, and leaves them out.

`Show` says nothing in `answers that show a secret`, and much in `mail that shows a payment`. So
such a word may stand only beside what is listed here for it; elsewhere the phrase is refused. The
same holds for two conditions with nothing between them: `weekend payments` are payments at a
weekend, `admin passwords` are no passwords that an admin writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from aidefence.policy.phrases.chunks import Chunk, UnreadableError

_FINDINGS = {"category", "data", "rule"}
_CALLS = {"tool", "call"}
_WHO = {"role", "plan", "tenant", "user"}
_TIMES = {"time", "day"}
_PREPOSITIONS = {"to", "of", "in", "with", "by", "for", "on", "at", "as", "through"}
_NOUNS = {"thing", "it", "people", "user", "agent", "session"}
_VERBS = {"try", "do", "see", "hold", "be", "appear", "ask", "seem", "polite"}
_THROUGH = {"NEG", "NO", "EITHER", "OPEN", "BOTH", "NEITHER"}
"""What may stand between a word and the condition that it belongs to."""

_LEADS = {
    "hold": {*_FINDINGS, "modality", "taint", "session", "length", "argument", "origin"},
    "see": {*_FINDINGS, "place"},
    "ask": {"category", *_CALLS},
    "appear": {"place", "origin", "modality", *_CALLS},
    "access": {*_CALLS},
    "to": {"category", "place", *_CALLS},
    "of": {"severity", *_CALLS},
    "in": {"place", "origin", "modality", "call", "taint", "session", *_TIMES},
    "with": {*_FINDINGS, "argument", "approval", "taint", "session", "severity", "modality"},
    "by": {*_WHO, "door"},
    "for": {*_WHO, *_CALLS},
    "on": {*_FINDINGS, *_TIMES},
    "at": {*_TIMES},
    "as": {*_WHO},
    "through": {"door", *_TIMES},
}
"""What a word may lead to, of those that lead to anything."""

_AFTER_PREPOSITION = {
    ("in", "it"),
    ("in", "thing"),
    ("with", "it"),
    ("by", "people"),
    ("by", "agent"),
    ("by", "user"),
    ("for", "people"),
    ("for", "user"),
    ("as", "people"),
    ("of", "thing"),
}
"""The few nouns that may follow a preposition. What is sent *to* somebody is another matter."""

_SESSION_LEADS = {"session", "taint", "length", "severity", "profile", *_WHO, *_TIMES, "door"}
_BESIDE: dict[str, set[str]] = {
    "category": {"origin", "place", "modality", "call", "door"},
    "data": {"place"},
    "place": {*_FINDINGS, "length"},
    "severity": {"category", "place", *_CALLS},
    "origin": {"category"},
    "modality": {"category"},
    "approval": {*_CALLS, "place"},
    "taint": {*_CALLS, "taint", "place"},
    "call": {*_CALLS, "argument", *_TIMES, "approval", "door", "taint"},
    "not tool": {*_TIMES},
    "tool": {"call", "argument", *_TIMES, "approval", "door", "taint"},
    "door": {*_CALLS, *_TIMES},
    "length": {"place"},
    "session": {*_CALLS, *_TIMES},
    "degraded": {*_CALLS},
    **{who: {*_CALLS, "place", *_TIMES, "category", "session"} for who in _WHO},
    **{time: {*_CALLS, *_WHO, *_TIMES, "category", "place", "door"} for time in _TIMES},
}
"""Which sorts of conditions belong together when one just follows the other."""

_LINKS = {
    *("in", "inside", "within", "from", "of", "out", "by", "for", "with", "on", "at", "during"),
    *("over", "through", "via", "using", "after", "before", "between", "outside", "until", "into"),
    *("is", "are", "was", "were", "be", "been", "has", "have", "had", "as", "to", "coming"),
    *("come", "comes", "came", "originating", "found", "made", "who", "while", "beyond", "leave"),
    *("carry", "carries", "carrying", "contain", "contains", "tainted", "reading", "called"),
    *("since", "past", "off", "ask", "asks", "read", "reads"),
}
"""A condition that begins with one of these says itself how it belongs to what is before it."""

_OF_EVENTS = {*_FINDINGS, *_CALLS, "origin", "place"}
"""What is true of one event, and not of the session from then on."""

_COUNTED = {"ATMOST", "MORETHAN", "TIMES", "WINDOW"}


def without_fillers(chunks: Sequence[Chunk]) -> tuple[Chunk, ...]:
    """Leave out the words that say nothing.

    Raises:
        UnreadableError: one of them stands where it would say something.

    """
    found: list[Chunk] = []
    gap: list[Chunk] = []
    for at, chunk in enumerate(chunks):
        if chunk.tag == "FILLER":
            gap.append(chunk)
            continue
        _check_gap(found, gap, chunks[at:])
        found.append(replace(chunk, led=frozenset(it.value for it in gap)))
        gap = []
    _check_gap(found, gap, ())
    return tuple(found)


def _check_gap(found: Sequence[Chunk], gap: Sequence[Chunk], rest: Sequence[Chunk]) -> None:
    before = found[-1] if found else None
    last = next((it.sort for it in reversed(found) if it.tag == "COND"), "")
    for at, word in enumerate(gap):
        previous = gap[at - 1].value if at else ""
        follows = gap[at + 1].value if at + 1 < len(gap) else ""
        if not _stands(_Spot(word.value, previous, follows, before, rest, last)):
            message = f"`{word.said}` may change what this means: say it otherwise"
            raise UnreadableError(message, word.at)
    links = {it.value for it in gap} - {"be", "try", "polite", *_NOUNS}
    if before and rest and before.tag == rest[0].tag == "COND" and not links:
        _check_beside(before, rest[0])


def _check_beside(one: Chunk, other: Chunk) -> None:
    if other.said.lower().split(" ")[0] in _LINKS:
        return
    is_prompt = one.sort == "data" and other.said.lower() in {"prompt", "prompts"}
    if is_prompt or other.sort not in _BESIDE.get(one.sort, ()):
        message = f"`{one.said} {other.said}` may mean several things: say how they belong together"
        raise UnreadableError(message, one.at)


@dataclass(frozen=True, slots=True)
class _Spot:
    """A word that says nothing, and what stands around it."""

    what: str
    previous: str
    follows: str
    before: Chunk | None
    rest: Sequence[Chunk]
    last: str
    """The sort of the last condition before it, wherever it stands."""

    @property
    def begins(self) -> bool:
        return self.before is None or self.before.tag != "COND"

    @property
    def target(self) -> str:
        return _sort_of(self.rest)


def _stands(spot: _Spot) -> bool:
    """Whether a word that says nothing may stand here."""
    if spot.what in _NOUNS and spot.previous in _PREPOSITIONS:
        return _may_follow(spot, spot.previous, spot.what)
    special = _SPECIAL.get(spot.what)
    if special is not None:
        return special(spot)
    if spot.what in _PREPOSITIONS and spot.follows in _NOUNS:
        return spot.what == "with" or _may_follow(spot, spot.what, spot.follows)
    leads = _LEADS.get(spot.what)
    return leads is None or (spot.target in leads if spot.target else _hangs(spot))


def _may_follow(spot: _Spot, preposition: str, noun: str) -> bool:
    if (preposition, noun) == ("to", "user"):
        # An answer goes to whoever asked, and to nobody else.
        return spot.before is not None and spot.before.sort == "place"
    return (preposition, noun) in _AFTER_PREPOSITION


def _of_session(spot: _Spot) -> bool:
    """Whether the session says nothing: `a jailbreak in the session` may be an earlier one."""
    if spot.before is not None and spot.before.tag == "ACTION":
        # To block a session is more than to block the event in which something was found.
        sorts = {spot.last, *(it.sort for it in spot.rest)}
        if sorts & _OF_EVENTS:
            return False
    ends = not spot.rest or spot.rest[0].tag != "COND"
    return spot.begins and (spot.target in _SESSION_LEADS or ends)


def _of_tenant(spot: _Spot) -> bool:
    return any(it.tag in _COUNTED for it in spot.rest)


def _of_do(spot: _Spot) -> bool:
    """Whether what is used, called or made is a tool, or a thing of which nothing more is said."""
    tools = {*_CALLS, "argument"}
    if {spot.previous, spot.follows} & {"thing", "access"}:
        return True
    if spot.target in tools or spot.last in tools:
        return True
    return not spot.target and not spot.last


def _of_to(spot: _Spot) -> bool:
    if spot.follows in _NOUNS:
        return _may_follow(spot, "to", spot.follows)
    acts = bool(spot.rest) and spot.rest[0].tag == "ACTION"
    if spot.target == "category" and not spot.begins and spot.previous not in _VERBS:
        return False
    return acts or spot.follows in _VERBS or spot.target in _LEADS["to"]


def _of_of(spot: _Spot) -> bool:
    if spot.follows in _NOUNS:
        return _may_follow(spot, "of", spot.follows)
    sort = spot.before.sort if spot.before else ""
    if sort == "place":
        return spot.target in _FINDINGS
    if spot.target in _CALLS:
        return not sort or sort in _CALLS
    return spot.target in _LEADS["of"]


def _of_for(spot: _Spot) -> bool:
    if spot.follows in _NOUNS:
        return _may_follow(spot, "for", spot.follows)
    sort = spot.before.sort if spot.before else ""
    is_free = spot.begins or sort in _WHO or spot.target not in _CALLS
    return spot.target in _LEADS["for"] and is_free


_SPECIAL: dict[str, Callable[[_Spot], bool]] = {
    "session": _of_session,
    "tenant": _of_tenant,
    "do": _of_do,
    "after": lambda spot: not spot.rest or spot.rest[0].tag != "COND",
    "to": _of_to,
    "of": _of_of,
    "for": _of_for,
}


def _sort_of(rest: Sequence[Chunk]) -> str:
    """Give the sort of the condition that a word leads to, or nothing."""
    for it in rest:
        if it.tag == "COND":
            return it.sort
        if it.tag not in _THROUGH:
            return ""
    return ""


def _hangs(spot: _Spot) -> bool:
    """Whether a word may end a clause: `from $500 on`, `let it through`, `wherever they occur`."""
    if spot.what == "on":
        return spot.before is not None and spot.before.sort == "tool"
    return spot.what in {"through", "appear", "see", "ask"}
