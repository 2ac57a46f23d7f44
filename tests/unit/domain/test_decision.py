import copy
import pickle

import pytest

from aidefence import Action, Category, Decision, Degraded, Severity
from aidefence.domain.decision import FindingRecord, Record, Settled

FINDING: FindingRecord = ("pi-1", 0, 2, 9, 0.9, 3, False, ("base64",), ((2, 4), (5, 9)))
RECORD: Record = (4, 0, 2, 0.97, 3.5, 0b11, (FINDING,), False)
BENIGN: Record = (0, -1, 0, 0.01, -4.0, 0b11, (), False)
CHARTER = Settled(
    "balanced-1", True, (("pi-1", "Drops orders"),), ("because",), (("pii-1", "iban"),)
)


def test_decision_unfolds_its_record() -> None:
    decision = Decision(RECORD, CHARTER, 750)
    assert decision.action is Action.BLOCK
    assert decision.blocked
    assert decision.category is Category.PROMPT_INJECTION
    assert decision.severity is Severity.HIGH
    assert decision.confidence == 0.97
    assert decision.tiers == (0, 1)
    assert decision.timings[0].nanoseconds == 750
    assert decision.reasons == ("because",)
    (finding,) = decision.findings
    assert finding.explanation == "Drops orders"
    assert finding.chain == ("base64",)
    assert [(match.span.start, match.span.end) for match in finding.matches] == [(2, 4), (5, 9)]
    assert "LLM01" in finding.taxonomy.ids


def test_a_finding_names_the_kind_of_thing_it_is() -> None:
    account: FindingRecord = ("pii-1", 8, 0, 22, 0.9, 1, False, (), ())
    record: Record = (1, 8, 1, 0.9, -3.0, 0b11, (account, FINDING), 0)
    decision = Decision(record, CHARTER, 1)
    assert [finding.entity for finding in decision.findings] == ["iban", None]
    twin = pickle.loads(pickle.dumps(decision))
    assert twin.findings == decision.findings


def test_benign_has_no_category() -> None:
    decision = Decision(BENIGN, CHARTER, 1)
    assert decision.category is None
    assert not decision.verdict.is_attack
    assert not decision.blocked


def test_observing_never_blocks() -> None:
    watching = Settled("observe-1", False, (), ())
    decision = Decision(RECORD, watching, 1)
    assert decision.action is Action.BLOCK
    assert not decision.enforced
    assert not decision.blocked


def test_verdict_is_made_once() -> None:
    decision = Decision(RECORD, CHARTER, 1)
    assert decision.verdict is decision.verdict


def test_time_does_not_count_for_equality() -> None:
    assert Decision(RECORD, CHARTER, 1) == Decision(RECORD, CHARTER, 2)
    assert hash(Decision(RECORD, CHARTER, 1)) == hash(Decision(RECORD, CHARTER, 2))
    assert Decision(RECORD, CHARTER, 1) != Decision(BENIGN, CHARTER, 1)
    assert Decision(RECORD, CHARTER, 1) != "block"


@pytest.mark.parametrize("duplicate", [copy.copy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_travelled_decision_still_explains_itself(duplicate) -> None:  # type: ignore[no-untyped-def]
    decision = Decision(RECORD, CHARTER, 5)
    twin = duplicate(decision)
    assert twin == decision
    assert twin.findings == decision.findings
    assert twin.reasons == decision.reasons


def test_decision_is_immutable() -> None:
    decision = Decision(RECORD, CHARTER, 1)
    for name in ("action", "_told", "new"):
        with pytest.raises(AttributeError, match="immutable"):
            setattr(decision, name, 1)
    with pytest.raises(AttributeError, match="immutable"):
        del decision.action


def test_a_limit_that_was_reached_is_told() -> None:
    cut: Record = (*RECORD[:7], True)
    other = Degraded("tier1.model", "none")
    checks = [it.check for it in Decision(cut, CHARTER, 1, (), (other,)).degraded]
    assert checks == ["tier1.model", "tier0.decode"]


def test_a_deeper_tier_has_a_time_of_its_own() -> None:
    decision = Decision(RECORD, CHARTER, 900, (), (), 700)
    assert [(it.step, it.nanoseconds) for it in decision.timings] == [
        ("engine", 200),
        ("tier3", 700),
    ]
    assert decision.elapsed_ns == 900
    assert decision == Decision(RECORD, CHARTER, 900)


def test_parts_are_merged_strongest_first() -> None:
    weak: Record = (1, 7, 2, 0.6, 0.0, 0b11, (("hr-1", 7, 0, 1, 0.5, 2, False, (), ()),), False)
    decision = Decision(RECORD, CHARTER, 1, (weak, RECORD))
    assert [(it.rule_id, it.content) for it in decision.findings] == [("pi-1", 1), ("hr-1", 0)]
