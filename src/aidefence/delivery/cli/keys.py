"""`aidefence keys`: make, list, rotate and revoke API keys."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from aidefence.delivery.cli.options import ConfigOption, JsonOption, fail
from aidefence.delivery.cli.terminal import console, json_text, printable
from aidefence.domain.access import LOCAL, Permission, Plan, Role
from aidefence.domain.api_key import ApiKey, NewKey
from aidefence.domain.errors import AIDefenceError, SettingError
from aidefence.service.keys import OVERLAP_SECONDS, KeyWish

if TYPE_CHECKING:
    from aidefence.service.keys import Keys

app = typer.Typer(
    help="Make, list, rotate and revoke API keys. A running gateway knows within a second.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_SECONDS_PER_HOUR = 3600
_SECONDS_PER_DAY = 86_400
_MS_PER_SECOND = 1000

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The id, or how the key begins.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for; for people.")],
    role: Annotated[Role, typer.Option(help="What whoever holds it is here.")] = Role.SERVICE,
    permission: Annotated[
        list[Permission] | None,
        typer.Option(help="Only this, of what the role may; repeat for more."),
    ] = None,
    tenant: Annotated[str, typer.Option(help="To whom its limits and its memory belong.")] = (
        "default"
    ),
    plan: Annotated[Plan, typer.Option(help="Which limits it has.")] = Plan.ENTERPRISE,
    days: Annotated[float | None, typer.Option(help="Until it expires; by default never.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and write it to standard output: it is shown this once."""
    with _keys(config) as keys:
        wish = KeyWish(
            name=name,
            role=role,
            permissions=frozenset(permission) if permission else None,
            tenant=tenant,
            plan=plan,
            life_seconds=None if days is None else round(days * _SECONDS_PER_DAY),
        )
        _show_new(keys.create(LOCAL, wish), as_json=as_json)


@app.command("list")
def list_keys(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List keys by how they begin; the rest of them nobody has."""
    with _keys(config) as keys:
        listed = keys.list()
    if as_json:
        sys.stdout.write(json_text([_object(key) for key in listed], indent=2) + "\n")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("key", "name", "role", "tenant", "plan", "created", "last used", "state"):
        table.add_column(title, overflow="fold")
    for key in listed:
        table.add_row(
            Text(key.prefix, style="bold"),
            Text(printable(key.name)),
            key.role.value,
            key.tenant,
            key.plan.value,
            _time(key.created_ms),
            _time(key.last_used_ms),
            _state(key),
        )
    terminal = console(sys.stdout)
    terminal.print(table)
    terminal.print(f"{len(listed)} keys")


@app.command()
def rotate(
    key_id: IdArgument,
    overlap_hours: Annotated[
        float, typer.Option(min=0, help="For how long the secret before still opens.")
    ] = OVERLAP_SECONDS / _SECONDS_PER_HOUR,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a key a new secret and write it to standard output."""
    with _keys(config) as keys:
        made = keys.rotate(LOCAL, key_id, round(overlap_hours * _SECONDS_PER_HOUR))
        _show_new(made, as_json=as_json)


@app.command()
def revoke(key_id: IdArgument, config: ConfigOption = None) -> None:
    """Shut a key out for good."""
    with _keys(config) as keys:
        key = keys.revoke(LOCAL, key_id)
    console(sys.stderr).print(f"{key.prefix} is revoked")


@contextmanager
def _keys(config: Any) -> Iterator[Keys]:  # noqa: ANN401 -- a path, as the option has it
    # By name, as `serve` loads the gateway: wiring stands above the doors.
    settings: Any = import_module("aidefence.app.settings")
    wiring: Any = import_module("aidefence.app.keys")
    try:
        yield wiring.open_keys(settings.Sources.of(config))
    except SettingError as error:
        fail(f"`{error.setting}`: {error.reason}")
    except AIDefenceError as error:
        fail(str(error))


def _show_new(made: NewKey, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json_text({"key": made.text, **_object(made.key)}, indent=2) + "\n")
        return
    sys.stdout.write(f"{made.text}\n")
    told = f"{printable(made.key.name)}: keep it now, it is not shown again"
    console(sys.stderr).print(told)


def _object(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "prefix": key.prefix,
        "name": key.name,
        "role": key.role.value,
        "permissions": sorted(it.value for it in key.permissions),
        "tenant": key.tenant,
        "plan": key.plan.value,
        "createdAt": key.created_ms,
        "expiresAt": key.expires_ms,
        "rotatedAt": key.rotated_ms,
        "previousUntil": key.previous_until_ms,
        "revokedAt": key.revoked_ms,
        "lastUsedAt": key.last_used_ms,
    }


def _state(key: ApiKey) -> str:
    if key.revoked_ms is not None:
        return "revoked"
    if key.expires_ms is None:
        return "active"
    expired = key.expires_ms <= datetime.now(UTC).timestamp() * _MS_PER_SECOND
    return "expired" if expired else f"active until {_time(key.expires_ms)}"


def _time(at_ms: int | None) -> str:
    if at_ms is None:
        return "never"
    return datetime.fromtimestamp(at_ms / _MS_PER_SECOND, UTC).strftime("%Y-%m-%d %H:%M")
