"""`aidefence policy --url`: policies of a gateway that runs, by the key that one holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.served import Served, serving, wait_until
from typer.testing import CliRunner, Result

from aidefence.app.keys import open_keys
from aidefence.app.settings import Sources
from aidefence.delivery.cli.main import app
from aidefence.domain.access import LOCAL, Role
from aidefence.service.keys import KeyWish

SOURCE = """\
policy gate version 1

default allow
on error block

rule all priority 1:
  block when text.length >= 2_000

prove every rule can fire
"""
STRICTER = SOURCE.replace("2_000", "3")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("gate"), "[auth]\nrequired = true\n") as it:
        yield it


@pytest.fixture(scope="module")
def operator(gateway: Served) -> str:
    return _key(gateway, "olga", Role.OPERATOR)


def _key(gateway: Served, name: str, role: Role) -> str:
    here = {"state_dir": str(gateway.places.state_dir)}
    return open_keys(Sources.of(gateway.config, here)).create(LOCAL, KeyWish(name, role)).text


def _run(gateway: Served, key: str, *arguments: object) -> Result:
    given = ["policy", *map(str, arguments), "--url", gateway.url]
    return CliRunner().invoke(app, given, env={"AIDEFENCE_API_KEY": key})


def _told(gateway: Served, key: str, *arguments: object, code: int = 0) -> Any:
    ran = _run(gateway, key, *arguments, "--json")
    assert ran.exit_code == code, ran.output
    return json.loads(ran.stdout)


def test_a_policy_is_written_proved_deployed_and_taken_back(
    gateway: Served, operator: str, tmp_path: Path
) -> None:
    mild, strict = tmp_path / "mild.pdl", tmp_path / "strict.pdl"
    mild.write_text(SOURCE)
    strict.write_text(STRICTER)

    def told(*arguments: object, code: int = 0) -> Any:
        return _told(gateway, operator, *arguments, code=code)

    def decided() -> str:
        headers = {"authorization": f"Bearer {operator}"}
        action: str = gateway.detect("Good morning!", headers=headers)["action"]
        return action

    made = told("create", mild, "--proof-optional")
    policy_id = made["policyId"]
    assert [it["policyId"] for it in told("list")] == [policy_id]
    assert told("create", strict, "--revise", policy_id)["version"] == 2
    assert told("deploy", policy_id, "--version", 1)["version"] == 1
    assert told("deploy", policy_id)["version"] == 2
    wait_until(lambda: decided() == "block", "the stricter version")

    def synced() -> bool:
        shown = told("status", policy_id)
        return all(it["status"] == "deployed" for it in shown["deployments"])

    wait_until(synced, "nodes that follow")
    assert "synced" in _run(gateway, operator, "status", policy_id).stdout
    found = told("diff", policy_id, code=1)
    assert (found["differences"][0]["old"], found["stricter"]) == ("allow", True)
    assert _run(gateway, operator, "diff", strict, policy_id).exit_code == 0
    assert told("rollback", policy_id, "-r", "too strict")["version"] == 1
    wait_until(lambda: decided() == "allow", "the version before")
    assert told("rollback", policy_id)["version"] is None
    assert told("shadow", policy_id, "--begin")["version"] == 2

    def changed() -> bool:
        decided()
        return _run(gateway, operator, "shadow", policy_id).exit_code == 1

    wait_until(changed, "requests that the stricter version would have stopped")
    assert told("shadow", policy_id, "--end")["version"] is None
    past = told("shadow", policy_id, "--past", code=1)
    assert [(it["was"], it["would"]) for it in past["changes"] if it["was"] != it["would"]]
    assert "holds nowhere" in _run(gateway, operator, "retire", policy_id).stdout
    assert told("show", policy_id)["retiredAt"] is not None


def test_who_may_not_is_told_so(gateway: Served, operator: str, tmp_path: Path) -> None:
    path = tmp_path / "mild.pdl"
    path.write_text(SOURCE)
    nobody = _run(gateway, "", "list")
    assert (nobody.exit_code, nobody.stderr.count("\n")) == (2, 1)
    viewer = _key(gateway, "ann", Role.VIEWER)
    assert _run(gateway, viewer, "list").exit_code == 0
    refused = _run(gateway, viewer, "create", path)
    assert (refused.exit_code, "policies:write" in refused.stderr) == (2, True)
    required = _told(gateway, operator, "create", path.rename(tmp_path / "again.pdl"))
    strict = _run(gateway, operator, "deploy", required["policyId"], "--version", 7)
    assert (strict.exit_code, "has no version 7" in strict.stderr) == (2, True)


HELD = """\
policy held version 1

default allow
on error block

rule held:
  review when tool.can(destructive)
  unless approved
"""


def test_a_call_is_approved_here_or_over_the_wire(
    gateway: Served, operator: str, tmp_path: Path
) -> None:
    path = tmp_path / "held.pdl"
    path.write_text(HELD)
    policy_id = _told(gateway, operator, "create", path, "--proof-optional")["policyId"]
    _told(gateway, operator, "deploy", policy_id)
    call = {"name": "delete_file", "arguments": {"path": "a", "force": True}}

    def decided() -> str:
        answer = httpx.post(
            f"{gateway.url}/api/v2/tools/call",
            json={**call, "context": {"sessionId": "s"}},
            headers={"authorization": f"Bearer {operator}"},
        )
        action: str = answer.json()["action"]
        return action

    wait_until(lambda: decided() == "review", "the policy")
    asked = ["approve", "delete_file", "--session", "s", "--arguments"]
    analyst = _key(gateway, "ines", Role.ANALYST)
    made = _told(gateway, analyst, *asked, '{"force": true, "path": "a"}')
    assert made["tool"] == "delete_file"
    assert [decided(), decided()] == ["allow", "review"]
    # The owner of the machine, beside the gateway that runs.
    given = ["policy", *asked, "-", "--config", str(gateway.config), "--as", "mia"]
    here = {"AIDEFENCE_STATE_DIR": str(gateway.places.state_dir)}
    ran = CliRunner().invoke(app, given, env=here, input='{"path": "a", "force": true}')
    assert ran.exit_code == 0, ran.output
    assert "may be made once until" in ran.stdout
    assert [decided(), decided()] == ["allow", "review"]
    viewer = _key(gateway, "vera", Role.VIEWER)
    refused = _run(gateway, viewer, *asked, "{}")
    assert (refused.exit_code, "review" in refused.stderr) == (2, True)
    for wrong in ("[1]", "{", '"x"'):
        ran = _run(gateway, analyst, *asked, wrong)
        assert (ran.exit_code, "no JSON object" in ran.stderr) == (2, True)
    ran = _run(gateway, analyst, *asked, "{}", "--minutes", "0")
    assert (ran.exit_code, ran.stderr.count("\n")) == (2, 1)
    _run(gateway, operator, "retire", policy_id)


def test_a_gateway_that_is_gone_is_said_in_one_line() -> None:
    ran = CliRunner().invoke(app, ["policy", "list", "--url", "http://127.0.0.1:9"])
    assert (ran.exit_code, "cannot reach" in ran.stderr) == (2, True)
    ran = CliRunner().invoke(app, ["policy", "list", "--url", "localhost"])
    assert (ran.exit_code, "http://" in ran.stderr) == (2, True)
