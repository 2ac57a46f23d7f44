"""The options of `eval`, one name each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from aidefence.domain.enums import Direction, Origin
from aidefence.service.evaluation import Duplicates
from aidefence.service.evaluation_gate import Metric

Files: TypeAlias = Annotated[list[Path], typer.Argument(metavar="FILES", help="Labelled JSONL.")]
Task: TypeAlias = Annotated[str, typer.Option(help="Only records of this task; `all` takes all.")]
Categories: TypeAlias = Annotated[
    str | None,
    typer.Option(help="Categories that count, by comma. Default: attacks on the model."),
]
Threshold: TypeAlias = Annotated[
    float | None,
    typer.Option(min=0.0, max=1.0, help="Score that flags. Default: the profile's."),
]
Repeats: TypeAlias = Annotated[
    Duplicates, typer.Option(help="Texts that repeat with the same label.")
]
From: TypeAlias = Annotated[Origin, typer.Option(help="Where the texts come from.")]
Towards: TypeAlias = Annotated[Direction, typer.Option(help="To the model, or from it.")]
Threads: TypeAlias = Annotated[int, typer.Option(min=0, help="Threads; 0 uses all cores.")]
Worst: TypeAlias = Annotated[
    int, typer.Option(min=0, max=1000, help="Worst misses and false alarms to explain.")
]
LatencyCalls: TypeAlias = Annotated[
    int, typer.Option(min=0, max=100_000, help="Texts to time one by one; 0 times none.")
]
ShowTexts: TypeAlias = Annotated[
    bool, typer.Option("--show-texts", help="Put the worst texts themselves into the reports.")
]
Html: TypeAlias = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write a page with plots too.")
]
BaselineFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="FILE", help="An earlier --json report: exit 1 on a drop."),
]
MaxDrop: TypeAlias = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="Drop that passes, 0.02 is two points.")
]
Metrics: TypeAlias = Annotated[
    list[Metric] | None,
    typer.Option("--metric", help="What the gate watches; repeat for more."),
]
MinTexts: TypeAlias = Annotated[
    int, typer.Option(min=1, help="Groups with fewer texts are not compared.")
]
Strict: TypeAlias = Annotated[
    bool, typer.Option("--strict", help="A drop counts even where it may be chance.")
]
