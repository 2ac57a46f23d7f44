"""Topics by example: read from files, learned from embeddings, heard in a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aidefence.domain.enums import Action
from aidefence.domain.errors import SettingError
from aidefence.domain.lists import DENIED_PREFIX, DenyEntry, ListKind
from aidefence.domain.topics import Topic
from aidefence.knowledge.lists.reader import Fields, entry_parts, read_tables

if TYPE_CHECKING:
    import numpy as np

Embed = Callable[[list[str]], bytes]

TOPICS_MAX = 64
EXAMPLES_MIN, EXAMPLES_MAX = 3, 500
_KEYS = (
    *("id", "reason", "expires", "origin", "direction", "category", "severity", "action"),
    *("examples", "counter", "threshold", "false_alarms"),
)
_FALSE_ALARMS = 0.01
# How much the weights are held back; chosen on the texts in bench/topics.
_HELD_BACK = 1.0


def read_topics(paths: Iterable[Path]) -> tuple[Topic, ...]:
    """Read files of topics.

    Raises:
        ConfigError: a file cannot be read, or a topic of it cannot be meant.

    """
    topics: list[Topic] = []
    for path in paths:
        for table, where, default_id in read_tables(path, "topic", "topics", len(topics)):
            topics.append(_topic(Fields(table, where, _KEYS, "topics"), default_id))
    ids = [it.entry.id for it in topics]
    if len(set(ids)) < len(ids) or len(ids) > TOPICS_MAX:
        raise SettingError("topics", f"at most {TOPICS_MAX} topics, each with an id of its own")
    return tuple(topics)


def _topic(fields: Fields, default_id: str) -> Topic:
    examples, counter = fields.texts("examples"), fields.texts("counter")
    for name, texts, least in (("examples", examples, EXAMPLES_MIN), ("counter", counter, 0)):
        if not least <= len(texts) <= EXAMPLES_MAX or not all(it.strip() for it in texts):
            raise fields.wrong(f"`{name}` has {least} to {EXAMPLES_MAX} texts")
    entry = DenyEntry(
        kind=ListKind.DIGEST,
        pattern="",
        **entry_parts(fields, default_id, Action.FLAG),
    )
    return Topic(
        entry=entry,
        examples=examples,
        counter=counter,
        threshold=fields.number("threshold"),
        false_alarms=_share(fields),
    )


def _share(fields: Fields) -> float:
    share = fields.number("false_alarms")
    if share is None:
        return _FALSE_ALARMS
    if not 0 < share < 1:
        raise fields.wrong("`false_alarms` is a share between 0 and 1")
    return share


@dataclass(frozen=True, slots=True)
class Heard:
    """A topic that a text is about, and the share of other texts that are less so."""

    topic: Topic
    score: float


def topic_name(entry: DenyEntry) -> str:
    """What findings of a topic are called."""
    return f"{DENIED_PREFIX}topic:{entry.id}"


class TopicModel:
    """Linear weights over whitened embeddings, one row a topic. Immutable."""

    def __init__(self, topics: Sequence[Topic], embed: Embed, ordinary: Sequence[str]) -> None:
        """Learn topics from their examples, against their counter-examples and ordinary texts."""
        import numpy as np  # noqa: PLC0415 -- whoever has no topics pays nothing for it

        self._topics = tuple(topics)
        self.entries = {topic_name(it.entry): it.entry for it in self._topics}
        self._embed = embed
        background = _rows(embed, ordinary)
        self._mean = background.mean(axis=0)
        self._scale = 1 / (background.std(axis=0) + 1e-6)
        plain = self._whitened(background)
        learned = [self._learn(topic, plain) for topic in self._topics]
        self._weights = np.stack([weights for weights, _ in learned])
        self._others = [others for _, others in learned]
        self.thresholds = tuple(
            _threshold(topic, others)
            for topic, others in zip(self._topics, self._others, strict=True)
        )

    def scores(self, text: str) -> tuple[float, ...]:
        """How much a text is about each topic: about 1 for an example, -1 for ordinary texts."""
        row = self._whitened(_rows(self._embed, [text]))
        found = self._weights @ _with_one(row)[0]
        return tuple(float(it) for it in found)

    def hear(self, text: str) -> list[Heard]:
        """The topics that a text is about."""
        if not text.strip():
            return []
        found = []
        for topic, others, score, limit in zip(
            self._topics, self._others, self.scores(text), self.thresholds, strict=True
        ):
            if score >= limit:
                found.append(Heard(topic, float((others < score).mean())))
        return found

    def _whitened(self, rows: np.ndarray) -> np.ndarray:
        import numpy as np  # noqa: PLC0415 -- see above

        white = (rows - self._mean) * self._scale
        length = np.linalg.norm(white, axis=1, keepdims=True)
        unit: np.ndarray = white / np.maximum(length, 1e-9)
        return unit

    def _learn(self, topic: Topic, plain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weights of a topic, and the scores of each other text as if it had not been learned."""
        import numpy as np  # noqa: PLC0415 -- see above

        mine = self._whitened(_rows(self._embed, topic.examples))
        rows = [mine, plain]
        if topic.counter:
            rows.append(self._whitened(_rows(self._embed, topic.counter)))
        every = _with_one(np.concatenate(rows))
        count, others = len(mine), len(every) - len(mine)
        wanted = np.where(np.arange(len(every)) < count, 1.0, -1.0)
        # Both sides weigh the same, however few the examples are.
        held_back = np.where(wanted > 0, _HELD_BACK * count / others, _HELD_BACK)
        inverse = np.linalg.inv(every @ every.T + np.diag(held_back))
        dual = inverse @ wanted
        left_out = wanted - dual / np.diag(inverse)
        return every.T @ dual, left_out[count:]


def _threshold(topic: Topic, others: np.ndarray) -> float:
    import numpy as np  # noqa: PLC0415 -- see above

    if topic.threshold is not None:
        return topic.threshold
    return float(np.quantile(others, 1 - topic.false_alarms))


def _rows(embed: Embed, texts: Sequence[str]) -> np.ndarray:
    import numpy as np  # noqa: PLC0415 -- see above

    found: np.ndarray = np.frombuffer(embed(list(texts)), "<f4").astype(np.float64)
    return found.reshape(len(texts), -1)


def _with_one(rows: np.ndarray) -> np.ndarray:
    import numpy as np  # noqa: PLC0415 -- see above

    return np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
