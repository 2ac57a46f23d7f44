"""Measures: area under the curve, recall at fixed false-positive rates, tables by group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

RATES = {"fpr_5": 0.05, "fpr_1": 0.01, "fpr_02": 0.002}


@dataclass(frozen=True, slots=True)
class Summary:
    """How well a score tells attacks from benign texts."""

    attacks: int
    benign: int
    auc: float
    recall: dict[str, float]

    def line(self) -> str:
        """One line for people."""
        recalls = ", ".join(f"{name} {value:.3f}" for name, value in self.recall.items())
        return f"AUC {self.auc:.4f}, recall at {recalls} ({self.attacks} to {self.benign})"

    def as_dict(self) -> dict[str, object]:
        """For a JSON report."""
        return {
            "attacks": self.attacks,
            "benign": self.benign,
            "auc": round(self.auc, 4),
            "recall": {name: round(value, 4) for name, value in self.recall.items()},
        }


def auc(scores: Floats, attack: Flags) -> float:
    """Chance that an attack scores higher than a benign text."""
    ranks = rankdata(scores)
    attacks, benign = int(attack.sum()), int((~attack).sum())
    if attacks == 0 or benign == 0:
        return float("nan")
    return float((ranks[attack].sum() - attacks * (attacks + 1) / 2) / (attacks * benign))


def threshold(scores: Floats, attack: Flags, rate: float, weights: Floats | None = None) -> float:
    """The score that at most the share `rate` of benign texts (by weight) lies above."""
    benign = scores[~attack]
    weight = np.ones(len(benign)) if weights is None else weights[~attack]
    order = np.argsort(-benign, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    at = int(np.searchsorted(share, rate, side="right"))
    return float(benign[order[min(at, len(order) - 1)]])


def summarise(scores: Floats, attack: Flags, weights: Floats | None = None) -> Summary:
    """The measures used for every choice. Weights count for the thresholds only."""
    recall = {
        name: float((scores[attack] > threshold(scores, attack, rate, weights)).mean())
        for name, rate in RATES.items()
    }
    return Summary(int(attack.sum()), int((~attack).sum()), auc(scores, attack), recall)


def by_group(
    scores: Floats, attack: Flags, groups: Sequence[str], limit: float
) -> list[dict[str, object]]:
    """Recall and false-positive rate of each group at one threshold."""
    names = np.array(groups)
    table = []
    for name in sorted(set(groups)):
        mine = names == name
        hits, alarms = scores[mine & attack], scores[mine & ~attack]
        table.append(
            {
                "group": name,
                "attacks": len(hits),
                "recall": round(float((hits > limit).mean()), 4) if len(hits) else None,
                "benign": len(alarms),
                "fpr": round(float((alarms > limit).mean()), 4) if len(alarms) else None,
                "auc": round(auc(scores[mine], attack[mine]), 4)
                if len(hits) and len(alarms)
                else None,
            }
        )
    return table
