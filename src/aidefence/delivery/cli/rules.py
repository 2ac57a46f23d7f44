"""`aidefence rules`: look at rules, prove them, find what is wrong with them."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aidefence.delivery.cli.importing import import_files
from aidefence.delivery.cli.options import Exit, JsonOption, RulesOption, fail
from aidefence.delivery.cli.terminal import console, json_text, printable
from aidefence.domain.enums import Category, Severity
from aidefence.domain.errors import AIDefenceError
from aidefence.domain.taxonomy import TAXONOMY
from aidefence.knowledge import rulebook
from aidefence.service.list_check import lint_lists
from aidefence.service.rule_check import (
    Gravity,
    Loaded,
    Remark,
    RuleCard,
    RuleText,
    lint,
    load_checked,
    try_rules,
)
from aidefence.service.rule_trials import Failure, Trial

app = typer.Typer(
    help="List, show, test and lint detection rules.", no_args_is_help=True, rich_markup_mode=None
)

app.command("import")(import_files)

PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PATH", help="Rule files or folders; without any, all rules."),
]


@app.command("list")
def list_rules(
    category: Annotated[Category | None, typer.Option(help="Only this category.")] = None,
    language: Annotated[
        str | None, typer.Option(help="Only rules for this language (BCP 47), or `any`.")
    ] = None,
    severity: Annotated[Severity | None, typer.Option(help="Only this severity and above.")] = None,
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """List rules."""
    cards = [
        card
        for card in _load(_files(None, rules)).rules.cards()
        if (category is None or card.category is category)
        and (language is None or language in card.languages)
        and (severity is None or card.severity >= severity)
    ]
    if as_json:
        _write(json_text([_card_object(card) for card in cards], indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("id", "category", "severity", "conf.", "level", "languages", "title"):
        table.add_column(name, overflow="fold")
    for card in cards:
        table.add_row(
            Text(printable(card.rule_id), style="bold"),
            card.category.value,
            card.severity.value,
            f"{card.confidence:.2f}",
            str(card.paranoia),
            Text(printable(" ".join(card.languages))),
            Text(printable(card.title)),
        )
    terminal = _stdout()
    terminal.print(table)
    terminal.print(f"{len(cards)} rules")


@app.command()
def show(
    rule_id: Annotated[str, typer.Argument(metavar="ID")],
    rules: RulesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one rule: its file, and what its category stands for."""
    texts = _files(None, rules)
    card = next((c for c in _load(texts).rules.cards() if c.rule_id == rule_id), None)
    if card is None:
        fail(f"no rule `{rule_id}`; `aidefence rules list` names them all")
    source = next((text.text for text in texts if text.path == card.path), "")
    entry = TAXONOMY[card.category]
    if as_json:
        body = {**_card_object(card), "catch": list(card.catch), "spare": list(card.spare)}
        _write(json_text({**body, "source": source}, indent=2))
        return
    terminal = _stdout()
    terminal.print(Text(f"# {printable(card.path)}", style="dim"))
    terminal.print(Text(printable(source, keep="\n").rstrip()))
    terminal.print(Text(f"# {entry.title}: {entry.description}", style="dim"))
    terminal.print(Text(f"# {' '.join(dict.fromkeys((*entry.ids, *card.tags)))}", style="dim"))


@app.command("test")
def prove_rules(
    paths: PathsArgument = None, rules: RulesOption = None, as_json: JsonOption = False
) -> None:
    """Run what every rule promises to catch and to spare through the engine.

    Exit codes: 0 all promises kept, 1 some broken, 2 cannot run.
    """
    texts = _files(paths, rules)
    loaded = _load(texts)
    asked_for = frozenset(text.path for text in texts if text.asked_for)
    count, promises, failures = 0, 0, list[Failure]()
    for card, broken in try_rules(loaded.rules, asked_for):
        count += 1
        promises += len(card.catch) + len(card.spare)
        failures += broken
    if as_json:
        body = {
            "rules": count,
            "texts": promises,
            "failures": [_failure_object(failure) for failure in failures],
            "broken": [_remark_object(remark) for remark in loaded.broken],
        }
        _write(json_text(body, indent=2))
    else:
        terminal = _stdout()
        _print_remarks(terminal, loaded.broken)
        _print_failures(terminal, failures)
        bad = len(failures) + len(loaded.broken)
        terminal.print(Text(f"{count} rules, {promises} texts: {bad} failures", style="bold"))
    if failures or loaded.broken:
        raise typer.Exit(Exit.FOUND)


@app.command("lint")
def lint_rules(
    paths: PathsArgument = None,
    rules: RulesOption = None,
    strict: Annotated[bool, typer.Option(help="Warnings count as failures.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check form and habits of rule files and of lists (TOML): places are file:line:column.

    Exit codes: 0 fine, 1 something must be mended, 2 cannot run.
    """
    listed = [path for path in paths or () if path.suffix == ".toml"]
    left = [path for path in paths or () if path.suffix != ".toml"]
    texts = _files(left, rules) if left or not listed else []
    remarks = [*(lint(_load(texts), texts) if texts else ()), *lint_lists(listed)]
    counts = {g: sum(remark.gravity is g for remark in remarks) for g in Gravity}
    if as_json:
        _write(json_text([_remark_object(remark) for remark in remarks], indent=2))
    else:
        terminal = _stdout()
        _print_remarks(terminal, remarks)
        checked = sum(text.asked_for for text in texts) + len(listed)
        summary = f"{checked} files: {counts[Gravity.ERROR]} errors"
        terminal.print(Text(f"{summary}, {counts[Gravity.WARNING]} warnings", style="bold"))
    if counts[Gravity.ERROR] or (strict and remarks):
        raise typer.Exit(Exit.FOUND)


def _files(paths: list[Path] | None, rules: Path | None) -> list[RuleText]:
    """Shipped rules and the operator's; those that are under `paths` are asked for."""
    try:
        shipped = rulebook.shipped()
        own = rulebook.from_folder(rules) if rules is not None else ()
        if not paths:
            # A person who names a folder of rules wants to hear of those, not of ours.
            asked = rules is None
            return [
                *(RuleText(*file.pair, asked_for=asked) for file in shipped),
                *(RuleText(*file.pair) for file in own),
            ]
        named, extra = _resolve(paths)
    except AIDefenceError as error:
        fail(str(error))
    known = {file.path for file in (*shipped, *own)}
    for name in named:
        if not any(_under(path, name) for path in known):
            fail(f"no rules under `{name}`")
    return [
        *(
            RuleText(*file.pair, asked_for=any(_under(file.path, name) for name in named))
            for file in (*shipped, *own)
        ),
        *(RuleText(*file.pair) for file in extra if file.path not in known),
    ]


def _resolve(paths: list[Path]) -> tuple[list[str], list[rulebook.RuleFile]]:
    """Tell paths inside the package, by their names there, from the operator's own files."""
    home = Path(str(files("aidefence"))).resolve()
    named: list[str] = []
    extra: list[rulebook.RuleFile] = []
    for path in paths:
        resolved = path.resolve()
        if not resolved.exists():
            fail(f"no such file or folder: `{path}`")
        if resolved.is_relative_to(home / "rules"):
            named.append(resolved.relative_to(home).as_posix())
        elif resolved.is_dir():
            extra += rulebook.from_folder(path)
        else:
            extra += [f for f in rulebook.from_folder(path.parent) if Path(f.path) == path]
    return named, extra


def _under(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}/")


def _load(texts: list[RuleText]) -> Loaded:
    # Imported here: `doctor` must start even where the engine does not.
    from aidefence.service.rule_engine import compile_rules  # noqa: PLC0415

    try:
        return load_checked(texts, compile_rules)
    except AIDefenceError as error:
        fail(str(error))


def _print_failures(terminal: Console, failures: list[Failure]) -> None:
    for failure in failures:
        head = Text(printable(failure.rule.rule_id), style="bold red")
        head.append(f"  {printable(failure.rule.path)}", style="dim")
        terminal.print(head)
        promise = "did not catch" if failure.trial is Trial.CATCH else "did not spare"
        line = Text(f"  {promise}: ")
        line.append(printable(failure.text, keep="\n").replace("\n", "\n    "))
        terminal.print(line)
        scored = f"scored {failure.score:.2f}" if failure.score else "did not fire"
        if failure.mention:
            scored += " (taken for a mention)"
        others = ", ".join(
            f"{printable(one.rule_id)} {one.score:.2f}{' (mention)' if one.mention else ''}"
            for one in failure.others
        )
        terminal.print(Text(f"  {scored}; others that fired: {others or 'none'}", style="dim"))


def _print_remarks(terminal: Console, remarks: list[Remark] | tuple[Remark, ...]) -> None:
    for remark in remarks:
        line = Text(f"{printable(remark.path)}:{remark.line}:{remark.column}: ")
        style = "bold red" if remark.gravity is Gravity.ERROR else "yellow"
        line.append(f"{remark.gravity.value} [{remark.code}]", style=style)
        line.append(f" {printable(remark.message)}")
        terminal.print(line)


def _card_object(card: RuleCard) -> dict[str, Any]:
    return {
        "id": card.rule_id,
        "title": card.title,
        "category": card.category.value,
        "severity": card.severity.value,
        "confidence": round(card.confidence, 4),
        "paranoia": card.paranoia,
        "status": card.status,
        "entity": card.entity,
        "languages": list(card.languages),
        "tags": list(dict.fromkeys((*TAXONOMY[card.category].ids, *card.tags))),
        "path": card.path,
    }


def _failure_object(failure: Failure) -> dict[str, Any]:
    return {
        "rule": failure.rule.rule_id,
        "path": failure.rule.path,
        "trial": failure.trial.value,
        "text": failure.text,
        "score": round(failure.score, 6),
        "mention": failure.mention,
        "others": [
            {"rule": one.rule_id, "score": round(one.score, 6), "mention": one.mention}
            for one in failure.others
        ],
    }


def _remark_object(remark: Remark) -> dict[str, Any]:
    return {
        "path": remark.path,
        "line": remark.line,
        "column": remark.column,
        "gravity": remark.gravity.value,
        "code": remark.code,
        "message": remark.message,
    }


def _stdout() -> Console:
    return console(sys.stdout)


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
