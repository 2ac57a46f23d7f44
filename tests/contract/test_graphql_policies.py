"""Policies over GraphQL: written, deployed, watched, taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.contract.test_graphql import Door

from aidefence.app.parts.store import open_store
from aidefence.app.services import make_services
from aidefence.app.settings import Settings
from aidefence.domain.access import LOCAL
from aidefence.domain.audit import AuditAction

_PDL = """\
policy support version 1

default allow
on error block

rule injected priority 200:
  block when confidence(prompt_injection) >= 80%
"""


@pytest.fixture
def door(tmp_path: Path) -> Door:
    settings = Settings.model_validate({"state_dir": tmp_path, "deep": "off"})
    return Door(make_services(settings), open_store(settings, lambda text: text))


def test_policies(door: Door) -> None:
    made = door.ask(
        "mutation($p: PolicyInput!) { createPolicy(policy: $p) { id status version source } }",
        p={"name": "support", "source": _PDL, "verificationRequired": False},
    )["createPolicy"]
    assert (made["status"], made["version"]) == ("PENDING", 1)
    name = made["id"]
    revised = door.ask(
        "mutation($id: ID!, $s: String!) { revisePolicy(id: $id, source: $s) { version } }",
        id=name,
        s=_PDL.replace("80%", "70%"),
    )["revisePolicy"]
    assert revised == {"version": 2}
    deploy = """mutation($id: ID!, $v: Int) {
        deployPolicy(id: $id, version: $v) { state verified percentage nodes { node sync } } }"""
    done = door.ask(deploy, id=name, v=1)["deployPolicy"]
    assert (done["state"], done["verified"], done["percentage"]) == ("LIVE", False, 100.0)
    assert door.refused(deploy, id=name, v=1)["extensions"]["code"] == "CONFLICT"
    shadow = "mutation($id: ID!) { shadowPolicy(id: $id, version: 2) { version shadow } }"
    assert door.ask(shadow, id=name)["shadowPolicy"] == {"version": 1, "shadow": 2}
    told = door.ask(
        """query($id: ID!) { policy(id: $id, version: 1) { version newestVersion
            deployments { environment version shadow } }
            policyVersions(id: $id) { version }
            policyVerification(id: $id) { status run }
            policyDeployments(id: $id) { state }
            policyParaphrase(id: $id)
            policyShadow(id: $id) { version changes { decisions } } }""",
        id=name,
    )
    assert told["policy"]["deployments"] == [
        {"environment": "PRODUCTION", "version": 1, "shadow": 2}
    ]
    assert [it["version"] for it in told["policyVersions"]] == [2, 1]
    assert told["policyVerification"] == {"status": "PENDING", "run": 1}
    back = "mutation($id: ID!) { rollBackPolicy(id: $id) { version } }"
    assert door.ask(back, id=name)["rollBackPolicy"] == {"version": None}
    retire = "mutation($id: ID!) { retirePolicy(id: $id) { retiredAt } }"
    assert door.ask(retire, id=name)["retirePolicy"]["retiredAt"]
    assert door.ask("{ policies { id } }") == {"policies": []}
    wrong = 'mutation { createPolicy(policy: { name: "x", source: "policy" }) { id } }'
    assert door.refused(wrong)["extensions"]["code"] == "INVALID_POLICY"


def test_a_call_is_approved_once(door: Door) -> None:
    mutation = """mutation($a: JSON!, $m: Float! = 15) {
        approveCall(tool: "delete_file", arguments: $a, sessionId: "s", minutes: $m) {
            tool sessionId digest approvedBy expiresAt } }"""
    made = door.ask(mutation, a={"path": "a.txt"})["approveCall"]
    assert (made["tool"], made["sessionId"], made["approvedBy"]) == ("delete_file", "s", "local")
    records = [it.event for it in door.store.audit.read(LOCAL)]
    [noted] = [it for it in records if it.action is AuditAction.CALL_APPROVED]
    assert noted.details["digest"] == made["digest"]
    for wrong in ({"a": "x"}, {"a": {}, "m": 0}, {"a": {}, "m": 1441}):
        assert door.refused(mutation, **wrong)["extensions"]["code"] == "INVALID_FIELD"
