"""What policy says about an inspection. Made in a fraction of a microsecond, opened when read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Protocol

from aidefence.domain.content import Degraded, Span
from aidefence.domain.enums import ACTIONS, CATEGORIES, SEVERITIES, Action, Category, Severity
from aidefence.domain.verdict import ALLOWED_PREFIX, Allowed, Finding, Verdict

# A finding in compact form: rule id, category, start, end, score, severity, mention, chain,
# matched spans.
FindingRecord = tuple[
    str, int, int, int, float, int, bool, tuple[str, ...], tuple[tuple[int, int], ...]
]
# A verdict in compact form: action, category or -1, severity, confidence, score, tier bits,
# findings, bits of what a limit cut short. Codes are positions in the enums.
Record = tuple[int, int, int, float, float, int, tuple[FindingRecord, ...], int]


@dataclass(frozen=True, slots=True)
class TierTiming:
    """How long one step took."""

    step: str
    nanoseconds: int


class Charter(Protocol):
    """The side of a policy that lets a decision explain itself."""

    @property
    def policy_version(self) -> str:
        """Which policy and knowledge spoke."""

    @property
    def enforced(self) -> bool:
        """Whether the action is really applied."""

    def explain(self, rule_id: str) -> str:
        """What a rule stands for, in words."""

    def entity(self, rule_id: str) -> str | None:
        """The kind of private data or secret that a rule finds."""

    def reasons(self, verdict: Verdict, action: Action) -> tuple[str, ...]:
        """Why this verdict led to this action, in words."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The charter of a decision that travelled: its answers are written down."""

    policy_version: str
    enforced: bool
    explanations: tuple[tuple[str, str], ...]
    written: tuple[str, ...]
    entities: tuple[tuple[str, str | None], ...] = ()

    def explain(self, rule_id: str) -> str:
        """What a rule stood for when the decision was made."""
        return dict(self.explanations).get(rule_id, rule_id)

    def entity(self, rule_id: str) -> str | None:
        """The kind of private data or secret that a rule found."""
        return dict(self.entities).get(rule_id)

    def reasons(self, verdict: Verdict, action: Action) -> tuple[str, ...]:  # noqa: ARG002
        """The reasons as they were written down."""
        return self.written


# Everything a decision was told: record, charter, nanoseconds, records of the parts, degradations,
# and how many of the nanoseconds tier 3 took.
_Told = tuple[Record, Charter, int, tuple[Record, ...], tuple[Degraded, ...], int]


class Decision:
    """What policy says: action, verdict with evidence, reasons, tiers and timings. Immutable.

    It keeps the engine's compact record and makes objects out of it when they are read, so that
    a caller who only asks `blocked` pays for nothing else.
    """

    # One slot, written once: a third of the time that one slot per field would take.
    __slots__ = ("_told", "_verdict")

    _told: _Told
    _verdict: Verdict

    def __init__(
        self,
        record: Record,
        charter: Charter,
        elapsed_ns: int,
        parts: tuple[Record, ...] = (),
        degraded: tuple[Degraded, ...] = (),
        deep_ns: int = 0,
    ) -> None:
        _write_told(self, (record, charter, elapsed_ns, parts, degraded, deep_ns))

    @property
    def action(self) -> Action:
        """What to do with the content."""
        return ACTIONS[self._told[0][0]]

    @property
    def action_code(self) -> int:
        """The action's code, for those who count."""
        return self._told[0][0]

    @property
    def enforced(self) -> bool:
        """Whether the action is really applied; an observing policy only tells."""
        return self._told[1].enforced

    @property
    def blocked(self) -> bool:
        """Whether the content must not pass."""
        told = self._told
        return told[0][0] == _BLOCK and told[1].enforced

    @property
    def verdict(self) -> Verdict:
        """What we believe, with the evidence."""
        try:
            return self._verdict
        except AttributeError:
            record, charter, _, parts, _, _ = self._told
            verdict = _open_verdict(record, parts, charter)
            _write_verdict(self, verdict)
            return verdict

    @property
    def category(self) -> Category | None:
        """The leading category; none when the content is taken for benign."""
        code = self._told[0][1]
        return None if code < 0 else CATEGORIES[code]

    @property
    def severity(self) -> Severity:
        """How bad the leading category is if true."""
        return SEVERITIES[self._told[0][2]]

    @property
    def confidence(self) -> float:
        """The calibrated probability of the leading category."""
        return self._told[0][3]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The evidence, strongest first."""
        return self.verdict.findings

    @property
    def has_findings(self) -> bool:
        """Whether there is evidence, known without opening it."""
        record, _, _, parts, _, _ = self._told
        return _has_evidence(record) or any(map(_has_evidence, parts))

    @property
    def is_bare(self) -> bool:
        """Whether there is nothing to tell beside the action: no finding, no check left out."""
        record, _, _, parts, degraded, _ = self._told
        return not (record[6] or record[7] or degraded) and not any(part[6] for part in parts)

    @property
    def record(self) -> Record:
        """The compact verdict on the whole, for those who keep it."""
        return self._told[0]

    @property
    def records(self) -> tuple[Record, ...]:
        """The compact verdicts on the contents, one for each."""
        record, _, _, parts, _, _ = self._told
        return parts or (record,)

    @property
    def allowed_by(self) -> tuple[Allowed, ...]:
        """What entries of allow lists took out before this was decided."""
        record, _, _, parts, _, _ = self._told
        return tuple(
            _open_allowed(raw, index)
            for index, part in enumerate(parts or (record,))
            for raw in part[6]
            if raw[0].startswith(ALLOWED_PREFIX)
        )

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why this action, in words."""
        return self._told[1].reasons(self.verdict, self.action)

    @property
    def policy_version(self) -> str:
        """Which policy and knowledge spoke."""
        return self._told[1].policy_version

    @property
    def tiers(self) -> tuple[int, ...]:
        """The tiers that ran."""
        return _TIERS_OF[self._told[0][5]]

    @property
    def elapsed_ns(self) -> int:
        """How long all steps took together, in nanoseconds."""
        return self._told[2]

    @property
    def deep_ns(self) -> int:
        """How many of them tier 3 took, for those who count."""
        return self._told[5]

    @property
    def timings(self) -> tuple[TierTiming, ...]:
        """How long each step took."""
        _, _, elapsed_ns, _, _, deep_ns = self._told
        engine = TierTiming("engine", elapsed_ns - deep_ns)
        return (engine, TierTiming("tier3", deep_ns)) if deep_ns else (engine,)

    @property
    def degraded(self) -> tuple[Degraded, ...]:
        """Checks that were asked for and did not run, or not to the end."""
        told = self._told
        return (*told[4], *_CUT_SHORT_OF[told[0][7]]) if told[0][7] else told[4]

    def amended(self, amend: Callable[[Record], Record]) -> Decision:
        """The same decision on a record that was amended."""
        record, charter, elapsed_ns, parts, degraded, deep_ns = self._told
        return Decision(amend(record), charter, elapsed_ns, parts, degraded, deep_ns)

    def ruled(
        self, action: Action, charter: Charter, degraded: tuple[Degraded, ...], elapsed_ns: int
    ) -> Decision:
        """The same verdict, on which policies have had their say; it took so much longer."""
        record, _, before_ns, parts, missed, deep_ns = self._told
        record = (action.code, *record[1:])
        return Decision(
            record, charter, before_ns + elapsed_ns, parts, (*missed, *degraded), deep_ns
        )

    @property
    def charter(self) -> Charter:
        """What explains the decision, for those who have something to add."""
        return self._told[1]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a decision is immutable: `{name}` cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a decision is immutable: `{name}` cannot be deleted")

    def __eq__(self, other: object) -> bool:
        """Two decisions are equal when they say the same; how long they took does not count."""
        if not isinstance(other, Decision):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        record, charter, _, parts, degraded, _ = self._told
        return record, parts, degraded, charter.policy_version, charter.enforced

    def __reduce__(self) -> tuple[object, ...]:
        record, charter, elapsed_ns, parts, degraded, deep_ns = self._told
        ids = dict.fromkeys(finding.rule_id for finding in self.findings)
        explanations = tuple((rule_id, charter.explain(rule_id)) for rule_id in ids)
        entities = tuple((rule_id, charter.entity(rule_id)) for rule_id in ids)
        settled = Settled(self.policy_version, self.enforced, explanations, self.reasons, entities)
        return Decision, (record, settled, elapsed_ns, parts, degraded, deep_ns)

    def __repr__(self) -> str:
        category = "benign" if self.category is None else self.category.value
        return f"Decision({self.action.value}, {category}, confidence={self.confidence:.3f})"


# The slots' own writers: the class refuses every other way to write.
_write_told = Decision.__dict__["_told"].__set__
_write_verdict = Decision.__dict__["_verdict"].__set__

_BLOCK = Action.BLOCK.code
_TIERS = 5
_TIERS_OF = tuple(
    tuple(tier for tier in range(_TIERS) if bits >> tier & 1) for bits in range(1 << _TIERS)
)


def tiers_of(bits: int) -> tuple[int, ...]:
    """Name the tiers that bits stand for."""
    return _TIERS_OF[bits]


CUT_SHORT = Degraded(
    "tier0.decode", "a limit on decoded text was reached: what is hidden deeper was not read"
)
UNREAD = Degraded("tier2.dense", "a limit was reached: the text was not read to its end")
_CUT_SHORT_OF = ((), (CUT_SHORT,), (UNREAD,), (CUT_SHORT, UNREAD))


def _open_verdict(record: Record, parts: tuple[Record, ...], charter: Charter) -> Verdict:
    category = record[1]
    return Verdict(
        is_attack=category >= 0,
        category=None if category < 0 else CATEGORIES[category],
        confidence=record[3],
        severity=SEVERITIES[record[2]],
        findings=_open_findings(parts or (record,), charter),
    )


def _open_findings(records: Iterable[Record], charter: Charter) -> tuple[Finding, ...]:
    opened = [
        open_finding(raw, index, charter)
        for index, record in enumerate(records)
        for raw in record[6]
        if not raw[0].startswith(ALLOWED_PREFIX)
    ]
    # The engine sorts within one content; several contents are merged here.
    opened.sort(key=lambda finding: -finding.score)
    return tuple(opened)


def _has_evidence(record: Record) -> bool:
    # What was allowed stands behind all else.
    return bool(record[6]) and not record[6][0][0].startswith(ALLOWED_PREFIX)


def _open_allowed(raw: FindingRecord, content: int) -> Allowed:
    entry, _, rule_id = raw[0].removeprefix(ALLOWED_PREFIX).partition(":")
    return Allowed(entry, rule_id, Span(raw[2], raw[3]), content)


def open_finding(raw: FindingRecord, content: int, charter: Charter) -> Finding:
    """Make a finding out of its compact form."""
    rule_id, category, start, end, score, severity, mention, chain, matched = raw
    finding = _new(Finding)
    values = (
        CATEGORIES[category],
        _open_span(start, end),
        score,
        SEVERITIES[severity],
        rule_id,
        charter.explain(rule_id),
        chain,
        tuple([_open_span(first, last) for first, last in matched]),
        mention,
        content,
        charter.entity(rule_id),
    )
    for write, value in zip(_FINDING_WRITERS, values, strict=True):
        write(finding, value)
    return finding


def _open_span(start: int, end: int) -> Span:
    # The engine has measured it.
    span = _new(Span)
    _write_start(span, start)
    _write_end(span, end)
    return span


# Made for every word behind a finding: by their slots' own writers, in a fifth of the time that a
# frozen class takes to write its fields.
_new = object.__new__
_FINDING_WRITERS = tuple(Finding.__dict__[it.name].__set__ for it in fields(Finding))
_write_start, _write_end = (Span.__dict__[it.name].__set__ for it in fields(Span))
