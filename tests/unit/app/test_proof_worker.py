"""The process that proves makes what it needs, or says plainly why it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidefence.app.proof_worker import open_bench
from aidefence.app.settings import Settings
from aidefence.domain.errors import ConfigError


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "state"
    open_bench(Settings(state_dir=folder))
    assert (folder / "audit.key").is_file()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="set `state_dir`"):
        open_bench(Settings(state_dir=tmp_path / "file" / "state"))
