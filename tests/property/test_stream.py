"""Streams: however a text is cut, the end is that of the whole, and nothing went out too early."""

import os
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

import pytest
import yaml

from aidefence import (
    Action,
    Category,
    Decision,
    Direction,
    Finding,
    Guard,
    Origin,
    Span,
    StreamEnd,
    StreamMode,
)
from aidefence.knowledge import rulebook

# More of them for a long night: `AIDEFENCE_STREAM_TEXTS=20000`.
TEXTS = int(os.environ.get("AIDEFENCE_STREAM_TEXTS", "2000"))
PARTS = 4
# Further behind a value no rule looks.
REACH = 256
WORDS = 8
# All letters of their words look Latin too: which script it is, the whole text says.
BY_SCRIPT = {"tx-pii-ru-passport"}
GUARD = Guard(dense="off", deep="off")
VALUES = {
    Category.PII,
    Category.SECRET,
    Category.MALICIOUS_URL,
    Category.UNSAFE_OUTPUT,
    Category.CANARY_LEAK,
}
PROSE = (
    "The committee met on Tuesday to discuss how the new library should be built.",
    "In 2019 the town had 14,500 people, and 3 of 4 lived near the river.",
    "1. Read the page. 2. Write down what you saw.",
    "Here is a short summary of the main points, as you asked.",
    "The key idea is that pieces are sent to the client as they are made.",
    "def add(a, b):\n    return a + b",
    "Das Treffen beginnt um 9:30 Uhr im großen Saal, und danach gibt es Kaffee.",
    "今日はとても良い天気ですね。散歩に行きましょう。",
    "| name | price |\n|------|-------|\n| tea  | 3.50  |",
    "Please note that the secret of good bread is time.",
    "Встреча начнётся в девять часов, затем будет перерыв.",
    "😀 fine, see https://example.org/a/b?page=2 for more\u200b.",
)


@cache
def _rules() -> tuple[dict[str, Any], ...]:
    read = (yaml.safe_load(file.text) for file in rulebook.shipped())
    return tuple(it for it in read if "patterns" in it)


@cache
def _samples() -> tuple[str, ...]:
    return tuple(text for rule in _rules() for text in (*rule["catch"], *rule["spare"]))


@cache
def _of_words() -> frozenset[str]:
    """Rules that find no value but words that stand together: no regex says how far they reach."""
    patterns = {str(rule["id"]): rule["patterns"].values() for rule in _rules()}
    return frozenset(
        name for name, found in patterns.items() if not any("regex" in it for it in found)
    )


def _text(dice: Random) -> str:
    parts: list[str] = []
    for _ in range(dice.randint(1, 4)):
        parts += dice.choices(PROSE, k=dice.randint(0, 5))
        parts.append(dice.choice(_samples()))
    parts += dice.choices(PROSE, k=dice.randint(0, 3))
    return dice.choice(("\n", " ", "\n\n", "")).join(parts)


def _cut(text: str, dice: Random) -> Iterator[str | bytes]:
    """Cut a text anywhere, also between the bytes of a character."""
    data: str | bytes = text.encode() if dice.random() < 0.5 else text
    longest = dice.choice((1, 4, 4, 30, 400))
    at = 0
    while at < len(data):
        size = dice.randint(1, longest)
        yield data[at : at + size]
        at += size


class Ran:
    """A stream that was run: what went out, step by step, and how it ended."""

    def __init__(
        self, text: str, dice: Random, mode: StreamMode, way: tuple[Origin, Direction]
    ) -> None:
        stream = GUARD.stream(mode=mode, origin=way[0], direction=way[1])
        self.out = ""
        self.told: list[Finding] = []
        received = b""
        for piece in _cut(text, dice):
            received += piece.encode() if isinstance(piece, str) else piece
            step = stream.feed(piece)
            self.out += step.text
            self.told += step.findings
            if step.stopped:
                break
        self.received = received.decode("utf-8", "ignore")
        self.end: StreamEnd = stream.finish()
        self.out += self.end.text
        self.told += self.end.findings


def _counts(finding: Finding, direction: Direction) -> bool:
    table = GUARD.thresholds if direction is Direction.INPUT else GUARD.answer_thresholds
    flag, _ = table[finding.category]
    return not finding.mention and finding.score >= flag


@pytest.mark.parametrize("part", range(PARTS))
def test_the_end_is_that_of_the_whole_and_no_value_goes_out_in_part(part: int) -> None:
    stops = 0
    for seed in range(part, TEXTS, PARTS):
        dice = Random(seed)
        text = _text(dice)
        way = (dice.choice(list(Origin)), dice.choice(list(Direction)))
        whole = GUARD.inspect(text, origin=way[0], direction=way[1])
        _check_audit(Ran(text, dice, StreamMode.AUDIT, way), text, whole)
        for mode in (StreamMode.HOLD, StreamMode.TAIL):
            ran = Ran(text, dice, mode, way)
            _check_stop(ran, text, whole, way)
            stops += ran.end.stopped
            if mode is StreamMode.HOLD:
                _check_values(ran, text, whole, way, seed)
    assert stops > TEXTS / PARTS / 2


def _check_audit(ran: Ran, text: str, whole: Decision) -> None:
    assert ran.out == text
    assert ran.end.decision == whole
    assert not ran.end.stopped
    # Every value was told while it came, or the end tells it.
    told = {(it.rule_id, it.span) for it in ran.told}
    assert _places(whole) <= told | _places(ran.end.decision)


def _check_stop(ran: Ran, text: str, whole: Decision, way: tuple[Origin, Direction]) -> None:
    assert text.startswith(ran.out)
    if not ran.end.stopped:
        assert whole.action is Action.ALLOW
        assert ran.out == text
    elif ran.received == text:
        assert ran.end.decision == whole
        assert whole.action is not Action.ALLOW
    else:
        seen = GUARD.inspect(ran.received, origin=way[0], direction=way[1])
        assert ran.end.decision == seen
        assert seen.action is not Action.ALLOW


def _check_values(
    ran: Ran, text: str, whole: Decision, way: tuple[Origin, Direction], seed: int
) -> None:
    """No part of a value goes out that can be seen with what stands within reach behind it."""
    for it in (*whole.findings, *ran.end.decision.findings):
        # Of what is no key, so many words are waited for at most.
        long = it.category is not Category.SECRET and len(it.span.of(text).split()) > WORDS
        excused = long or it.rule_id in _of_words() or it.rule_id in BY_SCRIPT
        # A letter at its end that looks Latin: the same, it may belong to the value.
        behind = text[it.span.end : it.span.end + 1]
        excused = excused or (behind.isalpha() and not behind.isascii())
        if it.category not in VALUES or excused or not _counts(it, way[1]):
            continue
        if len(ran.out) > it.span.start:
            soon = GUARD.inspect(text[: it.span.end + REACH], origin=way[0], direction=way[1])
            assert (it.rule_id, it.span) not in _places(soon), (seed, it.rule_id, it.span)


def _places(decision: Decision) -> set[tuple[str, Span]]:
    return {(it.rule_id, it.span) for it in decision.findings}


def test_the_last_word_of_an_attack_does_not_go_out() -> None:
    """The oracle reads everything again whenever something goes out: never did the last word of
    what a rule, there and then, would have had stopped.
    """
    way = (Origin.RETRIEVAL, Direction.INPUT)
    stops = 0
    for seed in range(TEXTS // 10):
        dice = Random(seed)
        text = _text(dice)
        stream = GUARD.stream(origin=way[0], direction=way[1])
        out = 0
        for at in range(0, len(text), 4):
            step = stream.feed(text[at : at + 4])
            if step.stopped:
                stops += 1
                break
            if step.text:
                seen = GUARD.inspect(text[: at + 4], origin=way[0], direction=way[1])
                gone = [it for it in _attacks(seen) if out < it.span.end <= out + len(step.text)]
                assert gone == [], (seed, at)
            out += len(step.text)
    assert stops > TEXTS / 40


def _attacks(decision: Decision) -> Iterator[Finding]:
    """What rules see of an attack that flags the text."""
    for it in decision.findings:
        by_rule = not it.rule_id.startswith("model.") and not it.mention and not it.chain
        if by_rule and it.category is decision.category:
            yield it


def test_redacting_leaves_nothing_of_a_value() -> None:
    """What goes out holds no value that the whole text shows, and nothing else was touched."""
    guard = Guard(dense="off", deep="off", thresholds=dict.fromkeys(_ATTACKS, 2.0))
    redacted = 0
    for seed in range(TEXTS // 4):
        dice = Random(seed)
        text = _text(dice)
        whole = guard.inspect(text, origin=Origin.ASSISTANT, direction=Direction.OUTPUT)
        stream = guard.stream(on_finding="redact")
        out = "".join(stream.feed(piece).text for piece in _cut(text, dice))
        end = stream.finish()
        out += end.text
        values = [
            it for it in whole.findings if it.category in _PRIVATE and _counts(it, Direction.OUTPUT)
        ]
        redacted += bool(values)
        assert end.decision == whole
        assert not end.late, (seed, end.late)
        for it in values:
            value = it.span.of(text).strip()
            assert len(value) < 4 or value not in out, (seed, it.rule_id)
        if not values and not any("[" in it for it in (out,)):
            assert out == text
    assert redacted > TEXTS / 40


_PRIVATE = {Category.PII, Category.SECRET}
_ATTACKS = [it for it in Category if it not in _PRIVATE]
