"""The report's shape is a promise: a small one is kept, and must come out the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aidefence.service.evaluation import Options, evaluate
from aidefence.service.evaluation_report import report_object
from aidefence.service.labelled import LabelledText

GOLDEN = Path(__file__).with_name("evaluation_report.json")


def _score(texts: Sequence[str]) -> np.ndarray:
    return np.asarray([float(text.split()[0]) for text in texts])


def _records() -> list[LabelledText]:
    rows = [
        *(("0.95 a", True, "mail", "jailbreak", "en"), ("0.75 b", True, "mail", "jailbreak", "de")),
        *(("0.25 c", True, "chat", "jailbreak", "en"), ("0.75 d", False, "mail", "benign", "en")),
        *(("0.35 e", False, "chat", "benign", "en"), ("0.05 f", False, "calm", "benign", "fr")),
        *(("0.05 f", False, "chat", "benign", "fr"), ("0.05 f", False, "calm", "benign", "fr")),
    ]
    records = [LabelledText(*row, "prompt", name=f"r{at}") for at, row in enumerate(rows)]
    return [replace(records[0], obfuscation="leet"), *records[1:]]


def test_a_small_report_is_the_kept_one() -> None:
    options = Options(threshold=0.5, worst=2)
    result = evaluate(_records(), _score, options)
    got = report_object(result, made_by={"version": "0"}, settings={"profile": "balanced"})
    kept = json.loads(GOLDEN.read_text("utf-8"))
    _compare(json.loads(json.dumps(got, allow_nan=False)), kept, "")


def _compare(got: Any, kept: Any, path: str) -> None:
    told = f"{path}: if a field went away or means something else, `SCHEMA` must grow"
    assert type(got) is type(kept), told
    if isinstance(kept, dict):
        assert list(got) == list(kept), told
    if isinstance(kept, dict | list):
        assert len(got) == len(kept), told
        for step in kept if isinstance(kept, dict) else range(len(kept)):
            _compare(got[step], kept[step], f"{path}/{step}")
    elif isinstance(kept, float):
        # Mathematical libraries differ in the last digits.
        assert got == pytest.approx(kept, abs=1e-9), told
    else:
        assert got == kept, told
