"""Commitments and proofs from the command line on: what they show, what is refused."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from aidefence.adapters.zero_knowledge import find
from aidefence.delivery.cli.main import app

_POLICY = """
policy support version 1
default allow
on error block
rule tools priority 200: review when tool.name not in ("read", "list") and not approved
rule keys priority 300: block when found(secret) and direction is output
"""
_OTHER = _POLICY.replace("priority 300: block", "priority 300: redact")


@pytest.fixture(scope="module", autouse=True)
def _program() -> None:
    if find() is None and "CI" in os.environ:
        pytest.fail("no `aidefence-zk`: .ci/run builds it with `make zk`")
    if find() is None:
        pytest.skip("no `aidefence-zk` here: `make zk` builds it")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("zk")
    for name, text in (("ours", _POLICY), ("theirs", _OTHER)):
        (place / f"{name}.pdl").write_text(text, "utf-8")
        made = _zk(place, "commit", f"{name}.pdl", **_sides(name))
        assert made.exit_code == 0, made.output
    (place / "request.json").write_text('{"direction": "output", "found(secret.jwt)": true}')
    for name in ("ours", "theirs"):
        made = _prove(place, f"{name}.pdl", f"{name}.opening", f"{name}.proof")
        assert made.exit_code == 0, made.output
    return place


def test_a_proof_shows_the_decision(folder: Path) -> None:
    for name, action in (("ours", "block"), ("theirs", "redact")):
        told = _verify(folder, f"{name}.proof", name)
        assert told.exit_code == 0, told.output
        assert json.loads(told.stdout)["action"] == action


def test_neither_policy_nor_request_is_in_what_is_shown(folder: Path) -> None:
    salts = [_load(folder, f"ours.{it}")["salt"] for it in ("opening", "request")]
    for name in ("ours.commitment", "ours.proof"):
        shown = (folder / name).read_text("utf-8")
        for hidden in ("found", "secret", "tool", "keys", *salts):
            assert hidden not in shown
        assert "experimental" in shown
    for name in ("ours.opening", "ours.request"):
        assert (folder / name).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "change",
    [
        {"action": "allow"},
        {"action": "redact"},
        {"request": "00" * 32},
        {"policy": "00" * 32},
        {"literals": 400},
        {"proof": ""},
        {"proof": "00" * 8032},
        {"proof": "zz"},
        {"proof": "0" * 60_000},
    ],
)
def test_a_changed_proof_is_refused(folder: Path, change: dict[str, object]) -> None:
    _store(folder, "changed.proof", {**_load(folder, "ours.proof"), **change})
    refused = _verify(folder, "changed.proof", "ours")
    assert refused.exit_code == 1, refused.output
    assert json.loads(refused.stdout)["action"] is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", "9" * 70_000, "[" * 50_000, '{"v": 1, "kind": "proof", "policy": 3}'],
)
def test_what_is_no_proof_is_told_so(folder: Path, text: str) -> None:
    (folder / "strange.proof").write_text(text, "utf-8")
    assert _verify(folder, "strange.proof", "ours").exit_code == 2


@pytest.mark.parametrize(
    "change", [{"action": "explode"}, {"action": 4}, {"literals": "400"}, {"literals": -1}]
)
def test_a_statement_that_says_nothing_is_told_so(folder: Path, change: dict[str, object]) -> None:
    _store(folder, "changed.proof", {**_load(folder, "ours.proof"), **change})
    assert _verify(folder, "changed.proof", "ours").exit_code == 2


def test_a_proof_of_another_policy_is_refused(folder: Path) -> None:
    assert _verify(folder, "theirs.proof", "ours").exit_code == 1
    renamed = {
        **_load(folder, "theirs.proof"),
        "policy": _load(folder, "ours.commitment")["commitment"],
    }
    _store(folder, "renamed.proof", renamed)
    assert _verify(folder, "renamed.proof", "ours").exit_code == 1


def test_only_the_committed_policy_opens_a_commitment(folder: Path) -> None:
    assert _zk(folder, "open", "ours.pdl", **_sides("ours")).exit_code == 0
    assert _zk(folder, "open", "theirs.pdl", **_sides("ours")).exit_code == 1
    mixed = {**_sides("ours"), "opening": "theirs.opening"}
    assert _zk(folder, "open", "ours.pdl", **mixed).exit_code == 1


def test_nothing_is_proved_of_a_policy_that_was_not_committed_to(folder: Path) -> None:
    refused = _prove(folder, "theirs.pdl", "ours.opening", "none.proof")
    assert refused.exit_code == 2
    assert "another policy" in refused.output
    assert not (folder / "none.proof").exists()


def test_what_a_proof_cannot_say_is_named(folder: Path) -> None:
    rule = "rule r: block when once found(secret)"
    (folder / "past.pdl").write_text(f"policy p version 1 default allow on error block {rule}")
    refused = _zk(folder, "commit", "past.pdl", **_sides("past"))
    assert refused.exit_code == 2
    assert "earlier events" in refused.output


def _sides(name: str) -> dict[str, str]:
    return {"commitment": f"{name}.commitment", "opening": f"{name}.opening"}


def _prove(folder: Path, policy: str, opening: str, output: str) -> Result:
    secret = output.replace(".proof", ".request")
    files = {"opening": opening, "output": output, "request-opening": secret}
    return _zk(folder, "prove", policy, "request.json", **files)


def _verify(folder: Path, proof: str, name: str) -> Result:
    return _zk(folder, "verify", proof, "--json", commitment=f"{name}.commitment")


def _zk(folder: Path, command: str, *words: str, **files: str) -> Result:
    told = [it if it.startswith("-") else str(folder / it) for it in words]
    named = [it for name, file in files.items() for it in (f"--{name}", str(folder / file))]
    return CliRunner().invoke(app, ["policy", "zk", command, *told, *named])


def _load(folder: Path, name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / name).read_text("utf-8"))
    return read


def _store(folder: Path, name: str, document: dict[str, Any]) -> None:
    (folder / name).write_text(json.dumps(document), "utf-8")
