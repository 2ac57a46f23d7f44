"""Reads the shape of a sentence: what is to be done, when, and when not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from aidefence.domain.enums import Action
from aidefence.domain.policies import Scope
from aidefence.policy.parsing import parse_condition, parse_value
from aidefence.policy.phrases.chunks import Chunk, UnreadableError
from aidefence.policy.phrases.joining import (
    CALLED,
    all_of,
    any_of,
    contradicts_itself,
    is_call,
    of_calls,
    opposite,
)
from aidefence.policy.phrases.parts import Place, is_clause, kind_of
from aidefence.policy.phrases.pieces import CALLS, Piece, Sentence, taken_apart
from aidefence.policy.phrases.regions import readings_of
from aidefence.policy.tree import (
    And,
    AtMost,
    Back,
    Expression,
    Follows,
    Memory,
    Never,
    Not,
    Past,
    Truth,
    Unit,
    Value,
)

APPROVED = parse_condition("approved")
_ANSWERING = {"answer", "reply", "output"}
"""What is no place where something is found when it follows `do not`."""

_NOT_DOING = {"never", "not", "must", "may", "shall", "should", "can", "will", "do", "don't"}
"""How it is said that something is not to be done; `nothing is blocked` says what happens."""

_COMPLETES = {"for review", "pass", "blocked", "through", "to a human", "to a person"}
"""What completes an action, as in `let it pass`."""

_WHO = {"role", "plan", "tenant", "user"}
_BEHIND = {"time", "place"}
"""What may narrow a whole rule from behind."""

_WHO_AND_WHEN = {"who", "time", "approval", "place"}


@dataclass(frozen=True, slots=True)
class Said:
    """One reading of a sentence. Without an action it is a bare condition."""

    action: Action | None = None
    when: Expression | None = None
    unless: tuple[Expression, ...] = ()
    breaks: Expression | None = None


def sentence_of(chunks: Sequence[Chunk]) -> tuple[Said, ...]:
    """Give everything that a sentence may mean.

    Raises:
        UnreadableError: it means nothing.

    """
    if not chunks:
        raise UnreadableError("it says nothing of when", 0)
    found = dict.fromkeys(it for sentence in taken_apart(chunks) for it in _read(sentence))
    readings = tuple(it for it in found if it.when is None or not contradicts_itself(it.when))
    if found and not readings:
        raise UnreadableError("it can never hold: one thing would be two", chunks[0].at)
    if not readings:
        raise UnreadableError("its words are known, but not what they mean together", chunks[0].at)
    return readings


# --- from pieces to meaning ----------------------------------------------------------------------


def _read(sentence: Sentence) -> Iterator[Said]:
    shape = sentence.shape
    _check_forbidding(sentence)
    _check_other_kinds(sentence)
    _check_who_does_it(sentence)
    if "G" in shape or "V" in shape:
        yield from _followed(sentence)
    elif "W" in shape or set(shape) & set("TQn"):
        yield from _rates(sentence)
    elif "E" in shape or "L" in shape:
        yield from _afters(sentence)
    elif "O" in shape:
        yield from _onlys(sentence)
    elif "B" in shape and "F" in shape:
        yield from _befores(sentence)
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


def _check_forbidding(sentence: Sentence) -> None:
    """See that nothing is forbidden twice: what is `never prohibited` may be allowed."""
    forbidding = [it for it in sentence.core if it.letter == "F"]
    if len(forbidding) > 1:
        raise UnreadableError("two words forbid something: say it with one", forbidding[1].at)
    for piece, after in pairwise(sentence.core):
        is_verb = piece.letter == "F" and _is_not_doing(piece)
        if is_verb and after.chunks[0].said.lower() in _ANSWERING:
            raise UnreadableError("whether anything is answered cannot be said", after.at)
    word = forbidding[0].chunks[0] if forbidding else None
    if word is not None and word.said.lower() == "never" and "be" in word.led:
        raise UnreadableError("`never` forbids something: say `not`, or what is forbidden", word.at)


def _check_other_kinds(sentence: Sentence) -> None:
    """See that no kind is taken out of what was found.

    `Secrets except passwords` are other secrets, also where a password stands beside them: whether
    there are others cannot be asked about.
    """
    core = [*sentence.regions(), *sentence.conditions]
    sorts = {it.sort for piece in core for it in piece.chunks if it.tag == "COND"}
    for piece in sentence.exceptions:
        first = next((it for it in piece.chunks if it.tag == "COND"), None)
        if first is None or is_clause(first) or not sorts & {"data", "category"}:
            continue
        is_kind = first.sort == "data" or (first.sort == "category" and first.note)
        is_address = first.sort == "tool" and "data" in sorts and "mail" in first.note
        if is_kind or is_address:
            message = f"whether something other than `{first.said}` was found cannot be asked about"
            raise UnreadableError(message, first.at)


def _is_not_doing(piece: Piece) -> bool:
    return piece.chunks[0].said.lower().split(" ")[0] in _NOT_DOING


def _check_who_does_it(sentence: Sentence) -> None:
    """See that it is not said who is to review or approve: nobody can be named for that."""
    for piece, after in pairwise(sentence.core):
        first = after.chunks[0]
        links = {"by", "from", "of"} if piece.letter == "N" else {"by"}
        by = first.said.lower().split(" ")[0] in links or bool(links & first.led)
        if piece.letter in "AN" and first.sort in _WHO and by:
            raise UnreadableError("who is to do that cannot be said: any person will do", after.at)


def _acts(sentence: Sentence) -> Iterator[Said]:
    actions = {it.value for it in sentence.core if it.letter == "A"}
    shape = sentence.shape.replace("Y", "")
    second = next((it for it in sentence.core if _acts_again(it, sentence)), None)
    if second is not None:
        raise UnreadableError("it asks for two things: write two rules", second.at)
    first = sentence.only("A")
    if first.chunks[0].said.lower() in {"to a human", "to a person"}:
        raise UnreadableError("what is to be sent there, and who decides?", first.at)
    action = Action(actions.pop())
    if "F" in shape:
        # What should not be blocked is allowed; what not doing the rest means, nobody knows.
        bad = sentence.only("F")
        if action is not Action.BLOCK or not _is_not_doing(bad):
            raise UnreadableError(f"not to {action.value} is no action: say which one", bad.at)
        action = Action.ALLOW
    before = re.fullmatch("R*AB?R+|BR+AR*|R*AR+", shape)
    if set(shape) - set("RAFB") or ("B" in shape and not (action is Action.REVIEW and before)):
        return
    exceptions = (APPROVED,) if "B" in shape else ()
    yield from _ruled(action, sentence, sentence.regions(), Place.OBJECT, exceptions)
    if action is Action.ALLOW and sentence.conditions and sentence.regions():
        yield from _limits(sentence)


def _acts_again(piece: Piece, sentence: Sentence) -> bool:
    """Whether this asks for more than the first action; `hold it for review` asks for one."""
    first = sentence.only("A")
    if piece.letter != "A" or piece is first:
        return False
    return piece.value != first.value or piece.chunks[0].said.lower() not in _COMPLETES


def _forbids_it(sentence: Sentence) -> Iterator[Said]:
    if set(sentence.shape) - set("RFY"):
        return
    yield from _ruled(Action.BLOCK, sentence, sentence.regions(), Place.OBJECT)


def _mays(sentence: Sentence) -> Iterator[Said]:
    if set(sentence.shape) - set("RY"):
        return
    yield from _ruled(Action.ALLOW, sentence, sentence.regions(), Place.OBJECT)
    yield from _limits(sentence)


def _limits(sentence: Sentence) -> Iterator[Said]:
    """`Admins may pay if approved` may as well say that without it nobody may."""
    exceptions = [_region(it, Place.CONDITION) for it in sentence.exceptions]
    conditions = [_region(it, Place.CONDITION) for it in sentence.conditions]
    regions = _together(sentence.regions(), Place.OBJECT)
    found: list[Expression] = []
    for what, *bounds in product(regions, *conditions):
        bound = all_of(bounds)
        if bound is not None:
            found.append(And((what, opposite(bound))))
        else:
            found += _bounded(sentence, what)
    for when in found:
        for unless in product(*exceptions):
            yield Said(Action.BLOCK, of_calls(when), unless)


def _bounded(sentence: Sentence, what: Expression) -> Iterator[Expression]:
    """Part what somebody may do from who may, when, and up to which limit."""
    limited = _limited((), what)
    if limited is not None:
        yield limited
    chunks = tuple(it for region in sentence.regions() for it in region.chunks)
    who, acts = _split(Piece("R", chunks), _WHO_AND_WHEN - {"place"})
    if who and acts:
        for act, right in product(
            readings_of(acts, Place.OBJECT), readings_of(who, Place.OBJECT)
        ):
            yield all_of((act, opposite(right))) or act


def _needs(sentence: Sentence) -> Iterator[Said]:
    if set(sentence.shape.replace("Y", "")) - set("RNB"):
        return
    yield from _ruled(Action.REVIEW, sentence, sentence.regions(), Place.OBJECT, (APPROVED,))


def _bare(sentence: Sentence) -> Iterator[Said]:
    for region in (*sentence.regions(), *sentence.conditions):
        duty = next((it for it in region.chunks if "must" in it.led), None)
        if duty is not None:
            raise UnreadableError("it says what must be, but not what is to be done", duty.at)
    regions = [*sentence.regions(), *sentence.conditions]
    unless = [_region(it, Place.CONDITION) for it in sentence.exceptions]
    for parts in product(*(_region(it, Place.CONDITION) for it in regions)):
        for exceptions in product(*unless):
            when = all_of((*parts, *(opposite(it) for it in exceptions)))
            if when is not None:
                yield Said(when=_called(sentence, when))


def _ruled(
    action: Action,
    sentence: Sentence,
    regions: Sequence[Piece],
    place: Place,
    more: tuple[Expression, ...] = (),
) -> Iterator[Said]:
    """Make rules with an action out of all regions together."""
    exceptions, rest = _exceptions(sentence, has_object=bool(regions or sentence.conditions))
    objects = [_together(regions, place)] if regions else []
    conditions = [_region(it, Place.CONDITION) for it in sentence.conditions]
    narrowed = _behind(sentence.exceptions)
    if narrowed:
        exception, behind = narrowed
        for parts in product(*objects, *conditions, behind):
            for unless in exception:
                when = all_of(parts)
                yield from _excepted(action, when, (unless,), more)
    for parts in product(*objects, *conditions, *([rest] if rest else [])):
        when = all_of(parts)
        if when is None and not sentence.exceptions:
            raise UnreadableError("it does not say when", sentence.core[0].at)
        if when is None and _is_found(sentence.exceptions):
            raise UnreadableError("it leaves out what was found, but does not say of what", 0)
        for unless in product(*exceptions):
            yield from _excepted(action, _called(sentence, when) if when else None, unless, more)


def _excepted(
    action: Action,
    when: Expression | None,
    unless: tuple[Expression, ...],
    more: tuple[Expression, ...],
) -> Iterator[Said]:
    """Read exceptions: of several, the second may be one from the first."""
    everything = when or Truth(value=True)
    yield Said(action, everything, (*unless, *more))
    if len(unless) > 1:
        nested = all_of((unless[0], *(opposite(it) for it in unless[1:])))
        yield Said(action, everything, ((nested or unless[0]), *more))
    if action is not Action.ALLOW:
        return
    if unless:
        # What is excepted from what is allowed is forbidden, or it is only not allowed by this.
        forbidden = any_of(unless)
        yield Said(Action.BLOCK, all_of(it for it in (when, forbidden) if it is not None))
    if isinstance(everything, And) and Not(APPROVED) in everything.parts:
        # Allowed without approval: nobody means that approval would forbid it.
        yield Said(action, all_of(it for it in everything.parts if it != Not(APPROVED)), unless)


def _behind(
    exceptions: Sequence[Piece],
) -> tuple[tuple[Expression, ...], tuple[Expression, ...]] | None:
    """Let what stands behind an exception, `except approved ones at night`, belong to the rule.

    Only where nothing joins the two: `unless approved and at night` says where it belongs.
    """
    if len(exceptions) != 1:
        return None
    chunks = list(exceptions[0].chunks)
    ends = next((at for at, it in enumerate(chunks) if kind_of(it.sort) in _BEHIND and at), 0)
    if not ends or any(it.tag != "COND" for it in chunks):
        return None
    if any(kind_of(it.sort) in _BEHIND or is_clause(it) for it in chunks[:ends]):
        return None
    exception = readings_of(chunks[:ends], Place.CONDITION)
    return exception, readings_of(chunks[ends:], Place.CONDITION)


def _is_found(exceptions: Sequence[Piece]) -> bool:
    sorts = {it.sort for piece in exceptions for it in piece.chunks if it.tag == "COND"}
    return any(kind_of(it) == "finding" for it in sorts)


def _called(sentence: Sentence, when: Expression) -> Expression:
    return when if sentence.is_exact else of_calls(when)


def _together(regions: Sequence[Piece], place: Place) -> tuple[Expression, ...]:
    """Read several runs of one clause: all of them hold."""
    found = []
    for parts in product(*(_region(it, place) for it in regions)):
        joined = all_of(parts)
        if joined is not None:
            found.append(joined)
    return tuple(found)


def _exceptions(
    sentence: Sentence, *, has_object: bool
) -> tuple[list[tuple[Expression, ...]], tuple[Expression, ...]]:
    """Read what is excepted; after `anyone except admins` the sentence may go on."""
    if has_object or len(sentence.exceptions) != 1:
        return [_region(it, Place.CONDITION) for it in sentence.exceptions], ()
    who, rest = _split(sentence.exceptions[0], {"who"})
    if not who or not rest:
        return [_region(it, Place.CONDITION) for it in sentence.exceptions], ()
    return [readings_of(who, Place.CONDITION)], readings_of(rest, Place.OBJECT)


def _region(piece: Piece, place: Place) -> tuple[Expression, ...]:
    return readings_of(piece.chunks, place)


def _split(piece: Piece, kinds: set[str]) -> tuple[list[Chunk], list[Chunk]]:
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


def _onlys(sentence: Sentence) -> Iterator[Said]:
    """`Only A may B`, `B only if A`: B is blocked unless A."""
    shape = sentence.shape
    actions = {it.value for it in sentence.core if it.letter == "A"}
    if shape.count("O") != 1 or set(shape) - set("ROYA") or len(actions) > 1:
        return
    if actions and actions != {"allow"}:
        if any(it.sort in _WHO for region in sentence.regions() for it in region.chunks):
            raise UnreadableError("it does not say what of all others", sentence.only("O").at)
        yield from _ruled(Action(actions.pop()), sentence, sentence.regions(), Place.OBJECT)
        return
    acts, rights = _acts_and_rights(sentence)
    yield from _only_then(sentence)
    if actions and _is_either_only(sentence):
        pairs = (*product(acts, rights), *product(rights, acts))
        yield from (Said(Action.BLOCK, of_calls(all_of((a, opposite(b))) or b)) for a, b in pairs)
        return
    exceptions = [_region(it, Place.CONDITION) for it in sentence.exceptions]
    for when in _only_these(sentence, acts, rights):
        called = _called(sentence, when)
        yield from (Said(Action.BLOCK, called, unless) for unless in product(*exceptions))


def _only_these(
    sentence: Sentence, acts: tuple[Expression, ...], rights: tuple[Expression, ...]
) -> Iterator[Expression]:
    """Give what is blocked where only some may do something."""
    conditions = [_region(it, Place.CONDITION) for it in sentence.conditions]
    if any(it.at > sentence.only("O").at for it in sentence.conditions):
        # `Admins may only pay if approved`: nothing but pay, or pay if nothing but approved?
        for acting in product(_together(sentence.regions(), Place.OBJECT), *conditions):
            yield all_of((acting[0], *map(opposite, acting[1:]))) or acting[0]
    for right, *parts in product(rights, acts, *conditions):
        limited = _limited(parts, right) if sentence.core[0].letter == "R" else None
        if limited is not None:
            yield limited
        yield all_of((*parts, opposite(right))) or right


def _limited(parts: Sequence[Expression], right: Expression) -> Expression | None:
    """Read `guests may only pay below $20` as a limit to what they pay, not to paying."""
    if not isinstance(right, And) or not is_call(right.parts[0]):
        return None
    limit = all_of(right.parts[1:])
    return None if limit is None else all_of((*parts, right.parts[0], opposite(limit)))


def _is_either_only(sentence: Sentence) -> bool:
    """Whether `only` may belong to who may, or to what they may."""
    at = sentence.shape.index("O")
    after = sentence.core[at + 1 : at + 2]
    first = next((it.sort for piece in after for it in piece.chunks if it.tag == "COND"), "")
    sorts = {it.sort for region in sentence.regions() for it in region.chunks if it.tag == "COND"}
    return (
        first not in _WHO and bool(sorts & _WHO) and bool(sorts & CALLS) and sorts <= _WHO | CALLS
    )


def _only_then(sentence: Sentence) -> Iterator[Said]:
    """Let `only admins may pay at night` mean only they, and only then."""
    who = sentence.core.index(sentence.only("O")) + 1
    pieces = sentence.core[who : who + 3]
    if "".join(it.letter for it in pieces) != "RYR" or kind_of(pieces[2].chunks[-1].sort) != "time":
        return
    times, acts = _split(pieces[2], {"time"})
    if not times or not acts:
        return
    rights = product(_region(pieces[0], Place.OBJECT), readings_of(times, Place.CONDITION))
    for act, right in product(readings_of(acts, Place.OBJECT), rights):
        bound = all_of(right)
        if bound is not None:
            yield Said(Action.BLOCK, And((act, opposite(bound))))


def _acts_and_rights(
    sentence: Sentence,
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


def _afters(sentence: Sentence) -> Iterator[Said]:
    """`never A after B`, with `until C`."""
    if re.match("ER+[FAY]", sentence.shape):
        # `After B, never A` says `never A after B`.
        sentence = _moved_back(sentence)
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


def _moved_back(sentence: Sentence) -> Sentence:
    ends = next((at for at, it in enumerate(sentence.core) if it.letter == "L"), None)
    after, act = sentence.core[:2], sentence.core[2:ends]
    until = sentence.core[ends:] if ends is not None else []
    return Sentence([*act, *after, *until], sentence.conditions, sentence.exceptions)


def _befores(sentence: Sentence) -> Iterator[Said]:
    """`never A before B`: once B was seen, A may be."""
    found = re.fullmatch("(F?R|RFY?|RFR|FYR)BR", sentence.shape)
    if found is None or sentence.conditions or sentence.exceptions:
        return
    end = _region(sentence.core[-1], Place.CONDITION)
    head = _together(sentence.regions()[:-1], Place.OBJECT)
    for what, until in product(head, end):
        yield Said(Action.BLOCK, breaks=Never(what, before=until))
        if until == APPROVED:
            # Approved at an earlier event, or this very step?
            yield Said(Action.BLOCK, all_of((what, opposite(until))))


def _followed(sentence: Sentence) -> Iterator[Said]:
    """`every A is followed by B within N events`, or within some time."""
    if sentence.shape not in {"RGRV", "RGRW"} or sentence.conditions or sentence.exceptions:
        return
    first, then = sentence.regions()
    number = sentence.core[-1]
    if number.letter == "V":
        within = Value(Unit.WHOLE, int(number.value))
    else:
        within = parse_value(number.value)
    for one, other in product(_region(first, Place.OBJECT), _region(then, Place.OBJECT)):
        yield Said(Action.BLOCK, breaks=Follows(one, other, within))


# --- rates ---------------------------------------------------------------------------------------


def _rates(sentence: Sentence) -> Iterator[Said]:
    """`at most N A in T per user`."""
    letters = sentence.shape
    numbers = [it for it in sentence.core if it.letter in "TMn"]
    windows = [it for it in sentence.core if it.letter == "W"]
    # `No more than` limits by itself; `at most` that is forbidden would ask for more.
    limits = bool(set(letters) & set("TQ")) != bool(re.match("[^M]*F[^F]*M[^F]*$", letters))
    if "F" in letters and "M" not in letters:
        limits = False
    if not limits or len(numbers) != 1 or set(letters) - set("TMnQFRWPYA"):
        bad = next(it for it in sentence.core if it.letter in "TMnWQ")
        raise UnreadableError(f"`{bad.chunks[0].said}` makes no sense here", bad.at)
    if len(windows) != 1:
        raise UnreadableError("it does not say in what time", numbers[0].at)
    if sentence.conditions or sentence.exceptions:
        raise UnreadableError("a limit of a rate takes no conditions: write them as a rule", 0)
    actions = [it.value for it in sentence.core if it.letter == "A"]
    action = Action(actions[0]) if actions else Action.BLOCK
    led = frozenset[str]().union(*(it.led for piece in sentence.core for it in piece.chunks))
    most = Value(Unit.WHOLE, int(numbers[0].value))
    window = parse_value(windows[0].value)
    # `No user may …` counts for each user.
    named = [it.value for it in sentence.core if it.letter in "PF" and it.value]
    # `A user may …` as well, and so does `requests` where nothing else is counted.
    named = named or [it for it in Scope if it in led]
    scopes = [Scope(it) for it in dict.fromkeys(named)] or list(Scope)
    if len(scopes) > 1 and named:
        raise UnreadableError("it counts for two at once: write two rules", windows[0].at)
    counted = _together(sentence.regions(), Place.OBJECT)
    if not sentence.regions() and "thing" in led:
        counted = (Truth(value=True),)
    for what in counted:
        for scope in scopes:
            yield Said(action, breaks=AtMost(most, what, window, Memory(scope)))
