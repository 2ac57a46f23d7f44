"""`aidefence policy` over the store of whoever owns the machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.store.conftest import TurnedClock
from tests.store.policy_parts import Parts
from typer.testing import CliRunner, Result

from aidefence.app.parts.store import Store
from aidefence.delivery.cli.main import app
from aidefence.domain.access import LOCAL
from aidefence.domain.enums import Action
from aidefence.domain.policy_store import Environment, ShadowChange

SOURCE = """\
policy shop version 1

default allow
on error block

rule injected priority 200:
  block when confidence(prompt_injection) >= 80%

prove every rule can fire
"""
STRICTER = SOURCE.replace("80%", "70%")


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    mild, strict = tmp_path / "mild.pdl", tmp_path / "strict.pdl"
    mild.write_text(SOURCE)
    strict.write_text(STRICTER)
    return mild, strict


def _run(config: Path, *arguments: object) -> Result:
    given = ["policy", *map(str, arguments), "--config", str(config)]
    return CliRunner().invoke(app, given)


def _told(config: Path, *arguments: object, code: int = 0) -> Any:
    ran = _run(config, *arguments, "--json")
    assert ran.exit_code == code, ran.output
    return json.loads(ran.stdout)


@pytest.fixture
def policy_id(store: Store, config: Path, files: tuple[Path, Path]) -> str:
    assert store.audit.read(LOCAL) == []
    made: dict[str, Any] = _told(config, "create", files[0], "--proof-optional")
    told: str = made["policyId"]
    return told


@pytest.mark.usefixtures("store")
def test_a_policy_is_written_listed_and_shown(config: Path, files: tuple[Path, Path]) -> None:
    made = _told(config, "create", files[0], "--description", "of the shop", "--as", "mia")
    assert (made["name"], made["version"], made["createdBy"]) == ("shop", 1, "mia")
    assert (made["status"], made["verificationRequired"]) == ("pending_verification", True)
    policy_id = made["policyId"]
    second = _told(config, "create", files[1], "--revise", policy_id)
    assert (second["version"], second["source"]) == (2, STRICTER)
    [listed] = _told(config, "list")
    assert (listed["policyId"], listed["version"]) == (policy_id, 2)
    assert _told(config, "show", policy_id, "--version", 1)["source"] == SOURCE
    shown = _run(config, "show", policy_id).stdout
    assert "version 2 of 2" in shown
    assert "of the shop" in shown
    assert STRICTER.strip() in shown
    assert "1 policies" in _run(config, "list").stdout
    assert _told(config, "list", "--tenant", "others") == []


def test_what_is_not_proved_is_not_deployed(
    store: Store, config: Path, files: tuple[Path, Path], policy_id: str
) -> None:
    required = _told(config, "create", files[0])["policyId"]
    refused = _run(config, "deploy", required)
    assert (refused.exit_code, "is not proved" in refused.stderr) == (2, True)
    told = _run(config, "status", required).stdout
    assert "proofs are pending" in told
    assert "in force nowhere" in told
    done = _told(config, "deploy", policy_id, "-e", "edge", "--as", "mia")
    assert (done["environment"], done["by"], done["verified"]) == ("edge", "mia", False)
    records = [it.event for it in store.audit.read(LOCAL)]
    assert [(it.action.value, it.actor) for it in records][-1] == ("policy.deployed", "mia")


def test_it_rolls_out_and_goes_back(config: Path, files: tuple[Path, Path], policy_id: str) -> None:
    _told(config, "deploy", policy_id)
    _told(config, "create", files[1], "--revise", policy_id)
    canary = _told(config, "deploy", policy_id, "--strategy", "canary", "--percentage", 5)
    assert (canary["version"], canary["percentage"], canary["state"]) == (2, 5.0, "rolling_out")
    told = _told(config, "status", policy_id)
    assert [it["version"] for it in told["deployments"]] == [1, 2]
    shown = _run(config, "status", policy_id).stdout
    assert "production: version 1 holds, version 2 for 5 % of sessions (canary)" in shown
    assert _told(config, "rollback", policy_id, "-r", "too strict")["version"] == 1
    assert "nothing of it holds" in _run(config, "rollback", policy_id).stdout
    nothing = _run(config, "rollback", policy_id)
    assert (nothing.exit_code, "nothing of policy" in nothing.stderr) == (2, True)


def test_a_failed_proof_and_a_stale_one_are_trouble(
    store: Store, config: Path, clock: TurnedClock, policy_id: str
) -> None:
    parts = Parts(store, clock)
    clock.ms = parts.stores.policies.versions(policy_id)[0].created_ms
    parts.prove(policy_id, 1, stale=("the theory changed",))
    ran = _run(config, "status", policy_id)
    assert (ran.exit_code, "the theory changed" in ran.stdout) == (1, True)
    parts.prove(policy_id, 1)
    assert _run(config, "status", policy_id).exit_code == 0


def test_versions_differ_in_words_and_in_decisions(
    config: Path, files: tuple[Path, Path], policy_id: str
) -> None:
    assert _run(config, "diff", files[0], f"{policy_id}@1").exit_code == 0
    _told(config, "create", files[1], "--revise", policy_id)
    for given in (
        (policy_id,),
        (f"{policy_id}@1", f"{policy_id}@2"),
        (f"{policy_id}@1", policy_id),
        (files[0], policy_id),
        (f"{policy_id}@1", files[1]),
        files,
    ):
        told = _told(config, "diff", *given, code=1)
        assert (told["equivalent"], told["stricter"], told["complete"]) == (False, True, True)
        [one] = told["differences"]
        assert (one["old"], one["new"]) == ("allow", "block")
    shown = _run(config, "diff", *files)
    assert shown.exit_code == 1
    assert f"--- {files[0]}" in shown.stdout
    assert "+Block when the confidence of prompt injection is at least 70%." in shown.stdout
    assert "allow became block: confidence(prompt_injection) = 7" in shown.stdout
    alike = _run(config, "diff", files[0], files[0])
    assert (alike.exit_code, alike.stdout) == (0, "both decide every request alike\n")


def test_a_shadow_tells_what_would_have_changed(
    store: Store, config: Path, clock: TurnedClock, policy_id: str
) -> None:
    assert "no version watches" in _run(config, "shadow", policy_id).stdout
    assert _told(config, "shadow", policy_id, "--begin", "-e", "staging")["version"] == 1
    assert _run(config, "shadow", policy_id, "-e", "staging").exit_code == 0
    changes = [
        ShadowChange(Action.ALLOW, Action.ALLOW, 8),
        ShadowChange(Action.ALLOW, Action.BLOCK, 2, ("req_1", "req_2")),
    ]
    stores = Parts(store, clock).stores
    for change in changes:
        stores.tallies.note_shadow(policy_id, 1, Environment.STAGING, change)
    ran = _run(config, "shadow", policy_id, "-e", "staging")
    assert ran.exit_code == 1
    assert "2 of 10 decisions would have been others" in ran.stdout
    assert "req_1 req_2" in ran.stdout
    assert _told(config, "shadow", policy_id, "--end", "-e", "staging")["version"] is None


def test_the_past_is_asked_and_a_policy_is_retired(config: Path, policy_id: str) -> None:
    ran = _run(config, "shadow", policy_id, "--past")
    assert ran.exit_code == 0, ran.output
    assert "0 of 0 decisions would have been others" in ran.stdout
    told = _told(config, "shadow", policy_id, "--past", "--last", "5", "--version", "1")
    assert (told["version"], told["decisions"], told["since"]) == (1, 0, None)
    assert "holds nowhere any more" in _run(config, "retire", policy_id).stdout
    assert _told(config, "list") == []
    assert _run(config, "retire", policy_id).exit_code == 2


def test_a_policy_that_ended_is_told_as_json(config: Path, policy_id: str) -> None:
    told = _told(config, "retire", policy_id)
    assert told["policyId"] == policy_id
    assert told["retiredAt"] > 0
    assert _told(config, "list") == []


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("show", "pol_none"), "no policy `pol_none`"),
        (("show", "pol_none", "--key", "k", "--url", "http://127.0.0.1:9"), "go without `--url`"),
        (("create", "missing.pdl"), "cannot read `missing.pdl`"),
        (("create", "{broken}"), "the version, a whole number"),
        (("create", "{part}"), "a part of policies"),
        (("create", "{wrong}"), "did you mean"),
        (("create", "{mild}", "--revise", "pol_none", "--name", "x"), "leave the others out"),
        (("create", "{mild}", "--revise", "pol_none"), "no policy"),
        (("diff", "{mild}"), "name what it is compared with"),
        (("diff", "{mild}", "{part}"), "a part of policies"),
        (("diff", "pol_none@x"), "no version"),
        (("diff", "pol_none@0"), "no version"),
        (("diff", "{mild}", "missing.pdl"), "cannot read"),
        (("deploy", "pol_none", "--percentage", "5"), "goes with `canary`"),
        (("shadow", "pol_none", "--begin", "--end"), "`--past` go alone"),
        (("shadow", "pol_none", "--past", "--end"), "`--past` go alone"),
        (("shadow", "pol_none", "--version", "1"), "`--version` with the first or the last"),
        (("shadow", "pol_none", "--past", "--last", "20000"), "expected 1 to 10000"),
        (("retire", "pol_none"), "no policy"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    config: Path, files: tuple[Path, Path], tmp_path: Path, given: tuple[str, ...], said: str
) -> None:
    texts = {
        "broken": "policy x version\n",
        "part": "define thing as approved\n",
        "wrong": SOURCE.replace("confidence", "confidense"),
    }
    named = {"mild": files[0]}
    for name, text in texts.items():
        named[name] = tmp_path / f"{name}.pdl"
        named[name].write_text(text)
    ran = _run(config, *(it.format(**named) for it in given))
    assert (ran.exit_code, said in ran.stderr) == (2, True), ran.output


@pytest.mark.usefixtures("store")
def test_a_name_that_steers_terminals_is_refused(config: Path, files: tuple[Path, Path]) -> None:
    refused = _run(config, "create", files[0], "--name", "a\x1b[31m")
    assert (refused.exit_code, "`name`" in refused.stderr) == (2, True)
    assert _told(config, "list") == []
