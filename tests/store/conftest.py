"""Real stores: the same tests on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.servers import PostgresServer, start_postgres

from aidefence.adapters.store.migrating import upgrade
from aidefence.app.parts.store import Store, locate_database, open_store, upgrade_lock
from aidefence.app.settings import Settings
from aidefence.app.settings.store import StoreSettings

MakeStore = Callable[..., Store]


@dataclass
class TurnedClock:
    """A clock that stands still until somebody turns it."""

    ms: int = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic_ns(self) -> int:
        return self.ms * 1_000_000

    def pass_seconds(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = start_postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def made_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables: to make them takes longer than most tests."""
    settings = Settings(state_dir=tmp_path_factory.mktemp("made"))
    _upgrade(settings)
    return settings.state_dir / "aidefence.db"


@pytest.fixture(scope="session")
def made_database(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with all tables."""
    url = postgres.new_database()
    store = StoreSettings(url=url)  # type: ignore[arg-type]
    _upgrade(Settings(state_dir=tmp_path_factory.mktemp("made"), store=store))
    return url


def _upgrade(settings: Settings) -> None:
    database = locate_database(settings)
    upgrade(database, upgrade_lock(settings))
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "sqlite":
        return None
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database(request.getfixturevalue("made_database"))


@pytest.fixture
def make_store(tmp_path: Path, made_file: Path, clock: TurnedClock) -> Iterator[MakeStore]:
    """Open a store; with the same folder and URL, the same one again."""
    opened: list[Store] = []

    def make(url: str | None = None, folder: Path = tmp_path, **chosen: Any) -> Store:
        settings = Settings(state_dir=folder, store=StoreSettings(url=url, **chosen))  # type: ignore[arg-type]
        if url is None and not (folder / "aidefence.db").exists():
            shutil.copy(made_file, folder)
        store = open_store(settings, lambda text: text.replace("secret", "[gone]"), clock)
        opened.append(store)
        return store

    yield make
    for store in opened:
        store.log.close()
        store.database.close()


@pytest.fixture
def store(make_store: MakeStore, url: str | None) -> Store:
    return make_store(url)


@pytest.fixture
def config(tmp_path: Path, url: str | None) -> Path:
    """The settings of a gateway over that store."""
    path = tmp_path / "gateway.toml"
    named = "" if url is None else f'[store]\nurl = "{url}"\n'
    path.write_text(f'state_dir = "{tmp_path}"\n{named}')
    return path
