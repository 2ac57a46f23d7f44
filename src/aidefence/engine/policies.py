"""Policies that are ready to decide, over the compiled evaluator."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntFlag
from hashlib import sha256
from typing import NamedTuple

from aidefence.engine import _native

States = tuple[bytes | None, bytes | None, bytes | None]
"""What session, user and tenant bring along; none before the first event."""
Spoken = tuple[int, int, list[int], list[int], int]
"""One policy's word: which policy, action, rules that held, formulas violated, what degraded."""
_DIGEST_BYTES = 16


class PolicyMissed(IntFlag):
    """What an evaluation could not do as it should."""

    FORMULA_TOO_LARGE = 1
    """More was left of a formula than a state may hold; `on_error` speaks."""
    STATE_MIGRATED = 2
    """Another version of the image wrote the state: what both know was taken over."""
    STATE_BEGUN = 4
    """Of such a state, something is new in this version and begins with this event."""
    STATE_UNREADABLE = 8
    """The state is none, or broken: it begins anew, and `on_error` speaks."""
    STATE_TOO_LARGE = 16
    """The states that follow would be too large and stay as they were; `on_error` speaks."""


class PolicyAtom(NamedTuple):
    """One comparison that decided: the feature's number, what it was compared with, its value."""

    feature: int
    at_least: bool
    """Whether it was asked for at least this number; if not, for exactly this one."""
    number: int
    value: int


class PolicySet:
    """One policy image, ready to decide from any thread.

    `decide(values, state, now_ms)` takes the values of the features by their numbers and the bytes
    that the event before gave back, none at first. It gives the code of the action, the rules that
    held with the one that counts first, the temporal formulas that the event breaks for good, the
    bytes for the next event and the bits of `PolicyMissed`. It never fails: values out of bounds
    are taken for the nearest bound, those that look back are computed, bytes of others refused.

    `extended` gives the value of every feature, those that look back included. `decided_by(which,
    extended)` gives the comparisons that decided a rule or, numbered behind the rules, a formula.
    """

    __slots__ = ("decide", "digest", "extended", "native")

    def __init__(self, native: _native.PolicySet, digest: str) -> None:
        self.native = native
        self.digest = digest
        # The native methods themselves: a wrapper would cost as much as a small policy.
        self.decide = native.decide
        self.extended = native.extended

    @staticmethod
    def load(image_json: bytes) -> PolicySet:
        """Read an image in its one spelling.

        Raises:
            ValueError: it is no image, or breaks a limit; says where.

        """
        digest = sha256(image_json)
        native = _native.PolicySet(image_json, digest.digest()[:_DIGEST_BYTES])
        return PolicySet(native, digest.hexdigest())

    @property
    def id(self) -> str:
        """The name of the image."""
        return self.native.id

    @property
    def version(self) -> int:
        """The version of the image."""
        return self.native.version

    @property
    def ids(self) -> list[str]:
        """The names of the rules and then of the formulas."""
        return self.native.ids

    @property
    def remembers(self) -> tuple[bool, bool, bool]:
        """Whether something is remembered of sessions, users and tenants."""
        return self.native.remembers

    def decided_by(self, which: int, extended: Sequence[int]) -> list[PolicyAtom]:
        """Give the comparisons that decided a rule or, numbered behind the rules, a formula."""
        return [PolicyAtom(*it) for it in self.native.decided_by(which, extended)]


class PolicySets:
    """Policies that are in force together: each decides for itself, the gravest action counts.

    `decide(values, states, now_ms)` takes one value for each of `features`. It gives the code of
    the action, the word of each policy that has one to say, and the three states that follow, none
    where a state stays as it was. What one policy does not admit happened for none of them.
    """

    __slots__ = ("_native", "decide", "features", "remembers", "sets")

    def __init__(self, sets: Sequence[PolicySet]) -> None:
        """Put policies side by side.

        Raises:
            ValueError: two of them have the same id.

        """
        self.sets = tuple(sets)
        self._native = _native.PolicySets([it.native for it in sets])
        self.decide = self._native.decide
        self.features = tuple(
            (name, most, tuple(values)) for name, most, values in self._native.features
        )
        """What a request must tell: name, largest value, texts that stand for 1, 2 and so on."""
        self.remembers = self._native.remembers

    def decided_by(
        self, values: Sequence[int], states: States, now_ms: int, which: tuple[int, int]
    ) -> list[PolicyAtom]:
        """Give the comparisons that decided a rule or formula, named by its policy and number."""
        atoms = self._native.decided_by(values, states, now_ms, *which)
        return [PolicyAtom(*it) for it in atoms]
