"""The options of `scan`, one name each."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from aidefence.delivery.cli.sources import InputFormat
from aidefence.domain.enums import Action, Direction, Origin, Severity


class Format(StrEnum):
    """What a scan writes."""

    HUMAN = "human"
    JSON = "json"
    JSONL = "jsonl"
    SARIF = "sarif"


class FailOn(StrEnum):
    """From which action, or which severity of an attack, a text counts as found."""

    FLAG = "flag"
    REVIEW = "review"
    BLOCK = "block"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"
    NEVER = "never"

    @property
    def is_action(self) -> bool:
        """Whether it names an action, not a severity."""
        return self in {FailOn.FLAG, FailOn.REVIEW, FailOn.BLOCK}

    def counts(self, action: Action, severity: Severity | None) -> bool:
        """Whether so much counts as found; without an attack there is no severity."""
        if self is FailOn.NEVER:
            return False
        if self.is_action:
            return action >= Action(self.value)
        return severity is not None and severity >= Severity(self.value)


Texts: TypeAlias = Annotated[
    list[str] | None, typer.Argument(metavar="TEXT", help="Texts; - reads standard input.")
]
Files: TypeAlias = Annotated[
    list[Path] | None, typer.Option("--file", "-f", help="File or folder; repeat for more.")
]
Input: TypeAlias = Annotated[
    InputFormat,
    typer.Option("--input", help="How files and standard input are cut; auto goes by suffix."),
]
Field: TypeAlias = Annotated[str, typer.Option(help="Text field of JSONL and Parquet records.")]
IdField: TypeAlias = Annotated[str, typer.Option(help="Id field of records, kept in reports.")]
Include: TypeAlias = Annotated[
    list[str] | None, typer.Option(help="Glob of files to take from folders.")
]
Exclude: TypeAlias = Annotated[
    list[str] | None, typer.Option(help="Glob of files to leave out of folders.")
]
MaxBytes: TypeAlias = Annotated[
    int, typer.Option(min=1, help="Longest text; longer ones are reported, not cut.")
]
Output: TypeAlias = Annotated[Format, typer.Option("--format", help="What to write.")]
OutputFile: TypeAlias = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there instead.")
]
WithText: TypeAlias = Annotated[
    bool, typer.Option(help="Put the texts themselves into json, jsonl and sarif.")
]
ShowClean: TypeAlias = Annotated[bool, typer.Option(help="Show clean texts of files too.")]
Fail: TypeAlias = Annotated[
    FailOn, typer.Option("--fail-on", help="Exit with 1 from this action or severity on.")
]
From: TypeAlias = Annotated[Origin, typer.Option(help="Where the texts come from.")]
Towards: TypeAlias = Annotated[Direction, typer.Option(help="To the model, or from it.")]
ExcludeRule: TypeAlias = Annotated[
    list[str] | None, typer.Option(help="Glob of rule ids to switch off, @origin after it.")
]
Threads: TypeAlias = Annotated[int, typer.Option(min=0, help="Threads; 0 uses all cores.")]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Only the exit code.")]
