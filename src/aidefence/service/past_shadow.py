"""What a version would have decided about requests of the past, as far as they are remembered.

An episode holds what was found, where, and for whom; never what was said, nor which tool was
called. Rules that ask for more are left out, and named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from aidefence.domain.access import UNKNOWN, Caller
from aidefence.domain.asking import Context
from aidefence.domain.content import Inspection
from aidefence.domain.decision import Decision, FindingRecord, Record, Settled
from aidefence.domain.enums import Action
from aidefence.domain.episode import Episode, Evidence
from aidefence.domain.errors import SettingError
from aidefence.domain.policy_store import PolicyVersion, ShadowChange
from aidefence.policy.catalog import resolve
from aidefence.policy.conditions import Cond, Ltl, features_of
from aidefence.policy.image import Image
from aidefence.ports.policy_states import PolicyStates
from aidefence.service.episodes import Episodes
from aidefence.service.policies import Policies
from aidefence.service.policing import Panel, Policing, Running
from aidefence.service.policy_seen import Seen

EPISODES_MAX = 10_000
EPISODES = 1_000
"""So many are looked at where nobody says."""
_EXAMPLES_MAX = 20
_HELD = frozenset(
    {
        *("confidence", "category", "severity", "matched", "found", "found_count", "degraded"),
        *("profile.action", "direction", "user", "tenant", "door", "time.of_day", "time.weekday"),
    }
)
"""What an episode tells, by names of the catalog; of a confidence not the origin."""
_BY_PROFILE = "profile.action"


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A rule that could not be judged, and what it asks for that episodes do not hold."""

    rule: str
    asks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PastShadow:
    """What one version would have decided about the newest episodes of a tenant."""

    version: PolicyVersion
    episodes: int
    """How many were judged."""
    skipped: int
    """How many were not: policies decided them, and what the profile alone said is not kept."""
    since_ms: int | None
    changes: tuple[ShadowChange, ...]
    rules: tuple[tuple[str, int], ...]
    """How often each rule would have led, the most frequent first."""
    unjudged: tuple[Unjudged, ...]


class PastShadows:
    """Replays what is remembered. Safe to share between threads; takes seconds, not moments."""

    __slots__ = ("_entities", "_episodes", "_policies", "_states")

    def __init__(
        self,
        policies: Policies,
        episodes: Episodes,
        entities: Callable[[], Mapping[str, str]],
        states: Callable[[], PolicyStates],
    ) -> None:
        """`entities` names the data that rules find; `states` gives a fresh memory."""
        self._policies = policies
        self._episodes = episodes
        self._entities = entities
        self._states = states

    def replay(
        self, policy_id: str, caller: Caller, version: int | None = None, last: int = EPISODES
    ) -> PastShadow:
        """Ask a version, by default the newest, about the last episodes of the caller's tenant.

        Raises:
            SettingError: too many are asked for.
            NotFoundError: there is no such policy or version.
            UnavailableError: the store does not answer.

        """
        if not 0 < last <= EPISODES_MAX:
            raise SettingError("last", f"expected 1 to {EPISODES_MAX}")
        found = self._policies.find(policy_id, caller, version)
        image, unjudged = _judgeable(found.image)
        by_profile = _asks_profile(image)
        kept = sorted(self._episodes.newest(caller, last), key=lambda it: it.cursor)
        judged = [it for it in kept if not (by_profile and "+" in it.policy_version)]
        changes, rules = self._judge(image, judged)
        return PastShadow(
            found.version,
            len(judged),
            len(kept) - len(judged),
            judged[0].at_ms if judged else None,
            changes,
            rules,
            unjudged,
        )

    def _judge(
        self, image: Image, episodes: Sequence[Episode]
    ) -> tuple[tuple[ShadowChange, ...], tuple[tuple[str, int], ...]]:
        panel = Panel([Running.of(image)])
        clock = count(1)
        policing = Policing(self._states(), lambda: next(clock))
        entities = self._entities()
        counted: Counter[tuple[Action, Action]] = Counter()
        examples: dict[tuple[Action, Action], list[str]] = {}
        rules: Counter[str] = Counter()
        for it in episodes:
            ruling = policing.rule(_seen(it, entities), panel)
            key = it.action, ruling.action
            counted[key] += 1
            rules.update(ruling.rules[:1])
            if it.action is not ruling.action:
                examples.setdefault(key, []).append(it.id)
        changes = tuple(
            ShadowChange(was, would, times, tuple(examples.get((was, would), ())[-_EXAMPLES_MAX:]))
            for (was, would), times in counted.most_common()
        )
        return changes, tuple(rules.most_common())


def _judgeable(image: Image) -> tuple[Image, tuple[Unjudged, ...]]:
    """Leave out what no episode can be judged by."""
    untold = {at: it.name for at, it in enumerate(image.features) if not _is_held(image, at)}
    unjudged: list[Unjudged] = []

    def judges(name: str, asks: Cond | Ltl) -> bool:
        missing = {untold[at] for at in _features(image, asks) if at in untold}
        if missing:
            unjudged.append(Unjudged(name, tuple(sorted(missing))))
        return not missing

    rules = tuple(it for it in image.rules if judges(it.id, it.when))
    temporal = tuple(it for it in image.temporal if judges(it.id, it.formula))
    return replace(image, rules=rules, temporal=temporal), tuple(unjudged)


def _asks_profile(image: Image) -> bool:
    every = [*(it.when for it in image.rules), *(it.formula for it in image.temporal)]
    asked = (image.features[at].name for asks in every for at in _features(image, asks))
    return _BY_PROFILE in asked


def _is_held(image: Image, at: int) -> bool:
    feature = image.features[at]
    if not feature.is_raw:
        # What looks back stands on others, which are looked at themselves.
        return True
    try:
        asked = resolve(feature.name)
    except ValueError:
        return False
    return asked.spec.name in _HELD and not asked.origin


def _features(image: Image, asks: Cond | Ltl) -> frozenset[int]:
    """Give the numbers of all features that a condition stands on, also through what looks back."""
    known: set[int] = set()
    waiting = set(features_of(asks))
    while waiting:
        at = waiting.pop()
        known.add(at)
        feature = image.features[at]
        behind = (feature.history, None if feature.count is None else feature.count.when)
        waiting |= {it for part in behind if part for it in features_of(part)} - known
    return frozenset(known)


def _seen(it: Episode, entities: Mapping[str, str]) -> Seen:
    findings = tuple(map(_finding, it.evidence))
    category = -1 if it.category is None else it.category.code
    score = max((found.score for found in it.evidence), default=0.0)
    record: Record = (
        *(it.action.code, category, it.severity.code, it.confidence, score),
        *(sum(1 << tier for tier in it.tiers), findings, 0),
    )
    named = tuple((found.rule_id, entities.get(found.rule_id)) for found in it.evidence)
    charter = Settled(it.policy_version, it.enforced, (), (), named)
    return Seen(
        Decision(record, charter, it.elapsed_ns, (), it.degraded),
        Inspection((), it.direction),
        caller=replace(UNKNOWN, id=it.caller, tenant=it.tenant),
        context=Context(it.user, it.session),
        door=it.door,
        now_ms=it.at_ms,
    )


def _finding(it: Evidence) -> FindingRecord:
    return (
        *(it.rule_id, it.category.code, it.span.start, it.span.end, it.score, it.severity.code),
        *(it.mention, it.chain, ()),
    )
