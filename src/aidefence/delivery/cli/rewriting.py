"""`aidefence redact` and `aidefence neutralize`: texts in, changed texts out."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aidefence.delivery.cli import scan_options as given
from aidefence.delivery.cli.options import (
    Exit,
    JsonOption,
    ParanoiaOption,
    ProfileOption,
    RulesOption,
    fail,
    open_guard,
)
from aidefence.delivery.cli.sources import (
    TEXT_BYTES_MAX,
    InputFormat,
    Item,
    Notice,
    SourceOptions,
    Sources,
)
from aidefence.delivery.cli.terminal import console, json_text, printable
from aidefence.domain.enums import Category, Direction, Origin, Profile, Wrap
from aidefence.domain.errors import AIDefenceError

if TYPE_CHECKING:
    from aidefence import Rewrite

_Categories = Annotated[
    list[Category] | None,
    typer.Option("--category", help="Redact findings of this category; default pii and secret."),
]
_Entities = Annotated[
    list[str] | None,
    typer.Option("--entity", metavar="NAME", help="Redact only this kind, such as `iban`."),
]
_Operators = Annotated[
    list[str] | None,
    typer.Option(
        "--operator",
        metavar="[NAME=]OPERATOR",
        help="replace, mask:N, hash, encrypt, synthetic or keep; for one kind, or for all.",
    ),
]
_KeyFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Key for hash, encrypt and synthetic: the file's bytes."),
]
_MinScore = Annotated[
    float | None,
    typer.Option(min=0, max=1, help="Score from which a finding counts; default as for a flag."),
]
_Decode = Annotated[bool, typer.Option("--decode", help="Write out base64, hex, %41, &#65;.")]
_Markup = Annotated[bool, typer.Option("--markup/--no-markup", help="Defuse links and HTML.")]
_Hosts = Annotated[
    list[str] | None,
    typer.Option("--allow-host", metavar="HOST", help="Leave links to this host as they are."),
]
_WrapOption = Annotated[
    Wrap | None, typer.Option(help="Set the text apart for a model; stderr has what to tell it.")
]


def redact(  # noqa: PLR0917 - one parameter an option is how typer reads a command
    texts: given.Texts = None,
    file: given.Files = None,
    input_format: given.Input = InputFormat.AUTO,
    field: given.Field = "text",
    max_bytes: given.MaxBytes = TEXT_BYTES_MAX,
    category: _Categories = None,
    entity: _Entities = None,
    operator: _Operators = None,
    key_file: _KeyFile = None,
    min_score: _MinScore = None,
    profile: ProfileOption = Profile.BALANCED,
    origin: given.From = Origin.USER,
    direction: given.Towards = Direction.INPUT,
    rules: RulesOption = None,
    paranoia: ParanoiaOption = 1,
    as_json: JsonOption = False,
) -> None:
    """Write texts with placeholders for private data and secrets.

    Exit codes: 0 done, 2 something could not be read to its end.
    """
    guard = open_guard(profile=profile, rules=rules, paranoia=paranoia, dense=False, deep=False)
    default, by_entity = _operators(operator or [])
    key = None if key_file is None else _read_key(key_file)
    kinds = category or [Category.PII, Category.SECRET]

    def change(text: str) -> Rewrite:
        return guard.redact(
            text,
            categories=kinds,
            entities=entity,
            operators=by_entity,
            default=default,
            key=key,
            min_score=min_score,
            origin=origin,
            direction=direction,
        )

    options = SourceOptions(field, "id", input_format, (), (), max_bytes)
    _run(texts or [], file or [], options, change, as_json=as_json)


def neutralize(  # noqa: PLR0917 - the same
    texts: given.Texts = None,
    file: given.Files = None,
    input_format: given.Input = InputFormat.AUTO,
    field: given.Field = "text",
    max_bytes: given.MaxBytes = TEXT_BYTES_MAX,
    decode: _Decode = False,
    markup: _Markup = True,
    allow_host: _Hosts = None,
    wrap: _WrapOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write texts without what nobody sees, and with mark-up that only reads.

    Exit codes: 0 done, 2 something could not be read to its end.
    """
    # Imported here: loading the engine costs more than all of `--help`.
    from aidefence import Guard  # noqa: PLC0415

    def change(text: str) -> Rewrite:
        return Guard.neutralize(
            text, decode=decode, markup=markup, hosts=allow_host or (), wrap=wrap
        )

    options = SourceOptions(field, "id", input_format, (), (), max_bytes)
    _run(texts or [], file or [], options, change, as_json=as_json)


def _run(
    arguments: list[str],
    paths: list[Path],
    options: SourceOptions,
    change: Callable[[str], Rewrite],
    *,
    as_json: bool,
) -> None:
    notices: list[Notice] = []
    sources = Sources(arguments or ([] if paths else ["-"]), paths, options, notices.append)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    complete = True
    try:
        for item in sources:
            done = change(item.text)
            complete &= done.complete
            _write(item, done, as_json=as_json)
    except AIDefenceError as error:
        fail(str(error))
    terminal = console(sys.stderr)
    for notice in notices:
        terminal.print(f"aidefence: {printable(str(notice))}", style="red")
    failed = not complete or any(notice.is_error for notice in notices)
    raise typer.Exit(Exit.ERROR if failed else Exit.CLEAN)


def _write(item: Item, done: Rewrite, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json_text(_object(item, done)))
        return
    text = printable(done.text, keep="\n\t") if sys.stdout.isatty() else done.text
    typer.echo(text, nl=not text.endswith("\n"))
    terminal = console(sys.stderr)
    if done.instruction:
        terminal.print(f"aidefence: tell the model: {done.instruction}")
    for missed in done.degraded:
        told = f"{item.name}: {missed.check} did not finish: {missed.reason}"
        terminal.print(f"aidefence: {printable(told)}", style="yellow")


def _object(item: Item, done: Rewrite) -> dict[str, object]:
    """One line of JSON; spans are half-open and count code points of both texts."""
    return {
        "name": item.name,
        "text": done.text,
        "changes": [
            {
                "original": [it.original.start, it.original.end],
                "result": [it.result.start, it.result.end],
                "kind": it.kind.value,
                "entity": it.entity,
                "reason": it.reason,
            }
            for it in done.changes
        ],
        "complete": done.complete,
        "degraded": [{"check": it.check, "reason": it.reason} for it in done.degraded],
        **({"instruction": done.instruction} if done.instruction else {}),
    }


def _operators(told: list[str]) -> tuple[str, dict[str, str]]:
    default, by_entity = "replace", {}
    for it in told:
        entity, equals, operator = it.partition("=")
        if equals:
            by_entity[entity] = operator
        else:
            default = it
    return default, by_entity


def _read_key(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError as error:
        fail(f"cannot read key `{path}`: {(error.strerror or str(error)).lower()}")
