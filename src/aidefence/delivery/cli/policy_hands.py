"""Whose policies a command is about: those of the store here, or those of a gateway."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from aidefence.delivery.cli.opening import (
    DEFAULT_NAME,
    DEFAULT_TENANT,
    owner,
    sources_of,
    telling_errors,
)
from aidefence.delivery.cli.options import fail

if TYPE_CHECKING:
    from aidefence.app.policies_here import PoliciesHere
    from aidefence.client import Policies

    Hands: TypeAlias = Policies | PoliciesHere

UrlOption: TypeAlias = Annotated[
    str, typer.Option(metavar="URL", help="A gateway to ask in place of the store here.")
]
KeyOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--key", metavar="KEY", envvar="AIDEFENCE_API_KEY", help="Its key, for `--url` only."
    ),
]
# To compare two versions takes as long as proofs may take.
_SECONDS_MAX = 600.0


@contextmanager
def hands_of(
    url: str,
    key: str,
    config: Path | None,
    *,
    name: str = DEFAULT_NAME,
    tenant: str = DEFAULT_TENANT,
) -> Iterator[Hands]:
    """Open the policies of a gateway, or those of the store that settings name."""
    if url and (config is not None or (name, tenant) != (DEFAULT_NAME, DEFAULT_TENANT)):
        fail("`--config`, `--as` and `--tenant` go without `--url`: a gateway goes by the key")
    with telling_errors():
        if url:
            # By name, as all that stands beside the doors or above them.
            client = import_module("aidefence.client").Client
            with client(url, api_key=key or None, timeout=_SECONDS_MAX) as opened:
                yield opened.policies
        else:
            wiring = import_module("aidefence.app.policies_here")
            with wiring.opened_policies(sources_of(config), owner(name, tenant)) as here:
                yield here
