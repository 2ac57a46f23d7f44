"""An evaluation as plain data: the report that people, pages and later evaluations read.

`SCHEMA` grows when a field goes away or changes its meaning; new fields alone don't change it.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from aidefence.service.curves import Reliability
from aidefence.service.evaluation import Evaluation, Group
from aidefence.service.evaluation_cases import Case
from aidefence.service.evaluation_latency import CallTimes, LatencyReport
from aidefence.service.measures import Estimate, OperatingPoint, Share

KIND = "aidefence-evaluation"
SCHEMA = 1

Object: TypeAlias = dict[str, Any]


def report_object(result: Evaluation, *, made_by: Object, settings: Object) -> Object:
    """Return the whole report: `made_by` names product and policy, `settings` what was asked."""
    overall = _group_object(result.overall)
    return {
        "kind": KIND,
        "schema": SCHEMA,
        "made_by": made_by,
        "settings": settings,
        "threshold": result.threshold,
        "data_digest": result.data_digest,
        "read": result.read,
        "duplicates": result.duplicates,
        "conflicts": result.conflicts,
        "degraded": {
            check: {"reason": reason, "texts": count}
            for check, (reason, count) in result.degraded.items()
        },
        "tiers": {
            tiers_name(tiers): {"attacks": attacks, "benign": benign}
            for tiers, (attacks, benign) in result.tiers.items()
        },
        "reached": _reached_object(result.tiers),
        "obfuscation_told_by": result.told_by,
        "overall": {
            **overall,
            "reliability": _reliability_object(result.overall.reliability),
            "roc": [
                {"threshold": _finite(it.threshold), "fpr": it.fpr, "recall": it.recall}
                for it in result.curves.roc
            ],
            "histogram": [
                {"low": it.low, "high": it.high, "attacks": it.attacks, "benign": it.benign}
                for it in result.curves.histogram
            ],
        },
        "by": {
            dimension: {name: _group_object(group) for name, group in groups.items()}
            for dimension, groups in result.by.items()
        },
        "worst": {
            "misses": [_case_object(case) for case in result.misses],
            "false_alarms": [_case_object(case) for case in result.false_alarms],
        },
        "latency": _latency_object(result.latency),
    }


def tiers_name(tiers: tuple[int, ...]) -> str:
    """Name a set of tiers: `0+1`."""
    return "+".join(map(str, tiers)) or "none"


def _reached_object(ran: dict[tuple[int, ...], tuple[int, int]]) -> Object:
    """How many attacks and how many benign texts each tier read, of all that there are."""
    kinds = ("attacks", "benign")
    return {
        str(tier): {
            kind: _share_object(
                Share(
                    sum(counts[at] for tiers, counts in ran.items() if tier in tiers),
                    sum(counts[at] for counts in ran.values()),
                )
            )
            for at, kind in enumerate(kinds)
        }
        for tier in sorted({tier for tiers in ran for tier in tiers})
    }


def _group_object(group: Group) -> Object:
    own = group.own
    recall, fpr = own.recall, own.fpr
    return {
        "n": own.total,
        "attacks": own.attacks,
        "benign": own.benign,
        "confusion": {
            "tp": recall.hits if recall else 0,
            "fn": own.attacks - (recall.hits if recall else 0),
            "fp": fpr.hits if fpr else 0,
            "tn": own.benign - (fpr.hits if fpr else 0),
        },
        "recall": _share_object(recall),
        "fpr": _share_object(fpr),
        "precision": own.precision,
        "f1": own.f1,
        "auc": _estimate_object(own.auc),
        "auc_against_all": _estimate_object(group.auc_against_all),
        "recall_at_fpr": {str(x): _point_object(point) for x, point in own.at_fpr.items()},
        "at_overall_fpr": {
            str(x): {"recall": _share_object(found), "fpr": _share_object(alarms)}
            for x, (found, alarms) in group.pooled.items()
        },
        "ece": None if group.reliability is None else group.reliability.ece,
        "brier": None if group.reliability is None else group.reliability.brier,
    }


def _point_object(point: OperatingPoint) -> Object:
    return {
        "threshold": _finite(point.threshold),
        "recall": _share_object(point.recall),
        "fpr": _share_object(point.fpr),
    }


def _finite(threshold: float) -> float | None:
    # JSON has no infinity: null says that no threshold is low enough.
    return None if math.isinf(threshold) else threshold


def _share_object(share: Share | None) -> Object | None:
    if share is None or not share.total:
        return None
    low, high = share.interval
    return {"value": share.value, "low": low, "high": high, "hits": share.hits, "n": share.total}


def _estimate_object(estimate: Estimate | None) -> Object | None:
    if estimate is None:
        return None
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _reliability_object(reliability: Reliability | None) -> list[Object]:
    if reliability is None:
        return []
    return [
        {
            "low": it.low,
            "high": it.high,
            "mean_score": it.mean_score,
            "attacks": _share_object(it.attacks),
        }
        for it in reliability.bins
    ]


def _case_object(case: Case) -> Object:
    body: Object = {
        "id": case.record.name or None,
        "where": case.record.where,
        "digest": case.digest,
        "score": case.score,
        "source": case.record.source,
        "category": case.record.category,
        "language": case.record.language,
        "characters": case.characters,
        "obfuscation": case.obfuscation,
        "action": None if case.action is None else case.action.value,
        "confidences": {category.value: value for category, value in case.confidences},
        "findings": [
            {
                "rule": it.rule_id,
                "category": it.category.value,
                "severity": it.severity.value,
                "score": it.score,
                "explanation": it.explanation,
                "chain": list(it.chain),
                "mention": it.mention,
                "span": [it.span.start, it.span.end],
            }
            for it in case.findings
        ],
        "findings_left_out": case.findings_left_out,
    }
    if case.text is not None:
        # A lone surrogate can stand in a text, but in no file.
        body["text"] = case.text.encode("utf-8", "backslashreplace").decode("utf-8")
        body["text_cut"] = case.characters > len(case.text)
    return body


def _latency_object(latency: LatencyReport | None) -> Object | None:
    if latency is None:
        return None
    return {
        "calls": _times_object(latency.calls),
        "by_tiers": {
            tiers_name(tiers): _times_object(times) for tiers, times in latency.by_tiers.items()
        },
        "by_step": {step: _times_object(times) for step, times in latency.by_step.items()},
    }


def _times_object(times: CallTimes) -> Object:
    return {
        "calls": times.calls,
        "median_us": times.median_ns / 1000,
        "p99_us": times.p99_ns / 1000,
        "max_us": times.max_ns / 1000,
        "characters_median": times.characters_median,
    }
