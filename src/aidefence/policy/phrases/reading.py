"""Reads what a person says of a policy: one meaning, several to choose from, or a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aidefence.domain.enums import Action
from aidefence.domain.errors import PolicyError
from aidefence.policy.compiling import compile_tree
from aidefence.policy.explaining import Example, explain
from aidefence.policy.formatting import format_source
from aidefence.policy.paraphrase import paraphrase
from aidefence.policy.parsing import parse_condition
from aidefence.policy.phrases.chunks import (
    Chunk,
    UnknownWordError,
    UnreadableError,
    chunks_of,
)
from aidefence.policy.phrases.gaps import without_fillers
from aidefence.policy.phrases.lexicon import lexicon
from aidefence.policy.phrases.said import Said
from aidefence.policy.phrases.sentences import sentence_of
from aidefence.policy.phrases.words import PHRASE_LEN_MAX, WORDS_MAX, Word, cut
from aidefence.policy.tree import Default, Header, OnError, Rule, Source

RULE_ID = "rule"
_MODALS = {"must", "may", "shall", "should", "can"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One meaning of a phrase: a rule of the policy language, and what was taken for granted.

    A bare condition has no action of its own: `is_bare` says that the rule's was given by whoever
    asked.
    """

    rule: Rule
    notes: tuple[str, ...] = ()
    is_bare: bool = False

    @property
    def paraphrase(self) -> str:
        """The rule in plain words: made from the rule, so that it says what will be done."""
        return paraphrase(self.rule)

    @property
    def pdl(self) -> str:
        """The rule as the policy language writes it."""
        return format_source(Source(None, (self.rule,)))


def examples_of(reading: Reading) -> tuple[Example, ...]:
    """Give requests that the rule decides about and such as it lets through, as it decides them."""
    return explain(compile_tree(_source(reading.rule))).examples


@dataclass(frozen=True, slots=True)
class Understood:
    """The phrase has one meaning."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The phrase may mean several things: somebody must say which."""

    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The phrase, or the word at `column`, is not understood; `nearest` are words that are."""

    message: str
    word: str = ""
    column: int = 1
    nearest: tuple[str, ...] = ()


Outcome = Understood | Ambiguous | Refused


def read_phrase(phrase: str, *, action: Action = Action.BLOCK, rule_id: str = RULE_ID) -> Outcome:
    """Read a sentence, or a bare condition, for which `action` is taken.

    A condition in the policy language itself is taken as it is.
    """
    if len(phrase) > PHRASE_LEN_MAX:
        return Refused(f"the phrase has {len(phrase)} characters, more than {PHRASE_LEN_MAX}")
    words = cut(phrase)
    if not 0 < len(words) <= WORDS_MAX:
        told = f"the phrase has {len(words)} words, more than {WORDS_MAX}"
        return Refused(told if words else "nothing is said")
    written = _written(phrase, action, rule_id)
    if written is not None:
        return Understood(written)
    return _read(words, action, rule_id)


def _read(words: Sequence[Word], action: Action, rule_id: str) -> Outcome:
    try:
        chunks = without_fillers(_chunks(words))
        said = sentence_of(chunks)
    except UnknownWordError as error:
        word = error.word
        return Refused(str(error), word.said, word.at + 1, error.nearest)
    except UnreadableError as error:
        return Refused(str(error), column=error.at + 1)
    except PolicyError as error:
        return Refused(error.message)
    return _outcome(said, chunks, action, rule_id)


def _chunks(words: Sequence[Word]) -> tuple[Chunk, ...]:
    try:
        return chunks_of(words, lexicon())
    except UnknownWordError:
        moved = _forbidden_first(words)
        if moved is None:
            raise
    return chunks_of(moved, lexicon())


def _forbidden_first(words: Sequence[Word]) -> tuple[Word, ...] | None:
    """Say `must not A B` for `A must not B`, where A and B make sense only together."""
    for at in range(1, len(words) - 1):
        if words[at].form in _MODALS and words[at + 1].form == "not":
            return (*words[at : at + 2], *words[:at], *words[at + 2 :])
    return None


def _written(phrase: str, action: Action, rule_id: str) -> Reading | None:
    """Read a condition in the policy language, if it is one and makes sense."""
    try:
        rule = Rule(rule_id, action, parse_condition(phrase))
        compile_tree(_source(rule))
    except PolicyError:
        return None
    return Reading(rule, is_bare=True)


def _outcome(
    said: Sequence[Said], chunks: Sequence[Chunk], action: Action, rule_id: str
) -> Outcome:
    notes = tuple(dict.fromkeys(it.note for it in chunks if it.note))
    found: dict[str, Reading] = {}
    refusal = ""
    for it in said:
        rule = Rule(rule_id, it.action or action, it.when, it.unless, it.breaks)
        try:
            compiled = compile_tree(_source(rule))
        except PolicyError as error:
            refusal = refusal or error.message
            continue
        found.setdefault(compiled.image.digest, Reading(rule, notes, it.action is None))
    if not found:
        return Refused(refusal)
    readings = tuple(found.values())
    return Understood(readings[0]) if len(readings) == 1 else Ambiguous(readings)


def _source(rule: Rule) -> Source:
    return Source(Header("phrase"), (Default(Action.ALLOW), OnError(Action.BLOCK), rule))
