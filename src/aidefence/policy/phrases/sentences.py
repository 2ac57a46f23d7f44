"""Reads the shape of a sentence: what is to be done, when, and when not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise, product

from aidefence.domain.enums import Action
from aidefence.policy.phrases.chunks import Chunk, UnreadableError
from aidefence.policy.phrases.joining import (
    all_of,
    any_of,
    contradicts_itself,
    of_calls,
    opposite,
)
from aidefence.policy.phrases.onlys import onlys
from aidefence.policy.phrases.orders import afters, befores, followed, rates
from aidefence.policy.phrases.parts import Place, is_clause, kind_of
from aidefence.policy.phrases.pieces import Piece, Sentence, taken_apart
from aidefence.policy.phrases.regions import readings_of
from aidefence.policy.phrases.said import (
    APPROVED,
    WHO,
    WHO_AND_WHEN,
    Said,
    as_called,
    limited_by,
    parted,
    readings_in,
    together,
)
from aidefence.policy.tree import (
    And,
    Expression,
    Not,
    Truth,
)

_ANSWERING = {"answer", "reply", "output"}
"""What is no place where something is found when it follows `do not`."""

_NOT_DOING = {"never", "not", "must", "may", "shall", "should", "can", "will", "do", "don't"}
"""How it is said that something is not to be done; `nothing is blocked` says what happens."""

_COMPLETES = {"for review", "pass", "blocked", "through", "to a human", "to a person"}
"""What completes an action, as in `let it pass`."""

_BEHIND = {"time", "place"}
"""What may narrow a whole rule from behind."""


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
    shape = set(sentence.shape)
    _check_forbidding(sentence)
    _check_other_kinds(sentence)
    _check_who_does_it(sentence)
    reader = next((read for letters, read in _READERS if set(letters) & shape), None)
    if reader is not None:
        yield from reader(sentence)
    elif not shape - {"R"}:
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
        if piece.letter in "AN" and first.sort in WHO and by:
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
    if "B" in sentence.shape:
        yield from befores(sentence)
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
    exceptions = [readings_in(it, Place.CONDITION) for it in sentence.exceptions]
    conditions = [readings_in(it, Place.CONDITION) for it in sentence.conditions]
    regions = together(sentence.regions(), Place.OBJECT)
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
    limited = limited_by((), what)
    if limited is not None:
        yield limited
    chunks = tuple(it for region in sentence.regions() for it in region.chunks)
    who, acts = parted(Piece("R", chunks), WHO_AND_WHEN - {"place"})
    if who and acts:
        for act, right in product(readings_of(acts, Place.OBJECT), readings_of(who, Place.OBJECT)):
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
    unless = [readings_in(it, Place.CONDITION) for it in sentence.exceptions]
    for parts in product(*(readings_in(it, Place.CONDITION) for it in regions)):
        for exceptions in product(*unless):
            when = all_of((*parts, *(opposite(it) for it in exceptions)))
            if when is not None:
                yield Said(when=as_called(sentence, when))


def _ruled(
    action: Action,
    sentence: Sentence,
    regions: Sequence[Piece],
    place: Place,
    more: tuple[Expression, ...] = (),
) -> Iterator[Said]:
    """Make rules with an action out of all regions together."""
    exceptions, rest = _exceptions(sentence, has_object=bool(regions or sentence.conditions))
    objects = [together(regions, place)] if regions else []
    conditions = [readings_in(it, Place.CONDITION) for it in sentence.conditions]
    narrowed = _behind(sentence.exceptions)
    if narrowed:
        excepted, behind = narrowed
        for *given, exception in product(*objects, *conditions, behind, excepted):
            yield from _excepted(action, all_of(given), (exception,), more)
    for parts in product(*objects, *conditions, *([rest] if rest else [])):
        when = all_of(parts)
        if when is None and not sentence.exceptions:
            raise UnreadableError("it does not say when", sentence.core[0].at)
        if when is None and _is_found(sentence.exceptions):
            raise UnreadableError("it leaves out what was found, but does not say of what", 0)
        for unless in product(*exceptions):
            yield from _excepted(action, as_called(sentence, when) if when else None, unless, more)


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
    if ends and chunks[ends - 1].tag == "COMMA":
        ends -= 1
        chunks.pop(ends)
    if not ends or any(it.tag != "COND" for it in chunks):
        return None
    if any(kind_of(it.sort) in _BEHIND or is_clause(it) for it in chunks[:ends]):
        return None
    exception = readings_of(chunks[:ends], Place.CONDITION)
    return exception, readings_of(chunks[ends:], Place.CONDITION)


def _is_found(exceptions: Sequence[Piece]) -> bool:
    sorts = {it.sort for piece in exceptions for it in piece.chunks if it.tag == "COND"}
    return any(kind_of(it) == "finding" for it in sorts)


def _exceptions(
    sentence: Sentence, *, has_object: bool
) -> tuple[list[tuple[Expression, ...]], tuple[Expression, ...]]:
    """Read what is excepted; after `anyone except admins` the sentence may go on."""
    if has_object or len(sentence.exceptions) != 1:
        return [readings_in(it, Place.CONDITION) for it in sentence.exceptions], ()
    who, rest = parted(sentence.exceptions[0], {"who"})
    if not who or not rest:
        return [readings_in(it, Place.CONDITION) for it in sentence.exceptions], ()
    return [readings_of(who, Place.CONDITION)], readings_of(rest, Place.OBJECT)


def _acts_only(sentence: Sentence) -> bool:
    """Whether `only` narrows what is done, as in `block only payments`, and not who may."""
    actions = {it.value for it in sentence.core if it.letter == "A"}
    return len(actions) == 1 and actions != {"allow"}


def _only_acts(sentence: Sentence) -> Iterator[Said]:
    if not _acts_only(sentence):
        yield from onlys(sentence)
        return
    if sentence.shape.count("O") != 1 or set(sentence.shape) - set("ROYA"):
        return
    if any(it.sort in WHO for region in sentence.regions() for it in region.chunks):
        raise UnreadableError("it does not say what of all others", sentence.only("O").at)
    action = Action(sentence.only("A").value)
    yield from _ruled(action, sentence, sentence.regions(), Place.OBJECT)


_READERS = (
    ("GV", followed),
    ("WTQn", rates),
    ("EL", afters),
    ("O", _only_acts),
    ("N", _needs),
    ("A", _acts),
    ("F", _forbids_it),
    ("Y", _mays),
)
"""Who reads a sentence in whose core one of the letters is; the first that fits."""
