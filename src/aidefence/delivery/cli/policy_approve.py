"""`aidefence policy approve`: one call that policies let pass once."""

from __future__ import annotations

import sys
from typing import Annotated

import msgspec
import typer

from aidefence.delivery.cli.opening import (
    DEFAULT_NAME,
    DEFAULT_TENANT,
    AsOption,
    TenantOption,
    when,
)
from aidefence.delivery.cli.options import ConfigOption, JsonOption, fail
from aidefence.delivery.cli.policy_hands import KeyOption, UrlOption, hands_of
from aidefence.delivery.cli.terminal import console, json_text, printable

_decode = msgspec.json.Decoder(dict[str, object]).decode


def approve(
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="The tool that is called.")],
    *,
    session: Annotated[str, typer.Option(metavar="ID", help="The session of the call.")],
    arguments: Annotated[
        str, typer.Option(metavar="JSON", help="All its arguments; `-` for stdin.")
    ] = "{}",
    minutes: Annotated[
        float | None, typer.Option(help="How long it may wait; by default a quarter of an hour.")
    ] = None,
    url: UrlOption = "",
    key: KeyOption = "",
    name: AsOption = DEFAULT_NAME,
    tenant: TenantOption = DEFAULT_TENANT,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve one call of a session: policies see it as `approved`, once."""
    try:
        given = _decode(sys.stdin.buffer.read() if arguments == "-" else arguments)
    except (msgspec.DecodeError, UnicodeError):
        fail("`--arguments` is no JSON object")
    with hands_of(url, key, config, name=name, tenant=tenant) as hands:
        made = hands.approve_call(tool, given, session, minutes=minutes)
    if as_json:
        sys.stdout.write(json_text(msgspec.to_builtins(made), indent=2) + "\n")
        return
    told = f"`{printable(made.tool)}` in session `{printable(made.session_id)}`"
    until = when(made.expires_at)
    console(sys.stdout).print(f"{told}: may be made once until {until}", markup=False)
