from aidefence import Action, Category, Finding, Profile, Severity, Span, Verdict
from aidefence.domain.verdict import DEEP_RULE, MODEL_RULE
from aidefence.policy.profiles import Anchors, make_policy
from aidefence.respond.charter import PolicyCharter

POLICY = make_policy(Profile.BALANCED, Anchors(0.4, 0.8, 0.95), {})
CHARTER = PolicyCharter(
    POLICY, "v", {"pi-1": "Drops orders"}, enforced=True, entities={"pii-1": "iban"}
)
FINDING = Finding(
    Category.PROMPT_INJECTION, Span(2, 9), 0.9, Severity.HIGH, "pi-1", "Drops orders", ("hex",)
)


def _verdict(confidence: float) -> Verdict:
    return Verdict(True, Category.PROMPT_INJECTION, confidence, Severity.HIGH, (FINDING,))


def test_a_block_names_the_threshold_it_reached() -> None:
    weighed, evidence = CHARTER.reasons(_verdict(0.97), Action.BLOCK)
    assert "reaches the block threshold 0.950 of profile balanced" in weighed
    assert evidence == "pi-1 at 2..9: Drops orders, hidden by hex"


def test_a_flag_tells_what_it_did_not_reach() -> None:
    weighed = CHARTER.reasons(_verdict(0.85), Action.FLAG)[0]
    assert "flag threshold 0.800" in weighed
    assert "not the block threshold 0.950" in weighed


def test_nothing_found_is_said_plainly() -> None:
    benign = Verdict(False, None, 0.1, Severity.LOW, ())
    (told,) = CHARTER.reasons(benign, Action.ALLOW)
    assert told == "no category reaches its flag threshold in profile balanced"


def test_explanations() -> None:
    assert CHARTER.explain("pi-1") == "Drops orders"
    assert "learned model" in CHARTER.explain(MODEL_RULE)
    assert "deep model" in CHARTER.explain(DEEP_RULE)
    assert CHARTER.explain("gone-1") == "gone-1"
    assert CHARTER.entity("pii-1") == "iban"
    assert CHARTER.entity("pi-1") is None
