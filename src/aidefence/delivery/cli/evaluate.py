"""`aidefence eval`: labelled texts in, a table of how good the detector is out."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import rich.progress as bars
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aidefence.delivery.cli.options import (
    JsonOption,
    ParanoiaOption,
    ProfileOption,
    RulesOption,
    fail,
)
from aidefence.delivery.cli.terminal import console, json_text, printable
from aidefence.domain.enums import Category, Origin, Profile
from aidefence.domain.errors import AIDefenceError
from aidefence.service.evaluation import (
    Duplicates,
    Evaluation,
    Group,
    LabelledDataError,
    evaluate,
    read_labelled,
)
from aidefence.service.measures import OperatingPoint, Share


def evaluate_files(  # noqa: PLR0917 - one parameter an option is how typer reads a command
    files: Annotated[list[Path], typer.Argument(metavar="FILES", help="Labelled JSONL.")],
    task: Annotated[str, typer.Option(help="Only records of this task; `all` takes all.")] = "all",
    categories: Annotated[
        str | None,
        typer.Option(help="Categories that count, by comma. Default: attacks on the model."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Score that flags. Default: the profile's.")
    ] = None,
    duplicates: Annotated[
        Duplicates, typer.Option(help="Texts that repeat with the same label.")
    ] = Duplicates.DROP,
    profile: ProfileOption = Profile.BALANCED,
    origin: Annotated[Origin, typer.Option(help="Where the texts come from.")] = Origin.USER,
    rules: RulesOption = None,
    paranoia: ParanoiaOption = 1,
    threads: Annotated[int, typer.Option(min=0, help="Threads; 0 uses all cores.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Measure detection on labelled JSONL files.

    A record has `text` and `label` (`attack` or `benign`); `source`, `category`, `lang` and `task`
    are used when present. The score of a text is the highest calibrated confidence among the
    categories that count.
    """
    # Imported here: loading the engine costs more than all of `--help`.
    from aidefence.service.scoring import MODEL_ATTACKS, ConfidenceScorer  # noqa: PLC0415

    chosen = _parse_categories(categories) or MODEL_ATTACKS
    try:
        scorer = ConfidenceScorer(
            categories=chosen,
            profile=profile,
            rules_dir=rules,
            paranoia=paranoia,
            origin=origin,
            threads=threads,
        )
        records = read_labelled(files, task=None if task == "all" else task)
        limit = scorer.threshold if threshold is None else threshold
        started = time.perf_counter()
        with _Counter() as count:
            result = evaluate(
                records, scorer, threshold=limit, duplicates=duplicates, progress=count
            )
        seconds = time.perf_counter() - started
    except (AIDefenceError, LabelledDataError) as error:
        fail(str(error))
    if not result.read:
        fail(f"no records of task `{task}`" if task != "all" else "no records")
    body = {"profile": profile.value, "categories": [c.value for c in chosen], "seconds": seconds}
    if as_json:
        sys.stdout.write(json_text({**body, **evaluation_object(result)}, indent=2) + "\n")
    else:
        _print(console(sys.stdout), result, profile, seconds)


def evaluation_object(result: Evaluation) -> dict[str, Any]:
    """Return an evaluation as plain data."""
    return {
        "threshold": result.threshold,
        "read": result.read,
        "duplicates": result.duplicates,
        "conflicts": result.conflicts,
        "overall": _group_object(result.overall),
        "by": {
            dimension: {name: _group_object(group) for name, group in groups.items()}
            for dimension, groups in result.by.items()
        },
    }


class _Counter:
    """Counts scored texts on a terminal."""

    def __init__(self) -> None:
        self._bar = bars.Progress(
            bars.SpinnerColumn(),
            bars.TextColumn("{task.completed:,.0f} texts"),
            bars.TimeElapsedColumn(),
            console=console(sys.stderr),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task("score", total=None)

    def __enter__(self) -> Callable[[int], None]:
        self._bar.start()
        return lambda count: self._bar.advance(self._task, count)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def _parse_categories(text: str | None) -> tuple[Category, ...]:
    if text is None:
        return ()
    try:
        return tuple(Category(name.strip()) for name in text.split(",") if name.strip())
    except ValueError as error:
        known = ", ".join(Category)
        raise typer.BadParameter(f"{error}; expected some of {known}") from error


def _print(terminal: Console, result: Evaluation, profile: Profile, seconds: float) -> None:
    own = result.overall.own
    head = f"{result.read:,} records, {own.attacks:,} attacks and {own.benign:,} benign counted"
    head += f", {result.duplicates:,} duplicates" if result.duplicates else ""
    head += f", {result.conflicts:,} under both labels" if result.conflicts else ""
    terminal.print(Text(head))
    terminal.print(
        Text(
            f"profile {profile.value}: flags from {result.threshold:.4f}"
            f" · {seconds:.1f} s · {result.read / max(seconds, 1e-9):,.0f} texts/s",
            style="dim",
        )
    )
    for title, groups in (("overall", {"all": result.overall}), *result.by.items()):
        terminal.print()
        terminal.print(_table(title, groups))
    terminal.print()
    terminal.print(Text(_LEGEND, style="dim"))
    for limit, point in own.at_fpr.items():
        low, high = point.recall.interval
        terminal.print(
            Text(
                f"overall recall at {limit:.0%} FPR: {point.recall.value:.4f}"
                f" (95 %: {low:.4f}-{high:.4f}) from score {point.threshold:.4f} on"
            )
        )


_LEGEND = (
    "recall, FPR, F1: at the profile's threshold. R@1%, R@5%: at the best threshold for the "
    "group's own benign texts.\nall@1%, all@5%: recall (or FPR, for benign groups) at the "
    "threshold that gives 1 % or 5 % FPR overall."
)


def _table(title: str, groups: dict[str, Group]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(title, overflow="fold")
    columns = ("n", "attacks", "recall", "±", "FPR", "±", "F1", "AUC", "R@1%", "R@5%")
    for name in (*columns, "all@1%", "all@5%"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, group in groups.items():
        own = group.own
        table.add_row(
            Text(printable(name)),
            f"{own.total:,}",
            f"{own.attacks:,}",
            _percent(own.recall),
            _half_width(own.recall),
            _percent(own.fpr),
            _half_width(own.fpr),
            _number(own.f1),
            _number(own.auc),
            *(_percent(p.recall) for p in own.at_fpr.values()),
            *([""] * (2 - len(own.at_fpr))),
            *(_pooled(pair) for pair in group.pooled.values()),
        )
    return table


def _pooled(pair: tuple[Share | None, Share | None]) -> str:
    recall, fpr = pair
    if recall is not None:
        return _percent(recall)
    return f"FPR {_percent(fpr)}"


def _percent(share: Share | None) -> str:
    return "" if share is None else f"{100 * share.value:.2f}"


def _half_width(share: Share | None) -> str:
    if share is None:
        return ""
    low, high = share.interval
    return f"{50 * (high - low):.1f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _group_object(group: Group) -> dict[str, Any]:
    own = group.own
    return {
        "n": own.total,
        "attacks": own.attacks,
        "benign": own.benign,
        "recall": _share_object(own.recall),
        "fpr": _share_object(own.fpr),
        "precision": own.precision,
        "f1": own.f1,
        "auc": own.auc,
        "recall_at_fpr": {str(x): _point_object(point) for x, point in own.at_fpr.items()},
        "at_overall_fpr": {
            str(x): {"recall": _share_object(recall), "fpr": _share_object(fpr)}
            for x, (recall, fpr) in group.pooled.items()
        },
    }


def _point_object(point: OperatingPoint) -> dict[str, Any]:
    # JSON has no infinity: null says that no threshold is low enough.
    threshold = None if point.threshold == float("inf") else point.threshold
    return {
        "threshold": threshold,
        "recall": _share_object(point.recall),
        "fpr": _share_object(point.fpr),
    }


def _share_object(share: Share | None) -> dict[str, Any] | None:
    if share is None:
        return None
    low, high = share.interval
    return {"value": share.value, "low": low, "high": high, "hits": share.hits, "n": share.total}
