import json
from pathlib import Path
from typing import Any

import pytest
from tests import deep_model

from aidefence import ModelError
from aidefence.knowledge import deep
from aidefence.knowledge.cards import Knots, Platt


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return deep_model.write(tmp_path_factory.mktemp("deep"))


def _load_with(folder: Path, tmp_path: Path, **changes: Any) -> deep.DeepCard | None:
    for name in ("tier3.onnx", "tier3.tokenizer.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    card = {**deep_model.card_of(folder), **changes}
    (tmp_path / "tier3.json").write_text(json.dumps(card))
    return deep.load(tmp_path)


def test_where_nothing_is_there_is_no_model(tmp_path: Path) -> None:
    assert deep.load(tmp_path) is None


def test_a_card_says_all_of_it(folder: Path) -> None:
    card = deep.load(folder)
    assert card is not None
    card.verify()
    assert card.band == (0.0, 1.0)
    assert card.calibration == Platt(1.0, 0.0)
    assert card.kinds == tuple(range(7))
    assert card.kind_features[2] == "kind_jailbreak"
    assert card.limits.milliseconds_max == 20_000
    assert card.limits.window_tokens == 126


def test_knots_are_a_calibration_too(folder: Path, tmp_path: Path) -> None:
    card = _load_with(folder, tmp_path, calibration={"knots": [[-1, 0.1], [2, 0.9]]}, harm=None)
    assert card is not None
    assert card.calibration == Knots(((-1.0, 0.1), (2.0, 0.9)))
    assert card.harm is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"format": 2}, "format `2`"),
        ({"sha256": "abc"}, "SHA-256"),
        ({"band": [0.9, 0.1]}, "band"),
        ({"band": 0.5}, "pair"),
        ({"band": [0.1, 0.2, 0.3]}, "unpack"),
        ({"kinds": ["nonsense"]}, "`nonsense` is no category"),
        ({"kinds": ["jailbreak", "jailbreak"]}, "each once"),
        ({"fusion": {"bias": 0, "weights": {"moon": 1}}}, "cannot weigh `moon`"),
        ({"fusion": {"bias": None, "weights": {}}}, "finite number"),
        ({"fusion": {"weights": {}}}, "no key 'bias'"),
        ({"calibration": {"slope": -1, "intercept": 0}}, "must rise"),
        ({"calibration": {"knots": [[0, 0.5], [0, 0.6]]}}, "must rise"),
        ({"calibration": {"knots": [[0, 0.5], [1, 1.6]]}}, "between 0 and 1"),
        ({"calibration": {"knots": []}}, "knots"),
        ({"thresholds": {"fpr_5": 0.9, "fpr_1": 0.8, "fpr_02": 0.99}}, "must rise"),
        ({"limits": {"rows": 1}}, "no limit is called `rows`"),
        ({"limits": {"rows_max": 0}}, "whole number"),
        ({"limits": []}, "object"),
    ],
)
def test_a_wrong_card_is_refused(
    folder: Path, tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(ModelError, match=told):
        _load_with(folder, tmp_path, **changes)


def test_a_card_that_is_no_json_is_refused(folder: Path, tmp_path: Path) -> None:
    _load_with(folder, tmp_path)
    (tmp_path / "tier3.json").write_text("{")
    with pytest.raises(ModelError, match=r"tier3\.json"):
        deep.load(tmp_path)


def test_a_missing_or_changed_file_is_named(folder: Path, tmp_path: Path) -> None:
    card = _load_with(folder, tmp_path)
    assert card is not None
    (tmp_path / "tier3.onnx").write_bytes(b"changed")
    with pytest.raises(ModelError, match=r"tier3\.onnx"):
        card.verify()
    (tmp_path / "tier3.tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"tier3\.tokenizer\.json"):
        deep.load(tmp_path)
