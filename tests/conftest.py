"""What all tests share: real guards, never a stand-in for the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidefence import Guard

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def guard() -> Guard:
    return Guard()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
