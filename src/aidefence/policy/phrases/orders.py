"""Reads what is said of several events: their order, and how many of them there may be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from aidefence.domain.enums import Action
from aidefence.domain.policies import Scope
from aidefence.policy.parsing import parse_value
from aidefence.policy.phrases.chunks import UnreadableError
from aidefence.policy.phrases.joining import all_of, opposite
from aidefence.policy.phrases.parts import Place
from aidefence.policy.phrases.pieces import Sentence
from aidefence.policy.phrases.said import (
    APPROVED,
    Said,
    readings_in,
    together,
)
from aidefence.policy.tree import (
    AtMost,
    Back,
    Follows,
    Memory,
    Never,
    Past,
    Truth,
    Unit,
    Value,
)


def afters(sentence: Sentence) -> Iterator[Said]:
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
    after = readings_in(sentence.core[found.start("after")], Place.CONDITION)
    until = found["until"] and readings_in(sentence.core[found.start("until")], Place.CONDITION)
    exceptions = [readings_in(it, Place.CONDITION) for it in sentence.exceptions]
    conditions = [readings_in(it, Place.CONDITION) for it in sentence.conditions]
    for what, then in product(together(head, Place.OBJECT), after):
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


def befores(sentence: Sentence) -> Iterator[Said]:
    """`never A before B`: once B was seen, A may be."""
    found = re.fullmatch("(F?R|RFY?|RFR|FYR)BR", sentence.shape)
    if found is None or sentence.conditions or sentence.exceptions:
        return
    end = readings_in(sentence.core[-1], Place.CONDITION)
    head = together(sentence.regions()[:-1], Place.OBJECT)
    for what, until in product(head, end):
        yield Said(Action.BLOCK, breaks=Never(what, before=until))
        if until == APPROVED:
            # Approved at an earlier event, or this very step?
            yield Said(Action.BLOCK, all_of((what, opposite(until))))


def followed(sentence: Sentence) -> Iterator[Said]:
    """`every A is followed by B within N events`, or within some time."""
    if sentence.shape not in {"RGRV", "RGRW"} or sentence.conditions or sentence.exceptions:
        return
    first, then = sentence.regions()
    number = sentence.core[-1]
    if number.letter == "V":
        within = Value(Unit.WHOLE, int(number.value))
    else:
        within = parse_value(number.value)
    for one, other in product(readings_in(first, Place.OBJECT), readings_in(then, Place.OBJECT)):
        yield Said(Action.BLOCK, breaks=Follows(one, other, within))


# --- rates ---------------------------------------------------------------------------------------


def rates(sentence: Sentence) -> Iterator[Said]:
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
    counted = together(sentence.regions(), Place.OBJECT)
    if not sentence.regions() and "thing" in led:
        counted = (Truth(value=True),)
    for what in counted:
        for scope in scopes:
            yield Said(action, breaks=AtMost(most, what, window, Memory(scope)))
