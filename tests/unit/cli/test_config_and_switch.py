"""Settings and switches on the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aidefence.adapters.switch_file import SwitchFile
from aidefence.app.parts.store import open_audit, open_database
from aidefence.app.places import Places
from aidefence.app.settings import Settings
from aidefence.delivery.cli.main import app


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("AIDEFENCE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("AIDEFENCE_CONFIG", raising=False)
    return Places(tmp_path / "state")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_every_flaw_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIDEFENCE_SERVR__PORT", "1")
    (tmp_path / "a.yaml").write_text("server:\n  prot: 1\n  worker: 2\nprofile: lax\n")
    told = run("config", "check", "--config", str(tmp_path / "a.yaml"), "--json")
    assert told.exit_code == 1
    found = json.loads(told.stdout)
    assert found["valid"] is False
    assert {(it["setting"], Path(it["where"]).name) for it in found["errors"]} == {
        ("server.prot", "a.yaml:2"),
        ("server.worker", "a.yaml:3"),
        ("profile", "a.yaml:4"),
    }
    assert found["warnings"] == [
        "`AIDEFENCE_SERVR__PORT` is no setting, and ignored: did you mean `AIDEFENCE_SERVER`?"
    ]
    for_people = run("config", "check", "--config", str(tmp_path / "a.yaml"))
    assert "did you mean `workers`" in for_people.stdout.replace("\n", " ")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('lists = ["none.toml"]', "none.toml"),
        ('[tls]\ncertificate = "cert.pem"', "tls.key"),
        ('[tls]\ncertificate = "cert.pem"\nkey = "key.pem"', "cannot use certificate"),
        ('rules_dir = "nowhere"', "nowhere"),
        ('[policies]\nfiles = ["none.pdl"]', "none.pdl"),
        ('[auth.jwt]\nissuer = "acme"\naudience = ["us"]', "`jwks` names no other"),
        ("[proxy]\nenabled = true", "proxy.upstreams"),
    ],
)
def test_files_that_settings_name_are_looked_at(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    found = run("config", "check", "--config", str(tmp_path / "a.toml"), "--json")
    assert found.exit_code == 1
    [error] = json.loads(found.stdout)["errors"]
    assert told in f"{error['setting']} {error['reason']}"


def test_what_holds_is_told_with_who_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "a.toml"
    config.write_text('profile = "strict"\nredis_url = "redis://u:hunter2@h/0"\n[vault]\n')
    monkeypatch.setenv("AIDEFENCE_VAULT__KEY", "correct horse battery")
    told = run("config", "show", "--config", str(config), "--set", "server.port=9000", "--json")
    assert told.exit_code == 0, told.output
    rows = {it["name"]: (it["value"], it["from"]) for it in json.loads(told.stdout)}
    assert rows["profile"] == ("strict", f"{config}:1")
    assert rows["server.port"] == (9000, "flag")
    assert rows["server.host"] == ("127.0.0.1", "default")
    assert rows["vault.key"][1] == "AIDEFENCE_VAULT__KEY"
    assert rows["vault.path"][1] == "default"
    assert "hunter2" not in told.stdout
    assert "correct horse" not in told.stdout
    short = run("config", "show", "--config", str(config), "--changed").stdout
    assert "server.host" not in short


def test_the_schema_knows_every_section() -> None:
    told = json.loads(run("config", "schema").stdout)
    assert {"server", "tls", "store", "limits"} <= set(told["properties"])
    assert told["additionalProperties"] is False


def test_switches_are_thrown_told_and_written_down(state: Places) -> None:
    assert "nothing is switched off" in run("switch", "list").stdout
    assert run("switch", "off", "category:pii", "--reason", "an incident").exit_code == 0
    assert run("switch", "off", "all", "--reason", "worse").exit_code == 0
    told = json.loads(run("switch", "list", "--json").stdout)
    assert [(it["switch"], it["reason"]) for it in told["off"]] == [
        ("category:pii", "an incident"),
        ("all", "worse"),
    ]
    assert told["generation"] == 2
    assert run("switch", "on", "all").exit_code == 0
    again = run("switch", "on", "all")
    assert again.exit_code == 2
    assert "not switched off" in again.output
    assert [str(it.switch) for it in SwitchFile(state.switches).read().off] == ["category:pii"]
    settings = Settings(state_dir=state.state_dir)
    audit = open_audit(settings, open_database(settings))
    assert [(it.event.action, it.event.target) for it in audit.read_all()] == [
        ("kill.thrown", "category:pii"),
        ("kill.thrown", "all"),
        ("kill.released", "all"),
    ]
    assert audit.verify().intact


@pytest.mark.parametrize("name", ["al", "category:pie", "tier:1", "all:x", "rule:", "door:A B"])
def test_a_switch_that_is_none_is_refused_with_those_there_are(state: Places, name: str) -> None:
    told = run("switch", "off", name, "--reason", "x")
    assert told.exit_code == 2
    assert "expected" in told.output
    assert not state.switches.exists()
