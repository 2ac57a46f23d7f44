"""`aidefence policy read | templates | export`: from words, from templates, to Cedar."""

from __future__ import annotations

import sys
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aidefence.delivery.cli.options import Exit, JsonOption, fail
from aidefence.delivery.cli.policy_files import compiled_or_leave, policy_files
from aidefence.delivery.cli.terminal import console, json_text, printable
from aidefence.domain.enums import Action
from aidefence.domain.errors import AIDefenceError, ConfigError

if TYPE_CHECKING:
    from aidefence.policy.phrases.reading import Outcome, Reading

templates_app = typer.Typer(
    help="List, show and use the templates that come with the product.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Target(StrEnum):
    """Languages that a policy can be exported to."""

    CEDAR = "cedar"


def read(
    phrase: Annotated[str, typer.Argument(metavar="PHRASE", help="A sentence or a condition.")],
    action: Annotated[Action, typer.Option(help="What a bare condition asks for.")] = Action.BLOCK,
    rule_id: Annotated[str, typer.Option("--id", metavar="ID", help="Name of the rule.")] = "rule",
    model_url: Annotated[
        str, typer.Option(metavar="URL", help="A model to ask for what is not understood.")
    ] = "",
    model: Annotated[str, typer.Option(metavar="NAME", help="Name of that model.")] = "",
    model_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File with the key for that model.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read what somebody says of a policy, and say it back.

    Exit codes: 0 it has one meaning, 1 it has several or none is understood, 2 no model answers.
    """
    # Help needs none of the grammar: commands load what they are about to use.
    from aidefence.policy.phrases.reading import (  # noqa: PLC0415
        Refused,
        Understood,
        read_phrase,
    )

    outcome = read_phrase(phrase, action=action, rule_id=rule_id)
    if isinstance(outcome, Refused) and model_url:
        outcome = _proposed(phrase, rule_id, model_url, model, model_key)
    if as_json:
        _write(json_text(outcome_object(outcome), indent=2))
    else:
        _tell(console(sys.stdout), phrase, outcome)
    if not isinstance(outcome, Understood):
        raise typer.Exit(Exit.FOUND)


def export(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A policy, or `-` for stdin.")],
    to: Annotated[Target, typer.Option(help="The language.")] = Target.CEDAR,
    schema: Annotated[bool, typer.Option("--schema", help="Write the schema instead.")] = False,
) -> None:
    """Write the part of a policy that needs no memory in another language.

    What cannot be said there is named on standard error. Exit codes: 0 done, 2 it cannot be read.
    """
    del to  # There is one so far.
    from aidefence.policy.cedar import to_cedar  # noqa: PLC0415

    [file] = policy_files([path])
    compiled = compiled_or_leave(file)
    try:
        exported = to_cedar(compiled.image)
    except ConfigError as error:
        fail(str(error))
    sys.stdout.write(exported.schema if schema else exported.policies)
    terminal = console(sys.stderr)
    for it in exported.unsaid:
        terminal.print(Text(f"not said: {printable(it)}", style="yellow"))


@templates_app.command("list")
def list_templates(as_json: JsonOption = False) -> None:
    """List all templates."""
    from aidefence.policy.templates import templates  # noqa: PLC0415

    found = templates()
    if as_json:
        _write(json_text([_template_object(it.name) for it in found], indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("name", "rules", "claims", "what for"):
        table.add_column(name, overflow="fold")
    for it in found:
        table.add_row(Text(it.name, style="bold"), str(len(it.rules)), str(it.claims), it.about)
    terminal = console(sys.stdout)
    terminal.print(table)
    terminal.print(f"{len(found)} templates")


@templates_app.command("show")
def show_template(
    name: Annotated[str, typer.Argument(metavar="NAME")], as_json: JsonOption = False
) -> None:
    """Show one template: what can be set, and its text."""
    from aidefence.policy.templates import template  # noqa: PLC0415

    try:
        found = template(name)
    except ConfigError as error:
        fail(str(error))
    if as_json:
        _write(json_text({**_template_object(name), "text": found.text}, indent=2))
        return
    sys.stdout.write(found.text)


@templates_app.command("use")
def use_template(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", "-s", metavar="NAME=VALUE", help="Set a parameter.")
    ] = None,
    policy_id: Annotated[str, typer.Option("--id", metavar="ID", help="Name of the policy.")] = "",
) -> None:
    """Write a policy that uses a template.

    Exit codes: 0 done, 2 there is no such template or parameter, or a value does not fit.
    """
    from aidefence.policy.templates import instantiate  # noqa: PLC0415

    given: dict[str, str] = {}
    for it in settings or ():
        key, sign, value = it.partition("=")
        if not sign:
            fail(f"`{it}` is no setting: write `name=value`")
        given[key.strip()] = value.strip()
    try:
        sys.stdout.write(instantiate(name, given, policy_id=policy_id))
    except ConfigError as error:
        fail(str(error))


def _proposed(phrase: str, rule_id: str, url: str, model: str, key: Path | None) -> Outcome:
    # By name, as elsewhere here: wiring stands above.
    from aidefence.policy.phrases.proposing import propose  # noqa: PLC0415

    wiring = import_module("aidefence.app.proposing")
    try:
        secret = key.read_text("utf-8").strip() if key else ""
        with wiring.opened_proposer(url, model, secret) as proposer:
            return propose(phrase, proposer, rule_id=rule_id)
    except (AIDefenceError, OSError, UnicodeDecodeError) as error:
        fail(str(error))


def outcome_object(outcome: Outcome) -> dict[str, object]:
    """Write what became of a phrase as JSON holds it."""
    from aidefence.policy.phrases.reading import Ambiguous, Refused  # noqa: PLC0415

    if isinstance(outcome, Refused):
        return {
            "outcome": "refused",
            "message": outcome.message,
            "word": outcome.word,
            "column": outcome.column,
            "nearest": list(outcome.nearest),
        }
    if isinstance(outcome, Ambiguous):
        readings = [_reading_object(it) for it in outcome.readings]
        return {"outcome": "ambiguous", "readings": readings}
    return {"outcome": "understood", "readings": [_reading_object(outcome.reading)]}


def _reading_object(reading: Reading) -> dict[str, object]:
    from aidefence.policy.phrases.reading import examples_of  # noqa: PLC0415

    return {
        "pdl": reading.pdl,
        "paraphrase": reading.paraphrase,
        "notes": list(reading.notes),
        "bare": reading.is_bare,
        "examples": [
            {"request": dict(it.facts), "decision": it.action.value, "times": it.times}
            for it in examples_of(reading)
        ],
    }


def _template_object(name: str) -> dict[str, object]:
    from aidefence.policy.templates import template  # noqa: PLC0415

    it = template(name)
    return {
        "name": it.name,
        "about": it.about,
        "parameters": {setting.name: setting.value for setting in it.settings},
        "rules": list(it.rules),
        "claims": it.claims,
    }


def _tell(terminal: Console, phrase: str, outcome: Outcome) -> None:
    from aidefence.policy.phrases.reading import (  # noqa: PLC0415
        Ambiguous,
        Refused,
        examples_of,
    )

    if isinstance(outcome, Refused):
        terminal.print(Text(printable(phrase)))
        if outcome.column <= len(phrase):
            mark = " " * (outcome.column - 1) + "^" * max(1, len(outcome.word))
            terminal.print(Text(mark, style="bold red"))
        told = f"not understood: {outcome.message}"
        if outcome.nearest:
            told += f"; known words like it: {', '.join(outcome.nearest)}"
        terminal.print(Text(printable(told)))
        return
    readings = outcome.readings if isinstance(outcome, Ambiguous) else (outcome.reading,)
    if len(readings) > 1:
        terminal.print(Text("this may mean several things; which one?", style="bold"))
    for number, reading in enumerate(readings, 1):
        head = f"{number}. " if len(readings) > 1 else ""
        terminal.print(Text(f"{head}{printable(reading.paraphrase)}"))
        for note in reading.notes:
            terminal.print(Text(f"   ({note})", style="dim"))
        terminal.print(Text(printable(reading.pdl, keep="\n").rstrip()))
        for it in examples_of(reading):
            asked = ", ".join(f"{name} {value}" for name, value in it.facts.items())
            often = f", {it.times} times" if it.times > 1 else ""
            told = f"   {it.action.value}: {asked or 'any other request'}{often}"
            terminal.print(Text(printable(told), style="dim"))


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")
