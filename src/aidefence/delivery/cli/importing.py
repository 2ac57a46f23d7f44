"""`aidefence rules import`: take over rules of other systems, and say what is lost."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from aidefence.delivery.cli.options import Exit, JsonOption, fail
from aidefence.delivery.cli.terminal import console, json_text, printable
from aidefence.domain.enums import Category, RuleFormat, Severity
from aidefence.domain.errors import AIDefenceError

if TYPE_CHECKING:
    from aidefence.service.importing import ImportedFile, ImportedRule

_ENDINGS = {
    ".yar": RuleFormat.YARA,
    ".yara": RuleFormat.YARA,
    ".nov": RuleFormat.NOVA,
    ".nova": RuleFormat.NOVA,
}
_MARK = "# Imported from "


def import_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files to import.")],
    into: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the rules.")
    ],
    rule_format: Annotated[
        RuleFormat | None, typer.Option("--format", help="Format; else by the file's ending.")
    ] = None,
    category: Annotated[
        Category | None, typer.Option(help="Category of rules whose metas name none of ours.")
    ] = None,
    severity: Annotated[
        Severity, typer.Option(help="Severity of rules whose metas name none of ours.")
    ] = Severity.MEDIUM,
    confidence: Annotated[
        float, typer.Option(min=0.5, max=1.0, help="How sure a match is; at least 0.5.")
    ] = 0.9,
    partial: Annotated[
        bool, typer.Option(help="Also write rules of which something is lost, marked as such.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Take over rules of YARA or NOVA; what cannot be said in our format is named with its place.

    Exit codes: 0 all was taken over, 1 something was left out, 2 cannot run.
    """
    # Imported here: the engine proves the rules, and help must not wait for it.
    from aidefence.service.importing import import_rules  # noqa: PLC0415

    taken: set[str] = set()
    imported = []
    for path in files:
        chosen = rule_format or _ENDINGS.get(path.suffix)
        if chosen is None:
            fail(f"`{path}`: say the format with `--format`")
        try:
            imported.append(
                import_rules(
                    str(path),
                    path.read_text("utf-8"),
                    chosen,
                    category=category,
                    severity=severity,
                    confidence=confidence,
                    partial=partial,
                    taken=taken,
                )
            )
        except (AIDefenceError, UnicodeDecodeError) as error:
            fail(str(error) if isinstance(error, AIDefenceError) else f"`{path}` is not UTF-8")
        except OSError as error:
            fail(f"cannot read `{path}`: {error.strerror}")
    written = _write_all(imported, into)
    _write_topics(imported, into)
    if as_json:
        sys.stdout.write(json_text([_file_object(file) for file in imported], indent=2) + "\n")
    else:
        _print(console(sys.stdout), imported, written, into)
    if any(rule.lost for file in imported for rule in file.rules):
        raise typer.Exit(Exit.FOUND)


def _write_all(imported: list[ImportedFile], into: Path) -> int:
    written = 0
    for file in imported:
        for rule in file.rules:
            if rule.text is None or rule.category is None:
                continue
            path = into / rule.category.value / f"{rule.rule_id}.yml"
            try:
                if path.exists() and not path.read_text("utf-8").startswith(_MARK):
                    fail(f"`{path}` was not imported; it is left as it is")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(rule.text, "utf-8")
            except (OSError, UnicodeDecodeError) as error:
                fail(f"cannot write `{path}`: {error}")
            written += 1
    return written


def _write_topics(imported: list[ImportedFile], into: Path) -> None:
    """Meanings that a rule asks for, as topics: to be tried, and given counter-examples."""
    tables = [rule.topic for file in imported for rule in file.rules if rule.topic is not None]
    if not tables:
        return
    path = into / "topics.toml"
    try:
        if path.exists() and not path.read_text("utf-8").startswith(_MARK):
            fail(f"`{path}` was not imported; it is left as it is")
        path.parent.mkdir(parents=True, exist_ok=True)
        names = ", ".join(file.path for file in imported)
        head = f"{_MARK}{printable(names)}. Give counter-examples before you rely on it."
        path.write_text("\n".join((head, *tables)), "utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"cannot write `{path}`: {error}")


def _print(terminal: Console, imported: list[ImportedFile], written: int, into: Path) -> None:
    rules = [rule for file in imported for rule in file.rules]
    for file in imported:
        for rule in file.rules:
            for lost in rule.lost:
                place = f"{file.path}:{lost.place.line}:{lost.place.column}"
                line = Text(f"{printable(place)}: ")
                line.append(f"{printable(rule.name)}: {_fate(rule)}", style="yellow")
                line.append(f" {printable(lost.what)}: {printable(lost.why)}")
                terminal.print(line)
    whole = sum(rule.is_whole for rule in rules)
    private = sum(rule.private for rule in rules)
    summary = f"{len(rules)} rules: {whole} whole, {written - whole} in part"
    left = len(rules) - written - private
    summary += f", {left} left out, {private} private; {written} written to {into}"
    terminal.print(Text(printable(summary), style="bold"))


def _fate(rule: ImportedRule) -> str:
    return "left out for" if rule.text is None else "without"


def _file_object(file: ImportedFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "rules": [
            {
                "name": rule.name,
                "line": rule.place.line,
                "column": rule.place.column,
                "id": rule.rule_id,
                "category": rule.category,
                "private": rule.private,
                "whole": rule.is_whole,
                "lost": [
                    {
                        "line": lost.place.line,
                        "column": lost.place.column,
                        "what": lost.what,
                        "why": lost.why,
                    }
                    for lost in rule.lost
                ],
            }
            for rule in file.rules
        ],
    }
