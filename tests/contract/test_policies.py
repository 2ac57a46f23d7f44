"""Policies over REST: written, refused with reasons, deployed, taken back, retired."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from tests.contract.conftest import Ask, sender
from tests.upstream import Asked, Reply, Upstream, told

from aidefence.app.settings import Settings

SOURCE = """\
policy support version 1

default allow
on error block

rule injected priority 200:
  block when confidence(prompt_injection) >= 80%
  because "Injected orders are never followed."

prove certain: always block when confidence(prompt_injection) >= 90%
prove every rule can fire
"""
RULES = [
    {
        "id": "no-mail",
        "condition": 'tool.name is "send_mail"',
        "action": "block",
        "priority": 100,
    }
]
PATH = "/api/v2/policies"


def make(ask: Ask, **more: Any) -> dict[str, Any]:
    given = {"name": "support", "source": SOURCE, "verificationRequired": False}
    answer = ask("POST", PATH, json=given | more)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_policy_from_source_waits_to_be_proved(ask: Ask) -> None:
    told = make(ask, verificationRequired=True)
    assert told["policyId"].startswith("pol_")
    assert (told["status"], told["deploymentStatus"]) == ("pending_verification", "not_deployed")
    assert told["proofStatus"] == {
        "proved": False,
        "prover": None,
        "proofTime": 0,
        "certificate": None,
    }
    assert "def policy : Policy" in told["leanSpecification"]
    assert "def claim_1 : Prop" in told["leanSpecification"]
    assert (told["version"], told["source"]) == (1, SOURCE)
    state = ask("GET", f"{PATH}/{told['policyId']}/verification").json()
    assert (state["status"], state["failures"], state["run"]) == ("pending", [], 1)


def test_rules_become_a_source_with_the_usual_claims(ask: Ask) -> None:
    told = make(ask, source=None, rules=RULES)
    assert "rule no-mail priority 100:" in told["source"]
    assert "prove every rule can fire" in told["source"]
    assert "prove no conflict" in told["source"]


def test_a_source_without_claims_gets_the_usual_ones(ask: Ask) -> None:
    told = make(ask, source=SOURCE.partition("prove")[0])
    assert "prove no conflict" in told["source"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"source": "policy x version 1\nrule\n"}, "/source"),
        ({"source": None, "rules": []}, "/rules"),
        ({"rules": RULES}, "/source"),
        ({"name": "  "}, "/name"),
        ({"name": "a\u0007"}, "/name"),
        ({"description": "a\0"}, "/description"),
        ({"source": None, "rules": [RULES[0] | {"priority": -1}]}, "/rules/0/priority"),
        ({"source": None, "rules": [RULES[0] | {"action": "explode"}]}, "/rules/0/action"),
        ({"source": None, "rules": [RULES[0] | {"surplus": 1}]}, "/rules/0/surplus"),
        ({"source": None, "rules": [RULES[0] | {"condition": "&&&"}]}, "/rules/0/condition"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(
    ask: Ask, changes: dict[str, Any], pointer: str
) -> None:
    given = {"name": "support", "source": SOURCE} | changes
    answer = ask("POST", PATH, json=given)
    assert answer.status_code == 422, answer.text
    assert [it["pointer"] for it in answer.json()["errors"]] == [pointer]
    assert ask("GET", PATH).json() == {"policies": []}


def test_an_error_in_a_source_says_where_and_what_was_expected(ask: Ask) -> None:
    wrong = SOURCE.replace("confidence(prompt_injection) >= 80%", "confidense(pii) >= 80%")
    detail = ask("POST", PATH, json={"name": "x", "source": wrong}).json()["detail"]
    assert "source:7:14" in detail
    assert "did you mean `confidence" in detail


def test_a_condition_in_plain_words_is_read(ask: Ask) -> None:
    condition = "secrets or PII and an outward tool"
    told = make(ask, source=None, rules=[RULES[0] | {"condition": condition}])
    assert "(found(secret) or found(pii)) and tool.can(outward)" in told["source"]
    assert f'because "{condition}"' in told["source"]


def test_what_may_mean_several_things_is_asked_about(ask: Ask) -> None:
    rule = RULES[0] | {"condition": "the severity is high"}
    answer = ask("POST", PATH, json={"name": "x", "rules": [rule]})
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/unread"
    [error] = answer.json()["errors"]
    assert error["pointer"] == "/rules/0/condition"
    assert len(error["readings"]) >= 2


def test_an_action_that_says_otherwise_is_refused(ask: Ask) -> None:
    rule = RULES[0] | {"condition": "block prompt injection", "action": "allow"}
    answer = ask("POST", PATH, json={"name": "x", "rules": [rule]})
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["readings"]


def test_versions_follow_each_other(ask: Ask) -> None:
    first = make(ask)
    path = f"{PATH}/{first['policyId']}"
    stricter = SOURCE.replace("80%", "70%")
    second = ask("PUT", path, json={"source": stricter}).json()
    assert (second["version"], second["source"]) == (2, stricter)
    assert second["digest"] != first["digest"]
    listed = ask("GET", f"{path}/versions").json()["versions"]
    assert [it["version"] for it in listed] == [2, 1]
    assert ask("GET", path, params={"version": 1}).json()["digest"] == first["digest"]
    assert ask("GET", path).json()["newestVersion"] == 2
    assert ask("GET", path, params={"version": 3}).status_code == 404


def test_only_what_is_proved_is_deployed_where_proofs_are_required(ask: Ask) -> None:
    told = make(ask, verificationRequired=True)
    answer = ask("POST", f"{PATH}/{told['policyId']}/deploy", json={})
    assert answer.status_code == 409
    assert "not proved" in answer.json()["detail"]


def test_an_operator_deploys_what_need_not_be_proved_and_takes_it_back(ask: Ask) -> None:
    path = f"{PATH}/{make(ask)['policyId']}"
    given = {"targetEnvironment": "production", "rolloutStrategy": "immediate"}
    done = ask("POST", f"{path}/deploy", json=given).json()
    assert done["deploymentId"].startswith("dep_")
    assert (done["status"], done["verified"], done["percentage"]) == ("deploying", False, 100.0)
    assert ask("GET", path).json()["deploymentStatus"] == "deployed"
    assert ask("POST", f"{path}/deploy", json=given).status_code == 409
    ask("PUT", path, json={"source": SOURCE.replace("80%", "70%")})
    canary = {"rolloutStrategy": "canary", "rolloutPercentage": 5}
    assert ask("POST", f"{path}/deploy", json=canary).json()["percentage"] == 5.0
    [slot] = ask("GET", path).json()["deployments"]
    assert (slot["version"], slot["candidate"], slot["percentage"]) == (1, 2, 5.0)
    back = ask("POST", f"{path}/rollback", json={"reason": "too strict"})
    assert back.json() == {
        "policyId": slot["deploymentId"] and path.rpartition("/")[2],
        "environment": "production",
        "version": 1,
    }
    history = ask("GET", f"{path}/deployments").json()["deployments"]
    assert [it["state"] for it in history] == ["rolled_back", "live"]
    assert ask("POST", f"{path}/rollback", json={}).json()["version"] is None
    assert ask("POST", f"{path}/rollback", json={}).status_code == 409


@pytest.mark.parametrize(
    "given",
    [
        {"targetEnvironment": "moon"},
        {"rolloutStrategy": "canary", "rolloutPercentage": 0},
        {"rolloutPercentage": 10},
        {"rolloutStrategy": "gradual", "rolloutPercentage": 101},
        {"version": 0},
        {"version": "1"},
    ],
)
def test_a_deployment_that_makes_no_sense_is_refused(ask: Ask, given: dict[str, Any]) -> None:
    path = f"{PATH}/{make(ask)['policyId']}"
    assert ask("POST", f"{path}/deploy", json=given).status_code == 422
    assert ask("GET", f"{path}/deployments").json() == {"deployments": []}


def test_a_shadow_begins_and_ends(ask: Ask) -> None:
    path = f"{PATH}/{make(ask)['policyId']}"
    begun = ask("PUT", f"{path}/shadow", json={"targetEnvironment": "staging"}).json()
    assert (begun["version"], begun["environment"], begun["changed"]) == (1, "staging", 0)
    where = {"targetEnvironment": "staging"}
    assert ask("GET", f"{path}/shadow", params=where).json() == begun
    assert ask("DELETE", f"{path}/shadow", params=where).status_code == 204
    assert ask("GET", f"{path}/shadow", params=where).json()["version"] is None


def test_a_version_is_said_in_plain_words(ask: Ask) -> None:
    path = f"{PATH}/{make(ask)['policyId']}"
    told = ask("GET", f"{path}/paraphrase").json()
    assert told["version"] == 1
    assert len(told["sentences"]) == 6
    assert any("the confidence of prompt injection" in it for it in told["sentences"])


def test_what_is_retired_holds_nowhere_and_stays_readable(ask: Ask) -> None:
    path = f"{PATH}/{make(ask)['policyId']}"
    ask("POST", f"{path}/deploy", json={})
    assert ask("DELETE", path).status_code == 204
    told = ask("GET", path).json()
    assert told["retiredAt"] is not None
    assert (told["deploymentStatus"], told["deployments"]) == ("not_deployed", [])
    assert ask("GET", PATH).json() == {"policies": []}
    assert len(ask("GET", PATH, params={"retired": "true"}).json()["policies"]) == 1
    for refused in (
        ask("DELETE", path),
        ask("POST", f"{path}/deploy", json={}),
        ask("PUT", path, json={"source": SOURCE}),
        ask("PUT", f"{path}/shadow", json={}),
    ):
        assert refused.status_code == 409


def test_what_is_not_there_is_not_found(ask: Ask) -> None:
    for method, rest, body in (
        ("GET", "", None),
        ("PUT", "", {"source": SOURCE}),
        ("DELETE", "", None),
        ("GET", "/versions", None),
        ("GET", "/diff", None),
        ("GET", "/paraphrase", None),
        ("GET", "/verification", None),
        ("POST", "/verification", None),
        ("GET", "/certificate", None),
        ("POST", "/deploy", {}),
        ("GET", "/deployments", None),
        ("POST", "/rollback", {}),
        ("GET", "/shadow", None),
        ("PUT", "/shadow", {}),
        ("DELETE", "/shadow", None),
    ):
        options = {} if body is None else {"json": body}
        assert ask(method, f"{PATH}/pol_none{rest}", **options).status_code == 404, rest


def test_every_change_is_in_the_audit_log(ask: Ask) -> None:
    path = f"{PATH}/{make(ask)['policyId']}"
    ask("PUT", path, json={"source": SOURCE.replace("80%", "70%")})
    ask("POST", f"{path}/deploy", json={})
    ask("POST", f"{path}/rollback", json={})
    ask("PUT", f"{path}/shadow", json={})
    ask("DELETE", path)
    records = ask("GET", "/api/v2/audit").json()["records"]
    assert [it["action"] for it in records] == [
        *("policy.created", "policy.changed", "policy.deployed", "policy.reverted"),
        *("policy.shadowed", "policy.retired"),
    ]


@pytest.fixture
def asked_model(settings: Settings) -> Iterator[tuple[Ask, Upstream]]:
    with Upstream() as model:
        chosen = {"model_url": f"{model.url}/v1", "model": "m", "model_key": SecretStr("sk-1")}
        policies = settings.policies.model_copy(update=chosen)
        yield sender(settings.model_copy(update={"policies": policies})), model


def test_a_model_proposes_and_its_author_decides(asked_model: tuple[Ask, Upstream]) -> None:
    ask, model = asked_model
    odd = RULES[0] | {"condition": "keep grandma's letters from wandering off by post"}
    pdl = 'rule x:\n    block when tool.name is "send_mail"\n'

    def says(text: str) -> Callable[[Asked], Reply]:
        said = {"choices": [{"message": {"role": "assistant", "content": text}}]}
        return lambda _: told({**said, "usage": {"total_tokens": 20}})

    model.answer = says(pdl)
    answer = ask("POST", PATH, json={"name": "x", "rules": [odd]})
    assert answer.status_code == 422, answer.text
    [error] = answer.json()["errors"]
    assert "a language model reads it so: Block when" in error["detail"]
    assert "block where tool.name = send_mail" in error["detail"]
    [reading] = error["readings"]
    assert "rule no-mail:" in reading
    assert model.asked[-1].header("authorization") == "Bearer sk-1"
    assert ask("GET", PATH).json() == {"policies": []}
    before = len(model.asked)
    assert ask("POST", PATH, json={"name": "x", "rules": RULES}).status_code == 201
    assert len(model.asked) == before
    model.answer = says("none")
    refused = ask("POST", PATH, json={"name": "x", "rules": [odd]})
    assert refused.status_code == 422
    assert "proposed no rule that makes sense" in refused.json()["detail"]
