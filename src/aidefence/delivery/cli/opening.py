"""How commands reach what a gateway remembers, and leave with one line where they cannot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from aidefence.delivery.cli.options import fail
from aidefence.domain.access import GRANTS, LOCAL, Caller, Role
from aidefence.domain.errors import AIDefenceError, SettingError

if TYPE_CHECKING:
    from aidefence.app.parts.store import Store

TenantOption: TypeAlias = Annotated[str, typer.Option(help="Whose it is.")]
AsOption: TypeAlias = Annotated[
    str, typer.Option("--as", metavar="NAME", help="Under which name it is written down.")
]
_MS = 1000


@contextmanager
def telling_errors() -> Iterator[None]:
    """Leave with one line where something is wrong."""
    try:
        yield
    except SettingError as error:
        fail(f"`{error.setting}`: {error.reason}")
    except AIDefenceError as error:
        fail(str(error))


@contextmanager
def store_of(config: Path | None) -> Iterator[Store]:
    """Open the store of a gateway with these settings."""
    with telling_errors(), storing().opened_store(sources_of(config)) as store:
        yield store


def storing() -> Any:  # noqa: ANN401 -- by name, as `serve` loads the gateway: wiring stands above
    """Load the wiring of the store."""
    return import_module("aidefence.app.storing")


def sources_of(config: Path | None) -> Any:  # noqa: ANN401 -- the same
    """Name where settings come from."""
    return import_module("aidefence.app.settings").Sources.of(config)


def owner(name: str, tenant: str) -> Caller:
    """Give whoever owns the machine a name among others."""
    return Caller(name, Role.ADMIN, GRANTS[Role.ADMIN], tenant)


def when(at_ms: int) -> str:
    """Write a time; nothing where there is none."""
    if not at_ms:
        return ""
    return datetime.fromtimestamp(at_ms / _MS, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


DEFAULT_NAME = LOCAL.id
DEFAULT_TENANT = LOCAL.tenant
