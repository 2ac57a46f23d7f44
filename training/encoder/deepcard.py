"""Writes `tier3.json`, and says how good the whole cascade is with it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from aidefence.fuse.deep import interpolated
from aidefence.knowledge.deep import shipped_folder
from training import data, fusion, metrics
from training.encoder import fuse, lineage, page, texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from aidefence.adapters.encoder import OnnxEncoder
    from aidefence.knowledge.models import ModelFile
    from aidefence.pipeline.corridor import Corridor
    from training.data import Record
    from training.metrics import Flags, Floats

FORMAT = 1
# A system prompt may command: that is what it is for. How much it may is set, not learnt, since all
# that is at hand of that place is harmless; an attack that is loud enough is still heard there.
SYSTEM_WEIGHT = -1.5
# How much briefness counts. The loudest of many windows is loud by chance, and what is long and
# harmless (system prompts, stories) sets the threshold for all. Fitted on dev it would be twice as
# much; half keeps most of the gain and more of the orders that hide in long documents.
BREVITY_WEIGHT = 0.5
# A text that merely asks for harm is told of where so many harmless texts would be.
HARM_RATE = 0.005
HARM_CONFIDENCE = 0.8
# The column of the harm logit in a reading.
HARM = 3
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Judged:
    """Texts as both tiers see them: the engine all of them, the encoder those in the band."""

    records: list[Record]
    scanned: fuse.Scanned
    inside: NDArray[np.int64]
    rows: Floats
    readings: Floats

    @property
    def attack(self) -> Flags:
        """Which texts are attacks."""
        return np.array([record.attack for record in self.records])

    @property
    def sources(self) -> Any:  # noqa: ANN401 - an array of text has no type worth a name
        """Where each text is from."""
        return np.array([record.source for record in self.records])

    @property
    def system(self) -> Flags:
        """Which of the texts in the band stand in the system role."""
        origins = np.array([record.origin for record in self.records])
        return np.asarray(origins[self.inside] == data.SYSTEM_ORIGIN)

    @property
    def given(self) -> Floats:
        """The part of the logits that is set, not fitted: place and length."""
        return SYSTEM_WEIGHT * self.system + BREVITY_WEIGHT * self.scanned.brevities[self.inside]

    def fuse(self, weights: fuse.Weights) -> Floats:
        """Logits of the texts in the band, each in its place."""
        return weights.apply(self.rows) + self.given

    def confidences(self, curve: Curve, logits: Floats) -> Floats:
        """Of the cascade, given the fused logits of the texts in the band."""
        found = self.scanned.confidences.copy()
        found[self.inside] = curve.apply(logits)
        return found


@dataclass(frozen=True, slots=True)
class Curve:
    """From a fused logit to a confidence on the scale of the engine."""

    slope: float
    intercept: float
    thresholds: dict[str, float]
    anchors: tuple[float, float, float]

    def apply(self, logits: Floats) -> Floats:
        """As the product computes them."""
        raw = 1 / (1 + np.exp(-np.clip(self.slope * logits + self.intercept, -60, 60)))
        marks = [self.thresholds[name] for name in metrics.RATES]
        points = ((0.0, 0.0), *zip(marks, self.anchors, strict=True), (1.0, 1.0))
        return np.array([interpolated(points, float(one)) for one in raw])


class Readings:
    """What the encoder said of texts, kept in a file: engines change, what it says does not."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._path = folder / "readings.npz"
        self._threads = threads
        self._model = _digest(folder / "tier3.onnx")
        self._rows: dict[str, Floats] = {}
        if self._path.exists():
            saved = np.load(self._path)
            if str(saved["model"]) == self._model:
                self._rows = dict(zip(saved["ids"].tolist(), saved["rows"], strict=True))

    def of(self, records: Sequence[Record], encoder: OnnxEncoder) -> Floats:
        """One row a text; texts not read before are read and kept."""
        new = [record for record in records if record.id not in self._rows]
        if new:
            rows = fuse.read(encoder, [record.text for record in new], self._threads)
            self._rows.update(zip((record.id for record in new), rows, strict=True))
            ids = sorted(self._rows)
            np.savez_compressed(
                self._path, model=self._model, ids=ids, rows=[self._rows[one] for one in ids]
            )
        return np.array([self._rows[record.id] for record in records]).reshape(len(records), -1)


def judge(
    corridor: Corridor,
    encoder: OnnxEncoder,
    records: Sequence[Record],
    band: tuple[float, float] | None,
    known: Readings,
) -> tuple[Judged, tuple[float, float]]:
    """Scans all texts and reads those in the band, which is found here where none is given."""
    scanned = fuse.scan(corridor, records)
    if band is None:
        band = fuse.band_of(scanned, np.array([record.attack for record in records]))
    inside = np.flatnonzero((scanned.confidences >= band[0]) & (scanned.confidences <= band[1]))
    readings = known.of([records[int(at)] for at in inside], encoder)
    rows = fuse.rows_of(scanned, inside, readings)
    return Judged(list(records), scanned, inside, rows, readings), band


def curve_of(judged: Judged, logits: Floats, model: ModelFile) -> Curve:
    """Platt's sigmoid, laid so that thresholds flag the same shares of all harmless texts."""
    anchors = (model.fpr_5, model.fpr_1, model.fpr_02)
    attack = judged.attack[judged.inside]
    below = int((~judged.attack).sum()) - int((~attack).sum())
    # What is not read can raise no alarm here: it lies below the band.
    every = np.concatenate([logits, np.full(below, logits.min() - 1)])
    labels = np.concatenate([attack, np.zeros(below, bool)])
    limits = {name: metrics.threshold(every, labels, rate) for name, rate in metrics.RATES.items()}
    slope = fusion.platt_slope(logits, attack)
    intercept = float(np.log(model.fpr_1 / (1 - model.fpr_1)) - slope * limits["fpr_1"])
    marks = {
        name: float(1 / (1 + np.exp(-(slope * limit + intercept))))
        for name, limit in limits.items()
    }
    return Curve(slope, intercept, marks, anchors)


def harm_curve(judged: Judged, harmful: Floats) -> dict[str, float]:
    """Platt's sigmoid for requests that merely ask for harm, told from harmless texts."""
    benign = judged.readings[~judged.attack[judged.inside], HARM]
    logits = np.concatenate([harmful, benign])
    labels = np.arange(len(logits)) < len(harmful)
    # The share is of all harmless texts, though only those in the band are read.
    share = HARM_RATE * float((~judged.attack).sum()) / max(1, len(benign))
    limit = metrics.threshold(logits, labels, min(1.0, share))
    slope = fusion.platt_slope(logits, labels)
    intercept = float(np.log(HARM_CONFIDENCE / (1 - HARM_CONFIDENCE)) - slope * limit)
    return {"slope": round(slope, DIGITS), "intercept": round(intercept, DIGITS)}


def card(
    folder: Path,
    model: ModelFile,
    band: tuple[float, float],
    weights: fuse.Weights,
    curve: Curve,
    harm: dict[str, float] | None,
    *,
    dense: str | None = None,
) -> dict[str, Any]:
    """What `tier3.json` says; `folder` holds the other two files, `dense` names tier 2."""
    named = zip(fuse.FEATURES, weights.values, strict=True)
    return {
        "format": FORMAT,
        "name": f"aidefence-tier3-{_digest(folder / 'tier3.onnx')[:12]}",
        "sha256": _digest(folder / "tier3.onnx"),
        "tokenizer_sha256": _digest(folder / "tokenizer.json"),
        "tier1_sha256": hashlib.sha256(model.data).hexdigest(),
        "tier2_sha256": dense,
        "band": list(band),
        "fusion": {
            "bias": round(weights.bias, DIGITS),
            "weights": {
                **{name: round(value, DIGITS) for name, value in named if value},
                "brevity": BREVITY_WEIGHT,
                "system": SYSTEM_WEIGHT,
            },
        },
        "calibration": {
            "slope": round(curve.slope, DIGITS),
            "intercept": round(curve.intercept, DIGITS),
        },
        "harm": harm,
        "kinds": list(data.CATEGORIES),
        "thresholds": {name: round(mark, DIGITS) for name, mark in curve.thresholds.items()},
    }


def as_users(records: Sequence[Record]) -> list[Record]:
    """The same texts, each as if a user had said it, system prompts too."""
    return [replace(record, origin=data.USER_ORIGIN) for record in records]


def report(
    judged: Judged,
    placed: Judged,
    held: Judged,
    weights: fuse.Weights,
    curve: Curve,
    limit: float,
) -> dict[str, Any]:
    """How good the cascade is; `limit` is the confidence that flags 1 % of harmless texts.

    `judged` are all texts as users', `placed` the same with system prompts in the system role.
    """
    attack, sources = judged.attack, judged.sources
    inside = judged.inside
    own = judged.confidences(curve, judged.fuse(weights))
    in_place = placed.confidences(curve, placed.fuse(weights))
    weight = fuse.weigh(sources[inside], attack[inside])
    unseen = fuse.fit_without(judged.rows, attack[inside], weight, sources[inside], judged.given)
    left_out = judged.confidences(curve, unseen)
    engine = judged.scanned.confidences
    twins = held.confidences(curve, held.fuse(weights))
    is_read = np.isin(np.arange(len(attack)), inside)
    return {
        "read": {
            "benign": round(float(is_read[~attack].mean()), 4),
            "attack": round(float(is_read[attack].mean()), 4),
        },
        "dev": {
            "engine": metrics.summarise(engine, attack).as_dict(),
            "cascade": metrics.summarise(own, attack).as_dict(),
            "cascade_source_left_out": metrics.summarise(left_out, attack).as_dict(),
            "cascade_in_place": metrics.summarise(in_place, attack).as_dict(),
        },
        "by_source": metrics.by_group(own, attack, sources.tolist(), limit),
        "by_language": metrics.by_group(own, attack, [r.lang for r in judged.records], limit),
        "twins": {
            "engine": metrics.summarise(held.scanned.confidences, held.attack).as_dict(),
            "encoder": metrics.summarise(_encoder_alone(held), held.attack).as_dict(),
            "cascade": metrics.summarise(twins, held.attack).as_dict(),
            "read": round(len(held.inside) / len(held.records), 4),
            "recall_at_limit": round(float((twins[held.attack] > limit).mean()), 4),
            "fpr_at_limit": round(float((twins[~held.attack] > limit).mean()), 4),
            "by_language": metrics.by_group(
                twins, held.attack, [r.lang for r in held.records], limit
            ),
        },
    }


def _encoder_alone(judged: Judged) -> Floats:
    """Logits of the encoder; what it has not read comes last, as in use."""
    found = np.full(len(judged.records), -np.inf)
    found[judged.inside] = judged.readings[:, 0]
    return found


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lines(found: dict[str, Any]) -> str:
    """The report for people."""
    text = [f"read: {found['read']}"]
    text += [f"dev {name}: {value}" for name, value in found["dev"].items()]
    text += [str(row) for row in found["by_source"]]
    text += [f"twins {name}: {value}" for name, value in found["twins"].items()]
    return "\n".join(text)


def write(
    folder: Path,
    directory: Path,
    corridor: Corridor,
    encoder: OnnxEncoder,
    model: ModelFile,
    threads: int,
    sample: int | None,
) -> dict[str, Any]:
    """The card, `cascade.json` and the page, in `folder`; `sample` as in `evaluate`."""
    dev = texts.few(data.load(directory, "dev"), sample)
    known = Readings(folder, threads)
    judged, band = judge(corridor, encoder, as_users(dev), None, known)
    placed, _ = judge(corridor, encoder, dev, band, known)
    held, _ = judge(corridor, encoder, texts.held_out(), band, known)
    attack, sources = judged.attack[judged.inside], judged.sources[judged.inside]
    weights = fuse.fit(judged.rows, attack, fuse.weigh(sources, attack), judged.given)
    curve = curve_of(judged, judged.fuse(weights), model)
    harmful, _ = judge(
        corridor,
        encoder,
        texts.few(texts.harm_records(directory, "dev"), sample or 300),
        band,
        known,
    )
    harm = harm_curve(judged, harmful.readings[:, HARM])
    tier2 = shipped_folder() / "tier2.aidd"
    dense = _digest(tier2) if tier2.is_file() else None
    made = card(folder, model, band, weights, curve, harm, dense=dense)
    size = sum((folder / name).stat().st_size for name in ("tier3.onnx", "tokenizer.json"))
    (folder / "tier3.json").write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    found = report(judged, placed, held, weights, curve, model.fpr_1)
    (folder / "cascade.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    told = page.page(made, found, lineage.read(folder), size)
    (folder / "tier3.md").write_text(told, "utf-8")
    return found
