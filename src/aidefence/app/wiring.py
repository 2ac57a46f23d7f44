"""Tie the rooms together: from a setup to a corridor. Equal setups share one engine."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING

from aidefence.adapters.system import SystemClock
from aidefence.app.deep import DeepPart, open_deep
from aidefence.app.dense import DensePart, open_dense
from aidefence.app.setup import Setup
from aidefence.domain.content import Degraded
from aidefence.domain.enums import Profile
from aidefence.domain.errors import SettingError
from aidefence.domain.lists import ListSet
from aidefence.domain.topics import Topic
from aidefence.engine import Engine, RuleInfo
from aidefence.knowledge import models, rulebook
from aidefence.knowledge.lists.denied import finding_name, rule_files
from aidefence.knowledge.lists.reader import read_lists
from aidefence.knowledge.models import ModelFile
from aidefence.knowledge.rulebook import RuleFile
from aidefence.knowledge.topics import TopicModel, read_topics, topic_name
from aidefence.pipeline.cascade import Cascade
from aidefence.pipeline.corridor import Corridor
from aidefence.pipeline.listed import ListedEngine
from aidefence.policy.profiles import Anchors, Policy, make_policy
from aidefence.respond.charter import PolicyCharter
from aidefence.service.ordinary_texts import ORDINARY_TEXTS

if TYPE_CHECKING:
    from aidefence.service.house import House

_ENGINES_MAX = 16
# Without a model nothing anchors the confidences; rules speak at their own word.
_RULES_ALONE = Anchors(fpr_5=0.5, fpr_1=0.8, fpr_02=0.95)
_NO_MODEL = Degraded("tier1.model", "this installation holds no model: only rules were asked")

_NO_LISTS = ListSet()

_building = Lock()


def corridor_for(setup: Setup) -> Corridor:
    """Build a corridor, or hand out the one an equal setup already built."""
    own = () if setup.rules_dir is None else rulebook.from_folder(setup.rules_dir)
    lists = read_lists(setup.lists) if setup.lists else _NO_LISTS
    topics = read_topics(setup.topics) if setup.topics else ()
    if setup.policies:
        # They decide after the corridor: with other policies it is the same one.
        setup = replace(setup, policies=())
    # One at a time: guards made by many threads at once must not build the same engine twice.
    with _building:
        return _build(setup, own, lists, topics)


def house_for(setup: Setup) -> House | None:
    """Make what holds policies against decisions, where there are some; they are read anew."""
    if not setup.policies:
        return None
    # The language costs more than all of this: only who has policies loads it.
    from aidefence.app.policy_files import open_house  # noqa: PLC0415

    return open_house(setup.policies)


def forget() -> None:
    """Let go of all corridors that nobody uses any more; those in use go on."""
    _build.cache_clear()


@lru_cache(maxsize=_ENGINES_MAX)
def _build(
    setup: Setup, own: tuple[RuleFile, ...], lists: ListSet, topics: tuple[Topic, ...]
) -> Corridor:
    own = (*own, *rule_files(lists))
    shipped, model = rulebook.shipped(), models.load()
    anchors = _anchors(model)
    overrides = dict(setup.thresholds), dict(setup.answer_thresholds)
    policies = {profile: make_policy(profile, anchors, *overrides) for profile in Profile}
    policy = policies[setup.profile]
    dense = open_dense(setup, model, anchors)
    engine = Engine(
        [rule.pair for rule in shipped],
        None if model is None else model.data,
        flag=policy.flag,
        block=policy.block,
        paranoia=setup.paranoia,
        exclude=[exclusion.pair for exclusion in setup.exclude],
        user_rules=[rule.pair for rule in own],
        dense=dense.part,
        answers=(policy.of_answers().flag, policy.of_answers().block),
    )
    rules = engine.rules()
    deep = open_deep(setup, (model, dense.sha256), anchors, policy, _ids_of(rules, own))
    charter = PolicyCharter(
        policy=policy,
        policy_version=_version(
            setup, policy, (*shipped, *own), model, dense, deep, _digest(lists, topics)
        ),
        titles={
            **{rule.id: rule.title for rule in rules},
            **{finding_name(entry): entry.reason for entry in lists.deny},
            **{topic_name(it.entry): it.entry.reason for it in topics},
        },
        enforced=policy.enforced,
        knowledge={
            "rules": rulebook.digest((*shipped, *own)),
            "model": f"{model.name}-{model.digest}" if model else "none",
            "dense": dense.name,
            "deep": deep.name,
        },
        entities={rule.id: rule.entity for rule in rules if rule.entity},
        policies=policies,
    )
    clock, degraded = SystemClock(), () if model else (_NO_MODEL,)
    judge: Engine | ListedEngine = engine
    if lists or topics:
        heard = _topics(topics, dense)
        judge = ListedEngine(engine, lists, clock, charter.entities, heard)
    if deep.tier is None:
        return Corridor(judge, charter, clock, degraded, (*dense.notes, *deep.notes))
    return Cascade(judge, charter, clock, degraded, dense.notes, deep=deep.tier)


def _topics(topics: tuple[Topic, ...], dense: DensePart) -> TopicModel | None:
    if not topics:
        return None
    if dense.part is None:
        raise SettingError("topics", "they need the dense model, which does not speak here")
    return TopicModel(topics, dense.part[0].embed, ORDINARY_TEXTS)


def _digest(lists: ListSet, topics: tuple[Topic, ...]) -> str:
    """Name lists and topics by all that they say; nothing where there are none."""
    if not (lists or topics):
        return ""
    told = [(it, it.pattern, sorted(it.scope.categories)) for it in (*lists.allow, *lists.deny)]
    about = [(it, it.examples, it.counter) for it in topics]
    said = repr((told, about)).encode("utf-8", "surrogatepass")
    return blake2b(said, digest_size=8).hexdigest()


def _ids_of(rules: tuple[RuleInfo, ...], files: tuple[RuleFile, ...]) -> frozenset[str]:
    paths = {file.path for file in files}
    return frozenset(rule.id for rule in rules if rule.path in paths)


def _anchors(model: ModelFile | None) -> Anchors:
    if model is None:
        return _RULES_ALONE
    return Anchors(fpr_5=model.fpr_5, fpr_1=model.fpr_1, fpr_02=model.fpr_02)


def _version(
    setup: Setup,
    policy: Policy,
    rules: tuple[RuleFile, ...],
    model: ModelFile | None,
    dense: DensePart,
    deep: DeepPart,
    lists: str,
) -> str:
    """Name everything that can change a decision."""
    spoken = (
        rulebook.digest(rules),
        model.digest if model else "",
        repr(policy.thresholds),
        repr(policy.answers),
        repr(setup.exclude),
        str(setup.paranoia),
        *((dense.name,) if dense.part else ()),
        *((lists,) if lists else ()),
        # Where no deep model speaks, nothing about it can change a decision.
        *((deep.name, setup.on_error.value) if deep.tier else ()),
    )
    state = blake2b("\0".join(spoken).encode(), digest_size=6)
    return f"{setup.profile.value}-{state.hexdigest()}"
