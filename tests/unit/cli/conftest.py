"""A rule of our own that always fires, so that no test hangs on the shipped model's mood."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.own_rule import RULE
from typer.testing import CliRunner, Result

from aidefence.delivery.cli.main import app


@pytest.fixture(scope="session")
def own_rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # One folder for all tests: equal settings share one engine.
    folder = tmp_path_factory.mktemp("own") / "secret"
    folder.mkdir(parents=True)
    (folder / "test-zebra.yml").write_text(RULE, "utf-8")
    return folder.parent


@pytest.fixture
def scan(own_rules: Path) -> Callable[..., Result]:
    def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(app, ["scan", "--rules", str(own_rules), *arguments], input=stdin)

    return run
