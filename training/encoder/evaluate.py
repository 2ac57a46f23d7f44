"""Measures the encoder on dev and on the written twins set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from training import data, metrics
from training.encoder import network, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Read = Callable[[Sequence[str]], NDArray[np.float32]]


def report(directory: Path, read: Read, *, sample: int | None = None) -> dict[str, Any]:
    """Dev by source and language, the harm head, the kinds, and the written twins.

    `sample` takes at most so many texts of each source and label, always the same ones.
    """
    dev = texts.few(data.load(directory, "dev"), sample)
    logits = read([record.text for record in dev])
    scores = logits[:, network.ATTACK].astype(float)
    attack = np.array([record.attack for record in dev])
    limit = metrics.threshold(scores, attack, metrics.RATES["fpr_1"])
    found: dict[str, Any] = {
        "dev": metrics.summarise(scores, attack).as_dict(),
        "limit_fpr_1": limit,
        "by_source": metrics.by_group(scores, attack, [record.source for record in dev], limit),
        "by_language": metrics.by_group(scores, attack, [record.lang for record in dev], limit),
        "kinds": _kinds(logits, dev),
        "harm": _harm(directory, read, logits, attack, sample),
    }
    held = texts.held_out()
    if held:
        found["written_held_out"] = twins(held, read, limit)
    return found


def twins(held: Sequence[data.Record], read: Read, limit: float) -> dict[str, Any]:
    """How well attacks are told from their own twins, and from all twins together."""
    scores = read([record.text for record in held])[:, network.ATTACK].astype(float)
    attack = np.array([record.attack for record in held])
    sides: dict[str, dict[bool, float]] = {}
    for record, score in zip(held, scores, strict=True):
        if record.pair:
            sides.setdefault(record.pair, {})[record.attack] = score
    whole = [pair for pair in sides.values() if len(pair) == 2]
    return {
        "pairs": len(whole),
        "attack_above_its_twin": round(float(np.mean([p[True] > p[False] for p in whole])), 4)
        if whole
        else None,
        "all": metrics.summarise(scores, attack).as_dict(),
        "recall_at_dev_limit": round(float((scores[attack] > limit).mean()), 4),
        "fpr_at_dev_limit": round(float((scores[~attack] > limit).mean()), 4),
        "by_language": metrics.by_group(scores, attack, [r.lang for r in held], limit),
    }


def _kinds(logits: NDArray[np.float32], records: Sequence[data.Record]) -> dict[str, Any]:
    known = [
        (at, data.CATEGORIES.index(record.category))
        for at, record in enumerate(records)
        if record.attack and record.category in data.CATEGORIES
    ]
    rows, kinds = (np.array(side) for side in zip(*known, strict=True))
    told = logits[rows, network.KINDS :].argmax(1)
    return {
        "accuracy": round(float((told == kinds).mean()), 4),
        "recall": {
            name: round(float((told[kinds == at] == at).mean()), 4)
            for at, name in enumerate(data.CATEGORIES)
            if (kinds == at).any()
        },
    }


def _harm(
    directory: Path,
    read: Read,
    logits: NDArray[np.float32],
    attack: NDArray[np.bool_],
    sample: int | None,
) -> dict[str, object]:
    harmful = texts.few(texts.harm_records(directory, "dev"), sample)
    asked = read([record.text for record in harmful])
    scores = np.concatenate([asked[:, network.HARM], logits[~attack, network.HARM]]).astype(float)
    labels = np.arange(len(scores)) < len(harmful)
    return metrics.summarise(scores, labels).as_dict()


def lines(found: dict[str, Any]) -> str:
    """The report for people."""
    text = [f"dev {found['dev']}", f"harm {found['harm']}", f"kinds {found['kinds']}"]
    text += [str(row) for row in found["by_source"]]
    if "written_held_out" in found:
        held = dict(found["written_held_out"])
        table = held.pop("by_language")
        text += [f"written twins {held}", *(str(row) for row in table)]
    return "\n".join(text)
