"""Which policies decide a request: swapped whole, the same in all workers for one session."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from typing import Any, TypeAlias

from aidefence.domain.durations import bucket_of
from aidefence.domain.enums import Action
from aidefence.domain.errors import SettingError
from aidefence.domain.policy_store import (
    WHOLE,
    Arm,
    ArmCounts,
    Book,
    PolicyVersion,
    ShadowChange,
    Slot,
)
from aidefence.service.policing import Running

_EXAMPLES_MAX = 20

Load: TypeAlias = Callable[[PolicyVersion], Any]
"""Makes what decides of a version. Raises `AIDefenceError` or `ValueError` where it cannot."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One version of one policy, ready to decide."""

    policy_id: str
    version: int
    digest: str
    """SHA-256 of the very bytes that were loaded."""
    runs: Any


@dataclass(frozen=True, slots=True)
class Choice:
    """What holds for one request."""

    generation: int
    active: tuple[Loaded, ...]
    """All of these decide; the gravest action counts."""
    shadows: tuple[Loaded, ...] = ()
    """These are asked, too, and change nothing."""
    arms: tuple[Arm, ...] = ()
    """Roll-outs that this session is part of."""


@dataclass(frozen=True, slots=True)
class _RollOut:
    deployment_id: str
    name: str
    """By which sessions are told apart: the same for every deployment of one version."""
    share: int
    place: int
    """Where among the active ones the two versions stand."""
    old: Loaded | None
    new: Loaded


@dataclass(frozen=True, slots=True)
class _House:
    """What holds for one tenant."""

    generation: int
    active: tuple[Loaded | None, ...]
    shadows: tuple[Loaded, ...]
    roll_outs: tuple[_RollOut, ...]
    choices: dict[tuple[bool, ...], Choice] = field(default_factory=dict)

    def choose(self, session: str) -> Choice | None:
        sides = tuple(is_new(it.name, session, it.share) for it in self.roll_outs)
        choice = self.choices.get(sides)
        if choice is None:
            # One for each mixture of sides; two threads may make the same one, which harms nobody.
            choice = self.choices.setdefault(sides, self._mix(sides))
        return choice if choice.active or choice.shadows or choice.arms else None

    def _mix(self, sides: tuple[bool, ...]) -> Choice:
        active = list(self.active)
        for it, new in zip(self.roll_outs, sides, strict=True):
            active[it.place] = it.new if new else it.old
        arms = tuple(
            Arm(it.deployment_id, new) for it, new in zip(self.roll_outs, sides, strict=True)
        )
        held = tuple(it for it in active if it is not None)
        return Choice(self.generation, held, self.shadows, arms)


@dataclass(frozen=True, slots=True)
class Held:
    """All that holds on one node, ready to decide; made aside, then put in force in one step."""

    generation: int = 0
    houses: Mapping[str, _House] = field(default_factory=dict)
    loaded: Mapping[str, Loaded] = field(default_factory=dict)
    """By place: tenant, policy, role."""

    @property
    def digest(self) -> str:
        """Name all images that decide, and where."""
        return digest_of((place, it.digest) for place, it in self.loaded.items())


class InForce:
    """The policies that a worker decides by. Safe to share between threads."""

    __slots__ = ("_swapping", "files", "held", "tallies")

    def __init__(self) -> None:
        self._swapping = threading.Lock()
        self.held = Held()
        self.files: tuple[Running, ...] = ()
        """Policies from files: they hold for everybody, whatever is deployed."""
        self.tallies = Tallies()

    def choose(self, tenant: str, session: str) -> Choice | None:
        """Say what holds for a session of a tenant; none where there is no policy."""
        house = self.held.houses.get(tenant)
        return None if house is None else house.choose(session)

    def swap(self, held: Held) -> None:
        """Decide by these from now on; what runs ends as it began.

        Raises:
            SettingError: one of them is called like a policy from a file; nothing changes.

        """
        with self._swapping:
            _check_names(self.files, held)
            self.held = held

    def check_files(self, files: tuple[Running, ...]) -> None:
        """Raise `SettingError` where one of these is called like a policy that is deployed."""
        _check_names(files, self.held)

    def swap_files(self, files: tuple[Running, ...]) -> None:
        """Decide by these policies from files from now on; raises as `check_files`."""
        with self._swapping:
            _check_names(files, self.held)
            self.files = files


def _check_names(files: tuple[Running, ...], held: Held) -> None:
    """Policies that decide side by side are told apart by what they call themselves."""
    names = {it.image.id for it in files}
    for it in held.loaded.values() if names else ():
        if it.runs.image.id in names:
            raise SettingError(
                "policies.files",
                f"a file and a deployed policy are both called `{it.runs.image.id}`: leave the "
                "file out, retire the other, or give one of them another name",
            )


def is_new(name: str, session: str, share: int) -> bool:
    """Whether a session gets the new version: the same everywhere, and still so as shares grow."""
    named = f"{name}\0{session}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(named, digest_size=8).digest()) % WHOLE < share


def hold(book: Book, load: Load, before: Held) -> Held:
    """Make ready what a book says; what was loaded before is not loaded again.

    Raises:
        AIDefenceError: a version cannot be loaded; nothing of the book is put in force.
        ValueError: the same.

    """
    known = {(it.policy_id, it.version, it.digest): it for it in before.loaded.values()}
    versions = {(it.policy_id, it.version): it for it in book.versions}
    loaded: dict[str, Loaded] = {}

    def ready(slot: Slot, role: str, version: int | None) -> Loaded | None:
        if version is None:
            return None
        kept = versions[slot.policy_id, version]
        digest = sha256(kept.image).hexdigest()
        found = known.get((slot.policy_id, version, digest))
        if found is None:
            found = Loaded(slot.policy_id, version, digest, load(kept))
            known[slot.policy_id, version, digest] = found
        loaded[place_of(slot, role)] = found
        return found

    by_tenant: dict[str, list[Slot]] = defaultdict(list)
    for slot in book.slots:
        by_tenant[slot.tenant].append(slot)
    houses = {tenant: _house(book.generation, slots, ready) for tenant, slots in by_tenant.items()}
    return Held(book.generation, houses, loaded)


def expected_digest(book: Book) -> str:
    """Name all images that a node with this book decides by."""
    versions = {(it.policy_id, it.version): it for it in book.versions}
    return digest_of(
        (place_of(slot, role), sha256(versions[slot.policy_id, version].image).hexdigest())
        for slot in book.slots
        for role, version in roles_of(slot)
    )


def roles_of(slot: Slot) -> Iterable[tuple[str, int]]:
    """Give the versions that a slot names, by what they are there for."""
    roles = (("stable", slot.stable), ("candidate", slot.candidate), ("shadow", slot.shadow))
    return [(role, version) for role, version in roles if version is not None]


def place_of(slot: Slot, role: str) -> str:
    """Name a place where a version can hold."""
    return f"{slot.tenant} {slot.policy_id} {role}"


def digest_of(places: Iterable[tuple[str, str]]) -> str:
    """Name images and their places in one word."""
    lines = sorted(f"{place} {digest}\n" for place, digest in places)
    return sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def _house(
    generation: int,
    slots: Sequence[Slot],
    ready: Callable[[Slot, str, int | None], Loaded | None],
) -> _House:
    active: list[Loaded | None] = []
    shadows: list[Loaded] = []
    roll_outs: list[_RollOut] = []
    for slot in slots:
        stable = ready(slot, "stable", slot.stable)
        candidate = ready(slot, "candidate", slot.candidate)
        shadow = ready(slot, "shadow", slot.shadow)
        if candidate is not None:
            place = len(active)
            name = f"{slot.policy_id}:{slot.candidate}"
            deployment = slot.candidate_deployment
            roll_outs.append(_RollOut(deployment, name, slot.share, place, stable, candidate))
        active.append(stable)
        if shadow is not None:
            shadows.append(shadow)
    return _House(generation, tuple(active), tuple(shadows), tuple(roll_outs))


@dataclass(slots=True)
class _Seen:
    decisions: int = 0
    blocked: int = 0
    failed: int = 0
    durations: dict[int, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(slots=True)
class _Watched:
    decisions: int = 0
    examples: list[str] = field(default_factory=list)


ShadowKey: TypeAlias = tuple[str, int]
"""A policy and its version."""


class Tallies:
    """What came of decisions since somebody last took the counts away. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arms: dict[Arm, _Seen] = {}
        self._shadows: dict[tuple[ShadowKey, Action, Action], _Watched] = {}

    def note(self, choice: Choice, action: Action, *, failed: bool, elapsed_ns: int) -> None:
        """Count a decision for both sides of the roll-outs that it was part of."""
        if not choice.arms:
            return
        bucket, blocked = bucket_of(elapsed_ns), action is Action.BLOCK
        with self._lock:
            for arm in choice.arms:
                seen = self._arms.setdefault(arm, _Seen())
                seen.decisions += 1
                seen.blocked += blocked
                seen.failed += failed
                seen.durations[bucket] += 1

    def note_shadow(self, shadow: Loaded, request_id: str, was: Action, would: Action) -> None:
        """Count what a version that only watches would have decided."""
        key = ((shadow.policy_id, shadow.version), was, would)
        with self._lock:
            watched = self._shadows.setdefault(key, _Watched())
            watched.decisions += 1
            # The newest ones, and only of what would change.
            if was is not would:
                watched.examples.append(request_id)
                del watched.examples[:-_EXAMPLES_MAX]

    def take(self) -> tuple[dict[Arm, ArmCounts], list[tuple[ShadowKey, ShadowChange]]]:
        """Take the counts away."""
        with self._lock:
            arms, self._arms = self._arms, {}
            shadows, self._shadows = self._shadows, {}
        counts = {
            arm: ArmCounts(it.decisions, it.blocked, it.failed, dict(it.durations))
            for arm, it in arms.items()
        }
        changes = [
            (key, ShadowChange(was, would, it.decisions, tuple(it.examples)))
            for (key, was, would), it in shadows.items()
        ]
        return counts, changes
