"""`aidefence policy explain`: what a policy says, in plain words and by examples."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.text import Text

from aidefence.delivery.cli.options import Exit, JsonOption, fail
from aidefence.delivery.cli.policy_files import PoliciesArgument, policy_files, print_error, summary
from aidefence.delivery.cli.terminal import console, json_text, printable
from aidefence.domain.errors import PolicyError

if TYPE_CHECKING:
    from aidefence.policy.compiling import Compiled
    from aidefence.policy.explaining import Example, Explanation


def explain_policies(paths: PoliciesArgument, as_json: JsonOption = False) -> None:
    """Say in plain words what policies say, with requests that they let through and stop.

    Exit codes: 0 done, 1 one does not make sense, 2 cannot be read.
    """
    # Imported here: loading the engine costs more than all of `--help`.
    from aidefence.policy.explaining import explain  # noqa: PLC0415

    reports: list[dict[str, object]] = []
    for file in policy_files(paths):
        try:
            compiled = file.compile()
        except PolicyError as error:
            print_error(console(sys.stderr), error, file)
            raise typer.Exit(Exit.FOUND) from None
        if compiled is None:
            fail(f"`{file.name}` is a part of policies: explain one that includes it")
        explanation = explain(compiled)
        if as_json:
            told = _object(explanation)
            reports.append({"file": file.name, **summary(compiled), **told})
        else:
            _print_head(console(sys.stdout), compiled)
            _print(console(sys.stdout), explanation)
    if as_json:
        sys.stdout.write(json_text(reports, indent=2) + "\n")


def _print_head(terminal: Console, compiled: Compiled) -> None:
    image = compiled.image
    head = Text(f"{printable(image.id)} {image.version}", style="bold")
    head.append(f"  sha256:{image.digest}", style="dim")
    terminal.print(head)


def _print(terminal: Console, explanation: Explanation) -> None:
    for told in explanation.told:
        line = Text(f"  {printable(told.id)}: " if told.id else "  ", style="bold")
        line.append(printable(told.sentence), style="not bold")
        terminal.print(line)
    terminal.print(Text("asks about", style="bold"))
    for asked in explanation.asks:
        line = Text(f"  {printable(asked.name)}")
        line.append(f"  {asked.kind}: {asked.meaning}", style="dim")
        terminal.print(line)
    terminal.print(Text("examples", style="bold"))
    for example in explanation.examples:
        line = Text(f"  {example.action.value:<6} ")
        line.append(f"by {printable(', '.join(example.rules))}: ", style="dim")
        line.append(_request(example))
        terminal.print(line)
    if explanation.unshown:
        names = printable(", ".join(explanation.unshown))
        terminal.print(Text(f"  no example found for {names}", style="yellow"))


def _request(example: Example) -> str:
    facts = ", ".join(f"{name} = {value}" for name, value in example.facts.items())
    shown = printable(facts) if facts else "a request of which nothing is told"
    return shown if example.times == 1 else f"{shown}  (for the {_ordinal(example.times)} time)"


def _ordinal(number: int) -> str:
    last = number % 10 if number % 100 not in {11, 12, 13} else 0
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"


def _object(explanation: Explanation) -> dict[str, object]:
    return {
        "says": [
            {"id": it.id, "written": it.written, "sentence": it.sentence} for it in explanation.told
        ],
        "asks": [
            {"name": it.name, "type": it.kind, "meaning": it.meaning} for it in explanation.asks
        ],
        "examples": [
            {
                "request": dict(it.facts),
                "decision": it.action.value,
                "rules": list(it.rules),
                "times": it.times,
            }
            for it in explanation.examples
        ],
        "without_example": list(explanation.unshown),
    }
