"""`aidefence eval`: labelled texts in, how good the detector is out."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aidefence.delivery.cli import evaluate_options as opt
from aidefence.delivery.cli.evaluate_output import Counter, write_report
from aidefence.delivery.cli.options import (
    DeepOption,
    DenseOption,
    Exit,
    JsonOption,
    ParanoiaOption,
    ProfileOption,
    RulesOption,
    fail,
    mode_of,
    open_guard,
)
from aidefence.domain.decision import Decision
from aidefence.domain.enums import Category, Direction, Origin, Profile
from aidefence.domain.errors import AIDefenceError
from aidefence.service.evaluation import Duplicates, Options, evaluate
from aidefence.service.evaluation_gate import (
    DEFAULT_METRICS,
    Comparison,
    Demands,
    Status,
    compare,
    comparison_object,
    read_baseline,
)
from aidefence.service.evaluation_report import Object, report_object
from aidefence.service.labelled import read_labelled

if TYPE_CHECKING:
    from aidefence import Guard
    from aidefence.service.scoring import ConfidenceScorer


def evaluate_files(  # noqa: PLR0917 - one parameter an option is how typer reads a command
    files: opt.Files,
    task: opt.Task = "all",
    categories: opt.Categories = None,
    threshold: opt.Threshold = None,
    duplicates: opt.Repeats = Duplicates.DROP,
    profile: ProfileOption = Profile.BALANCED,
    origin: opt.From = Origin.USER,
    direction: opt.Towards = Direction.INPUT,
    rules: RulesOption = None,
    paranoia: ParanoiaOption = 1,
    dense: DenseOption = None,
    deep: DeepOption = None,
    threads: opt.Threads = 0,
    worst: opt.Worst = 10,
    latency_calls: opt.LatencyCalls = 500,
    show_texts: opt.ShowTexts = False,
    as_json: JsonOption = False,
    html: opt.Html = None,
    baseline: opt.BaselineFile = None,
    max_drop: opt.MaxDrop = 0.02,
    metric: opt.Metrics = None,
    min_texts: opt.MinTexts = 50,
    strict: opt.Strict = False,
) -> None:
    """Measure detection on labelled JSONL files.

    A record has `text` and `label` (`attack` or `benign`); `source`, `category`, `lang`, `task`,
    `id`, `obfuscation` and `decoded` are used when present. The score of a text is the highest
    calibrated confidence among the categories that count. With `--baseline` the exit code is 1
    when something dropped.
    """
    if (threshold is not None and math.isnan(threshold)) or math.isnan(max_drop):
        raise typer.BadParameter("`nan` is not a number to compare with")
    asked = _Asked(
        task=task,
        categories=_parse_categories(categories),
        threshold=threshold,
        duplicates=duplicates,
        profile=profile,
        origin=origin,
        direction=direction,
        rules=rules,
        paranoia=paranoia,
        dense=dense,
        deep=deep,
        threads=threads,
        worst=worst,
        latency_calls=latency_calls,
        show_texts=show_texts,
    )
    metrics = tuple(dict.fromkeys(metric)) if metric else DEFAULT_METRICS
    demands = Demands(metrics=metrics, max_drop=max_drop, min_texts=min_texts, strict=strict)
    report, comparison = _measure_and_compare(files, asked, baseline, demands)
    write_report(report, html, as_json=as_json)
    raise typer.Exit(_exit_code(comparison))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    task: str
    categories: tuple[Category, ...]
    threshold: float | None
    duplicates: Duplicates
    profile: Profile
    origin: Origin
    direction: Direction
    rules: Path | None
    paranoia: int
    dense: bool | None
    deep: bool | None
    threads: int
    worst: int
    latency_calls: int
    show_texts: bool

    def settings(self, categories: Sequence[Category]) -> Object:
        return {
            "profile": self.profile.value,
            "categories": [category.value for category in categories],
            "origin": self.origin.value,
            "direction": self.direction.value,
            "task": self.task,
            "duplicates": self.duplicates.value,
            "paranoia": self.paranoia,
            "dense": mode_of(self.dense).value,
            "deep": mode_of(self.deep).value,
            "own_rules": self.rules is not None,
            "own_threshold": self.threshold is not None,
            "show_texts": self.show_texts,
        }


class _GuardWitness:
    """The guard that would decide in service; the scorer asks the same one for confidences."""

    def __init__(self, guard: Guard, scorer: ConfidenceScorer, asked: _Asked) -> None:
        self._guard = guard
        self._asked = asked
        self.confidences = scorer.confidences

    def decide(self, texts: Sequence[str]) -> Sequence[Decision]:
        asked = self._asked
        return self._guard.inspect_batch(
            texts, origin=asked.origin, direction=asked.direction, threads=asked.threads
        )

    def decide_one(self, text: str) -> Decision:
        asked = self._asked
        return self._guard.inspect(text, origin=asked.origin, direction=asked.direction)


def _measure_and_compare(
    files: list[Path], asked: _Asked, baseline: Path | None, demands: Demands
) -> tuple[Object, Comparison | None]:
    try:
        if baseline is None:
            return _measure(files, asked), None
        # Read first: nobody should wait for an evaluation to learn of a wrong path.
        then = read_baseline(baseline)
        report = _measure(files, asked)
        comparison = compare(then, report, baseline, demands)
    except AIDefenceError as error:
        fail(str(error))
    report["gate"] = comparison_object(comparison, demands)
    return report, comparison


def _measure(files: list[Path], asked: _Asked) -> Object:
    # Imported here: loading the engine costs more than all of `--help`.
    from aidefence import __version__  # noqa: PLC0415
    from aidefence.service.scoring import MODEL_ATTACKS, ConfidenceScorer  # noqa: PLC0415

    chosen = asked.categories or MODEL_ATTACKS
    guard = open_guard(
        profile=asked.profile,
        rules=asked.rules,
        paranoia=asked.paranoia,
        dense=asked.dense,
        deep=asked.deep,
    )
    scorer = ConfidenceScorer(
        guard,
        categories=chosen,
        origin=asked.origin,
        direction=asked.direction,
        threads=asked.threads,
    )
    records = read_labelled(files, task=None if asked.task == "all" else asked.task)
    started = time.perf_counter()
    with Counter() as count:
        options = Options(
            threshold=scorer.threshold if asked.threshold is None else asked.threshold,
            duplicates=asked.duplicates,
            worst=asked.worst,
            show_texts=asked.show_texts,
            latency_calls=asked.latency_calls,
            progress=count,
        )
        result = evaluate(records, scorer, options, _GuardWitness(guard, scorer, asked))
    if not result.read:
        fail(f"no records of task `{asked.task}`" if asked.task != "all" else "no records")
    made_by = {"version": __version__, "policy": guard.policy_version}
    report = report_object(result, made_by=made_by, settings=asked.settings(chosen))
    report["seconds"] = time.perf_counter() - started
    return report


def _exit_code(comparison: Comparison | None) -> Exit:
    """2 if something could not be compared, 1 if something dropped, 0 if all is as it was."""
    if comparison is None:
        return Exit.CLEAN
    if comparison.of(Status.MISSING) or not comparison.changes:
        return Exit.ERROR
    return Exit.FOUND if comparison.of(Status.DROPPED) else Exit.CLEAN


def _parse_categories(text: str | None) -> tuple[Category, ...]:
    if text is None:
        return ()
    try:
        return tuple(Category(name.strip()) for name in text.split(",") if name.strip())
    except ValueError as error:
        known = ", ".join(Category)
        raise typer.BadParameter(f"{error}; expected some of {known}") from error
