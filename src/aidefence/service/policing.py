"""Policies at work on requests: what is known goes in, the gravest action comes out, with reasons.

A policy speaks for the whole decision: what the profile says is one of the things it asks about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from time import monotonic_ns

from aidefence.domain.content import Degraded
from aidefence.domain.decision import Charter, Decision
from aidefence.domain.enums import ACTIONS, Action
from aidefence.domain.errors import AIDefenceError
from aidefence.domain.verdict import Verdict
from aidefence.engine import PolicyMissed, PolicySet, PolicySets
from aidefence.policy.image import Image, PolicyRule, TemporalRule
from aidefence.ports.policy_states import HeldState, PolicyStates
from aidefence.service.policy_keys import session_of, state_key
from aidefence.service.policy_seen import Seen
from aidefence.service.policy_values import Values

TTL_MS = 31 * 24 * 3_600_000
"""The longest window of a count: what is older, no policy asks about."""
_ATTEMPTS_MAX = 16
_FAILED = (
    PolicyMissed.FORMULA_TOO_LARGE | PolicyMissed.STATE_UNREADABLE | PolicyMissed.STATE_TOO_LARGE
)
_TOLD = {
    PolicyMissed.FORMULA_TOO_LARGE: "more is left of a formula than is kept: `on_error` speaks",
    PolicyMissed.STATE_MIGRATED: "another version remembered: what both know was taken over",
    PolicyMissed.STATE_BEGUN: "what is new in this version begins with this event",
    PolicyMissed.STATE_UNREADABLE: "what was remembered cannot be read: `on_error` speaks",
    PolicyMissed.STATE_TOO_LARGE: "more would be remembered than is kept: `on_error` speaks",
}
_NO_SESSION = Degraded("policy.session", "no session is named: nothing is remembered of it")
_Spoken = tuple[int, int, list[int], list[int], int]


@dataclass(frozen=True, slots=True)
class Running:
    """A policy that is ready to decide."""

    image: Image
    policy: PolicySet

    @staticmethod
    def of(image: Image) -> Running:
        """Make a policy ready."""
        return Running(image, PolicySet.load(image.to_json()))


class Panel:
    """Policies that decide together; made once, asked from any thread."""

    __slots__ = ("names", "on_error", "running", "sets", "values", "version")

    def __init__(self, running: Sequence[Running]) -> None:
        """Put policies side by side.

        Raises:
            ValueError: two of them have the same id.

        """
        self.running = tuple(running)
        self.sets = PolicySets([it.policy for it in running])
        self.values = Values(self.sets.features)
        names = [f"{it.image.id}.{it.image.version}-{it.policy.digest[:8]}" for it in running]
        whole = blake2b("\0".join(names).encode(), digest_size=6).hexdigest()
        self.version = names[0] if len(names) == 1 else f"policies-{whole}"
        remembering = [it.image.on_error for it in running if any(it.policy.remembers)]
        self.on_error = max(remembering, default=Action.ALLOW)
        """What speaks when nobody knows what was remembered."""

    def reasons(self, spoken: Sequence[_Spoken]) -> tuple[str, ...]:
        """Say in words what led to the action, the policy that said the gravest first."""
        ordered = sorted(spoken, key=lambda it: -it[1])
        return tuple(told for it in ordered for told in self._tell(it))

    def rules(self, spoken: Sequence[_Spoken]) -> tuple[str, ...]:
        """Name the rules that led to the action, each behind its policy, the gravest first."""
        ordered = sorted(spoken, key=lambda it: -it[1])
        return tuple(
            f"{self.running[it[0]].image.id}/{said.id}"
            for it in ordered
            if it[1]
            for said in self._said(it)
        )

    def _said(self, spoken: _Spoken) -> list[PolicyRule | TemporalRule]:
        at, _, held, violated, _ = spoken
        image = self.running[at].image
        said: list[PolicyRule | TemporalRule] = [image.rules[held[0]]] if held else []
        return said + [image.temporal[broken] for broken in violated]

    def _tell(self, spoken: _Spoken) -> list[str]:
        at, action, _, _, missed = spoken
        image = self.running[at].image
        name = f"policy `{image.id}` {image.version}"
        said = self._said(spoken)
        told = [
            f"{name}: rule `{it.id}` says {it.action.value}" + (f": {it.reason}" * bool(it.reason))
            for it in said
        ]
        if not told:
            told = [f"{name}: no rule holds, so {image.default.value}"]
        if missed & _FAILED:
            told.append(f"{name}: a part of it failed and `on_error` says {image.on_error.value}")
        return told if action or missed else []

    def degraded(self, spoken: Sequence[_Spoken]) -> tuple[Degraded, ...]:
        """Say what could not be done as it should."""
        return tuple(
            Degraded(f"policy.{self.running[it[0]].image.id}", told)
            for it in spoken
            for bit, told in _TOLD.items()
            if it[4] & bit
        )


@dataclass(frozen=True, slots=True)
class Ruling:
    """What policies say of one event."""

    action: Action
    degraded: tuple[Degraded, ...]
    reasons: tuple[str, ...]
    version: str
    failed: bool
    """Whether something could not be done, so that `on_error` spoke."""
    rules: tuple[str, ...] = ()
    """The rules that led to the action, each behind the name of its policy, the gravest first."""

    def over(self, decision: Decision, elapsed_ns: int) -> Decision:
        """Give a decision as it is after this."""
        charter = RuledCharter(decision.charter, self)
        return decision.ruled(self.action, charter, self.degraded, elapsed_ns)


@dataclass(frozen=True, slots=True)
class RuledCharter:
    """A charter that policies have added to."""

    before: Charter
    ruling: Ruling

    @property
    def policy_version(self) -> str:
        """Which profile and knowledge spoke, and which policies."""
        return f"{self.before.policy_version}+{self.ruling.version}"

    @property
    def enforced(self) -> bool:
        """Whether the action is really applied; a profile that observes never does."""
        return self.before.enforced

    def explain(self, rule_id: str) -> str:
        """What a rule stands for, in words."""
        return self.before.explain(rule_id)

    def entity(self, rule_id: str) -> str | None:
        """The kind of private data or secret that a rule finds."""
        return self.before.entity(rule_id)

    def reasons(self, verdict: Verdict, action: Action) -> tuple[str, ...]:
        """What the policies say, then what detection found."""
        return (*self.ruling.reasons, *self.before.reasons(verdict, action)[1:])


def ruling_of(decision: Decision) -> Ruling | None:
    """Give what policies said of a decision; none where none was asked."""
    charter = decision.charter
    return charter.ruling if isinstance(charter, RuledCharter) else None


class Policing:
    """Holds policies against events and remembers what they need. Safe to share."""

    __slots__ = ("_now_ms", "_states")

    def __init__(self, states: PolicyStates, now_ms: Callable[[], int]) -> None:
        self._states = states
        self._now_ms = now_ms

    def decide(self, seen: Seen, panel: Panel) -> Decision:
        """Give the decision as it is after policies have had their say."""
        begun_ns = monotonic_ns()
        ruling = self.rule(seen, panel)
        return ruling.over(seen.decision, monotonic_ns() - begun_ns)

    def rule(self, seen: Seen, panel: Panel, realm: str = "") -> Ruling:
        """Say what policies say; `realm` keeps apart what those on trial remember."""
        seen.now_ms = seen.now_ms or self._now_ms()
        values = panel.values.of(seen)
        missing = panel.values.missing(seen)
        keys = _keys(seen, panel, realm)
        if panel.sets.remembers[0] and keys[0] is None:
            missing = (*missing, _NO_SESSION)
        try:
            action, spoken = self._remembering(panel, values, keys, seen.now_ms)
        except (AIDefenceError, OSError) as error:
            failed = Degraded("policy.state", f"{error}: `on_error` speaks"[:500])
            code, spoken, _ = panel.sets.decide(values, (None, None, None), seen.now_ms)
            action = max(ACTIONS[code], panel.on_error)
            said = f"policies: what they remember is not known, so {panel.on_error.value}"
            reasons = (said, *panel.reasons(spoken))
            degraded = (failed, *missing, *panel.degraded(spoken))
            return Ruling(action, degraded, reasons, panel.version, True, panel.rules(spoken))
        degraded = (*missing, *panel.degraded(spoken))
        broken = any(it[4] & _FAILED for it in spoken)
        reasons, rules = panel.reasons(spoken), panel.rules(spoken)
        return Ruling(action, degraded, reasons, panel.version, broken, rules)

    def _remembering(
        self, panel: Panel, values: list[int], keys: Sequence[bytes | None], now_ms: int
    ) -> tuple[Action, list[_Spoken]]:
        named = [key for key in keys if key is not None]
        if not named:
            code, spoken, _ = panel.sets.decide(values, (None, None, None), now_ms)
            return ACTIONS[code], spoken
        for _ in range(_ATTEMPTS_MAX):
            read = self._states.load(named, now_ms)
            held = {it.key: it.state for it in read}
            before = [held.get(key) if key is not None else None for key in keys]
            code, spoken, after = panel.sets.decide(values, before, now_ms)
            changed = {
                key: state
                for key, state in zip(keys, after, strict=True)
                if key is not None and state is not None
            }
            if not changed or self._kept(read, changed, now_ms):
                return ACTIONS[code], spoken
        raise _ContendedError(f"others wrote the same states {_ATTEMPTS_MAX} times in between")

    def _kept(self, read: Sequence[HeldState], changed: dict[bytes, bytes], now_ms: int) -> bool:
        return self._states.save(read, changed, now_ms, now_ms + TTL_MS)


class _ContendedError(AIDefenceError):
    """So many ask for the same session at once that none gets to the end."""


def _keys(seen: Seen, panel: Panel, realm: str) -> list[bytes | None]:
    """Name what session, user and tenant are remembered under; none what is not remembered.

    A session that is not named is that of its user; a user that is not named is the caller.
    """
    remembers = panel.sets.remembers
    if not any(remembers):
        return [None, None, None]
    tenant, user = seen.caller.tenant, seen.context.user
    names = (session_of(seen.context), user or f"\0{seen.caller.id}", "")
    return [
        state_key(realm, tenant, scope, name) if needed and name is not None else None
        for scope, (needed, name) in enumerate(zip(remembers, names, strict=True))
    ]
