"""`aidefence policy read | templates | export` through the entry point."""

import json
from pathlib import Path

import cedarpy
from typer.testing import CliRunner

from aidefence.delivery.cli.main import app
from aidefence.policy.compiling import compile_source


def _run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["policy", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_what_is_read_is_said_back() -> None:
    code, told, _ = _run("read", "if the confidence of a jailbreak is above 80%, ask a person")
    assert code == 0
    assert "review when confidence(jailbreak) > 80%" in told
    assert "review: confidence(jailbreak) 80.01%" in told
    assert "allow: confidence(jailbreak) 80%" in told


def test_what_may_mean_several_things_is_asked() -> None:
    code, told, _ = _run("read", "at most 5 payments an hour", "--json")
    assert code == 1
    body = json.loads(told)
    assert body["outcome"] == "ambiguous"
    assert [it["pdl"].split("1 h")[1].strip() for it in body["readings"]] == [
        "",
        "per user",
        "per tenant",
    ]
    code, told, _ = _run("read", "at most 5 payments an hour")
    assert code == 1
    assert "which one?" in told


def test_what_is_not_understood_is_marked() -> None:
    code, told, _ = _run("read", "block jailbrakes")
    assert code == 1
    assert "block jailbrakes\n      ^^^^^^^^^^\n" in told
    assert "jailbreak" in told


def test_templates_are_listed_shown_and_used() -> None:
    assert "lethal-trifecta" in _run("templates", "list")[1]
    shown = json.loads(_run("templates", "show", "call-rate", "--json")[1])
    assert shown["parameters"] == {"calls": "60", "window": "1 h"}
    assert _run("templates", "show", "call-rate")[1] == shown["text"]
    code, written, _ = _run("templates", "use", "call-rate", "--set", "calls=5", "--id", "few")
    assert code == 0
    assert compile_source(written).image.id == "few"


def test_a_template_that_is_not_there_is_an_error() -> None:
    for arguments in (("show", "call-rates"), ("use", "call-rates")):
        code, _, told = _run("templates", *arguments)
        assert code == 2
        assert "did you mean `call-rate`?" in told
    code, _, told = _run("templates", "use", "call-rate", "--set", "calls")
    assert code == 2
    assert "name=value" in told


def test_an_export_is_what_cedar_reads(tmp_path: Path) -> None:
    path = tmp_path / "rate.pdl"
    path.write_text("policy p version 1\ndefault allow\non error block\nuse call-rate\n", "utf-8")
    code, policies, told = _run("export", str(path), "--to", "cedar")
    assert code == 0
    assert "remembers nothing" in told
    schema = _run("export", str(path), "--schema")[1]
    assert cedarpy.validate_policies(policies, schema).validation_passed
    path.write_text("policy p version 1\ndefault alow\n", "utf-8")
    assert _run("export", str(path))[0] == 2
