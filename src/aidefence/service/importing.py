"""Import rules of other systems: translate, prove by examples, and say what could not be said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from aidefence.domain.enums import Category, Direction, Origin, RuleFormat, Severity
from aidefence.domain.errors import RuleError
from aidefence.knowledge.imports.examples import texts_against, texts_for
from aidefence.knowledge.imports.nova import translate_nova
from aidefence.knowledge.imports.when import DEPTH_MAX, When, depth
from aidefence.knowledge.imports.words import Place, Translation, Untranslated
from aidefence.knowledge.imports.writer import (
    Heading,
    Manner,
    fresh_id,
    heading,
    quoted,
    write_rule,
)
from aidefence.knowledge.imports.yara import translate_yara
from aidefence.knowledge.topics import EXAMPLES_MIN
from aidefence.service.ordinary_texts import ORDINARY_TEXTS
from aidefence.service.rule_check import RuleText
from aidefence.service.rule_engine import compile_rules

_EXAMPLES = 2
_TOPIC_ID_MAX = 31
_TRIES_MAX = 60


_READERS: dict[RuleFormat, Callable[[str, str], tuple[Translation, ...]]] = {
    RuleFormat.YARA: translate_yara,
    RuleFormat.NOVA: translate_nova,
}
_CATEGORIES = {
    RuleFormat.YARA: Category.ANOMALY,
    RuleFormat.NOVA: Category.PROMPT_INJECTION,
}


@dataclass(frozen=True, slots=True)
class ImportedRule:
    """What became of one rule; without `text` it was left out."""

    name: str
    place: Place
    rule_id: str | None
    category: Category | None
    text: str | None = field(repr=False)
    lost: tuple[Untranslated, ...]
    topics: tuple[str, ...] = ()
    private: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether it says exactly what it said before."""
        return self.text is not None and not self.lost

    @property
    def topic(self) -> str | None:
        """The meanings that it asks for as a topic by example, if they are enough for one."""
        if len(self.topics) < EXAMPLES_MIN:
            return None
        name = fresh_id(f"nova-{self.name}", set())[:_TOPIC_ID_MAX].strip("-")
        examples = "".join(f"  {quoted(text)},\n" for text in self.topics)
        reason = quoted(f"like what the rule {self.name} asks for")
        return f'[[topic]]\nid = "{name}"\nreason = {reason}\nexamples = [\n{examples}]\n'


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What became of the rules of one file."""

    path: str
    rules: tuple[ImportedRule, ...]


def import_rules(
    path: str,
    text: str,
    rule_format: RuleFormat,
    *,
    category: Category | None = None,
    severity: Severity = Severity.MEDIUM,
    confidence: float = 0.9,
    partial: bool = False,
    taken: set[str] | None = None,
) -> ImportedFile:
    """Import one file. A rule of which something is lost is left out, unless `partial`.

    `taken` are ids that are in use; those given out here are added to it.

    Raises:
        RuleError: the file is not of this format; says line, column and what was expected.

    """
    manner = Manner(category or _CATEGORIES[rule_format], severity, confidence)
    in_use = set() if taken is None else taken
    rules = []
    for translation in _READERS[rule_format](path, text):
        if translation.private:
            rules.append(_left_out(translation))
            continue
        top = heading(translation, manner, path, rule_format.value, in_use)
        rules.append(_imported(translation, top, partial=partial))
    return ImportedFile(path, tuple(rules))


def _imported(translation: Translation, top: Heading, *, partial: bool) -> ImportedRule:
    when = translation.when
    if when is None or (translation.lost and not partial):
        return _left_out(translation)
    if not translation.patterns:
        return _left_out(translation, "it asks for nothing that stands in a text")
    if depth(when) > DEPTH_MAX:
        return _left_out(translation, f"more than {DEPTH_MAX} parentheses inside one another")
    try:
        catch, spare = _examples(translation, when, top)
        if len(catch) < _EXAMPLES or len(spare) < _EXAMPLES:
            kind = "catches" if len(catch) < _EXAMPLES else "spares"
            return _left_out(translation, f"fewer than two texts were found that it {kind}")
        text = write_rule(translation, top, catch, spare)
        compile_rules([RuleText(f"{top.rule_id}.yml", text)])
    except RuleError as error:
        return _left_out(translation, f"{error.message}; expected {error.expected}")
    return ImportedRule(
        translation.name,
        translation.place,
        top.rule_id,
        top.category,
        text,
        translation.lost,
        translation.topics,
    )


def _examples(translation: Translation, when: When, top: Heading) -> tuple[list[str], list[str]]:
    """Texts that the rule catches and spares, as the engine says."""
    draft = write_rule(translation, top, ["?"], ["?"])
    rules = compile_rules([RuleText(f"{top.rule_id}.yml", draft)])

    def fires(text: str) -> bool:
        return bool(rules.fired(text, Origin.USER, Direction.INPUT))

    def chosen(texts: Iterator[str], *, wanted: bool) -> list[str]:
        tried = islice(texts, _TRIES_MAX)
        return list(islice((it for it in tried if fires(it) is wanted), _EXAMPLES))

    catch = chosen(texts_for(when, translation.patterns), wanted=True)
    against = texts_against(when, translation.patterns)
    return catch, chosen(_ordinary_then(against), wanted=False)


def _ordinary_then(texts: Iterable[str]) -> Iterator[str]:
    yield from ORDINARY_TEXTS[:_EXAMPLES]
    yield from texts


def _left_out(translation: Translation, why: str | None = None) -> ImportedRule:
    lost = translation.lost
    if why is not None:
        lost = (*lost, Untranslated(translation.place, translation.name, why))
    return ImportedRule(
        translation.name,
        translation.place,
        None,
        None,
        None,
        lost,
        translation.topics,
        translation.private,
    )
