from pathlib import Path

import pytest

from aidefence import Action, Category, Decision
from aidefence.app.setup import make_setup
from aidefence.app.wiring import corridor_for
from aidefence.domain.asking import Conditions, Detector
from aidefence.domain.decision import Record, Settled
from aidefence.service.inspect import Inspector, conclude

CHARTER = Settled("v", True, (), ())


def _decide(action: int, category: int, confidence: float, found: int | None = None) -> Decision:
    findings = () if found is None else (("r-1", found, 0, 1, 0.9, 2, False, (), ()),)
    record: Record = (action, category, 2, confidence, 0.0, 3, findings, False)
    return Decision(record, CHARTER, 1)


def test_without_a_threshold_the_policy_speaks() -> None:
    assert conclude(_decide(1, 8, 0.5), Conditions()).detected
    assert not conclude(_decide(0, -1, 0.79), Conditions()).detected


def test_a_lower_threshold_turns_allow_into_flag() -> None:
    detection = conclude(_decide(0, -1, 0.6, found=2), Conditions(threshold=0.5))
    assert detection.detected
    assert detection.action is Action.FLAG
    assert detection.category is Category.JAILBREAK


def test_without_evidence_the_confidence_is_of_an_injection() -> None:
    detection = conclude(_decide(0, -1, 0.6), Conditions(threshold=0.5))
    assert detection.category is Category.PROMPT_INJECTION


def test_a_higher_threshold_never_weakens_the_policy() -> None:
    detection = conclude(_decide(4, 0, 0.97), Conditions(threshold=0.99))
    assert not detection.detected
    assert detection.action is Action.BLOCK


@pytest.mark.parametrize("threshold", [0.7, 0.0])
def test_the_threshold_itself_is_detected(threshold: float) -> None:
    assert conclude(_decide(0, -1, threshold), Conditions(threshold=threshold)).detected


def test_what_this_version_lacks_is_told() -> None:
    asked = Conditions(None, (Detector.NEURO_SYMBOLIC, Detector.TEMPORAL), causal_analysis=True)
    checks = [it.check for it in conclude(_decide(0, -1, 0.1), asked).degraded]
    assert checks == ["detector.temporal", "causalAnalysis"]


def test_an_inspector_names_its_rules_also_behind_lists(tmp_path: Path) -> None:
    entries = tmp_path / "lists.toml"
    entries.write_text(
        '[[allow]]\ndomain = "cdn.example.com"\nreason = "our own pictures"\n', "utf-8"
    )
    plain = Inspector(corridor_for(make_setup())).rules()
    listed = Inspector(corridor_for(make_setup(lists=entries))).rules()
    assert {rule.id for rule in plain} <= {rule.id for rule in listed}
    assert len({rule.id for rule in plain}) == len(plain) > 250
