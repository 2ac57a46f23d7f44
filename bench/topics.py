"""Topics by example: how well a few texts tell others on their topic from the rest."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from aidefence.domain.enums import Action, Category, Severity
from aidefence.domain.lists import DenyEntry, ListKind, Scope
from aidefence.domain.topics import Topic
from aidefence.knowledge import dense
from aidefence.knowledge.topics import Embed, TopicModel
from aidefence.service.ordinary_texts import ORDINARY_TEXTS
from bench.record import Outcome

_TEXTS = Path(__file__).parent / "texts" / "topics.toml"
_SEED = 20261123
_ROUNDS = 3
_EXAMPLES, _COUNTER, _UNSEEN = 15, 40, 105


def measure() -> Outcome:
    """Learn each topic from half of its texts, and ask about the other half and other topics."""
    file = dense.load(None)
    if file is None:
        raise SystemExit("topics: this installation holds no dense model")
    model = file.model
    with _TEXTS.open("rb") as stream:
        by_topic = {
            name: [text for texts in languages.values() for text in texts]
            for name, languages in tomllib.load(stream).items()
        }
    metrics: dict[str, Any] = {}
    for label, count in (("with_counter", _COUNTER), ("alone", 0)):
        dice = Random(_SEED)
        found = [
            _one(model.embed, by_topic, name, count, dice)
            for name in by_topic
            for _ in range(_ROUNDS)
        ]
        for at, metric in enumerate(("auc", "recall", "false_alarms")):
            metrics[f"{metric}_{label}"] = round(float(np.mean([it[at] for it in found])), 3)
    metrics["microseconds"] = _microseconds(model.embed, by_topic)
    texts = sum(map(len, by_topic.values()))
    return Outcome(
        results=metrics,
        payload=f"{texts} texts on {len(by_topic)} topics in four languages; {_EXAMPLES} examples "
        f"each, 0 or {_COUNTER} counter-examples, {_UNSEEN} texts on other topics unseen",
        repetitions=_ROUNDS,
    )


def _one(
    embed: Embed, by_topic: Mapping[str, list[str]], name: str, counter: int, dice: Random
) -> tuple[float, float, float]:
    mine = dice.sample(by_topic[name], len(by_topic[name]))
    others = [text for other, texts in by_topic.items() if other != name for text in texts]
    others = dice.sample(others, len(others))
    topic = _topic(mine[:_EXAMPLES], others[:counter])
    learned = TopicModel([topic], embed, ORDINARY_TEXTS)
    left = np.array([learned.scores(text)[0] for text in mine[_EXAMPLES:]])
    rest = np.array([learned.scores(text)[0] for text in others[-_UNSEEN:]])
    limit = learned.thresholds[0]
    auc = float((left[:, None] > rest[None, :]).mean())
    return auc, float((left >= limit).mean()), float((rest >= limit).mean())


def _topic(examples: list[str], counter: list[str]) -> Topic:
    entry = DenyEntry(
        id="it",
        kind=ListKind.DIGEST,
        pattern="",
        scope=Scope(),
        reason="it",
        expires_ms=None,
        category=Category.ANOMALY,
        severity=Severity.LOW,
        action=Action.FLAG,
    )
    return Topic(entry, tuple(examples), tuple(counter), None, 0.01)


def _microseconds(embed: Embed, by_topic: Mapping[str, list[str]]) -> float:
    topics = [_topic(texts[:_EXAMPLES], []) for texts in by_topic.values()]
    learned = TopicModel(topics, embed, ORDINARY_TEXTS)
    texts = [text for texts in by_topic.values() for text in texts]
    start = time.perf_counter()
    for text in texts:
        learned.hear(text)
    return (time.perf_counter() - start) / len(texts) * 1e6
