"""`aidefence policy diff`: how two policies differ, in words and in what they decide."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from aidefence.delivery.cli.opening import DEFAULT_TENANT, TenantOption, sources_of, telling_errors
from aidefence.delivery.cli.options import ConfigOption, Exit, JsonOption, fail
from aidefence.delivery.cli.policy_files import (
    STDIN,
    PolicyFile,
    compiled_or_leave,
    policy_files,
)
from aidefence.delivery.cli.policy_hands import KeyOption, UrlOption, hands_of
from aidefence.delivery.cli.policy_tables import print_diff
from aidefence.delivery.cli.terminal import json_text

if TYPE_CHECKING:
    from aidefence.client.policy_words import PolicyDiff
    from aidefence.delivery.cli.policy_hands import Hands

_SIDE = "A file, `-` for stdin, the id of a policy, or `ID@VERSION` of one."


def diff(
    old: Annotated[str, typer.Argument(metavar="A", help=_SIDE)],
    new: Annotated[
        str, typer.Argument(metavar="[B]", help="The same; without it the last change of `A`.")
    ] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    tenant: TenantOption = DEFAULT_TENANT,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how two policies differ: files, versions of a policy, or one of each.

    Exit codes: 0 they decide every request alike, 1 they do not, or it is not known, 2 it cannot be
    told.
    """
    if _is_file(old) and _is_file(new):
        found = _compared(_of_file(old), _of_file(new), config)
    elif _is_file(old) and not new:
        fail(f"`{old}` is a file: name what it is compared with")
    else:
        with hands_of(url, key, config, tenant=tenant) as hands:
            found = _of_kept(hands, old, new, config)
    if as_json:
        sys.stdout.write(json_text(msgspec.to_builtins(found), indent=2) + "\n")
    else:
        print_diff(found)
    if not found.equivalent:
        raise typer.Exit(Exit.FOUND)


def _of_kept(hands: Hands, old: str, new: str, config: Path | None) -> PolicyDiff:
    if not new:
        policy_id, version = _version(old)
        return hands.diff(policy_id, None, version)
    if not _is_file(old) and not _is_file(new):
        (one, before), (other, after) = _version(old), _version(new)
        if one == other:
            return hands.diff(one, before or hands.get(one).version, after)
    return _compared(_side(hands, old), _side(hands, new), config)


def _compared(old: PolicyFile, new: PolicyFile, config: Path | None) -> PolicyDiff:
    # By name: wiring stands above.
    wiring = import_module("aidefence.app.policies_here")
    written = [_written(wiring, it) for it in (old, new)]
    with telling_errors():
        found: PolicyDiff = wiring.compare_written(sources_of(config), *written)
    return found


def _written(wiring: Any, file: PolicyFile) -> object:  # noqa: ANN401 -- the wiring, by name
    return wiring.Written(file.name, file.text, compiled_or_leave(file))


def _side(hands: Hands, side: str) -> PolicyFile:
    if _is_file(side):
        return _of_file(side)
    found = hands.get(*_version(side))
    return PolicyFile(f"{found.policy_id}@{found.version}", found.source, Path.cwd())


def _of_file(side: str) -> PolicyFile:
    [file] = policy_files([Path(side)])
    return file


def _is_file(side: str) -> bool:
    return side == STDIN or (bool(side) and Path(side).is_file()) or side.endswith(".pdl")


def _version(side: str) -> tuple[str, int | None]:
    policy_id, sign, number = side.partition("@")
    if not sign:
        return policy_id, None
    if not number.isdecimal() or not int(number):
        fail(f"`{side}` is no version: write `ID@2`")
    return policy_id, int(number)
