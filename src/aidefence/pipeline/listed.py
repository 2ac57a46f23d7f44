"""An engine that goes by lists: what is allowed does not count, what is denied does."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import islice

from aidefence.domain.decision import FindingRecord, Record
from aidefence.domain.enums import CATEGORIES, DIRECTIONS, ORIGINS, Action
from aidefence.domain.lists import DENIED_PREFIX, DenyEntry, ListEntry, ListKind, ListSet, Scope
from aidefence.domain.verdict import ALLOWED_PREFIX, DENSE_RULE, MODEL_RULE
from aidefence.engine import Batch, Engine, RuleInfo, Stream
from aidefence.knowledge.lists.denied import addresses, finding_name, rule_id
from aidefence.knowledge.lists.entries import digest, meant
from aidefence.knowledge.topics import Heard, TopicModel, topic_name
from aidefence.ports.clock import Clock

_ALLOW = Action.ALLOW.code
_NO_CATEGORY = -1
# A code that is of no attack on the model.
_NOT_ON_MODEL = len(CATEGORIES)
_SURE = 1.0
# Each round shows findings that a limit hid behind those of the last.
_ROUNDS_MAX = 8
_FINDINGS_MAX = 64
_LEARNED = frozenset((MODEL_RULE, DENSE_RULE))

_Spared = tuple[str, int, int]


class ListedEngine:
    """Asks an engine, and goes by lists: each entry within its scope and until its end."""

    __slots__ = (
        "_allow",
        "_deny",
        "_digests",
        "_engine",
        "_entities",
        "_looked_for",
        "_named",
        "_now_ms",
        "_topics",
    )

    def __init__(
        self,
        engine: Engine,
        lists: ListSet,
        clock: Clock,
        entities: Mapping[str, str],
        topics: TopicModel | None = None,
    ) -> None:
        self._engine = engine
        self._now_ms = clock.now_ms
        self._entities = entities
        values = (it for it in lists.allow if it.kind is not ListKind.DIGEST)
        self._allow = tuple(values)
        self._deny = {rule_id(it): it for it in lists.deny}
        self._named = {finding_name(it): it for it in lists.deny}
        self._topics = topics
        self._digests = tuple(
            it for it in (*lists.deny, *lists.allow) if it.kind is ListKind.DIGEST
        )
        self._looked_for = tuple(it for it in lists.deny if it.kind is ListKind.IP)

    def inspect(self, text: str, origin: int = 1, direction: int = 0) -> Record:
        """One text's record, after the lists."""
        record = self._engine.inspect(text, origin, direction)
        if not (record[6] or self._digests or self._looked_for or self._topics):
            return record
        return self._amend(record, text, origin, direction)[0]

    def rules(self) -> tuple[RuleInfo, ...]:
        """Give the rules of the engine below."""
        return self._engine.rules()

    @property
    def stream(self) -> Callable[..., Stream]:
        """Opens a stream of the engine below: whoever reads it asks the lists where it stops."""
        return self._engine.stream

    def confidences(self, text: str, origin: int = 1, direction: int = 0) -> Sequence[float]:
        """The confidence of every category without what is allowed; what is denied has none."""
        record = self._engine.inspect(text, origin, direction)
        confidences = self._amend(record, text, origin, direction)[1]
        if confidences is None:
            return self._engine.confidences(text, origin, direction)
        return confidences

    def inspect_batch(
        self, texts: Iterable[str], origin: int = 1, direction: int = 0, threads: int = 0
    ) -> ListedBatch:
        """The records of many texts, after the lists."""
        listed = texts if isinstance(texts, list | tuple) else list(texts)
        records = self._engine.inspect_batch(listed, origin, direction, threads)
        amended: dict[int, Record] = {}
        found = records.columns()["findings"]
        every = bool(self._digests or self._looked_for or self._topics)
        for at, text in enumerate(listed):
            if every or found[2 * at] or found[2 * at + 1]:
                known = records.get(at)
                record = self._amend(known, text, origin, direction)[0]
                if record is not known:
                    amended[at] = record
        return ListedBatch(records, amended)

    def _amend(
        self, record: Record, text: str, origin: int, direction: int
    ) -> tuple[Record, Sequence[float] | None]:
        now_ms, where = self._now_ms(), (origin, direction)
        of_text = self._of_text(text, where, now_ms)
        if of_text is not None and not isinstance(of_text, DenyEntry):
            note = _allowed(of_text, ("", 0, 0, len(text), 0.0, 0, False, (), ()))
            quiet = (_ALLOW, _NO_CATEGORY, 0, 0.0, 0.0, record[5], (note,), record[7])
            return quiet, [0.0] * len(CATEGORIES)
        # A denied value has an action of its own, so what else was found is decided without it.
        denied = self._denied_in(text, where, now_ms, of_text)
        spared: dict[_Spared, FindingRecord | None] = {}
        confidences: Sequence[float] | None = None
        for _ in range(_ROUNDS_MAX):
            fresh = self._spared(record[6], text, where, now_ms)
            if not fresh:
                break
            denied += self._renamed(record[6], now_ms)
            spared |= fresh
            record, confidences = self._engine.inspect_without(
                text, origin, direction, list(spared)
            )
        record = self._with_denied(record, denied)
        notes = tuple(note for note in spared.values() if note is not None)
        if notes:
            record = (*record[:6], (*record[6], *notes), record[7])
        return record, confidences

    def _of_text(self, text: str, where: tuple[int, int], now_ms: int) -> ListEntry | None:
        """The entry that decides on the whole text; a denying one goes first."""
        if not self._digests:
            return None
        given = digest(text)
        for entry in self._digests:
            if (
                entry.pattern == given
                and _is_here(entry.scope, where)
                and not entry.is_over(now_ms)
            ):
                return entry
        return None

    def _spared(
        self, findings: Sequence[FindingRecord], text: str, where: tuple[int, int], now_ms: int
    ) -> dict[_Spared, FindingRecord | None]:
        """Findings that do not count, with what is told of them."""
        spared: dict[_Spared, FindingRecord | None] = {}
        for one in findings:
            place = one[0], one[2], one[3]
            if one[0] in self._deny:
                spared[place] = None
                continue
            if one[0] in _LEARNED:
                # What a model hears, it hears in the whole text.
                continue
            for entry in self._allow:
                if not entry.is_over(now_ms) and self._is_meant(entry, one, text, where):
                    spared[place] = _allowed(entry, one)
                    break
        return spared

    def _is_meant(
        self, entry: ListEntry, one: FindingRecord, text: str, where: tuple[int, int]
    ) -> bool:
        scope = entry.scope
        return (
            _is_here(scope, where)
            and (not scope.categories or CATEGORIES[one[1]] in scope.categories)
            and (not scope.entities or self._entities.get(one[0]) in scope.entities)
            and (not scope.rules or any(fnmatchcase(one[0], glob) for glob in scope.rules))
            and meant(entry.kind, entry.pattern, text[one[2] : one[3]])
        )

    def _renamed(self, findings: Sequence[FindingRecord], now_ms: int) -> list[FindingRecord]:
        """What rules found of entries that count, under the names of these."""
        hits = [(it, self._deny[it[0]]) for it in findings if it[0] in self._deny]
        return [(finding_name(by), *it[1:]) for it, by in hits if not by.is_over(now_ms)]

    def _denied_in(
        self, text: str, where: tuple[int, int], now_ms: int, of_text: ListEntry | None
    ) -> list[FindingRecord]:
        """What is denied and no rule looks for."""
        found: list[FindingRecord] = []
        for entry in self._looked_for:
            if _is_here(entry.scope, where) and not entry.is_over(now_ms):
                places = islice(addresses(entry, text), _FINDINGS_MAX)
                found += [_denied(entry, *place) for place in places]
        if isinstance(of_text, DenyEntry):
            found.append(_denied(of_text, 0, len(text)))
        for heard in self._topics.hear(text) if self._topics else ():
            entry = heard.topic.entry
            if _is_here(entry.scope, where) and not entry.is_over(now_ms):
                found.append(_about(heard, len(text)))
        return found

    def _entry(self, name: str) -> DenyEntry:
        entry = self._named.get(name)
        if entry is None and self._topics is not None:
            return self._topics.entries[name]
        return self._named[name] if entry is None else entry

    def _with_denied(self, record: Record, denied: list[FindingRecord]) -> Record:
        """The record with what is denied, which raises the action but never lowers it."""
        if not denied:
            return record
        findings = (*denied, *record[6])[:_FINDINGS_MAX]
        by_weight = [(self._entry(one[0]), one[4]) for one in denied]
        entry, sure = max(by_weight, key=lambda it: (it[0].action.code, it[0].severity.code))
        if entry.action.code < record[0]:
            return (*record[:6], findings, record[7])
        head = (entry.action.code, entry.category.code, entry.severity.code, sure, record[4])
        return (*head, record[5], findings, record[7])


def undecided(record: Record) -> Record:
    """The record for a tier that asks how sure the others are: what is denied tells it nothing."""
    if not _any_denied(record):
        return record
    kept = tuple(it for it in record[6] if not it[0].startswith(DENIED_PREFIX))
    return (_ALLOW, _NOT_ON_MODEL, 0, _SURE, record[4], record[5], kept, record[7])


def denied_again(again: Record, before: Record) -> Record:
    """A record that was decided again, with what a list denied before."""
    if not _any_denied(before):
        return again
    denied = tuple(it for it in before[6] if it[0].startswith(DENIED_PREFIX))
    findings = (*denied, *again[6])[:_FINDINGS_MAX]
    head = again if again[0] > before[0] else before
    return (*head[:4], again[4], again[5], findings, again[7])


def _any_denied(record: Record) -> bool:
    return any(it[0].startswith(DENIED_PREFIX) for it in record[6])


class ListedBatch:
    """Records of many texts, some of them after the lists."""

    __slots__ = ("_amended", "_records")

    def __init__(self, records: Batch, amended: Mapping[int, Record]) -> None:
        self._records = records
        self._amended = amended

    def __len__(self) -> int:
        return len(self._records)

    def get(self, index: int) -> Record:
        """One text's record."""
        amended = self._amended.get(index)
        return self._records.get(index) if amended is None else amended

    def columns(self) -> dict[str, bytes]:
        """Little-endian columns over all texts."""
        columns = self._records.columns()
        if not self._amended:
            return columns
        written = {name: bytearray(column) for name, column in columns.items()}
        for at, record in self._amended.items():
            for name, form, value in _columns_of(record):
                struct.pack_into(form, written[name], at * struct.calcsize(form), value)
        return {name: bytes(column) for name, column in written.items()}


def _columns_of(record: Record) -> tuple[tuple[str, str, float], ...]:
    action, category, severity, confidence, score, tiers, findings, cut_short = record
    return (
        ("action", "<B", action),
        ("category", "<b", category),
        ("severity", "<B", severity),
        ("tier", "<B", tiers),
        ("confidence", "<f", confidence),
        ("score", "<f", score),
        ("findings", "<H", len(findings)),
        ("exhausted", "<B", cut_short),
    )


def _is_here(scope: Scope, where: tuple[int, int]) -> bool:
    origin, direction = where
    return (not scope.origins or ORIGINS[origin] in scope.origins) and (
        scope.direction is None or DIRECTIONS[direction] is scope.direction
    )


def _allowed(entry: ListEntry, one: FindingRecord) -> FindingRecord:
    """What is told of a finding that is allowed: it has no weight and is no evidence."""
    name = f"{ALLOWED_PREFIX}{entry.id}:{one[0]}"
    return (name, one[1], one[2], one[3], 0.0, 0, True, (), ())


def _about(heard: Heard, length: int) -> FindingRecord:
    entry = heard.topic.entry
    name, category = topic_name(entry), entry.category.code
    return (name, category, 0, length, heard.score, entry.severity.code, False, (), ())


def _denied(entry: DenyEntry, start: int, end: int) -> FindingRecord:
    name, category = finding_name(entry), entry.category.code
    place = ((start, end),)
    return (name, category, start, end, _SURE, entry.severity.code, False, (), place)
