"""`doctor` and `bench`: they run, and say what they must."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aidefence import __version__
from aidefence.delivery.cli import doctor as module
from aidefence.delivery.cli.main import app


def test_a_healthy_installation_is_called_so() -> None:
    got = CliRunner().invoke(app, ["doctor", "--json"])
    body = json.loads(got.stdout)
    assert got.exit_code == 0, got.stdout
    assert body["healthy"] is True
    names = {check["name"] for check in body["checks"]}
    assert {"python", "processor", "engine", "rules", "model", "self-test"} <= names
    assert "deep model" in names
    assert body["machine"]["cores"] >= 1


def test_missing_parts_come_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_EXTRAS", (("arrow", "no_such_module", "Parquet files"),))
    got = CliRunner().invoke(app, ["doctor"])
    assert 'pip install "aidefence[arrow]"' in got.stdout
    assert got.exit_code == 0
    monkeypatch.setattr(module, "_REQUIRED", ("no-such-package",))
    broken = CliRunner().invoke(app, ["doctor", "--json"])
    assert broken.exit_code == 1
    assert json.loads(broken.stdout)["healthy"] is False


def test_bench_names_the_machine_and_every_size() -> None:
    got = CliRunner().invoke(app, ["bench", "--seconds", "0.1", "--no-deep", "--json"])
    assert got.exit_code == 0
    body = json.loads(got.stdout)
    assert body["machine"]["cpu"]
    assert [line["size_bytes"] for line in body["lines"]] == [100, 500, 2_000, 20_000]
    for line in body["lines"]:
        assert 0 < line["inspect"]["p50_ns"] <= line["inspect"]["p99_ns"]
        assert line["inspect_batch"]["texts_per_second"] > 0


def test_bench_prints_a_table() -> None:
    got = CliRunner().invoke(app, ["bench", "--seconds", "0.1", "--no-deep"])
    assert got.exit_code == 0
    assert "2,000 B" in got.stdout


def test_version() -> None:
    got = CliRunner().invoke(app, ["--version"])
    assert (got.exit_code, got.stdout) == (0, f"aidefence {__version__}\n")


def test_a_gateway_is_looked_at_with_its_settings(tmp_path: Path) -> None:
    config = tmp_path / "aidefence.toml"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config.write_text(
            f"""
            state_dir = "{tmp_path / "state"}"
            deep = "off"
            redis_url = "redis://127.0.0.1:{_free_port()}/0"
            [server]
            port = {port}
            [proxy]
            enabled = true
            [proxy.upstreams.there]
            base_url = "http://127.0.0.1:{port}"
            key = "none"
            [proxy.upstreams.gone]
            base_url = "http://127.0.0.1:{_free_port()}"
            key = "none"
            """
        )
        got = CliRunner().invoke(app, ["doctor", "--json", "--config", str(config)])
    told = {it["name"]: (it["state"], it["detail"]) for it in json.loads(got.stdout)["checks"]}
    assert got.exit_code == 1
    assert told["settings"][0] == told["store"][0] == told["state"][0] == "ok"
    assert told["port"][0] == "note"
    assert told["redis"][0] == "problem"
    assert told["upstream there"][0] == "ok"
    assert told["upstream gone"][0] == "problem"
    assert told["keys"][0] == "note"


def test_settings_that_keep_a_gateway_from_starting_are_a_problem(tmp_path: Path) -> None:
    config = tmp_path / "aidefence.toml"
    config.write_text("[server]\nport = 0\n")
    got = CliRunner().invoke(app, ["doctor", "--json", "--config", str(config)])
    told = {it["name"]: it for it in json.loads(got.stdout)["checks"]}
    assert got.exit_code == 1
    assert told["settings"]["state"] == "problem"
    assert "server.port" in told["settings"]["detail"] or "aidefence.toml:2" in str(told)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_what_proofs_stand_on_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    checks = {it["name"]: it for it in json.loads(_doctor().stdout)["checks"]}
    assert checks["theory"]["state"] == "ok"
    assert "propext" in checks["theory"]["detail"]
    assert "extra proof" in checks
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    checks = {it["name"]: it for it in json.loads(_doctor().stdout)["checks"]}
    for name, remedy in (("lean", "make lean"), ("zero knowledge", "make zk")):
        assert checks[name]["state"] == "note"
        assert remedy in checks[name]["remedy"]


def _doctor() -> Result:
    return CliRunner().invoke(app, ["doctor", "--json"])
